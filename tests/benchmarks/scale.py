"""What a run costs at scale: cold, with nothing to do, with one new dump, with one new setting.

    python tests/benchmarks/scale.py [--entries 1000000] [--n-dumps 20000] [--cores 2]
        [--work FOLDER] [--dumps FOLDER] [--corpus FILE] [--steps cold noop ...] [--repeat 3]
        [--peers text-dedup --peers-python PEERS/bin/python] [--out FILE.jsonl]
    python tests/benchmarks/scale.py --growth 10000 100000 1000000 [--plot growth.svg]
        (or, of dumps that are there already, --growth 10000 100000=FOLDER 1000000=FOLDER)

The corpus (``corpus.py``) is made into dumps in the formats' mixture (``dumps.py``), 50 entries to
a dump, and ``snakemake`` runs on them as a user starts it, on all cores. ``--dumps`` takes dumps
that were made before; other files among them are read too, and left alone. With ``--work`` corpus,
dumps, results and logs stay, so that single steps can be measured again; without, nothing stays.

The steps:

* ``cold``: no results are there. Files that were just written or read may be in the system's cache.
* ``noop``: the same command again; nothing is to be done. The median of ``--repeat`` runs.
* ``dry``: the same with ``--dry-run``.
* ``bare``: for comparison a Snakefile of 64 jobs, all done, that have the dumps as their inputs.
* ``where``: the no-op under Python's profiler, which slows it down: what its time goes into.
* ``new``: a dump of 50 entries of other papers is added, and removed again when the run ends.
* ``config``: one line of the settings is changed: a threshold of validation.
* ``matching``: the same, of dedupe: from where on titles are alike. Only where it is asked for.
* ``floor``: the least that any program does that makes this of that: all bytes of all dumps are
  read once (one file after the other, nothing is kept), and the tables of the release (all its
  Parquet files) are written once with Polars, from memory, with the compression and the row groups
  that they have. Nothing is parsed, compared, validated, or flushed to disk, and that the tables
  have to be in memory is not counted. The median of ``--repeat`` runs.
* ``peers``: deduplication alone, by the packages that ``--peers`` names, of the corpus's records
  (``dedupe_peers.py`` says how); only where ``--peers-python`` names the Python that has them.

``new``, ``config`` and ``matching`` run in a copy of the cold run's results (tables are hard links,
which the workflow replaces and never writes into), so each can be measured by itself and again.

Memory is looked at up to ten times a second: ``a process`` is the most that any process had
resident (or what the kernel says was the most of one, if that is more), ``together`` the most that
Snakemake and all jobs had at a time, what they share counted once. ``cpu`` is the processor's time
of all processes; other programs on the machine disturb it less than the wall time.

``--growth`` measures cold runs of several sizes: a table with slopes on log axes (1 is growth in
proportion), and a plot as SVG. ``--out`` adds each measurement to a file, a line of JSON each; the
tables tell what the file has of steps that are not measured now (of that size, on as many cores);
``--steps`` without a step measures nothing, and tells that. ``--doc docs/scale.md`` writes what the
cold run took into the tables there.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import os
import pstats
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import dedupe_peers

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
STEPS = ("cold", "noop", "dry", "bare", "where", "new", "config", "matching", "floor", "peers")
DEFAULT_STEPS = tuple(step for step in STEPS if step not in ("where", "matching"))
TO_A_DUMP = 50
NEW_DUMP = "scale_new_dump.txt"
# A line of the settings that people change, by step.
CHANGES = {
    "config": "validate: {completeness: {papers: {abstract: {warning: 0.85}}}}\n",
    "matching": "dedupe: {title_like: 0.86}\n",
}
_SEED_OF_NEW = 20_000
_LEAST = 1000  # records that a corpus has
_LOOK_EVERY = 0.1
_MEBIBYTE = 2**20
_LINKED = {".parquet"}  # what is only ever replaced, never written into
_RULE = re.compile(r"(?:local)?(?:rule|checkpoint) (\w+):")
_WILDCARDS = re.compile(r"    wildcards: (.+)")
_BARE = """\
from pathlib import Path

DUMPS = sorted(file for file in Path(config["dumps"]).rglob("*") if file.is_file())


rule all:
    input:
        expand("{n}.done", n=range(64)),


rule part:
    input:
        lambda wildcards: DUMPS[int(wildcards.n) :: 64],
    output:
        "{n}.done",
    shell:
        "touch {output}"
