from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import arrow, dictionary, tables

PAPER = {
    "paper_id": "p" + "0" * 16,
    "title": "Tides",
    "authors": ["A", "B"],
    "n_authors": 2,
    "published_on": dt.date(2024, 5, 2),
    "urls": [],
    "n_sightings": 1,
    "n_dumps": 1,
    "conflicts": [],
}


def test_a_table_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    frame = tables.frame_of("papers", [PAPER])
    tables.write_parquet(frame, "papers", tmp_path / "papers.parquet")
    assert tables.read_parquet(tmp_path / "papers.parquet", "papers").equals(frame)
    assert tables.row_count(tmp_path / "papers.parquet") == 1


def test_a_table_of_many_rows_is_written_in_its_order(tmp_path: Path) -> None:
    days = [dt.date(2024, 5, 1) + dt.timedelta(days=n * 7 % 90) for n in range(40_000)]
    rows = pl.DataFrame(
        {"paper_id": [f"p{n:016x}" for n in range(40_000)], "published_on": days, "beside": 1}
    )

    def finish(some: pl.DataFrame, name: str) -> pl.DataFrame:
        assert (name, some.height <= arrow.PUBLISHED_ROW_GROUP_SIZE) == ("papers", True)
        return some.with_columns(abstract="On " + pl.col("paper_id"))

    tables.write_parquet(rows, "papers", tmp_path / "papers.parquet", finish)
    expected = tables.conform(finish(rows[:1], "papers"), "papers").clear()
    found = tables.read_parquet(tmp_path / "papers.parquet", "papers")
    assert found.schema == expected.schema
    assert (
        found["paper_id"].to_list() == rows.sort("published_on", "paper_id")["paper_id"].to_list()
    )
    assert found["abstract"].equals(("On " + found["paper_id"]).alias("abstract"))


@pytest.mark.parametrize("name", sorted(dictionary.tables()))
def test_every_column_explains_itself_in_the_file(tmp_path: Path, name: str) -> None:
    tables.write_parquet(tables.frame_of(name, []), name, tmp_path / "t.parquet")
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.metadata[b"description"]
    assert json.loads(schema.metadata[b"key"]) == list(dictionary.table(name).key)
    for column in dictionary.table(name).columns:
        field = schema.field(column.name)
        assert field.metadata[b"description"].decode() == column.description
        assert field.metadata.get(b"unit", b"").decode() == (column.unit or "")


def test_dates_and_counts_are_no_texts() -> None:
    schema = tables.arrow_schema("papers")
    assert schema.field("published_on").type == pa.date32()
    assert schema.field("n_authors").type == pa.int32()
    assert schema.field("urls").type == pa.list_(pa.string())


def test_a_column_that_must_not_be_null_says_so_in_the_file(tmp_path: Path) -> None:
    tables.write_parquet(tables.frame_of("papers", [PAPER]), "papers", tmp_path / "t.parquet")
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert not schema.field("title").nullable
    assert schema.field("abstract").nullable


def test_rows_are_sorted_with_unknown_last() -> None:
    rows = [
        {**PAPER, "paper_id": f"p{n}", "published_on": day}
        for n, day in enumerate([None, dt.date(2025, 1, 1), dt.date(2024, 1, 1)])
    ]
    sorted_rows = tables.conform(tables.frame_of("papers", rows), "papers")
    assert sorted_rows["paper_id"].to_list() == ["p2", "p1", "p0"]


def test_a_file_of_another_table_is_refused(tmp_path: Path) -> None:
    tables.write_parquet(tables.frame_of("rejects", []), "rejects", tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="not a table papers"):
        tables.read_parquet(tmp_path / "t.parquet", "papers")


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    tables.write_json(target, {"a": 1})
    with pytest.raises(TypeError):
        tables.write_json(target, {"a": object()})
    with pytest.raises(FileNotFoundError), tables.atomic_path(target):
        pass  # nothing was written, so there is nothing to move
    assert json.loads(target.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target]


