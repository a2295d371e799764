"""Reader of ``table``: rows or flat records of papers, as CSV, TSV, JSON or Parquet.

The columns are found by the names that tables of papers use (``table_columns``), or are named in
the config, section ``readers.columns``.

What makes an entry certain: it is a row as wide as the header, or a record, and has a text in the
column with titles. A row that is not as wide is an entry only if cells are missing at its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from paperdump.readers import table_parquet
from paperdump.readers.base import Facts, Item, Reject
from paperdump.readers.jsontext import NotJson, loads
from paperdump.readers.records import Place
from paperdump.readers.source import Head, Refused, Source
from paperdump.readers.table_columns import (
    Plan,
    labels_of,
    missing_words,
    no_title_words,
    note_of,
    plan_of,
    sniffed_words,
)
from paperdump.readers.table_csv import DELIMITERS, Row, dialect_of, looks_like_rows, rows_of
from paperdump.readers.table_lines import Lines
from paperdump.readers.table_record import BRINGS, flattened, read_record

_KEY = re.compile(r'"([^"\\]{1,80})"\s*:')
_RULE_OF_MARKDOWN = re.compile(r"[\s|:-]*-[\s|:-]*")
# records that show which columns there are
_FIRST_RECORDS = 100
_MOST_FIRST_LINES = 1000
_MOST_PLANS = 1000
_SHOWN = 400


class Table:
    """The reader of ``table``."""

    name = "table"
    recognised_by = (
        "CSV, TSV, JSON lines or a JSON array of flat objects that has columns with the names of a "
        "title and at least one more field of a paper; Parquet by its first bytes, PAR1"
    )
    brings = BRINGS

    def sniff(self, head: Head) -> str | None:
        """Whether it is Parquet, or has a header or a first record with the names of fields."""
        if head.data.startswith(table_parquet.MAGIC):
            return "it begins with PAR1, as Parquet does"
        start = head.start
        if start[:1] == "{":
            words = sniffed_words(_keys(start.split("\n", 1)[0], head, "\n" in start))
            return f"it is JSON lines whose first record has the keys {words}" if words else None
        if start[:1] == "[":
            inner = start[1:].lstrip()
            words = sniffed_words(_keys(inner, head, False)) if inner[:1] == "{" else None
            return f"it is a JSON array whose first record has the keys {words}" if words else None
        if not start or start[0] == "<":
            return None
        if not _may_have_cells(head):
            return None
        dialect, header = dialect_of(head.text)
        words = sniffed_words(labels_of(header)) if len(header) > 1 else None
        if words is None or not looks_like_rows(head.text, dialect, header, head.whole):
            return None
        if dialect.delimiter == "|" and _RULE_OF_MARKDOWN.fullmatch(_line_after_first(start)):
            return None
        return f"its header line has the columns {words}"

    def read(self, source: Source) -> Iterator[Item]:
        """Read a table row by row; a JSON array whole.

        Raises:
            Refused: It has no column with titles, or nothing of it can be read.
        """
        start = source.head.start[:1]
        if source.head.data.startswith(table_parquet.MAGIC):
            yield from table_parquet.read(source)
        elif start == "[":
            yield from _read_array(source)
        elif start == "{":
            yield from _read_json_lines(source)
        else:
            yield from _read_rows(source)


def _keys(text: str, head: Head, ended: bool) -> list[str]:
    """The keys of the object that a text begins with; nearly so, where the head cuts it off."""
    try:
        first, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return [] if head.whole or ended else list(dict.fromkeys(_KEY.findall(text)))
    return list(flattened(first)) if isinstance(first, dict) else []


def _may_have_cells(head: Head) -> bool:
    """Whether the first line with words, or a quote that it opens, may have several cells."""
    begin = len(head.text) - len(head.start)
    end = head.text.find("\n", begin)
    line = head.text[: end if end >= 0 else None]
    return any(mark in line for mark in ('"', *DELIMITERS))


def _line_after_first(text: str) -> str:
    return text.split("\n", 2)[1] if "\n" in text else ""


# --------------------------------------------------------------------------------- CSV and TSV


def _read_rows(source: Source) -> Iterator[Item]:
    lines = Lines(source)
    dialect, _ = dialect_of(source.head.text, source.columns.get("title"))
    rows = rows_of(lines, dialect)
    header = next(rows, None)
    if header is None or header.problem:
        why = header.problem[1] if header and header.problem else "it has no line"
        raise Refused("unknown_format", f"Its header line cannot be read: {why}")
    labels = labels_of(header.cells)
    plan = plan_of(labels, source.columns)
    if not plan.has_title:
        raise Refused("unknown_format", no_title_words(plan, labels))
    yield Facts(header_lines=header.last.number, notes=(note_of(plan),))
    for field, column in plan.missing.items():
        place = Place(first_line=header.first.number, last_line=header.last.number)
        yield place.reject("bad_field", missing_words(field, column, labels))
    used = [(label, labels.index(label)) for label in plan.used]
    yield from _rows_as_entries(rows, plan, used, header.cells)
    yield Facts(n_lines=lines.read, notes=lines.notes)


def _rows_as_entries(
    rows: Iterator[Row], plan: Plan, used: list[tuple[str, int]], header: list[str]
) -> Iterator[Item]:
    width = len(header)
    number = 0
    joined = 0  # cells of the short rows up to this one, were they one row broken in pieces
    for cells, first, last, problem in rows:
        if cells == header or (not problem and not any(cell.strip() for cell in cells)):
            continue
        number += 1
        place = Place(
            first_line=first.number,
            last_line=last.number,
            record=number,
            byte_offset=first.offset,
        )
        if problem:
            yield place.reject(*problem, first.text[:_SHOWN])
            joined = 0
            continue
        n = len(cells)
        if n == width:
            joined = 0
        elif n == 1 or (joined and joined + n - 1 <= width):
            joined = n if not joined else joined + n - 1
            message = (
                f"it has {n} of {width} cells; it seems to be part of a row with a line break in "
                "it, which must be quoted."
            )
            yield place.reject("broken_record", message, first.text[:_SHOWN])
            continue
        else:
            joined = n
        record = {label: cells[index] for label, index in used if index < n and cells[index]}
        titled = True
        for item in read_record(record, plan, place, first.text[:_SHOWN]):
            titled = not isinstance(item, Reject) or item.reason != "no_title"
            yield item
        if n < width and titled:
            message = f"the row has {n} of {width} cells; those missing at its end are left out."
            yield place.reject("bad_field", message, first.text[:_SHOWN])


# ---------------------------------------------------------------------------------------- JSON


class _Plans:
    """The plans for records, which need not all have the same keys."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._plans: dict[tuple[str, ...], Plan] = {}

    def of(self, record: dict[str, Any]) -> Plan:
        keys = tuple(record)
        plan = self._plans.get(keys)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[keys] = plan_of(keys, self._mapping)
        return plan


