"""The syntax of BibTeX: a block → its fields, ``@string`` names and joined pieces resolved."""

from __future__ import annotations

import logging
import re
from typing import Any

from paperdump.readers.references import MONTHS
from paperdump.readers.tex import BrokenError, end_of_group


class UndefinedError(Exception):
    """A value that names an ``@string`` which is not defined."""


class TooLargeError(Exception):
    """Values that grow beyond the limit by the ``@string`` definitions that they name."""


# fields in which a word without braces is what it says, e.g. ``month = September``
_BARE = ("year", "month", "day", "date")
_USED = frozenset(
    re.findall(
        r"\w+",
        """title abstract author authors date year month day eprint archiveprefix eprinttype arxivid
        arxiv doi url howpublished note keywords keyword primaryclass journal journaltitle
        booktitle volume number issue pages""",
    )
)
_PIECE = re.compile(r'\s*(?:([{"])|([^\s#{}",=]+))')
_JOINED = re.compile(r"\s*#")


class Strings:
    """The ``@string`` definitions that were read so far.

    Attributes:
        limit: The most characters of them that are kept, and that a value or entry may have.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._kept = 0
        self._values = {name: name for name in MONTHS}

    def define(self, name: str, raw: str) -> None:
        """Keep a definition; a later one of the same name counts.

        Raises:
            BrokenError: Its value is not one.
            UndefinedError: It names another that is not defined.
            TooLargeError: There are too many to be kept.
        """
        value = self.value(raw, self.limit)
        self._kept += len(name) + len(value)
        if self._kept > self.limit:
            raise TooLargeError
        self._values[name.lower()] = value

    def value(self, raw: str, limit: int, *, bare: bool = False) -> str:
        """A value: its pieces without braces and quotes, joined.

        Args:
            raw: The value as it stands in the entry.
            limit: The most characters that it may have.
            bare: Whether a word that is not defined stands for itself.

        Raises:
            BrokenError: It is not a value.
            UndefinedError: It names a definition that there is not.
            TooLargeError: It is longer than the limit.
        """
        pieces: list[str] = []
        size = position = 0
        raw = raw.strip()
        while position < len(raw):
            found = _PIECE.match(raw, position)
            if not found:
                raise BrokenError(f"`{raw[position : position + 40]}` is not a value")
            if found[1]:
                end = end_of_group(raw, found.end(1) - 1)
                piece, position = raw[found.end(1) : end - 1], end
            else:
                piece, position = self._meant(found[2], bare), found.end()
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise TooLargeError
            joined = _JOINED.match(raw, position)
            if not joined and position < len(raw):
                rest = raw[position:].strip()[:40]
                raise BrokenError(f"after a value comes `{rest}` instead of a comma")
            position = joined.end() if joined else position
        return "".join(pieces)

    def _meant(self, word: str, bare: bool) -> str:
        """What a word without braces stands for."""
        if word.isdecimal():
            return word
        value = self._values.get(word.lower())
        if value is None:
            if not bare:
                raise UndefinedError(word)
            return word
        return value


# the library takes a brace after two backslashes for an escaped one
_BREAK_BEFORE_BRACE = re.compile(r'(?<!\\)((?:\\\\)+)(?=[{}"])')
_BEGINNING = re.compile(r"\A@\s*(\w+)\s*([{(])")
_WITHOUT_KEY = re.compile(r"\A(@\w+[{(])(?=\s*[\w-]+\s*=)")


def parsed_block(text: str) -> Any:
    """The block of the library that a text holds.

    Raises:
        BrokenError: It holds none, or several.
    """
    # so long an import that dumps of other formats shall not wait for it
    from bibtexparser.entrypoint import parse_string  # noqa: PLC0415
    from bibtexparser.model import (  # noqa: PLC0415
        DuplicateFieldKeyBlock,
        ImplicitComment,
        ParsingFailedBlock,
    )

    # what it says there, it says in the failed block too
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL + 1)
    text = _BEGINNING.sub(r"@\1\2", text)
    if text[:7].lower() != "@string":
        text = _WITHOUT_KEY.sub(r"\1-,", text)
    text = _BREAK_BEFORE_BRACE.sub(r"\1 ", text)
    try:
        blocks = [
            block
            for block in parse_string(text, parse_stack=()).blocks
            if not isinstance(block, ImplicitComment)
        ]
    except Exception as error:
        raise BrokenError(f"its syntax is wrong ({type(error).__name__}: {error})") from error
    if len(blocks) != 1:
        raise BrokenError("another entry begins within it" if blocks else "it is not an entry")
    block: Any = blocks[0]
    if isinstance(block, DuplicateFieldKeyBlock):
        # as in BibTeX, the first of two fields of one name counts
        return block.ignore_error_block
    if isinstance(block, ParsingFailedBlock):
        reason = getattr(block.error, "abort_reason", str(block.error))
        raise BrokenError(f"its syntax is wrong: {' '.join(str(reason).split()).rstrip('.')}")
    return block


def values_of(parsed: Any, strings: Strings) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The fields by name, and those whose value names an ``@string`` that is not defined.

    Raises:
        BrokenError: A value is not one.
        TooLargeError: They are longer than the limit together.
    """
    values: dict[str, str] = {}
    missing: list[tuple[str, str]] = []
    limit = strings.limit
    for one in getattr(parsed, "fields", ()):
        # a comment may stand on the lines above a field, and before the name of one that is out
        name = one.key.rpartition("\n")[2].strip().lower()
        if name in values or name.startswith("%"):
            continue
        try:
            value = strings.value(one.value, limit, bare=name in _BARE)
        except UndefinedError as error:
            if name in _USED:
                missing.append((name, str(error)))
            continue
        limit -= len(value)
        values[name] = value.strip()
    return values, missing
