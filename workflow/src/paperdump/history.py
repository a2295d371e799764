"""The summaries of all releases up to one, stacked."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from paperdump import dictionary, tables
from paperdump.releases import Version


def stacked(name: str, new: Version, near: Sequence[Version]) -> pl.DataFrame:
    """The history of a summary that a release has.

    A column that an earlier release lacks is null in its rows, one that this release lacks is left
    out, and a value that does not fit the type of this release becomes null.

    Args:
        name: The summary.
        new: The release.
        near: Those before it, the one that it follows first.

    Returns:
        A table ``summaries/history/NAME``: the releases in the order of publication, each one's
        rows in its own order.
    """
    history = f"{dictionary.HISTORY}{name}"
    own = _numbered(new, name)
    parts = [_fitted(own, history)]
    seen = {new.name}
    for version in near:
        rows = version.read(history) if version.has(history) else _numbered(version, name)
        if rows.is_empty() or not {"version", dictionary.NUMBER} <= set(rows.columns):
            continue
        fresh = rows.filter(~pl.col("version").is_in(sorted(seen)))
        seen |= set(fresh["version"].unique())
        parts.append(_fitted(fresh, history))
    return pl.concat(parts).sort(dictionary.NUMBER, maintain_order=True)


def _numbered(version: Version, name: str) -> pl.DataFrame:
    """The summary of a release, with the number of the release before each row."""
    rows = version.read(f"{dictionary.SUMMARIES}{name}")
    number = pl.lit(version.number, pl.Int32).alias(dictionary.NUMBER)
    return rows.select(number, pl.all())


def _fitted(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows with the columns and types of now."""
    types = tables.polars_schema(name)
    return rows.select(
        (pl.col(c).cast(t, strict=False) if c in rows.columns else pl.lit(None, t)).alias(c)
        for c, t in types.items()
    )
