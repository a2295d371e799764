"""The rows of a CSV or TSV file, within limits, whatever became of its quotes.

Python's csv module reads the file, told to be strict: then a quote that was opened and never
closed shows at the next quote, instead of merging two rows into one. A row that cannot be read so
is looked at again, by itself (``_Rows._again``).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from paperdump.readers.source import Refused
from paperdump.readers.table_columns import labels_of, plan_of
from paperdump.readers.table_lines import Line, Lines

DELIMITERS = (",", "\t", ";", "|")
# a cell of more lines is none; short lines take many times their length in memory
_MOST_LINES = 100_000
# rows beyond the limit, each of which is read to the limit, before the file is given up
_MOST_OVER_LIMIT = 20
# that many rows after a broken one must be whole, for it to be known where it ends
_WHOLE_ROWS = 2


class Dialect(NamedTuple):
    """How the cells of a row are set apart.

    Attributes:
        delimiter: The character between them.
        spaced: Whether a space follows it, which is not part of the cell.
        skipped: The number of lines before the header.
    """

    delimiter: str
    spaced: bool = False
    skipped: int = 0


class Row(NamedTuple):
    """A row, or why it could not be read.

    Attributes:
        cells: Its cells.
        first: Its first line.
        last: Its last line.
        problem: Reason and message where it could not be read.
    """

    cells: list[str]
    first: Line
    last: Line
    problem: tuple[str, str] | None = None


def dialect_of(text: str, title: str | None = None) -> tuple[Dialect, list[str]]:
    """The dialect of a file, by its header, and the header's cells.

    The delimiter is the one by which the header has a column with titles, and the most columns
    that are known; without one, that which gives the most columns.

    Args:
        text: The beginning of the file.
        title: The column with titles, if the config says it.
    """
    lines = text.removeprefix("\ufeff").split("\n", 1000)[:1000]
    skipped = 0
    stated = None
    for line in lines:
        # spreadsheets write such a line for themselves
        if line.lower().startswith("sep=") and line[4:] in DELIMITERS:
            stated = line[4:]
        elif line.strip():
            break
        skipped += 1
    found: list[tuple[tuple[bool, int, int], Dialect, list[str]]] = []
    mapping = {"title": title} if title else {}
    for delimiter in [stated] if stated else DELIMITERS:
        header = _header(lines[skipped:], delimiter)
        spaced = len(header) > 1 and all(cell.startswith(" ") for cell in header[1:])
        plan = plan_of(labels_of(header), mapping)
        score = (plan.has_title, len(plan.used), len(header))
        found.append((score, Dialect(delimiter, spaced, skipped), header))
    _, dialect, header = max(found, key=lambda one: one[0])
    return dialect, header


def _header(lines: Sequence[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader((line + "\n" for line in lines), delimiter=delimiter), [])
    except csv.Error:
        return []


def looks_like_rows(text: str, dialect: Dialect, header: Sequence[str], whole: bool) -> bool:
    """Whether what follows a header are rows of a table with as many cells, not prose.

    Args:
        text: The beginning of the file.
        dialect: How cells are set apart.
        header: The header's cells.
        whole: Whether the text is the whole file, so that its last line is not cut.
    """
    lines = text.removeprefix("\ufeff").split("\n", 400)[dialect.skipped : 400]
    reader = _reader((line + "\n" for line in lines), dialect, strict=False)
    sizes: list[int] = []
    try:
        next(reader)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                sizes.append(len(_trimmed(cells, len(header))))  # noqa: PERF401 - until one fails
    except (csv.Error, StopIteration):
        pass
    if sizes and not whole:
        sizes.pop()
    return not sizes or 2 * sum(size == len(header) for size in sizes) >= len(sizes)


def _trimmed(cells: list[str], n: int) -> list[str]:
    """The cells without empty ones beyond the last column."""
    while len(cells) > n and not cells[-1].strip():
        cells.pop()
    return cells


def _reader(lines: Iterator[str] | _Feed, dialect: Dialect, *, strict: bool) -> Iterator[list[str]]:
    return csv.reader(
        lines, delimiter=dialect.delimiter, skipinitialspace=dialect.spaced, strict=strict
    )


class _OverLimitError(Exception):
    """The row that is being read is beyond the limit."""


class _Feed:
    """Lines for a csv reader; those of the row being read can be had, and be read again."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self._again: deque[Line] = deque()
        self._limit = lines.limit
        self._row_size = 0
        self.size = 0  # bytes of all lines so far
        self.taken: list[Line] = []
        self.ended = False

    def begin(self) -> None:
        """Begin a row."""
        self.taken = []
        self._row_size = 0

    def push_back(self, lines: Sequence[Line]) -> None:
        """Let lines be read again."""
        self._again.extendleft(reversed(lines))
        self.ended = False

    def line(self) -> Line | None:
        """The next line."""
        if self._again:
            return self._again.popleft()
        line = next(self._lines, None)
        if line is not None:
            self.size += line.size
        return line

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.line()
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        self._row_size += line.size + 1
        if self._row_size > self._limit + 1 or len(self.taken) > _MOST_LINES:
            raise _OverLimitError
        return line.text + "\n"


