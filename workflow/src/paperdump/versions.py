"""The version of a release: a name that its content alone decides."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from paperdump import dictionary, tables

UNDATED = "undated"


def facts_of_file(path: Path, name: str) -> dict[str, Any]:
    """What a manifest says of a table: its rows, and the hashes of what is in them.

    By the schema that the file has. Columns are read one after the other, each once and a row
    group at a time.

    Returns:
        ``rows``; ``content_sha256``; ``column_sha256``, of each column by its name;
        ``block_sha256``, to tell where a table differs: ``rows``, how many a block has, and
        ``sha256``, the beginning of the hash of each, eight digits.

    Raises:
        OSError: It cannot be read.
        ValueError: The file is damaged; Arrow's own errors are of this kind.
    """
    with pq.ParquetFile(path) as file:
        columns = ((field, _stored(file, field.name, name)) for field in file.schema_arrow)
        return _facts(name, file.metadata.num_rows, columns)


def facts_of_frame(frame: pl.DataFrame, name: str, *, blocks: bool = True) -> dict[str, Any]:
    """The same of a table in memory, with or without ``block_sha256``."""
    table = _unversioned(tables.to_arrow(frame, name), name)
    return _facts(name, table.num_rows, tables.columns_of(table), blocks=blocks)


def _facts(
    name: str,
    rows: int,
    columns: Iterable[tuple[pa.Field, Iterable[pa.Array]]],
    *,
    blocks: bool = True,
) -> dict[str, Any]:
    found = tables.fingerprint(name, rows, columns)
    facts = {"rows": rows, "content_sha256": found.content, "column_sha256": found.columns}
    if blocks:
        hashes = [block[:8] for block in found.blocks]
        facts["block_sha256"] = {"rows": found.block_rows, "sha256": hashes}
    return facts


def _stored(file: pq.ParquetFile, column: str, name: str) -> Iterator[pa.Array]:
    """A column of a table in a file, read a row group at a time; a summary's version as nulls."""
    for group in range(file.num_row_groups):
        part = file.read_row_group(group, [column], use_threads=False)
        yield from _unversioned(part, name).column(0).chunks


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