"""


class BenchmarkError(Exception):
    """A measurement that cannot be made, with what is to be told of it."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """What the jobs of a stage took, by the benchmark files of a run.

    Attributes:
        name: The rule's name.
        jobs: How many.
        seconds: Their wall time, added up; they overlap.
        cpu: The processor's time, added up.
        mebibytes: The most that one of them had resident.
    """

    name: str
    jobs: int
    seconds: float
    cpu: float
    mebibytes: float


@dataclasses.dataclass(frozen=True)
class Measured:
    """A measurement.

    Attributes:
        step: What was measured.
        entries: How many entries the dumps were made of, or have.
        dumps: How many dumps.
        turn: Which repetition it is, from 0.
        seconds: The wall time.
        cpu: The processor's time of all processes, in seconds.
        process_mib: The most that any process had resident.
        together_mib: The most that all had resident at a time.
        jobs: The jobs that ran: the rule, and its wildcards if it has any.
        stages: What these took, by stage.
        facts: What else was found.
    """

    step: str
    entries: int
    dumps: int
    turn: int
    seconds: float
    cpu: float = 0.0
    process_mib: float = 0.0
    together_mib: float = 0.0
    jobs: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a command took: wall and processor's seconds, MiB of a process, MiB of all together."""

    seconds: float
    cpu: float
    process_mib: float
    together_mib: float


# -- measuring ---------------------------------------------------------------------------------


class Sampler(threading.Thread):
    """Looks at the memory of a process and of all that it started, while they run.

    Attributes:
        process: The most resident bytes of one process.
        together: The most of all at a time; pages that several share count once where the system
            tells.
    """

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.process = self.together = 0
        self._root = process
        self._over = threading.Event()

    def run(self) -> None:
        pause = _LOOK_EVERY
        while not self._over.wait(pause):
            began = time.perf_counter()
            self.look()
            # looking may not take more than a twentieth of a core from what is measured
            pause = max(_LOOK_EVERY, 20 * (time.perf_counter() - began))

    def look(self) -> None:
        """Look once."""
        family = [self._root]
        with contextlib.suppress(psutil.NoSuchProcess):
            family += self._root.children(recursive=True)
        together = 0
        for one in family:
            with contextlib.suppress(psutil.Error):
                memory = one.memory_full_info()
                self.process = max(self.process, int(memory.rss))
                together += int(getattr(memory, "pss", memory.rss))
        self.together = max(self.together, together)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


def measure(command: Sequence[str], folder: Path, log: Path) -> Usage:
    """Run a command to its end.

    Args:
        command: What to run.
        folder: The working directory.
        log: Where what it prints goes.

    Raises:
        BenchmarkError: It fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as printed:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, stdout=printed, stderr=subprocess.STDOUT)
        sampler = Sampler(psutil.Process(child.pid))
        sampler.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            dedupe_peers.end(psutil.Process(child.pid))
            raise
        seconds = time.perf_counter() - began
        sampler.stop()
    child.returncode = os.waitstatus_to_exitcode(status)  # Popen did not wait for it: this did
    if child.returncode:
        last = log.read_text("utf-8", "replace").splitlines()[-15:]
        told = f"{' '.join(command)}\nended with {child.returncode}; {log} ends:"
        raise BenchmarkError("\n".join([told, *last]))
    most = sampler.process
    # A child starts with the maximum of what it was forked from; only more than that is its own.
    if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
        most = max(most, usage.ru_maxrss * unit)
    together = max(most, sampler.together)
    cpu = usage.ru_utime + usage.ru_stime
    return Usage(seconds, cpu, most / _MEBIBYTE, together / _MEBIBYTE)


def jobs_of(log: str) -> list[str]:
    """The jobs that a run of Snakemake started, by what it printed, but for the target ``all``."""
    found: list[str] = []
    for line in log.splitlines():
        if rule := _RULE.fullmatch(line):
            found.append(rule[1])
        elif found and (wildcards := _WILDCARDS.fullmatch(line)):
            found[-1] += f" ({wildcards[1]})"
    return [job for job in found if job != "all"]


def by_rule(jobs: Sequence[str]) -> dict[str, int]:
    """Rule → how many of the jobs are of it, in the order in which they first ran."""
    found: dict[str, int] = {}
    for job in jobs:
        rule = job.partition(" ")[0]
        found[rule] = found.get(rule, 0) + 1
    return found


def _number(text: str) -> float:
    """A figure of a benchmark file; a job that was over at once has none."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def stages_of(benchmarks: Path, since: float = 0.0) -> list[Stage]:
    """What the stages of a run took, the longest first.

    Args:
        benchmarks: The run's folder of benchmark files.
        since: Only files written since, in seconds of the system's clock, count.
    """
    found: dict[str, list[dict[str, str]]] = {}
    for file in sorted(benchmarks.rglob("*.tsv")):
        if file.stat().st_mtime < since:
            continue
        rule = file.relative_to(benchmarks).parts[0].removesuffix(".tsv")
        head, *lines = (line.split("\t") for line in file.read_text("utf-8").splitlines())
        found.setdefault(rule, []).extend(dict(zip(head, line, strict=True)) for line in lines)
    stages = [
        Stage(
            rule,
            len(rows),
            sum(_number(row["s"]) for row in rows),
            sum(_number(row["cpu_time"]) for row in rows),
            max((_number(row["max_rss"]) for row in rows), default=0.0),
        )
        for rule, rows in found.items()
    ]
    return sorted(stages, key=lambda stage: -stage.seconds)


# -- a run's files -----------------------------------------------------------------------------


