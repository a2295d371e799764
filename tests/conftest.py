"""What tests share: where things are, how the workflow is started, how a page is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# a deadline fails tests on busy machines, and promises nothing
_EXAMPLES = 50
settings.register_profile("paperdump", deadline=None, max_examples=_EXAMPLES)
# pytest --hypothesis-profile=deep
settings.register_profile("deep", deadline=None, max_examples=10 * _EXAMPLES)
settings.load_profile("paperdump")

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "tests" / "data" / "examples"
# what a copy of the project needs to run
PROJECT = ("Snakefile", "config", "profiles", "scripts", "workflow", "tests/data")

Run = Callable[..., subprocess.CompletedProcess[str]]
Ran = tuple[Path, subprocess.CompletedProcess[str]]


def tried(count: int, **more: Any) -> settings:
    """On how many examples a property is tried, where the usual number is not right.

    Args:
        count: The number for the tests of a commit; that of ``--hypothesis-profile=deep`` is ten
            times as large.
        more: Other settings.
    """
    # a profile that is asked for is in force before the modules of the tests are imported
    return settings(max_examples=count * settings.default.max_examples // _EXAMPLES, **more)


def copy_project(target: Path) -> Path:
    """Copy the project, to be changed and run without touching the original."""
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / name, ignore=ignore, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


def snakemake(
    folder: Path, *arguments: str, snakefile: Path | None = None, cores: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Start the real snakemake in a folder, with the library of the Snakefile's own tree."""
    project = snakefile.parent if snakefile else folder
    command = [sys.executable, "-m", "snakemake"]
    if snakefile:
        command += ["--snakefile", str(snakefile)]
    if cores:
        command += ["--cores", str(cores)]
    environment = {**os.environ, "PYTHONPATH": str(project / "workflow" / "src")}
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def executed(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """How often each rule ran, as the run's output tells."""
    rules: dict[str, int] = {}
    for line in run.stderr.splitlines():
        if line.startswith(("rule ", "localrule ")) and line.endswith(":"):
            name = line.split()[1].rstrip(":")
            rules[name] = rules.get(name, 0) + 1
    rules.pop("all", None)
    return rules


@pytest.fixture(scope="session")
def examples_run(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A copy of the project in which bare snakemake ran once, on the bundled examples.

    It is for reading: a test that changes something takes a copy. Those that use it are
    of the group ``examples``, so that one worker makes it.
    """
    project = copy_project(tmp_path_factory.mktemp("examples") / "project")
    return project, snakemake(project)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real dumps, which is not part of the project."""
    folder = Path(os.environ.get("PAPERDUMP_SHARED", ROOT.parent / "shared"))
    if not (folder / "dumps" / "hf-text").is_dir():
        pytest.skip(f"the real dumps are not here: no {folder / 'dumps' / 'hf-text'}")
    return folder
