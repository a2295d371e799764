"""How alike two entries are: names of authors, titles that name nothing, scores of pairs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.dedupe import likeness, titles
from paperdump.dedupe.limits import Limits
from paperdump.normalize import signatures
from tests.conftest import tried

LIMITS = Limits(
    abstract_same=0.7,
    abstract_like=0.3,
    title_like=0.85,
    min_title_words=4,
    min_abstract_words=20,
)
SCHEMA = {
    "dump_id": pl.String,
    "clean_title": pl.String,
    "clean_abstract": pl.String,
    "authors": pl.List(pl.String),
    "n_authors": pl.Int32,
    "published_on": pl.Date,
    "date_text": pl.String,
    "journal_ref": pl.String,
    "arxiv_id": pl.String,
    "doi": pl.String,
}
PLAIN: dict[str, Any] = dict.fromkeys(SCHEMA) | {"dump_id": "a", "clean_title": "Tidal Waves"}
DAY = dt.date(2024, 12, 30)
ABSTRACTS = st.none() | st.lists(
    st.sampled_from([f"word{n}" for n in range(40)]), min_size=1, max_size=60
).map(" ".join)

Entry = dict[str, Any]


def keyed(*rows: Entry) -> pl.DataFrame:
    frame = pl.DataFrame([PLAIN | row for row in rows], schema=SCHEMA)
    return likeness.with_keys(signatures.with_signatures(frame), LIMITS)


def compare(one: Entry, other: Entry) -> dict[str, Any]:
    """What is known of a pair, the same whatever its order."""
    pairs = pl.DataFrame({"one": [0, 1], "other": [1, 0]}, schema_overrides={"one": pl.UInt32})
    found, turned = likeness.compare(keyed(one, other), pairs).drop("one", "other").to_dicts()
    assert found == turned
    return found


@pytest.mark.parametrize(
    ("entry", "year"),
    [
        ({"published_on": DAY, "date_text": "2020"}, 2024),
        ({"date_text": "May 1996"}, 1996),
        ({"date_text": "(1996b)"}, 1996),
        ({"clean_title": "Doe, J. (1997). Tidal Waves"}, 1997),
        ({"journal_ref": "Proceedings of the 1991 Workshop on Tides"}, 1991),
        ({"date_text": "1994", "journal_ref": "Proceedings of Tides 1993"}, 1994),
        ({"journal_ref": "In TIDES-91"}, 1991),
        ({"journal_ref": "Tides '05, pp. 3-9"}, 2005),
        ({"journal_ref": "Tides 88: Proceedings of the Workshop"}, 1988),
        ({"journal_ref": "Report of Tides TR-94-33"}, None),
        ({"journal_ref": "Tidal Letters 88"}, None),
        # what a title tells of
        ({"clean_title": "Tides of 1953"}, None),
        ({"date_text": "12345"}, None),
        ({}, None),
    ],
)
def test_the_year_of_an_entry_stands_with_its_date_its_title_or_its_venue(
    entry: Entry, year: int | None
) -> None:
    assert keyed(entry)["year"].to_list() == [year]


@pytest.mark.parametrize(
    ("entry", "is_edition"),
    [
        ({"date_text": "1994"}, True),
        ({"published_on": DAY}, False),
        ({"published_on": DAY, "journal_ref": "Tidal Letters"}, True),
        ({"journal_ref": "Proceedings of the Symposium on Tides"}, True),
        ({"journal_ref": "Unpublished"}, False),
        ({"date_text": "1994", "journal_ref": "Tidal Research Laboratory"}, False),
        # what a note says of another version is not the venue
        ({"journal_ref": "An extended abstract appeared in Proc. of Tides"}, False),
        ({"journal_ref": "Journal of Tides", "arxiv_id": "2401.00001"}, False),
        ({}, False),
    ],
)
def test_a_publication_is_known_by_its_year_or_its_venue(entry: Entry, is_edition: bool) -> None:
    assert keyed(entry)["is_edition"].to_list() == [is_edition]


def family_names(*authors: str) -> list[str] | None:
    frame = pl.DataFrame({"authors": [list(authors)]}, schema={"authors": pl.List(pl.String)})
    [found] = frame.select(likeness.family_names(pl.col("authors"))).to_series().to_list()
    return found  # type: ignore[no-any-return]


def is_generic(title: str) -> bool:
    words = signatures.title_words(pl.Series([title])).alias("title_words").to_frame()
    return bool(words.select(likeness.is_generic(pl.col("title_words"))).item())


def text_of(begin: int, end: int) -> str:
    return " ".join(f"word{n}" for n in range(begin, end))


@pytest.mark.parametrize(
    ("author", "family"),
    [
        ("Jane Doe", "doe"),
        ("Doe, Jane", "doe"),
        ("J. Doe", "doe"),
        ("J.A. Doe", "doe"),
        ("Doe J.", "doe"),
        ("Doe J.A.", "doe"),
        ("DOE", "doe"),
        ("Jane van der Doe", "doe"),
        ("Jane Doe Jr.", "doe"),
        ("Doe, Jr., Jane", "doe"),
        ("Jane Doe III", "doe"),
        ("Jane Doe, PhD", "doe"),
        ("Jane D'Oé", "doe"),
        ("Jane D’Oe", "doe"),
        ("Jane Doe-Roe", "doeroe"),
        ("Jané Döe", "doe"),
        ("Jane Doe1,2", "doe"),
        ("Jane Doe*", "doe"),
        ("王小明", "王小明"),
        ("Джейн Доу", "доу"),
    ],
)
def test_the_family_name_of_an_author(author: str, family: str) -> None:
    assert family_names(author) == [family]


@given(st.lists(st.sampled_from(["Jane Doe", "Doe, J.", "A. Roe", "Li, B.", "Ana Ortiz"])))
def test_family_names_are_in_order_and_each_once(authors: list[str]) -> None:
    found = family_names(*authors)
    assert (found or []) == sorted(set(found or []))
    assert bool(found) == bool(authors)
    assert found == family_names(*authors[::-1]) == family_names(*authors, *authors)


@pytest.mark.parametrize("authors", [[], [""], ["J."], ["et al."], ["1", "—"]], ids=str)
def test_where_no_name_is_left_there_are_no_names(authors: list[str]) -> None:
    assert family_names(*authors) is None


@pytest.mark.parametrize(
    "title",
    [
        "Editorial",
        "Guest Editorial",
        "Preface",
        "Foreword to the Special Issue",
        "Introduction",
        "Editor's Note",
        "Book Reviews",
        "Front Matter",
        "Call for Papers",
        "In Memoriam",
        "Editorial, Volume 12, Number 3",
        "Untitled",
        "2019",
    ],
)
def test_titles_that_name_no_paper(title: str) -> None:
    assert is_generic(title)


@pytest.mark.parametrize(
    "title",
    [
        "Tides",
        "Editorial: Tides",
        "A Review of Tides",
        "Introduction to Waves",
        "Preface to Oceans",
    ],
)
def test_titles_that_name_a_paper(title: str) -> None:
    assert not is_generic(title)


def test_a_title_that_a_dump_lists_for_several_teams_names_no_paper() -> None:
    teams = [{"authors": [name]} for name in ("Jane Doe", "Ana Ortiz", "Kim Roe")]
    entries = keyed(*teams, *({"dump_id": "b"} | team for team in teams))
    pairs = pl.DataFrame(
        {"one": [0, 0, 1, 3], "other": [1, 2, 2, 0]}, schema_overrides={"one": pl.UInt32}
    )

    def generic(rows: list[int]) -> list[bool]:
        compared = likeness.compare(entries, pairs[rows])
        return likeness.with_recurring(compared, entries)["is_generic"].to_list()

    assert generic([0, 1, 2]) == [True, True, True]
    # also where the same title is compared across dumps
    assert generic([0, 1, 2, 3]) == [True, True, True, True]
    # once is no habit
    assert generic([0, 3]) == [False, False]
    # nor is one entry that names its authors in another way than all others
    assert generic([0, 1]) == [False, False]


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        (["Jane Doe"], ["J. Doe"], 1.0),
        (["Jane Doe", "Kim Roe"], ["Roe, K.", "Doe, J."], 1.0),
        (["Jane Doe", "Kim Roe", "Ana Ortiz"], ["Jane Doe"], 1.0),
        (["Jane Doe", "Kim Roe"], ["Jane Doe", "Ana Ortiz"], 0.5),
        (["Jane Doe"], ["Bo Chen"], 0.0),
        (["Jane Doe"], None, None),
        (None, None, None),
        (["Jane Doe"], [], None),
    ],
)
def test_the_score_of_authors(
    one: list[str] | None, other: list[str] | None, score: float | None
) -> None:
    assert compare({"authors": one}, {"authors": other})["author_score"] == score


def test_names_that_were_misspelled_are_not_strangers() -> None:
    found = compare({"authors": ["Jane Schwarzenberg"]}, {"authors": ["Jane Schwartzenberg"]})
    assert 0.8 <= found["author_score"] < 1


@given(ABSTRACTS, ABSTRACTS)
@tried(30)
def test_the_score_of_abstracts_is_the_share_of_the_smaller_one_s_shingles(
    one: str | None, other: str | None
) -> None:
    def shingles(text: str) -> set[tuple[str, ...]]:
        of = text.split()
        return {tuple(of[n : n + 3]) for n in range(len(of) - 2)}

    score = compare({"clean_abstract": one}, {"clean_abstract": other})["abstract_score"]
    if any(text is None or len(text.split()) < LIMITS.min_abstract_words for text in (one, other)):
        assert score is None
    else:
        first, second = shingles(one or ""), shingles(other or "")
        expected = len(first & second) / min(len(first), len(second))
        assert score == pytest.approx(expected)


def test_a_part_of_an_abstract_is_all_in_it() -> None:
    found = compare({"clean_abstract": text_of(0, 90)}, {"clean_abstract": text_of(30, 60)})
    assert found["abstract_score"] == 1


@pytest.mark.parametrize(
    ("one", "other", "days", "years"),
    [
        ({"published_on": DAY}, {"published_on": DAY}, 0, 0),
        # a year's end is no year
        ({"published_on": DAY}, {"published_on": DAY + dt.timedelta(7)}, 7, 0),
        ({"published_on": DAY}, {"published_on": DAY + dt.timedelta(40)}, 40, 1),
        ({"published_on": DAY}, {}, None, None),
        ({"date_text": "1997"}, {"date_text": "May 1995"}, None, 2),
        ({"date_text": "1997"}, {"published_on": DAY}, None, 27),
        ({"date_text": "soon"}, {"published_on": DAY}, None, None),
    ],
)
def test_how_far_dates_are_apart(
    one: Entry, other: Entry, days: int | None, years: int | None
) -> None:
    found = compare(one, other)
    assert (found["days_apart"], found["years_apart"]) == (days, years)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"arxiv_id": "2501.00001"}, {"arxiv_id": "2501.00001"}, {"same_arxiv_id"}),
        ({"arxiv_id": "2501.00001"}, {"arxiv_id": "2501.00002"}, {"other_arxiv_id"}),
        ({"arxiv_id": "2501.00001"}, {}, set()),
        ({"doi": "10.1000/x"}, {"doi": "10.1000/x"}, {"same_doi"}),
        ({"doi": "10.1000/x"}, {"doi": "10.1000/y"}, {"other_doi"}),
        ({"doi": "10.1101/x"}, {"doi": "10.1101/y"}, {"other_doi"}),
        # a preprint and what it became
        ({"doi": "10.1101/x"}, {"doi": "10.1000/y"}, set()),
        ({"arxiv_id": "2501.00001", "doi": "10.1101/x"}, {"doi": "10.1101/y"}, set()),
        ({"arxiv_id": "2501.00001", "doi": "10.1000/x"}, {"doi": "10.1000/y"}, {"other_doi"}),
        (
            {"arxiv_id": "2501.00001", "doi": "10.1000/x"},
            {"arxiv_id": "2501.00001", "doi": "10.1000/y"},
            {"same_arxiv_id", "other_doi"},
        ),
    ],
)
def test_identifiers_are_the_same_others_or_unknown(
    one: Entry, other: Entry, found: set[str]
) -> None:
    names = {f"{kind}_{name}" for kind in ("same", "other") for name in ("arxiv_id", "doi")}
    compared = compare(one, other)
    assert {name for name in names if compared[name]} == found


MEETING, JOURNAL = "Proceedings of the Tidal Conference", "Journal of Tides"


@pytest.mark.parametrize(
    ("one", "other", "editions", "other_kind"),
    [
        ({"date_text": "1997"}, {"date_text": "1998"}, True, None),
        ({"date_text": "1997", "journal_ref": MEETING}, {"date_text": "1998"}, True, None),
        (
            {"date_text": "1997", "journal_ref": MEETING},
            {"date_text": "1998", "journal_ref": JOURNAL},
            True,
            True,
        ),
        (
            {"date_text": "1997", "journal_ref": JOURNAL},
            {"date_text": "1998", "journal_ref": JOURNAL},
            True,
            False,
        ),
        # of a preprint the year is that of a version
        ({"date_text": "1997"}, {"date_text": "1998", "arxiv_id": "9801.00001"}, False, None),
        ({"date_text": "1997"}, {"date_text": "1998", "doi": "10.1101/x"}, False, None),
        ({"date_text": "1997"}, {"date_text": "1998", "journal_ref": "CoRR"}, False, None),
        # a day is that of a listing, where no venue is known
        ({"published_on": DAY}, {"published_on": DAY}, False, None),
        ({"published_on": DAY, "journal_ref": JOURNAL}, {"date_text": "1998"}, True, None),
    ],
)
def test_publications_are_known_by_year_or_venue(
    one: Entry, other: Entry, editions: bool, other_kind: bool | None
) -> None:
    found = compare(one, other)
    assert (found["editions"], found["other_kind"]) == (editions, other_kind)


def test_venues_are_alike_whatever_the_order_of_their_words() -> None:
    score = compare({"journal_ref": "Tides, Journal of"}, {"journal_ref": "journal of tides,"})
    assert score["venue_score"] == 1
    assert compare({"journal_ref": JOURNAL}, {"journal_ref": MEETING})["venue_score"] < 0.75
    assert compare({"journal_ref": JOURNAL}, {})["venue_score"] is None


def test_pairs_have_what_their_titles_say_too() -> None:
    one, other = {"clean_title": "Tidal Waves: Part I"}, {"clean_title": "Tidal Waves: Part II"}
    found = compare(one, other)
    of_titles = titles.compare(pl.Series([one["clean_title"]]), pl.Series([other["clean_title"]]))
    assert {name: found[name] for name in of_titles.columns} == of_titles.row(0, named=True)


def test_no_pairs_have_no_scores() -> None:
    none = pl.DataFrame(schema={"one": pl.UInt32, "other": pl.UInt32})
    found = likeness.compare(keyed({}, {}), none)
    assert found.height == 0
    some = likeness.compare(
        keyed({}, {}), pl.DataFrame({"one": [0], "other": [1]}, schema=none.schema)
    )
    assert found.schema == some.schema
