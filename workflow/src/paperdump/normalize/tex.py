r"""TeX in running text, to readable text.

Only what is certain is undone: quotes, accents, escapes, the macros that choose a font, symbols
that are one character, and mathematics that can be told in plain characters. Unknown macros and
all other mathematics stay as they are written. Dollar signs that are money stay, too.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from typing import Any

# In the syntax of Polars: texts without any are as they are. So it is with the marks of the modules
# beside this one.
MARKS = (r"[\\$`~]", "--", r"https?://[^\s{]*\{")

_STYLES = (
    "emph|textbf|textit|texttt|textsc|textsf|textsl|textrm|textup|textmd|textnormal|underline"
    "|uline|mbox|text"
)
_SWITCHES = (
    "em|bf|it|sc|tt|sf|sl|rm|bfseries|itshape|scshape|ttfamily|sffamily|slshape|rmfamily"
    "|normalfont|tiny|scriptsize|footnotesize|small|normalsize|large|Large"
)
# what stands between a pair of braces, with up to two pairs inside; bounded, as a text may be
# made of open braces alone
_BRACED = r"(?:[^{}]|\{(?:[^{}]|\{[^{}]{,2000}\}){,2000}\}){,2000}"

# A span that is not touched by what comes after it, by its place in a list of such spans.
_KEPT = re.compile("\0([0-9]+)\1")
_MARKERS = {0: None, 1: None}

_URL = re.compile(r"https?://(?:[^\s{}\\$|<>\"^`\0]|\\[_%#&~](?:\{\})?){1,2000}", re.IGNORECASE)
_URL_ESCAPE = re.compile(r"\\([_%#&~])(?:\{\})?")
_DOUBLED_URL = re.compile(
    rf"({_URL.pattern})\s*\{{\s*(?:\\(?:{_SWITCHES}|url|texttt)\s*)*"
    rf"(?:\{{\s*)?({_URL.pattern})\s*(?:\}}\s*)?\}}",
    re.IGNORECASE,
)
_LINKED = re.compile(
    rf"\\url\s*\{{\s*({_BRACED})\s*\}}"
    rf"|\\href\s*\{{\s*([^{{}}]*)\s*\}}\s*\{{({_BRACED})\}}"
)

# Mathematics: as TeX has it, but a dollar sign next to a space begins or ends none; only what
# TeX itself skips, the space after a macro, may stand before the last one.
_MATH = re.compile(
    r"""
      \$ (?<!\\\$) (?:
        \$ (?P<display> (?:\\. | [^$\\])+ ) \$\$
      | (?=\S) (?P<dollar> (?:\\. | [^$\\])*? (?:\\[A-Za-z]+\s* | \\. | [^$\\\s]) ) \$
      )
    | \\ (?<!\\\\) (?:
        \( (?P<round> (?:\\[^()] | [^\\])+? ) \\\)
      | \[ (?P<square> (?:\\[^\[\]] | [^\\])+? ) \\\]
      )
    """,
    re.DOTALL | re.VERBOSE,
)
_MATH_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]+)(?P<after>\s*)|\\(?P<escape>[\s\S])|(?P<digits>[0-9]+(?:[.,][0-9]+)*)"
    r"|(?P<blank>\s+)|(?P<sign>[\s\S])"
)
_FUNCTIONS = re.compile(
    "log|ln|lg|exp|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|sinh|cosh|tanh|max|min|sup|inf|lim"
    "|limsup|liminf|arg|deg|det|dim|gcd|hom|ker|Pr"
)
_UPRIGHT = frozenset(
    ("mathrm", "mathit", "operatorname", "text", "textrm", "textit", "textnormal", "mbox")
)
_SIZES = frozenset(
    f"{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")
) | {"left", "right"}
_SPACES = {",": " ", ";": " ", ":": " ", ">": " ", " ": " ", "\n": " ", "!": ""}
_DOUBLE_STRUCK = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
# Signs of category Sm that are no operators between two things.
_ORDINARY = frozenset("∞∇∂∀∃∄∅√¬∑∏∫∮⊤⊥")
_AS_THEY_ARE = frozenset("()[]|/<>=+-*,.;:!?'@")

_ACCENTS = dict(
    zip(
        "`'^\"~=.vcuHkr",
        "\u0300\u0301\u0302\u0308\u0303\u0304\u0307\u030c\u0327\u0306\u030b\u0328\u030a",
        strict=True,
    )
)
_LETTER = r"(?:[A-Za-z]|\\[ij](?![A-Za-z]))"
# The patterns begin with what they look for, and look behind only then: that is found fast. So
# `\\(?<!\\\\)` is a backslash that none stands before.
_ACCENTED = (
    rf"\\(?<!\\\\)(?:(?P<sign>[`'^\"~=.])(?:(?P<a>{_LETTER})|\{{\s*(?P<b>{_LETTER})\s*\}})"
    rf"|(?P<name>[vcuHkr])(?:\s+(?P<c>{_LETTER})|\s*\{{\s*(?P<d>{_LETTER})\s*\}}))"
)
_ACCENT = re.compile(_ACCENTED)
_ACCENT_IN_BRACES = re.compile(rf"\{{\s*{_ACCENTED}\s*\}}")
# "\'" and '\"' as quotes, escaped once too often: an accent has a letter to stand on
_QUOTE_ESCAPE = re.compile(r"\\(?<!\\\\)(['\"])(?![A-Za-z{\\])")
_CONTRACTION = re.compile(r"\\'(?<=[A-Za-z]\\')(?=(?:s|t|m|d|re|ve|ll)(?![A-Za-z]))")
_QUOTE_BEFORE_WORD = re.compile(r"\\(?<![\w\\}]\\)(['\"])(?=[A-Za-z])")

_LETTERS = "ss|SS|o|O|l|L|ae|AE|oe|OE|aa|AA|dh|DH|th|TH|dj|DJ|ng|NG"
_SPECIAL_LETTER = re.compile(
    rf"\\(?:(?<=[A-Za-z]\\)({_LETTERS})(?![A-Za-z])(?:\{{\}}|[ ](?=[a-z]))?"
    rf"|(?<!\\\\)({_LETTERS})(?![A-Za-z])(?:\{{\}}|[ ])(?=[a-z]{{2}}))"
)
_SPECIAL_LETTER_IN_BRACES = re.compile(rf"\{{\s*\\({_LETTERS})\s*\}}")

_STYLED = re.compile(
    rf"\\(?<!\\\\)(?:{_STYLES}|textcolor\s*\{{[^{{}}]*\}})\s*\{{(?P<text>{_BRACED})\}}"
)
_SWITCHED = re.compile(rf"\{{\s*(?:\\(?:{_SWITCHES})(?![A-Za-z])\s*)+(?P<text>{_BRACED})\}}")
_SYMBOL = re.compile(r"\\(?<!\\\\)([A-Za-z]{2,})(?:\{\})?( ?)")
_ESCAPE = re.compile(r"\\(?<!\\\\)([%&#_])")
_MONEY = re.compile(r"\\(?<!\\\\)\$")
_LINE_BREAK = re.compile(r"\\\\(?<!\\\\\\)(?:\*|\[[0-9.]+(?:em|ex|pt|mm|cm)\])?(?=\s|$)")
_SPACE_ESCAPE = re.compile(r"\\(?<!\\\\)(?:(?=\s)|[,;](?=\S))")

_DOUBLE_QUOTES = re.compile(r"``(?<![\w`]``)(?=[^\s`])((?:(?!\n\n|``|'').)+?)''(?!')", re.DOTALL)
_SINGLE_QUOTES = re.compile(
    r"`(?<![\w`\0\1]`)(?=[^\s`'])((?:(?!\n\n)[^`]){1,300}?)(?<!\s)'(?![\w'])", re.DOTALL
)
# Between words, without spaces or with one on each side; "-->", "--option", "i--" are no dashes.
_DASH = re.compile(
    r"--(?:(?<=[\w)\]}%.,!?'\"’”*\1]--)(-?)(?=[\w(\[{'\"“‘$\\\0])|(?<=\S\s--)(-?)(?=\s))"
)
# A tie holds together; anything else that a tilde says ("~5 hours", "X~N(0,1)") must stay.
_TIE = re.compile(r"~(?=[\w(\[$\\\0])")
_TIE_BEFORE = re.compile(r"\0|\\(?:cite[pt]?|ref|eqref|autoref)\b")
_LABEL = re.compile(
    r"(?:\b(?:Figs?\.|Figures?|Tabs?\.|Tables?|Secs?\.|Sections?|Eqs?\.|Equations?|Theorem|Lemma"
    r"|Appendix|Algorithm|Chapter|Refs?\.|Dr\.|Prof\.|Mrs?\.|St\.)|\bet|\bal\.)\Z"
)
_IS_TEX = re.compile(r"\\[A-Za-z`'\"^=%&_]")


def plain(text: str) -> str:
    r"""A text without the TeX whose meaning is certain.

    - Quotes, dashes: ``like this'', `this', 2--3 and a---b become typographic ones, but not
      "-->" or "--option". A tie becomes a space, a tilde that may say "about" stays.
    - Accents become letters (``\"o``, ``\v{c}``, ``\ss``) where Unicode has the letter. A quote
      that was escaped once too often (``It\'s``) is a quote.
    - ``\%``, ``\&``, ``\#``, ``\_`` and ``\$`` lose the backslash; the last only where no
      mathematics comes of it.
    - Macros of font and size go, their text stays; ``\url`` and ``\href`` leave the address, the
      latter in brackets after its text. An address and its copy in braces become one.
    - Symbols become characters (``\alpha``, ``\pm``); their names are those of pylatexenc.
    - Mathematics loses its dollar signs where all of it can be told in plain characters: letters,
      numbers, symbols, names of functions, upright text; powers and indices stay as they are
      written, ``x^2`` and ``s_{ij}``. Fractions, bold and calligraphic letters, accents over
      symbols, unknown macros: all of it stays as it is written.

    The sign that a macro stands for can be a mark of TeX itself: only a text that is not changed
    by it any more is plain.
    """
    text = text.translate(_MARKERS) if "\0" in text else text
    kept: list[str] = []

    def keep(span: str) -> str:
        kept.append(span)
        return f"\0{len(kept) - 1}\1"

    is_tex = "~" in text and _IS_TEX.search(text) is not None
    has_macros = "\\" in text
    if "{" in text:
        text = _DOUBLED_URL.sub(_one_of_two, text)
        text = _LINKED.sub(_link, text)
    if "://" in text:
        text = _URL.sub(lambda found: keep(_URL_ESCAPE.sub(r"\1", found[0])), text)
    if has_macros or text.count("$") > 1:
        text = _MATH.sub(functools.partial(_mathematics, keep), text)
    if "\\" in text:  # mostly all of them were within mathematics
        text = _accents(text)
        text = _SPECIAL_LETTER_IN_BRACES.sub(_special_letter, text)
        text = _SPECIAL_LETTER.sub(_special_letter, text)
        text = _STYLED.sub(r"\g<text>", text)
        text = _SWITCHED.sub(r"\g<text>", text)
        text = _SYMBOL.sub(_symbol, text)
        text = _LINE_BREAK.sub(" ", text)
        text = _SPACE_ESCAPE.sub(lambda found: " " if found[0] in ("\\,", "\\;") else "", text)
        text = _ESCAPE.sub(r"\1", text)
        text = _money(text)
    if "`" in text:
        text = _DOUBLE_QUOTES.sub("“\\1”", text)
        text = _SINGLE_QUOTES.sub("‘\\1’", text)
    if "--" in text:
        text = _DASH.sub(lambda found: "—" if found[1] or found[2] else "–", text)
    if "~" in text:
        text = _TIE.sub(functools.partial(_tie, is_tex), text)
    while kept and _KEPT.search(text):
        text = _KEPT.sub(lambda found: kept[int(found[1])], text)
    return text


