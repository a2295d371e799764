"""The years that pages leave out: what follows from other pages, and what does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.dedupe import dating, page_days
from paperdump.dedupe.dating import Inference
from paperdump.report import contradiction_message
from tests.conftest import tried
from tests.worlds import Page, Shown, tables_of_world

NEVER = Inference(enabled=False, min_dates=1, min_in_year=1)
TWO = Inference(enabled=True, min_dates=3, min_in_year=2)


def dated(*pages: Page, inference: Inference = NEVER) -> dating.Dated:
    dumps, entries = tables_of_world(pages)
    return dating.resolve(dumps, entries, inference)


def days(*pages: Page, inference: Inference = NEVER) -> list[tuple[dt.date | None, str | None]]:
    """The day of each page and what its year rests on."""
    found = dated(*pages, inference=inference).dumps
    return list(zip(found["snapshot_on"], found["year_evidence"], strict=True))


def bounds(*pages: Page) -> list[tuple[Any, ...]]:
    """The bounds of each page, each with its evidence."""
    names = [
        f"snapshot_{side}{what}" for side in ("earliest", "latest") for what in ("", "_evidence")
    ]
    return list(dated(*pages).dumps.select(names).iter_rows())


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def listing(text: str, *shown: tuple[int, str | None], **facts: Any) -> Page:
    """A page of a day that lists papers with their days."""
    entries = [Shown(paper, day(when) if when else None) for paper, when in shown]
    return Page(day(text), entries, **facts)


def test_a_date_written_in_full_elsewhere_gives_the_page_its_year() -> None:
    old = listing("2025-12-12", (1, "2025-01-21"), (2, "2024-03-01"))
    new = listing("2026-06-10", (1, "2025-01-21"))
    assert days(old, new)[0] == (day("2025-12-12"), "confirmed")
    [first, _] = dated(old, new).dumps.to_dicts()
    assert first["snapshot_latest_evidence"] == "dated_elsewhere"
    assert first["snapshot_latest_entry_id"].endswith("0-00001")
    assert first["snapshot_latest_witness_id"].endswith("1-00001")


def test_the_dates_of_a_page_follow_its_year() -> None:
    old = listing("2025-12-12", (1, "2025-01-21"), (3, "2025-11-30"), (4, None))
    new = listing("2026-06-10", (1, "2025-01-21"))
    rows = dated(old, new).entries.select("published_on", "published_on_evidence").rows()
    assert rows == [
        (day("2025-01-21"), "confirmed"),
        (day("2025-11-30"), "confirmed"),
        (None, None),
        (day("2025-01-21"), "stated"),
    ]


@pytest.mark.parametrize("utc", ["2025-01-20", "2025-01-21", "2025-01-22"])
def test_a_record_may_be_a_day_off(utc: str) -> None:
    page = listing("2025-12-12", (1, "2025-01-21"))
    assert days(page, listing("2026-01-01", (1, utc), writes_years=True))[0][1] == "confirmed"


def test_a_date_two_days_off_says_nothing() -> None:
    page = listing("2025-12-12", (1, "2025-01-21"))
    found = dated(page, listing("2026-01-01", (1, "2025-01-23"), writes_years=True))
    assert found.dumps["year_evidence"][0] is None
    assert found.contradictions.is_empty()


@pytest.mark.parametrize(
    ("shown", "utc", "viewed"),
    [("2024-12-31", "2025-01-01", "2024-12-31"), ("2025-01-01", "2024-12-31", "2025-03-01")],
)
def test_a_day_off_may_cross_new_year(shown: str, utc: str, viewed: str) -> None:
    page = listing(viewed, (1, shown))
    record = listing("2026-01-01", (1, utc), writes_years=True)
    found = dated(page, record)
    assert found.dumps["snapshot_on"][0] == day(viewed)
    assert found.entries["published_on"][0] == day(shown)


def test_pages_without_years_that_share_a_paper_are_of_one_year() -> None:
    pages = [
        listing("2025-06-10", (1, "2025-02-03")),
        listing("2025-08-01", (1, "2025-02-03"), (2, "2025-07-01")),
        listing("2025-12-24", (2, "2025-07-01"), (3, "2025-12-01")),
        listing("2026-02-01", (3, "2025-12-01")),
    ]
    assert [when for when, _ in days(*pages)[:3]] == [page.day for page in pages[:3]]


def test_a_page_was_captured_after_its_papers_were_published() -> None:
    lost = listing("2026-03-11", (1, None))
    witness = listing("2026-06-10", (1, "2025-03-20"))
    assert bounds(lost, witness)[0] == (day("2026-03-11"), "published_by", None, None)


def test_written_years_lie_before_the_pages_own() -> None:
    page = listing("2026-06-10", (1, "2025-05-03"), (2, "2026-01-01"))
    assert bounds(page) == [(day("2026-06-10"), "stated_years", None, None)]


def test_records_always_write_the_year_so_it_says_nothing_of_their_own() -> None:
    records = listing("2026-06-10", (1, "2026-05-03"), writes_years=True)
    assert bounds(records) == [(day("2026-05-03"), "published_by", None, None)]


def test_a_paper_listed_by_a_known_day_bounds_its_year_above() -> None:
    page = listing("2025-06-10", (1, "2025-05-03"), (2, "2024-05-03"))
    known = listing("2025-08-01", (1, None), captured=True)
    assert days(page, known)[0] == (day("2025-06-10"), "confirmed")
    assert bounds(page, known)[0][2:] == (day("2025-06-10"), "listed_elsewhere")


def test_an_arxiv_identifier_bounds_the_page_and_the_date() -> None:
    page = Page(day("2025-06-10"), [Shown(1, None, "2505.00001")])
    assert bounds(page) == [(day("2025-06-10"), "arxiv_id", None, None)]
    old = Page(day("1999-06-10"), [Shown(1, None, "hep-th/9901001")])
    assert bounds(old) == [(day("1999-06-10"), "arxiv_id", None, None)]


def test_a_paper_may_be_held_for_weeks_before_it_gets_its_identifier() -> None:
    page = Page(day("2026-10-02"), [Shown(1, day("2026-05-08"), "2606.00001")], captured=True)
    found = dated(page)
    assert found.contradictions.is_empty()
    assert found.entries["published_on"][0] == day("2026-05-08")


def test_29_february_waits_for_a_leap_year() -> None:
    page = listing("2028-02-29", (1, "2025-05-03"), (2, "2028-01-05"))
    assert bounds(page)[0][0] == day("2028-02-29")
    entry = listing("2024-03-02", (1, "2024-02-29"))
    witness = listing("2024-03-05", (1, "2024-02-29"), writes_years=True)
    assert days(entry, witness)[0] == (day("2024-03-02"), "confirmed")


def test_28_february_and_1_march_may_be_a_day_apart() -> None:
    page = listing("2025-06-10", (1, "2025-02-28"))
    assert days(page, listing("2026-01-01", (1, "2025-03-01"), writes_years=True))[0][1] == (
        "confirmed"
    )


def contradictory(**facts: Any) -> tuple[Page, ...]:
    """A page one of whose dates is of another year in other dumps than the other."""
    page = listing("2025-06-10", (1, "2025-02-03"), (2, "2025-03-04"), **facts)
    return (
        page,
        listing("2026-01-01", (1, "2025-02-03"), writes_years=True),
        listing("2026-01-01", (2, "2024-03-04"), writes_years=True),
    )


def test_a_contradiction_is_reported_with_its_evidence_and_gives_no_year() -> None:
    found = dated(*contradictory())
    assert found.dumps["year_evidence"][0] is None
    assert found.entries["published_on"].to_list()[:2] == [None, None]
    earliest, latest = found.contradictions.to_dicts()
    assert (earliest["bound_side"], earliest["bound"]) == ("earliest", day("2025-06-10"))
    assert (latest["bound_side"], latest["bound"]) == ("latest", day("2024-06-10"))
    assert earliest["entry_id"].endswith("0-00001")
    assert earliest["witness_id"].endswith("1-00001")
    assert latest["entry_id"].endswith("0-00002")
    assert latest["witness_id"].endswith("2-00001")
    assert "00001.txt, line 10" in earliest["message"]
    assert "sheet of dumps" in earliest["message"]


def test_the_end_of_a_run_tells_of_contradictions(tmp_path: Path) -> None:
    file = tmp_path / "contradictions.parquet"
    dated(*contradictory()).contradictions.write_parquet(file)
    assert contradiction_message(file) == (
        "What is known of the day of 1 dump contradicts itself; contradictions.parquet says by "
        "which entries."
    )
    dated(*contradictory()[:1]).contradictions.write_parquet(file)
    assert contradiction_message(file) is None


def test_a_day_that_is_stated_stands_against_a_contradiction_which_is_reported() -> None:
    found = dated(*contradictory(captured=True))
    assert found.dumps["snapshot_on"][0] == day("2025-06-10")
    assert found.entries["published_on"][0] == day("2025-02-03")
    assert found.contradictions.height == 2


def test_nothing_follows_from_a_page_whose_evidence_contradicts_itself() -> None:
    page, *witnesses = contradictory()
    third = listing("2025-08-01", (5, "2025-04-01"))
    both = listing(
        "2025-06-10",
        *((e.paper, e.day and e.day.isoformat()) for e in page.entries),
        (5, "2025-04-01"),
    )
    assert days(both, *witnesses, third)[3] == (None, None)


def test_pages_whose_years_chase_each_other_are_a_contradiction() -> None:
    # by the first paper the second page is of the year before, by the other of the same one
    one = listing("2025-06-10", (1, "2025-01-01"), (2, "2025-06-01"), (3, "2024-05-05"))
    two = Page(day("2025-12-31"), [Shown(1, day("2025-12-31")), Shown(2, day("2025-06-01"))])
    found = dated(one, two)
    assert found.contradictions.height >= 1
    assert found.dumps["snapshot_on"].to_list() == [None, None]


def test_a_year_is_inferred_from_enough_entries_of_the_year_before() -> None:
    page = listing("2026-06-10", (1, "2025-05-03"), (2, "2025-04-01"), (3, "2026-01-01"))
    assert days(page, inference=TWO) == [(day("2026-06-10"), "inferred")]
    more_dates, more_in_year = replace(TWO, min_dates=4), replace(TWO, min_in_year=3)
    for never in (more_dates, more_in_year, NEVER):
        assert days(page, inference=never) == [(None, None)]
    found = dated(page, inference=TWO)
    assert found.entries["published_on_evidence"].to_list() == ["stated", "stated", "inferred"]
    assert found.dumps["snapshot_latest"].to_list() == [None]


def test_what_follows_from_an_inferred_year_is_inferred() -> None:
    page = listing("2026-06-10", (1, "2025-05-03"), (2, "2025-04-01"), (3, "2026-01-01"))
    other = listing("2026-07-01", (3, "2026-01-01"), (4, "2026-02-01"))
    assert days(page, other, inference=TWO)[1] == (
        day("2026-07-01"),
        "inferred",
    )


def test_an_inference_that_contradicts_what_is_known_is_not_made() -> None:
    # the page is of 2027, and lists nothing of 2026
    page = listing("2027-06-10", (1, "2025-05-03"), (2, "2025-04-01"), (3, "2027-01-01"))
    other = listing("2028-07-01", (3, "2027-01-01"), (4, "2027-02-01"), (5, "2028-02-02"))
    found = dated(page, other, inference=TWO)
    assert found.dumps["snapshot_on"].to_list()[0] == day("2027-06-10")


def told(*pages: Page) -> list[str]:
    return [note for notes in dated(*pages).dumps["notes"] for note in notes]


def test_a_date_after_the_pages_own_day_is_said_and_left_unknown() -> None:
    page = Page(
        day("2025-06-10"), [Shown(1, day("2025-12-05")), Shown(2, day("2025-01-01"))], captured=True
    )
    found = dated(page)
    assert found.entries["published_on"].to_list() == [None, day("2025-01-01")]
    assert told(page) == ["1 date is after the page's own day and left unknown: line 10 (Dec 5)."]


def test_a_day_that_does_not_exist_is_said() -> None:
    dumps, entries = tables_of_world([listing("2025-06-10", (1, "2025-01-01"))])
    odd = entries.with_columns(
        date_text=pl.lit("Feb 30"),
        shown_month=pl.lit(None, pl.Int16),
        shown_day=pl.lit(None, pl.Int16),
    )
    [notes] = dating.resolve(dumps, odd, NEVER).dumps["notes"].to_list()
    assert notes == ["1 date is no day of the calendar and left unknown: line 10 (Feb 30)."]


def test_a_leap_day_on_a_page_of_another_year_is_said() -> None:
    page = listing("2024-06-10", (1, "2024-02-29"), captured=True)
    dumps, entries = tables_of_world([page])
    dumps = dumps.with_columns(captured_text=pl.lit("2025-06-10"))
    [notes] = dating.resolve(dumps, entries, NEVER).dumps["notes"].to_list()
    assert notes == [
        "1 date is no day of 2025, the page's year and left unknown: line 10 (Feb 29)."
    ]


def test_a_world_without_dumps_has_no_days() -> None:
    assert dated().dumps.is_empty()


def stated(**facts: Any) -> dict[str, Any]:
    """What a dump states of its page's day."""
    row = {
        "dump_id": "d",
        "listing_text": None,
        "captured_text": None,
        "date_links": None,
        "sheet_snapshot_on": None,
    } | facts
    schema = {
        "date_links": pl.List(pl.String),
        "sheet_snapshot_on": pl.Date,
        "listing_text": pl.String,
        "captured_text": pl.String,
    }
    return page_days.stated(pl.DataFrame([row], schema_overrides=schema)).to_dicts()[0]


