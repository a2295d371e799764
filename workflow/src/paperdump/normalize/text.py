"""Text as people read it: what captures and formats left in it cleaned; and keys to compare by.

Columns are worked on whole, by Polars. Python sees only the few texts in which a cheap search
found a mark of something to undo, each distinct one once.
"""

from __future__ import annotations

import functools
import html
import operator
import re
from collections.abc import Callable

import polars as pl

from paperdump.normalize import characters, mojibake, tex, wraps

# Nothing is seen of these: controls but white space, soft hyphens, characters of no width.
_INVISIBLE = r"[\x00-\x08\x0e-\x1f\x7f-\x{84}\x{86}-\x{9f}\x{ad}\x{200b}\x{2060}-\x{2064}\x{feff}]"
# These join, part and direct letters in some scripts, and signs in emoji; elsewhere they are noise.
_JOINERS = r"[\x{200c}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
_USES_JOINERS = (
    r"[\x{590}-\x{109f}\x{1780}-\x{18af}\x{a840}-\x{abff}\x{fb1d}-\x{fdff}\x{fe70}-\x{fefc}"
    r"\x{10800}-\x{11fff}\x{1e800}-\x{1efff}\x{2600}-\x{27bf}\x{1f000}-\x{1faff}]"
)
_WIDE_SPACE = r"[\s--[\t-\r\x20]]"

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ENTITY_MARK = "&[#0-9A-Za-z]+;"
# A text in which this many rounds still find something was written against programs, not for
# people: it stays as it is.
_ROUNDS = 20
# each by itself, as it is found at the speed of memory then
_MARKS = (*tex.MARKS, _ENTITY_MARK)
# What parts the words of a key, but for a space alone, which most of it is and which stays.
_PARTS_WORDS = r"[[\p{P}\p{Z}\p{C}]--[#*%@&]]"
_BETWEEN_WORDS = rf"[{_PARTS_WORDS}--[ ]]{_PARTS_WORDS}*| {_PARTS_WORDS}+"
_UNSPACED = (r"[\t-\r]", "  ")


def clean_line(text: pl.Expr) -> pl.Expr:
    """A text on one line: Unicode NFC, nothing invisible, white space as single spaces.

    Invisible are control characters, soft hyphens and characters of no width; those that join or
    direct letters stay in texts with letters or signs that use them. Null where nothing is left.
    """
    return _one_line(_visible(text))


def clean_paragraphs(text: pl.Expr) -> pl.Expr:
    """A text of paragraphs: as ``clean_line`` within each, a blank line between them.

    Null where nothing is left.
    """
    return _paragraphs(_visible(text))


def clean_title(title: pl.Expr) -> pl.Expr:
    """A title as people read it, on one line.

    Undone are hyphenated line wraps, mojibake, HTML entities and TeX (see ``wraps.unwrap``,
    ``mojibake.undo``, ``tex.plain``); the rest is as ``clean_line`` says. A clean text is not
    changed. Null where nothing is left.
    """
    return title.map_batches(
        functools.partial(_cleaned, spaced=_one_line), return_dtype=pl.String, is_elementwise=True
    )


def clean_abstract(abstract: pl.Expr) -> pl.Expr:
    """An abstract as people read it, with a blank line between its paragraphs.

    What is undone is as for titles; the rest is as ``clean_paragraphs`` says. A clean text is not
    changed. Null where nothing is left.
    """
    return abstract.map_batches(
        functools.partial(_cleaned, spaced=_paragraphs), return_dtype=pl.String, is_elementwise=True
    )


def title_key(title: pl.Expr) -> pl.Expr:
    """The normalized title: equal for titles that differ in case, punctuation, spaces only.

    Compatibility forms are unified (NFKC), letters lowered, and runs of punctuation, spaces and
    controls become one space. Symbols stay, and so do the marks that tell things apart: *C*, *C++*
    and *C#*; *A* and A-star; *R&D*; *50%*; *Recall@5*; spaces around these do not count. A title of
    punctuation alone is its own key.
    """
    key = (
        title.map_batches(_compatible, return_dtype=pl.String, is_elementwise=True)
        .str.to_lowercase()
        .str.replace_all(_BETWEEN_WORDS, " ")
        .str.replace_all(r" ?([#*%@&]) ?", "$1")
        .str.strip_chars(" ")
    )
    return pl.when(key == "").then(title).otherwise(key)


def _compatible(texts: pl.Series) -> pl.Series:
    """Texts in NFKC, which those of ASCII alone are."""
    places = (texts.str.len_bytes() != texts.str.len_chars()).arg_true()
    return _at(places, texts, lambda some: some.str.normalize("NFKC"))


