"""The values of a table's cells: lists that are written as one text, names, dates, addresses.

Each function takes a cell's value as it is, a text or what JSON and Parquet have, and gives what
it says, or None. Nothing is guessed: where a text can be divided into names in two ways, it is
left in one piece, and the number of names is not known.
"""

from __future__ import annotations

import datetime as dt
import html
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from paperdump.readers.jsontext import NotJson, Number, loads, python_literal
from paperdump.readers.references import MONTHS

_NULLS = frozenset(("", "na", "n/a", "nan", "nat", "null", "none", "-", "--", "?", "<na>", "#n/a"))
_LONGEST_NULL = 8

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# a literal takes many times its length in memory while it is read
_LONGEST_LITERAL = 1 << 18
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
# numpy writes a list of texts without commas, which Python would read as one text
_WITHOUT_COMMAS = re.compile(r"""['"]\s+['"]""")
_NAME_KEYS = ("name", "full_name", "fullName", "fullname", "display_name", "displayName")
_ITEM_KEYS = (*_NAME_KEYS, "term", "category", "keyword", "tag", "label", "value", "title")
_PART_KEYS = (
    ("first", "given", "firstName", "first_name", "forename"),
    ("middle", "middleName"),
    ("last", "family", "lastName", "last_name", "surname"),
    ("suffix",),
)


