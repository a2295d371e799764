from __future__ import annotations

from typing import Any

import pytest
import yaml

from paperdump import config
from paperdump.errors import PaperdumpError
from tests.conftest import ROOT


def problems(given: dict[str, Any]) -> str:
    with pytest.raises(PaperdumpError) as caught:
        config.resolve(given)
    return str(caught.value)


def described(rules: dict[str, Any], place: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = []
    for key, part in rules.get("properties", {}).items():
        found.append((f"{place}{key}", part))
        found += described(part, f"{place}{key}.")
    return found


def test_every_key_of_the_schema_has_a_description_and_a_default() -> None:
    for place, part in described(config.schema()):
        assert part.get("description"), place
        assert "default" in part, place


def test_the_committed_config_shows_every_key() -> None:
    given = yaml.safe_load((ROOT / "config" / "config.yaml").read_text("utf-8"))
    for place, _ in described(config.schema()):
        value = given
        for key in place.split("."):
            assert key in value, f"config/config.yaml does not show {place}"
            value = value[key]


def test_nothing_given_is_all_defaults() -> None:
    complete = config.resolve({})
    for place, part in described(config.schema()):
        value = complete
        for key in place.split("."):
            value = value[key]
        if part.get("type") != "object" or not part.get("properties"):
            assert value == part["default"], place


@pytest.mark.parametrize(
    ("given", "key", "nearest"),
    [
        ({"dump": "x"}, "dump", "'dumps'"),
        ({"Results": "x"}, "Results", "'results'"),
        ({"parse": {"max_dump": 3}}, "parse.max_dump", "'max_dumps'"),
        (
            {"validate": {"completeness": {"papers": {"abstract": {"critcal": 1}}}}},
            "validate.completeness.papers.abstract.critcal",
            "'critical'",
        ),
        (
            {"validate": {"completeness": {"paper": {"abstract": 1}}}},
            "validate.completeness.paper",
            "'papers'",
        ),
        (
            {"validate": {"completeness": {"papers": {"abstrct": 1}}}},
            "validate.completeness.papers.abstrct",
            "'abstract'",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_valid_one(
    given: dict[str, Any], key: str, nearest: str
) -> None:
    message = problems(given)
    assert f"{key}: unknown" in message
    assert f"did you mean {nearest}?" in message


def test_an_unknown_key_like_no_other_gets_all_valid_ones() -> None:
    assert (
        "valid here: corrections, dates, dedupe, dumps, normalize, parse, readers, results, sheet, "
        "strict, upload, validate"
    ) in problems({"zzz": 1})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dumps": 7}, "dumps: expected a non-empty text or a non-empty list"),
        ({"dumps": []}, "dumps: expected"),
        ({"results": None}, "results: expected a non-empty text, found None"),
        ({"parse": {"max_dumps": "many"}}, "parse.max_dumps: expected a whole number at least 1"),
        ({"parse": {"max_dumps": 0}}, "parse.max_dumps: expected a whole number at least 1"),
        ({"parse": {"max_mb": float("nan")}}, "parse.max_mb: expected a finite number, found nan"),
        ({"parse": {"max_mb": -1}}, "parse.max_mb: expected a number above 0, found -1"),
        ({"parse": 3}, "parse: expected a mapping of min_batches, max_dumps, max_mb, found 3"),
        (
            {"validate": {"completeness": {"papers": {"abstract": 2}}}},
            "validate.completeness.papers.abstract: expected a number at least 0 and at most 1",
        ),
    ],
)
def test_an_ill_typed_value_says_what_was_expected(given: dict[str, Any], said: str) -> None:
    assert said in problems(given)


def test_all_problems_are_told_at_once() -> None:
    message = problems({"dump": 1, "parse": {"max_mb": "x"}})
    assert "dump:" in message
    assert "parse.max_mb:" in message


def test_a_threshold_given_keeps_the_others() -> None:
    given = {"validate": {"completeness": {"papers": {"abstract": {"critical": 0.9}}}}}
    found = config.thresholds(config.resolve(given)["validate"])
    assert found["papers"]["abstract"] == {"critical": 0.9, "warning": 0.9}
    assert "published_on" in found["papers"]


def test_a_number_is_critical_and_null_takes_a_default_away() -> None:
    given = {"validate": {"completeness": {"papers": {"abstract": 1, "n_authors": None}}}}
    found = config.thresholds(config.resolve(given)["validate"])
    assert found["papers"]["abstract"] == {"critical": 1.0}
    assert "n_authors" not in found["papers"]


def test_sections_from_the_command_line_get_their_types() -> None:
    # snakemake hands over texts inside sections
    given = {
        "validate": {"completeness": {"papers": {"abstract": "1.0"}}},
        "dumps": "7.5",
        "strict": "true",
    }
    complete = config.from_command_line({"results": "r", **given}, given)
    assert complete["validate"]["completeness"]["papers"]["abstract"] == 1.0
    assert complete["dumps"] == "7.5"
    assert complete["strict"] is True
    assert complete["results"] == "r"


def test_a_name_of_digits_gets_a_hint() -> None:
    assert "needs quotes of its own" in problems({"results": 2025})


def test_a_results_folder_with_braces_is_refused() -> None:
    with pytest.raises(PaperdumpError, match="braces"):
        config.results_folder({"results": "a{b}"})


def test_a_whole_number_may_be_written_with_a_point() -> None:
    found = config.resolve({"parse": {"min_batches": 4.0}})["parse"]["min_batches"]
    assert isinstance(found, int)


def test_thresholds_for_a_table_that_is_not_validated_are_refused() -> None:
    given = {"validate": {"completeness": {"changes": {"field": 1.0}}}}
    assert "validate.completeness.changes: unknown table" in problems(given)


def test_a_list_replaces_the_default() -> None:
    given = {"normalize": {"code_hosts": ["code.example.org"]}}
    assert config.resolve(given)["normalize"]["code_hosts"] == ["code.example.org"]


def test_dumps_may_be_one_or_several() -> None:
    assert config.dump_specs({"dumps": "a"}) == ["a"]
    assert config.dump_specs({"dumps": ["a", "b"]}) == ["a", "b"]
