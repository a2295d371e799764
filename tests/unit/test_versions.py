from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from struct import pack
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import arrow, dictionary, tables, versions

texts = st.one_of(st.none(), st.text(max_size=5))
rows_of_papers = st.lists(
    st.fixed_dictionaries(
        {
            "title": texts,
            "abstract": texts,
            "authors": st.one_of(st.none(), st.lists(texts, max_size=3)),
            "n_authors": st.one_of(st.none(), st.integers(0, 9)),
            "published_on": st.one_of(st.none(), st.dates()),
        }
    ),
    max_size=9,
)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def head(*values: str | int) -> bytes:
    return json.dumps(values).encode()


def streams_of(values: list[Any], kind: str) -> list[bytes]:
    """What of values is hashed, one by one."""
    valid = bytes(value is not None for value in values)
    if kind == "string":
        texts = [(value or "").encode() for value in values]
        return [valid, b"".join(pack("<q", len(text)) for text in texts), b"".join(texts)]
    if kind.startswith("list"):
        lengths = b"".join(pack("<q", len(value or [])) for value in values)
        items = [item for value in values for item in value or []]
        return [valid, lengths, *streams_of(items, kind[5:-1])]
    formats = {"int16": "<h", "int32": "<i", "int64": "<q", "float64": "<d", "bool": "<?"}
    if kind == "date":
        values = [value and (value - dt.date(1970, 1, 1)).days for value in values]
    return [valid, b"".join(pack(formats.get(kind, "<i"), value or 0) for value in values)]


def hashes_by_definition(frame: pl.DataFrame, name: str, size: int) -> dict[str, Any]:
    """The hashes of a table, made as their definition reads, of all values at once."""
    starts = range(0, frame.height, size)
    blocks = [head(name, min(size, frame.height - start)) for start in starts]
    columns = {}
    for column in dictionary.table(name).columns:
        values, alone = frame[column.name].to_list(), head(column.name, column.type, frame.height)
        for n, start in enumerate(starts):
            streams = streams_of(values[start : start + size], column.type)
            digest = sha256(b"".join(sha256(stream) for stream in streams))
            alone += digest
            blocks[n] += head(column.name, column.type) + digest
        columns[column.name] = sha256(alone)
    return {
        "rows": frame.height,
        "content_sha256": sha256(head(name, frame.height) + b"".join(columns.values())).hex(),
        "column_sha256": {column: digest.hex() for column, digest in columns.items()},
        "block_sha256": {"rows": size, "sha256": [sha256(block).hex()[:8] for block in blocks]},
    }


@given(rows_of_papers, st.integers(1, 4), st.integers(1, 4))
def test_hashes_are_what_their_definition_says(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, object]],
    row_group: int,
    blocks: int,
) -> None:
    """In a file as in memory, however many rows a row group has."""
    path = tmp_path_factory.mktemp("t") / "papers.parquet"
    frame = tables.frame_of("papers", [{"paper_id": f"p{n}", **r} for n, r in enumerate(rows)])
    frame = tables.conform(frame, "papers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow, "PUBLISHED_ROW_GROUP_SIZE", row_group)
        patch.setattr(tables, "_MOST_BLOCKS", blocks)
        tables.write_parquet(frame, "papers", path)
        found = versions.facts_of_file(path, "papers")
        assert found == versions.facts_of_frame(frame, "papers")
        assert found == hashes_by_definition(frame, "papers", max(1, -(-len(rows) // blocks)))
        assert tables.content_hash(frame, "papers") == found["content_sha256"]


@pytest.mark.parametrize("name", ["dumps", "matches", "sightings", "summaries/terms_by_month"])
def test_hashes_of_all_types_are_what_their_definition_says(name: str) -> None:
    values = {
        "string": ["Ebb", "", None],
        "bool": [True, False, None],
        "int16": [-1, 258, None],
        "int32": [-1, 70_000, None],
        "int64": [-1, 1 << 40, None],
        "float64": [0.5, -1e300, None],
        "date": [dt.date(1969, 12, 31), dt.date(2026, 6, 4), None],
        "list<string>": [["a", None, "é"], [], None],
        "list<int64>": [[1, None], [], None],
    }
    columns = dictionary.table(name).columns
    rows = [{c.name: values[c.type][(n + k) % 3] for k, c in enumerate(columns)} for n in range(5)]
    frame = tables.conform(tables.frame_of(name, rows), name)
    found = versions.facts_of_frame(frame, name)
    unversioned = frame
    if name.startswith("summaries/"):
        unversioned = frame.with_columns(version=pl.lit(None, pl.String))
    assert found == hashes_by_definition(unversioned, name, 1)


@pytest.mark.parametrize(("rows", "size"), [(0, 1), (1, 1), (256, 1), (257, 2), (1_000_000, 3_907)])
def test_blocks_follow_from_the_number_of_rows_alone(rows: int, size: int) -> None:
    assert tables.block_rows(rows) == size


def test_a_row_that_differs_differs_in_its_block_and_column_alone() -> None:
    rows = [{"paper_id": f"p{n:03}", "title": "Tides"} for n in range(600)]
    one = versions.facts_of_frame(tables.frame_of("papers", rows), "papers")
    rows[301]["title"] = "Ebb"
    other = versions.facts_of_frame(tables.frame_of("papers", rows), "papers")
    columns, blocks = (
        [k for k, (a, b) in enumerate(zip(*pair, strict=True)) if a != b]
        for pair in (
            (found["column_sha256"].items() for found in (one, other)),
            (found["block_sha256"]["sha256"] for found in (one, other)),
        )
    )
    assert [list(one["column_sha256"])[k] for k in columns] == ["title"]
    assert blocks == [301 // 3]


def test_facts_without_blocks_are_the_same_but_for_these() -> None:
    frame = tables.frame_of("papers", [{"paper_id": "p1", "title": "Tides"}])
    facts = versions.facts_of_frame(frame, "papers")
    del facts["block_sha256"]
    assert versions.facts_of_frame(frame, "papers", blocks=False) == facts


def test_bytes_that_stand_behind_a_null_are_not_hashed() -> None:
    """Arrow lets a null have bytes of its own; they are no content."""
    whole = pa.array(["ab", "cd", "e"])
    buffers = whole.buffers()
    hidden = pa.Array.from_buffers(pa.string(), 3, [pa.py_buffer(b"\x05"), *buffers[1:]])
    assert hidden.to_pylist() == ["ab", None, "e"]
    one, other = (pa.table({"title": a}) for a in (hidden, pa.array(["ab", None, "e"])))
    hashes = {tables.arrow_content_hash(table, "papers") for table in (one, other)}
    assert len(hashes) == 1


def test_all_of_a_chunk_may_be_null_or_empty(tmp_path: Path) -> None:
    table = pa.table({"title": pa.chunked_array([["a"], [None, ""], ["b"]])})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1)
    found = versions.facts_of_file(tmp_path / "t.parquet", "papers")
    assert found["content_sha256"] == tables.arrow_content_hash(table, "papers")
