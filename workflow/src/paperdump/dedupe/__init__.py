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
    """What the stage makes of each table: columns beside it, rows in any order."""

    papers: pl.DataFrame
    sightings: pl.DataFrame
    dumps: pl.DataFrame
    matches: pl.DataFrame
    contradictions: pl.DataFrame
    corrections: pl.DataFrame
    review: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables by name, as they are published."""
        return {n: tables.conform(finished(made, n), n) for n, made in self.made().items()}

    def made(self) -> dict[str, pl.DataFrame]:
        """What is made of the tables, by name; of what ``finished`` adds the rows know only."""
        return {name: getattr(self, name) for name in TABLES}


TABLES = tuple(field.name for field in fields(Deduplicated))


def finished(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows made of a table with what is added at last, to few rows at a time: it takes memory."""
    return merging.as_listed(rows) if name == "sightings" else rows


def dedupe(
    normalized: pl.DataFrame,
    dumps: pl.DataFrame,
    inference: Inference,
    limits: Limits,
    corrections: Sequence[Correction] = (),
    blocks: Blocks | None = None,
    ready: tables.Ready = lambda _name, _frame: None,
) -> Deduplicated:
    """Find the entries that are the same paper and merge them.

    Args:
        normalized: A table ``work/normalized`` with the entries of all dumps.
        dumps: A table ``dumps`` with all dumps.
        inference: Whether, and from how much, the years of pages are inferred.
        limits: The thresholds of matching.
        corrections: What people correct.
        blocks: What blocking found, where shards did that before.
        ready: Told of each table as soon as it is made.

    Returns:
        The tables, the same whatever the order of the rows given.

    Raises:
        PaperdumpError: Corrections contradict each other.
    """
    entries = merging.in_page_order(normalized, dumps)
    del normalized  # else it would be in memory twice
    if any(one.field == "abstract" for one in corrections):
        # what is on the page can no longer be told from what is made of it
        entries = merging.as_listed(entries)
    corrector = Corrector(corrections, entries, dumps, limits)
    entries = corrector.fix_keys(entries)
    entries, matches = corrector.cluster(entries, blocks)
    dumps, entries, contradictions = corrector.dated(
        entries, lambda undated: dating.resolve(dumps, undated, inference)
    )
    entries = corrector.fix_values(identity.with_paper_ids(entries))
    ready("sightings", entries)  # which takes longest to write, beside what is still to do
    papers = corrector.fix_papers(merging.merge(entries, dumps), entries)
    ready("papers", papers)
    done = Deduplicated(
        papers=papers,
        sightings=entries,
        dumps=dumps,
        matches=matches,
        contradictions=contradictions,
        corrections=corrector.table(entries),
        review=review.doubtful(matches, entries, dumps),
    )
    for name, frame in done.made().items():
        if name not in ("sightings", "papers"):
            ready(name, frame)
    return done
