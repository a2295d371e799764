"""Values of a record, as a format with records holds them: typed, or left out with a reason.

A single value of the wrong type does not cost the record: it becomes null, and a reject with the
reason ``bad_field`` says which value was left out, and why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from paperdump.readers.base import Reject, excerpt_of
from paperdump.readers.jsontext import Doubtful, Number

MOST_COUNTED = 10_000_000  # comments or upvotes; more are a mistake
MOST_AUTHORS = 20_000


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a record stands in its dump; what the format does not have is None.

    Attributes:
        first_line: Its first line, counted from 1.
        last_line: Its last line.
        record: Its number, counted from 1.
        byte_offset: Where it begins, in bytes from the start of the content.
        record_path: Path to it in a document.
    """

    first_line: int | None = None
    last_line: int | None = None
    record: int | None = None
    byte_offset: int | None = None
    record_path: str | None = None

    @property
    def words(self) -> str:
        """The place in words, for the beginning of a message."""
        if self.first_line is not None and self.first_line == self.last_line:
            return f"Line {self.first_line}"
        if self.first_line is not None:
            return f"Lines {self.first_line} to {self.last_line}"
        if self.record_path is not None:
            return f"The record at {self.record_path}"
        return f"Record {self.record}"

    def reject(self, reason: str, message: str, excerpt: str | None = None) -> Reject:
        """A reject of this place; the message continues the place's words after a colon."""
        return Reject(
            reason,
            f"{self.words}: {message}",
            self.first_line,
            self.last_line,
            excerpt_of(excerpt) if excerpt and excerpt.strip() else None,
            self.record,
            self.byte_offset,
            self.record_path,
        )


class Fields:
    """The values of one record, asked for by name; what is wrong with them is collected.

    Attributes:
        place: Where the record stands.
        problems: A reject for each value that was left out.
    """

    def __init__(self, record: Mapping[str, Any], place: Place, within: str = "") -> None:
        self._record = record
        self._within = within
        self.place = place
        self.problems: list[Reject] = []

    def raw(self, name: str) -> Any:
        """The value as it is; None where it is missing or doubtful."""
        value = self._record.get(name)
        if isinstance(value, Doubtful):
            self.refuse(name, value.why, value.shown)
            return None
        return value

    def refuse(self, name: str, why: str, shown: object) -> None:
        """Note that a value was left out."""
        message = f"the field {self._within}{name} was left out: {why}."
        self.problems.append(self.place.reject("bad_field", message, str(shown)[:400]))

    def section(self, name: str) -> Fields:
        """The fields of a mapping within the record; empty where it is missing or none."""
        value = self.raw(name)
        if value is not None and not isinstance(value, dict):
            self.refuse(name, f"it is {_kind(value)}, not an object", value)
            value = None
        inner = Fields(value or {}, self.place, f"{self._within}{name}.")
        inner.problems = self.problems
        return inner

    def text(self, name: str) -> str | None:
        """A text; None where it is missing or holds only white space."""
        value = self._record.get(name)
        if value is None or type(value) is str:  # as nearly all are
            return value if value and not value.isspace() else None
        return self._as_text(name, self.raw(name))

    def _as_text(self, name: str, value: Any) -> str | None:
        if isinstance(value, str):
            return value if value.strip() else None
        if value is not None:
            self.refuse(name, f"it is {_kind(value)}, not a text", value)
        return None

    def identifier(self, name: str) -> str | None:
        """An identifier, which may be spelled as a number: its spelling is kept."""
        value = self.raw(name)
        if isinstance(value, Number):
            return value.spelled
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return self._as_text(name, value)

    def count(self, name: str, most: int = MOST_COUNTED, least: int = 0) -> int | None:
        """A count; a text of digits counts as one."""
        value = self.raw(name)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        if isinstance(value, str) and not value.strip():
            return None
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
            value = int(value) if len(value) < 19 else value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(name, f"it is {_kind(value)}, not a count", value)
            return None
        if not least <= value <= most:
            self.refuse(name, f"{value} is beyond belief for a count", value)
            return None
        return value

    def texts(self, name: str, key: str = "name") -> list[str] | None:
        """A list of texts, or of objects that have a text under a key; None where it is empty."""
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, list):
            self.refuse(name, f"it is {_kind(value)}, not a list", value)
            return None
        found = []
        for number, item in enumerate(value):
            inner = item.get(key) if isinstance(item, dict) else item
            if isinstance(inner, str):
                if inner.strip():
                    found.append(inner)
            elif isinstance(inner, Doubtful):
                self.refuse(f"{name}[{number}]", inner.why, inner.shown)
            elif inner is not None or not isinstance(item, dict):
                self.refuse(f"{name}[{number}]", f"it is {_kind(inner)}, not a text", inner)
        return found or None


def _kind(value: object) -> str:
    """What a value is, in JSON's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return f"a value of type {type(value).__name__}"
