"""The generated corpus as raw dumps, in the formats' mixture.

    python tests/benchmarks/dumps.py CORPUS.parquet FOLDER [--dumps 20000]

Half of the dumps are text captures, which tell least; the others are Markdown and HTML captures and
the site's JSON. Records that are one paper carry one arXiv identifier in the formats that have any,
as the site gives it; of a paper without a date the month is invented. A dump's name, its records
and its format depend on the corpus alone; dumps lie a thousand to a folder.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests import pages, renderings
from tests.renderings import TODAY, Paper

Record = dict[str, Any]
_TO_A_FOLDER = 1000
_OF_A_MONTH = 9000  # arXiv identifiers that are invented for a month
_MONTHS = [dt.date(2010 + n // 12, n % 12 + 1, 15) for n in range(12 * 16)]


def _day(record: Record) -> dt.date | None:
    """The day of a record, if it has one: none is after the pages."""
    day: dt.date | None = record["published_on"]
    return None if day is None else min(day, TODAY)


def _paper(record: Record) -> Paper:
    number = record["paper"]
    day = _day(record) or _MONTHS[number % len(_MONTHS)]
    # as many papers to each month: the identifier's month is not the date's, as on the site
    month = _MONTHS[number // _OF_A_MONTH % len(_MONTHS)]
    return Paper(
        arxiv_id=f"{month:%y%m}.{10_000 + number % _OF_A_MONTH}",
        title=record["title"],
        abstract=record["abstract"] or "",
        authors=tuple(record["authors"] or ()),
        published=max(day, month),
        comments=number % 7 or None,
        upvotes=number % 50,
    )


def _listed(record: Record) -> pages.Listed:
    day, authors = _day(record), record["authors"]
    shown = None
    if day is not None:
        shown = f"{day:%b} {day.day}" + ("" if day.year == TODAY.year else f", {day.year}")
    byline = f"  • {len(authors)} author{'s' if len(authors) > 1 else ''}" if authors else None
    return pages.Listed(record["title"], record["abstract"], byline, shown)


def _as_text(records: Sequence[Record]) -> str:
    return pages.page(*(_listed(record) for record in records)) + "\n"


def _rendered(
    render: Callable[[renderings.Papers], str],
) -> Callable[[Sequence[Record]], str]:
    return lambda records: render([_paper(record) for record in records])


# a format's ending, and what writes it, as often as it stands here
FORMATS: list[tuple[str, Callable[[Sequence[Record]], str]]] = [
    *[("txt", _as_text)] * 5,
    ("md", _rendered(renderings.as_markdown)),
    ("html", _rendered(renderings.as_visible_html)),
    ("html", _rendered(renderings.as_html)),
    ("json", _rendered(renderings.as_json)),
    ("jsonl", _rendered(renderings.as_json_lines)),
]


def write(corpus: pl.DataFrame, folder: Path, first: int, sizes: Sequence[int]) -> int:
    """Write the records of a corpus as dumps, in their order.

    Args:
        corpus: As ``corpus.py`` makes it.
        folder: Where to write to.
        first: The number of the first dump.
        sizes: How many records each dump has.

    Returns:
        How many bytes the dumps have.
    """
    done = written = 0
    for number, size in enumerate(sizes, first):
        records = corpus.slice(done, size).to_dicts()
        done += size
        ending, render = FORMATS[number % len(FORMATS)]
        place = folder / f"{number // _TO_A_FOLDER:03}" / f"{number:06}.{ending}"
        place.parent.mkdir(parents=True, exist_ok=True)
        written += place.write_bytes(render(records).encode())
    return written


def write_all(corpus: Path, folder: Path, dumps: int) -> int:
    """Write a corpus as so many dumps of about as many records, on all cores; their bytes."""
    height = int(pl.scan_parquet(corpus).select(pl.len()).collect().item())
    bounds = [height * n // dumps for n in range(dumps + 1)]
    # a fork of a process in which Polars has threads may hang
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=spawned) as pool:
        parts = [
            pool.submit(
                _write_part, corpus, folder, begin, bounds[begin : begin + _TO_A_FOLDER + 1]
            )
            for begin in range(0, dumps, _TO_A_FOLDER)
        ]
        return sum(part.result() for part in parts)


def _write_part(corpus: Path, folder: Path, first: int, bounds: list[int]) -> int:
    some = pl.scan_parquet(corpus).slice(bounds[0], bounds[-1] - bounds[0]).collect()
    sizes = [end - begin for begin, end in pairwise(bounds)]
    return write(some, folder, first, sizes)


def main() -> None:
    """Write the dumps."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dumps", type=int, default=20_000)
    given = parser.parse_args()
    written = write_all(given.corpus, given.folder, given.dumps)
    print(f"{given.dumps:,} dumps, {written / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
