"""How well a clustering finds the records of the same paper: precision and recall over pairs.

Pairs are counted, not listed: a cluster of n records has n (n - 1) / 2, and the pairs that truth
and prediction share are counted from the sizes of their common clusters. This is the contingency
table from which the Rand index is computed (W. M. Rand, "Objective criteria for the evaluation of
clustering methods", 1971). A cluster of 10,000 costs no more than one of two.

A clustering is a label per record; which labels, does not matter. Functions that ask for a corpus
take the columns ``record``, ``paper``, ``kind`` and ``of`` as ``corpus.generate`` makes them, in
any order of rows; labels stand beside its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

Labels = pl.Series | npt.NDArray[Any] | Sequence[Any]


class Score(NamedTuple):
    """Pairs found against those that there are.

    Attributes:
        right: Predicted pairs that are of the same paper.
        predicted: Predicted pairs.
        true: Pairs of the same paper.
    """

    right: int
    predicted: int
    true: int

    @property
    def precision(self) -> float:
        """Of the predicted pairs the share that is right; 1 where none is predicted."""
        return self.right / self.predicted if self.predicted else 1.0

    @property
    def recall(self) -> float:
        """Of the true pairs the share that is predicted; 1 where there are none."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.predicted + self.true
        return 2 * self.right / both if both else 1.0


class NearScore(NamedTuple):
    """Precision and recall on near-duplicates alone; see ``near_duplicates``."""

    precision: float
    recall: float
    f1: float


def _codes(labels: Labels) -> npt.NDArray[np.int64]:
    """Labels as numbers from 0."""
    series = pl.Series(labels)
    if series.has_nulls():
        raise ValueError("a record has no label")
    # by rank: ten times as fast as NumPy's unique() where labels are text
    return series.rank("dense").to_numpy().astype(np.int64) - 1