@functools.cache
def _macros() -> Any:
    """The table of macros that pylatexenc has."""
    from pylatexenc.latex2text import (  # noqa: PLC0415 (as in ``mojibake``)
        get_default_latex_context_db,
    )

    return get_default_latex_context_db()


@functools.cache
def symbols() -> dict[str, str]:
    """Macros that stand for a character, name → character.

    But for a few they are from pylatexenc's table; not macros of one letter, which authors define
    for themselves, and not characters that TeX would read anew.
    """
    table = _macros()
    found = {
        "ne": "≠",
        "degree": "°",
        "textdegree": "°",
        "textless": "<",
        "textgreater": ">",
        "colon": ":",
        "LaTeX": "LaTeX",
        "TeX": "TeX",
        "texteuro": "€",
        "euro": "€",
        "copyright": "©",
    }
    for category in table.categories():
        for macro in table.iter_macro_specs([category]):
            character = macro.simplify_repl
            if not isinstance(character, str) or len(character) != 1 or len(macro.macroname) < 2:
                continue
            kind = unicodedata.category(character)
            is_letter = kind in ("Lu", "Ll", "Lo") and macro.macroname in _LETTERS.split("|")
            if character.isascii() or is_letter or macro.macroname == "id":
                continue
            if kind in ("Sm", "So", "Sc", "Po", "Pd", "Ps", "Pe", "Pi", "Pf", "Lu", "Ll", "Lo"):
                found.setdefault(macro.macroname, character)
    return found


