"""What is counted without Great Expectations is what it counts, of whatever rows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paperdump import counted, dictionary, engine
from paperdump.counted import Count
from paperdump.expectations import Expectation
from paperdump.stored import Stored

pytestmark = pytest.mark.xdist_group("expectations")  # takes seconds to import

COLUMNS = {
    "id": pl.String,
    "slug": pl.String,
    "kind": pl.String,
    "n": pl.Int32,
    "score": pl.Float64,
    "day": pl.Date,
    "names": pl.List(pl.String),
}


def expect(kind: str, **arguments: Any) -> Expectation:
    return Expectation(f"expect_{kind}", "critical", arguments, "As it is said.")


EXPECTED = [
    *(expect("column_values_to_not_be_null", column=name) for name in COLUMNS),
    expect("column_values_to_not_be_null", column="n", mostly=0.5),
    expect("column_values_to_be_unique", column="id"),
    expect("column_values_to_be_unique", column="n"),
    expect("compound_columns_to_be_unique", column_list=["id", "kind"]),
    expect("compound_columns_to_be_unique", column_list=["id", "n"]),
    expect("column_values_to_match_regex", column="id", regex="^p[0-9a-f]{2}$"),
    expect("column_values_to_match_regex", column="slug", regex=r"^\S+$"),
    expect("column_values_to_match_regex", column="slug", regex=r"^10\.[0-9]{1,2}/\S+$"),
    expect("column_values_to_match_regex", column="kind", regex="^(?:a|b[a-z-]*(?:/[0-9]{2,})?)$"),
    expect("column_values_to_be_in_set", column="kind", value_set=["a", "b"]),
    expect("column_values_to_be_between", column="n", min_value=0, max_value=9),
    expect("column_values_to_be_between", column="n", min_value=1, max_value=None),
    expect("column_values_to_be_between", column="score", min_value=0, max_value=1),
    expect("column_values_to_be_between", column="score", min_value=0.5, max_value=None),
    expect(
        "column_values_to_be_between", column="day", min_value="1950-01-01", max_value="2100-12-31"
    ),
]

IDS = st.sampled_from(["p00", "pff", "p0f", "p1", "P00", "p00\n", "", "p00 "])
SLUGS = st.sampled_from(
    ["some", "10.1/x", "10.12/é", "a b", "a\x1cb", "a\x85b", "a\xa0b", "a\u2003b", "\x7f", ""]
)
ROWS = st.lists(
    st.tuples(
        st.none() | IDS,
        st.none() | SLUGS,
        st.none() | st.sampled_from(["a", "b", "b-c", "b/12", "c"]),
        st.none() | st.integers(-1, 10),
        st.none() | st.sampled_from([0.0, -0.0, 0.25, 1.0, 1.5, math.nan, math.inf]),
        st.none() | st.dates(dt.date(1949, 12, 1), dt.date(1950, 3, 1)),
        st.none() | st.lists(st.sampled_from(["x", ""]), max_size=2),
    ),
    max_size=6,
)


def frame_of(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def asked(suite: engine.Suite, partition_rows: int) -> list[engine.Outcome]:
    """What Great Expectations says where nothing is counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counted, "counts", lambda *_: {})
        return engine.run(suite, partition_rows)


def told(outcomes: Sequence[engine.Outcome]) -> list[tuple[Any, ...]]:
    return [
        (
            one.expectation.type,
            one.success,
            one.rows,
            one.result,
            one.error,
            None if one.failing is None else one.failing.to_dict(as_series=False),
        )
        for one in outcomes
    ]


@pytest.fixture(autouse=True)
def _count_in_tables_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "COUNTED_FROM", 0)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, partition_rows=st.sampled_from([2, 100]))
def test_what_is_counted_is_what_great_expectations_counts(
    tmp_path: Path, rows: list[tuple[Any, ...]], partition_rows: int
) -> None:
    frame = frame_of(rows)
    suite = engine.Suite(frame.lazy(), ("id",), EXPECTED)
    said = told(asked(suite, partition_rows))
    assert repr(told(engine.run(suite, partition_rows))) == repr(said)
    frame.write_parquet(tmp_path / "rows.parquet", row_group_size=2)
    stored = Stored(tmp_path / "rows.parquet")
    of_file = engine.Suite(stored.lazy(), ("id",), EXPECTED, stored)
    assert repr(told(engine.run(of_file, partition_rows))) == repr(said)