def is_null(value: object) -> bool:
    """Whether a cell says that it has no value."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_NULL and value.strip().lower() in _NULLS
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, list | dict) and not value)


def plain(text: str) -> str:
    """A text with its character references undone: tables are often made from web pages."""
    if "&" not in text or ";" not in text:
        return text
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), text)


def list_in(text: str) -> list[Any] | None:
    """The list that a text holds as a JSON or Python literal; None where it holds none."""
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    if len(text) <= _LONGEST_LITERAL:
        readers = [loads] if _WITHOUT_COMMAS.search(text) else [loads, python_literal]
        for reader in readers:
            try:
                found = reader(text)
            except NotJson:
                continue
            return found if isinstance(found, list) else None
    quoted = [one or other for one, other in _QUOTED.findall(text)]
    return quoted or [part.strip() for part in text[1:-1].split(",")]


def _texts(items: Iterable[Any], keys: tuple[str, ...] = _ITEM_KEYS) -> Iterator[str]:
    """The texts of a list: those in it, and the names of the objects in it."""
    for item in items:
        if isinstance(item, str):
            text = item
        elif isinstance(item, Number):
            text = item.spelled
        elif isinstance(item, int) and not isinstance(item, bool):
            text = str(item)
        elif isinstance(item, dict):
            text = next((item[key] for key in keys if isinstance(item.get(key), str)), "")
        else:
            continue
        if not is_null(text):
            yield plain(text).strip()


# ---------------------------------------------------------------------------- names of authors


class Names(NamedTuple):
    """Names of authors.

    Attributes:
        names: The names in order.
        complete: Whether they are all, and each is one name.
    """

    names: list[str]
    complete: bool = True


_AND = re.compile(r",?\s+(?:and|&)\s+")
_AND_BEFORE = re.compile(r"^\s*(?:and|&)\s+")
_COMMA = re.compile(r"[,，、]")
_SEMICOLON = re.compile(r"[;；|]")
_AND_OTHERS = re.compile(r"[\s,;]+(?:(?:and|&)\s+)?(?:et\.?\s+al\.?|others)\s*$|\s*(?:\.{3}|…)\s*$")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?\s?d|m\.?d)\.?", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.[\s-]*)+|[^\W\d_](?:[\s-][^\W\d_])*|[A-Z]{2,3}")
_IDEOGRAPHS = re.compile(r"[\u3400-\u9fff\uac00-\ud7af]{2}")
_NUMBER_AFTER_NAME = re.compile(r"\s*\([0-9]{5,}\)")  # Scopus writes its own number of an author


def names_of(value: object) -> Names | None:
    """The names of the authors in a cell.

    A list, or a text that holds one, has a name, an object with a name, or the parts of a name
    in each place. Any other text is divided at ``;``, else at ``and``, else at commas if that
    gives names of two words or more. ``Last, First`` becomes ``First Last``.
    """
    if isinstance(value, str):
        items = list_in(value)
        found = _divided(value) if items is None else Names(_listed_names(items))
    elif isinstance(value, list):
        found = Names(_listed_names(value))
    elif isinstance(value, dict):
        found = Names(_listed_names([value]))
    else:
        return None
    names = [name for name in found.names if not is_null(name)]
    return Names(names, found.complete) if names else None


def _listed_names(items: list[Any]) -> list[str]:
    names: list[str] = []
    for item in items:
        if isinstance(item, dict):
            # OpenAlex has the author within an authorship
            inner = item["author"] if isinstance(item.get("author"), dict) else item
            names += list(_texts([inner], _NAME_KEYS)) or _from_parts(inner)
        elif isinstance(item, list):
            parts = [part.strip() for part in item if isinstance(part, str)]
            # arXiv's parsed names: last, first, suffix
            ordered = [*parts[1:2], *parts[:1], *parts[2:]]
            names.append(" ".join(part for part in ordered if part))
        else:
            names += [_turned(name) for name in _texts([item])]
    return names


def _from_parts(item: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for keys in _PART_KEYS:
        value = next((item[key] for key in keys if item.get(key)), None)
        parts = value if isinstance(value, list) else [value]
        found += [part.strip() for part in parts if isinstance(part, str) and part.strip()]
    return [" ".join(found)] if found else []


def _turned(name: str) -> str:
    """``Last, First`` as ``First Last``; any other name as it is."""
    if "," not in name:
        return name.strip()
    last, _, first = (part.strip() for part in name.partition(","))
    if not last or not first or "," in first or _SUFFIX.fullmatch(first):
        return name.strip().rstrip(",")
    return f"{first} {last}"


def _words(name: str) -> int:
    """The number of words of a name; one in ideographs is whole without a space."""
    return 2 if _IDEOGRAPHS.search(name) else len(re.findall(r"[^\s.]+", name))


def _divided(text: str) -> Names:
    """The names in a text."""
    text = (_NUMBER_AFTER_NAME.sub("", text) if "(" in text else text).strip()
    kept = _AND_OTHERS.sub("", text)
    complete = kept == text
    if _SEMICOLON.search(kept):
        # an "and" before the last name, beside the semicolons
        parts = [_AND_BEFORE.sub("", part) for part in _SEMICOLON.split(kept)]
        return Names([_turned(part) for part in parts if part.strip(" ,")], complete)
    parts = [part.strip(" ,\n") for part in _AND.split(kept)]
    parts = [part for part in parts if part]
    if len(parts) < 2:
        found = _by_comma(parts[0]) if parts else Names([])
        return Names(found.names, found.complete and complete)
    commas = [len(_COMMA.findall(part)) for part in parts]
    pieces = [piece.strip() for part in parts for piece in _COMMA.split(part) if piece.strip()]
    if not any(commas):
        return Names(parts, complete)
    if all(_words(piece) > 1 for piece in pieces):
        return Names(pieces, complete)
    if max(commas) == 1 and (min(commas) == 1 or len(parts) > 2):
        return Names([_turned(part) for part in parts], complete)
    found = _by_comma(", ".join(pieces))
    return Names(found.names, found.complete and complete)


def _by_comma(text: str) -> Names:
    """The names in a text whose only separators are commas."""
    pieces: list[str] = []
    for piece in (part.strip() for part in _COMMA.split(text)):
        if pieces and _SUFFIX.fullmatch(piece):
            pieces[-1] += f", {piece}"
        elif piece:
            pieces.append(piece)
    if len(pieces) == 2 and min(_words(piece) for piece in pieces) == 1:
        return Names([_turned(text)])
    names: list[str] = []
    single = 0
    rest = iter([*pieces, ""])
    piece, following = next(rest, ""), next(rest, "")
    while piece:
        if _INITIALS.fullmatch(following) and "." not in piece:
            names.append(f"{following} {piece}")
            following = next(rest, "")
        elif _INITIALS.fullmatch(piece):
            return Names([text.strip()], complete=False)
        else:
            names.append(piece)
            single += _words(piece) == 1
        piece, following = following, next(rest, "")
    # "Smith, Jones, Brown": surnames, or surnames and first names in turn
    if single * 2 >= len(names) > 1:
        return Names([text.strip()], complete=False)
    return Names(names)


# ------------------------------------------------------------------------- lists and addresses

_ARCHIVES = frozenset(
    [
        "acc-phys",
        "adap-org",
        "alg-geom",
        "ao-sci",
        "astro-ph",
        "atom-ph",
        "bayes-an",
        "chao-dyn",
        "chem-ph",
        "cmp-lg",
        "comp-gas",
        "cond-mat",
        "cs",
        "dg-ga",
        "econ",
        "eess",
        "funct-an",
        "gr-qc",
        "hep-ex",
        "hep-lat",
        "hep-ph",
        "hep-th",
        "math",
        "math-ph",
        "mtrl-th",
        "nlin",
        "nucl-ex",
        "nucl-th",
        "patt-sol",
        "physics",
        "plasm-ph",
        "q-alg",
        "q-bio",
        "q-fin",
        "quant-ph",
        "solv-int",
        "stat",
        "supr-con",
    ]
)
_BETWEEN_ADDRESSES = re.compile(r"\s+|[;|,](?=\s*(?:https?://|www\.|$))")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+\.\S+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S+", re.I)


def topics_of(value: object) -> list[str]:
    """The categories or keywords in a cell, each once.

    A text is divided at ``;``, else at ``|``, line breaks or commas, and at spaces if all of it
    is arXiv's categories.
    """
    if isinstance(value, str):
        items = list_in(value)
        value = _topics_in(value) if items is None else items
    elif isinstance(value, dict):
        value = [value]
    return list(dict.fromkeys(_texts(value))) if isinstance(value, list) else []


def _topics_in(text: str) -> list[str]:
    for separator in (";", "|", "\n", ","):
        if separator in text:
            return text.split(separator)
    words = text.split()
    return words if all(word.split(".")[0] in _ARCHIVES for word in words) else [text]


def addresses_of(value: object) -> list[str]:
    """The web addresses in a cell; what else stands there, a ``yes`` or a path, is none."""
    if isinstance(value, str):
        items = list_in(value)
        texts = [value] if items is None else list(_texts(items, ("url", "href")))
    elif isinstance(value, dict):
        texts = list(_texts([value], ("url", "href")))
    elif isinstance(value, list):
        texts = list(_texts(value, ("url", "href")))
    else:
        return []
    words = (word for text in texts for word in _BETWEEN_ADDRESSES.split(text))
    return [word for word in words if _ADDRESS.fullmatch(word)]


# --------------------------------------------------------------- identifiers, dates and counts

_ARXIV = re.compile(
    r"[0-9]{4}\.[0-9]{4,5}(?:v[0-9]+)?|[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2})?/[0-9]{7}(?:v[0-9]+)?"
    r"|(?i:oai:|)(?i:arxiv)(?i:\.org)?:\S+|(?i:\S*\barxiv\.org/(?:abs|pdf|html)/\S+)"
)
_DOI = re.compile(r"\S*\bdoi\.org/10\.\S+|10\.[0-9]{4,9}/\S+", re.IGNORECASE)
_AS_FORMULA = re.compile(r'="(.*)"')  # keeps a spreadsheet from reading an identifier as a number
_YEAR_ALONE = re.compile(r"[^\w]*((?:19|20)[0-9]{2})(?:\.0+)?[^\w]*")
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(?:\.0)?")
_EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC).timestamp()
_LATEST = dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp()


def identifier_of(text: str) -> str:
    """An identifier without what keeps a spreadsheet from taking it for a number."""
    found = _AS_FORMULA.fullmatch(text.strip())
    return found[1] if found else text


def is_arxiv(text: str) -> bool:
    """Whether a text is an arXiv identifier or the address of a paper there."""
    return len(text) < 1000 and _ARXIV.fullmatch(text.strip()) is not None


def is_doi(text: str) -> bool:
    """Whether a text is a DOI or the address of one."""
    return len(text) < 1000 and _DOI.fullmatch(text.strip()) is not None


def has_year(text: str) -> bool:
    """Whether a date says its year."""
    return _YEAR.search(text) is not None


def date_of(value: object) -> str | None:
    """A date as written; what is no date in words is brought to one.

    That is: seconds or milliseconds since 1970, which programs write, ``20240528``, a year with
    punctuation or as ``2024.0``, and arXiv's list of versions, of which the first has the date.
    """
    if isinstance(value, str):
        return _date_in(value)
    if isinstance(value, list):
        first = value[0] if value else None
        value = first.get("created") if isinstance(first, dict) else first
        return value if isinstance(value, str) and has_year(value) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        spelled = value.spelled if isinstance(value, Number) else str(value)
        return _date_in(spelled)
    return None


def _date_in(text: str) -> str | None:
    short = text.strip()
    if is_null(short):
        return None
    if short.startswith("["):
        return date_of(list_in(short)) if len(short) <= _LONGEST_LITERAL else None
    if found := _YEAR_ALONE.fullmatch(short):
        return found[1]
    if found := _COMPACT.fullmatch(short):
        return "-".join(found.groups())
    if short.removesuffix(".0").isdecimal() and 9 <= len(short.removesuffix(".0")) <= 13:
        number = int(short.removesuffix(".0"))
        for seconds in (number, number / 1000):
            if _EARLIEST <= seconds <= _LATEST:
                return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
    return text


def joined_date(year: str, month: str | None, day: str | None) -> str:
    """A date of its parts, as far as they are there and can be read: ``2024-05``."""
    if not _YEAR_ALONE.fullmatch(year):
        return year
    number = _month(month or "")
    if number is None:
        return year
    date = f"{year}-{number:02}"
    found = re.fullmatch(r"\W*([0-9]{1,2})(?:\.0)?\W*", day or "")
    return f"{date}-{int(found[1]):02}" if found and 1 <= int(found[1]) <= 31 else date


def _month(text: str) -> int | None:
    if found := re.fullmatch(r"\W*([0-9]{1,2})(?:\.0)?\W*", text):
        return int(found[1]) if 1 <= int(found[1]) <= 12 else None
    word = re.fullmatch(r"\W*([A-Za-z]{3,9})\W*", text)
    months = {name: number for number, name in enumerate(MONTHS, 1)}
    return months.get(word[1][:3].lower()) if word else None


def count_of(value: object) -> object:
    """A count without what sets off its thousands, and without a fraction of nought."""
    if isinstance(value, str) and not value.isdecimal():
        value = value.strip()
        if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+", value):
            value = value.replace(",", "")
        return re.sub(r"(?<=[0-9])\.0+$", "", value)
    return value
