r"""Reader of ``bibtex``: exports of reference managers, publishers and archives, biblatex's too.

A dump holds entries such as ``@article{key, title = {…}, year = 2024}``; what stands between them
is ignored, as BibTeX does, and so are ``@comment`` and ``@preamble``. Entries are split off one
by one, so that a dump of any size is read in bounded memory; the library reads the syntax of each.

What makes an entry certain: it begins with ``@word{`` or ``@word(``, its braces close before the
next line that begins with such a word, its fields are separated by commas, and one is a title.
A value that is joined from pieces (``jan # "~28"``) is joined; one that names an ``@string`` which
the dump does not define is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paperdump.readers.base import Entry, Facts, Item, Reject
from paperdump.readers.bibtex_blocks import Block, blocks_of
from paperdump.readers.bibtex_syntax import (
    Strings,
    TooLargeError,
    UndefinedError,
    parsed_block,
    values_of,
)
from paperdump.readers.records import Fields, Place
from paperdump.readers.references import (
    ARXIV_ID,
    BRINGS,
    DOI,
    MONTH_NAME,
    GarbledError,
    Lines,
    addresses,
    arxiv_in,
    iso_date,
    iso_of,
    journal_ref,
    one_line,
    unknown,
    without_others,
)
from paperdump.readers.source import Head, Source, not_text
from paperdump.readers.tex import BrokenError, is_braced, plain, split_outside_braces

_TYPES = (
    "article|inproceedings|conference|proceedings|misc|book|booklet|inbook|incollection|collection"
    "|phdthesis|mastersthesis|bachelorsthesis|thesis|techreport|report|unpublished|online"
    "|electronic|www|manual|dataset|software|patent|periodical|reference|inreference|mvbook"
    "|bookinbook|suppbook|suppperiodical|eprint|preprint"
)
# a key, the comma after it and the first field; or nothing but an end
_SNIFFED = re.compile(
    rf"""
    ^[ \t]*@[ \t]*(?:
        (?P<entry>{_TYPES})\s*[{{(]\s*(?:(?:[^\s,={{}}"]+\s*)?,\s*(?:[\w:.-]+\s*=|[}})])|[\w-]+\s*=\s*["{{])
      | string\s*[{{(]\s*[\w:.-]+\s*=\s*["{{\w]
      | preamble\s*[{{(]\s*["{{]
      | comment\s*\{{
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
# what shows that the entries after it are quoted within another text
_QUOTING = re.compile(
    r"^[ \t]*(?:```|~~~|\\documentclass|\\begin\b|<[a-z!?])", re.IGNORECASE | re.MULTILINE
)


class Bibtex:
    """The reader of ``bibtex``."""

    name = "bibtex"
    recognised_by = (
        "BibTeX or biblatex: a line that begins with @article{key, or another type of entry, or "
        "with @string, @preamble or @comment"
    )
    brings = BRINGS

    def sniff(self, head: Head) -> str | None:
        """Whether a line begins an entry, outside of JSON, HTML, Markdown and LaTeX."""
        if head.start[:1] in ("[", "{", "<") or "@" not in head.text:
            return None
        found = _SNIFFED.search(head.text)
        if not found or _QUOTING.search(head.text, 0, found.start()):
            return None
        line = head.text.count("\n", 0, found.start()) + 1
        shown = found[0].split("\n")[0].strip()[:40]
        return f"line {line} begins as BibTeX does, with {shown}"

    def read(self, source: Source) -> Iterator[Item]:
        """Read the entries one by one."""
        if source.head.decoded is None:
            yield Reject("binary", not_text(source.head.data))
            return
        counted = Lines(source)
        strings = Strings(source.limits.record_bytes)
        record = 0
        for block in blocks_of(counted, source.limits.record_bytes):
            if block.kind in ("comment", "preamble"):
                continue
            is_entry = block.kind not in ("string", "")
            record += is_entry
            place = Place(
                first_line=block.first_line,
                last_line=block.last_line,
                record=record if is_entry else None,
                byte_offset=block.offset if source.is_utf8 else None,
            )
            yield from _items(block, place, strings)
        yield Facts(n_lines=counted.count)


_ESCAPED_BRACE = re.compile(r"\\(?=[{}])")


def _items(block: Block, place: Place, strings: Strings) -> Iterator[Item]:
    """What a block gives: an entry, or rejects; nothing for an ``@string`` that is right."""
    text = block.text
    try:
        if block.problem:
            if block.problem[0] != "broken_record":
                raise BrokenError
            # BibTeX itself counts a brace after a backslash: perhaps that closes it
            block = _reread(block)
            text = block.text
        parsed = parsed_block(text)
        if block.kind == "string":
            strings.define(parsed.key, parsed.value)
            return
        values, missing = values_of(parsed, strings)
    except TooLargeError:
        message = "what its @string names stand for is longer than readers.limits.max_record_mb."
        yield place.reject("over_limit", message, text[:400])
    except UndefinedError as error:
        message = f"the @string names {error}, which is not defined above it."
        yield place.reject("broken_record", message, text[:400])
    except BrokenError as error:
        reason, message = block.problem or ("broken_record", f"{error}. Correct it by hand.")
        yield place.reject(reason, message, text[:400])
    else:
        fields = Fields(values, place)
        for name, word in missing:
            fields.refuse(name, f"it names the @string {word}, which is not defined", word)
        yield from _entry(fields, text)


def _reread(block: Block) -> Block:
    """A block that does not close, its escaped braces counted.

    Raises:
        BrokenError: It does not close then either.
    """
    text = _ESCAPED_BRACE.sub(r"\\ ", block.text)
    again = blocks_of([(1, 0, line.encode(), False) for line in text.split("\n")], len(text) * 5)
    found = [one for one in again if one.problem is None]
    if len(found) != 1 or found[0].kind != block.kind:
        raise BrokenError
    return found[0]


def _entry(fields: Fields, shown: str) -> Iterator[Item]:
    """The entry of the fields, and a reject for each of them that is wrong."""
    title = plain(fields.text("title"))
    if title is None:
        yield fields.place.reject("no_title", "an entry without a title.", shown[:400])
        yield from fields.problems
        return
    authors, more = _authors(fields)
    yield Entry(
        title=title,
        abstract=plain(fields.text("abstract")),
        first_line=fields.place.first_line,
        last_line=fields.place.last_line,
        record=fields.place.record,
        byte_offset=fields.place.byte_offset,
        authors=authors or None,
        n_authors=len(authors) if authors and not more else None,
        date_text=_date(fields),
        arxiv_text=_arxiv(fields),
        doi_text=_doi(fields),
        link_texts=_links(fields) or None,
        categories=_categories(fields) or None,
        journal_ref=_journal_ref(fields),
    )
    yield from fields.problems


def _authors(fields: Fields) -> tuple[list[str], bool]:
    """The authors, and whether there are more of them than are named."""
    from bibtexparser.middlewares.names import split_multiple_persons_names  # noqa: PLC0415

    text = fields.text("author") or fields.text("authors")
    if text is None:
        return [], False
    written = split_multiple_persons_names(_TIE.sub(" ", text))
    if len(written) == 1:
        written = _listed(written[0])
    names: list[str] = []
    more = False
    for one in written:
        name, others = without_others(one_line(one))
        more = more or others
        if not name:
            continue
        ordered = _ordered(name)
        if ordered is None:
            fields.refuse("author", "a name in it has more than two commas", name)
            return [], False
        if ordered:
            names.append(ordered)
    return names, more


# a tie is a space, but not where it is an accent
_TIE = re.compile(r"(?<!\\)~")


def _listed(text: str) -> list[str]:
    """The names of a list without ``and``: separated by semicolons, or by commas where whole."""
    by_semicolon = split_outside_braces(text, ";")
    if len(by_semicolon) > 1 and not re.search(r"&#?\w{1,9};", text):
        return by_semicolon
    by_comma = split_outside_braces(text, ",")
    # "Jane Doe, Max Roe, Ann Poe": a family name, "Jr" and a given name are never all so long
    if len(by_comma) > 2 and all(" " in part.strip() for part in by_comma):
        return by_comma
    return [text]


def _ordered(name: str) -> str | None:
    """A name, the given one first; None where it is garbled, empty where nothing is left of it."""
    if is_braced(name):
        return plain(name) or ""
    parts = [part.strip() for part in split_outside_braces(name, ",") if part.strip()]
    if _LABELLED.match(name):
        pairs = (part.partition("=") for part in parts)
        labelled = {label.strip(): text.strip(' "') for label, _, text in pairs}
        parts = [labelled.get(label, "") for label in _LABELS]
    elif len(parts) > 3:
        return None
    elif len(parts) == 3:
        family, junior, given = parts
        parts = [given, family, junior]
    else:
        parts.reverse()
    return plain(" ".join(filter(None, parts))) or ""


# biblatex may name the parts of a name
_LABELS = ("given", "prefix", "family", "suffix")
_LABELLED = re.compile(rf"\s*(?:{'|'.join(_LABELS)})\s*=")


def _date(fields: Fields) -> str | None:
    """The date as far as it is given."""
    for name in ("date", "year"):
        text = plain(fields.text(name))
        try:
            date = iso_date(text)
        except GarbledError as error:
            fields.refuse(name, str(error), text)
            continue
        if date is None:
            continue
        return date if len(date) > 4 else _with_month(fields, date)
    return None


_DAY = re.compile(r"(?<![0-9])([0-9]{1,2})(?![0-9])")


def _with_month(fields: Fields, year: str) -> str:
    """The date of a year and the fields ``month`` and ``day``."""
    month = plain(fields.text("month"))
    if month is None:
        return year
    month = _TIE.sub(" ", month)[:60]
    day = _DAY.search(fields.text("day") or "")
    try:
        if month.isdecimal():
            date = iso_of(int(year), int(month))
        elif MONTH_NAME.search(month):
            # "may", "May 28" and "28 may" are dates but for their year
            date = iso_date(f"{month} {year}") or year
        else:
            return year
        if len(date) == 7 and day:
            date = iso_of(int(year), int(date[5:]), int(day[1]))
    except GarbledError as error:
        fields.refuse("month", str(error), month)
        return year
    return date


def _arxiv(fields: Fields) -> str | None:
    """The arXiv identifier, from the field that says it most plainly."""
    eprint = fields.text("eprint")
    archive = fields.text("archiveprefix") or fields.text("eprinttype")
    if eprint and archive and archive.strip("{} ").lower() == "arxiv":
        found = ARXIV_ID.search(eprint)
        if found:
            return plain(eprint)
        fields.refuse("eprint", "it is no arXiv identifier", eprint)
    elif eprint and not archive and (ARXIV_ID.fullmatch(eprint.strip("{} ")) or arxiv_in(eprint)):
        return plain(eprint)
    for name in ("arxivid", "arxiv"):
        if (text := fields.text(name)) and ARXIV_ID.search(text):
            return plain(text)
    if (volume := fields.text("volume")) and volume.startswith("abs/"):
        return volume.removeprefix("abs/")
    for name in ("journal", "journaltitle", "howpublished", "note", "number", "url", "doi"):
        if (text := fields.text(name)) and (known := arxiv_in(text)):
            return known
    return None


def _doi(fields: Fields) -> str | None:
    """The DOI, or an address that holds it."""
    text = fields.text("doi")
    if text:
        written = _unescaped(text)
        if DOI.search(written):
            return one_line(written)
        if len(written) > 3 and not unknown(written):
            fields.refuse("doi", "it is no DOI", text)
    return next((link for link in _links(fields) if "doi.org/10." in link.lower()), None)


_ESCAPES = (
    (re.compile(r"\\(?:url|path|nolinkurl)\s*(?=\{)|\\href\s*(?=\{)"), ""),
    (re.compile(r"\\textasciitilde\s*(?:\{\})?|\\~(?:\{\})?|\{~\}"), "~"),
    (re.compile(r"\\textunderscore\s*(?:\{\})?"), "_"),
    (re.compile(r"\$\\sim\$"), "~"),
    (re.compile(r"\\([_%#&$])"), r"\1"),
)


def _unescaped(text: str) -> str:
    """An address or identifier without TeX's escapes and braces."""
    for pattern, written in _ESCAPES:
        text = pattern.sub(written, text)
    return text.replace("{", " ").replace("}", " ").replace(" _ ", "_").strip()


def _links(fields: Fields) -> list[str]:
    """The web addresses of the entry."""
    found: list[str] = []
    for name in ("url", "howpublished", "note"):
        if text := fields.text(name):
            found += addresses(_unescaped(text), alone=name == "url")
    return list(dict.fromkeys(found))


def _categories(fields: Fields) -> list[str]:
    """The primary class and the keywords."""
    found = [plain(fields.text("primaryclass"))]
    keywords = fields.text("keywords") or fields.text("keyword") or ""
    # a list that is separated by semicolons may have commas in its items
    separator = ";" if len(split_outside_braces(keywords, ";")) > 1 else ","
    found += [plain(part) for part in split_outside_braces(keywords, separator)]
    return list(dict.fromkeys(text for text in found if text))


def _journal_ref(fields: Fields) -> str | None:
    names = ("journal", "journaltitle", "booktitle")
    where = next((text for name in names if (text := plain(fields.text(name)))), None)
    try:
        date = iso_date(plain(fields.text("year")) or plain(fields.text("date")))
    except GarbledError:
        date = None
    return journal_ref(
        where,
        plain(fields.text("volume")),
        plain(fields.text("number")) or plain(fields.text("issue")),
        plain(fields.text("pages")),
        date[:4] if date else None,
    )
