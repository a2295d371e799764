"""How the time and the memory of matching grow, and whether inputs made to hurt it do.

    python tests/benchmarks/dedupe_growth.py [--records 10000 100000 1000000] [--corpus FILE ...]
        [--hard 20000 40000] [--runs 3] [--clean]

The first table is of generated corpora (``corpus.py``) of several sizes. Each is matched by a
process of its own (``dedupe_stage.py``), whose steps are added up; the start of Python and the
imports, which no size changes, are in ``process`` only. ``busy`` is the time that the processor was
at work, which other programs on the machine disturb less. Beside each figure stands the slope on
log axes from the size before: 1 is growth in proportion, 2 would be quadratic. Then the steps. So
that the slopes are those of matching, abstracts are not cleaned (``--clean`` does it).
The words of the corpora are the same at each size, so that more titles resemble each other by
chance the more there are: some of a slope above 1 is of the corpora, not of the method.

The second table is of hard inputs, made of generated corpora of the sizes of ``--hard``:

* ``shared title``: half of the records have the same title, each its own abstract;
* ``shared title alone``: the same, and no record has an abstract;
* ``numbered titles``: half of the records have the same title but for a number in it, no abstract;
* ``near titles``: half have one title of ten words in which two are of their own, no abstract;
* ``shared abstract``: half of the records have the same abstract, each its own title;
* ``boilerplate``: every abstract ends in the same paragraph, of 100 words;
* ``boilerplate alone``: every abstract is that paragraph and a sentence of its own.

``compared`` is the number of pairs that are compared closely, repeats of one form left out. From
one size to twice the size both it and the time should double; ``slope`` is that of the busy time.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import corpus as generator
from tests.benchmarks import dedupe_stage

from paperdump.dedupe import likeness, pairing

STAGE = Path(__file__).with_name("dedupe_stage.py")
_TITLE = "Tidal Moraines of Shallow Basins under Slow Lunar Forcing"
_PARAGRAPH = (
    "This article is part of the proceedings of the annual meeting on tides and basins and was "
    "reviewed by two members of the committee. All authors read the final version and agreed that "
    "it be printed. No part of it may be stored or sent on in any form without the leave of the "
    "society, but for short passages that are quoted in reviews. The data that support what was "
    "found are kept by the society and can be had on a fair request from its office. The work was "
    "paid for by the members. There is no conflict of interest to tell of in it."
)


class Measured(NamedTuple):
    """What one run, or the median of some, took.

    Attributes:
        process: Wall seconds from the start of the process to its end.
        steps: Of each step the wall seconds, the busy seconds, the most resident MiB; ``all`` is
            that of all of them.
    """

    process: float
    steps: dict[str, tuple[float, float, float]]

    @property
    def all(self) -> tuple[float, float, float]:
        """The wall seconds, busy seconds and MiB of all steps."""
        return self.steps["all"]


def run(path: Path, clean: bool) -> Measured:
    """Match the records of a file in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(STAGE), str(path), str(Path(folder) / "clusters.parquet")]
        command += ["--timings", "--clean" if clean else "--no-clean"]
        begun = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        process = time.perf_counter() - begun
    steps = {}
    for line in done.stdout.splitlines():
        name, seconds, _, busy, _, _, most, _ = line.split()
        steps[name] = float(seconds), float(busy), float(most)
    return Measured(process, steps)


def median(path: Path, clean: bool, runs: int) -> Measured:
    """The medians of several runs."""
    found = [run(path, clean) for _ in range(runs)]
    steps = {}
    for name in found[0].steps:
        seconds, busy, most = zip(*(one.steps[name] for one in found), strict=True)
        steps[name] = statistics.median(seconds), statistics.median(busy), statistics.median(most)
    return Measured(statistics.median(one.process for one in found), steps)


def slope(sizes: tuple[float, float], values: tuple[float, float]) -> str:
    """The slope on log axes between two points; nothing where a value is too small to tell."""
    if min(values) < 0.02:
        return ""
    return f"{math.log(values[1] / values[0]) / math.log(sizes[1] / sizes[0]):.2f}"


