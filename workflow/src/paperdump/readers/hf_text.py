"""Reader of ``hf-text``: plain-text captures of the Hugging Face paper pages.

A page is a header, then entries::

    …                                        site menus, "Daily Papers"
    byAK and the research community          the header line that tells the format
                                             (blank lines stand between all of these)
    Jun 10                                   the listing's day

    Title

    Abstract

      • 5 authors                            or an organisation: "slug Name of it"
    ·
    May 28, 2024 2                           date, without its year in the current one; comments

A capture may lack the metadata of some entries or of all. What makes an entry certain:

* with metadata: the block ``byline / · / date`` (or what is left of it) closes an entry, so the
  text before it ends in that entry's abstract;
* without: title and abstract follow each other as two paragraphs.

Between two metadata blocks there may thus be several entries, of which only the last has
metadata, or one entry whose abstract has several paragraphs. Both readings are weighed by how
much each paragraph reads like a title or like prose (see ``_costs``; how long it is counts only
beside its neighbours, or above 300 characters), and the cheapest division is taken. An entry
without metadata must have a title that is no prose and an abstract that is; what has not, such as
the words of a footer, is a reject, never an entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from paperdump.readers.page import Entry, Page, Reject, excerpt_of

_HEADER = re.compile(r"^[ \t]*by[ \t]*AK and the research community[ \t]*$", re.MULTILINE)
_HEADER_MENU = frozenset({"Daily", "Weekly", "Monthly", "Trending Papers"})
_BEFORE_HEADER = (
    "new",
    "Get trending papers in your email inbox!",
    "Get trending papers in your email inbox once a day!",
    "Subscribe",
    "Daily Papers",
)
_AUTHORS = re.compile(r"\s*([•*-]?)\s*([0-9][0-9,]*) authors?\s*")
_AUTHORS_CUT = re.compile(r"\s*•\s*([0-9][0-9,]*)?\s*(a[uthors]{0,6})?")
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_SHOWN = r"[0-9][0-9.,]*[kKmM]?"  # a number as the site shows it, perhaps rounded
_DATE = re.compile(rf"\s*({_MONTH}\s+[0-9]{{1,2}}(?:,\s*[0-9]{{4}})?)(?:\s+({_SHOWN}))?\s*")
_COUNT = re.compile(rf"\s*({_SHOWN})\s*")
_SEPARATORS = frozenset("·•∙⋅‧・")
_LONGEST_ORGANIZATION = 200
_LONGEST_DATE = 40
_MOST_AUTHORS = 20_000  # more are a mistake on the page
_MOST_COMMENTS = 10_000_000

# How paragraphs are divided into entries: the cheapest division wins. The figures are chosen so
# that a page of pairs is read as pairs unless a paragraph plainly is no title.
_COST_MORE_ABSTRACT = 1.5  # an abstract's second and later paragraphs, metadata at its end
_COST_MORE_ABSTRACT_OPEN = 6.0  # the same where no metadata bounds it
_COST_NO_ABSTRACT = 4.0  # metadata at its end
_COST_NO_ABSTRACT_OPEN = 5.0
_CERTAIN = 4.0  # a paragraph dearer than this as a title is no title by itself
_CERTAIN_PAIR = 8.0  # nor, from here on, in a pair with an abstract
_PLAIN_WORDS = 2.0  # what words without any sentence cost as an abstract, if not in title case
_MOST_PARAGRAPHS = 200

_SENTENCE_END = re.compile(r"[.!?][)\]\"'”’]*\s+[A-Z(\"“$\\]|[。！？]")
_ENDED = re.compile(r"[.!。！][)\]\"'”’]*$")
_ENDS_AS_PROSE = re.compile(r"[.;:,][)\]\"'”’]*$")
_ENDS_AS_SENTENCE = re.compile(r"[.;:,!?][)\]\"'”’]*$")
_URL = re.compile(r"https?://|www\.")
_WORD = re.compile(r"[^\W\d_]{4,}")
_ITEM = re.compile(r"(?:[0-9]+[.)]|[-*•–]) |(?:Project|Code|Demo|Data|Website|Page)\b[^.]{0,20}: ?")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_HEADINGS = frozenset(
    {"abstract", "background", "conclusion", "conclusions", "introduction", "keywords", "method"}
    | {"methods", "objective", "objectives", "purpose", "result", "results", "summary"}
)
_COMPANY = re.compile(r"\b(?:Inc|Ltd|Co|Corp|e\.V|S\.A|B\.V|LLC|GmbH)\.$")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Consecutive lines of text; first and last are counted from 1."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class _Metadata:
    """A metadata block, or what is left of one."""

    first: int
    last: int
    n_authors: int | None = None
    organization_text: str | None = None
    date_text: str | None = None
    n_comments: int | None = None
    notes: tuple[str, ...] = ()


class HfText:
    """The reader of ``hf-text``."""

    name = "hf-text"
    recognised_by = (
        "a plain-text capture of a Hugging Face paper page, by its line "
        "'byAK and the research community'"
    )

    def recognises(self, text: str) -> bool:
        """Whether the text has the header line of the page, in its first 65,536 characters."""
        return _HEADER.search(text, 0, 1 << 16) is not None

    def read(self, text: str) -> Page:
        """Read a page; the text must be one that the reader recognises.

        Raises:
            ValueError: The text has no header line.
        """
        lines = text.split("\n")
        header = next((i for i, line in enumerate(lines) if _HEADER.match(line)), None)
        if header is None:
            raise ValueError("not a page: no header line")
        body, listing_text = _listing_day(lines, header + 1)
        end = _second_page(lines, body)
        entries: list[Entry] = []
        rejects: list[Reject] = []
        pending: list[_Paragraph] = []
        notes: list[str] = []
        for part in _parts(lines, body, end):
            if isinstance(part, _Paragraph):
                pending.append(part)
            else:
                _divide(lines, pending, part, entries, rejects)
                notes += part.notes
                pending = []
        _divide(lines, pending, None, entries, rejects)
        if end < len(lines):
            rejects.append(_rest_of_dump(lines, end))
        return Page(entries, rejects, body, listing_text, notes)


def _listing_day(lines: list[str], start: int) -> tuple[int, str | None]:
    """Where the entries begin (index of a line), and the listing's day if the header has one."""
    after = start
    for i in range(start, len(lines)):
        line = lines[i].strip()
        if line in _HEADER_MENU:
            after = i + 1
        elif line:
            date = _DATE.fullmatch(line)
            if date and not date[2]:
                return i + 1, date[1]
            break
    return after, None


