"""Reader of ``arxiv-oai``: answers of arXiv's OAI-PMH server, whole or cut to their records.

A record holds a header and the paper's metadata as ``oai_dc``, ``arXiv``, ``arXivRaw`` or
``arXivOld``. Records may stand in an answer, in several answers one after another, or alone.

What makes an entry certain: it is a ``record`` that is closed, not deleted, and whose metadata, in
one of these formats, have a title.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paperdump.readers.base import Entry, Facts, Item, Reject
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

_CONTAINERS = frozenset({"OAI-PMH", "ListRecords", "GetRecord"})
_FORMATS = frozenset({"dc", "arXiv", "arXivRaw", "arXivOld"})
_NAMESPACE = "http://www.openarchives.org/OAI/2.0/"
_MARK = re.compile(r"oai_dc|oai:arXiv\.org|arxiv\.org/OAI/|openarchives\.org/OAI/", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_DOI = re.compile(r"(?:https?://(?:www\.|dx\.)?doi\.org/|doi:\s*)?10\.\d{4,9}/", re.IGNORECASE)
_OTHER_ID = re.compile(r"(?:oai|arxiv|urn|isbn|issn)\s*:", re.IGNORECASE)
ARXIV_PAGE = re.compile(
    r"https?://(?:[\w-]+\.)?arxiv\.org/(?:abs|pdf|html|format|ps|src|e-print)/", re.IGNORECASE
)
_COMMENT = re.compile(r"comments?:", re.IGNORECASE)
_MONTH_IN_ID = re.compile(r"(?:^|[/:])([0-9]{2})(0[1-9]|1[0-2])(?:\.[0-9]{4,5}|[0-9]{3})(?:v|$)")
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|II|III|IV|V", re.IGNORECASE)
_GROUP = re.compile(r"\b(?:collaborations?|consortium|group|team|project)\s*:", re.IGNORECASE)
_MOST_NESTED = 4  # parentheses in one another; more are a mistake
# the first version's day may lie a little behind the month of the identifier: time zones, holds
_SLACK = dt.timedelta(days=3)


class ArxivOai:
    """The reader of ``arxiv-oai``."""

    name = "arxiv-oai"
    recognised_by = (
        "XML of arXiv's OAI-PMH server, an answer or bare records, with metadata as oai_dc, arXiv, "
        "arXivRaw or arXivOld"
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
        "link_texts",
        "categories",
        "journal_ref",
        "captured_text",
        "source_url",
    )

    def sniff(self, head: Head) -> str | None:
        """Whether its root element is one of OAI-PMH, with a mark of it."""
        root = root_of(head)
        if root is None:
            return None
        if root.name in _CONTAINERS and (root.namespace == _NAMESPACE or root.name == "OAI-PMH"):
            return f"its root element is {root.name}, of OAI-PMH"
        if root.name in (*_CONTAINERS, "record") and (found := _MARK.search(head.text)):
            return f"its root element is {root.name}, and it has OAI-PMH's mark {found[0]}"
        return None

    def read(self, source: Source) -> Iterator[Item]:
        """Read the records; what is wrong with one, or with the file, becomes a reject."""
        answer = _Answer()
        for piece in read_xml(source, "record", _CONTAINERS):
            if isinstance(piece, Record):
                yield from _read_record(piece.element, piece.place, answer)
            elif isinstance(piece, Loose):
                yield from answer.beside(piece.element)
            else:
                yield piece
        if notes := answer.notes():
            yield Facts(notes=notes)


@dataclass
class _Answer:
    """What is known of a file from beside its records.

    Attributes:
        said: Names of the facts it told; of several answers the first counts.
        rest: How the list goes on, as its last answer says it.
        later_dates: Number of dates left out as those of a later version.
    """

    said: set[str] = field(default_factory=set)
    rest: str | None = None
    later_dates: int = 0

    def beside(self, element: _Element) -> Iterator[Item]:
        """What an element beside the records says."""
        name, value = local(element.tag), text(element)
        if name == "error":
            code = element.get("code") or "error"
            said = f": {value}" if value else ""
            yield Reject("error_answer", f"The server answered with the error {code}{said}")
        elif name == "resumptionToken":
            size = element.get("completeListSize")
            self.rest = (f" of {size} records" if size else "") if value else None
        elif name in ("responseDate", "request") and value and name not in self.said:
            self.said.add(name)
            yield Facts(captured_text=value) if name == "responseDate" else Facts(source_url=value)

    def notes(self) -> tuple[str, ...]:
        """What a reader of the dump should know."""
        notes = []
        if self.rest is not None:
            notes.append(f"It is a part of a list{self.rest}: the server has more after it.")
        if self.later_dates:
            notes.append(
                f"{self.later_dates} record(s) state as created a day after the month of their "
                "identifier: that is the day of a later version, so their date was left out."
            )
        return tuple(notes)


def _read_record(record: _Element, place: Place, answer: _Answer) -> Iterator[Item]:
    """The entry of a record, or the reject that says why there is none."""
    parts = children(record)
    header_element = next(iter(parts.get("header", ())), None)
    header = children(header_element) if header_element is not None else {}
    identifier = first(header, "identifier")
    if header_element is not None and header_element.get("status") == "deleted":
        stamp = first(header, "datestamp")
        when = f" on {stamp}" if stamp else ""
        message = f"the record was deleted at its source{when}; only its identifier is left."
        yield place.reject("broken_record", message, identifier)
        return
    inner = [one for part in parts.get("metadata", ()) for one in part]
    metadata = next((one for one in (*inner, *record) if local(one.tag) in _FORMATS), None)
    if metadata is None:
        yield place.reject("broken_record", _unknown(inner), identifier)
        return
    yield from _read_metadata(metadata, header, place, answer)


def _unknown(inner: list[_Element]) -> str:
    """What to say of a record whose metadata cannot be read."""
    seen = sorted({str(one.tag) for one in inner if isinstance(one.tag, str)})
    if not seen:
        return "a record without metadata."
    return (
        f"its metadata are in a format that is not read: {', '.join(seen)[:300]}. Harvest it as "
        "oai_dc, arXiv or arXivRaw."
    )


def _read_metadata(
    metadata: _Element, header: Children, place: Place, answer: _Answer
) -> Iterator[Item]:
    """The entry that metadata and header make, and a reject for each value left out."""
    found = children(metadata)
    title = first(found, "title")
    if title is None:
        yield place.reject("no_title", "a record without a title.", text(metadata))
        return
    stamp = first(header, "datestamp")
    identifier = _arxiv(first(header, "identifier")) or first(found, "id")
    if local(metadata.tag) == "dc":
        names = _Names.of_dc(texts(found, "creator"))
        identifiers = texts(found, "identifier")
        date, updated = first(found, "date"), stamp
        identifier = identifier or next((one for one in identifiers if _arxiv(one)), None)
        dois = [one for one in identifiers if _DOI.match(one)]
        doi = dois[0] if dois else None
        links = [one for one in identifiers if _WEB.match(one) and not ARXIV_PAGE.match(one)]
        links = [one for one in links if one != doi]
        journals = [one for one in identifiers if not _is_identifier(one)]
        journal = journals[0] if journals else None
        abstract = next((d for d in texts(found, "description") if not _COMMENT.match(d)), None)
        categories = list(dict.fromkeys(texts(found, "subject")))
    else:
        names = _Names.of_arxiv(found)
        date, updated = _first_version(found), stamp
        if date is None and (created := first(found, "created")):
            updated = first(found, "updated") or stamp
            if _is_later(created, identifier):
                answer.later_dates += 1
            else:
                date = created
        doi, journal = first(found, "doi"), first(found, "journal-ref")
        links = []
        abstract = first(found, "abstract")
        categories = list(dict.fromkeys((first(found, "categories") or "").split()))
    yield Entry(
        title=title,
        abstract=abstract,
        first_line=place.first_line,
        last_line=place.last_line,
        record=place.record,
        record_path=place.record_path,
        authors=names.found or None,
        n_authors=names.count,
        date_text=date,
        updated_text=updated,
        arxiv_text=identifier,
        doi_text=doi,
        link_texts=links or None,
        categories=categories or None,
        journal_ref=journal,
    )
    if names.problem:
        message = f"the field authors was left out: {names.problem}."
        yield place.reject("bad_field", message, first(found, "authors"))


def _arxiv(identifier: str | None) -> str | None:
    """An identifier if it is arXiv's: the same format serves other archives too."""
    return identifier if identifier and "arxiv" in identifier.lower() else None


