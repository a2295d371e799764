from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import terms
from paperdump.vocabulary import Vocabulary
from tests.conftest import EXAMPLES
from tests.tables_of import release_of_folder


def found(text: str) -> set[str]:
    return set(terms.terms_of(pl.Series([text]))["term"])


def papers(*months: tuple[dt.date, int, str]) -> pl.DataFrame:
    """Papers with a title and no abstract: of each day, so many with that title."""
    rows = [(title, None, day) for day, n, title in months for _ in range(n)]
    schema = {"title": pl.String, "abstract": pl.String, "published_on": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


JAN, FEB = dt.date(2024, 1, 15), dt.date(2024, 2, 15)
YEAR_AFTER, MONTH_LATER = dt.date(2025, 1, 1), dt.date(2025, 2, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tidal Pools", {"tidal", "pools", "tidal pools"}),
        ("Pools of the tide", {"pools", "tide"}),
        ("Pools, tides. Sand", {"pools", "tides", "sand"}),
        ("State\u2011of-the-art gates", {"state-of-the-art", "gates", "state-of-the-art gates"}),
        ("The model\u2019s 3D gates", {"model", "3d", "gates", "model 3d", "3d gates"}),
        ("GPT-4.5 in 2024", {"gpt-4.5"}),
        ("C++ at https://github.com/tides/ebb now", {"c++"}),
        ("Über Größe", {"über", "größe", "über größe"}),
        ("", set()),
    ],
)
def test_terms_are_words_and_phrases_that_name_something(text: str, expected: set[str]) -> None:
    assert found(text) == expected


def test_a_term_counts_once_for_a_paper_and_no_phrase_reaches_into_the_next() -> None:
    made = terms.terms_of(pl.Series(["tide tide", "ebb tide", None]))
    assert sorted(made.rows()) == [
        (0, "tide"), (0, "tide tide"), (1, "ebb"), (1, "ebb tide"), (1, "tide"),
    ]  # fmt: skip


def test_a_month_is_compared_with_the_twelve_before_it_and_no_others() -> None:
    made = terms.by_month(
        papers((JAN, 8, "Ebb"), (FEB, 4, "Ebb"), (FEB, 6, "Flow"), (YEAR_AFTER, 5, "Ebb"))
    )
    rows = {(r["month"], r["term"]): r for r in made.to_dicts()}
    first = rows[dt.date(2024, 1, 1), "ebb"]
    assert (first["papers"], first["papers_in_months_before"], first["share_before"]) == (
        8,
        0,
        None,
    )
    assert first["trend"] is None
    second = rows[dt.date(2024, 2, 1), "ebb"]
    assert (second["papers"], second["papers_in_month"], second["share"]) == (4, 10, 0.4)
    assert (second["papers_before"], second["share_before"], second["share_change"]) == (8, 1, -0.6)
    later = rows[YEAR_AFTER, "ebb"]
    assert (later["papers_before"], later["papers_in_months_before"]) == (12, 18)
    gone = terms.by_month(papers((JAN, 8, "Ebb"), (MONTH_LATER, 5, "Ebb")))
    assert gone["papers_in_months_before"].to_list() == [0, 0]


def test_the_log_likelihood_is_that_of_the_table_of_papers() -> None:
    listed = papers((JAN, 2, "Ebb"), (JAN, 98, "Flow"), (FEB, 12, "Ebb"), (FEB, 38, "Flow"))
    row = terms.by_month(listed).filter(month=dt.date(2024, 2, 1), term="ebb").to_dicts()[0]
    cells = [(12, 14 * 50 / 150), (2, 14 * 100 / 150), (38, 136 * 50 / 150), (98, 136 * 100 / 150)]
    expected = 2 * sum(seen * math.log(seen / likely) for seen, likely in cells)
    assert row["log_likelihood"] == pytest.approx(expected, abs=1e-4)
    assert (expected > terms.CRITICAL, row["trend"]) == (True, "rising")


@pytest.mark.parametrize(
    ("january", "february", "expected"),
    [
        ((0, 40), (3, 37), None),  # three papers may be chance
        ((0, 40), (20, 20), "rising"),
        ((20, 20), (20, 20), None),
        ((40, 0), (5, 35), "falling"),
        ((0, 40), (3, 0), None),  # sure, but less than one paper was to be expected
    ],
)
def test_only_what_is_more_than_noise_rises_or_falls(
    january: tuple[int, int], february: tuple[int, int], expected: str | None
) -> None:
    made = terms.by_month(
        papers(
            (JAN, january[0], "Ebb"),
            (JAN, january[1], "Flow"),
            (FEB, february[0], "Ebb"),
            (FEB, february[1], "Flow"),
        )
    )
    assert made.filter(month=dt.date(2024, 2, 1), term="ebb")["trend"].to_list() == [expected]


