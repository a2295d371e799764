"""Which rows have a value is told from the beginnings of pages as from the values."""

from __future__ import annotations

import string
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperdump import levels
from paperdump.stored import Stored


def written(folder: Path, values: list[Any], **options: Any) -> Path:
    path = folder / "rows.parquet"
    table = pl.DataFrame({"column": values}).to_arrow(compat_level=pl.CompatLevel.oldest())
    pq.write_table(table, path, **{"compression": "zstd", **options})
    return path


def present(path: Path, column: int = 0) -> list[bool]:
    return levels.present(path, pq.read_metadata(path), column).to_list()


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    # runs of rows with and without a value, some of them long enough to be written as such
    runs=st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=12),
    text=st.sampled_from(["", "a", "long " * 300]),
    row_group_size=st.sampled_from([7, 64, 1000]),
    rows_per_page=st.sampled_from([1, 5, 1000]),
    use_dictionary=st.booleans(),
    page_index=st.booleans(),
)
def test_rows_that_have_a_value_are_told(
    tmp_path: Path,
    runs: list[tuple[bool, int]],
    text: str,
    row_group_size: int,
    rows_per_page: int,
    use_dictionary: bool,
    page_index: bool,
) -> None:
    there = [has for has, times in runs for _ in range(times)]
    values = [f"{text}{number}" if has else None for number, has in enumerate(there)]
    path = written(
        tmp_path,
        [*values, None, text],
        row_group_size=row_group_size,
        max_rows_per_page=rows_per_page,
        use_dictionary=use_dictionary,
        write_page_index=page_index,
    )
    assert present(path) == [*there, False, True]


def test_long_pages_of_what_compression_makes_no_smaller_are_told(tmp_path: Path) -> None:
    chance = Random(0)  # noqa: S311
    noise = ["".join(chance.choices(string.printable, k=9_000)) for _ in range(60)]
    values = [None if number % 7 == 3 else text for number, text in enumerate(noise)]
    path = written(tmp_path, values, use_dictionary=False, compression_level=1)
    assert path.stat().st_size > 1 << 18
    assert present(path) == [value is not None for value in values]


@pytest.mark.parametrize("options", [{"compression": "snappy"}, {"data_page_version": "2.0"}])
def test_pages_of_other_kinds_are_not_understood(tmp_path: Path, options: dict[str, Any]) -> None:
    path = written(tmp_path, ["a" * 1_000, None] * 5, **options)
    with pytest.raises(levels.NotUnderstoodError):
        present(path)
    assert Stored(path).present("column") is None


def test_lists_and_files_without_statistics_are_not_understood(tmp_path: Path) -> None:
    with pytest.raises(levels.NotUnderstoodError):
        present(written(tmp_path, [["a"], None]))
    with pytest.raises(levels.NotUnderstoodError):
        present(written(tmp_path, ["a", None], write_statistics=False))


def test_a_damaged_page_is_not_understood(tmp_path: Path) -> None:
    path = written(tmp_path, ["a" * 1_000, None] * 500, use_dictionary=False)
    footer = pq.read_metadata(path)
    data = bytearray(path.read_bytes())
    place = footer.row_group(0).column(0).data_page_offset
    data[place : place + 60] = bytes(60)
    path.write_bytes(data)
    with pytest.raises(levels.NotUnderstoodError):
        levels.present(path, footer, 0)


def test_of_short_texts_and_of_lists_nothing_is_told(tmp_path: Path) -> None:
    assert Stored(written(tmp_path, ["short", None])).present("column") is None
    assert Stored(written(tmp_path, [["a" * 1_000], None])).present("column") is None
    long = Stored(written(tmp_path, ["a" * 1_000, None, "b" * 1_000], use_dictionary=False))
    found = long.present("column")
    assert found is not None
    assert found.to_list() == [True, False, True]
