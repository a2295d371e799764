"""One row per paper: which sighting's value survives, by the rules of the data dictionary."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from paperdump import dictionary
from paperdump.dedupe.evidence import ZONES
from paperdump.normalize import identifiers

# Rules under which different values are no disagreement.
_NO_CONFLICT = ("union", "largest_so_far")
# Columns that make sense together only: their values are taken from the same sightings.
_TOGETHER = ["organization_slug", "organization_name"]
# A column of papers that is merged from a column of another name.
SOURCES = {"title": "clean_title", "abstract": "clean_abstract", "dois": "doi_list"}
# A column that says what another rests on: it is taken from the same sighting.
_EVIDENCE_OF = {"published_on": ("published_on_evidence",)}
EVIDENCE = ("corrected", "stated", "confirmed", "inferred")  # of dates, the best first


def in_page_order(entries: pl.DataFrame, dumps: pl.DataFrame) -> pl.DataFrame:
    """The entries by the path of their dump, then position: the order that breaks all ties."""
    places = dumps.select("dump_id", "path")
    # joined by itself: a join copies all that it is given
    path = entries.select("dump_id").join(places, on="dump_id", how="left", maintain_order="left")[
        "path"
    ]
    return entries.with_columns(path).sort("path", "dump_id", "position").drop("path")


def as_listed(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries with ``abstract``, exactly as on their pages; as they are if they have it.

    That is a copy of nearly all texts, of which normalized entries have one only.
    """
    if "abstract" in entries.columns:
        return entries
    return entries.with_columns(abstract=pl.coalesce("listed_abstract", "clean_abstract"))


def merge(entries: pl.DataFrame, dumps: pl.DataFrame) -> pl.DataFrame:
    """Merge the entries of each paper into one row.

    Args:
        entries: Normalized entries with ``paper_id``, in the order that breaks ties.
        dumps: The dumps with their ``snapshot_on``.

    Returns:
        A row per paper, with the columns of ``papers`` that sightings decide.
    """
    days = dumps.select("dump_id", "snapshot_on")
    needed = {SOURCES.get(column.name, column.name) for column, _ in _merged_columns()}
    evidence = {each for beside in _EVIDENCE_OF.values() for each in beside}
    columns = (needed | evidence | {"paper_id", "dump_id", "doi"}) - {"doi_list"}
    rows = entries.select(pl.col(name) for name in entries.columns if name in columns)
    rows = rows.with_row_index("place").join(days, on="dump_id", how="left", maintain_order="left")
    # most papers have one sighting, from which nothing is to be chosen
    is_one_of_several = rows["paper_id"].is_duplicated()
    papers = _of_several(rows.filter(is_one_of_several))
    single = _of_one(rows.filter(~is_one_of_several))
    return pl.concat([papers, single.select(papers.columns)]).sort("place").drop("place")


def _of_several(rows: pl.DataFrame) -> pl.DataFrame:
    """The papers of which there are several sightings, with the ``place`` of the first one."""
    # grouped and joined a dozen times: by numbers, which is quicker
    rows = rows.with_columns(name="paper_id", paper_id=_numbered(rows["paper_id"]))
    papers = rows.group_by("paper_id", maintain_order=True).agg(
        pl.col("name").first(),
        place=pl.col("place").min(),
        n_sightings=pl.len(),
        n_dumps=pl.col("dump_id").n_unique(),
        first_seen_on=pl.col("snapshot_on").min(),
        last_seen_on=pl.col("snapshot_on").max(),
    )
    for column, values in _merged(rows):
        names = {SOURCES.get(column, column): column}
        papers = papers.join(
            values.rename(names, strict=False), on="paper_id", how="left", maintain_order="left"
        )
    papers = papers.join(conflicts(rows), on="paper_id", how="left", maintain_order="left")
    return papers.with_columns(paper_id="name").drop("name")


def _numbered(values: pl.Series) -> pl.Series:
    """Values as numbers, equal where they are; which numbers they are does not matter."""
    return values.cast(pl.Categorical).to_physical()


