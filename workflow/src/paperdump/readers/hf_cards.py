"""Pages whose entries are marked: by headings, or by links to the pages of the papers.

Captures that keep links, or headings, in whatever notation, come here as lines with links
(``markup``, or the visible text of HTML). A page is a header, then cards, then a footer::

    101                      upvotes, linked to the login page; or "-", "[-] 74"
    Title                    a heading, or a link to /papers/<id>; or both
    Abstract                 linked to the same page, or plain lines
    3 authors                or an organisation: its slug in the picture or address, its name
    · May 28, 2024 6         after "Published on" on some pages; comments linked to #community
    Upvote 101 / GitHub 131 / arXiv Page      on the trending page

What makes an entry certain: its title links to the page of a paper; or it is a heading after the
page's header line that is followed by an abstract that reads as prose, or by authors or a date.
Words before the first card are the header, words after the last one the footer; what stands
between cards and belongs to none is a reject.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from paperdump.readers.base import Entry, Facts, Page, Reject, excerpt_of
from paperdump.readers.listing import (
    AUTHORS_AT_END,
    FOOTER,
    SEPARATORS,
    SHOWN_DATE,
    SHOWN_NUMBER,
    TWO_SENTENCES,
    UPVOTES,
    capture_facts,
    date_links,
    exact_number,
    header_line,
    is_menu,
    listing_day,
    second_header,
    second_page,
)
from paperdump.readers.markup import Line, Piece, lines_of
from paperdump.readers.records import MOST_AUTHORS, MOST_COUNTED

_PAPER = re.compile(
    r"https?://(?:www\.)?huggingface\.co/papers/((?:[0-9]{4}\.[0-9]{4,5}|[a-z-]+/[0-9]{7})(?:v[0-9]+)?)"
)
_LOGIN = "huggingface.co/login?"
_ARXIV = re.compile(r"https?://(?:www\.)?(?:arxiv\.org|alphaxiv\.org)/")
_BUTTONS = re.compile(
    r"(?:\s*(?:\[?LINK:\s*)?(?:GitHub|arXiv Page|Project Page|arXiv|Project|Code|Page)"
    r"(?:\s+[0-9][0-9.,]*[kKmM]?)?\s*){1,6}"
)
_BUTTON_BEGINS = ("GitHub", "arXiv", "Project", "Code", "Page", "LINK:", "[LINK:")
_EXTRA_INITIALS = frozenset(words[0] for words in (*_BUTTON_BEGINS, "Upvote"))
_PUBLISHED = re.compile(r"^\s*Published on\s+")
_SITE_PATH = re.compile(r"https?://(?:www\.)?huggingface\.co/([^/?#]+)/?$")
_PROSE = re.compile(r"[.!?][)\]\"'”’]*(?:\s|$)")
_LONGEST_BYLINE = 200


class _Card(msgspec.Struct):
    """A card while it is read."""

    paper: str | None
    title: list[Line]
    upvotes: str | None = None
    upvotes_line: int | None = None
    abstract: list[Line] = []
    n_authors: int | None = None
    organization_slug: str | None = None
    organization_name: str | None = None
    date_text: str | None = None
    n_comments: int | None = None
    links: list[str] = []
    last: int = 0
    stray: list[Line] = []


def paper_of(url: str | None) -> str | None:
    """The identifier in the address of a paper's page, without a version; None for any other."""
    if not url or "/papers/" not in url:
        return None
    # a card has several links to the same page
    return _paper_again(url) if len(url) <= _LONGEST_KEPT else _paper(url)


def _paper(url: str) -> str | None:
    found = _PAPER.match(url)
    return re.sub(r"v[0-9]+$", "", found[1]) if found else None


_paper_again = functools.lru_cache(maxsize=4096)(_paper)
_LONGEST_KEPT = 200


