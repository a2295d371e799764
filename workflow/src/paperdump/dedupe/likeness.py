"""How alike two entries are: in title, abstract, authors, days and identifiers.

Nothing is decided here; ``decisions`` does.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from paperdump.dedupe import candidates, titles
from paperdump.dedupe.limits import Limits
from paperdump.normalize import identifiers, signatures

_PREPRINT_VENUE = (
    r"(?i)\b(?:arxiv|corr|biorxiv|medrxiv|chemrxiv|ssrn|preprint|techreport|technical report"
    r"|tech\. rep)\b"
)
# that names no meeting and no journal: a report of it
_INSTITUTION = r"(?i)\b(?:laboratory|laboratories|department|dept)\b"
# what is no venue's name: where another version of the paper is, who edited the volume
_BESIDE_VENUE = (
    r"(?i)(?:\b(?:an?|the) )?\b(?:extended abstract|(?:preliminary|early|earlier|short|shorter)"
    r" version)\b.{0,40}?\b(?:appear|publish|present).*$|\bedited by\b.*$"
)
_MISSPELLED = 0.8  # likeness of lists of names without a common one that are the same
_NEW_YEAR = 31  # days that two dates of one paper may lie apart on both sides of a year's end
_MEETING = r"(?i)\b(?:proc|proceedings|conf|conference|workshop|symposium|symp|congress|meeting)\b"
_JOURNAL = (
    r"(?i)\b(?:journal|j|trans|transactions|letters|annals|quarterly|magazine|bulletin|record)\b"
)
# what is not the venue's name: numbers, little words, what stands before many names
_VENUE_NOISE = (
    r"[^\p{L}]+|\b(?:in|of|the|and|on|for|an?|annual|international|intl?|proc|proceedings)\b"
)
_YEAR = r"\b((?:1[6-9]|20)[0-9]{2})[a-z]?\b"
# that of a meeting by its short name: *COLT-91*, *EuroCOLT '95*, *COLT 88: Proceedings*
_SHORT_YEAR = (
    r"(?i)\b\p{L}{3,}(?:\s?['’`]\s?([0-9]{2})|-?([6-9][0-9]))(?:[^\p{L}\p{N}/'’-]|$)"
    r"|\b\p{L}{3,} ([6-9][0-9]): proc"
)
_CENTURY = 50  # from which on a year of two digits is one of the last century

# What stands above papers of any kind, and alone names none.
_ABOVE_ANY = (
    "editorial editorials preface foreword introduction introductory guest editor editors note "
    "notes letter letters special issue section sections session sessions corrigendum corrigenda "
    "erratum errata correction corrections obituary book books review reviews reviewers reviewer "
    "news comment comments commentary discussion reply response abstract abstracts contents table "
    "index front back matter cover masthead acknowledgement acknowledgment acknowledgements "
    "acknowledgments announcement announcements calendar keynote address addresses panel tutorial "
    "tutorials invited talk talks workshop workshops report reports proceedings conference "
    "symposium message chair chairs chairman chairmen president welcome memoriam summary overview "
    "conclusion conclusions appendix untitled title column columns reminiscences remarks opening "
    "closing prologue epilogue afterword poster posters demo demos call papers paper annual "
    "meeting journal volume number part chapter vol no issues article articles research "
    "perspective perspectives viewpoint opinion interview miscellany highlights spotlight "
    "bibliography references supplementary material supplement information data retraction "
    "addendum program committee awards award board list authors author subject unknown none na "
    "test"
)
_GENERIC = frozenset(_ABOVE_ANY.split())
# What of two entries is compared.
_COMPARED = (
    "n_authors",
    "published_on",
    "year",
    "is_edition",
    "venue_kind",
    "is_generic",
    "is_repeated",
    "arxiv_id",
    "doi",
    "published_doi",
    "preprint_doi",
)
_COMPARED_TEXTS = (
    "title_words",
    "abstract_digest",
    "authors",
    "authors_line",
    "venue",
)


def with_keys(entries: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Entries with what is compared of them beside their texts.

    Args:
        entries: Normalized entries.
        limits: The thresholds of matching.

    Returns:
        The entries with ``title_fold``; ``authors_line``; ``year``, that of the day, else the one
        that is stated with the date, before the title or with the venue; ``is_edition``, whether
        it is a publication which only its year or its venue names, and no preprint;
        ``venue_kind``, a ``meeting`` or a ``journal``; ``is_generic``, whether its title names no
        paper; ``published_doi`` and ``preprint_doi``, the DOI by who gave it, the latter null where
        it has an arXiv identifier; ``is_repeated``, whether its dump lists the same title, authors
        and year several times; and ``abstract_digest`` null where the abstract is too short to say
        anything.
    """
    long = pl.col("abstract_length") >= limits.min_abstract_words
    venue = pl.col("venue")
    entries = entries.with_columns(venue=_venues(entries["journal_ref"]))
    year = pl.coalesce(
        pl.col("published_on").dt.year().cast(pl.Int32),
        pl.col("date_text").str.extract(_YEAR).cast(pl.Int32),
        pl.lit(signatures.cited_years(entries["clean_title"])).cast(pl.Int32),
        venue.str.extract(_YEAR).cast(pl.Int32),
        _whole_year(venue),
    )
    kind = (
        pl.when(venue.str.contains(_MEETING))
        .then(pl.lit("meeting"))
        .when(venue.str.contains(_JOURNAL))
        .then(pl.lit("journal"))
    )
    is_preprint = (
        pl.col("arxiv_id").is_not_null()
        | identifiers.is_preprint_doi(pl.col("doi")).fill_null(False)
        | venue.str.contains(_PREPRINT_VENUE).fill_null(False)
        | (venue.str.contains(_INSTITUTION) & kind.is_null()).fill_null(False)
    )
    stated = pl.col("year").is_not_null() & (pl.col("published_on").is_null() | venue.is_not_null())
    is_edition = stated | kind.is_not_null()
    preprint = identifiers.is_preprint_doi(pl.col("doi"))
    digest = pl.when(long).then("abstract_digest")
    keyed = entries.with_columns(
        title_fold=signatures.title_fold(pl.col("title_words")),
        authors_line=pl.col("authors").list.join("; "),
        year=year,
    )
    return keyed.with_columns(
        is_edition=is_edition & ~is_preprint,
        venue_kind=kind,
        is_generic=is_generic(pl.col("title_words")),
        published_doi=pl.when(~preprint).then("doi"),
        # of a preprint on arXiv, its identifier there decides
        preprint_doi=pl.when(preprint & pl.col("arxiv_id").is_null()).then("doi"),
        abstract_digest=digest,
        is_repeated=pl.len().over("dump_id", "title_fold", "authors_line", "year") > 1,
    )


