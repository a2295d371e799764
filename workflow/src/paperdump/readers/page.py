"""What a reader gives back: a page of entries and rejects, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as on the page; what the page does not show is None.

    Attributes:
        title: The title, exactly as on the page.
        abstract: The abstract, exactly as on the page, inner line breaks included.
        first_line: Line of the title's beginning, counted from 1.
        last_line: Last line that belongs to the entry.
        n_authors: The stated number of authors.
        organization_text: The organisation line, slug and name in one.
        date_text: The date as written, without a comment count.
        n_comments: The stated number of comments.
    """

    title: str
    abstract: str | None
    first_line: int
    last_line: int
    n_authors: int | None = None
    organization_text: str | None = None
    date_text: str | None = None
    n_comments: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A piece of a dump that was left out.

    Attributes:
        reason: A reason code of the data dictionary.
        message: What is wrong and what to do, in words.
        first_line: First line of the piece, counted from 1, or None for a whole dump.
        last_line: Last line of it.
        excerpt: Its beginning, or None where it is not text.
    """

    reason: str
    message: str
    first_line: int | None = None
    last_line: int | None = None
    excerpt: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page as read.

    Attributes:
        entries: The entries in page order.
        rejects: What was left out, in page order.
        header_lines: Number of lines, from the top, that are the page's header.
        listing_text: The day of the listing as written in the header.
        notes: What a reader of the dump should know, e.g. numbers that could not be read.
    """

    entries: list[Entry] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    header_lines: int = 0
    listing_text: str | None = None
    notes: list[str] = field(default_factory=list)


EXCERPT_LENGTH = 200


def excerpt_of(text: str) -> str:
    """The beginning of a text, cut to a length fit for a message."""
    return text if len(text) <= EXCERPT_LENGTH else text[: EXCERPT_LENGTH - 1] + "…"