def branch(results: Path, copy: Path) -> None:
    """Copy a results folder; tables are not copied, but linked."""

    def transfer(source: str, target: str) -> None:
        if Path(source).suffix in _LINKED:
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    remove_results(copy)
    shutil.copytree(results, copy, symlinks=True, copy_function=transfer)


def remove_results(folder: Path) -> None:
    """Remove a results folder, if there is one.

    Raises:
        BenchmarkError: The folder is something else.
    """
    if not folder.exists():
        return
    if not (folder / "run_config.yaml").is_file() and any(folder.iterdir()):
        raise BenchmarkError(f"{folder} is no results folder: it is not removed")
    shutil.rmtree(folder)


@contextlib.contextmanager
def added(file: Path, text: str) -> Iterator[None]:
    """A file that is there while the block runs, and not afterwards.

    Raises:
        BenchmarkError: A file of that name is there, and it is another one.
    """
    data = text.encode()
    if file.exists() and file.read_bytes() != data:  # the same one: a run was killed
        raise BenchmarkError(f"{file} is in the way")
    try:
        file.write_bytes(data)
        yield
    finally:
        file.unlink(missing_ok=True)


def new_dump(entries: int) -> str:
    """A dump of papers that the corpus does not have, in the style of its text captures."""
    from tests.benchmarks import corpus, dumps  # noqa: PLC0415 (no other step needs them)

    _, render = dumps.FORMATS[0]
    papers = corpus.generate(max(entries, _LEAST), seed=_SEED_OF_NEW).head(entries)
    return render(papers.to_dicts())


def files_of(folder: Path) -> list[Path]:
    """The files that a run finds below a folder of dumps."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place) / name for name in names if not name.startswith(".")]
    return found


def bytes_of(folder: Path) -> int:
    """How many bytes the files below a folder have."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def sizes_of(dumps: Path, results: Path) -> dict[str, int]:
    """The bytes of a run's dumps, of each stage's results, and of the release."""
    stages = {f"work/{one.name}": bytes_of(one) for one in sorted((results / "work").iterdir())}
    release = bytes_of((results / "latest").resolve())
    return {"dumps": bytes_of(dumps), **stages, "release": release}


def entries_of(results: Path) -> int:
    """How many entries the newest release has."""
    manifest = json.loads((results / "latest" / "manifest.json").read_text("utf-8"))
    return int(manifest["tables"]["sightings"]["rows"])


# -- tables ------------------------------------------------------------------------------------


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as text, the first column to the left, the others to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def steps_table(measured: Sequence[Measured]) -> str:
    """Of each step the medians, and their ratio to the cold run's time."""
    by_step: dict[str, list[Measured]] = {}
    for one in measured:
        by_step.setdefault(one.step, []).append(one)
    cold = middle(by_step["cold"], "seconds") if "cold" in by_step else None
    rows = [["step", "runs", "wall s", "range", "of cold", "cpu s", "MiB", "together", "jobs"]]
    for step, runs in by_step.items():
        seconds = [one.seconds for one in runs]
        wall = statistics.median(seconds)
        memory = [middle(runs, name) for name in ("process_mib", "together_mib")]
        jobs = by_rule(runs[-1].jobs)
        rows.append(
            [
                step,
                str(len(runs)),
                f"{wall:.2f}",
                f"{min(seconds):.2f}-{max(seconds):.2f}" if len(runs) > 1 else "",
                f"{wall / cold:.1%}" if cold else "",
                f"{middle(runs, 'cpu'):.1f}" if runs[0].cpu else "",
                *(f"{mebibytes:,.0f}" if mebibytes else "" for mebibytes in memory),
                str(sum(jobs.values())) if jobs else "",
            ]
        )
    return aligned(rows)


def middle(runs: Sequence[Measured], name: str) -> float:
    """The median of a figure."""
    return float(statistics.median(getattr(one, name) for one in runs))


def stages_table(stages: Sequence[Stage], entries: int) -> str:
    """What each stage took; ``entries/s`` is of the jobs' time added up."""
    rows = [["stage", "jobs", "seconds", "cpu s", "MiB", "entries/s"]]
    rows += [
        [
            stage.name,
            str(stage.jobs),
            f"{stage.seconds:.1f}",
            f"{stage.cpu:.1f}",
            f"{stage.mebibytes:,.0f}",
            f"{entries / stage.seconds:,.0f}" if stage.seconds else "",
        ]
        for stage in stages
    ]
    total = sum(stage.seconds for stage in stages), sum(stage.cpu for stage in stages)
    jobs = sum(stage.jobs for stage in stages)
    rows.append(["all", str(jobs), f"{total[0]:.1f}", f"{total[1]:.1f}", "", ""])
    return aligned(rows)


def ratios(measured: Sequence[Measured]) -> list[str]:
    """What the cold run, and the no-op, took as often as what they are compared with."""
    by_step: dict[str, list[float]] = {}
    for one in measured:
        by_step.setdefault(one.step, []).append(one.seconds)
    medians = {step: statistics.median(seconds) for step, seconds in by_step.items()}
    pairs = [("cold", step) for step in medians if step == "floor" or step.startswith("peer ")]
    pairs += [(step, "bare") for step in ("noop", "dry") if "bare" in medians]
    return [
        f"{one} / {other}: {medians[one] / medians[other]:.2f}"
        for one, other in pairs
        if one in medians
    ]