def _one_of_two(found: re.Match[str]) -> str:
    """An address that stands twice, the second time in braces: once."""
    one, two = (_URL_ESCAPE.sub(r"\1", url).rstrip("/") for url in found.groups())
    return found[1] if one == two else found[0]


def _link(found: re.Match[str]) -> str:
    r"""``\url`` and ``\href`` as an address, apart from the word before it."""
    before = found.string[found.start() - 1 : found.start()]
    gap = " " if before and not before.isspace() and before not in "([{“‘\"'" else ""
    if found[1] is not None:
        return gap + found[1].strip()
    address, text = found[2].strip(), found[3].strip()
    bare = re.sub(r"\\texttt\s*\{(.*)\}", r"\1", text)
    if not text or _URL_ESCAPE.sub(r"\1", bare) == _URL_ESCAPE.sub(r"\1", address):
        return gap + address
    return f"{text} ({address})"


def _symbol(found: re.Match[str]) -> str:
    """A symbol outside of mathematics; an operator has spaces on both sides or on none."""
    symbol = symbols().get(found[1])
    if symbol is None:
        return found[0]
    is_tight = not found.string[found.start() - 1 : found.start()].isspace()
    return symbol + ("" if _is_operator(symbol) and is_tight else found[2])


def _is_operator(symbol: str) -> bool:
    return len(symbol) == 1 and unicodedata.category(symbol) == "Sm" and symbol not in _ORDINARY


