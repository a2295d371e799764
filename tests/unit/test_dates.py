"""Days of years: what comes first after a day, and last before one."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.normalize import dates

DAYS = st.dates(dt.date(1951, 1, 1), dt.date(2095, 12, 31))
OF_YEARS = st.dates(dt.date(2000, 1, 1), dt.date(2000, 12, 31))  # all that any year has


def day_in(year: int, of_year: dt.date) -> dt.date | None:
    if not dates.exists(year, of_year.month, of_year.day):
        return None
    return of_year.replace(year=year)


@given(st.lists(st.tuples(st.none() | DAYS, OF_YEARS), max_size=20))
def test_the_days_of_years_around_a_day(rows: list[tuple[dt.date | None, dt.date]]) -> None:
    frame = pl.DataFrame(
        [(bound, each.month, each.day) for bound, each in rows],
        schema={"bound": pl.Date, "month": pl.Int16, "day": pl.Int16},
        orient="row",
    )
    columns = (pl.col("bound"), pl.col("month"), pl.col("day"))
    found = frame.select(
        first=dates.first_from(*columns),
        last=dates.last_until(*columns),
        same=dates.day_of(pl.col("bound").dt.year(), pl.col("month"), pl.col("day")),
    )
    for (bound, each), row in zip(rows, found.to_dicts(), strict=True):
        if bound is None:
            assert row == {"first": None, "last": None, "same": None}
            continue
        near = [day_in(year, each) for year in range(bound.year - 8, bound.year + 9)]
        there = [day for day in near if day is not None]
        assert row["first"] == min(day for day in there if day >= bound)
        assert row["last"] == max(day for day in there if day <= bound)
        assert row["same"] == day_in(bound.year, each)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("May 28", (5, 28, None)),
        ("Sept. 3, 2024", (9, 3, 2024)),
        ("Feb 29", (2, 29, None)),
        ("Feb 30", (None, None, None)),
        ("Feb 29, 2023", (None, None, 2023)),
        ("2024-05-28", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_the_parts_of_a_date_as_the_pages_write_it(
    text: str | None, parts: tuple[int | None, ...]
) -> None:
    column = pl.col("text")
    found = pl.DataFrame({"text": [text]}, schema={"text": pl.String}).select(
        dates.shown_month(column).alias("month"),
        dates.shown_day(column).alias("day"),
        dates.shown_year(column).alias("year"),
    )
    assert found.row(0) == parts
