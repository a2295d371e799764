"""Match: which entries are found to be the same paper, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from paperdump.dedupe import clusters, decisions, likeness, pairing
from paperdump.dedupe.decisions import DIFFERENT, DOUBTFUL, SAME
from paperdump.dedupe.limits import Limits
from paperdump.dedupe.pairing import Blocks
from paperdump.dedupe.titles import EQUAL

_PIECE = 30_000  # pairs that are compared at once
_SCORES = ("title_score", "abstract_score", "author_score", "days_apart")
# Rules that decide by titles that differ; without abstracts they are not certain.
_BY_TITLE_ALONE = ("extended_title", "reworded_title")
# What links are cut last, and first: the strength of each rule; likeness counts within it.
_STRENGTH = {
    "same_arxiv_id": 6.0,
    "same_doi": 5.0,
    "same_title": 4.0,
    "respelled_title": 3.0,
    "extended_title": 2.0,
    "reworded_title": 2.0,
    "same_abstract": 1.0,
}
# What a shared year adds to the strength of a link, and a shared venue.
_OF_YEAR, _OF_VENUE = 1.0, 0.25


def links(entries: pl.DataFrame, limits: Limits, blocks: Blocks | None = None) -> pl.DataFrame:
    """The pairs of entries that were compared, and what was decided on each.

    Args:
        entries: Entries in page order, with what ``likeness.with_keys`` adds.
        limits: The thresholds of matching.
        blocks: What blocking found, where that was done before.

    Returns:
        ``one`` and ``other`` (rows of entries, the first one the smaller), ``match_rule``,
        ``match_decision``, ``strength`` (where the decision is *same*), the scores. An entry that
        says what an earlier one does is linked with that one.
    """
    with ThreadPoolExecutor(1) as beside:
        of_forms = beside.submit(pairing.forms_of, entries)
        titles, abstracts = pairing.texts_of(entries, limits.min_abstract_words)
        found = blocks if blocks is not None else pairing.block(titles, abstracts)
        forms = of_forms.result()
    pairs = pairing.pairs_of_forms(forms, titles, abstracts, found)
    row = forms["row"]
    rows = pl.DataFrame({side: row.gather(pairs[side]) for side in ("one", "other")})
    # piece by piece: the texts of all pairs at once would be many times those of the entries
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        compared = pl.concat(
            threads.map(lambda piece: _compared(entries, piece, limits), _pieces(rows))
        )
    repeats = _repeats(entries, forms)
    every = pl.concat([repeats, compared.select(repeats.columns)])
    every = decisions.decide(likeness.with_recurring(every, entries), limits)
    every = _checked_by_listing(every, entries)
    closely = (
        (pl.col("match_decision") != DIFFERENT)
        | (pl.col("title_score") >= limits.title_like)
        | (pl.col("abstract_score") >= limits.abstract_like).fill_null(False)
    )
    every = every.filter(closely)
    strength = pl.col("match_rule").replace_strict(_STRENGTH, default=0.0, return_dtype=pl.Float64)
    likeness_of = pl.mean_horizontal(*_SCORES[:3], "venue_score").fill_null(0.0)
    of_edition = pl.when(pl.col("years_apart") == 0).then(_OF_YEAR).otherwise(0.0) + pl.when(
        pl.col("venue_score") >= decisions.SAME_VENUE
    ).then(_OF_VENUE).otherwise(0.0)
    return every.select(
        "one",
        "other",
        "match_rule",
        "match_decision",
        (strength + likeness_of + of_edition).alias("strength"),
        *_SCORES,
    ).sort("one", "other")


def _compared(entries: pl.DataFrame, pairs: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The pairs, compared; without those of which no link, nor anything to tell, can come."""
    beside = likeness.beside_titles(entries, pairs)
    return likeness.with_titles(entries, beside.filter(~decisions.is_settled(limits)))