def _tie(is_tex: bool, found: re.Match[str]) -> str:
    """A tie as a space, where it is one: after a label, before an address or a citation.

    In a text with macros also between words, and before mathematics; not before a number.
    """
    text, at = found.string, found.start()
    before, after = text[max(0, at - 12) : at], text[at + 1 : at + 12]
    if not before or not (before[-1].isalnum() or before[-1] in ".,)]}%\1_"):
        return "~"
    if _TIE_BEFORE.match(after) or _LABEL.search(before):
        return " "
    is_between_words = after[:2].isalpha() or after[0] in "([$\\"
    return " " if is_tex and is_between_words else "~"


def _accents(text: str) -> str:
    """Accents on letters, and quotes that were escaped once too often."""
    text = _CONTRACTION.sub("'", text)
    escaped = {found[1] for found in _QUOTE_ESCAPE.finditer(text)}
    if escaped:
        text = _QUOTE_ESCAPE.sub(r"\1", text)
        # in such a text, the one before a word opens the quote that the other closes
        text = _QUOTE_BEFORE_WORD.sub(lambda f: f[1] if f[1] in escaped else f[0], text)
    return _ACCENT.sub(_accented, _ACCENT_IN_BRACES.sub(_accented, text))


def _accented(found: re.Match[str]) -> str:
    """A letter with its accent, where that is one character."""
    sign = found["sign"] or found["name"]
    letter = found["a"] or found["b"] or found["c"] or found["d"]
    whole = unicodedata.normalize("NFC", letter.lstrip("\\") + _ACCENTS[sign])
    return whole if len(whole) == 1 else found[0]