def _second_page(lines: list[str], start: int) -> int:
    """Index of the line where another page's header begins, or the number of lines."""
    for i in range(start, len(lines)):
        if "research community" in lines[i] and _HEADER.match(lines[i]):
            begin = i
            while begin > start and lines[begin - 1].strip() in ("", *_BEFORE_HEADER):
                begin -= 1
            while not lines[begin].strip():
                begin += 1
            return begin
    return len(lines)


def _parts(lines: list[str], start: int, end: int) -> list[_Paragraph | _Metadata]:
    """The paragraphs and metadata blocks of the body, in order."""
    parts: list[_Paragraph | _Metadata] = []
    waiting = 0  # paragraphs since the last metadata block
    first = i = start
    while i <= end:
        line = lines[i] if i < end else ""
        metadata = _metadata_at(lines, i, end, first == i, waiting) if line else None
        if metadata or not line.strip():
            if first < i:
                parts.append(_Paragraph(first + 1, i, "\n".join(lines[first:i])))
                waiting += 1
            if metadata:
                parts.append(metadata)
                waiting = 0
                i = metadata.last - 1
            first = i + 1
        i += 1
    return parts


def _metadata_at(
    lines: list[str], i: int, end: int, begins: bool, waiting: int
) -> _Metadata | None:
    """The metadata block that begins in a line, if one does.

    Args:
        lines: All lines.
        i: Index of the line.
        end: Index after the body's last line.
        begins: Whether a paragraph would begin here.
        waiting: How many paragraphs stand between the last metadata block and this line.
    """
    line = lines[i]
    if line.rstrip().endswith(("author", "authors")):
        authors = _AUTHORS.fullmatch(line)
        if authors and (authors[1] == "•" or (begins and _before_separator(lines, i, end))):
            return _byline_with_authors(lines, i, end, authors[2])
    if i == end - 1 and begins and line.lstrip().startswith("•"):
        cut = _AUTHORS_CUT.fullmatch(line)  # the capture ends within the byline
        if cut:
            return _with_authors(_Metadata(i + 1, i + 1), i, cut[1] if cut[2] else None)
    if line.strip() in _SEPARATORS:
        rest = _after_separator(lines, i, end)
        return rest if rest and rest.date_text else None
    if i + 1 < end and lines[i + 1].strip() in _SEPARATORS and len(line) <= _LONGEST_ORGANIZATION:
        rest = _after_separator(lines, i + 1, end)
        # without a date, nothing but their standing alone tells them from lines of a text
        if rest and (
            rest.date_text or (begins and rest.last == i + 2 and _blank(lines, i + 2, end))
        ):
            return replace(rest, first=i + 1, organization_text=line.strip())
        return None
    named = _COMPANY.search(line.strip()) or not _ENDS_AS_SENTENCE.search(line.strip())
    alone = begins and waiting >= 2 and _blank(lines, i + 1, end)
    if alone and named and len(line) <= _LONGEST_ORGANIZATION:
        # an organisation apart from the separator, as text made of Markdown has it
        rest = _after_separator(lines, _skip_blank(lines, i + 1, end), end)
        if rest and rest.date_text:
            return replace(rest, first=i + 1, organization_text=line.strip())
    return None


