"""The workflow on corpora with gold pairs: precision, recall and F1 of what it puts together.

    python tests/benchmarks/dedupe_corpora.py [--benchmarks FOLDER] [--only NAME ...] [--errors N]

The corpora are bibliographies without abstracts, which are no part of the project: DBLP-ACM (two
lists of papers of databases; the gold has pairs across them, and only those count) and Cora (the
references of papers on machine learning, many of them to the same ones). ``--benchmarks`` is the
folder that holds ``dblp-acm`` and ``cora``; left out it is ``benchmarks`` in the folder that
``PAPERDUMP_SHARED`` names, or in ``../shared``. A corpus that is not there is said to be.

Each corpus is a folder of dumps for a real run of the workflow; the reader of tables finds the
columns. All settings are the defaults. Entries are known again by their number in their file
(``record``). Scores are pairwise (see ``scoring.against_gold``).

``--errors N`` shows the first N pairs that were wrongly put together, and the first N that were
missed, with what the corpus says of both and what ``matches`` says of the pair; of one that stands
there not, the entries were not compared closely, or are linked by way of others.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import scoring
from tests.benchmarks.scoring import Score

ROOT = Path(__file__).parents[2]
_SAID = ["title", "authors", "date_text", "journal_ref"]


@dataclass(frozen=True)
class Corpus:
    """A corpus with gold pairs.

    Attributes:
        name: Its folder's name.
        files: The tables that hold its records.
        key: The column of their ids.
        gold: The file of the pairs.
        separator: What stands between columns in all of these files.
        header: Whether the file of the pairs has one.
        across: Whether only pairs of different files count.
    """

    name: str
    files: tuple[str, ...]
    key: str
    gold: str
    separator: str = ","
    header: bool = True
    across: bool = False

    def is_in(self, benchmarks: Path) -> bool:
        """Whether the folder of corpora has all files of this one."""
        return all((benchmarks / self.name / file).is_file() for file in (*self.files, self.gold))

    def ids(self, benchmarks: Path) -> pl.DataFrame:
        """``path`` and ``record`` of each record, and its ``id``."""
        tables = [
            # what is no UTF-8 stands in titles and names; ids are ASCII
            pl.read_csv(
                benchmarks / self.name / file,
                separator=self.separator,
                encoding="utf8-lossy",
                infer_schema=False,
            )
            .with_row_index("record", offset=1)
            .select(pl.lit(file).alias("path"), pl.col("record").cast(pl.Int64), id=self.key)
            for file in self.files
        ]
        return pl.concat(tables)

    def pairs(self, benchmarks: Path) -> pl.DataFrame:
        """The gold pairs: two columns of ids."""
        return pl.read_csv(
            benchmarks / self.name / self.gold,
            separator=self.separator,
            has_header=self.header,
            infer_schema=False,
        )

    def score(self, placed: pl.DataFrame, benchmarks: Path) -> Score:
        """The score of records in clusters.

        Args:
            placed: ``path``, ``record`` and ``cluster`` of each record.
            benchmarks: The folder of corpora.
        """
        known = self.ids(benchmarks).join(placed, on=["path", "record"], how="left")
        source = known["path"] if self.across else None
        return scoring.against_gold(known["id"], known["cluster"], self.pairs(benchmarks), source)


CORPORA = (
    Corpus(
        "dblp-acm",
        ("ACM.csv", "DBLP2.csv"),
        "id",
        "DBLP-ACM_perfectMapping.csv",
        across=True,
    ),
    Corpus("cora", ("cora.csv",), "Entity Id", "cora_gold.csv", separator="|", header=False),
)


def default_folder() -> Path:
    """Where the corpora are looked for."""
    return Path(os.environ.get("PAPERDUMP_SHARED", ROOT.parent / "shared")) / "benchmarks"


def present(benchmarks: Path, names: Sequence[str] | None = None) -> list[Corpus]:
    """The corpora that are there; of those that are not, it is said."""
    found = []
    for corpus in CORPORA:
        if names and corpus.name not in names:
            continue
        if corpus.is_in(benchmarks):
            found.append(corpus)
        else:
            print(f"{corpus.name}: skipped, {benchmarks / corpus.name} has not all of its files")
    return found


def copied(corpus: Corpus, benchmarks: Path, folder: Path) -> Path:
    """A new folder with the tables of a corpus, without its gold."""
    dumps = folder / "dumps"
    dumps.mkdir()
    for file in corpus.files:
        (dumps / file).write_bytes((benchmarks / corpus.name / file).read_bytes())
    return dumps


def workflow(dumps: Path, folder: Path, cores: int) -> dict[str, pl.DataFrame]:
    """The tables of the release that a run of the workflow makes of dumps.

    Raises:
        SystemExit: The run failed.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--cores", str(cores)]
    command += ["--config", f"dumps={dumps}", f"results={folder / 'results'}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow" / "src")}
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SystemExit(f"the workflow failed\n{run.stdout}{run.stderr}")
    latest = folder / "results" / "latest"
    return {
        name: pl.read_parquet(latest / f"{name}.parquet")
        for name in ("dumps", "sightings", "matches")
    }


