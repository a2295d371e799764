"""What readers give back: entries, rejects and facts of the page, each with its place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Protocol, TypeAlias

import msgspec

from paperdump.readers.source import Head, Source


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry as its dump has it; what the dump does not say is None.

    Texts are exactly as written there, inner line breaks included, without the markup of the
    format (links, entities, escapes).

    Attributes:
        title: The title.
        abstract: The abstract.
        first_line: First line of the entry, counted from 1.
        last_line: Last line that belongs to the entry.
        record: Number of the record, counted from 1, where the format has records.
        byte_offset: Where the record begins, in bytes from the start of the dump's content.
        record_path: Path to the record in a document of JSON or XML.
        authors: The authors' names in order, as written.
        n_authors: The stated number of authors.
        organization_text: The organisation line, slug and name in one.
        organization_slug: The organisation's slug, where it stands apart from the name.
        organization_name: The organisation's name, where it stands apart from the slug.
        date_text: The date of publication as written, without a comment count.
        listed_text: The day on which the entry was listed, as written.
        updated_text: The day of the last update, as written.
        n_comments: The stated number of comments.
        n_upvotes: The stated number of upvotes.
        arxiv_text: The arXiv identifier, or an address that holds it, as written.
        doi_text: The DOI, or an address that holds it, as written.
        link_texts: Web addresses that the entry carries beside its abstract.
        categories: Subject categories or keywords.
        journal_ref: Where the paper was published, as written.
    """

    title: str
    abstract: str | None = None
    first_line: int | None = None
    last_line: int | None = None
    record: int | None = None
    byte_offset: int | None = None
    record_path: str | None = None
    authors: list[str] | None = None
    n_authors: int | None = None
    organization_text: str | None = None
    organization_slug: str | None = None
    organization_name: str | None = None
    date_text: str | None = None
    listed_text: str | None = None
    updated_text: str | None = None
    n_comments: int | None = None
    n_upvotes: int | None = None
    arxiv_text: str | None = None
    doi_text: str | None = None
    link_texts: list[str] | None = None
    categories: list[str] | None = None
    journal_ref: str | None = None


class Reject(msgspec.Struct, frozen=True):
    """A piece of a dump that was left out.

    Attributes:
        reason: A reason code of the data dictionary.
        message: What is wrong and what to do, in words.
        first_line: First line of the piece, counted from 1, or None where it has no lines.
        last_line: Last line of it.
        excerpt: Its beginning, or None where it is not text.
        record: Number of the record, counted from 1, where the format has records.
        byte_offset: Where the record begins, in bytes.
        record_path: Path to the record in a document of JSON or XML.
    """

    reason: str
    message: str
    first_line: int | None = None
    last_line: int | None = None
    excerpt: str | None = None
    record: int | None = None
    byte_offset: int | None = None
    record_path: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a dump says of itself; what it does not say is None.

    A reader may give several; a later one adds to the earlier ones.

    Attributes:
        listing_text: The day of the listing as written in the header.
        captured_text: The time of the capture as written in the header.
        query: The search that the page answers.
        source_url: The address that the dump was captured from.
        date_links: The days of the listings that the page links to, as ISO dates.
        n_lines: Number of lines read.
        header_lines: Number of lines, from the top, that are the page's header.
        footer_line: Number of the line where the page's footer begins.
        notes: What a reader of the dump should know, e.g. numbers that could not be read.
    """

    listing_text: str | None = None
    captured_text: str | None = None
    query: str | None = None
    source_url: str | None = None
    date_links: tuple[str, ...] | None = None
    n_lines: int | None = None
    header_lines: int | None = None
    footer_line: int | None = None
    notes: tuple[str, ...] = ()

    def and_then(self, later: Facts) -> Facts:
        """These facts, with what later ones add."""
        said = {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(later, name)) is not None
        }
        said["notes"] = (*self.notes, *later.notes)
        return msgspec.structs.replace(self, **said)


Item: TypeAlias = Entry | Reject | Facts


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was read whole.

    Attributes:
        entries: The entries in page order.
        rejects: What was left out, in page order.
        facts: What the page says of itself.
    """

    entries: list[Entry]
    rejects: list[Reject]
    facts: Facts

    def items(self) -> Iterator[Item]:
        """All of it, the facts first."""
        return itertools.chain((self.facts,), self.entries, self.rejects)


class Reader(Protocol):
    """What the module of a format offers.

    Attributes:
        name: The format's name, as published in ``dumps.format``.
        recognised_by: In words, what it is and how it is recognised.
        brings: The names of the fields of ``Entry`` and ``Facts`` that it can bring.
    """

    @property
    def name(self) -> str:
        """The format's name."""
        ...

    @property
    def recognised_by(self) -> str:
        """How it is recognised."""
        ...

    @property
    def brings(self) -> tuple[str, ...]:
        """What it brings."""
        ...

    def sniff(self, head: Head) -> str | None:
        """Why the dump is of this format, judged by its first bytes alone; None if it is not."""
        ...

    def read(self, source: Source) -> Iterator[Item]:
        """Read the dump, piece by piece; what does not belong to an entry becomes rejects.

        Raises:
            Refused: Nothing of it can be read, for a reason that becomes its reject.
        """
        ...


EXCERPT_LENGTH = 200


def excerpt_of(text: str) -> str:
    """The beginning of a text, cut to a length fit for a message."""
    return text if len(text) <= EXCERPT_LENGTH else text[: EXCERPT_LENGTH - 1] + "…"