def captured(time: str, shown: str) -> dict[str, str]:
    return {"captured_text": time, "listing_text": shown}


@pytest.mark.parametrize(
    ("facts", "expected", "kind"),
    [
        (captured("2026-06-10T16:31:22Z", "Jun 10"), "2026-06-10", "captured"),
        (captured("2026-06-11T01:00:00Z", "Jun 10"), "2026-06-10", "captured"),
        (captured("2026-01-01", "Dec 31"), "2025-12-31", "captured"),
        (captured("2025-12-31", "Jan 1"), "2026-01-01", "captured"),
        ({"captured_text": "2026-06-10"}, "2026-06-10", "captured"),
        ({"listing_text": "Jun 10, 2025"}, "2025-06-10", "stated"),
        ({"listing_text": "Jun 10", "date_links": ["2026-06-09"]}, "2026-06-10", "date_links"),
        ({"listing_text": "Jan 2", "date_links": ["2025-12-31"]}, "2026-01-02", "date_links"),
        ({"listing_text": "Jun 10", "sheet_snapshot_on": day("2024-06-11")}, "2024-06-11", "sheet"),
    ],
)  # fmt: skip
def test_what_a_dump_states_of_its_day(facts: dict[str, Any], expected: str, kind: str) -> None:
    found = stated(**facts)
    assert [found[name] for name in ("earliest", "latest", "earliest_kind", "latest_kind")] == [
        day(expected), day(expected), kind, kind,
    ]  # fmt: skip