def wrong_pairs(
    corpus: Corpus, placed: pl.DataFrame, benchmarks: Path
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pairs of ids that were wrongly put together, and those that were missed.

    Args:
        corpus: The corpus.
        placed: ``path``, ``record`` and ``cluster`` of each record.
        benchmarks: The folder of corpora.
    """
    records = corpus.ids(benchmarks).join(placed, on=["path", "record"])
    ids = records.select("path", "cluster", a="id").with_row_index("row")
    together = ids.join(ids.rename({"a": "b"}), on="cluster", suffix="_b").filter(
        pl.col("row") < pl.col("row_b")
    )
    if corpus.across:
        together = together.filter(pl.col("path") != pl.col("path_b"))
    made, gold = (
        pairs.select(
            a=pl.min_horizontal(*pairs.columns), b=pl.max_horizontal(*pairs.columns)
        ).unique(maintain_order=True)
        for pairs in (together.select("a", "b"), corpus.pairs(benchmarks))
    )
    both = ["a", "b"]
    false = made.join(gold, on=both, how="anti", maintain_order="left")
    missed = gold.filter(pl.col("a") != pl.col("b")).join(
        made, on=both, how="anti", maintain_order="left"
    )
    return false, missed


def show(
    title: str, pairs: pl.DataFrame, known: pl.DataFrame, matches: pl.DataFrame, n: int
) -> None:
    """Print pairs, those first of whose titles none was shown, with what is known of both.

    Args:
        title: What they are.
        pairs: ``a`` and ``b``, ids.
        known: What is said of each ``id``, with its ``entry_id``.
        matches: The table of this name, in both directions.
        n: How many at most.
    """
    print(f"  {pairs.height} {title}")
    every = (
        pairs.join(known, left_on="a", right_on="id", maintain_order="left")
        .join(known, left_on="b", right_on="id", suffix="_b", maintain_order="left")
        .join(
            matches,
            left_on=["entry_id", "entry_id_b"],
            right_on=["one", "other"],
            how="left",
            maintain_order="left",
        )
    )
    rules = every.group_by("match_rule", "match_decision").len().sort("len", descending=True)
    for rule, decision, count in rules.iter_rows():
        print(f"    {count:6} {rule or 'no such pair in matches'} {decision or ''}")
    for row in every.unique(["title", "title_b"], maintain_order=True).head(n).to_dicts():
        score = row["title_score"] or 0.0
        rule = row["match_rule"] or "no such pair in matches"
        print(f"  {rule} {row['match_decision'] or ''} {score:.3f}")
        for side in ("", "_b"):
            said = [row[f"{name}{side}"] for name in _SAID]
            texts = ["; ".join(one) if isinstance(one, list) else one or "-" for one in said]
            print("    " + " | ".join(texts))


def clusters_of(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """``path``, ``record`` and ``cluster`` of the entries of a release."""
    dumps = tables["dumps"].select("dump_id", "path")
    return (
        tables["sightings"].join(dumps, on="dump_id").select("path", "record", cluster="paper_id")
    )


def report(
    corpus: Corpus, tables: dict[str, pl.DataFrame], benchmarks: Path, seconds: float, errors: int
) -> None:
    """Print the scores of a run, and errors if any are asked for."""
    sightings = tables["sightings"].join(tables["dumps"].select("dump_id", "path"), on="dump_id")
    placed = clusters_of(tables)
    score = corpus.score(placed, benchmarks)
    papers, doubtful = (
        placed["cluster"].n_unique(),
        (tables["matches"]["match_decision"] == "doubtful").sum(),
    )
    print(
        f"{corpus.name}: precision {score.precision:.4f}, recall {score.recall:.4f}, "
        f"F1 {score.f1:.4f}; {placed.height} entries, {papers} papers, {doubtful} doubtful pairs; "
        f"the run took {seconds:.0f} s"
    )
    if not errors:
        return
    known = corpus.ids(benchmarks).join(
        sightings.select("path", "record", "entry_id", *_SAID), on=["path", "record"]
    )
    found = tables["matches"].select(
        "match_rule", "match_decision", "title_score", one="entry_id_kept", other="entry_id_repeat"
    )
    matches = pl.concat([found, found.rename({"one": "other", "other": "one"})], how="diagonal")
    false, missed = wrong_pairs(corpus, placed, benchmarks)
    show("pairs wrongly put together", false, known, matches, errors)
    show("pairs missed", missed, known, matches, errors)


def main() -> None:
    """Run the workflow on each corpus and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--benchmarks", type=Path, default=default_folder())
    parser.add_argument("--only", nargs="+", choices=[corpus.name for corpus in CORPORA])
    parser.add_argument("--errors", type=int, default=0, help="how many errors of a kind to show")
    parser.add_argument("--cores", type=int, default=1)
    given = parser.parse_args()
    benchmarks = given.benchmarks.resolve()
    for corpus in present(benchmarks, given.only):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            dumps = copied(corpus, benchmarks, folder)
            begun = time.perf_counter()
            tables = workflow(dumps, folder, given.cores)
            report(corpus, tables, benchmarks, time.perf_counter() - begun, given.errors)


if __name__ == "__main__":
    main()
