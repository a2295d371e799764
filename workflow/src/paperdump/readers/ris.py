"""Reader of ``ris``: exports of references in RIS, and in PubMed's own form (MEDLINE, ``.nbib``).

Both hold a field on each line, named by a tag: ``TI  - A title``; a line without a tag continues
the field before. A record of RIS begins with ``TY`` and ends with ``ER``; one of PubMed begins
with ``PMID`` and ends where a blank line or the next one comes. Records are split off one by one,
so that a dump of any size is read in bounded memory.

What makes an entry certain: it stands between these marks, and one of its tags is that of a title.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from paperdump.readers.base import Entry, Facts, Item, Reject
from paperdump.readers.records import Fields, Place
from paperdump.readers.references import (
    BRINGS,
    DOI,
    GarbledError,
    Lines,
    addresses,
    arxiv_in,
    iso_date,
    journal_ref,
    one_line,
    unknown,
    without_others,
)
from paperdump.readers.source import Head, Source, not_text

_SNIFFED_LINES = 12
_RIS_SNIFFED = re.compile(r"\s{0,12}TY {1,2}- ?[A-Z]{2,8}\s*$")
_PUBMED_SNIFFED = re.compile(r"PMID- ?[0-9]+\s*$")


class Ris:
    """The reader of ``ris``."""

    name = "ris"
    recognised_by = (
        "RIS, one of whose first lines is TY  - JOUR or of another type; or PubMed's form, whose "
        "first line is PMID- and a number"
    )
    brings = BRINGS

    def sniff(self, head: Head) -> str | None:
        """Whether its first lines begin a record."""
        if head.start[:1] in ("[", "{", "<"):
            return None
        blank = head.text[: len(head.text) - len(head.start)].count("\n")
        seen = 0
        for number, line in enumerate(head.start[:10_000].split("\n"), blank + 1):
            if not line.strip():
                continue
            if not seen and _PUBMED_SNIFFED.match(line):
                return f"line {number} begins a record of PubMed, with {line.strip()[:40]}"
            if _RIS_SNIFFED.match(line):
                return f"line {number} begins a record of RIS, with {line.strip()}"
            seen += 1
            if seen == _SNIFFED_LINES:
                break
        return None

    def read(self, source: Source) -> Iterator[Item]:
        """Read the records one by one."""
        if source.head.decoded is None:
            yield Reject("binary", not_text(source.head.data))
            return
        counted = Lines(source)
        record = 0
        for part in _parts(counted, source.limits.record_bytes):
            record += part.form is not _STRAY
            place = Place(
                first_line=part.first_line,
                last_line=part.last_line,
                record=record if part.form is not _STRAY else None,
                byte_offset=part.offset if source.is_utf8 else None,
            )
            yield from _items(part, place)
        yield Facts(n_lines=counted.count)


# --- splitting: lines → records ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Form:
    """How the lines of a record are written.

    Attributes:
        name: What to call it.
        tagged: Finds the tag and the value of a line.
    """

    name: str
    tagged: re.Pattern[bytes]


_RIS = _Form("RIS", re.compile(rb"([A-Z][A-Z0-9]{1,3})  -(?: |$)?(.*)"))
# some write a single space; elsewhere, that may be a line of text such as "AI - based methods"
_NARROW_RIS = _Form("RIS", re.compile(rb"([A-Z][A-Z0-9]) -(?: |$)(.*)"))
_PUBMED = _Form("PubMed", re.compile(rb"([A-Z][A-Z0-9 ]{3})-(?: |$)?(.*)"))
_STRAY = _Form("text", re.compile(rb"(?!)"))

_RIS_START = re.compile(rb"(\s{0,12})TY( {1,2})-(?:\s|$)")
_PUBMED_START = re.compile(rb"PMID- ?[0-9]")
_END = re.compile(rb"ER {1,2}-\s*$")
# lines that some publishers write above the first record
_HEADER = re.compile(rb"(?:Provider|Database|Content)\s*:", re.IGNORECASE)


@dataclass(slots=True)
class _Part:
    """A record, or text between records.

    Attributes:
        form: How its lines are written.
        first_line: Its first line.
        offset: Where it begins, in bytes.
        last_line: Its last line that is not blank.
        indent: The white space that all its lines begin with.
        fields: Its tags and the lines of their values.
        size: Its length in bytes.
        shown: Its beginning.
        too_large: Whether it is beyond the limit; its fields are not kept then.
        cut: Whether the dump ends before the record does.
    """

    form: _Form
    first_line: int
    offset: int
    last_line: int
    indent: bytes = b""
    fields: list[tuple[str, list[str]]] = field(default_factory=list)
    size: int = 0
    shown: bytes = b""
    too_large: bool = False
    cut: bool = False
    blank: bool = False

    def add(self, number: int, line: bytes, limit: int) -> None:
        """Take a line."""
        self.size += len(line) + 1
        if len(self.shown) < 400:
            self.shown += line[:400] + b"\n"
        self.blank = not line.strip()
        if not self.blank:
            self.last_line = number
        if self.size > limit:
            self.too_large = True
            self.fields.clear()
        if self.too_large or self.form is _STRAY:
            return
        line = line.removeprefix(self.indent)
        found = self.form.tagged.match(line)
        text = (found[2] if found else line).decode("utf-8", "replace").strip()
        if found:
            self.fields.append((found[1].decode("ascii").strip(), [text]))
        elif self.fields:
            self.fields[-1][1].append(text)

    def ends_before(self, line: bytes) -> bool:
        """Whether a line belongs to the record no more."""
        if self.form is _STRAY:
            return not line.strip() or _start_of(line) is not None
        if self.form is _PUBMED:
            if _PUBMED_START.match(line):
                return True
            # after its blank line, only what is a field or continues one can belong to it
            tagged = line[:1].isspace() or not line.strip() or _PUBMED.tagged.match(line)
            return self.blank and (not tagged or _RIS_START.match(line) is not None)
        return _RIS_START.match(line.removeprefix(self.indent)) is not None


def _start_of(line: bytes) -> tuple[_Form, bytes] | None:
    """The form and the indent of the record that a line begins; None where it begins none."""
    if found := _RIS_START.match(line):
        return (_RIS if len(found[2]) == 2 else _NARROW_RIS), found[1]
    if _PUBMED_START.match(line):
        return _PUBMED, b""
    return None


def _parts(lines: Iterable[tuple[int, int, bytes, bool]], limit: int) -> Iterator[_Part]:
    """The records of a dump and the text between them, in their order."""
    part: _Part | None = None
    begun = False
    for number, offset, line, _ in lines:
        if part is not None and part.ends_before(line):
            yield part
            part = None
        if part is None:
            start = _start_of(line)
            ignored = not line.strip() or _END.match(line.strip())
            if start is None and (ignored or (not begun and _HEADER.match(line))):
                continue
            form, indent = start or (_STRAY, b"")
            begun = begun or start is not None
            part = _Part(form, number, offset, number, indent)
        part.add(number, line, limit)
        if part.form in (_RIS, _NARROW_RIS) and _END.match(line.removeprefix(part.indent)):
            yield part
            part = None
    if part is not None:
        part.cut = part.form in (_RIS, _NARROW_RIS)
        yield part


# --- syntax: record → fields ---------------------------------------------------------------------


def _items(part: _Part, place: Place) -> Iterator[Item]:
    """What a part gives: an entry, rejects, or both."""
    shown = part.shown.decode("utf-8", "replace")
    if part.form is _STRAY:
        yield place.reject("stray_text", "it belongs to no record.", shown)
        return
    if part.too_large:
        message = (
            "the record is larger than readers.limits.max_record_mb allows and was left out; "
            "raise that if it is what it should be."
        )
        yield place.reject("over_limit", message, shown)
        return
    read = _of_pubmed if part.form is _PUBMED else _of_ris
    fields = Fields({}, place)
    entry = read(_parsed(part.fields), fields)
    if entry is not None:
        yield entry
    elif not part.cut:
        yield place.reject("no_title", "a record without a title.", shown)
    if part.cut:
        title = "" if entry else ", without a title"
        message = (
            f"the dump ends within this record{title}, before its line ER; what follows is "
            "missing. Export it again."
        )
        yield place.reject("truncated_entry", message, shown)
    yield from fields.problems


_Values = dict[str, list[str]]


def _parsed(fields: list[tuple[str, list[str]]]) -> _Values:
    """The values of each tag, as the library gathers them."""
    tags = {tag for tag, _ in fields} - {"TY", "ER"}
    parser = _parser()(
        mapping={tag: tag for tag in (*tags, "TY")},
        list_tags=list(tags),
        delimiter_tags_mapping={},
        ignore=[],
        skip_unknown_tags=True,
    )
    # the fields are handed over whole: the library takes a line that continues an author for
    # another one
    lines = [f"{tag}  - " + "\n".join(texts) for tag, texts in fields if tag in tags]
    records: list[dict[str, Any]] = parser.parse_lines(iter(["TY  - ", *lines, "ER  - "]))
    values: _Values = {}
    for tag in tags:
        found = [text.strip() for text in records[0].get(tag, ())] if records else []
        if any(found):
            values[tag] = [text for text in found if text]
    return values


@functools.cache
def _parser() -> Callable[..., Any]:
    """The library's parser, for fields of one line each and tags of two to four letters."""
    from rispy import RisParser  # noqa: PLC0415

    class Parser(RisParser):  # type: ignore[misc]
        def parse_line(self, line: str) -> tuple[str, str]:
            tag, _, text = line.partition("  - ")
            return tag, text

    return Parser


