from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from paperdump import config, expectations, gate, report, validate
from paperdump.errors import PaperdumpError
from tests.conftest import EXAMPLES
from tests.tables_of import release_of_folder

pytestmark = pytest.mark.xdist_group("expectations")  # takes seconds to import

LONG_TITLES = {
    "table": "papers",
    "type": "expect_column_value_lengths_to_be_between",
    "arguments": {"column": "title", "min_value": 20},
    "severity": "warning",
    "meaning": "A title has twenty characters.",
}


@pytest.fixture(scope="module")
def examples() -> dict[str, pl.DataFrame]:
    return release_of_folder(EXAMPLES)


def settings(*given: dict[str, Any]) -> dict[str, Any]:
    return dict(config.resolve({"validate": {"expectations": list(given)}})["validate"])


def test_people_may_expect_what_they_like(examples: dict[str, pl.DataFrame]) -> None:
    found = validate.find(examples, settings(LONG_TITLES))
    short = examples["papers"].filter(pl.col("title").str.len_chars() < 20)
    assert 0 < short.height < examples["papers"].height
    told = found.failures.filter(pl.col("expected") == "A title has twenty characters.")
    assert set(told["paper_id"]) == set(short["paper_id"])
    message = report.failure_message(found.document, "warning") or ""
    assert "papers.title: expect_column_value_lengths_to_be_between(min_value=20)" in message


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("column_mean_to_be_between", {"column": "n_authors", "max_value": 99}),
        ("column_values_to_be_between", {"column": "published_on", "min_value": "2000-01-01"}),
        ("table_row_count_to_be_between", {"min_value": 5, "max_value": 500}),
        (
            "column_pair_values_a_to_be_greater_than_b",
            {"column_A": "n_sightings", "column_B": "n_dumps", "or_equal": True},
        ),
        ("compound_columns_to_be_unique", {"column_list": ["paper_id", "title"]}),
        ("column_unique_value_count_to_be_between", {"column": "title", "min_value": 3}),
        ("column_values_to_match_regex_list", {"column": "title", "regex_list": ["^[A-Z]", "."]}),
        ("column_values_to_be_in_set", {"column": "n_dumps", "value_set": [1, 2, 3]}),
    ],
)
def test_expectations_of_all_kinds_can_be_checked(
    examples: dict[str, pl.DataFrame], kind: str, arguments: dict[str, Any]
) -> None:
    given = settings({"table": "papers", "type": f"expect_{kind}", "arguments": arguments})
    document = validate.find(examples, given).document
    asked = document["tables"]["papers"]["results"][-1]
    assert asked["expectation"] == f"expect_{kind}"
    assert asked["error"] is None
    assert asked["success"], asked


def test_one_that_is_critical_stops_the_release(
    examples: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    critical = {k: v for k, v in LONG_TITLES.items() if k != "severity"}
    document = validate.find(examples, settings(critical)).document
    with pytest.raises(PaperdumpError, match="expect_column_value_lengths_to_be_between"):
        gate.check(document, tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"type": "expect_column_values_to_be_betwen"},
            "no such expectation; did you mean 'expect_column_values_to_be_between'?",
        ),
        (
            {"arguments": {"column": "title", "min_length": 20}},
            "no argument 'min_length'; did you mean 'min_value'?",
        ),
        ({"arguments": {"min_value": 20}}, "column: field required"),
        ({"arguments": {"column": "title"}}, "cannot both be None"),
        ({"type": "unexpected_rows_expectation"}, "no such expectation"),
    ],
)
def test_what_the_library_does_not_know_is_told_with_the_nearest_name(
    changed: dict[str, Any], said: str
) -> None:
    given = settings({**LONG_TITLES, **changed})
    with pytest.raises(PaperdumpError) as caught:
        expectations.check(given["expectations"])
    assert said in str(caught.value)
    assert "validate.expectations, number 1 (" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"table": "paper"}, "validate.expectations.0.table: unknown table 'paper'; did you mean"),
        (
            {"arguments": {"column": "titel"}},
            "table papers has no column 'titel'; did you mean 'title'?",
        ),
        ({"severity": "loud"}, "severity: expected 'critical' or 'warning', found 'loud'"),
        ({"kind": "x"}, "validate.expectations.0.kind: unknown key"),
    ],
)
def test_what_the_settings_do_not_know_is_told_before_any_job(
    changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(PaperdumpError) as caught:
        settings({**LONG_TITLES, **changed})
    assert said in str(caught.value)


def test_a_key_that_is_missing_is_named() -> None:
    with pytest.raises(PaperdumpError, match=r"validate\.expectations\.0\.type: is missing"):
        settings({"table": "papers"})
