"""Words and two-word phrases of titles and abstracts, by month, and which of them rise or fall.

A term counts once for a paper, however often it stands there. A month is compared with the
``MONTHS_BEFORE`` months before it by the log-likelihood ratio G² of the table (papers with the
term, papers without it) × (the month, the months before), which stays sound where counts are small
(Dunning, "Accurate methods for the statistics of surprise and coincidence", Computational
Linguistics 19, 1993). A change counts only where G² reaches ``CRITICAL``, which chance exceeds once
in 10,000, and both expected counts reach ``MIN_EXPECTED``: at this level expected counts of 1 are
enough (Rayson, Berridge, Francis, "Extending the Cochran rule for the comparison of word
frequencies between corpora", JADT 2004).

Texts are cut at their spaces first, and each distinct piece is read once; the rest is done with
numbers. Months are read one after the other, and the counts of all terms are kept for the months
before only: memory follows the papers of a year and the vocabulary, not the dataset.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from paperdump.normalize.words import offsets_of, runs

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Result = TypeVar("Result")

MONTHS_BEFORE = 12
MIN_PAPERS = 3  # of a month that have a term, for it to have a row
MIN_SHARE = 1 / 200  # of a month's papers, likewise; so a month has a bounded number of rows
CRITICAL = 15.13  # of chi-squared with one degree of freedom, at p = 0.0001
MIN_EXPECTED = 1.0
_BATCH = 12_000  # papers whose words a thread has in memory at a time
_MOST_PIECES = 4_000_000  # of texts, that are remembered
_NUMBER_BITS = 63
_WORD_BITS = 31  # of the number of a word in that of a term

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
_SCHEMA = {
    "month": pl.Date(),
    "term": pl.String(),
    "n_words": pl.Int32(),
    "papers": pl.Int64(),
    "papers_in_month": pl.Int64(),
    "papers_before": pl.Int64(),
    "papers_in_months_before": pl.Int64(),
}


class Counts(NamedTuple):
    """How many texts have each term.

    Attributes:
        terms: Terms as numbers (``_phrase``), sorted, each once.
        texts: How many texts have each.
    """

    terms: Numbers
    texts: Numbers


def terms_of(texts: pl.Series) -> pl.DataFrame:
    """The terms of texts, each once for a text.

    A phrase is two words side by side, neither a function word, with no punctuation between them.

    Returns:
        A row per text and term: ``text`` (its number, from 0), ``term`` (in lower case).
    """
    vocabulary = Vocabulary()
    found, text = _unique(*_terms(texts, vocabulary), len(texts))
    return pl.DataFrame(
        {"text": pl.Series(text, dtype=pl.UInt32), "term": vocabulary.written(found)}
    )


def _tokens(pieces: pl.Series) -> pl.DataFrame:
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


class Vocabulary:
    """Words as numbers from 1; 0 is a mark, or a word that names nothing.

    What each piece of text between two spaces says is remembered: most of them come again and
    again. Several threads may ask at a time. The numbers depend on who asks first; what is
    ``written`` does not.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._places: dict[str, int] = {}  # of pieces, among those known
        self._bounds = np.zeros(1, np.int64)  # where the words of each piece begin
        self._words = np.empty(0, np.int64)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._numbers)

    def read(self, pieces: list[str]) -> tuple[Numbers, Numbers]:
        """The words of pieces of text, none of which parts a word.

        Args:
            pieces: Texts, each once.

        Returns:
            Words as numbers, one piece after the other; how many each piece has.
        """
        with self._lock:
            if len(self._places) > _MOST_PIECES:
                self._places.clear()
                self._bounds, self._words = self._bounds[:1], self._words[:0]
            fresh = [piece for piece in pieces if piece not in self._places]
            if fresh:
                self._learn(fresh)
            place = np.fromiter(map(self._places.__getitem__, pieces), np.int64, len(pieces))
            counts = self._bounds[place + 1] - self._bounds[place]
            return self._words[runs(self._bounds[place], counts)], counts

    def _learn(self, pieces: list[str]) -> None:
        tokens = _tokens(pl.Series(pieces, dtype=pl.String))
        numbers = self._numbers
        words = [
            0 if word is None else numbers.setdefault(word, len(numbers) + 1)
            for word in tokens["token"].to_list()
        ]
        counts = np.bincount(tokens["piece"].to_numpy(), minlength=len(pieces))
        known = len(self._places)
        self._places.update(zip(pieces, range(known, known + len(pieces)), strict=True))
        self._bounds = np.concatenate([self._bounds, self._bounds[-1] + np.cumsum(counts)])
        self._words = np.concatenate([self._words, np.array(words, np.int64)])

    def written(self, terms: Numbers) -> pl.Series:
        """Terms, in words."""
        with self._lock:
            words = pl.Series(["", *self._numbers], dtype=pl.String)
        first, second = (words.gather(pl.Series(part)) for part in _parts(terms))
        two = pl.lit(first) + " " + pl.lit(second)
        return pl.select(term=pl.when(pl.lit(second) == "").then(pl.lit(first)).otherwise(two))[
            "term"
        ]


def _phrase(first: Numbers, second: Numbers | int = 0) -> Numbers:
    """A term as a number: of two words, or one and 0."""
    return (first << _WORD_BITS) | second


def _parts(terms: Numbers) -> tuple[Numbers, Numbers]:
    """The words of terms, the second one 0 where there is none."""
    return terms >> _WORD_BITS, terms & ((1 << _WORD_BITS) - 1)


