"""JSON as it is found: what makes a single value doubtful is told, and the rest is read.

Duplicate keys with different values, NaN, infinities and integers beyond 64 bits become
``Doubtful`` values, which the reader of a record turns into nulls with a reject that says so.
Numbers with a fraction keep their spelling, since ``2503.0210`` may be an identifier.
"""

from __future__ import annotations

import ast
import json
from typing import Any

_MOST_DIGITS = 18
_DEEPEST = 200


class Doubtful:
    """A value that cannot be taken for what it is.

    Attributes:
        why: What is wrong with it, in words.
        shown: The value as it stands there, cut short.
    """

    def __init__(self, why: str, shown: str) -> None:
        self.why = why
        self.shown = shown


class Number(float):
    """A number with a fraction or exponent whose spelling Python would change.

    Attributes:
        spelled: The number as written.
    """

    __slots__ = ("spelled",)
    spelled: str

    def __new__(cls, spelled: str) -> Number:
        """The number of a spelling."""
        number = super().__new__(cls, spelled)
        number.spelled = spelled
        return number


def _fraction(spelled: str) -> float:
    """A number; its spelling is kept where it says more, as in ``2503.0210``."""
    number = float(spelled)
    return number if repr(number) == spelled or len(spelled) > _MOST_DIGITS else Number(spelled)


class NotJson(ValueError):  # noqa: N818 (what it says of the text)
    """A text that is no JSON; the message says what is wrong, and where."""


def loads(data: bytes | str) -> Any:
    """Read a JSON document.

    Raises:
        NotJson: It is none, or nested too deeply to be one of ours.
    """
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotJson(f"it is no JSON: {error.msg} at {where}") from None
    except UnicodeDecodeError as error:
        raise NotJson(f"it is not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise NotJson("its values are nested too deeply") from None


def whole_values(text: str, begin: int) -> tuple[list[Any], int, str | None]:
    """The values of an array that is broken somewhere, up to that place.

    Args:
        text: The document.
        begin: Where the array's first value begins.

    Returns:
        The values, where the first one that is none begins, and what is wrong there; None where
        the array ends as it should.
    """
    values: list[Any] = []
    at = begin
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if text[at : at + 1] == "]":
            return values, at, None
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            return values, at, what
        values.append(value)


def python_literal(text: str) -> Any:
    """Read a Python literal, as archives made with ``str(record)`` hold it.

    Nothing is executed: names other than True, False and None are errors.

    Raises:
        NotJson: It is none.
    """
    if deepest(text) > _DEEPEST:
        raise NotJson("its values are nested too deeply")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise NotJson(f"it is no Python literal ({type(error).__name__})") from None


def deepest(text: str) -> int:
    """How deeply brackets are nested at most, those within strings counted as well."""
    depth = most = 0
    for character in text:
        if character in "[{(":
            depth += 1
            most = max(most, depth)
        elif character in "]})":
            depth -= 1
    return most


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen and not _equal(seen[key], value):
                result[key] = Doubtful("the key stands there twice, with different values", key)
            seen.setdefault(key, value)
    return result


def _equal(one: Any, other: Any) -> bool:
    try:
        return type(one) is type(other) and bool(one == other)
    except RecursionError:
        return False


def _integer(spelled: str) -> int | Doubtful:
    if len(spelled) > _MOST_DIGITS:
        return Doubtful("it is an integer of more than 18 digits", spelled[:40])
    return int(spelled)


def _constant(spelled: str) -> Doubtful:
    return Doubtful(f"it is {spelled}, which is no value", spelled)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_constant,
    strict=False,
)
