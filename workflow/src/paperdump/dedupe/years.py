"""In which year a page was captured, and so when its papers were published.

The site leaves the year out of a date exactly when it was the current one on the day of viewing.
So the dates of a page without a year are all of one year, the page's own. Each page's day has
bounds, and bounds move through the papers that pages share, until nothing changes:

* a paper is dated the same on all pages, but for a day that time zones make (``ZONES``); so a date
  without a year must meet what other pages say of that paper (``dated_elsewhere``);
* a page that lists a paper was captured when it was published, or later (``published_by``), and
  not before the month in its arXiv identifier, which its date seldom comes before, either, and
  never by more than ``HELD`` (``arxiv_id``);
* a paper on a page captured by some day was published by that day (``listed_elsewhere``);
* the years that a page writes out lie before its own (``stated_years``).

This is constraint propagation on intervals (bounds consistency: Mackworth, *Consistency in Networks
of Relations*, Artificial Intelligence 8, 1977): bounds only ever get tighter, so the end is one and
the same whatever the order of dumps. Each round starts from the state after the one before, so
the evidence of a bound rests on earlier rounds and its chain has no loop. Stronger evidence has
its round first, and weaker evidence takes a bound over only where it makes it tighter.

Where evidence contradicts itself, the page keeps the bounds it had, its year stays unknown, nothing
follows from it any more, and every piece of the contradiction is reported. A day that the page or
its user states stands all the same. Papers whose dates disagree by more than the time zone say
nothing of years.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import polars as pl

from paperdump.dedupe import bounds
from paperdump.dedupe.evidence import IDENTIFIED, LEFT_OUT, LISTED, SEEN, ZONES, Evidence
from paperdump.normalize import dates

_MOST_ROUNDS = 1000  # each tightens a bound, within 150 years, so it is never reached
_SIDES = ("earliest", "latest")
_STATE = {
    "dump_id": pl.String,
    "month": pl.Int16,
    "day": pl.Int16,
    **{
        f"{side}{part}": kind
        for side in _SIDES
        for part, kind in (
            ("", pl.Date),
            ("_kind", pl.String),
            ("_at", pl.Int64),
            ("_by", pl.Int64),
        )
    },
    "held": pl.Boolean,
    "contradicted": pl.Boolean,
}
_CONTRADICTION = {
    "dump_id": pl.String,
    "side": pl.String,
    "bound": pl.Date,
    "kind": pl.String,
    "at": pl.Int64,
    "by": pl.Int64,
}


class Solved(NamedTuple):
    """What is known of the days of pages.

    Attributes:
        pages: A row per dump: ``earliest`` and ``latest``, each with its kind of evidence, the
            entry of the dump that carries it (``_at``) and the entry elsewhere that it rests on
            (``_by``), both as places in the order of entries; whether the dump states its day
            (``held``); whether its evidence contradicts itself.
        contradictions: A row per piece of evidence of a contradiction.
    """

    pages: pl.DataFrame
    contradictions: pl.DataFrame


def solve(pages: pl.DataFrame, evidence: Evidence) -> Solved:
    """Bound the day of each page by all evidence.

    Args:
        pages: What the dumps state of their days, as ``page_days.stated`` gives it.
        evidence: The entries, as ``evidence_of`` gives them.
    """
    state = _first_state(pages)
    found: list[pl.DataFrame] = []
    state = _tighten(state, _by_shared_papers(state, evidence, exact_only=True), found)
    state = _tighten(state, _by_written_years(state, evidence), found)
    return _followed(state, evidence, found)


def assuming(solved: Solved, latest: pl.DataFrame, evidence: Evidence) -> Solved:
    """What would follow if some pages were captured by days that are assumed for them.

    Args:
        solved: What is known.
        latest: The dumps, and the days: ``dump_id``, ``assumed``.
        evidence: The entries.
    """
    state = solved.pages.join(latest, on="dump_id", how="left", maintain_order="left")
    state = state.with_columns(latest=pl.coalesce("assumed", "latest")).drop("assumed")
    return _followed(state, evidence, [])


def _followed(state: pl.DataFrame, evidence: Evidence, found: list[pl.DataFrame]) -> Solved:
    """Rounds of all evidence, until nothing changes."""
    for _ in range(_MOST_ROUNDS):
        before = state
        state = _tighten(state, _by_shared_papers(state, evidence), found)
        if state.equals(before):
            break
    return Solved(state, pl.concat([pl.DataFrame(schema=_CONTRADICTION), *found]))


def _first_state(pages: pl.DataFrame) -> pl.DataFrame:
    absent = pl.lit(None, pl.Int64)
    held = pl.col("earliest").is_not_null() & (pl.col("earliest") == pl.col("latest"))
    return pages.with_columns(
        earliest_at=absent,
        earliest_by=absent,
        latest_at=absent,
        latest_by=absent,
        held=held.fill_null(value=False),
        contradicted=pl.lit(value=False),
    ).select(pl.col(name).cast(kind) for name, kind in _STATE.items())


class _Candidates(NamedTuple):
    """The tightest bounds that evidence gives: rows of page, bound, kind, at, by."""

    earliest: pl.DataFrame
    latest: pl.DataFrame


def _by_written_years(state: pl.DataFrame, evidence: Evidence) -> _Candidates:
    """The years that a page writes out lie before its own, if it leaves years out at all."""
    rows = (
        state.with_row_index("page")
        .with_columns(pl.col("page").cast(pl.Int64))
        .join(evidence.written, on="page")
        .filter(
            pl.col("year").is_not_null()
            & (pl.col("month").is_not_null() | (pl.col("n_left_out") > 0))
        )
    )
    begin = dates.day_of(pl.col("year") + 1, pl.lit(1), pl.lit(1))
    earliest = rows.select(
        "page",
        bound=_snapped(dates.first_from, begin),
        kind=pl.lit("stated_years"),
        at="at",
        by=pl.lit(None, pl.Int64),
    )
    return _Candidates(earliest, earliest.clear())


Move: TypeAlias = Callable[[pl.Expr, pl.Expr, pl.Expr], pl.Expr]


def _snapped(move: Move, bound: pl.Expr) -> pl.Expr:
    """A bound on a page's day, moved to a day with the page's month and day, where known."""
    month, day = pl.col("month"), pl.col("day")
    return pl.when(month.is_not_null()).then(move(bound, month, day)).otherwise(bound)


def _by_shared_papers(
    state: pl.DataFrame, evidence: Evidence, *, exact_only: bool = False
) -> _Candidates:
    """What papers say of the pages that list them.

    Args:
        state: The bounds of the pages.
        evidence: The entries.
        exact_only: Whether only dates written in full count, and only for the year that the same
            date lacks on another page.
    """
    usable = pl.col("held") | ~pl.col("contradicted")
    pages = state.select(
        has_day=pl.col("month").is_not_null(),
        lo=pl.when(usable).then("earliest"),
        hi=pl.when(usable).then("latest"),
    )
    entries, left_out = evidence.entries, evidence.left_out
    left_out = pl.concat([left_out, pages[left_out["page"]]], how="horizontal")
    papers = _dated_papers(evidence, left_out, pages, exact_only=exact_only)
    of_dates = _of_every_page(_bounds_of_dates(left_out, papers), state.height)
    lower = {"by_date": of_dates["by_date"], "by_held": of_dates["by_held"]}
    if not exact_only:
        dated = papers.select(
            by_paper=pl.when(bounds.lower_strength(pl.col("lower")) != IDENTIFIED).then("lower"),
            by_id="since",
        )
        shared = pl.concat(
            [entries.select("page", "at"), dated[entries["paper"]]], how="horizontal"
        )
        # carried by the entry of the page, whoever the witness is
        again = {
            name: bounds.lower(bounds.day_of(pl.col(name)), 0, pl.col("at")).max()
            for name in dated.columns
        }
        carried = _of_every_page(shared.group_by("page").agg(**again), state.height)
        lower |= {
            "by_record": evidence.pages["recorded"],
            "by_paper": carried["by_paper"],
            "by_id": carried["by_id"],
        }
    upper = {"by_date": of_dates["upper_by_date"], "by_listing": of_dates["by_listing"]}
    return _Candidates(
        _strongest(state, pl.DataFrame(lower), _LOWER, papers, entries, is_lower=True),
        _strongest(state, pl.DataFrame(upper), _UPPER, papers, entries, is_lower=False),
    )


# What bounds pages: the kind of evidence, the strongest first, the column of the bound, and the
# column of papers that holds the witness.
_Sources: TypeAlias = tuple[tuple[str, str, str | None], ...]
_LOWER: _Sources = (
    ("dated_elsewhere", "by_date", "lower"),
    ("published_by", "by_record", None),
    ("published_by", "by_paper", "lower"),
    ("arxiv_id", "by_held", "lower"),
    ("arxiv_id", "by_id", "since"),
)
_UPPER: _Sources = (
    ("dated_elsewhere", "by_date", "upper"),
    ("listed_elsewhere", "by_listing", "upper"),
)


def _dated_papers(
    evidence: Evidence, left_out: pl.DataFrame, pages: pl.DataFrame, *, exact_only: bool
) -> pl.DataFrame:
    """Between which days each paper is dated, by its strongest witness on either side.

    Returns:
        A row per paper, in their order: ``lower``, ``upper`` and ``since``, bounds as numbers.
    """
    papers = evidence.papers
    if exact_only:
        return papers.select("since", lower="exact_lower", upper="exact_upper")
    at, zone = pl.col("at"), pl.duration(days=ZONES)
    month, day, one = pl.col("month"), pl.col("day"), pl.lit(1)
    begin = dates.day_of(pl.col("lo").dt.year(), one, one)
    end = dates.day_of(pl.col("hi").dt.year(), pl.lit(12), pl.lit(31))
    hulls = (
        left_out.filter(pl.col("lo").is_not_null() | pl.col("hi").is_not_null())
        .with_columns(
            first=dates.first_from(begin, month, day), last=dates.last_until(end, month, day)
        )
        .group_by("paper")
        .agg(
            left_out_lower=bounds.lower(pl.col("first") - zone, LEFT_OUT, at).max(),
            left_out_upper=bounds.upper(pl.col("last") + zone, LEFT_OUT, at).min(),
        )
    )
    entries = evidence.entries
    seen = (
        entries.select("paper", "at", "agrees", hi=pages["hi"].gather(entries["page"]))
        .filter(pl.col("agrees") & pl.col("hi").is_not_null())
        .group_by("paper")
        .agg(seen_upper=bounds.upper(pl.col("hi") + zone, SEEN, at).min())
    )
    return (
        papers.join(hulls, on="paper", how="left", maintain_order="left")
        .join(seen, on="paper", how="left", maintain_order="left")
        .select(
            "since",
            lower=pl.max_horizontal("exact_lower", "left_out_lower", "held"),
            upper=pl.min_horizontal("exact_upper", "left_out_upper", "listed", "seen_upper"),
        )
    )


def _bounds_of_dates(left_out: pl.DataFrame, papers: pl.DataFrame) -> pl.DataFrame:
    """What the dates without a year, which must meet their papers' bounds, say of their pages.

    Returns:
        A row per page that has such dates, with bounds as numbers.
    """
    at, month, day, one = pl.col("at"), pl.col("month"), pl.col("day"), pl.lit(1)
    lower, upper = pl.col("lower"), pl.col("upper")
    rows = pl.concat(
        [left_out, papers.select("lower", "upper")[left_out["paper"]]], how="horizontal"
    ).with_columns(
        first=dates.first_from(bounds.day_of(lower), month, day),
        last=dates.last_until(bounds.day_of(upper), month, day),
    )
    # the page is of that year; without a day of its own, it is not older than its entry either
    begin = dates.day_of(pl.col("first").dt.year(), one, one)
    end = dates.day_of(pl.col("last").dt.year(), pl.lit(12), pl.lit(31))
    earliest = pl.when("has_day").then(begin).otherwise(pl.col("first") - pl.duration(days=ZONES))
    by_id = bounds.lower_strength(lower) == IDENTIFIED
    by_date = bounds.upper_strength(upper) < LISTED
    return rows.group_by("page").agg(
        by_date=bounds.lower(pl.when(~by_id).then(earliest), 0, at).max(),
        by_held=bounds.lower(pl.when(by_id).then(earliest), 0, at).max(),
        upper_by_date=bounds.upper(pl.when(by_date).then(end), 0, at).min(),
        by_listing=bounds.upper(pl.when(~by_date).then(end), 0, at).min(),
    )


def _of_every_page(found: pl.DataFrame, count: int) -> pl.DataFrame:
    """Rows of pages, in their order, with one for each that has none."""
    every = pl.select(page=pl.int_range(count))
    return every.join(found, on="page", how="left", maintain_order="left")


def _strongest(
    state: pl.DataFrame,
    found: pl.DataFrame,
    sources: _Sources,
    papers: pl.DataFrame,
    entries: pl.DataFrame,
    *,
    is_lower: bool,
) -> pl.DataFrame:
    """The tightest bound per page on days that it can be of, by the strongest evidence.

    Args:
        state: The pages.
        found: A row per page, a column per source, with bounds as numbers.
        sources: The sources, the strongest first.
        papers: The bounds of papers, which name the witnesses.
        entries: All entries.
        is_lower: Whether they are lower bounds.
    """
    move = dates.first_from if is_lower else dates.last_until
    number, at_of = (bounds.lower, bounds.lower_at) if is_lower else (bounds.upper, bounds.upper_at)
    strength_of = bounds.lower_strength if is_lower else bounds.upper_strength
    rows = pl.concat([state.select("month", "day"), found], how="horizontal")
    scores = [
        number(_snapped(move, bounds.day_of(pl.col(column))), place, at_of(pl.col(column)))
        for place, (_, column, _) in enumerate(sources)
        if column in found.columns
    ]
    best = pl.max_horizontal(scores) if is_lower else pl.min_horizontal(scores)
    kinds = {place: kind for place, (kind, _, _) in enumerate(sources)}
    tightest = (
        rows.with_row_index("page")
        .select(page=pl.col("page").cast(pl.Int64), best=best)
        .filter(pl.col("best").is_not_null())
        .select(
            "page",
            bound=bounds.day_of(pl.col("best")),
            place=strength_of(pl.col("best")),
            at=at_of(pl.col("best")),
        )
    )
    of_paper = papers[entries["paper"][tightest["at"]]]
    witness = pl.lit(None, pl.Int64)
    for place, (_, _, column) in enumerate(sources):
        if column:
            of_it = bounds.upper_at if column == "upper" else bounds.lower_at
            mine = pl.col("place") == place
            witness = pl.when(mine).then(of_it(pl.col(column))).otherwise(witness)
    named = pl.concat([tightest, of_paper], how="horizontal").with_columns(by=witness)
    home = entries["page"].gather(named["by"].fill_null(0))
    own = (home == pl.col("page")) & pl.col("by").is_not_null()
    # a witness on the page itself is no other dump's
    return named.select(
        "page",
        "bound",
        kind=pl.col("place").replace_strict(kinds, return_dtype=pl.String),
        at=pl.when(own).then("by").otherwise("at"),
        by=pl.when(~own).then("by"),
    )


def _tighten(
    state: pl.DataFrame, candidates: _Candidates, found: list[pl.DataFrame]
) -> pl.DataFrame:
    """The state after a round: tighter bounds taken over, contradictions set apart.

    Args:
        state: The state before.
        candidates: The bounds that evidence gives.
        found: Where to add what contradicts itself.
    """
    state = state.with_row_index("page").with_columns(pl.col("page").cast(pl.Int64))
    for side, tightest in zip(_SIDES, candidates, strict=True):
        found_now = tightest.select(
            "page",
            pl.col("bound").alias(f"new_{side}"),
            *(pl.col(part).alias(f"new_{side}_{part}") for part in ("kind", "at", "by")),
        )
        state = state.join(found_now, on="page", how="left", maintain_order="left")
    tighter = {
        "earliest": (pl.col("new_earliest") > pl.col("earliest")) | pl.col("earliest").is_null(),
        "latest": (pl.col("new_latest") < pl.col("latest")) | pl.col("latest").is_null(),
    }
    state = state.with_columns(
        **{
            f"take_{side}": (tighter[side] & pl.col(f"new_{side}").is_not_null()).fill_null(
                value=False
            )
            for side in _SIDES
        }
    )
    lo, hi = (pl.when(f"take_{side}").then(f"new_{side}").otherwise(side) for side in _SIDES)
    # where bounds chase each other, they soon leave the years that there can be
    beyond = (lo.dt.year() > dates.LATEST_YEAR) | (hi.dt.year() < dates.EARLIEST_YEAR)
    crossed = ((lo > hi) | beyond).fill_null(value=False) & ~pl.col("contradicted")
    state = state.with_columns(crossed=crossed)
    found.append(_contradictions(state.filter("crossed")))
    free = ~pl.col("held") & ~pl.col("contradicted") & ~pl.col("crossed")
    return state.with_columns(
        *(
            pl.when(free & pl.col(f"take_{side}"))
            .then(f"new_{side}{part}")
            .otherwise(f"{side}{part}")
            .alias(f"{side}{part}")
            for side in _SIDES
            for part in ("", "_kind", "_at", "_by")
        ),
        contradicted=pl.col("contradicted") | pl.col("crossed"),
    ).select(list(_STATE))


def _contradictions(crossed: pl.DataFrame) -> pl.DataFrame:
    """Both pieces of evidence of each contradiction: what was known, or came in this round."""
    return pl.concat(
        [
            crossed.select(
                "dump_id",
                side=pl.lit(side),
                **{
                    name: pl.when(f"take_{side}")
                    .then(f"new_{side}{part}")
                    .otherwise(f"{side}{part}")
                    for name, part in (
                        ("bound", ""),
                        ("kind", "_kind"),
                        ("at", "_at"),
                        ("by", "_by"),
                    )
                },
            )
            for side in _SIDES
        ]
    ).filter(pl.col("bound").is_not_null())
