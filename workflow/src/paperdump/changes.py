"""What changed between two releases: papers added, removed, changed; ids that moved."""

from __future__ import annotations

import polars as pl

from paperdump import dictionary, tables


def papers_changed(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """The differences of two tables of papers.

    Only columns that both have are compared, value by value in their JSON form.

    Returns:
        A table ``changes``.
    """
    added = new.join(old, on="paper_id", how="anti").select("paper_id", change=pl.lit("added"))
    removed = old.join(new, on="paper_id", how="anti").select("paper_id", change=pl.lit("removed"))
    shared = [
        c.name
        for c in dictionary.table("papers").columns
        if c.name != "paper_id" and c.name in old.columns and c.name in new.columns
    ]
    before, after = long_form(old, shared, "old_value"), long_form(new, shared, "new_value")
    changed = (
        before.join(after, on=["paper_id", "field"])
        .filter(pl.col("old_value").ne_missing(pl.col("new_value")))
        .with_columns(change=pl.lit("changed"))
    )
    every = pl.concat([added, removed, changed], how="diagonal_relaxed")
    return tables.conform(every, "changes")


def long_form(papers: pl.DataFrame, names: list[str], value: str) -> pl.DataFrame:
    """A row per paper and column: ``paper_id``, ``field``, and the value as JSON text.

    Args:
        papers: A table ``papers``.
        names: The columns.
        value: Name of the column of values.
    """
    as_json = [
        pl.when(pl.col(name).is_not_null())
        .then(pl.struct(value=pl.col(name)).struct.json_encode())
        .str.strip_prefix('{"value":')
        .str.head(-1)
        .alias(name)
        for name in names
    ]
    return papers.select("paper_id", *as_json).unpivot(
        index="paper_id", variable_name="field", value_name=value
    )


def redirects(
    old_sightings: pl.DataFrame,
    old_redirects: pl.DataFrame,
    new_sightings: pl.DataFrame,
) -> pl.DataFrame:
    """Where the ids of earlier releases lead now.

    An id that is no longer given leads to the ids that its entries have now; where none of its
    entries is left it leads nowhere. Redirects of the release before are followed on.

    Returns:
        A table ``redirects``.
    """
    current = new_sightings.select(pl.col("paper_id").unique())
    old_ids = old_sightings.select("entry_id", old_paper_id="paper_id")
    moved = (
        old_ids.join(current, left_on="old_paper_id", right_on="paper_id", how="anti")
        .join(new_sightings.select("entry_id", new_paper_id="paper_id"), on="entry_id", how="left")
        .select("old_paper_id", "new_paper_id")
        .unique()
    )
    moved = _without_gone_beside_moved(moved)
    earlier = (
        old_redirects.select("old_paper_id", between="new_paper_id")
        .join(moved, left_on="between", right_on="old_paper_id", how="left")
        .join(
            current.with_columns(still=pl.lit(True)),
            left_on="between",
            right_on="paper_id",
            how="left",
        )
        .select(
            "old_paper_id",
            new_paper_id=pl.when("still").then("between").otherwise("new_paper_id"),
        )
        .join(current, left_on="old_paper_id", right_on="paper_id", how="anti")
    )
    every = _without_gone_beside_moved(pl.concat([moved, earlier]).unique())
    reason = pl.when(pl.col("new_paper_id").is_null()).then(pl.lit("gone"))
    return tables.conform(
        every.with_columns(redirect_reason=reason.otherwise(pl.lit("moved"))), "redirects"
    )


def _without_gone_beside_moved(pairs: pl.DataFrame) -> pl.DataFrame:
    """An id some of whose entries are left is not gone."""
    left = pl.col("new_paper_id").is_not_null()
    return pairs.filter(left | ~left.any().over("old_paper_id"))