def _terms(texts: pl.Series, vocabulary: Vocabulary) -> tuple[Numbers, Numbers]:
    """The terms of texts, as often as they stand there, and the number of each one's text."""
    content, bounds = _content(texts)
    begins, pieces = _pieces(content, bounds)
    distinct = pieces.dictionary_encode()
    words, lengths = vocabulary.read(distinct.dictionary.to_pylist())
    piece = np.asarray(distinct.indices)
    counts = lengths[piece]
    word = words[runs((np.cumsum(lengths) - lengths)[piece], counts)]
    # where the words of each text begin
    edges = offsets_of(counts)[np.searchsorted(begins, bounds - bounds[0])]
    text = np.repeat(np.arange(len(texts)), np.diff(edges))
    names = word > 0
    pairs = names[:-1] & names[1:]
    pairs &= text[:-1] == text[1:]
    first = np.flatnonzero(pairs)
    return (
        np.concatenate([_phrase(word[names]), _phrase(word[first], word[first + 1])]),
        np.concatenate([text[names], text[first]]),
    )


def _content(texts: pl.Series) -> tuple[Bytes, Numbers]:
    """The bytes of texts, and where each text begins in them, and the last one ends."""
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data if data is not None else b"", np.uint8), bounds


def _pieces(content: Bytes, bounds: Numbers) -> tuple[Numbers, pa.LargeStringArray]:
    """The pieces of texts that end with a space, or with a text; and where each begins.

    No word, and no address, has a space in it.
    """
    some = content[bounds[0] : bounds[-1]]
    last = some == np.uint8(ord(" "))
    ends = bounds[1:][np.diff(bounds) > 0] - bounds[0]
    last[ends - 1] = True
    offsets = np.flatnonzero(last)
    offsets += 1
    offsets = np.concatenate([np.zeros(1, np.int64), offsets])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(some)]
    return offsets[:-1], pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)


def _unique(terms: Numbers, texts: Numbers, n_texts: int) -> tuple[Numbers, Numbers]:
    """Terms of texts, each once for a text, sorted by term, then text.

    Args:
        terms: Terms as numbers.
        texts: The number of each one's text.
        n_texts: How many texts there are.
    """
    first, second = _parts(terms)
    of_text = max(1, n_texts).bit_length()
    of_word = int(max(first.max(initial=0), second.max(initial=0))).bit_length()
    if 2 * of_word + of_text > _NUMBER_BITS:
        order = np.lexsort((texts, terms))
        terms, texts = terms[order], texts[order]
        new = _is_new(terms) | _is_new(texts)
        return terms[new], texts[new]
    # one number is sorted faster than two columns
    packed = (((first << of_word) | second) << of_text) | texts
    packed.sort()
    packed = packed[_is_new(packed)]
    pair = packed >> of_text
    return (
        _phrase(pair >> of_word, pair & ((1 << of_word) - 1)),
        packed & ((1 << of_text) - 1),
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
    found = [pl.DataFrame(schema=_SCHEMA)]
    before: deque[tuple[int, int, Counts]] = deque()
    for month, n_papers, counts in _months(papers.lazy(), vocabulary):
        number = month.year * 12 + month.month
        while before and before[0][0] < number - MONTHS_BEFORE:
            before.popleft()
        kept = counts.texts >= max(MIN_PAPERS, n_papers * MIN_SHARE)
        terms = counts.terms[kept]
        earlier = np.zeros(len(terms), np.int64)
        for _, _, known in before:
            earlier += _looked_up(known, terms)
        _, second = _parts(terms)
        found.append(
            pl.DataFrame(
                {
                    "month": pl.repeat(month, len(terms), dtype=pl.Date, eager=True),
                    "term": vocabulary.written(terms),
                    "n_words": 1 + (second > 0),
                    "papers": counts.texts[kept],
                    "papers_in_month": np.full(len(terms), n_papers),
                    "papers_before": earlier,
                    "papers_in_months_before": np.full(len(terms), sum(n for _, n, _ in before)),
                },
                schema_overrides=_SCHEMA,
            )
        )
        before.append((number, n_papers, counts))
    return _compared(pl.concat(found))


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
        # a mark between title and abstract keeps a phrase from reaching over both
        text = pl.concat_str("title", "abstract", separator=" . ", ignore_nulls=True)
        some = (
            dated.filter(day.is_between(batch.months[0], last))
            .slice(batch.start, batch.length)
            .select(month, text.alias("text"))
            .collect()
            .sort("month", maintain_order=True)
        )
        place = np.searchsorted(np.array(batch.months, "datetime64[D]"), some["month"].to_numpy())
        counts = _counted(some["text"], place, vocabulary)
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


def _counted(texts: pl.Series, groups: Numbers, vocabulary: Vocabulary) -> list[Counts]:
    """How many texts of each group have each term.

    Args:
        texts: The texts of one group after the other.
        groups: The number of the group of each, from 0.
        vocabulary: The words.
    """
    terms, text = _unique(*_terms(texts, vocabulary), len(texts))
    group = groups[text]
    # within a term the texts are in order, and so are their groups
    begins = np.flatnonzero(_is_new(terms) | _is_new(group))
    counts = np.diff(begins, append=len(terms))
    terms, group = terms[begins], group[begins]
    n_groups = int(groups[-1]) + 1 if len(groups) else 0
    each = (np.flatnonzero(group == number) for number in range(n_groups))
    return [Counts(terms[some], counts[some]) for some in each]


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