def _of_one(rows: pl.DataFrame) -> pl.DataFrame:
    """The same of papers of which there is one sighting: its values are theirs."""
    values = {}
    for column, rule in _merged_columns():
        value = pl.col(SOURCES.get(column.name, column.name))
        if rule == "union":
            value = value.list.unique(maintain_order=True)
        values[column.name] = value
        for beside in _EVIDENCE_OF.get(column.name, ()):
            values[beside] = pl.when(value.is_not_null()).then(beside)
    counts = dict.fromkeys(("n_sightings", "n_dumps"), pl.lit(1, pl.get_index_type()))
    seen = dict.fromkeys(("first_seen_on", "last_seen_on"), pl.col("snapshot_on"))
    return _with_lists(rows).select(
        "paper_id",
        "place",
        **counts,
        **seen,
        **values,
        conflicts=pl.lit([], pl.List(pl.String)),
    )


def _merged_columns() -> list[tuple[dictionary.Column, str]]:
    """The columns of papers whose values are chosen among those of sightings, and their rules."""
    columns = dictionary.table("papers").columns
    return [(column, column.merge) for column in columns if column.merge is not None]


def lineage(entries: pl.DataFrame) -> pl.DataFrame:
    """Which sightings gave the values of papers.

    Args:
        entries: Entries with ``paper_id``, in the order that breaks ties.

    Returns:
        A row per paper, field and sighting that the value was taken from, of which there may be
        several where the values of all are united: ``paper_id``, ``field``, ``entry_id``,
        ``merge_rule``.
    """
    schema = dict.fromkeys(("paper_id", "field", "entry_id", "merge_rule"), pl.String)
    found = [pl.DataFrame(schema=schema)]
    for column, values in _merged(entries, beside=("entry_id",)):
        fields = _TOGETHER if column == _TOGETHER[0] else [column]
        rule = dictionary.table("papers").column(column).merge
        for field in fields:
            sources = values.filter(pl.col(SOURCES.get(field, field)).is_not_null())
            named = sources.select(
                "paper_id", field=pl.lit(field), entry_id="entry_id", merge_rule=pl.lit(rule)
            )
            found.append(named.explode("entry_id") if rule == "union" else named)
    return pl.concat(found)


