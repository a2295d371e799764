"""Line wraps within a word: which hyphens at a line's end were put there by the wrap."""

from __future__ import annotations

import re

# In the syntax of Polars: rows without any are not looked at.
HYPHEN_AT_LINE_END = r"\w[-\x{2010}\x{ad}][ \t\r]*\n"

_WRAP = re.compile(
    r"""
    (?<! [^\W_] ) (?P<left> [^\W_]+ )
    (?P<hyphen> [-\u2010\u00ad] ) [ \t\r]* \n [ \t]*
    (?P<right> [^\W_]+ )
    # not what has a charge: "K-" at the end of a line, "e+" on the next
    (?! [+] | [-\u2010] (?:\W|$) )
    """,
    re.VERBOSE,
)

# What follows a hyphen that holds a part's place: "short- and long-form".
_SUSPENDED = re.compile(
    r"(?:and|or|to|vs|versus|nor|but|as|und|oder|bis|et|ou|y|o)(?![-\u2010\w])", re.IGNORECASE
)

# Ends of English words that are no words, so no part of a compound.
_ENDING = re.compile(
    "(?:a|iza|isa|za|sa|)tions?|(?:a|)tional|tionally|sions?|i[sz](?:ed|es|ing)|ings?|ments?"
    "|ness|nesses|ity|ities|bility|bilities|tive|tively|ically|ingly|edly"
)

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def unwrap(text: str) -> str:
    """The text with the words that a line's end cuts in two in one piece.

    The hyphen stays wherever it can belong to the word ("state-of-the-" / "art"), also where no
    one can tell: a compound keeps it for certain. It goes where it was put there by the wrap:
    where it is a soft hyphen, where the joined word stands elsewhere in the text and the
    hyphenated one does not, or where what follows is an ending that is no word ("general-" /
    "ization"). One that holds a part's place ("short-" / "and long-form") is left alone, and so
    is what may be a sign rather than a hyphen.
    """
    words = frozenset(_WORD.findall(text.lower()))

    def joined(found: re.Match[str]) -> str:
        left, hyphen, right = found["left"], found["hyphen"], found["right"]
        if hyphen == "\u00ad":
            return left + right
        if len(left) == len(right) == 1 or _SUSPENDED.match(text, found.start("right")):
            return found[0]
        whole, compound = (left + right).lower(), f"{left}-{right}".lower()
        is_cut = _ENDING.fullmatch(right) or (whole in words and compound not in words)
        if is_cut and left.isalpha() and right.isalpha() and right.islower() and len(left) > 1:
            return left + right
        return f"{left}{hyphen}{right}"

    return _WRAP.sub(joined, text)