# --- meaning: fields → entry ---------------------------------------------------------------------


def _of_ris(values: _Values, fields: Fields) -> Entry | None:
    """The entry of a record of RIS; None where it has no title."""
    title = _first(values, "TI", "T1", "CT", "BT")
    if title is None:
        return None
    authors, more = _names(values.get("AU") or values.get("A1") or [])
    links = _links(values, "UR", "L1", "L2", "LK")
    date = _date(values, fields)
    where = _first(values, "JF", "JO", "T2", "JA")
    return Entry(
        title=title,
        abstract="\n\n".join(values.get("AB") or values.get("N2") or ()) or None,
        first_line=fields.place.first_line,
        last_line=fields.place.last_line,
        record=fields.place.record,
        byte_offset=fields.place.byte_offset,
        authors=authors or None,
        n_authors=len(authors) if authors and not more else None,
        date_text=date,
        arxiv_text=_arxiv(
            values, "ID", "C1", "M1", "AN", "U1", "UR", "L1", "L2", "LK", "JO", "JF", "T2", "DO"
        ),
        doi_text=_doi(values, links, fields),
        link_texts=links or None,
        categories=_categories(values, "KW") or None,
        journal_ref=journal_ref(
            where,
            _first(values, "VL"),
            _first(values, "IS"),
            _pages(values),
            date[:4] if date else None,
        ),
    )


