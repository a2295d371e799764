"""Words of texts as numbers, and which stand side by side.

Texts are cut at their spaces, and each distinct piece is read once (``tokens_of``): most come again
and again. Pieces are known again by keys, which are looked up for a whole column at once: the bytes
themselves of a piece of up to eight, a hash of 64 bits of a longer one. Of four million distinct
pieces, two have the same key, and one of them is read as the other, once in two million times.
"""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from paperdump.normalize.words import offsets_of, runs

Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

_BITS = 31  # of the number of a word, or of a text
_BLOCK = 1 << 19  # bytes of text whose pieces are looked up at once: these stay in the cache
_MOST_PIECES = 4_000_000  # of texts, that are remembered
_SPACE = np.uint8(ord(" "))
_LOAD = 16  # bytes of a piece that are read at once
_KEEP = np.frombuffer(  # of a load, its first bytes, 0 and more: as two numbers
    b"".join(b"\xff" * n + b"\0" * (_LOAD - n) for n in range(_LOAD + 1)), "<u8"
).reshape(-1, 2)
# odd multipliers without a pattern: the first digits of the fractions of square roots
_ODD = np.array([0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B], np.uint64)
_SECOND = (1 << _BITS) - 1

# English words that join others, and name nothing themselves.
_JOINING = (
    "a about above across after again against al all almost along already also although always am "
    "among amongst an and another any are aren't around as at be became because become becomes "
    "been before behind being below beside besides between beyond both but by can can't cannot "
    "could did do does doesn't doing don't done due during each eg either else et etc even ever "
    "every few for from further furthermore given had has have having he hence her here herself "
    "him himself his how however i ie if ii iii in indeed instead into is isn't it it's its "
    "itself just let many may me might more moreover most much must my myself namely neither "
    "never nevertheless no nor not now of off often on once one ones only onto or other others "
    "otherwise our ours ourselves out over own per perhaps quite rather re regarding same several "
    "shall she should since so some still such than that the their theirs them themselves then "
    "there thereby therefore these they this those though through throughout thus to together too "
    "toward towards two under unless unlike until up upon us using various very via was we were "
    "what when whenever where whereas whereby whether which while who whole whom whose why will "
    "with within without would yet you your yours "
)
_FUNCTION_WORDS = sorted(_JOINING.split())
_ADDRESS = r"(?:https?://|www\.)\S+"
_APOSTROPHES = "[’ʼ`´]"
_HYPHENS = "[‐‑‒]"
# a word, with what is joined to it ("state-of-the-art", "gpt-4.5", "c++"), or a mark that parts
_TOKENS = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:[-'][\p{L}\p{N}][\p{L}\p{M}\p{N}]*|\.\p{N}+)*\+*|[^\s]"
_NAMES = r"\p{L}"


class Words(NamedTuple):
    """The words of texts, and those side by side, as often as they stand there or more often.

    Attributes:
        words: A word and its text as one number (:func:`joined`).
        pairs: Two words as one number.
        texts: The number of each pair's text.
    """

    words: Numbers
    pairs: Numbers
    texts: Numbers


def joined(first: Numbers, second: Numbers) -> Numbers:
    """Two numbers as one: a phrase of two words, or a word and its text.

    That of a phrase is larger than that of any word.
    """
    return (first << _BITS) | second


def parts(both: Numbers) -> tuple[Numbers, Numbers]:
    """The two numbers that are in one; of a word by itself, 0 and that."""
    return both >> _BITS, both & _SECOND


def is_pair(terms: Numbers) -> npt.NDArray[np.bool_]:
    """Whether terms are phrases."""
    return terms > _SECOND


def tokens_of(pieces: pl.Series) -> pl.DataFrame:
    """The words of pieces of text, and what stands between words.

    Returns:
        A row per token: ``piece`` (its number, from 0), ``token`` (in lower case), null for a mark
        and for a word that names nothing.
    """
    tidy = (
        pl.col("token")
        .str.replace_all(_ADDRESS, " . ")
        .str.to_lowercase()
        .str.replace_all(_APOSTROPHES, "'")
        .str.replace_all(_HYPHENS, "-")
        .str.extract_all(_TOKENS)
    )
    tokens = (
        pieces.alias("token")
        .to_frame()
        .with_row_index("piece")
        .with_columns(tidy)
        .explode("token", empty_as_null=False)
        .with_columns(pl.col("token").str.strip_suffix("'s"))
    )
    token = pl.col("token")
    names = (token.str.len_bytes() > 1) & token.str.contains(_NAMES) & ~token.is_in(_FUNCTION_WORDS)
    return tokens.with_columns(token=pl.when(names).then(token))


class _Table:
    """Numbers by keys: a hash table with open addressing, asked for many keys at once.

    A key of 0, which one hash in 2**64 is, is taken for one with the number 0.
    """

    def __init__(self) -> None:
        self._bits = 12
        self._size = 0
        self._rows = np.zeros((1 << self._bits, 2), np.uint64)  # keys, 0 where free; numbers

    def __len__(self) -> int:
        return self._size

    def _slots(self, keys: Keys) -> Numbers:
        """Where keys are looked for first."""
        slots: Numbers = ((keys * _ODD[0]) >> np.uint64(64 - self._bits)).view(np.int64)
        return slots

    def look_up(self, keys: Keys) -> tuple[Numbers, Numbers]:
        """The numbers of keys, and the places of those keys that have none (in no order)."""
        slots = self._slots(keys)
        rows = np.take(self._rows, slots, axis=0, mode="clip")
        numbers = rows[:, 1].astype(np.int64)
        left = np.flatnonzero(rows[:, 0] != keys)
        there, missed, tries = rows[left, 0], [left[:0]], 0
        while len(left):
            taken = there > 0
            missed.append(left[~taken])
            left = left[taken]
            tries += 1
            slots[left] = self._next(slots[left], tries)
            rows = self._rows[slots[left]]
            there = rows[:, 0]
            found = there == keys[left]
            numbers[left[found]] = rows[found, 1]
            left, there = left[~found], there[~found]
        return numbers, np.concatenate(missed)

    def _next(self, slots: Numbers, tries: int) -> Numbers:
        """Where keys are looked for after so many tries: ever farther off, in the end all over."""
        return (slots + tries) & ((1 << self._bits) - 1)

    def insert(self, keys: Keys, numbers: Numbers) -> None:
        """Adds keys, each once, none of which is known: first those that are asked for most."""
        self._size += len(keys)
        if 2 * self._size > len(self._rows):  # then runs of taken slots get long
            taken = np.flatnonzero(self._rows[:, 0])
            known = self._rows[taken]
            is_first = self._slots(known[:, 0].copy()) == taken
            self._bits = (2 * self._size).bit_length()
            self._rows = np.zeros((1 << self._bits, 2), np.uint64)
            # what is where it is looked for first, and so soon found, is there again
            self._place(known[is_first])
            self._place(known[~is_first])
        self._place(np.stack([keys, numbers.view(np.uint64)], axis=1))

    def _place(self, rows: Keys) -> None:
        """Puts keys and their numbers where there is room for them, in order."""
        slots = self._slots(rows[:, 0].copy())
        tries = 0
        while len(rows):
            tries += 1
            free = np.flatnonzero(self._rows[slots, 0] == 0)[::-1]
            # of several for one slot, the last one that is written gets it
            self._rows[slots[free]] = rows[free]
            left = self._rows[slots, 0] != rows[:, 0]
            rows, slots = rows[left], self._next(slots[left], tries)


class _Strange(NamedTuple):
    """Pieces of text that a code cannot tell.

    Attributes:
        ends: The first word of each, and the last one, as a phrase.
        bounds: Where the words of each begin, and where the last one's end.
        numbers: The words, with a 0 behind those of each piece.
    """

    ends: Numbers
    bounds: Numbers
    numbers: Numbers


class _Known:
    """What pieces of text say.

    The code of a piece is its word twice, as a phrase, where there is one word and nothing else;
    word and 0 where marks follow it; 0 where there are marks only. That of any other piece is
    negative: -1 for the first strange one, and so on.
    """

    def __init__(self) -> None:
        self.codes = _Table()  # of pieces, by their keys
        self.strange = _Strange(np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0, np.int64))

    def coded(self, pieces: Numbers, numbers: Numbers, n_pieces: int) -> Numbers:
        """The codes of pieces.

        Args:
            pieces: For each of their tokens the number of the piece, in order.
            numbers: For each token the number of the word, or 0.
            n_pieces: How many pieces there are.
        """
        # several marks part words as one does
        again = np.zeros(len(numbers), bool)
        again[1:] = (numbers[1:] == 0) & (numbers[:-1] == 0) & (pieces[1:] == pieces[:-1])
        pieces, numbers = pieces[~again], numbers[~again]
        counts = np.bincount(pieces, minlength=n_pieces)
        bounds = offsets_of(counts)
        some = np.flatnonzero(counts)
        codes = np.zeros(n_pieces, np.int64)
        codes[some] = joined(numbers[bounds[some]], numbers[bounds[some + 1] - 1])
        is_plain = counts == 1
        is_plain |= (counts == 2) & (codes & _SECOND == 0)
        strange = np.flatnonzero(~is_plain)
        more = counts[strange]
        ends = offsets_of(more + 1)
        told = np.zeros(ends[-1], np.int64)
        told[runs(ends[:-1], more)] = numbers[runs(bounds[strange], more)]
        known = self.strange
        self.strange = _Strange(
            np.concatenate([known.ends, codes[strange]]),
            np.concatenate([known.bounds, known.bounds[-1] + ends[1:]]),
            np.concatenate([known.numbers, told]),
        )
        codes[strange] = -1 - len(known.ends) - np.arange(len(strange))
        return codes


