"""Arrow schemas from the data dictionary, and Parquet files written piece by piece."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def marked_nullable(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with a schema, in which a column that holds a null is marked as nullable.

    A column that must not be null, but is, passes: that it is wrong is for validation to say,
    with the rows named.
    """
    fields = [
        field.with_nullable(field.nullable or values.null_count > 0)
        for field, values in zip(schema, table.columns, strict=True)
    ]
    return table.cast(pa.schema(fields, metadata=schema.metadata))


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
    """A table that is written to a Parquet file piece by piece."""

    def __init__(self, name: str, path: Path) -> None:
        self._schema = arrow_schema(name)
        self._writer = pq.ParquetWriter(
            path, self._schema, compression="zstd", write_page_index=True
        )
        self.rows = 0

    @property
    def schema(self) -> pa.Schema:
        """The schema of the pieces."""
        return self._schema

    def write(self, piece: pa.Table) -> None:
        """Append rows; their columns must be those of the table."""
        self._writer.write_table(piece.cast(self._schema), ROW_GROUP_SIZE)
        self.rows += piece.num_rows

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


@contextmanager
def pieces(name: str, path: Path) -> Iterator[ParquetPieces]:
    """A Parquet file to be written piece by piece; it appears when the block succeeds."""
    with atomic_path(path) as temporary:
        writer = ParquetPieces(name, temporary)
        try:
            yield writer
        finally:
            writer.close()
