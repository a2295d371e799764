"""The matching of this project as one process: from records to clusters.

    python tests/benchmarks/dedupe_stage.py INPUT.parquet OUTPUT.parquet [--clean] [--timings]

The input has the columns ``record``, ``title``, ``abstract``, ``authors`` and ``published_on``, as
``corpus.py`` writes them; others are not read. The output has ``record`` and ``cluster``. What runs
is what the workflow runs, with its default thresholds: titles are cleaned, titles and abstracts
signed as ``normalize`` does it, then entries are blocked, matched and clustered as ``dedupe`` does
it, as those of one dump. All that the workflow does besides is left out: readers, identifiers,
dates, merging, tables on disk.

Cleaning (Unicode, white space, wraps, entities, TeX) is the work of ``normalize`` on each entry,
whether or not papers are matched; of abstracts it takes more time than the matching itself, and
changes no cluster of the generated corpus. ``--clean`` cleans these too.

``--timings`` prints the seconds and the peak memory of each step. Columns are dropped as soon as no
later step needs them; what is read, a row group at a time, is cleaned and signed piece by piece.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, pairwise
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from paperdump import config, memory
from paperdump.dedupe import clusters, likeness, matching
from paperdump.dedupe.limits import Limits
from paperdump.normalize import signatures, text

READABLE = ["record", "title", "abstract", "authors", "published_on"]
_PIECE = 1 << 16  # records that are cleaned and signed at once
# What no step after the links looks at.
_OF_LINKS = ["clean_abstract", "abstract_sketch", "title_sketch", "title_words", "authors"]
_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Steps:
    """The time and the peak memory of the steps of this process.

    Attributes:
        seconds: The wall time of each step, added up.
        busy: The time that the processor was at work for it, on all cores together.
        mebibytes: The most that was resident during each. Where the system cannot forget a peak
            (Linux can) it is that since the process began.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.busy: dict[str, float] = {}
        self.mebibytes: dict[str, float] = {}

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step; of one that comes again the time is added."""
        with contextlib.suppress(OSError):
            _FORGET.write_text("5")
        begun, worked = time.perf_counter(), time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
        self.busy[name] = self.busy.get(name, 0.0) + time.process_time() - worked
        self.mebibytes[name] = max(self.mebibytes.get(name, 0.0), _peak())

    def table(self) -> str:
        """A line per step, in the order in which they began, and one for all."""
        every = [self.seconds, self.busy, self.mebibytes]
        rows = [(name, *(of[name] for of in every)) for name in self.seconds]
        rows.append(("all", *(sum(of.values()) for of in every[:2]), max(every[2].values())))
        return "\n".join(
            f"{name:12} {taken:8.2f} s {worked:8.2f} s busy {most:8.0f} MiB"
            for name, taken, worked, most in rows
        )


def _peak() -> float:
    """The most resident memory since the last time that it was forgotten, in MiB."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def default_limits() -> Limits:
    """The thresholds that the workflow has by default."""
    return Limits.from_config(config.resolve({})["dedupe"])


def cleaned(records: pl.DataFrame, abstracts: bool = True) -> pl.DataFrame:
    """Records as normalized entries, without signatures.

    Args:
        records: The columns of ``READABLE``.
        abstracts: Whether abstracts are cleaned, too.
    """
    title = records["title"]
    # of the others the words are the same, cleaned or not
    marked = title.str.contains(r"[&\\$^~]").arg_true()
    some = records.select(pl.col("title").gather(marked))
    title = title.scatter(marked, some.select(text.clean_title(pl.col("title"))).to_series())
    abstract = records["abstract"]
    if abstracts:
        abstract = records.select(text.clean_abstract(pl.col("abstract"))).to_series()
    return records.select(
        "record",
        # as in normalize: a title of which nothing is left stays as it is
        clean_title=pl.coalesce(pl.lit(title), "title"),
        clean_abstract=pl.lit(abstract),
        authors="authors",
        n_authors=pl.col("authors").list.len().cast(pl.Int32),
        published_on="published_on",
    ).with_columns(title_key="clean_title")


def as_one_dump(entries: pl.DataFrame) -> pl.DataFrame:
    """Normalized entries with the columns that the records do not have: those of one dump."""
    no_text = pl.lit(None, pl.String)
    return entries.with_columns(
        dump_id=pl.lit("corpus"),
        position=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
        entry_id=pl.format("corpus-{}", pl.int_range(pl.len())),
        arxiv_id=no_text,
        doi=no_text,
        date_text=no_text,
        journal_ref=no_text,
    )


def read(path: Path, steps: Steps, clean: bool = True) -> pl.DataFrame:
    """The records of a file as normalized entries with signatures, made piece by piece."""
    records = pl.scan_parquet(path).select(READABLE)
    file = pq.read_metadata(path)
    # a row group is decoded whole, whatever is asked of it
    ends = list(accumulate(file.row_group(n).num_rows for n in range(file.num_row_groups)))
    groups = [records.slice(begin, end - begin) for begin, end in pairwise([0, *ends])]
    done = []
    with ThreadPoolExecutor(1) as ahead:  # the next ones are read while these are worked on
        coming = ahead.submit((groups or [records])[0].collect)
        for following in [*groups[1:], None]:
            with steps.step("read"):
                group = coming.result()
                if following is not None:
                    coming = ahead.submit(following.collect)
            for piece in group.iter_slices(_PIECE) if group.height else [group]:
                with steps.step("clean"):
                    entries = cleaned(piece, clean)
                with steps.step("signatures"):
                    done.append(signatures.with_signatures(entries))
    return pl.concat(done, rechunk=True)


def clustered(entries: pl.DataFrame, steps: Steps) -> pl.DataFrame:
    """Entries with signatures → ``record`` and ``cluster``."""
    limits = default_limits()
    with steps.step("keys"):
        entries = likeness.with_keys(as_one_dump(entries), limits)
    with steps.step("match"):  # blocking included
        links = matching.links(entries, limits)
    entries = entries.drop(_OF_LINKS)
    with steps.step("cluster"):
        return clusters.of_same_paper(entries, links).entries.select("record", "cluster")


def main() -> None:
    """Read, match, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument(
        "--clean",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="whether abstracts are cleaned as normalize does it",
    )
    parser.add_argument("--timings", action="store_true", help="print time and memory per step")
    given = parser.parse_args()
    memory.reuse()  # as each job of the workflow does
    steps = Steps()
    found = clustered(read(given.input, steps, given.clean), steps)
    with steps.step("write"):
        found.write_parquet(given.output)
    if given.timings:
        print(steps.table())


if __name__ == "__main__":
    main()
