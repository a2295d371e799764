from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import dictionary, summarize, tables
from paperdump.stored import Stored
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


def test_tables_in_files_give_the_summaries_of_those_in_memory(
    release: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    """Also in a folder whose name would be a pattern."""
    stored = {}
    for name, frame in release.items():
        file = tmp_path / "[a-b]*" / f"{name}.parquet"
        tables.write_parquet(frame, name, file)
        stored[name] = Stored(file)
    one, other = summarize.summarize(release), summarize.summarize(stored)
    assert list(one) == list(other)
    for name, summary in one.items():
        assert summary.equals(other[name]), name


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


def seen(
    *captures: tuple[str, dt.date | None, dict[str, tuple[int | None, int | None]]],
) -> dict[str, pl.DataFrame]:
    """A release of captures: path, day, and for each paper its comments and upvotes."""
    sightings, dumps = [], []
    for number, (path, day, counts) in enumerate(captures):
        dump_id = f"d{number:016x}"
        dumps.append(
            {"dump_id": dump_id, "path": path, "snapshot_on": day, "n_entries": len(counts)}
        )
        sightings += [
            {"dump_id": dump_id, "paper_id": p, "position": n, "n_comments": c, "n_upvotes": u}
            for n, (p, (c, u)) in enumerate(counts.items(), 1)
        ]
    papers = sorted({str(row["paper_id"]) for row in sightings})
    none = {name: tables.frame_of(name, []) for name in dictionary.CONTENT}
    return none | {
        "papers": tables.frame_of("papers", [{"paper_id": p, "title": p} for p in papers]),
        "sightings": tables.frame_of("sightings", sightings),
        "dumps": tables.frame_of("dumps", dumps),
    }


def test_discussion_says_what_rose_since_the_number_was_last_shown() -> None:
    days = [dt.date(2026, 1, day) for day in (1, 2, 3)]
    release = seen(
        ("c", days[2], {"p1": (9, 5), "p2": (None, None)}),
        ("a", days[0], {"p1": (2, 7), "p2": (1, None)}),
        ("a2", days[0], {"p1": (4, None)}),
        ("b", days[1], {"p1": (None, 8)}),
        ("undated", None, {"p1": (99, 99)}),
    )
    made = summarize.summarize(release)["discussion"].drop("version", "title")
    columns = ["seen_on", "paper_id", "n_comments", "comments_change", "comments_since"]
    assert made.select(columns).rows() == [
        (days[0], "p1", 4, None, None),
        (days[0], "p2", 1, None, None),
        (days[1], "p1", None, None, None),
        (days[2], "p1", 9, 5, days[0]),
        (None, "p1", 99, None, None),
    ]
    assert made["n_upvotes"].to_list() == [7, None, 8, 5, 99]
    assert made["upvotes_change"].to_list() == [None, None, 1, -3, None]
    assert made["upvotes_since"].to_list() == [None, None, days[0], days[1], None]


_DAYS = st.none() | st.integers(1, 9).map(lambda day: dt.date(2026, 1, day))
_COUNTS = st.tuples(st.none() | st.integers(0, 5), st.none() | st.integers(0, 5))
_PAPERS = st.dictionaries(st.sampled_from(["p1", "p2", "p3"]), _COUNTS)


@given(st.lists(st.tuples(_DAYS, _PAPERS), max_size=9))
def test_changes_of_a_discussion_are_those_since_the_last_day_that_shows_a_number(
    captures: list[tuple[dt.date | None, dict[str, tuple[int | None, int | None]]]],
) -> None:
    release = seen(*((str(n), day, counts) for n, (day, counts) in enumerate(captures)))
    shown: dict[str, dict[dt.date, int]] = {}  # comments by paper and day
    for day, counts in captures:
        for paper, (comments, _) in counts.items():
            if day is not None and comments is not None:
                of_paper = shown.setdefault(paper, {})
                of_paper[day] = max(comments, of_paper.get(day, 0))
    for row in summarize.discussion({name: table.lazy() for name, table in release.items()}).rows(
        named=True
    ):
        of_paper = shown.get(row["paper_id"], {})
        since = max(
            (day for day in of_paper if row["seen_on"] and day < row["seen_on"]), default=None
        )
        if row["seen_on"] not in of_paper or since is None:
            assert (row["comments_since"], row["comments_change"]) == (None, None)
        else:
            change = of_paper[row["seen_on"]] - of_paper[since]
            assert (row["comments_since"], row["comments_change"]) == (since, change)


def test_duplicates_are_told_by_dump(release: dict[str, pl.DataFrame]) -> None:
    counts = [
        tuple(row[name] for name in ("n_entries", "repeats_within", "papers", "papers_elsewhere"))
        for row in rows(release, "duplicates_by_dump")
    ]
    assert counts == [(3, 0, 3, 1), (2, 0, 2, 1), (0, 0, 0, 0)]
    twice = release_of_folder(EXAMPLES)
    made = summarize.summarize(twice)["duplicates_by_dump"]
    assert (made["repeats_within"] + made["papers"]).sum() == twice["sightings"].height
    assert (made["papers_only_here"] + made["papers_elsewhere"]).equals(made["papers"])


def test_date_evidence_tells_what_dates_rest_on_and_how_many_stay_unknown() -> None:
    release = release_of_folder(EXAMPLES)
    made = summarize.summarize(release)["date_evidence"]
    overall = made.filter(scope="overall")
    counted = dict(overall.select("published_on_evidence", "rows").rows())
    papers = release["papers"]
    assert counted == dict(papers["published_on_evidence"].value_counts().rows())
    assert overall["total"].to_list() == [papers.height] * overall.height
    unknown = overall.filter(pl.col("published_on_evidence").is_null())
    # three of them have a day without its year on their pages, one has none at all
    assert unknown.select("rows", "with_date_text").rows() == [(4, 3)]
    of_dumps = made.filter(scope="dump")
    assert of_dumps["rows"].sum() == release["sightings"].height
    assert of_dumps.group_by("dump_id").agg(pl.col("share").sum())["share"].round(
        9
    ).unique().to_list() == [1]


def test_listing_overlap_has_each_two_dumps_once() -> None:
    made = rows(
        seen(
            ("b", None, {"p1": (1, 1), "p2": (1, 1), "p3": (1, 1)}),
            ("a", None, {"p1": (1, 1), "p2": (1, 1)}),
            ("c", None, {"p3": (1, 1), "p4": (1, 1)}),
        ),
        "listing_overlap",
    )
    columns = ("path", "other_path", "shared_papers", "papers", "other_papers", "share")
    assert [tuple(row[name] for name in columns) for row in made] == [
        ("a", "b", 2, 2, 3, 1.0),
        ("b", "c", 1, 3, 2, 0.5),
    ]


@pytest.mark.parametrize("name", dictionary.summary_names())
def test_a_summary_of_nothing_has_no_rows_or_zeros(name: str) -> None:
    release = {table: tables.frame_of(table, []) for table in dictionary.CONTENT}
    made = summarize.summarize(release)[name]
    assert made.columns == dictionary.table(f"summaries/{name}").column_names


def test_summaries_do_not_depend_on_the_order_of_rows() -> None:
    release = release_of_folder(EXAMPLES)
    turned = {name: frame.reverse() for name, frame in release.items()}
    made, again = summarize.summarize(release), summarize.summarize(turned)
    for name in summarize.SUMMARIES:
        if name not in ("completeness",):  # that follows the order of dumps
            assert again[name].equals(made[name]), name
