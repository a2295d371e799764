"""Single faults planted in the tables of a release: each is caught by what is meant to catch it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from paperdump import config, laws, tables, validate
from tests.pages import Listed, bare, page
from tests.tables_of import release_of

pytestmark = pytest.mark.xdist_group("expectations")  # takes seconds to import

Release = dict[str, pl.DataFrame]
# table, expectation without "expect_", and the column or the law
Caught = tuple[str, str, str]
SETTINGS: dict[str, Any] = config.resolve({})["validate"]
EQUAL = "column_pair_values_to_be_equal"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release in which nothing fails, with repeats and a reject."""
    shown = [Listed(f"Tides in Channel {n}", f"Channel {n} has tides. " * 4) for n in range(30)]
    return release_of(
        tmp_path_factory.mktemp("sound"),
        a=page(*shown, day="Jun 10"),
        b=page(*shown[:5], Listed("Ebb https://github.com/a/b", "See https://github.com/a/b."))
        + "\n\nA Title of an Entry That the Capture Cuts Off",
    )


def failing(release: Release, before: Release | None = None) -> set[Caught]:
    """All that fails, critical or not."""
    then = None
    if before is not None:
        then = validate.Before("before", {n: counted(n, before[n]) for n in before})
    document = validate.find(release, SETTINGS, then).document
    found = set()
    for suite, outcome in document["tables"].items():
        for result in outcome["results"]:
            if result["success"]:
                continue
            kind = result["expectation"].removeprefix("expect_")
            if result["column"] or suite in validate.VALIDATED:
                found.add((suite, kind, result["column"] or ""))
            for row in result["first_rows"] if not result["column"] else []:
                named = row.get("law") or row.get("column") or row.get("field") or ""
                found.add((suite, kind, named))
    return found - {(suite, "", "") for suite in document["tables"]}


def counted(name: str, rows: pl.DataFrame) -> dict[str, int]:
    from paperdump import measures  # noqa: PLC0415

    return measures.counts_of(name, rows)


def first(table: str, column: str, value: object) -> Callable[[Release], Release]:
    """Another value in the first row of a column that has one, or in the first row."""

    def planted(release: Release) -> Release:
        frame = release[table]
        values = frame[column].to_list()
        row = next((n for n, old in enumerate(values) if old is not None), 0)
        values[row] = value
        return {
            **release,
            table: frame.with_columns(pl.Series(column, values, frame.schema[column])),
        }

    return planted


def all_of(table: str, change: pl.Expr) -> Callable[[Release], Release]:
    return lambda release: {**release, table: release[table].with_columns(change)}


def lost(table: str) -> Callable[[Release], Release]:
    return lambda release: {**release, table: release[table][1:]}


def doubled_id(release: Release) -> Release:
    ids = release["papers"]["paper_id"].to_list()
    return first("papers", "paper_id", ids[1])(release)


def moved_to_no_paper(release: Release) -> Release:
    return first("sightings", "paper_id", "p" + "0" * 16)(release)


def null(table: str, column: str) -> Callable[[Release], Release]:
    return first(table, column, None)


