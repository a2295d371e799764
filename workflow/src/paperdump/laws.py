"""What must hold between the columns and tables of a release, each law as a row to be checked.

A law's row has what is ``expected`` and what was ``found``; validation expects them to be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import polars as pl

from paperdump import changes, dictionary, tables

Release = Mapping[str, pl.DataFrame]
Law = tuple[str, int, int]


class Check(NamedTuple):
    """A table of laws of one kind.

    Attributes:
        laws: Their rows.
        named_by: The columns that name a law.
        meaning: What the kind demands, in words.
    """

    laws: pl.DataFrame
    named_by: tuple[str, ...]
    meaning: str


def checks(release: Release) -> dict[str, Check]:
    """The laws of all kinds, checked on the tables of a release."""
    return {
        "columns": Check(
            column_types(release),
            ("table", "column"),
            "The column has the type of the data dictionary.",
        ),
        "conservation": Check(
            _checked(conservation, release),
            ("law",),
            "Nothing is lost on the way, and nothing is made up.",
        ),
        "consistency": Check(
            _checked(consistency, release), ("law",), "Columns do not contradict each other."
        ),
    }


def _checked(kind: Callable[[Release], list[Law]], release: Release) -> pl.DataFrame:
    """The rows of a kind of laws; where columns are missing, one that says so and fails."""
    try:
        found = kind(release)
    except pl.exceptions.PolarsError as error:
        found = [(f"could not be checked: {str(error).splitlines()[0]}", 0, 1)]
    schema = {"law": pl.String, "expected": pl.Int64, "found": pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row")


def column_types(release: Release) -> pl.DataFrame:
    """The type of every column beside the data dictionary's, a column a row."""
    names = {polars: name for name, polars in tables.POLARS_TYPES.items()}
    rows = [
        (table, column.name, column.type, names.get(found, str(found)) if found else "missing")
        for table, frame in release.items()
        for column in dictionary.table(table).columns
        for found in [frame.schema.get(column.name)]
    ]
    schema = dict.fromkeys(("table", "column", "expected", "found"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def conservation(release: Release) -> list[Law]:
    """The conservation law: what goes in beside what comes out.

    Every entry that a reader saw is in exactly one paper, through sightings; every reject is in
    rejects; every dump is in dumps, also one that yielded nothing.
    """
    papers, sightings = release["papers"], release["sightings"]
    dumps, rejects = release["dumps"], release["rejects"]
    corrections = release["corrections"]

    def miscounted(owners: pl.DataFrame, key: str, count: str, value: pl.Expr) -> int:
        """Owners whose count is not what their rows make it."""
        rows = sightings if count != "n_rejects" else rejects
        found = rows.group_by(key).agg(found=value.cast(pl.Int64))
        both = owners.select(key, count).join(found, on=key, how="left")
        return both.filter(pl.col(count) != pl.col("found").fill_null(0)).height

    def orphans(rows: pl.DataFrame, owners: pl.DataFrame, key: str, column: str = "") -> int:
        named = rows.select(pl.col(column or key).alias(key)).drop_nulls()
        return (named if column else rows).join(owners, on=key, how="anti").height

    yields = (pl.col("n_entries") > 0) | (pl.col("n_rejects") > 0)
    nothing = ~yields & pl.col("n_members").is_null()  # an archive yields members
    return [
        ("entries read = sightings", int(dumps["n_entries"].sum()), sightings.height),
        ("rejects counted = rejects", int(dumps["n_rejects"].sum()), rejects.height),
        (
            "sightings counted by papers = sightings",
            int(papers["n_sightings"].sum()),
            sightings.height,
        ),
        ("sightings without their paper", 0, orphans(sightings, papers, "paper_id")),
        ("sightings without their dump", 0, orphans(sightings, dumps, "dump_id")),
        ("rejects without their dump", 0, orphans(rejects, dumps, "dump_id")),
        ("papers without a sighting", 0, orphans(papers, sightings, "paper_id")),
        *(
            (f"{table} whose {count} is not theirs", 0, miscounted(release[table], key, count, n))
            for table, key, count, n in (
                ("papers", "paper_id", "n_sightings", pl.len()),
                ("papers", "paper_id", "n_dumps", pl.col("dump_id").n_unique()),
                ("dumps", "dump_id", "n_entries", pl.len()),
                ("dumps", "dump_id", "n_rejects", pl.len()),
            )
        ),
        ("dumps with neither entry nor reject", 0, dumps.filter(nothing).height),
        (
            "members counted by archives = dumps in archives",
            int(dumps["n_members"].sum()),
            dumps["container_id"].count(),
        ),
        (
            "members without their archive",
            0,
            dumps.drop_nulls("container_id")
            .join(dumps, left_on="container_id", right_on="dump_id", how="anti")
            .height,
        ),
        *(
            (
                f"corrections without their {column}",
                0,
                orphans(corrections, owners, key, column),
            )
            for column, owners, key in (
                ("paper_id", papers, "paper_id"),
                ("other_paper_id", papers, "paper_id"),
                ("entry_id", sightings, "entry_id"),
                ("other_entry_id", sightings, "entry_id"),
            )
        ),
        ("fixes of papers, applied = those to be seen", *_fixes_seen(papers, corrections)),
    ]


def _fixes_seen(papers: pl.DataFrame, corrections: pl.DataFrame) -> tuple[int, int]:
    """How many fixes of papers are applied, and how many of these show in the papers."""
    fixes = corrections.filter(
        (pl.col("kind") == "fix") & (pl.col("status") == "applied") & pl.col("entry_id").is_null()
    )
    fixed = papers.join(fixes, on="paper_id", how="semi")
    values = changes.long_form(fixed, fixes["field"].unique().sort().to_list(), "value")
    shown = fixes.join(values, on=["paper_id", "field"]).filter(
        pl.col("value").eq_missing(pl.col("new_value"))
    )
    return fixes.height, shown.height


def consistency(release: Release) -> list[Law]:
    """What columns must not say of each other, and what no text may be; 0 rows each."""
    papers, sightings, dumps = release["papers"], release["sightings"], release["dumps"]
    dated = pl.col("published_on").is_not_null() != pl.col("published_on_evidence").is_not_null()
    stray_code = pl.col("code_urls").list.set_difference("urls").list.len() > 0
    places = sightings.select("dump_id", "position")
    found = [
        ("papers with a date but no evidence, or the reverse", papers.filter(dated).height),
        ("sightings with a date but no evidence, or the reverse", sightings.filter(dated).height),
        ("papers with a code link that is none of their links", papers.filter(stray_code).height),
        (
            "papers seen last before they were seen first",
            papers.filter(pl.col("first_seen_on") > pl.col("last_seen_on")).height,
        ),
        (
            "dumps captured at the latest before the earliest",
            dumps.filter(pl.col("snapshot_earliest") > pl.col("snapshot_latest")).height,
        ),
        ("sightings that share a place with another", places.filter(places.is_duplicated()).height),
    ]
    for name in ("sightings", "rejects"):
        reverse = release[name].filter(pl.col("first_line") > pl.col("last_line"))
        found.append((f"{name} that end before they begin", reverse.height))
    found += [(f"{name} with a text that is empty", _empty(release[name])) for name in release]
    return [(law, 0, count) for law, count in found]


def _empty(frame: pl.DataFrame) -> int:
    """The number of rows with an empty text, or a list with an empty or missing one."""
    texts = [pl.col(n) == "" for n, t in frame.schema.items() if t == pl.String]
    lists = [
        pl.col(n).list.eval(pl.element().is_null() | (pl.element() == "")).list.any()
        for n, t in frame.schema.items()
        if isinstance(t, pl.List)
    ]
    return frame.filter(pl.any_horizontal(*texts, *lists)).height
