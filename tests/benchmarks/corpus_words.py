"""The words of the invented corpus: their frequencies, and text written from them in bulk.

Function words and a few hundred words of the trade are real, the others are invented: pronounceable
stems with English endings, so that plural, hyphenation, British and American spelling mean
something. Frequencies follow Zipf and Mandelbrot: a word of rank r has weight 1 / (r + 2.7)
(B. Mandelbrot, "An informational theory of the statistical structure of language", 1953). The
exponent is 1 and nothing but integers and single divisions is drawn from, so that the same seed
writes the same text on every machine.

Text is a sequence of tokens, numbers of a ``Lexicon``; ``spell`` writes the tokens of many rows at
once: one gather over bytes, no Python per word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import exp
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Ints = npt.NDArray[Any]

FUNCTION_WORDS = (
    "the of and to in a is that for we with on are as by this be from which an can it at our or "
    "these have has not their its but such both between using than into also more when where how "
    "while been was were all each two they only over under through may other between through "
    "within across one some most there then thus if via no so what does during after before about"
).split()
FUNCTION_PHRASES = (
    "of the|in the|to the|on the|for the|with the|and the|from the|of a|in a|by the|with a|that the"
    "|is a|as a|can be|based on|such as|as well as|due to the|in terms of|a set of|the number of"
    "|with respect to|we show that the|in order to|the use of|a variety of|the problem of|which is"
    "|e.g.,|i.e.,"
).split("|")
STARTERS = (
    "In this paper, we propose a|We propose a|We show that|This paper presents a|We present a|The"
    "|However,|To address this,|In this work, we study the|Extensive experiments show that"
    "|We study|Experimental results demonstrate that the|Moreover,|Our method"
    "|Our results show that|In|In addition, we|Furthermore,|Recently,|To this end, we introduce a"
    "|Finally, we|It is shown that|Existing methods|Despite recent progress,|We find that|Here we"
    "|A|For|While|Our approach|We evaluate our method on|We demonstrate that the"
    "|The proposed method|These results suggest that|We further show that|Specifically, we"
    "|As a result,|This is|There is|Our code is based on"
).split("|")
# What stands before the name of a model.
INTRODUCING = (
    "We introduce |We call it |We present |On all tasks, |In experiments, |Compared with others, "
    "|The design of |Code for |Our system, |We develop |Unlike prior work, |With "
).split("|")
# Nouns, with the British spelling where it is another.
NOUNS = (
    "model method approach system framework algorithm analysis network task problem result "
    "performance feature structure process experiment benchmark dataset approximation theory "
    "design evaluation representation distribution measure function parameter sample signal "
    "image graph language policy agent estimate bound property equation simulation application "
    "prediction search memory domain level class state space time value error rate cost gain "
    "user query document video architecture strategy response effect change field surface energy "
    "phase layer response detection survey study inference segmentation retrieval translation "
    "optimization/optimisation generalization/generalisation behavior/behaviour color/colour "
    "center/centre catalog/catalogue defense/defence neighbor/neighbour fiber/fibre "
    "regularization/regularisation visualization/visualisation flavor/flavour"
).split()
ADJECTIVES = (
    "new novel efficient robust general large small simple optimal local global deep sparse fast "
    "different common recent random strong weak joint direct multiple standard specific finite "
    "visual statistical stochastic adaptive hierarchical scalable interpretable structured "
    "practical naïve end-to-end large-scale low-rank real-time multi-modal self-consistent "
    "data-driven long-term semi-parametric high-dimensional state-of-the-art fine-grained "
    "cross-domain labeled/labelled generalized/generalised gray/grey optimized/optimised"
).split()
VERBS = (
    "learning training improving understanding estimating detecting exploring building solving "
    "rethinking bridging scaling measuring testing predicting reasoning "
    "modeling/modelling labeling/labelling analyzing/analysing optimizing/optimising "
    "characterizing/characterising"
).split()
COLLOCATIONS = (
    "neural networks|large language models|reinforcement learning|machine learning|training data"
    "|natural language processing|graph neural networks|differential equations|knowledge bases"
    "|support vector machines|upper bounds|loss functions|time series"
    "|convolutional neural networks|artificial intelligence|computer vision"
    "|Markov decision processes|Möbius bands|Poincaré maps|generative models"
    "|principal component analysis|data sets|open source software|prior work|short-term memory"
    "|Gaussian processes|Monte Carlo methods"
).split("|")
# Groups of words that stand in running text only.
STOCK = (
    "state of the art|a wide range of|the proposed method|significantly outperforms|ground truth"
    "|the other hand|best of our knowledge|the effectiveness of|an important role|the case of"
    "|a large number of|experiments on|both theory and practice|a new method|the presence of"
).split("|")
OTHERS = (
    "12.3% 95% two three 2.4 10 100 5.1% significantly often further well first second recently "
    "proposed shown achieve improve provide propose compared however outperform without able "
    "given known obtained show demonstrate require allow compute $k$ $n$ $\\alpha$ "
    "$O(n\\log n)$"
).split()

_ONSETS = "b c d f g h k l m n p r s t v z br cr dr fr gr pl pr sl st tr th fl qu sh".split()
_VOWELS = "a e i o u".split()
_CODAS = "l n r m t d v b p ct nd rt lm st".split()
_ACCENTED = {"a": "á", "e": "é", "o": "ö", "u": "ü", "i": "í"}
# Endings: American, British.
_NOUN_ENDINGS = (
    "on ization/isation ity or/our ment ance er/re ule ism ation et izer/iser ence ide ograph "
    "og/ogue an ine"
).split()
_ADJECTIVE_ENDINGS = "al ic ive ous able ized/ised eled/elled ary ate oid".split()
_VERB_ENDINGS = "ing izing/ising eling/elling ating ifying".split()
_PREFIXES = (
    "multi- self- semi- pre- co- low- cross- k- α- post- inter- non- quasi- 2D- auto-".split()
)

_SMALL = frozenset(
    "a an the of for in on and or with by to from via at as into under over vs. de".split()
)


def plural_of(noun: str) -> str:
    """The plural of an English noun, or of what looks like one."""
    if noun.endswith("sis"):
        return noun[:-2] + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh", "z")) else "s")


def with_articles(text: str) -> str:
    """``a`` or ``an`` as what follows asks for."""
    text = re.sub(r"\b([aA]) (?=[aeiouAEIOU])", r"\1n ", text)
    return re.sub(r"\b([aA])n (?=[^aeiouAEIOU\W])", r"\1 ", text)


def title_case(text: str) -> str:
    """Words capitalized as in titles, but for the small ones within."""

    def word(found: re.Match[str]) -> str:
        before = text[: found.start()].rstrip()
        small = found[0] in _SMALL and not before.endswith((":", ".", "?", "–"))
        # a single letter before a hyphen is a variable
        variable = len(found[0]) == 1 and text[found.end() : found.end() + 1] == "-"
        return found[0] if small or variable else found[0][0].upper() + found[0][1:]

    return re.sub(r"[^\W\d_$\\]+(?:\.(?!\s|$))?", word, text) if "$" not in text else text


def zipf_table(items: int, size: int, *, behind: int = 0) -> Ints:
    """``size`` ranks of 0 to ``items`` - 1, each as often as Zipf and Mandelbrot have it.

    ``behind`` words that are more frequent are drawn elsewhere.
    """
    share = np.cumsum(1.0 / (np.arange(items) + behind + 2.7))
    ranks: Ints = np.searchsorted(share, (np.arange(size) + 0.5) * (share[-1] / size))
    return ranks.astype(np.int32)


def normal_table(size: int, spread: float) -> list[float]:
    """Quantiles of a lognormal distribution with median 1."""
    normal = NormalDist(0, spread)
    # rounded: the last bits of exp() are the machine's own
    return [round(exp(normal.inv_cdf((k + 0.5) / size)), 6) for k in range(size)]


@dataclass
class Lexicon:
    """Tokens and the bytes they are written with, in four forms.

    A token's number plus 0, 1, 2, 3 times the number of tokens is its form: as in running text,
    the same in British spelling, as in a capitalized title, the same in British spelling.

    Attributes:
        words: The tokens as in running text, American.
        british: The same in British spelling.
    """

    words: list[str] = field(default_factory=list)
    british: list[str] = field(default_factory=list)
    _number: dict[str, int] = field(default_factory=dict)
    _cast: bool = False

    def add(self, word: str, british: str | None = None) -> int:
        """The number of a token, added where it is new."""
        known = self._number.get(word)
        if known is None:
            if self._cast:
                raise ValueError(f"{word!r} comes too late: the type is cast")
            known = self._number[word] = len(self.words)
            self.words.append(word)
            self.british.append(british or word)
        return known

    def add_all(self, words: Iterable[tuple[str, str]]) -> Ints:
        return np.array([self.add(*word) for word in words], dtype=np.int32)

    def joined(self, numbers: Sequence[int]) -> int:
        """The token that these make with spaces between."""
        return self.add(
            " ".join(self.words[n] for n in numbers), " ".join(self.british[n] for n in numbers)
        )

    def type(self) -> Type:
        """The bytes of all tokens; none can be added then."""
        self._cast = True
        forms = [
            *self.words,
            *self.british,
            *map(title_case, self.words),
            *map(title_case, self.british),
        ]
        return Type.of(forms, len(self.words))


@dataclass(frozen=True)
class Type:
    """What text is set with: the bytes of all tokens, one behind the other.

    Attributes:
        data: Their UTF-8.
        start: Where each begins.
        length: How many bytes each has.
        size: How many tokens there are; their forms stand ``size`` apart.
    """

    data: Ints
    start: Ints
    length: Ints
    size: int

    @staticmethod
    def of(words: Sequence[str], size: int) -> Type:
        coded = [word.encode() for word in words]
        length = np.array([len(word) for word in coded], dtype=np.int64)
        data = np.frombuffer(b"".join(coded), dtype=np.uint8)
        return Type(data, np.cumsum(length) - length, length, size)

    def with_words(self, words: pl.Series) -> tuple[Type, int]:
        """The same with more words, and the number of the first of them; none has forms."""
        coded = words.to_arrow().cast(pa.large_string())
        offsets = np.frombuffer(coded.buffers()[1], dtype=np.int64)[: len(coded) + 1]
        body = coded.buffers()[2]
        data = np.frombuffer(body, dtype=np.uint8) if body else np.empty(0, np.uint8)
        return (
            Type(
                np.concatenate([self.data, data]),
                np.concatenate([self.start, offsets[:-1] + len(self.data)]),
                np.concatenate([self.length, np.diff(offsets)]),
                self.size,
            ),
            len(self.start),
        )

    def spell(self, tokens: Ints, n_tokens: Ints) -> pl.Series:
        """Rows of text.

        Args:
            tokens: The tokens of all rows, one row behind the other.
            n_tokens: How many are each row's; at least one.
        """
        length = self.length[tokens]
        ends = np.cumsum(length)
        total = int(ends[-1]) if len(ends) else 0
        index = np.repeat(self.start[tokens] - ends + length, length)
        index += np.arange(total)
        offsets = np.zeros(len(n_tokens) + 1, dtype=np.int64)
        offsets[1:] = ends[np.cumsum(n_tokens) - 1]
        made = pa.LargeStringArray.from_buffers(
            len(n_tokens), pa.py_buffer(offsets), pa.py_buffer(self.data[index])
        )
        return pl.Series(pl.from_arrow(made))


def _pairs(words: Iterable[str]) -> list[tuple[str, str]]:
    """``color/colour`` is a word and its British spelling."""
    halves = (word.partition("/") for word in words)
    return [(american, british or american) for american, _, british in halves]


def _stems(chance: np.random.Generator, n: int) -> list[str]:
    """Pronounceable beginnings of words, all different."""
    made: dict[str, None] = {}
    while len(made) < n:
        draws = chance.integers(1 << 16, size=(n, 7)).tolist()
        for a, b, c, d, e, long, accent in draws:
            stem = _ONSETS[a % len(_ONSETS)] + _VOWELS[b % 5]
            if long % 5:
                stem += _ONSETS[c % len(_ONSETS)] + _VOWELS[d % 5]
            stem += _CODAS[e % len(_CODAS)]
            if accent % 60 == 0:
                stem = stem[:1] + re.sub("[aeiou]", lambda v: _ACCENTED[v[0]], stem[1:], count=1)
            made[stem] = None
    return list(made)[:n]


def _derived(stems: Sequence[str], endings: Sequence[str]) -> list[tuple[str, str]]:
    pairs = _pairs(endings)
    return [
        (stem + pairs[k % len(pairs)][0], stem + pairs[k % len(pairs)][1])
        for k, stem in enumerate(stems)
    ]


@dataclass(frozen=True)
class Vocabulary:
    """The words of a corpus by what they are good for, as numbers of its lexicon.

    Attributes:
        lexicon: All tokens.
        nouns: Of nouns, the most frequent first; so are the next ones.
        plurals: Their plurals.
        adjectives: Of adjectives.
        verbs: Of gerunds.
        collocations: Of groups of words that stand together.
        running: What running text is drawn from, a token as often as it is frequent.
        function: The same of function words, with the space behind; one is empty.
        starters: What sentences begin with.
        spelling: American to British and back, in lower case.
        number: Singular to plural and back, in lower case.
        plain: Invented words in running text, for what is added to an abstract.
    """

    lexicon: Lexicon
    nouns: Ints
    plurals: Ints
    adjectives: Ints
    verbs: Ints
    collocations: Ints
    running: Ints
    function: Ints
    starters: Ints
    spelling: dict[str, str]
    number: dict[str, str]
    plain: list[str]


def vocabulary(chance: np.random.Generator, stems: int = 14_000) -> Vocabulary:
    """A vocabulary of real and invented words."""
    lexicon = Lexicon()
    for literal in ("", " ", ", ", ". ", ".", *INTRODUCING):
        lexicon.add(literal)
    roots = _stems(chance, stems)
    n_nouns, n_verbs = stems // 2, stems // 7
    invented_nouns = _derived(roots[:n_nouns], _NOUN_ENDINGS)
    invented_verbs = _derived(roots[n_nouns : n_nouns + n_verbs], _VERB_ENDINGS)
    invented_adjectives = []
    for k, (word, british) in enumerate(_derived(roots[n_nouns + n_verbs :], _ADJECTIVE_ENDINGS)):
        prefix = _PREFIXES[k // 7 % len(_PREFIXES)] if k % 7 == 3 else ""
        invented_adjectives.append((prefix + word, prefix + british))
    noun_pairs = _mixed(chance, _pairs(NOUNS), invented_nouns)
    plural_pairs = [(plural_of(a), plural_of(b)) for a, b in noun_pairs]
    adjective_pairs = _mixed(chance, _pairs(ADJECTIVES), invented_adjectives)
    verb_pairs = _mixed(chance, _pairs(VERBS), invented_verbs)
    nouns, plurals = lexicon.add_all(noun_pairs), lexicon.add_all(plural_pairs)
    adjectives, verbs = lexicon.add_all(adjective_pairs), lexicon.add_all(verb_pairs)
    collocations = lexicon.add_all([(phrase, phrase) for phrase in COLLOCATIONS])
    others = lexicon.add_all([(word, word) for word in [*STOCK, *OTHERS]])
    # Ranks of running text: words of every class in turn, the frequent ones of each first.
    ranked = np.concatenate([nouns, plurals, adjectives, verbs, collocations, others])
    rank = np.concatenate(
        [
            np.arange(len(nouns)) * 2.0,
            np.arange(len(plurals)) * 2.3 + 1,
            np.arange(len(adjectives)) * 3.1,
            np.arange(len(verbs)) * 5.0 + 2,
            np.arange(len(collocations)) * 7.0 + 4,
            np.arange(len(others)) * 5.0,
        ]
    )
    order = ranked[np.argsort(rank, kind="stable")]
    function = _function_table(lexicon)
    return Vocabulary(
        lexicon,
        nouns,
        plurals,
        adjectives,
        verbs,
        collocations,
        order[zipf_table(len(order), 1 << 20, behind=40)],
        function,
        lexicon.add_all([(start + " ", start + " ") for start in STARTERS]),
        _both_ways(
            pair
            for pair in [*noun_pairs, *plural_pairs, *adjective_pairs, *verb_pairs]
            if pair[0] != pair[1]
        ),
        _both_ways(
            (one, many)
            for ones, manys in zip(noun_pairs, plural_pairs, strict=True)
            for one, many in zip(ones, manys, strict=True)
        ),
        [word for word, _ in [*invented_nouns[:4000], *invented_adjectives[:2000]]],
    )


def _both_ways(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    made = {}
    for one, other in pairs:
        made[one] = other
        made[other] = one
    return made


def _mixed(
    chance: np.random.Generator,
    real: list[tuple[str, str]],
    invented: list[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Real words among the more frequent ones, every third; invented ones else."""
    order = [real[k] for k in chance.permutation(len(real))]
    rest = iter(invented)
    made = []
    for word in order:
        made += [word, *(next(rest) for _ in range(2))]
    return [*made, *rest]


