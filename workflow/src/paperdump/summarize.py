"""The summarize stage: one function per summary table, Polars aggregations all.

Tables are scanned: each summary reads the columns that it needs, and no other; what a file counted
when it was written is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from paperdump import dictionary, measures, tables, terms
from paperdump.normalize import links
from paperdump.stored import Rows

Release = Mapping[str, Rows]

_MOST_TRENDING = 25  # terms to a month


def overview(release: Release) -> pl.DataFrame:
    """Counts over the whole release."""
    dumps = release["dumps"].lazy().collect()
    papers = (
        release["papers"]
        .lazy()
        .select(papers=pl.len(), papers_with_conflicts=(pl.col("conflicts").list.len() > 0).sum())
    )
    n_papers, n_conflicts = papers.collect().row(0)
    n_sightings = _height(release["sightings"].lazy())
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
        ("sightings", n_sightings, "entries", "Entries read from the dumps."),
        ("papers", n_papers, "papers", "Distinct papers."),
        ("repeats", n_sightings - n_papers, "entries", "Entries of papers seen before."),
        (
            "matches",
            _height(release["matches"].lazy()),
            "pairs",
            "Pairs of entries compared closely.",
        ),
        (
            "rejects",
            _height(release["rejects"].lazy()),
            "rejects",
            "Dumps or pieces of them left out.",
        ),
        (
            "papers_with_conflicts",
            n_conflicts,
            "papers",
            "Papers whose sightings state different values.",
        ),
    ]
    schema = {"metric": pl.String, "value": pl.Int64, "unit": pl.String, "meaning": pl.String}
    return pl.DataFrame(counts, schema=schema, orient="row")


def _height(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect().item())


def papers_by_month(release: Release) -> pl.DataFrame:
    """Papers by month of publication; those without a date in a row without a month."""
    return _papers_by(
        release["papers"].lazy(), pl.col("published_on").dt.truncate("1mo").alias("month")
    )


def papers_by_year(release: Release) -> pl.DataFrame:
    """Papers by year of publication; those without a date in a row without a year."""
    return _papers_by(release["papers"].lazy(), pl.col("published_on").dt.year().alias("year"))


def _papers_by(papers: pl.LazyFrame, period: pl.Expr) -> pl.DataFrame:
    with_code = (pl.col("code_urls").list.len() > 0).sum()
    return papers.group_by(period).agg(papers=pl.len(), papers_with_code=with_code).collect()


def completeness(release: Release) -> pl.DataFrame:
    """For each field the rows that have it: of all papers, then of each dump's entries."""
    overall = _filled("papers", release["papers"])
    # an archive has no entries of its own
    dumps = _single_dumps(release).select("dump_id", "path")
    per_dump = _filled_by("dump_id", "sightings", release["sightings"])
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


def _filled(name: str, rows: Rows) -> pl.DataFrame:
    """How many rows have a value, for each column that may be null; an empty list is none."""
    counts = measures.counts_of(name, rows)
    fields = [column.name for column in dictionary.table(name).columns if column.nullable]
    found = {"field": fields, "filled": [counts[field] for field in fields]}
    total = pl.lit(_height(rows.lazy()), pl.Int64).alias("total")
    return pl.DataFrame(found, schema={"field": pl.String, "filled": pl.Int64}).select(
        total, "field", "filled"
    )


def _filled_by(key: str, name: str, rows: Rows) -> pl.DataFrame:
    """The same of the rows of each value of a column."""
    fields = [column for column in dictionary.table(name).columns if column.nullable]
    counts = [measures.has_value(c, c.name).sum().cast(pl.Int64).alias(c.name) for c in fields]
    total = pl.len().cast(pl.Int64).alias("total")
    counted = rows.lazy().group_by(key).agg(total, *counts).collect(engine="streaming")
    return counted.unpivot(index=[key, "total"], variable_name="field", value_name="filled")


