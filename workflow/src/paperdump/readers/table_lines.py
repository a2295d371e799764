"""The lines of a table as text: numbered, with their places in the file, within the limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from paperdump.readers.source import Refused, Source, not_text


class Line(NamedTuple):
    """A line.

    Attributes:
        number: Its number, counted from 1.
        offset: Where it begins, in bytes; None where the file is not plain UTF-8.
        text: Its text without its end.
        size: Its bytes as UTF-8; of a line beyond the limit, one more than that.
    """

    number: int
    offset: int | None
    text: str
    size: int


class Lines:
    """The lines of a source, to be gone through once.

    Attributes:
        limit: Most bytes of a line or record.
        read: Number of lines gone through so far.
    """

    def __init__(self, source: Source) -> None:
        """Begin with a source.

        Raises:
            Refused: It is not text.
        """
        if source.head.decoded is None:
            raise Refused("binary", not_text(source.head.data))
        self.limit = source.limits.record_bytes
        self.read = 0
        self._source = source
        self._undecoded = 0
        self._first_undecoded = 0

    def __iter__(self) -> Iterator[Line]:
        """The lines."""
        if self._ends_with_return():
            yield from self._of_text()
            return
        with_offset = self._source.is_utf8
        for number, offset, data in self._source.lines():
            self.read = number
            size = len(data)
            try:
                text = data.decode()
            except UnicodeDecodeError:
                text = self._forced(number, data)
            if "\r" in text:
                # "\r\n"; one alone in mid-line is no line break to a CSV reader, but an error
                text = text.rstrip("\r").replace("\r", " ")
            if number == 1:
                text = text.removeprefix("\ufeff")
            yield Line(number, offset if with_offset else None, text, size)

    def _ends_with_return(self) -> bool:
        """Whether its lines end as those of old Macintoshes, and of their spreadsheets, do."""
        with self._source.utf8_stream() as stream:
            start = stream.read(1 << 16)
        # what ends the stream early is told by the one that reads it to its end
        self._source.problems.clear()
        return b"\r" in start.rstrip() and b"\n" not in start

    def _of_text(self) -> Iterator[Line]:
        text = self._source.text().text
        for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
            self.read = number
            yield Line(number, None, line, len(line.encode("utf-8", "replace")))

    def _forced(self, number: int, data: bytes) -> str:
        """The text of a line that is not UTF-8, though the beginning of the file was.

        As for whole files: if more of its letters are UTF-8 than are not, it is damaged; else it
        is of the encoding that most such files have. The end of a line beyond the limit is cut.
        """
        if len(data) <= self.limit:
            self._undecoded += 1
            self._first_undecoded = self._first_undecoded or number
        text = data.decode("utf-8", "replace")
        damaged = text.count("\ufffd")
        if len(re.findall(r"[^\x00-\x7f\ufffd]", text)) >= damaged:
            return text
        return data.decode("cp1252", "replace")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the dump should know of its lines."""
        if not self._undecoded:
            return ()
        return (
            f"{self._undecoded} line(s) of it are not UTF-8, the first is line "
            f"{self._first_undecoded}; where they are not damaged UTF-8, they were read as "
            "Windows-1252 (Latin-1).",
        )