def test_a_term_of_too_few_papers_has_no_row() -> None:
    few = terms.by_month(papers((JAN, 2, "Ebb"), (JAN, 3, "Flow")))
    assert few["term"].to_list() == ["flow"]
    many = terms.by_month(papers((JAN, 4, "Ebb"), (JAN, 996, "Flow")))
    assert many["term"].to_list() == ["flow"]


def test_papers_without_a_date_are_in_no_month() -> None:
    undated = papers((JAN, 5, "Ebb")).with_columns(published_on=pl.lit(None, pl.Date))
    assert terms.by_month(undated).is_empty()
    assert terms.trending(terms.by_month(undated), 9).is_empty()


def test_trending_are_the_rising_terms_the_surest_first_and_phrases_for_their_words() -> None:
    made = terms.by_month(
        papers(
            (JAN, 60, "Flow"),
            (FEB, 20, "Flow"),
            (FEB, 30, "Ebb currents"),
            (FEB, 6, "Currents"),
            (FEB, 15, "Sand"),
        )
    )
    rows = terms.trending(made, 9).select("month", "rank", "term").rows()
    assert rows == [(dt.date(2024, 2, 1), 1, "ebb currents"), (dt.date(2024, 2, 1), 2, "sand")]
    assert terms.trending(made, 1)["term"].to_list() == ["ebb currents"]


@given(st.lists(st.tuples(st.sampled_from(["Ebb", "Flow", "Ebb flow"]), st.integers(0, 500))))
def test_the_order_of_papers_and_the_size_of_batches_change_nothing(
    rows: list[tuple[str, int]],
) -> None:
    listed = papers(*((JAN + dt.timedelta(days=days), 1, title) for title, days in rows))
    order = ["month", "term"]
    made = terms.by_month(listed).sort(order)
    assert terms.by_month(listed.reverse()).sort(order).equals(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terms, "_BATCH", 2)
        assert terms.by_month(listed).sort(order).equals(made)


def test_counts_of_the_examples_are_those_of_a_plain_search() -> None:
    listed = release_of_folder(EXAMPLES)["papers"].with_columns(published_on=pl.lit(JAN))
    made = terms.by_month(listed).filter(n_words=1)
    assert made.height > 10
    text = pl.concat_str("title", "abstract", separator=" ", ignore_nulls=True)
    plain = listed.select(text.str.replace_all(r"https?://\S+", "").str.to_lowercase()).to_series()
    for term, n in made.select("term", "papers").rows():
        pattern = rf"(?:^|[^\p{{L}}\p{{N}}-]){term}(?:['’]s)?(?:$|[^\p{{L}}\p{{N}}'’-])"
        assert (term, n) == (term, plain.str.contains(pattern).sum())


@given(st.lists(st.text(st.sampled_from("aAbB ,."), max_size=30), max_size=8))
def test_counts_of_months_are_those_of_the_terms_of_each_text(texts: list[str]) -> None:
    vocabulary = Vocabulary()
    edges = np.array([*range(0, len(texts), 3), len(texts)])
    closed = pl.Series([f"{text} . " for text in texts], dtype=pl.String)
    counted = terms._counted(closed, edges, vocabulary)
    each = terms.terms_of(pl.Series(texts, dtype=pl.String))
    assert len(counted) == len(edges) - 1
    for number, counts in enumerate(counted):
        assert (np.diff(counts.terms) > 0).all()
        made = dict(zip(vocabulary.written(counts.terms), counts.texts.tolist(), strict=True))
        of_group = each.filter(pl.col("text") // 3 == number)
        assert made == dict(of_group.group_by("term").len().iter_rows())


def test_numbers_of_terms_that_leave_no_room_for_texts_are_sorted_all_the_same() -> None:
    large = (1 << 62) - 1
    found, texts = terms._once(np.array([large, 5, large]), np.array([4, 9, 4]))
    assert (found.tolist(), texts.tolist()) == ([5, large], [9, 4])


_MONTHS = st.lists(
    st.dictionaries(st.sampled_from(["ebb", "flow", "ebb sand", "flow sand"]), st.integers(1, 9)),
    max_size=20,
)


@given(_MONTHS, st.integers(1, 9))
def test_papers_before_are_those_of_each_month_before_together(
    months: list[dict[str, int]], step: int
) -> None:
    days = [dt.date(2020 + n * step // 12, n * step % 12 + 1, 3) for n in range(len(months))]
    rows = [(day, n, term) for day, of in zip(days, months, strict=True) for term, n in of.items()]
    made = terms.by_month(papers(*rows))
    held = {"ebb": ["ebb", "ebb sand"], "flow": ["flow", "flow sand"]}
    held |= {"sand": ["ebb sand", "flow sand"]}
    for row in made.to_dicts():
        since = row["month"].replace(year=row["month"].year - 1)
        some = [
            n
            for day, n, t in rows
            if since <= day < row["month"] and t in held.get(row["term"], [row["term"]])
        ]
        assert row["papers_before"] == sum(some)
