"""How long validation takes, and how much memory, for many papers.

    python tests/benchmarks/validate.py [--papers 1000000] [--failing 0]

The tables are made of invented words: papers with abstracts of about 1,000 characters, 1.3 entries
each, from dumps of 1,000 entries; and, as the release before, the same ones. They are written to
disk before, and validated by a process of its own, with the default settings: what the job of the
stage does, its imports and Data Docs included. ``--failing`` leaves out the abstracts of a share of
the papers under an expectation that is critical, so that these rows are to be named.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from paperdump import dictionary, tables

_SYLLABLES = "ba ke li mo nu ra se ti vo wu da fe gi ho ju".split()
_PER_DUMP = 1000
_FIRST_DAY = 16_000  # of publication, in days since 1970


def write_release(folder: Path, n_papers: int, failing: float) -> None:
    """Write the tables of a release of papers of invented words."""
    chance = np.random.default_rng(0)
    words = np.array([a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES])
    texts = pl.Series([" ".join(chance.choice(words, 140)) for _ in range(2_000)])
    number = np.arange(n_papers)
    lost = chance.random(n_papers) < failing
    papers = pl.DataFrame(
        {
            "paper_id": pl.Series(number).map_elements(lambda n: f"p{n:016x}", pl.String),
            "title": pl.Series([" ".join(w) for w in chance.choice(words, (n_papers, 8))]),
            "abstract": texts.gather(chance.integers(0, texts.len(), n_papers)).set(
                pl.Series(lost), None
            ),
            "published_on": pl.Series(
                _FIRST_DAY + chance.integers(0, 4_000, n_papers), dtype=pl.Int32
            ).cast(pl.Date),
            "n_authors": pl.Series(chance.integers(1, 30, n_papers), dtype=pl.Int32).set(
                pl.Series(number % 3 == 0), None
            ),
            "n_comments": pl.Series(chance.integers(0, 90, n_papers), dtype=pl.Int32),
            "n_upvotes": pl.Series(chance.integers(0, 400, n_papers), dtype=pl.Int32),
        }
    ).with_columns(
        published_on_evidence=pl.lit("stated"),
        arxiv_id=pl.format(
            "24{}.{}",
            pl.lit("05"),
            (pl.int_range(n_papers) % 100_000).cast(pl.String).str.pad_start(5, "0"),
        ),
        urls=pl.concat_list(pl.format("https://example.org/{}", "paper_id")),
        categories=pl.lit(["cs.AI", "cs.LG"]),
        conflicts=pl.lit([], pl.List(pl.String)),
    )
    of = np.sort(np.concatenate([number, chance.integers(0, n_papers, n_papers * 3 // 10)]))
    place = pl.int_range(len(of), eager=True)
    dump = pl.Series(place // _PER_DUMP).alias("dump")
    n_dumps = int(dump[-1]) + 1
    dump_ids = pl.Series([f"d{n:016x}" for n in range(n_dumps)])
    position = (place % _PER_DUMP + 1).cast(pl.Int32)
    sightings = papers[of].with_columns(
        dump_id=dump_ids.gather(dump),
        position=position,
        first_line=position * 10,
        last_line=position * 10 + 8,
        date_text=pl.col("published_on").cast(pl.String),
        entry_id=pl.concat_str(
            dump_ids.gather(dump), pl.lit("-"), position.cast(pl.String).str.pad_start(5, "0")
        ),
    )
    seen = sightings.group_by("paper_id").agg(
        n_sightings=pl.len().cast(pl.Int32), n_dumps=pl.col("dump_id").n_unique().cast(pl.Int32)
    )
    counts = sightings.group_by("dump_id", maintain_order=True).agg(n_entries=pl.len())
    dumps = counts.with_columns(
        path=pl.format("page-{}.txt", pl.col("dump_id")),
        format=pl.lit("hf-text"),
        n_rejects=pl.lit(0),
        notes=pl.lit([], pl.List(pl.String)),
    )
    twice = sightings.filter(pl.col("paper_id").is_duplicated())
    pairs = twice.group_by("paper_id", maintain_order=True).agg(pl.col("entry_id").head(2))
    matches = pairs.filter(pl.col("entry_id").list.len() == 2).select(
        entry_id_kept=pl.col("entry_id").list.first(),
        entry_id_repeat=pl.col("entry_id").list.last(),
        match_rule=pl.lit("same_title"),
        match_decision=pl.lit("same"),
        title_score=pl.lit(1.0),
    )
    made = {
        "papers": papers.join(seen, on="paper_id", maintain_order="left"),
        "sightings": sightings,
        "dumps": dumps,
        "matches": matches,
    }
    for name in dictionary.CONTENT:
        frame = made.get(name, tables.frame_of(name, []))
        tables.write_parquet(tables.conform(frame, name), name, folder / f"{name}.parquet")


def validated(folder: Path, failing: float) -> None:
    """Validate the tables of a folder; print what that took as JSON."""
    began = time.perf_counter()
    from paperdump import config, engine, measures, validate  # noqa: PLC0415

    engine.library()
    imported = time.perf_counter()
    given = {"completeness": {"papers": {"abstract": 1.0}}} if failing else {}
    settings = config.resolve({"validate": given})["validate"]
    release = validate.scanned({n: folder / f"{n}.parquet" for n in dictionary.CONTENT})
    out = folder / "validation"
    counts = {n: measures.counts_of_file(n, folder / f"{n}.parquet") for n in measures.COMPARED}
    document = validate.validate(release, settings, out, validate.Before("before", counts))
    ended = time.perf_counter()
    per_check = json.loads((out / "data_docs" / "seconds.json").read_text("utf-8"))
    slowest = sorted(
        (
            (seconds, f"{suite}.{one['column'] or ''} {one['expectation']}")
            for suite, taken in per_check.items()
            for seconds, one in zip(taken, document["tables"][suite]["results"], strict=True)
        ),
        reverse=True,
    )
    counts = ("expectations", "passed", "failed_critical", "failed_warning")
    told = {
        "seconds": ended - began,
        "busy": time.process_time(),
        "of_imports": imported - began,
        "of_checks": sum(sum(taken) for taken in per_check.values()),
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows_named": pl.scan_parquet(out / "failures.parquet").select(pl.len()).collect().item(),
        "slowest": slowest[:5],
        **{name: document[name] for name in counts},
    }
    print(json.dumps(told))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=1_000_000)
    parser.add_argument("--failing", type=float, default=0.0)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        validated(options.folder, options.failing)
        return
    with tempfile.TemporaryDirectory() as name:
        write_release(Path(name), options.papers, options.failing)
        command = [sys.executable, __file__, "--folder", name, "--failing", str(options.failing)]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(run.stdout.splitlines()[-1])
    print(f"{options.papers:,} papers, {options.failing:.0%} of them without an abstract")
    print(f"  seconds       {told['seconds']:8.1f}   {told['of_imports']:.1f} of them imports,")
    print(f"  {'':<13} {'':8}   {told['of_checks']:.1f} expectations of tables")
    print(f"  busy          {told['busy']:8.1f}   seconds of a processor, over all cores")
    print(f"  peak memory   {told['mebibytes']:8.0f} MiB")
    print(f"  checks        {told['expectations']:8}   {told['passed']} passed")
    print(f"  rows named    {told['rows_named']:8}")
    print("the slowest checks")
    for seconds, check in told["slowest"]:
        print(f"  {seconds:6.2f} s  {check}")


if __name__ == "__main__":
    main()
