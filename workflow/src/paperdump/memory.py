"""Memory: what there is, and what a person is told of a job that ran out of it."""

from __future__ import annotations

import contextlib
import ctypes
import resource
from dataclasses import dataclass
from pathlib import Path

OF_BATCHES = ("parse", "normalize")  # stages whose jobs read a batch each, several at a time

_CGROUPS = (  # of version 2, then 1: the folder, the limit, what is taken of it
    ("/sys/fs/cgroup", "memory.max", "memory.current"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
)
# What is asked of the GNU C library's allocator: the number of the parameter, its value.
_REUSE = (
    (-3, 1 << 25),  # M_MMAP_THRESHOLD: bytes from which on a block has pages of its own; the most
    (-1, 1 << 30),  # M_TRIM_THRESHOLD: free bytes at the end that are kept
    (-8, 1),  # M_ARENA_MAX: one heap for all threads, which come and go
)


def reuse() -> None:
    """Have this process use freed memory again, and not give it back to the system in between.

    Columns are worked on in pieces, by threads that come and go: a page that is given back and had
    again has to be cleared again, and on a virtual machine to be found again. Other C libraries
    than GNU's are left as they are.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 (others have other parameters by these numbers)
        for parameter, value in _REUSE:
            library.mallopt(parameter, value)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much memory there is.

    Attributes:
        megabytes: So much.
        why: What says so, in words.
        of_addresses: Whether it bounds the addresses of each process, of which it takes more than
            it holds memory.
    """

    megabytes: int
    why: str
    of_addresses: bool = False


def limits(root: Path = Path("/")) -> list[Limit]:
    """What bounds the memory of this process and those that it starts, the tightest first.

    Args:
        root: The folder that the system's files are below.
    """
    found = []
    facts = _meminfo(root / "proc" / "meminfo")
    if "MemAvailable" in facts:
        free = facts["MemAvailable"] + facts.get("SwapFree", 0)
        found.append(Limit(free // 1000, "is free on this machine"))
    for folder, most, taken in _CGROUPS:
        for place in _own_cgroups(root, folder):
            bound = _number(place / most)
            # version 1 says "no limit" by a number beyond any machine's
            if bound is not None and bound < 1 << 60:
                left = max(0, bound - (_number(place / taken) or 0) + _cached(place))
                found.append(Limit(left // 1_000_000, "is left of the limit of its cgroup"))
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        why = "is the limit of a process's address space (ulimit -v)"
        found.append(Limit(soft // 1_000_000, why, of_addresses=True))
    return sorted(found, key=lambda limit: limit.megabytes)


def _meminfo(file: Path) -> dict[str, int]:
    """Facts of ``/proc/meminfo`` in kilobytes."""
    try:
        lines = file.read_text("ascii", "replace").splitlines()
    except OSError:
        return {}
    parts = (line.replace(":", "").split() for line in lines)
    return {words[0]: int(words[1]) for words in parts if len(words) > 1 and words[1].isdigit()}


def _own_cgroups(root: Path, folder: str) -> list[Path]:
    """The folders of the cgroups that this process is in, up to the topmost."""
    top = root / folder.strip("/")
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8", "replace").splitlines()
    except OSError:
        return [top]
    places = [top]
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers in ("", "memory"):
            own = top / path.strip("/")
            places += [p for p in (own, *own.parents) if p != top and p.is_relative_to(top)]
    return list(dict.fromkeys(places))


def _cached(cgroup: Path) -> int:
    """Bytes of files that a cgroup holds, and gives back where they are needed."""
    try:
        lines = (cgroup / "memory.stat").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    facts = dict(line.split() for line in lines if len(line.split()) == 2)
    # version 1 counts those of the cgroups below by a name of its own
    return int(facts.get("total_inactive_file", facts.get("inactive_file", 0)))


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return None


def advice(stage: str, needed: int | None, held: int | None) -> str:
    """What a person is told of a job that ran out of memory.

    Args:
        stage: Its stage.
        needed: The megabytes that its rule asks for.
        held: The megabytes that it held when it was last looked at.
    """
    facts = []
    if held:
        facts.append(f"it held {held:,} MB at most")
    if needed:
        facts.append(f"its rule asks for {needed:,} MB")
    tightest = next(iter(limits()), None)
    if tightest:
        facts.append(f"{tightest.megabytes:,} MB {tightest.why} now")
    ways = ["run it where there is more memory (what is finished is kept)"]
    if stage in OF_BATCHES:
        ways.append("make batches smaller (parse.max_mb, parse.max_dumps)")
        ways.append("run fewer jobs at a time (--cores 1)")
    more = 2 * max(needed or 0, held or 0, 500)
    ways.append(f"on a cluster, ask for more: --set-resources '{stage}:mem_mb={more}'")
    told = "; ".join(facts)
    return f"{told[:1].upper()}{told[1:]}.\n  To go on: " + "; or ".join(ways) + "."
