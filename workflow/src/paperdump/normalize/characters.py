"""Characters that cleaning could change: which texts hold any, told without cleaning them.

Most texts are plain, and most characters beyond ASCII are harmless: letters with accents, curly
quotes, dashes, Greek, Chinese. To tell so of a whole column takes one look at its bytes.
"""

from __future__ import annotations

import functools
import re
import unicodedata

import numpy as np
import polars as pl

from paperdump.normalize import mojibake
from paperdump.normalize.words import Bytes, Flags, Places, content_of, pieces_of

# What a character is, in a table by its code: not looked at so far, harmless, harmless alone, odd.
_UNKNOWN, _HARMLESS, _ALONE, _ODD = (np.uint8(kind) for kind in range(4))
_SPACE, _TILDE = np.uint8(0x20), np.uint8(0x7E)
_FOLLOWER, _IS_FOLLOWER = np.uint8(0xC0), np.uint8(0x80)  # bits of a byte that begins no character
# by its first byte: how many bytes a character has, and the bits that this one tells of its code
_WIDTH = np.array([1] * 0xC0 + [2] * 0x20 + [3] * 0x10 + [4] * 0x10, np.int64)
_BITS = np.array([0, 0x7F, 0x1F, 0x0F, 0x07], np.uint32)
# Letters that NFC composes with the one before: Hangul's parts, vowels of Kirat Rai. All other
# characters that it does so with are marks.
_COMPOSED = re.compile("[\u1100-\u11ff\U00016d40-\U00016d7f]")
_SUSPECT = re.compile(mojibake.SUSPECT)


def odd(texts: pl.Series) -> pl.Series:
    """Where texts hold what may be invisible, no space of ASCII's, not in NFC, or mojibake.

    Any other text is as ``text.clean_line`` has it but for ASCII's white space, and holds no
    ``mojibake.SUSPECT``.

    Args:
        texts: Texts; one that is null holds nothing.

    Returns:
        The places of these texts, ascending.
    """
    found = [np.empty(0, np.int64)]
    before = 0
    for piece in pieces_of(texts):
        found.append(before + _odd_of(*content_of(piece)))
        before += len(piece)
    return pl.Series(np.concatenate(found), dtype=pl.get_index_type())


def _odd_of(content: Bytes, bounds: Places) -> Places:
    """``odd`` of texts that follow each other, from their bytes and where each begins."""
    some = content[bounds[0] : bounds[-1]]
    unusual = np.flatnonzero((some - _SPACE) > (_TILDE - _SPACE))
    starts = unusual[(some[unusual] & _FOLLOWER) != _IS_FOLLOWER]
    widths = _WIDTH[some[starts]]
    kinds = _kinds_of(_codes(some, starts, widths))
    is_odd: Flags = kinds == _ODD
    # two in a row; that one ends a text and the other begins the next is rare, and does no harm
    alone = kinds == _ALONE
    is_odd[1:] |= alone[1:] & alone[:-1] & (starts[1:] == starts[:-1] + widths[:-1])
    owners = np.searchsorted(bounds - bounds[0], starts[is_odd], side="right") - 1
    return np.unique(owners)


def _codes(content: Bytes, starts: Places, widths: Places) -> Places:
    """The codes of characters, from the bytes and where each begins."""
    codes = content[starts] & _BITS[widths]
    for place in range(1, 4):
        longer = np.flatnonzero(widths > place)
        codes[longer] = (codes[longer] << 6) | (content[starts[longer] + place] & np.uint8(0x3F))
    return codes.astype(np.int64)


def _kinds_of(codes: Places) -> Bytes:
    """What characters are; each one is looked at when it is first met."""
    table = _table()
    kinds = table[codes]
    if not kinds.all():
        seen = np.zeros(len(table), bool)
        seen[codes[kinds == _UNKNOWN]] = True
        new = np.flatnonzero(seen)
        table[new] = [_kind(chr(code)) for code in new]
        kinds = table[codes]
    return kinds


@functools.cache
def _table() -> Bytes:
    """What characters are, by their codes."""
    return np.full(0x110000, _UNKNOWN)


def _kind(character: str) -> np.uint8:
    """What a character is; odd where that is not certain."""
    if character in "\t\n\v\f\r":
        return _HARMLESS
    # marks, controls and the like, spaces: what is invisible, or composed, is one of these
    if unicodedata.category(character)[0] in "MCZ" or _COMPOSED.match(character):
        return _ODD
    if not unicodedata.is_normalized("NFC", character) or _SUSPECT.match(f"{character} "):
        return _ODD
    return _ALONE if _SUSPECT.match(character * 2) else _HARMLESS
