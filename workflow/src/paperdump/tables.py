"""Tables in and out: Arrow schemas from the dictionary, atomic Parquet and CSV, content hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from paperdump import dictionary
from paperdump.arrow import (
    ARROW_TYPES,
    ROW_GROUP_SIZE,
    arrow_schema,
    atomic_path,
    flush,
    marked_nullable,
    row_group_size,
    write_table,
)

POLARS_TYPES: dict[str, pl.DataType] = {
    "string": pl.String(),
    "bool": pl.Boolean(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "date": pl.Date(),
    "list<string>": pl.List(pl.String()),
    "list<int64>": pl.List(pl.Int64()),
}


def polars_schema(name: str) -> dict[str, pl.DataType]:
    """The Polars types of a table's columns, in order."""
    return {c.name: POLARS_TYPES[c.type] for c in dictionary.table(name).columns}


def frame_of(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """A frame of a table from rows; a column that a row does not have is null."""
    return pl.DataFrame(rows, schema=polars_schema(name))


def conform(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame with exactly the table's columns, types and row order.

    A column of the table that the frame lacks becomes null; one that the table lacks is left
    out.

    Raises:
        polars.exceptions.PolarsError: A value does not fit its column's type.
    """
    table = dictionary.table(name)
    columns = [
        (pl.col(c) if c in frame.columns else pl.lit(None, t).alias(c)).cast(t, strict=True)
        for c, t in polars_schema(name).items()
    ]
    result = frame.select(columns)
    if table.order:
        result = result.sort(table.order, nulls_last=True, maintain_order=True)
    return result


def to_arrow(frame: pl.DataFrame, name: str) -> pa.Table:
    """The frame as an Arrow table with the dictionary's schema and metadata.

    A column that must not be null, but is, is marked as nullable and passes: that it is wrong is
    for validation to say, with the rows named.
    """
    frame = conform(frame, name)
    pieces = list(_row_groups(frame, name))
    return pa.concat_tables(pieces or [frame.to_arrow().cast(_schema_of(frame, name))])


def _row_groups(frame: pl.DataFrame, name: str) -> Iterator[pa.Table]:
    """The rows of a table as Arrow has them, so many at a time as a row group of its file has.

    Whole, a column of texts of more than 2 GiB, as two million abstracts have, would not fit.
    """
    schema = _schema_of(frame, name)
    for some in frame.iter_slices(row_group_size(name)):
        yield some.to_arrow().cast(schema)


def _schema_of(frame: pl.DataFrame, name: str) -> pa.Schema:
    with_nulls = [column.name for column in frame if column.null_count()]
    return marked_nullable(arrow_schema(name), with_nulls)


def point(link: Path, target: Path) -> None:
    """Make a link point at a target, in one step."""
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)
    flush(link.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def json_bytes(document: object) -> bytes:
    """A document as JSON: sorted keys, two spaces, one newline at the end."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode()


def write_json(path: Path, document: object) -> None:
    """Write a document as JSON, the same bytes for the same document."""
    write_bytes(path, json_bytes(document))


def write_parquet(frame: pl.DataFrame, name: str, path: Path) -> None:
    """Write a table as Parquet, with the dictionary's descriptions in its metadata."""
    frame = conform(frame, name)
    schema = _schema_of(frame, name)
    with atomic_path(path) as temporary:
        write_table(temporary, name, schema, frame.height, _row_groups(frame, name))


def write_all(frames: Mapping[str, pl.DataFrame], paths: Mapping[str, Path]) -> None:
    """Write tables as Parquet, two at a time: a table is compressed by one thread.

    Args:
        frames: The tables by name.
        paths: The file of each.
    """
    largest_first = sorted(frames, key=lambda name: -frames[name].estimated_size())
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda n: write_parquet(frames[n], n, paths[n]), largest_first))


def read_parquet(path: Path, name: str) -> pl.DataFrame:
    """Read a table of that name; its columns and types must be those of the dictionary.

    Raises:
        ValueError: The file holds other columns or types.
    """
    frame = pl.read_parquet(path)
    expected = polars_schema(name)
    if dict(frame.schema) != expected:
        raise ValueError(f"{path} is not a table {name}: {dict(frame.schema)} != {expected}")
    return frame


