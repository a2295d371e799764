"""Tables in and out: Arrow schemas from the dictionary, atomic Parquet and CSV, content hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
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

# What is done at last to some rows of a table, by its name.
Finish = Callable[[pl.DataFrame, str], pl.DataFrame]
# What a table's name and the table are told to, once it is ready.
Ready = Callable[[str, pl.DataFrame], None]

# By which definition content is hashed, as manifests say it (``fingerprint`` says how). To count up
# with each change of it, which gives all releases new versions.
HASH_DEFINITION = 2
_MOST_BLOCKS = 256

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
    order = _order(frame, name)
    result = _with_columns(frame, name)
    return result if order is None else result[order]


def _with_columns(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame with exactly the table's columns and types."""
    return frame.select(
        (pl.col(c) if c in frame.columns else pl.lit(None, t).alias(c)).cast(t, strict=True)
        for c, t in polars_schema(name).items()
    )


def _order(frame: pl.DataFrame, name: str) -> pl.Series | None:
    """The places of rows in the table's order; None where they are in it, or it has none."""
    by = dictionary.table(name).order
    if not by or frame.is_empty():
        return None
    types = polars_schema(name)
    keys = frame.select(pl.col(c).cast(types[c], strict=True) for c in by if c in frame.columns)
    if not keys.columns:
        return None
    order = keys.select(
        pl.arg_sort_by(keys.columns, nulls_last=True, maintain_order=True).alias("place")
    )["place"]
    return None if order.is_sorted() else order


def _as_it_is(rows: pl.DataFrame, _: str) -> pl.DataFrame:
    return rows


def to_arrow(frame: pl.DataFrame, name: str) -> pa.Table:
    """The frame as an Arrow table with the dictionary's schema and metadata.

    A column that must not be null, but is, is marked as nullable and passes: that it is wrong is
    for validation to say, with the rows named.
    """
    schema = _schema_of(frame, name)
    pieces = list(_row_groups(frame, name, schema))
    return pa.concat_tables(pieces or [conform(frame, name).to_arrow().cast(schema)])


def _row_groups(
    frame: pl.DataFrame, name: str, schema: pa.Schema, finish: Finish = _as_it_is
) -> Iterator[pa.Table]:
    """The rows of a table as Arrow has them, so many at a time as a row group of its file has.

    Whole, a column of texts of more than 2 GiB, as two million abstracts have, would not fit; nor
    is there a second copy of all rows, in the table's order.
    """
    order, size = _order(frame, name), row_group_size(name)
    for start in range(0, frame.height, size):
        some = frame.slice(start, size) if order is None else frame[order.slice(start, size)]
        yield _with_columns(finish(some, name), name).to_arrow().cast(schema)


def _schema_of(frame: pl.DataFrame, name: str) -> pa.Schema:
    """The schema of a table that is made of a frame; what is added to it later may be null."""
    required = [column.name for column in dictionary.table(name).columns if not column.nullable]
    with_nulls = [c for c in required if c not in frame.columns or frame[c].null_count()]
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


def write_parquet(frame: pl.DataFrame, name: str, path: Path, finish: Finish = _as_it_is) -> None:
    """Write a table as Parquet, with the dictionary's descriptions in its metadata.

    Args:
        frame: The table as ``conform`` takes it.
        name: The table.
        path: The file.
        finish: What adds columns to the frame, some rows at a time, that may be null.
    """
    schema = _schema_of(frame, name)
    with atomic_path(path) as temporary:
        row_groups = _row_groups(frame, name, schema, finish)
        write_table(temporary, name, schema, frame.height, row_groups)


@contextmanager
def writing(paths: Mapping[str, Path], finish: Finish = _as_it_is) -> Iterator[Ready]:
    """Write tables as Parquet while others are still made; all are written when the block ends.

    Two are written at a time, each by one thread.

    Args:
        paths: The file of each table by its name.
        finish: As ``write_parquet`` has it.

    Yields:
        What a table is given to, with its name, as soon as it is ready.
    """
    with ThreadPoolExecutor(2) as threads:
        begun: list[Future[None]] = []

        def ready(name: str, frame: pl.DataFrame) -> None:
            begun.append(threads.submit(write_parquet, frame, name, paths[name], finish))

        yield ready
        for table in begun:
            table.result()


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


