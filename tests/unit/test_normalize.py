from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import config, tables
from paperdump.dedupe import merging
from paperdump.normalize import dates, normalize, text

HOSTS = config.resolve({})["normalize"]["code_hosts"]
texts = st.text(st.characters(codec="utf-8"), max_size=60)


def apply(expression: pl.Expr, value: str | None) -> object:
    return pl.DataFrame({"x": [value]}, schema={"x": pl.String}).select(expression).item()


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  A \t Title ", "A Title"),
        ("A\u00a0Title\u2009of\nTides", "A Title of Tides"),
        ("Cafe\u0301", "Café"),
        ("A\0 Tit\x07le\ufeff", "A Title"),
        (" \n ", None),
        (None, None),
    ],
)
def test_a_line_is_cleaned(raw: str | None, clean: str | None) -> None:
    assert apply(text.clean_line(pl.col("x")), raw) == clean


def test_paragraphs_stay_apart_and_their_lines_are_joined() -> None:
    raw = " First\nparagraph. \n\n \n Second\x0c one.\n"
    assert apply(text.clean_paragraphs(pl.col("x")), raw) == "First paragraph.\n\nSecond one."


@given(texts)
def test_cleaning_is_idempotent(raw: str) -> None:
    for clean in (text.clean_line, text.clean_paragraphs):
        once = apply(clean(pl.col("x")), raw)
        assert apply(clean(pl.col("x")), once) == once  # type: ignore[arg-type]


@given(st.text("aB é\ufb01\uff11-–_#&\u00a0\u3000\n\0,.") | texts)
def test_a_key_is_what_its_definition_says(raw: str) -> None:
    plain = pl.col("x").str.normalize("NFKC").str.to_lowercase()
    parted = plain.str.replace_all(r"[[\p{P}\p{Z}\p{C}]--[#*%@&]]+", " ")
    key = parted.str.replace_all(r" ?([#*%@&]) ?", "$1").str.strip_chars(" ")
    assert apply(text.title_key(pl.col("x")), raw) == (apply(key, raw) or raw)


