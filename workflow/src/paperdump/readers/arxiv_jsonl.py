"""Reader of ``arxiv-jsonl``: the arXiv metadata snapshot, a record a line, gigabytes of them.

What makes an entry certain: its line is a JSON object with a title that is a text. Lines are
decoded to just the fields that are used; a line that this cannot read exactly (a key twice, a
value of the wrong type, no JSON) is read again by the slower, tolerant way, which says what is
wrong with it.

``comments`` is the authors' note (pages, figures), not a count, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from paperdump.readers.base import Entry, Facts, Item
from paperdump.readers.jsontext import NotJson, loads
from paperdump.readers.records import Fields, Place
from paperdump.readers.source import Head, Source


class _Version(msgspec.Struct, gc=False):
    created: str


class _Record(msgspec.Struct, gc=False, rename={"journal_ref": "journal-ref"}):
    title: str
    id: str | None = None
    abstract: str | None = None
    authors_parsed: list[list[str]] | None = None
    versions: list[_Version] | None = None
    update_date: str | None = None
    categories: str | None = None
    doi: str | None = None
    journal_ref: str | None = None


_DECODER = msgspec.json.Decoder(_Record)
_KEYS = tuple(f'"{name}"'.encode() for name in _Record.__struct_encode_fields__)
_MARKS = ("authors_parsed", "update_date", "versions", "journal-ref", "submitter")
_KEY = re.compile(r'"([a-z_-]+)"\s*:')


class ArxivJsonl:
    """The reader of ``arxiv-jsonl``."""

    name = "arxiv-jsonl"
    recognised_by = (
        "JSON lines of the arXiv metadata snapshot, with the keys id, title, abstract and at least "
        "two of authors_parsed, versions, update_date, journal-ref, submitter"
    )
    brings = (
        "title",
        "abstract",
        "authors",
        "n_authors",
        "date_text",
        "updated_text",
        "arxiv_text",
        "doi_text",
        "categories",
        "journal_ref",
    )

    def sniff(self, head: Head) -> str | None:
        """Whether the first line is a record of the snapshot."""
        if not head.start.startswith("{"):
            return None
        line = head.start.split("\n", 1)[0]
        keys = set(_KEY.findall(line))
        marks = [name for name in _MARKS if name in keys]
        if {"id", "title", "abstract"} <= keys and len(marks) > 1:
            return f"its first line is JSON with the keys id, title, abstract, {', '.join(marks)}"
        return None

    def read(self, source: Source) -> Iterator[Item]:
        """Read the lines one by one."""
        limit = source.limits.record_bytes
        exact = source.is_utf8
        number = record = 0
        for number, offset, line in source.lines():
            if len(line) > limit:
                place = _place(number, record + 1, offset if exact else None)
                message = (
                    f"a line of more than {source.limits.max_record_mb:g} MB was not read; raise "
                    "readers.limits.max_record_mb if it is a record."
                )
                yield place.reject("over_limit", message, line[:400].decode("utf-8", "replace"))
                record += 1
                continue
            if not line.strip():
                continue
            record += 1
            found = _quick(line)
            if found is None or not found.title.strip():
                yield from _careful(line, _place(number, record, offset if exact else None))
                continue
            versions, authors = found.versions, found.authors_parsed
            names = [name for parts in authors or () if (name := _name(parts))]
            yield Entry(
                title=found.title,
                abstract=_known(found.abstract),
                first_line=number,
                last_line=number,
                record=record,
                byte_offset=offset if exact else None,
                authors=names or None,
                n_authors=len(names) or None,
                date_text=_known(versions[0].created) if versions else None,
                updated_text=_known(found.update_date),
                arxiv_text=_known(found.id),
                doi_text=_known(found.doi),
                categories=found.categories.split() or None if found.categories else None,
                journal_ref=_known(found.journal_ref),
            )
        yield Facts(n_lines=number)


def _place(number: int, record: int, offset: int | None) -> Place:
    return Place(first_line=number, last_line=number, record=record, byte_offset=offset)


def _quick(line: bytes) -> _Record | None:
    """The record of a line, or None where the line has to be read with care."""
    try:
        record = _DECODER.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    # of a key that stands there twice the decoder takes the last
    for key in _KEYS:
        if line.count(key) > 1:
            return None
    return record


def _known(text: str | None) -> str | None:
    """A text; None where there is nothing but white space in it."""
    return text if text and not text.isspace() else None


def _name(parts: list[str]) -> str:
    """An author's name in reading order, from family name, given names, suffix, affiliations."""
    family, given, suffix = [*parts, "", "", ""][:3]
    return " ".join(part for part in (given, family, suffix) if part)


def _careful(line: bytes, place: Place) -> Iterator[Item]:
    """The entry of a line that is not as it should be, and what is wrong with it."""
    text = line.decode("utf-8", "replace")
    try:
        value = loads(text)
    except NotJson as error:
        yield place.reject("broken_record", f"{error}.", text)
        return
    if not isinstance(value, dict):
        yield place.reject("broken_record", "it is JSON, but no record.", text)
        return
    fields = Fields(value, place)
    title = fields.text("title")
    if title is None:
        yield place.reject("no_title", "a record without a title.", text)
        yield from fields.problems
        return
    authors = _authors(fields)
    categories = fields.text("categories")
    yield Entry(
        title=title,
        abstract=fields.text("abstract"),
        first_line=place.first_line,
        last_line=place.last_line,
        record=place.record,
        byte_offset=place.byte_offset,
        authors=authors,
        n_authors=len(authors) if authors else None,
        date_text=_first_version(fields),
        updated_text=fields.text("update_date"),
        arxiv_text=fields.identifier("id"),
        doi_text=fields.text("doi"),
        categories=categories.split() or None if categories else None,
        journal_ref=fields.text("journal-ref"),
    )
    yield from fields.problems


def _authors(fields: Fields) -> list[str] | None:
    value = fields.raw("authors_parsed")
    if value is None:
        return None
    if not isinstance(value, list):
        fields.refuse("authors_parsed", "it is no list", value)
        return None
    names = []
    for number, parts in enumerate(value):
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            names += [name] if (name := _name(parts)) else []
        else:
            fields.refuse(f"authors_parsed[{number}]", "it is no list of texts", parts)
    return names or None


def _first_version(fields: Fields) -> str | None:
    versions = fields.raw("versions")
    if versions is None:
        return None
    first = versions[0] if isinstance(versions, list) and versions else None
    created = first.get("created") if isinstance(first, dict) else None
    if not isinstance(created, str):
        if versions == []:
            return None
        fields.refuse("versions", "its first element states no date under created", versions)
        return None
    return _known(created)
