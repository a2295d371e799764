"""Corrections, with the real snakemake: what a user writes, and what comes of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import copy_project, executed, snakemake
from tests.pages import Listed, bare, page

pytestmark = pytest.mark.xdist_group("corrections")
A = page(Listed("Tides in Narrow Channels"), Listed("Ebb"))
B = page(bare("Ebb and Flow"), bare("Ebb"))
FIX = """\
# what we know
fixes:
  - paper: Tides in Narrow Channels
    field: n_authors
    value: 4
    expects: 3
    reason: The page leaves out the last one.
"""
STALE = """\
  - paper: Moons
    field: n_authors
    value: 4
    expects: 3
    reason: There was such a paper.
"""
FROM_DEDUPE = {"dedupe": 1, "validate": 1, "gate": 1, "summarize": 1, "release": 1}


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with dumps of its own, in which snakemake has run once."""
    project = copy_project(tmp_path_factory.mktemp("first") / "project")
    dumps = project / "tests/data/examples"
    shutil.rmtree(dumps)
    dumps.mkdir()
    (dumps / "a.txt").write_text(A, "utf-8")
    (dumps / "b.txt").write_text(B, "utf-8")
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    return project


@pytest.fixture
def project(first_run: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(first_run, tmp_path / "project", symlinks=True)


def table(project: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(project / "results" / "latest" / f"{name}.parquet")


def line_of(text: str, line: str) -> int:
    return text.split("\n").index(line) + 1


def correct(project: Path, text: str) -> None:
    (project / "config" / "corrections.yaml").write_text(text, "utf-8")


def test_the_bundled_file_leaves_an_empty_table(project: Path) -> None:
    assert table(project, "corrections").is_empty()
    manifest = json.loads((project / "results/latest/manifest.json").read_text("utf-8"))
    assert manifest["config"]["corrections"] == []
    assert manifest["tables"]["corrections"]["rows"] == 0
    results = json.loads((project / "results/validation/results.json").read_text("utf-8"))
    assert results["tables"]["corrections"]["rows"] == 0


def test_a_fix_reruns_from_dedupe_on_and_is_published(project: Path) -> None:
    old = (project / "results" / "latest").resolve()
    correct(project, FIX)
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert executed(run) == FROM_DEDUPE
    assert "stale" not in run.stdout
    assert (project / "results" / "latest").resolve() != old
    papers = table(project, "papers").filter(pl.col("title") == "Tides in Narrow Channels")
    assert papers["n_authors"].to_list() == [4]
    told = table(project, "corrections").row(0, named=True)
    assert (told["line"], told["status"], told["paper_id"]) == (3, "applied", papers["paper_id"][0])
    manifest = json.loads((project / "results/latest/manifest.json").read_text("utf-8"))
    assert [one["field"] for one in manifest["config"]["corrections"]] == ["n_authors"]
    changed = table(project, "changes").filter(pl.col("about") == "paper")
    columns = ("field", "old_value", "new_value", "why")
    assert changed.select(columns).rows() == [("n_authors", "3", "4", "correction")]
    # taken out again, all is as it was, bytes too
    correct(project, "")
    assert snakemake(project).returncode == 0
    assert (project / "results" / "latest").resolve() == old


def test_pairs_join_and_part_papers(project: Path) -> None:
    correct(
        project,
        "same:\n"
        "  - pair: [{paper: Tides in Narrow Channels}, {paper: Ebb and Flow}]\n"
        "    reason: The title was changed.\n"
        "different:\n"
        "  - pair:\n"
        f"      - {{dump: a.txt, line: {line_of(A, 'Ebb')}}}\n"
        f"      - {{dump: b.txt, line: {line_of(B, 'Ebb')}}}\n"
        "    reason: Two papers of one title.\n",
    )
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    told = table(project, "corrections")
    assert told["message"].to_list() == ["They are one paper.", "They are different papers."]
    counts = table(project, "papers").sort("title").select("title", "n_sightings").rows()
    assert counts == [("Ebb", 1), ("Ebb", 1), ("Tides in Narrow Channels", 2)]


def test_a_stale_correction_is_told_at_the_end_and_stops_a_strict_run(project: Path) -> None:
    correct(project, FIX + STALE)
    before = (project / "results" / "latest").resolve()
    run = snakemake(project, "--config", "strict=true")
    assert run.returncode != 0
    assert "`strict` stopped the release: 1 correction is stale" in run.stderr
    assert "line 8: fix of n_authors, paper: Moons: No paper has the title Moons." in run.stderr
    assert (project / "results" / "latest").resolve() == before
    assert len(list((project / "results" / "releases").glob("*/manifest.json"))) == 1
    # not strict, the others are applied
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert executed(run) == {"gate": 1, "release": 1}
    assert run.stdout.endswith(
        "1 correction is stale, and was not applied:\n"
        "  line 8: fix of n_authors, paper: Moons: No paper has the title Moons.\n"
    )
    assert table(project, "corrections")["status"].to_list() == ["applied", "stale"]


def test_a_wrong_correction_stops_the_run_before_any_job(project: Path) -> None:
    correct(project, FIX.replace("n_authors", "n_autors"))
    run = snakemake(project)
    assert run.returncode != 0
    assert "corrections.yaml, line 4: 'n_autors' cannot be corrected." in run.stderr
    assert "Did you mean 'n_authors'?" in run.stderr
    assert executed(run) == {}


def test_corrections_may_be_named_on_the_command_line(project: Path) -> None:
    (project / "mine.yaml").write_text(FIX, "utf-8")
    tables = project.joinpath("results", "work", "dedupe")
    [without] = tables.iterdir()
    # that what dedupe makes is published is in the tests above
    run = snakemake(project, "--until", "dedupe", "--config", "corrections=mine.yaml")
    assert run.returncode == 0, run.stderr
    [made] = set(tables.iterdir()) - {without}
    assert pl.read_parquet(made / "corrections.parquet")["status"].to_list() == ["applied"]


def test_the_command_line_may_say_that_there_are_no_corrections(project: Path) -> None:
    correct(project, FIX)
    run = snakemake(project, "--config", "corrections=null")
    assert run.returncode == 0, run.stderr
    assert "Nothing to be done" in run.stderr
    assert table(project, "corrections").is_empty()


def test_corrections_that_contradict_each_other_stop_the_run_in_words(project: Path) -> None:
    correct(project, FIX + STALE.replace("Moons", "tides in narrow channels!"))
    run = snakemake(project)
    assert run.returncode != 0
    assert (
        "The corrections in line 3 and line 8 are both of the n_authors of the paper" in run.stderr
    )
