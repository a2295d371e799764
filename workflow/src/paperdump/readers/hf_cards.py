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

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

from paperdump.readers.base import Entry, Facts, Page, Reject, excerpt_of
from paperdump.readers.listing import (
    AUTHORS_AT_END,
    FOOTER,
    FURNITURE,
    SEPARATORS,
    SHOWN_DATE,
    SHOWN_NUMBER,
    capture_facts,
    date_links,
    exact_number,
    header_line,
    is_menu,
)
from paperdump.readers.markup import Line, Piece, lines_of
from paperdump.readers.records import MOST_AUTHORS, MOST_COUNTED

_PAPER = re.compile(
    r"https?://(?:www\.)?huggingface\.co/papers/((?:[0-9]{4}\.[0-9]{4,5}|[a-z-]+/[0-9]{7})(?:v[0-9]+)?)"
)
_LOGIN = re.compile(r"huggingface\.co/login\?")
_ARXIV = re.compile(r"https?://(?:www\.)?(?:arxiv\.org|alphaxiv\.org)/")
_UPVOTE = re.compile(r"\s*(?:\[-\]\s*)?(?:Upvote\s+)?(-|[0-9][0-9.,]*[kKmM]?)\s*")
_STARS = re.compile(
    r"\s*(?:\[?LINK:\s*)?(?:GitHub|arXiv Page|Project Page|arXiv|Project)\b[^\n]{0,20}"
)
_PUBLISHED = re.compile(r"^\s*Published on\s+")
_SITE_PATH = re.compile(r"https?://(?:www\.)?huggingface\.co/([^/?#]+)/?$")
_PROSE = re.compile(r"[.!?][)\]\"'”’]*(?:\s|$)")
_LONGEST_BYLINE = 200


@dataclass
class _Card:
    """A card while it is read."""

    paper: str | None
    title: list[Line]
    upvotes: str | None = None
    upvotes_line: int | None = None
    abstract: list[Line] = field(default_factory=list)
    metadata: list[Line] = field(default_factory=list)
    n_authors: int | None = None
    organization_slug: str | None = None
    organization_name: str | None = None
    date_text: str | None = None
    n_comments: int | None = None
    links: list[str] = field(default_factory=list)
    last: int = 0
    stray: list[Line] = field(default_factory=list)


def paper_of(url: str | None) -> str | None:
    """The identifier in the address of a paper's page, without a version; None for any other."""
    found = _PAPER.match(url) if url else None
    return re.sub(r"v[0-9]+$", "", found[1]) if found else None


def is_marked(text: str) -> bool:
    """Whether a page's text has marks that show where its entries begin."""
    # the quick look spares most pages the slow one
    quick = "\n###" in text or "huggingface.co/papers/" in text or "](/papers/" in text
    return quick and _MARKED.search(text) is not None


_MARKED = re.compile(
    r"^[ ]{0,3}#{3}[ ]+\S|huggingface\.co/papers/[0-9]{4}\.[0-9]{4,5}|\]\(/papers/[0-9]{4}\.[0-9]",
    re.MULTILINE,
)


def read_text(text: str, *, escaped: bool) -> Page:
    """Read a marked page of text.

    Args:
        text: The page.
        escaped: Whether punctuation is escaped by backslashes, as Markdown does.
    """
    begin = header_line(text) or 0
    header = "\n".join(text.split("\n")[:begin]) if begin else text[:2000]
    lines = lines_of(text, escaped=escaped)
    facts = page_facts(lines, begin, capture_facts(header))
    days = tuple(date_links(text))
    n_lines = text.count("\n") + (not text.endswith("\n"))
    return read_cards(lines, facts.and_then(Facts(n_lines=n_lines, date_links=days or None)), begin)


def page_facts(lines: list[Line], begin: int, facts: Facts) -> Facts:
    """The facts of a page, with the day of its listing and its search.

    Args:
        lines: The lines of the page.
        begin: Number of the header line, after which the day stands.
        facts: What is known already.
    """
    first = next(_titles(lines, begin), None)
    before = lines[: first[0]] if first else lines
    days = [
        line.text.strip()
        for line in before
        if line.first > begin and _LISTING_DAY.fullmatch(line.text.strip())
    ]
    # the one nearest to the entries: above it may stand those of the capture
    listing = days[-1] if days else None
    return facts.and_then(Facts(listing_text=listing, query=query_of(facts.source_url)))


_LISTING_DAY = re.compile(SHOWN_DATE)