def read_text(text: str, *, escaped: bool) -> Page:
    """Read a marked page of text.

    Args:
        text: The page.
        escaped: Whether punctuation is escaped by backslashes, as Markdown does.
    """
    begin = header_line(text) or 0
    header = "\n".join(text.split("\n")[:begin]) if begin else text[:2000]
    n_lines = text.count("\n") + (not text.endswith("\n"))
    lines = lines_of(text, escaped=escaped)
    second = _second_page(text, lines, begin)
    said = Facts(n_lines=n_lines, date_links=tuple(date_links(text)) or None)
    facts = capture_facts(header).and_then(said)
    page = read_cards(lines[:second], facts, begin)
    rest = [line for line in lines[second:] if not line.blank]
    if rest:
        shown = "\n".join(line.text.strip() for line in rest)
        page.rejects.append(second_page(rest[0].first, rest[-1].last, shown))
    return page


def _second_page(text: str, lines: list[Line], begin: int) -> int:
    """Index of the line where another page's header begins, or the number of lines."""
    offset = sum(len(line) + 1 for line in text.split("\n", begin)[:begin])
    second = second_header(text, begin, offset)
    if second is None:
        return len(lines)
    index = next((i for i, line in enumerate(lines) if line.last >= second), len(lines))
    while index > 0 and (lines[index - 1].blank or is_menu(lines[index - 1].text)):
        index -= 1
    return index


def _page_facts(lines: list[Line], begin: int, titles: list[_Title], url: str | None) -> Facts:
    """The day of a page's listing, and its search.

    Args:
        lines: The lines of the page.
        begin: Number of the header line, after which the day stands.
        titles: Its titles.
        url: Its address.
    """
    before = lines[: titles[0].first] if titles else lines
    days = [
        line.text.strip()
        for line in before
        if line.first > begin and listing_day(line.text.strip())
    ]
    # the one nearest to the entries: above it may stand those of the capture
    return Facts(listing_text=days[-1] if days else None, query=query_of(url))


def read_cards(lines: list[Line], facts: Facts, begin: int) -> Page:
    """Read the cards of a page.

    Args:
        lines: The lines of the page.
        facts: What is known of the page already.
        begin: Number of the line after which cards may begin.
    """
    notes: list[str] = []
    rejects: list[Reject] = []
    entries: list[Entry] = []
    titles = _titles(lines, begin)
    facts = facts.and_then(_page_facts(lines, begin, titles, facts.source_url))
    linked = any(paper_of(lines[title.first].url) for title in titles)
    end = _footer(lines, titles[-1].after if titles else 0, begin)
    ends = [title.first for title in titles[1:]] + ([end] if titles else [])
    for title, following in zip(titles, ends, strict=True):
        heading = lines[title.first : title.after]
        card = _Card(paper_of(heading[0].url), heading)
        if title.upvotes is not None:
            card.upvotes = _upvotes(lines[title.upvotes])
            card.upvotes_line = lines[title.upvotes].first
        card.last = heading[-1].last
        # a line may have no text, but an address or a picture that tells something
        between = lines[title.after : following]
        body = [line for line in between if not line.blank or line.alts or line.url]
        _read_body(card, body, notes)
        entry = _entry_of(card, notes, linked=linked)
        if entry is None:
            rejects.append(_uncertain(card))
        else:
            entries.append(entry)
        rejects += _strays(card.stray)
    if titles:
        rejects += _lost_title([line for line in lines[titles[-1].after : end] if not line.blank])
        rejects += _strays(_before(lines[: titles[0].first], begin))
    else:
        rejects += _strays([line for line in lines if line.first > begin and not line.blank])
    header = lines[titles[0].first].first - 1 if titles else None
    footer = lines[end].first if titles and end < len(lines) else None
    page = Facts(header_lines=header, footer_line=footer, notes=tuple(notes))
    rejects.sort(key=lambda reject: (reject.first_line or 0, reject.last_line or 0))
    return Page(entries=entries, rejects=rejects, facts=facts.and_then(page))


def _before(lines: list[Line], begin: int) -> list[Line]:
    """What stands between the header line and the first card, and reads as more than a menu."""
    return [
        line
        for line in lines
        if line.first > begin > 0 and len(line.text) > _LONGEST_MENU and not _is_upvote(line)
    ]


_LONGEST_MENU = 100  # characters; a longer line before the first card is no menu


class _Title(NamedTuple):
    """Where a title stands: index of its first line, after its last, and of its upvotes."""

    first: int
    after: int
    upvotes: int | None


