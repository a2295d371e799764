"""An invented corpus of papers with known truth, for the benchmarks of deduplication.

    python tests/benchmarks/corpus.py --records 100000 --output FILE [--seed 0]
    python tests/benchmarks/corpus.py --show 3    # examples of every kind, to be read

Of the records 20 % repeat another one exactly, 5 % are near-duplicates (a kind per edit, see
``corpus_edits``), 3 % are lookalikes: other papers that resemble one, as part two does part one.
The rest are originals. Repeats and near-duplicates are made from any record, some papers from one
again and again; a near-duplicate may be one of a near-duplicate.

A paper has a topic, and shares words, collocations and stock phrases with others of it; its title
is of one of several shapes, of 3 to 16 words; its abstract has 1,300 characters on average, from
500 to 2,400 (lognormal); 2 % have none. Half of the papers name no authors, a third no date. No
two originals have the same words in their titles, whatever their order, endings and case: truth
is truth.

The rows are the columns ``record`` (0 to n - 1, shuffled), ``title``, ``abstract``, ``authors``,
``published_on``, ``paper`` (the truth: records of the same paper share it), ``kind`` (``original``,
``repeat``, ``near: …`` or ``lookalike: …``), ``of`` (the record that it was made from; of a
lookalike the record of another paper that it resembles).

The same seed gives the same rows on every machine (seen with Python 3.11 to 3.13, NumPy 2.4 and
2.5); a test holds the digest of some.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.corpus_edits import (
    ABSTRACT_EDITS,
    LOSING,
    TITLE_EDITS,
    Dice,
    Editor,
    Text,
    edited,
    sentences,
)
from tests.benchmarks.corpus_words import (
    INTRODUCING,
    Ints,
    Topics,
    Type,
    Vocabulary,
    normal_table,
    topics,
    vocabulary,
    with_articles,
    zipf_table,
)

REPEATS, NEARS, LOOKALIKES = 0.20, 0.05, 0.03
NEAR_KINDS = (*TITLE_EDITS, *ABSTRACT_EDITS)
LOOKALIKE_KINDS = (
    "part",
    "volume",
    "year",
    "version",
    "reply",
    "antonym",
    "name",
    "letter",
    "generic",
    "half abstract",
)

# Shapes of titles: A adjective, N noun, P plural, V gerund, C collocation, X the model's name;
# what ends in ? is left out half of the time. With them, how many of a hundred titles have them.
_PLAIN = {
    "{V} {A?}{P} for {C}": 4,
    "{V} {C} with {A?}{P}": 5,
    "{A} {N} for {A?}{P}": 4,
    "{A?}{C} via {A} {N}": 5,
    "{A?}{N}-Based {V} of {C}": 3,
    "{A} {A?}{P} in {C}": 3,
    "the {N} of {A} {P}": 2,
    "{C} revisited": 1,
    "{A} {N} {P}": 1,
    "{V} {A} {P} from {C} with {P} and {N} {P} for {A} {P}": 3,
    "towards {A} {V} of {C} in {A?}{P}": 3,
    "{V} and {V} {A?}{P} using {C}": 3,
    "{A?}{P} and the {N} of {C} under {A} {P}": 3,
    "a {A} approach to {C} without {P}": 2,
    "{C} and {A} {P}": 3,
}
_NAMED = {
    "{X}: a {A?}{N} for {C}": 8,
    "{X}: {V} {A?}{P} with {C}": 8,
    "{X}: towards {A} {P}": 3,
    "{X}: {A} {C} via {V} {P}": 5,
    "{X}: a {A} {A?}{N} for {V} {A?}{P} in {C}": 5,
    "{X}: an open {N} of {P} for {C}": 2,
    "{V} {C} with {X}": 2,
}
_SUBTITLED = {
    "{C} for {P}: a survey": 2,
    "{V} {P} in {C}: {A} {P} and {C}": 3,
    "{A?}{C}: a {A?}study of {P}": 2,
    "the {N} of {P}: {V} {A?}{C}": 2,
    "{C} meets {N}: {A} {P} for {A} {P}": 2,
}
_ASKING = {
    "can {A} {P} improve {C}?": 1,
    "is {C} all you need for {P}?": 1,
    "what do {A} {P} know about {C}?": 1,
    "how {A} are {A?}{P} for {C}?": 1,
    "do {P} need {C}? {V} {A} {P}": 1,
}
_ON = {
    "on the {N} of {A?}{P}": 2,
    "on {V} {C}": 1,
    "on the {A} {N} of {C} for {P}": 2,
    "a note on {A} {P}": 1,
}
_SHAPES = {**_PLAIN, **_NAMED, **_SUBTITLED, **_ASKING, **_ON}

_GENERIC = (
    "Editorial|Preface|Foreword|Introduction|Guest Editorial|Editor's Note|In This Issue|Index"
    "|Introduction to the Special Issue|Letter from the Editors|Book Review|Table of Contents"
    "|Message from the Program Chairs|Welcome|Acknowledgements to Reviewers|Announcements"
    "|Conference Report|Workshop Summary|Panel Discussion|Keynote|Invited Talk|News and Notes"
    "|Letter to the Editor|Research Highlights|Author Index|Call for Papers|Tutorial|Abstracts"
    "|Front Matter|Obituary"
).split("|")

_DAY_0 = (dt.date(2008, 1, 1) - dt.date(1970, 1, 1)).days
_DAY_N = (dt.date(2026, 6, 1) - dt.date(1970, 1, 1)).days
_CHUNK = 1 << 13  # papers written at once: their tokens stay in the cache
_SLOT = 16.8  # characters of a function word, a word and what is behind it, on average


@dataclass
class Papers:
    """What papers are, before records show them; a place in each array per paper.

    Attributes:
        topic: What they are about.
        name: Of a model; the title may not show it.
        title: Titles.
        british: Whether they are in British spelling.
        other_name: Of lookalikes, the name that the title shows where it is not their own.
    """

    topic: Ints
    name: pl.Series
    title: list[str]
    british: Ints
    other_name: dict[int, str] = field(default_factory=dict)

    def shown_name(self, paper: int) -> str:
        """The name that edits of the title must leave alone."""
        return self.other_name.get(paper) or str(self.name[paper])


def model_names(chance: np.random.Generator, n: int) -> pl.Series:
    """Names of models: KaroNet, KRAVOL, Karo-LM, TAVI-2, Bel3D, Karovel."""
    syllables = [a + b for a in "b d f g h k l m n p r s t v z".split() for b in "aeiou"]
    syllables += [s + c for s in syllables for c in "lnrx"]
    endings = "Net|Former|GAN|LM|Bench|Flow|Diff|BERT|GPT|Zero|Agent|Eval|Mamba|Seg|RL|Search"
    digits = "-2|3D|-3|2|-1.5|-X2|360|-4"
    camel = [s.capitalize() for s in syllables]
    parts = ["", *syllables, *camel, *map(str.upper, syllables)]
    first = len(parts)
    parts += [*endings.split("|"), *("-" + end for end in endings.split("|")), *digits.split("|")]
    n_syllables, n_endings, n_digits = len(syllables), 16, 8
    type_ = Type.of(parts, len(parts))
    style = chance.integers(100, size=n)
    draws = chance.integers(n_syllables, size=(n, 3))
    end = chance.integers(n_endings, size=n)
    lower, capital, upper = (draws + 1 + k * n_syllables for k in range(3))
    tokens = np.zeros((n, 4), dtype=np.int64)
    tokens[:, 0], tokens[:, 1] = capital[:, 0], lower[:, 1]
    camels, caps = style < 35, (style >= 35) & (style < 60)
    hyphens, numbers = (style >= 60) & (style < 75), (style >= 75) & (style < 88)
    tokens[camels, 3] = first + end[camels]
    tokens[caps, :3] = upper[caps]
    tokens[caps & (end < 10), 2] = 0
    tokens[hyphens, 3] = first + n_endings + end[hyphens]
    tokens[numbers, :2] = np.where(
        (end[numbers] < 8)[:, None], upper[numbers, :2], tokens[numbers, :2]
    )
    tokens[numbers, 3] = first + 2 * n_endings + end[numbers] % n_digits
    plain = style >= 88
    tokens[plain, 2] = lower[plain, 2]
    # a third syllable for every second of the others
    longer = (camels | hyphens) & (draws[:, 2] % 2 == 0)
    tokens[longer, 2] = lower[longer, 2]
    return type_.spell(tokens.ravel(), np.full(n, 4))


@dataclass(frozen=True)
class _Shape:
    """A title's shape, ready to be set: a literal token or a class, per place."""

    slots: tuple[str | int, ...]
    optional: tuple[bool, ...]


