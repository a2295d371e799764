from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import arrow, tables, versions

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


@given(rows_of_papers, st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_a_table_in_a_file_has_the_hashes_that_it_has_in_memory(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, object]],
    row_group: int,
    blocks: int,
    is_held: bool,
) -> None:
    """However many rows a row group has, and whether columns are held or read twice."""
    path = tmp_path_factory.mktemp("t") / "papers.parquet"
    frame = tables.frame_of("papers", [{"paper_id": f"p{n}", **r} for n, r in enumerate(rows)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow, "PUBLISHED_ROW_GROUP_SIZE", row_group)
        patch.setattr(versions, "_MOST_BLOCKS", blocks)
        patch.setattr(versions, "_MOST_HELD", 1 << 20 if is_held else 0)
        tables.write_parquet(frame, "papers", path)
        found = versions.facts_of_file(path, "papers")
        assert found == versions.facts_of_frame(frame, "papers")
        assert versions.content_hash_of_file(path, "papers") == found["content_sha256"]
    assert tables.content_hash(frame, "papers") == found["content_sha256"]


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


def test_all_wholeof_a_chunk_may_be_null_or_empty(tmp_path: Path) -> None:
    table = pa.table({"title": pa.chunked_array([["a"], [None, ""], ["b"]])})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1)
    found = versions.content_hash_of_file(tmp_path / "t.parquet", "papers")
    assert found == tables.arrow_content_hash(table, "papers")
