"""Metadata blocks of plain-text pages: what the lines below an abstract say.

A block is a byline (a number of authors, or an organisation), a line with a middle dot, a date and
perhaps a number of comments::

      • 5 authors
    ·
    May 28, 2024 2

Captures lose lines of it, or set blank lines between them.
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from paperdump.readers.base import excerpt_of
from paperdump.readers.listing import SEPARATORS, SHOWN_DATE, SHOWN_NUMBER, exact_number
from paperdump.readers.records import MOST_AUTHORS, MOST_COUNTED

_AUTHORS = re.compile(r"\s*([•*-]?)\s*([0-9][0-9,]*) authors?\s*")
_AUTHORS_CUT = re.compile(r"\s*•\s*([0-9][0-9,]*)?\s*(a[uthors]{0,6})?")
_DATE = re.compile(rf"\s*({SHOWN_DATE})(?:\s+({SHOWN_NUMBER}))?\s*")
_COUNT = re.compile(rf"\s*({SHOWN_NUMBER})\s*")
SEPARATOR = "·"
LONGEST_ONE_LINE = 240
_SEPARATED_DATE = re.compile(rf"\s*·\s*({SHOWN_DATE})(?:\s+({SHOWN_NUMBER}))?\s*")
_ONE_LINE = re.compile(rf"(?P<by>[^·]{{1,60}})(?P<date>·\s*{SHOWN_DATE}(?:\s+{SHOWN_NUMBER})?\s*)")
_SEPARATORS = frozenset(SEPARATORS)
LONGEST_ORGANIZATION = 200
_LONGEST_DATE = 40
_ENDS_AS_SENTENCE = re.compile(r"[.;:,!?][)\]\"'”’]*$")
_COMPANY = re.compile(r"\b(?:Inc|Ltd|Co|Corp|e\.V|S\.A|B\.V|LLC|GmbH)\.$")


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """A metadata block, or what is left of one; first and last lines are counted from 1."""

    first: int
    last: int
    n_authors: int | None = None
    organization_text: str | None = None
    date_text: str | None = None
    n_comments: int | None = None
    notes: tuple[str, ...] = ()


def metadata_at(lines: list[str], i: int, end: int, begins: bool, waiting: int) -> Metadata | None:
    """The metadata block that begins in a line, if one does.

    Args:
        lines: All lines.
        i: Index of the line.
        end: Index after the body's last line.
        begins: Whether a paragraph would begin here.
        waiting: How many paragraphs stand between the last metadata block and this line.
    """
    line = lines[i]
    if len(line) <= LONGEST_ONE_LINE and SEPARATOR in line and line.strip() != SEPARATOR:
        found = _in_one_line(line, i, begins)
        if found:
            return found
    if line.rstrip().endswith(("author", "authors")):
        authors = _AUTHORS.fullmatch(line)
        if authors and (authors[1] == "•" or (begins and _before_separator(lines, i, end))):
            return _byline_with_authors(lines, i, end, authors[2])
    if i == end - 1 and begins and line.lstrip().startswith("•"):
        cut = _AUTHORS_CUT.fullmatch(line)  # the capture ends within the byline
        if cut:
            return _with_authors(Metadata(i + 1, i + 1), i, cut[1] if cut[2] else None)
    if is_separator(line):
        rest = _after_separator(lines, i, end)
        return rest if rest and rest.date_text else None
    if i + 1 < end and is_separator(lines[i + 1]) and len(line) <= LONGEST_ORGANIZATION:
        rest = _after_separator(lines, i + 1, end)
        # without a date, nothing but their standing alone tells them from lines of a text
        if rest and (
            rest.date_text or (begins and rest.last == i + 2 and _blank(lines, i + 2, end))
        ):
            return replace(rest, first=i + 1, organization_text=line.strip())
        return None
    alone = begins and waiting >= 2 and len(line) <= LONGEST_ORGANIZATION
    if alone and _blank(lines, i + 1, end) and _is_named(line.strip()):
        # an organisation apart from the separator, as text made of Markdown has it
        rest = _after_separator(lines, _skip_blank(lines, i + 1, end), end)
        if rest and rest.date_text:
            return replace(rest, first=i + 1, organization_text=line.strip())
    return None


def _is_named(words: str) -> bool:
    """Whether words do not end as a sentence does, or with the abbreviation of a company."""
    return _COMPANY.search(words) is not None or _ENDS_AS_SENTENCE.search(words) is None


def _before_separator(lines: list[str], i: int, end: int) -> bool:
    """Whether the next line that is not blank is a separator."""
    j = _skip_blank(lines, i + 1, end)
    return j < end and is_separator(lines[j])


def is_separator(line: str) -> bool:
    """Whether a line is a separator, alone or with a date after it."""
    words = line.strip()
    return words in _SEPARATORS or (
        words[:1] == SEPARATOR and _SEPARATED_DATE.fullmatch(line) is not None
    )


def _in_one_line(line: str, i: int, begins: bool) -> Metadata | None:
    """A whole metadata block on one line: ``• 3 authors · May 2, 2024 6``."""
    found = _ONE_LINE.fullmatch(line)
    if not found or not begins:
        return None
    rest = _dated(found["date"], i)
    authors = _AUTHORS.fullmatch(found["by"])
    if rest and authors:
        return _with_authors(rest, i, authors[2])
    return None


def _dated(line: str, i: int) -> Metadata | None:
    """A separator with a date after it, and perhaps a count."""
    date = _SEPARATED_DATE.fullmatch(line)
    if not date:
        return None
    comments, notes = number_shown(date[2], i, MOST_COUNTED) if date[2] else (None, ())
    return Metadata(i + 1, i + 1, date_text=date[1], n_comments=comments, notes=notes)


def _byline_with_authors(lines: list[str], i: int, end: int, number: str) -> Metadata:
    """The metadata block that begins with a number of authors."""
    rest = _after_separator(lines, _skip_blank(lines, i + 1, end), end, after_authors=True)
    if rest is None:
        rest = _date_at(lines, i + 1, end) or Metadata(i + 1, i + 1)
    return _with_authors(rest, i, number)


def _with_authors(rest: Metadata, i: int, number: str | None) -> Metadata:
    count, notes = number_shown(number, i, MOST_AUTHORS) if number else (None, ())
    if count == 0:
        count, notes = None, (f"Line {i + 1} states 0 authors; their number was left unknown.",)
    return replace(rest, first=i + 1, n_authors=count, notes=(*rest.notes, *notes))


def _after_separator(
    lines: list[str], i: int, end: int, *, after_authors: bool = False
) -> Metadata | None:
    """A separator line, and the date that may follow.

    After a number of authors, the short line right below a separator is the date line, whatever
    it says.
    """
    if i >= end or not is_separator(lines[i]):
        return None
    here = _dated(lines[i], i)
    if here:
        return here
    below = _date_at(lines, _skip_blank(lines, i + 1, end), end)
    if below:
        return replace(below, first=i + 1)
    nothing = Metadata(i + 1, i + 1)
    if not after_authors or _blank(lines, i + 1, end) or not _blank(lines, i + 2, end):
        return nothing
    if len(lines[i + 1]) > _LONGEST_DATE:
        return nothing
    text = lines[i + 1].strip()
    note = f"Line {i + 2}: {text!r} stands in the place of a date and is none."
    return Metadata(i + 1, i + 2, date_text=text, notes=(note,))


def _date_at(lines: list[str], i: int, end: int) -> Metadata | None:
    """A line that is a date and nothing else but a comment count, which may be the line below."""
    date = _DATE.fullmatch(lines[i]) if i < end and len(lines[i]) <= _LONGEST_DATE else None
    if not date:
        return None
    last, shown = i, date[2]
    if shown is None and not _blank(lines, i + 1, end) and _blank(lines, i + 2, end):
        below = _COUNT.fullmatch(lines[i + 1])
        if below:
            last, shown = i + 1, below[1]
    comments, notes = number_shown(shown, last, MOST_COUNTED) if shown else (None, ())
    return Metadata(i + 1, last + 1, date_text=date[1], n_comments=comments, notes=notes)


def number_shown(text: str, i: int, most: int) -> tuple[int | None, tuple[str, ...]]:
    """A number as shown, or null and a note where it is rounded or beyond belief."""
    number = exact_number(text, most)
    if number is not None:
        return number, ()
    shown = excerpt_of(text)
    return None, (f"Line {i + 1}: {shown!r} is no exact number; it was left unknown.",)


def _blank(lines: list[str], i: int, end: int) -> bool:
    """Whether a line is blank or beyond the end."""
    return i >= end or not lines[i].strip()


def _skip_blank(lines: list[str], i: int, end: int) -> int:
    while i < end and not lines[i].strip():
        i += 1
    return i
