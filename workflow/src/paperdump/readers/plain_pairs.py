"""Plain-text pages, the quick way: entries of the shape that nearly all captures have.

An entry is a title on a line, a blank line, an abstract on a line, a blank line, and perhaps its
metadata: three lines, or of these the byline or the other two alone. Where the lines between two
metadata blocks have this shape, and each title and abstract reads as nothing else, the weighing
of ``plain_division`` could only come to the same entries, so it is spared. The first line of which
that is not certain ends the quick way; the slow one reads on from the last metadata block before
it. That both read the same is a property test.
"""

from __future__ import annotations

import functools
import re
from typing import TypeAlias

from paperdump.readers.base import Entry
from paperdump.readers.listing import HEADER, UPVOTES
from paperdump.readers.plain_division import cost_as_abstract, cost_as_title
from paperdump.readers.plain_metadata import (
    LONGEST_ONE_LINE,
    LONGEST_ORGANIZATION,
    SEPARATOR,
    is_separator,
    metadata_at,
)

# A title that costs nothing as a title, without a look at the finer rules.
_PLAIN_TITLE = re.compile(
    r"(?!(?:Project|Code|Demo|Data|Website|Page)\b)"
    r"[A-Z][A-Za-z][A-Za-z0-9 ,:'()&+-]{12,140}[A-Za-z0-9]"
)
_LONGEST_TITLE = 150  # a longer one could be taken for an abstract beside its neighbours
_Known: TypeAlias = tuple[int | None, str | None, str | None, int | None]
PADDING = ("",) * 8  # lines to append, so that the lines after one can be looked at


def read_pairs(lines: list[str], begin: int, end: int, entries: list[Entry]) -> int:
    """Read entries as long as their shape is certain.

    Args:
        lines: The lines of the page up to ``end``, and ``PADDING``.
        begin: Index of the first line after the header, or after a metadata block.
        end: Index after the body's last line.
        entries: Where to add the entries.

    Returns:
        The index to go on from the slow way, which is right after a metadata block or ``begin``;
        ``end`` where everything was read.
    """
    start = i = begin
    waiting: list[Entry] = []  # since the last metadata block
    plain = _PLAIN_TITLE.fullmatch
    while True:
        title = lines[i]
        while not title:
            if i >= end:
                entries += waiting
                return end
            i += 1
            title = lines[i]
        abstract = lines[i + 2]
        if lines[i + 1] or lines[i + 3] or len(abstract) < 3 or title[0] in " •\t":
            return start
        if SEPARATOR in title or (len(title) < 20 and (len(title) < 3 or UPVOTES.fullmatch(title))):
            return start
        if len(abstract) <= LONGEST_ONE_LINE and SEPARATOR in abstract:
            return start
        if (title[-1] in "rsy " and _has_other_words(title)) or (
            abstract[-1] in "rsy " and _has_other_words(abstract)
        ):
            return start
        closing = lines[i + 4]
        if lines[i + 5] == SEPARATOR:
            size = 3
        elif closing == SEPARATOR:
            size = 2
            # a short paragraph before a separator could be an organisation
            if waiting and len(abstract) <= LONGEST_ORGANIZATION:
                return start
        elif "author" in closing[-9:] and not lines[i + 5]:
            size = 1
            if _is_before_separator(lines, i + 6, end):
                return start
        else:
            size = 0
        if size:
            i += 4 + size
            known = None
            short = len(closing) <= LONGEST_ONE_LINE and len(lines[i - 1]) <= LONGEST_ONE_LINE
            if i <= end and short and (size == 1 or not lines[i]):
                known = _plain_metadata(closing, lines[i - 1], size) or _metadata(
                    closing, lines[i - 1] if size > 1 else "", size
                )
            if known is None:
                return start
            if waiting:
                if not (plain(title) or _certain_title(title)) or not _certain_abstract(abstract):
                    return start
                entries += waiting
                waiting = []
            n_authors, organization, date, comments = known
            entries.append(
                Entry(
                    title=title,
                    abstract=abstract,
                    first_line=i - size - 3,
                    last_line=i,
                    n_authors=n_authors,
                    organization_text=organization,
                    date_text=date,
                    n_comments=comments,
                )
            )
            start = i
        elif (plain(title) or _certain_title(title)) and (
            (abstract[-1] == "." and abstract[0] != " ") or _certain_abstract(abstract)
        ):
            waiting.append(Entry(title=title, abstract=abstract, first_line=i + 1, last_line=i + 3))
            i += 4
        else:
            return start


def _has_other_words(line: str) -> bool:
    """Whether a line could be a number of authors, or the header of another page."""
    return "author" in line[-9:] or HEADER in line


def _certain_title(title: str) -> bool:
    """Whether a line costs nothing as a title."""
    return len(title) <= _LONGEST_TITLE and cost_as_title(title) == 0


def _certain_abstract(abstract: str) -> bool:
    """Whether a line costs nothing as an abstract."""
    return cost_as_abstract(abstract) == 0


def _is_before_separator(lines: list[str], i: int, end: int) -> bool:
    """Whether the first line from here on that is not blank is a separator."""
    while i < end and not lines[i].strip():
        i += 1
    return i < end and is_separator(lines[i])


# What most lines of metadata are.
_PLAIN_BYLINE = re.compile(r"\s*•\s*([1-9][0-9]{0,3}) authors?")
_PLAIN_DATE = re.compile(
    r"((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{1,2}, [0-9]{4})"
    r"(?: ([0-9]{1,6}))?"
)


def _plain_metadata(begin: str, date: str, size: int) -> _Known | None:
    """What ``_metadata`` says of the lines of a block, where they show it at first sight; or None.

    Args:
        begin: Its first line: the byline, or where there is none the separator.
        date: Its last line.
        size: How many lines it has.
    """
    n_authors = organization = None
    if size != 2:
        byline = _PLAIN_BYLINE.fullmatch(begin)
        if byline:
            n_authors = int(byline[1])
            if size == 1:
                return n_authors, None, None, None
        else:
            organization = begin.strip()
            # a line of one character, or with a dot in it, could be a separator
            if (
                size == 1
                or len(organization) < 2
                or SEPARATOR in organization
                or len(begin) > LONGEST_ORGANIZATION
                or organization.endswith(("author", "authors"))
            ):
                return None
    shown = _PLAIN_DATE.fullmatch(date)
    if not shown:
        return None
    return n_authors, organization, shown[1], int(shown[2]) if shown[2] else None


@functools.lru_cache(maxsize=4096)
def _metadata(begin: str, date: str, size: int) -> _Known | None:
    """What the lines of a metadata block say; None where they are no such block.

    Args:
        begin: Its first line: the byline, or where there is none the separator.
        date: Its last line, where it has more than one.
        size: How many lines it has.
    """
    if not begin.strip():
        return None
    lines = [begin] if size == 1 else [begin, date] if size == 2 else [begin, SEPARATOR, date]
    block = metadata_at(["", *lines, "", ""], 1, size + 3, True, 0)
    if block is None or (block.first, block.last) != (2, size + 1) or block.notes:
        return None
    if (block.n_authors if size == 1 else block.date_text) is None:
        return None
    return block.n_authors, block.organization_text, block.date_text, block.n_comments