def _is_identifier(written: str) -> bool:
    """Whether an identifier of ``oai_dc`` is one, not the place of publication."""
    return any(pattern.match(written) for pattern in (_WEB, _DOI, _OTHER_ID))


def _first_version(found: Children) -> str | None:
    """The date of the first version, where all versions are listed."""
    for version in found.get("version", ()):
        if version.get("version") in ("v1", "1"):
            return first(children(version), "date")
    return None


def _is_later(created: str, identifier: str | None) -> bool:
    """Whether a day of creation lies after the month in which the identifier was given.

    arXiv's server stated the day of the first version under ``created`` until 2025, and states
    that of the current one since.
    """
    month = _MONTH_IN_ID.search(identifier or "")
    try:
        day = dt.date.fromisoformat(created[:10]) - _SLACK
    except (ValueError, OverflowError):
        return False
    if not month:
        return False
    year = int(month[1]) + (1900 if int(month[1]) > 90 else 2000)
    return (day.year, day.month) > (year, int(month[2]))


@dataclass(frozen=True)
class _Names:
    """The authors of a record.

    Attributes:
        found: Their names, in order.
        count: How many there are, where that is certain.
        problem: Why there are none although some are written, or None.
    """

    found: list[str]
    count: int | None
    problem: str | None = None

    @classmethod
    def of_dc(cls, creators: list[str]) -> _Names:
        names = [in_reading_order(creator) for creator in creators]
        return cls(names, len(names) or None)

    @classmethod
    def of_arxiv(cls, found: Children) -> _Names:
        """From elements with the parts of each name, or from one text."""
        whole = next(iter(found.get("authors", ())), None)
        if whole is None:
            return cls([], None)
        parts = [children(author) for author in children(whole).get("author", ())]
        if not parts:
            return cls.of_text(text(whole) or "")
        order = ("forenames", "keyname", "suffix")
        names = [" ".join(t for name in order if (t := first(part, name))) for part in parts]
        names = [name for name in names if name]
        return cls(names, len(names) or None)

    @classmethod
    def of_text(cls, written: str) -> _Names:
        names = split_authors(written)
        if names is None:
            return cls([], None, "its parentheses do not match, so affiliations hide in it")
        whole = [name for name in names if not re.fullmatch(r"et\.? al\.?", name)]
        return cls(whole, len(whole) or None if len(whole) == len(names) else None)


def in_reading_order(name: str) -> str:
    """A name written family name first, as it is read: ``Voss, Ada, Jr`` → ``Ada Voss Jr``.

    A name without a comma, or with more of them than that, stays as it is.
    """
    parts = [part.strip() for part in name.split(",")]
    if all(parts) and (len(parts) == 2 or (len(parts) == 3 and _SUFFIX.fullmatch(parts[2]))):
        return " ".join((parts[1], parts[0], *parts[2:]))
    return name


def split_authors(written: str) -> list[str] | None:
    """The names in one text, without affiliations in parentheses; None if these do not match.

    They are separated by commas, semicolons, "and" or "&"; "Jr." and the like belong to the name
    before them. The names of a collaboration follow its own after a colon.
    """
    plain = written
    for _ in range(_MOST_NESTED):
        plain = re.sub(r"\([^()]*\)", " ", plain)
    if re.search(r"[()]", plain):
        return None
    plain = _GROUP.sub(lambda found: found[0][:-1] + ",", plain)
    names: list[str] = []
    for piece in re.split(r"[,;]|(?:^|\s)(?:and|(?<!\\)&)(?=\s|$)", plain):
        name = " ".join(piece.split())
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f" {name}"
        elif name:
            names.append(name)
    return names
