"""Normalize: throughput per core of the whole stage, and where the time goes.

    python tests/benchmarks/normalize.py [--dumps FOLDER] [--entries 20000] [--runs 9]

Normalized are invented entries: a share of them wrapped like those of the arXiv snapshot, with
mathematics, macros, accents, entities, mojibake, addresses, dates without a year. With ``--dumps``
it is those of the folder, over and over. Beside it stand, in the same turns, what no stage can do
without: writing the same entries as Parquet and reading them again; and one pass over all titles
and abstracts that does nothing but unify their Unicode. A megabyte is one of titles and abstracts.

Polars is held to one thread. Figures are medians.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"  # read when Polars is imported

import argparse
import io
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.tables_of import parse_folder

from paperdump import config, tables
from paperdump.normalize import dates, identifiers, links, mojibake, names, normalize, tex, text

_WORDS = (
    "the tide a moon of shore basin wave model field lattice and spectrum bound is sparse graph to "
    "measure kernel flow we show that phase energy limit random matrix learning signal".split()
)
# What stands among the words, and in how many of a hundred abstracts.
_SCRAPS = {
    r"$\alpha$": 8,
    r"$k$-basin": 8,
    r"$O(n \log n)$": 4,
    r"$x_{i} \in \mathbb{R}^{d}$": 4,
    r"$\mathcal{O}(\frac{1}{n})$": 3,
    r"45.2\%": 9,
    r"\textbf{tidal} \emph{nets}": 2,
    'G\\"odel and Erd\\H{o}s': 2,
    "``spring tide''": 3,
    "waves -- and tides": 8,
    "2--3 moons": 4,
    "R&amp;D": 1,
    "GrÃ¶bner": 1,
    "naïve “tides”": 6,
    "$5 to $10": 1,
    "https://github.com/tide-lab/tides.": 9,
    "(https://tides.example/a_b)": 6,
    "arXiv:2301.01234": 2,
}


def invented(count: int) -> pl.DataFrame:
    """Entries whose titles and abstracts have the lengths, and the scraps, that real ones have."""
    chance = random.Random(7)  # noqa: S311
    rows = []
    for number in range(count):
        title = " ".join(chance.choices(_WORDS, k=10)).title()
        words = chance.choices(_WORDS, k=190)
        for scrap, share in _SCRAPS.items():
            for _ in range(2):
                if chance.random() * 200 < share:
                    words[chance.randrange(len(words))] = scrap
        abstract = " ".join(words)
        if number % 2:
            lines = [" ".join(words[at : at + 13]) for at in range(0, len(words), 13)]
            abstract = "  " + "\n".join(lines) + "\n"
        rows.append(
            {
                "entry_id": f"d0-{number:05}",
                "dump_id": "d0",
                "position": number + 1,
                "first_line": 1,
                "last_line": 2,
                "title": f"{title}: $p$-adic" if number % 30 == 0 else title,
                "abstract": abstract,
                "authors": ["Ada Marsh"] * chance.randint(1, 9) if number % 3 else None,
                "organization_text": None if number % 9 else "tide-lab Tide Lab",
                "date_text": chance.choice(["May 28", "Jun 3, 2024", "2024-05-28T09:00:00Z"]),
                "arxiv_text": f"2605.{number % 100_000:05}" if number % 3 else None,
                "doi_text": None if number % 7 else f"10.1000/tide.{number}",
            }
        )
    return tables.conform(pl.DataFrame(rows, infer_schema_length=None), "work/entries")


def real(folder: Path, count: int) -> pl.DataFrame:
    """The entries of a folder of dumps, over and over, each time with other texts."""
    entries = parse_folder(folder)["work/entries"]
    times = max(1, count // entries.height)
    copies = (
        entries.with_columns(pl.col("title", "abstract") + pl.lit(f" {time}" if time else ""))
        for time in range(times)
    )
    return pl.concat(copies, rechunk=True)


def as_parquet(entries: pl.DataFrame) -> None:
    """The baseline: the entries to Parquet and back, in memory."""
    file = io.BytesIO()
    entries.write_parquet(file)
    file.seek(0)
    pl.read_parquet(file)


def steps(entries: pl.DataFrame, hosts: list[str]) -> dict[str, Callable[[], object]]:
    """The parts of the stage, each alone, as the stage calls them."""
    title, abstract = pl.col("title"), pl.col("abstract")
    beside, date = pl.col("link_texts"), pl.col("date_text")
    cleaned = entries.with_columns(
        clean_title=text.clean_title(title),
        clean_abstract=text.clean_abstract(abstract),
        arxiv_id=identifiers.own_arxiv_id(pl.col("arxiv_text"), pl.col("doi_text"), beside),
        urls=links.all_urls(abstract, beside, hosts),
    )
    citing = pl.concat_str(title, abstract, separator="\n\n", ignore_nulls=True)
    marked = entries["abstract"].filter(
        entries["abstract"].str.contains("|".join([*tex.MARKS, mojibake.SUSPECT]))
    )

    def select(frame: pl.DataFrame, *expressions: pl.Expr) -> Callable[[], object]:
        return lambda: frame.select(pl.struct(e).alias(str(n)) for n, e in enumerate(expressions))

    return {
        "titles cleaned": select(entries, text.clean_title(title)),
        "abstracts cleaned": select(entries, text.clean_abstract(abstract)),
        "  once more, when clean": select(cleaned, text.clean_abstract(pl.col("clean_abstract"))),
        "  TeX of those with a mark": lambda: [tex.plain(raw) for raw in marked],
        "title keys": select(cleaned, text.title_key(pl.col("clean_title"))),
        "addresses": select(entries, links.all_urls(abstract, beside, hosts)),
        "code addresses": select(cleaned, links.code_urls(pl.col("urls"), hosts)),
        "identifiers of the paper": select(
            entries,
            identifiers.own_arxiv_id(pl.col("arxiv_text"), pl.col("doi_text"), beside),
            identifiers.doi(pl.col("doi_text")),
        ),
        "identifiers that it mentions": select(
            cleaned,
            identifiers.mentioned_arxiv_ids(citing, pl.col("arxiv_id")),
            identifiers.mentioned_dois(citing, pl.col("doi_text")),
        ),
        "names": select(
            entries,
            names.clean_list(pl.col("authors")),
            names.clean_list(pl.col("categories")),
            names.organization_slug(pl.col("organization_text")),
            names.organization_name(pl.col("organization_text")),
        ),
        "dates": select(
            entries,
            dates.shown_month(date),
            dates.shown_day(date),
            dates.shown_year(date),
            dates.stated_date(date),
        ),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--dumps", type=Path)
    options.add_argument("--entries", type=int, default=20_000)
    options.add_argument("--runs", type=int, default=9)
    given = options.parse_args()
    hosts = config.resolve({})["normalize"]["code_hosts"]
    entries = real(given.dumps.resolve(), given.entries) if given.dumps else invented(given.entries)
    texts = pl.col("title", "abstract")
    size = sum(entries.select(texts.str.len_bytes().sum()).row(0)) / 1e6
    whole: dict[str, Callable[[], object]] = {
        "normalize, whole": lambda: normalize(entries, hosts),
        "Parquet, out and in": lambda: as_parquet(entries),
        "Unicode alone": lambda: entries.select(texts.str.normalize("NFC")),
    }
    parts = steps(entries, hosts)
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(given.runs):
        for name, work in {**whole, **parts}.items():
            begun = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - begun)
    taken = {name: statistics.median(found) for name, found in times.items()}
    print(f"{entries.height} entries, {size:.1f} MB; medians of {given.runs}, one core")
    for name in whole:
        print(f"  {name:34} {taken[name]:7.3f} s {size / taken[name]:8.1f} MB/s")
    print("of the whole")
    for name in parts:
        share = taken[name] / taken["normalize, whole"]
        print(f"  {name:34} {taken[name]:7.3f} s {share:8.0%}")


if __name__ == "__main__":
    main()
