"""Words of texts as hashes, read from the bytes of a whole column at once.

A word is a run of letters and digits of ASCII, in lower case, and of bytes beyond ASCII; all else
stands between words. Which characters beyond ASCII are letters is for ``signatures`` to settle
before. Hashes are made of bytes and lengths alone: they are the same on every machine.
"""

from __future__ import annotations

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

Result = TypeVar("Result")

_FEW_PIECES = 8  # that one thread works on
_PIECE = 1 << 20  # bytes of text worked on at once: what they need stays in the cache
_LOAD = 8  # bytes of a word that are read at once
# bytes → what they count as in a word: a letter in lower case, a digit, themselves; 0 is none
_FOLDED = np.array(
    [ord(chr(b).lower()) if b > 127 or chr(b).isalnum() else 0 for b in range(128)]
    + list(range(128, 256)),
    dtype=np.uint8,
)
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


def is_new(values: Hashes) -> npt.NDArray[np.bool_]:
    """Of sorted values, along the last axis, whether each differs from the one before."""
    new = np.ones(values.shape, bool)
    new[..., 1:] = values[..., 1:] != values[..., :-1]
    return new


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
    texts: pl.Series, work: Callable[[Words], Result], longest: int | None = None
) -> Iterator[Result]:
    """What a function makes of the words of texts, piece by piece, in order.

    Pieces are worked on by as many threads as Polars has: NumPy computes outside Python's lock.

    Args:
        texts: Texts; one that is null has no words.
        work: The function, of the words of some texts that follow each other.
        longest: How many bytes of a word count, at most 8; None for all.
    """
    array = texts.rechunk().to_arrow()
    if not pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(data if data is not None else b"", np.uint8)
    # each piece holds the texts that begin in so many bytes, so one at least
    cuts = np.unique(np.searchsorted(bounds[:-1], np.arange(bounds[0], bounds[-1], _PIECE)))
    cuts = np.unique(np.concatenate([[0], cuts, [len(array)]]))
    runs = [bounds[first : last + 1] for first, last in pairwise(cuts)]
    if len(runs) < _FEW_PIECES:
        yield from (work(_words_of(content, run, longest)) for run in runs)
        return
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        yield from threads.map(lambda run: work(_words_of(content, run, longest)), runs)


def words(texts: pl.Series, longest: int | None = None) -> Words:
    """The words of texts, all at once.

    Args:
        texts: Texts; one that is null has no words.
        longest: How many bytes of a word count, at most 8; None for all.
    """
    parts = list(in_pieces(texts, lambda part: part, longest))
    if not parts:
        return Words(np.empty(0, np.uint64), np.zeros(1, np.int64))
    counts = np.concatenate([part.counts for part in parts])
    bounds = np.concatenate([[0], np.cumsum(counts)])
    return Words(np.concatenate([part.hashes for part in parts]), bounds)


def _words_of(content: npt.NDArray[np.uint8], bounds: Places, longest: int | None) -> Words:
    """The words of texts that follow each other, from their bytes and where each begins."""
    begin, end = int(bounds[0]), int(bounds[-1])
    # room for a load beyond the last byte
    folded = np.zeros(end - begin + _LOAD, np.uint8)
    np.take(_FOLDED, content[begin:end], out=folded[: end - begin])
    inside = folded != 0
    edges = bounds - begin
    before = np.empty_like(inside)
    before[0] = False
    before[1:] = inside[:-1]
    before[edges] = False  # a text's end is a word's end
    starts = np.flatnonzero(inside & ~before)
    after = np.empty_like(inside)
    after[-1] = False
    after[:-1] = inside[1:]
    after[edges[edges > 0] - 1] = False
    ends = np.flatnonzero(inside & ~after) + 1
    lengths = ends - starts
    # each place of the bytes as the beginning of a load
    loads = np.ndarray((end - begin + 1,), "<u8", folded, strides=(1,))
    hashes = loads[starts] & _KEEP[np.minimum(lengths, longest or _LOAD)]
    if longest is None:
        hashes = _with_the_rest(hashes, loads, starts, lengths)
    return Words(mixed(hashes), np.searchsorted(starts, edges))


def _with_the_rest(hashes: Hashes, loads: Hashes, starts: Places, lengths: Places) -> Hashes:
    """Hashes of words with what lies beyond their first load."""
    long = np.flatnonzero(lengths > _LOAD)
    done = _LOAD
    while len(long):
        left = lengths[long] - done
        rest = loads[starts[long] + done] & _KEEP[np.minimum(left, _LOAD)]
        hashes[long] = mixed(hashes[long] + _ODD[2]) ^ (rest * _ODD[3])
        long, done = long[left > _LOAD], done + _LOAD
    return hashes
