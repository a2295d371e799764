"""The workflow on a real SLURM of one host: the bytes of a local run, whatever dies on the way.

It starts and stops a controller and two nodes (`tests/slurm/cluster`), which needs root, and takes
minutes: it runs where PAPERDUMP_SLURM is set and SLURM is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import copy_project, snakemake

CLUSTER = Path(__file__).parent / "cluster"
COMPLETED = Path("/var/tmp/paperdump-slurm/completed.txt")  # noqa: S108 (the script's place)
BATCHES = "parse={min_batches: 4}"
# no accounting here; and the ends of jobs are looked for at once
OPTIONS = (
    "--workflow-profile", "profiles/slurm", "--config", BATCHES,
    "--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2",
    "--slurm-keep-successful-logs",
)  # fmt: skip

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(
        not os.environ.get("PAPERDUMP_SLURM"),
        reason="takes minutes, and starts daemons as root: set PAPERDUMP_SLURM=1 to have it",
    ),
    pytest.mark.skipif(
        not all(map(shutil.which, ("slurmctld", "slurmd", "munged", "sbatch"))),
        reason="SLURM is not installed: apt-get install slurm-wlm munge",
    ),
]


def cluster(*words: str) -> None:
    """Run the script that starts and stops SLURM."""
    # daemons keep what they are given: a pipe would be open for as long as they run
    subprocess.run([CLUSTER, *words], check=True, timeout=120, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module", autouse=True)
def slurm() -> Iterator[None]:
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="the extra `slurm` is missing")
    cluster("up")
    yield
    cluster("down")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is when the tests start, which take minutes."""
    return copy_project(tmp_path_factory.mktemp("source") / "project")


@pytest.fixture
def project(source: Path, tmp_path: Path) -> Path:
    """The same, to be run."""
    return shutil.copytree(source, tmp_path / "project")


@pytest.fixture(scope="module")
def local(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the release that a local run publishes."""
    project = shutil.copytree(source, tmp_path_factory.mktemp("local") / "project")
    run = snakemake(project, "--config", BATCHES)
    assert run.returncode == 0, run.stderr
    return release(project)


def release(project: Path) -> dict[str, bytes]:
    """The files of a release by name; Data Docs, which name their day, left out."""
    latest = project / "results" / "latest"
    return {
        path.relative_to(latest).as_posix(): path.read_bytes()
        for path in latest.rglob("*")
        if path.is_file() and "data_docs" not in path.parts
    }


def begin(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a run on the cluster; what it says goes to a file."""
    environment = {**os.environ, "PYTHONPATH": str(project / "workflow" / "src")}
    with (project / "said.txt").open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *OPTIONS, *arguments],
            cwd=project,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )


def running() -> list[tuple[str, str, str]]:
    """Number, rules and node of each job that runs."""
    done = subprocess.run(
        ["squeue", "--noheader", "--states=running", "--format=%i|%k|%N"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    rows = (line.split("|") for line in done.stdout.splitlines())
    return [(number, rules, node) for number, rules, node in rows]


def wait_for_job(of: str, process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait until a job runs whose rules have a word, and its script, too; its number and node."""
    until = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < until:
        for number, rules, node in running():
            if of in rules:
                time.sleep(3)
                if any(number == other for other, _, _ in running()):
                    return number, node
        time.sleep(0.2)
    raise AssertionError(f"no job of {of} ran")


def ends() -> dict[str, list[str]]:
    """Job number → the states that it ended in, as SLURM's controller wrote them."""
    states: dict[str, list[str]] = {}
    for line in COMPLETED.read_text().splitlines():
        facts = dict(word.split("=", 1) for word in line.split() if "=" in word)
        states.setdefault(facts["JobId"], []).append(facts["JobState"])
    return states


def test_a_job_killed_and_a_node_that_dies_change_nothing(
    project: Path, local: dict[str, bytes]
) -> None:
    before = set(ends()) if COMPLETED.exists() else set()
    run = begin(project)
    try:
        killed, _ = wait_for_job("parse", run)
        subprocess.run(["scancel", "--signal=KILL", "--full", killed], check=True, timeout=60)
        lost, node = wait_for_job("dedupe", run)
        cluster("crash", node.removeprefix("node"))
        time.sleep(12)  # until the controller misses it
        cluster("node", node.removeprefix("node"))
        assert run.wait(timeout=600) == 0, (project / "said.txt").read_text()
    finally:
        run.kill()
    states = {number: found for number, found in ends().items() if number not in before}
    assert states[killed][0] in ("CANCELLED", "FAILED")
    assert states[lost][0] in ("NODE_FAIL", "REQUEUED"), states
    assert states[lost][-1] == "COMPLETED"
    # three batches, one of them twice; dedupe, validate, summarize; gate with release
    assert sum(found[-1] == "COMPLETED" for found in states.values()) == 7
    assert release(project) == local


def test_a_job_killed_for_its_memory_is_given_more(project: Path, local: dict[str, bytes]) -> None:
    before = set(ends()) if COMPLETED.exists() else set()
    # Snakemake alone takes more than the first attempt has; the second has enough
    run = begin(project, "--set-resources", "dedupe:mem_mb=attempt * attempt * 150")
    try:
        assert run.wait(timeout=600) == 0, (project / "said.txt").read_text()
    finally:
        run.kill()
    states = [found for number, found in ends().items() if number not in before]
    assert states.count(["FAILED"]) == 1
    logs = (project / ".snakemake" / "slurm_logs" / "rule_dedupe").rglob("*.log")
    assert any("Exceeded job memory limit" in log.read_text() for log in logs)
    assert release(project) == local