class _Block(NamedTuple):
    """The pieces of some texts, each of which ends with a space.

    Attributes:
        begins: Where each piece begins in the bytes of all texts, and the last one ends.
        keys: The key of each.
        edges: Which piece each text begins with; and how many there are.
    """

    begins: Numbers
    keys: Keys
    edges: Numbers


_NO_KEYS = np.empty(0, np.uint64)
_NOTHING = Words(*(np.empty(0, np.int64) for _ in Words._fields))


class Vocabulary:
    """Words as numbers from 1; 0 is a mark, or a word that names nothing.

    Several threads may ask at a time. The numbers depend on who asks first; what is ``written``
    does not.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = _Table()  # of words, by their keys
        self._written = [pl.Series([""], dtype=pl.String)]  # words, by number
        self._known = _Known()

    def read(self, texts: pl.Series, edges: Numbers) -> list[Words]:
        """The words of texts.

        Args:
            texts: Texts each of which ends with a mark and a space, or is empty.
            edges: Which text each part of them begins with; and how many texts there are.

        Returns:
            The words of each part; its texts are numbered from 0.
        """
        content, bounds = _content(texts)
        cuts, of_part = _cuts(bounds, edges)
        blocks = [_block(content, bounds[first : last + 1]) for first, last in pairwise(cuts)]
        known, codes = self._looked_up(content, blocks)
        places = (cuts[:-1] - edges[of_part]).tolist()
        made = [
            _words(some, block.edges, place, known.strange)
            for some, block, place in zip(codes, blocks, places, strict=True)
        ]
        ends = np.searchsorted(of_part, np.arange(len(edges)))
        return [_together(made[first:last]) for first, last in pairwise(ends.tolist())]

    def written(self, terms: Numbers) -> pl.Series:
        """Words, and phrases of two, as they are written."""
        with self._lock:
            words = pl.concat(self._written)
        first, second = (words.gather(pl.Series(part)) for part in parts(terms))
        two = pl.lit(first) + " " + pl.lit(second)
        return pl.select(term=pl.when(pl.lit(first) == "").then(pl.lit(second)).otherwise(two))[
            "term"
        ]

    def _looked_up(self, content: Bytes, blocks: list[_Block]) -> tuple[_Known, list[Numbers]]:
        """The codes of the pieces of blocks, and what they refer to."""
        with self._lock:
            if len(self._known.codes) > _MOST_PIECES:
                self._known = _Known()  # others may go on with the one before
            known = self._known
        codes, missed = [], []
        for block in blocks:
            with self._lock:
                found, unknown = known.codes.look_up(block.keys)
            codes.append(found)
            missed.append(unknown)
        # what is not known is learnt for all blocks at once
        both = list(zip(blocks, missed, strict=True))
        keys = np.concatenate([_NO_KEYS, *(block.keys[at] for block, at in both)])
        if len(keys):
            some, places = _distinct(keys)
            begins = np.concatenate([block.begins[at] for block, at in both])[some]
            ends = np.concatenate([block.begins[at + 1] for block, at in both])[some]
            learnt = self._learn(known, keys[some], _texts(content, begins, ends))[places]
            parts_of = np.cumsum([len(at) for at in missed])[:-1]
            for found, at, of_these in zip(codes, missed, np.split(learnt, parts_of), strict=True):
                found[at] = of_these
        return known, codes

    def _learn(self, known: _Known, keys: Keys, pieces: pl.Series) -> Numbers:
        """Remembers what pieces say, some of which another thread may have learnt by now.

        Returns:
            Their codes.
        """
        tokens = tokens_of(pieces)
        piece = tokens["piece"].to_numpy()
        with self._lock:
            codes = known.coded(piece, self._numbered(tokens["token"]), len(pieces))
            _, new = known.codes.look_up(keys)
            known.codes.insert(keys[new], codes[new])
        return codes

    def _numbered(self, tokens: pl.Series) -> Numbers:
        """The numbers of words, 0 where there is none."""
        numbers = np.zeros(len(tokens), np.int64)
        words = tokens.drop_nulls()
        # none has a space
        keys = _block(*_content(words + " ")).keys
        found, missed = self._numbers.look_up(keys)
        some, places = _distinct(keys[missed])
        new = np.arange(len(some)) + len(self._numbers) + 1
        self._numbers.insert(keys[missed[some]], new)
        self._written.append(words.gather(missed[some]))
        found[missed] = new[places]
        numbers[tokens.is_not_null().to_numpy()] = found
        return numbers


def _content(texts: pl.Series) -> tuple[Bytes, Numbers]:
    """The bytes of texts, and where each text begins in them, and the last one ends."""
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data if data is not None else b"", np.uint8), bounds


def _cuts(bounds: Numbers, edges: Numbers) -> tuple[Numbers, Numbers]:
    """Which text each block begins with, and how many there are; and the part of each block.

    Args:
        bounds: Where each text begins, and the last one ends.
        edges: Which text each part begins with, and how many texts there are.
    """
    even = np.searchsorted(bounds, np.arange(bounds[0] + _BLOCK, bounds[-1], _BLOCK))
    cuts = np.unique(np.concatenate([edges, even]))
    return cuts, np.searchsorted(edges, cuts[:-1], side="right") - 1


def _block(content: Bytes, bounds: Numbers) -> _Block:
    """The pieces of texts, from the bytes of all and where each begins, and the last one ends."""
    some = content[bounds[0] : bounds[-1]]
    ends = np.flatnonzero(some == _SPACE)
    begins = np.zeros(len(ends) + 1, np.int64)
    np.add(ends, 1, out=begins[1:])
    keys = _keys(some, begins)
    begins += bounds[0]
    return _Block(begins, keys, np.searchsorted(begins, bounds))


def _keys(content: Bytes, begins: Numbers) -> Keys:
    """The keys of pieces of text, from their bytes and where each begins, and the last one ends."""
    padded = np.zeros(len(content) + _LOAD, np.uint8)
    padded[: len(content)] = content
    # each place as the beginning of a load
    loads = np.ndarray((len(content) + 1,), f"V{_LOAD}", padded, strides=(1,))
    begins, left = begins[:-1], np.diff(begins)
    # no byte of a piece but its last is a space: pieces of different lengths have different bytes
    keys = _folded(loads, begins, left)
    long = np.flatnonzero(left > _LOAD)
    begins, left = begins[long], left[long]
    while len(long):
        begins, left = begins + _LOAD, left - _LOAD
        keys[long] = _mixed(keys[long]) + _folded(loads, begins, left)
        more = np.flatnonzero(left > _LOAD)
        long, begins, left = long[more], begins[more], left[more]
    return keys


def _folded(loads: npt.NDArray[np.void], begins: Numbers, lengths: Numbers) -> Keys:
    """Loads as one number each, of so many bytes as there are."""
    pairs = loads[begins].view("<u8").reshape(-1, 2)
    pairs &= np.take(_KEEP, lengths, axis=0, mode="clip")
    # a second number of 0 leaves the first as it is
    keys: Keys = _mixed(pairs[:, 1])
    keys += pairs[:, 0]
    return keys


def _mixed(keys: Keys) -> Keys:
    """Keys all bits of which depend on those given, one to one; 0 stays 0."""
    keys = keys * _ODD[1]
    keys ^= keys >> np.uint64(29)
    keys *= _ODD[2]
    return keys


def _distinct(keys: Keys) -> tuple[Numbers, Numbers]:
    """Where each distinct key is found, the one that comes most often first; and which each is."""
    order = np.argsort(keys)
    ordered = keys[order]
    new = np.ones(len(keys), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    begins = np.flatnonzero(new)
    counts = np.diff(begins, append=len(keys))
    often = np.argsort(-counts)
    rank = np.empty(len(often), np.int64)
    rank[often] = np.arange(len(often))
    places = np.empty(len(keys), np.int64)
    places[order] = np.repeat(rank, counts)
    return order[begins[often]], places


def _texts(content: Bytes, begins: Numbers, ends: Numbers) -> pl.Series:
    """Texts from bytes and where each begins and ends in them."""
    lengths = ends - begins
    buffers = [
        None,
        pa.py_buffer(offsets_of(lengths)),
        pa.py_buffer(content[runs(begins, lengths)]),
    ]
    return pl.Series(pa.Array.from_buffers(pa.large_string(), len(lengths), buffers))


def _words(codes: Numbers, edges: Numbers, place: int, strange: _Strange) -> Words:
    """The words that pieces stand for.

    Args:
        codes: The codes of the pieces, which may be changed in place.
        edges: Which piece each text begins with, and how many there are.
        place: The number of the first text.
        strange: What negative codes refer to.
    """
    texts = np.repeat(np.arange(place, place + len(edges) - 1), np.diff(edges))
    at = np.flatnonzero(codes < 0)
    which = -1 - codes[at]
    codes[at] = strange.ends[which]
    begins = strange.bounds[which]
    lengths = strange.bounds[which + 1] - begins
    inner, inner_texts = strange.numbers[runs(begins, lengths)], np.repeat(texts[at], lengths)
    silent = at[lengths == 1]
    if len(silent):  # the words on both sides stand side by side
        codes, texts = np.delete(codes, silent), np.delete(texts, silent)
    names = np.flatnonzero(codes > _SECOND)
    side = np.flatnonzero(((codes[:-1] & _SECOND) > 0) & (codes[1:] > _SECOND))
    inner_names = np.flatnonzero(inner)
    inner_side = np.flatnonzero((inner[:-1] > 0) & (inner[1:] > 0))
    words = codes[names] >> _BITS
    return Words(
        np.concatenate(
            [joined(words, texts[names]), joined(inner[inner_names], inner_texts[inner_names])]
        ),
        np.concatenate(
            [
                joined(codes[side] & _SECOND, codes[side + 1] >> _BITS),
                joined(inner[inner_side], inner[inner_side + 1]),
            ]
        ),
        np.concatenate([texts[side], inner_texts[inner_side]]),
    )


def _together(found: list[Words]) -> Words:
    """Words of several blocks."""
    if len(found) == 1:
        return found[0]
    columns = zip(_NOTHING, *found, strict=True)
    return Words(*(np.concatenate(column) for column in columns))
