"""Arrow schemas from the data dictionary, and Parquet files written piece by piece."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from paperdump import dictionary

ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "date": pa.date32(),
    "list<string>": pa.list_(pa.string()),
    "list<int64>": pa.list_(pa.int64()),
}
ROW_GROUP_SIZE = 131_072
# Of a published table, so that a reader who filters leaves most of the file out: a row group is
# the least that most readers read, a page the least that those read who use the page index. A
# tenth of the rows costs 2 % more bytes than row groups of the other size.
PUBLISHED_ROW_GROUP_SIZE = 16_384
PAGE_SIZE = 2_048  # rows
_FALSE_POSITIVES = 0.01  # share of row groups that a Bloom filter lets pass without reason


def arrow_schema(name: str) -> pa.Schema:
    """The Arrow schema of a table, with each column's meaning and unit in its metadata."""
    table = dictionary.table(name)
    fields = []
    for column in table.columns:
        metadata = {"description": column.description}
        if column.unit:
            metadata["unit"] = column.unit
        if column.merge:
            metadata["merge"] = column.merge
        fields.append(
            pa.field(column.name, ARROW_TYPES[column.type], column.nullable, metadata=metadata)
        )
    return pa.schema(
        fields,
        metadata={
            "table": name,
            "description": table.description,
            "key": json.dumps(list(table.key)),
        },
    )


def parquet_layout(name: str, rows: int) -> dict[str, Any]:
    """How a table is laid out in a Parquet file, as options of ``pyarrow.parquet.ParquetWriter``.

    Statistics and the page index serve filters on what the rows are sorted by, such as the day of
    publication; identifiers, which stand in no order there, have Bloom filters.

    Args:
        name: The table.
        rows: How many rows it has.
    """
    table = dictionary.table(name)
    layout: dict[str, Any] = {"compression": "zstd", "write_page_index": True}
    if not table.published:
        return layout
    layout["max_rows_per_page"] = PAGE_SIZE
    if table.order:
        ordering = [(column, "ascending") for column in table.order]
        layout["sorting_columns"] = pq.SortingColumn.from_ordering(
            arrow_schema(name), ordering, null_placement="at_end"
        )
    looked_up = [
        column.name
        for column in table.columns
        if column.type == "string"
        and (column.name.endswith("_id") or column.name == "doi")
        and column.name not in table.order[:1]
    ]
    if looked_up and rows:
        options = {"ndv": min(rows, PUBLISHED_ROW_GROUP_SIZE), "fpp": _FALSE_POSITIVES}
        layout["bloom_filter_options"] = dict.fromkeys(looked_up, options)
    return layout


def row_group_size(name: str) -> int:
    """How many rows a row group of a table has in its Parquet file."""
    return PUBLISHED_ROW_GROUP_SIZE if dictionary.table(name).published else ROW_GROUP_SIZE


def write_table(
    path: Path, name: str, schema: pa.Schema, rows: int, row_groups: Iterable[pa.Table]
) -> None:
    """Write a table as Parquet, as ``parquet_layout`` has it.

    One without rows gets no row group: with an empty one, which Arrow writes else, Hugging Face
    ``datasets`` fails.

    Args:
        path: The file.
        name: The table.
        schema: Its schema.
        rows: How many rows it has.
        row_groups: These, so many at a time as a row group has; no more of them is in memory.
    """
    with pq.ParquetWriter(path, schema, **parquet_layout(name, rows)) as writer:
        for row_group in row_groups:
            if row_group.num_rows:
                writer.write_table(row_group, row_group_size(name))


def marked_nullable(schema: pa.Schema, with_nulls: Collection[str]) -> pa.Schema:
    """The schema, in which columns that hold a null are marked as nullable.

    A column that must not be null, but is, passes: that it is wrong is for validation to say,
    with the rows named.

    Args:
        schema: The schema of a table.
        with_nulls: The names of its columns that hold a null.
    """
    fields = [field.with_nullable(field.nullable or field.name in with_nulls) for field in schema]
    return pa.schema(fields, metadata=schema.metadata)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary name beside a file, moved over it, flushed to disk, when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have a file or folder written to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class ParquetPieces:
    """A table that is written to a Parquet file piece by piece, for the stage that follows.

    That reads all of it, once: there are no statistics, which nobody looks at, no dictionaries, as
    values hardly repeat but for runs that compression finds, and numbers stay as they are.
    """

    def __init__(self, name: str, path: Path) -> None:
        self._schema = arrow_schema(name)
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            compression=dict.fromkeys(_texts(self._schema), "zstd"),
            use_dictionary=False,
            write_statistics=False,
        )
        self.rows = 0

    @property
    def schema(self) -> pa.Schema:
        """The schema of the pieces."""
        return self._schema

    def write(self, piece: pa.Table) -> None:
        """Append rows; their columns must be those of the table."""
        if not piece.schema.equals(self._schema, check_metadata=True):
            piece = piece.cast(self._schema)
        self._writer.write_table(piece, ROW_GROUP_SIZE)
        self.rows += piece.num_rows

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def _texts(schema: pa.Schema) -> Iterator[str]:
    """The columns of a Parquet file that hold texts, as Parquet names them."""
    for field in schema:
        if pa.types.is_string(field.type):
            yield field.name
        elif pa.types.is_list(field.type) and pa.types.is_string(field.type.value_type):
            yield f"{field.name}.list.element"


@contextmanager
def pieces(name: str, path: Path) -> Iterator[ParquetPieces]:
    """A Parquet file to be written piece by piece; it appears when the block succeeds."""
    with atomic_path(path) as temporary:
        writer = ParquetPieces(name, temporary)
        try:
            yield writer
        finally:
            writer.close()