def rows_of(lines: Lines, dialect: Dialect) -> Iterator[Row]:
    """The rows of a file, the header first.

    Raises:
        Refused: Row upon row is beyond the limit.
    """
    return _Rows(lines, dialect).all()


class _Rows:
    def __init__(self, lines: Lines, dialect: Dialect) -> None:
        self._lines = lines
        self._feed = _Feed(lines)
        self._dialect = dialect
        self._limit = lines.limit
        self._over_limit = 0
        self._width = 0  # the number of columns; 0 as long as the header has not been read

    def all(self) -> Iterator[Row]:
        feed = self._feed
        for _ in range(self._dialect.skipped):
            feed.line()
        reader = _reader(feed, self._dialect, strict=True)
        while True:
            feed.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _OverLimitError):
                row = self._again(feed.taken)
            else:
                taken = feed.taken
                if len(cells) == self._width or self._fits(cells, len(taken)):
                    row = Row(cells, taken[0], taken[-1])
                else:
                    row = self._again(taken)
            if not self._width and not row.problem:
                if not any(cell.strip() for cell in row.cells):
                    continue
                self._width = len(row.cells)
            yield row

    def _fits(self, cells: list[str], n_lines: int) -> bool:
        """Whether it is a row: as wide as the header, or a short one on a line of its own."""
        if not self._width:
            return True
        width = len(_trimmed(cells, self._width))
        return width == self._width or (width < self._width and n_lines == 1)

    def _again(self, taken: list[Line]) -> Row:
        """Read a row again that is not as it should be; lines that it does not take stay.

        If the rows after its first line are whole, a quote was opened there and never closed: the
        line is a row by itself, or broken. Else its quotes are read leniently.
        """
        first, rest = taken[0], taken[1:]
        if first.size > self._limit:
            self._feed.push_back(rest)
            return self._beyond(first)
        with _long_cells(self._limit):
            self._feed.push_back(taken)
            cells, found = self._attempt(strict=True)
            if cells is not None and self._fits(cells, len(found)):
                return Row(cells, found[0], found[-1])
            at_end = self._feed.ended
            self._feed.push_back(found[1:])
            if len(found) == 1:
                if cells is None and not (at_end and self._dialect.delimiter != "\t"):
                    alone = self._alone(first)
                    if len(alone) == self._width:
                        return Row(alone, first, first)
            elif self._rows_follow():
                over_limit = cells is None and self._is_beyond(found)
                if over_limit:
                    self._count_over_limit(first)
                alone = self._alone(first)
                if len(alone) == self._width:
                    return Row(alone, first, first)
                if over_limit:
                    return self._beyond(first)
                message = "a quote is opened in it and never closed; the row was left out."
                return Row([], first, first, ("broken_record", message))
            self._feed.push_back([first])
            return self._lenient(first, is_short=cells is not None and len(cells) < self._width)

    def _attempt(self, *, strict: bool) -> tuple[list[str] | None, list[Line]]:
        """The cells of the next row, or None where there are none, and the lines it took."""
        self._feed.begin()
        try:
            cells = next(_reader(self._feed, self._dialect, strict=strict))
        except (csv.Error, _OverLimitError, StopIteration):
            return None, self._feed.taken
        return cells, self._feed.taken

    def _rows_follow(self) -> bool:
        """Whether the next rows are whole, as wide as the header; they stay to be read."""
        looked: list[Line] = []
        whole = 0
        while whole < _WHOLE_ROWS:
            cells, found = self._attempt(strict=True)
            looked += found
            if not found or cells is None:
                break
            if len(_trimmed(cells, self._width)) != self._width:
                if any(cell.strip() for cell in cells):
                    break
            else:
                whole += 1
        at_end = self._feed.ended and not found
        self._feed.push_back(looked)
        return whole == _WHOLE_ROWS or (whole > 0 and at_end)

    def _alone(self, line: Line) -> list[str]:
        """The cells of a line whose quotes are no more than characters."""
        reader = csv.reader(
            [line.text],
            delimiter=self._dialect.delimiter,
            skipinitialspace=self._dialect.spaced,
            quoting=csv.QUOTE_NONE,
        )
        try:
            cells = _trimmed(next(reader, []), self._width)
        except csv.Error:
            return []
        if self._dialect.delimiter == "\t":
            return cells
        return [
            cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell
            for cell in cells
        ]

    def _lenient(self, first: Line, *, is_short: bool) -> Row:
        cells, found = self._attempt(strict=False)
        last = found[-1]
        if cells is None:
            self._feed.push_back(found[1:])
            if self._is_beyond(found):
                self._count_over_limit(first)
                return self._beyond(first)
            message = "its cells cannot be told apart."
            return Row([], first, first, ("broken_record", message))
        if self._feed.ended:
            message = "the file ends within a quoted cell; fetch it again."
            return Row([], first, last, ("truncated_entry", message))
        if not self._width or is_short or len(_trimmed(cells, self._width)) == self._width:
            return Row(cells, first, last)
        message = (
            f"the row has {len(cells)} cells, the header {self._width}; a cell with the delimiter "
            f"{self._dialect.delimiter!r} or a quote in it must be quoted."
        )
        return Row(cells, first, last, ("broken_record", message))

    def _is_beyond(self, found: list[Line]) -> bool:
        return len(found) > _MOST_LINES or sum(line.size + 1 for line in found) > self._limit + 1

    def _count_over_limit(self, first: Line) -> None:
        """Give the file up where most of it would be read to the limit from line after line."""
        self._over_limit += 1
        passed = max(self._feed.size // self._limit, self._lines.read // _MOST_LINES)
        if self._over_limit > _MOST_OVER_LIMIT + 2 * passed:
            raise Refused(
                "over_limit",
                f"{self._over_limit} of its rows are beyond readers.limits.max_record_mb, the last "
                f"begins in line {first.number}; what follows was not read. Its quotes do not "
                "match, or it is no table.",
            )

    def _beyond(self, first: Line) -> Row:
        message = (
            f"the row is larger than the {self._limit / 1e6:g} MB of readers.limits.max_record_mb, "
            f"or than {_MOST_LINES:,} lines; a quote in it may not be closed. "
            "Reading went on in the line after it."
        )
        return Row([], first, first, ("over_limit", message))


@contextmanager
def _long_cells(limit: int) -> Iterator[None]:
    """Let cells be as long as a record; the csv module's limit is one for all, and is put back."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, limit + 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)