def slope(sizes: tuple[float, float], values: tuple[float, float]) -> float | None:
    """The slope on log axes between two points; None where there is none."""
    if min(*sizes, *values) <= 0 or sizes[0] == sizes[1]:
        return None
    return math.log(values[1] / values[0]) / math.log(sizes[1] / sizes[0])


def growth_table(measured: Sequence[Measured]) -> str:
    """How time and memory grow from one size to the next, with slopes on log axes."""
    figures = {"wall s": "seconds", "cpu s": "cpu", "MiB": "process_mib"}
    figures["together"] = "together_mib"
    head = ["entries", "dumps"]
    for name in figures:
        head += [name, "slope"]
    rows = [[*head, "entries/s"]]
    for at, one in enumerate(measured):
        row = [f"{one.entries:,}", f"{one.dumps:,}"]
        for name in figures.values():
            value = getattr(one, name)
            row.append(f"{value:,.0f}" if name.endswith("mib") else f"{value:,.1f}")
            before = measured[at - 1] if at else one
            steep = slope((before.entries, one.entries), (getattr(before, name), value))
            row.append("" if steep is None else f"{steep:.2f}")
        rows.append([*row, f"{one.entries / one.seconds:,.0f}"])
    return aligned(rows)


# -- the tables of docs/scale.md ---------------------------------------------------------------

