"""When a page was captured: what its dates say about its year."""

from __future__ import annotations

import polars as pl

from paperdump.normalize import dates


def bound_snapshots(dumps: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Bound the day on which each page was captured.

    The site leaves the year out of a date exactly when it was the current one on the day of
    viewing. So every year that a page writes out lies before its own, and the page's day cannot
    come before the first such day of the year after.

    Args:
        dumps: Dumps with ``listing_text``.
        entries: Entries with ``dump_id`` and ``stated_year``.

    Returns:
        The dumps with the columns that say when they were captured.
    """
    latest = entries.group_by("dump_id").agg(latest_stated=pl.col("stated_year").max())
    known = dumps.select("dump_id", "listing_text").join(latest, on="dump_id", how="left")
    bounds = [
        {"dump_id": dump_id, **_bounds(listing_text, stated)}
        for dump_id, listing_text, stated in known.iter_rows()
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


def _bounds(listing_text: str | None, latest_stated: int | None) -> dict[str, object]:
    listing = dates.read_date(listing_text)
    result: dict[str, object] = {"listing_month": listing.month, "listing_day": listing.day}
    if listing.month is None or listing.day is None:
        return result
    if listing.year is not None:
        day = dates.earliest_in_or_after(listing.year, listing.month, listing.day)
        result |= dict.fromkeys(("snapshot_on", "snapshot_earliest", "snapshot_latest"), day)
        result |= dict.fromkeys(
            ("snapshot_earliest_evidence", "snapshot_latest_evidence", "year_evidence"), "stated"
        )
    elif latest_stated is not None:
        result["snapshot_earliest"] = dates.earliest_in_or_after(
            latest_stated + 1, listing.month, listing.day
        )
        result["snapshot_earliest_evidence"] = "stated_years"
    return result
