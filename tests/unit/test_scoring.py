"""Scores of a clustering: pairs counted must be pairs enumerated."""

from __future__ import annotations

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.scoring import (
    Score,
    against_gold,
    lookalikes_merged,
    missed,
    near_duplicates,
    pairwise,
    recall_by_kind,
)

labels = st.integers(0, 5)
clusterings = st.lists(st.tuples(labels, labels), max_size=14)


def _together(of: list[int]) -> set[tuple[int, int]]:
    return {(a, b) for a, b in combinations(range(len(of)), 2) if of[a] == of[b]}


@given(clusterings)
def test_counted_pairs_are_the_pairs_enumerated(both: list[tuple[int, int]]) -> None:
    truth, predicted = [t for t, _ in both], [p for _, p in both]
    true, made = _together(truth), _together(predicted)

    assert pairwise(truth, predicted) == Score(len(true & made), len(made), len(true))


@given(st.lists(labels, max_size=14))
def test_the_truth_itself_scores_one(truth: list[int]) -> None:
    score = pairwise(truth, [f"cluster {label}" for label in truth])

    assert (score.precision, score.recall, score.f1) == (1, 1, 1)


@given(clusterings)
def test_precision_and_recall_change_places_with_truth_and_prediction(
    both: list[tuple[int, int]],
) -> None:
    truth, predicted = [t for t, _ in both], [p for _, p in both]
    one, other = pairwise(truth, predicted), pairwise(predicted, truth)

    assert (one.precision, one.recall, one.f1) == (other.recall, other.precision, other.f1)


