"""Reader of ``hf-json``: answers of the site's daily-papers and search API.

An answer is a list of records, or an object that holds the list under ``data`` (or another of
``_WRAPPERS``); or records as JSON lines. A record holds the paper under ``paper``, or is flat; in
some archives it is a text with a Python literal in it.

What makes an entry certain: it is an object in that list with a title that is a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from paperdump.readers import hf_record
from paperdump.readers.base import Facts, Item, Reject, excerpt_of
from paperdump.readers.jsontext import Doubtful, NotJson, loads, whole_values
from paperdump.readers.records import Place
from paperdump.readers.source import Head, Refused, Source

_WRAPPERS = ("data", "dailyPapers", "papers", "searchResults", "results", "items")
# keys that only the site's records have, quoted either way, also within a text
_MARKS = re.compile(
    r"""\\?["'](paper|publishedAt|submittedOnDailyAt|submittedBy|numComments|upvotes|summary"""
    r"""|isAuthorParticipating|discussionId|githubRepo|thumbnail|organization|ai_keywords)\\?["']\s*:"""
)
_COMMON = frozenset({"summary", "organization", "thumbnail"})  # records of others have them too
_ERROR_KEYS = ("error", "message", "detail")


class HfJson:
    """The reader of ``hf-json``."""

    name = "hf-json"
    recognised_by = (
        "JSON of the site's API: a list of records, or an object that holds one, with keys such as "
        "paper, publishedAt, numComments, upvotes"
    )
    brings = (*hf_record.BRINGS, "captured_text")

    def sniff(self, head: Head) -> str | None:
        """Whether it is JSON with keys of the site's records."""
        if head.start[:1] not in ("[", "{"):
            return None
        keys: set[str] = set()
        for found in _MARKS.finditer(head.text):
            keys.add(found[1])
            own = keys - _COMMON
            if ("paper" in own and len(keys) > 1) or len(own) > 1:
                return f"it is JSON with the keys {', '.join(sorted(keys))}"
        return None

    def read(self, source: Source) -> Iterator[Item]:
        """Read an answer whole, or where it is JSON lines, line by line.

        Raises:
            Refused: It is no JSON, or has no list of records.
        """
        text = source.text().text
        try:
            document = loads(text)
        except NotJson as error:
            yield from _mended(text) or self._lines(text, error)
            return
        yield Facts(captured_text=_day(document))
        path, records = _records(document)
        for number, record in enumerate(records, 1):
            place = Place(record=number, record_path=f"{path}[{number - 1}]")
            yield from hf_record.read_record(record, place)

    def _lines(self, text: str, error: NotJson) -> Iterator[Item]:
        """The records of JSON lines; if no line is one, the document is broken."""
        parsed: list[tuple[int, str, Any]] = []
        broken: list[Reject] = []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                parsed.append((number, line, loads(line)))
            except NotJson as problem:
                place = Place(first_line=number, last_line=number)
                broken.append(place.reject("broken_record", f"{problem}.", line.strip()))
        if not any(isinstance(value, dict) for _, _, value in parsed):
            raise Refused("damaged", f"It looks like JSON, but {error}. Fetch the answer again.")
        for record, (number, _, value) in enumerate(parsed, 1):
            place = Place(first_line=number, last_line=number, record=record)
            yield from hf_record.read_record(value, place)
        yield from broken


def _mended(text: str) -> list[Item]:
    """What is whole of a list of records that is broken or cut off; nothing where none is."""
    # most JSON lines have none of the names, which shows sooner than that no list follows one
    if text.lstrip()[:1] != "[" and not any(f'"{name}"' in text for name in _WRAPPERS):
        return []
    opening = _LIST.search(text)
    if not opening:
        return []
    values, at, wrong = whole_values(text, opening.end())
    if not values:
        return []
    path = f"$.{opening[1]}" if opening[1] else "$"
    items: list[Item] = []
    for number, value in enumerate(values, 1):
        place = Place(record=number, record_path=f"{path}[{number - 1}]")
        items += hf_record.read_record(value, place)
    line, last = text.count("\n", 0, at) + 1, text.count("\n") + 1
    what = f"the list breaks off ({wrong})" if wrong else "the document goes on after its list"
    read = f"the {len(values)} records before it were read"
    message = f"Line {line}: {what}; {read}. Fetch the answer again."
    excerpt = excerpt_of(text[at : at + 300].strip())
    return [*items, Reject("damaged", message, line, last, excerpt or None)]


# the beginning of the document that is a list, or of the list in a wrapper
_LIST = re.compile(rf"\A\s*\[|\"({'|'.join(_WRAPPERS)})\"\s*:\s*\[(?=\s*[{{\"])")


def _records(document: Any) -> tuple[str, list[Any]]:
    """The path and the records of an answer.

    Raises:
        Refused: It has none.
    """
    if isinstance(document, list):
        return "$", document
    if isinstance(document, dict):
        for key in _WRAPPERS:
            if isinstance(document.get(key), list):
                return f"$.{key}", document[key]
        if isinstance(document.get("paper"), dict) or isinstance(document.get("title"), str):
            return "$", [document]
        for key in _ERROR_KEYS:
            if isinstance(document.get(key), str):
                raise Refused("error_answer", f"The server answered with an {key}: {document[key]}")
    raise Refused(
        "no_entries",
        f"It is JSON without a list of records, in itself or under one of {', '.join(_WRAPPERS)}.",
    )


def _day(document: Any) -> str | None:
    """The day that a wrapper states for the answer."""
    if not isinstance(document, dict):
        return None
    for key in ("date", "dateString"):
        value = document.get(key)
        if isinstance(value, str) and not isinstance(value, Doubtful) and value.strip():
            return value
    return None
