"""How two titles differ: in spelling, by a subtitle, in words, or in what sets papers apart.

What two titles have in common says little: *Part I* and *Part II* share all but a letter. So the
words that they do not share are looked at. Columns of pairs are compared whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from paperdump.normalize.signatures import FUNCTION_WORDS, title_fold, title_words, untagged

# Relations of titles, from the closest on.
EQUAL, RESPELLED, EXTENDED, REWORDED, UNLIKE = (
    "equal",
    "respelled",
    "extended",
    "reworded",
    "unlike",
)
_SHARED = 0.5  # of the content words of the longer title, below which titles are unlike
_MOST_LEFT = 8  # words of a side that are compared with those of the other
_FEW_LEFT = 2  # words of a side, at most, among which opposites are looked for
_SLIPS = 2  # letters in which long words may differ
_LONG, _LONGER = 5, 8  # letters of words that may differ in one letter, and in two
_ABBREVIATED = 3  # fewest letters of an abbreviation
# digits that scanners take for letters: *kagad0n*
_MISREAD = ({"0": "o", "1": "l", "5": "s"}, {"0": "o", "1": "i", "5": "s"})
# what scanners take for another, in one form
_CONFUSED = [
    ("rn", "m"), ("ii", "u"), ("cl", "d"), ("vv", "w"), ("li", "h"), ("0", "o"), ("1", "l"),
    ("5", "s"), ("i", "l"), ("c", "e"), ("b", "h"), ("g", "q"), ("t", "f"), ("a", "o"), ("e", "o"),
]  # fmt: skip

_CARDINALS = "one two three four five six seven eight nine ten"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_NUMBER_WORDS = {
    word: str(n) for names in (_CARDINALS, _ORDINALS) for n, word in enumerate(names.split(), 1)
}
_ROMAN = r"^(?:x{1,3}(?:ix|iv|v?i{0,3})|ix|iv|vi{0,3}|i{1,3})$"
_MARK = rf"^(?:[0-9]+|{_ROMAN[1:-1]})$"
_ROMANS = {
    "x" * tens + ones: str(10 * tens + n)
    for tens in range(4)
    for n, ones in enumerate(["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"])
    if tens or ones
}
# Words after which a number tells one part of a work from another.
_BEFORE_PART = "part parts volume volumes vol edition chapter paper version no number"
_PARTS = frozenset(_BEFORE_PART.split())
_COUNTED = ("part", "volume", "edition", "chapter", "version")
_NEGATIONS = frozenset({"not", "no", "non", "never", "without", "cannot"})
# Words that are telling although they are short.
_LITTLE = FUNCTION_WORDS - _NEGATIONS
# Words that make of one claim, or subject, another.
_OPPOSITES = (
    "with without|online offline|static dynamic|discrete continuous|local global|upper lower|"
    "single multiple|single multi|minimum maximum|min max|minimal maximal|minimizing maximizing|"
    "minimization maximization|forward backward|left right|positive negative|short long|low high|"
    "small large|weak strong|weakly strongly|centralized decentralized|centralized distributed|"
    "synchronous asynchronous|homogeneous heterogeneous|past future|before after|pre post|"
    "male female|men women|children adults|northern southern|eastern western|north south|east west|"
    "deterministic stochastic|deterministic probabilistic|classical quantum|exact approximate|"
    "open closed|sparse dense|hard soft|fast slow|early late|increase decrease|indoor outdoor|"
    "increasing decreasing|explicit implicit|inductive transductive|rich poor|old new|big small|"
    "internal external|inner outer|primal dual|necessary sufficient|public private|rural urban|"
    "theory practice|convex concave|odd even|in out|for against|pro contra|black white|micro macro|"
    "intra inter|hyper hypo|analog digital|serial parallel|sequential parallel|active passive|"
    "direct indirect|wet dry|hot cold|day night|summer winter|horizontal vertical|major minor|"
    "junior senior|simple complex|real virtual|real synthetic|human machine|text image|"
    "encoder decoder|encoding decoding|training inference|input output|row column"
)
# What turns a word into another, often its opposite.
_PREFIXES = (
    "un|non|in|im|ir|il|dis|anti|de|semi|quasi|pseudo|sub|super|hyper|hypo|inter|intra|over|under|"
    "pre|post|multi|bi|tri|uni|mono|micro|macro|self|cross|meta|a|re|co|auto"
)
_ABOUT_WORD = (
    r"comments?|commentary|notes?|remarks?|discussion|erratum|errata|corrigend(?:um|a)|corrections?|"
    r"addend(?:um|a)|retraction(?: note)?|retracted|withdrawn|withdrawal|(?:book )?review|"
    r"(?:editorial )?expression of concern|"
    r"supplement(?:ary material)?|appendix|postscript"
)
# A text about another begins, or ends, by saying so.
_ABOUT_FIRST = (
    r"^[^\p{L}]*(?:(?:an?|the|authors?['’]?s?|publishers?['’]?s?|further|some|brief|short|in|"
    r"editors?['’]?s?) )*"
    rf"(?:({_ABOUT_WORD}|re|reply|replies|response|rejoinder)(?:\s+article)?\s*(?:[:.\])—–]|-\s)"
    rf"|({_ABOUT_WORD})\s+(?:to|on|of|for|about|regarding|concerning|by)\b"
    r"|(reply|replies|response|rejoinder)\s+(?:to|on)\b)"
)
_ABOUT_DASH = (
    r"^\s*(erratum|errata|corrigendum|corrigenda|corrections?|addendum|retraction|retracted)\s*-"
)
_ABOUT_LAST = (
    r"(?:[:(\[—–]\s*|\s-\s*|[.?!]\s+)(?:(?:an?|the|authors?['’]?s?) )*"
    r"(reply|response|rejoinder|comment|erratum|corrigendum|correction|addendum|retraction)"
    r"(?:\s+(?:to|on|by)\b.*)?[^\p{L}\p{N}]*$"
)
# what is looked at of words left over on both sides
_COMPARED = (
    "word", "place", "length", "is_number", "is_name", "is_last", "read_o", "read_i", "scanned",
)  # fmt: skip
_NAME = r"^.+\p{Lu}|\p{Lu}.*\p{N}|\p{N}.*\p{Lu}"
_LEAD = r"^\s*([\p{L}\p{N}+#*-]+)\s*:"
_MAIN = r"^(.+?)(?::\s|\?\s|\s[-—–]+\s|—|\s\(|\.\s)"


def _opposites() -> pl.DataFrame:
    pairs = [pair.split() for pair in _OPPOSITES.split("|")]
    rows = [(one, other) for one, other in pairs] + [(other, one) for one, other in pairs]
    return pl.DataFrame(rows, schema=["word", "word_other"], orient="row")


def compare(
    one: pl.Series, other: pl.Series, words: tuple[pl.Series, pl.Series] | None = None
) -> pl.DataFrame:
    """Compare titles pair by pair.

    Args:
        one: Titles as people read them.
        other: As many others.
        words: The ``title_words`` of both, where they are known.

    Returns:
        A row per pair, in order; whatever the order of the two:

        * ``title_score``, 0 to 1: the likeness of the titles' words in their order (the
          normalized Indel similarity of RapidFuzz);
        * ``relation``: ``equal``, the words are the same; ``respelled``, they differ in spelling,
          order or function words; ``extended``, one goes on where the other ends, or the
          subtitles differ; ``reworded``, words were added, left out or changed; ``unlike``;
        * ``title_veto``: what sets their papers apart whatever else they share, else null:
          ``different_numbers`` (of parts, volumes, years, versions, models), ``one_about_other``
          (*Reply to*, *Erratum*, …), ``opposite_words``;
        * ``names_differ``: a name stands in one where the other has another word;
        * ``guessed``: whether a word counts as the other's only because a letter of it is another,
          which no scanner takes for it: a slip, or another word;
        * ``one_sided``: all content words of one have their like in the other;
        * ``is_cut``: the shorter one shows that it was cut: by dots at its end, within a word, or
          after a function word;
        * ``words_changed``: content words of the title that has more of them which have no like in
          the other; ``words_shared``: those that both have.
    """
    texts = [one.alias("text"), other.alias("text")]
    words_of = words if words is not None else tuple(title_words(text) for text in texts)
    sides = [
        pl.DataFrame({"text": text, "words": found})
        .with_row_index("pair")
        .with_columns(fold=title_fold(pl.col("words")))
        for text, found in zip(texts, words_of, strict=True)
    ]
    is_equal = sides[0]["fold"] == sides[1]["fold"]
    unequal = [side.filter(~is_equal) for side in sides]
    # titles by their number from here on: what is joined again and again are no texts
    titles = pl.concat(unequal).drop("pair").unique("text", keep="first", maintain_order=True)
    titles = titles.with_row_index("title")
    unequal = [
        side.select("pair", "text").join(
            titles.select("text", "title"), on="text", how="left", maintain_order="left"
        )
        for side in unequal
    ]
    facts = _facts(titles)
    a, b = (
        side.select("pair", "title").join(facts, on="title", how="left", maintain_order="left")
        for side in unequal
    )
    todo = a.select(
        "pair",
        scores(a["words"], b["words"]),
        about_differs=a["about"] != b["about"],
        main_equal=(a["main"] == b["main"])
        & ((a["main_words"] >= 2) | ((a["lead"] != "") & (b["lead"] != ""))),
        is_cut=_is_cut(a, b),
    )
    each = _words(facts)
    left, right = (_left_over(mine, theirs, each) for mine, theirs in ((a, b), (b, a)))
    counts = _counts(todo, a, b, each, left, right)
    base = sides[0].select("pair", is_equal=is_equal)
    for part in (todo, counts):
        base = base.join(part, on="pair", how="left", maintain_order="left")
    found = base.with_columns(
        pl.col("title_score").fill_null(1.0),
        pl.col("words_changed", "words_shared").fill_null(0),
        pl.col("about_differs", "is_cut", "main_equal").fill_null(False),
        pl.col("names_differ", "numbers_differ", "opposite", "goes_on", "guessed").fill_null(False),
        pl.col("one_sided").fill_null(True),
    )
    shared = pl.col("words_shared") / pl.col("words_longer")
    relation = (
        pl.when("is_equal")
        .then(pl.lit(EQUAL))
        .when(pl.col("words_changed") == 0)
        .then(pl.lit(RESPELLED))
        .when(pl.col("goes_on") | pl.col("main_equal"))
        .then(pl.lit(EXTENDED))
        .when(shared >= _SHARED)
        .then(pl.lit(REWORDED))
        .otherwise(pl.lit(UNLIKE))
    )
    veto = (
        pl.when("about_differs")
        .then(pl.lit("one_about_other"))
        .when("numbers_differ")
        .then(pl.lit("different_numbers"))
        .when("opposite")
        .then(pl.lit("opposite_words"))
    )
    return found.select(
        "title_score",
        relation=relation,
        title_veto=veto,
        names_differ="names_differ",
        guessed="guessed",
        one_sided="one_sided",
        is_cut="is_cut",
        words_changed=pl.col("words_changed").cast(pl.Int32),
        words_shared=pl.col("words_shared").cast(pl.Int32),
    )


def scores(one: pl.Series, other: pl.Series) -> pl.Series:
    """``title_score`` of pairs of ``title_words``: 1.0 where these are equal without spaces."""
    words = [one.to_list(), other.to_list()]
    score = pl.Series("title_score", process.cpdist(*words, scorer=fuzz.ratio, workers=1))
    both = pl.DataFrame({"one": one, "other": other}).select(title_fold(pl.all()))
    return (score.cast(pl.Float64) / 100).set(both["one"] == both["other"], 1.0)


def _is_cut(a: pl.DataFrame, b: pl.DataFrame) -> pl.Series:
    """Whether the shorter title shows that it was cut: by dots, in a word, after a little one."""
    names = ("text", "words", "fold")
    both = pl.concat(
        [side.select(pl.col(names).name.suffix(f"_{n}")) for n, side in enumerate((a, b))],
        how="horizontal",
    )
    length, length_other = pl.col("fold_0").str.len_chars(), pl.col("fold_1").str.len_chars()
    first_shorter = length < length_other
    short = pl.when(first_shorter).then("words_0").otherwise("words_1")
    long = pl.when(first_shorter).then("words_1").otherwise("words_0")
    written = pl.when(first_shorter).then("text_0").otherwise("text_1")
    ends_in_little = short.str.extract(r"(\S+)$").is_in(sorted(_LITTLE))
    ends_in_word = long.str.starts_with(short) & ~long.str.starts_with(short + " ")
    dots = written.str.contains(r"(?:\.\.|…)\s*$")
    is_cut = (length != length_other) & (dots | ends_in_little | ends_in_word)
    return both.select(is_cut=is_cut.fill_null(False)).to_series()


def _facts(titles: pl.DataFrame) -> pl.DataFrame:
    """What is looked at of each title, beside its words one by one."""
    title, lower = pl.col("text"), pl.col("lower")
    titles = titles.with_columns(lower=untagged(title).str.normalize("NFKC").str.to_lowercase())
    first = [lower.str.extract(_ABOUT_FIRST, group) for group in (1, 2, 3)]
    about = pl.coalesce(*first, lower.str.extract(_ABOUT_DASH), lower.str.extract(_ABOUT_LAST))
    kind = about.str.replace(r"ies$", "y").str.head(5)
    mains = titles.select("title", main=title.str.extract(_MAIN)).drop_nulls()
    mains = mains.with_columns(main=title_words(mains["main"]))
    titles = titles.join(mains, on="title", how="left", maintain_order="left")
    return (
        titles.with_columns(
            about=pl.coalesce(kind, pl.lit("")),
            main=pl.coalesce("main", "words"),
            names=_names(title),
            lead=lower.str.extract(_LEAD).fill_null(""),
        )
        .drop("lower")
        .with_columns(
            # *Part I* alone is no title that two papers share
            main_words=pl.col("main")
            .str.split(" ")
            .list.set_difference(sorted(_LITTLE | _PARTS))
            .list.eval(pl.element().filter(~pl.element().str.contains(_MARK)))
            .list.len(),
        )
    )


def _names(title: pl.Expr) -> pl.Expr:
    """The words of titles that look like names of models, methods, data; in lower case."""
    tokens = title.str.extract_all(r"[\p{L}\p{N}+#*]+")
    inner = tokens.list.eval(pl.element().filter(pl.element().str.contains(_NAME)))
    # where all is written in capitals, they say nothing
    inner = pl.when(title.str.contains(r"\p{Ll}")).then(inner).otherwise(inner.list.head(0))
    lead = title.str.extract(_LEAD).fill_null("").str.extract_all(r"[\p{L}\p{N}+#*]+")
    return pl.concat_list(inner, lead).list.eval(pl.element().str.to_lowercase()).list.unique()


def _words(facts: pl.DataFrame) -> pl.DataFrame:
    """The words of titles: ``title``, ``place``, ``word``, which of its like it is, its kind."""
    each = (
        facts.select("title", "names", word=pl.col("words").str.split(" "))
        .explode("word")
        .with_columns(is_name=pl.col("names").list.contains(pl.col("word")))
        .drop("names")
    )
    kinds = _kinds(each["word"].unique(maintain_order=True))
    each = each.join(kinds, on="word", how="left", maintain_order="left")
    # the rows of a title stand together
    title, row = pl.col("title"), pl.int_range(pl.len(), dtype=pl.UInt32)
    each = each.with_columns(
        is_first=(title != title.shift(1)).fill_null(True),
        is_last=(title != title.shift(-1)).fill_null(True),
    ).with_columns(place=row - pl.when("is_first").then(row).forward_fill())
    after_part = pl.col("is_part_word").shift(1, fill_value=False) & ~pl.col("is_first")
    # *second edition*, but not *second number theory*
    before_counted = pl.col("is_counted").shift(-1, fill_value=False) & ~pl.col("is_last")
    return each.with_columns(
        nth=_nth(each),
        # a letter alone may be a variable, or what a cut left
        is_surely_number=pl.col("is_number") & (~pl.col("is_letter") | after_part),
        is_part=after_part & pl.col("is_number")
        | pl.col("is_ordinal") & before_counted
        | pl.col("is_last") & pl.col("is_mark"),
    ).drop("is_letter", "is_mark", "is_ordinal", "is_counted", "is_first")


def _nth(each: pl.DataFrame) -> pl.Series:
    """Which of its like in its title each word is, from 0."""
    # few titles have a word twice
    key = each.select(pl.col("title").cast(pl.UInt64) * 2**32 + pl.col("number_of_word"))
    twice = key.with_row_index("row").filter(key.to_series().is_duplicated())
    nth = twice.select("row", nth=pl.int_range(pl.len(), dtype=pl.UInt32).over("title"))
    none = pl.zeros(each.height, dtype=pl.UInt32, eager=True)
    return none.scatter(nth["row"], nth["nth"])


def _kinds(words: pl.Series) -> pl.DataFrame:
    """What each of different words is, wherever it stands."""
    word = pl.col("word")
    little = word.is_in(sorted(_LITTLE))
    letter = word.str.contains(r"^\p{L}$") & ~little
    is_number = (word.str.contains(r"\p{N}") | word.str.contains(_ROMAN)) | letter
    return (
        words.alias("word")
        .to_frame()
        .with_row_index("number_of_word")
        .with_columns(
            is_letter=letter,
            is_number=is_number,
            is_mark=word.str.contains(_MARK),
            is_little=little & ~is_number,
            is_part_word=word.is_in(sorted(_PARTS)),
            is_ordinal=word.is_in(_ORDINALS.split()),
            is_counted=word.is_in(_COUNTED),
            is_number_word=word.is_in(sorted(_NUMBER_WORDS)),
            is_negation=word.is_in(sorted(_NEGATIONS)),
            length=word.str.len_chars(),
            read_o=word.str.replace_many(_MISREAD[0]),
            read_i=word.str.replace_many(_MISREAD[1]),
            scanned=_as_scanned(word),
            number=word.replace(_ROMANS)
            .replace(_NUMBER_WORDS)
            .str.replace(r"^([0-9]+)(?:st|nd|rd|th)$", "$1")
            .str.strip_chars_start("0"),
        )
    )


def _left_over(mine: pl.DataFrame, theirs: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """The words of the titles of one side that the titles of the other side lack."""
    here = mine.select("pair", "title").join(words, on="title", maintain_order="left_right")
    there = theirs.select("pair", "title").join(
        words.select("title", "number_of_word", "nth"), on="title"
    )
    key = ["pair", "number_of_word", "nth"]
    return here.join(there, on=key, how="anti", maintain_order="left").drop("title")


def _counts(
    todo: pl.DataFrame,
    a: pl.DataFrame,
    b: pl.DataFrame,
    words: pl.DataFrame,
    left: pl.DataFrame,
    right: pl.DataFrame,
) -> pl.DataFrame:
    """What the words say that only one title of a pair has."""
    opposite = _opposite(left, right)
    alike = _alike(left, right)
    theirs = alike.select("pair", place="place_other")
    rest_a = left.join(alike, on=["pair", "place"], how="anti")
    rest_b = right.join(theirs, on=["pair", "place"], how="anti")
    both = (
        todo.join(_left_of_side(todo, a, words, rest_a, "a"), on="pair")
        .join(_left_of_side(todo, b, words, rest_b, "b"), on="pair")
        .join(opposite, on="pair", how="left")
    )
    # one goes on where the other ends: all that is left over stands behind as many words
    a_goes_on = pl.col("first_b").is_null() & (pl.col("first_a") >= pl.col("n_words_b"))
    b_goes_on = pl.col("first_a").is_null() & (pl.col("first_b") >= pl.col("n_words_a"))
    goes_on = (a_goes_on | b_goes_on).fill_null(False)
    tail_is_number = (
        pl.when(a_goes_on.fill_null(False)).then("first_is_number_a").otherwise("first_is_number_b")
    )
    numbers_in_both = (pl.col("numbers_a").list.len() > 0) & (pl.col("numbers_b").list.len() > 0)
    numbers_differ = (
        pl.when(numbers_in_both.fill_null(False))
        .then(pl.col("numbers_a") != pl.col("numbers_b"))
        .when(pl.col("has_part_a") | pl.col("has_part_b"))
        .then(True)
        .when(goes_on)
        .then(tail_is_number)
        .otherwise((pl.col("has_number_a") | pl.col("has_number_b")) & ~pl.col("main_equal"))
    )
    few = (pl.col("n_left_a") <= _FEW_LEFT) & (pl.col("n_left_b") <= _FEW_LEFT)
    one_negates = (pl.col("negates_a") != pl.col("negates_b")) & ~goes_on & few
    shared = [pl.col(f"size_{n}").cast(pl.Int64) - pl.col(f"content_{n}") for n in ("a", "b")]
    return both.select(
        "pair",
        words_changed=pl.max_horizontal("content_a", "content_b"),
        words_longer=pl.max_horizontal("size_a", "size_b"),
        words_shared=pl.min_horizontal(shared),
        names_differ=(pl.col("content_a") > 0)
        & (pl.col("content_b") > 0)
        & (pl.col("has_name_a") | pl.col("has_name_b")),
        numbers_differ=numbers_differ,
        guessed=pl.col("pair").is_in(alike.filter("guessed")["pair"].unique().implode()),
        one_sided=(pl.col("content_a") == 0) | (pl.col("content_b") == 0),
        opposite=pl.col("opposite").fill_null(False) | one_negates,
        goes_on=goes_on,
    )


def _left_of_side(
    todo: pl.DataFrame, titles: pl.DataFrame, words: pl.DataFrame, rest: pl.DataFrame, name: str
) -> pl.DataFrame:
    """The sizes of one side's titles, and what of them is left over, pair by pair.

    Args:
        todo: The pairs.
        titles: The title of each pair on this side.
        words: The words of titles.
        rest: The words of this side that have no like on the other one.
        name: What the columns end in.
    """
    content = ~pl.col("is_little") & ~pl.col("is_number")
    sizes = words.group_by("title").agg(n_words=pl.len(), size=content.sum())
    first_word = (pl.col("is_surely_number") | pl.col("is_part_word")).sort_by("place")
    counts = ("content", "n_left")
    flags = ("has_number", "has_part", "has_name", "negates", "first_is_number")
    summary = rest.group_by("pair").agg(
        content=content.sum(),
        n_left=pl.len(),
        has_number=pl.col("is_surely_number").any(),
        has_part=pl.col("is_part").any(),
        has_name=(content & pl.col("is_name")).any(),
        negates=pl.col("is_negation").any(),
        first_is_number=first_word.first(),
        first=pl.col("place").min(),
        numbers=pl.col("number").filter(pl.col("is_number") | pl.col("is_number_word")).sort(),
    )
    return (
        todo.select("pair")
        .join(titles.select("pair", "title"), on="pair")
        .join(sizes, on="title")
        .join(summary, on="pair", how="left")
        .select(
            "pair",
            pl.col("size", "n_words", "first", "numbers").name.suffix(f"_{name}"),
            pl.col(counts).fill_null(0).name.suffix(f"_{name}"),
            pl.col(flags).fill_null(False).name.suffix(f"_{name}"),
        )
    )


def _crossed(left: pl.DataFrame, right: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Each word left over on one side with each on the other, of the first few.

    The words of a pair stand in the order of its title.
    """
    few = [
        side.filter(pl.int_range(pl.len()).over("pair") < _MOST_LEFT).select("pair", *columns)
        for side in (left, right)
    ]
    return few[0].join(few[1], on="pair", suffix="_other")


