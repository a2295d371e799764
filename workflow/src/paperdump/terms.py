"""Words and two-word phrases of titles and abstracts, by month, and which of them rise or fall.

A term counts once for a paper, however often it stands there. A month is compared with the
``MONTHS_BEFORE`` months before it by the log-likelihood ratio G² of the table (papers with the
term, papers without it) × (the month, the months before), which stays sound where counts are small
(Dunning, "Accurate methods for the statistics of surprise and coincidence", Computational
Linguistics 19, 1993). A change counts only where G² reaches ``CRITICAL``, which chance exceeds once
in 10,000, and both expected counts reach ``MIN_EXPECTED``: at this level expected counts of 1 are
enough (Rayson, Berridge, Francis, "Extending the Cochran rule for the comparison of word
frequencies between corpora", JADT 2004).

Months are read one after the other, and the counts of all terms are kept for the months before
only: memory follows the papers of a year, not the dataset.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import polars as pl

MONTHS_BEFORE = 12
MIN_PAPERS = 3  # of a month that have a term, for it to have a row
MIN_SHARE = 1 / 200  # of a month's papers, likewise; so a month has a bounded number of rows
CRITICAL = 15.13  # of chi-squared with one degree of freedom, at p = 0.0001
MIN_EXPECTED = 1.0
_BATCH = 10_000  # papers whose words are in memory at a time

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


def terms_of(texts: pl.Series) -> pl.DataFrame:
    """The terms of texts, each once for a text.

    A phrase is two words side by side, neither a function word, with no punctuation between them.

    Returns:
        A row per text and term: ``text`` (its number, from 0), ``term`` (in lower case).
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
        texts.alias("token")
        .to_frame()
        .with_row_index("text")
        .with_columns(tidy)
        .explode("token", empty_as_null=False)
        .with_columns(pl.col("token").str.strip_suffix("'s"))
    )
    token, text = pl.col("token"), pl.col("text")
    names = (token.str.len_bytes() > 1) & token.str.contains(_NAMES) & ~token.is_in(_FUNCTION_WORDS)
    tokens = tokens.with_columns(token=pl.when(names).then(token))
    follows = pl.when(text == text.shift(-1)).then(token.shift(-1))
    words = tokens.select("text", term="token")
    phrases = tokens.select("text", term=token + " " + follows)
    return pl.concat([words, phrases]).drop_nulls("term").unique()


def by_month(papers: pl.DataFrame) -> pl.DataFrame:
    """The terms of each month of publication, compared with those of the months before.

    Args:
        papers: The papers, with ``title``, ``abstract`` and ``published_on``; those without a date
            are left out.

    Returns:
        A row per month and term that enough of the month's papers have.
    """
    found = [pl.DataFrame(schema=_SCHEMA)]
    before: deque[tuple[int, int, pl.DataFrame]] = deque()
    for month, number, texts in _months(papers):
        while before and before[0][0] < number - MONTHS_BEFORE:
            before.popleft()
        counts = _counted(texts)
        enough = max(MIN_PAPERS, texts.len() * MIN_SHARE)
        kept = counts.filter(pl.col("papers") >= enough)
        earlier = [c.join(kept, on="term", how="semi") for _, _, c in before]
        summed = pl.concat([*earlier, counts.clear()]).group_by("term").agg(pl.col("papers").sum())
        found.append(
            kept.join(summed.rename({"papers": "papers_before"}), on="term", how="left").select(
                month=pl.lit(month),
                term="term",
                n_words=(pl.col("term").str.count_matches(" ", literal=True) + 1).cast(pl.Int32),
                papers="papers",
                papers_in_month=pl.lit(texts.len(), pl.Int64),
                papers_before=pl.col("papers_before").fill_null(0),
                papers_in_months_before=pl.lit(sum(n for _, n, _ in before), pl.Int64),
            )
        )
        before.append((number, texts.len(), counts))
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


def _months(papers: pl.DataFrame) -> Iterator[tuple[object, int, pl.Series]]:
    """Each month with its number and its papers' texts, in order."""
    day = pl.col("published_on")
    dated = papers.lazy().filter(day.is_not_null())
    months = (
        papers.select(month=day.dt.truncate("1mo")).drop_nulls().unique().sort("month")["month"]
    )
    for month in months:
        # a mark between title and abstract keeps a phrase from reaching over both
        texts = (
            dated.filter(day.is_between(month, pl.lit(month).dt.month_end()))
            .select(pl.concat_str("title", "abstract", separator=" . ", ignore_nulls=True))
            .collect()
            .to_series()
        )
        yield month, month.year * 12 + month.month, texts


def _counted(texts: pl.Series) -> pl.DataFrame:
    """How many texts have each term, all terms of them."""
    parts = []
    for start in range(0, texts.len(), _BATCH):
        found = terms_of(texts[start : start + _BATCH])
        parts.append(found.group_by("term").agg(papers=pl.len().cast(pl.Int64)))
    if len(parts) == 1:
        return parts[0]
    return pl.concat(parts).group_by("term").agg(pl.col("papers").sum())


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
