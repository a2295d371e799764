from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from paperdump import config, gate, laws, report, tables, validate
from paperdump.errors import PaperdumpError
from tests.conftest import EXAMPLES
from tests.tables_of import release_of_folder

pytestmark = pytest.mark.xdist_group("expectations")  # takes seconds to import

SETTINGS = config.resolve({})["validate"]
Release = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def examples() -> Release:
    return release_of_folder(EXAMPLES)


def settings(completeness: Any = None, **given: Any) -> dict[str, Any]:
    """The section ``validate``, with no thresholds of completeness but those given."""
    made: dict[str, Any] = config.resolve({"validate": {"max_rows_named": 3, **given}})["validate"]
    return made if completeness is None else {**made, "completeness": completeness}


def run(release: Release, completeness: Any = None, **given: Any) -> dict[str, Any]:
    """What is found, without the files that tell of it."""
    return validate.find(release, settings(completeness, **given)).document


def written(release: Release, folder: Path, completeness: Any = None) -> dict[str, Any]:
    return validate.validate(release, settings(completeness), folder)


Failed = set[tuple[str, str, str | None]]


def failed(document: dict[str, Any], severity: str = "critical") -> Failed:
    return {
        (table, result["expectation"].removeprefix("expect_"), result["column"])
        for table, outcome in document["tables"].items()
        for result in outcome["results"]
        if not result["success"] and result["severity"] == severity
    }


def with_first(frame: pl.DataFrame, name: str, value: object) -> pl.DataFrame:
    """The frame with another value in the first row of a column."""
    changed = pl.Series(name, [value, *frame[name].to_list()[1:]], frame.schema[name])
    return frame.with_columns(changed)


def test_the_examples_pass_every_expectation(examples: Release, tmp_path: Path) -> None:
    document = written(examples, tmp_path)
    suites = validate.suites_for(examples, SETTINGS)
    suites |= validate.measured_suites(examples, SETTINGS, None)
    assert document["expectations"] == sum(len(suite.expectations) for suite in suites.values())
    assert set(document["tables"]) == {
        *validate.VALIDATED,
        "columns",
        "conservation",
        "references",
        "consistency",
        "completeness",
    }
    assert report.failure_message(document, "critical") is None
    # the one that lost its metadata
    [(suite, _, _)] = failed(document, "warning")
    assert suite == "completeness"
    assert document["passed"] == document["expectations"] - 1
    gate.check(document, tmp_path)


def test_the_result_is_the_same_each_time(examples: Release, tmp_path: Path) -> None:
    documents = [tables.json_bytes(written(examples, tmp_path / name)) for name in ("one", "two")]
    assert documents[0] == documents[1]


def test_a_table_without_rows_passes_where_that_is_allowed(examples: Release) -> None:
    assert examples["rejects"].is_empty()
    document = run({**examples, "papers": examples["papers"].clear()})
    assert ("papers", "table_row_count_to_be_between", None) in failed(document)


@pytest.mark.parametrize(
    ("table", "column", "value", "expectation"),
    [
        ("papers", "n_authors", 0, "column_values_to_be_between"),
        ("papers", "paper_id", "p1", "column_values_to_match_regex"),
        ("papers", "organization_slug", "two words", "column_values_to_match_regex"),
        ("sightings", "position", 0, "column_values_to_be_between"),
        ("dumps", "path", None, "column_values_to_not_be_null"),
    ],
)
def test_a_wrong_value_is_caught_by_the_expectation_meant_for_it(
    examples: Release, table: str, column: str, value: object, expectation: str
) -> None:
    broken = {**examples, table: with_first(examples[table], column, value)}
    assert (table, expectation, column) in failed(run(broken))


def test_a_missing_column_is_caught_and_the_rest_still_checked(examples: Release) -> None:
    document = run({**examples, "papers": examples["papers"].drop("n_authors")})
    assert ("papers", "table_columns_to_match_ordered_list", None) in failed(document)
    assert ("papers", "column_values_to_be_between", "n_authors") in failed(document)
    assert document["passed"] > 50


def broken(kind: Callable[[Any], list[laws.Law]], release: Release) -> list[str]:
    lazy = {name: rows.lazy() for name, rows in release.items()}
    return [law for law, expected, value in laws.numbers(kind(lazy)) if expected != value]


@pytest.mark.parametrize(
    ("table", "kind", "law"),
    [
        ("papers", laws.references, "sightings whose paper_id is not in papers"),
        ("sightings", laws.conservation, "entries read = sightings"),
        ("dumps", laws.references, "sightings whose dump_id is not in dumps"),
    ],
)
def test_a_lost_row_breaks_a_law(
    examples: Release, table: str, kind: Callable[[Any], list[laws.Law]], law: str
) -> None:
    assert law in broken(kind, {**examples, table: examples[table][1:]})