_MILLIONS = (10, 100, 1000)
_OF_BATCHES = ("parse", "normalize")


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a table in Markdown, the first column to the left."""
    head, *rest = rows
    ruler = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ruler, *rest])


def cost_table(cold: Measured) -> str:
    """What each stage takes for a million entries: all but the memory of batches is in proportion.

    What a stage asks for is of the size of the dumps, as it is told before a run.
    """
    millions = cold.entries / 1e6
    megabytes = cold.facts["dumps"] / 1e6
    from paperdump import needs  # noqa: PLC0415 (only the tables of docs/scale.md need it)

    rows = [["stage", "jobs", "seconds", "CPU seconds", "peak, MB", "asks for, MB", "writes, MB"]]
    for stage in cold.stages:
        need, size = needs.NEEDS.get(stage.name), megabytes
        if stage.name in _OF_BATCHES:
            n_dumps = max(1, cold.dumps // stage.jobs)
            size = needs.of_batch([megabytes / max(1, cold.dumps)] * n_dumps)
        written = cold.facts.get(f"work/{stage.name}", 0)
        written += cold.facts["release"] if stage.name == "release" else 0
        rows.append(
            [
                stage.name,
                str(stage.jobs),
                f"{stage.seconds / millions:.1f}",
                f"{stage.cpu / millions:.1f}",
                f"{stage.mebibytes * _MEBIBYTE / 1e6:,.0f}",
                f"{need.of_dumps(size):,}" if need else "",
                f"{written / 1e6 / millions:,.0f}",
            ]
        )
    seconds = f"{cold.seconds / millions:.0f} (wall)"
    together = f"{cold.together_mib * _MEBIBYTE / 1e6:,.0f}" if cold.together_mib else ""
    cpu = cold.cpu or sum(stage.cpu for stage in cold.stages)
    written = sum(size for name, size in cold.facts.items() if name != "dumps") / 1e6 / millions
    jobs = sum(stage.jobs for stage in cold.stages)
    all_of_it = ["the run", str(jobs), seconds, f"{cpu / millions:.1f}", together, ""]
    return markdown([*rows, [*all_of_it, f"{written:,.0f}"]])


def plan_table(cold: Measured) -> str:
    """What larger sizes take in proportion: hours of the processor, memory that stages ask for."""
    from paperdump import needs  # noqa: PLC0415 (as above)

    of_million = 1e6 / cold.entries
    rows = [["", *(f"{millions:,} million" for millions in _MILLIONS)]]

    def row(name: str, values: Sequence[str]) -> None:
        rows.append([name, *values])

    for name in ("dumps", "release"):
        size = cold.facts[name] * of_million / 1e9
        row(f"{name}, GB", [f"{size * millions:,.0f}" for millions in _MILLIONS])
    work = sum(size for name, size in cold.facts.items() if name.startswith("work/"))
    work = work * of_million / 1e9
    row("work, GB", [f"{work * millions:,.0f}" for millions in _MILLIONS])
    for stage in cold.stages:
        hours = stage.cpu * of_million / 3600
        if hours * 3600 >= 1:
            cells = [f"{hours * millions:,.1f}" for millions in _MILLIONS]
            row(f"{stage.name}, CPU hours", cells)
    megabytes = cold.facts["dumps"] * of_million / 1e6
    for stage in cold.stages:
        if stage.name in needs.NEEDS and stage.name not in (*_OF_BATCHES, "gate"):
            need = needs.NEEDS[stage.name].of_dumps
            memory = [need(megabytes * millions) / 1000 for millions in _MILLIONS]
            row(f"{stage.name}, GB of memory", [f"{gigabytes:,.0f}" for gigabytes in memory])
    return markdown(rows)


def filled(document: str, tables: Mapping[str, str]) -> str:
    """A document with tables in the places that are marked for them.

    Args:
        document: In Markdown; a table stands between the comments ``table: NAME`` and ``end``.
        tables: Name → table.

    Raises:
        BenchmarkError: There is no place for a table.
    """
    for name, table in tables.items():
        place = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        document, n = place.subn(lambda found, t=table: f"{found[1]}{t}\n{found[2]}", document)
        if n != 1:
            raise BenchmarkError(f"the document has {n} places for the table {name!r}")
    return document


# -- a plot ------------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 340, 300, 60, 34, 46


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that hold all values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _panel(title: str, unit: str, points: Sequence[tuple[float, float]], x: int) -> list[str]:
    """A plot on log axes, and from its first point a line of slope 1."""
    across, up = (_decades([point[at] for point in points]) for at in (0, 1))

    def place(size: float, value: float) -> tuple[float, float]:
        right = (math.log10(size) - across[0]) / (across[1] - across[0])
        above = (math.log10(value) - up[0]) / (up[1] - up[0])
        return x + _LEFT + right * _WIDTH, _TOP + (1 - above) * _HEIGHT

    def line(one: tuple[float, float], other: tuple[float, float], style: str) -> str:
        ends = " ".join(
            f'{axis}{n}="{value:.1f}"'
            for n, point in enumerate((one, other), 1)
            for axis, value in zip("xy", point, strict=True)
        )
        return f"<line {ends} {style}/>"

    def text(at: tuple[float, float], said: str, anchor: str) -> str:
        return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}">{said}</text>'

    thin, drawn = 'stroke="#ddd"', []
    for power in range(across[0], across[1] + 1):
        ends = place(10**power, 10 ** up[0]), place(10**power, 10 ** up[1])
        drawn += [
            line(*ends, thin),
            text((ends[0][0], ends[0][1] + 16), f"{10**power:,}", "middle"),
        ]
    for power in range(up[0], up[1] + 1):
        ends = place(10 ** across[0], 10.0**power), place(10 ** across[1], 10.0**power)
        told = f"{10.0**power:,.10g}"
        drawn += [line(*ends, thin), text((ends[0][0] - 6, ends[0][1] + 4), told, "end")]
    first = points[0]
    until = min(10 ** across[1], first[0] * 10 ** up[1] / first[1])
    dashed = 'stroke="#888" stroke-dasharray="4 4"'
    drawn.append(line(place(*first), place(until, first[1] * until / first[0]), dashed))
    places = [place(*point) for point in points]
    joined = " ".join(f"{one:.1f},{other:.1f}" for one, other in places)
    drawn.append(f'<polyline points="{joined}" fill="none" stroke="#1f5fa8" stroke-width="2"/>')
    for at, (_, value) in zip(places, points, strict=True):
        drawn.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4" fill="#1f5fa8"/>')
        drawn.append(text((at[0] - 8, at[1] - 8), f"{value:,.0f}", "end"))
    middle_of_it = x + _LEFT + _WIDTH / 2
    drawn.append(text((middle_of_it, _TOP - 14), f"{title} ({unit})", "middle"))
    drawn.append(text((middle_of_it, _TOP + _HEIGHT + 38), "entries", "middle"))
    return drawn


def plot(measured: Sequence[Measured]) -> str:
    """Wall time and peak memory over entries on log axes, as SVG; dashed lines have slope 1."""
    panels = (
        ("cold run", "wall seconds", "seconds"),
        ("most memory of a process", "MiB", "process_mib"),
    )
    width = _LEFT + _WIDTH + 30
    drawn = []
    for at, (title, unit, name) in enumerate(panels):
        points = [(float(one.entries), float(getattr(one, name))) for one in measured]
        drawn += _panel(title, unit, points, at * width)
    size = f'width="{len(panels) * width}" height="{_TOP + _HEIGHT + _BOTTOM}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif"'
            ' font-size="12">',
            '<rect width="100%" height="100%" fill="white"/>',
            *drawn,
            "</svg>\n",
        ]
    )


# -- the steps ---------------------------------------------------------------------------------


@dataclasses.dataclass
class Bench:
    """Where a size is measured, and with what.

    Attributes:
        entries: How many entries the corpus has.
        n_dumps: As how many dumps it is written, if it is.
        dumps: Their folder.
        corpus: The corpus's file.
        work: The folder of all else.
        cores: How many cores a run has.
        repeat: How often short steps are measured.
        tell: What is done with each measurement.
        peers: The names of peers, and the Python that has them.
    """

    entries: int
    n_dumps: int
    dumps: Path
    corpus: Path
    work: Path
    cores: int
    repeat: int
    tell: Callable[[Measured], None]
    peers: tuple[Sequence[str], str | None] = ((), None)

    @property
    def results(self) -> Path:
        """The results of the cold run."""
        return self.work / f"results_{self.entries}"

    @property
    def log(self) -> Path:
        """What the command printed that was measured last."""
        return self.work / f"log_{self.entries}.txt"

    def make(self) -> None:
        """Make the dumps, if they are not there."""
        # of a run that was killed; the folder is this benchmark's
        shutil.rmtree(self.work / ".snakemake" / "locks", ignore_errors=True)
        if self.dumps.is_dir() and files_of(self.dumps):
            return
        self.make_corpus()
        # a folder that is not whole never has the name
        partial = self.dumps.with_name(self.dumps.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        self._python("dumps.py", self.corpus, partial, "--dumps", self.n_dumps)
        partial.rename(self.dumps)

    def make_corpus(self) -> None:
        """Make the corpus, if it is not there."""
        if self.corpus.is_file():
            return
        partial = self.corpus.with_name(self.corpus.name + ".partial")
        self._python("corpus.py", "--records", self.entries, "--output", partial)
        partial.rename(self.corpus)

    def _python(self, script: str, *arguments: object) -> None:
        command = [sys.executable, str(HERE / script), *map(str, arguments)]
        measure(command, self.work, self.log)

    def snakemake(self, results: Path, *arguments: str) -> list[str]:
        """The command of a run."""
        settings = [f"dumps={self.dumps}", f"results={results}"]
        start = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        return [*start, "--cores", str(self.cores), *arguments, "--config", *settings]

    def run(self, step: str, results: Path, *arguments: str, turn: int = 0) -> Measured:
        """Run the workflow, and tell what it took."""
        since = time.time()
        usage = measure(self.snakemake(results, *arguments), self.work, self.log)
        jobs = jobs_of(self.log.read_text("utf-8", "replace"))
        sizes = sizes_of(self.dumps, results) if step == "cold" else {}
        one = Measured(
            step,
            entries_of(results),
            len(files_of(self.dumps)),
            turn,
            *dataclasses.astuple(usage),
            jobs=tuple(jobs),
            stages=tuple(stages_of(results / "benchmarks", since)) if jobs else (),
            facts=sizes,
        )
        self.tell(one)
        return one

    def settle(self) -> None:
        """See to it that the cold run's results are there, and that nothing is to be done."""
        measure(self.snakemake(self.results), self.work, self.log)

    def cold(self) -> Measured:
        """Measure a cold run."""
        remove_results(self.results)
        return self.run("cold", self.results)

    def repeated(self, step: str, *arguments: str) -> None:
        """Measure runs with nothing to do."""
        self.settle()
        for turn in range(self.repeat):
            one = self.run(step, self.results, *arguments, turn=turn)
            if one.jobs:
                raise BenchmarkError(f"{step}: there was something to do: {', '.join(one.jobs)}")

    def bare(self) -> None:
        """Measure a bare Snakemake that has the dumps as inputs, and nothing to do."""
        folder = self.work / "bare"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "Snakefile").write_text(_BARE, "utf-8")
        for n in range(64):
            (folder / f"{n}.done").touch()
        command = [sys.executable, "-m", "snakemake", "--cores", str(self.cores)]
        command += ["--config", f"dumps={self.dumps}"]
        n_dumps = len(files_of(self.dumps))
        for turn in range(self.repeat):
            usage = measure(command, folder, self.log)
            if "Nothing to be done" not in self.log.read_text("utf-8", "replace"):
                raise BenchmarkError(f"bare: there was something to do: {self.log}")
            figures = dataclasses.astuple(usage)
            self.tell(Measured("bare", self.entries, n_dumps, turn, *figures))

    def where(self) -> None:
        """Profile a run with nothing to do."""
        self.settle()
        profile = self.work / "noop.prof"
        python, *rest = self.snakemake(self.results)
        command = [python, "-m", "cProfile", "-o", str(profile), *rest]
        usage = measure(command, self.work, self.log)
        parts = parts_of(profile)
        n_dumps = len(files_of(self.dumps))
        figures = dataclasses.astuple(usage)
        self.tell(Measured("where", self.entries, n_dumps, 0, *figures, facts={"parts": parts}))

    def changed(self, step: str) -> None:
        """Measure a run after one change, in a copy of the cold run's results."""
        self.settle()
        copy = self.results.with_name(self.results.name + "_changed")
        branch(self.results, copy)
        try:
            if step == "new":
                with added(self.dumps / NEW_DUMP, new_dump(TO_A_DUMP)):
                    self.run(step, copy)
            else:
                file = self.work / f"{step}.yaml"
                file.write_text(CHANGES[step], "utf-8")
                self.run(step, copy, "--configfile", str(file))
        finally:
            remove_results(copy)

    def floor(self) -> None:
        """Measure the floor."""
        if not (self.results / "latest").is_dir():
            self.settle()
        release = (self.results / "latest").resolve()
        n_dumps = len(files_of(self.dumps))
        for turn in range(self.repeat):
            with tempfile.TemporaryDirectory(dir=self.work) as folder:
                arguments = map(str, (self.dumps, release, folder))
                command = [sys.executable, str(HERE / "scale_floor.py"), *arguments]
                usage = measure(command, self.work, self.log)
            facts = json.loads(self.log.read_text("utf-8").splitlines()[-1])
            seconds = facts["read"] + facts["write"]
            _, *figures = dataclasses.astuple(usage)
            entries = entries_of(self.results)
            self.tell(Measured("floor", entries, n_dumps, turn, seconds, *figures, facts=facts))

    def beside(self) -> None:
        """Measure the peers' deduplication; one that fails is told of."""
        names, python = self.peers
        if python is None:
            return
        import polars as pl  # noqa: PLC0415 (no other step needs it)

        self.make_corpus()
        methods = dedupe_peers.methods(python)
        corpus = pl.read_parquet(self.corpus, columns=dedupe_peers.TRUTH)
        limits = 6 * 3600.0, 0.9 * psutil.virtual_memory().total / _MEBIBYTE
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            readable = Path(folder) / "readable.parquet"
            pl.scan_parquet(self.corpus).select(dedupe_peers.READABLE).sink_parquet(readable)
            for name in names:
                run = dedupe_peers.run_once(name, methods[name], 0, corpus, readable, limits)
                if run.failure:
                    print(f"{name}: {run.failure}", flush=True)
                    continue
                facts = {"precision": run.precision, "recall": run.recall}
                figures = run.seconds, 0.0, 0.0, run.mebibytes
                self.tell(Measured(f"peer {name}", corpus.height, 0, 0, *figures, facts=facts))

    def step(self, name: str) -> None:
        """Measure a step."""
        match name:
            case "cold":
                self.cold()
            case "noop":
                self.repeated("noop")
            case "dry":
                self.repeated("dry", "--dry-run")
            case "bare":
                self.bare()
            case "where":
                self.where()
            case "floor":
                self.floor()
            case "peers":
                self.beside()
            case _:
                self.changed(name)