def _titles(lines: list[Line], begin: int) -> list[_Title]:
    """The titles of a page.

    They are headings; where no heading leads to a paper, also the first link to each paper, which
    stands below upvotes if the page shows any.
    """
    body = [i for i, line in enumerate(lines) if line.first > begin and not line.blank]
    headed = any(lines[i].level in _LEVELS and paper_of(lines[i].url) for i in body)
    upvoted = not headed and any(_is_upvote(lines[i]) for i in body)
    found: list[_Title] = []
    current: str | None = None
    before: int | None = None  # the line above that is not blank
    for i in body:
        line = lines[i]
        if (headed and not line.level) or (found and i < found[-1].after):
            pass
        elif line.level in _LEVELS and not is_menu(line.text):
            found.append(_Title(i, _after_heading(lines, i), _upvote_at(lines, before)))
            current = paper_of(line.url)
        elif (
            not headed
            and (paper := paper_of(line.url)) is not None
            and paper != current
            and "#" not in (line.url or "")
            and (not upvoted or _upvote_at(lines, before) is not None)
            and not AUTHORS_AT_END.search(line.text)
            and not _is_prose(line.text)
        ):
            found.append(_Title(i, i + 1, _upvote_at(lines, before)))
            current = paper
        before = i
    return found


def _upvote_at(lines: list[Line], i: int | None) -> int | None:
    """The index of a line, if it is the upvotes before a title."""
    return i if i is not None and _is_upvote(lines[i]) else None


_LEVELS = (2, 3, 4)
_LONGEST_TITLE = 300
_MOST_WRAPPED = 3  # lines of a title


def _is_prose(text: str) -> bool:
    """Whether a text reads as an abstract, not as a title."""
    words = text.strip()
    return len(words) > _LONGEST_TITLE or (
        words.endswith(".") and TWO_SENTENCES.search(words) is not None
    )


def _after_heading(lines: list[Line], i: int) -> int:
    """The index after a heading: a title that was wrapped goes on right below, if it is no link."""
    after = i + 1
    while lines[i].url is None and after < min(len(lines), i + _MOST_WRAPPED):
        below = lines[after]
        goes_on = not below.blank and not below.level and below.first == lines[after - 1].last + 1
        if not goes_on or len(below.text) > _LONGEST_BYLINE or _ENDS_AS_PROSE.search(below.text):
            break
        if AUTHORS_AT_END.fullmatch(below.text.strip()) or below.url:
            break
        after += 1
    return after


_ENDS_AS_PROSE = re.compile(r"[.;,][)\]\"'”’]*\s*$")


def _is_upvote(line: Line) -> bool:
    """Whether a line is the number of upvotes that stands before a title."""
    # most lines are told by where they lead to, which is seen soonest
    if line.level or line.url is None or (line.url and _LOGIN not in line.url):
        return False
    text = line.text.strip()
    return not text.startswith("Upvote") and UPVOTES.fullmatch(text) is not None


def _upvotes(line: Line) -> str | None:
    found = UPVOTES.fullmatch(line.text)
    return found[1] if found and found[1] != "-" else None


def _footer(lines: list[Line], after: int, begin: int) -> int:
    """Index of the line where the page's footer begins, or the number of lines."""
    for i in range(after, len(lines)):
        if lines[i].first > begin and lines[i].text.strip() in FOOTER:
            return i
    return len(lines)


def _read_body(card: _Card, body: list[Line], notes: list[str]) -> None:
    """Read what stands between a title and the next one."""
    upvotes = len(body)
    while upvotes > 0 and (_is_empty(body[upvotes - 1]) or _is_next_upvote(body, upvotes - 1)):
        upvotes -= 1  # it belongs to the next title
    body, rest = _without_what_follows(body[:upvotes])
    card.stray += [line for line in rest if not line.blank]
    split = _metadata_begins(card, body)
    card.abstract = body[:split]
    if card.abstract:
        card.last = max(card.last, card.abstract[-1].last)
    for i in range(split, len(body)):
        _read_metadata(card, body, i, notes)