def _pairs(sizes: npt.NDArray[np.int64]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _sizes(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.unique(codes, return_counts=True)[1].astype(np.int64)


def _both(truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The clusters that two clusterings have in common."""
    if not len(truth):
        return truth
    return truth * (int(predicted.max()) + 1) + predicted


def pairwise(truth: Labels, predicted: Labels) -> Score:
    """Scores over all pairs of records.

    Args:
        truth: The paper of each record.
        predicted: The cluster of each record.

    Raises:
        ValueError: They are not of the same length, or a label is null.
    """
    of_truth, of_predicted = _codes(truth), _codes(predicted)
    if len(of_truth) != len(of_predicted):
        raise ValueError(f"{len(of_truth)} records, {len(of_predicted)} labels")
    return Score(
        right=_pairs(_sizes(_both(of_truth, of_predicted))),
        predicted=_pairs(_sizes(of_predicted)),
        true=_pairs(_sizes(of_truth)),
    )


def near_duplicates(corpus: pl.DataFrame, predicted: Labels) -> NearScore:
    """Scores on near-duplicates alone.

    Recall: of the pairs of a near-duplicate and the record it was made from, the share that is
    together; not its pairs with the repeats of that record, which are as many as they are by
    chance. Precision: of the predicted pairs that one near-duplicate or two are part of, the share
    that is right; what wrong merges of others cost is not its matter. Both are 1 where there is
    nothing to divide by.
    """
    of_truth, of_predicted = _codes(corpus["paper"]), _codes(predicted)
    of_both = _both(of_truth, of_predicted)
    others = ~_is_near(corpus)

    def with_near(codes: npt.NDArray[np.int64]) -> int:
        # all pairs but those without any near-duplicate
        return _pairs(_sizes(codes)) - _pairs(_sizes(codes[others]))

    made = with_near(of_predicted)
    precision = with_near(of_both) / made if made else 1.0
    per_kind = recall_by_kind(corpus, predicted).filter(pl.col("kind").str.starts_with("near"))
    n = int(per_kind["records"].sum())
    recall = int(per_kind["found"].sum()) / n if n else 1.0
    both = precision + recall
    return NearScore(precision, recall, 2 * precision * recall / both if both else 0.0)


def _is_near(corpus: pl.DataFrame) -> npt.NDArray[np.bool_]:
    return corpus["kind"].str.starts_with("near").to_numpy()


def recall_by_kind(corpus: pl.DataFrame, predicted: Labels) -> pl.DataFrame:
    """Which share of repeats and of each kind of near-duplicate is with what it was made from.

    Returns:
        A row per kind: ``kind``, ``records``, ``found``, ``recall``; the worst first.
    """
    beside = _beside_source(corpus, predicted)
    return (
        beside.filter(~pl.col("kind").str.starts_with("lookalike"))
        .group_by("kind")
        .agg(
            records=pl.len(),
            found=(pl.col("cluster") == pl.col("cluster_of")).sum(),
        )
        .with_columns(recall=pl.col("found") / pl.col("records"))
        .sort("recall", "kind")
    )


def missed(corpus: pl.DataFrame, predicted: Labels) -> pl.DataFrame:
    """Repeats and near-duplicates that are apart from the record ``of`` which they were made."""
    return (
        _beside_source(corpus, predicted)
        .filter(
            ~pl.col("kind").str.starts_with("lookalike"),
            pl.col("cluster") != pl.col("cluster_of"),
        )
        .select("record", "kind", "of")
    )


def _beside_source(corpus: pl.DataFrame, predicted: Labels) -> pl.DataFrame:
    """Records made from another one, with the clusters of both."""
    clusters = corpus.select("record", "paper", "kind", "of").with_columns(
        cluster=pl.Series(_codes(predicted))
    )
    source = clusters.select("record", "paper", "cluster")
    return clusters.filter(pl.col("of").is_not_null()).join(
        source, left_on="of", right_on="record", suffix="_of", how="left"
    )


def lookalikes_merged(corpus: pl.DataFrame, predicted: Labels) -> pl.DataFrame:
    """How many lookalikes of each kind are merged with another paper.

    ``merged`` counts those in a cluster with any record of the paper that they were made to
    resemble: with a repeat of it, too. ``merged_any`` counts those in a cluster with a record of
    whichever other paper: part two with part three, an editorial with a third one.

    Returns:
        A row per kind: ``kind``, ``records``, ``merged``, ``merged_any``; the worst first.
    """
    clusters = pl.DataFrame({"paper": corpus["paper"], "cluster": _codes(predicted)}).unique()
    mixed = clusters.group_by("cluster").len("papers")
    looks = (
        _beside_source(corpus, predicted)
        .filter(pl.col("kind").str.starts_with("lookalike"))
        .join(
            clusters.with_columns(merged=True),
            left_on=["paper_of", "cluster"],
            right_on=["paper", "cluster"],
            how="left",
        )
        .join(mixed, on="cluster", how="left")
    )
    return (
        looks.group_by("kind")
        .agg(
            records=pl.len(),
            merged=pl.col("merged").fill_null(value=False).sum(),
            merged_any=(pl.col("papers") > 1).sum(),
        )
        .sort(["merged", "merged_any", "kind"], descending=[True, True, False])
    )


def against_gold(
    ids: Labels,
    predicted: Labels,
    gold: pl.DataFrame,
    source: Labels | None = None,
) -> Score:
    """Scores against pairs that are known to be the same, all others being different.

    Args:
        ids: Of the records; they occur once.
        predicted: The cluster of each record.
        gold: Two columns of ids: a pair each, in any order, more than once or not.
        source: Where each record is from, where only pairs across two sources are meant (as with
            DBLP-ACM, whose gold says nothing of pairs within a source); None: all pairs count.

    Raises:
        ValueError: An id occurs twice, or a gold pair names one that there is not.
    """
    records = pl.DataFrame(
        {
            "id": pl.Series(ids).cast(pl.String),
            "cluster": _codes(predicted),
            "source": _codes(source) if source is not None else np.arange(len(ids)),
        }
    )
    if records["id"].is_duplicated().any():
        raise ValueError("an id occurs twice")
    one, other = (pl.col(name).cast(pl.String) for name in gold.columns[:2])
    pairs = (
        gold.select(a=pl.min_horizontal(one, other), b=pl.max_horizontal(one, other))
        .filter(pl.col("a") != pl.col("b"))
        .unique()
        .join(records, left_on="a", right_on="id", how="left")
        .join(records, left_on="b", right_on="id", how="left", suffix="_b")
    )
    if pairs["cluster"].has_nulls() or pairs["cluster_b"].has_nulls():
        raise ValueError("a gold pair names a record that there is not")
    if source is not None:
        pairs = pairs.filter(pl.col("source") != pl.col("source_b"))
    made = _pairs(_sizes(records["cluster"].to_numpy()))
    if source is not None:
        codes = _both(records["cluster"].to_numpy(), records["source"].to_numpy())
        made -= _pairs(_sizes(codes))
    return Score(
        right=int((pairs["cluster"] == pairs["cluster_b"]).sum()),
        predicted=made,
        true=pairs.height,
    )