def _whole_year(venue: pl.Expr) -> pl.Expr:
    """The year that the short name of a meeting ends in, with its century; else null."""
    short = pl.coalesce(venue.str.extract(_SHORT_YEAR, n) for n in (1, 2, 3)).cast(pl.Int32)
    return short + pl.when(short < _CENTURY).then(2000).otherwise(1900)


def _venues(written: pl.Series) -> pl.Series:
    """The venues, without what is no part of their names; null where nothing is left."""
    places = written.is_not_null().arg_true()  # few entries have one
    if not len(places):
        return written
    name = pl.lit(written.gather(places)).str.replace(_BESIDE_VENUE, "").str.strip_chars()
    return written.clone().scatter(places, pl.select(pl.when(name != "").then(name)).to_series())


def family_names(authors: pl.Expr) -> pl.Expr:
    """The family names of lists of authors: lower case, no accents, sorted, each once.

    *Doe, Jane*, *Jane Doe* and *J. Doe* all give *doe*. Null where no name is left.
    """
    name = pl.element().str.replace(r",.*$", "")
    plain = name.str.normalize("NFKD").str.replace_all(r"\p{M}+", "").str.to_lowercase()
    # an initial is no family name; a suffix is none either
    words_of = plain.str.replace_all(r"\b(?:jr|sr|ii|iii|et al|phd|md)\b\.?", " ")
    last = words_of.str.extract(r"([\p{L}'’-]{2,})[^\p{L}]*(?:\b\p{L}\b[^\p{L}]*)*$")
    names = authors.list.eval(last.str.replace_all(r"[^\p{L}]", "").drop_nulls().unique().sort())
    return pl.when(names.list.len() > 0).then(names)


def is_generic(title_words: pl.Expr) -> pl.Expr:
    """Whether a title is made of words that stand above papers of any kind: *Guest Editorial*."""
    little = "|".join(sorted(_GENERIC | signatures.FUNCTION_WORDS))
    return title_words.str.contains(rf"^(?:(?:{little}|\p{{N}}+)(?: |$))+$")


