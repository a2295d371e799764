"""Words of texts as hashes, read from the bytes of a whole column at once.

A word is a run of letters and digits of ASCII, in lower case, and of bytes beyond ASCII; all else
stands between words. Which characters beyond ASCII are letters is for ``signatures`` to say, which
may give such words another spelling. Hashes are made of bytes and lengths alone: they are the same
on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

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
_RESPELLED = 16  # pieces whose strange words are respelled at once
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
    pieces = pieces_of(texts)
    if not pieces:
        return
    if len(pieces) < _FEW_PIECES:
        yield from _worked(pieces, work, respell, map)
        return
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        for begin in range(0, len(pieces), _RESPELLED):
            yield from _worked(pieces[begin : begin + _RESPELLED], work, respell, threads.map)


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
    content, bounds = content_of(texts)
    folded, starts, lengths = _folded_words(content, bounds)
    hashes = _hashes(folded, starts, lengths)
    begins = mixed(_loads(folded)[starts] & _KEEP[np.minimum(lengths, longest)])
    return Words(hashes, np.searchsorted(starts, bounds - bounds[0])), begins


def text_hashes(texts: pl.Series) -> pl.Series:
    """A hash of each text as it is written, equal for equal texts; null where there is none.

    Args:
        texts: Texts.
    """

    def of(piece: pl.Series) -> Hashes:
        content, bounds = content_of(piece)
        some = content[bounds[0] : bounds[-1]]
        padded = np.zeros(len(some) + _LOAD, np.uint8)
        padded[: len(some)] = some
        lengths = np.diff(bounds)
        hashes = _hashes(padded, bounds[:-1] - bounds[0], lengths)
        # bytes of 0 at the end count, too
        hashes ^= lengths.astype(np.uint64) * _ODD[2]
        return hashes

    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        hashes = np.concatenate([np.empty(0, np.uint64), *threads.map(of, pieces_of(texts))])
    known = pl.when(texts.is_not_null())
    return pl.select(known.then(pl.lit(pl.Series(texts.name, hashes)))).to_series()


class _Found(NamedTuple):
    """The words of some texts, and those of them that respelling is asked for.

    Attributes:
        words: The words as they are written.
        strange: Which of them have bytes beyond ASCII.
        hashes: The hashes of these, sorted, each once.
        numbers: For each of these words the place of its hash among them.
        written: A word of each hash as text.
    """

    words: Words
    strange: Places
    hashes: Hashes
    numbers: Places
    written: pl.Series


def pieces_of(texts: pl.Series) -> list[pl.Series]:
    """Texts in pieces of about a megabyte, or of one text that has more, in order."""
    if not len(texts):
        return []
    ends = texts.str.len_bytes().fill_null(0).cast(pl.Int64).cum_sum().to_numpy()
    # each piece holds the texts that begin in so many bytes, so one at least
    starts = np.concatenate([[0], ends[:-1]])
    cuts = np.searchsorted(starts, np.arange(0, ends[-1], _PIECE))
    cuts = np.unique(np.concatenate([[0], cuts, [len(texts)]]))
    return [texts.slice(first, last - first) for first, last in pairwise(cuts.tolist())]


def _worked(
    pieces: list[pl.Series],
    work: Callable[[Words], Result],
    respell: Respell | None,
    mapped: Callable[..., Iterator[Any]],
) -> Iterator[Result]:
    """What a function makes of the words of pieces; what is strange in all is respelled at once."""
    if respell is None:
        yield from mapped(lambda piece: work(_words_of(*content_of(piece))), pieces)
        return
    found: list[_Found] = list(mapped(lambda piece: _found(*content_of(piece)), pieces))
    hashes, first = np.unique(np.concatenate([part.hashes for part in found]), return_index=True)
    if not len(hashes):
        yield from mapped(lambda part: work(part.words), found)
        return
    store = words(respell(pl.concat([part.written for part in found]).gather(first)))

    def respelled(part: _Found) -> Result:
        places = np.searchsorted(hashes, part.hashes)[part.numbers]
        return work(_replaced(part.words, part.strange, store, places))

    yield from mapped(respelled, found)


def content_of(texts: pl.Series) -> tuple[Bytes, Places]:
    """The bytes of texts, and where each text begins in them, and the last one ends.

    The bytes may hold others before and after those of the texts. A text that is null has none.
    """
    # in Arrow, one that is null may have bytes that say nothing
    array = texts.fill_null("").rechunk().to_arrow()
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


def _words_of(content: Bytes, bounds: Places) -> Words:
    """The words of texts that follow each other, from their bytes and where each begins."""
    folded, starts, lengths = _folded_words(content, bounds)
    return Words(_hashes(folded, starts, lengths), np.searchsorted(starts, bounds - bounds[0]))


def _found(content: Bytes, bounds: Places) -> _Found:
    """The words of texts that follow each other, and those with bytes beyond ASCII."""
    folded, starts, lengths = _folded_words(content, bounds)
    hashes = _hashes(folded, starts, lengths)
    found = Words(hashes, np.searchsorted(starts, bounds - bounds[0]))
    beyond = np.flatnonzero(folded > _ASCII)
    strange = np.searchsorted(starts, beyond, side="right") - 1
    strange = strange[is_new(strange.astype(np.uint64))]
    distinct, first, numbers = np.unique(hashes[strange], return_index=True, return_inverse=True)
    word = strange[first]
    written = _texts(folded[runs(starts[word], lengths[word])], lengths[word])
    return _Found(found, strange, distinct, numbers, written)


def _replaced(found: Words, some: Places, store: Words, places: Places) -> Words:
    """Words, some of which are replaced by the words of texts, none or more, of a store.

    The given ones may be changed in place.
    """
    instead = store.counts[places]
    begins = store.bounds[places]
    single = instead == 1
    # by far the most words stay one word: they are replaced where they are
    found.hashes[some[single]] = store.hashes[begins[single]]
    if single.all():
        return found
    some, instead, begins = (part[~single] for part in (some, instead, begins))
    counts = np.ones(len(found.hashes), np.int64)
    counts[some] = instead
    ends = offsets_of(counts)
    hashes = np.repeat(found.hashes, counts)
    hashes[runs(ends[some], instead)] = store.hashes[runs(begins, instead)]
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
