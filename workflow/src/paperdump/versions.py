"""The version of a release: a name that its content alone decides."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from paperdump import dictionary, tables

UNDATED = "undated"
_MOST_BLOCKS = 256
_MOST_HELD = 1 << 26  # bytes of a column; a larger one is read twice, and not held


def content_hash_of_file(path: Path, name: str) -> str:
    """The content hash of a table in a file, by the schema that the file has.

    Raises:
        OSError: It cannot be read.
        ValueError: The file is damaged; Arrow's own errors are of this kind.
    """
    rows = tables.row_count(path)
    return tables.fingerprint(name, rows, _columns_of(path, name)).content


def facts_of_file(path: Path, name: str) -> dict[str, Any]:
    """What a manifest says of a table: its rows, and the hashes of what is in them.

    Columns are read one after the other, large ones a row group at a time.

    Returns:
        ``rows``; ``content_sha256``; ``column_sha256``, of each column by its name;
        ``block_sha256``, as ``block_hashes`` tells.

    Raises:
        OSError: It cannot be read.
        ValueError: The file is damaged.
    """
    return _facts(name, tables.row_count(path), _columns_of(path, name))


def facts_of_frame(frame: pl.DataFrame, name: str, *, blocks: bool = True) -> dict[str, Any]:
    """The same of a table in memory, with or without ``block_sha256``."""
    table = _unversioned(tables.to_arrow(frame, name), name)
    columns = zip(table.schema, (column.chunks for column in table.columns), strict=True)
    return _facts(name, table.num_rows, columns, blocks=blocks)


def _facts(
    name: str,
    rows: int,
    columns: Iterable[tuple[pa.Field, tables.Chunks]],
    *,
    blocks: bool = True,
) -> dict[str, Any]:
    size = _block_rows(rows) if blocks else None
    found = tables.fingerprint(name, rows, columns, size)
    facts = {"rows": rows, "content_sha256": found.content, "column_sha256": found.columns}
    if blocks:
        hashes = [block[:8] for block in found.blocks]
        facts["block_sha256"] = {"rows": size, "sha256": hashes}
    return facts


class _Stored:
    """A column of a table in a file, read a row group at a time, as often as it is gone through."""

    def __init__(self, file: pq.ParquetFile, column: str, name: str) -> None:
        self._file, self._column, self._name = file, column, name

    def __iter__(self) -> Iterator[pa.Array]:
        for group in range(self._file.num_row_groups):
            part = self._file.read_row_group(group, [self._column], use_threads=False)
            yield from _unversioned(part, self._name).column(0).chunks


def _columns_of(path: Path, name: str) -> Iterator[tuple[pa.Field, tables.Chunks]]:
    """The columns of a table in a file, one read at a time; a summary's version as nulls.

    To read a large column again costs no more than to hold it, where memory has to be had first.
    """
    with pq.ParquetFile(path) as file:
        sizes = _sizes(file.metadata)
        for field in file.schema_arrow:
            stored = _Stored(file, field.name, name)
            is_large = sizes[field.name] > _MOST_HELD
            yield field, stored if is_large else list(stored)


def _sizes(metadata: pq.FileMetaData) -> Mapping[str, int]:
    """The bytes of each column of a file, not compressed, by its name."""
    sizes: Counter[str] = Counter()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(metadata.num_columns):
            column = group.column(place)
            sizes[column.path_in_schema.partition(".")[0]] += column.total_uncompressed_size
    return sizes


def column_hashes(path: Path, name: str) -> dict[str, str]:
    """The content hash of each column of a table in a file, by its name.

    Raises:
        OSError: It cannot be read.
        ValueError: The file is damaged.
    """
    rows = tables.row_count(path)
    return tables.fingerprint(name, rows, _columns_of(path, name)).columns


def block_hashes(path: Path, name: str, rows: int | None = None) -> dict[str, Any]:
    """The beginnings of the content hashes of blocks of rows, to tell where a table differs.

    Of a table of no more than 256 rows each row is a block; of a larger one there are as many.

    Args:
        path: The file of the table.
        name: The table.
        rows: Rows of a block; None chooses them.

    Returns:
        ``rows``, how many a block has, and ``sha256``, eight digits of each.

    Raises:
        OSError: It cannot be read.
        ValueError: The file is damaged.
    """
    n_rows = tables.row_count(path)
    rows = rows or _block_rows(n_rows)
    found = tables.fingerprint(name, n_rows, _columns_of(path, name), rows)
    return {"rows": rows, "sha256": [block[:8] for block in found.blocks]}


def _block_rows(n_rows: int) -> int:
    return max(1, -(-n_rows // _MOST_BLOCKS))


def _unversioned(table: pa.Table, name: str) -> pa.Table:
    """A summary without its version, as it is hashed; another table as it is."""
    is_summary = name.startswith(dictionary.SUMMARIES) and not name.startswith(dictionary.HISTORY)
    place = table.schema.get_field_index("version") if is_summary else -1
    if place < 0:
        return table
    nothing = pa.nulls(table.num_rows, table.schema.field(place).type)
    return table.set_column(place, pa.field("version", nothing.type), nothing)


def newest_day(dumps: pl.DataFrame, papers: pl.DataFrame) -> dt.date | None:
    """The newest day that a capture certainly comes from, else the newest publication day."""
    days = [
        dumps["snapshot_on"].max(),
        dumps["snapshot_earliest"].max(),
    ]
    known = [day for day in days if isinstance(day, dt.date)]
    if known:
        return max(known)
    published = papers["published_on"].max()
    return published if isinstance(published, dt.date) else None


def version_of(hashes: Mapping[str, str], day: dt.date | None) -> str:
    """``<newest snapshot day>-<8 hex digits of the hash of all content hashes>``."""
    text = json.dumps(dict(hashes), sort_keys=True)
    return f"{day or UNDATED}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def identify(facts: Mapping[str, Mapping[str, Any]], day: dt.date | None) -> str:
    """The version of a release.

    Args:
        facts: What ``facts_of_file`` says of each table that decides it, by its name.
        day: As ``newest_day`` says.
    """
    return version_of({name: found["content_sha256"] for name, found in facts.items()}, day)