def dump_overview(release: Release) -> pl.DataFrame:
    """What each dump brought: entries, papers that no earlier dump lists, repeats, rejects."""
    dumps = release["dumps"].lazy().collect()
    order = dumps.sort("snapshot_earliest", "path", "dump_id", nulls_last=True)
    places = order.select("dump_id").with_row_index("place")
    sightings = (
        release["sightings"]
        .lazy()
        .select("dump_id", "position", "paper_id", "published_on")
        .collect()
    )
    first = (
        sightings.join(places, on="dump_id", how="left")
        .sort("place", "position")
        .unique("paper_id", keep="first")
    )
    brought = first.group_by("dump_id").agg(new_papers=pl.len().cast(pl.Int64))
    published = pl.col("published_on")
    days = sightings.group_by("dump_id").agg(
        days=pl.when(published.count() > 0).then(published.drop_nulls().n_unique()),
        first_published_on=published.min(),
        last_published_on=published.max(),
    )
    return (
        dumps.join(brought, on="dump_id", how="left")
        .join(days, on="dump_id", how="left")
        .with_columns(pl.col("new_papers").fill_null(0))
        .with_columns(repeats=pl.col("n_entries") - pl.col("new_papers"))
    )


def organizations(release: Release) -> pl.DataFrame:
    """Organisations that papers are listed under, those with most papers first."""
    key = ["organization_slug", "organization_name"]
    return (
        release["papers"]
        .lazy()
        .filter(pl.any_horizontal(pl.col(key).is_not_null()))
        .group_by(key)
        .agg(papers=pl.len(), sightings=pl.col("n_sightings").sum())
        .sort("papers", *key, descending=[True, False, False], nulls_last=True)
        .collect()
    )


def author_counts(release: Release) -> pl.DataFrame:
    """Papers by number of authors; those whose number is unknown in a row without one."""
    return release["papers"].lazy().group_by("n_authors").agg(papers=pl.len()).collect()


def code_links(release: Release) -> pl.DataFrame:
    """Code hosts that abstracts link to, those with most papers first."""
    linked = (
        release["papers"]
        .lazy()
        .select("paper_id", url="code_urls")
        .explode("url")
        .drop_nulls("url")
    )
    return (
        linked.with_columns(host=links.host_of(pl.col("url")))
        .group_by("host")
        .agg(papers=pl.col("paper_id").n_unique(), links=pl.col("url").n_unique())
        .sort("papers", "host", descending=[True, False])
        .collect()
    )


def terms_by_month(release: Release) -> pl.DataFrame:
    """Words and two-word phrases of each month's papers, against the months before."""
    order = ["month", "papers", "term"]
    return terms.by_month(release["papers"].lazy()).sort(order, descending=[False, True, False])


def trending_terms(release: Release) -> pl.DataFrame:
    """The terms that rise more than chance explains, for each month the surest first."""
    return terms.trending(release["summaries/terms_by_month"].lazy().collect(), _MOST_TRENDING)


def discussion(release: Release) -> pl.DataFrame:
    """Comments and upvotes of a paper as each day's captures show them, and how they changed."""
    counts = {"n_comments": "comments", "n_upvotes": "upvotes"}
    seen = (
        release["sightings"]
        .lazy()
        .select("paper_id", "dump_id", *counts)
        .filter(pl.any_horizontal(pl.col(*counts).is_not_null()))
        .join(
            release["dumps"].lazy().select("dump_id", seen_on="snapshot_on"),
            on="dump_id",
            how="left",
        )
        .group_by("paper_id", "seen_on")
        .agg(pl.col(*counts).max())
        # what has no day comes last, and is compared with nothing
        .sort("paper_id", "seen_on", nulls_last=True)
        .collect()
    )
    day, row, compared = pl.col("seen_on"), pl.int_range(pl.len()), []
    is_first = pl.col("paper_id").ne_missing(pl.col("paper_id").shift(1))
    first_of_paper = pl.when(is_first).then(row).forward_fill()
    for name, what in counts.items():
        count = pl.col(name)
        is_shown = count.is_not_null() & day.is_not_null()
        # the last row before that shows a count; it may be another paper's
        last = pl.when(is_shown).then(row).forward_fill().shift(1)
        is_compared = is_shown & (last >= first_of_paper)
        before = pl.when(is_shown).then(count).forward_fill().shift(1)
        since = pl.when(is_shown).then(day).forward_fill().shift(1)
        compared += [
            pl.when(is_compared).then(count - before).alias(f"{what}_change"),
            pl.when(is_compared).then(since).alias(f"{what}_since"),
        ]
    titles = release["papers"].lazy().select("paper_id", "title").collect()
    return seen.with_columns(compared).join(titles, on="paper_id", how="left")