def _is_empty(line: Line) -> bool:
    """Whether a line has no text, nor is it the picture of an organisation."""
    return line.blank and not (line.url and _SITE_PATH.match(line.url))


def _is_next_upvote(body: list[Line], i: int) -> bool:
    """Whether a line is the upvotes of the next card: not those below a button *Upvote*."""
    return _is_upvote(body[i]) and (i == 0 or body[i - 1].text.strip() != "Upvote")


def _without_what_follows(body: list[Line]) -> tuple[list[Line], list[Line]]:
    """The lines of a card, and those after it that belong to none.

    A card ends at ``Submitted by``, which with the name after it belongs to the next one, or at a
    footer in the middle of a dump.
    """
    for i, line in enumerate(body):
        text = line.text.strip()
        if text == "Submitted by":
            named = next((j for j in range(i + 1, len(body)) if not body[j].blank), i)
            return body[:i], body[named + 1 :]
        if len(text) <= _LONGEST_OF_FOOTER and text in FOOTER:
            return body[:i], body[i:]
    return body, []


_LONGEST_OF_FOOTER = max(map(len, FOOTER))
_SEPARATOR = re.compile(rf"[{SEPARATORS}]")
_DATED = re.compile(rf"[{SEPARATORS}]\s*(?:Published on\s+)?{SHOWN_DATE}")
_SEPARATED = re.compile(
    rf"[{SEPARATORS}]\s*(?:Published on\s+)?{SHOWN_DATE}(?:\s+{SHOWN_NUMBER})?\s*$"
)
_MARKS = re.compile(r"[-*•\s]*")
_AUTHORS = ("authors", "author")  # how each byline with a number of them ends


def _metadata_begins(card: _Card, body: list[Line]) -> int:
    """The index at which a card's metadata begin, or the number of lines.

    They begin with a byline, with a separator before a date, with an organisation right above
    such a separator, or with a button; blank lines and marks of lists before a number of authors
    belong to it.
    """
    # from the end backwards, so that each line knows what follows it
    begins = len(body)
    byline_below = dated_below = False
    below: list[str] = []  # the next few texts that are not blank, joined to find a date
    for i in range(len(body) - 1, -1, -1):
        line = body[i]
        text = line.text.strip()
        separated = bool(text) and text[0] in SEPARATORS
        dated = separated and bool(_DATED.match(" ".join([text, *below])[:200]))
        authors = text.endswith(_AUTHORS) and AUTHORS_AT_END.fullmatch(text) is not None
        if authors or dated or _is_extra(line, card.paper):
            begins = i
        elif not text:
            picture = line.url is not None and _SITE_PATH.match(line.url) is not None
            if byline_below or (picture and dated_below):
                begins = i
            continue
        elif byline_below and _MARKS.fullmatch(text):
            begins = i
            continue
        # no separator is ASCII
        elif len(text) <= _LONGEST_BYLINE and not text.isascii() and _SEPARATED.search(text):
            begins = i
        elif len(text) <= _LONGEST_BYLINE and dated_below and _may_be_organization(line):
            begins = i
            dated = byline_below = dated_below = False
        byline_below, dated_below = authors, dated
        below = [text, *below][:3]
    return begins


def _may_be_organization(line: Line) -> bool:
    """Whether a line leads to an account, or to nowhere that is known; never to a paper."""
    return line.url is None or line.url == "" or _SITE_PATH.match(line.url) is not None


def _is_extra(line: Line, paper: str | None) -> bool:
    """Whether a line is a button or link of the trending page's cards."""
    text = line.text.strip()
    if text[:1] not in _EXTRA_INITIALS:
        return False
    if text == "Upvote" or (text.startswith("Upvote") and UPVOTES.fullmatch(text)):
        return True
    if not text.startswith(_BUTTON_BEGINS):
        return False
    linked = any(piece.url for piece in line.pieces) or line.attached
    if not linked or (paper is not None and paper_of(line.url) == paper):
        return False
    return _BUTTONS.fullmatch(text) is not None


