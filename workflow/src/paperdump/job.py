"""A job's surroundings: its log, and what its failure tells a person."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paperdump import lean, memory
from paperdump.errors import PaperdumpError

_LOOKS = 0.2  # seconds between two looks at how much memory the work holds
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
# what the system sends to a process without memory: by the kernel, by a scheduler, by itself
_FOR_MEMORY = (signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)
# what a job is told when it is to end
_OF_ITS_END = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_TELL_EVERY = 10.0  # seconds between two lines on how far a job is
_PEAK = re.compile(r"; at most ([\d,]+) MB$")  # the end of the last line of a job's log


class Work:
    """How far a job is, in entries; its log says it now and then, and at the end.

    Attributes:
        entries: How many are done.
    """

    def __init__(self, stage: str) -> None:
        """Begin to count.

        Args:
            stage: Name of the stage, for the lines.
        """
        self._stage = stage
        self.entries = 0
        self._began = self._told = time.monotonic()

    def count(self, entries: int) -> None:
        """Note that so many more entries are done."""
        self.entries += entries
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            print(f"{self._stage}: {self._facts(now)} so far", flush=True)

    def end(self) -> str:
        """The last line of the log: what the job took, and the most memory that it held."""
        held = _held_mb(os.getpid())
        most = f"; at most {held:,} MB" if held is not None else ""
        return f"{self._stage}: done, {self._facts(time.monotonic())}{most}"

    def _facts(self, now: float) -> str:
        seconds = now - self._began
        if not self.entries:
            return f"{seconds:,.1f} s"
        rate = self.entries / max(seconds, 0.001)
        return f"{self.entries:,} entries in {seconds:,.1f} s, {rate:,.0f} a second"


def peak_mb(log: Path) -> int | None:
    """The most megabytes that a job held, as its log says; None where that does not say it."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    found = _PEAK.search(lines[-1]) if lines else None
    return int(found[1].replace(",", "")) if found else None


@contextmanager
def logged(log: str | Path, stage: str, mem_mb: int | None = None) -> Iterator[Work]:
    """Run a job with all its output in its log.

    What the job, or a library in it, prints goes to the log, and so does the traceback where it
    fails. The terminal then gets one message: an error's own words where they are meant for a
    person, else what happened and where the log is.

    The block runs in a process of its own, so that this one can tell what became of it where it
    was killed, which is mostly for want of memory. It is given what counts its entries; the last
    line of the log says how many there were, in how much time and memory.

    Args:
        log: The log file; it is written anew.
        stage: Name of the stage, for the message.
        mem_mb: The megabytes that its rule asks for.

    Raises:
        SystemExit: The block raised.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # held back until both processes know what to do with them
    signal.pthread_sigmask(signal.SIG_BLOCK, _OF_ITS_END)
    work = os.fork()
    if work:
        os._exit(_watch(work, log, stage, mem_mb))
    _die_with_parent()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_ITS_END)
    terminal = os.dup(2)
    with Path(log).open("w", encoding="utf-8") as file:
        # the descriptors themselves, so that libraries not written in Python go there too
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        work_done = Work(stage)
        memory.reuse()
        lean.collect_seldom()
        lean.without_algebra()
        try:
            yield work_done
            sys.stdout.flush()
            print(work_done.end(), flush=True)
            lean.leave()
        except BaseException as error:
            traceback.print_exc(file=file)
            file.flush()
            told = _told(error, stage, log, mem_mb)
            os.write(terminal, told.encode("utf-8", "backslashreplace"))
            raise SystemExit(1) from error
        finally:
            os.close(terminal)


def _die_with_parent() -> None:
    """Have the system kill this process if the one that watches it is killed."""
    parent = os.getppid()
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    except (OSError, AttributeError):
        return  # not on this system
    if os.getppid() != parent:  # it was killed before
        os._exit(1)


def _watch(work: int, log: str | Path, stage: str, mem_mb: int | None) -> int:
    """Wait for the process that does the work; the exit code to end with.

    Args:
        work: Its id.
        log: The log file.
        stage: Name of the stage.
        mem_mb: The megabytes that its rule asks for.
    """
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda number, _: os.kill(work, number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_ITS_END)
    held = None
    while True:
        held = _held_mb(work) or held
        done, status = os.waitpid(work, os.WNOHANG)
        if done:
            break
        time.sleep(_LOOKS)
    if not os.WIFSIGNALED(status):
        return os.waitstatus_to_exitcode(status)
    number = os.WTERMSIG(status)
    message = f"\n{stage} was ended by {_name(number)}"
    if number in _FOR_MEMORY:
        message += ", most likely for want of memory.\n  " + memory.advice(stage, mem_mb, held)
    message += f"\n  The whole story: {log}\n\n"
    data = message.encode("utf-8", "backslashreplace")
    os.write(2, data)
    with Path(log).open("ab") as file:
        file.write(data)
    return 128 + number


def _name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _held_mb(process: int) -> int | None:
    """The most megabytes that a process has held so far; None where the system does not say."""
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii", "replace")
    except OSError:
        return None
    facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    most = facts.get("VmHWM", facts.get("VmRSS", "")).split()
    # what the system calls kB are 1,024 bytes
    return int(most[0]) * 1024 // 1_000_000 if most and most[0].isdigit() else None


def _told(error: BaseException, stage: str, log: str | Path, mem_mb: int | None) -> str:
    if isinstance(error, PaperdumpError):
        return f"\n{stage}: {error}\n\n"
    if isinstance(error, MemoryError):
        told = memory.advice(stage, mem_mb, _held_mb(os.getpid()))
        return f"\n{stage} has run out of memory.\n  {told}\n  The whole story: {log}\n\n"
    return f"\n{stage} failed: {type(error).__name__}: {error}\n  The whole story: {log}\n\n"