# What the time of a run with nothing to do goes into: what is told, the file's end, the function.
_PARTS = (
    ("all", "~", "<built-in method builtins.exec>"),
    ("imports", "<frozen importlib._bootstrap>", "_find_and_load"),
    ("reading the Snakefile", "snakemake/workflow.py", "include"),
    ("settings, dumps, batches", "paperdump/plan.py", "make_plan"),
    ("  of these, finding the dumps", "paperdump/inventory.py", "find_dumps"),
    ("fingerprints", "paperdump/plan.py", "fingerprint"),
    ("  of these, of code", "paperdump/provenance.py", "code_digest"),
    ("building the DAG", "snakemake/dag.py", "init"),
    ("what is to run", "snakemake/dag.py", "update_needrun"),
)


def parts_of(profile: Path) -> dict[str, float]:
    """Seconds of the parts of a run, by a profile of it; a part may hold others."""
    stats: Mapping[tuple[str, int, str], tuple[Any, ...]] = pstats.Stats(str(profile)).stats  # type: ignore[attr-defined]
    found = {}
    for told, file, function in _PARTS:
        seconds = [
            figures[3]
            for (path, _, name), figures in stats.items()
            if path.endswith(file) and name == function
        ]
        if seconds:
            found[told] = max(seconds)
    return found


