"""How much of a published file a reader needs who filters it."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from paperdump import arrow, dictionary, tables

ROWS = 20 * arrow.PUBLISHED_ROW_GROUP_SIZE
MONTH = (dt.date(2024, 3, 1), dt.date(2024, 3, 31))


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Papers of ten years, whose identifiers stand in no order, as they are published."""
    number = pl.int_range(ROWS)
    ids = ["p" + hashlib.sha256(b"%d" % n).hexdigest()[:16] for n in range(ROWS)]
    frame = pl.select(
        title=pl.format("On the tides of bay {}", number),
        abstract=pl.format("Bay {} has tides, and {} more.", number * 7919 % ROWS, number),
        published_on=dt.date(2015, 1, 1) + pl.duration(days=number * 7919 % 3650),
        arxiv_id=pl.format("2403.{}", (number * 31 % 90000 + 10000).cast(pl.String)),
        n_sightings=pl.lit(1, pl.Int32),
        n_dumps=pl.lit(1, pl.Int32),
        conflicts=pl.lit([], pl.List(pl.String)),
    ).with_columns(paper_id=pl.Series(ids))
    path = tmp_path_factory.mktemp("layout") / "papers.parquet"
    tables.write_parquet(frame, "papers", path)
    return path


class Counted:
    """A file that knows how many bytes were read of it."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("rb")
        self.bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.bytes += len(data)
        return data

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)


def groups_for(path: Path, column: str, low: object, high: object) -> list[int]:
    """The row groups of which the statistics do not exclude a range of values."""
    metadata = pq.read_metadata(path)
    place = metadata.schema.names.index(column)
    found = []
    for number in range(metadata.num_row_groups):
        known = metadata.row_group(number).column(place).statistics
        assert known is not None
        if known.has_min_max and known.min <= high and known.max >= low:
            found.append(number)
    return found


def not_excluded(path: Path, column: str, value: str) -> set[int]:
    """The row groups that the Bloom filters of a column let pass for a value."""
    probed = duckdb.execute(
        "select row_group_id, bloom_filter_excludes from parquet_bloom_probe(?, ?, ?)",
        [str(path), column, value],
    ).fetchall()
    return {number for number, excluded in probed if not excluded}


def test_a_month_is_in_few_row_groups(papers: Path) -> None:
    assert pq.read_metadata(papers).num_row_groups == 20
    assert 1 <= len(groups_for(papers, "published_on", *MONTH)) <= 2


def test_a_reader_of_a_month_reads_a_tenth_of_the_bytes_or_less(papers: Path) -> None:
    day = ds.field("published_on")
    whole, part = Counted(papers), Counted(papers)
    every = pq.read_table(pa.PythonFile(whole, "r"), pre_buffer=False)
    few = pq.read_table(
        pa.PythonFile(part, "r"),
        filters=(day >= MONTH[0]) & (day <= MONTH[1]),
        pre_buffer=False,
    )
    expected = pl.from_arrow(every).filter(pl.col("published_on").is_between(*MONTH))
    assert few.num_rows == expected.height > 2000
    assert part.bytes < whole.bytes / 7


@pytest.mark.parametrize("column", ["paper_id", "arxiv_id"])
def test_an_identifier_is_excluded_from_nearly_all_row_groups(papers: Path, column: str) -> None:
    wanted = pl.read_parquet(papers, columns=[column])[column]
    assert len(not_excluded(papers, column, "p0")) <= 1
    one = str(wanted[wanted.len() // 2])
    where = wanted.to_frame().with_row_index().filter(pl.col(column) == one)["index"]
    groups = set((where // arrow.PUBLISHED_ROW_GROUP_SIZE).to_list())
    left = not_excluded(papers, column, one)
    assert groups <= left
    assert len(left) <= len(groups) + 2


@pytest.mark.parametrize("name", [n for n, t in dictionary.tables().items() if t.published])
def test_every_column_has_statistics_and_a_page_index(tmp_path: Path, name: str) -> None:
    table = dictionary.table(name)
    row = {c.name: _some(c) for c in table.columns}
    tables.write_parquet(tables.frame_of(name, [row]), name, tmp_path / "t.parquet")
    metadata = pq.read_metadata(tmp_path / "t.parquet")
    group = metadata.row_group(0)
    for number in range(metadata.num_columns):
        column = group.column(number)
        assert column.compression == "ZSTD"
        assert column.is_stats_set
        assert column.has_column_index
        assert column.has_offset_index
    assert len(group.sorting_columns) == len(table.order)
    names = [group.column(s.column_index).path_in_schema for s in group.sorting_columns]
    assert names == list(table.order)


def _some(column: dictionary.Column) -> object:
    match column.type:
        case "string":
            return "a"
        case "date":
            return dt.date(2024, 1, 1)
        case "bool":
            return True
        case kind if kind.startswith("list"):
            return ["a"] if kind == "list<string>" else [1]
        case _:
            return 1


def test_what_passes_between_stages_is_written_without_filters(tmp_path: Path) -> None:
    assert "bloom_filter_options" not in arrow.parquet_layout("work/normalized", 9)
    assert arrow.parquet_layout("papers", 9)["bloom_filter_options"]["paper_id"]["ndv"] == 9
    assert set(arrow.parquet_layout("sightings", 9)["bloom_filter_options"]) == {
        "entry_id", "paper_id", "arxiv_id", "doi",
    }  # fmt: skip
    tables.write_parquet(tables.frame_of("papers", []), "papers", tmp_path / "none.parquet")
    assert pl.read_parquet(tmp_path / "none.parquet").is_empty()
    # Hugging Face datasets fails with an empty one
    assert pq.read_metadata(tmp_path / "none.parquet").num_row_groups == 0


def test_what_the_next_stage_reads_whole_is_written_with_its_texts_compressed_alone(
    tmp_path: Path,
) -> None:
    row = {c.name: _some(c) for c in dictionary.table("work/normalized").columns}
    frame = tables.frame_of("work/normalized", [row])
    with arrow.pieces("work/normalized", tmp_path / "t.parquet") as writer:
        writer.write(tables.to_arrow(frame, "work/normalized"))
    assert tables.read_parquet(tmp_path / "t.parquet", "work/normalized").equals(frame)
    group = pq.read_metadata(tmp_path / "t.parquet").row_group(0)
    columns = {c.path_in_schema: c for c in map(group.column, range(group.num_columns))}
    compressed = {name for name, c in columns.items() if c.compression == "ZSTD"}
    assert {name for name, c in columns.items() if c.physical_type == "BYTE_ARRAY"} == compressed
    assert {"clean_abstract", "authors.list.element"} <= compressed
    assert not any(column.is_stats_set for column in columns.values())
