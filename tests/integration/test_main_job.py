"""The real snakemake on the bundled examples: what a user does, and what they find."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml

from paperdump import dictionary
from tests.conftest import Ran, executed, snakemake
from tests.pages import Listed, page

pytestmark = pytest.mark.xdist_group("examples")
TABLES = (
    "papers", "sightings", "dumps", "rejects", "matches", "contradictions", "corrections",
    "changes", "redirects",
)  # fmt: skip
NOTHING = "Nothing to be done"


@pytest.fixture
def project(examples_run: Ran, tmp_path: Path) -> Path:
    """A copy of the project in which bare snakemake has run once, to be changed."""
    return shutil.copytree(examples_run[0], tmp_path / "project", symlinks=True)


@pytest.fixture(scope="module")
def latest(examples_run: Ran) -> Path:
    return examples_run[0] / "results" / "latest"


def test_bare_snakemake_ends_with_a_release_and_says_what_is_in_it(
    examples_run: Ran, latest: Path
) -> None:
    run = examples_run[1]
    assert run.returncode == 0, run.stderr
    version = json.loads((latest / "manifest.json").read_text())["version"]
    told = dict(re.findall(r"^  (\w+) +(.*)$", run.stdout, re.MULTILINE))
    assert told["dumps"] == "5"
    assert told["entries"] == "29"
    assert told["papers"] == "19"
    assert told["duplicates"].startswith("10 ")
    assert told["rejects"] == "0"
    # a capture without metadata is told
    assert told["expectations"].endswith(" passed, 1 failed")
    assert "dump no-metadata.txt: date_text 0 of 7" in run.stdout
    assert told["version"] == version
    assert latest.resolve().name == version
    assert re.fullmatch(r"2026-06-04-[0-9a-f]{8}", version)


def test_a_run_says_how_far_it_is_and_what_its_stages_took(
    examples_run: Ran,
) -> None:
    run = examples_run[1]
    ahead = r"^2 of 2 batches to be read, about \d+ entries, about \d+ s to go$"
    assert re.search(ahead, run.stderr, re.MULTILINE)
    reading = r"^(parse|normalize): 2 of 2 batches, 29 entries, 100 % of bytes, about \d+ s left$"
    assert set(re.findall(reading, run.stderr, re.MULTILINE)) == {"parse", "normalize"}
    assert re.search(
        r"^dedupe: 29 entries in [\d.]+ s, about \d+ s left$", run.stderr, re.MULTILINE
    )
    assert re.search(r"^release: 29 entries in [\d.]+ s$", run.stderr, re.MULTILINE)
    head, *rows = run.stdout[: run.stdout.index("the run")].splitlines()
    assert head.split() == ["stage", "jobs", "seconds", "peak", "MB", "entries/s"]
    assert {line.split()[0]: line.split()[1] for line in rows} == {
        "parse": "2", "normalize": "2", "dedupe": "1", "validate": "1", "gate": "1",
        "summarize": "1", "release": "1",
    }  # fmt: skip
    log = (examples_run[0] / "results/logs/summarize.log").read_text()
    assert re.search(r"summarize: done, 29 entries in .* a second; at most \d+ MB\n$", log)


def test_the_release_has_every_table_of_the_dictionary(latest: Path) -> None:
    for name, table in dictionary.tables().items():
        file = latest / f"{name}.parquet"
        assert file.is_file() == table.published, name
        if table.published:
            schema = pq.read_schema(file)
            assert schema.names == table.column_names
            for field in schema:
                assert field.metadata[b"description"], f"{name}.{field.name}"
    published = json.loads((latest / "dictionary.json").read_text())
    assert set(published) == {n for n, t in dictionary.tables().items() if t.published}


def test_counts_of_the_examples_add_up(latest: Path) -> None:
    papers, sightings, dumps = (
        pl.read_parquet(latest / f"{name}.parquet") for name in ("papers", "sightings", "dumps")
    )
    assert (dumps.height, sightings.height, papers.height) == (5, 29, 19)
    assert papers["n_sightings"].sum() == 29
    assert papers["n_authors"].count() == 15
    assert papers["organization_slug"].count() == 3
    assert papers["published_on"].count() == 15
    assert papers["abstract"].count() == 18


def test_summaries_carry_the_version_in_parquet_and_csv(latest: Path) -> None:
    for name in dictionary.summary_names():
        table = pl.read_parquet(latest / "summaries" / f"{name}.parquet")
        csv = pl.read_csv(latest / "summaries" / f"{name}.csv")
        # no term is on enough papers of a month of the examples
        is_empty = name in ("terms_by_month", "trending_terms")
        assert set(table["version"]) == (set() if is_empty else {latest.resolve().name}), name
        assert (csv.columns, csv.height) == (table.columns, table.height)


@pytest.mark.parametrize("name", TABLES)
def test_polars_duckdb_and_pandas_read_the_same(latest: Path, name: str) -> None:
    file = latest / f"{name}.parquet"
    expected = pl.read_parquet(file)
    with duckdb.connect() as database:
        assert database.read_parquet(str(file)).pl().equals(expected)
    assert pl.from_pandas(pd.read_parquet(file, dtype_backend="pyarrow")).height == expected.height


def test_every_rule_leaves_a_log_and_a_benchmark(latest: Path) -> None:
    results = latest.parent
    for folder, suffix in (("logs", ".log"), ("benchmarks", ".tsv")):
        found = {
            path.relative_to(results / folder).parts[0].removesuffix(suffix)
            for path in (results / folder).rglob(f"*{suffix}")
        }
        assert found == {
            "parse", "normalize", "dedupe", "validate", "gate", "summarize", "release",
        }  # fmt: skip


def test_the_settings_of_the_run_are_kept_whole(latest: Path) -> None:
    settings = yaml.safe_load((latest.parent / "run_config.yaml").read_text())
    assert settings["dumps"] == "tests/data/examples"
    assert settings["validate"]["completeness"]["papers"]["abstract"]["warning"] == 0.9


def test_a_second_run_has_nothing_to_do(project: Path) -> None:
    run = snakemake(project)
    assert run.returncode == 0
    assert NOTHING in run.stderr
    assert run.stdout == ""


def test_a_quiet_or_dry_run_tells_nothing_on_the_way(project: Path) -> None:
    (project / "tests/data/examples/new.txt").write_text(page(Listed("A New Paper")), "utf-8")
    record = project / "results/benchmarks/run.jsonl"
    before = record.read_bytes()
    dry = snakemake(project, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert " to be read, " not in dry.stdout + dry.stderr
    assert record.read_bytes() == before
    quiet = snakemake(project, "--quiet", "--until", "normalize")
    assert quiet.returncode == 0, quiet.stderr
    assert re.search(r" (left|to go)$", quiet.stderr, re.MULTILINE) is None
    assert re.search(r"^parse +1 ", quiet.stdout, re.MULTILINE)


def test_touching_files_changes_nothing(project: Path) -> None:
    for pattern in ("tests/data/examples/*.txt", "config/*", "workflow/**/*", "scripts/*", "Sn*"):
        for path in project.glob(pattern):
            os.utime(path)
    run = snakemake(project)
    assert NOTHING in run.stderr, run.stderr


def test_a_new_dump_reruns_its_batch_and_what_follows(project: Path) -> None:
    old = (project / "results" / "latest").resolve()
    parsed = project / "results" / "work" / "parse"
    before = {path: path.stat().st_mtime_ns for path in parsed.glob("*/entries.parquet")}
    (project / "tests/data/examples/new.txt").write_text(page(Listed("A New Paper")), "utf-8")
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert executed(run) == {
        "parse": 1, "normalize": 1, "dedupe": 1, "validate": 1, "gate": 1, "summarize": 1,
        "release": 1,
    }  # fmt: skip
    after = {path: path.stat().st_mtime_ns for path in parsed.glob("*/entries.parquet")}
    assert len(before.items() & after.items()) == len(before) - 1
    assert len(after) == len(before)
    new = (project / "results" / "latest").resolve()
    assert new != old
    assert (old / "papers.parquet").is_file()
    told = pl.read_parquet(new / "changes.parquet")
    papers = told.filter(pl.col("about") == "paper")
    assert papers.select("change", "field").rows() == [("added", None)]


def test_an_edit_to_a_summary_reruns_summarize_and_release_only(project: Path) -> None:
    source = project / "workflow/src/paperdump/summarize.py"
    source.write_text(
        source.read_text("utf-8").replace('"Distinct papers."', '"Papers, each once."'), "utf-8"
    )
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert executed(run) == {"summarize": 1, "release": 1}
    assert "Papers, each once." in (project / "results/latest/summaries/overview.csv").read_text()


def test_an_edit_to_a_threshold_reruns_validate_and_what_follows_only(project: Path) -> None:
    config = project / "config/config.yaml"
    text = config.read_text("utf-8")
    config.write_text(text.replace("n_authors: {warning: 0.5}", "n_authors: {warning: 0.9}"))
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert executed(run) == {"validate": 1, "gate": 1, "release": 1}
    # what this run did not need took nothing, and its benchmarks of earlier runs do not count
    not_run = re.findall(r"^(\w+) +not run$", run.stdout, re.MULTILINE)
    assert not_run == ["parse", "normalize", "dedupe", "summarize"]
    assert "papers.n_authors: expect_column_values_to_not_be_null(mostly=0.9)" in run.stdout


def test_a_failed_critical_expectation_publishes_nothing(project: Path) -> None:
    latest = project / "results" / "latest"
    before = (latest.readlink(), sorted(path.name for path in latest.parent.glob("releases/*")))
    thresholds = "validate={completeness: {papers: {abstract: 1.0}}}"
    run = snakemake(project, "--config", thresholds)
    assert run.returncode != 0
    assert "papers.abstract: expect_column_values_to_not_be_null(mostly=1.0)" in run.stderr
    assert "1 of 19 rows fail" in run.stderr
    assert "title=On the Generalization of Generalization Measures" in run.stderr
    assert before == (
        latest.readlink(),
        sorted(path.name for path in latest.parent.glob("releases/*")),
    )
    assert (project / "results/validation/data_docs/index.html").is_file()
    # and with the threshold back, all is as it was
    again = snakemake(project)
    assert again.returncode == 0
    assert latest.readlink() == before[0]
    # also where only release runs, on results of validation from before the failure
    other = snakemake(project, "--config", "parse={max_mb: 32}")
    assert other.returncode == 0, other.stderr
    assert executed(other) == {"release": 1}
    assert (project / "results/validation/results.json").is_file()


def test_a_run_that_stops_early_does_not_claim_a_release(project: Path) -> None:
    (project / "tests/data/examples/new.txt").write_text(page(Listed("A New Paper")), "utf-8")
    run = snakemake(project, "--until", "parse")
    assert run.returncode == 0, run.stderr
    *table, said = run.stdout.splitlines()
    assert said == "paperdump: this run published nothing."
    assert "release     not run" in table
    assert "version" not in run.stdout


def test_a_results_folder_takes_one_run_at_a_time(project: Path) -> None:
    (project / "tests/data/examples/new.txt").write_text(page(Listed("A New Paper")), "utf-8")
    with (project / "results" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = snakemake(project)
    assert run.returncode != 0
    assert "Another run is writing to results" in run.stderr
    assert executed(run) == {}


def test_a_failing_script_leaves_its_traceback_in_its_log(project: Path) -> None:
    source = project / "workflow/src/paperdump/summarize.py"
    source.write_text(
        source.read_text("utf-8").replace("def organizations(", "def organizations_(")
    )
    run = snakemake(project)
    assert run.returncode != 0
    assert "summarize failed: NameError" in run.stderr
    assert "Traceback" in (project / "results/logs/summarize.log").read_text()


@pytest.mark.parametrize("lost", ["latest", "latest/papers.parquet"])
def test_what_was_published_and_lost_is_restored(project: Path, lost: str) -> None:
    latest = project / "results" / "latest"
    target = latest.readlink()
    (project / "results" / lost).unlink()
    assert executed(snakemake(project)) == {"release": 1}
    assert latest.readlink() == target
    assert (latest / "papers.parquet").is_file()
    assert NOTHING in snakemake(project).stderr


def test_other_dumps_are_seen_from_any_working_directory_where_paths_start(
    examples_run: Ran, tmp_path: Path
) -> None:
    project = shutil.copytree(examples_run[0], tmp_path / "the project", symlinks=True)
    place = tmp_path / "some where"
    (place / "in").mkdir(parents=True)
    (place / "in" / "a.txt").write_text(page(Listed("Tides"), Listed("Ebb")), "utf-8")
    # 17 of 19 papers are lost, which is meant
    before = (project / "results/latest").readlink().name
    accept = f"validate={{compare: {{accept: {before}}}}}"
    settings = ["--config", "dumps=in", "results=../the project/results", accept]
    run = snakemake(
        tmp_path, "--directory", str(place), *settings, snakefile=project / "Snakefile", cores=2
    )
    assert run.returncode == 0, run.stderr
    papers = pl.read_parquet(project / "results/latest/papers.parquet")
    assert sorted(papers["title"]) == ["Ebb", "Tides"]
    for folder, names in ((place, {"in"}), (tmp_path, {"some where", "the project"})):
        assert {path.name for path in folder.iterdir() if path.name[0] != "."} == names
    # nothing that snakemake remembers in a working directory decides what is built
    back = snakemake(project)
    assert back.returncode == 0, back.stderr
    assert pl.read_parquet(project / "results/latest/papers.parquet").height == 19


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("dump=x", "dump: unknown key; did you mean 'dumps'?"),
        ("parse=3", "parse: expected a mapping of min_batches, max_dumps, max_mb, found 3"),
        ("results=a{b}", "results: 'a{b}' has braces in it"),
        ("dumps=no/such/place", "dumps: 'no/such/place' matches nothing"),
    ],
)
def test_a_wrong_setting_stops_the_run_before_any_job(
    tmp_path: Path, examples_run: Ran, setting: str, said: str
) -> None:
    run = snakemake(
        tmp_path, "--config", setting, "--cores", "1", snakefile=examples_run[0] / "Snakefile"
    )
    assert run.returncode != 0
    assert said in run.stderr
    assert "rule " not in run.stderr
    assert not (tmp_path / "results").exists()
