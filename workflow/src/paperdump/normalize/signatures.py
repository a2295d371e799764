"""Signatures of entries: what similar titles and abstracts have in common, small, quick to compare.

They are made once per entry, here, so that a run with new dumps does not read old texts again:

* ``title_words``, the title's words and nothing else; the keys of likely titles are made of it;
* ``title_sketch``, a hash of each word that tells something, in order;
* ``abstract_digest``, equal for abstracts of the same words in the same order, and only these;
* ``abstract_sketch``, a sample of the abstract's three-word shingles: that of a part of a text is a
  part of its sketch, so that containment can be estimated from sketches (Broder, "On the
  resemblance and containment of documents", 1997). A shingle is in the sample where its hash is
  divisible by ``EVERY``.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from paperdump.normalize import words
from paperdump.normalize.words import Flags, Hashes, Places, Words

Number = TypeVar("Number", np.int64, np.uint64)

EVERY = 8  # shingles of which one is sampled
BITS = 40  # of a hash in a sketch: one in twenty of 20 million hits another by chance
# Words that say little of what a paper is about.
_SAY_LITTLE = (
    "a an the of for in on at to from by with within and or as is are be can do does its their via "
    "using use based towards toward through into over under between among how what why when where "
    "which that this these we our it not no new novel approach study case some s t"
)
FUNCTION_WORDS = frozenset(_SAY_LITTLE.split())
_TABLE = np.uint64((1 << 16) - 1)  # bits of a hash by which words are looked up
_ORDER = np.uint64(0x9E3779B97F4A7C15)  # odd; multiplying makes the order of words count
# bytes of a title's word that its sketch tells: endings and late slips do not count
_WORD_START = 5
_TAG = (
    r"(?i)</?(?:a|b|big|br|code|div|em|font|h[1-6]|i|inf|italic|p|sc|scp|small|span|strong|sub|sup"
    r"|title|tt|u|mml:[a-z]+)(?:\s[^<>]*)?/?>|\\[a-z]+|[{}]"
)
# what parts words, but for a space alone, which most of it is and which stays
_PARTS_WORDS = r"[^\p{L}\p{N}\p{M}+#*]"
_BETWEEN_WORDS = rf"[{_PARTS_WORDS}--[ ]]{_PARTS_WORDS}*| {_PARTS_WORDS}+"
_YEAR = r"(?:1[89]|20)[0-9]{2}"
_MAY_BE_CITED = r"[0-9]|^\s*[\"'“‘`]"  # few titles are; that they are not is found quickly
# what is left of a citation before the title it cites
_CITED_YEAR = (
    r"^(?:[^\p{L}\p{N}]*[(\[](?:1[89]|20)[0-9]{2}[a-z]?[)\]][^\p{L}\p{N}]*"
    r"|\p{L}\.?\s[(\[](?:1[89]|20)[0-9]{2}[a-z]?[)\]]\s+"
    r"|[^()\[\]:]{1,60}\s[(\[](?:1[89]|20)[0-9]{2}[a-z]?[)\]][.,:;]\s+"
    r"|[^()\[\]:.]{1,40}\s(?:1[89]|20)[0-9]{2}[a-z]?\.\s+)"
)
# ... and after it: the venue, where the title stands in quotation marks; or its name, volume, pages
_CITED_VENUE = (
    r"(?i)^\s*[\"'“‘`]+(?P<title>[^\"'“”‘’`]{15,}?)[.,]?[\"'”’]+[.,;]?\s+(?:in:?\s+)?"
    r"(?:proc\b|proceedings|journal|transactions|trans\b|conference|workshop|symposium).*$"
)
_CITED_PAGES = (
    r"\.\s+[\p{L}&][\p{L}& ]{2,60}[\s,]+[0-9]{1,3}(?:\s?\([0-9-]+\))?(?:\s|[,:]\s?(?:pp?\.?\s?)?)"
    r"[0-9]{1,5}\s?[-–]+\s?[0-9]{1,5}\b.*$"
)
# scripts without spaces between words
_ALONE = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)"
# accents and points, which may be left out; not the vowels of Indic scripts, nor what makes a kana
# another one
_ACCENTS = r"[[\p{M}&&[\p{Inherited}\p{Arabic}\p{Hebrew}\p{Cyrillic}]]--[\x{3099}\x{309A}]]+"
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "tau upsilon phi chi psi omega"
)
_LATIN = "ss ae oe o l d d th i h t n"
_ENDS = "+#*"  # signs that stay at the end of a title's word
_FEW_TEXTS = 10_000  # that one thread works on
# Blocks of Unicode that texts in Latin letters have characters of: Latin, accents, Greek,
# punctuation, super- and subscripts, currency, letterlike signs, numbers, arrows, mathematics,
# ligatures, wide forms, mathematical letters.
_USUAL = (
    (0x80, 0x24F), (0x2B0, 0x3FF), (0x1E00, 0x1EFF), (0x2000, 0x23FF), (0x2500, 0x25FF),
    (0xFB00, 0xFB06), (0xFF01, 0xFF5E), (0x1D400, 0x1D7FF),
)  # fmt: skip
_LETTERS = {
    **dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK.split(), strict=True)),
    "ς": "sigma",  # what a capital one at a word's end becomes
    **dict(zip("ßæœøłđðþıħŧŋ", _LATIN.split(), strict=True)),
}


def with_signatures(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries with their signatures.

    Args:
        entries: Entries with ``clean_title`` and ``clean_abstract``.
    """
    return entries.with_columns(
        *title_signatures(entries["clean_title"]), *abstract_signatures(entries["clean_abstract"])
    )


