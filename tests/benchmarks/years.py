"""How often the years of pages are resolved, and how often rightly: a simulation with known truth.

Pages of a search list papers of all ages: the age of a paper is exponential, with a mean that
differs from search to search (0.7 to 4 years in most). They are captured over three years, every
fifth around New Year; a fourteenth of the entries lost their metadata, every tenth page all of it.
One page in four is an answer with records, which write all years, in another time zone: a third of
their days are the next one. ``overlap`` is the share of entries whose paper stands on other pages,
too. For comparison: on the real pages that the project began with, 37 to 91 entries long, a fourth
to a half of the dates leave the year out, and as many again are of the year before.

Printed are, over overlap and page size: how right what is ``confirmed`` and what is ``inferred``
is, and which share of the dates without a year is resolved. Then, with papers that no other page
lists, how right an inferred year is over the number of dates on the page and the number of them
that are of the latest year that it writes out: ``dates.min_dates`` and ``dates.min_in_year`` are to
be the smallest that are right in 99 of 100 cases.

Run it as ``python tests/benchmarks/years.py [--pages 400] [--worlds 5]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.worlds import Page, Shown, tables_of_world

from paperdump import config
from paperdump.dedupe import dating
from paperdump.dedupe.dating import Inference

_BEGIN, _END = dt.date(2023, 6, 1), dt.date(2026, 6, 1)
_FIRST = dt.date(2010, 1, 1)
_POOL = 3000  # papers that pages share
OVERLAPS = (0.0, 0.05, 0.2, 0.5)
SIZES = (10, 20, 50, 100)
N_DATES = (6, 8, 10, 12, 14, 16, 18, 20, 25)
IN_YEAR = (1, 2, 3, 4, 5)


def world(chance: np.random.Generator, pages: int, size: int, overlap: float) -> list[Page]:
    """Pages of invented papers."""
    span = (_END - _FIRST).days
    # more papers are published each year; a page sees those that were there on its day
    pool = np.sort(span - chance.exponential(500, _POOL).astype(int)).clip(0)
    made = []
    unique = _POOL
    for _ in range(pages):
        day = _BEGIN + dt.timedelta(days=int(chance.integers((_END - _BEGIN).days)))
        if chance.random() < 0.2:
            year = int(chance.choice([2024, 2025, 2026]))
            day = dt.date(year, 1, 1) + dt.timedelta(days=int(chance.integers(-4, 4)))
        viewed = (day - _FIRST).days
        mean_age = 365 * float(chance.lognormal(np.log(1.6), 0.55))
        records = chance.random() < 0.25
        lost_all = not records and chance.random() < 0.1
        listed = np.searchsorted(pool, viewed, side="right")
        shared = set()
        shown = []
        for _ in range(size):
            if chance.random() < overlap and listed:
                # of the shared papers, too, the newer ones more often
                back = int(chance.exponential(listed / 4))
                paper = int(listed - 1 - min(back, listed - 1))
                if paper in shared:
                    continue
                shared.add(paper)
                published = int(pool[paper])
            else:
                paper, unique = unique, unique + 1
                published = max(0, viewed - int(chance.exponential(mean_age)))
            off = int(records and chance.random() < 1 / 3 and published < viewed)
            lost = not records and (lost_all or chance.random() < 1 / 14)
            when = _FIRST + dt.timedelta(days=published + off)
            shown.append(Shown(paper, None if lost else when))
        made.append(Page(day, shown, writes_years=records))
    return made


def resolved(pages: list[Page], inference: Inference) -> pl.DataFrame:
    """A row per entry that shows a date without its year: evidence, whether it is right."""
    dumps, entries = tables_of_world(pages)
    found = dating.resolve(dumps, entries, inference).entries
    return found.filter(
        pl.col("shown_month").is_not_null() & pl.col("shown_year").is_null()
    ).select("dump_id", "published_on_evidence", right=pl.col("published_on") == pl.col("truth"))


def counted(rows: pl.DataFrame) -> dict[str, float]:
    """Accuracy of what is confirmed and inferred, and the share of entries resolved by each."""
    result: dict[str, float] = {"dates": rows.height}
    for evidence in ("confirmed", "inferred"):
        mine = rows.filter(pl.col("published_on_evidence") == evidence)
        right = mine["right"].sum()
        result[f"{evidence}_right"] = right / mine.height if mine.height else float("nan")
        result[f"{evidence}_share"] = mine.height / rows.height if rows.height else float("nan")
    return result


def by_numbers(pages: list[Page]) -> pl.DataFrame:
    """A row per page that leaves years out and writes some: its numbers, and its guess."""
    rows = []
    for page in pages:
        years = [shown.day.year for shown in page.entries if shown.day]
        written_out = [year for year in years if year < page.day.year]
        if page.writes_years or not written_out or len(written_out) == len(years):
            continue
        latest = max(written_out)
        rows.append(
            {
                "n_dates": len(years),
                "n_left_out": len(years) - len(written_out),
                "n_in_year": written_out.count(latest),
                "right": latest + 1 == page.day.year,
            }
        )
    return pl.DataFrame(rows)


def main() -> None:
    """Simulate and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=400, help="pages of a world")
    options.add_argument("--worlds", type=int, default=5, help="worlds per row")
    given = options.parse_args()
    inference = Inference.from_config(config.resolve({})["dates"])
    print(f"{given.worlds} worlds of {given.pages} pages a row; {inference}")
    print("overlap  entries a page    dates   confirmed: right   share   inferred: right   share")
    for overlap in OVERLAPS:
        for size in SIZES:
            rows = pl.concat(
                resolved(
                    world(
                        np.random.default_rng([seed, size, int(100 * overlap)]),
                        given.pages,
                        size,
                        overlap,
                    ),
                    inference,
                )
                for seed in range(given.worlds)
            )
            found = counted(rows)
            shares = "".join(
                f"{found[f'{how}_right']:{width}.4f}  {found[f'{how}_share']:6.3f}"
                for how, width in (("confirmed", 19), ("inferred", 18))
            )
            print(f"{overlap:7.2f}  {size:14}  {found['dates']:7.0f}{shares}")
    print(
        "\nno overlap: accuracy (share of dates) of what is inferred, over the number of dates on"
    )
    print("the page, and the least number of the latest year that it writes out")
    print("dates on the page" + "".join(f"{number:>16}" for number in IN_YEAR))
    found = pl.concat(
        by_numbers(world(np.random.default_rng([seed, size, 1]), given.pages, size, 0.0))
        for size in (8, 10, 12, 14, 16, 18, 20, 25)
        for seed in range(3 * given.worlds)
    )
    for begin, end in pairwise(N_DATES):
        mine = found.filter(pl.col("n_dates").is_between(begin, end, closed="left"))
        cells = []
        for number in IN_YEAR:
            some = mine.filter(pl.col("n_in_year") >= number)
            right = some.filter("right")["n_left_out"].sum() / max(1, some["n_left_out"].sum())
            share = some["n_left_out"].sum() / max(1, mine["n_left_out"].sum())
            cells.append(f"{right:8.4f} ({share:.2f})")
        print(f"{f'{begin} to {end - 1}':17}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()
