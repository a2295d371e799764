"""What is decided on two entries, and by which rule: the same paper, different ones, or doubtful.

The rules are a table: the first that holds decides. Identifiers come first, then what sets papers
apart whatever else they share, then the titles' relation with what the abstracts, authors and days
say of it. Whether abstracts agree is one of three: ``near`` (one text, perhaps edited), ``like``
(much in common) or less. Without two abstracts the title must do, with the help of authors and
days.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from paperdump.dedupe import titles
from paperdump.dedupe.limits import Limits

SAME, DIFFERENT, DOUBTFUL = "same", "different", "doubtful"
# Rules whose pairs no chain of other pairs may join.
VETOES = (
    "different_arxiv_ids",
    "different_dois",
    "one_about_other",
    "different_numbers",
    "opposite_words",
)
# The rule whose pairs keep papers apart unless the links between them are many: see ``clusters``.
WEIGHED = "different_years"

_HALF = 0.5  # of an abstract: enough where the titles are nearly the same
_SOME_WORDS = 3  # content words that titles of one day must share
WEEK = 7  # days between the dates of a paper on two pages
_NEARLY_ALL = 0.9  # of an abstract: what stands for itself, if authors agree
_AUTHORS = 0.5  # share of the shorter list of authors from which on they agree
_SAME_TEAM = 0.6
_DAYS = 400  # between the days of a preprint, its versions and its listings
SAME_VENUE = 0.7  # likeness of the words of two venues, which may be abbreviated
_ALONE = 0.9  # title score of respelled titles that nothing else supports
_LETTER = 0.95  # title score of titles of which a letter or two differ
_WITH_SUPPORT = 0.7  # title score that authors and year together support


class Rule(NamedTuple):
    """A rule: where it holds, what it decides.

    Attributes:
        name: Its name in ``matches``.
        decision: What it decides.
        holds: Where it holds.
    """

    name: str
    decision: str
    holds: pl.Expr


def rules(limits: Limits) -> list[Rule]:
    """The rules, in the order in which they are asked.

    Args:
        limits: The thresholds.
    """
    relation = pl.col("relation")
    equal, respelled = relation == titles.EQUAL, relation == titles.RESPELLED
    extended, reworded = relation == titles.EXTENDED, relation == titles.REWORDED
    score, abstract = pl.col("title_score"), pl.col("abstract_score")

    def known(holds: pl.Expr) -> pl.Expr:
        """What is unknown does not hold."""
        return holds.fill_null(False)

    near, like = known(abstract >= limits.abstract_same), known(abstract >= limits.abstract_like)
    whole = known(abstract >= _NEARLY_ALL)
    half = known(abstract >= _HALF)
    unlike = known(abstract < limits.abstract_like)
    no_abstract = abstract.is_null()
    authors = pl.col("author_score")
    agree, disagree = known(authors >= _AUTHORS), known(authors == 0)
    other_year = known(pl.col("years_apart") > 0)
    same_year = known(pl.col("years_apart") == 0)
    same_venue = known(pl.col("venue_score") >= SAME_VENUE)
    # what a meeting printed and what a journal printed are two, unless they are of one year and
    # name; so are two years of one venue, but for the year that bibliographies are often off
    other_edition = known(pl.col("editions")) & (
        (known(pl.col("years_apart") > 1) & ~same_venue)
        | (other_year & known(pl.col("venue_score") < SAME_VENUE))
        | (known(pl.col("other_kind")) & (~same_year | known(pl.col("venue_score") < SAME_VENUE)))
    )
    other_time = other_edition | known(pl.col("days_apart") > _DAYS)
    same_team = known(authors >= _SAME_TEAM)
    some_words = pl.col("words_shared") >= _SOME_WORDS
    same_week = known(pl.col("days_apart") <= WEEK)
    supported = ~disagree & ~other_year & (same_team | same_week & some_words)
    same_size = known(pl.col("same_n_authors"))
    same_day = known(pl.col("days_apart") <= 1) & same_size
    long_title = pl.col("words_shared") >= limits.min_title_words
    names = pl.col("names_differ")
    generic = known(pl.col("is_generic"))
    certain = ~pl.col("guessed")
    once_a_year = same_year & ~pl.col("is_repeated")
    was_cut = pl.col("one_sided") & pl.col("is_cut")
    alike = score >= limits.title_like
    return [
        Rule("same_arxiv_id", SAME, pl.col("same_arxiv_id")),
        Rule("different_arxiv_ids", DIFFERENT, pl.col("other_arxiv_id")),
        Rule("same_doi", SAME, known(pl.col("same_doi"))),
        Rule("different_dois", DIFFERENT, known(pl.col("other_doi"))),
        *(
            Rule(veto, DIFFERENT, pl.col("title_veto") == veto)
            for veto in ("one_about_other", "different_numbers", "opposite_words")
        ),
        # a title that names no paper
        Rule("same_title", SAME, generic & equal & like),
        Rule(
            "same_title", SAME, generic & equal & no_abstract & same_team & same_size & once_a_year
        ),
        Rule("generic_title", DIFFERENT, generic),
        # equal titles
        Rule("same_title", SAME, equal & like),
        Rule("different_authors", DOUBTFUL, equal & no_abstract & disagree & ~other_time),
        Rule("different_authors", DIFFERENT, equal & disagree),
        Rule("different_years", DIFFERENT, equal & no_abstract & other_edition),
        Rule("different_years", DOUBTFUL, equal & no_abstract & other_time),
        Rule("same_title", SAME, equal & no_abstract),
        Rule("same_title", SAME, equal & unlike & (agree | same_day)),
        Rule("different_abstracts", DOUBTFUL, equal),
        # titles in other letters
        Rule(
            "respelled_title", SAME, respelled & (half | like & ~other_time & (supported | certain))
        ),
        Rule("respelled_title", DOUBTFUL, respelled & like),
        Rule("different_authors", DIFFERENT, respelled & disagree),
        Rule("different_years", DIFFERENT, respelled & no_abstract & other_time),
        Rule(
            "respelled_title",
            SAME,
            respelled
            & no_abstract
            & (supported & (score >= _WITH_SUPPORT) | long_title & certain & (score >= _ALONE)),
        ),
        Rule("respelled_title", DOUBTFUL, respelled & (no_abstract | agree)),
        Rule("different_abstracts", DIFFERENT, respelled),
        # one goes on where the other ends, or has another subtitle
        Rule("extended_title", SAME, extended & near),
        Rule("extended_title", DOUBTFUL, extended & like),
        Rule("different_abstracts", DIFFERENT, extended & unlike),
        Rule("different_authors", DIFFERENT, extended & disagree),
        Rule("different_years", DIFFERENT, extended & other_time),
        Rule("extended_title", SAME, extended & (supported | was_cut & long_title)),
        Rule("extended_title", DOUBTFUL, extended & (long_title | agree)),
        # words changed
        Rule("reworded_title", SAME, reworded & near & ~names & ~disagree),
        Rule("reworded_title", SAME, reworded & half & ~names & ~disagree & alike),
        Rule("reworded_title", SAME, reworded & whole & ~disagree & alike),
        Rule("same_abstract", SAME, whole & same_team),
        Rule("different_names", DOUBTFUL, reworded & near),
        Rule("same_abstract", DOUBTFUL, near),
        Rule(
            "reworded_title",
            SAME,
            (reworded & no_abstract & supported & ~names)
            & (same_team & same_year | pl.col("one_sided") & alike)
            & (score >= _WITH_SUPPORT),
        ),
        # a letter of a name, in what is else the same record of a bibliography
        Rule(
            "reworded_title",
            SAME,
            (reworded & no_abstract & names & (score >= _LETTER))
            & ((authors == 1) & same_size & same_year),
        ),
        Rule("different_names", DIFFERENT, reworded & names),
        Rule(
            "reworded_title",
            DOUBTFUL,
            reworded & alike & ~disagree & ~other_time & (like | no_abstract),
        ),
        Rule("different_abstracts", DIFFERENT, abstract.is_not_null()),
        Rule("different_titles", DIFFERENT, pl.lit(True)),
    ]


def is_settled(limits: Limits) -> pl.Expr:
    """Whether two entries are different, and not alike, however their titles differ.

    That is so where the abstracts have too little in common, or are missing, and the authors do
    not support what the titles might say. What the titles' words are need not be looked at then.

    Args:
        limits: The thresholds.
    """
    abstract, authors = pl.col("abstract_score"), pl.col("author_score")
    unlike = (abstract < limits.abstract_like) & ~(authors >= _AUTHORS).fill_null(False)
    strangers = abstract.is_null() & (authors == 0)
    identified = (pl.col("same_arxiv_id") | pl.col("same_doi")).fill_null(False)
    alike = pl.col("title_score") >= limits.title_like
    return (unlike | strangers).fill_null(False) & ~identified & ~alike


def decide(compared: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The pairs with ``match_rule`` and ``match_decision``.

    Args:
        compared: Pairs as ``likeness.compare`` gives them.
        limits: The thresholds.
    """
    table = rules(limits)
    name: pl.Expr = pl.lit(None, pl.String)
    decision: pl.Expr = pl.lit(None, pl.String)
    for rule in reversed(table):
        holds = rule.holds.fill_null(False)
        name = pl.when(holds).then(pl.lit(rule.name)).otherwise(name)
        decision = pl.when(holds).then(pl.lit(rule.decision)).otherwise(decision)
    return compared.with_columns(match_rule=name, match_decision=decision)
