"""Which entries are the same paper."""

from __future__ import annotations

import polars as pl


def by_title(entries: pl.DataFrame) -> pl.DataFrame:
    """Add ``cluster``, a number that entries with the same normalized title share.

    Clusters are numbered from 0 in the order of their first entries.
    """
    keys = entries.select(pl.col("title_key").unique(maintain_order=True))
    numbered = keys.with_row_index("cluster")
    return entries.join(numbered, on="title_key", how="left", maintain_order="left")


def title_matches(entries: pl.DataFrame) -> pl.DataFrame:
    """The pairs that ``by_title`` decided: the first entry of each cluster with each later one."""
    first = pl.col("entry_id").first().over("cluster")
    return (
        entries.select(entry_id_kept=first, entry_id_repeat="entry_id")
        .filter(pl.col("entry_id_kept") != pl.col("entry_id_repeat"))
        .with_columns(
            match_rule=pl.lit("same_title"),
            title_score=pl.lit(1.0),
            match_decision=pl.lit("same"),
        )
    )
