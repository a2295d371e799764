"""A record of the site's JSON, as its API and its pages hold it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from paperdump.readers.base import Entry, Item
from paperdump.readers.jsontext import NotJson, deepest, loads, python_literal
from paperdump.readers.records import Fields, Place

# fields of an entry that the records can bring
BRINGS = (
    "title",
    "abstract",
    "authors",
    "n_authors",
    "organization_slug",
    "organization_name",
    "date_text",
    "listed_text",
    "n_comments",
    "n_upvotes",
    "arxiv_text",
    "link_texts",
    "categories",
)
_LINKS = ("githubRepo", "projectPage")


def read_record(value: Any, place: Place) -> Iterator[Item]:
    """The entry of a record, and a reject for each of its values that is wrong.

    A record is an object with the paper under ``paper``, or flat; or a text that holds such an
    object as JSON or as a Python literal.
    """
    if isinstance(value, str):
        shown = value
        try:
            value = _unquoted(value)
        except NotJson as error:
            yield place.reject("broken_record", f"a text that holds no record: {error}.", shown)
            return
    if not isinstance(value, dict):
        message = "it is no record: neither an object nor a text that holds one."
        yield place.reject("broken_record", message, str(value)[:400])
        return
    outer = Fields(value, place)
    paper = outer.section("paper") if "paper" in value else outer
    title = paper.text("title") or (outer.text("title") if paper is not outer else None)
    if title is None:
        yield place.reject("no_title", "a record without a title.", str(value)[:400])
        yield from outer.problems
        return
    authors = paper.texts("authors")
    organization = _organization(paper, outer)
    links = [link for name in _LINKS if (link := paper.text(name) or _of(outer, paper, name))]
    keywords = [*(paper.texts("ai_keywords") or ()), *(paper.texts("keywords") or ())]
    yield Entry(
        title=title,
        abstract=paper.text("summary")
        or _of(outer, paper, "summary")
        or paper.text("abstract")
        or _of(outer, paper, "abstract"),
        first_line=place.first_line,
        last_line=place.last_line,
        record=place.record,
        byte_offset=place.byte_offset,
        record_path=place.record_path,
        authors=authors,
        n_authors=len(authors) if authors else None,
        organization_slug=organization.text("name"),
        organization_name=organization.text("fullname"),
        date_text=paper.text("publishedAt") or _of(outer, paper, "publishedAt"),
        listed_text=paper.text("submittedOnDailyAt") or _of(outer, paper, "submittedOnDailyAt"),
        n_comments=_count(paper, outer, "numComments"),
        n_upvotes=_count(paper, outer, "upvotes"),
        arxiv_text=paper.identifier("id"),
        link_texts=links or None,
        categories=keywords or None,
    )
    yield from paper.problems


def _unquoted(text: str) -> Any:
    """The value that a text holds as JSON, else as a Python literal."""
    try:
        return loads(text)
    except NotJson as error:
        if deepest(text) == 0:
            raise NotJson("it has no braces") from error
        return python_literal(text)


def _of(outer: Fields, paper: Fields, name: str) -> str | None:
    """A text of the record around the paper."""
    return outer.text(name) if outer is not paper else None


def _count(paper: Fields, outer: Fields, name: str) -> int | None:
    found = paper.count(name)
    return found if found is not None or outer is paper else outer.count(name)


def _organization(paper: Fields, outer: Fields) -> Fields:
    """The organisation's fields, of the paper or of the record around it."""
    inside = paper.section("organization")
    return inside if inside.raw("name") or outer is paper else outer.section("organization")
