"""The quarantine stage: papers that fail a critical expectation leave the release, with a reason.

It runs under ``on_failure: quarantine`` only, between dedupe and all that follows, which then sees
the tables that are left; so everything is validated again.

A paper leaves that fails itself, or one of whose entries does, and all its entries become rejects:
so an entry stays in exactly one place. Tables that name such a paper or entry (pairs, evidence,
corrections) stay as they are; the rejects name it too, so what refers to it finds it there. A paper
without entries would leave no trace; it stays, and validation stops the release. So it does where
what fails is not of single papers or entries: a dump, a sum, a loss against the release before.
Nothing here depends on the release before: what is published follows from the dumps and the
settings alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from paperdump import tables, validate
from paperdump.stored import Rows

# the tables that it changes; the others stay as they are
CHANGED = ("papers", "sightings", "dumps", "rejects")
_OF_PAPERS = ("papers", "sightings")


class Quarantined(NamedTuple):
    """What is left, and why the rest is not.

    Attributes:
        tables: The tables of ``CHANGED``.
        failures: The failures for which papers left: a table ``validation/failures``.
    """

    tables: dict[str, pl.DataFrame]
    failures: pl.DataFrame


def quarantine(release: validate.Release, settings: Mapping[str, Any]) -> Quarantined:
    """Take the papers out of a release that fail a critical expectation.

    Args:
        release: The tables of ``VALIDATED`` by name.
        settings: The section ``validate`` of the settings.

    Raises:
        PaperdumpError: An expectation of the config does not exist, or its arguments are wrong.
    """
    failures = validate.find(release, settings).failures
    sightings = release["sightings"].lazy()
    held = (
        failures.filter(
            (pl.col("severity") == "critical")
            & pl.col("table").is_in(_OF_PAPERS)
            & pl.col("paper_id").is_not_null()
        )
        .join(sightings.select("paper_id").unique().collect(), on="paper_id", how="semi")
        .with_columns(outcome=pl.lit("quarantined"))
    )
    reasons = held.group_by("paper_id").agg(
        message=pl.concat_str(
            pl.lit("Quarantined, since its paper fails what is expected: "),
            pl.concat_str("table", pl.lit("."), "field", pl.lit(": "), ignore_nulls=True)
            + pl.col("expected"),
        )
        .unique()
        .sort()
        .first()
    )
    leaving = sightings.join(reasons.lazy(), on="paper_id").collect()
    counts = leaving.group_by("dump_id").agg(leaving=pl.len().cast(pl.Int32))
    left = (pl.col("leaving")).fill_null(0)
    dumps = release["dumps"].lazy().collect().join(counts, on="dump_id", how="left")
    rejects = release["rejects"].lazy().collect()
    return Quarantined(
        {
            "papers": _without(release["papers"], reasons),
            "sightings": _without(release["sightings"], reasons),
            "rejects": tables.conform(pl.concat([rejects, _as_rejects(leaving, dumps)]), "rejects"),
            "dumps": tables.conform(
                dumps.with_columns(
                    n_entries=pl.col("n_entries") - left, n_rejects=pl.col("n_rejects") + left
                ),
                "dumps",
            ),
        },
        held,
    )


def _without(rows: Rows, gone: pl.DataFrame) -> pl.DataFrame:
    """The rows that are not of these papers, in their order."""
    return rows.lazy().join(gone.lazy(), on="paper_id", how="anti", maintain_order="left").collect()


def _as_rejects(leaving: pl.DataFrame, dumps: pl.DataFrame) -> pl.DataFrame:
    """Entries as rejects, numbered after those that their dumps have.

    Args:
        leaving: Rows of sightings, each with the ``message`` that says why.
        dumps: The dumps, with the rejects that they have so far.
    """
    number = pl.col("n_rejects") + pl.col("position").rank("ordinal").over("dump_id")
    numbered = leaving.join(dumps.select("dump_id", "n_rejects"), on="dump_id").with_columns(
        reject_id=pl.concat_str(
            "dump_id", pl.lit("-r"), number.cast(pl.String).str.pad_start(4, "0")
        ),
        reason=pl.lit("quarantined"),
        excerpt=pl.col("title"),
    )
    return tables.conform(numbered, "rejects")
