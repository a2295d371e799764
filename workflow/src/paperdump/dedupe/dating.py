"""The dates of entries whose page leaves out the year, from what is known of the page's day.

The year of a page is ``stated`` where it states its day (or its capture, or the sheet of dumps
does), ``confirmed`` where its bounds leave one year, ``inferred`` where the latest year that it
writes out is the year before on enough of its entries (``Inference``), or where that follows from
such a page. Only what is certain bounds a page; what is inferred gives dates, and no bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from paperdump.dedupe import page_days, years
from paperdump.dedupe.evidence import Evidence, evidence_of
from paperdump.normalize import dates

_MOST_TOLD = 5  # lines named in a note


@dataclass(frozen=True, slots=True)
class Inference:
    """When the year of a page is inferred from the years that it writes out.

    The pages of a search list papers of all ages, the newer ones more often. If a page were of
    the year after the next, not one of its papers would be of the whole year between; the more
    papers it lists, and the more of the year before that gap, the less likely that is. Simulated
    (``tests/benchmarks/years.py``), 16 dates with 3 of that year are right in more than 99 of 100
    cases; 10 dates in 97, 8 in 95, and on such small pages more of that year help little.

    Attributes:
        enabled: Whether it is done at all.
        min_dates: How many entries of the page must be dated, with a year or without.
        min_in_year: On how many of them the latest year that the page writes out must stand.
    """

    enabled: bool
    min_dates: int
    min_in_year: int

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> Inference:
        """What the section ``dates`` of the config says."""
        return cls(section["infer_years"], section["min_dates"], section["min_in_year"])


class Dated(NamedTuple):
    """Dumps and entries with their days, and what contradicts itself."""

    dumps: pl.DataFrame
    entries: pl.DataFrame
    contradictions: pl.DataFrame


def resolve(dumps: pl.DataFrame, entries: pl.DataFrame, inference: Inference) -> Dated:
    """Resolve the years that pages leave out.

    Args:
        dumps: A table ``dumps``.
        entries: Normalized entries in page order, with ``cluster``.
        inference: Whether, and from how much, years are inferred.

    Returns:
        The dumps with the columns that say when they were captured, and with notes on dates that
        cannot be; the entries with ``published_on`` and its evidence; a table ``contradictions``.
    """
    pages = page_days.stated(dumps)
    evidence = evidence_of(entries, pages)
    solved = years.solve(pages, evidence)
    known = _known_years(solved, _likely(solved, evidence, inference))
    dated = _dated(entries, known, evidence)
    ids = entries["entry_id"]
    return Dated(
        _with_days(dumps, solved, known, _notes(dated), ids),
        dated.drop("year", "year_evidence", "is_after"),
        _contradictions(solved.contradictions, dated, dumps),
    )


def _likely(solved: years.Solved, evidence: Evidence, inference: Inference) -> years.Solved | None:
    """What would follow from the years that are inferred; None where none is.

    Inferences that would contradict what is known, or each other, are not made.
    """
    if not inference.enabled:
        return None
    begins, ends = pl.col("earliest").dt.year(), pl.col("latest").dt.year()
    last = pl.date(begins, 12, 31)
    assumed = (
        solved.pages.with_row_index("page")
        .with_columns(pl.col("page").cast(pl.Int64))
        .join(evidence.written, on="page")
        .filter(
            ~pl.col("contradicted"),
            ends.is_null() | (ends > begins),
            begins == pl.col("year") + 1,
            pl.col("n_dates") >= inference.min_dates,
            pl.col("n_written") >= inference.min_in_year,
            pl.col("n_left_out") > 0,
        )
        .select(
            "dump_id",
            assumed=pl.when(pl.col("month").is_not_null())
            .then("earliest")
            .otherwise(pl.min_horizontal("latest", last)),
        )
    )
    while assumed.height:
        likely = years.assuming(solved, assumed, evidence)
        if likely.contradictions.is_empty():
            return likely
        pages = solved.pages["dump_id"].gather(evidence.entries["page"])
        homes = evidence.entries.select(by="at", dump_id=pages)
        wrong = pl.concat(
            [
                likely.contradictions.select("dump_id"),
                likely.contradictions.join(homes, on="by", suffix="_of").select(
                    dump_id="dump_id_of"
                ),
            ]
        )
        kept = assumed.join(wrong, on="dump_id", how="anti")
        assumed = kept if kept.height < assumed.height else assumed.clear()
    return None


def _known_years(solved: years.Solved, likely: years.Solved | None) -> pl.DataFrame:
    """Per dump its ``year``, the evidence for it, and ``snapshot_on``, as far as they are known."""
    certain = _single_year(solved.pages)
    evidence = pl.when("held").then(pl.lit("stated")).otherwise(pl.lit("confirmed"))
    known = certain.with_columns(
        year_evidence=pl.when(pl.col("year").is_not_null()).then(evidence)
    ).drop("held")
    if likely is None:
        return known
    guessed = _single_year(likely.pages).select(
        "dump_id", guessed_year="year", guessed_on="snapshot_on"
    )
    inferred = pl.when(pl.col("guessed_year").is_not_null()).then(pl.lit("inferred"))
    return (
        known.join(guessed, on="dump_id", how="left", maintain_order="left")
        .with_columns(
            year=pl.coalesce("year", "guessed_year"),
            snapshot_on=pl.when(pl.col("year").is_not_null())
            .then("snapshot_on")
            .otherwise("guessed_on"),
            year_evidence=pl.coalesce("year_evidence", inferred),
        )
        .drop("guessed_year", "guessed_on")
    )


def _single_year(pages: pl.DataFrame) -> pl.DataFrame:
    """Per dump the only year that its bounds leave, and the only day."""
    lo, hi = pl.col("earliest"), pl.col("latest")
    usable = pl.col("held") | ~pl.col("contradicted")
    return pages.select(
        "dump_id",
        "held",
        year=pl.when(usable & (lo.dt.year() == hi.dt.year())).then(lo.dt.year()),
        snapshot_on=pl.when(usable & (lo == hi)).then(lo),
    )


def _dated(entries: pl.DataFrame, known: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    """The entries with their dates; ``is_after``: dated after their page's own day."""
    month, day = pl.col("shown_month"), pl.col("shown_day")
    left_out = month.is_not_null() & pl.col("shown_year").is_null()
    rows = entries.join(
        known.select("dump_id", "year", "year_evidence"),
        on="dump_id",
        how="left",
        maintain_order="left",
    ).with_columns(is_after=left_out & evidence.entries["month"].is_null())
    found = pl.when(left_out & ~pl.col("is_after")).then(dates.day_of(pl.col("year"), month, day))
    inferred = pl.col("year_evidence") == "inferred"
    how = pl.when(inferred).then(pl.lit("inferred")).otherwise(pl.lit("confirmed"))
    return rows.with_columns(
        published_on=pl.coalesce("published_on", found),
        published_on_evidence=pl.coalesce(
            "published_on_evidence", pl.when(found.is_not_null()).then(how)
        ),
    )