def _with_lists(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries with those values as lists of which papers have all, though an entry has one."""
    doi = pl.col("doi")
    return entries.with_columns(doi_list=pl.when(doi.is_not_null()).then(pl.concat_list(doi)))


def _merged(
    entries: pl.DataFrame, beside: tuple[str, ...] = ()
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The surviving values of each column, with those beside them in the sightings they are of.

    Of columns that make sense together only the first is named; both are in its frame.
    """
    entries = _with_lists(entries)
    for column, rule in _merged_columns():
        if column.name == _TOGETHER[1]:
            continue
        if column.name == _TOGETHER[0]:
            known = pl.any_horizontal(pl.col(_TOGETHER).is_not_null())
            pairs = entries.with_columns(pair=pl.when(known).then(pl.struct(_TOGETHER)))
            yield column.name, _merge_column(pairs, "pair", rule, beside).unnest("pair")
        else:
            with_it = (*_EVIDENCE_OF.get(column.name, ()), *beside)
            source = SOURCES.get(column.name, column.name)
            yield column.name, _merge_column(entries, source, rule, with_it)


def _merge_column(
    entries: pl.DataFrame, name: str, rule: str, beside: tuple[str, ...]
) -> pl.DataFrame:
    """The surviving value of a column for each paper that has one, and what stands beside it."""
    column = pl.col(name)
    known = entries.select("paper_id", name, *beside).filter(column.is_not_null())
    grouped = known.group_by("paper_id", maintain_order=True)
    match rule:
        case "fullest":
            is_list = isinstance(entries.schema[name], pl.List)
            size = column.list.len() if is_list else column.str.len_chars()
            return grouped.agg(pl.col(name, *beside).get(size.arg_max()))
        case "largest" | "largest_so_far":
            return grouped.agg(pl.col(name, *beside).get(column.arg_max()))
        case "most_frequent":
            return _most_frequent(known, name, beside)
        case "most_certain":
            rank = pl.col(_EVIDENCE_OF[name][0]).replace_strict(
                {evidence: number for number, evidence in enumerate(EVIDENCE)},
                return_dtype=pl.Int8,
            )
            return _most_frequent(_best(known, rank), name, beside)
        case "published_first":
            rank = identifiers.is_preprint_doi(column)
            return _most_frequent(_best(known, rank), name, beside)
        case "union" if beside:
            values = (
                known.explode(name)
                .drop_nulls(name)
                .unique(["paper_id", name], keep="first", maintain_order=True)
            )
            return values.group_by("paper_id", maintain_order=True).agg(
                name, pl.col(*beside).unique(maintain_order=True)
            )
        case "union":
            return grouped.agg(column.explode(empty_as_null=False).unique(maintain_order=True))
        case _:
            raise ValueError(f"no merge rule {rule!r}")


def _best(known: pl.DataFrame, rank: pl.Expr) -> pl.DataFrame:
    """The rows of each paper that rank first."""
    ranked = known.with_columns(rank=rank)
    return ranked.filter(pl.col("rank") == pl.col("rank").min().over("paper_id"))


def _most_frequent(known: pl.DataFrame, name: str, beside: tuple[str, ...]) -> pl.DataFrame:
    """The value on most rows of a paper, the first of several, with what its first row has."""
    counted = known.group_by("paper_id", name, maintain_order=True).agg(
        pl.len(), *(pl.col(each).first() for each in beside)
    )
    return counted.group_by("paper_id", maintain_order=True).agg(
        pl.col(name, *beside).get(pl.col("len").arg_max())
    )


def conflicts(entries: pl.DataFrame) -> pl.DataFrame:
    """For each paper the names of the columns on which its sightings state different values.

    An abstract that is the beginning of another, as a cut capture leaves it, counts as different;
    days of publication that time zones make differ do not.
    """
    kept = entries["paper_id"].unique(maintain_order=True)
    # stable, so that the sightings of a paper stand one after the other, in their order
    rows = entries.sort("paper_id", maintain_order=True)
    found = []
    for column, rule in _merged_columns():
        if rule not in _NO_CONFLICT:
            papers = _which_differ(rows, SOURCES.get(column.name, column.name), column)
            found.append(papers.to_frame().with_columns(conflict=pl.lit(column.name)))
    named = pl.concat(found).group_by("paper_id", maintain_order=True).agg(conflicts="conflict")
    nothing = pl.lit([], pl.List(pl.String))
    return (
        kept.to_frame()
        .join(named, on="paper_id", how="left", maintain_order="left")
        .with_columns(pl.col("conflicts").fill_null(nothing))
    )


def _which_differ(rows: pl.DataFrame, name: str, column: dictionary.Column) -> pl.Series:
    """The papers on a column of which their sightings state different values.

    Args:
        rows: The sightings of one paper after the other.
        name: The column of the sightings.
        column: That of the papers.
    """
    value = pl.col(name)
    known = rows.select("paper_id", name).filter(value.is_not_null())
    if column.type == "date":
        by_paper = known.group_by("paper_id", maintain_order=True)
        spans = by_paper.agg(days=(value.max() - value.min()).dt.total_days())
        return spans.filter(pl.col("days") > ZONES)["paper_id"]
    of = pl.col("paper_id")
    if column.name == "doi":
        # a preprint and what it was published as have one each
        kinds = identifiers.is_preprint_doi(value)
        known = known.sort("paper_id", kinds, maintain_order=True)
        of = pl.struct("paper_id", kinds)
    # not all of a run are equal where one is not as the one before it
    changes = (of == of.shift()) & (value != value.shift())
    return known.filter(changes)["paper_id"].unique(maintain_order=True)
