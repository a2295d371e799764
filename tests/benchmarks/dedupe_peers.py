"""Dedupe beside its peers: time, peak memory, precision and recall on the same file.

    python tests/benchmarks/dedupe_peers.py --python PEERS/bin/python [--records 100000 1000000]
        [--corpus FILE ...] [--runs 3] [--only NAME ...] [--timeout 3600] [--json FILE]

The peers are the scripts of ``peers/``; they run under the Python of an environment of their own
(``peers/requirements.txt``, Python 3.12), this project's stage (``dedupe_stage.py``) under the
Python that runs this. Corpora are generated (``corpus.py``), or are files of the same columns.

Every run is a process of its own from start to end: reading the corpus, which it is given without
its truth, and writing the clusters are in its time. Runs take turns: each method once, then each
once more. Figures are medians; a ratio is that of the method's time to this stage's in the same
round, and the median of those. A method that fails, or needs more time or memory than allowed, is
said to, and not tried again on that corpus.

Memory is the most that the process and all that it started had resident at a time, looked at up to
twenty times a second, or what the kernel says was the most of one of them if that is more. What
several processes share is counted once (where the system can tell, as Linux does).

Precision and recall are those of the pairs of records that a method puts into one cluster, over
all and on near-duplicates alone; beside them stand the lookalikes that share a cluster with a
record of another paper (``scoring.py``).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import scoring

HERE = Path(__file__).parent
OWN = "paperdump"
# What a method may read of a corpus, and what tells the answer.
READABLE = ["record", "title", "abstract", "authors", "published_on"]
TRUTH = ["record", "paper", "kind", "of"]
_FIGURES = ["precision", "recall", "near_precision", "near_recall", "lookalikes"]
_LOOK_EVERY = 0.05
_MEBIBYTE = 2**20


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of one method on one corpus.

    Attributes:
        method: Its name.
        records: How many records the corpus has.
        turn: The round that it is of, from 0.
        failure: Why there is no answer; empty if there is one.
        seconds: The wall time until it ended, or was ended.
        mebibytes: The most resident memory.
        precision: Of the pairs of records in one cluster, the share that is of one paper.
        recall: Of the pairs of one paper, the share that is in one cluster.
        near_precision: The precision on near-duplicates alone.
        near_recall: The recall on near-duplicates alone.
        lookalikes: How many lookalikes share a cluster with a record of another paper.
    """

    method: str
    records: int
    turn: int
    failure: str
    seconds: float
    mebibytes: float
    precision: float = 0.0
    recall: float = 0.0
    near_precision: float = 0.0
    near_recall: float = 0.0
    lookalikes: int = 0


def methods(peers_python: str) -> dict[str, list[str]]:
    """The commands, by name, each to be followed by the input and the output; this stage first."""
    found = {OWN: [sys.executable, str(HERE / "dedupe_stage.py")]}
    for script in sorted((HERE / "peers").glob("run_*.py")):
        found[script.stem.removeprefix("run_").replace("_", "-")] = [peers_python, str(script)]
    return found


def versions(peers_python: str, names: Iterable[str]) -> dict[str, str]:
    """The versions of the peers that are installed."""
    ask = (
        "import importlib.metadata as m, json, sys\n"
        "have = {d.name.lower().replace('_', '-'): d.version for d in m.distributions()}\n"
        "print(json.dumps({name: have.get(name, '') for name in sys.argv[1:]}))\n"
    )
    answer = subprocess.run([peers_python, "-c", ask, *names], capture_output=True, check=True)
    return json.loads(answer.stdout)


def resident(process: psutil.Process) -> int:
    """The resident bytes of a process and of all that it started and that still run."""
    total = 0
    family = [process]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    for one in family:
        with contextlib.suppress(psutil.Error):
            if len(family) == 1:  # the rest costs more, and tells the same
                return int(one.memory_info().rss)
            memory = one.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    return total


def end(process: psutil.Process) -> None:
    """End a process and all that it started."""
    family = [process]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


