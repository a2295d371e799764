"""A row or record of a table, its columns known, as an entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from paperdump.readers.base import Entry, Item
from paperdump.readers.jsontext import Doubtful, Number
from paperdump.readers.records import MOST_AUTHORS, MOST_COUNTED, Fields, Place
from paperdump.readers.table_cells import (
    Names,
    addresses_of,
    count_of,
    date_of,
    has_year,
    identifier_of,
    is_arxiv,
    is_doi,
    is_null,
    joined_date,
    names_of,
    plain,
    topics_of,
)
from paperdump.readers.table_columns import Plan

# fields of an entry that a table can bring
BRINGS = (
    "title",
    "abstract",
    "authors",
    "n_authors",
    "organization_name",
    "date_text",
    "updated_text",
    "listed_text",
    "n_comments",
    "n_upvotes",
    "arxiv_text",
    "doi_text",
    "link_texts",
    "categories",
    "journal_ref",
)


def flattened(record: dict[str, Any]) -> dict[str, Any]:
    """A record in which what objects hold has names of its own, and NaN is null.

    ``{"ids": {"DOI": 1}}`` also has ``ids.DOI``, which is how tables made of objects name it.
    """
    flat = record
    for name, value in record.items():
        if isinstance(value, dict):
            flat = dict(flat) if flat is record else flat
            for inner, held in value.items():
                flat.setdefault(f"{name}.{inner}", held)
        elif isinstance(value, Doubtful) and value.shown == "NaN":
            flat = dict(flat) if flat is record else flat
            flat[name] = None
    return flat


def read_record(record: dict[str, Any], plan: Plan, place: Place, shown: str) -> Iterator[Item]:
    """The entry of a record, and a reject for each of its values that is wrong.

    Args:
        record: Column → value.
        plan: Which columns hold what.
        place: Where the record stands.
        shown: The record as it stands there, or its beginning, for a reject.
    """
    try:
        yield from _Record(record, plan, place).items(shown)
    except RecursionError:
        yield place.reject("broken_record", "its values are nested too deeply.", shown)


class _Record:
    def __init__(self, record: dict[str, Any], plan: Plan, place: Place) -> None:
        self._fields = Fields(record, place)
        self._record = record
        self._plan = plan
        self._place = place

    def items(self, shown: str) -> list[Item]:
        title = self._whole("title")
        if title is None:
            reject = self._place.reject("no_title", "a row without a title.", shown)
            return [reject, *self._problems()]
        place = self._place
        authors = self._authors()
        n_authors = self._count("n_authors", MOST_AUTHORS)
        if n_authors is None and authors and authors.complete:
            n_authors = len(authors.names)
        entry = Entry(
            title=title,
            abstract=self._whole("abstract"),
            first_line=place.first_line,
            last_line=place.last_line,
            record=place.record,
            byte_offset=place.byte_offset,
            record_path=place.record_path,
            authors=authors.names if authors else None,
            n_authors=n_authors,
            organization_name=self._joined("organization"),
            date_text=self._date(),
            listed_text=self._first("listed", date_of),
            updated_text=self._first("updated", date_of),
            n_comments=self._count("n_comments"),
            n_upvotes=self._count("n_upvotes"),
            arxiv_text=self._identifier("arxiv_id", is_arxiv),
            doi_text=self._identifier("doi", is_doi),
            link_texts=self._all("links", addresses_of),
            categories=self._all("categories", topics_of),
            journal_ref=self._first("journal_ref", self._as_text),
        )
        return [entry, *self._problems()]

    def _problems(self) -> list[Item]:
        return list(dict.fromkeys(self._fields.problems))

    def _values(self, columns: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        """The values of columns that have one."""
        for label in columns:
            if label in self._record:
                value = self._fields.raw(label)
                if not is_null(value):
                    yield label, plain(value) if isinstance(value, str) else value

    def _whole(self, field: str) -> str | None:
        """A title or an abstract, which may be any text: ``None`` is one, white space is not."""
        for label in self._plan.columns.get(field, ()):
            value = self._fields.raw(label)
            if isinstance(value, str):
                return plain(value) if value.strip() else None
            return None if is_null(value) else self._as_text(value, label)
        return None

    def _as_text(self, value: Any, label: str = "") -> str | None:
        """A value as a text; a number has its spelling, an object its name."""
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict):
            value = next((value[k] for k in ("name", "value", "text", "id") if k in value), None)
        if isinstance(value, str):
            return value if value.strip() else None
        if isinstance(value, Number):
            return value.spelled
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, float) and not is_null(value):
            return str(value).removesuffix(".0")
        if value is not None and label:
            kind = type(value).__name__ if not isinstance(value, Doubtful) else value.why
            self._fields.refuse(label, f"it is no text ({kind})", repr(value)[:400])
        return None

    def _first(self, field: str, read: Callable[[Any], str | None]) -> str | None:
        """The first of the columns' values that says something."""
        for _, value in self._values(self._plan.columns.get(field, ())):
            if (found := read(value)) is not None:
                return found
        return None

    def _all(self, field: str, read: Callable[[object], list[str]]) -> list[str] | None:
        """What the values of all columns of a field say, each once."""
        columns = self._plan.columns.get(field)
        if not columns:
            return None
        found = [item for _, value in self._values(columns) for item in read(value)]
        return list(dict.fromkeys(found)) or None

    def _authors(self) -> Names | None:
        for _, value in self._values(self._plan.columns.get("authors", ())):
            if (found := names_of(value)) is not None:
                return found
        return None

    def _joined(self, field: str) -> str | None:
        """A text, or a list of texts as one."""
        for label, value in self._values(self._plan.columns.get(field, ())):
            if isinstance(value, list) or (isinstance(value, str) and value.startswith("[")):
                if found := topics_of(value):
                    return "; ".join(found)
            elif (text := self._as_text(value, label)) is not None:
                return text
        return None

    def _identifier(self, field: str, shows: Callable[[str], bool]) -> str | None:
        for label, value in self._values(self._plan.columns.get(field, ())):
            if (text := self._as_text(value, label)) is not None:
                return identifier_of(text)
        for _, value in self._values(self._plan.by_value.get(field, ())):
            text = self._as_text(value)
            if text is not None and shows(found := identifier_of(text)):
                return found
        return None

    def _date(self) -> str | None:
        """The first date that says its year, else one put together, else the first of all."""
        first = None
        columns = self._plan.columns
        for _, value in self._values(columns.get("date", ())):
            date = date_of(value)
            if date is not None and has_year(date):
                return date
            first = first or date
        year = self._first("year", date_of)
        if year is not None:
            month = self._first("month", self._as_text)
            return joined_date(year, month, self._first("day", self._as_text))
        return self._first("late_date", date_of) or first

    def _count(self, field: str, most: int = MOST_COUNTED) -> int | None:
        for label, value in self._values(self._plan.columns.get(field, ())):
            self._record[label] = count_of(value)
            return self._fields.count(label, most)
        return None