def _begun(first: list[dict[str, Any]], source: Source) -> Iterator[Item]:
    """What is to be said of the columns, by the first records.

    Raises:
        Refused: None of them is known as the title.
    """
    labels = list(dict.fromkeys(key for record in first for key in record))
    plan = plan_of(labels, source.columns)
    if not plan.has_title:
        raise Refused("unknown_format", no_title_words(plan, labels))
    yield Facts(notes=(note_of(plan),))
    for field, column in plan.missing.items():
        yield Reject("bad_field", missing_words(field, column, labels))


def _read_json_lines(source: Source) -> Iterator[Item]:
    lines = Lines(source)
    parsed = _parsed(lines)
    first: list[tuple[Place, dict[str, Any], str] | Reject] = []
    size = n_records = 0
    for one in parsed:
        first.append(one)
        if not isinstance(one, Reject):
            n_records += 1
            size += len(one[2])
        if n_records == _FIRST_RECORDS or size > lines.limit or len(first) == _MOST_FIRST_LINES:
            break
    records = [one[1] for one in first if not isinstance(one, Reject)]
    if not records:
        message = f"It begins as JSON lines do, but none of its first {lines.read} lines is an "
        raise Refused("damaged", message + "object. Fetch the file again.")
    yield from _begun(records, source)
    plans = _Plans(source.columns)
    for one in chain(first, parsed):
        if isinstance(one, Reject):
            yield one
        else:
            place, record, text = one
            yield from read_record(record, plans.of(record), place, text[:_SHOWN])
    yield Facts(n_lines=lines.read, notes=lines.notes)


def _parsed(lines: Lines) -> Iterator[tuple[Place, dict[str, Any], str] | Reject]:
    """The records of JSON lines, or why a line has none."""
    record = 0
    for number, offset, text, size in lines:
        if not text or text.isspace():
            continue
        record += 1
        place = Place(first_line=number, last_line=number, record=record, byte_offset=offset)
        if size > lines.limit:
            message = (
                f"the line is larger than the {lines.limit / 1e6:g} MB of "
                "readers.limits.max_record_mb."
            )
            yield place.reject("over_limit", message, text[:_SHOWN])
            continue
        try:
            value = loads(text)
        except NotJson as error:
            yield place.reject("broken_record", f"{error}.", text[:_SHOWN])
            continue
        if isinstance(value, dict):
            yield place, flattened(value), text
        else:
            yield place.reject("broken_record", "it is no object.", text[:_SHOWN])


def _read_array(source: Source) -> Iterator[Item]:
    text = source.text().text
    try:
        document = loads(text)
    except NotJson as error:
        message = f"It looks like JSON, but {error}. Fetch the file again."
        raise Refused("damaged", message) from None
    if not isinstance(document, list):
        raise Refused("unknown_format", "It is JSON, but no array of objects.")
    yield Facts(n_lines=text.count("\n") + (not text.endswith("\n")))
    records = [flattened(value) if isinstance(value, dict) else None for value in document]
    first = [record for record in records[:_FIRST_RECORDS] if record is not None]
    if first:
        yield from _begun(first, source)
    plans = _Plans(source.columns)
    for index, record in enumerate(records):
        place = Place(record=index + 1, record_path=f"$[{index}]")
        if record is None:
            value = document[index]
            shown = value[:_SHOWN] if isinstance(value, str) else None
            yield place.reject("broken_record", "it is no object.", shown)
        else:
            yield from read_record(record, plans.of(record), place, _shown(record))


def _shown(record: dict[str, Any]) -> str:
    """The beginning of a record, for a reject."""
    texts = [(key, value) for key, value in record.items() if isinstance(value, str)]
    return ", ".join(f"{key}: {value[:80]}" for key, value in texts[:5])