@pytest.mark.parametrize(
    ("table", "column", "law"),
    [
        ("papers", "n_sightings", "papers whose n_sightings is not theirs"),
        ("papers", "n_dumps", "papers whose n_dumps is not theirs"),
        ("dumps", "n_entries", "dumps whose n_entries is not theirs"),
        ("dumps", "n_rejects", "dumps whose n_rejects is not theirs"),
    ],
)
def test_a_wrong_count_breaks_the_conservation_law(
    examples: Release, table: str, column: str, law: str
) -> None:
    wrong = with_first(examples[table], column, 99)
    assert law in broken(laws.conservation, {**examples, table: wrong})


@pytest.mark.parametrize(
    ("table", "column", "value", "law"),
    [
        ("papers", "published_on", None, "papers with a date but no evidence, or the reverse"),
        (
            "papers",
            "code_urls",
            ["https://x"],
            "papers with a code link that is none of their links",
        ),
        ("sightings", "last_line", 1, "sightings that end before they begin"),
        ("sightings", "position", 2, "sightings that share a place with another"),
        ("papers", "title", "", "papers with a text that is empty"),
        ("papers", "urls", [None], "papers with a text that is empty"),
        (
            "dumps",
            "snapshot_latest",
            dt.date(1999, 1, 1),
            "dumps captured at the latest before the earliest",
        ),
    ],
)
def test_a_contradiction_breaks_a_law(
    examples: Release, table: str, column: str, value: object, law: str
) -> None:
    wrong = with_first(examples[table], column, value)
    assert law in broken(laws.consistency, {**examples, table: wrong})


def test_the_laws_hold_for_the_examples(examples: Release) -> None:
    for kind in (laws.conservation, laws.references, laws.consistency):
        assert broken(kind, examples) == []


def test_laws_that_cannot_be_checked_fail(examples: Release) -> None:
    lacking = {**examples, "papers": examples["papers"].drop("n_sightings")}
    checked = laws.checks(lacking)["conservation"].laws
    unchecked = checked.filter(pl.col("law").str.contains("could not be checked"))
    assert unchecked.height == 2
    assert (unchecked["expected"] != unchecked["found"]).all()
    assert checked.height > 10


def test_an_empty_list_is_no_value_where_one_may_be_missing(examples: Release) -> None:
    document = run(examples, {"papers": {"code_urls": {"critical": 1.0}}})
    assert failed(document) == {("papers", "column_values_to_not_be_null", "code_urls")}


def test_a_broken_law_stops_the_release(examples: Release, tmp_path: Path) -> None:
    document = run({**examples, "sightings": examples["sightings"][1:]})
    assert ("conservation", "column_pair_values_to_be_equal", None) in failed(document)
    with pytest.raises(PaperdumpError, match="entries read = sightings"):
        gate.check(document, tmp_path)


def test_completeness_below_a_threshold_has_its_severity(examples: Release) -> None:
    bounds = {"papers": {"abstract": {"critical": 1.0}, "organization_slug": {"warning": 0.9}}}
    document = run(examples, bounds)
    assert failed(document) == {("papers", "column_values_to_not_be_null", "abstract")}
    assert ("papers", "column_values_to_not_be_null", "organization_slug") in failed(
        document, "warning"
    )


def test_the_gate_names_table_column_expectation_rows_and_the_first(
    examples: Release, tmp_path: Path
) -> None:
    document = run(examples, {"papers": {"abstract": {"critical": 1.0}}})
    with pytest.raises(PaperdumpError) as caught:
        gate.check(document, tmp_path)
    message = str(caught.value)
    assert "papers.abstract: expect_column_values_to_not_be_null(mostly=1.0)" in message
    assert f"1 of {examples['papers'].height} rows fail" in message
    assert "title=On the Generalization of Generalization Measures" in message
    assert str(tmp_path / "latest") in message


def test_a_warning_does_not_stop_the_release(examples: Release, tmp_path: Path) -> None:
    document = run(examples, {"papers": {"doi": {"warning": 0.5}}})
    gate.check(document, tmp_path)
    assert "papers.doi" in (report.failure_message(document, "warning") or "")


def test_data_docs_ask_for_nothing_outside_their_folder(examples: Release, tmp_path: Path) -> None:
    document = written(examples, tmp_path, {"papers": {"abstract": {"critical": 1.0}}})
    pages = sorted((tmp_path / "data_docs").rglob("*.html"))
    assert len(pages) == 1 + 2 * len(document["tables"])
    for page in pages:
        text = page.read_text("utf-8")
        assert "<script" not in text
        assert 'src="http' not in text
        assert '<link rel="stylesheet" href="http' not in text
        for link in text.split('href="')[1:]:
            target = link.split('"')[0].split("#")[0]
            if target and not target.startswith(("http", "data:")):
                assert (page.parent / target).is_file(), f"{page.name} → {target}"
    # nothing that is empty here, or leads nowhere without scripts
    said = "".join(page.read_text("utf-8") for page in pages)
    assert [what for what in ("__none__", "Data asset", "Show more info") if what in said] == []
    index = (tmp_path / "data_docs" / "index.html").read_text("utf-8")
    assert "1 rows, e.g." in index


def test_results_are_plain_json(examples: Release, tmp_path: Path) -> None:
    document = written(examples, tmp_path, {"papers": {"published_on": {"critical": 1.0}}})
    assert json.loads(tables.json_bytes(document)) == document
