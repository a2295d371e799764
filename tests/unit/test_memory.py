from __future__ import annotations

import platform
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from paperdump import memory, needs
from paperdump.memory import Limit
from paperdump.plan import STAGES


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The files of a system with 2,000 MB free, in a cgroup without a limit."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text(
        "MemTotal:  4000000 kB\nMemAvailable: 1900000 kB\nSwapFree: 100000 kB\n"
    )
    (tmp_path / "proc/self/cgroup").write_text("0::/jobs/one\n")
    own = tmp_path / "sys/fs/cgroup/jobs/one"
    own.mkdir(parents=True)
    (own / "memory.max").write_text("max\n")
    (own / "memory.current").write_text("5\n")
    return tmp_path


def first(root: Path) -> Limit:
    return memory.limits(root)[0]


def test_what_is_free_bounds_where_nothing_else_does(machine: Path) -> None:
    assert first(machine) == Limit(2000, "is free on this machine")


@pytest.mark.parametrize("of", ["jobs/one", "jobs", "."])
def test_the_limit_of_a_cgroup_or_of_one_above_counts(machine: Path, of: str) -> None:
    folder = machine / "sys/fs/cgroup" / of
    (folder / "memory.max").write_text("1500000000\n")
    (folder / "memory.current").write_text("500000000\n")
    assert first(machine) == Limit(1000, "is left of the limit of its cgroup")


def test_the_limit_of_a_cgroup_of_version_1_counts(machine: Path) -> None:
    (machine / "proc/self/cgroup").write_text("5:cpu:/x\n4:memory:/jobs\n")
    folder = machine / "sys/fs/cgroup/memory/jobs"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("1000000000")
    (folder / "memory.usage_in_bytes").write_text("200000000")
    assert first(machine).megabytes == 800
    (folder / "memory.limit_in_bytes").write_text("9223372036854771712")
    assert first(machine).megabytes == 2000


def test_the_limit_of_the_address_space_counts(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_200_000_000, -1))
    assert first(machine).megabytes == 1200
    assert "ulimit -v" in first(machine).why


def test_a_system_that_says_nothing_has_no_limits(tmp_path: Path) -> None:
    assert memory.limits(tmp_path) == []
    assert needs.shortage({"dedupe": 10**6}, []) is None


def test_a_shortage_is_told_with_the_stage_and_both_numbers() -> None:
    limit = Limit(2000, "is free on this machine")
    told = needs.shortage({"dedupe": 5800, "parse": 300}, [limit])
    assert told is not None
    assert "2,000 MB is free on this machine, and dedupe needs about 5,800 MB" in told
    assert "parse" not in told


def test_jobs_of_batches_count_as_often_as_they_run_at_a_time() -> None:
    limit = Limit(1000, "is free on this machine")
    assert needs.shortage({"normalize": 400, "dedupe": 900}, [limit], 2) is None
    told = needs.shortage({"normalize": 400, "dedupe": 900}, [limit], 3)
    assert told is not None
    assert "--cores 1" in told
    assert "normalize needs about 1,200 MB" in told


def test_a_batch_needs_memory_for_its_largest_dump_above_all() -> None:
    assert needs.of_batch([60.0]) == 60.0
    assert 60.0 < needs.of_batch([1.0] * 68 + [60.0]) < 70.0
    assert needs.of_batch([1.0] * 128) < needs.of_batch([2.0] * 64) < 20.0


def test_every_stage_has_a_need() -> None:
    assert set(needs.NEEDS) == set(STAGES)
    assert all(0 < need.of_inputs(1) <= need.of_inputs(2) for need in needs.NEEDS.values())


def test_a_limit_of_addresses_is_held_against_addresses() -> None:
    limit = Limit(3000, "is the limit", of_addresses=True)
    told = needs.shortage({"dedupe": 1000}, [Limit(1500, "is free"), limit], 4)
    assert told is not None
    assert "3,000 MB is the limit, and dedupe needs about 4,100 MB" in told
    assert "is free" not in told


def test_what_a_cgroup_holds_of_files_is_free(machine: Path) -> None:
    folder = machine / "sys/fs/cgroup/jobs/one"
    (folder / "memory.max").write_text("1500000000\n")
    (folder / "memory.current").write_text("1400000000\n")
    (folder / "memory.stat").write_text("anon 1000000\ninactive_file 900000000\n")
    assert first(machine).megabytes == 1000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks the GNU C library")
def test_a_process_uses_its_freed_memory_again() -> None:
    churn = (
        "import resource, threading, numpy as np\n"
        "def work():\n"
        "    for _ in range(20):\n"
        "        [np.ones(1 << 18) for _ in range(8)]\n"
        "for _ in range(5):\n"
        "    thread = threading.Thread(target=work)\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)"
    )
    plain, kept = (
        int(
            subprocess.run(
                [sys.executable, "-c", before + churn], check=True, capture_output=True
            ).stdout
        )
        for before in ("", "from paperdump import memory; memory.reuse()\n")
    )
    assert kept < plain / 2
