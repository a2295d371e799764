"""How the same paper comes in other words: the edits of the invented corpus, one kind each.

An edit takes a title and an abstract and gives others, or None where it cannot apply: a plural
needs a noun, a subtitle a colon. No edit may make a case that not even a person could tell:
names of models, numbers and words that tell papers apart are not touched, and where the abstract is
missing enough of the title is kept.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from tests.benchmarks.corpus_words import Vocabulary, title_case, with_articles

_T = TypeVar("_T")


class Text(NamedTuple):
    """What a record shows, and the name of its model, which edits leave alone."""

    title: str
    abstract: str | None
    name: str


class Dice:
    """Single draws from a generator, which draws them by the thousand: ten times as fast."""

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance
        self._drawn: list[float] = []

    def random(self) -> float:
        if not self._drawn:
            self._drawn = self._chance.random(4096).tolist()
        return self._drawn.pop()

    def below(self, n: int) -> int:
        return int(self.random() * n)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def pick(self, of: Sequence[_T]) -> _T:
        return of[self.below(len(of))]

    def some(self, n: int, k: int) -> list[int]:
        """``k`` of the numbers below ``n``, ascending."""
        chosen: set[int] = set()
        while len(chosen) < min(k, n):
            chosen.add(self.below(n))
        return sorted(chosen)


@dataclass
class Editor:
    """What edits draw from.

    Attributes:
        dice: Chance.
        words: The vocabulary: spellings, plurals, words to add.
        sentences: Of other papers, for abstracts that gain one.
    """

    dice: Dice
    words: Vocabulary
    sentences: Sequence[str] = field(default_factory=list)


Edit = Callable[[Editor, Text], Text | None]

# Words that tell two papers apart: no edit of single words touches them.
TELLING = frozenset(
    "i ii iii iv v vi vii viii ix x one two three four five first second third fourth fifth "
    "part volume vol book edition ed with without retraction "
    "supervised unsupervised upper lower online offline static dynamic linear nonlinear "
    "continuous discrete positive negative convex nonconvex non convex centralized decentralized "
    "parametric nonparametric homogeneous heterogeneous strong weak local global maximum minimum "
    "max min forward backward forwards backwards encoder decoder strongly weakly "
    "single multi multiple dense sparse large small short long high low symmetric asymmetric "
    "reply comment response erratum correction corrigendum rejoinder discussion not no".split()
)
_MARKS = ".,:;?!()[]\"'“”"
_ARTICLES = frozenset("a an the of for in on to and via from by at".split())
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE = re.compile(r"(?<=[.!?]) +(?=\S)")


def sentences(abstract: str) -> list[str]:
    return _SENTENCE.split(abstract)


def is_name(word: str, name: str) -> bool:
    """Whether a word of a title, cut at spaces, is a number, a name, or has no letter at all."""
    bare = word.strip(_MARKS)
    return (
        bool(re.search(r"\d|[A-Z].*[A-Z]", bare.replace("-", "")) and not _capitalized(bare))
        or (bool(name) and bare in {name, *re.split("[ -]", name)})
        or not any(letter.isalpha() for letter in bare)
    )


def tells(words: str) -> bool:
    """Whether one of them, or a part of one, tells papers apart: a number, *Part*, *without*."""
    parts = re.split(r"[\s-]+", words.lower())
    return any(part.strip(_MARKS) in TELLING or re.search(r"\d", part) for part in parts)


def _capitalized(word: str) -> bool:
    """Whether it is ``Multi-Sefric``: capitals only where its parts begin."""
    parts = word.split("-")
    return not re.search(r"\d", word) and all(part[1:] == part[1:].lower() for part in parts)


def _plain_words(text: Text, shortest: int = 0, *, telling: bool = False) -> list[int]:
    """Which words of the title an edit may touch; ``telling``: also those that tell papers."""
    return [
        k
        for k, word in enumerate(text.title.split(" "))
        if len(word) >= shortest
        and not is_name(word, text.name)
        and "$" not in word
        and (telling or not tells(word))
    ]


def _replaced(words: Sequence[str], at: int, by: str) -> str:
    return " ".join([*words[:at], by, *words[at + 1 :]])


def _like(word: str, made: str) -> str:
    """Capitalized as ``word`` is."""
    if len(word) > 1 and word.isupper():
        return made.upper()
    return made[:1].upper() + made[1:] if word[:1].isupper() else made


# ---------------------------------------------------------------------------------------------
# Edits of the title


def case(editor: Editor, text: Text) -> Text | None:
    title = text.title
    how = editor.dice.below(5)
    if how == 0:
        made = title.upper()
    elif how == 1:
        made = title.lower()
    elif how == 2:
        made = title_case(title)
    elif how == 3:
        # every word, the small ones, too
        made = re.sub(r"(?<![^\W_])[^\W\d_]", lambda found: found[0].upper(), title)
    else:
        words = title.split(" ")
        made = " ".join(
            word if k == 0 or is_name(word, text.name) else word.lower()
            for k, word in enumerate(words)
        )
    return text._replace(title=made) if made != title else None


def punctuation(editor: Editor, text: Text) -> Text | None:
    dice, title = editor.dice, text.title
    ways: list[Callable[[str], str]] = [
        lambda t: t + ".",
        lambda t: t.replace(": ", " - ", 1),
        lambda t: t.replace(": ", " — ", 1),
        lambda t: t.replace(": ", ". ", 1),
        lambda t: t.replace(": ", " : ", 1),
        lambda t: t.replace(": ", ", ", 1),
        lambda t: t.replace(":", "", 1),
        lambda t: t.replace(",", ""),
        lambda t: t.removesuffix("?"),
        lambda t: f'"{t}"',
        lambda t: t.replace("(", "[").replace(")", "]"),
        lambda t: t + " *",
        lambda t: t.replace(" and ", ", and ", 1),
    ]
    made = title
    while made == title:
        made = dice.pick(ways)(title)
    abstract = text.abstract
    if abstract and dice.random() < 0.3:
        abstract = abstract.replace(", ", " ")
    return text._replace(title=made, abstract=abstract)


_KEYS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioopsdfghjkllxcvbnmn", strict=True))


def mistyped(dice: Dice, word: str) -> str:
    """With one slip: two letters changed places, one left out, doubled, or its neighbour hit."""
    inner = [k for k in range(1, len(word) - 1) if word[k].isalpha() and word[k + 1].isalpha()]
    if not inner:
        return word
    at = dice.pick(inner)
    how = dice.below(4)
    if how == 0 and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if how == 1:
        return word[:at] + word[at + 1 :]
    if how == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + _KEYS.get(word[at], "e") + word[at + 1 :]


def typo(editor: Editor, text: Text) -> Text | None:
    """One slip in the title, in three of ten two; a few in the abstract."""
    dice = editor.dice
    words = text.title.split(" ")
    able = _plain_words(text, shortest=5)
    if not able:
        return None
    for k in dice.some(len(able), 2 if dice.random() < 0.3 else 1):
        words[able[k]] = mistyped(dice, words[able[k]])
    made = " ".join(words)
    abstract = text.abstract
    if abstract and dice.random() < 0.5:
        parts = abstract.split(" ")
        for k in dice.some(len(parts), 1 + len(parts) // 60):
            if len(parts[k]) > 4:
                parts[k] = mistyped(dice, parts[k])
        abstract = " ".join(parts)
    return text._replace(title=made, abstract=abstract) if made != text.title else None


_SLIPS = (
    ("rn", "m"),
    ("m", "rn"),
    ("cl", "d"),
    ("li", "h"),
    ("l", "1"),
    ("o", "0"),
    ("e", "c"),
    ("i", "l"),
    ("h", "b"),
    ("ti", "fi"),
    ("u", "ii"),
    ("vv", "w"),
    ("g", "q"),
    ("a", "o"),
)


def misread(dice: Dice, word: str) -> str:
    """As a scanner reads it."""
    for _ in range(6):
        there, read = dice.pick(_SLIPS)
        at = word.find(there, 1)
        if at > 0:
            return word[:at] + read + word[at + len(there) :]
    return word


def ocr_slip(editor: Editor, text: Text) -> Text | None:
    """A page that was scanned: slips in the title, in 2 of 100 words of the abstract."""
    dice = editor.dice
    words = text.title.split(" ")
    able = _plain_words(text, shortest=4)
    if not able:
        return None
    for k in dice.some(len(able), 2 if len(able) > 5 and dice.random() < 0.4 else 1):
        words[able[k]] = misread(dice, words[able[k]])
    made = " ".join(words)
    if made == text.title:
        return None
    abstract = text.abstract
    if abstract:
        parts = abstract.split(" ")
        for k in dice.some(len(parts), 1 + int(len(parts) * dice.between(0, 0.04))):
            parts[k] = misread(dice, parts[k])
        abstract = " ".join(parts)
    return text._replace(title=made, abstract=abstract)


_LIGATURES = (("ffi", "ﬃ"), ("ffl", "ﬄ"), ("ff", "ﬀ"), ("fi", "ﬁ"), ("fl", "ﬂ"), ("st", "ﬆ"))


def unicode_variant(editor: Editor, text: Text) -> Text | None:
    """The same letters in other characters."""
    dice = editor.dice

    def ligatures(of: str) -> str:
        for letters, one in _LIGATURES:
            of = of.replace(letters, one)
        return of

    def no_accents(of: str) -> str:
        parts = unicodedata.normalize("NFD", of)
        return "".join(c for c in parts if not unicodedata.combining(c))

    ways: list[Callable[[str], str]] = [
        ligatures,
        no_accents,
        lambda t: unicodedata.normalize("NFD", t),
        lambda t: t.replace("-", "‐"),
        lambda t: t.replace("-", "–"),
        lambda t: t.replace("-", "\u2011"),
        lambda t: t.replace("'", "’").replace('"', "”"),
        lambda t: t.replace(" ", "\u00a0", 1 + dice.below(3)),
        lambda t: t.replace(": ", ":\u2009", 1),
        # the compatibility forms of East Asian typesetting
        lambda t: t.replace(":", "：").replace("(", "（").replace(")", "）").replace("?", "？"),
        lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
        lambda t: t.replace(" ", "\u200b ", 1),
        # a soft hyphen in the first long word
        lambda t: re.sub(r"([^\W\d_]{4})([^\W\d_]{4})", "\\1\u00ad\\2", t, count=1),
        # mathematical bold, as some pages show names
        lambda t: re.sub(
            r"^\w+",
            lambda found: "".join(
                chr(0x1D400 + ord(c) - ord("A"))
                if "A" <= c <= "Z"
                else chr(0x1D41A + ord(c) - ord("a"))
                if "a" <= c <= "z"
                else c
                for c in found[0]
            ),
            t,
        ),
    ]
    made = text.title
    while made == text.title:
        way = dice.pick(ways)
        made = way(text.title)
    abstract = text.abstract
    if abstract and dice.random() < 0.5:
        abstract = way(abstract)
    return text._replace(title=made, abstract=abstract)


def spelling(editor: Editor, text: Text) -> Text | None:
    """American words in British spelling or the other way around, in title and abstract."""
    others = editor.words.spelling

    def other(found: re.Match[str]) -> str:
        changed = others.get(found[0].lower())
        return _like(found[0], changed) if changed else found[0]

    made = _WORD.sub(other, text.title)
    if made == text.title:
        return None
    return text._replace(title=made, abstract=text.abstract and _WORD.sub(other, text.abstract))


_COMPOUNDS = re.compile(r"(?<=[a-z])-(?=[A-Za-z])")


def hyphenation(editor: Editor, text: Text) -> Text | None:
    """Words joined, parted, or broken as at the end of a line."""
    dice, title = editor.dice, text.title
    words = title.split(" ")
    # a hyphen less says the same
    able = _plain_words(text, telling=True)
    compounds = [k for k in able if _COMPOUNDS.search(words[k])]
    if compounds and dice.random() < 0.8:
        k = dice.pick(compounds)
        if dice.random() < 0.5:
            made = _replaced(words, k, _COMPOUNDS.sub(" ", words[k]))
        else:
            first, *rest = words[k].split("-")
            made = _replaced(words, k, first + "".join(part.lower() for part in rest))
    else:
        long = [k for k in _plain_words(text, shortest=8) if words[k].isalpha()]
        if not long:
            return None
        k = dice.pick(long)
        at = 3 + dice.below(len(words[k]) - 5)
        made = _replaced(words, k, f"{words[k][:at]}- {words[k][at:]}")
    abstract = text.abstract
    if abstract and dice.random() < 0.4:
        parts = abstract.split(" ")
        long = [k for k, part in enumerate(parts) if len(part) > 8 and part.isalpha()]
        for k in dice.some(len(long), 1 + len(long) // 15) if long else []:
            at = 3 + dice.below(len(parts[long[k]]) - 5)
            parts[long[k]] = f"{parts[long[k]][:at]}- {parts[long[k]][at:]}"
        abstract = " ".join(parts)
    return text._replace(title=made, abstract=abstract)


_SHORT = {
    "neural networks": "NNs",
    "convolutional neural networks": "CNNs",
    "graph neural networks": "GNNs",
    "large language models": "LLMs",
    "reinforcement learning": "RL",
    "machine learning": "ML",
    "natural language processing": "NLP",
    "state of the art": "SOTA",
    "state-of-the-art": "SOTA",
    "differential equations": "DEs",
    "support vector machines": "SVMs",
    "artificial intelligence": "AI",
    "principal component analysis": "PCA",
    "gaussian processes": "GPs",
    "markov decision processes": "MDPs",
    "monte carlo methods": "MC methods",
    "approximation": "approx.",
    "algorithm": "alg.",
    "experiment": "exp.",
    "distribution": "distr.",
    "equation": "eq.",
    "and": "&",
    "number": "no.",
    "introduction": "intro.",
    "international": "int.",
}
_SHORTENABLE = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, _SHORT), key=len, reverse=True)) + r")\b", re.IGNORECASE
)


def abbreviation(editor: Editor, text: Text) -> Text | None:
    """A known abbreviation, or one behind what it is for, or long words cut as journals do."""
    dice, title = editor.dice, text.title
    found = list(_SHORTENABLE.finditer(title))
    if found and dice.random() < 0.8:
        one = dice.pick(found)
        short = _like(one[0][0], _SHORT[one[0].lower()])
        if short[:2].isupper() and dice.random() < 0.3:
            short = f"{one[0]} ({short})"
        return text._replace(title=title[: one.start()] + short + title[one.end() :])
    words = title.split(" ")
    long = [k for k in _plain_words(text, shortest=9) if words[k].isalpha()]
    if not long or len(words) < 4:
        return None
    for place in dice.some(len(long), 1 if len(words) < 7 else 2):
        k = long[place]
        words[k] = words[k][: max(5, len(words[k]) - 5)].rstrip("aeiou") + "."
    return text._replace(title=" ".join(words))


def plural(editor: Editor, text: Text) -> Text | None:
    number = editor.words.number
    words = text.title.split(" ")
    able = [k for k in _plain_words(text) if words[k].strip(":,.?").lower() in number]
    if not able:
        return None
    k = editor.dice.pick(able)
    bare = words[k].strip(":,.?")
    words[k] = words[k].replace(bare, _like(bare, number[bare.lower()]))
    return text._replace(title=" ".join(words))


def word_dropped(editor: Editor, text: Text) -> Text | None:
    words = text.title.split(" ")
    able = [k for k in _plain_words(text) if words[k][-1].isalnum()]
    if not text.abstract and len(words) < 8:
        able = [k for k in able if words[k].lower() in _ARTICLES]
    if not able or len(words) < 5:
        return None
    k = editor.dice.pick(able)
    return text._replace(title=" ".join(words[:k] + words[k + 1 :]))


_ADDED = "the new novel efficient simple general effective improved practical".split()


def word_added(editor: Editor, text: Text) -> Text | None:
    words = text.title.split(" ")
    if len(words) < 4:
        return None
    # before a word, never between a mark and its number
    able = [k for k in _plain_words(text) if k and words[k].lower() not in _ARTICLES]
    if not able:
        return None
    k = editor.dice.pick(able)
    added = editor.dice.pick(_ADDED if len(words) > 5 or text.abstract else _ADDED[:1])
    if added in _ARTICLES and words[k - 1].lower() in {"a", "an", "the"}:
        return None
    if words[k][0].isupper() and added not in _ARTICLES:
        added = added.capitalize()
    return text._replace(title=with_articles(" ".join([*words[:k], added, *words[k:]])))


_SYNONYMS = {
    "method": "approach",
    "approach": "method",
    "using": "via",
    "via": "through",
    "for": "in",
    "towards": "toward",
    "improving": "enhancing",
    "efficient": "fast",
    "fast": "efficient",
    "understanding": "analyzing",
    "framework": "system",
    "system": "framework",
    "novel": "new",
    "new": "novel",
    "detecting": "identifying",
    "problem": "task",
    "task": "problem",
    "study": "analysis",
    "analysis": "study",
    "building": "constructing",
    "exploring": "investigating",
    "frameworks": "systems",
    "methods": "approaches",
    "approaches": "methods",
}


def word_swapped(editor: Editor, text: Text) -> Text | None:
    """Two neighbours changed places, or a word gave way to one of the same meaning."""
    dice = editor.dice
    words = text.title.split(" ")
    if len(words) < 4:
        return None
    able = set(_plain_words(text))
    same = [k for k in able if words[k].lower() in _SYNONYMS]
    if same and dice.random() < 0.5:
        k = dice.pick(sorted(same))
        return text._replace(
            title=_replaced(words, k, _like(words[k], _SYNONYMS[words[k].lower()]))
        )
    pairs = [
        k
        for k in range(len(words) - 1)
        if {k, k + 1} <= able
        and words[k][-1].isalnum()
        and words[k + 1][-1].isalnum()
        and words[k].lower() != words[k + 1].lower()
        and not {words[k].lower(), words[k + 1].lower()} <= _ARTICLES
    ]
    if not pairs:
        return None
    k = dice.pick(pairs)
    words[k], words[k + 1] = words[k + 1], words[k]
    return text._replace(title=" ".join(words))


def _parts(title: str) -> tuple[str, str] | None:
    main, colon, subtitle = title.partition(": ")
    return (main, subtitle) if colon else None


def changed_subtitle(editor: Editor, text: Text) -> Text | None:
    """Another subtitle; some of its words may be the same. What stays must be told by a person."""
    parts = _parts(text.title)
    if not parts or not text.abstract:
        return None
    main, subtitle = parts
    if tells(subtitle):
        return None
    dice = editor.dice
    content = [
        word
        for word in subtitle.rstrip("?").split()
        if word.lower() not in _ARTICLES and len(word) > 3 and not is_name(word, text.name)
    ]
    if len(content) < 2:
        return None
    first, last = content[0], content[-1]
    made = dice.pick(
        [
            f"A Study of {last}",
            f"{first} and {last} Revisited",
            f"Towards Better {last}",
            f"Lessons from {first} {last}",
            f"An Empirical Look at {first} {last}",
            f"From {first} to {last}",
            f"What We Learned About {last}",
            "A New Perspective",
            "Theory and Practice",
        ]
    )
    return text._replace(title=f"{main}: {made}")


def missing_subtitle(editor: Editor, text: Text) -> Text | None:  # noqa: ARG001
    parts = _parts(text.title)
    if not parts or (not text.abstract and len(parts[0].split()) < 4):
        return None
    if tells(parts[1]):
        return None
    return text._replace(title=parts[0])


def cut_title(editor: Editor, text: Text) -> Text | None:
    """Cut behind 4 words at least, as lists do, with dots or without, at times within a word."""
    words = text.title.split(" ")
    least = 4 if text.abstract else max(6, len(words) * 2 // 3)
    if len(words) <= least:
        return None
    kept = least + editor.dice.below(len(words) - least)
    if tells(" ".join(words[kept:])):
        return None
    made = " ".join(words[:kept])
    how = editor.dice.below(4)
    if how == 0:
        made += " " + words[kept][: len(words[kept]) // 2]
    return text._replace(title=made.rstrip(" ,:") + ("", "", "…", " ...")[how])


_TEX_ACCENTS = {"\u0301": "'", "\u0300": "`", "\u0308": '"', "\u0302": "^", "\u0303": "~"}


def tex(editor: Editor, text: Text) -> Text | None:
    dice = editor.dice

    def accents(of: str) -> str:
        made = ""
        for letter in of:
            parts = unicodedata.normalize("NFD", letter)
            mark = _TEX_ACCENTS.get(parts[1:])
            base = "\\i" if parts[:1] == "i" else parts[:1]
            made += f"\\{mark}{{{base}}}" if mark else letter
        return made

    ways: list[Callable[[str], str]] = [
        accents,
        lambda t: re.sub(r"\bk-", "$k$-", t),
        lambda t: t.replace("α", "$\\alpha$"),
        lambda t: re.sub(r"\b([23])D", r"\1$D$", t),
        lambda t: re.sub(r"\b([23])D", r"$\1$D", t),
        # capitals that BibTeX must keep
        lambda t: re.sub(r"\b([A-Z][\w]*[A-Z]\w*)", r"{\1}", t),
        lambda t: re.sub(r"\b([A-Z])(?=[a-z])", r"{\1}", t),
        lambda t: f"{{{t}}}",
        lambda t: re.sub(r"^([\w-]+)", r"\\textsc{\1}", t),
        lambda t: re.sub(r"^([\w-]+)", r"\\textbf{\1}", t),
        lambda t: re.sub(r" ([^\W\d_]{5,})", r" \\emph{\1}", t, count=1),
        lambda t: re.sub(r" ([^\W\d_]{5,})", r" {\\it \1}", t, count=1),
        lambda t: t.replace(": ", " --- ", 1),
        lambda t: t.replace(" ", "~", 1),
        lambda t: t.replace("&", "\\&").replace("%", "\\%"),
        lambda t: t.replace(": ", ": \\\\ ", 1),
    ]
    made = text.title
    while made == text.title:
        made = dice.pick(ways)(text.title)
    return text._replace(title=made)


def html_markup(editor: Editor, text: Text) -> Text | None:
    dice = editor.dice
    ways: list[Callable[[str], str]] = [
        lambda t: re.sub(r"([^\W\d_]{5,})", r"<i>\1</i>", t, count=1),
        lambda t: re.sub(r" ([^\W\d_]{5,})", r" <b>\1</b>", t, count=1),
        lambda t: re.sub(r" ([^\W\d_]{5,})", r" <em>\1</em>", t, count=1),
        lambda t: re.sub(r"(\d)", r"<sub>\1</sub>", t, count=1),
        lambda t: f"<p>{t}</p>",
        lambda t: f'<span class="title">{t}</span>',
        lambda t: t.replace(": ", ":<br/>", 1),
        lambda t: t.replace(" ", "&nbsp;", 1),
        lambda t: t.replace("-", "&#8211;", 1),
        lambda t: t.replace(" and ", " &amp; ", 1),
        lambda t: html.escape(t).replace("&#x27;", "&#39;"),
        lambda t: t.encode("ascii", "xmlcharrefreplace").decode(),
        lambda t: t.replace(": ", " &mdash; ", 1),
        lambda t: f"&quot;{t}&quot;",
    ]
    made = text.title
    while made == text.title:
        made = dice.pick(ways)(text.title)
    return text._replace(title=made)


# ---------------------------------------------------------------------------------------------
# Edits of the layout and of the abstract


def wrapped(of: str, width: int, indent: str) -> str:
    lines = [""]
    for word in of.split(" "):
        if len(lines[-1]) + len(word) >= width and lines[-1]:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return ("\n" + indent).join(lines)


def hard_wraps(editor: Editor, text: Text) -> Text | None:
    dice = editor.dice
    indent = dice.pick(["", "  ", "\t", "    "])
    width = 25 + dice.below(50)
    title = wrapped(text.title, width, indent)
    abstract = text.abstract and wrapped(text.abstract, 60 + dice.below(25), indent)
    made = text._replace(title=title, abstract=abstract)
    return made if made != text else None


def reworded(editor: Editor, abstract: str, share: float) -> str:
    """With this share of its words dropped, added, swapped, mistyped or replaced."""
    dice = editor.dice
    words = abstract.split(" ")
    for k in dice.some(len(words), max(1, round(len(words) * share))):
        how = dice.random()
        word = words[k]
        # the full stop of a sentence stays
        tail = word[len(word.rstrip(".,")) :]
        if how < 0.5:
            words[k] = dice.pick(editor.words.plain) + tail
        elif how < 0.7:
            words[k] = tail
        elif how < 0.85:
            words[k] = f"{dice.pick(editor.words.plain)} {word}"
        elif k + 1 < len(words) and not tail and words[k + 1][-1:].isalnum():
            words[k], words[k + 1] = words[k + 1], words[k]
        else:
            words[k] = mistyped(dice, word)
    return re.sub(r" +([.,])", r"\1", re.sub(" {2,}", " ", " ".join(words))).strip()


def abstract_edited(editor: Editor, text: Text) -> Text | None:
    """From 2 to 30 % of its words."""
    if not text.abstract:
        return None
    made = reworded(editor, text.abstract, editor.dice.between(0.02, 0.30))
    return text._replace(abstract=made) if made != text.abstract else None


def abstract_cut(editor: Editor, text: Text) -> Text | None:
    """Its first 30 to 85 %, as previews show it: at a word, at times with dots."""
    if not text.abstract:
        return None
    words = text.abstract.split(" ")
    kept = " ".join(words[: max(8, int(len(words) * editor.dice.between(0.3, 0.85)))])
    if kept == text.abstract:
        return None
    return text._replace(abstract=kept + editor.dice.pick(["", "...", "…", " [...]"]))


def abstract_reordered(editor: Editor, text: Text) -> Text | None:
    """Two or more of its sentences elsewhere."""
    parts = sentences(text.abstract or "")
    if len(parts) < 3:
        return None
    dice = editor.dice
    if dice.random() < 0.5:
        at = 1 + dice.below(len(parts) - 1)
        made = parts[at:] + parts[:at]
    else:
        made = list(parts)
        for _ in range(2):
            made.insert(dice.below(len(made)), made.pop(dice.below(len(made))))
    return text._replace(abstract=" ".join(made)) if made != parts else None


def sentence_more(editor: Editor, text: Text) -> Text | None:
    parts = sentences(text.abstract or "")
    if not text.abstract:
        return None
    if editor.dice.random() < 0.3:
        parts.append(f"Code is available at https://example.org/{text.name.lower() or 'code'}.")
    else:
        parts.insert(editor.dice.below(len(parts) + 1), editor.dice.pick(editor.sentences))
    return text._replace(abstract=" ".join(parts))


def sentence_less(editor: Editor, text: Text) -> Text | None:
    parts = sentences(text.abstract or "")
    if len(parts) < 3:
        return None
    del parts[editor.dice.below(len(parts))]
    return text._replace(abstract=" ".join(parts))


def abstract_empty(editor: Editor, text: Text) -> Text | None:
    """Missing, or there and empty."""
    if not text.abstract:
        return None
    return text._replace(abstract=None if editor.dice.random() < 0.8 else "")


# Edits of titles: most keep the abstract, see `with_abstract`.
TITLE_EDITS: dict[str, Edit] = {
    "case": case,
    "punctuation": punctuation,
    "typo": typo,
    "OCR slip": ocr_slip,
    "Unicode variant": unicode_variant,
    "spelling": spelling,
    "hyphenation": hyphenation,
    "abbreviation": abbreviation,
    "plural": plural,
    "word dropped": word_dropped,
    "word added": word_added,
    "word swapped": word_swapped,
    "changed subtitle": changed_subtitle,
    "missing subtitle": missing_subtitle,
    "cut title": cut_title,
    "TeX": tex,
    "HTML": html_markup,
}
ABSTRACT_EDITS: dict[str, Edit] = {
    "hard wraps": hard_wraps,
    "abstract edited": abstract_edited,
    "abstract cut": abstract_cut,
    "abstract reordered": abstract_reordered,
    "sentence more": sentence_more,
    "sentence less": sentence_less,
    "abstract empty": abstract_empty,
}
# Those that leave out what tells a paper from its sisters, or much of its title.
LOSING = frozenset({"changed subtitle", "missing subtitle", "cut title", "word dropped"})


def edited(editor: Editor, kind: str, text: Text) -> Text | None:
    """A near-duplicate of this kind, or None where the edit does not apply.

    With an edit of the title the abstract is as it was in half of the cases, edited by 2 to 10 %
    in 35 %, missing in 15 %.
    """
    if kind in ABSTRACT_EDITS:
        return ABSTRACT_EDITS[kind](editor, text)
    dice = editor.dice
    how = dice.random()
    # the edit must know whether there is an abstract to tell the paper by
    shown = text._replace(abstract=None) if how < 0.15 else text
    made = TITLE_EDITS[kind](editor, shown)
    if made is None or made.title == text.title:
        return None
    if how < 0.65 or not made.abstract:
        return made
    return made._replace(abstract=reworded(editor, made.abstract, dice.between(0.02, 0.10)))