def read_cards(lines: list[Line], facts: Facts, begin: int) -> Page:
    """Read the cards of a page.

    Args:
        lines: The lines of the page.
        facts: What is known of the page from its header.
        begin: Number of the line after which cards may begin.
    """
    notes: list[str] = []
    rejects: list[Reject] = []
    entries: list[Entry] = []
    titles = list(_titles(lines, begin))
    end = _footer(lines, titles[-1][1] if titles else 0, begin)
    for (first, after, upvote), (following, _, _) in pairwise([*titles, (end, end, None)]):
        card = _Card(paper_of(_link_of(lines[first:after])), lines[first:after])
        if upvote is not None:
            card.upvotes = _upvotes(lines[upvote])
            card.upvotes_line = lines[upvote].first
        card.last = lines[after - 1].last
        _read_body(card, [line for line in lines[after:following] if not _is_nothing(line)], notes)
        entry = _entry_of(card, notes)
        if entry is None:
            rejects.append(_uncertain(card))
        else:
            entries.append(entry)
        rejects += _strays(card.stray)
    if titles:
        rejects += _lost_title([line for line in lines[titles[-1][1] : end] if not line.blank])
    if not entries:
        rejects += _strays([line for line in lines if line.first > begin and not line.blank])
    header = lines[titles[0][0]].first - 1 if titles else None
    footer = lines[end].first if titles and end < len(lines) else None
    page = Facts(header_lines=header, footer_line=footer, notes=tuple(notes))
    return Page(entries=entries, rejects=rejects, facts=facts.and_then(page))


def _link_of(lines: list[Line]) -> str | None:
    return next((line.url for line in lines if line.url), None)


def _is_nothing(line: Line) -> bool:
    """Whether a line has neither text nor an address that tells something."""
    return line.blank and not line.alts and not line.url


def _titles(lines: list[Line], begin: int) -> Iterator[tuple[int, int, int | None]]:
    """Where the titles are: index of the first line, index after the last, that of its upvotes."""
    upvote: int | None = None
    current: str | None = None
    i = 0
    while i < len(lines):
        line = lines[i]
        if line.first <= begin or line.blank:
            i += 1
            continue
        if _is_upvote(line):
            upvote = i
            i += 1
            continue
        paper = paper_of(line.url)
        heading = line.level in (2, 3, 4) and not is_menu(line.text)
        linked = (
            paper is not None
            and "#" not in (line.url or "")
            and paper != current
            and not AUTHORS_AT_END.search(line.text)
        )
        if heading or linked:
            after = i + 1
            # a title that was wrapped goes on right below, unless it is a link of its own
            while heading and line.url is None and after < len(lines):
                below = lines[after]
                if below.blank or below.level or below.first != lines[after - 1].last + 1:
                    break
                after += 1
            yield i, after, upvote if upvote is not None and _near(lines, upvote, i) else None
            current, upvote = paper, None
            i = after
        else:
            i += 1


def _near(lines: list[Line], upvote: int, title: int) -> bool:
    """Whether nothing but blank lines stand between upvotes and a title."""
    return all(line.blank for line in lines[upvote + 1 : title])


def _is_upvote(line: Line) -> bool:
    """Whether a line is the number of upvotes that stands before a title."""
    if line.level or not _UPVOTE.fullmatch(line.text):
        return False
    url = line.url
    return url == "" or (url is not None and bool(_LOGIN.search(url)))


def _upvotes(line: Line) -> str | None:
    found = _UPVOTE.fullmatch(line.text)
    return found[1] if found and found[1] != "-" else None


def _footer(lines: list[Line], after: int, begin: int) -> int:
    """Index of the line where the page's footer begins, or the number of lines."""
    for i in range(after, len(lines)):
        if lines[i].first > begin and lines[i].text.strip() in FOOTER:
            return i
    return len(lines)


def _read_body(card: _Card, body: list[Line], notes: list[str]) -> None:
    """Read what stands between a title and the next one."""
    body = _without_submitter(body)
    split = next((i for i, line in enumerate(body) if _begins_metadata(body, i)), len(body))
    upvote = len(body)
    while upvote > split and (body[upvote - 1].blank or _is_upvote(body[upvote - 1])):
        upvote -= 1  # it belongs to the next title
    card.abstract = [line for line in body[:split] if not line.blank or _wraps(line)]
    if card.abstract:
        card.last = max(card.last, card.abstract[-1].last)
    card.metadata = body[split:upvote]
    for line in card.metadata:
        _read_metadata(card, line, notes)


def _wraps(line: Line) -> bool:
    return bool(line.text)


def _without_submitter(body: list[Line]) -> list[Line]:
    """The lines without ``Submitted by`` and the name after it, which belong to the next card."""
    for i, line in enumerate(body):
        if line.text.strip() == "Submitted by":
            return body[:i]
    return body


def _begins_metadata(body: list[Line], i: int) -> bool:
    """Whether a card's metadata begin with a line."""
    line = body[i]
    text = line.text.strip()
    if not text:
        # a picture, or the marks of a list of pictures, before the number of authors
        following = next((later for later in body[i:] if not later.blank), None)
        return following is not None and bool(AUTHORS_AT_END.fullmatch(following.text.strip()))
    if AUTHORS_AT_END.fullmatch(text) or text[0] in SEPARATORS or _is_extra(line):
        return True
    if _SEPARATED.search(text) and len(text) <= _LONGEST_BYLINE:
        return True
    if re.fullmatch(r"[-*•]", text):
        return _begins_metadata(body, i + 1) if i + 1 < len(body) else False
    if len(text) > _LONGEST_BYLINE:
        return False
    below = next((later.text.strip() for later in body[i + 1 :] if not later.blank), "")
    return bool(below) and below[0] in SEPARATORS and _dated(body, i + 1)


