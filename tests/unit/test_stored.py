"""What a Parquet file tells of its columns is what they hold."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperdump.stored import Stored

LONG = "x" * 10_000  # longer than what statistics hold


def stored(folder: Path, frame: pl.DataFrame, statistics: bool = True) -> Stored:
    path = folder / "rows.parquet"
    pq.write_table(
        frame.to_arrow(compat_level=pl.CompatLevel.oldest()),
        path,
        row_group_size=2,
        write_statistics=statistics,
    )
    return Stored(path)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.none() | st.sampled_from(["", "a", "é", LONG, "\x00"]),
            st.none() | st.integers(-5, 5),
            st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)),
        ),
        max_size=7,
    )
)
def test_what_is_missing_the_bounds_and_empty_texts_are_those_of_the_rows(
    tmp_path: Path, rows: list[tuple[str | None, int | None, dt.date | None]]
) -> None:
    schema = {"text": pl.String, "n": pl.Int16, "day": pl.Date}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    found = stored(tmp_path, frame)
    assert found.height == frame.height
    for name in schema:
        assert found.missing(name) == frame[name].null_count()
    for name in ("n", "day"):
        least, most = frame[name].min(), frame[name].max()
        assert found.bounds(name) == (None if least is None else (least, most))
    assert found.has_empty("text") == bool((frame["text"] == "").any())
    assert found.lazy().collect().equals(frame)


@pytest.mark.parametrize("text", ["", "a"])
def test_a_row_group_that_does_not_tell_is_read(tmp_path: Path, text: str) -> None:
    found = stored(tmp_path, pl.DataFrame({"text": ["b", "c", LONG, text]}))
    group = pq.read_metadata(found.path).row_group(1)
    assert not group.column(0).statistics.has_min_max
    assert found.has_empty("text") == (text == "")


def test_of_lists_and_columns_that_are_not_there_a_file_tells_nothing(tmp_path: Path) -> None:
    found = stored(tmp_path, pl.DataFrame({"names": [["a"], []], "score": [0.5, float("nan")]}))
    assert found.missing("names") is None
    assert found.has_empty("names") is None
    assert found.missing("other") is None
    assert found.bounds("score") is None


def test_a_file_without_statistics_tells_nothing(tmp_path: Path) -> None:
    found = stored(tmp_path, pl.DataFrame({"n": [1, 2], "text": ["a", "b"]}), statistics=False)
    assert found.height == 2
    assert (found.missing("n"), found.bounds("n"), found.has_empty("text")) == (None, None, None)