class Watch(threading.Thread):
    """Looks at a process while it runs, and ends it when it goes beyond a limit.

    Attributes:
        most: The most resident bytes seen.
        failure: Which limit it went beyond; empty if none.
    """

    def __init__(self, process: psutil.Process, timeout: float, mebibytes: float) -> None:
        super().__init__(daemon=True)
        self.most, self.failure = 0, ""
        self._process, self._timeout, self._mebibytes = process, timeout, mebibytes
        self._over = threading.Event()

    def run(self) -> None:
        until = time.perf_counter() + self._timeout
        pause = _LOOK_EVERY
        while not self._over.wait(pause):
            looked = time.perf_counter()
            self.most = max(self.most, resident(self._process))
            # Looking may not take more than a twentieth of a core from what is measured.
            pause = max(_LOOK_EVERY, 20 * (time.perf_counter() - looked))
            if looked > until:
                self.failure = f"more than {self._timeout:g} s"
            elif self.most > self._mebibytes * _MEBIBYTE:
                self.failure = f"more than {self._mebibytes:.0f} MiB"
            if self.failure:
                end(self._process)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


def measure(
    command: Sequence[str], log: Path, timeout: float, mebibytes: float
) -> tuple[str, float, float]:
    """Run a command to its end.

    Args:
        command: What to run.
        log: Where what it prints goes.
        timeout: After how many seconds it is ended.
        mebibytes: At how much memory it is ended.

    Returns:
        Why it failed (empty if it did not), the seconds that it took, the most memory in MiB.
    """
    with log.open("wb") as printed:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT)
        watch = Watch(psutil.Process(child.pid), timeout, mebibytes)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        watch.stop()
    child.returncode = os.waitstatus_to_exitcode(status)  # Popen did not wait for it: this did
    failure = watch.failure
    if child.returncode and not failure:
        last = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        failure = f"exit status {child.returncode}: {last}"
    most = watch.most
    # A child starts with the maximum of what it was forked from; only more than that is its own.
    if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
        most = max(most, usage.ru_maxrss * unit)
    return failure, seconds, most / _MEBIBYTE


def score(run: Run, corpus: pl.DataFrame, clusters: pl.DataFrame) -> Run:
    """The run with the scores of its clusters; failed if it did not place each record once."""
    if not clusters["record"].sort().equals(corpus["record"].sort()):
        return dataclasses.replace(run, failure="not a cluster for each record")
    placed = corpus.join(clusters, on="record", how="left", maintain_order="left")["cluster"]
    every = scoring.pairwise(corpus["paper"], placed)
    near = scoring.near_duplicates(corpus, placed)
    return dataclasses.replace(
        run,
        precision=every.precision,
        recall=every.recall,
        near_precision=near.precision,
        near_recall=near.recall,
        lookalikes=int(scoring.lookalikes_merged(corpus, placed)["merged_any"].sum()),
    )


def run_once(
    method: str,
    command: Sequence[str],
    turn: int,
    corpus: pl.DataFrame,
    readable: Path,
    limits: tuple[float, float],
) -> Run:
    """Run a method on a corpus, of which it is given what is readable, and score its clusters."""
    with tempfile.TemporaryDirectory(dir=readable.parent) as name:
        output, log = Path(name) / "clusters.parquet", Path(name) / "log"
        failure, seconds, most = measure([*command, str(readable), str(output)], log, *limits)
        run = Run(method, corpus.height, turn, failure, round(seconds, 3), round(most, 1))
        if failure:
            return run
        return score(run, corpus, pl.read_parquet(output, columns=["record", "cluster"]))


def ratios(runs: Sequence[Run]) -> dict[str, float]:
    """How many times this stage's time each method took: the median over the rounds of both."""
    done = {(run.method, run.turn): run.seconds for run in runs if not run.failure}
    found: dict[str, list[float]] = {}
    for (method, turn), seconds in done.items():
        if (OWN, turn) in done:
            found.setdefault(method, []).append(seconds / done[OWN, turn])
    return {method: statistics.median(of) for method, of in found.items()}


