"""What is decided on two entries: each rule by an example that it alone decides."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paperdump import config
from paperdump.dedupe import decisions, titles
from paperdump.dedupe.decisions import DIFFERENT, DOUBTFUL, SAME
from paperdump.dedupe.limits import Limits
from tests.conftest import tried

LIMITS = Limits(
    abstract_same=0.7,
    abstract_like=0.3,
    title_like=0.85,
    min_title_words=4,
    min_abstract_words=20,
)
# what is known of two entries that have nothing but long titles of no relation
SCHEMA = {
    "title_score": pl.Float64,
    "relation": pl.String,
    "title_veto": pl.String,
    "names_differ": pl.Boolean,
    "guessed": pl.Boolean,
    "one_sided": pl.Boolean,
    "is_cut": pl.Boolean,
    "words_changed": pl.Int32,
    "words_shared": pl.Int32,
    "abstract_score": pl.Float64,
    "author_score": pl.Float64,
    "venue_score": pl.Float64,
    "days_apart": pl.Int32,
    "years_apart": pl.Int32,
    "is_generic": pl.Boolean,
    "is_repeated": pl.Boolean,
    "editions": pl.Boolean,
    "other_kind": pl.Boolean,
    "same_n_authors": pl.Boolean,
    "same_arxiv_id": pl.Boolean,
    "other_arxiv_id": pl.Boolean,
    "same_doi": pl.Boolean,
    "other_doi": pl.Boolean,
}
PLAIN: dict[str, Any] = dict.fromkeys(SCHEMA) | {
    "title_score": 0.99,
    "relation": titles.UNLIKE,
    "names_differ": False,
    "guessed": False,
    "one_sided": False,
    "is_cut": False,
    "words_changed": 0,
    "words_shared": 6,
    "is_generic": False,
    "is_repeated": False,
    "editions": False,
}
EQUAL = {"relation": titles.EQUAL, "title_score": 1.0}
RESPELLED = {"relation": titles.RESPELLED}
EXTENDED = {"relation": titles.EXTENDED}
REWORDED = {"relation": titles.REWORDED}
GENERIC = EQUAL | {"is_generic": True}
# two years of one venue, or two venues
OTHER_EDITION = {"editions": True, "years_apart": 1, "venue_score": 0.2}
TEAM = {"author_score": 1.0}
STRANGERS = {"author_score": 0.0}

Features = dict[str, Any]
# in the order of the rules: what is known, the rule that decides, what it decides
TABLE: list[tuple[Features, str, str]] = [
    ({"same_arxiv_id": True}, "same_arxiv_id", SAME),
    (EQUAL | {"other_arxiv_id": True}, "different_arxiv_ids", DIFFERENT),
    ({"same_doi": True}, "same_doi", SAME),
    (EQUAL | {"other_doi": True}, "different_dois", DIFFERENT),
    (REWORDED | {"title_veto": "one_about_other"}, "one_about_other", DIFFERENT),
    (RESPELLED | {"title_veto": "different_numbers"}, "different_numbers", DIFFERENT),
    (RESPELLED | {"title_veto": "opposite_words"}, "opposite_words", DIFFERENT),
    (GENERIC | {"abstract_score": 0.9}, "same_title", SAME),
    (GENERIC | TEAM | {"years_apart": 0, "same_n_authors": True}, "same_title", SAME),
    (GENERIC, "generic_title", DIFFERENT),
    (EQUAL | {"abstract_score": 0.4}, "same_title", SAME),
    (EQUAL | STRANGERS, "different_authors", DOUBTFUL),
    (EQUAL | STRANGERS | {"abstract_score": 0.0}, "different_authors", DIFFERENT),
    (EQUAL | TEAM | OTHER_EDITION, "different_years", DIFFERENT),
    (EQUAL | TEAM | {"days_apart": 900}, "different_years", DOUBTFUL),
    (EQUAL, "same_title", SAME),
    (EQUAL | TEAM | {"abstract_score": 0.0}, "same_title", SAME),
    (EQUAL | {"abstract_score": 0.0}, "different_abstracts", DOUBTFUL),
    (RESPELLED | {"abstract_score": 0.6, "guessed": True}, "respelled_title", SAME),
    (RESPELLED | {"abstract_score": 0.4, "guessed": True}, "respelled_title", DOUBTFUL),
    (RESPELLED | STRANGERS, "different_authors", DIFFERENT),
    (RESPELLED | {"days_apart": 900}, "different_years", DIFFERENT),
    (RESPELLED, "respelled_title", SAME),
    (RESPELLED | {"guessed": True}, "respelled_title", DOUBTFUL),
    (RESPELLED | {"abstract_score": 0.0}, "different_abstracts", DIFFERENT),
    (EXTENDED | {"abstract_score": 0.8}, "extended_title", SAME),
    (EXTENDED | {"abstract_score": 0.4}, "extended_title", DOUBTFUL),
    (EXTENDED | TEAM | {"abstract_score": 0.0}, "different_abstracts", DIFFERENT),
    (EXTENDED | STRANGERS, "different_authors", DIFFERENT),
    (EXTENDED | {"days_apart": 900}, "different_years", DIFFERENT),
    (EXTENDED | TEAM, "extended_title", SAME),
    (EXTENDED, "extended_title", DOUBTFUL),
    (REWORDED | {"abstract_score": 0.8}, "reworded_title", SAME),
    (REWORDED | {"abstract_score": 0.6}, "reworded_title", SAME),
    (REWORDED | {"abstract_score": 1.0, "names_differ": True}, "reworded_title", SAME),
    (TEAM | {"abstract_score": 1.0}, "same_abstract", SAME),
    (REWORDED | {"abstract_score": 0.8, "names_differ": True}, "different_names", DOUBTFUL),
    ({"abstract_score": 0.8}, "same_abstract", DOUBTFUL),
    (REWORDED | TEAM | {"years_apart": 0}, "reworded_title", SAME),
    (
        REWORDED | TEAM | {"years_apart": 0, "names_differ": True, "same_n_authors": True},
        "reworded_title",
        SAME,
    ),
    (REWORDED | {"names_differ": True}, "different_names", DIFFERENT),
    (REWORDED, "reworded_title", DOUBTFUL),
    ({"abstract_score": 0.0}, "different_abstracts", DIFFERENT),
    ({}, "different_titles", DIFFERENT),
]


def pairs(*features: Features) -> pl.DataFrame:
    return pl.DataFrame([PLAIN | one for one in features], schema=SCHEMA)


def decided(*features: Features, limits: Limits = LIMITS) -> list[tuple[str, str]]:
    found = decisions.decide(pairs(*features), limits)
    return found.select("match_rule", "match_decision").rows()


@pytest.mark.parametrize(
    ("features", "rule", "decision"), TABLE, ids=[f"{n} {row[1]}" for n, row in enumerate(TABLE)]
)
def test_what_is_known_of_two_entries_decides(features: Features, rule: str, decision: str) -> None:
    assert decided(features) == [(rule, decision)]


@pytest.mark.parametrize(
    ("features", "rule", "decision"),
    [
        # a day and a number of authors stand for authors
        (
            EQUAL | {"abstract_score": 0.0, "days_apart": 0, "same_n_authors": True},
            "same_title",
            SAME,
        ),
        # a week supports a title, unless the authors are others
        (REWORDED | {"days_apart": 1, "one_sided": True}, "reworded_title", SAME),
        (
            REWORDED | STRANGERS | {"days_apart": 1, "one_sided": True},
            "different_titles",
            DIFFERENT,
        ),
        # no identifier speaks for what is not known
        (EQUAL | {"same_arxiv_id": False, "same_doi": False}, "same_title", SAME),
    ],
)
def test_what_else_decides(features: Features, rule: str, decision: str) -> None:
    assert decided(features) == [(rule, decision)]


def test_each_rule_is_the_first_that_holds_for_some_pair() -> None:
    rules = decisions.rules(LIMITS)
    held = pairs(*(features for features, _, _ in TABLE)).select(
        rule.holds.fill_null(False).alias(str(n)) for n, rule in enumerate(rules)
    )
    first = [row.index(True) for row in held.rows()]
    assert first == list(range(len(rules)))


def test_rules_that_veto_are_rules_that_part() -> None:
    parting = {rule.name for rule in decisions.rules(LIMITS) if rule.decision == DIFFERENT}
    assert set(decisions.VETOES) <= parting
    joining = {rule.name for rule in decisions.rules(LIMITS) if rule.decision == SAME}
    assert not joining & set(decisions.VETOES)


FEATURES = st.fixed_dictionaries(
    {
        "title_score": st.floats(0, 1),
        "relation": st.sampled_from(
            [titles.EQUAL, titles.RESPELLED, titles.EXTENDED, titles.REWORDED, titles.UNLIKE]
        ),
        "title_veto": st.sampled_from([None, None, None, "different_numbers", "opposite_words"]),
        "names_differ": st.booleans(),
        "guessed": st.booleans(),
        "one_sided": st.booleans(),
        "is_cut": st.booleans(),
        "words_shared": st.integers(0, 9),
        "abstract_score": st.none() | st.floats(0, 1),
        "author_score": st.none() | st.floats(0, 1),
        "venue_score": st.none() | st.floats(0, 1),
        "days_apart": st.none() | st.integers(0, 2000),
        "years_apart": st.none() | st.integers(0, 5),
        "is_generic": st.booleans(),
        "is_repeated": st.booleans(),
        "editions": st.booleans(),
        "other_kind": st.none() | st.booleans(),
        "same_n_authors": st.none() | st.booleans(),
    }
)
IDENTIFIERS = st.fixed_dictionaries(
    {f"{kind}_{name}": st.none() | st.booleans() for kind in ("same", "other")
     for name in ("arxiv_id", "doi")}
)  # fmt: skip


@given(st.lists(st.tuples(FEATURES, IDENTIFIERS), min_size=1, max_size=20))
def test_one_rule_decides_on_whatever_is_known(of: list[tuple[Features, Features]]) -> None:
    known = {(rule.name, rule.decision) for rule in decisions.rules(LIMITS)}
    assert set(decided(*(features | ids for features, ids in of))) <= known


@given(FEATURES, st.sampled_from(["different_numbers", "opposite_words", "one_about_other"]))
@tried(30)
def test_no_score_overrides_what_sets_titles_apart(features: Features, veto: str) -> None:
    assert decided(features | {"title_veto": veto}) == [(veto, DIFFERENT)]


@given(FEATURES)
@tried(30)
def test_identifiers_have_the_first_say(features: Features) -> None:
    same, other = {"same_arxiv_id": True}, {"other_arxiv_id": True, "same_arxiv_id": False}
    assert decided(features | same) == [("same_arxiv_id", SAME)]
    assert decided(features | other) == [("different_arxiv_ids", DIFFERENT)]
    same, other = {"same_doi": True}, {"other_doi": True, "same_doi": False}
    assert decided(features | same) == [("same_doi", SAME)]
    assert decided(features | other) == [("different_dois", DIFFERENT)]


@given(FEATURES)
@tried(30)
def test_titles_that_name_no_paper_never_suffice(features: Features) -> None:
    nothing_else = {"is_generic": True, "author_score": None, "abstract_score": None}
    [(_, decision)] = decided(features | nothing_else)
    assert decision == DIFFERENT


@given(FEATURES)
@tried(30)
def test_unlike_titles_alone_make_no_paper(features: Features) -> None:
    [(_, decision)] = decided(features | {"relation": titles.UNLIKE, "abstract_score": None})
    assert decision == DIFFERENT


@given(FEATURES, st.floats(0, 1))
@tried(30)
def test_a_better_abstract_never_parts_what_was_the_same(features: Features, better: float) -> None:
    # of two abstracts: where one is missing, less is known, and less may suffice
    known = features["abstract_score"] or 0.0
    worse, more = sorted((known, better))
    [(_, before), (_, after)] = decided(
        features | {"abstract_score": worse}, features | {"abstract_score": more}
    )
    order = [DIFFERENT, DOUBTFUL, SAME]
    assert order.index(after) >= order.index(before)


@given(FEATURES, st.sampled_from([0.0, 0.5, 0.84]), st.sampled_from([None, 0.0, 0.4, 1.0]))
@tried(100)
def test_what_is_settled_before_a_look_at_the_titles_is_different(
    features: Features, score: float, authors: float | None
) -> None:
    known = features | {"title_score": score, "author_score": authors}
    # of titles so far apart, none are equal
    assume(known["relation"] != titles.EQUAL)
    [is_settled] = pairs(known).select(decisions.is_settled(LIMITS)).to_series()
    [(_, decision)] = decided(known)
    assert decision == DIFFERENT or not is_settled


@pytest.mark.parametrize(
    ("features", "is_settled"),
    [
        ({"abstract_score": 0.1}, True),
        (STRANGERS, True),
        ({}, False),
        ({"abstract_score": 0.1} | TEAM, False),
        ({"abstract_score": 0.4} | STRANGERS, False),
        (STRANGERS | {"title_score": 0.9}, False),
        (STRANGERS | {"same_doi": True}, False),
    ],
)
def test_abstracts_or_authors_can_settle_it_alone(features: Features, is_settled: bool) -> None:
    unlike = pairs({"title_score": 0.4} | features)
    assert unlike.select(decisions.is_settled(LIMITS)).to_series().to_list() == [is_settled]


def test_the_thresholds_are_those_of_the_config() -> None:
    half_alike = REWORDED | {"abstract_score": 0.6, "title_score": 0.6}
    assert decided(half_alike) == [("different_abstracts", DIFFERENT)]
    loose = Limits(0.5, 0.3, 0.85, 4, 20)
    assert decided(half_alike, limits=loose) == [("reworded_title", SAME)]
    assert decided(RESPELLED | {"words_shared": 3}) == [("respelled_title", DOUBTFUL)]
    shorter = Limits(0.7, 0.3, 0.85, 3, 20)
    assert decided(RESPELLED | {"words_shared": 3}, limits=shorter) == [("respelled_title", SAME)]


def test_the_tests_thresholds_are_the_default_ones() -> None:
    assert Limits.from_config(config.resolve({})["dedupe"]) == LIMITS