def _before_separator(lines: list[str], i: int, end: int) -> bool:
    """Whether the next line that is not blank is a separator."""
    j = _skip_blank(lines, i + 1, end)
    return j < end and lines[j].strip() in _SEPARATORS


def _byline_with_authors(lines: list[str], i: int, end: int, number: str) -> _Metadata:
    """The metadata block that begins with a number of authors."""
    rest = _after_separator(lines, _skip_blank(lines, i + 1, end), end, after_authors=True)
    if rest is None:
        rest = _date_at(lines, i + 1, end) or _Metadata(i + 1, i + 1)
    return _with_authors(rest, i, number)


def _with_authors(rest: _Metadata, i: int, number: str | None) -> _Metadata:
    count, notes = _number(number, i, _MOST_AUTHORS) if number else (None, ())
    if count == 0:
        count, notes = None, (f"Line {i + 1} states 0 authors; their number was left unknown.",)
    return replace(rest, first=i + 1, n_authors=count, notes=(*rest.notes, *notes))


def _after_separator(
    lines: list[str], i: int, end: int, *, after_authors: bool = False
) -> _Metadata | None:
    """A separator line, and the date that may follow.

    After a number of authors, the short line right below a separator is the date line, whatever
    it says.
    """
    if i >= end or lines[i].strip() not in _SEPARATORS:
        return None
    below = _date_at(lines, _skip_blank(lines, i + 1, end), end)
    if below:
        return replace(below, first=i + 1)
    nothing = _Metadata(i + 1, i + 1)
    if not after_authors or _blank(lines, i + 1, end) or not _blank(lines, i + 2, end):
        return nothing
    if len(lines[i + 1]) > _LONGEST_DATE:
        return nothing
    text = lines[i + 1].strip()
    note = f"Line {i + 2}: {text!r} stands in the place of a date and is none."
    return _Metadata(i + 1, i + 2, date_text=text, notes=(note,))


def _date_at(lines: list[str], i: int, end: int) -> _Metadata | None:
    """A line that is a date and nothing else but a comment count, which may be the line below."""
    date = _DATE.fullmatch(lines[i]) if i < end and len(lines[i]) <= _LONGEST_DATE else None
    if not date:
        return None
    last, shown = i, date[2]
    if shown is None and not _blank(lines, i + 1, end) and _blank(lines, i + 2, end):
        below = _COUNT.fullmatch(lines[i + 1])
        if below:
            last, shown = i + 1, below[1]
    comments, notes = _number(shown, last, _MOST_COMMENTS) if shown else (None, ())
    return _Metadata(i + 1, last + 1, date_text=date[1], n_comments=comments, notes=notes)


def _number(text: str, i: int, most: int) -> tuple[int | None, tuple[str, ...]]:
    """A number as shown, or null and a note where it is rounded or beyond belief."""
    digits = text.replace(",", "")
    if digits.isdecimal() and len(digits) <= 8 and int(digits) <= most:
        return int(digits), ()
    shown = excerpt_of(text)
    return None, (f"Line {i + 1}: {shown!r} is no exact number; it was left unknown.",)