def _visible(text: pl.Expr) -> pl.Expr:
    """A text in NFC, with no invisible characters and no white space but that of ASCII."""
    # first, for they stand between what NFC composes
    seen = text.str.replace_all(_INVISIBLE, "").str.replace_all(_WIDE_SPACE, " ")
    joiners = seen.str.contains(_JOINERS) & ~seen.str.contains(_USES_JOINERS)
    seen = pl.when(joiners).then(seen.str.replace_all(_JOINERS, "")).otherwise(seen)
    return seen.str.normalize("NFC")


# Patterns that begin with a rare character, and literals, are found at the speed of memory.
def _one_line(text: pl.Expr) -> pl.Expr:
    """A visible text with single spaces; null where nothing is left."""
    line = text.str.replace_all(r"[\t-\r]+", " ").str.replace_all("  +", " ").str.strip_chars(" ")
    return pl.when(line != "").then(line)


def _paragraphs(text: pl.Expr) -> pl.Expr:
    """A visible text with single spaces, and blank lines between paragraphs; or null."""
    paragraphs = (
        text.str.replace_all("\f", " ", literal=True)
        # a form feed cannot be in the text any more: it is the mark of a paragraph's end here
        .str.replace_all(r"\n[\t\x0b\r ]*\n[\t-\r ]*", "\f")
        .str.replace_all(r"[\t\n\x0b\r]+", " ")
        .str.replace_all("  +", " ")
        .str.replace_all(" \f", "\f", literal=True)
        .str.replace_all("\f ", "\f", literal=True)
        .str.replace_all("\f", "\n\n", literal=True)
        .str.strip_chars(" \n")
    )
    return pl.when(paragraphs != "").then(paragraphs)


Spaced = Callable[[pl.Expr], pl.Expr]


def _cleaned(texts: pl.Series, spaced: Spaced) -> pl.Series:
    """Texts with all undone that there is to undo, visible, and spaced.

    What one step leaves can be what another undoes (an entity that stands for a backslash), so the
    steps go round for the texts that changed: nothing that is clean is changed again.
    """
    texts = texts.rechunk()  # single places of a text in many pieces are slow to reach
    # before white space is unified: a line's end and a no-break space tell something here
    texts = _at(_places(texts, wraps.HYPHEN_AT_LINE_END), texts, _each(wraps.unwrap))
    odd = characters.odd(texts)
    texts = _at(odd, texts, lambda some: _select(_visible, _without_mojibake(some)))
    texts = _at(_unspaced(texts), texts, functools.partial(_select, spaced))
    suspect = odd.gather(_places(texts.gather(odd), mojibake.SUSPECT))
    pending = pl.concat([suspect, _places(texts, *_MARKS)]).unique().sort()
    read = texts.clone()
    for _ in range(_ROUNDS):
        if not len(pending):
            return read
        before = read.gather(pending)
        after = _each(_undone)(_without_mojibake(before))
        after = _at(characters.odd(after), after, functools.partial(_select, _visible))
        after = _at(_unspaced(after), after, functools.partial(_select, spaced))
        read.scatter(pending, after)
        marked = _contain(after, *_MARKS, mojibake.SUSPECT)
        pending = pending.filter(after.ne_missing(before) & marked)
    return read.scatter(pending, texts.gather(pending))


def _without_mojibake(texts: pl.Series) -> pl.Series:
    return _at(_places(texts, mojibake.SUSPECT), texts, _each(mojibake.undo))


def _undone(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return tex.plain(text)


def _select(change: Callable[[pl.Expr], pl.Expr], texts: pl.Series) -> pl.Series:
    return pl.select(change(pl.lit(texts))).to_series()


def _unspaced(texts: pl.Series) -> pl.Series:
    """Where white space of visible texts is not yet as it is to be, or nothing is left."""
    edge = texts.str.starts_with(" ") | texts.str.ends_with(" ") | (texts == "")
    return (_contain(texts, *_UNSPACED) | edge).arg_true()


def _contain(texts: pl.Series, *marks: str) -> pl.Series:
    """Whether texts contain one of some marks."""
    return functools.reduce(operator.or_, (texts.str.contains(mark) for mark in marks))


def _places(texts: pl.Series, *marks: str) -> pl.Series:
    """Where texts contain one of some marks."""
    return _contain(texts, *marks).arg_true()


def _at(places: pl.Series, texts: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Texts, changed at some places."""
    if not len(places):
        return texts
    changed = texts.clone()  # scatter works in place
    return changed.scatter(places, change(texts.gather(places)))


def _each(change: Callable[[str], str]) -> Callable[[pl.Series], pl.Series]:
    """The function for texts that a function for one text makes; each distinct text once."""

    def changed(texts: pl.Series) -> pl.Series:
        remembered = functools.cache(change)
        values = [None if text is None else remembered(text) for text in texts.to_list()]
        return pl.Series(texts.name, values, dtype=pl.String)

    return changed