_SEPARATED = re.compile(
    rf"[{''.join(SEPARATORS)}]\s*(?:Published on\s+)?{SHOWN_DATE}(?:\s+{SHOWN_NUMBER})?\s*$"
)


def _dated(body: list[Line], i: int) -> bool:
    """Whether the separator from a line on is followed by a date."""
    rest = " ".join(line.text.strip() for line in body[i : i + 6] if not line.blank)
    return bool(re.match(rf"[{''.join(SEPARATORS)}]\s*(?:Published on\s+)?{SHOWN_DATE}", rest))


def _is_extra(line: Line) -> bool:
    """Whether a line is a button or link of the trending page's cards."""
    text = line.text.strip()
    upvote = text.startswith("Upvote") and _UPVOTE.fullmatch(text)
    linked = any(piece.url for piece in line.pieces) or line.attached
    return bool(upvote or (_STARS.match(text) and linked))


def _read_metadata(card: _Card, line: Line, notes: list[str]) -> None:
    """Read one line of a card's metadata."""
    if line.blank:
        return
    card.last = max(card.last, line.last)
    text = line.text.strip()
    if _is_extra(line):
        found = _UPVOTE.fullmatch(text)
        if found and card.upvotes is None and found[1] != "-":
            card.upvotes, card.upvotes_line = found[1], line.first
        for piece in line.pieces:
            if piece.url and not _LOGIN.search(piece.url):
                card.links.append(piece.url)
        if line.attached and not _LOGIN.search(line.attached):
            card.links.append(line.attached)
        return
    for number, part in enumerate(_parts(line)):
        words = part.text.strip(" \t\n" + "".join(SEPARATORS))
        words = _PUBLISHED.sub("", words)
        if not words or re.fullmatch(r"[-*•\s]*", words):
            continue
        authors = AUTHORS_AT_END.fullmatch(words)
        date = _DATE.fullmatch(words)
        count = _COUNT.fullmatch(words)
        if authors and card.n_authors is None:
            card.n_authors = _number(authors[1], line.first, MOST_AUTHORS, notes) or None
        elif date and card.date_text is None:
            card.date_text = date[1]
            if date[2]:
                card.n_comments = _number(date[2], line.first, MOST_COUNTED, notes)
        elif count and card.date_text is not None and card.n_comments is None:
            card.n_comments = _number(words, line.first, MOST_COUNTED, notes)
        elif card.date_text is None and card.organization_name is None and card.n_authors is None:
            url = part.url if part.url is not None else line.url
            card.organization_slug = _slug(line, url)
            card.organization_name = " ".join(words.split())
        elif not is_menu(words) and number == 0:
            card.stray.append(line)


_DATE = re.compile(rf"({SHOWN_DATE})(?:\s+({SHOWN_NUMBER}))?")
_COUNT = re.compile(SHOWN_NUMBER)


def _parts(line: Line) -> Iterator[Piece]:
    """The pieces of a line, cut at separators."""
    for piece in line.pieces:
        cuts = re.split(rf"[{''.join(SEPARATORS)}]", piece.text)
        # a bullet before a number of authors is no separator
        if AUTHORS_AT_END.fullmatch(piece.text.strip()):
            cuts = [piece.text]
        for cut in cuts:
            if cut.strip():
                yield Piece(cut, piece.url)


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


def _entry_of(card: _Card, notes: list[str]) -> Entry | None:
    """The entry of a card, or None where it is not certain to be one."""
    title = "\n".join(line.text.strip() for line in card.title).strip()
    abstract = _text_of(card.abstract)
    has_metadata = card.n_authors is not None or card.date_text is not None
    prose = abstract is not None and bool(_PROSE.search(abstract))
    if not title or not (card.paper or has_metadata or prose):
        return None
    if not (abstract or has_metadata or card.paper):
        return None
    page = f"https://huggingface.co/papers/{card.paper}" if card.paper else None
    links = [link for link in dict.fromkeys(card.links) if paper_of(link) is None]
    arxiv = page or next((link for link in links if _ARXIV.match(link)), None)
    inner = [
        piece.url
        for line in card.abstract
        for piece in line.pieces
        if piece.url and paper_of(piece.url) is None and piece.url.startswith("http")
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
    for line in lines:
        if line.blank or line.text.strip() in FURNITURE:
            continue
        if runs and line.first <= runs[-1][-1].last + 2:
            runs[-1].append(line)
        else:
            runs.append([line])
    return [
        Reject(
            "stray_text",
            f"Lines {run[0].first} to {run[-1].last}: text that belongs to no entry with "
            "certainty.",
            run[0].first,
            run[-1].last,
            excerpt_of("\n".join(line.text.strip() for line in run)) or None,
        )
        for run in runs
    ]


def query_of(url: str | None) -> str | None:
    """The search that a page's address states."""
    if not url:
        return None
    try:
        found = parse_qs(urlsplit(url).query).get("q")
    except ValueError:
        return None
    return found[0].strip() or None if found else None
