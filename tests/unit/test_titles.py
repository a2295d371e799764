"""How titles differ: what sets papers apart, and what is another spelling of the same title."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.dedupe import titles
from tests.conftest import tried

# of words and signs that titles are compared by
PIECES = st.sampled_from(
    (
        "Tidal Waves of the Oceans with without Part Volume Second Edition I II IV 2 3 2019 v2 7B "
        "TideNet tidenet forecasting Forecast forcasting Reply to Erratum Comment on A : - ( ) ? … "
        "online offline un supervised unsupervised & Tida1 wave-length β 潮汐 é Forecasting: Tides."
    ).split()
)
TITLES = st.lists(PIECES, min_size=1, max_size=10).map(" ".join)
PAIRS = st.lists(st.tuples(TITLES, TITLES), min_size=1, max_size=15)
REPLIED = "Forecasting of Tides with Waves"


def compare(one: str, other: str) -> dict[str, Any]:
    [found] = titles.compare(pl.Series([one]), pl.Series([other])).to_dicts()
    return found


def sides(pairs: list[tuple[str, str]]) -> tuple[pl.Series, pl.Series]:
    one, other = zip(*pairs, strict=True) if pairs else ((), ())
    return pl.Series(one, dtype=pl.String), pl.Series(other, dtype=pl.String)


def apart(veto: str, *pairs: tuple[str, str]) -> list[Any]:
    """Parameters: pairs of titles that a veto sets apart."""
    return [pytest.param(veto, one, other, id=f"{one} | {other}") for one, other in pairs]


def related(relation: str, *pairs: tuple[str, str]) -> list[Any]:
    """Parameters: pairs of titles of a relation that nothing sets apart."""
    return apart(relation, *pairs)


@pytest.mark.parametrize(
    ("veto", "one", "other"),
    [
        *apart(
            "different_numbers",
            # parts and volumes, in words, digits, and Roman numerals
            ("Tidal Forecasting: Part I", "Tidal Forecasting: Part II"),
            ("Tidal Forecasting Part 1", "Tidal Forecasting Part 2"),
            ("Tidal Forecasting, Part One", "Tidal Forecasting, Part Two"),
            ("Tidal Forecasting, Part A", "Tidal Forecasting, Part B"),
            ("Tidal Forecasting I", "Tidal Forecasting II"),
            ("Tidal Forecasting", "Tidal Forecasting II"),
            ("Tidal Forecasting", "Tidal Forecasting 2"),
            ("Tidal Forecasting", "Tidal Forecasting, Part II"),
            ("Tidal Forecasting III: Waves", "Tidal Forecasting IV: Waves"),
            ("Handbook of Tides, Volume 3", "Handbook of Tides, Volume 4"),
            ("Handbook of Tides, Vol. 3", "Handbook of Tides, Volume 4"),
            ("Tides of Oceans, Chapter IX", "Tides of Oceans, Chapter XI"),
            ("Louis XIV and the Tides", "Louis XVI and the Tides"),
            # editions
            ("Handbook of Tides, 2nd Edition", "Handbook of Tides, 3rd Edition"),
            ("Handbook of Tides, Second Edition", "Handbook of Tides, Third Edition"),
            ("Handbook of Tides", "Handbook of Tides, Second Edition"),
            ("Handbook of Tides", "Handbook of Tides (2nd Edition)"),
            # years, and what is counted by year
            ("Findings of the Tidal Task 2019", "Findings of the Tidal Task 2020"),
            ("Findings of the 2019 Tidal Task", "Findings of the 2020 Tidal Task"),
            ("Findings of the First Tidal Task", "Findings of the Second Tidal Task"),
            # versions and sizes of models
            ("TidalNet v2: Forecasting of Waves", "TidalNet v3: Forecasting of Waves"),
            ("TidalNet2: Forecasting of Waves", "TidalNet3: Forecasting of Waves"),
            ("TidalNet 2.0 Report", "TidalNet 2.5 Report"),
            ("TidalNet 7B Technical Report", "TidalNet 70B Technical Report"),
            ("TidalNet-7B", "TidalNet-13B"),
            ("Waves on ResNet50 Models", "Waves on ResNet101 Models"),
            ("Tides in 2D", "Tides in 3D"),
        ),
        *apart(
            "one_about_other",
            *(
                (REPLIED, about)
                for about in (
                    f"Reply to: {REPLIED}",
                    f'Reply to "{REPLIED}"',
                    f'Comment on "{REPLIED}"',
                    f"Comments on {REPLIED}",
                    f'A Response to "{REPLIED}"',
                    f"Authors' Reply: {REPLIED}",
                    f"Re: {REPLIED}",
                    f"Rejoinder to {REPLIED}",
                    f"Discussion of: {REPLIED}",
                    f"A note on {REPLIED}",
                    f"Erratum: {REPLIED}",
                    f"Erratum to: {REPLIED}",
                    f"Correction to: {REPLIED}",
                    f'Corrigendum to "{REPLIED}"',
                    f"Addendum: {REPLIED}",
                    f"Retracted: {REPLIED}",
                    f"Retraction Note: {REPLIED}",
                    f"Author Correction: {REPLIED}",
                    f"Publisher Correction: {REPLIED}",
                    f"Editorial Expression of Concern: {REPLIED}",
                    f"Supplementary Material for {REPLIED}",
                    f"{REPLIED} - Erratum",
                    f"{REPLIED}: Reply",
                    f"{REPLIED} [Correction]",
                    f"{REPLIED} (Retraction)",
                    f"<i>Erratum</i>: {REPLIED}",
                )
            ),
            (f'Comment on "{REPLIED}"', f"Reply to \"Comment on '{REPLIED}'\""),
        ),
        *apart(
            "opposite_words",
            ("Forecasting Tides with Waves", "Forecasting Tides without Waves"),
            ("Tides of Local Oceans", "Tides of Global Oceans"),
            ("Online Forecasting of Tides", "Offline Forecasting of Tides"),
            ("Minimum Tides of Oceans", "Maximum Tides of Oceans"),
            ("Upper Bounds of Tides", "Lower Bounds of Tides"),
            # a prefix turns a word into another
            ("Supervised Forecasting of Tides", "Unsupervised Forecasting of Tides"),
            ("Linear Models of Tides", "Nonlinear Models of Tides"),
            ("Linear Models of Tides", "Non-linear Models of Tides"),
            ("Symmetric Waves of Oceans", "Asymmetric Waves of Oceans"),
            ("Tides Are Predictable", "Tides Are Not Predictable"),
        ),
    ],
)
def test_titles_of_different_papers_are_set_apart(veto: str, one: str, other: str) -> None:
    assert compare(one, other)["title_veto"] == veto
    assert compare(other, one)["title_veto"] == veto


@pytest.mark.parametrize(
    ("relation", "one", "other"),
    [
        *related(
            titles.EQUAL,
            ("FORECASTING OF TIDES", "Forecasting of tides"),
            ("Forecasting of Tides.", "Forecasting -- of Tides"),
            ("Tides & Waves of Oceans", "Tides and Waves of Oceans"),
            ("Naïve Forecasting of Tides", "Naive Forecasting of Tides"),
            ("Forecasting of H<sub>2</sub>O Tides", "Forecasting of H2O Tides"),
            (r"Forecasting of {T}ides", "Forecasting of Tides"),
            ("Tidal Forecasting II", "Tidal forecasting (II)"),
            ("Note on Tides: Erratum", "Note on Tides. Erratum"),
            # hyphens
            ("On-line Forecasting of Tides", "Online Forecasting of Tides"),
            ("On line Forecasting of Tides", "On-line Forecasting of Tides"),
            ("Wave Length of Tides", "Wavelength of Tides"),
            ("Non-linear Tides", "Nonlinear Tides"),
        ),
        *related(
            titles.RESPELLED,
            ("Modelling the Behaviour of Tides", "Modeling the Behavior of Tides"),
            ("Optimisation of Tides", "Optimization of Tides"),
            ("Forecasting of Tidal Waves", "Forcasting of Tidal Waves"),
            ("Forecasting of Tidal Waves", "Forecasting of Tidal Wave"),
            ("Forecasting of Tidal Waves", "Forecasting of Tida1 Waves"),
            ("Forecasting of Tides", "The Forecasting of the Tides"),
            ("Wave Models and Tides of Oceans", "Tides of Oceans and Wave Models"),
            ("Handbook of Tides, Vol. 3", "Handbook of Tides, Volume 3"),
            ("Tidal Forecasting: Part II", "Tidal Forecasting, Part 2"),
            ("Large Language Models for Tides", "LLMs for Tides"),
            ("Comment on the Tides of Oceans", "Comments on the Tides of Oceans"),
            (
                "Forecasting of Tides with Waves and Currents",
                "Forecasting of Tides with Waves and Cur",
            ),
        ),
        *related(
            titles.EXTENDED,
            ("Forecasting of Tides", "Forecasting of Tides: A Survey"),
            ("Forecasting of Tides: A Survey of Methods", "Forecasting of Tides: State of the Art"),
            ("TideNet: Forecasting of Waves", "TideNet: A Model of the Oceans"),
            ("Forecasting of Tides", "Forecasting of Tides with Waves and Currents"),
            ("Forecasting of Tides with Waves and Currents", "Forecasting of Tides with …"),
        ),
        *related(
            titles.REWORDED,
            ("Fast Forecasting of Tidal Waves", "Forecasting of Tidal Waves"),
            ("Forecasting of Tidal Waves", "Prediction of Tidal Waves"),
            # the number is the same, in another form
            ("Handbook of Tides, Second Edition", "Handbook of Tides, 2nd Edition"),
            ("Three Models of Tides", "3 Models of Tides"),
        ),
        *related(
            titles.UNLIKE,
            # a dash after a name is not surely a subtitle's
            ("TideNet: Forecasting of Waves", "TideNet - A Model of the Oceans"),
            ("Forecasting of Tidal Waves", "Graphs of Moving Birds"),
            ("Forecasting of Tidal Waves", "Forecasting of Rare Storms over Lakes"),
        ),
    ],
)
def test_the_relation_of_titles_that_nothing_sets_apart(
    relation: str, one: str, other: str
) -> None:
    for found in (compare(one, other), compare(other, one)):
        assert (found["relation"], found["title_veto"]) == (relation, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # about a subject, not about a paper
        ("A Review of Tides", "Review of Tides"),
        ("Correction of Tidal Errors in Oceans", "Correction of Tidal Error in Oceans"),
        # the number is the subtitle's, or a model's beside it
        ("TideNet: Forecasting of 10 Oceans", "TideNet: A Model of All Oceans"),
        # a word of other letters is no prefix
        ("Tides and Rain of Oceans", "Tides and Train of Oceans"),
        # a subtitle may deny
        ("Forecasting of Tides", "Forecasting of Tides: Not Solved"),
    ],
)
def test_what_looks_like_a_veto_and_is_none(one: str, other: str) -> None:
    assert compare(one, other)["title_veto"] is None


@given(PAIRS)
@tried(25)
def test_the_order_of_two_titles_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    one, other = sides(pairs)
    assert titles.compare(one, other).to_dicts() == titles.compare(other, one).to_dicts()


@given(st.lists(TITLES, max_size=20))
@tried(25)
def test_a_title_is_equal_to_itself(of: list[str]) -> None:
    found = titles.compare(pl.Series(of, dtype=pl.String), pl.Series(of, dtype=pl.String))
    assert found["title_score"].to_list() == [1.0] * len(of)
    assert found["relation"].to_list() == [titles.EQUAL] * len(of)
    assert found["title_veto"].null_count() == len(of)
    assert found["words_changed"].to_list() == [0] * len(of)
    assert not found.select(pl.any_horizontal("names_differ", "guessed", "is_cut").any()).item()


@given(PAIRS, st.data())
@tried(25)
def test_a_pair_s_row_does_not_depend_on_the_other_pairs(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    whole = titles.compare(*sides(pairs))
    some = data.draw(st.lists(st.integers(0, len(pairs) - 1), max_size=5))
    assert titles.compare(*sides([pairs[n] for n in some])).equals(whole[some])


@given(PAIRS)
@tried(25)
def test_what_is_found_is_never_null_but_the_veto(pairs: list[tuple[str, str]]) -> None:
    found = titles.compare(*sides(pairs))
    assert found.drop("title_veto").null_count().row(0) == (0,) * (found.width - 1)
    assert found["title_score"].is_between(0, 1).all()
    assert (found["words_shared"] >= 0).all()
    assert (found["words_changed"] >= 0).all()


def test_a_name_in_place_of_another_word_is_told() -> None:
    assert compare("Forecasting Waves with TideNet", "Forecasting Waves with MoonNet")[
        "names_differ"
    ]
    assert compare("TideNet: Waves Forecast", "MoonNet: Waves Forecast")["names_differ"]
    assert compare("tides: Waves Forecast", "moons: Waves Forecast")["names_differ"]
    assert not compare("Forecasting Big Waves", "Forecasting Wild Waves")["names_differ"]
    # a name in one title, and nothing instead of it in the other
    assert not compare("Forecasting Waves with TideNet", "Forecasting Waves")["names_differ"]
    # where all is in capitals, they name nothing
    assert not compare("FORECASTING BIG WAVES", "FORECASTING WILD WAVES")["names_differ"]


def test_a_slip_that_no_scanner_makes_is_guessed() -> None:
    assert compare("Forecasting Tidal Gammas", "Forecasting Tidal Gadmas")["guessed"]
    # a letter too many or too few, letters swapped, letters that look alike
    assert not compare("Forecasting Tidal Gammas", "Forecasting Tidal Gamas")["guessed"]
    assert not compare("Forecasting Tidal Waves", "Forecasting Tidal Wavse")["guessed"]
    assert not compare("Forecasting Tidal Clauses", "Forecasting Tidal Dauses")["guessed"]


def test_words_are_counted_without_function_words_and_numbers() -> None:
    found = compare("A Model of the Tidal Waves 2", "The Model of Tidal Currents 2")
    assert (found["words_shared"], found["words_changed"]) == (2, 1)
    assert not found["one_sided"]
    found = compare("A Model of Big Tidal Waves", "A Model of Waves")
    assert (found["words_shared"], found["words_changed"]) == (2, 2)
    assert found["one_sided"]


@pytest.mark.parametrize(
    ("short", "is_cut"),
    [
        ("Forecasting of Tides with Waves...", True),
        ("Forecasting of Tides with Waves…", True),
        ("Forecasting of Tides with Wa", True),
        ("Forecasting of Tides with", True),
        ("Forecasting of Tides", False),
        ("Forecasting of Tides with Waves", False),
    ],
)
def test_a_title_shows_that_it_was_cut(short: str, is_cut: bool) -> None:
    assert compare(short, "Forecasting of Tides with Waves and Currents")["is_cut"] is is_cut


def test_of_no_pairs_nothing_is_found() -> None:
    none = pl.Series([], dtype=pl.String)
    found = titles.compare(none, none)
    assert found.height == 0
    assert found.columns == titles.compare(pl.Series(["a"]), pl.Series(["b"])).columns
    assert found.schema == titles.compare(pl.Series(["a"]), pl.Series(["b"])).schema