def _of_pubmed(values: _Values, fields: Fields) -> Entry | None:
    """The entry of a record of PubMed; None where it has no title."""
    title = _first(values, "TI", "BTI")
    if title is None:
        return None
    people = values.get("FAU") or values.get("AU") or []
    authors, more = _names(people)
    # groups of authors
    authors += map(one_line, values.get("CN", ()))
    date = _most_precise(_dates(values, fields, "DP", "DEP"))
    identifiers = [*values.get("LID", []), *values.get("AID", [])]
    return Entry(
        title=title,
        abstract="\n\n".join(values.get("AB", ())) or None,
        first_line=fields.place.first_line,
        last_line=fields.place.last_line,
        record=fields.place.record,
        byte_offset=fields.place.byte_offset,
        authors=authors or None,
        n_authors=len(authors) if authors and not more else None,
        date_text=date,
        arxiv_text=_arxiv(values, "LID", "AID", "TA", "JT"),
        doi_text=next(
            (one_line(text[:-5]) for text in identifiers if text.endswith("[doi]")), None
        ),
        link_texts=None,
        # an asterisk marks the headings that matter most
        categories=[
            text.replace("*", "") for text in _categories(values, "OT", "MH") if text.strip("*")
        ]
        or None,
        journal_ref=journal_ref(
            _first(values, "JT", "TA"),
            _first(values, "VI"),
            _first(values, "IP"),
            _first(values, "PG"),
            date[:4] if date else None,
        ),
    )


def _first(values: _Values, *tags: str) -> str | None:
    """The first value of the first of the tags that has one."""
    return next((values[tag][0] for tag in tags if tag in values), None)