def iter_parquet(path: Path, name: str) -> Iterator[pl.DataFrame]:
    """Read a table of that name in pieces of bounded size; there is at least one, maybe empty."""
    file = pq.ParquetFile(path)
    if file.metadata.num_rows == 0:
        yield frame_of(name, [])
    for batch in file.iter_batches(batch_size=ROW_GROUP_SIZE // 8):
        yield conform(pl.DataFrame(pl.from_arrow(batch)), name)


def row_count(path: Path) -> int:
    """The number of rows of a Parquet file, without reading them."""
    return int(pq.read_metadata(path).num_rows)


def read_all(paths: list[Path], name: str) -> pl.DataFrame:
    """Read the parts of a table from several files; no files give an empty table."""
    with ThreadPoolExecutor(2) as threads:  # while one file is decoded, the next one is read
        parts = list(threads.map(lambda path: read_parquet(path, name), paths))
    return pl.concat(parts) if parts else frame_of(name, [])


def write_csv(frame: pl.DataFrame, name: str, path: Path) -> None:
    """Write a table as CSV (UTF-8, a header line, null as nothing, lists joined by a space)."""
    flat = conform(frame, name).with_columns(
        pl.col(pl.List(pl.String)).list.join(" ", ignore_nulls=True)
    )
    with atomic_path(path) as temporary:
        flat.write_csv(temporary)


def content_hash(frame: pl.DataFrame, name: str) -> str:
    """SHA-256 of a table's content: names, types and values in order.

    It does not depend on the file format, on the versions of the libraries that wrote it, or on
    descriptions. Each column contributes its validity as bytes, then its values: fixed-width
    ones as little-endian bytes with 0 for null, texts as 64-bit byte lengths and the joined
    UTF-8 bytes, lists as 64-bit lengths and the joined content.
    """
    return arrow_content_hash(to_arrow(frame, name), name)


def arrow_content_hash(table: pa.Table, name: str) -> str:
    """The same of an Arrow table as it is: that of another schema is hashed by its own."""
    digest = hashlib.sha256()
    digest.update(json.dumps([name, table.num_rows]).encode())
    for field, values in zip(table.schema, table.columns, strict=True):
        digest.update(json.dumps([field.name, type_name(field.type)]).encode())
        _hash_values(digest, values)
    return digest.hexdigest()


def type_name(arrow_type: pa.DataType) -> str:
    """The data dictionary's name of an Arrow type; of another one, Arrow's."""
    if pa.types.is_list(arrow_type):  # however its items are called
        return f"list<{type_name(arrow_type.value_type)}>"
    names = (name for name, known in ARROW_TYPES.items() if known == arrow_type)
    return next(names, str(arrow_type))


def _hash_values(digest: Any, values: pa.ChunkedArray) -> None:
    """Feed a column to a digest; how it is cut into chunks makes no difference."""
    for chunk in values.chunks:
        digest.update(np.asarray(chunk.is_valid(), dtype=np.uint8).tobytes())
    if pa.types.is_list(values.type):
        for chunk in values.chunks:
            lengths = pc.fill_null(pc.list_value_length(chunk), 0)
            digest.update(np.asarray(lengths, dtype="<i8").tobytes())
        flat = [chunk.flatten() for chunk in values.chunks]
        _hash_values(digest, pa.chunked_array(flat, values.type.value_type))
    elif pa.types.is_string(values.type):
        filled = [pc.fill_null(chunk, "") for chunk in values.chunks]
        for chunk in filled:
            digest.update(np.asarray(pc.binary_length(chunk), dtype="<i8").tobytes())
        for chunk in filled:
            digest.update(_text_bytes(chunk))
    else:
        for chunk in values.chunks:
            digest.update(_number_bytes(chunk))


def _text_bytes(texts: pa.StringArray) -> memoryview:
    """The UTF-8 bytes of all texts of an array without nulls, joined."""
    _, offsets, data = texts.buffers()
    if len(texts) == 0 or data is None:
        return memoryview(b"")
    bounds = np.frombuffer(offsets, dtype=np.int32)
    return memoryview(data)[bounds[texts.offset] : bounds[texts.offset + len(texts)]]


def _number_bytes(numbers: pa.Array) -> bytes:
    """The little-endian bytes of numbers, days since 1970-01-01 or truth values; 0 for null."""
    if pa.types.is_date32(numbers.type):
        numbers = numbers.cast(pa.int32())
    elif pa.types.is_boolean(numbers.type):
        numbers = numbers.cast(pa.uint8())
    array = np.asarray(pc.fill_null(numbers, 0))
    return array.astype(array.dtype.newbyteorder("<")).tobytes()
