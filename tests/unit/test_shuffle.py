"""The simulation of what dedupe would send on many nodes: what it measures, how it extrapolates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paperdump.dedupe import candidates, pairing
from paperdump.dedupe.candidates import Keys
from tests.benchmarks import corpus, dedupe_stage, shuffle


def _keys(*pairs: tuple[int, int]) -> Keys:
    hashes, owners = zip(*pairs, strict=True)
    return Keys(np.array(hashes, np.uint64), np.array(owners, np.int64))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    file = tmp_path_factory.mktemp("corpus") / "corpus.parquet"
    corpus.generate(1000).write_parquet(file)
    entries = dedupe_stage.read(file, dedupe_stage.Steps(), clean=False)
    return pairing.texts_of(entries, dedupe_stage.default_limits().min_abstract_words)


def test_a_key_counts_once_for_each_text_that_shares_it():
    shared = shuffle.sharing(_keys((7, 0), (7, 1), (7, 1), (9, 2), (3, 0), (3, 5), (3, 6)))
    assert shared.tolist() == [0, 1, 1, 1]


def test_without_keys_nothing_is_shared():
    empty = Keys(np.empty(0, np.uint64), np.empty(0, np.int64))
    assert shuffle.sharing(empty).sum() == 0


def test_pairs_by_sharing_are_those_that_blocking_makes(texts):
    for of, make in zip(texts, (candidates.title_keys, candidates.abstract_keys), strict=True):
        keys = Keys.of(make(of.sketches))
        found = candidates.paired([keys._replace(owners=of.owners[keys.owners])], of.n)
        measured = shuffle.keyed(of, [keys])
        assert measured.pairs == found.keys.sum() > 0
        assert measured.keys == (np.arange(len(measured.sharing)) * measured.sharing).sum()


@pytest.mark.parametrize("texts_of_a_key", [2, 8, 9, 1000, 1001])
def test_no_key_leads_to_more_pairs_than_the_bound(texts_of_a_key):
    shared = np.zeros(texts_of_a_key + 1, np.int64)
    shared[texts_of_a_key] = 1
    assert shuffle.pairs_of(shared) <= shuffle.most_pairs() * texts_of_a_key


def test_a_figure_grows_as_between_the_last_two_sizes_up_to_its_bound():
    assert shuffle.grown([10, 100], [1, 2], 10_000, math.inf) == pytest.approx(8)
    assert shuffle.grown([10, 100], [1, 2], 10_000, 5) == 5
    assert shuffle.grown([10, 100], [2, 1], 10_000, math.inf) == 1  # it is not told to fall
    assert shuffle.grown([10], [3], 1000, math.inf) == 3


def test_chance_pairs_grow_with_the_square_and_with_each_bit_that_is_lost():
    few = shuffle.chance_pairs(1e9, 1e6, packed=True)
    assert shuffle.chance_pairs(2e9, 1e6, packed=True) == pytest.approx(4 * few)
    assert shuffle.chance_pairs(1e9, 2**27, packed=True) == pytest.approx(8 * few)
    assert shuffle.chance_pairs(1e9, 2**27, packed=False) == pytest.approx(few)


def test_light_keys_fill_shards_evenly_and_a_heavy_one_does_not():
    light, heavy = np.zeros(3, np.int64), np.zeros(100_001, np.int64)
    light[2] = 10**8
    heavy[100_000] = 1
    assert shuffle.skew([light], 1, 16) < 1.01
    uneven = shuffle.skew([light, heavy], 1000, 1600)
    assert uneven > 1.5
    assert shuffle.skew([light, heavy], 1000, 1600, most=1000) < 1.1


def test_what_is_sent_leaves_its_node_and_grows_with_the_entries(tmp_path):
    files = [tmp_path / f"{n}.parquet" for n in (1000, 2000)]
    for file, n in zip(files, (1000, 2000), strict=True):
        corpus.generate(n).write_parquet(file)
    corpora = [shuffle.measured(file) for file in files]
    one = shuffle.simulated(corpora, 10_000_000, 1)
    two = shuffle.simulated(corpora, 10_000_000, 2)
    more = shuffle.simulated(corpora, 20_000_000, 2)
    assert one.key_bytes == one.pair_bytes == one.text_bytes == one.of_node == 0
    assert two.key_bytes == pytest.approx(two.records * shuffle.KEY_BYTES / 2)
    assert more.key_bytes == pytest.approx(2 * two.key_bytes)
    assert more.pairs >= 2 * two.pairs
    assert two.records * shuffle.KEY_BYTES / two.shards <= shuffle.SHARD_BYTES
    assert "20 million" in shuffle.simulated_table([two, more])
    assert shuffle.measured_table(corpora, markdown=True).startswith("|  | 1,000 | 2,000 |")