# Each fault, and what is meant to catch it. What follows from a fault by another law (a lost row
# leaves references without their target) stands in the third part: nothing else may fail.
FAULTS: dict[str, tuple[Callable[[Release], Release], Caught, set[Caught]]] = {
    "a null title": (
        null("papers", "title"),
        ("papers", "column_values_to_not_be_null", "title"),
        set(),
    ),
    "a doubled id": (
        doubled_id,
        ("papers", "column_values_to_be_unique", "paper_id"),
        {
            ("references", EQUAL, "sightings whose paper_id is not in papers"),
            ("conservation", EQUAL, "papers whose n_sightings is not theirs"),
            ("conservation", EQUAL, "papers whose n_dumps is not theirs"),
        },
    ),
    "a date in 2199": (
        first("papers", "published_on", dt.date(2199, 1, 1)),
        ("papers", "column_values_to_be_between", "published_on"),
        set(),
    ),
    "a date in 9999": (
        first("papers", "published_on", dt.date(9999, 12, 31)),
        ("papers", "column_values_to_be_between", "published_on"),
        set(),
    ),
    "a sighting without its paper": (
        moved_to_no_paper,
        ("references", EQUAL, "sightings whose paper_id is not in papers"),
        {
            ("conservation", EQUAL, "papers without a sighting"),
            ("conservation", EQUAL, "papers whose n_sightings is not theirs"),
            ("conservation", EQUAL, "papers whose n_dumps is not theirs"),
        },
    ),
    "a type changed": (
        all_of("papers", pl.col("n_comments").cast(pl.Int64)),
        ("columns", EQUAL, "n_comments"),
        set(),
    ),
    "a paper lost": (
        lost("papers"),
        ("references", EQUAL, "sightings whose paper_id is not in papers"),
        {("conservation", EQUAL, "sightings counted by papers = sightings")},
    ),
    "a sighting lost": (
        lost("sightings"),
        ("conservation", EQUAL, "entries read = sightings"),
        {
            ("conservation", EQUAL, "sightings counted by papers = sightings"),
            ("conservation", EQUAL, "papers whose n_sightings is not theirs"),
            ("conservation", EQUAL, "papers whose n_dumps is not theirs"),
            ("conservation", EQUAL, "papers without a sighting"),
            ("conservation", EQUAL, "dumps whose n_entries is not theirs"),
            ("references", EQUAL, "matches whose entry_id_kept is not in sightings"),
            ("references", EQUAL, "dumps whose snapshot_earliest_entry_id is not in sightings"),
        },
    ),
    "a reject lost": (
        lost("rejects"),
        ("conservation", EQUAL, "rejects counted = rejects"),
        {("conservation", EQUAL, "dumps whose n_rejects is not theirs")},
    ),
    "an id of another form": (
        first("papers", "arxiv_id", "2405.1v2x"),
        ("papers", "column_values_to_match_regex", "arxiv_id"),
        set(),
    ),
    "a value that is not allowed": (
        first("papers", "published_on_evidence", "guessed"),
        ("papers", "column_values_to_be_in_set", "published_on_evidence"),
        set(),
    ),
    "a number of authors below one": (
        first("sightings", "n_authors", 0),
        ("sightings", "column_values_to_be_between", "n_authors"),
        set(),
    ),
    "an empty text": (
        first("papers", "abstract", ""),
        ("consistency", EQUAL, "papers with a text that is empty"),
        set(),
    ),
    "a date without its evidence": (
        null("papers", "published_on_evidence"),
        ("consistency", EQUAL, "papers with a date but no evidence, or the reverse"),
        set(),
    ),
    "a pair of an entry that is not there": (
        first("matches", "entry_id_repeat", "d" + "0" * 16 + "-00001"),
        ("references", EQUAL, "matches whose entry_id_repeat is not in sightings"),
        set(),
    ),
    "a pair twice": (
        lambda release: {**release, "matches": pl.concat([release["matches"], release["matches"]])},
        ("matches", "compound_columns_to_be_unique", ""),
        set(),
    ),
    "a count that is too large": (
        first("papers", "n_sightings", 7),
        ("conservation", EQUAL, "papers whose n_sightings is not theirs"),
        {("conservation", EQUAL, "sightings counted by papers = sightings")},
    ),
    "a column out of order": (
        lambda release: {
            **release,
            "papers": release["papers"].select(reversed(release["papers"].columns)),
        },
        ("papers", "table_columns_to_match_ordered_list", ""),
        set(),
    ),
    "half of the abstracts lost": (
        all_of("papers", pl.when(pl.int_range(pl.len()) % 2 == 0).then("abstract")),
        ("papers", "column_values_to_not_be_null", "abstract"),
        set(),
    ),
}


def test_nothing_fails_in_what_is_sound(sound: Release) -> None:
    assert failing(sound, sound) == set()
    assert sound["rejects"].height == 1
    assert sound["matches"].height > 5


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_caught_by_what_is_meant_for_it_and_by_nothing_else(
    sound: Release, fault: str
) -> None:
    plant, caught, follows = FAULTS[fault]
    found = failing(plant(sound))
    assert caught in found
    assert found - {caught} <= follows


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_alike_of_files_and_of_frames(
    sound: Release, fault: str, tmp_path: Path
) -> None:
    faulty = FAULTS[fault][0](sound)
    for name, rows in faulty.items():
        rows.write_parquet(tmp_path / f"{name}.parquet", row_group_size=7)
    files = validate.scanned({name: tmp_path / f"{name}.parquet" for name in faulty})
    of_frames, of_files = validate.find(faulty, SETTINGS), validate.find(files, SETTINGS)
    assert tables.json_bytes(of_files.document) == tables.json_bytes(of_frames.document)
    assert of_files.failures.equals(of_frames.failures)


def without(table: str, column: str) -> Callable[[Release], Release]:
    return lambda release: {**release, table: release[table].drop(column)}


GLANCED_AT: dict[str, Callable[[Release], Release]] = {
    "nothing": lambda release: release,
    "no rows": lambda release: {name: rows.clear() for name, rows in release.items()},
    "papers without a key": without("papers", "paper_id"),
    "papers without a title": without("papers", "title"),
    "papers without a count": without("papers", "n_sightings"),
    "sightings without a place": without("sightings", "position"),
    "sightings without a paper": without("sightings", "paper_id"),
    **{name: plant for name, (plant, _, _) in FAULTS.items()},
}