def report(measured: Sequence[Measured]) -> str:
    """All tables of one size."""
    if not measured:
        return ""
    told = [steps_table(measured), *ratios(measured)]
    for one in measured:
        match one.step:
            case "cold":
                told += ["", "stages of the cold run", stages_table(one.stages, one.entries)]
            case "new" | "config" | "matching":
                told += ["", f"jobs of {one.step}", *(f"  {job}" for job in one.jobs)]
                told.append(stages_table(one.stages, one.entries))
            case "floor":
                parts = one.facts
                told.append(
                    f"floor {one.turn + 1}: reads {parts['read_bytes'] / 1e6:,.1f} MB in "
                    f"{parts['read']:.2f} s, writes {parts['written_bytes'] / 1e6:,.1f} MB in "
                    f"{parts['write']:.2f} s"
                )
            case "where":
                told += ["", "where the no-op's time goes, under the profiler (parts hold others)"]
                rows = [[name, f"{seconds:.2f}"] for name, seconds in one.facts["parts"].items()]
                told.append(aligned(rows))
    return "\n".join(told)


def as_line(one: Measured, of: str) -> str:
    """A measurement as a line of JSON; ``of`` tells which ones belong together."""
    return json.dumps({"of": of, **dataclasses.asdict(one)})


def measured_before(file: Path, of: str) -> list[Measured]:
    """The measurements of a file of such lines that belong together; none if there is no file."""
    if not file.is_file():
        return []
    found = []
    for line in file.read_text("utf-8").splitlines():
        read = json.loads(line)
        if read.pop("of", None) == of:
            stages = tuple(Stage(**stage) for stage in read.pop("stages"))
            found.append(Measured(**{**read, "jobs": tuple(read["jobs"]), "stages": stages}))
    return found


