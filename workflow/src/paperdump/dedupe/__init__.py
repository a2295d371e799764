"""The dedupe stage: block → match → cluster → resolve → merge. Only here are entries compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import polars as pl

from paperdump import tables
from paperdump.corrections import Correction
from paperdump.dedupe import dating, identity, merging, review
from paperdump.dedupe.correcting import Corrector
from paperdump.dedupe.dating import Inference
from paperdump.dedupe.limits import Limits
from paperdump.dedupe.pairing import Blocks


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """The tables that the stage makes."""

    papers: pl.DataFrame
    sightings: pl.DataFrame
    dumps: pl.DataFrame
    matches: pl.DataFrame
    contradictions: pl.DataFrame
    corrections: pl.DataFrame
    review: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def dedupe(
    normalized: pl.DataFrame,
    dumps: pl.DataFrame,
    inference: Inference,
    limits: Limits,
    corrections: Sequence[Correction] = (),
    blocks: Blocks | None = None,
) -> Deduplicated:
    """Find the entries that are the same paper and merge them.

    Args:
        normalized: A table ``work/normalized`` with the entries of all dumps.
        dumps: A table ``dumps`` with all dumps.
        inference: Whether, and from how much, the years of pages are inferred.
        limits: The thresholds of matching.
        corrections: What people correct.
        blocks: What blocking found, where shards did that before.

    Returns:
        The tables, the same whatever the order of the rows given.

    Raises:
        PaperdumpError: Corrections contradict each other.
    """
    entries = merging.in_page_order(normalized, dumps)
    del normalized  # else it would be in memory twice
    corrector = Corrector(corrections, entries, dumps, limits)
    entries = corrector.fix_keys(entries)
    entries, matches = corrector.cluster(entries, blocks)
    dumps, entries, contradictions = corrector.dated(
        entries, lambda undated: dating.resolve(dumps, undated, inference)
    )
    entries = corrector.fix_values(identity.with_paper_ids(entries))
    papers = corrector.fix_papers(merging.merge(entries, dumps), entries)
    return Deduplicated(
        papers=tables.conform(papers, "papers"),
        sightings=tables.conform(entries, "sightings"),
        dumps=tables.conform(dumps, "dumps"),
        matches=tables.conform(matches, "matches"),
        contradictions=tables.conform(contradictions, "contradictions"),
        corrections=tables.conform(corrector.table(entries), "corrections"),
        review=tables.conform(review.doubtful(matches, entries, dumps), "review"),
    )