def title_signatures(titles: pl.Series) -> list[pl.Series]:
    """``title_words`` and ``title_sketch``."""
    words_of_titles = title_words(titles)
    return [words_of_titles, title_sketches(words_of_titles)]


def title_words(titles: pl.Series) -> pl.Series:
    """The words of titles: lower case, no accents, punctuation, TeX or HTML, single spaces.

    Letters that are one sign (ligatures, Greek) are spelled out, *&* is *and*; ``+``, ``#`` and
    ``*`` stay at the end of a word (*C++*). What a citation leaves before the title, a year in
    brackets and authors before it, is no part of it. A title without words is its own.
    """
    title, folded = pl.col("title"), pl.col("folded")
    plain = (
        folded.str.replace_all("&", " and ", literal=True)
        .str.replace_all(r"['’ʼ`´]", "")
        .str.to_lowercase()
    )
    found = (
        folded.str.replace_all(_BETWEEN_WORDS, " ")
        .str.replace_all(r"(^|[\p{L}\p{N}\p{M}+#*]? )[+#*]+", "$1")
        .str.replace_all(r"[+#*]+([\p{L}\p{N}])", " $1")
        .str.replace_all("  +", " ")
        .str.strip_chars(" ")
    )

    # no expression calls back into Python here: threads that wait for each other would do so
    def words_of(some: pl.Series) -> pl.Series:
        frame = some.alias("title").to_frame()
        uncited = _uncited(frame.select(untagged(title)).to_series())
        frame = frame.with_columns(folded=uncited).with_columns(folded=plain)
        frame = frame.with_columns(_where_not_ascii(frame["folded"], _plain).alias("folded"))
        frame = frame.with_columns(found=found)
        own = pl.when(pl.col("found") == "").then("title").otherwise("found")
        return frame.select(own.alias("title_words")).to_series()

    return _in_threads(titles, words_of)


def title_fold(words_of_titles: pl.Expr) -> pl.Expr:
    """``title_words`` without what stands between them: equal for *on-line* and *online*."""
    return words_of_titles.str.replace_all(" ", "", literal=True)


def _uncited(titles: pl.Series) -> pl.Series:
    """Titles without what a citation leaves before and after them."""
    places = titles.str.contains(_MAY_BE_CITED).fill_null(False).arg_true()
    title = pl.lit(titles.gather(places))
    cut = (
        title.str.replace(_CITED_YEAR, "")
        .str.replace(_CITED_VENUE, "$title")
        .str.replace(_CITED_PAGES, "")
    )
    return titles.clone().scatter(places, pl.select(cut).to_series()) if len(places) else titles


def cited_years(titles: pl.Series) -> pl.Series:
    """The years of what citations leave before titles, as texts; null where one leaves none."""
    places = titles.str.contains(_YEAR).fill_null(False).arg_true()
    title = pl.lit(titles.gather(places))
    years = pl.select(title.str.extract(_CITED_YEAR, 0).str.extract(f"({_YEAR})")).to_series()
    none = pl.repeat(None, len(titles), dtype=pl.String, eager=True)
    return none.scatter(places, years) if len(places) else none


def untagged(title: pl.Expr) -> pl.Expr:
    """A title without HTML's tags, and without what is left of TeX."""
    return title.str.replace_all(_TAG, "").str.replace_all("~", " ", literal=True)


