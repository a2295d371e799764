"""Which entries are compared closely: pairs of rows from what ``candidates`` finds.

Entries that say the same are one form, of which only the first entry is compared. Titles and
abstracts are numbered by their sorted keys, so that shards of one run agree on the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from paperdump.dedupe import candidates
from paperdump.dedupe.candidates import Keys, Shared
from paperdump.dedupe.decisions import WEEK
from paperdump.normalize import words
from paperdump.normalize.signatures import title_fold
from paperdump.normalize.words import Flags, Places

_FEW_FORMS = 64  # of one title, or abstract, of which all are paired
_MOST_FORMS = 3  # of a title, or an abstract, that are paired with those of a similar one
_MOST_OF_DATE = 2  # of these, of one date
_MIN_KEYS = 2  # that two abstracts share to be compared, where both have enough
_FEW_KEYS = 6
_PART = 0.25  # of the smaller sketch that two abstracts share to be compared
_ALIKE = 80  # percent of likeness, below which titles alone say nothing
_PART_OF = 80  # percent of likeness to a part of the other title, below which it is none
_STOCK = 8  # titles of one abstract, beyond which it belongs to none of them
_SAME = (
    "title_key",
    "title_fold",
    "abstract_digest",
    "arxiv_id",
    "doi",
    "authors_line",
    "n_authors",
    "date_text",
    "published_on",
    "journal_ref",
)


@dataclass(frozen=True, slots=True)
class Texts:
    """The different titles, or abstracts, of entries, numbered by the order of their keys.

    Attributes:
        numbers: For each entry the number of its text; null where it has none.
        sketches: The sketches of the texts; a text in several spellings has several.
        owners: The number of the text that each sketch is of.
        n: How many texts there are.
    """

    numbers: pl.Series
    sketches: pl.Series
    owners: Places
    n: int

    @classmethod
    def of(cls, keys: pl.Series, sketches: pl.Series, spelled: pl.Series | None = None) -> Texts:
        """The different texts among keys, one for each entry; a null key is no text.

        Args:
            keys: The keys of the texts of entries.
            sketches: Their sketches.
            spelled: What is equal for equal sketches, where texts of one key may have several.
        """
        rows = keys.alias("key").to_frame().with_row_index("row").drop_nulls("key")
        rows = rows.sort("key", maintain_order=True)
        first = (rows["key"] != rows["key"].shift()).fill_null(True)
        rows = rows.select("row", number=first.cum_sum().cast(pl.UInt32) - 1)
        none = pl.repeat(None, len(keys), dtype=pl.UInt32, eager=True)
        chosen = rows.filter(first)
        if spelled is not None:
            repeated = rows.filter(~(first & first.shift(-1, fill_value=True)))
            repeated = repeated.with_columns(spelled=spelled.gather(repeated["row"]))
            forms = repeated.unique(["number", "spelled"], keep="first").drop("spelled")
            # a form of the first spelling is there already
            chosen = pl.concat([chosen, forms]).unique("row").sort("number", "row")
        return cls(
            none.scatter(rows["row"], rows["number"]),
            sketches.gather(chosen["row"]),
            chosen["number"].to_numpy().astype(np.int64),
            int(first.sum()),
        )


@dataclass(frozen=True, slots=True)
class Blocks:
    """What blocking finds.

    Attributes:
        titles: The pairs of titles that share keys, by their numbers.
        abstracts: The pairs of abstracts.
    """

    titles: Shared
    abstracts: Shared


def texts_of(entries: pl.DataFrame, min_abstract_words: int) -> tuple[Texts, Texts]:
    """The different titles of entries, and their different abstracts.

    Args:
        entries: Entries with ``title_words``, ``title_sketch``, ``abstract_length``,
            ``abstract_digest`` and ``abstract_sketch``, in any order.
        min_abstract_words: Words below which an abstract is none.
    """
    long = pl.col("abstract_length") >= min_abstract_words

    def titles() -> Texts:
        folds = entries.select(title_fold(pl.col("title_words"))).to_series()
        # numbers are sorted faster than titles
        return Texts.of(words.text_hashes(folds), entries["title_sketch"], entries["title_words"])

    def abstracts() -> Texts:
        digests = entries.select(pl.when(long).then("abstract_digest")).to_series()
        return Texts.of(digests, entries["abstract_sketch"])

    with ThreadPoolExecutor(1) as beside:
        of_titles = beside.submit(titles)
        of_abstracts = abstracts()
        return of_titles.result(), of_abstracts


def block(titles: Texts, abstracts: Texts, shard: int = 0, shards: int = 1) -> Blocks:
    """The pairs of titles and of abstracts that share keys of a shard of the space of hashes.

    Args:
        titles: All titles.
        abstracts: All abstracts.
        shard: The number of the shard, from 0.
        shards: How many there are.
    """

    def paired(
        texts: Texts,
        keys_of: Callable[[pl.Series], Iterator[Keys]],
        told_by_one: Flags | None = None,
    ) -> Shared:
        pieces = (
            keys._replace(owners=texts.owners[keys.owners]).shard(shard, shards)
            for keys in keys_of(texts.sketches)
        )
        return candidates.paired(pieces, texts.n, told_by_one)

    # of a shard, one key may be one of several in all
    few = _has_few_keys(abstracts) if shards == 1 else None
    with ThreadPoolExecutor(2) as threads:  # what is sorted is sorted outside Python's lock
        of_titles = threads.submit(paired, titles, candidates.title_keys)
        of_abstracts = threads.submit(paired, abstracts, candidates.abstract_keys, few)
        return Blocks(of_titles.result(), of_abstracts.result())


def gathered(parts: list[Blocks]) -> Blocks:
    """What the shards found, together; the same whatever their number."""
    return Blocks(
        candidates.added([part.titles for part in parts]),
        candidates.added([part.abstracts for part in parts]),
    )


def forms_of(entries: pl.DataFrame) -> pl.DataFrame:
    """What entries say, each once.

    Args:
        entries: Entries in page order, with ``title_fold`` and ``authors_line``.

    Returns:
        A row per form, in the order of their first entries: ``form`` (its number), ``row`` (its
        first entry's), ``rows`` (all of them).
    """
    return (
        entries.select(*_SAME)
        .with_row_index("row")
        .group_by(*_SAME, maintain_order=True)
        .agg(rows=pl.col("row"))
        .with_row_index("form")
        .with_columns(row=pl.col("rows").list.first())
    )


def pairs_of_forms(
    forms: pl.DataFrame, titles: Texts, abstracts: Texts, blocks: Blocks
) -> pl.DataFrame:
    """The pairs of forms that are compared closely.

    Args:
        forms: Forms as ``forms_of`` gives them.
        titles: The titles of all entries.
        abstracts: Their abstracts.
        blocks: The pairs found of these.

    Returns:
        ``one`` and ``other``, numbers of forms, the first one the smaller; each pair once.
    """
    numbered = forms.select(
        "form",
        "authors_line",
        "date_text",
        "published_on",
        "title_fold",
        title=titles.numbers.gather(forms["row"]),
        abstract=abstracts.numbers.gather(forms["row"]),
    )
    stock = _stock(numbered)
    own = numbered.with_columns(
        abstract=pl.when(~pl.col("abstract").is_in(stock.implode())).then("abstract")
    )
    similar = _similar(abstracts, blocks.abstracts)
    by_text = [
        _within(own, "title"),
        _within(own, "abstract"),
        _across(own, "title", blocks.titles.one, blocks.titles.other),
        _across(own, "abstract", *similar),
    ]
    by_identifier = [
        _within(forms.select("form", name), name, first_only=True) for name in ("arxiv_id", "doi")
    ]
    likely = _screened(pl.concat(by_text).unique(), numbered, abstracts)
    return pl.concat([likely, *by_identifier]).unique().sort("one", "other")


def _screened(pairs: pl.DataFrame, forms: pl.DataFrame, abstracts: Texts) -> pl.DataFrame:
    """The pairs without those of different titles that nothing else can make one paper.

    Many titles are alike in all but a word or two. Where the abstracts have nothing in common, or
    one is missing and neither authors nor days can help, no closer look is needed.
    """
    title, other_title = (forms["title"].gather(pairs[side]) for side in ("one", "other"))
    numbers = [forms["abstract"].gather(pairs[side]) for side in ("one", "other")]
    differ = title != other_title
    missing = numbers[0].is_null() | numbers[1].is_null()
    asked = (differ & ~missing & (numbers[0] != numbers[1])).fill_null(False).arg_true()
    one, other = (number.gather(asked).to_numpy().astype(np.int64) for number in numbers)
    strange = asked.filter(pl.Series(_strange(abstracts, one, other), dtype=pl.Boolean))
    lone = (differ & missing).arg_true()
    rest = ("authors_line", "date_text", "published_on", "title_fold")
    sides = [
        forms.select(pl.col(rest).gather(pairs[side].gather(lone)).name.suffix(f"_{side}"))
        for side in ("one", "other")
    ]
    alone = pl.concat([lone.alias("pair").to_frame(), *sides], how="horizontal")
    alone = alone.filter(~_supported())
    folds = [alone[f"title_fold_{side}"].to_list() for side in ("one", "other")]
    # the second is high where one title is a part of the other
    likeness = [process.cpdist(*folds, scorer=each) for each in (fuzz.ratio, fuzz.partial_ratio)]
    unlike = alone.filter(pl.Series((likeness[0] < _ALIKE) & (likeness[1] < _PART_OF)))["pair"]
    is_left = np.ones(pairs.height, bool)
    for left_out in (strange, unlike):
        is_left[left_out.to_numpy()] = False
    return pairs.filter(pl.Series(is_left, dtype=pl.Boolean))


def _strange(abstracts: Texts, one: Places, other: Places) -> Flags:
    """Of pairs of abstracts, whether too little of the smaller one is in the other."""
    # most have next to nothing in common, which a bound tells
    at_most, smaller = candidates.shared_at_most(abstracts.sketches, one, other)
    strange: Flags = (at_most < _PART * smaller) & (smaller >= _FEW_KEYS)
    left = np.flatnonzero(~strange & (smaller >= _FEW_KEYS))
    common, smaller = candidates.shared_part(abstracts.sketches, one[left], other[left])
    strange[left] = common < _PART * smaller
    return strange


def _supported() -> pl.Expr:
    """Whether authors or days may say that two forms are one paper."""
    authors = pl.col("authors_line_one").is_not_null() & pl.col("authors_line_other").is_not_null()
    apart = (pl.col("published_on_one") - pl.col("published_on_other")).dt.total_days().abs()
    return authors | (apart <= WEEK).fill_null(False)


def _stock(forms: pl.DataFrame) -> pl.Series:
    """Abstracts that stand below so many titles that they say nothing of any paper."""
    counts = forms.drop_nulls("abstract").group_by("abstract").agg(n=pl.col("title").n_unique())
    return counts.filter(pl.col("n") > _STOCK)["abstract"]


def _similar(abstracts: Texts, shared: Shared) -> tuple[Places, Places]:
    """The pairs of abstracts of which one holds enough of the other."""
    few = _has_few_keys(abstracts)
    some = few[shared.one] | few[shared.other] | (shared.keys >= _MIN_KEYS)
    one, other = shared.one[some], shared.other[some]
    common, smaller = candidates.shared_part(abstracts.sketches, one, other)
    enough = common >= _PART * smaller
    return one[enough], other[enough]


def _has_few_keys(abstracts: Texts) -> Flags:
    """For each abstract whether it has so few keys that one of them tells something."""
    few: Flags = abstracts.sketches.list.len().to_numpy() < _FEW_KEYS
    return few


def _within(forms: pl.DataFrame, key: str, first_only: bool = False) -> pl.DataFrame:
    """Pairs of forms of the same key: all of few; of many each with the next, and the first."""
    order = [
        name for name in ("date_text", "published_on", "authors_line") if name in forms.columns
    ]
    known = forms.drop_nulls(key).filter(pl.len().over(key) > 1)
    known = known.sort(key, *order, "form", nulls_last=True)
    form = known["form"].to_numpy().astype(np.int64)
    lengths = known.group_by(key, maintain_order=True).len()["len"].to_numpy().astype(np.int64)
    begins = np.cumsum(lengths) - lengths
    few = 1 if first_only else _FEW_FORMS
    one, other = candidates.within_runs(form, begins, lengths, few, neighbours=not first_only)
    return _ordered(one, other)


def _across(forms: pl.DataFrame, key: str, one: Places, other: Places) -> pl.DataFrame:
    """Pairs of forms of two texts, of each text the first few."""
    known = forms.drop_nulls(key).sort(key, maintain_order=True).select("form", "date_text", key)
    nth = pl.int_range(pl.len())
    # what so few share is kept whole, without a look at its dates
    many = pl.len().over(key) > _MOST_FORMS
    of_date = nth.over(key, "date_text") < _MOST_OF_DATE
    crowded = known.with_row_index("place").filter(many)
    dropped = crowded.filter(
        (nth.over(key) >= _MOST_FORMS) & ~(of_date & (nth.over(key) < _FEW_FORMS))
    )["place"]
    is_left = np.ones(known.height, bool)
    is_left[dropped.to_numpy()] = False
    some = known.filter(pl.Series(is_left, dtype=pl.Boolean))
    form, text = (some[name].to_numpy().astype(np.int64) for name in ("form", key))
    n = 1 + max((int(side.max(initial=-1)) for side in (text, one, other)), default=-1)
    counts = np.bincount(text, minlength=n)
    begins = np.cumsum(counts) - counts
    # each of the one text with each of the other
    times = counts[one] * counts[other]
    first = np.repeat(begins[one], times)
    second = np.repeat(begins[other], times)
    nth_of_pair = words.runs(np.zeros_like(times), times)
    width = np.repeat(counts[other], times)
    return _ordered(form[first + nth_of_pair // width], form[second + nth_of_pair % width])


def _ordered(one: Places, other: Places) -> pl.DataFrame:
    """Pairs as a frame, the smaller number first."""
    return pl.DataFrame(
        {
            "one": np.minimum(one, other).astype(np.uint32),
            "other": np.maximum(one, other).astype(np.uint32),
        }
    )