def duplicates_by_dump(release: Release) -> pl.DataFrame:
    """For each dump how many of its entries repeat each other, and which papers others list too."""
    listed = release["sightings"].lazy().group_by("dump_id", "paper_id").agg(entries=pl.len())
    elsewhere = pl.len().over("paper_id") > 1
    counted = (
        listed.with_columns(elsewhere=elsewhere)
        .group_by("dump_id")
        .agg(papers=pl.len().cast(pl.Int64), papers_elsewhere=pl.col("elsewhere").sum())
        .collect()
    )
    papers, shared = pl.col("papers"), pl.col("papers_elsewhere")
    return (
        _single_dumps(release)
        .join(counted, on="dump_id", how="left")
        .with_columns(papers.fill_null(0), shared.fill_null(0).cast(pl.Int64))
        .with_columns(
            repeats_within=pl.col("n_entries") - papers,
            papers_only_here=papers - shared,
            share=pl.when(papers > 0).then(shared / papers),
        )
    )


def date_evidence(release: Release) -> pl.DataFrame:
    """What the dates rest on: of all papers, then of each dump's entries."""
    written = pl.col("date_text").is_not_null()
    evidence = pl.col("published_on_evidence")
    kinds = dictionary.table("papers").column("published_on_evidence").allowed
    sightings = release["sightings"].lazy().select("paper_id", "dump_id", evidence, written=written)
    with_text = sightings.filter("written").select("paper_id", "written").unique()
    papers = release["papers"].lazy().select("paper_id", evidence)
    overall = papers.join(with_text, on="paper_id", how="left")
    counts = {"rows": pl.len().cast(pl.Int64), "with_date_text": pl.col("written").sum()}
    both = pl.concat(
        [
            overall.group_by(evidence).agg(**counts).with_columns(scope=pl.lit("overall")),
            sightings.group_by("dump_id", evidence)
            .agg(**counts)
            .with_columns(scope=pl.lit("dump")),
        ],
        how="diagonal_relaxed",
    )
    total = pl.col("rows").sum().over("scope", "dump_id")
    place = evidence.replace_strict({k: n for n, k in enumerate(kinds)}, default=len(kinds))
    return (
        both.join(release["dumps"].lazy().select("dump_id", "path"), on="dump_id", how="left")
        .with_columns(total=total, share=pl.col("rows") / total)
        .sort(pl.col("scope") != "overall", "path", "dump_id", place, nulls_last=True)
        .collect()
    )


def listing_overlap(release: Release) -> pl.DataFrame:
    """For each two dumps that list a paper in common how many papers they share."""
    dumps = release["dumps"].lazy().sort("path", "dump_id").collect().with_row_index("place")
    listed = (
        release["sightings"]
        .lazy()
        .select("dump_id", "paper_id")
        .unique()
        .join(dumps.lazy().select("dump_id", "place"), on="dump_id")
        .collect()
    )
    several = (
        listed.group_by("paper_id")
        .agg("place")
        .filter(pl.col("place").list.len() > 1)
        .with_row_index("paper")
        .select("paper", "place")
        .explode("place")
    ).lazy()
    pairs = (
        several.join(several, on="paper", suffix="_other")
        .filter(pl.col("place") < pl.col("place_other"))
        .group_by("place", "place_other")
        .agg(shared_papers=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    sizes = listed.group_by("place").agg(papers=pl.len().cast(pl.Int64))
    named = dumps.select("place", "dump_id", "path").join(sizes, on="place")
    smaller = pl.min_horizontal("papers", "other_papers")
    return (
        pairs.join(named, on="place")
        .join(
            named.select(pl.all().name.prefix("other_")),
            left_on="place_other",
            right_on="other_place",
        )
        .with_columns(share=pl.col("shared_papers") / smaller)
        .sort("place", "place_other")
    )


def _single_dumps(release: Release) -> pl.DataFrame:
    """The dumps that may have entries of their own: all but archives."""
    return release["dumps"].lazy().filter(pl.col("n_members").is_null()).collect()


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
        terms_by_month,
        trending_terms,
        discussion,
        duplicates_by_dump,
        date_evidence,
        listing_overlap,
    )
}


def summarize(release: Release) -> dict[str, pl.DataFrame]:
    """All summaries by name, with the columns of the dictionary; ``version`` is still null."""
    known, made = dict(release), dict[str, pl.DataFrame]()
    for name, make in SUMMARIES.items():
        made[name] = tables.conform(make(known), f"summaries/{name}")
        # one may be made of another before it
        known[f"summaries/{name}"] = made[name]
    return made


def with_version(summary: pl.DataFrame, version: str) -> pl.DataFrame:
    """The summary with the release's version in each row."""
    return summary.with_columns(version=pl.lit(version))
