"""Words of texts as hashes, read from the bytes of a whole column at once.

A word is a run of letters and digits of ASCII, in lower case, and of bytes beyond ASCII; all else
stands between words. Which characters beyond ASCII are letters is for ``signatures`` to say, which
may give such words another spelling. Hashes are made of bytes and lengths alone: they are the same
on every machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Respell = Callable[[pl.Series], pl.Series]

Result = TypeVar("Result")

_FEW_PIECES = 8  # that one thread works on
_PIECE = 1 << 20  # bytes of text worked on at once: what they need stays in the cache
_LOAD = 8  # bytes of a word that are read at once
_CASE = np.uint8(0x20)  # the bit that lower case letters of ASCII have
_LETTERS, _DIGITS, _ASCII = np.uint8(26), np.uint8(10), np.uint8(127)
_KEEP = np.array([(1 << (8 * n)) - 1 for n in range(_LOAD)] + [2**64 - 1], dtype=np.uint64)
# odd multipliers without a pattern: the first digits of the fractions of square roots
_ODD = np.array(
    [0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1],
    dtype=np.uint64,
)


class Words(NamedTuple):
    """The words of texts, one text after the other.

    Attributes:
        hashes: A hash per word; equal for equal words, whatever their case.
        bounds: Where each text's words begin, and where the last one's end.
    """

    hashes: Hashes
    bounds: Places

    @property
    def counts(self) -> Places:
        """How many words each text has."""
        return np.diff(self.bounds)


_NONE = Words(np.empty(0, np.uint64), np.zeros(1, np.int64))


def is_new(values: Hashes) -> Flags:
    """Of sorted values, along the last axis, whether each differs from the one before."""
    new = np.ones(values.shape, bool)
    new[..., 1:] = values[..., 1:] != values[..., :-1]
    return new


def runs(begins: Places, lengths: Places) -> Places:
    """The places of runs, one run after the other.

    Args:
        begins: Where each run begins.
        lengths: How long each is.
    """
    before = np.cumsum(lengths) - lengths
    places: Places = np.arange(lengths.sum()) + np.repeat(begins - before, lengths)
    return places


def offsets_of(counts: Places) -> Places:
    """Where each of some runs begins, one after the other, and where the last one ends."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def mixed(hashes: Hashes) -> Hashes:
    """Hashes each bit of which depends on all bits of those given, one to one.

    The finalizer of MurmurHash3 (Appleby 2011, public domain) with constants of its own.
    """
    hashes = hashes ^ (hashes >> np.uint64(32))
    hashes *= _ODD[0]
    hashes ^= hashes >> np.uint64(29)
    hashes *= _ODD[1]
    hashes ^= hashes >> np.uint64(32)
    return hashes


def in_pieces(
    texts: pl.Series, work: Callable[[Words], Result], respell: Respell | None = None
) -> Iterator[Result]:
    """What a function makes of the words of texts, piece by piece, in order.

    Pieces are worked on by as many threads as Polars has: NumPy computes outside Python's lock.

    Args:
        texts: Texts; one that is null has no words.
        work: The function, of the words of some texts that follow each other.
        respell: What writes each of some words with bytes beyond ASCII as the words, none or more,
            that it stands for.
    """
    content, bounds = _content(texts)
    # each piece holds the texts that begin in so many bytes, so one at least
    cuts = np.unique(np.searchsorted(bounds[:-1], np.arange(bounds[0], bounds[-1], _PIECE)))
    cuts = np.unique(np.concatenate([[0], cuts, [len(texts)]]))
    pieces = [bounds[first : last + 1] for first, last in pairwise(cuts)]
    spellings = _Spellings(respell) if respell else None
    if len(pieces) < _FEW_PIECES:
        yield from (work(_words_of(content, piece, spellings)) for piece in pieces)
        return
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        yield from threads.map(lambda piece: work(_words_of(content, piece, spellings)), pieces)


def words(texts: pl.Series) -> Words:
    """The words of texts, all at once.

    Args:
        texts: Texts; one that is null has no words.
    """
    return _joined(list(in_pieces(texts, lambda part: part)))


def words_and_beginnings(texts: pl.Series, longest: int) -> tuple[Words, Hashes]:
    """The words of texts, and for each the hash of what it begins with.

    Args:
        texts: Texts; one that is null has no words.
        longest: How many bytes of a word its beginning has, at most 8.
    """
    content, bounds = _content(texts)
    folded, starts, lengths = _folded_words(content, bounds)
    hashes = _hashes(folded, starts, lengths)
    begins = mixed(_loads(folded)[starts] & _KEEP[np.minimum(lengths, longest)])
    return Words(hashes, np.searchsorted(starts, bounds - bounds[0])), begins