def test_a_page_older_than_its_capture_is_bounded_by_it() -> None:
    found = stated(captured_text="2026-07-28", listing_text="Mar 25")
    assert (found["earliest"], found["latest"], found["latest_kind"]) == (
        None, day("2026-07-28"), "captured",
    )  # fmt: skip


def test_links_to_days_far_from_the_pages_own_give_no_year() -> None:
    found = stated(listing_text="Jun 10", date_links=["2026-01-05"])
    assert (found["earliest"], found["latest"]) == (None, None)


@st.composite
def worlds(draw: st.DrawFn) -> list[Page]:
    """Pages that tell the truth, at any days, of papers that they share."""
    published = draw(
        st.lists(st.dates(day("2021-11-01"), day("2025-03-01")), min_size=1, max_size=8)
    )
    pages = []
    for _ in range(draw(st.integers(1, 7))):
        viewed = draw(st.dates(day("2023-11-15"), day("2026-02-15")))
        records = draw(st.booleans())
        # records tell the day of another time zone
        off = dt.timedelta(days=draw(st.integers(0, 1))) if records else dt.timedelta()
        numbers = draw(st.lists(st.integers(0, len(published) - 1), max_size=8, unique=True))
        shown = [
            Shown(
                number,
                None if draw(st.integers(0, 5)) == 0 else published[number] + off,
                f"{published[number]:%y%m}.00001" if draw(st.integers(0, 3)) == 0 else None,
            )
            for number in numbers
            if published[number] + off <= viewed
        ]
        pages.append(
            Page(
                viewed,
                shown,
                writes_years=records,
                has_day=draw(st.integers(0, 4)) > 0,
                captured=draw(st.integers(0, 4)) == 0,
            )
        )
    return pages


@tried(60)
@given(worlds())
def test_what_is_confirmed_is_true_and_bounds_hold_the_truth(pages: Sequence[Page]) -> None:
    found = dated(*pages)
    assert found.contradictions.is_empty()
    for page, row in zip(pages, found.dumps.to_dicts(), strict=True):
        assert row["snapshot_on"] in (None, page.day)
        if row["snapshot_earliest"] and page.has_day and not page.writes_years:
            assert row["snapshot_earliest"] <= page.day
        if row["snapshot_latest"]:
            assert row["snapshot_latest"] >= page.day
    wrong = found.entries.filter(pl.col("published_on") != pl.col("truth"))
    assert wrong.is_empty()


@tried(30)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_dumps_and_rows_makes_no_difference(
    pages: Sequence[Page], random: Any
) -> None:
    dumps, entries = tables_of_world(pages)
    inference = Inference(enabled=True, min_dates=1, min_in_year=1)
    one = dating.resolve(dumps, entries, inference)
    order = list(range(dumps.height))
    random.shuffle(order)
    two = dating.resolve(dumps[order], entries, inference)
    assert one.dumps.equals(two.dumps.sort("dump_id"))
    assert one.entries.equals(two.entries)
    assert one.contradictions.equals(two.contradictions)
