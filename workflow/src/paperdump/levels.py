"""Which rows of a Parquet column have a value, told without reading the values.

A page of a column that may lack values begins with its definition levels, a bit for each row
(Apache Parquet format, "Data Pages" and "Run Length Encoding / Bit-Packing Hybrid"; the headers are
in Thrift's compact protocol). Of a page of long texts these are the first hundreds of bytes of
megabytes, and only these are decompressed. Pages of other kinds than those that this workflow
writes are not understood; their values are to be read then.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
import pyarrow as pa

from paperdump.errors import PaperdumpError

# bytes in which a page's header and the first block of its compression, of 2^17 bytes at most, end
_BEGINNING = (1 << 17) + (1 << 13)
# numbers of the format's definition, parquet.thrift: kinds of pages, an encoding, and fields of
# headers of pages
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_RLE = 3
_KIND, _COMPRESSED_SIZE, _OF_DATA_PAGE = 1, 3, 5
_VALUES, _LEVELS_ENCODING = 1, 3


class NotUnderstoodError(PaperdumpError):
    """The pages of a column are not as this workflow writes them."""


Bits = np.ndarray[Any, np.dtype[np.bool_]]


def present(path: Path, footer: Any, column: int) -> pl.Series:
    """Whether each row has a value in a column that is no list.

    Args:
        path: The file.
        footer: Its metadata, as PyArrow reads it.
        column: The column's place in its row groups.

    Raises:
        NotUnderstoodError: The pages are of a kind that is not read here, or what is found does not
            agree with the footer.
    """
    schema = footer.schema.column(column)
    if schema.max_definition_level == 0:
        return pl.repeat(True, footer.num_rows, eager=True)
    if (schema.max_definition_level, schema.max_repetition_level) != (1, 0):
        raise NotUnderstoodError(f"levels of {schema.path}")
    found = [np.empty(0, np.bool_)]
    with path.open("rb") as file:
        for number in range(footer.num_row_groups):
            rows = footer.row_group(number).num_rows
            chunk = footer.row_group(number).column(column)
            statistics = chunk.statistics
            if statistics is None or not statistics.has_null_count or chunk.compression != "ZSTD":
                raise NotUnderstoodError(f"row group {number} of {schema.path}")
            missing = statistics.null_count
            bits = _of_chunk(file, chunk) if 0 < missing < rows else np.full(rows, missing == 0)
            if len(bits) != rows or int(bits.sum()) != rows - missing:
                raise NotUnderstoodError(f"row group {number} of {schema.path}")
            found.append(bits)
    return pl.Series(np.concatenate(found))


def _of_chunk(file: IO[bytes], chunk: Any) -> Bits:
    """Whether each row of a row group has a value in one of its columns."""
    place, found, left = chunk.data_page_offset, [], chunk.num_values
    if chunk.has_dictionary_page:
        place = min(place, chunk.dictionary_page_offset)
    try:
        while left > 0:
            file.seek(place)
            beginning = io.BytesIO(file.read(_BEGINNING))
            header = _struct(beginning)
            kind, size = header[_KIND], header[_COMPRESSED_SIZE]
            place += beginning.tell() + size
            if kind == _DICTIONARY_PAGE:
                continue
            told = header.get(_OF_DATA_PAGE, {})
            if kind != _DATA_PAGE or told[_LEVELS_ENCODING] != _RLE:
                raise NotUnderstoodError(f"a page of kind {kind}")
            found.append(_levels(beginning.read(size), told[_VALUES]))
            left -= told[_VALUES]
    except (IndexError, KeyError, ValueError, OSError) as error:
        raise NotUnderstoodError(str(error)) from error
    return np.concatenate(found)


def _levels(page: bytes, count: int) -> Bits:
    """The definition levels with which a page begins, as far as it is here, compressed."""
    with pa.CompressedInputStream(pa.BufferReader(page), "zstd") as stream:
        length = int.from_bytes(stream.read(4), "little")
        levels = io.BytesIO(stream.read(length))
    runs, left = [], count
    while left > 0:
        head = _varint(levels)
        if head & 1:  # groups of 8 levels, a bit each
            packed = np.frombuffer(levels.read(head >> 1), np.uint8)
            run = np.unpackbits(packed, bitorder="little")[:left].astype(np.bool_)
        else:
            run = np.full(min(head >> 1, left), levels.read(1) == b"\x01")
        if not len(run):
            raise NotUnderstoodError("a run of no levels")
        runs.append(run)
        left -= len(run)
    return np.concatenate(runs)


def _varint(stream: io.BytesIO) -> int:
    """A number in base 128, its lowest digit first."""
    number = shift = 0
    while True:
        byte = stream.read(1)[0]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number
        shift += 7


def _zigzag(stream: io.BytesIO) -> int:
    number = _varint(stream)
    return (number >> 1) ^ -(number & 1)


def _struct(stream: io.BytesIO) -> dict[int, Any]:
    """A structure of Thrift's compact protocol: number of a field → value."""
    fields: dict[int, Any] = {}
    number = 0
    while head := stream.read(1)[0]:
        number = number + (head >> 4) if head >> 4 else _zigzag(stream)
        fields[number] = _value(stream, head & 0xF)
    return fields


def _value(stream: io.BytesIO, kind: int) -> Any:
    """A value of a kind of Thrift's compact protocol that headers of pages have."""
    match kind:
        case 1 | 2:
            return kind == 1
        case 4 | 5 | 6:
            return _zigzag(stream)
        case 8:
            return stream.read(_varint(stream))
        case 12:
            return _struct(stream)
        case _:
            raise NotUnderstoodError(f"a field of kind {kind}")