def _pieces(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows in pieces; there is at least one, maybe empty."""
    yield from rows.iter_slices(_PIECE)
    if rows.is_empty():
        yield rows


def _checked_by_listing(decided: pl.DataFrame, keyed: pl.DataFrame) -> pl.DataFrame:
    """The decisions, those on titles alone doubtful where what the dumps list speaks against them.

    A dump that lists the very title of the one, and that of the other beside it, has them as two
    papers. A single dump that lists both is no evidence: what lists all it finds, repeats itself.
    And a title that was cut, and from which two others go on, is of neither with certainty.
    """
    same = pl.col("match_decision") == SAME
    weak = same & pl.col("match_rule").is_in(_BY_TITLE_ALONE) & pl.col("abstract_score").is_null()
    strong = decided.filter(same & ~weak)
    one, other = (strong[side].to_numpy().astype(np.int64) for side in ("one", "other"))
    group = pl.Series("group", clusters.components(keyed.height, one, other))
    dump = keyed["dump_id"]
    pairs = (
        decided.with_row_index("pair")
        .filter(weak)
        .select("pair", "one", "other", "match_rule", "author_score")
    )
    sides = {
        side: pairs.select(
            "pair",
            group=group.gather(pairs[side]),
            dump=dump.gather(pairs[side]),
            length=keyed["title_fold"].gather(pairs[side]).str.len_chars(),
        )
        for side in ("one", "other")
    }
    listed = (
        pl.DataFrame({"group": group, "listing": dump})
        .join(pl.concat(list(sides.values())).select("group"), on="group", how="semi")
        .unique()
    )
    each = [side.join(listed, on="group") for side in sides.values()]
    both = each[0].join(each[1], on=["pair", "listing"], suffix="_other")
    ends = (
        sides["one"]
        .join(sides["other"], on="pair", suffix="_other")
        .with_columns(
            low=pl.min_horizontal("group", "group_other"),
            high=pl.max_horizontal("group", "group_other"),
        )
    )
    telling = both.filter(
        (pl.col("dump") != pl.col("dump_other")) | (pl.col("listing") != pl.col("dump"))
    )
    # what is known of one pair of entries holds for all of the two groups
    apart = ends.join(telling.select("pair"), on="pair", how="semi").select("low", "high").unique()
    beside = ends.join(apart, on=["low", "high"], how="semi")["pair"]
    shorter = pl.col("length") <= pl.col("length_other")
    cut = ends.select(
        "pair",
        short=pl.when(shorter).then("group").otherwise("group_other"),
        long=pl.when(shorter).then("group_other").otherwise("group"),
    ).filter((pairs["match_rule"] == "extended_title") & pairs["author_score"].is_null())
    ambiguous = cut.filter(pl.col("long").n_unique().over("short") > 1)["pair"]
    place = pl.int_range(pl.len(), dtype=pl.UInt32)
    is_beside, is_ambiguous = place.is_in(beside.implode()), place.is_in(ambiguous.implode())
    return decided.with_columns(
        match_rule=pl.when(is_beside)
        .then(pl.lit("listed_beside"))
        .when(is_ambiguous)
        .then(pl.lit("ambiguous_title"))
        .otherwise("match_rule"),
        match_decision=pl.when(is_beside | is_ambiguous)
        .then(pl.lit(DOUBTFUL))
        .otherwise("match_decision"),
    )


def _repeats(keyed: pl.DataFrame, forms: pl.DataFrame) -> pl.DataFrame:
    """Each entry of a form with its first one, compared without a look at the texts."""
    repeats = (
        forms.filter(pl.col("rows").list.len() > 1)
        .select(one="row", other=pl.col("rows").list.slice(1))
        .explode("other")
    )
    first = keyed[repeats["one"]]
    no = pl.lit(False)
    return pl.concat(
        [
            repeats,
            first.select(
                title_score=pl.lit(1.0),
                relation=pl.lit(EQUAL),
                title_veto=pl.lit(None, pl.String),
                names_differ=no,
                guessed=no,
                one_sided=pl.lit(True),
                is_cut=no,
                words_changed=pl.lit(0, pl.Int32),
                words_shared=pl.lit(0, pl.Int32),
                abstract_score=pl.when(pl.col("abstract_digest").is_not_null()).then(1.0),
                venue_score=pl.when(pl.col("journal_ref").is_not_null()).then(1.0),
                author_score=pl.when(pl.col("authors_line").is_not_null()).then(1.0),
                days_apart=pl.when(pl.col("published_on").is_not_null()).then(0).cast(pl.Int32),
                years_apart=pl.when(pl.col("year").is_not_null()).then(0).cast(pl.Int32),
                is_generic="is_generic",
                is_repeated="is_repeated",
                editions=no,
                other_kind=no,
                same_n_authors=pl.col("n_authors").is_not_null(),
                same_arxiv_id=pl.col("arxiv_id").is_not_null(),
                other_arxiv_id=no,
                same_doi=pl.col("doi").is_not_null(),
                other_doi=no,
            ),
        ],
        how="horizontal",
    )
