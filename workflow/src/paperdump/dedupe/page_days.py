"""What a dump itself says of the day of its page, before dumps are compared.

The line under the page's header is its day, mostly without a year. A capture may state its time,
the page may link to the listings of the days beside its own, and the sheet of dumps may know.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from paperdump.normalize import dates

SCHEMA = {
    "dump_id": pl.String,
    "month": pl.Int16,
    "day": pl.Int16,
    "earliest": pl.Date,
    "earliest_kind": pl.String,
    "latest": pl.Date,
    "latest_kind": pl.String,
}
_ZONES = dt.timedelta(days=1)  # how far the day of a capture and the day shown may be apart
_BESIDE = dt.timedelta(days=14)  # how far the listings beside a page's own may be from it


def stated(dumps: pl.DataFrame) -> pl.DataFrame:
    """What each dump states of its page's day: month and day as shown, and bounds with their kind.

    Args:
        dumps: Dumps with ``listing_text``, ``captured_text``, ``date_links`` and
            ``sheet_snapshot_on``.

    Returns:
        A row per dump, with the columns of ``SCHEMA``.
    """
    said = dumps.select(
        "dump_id", "listing_text", "captured_text", "date_links", "sheet_snapshot_on"
    )
    rows = [{"dump_id": dump_id, **_stated(*facts)} for dump_id, *facts in said.iter_rows()]
    return pl.DataFrame(rows, schema=SCHEMA)


def _stated(
    listing_text: str | None,
    captured_text: str | None,
    date_links: list[str] | None,
    sheet_day: dt.date | None,
) -> dict[str, object]:
    shown = dates.read_date(listing_text)
    result: dict[str, object] = {"month": shown.month, "day": shown.day}
    captured = dates.read_day(captured_text)
    if sheet_day is not None:
        return result | _known(sheet_day, "sheet")
    linked = [day for link in date_links or () if (day := dates.read_day(link))]
    if shown.month is None or shown.day is None:
        if captured is not None:
            return result | _known(captured, "captured")
        return result | (_bound("earliest", min(linked), "date_links") if linked else {})
    if shown.year is not None:
        # a year that lacks the day (29 February) is none that can be meant
        day = dates.earliest_in_or_after(shown.year, shown.month, shown.day)
        return result | _known(day, "stated")
    if captured is not None:
        nearest = _nearest([captured], shown.month, shown.day)
        if abs(nearest - captured) <= _ZONES:
            return result | _known(nearest, "captured")
        # the page is older than its capture: an archive, or the listing of another day
        result |= _bound("latest", captured, "captured")
    if linked:
        nearest = _nearest(linked, shown.month, shown.day)
        if min(abs(nearest - day) for day in linked) <= _BESIDE:
            return result | _known(nearest, "date_links")
    return result


def _bound(side: str, day: dt.date, kind: str) -> dict[str, object]:
    return {side: day, f"{side}_kind": kind}


def _known(day: dt.date, kind: str) -> dict[str, object]:
    return _bound("earliest", day, kind) | _bound("latest", day, kind)


def _nearest(days: list[dt.date], month: int, day_of_month: int) -> dt.date:
    """The day of the year that lies nearest to one of several days."""
    years = range(min(days).year - 4, max(days).year + 5)
    found = [
        dt.date(year, month, day_of_month)
        for year in years
        if dates.exists(year, month, day_of_month)
    ]
    return min(found, key=lambda day: (min(abs(day - other) for other in days), day))
