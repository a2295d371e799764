"""Precision and recall of matching over each of its thresholds, one at a time around its default.

    python tests/benchmarks/thresholds.py [--records 10000 | --corpus FILE] [--benchmarks FOLDER]
        [--only THRESHOLD ...]

Corpora are the generated one (``corpus.py``), with its abstracts and without, and those with gold
pairs (``dedupe_corpora.py``), which have none: without abstracts the thresholds of abstracts say
nothing, and are left out. Columns: pairwise precision, recall and F1; on the generated corpus also
precision and recall on near-duplicates alone, and the lookalikes that were merged (``scoring.py``);
and how many pairs are left to people. Signatures and blocks are made once for each corpus.

Why the defaults are what they are. Merging two papers is worse than missing a repeat, so of values
that find as much a strict one is taken. Figures are those of 100,000 generated records where no
other corpus is named; *near* is recall on near-duplicates.

* ``abstract_same`` 0.7: from 0.5 to 0.7 only the pairs left to people change (230, 182 at 0.6,
  198). At 0.4 a paper is merged that shares half of its abstract with another one. At 0.75 near
  falls from 0.992 to 0.988, at 0.9 to 0.947: papers whose title lost a subtitle or a word, too. It
  is the last value before that, not the middle of what is safe: the generator knows no group that
  writes alike in all its abstracts, and there strictness is all that helps.
* ``abstract_like`` 0.3: from 0.15 to 0.35 next to nothing changes. Below, papers under one generic
  title are merged for the phrases that they share (5 lookalikes at 0.1, 98 at 0.05); above, papers
  are missed of which much of the abstract was edited (near 0.989 at 0.4, 0.984 at 0.5).
* ``title_like`` 0.85: it hardly moves precision or recall anywhere; it sets how much people are
  asked. Without abstracts 5,162 pairs are left to them at 0.7, 1,186 at 0.85, 490 at 0.9; recall is
  0.9689, 0.9685, 0.9672. On Cora recall is 0.803 at 0.7, 0.800 at 0.95; DBLP-ACM does not tell.
* ``min_title_words`` 4: the one on which corpora disagree. The generated records would have 1 to 3:
  without abstracts recall is 0.971 at 1, 0.970 at 3, 0.9685 at 4, 0.960 at 8, and precision 0.9998
  from 1 to 4. On DBLP-ACM precision is 0.971 at 3, 0.993 at 4, at the same recall. That comes of
  two columns only, *Reminiscences on Influential Papers* and *Calls for Papers and Announcements*,
  which return in slightly other words; but such columns are what real lists have and the generator
  has not, and what 4 costs is little. Cora does not tell.
* ``min_abstract_words`` 20: from 5 to 50 next to nothing changes, for invented abstracts are long;
  at 80 a lookalike is merged and near falls to 0.989. So it is set by what it is for: to pass over
  what stands in the place of an abstract, as *No abstract available*, which no corpus here has.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import corpus as generator
from tests.benchmarks import dedupe_corpora, dedupe_stage, scoring
from tests.benchmarks.scoring import Score
from tests.tables_of import parse_folder

from paperdump import config
from paperdump.dedupe import clusters, likeness, matching, merging, pairing
from paperdump.dedupe.limits import Limits
from paperdump.dedupe.pairing import Blocks
from paperdump.normalize import normalize, signatures

# The values that are tried beside the default.
VALUES: dict[str, tuple[float, ...]] = {
    "abstract_same": (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9),
    "abstract_like": (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5),
    "title_like": (0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    "min_title_words": (1, 2, 3, 4, 5, 6, 8),
    "min_abstract_words": (5, 10, 20, 30, 50, 80),
}
# Which of them decides what is compared; the others decide on what was compared.
_OF_KEYS = "min_abstract_words"
_OF_ABSTRACTS = ("abstract_same", "abstract_like", "min_abstract_words")


class Found(NamedTuple):
    """What matching finds.

    Attributes:
        labels: The cluster of each entry.
        doubtful: How many pairs are left to people.
    """

    labels: pl.Series
    doubtful: int


class Matcher:
    """The matching of one corpus under several thresholds.

    What does not depend on them, signatures and blocks, is made once.

    Args:
        entries: Normalized entries in page order, with signatures.
    """

    def __init__(self, entries: pl.DataFrame) -> None:
        self._entries = entries
        self._keyed: dict[int, tuple[pl.DataFrame, Blocks]] = {}

    def found(self, limits: Limits) -> Found:
        """What is found under some thresholds."""
        keyed, blocks = self._blocked(limits)
        links = matching.links(keyed, limits, blocks)
        labels = clusters.of_same_paper(keyed, links).entries["cluster"]
        doubtful = (links["match_decision"] == "doubtful").sum()
        return Found(labels, doubtful)

    def _blocked(self, limits: Limits) -> tuple[pl.DataFrame, Blocks]:
        least = limits.min_abstract_words
        if least not in self._keyed:
            keyed = likeness.with_keys(self._entries, limits)
            self._keyed[least] = (
                keyed,
                pairing.block(*pairing.texts_of(keyed, limits.min_abstract_words)),
            )
        return self._keyed[least]


class Row(NamedTuple):
    """The figures of one threshold at one value; None where the corpus does not tell."""

    score: Score
    near: tuple[float, float] | None
    lookalikes: int | None
    doubtful: int

    def line(self) -> str:
        """The figures in columns."""
        score = self.score
        cells = [f"{score.precision:.5f}", f"{score.recall:.5f}", f"{score.f1:.5f}"]
        cells += [f"{value:.5f}" for value in self.near] if self.near else ["", ""]
        cells.append("" if self.lookalikes is None else str(self.lookalikes))
        cells.append(str(self.doubtful))
        return " ".join(cell.rjust(8) for cell in cells)


HEAD = " ".join(name.rjust(8) for name in ("P", "R", "F1", "near P", "near R", "looks", "doubts"))


class Task(NamedTuple):
    """A corpus to match.

    Attributes:
        name: What it is called.
        entries: Its normalized entries in page order, with signatures.
        row: The figures of what was found.
        has_abstracts: Whether thresholds of abstracts matter.
    """

    name: str
    entries: pl.DataFrame
    row: Callable[[Found], Row]
    has_abstracts: bool


def generated(corpus: pl.DataFrame) -> Iterator[Task]:
    """A generated corpus, with its abstracts and without."""

    def row(found: Found) -> Row:
        near = scoring.near_duplicates(corpus, found.labels)
        looks = scoring.lookalikes_merged(corpus, found.labels)
        return Row(
            scoring.pairwise(corpus["paper"], found.labels),
            (near.precision, near.recall),
            int(looks["merged_any"].sum()),
            found.doubtful,
        )

    whole = corpus.select(dedupe_stage.READABLE)
    bare = whole.with_columns(abstract=pl.lit(None, pl.String))
    for name, records in (("with abstracts", whole), ("without abstracts", bare)):
        entries = dedupe_stage.as_one_dump(dedupe_stage.cleaned(records))
        yield Task(
            f"generated, {corpus.height:,} records {name}",
            signatures.with_signatures(entries),
            row,
            records is whole,
        )


def with_gold(benchmarks: Path) -> Iterator[Task]:
    """The corpora with gold pairs that are there."""
    for corpus in dedupe_corpora.present(benchmarks):
        with tempfile.TemporaryDirectory() as name:
            parsed = parse_folder(dedupe_corpora.copied(corpus, benchmarks, Path(name)))
        hosts = config.resolve({})["normalize"]["code_hosts"]
        normalized = normalize(parsed["work/entries"], hosts)
        entries = merging.in_page_order(normalized, parsed["dumps"])
        places = entries.join(
            parsed["dumps"].select("dump_id", file="path"), on="dump_id", maintain_order="left"
        ).select("record", path="file")

        def row(
            found: Found,
            corpus: dedupe_corpora.Corpus = corpus,
            places: pl.DataFrame = places,
        ) -> Row:
            placed = places.with_columns(cluster=found.labels)
            return Row(corpus.score(placed, benchmarks), None, None, found.doubtful)

        yield Task(corpus.name, entries, row, has_abstracts=False)


def sweep(task: Task, names: Iterable[str], defaults: Limits) -> None:
    """Print the figures of a corpus over thresholds."""
    matcher = Matcher(task.entries)
    usual = task.row(matcher.found(defaults))
    print(f"\n{task.name}\n{'threshold':18} {'value':>8}  {HEAD}")
    for name in names:
        if name in _OF_ABSTRACTS and not task.has_abstracts:
            continue
        default = getattr(defaults, name)
        for value in sorted({*VALUES[name], default}):
            if value == default:
                row = usual
            else:
                row = task.row(matcher.found(dataclasses.replace(defaults, **{name: value})))
            mark = "*" if value == default else " "
            same = "  =" if value != default and row == usual else ""
            print(f"{name:18} {value:>8}{mark} {row.line()}{same}", flush=True)


def tasks(corpus: pl.DataFrame, benchmarks: Path) -> Iterator[Task]:
    """All corpora, one at a time in memory."""
    yield from generated(corpus)
    yield from with_gold(benchmarks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures over all thresholds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--records", type=int, default=10_000)
    size.add_argument("--corpus", type=Path, help="a generated corpus to take instead")
    parser.add_argument("--benchmarks", type=Path, default=dedupe_corpora.default_folder())
    parser.add_argument("--only", nargs="+", choices=list(VALUES), default=list(VALUES))
    given = parser.parse_args(arguments)
    corpus = pl.read_parquet(given.corpus) if given.corpus else generator.generate(given.records)
    print("*: the default; =: the figures are those of the default")
    for task in tasks(corpus, given.benchmarks.resolve()):
        sweep(task, given.only, dedupe_stage.default_limits())


if __name__ == "__main__":
    main()
