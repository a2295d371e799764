from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import os, sys
from paperdump import job
from paperdump.errors import PaperdumpError
with job.logged(sys.argv[1], "stage"):
    print("from python")
    os.write(2, b"from below\\n")
    {body}
"""


def run(log: Path, body: str) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(body=body)
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
