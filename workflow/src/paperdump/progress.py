"""How far a run is, in entries, and about how long the rest takes; what its jobs took, as a table.

What is told rests on what the jobs left: rows of Parquet files, Snakemake's benchmarks, the last
lines of their logs. What is not there yet is estimated: entries from the bytes of dumps, seconds
from the measured costs of the stages (``needs.COSTS``), corrected by what the jobs of this run
took so far.

A run keeps a record of its jobs, ``benchmarks/run.jsonl`` in the results folder: its first line
says when it began and which stages there are, each further one what a finished job took. It is
begun anew by each run that has something to do.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from paperdump import job, needs
from paperdump.errors import PaperdumpError
from paperdump.memory import OF_BATCHES

if TYPE_CHECKING:
    from paperdump.plan import Plan

RECORD = Path("benchmarks", "run.jsonl")  # of the results folder
_AT_ONCE = ("validate", "summarize")  # one needs nothing of the other
_TRUST = 10.0  # seconds of jobs until what this run took counts as much as what was measured
_HALF = 20.0  # seconds of jobs until what this run took before counts half
_MINUTE, _HOUR = 60, 3600


class Task(NamedTuple):
    """A job of the plan.

    Attributes:
        stage: Its stage.
        part: Its batch, or its shard; nothing where it is the stage's only job.
    """

    stage: str
    part: str = ""


class Trace(NamedTuple):
    """Where a job leaves what it took.

    Attributes:
        task: The job.
        benchmark: The file that Snakemake writes of it.
        log: Its log.
    """

    task: Task
    benchmark: Path | None = None
    log: Path | None = None


class Took(NamedTuple):
    """What a job took.

    Attributes:
        seconds: So long; None where that is not known.
        peak_mb: The most megabytes of memory that it held; None where that is not known.
    """

    seconds: float | None = None
    peak_mb: int | None = None


def took(trace: Trace) -> Took:
    """What a job took, as its benchmark and its log say.

    The log's peak is exact; the benchmark's is the highest of samples, which for long jobs are
    half a minute apart.
    """
    said = _benchmark(trace.benchmark)
    peak = job.peak_mb(trace.log) if trace.log else None
    sampled = said.get("max_rss")  # in units of 2**20 bytes
    if peak is None and sampled is not None:
        peak = round(sampled * 1.048576)
    return Took(said.get("s"), peak)


def _benchmark(file: Path | None) -> dict[str, float]:
    """The numbers of a benchmark; what was not measured (``NA``, ``-``) is left out."""
    if file is None:
        return {}
    try:
        head, values, *_ = file.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    found = {}
    for name, value in zip(head.split("\t"), values.split("\t"), strict=False):
        try:
            number = float(value)
        except ValueError:
            continue
        if math.isfinite(number):
            found[name] = number
    return found


@dataclass(slots=True)
class Course:
    """What of a run is done, and what is still to do.

    Attributes:
        batches: Batch → megabytes of its dumps, unpacked.
        pending: The jobs that are still to end.
        slots: How many jobs may run at a time.
        spread: Stage that is shared out → over how many jobs.
        entries: Batch → its entries, as far as they are known.
    """

    batches: Mapping[str, float]
    pending: set[Task]
    slots: int = 1
    spread: Mapping[str, int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    _took: float = _TRUST
    _expected: float = _TRUST

    def entries_of(self, batch: str) -> float:
        """The entries of a batch: known, or by its bytes and what the read ones have for theirs."""
        if batch in self.entries:
            return self.entries[batch]
        megabytes = sum(self.batches[name] for name in self.entries)
        known = sum(self.entries.values())
        each = known / megabytes if known and megabytes else needs.ENTRIES_PER_MB
        return each * self.batches[batch]

    @property
    def total(self) -> int:
        """The entries of all batches."""
        return round(sum(self.entries_of(batch) for batch in self.batches))

    @property
    def is_estimate(self) -> bool:
        """Whether the entries of a batch are not known yet."""
        return len(self.entries) < len(self.batches)

    def cost(self, task: Task) -> float:
        """The seconds that a job takes where the costs were measured."""
        if task.stage in OF_BATCHES:
            entries = self.entries_of(task.part)
        else:
            entries = self.total / self.spread.get(task.stage, 1)
        if task.stage == "validate" and self.spread.get("check", 1) > 1:
            entries = 0  # what the shares found is put together
        return needs.COSTS[task.stage].of_entries(entries)

    def finish(self, task: Task, seconds: float | None, entries: int | None = None) -> None:
        """Note that a job has ended.

        Args:
            task: The job.
            seconds: So long did it take.
            entries: The entries of its batch.
        """
        self.pending.discard(task)
        if entries is not None and task.stage in OF_BATCHES:
            self.entries[task.part] = entries
        if seconds is not None:
            cost = self.cost(task)
            # what was long ago says less of what is to come: others may use the machine, too
            kept = 0.5 ** (cost / _HALF)
            self._took = kept * self._took + seconds
            self._expected = kept * self._expected + cost

    def seconds_left(self, running: Mapping[Task, float] | None = None) -> float:
        """About how many seconds the jobs that are still to end take.

        Args:
            running: The jobs at work → for how many seconds they have been.
        """
        pace = self._took / self._expected
        since = running or {}
        left: dict[str, list[float]] = {}
        for task in self.pending:
            rest = max(0.0, pace * self.cost(task) - since.get(task, 0.0))
            left.setdefault(task.stage, []).append(rest)
        # the jobs of batches fill the slots together; a stage's own jobs wait for all of these
        reading = [rest for stage in OF_BATCHES for rest in left.pop(stage, [])]
        seconds = self._shared(reading) + self._shared(left.pop("block", []))
        checks = self._shared(left.pop("check", []))
        beside = [checks, 0.0]
        for number, stage in enumerate(_AT_ONCE):
            beside[number] += sum(left.pop(stage, []))
        seconds += max(beside) if self.slots > 1 else sum(beside)
        return seconds + sum(rest for rests in left.values() for rest in rests)

    def _shared(self, seconds: list[float]) -> float:
        return max(sum(seconds) / self.slots, max(seconds, default=0.0))

    def ahead(self) -> str:
        """What there is to do, in a line, before the first job ends."""
        about = "about " if self.is_estimate else ""
        n_left = sum(task.stage == "parse" for task in self.pending)
        reads = f"{n_left:,} of {_counted(len(self.batches), 'batch')} to be read, "
        what = f"{reads if n_left else ''}{about}{_counted(self.total, 'entry')}"
        return f"{what}, {duration(self.seconds_left())} to go"

    def line(
        self, task: Task, seconds: float | None, running: Mapping[Task, float] | None = None
    ) -> str:
        """How far the run is, in a line, when a job has ended.

        Args:
            task: The job.
            seconds: So long did it take.
            running: As ``seconds_left`` takes it.
        """
        facts = []
        if task.stage in OF_BATCHES:
            done = [b for b in self.batches if Task(task.stage, b) not in self.pending]
            whole = sum(self.batches.values())
            share = sum(self.batches[b] for b in done) / whole if whole else 1.0
            facts.append(f"{len(done):,} of {_counted(len(self.batches), 'batch')}")
            facts.append(_counted(round(sum(self.entries_of(b) for b in done)), "entry"))
            facts.append(f"{_percent(share)} of bytes")
        else:
            if shards := self.spread.get(task.stage):
                done_ = shards - sum(other.stage == task.stage for other in self.pending)
                facts.append(f"{done_:,} of {_counted(shards, 'shard')}")
            entries = [_counted(self.total, "entry")] if _reads(task.stage) else []
            length = [f"{seconds:,.1f} s"] if seconds is not None else []
            facts += [" in ".join([*entries, *length])] if entries or length else []
        if self.pending:
            facts.append(f"{duration(self.seconds_left(running))} left")
        return f"{task.stage}: {', '.join(facts)}"


def _reads(stage: str) -> bool:
    """Whether a stage reads entries, so that more of them take it longer."""
    return needs.COSTS[stage].per_million > 0


def duration(seconds: float) -> str:
    """About how long something takes, in words, no finer than such an estimate is."""
    if seconds < _MINUTE - 5:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    if seconds < _HOUR - _MINUTE / 2:
        return f"about {max(1, round(seconds / _MINUTE))} min"
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    return f"about {hours:,} h {minutes} min"


def _percent(share: float) -> str:
    """A share in whole percent; only the whole is 100."""
    return f"{100 if share >= 1 else min(99, round(100 * share))} %"


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    plural = {"entry": "entries", "batch": "batches"}.get(noun, f"{noun}s")
    return f"{count:,} {plural}"


class Follower(logging.Handler):
    """Follows the jobs of a run through Snakemake's log events, tells and records how far it is.

    A handler of Snakemake's own logger sees what a logger plugin sees, beside whatever prints the
    log, and needs no option.
    """

    def __init__(
        self, plan: Plan, traces: Mapping[int, Trace], slots: int, tell: Callable[[str], None]
    ) -> None:
        """Begin the record of a run.

        Args:
            plan: Its plan.
            traces: Number of a job → the job; those that this run is to carry out.
            slots: How many jobs may run at a time.
            tell: Shows a line to a person.
        """
        super().__init__()
        self._plan, self._traces, self._tell = plan, traces, tell
        self._started: dict[int, float] = {}
        self._ended: set[int] = set()
        self._record = plan.results / RECORD
        sizes = {b: sum(dump.unpacked_mb for dump in d) for b, d in plan.batches.items()}
        pending = {trace.task for trace in traces.values()}
        read = {b: n for b in sizes if Task("parse", b) not in pending and (n := self._rows(b))}
        self.course = Course(sizes, pending, max(1, slots), plan.spread, read)
        self._record.parent.mkdir(parents=True, exist_ok=True)
        head = {"began": time.time(), "stages": plan.stages}
        self._record.write_text(json.dumps(head) + "\n", "utf-8")
        self._tell(self.course.ahead())

    def emit(self, record: logging.LogRecord) -> None:
        """Take a message of Snakemake's log; nothing that fails here stops the run."""
        try:
            event = getattr(getattr(record, "event", None), "name", None)
            if event == "JOB_STARTED":
                now = time.monotonic()
                self._started.update(dict.fromkeys(getattr(record, "jobs", ()), now))
            elif event == "JOB_FINISHED":
                self._finish(getattr(record, "job_id", -1))
        except Exception:
            self.handleError(record)

    def settle(self, still_open: Collection[int]) -> None:
        """Record, at the end of a run, the jobs whose end was not logged: a quiet run logs none.

        Args:
            still_open: Numbers of the jobs that have not ended well.
        """
        for number in self._traces:
            if number not in self._ended and number not in still_open:
                self._finish(number)

    def _finish(self, number: int) -> None:
        trace = self._traces.get(number)
        self._started.pop(number, None)
        if trace is None:
            return
        self._ended.add(number)
        task, found = trace.task, took(trace)
        of_batch = task.stage in OF_BATCHES
        entries = self._rows(task.part) if of_batch else None
        self.course.finish(task, found.seconds, entries)
        if not of_batch and _reads(task.stage):
            entries = self.course.total
        facts = {
            **task._asdict(),
            **found._asdict(),
            "entries": entries,
            "ended": time.time(),
        }
        with self._record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(facts) + "\n")
        now = time.monotonic()
        running = {
            self._traces[n].task: now - began
            for n, began in self._started.items()
            if n in self._traces
        }
        self._tell(self.course.line(task, found.seconds, running))

    def _rows(self, batch: str) -> int | None:
        """The entries of a batch, as its files say; None where there are none yet."""
        import pyarrow as pa  # noqa: PLC0415 (a run with nothing to do needs no frames)
        import pyarrow.parquet as pq  # noqa: PLC0415

        work = self._plan.results / "work"
        for place in (f"{self._plan.place('parse', batch)}/entries.parquet",
                      self._plan.place("normalize", batch)):  # fmt: skip
            try:
                return int(pq.read_metadata(work / place).num_rows)
            except (OSError, pa.ArrowException):
                continue
        return None


