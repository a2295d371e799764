from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paperdump import job

SCRIPT = """
import os, sys
from paperdump import job
from paperdump.errors import PaperdumpError
with job.logged(sys.argv[1], "stage") as work:
    print("from python")
    os.write(2, b"from below\\n")
    {body}
"""


def run(log: Path, body: str, *more: str) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(body=body).replace('"stage")', ", ".join(['"stage"', *more]) + ")")
    return subprocess.run(
        [sys.executable, "-c", script, str(log)], capture_output=True, text=True, check=False
    )


def test_what_a_job_prints_is_in_its_log_only(tmp_path: Path) -> None:
    done = run(tmp_path / "log", "pass")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "from below" in (tmp_path / "log").read_text()
    assert "from python" in (tmp_path / "log").read_text()


def test_an_error_for_people_is_told_in_its_own_words(tmp_path: Path) -> None:
    done = run(tmp_path / "log", 'raise PaperdumpError("the disk is full: free some")')
    assert done.returncode == 1
    assert done.stderr.strip() == "stage: the disk is full: free some"
    assert "Traceback" in (tmp_path / "log").read_text()


def test_any_other_error_leads_to_its_log(tmp_path: Path) -> None:
    done = run(tmp_path / "log", "1 / 0")
    assert done.returncode == 1
    assert "stage failed: ZeroDivisionError" in done.stderr
    assert str(tmp_path / "log") in done.stderr
    assert "Traceback" in (tmp_path / "log").read_text()


def test_a_job_that_is_killed_says_what_it_needed_and_what_to_do(tmp_path: Path) -> None:
    body = "import time; time.sleep(0.5); os.kill(os.getpid(), 9)"
    done = run(tmp_path / "log", body, "1234")
    assert done.returncode == 128 + 9
    assert "stage was ended by signal 9 (SIGKILL), most likely for want of memory" in done.stderr
    assert re.search(r"It held \d+ MB at most; its rule asks for 1,234 MB", done.stderr)
    assert "To go on: " in done.stderr
    assert done.stderr.strip() in (tmp_path / "log").read_text()


def test_a_job_that_is_ended_on_purpose_says_nothing_of_memory(tmp_path: Path) -> None:
    done = run(tmp_path / "log", "os.kill(os.getpid(), 15)")
    assert done.returncode == 128 + 15
    assert "stage was ended by signal 15 (SIGTERM)\n" in done.stderr


def test_an_allocation_that_fails_says_what_to_do(tmp_path: Path) -> None:
    body = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 29, -1)); bytes(1 << 30)"
    done = run(tmp_path / "log", body)
    assert done.returncode == 1
    assert "stage has run out of memory" in done.stderr
    assert "ulimit -v" in done.stderr


def test_the_work_does_not_outlive_the_job(tmp_path: Path) -> None:
    body = "print(os.getpid(), flush=True); import time; time.sleep(60)"
    script = SCRIPT.format(body=body)
    log = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-c", script, str(log)]) as job:
        while not log.is_file() or not (numbers := re.findall(r"^\d+$", log.read_text(), re.M)):
            time.sleep(0.05)
        job.kill()
    work = Path("/proc") / numbers[0]
    until = time.monotonic() + 10
    while work.exists() and "State:\tZ" not in (work / "status").read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_job_hands_on_that_it_is_to_end(tmp_path: Path) -> None:
    body = 'print("working", flush=True); import time; time.sleep(60)'
    log = tmp_path / "log"
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(body=body), str(log)], stderr=subprocess.DEVNULL
    ) as job:
        while not log.is_file() or "working" not in log.read_text():
            time.sleep(0.05)
        job.terminate()
        assert job.wait(timeout=10) == 128 + 15


def test_a_log_ends_with_the_rate_and_the_memory_of_the_job(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = run(log, "work.count(1_500); work.count(500); print('last words', end=chr(10))")
    assert done.returncode == 0, done.stderr
    last = log.read_text().splitlines()[-1]
    said = re.fullmatch(
        r"stage: done, 2,000 entries in \d+\.\d s, [\d,]+ a second; at most (\d+) MB", last
    )
    assert said is not None, last
    assert job.peak_mb(log) == int(said[1]) > 5


def test_a_log_of_a_job_that_counts_nothing_has_no_rate(tmp_path: Path) -> None:
    assert run(tmp_path / "log", "pass").returncode == 0
    last = (tmp_path / "log").read_text().splitlines()[-1]
    assert re.fullmatch(r"stage: done, \d+\.\d s; at most \d+ MB", last)


def test_a_long_job_says_now_and_then_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    work = job.Work("parse")
    for seconds in (4, 5, 9, 12, 23):
        now = 100.0 + seconds
        work.count(1_000)
    assert capsys.readouterr().out.splitlines() == [
        "parse: 4,000 entries in 12.0 s, 333 a second so far",
        "parse: 5,000 entries in 23.0 s, 217 a second so far",
    ]


def test_a_log_that_was_cut_off_says_no_peak(tmp_path: Path) -> None:
    assert job.peak_mb(tmp_path / "no") is None
    (tmp_path / "log").write_text("")
    assert job.peak_mb(tmp_path / "log") is None
    (tmp_path / "log").write_text("stage: done, 1.0 s; at most 12 MB\nTraceback")
    assert job.peak_mb(tmp_path / "log") is None
