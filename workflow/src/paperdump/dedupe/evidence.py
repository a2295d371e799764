"""What entries say of the years of pages, put ready for the rounds of ``years``."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from paperdump.dedupe import bounds
from paperdump.normalize import dates

ZONES = 1  # days by which two pages may differ in the date of a paper
# Days by which a paper's date may come before the month in its arXiv identifier, which is given
# when the paper is announced, after a hold that may take weeks (23 days were seen).
HELD = 180
# The evidence for the day of a paper, the strongest first.
DATED_LOWER = ("dated_elsewhere", "dated_elsewhere", "arxiv_id")
DATED_UPPER = ("dated_elsewhere", "dated_elsewhere", "listed_elsewhere", "listed_elsewhere")
EXACT, LEFT_OUT, IDENTIFIED, LISTED, SEEN = 0, 1, 2, 2, 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """Entries as evidence. Bounds are numbers, as ``bounds`` makes them.

    Attributes:
        entries: A row per entry, in page order: ``at`` (its place in that order), ``page`` (the
            place of its dump among the dumps), ``paper`` (counted from 0), ``agrees`` (whether
            the paper's dates agree on all pages), ``month`` and ``day`` (where its date leaves
            the year out).
        left_out: Those of them that leave the year out and whose paper agrees.
        papers: A row per paper: ``exact_lower`` and ``exact_upper`` (of its date, from dates
            written in full), ``held`` (from its arXiv identifier), ``listed`` (from a record of
            its listing), ``since`` (from when on a page can list it, by its arXiv identifier).
        pages: A row per page: ``recorded`` (the latest day that an entry of it states).
        written: A row per page: the latest year that it writes out (``year``), the first entry
            with it (``at``), on how many entries it stands (``n_written``), how many leave their
            year out (``n_left_out``), how many are dated at all (``n_dates``).
    """

    entries: pl.DataFrame
    left_out: pl.DataFrame
    papers: pl.DataFrame
    pages: pl.DataFrame
    written: pl.DataFrame


def evidence_of(entries: pl.DataFrame, pages: pl.DataFrame) -> Evidence:
    """Entries as evidence of years.

    Args:
        entries: Normalized entries in page order, with ``cluster``.
        pages: What the dumps state of their days, as ``page_days.stated`` gives it.
    """
    rows = _with_agreement(_placed(entries, pages))
    at, zone = pl.col("at"), pl.duration(days=ZONES)
    exact = pl.when("agrees").then("exact")
    listed = pl.when("agrees").then("listed")
    held = pl.col("since") - pl.duration(days=HELD)
    papers = rows.group_by("paper").agg(
        exact_lower=bounds.lower(exact - zone, EXACT, at).max(),
        exact_upper=bounds.upper(exact + zone, EXACT, at).min(),
        held=bounds.lower(held, IDENTIFIED, at).max(),
        listed=bounds.upper(listed + zone, LISTED, at).min(),
        since=bounds.lower(pl.col("since") - zone, 0, at).max(),
    )
    # on one page the days are of one time zone; what a record adds to its paper is not
    recorded = pl.max_horizontal("exact", pl.col("listed") - zone, pl.col("updated") - zone)
    by_page = rows.group_by("page").agg(recorded=bounds.lower(recorded, 0, at).max())
    every = pl.select(page=pl.int_range(pages.height))
    kept = rows.select("at", "page", "paper", "agrees", "month", "day")
    return Evidence(
        entries=kept,
        left_out=kept.filter(pl.col("month").is_not_null() & pl.col("agrees")),
        papers=papers.sort("paper"),
        pages=every.join(by_page, on="page", how="left", maintain_order="left"),
        written=_written(rows),
    )


def _placed(entries: pl.DataFrame, pages: pl.DataFrame) -> pl.DataFrame:
    """The entries with their places, their dates as far as they are written, and other days."""
    undated = pl.col("shown_year").is_null() & pl.col("shown_month").is_not_null()
    two_digits = pl.col("arxiv_id").str.extract(r"^(?:[a-z.-]+/)?([0-9]{2})", 1).cast(pl.Int32)
    century = pl.when(two_digits >= 91).then(1900).otherwise(2000)
    month_of_id = pl.col("arxiv_id").str.extract(r"^(?:[a-z.-]+/)?[0-9]{2}(0[1-9]|1[0-2])", 1)
    numbers = pages.select("dump_id", page_month="month", page_day="day").with_row_index("page")
    needed = ("dump_id", "cluster", "arxiv_id", "published_on", "listed_on", "updated_on")
    rows = (
        # all columns would be copied by a join
        entries.select(*needed, "shown_year", "shown_month", "shown_day")
        .join(numbers, on="dump_id", how="left", maintain_order="left")
        .select(
            "shown_year",
            "page_month",
            "page_day",
            at=pl.int_range(pl.len(), dtype=pl.Int64),
            page=pl.col("page").cast(pl.Int64),
            paper=pl.col("cluster").rank("dense").cast(pl.Int64) - 1,
            exact="published_on",
            month=pl.when(undated).then("shown_month"),
            day=pl.when(undated).then("shown_day"),
            since=dates.day_of(century + two_digits, month_of_id.cast(pl.Int32), pl.lit(1)),
            listed="listed_on",
            updated="updated_on",
        )
    )
    # what is dated after its page's day says nothing of the year; ``dating`` tells it
    own = _ordinal(pl.col("page_month"), pl.col("page_day"))
    after = (_ordinal(pl.col("month"), pl.col("day")) > own + ZONES).fill_null(value=False)
    return rows.with_columns(pl.when(~after).then(name).alias(name) for name in ("month", "day"))


def _ordinal(month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The place of a day in a leap year."""
    return dates.day_of(pl.lit(2000), month, day).dt.ordinal_day()


def _with_agreement(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``agrees``: whether all dates of the paper could be one, but for time zones."""
    exact, place = pl.col("exact"), pl.col("place")
    shown = pl.coalesce(
        _ordinal(pl.col("month"), pl.col("day")), _ordinal(exact.dt.month(), exact.dt.day())
    )
    places = rows.select("paper", "exact", place=shown).filter(place.is_not_null())
    span = place.max() - place.min()
    # New Year lies between day 366 and day 1; between 28 February and 1 March lies 0 or 1 day
    beside = (place.n_unique() == 2) & (
        (span <= ZONES) | (span == 365) | ((place.min() == 59) & (place.max() == 61))
    )
    near = ((exact.max() - exact.min()).dt.total_days() <= ZONES).fill_null(value=True)
    agreeing = places.group_by("paper").agg(agrees=((place.n_unique() == 1) | beside) & near)
    return rows.join(agreeing, on="paper", how="left", maintain_order="left").with_columns(
        pl.col("agrees").fill_null(value=True)
    )


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    """The years that pages write out."""
    latest = pl.col("shown_year") == pl.col("shown_year").max()
    return rows.group_by("page").agg(
        year=pl.col("shown_year").max(),
        at=pl.col("at").filter(latest).min(),
        n_written=latest.sum(),
        n_left_out=pl.col("month").count(),
        n_dates=pl.col("month").count() + pl.col("shown_year").count(),
    )
