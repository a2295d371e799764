"""Clusters: what links join, what vetoes part, where a chain is cut, and what people say."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.dedupe import clusters
from paperdump.dedupe.clusters import Apart, Told
from paperdump.dedupe.decisions import DIFFERENT, DOUBTFUL, SAME, VETOES
from tests.conftest import tried

N = 9  # entries of a random world
Pair = tuple[int, int]
PAIRS = st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(
    lambda pair: pair[0] < pair[1]
)
LINKS = st.dictionaries(PAIRS, st.floats(1, 7), max_size=20)
IDENTIFIERS = st.lists(st.sampled_from([None, None, None, "a", "b"]), min_size=N, max_size=N)
SCHEMA = {
    "one": pl.UInt32,
    "other": pl.UInt32,
    "match_rule": pl.String,
    "match_decision": pl.String,
    "strength": pl.Float64,
    "title_score": pl.Float64,
}


def entries(n: int = N, titles: list[str] | None = None, **identifiers: Any) -> pl.DataFrame:
    """Entries of as many titles, or of one."""
    titles = titles or ["Tides"] * n
    return pl.DataFrame(
        {"entry_id": [f"e{row}" for row in range(n)], "clean_title": titles}
        | {name: identifiers.get(name, [None] * n) for name in clusters.EXCLUSIVE},
        schema_overrides=dict.fromkeys(("clean_title", *clusters.EXCLUSIVE), pl.String),
    ).with_columns(title_fold=pl.col("clean_title").str.to_lowercase().str.replace_all(r"\W", ""))


def links(
    same: dict[Pair, float] | Iterable[Pair],
    apart: Iterable[Pair] = (),
    doubtful: Iterable[Pair] = (),
    veto: str = "different_numbers",
) -> pl.DataFrame:
    """Pairs that were compared: those that are the same, with their strength, and others."""
    strengths = same if isinstance(same, dict) else dict.fromkeys(same, 4.0)
    rows: dict[Pair, tuple[Any, ...]] = {
        **{pair: ("respelled_title", SAME, strength) for pair, strength in strengths.items()},
        **dict.fromkeys(doubtful, ("respelled_title", DOUBTFUL, 0.0)),
        **dict.fromkeys(apart, (veto, DIFFERENT, 0.0)),
    }
    return pl.DataFrame(
        [(*pair, *row, 0.9) for pair, row in sorted(rows.items())], schema=SCHEMA, orient="row"
    )


def cluster_of(found: clusters.Clustered) -> list[int]:
    return found.entries["cluster"].to_list()


def clustered(known: pl.DataFrame, of: pl.DataFrame, told: Told | None = None) -> list[int]:
    return cluster_of(clusters.of_same_paper(known, of, told))


def decided(found: clusters.Clustered) -> dict[Pair, tuple[str, str]]:
    """Rule and decision by the rows of a pair."""
    columns = ("entry_id_kept", "entry_id_repeat", "match_rule", "match_decision")
    return {
        (int(one[1:]), int(other[1:])): (rule, decision)
        for one, other, rule, decision in found.matches.select(columns).rows()
    }


def plain_components(n: int, pairs: Iterable[Pair]) -> list[int]:
    """The smallest number that each is linked with, one link after the other."""
    root = list(range(n))
    for one, other in pairs:
        low, high = sorted((root[one], root[other]))
        root = [low if mine == high else mine for mine in root]
    return root


def equal(values: list[str | None]) -> list[Pair]:
    """Pairs of rows of the same known value."""
    return [
        (one, other)
        for other, value in enumerate(values)
        for one in range(other)
        if value is not None and values[one] == value
    ]


def roots(of: list[int]) -> list[int]:
    """Numbers of clusters as the first row of each."""
    return [of.index(number) for number in of]


def components(n: int, pairs: list[Pair]) -> list[int]:
    one, other = np.array(pairs, np.int64).reshape(-1, 2).T
    return clusters.components(n, one, other).tolist()


@given(st.integers(1, 40), st.data())
def test_components_are_those_of_a_plain_union_find(n: int, data: st.DataObject) -> None:
    row = st.integers(0, n - 1)
    pairs = data.draw(st.lists(st.tuples(row, row), max_size=60))
    assert components(n, pairs) == plain_components(n, pairs)


@pytest.mark.parametrize("order", ["forward", "backward", "shuffled"])
def test_a_long_chain_is_one_component(order: str) -> None:
    n = 50_000
    rows = np.arange(n)
    if order == "backward":
        rows = rows[::-1]
    elif order == "shuffled":
        rows = np.random.default_rng(0).permutation(n)
    assert (clusters.components(n, rows[:-1], rows[1:]) == 0).all()


def test_components_leave_what_they_are_given_as_it_is() -> None:
    one, other = np.array([2, 1]), np.array([1, 0])
    clusters.components(3, one, other)
    assert (one.tolist(), other.tolist()) == ([2, 1], [1, 0])


@given(LINKS)
@tried(25)
def test_without_vetoes_clusters_are_components(same: dict[Pair, float]) -> None:
    assert roots(clustered(entries(), links(same))) == plain_components(N, same)


@given(LINKS, st.sets(PAIRS, max_size=6), IDENTIFIERS, IDENTIFIERS, st.sampled_from(VETOES))
@tried(60)
def test_no_veto_s_sides_ever_share_a_cluster(
    same: dict[Pair, float],
    apart: set[Pair],
    arxiv_ids: list[str | None],
    dois: list[str | None],
    veto: str,
) -> None:
    known = entries(arxiv_id=arxiv_ids, published_doi=dois)
    found = clustered(known, links(same, apart, veto=veto))
    assert not [pair for pair in apart if found[pair[0]] == found[pair[1]]]
    # several DOIs are one paper's only where one arXiv identifier has them
    on_arxiv = plain_components(N, equal(arxiv_ids))
    as_one = plain_components(N, [*equal(arxiv_ids), *equal(dois)])
    for values, what in ((arxiv_ids, on_arxiv), (dois, as_one)):
        known_here = [row for row in range(N) if values[row] is not None]
        held = {(found[row], what[row]) for row in known_here}
        assert len(held) == len({number for number, _ in held})
    # nothing is joined that no chain of links joins
    within = plain_components(N, (pair for pair in same if pair not in apart))
    assert all(within[row] == within[found.index(found[row])] for row in range(N))


@given(LINKS, st.sets(PAIRS, max_size=6), IDENTIFIERS)
@tried(25)
def test_a_link_is_cut_only_where_its_ends_clusters_hold_a_veto(
    same: dict[Pair, float], apart: set[Pair], arxiv_ids: list[str | None]
) -> None:
    found = clustered(entries(arxiv_id=arxiv_ids), links(same, apart))
    for one, other in same.keys() - apart:
        ends = {found[one], found[other]}
        if len(ends) == 2:
            held = {arxiv_ids[row] for row in range(N) if found[row] in ends} - {None}
            assert len(held) == 2 or any({found[a], found[b]} == ends for a, b in apart)


@given(LINKS, st.sets(PAIRS, max_size=6), IDENTIFIERS, st.randoms(use_true_random=False))
@tried(30)
def test_the_order_of_links_does_not_matter(
    same: dict[Pair, float],
    apart: set[Pair],
    arxiv_ids: list[str | None],
    shuffle: random.Random,
) -> None:
    known, of = entries(arxiv_id=arxiv_ids), links(same, apart)
    order = shuffle.sample(range(of.height), of.height)
    plain, shuffled = (clusters.of_same_paper(known, some) for some in (of, of[order]))
    assert cluster_of(plain) == cluster_of(shuffled)
    assert plain.matches.equals(shuffled.matches)


@given(st.permutations(range(1, 8)))
@tried(20)
def test_a_chain_between_a_veto_s_sides_is_cut_at_its_weakest_link(strengths: list[int]) -> None:
    n = len(strengths) + 1
    chain = {(row, row + 1): float(strength) for row, strength in enumerate(strengths)}
    found = clusters.of_same_paper(entries(n), links(chain, [(0, n - 1)]))
    weakest = strengths.index(1)
    assert roots(cluster_of(found)) == [0] * (weakest + 1) + [weakest + 1] * (n - weakest - 1)
    outcome = decided(found)
    assert outcome[weakest, weakest + 1] == ("weakest_link", DIFFERENT)
    others = [decision for (_, decision) in outcome.values()].count(SAME)
    assert others == n - 2


@pytest.mark.parametrize(("n_same", "is_joined"), [(2, False), (3, True)])
def test_a_year_that_one_copy_of_many_has_wrong_does_not_part_them(
    n_same: int, is_joined: bool
) -> None:
    copies = [(one, other) for one in range(4) for other in range(one + 1, 4)]
    same = {**dict.fromkeys(copies, 5.0), **{(row, 4): 4.0 for row in range(n_same)}}
    found = clustered(entries(5), links(same, {(3, 4)}, veto="different_years"))
    assert (found[4] == found[0]) == is_joined
    # a number in a title parts them always
    assert clustered(entries(5), links(same, {(3, 4)}))[4] != 0


def test_of_equal_links_that_to_the_better_connected_group_holds() -> None:
    # the first is linked with both sides: with one of three, and with all of the others
    same = [(0, 1), (1, 2), (1, 3), (2, 3), (0, 4), (0, 5), (0, 6), (4, 5), (4, 6), (5, 6)]
    assert roots(clustered(entries(7), links(same, [(1, 4)]))) == [0, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("name", clusters.EXCLUSIVE)
def test_two_identifiers_are_two_papers_whatever_links_them(name: str) -> None:
    known = entries(3, **{name: ["a", None, "b"]})
    assert clustered(known, links({(0, 1): 5.0, (1, 2): 4.0})) == [0, 0, 1]
    assert clustered(known, links({(0, 1): 4.0, (1, 2): 5.0})) == [0, 1, 1]
    known = entries(3, **{name: ["a", None, "a"]})
    assert clustered(known, links([(0, 1), (1, 2)])) == [0, 0, 0]


def test_a_preprint_s_identifiers_stand_beside_the_published_paper_s() -> None:
    known = entries(
        3,
        arxiv_id=["a", None, None],
        published_doi=[None, "x", None],
        preprint_doi=[None, None, "y"],
    )
    assert clustered(known, links([(0, 1), (1, 2)])) == [0, 0, 0]


def test_titles_that_were_never_compared_are_kept_apart_too() -> None:
    known = entries(3, ["Local Tides of Oceans", "Tides of Oceans", "Global Tides of Oceans"])
    assert clustered(known, links({(0, 1): 5.0, (1, 2): 4.0})) == [0, 0, 1]
    assert clustered(known, links({(0, 1): 4.0, (1, 2): 5.0})) == [0, 1, 1]
    known = entries(3, ["Local Tides of Oceans", "Tides of Oceans", "Local Tide of Oceans"])
    assert clustered(known, links([(0, 1), (1, 2)])) == [0, 0, 0]


def test_what_is_doubtful_joins_nothing_and_parts_nothing() -> None:
    assert clustered(entries(2), links([], doubtful=[(0, 1)])) == [0, 1]
    found = clusters.of_same_paper(entries(3), links([(0, 1), (1, 2)], doubtful=[(0, 2)]))
    assert cluster_of(found) == [0, 0, 0]


def test_a_pair_that_is_different_without_a_veto_parts_nothing() -> None:
    of = links([(0, 1), (1, 2)], [(0, 2)], veto="different_abstracts")
    assert clustered(entries(3), of) == [0, 0, 0]


def test_clusters_are_numbered_in_the_order_of_their_first_entries() -> None:
    assert clustered(entries(6), links([(1, 4), (2, 5)])) == [0, 1, 2, 3, 1, 2]


def test_no_entries_make_no_clusters() -> None:
    found = clusters.of_same_paper(entries(0, []), links([]))
    assert (found.entries.height, found.matches.height) == (0, 0)


# what people say


def told(same: Iterable[Pair] = (), different: Iterable[Pair] = ()) -> Told:
    """Pairs of rows that people told of, numbered from 1."""
    pairs = [*same], [*different]
    numbered = [
        {begin + n: ([one], [other]) for n, (one, other) in enumerate(some)}
        for begin, some in zip((1, 1 + len(pairs[0])), pairs, strict=True)
    ]
    return Told(*numbered)


@given(LINKS, st.sets(PAIRS, max_size=4), IDENTIFIERS, st.sets(PAIRS, max_size=3), st.data())
@tried(50)
def test_what_people_say_holds_whatever_else_is_known(
    same: dict[Pair, float],
    apart: set[Pair],
    arxiv_ids: list[str | None],
    joined: set[Pair],
    data: st.DataObject,
) -> None:
    within = plain_components(N, joined)
    free = st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(
        lambda pair: within[pair[0]] != within[pair[1]]
    )
    parted = data.draw(st.sets(free, max_size=3)) if len(set(within)) > 1 else set()
    said = told(joined, parted)
    found = clustered(entries(arxiv_id=arxiv_ids), links(same, apart), said)
    assert all(found[one] == found[other] for one, other in joined)
    assert all(found[one] != found[other] for one, other in parted)


def test_a_pair_told_to_be_the_same_is_joined_against_a_veto() -> None:
    found = clusters.of_same_paper(
        entries(2, arxiv_id=["a", "b"]), links([], [(0, 1)]), told(same=[(0, 1)])
    )
    assert cluster_of(found) == [0, 0]
    assert decided(found) == {(0, 1): ("correction", SAME)}
    assert found.needed == {1}


def test_a_pair_told_to_be_different_is_parted_against_a_link() -> None:
    found = clusters.of_same_paper(entries(2), links([(0, 1)]), told(different=[(0, 1)]))
    assert cluster_of(found) == [0, 1]
    assert decided(found) == {(0, 1): ("correction", DIFFERENT)}
    assert found.needed == {1}


def test_what_is_so_anyway_need_not_be_said() -> None:
    same = clusters.of_same_paper(entries(2), links([(0, 1)]), told(same=[(0, 1)]))
    assert (cluster_of(same), same.needed) == ([0, 0], frozenset())
    assert decided(same) == {(0, 1): ("respelled_title", SAME)}
    apart = clusters.of_same_paper(entries(2), links([]), told(different=[(0, 1)]))
    assert (cluster_of(apart), apart.needed, apart.matches.height) == ([0, 1], frozenset(), 0)


def test_a_chain_does_not_get_around_what_is_told_to_be_different() -> None:
    of = links({(0, 1): 5.0, (1, 2): 4.0})
    assert clustered(entries(3), of, told(different=[(0, 2)])) == [0, 0, 1]


def test_identifiers_that_people_join_count_as_one() -> None:
    known = entries(4, arxiv_id=["a", "b", "a", "b"])
    said = told(same=[(0, 1)])
    assert clustered(known, links([(0, 2), (2, 3)]), said) == [0, 0, 0, 0]


def test_those_of_a_key_stay_together_where_one_that_links_them_is_parted() -> None:
    of = links([(0, 1), (0, 2)]).with_columns(match_rule=pl.lit("same_title"))
    assert clustered(entries(3), of, told(different=[(0, 1), (0, 2)])) == [0, 1, 1]


def test_what_contradicts_itself_is_an_error_that_names_the_pairs() -> None:
    said = Told({1: ([0], [1]), 2: ([1], [2])}, {3: ([0], [2])})
    with pytest.raises(Apart) as error:
        clusters.of_same_paper(entries(3), links([]), said)
    assert (error.value.different, sorted(error.value.same)) == (3, [1, 2])
