"""Dates as the pages and records write them.

The pages write ``May 28`` and ``May 28, 2024``; records an ISO date, perhaps with a time, perhaps
cut to a month or a year (``2024-05-28T17:59:29.000Z``, ``2024-05``, ``2024``), or the date of a
mail (``Tue, 28 May 2024 17:59:29 GMT``). A time of day is left out: the day is the one written.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

# written out, since calendar.month_abbr follows the locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# months may be written out: what may follow their first three letters
_WRITTEN_OUT = "uary|ruary|ch|il|e|y|ust|t|tember|ober|ember"
DATE_PATTERN = (
    rf"^\s*({'|'.join(MONTHS)})(?:{_WRITTEN_OUT})?\.?\s+([0-9]{{1,2}})(?:,\s*([0-9]{{4}}))?\s*$"
)
# a record's year, then month and day where they are given; the day may be followed by a time
ISO_PATTERN = r"^\s*([0-9]{4})(?:[-/]([0-9]{1,2})(?:[-/]([0-9]{1,2})(?:$|[TZ+\s].*)?)?)?\s*$"
MAIL_PATTERN = (
    rf"^\s*(?:[A-Z][a-z]{{2}},\s*)?([0-9]{{1,2}}) ({'|'.join(MONTHS)})(?:{_WRITTEN_OUT})?\.?,? "
    r"([0-9]{4})(?:$|\s.*)"
)
EARLIEST_YEAR, LATEST_YEAR = 1950, 2100  # a year beyond is a mistake on the page
_DATE = re.compile(DATE_PATTERN)
_ISO = re.compile(ISO_PATTERN)


class WrittenDate(NamedTuple):
    """The parts of a date as written; a part that is not there is None."""

    month: int | None = None
    day: int | None = None
    year: int | None = None


def read_date(text: str | None) -> WrittenDate:
    """The parts of a date as the pages write it.

    A text that is no such date, whose day no year has, or whose year is beyond belief yields no
    parts.
    """
    found = _DATE.match(text) if text else None
    if not found:
        return WrittenDate()
    month, day = MONTHS.index(found[1]) + 1, int(found[2])
    year = int(found[3]) if found[3] else None
    if year is not None and not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return WrittenDate()
    if not 1 <= day <= days_in_month(month, year):
        return WrittenDate()
    return WrittenDate(month, day, year)


def days_in_month(month: int, year: int | None = None) -> int:
    """The number of days of a month; of February in a leap year where the year is unknown."""
    year = 2000 if year is None else year
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return (following - dt.timedelta(days=1)).day


def earliest_in_or_after(year: int, month: int, day: int) -> dt.date:
    """The first time from a year on that a day of the year comes: 29 February waits for it.

    Raises:
        ValueError: No year has that day.
    """
    for candidate in range(year, year + 9):
        if day <= days_in_month(month, candidate):
            return dt.date(candidate, month, day)
    raise ValueError(f"no year has day {day} of month {month}")


def exists(year: int, month: int, day: int) -> bool:
    """Whether a year has a day."""
    return 1 <= day <= days_in_month(month, year)


def read_day(text: str | None) -> dt.date | None:
    """The day that an ISO date or time states; None where it states none."""
    found = _ISO.match(text) if text else None
    if not found or not found[3]:
        return None
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    if not (EARLIEST_YEAR <= year <= LATEST_YEAR and 1 <= month <= 12 and exists(year, month, day)):
        return None
    return dt.date(year, month, day)


def shown_month(text: pl.Expr) -> pl.Expr:
    """The month of a date as the pages write it; null where the text is no such date."""
    month = text.str.extract(DATE_PATTERN, 1).replace_strict(
        {name: number for number, name in enumerate(MONTHS, 1)},
        default=None,
        return_dtype=pl.Int16,
    )
    return pl.when(_shown_day(text).is_not_null()).then(month)


def shown_day(text: pl.Expr) -> pl.Expr:
    """The day of the month of a date as the pages write it; null where no year has that day."""
    return pl.when(_shown_day(text).is_not_null()).then(
        text.str.extract(DATE_PATTERN, 2).cast(pl.Int16)
    )


def shown_year(text: pl.Expr) -> pl.Expr:
    """The year of a date as the pages write it; null where they leave it out."""
    year = text.str.extract(DATE_PATTERN, 3).cast(pl.Int16)
    return pl.when(year.is_between(EARLIEST_YEAR, LATEST_YEAR)).then(year)


def _shown_day(text: pl.Expr) -> pl.Expr:
    """The day that a page's date is in its year, or where that is left out, in a leap year."""
    month = text.str.extract(DATE_PATTERN, 1).replace_strict(
        {name: f"{number:02}" for number, name in enumerate(MONTHS, 1)}, default=None
    )
    day = text.str.extract(DATE_PATTERN, 2).str.zfill(2)
    written = text.str.extract(DATE_PATTERN, 3)
    year = pl.when(written.is_null()).then(pl.lit("2000")).otherwise(written)
    return pl.format("{}-{}-{}", year, month, day).str.to_date("%Y-%m-%d", strict=False)