def _function_table(lexicon: Lexicon, size: int = 1 << 12) -> Ints:
    """Function words and phrases by frequency; a fifth of the places is empty."""
    words = [*FUNCTION_WORDS[:8]]
    rest, phrases = FUNCTION_WORDS[8:], list(FUNCTION_PHRASES)
    while rest or phrases:
        words += rest[:2] + phrases[:1]
        rest, phrases = rest[2:], phrases[1:]
    spaced = lexicon.add_all([(word + " ", word + " ") for word in dict.fromkeys(words)])
    filled = size - size // 5
    table = np.full(size, lexicon.add(""), dtype=np.int32)
    table[:filled] = spaced[zipf_table(len(spaced), filled)]
    return table


@dataclass(frozen=True)
class Topics:
    """What the papers of each topic are about: tables of tokens, a row per topic.

    A topic has its own words of each class and its own collocations, the first ones most often.
    """

    nouns: Ints
    plurals: Ints
    adjectives: Ints
    verbs: Ints
    collocations: Ints
    running: Ints


def topics(chance: np.random.Generator, words: Vocabulary, n: int) -> Topics:
    """Topics; adds their collocations to the lexicon."""

    def some(of: Ints, each: int) -> Ints:
        # the square of a draw: the frequent words belong to more topics than the rare ones
        draws = chance.random((n, each))
        return (draws * draws * len(of)).astype(np.int64)

    noun = some(words.nouns, 60)
    nouns, plurals = words.nouns[noun], words.plurals[noun]
    adjectives = words.adjectives[some(words.adjectives, 40)]
    verbs = words.verbs[some(words.verbs, 20)]
    join = words.lexicon.joined
    picks = chance.integers(1 << 16, size=(n, 36, 3)).tolist()
    made = []
    for row, draws in enumerate(picks):
        of_adjectives, of_nouns, of_plurals = (
            table[row].tolist() for table in (adjectives, nouns, plurals)
        )
        here = []
        for k, (a, b, c) in enumerate(draws):
            parts = [of_adjectives[a % 40], of_plurals[b % 60]]
            if k % 3 == 1:
                parts = [of_nouns[c % 60], of_plurals[b % 60]]
            elif k % 3 == 2:
                parts = [of_adjectives[a % 40], of_nouns[c % 60], of_plurals[b % 60]]
            here.append(join(parts))
        made.append(here)
    collocations = np.array(made, dtype=np.int32)
    running = np.concatenate(
        [
            collocations[:, :12],
            nouns[:, :20],
            plurals[:, :14],
            adjectives[:, :14],
            verbs[:, :10],
            collocations[:, 12:],
            nouns[:, 20:],
            plurals[:, 14:],
            adjectives[:, 14:],
            verbs[:, 10:],
        ],
        axis=1,
    )
    # a fixed order within, so that no class has all the first ranks
    running = running[:, chance.permutation(running.shape[1])]
    small = 1 << 8
    return Topics(
        nouns[:, zipf_table(nouns.shape[1], small)],
        plurals[:, zipf_table(plurals.shape[1], small)],
        adjectives[:, zipf_table(adjectives.shape[1], small)],
        verbs[:, zipf_table(verbs.shape[1], small)],
        collocations[:, zipf_table(collocations.shape[1], small)],
        running[:, zipf_table(running.shape[1], 1 << 10, behind=8)],
    )
