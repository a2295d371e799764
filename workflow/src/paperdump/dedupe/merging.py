"""One row per paper: which sighting's value survives, by the rules of the data dictionary."""

from __future__ import annotations

import polars as pl

from paperdump import dictionary

# Rules under which different values are no disagreement.
_NO_CONFLICT = ("union", "largest_so_far")
# Columns that make sense together only: their values are taken from the same sightings.
_TOGETHER = ["organization_slug", "organization_name"]
# A column of papers that is merged from a column of another name.
_SOURCES = {"title": "clean_title", "abstract": "clean_abstract"}


def in_page_order(entries: pl.DataFrame, dumps: pl.DataFrame) -> pl.DataFrame:
    """The entries by the path of their dump, then position: the order that breaks all ties."""
    places = dumps.select("dump_id", "path")
    return (
        entries.join(places, on="dump_id", how="left")
        .sort("path", "dump_id", "position")
        .drop("path")
    )


def merge(entries: pl.DataFrame, dumps: pl.DataFrame) -> pl.DataFrame:
    """Merge the entries of each paper into one row.

    Args:
        entries: Normalized entries with ``paper_id``, in the order that breaks ties.
        dumps: The dumps with their ``snapshot_on``.

    Returns:
        A row per paper, with the columns of ``papers`` that sightings decide.
    """
    days = dumps.select("dump_id", "snapshot_on")
    papers = (
        entries.select("paper_id", "dump_id")
        .join(days, on="dump_id", how="left", maintain_order="left")
        .group_by("paper_id", maintain_order=True)
        .agg(
            n_sightings=pl.len(),
            n_dumps=pl.col("dump_id").n_unique(),
            first_seen_on=pl.col("snapshot_on").min(),
            last_seen_on=pl.col("snapshot_on").max(),
        )
    )
    merged = [c for c in dictionary.table("papers").columns if c.merge]
    for column in merged:
        source = _SOURCES.get(column.name, column.name)
        if column.name in _TOGETHER:
            continue
        values = _merge_column(entries, source, column.merge or "")
        papers = papers.join(
            values.rename({source: column.name}), on="paper_id", how="left", maintain_order="left"
        )
    together = pl.when(pl.any_horizontal(pl.col(_TOGETHER).is_not_null())).then(
        pl.struct(_TOGETHER)
    )
    pairs = _merge_column(entries.with_columns(pair=together), "pair", "most_frequent")
    papers = papers.join(pairs.unnest("pair"), on="paper_id", how="left", maintain_order="left")
    papers = papers.join(
        conflicts(entries, [c.name for c in merged if c.merge not in _NO_CONFLICT]),
        on="paper_id",
        how="left",
        maintain_order="left",
    )
    return papers.with_columns(
        published_on_evidence=pl.when(pl.col("published_on").is_not_null()).then(pl.lit("stated"))
    )


def _merge_column(entries: pl.DataFrame, name: str, rule: str) -> pl.DataFrame:
    """The surviving value of a column for each paper that has one."""
    column = pl.col(name)
    known = entries.select("paper_id", name).filter(column.is_not_null())
    grouped = known.group_by("paper_id", maintain_order=True)
    match rule:
        case "fullest":
            is_list = isinstance(entries.schema[name], pl.List)
            size = column.list.len() if is_list else column.str.len_chars()
            return grouped.agg(column.get(size.arg_max()))
        case "largest" | "largest_so_far":
            return grouped.agg(column.max())
        case "most_frequent":
            counted = known.group_by("paper_id", name, maintain_order=True).len()
            return counted.group_by("paper_id", maintain_order=True).agg(
                column.get(pl.col("len").arg_max())
            )
        case "union":
            return grouped.agg(column.explode(empty_as_null=False).unique(maintain_order=True))
        case _:
            raise ValueError(f"no merge rule {rule!r}")


def conflicts(entries: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """For each paper the names of the columns on which its sightings state different values.

    An abstract that is the beginning of another, as a cut capture leaves it, counts as different.
    """
    differing = []
    for name in names:
        column = pl.col(_SOURCES.get(name, name))
        differing.append(pl.when(column.drop_nulls().n_unique() > 1).then(pl.lit(name)).alias(name))
    return (
        entries.group_by("paper_id", maintain_order=True)
        .agg(differing)
        .select("paper_id", conflicts=pl.concat_list(names).list.drop_nulls())
    )
