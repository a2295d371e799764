"""The memory and time that each stage needs, and what is told before a run where memory is less.

The needs are the peaks measured on 100,000 and 1,000,000 entries in 2,000 and 20,000 dumps
(`tests/benchmarks/dumps.py`), rounded up by a fifth or more. The costs are the seconds of jobs of
the larger run on 2 cores, as Snakemake's benchmarks add them up (16 batches; 4 shards); the base is
what a job takes on a handful of entries. No stage's results depend on either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from paperdump.memory import OF_BATCHES, Limit


@dataclass(frozen=True, slots=True)
class Need:
    """The megabytes that a job of a stage needs.

    Attributes:
        base: Whatever its inputs are.
        per_input_mb: For each megabyte of its inputs.
        per_dump_mb: The same for each megabyte of the dumps that these are made of, to be told
            before they are.
    """

    base: int
    per_input_mb: float
    per_dump_mb: float

    def of_inputs(self, megabytes: float) -> int:
        """Megabytes for inputs of a size."""
        return self.base + int(self.per_input_mb * megabytes)

    def of_dumps(self, megabytes: float) -> int:
        """Megabytes for inputs that are made of dumps of a size."""
        return self.base + int(self.per_dump_mb * megabytes)


NEEDS = {
    "parse": Need(250, 8, 8),
    "normalize": Need(600, 8, 4),
    "block": Need(400, 0.7, 0.5),
    "dedupe": Need(650, 6, 3.2),
    # it checks the tables as validate does, and holds them as dedupe does
    "quarantine": Need(700, 20, 10),
    # of the one with the largest table; validate then has no more to do than a small one
    "check": Need(500, 10, 5.5),
    "validate": Need(750, 3.5, 2.2),
    "gate": Need(200, 5, 0.1),
    "summarize": Need(1050, 0.7, 0.4),
    "release": Need(700, 1.3, 0.8),
}


def of_batch(sizes: Iterable[float]) -> float:
    """The megabytes of a batch's dumps by which its jobs need memory: of the largest, above all.

    Dumps are read one after the other, and what was read is written in pieces.

    Args:
        sizes: The megabytes of each dump, of which there is at least one.
    """
    largest_first = sorted(sizes, reverse=True)
    return largest_first[0] + _OF_OTHERS * sum(largest_first[1:])


@dataclass(frozen=True, slots=True)
class Cost:
    """The seconds that a job of a stage takes.

    Attributes:
        base: Whatever its inputs are.
        per_million: For each million of entries.
    """

    base: float
    per_million: float

    def of_entries(self, entries: float) -> float:
        """Seconds for so many entries."""
        return self.base + self.per_million * entries / 1e6


COSTS = {
    "parse": Cost(0.5, 55),
    "normalize": Cost(0.7, 44),
    "block": Cost(0.6, 31),  # of all shards together
    "dedupe": Cost(0.6, 26),
    # of the smaller run, with `on_failure: quarantine`
    "quarantine": Cost(3.5, 30),
    "check": Cost(2.5, 18),  # of all shards together
    "validate": Cost(3, 7),
    "gate": Cost(0.3, 0),
    "summarize": Cost(0.8, 17),
    "release": Cost(0.5, 10),
}

_OF_OTHERS = 0.1  # share of a batch's dumps, but the largest, that counts for its memory
# of dumps as they are in the mean of these runs; what a run has read corrects it
ENTRIES_PER_MB = 635


def addresses(megabytes: int) -> int:
    """Megabytes of addresses that a process takes whose memory is so much: measured, too."""
    return 2500 + int(1.6 * megabytes)


def shortage(needs: Mapping[str, int], limits: Sequence[Limit], at_once: int = 1) -> str | None:
    """What a person is told before a run that may need more memory than there is.

    Args:
        needs: Stage → megabytes that a job of it needs.
        limits: What bounds the memory.
        at_once: How many jobs of batches may run at a time.

    Returns:
        A few lines, or None where all fits.
    """
    told = [lines for limit in limits if (lines := _short_of(limit, needs, at_once))]
    if not told:
        return None
    last = "  The run goes on. What is finished is kept: a run with more memory goes on from there."
    return "\n".join([*(line for lines in told for line in lines), last])


def _short_of(limit: Limit, needs: Mapping[str, int], at_once: int) -> list[str]:
    """What is told of one limit: the stages that need more."""
    if limit.of_addresses:
        # of each process by itself
        wanted = {stage: addresses(megabytes) for stage, megabytes in needs.items()}
    else:
        wanted = {
            stage: megabytes * (at_once if stage in OF_BATCHES else 1)
            for stage, megabytes in needs.items()
        }
    short = {stage: mb for stage, mb in wanted.items() if mb > limit.megabytes}
    if not short:
        return []
    worst = max(short, key=lambda stage: short[stage])
    lines = [
        f"Memory may not suffice: {limit.megabytes:,} MB {limit.why}, and {worst} needs about "
        f"{short[worst]:,} MB.",
        *(f"  {stage:<10} about {mb:>7,} MB" for stage, mb in short.items()),
    ]
    if limit.of_addresses:
        lines.append("  A limit of memory itself (of a cgroup) takes less: lift ulimit -v.")
    elif at_once > 1 and any(stage in OF_BATCHES for stage in short):
        lines.append("  Fewer jobs at a time need less: --cores 1.")
    return lines
