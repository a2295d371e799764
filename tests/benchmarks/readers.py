"""Reading pages: throughput of the readers per core, beside a bare Python loop over the lines.

The baseline opens each file as text and loops over its lines, doing nothing. A reader goes from
the file to all its entries. Read are the dumps of ``--dumps`` (default: pages of 100 invented
entries, of the lengths that real ones have, in every rendering of the tests).

Run it as ``python tests/benchmarks/readers.py [--dumps FOLDER]``. Printed are medians of
``--runs`` passes over all files of a format.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.renderings import RENDERINGS, Paper
from tests.tables_of import settings

from paperdump.readers import recognise
from paperdump.readers.base import Entry, Reader
from paperdump.readers.source import Limits, Source

_WORDS = (
    "the tide a moon of shore basin wave model field lattice and spectrum bound is sparse graph to "
    "measure kernel flow we show that phase energy limit random matrix learning signal".split()
)


def invented(count: int) -> list[Paper]:
    """Papers with titles and abstracts of the lengths that real ones have."""
    chance = random.Random(7)  # noqa: S311
    papers = []
    for number in range(count):
        title = " ".join(chance.choices(_WORDS, k=11)).title()
        sentences = [" ".join(chance.choices(_WORDS, k=22)).capitalize() + "." for _ in range(9)]
        papers.append(
            Paper(
                f"2605.{number:05}",
                f"{title} {number}",
                " ".join(sentences),
                ("Ada Marsh",) * chance.randint(1, 12),
                None if number % 5 else ("tide-lab", "Tide Lab"),
                date(2026, 5, 1 + number % 28),
                chance.choice([None, 2, 5]),
                chance.choice([None, 1, 44]),
            )
        )
    return papers


def bare_loop(files: list[Path]) -> None:
    """The baseline: every line of every file, as text."""
    for file in files:
        with file.open(encoding="utf-8") as lines:
            for _ in lines:
                pass


def read(reader: Reader, files: list[Path], limits: Limits) -> int:
    """Read files; returns the number of entries."""
    found = 0
    for file in files:
        source = Source(file.name, lambda f=file: f.open("rb"), file.stat().st_size, limits)
        found += sum(isinstance(item, Entry) for item in reader.read(source))
    return found


def median_seconds(work: object, runs: int) -> float:
    """Median time of a call."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()  # type: ignore[operator]
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--dumps", type=Path)
    options.add_argument("--runs", type=int, default=31)
    given = options.parse_args()
    limits = settings().limits
    with tempfile.TemporaryDirectory() as name:
        folder = given.dumps or Path(name)
        if not given.dumps:
            papers = invented(100)
            for rendering, (_, render, _) in RENDERINGS.items():
                for page in range(4):
                    (folder / f"{rendering}-{page}.dump").write_text(render(papers), "utf-8")
        groups: dict[str, list[Path]] = defaultdict(list)
        readers = {}
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            head = Source(file.name, lambda f=file: f.open("rb"), 0, limits).head
            reader, _ = recognise(head)
            if reader:
                group = file.name.rsplit("-", 1)[0] if not given.dumps else reader.name
                groups[group].append(file)
                readers[group] = reader
        print(f"medians of {given.runs}, one core; baseline: a bare loop over the lines")
        for group, files in groups.items():
            size = sum(file.stat().st_size for file in files) / 1e6
            entries = read(readers[group], files, limits)
            loop = median_seconds(lambda f=files: bare_loop(f), given.runs)
            ours = median_seconds(lambda f=files, g=group: read(readers[g], f, limits), given.runs)
            print(
                f"  {group:18} {len(files):4} files {size:7.2f} MB {entries:6} entries  "
                f"loop {size / loop:7.1f} MB/s  reader {size / ours:7.1f} MB/s  "
                f"{loop / ours:5.2f} x the loop"
            )


if __name__ == "__main__":
    main()