def _with_days(
    dumps: pl.DataFrame,
    solved: years.Solved,
    known: pl.DataFrame,
    notes: pl.DataFrame,
    ids: pl.Series,
) -> pl.DataFrame:
    """The dumps with what is known of their days."""
    entry = {
        f"snapshot_{side}_{name}_id": ids.gather(solved.pages[f"{side}_{part}"])
        for side in ("earliest", "latest")
        for name, part in (("entry", "at"), ("witness", "by"))
    }
    days = solved.pages.select(
        "dump_id",
        listing_month="month",
        listing_day="day",
        snapshot_earliest="earliest",
        snapshot_earliest_evidence="earliest_kind",
        snapshot_latest="latest",
        snapshot_latest_evidence="latest_kind",
        **entry,
    ).join(known.select("dump_id", "snapshot_on", "year_evidence"), on="dump_id")
    told = pl.concat_list("notes", pl.col("told").fill_null([]))
    added = [name for name in days.columns if name != "dump_id" and name in dumps.columns]
    return (
        dumps.drop(added)
        .join(days, on="dump_id", how="left", maintain_order="left")
        .join(notes, on="dump_id", how="left", maintain_order="left")
        .with_columns(notes=told)
        .drop("told")
    )


def _notes(dated: pl.DataFrame) -> pl.DataFrame:
    """Per dump what is to be said of dates that cannot be: ``dump_id``, ``told``."""
    text = pl.col("date_text")
    complete = (
        text.str.contains(dates.DATE_PATTERN) | text.str.extract(dates.ISO_PATTERN, 3).is_not_null()
    )
    unreal = complete & pl.col("published_on").is_null() & pl.col("shown_month").is_null()
    no_such_day = (
        pl.col("published_on").is_null()
        & pl.col("shown_month").is_not_null()
        & pl.col("year").is_not_null()
    )
    odd = (
        dated.select(
            "dump_id",
            "date_text",
            place=pl.coalesce(
                pl.format("line {}", "first_line"),
                pl.format("record {}", "record"),
                pl.format("entry {}", "position"),
            ),
            what=pl.when(pl.col("is_after"))
            .then(pl.lit("after the page's own day"))
            .when(unreal)
            .then(pl.lit("no day of the calendar"))
            .when(no_such_day)
            .then(pl.format("no day of {}, the page's year", "year")),
        )
        .filter(pl.col("what").is_not_null())
        .group_by("dump_id", "what", maintain_order=True)
        .agg(places=pl.format("{} ({})", "place", "date_text"))
    )
    notes = [
        {"dump_id": dump_id, "told": _note(what, places)}
        for dump_id, what, places in odd.iter_rows()
    ]
    schema = {"dump_id": pl.String, "told": pl.String}
    return pl.DataFrame(notes, schema=schema).group_by("dump_id", maintain_order=True).agg("told")


