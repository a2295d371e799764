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
much each paragraph reads like a title or like prose (see ``_as_title`` and ``_as_abstract``;
length says nothing below 300 characters), and the cheapest division is taken. A paragraph that
fits neither is a reject, never an entry.
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
_AUTHORS = re.compile(r"\s*[•*-]?\s*(\d[\d,]*) authors?\s*")
_DATE = re.compile(
    r"\s*((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{1,2}(?:, \d{4})?)(?: (\d+))?\s*"
)
_SEPARATOR = "·"
_LONGEST_ORGANIZATION = 200

# How paragraphs are divided into entries: the cheapest division wins.
_COST_MORE_ABSTRACT = 1.5  # an abstract's second and later paragraphs, metadata at its end
_COST_MORE_ABSTRACT_OPEN = 3.0  # the same where no metadata bounds it
_COST_NO_ABSTRACT = 4.0  # metadata at its end
_COST_NO_ABSTRACT_OPEN = 5.0
_CERTAIN = 4.0  # a paragraph dearer than this as a title is no title
_MOST_PARAGRAPHS = 40

_SENTENCE_END = re.compile(r"[.!?][)\]\"'”’]*\s+[A-Z(\"“$\\]")
_ENDS_AS_PROSE = re.compile(r"[.;:,][)\]\"'”’]*$")
_ENDS_AS_SENTENCE = re.compile(r"[.;:,!?][)\]\"'”’]*$")
_URL = re.compile(r"https?://|www\.")
_WORD = re.compile(r"[^\W\d_]{4,}")


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


class HfText:
    """The reader of ``hf-text``."""

    name = "hf-text"

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
        for part in _parts(lines, body, end):
            if isinstance(part, _Paragraph):
                pending.append(part)
            else:
                _divide(lines, pending, part, entries, rejects)
                pending = []
        _divide(lines, pending, None, entries, rejects)
        if end < len(lines):
            rejects.append(_rest_of_dump(lines, end))
        return Page(entries, rejects, body, listing_text)


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
    first = i = start
    while i <= end:
        line = lines[i] if i < end else ""
        metadata = _metadata_at(lines, i, end) if line else None
        if metadata or not line.strip():
            if first < i:
                parts.append(_Paragraph(first + 1, i, "\n".join(lines[first:i])))
            if metadata:
                parts.append(metadata)
                i = metadata.last - 1
            first = i + 1
        i += 1
    return parts


def _metadata_at(lines: list[str], i: int, end: int) -> _Metadata | None:
    """The metadata block that begins in a line, if one does."""
    line = lines[i]
    authors = _AUTHORS.fullmatch(line) if line.rstrip().endswith(("author", "authors")) else None
    if authors:
        found = _Metadata(i + 1, i + 1, n_authors=int(authors[1].replace(",", "")))
        rest = _separator_and_date(lines, i + 1, end)
        if rest:
            return replace(rest, first=i + 1, n_authors=found.n_authors)
        date = _date_at(lines, i + 1, end)
        if date:
            return replace(date, first=i + 1, n_authors=found.n_authors)
        return found
    if line.strip() == _SEPARATOR:
        rest = _separator_and_date(lines, i, end)
        return rest if rest and rest.date_text else None
    if i + 1 < end and lines[i + 1].strip() == _SEPARATOR and len(line) <= _LONGEST_ORGANIZATION:
        rest = _separator_and_date(lines, i + 1, end)
        # without its date nothing tells an organisation from a line of text
        if rest and rest.date_text:
            return replace(rest, first=i + 1, organization_text=line.strip())
        return None
    return _date_at(lines, i, end)


def _separator_and_date(lines: list[str], i: int, end: int) -> _Metadata | None:
    """A separator line at or after a line, blank ones between, and the date that may follow."""
    i = _skip_blank(lines, i, end)
    if i >= end or lines[i].strip() != _SEPARATOR:
        return None
    date = _date_at(lines, _skip_blank(lines, i + 1, end), end)
    return replace(date, first=i + 1) if date else _Metadata(i + 1, i + 1)


def _date_at(lines: list[str], i: int, end: int) -> _Metadata | None:
    """A line that is a date and nothing else but a comment count."""
    date = _DATE.fullmatch(lines[i]) if i < end and len(lines[i]) <= 40 else None
    if not date:
        return None
    comments = int(date[2]) if date[2] else None
    return _Metadata(i + 1, i + 1, date_text=date[1], n_comments=comments)


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
        if closing is None and (not abstract or _as_title(title.text) > _CERTAIN):
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


def _cuts(paragraphs: list[_Paragraph], at_end: bool) -> list[int]:
    """Indices at which the cheapest division into entries cuts, 0 and the number included.

    Dynamic programming over the end of the last entry; of equally cheap divisions the one with
    the shortest last entry is taken.
    """
    count = len(paragraphs)
    as_title = [_as_title(p.text) for p in paragraphs]
    as_abstract = [_as_abstract(p.text) for p in paragraphs]
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


def _as_title(text: str) -> float:
    """How much speaks against a paragraph being a title."""
    stripped = text.strip()
    cost = 4.0 if _ENDS_AS_PROSE.search(stripped) else 0.0
    cost += 2.0 * min(3, len(_SENTENCE_END.findall(stripped)))
    if stripped.endswith(("?", "!")) or re.search(r"[?!]\s+[A-Z]", stripped):
        cost = max(0.0, cost - 2.0)  # a question and its answer make a title too
    if _URL.search(stripped):
        cost += 3.0
    if stripped[:1].islower():
        cost += 1.0
    if len(stripped) > 300:
        cost += 3.0
    return cost


def _as_abstract(text: str) -> float:
    """How much speaks against a paragraph being an abstract, or a part of one."""
    stripped = text.strip()
    if len(stripped) > 300 or _SENTENCE_END.search(stripped) or _URL.search(stripped):
        return 0.0
    cost = 0.0 if _ENDS_AS_SENTENCE.search(stripped) else 2.0
    words = _WORD.findall(stripped)
    if words and sum(word[0].isupper() for word in words) >= 0.6 * len(words):
        cost += 1.0
    return cost


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
    if _as_title(first.text) > _CERTAIN:
        reason = "stray_text"
        message = f"{where}: text that belongs to no entry with certainty."
    elif at_end:
        reason = "truncated_entry"
        message = (
            f"{where}: the dump ends in a title, without abstract or metadata; the capture was "
            "cut off here. Capture the page again to have this entry."
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
