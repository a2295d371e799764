"""The readers: one module per dump format, and the order in which they are asked.

A reader is a module-level object as ``base.Reader`` describes it. To add a format, write its
module and add it to ``READERS``. A dump is read by the first of them that recognises its first
bytes; those whose mark is most their own come first, tables, which are known by the names of
their columns alone, last.
"""

from __future__ import annotations

from paperdump.readers.arxiv_atom import ArxivAtom
from paperdump.readers.arxiv_jsonl import ArxivJsonl
from paperdump.readers.arxiv_oai import ArxivOai
from paperdump.readers.base import Reader
from paperdump.readers.bibtex import Bibtex
from paperdump.readers.hf_html import HfHtml
from paperdump.readers.hf_json import HfJson
from paperdump.readers.hf_markdown import HfMarkdown
from paperdump.readers.hf_text import HfText
from paperdump.readers.ris import Ris
from paperdump.readers.source import Head
from paperdump.readers.table import Table

READERS: tuple[Reader, ...] = (
    HfHtml(),
    HfMarkdown(),
    HfText(),
    ArxivAtom(),
    ArxivOai(),
    ArxivJsonl(),
    HfJson(),
    Bibtex(),
    Ris(),
    Table(),
)


def names() -> list[str]:
    """The names of all formats."""
    return [reader.name for reader in READERS]


def reader_of(name: str) -> Reader:
    """The reader of a format.

    Raises:
        KeyError: There is no format of that name.
    """
    return {reader.name: reader for reader in READERS}[name]


def recognise(head: Head) -> tuple[Reader | None, str | None]:
    """The reader of a dump and why it is, or neither where none recognises it."""
    claims = [(reader, why) for reader in READERS if (why := reader.sniff(head))]
    if not claims:
        return None, None
    reader, why = claims[0]
    if len(claims) > 1:
        others = ", ".join(other.name for other, _ in claims[1:])
        why += f" (so might {others}, which come after it)"
    return reader, why