def abstract_signatures(abstracts: pl.Series) -> list[pl.Series]:
    """``abstract_length`` in words, ``abstract_digest``, ``abstract_sketch``; null if no word."""
    parts = list(words.in_pieces(abstracts, _signatures, _apart))
    length = _joined([part.lengths for part in parts], np.int64)
    digest = _joined([part.digests for part in parts], np.uint64)
    counts = _joined([part.counts for part in parts], np.int64)
    sketch = _joined([part.sketches for part in parts], np.uint64)
    known = length > 0
    columns = [
        pl.Series("abstract_length", length.astype(np.int32)),
        pl.Series("abstract_digest", digest.view(np.int64)),
    ]
    return [
        *pl.select(pl.when(pl.Series(known)).then(pl.lit(one)).alias(one.name) for one in columns),
        lists("abstract_sketch", counts, sketch, known),
    ]


class _Signatures(NamedTuple):
    """The signatures of some abstracts.

    Attributes:
        lengths: How many words each has.
        digests: A hash of each.
        counts: How many shingles each sketch has.
        sketches: These, one sketch after the other.
    """

    lengths: Places
    digests: Hashes
    counts: Places
    sketches: Hashes


def _signatures(part: Words) -> _Signatures:
    found = shingles(part)
    return _Signatures(part.counts, _digests(part), *_sampled(part, found))


def shingles(part: Words, size: int = 3) -> Hashes:
    """A hash for each word that begins a shingle of its text, of that; 0 for other words.

    Args:
        part: The words of texts; a text of fewer words than a shingle has none.
        size: How many words a shingle has.
    """
    n = len(part.hashes)
    found = np.zeros(n, np.uint64)
    if n < size:
        return found
    run = part.hashes[: n - size + 1].copy()
    for after in range(1, size):
        run *= _ORDER
        run += part.hashes[after : n - size + 1 + after]
    found[: n - size + 1] = run
    # a shingle does not go beyond its text
    for before in range(1, size):
        last = part.bounds[1:] - before
        found[last[last >= part.bounds[:-1]]] = 0
    return found


def every_shingle(abstracts: pl.Series) -> pl.Series:
    """The ``shingles`` of abstracts: sketches of all of them, not of a sample."""
    parts = list(
        words.in_pieces(abstracts, lambda part: _sampled(part, shingles(part), every=1), _apart)
    )
    return lists(
        "shingles",
        _joined([counts for counts, _ in parts], np.int64),
        _joined([values for _, values in parts], np.uint64),
    )


def title_sketches(titles: pl.Series) -> pl.Series:
    """``title_sketch``: a hash of the beginning of each word that is no function word, in order.

    Of a title of function words alone all count.
    """
    found = [_title_sketches(piece) for piece in words.pieces_of(titles)]
    return lists(
        "title_sketch",
        _joined([counts for counts, _ in found], np.int64),
        _joined([values for _, values in found], np.uint64),
    )


def _title_sketches(titles: pl.Series) -> tuple[Places, Hashes]:
    """How many words the sketch of each title has, and their hashes."""
    every, begins = words.words_and_beginnings(titles, _WORD_START)
    telling = ~_says_little(every.hashes)
    text = np.repeat(np.arange(len(titles)), every.counts)
    some = np.bincount(text[telling], minlength=len(titles)) > 0
    kept = telling | ~some[text]
    counts = np.bincount(text[kept], minlength=len(titles))
    return counts, begins[kept] >> np.uint64(64 - BITS)


def _says_little(hashes: Hashes) -> Flags:
    """Whether words are function words."""
    little, may_be = _function_words()
    said: Flags = may_be[hashes & _TABLE]
    places = np.flatnonzero(said)
    found = hashes[places]
    said[places] = little[np.searchsorted(little[:-1], found)] == found
    return said


@functools.cache
def _function_words() -> tuple[Hashes, Flags]:
    """The sorted hashes of function words, and by their last bits whether a word may be one."""
    little = np.unique(words.words(pl.Series(sorted(FUNCTION_WORDS))).hashes)
    may_be = np.zeros(int(_TABLE) + 1, bool)
    may_be[little & _TABLE] = True
    return little, may_be


def lists(
    name: str, counts: Places, values: Hashes, known: npt.NDArray[np.bool_] | None = None
) -> pl.Series:
    """A column of lists.

    Args:
        name: Its name.
        counts: The length of each list.
        values: What is in them, one list after the other.
        known: Which of them are not null, but maybe empty; all, if this is not said.
    """
    valid = None if known is None else pa.py_buffer(np.packbits(known, bitorder="little"))
    items = pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
    offsets = pa.py_buffer(words.offsets_of(counts))
    kind = pa.large_list(pa.int64())
    array = pa.Array.from_buffers(kind, len(counts), [valid, offsets], children=[items])
    return pl.Series(name, array, dtype=pl.List(pl.Int64))


