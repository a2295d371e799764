"""Blocking: the pairs that share keys, against brute force, in shards, and in linear numbers."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.dedupe import candidates, pairing
from paperdump.dedupe.candidates import Keys, Shared
from paperdump.normalize import signatures

# keys of texts: what each text has
KEYS = st.lists(st.sets(st.integers(0, 9), max_size=5), max_size=14)
TITLE_WORDS = "tidal waves ocean model graph deep network moon forecasting currents".split()
TITLES = st.lists(
    st.lists(st.sampled_from(TITLE_WORDS), min_size=1, max_size=7).map(" ".join), max_size=12
)
MIN_WORDS = 20  # of an abstract that says anything
SKETCHES = st.lists(st.none() | st.sets(st.integers(0, 30), max_size=12), min_size=1, max_size=10)


def keys_of(texts: list[set[int]]) -> Keys:
    """Keys as hashes that differ in the bits which all are left with."""
    pairs = [(key << 30, owner) for owner, keys in enumerate(texts) for key in sorted(keys)]
    hashes, owners = zip(*pairs, strict=True) if pairs else ((), ())
    return Keys(np.array(hashes, np.uint64), np.array(owners, np.int64))


def counts(shared: Shared) -> dict[tuple[int, int], int]:
    pairs = zip(shared.one.tolist(), shared.other.tolist(), strict=True)
    return dict(zip(pairs, shared.keys.tolist(), strict=True))


def equal(one: Shared, other: Shared) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def sketch_series(sketches: list[set[int] | None]) -> pl.Series:
    """Sketches as they are stored: sorted, each hash once."""
    rows = [None if sketch is None else sorted(sketch) for sketch in sketches]
    return pl.Series("sketch", rows, dtype=pl.List(pl.Int64))


def title_keys(*titles: str) -> list[set[int]]:
    sketches = signatures.title_sketches(pl.Series(titles, dtype=pl.String))
    found = Keys.of(candidates.title_keys(sketches))
    return [set(found.hashes[found.owners == n].tolist()) for n in range(len(titles))]


def title_sketches(*titles: str) -> list[list[int]]:
    return signatures.title_sketches(pl.Series(titles, dtype=pl.String)).to_list()


def entries(*rows: tuple[str, str | None]) -> pl.DataFrame:
    """Entries of titles and abstracts, with their signatures."""
    frame = pl.DataFrame(
        list(rows), schema={"clean_title": pl.String, "clean_abstract": pl.String}, orient="row"
    )
    return signatures.with_signatures(frame)


def texts_of(*rows: tuple[str, str | None]) -> tuple[pairing.Texts, pairing.Texts]:
    return pairing.texts_of(entries(*rows), MIN_WORDS)


def abstract_of(begin: int, end: int, *, name: str = "word") -> str:
    return " ".join(f"{name}{n}" for n in range(begin, end))


# the inverted index


@given(KEYS)
def test_paired_finds_what_brute_force_finds(texts: list[set[int]]) -> None:
    brute = {
        (one, other): len(texts[one] & texts[other])
        for one, other in combinations(range(len(texts)), 2)
        if texts[one] & texts[other]
    }
    with pytest.MonkeyPatch.context() as patch:
        # of runs as long as there are texts, all are paired
        patch.setattr(candidates.within_runs, "__defaults__", (len(texts), True))
        assert counts(candidates.paired([keys_of(texts)], len(texts))) == brute


@given(KEYS)
def test_pairs_are_in_order_the_smaller_number_first_and_each_once(texts: list[set[int]]) -> None:
    found = candidates.paired([keys_of(texts)], len(texts))
    pairs = list(zip(found.one.tolist(), found.other.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert all(one < other for one, other in pairs)


@given(KEYS, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(texts: list[set[int]], shuffle: random.Random) -> None:
    keys = keys_of(texts)
    order = np.array(shuffle.sample(range(len(keys.hashes)), len(keys.hashes)), np.int64)
    other = Keys(keys.hashes[order], keys.owners[order])
    assert equal(candidates.paired([keys], len(texts)), candidates.paired([other], len(texts)))


def test_of_a_few_texts_with_a_key_all_are_paired() -> None:
    n = candidates.ALL_PAIRED
    found = counts(candidates.paired([keys_of([{1}] * n)], n))
    assert found == dict.fromkeys(combinations(range(n), 2), 1)


@pytest.mark.parametrize("n", [candidates.ALL_PAIRED + 1, 100, candidates.MOST_PAIRED])
def test_of_many_texts_with_a_key_each_is_paired_with_the_next_and_the_first(n: int) -> None:
    found = counts(candidates.paired([keys_of([{1}] * n)], n))
    expected = {(0, other) for other in range(1, n)} | {(one, one + 1) for one in range(1, n - 1)}
    assert set(found) == expected
    assert set(found.values()) == {1}


def test_a_key_of_very_many_texts_says_nothing() -> None:
    n = candidates.MOST_PAIRED + 1
    assert counts(candidates.paired([keys_of([{1}] * n)], n)) == {}


@given(st.lists(st.integers(0, 60), max_size=6), st.integers(1, 6), st.booleans())
def test_pairs_within_runs_are_linear_beyond_a_few(
    lengths: list[int], few: int, neighbours: bool
) -> None:
    size = np.array(lengths, np.int64)
    begins = np.cumsum(size) - size
    owner = np.arange(size.sum())
    one, other = candidates.within_runs(owner, begins, size, few, neighbours)
    pairs = sorted(zip(one.tolist(), other.tolist(), strict=True))
    expected = []
    for begin, length in zip(begins.tolist(), lengths, strict=True):
        run = range(begin, begin + length)
        if length <= few:
            expected += combinations(run, 2)
        else:
            expected += [(begin, later) for later in run[1:]]
            expected += [(n, n + 1) for n in run[1:-1]] if neighbours else []
    assert pairs == sorted(expected)
    assert len(pairs) <= max(few, 2) * len(owner)


@given(KEYS, st.sampled_from([1, 2, 4, 16]))
def test_the_pairs_of_shards_add_up(texts: list[set[int]], shards: int) -> None:
    keys = keys_of(texts)
    at_once = candidates.paired([keys], len(texts))
    parts = [candidates.paired([keys.shard(n, shards)], len(texts)) for n in range(shards)]
    assert equal(candidates.added(parts), at_once)


@given(KEYS, st.sampled_from([1, 4, 16]))
def test_each_key_is_in_one_shard(texts: list[set[int]], shards: int) -> None:
    keys = keys_of(texts)
    parts = [keys.shard(n, shards) for n in range(shards)]
    given_ones = Counter(zip(keys.hashes.tolist(), keys.owners.tolist(), strict=True))
    held = Counter(
        pair
        for part in parts
        for pair in zip(part.hashes.tolist(), part.owners.tolist(), strict=True)
    )
    assert held == given_ones
    # all texts of a key are in the key's shard
    assert all(
        not set(one.hashes.tolist()) & set(other.hashes.tolist())
        for one, other in combinations(parts, 2)
    )


def test_shards_are_about_equal() -> None:
    hashes = np.arange(16_000, dtype=np.uint64) << np.uint64(20)
    keys = Keys(hashes, np.zeros(len(hashes), np.int64))
    sizes = [len(keys.shard(n, 16).hashes) for n in range(16)]
    assert sum(sizes) == len(hashes)
    assert min(sizes) > 800
    assert max(sizes) < 1200


def test_of_very_many_texts_shards_agree_with_the_whole() -> None:
    # so many that keys lose bits: keys that then are equal are in one shard
    n_owners = 1 << 30
    hashes = np.array([5 << 20, (5 << 20) + 1, 9 << 20], np.uint64)
    keys = Keys(hashes, np.array([3, n_owners - 1, 7], np.int64))
    at_once = candidates.paired([keys], n_owners)
    assert counts(at_once) == {(3, n_owners - 1): 1}
    parts = [candidates.paired([keys.shard(n, 4)], n_owners) for n in range(4)]
    assert equal(candidates.added(parts), at_once)


# keys of titles and abstracts


@given(st.lists(st.sampled_from(TITLE_WORDS), min_size=3, max_size=9), st.data())
def test_titles_that_differ_in_a_word_or_its_place_share_a_key(
    words: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(words) - 1))
    dropped = words[:place] + words[place + 1 :]
    changed = [*words[:place], "lighthouse", *words[place + 1 :]]
    shuffled = data.draw(st.permutations(words))
    plain, *edited = title_keys(
        " ".join(words), " ".join(dropped), " ".join(changed), " ".join(shuffled)
    )
    assert all(plain & keys for keys in edited)


@given(st.lists(st.sampled_from(TITLE_WORDS), min_size=6, max_size=14), st.data())
def test_titles_of_which_two_words_differ_share_a_key(
    words: list[str], data: st.DataObject
) -> None:
    places = st.integers(0, len(words) - 1)
    one, other = data.draw(st.lists(places, min_size=2, max_size=2, unique=True))
    changed = words.copy()
    changed[one], changed[other] = "lighthouse", "harbour"
    plain, edited = title_keys(" ".join(words), " ".join(changed))
    assert plain & edited


@given(st.lists(st.sampled_from(TITLE_WORDS), min_size=4, max_size=30), st.data())
def test_a_title_and_its_beginning_or_end_share_a_key(
    words: list[str], data: st.DataObject
) -> None:
    n = data.draw(st.integers(3, len(words) - 1))
    plain, begun, ended = title_keys(" ".join(words), " ".join(words[:n]), " ".join(words[-n:]))
    assert plain & begun
    assert plain & ended


def test_titles_of_other_words_share_none() -> None:
    one, other = title_keys("tidal waves in the deep ocean", "graphs that forecast moon currents")
    assert not one & other


@given(KEYS, st.integers(1, 9), st.integers(1, 5))
def test_keys_in_pieces_and_slices_give_the_same_pairs(
    texts: list[set[int]], at_once: int, pieces: int
) -> None:
    keys = keys_of(texts)
    split = [Keys(*(values[n::pieces] for values in keys)) for n in range(pieces)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_KEYS_AT_ONCE", at_once)
        found = candidates.paired(split, len(texts))
    assert equal(found, candidates.paired([keys], len(texts)))


@given(KEYS, st.data())
def test_pairs_of_one_key_may_be_left_out(texts: list[set[int]], data: st.DataObject) -> None:
    told = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    every = counts(candidates.paired([keys_of(texts)], len(texts)))
    some = candidates.paired([keys_of(texts)], len(texts), np.array(told, bool))
    assert counts(some) == {
        (one, other): n for (one, other), n in every.items() if n > 1 or told[one] or told[other]
    }


@given(KEYS)
def test_a_key_that_a_text_has_twice_counts_once(texts: list[set[int]]) -> None:
    keys = keys_of(texts)
    twice = Keys(*(np.concatenate([values, values]) for values in keys))
    assert equal(candidates.paired([twice], len(texts)), candidates.paired([keys], len(texts)))


def test_a_title_has_not_very_many_keys() -> None:
    words = [f"{letter}{letter}tide" for letter in "abcdefghijklmnopqrstuvwxyz"]
    for n in (1, 2, 3, 5, 14, 15, 26):
        for title in (" ".join(words[:n]), " ".join(["tide"] * n)):
            sketch = signatures.title_sketches(pl.Series([title]))
            assert 0 < len(Keys.of(candidates.title_keys(sketch)).hashes) <= 140
    endless = signatures.title_sketches(pl.Series([" ".join(f"{n}tide" for n in range(5000))]))
    assert len(Keys.of(candidates.title_keys(endless)).hashes) < 300


def test_titles_without_words_have_no_keys() -> None:
    found = Keys.of(candidates.title_keys(pl.Series([[], None, []], dtype=pl.List(pl.Int64))))
    assert (len(found.hashes), len(found.owners)) == (0, 0)


@given(SKETCHES)
def test_the_keys_of_abstracts_are_their_sampled_shingles(
    sketches: list[set[int] | None],
) -> None:
    keys = Keys.of(candidates.abstract_keys(sketch_series(sketches)))
    owned = [set(keys.hashes[keys.owners == n].tolist()) for n in range(len(sketches))]
    assert owned == [sketch or set() for sketch in sketches]


# what two sketches share


@given(SKETCHES, st.data())
def test_the_shared_part_of_sketches_is_their_intersection(
    sketches: list[set[int] | None], data: st.DataObject
) -> None:
    number = st.integers(0, len(sketches) - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), max_size=20))
    one, other = np.array(pairs, np.int64).reshape(-1, 2).T
    common, smaller = candidates.shared_part(sketch_series(sketches), one, other)
    sides = [(sketches[a] or set(), sketches[b] or set()) for a, b in pairs]
    assert common.tolist() == [len(a & b) for a, b in sides]
    assert smaller.tolist() == [min(len(a), len(b)) for a, b in sides]


@given(SKETCHES, st.data())
def test_no_sketches_share_more_than_the_bound(
    sketches: list[set[int] | None], data: st.DataObject
) -> None:
    number = st.integers(0, len(sketches) - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), max_size=20))
    one, other = np.array(pairs, np.int64).reshape(-1, 2).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_BITS_OF_SET", 64)  # so few that values meet in a bit
        patch.setattr(candidates, "_PAIRS_AT_ONCE", 3)
        patch.setattr(candidates, "_ABSTRACTS_AT_ONCE", 2)
        at_most, smaller = candidates.shared_at_most(sketch_series(sketches), one, other)
    common, size = candidates.shared_part(sketch_series(sketches), one, other)
    assert (at_most >= common).all()
    assert smaller.tolist() == size.tolist()


def test_the_bound_of_what_sketches_share_tells_strangers() -> None:
    sketches = sketch_series([set(range(20)), set(range(40, 60)), set(range(10, 30))])
    at_most, _ = candidates.shared_at_most(sketches, np.array([0, 0]), np.array([1, 2]))
    assert at_most.tolist() == [0, 10]


def test_many_pairs_are_counted_as_few_are() -> None:
    # so large that they are counted in several rounds
    sketches = sketch_series([set(range(start, start + 3000)) for start in (0, 1000, 2500)])
    one, other = np.array([0, 0, 1] * 600), np.array([1, 2, 2] * 600)
    common, smaller = candidates.shared_part(sketches, one, other)
    assert common.tolist() == [2000, 500, 1500] * 600
    assert set(smaller.tolist()) == {3000}


# texts and blocks


@given(TITLES)
def test_texts_are_numbered_by_the_order_of_their_keys(titles: list[str]) -> None:
    keys = pl.Series("key", titles, dtype=pl.String)
    texts = pairing.Texts.of(keys, signatures.title_sketches(keys))
    assert texts.numbers.to_list() == [sorted(set(titles)).index(one) for one in titles]
    known = pl.Series(sorted(set(titles)), dtype=pl.String)
    assert texts.sketches.equals(signatures.title_sketches(known))
    assert texts.owners.tolist() == list(range(texts.n)) == list(range(len(known)))


def test_titles_of_the_same_letters_are_one_and_short_abstracts_none() -> None:
    titles, abstracts = texts_of(
        ("On-line Tides", abstract_of(0, MIN_WORDS)),
        ("Online tides", abstract_of(0, MIN_WORDS - 1)),
        ("Waves", None),
        ("Waves", abstract_of(0, MIN_WORDS).upper()),
    )
    online, same, waves, again = titles.numbers.to_list()
    assert (online, waves) == (same, again)
    assert {online, waves} == {0, 1}
    assert abstracts.numbers.to_list() == [0, None, None, 0]
    assert (titles.n, abstracts.n) == (2, 1)


@given(st.permutations(["On-line Tides", "Online tides", "ONLINE TIDES", "Waves"]))
def test_a_title_in_several_spellings_has_the_sketches_of_all(order: list[str]) -> None:
    titles, _ = texts_of(*((title, None) for title in order))
    [online, apart, waves] = title_sketches("online tides", "on-line tides", "waves")
    owned = zip(titles.owners.tolist(), titles.sketches.to_list(), strict=True)
    number = dict(zip(order, titles.numbers, strict=True))
    tides, wave = number["Online tides"], number["Waves"]
    assert sorted(owned) == sorted([(tides, online), (tides, apart), (wave, waves)])


def test_what_has_no_key_is_no_text() -> None:
    keys = pl.Series([None, 3, None, 1], dtype=pl.Int64)
    texts = pairing.Texts.of(keys, pl.Series([[1], [2], [3], [4]], dtype=pl.List(pl.Int64)))
    assert texts.sketches.to_list() == [[4], [2]]
    assert texts.numbers.to_list() == [None, 1, None, 0]


@given(TITLES, st.sampled_from([4, 16]))
def test_shards_gathered_give_the_same_blocks(titles: list[str], shards: int) -> None:
    texts = texts_of(*((title, abstract_of(n, n + 40)) for n, title in enumerate(titles)))
    whole = pairing.gathered([pairing.block(*texts)])
    parts = pairing.gathered([pairing.block(*texts, n, shards) for n in range(shards)])
    assert equal(parts.titles, whole.titles)
    assert equal(parts.abstracts, whole.abstracts)


def with_forms(*rows: dict[str, object]) -> pl.DataFrame:
    """Entries as far as their forms and pairs are concerned."""
    plain: dict[str, object] = {
        "title": "Tides",
        "abstract": None,
        "arxiv_id": None,
        "doi": None,
        "authors_line": None,
        "n_authors": None,
        "date_text": None,
        "published_on": None,
        "journal_ref": None,
    }
    full = [plain | row for row in rows]
    known = entries(*((row["title"], row["abstract"]) for row in full))  # type: ignore[misc]
    others = pl.DataFrame(
        [{name: row[name] for name in list(plain)[2:]} for row in full],
        schema={
            "arxiv_id": pl.String,
            "doi": pl.String,
            "authors_line": pl.String,
            "n_authors": pl.Int32,
            "date_text": pl.String,
            "published_on": pl.Date,
            "journal_ref": pl.String,
        },
    )
    return known.with_columns(
        others,
        title_key=pl.col("title_words"),
        title_fold=signatures.title_fold(pl.col("title_words")),
    )


def pairs_of(*rows: dict[str, object], shards: int = 1) -> set[tuple[int, int]]:
    """The pairs of rows that are compared."""
    known = with_forms(*rows)
    titles, abstracts = pairing.texts_of(known, MIN_WORDS)
    blocks = pairing.gathered([pairing.block(titles, abstracts, n, shards) for n in range(shards)])
    forms = pairing.forms_of(known)
    pairs = pairing.pairs_of_forms(forms, titles, abstracts, blocks)
    assert pairs.equals(pairs.unique().sort("one", "other"))
    assert (pairs["one"] < pairs["other"]).all()
    row = forms["row"].to_list()
    return {(row[one], row[other]) for one, other in pairs.rows()}


def test_entries_that_say_the_same_are_one_form() -> None:
    same: dict[str, object] = {"title": "Tidal waves", "authors_line": "Doe"}
    known = with_forms(same, {"title": "Moon"}, same, same | {"doi": "10.1/x"}, same)
    forms = pairing.forms_of(known)
    assert forms["form"].to_list() == [0, 1, 2]
    assert forms["row"].to_list() == [0, 1, 3]
    assert forms["rows"].to_list() == [[0, 2, 4], [1], [3]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"title": "Tidal waves"}, {"title": "Tidal waves", "authors_line": "Doe"}),
        ({"title": "On-line tides"}, {"title": "Online tides"}),
        ({"title": "Waves", "arxiv_id": "2501.00001"}, {"title": "Moon", "arxiv_id": "2501.00001"}),
        ({"title": "Waves", "doi": "10.1/x"}, {"title": "Moon", "doi": "10.1/x"}),
        (
            {"title": "Waves", "abstract": abstract_of(0, 60)},
            {"title": "Moon", "abstract": abstract_of(0, 60)},
        ),
        (
            {"title": "Waves", "abstract": abstract_of(0, 200)},
            {"title": "Moon", "abstract": abstract_of(80, 200)},
        ),
        ({"title": "Tidal waves of oceans"}, {"title": "Tidal waves of the oceans: a survey"}),
    ],
    ids=[
        "equal titles",
        "titles of the same letters",
        "one arXiv id",
        "one DOI",
        "equal abstracts",
        "abstract within another",
        "title within another",
    ],
)
def test_what_is_compared(one: dict[str, object], other: dict[str, object]) -> None:
    stranger: dict[str, object] = {
        "title": "Graphs that forecast nothing",
        "abstract": abstract_of(0, 80, name="other"),
    }
    for shards in (1, 4, 16):
        assert pairs_of(one, stranger, other, shards=shards) == {(0, 2)}


def test_similar_titles_whose_abstracts_have_nothing_in_common_are_not_compared() -> None:
    one = {"title": "Tidal waves of oceans", "abstract": abstract_of(0, 200)}
    other = {"title": "Tidal waves of lakes", "abstract": abstract_of(500, 700)}
    assert pairs_of(one, other) == set()
    # nothing is known of an abstract that is not there
    assert pairs_of(one, {"title": "Tidal waves of lakes"}) == {(0, 1)}
    # and equal titles are looked at
    assert pairs_of(one, other | {"title": "Tidal waves of oceans"}) == {(0, 1)}


def test_an_abstract_that_stands_below_many_titles_makes_no_pairs() -> None:
    names = "tides waves moon graphs rivers lakes ships storms clouds birds rocks".split()
    stock = abstract_of(0, 60)
    many: list[dict[str, object]] = [{"title": name, "abstract": stock} for name in names]
    assert pairs_of(*many) == set()
    assert len(pairs_of(*many[:8])) == 8 * 7 / 2


@pytest.mark.parametrize("n", [65, 100, 1000])
def test_of_a_title_that_many_share_the_pairs_are_linear(n: int) -> None:
    day = dt.date(2025, 1, 1)
    rows: list[dict[str, object]] = [
        {"title": "Editorial", "published_on": day + dt.timedelta(days=number)}
        for number in range(n)
    ]
    pairs = pairs_of(*rows)
    assert len(pairs) == 2 * n - 3
    # all are linked by some chain
    assert {other for _, other in pairs} == set(range(1, n))


@pytest.mark.parametrize("key", ["arxiv_id", "doi"])
def test_of_an_identifier_that_many_share_each_is_paired_with_the_first(key: str) -> None:
    rows: list[dict[str, object]] = [
        {"title": f"{letter}{letter}tides", key: "x"} for letter in "abcdefghij"
    ]
    assert pairs_of(*rows) == {(0, other) for other in range(1, 10)}


def test_no_entries_make_no_pairs() -> None:
    known = with_forms({"title": "Tides"}).clear()
    titles, abstracts = pairing.texts_of(known, MIN_WORDS)
    blocks = pairing.block(titles, abstracts)
    forms = pairing.forms_of(known)
    assert pairing.pairs_of_forms(forms, titles, abstracts, blocks).height == 0
