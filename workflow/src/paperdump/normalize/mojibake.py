"""Mojibake: text that was written in one encoding and read in another, put right."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

# Mojibake is made of neighbours: a character of several bytes was read byte by byte. Or of a lone
# lead byte whose follower became a space, or of a control that no text has. The pattern is one for
# Polars and for Python, so it holds the characters themselves; rows without any are not looked at.
SUSPECT = "[\x80-\x9f]|[ÃÂ]\\s|[\xa0-\u052f\u2010-\u25ff\uf8ff\ufb01\ufb02\ufffd]{2}"
_SUSPECT = re.compile(SUSPECT)

# What science writes, and what would be read as two bytes of one letter: square ångströms, an
# ångström and its error, a product's power, the root of plus or minus. Inside of a word it is
# mojibake: no one writes there what these stand for.
_MEANT = re.compile(r"(?<![^\W\d_])(?:Å[°±²³·¹]|[√≈][^\w\s])|×[²³]")
_SHIELD = "\x0e"  # a control of one byte in every encoding


def undo(text: str) -> str:
    """The text with its mojibake undone; any other text as it is.

    The work is done by ftfy, by its heuristics of which sequences no one writes; of its fixes only
    those of encodings are used. Pairs of signs that are usual in science are kept from it.
    """
    if text.isascii() or not _SUSPECT.search(text):
        return text
    if _SHIELD in text or not _MEANT.search(text):
        return _fixer()(text)
    shielded = _MEANT.findall(text)
    fixed = _fixer()(_MEANT.sub(_SHIELD, text))
    pieces = fixed.split(_SHIELD)
    if len(pieces) != len(shielded) + 1:
        return text
    return "".join(a + b for a, b in zip(pieces, [*shielded, ""], strict=True))


@functools.cache
def _fixer() -> Callable[[str], str]:
    """What puts encodings right, and nothing else: quotes, widths, ligatures stay."""
    import ftfy  # noqa: PLC0415 (it takes long, and most who import this clean no text)

    config = ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        replace_lossy_sequences=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )
    return lambda text: str(ftfy.fix_encoding(text, config))