@pytest.mark.parametrize(
    "variant",
    ["Tidal Nets: a Study", "TIDAL NETS — A STUDY", "tidal nets a study.", "“Tidal” nets; a study"],
)
def test_titles_that_differ_in_case_and_punctuation_have_one_key(variant: str) -> None:
    key = text.title_key(pl.col("x"))
    assert apply(key, variant) == apply(key, "Tidal Nets: A Study")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C++"),
        ("C", "C#"),
        ("Part I", "Part II"),
        ("2D", "3D"),
        ("?", "!"),
        ("A", "A*"),
        ("R&D", "R/D"),
        ("@5", "5"),
    ],
)
def test_titles_of_different_things_have_different_keys(one: str, other: str) -> None:
    key = text.title_key(pl.col("x"))
    assert apply(key, one) != apply(key, other)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("May 28, 2024", dt.date(2024, 5, 28)),
        ("Feb 29, 2024", dt.date(2024, 2, 29)),
        ("Feb 29, 2023", None),
        ("Dec 1, 2019", dt.date(2019, 12, 1)),
        ("September 9, 2019", dt.date(2019, 9, 9)),
        ("Oct\u00a010, 2023", dt.date(2023, 10, 10)),
        ("Dec 1, 9999", None),
        ("Dec 1, 0000", None),
        ("Dec 1, ٢٠٢٣", None),
        ("May 28", None),
        ("Yesterday", None),
        (None, None),
    ],
)
def test_a_date_stated_in_full_is_a_day(written: str | None, day: dt.date | None) -> None:
    assert apply(dates.stated_date(pl.col("x")), written) == day


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Jun 10", (6, 10, None)),
        ("Feb 29", (2, 29, None)),
        ("Feb 30", (None, None, None)),
        ("Feb 29, 2023", (None, None, None)),
        ("Jun 10, 2025", (6, 10, 2025)),
        ("Jun 10, 9999", (None, None, None)),
        ("Jun 10, 0000", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_the_parts_of_a_written_date(written: str | None, parts: tuple[int | None, ...]) -> None:
    assert tuple(dates.read_date(written)) == parts


def test_a_leap_day_waits_for_a_leap_year() -> None:
    assert dates.earliest_in_or_after(2025, 2, 29) == dt.date(2028, 2, 29)
    assert dates.earliest_in_or_after(2025, 6, 10) == dt.date(2025, 6, 10)


def test_an_entry_is_normalized_whole() -> None:
    entry = {
        "entry_id": "d0-00001",
        "dump_id": "d0",
        "position": 1,
        "title": "A  Title",
        "abstract": "Two\nlines; github.com/a/b.",
        "organization_text": "tide-lab Tide Lab",
        "date_text": "May 28, 2024",
        "n_comments": 3,
    }
    [row] = normalize(tables.frame_of("work/entries", [entry]), HOSTS).to_dicts()
    assert row["title"] == "A  Title"
    assert row["clean_title"] == "A Title"
    assert row["clean_abstract"] == "Two lines; github.com/a/b."
    assert (row["organization_slug"], row["organization_name"]) == ("tide-lab", "Tide Lab")
    assert (row["published_on"], row["published_on_evidence"]) == (dt.date(2024, 5, 28), "stated")
    assert row["code_urls"] == ["https://github.com/a/b"]
    assert (row["n_comments"], row["n_upvotes"], row["arxiv_id"]) == (3, None, None)


@pytest.mark.parametrize(
    ("on_the_page", "kept"),
    [("Two\nlines.", "Two\nlines."), ("One line.", None), (" ", " "), (None, None)],
)
def test_an_abstract_is_kept_as_listed_where_cleaning_changes_it(
    on_the_page: str | None, kept: str | None
) -> None:
    entry = {"entry_id": "e", "dump_id": "d", "position": 1, "title": "T", "abstract": on_the_page}
    made = normalize(tables.frame_of("work/entries", [entry]), HOSTS)
    assert made["listed_abstract"].to_list() == [kept]
    assert merging.as_listed(made)["abstract"].to_list() == [on_the_page]


def test_a_date_without_a_year_has_no_evidence() -> None:
    entry = {"entry_id": "e", "dump_id": "d", "position": 1, "title": "T", "date_text": "May 28"}
    [row] = normalize(tables.frame_of("work/entries", [entry]), HOSTS).to_dicts()
    assert (row["published_on"], row["published_on_evidence"], row["urls"]) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "year", "day"),
    [
        ("2024-05-28T17:59:29.000Z", 2024, dt.date(2024, 5, 28)),
        ("2024-05-28", 2024, dt.date(2024, 5, 28)),
        ("2024/5/8", 2024, dt.date(2024, 5, 8)),
        ("2024-05-28 10:00:00", 2024, dt.date(2024, 5, 28)),
        ("Mon, 2 Apr 2007 19:18:42 GMT", 2007, dt.date(2007, 4, 2)),
        ("2 April 2007", 2007, dt.date(2007, 4, 2)),
        ("2024-05", 2024, None),
        ("2024", 2024, None),
        ("2024-02-30", 2024, None),
        ("2024-13-01", 2024, None),
        ("0001-01-01", None, None),
        ("spring 2024", None, None),
    ],
)
def test_dates_of_records_are_read_as_far_as_they_are_given(
    text: str, year: int | None, day: dt.date | None
) -> None:
    frame = pl.DataFrame({"t": [text]})
    read = frame.select(year=dates.stated_year(pl.col("t")), day=dates.stated_date(pl.col("t")))
    assert read.row(0) == (year, day)


def test_a_field_that_no_other_entry_has_makes_no_difference_to_an_entry() -> None:
    bare = {"entry_id": "d0-00001", "dump_id": "d0", "position": 1, "title": "Tidal Nets"}
    full = bare | {
        "entry_id": "d0-00002",
        "position": 2,
        "abstract": "Of tides.",
        "authors": ["Mara Quill"],
        "organization_text": "tides Tidal Institute",
        "organization_slug": "tides",
        "organization_name": "Tidal Institute",
        "date_text": "May 28, 2024",
        "listed_text": "2024-05-29",
        "updated_text": "2024-05-30",
        "arxiv_text": "2405.01234",
        "doi_text": "10.1000/tides",
        "link_texts": ["https://x.org/p"],
        "categories": ["cs.LG"],
        "journal_ref": "Tides  3",
    }
    both = normalize(tables.frame_of("work/entries", [bare, full]), HOSTS)
    for place, entry in enumerate((bare, full)):
        alone = normalize(tables.frame_of("work/entries", [entry]), HOSTS)
        assert alone.equals(both[place : place + 1])
    assert both["doi"].to_list() == [None, "10.1000/tides"]
    assert both["published_on"].to_list() == [None, dt.date(2024, 5, 28)]