def _opposite(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Pairs whose words left over are opposites, or one is the other with a prefix."""
    is_few = (pl.len().over("pair") <= _FEW_LEFT).alias("few")
    mine, theirs = left.with_columns(is_few), right.with_columns(is_few)
    crossed = _crossed(mine, theirs, ("word", "place", "few")).filter(
        (pl.col("few") & pl.col("few_other")) | (pl.col("place") == pl.col("place_other"))
    )
    known = crossed.join(_opposites(), on=["word", "word_other"], how="semi").select("pair")
    one, other = pl.col("word"), pl.col("word_other")
    prefixed = crossed.filter(
        (one.str.ends_with(other) & one.str.strip_suffix(other).is_in(_PREFIXES.split("|")))
        | (other.str.ends_with(one) & other.str.strip_suffix(one).is_in(_PREFIXES.split("|")))
    ).select("pair")
    return pl.concat([known, prefixed]).unique().with_columns(opposite=pl.lit(True))


def _alike(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Words left over that are the same word in other letters: ``pair`` and the two places.

    A place is null where words count as alike without one that stands for them.
    """
    whole = _same_in_other_words(left, right)
    one, other = pl.col("word"), pl.col("word_other")
    begins = one.str.starts_with(other) | other.str.starts_with(one)
    length, length_other = pl.col("length").cast(pl.Int32), pl.col("length_other").cast(pl.Int32)
    # what differs more in length is not the same word, unless one is cut or shortened
    crossed = _crossed(left, right, _COMPARED).with_columns(begins=begins)
    crossed = crossed.filter(pl.col("begins") | ((length - length_other).abs() <= _SLIPS))
    # the last word of a title that was cut within it
    is_cut = (pl.col("place") == pl.col("place_other")) & (
        (pl.col("is_last") & ~pl.col("is_number_other") & other.str.starts_with(one))
        | (pl.col("is_last_other") & ~pl.col("is_number") & one.str.starts_with(other))
    )
    misread = pl.any_horizontal(
        pl.col("read_o") == other,
        pl.col("read_i") == other,
        pl.col("read_o_other") == one,
        pl.col("read_i_other") == one,
    )
    is_word = ~pl.any_horizontal("is_number", "is_number_other", "is_name", "is_name_other")
    crossed = crossed.with_columns(is_cut=is_cut | misread).filter(pl.col("is_cut") | is_word)
    if crossed.is_empty():
        return whole
    distance = process.cpdist(
        crossed["word"].to_list(), crossed["word_other"].to_list(), scorer=OSA.distance, workers=1
    )
    spelled = (
        crossed.with_columns(
            distance=pl.Series(distance), shorter=pl.min_horizontal(length, length_other)
        )
        .filter(
            ((pl.col("distance") <= 1) & (pl.col("shorter") >= _LONG))
            | ((pl.col("distance") <= _SLIPS) & (pl.col("shorter") >= _LONGER))
            | pl.col("is_cut")
            | ((pl.col("shorter") >= _ABBREVIATED) & pl.col("begins"))
        )
        .sort("pair", "distance", "place", "place_other")
        .unique(["pair", "place"], keep="first", maintain_order=True)
        .unique(["pair", "place_other"], keep="first", maintain_order=True)
    )
    anagram = one.str.split("").list.sort() == other.str.split("").list.sort()
    other_letter = pl.col("scanned") != pl.col("scanned_other")
    guessed = (length == length_other) & ~anagram & other_letter
    return pl.concat([whole, spelled.select("pair", "place", "place_other", guessed=guessed)])


def _same_in_other_words(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """The words left over of pairs where they are the same, joined, or the other's initials."""
    joined = [
        side.sort("pair", "place")
        .group_by("pair", maintain_order=True)
        .agg(
            run=pl.col("word").str.join(""),
            initials=pl.col("word").filter(~pl.col("is_little")).str.head(1).str.join(""),
        )
        for side in (left, right)
    ]
    run, run_other = pl.col("run"), pl.col("run_other")
    short, short_other = pl.col("initials"), pl.col("initials_other")
    same = (
        joined[0]
        .join(joined[1], on="pair", suffix="_other")
        .filter(
            (run == run_other)
            | ((short.str.len_chars() >= 2) & (run_other.str.strip_suffix("s") == short))
            | ((short_other.str.len_chars() >= 2) & (run.str.strip_suffix("s") == short_other))
        )
        .select("pair")
    )
    none = pl.lit(None, pl.UInt32)
    mine, theirs = (side.join(same, on="pair", how="semi") for side in (left, right))
    return pl.concat(
        [
            mine.select("pair", "place", place_other=none, guessed=pl.lit(False)),
            theirs.select("pair", place=none, place_other="place", guessed=pl.lit(False)),
        ]
    )


def _as_scanned(word: pl.Expr) -> pl.Expr:
    """A word in which what scanners confuse is the same."""
    for seen, meant in _CONFUSED:
        word = word.str.replace_all(seen, meant, literal=True)
    return word