def _blank(lines: list[str], i: int, end: int) -> bool:
    """Whether a line is blank or beyond the end."""
    return i >= end or not lines[i].strip()


def _skip_blank(lines: list[str], i: int, end: int) -> int:
    while i < end and not lines[i].strip():
        i += 1
    return i


def _divide(
    lines: list[str],
    paragraphs: list[_Paragraph],
    metadata: _Metadata | None,
    entries: list[Entry],
    rejects: list[Reject],
) -> None:
    """Divide the paragraphs before a metadata block, or before the page's end, into entries."""
    if not paragraphs:
        if metadata:
            rejects.append(_orphan(lines, metadata))
        return
    at_end = metadata is None
    cuts = [0, len(paragraphs)] if metadata and len(paragraphs) == 2 else _cuts(paragraphs, at_end)
    for begin, end in pairwise(cuts):
        closing = metadata if end == len(paragraphs) else None
        title, *abstract = paragraphs[begin:end]
        if closing is None and _doubtful(title, abstract):
            last = at_end and end == len(paragraphs)
            rejects.append(_uncertain(lines, title, (abstract or [title])[-1], last))
            continue
        text = "\n".join(lines[abstract[0].first - 1 : abstract[-1].last]) if abstract else None
        entry = Entry(title.text, text, title.first, (abstract or [title])[-1].last)
        if closing:
            entry = replace(
                entry,
                last_line=closing.last,
                n_authors=closing.n_authors,
                organization_text=closing.organization_text,
                date_text=closing.date_text,
                n_comments=closing.n_comments,
            )
        entries.append(entry)


def _doubtful(title: _Paragraph, abstract: list[_Paragraph]) -> bool:
    """Whether paragraphs that no metadata closes are no entry with certainty."""
    if not abstract or _as_title(title.text) >= _CERTAIN_PAIR:
        return True
    # a last sentence may be cut off; words without any sentence are no abstract
    return any(_as_abstract(paragraph.text) > 1 for paragraph in abstract)


def _cuts(paragraphs: list[_Paragraph], at_end: bool) -> list[int]:
    """Indices at which the cheapest division into entries cuts, 0 and the number included.

    Dynamic programming over the end of the last entry; of equally cheap divisions the one with
    the shortest last entry is taken.
    """
    count = len(paragraphs)
    as_title, as_abstract = _costs(paragraphs, closed=not at_end)
    best = [0.0] + [float("inf")] * count
    begins = [0] * (count + 1)
    for end in range(1, count + 1):
        open_end = at_end or end < count
        more = _COST_MORE_ABSTRACT_OPEN if open_end else _COST_MORE_ABSTRACT
        none = _COST_NO_ABSTRACT_OPEN if open_end else _COST_NO_ABSTRACT
        prose = 0.0
        for begin in range(end - 1, max(-1, end - 1 - _MOST_PARAGRAPHS), -1):
            size = end - begin - 1
            shape = none if size == 0 else more * (size - 1)
            cost = best[begin] + as_title[begin] + prose + shape
            if cost < best[end]:
                best[end], begins[end] = cost, begin
            prose += as_abstract[begin]
    cuts = [count]
    while cuts[-1] > 0:
        cuts.append(begins[cuts[-1]])
    return cuts[::-1]


def _costs(paragraphs: list[_Paragraph], *, closed: bool) -> tuple[list[float], list[float]]:
    """What speaks against each paragraph as a title, and as an abstract or a part of one.

    Two things show only beside the neighbours. A short paragraph between two long ones is a
    title, whatever it ends in, unless it is plain sentences. Short ones after a colon that reach
    up to the metadata are the items of a list.

    Args:
        paragraphs: The paragraphs between two metadata blocks.
        closed: Whether a metadata block follows them.
    """
    texts = [paragraph.text.strip() for paragraph in paragraphs]
    as_title, as_abstract = [_as_title(t) for t in texts], [_as_abstract(t) for t in texts]
    if closed:
        begin = len(texts)
        while begin > 1 and as_abstract[begin - 1] > 0:
            begin -= 1
        colons = (i for i in range(max(begin - 1, 1), len(texts)) if texts[i].endswith(":"))
        for i in range(next(colons, len(texts)), len(texts)):
            as_title[i], as_abstract[i] = as_title[i] + 4.0, 0.0
    for i in range(1, len(texts) - 1):
        shorter = min(len(texts[i - 1]), len(texts[i + 1]))
        between = shorter > 200 and len(texts[i]) <= min(150, shorter / 2)
        if between and _is_name(texts[i]) and not _is_sentence(texts[i]):
            as_title[i] = min(as_title[i], 1.0)
            as_abstract[i] += 3.0
    return as_title, as_abstract