def with_recurring(compared: pl.DataFrame, keyed: pl.DataFrame) -> pl.DataFrame:
    """The compared pairs, those of titles that recur marked as generic too.

    A title under which one dump lists papers of different authors, several times, names a column or
    a kind of paper, like *Editorial*; only no list can know them all. Where one entry alone has
    other authors than all others, it may be that they are written in another way.
    """
    dump, title = keyed["dump_id"], keyed["title_fold"]
    titles_of_one = title.gather(compared["one"])
    one_dump = dump.gather(compared["one"]) == dump.gather(compared["other"])
    equal = pl.col("relation") == titles.EQUAL
    strangers = compared.select(
        "one",
        "other",
        title=titles_of_one,
        by_others=equal & (pl.col("author_score") == 0) & one_dump,
    ).filter("by_others")
    # of how many of its title's pairs the entry is that has the most
    ends = pl.concat(
        [strangers.select("title", row=pl.col(side).cast(pl.UInt32)) for side in ("one", "other")]
    )
    of_row = ends.group_by("title", "row").len().group_by("title").agg(pl.col("len").max())
    pairs = strangers.group_by("title").agg(pairs=pl.len()).join(of_row, on="title")
    known = pairs.filter(pl.col("pairs") > pl.col("len"))["title"]
    recurs = titles_of_one.is_in(known.implode())
    return compared.with_columns(is_generic=pl.col("is_generic") | (equal & recurs))


