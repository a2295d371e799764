"""Words and two-word phrases of titles and abstracts, by month, and which of them rise or fall.

A term counts once for a paper, however often it stands there. A month is compared with the
``MONTHS_BEFORE`` months before it by the log-likelihood ratio G² of the table (papers with the
term, papers without it) × (the month, the months before), which stays sound where counts are small
(Dunning, "Accurate methods for the statistics of surprise and coincidence", Computational
Linguistics 19, 1993). A change counts only where G² reaches ``CRITICAL``, which chance exceeds once
in 10,000, and both expected counts reach ``MIN_EXPECTED``: at this level expected counts of 1 are
enough (Rayson, Berridge, Francis, "Extending the Cochran rule for the comparison of word
frequencies between corpora", JADT 2004).

Words are numbers (:mod:`paperdump.vocabulary`). Months are read one after the other, and the counts
of all terms are kept for the months before only: memory follows the papers of a year and the
vocabulary, not the dataset.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from paperdump.vocabulary import Numbers, Vocabulary, Words, is_pair, joined, parts

Result = TypeVar("Result")

MONTHS_BEFORE = 12
MIN_PAPERS = 3  # of a month that have a term, for it to have a row
MIN_SHARE = 1 / 200  # of a month's papers, likewise; so a month has a bounded number of rows
CRITICAL = 15.13  # of chi-squared with one degree of freedom, at p = 0.0001
MIN_EXPECTED = 1.0
_BATCH = 12_000  # papers whose words a thread has in memory at a time
_NUMBER_BITS = 63

_COUNTED = {
    "month": pl.Date(),
    "n_words": pl.Int32(),
    "papers": pl.Int64(),
    "papers_in_month": pl.Int64(),
    "papers_before": pl.Int64(),
    "papers_in_months_before": pl.Int64(),
}
_NOTHING = np.empty(0, np.int64)


class Counts(NamedTuple):
    """How many texts have each term.

    Attributes:
        terms: Terms as numbers (of a word, or of a pair), sorted, each once.
        texts: How many texts have each.
    """

    terms: Numbers
    texts: Numbers

    def of_words(self) -> Counts:
        """Those of words by themselves, which come first."""
        n_words = len(self.terms) - np.count_nonzero(is_pair(self.terms))
        return Counts(self.terms[:n_words], self.texts[:n_words])


class _Before:
    """The months before one."""

    def __init__(self) -> None:
        self._months: deque[tuple[int, int, Counts]] = deque()
        # how many papers of all have each word: of phrases there are far too many
        self._words = np.zeros(0, np.int64)

    @property
    def papers(self) -> int:
        """How many papers they have."""
        return sum(papers for _, papers, _ in self._months)

    def add(self, number: int, papers: int, counts: Counts) -> None:
        """Adds a month: its number, how many papers it has, and how many of them each term."""
        self._months.append((number, papers, counts))
        words, texts = counts.of_words()
        more = int(words.max(initial=-1)) + 1 - len(self._words)
        if more > 0:
            self._words = np.concatenate([self._words, np.zeros(more, np.int64)])
        self._words[words] += texts

    def keep_from(self, number: int) -> None:
        """Forgets the months before one."""
        while self._months and self._months[0][0] < number:
            _, _, counts = self._months.popleft()
            words, texts = counts.of_words()
            self._words[words] -= texts

    def counts(self, terms: Numbers) -> Numbers:
        """How many papers have each of some terms, which are sorted."""
        n_words = len(terms) - np.count_nonzero(is_pair(terms))
        words, phrases = terms[:n_words], terms[n_words:]
        known = np.zeros(n_words, np.int64)
        some = words < len(self._words)
        known[some] = self._words[words[some]]
        of_phrases = np.zeros(len(phrases), np.int64)
        for _, _, counts in self._months:
            of_phrases += _looked_up(counts, phrases)
        return np.concatenate([known, of_phrases])


def terms_of(texts: pl.Series) -> pl.DataFrame:
    """The terms of texts, each once for a text.

    A phrase is two words side by side, neither a function word, with no punctuation between them.

    Returns:
        A row per text and term: ``text`` (its number, from 0), ``term`` (in lower case).
    """
    vocabulary = Vocabulary()
    closed = texts.alias("text").to_frame().select(_closed("text")).to_series()
    (found,) = vocabulary.read(closed, np.array([0, len(texts)]))
    words, of_words = parts(_distinct(found.words))
    pairs, of_pairs = _once(found.pairs, found.texts)
    terms, text = np.concatenate([words, pairs]), np.concatenate([of_words, of_pairs])
    return pl.DataFrame(
        {"text": pl.Series(text, dtype=pl.UInt32), "term": vocabulary.written(terms)}
    )


def _closed(*texts: str) -> pl.Expr:
    """Texts one after the other, each with a mark behind that parts it from the next."""
    return pl.concat_str(*texts, pl.lit(""), separator=" . ", ignore_nulls=True)


def _distinct(values: Numbers) -> Numbers:
    """Each value once, sorted; the array may be changed."""
    values.sort()
    return values[_is_new(values)]


def _once(pairs: Numbers, texts: Numbers) -> tuple[Numbers, Numbers]:
    """Pairs of words, each once for a text, sorted by pair, then text.

    Args:
        pairs: Pairs as numbers.
        texts: The number of each one's text.
    """
    first, second = parts(pairs)
    of_text = int(texts.max(initial=0)).bit_length()
    of_word = int(max(first.max(initial=0), second.max(initial=0))).bit_length()
    if 2 * of_word + of_text > _NUMBER_BITS:
        order = np.lexsort((texts, pairs))
        pairs, texts = pairs[order], texts[order]
        new = _is_new(pairs) | _is_new(texts)
        return pairs[new], texts[new]
    # one number is sorted faster than two columns
    once = _distinct((((first << of_word) | second) << of_text) | texts)
    short = once >> of_text
    return (
        joined(short >> of_word, short & ((1 << of_word) - 1)),
        once & ((1 << of_text) - 1),
    )


def _is_new(values: Numbers) -> npt.NDArray[np.bool_]:
    """Of sorted values, whether each differs from the one before."""
    new = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new


def by_month(papers: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """The terms of each month of publication, compared with those of the months before.

    Args:
        papers: The papers, with ``title``, ``abstract`` and ``published_on``; those without a date
            are left out.

    Returns:
        A row per month and term that enough of the month's papers have.
    """
    vocabulary = Vocabulary()
    found, all_terms = [pl.DataFrame(schema=_COUNTED)], [_NOTHING]
    before = _Before()
    for month, n_papers, counts in _months(papers.lazy(), vocabulary):
        number = month.year * 12 + month.month
        before.keep_from(number - MONTHS_BEFORE)
        kept = counts.texts >= max(MIN_PAPERS, n_papers * MIN_SHARE)
        terms = counts.terms[kept]
        all_terms.append(terms)
        found.append(
            pl.DataFrame(
                {
                    "month": pl.repeat(month, len(terms), dtype=pl.Date, eager=True),
                    "n_words": np.where(is_pair(terms), 2, 1),
                    "papers": counts.texts[kept],
                    "papers_in_month": np.full(len(terms), n_papers),
                    "papers_before": before.counts(terms),
                    "papers_in_months_before": np.full(len(terms), before.papers),
                },
                schema_overrides=_COUNTED,
            )
        )
        before.add(number, n_papers, counts)
    # most terms have rows in many months, and are written once
    distinct, places = np.unique(np.concatenate(all_terms), return_inverse=True)
    term = vocabulary.written(distinct).gather(places)
    return _compared(pl.concat(found).insert_column(1, term))


def trending(by_month: pl.DataFrame, most: int) -> pl.DataFrame:
    """The terms that rise in each month, the surest first.

    A word that nearly always (in four of five of its papers) stands in a phrase that rises too is
    left out for it.

    Args:
        by_month: As :func:`by_month` gives them.
        most: How many to a month.
    """
    rising = by_month.filter(pl.col("trend") == "rising")
    phrases = rising.filter(pl.col("n_words") == 2)
    parts = phrases.select(
        "month", phrase_papers="papers", term=pl.col("term").str.split(" ")
    ).explode("term", empty_as_null=False)
    covered = (
        parts.join(rising, on=["month", "term"])
        .filter(pl.col("phrase_papers") * 5 >= pl.col("papers") * 4)
        .select("month", "term")
        .unique()
    )
    ranked = rising.join(covered, on=["month", "term"], how="anti").sort(
        "month", "log_likelihood", "papers", "term", descending=[False, True, True, False]
    )
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("month")
    return ranked.with_columns(rank=rank).filter(pl.col("rank") <= most)


class _Batch(NamedTuple):
    """Papers that are read at a time: of one month or several, or a part of one.

    Attributes:
        months: First days of the months, in order.
        sizes: How many papers each has in all.
        start: How many papers of the first month are left out.
        length: How many papers are read at most.
    """

    months: list[dt.date]
    sizes: list[int]
    start: int
    length: int


def _batches(sizes: list[tuple[dt.date, int]]) -> Iterator[_Batch]:
    """The months in batches of so many papers at most; larger months are cut."""
    months: list[tuple[dt.date, int]] = []
    for month, size in sizes:
        if months and sum(n for _, n in months) + size > _BATCH:
            yield _whole(months)
            months = []
        if size > _BATCH:
            yield from (_Batch([month], [size], at, _BATCH) for at in range(0, size, _BATCH))
        else:
            months.append((month, size))
    if months:
        yield _whole(months)


def _whole(months: list[tuple[dt.date, int]]) -> _Batch:
    sizes = [size for _, size in months]
    return _Batch([month for month, _ in months], sizes, 0, sum(sizes))


def _months(papers: pl.LazyFrame, vocabulary: Vocabulary) -> Iterator[tuple[dt.date, int, Counts]]:
    """Each month in order, how many papers it has, and how many of them have each term."""
    day = pl.col("published_on")
    month = day.dt.truncate("1mo").alias("month")
    dated = papers.select(day, "title", "abstract").drop_nulls("published_on")
    sizes = dated.group_by(month).agg(pl.len()).sort("month").collect()

    def counted(batch: _Batch) -> list[tuple[dt.date, int, Counts]]:
        last = pl.lit(batch.months[-1]).dt.month_end()
        some = (
            dated.filter(day.is_between(batch.months[0], last))
            .slice(batch.start, batch.length)
            .select(month, _closed("title", "abstract").alias("text"))
            .collect()
            .sort("month", maintain_order=True)
        )
        counts = _counted(some["text"], _edges(some["month"], batch.months), vocabulary)
        return list(zip(batch.months, batch.sizes, counts, strict=True))

    parts = _in_threads(counted, _batches(list(sizes.iter_rows())))
    for first, group in groupby((one for part in parts for one in part), key=lambda one: one[0]):
        of_month = list(group)
        yield first, of_month[0][1], _summed([counts for _, _, counts in of_month])


def _in_threads(work: Callable[[_Batch], Result], batches: Iterator[_Batch]) -> Iterator[Result]:
    """What a function makes of batches, in order, few of them at a time."""
    threads = pl.thread_pool_size()
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        for batch in batches:
            waiting.append(pool.submit(work, batch))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _edges(of_texts: pl.Series, months: list[dt.date]) -> Numbers:
    """Which text each month begins with, of texts sorted by month; and how many there are."""
    edges = np.searchsorted(of_texts.to_numpy(), np.array(months, "datetime64[D]"))
    return np.append(edges, len(of_texts))


def _counted(texts: pl.Series, edges: Numbers, vocabulary: Vocabulary) -> list[Counts]:
    """How many texts of each group have each term.

    Args:
        texts: The texts of one group after the other, each with a mark behind.
        edges: Which text each group begins with; and how many texts there are.
        vocabulary: The words.
    """
    return [_counts(found) for found in vocabulary.read(texts, edges)]


def _counts(found: Words) -> Counts:
    """How many texts have each word, and each pair of words."""
    words, _ = parts(_distinct(found.words))
    pairs, _ = _once(found.pairs, found.texts)
    both = [_lengths(words), _lengths(pairs)]
    return Counts(*(np.concatenate(columns) for columns in zip(*both, strict=True)))


def _lengths(terms: Numbers) -> Counts:
    """How often each of sorted terms comes."""
    begins = np.flatnonzero(_is_new(terms))
    return Counts(terms[begins], np.diff(begins, append=len(terms)))


def _summed(parts: list[Counts]) -> Counts:
    """The counts of the parts of a month together."""
    if len(parts) == 1:
        return parts[0]
    terms = np.concatenate([part.terms for part in parts])
    order = np.argsort(terms, kind="stable")
    terms, texts = terms[order], np.concatenate([part.texts for part in parts])[order]
    begins = np.flatnonzero(_is_new(terms))
    return Counts(terms[begins], np.add.reduceat(texts, begins) if len(begins) else texts)


def _looked_up(known: Counts, terms: Numbers) -> Numbers:
    """How many texts have each of some terms, of which there may be none."""
    if not len(known.terms):
        return np.zeros(len(terms), np.int64)
    place = np.minimum(np.searchsorted(known.terms, terms), len(known.terms) - 1)
    return np.where(known.terms[place] == terms, known.texts[place], 0)


def _compared(counts: pl.DataFrame) -> pl.DataFrame:
    """The counts with shares, their change, and whether it is more than noise."""
    with_it, total = pl.col("papers"), pl.col("papers_in_month")
    with_before, total_before = pl.col("papers_before"), pl.col("papers_in_months_before")
    known = total_before > 0
    share = (with_it / total).alias("share")
    share_before = pl.when(known).then(with_before / total_before)
    part = total / (total + total_before)  # of all papers of both, those of the month
    expected = (with_it + with_before) * part
    expected_before = (with_it + with_before) * (1 - part)
    without, without_before = total - with_it, total_before - with_before
    cells = [
        (with_it, expected),
        (with_before, expected_before),
        (without, (without + without_before) * part),
        (without_before, (without + without_before) * (1 - part)),
    ]
    terms = [
        pl.when(seen > 0).then(seen * (seen / likely).log()).otherwise(0.0)
        for seen, likely in cells
    ]
    ratio = pl.when(known).then((2 * pl.sum_horizontal(terms)).clip(lower_bound=0).round(4))
    more = pl.col("share_change") > 0
    sure = (
        (pl.col("log_likelihood") >= CRITICAL)
        & (expected >= MIN_EXPECTED)
        & (expected_before >= MIN_EXPECTED)
    )
    return (
        counts.with_columns(share, share_before=share_before, log_likelihood=ratio)
        .with_columns(share_change=pl.col("share") - pl.col("share_before"))
        .with_columns(
            trend=pl.when(sure & more)
            .then(pl.lit("rising"))
            .when(sure & ~more)
            .then(pl.lit("falling"))
        )
    )
