"""Where every paper id that was ever published leads now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from paperdump import tables
from paperdump.releases import Version


class Earlier(NamedTuple):
    """An earlier release, as far as its ids are concerned.

    Attributes:
        links: What became of its papers, as ``changes.paper_links`` tells it.
        papers: ``paper_id`` of its papers.
        redirects: Its table ``redirects``, which leads ids to those of its papers.
    """

    links: pl.DataFrame
    papers: pl.DataFrame
    redirects: pl.DataFrame


def redirects(earlier: Iterable[Earlier], papers: pl.DataFrame) -> pl.DataFrame:
    """The ids that papers ever had, and those that they have now.

    An id of this release leads to itself. Another one leads to where the entries of its paper are
    now; where none of them is left, it leads nowhere. What an earlier release redirected is
    followed on from there, so that an id of any release is found in one step.

    Args:
        earlier: The earlier releases, the one before first; an id is followed from the first of
            them that knows it.
        papers: ``paper_id`` of the papers of this release.

    Returns:
        A table ``redirects``.
    """
    parts = [
        papers.select(
            old_paper_id="paper_id", new_paper_id="paper_id", redirect_reason=pl.lit("current")
        )
    ]
    for release in earlier:
        parts.append(_followed(release, [part.select("old_paper_id") for part in parts]))
    return tables.conform(pl.concat(parts), "redirects")


def led_by(version: Version, retired: pl.DataFrame) -> pl.DataFrame:
    """The redirects of a release, with those of removed releases that lead into it.

    Args:
        version: The release.
        retired: The redirects that removed releases leave, each with the ``version`` that it
            leads into.
    """
    columns = list(tables.polars_schema("redirects"))
    own = version.read("redirects", columns)
    into = retired.filter(pl.col("version") == version.name).select(columns)
    return pl.concat([tables.frame_of("redirects", []), own, into], how="diagonal_relaxed")


def _followed(release: Earlier, known: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The ids that a release knows, and where they lead now: nowhere is a row with null.

    Args:
        release: The release.
        known: ``old_paper_id`` of ids that are known already; these are left out.
    """
    step = release.links.select(
        "old_id",
        "new_id",
        merged=pl.col("change").eq_missing("merged"),
        gone=pl.when(pl.col("new_id").is_null()).then("change"),
    )
    of_papers = step.rename({"old_id": "old_paper_id", "new_id": "new_paper_id"})
    redirected = release.redirects
    for ids in known:  # first of all: nearly all are what they were
        of_papers = of_papers.join(ids, on="old_paper_id", how="anti")
        redirected = redirected.join(ids, on="old_paper_id", how="anti")
    older = (
        redirected.select(
            "old_paper_id",
            between="new_paper_id",
            merged=pl.col("redirect_reason").eq_missing("merged"),
            gone=pl.when(pl.col("new_paper_id").is_null()).then("redirect_reason"),
        )
        .join(release.papers, left_on="old_paper_id", right_on="paper_id", how="anti")
        .join(step, left_on="between", right_on="old_id", how="left", suffix="_on")
        .select(
            "old_paper_id",
            new_paper_id="new_id",
            merged=pl.col("merged") | pl.col("merged_on").fill_null(value=False),
            gone=pl.coalesce("gone", "gone_on"),
        )
    )
    every = (
        pl.concat([of_papers, older])
        .group_by("old_paper_id", "new_paper_id")
        .agg(pl.col("merged").any(), pl.col("gone").min())
    )
    # one some of whose entries are left is not gone
    left = pl.col("new_paper_id").is_not_null()
    kept = every.filter(left | ~left.any().over("old_paper_id"))
    reason = (
        pl.when(pl.col("new_paper_id").is_null())
        .then("gone")
        .when(pl.len().over("old_paper_id") > 1)
        .then(pl.lit("split"))
        .when("merged")
        .then(pl.lit("merged"))
        .otherwise(pl.lit("moved"))
    )
    return kept.select("old_paper_id", "new_paper_id", redirect_reason=reason)
