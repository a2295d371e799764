r"""TeX in the values of BibTeX: groups in braces, accents, escapes.

Only what is certain is undone: an accented letter, a special one, an escaped sign, braces that
protect a word's case. Mathematics and unknown commands stay as they are written.
"""

from __future__ import annotations

import functools
import re
from typing import Any

_DELIMITERS = re.compile(r'\\.|[{}"]', re.DOTALL)


class BrokenError(Exception):
    """A block whose syntax is wrong; says how."""


def end_of_group(raw: str, start: int) -> int:
    """The position after the piece that begins with the brace or quote at a position.

    Raises:
        BrokenError: It does not end.
    """
    quoted, depth = raw[start] == '"', 0
    for found in _DELIMITERS.finditer(raw, start + 1):
        mark = found[0]
        if mark == "{":
            depth += 1
        elif mark == "}":
            if depth == 0 and not quoted:
                return found.end()
            depth -= 1
        elif mark == '"' and quoted and depth <= 0:
            return found.end()
    raise BrokenError(f"the value `{raw[start : start + 40]}` does not end")


_LETTER = r"(?:[A-Za-z]|\\[ij](?![A-Za-z]))"
# An accented or special letter, or an escaped sign. That of the dollar and of braces is no part
# of it: without its backslash it would read as mathematics or as a group.
_SPECIAL = (
    rf"\\[`'^\"~=.]\s*(?:{_LETTER}|\{{\s*{_LETTER}\s*\}})"
    rf"|\\[vcuHkrdb](?:\s+{_LETTER}|\s*\{{\s*{_LETTER}\s*\}})"
    r"|\\(?:ss|SS|o|O|l|L|ae|AE|oe|OE|aa|AA|i|j|dh|DH|th|TH|dj|DJ|ng|NG"
    r"|text(?:endash|emdash|quoteleft|quoteright|quotedblleft|quotedblright|quotesingle"
    r"|asciitilde|bullet)|ldots|dots)"
    r"(?![A-Za-z])(?:\{\}|[ \t]+)?"
    r"|\\[&%_#]"
)
_TOKEN = re.compile(
    rf"""
    (?P<math>\$\$(?:\\.|[^$\\])*\$\$|\$(?:\\.|[^$\\])+\$)
  | (?P<special>\{{(?:{_SPECIAL})\}}|{_SPECIAL})
  | (?P<command>\\[A-Za-z]+\*?[ \t\n]*|\\[`'^"~=.]|[_^])
  | (?P<symbol>\\.)
  | (?P<open>\{{)
  | (?P<close>\}})
  | (?P<option>\[[^\[\]{{}}\\$]*\])
    """,
    re.DOTALL | re.VERBOSE,
)


def plain(text: str | None) -> str | None:
    """A text without the braces that protect its capitals and with its letters as they are.

    Mathematics, TeX's commands and the braces of their arguments stay. None where nothing is left.
    """
    if text is None:
        return None
    if "\\" not in text and "{" not in text and "}" not in text:
        return text.strip() or None
    pieces: list[str] = []
    kept: list[bool] = []  # of each open brace, whether it stays
    position = argument_at = 0  # where a brace or bracket is an argument of the command before it
    for found in _TOKEN.finditer(text):
        if found.start() > position:
            pieces.append(text[position : found.start()])
        position = found.end()
        piece = found[0]
        match found.lastgroup:
            case "special":
                piece = _letters(piece)
            case "command":
                argument_at = position
            case "open":
                command_inside = text.startswith("\\", position) and not _special_at(text, position)
                kept.append(command_inside or found.start() == argument_at > 0)
                piece = piece if kept[-1] else ""
            case "close" if kept:
                piece = piece if kept.pop() else ""
                argument_at = position if piece else 0
            case "option" if found.start() == argument_at > 0:
                argument_at = position
        pieces.append(piece)
    pieces.append(text[position:])
    return "".join(pieces).strip() or None


def _special_at(text: str, position: int) -> bool:
    found = _TOKEN.match(text, position)
    return found is not None and found.lastgroup == "special"


@functools.lru_cache(maxsize=4096)
def _letters(tex: str) -> str:
    """What an accented or special letter of TeX is in Unicode; itself where that is not known.

    Only such pieces are handed to the library's decoder: of a whole text it would also drop all
    that follows a percent sign.
    """
    from bibtexparser.library import Library  # noqa: PLC0415
    from bibtexparser.model import String  # noqa: PLC0415

    decoded = _decoder().transform_string(String("x", tex), Library())
    text = str(getattr(decoded, "value", ""))
    return text if text.strip() else tex


@functools.cache
def _decoder() -> Any:
    from bibtexparser.middlewares import LatexDecodingMiddleware  # noqa: PLC0415

    return LatexDecodingMiddleware()


_BRACE_OR_SEPARATOR = {sign: re.compile(rf"\\.|[{{}}{sign}]", re.DOTALL) for sign in ",;"}


def split_outside_braces(text: str, separator: str) -> list[str]:
    """The parts of a text between separators outside of braces."""
    parts: list[str] = []
    depth = start = 0
    for found in _BRACE_OR_SEPARATOR[separator].finditer(text):
        mark = found[0]
        if mark == "{":
            depth += 1
        elif mark == "}":
            depth = max(0, depth - 1)
        elif mark == separator and depth == 0:
            parts.append(text[start : found.start()])
            start = found.end()
    parts.append(text[start:])
    return parts


def is_braced(text: str) -> bool:
    """Whether one pair of braces encloses all of a text."""
    if not text.startswith("{"):
        return False
    try:
        return end_of_group(text, 0) == len(text)
    except BrokenError:
        return False