SOUND = [
    ("p00", "some", "a", 1, 0.5, dt.date(2020, 1, 1), ["x"]),
    ("p01", None, "b-c", 2, None, None, []),
]


def test_all_that_rows_plainly_meet_is_counted() -> None:
    sound = [e for e in EXPECTED if e.arguments.get("column") not in ("score", "kind", "slug")]
    told = counted.counts(frame_of(SOUND).lazy(), sound, 2)
    assert set(told) == set(range(len(sound)))
    assert told[2] == Count(0, 1)  # of what must not be missing, what is missing fails


def test_where_a_value_fails_great_expectations_is_asked() -> None:
    frame = frame_of([("p0", "a b", "c", 11, 2.0, dt.date(1900, 1, 1), None)])
    found = counted.counts(frame.lazy(), EXPECTED, 1)
    kinds = {EXPECTED[number].type.removeprefix("expect_") for number in found}
    assert kinds == {
        "column_values_to_not_be_null",
        "column_values_to_be_unique",
        "compound_columns_to_be_unique",
        "column_values_to_be_between",  # of one number, which is large enough
    }


@pytest.mark.parametrize(
    "asked",
    [
        expect("column_values_to_match_regex", column="id", regex="^p.*$"),
        expect("column_values_to_match_regex", column="id", regex="^p++00$"),
        expect("column_values_to_match_regex", column="id", regex="^p{1}{1}[0-9]+$"),
        expect("column_values_to_match_regex", column="id", regex=r"^p\d+$"),
        expect("column_values_to_match_regex", column="id", regex="^(?i)p[0-9]+$"),
        expect("column_values_to_match_regex", column="id", regex="^(?:p[0-9]+$"),
        expect("column_values_to_match_regex", column="n", regex="^[0-9]$"),
        expect("column_values_to_be_between", column="id", min_value="a", max_value="z"),
        expect("column_values_to_be_between", column="n", min_value=0, strict_min=True),
        expect("column_values_to_be_between", column="n", min_value=True),
        expect("column_values_to_be_between", column="n", min_value=9, max_value=0),
        expect("column_values_to_be_between", column="day", min_value="today"),
        expect("column_values_to_be_in_set", column="n", value_set=[1, 2]),
        expect("column_values_to_be_unique", column="id", row_condition='col("n") > 0'),
        expect("column_values_to_be_unique", column="score"),
        expect("column_values_to_not_be_null", column="score"),
        expect("column_values_to_not_be_null", column="other"),
        expect("compound_columns_to_be_unique", column_list=["id"]),
        expect("column_values_to_be_null", column="id"),
        expect("column_mean_to_be_between", column="n", min_value=0),
    ],
)
def test_what_may_be_meant_otherwise_is_asked(asked: Expectation) -> None:
    assert counted.counts(frame_of(SOUND).lazy(), [asked], 2) == {}


def test_rows_that_cannot_be_read_are_left_to_great_expectations() -> None:
    broken = pl.LazyFrame({"id": ["p00"]}).select(pl.col("id").cast(pl.Int32).cast(pl.String))
    assert counted.counts(broken, [expect("column_values_to_be_unique", column="id")], 1) == {}


def test_the_patterns_of_the_data_dictionary_are_plain() -> None:
    columns = [c for name in dictionary.VALIDATED for c in dictionary.table(name).columns]
    assert [c.name for c in columns if c.pattern and not counted._is_pattern(c.pattern)] == []


def test_of_a_file_that_tells_it_neither_gaps_nor_ranges_are_read(tmp_path: Path) -> None:
    frame_of(SOUND).write_parquet(tmp_path / "rows.parquet")
    stored = Stored(tmp_path / "rows.parquet")
    unread = stored.lazy().map_batches(lambda _: pytest.fail("it is read"), schema=COLUMNS)
    told_by_file = [e for e in EXPECTED if e.arguments.get("column") in ("n", "day")]
    from_file = [e for e in told_by_file if "unique" not in e.type]
    assert len(from_file) == 6
    assert len(counted.counts(unread, from_file, 2, stored)) == 6
