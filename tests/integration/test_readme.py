"""What the README shows is true."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from paperdump import dictionary, plan
from tests.conftest import ROOT, Ran

README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.xdist_group("examples")
def test_a_run_says_what_is_shown(examples_run: Ran) -> None:
    run = examples_run[1]
    assert run.returncode == 0, run.stderr
    shown = re.search(r"```text\n(stage .*?)```", README, re.DOTALL)
    assert shown is not None
    assert _lasting(run.stdout) == _lasting(shown[1])


def _lasting(text: str) -> str:
    """The end of a run without what changes: the version's last part, and what stages took.

    The former follows every change of what a release holds.
    """
    text = re.sub(r"-[0-9a-f]{8}\n", "-01234567\n", text)
    taken = r"^([a-z ]+ [\d,]+) +[\d,]+\.\d +[\d,]+ +([\d,]+|-)$"
    return re.sub(taken, r"\1", text, flags=re.MULTILINE)


@pytest.mark.xdist_group("examples")
def test_the_code_that_loads_a_release_runs(examples_run: Ran) -> None:
    project, _ = examples_run
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 4
    shown = ""
    for block in blocks:
        command = [sys.executable, "-c", block]
        run = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        shown += run.stdout
    assert "Quiet Gradients" in shown
    assert "Identifier of the paper" in shown


def test_the_picture_has_every_rule() -> None:
    picture = re.search(r"```mermaid\n(.*?)```", README, re.DOTALL)
    assert picture is not None
    rules = re.findall(
        r"^rule (\w+):",
        "\n".join(path.read_text("utf-8") for path in (ROOT / "workflow/rules").glob("*.smk")),
        re.MULTILINE,
    )
    assert set(plan.STAGES) <= set(rules)
    assert [rule for rule in rules if not re.search(rf"\b{rule}\b", picture[1])] == []


def test_the_table_of_files_names_every_table() -> None:
    assert "`summaries/history/*" in README
    for name, table in dictionary.tables().items():
        if table.published and not name.startswith(dictionary.HISTORY):
            assert f"`{name.removeprefix('summaries/')}" in README, name


def test_the_two_commands_install_from_the_lock() -> None:
    commands = re.findall(r"<!-- command: \w+ -->\n```sh\n(.*)\n```", README)
    assert [shlex.split(command)[-1] for command in commands] == ["snakemake", "pytest"]
    assert all("--constraint requirements.lock" in command for command in commands)


def test_the_lock_names_no_registry_and_every_requirement() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    required = [*project["dependencies"], *itertools.chain.from_iterable(extras)]
    names = {re.split(r"[>=<\[]", requirement)[0].lower() for requirement in required}
    locked = {line.split("==")[0] for line in lock.splitlines()}
    assert names - locked == set()