def _shapes(words: Vocabulary) -> list[_Shape]:
    made = []
    for shape in _SHAPES:
        slots: list[str | int] = []
        optional = []
        for part in re.findall(r"\{\w\??\}|[^{]+", shape):
            if part[0] == "{":
                slots.append(part[1])
                optional.append(part[2] == "?")
                if part[2] == "?":
                    slots.append(words.lexicon.add(" "))
                    optional.append(True)
            else:
                slots.append(words.lexicon.add(part))
                optional.append(False)
        made.append(_Shape(tuple(slots), tuple(optional)))
    return made


@dataclass(frozen=True)
class Press:
    """All that text is made with."""

    words: Vocabulary
    topics: Topics
    shapes: list[_Shape]
    type: Type

    @staticmethod
    def of(chance: np.random.Generator, records: int) -> Press:
        words = vocabulary(chance)
        about = topics(chance, words, min(1000, max(40, records // 300)))
        shapes = _shapes(words)
        return Press(words, about, shapes, words.lexicon.type())


def titles(
    chance: np.random.Generator,
    press: Press,
    topic: Ints,
    name: pl.Series,
    british: Ints,
    named: Ints,
) -> pl.Series:
    """Titles; those of ``named`` papers show the name."""
    n = len(topic)
    weights = np.array(list(_SHAPES.values()))
    of_shape = np.repeat(np.arange(len(weights)), weights)
    of_named = np.repeat(
        np.arange(len(weights)), np.array([w * (s in _NAMED) for s, w in _SHAPES.items()])
    )
    shape = np.where(
        named,
        of_named[chance.integers(len(of_named), size=n)],
        of_shape[chance.integers(len(of_shape), size=n)],
    )
    capitals = chance.integers(100, size=n) < 70
    form = press.type.size * (2 * capitals + british)
    with_names, first_name = press.type.with_words(name)
    words, about = press.words, press.topics
    classes = {
        "A": (about.adjectives, words.adjectives),
        "N": (about.nouns, words.nouns),
        "P": (about.plurals, words.plurals),
        "V": (about.verbs, words.verbs),
        "C": (about.collocations, words.collocations),
    }
    tables = {
        slot: zipf_table(len(all_), 1 << 14, behind=10) for slot, (_, all_) in classes.items()
    }
    widest = max(len(s.slots) for s in press.shapes)
    tokens = np.zeros((n, widest), dtype=np.int64)
    for number, made in enumerate(press.shapes):
        rows = np.flatnonzero(shape == number)
        left_out = chance.integers(2, size=(len(rows), 8)) == 0
        option = -1
        for place, (slot, optional) in enumerate(zip(made.slots, made.optional, strict=True)):
            if slot == "X":
                tokens[rows, place] = first_name + rows
                continue
            if isinstance(slot, str):
                ours, all_ = classes[slot]
                own = ours[topic[rows], chance.integers(ours.shape[1], size=len(rows))]
                some = all_[tables[slot][chance.integers(1 << 14, size=len(rows))]]
                drawn = np.where(chance.integers(100, size=len(rows)) < 78, own, some)
                option += optional
            else:
                drawn = np.full(len(rows), slot)
            if optional:
                drawn[left_out[:, option]] = 0
            tokens[rows, place] = drawn + form[rows]
    text = pl.concat(
        [
            with_names.spell(tokens[k : k + _CHUNK].ravel(), np.full(min(_CHUNK, n - k), widest))
            for k in range(0, n, _CHUNK)
        ]
    )
    text = text.str.replace_all(r"\b([aA]) ([aeiouAEIOU])", "${1}n $2")
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)


# What tells words from each other but not titles: marks, small words, endings.
_ENDING = r"(?:ies|es|s|ing|e|y)\b"
_LITTLE = r"\b(?:a|an|the|of|for|in|on|and|with|by|to|from|via|using|towards|under)\b"


def title_keys(title: pl.Series) -> pl.Series:
    """The words of titles whatever their order, case, endings, spelling."""
    return (
        title.str.to_lowercase()
        .str.replace_all("isation", "ization", literal=True)
        .str.replace_all("ise", "ize", literal=True)
        .str.replace_all("our", "or", literal=True)
        .str.replace_all("ll", "l", literal=True)
        .str.replace_all("re ", "er ", literal=True)
        .str.replace_all("ogue", "og", literal=True)
        .str.replace_all("-", "", literal=True)
        .str.replace_all(_LITTLE, " ")
        .str.replace_all(_ENDING, "")
        .str.extract_all(r"[\pL\pN]+")
        .list.sort()
        .list.join(" ")
    )


def folded(title: str) -> str:
    """Its letters and digits only, in lower case."""
    return "".join(c for c in unicodedata.normalize("NFKC", title).lower() if c.isalnum())


def abstracts(
    chance: np.random.Generator, press: Press, topic: Ints, name: pl.Series, british: Ints
) -> pl.Series:
    """Abstracts in sentences, which speak of their topic and name their model."""
    lengths = np.clip(np.array(normal_table(1 << 10, 0.42)) * 1200, 570, 2150)
    slots_of = (lengths / _SLOT).astype(np.int64)
    made = []
    for k in range(0, len(topic), _CHUNK):
        part = slice(k, k + _CHUNK)
        made.append(_abstracts(chance, press, topic[part], name[part], british[part], slots_of))
    return pl.concat(made)


def _abstracts(
    chance: np.random.Generator,
    press: Press,
    topic: Ints,
    name: pl.Series,
    british: Ints,
    slots_of: Ints,
) -> pl.Series:
    words, about, lexicon = press.words, press.topics, press.words.lexicon
    n = len(topic)
    slots = slots_of[chance.integers(len(slots_of), size=n)]
    first = np.cumsum(slots) - slots
    total = int(slots.sum())
    row = np.repeat(np.arange(n), slots)

    # where sentences end: after 5 to 11 slots, and with the text
    most = int(slots.max()) // 5 + 2
    ends = np.cumsum(chance.integers(5, 12, size=(n, most)), axis=1)
    within = ends < slots[:, None] - 3
    ending = np.zeros(total, dtype=bool)
    ending[(first[:, None] + ends - 1)[within]] = True
    last = first + slots - 1
    ending[last] = True
    starting = np.empty(total, dtype=bool)
    starting[0] = True
    starting[1:] = ending[:-1]

    tokens = np.empty((total, 3), dtype=np.int64)
    tokens[:, 0] = words.function[chance.integers(len(words.function), size=total, dtype=np.uint16)]
    starts = np.flatnonzero(starting)
    rank = zipf_table(len(words.starters), 1 << 8, behind=15)
    tokens[starts, 0] = words.starters[rank[chance.integers(1 << 8, size=len(starts))]]
    own = about.running[
        topic[row], chance.integers(about.running.shape[1], size=total, dtype=np.uint16)
    ]
    any_ = words.running[chance.integers(len(words.running), size=total, dtype=np.uint32)]
    tokens[:, 1] = np.where(chance.integers(256, size=total, dtype=np.uint8) < 110, own, any_)
    comma = chance.integers(256, size=total, dtype=np.uint8) < 14
    tokens[:, 2] = np.where(comma, lexicon.add(", "), lexicon.add(" "))
    tokens[ending, 2] = lexicon.add(". ")
    tokens[last, 2] = lexicon.add(".")
    tokens += (press.type.size * british)[row][:, None]

    # the name of the model in the second sentence, or in a later one, or in both, or in none
    with_names, first_name = press.type.with_words(name)
    sentence = np.cumsum(starting) - 1  # over all texts
    nth = sentence - sentence[first][row]
    how = chance.integers(8, size=n)[row]
    named = np.flatnonzero(starting & (((nth == 1) & (how < 5)) | ((nth == 5) & (how >= 3))))
    named = named[how[named] < 7]
    tokens[named, 1] = first_name + row[named]
    introducing = np.array([lexicon.add(start) for start in INTRODUCING])
    tokens[named, 0] = introducing[chance.integers(len(introducing), size=len(named))]
    return with_names.spell(tokens.ravel(), slots * 3)


# ---------------------------------------------------------------------------------------------
# Lookalikes


_ANTONYMS = (
    ("Supervised", "Unsupervised"),
    ("2D", "3D"),
    ("Online", "Offline"),
    ("Static", "Dynamic"),
    ("Linear", "Nonlinear"),
    ("Continuous", "Discrete"),
    ("Convex", "Non-Convex"),
    ("Centralized", "Decentralized"),
    ("Homogeneous", "Heterogeneous"),
    ("Parametric", "Nonparametric"),
    ("Strongly", "Weakly"),
    ("Symmetric", "Asymmetric"),
    ("Short-Term", "Long-Term"),
    ("Single-Agent", "Multi-Agent"),
)
_ROMAN = ("I", "II", "III", "IV", "V")
_ORDINAL = ("First", "Second", "Third", "Fourth", "Fifth")
_PARTS = (
    ("{t}, Part {n}", _ROMAN),
    ("{t} (Part {n})", "12345"),
    ("{t} – Part {n}", _ROMAN),
    ("{t}: Part {n}", ("One", "Two", "Three", "Four", "Five")),
    ("{t} {n}", _ROMAN),
    ("{t}. Part {n}", "12345"),
    ("Part {n}: {t}", _ROMAN),
)
_VOLUMES = (
    ("{t}, Vol. {n}", "12345"),
    ("{t}, Volume {n}", _ROMAN),
    ("{t} (Vol. {n})", "12345"),
    ("{t}, {n} Edition", _ORDINAL),
    ("{t} ({n} ed.)", ("1st", "2nd", "3rd", "4th", "5th")),
    ("{t}. Book {n}", ("One", "Two", "Three", "Four", "Five")),
)
_YEARS = (
    "{t}: The {n} Challenge",
    "Findings of the {n} Shared Task on {t}",
    "{t}: A {n} Report",
    "{t} {n}",
    "{t} ({n})",
    "Overview of the {n} Track on {t}",
    "Proceedings of the {n} Workshop on {t}",
)
_VERSIONS = (
    ("-7B", "-13B", "-70B"),
    ("", " 2", " 3"),
    ("v1", "v2", "v3"),
    ("-1", "-1.5", "-2"),
    (" 1.0", " 2.0", " 3.0"),
    ("", "-2", "-3"),
    ("-0.5B", "-1.5B", "-3B"),
    ("", "-v2", "-v3"),
    ("", " II", " III"),
)
_REPLIES = (
    "Reply to: {t}",
    'Comment on "{t}"',
    "Comment on: {t}",
    "Erratum: {t}",
    "Erratum to “{t}”",
    "Correction to: {t}",
    "Corrigendum to “{t}”",
    "A Response to {t}",
    "Response to “{t}”",
    "Reply to “{t}”",
    "Rejoinder: {t}",
    "Discussion of “{t}”",
    "Retraction: {t}",
)
_FAMILIES = frozenset({"part", "volume", "year", "version"})


def _title_pair(
    dice: Dice, kind: str, title: str, name: str, own_name: str, own_title: str, year: int
) -> list[str]:
    """A title for the original and those of up to three papers that look like it."""
    main = title.rstrip("?")
    if kind == "part":
        shape, numbers = dice.pick(_PARTS)
        shown = [shape.format(t=main, n=number) for number in numbers[:4]]
        # a sequel shows at times only in its own title
        return [title, *shown[1:]] if dice.random() < 0.15 else shown
    if kind == "volume":
        shape, numbers = dice.pick(_VOLUMES)
        return [shape.format(t=main, n=number) for number in numbers[:4]]
    if kind == "year":
        short = main.split(": ")[0]
        short = short if len(short.split()) > 2 else main
        shape = dice.pick(_YEARS)
        return [shape.format(t=short, n=year - k) for k in range(4)]
    if kind == "version":
        marks = dice.pick(_VERSIONS)
        return [title.replace(name, name + mark, 1) for mark in marks]
    if kind == "reply":
        return [title, dice.pick(_REPLIES).format(t=main)]
    if kind == "antonym":
        one, other = dice.pick(_ANTONYMS) if dice.random() < 0.75 else ("with", "without")
        if title.endswith("?"):
            one, other = "with", "without"
        if one == "with":
            noun = own_title.rsplit(" ", maxsplit=1)[-1].strip("?.:").title()
            shown = [f"{main} {word} {noun}" for word in (one, other)]
        else:
            before, colon, rest = main.rpartition(": ")
            head = re.match(r"(?:An? |The |On (?:the )?|Towards )?", rest, re.IGNORECASE)
            at = head.end() if head else 0
            # as the title is: capitals throughout, or only where it begins
            running = rest[at:].split(" ")[-1].islower() and bool(before + rest[:at])
            pair = (one.lower(), other.lower()) if running else (one, other)
            shown = [
                with_articles(f"{before}{colon}{rest[:at]}{word} {rest[at:]}") for word in pair
            ]
        return shown if dice.random() < 0.5 else shown[::-1]
    if kind == "name":
        return [title, title.replace(name, own_name, 1)]
    if kind == "letter":
        return [title, title.replace(name, _one_letter_off(dice, name), 1)]
    return [title, own_title]


def _one_letter_off(dice: Dice, name: str) -> str:
    letters = [k for k, c in enumerate(name[:5]) if c.isalpha() and k]
    at = dice.pick(letters)
    others = "AEIOU" if name[at].upper() in "AEIOU" else "BDFGKLMNPRSTVZ"
    other = dice.pick([c for c in others if c != name[at].upper()])
    return name[:at] + (other if name[at].isupper() else other.lower()) + name[at + 1 :]


def _mixture(dice: Dice, own: str, of: str, low: float, high: float) -> str:
    """Sentences of two abstracts, of the second from ``low`` to ``high`` of the text."""
    mine, theirs = sentences(own), sentences(of)
    share = dice.between(low, high)
    # of both texts: neither may consist of what they share for more than that
    budget = share * min(len(own), len(of))
    order = list(range(len(theirs)))
    chosen = []
    while order:
        sentence = order.pop(dice.below(len(order)))
        if len(theirs[sentence]) <= budget:
            budget -= len(theirs[sentence])
            chosen.append(sentence)
    shared = [theirs[k] for k in sorted(chosen)] or sorted(theirs, key=len)[:1]
    needed = sum(map(len, shared)) * (1 - share) / share
    while len(mine) > 1 and sum(map(len, mine[:-1])) >= needed:
        mine.pop()
    for sentence_of_theirs in shared:
        mine.insert(dice.below(len(mine) + 1), sentence_of_theirs)
    return " ".join(mine)


# ---------------------------------------------------------------------------------------------
# The corpus


def generate(records: int, seed: int = 0) -> pl.DataFrame:
    """A corpus.

    Args:
        records: How many rows; at least 1,000, so that every kind is there.
        seed: The same gives the same rows.

    Returns:
        Columns ``record``, ``title``, ``abstract``, ``authors``, ``published_on``, ``paper``,
        ``kind``, ``of``.

    Raises:
        ValueError: There are too few for the shares of all kinds.
    """
    if records < 1000:
        raise ValueError("1,000 records at least")
    chance = np.random.Generator(np.random.PCG64(seed))
    press = Press.of(chance, records)
    dice = Dice(chance)

    n_repeats, n_nears, n_looks = (round(records * s) for s in (REPEATS, NEARS, LOOKALIKES))
    n_originals = records - n_repeats - n_nears - n_looks
    n_papers = n_originals + n_looks

    look_kind = np.arange(n_looks) % len(LOOKALIKE_KINDS)
    look_of = _resembled(chance, look_kind, n_originals)
    papers = _papers(chance, press, n_originals, n_looks, look_kind, look_of)
    text = abstracts(chance, press, papers.topic, papers.name, papers.british)
    without = np.zeros(n_papers, dtype=bool)
    without[:n_originals] = chance.integers(100, size=n_originals) < 2
    published, authors = _dates(chance, n_papers), _Authors.drawn(chance, n_papers)
    dated = chance.integers(100, size=n_papers) >= 28

    edits = _Abstracts(text, n_papers + n_nears, without)
    generic = np.zeros(n_papers, dtype=bool)
    _write_lookalikes(dice, papers, edits, published, authors, look_kind, look_of, generic)
    near = _write_nears(dice, press, papers, edits, n_nears, n_originals, look_of, generic)
    repeat_of = _repeated(chance, n_repeats, n_originals, n_papers, n_nears, generic, edits.at)

    # which of the texts each record shows
    n_bases = n_papers + n_nears
    shown = np.concatenate([np.arange(n_bases), repeat_of])
    of = np.concatenate([np.full(n_originals, -1), look_of, near.of, repeat_of])
    paper = np.concatenate([np.arange(n_papers), near.paper])[shown]
    kind = np.concatenate(
        [
            np.zeros(n_originals, np.int64),
            2 + look_kind,
            2 + len(LOOKALIKE_KINDS) + near.kind,
            np.ones(n_repeats, np.int64),
        ]
    )
    kinds = [
        "original",
        "repeat",
        *(f"lookalike: {kind}" for kind in LOOKALIKE_KINDS),
        *(f"near: {kind}" for kind in NEAR_KINDS),
    ]
    again = np.arange(records) >= n_papers

    # the rows' order: record number `place` is row `order[place]`
    order = chance.permutation(records)
    place = np.empty(records, dtype=np.int64)
    place[order] = np.arange(records)
    return pl.DataFrame(
        {
            "record": np.arange(records),
            "title": pl.Series(papers.title).gather(shown[order]),
            "abstract": edits.all().gather(_or_null(edits.at[shown[order]])),
            "authors": authors.of(chance, paper[order], again[order]),
            "published_on": _days(chance, published, dated, paper[order], again[order]),
            "paper": paper[order],
            "kind": pl.Series(kinds).gather(kind[order]),
            "of": _or_null(np.where(of[order] < 0, -1, place[of[order]])),
        }
    )


def _or_null(numbers: Ints) -> pl.Series:
    """Numbers; null for those below 0."""
    found = pl.DataFrame({"n": pl.Series(numbers, dtype=pl.Int64)})
    return found.select(pl.when(pl.col("n") >= 0).then("n"))["n"]


def _resembled(chance: np.random.Generator, look_kind: Ints, n_originals: int) -> Ints:
    """Which original each lookalike resembles: another one each, but for families and generics."""
    n_looks = len(look_kind)
    of = chance.permutation(n_originals - len(_GENERIC))[:n_looks] + len(_GENERIC)
    for number, kind in enumerate(LOOKALIKE_KINDS):
        rows = np.flatnonzero(look_kind == number)
        if kind == "generic":
            # the first originals have the generic titles: some are shared by many, some by few
            rank = zipf_table(min(len(_GENERIC), max(2, len(rows) // 3)), 1 << 10)
            of[rows] = rank[chance.integers(1 << 10, size=len(rows))]
        elif kind in _FAMILIES:
            # every fourth begins a family of three lookalikes: three volumes beside the first
            lead = rows[: len(rows) // 12 * 12].reshape(-1, 12)
            of[lead[:, 1]] = of[lead[:, 0]]
            of[lead[:, 2]] = of[lead[:, 0]] if kind != "version" else of[lead[:, 2]]
    return of


def _papers(
    chance: np.random.Generator,
    press: Press,
    n_originals: int,
    n_looks: int,
    look_kind: Ints,
    look_of: Ints,
) -> Papers:
    """Originals and, behind them, what lookalikes have of their own; all titles are different."""
    n = n_originals + n_looks
    n_topics = len(press.topics.nouns)
    topic = zipf_table(2 * n_topics, 1 << 14)[chance.integers(1 << 14, size=n)] % n_topics
    topic[n_originals:] = topic[look_of]
    name = model_names(chance, n)
    needs = np.isin(look_kind, [LOOKALIKE_KINDS.index(k) for k in ("version", "name", "letter")])
    named = np.zeros(n, dtype=bool)
    named[look_of[needs]] = True
    # numbers at the end of a name are versions already
    numbered = name.str.contains(r"\d").to_numpy() & named
    while numbered.any():
        again = model_names(chance, n=int(numbered.sum()))
        name = _put(name, numbered, again)
        numbered = name.str.contains(r"\d").to_numpy() & named
    british = chance.integers(100, size=n) < 25
    title = titles(chance, press, topic, name, british, named)
    while True:
        twice = ~title_keys(title).is_first_distinct().to_numpy()
        if not twice.any():
            break
        again_titles = titles(
            chance, press, topic[twice], name.filter(pl.Series(twice)), british[twice], named[twice]
        )
        title = _put(title, twice, again_titles)
    return Papers(topic, name, title.to_list(), british)


def _put(into: pl.Series, where: Ints, new: pl.Series) -> pl.Series:
    """With others at the places where ``where`` is true."""
    index = np.arange(len(into))
    index[where] = len(into) + np.arange(len(new))
    return pl.concat([into, new]).gather(index)


class _Abstracts:
    """Abstracts as written in bulk, and those of lookalikes and near-duplicates.

    Attributes:
        at: Where a record's abstract stands; -1: it has none.
    """

    def __init__(self, text: pl.Series, records: int, without: Ints) -> None:
        self._text = text
        self._new: list[str] = []
        self.at = np.full(records, -1, dtype=np.int64)
        self.at[: len(text)] = np.where(without, -1, np.arange(len(text)))

    def own(self, record: int) -> str:
        """As written, even if it is not shown."""
        return str(self._text[record])

    def __getitem__(self, record: int) -> str | None:
        at = int(self.at[record])
        if at < 0:
            return None
        return str(self._text[at]) if at < len(self._text) else self._new[at - len(self._text)]

    def __setitem__(self, record: int, abstract: str | None) -> None:
        if abstract is None:
            self.at[record] = -1
        else:
            self.at[record] = len(self._text) + len(self._new)
            self._new.append(abstract)

    def all(self) -> pl.Series:
        return pl.concat([self._text, pl.Series(self._text.name, self._new, dtype=pl.String)])


def _write_lookalikes(
    dice: Dice,
    papers: Papers,
    edits: _Abstracts,
    published: Ints,
    authors: _Authors,
    look_kind: Ints,
    look_of: Ints,
    generic: Ints,
) -> None:
    """Titles and abstracts of the lookalikes, and the titles of the originals they resemble."""
    n_originals = len(papers.title) - len(look_of)
    n_generic = int(look_of[look_kind == LOOKALIKE_KINDS.index("generic")].max()) + 1
    for k in range(n_generic):
        papers.title[k] = _GENERIC[k]
        generic[k] = True
        if dice.random() < 0.4:
            edits[k] = None
    known = set(map(folded, papers.title[:n_originals]))
    families: dict[int, list[str]] = {}
    for row, (number, of) in enumerate(zip(look_kind.tolist(), look_of.tolist(), strict=True)):
        look, kind = n_originals + row, LOOKALIKE_KINDS[number]
        name, own_name = papers.name[of], papers.name[look]
        own_title = papers.title[look]
        if kind == "generic":
            families[of] = [papers.title[of]]
        elif of not in families:
            year = dt.date.fromordinal(int(published[of]) + dt.date(1970, 1, 1).toordinal()).year
            known.discard(folded(papers.title[of]))
            while True:
                made = _title_pair(dice, kind, papers.title[of], name, own_name, own_title, year)
                folds = set(map(folded, made))
                if len(folds) == len(made) and not folds & known:
                    break
                own_name = _one_letter_off(dice, own_name)
            papers.title[of] = made[0]
            known |= folds
            families[of] = made[1:]
        title = families[of].pop(0)
        papers.title[look] = title
        if kind not in {"name", "half abstract"}:
            papers.other_name[look] = name
        if kind == "letter":
            words = zip(title.split(" "), papers.title[of].split(" "), strict=True)
            papers.other_name[look] = next(a for a, b in words if a != b).strip(":?")
        generic[look] = kind == "generic"
        _write_abstract(dice, kind, edits, look, of)
        _sign(dice, kind, published, authors, look, of)
        if kind == "year":
            published[look] = published[of] + 365 * (_year(title) - _year(papers.title[of]))


def _write_abstract(dice: Dice, kind: str, edits: _Abstracts, look: int, of: int) -> None:
    theirs = edits.own(of)
    if kind == "half abstract":
        edits[of] = theirs
        edits[look] = _mixture(dice, edits.own(look), theirs, 0.4, 0.6)
        return
    how = dice.random()
    # one letter of a name is too little to tell two papers by, where nothing else is known
    if how < 0.2 and kind != "letter":
        edits[look] = None
    elif how < 0.5 and kind != "generic":
        edits[look] = _mixture(dice, edits.own(look), theirs, 0.1, 0.4)
    if kind == "letter":
        edits[of] = theirs


def _sign(dice: Dice, kind: str, published: Ints, authors: _Authors, look: int, of: int) -> None:
    """Authors and day of a lookalike: those of the same hands are close in time."""
    if kind == "generic":
        return
    if kind in {*_FAMILIES, "reply"} and dice.random() < 0.5:
        authors.share(look, of, all_of_them=dice.random() < 0.6)
    if dice.random() < 0.5:
        published[look] = published[of] + dice.below(200)


def _year(title: str) -> int:
    return int(re.findall(r"\d{4}", title)[0])


@dataclass(frozen=True)
class _Nears:
    kind: Ints
    of: Ints
    paper: Ints


def _write_nears(
    dice: Dice,
    press: Press,
    papers: Papers,
    edits: _Abstracts,
    n_nears: int,
    n_originals: int,
    look_of: Ints,
    generic: Ints,
) -> _Nears:
    """Near-duplicates, every kind in turn: most of originals, a tenth of near-duplicates."""
    n_papers = len(papers.title)
    # papers with a sister: what tells them apart must stay in the title
    alike = {*look_of.tolist(), *range(n_originals, n_papers)}
    editor = Editor(dice, press.words, sentences(" ".join(edits.own(k) for k in range(300))))
    known = {folded(title): k for k, title in enumerate(papers.title)}
    kinds: list[int] = []
    sources: list[int] = []
    of_paper: list[int] = []
    lost: set[int] = set()
    for number in range(n_nears):
        kind = NEAR_KINDS[number % len(NEAR_KINDS)]
        while True:
            paper = source = dice.below(n_originals)
            how = dice.random()
            if how < 0.1 and number > 100:
                back = dice.below(number)
                source, paper = n_papers + back, of_paper[back]
            elif how < 0.14:
                paper = source = n_originals + dice.below(n_papers - n_originals)
            if generic[paper] or (kind in LOSING and paper in alike):
                continue
            text = Text(papers.title[source], edits[source], papers.shown_name(paper))
            made = edited(editor, kind, text)
            if made is None:
                continue
            # with most of its title lost, the abstract alone tells which paper it is
            loses = kind in LOSING or source in lost
            if loses and source in lost and not made.abstract:
                continue
            fold = folded(made.title)
            if known.setdefault(fold, paper) == paper:
                break
        near = n_papers + number
        if loses:
            lost.add(near)
        papers.title.append(made.title)
        if made.abstract == text.abstract:
            edits.at[near] = edits.at[source]
        else:
            edits[near] = made.abstract
        kinds.append(number % len(NEAR_KINDS))
        sources.append(source)
        of_paper.append(paper)
    return _Nears(np.array(kinds), np.array(sources), np.array(of_paper))


def _repeated(
    chance: np.random.Generator,
    n: int,
    n_originals: int,
    n_papers: int,
    n_nears: int,
    generic: Ints,
    abstract_at: Ints,
) -> Ints:
    """Which record each repeat repeats: most an original, some of them again and again."""
    how = chance.integers(100, size=n)
    of = chance.integers(n_originals, size=n)
    much = chance.integers(n_originals, size=max(1, n_originals // 1000))
    of = np.where(how < 4, much[chance.integers(len(much), size=n)], of)
    of = np.where((how >= 4) & (how < 10), n_papers + chance.integers(n_nears, size=n), of)
    others = n_originals + chance.integers(n_papers - n_originals, size=n)
    of = np.where((how >= 10) & (how < 13), others, of)
    # a generic title alone says nothing: nobody could tell a repeat
    nothing = np.concatenate([generic & (abstract_at[:n_papers] < 0), np.zeros(n_nears, bool)])
    while nothing[of].any():
        of = np.where(nothing[of], chance.integers(n_originals, size=n), of)
    return of


class _Authors:
    """Authors of papers, as numbers of a pool of invented people.

    Attributes:
        count: How many each paper has.
        who: Their numbers, a row per paper.
    """

    _MOST = 8

    def __init__(self, pool: pl.Series, initials: pl.Series, count: Ints, who: Ints) -> None:
        self._pool = pl.concat([pool, initials])
        self._n = len(pool)
        self.count = count
        self.who = who

    @staticmethod
    def drawn(chance: np.random.Generator, n: int) -> _Authors:
        size = 40_000
        stems = [
            a + b
            for a in "Ba Ce Di Ko La Mi No Ra Sa Te Vo Zi Hé Jö".split()
            for b in "lan rik mo vina dar sen tia bor mel nia".split()
        ]
        endings = "ov ström son ez ini wald ard eau ikov etti ano ung ić berg".split()
        first = chance.integers(len(stems), size=size)
        middle = chance.integers(26 * 4, size=size)
        last = chance.integers(len(stems) * len(endings), size=size)
        names, initials = [], []
        for a, b, c in zip(first.tolist(), middle.tolist(), last.tolist(), strict=True):
            letter = f" {chr(65 + b)}." if b < 26 else ""
            family = stems[c % len(stems)] + endings[c // len(stems)]
            names.append(f"{stems[a]}{letter} {family}")
            initials.append(f"{stems[a][0]}.{letter} {family}")
        few = np.array([1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 8])
        count = few[chance.integers(len(few), size=n)]
        count[chance.integers(2, size=n) == 0] = 0
        return _Authors(
            pl.Series(names),
            pl.Series(initials),
            count,
            chance.integers(size, size=(n, _Authors._MOST), dtype=np.int32),
        )

    def share(self, paper: int, of: int, *, all_of_them: bool) -> None:
        """Give a paper the authors of another one, or the first of them beside its own."""
        if all_of_them:
            self.who[paper], self.count[paper] = self.who[of], self.count[of]
        else:
            self.who[paper, :2] = self.who[of, :2]

    def of(self, chance: np.random.Generator, paper: Ints, again: Ints) -> pl.Series:
        """Lists of names; null where there are none.

        Records that show a paper ``again`` have initials or no list in 15 % each.
        """
        how = chance.integers(100, size=len(paper))
        count = np.where(again & (how < 15), 0, self.count[paper])
        initials = again & (how >= 15) & (how < 30)
        who = self.who[paper] + self._n * initials[:, None]
        flat = who[np.arange(self._MOST) < count[:, None]]
        offsets = np.zeros(len(paper) + 1, dtype=np.int64)
        offsets[1:] = np.cumsum(count)
        lists = pl.Series(
            pl.from_arrow(
                pa.LargeListArray.from_arrays(
                    pa.array(offsets), self._pool.gather(flat).to_arrow().cast(pa.large_string())
                )
            )
        )
        return pl.DataFrame({"n": count, "of": lists}).select(pl.when(pl.col("n") > 0).then("of"))[
            "of"
        ]


def _dates(chance: np.random.Generator, n: int) -> Ints:
    """Days since 1970, more of them late; null is told by record."""
    draws = np.minimum(chance.random(n), chance.random(n))
    return _DAY_N - (draws * (_DAY_N - _DAY_0)).astype(np.int64)


def _days(
    chance: np.random.Generator, published: Ints, dated: Ints, paper: Ints, again: Ints
) -> pl.Series:
    """Dates; null for a third. Another sighting states the day before or after at times."""
    how = chance.integers(100, size=len(paper))
    off = np.where(again & (how >= 20) & (how < 40), chance.integers(-5, 6, size=len(paper)), 0)
    day = published[paper] + off
    lost = ~dated[paper] | (again & (how < 20))
    return (
        pl.DataFrame({"day": day, "lost": lost})
        .select(pl.when(~pl.col("lost")).then(pl.col("day").cast(pl.Int32).cast(pl.Date)))
        .to_series()
    )


def show(corpus: pl.DataFrame, n: int, width: int = 420) -> None:
    """Print ``n`` records of every kind that is made from another one, that one above."""
    by_record = corpus.select("record", "title", "abstract", "authors", "published_on")
    made = (
        corpus.filter(pl.col("of").is_not_null())
        .group_by("kind", maintain_order=True)
        .head(n)
        .sort("kind", maintain_order=True)
        .join(by_record, left_on="of", right_on="record", suffix="_of", how="left")
    )
    for row in made.iter_rows(named=True):
        print(f"\n=== {row['kind']}")
        for end in ("_of", ""):
            abstract = row[f"abstract{end}"]
            print(f"  {row[f'title{end}']!r}")
            print(f"      {abstract[:width] if abstract is not None else None!r}")
            names = ", ".join(row[f"authors{end}"] or []) or None
            print(f"      {names} · {row[f'published_on{end}']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--show", type=int, default=0, metavar="N")
    chosen = parser.parse_args()
    corpus = generate(chosen.records, chosen.seed)
    if chosen.show:
        show(corpus, chosen.show)
    if chosen.output:
        corpus.write_parquet(chosen.output)
    counts = corpus.group_by(pl.col("kind").str.split(":").list.first()).len().sort("len")
    print(counts.rows(), file=sys.stderr)


if __name__ == "__main__":
    main()
