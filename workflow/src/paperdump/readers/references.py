"""What formats of references share: their lines, dates, identifiers, names, journal references."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paperdump.readers.source import Source

# fields of an entry that references can bring
BRINGS = (
    "title",
    "abstract",
    "authors",
    "n_authors",
    "date_text",
    "arxiv_text",
    "doi_text",
    "link_texts",
    "categories",
    "journal_ref",
)


class Lines:
    r"""The lines of a source, ended by ``\n``, ``\r\n`` or ``\r``.

    Attributes:
        count: How many were given so far.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.count = 0

    def __iter__(self) -> Iterator[tuple[int, int, bytes, bool]]:
        """Their numbers, offsets in bytes and bytes, and whether it was cut to the limit."""
        limit = self._source.limits.record_bytes
        for _, offset, line in self._source.lines():
            cut = len(line) > limit
            pieces = line.removesuffix(b"\r").split(b"\r")
            begin = offset
            for number, piece in enumerate(pieces, 1):
                self.count += 1
                yield self.count, begin, piece, cut and number == len(pieces)
                begin += len(piece) + 1


class GarbledError(Exception):
    """A value that cannot be meant as it stands; says why."""


_UNKNOWN = re.compile(
    r"(?:n\.?\s*[ad]\.?|n/a|s\.?\s*d\.?|none|null|nil|unknown|undated|in press|in preparation"
    r"|forthcoming|to appear|submitted|accepted|under review|in review|tba|tbd|[\W_0]*)\.?$",
    re.IGNORECASE,
)
EARLIEST_YEAR, LATEST_YEAR = 1400, 2100
_YEAR = re.compile(r"(?<![0-9])([0-9]{4})(?![0-9])")
_NUMBERS = re.compile(
    r"([0-9]{4})(?:[-/.]([0-9]{1,2})?(?:[-/.]([0-9]{1,2})?)?)?(?:[T\s/~?%].*)?$", re.DOTALL
)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})$")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAME = re.compile(
    r"(?<![a-z])(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![a-z])\.?",
    re.IGNORECASE,
)
_DAY_BEFORE = re.compile(
    r"(?<![0-9])([0-9]{1,2})(?:st|nd|rd|th)?(?:\s?[-–]+\s?[0-9]{1,2})?(?:\s+of)?[\s.,-]*$",
    re.IGNORECASE,
)
_DAY_AFTER = re.compile(r"[\s,-]*([0-9]{1,2})(?![0-9:])")
_RANGE = re.compile(r"([0-9]{4}(?:-[0-9]{2}){0,2}[~?%]?)/(?:[0-9]{4}[-0-9~?%]*|\.\.)?$")


def iso_date(text: str | None) -> str | None:
    """A date as ``2024-05-28``, ``2024-05`` or ``2024``, as far as it is given.

    Of a range, its first. None where it is not known, e.g. ``n.d.``, ``in press``.

    Raises:
        GarbledError: There are numbers in it that are no date.
    """
    text = one_line(text or "")[:200]
    if unknown(text):
        return None
    if found := _RANGE.match(text):
        text = found[1]
    name = MONTH_NAME.search(text)
    found = _COMPACT.match(text) or _NUMBERS.match(text)
    if found and (found[2] or not name):
        year, month, day = (int(part or 0) for part in found.groups())
        # biblatex numbers the seasons of a year like months
        return iso_of(year, 0 if month in _SEASONS else month, day)
    found = _YEAR.search(text)
    if found is None:
        if any(sign.isdecimal() for sign in text):
            raise GarbledError("it has no year of four digits")
        return None
    if name is None:
        return iso_of(int(found[1]))
    number = _DAY_BEFORE.search(text[: name.start()]) or _DAY_AFTER.match(text, name.end())
    month = MONTHS.index(name[1][:3].lower()) + 1
    return iso_of(int(found[1]), month, int(number[1]) if number else 0)