def compare(entries: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Compare entries pair by pair.

    Args:
        entries: Entries as ``with_keys`` gives them.
        pairs: ``one`` and ``other``, rows of entries.

    Returns:
        The pairs, in order, with what ``titles.compare`` finds, and:

        * ``abstract_score``: the share of the smaller abstract's three-word shingles that the other
          one has; null where one is missing or too short;
        * ``author_score``: the share of the shorter list's family names that the other one has;
          null where one has none;
        * ``venue_score``: how alike the words of the venues are; null where one has none;
        * ``days_apart`` of the stated days, ``years_apart`` of the stated years: 0 for days of a
          month or less on both sides of a year's end;
        * ``is_generic``: neither title names a paper;
        * ``is_repeated``: a dump lists one of them several times;
        * ``editions``: both are publications known by year or venue, none a preprint;
        * ``other_kind``: one is of a meeting, the other one of a journal;
        * ``same_n_authors``: both have as many authors;
        * for each kind of identifier whether both have one, and it is the same, or another.
    """
    return with_titles(entries, beside_titles(entries, pairs))


def with_titles(entries: pl.DataFrame, compared: pl.DataFrame) -> pl.DataFrame:
    """Pairs with what ``titles.compare`` finds.

    Args:
        entries: Entries as ``with_keys`` gives them.
        compared: Pairs as ``beside_titles`` gives them.
    """
    one, other = (
        entries.select(pl.col("clean_title", "title_words").gather(compared[side]))
        for side in ("one", "other")
    )
    found = titles.compare(
        one["clean_title"], other["clean_title"], (one["title_words"], other["title_words"])
    )
    return pl.concat([compared.drop("title_score"), found], how="horizontal")


def beside_titles(entries: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """What ``compare`` finds of pairs, of their titles only ``title_score``: it is found quickly.

    Args:
        entries: Entries as ``with_keys`` gives them.
        pairs: ``one`` and ``other``, rows of entries.
    """
    some = entries.select(*_COMPARED, *_COMPARED_TEXTS)
    one, other = (some[pairs[side]] for side in ("one", "other"))
    both = pl.concat(
        [
            _prefixed(one.select(_COMPARED), "a_"),
            _prefixed(other.select(_COMPARED), "b_"),
        ],
        how="horizontal",
    )

    def a(name: str) -> pl.Expr:
        return pl.col(f"a_{name}")

    def b(name: str) -> pl.Expr:
        return pl.col(f"b_{name}")

    days = (a("published_on") - b("published_on")).dt.total_days().abs()
    facts = both.select(
        days_apart=days.cast(pl.Int32),
        years_apart=pl.when(days <= _NEW_YEAR)
        .then(0)
        .otherwise((a("year") - b("year")).abs())
        .cast(pl.Int32),
        is_generic=a("is_generic") & b("is_generic"),
        is_repeated=a("is_repeated") | b("is_repeated"),
        editions=a("is_edition") & b("is_edition"),
        other_kind=a("venue_kind") != b("venue_kind"),
        same_n_authors=a("n_authors") == b("n_authors"),
        same_arxiv_id=a("arxiv_id") == b("arxiv_id"),
        other_arxiv_id=a("arxiv_id") != b("arxiv_id"),
        same_doi=a("doi") == b("doi"),
        other_doi=(a("published_doi") != b("published_doi"))
        | (a("preprint_doi") != b("preprint_doi")),
    )
    return pl.concat(
        [
            pairs,
            titles.scores(one["title_words"], other["title_words"]).to_frame(),
            _abstract_scores(entries["clean_abstract"], pairs, one, other).to_frame(),
            _author_scores(one, other).to_frame(),
            _venue_scores(one["venue"], other["venue"]).to_frame(),
            facts,
        ],
        how="horizontal",
    )


def _prefixed(frame: pl.DataFrame, prefix: str) -> pl.DataFrame:
    return frame.select(pl.all().name.prefix(prefix))


def _author_scores(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    """The share of the shorter list of names that is in the other one; null where one is missing.

    Where no family name is the same, but the lists written out are nearly so, or one is within the
    other, names were misspelled or cut in other ways.
    """
    listed = pl.DataFrame({"one": one["authors"], "other": other["authors"]})
    same = pl.lit((one["authors_line"] == other["authors_line"]).fill_null(False))
    families = listed.select(
        "other", one=pl.when(pl.all_horizontal(pl.all().is_not_null())).then("one")
    ).select(
        one=family_names(pl.col("one")),
        # of the same list the names are the same
        other=family_names(pl.when(~same).then("other")),
    )
    common = pl.col("one").list.set_intersection("other").list.len()
    smaller = pl.min_horizontal(pl.col("one").list.len(), pl.col("other").list.len())
    # null where either is
    share = pl.when(same & pl.col("one").is_not_null()).then(1.0).otherwise(common / smaller)
    scores = families.select(author_score=share)["author_score"]
    strangers = (scores == 0).arg_true()
    if not len(strangers):
        return scores
    joined = [
        families[side].gather(strangers).list.join(" ").to_list() for side in families.columns
    ]
    written = [side["authors"].gather(strangers).list.join(" ") for side in (one, other)]
    whole = [
        names.str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}]+", " ").to_list()
        for names in written
    ]
    likeness = [
        process.cpdist(*joined, scorer=fuzz.ratio, workers=1),
        process.cpdist(*whole, scorer=fuzz.token_set_ratio, workers=1),
    ]
    alike = pl.Series(np.maximum(*likeness)).cast(pl.Float64) / 100
    known = pl.select(pl.when(alike >= _MISSPELLED).then(alike).otherwise(0.0)).to_series()
    return scores.scatter(strangers, known)


def _venue_scores(one: pl.Series, other: pl.Series) -> pl.Series:
    """How alike the words of two venues are; null where one is missing."""
    places = (one.is_not_null() & other.is_not_null()).arg_true()
    scores = pl.Series("venue_score", [None], dtype=pl.Float64).new_from_index(0, len(one))
    if not len(places):
        return scores
    written = [
        side.gather(places)
        .str.to_lowercase()
        .str.replace_all(_VENUE_NOISE, " ")
        .str.replace_all("  +", " ")
        .str.strip_chars(" ")
        .to_list()
        for side in (one, other)
    ]
    found = process.cpdist(*written, scorer=fuzz.token_sort_ratio, workers=1)
    return scores.scatter(places, pl.Series(found).cast(pl.Float64) / 100)


def _abstract_scores(
    abstracts: pl.Series, pairs: pl.DataFrame, one: pl.DataFrame, other: pl.DataFrame
) -> pl.Series:
    """How much of the smaller of two abstracts is in the other, by all of their shingles.

    Args:
        abstracts: Those of all entries, of which few are read.
        pairs: The rows of entries.
        one: The entries of the one side, with ``abstract_digest``.
        other: Those of the other.
    """
    digest, digest_other = one["abstract_digest"], other["abstract_digest"]
    known = (digest.is_not_null() & digest_other.is_not_null()).to_numpy()
    same = (digest == digest_other).fill_null(False).to_numpy()
    scores = np.full(one.height, np.nan)
    scores[known & same] = 1.0
    places = np.flatnonzero(known & ~same)
    if len(places):
        # of one digest the words are the same, and so the shingles
        digests = pl.concat([digest.gather(places), digest_other.gather(places)])
        _, first, numbers = np.unique(digests.to_numpy(), return_index=True, return_inverse=True)
        rows = pl.concat([pairs[side].gather(places).cast(pl.UInt32) for side in ("one", "other")])
        sketches = signatures.every_shingle(abstracts.gather(rows.gather(first)))
        half = len(places)
        common, smaller = candidates.shared_part(sketches, numbers[:half], numbers[half:])
        scores[places] = common / np.maximum(smaller, 1)
    return pl.Series("abstract_score", scores).fill_nan(None)