def growth(files: Sequence[Path], clean: bool, runs: int) -> None:
    """Print how time and memory grow over corpora, the smallest first."""
    print(f"{'records':>10} {'process s':>10} {'steps s':>8} slope {'busy s':>8} slope", end="")
    print(f" {'MiB':>7} slope")
    measured: list[tuple[int, Measured]] = []
    for path in files:
        size = pl.scan_parquet(path).select(pl.len()).collect().item()
        measured.append((size, median(path, clean, runs)))
        now = measured[-1][1]
        cells = [f"{size:>10,}", f"{now.process:>10.2f}"]
        for at, width in enumerate((8, 8, 7)):
            cells.append(f"{now.all[at]:>{width}.{0 if at == 2 else 2}f}")
            before = measured[-2] if len(measured) > 1 else None
            cells.append(
                f"{slope((before[0], size), (before[1].all[at], now.all[at])):>5}"
                if before
                else " " * 5
            )
        print(" ".join(cells), flush=True)
    print("busy seconds per step, and slope")
    for name in measured[-1][1].steps:
        cells = [f"{name:12}"]
        for at, (size, one) in enumerate(measured):
            busy = one.steps[name][1]
            cells.append(f"{busy:9.2f}")
            if at:
                before, earlier = measured[at - 1]
                cells.append(f"{slope((before, size), (earlier.steps[name][1], busy)):>5}")
        print(" ".join(cells))


def hard_inputs() -> Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]]:
    """What makes a hard input of a corpus, by name; ``plain`` leaves it as it is."""
    number = pl.int_range(pl.len())
    half = number % 2 == 0
    no_abstract = pl.lit(None, pl.String).alias("abstract")
    own = pl.col("title").str.split(" ").list.last()
    shared = pl.when(half).then(pl.lit(_TITLE)).otherwise("title").alias("title")
    numbered = pl.format("Tidal Moraines of Shallow Basins: Survey {} of the Coast", number)
    two_of_ten = pl.format("Tidal {} of Shallow Basins under Slow {} Forcing", own, number * 7919)
    same = pl.col("abstract").drop_nulls().first()

    def change(*columns: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
        return lambda corpus: corpus.with_columns(*columns)

    def of_half(titles: pl.Expr) -> pl.Expr:
        return pl.when(half).then(titles).otherwise("title").alias("title")

    return {
        "plain": change(),
        "shared title": change(shared),
        "plain alone": change(no_abstract),
        "shared title alone": change(shared, no_abstract),
        "numbered titles": change(of_half(numbered), no_abstract),
        "near titles": change(of_half(two_of_ten), no_abstract),
        "shared abstract": change(pl.when(half).then(same).otherwise("abstract").alias("abstract")),
        "boilerplate": change(pl.col("abstract") + pl.lit(" " + _PARAGRAPH)),
        "boilerplate alone": change(
            pl.col("abstract").str.extract(r"^([^.]*\.)") + pl.lit(" " + _PARAGRAPH)
        ),
    }


def compared(path: Path) -> int:
    """How many pairs of forms are compared closely."""
    entries = dedupe_stage.read(path, dedupe_stage.Steps(), clean=False)
    limits = dedupe_stage.default_limits()
    keyed = likeness.with_keys(dedupe_stage.as_one_dump(entries), limits)
    titles, abstracts = pairing.texts_of(keyed, limits.min_abstract_words)
    blocks = pairing.block(titles, abstracts)
    return pairing.pairs_of_forms(pairing.forms_of(keyed), titles, abstracts, blocks).height


def hard(corpora: Sequence[pl.DataFrame], clean: bool, runs: int, folder: Path) -> None:
    """Print what hard inputs made of corpora take, each beside that of the size before."""
    print(
        f"\n{'hard input':20} {'records':>8} {'compared':>10} {'seconds':>8} {'busy s':>8}", end=""
    )
    print(f" {'MiB':>6} {'of plain':>8} slope")
    plain: dict[int, float] = {}
    for name, change in hard_inputs().items():
        before: tuple[int, float] | None = None
        for corpus in corpora:
            path = folder / "hard.parquet"
            change(corpus.select(dedupe_stage.READABLE)).write_parquet(path)
            seconds, busy, most = median(path, clean, runs).all
            size = corpus.height
            if name.startswith("plain"):
                plain[size] = busy
            told = slope((before[0], size), (before[1], busy)) if before else ""
            before = size, busy
            print(
                f"{name:20} {size:>8,} {compared(path):>10,} {seconds:>8.2f} {busy:>8.2f}"
                f" {most:>6.0f} {busy / plain[size]:>8.2f} {told:>5}",
                flush=True,
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--records", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    size.add_argument("--corpus", type=Path, nargs="+", help="generated corpora to take instead")
    parser.add_argument("--hard", type=int, nargs="*", default=[20_000, 40_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--clean", action=argparse.BooleanOptionalAction, default=False)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = list(given.corpus or [])
        for records in given.records if not files else []:
            files.append(folder / f"corpus_{records}.parquet")
            generator.generate(records).write_parquet(files[-1])
        if files:
            growth(files, given.clean, given.runs)
        if given.hard:
            corpora = [generator.generate(records) for records in given.hard]
            hard(corpora, given.clean, given.runs, folder)


if __name__ == "__main__":
    main()
