"""Blocking: which titles, and which abstracts, are worth a closer look together.

Both are found in the same way. Each text has keys, which are hashes; texts that share a rare one
are likely the same. Keys and owners are packed into one number each and sorted: an inverted index
without a dictionary. The work is that of sorting, whatever texts share: of a key that many share
only neighbours are paired, and one that very many share says nothing.

* The keys of an abstract are its sampled shingles (``normalize.signatures``).
* The keys of a title are sums of the hashes of its words: of all; of all but one or two; of its
  first and of its last ones. Titles that differ in a word or two, in the order of words, or of
  which one is a part of the other, so share a key.

The space of hashes can be cut into shards: each is paired on its own, and their pairs add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, combinations, pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from paperdump.normalize import words
from paperdump.normalize.signatures import BITS
from paperdump.normalize.words import Flags, Hashes, Places

# Of a key that up to so many texts share, all are paired; of one that more share, each with the
# next one, and with the first; beyond the most, none.
ALL_PAIRED = 8
MOST_PAIRED = 1000
_PARTS = 3  # fewest words of a title's beginning, or end, that are a key
_WITHOUT_TWO = range(5, 15)  # words of titles of which two may differ
_AT_ONCE = 1 << 21  # values of sketches that are sorted at once
_KEYS_AT_ONCE = 1 << 18  # sorted keys whose owners are paired at once
_ABSTRACTS_AT_ONCE = 1 << 14  # whose keys are read at once
_PAIRS_AT_ONCE = 1 << 16  # whose sets of bits are compared at once
_BITS_OF_SET = 256  # of a sketch that is a set of bits; a multiple of 64, and a power of two
_TITLES_AT_ONCE = 1 << 13  # whose keys are made at once: what they need stays in the cache
_LONGEST = 64  # words of a title that keys are made of


class Shared(NamedTuple):
    """Pairs of texts that share keys.

    Attributes:
        one: A text of each pair, by its number.
        other: The other one, of a larger number; the pairs are in order.
        keys: How many keys led to the pair, at least.
    """

    one: Places
    other: Places
    keys: Places


class Keys(NamedTuple):
    """Keys of texts.

    Attributes:
        hashes: The keys.
        owners: The number of the text that each is of, from 0.
    """

    hashes: Hashes
    owners: Places

    @classmethod
    def of(cls, pieces: Iterable[Keys]) -> Keys:
        """The keys of all pieces."""
        every = [cls(np.empty(0, np.uint64), np.empty(0, np.int64)), *pieces]
        return cls(*(np.concatenate(columns) for columns in zip(*every, strict=True)))

    def shard(self, number: int, shards: int) -> Keys:
        """The keys of one shard of the space of hashes."""
        if shards == 1:
            return self
        # by the bits that all are left with, however many texts there are
        mine = words.mixed(self.hashes >> np.uint64(16)) % np.uint64(shards) == number
        return Keys(self.hashes[mine], self.owners[mine])


def abstract_keys(sketches: pl.Series) -> Iterator[Keys]:
    """The keys of abstracts, piece by piece: the shingles of their sketches."""
    for begin in range(0, len(sketches), _ABSTRACTS_AT_ONCE):
        some = sketches[begin : begin + _ABSTRACTS_AT_ONCE]
        owners = np.arange(begin, begin + len(some))
        yield Keys(_values(some), np.repeat(owners, _lengths(some)))


def title_keys(sketches: pl.Series) -> Iterator[Keys]:
    """The keys of titles, piece by piece, made of the words of their sketches (see above)."""
    lengths = np.minimum(_lengths(sketches), _LONGEST)
    values = words.mixed(_values(sketches.list.head(_LONGEST)))
    firsts = np.cumsum(lengths) - lengths
    for n in np.unique(lengths[lengths > 0]).tolist():
        texts = np.flatnonzero(lengths == n)
        for begin in range(0, len(texts), _TITLES_AT_ONCE):
            some = texts[begin : begin + _TITLES_AT_ONCE]
            sums = _key_sums([values[firsts[some] + place] for place in range(n)])
            hashes = words.mixed(np.concatenate(sums)) >> np.uint64(64 - BITS)
            yield Keys(hashes, np.tile(some, len(sums)))


def _key_sums(word: list[Hashes]) -> list[Hashes]:
    """The sums of words that are the keys of titles of as many words.

    Args:
        word: The first words of all titles, their second ones, and so on.

    Returns:
        The first keys of all titles, and so on.
    """
    n = len(word)
    begun = list(accumulate(word))
    whole = begun[-1]
    sums = [whole]
    if n > 2:
        without = [whole - one for one in word]
        sums += without
        if n in _WITHOUT_TWO:
            sums += [without[one] - word[other] for one, other in combinations(range(n), 2)]
    sums += begun[_PARTS - 1 : n - 1]
    sums += [whole - some for some in begun[: max(0, n - _PARTS)]]
    return sums


def paired(pieces: Iterable[Keys], n_owners: int, told_by_one: Flags | None = None) -> Shared:
    """The pairs of texts that share keys, with how many.

    Args:
        pieces: The keys of texts, in any order; a text may have a key twice.
        n_owners: How many texts there are.
        told_by_one: For each text whether one shared key tells anything; pairs that share one alone
            and are of two others are left out. All, if this is not said.
    """
    bits = np.uint64(max(1, int(n_owners - 1).bit_length()))
    # of many texts, keys lose a few bits: some more pairs are looked at
    cut = np.uint64(max(0, BITS + int(bits) - 64))
    packed = _gathered(_with_owners(keys, cut, bits) for keys in pieces)
    packed.sort()
    return _counted(_gathered(_pairs_of(packed, bits)), told_by_one)


def _gathered(pieces: Iterable[Hashes]) -> Hashes:
    """Pieces one after the other: much, which comes bit by bit and is in memory once."""
    whole = np.empty(0, np.uint64)
    for piece in pieces:
        n = len(whole)
        whole.resize(n + len(piece), refcheck=False)  # the system moves pages, not their content
        whole[n:] = piece
    return whole


def _with_owners(keys: Keys, cut: np.uint64, bits: np.uint64) -> Hashes:
    """Keys and owners in one number each, so that they sort by key."""
    packed = keys.hashes >> cut
    packed <<= bits
    packed |= keys.owners.view(np.uint64)
    return packed


def _pairs_of(packed: Hashes, bits: np.uint64) -> Iterator[Hashes]:
    """The pairs of owners of a key, from sorted keys with owners.

    They are read in slices that end where a key does: what is made of a slice is small enough to
    stay in the cache, and the memory for it is used again.
    """
    end = 0
    while end < len(packed):
        begin, end = end, min(end + _KEYS_AT_ONCE, len(packed))
        behind = ((packed[end - 1] >> bits) + np.uint64(1)) << bits
        # the largest key has none behind it
        end = int(np.searchsorted(packed, behind)) if behind > packed[end - 1] else len(packed)
        some = packed[begin:end]
        # a title of few words, or of a word that is there twice, has a key twice
        some = some[words.is_new(some)]
        begins = np.flatnonzero(words.is_new(some >> bits))
        lengths = np.diff(begins, append=len(some))
        shared = (lengths > 1) & (lengths <= MOST_PAIRED)
        owners = some & ((np.uint64(1) << bits) - np.uint64(1))
        yield _packed(*within_runs(owners, begins[shared], lengths[shared]))


def added(parts: list[Shared]) -> Shared:
    """The pairs of shards, their keys added up."""
    if len(parts) == 1:
        return parts[0]
    pairs = np.concatenate([_packed(part.one, part.other) for part in parts])
    counts = np.concatenate([part.keys for part in parts])
    distinct, place = np.unique(pairs, return_inverse=True)
    keys = np.bincount(place, weights=counts, minlength=len(distinct)).astype(np.int64)
    return Shared(*_unpacked(distinct), keys)


def within_runs(
    owner: Places | Hashes,
    begins: Places,
    lengths: Places,
    few: int = ALL_PAIRED,
    neighbours: bool = True,
) -> tuple[Places, Places]:
    """Pairs of owners within runs: all of short ones; of long ones each with the next, the first.

    Args:
        owner: The owners, one run after the other.
        begins: Where each run begins.
        lengths: How long it is.
        few: The length of a run up to which all are paired.
        neighbours: Whether, of longer ones, the next are paired, or only each with the first.

    Returns:
        The one and the other of each pair.
    """
    ones, others = [], []
    short = lengths[lengths <= few]
    for length in np.unique(short[short > 1]):
        begin = begins[lengths == length]
        for one, other in combinations(range(length), 2):
            ones.append(begin + one)
            others.append(begin + other)
    long = lengths > few
    begins, lengths = begins[long], lengths[long]
    first = np.repeat(begins, lengths - 1)
    step = np.arange(len(first)) - np.repeat(np.cumsum(lengths - 1) - (lengths - 1), lengths - 1)
    place = first + step + 1
    ones.append(first)
    others.append(place)
    if neighbours:
        beyond = step > 0  # the first one's next is paired already
        ones.append(place[beyond] - 1)
        others.append(place[beyond])
    return owner[np.concatenate(ones)], owner[np.concatenate(others)]


def _packed(one: Hashes | Places, other: Hashes | Places) -> Hashes:
    """Two numbers of 32 bits in one, so that they sort as pairs."""
    packed = one.astype(np.uint64)
    packed <<= np.uint64(32)
    packed |= other.astype(np.uint64)
    return packed


def _unpacked(pairs: Hashes) -> tuple[Places, Places]:
    return (
        (pairs >> np.uint64(32)).astype(np.int64),
        (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64),
    )


def _counted(pairs: Hashes, told_by_one: Flags | None) -> Shared:
    """Pairs, each once, with how often each is there; the given ones are sorted in place."""
    pairs.sort()
    parts = [Shared(*(np.empty(0, np.int64) for _ in Shared._fields))]
    end = 0
    while end < len(pairs):  # in slices, as keys are read
        begin, end = end, min(end + _KEYS_AT_ONCE, len(pairs))
        end = int(np.searchsorted(pairs, pairs[end - 1], side="right"))
        begins = begin + np.flatnonzero(words.is_new(pairs[begin:end]))
        keys = np.diff(begins, append=end)
        one, other = _unpacked(pairs[begins])
        if told_by_one is not None:
            some = (keys > 1) | told_by_one[one] | told_by_one[other]
            one, other, keys = one[some], other[some], keys[some]
        parts.append(Shared(one, other, keys))
    return Shared(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def shared_part(sketches: pl.Series, one: Places, other: Places) -> tuple[Places, Places]:
    """How much of two sketches is common, pair by pair.

    Args:
        sketches: Sketches, each sorted and without repeats.
        one: The numbers of sketches.
        other: The numbers of as many others.

    Returns:
        The size of what is in both, and the size of the smaller one.
    """
    values, lengths = _values(sketches), _lengths(sketches)
    firsts = np.cumsum(lengths) - lengths
    # so many pairs at a time that what is sorted stays small
    sizes = np.cumsum(lengths[one] + lengths[other])
    cuts = [0]
    while cuts[-1] < len(one):
        done = cuts[-1]
        base = sizes[done - 1] if done else 0
        until = max(done + 1, int(np.searchsorted(sizes, base + _AT_ONCE, side="right")))
        cuts.append(min(until, len(one), done + (1 << (64 - BITS)) - 1))

    def common(piece: tuple[int, int]) -> Places:
        some = slice(*piece)
        return _common(values, firsts, lengths, one[some], other[some])

    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        shared = [np.empty(0, np.int64), *threads.map(common, pairwise(cuts))]
    return np.concatenate(shared), np.minimum(lengths[one], lengths[other])


def shared_at_most(sketches: pl.Series, one: Places, other: Places) -> tuple[Places, Places]:
    """A bound for how much of two sketches is common, pair by pair, found without comparing them.

    Each sketch is a set of ``_BITS_OF_SET`` bits, one for each value; values of a sketch may meet
    in a bit. What two sketches share has bits that both sets have, and for each value without a bit
    of its own another value of the same sketch has that bit.

    Args:
        sketches: Sketches, each without repeats.
        one: The numbers of sketches.
        other: The numbers of as many others.

    Returns:
        What the common part has at most, and the size of the smaller sketch.
    """
    lengths = _lengths(sketches)
    sets = np.concatenate(
        [
            np.empty((0, _BITS_OF_SET // 64), np.uint64),
            *(
                _sets(sketches[begin : begin + _ABSTRACTS_AT_ONCE])
                for begin in range(0, len(sketches), _ABSTRACTS_AT_ONCE)
            ),
        ]
    )
    met = lengths - np.bitwise_count(sets).sum(axis=1, dtype=np.int64)
    bound = np.empty(len(one), np.int64)

    def count(begin: int) -> None:
        some = slice(begin, begin + _PAIRS_AT_ONCE)
        both = sets[one[some]] & sets[other[some]]
        bound[some] = np.bitwise_count(both).sum(axis=1, dtype=np.int64)

    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        list(threads.map(count, range(0, len(one), _PAIRS_AT_ONCE)))
    bound += np.minimum(met[one], met[other])
    return bound, np.minimum(lengths[one], lengths[other])


def _sets(sketches: pl.Series) -> Hashes:
    """Each sketch as a set of bits, a row of 64 bits each."""
    values, lengths = _values(sketches), _lengths(sketches)
    flags = np.zeros(len(sketches) * _BITS_OF_SET, bool)
    bit = (values & np.uint64(_BITS_OF_SET - 1)).astype(np.int64)
    flags[np.repeat(np.arange(len(sketches)) * _BITS_OF_SET, lengths) + bit] = True
    return np.packbits(flags).view(np.uint64).reshape(-1, _BITS_OF_SET // 64)


def _common(values: Hashes, firsts: Places, lengths: Places, one: Places, other: Places) -> Places:
    """How many values the sketches of each pair share; fewer than 2 to the 24th pairs."""
    pair = np.arange(len(one), dtype=np.uint64) << np.uint64(BITS)
    tagged = [
        np.repeat(pair, lengths[side]) | values[words.runs(firsts[side], lengths[side])]
        for side in (one, other)
    ]
    every = np.concatenate(tagged)
    every.sort()
    twice = every[1:][every[1:] == every[:-1]]
    return np.bincount((twice >> np.uint64(BITS)).astype(np.int64), minlength=len(one))


def _values(sketches: pl.Series) -> Hashes:
    # lists that are null or empty have no values
    return sketches.explode(empty_as_null=False, keep_nulls=False).to_numpy().view(np.uint64)


def _lengths(sketches: pl.Series) -> Places:
    return sketches.list.len().fill_null(0).to_numpy().astype(np.int64)
