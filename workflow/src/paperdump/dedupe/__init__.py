"""The dedupe stage: block → match → cluster → resolve → merge. Only here are entries compared."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from paperdump import tables
from paperdump.dedupe import clusters, identity, merging, years


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """The tables that the stage makes."""

    papers: pl.DataFrame
    sightings: pl.DataFrame
    dumps: pl.DataFrame
    matches: pl.DataFrame


def dedupe(normalized: pl.DataFrame, dumps: pl.DataFrame) -> Deduplicated:
    """Find the entries that are the same paper and merge them.

    Args:
        normalized: A table ``work/normalized`` with the entries of all dumps.
        dumps: A table ``dumps`` with all dumps.

    Returns:
        The tables, the same whatever the order of the rows given.
    """
    dumps = years.bound_snapshots(dumps, normalized)
    entries = merging.in_page_order(normalized, dumps)
    entries, matches = clusters.of_same_paper(entries)
    entries = identity.with_paper_ids(entries)
    return Deduplicated(
        papers=tables.conform(merging.merge(entries, dumps), "papers"),
        sightings=tables.conform(entries, "sightings"),
        dumps=tables.conform(dumps, "dumps"),
        matches=tables.conform(matches, "matches"),
    )
