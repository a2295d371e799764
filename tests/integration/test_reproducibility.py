"""Two runs from nothing end in the same bytes; ``tests/reproducibility.py`` is the whole matrix."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, Ran
from tests.reproducibility import Surroundings, differing, hashes, make_locale, run, turkish

pytestmark = pytest.mark.xdist_group("examples")


@pytest.fixture(scope="module")
def usual(examples_run: Ran) -> dict[str, str]:
    """The hashes of a release that was made as usual."""
    return hashes(examples_run[0] / "results" / "latest")


def test_nothing_around_a_run_changes_a_byte_of_its_release(
    usual: dict[str, str], tmp_path: Path
) -> None:
    make_locale(tmp_path)
    other = Surroundings(
        "all at once",
        environment={
            **turkish(tmp_path),
            "PYTHONHASHSEED": "12345",
            "TZ": "AHEAD-14",
            "POLARS_MAX_THREADS": "7",
        },
        cores=4,
        settings=("parse={min_batches: 8}", "dedupe={shards: 2}", "validate={shards: 3}"),
        is_turned=True,
    )
    found = hashes(run(other, EXAMPLES, tmp_path / "some where else"))
    assert differing(usual, found) == []
    assert {"papers.parquet", "manifest.json", "README.md", "datapackage.json"} <= set(found)


def test_every_python_makes_the_same_bytes(usual: dict[str, str], tmp_path: Path) -> None:
    pythons = os.environ.get("PAPERDUMP_PYTHONS", "").split()
    others = [python for python in pythons if Path(python) != Path(sys.executable)]
    if not others:
        pytest.skip(
            "PAPERDUMP_PYTHONS names no other interpreters that have the locked versions installed"
        )
    for number, python in enumerate(others):
        around = Surroundings(python, python=python, environment={"LC_ALL": "C.UTF-8"})
        found = hashes(run(around, EXAMPLES, tmp_path / str(number)))
        assert differing(usual, found) == [], python


def test_a_difference_is_seen() -> None:
    one = {"a": "1", "b": "2", "c": "3"}
    assert differing(one, {"a": "1", "b": "9", "d": "4"}) == ["b", "c", "d"]