def _special_letter(found: re.Match[str]) -> str:
    """A letter that is a macro of TeX."""
    macro = _macros().get_macro_spec(next(filter(None, found.groups())))
    letter = getattr(macro, "simplify_repl", None)
    return letter if isinstance(letter, str) else found[0]


def _money(text: str) -> str:
    """Dollar signs without their backslash, where no two of them would make mathematics."""
    if "\\$" not in text:
        return text
    bare = _MONEY.sub("$", text)
    return text if _MATH.search(bare) else bare


def _mathematics(keep: Callable[[str], str], found: re.Match[str]) -> str:
    """A span of mathematics in plain characters; as it is written where these cannot tell it."""
    body = next(group for group in found.groups() if group is not None)
    rendered = _render(body) if _is_certain(found, body) else None
    return keep(found[0] if rendered is None else rendered)


def _is_certain(found: re.Match[str], body: str) -> bool:
    """Whether a span is mathematics, not what happens to stand between two sums of money."""
    if found["round"] is not None or found["square"] is not None:
        # "\[1\]" and "\(a\)" are brackets that Markdown escapes
        return re.search(r"\\[A-Za-z]|[\^_]", body) is not None
    text, start, end = found.string, found.start(), found.end()
    if "\n\n" in body or "\\$" in body:
        return False
    only_operator = re.fullmatch(r"\\[A-Za-z]+\s*|\\%|[<>=+-]+", body) is not None
    if text[end : end + 1].isdigit() and not only_operator and "\\" not in body:
        return False
    if text[start - 1 : start].isdigit() and body[0] not in "\\^_+-<>=*":
        return False
    if re.search(r"(?<![\^_])[/:;,.\-–=<>]\Z", body) and "\\" not in body and not only_operator:
        return False
    # words with spaces around them are prose
    return "\\" in body or re.search(r"\s[A-Za-z]{2,}|[A-Za-z]{2,}\s", body) is None


class _UntellableError(Exception):
    """Something in mathematics that plain characters cannot tell."""


@functools.lru_cache(maxsize=4096)
def _render(body: str) -> str | None:
    """Mathematics in plain characters, or None."""
    if "--" in body or "``" in body:
        return None
    tokens = list(_MATH_TOKEN.finditer(body))
    try:
        rendered, end = _sequence(tokens, 0, closing=False)
    except _UntellableError:
        return None
    rendered = re.sub(r"\s+", " ", rendered).strip()
    return rendered if end == len(tokens) and rendered else None


def _sequence(tokens: list[re.Match[str]], at: int, *, closing: bool) -> tuple[str, int]:
    """What tokens say, up to the end or to the brace that closes their group."""
    pieces: list[str] = []
    while at < len(tokens):
        token = tokens[at]
        if token["sign"] == "}":
            if not closing:
                raise _UntellableError
            return "".join(pieces), at + 1
        if token["sign"] in ("^", "_"):
            script, at = _script(tokens, at, "".join(pieces))
            pieces.append(script)
            continue
        piece, at = _atom(tokens, at, "".join(pieces))
        pieces.append(piece)
    if closing:
        raise _UntellableError
    return "".join(pieces), at