_SEASONS = range(21, 25)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def iso_of(year: int, month: int = 0, day: int = 0) -> str:
    """The date of its parts, which are 0 where they are not given.

    Raises:
        GarbledError: There is no such date.
    """
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise GarbledError(f"{year} is beyond belief for a year")
    if not month:
        return f"{year}"
    if month > 12:
        raise GarbledError(f"there is no month {month}")
    if not day:
        return f"{year}-{month:02}"
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _DAYS[month - 1] or (month == 2 and day == 29 and not leap):
        raise GarbledError(f"month {month} of {year} has no day {day}")
    return f"{year}-{month:02}-{day:02}"


def unknown(text: str) -> bool:
    """Whether a value only says that it is not known."""
    return _UNKNOWN.match(text.strip()) is not None


def one_line(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


_OTHERS = re.compile(r"(?:(?:^|,\s*|\band\s+)others|(?:^|[\s,]+)et\.?\s+al\.?)$", re.IGNORECASE)


def without_others(name: str) -> tuple[str, bool]:
    """A name without ``others`` or ``et al.``, and whether it was there."""
    # both are far shorter; a long text need not be searched
    found = _OTHERS.search(name, max(0, len(name) - 20))
    return (name[: found.start()].strip(" ,"), True) if found else (name, False)


_ID = r"[0-9]{4}\.[0-9]{4,5}|[a-z]+(?:-[a-z]+){0,3}(?:\.[A-Za-z]{2})?/[0-9]{7}"
ARXIV_ID = re.compile(rf"(?<![\w.])(?:{_ID})(?:v[0-9]+)?(?![\w])(?!\.[0-9])")
_ARXIV_IN = re.compile(
    r"(?<![a-z])arxiv(?:\.org/(?:abs|pdf|html|format|ps)/|[:.]\s{0,3}"
    r"|\s{1,3}(?:e-?prints?|preprints?)?[,:\s]{0,3}(?:arxiv:\s?)?)"
    rf"((?:{_ID})(?:v[0-9]+)?)(?![0-9])",
    re.IGNORECASE,
)


def arxiv_in(text: str) -> str | None:
    """The arXiv identifier that a text marks as one, or an address of arXiv holds."""
    found = _ARXIV_IN.search(text)
    return found[1] if found else None


DOI = re.compile(r"10\.[0-9]{1,9}(?:\.[0-9]+){0,4}/\S+")
_ADDRESS = re.compile(r"(?:https?|ftp)://[^\s<>\"|\\^`]+", re.IGNORECASE)
_BARE_ADDRESS = re.compile(r"(?:www\.\S+|[\w-]+(?:\.[\w-]+){1,5}/\S*)$", re.IGNORECASE)


def addresses(text: str, *, alone: bool = False) -> list[str]:
    """The web addresses in a text.

    Args:
        text: The text.
        alone: Whether it is nothing but addresses, so that one needs no ``https://``.
    """
    found = [address.rstrip(".,;") for address in _ADDRESS.findall(text)]
    # a bracket that the address does not open is the sentence's
    found = [a[:-1] if a.endswith(")") and "(" not in a else a for a in found]
    if not found and alone and len(text) < 2000 and _BARE_ADDRESS.match(text):
        return [text]
    return found


_SHORT_RANGE = re.compile(r"(?<=[0-9])\s?(?:--+|-|–)\s?(?=[0-9A-Za-z])")
_PREPRINT = re.compile(r"arxiv|corr$|computing research repository", re.IGNORECASE)


def journal_ref(
    where: str | None,
    volume: str | None,
    number: str | None,
    pages: str | None,
    year: str | None,
) -> str | None:
    """Where a paper was published, e.g. ``Journal of Tides 12(3), 4–5, 2024``.

    None without the name of a journal or book, or where that is arXiv.
    """
    name = one_line(where or "")
    if not name or _PREPRINT.match(name):
        return None
    if volume:
        name += f" {one_line(volume)}"
    if number:
        name += f"({one_line(number)})" if volume else f" ({one_line(number)})"
    parts = [name]
    if pages:
        parts.append(_SHORT_RANGE.sub("–", one_line(pages)))
    if year:
        parts.append(year)
    return ", ".join(parts)