_EPOCH = 719_163  # 1970-01-01, counted from the day before the first of year 1


def day_of(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The day of a year, a month and a day of it; null where there is none (29 February).

    The month must have that day in some year. The count of days is that of Reingold and
    Dershowitz, *Calendrical Calculations*; in whole numbers it is several times faster than
    putting dates together.
    """
    year, month, day = (part.cast(pl.Int32) for part in (year, month, day))
    is_leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    years = year - 1
    before = years * 365 + years // 4 - years // 100 + years // 400
    missing = pl.when(month <= 2).then(0).when(is_leap).then(1).otherwise(2)
    days = before + (month * 367 - 362) // 12 - missing + day - _EPOCH
    exists = (month != 2) | (day < 29) | is_leap
    return pl.when(exists).then(days.cast(pl.Int32).cast(pl.Date))


def first_from(bound: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The first day on or after a bound that is this day of a year; 29 February waits for one."""
    return pl.map_batches([bound, month, day], _first_from, return_dtype=pl.Date)


def last_until(bound: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The last day on or before a bound that is this day of a year."""
    return pl.map_batches([bound, month, day], _last_until, return_dtype=pl.Date)


# In NumPy: as expressions, several of these in one another take longer to plan than to compute.
def _first_from(parts: Sequence[pl.Series]) -> pl.Series:
    bounds, months, days, known = _whole(parts)
    step = _years_between(months, days)
    year = _years(bounds)
    year += -year % step
    found = _days_of(year, months, days)
    return _days(np.where(found >= bounds, found, _days_of(year + step, months, days)), known)


def _last_until(parts: Sequence[pl.Series]) -> pl.Series:
    bounds, months, days, known = _whole(parts)
    step = _years_between(months, days)
    year = _years(bounds)
    year -= year % step
    found = _days_of(year, months, days)
    return _days(np.where(found <= bounds, found, _days_of(year - step, months, days)), known)


def _whole(parts: Sequence[pl.Series]) -> tuple[Any, Any, Any, pl.Series]:
    """Bounds, months and days without nulls, and where none was null."""
    bounds, months, days = parts
    known = bounds.is_not_null() & months.is_not_null() & days.is_not_null()
    return (
        bounds.fill_null(dt.date(2000, 1, 1)).to_numpy().astype("datetime64[D]"),
        months.fill_null(1).cast(pl.Int64).to_numpy(),
        days.fill_null(1).cast(pl.Int64).to_numpy(),
        known,
    )


def _years(days: Any) -> Any:
    return days.astype("datetime64[Y]").astype(np.int64) + 1970


def _years_between(months: Any, days: Any) -> Any:
    """After how many years a day comes again."""
    return np.where((months == 2) & (days == 29), 4, 1)


def _days_of(years: Any, months: Any, days: Any) -> Any:
    """The days of years; NaT, of which no comparison is true, where there is none."""
    month = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    found = month.astype("datetime64[D]") + (days - 1).astype("timedelta64[D]")
    return np.where(found.astype("datetime64[M]") == month, found, np.datetime64("NaT", "D"))


def _days(found: Any, known: pl.Series) -> pl.Series:
    return pl.Series(found.astype("datetime64[D]"), dtype=pl.Date).set(~known, None)


def stated_year(text: pl.Expr) -> pl.Expr:
    """The year written in a date text; null without one, or where it is beyond belief."""
    year = pl.coalesce(
        text.str.extract(DATE_PATTERN, 3),
        text.str.extract(ISO_PATTERN, 1),
        text.str.extract(MAIL_PATTERN, 3),
    ).cast(pl.Int16)
    return pl.when(year.is_between(EARLIEST_YEAR, LATEST_YEAR)).then(year)


def stated_date(text: pl.Expr) -> pl.Expr:
    """The day that a date text states in full; null without a year, and where there is none."""
    month = pl.coalesce(text.str.extract(DATE_PATTERN, 1), text.str.extract(MAIL_PATTERN, 2))
    number = pl.coalesce(
        text.str.extract(ISO_PATTERN, 2).str.zfill(2),
        month.replace_strict({m: f"{n:02}" for n, m in enumerate(MONTHS, 1)}, default=None),
    )
    day = pl.coalesce(
        text.str.extract(DATE_PATTERN, 2),
        text.str.extract(ISO_PATTERN, 3),
        text.str.extract(MAIL_PATTERN, 1),
    ).str.zfill(2)
    return pl.format("{}-{}-{}", stated_year(text), number, day).str.to_date(
        "%Y-%m-%d", strict=False
    )
