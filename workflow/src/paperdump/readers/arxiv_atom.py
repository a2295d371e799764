"""Reader of ``arxiv-atom``: feeds of arXiv's search API, and its daily feeds of new papers.

What makes an entry certain: it is an ``entry`` that is closed and has a title, and is not the
entry by which the API tells an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from paperdump.readers.arxiv_oai import ARXIV_PAGE, split_authors
from paperdump.readers.base import Entry, Facts, Item
from paperdump.readers.records import Place
from paperdump.readers.source import Head, Source
from paperdump.readers.xml import (
    Children,
    Loose,
    Record,
    children,
    first,
    local,
    read_xml,
    root_of,
    text,
    texts,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

_ATOM = "http://www.w3.org/2005/Atom"
_NAMESPACE = re.compile(r"""=\s*["']http://arxiv\.org/schemas/atom""")
_ID = re.compile(
    r"<(?:[\w.-]+:)?id[^<>]*>\s*(?:oai:arXiv\.org:|https?://(?:[\w-]+\.)?arxiv\.org/)",
    re.IGNORECASE,
)
_ERROR_ID = re.compile(r"arxiv\.org/api/errors", re.IGNORECASE)
_DOI_PAGE = re.compile(r"https?://(?:www\.|dx\.)?doi\.org/", re.IGNORECASE)
_QUERY = re.compile(r"search_query=([^&]*)")
# what the daily feeds write before the abstract
_ANNOUNCED = re.compile(r"\AarXiv:\S+\s+Announce Type:\s*\S+\s+Abstract:\s*")


class ArxivAtom:
    """The reader of ``arxiv-atom``."""

    name = "arxiv-atom"
    recognised_by = (
        "an Atom feed with arXiv's own namespace or identifiers, as its search API and its daily "
        "feeds give it"
    )
    brings = (
        "title",
        "abstract",
        "authors",
        "n_authors",
        "date_text",
        "listed_text",
        "updated_text",
        "arxiv_text",
        "doi_text",
        "link_texts",
        "categories",
        "journal_ref",
        "captured_text",
        "query",
        "source_url",
    )

    def sniff(self, head: Head) -> str | None:
        """Whether its root element is one of Atom, with a mark of arXiv."""
        root = root_of(head)
        if root is None or root.name not in ("feed", "entry") or root.namespace != _ATOM:
            return None
        if _NAMESPACE.search(head.text):
            return f"its root element is {root.name}, of Atom, with arXiv's namespace"
        if _ID.search(head.text):
            return f"its root element is {root.name}, of Atom, with an identifier of arXiv"
        return None

    def read(self, source: Source) -> Iterator[Item]:
        """Read the entries; what is wrong with one, or with the file, becomes a reject."""
        facts = Facts()
        for piece in read_xml(source, "entry", frozenset({"feed"})):
            if isinstance(piece, Record):
                yield from _read_entry(piece.element, piece.place)
            elif isinstance(piece, Loose):
                # of several feeds one after another the first counts
                if (told := _facts(piece.element).and_then(facts)) != facts:
                    facts = told
                    yield facts
            else:
                yield piece


def _facts(element: _Element) -> Facts:
    """What an element of the feed says of it."""
    value = text(element) or ""
    match local(element.tag):
        case "updated" if value:
            return Facts(captured_text=value)
        case "title" if (found := _QUERY.search(value)) and found[1].strip():
            return Facts(query=unquote(found[1]).strip())
        case "link" if href := (element.get("href") or "").strip():
            if element.get("rel") in (None, "self"):
                return Facts(source_url=href, query=_searched(href))
    return Facts()


def _searched(href: str) -> str | None:
    """The search in the address of a query."""
    try:
        return parse_qs(urlsplit(href).query).get("search_query", [""])[0].strip() or None
    except ValueError:
        return None


def _read_entry(element: _Element, place: Place) -> Iterator[Item]:
    """The entry of an element, or the reject that says why there is none."""
    found = children(element)
    title, identifier = first(found, "title"), first(found, "id") or ""
    summary = first(found, "summary")
    if _ERROR_ID.search(identifier) or (title == "Error" and "/abs/" not in identifier):
        said = summary or "without a word on what is wrong"
        yield place.reject("error_answer", f"the server answered with an error: {said}", summary)
        return
    if title is None:
        yield place.reject("no_title", "an entry without a title.", text(element))
        return
    announced = "announce_type" in found
    published = first(found, "published")
    authors, problem = _authors(found)
    doi, links = _links(found)
    yield Entry(
        title=title,
        abstract=_ANNOUNCED.sub("", summary, count=1) if announced and summary else summary,
        first_line=place.first_line,
        last_line=place.last_line,
        record=place.record,
        record_path=place.record_path,
        authors=authors or None,
        n_authors=len(authors) or None,
        # a daily feed states the day of its listing, be it of a new paper or of a new version
        date_text=None if announced else published,
        listed_text=published if announced else None,
        updated_text=first(found, "updated"),
        arxiv_text=identifier or None,
        doi_text=doi,
        link_texts=links or None,
        categories=_categories(found) or None,
        journal_ref=first(found, "journal_ref"),
    )
    if problem:
        yield place.reject("bad_field", f"the field creator was left out: {problem}.")


def _authors(found: Children) -> tuple[list[str], str | None]:
    """The authors' names, and what is wrong with them; in daily feeds they are one text."""
    names = [name for one in found.get("author", ()) if (name := first(children(one), "name"))]
    if names:
        return names, None
    names = []
    for creator in texts(found, "creator"):
        split = split_authors(creator)
        if split is None:
            return [], "its parentheses do not match, so affiliations hide in it"
        names += split
    return names, None


def _categories(found: Children) -> list[str]:
    """The categories, the primary one first, each once."""
    elements = [*found.get("primary_category", ()), *found.get("category", ())]
    terms = [(one.get("term") or "").strip() for one in elements]
    return list(dict.fromkeys(term for term in terms if term))


def _links(found: Children) -> tuple[str | None, list[str]]:
    """The DOI, and the addresses that are neither it nor the paper's own pages at arXiv."""
    doi = first(found, "doi") or first(found, "DOI")
    stated = doi is not None
    kept: list[str] = []
    for link in found.get("link", ()):
        href = (link.get("href") or "").strip()
        if not href or ARXIV_PAGE.match(href):
            continue
        if link.get("title") == "doi" or _DOI_PAGE.match(href):
            if doi is None:
                doi = href
                continue
            if stated and _DOI_PAGE.sub("", unquote(href)).lower() in doi.lower():
                continue
        if href not in kept:
            kept.append(href)
    return doi, kept
