"""The readers: one module per dump format, and the order in which they are asked.

A reader is a module-level object with

* ``name``: the format's name, as published in ``dumps.format``;
* ``recognised_by``: in words, what it is and how it is recognised;
* ``recognises(text)``: whether the text is of the format, judged by its content alone;
* ``read(text)``: the page.

To add a format, write its module and add it to ``READERS``; where two recognise a text, the
first reads it.
"""

from __future__ import annotations

from typing import Protocol

from paperdump.readers.hf_text import HfText
from paperdump.readers.page import Page


class Reader(Protocol):
    """What a reader of text dumps offers."""

    name: str
    recognised_by: str

    def recognises(self, text: str) -> bool:
        """Whether the text is a dump of this format."""
        ...

    def read(self, text: str) -> Page:
        """Read the whole text; what does not belong to an entry becomes rejects."""
        ...


READERS: tuple[Reader, ...] = (HfText(),)


def reader_for(text: str) -> Reader | None:
    """The first reader that recognises the text, or None."""
    return next((reader for reader in READERS if reader.recognises(text)), None)
