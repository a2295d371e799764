"""The summarize stage: one function per summary table, Polars aggregations all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from paperdump import dictionary, tables
from paperdump.normalize import links

Release = Mapping[str, pl.DataFrame]


def overview(release: Release) -> pl.DataFrame:
    """Counts over the whole release."""
    papers, sightings, dumps = release["papers"], release["sightings"], release["dumps"]
    archives = dumps.filter(pl.col("n_members").is_not_null())
    files = dumps.filter(pl.col("container_id").is_null())
    single = dumps.filter(pl.col("n_members").is_null())
    counts = [
        ("dumps", single.height, "dumps", "Dumps found, members of archives included."),
        ("archives", archives.height, "archives", "Archives that dumps are members of."),
        (
            "dumps_without_entries",
            single.filter(pl.col("n_entries") == 0).height,
            "dumps",
            "Dumps that yielded no entry.",
        ),
        ("bytes", files["bytes"].sum(), "bytes", "Size of all files that could be read."),
        ("sightings", sightings.height, "entries", "Entries read from the dumps."),
        ("papers", papers.height, "papers", "Distinct papers."),
        ("repeats", sightings.height - papers.height, "entries", "Entries of papers seen before."),
        ("matches", release["matches"].height, "pairs", "Pairs of entries compared closely."),
        ("rejects", release["rejects"].height, "rejects", "Dumps or pieces of them left out."),
        (
            "papers_with_conflicts",
            papers.filter(pl.col("conflicts").list.len() > 0).height,
            "papers",
            "Papers whose sightings state different values.",
        ),
    ]
    schema = {"metric": pl.String, "value": pl.Int64, "unit": pl.String, "meaning": pl.String}
    return pl.DataFrame(counts, schema=schema, orient="row")


def papers_by_month(release: Release) -> pl.DataFrame:
    """Papers by month of publication; those without a date in a row without a month."""
    return _papers_by(release["papers"], pl.col("published_on").dt.truncate("1mo").alias("month"))


def papers_by_year(release: Release) -> pl.DataFrame:
    """Papers by year of publication; those without a date in a row without a year."""
    return _papers_by(release["papers"], pl.col("published_on").dt.year().alias("year"))


def _papers_by(papers: pl.DataFrame, period: pl.Expr) -> pl.DataFrame:
    with_code = (pl.col("code_urls").list.len() > 0).sum()
    return papers.group_by(period).agg(papers=pl.len(), papers_with_code=with_code)


def completeness(release: Release) -> pl.DataFrame:
    """For each field the rows that have it: of all papers, then of each dump's entries."""
    overall = _filled(release["papers"], "papers", [])
    # an archive has no entries of its own
    dumps = release["dumps"].filter(pl.col("n_members").is_null()).select("dump_id", "path")
    per_dump = _filled(release["sightings"], "sightings", ["dump_id"])
    # a dump without entries has its rows too, with a total of 0
    fields = per_dump.select(pl.col("field").unique(maintain_order=True)).with_row_index("place")
    grid = dumps.with_row_index("dump").join(fields, how="cross")
    by_dump = (
        grid.join(per_dump, on=["dump_id", "field"], how="left")
        .sort("dump", "place")
        .with_columns(pl.col("filled", "total").fill_null(0), scope=pl.lit("dump"))
    )
    both = pl.concat(
        [overall.with_columns(scope=pl.lit("overall")), by_dump], how="diagonal_relaxed"
    )
    share = pl.when(pl.col("total") > 0).then(pl.col("filled") / pl.col("total"))
    return both.with_columns(share=share)


def _filled(rows: pl.DataFrame, table: str, by: list[str]) -> pl.DataFrame:
    """How many rows have a value, for each column that may be null; an empty list is none."""
    fields = [c for c in dictionary.table(table).columns if c.nullable]
    counts = [
        (
            pl.col(c.name).list.len() > 0
            if c.type.startswith("list")
            else pl.col(c.name).is_not_null()
        )
        .sum()
        .cast(pl.Int64)
        .alias(c.name)
        for c in fields
    ]
    total = pl.len().cast(pl.Int64).alias("total")
    counted = rows.group_by(by).agg(total, *counts) if by else rows.select(total, *counts)
    return counted.unpivot(index=[*by, "total"], variable_name="field", value_name="filled")


def dump_overview(release: Release) -> pl.DataFrame:
    """What each dump brought: entries, papers that no earlier dump lists, repeats, rejects."""
    order = release["dumps"].sort("snapshot_earliest", "path", "dump_id", nulls_last=True)
    places = order.select("dump_id").with_row_index("place")
    sightings = release["sightings"].join(places, on="dump_id", how="left")
    first = sightings.sort("place", "position").unique("paper_id", keep="first")
    brought = first.group_by("dump_id").agg(new_papers=pl.len().cast(pl.Int64))
    published = pl.col("published_on")
    days = sightings.group_by("dump_id").agg(
        days=pl.when(published.count() > 0).then(published.drop_nulls().n_unique()),
        first_published_on=published.min(),
        last_published_on=published.max(),
    )
    return (
        release["dumps"]
        .join(brought, on="dump_id", how="left")
        .join(days, on="dump_id", how="left")
        .with_columns(pl.col("new_papers").fill_null(0))
        .with_columns(repeats=pl.col("n_entries") - pl.col("new_papers"))
    )


def organizations(release: Release) -> pl.DataFrame:
    """Organisations that papers are listed under, those with most papers first."""
    key = ["organization_slug", "organization_name"]
    return (
        release["papers"]
        .filter(pl.any_horizontal(pl.col(key).is_not_null()))
        .group_by(key)
        .agg(papers=pl.len(), sightings=pl.col("n_sightings").sum())
        .sort("papers", *key, descending=[True, False, False], nulls_last=True)
    )


def author_counts(release: Release) -> pl.DataFrame:
    """Papers by number of authors; those whose number is unknown in a row without one."""
    return release["papers"].group_by("n_authors").agg(papers=pl.len())


def code_links(release: Release) -> pl.DataFrame:
    """Code hosts that abstracts link to, those with most papers first."""
    linked = release["papers"].select("paper_id", url="code_urls").explode("url").drop_nulls("url")
    return (
        linked.with_columns(host=links.host_of(pl.col("url")))
        .group_by("host")
        .agg(papers=pl.col("paper_id").n_unique(), links=pl.col("url").n_unique())
        .sort("papers", "host", descending=[True, False])
    )


SUMMARIES: dict[str, Callable[[Release], pl.DataFrame]] = {
    f.__name__: f
    for f in (
        overview,
        papers_by_month,
        papers_by_year,
        completeness,
        dump_overview,
        organizations,
        author_counts,
        code_links,
    )
}


def summarize(release: Release) -> dict[str, pl.DataFrame]:
    """All summaries by name, with the columns of the dictionary; ``version`` is still null."""
    return {
        name: tables.conform(make(release), f"summaries/{name}") for name, make in SUMMARIES.items()
    }


def with_version(summary: pl.DataFrame, version: str) -> pl.DataFrame:
    """The summary with the release's version in each row."""
    return summary.with_columns(version=pl.lit(version))
