from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import arrow, tables
from paperdump.errors import PaperdumpError
from paperdump.releases import Version

COLUMNS = ("title", "authors", "n_authors")
rows_of_papers = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", ""]),
        st.sampled_from([["x"], [], None]),
        st.sampled_from([1, 2, None]),
    ),
    max_size=12,
)


def stored(folder: Path, rows: list[tuple[object, ...]], row_group: int = 2) -> Version:
    """A release of papers, in whose file a row group has so many rows."""
    made = [
        {"paper_id": f"p{n:02}", **dict(zip(COLUMNS, row, strict=True))}
        for n, row in enumerate(rows)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow, "PUBLISHED_ROW_GROUP_SIZE", row_group)
        tables.write_parquet(tables.frame_of("papers", made), "papers", folder / "papers.parquet")
    return Version(folder, {})


@given(rows_of_papers, st.integers(0, 13), st.integers(1, 4))
def test_the_pieces_of_a_table_are_its_rows_from_one_on(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[object, ...]],
    first: int,
    row_group: int,
) -> None:
    version = stored(tmp_path_factory.mktemp("t"), rows, row_group)
    pieces = list(version.pieces("papers", COLUMNS, first))
    expected = version.read("papers", COLUMNS)[first:]
    assert pl.concat([expected.clear(), *pieces]).equals(expected)
    assert all(0 < piece.height <= row_group for piece in pieces)


@given(rows_of_papers, rows_of_papers, rows_of_papers)
def test_what_begins_with_the_same_bytes_begins_with_the_same_values(
    tmp_path_factory: pytest.TempPathFactory,
    begin: list[tuple[object, ...]],
    one_end: list[tuple[object, ...]],
    other_end: list[tuple[object, ...]],
) -> None:
    one = stored(tmp_path_factory.mktemp("t"), begin + one_end)
    other = stored(tmp_path_factory.mktemp("t"), begin + other_end)
    found = one.begins_as(other, "papers")
    for column, n_rows in found.items():
        values = [side.read("papers", [column])[:n_rows] for side in (one, other)]
        assert values[0].height == n_rows
        assert values[0].equals(values[1])
    # what both have is found, but for a row group that others begin in
    assert all(found.get(column, 0) >= len(begin) // 2 * 2 for column in COLUMNS)


def test_a_column_is_the_same_where_another_one_differs(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [("a", ["x"], n % 3) for n in range(8)]
    one = stored(tmp_path / "one", rows)
    other = stored(tmp_path / "other", [*rows[:5], ("a", ["x", "y"], rows[5][2]), *rows[6:]])
    found = one.begins_as(other, "papers")
    assert (found["title"], found["authors"], found["n_authors"]) == (8, 4, 8)


def test_columns_of_other_types_begin_with_nothing_alike(tmp_path: Path) -> None:
    one, other = (stored(tmp_path / name, [("a", [], 1)]) for name in ("one", "other"))
    frame = other.read("papers").with_columns(pl.col("n_authors").cast(pl.Int64))
    frame.write_parquet(tmp_path / "other" / "papers.parquet")
    assert one.begins_as(other, "papers") == {}
    assert one.begins_as(other, "sightings") == {}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    version = stored(tmp_path, [("a", [], 1)])
    (tmp_path / "papers.parquet").write_bytes(b"PAR1")
    with pytest.raises(PaperdumpError, match=r"papers\.parquet cannot be read"):
        list(version.pieces("papers", COLUMNS))
    with pytest.raises(PaperdumpError, match=r"papers\.parquet cannot be compared"):
        version.begins_as(version, "papers")