def test_a_cluster_of_a_million_is_counted_not_enumerated() -> None:
    n = 1_000_000
    score = pairwise([0] * n, [k // 500_000 for k in range(n)])

    assert score.true == n * (n - 1) // 2
    assert score.right == score.predicted == 2 * (500_000 * 499_999 // 2)


def test_labels_of_another_number_of_records_are_refused() -> None:
    with pytest.raises(ValueError, match="3 records, 2 labels"):
        pairwise([0, 1, 2], [0, 1])


def test_a_record_without_label_is_refused() -> None:
    with pytest.raises(ValueError, match="no label"):
        pairwise([0, 1], [0, None])


def _corpus(*rows: tuple[int, int, str, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={"record": pl.Int64, "paper": pl.Int64, "kind": pl.String, "of": pl.Int64},
        orient="row",
    )


CORPUS = _corpus(
    (4, 0, "near: typo", 0),
    (0, 0, "original", None),
    (1, 1, "original", None),
    (2, 2, "lookalike: part", 1),
    (3, 0, "repeat", 0),
    (5, 0, "near: case", 4),
    (6, 3, "lookalike: part", 1),
    (7, 1, "repeat", 1),
)
TRUTH = CORPUS["paper"].to_list()


def _predicted(**clusters: list[int]) -> list[str]:
    """A label for each row of the corpus: the named cluster its record is in, or its own."""
    of = {record: name for name, records in clusters.items() for record in records}
    return [of.get(record, f"alone {record}") for record in CORPUS["record"]]


def test_a_perfect_clustering_scores_one_and_merges_no_lookalike() -> None:
    near = near_duplicates(CORPUS, TRUTH)
    looks = lookalikes_merged(CORPUS, TRUTH)

    assert near == (1, 1, 1)
    assert looks.rows() == [("lookalike: part", 2, 0, 0)]
    assert recall_by_kind(CORPUS, TRUTH)["recall"].to_list() == [1, 1, 1]
    assert missed(CORPUS, TRUTH).is_empty()


def test_a_kind_is_found_where_a_record_is_with_the_one_it_was_made_from() -> None:
    # the second near-duplicate is with the original, but not with the first that it was made from
    predicted = _predicted(a=[0, 3, 5])

    assert set(recall_by_kind(CORPUS, predicted).rows()) == {
        ("near: typo", 1, 0, 0.0),
        ("near: case", 1, 0, 0.0),
        ("repeat", 2, 1, 0.5),
    }
    assert missed(CORPUS, predicted).rows() == [
        (4, "near: typo", 0),
        (5, "near: case", 4),
        (7, "repeat", 1),
    ]


def test_precision_on_near_duplicates_counts_the_pairs_they_are_part_of() -> None:
    # pairs with a near-duplicate: 0-4 is right, 4-1 and 5-2 are wrong; 0-1 has none
    score = near_duplicates(CORPUS, _predicted(a=[0, 1, 4], b=[2, 5]))

    assert score.precision == pytest.approx(1 / 3)
    assert score.recall == pytest.approx(1 / 2)
    assert score.f1 == pytest.approx(0.4)


@given(st.lists(labels, min_size=len(TRUTH), max_size=len(TRUTH)))
def test_scores_on_near_duplicates_are_those_of_the_pairs_enumerated(predicted: list[int]) -> None:
    near = CORPUS["kind"].str.starts_with("near").to_list()
    made = {(a, b) for a, b in _together(predicted) if near[a] or near[b]}
    right = made & _together(TRUTH)
    sources = [(CORPUS["record"].to_list().index(4), 1), (5, 0)]  # rows of 4 and 0, of 5 and 4
    found = sum(predicted[a] == predicted[b] for a, b in sources)

    score = near_duplicates(CORPUS, predicted)

    assert score.precision == pytest.approx(len(right) / len(made) if made else 1)
    assert score.recall == pytest.approx(found / 2)


def test_a_lookalike_with_a_repeat_of_the_paper_it_resembles_is_merged() -> None:
    looks = lookalikes_merged(CORPUS, _predicted(a=[2, 7]))

    assert looks.rows() == [("lookalike: part", 2, 1, 1)]


def test_two_lookalikes_of_one_paper_together_are_told_apart_from_those_merged_with_it() -> None:
    looks = lookalikes_merged(CORPUS, _predicted(a=[2, 6]))

    assert looks.rows() == [("lookalike: part", 2, 0, 2)]


GOLD = pl.DataFrame({"a": ["d1", "d2", "a1"], "b": ["a1", "a2", "d1"]})
IDS = ["d1", "d2", "d3", "a1", "a2"]
SOURCES = ["dblp", "dblp", "dblp", "acm", "acm"]


def test_a_gold_pair_counts_once_whichever_way_around() -> None:
    assert against_gold(IDS, [0, 1, 2, 0, 1], GOLD) == Score(right=2, predicted=2, true=2)


def test_pairs_within_a_source_do_not_count_where_sources_are_given() -> None:
    # d1, d2 and a1 together: one right pair, d2-a1 wrong, and d1-d2 within a source
    predicted = [0, 0, 2, 0, 3]

    assert against_gold(IDS, predicted, GOLD, SOURCES) == Score(right=1, predicted=2, true=2)
    assert against_gold(IDS, predicted, GOLD) == Score(right=1, predicted=3, true=2)


@given(clusterings, st.lists(st.sampled_from("xy"), min_size=14, max_size=14))
def test_gold_of_a_whole_clustering_scores_as_that_clustering(
    both: list[tuple[int, int]], sources: list[str]
) -> None:
    truth, predicted = [t for t, _ in both], [p for _, p in both]
    source = sources[: len(both)]
    pairs = sorted(_together(truth))
    gold = pl.DataFrame(pairs, schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    ids = list(range(len(both)))

    assert against_gold(ids, predicted, gold) == pairwise(truth, predicted)

    across = {(a, b) for a, b in _together(predicted) if source[a] != source[b]}
    true = {(a, b) for a, b in pairs if source[a] != source[b]}
    assert against_gold(ids, predicted, gold, source) == Score(
        len(across & true), len(across), len(true)
    )


def test_numbers_as_ids_match_the_same_as_text() -> None:
    gold = pl.DataFrame({"a": ["1"], "b": ["2"]})

    assert against_gold([1, 2, 3], [0, 0, 1], gold).recall == 1


def test_a_gold_pair_of_an_unknown_record_is_refused() -> None:
    with pytest.raises(ValueError, match="a record that there is not"):
        against_gold(["d1"], [0], GOLD)


def test_an_id_of_two_records_is_refused() -> None:
    with pytest.raises(ValueError, match="occurs twice"):
        against_gold(["d1", "d1"], [0, 1], GOLD)
