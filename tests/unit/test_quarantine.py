from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import config, laws, quarantine, tables, validate
from tests.conftest import EXAMPLES, tried
from tests.pages import Listed, page
from tests.tables_of import release_of, release_of_folder

pytestmark = pytest.mark.xdist_group("expectations")  # takes seconds to import

Release = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Papers of which every third has no abstract; one of these is listed twice."""
    shown = [
        Listed(f"Tides in Channel {n}", f"Channel {n} has tides. " * 4 if n % 3 else None)
        for n in range(12)
    ]
    return release_of(
        tmp_path_factory.mktemp("third"),
        a=page(*shown),
        b=page(shown[0], shown[1]) + "\n\nA Title of an Entry That the Capture Cuts Off",
    )


def settings(completeness: Any, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = config.resolve({"validate": given})["validate"]
    return {**made, "completeness": completeness}


ABSTRACTS = settings({"papers": {"abstract": {"critical": 0.9}}})


def left(release: Release, told: dict[str, Any] = ABSTRACTS) -> Release:
    return {**release, **quarantine.quarantine(release, told).tables}


def test_papers_that_fail_leave_with_their_entries_which_become_rejects(release: Release) -> None:
    after = left(release)
    gone = release["papers"].filter(pl.col("abstract").is_null())
    assert gone.height == 4
    assert after["papers"].equals(release["papers"].filter(pl.col("abstract").is_not_null()))
    assert not set(after["sightings"]["paper_id"]) & set(gone["paper_id"])
    held = after["rejects"].filter(pl.col("reason") == "quarantined")
    assert set(held["paper_id"]) == set(gone["paper_id"])
    assert held.height == 5
    assert held["message"].unique().to_list() == [
        "Quarantined, since its paper fails what is expected: papers.abstract: At least 90% of "
        "the rows have a value."
    ]
    of = release["sightings"].filter(pl.col("entry_id").is_in(held["entry_id"].to_list()))
    assert set(held["excerpt"]) == set(of["title"])
    assert held["first_line"].sort().to_list() == of["first_line"].sort().to_list()


def test_rejects_are_numbered_after_those_that_the_dump_has(release: Release) -> None:
    after = left(release)["rejects"]
    [dump] = release["rejects"]["dump_id"]
    of_dump = after.filter(pl.col("dump_id") == dump)
    assert of_dump["reject_id"].to_list() == [f"{dump}-r0001", f"{dump}-r0002"]
    assert of_dump["reason"].to_list()[1] == "quarantined"
    assert after["reject_id"].is_unique().all()


def test_what_is_left_passes_all_that_it_is_validated_with(release: Release) -> None:
    before = validate.find(release, ABSTRACTS).document
    after = validate.find(left(release), ABSTRACTS).document
    assert before["failed_critical"] == 1
    assert after["failed_critical"] == 0
    assert after["expectations"] == before["expectations"]


def test_an_entry_that_fails_takes_its_paper_along(release: Release) -> None:
    sightings = release["sightings"]
    [first, *others] = sightings["n_authors"].to_list()
    faulty = sightings.with_columns(
        pl.Series("n_authors", [0, *others], sightings.schema["n_authors"])
    )
    assert first is not None
    after = left({**release, "sightings": faulty}, settings({}))
    paper = sightings["paper_id"][0]
    assert paper not in after["papers"]["paper_id"].to_list()
    assert after["papers"].height == release["papers"].height - 1


def test_the_failures_name_what_left_and_why(release: Release) -> None:
    failures = quarantine.quarantine(release, ABSTRACTS).failures
    assert failures.height == 4
    assert set(failures["outcome"]) == {"quarantined"}
    assert set(failures["field"]) == {"abstract"}


def test_nothing_leaves_where_nothing_critical_fails(release: Release) -> None:
    warned = settings({"papers": {"abstract": {"warning": 0.9}}})
    after = quarantine.quarantine(release, warned)
    assert after.failures.is_empty()
    for name in quarantine.CHANGED:
        assert after.tables[name].equals(release[name]), name


def test_what_is_not_of_papers_stays_and_is_found_again(release: Release) -> None:
    faulty = {**release, "dumps": release["dumps"].with_columns(n_lines=pl.lit(-1, pl.Int32))}
    after = left(faulty, settings({}))
    assert after["dumps"].equals(faulty["dumps"])
    assert validate.find(after, settings({})).document["failed_critical"] == 1


def test_a_paper_without_an_entry_does_not_vanish(release: Release) -> None:
    stray = release["papers"].head(1).with_columns(paper_id=pl.lit("p" + "0" * 16))
    faulty = {**release, "papers": pl.concat([release["papers"], stray])}
    assert left(faulty, settings({}))["papers"].height == faulty["papers"].height


def test_papers_in_quarantine_do_not_count_as_lost(release: Release) -> None:
    counts = {name: measures_of(name, rows) for name, rows in release.items()}
    before = validate.Before("before", counts)
    document = validate.find(left(release), ABSTRACTS, before).document
    assert all(result["success"] for result in document["tables"]["comparison"]["results"])


def measures_of(name: str, rows: pl.DataFrame) -> dict[str, int]:
    from paperdump import measures  # noqa: PLC0415

    return measures.counts_of(name, rows)


def test_the_files_say_what_is_in_quarantine(release: Release, tmp_path: Path) -> None:
    done = quarantine.quarantine(release, ABSTRACTS)
    document = validate.validate(
        {**release, **done.tables}, ABSTRACTS, tmp_path, quarantined=done.failures
    )
    assert document["quarantined_papers"] == 4
    told = tables.read_parquet(tmp_path / "failures.parquet", validate.FAILURES)
    assert told.filter(pl.col("outcome") == "quarantined").height == 4
    assert "4 papers failed before" in (tmp_path / "data_docs" / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def listed() -> Release:
    return release_of_folder(EXAMPLES)


@tried(4)  # each is a whole validation
@given(places=st.sets(st.integers(0, 18), max_size=18))
def test_every_law_holds_whichever_papers_leave(listed: Release, places: set[int]) -> None:
    ids = listed["papers"]["paper_id"].to_list()
    chosen = {ids[place] for place in places}
    allowed = [p for p in ids if p not in chosen]
    expected = {
        "table": "papers",
        "type": "expect_column_values_to_be_in_set",
        "arguments": {"column": "paper_id", "value_set": allowed or ["none"]},
    }
    after = left(listed, settings({}, expectations=[expected]))
    assert set(after["papers"]["paper_id"]) == set(allowed)
    assert set(after["rejects"]["paper_id"].drop_nulls()) == chosen
    for kind, check in laws.checks(after).items():
        assert check.laws.filter(pl.col("expected") != pl.col("found")).is_empty(), kind