def together(before: Sequence[Measured], now: Sequence[Measured]) -> list[Measured]:
    """What is measured now, and of other steps what was measured last, in the order of steps."""
    last: dict[str, list[Measured]] = {}
    for one in [*before, *now]:
        if one.turn == 0:
            last[one.step] = []
        last[one.step].append(one)
    order = {step: at for at, step in enumerate(STEPS)}
    steps = sorted(last, key=lambda step: order.get(step, len(order)))
    return [one for step in steps for one in last[step]]


def sized(text: str) -> tuple[int, Path | None]:
    """A size of ``--growth``: entries, or entries and the folder of their dumps."""
    entries, _, folder = text.partition("=")
    return int(entries), Path(folder) if folder else None


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--n-dumps", type=int, help=f"default: one for {TO_A_DUMP} entries")
    parser.add_argument("--dumps", type=Path, help="their folder; made if it is not there")
    parser.add_argument("--corpus", type=Path, help="the corpus; made if it is not there")
    parser.add_argument("--work", type=Path, help="where corpus, dumps and results stay")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--steps", nargs="*", choices=STEPS)
    parser.add_argument("--peers", nargs="+", default=["text-dedup"], metavar="NAME")
    parser.add_argument("--peers-python", help="the Python that has the peers")
    parser.add_argument("--growth", nargs="+", type=sized, metavar="ENTRIES[=FOLDER]", default=[])
    parser.add_argument("--plot", type=Path, help="the SVG file that --growth draws")
    parser.add_argument("--doc", type=Path, help="the document with tables to be filled")
    parser.add_argument("--out", type=Path, help="a file to add each measurement to, as JSON")
    given = parser.parse_args(arguments)
    if given.steps is None:
        given.steps = [] if given.growth else list(DEFAULT_STEPS)
    if "peers" in given.steps and given.peers_python is not None:
        known = dedupe_peers.methods(given.peers_python)
        if unknown := set(given.peers) - set(known):
            parser.error(
                f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(known)}"
            )
    return given


def bench(
    given: argparse.Namespace,
    work: Path,
    entries: int,
    dumps: Path | None,
    tell: Callable[[Measured], None],
) -> Bench:
    """Where and how a size is measured."""
    own_size = entries == given.entries
    return Bench(
        entries,
        (given.n_dumps if own_size else None) or max(1, entries // TO_A_DUMP),
        dumps.resolve() if dumps else work / f"dumps_{entries}",
        given.corpus.resolve() if own_size and given.corpus else work / f"corpus_{entries}.parquet",
        work,
        given.cores,
        given.repeat,
        tell,
        (given.peers, given.peers_python),
    )


def run_all(given: argparse.Namespace, work: Path) -> None:
    """Measure what is asked for, and print tables, of what could be measured at least."""
    measured: list[Measured] = []

    def tell(one: Measured) -> None:
        measured.append(one)
        print(
            f"{one.step}: {one.entries:,} entries, {one.seconds:.2f} s wall, {one.cpu:.1f} s cpu, "
            f"{one.process_mib:,.0f} MiB, together {one.together_mib:,.0f} MiB",
            flush=True,
        )
        if given.out:
            with given.out.open("a", encoding="utf-8") as lines:
                lines.write(as_line(one, of) + "\n")

    of = f"{given.entries} {given.cores}"
    before = measured_before(given.out, of) if given.out and not given.growth else []
    if given.steps:
        main_one = bench(given, work, given.entries, given.dumps, tell)
        try:
            main_one.make()
            for step in given.steps:
                main_one.step(step)
        finally:
            files = files_of(main_one.dumps)
            megabytes = sum(file.stat().st_size for file in files) / 1e6
            print(
                f"\n{given.entries:,} entries in {len(files):,} dumps of {megabytes:,.0f} MB, "
                f"{given.cores} cores",
                report(together(before, measured)),
                sep="\n",
                flush=True,
            )
    elif before:
        print(report(together(before, [])))
    colds = [one for one in measured if one.step == "cold"]
    told = [one for one in [*before, *colds] if one.step == "cold"]
    if given.doc and told:
        cold = told[-1]
        tables = {"cost": cost_table(cold), "plan": plan_table(cold)}
        given.doc.write_text(filled(given.doc.read_text("utf-8"), tables), "utf-8")
    of = "growth"
    for entries, folder in given.growth:
        if given.steps and entries == given.entries and colds and folder in (None, given.dumps):
            continue
        # a folder of its own: the results of other steps stay
        one = dataclasses.replace(bench(given, work, entries, folder, tell), work=work / "growth")
        one.work.mkdir(exist_ok=True)
        one.make()
        colds.append(one.cold())
        remove_results(one.results)
    if given.growth:
        colds.sort(key=lambda one: one.entries)
        print(f"\ngrowth of the cold run, {given.cores} cores\n{growth_table(colds)}")
        if given.plot:
            given.plot.write_text(plot(colds), "utf-8")


def main() -> None:
    """Measure and print."""
    given = parsed()
    # so that a new dump is removed again
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if given.work:
            given.work.mkdir(parents=True, exist_ok=True)
            run_all(given, given.work.resolve())
        else:
            with tempfile.TemporaryDirectory() as name:
                run_all(given, Path(name).resolve())
    except BenchmarkError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
