"""Invented worlds of papers, and pages that list them at days that are known: truth for dating."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from paperdump.normalize import dates


@dataclass(frozen=True)
class Shown:
    """An entry of a page: a paper, by number, and its day as the page knows it; None: lost."""

    paper: int
    day: dt.date | None
    arxiv_id: str | None = None


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        day: The day on which it is viewed.
        entries: What it lists.
        writes_years: Whether all years are written out, as records do; else those of its own
            year are left out.
        has_day: Whether it shows its day, without the year.
        captured: Whether the capture states its day.
    """

    day: dt.date
    entries: Sequence[Shown] = field(default_factory=tuple)
    writes_years: bool = False
    has_day: bool = True
    captured: bool = False


def written(day: dt.date, *, with_year: bool) -> str:
    """A day as the pages write it."""
    text = f"{dates.MONTHS[day.month - 1]} {day.day}"
    return f"{text}, {day.year}" if with_year else text


def tables_of_world(pages: Sequence[Page]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The dumps and the entries, in page order, as they come to be dated."""
    dumps = [
        {
            "dump_id": f"d{number:016x}",
            "path": f"{number:05}.txt",
            "listing_text": None
            if page.writes_years or not page.has_day
            else written(page.day, with_year=False),
            "captured_text": page.day.isoformat() if page.captured else None,
            "date_links": None,
            "sheet_snapshot_on": None,
            "notes": [],
        }
        for number, page in enumerate(pages)
    ]
    entries = [
        {
            "entry_id": f"d{number:016x}-{position:05}",
            "dump_id": f"d{number:016x}",
            "position": position,
            "title": f"Paper {shown.paper}",
            "first_line": position * 10,
            "record": None,
            "cluster": shown.paper,
            "arxiv_id": shown.arxiv_id,
            "date_text": None if shown.day is None else _as_shown(shown.day, page),
            "truth": shown.day,
        }
        for number, page in enumerate(pages)
        for position, shown in enumerate(page.entries, 1)
    ]
    dump_schema = {
        **dict.fromkeys(("dump_id", "path", "listing_text", "captured_text"), pl.String),
        "date_links": pl.List(pl.String),
        "sheet_snapshot_on": pl.Date,
        "notes": pl.List(pl.String),
    }
    entry_schema = {
        "entry_id": pl.String,
        "dump_id": pl.String,
        "position": pl.Int32,
        "title": pl.String,
        "first_line": pl.Int32,
        "record": pl.Int64,
        "cluster": pl.Int64,
        "arxiv_id": pl.String,
        "date_text": pl.String,
        "truth": pl.Date,
    }
    text = pl.col("date_text")
    return pl.DataFrame(dumps, schema=dump_schema), pl.DataFrame(
        entries, schema=entry_schema
    ).with_columns(
        shown_month=dates.shown_month(text),
        shown_day=dates.shown_day(text),
        shown_year=dates.shown_year(text),
        published_on=dates.stated_date(text),
        listed_on=pl.lit(None, pl.Date),
        updated_on=pl.lit(None, pl.Date),
    ).with_columns(
        published_on_evidence=pl.when(pl.col("published_on").is_not_null()).then(pl.lit("stated"))
    )


def _as_shown(day: dt.date, page: Page) -> str:
    if page.writes_years:
        return f"{day.isoformat()}T12:00:00.000Z"
    return written(day, with_year=day.year != page.day.year)