def table(runs: Sequence[Run], known: Mapping[str, str]) -> str:
    """The figures of the runs on one corpus, a line for each method, the quickest first.

    A method that failed comes last, with the reason.
    """
    times = ratios(runs)
    rows, failures = [], []
    for method in dict.fromkeys(run.method for run in runs):
        done = [run for run in runs if run.method == method and not run.failure]
        name = f"{method} {known.get(method, '')}".strip()
        failures += [
            f"{name}: {run.failure} (after {run.seconds:.1f} s, at {run.mebibytes:,.0f} MiB)"
            for run in runs
            if run.method == method and run.failure
        ]
        if not done:
            continue
        seconds = [run.seconds for run in done]
        middle = statistics.median(seconds)
        cells = [
            name,
            f"{middle:.2f}",
            f"{min(seconds):.2f}-{max(seconds):.2f}",
            f"{times[method]:.2f}" if method in times else "",
            f"{statistics.median(run.mebibytes for run in done):,.0f}",
        ]
        for figure in _FIGURES:
            value = statistics.median(getattr(run, figure) for run in done)
            cells.append(f"{value:,.0f}" if figure == "lookalikes" else f"{value:.5f}")
        rows.append((middle, cells))
    head = ["method", "seconds", "range", "ratio", "MiB"]
    head += [figure.replace("_", " ") for figure in _FIGURES]
    lines = [head, *(cells for _, cells in sorted(rows))]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    text = [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join([*text, *failures])


def corpora(given: argparse.Namespace, folder: Path) -> list[Path]:
    """The files to measure on; those that are not given are generated."""
    if given.corpus:
        return list(given.corpus)
    files = []
    for records in given.records:
        files.append(folder / f"corpus_{records}.parquet")
        make = [sys.executable, str(HERE / "corpus.py"), "--records", str(records), "--output"]
        subprocess.run([*make, str(files[-1])], check=True)
    return files


def compare(
    file: Path, chosen: Mapping[str, list[str]], given: argparse.Namespace, folder: Path
) -> list[Run]:
    """Run the chosen methods on a corpus in turns, saying what each run gave."""
    corpus = pl.read_parquet(file, columns=TRUTH)
    readable = folder / "readable.parquet"
    pl.scan_parquet(file).select(READABLE).sink_parquet(readable)
    runs: list[Run] = []
    for turn in range(given.runs):
        for method, command in chosen.items():
            if any(run.failure for run in runs if run.method == method):
                continue
            limits = given.timeout, given.memory
            run = run_once(method, command, turn, corpus, readable, limits)
            runs.append(run)
            end_of_it = run.failure or f"precision {run.precision:.5f}, recall {run.recall:.5f}"
            print(
                f"{corpus.height:,} {method} {turn + 1}: {run.seconds:.2f} s, "
                f"{run.mebibytes:,.0f} MiB, {end_of_it}",
                flush=True,
            )
            if given.json:
                with given.json.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(dataclasses.asdict(run)) + "\n")
    return runs


def main() -> None:
    """Measure, and print a table for each corpus."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", required=True, help="the Python that has the peers")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--records", type=int, nargs="+", default=[100_000, 1_000_000])
    size.add_argument("--corpus", type=Path, nargs="+", help="files to take instead")
    parser.add_argument("--runs", type=int, default=3, help="how often each method runs")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these methods alone")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds that a run may take")
    parser.add_argument(
        "--memory",
        type=float,
        default=0.85 * psutil.virtual_memory().total / _MEBIBYTE,
        help="MiB that a run may take",
    )
    parser.add_argument("--json", type=Path, help="a file to add each run to, as a line of JSON")
    given = parser.parse_args()
    every = methods(given.python)
    if unknown := set(given.only or []) - set(every):
        parser.error(f"no such method: {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    chosen = {name: every[name] for name in every if not given.only or name in given.only}
    known = versions(given.python, [name for name in chosen if name != OWN])
    with tempfile.TemporaryDirectory() as name:
        for file in corpora(given, Path(name)):
            runs = compare(file, chosen, given, Path(name))
            print(f"\n{runs[0].records:,} records, {given.runs} runs\n{table(runs, known)}\n")


if __name__ == "__main__":
    main()