@pytest.mark.parametrize("fault", GLANCED_AT)
def test_laws_hold_at_a_glance_where_they_hold_looked_at_one_by_one(
    sound: Release, fault: str
) -> None:
    faulty = GLANCED_AT[fault](sound)
    lazy = {name: rows.lazy() for name, rows in faulty.items()}
    kinds = {
        "conservation": laws.conservation,
        "references": laws.references,
        "consistency": laws.consistency,
    }
    for kind, every in kinds.items():
        at_a_glance, one_by_one = laws.check(kind, faulty), laws._checked(every, lazy, "")
        assert at_a_glance.laws.equals(one_by_one.laws)
        assert set(at_a_glance.broken) == set(one_by_one.broken)


def test_two_entries_in_one_place_are_caught(sound: Release) -> None:
    place = pl.col("position").replace(2, 1)
    found = failing({**sound, "sightings": sound["sightings"].with_columns(place)})
    assert found == {("consistency", EQUAL, "sightings that share a place with another")}


def test_entries_in_another_order_break_nothing(sound: Release) -> None:
    assert failing({**sound, "sightings": sound["sightings"].reverse()}) == set()


def test_a_column_that_is_missing_is_caught_and_the_rest_still_checked(sound: Release) -> None:
    found = failing({**sound, "papers": sound["papers"].drop("n_authors")})
    assert ("papers", "table_columns_to_match_ordered_list", "") in found
    assert ("columns", EQUAL, "n_authors") in found


def test_what_was_lost_since_the_release_before_is_caught(sound: Release) -> None:
    fewer = {
        **sound,
        "papers": sound["papers"].with_columns(
            pl.when(pl.int_range(pl.len()) % 3 > 0).then("abstract")
        ),
    }
    above = "column_pair_values_a_to_be_greater_than_b"
    assert ("comparison", above, "abstract") in failing(fewer, sound)
    assert not any(suite == "comparison" for suite, *_ in failing(sound, fewer))


def test_a_capture_that_lost_its_metadata_is_told_though_the_average_is_well(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    many = [Listed(f"Tides in Channel {n}", f"Channel {n} has tides. " * 4) for n in range(60)]
    few = [bare(f"Ebb of River {n}", f"River {n} ebbs. " * 6) for n in range(5)]
    release = release_of(tmp_path_factory.mktemp("one"), a=page(*many), b=page(*few))
    found = failing(release)
    above = "column_pair_values_a_to_be_greater_than_b"
    assert found == {("completeness", above, "date_text"), ("completeness", above, "n_authors")}
    told = validate.find(release, SETTINGS).failures
    assert set(told["severity"]) == {"warning"}
    [dump] = set(told["dump_id"])
    assert dump == release["dumps"].filter(pl.col("path") == "b.txt")["dump_id"].item()


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A small release, since it is looked at row by row, of which some rows fail."""
    shown = [Listed(f"Tides in Channel {n}", f"Channel {n} has tides. " * 4) for n in range(7)]
    small = release_of(
        tmp_path_factory.mktemp("small"), a=page(*shown, day="Jun 10"), b=page(*shown[:2])
    )
    return first("papers", "n_authors", 0)(null("papers", "title")(small))


ROW_BY_ROW = {**SETTINGS, "completeness": {"papers": {"arxiv_id": {"warning": 0.9}}}}


@pytest.fixture(scope="module")
def whole(faulty: Release) -> validate.Findings:
    return validate.find(faulty, ROW_BY_ROW)


@pytest.mark.parametrize("rows", [1, 3])
def test_partitions_make_no_difference(
    faulty: Release, whole: validate.Findings, rows: int
) -> None:
    parts = validate.find(faulty, ROW_BY_ROW, partition_rows=rows)
    assert tables.json_bytes(parts.document) == tables.json_bytes(whole.document)
    assert parts.failures.equals(whole.failures)
    assert parts.failures.height > faulty["papers"].height


def test_no_column_of_what_is_checked_is_of_python_objects(sound: Release) -> None:
    from paperdump import engine  # noqa: PLC0415

    for name, suite in validate.suites_for(sound, SETTINGS).items():
        frame = engine._arrow_backed(suite.rows.collect())
        assert all(str(kind).endswith("[pyarrow]") for kind in frame.dtypes), name


def test_every_row_that_fails_is_in_failures_with_its_key(sound: Release) -> None:
    faulty = all_of("papers", pl.lit(0, pl.Int32).alias("n_authors"))(sound)
    told = validate.find(faulty, SETTINGS).failures
    assert told["paper_id"].sort().to_list() == sound["papers"]["paper_id"].sort().to_list()
    assert set(told["failing_value"]) == {"0"}
    assert set(told["field"]) == {"n_authors"}
    assert set(told["outcome"]) == {"stopped"}
    assert set(told["row_label"]) == set(sound["papers"]["title"])
    tables.to_arrow(told, validate.FAILURES)
