from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from paperdump import dictionary, summarize
from tests.conftest import EXAMPLES
from tests.pages import Listed, bare, page
from tests.tables_of import release_of, release_of_folder


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    return release_of(
        tmp_path_factory.mktemp("dumps"),
        a=page(
            Listed("Tides", "Code: https://github.com/a/b. It runs.", date="May 2, 2024"),
            Listed("Ebb", None, "tide-lab Tide Lab", "May 20, 2024 3"),
            bare("Flow", "Code: https://gitlab.com/a/b and https://github.com/c/d. It runs."),
        ),
        b=page(Listed("TIDES", date="Jan 1, 2024"), Listed("Surge", byline="  • 4 authors")),
        c="",
    )


def rows(release: dict[str, pl.DataFrame], name: str) -> list[dict[str, object]]:
    return summarize.summarize(release)[name].drop("version").to_dicts()


def test_every_summary_of_the_dictionary_is_made() -> None:
    assert set(summarize.SUMMARIES) == set(dictionary.summary_names())


def test_overview_counts(release: dict[str, pl.DataFrame]) -> None:
    counts = {row["metric"]: row["value"] for row in rows(release, "overview")}
    assert counts["dumps"] == 3
    assert counts["dumps_without_entries"] == 1
    assert counts["sightings"] == 5
    assert counts["papers"] == 4
    assert counts["repeats"] == 1
    assert counts["rejects"] == 1
    assert counts["papers_with_conflicts"] == 1


def test_papers_by_month_and_year_count_each_paper_once(release: dict[str, pl.DataFrame]) -> None:
    assert rows(release, "papers_by_month") == [
        {"month": dt.date(2024, 5, 1), "papers": 3, "papers_with_code": 1},
        {"month": None, "papers": 1, "papers_with_code": 1},
    ]
    assert rows(release, "papers_by_year") == [
        {"year": 2024, "papers": 3, "papers_with_code": 1},
        {"year": None, "papers": 1, "papers_with_code": 1},
    ]


def test_completeness_overall_and_by_dump(release: dict[str, pl.DataFrame]) -> None:
    found = {(r["scope"], r["path"], r["field"]): r for r in rows(release, "completeness")}
    abstract = found["overall", None, "abstract"]
    assert (abstract["filled"], abstract["total"], abstract["share"]) == (3, 4, 0.75)
    assert found["overall", None, "code_urls"]["filled"] == 2
    assert found["dump", "a.txt", "n_authors"]["filled"] == 1
    assert found["dump", "b.txt", "date_text"]["share"] == 1.0
    empty = found["dump", "c.txt", "abstract"]
    assert (empty["filled"], empty["total"], empty["share"]) == (0, 0, None)


def test_dump_overview_tells_new_papers_from_repeats(release: dict[str, pl.DataFrame]) -> None:
    found = {row["path"]: row for row in rows(release, "dump_overview")}
    # b was captured in or after 2025, a in or after 2025 too: the path decides
    assert (found["a.txt"]["new_papers"], found["a.txt"]["repeats"]) == (3, 0)
    assert (found["b.txt"]["new_papers"], found["b.txt"]["repeats"]) == (1, 1)
    assert (found["c.txt"]["n_entries"], found["c.txt"]["n_rejects"]) == (0, 1)
    assert found["a.txt"]["days"] == 2
    assert found["a.txt"]["last_published_on"] == dt.date(2024, 5, 20)


def test_organizations_author_counts_and_code_links(release: dict[str, pl.DataFrame]) -> None:
    assert rows(release, "organizations") == [
        {
            "organization_slug": "tide-lab",
            "organization_name": "Tide Lab",
            "papers": 1,
            "sightings": 1,
        }
    ]
    assert rows(release, "author_counts") == [
        {"n_authors": 3, "papers": 1},
        {"n_authors": 4, "papers": 1},
        {"n_authors": None, "papers": 2},
    ]
    assert rows(release, "code_links") == [
        {"host": "github.com", "papers": 2, "links": 2},
        {"host": "gitlab.com", "papers": 1, "links": 1},
    ]


def test_sums_over_the_examples_add_up() -> None:
    release = release_of_folder(EXAMPLES)
    made = summarize.summarize(release)
    papers, sightings = release["papers"].height, release["sightings"].height
    for name in ("papers_by_month", "papers_by_year", "author_counts"):
        assert made[name]["papers"].sum() == papers
    by_dump = made["dump_overview"]
    assert by_dump["new_papers"].sum() == papers
    assert by_dump["new_papers"].sum() + by_dump["repeats"].sum() == sightings


def test_every_row_carries_the_version(release: dict[str, pl.DataFrame]) -> None:
    for summary in summarize.summarize(release).values():
        versioned = summarize.with_version(summary, "2026-06-10-0badcafe")
        assert set(versioned["version"]) <= {"2026-06-10-0badcafe"}
        assert versioned.columns == summary.columns
