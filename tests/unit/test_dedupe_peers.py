"""The comparison of dedupe with its peers: how runs are measured, and told of."""

from __future__ import annotations

import dataclasses
import sys

import polars as pl
import pytest

from tests.benchmarks import dedupe_peers
from tests.benchmarks.dedupe_peers import OWN, Run

_CORPUS = pl.DataFrame(
    {
        "record": [0, 1, 2, 3],
        "paper": [7, 7, 8, 9],
        "kind": ["original", "near: case", "original", "lookalike: year"],
        "of": [None, 0, None, 2],
    }
)


def _run(method: str, turn: int, seconds: float, failure: str = "") -> Run:
    return Run(method, 4, turn, failure, seconds, 100.0)


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_command_is_measured_to_its_end(tmp_path):
    failure, seconds, mebibytes = dedupe_peers.measure(
        _python("import time; held = bytearray(b'x') * (150 * 2**20); time.sleep(0.5)"),
        tmp_path / "log",
        60,
        2e4,
    )
    assert not failure
    assert 0.5 <= seconds < 20
    assert 150 < mebibytes < 1000


def test_the_memory_of_what_a_command_started_counts(tmp_path):
    started = "import time; held = bytearray(b'x') * (200 * 2**20); time.sleep(1.5)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {started!r}] )"
    both = f"import threading, subprocess, sys\nheld = bytearray(b'x') * (200 * 2**20)\n{code}"
    _, _, mebibytes = dedupe_peers.measure(_python(both), tmp_path / "log", 60, 2e4)
    assert 400 < mebibytes < 1000


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path):
    witness = tmp_path / "witness"
    # far from the limit: on a busy machine a look takes its time, too
    started = f"import time; time.sleep(60); open({str(witness)!r}, 'w')"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {started!r}])"
    failure, seconds, _ = dedupe_peers.measure(_python(code), tmp_path / "log", 0.5, 2e4)
    assert failure == "more than 0.5 s"
    assert seconds < 60
    assert not witness.exists()


def test_a_command_that_takes_too_much_memory_is_ended(tmp_path):
    code = "import time; held = bytearray(b'x') * (200 * 2**20); time.sleep(30)"
    failure, seconds, _ = dedupe_peers.measure(_python(code), tmp_path / "log", 60, 100)
    assert failure == "more than 100 MiB"
    assert seconds < 20


def test_a_command_that_fails_is_told_of_by_its_last_line(tmp_path):
    code = "raise SystemExit('no such model')"
    failure, _, _ = dedupe_peers.measure(_python(code), tmp_path / "log", 60, 2e4)
    assert failure == "exit status 1: no such model"


def test_ratios_are_of_runs_in_the_same_round():
    runs = [
        *(_run(OWN, turn, seconds) for turn, seconds in enumerate([1.0, 2.0, 4.0])),
        *(_run("other", turn, seconds) for turn, seconds in enumerate([10.0, 10.0, 20.0])),
    ]
    assert dedupe_peers.ratios(runs) == {OWN: 1.0, "other": 5.0}


def test_a_round_that_failed_has_no_ratio():
    runs = [_run(OWN, 0, 1.0), _run("other", 0, 10.0, "more than 10 s")]
    assert dedupe_peers.ratios(runs) == {OWN: 1.0}


def test_the_table_has_the_quickest_first_and_tells_of_failures_last():
    runs = [_run("slow", 0, 30.0), _run(OWN, 0, 1.0), _run("broken", 0, 5.0, "exit status 1: no")]
    lines = dedupe_peers.table(runs, {"slow": "1.2"}).splitlines()
    assert [line.split()[0] for line in lines] == ["method", OWN, "slow", "broken:"]
    assert "30.00" in lines[2]
    assert lines[3] == "broken: exit status 1: no (after 5.0 s, at 100 MiB)"


def test_clusters_are_scored_whatever_the_order_of_their_rows():
    clusters = pl.DataFrame({"record": [3, 2, 1, 0], "cluster": [5, 5, 6, 6]})
    run = dedupe_peers.score(_run("other", 0, 1.0), _CORPUS, clusters)
    assert (run.precision, run.recall) == (0.5, 1.0)
    assert (run.near_precision, run.near_recall, run.lookalikes) == (1.0, 1.0, 1)


@pytest.mark.parametrize("records", [[0, 1, 2], [0, 1, 2, 2], [0, 1, 2, 4]])
def test_an_answer_without_each_record_once_is_a_failure(records):
    clusters = pl.DataFrame({"record": records, "cluster": records})
    run = _run("other", 0, 1.0)
    answered = dedupe_peers.score(run, _CORPUS, clusters)
    assert answered == dataclasses.replace(run, failure="not a cluster for each record")


def test_every_peer_has_a_command_and_this_stage_comes_first():
    commands = dedupe_peers.methods("a-python")
    assert next(iter(commands)) == OWN
    assert set(commands) - {OWN} == {
        "datasketch",
        "datatrove",
        "gaoya",
        "rapidfuzz",
        "rensa",
        "splink",
        "text-dedup",
    }
    assert commands["text-dedup"][0] == "a-python"
