"""The records of a Parquet file, a few at a time, of the columns that are needed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from paperdump.readers.base import Facts, Item, Reject
from paperdump.readers.jsontext import Doubtful
from paperdump.readers.records import Place
from paperdump.readers.source import Refused, Source
from paperdump.readers.table_columns import (
    Plan,
    labels_of,
    missing_words,
    no_title_words,
    note_of,
    plan_of,
)
from paperdump.readers.table_record import flattened, read_record

MAGIC = b"PAR1"
_ROWS_AT_ONCE = 256
_DAMAGED_ID = re.compile(r"[0-9]{4}\.[0-9]{2,5}")


def read(source: Source) -> Iterator[Item]:
    """Read a Parquet file.

    Raises:
        Refused: It is compressed as a whole or damaged, or has no column with titles.
    """
    with source.seekable() as stream:
        file = _opened(stream)
        names = list(file.schema_arrow.names)
        top = dict(zip(labels_of(names), range(len(names)), strict=True))
        labels = [*top, *_inner(file.schema_arrow, top)]
        plan = plan_of(labels, source.columns)
        if not plan.has_title:
            raise Refused("unknown_format", no_title_words(plan, labels))
        yield Facts(notes=(note_of(plan),))
        for field, column in plan.missing.items():
            yield Reject("bad_field", missing_words(field, column, labels))
        yield from _records(file, plan, top)


def _opened(stream: IO[bytes]) -> pq.ParquetFile:
    try:
        # a small buffer: pages are read as they are needed, not a column at once
        file = pq.ParquetFile(stream, buffer_size=1 << 16, pre_buffer=False)
        file.schema_arrow.names  # noqa: B018 - a schema that Arrow cannot have shows here
    # there is no end to what a damaged file makes pyarrow raise
    except Exception as error:
        raise _damaged(error, 0) from None
    return file


def _damaged(error: Exception, n_read: int) -> Refused:
    after = f" after {n_read:,} records" if n_read else ""
    how = " ".join(str(error).split())[:300] or type(error).__name__
    message = f"Its Parquet data is damaged or cut off{after} ({how}). Fetch the file again."
    return Refused("damaged", message)


def _inner(schema: pa.Schema, top: dict[str, int]) -> list[str]:
    """The names of what columns of objects hold, as ``flattened`` gives them."""
    return [
        f"{label}.{inner.name}"
        for label, index in top.items()
        if pa.types.is_struct(schema.field(index).type)
        for inner in schema.field(index).type
        if f"{label}.{inner.name}" not in top
    ]


def _as_floats(plan: Plan, schema: pa.Schema, top: dict[str, int]) -> dict[str, bool]:
    """The columns of identifiers that are stored as numbers; whether their names are sure."""
    names = {
        label: known is plan.columns
        for known in (plan.by_value, plan.columns)
        for field in ("arxiv_id", "doi")
        for label in known.get(field, ())
    }
    return {
        label: is_sure
        for label, is_sure in names.items()
        if label in top and pa.types.is_floating(schema.field(top[label]).type)
    }


def _is_lost(values: list[Any], is_sure: bool) -> bool:
    """Whether there are identifiers among the numbers of a column.

    A column without any value is often stored as one of numbers; and in a column that is only
    called ``id`` they may number the rows.
    """
    spelled = (str(value) for value in values if value is not None and not math.isnan(value))
    return any(is_sure or _DAMAGED_ID.fullmatch(text) for text in spelled)


def _lost_words(label: str) -> str:
    # 2503.02100 is the same number as 2503.021: which identifier it was cannot be known
    return (
        f"The column {label!r}, which would hold identifiers, holds numbers with a fraction, which "
        "lose the noughts at an identifier's end. It was left out; write the column as text."
    )


def _records(file: pq.ParquetFile, plan: Plan, top: dict[str, int]) -> Iterator[Item]:
    """The entries of the file.

    Raises:
        Refused: It is damaged.
    """
    schema = file.schema_arrow
    wanted = dict.fromkeys(label if label in top else label.split(".")[0] for label in plan.used)
    columns = {label: schema.names[top[label]] for label in wanted}
    as_floats = _as_floats(plan, schema, top)
    told: set[str] = set()
    number = 0
    batches = file.iter_batches(_ROWS_AT_ONCE, columns=[*columns.values()], use_threads=False)
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            names = list(batch.schema.names)
            values = {
                label: _values(batch.column(names.index(name))) for label, name in columns.items()
            }
            n_rows = batch.num_rows
        except Exception as error:
            raise _damaged(error, number) from None
        for label, is_sure in as_floats.items():
            if label not in told and _is_lost(values[label], is_sure):
                told.add(label)
                yield Reject("bad_field", _lost_words(label))
            values[label] = [None] * n_rows
        for row in range(n_rows):
            number += 1
            record = flattened({label: column[row] for label, column in values.items()})
            if all(value is None for value in record.values()):
                continue
            yield from read_record(record, plan, Place(record=number), "")


def _values(array: pa.Array) -> list[Any]:
    """The values of a column; dates as text, one that cannot be had as doubtful."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        # without its zone: the values are in UTC, and the zone may be unknown here
        array = array.cast(pa.timestamp(kind.unit)).cast(pa.string())
    elif pa.types.is_date(kind) or pa.types.is_decimal(kind):
        array = array.cast(pa.string())
    try:
        return [_plain(value) for value in array.to_pylist()]
    except (ValueError, OverflowError, pa.ArrowException):
        return [_single(scalar) for scalar in array]


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _single(scalar: pa.Scalar) -> Any:
    try:
        return _plain(scalar.as_py())
    except UnicodeDecodeError:
        buffer = scalar.as_buffer() if hasattr(scalar, "as_buffer") else None
        return str(buffer.to_pybytes(), "utf-8", "replace") if buffer else Doubtful("no text", "")
    except (ValueError, OverflowError, pa.ArrowException) as error:
        return Doubtful(f"its value cannot be had ({type(error).__name__})", "")