def _names(written: list[str]) -> tuple[list[str], bool]:
    """The authors, and whether there are more of them than are named."""
    if len(written) == 1 and ";" in written[0] and not re.search(r"&#?\w{1,9};", written[0]):
        written = written[0].split(";")
    names: list[str] = []
    more = False
    for text in written:
        name, others = without_others(one_line(text))
        more = more or others
        if found := _given_first(name):
            names.append(found)
    return names, more


_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|2nd|3rd|4th)\.?$")


def _given_first(name: str) -> str:
    """A name that is written ``Family, Given, Suffix``, the given one first."""
    parts = [part.strip() for part in name.split(",") if part.strip()]
    # more commas than a name has are those of an organisation; so is one before "Inc."
    if not 2 <= len(parts) <= 3 or parts[-1].rstrip(".") in ("Inc", "Ltd", "LLC"):
        return name.strip(" ,")
    family, given, *suffix = parts
    first, _, last = given.rpartition(" ")
    if first and not suffix and _SUFFIX.match(last):
        given, suffix = first, [last]
    return " ".join((given, family, *suffix))


def _dates(values: _Values, fields: Fields, *tags: str) -> list[str]:
    """The dates that the tags give, those left out that are not known."""
    found: list[str] = []
    for tag in tags:
        for text in values.get(tag, ()):
            # EndNote gives the day without its year
            dated = (
                f"{text} {found[0][:4]}" if tag == "DA" and found and _lacks_year(text) else text
            )
            try:
                date = iso_date(dated)
            except GarbledError as error:
                fields.refuse(tag, str(error), text)
                continue
            if date:
                found.append(date)
    return found


def _lacks_year(text: str) -> bool:
    return re.search(r"[0-9]{4}", text) is None


def _most_precise(dates: list[str]) -> str | None:
    """The first date, or a later one that only adds a month or a day to it."""
    best = dates[0] if dates else None
    for date in dates[1:]:
        if best and date.startswith(best):
            best = date
    return best


_WHOLE_DATE = re.compile(r"[0-9]{4}[-/.][0-9]")


def _date(values: _Values, fields: Fields) -> str | None:
    """The date as far as it is given."""
    date = _most_precise(_dates(values, fields, "PY", "Y1", "DA"))
    if date is None:
        # an edition, which some use for the day of the publication online
        for text in values.get("ET", ()):
            if _WHOLE_DATE.match(text):
                return _most_precise(_dates({"ET": [text]}, fields, "ET"))
    return date


def _doi(values: _Values, links: list[str], fields: Fields) -> str | None:
    """The DOI, or an address that holds it."""
    for text in (*values.get("DO", ()), *values.get("DI", ())):
        if DOI.search(text):
            return one_line(text)
        if len(text) > 3 and not unknown(text):
            fields.refuse("DO", "it is no DOI", text)
    return next((link for link in links if "doi.org/10." in link.lower()), None)


def _arxiv(values: _Values, *tags: str) -> str | None:
    """The arXiv identifier that one of the tags marks as such."""
    texts = (text for tag in tags for text in values.get(tag, ()))
    return next((found for text in texts if (found := arxiv_in(text))), None)


_NEXT_ADDRESS = re.compile(r"[;,](?=\s*(?:https?|ftp)://)", re.IGNORECASE)


def _links(values: _Values, *tags: str) -> list[str]:
    """The web addresses that the tags hold."""
    found: list[str] = []
    for tag in tags:
        for text in values.get(tag, ()):
            found += addresses(_NEXT_ADDRESS.sub(" ", text), alone=True)
    return list(dict.fromkeys(found))


def _categories(values: _Values, *tags: str) -> list[str]:
    """The keywords, of which a line may hold several."""
    texts = (text for tag in tags for text in values.get(tag, ()))
    parts = (one_line(part) for text in texts for part in re.split(r"[;\n]", text))
    return list(dict.fromkeys(part for part in parts if part))


def _pages(values: _Values) -> str | None:
    first, last = _first(values, "SP"), _first(values, "EP")
    if first is None or last is None or last == first or "-" in first or "–" in first:
        return first
    return f"{first}-{last}"
