"""The real snakemake before the gate: what is refused, what is published, and what is compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import copy_project, executed, snakemake
from tests.pages import Listed, page

pytestmark = pytest.mark.xdist_group("gate")
NOTHING = "Nothing to be done"
CRITICAL = "completeness: {papers: {abstract: 0.9}}"


def write_dumps(folder: Path, n_papers: int = 60, lost: int = 0) -> None:
    """Write pages of papers, of which the first ones have lost their abstracts."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, n_papers, 20):
        listed = [
            Listed(
                f"Tides in Channel {n}",
                None if n < lost else f"Channel {n} has tides. " * 4,
            )
            for n in range(start, min(start + 20, n_papers))
        ]
        (folder / f"{start}.txt").write_text(page(*listed), "utf-8")


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which a release of 60 papers stands."""
    project = copy_project(tmp_path_factory.mktemp("gate") / "project")
    shutil.rmtree(project / "tests")
    write_dumps(project / "tests/data/examples")
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert "failed" not in run.stdout.replace("0 failed", "")
    return project


@pytest.fixture
def project(first_run: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(first_run, tmp_path / "project", symlinks=True)


def test_a_third_of_the_abstracts_lost_is_refused_or_quarantined(project: Path) -> None:
    latest = project / "results" / "latest"
    before = latest.readlink()
    write_dumps(project / "tests/data/examples", lost=20)
    run = snakemake(project)
    assert run.returncode != 0
    assert "Validation stopped the release" in run.stderr
    assert "values of papers.abstract: 60 before, 40 now" in run.stderr
    assert f"--config 'validate={{compare: {{accept: {before.name}}}}}'" in run.stderr
    assert latest.readlink() == before
    assert [path.name for path in latest.parent.glob("releases/*-*")] == [before.name]
    # by what must be there, the rows are told too
    run = snakemake(project, "--config", f"validate={{{CRITICAL}}}")
    assert run.returncode != 0
    assert (
        "papers.abstract: expect_column_values_to_not_be_null(mostly=0.9): 20 of 60" in run.stderr
    )
    told = pl.read_parquet(project / "results/validation/failures.parquet")
    stopped = told.filter((pl.col("table") == "papers") & (pl.col("outcome") == "stopped"))
    assert stopped.height == 20
    assert latest.readlink() == before
    # and in quarantine they stop nothing
    held = ("--config", f"validate={{{CRITICAL}, on_failure: quarantine}}")
    run = snakemake(project, *held)
    assert run.returncode == 0, run.stderr
    assert executed(run)["quarantine"] == 1
    assert latest.readlink() != before
    papers, sightings, rejects = (
        pl.read_parquet(latest / f"{name}.parquet") for name in ("papers", "sightings", "rejects")
    )
    assert (papers.height, papers["abstract"].null_count()) == (40, 0)
    assert (sightings.height, rejects.height) == (40, 20)
    assert set(rejects["reason"]) == {"quarantined"}
    failures = pl.read_parquet(latest / "validation/failures.parquet")
    assert set(failures.filter(pl.col("outcome") == "quarantined")["paper_id"]) == set(
        rejects["paper_id"]
    )
    summaries = pl.read_parquet(latest / "summaries/overview.parquet")
    assert summaries.filter(pl.col("metric") == "papers")["value"].item() == 40
    assert NOTHING in snakemake(project, *held).stderr


def test_what_is_accepted_is_published_and_nothing_is_compared_twice(project: Path) -> None:
    results = project / "results"
    before = (results / "latest").readlink()
    for name in ("20.txt", "40.txt"):
        (project / "tests/data/examples" / name).unlink()
    run = snakemake(project)
    assert run.returncode != 0
    assert "rows of papers: 60 before, 20 now" in run.stderr
    assert (results / "latest").readlink() == before
    accept = ("--config", f"validate={{compare: {{accept: {before.name}}}}}")
    run = snakemake(project, *accept)
    assert run.returncode == 0, run.stderr
    assert "rows of papers: 60 before, 20 now" in run.stdout
    after = (results / "latest").readlink()
    assert after != before
    assert NOTHING in snakemake(project, *accept).stderr
    # without it the release is compared with itself, once
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert executed(run) == {"validate": 1, "gate": 1, "release": 1}
    assert json.loads((results / "validation/results.json").read_text())["compared_with"] == (
        after.name
    )
    assert NOTHING in snakemake(project).stderr
    assert (results / "latest").readlink() == after
    # a release lost is restored, and still compared with what it was
    (results / "latest" / "papers.parquet").unlink()
    assert executed(snakemake(project)) == {"release": 1}
    # and more papers are no loss
    write_dumps(project / "tests/data/examples", n_papers=40)
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert json.loads((results / "validation/results.json").read_text())["compared_with"] == (
        after.name
    )
    assert NOTHING in snakemake(project).stderr


def test_a_wrong_expectation_stops_the_run_before_any_job(project: Path) -> None:
    expected = "[{table: papers, type: expect_column_to_be_nice, arguments: {column: title}}]"
    run = snakemake(project, "--config", f"validate={{expectations: {expected}}}")
    assert run.returncode != 0
    assert "no such expectation" in run.stderr
    assert executed(run) == {}