def _read_metadata(card: _Card, body: list[Line], i: int, notes: list[str]) -> None:
    """Read one line of a card's metadata."""
    line = body[i]
    text = line.text.strip()
    if not text:
        if line.url and _SITE_PATH.match(line.url) and card.organization_slug is None:
            card.organization_slug = _slug(line, line.url)
        return
    card.last = max(card.last, line.last)
    if len(text) == 1 and line.url is None and text in SEPARATORS:
        return
    if _is_extra(line, card.paper):
        found = UPVOTES.fullmatch(text)
        if found and card.upvotes is None and found[1] != "-":
            card.upvotes, card.upvotes_line = found[1], line.first
        for url in [*(piece.url for piece in line.pieces), line.attached]:
            if url and _LOGIN not in url:
                card.links.append(url)
        return
    if _is_upvote(line):
        if body[i - 1].text.strip() == "Upvote" and card.upvotes is None:
            card.upvotes, card.upvotes_line = _upvotes(line), line.first
        else:
            card.stray.append(line)
        return
    for part in _parts(line):
        words = part.text.strip(_AROUND_METADATA)
        if "Published" in words:
            words = _PUBLISHED.sub("", words)
        if not words or _MARKS.fullmatch(words):
            continue
        url = part.url if part.url is not None else line.url
        authors = AUTHORS_AT_END.fullmatch(words) if words.endswith(_AUTHORS) else None
        if card.n_authors is None and authors:
            card.n_authors = _number(authors[1], line.first, MOST_AUTHORS, notes) or None
        elif card.date_text is None and (date := _DATE.fullmatch(words)):
            card.date_text = date[1]
            if date[2]:
                card.n_comments = _number(date[2], line.first, MOST_COUNTED, notes)
        elif (
            card.date_text is not None
            and card.n_comments is None
            and _COUNT.fullmatch(words)
            and not _leads(url)
        ):
            card.n_comments = _number(words, line.first, MOST_COUNTED, notes)
        elif (
            card.date_text is None
            and card.organization_name is None
            and ((url and _SITE_PATH.match(url)) or _is_before_date(body, i))
            and paper_of(url) is None
        ):
            card.organization_slug = _slug(line, url) or card.organization_slug
            card.organization_name = " ".join(words.split())
        elif not is_menu(words):
            card.stray.append(line)


_AROUND_METADATA = " \t\n" + SEPARATORS


def _is_before_date(body: list[Line], i: int) -> bool:
    """Whether a line ends in a separator with a date, or the next one begins with a separator."""
    below = next((each.text.strip() for each in body[i + 1 : i + 6] if not each.blank), "")
    return below[:1] in tuple(SEPARATORS) or _SEPARATED.search(body[i].text.strip()) is not None


def _leads(url: str | None) -> bool:
    """Whether a number leads to something else than comments."""
    return bool(url) and "#community" not in (url or "")


_DATE = re.compile(rf"({SHOWN_DATE})(?:\s+({SHOWN_NUMBER}))?")
_COUNT = re.compile(SHOWN_NUMBER)


def _parts(line: Line) -> list[Piece]:
    """The pieces of a line, cut at separators."""
    parts: list[Piece] = []
    for piece in line.pieces:
        text, url = piece
        # a bullet before a number of authors is no separator, nor is one in a link's words
        if (
            url is not None
            or text.isascii()  # as no separator is
            or not _SEPARATOR.search(text)
            or AUTHORS_AT_END.fullmatch(text.strip())
        ):
            if text and not text.isspace():
                parts.append(piece)
        else:
            parts += [Piece(cut) for cut in _SEPARATOR.split(text) if cut.strip()]
    return parts


def _slug(line: Line, url: str | None) -> str | None:
    """An organisation's slug, from its address, else from its picture's alternative text."""
    found = _SITE_PATH.match(url) if url else None
    if found:
        return unquote(found[1])
    for alt in line.alts:
        slug = alt.split("：")[-1].split(": ")[-1].strip()
        if slug and " " not in slug:
            return slug
    return None


def _number(text: str, line: int, most: int, notes: list[str]) -> int | None:
    number = exact_number(text, most)
    if number is None:
        notes.append(f"Line {line}: {excerpt_of(text)!r} is no exact number; it was left unknown.")
    return number


