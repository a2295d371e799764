"""When a page was captured: what its dates say about its year."""

from __future__ import annotations

import datetime as dt

import polars as pl

from paperdump.normalize import dates


def bound_snapshots(dumps: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Bound the day on which each page was captured.

    The site leaves the year out of a date exactly when it was the current one on the day of
    viewing. So every year that a page writes out lies before its own, and the page's day cannot
    come before the first such day of the year after. A capture that states its time, or the
    sheet of dumps, says more.

    Args:
        dumps: Dumps with ``listing_text``, ``captured_text`` and ``sheet_snapshot_on``.
        entries: Entries with ``dump_id`` and ``stated_year``.

    Returns:
        The dumps with the columns that say when they were captured.
    """
    latest = entries.group_by("dump_id").agg(latest_stated=pl.col("stated_year").max())
    known = dumps.select("dump_id", "listing_text", "captured_text", "sheet_snapshot_on").join(
        latest, on="dump_id", how="left", maintain_order="left"
    )
    bounds = [
        {"dump_id": dump_id, **_bounds(listing_text, stated, captured_text, sheet_day)}
        for dump_id, listing_text, captured_text, sheet_day, stated in known.iter_rows()
    ]
    schema = {
        "dump_id": pl.String,
        "listing_month": pl.Int16,
        "listing_day": pl.Int16,
        "snapshot_on": pl.Date,
        "snapshot_earliest": pl.Date,
        "snapshot_earliest_evidence": pl.String,
        "snapshot_latest": pl.Date,
        "snapshot_latest_evidence": pl.String,
        "year_evidence": pl.String,
    }
    found = pl.DataFrame(bounds, schema=schema)
    added = [name for name in schema if name != "dump_id" and name in dumps.columns]
    return dumps.drop(added).join(found, on="dump_id", how="left", maintain_order="left")


_PARTS = ("snapshot_on", "snapshot_earliest", "snapshot_latest")
_EVIDENCE = ("snapshot_earliest_evidence", "snapshot_latest_evidence")
_ZONES = dt.timedelta(days=1)  # how far the day of a capture and the day shown may be apart


def _bounds(
    listing_text: str | None,
    latest_stated: int | None,
    captured_text: str | None,
    sheet_day: dt.date | None,
) -> dict[str, object]:
    listing = dates.read_date(listing_text)
    result: dict[str, object] = {"listing_month": listing.month, "listing_day": listing.day}
    captured = dates.read_day(captured_text)
    if sheet_day is not None:
        return result | _known(sheet_day, "sheet")
    if listing.month is None or listing.day is None:
        return result | (_known(captured, "captured") if captured else {})
    if listing.year is not None:
        day = dates.earliest_in_or_after(listing.year, listing.month, listing.day)
        return result | _known(day, "stated")
    if captured is not None:
        shown = _nearest(captured, listing.month, listing.day)
        if abs(shown - captured) <= _ZONES:
            return result | _known(shown, "captured")
        # the page is older than its capture: an archive, or a page of another day
        result |= {"snapshot_latest": captured, "snapshot_latest_evidence": "captured"}
    if latest_stated is not None:
        earliest = dates.earliest_in_or_after(latest_stated + 1, listing.month, listing.day)
        # the year left out is that of the viewing, which may come after the listing's own day
        if captured is None or earliest <= captured:
            result["snapshot_earliest"] = earliest
            result["snapshot_earliest_evidence"] = "stated_years"
    return result


def _known(day: dt.date, evidence: str) -> dict[str, object]:
    """What is to be said of a page whose day is known."""
    return {
        **dict.fromkeys(_PARTS, day),
        **dict.fromkeys(_EVIDENCE, evidence),
        "year_evidence": "stated",
    }


def _nearest(day: dt.date, month: int, day_of_month: int) -> dt.date:
    """The day of the year that lies nearest to a day, in its year or one beside it."""
    years = [y for y in range(day.year - 4, day.year + 5) if dates.exists(y, month, day_of_month)]
    return min((dt.date(y, month, day_of_month) for y in years), key=lambda d: abs(d - day))