def _is_sentence(text: str) -> bool:
    """Whether a text of some words ends as a sentence does, and is not in title case."""
    return len(text.split()) >= 4 and bool(_ENDED.search(text)) and not _in_title_case(text)


def _in_title_case(text: str) -> bool:
    """Whether most of a text's longer words begin with a capital."""
    words = _WORD.findall(text)
    return sum(1 for word in words if word[0].isupper()) >= 0.6 * len(words)


def _is_name(text: str) -> bool:
    """Whether a text has words, and is not the heading of an abstract's part."""
    return bool(_LETTERS.search(text)) and text.rstrip(":.").lower() not in _HEADINGS


def _as_title(text: str) -> float:
    """How much speaks against a paragraph being a title."""
    stripped = text.strip()
    cost = 4.0 if _ENDS_AS_PROSE.search(stripped) else 0.0
    cost += 2.0 * min(3, len(_SENTENCE_END.findall(stripped)))
    if stripped.endswith(("?", "!")) or re.search(r"[?!]\s+[A-Z]", stripped):
        cost = max(0.0, cost - 2.0)  # a question and its answer make a title too
    if _URL.search(stripped):
        cost += 3.0
    if _ITEM.match(stripped):
        cost += 4.0
    if not _is_name(stripped):
        cost += 8.0
    if stripped[:1].islower():
        cost += 1.0
    if len(stripped) > 300:
        cost += 3.0
    return cost


def _as_abstract(text: str) -> float:
    """How much speaks against a paragraph being an abstract, or a part of one."""
    stripped = text.strip()
    prose = _SENTENCE_END.search(stripped) or _URL.search(stripped) or _ITEM.match(stripped)
    if len(stripped) > 300 or _ENDED.search(stripped):
        return 0.0
    if prose and not stripped.endswith("?"):
        return 1.0
    return _PLAIN_WORDS + (1.0 if _in_title_case(stripped) else 0.0)


def _orphan(lines: list[str], metadata: _Metadata) -> Reject:
    return Reject(
        "metadata_without_entry",
        f"Lines {metadata.first} to {metadata.last} are the metadata of an entry whose title is "
        "missing; capture the page again, or restore the title.",
        metadata.first,
        metadata.last,
        excerpt_of("\n".join(lines[metadata.first - 1 : metadata.last])),
    )


def _uncertain(lines: list[str], first: _Paragraph, last: _Paragraph, at_end: bool) -> Reject:
    """A reject for text that cannot be told to be an entry."""
    text = "\n".join(lines[first.first - 1 : last.last])
    where = (
        f"Line {first.first}" if first.first == last.last else f"Lines {first.first}–{last.last}"
    )
    cut = at_end and (last is first or _as_abstract(last.text) <= _PLAIN_WORDS)
    if _as_title(first.text) > _CERTAIN or (last is not first and not cut):
        reason = "stray_text"
        message = f"{where}: text that belongs to no entry with certainty."
    elif at_end:
        reason = "truncated_entry"
        message = (
            f"{where}: the dump ends within an entry, before its metadata; the capture was cut "
            "off here. Capture the page again to have this entry."
        )
    else:
        reason = "title_only"
        message = (
            f"{where}: a title, or a line of a menu, with neither abstract nor metadata; nothing "
            "makes it certain that it is an entry."
        )
    return Reject(reason, message, first.first, last.last, excerpt_of(text))


def _rest_of_dump(lines: list[str], start: int) -> Reject:
    last = len(lines)
    while not lines[last - 1].strip():
        last -= 1
    return Reject(
        "second_page",
        f"Another page begins in line {start + 1}; save each page to a dump of its own to have "
        "its entries read.",
        start + 1,
        last,
        excerpt_of("\n".join(lines[start:last])),
    )
