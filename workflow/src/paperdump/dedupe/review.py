"""Doubtful pairs, side by side, for people to settle."""

from __future__ import annotations

import polars as pl

from paperdump.dedupe.decisions import DOUBTFUL

_SIDES = (("", "entry_id_kept"), ("other_", "entry_id_repeat"))
_SCORES = ("title_score", "abstract_score", "author_score")


def doubtful(matches: pl.DataFrame, entries: pl.DataFrame, dumps: pl.DataFrame) -> pl.DataFrame:
    """The pairs of papers that may be one, each once, the clearest first.

    Of several doubtful pairs of entries of two papers, that stands here whose scores are the
    highest. Entries that are one paper by other links are none of them.

    Args:
        matches: The compared pairs.
        entries: Entries with ``paper_id``.
        dumps: The dumps.

    Returns:
        The rows of ``review``.
    """
    pairs = matches.filter(pl.col("match_decision") == DOUBTFUL)
    named = pl.concat([pairs[column] for _, column in _SIDES]).unique()
    some = entries.filter(pl.col("entry_id").is_in(named.implode()))
    texts = some.join(dumps.select("dump_id", "path"), on="dump_id", how="left").select(
        "entry_id",
        "paper_id",
        "path",
        "first_line",
        "record",
        "date_text",
        authors_text=pl.col("authors").list.join("; "),
        title="clean_title",
        abstract="clean_abstract",
    )
    for prefix, column in _SIDES:
        side = texts.rename({name: f"{prefix}{name}" for name in texts.columns})
        pairs = pairs.join(side, left_on=column, right_on=f"{prefix}entry_id", how="left").rename(
            {column: f"{prefix}entry_id"}
        )
    found = (
        pairs.filter(pl.col("paper_id") != pl.col("other_paper_id"))
        .with_columns(likeness=pl.mean_horizontal(*_SCORES))
        .sort("likeness", "entry_id", "other_entry_id", descending=[True, False, False])
    )
    papers = pl.concat_list("paper_id", "other_paper_id").list.sort()
    once = found.unique(papers, keep="first", maintain_order=True)
    settled_by = pl.concat_str(
        pl.lit("- {pair: [{sighting: "),
        "entry_id",
        pl.lit("}, {sighting: "),
        "other_entry_id",
        pl.lit('}], reason: ""}'),
    )
    return once.with_row_index("rank", 1).with_columns(settled_by=settled_by)