def _script(tokens: list[re.Match[str]], at: int, before: str) -> tuple[str, int]:
    """A power or an index: as it is written, without braces around a single character."""
    mark = tokens[at]["sign"]
    at += 1
    while at < len(tokens) and tokens[at]["blank"]:
        at += 1
    if at == len(tokens):
        raise _UntellableError
    token = tokens[at]
    if token["digits"] and len(token["digits"]) > 1:
        # TeX takes the first digit alone
        raise _UntellableError
    if token["sign"] == "{":
        inner, at = _sequence(tokens, at + 1, closing=True)
    else:
        inner, at = _atom(tokens, at, "")
    inner, space = inner.strip(), " " if inner[-1:].isspace() and token["word"] else ""
    if not inner or (len(inner) > 1 and any(mark in inner for mark in "^_")):
        raise _UntellableError
    if mark == "^" and inner == "∘" and (before[-1:].isdigit() or not before.strip()):
        return "°" + space, at
    if mark == "^" and inner.strip("'′") == "":
        return inner + space, at
    return (f"{mark}{inner}" if len(inner) == 1 else f"{mark}{{{inner}}}") + space, at


def _atom(tokens: list[re.Match[str]], at: int, before: str) -> tuple[str, int]:
    """What a token says, with its argument, and the place after it."""
    token = tokens[at]
    at += 1
    if token["digits"] or token["blank"]:
        return token["digits"] or " ", at
    if token["escape"]:
        sign = token["escape"]
        if sign in "%&#_{}":
            return sign, at
        if sign == "|":
            return "‖", at
        if sign in _SPACES:
            return _SPACES[sign], at
        raise _UntellableError
    if token["sign"]:
        return _sign(tokens, at, token["sign"])
    return _macro(tokens, at, token, before)


def _sign(tokens: list[re.Match[str]], at: int, sign: str) -> tuple[str, int]:
    if sign == "{":
        return _sequence(tokens, at, closing=True)
    if sign == "~":
        return " ", at
    if sign in _AS_THEY_ARE or sign.isalpha() or ord(sign) > 0x7F:
        return sign, at
    raise _UntellableError


def _macro(
    tokens: list[re.Match[str]], at: int, token: re.Match[str], before: str
) -> tuple[str, int]:
    word, after = token["word"], token["after"]
    space = " " if after else ""
    if word in _UPRIGHT or word == "mathbb":
        inner, at = _argument(tokens, at)
        if word != "mathbb":
            return inner, at
        if inner not in _DOUBLE_STRUCK:
            raise _UntellableError
        return _DOUBLE_STRUCK[inner], at
    if word in ("rm", "it", "displaystyle", "textstyle", "limits", "nolimits", "xspace"):
        return "", at
    if word in ("quad", "qquad"):
        return " ", at
    if word in _SIZES:
        if at == len(tokens) or tokens[at][0] not in ("(", ")", "[", "]", "|", "\\{", "\\}", "/"):
            raise _UntellableError
        return "", at
    if _FUNCTIONS.fullmatch(word):
        gap = " " if before[-1:].isalnum() else ""
        return gap + word + space, at
    if word == "sqrt":
        inner, at = _argument(tokens, at)
        if not (inner.isdigit() or len(inner) == 1):
            raise _UntellableError
        return f"√{inner}", at
    if word in ("lvert", "rvert", "vert", "mid"):
        return f" {'|'} " if word == "mid" else "|", at
    if word == "prime":
        return "′", at
    symbol = symbols().get(word)
    if symbol is None:
        raise _UntellableError
    if _is_operator(symbol):
        # TeX skips the space after a macro; one that was meant stands before it, too
        return symbol + (" " if before[-1:].isspace() else ""), at
    return symbol + space, at


def _argument(tokens: list[re.Match[str]], at: int) -> tuple[str, int]:
    """The argument of a macro."""
    while at < len(tokens) and tokens[at]["blank"]:
        at += 1
    if at == len(tokens):
        raise _UntellableError
    if tokens[at]["sign"] == "{":
        inner, at = _sequence(tokens, at + 1, closing=True)
    else:
        inner, at = _atom(tokens, at, "")
    return inner.strip(), at