def _digests(part: Words) -> Hashes:
    """A hash per text of its words and their order: each counts by its place."""
    place = np.arange(len(part.hashes), dtype=np.uint64)
    by_place = part.hashes * (np.uint64(2) * place + np.uint64(1))
    # as if places were counted from each text's begin
    before = np.uint64(2) * part.bounds[:-1].astype(np.uint64) * _sums(part.hashes, part.bounds)
    return words.mixed(_sums(by_place, part.bounds) - before)


def _sums(values: Hashes, bounds: Places) -> Hashes:
    """The sums of values between bounds, modulo 2 to the 64th."""
    total = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values, out=total[1:])
    return total[bounds[1:]] - total[bounds[:-1]]


def _sampled(part: Words, found: Hashes, every: int = EVERY) -> tuple[Places, Hashes]:
    """A sample of each text's shingles, sorted, each once: how many, and the hashes."""
    places = np.flatnonzero((found & np.uint64(every - 1) == 0) & (found != 0))
    text = np.repeat(np.arange(len(part.counts), dtype=np.uint64), part.counts)[places]
    # one number is sorted faster than two columns
    packed = (text << np.uint64(BITS)) | (found[places] >> np.uint64(64 - BITS))
    packed.sort()
    packed = packed[words.is_new(packed)]
    counts = np.bincount((packed >> np.uint64(BITS)).astype(np.int64), minlength=len(part.counts))
    return counts, packed & np.uint64((1 << BITS) - 1)


def _joined(parts: Sequence[npt.NDArray[Number]], kind: type[Number]) -> npt.NDArray[Number]:
    """Arrays one after the other; there may be none."""
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _plain(text: pl.Expr) -> pl.Expr:
    """A text in lower case and plain letters; signs that are words of their own stand alone."""
    return (
        text.str.normalize("NFKD")
        .str.replace_all(_ACCENTS, "")
        .str.normalize("NFC")
        .str.to_lowercase()
        .str.replace_many(_LETTERS)
        .str.replace_all(_ALONE, " $1 ")
    )


def _apart(texts: pl.Series) -> pl.Series:
    """Texts in which nothing beyond ASCII is a word's part but letters and digits."""
    text = pl.lit(texts)
    apart = _plain(text).str.replace_all(r"[[^\p{L}\p{N}\p{M}]&&[^\x00-\x7f]]+", " ")
    return pl.select(apart).to_series()


def _where_not_ascii(texts: pl.Series, change: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Texts, those changed that are not ASCII alone.

    What is known of single characters is done by one search for all of them; what that leaves (a
    script of its own, rare signs) is for the change itself, which is slow.
    """
    places = _not_ascii(texts).arg_true()
    if not len(places):
        return texts
    some = _in_threads(texts.gather(places), _respelled)
    rest = _not_ascii(some).arg_true()
    if len(rest):
        changed = pl.select(change(pl.lit(texts.gather(places.gather(rest))))).to_series()
        some = some.scatter(rest, changed)
    return texts.clone().scatter(places, some)


def _respelled(texts: pl.Series) -> pl.Series:
    """Texts with what is known of single characters done."""
    # of those alone that there are: a search for all of them takes longer to prepare than to do
    there = ((sign, _known(sign)) for sign in sorted(set("".join(texts.to_list()))))
    return texts.str.replace_many({sign: plain for sign, plain in there if plain is not None})


def _not_ascii(texts: pl.Series) -> pl.Series:
    return texts.str.len_bytes() != texts.str.len_chars()


def _in_threads(texts: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What a function makes of texts, slice by slice: Polars works on a column with one thread."""
    threads = pl.thread_pool_size()
    if threads == 1 or len(texts) < _FEW_TEXTS:
        return work(texts)
    length = -(-len(texts) // threads)
    slices = [texts.slice(begin, length) for begin in range(0, len(texts), length)]
    with ThreadPoolExecutor(threads) as pool:
        return pl.concat(list(pool.map(work, slices)), rechunk=True)


@functools.cache
def _known(sign: str) -> str | None:
    """What a character beyond ASCII is in words: letters, digits, signs of ``_ENDS``, or a space.

    Only where ASCII alone is left of it, which is what ``_plain`` makes of it; else None.
    """
    if not any(first <= ord(sign) <= last for first, last in _USUAL):
        return None
    letters = unicodedata.normalize("NFKD", sign)
    unmarked = [c for c in letters if not unicodedata.category(c).startswith("M")]
    plain = "".join(_LETTERS.get(c, c) for c in "".join(unmarked).lower())
    unassigned = unicodedata.category(sign) == "Cn"
    if unassigned or any(not c.isascii() and c.isalnum() for c in plain):
        return None
    return "".join(c if c.isascii() and (c.isalnum() or c in _ENDS) else " " for c in plain)