class _Spellings:
    """The words that words with bytes beyond ASCII stand for; each distinct one is asked once."""

    def __init__(self, respell: Respell) -> None:
        self._respell = respell
        self._known = np.empty(0, np.uint64)  # hashes of words, sorted
        self._places = np.empty(0, np.int64)  # where in the store each of these is
        self._store = _NONE
        self._lock = threading.Lock()

    def of(self, hashes: Hashes, written: Callable[[Places], pl.Series]) -> tuple[Words, Places]:
        """The store of words, and the place in it of each word that is asked for.

        Args:
            hashes: The hashes of words, sorted, each once.
            written: Words as texts, by their places among the hashes.
        """
        with self._lock:
            place = np.searchsorted(self._known, hashes)
            is_known = np.zeros(len(hashes), bool)
            inside = place < len(self._known)
            is_known[inside] = self._known[place[inside]] == hashes[inside]
            missing = np.flatnonzero(~is_known)
            if len(missing):
                self._add(hashes[missing], words(self._respell(written(missing))))
                place = np.searchsorted(self._known, hashes)
            return self._store, self._places[place]

    def _add(self, hashes: Hashes, spelled: Words) -> None:
        known = np.concatenate([self._known, hashes])
        places = np.concatenate([self._places, len(self._known) + np.arange(len(hashes))])
        order = np.argsort(known)
        self._known, self._places = known[order], places[order]
        self._store = _joined([self._store, spelled])


def _content(texts: pl.Series) -> tuple[Bytes, Places]:
    """The bytes of texts, and where each text begins in them, and the last one ends."""
    array = texts.rechunk().to_arrow()
    if not pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data if data is not None else b"", np.uint8), bounds


def _joined(parts: list[Words]) -> Words:
    """The words of texts of several pieces."""
    if not parts:
        return _NONE
    counts = np.concatenate([part.counts for part in parts])
    bounds = offsets_of(counts)
    return Words(np.concatenate([part.hashes for part in parts]), bounds)


def _words_of(content: Bytes, bounds: Places, spellings: _Spellings | None) -> Words:
    """The words of texts that follow each other, from their bytes and where each begins."""
    folded, starts, lengths = _folded_words(content, bounds)
    hashes = _hashes(folded, starts, lengths)
    found = Words(hashes, np.searchsorted(starts, bounds - bounds[0]))
    beyond = np.flatnonzero(folded > _ASCII) if spellings else ()
    if spellings is None or not len(beyond):
        return found
    strange = np.searchsorted(starts, beyond, side="right") - 1
    strange = strange[is_new(strange.astype(np.uint64))]
    distinct, first, number = np.unique(hashes[strange], return_index=True, return_inverse=True)

    def written(some: Places) -> pl.Series:
        word = strange[first[some]]
        return _texts(folded[runs(starts[word], lengths[word])], lengths[word])

    store, places = spellings.of(distinct, written)
    return _replaced(found, strange, store, places[number])


def _replaced(found: Words, some: Places, store: Words, places: Places) -> Words:
    """Words, some of which are replaced by the words of texts, none or more, of a store."""
    instead = store.counts[places]
    counts = np.ones(len(found.hashes), np.int64)
    counts[some] = instead
    ends = offsets_of(counts)
    hashes = np.repeat(found.hashes, counts)
    hashes[runs(ends[some], instead)] = store.hashes[runs(store.bounds[places], instead)]
    return Words(hashes, ends[found.bounds])


def _texts(content: Bytes, lengths: Places) -> pl.Series:
    """Texts from their bytes and how many each has."""
    # not by way of pa.array, which would import pandas
    buffers = [None, pa.py_buffer(offsets_of(lengths)), pa.py_buffer(content)]
    return pl.Series(pa.Array.from_buffers(pa.large_string(), len(lengths), buffers))


def _folded_words(content: Bytes, bounds: Places) -> tuple[Bytes, Places, Places]:
    """The words in the bytes of texts that follow each other.

    Returns:
        The bytes, letters of ASCII in lower case, 0 where no word is, and room for a load behind
        them; where each word starts; how many bytes it has.
    """
    text = content[bounds[0] : bounds[-1]]
    n = len(text)
    letter = ((text | _CASE) - np.uint8(ord("a"))) < _LETTERS
    inside = (text - np.uint8(ord("0"))) < _DIGITS
    inside |= letter
    inside |= text > _ASCII
    folded = np.zeros(n + _LOAD, np.uint8)
    np.multiply(letter, _CASE, out=folded[:n])
    folded[:n] |= text
    folded[:n] *= inside
    # where words begin and end, in turns
    turns = np.zeros(n + 1, bool)
    turns[:n] = inside
    turns[1:] ^= inside
    places = np.flatnonzero(turns)
    # a text's end is a word's end, also where the next text goes on with another word
    edges = bounds[1:-1] - bounds[0]
    edges = edges[(edges > 0) & (edges < n)]
    met = np.unique(edges[inside[edges - 1] & inside[edges]])
    if len(met):
        places = np.insert(places, np.repeat(np.searchsorted(places, met), 2), np.repeat(met, 2))
    starts = places[::2]
    return folded, starts, places[1::2] - starts


def _loads(folded: Bytes) -> Hashes:
    """Each place of the bytes as the beginning of a load."""
    return np.ndarray((len(folded) - _LOAD + 1,), "<u8", folded, strides=(1,))


def _hashes(folded: Bytes, starts: Places, lengths: Places) -> Hashes:
    """Hashes of words, from their bytes and places."""
    loads = _loads(folded)
    hashes = loads[starts] & _KEEP[np.minimum(lengths, _LOAD)]
    long = np.flatnonzero(lengths > _LOAD)
    done = _LOAD
    while len(long):
        left = lengths[long] - done
        rest = loads[starts[long] + done] & _KEEP[np.minimum(left, _LOAD)]
        hashes[long] = mixed(hashes[long] + _ODD[2]) ^ (rest * _ODD[3])
        long, done = long[left > _LOAD], done + _LOAD
    return mixed(hashes)