def _entry_of(card: _Card, notes: list[str], *, linked: bool) -> Entry | None:
    """The entry of a card, or None where it is not certain to be one.

    Args:
        card: The card.
        notes: Where to note what a reader of the dump should know.
        linked: Whether titles of the page lead to the pages of papers.
    """
    title = "\n".join(line.text.strip(" \t\n*_") for line in card.title).strip()
    abstract = _text_of(card.abstract)
    has_metadata = card.n_authors is not None or card.date_text is not None
    prose = abstract is not None and not linked and bool(_PROSE.search(abstract))
    if not title or not (card.paper or has_metadata or prose):
        return None
    if not (abstract or has_metadata or card.paper):
        return None
    page = f"https://huggingface.co/papers/{card.paper}" if card.paper else None
    links = [link for link in dict.fromkeys(card.links) if paper_of(link) is None]
    arxiv = page or next((link for link in links if _ARXIV.match(link)), None)
    inner = [
        url
        for line in card.abstract
        for url in [*(piece.url for piece in line.pieces), *line.inner, line.attached]
        if url and paper_of(url) is None and url.startswith("http") and _LOGIN not in url
    ]
    first = card.title[0].first
    upvotes = None
    if card.upvotes is not None:
        upvotes = _number(card.upvotes, card.upvotes_line or first, MOST_COUNTED, notes)
    return Entry(
        title=title,
        abstract=abstract,
        first_line=first,
        last_line=card.last,
        n_authors=card.n_authors,
        organization_slug=card.organization_slug,
        organization_name=card.organization_name,
        date_text=card.date_text,
        n_comments=card.n_comments,
        n_upvotes=upvotes,
        arxiv_text=arxiv,
        link_texts=[*([page] if page else []), *inner, *links] or None,
    )


def _text_of(lines: list[Line]) -> str | None:
    """The text of lines, a blank line between those that do not follow each other."""
    parts: list[str] = []
    for before, line in zip([None, *lines], lines, strict=False):
        text = line.text.strip()
        if not text:
            continue
        if parts:
            gap = before is not None and line.first > before.last + 1
            parts.append("\n\n" if gap else "\n")
        parts.append(text)
    return "".join(parts) or None


def _lost_title(lines: list[Line]) -> list[Reject]:
    """A reject for the upvotes at the end of a page, whose title was cut off."""
    if not lines or not _is_upvote(lines[-1]) or lines[-1].text.strip().startswith("Upvote"):
        return []
    first, last = lines[-1].first, lines[-1].last
    return [
        Reject(
            "truncated_entry",
            f"Line {first}: the upvotes of an entry that does not follow; the capture was cut off "
            "here. Capture the page again to have this entry.",
            first,
            last,
            lines[-1].text.strip(),
        )
    ]


def _uncertain(card: _Card) -> Reject:
    first, last = card.title[0].first, max(card.last, card.title[-1].last)
    text = "\n".join(line.text.strip() for line in [*card.title, *card.abstract])
    return Reject(
        "title_only",
        f"Lines {first} to {last}: a heading, or a line of a menu, with neither abstract nor "
        "metadata nor a link to a paper; nothing makes it certain that it is an entry.",
        first,
        last,
        excerpt_of(text) or None,
    )


def _strays(lines: list[Line]) -> list[Reject]:
    """A reject for each run of lines that belong to no card."""
    runs: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.first, line.last)):
        if line.blank or is_menu(line.text):
            continue
        if runs and line.first <= runs[-1][-1].last + 2:
            runs[-1].append(line)
        else:
            runs.append([line])
    return [_stray(run[0].first, max(line.last for line in run), run) for run in runs]


def _stray(first: int, last: int, run: list[Line]) -> Reject:
    return Reject(
        "stray_text",
        f"Lines {first} to {last}: text that belongs to no entry with certainty.",
        first,
        last,
        excerpt_of("\n".join(line.text.strip() for line in run)) or None,
    )


def query_of(url: str | None) -> str | None:
    """The search that a page's address states."""
    if not url:
        return None
    try:
        found = parse_qs(urlsplit(url).query).get("q")
    except ValueError:
        return None
    return found[0].strip() or None if found else None