def _note(what: str, places: list[str]) -> str:
    shown = ", ".join(places[:_MOST_TOLD])
    more = f" and {len(places) - _MOST_TOLD} more" if len(places) > _MOST_TOLD else ""
    dates_are = "date is" if len(places) == 1 else "dates are"
    return f"{len(places)} {dates_are} {what} and left unknown: {shown}{more}."


_WHY = {
    "sheet": "the sheet of dumps states it",
    "captured": "the dump states the time of its capture",
    "date_links": "the page links to the listings of days beside its own",
    "stated": "the page states it",
    "stated_years": "all years that the page writes out lie before its own",
    "dated_elsewhere": "the paper is dated",
    "listed_elsewhere": "the paper is listed by then",
    "published_by": "the paper is known to be published by then",
    "arxiv_id": "the paper's arXiv identifier names the month",
}


def _contradictions(
    found: pl.DataFrame, entries: pl.DataFrame, dumps: pl.DataFrame
) -> pl.DataFrame:
    """The table ``contradictions``."""
    named = set(found["at"].drop_nulls()) | set(found["by"].drop_nulls())
    rows = {
        row["at"]: row
        for row in entries.with_row_index("at")
        .filter(pl.col("at").is_in(sorted(named)))
        .join(dumps.select("dump_id", "path"), on="dump_id", how="left")
        .select(
            "at",
            "entry_id",
            "path",
            "title",
            "first_line",
            "record",
            "position",
            "date_text",
            "published_on",
        )
        .to_dicts()
    }
    told: list[dict[str, Any]] = []
    for row in found.sort("dump_id", "side").to_dicts():
        entry, witness = rows.get(row["at"]), rows.get(row["by"])
        told.append(
            {
                "dump_id": row["dump_id"],
                "bound_side": row["side"],
                "bound": row["bound"],
                "bound_evidence": row["kind"],
                "entry_id": entry["entry_id"] if entry else None,
                "witness_id": witness["entry_id"] if witness else None,
                "message": _message(row, entry, witness),
            }
        )
    return pl.DataFrame(
        told,
        schema={
            "dump_id": pl.String,
            "bound_side": pl.String,
            "bound": pl.Date,
            "bound_evidence": pl.String,
            "entry_id": pl.String,
            "witness_id": pl.String,
            "message": pl.String,
        },
    )


def _message(
    row: dict[str, Any], entry: dict[str, Any] | None, witness: dict[str, Any] | None
) -> str:
    words = [f"The page's day is {row['bound']} at the {row['side']}: {_WHY[row['kind']]}"]
    if entry:
        words.append(f"; the entry is {_place(entry, with_path=False)}")
    if witness:
        words.append(f"; it rests on {_place(witness, with_path=True)}")
    words.append(
        ". The other bound contradicts that; state the day in the sheet of dumps if you know it, "
        "or correct the entry that is wrong."
    )
    return "".join(words)


def _place(entry: dict[str, Any], *, with_path: bool) -> str:
    """An entry in words: its title, its place, its date as written."""
    parts: Iterable[str | None] = (
        entry["path"] if with_path else None,
        f"line {entry['first_line']}" if entry["first_line"] else None,
        f"record {entry['record']}" if entry["record"] and not entry["first_line"] else None,
        entry["date_text"],
    )
    title = " ".join(entry["title"].split())
    short = title if len(title) <= 60 else title[:59] + "…"
    return f"“{short}” ({', '.join(part for part in parts if part)})"
