"""The sheet of dumps (``config/dumps.tsv``): what people know of their dumps better than a sniff.

A line names dumps by a pattern of their paths and states, for those, any of: the format to read
them in, the day of their capture, a label of their source, that they are to be skipped. Of
several lines that match a dump, the last one that states a thing counts.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from paperdump.errors import PaperdumpError

COLUMNS = ("path", "format", "snapshot_on", "source", "skip")
_YES = ("yes", "true", "1", "skip")
_NO = ("", "no", "false", "0")


@functools.cache
def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern of paths as a regular expression; nothing but ``*`` and ``?`` means anything."""
    parts = {"*": ".*", "?": "."}
    return re.compile(
        "".join(parts.get(character) or re.escape(character) for character in pattern), re.DOTALL
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the sheet.

    Attributes:
        line: Its number in the file.
        pattern: Of paths as published; ``*`` and ``?`` match any characters, "/" too.
        format: Name of the format to read them in, or None.
        snapshot_on: The day of the capture, as an ISO date, or None.
        source: A label of where they come from, or None.
        skip: Whether to leave them out.
    """

    line: int
    pattern: str
    format: str | None = None
    snapshot_on: str | None = None
    source: str | None = None
    skip: bool = False

    def matches(self, path: str) -> bool:
        """Whether a dump's path fits the pattern, from its beginning to its end."""
        return _expression(self.pattern).fullmatch(path) is not None


@dataclass(frozen=True, slots=True)
class Stated:
    """What the sheet states of a dump; None where it says nothing.

    Attributes:
        format: The format to read it in.
        snapshot_on: The day of its capture, as an ISO date.
        source: A label of where it comes from.
        skipped_by: The pattern of the line that leaves it out.
        format_by: The pattern of the line that states the format.
    """

    format: str | None = None
    snapshot_on: str | None = None
    source: str | None = None
    skipped_by: str | None = None
    format_by: str | None = None

    def as_data(self) -> dict[str, str | None]:
        """The same as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


def stated_of(rules: Iterable[Rule], path: str) -> Stated:
    """What the rules state of the dump of a path."""
    said: dict[str, str | None] = {}
    for rule in rules:
        if rule.matches(path):
            if rule.format:
                said |= {"format": rule.format, "format_by": rule.pattern}
            if rule.snapshot_on:
                said["snapshot_on"] = rule.snapshot_on
            if rule.source:
                said["source"] = rule.source
            if rule.skip:
                said["skipped_by"] = rule.pattern
    return Stated(**said)


def read_sheet(path: Path, formats: Sequence[str] | None = None) -> list[Rule]:
    """Read a sheet: tab-separated, a header line, lines that begin with # are comments.

    Args:
        path: The file.
        formats: The names of formats that there are; None checks no names.

    Raises:
        PaperdumpError: A line cannot be understood; the message names file and line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PaperdumpError(f"The sheet {path} cannot be read: {error}.") from None
    header: list[str] | None = None
    rules = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if header is None:
            header = _checked_header(cells, path, number)
        else:
            surplus = [cell for cell in cells[len(header) :] if cell]
            if surplus:
                what = f"it has more cells than the header has columns: {surplus[0]!r}"
                raise _wrong(path, number, what)
            rules.append(_rule(dict(zip(header, cells, strict=False)), path, number, formats))
    return rules


def _checked_header(cells: list[str], path: Path, number: int) -> list[str]:
    for cell in cells:
        if cell not in COLUMNS:
            raise _wrong(path, number, f"there is no column {cell!r}", cell, COLUMNS)
    if "path" not in cells:
        raise _wrong(path, number, "the column 'path' is missing (tabs between columns?)")
    return cells


def _rule(cells: dict[str, str], path: Path, number: int, formats: Sequence[str] | None) -> Rule:
    if not cells.get("path"):
        raise _wrong(path, number, "the pattern in column 'path' is empty")
    format_name = cells.get("format") or None
    if format_name and formats is not None and format_name not in formats:
        raise _wrong(path, number, f"there is no format {format_name!r}", format_name, formats)
    day = cells.get("snapshot_on") or None
    if day:
        try:
            day = dt.date.fromisoformat(day).isoformat()
        except ValueError:
            raise _wrong(path, number, f"{day!r} is no day such as 2026-06-04") from None
    skip = (cells.get("skip") or "").lower()
    if skip not in (*_YES, *_NO):
        raise _wrong(path, number, f"{skip!r} in column 'skip' is neither yes nor no")
    return Rule(number, cells["path"], format_name, day, cells.get("source") or None, skip in _YES)


def _wrong(
    path: Path, number: int, what: str, given: str = "", known: Sequence[str] = ()
) -> PaperdumpError:
    near = difflib.get_close_matches(given, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    there = f" There are: {', '.join(known)}." if known else ""
    return PaperdumpError(f"{path}, line {number}: {what}.{hint}{there}")