class Record(NamedTuple):
    """What a run took.

    Attributes:
        began: When it began, in seconds since 1970.
        stages: The stages that there are.
        jobs: What each job that ended took: ``stage``, ``part``, ``seconds``, ``peak_mb``,
            ``entries``, ``ended``.
    """

    began: float
    stages: list[str]
    jobs: list[dict[str, Any]]


def read(results: Path) -> Record:
    """The record of the last run in a results folder that had something to do.

    Raises:
        PaperdumpError: There is none.
    """
    file = results / RECORD
    try:
        head, *lines = file.read_text("utf-8").splitlines()
        first = json.loads(head)
        return Record(float(first["began"]), list(first["stages"]), [*_jobs(lines)])
    except FileNotFoundError:
        raise PaperdumpError(
            f"{results} has no record of a run: no {RECORD.as_posix()} is there. A run of "
            "snakemake writes it."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PaperdumpError(f"The record of the run, {file}, cannot be read: {error}.") from None


def _jobs(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The jobs of a record; a line that was not written to its end is left out."""
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


class Row(NamedTuple):
    """What the jobs of a stage took.

    Attributes:
        stage: The stage; None for the whole run.
        jobs: How many ended; 0 where the run did not need the stage.
        seconds: The sum of theirs; of the whole run, those on the clock until its last job ended.
        peak_mb: The most megabytes of memory that one of them held.
        entries: The entries that they worked on.
    """

    stage: str | None
    jobs: int
    seconds: float | None = None
    peak_mb: int | None = None
    entries: int | None = None

    @property
    def entries_per_second(self) -> float | None:
        """None where that is not known."""
        if self.entries is None or not self.seconds:
            return None
        return round(self.entries / self.seconds, 1)

    def as_data(self) -> dict[str, Any]:
        """The row as plain data."""
        return {**self._asdict(), "entries_per_second": self.entries_per_second}


def rows(record: Record) -> list[Row]:
    """What the jobs of each stage took, in the order of the stages, and at last the whole run."""
    found = []
    for stage in record.stages:
        jobs = [one for one in record.jobs if one["stage"] == stage]
        counts = _known(one["entries"] for one in jobs)
        # each job of a batch has entries of its own; the others work on all of them
        entries = sum(counts) if stage in OF_BATCHES else max(counts, default=0)
        seconds = _known(one["seconds"] for one in jobs)
        found.append(
            Row(
                stage,
                len(jobs),
                round(sum(seconds), 2) if seconds else None,
                max(_known(one["peak_mb"] for one in jobs), default=None),
                int(entries) if counts else None,
            )
        )
    ended = _known(one["ended"] for one in record.jobs)
    found.append(
        Row(
            None,
            sum(row.jobs for row in found),
            round(max(0.0, max(ended) - record.began), 2) if ended else None,
            max(_known(row.peak_mb for row in found), default=None),
            max(_known(row.entries for row in found), default=None),
        )
    )
    return found


def _known(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def table(record: Record) -> str:
    """What the jobs of each stage took, for a person."""
    lines = [f"{'stage':<10}  {'jobs':>5}  {'seconds':>9}  {'peak MB':>8}  {'entries/s':>10}"]
    for row in rows(record):
        name = row.stage or "the run"
        if not row.jobs:
            lines.append(f"{name:<10}  not run")
            continue
        seconds = "-" if row.seconds is None else f"{row.seconds:,.1f}"
        peak = "-" if row.peak_mb is None else f"{row.peak_mb:,}"
        rate = row.entries_per_second
        each = "-" if rate is None else f"{rate:,.0f}"
        lines.append(f"{name:<10}  {row.jobs:>5,}  {seconds:>9}  {peak:>8}  {each:>10}")
    return "\n".join(lines)