def test_csv_has_nothing_for_null_and_joins_lists(tmp_path: Path) -> None:
    rows = [{"version": "v", "host": "github.com", "papers": 2, "links": 3}]
    tables.write_csv(
        tables.frame_of("summaries/code_links", rows), "summaries/code_links", tmp_path / "a"
    )
    assert (tmp_path / "a").read_text() == "version,host,papers,links\nv,github.com,2,3\n"
    paper = {**PAPER, "n_authors": None, "urls": ["https://a", "https://b"]}
    tables.write_csv(tables.frame_of("papers", [paper]), "papers", tmp_path / "b")
    header, row = (tmp_path / "b").read_text().splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    assert (values["n_authors"], values["urls"]) == ("", "https://a https://b")


optional_texts = st.one_of(st.none(), st.text(max_size=5))
rows_of_papers = st.lists(
    st.fixed_dictionaries(
        {
            "title": optional_texts,
            "n_authors": st.one_of(st.none(), st.integers(0, 9)),
            "urls": st.one_of(st.none(), st.lists(optional_texts, max_size=3)),
            "published_on": st.one_of(st.none(), st.dates()),
        }
    ),
    max_size=6,
)


def sightings_of(rows: list[dict[str, object]]) -> pl.DataFrame:
    return tables.frame_of(
        "work/normalized",
        [{"dump_id": "d", "position": n, **row} for n, row in enumerate(rows)],
    )


@given(rows_of_papers, st.integers(0, 6))
def test_the_content_hash_does_not_depend_on_chunks(
    rows: list[dict[str, object]], cut: int
) -> None:
    whole = sightings_of(rows)
    pieces = pl.concat([whole[:cut], whole[cut:]], rechunk=False)
    assert tables.content_hash(whole, "work/normalized") == tables.content_hash(
        pieces, "work/normalized"
    )


@given(rows_of_papers, rows_of_papers)
def test_the_content_hash_tells_contents_apart(
    one: list[dict[str, object]], other: list[dict[str, object]]
) -> None:
    hashes = [tables.content_hash(sightings_of(rows), "work/normalized") for rows in (one, other)]
    assert (hashes[0] == hashes[1]) == sightings_of(one).equals(sightings_of(other))


def test_the_content_hash_tells_null_from_empty_and_lists_apart() -> None:
    variants: list[list[dict[str, object]]] = [
        [{"urls": None}],
        [{"urls": []}],
        [{"urls": [None]}],
        [{"urls": [""]}],
        [{"urls": ["ab"]}],
        [{"urls": ["a", "b"]}],
        [{"title": ""}],
        [{"title": None, "n_authors": 0}],
    ]
    hashes = {tables.content_hash(sightings_of(rows), "work/normalized") for rows in variants}
    assert len(hashes) == len(variants)


def test_the_content_hash_is_what_it_was() -> None:
    # a change here gives every release a new version: say so in the changelog
    frame = tables.frame_of("papers", [PAPER])
    assert tables.content_hash(frame, "papers")[:16] == "9fd16a5fbc88e1a6"


def test_texts_of_all_rows_never_stand_in_one_chunk_which_holds_two_gibibytes_at_most() -> None:
    size = arrow.row_group_size("papers")
    n = 2 * size + 1
    frame = tables.frame_of("papers", [PAPER])[[0] * n]
    frame = frame.with_columns(abstract=pl.format("abstract {}", pl.int_range(n)))
    table = tables.to_arrow(frame, "papers")
    chunks = table.column("abstract").chunks
    assert max(len(chunk) for chunk in chunks) <= size
    assert pl.DataFrame(pl.from_arrow(table)).equals(tables.conform(frame, "papers"))


@pytest.mark.parametrize("count", [0, 1, 16_384, 40_000])
def test_a_table_is_read_in_pieces_whatever_its_row_groups(tmp_path: Path, count: int) -> None:
    rows = tables.conform(
        pl.select(
            entry_id=pl.int_range(count).cast(pl.String),
            dump_id=pl.lit("d"),
            position=pl.int_range(count, dtype=pl.Int32),
            title=pl.lit("Tides"),
        ),
        "work/entries",
    )
    with arrow.pieces("work/entries", tmp_path / "t.parquet") as writer:
        for some in rows.iter_slices(7_000):
            writer.write(tables.to_arrow(some, "work/entries"))
    pieces = list(tables.iter_parquet(tmp_path / "t.parquet", "work/entries"))
    assert [len(piece) for piece in pieces] == [
        min(16_384, count - start) for start in range(0, max(count, 1), 16_384)
    ]
    assert pl.concat(pieces).equals(rows)