def scan_parquet(path: Path, name: str) -> pl.LazyFrame:
    """A table of that name, of which what is needed is read when it is.

    Raises:
        ValueError: The file holds other columns or types.
    """
    rows = pl.scan_parquet(path, glob=False)
    found, expected = dict(rows.collect_schema()), polars_schema(name)
    if found != expected:
        raise ValueError(f"{path} is not a table {name}: {found} != {expected}")
    return rows


def iter_parquet(path: Path, name: str) -> Iterator[pl.DataFrame]:
    """Read a table of that name in pieces of bounded size; there is at least one, maybe empty."""
    rows, size = pl.scan_parquet(path, glob=False), ROW_GROUP_SIZE // 8
    for start in range(0, max(row_count(path), 1), size):
        yield conform(rows.slice(start, size).collect(engine="in-memory"), name)


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
    descriptions. How it is made stands at ``fingerprint``.
    """
    return arrow_content_hash(to_arrow(frame, name), name)


def arrow_content_hash(table: pa.Table, name: str) -> str:
    """The same of an Arrow table as it is: that of another schema is hashed by its own."""
    return fingerprint(name, table.num_rows, columns_of(table)).content


class Fingerprint(NamedTuple):
    """The hashes of a table's content, as hexadecimal digits.

    Attributes:
        content: ``content_hash`` of all of it.
        columns: The same of each column by itself.
        block_rows: How many rows a block has; the last one may have fewer.
        blocks: The hash of each block of rows, of all columns.
    """

    content: str
    columns: dict[str, str]
    block_rows: int
    blocks: list[str]


def fingerprint(
    name: str, n_rows: int, columns: Iterable[tuple[pa.Field, Iterable[pa.Array]]]
) -> Fingerprint:
    """The hashes of a table whose columns are read one after the other, each once.

    They are a tree of SHA-256 (definition 2, see ``HASH_DEFINITION``). Rows are cut into blocks,
    how many follows from the number of rows alone: each row is one in a table of no more than 256
    rows; a larger one has blocks of the fewest rows with which there are no more than 256. Of the
    values of a column in a block there are the streams

    * validity, a byte of 0 or 1 each;
    * of numbers, days since 1970-01-01 and truth values: their little-endian bytes, 0 for null;
    * of texts: the 64-bit length of each in bytes, 0 for null; the UTF-8 bytes, joined;
    * of lists: the 64-bit length of each, 0 for null; the streams of their items, joined.

    The digest of the column in the block is that of the digests of its streams, as bytes. A
    column's hash is that of its name, type and number of rows, then its blocks' digests; a block's
    that of the table's name and its own number of rows, then name, type and digest of each column;
    the table's that of its name and number of rows, then the hashes of its columns. Names, types
    and numbers of rows go in as JSON lists.

    Args:
        name: The table.
        n_rows: How many rows it has.
        columns: Its columns in order, each in pieces of any size.
    """
    whole, size = _digest(name, n_rows), block_rows(n_rows)
    blocks = [_digest(name, min(size, n_rows - start)) for start in range(0, n_rows, size)]
    by_itself = {}
    for field, values in columns:
        kind = type_name(field.type)
        alone, head = _digest(field.name, kind, n_rows), _digest_text(field.name, kind)
        for block, digest in zip(blocks, _by_block(values, n_rows, size), strict=True):
            alone.update(digest)
            block.update(head + digest)
        whole.update(alone.digest())
        by_itself[field.name] = alone.hexdigest()
    return Fingerprint(whole.hexdigest(), by_itself, size, [d.hexdigest() for d in blocks])


def columns_of(table: pa.Table) -> Iterator[tuple[pa.Field, Iterable[pa.Array]]]:
    """The columns of a table as ``fingerprint`` takes them."""
    return zip(table.schema, (column.chunks for column in table.columns), strict=True)


def block_rows(n_rows: int) -> int:
    """How many rows a block has of a table of so many."""
    return max(1, -(-n_rows // _MOST_BLOCKS))


def type_name(arrow_type: pa.DataType) -> str:
    """The data dictionary's name of an Arrow type; of another one, Arrow's."""
    if pa.types.is_list(arrow_type):  # however its items are called
        return f"list<{type_name(arrow_type.value_type)}>"
    names = (name for name, known in ARROW_TYPES.items() if known == arrow_type)
    return next(names, str(arrow_type))


def _digest(*head: str | int) -> Any:
    return hashlib.sha256(_digest_text(*head))


def _digest_text(*head: str | int) -> bytes:
    return json.dumps(head).encode()


def _by_block(chunks: Iterable[pa.Array], n_rows: int, size: int) -> Iterator[bytes]:
    """The digest of each block of a column; how it is cut into chunks makes no difference.

    Of a block that is not complete yet, digests are kept, and no values.
    """
    start, begun = 0, list[Any]()
    for chunk in chunks:
        stop = start + len(chunk)
        bounds = [start, *range(start - start % size + size, stop, size), stop]
        streams = list(_streams(chunk, np.asarray(bounds) - start))
        for place, end in enumerate(bounds[1:] if len(chunk) else []):
            parts = [data[cuts[place] : cuts[place + 1]] for data, cuts in streams]
            if begun:
                for digest, part in zip(begun, parts, strict=True):
                    digest.update(part)
            else:
                begun = [hashlib.sha256(part) for part in parts]
            if end % size == 0 or end == n_rows:
                yield hashlib.sha256(b"".join([digest.digest() for digest in begun])).digest()
                begun = []
        start = stop


# where a stream is cut; the first place is where it begins, the last one where it ends
_Cuts = npt.NDArray[np.int64]


def _streams(values: pa.Array, cuts: _Cuts) -> Iterator[tuple[memoryview, list[int]]]:
    """The bytes of values as they are hashed, and where each stream is cut.

    Args:
        values: Some values of a column.
        cuts: Between which of them they are cut.
    """
    yield _bytes_of(np.asarray(values.is_valid(), dtype=np.uint8)), cuts.tolist()
    is_list = pa.types.is_list(values.type)
    if not is_list and not pa.types.is_string(values.type):
        numbers = _number_array(values)
        yield _bytes_of(numbers), (cuts * numbers.itemsize).tolist()
        return
    length = pc.list_value_length if is_list else pc.binary_length
    lengths = np.asarray(pc.fill_null(length(values), 0)).astype("<i8")
    yield _bytes_of(lengths), (cuts * lengths.itemsize).tolist()
    inner = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])[cuts]
    if is_list:
        yield from _streams(values.flatten(), inner)
    else:
        yield _bytes_of_texts(values, int(inner[-1])), inner.tolist()


def _bytes_of(array: npt.NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).view(np.uint8).data


def _bytes_of_texts(texts: pa.StringArray, n_bytes: int) -> memoryview:
    """The UTF-8 bytes of all texts, joined.

    Args:
        texts: The texts.
        n_bytes: How many bytes those have that are not null.
    """
    if not n_bytes:
        return memoryview(b"")
    data = _joined(texts)
    if len(data) != n_bytes:  # a null has bytes, which are not to count
        data = _joined(pc.fill_null(texts, ""))
    return data


def _joined(texts: pa.StringArray) -> memoryview:
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)
    return memoryview(data)[bounds[texts.offset] : bounds[texts.offset + len(texts)]]


def _number_array(numbers: pa.Array) -> npt.NDArray[Any]:
    """Numbers, days since 1970-01-01 or truth values, little-endian; 0 for null."""
    if pa.types.is_date32(numbers.type):
        numbers = numbers.cast(pa.int32())
    elif pa.types.is_boolean(numbers.type):
        numbers = numbers.cast(pa.uint8())
    array = np.asarray(pc.fill_null(numbers, 0))
    return array.astype(array.dtype.newbyteorder("<"))
