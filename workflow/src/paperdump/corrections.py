"""The corrections (``config/corrections.yaml``): what people know better than the dumps.

A fix names a paper or a sighting, the field, the new value, what it expects to find, and why. A
pair under ``same`` or ``different`` names two papers or sightings, and why. Here the file is read
and checked, without a look at any dump; ``dedupe.correcting`` applies what it says.

A value is read as the type that the data dictionary gives to its field, so that ``value: 1984`` is
a title where the field is one.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from paperdump import dictionary
from paperdump.dictionary import Column
from paperdump.errors import PaperdumpError

Value = str | int | float | list[str] | None  # a day is an ISO date

LISTS = {"fixes": "fix", "same": "same", "different": "different"}  # key of the file → kind
_NAMES = ("paper", "sighting", "dump", "line", "record")
_FIX = (*_NAMES, "field", "value", "expects", "reason")
_PAIR = ("pair", "reason")
_PARAGRAPHS = "abstract"  # the field whose texts have paragraphs

_PAPER_ID = re.compile(r"p[0-9a-f]{16}")
_BARE_ARXIV = re.compile(r"[0-9]{4}\.[0-9]{4,5}(?:v[0-9]+)?")
_BARE_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_ADDRESS = re.compile(r"https?://\S+")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_BITS = {"int16": 16, "int32": 32, "int64": 64}


@dataclass(frozen=True, slots=True)
class Named:
    """What a correction names: a paper, or a sighting by its id or its place.

    Attributes:
        paper: A paper_id, ``arxiv:…``, ``doi:…``, or a title.
        sighting: An entry_id.
        dump: The path of a dump, which ``line`` or ``record`` goes with.
        line: A line of the entry.
        record: The number of the entry's record.
    """

    paper: str | None = None
    sighting: str | None = None
    dump: str | None = None
    line: int | None = None
    record: int | None = None

    @property
    def is_sighting(self) -> bool:
        """Whether it is a sighting."""
        return self.paper is None

    @property
    def by(self) -> tuple[str, str]:
        """How a paper is named, and by what: ``paper_id``, ``arxiv_id``, ``doi`` or ``title``."""
        text = self.paper or ""
        for prefix, column in (("arxiv:", "arxiv_id"), ("doi:", "doi")):
            if text.lower().startswith(prefix):
                return column, _identifier(column, text[len(prefix) :])
        return ("paper_id", text) if _PAPER_ID.fullmatch(text) else ("title", text)

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for names that are the same but for the way they are written."""
        if self.paper is not None:
            column, text = self.by
            return (column, text.casefold())
        return tuple(str(part) for part in (self.sighting, self.dump, self.line, self.record))

    def __str__(self) -> str:
        said = {name: getattr(self, name) for name in _NAMES}
        return ", ".join(f"{name}: {part}" for name, part in said.items() if part is not None)


@dataclass(frozen=True, slots=True)
class Correction:
    """A fix, or a pair that is the same paper or is not.

    Attributes:
        number: Its place in the file, counted from 1.
        line: The line that it begins on.
        kind: ``fix``, ``same`` or ``different``.
        names: What it names: one of a fix, two of a pair.
        reason: Why, in words.
        field: The field that a fix is of.
        expected: The value that it expects to find.
        value: The value that it gives.
    """

    number: int
    line: int
    kind: str
    names: tuple[Named, ...]
    reason: str
    field: str | None = None
    expected: Value = None
    value: Value = None


def as_data(corrections: Iterable[Correction]) -> list[dict[str, Any]]:
    """Corrections as plain data, of which ``from_data`` makes them again."""
    return [
        asdict(one) | {"names": [{k: v for k, v in asdict(n).items() if v} for n in one.names]}
        for one in corrections
    ]


def from_data(data: Iterable[Mapping[str, Any]]) -> list[Correction]:
    """The corrections that ``as_data`` made plain."""
    return [
        Correction(**{**one, "names": tuple(Named(**name) for name in one["names"])})
        for one in data
    ]


def fields() -> list[str]:
    """The fields that can be corrected: those that papers have from columns of their sightings."""
    of_sightings = {column.name for column in dictionary.table("sightings").columns}
    papers = dictionary.table("papers").columns
    return [column.name for column in papers if column.merge and column.name in of_sightings]


def tidy(text: str, field: str) -> str:
    """A text as tables have it: Unicode NFC, white space as single spaces.

    The paragraphs of an abstract stay, with a blank line between them.
    """
    text = unicodedata.normalize("NFC", text)
    parts = re.split(r"\n\s*\n", text) if field == _PARAGRAPHS else [text]
    return "\n\n".join(line for part in parts if (line := " ".join(part.split())))


def as_json(value: object) -> str | None:
    """A value as the JSON text that tables have it in; None for none."""
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def read_corrections(path: Path) -> list[Correction]:
    """Read and check a file of corrections.

    Args:
        path: A YAML file with any of the lists ``fixes``, ``same`` and ``different``.

    Returns:
        The corrections in the order of their lines.

    Raises:
        PaperdumpError: Something in it cannot be understood; the message names file and line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PaperdumpError(f"The corrections {path} cannot be read: {error}.") from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise _Reader(path).wrong(
            mark.line + 1 if mark else 1, f"this is no YAML: {said}"
        ) from None
    except yaml.YAMLError as error:
        raise PaperdumpError(f"The corrections {path} cannot be read: {error}.") from None
    return _Reader(path).corrections(node)


class _Reader:
    """Makes corrections of YAML nodes, which know their lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wrong(
        self, where: yaml.Node | int, what: str, given: str = "", known: Sequence[str] = ()
    ) -> PaperdumpError:
        """The error that says what is wrong in which line, and the nearest of the valid names."""
        line = where if isinstance(where, int) else where.start_mark.line + 1
        near = difflib.get_close_matches(given, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        there = f" There are: {', '.join(known)}." if known and not near else ""
        return PaperdumpError(f"{self._path}, line {line}: {what}.{hint}{there}")

    def corrections(self, document: yaml.Node | None) -> list[Correction]:
        """All corrections of a document, in the order of their lines."""
        if document is None or _is_null(document):
            return []
        lists = self._mapping(document, tuple(LISTS), "the file")
        found = []
        for key, value in lists.items():
            if _is_null(value):
                continue
            if not isinstance(value, yaml.SequenceNode):
                raise self.wrong(value, f"{key!r} is to be a list, each with '- ' before it")
            read = self._fix if key == "fixes" else self._pair
            found += [(item.start_mark.index, LISTS[key], item, read) for item in value.value]
        found.sort(key=lambda one: one[0])
        made = [read(item, number, kind) for number, (_, kind, item, read) in enumerate(found, 1)]
        self._assert_told_once(made)
        return made

    def _fix(self, node: yaml.Node, number: int, kind: str) -> Correction:
        parts = self._mapping(node, _FIX, "a fix")
        field_node = self._part(node, parts, "field", "a fix")
        field = self._text(field_node, "field")
        if field not in fields():
            raise self.wrong(field_node, f"{field!r} cannot be corrected", field, fields())
        column = dictionary.table("papers").column(field)
        value_node = self._part(node, parts, "value", "a fix")
        expects = self._part(node, parts, "expects", "a fix")
        value = self._value(value_node, "value", column)
        self._assert_allowed(value_node, value, column)
        expected = self._value(expects, "expects", column)
        if value == expected:
            raise self.wrong(value_node, "the value is the one that is expected: it fixes nothing")
        return Correction(
            number=number,
            line=node.start_mark.line + 1,
            kind=kind,
            names=(self._named(node, parts, "a fix"),),
            reason=self._reason(node, parts, "a fix"),
            field=field,
            expected=expected,
            value=value,
        )

    def _pair(self, node: yaml.Node, number: int, kind: str) -> Correction:
        what = f"a pair of {kind!r}"
        parts = self._mapping(node, _PAIR, what)
        pair = self._part(node, parts, "pair", what)
        if not isinstance(pair, yaml.SequenceNode) or len(pair.value) != 2:
            raise self.wrong(pair, "'pair' is to be a list of two, each a paper or a sighting")
        one, other = (
            self._named(side, self._mapping(side, _NAMES, "a side of a pair"), "a side of a pair")
            for side in pair.value
        )
        if one.key == other.key:
            raise self.wrong(pair, f"both sides of the pair are {one}")
        reason = self._reason(node, parts, what)
        return Correction(number, node.start_mark.line + 1, kind, (one, other), reason)

    def _named(self, node: yaml.Node, parts: Mapping[str, yaml.Node], what: str) -> Named:
        """The paper or sighting that the keys of a mapping name."""
        ways = [name for name in ("paper", "sighting", "dump") if name in parts]
        if len(ways) != 1:
            found = " and ".join(map(repr, ways)) if ways else "none of them"
            said = "names its paper or sighting by one of 'paper', 'sighting' and 'dump'"
            raise self.wrong(node, f"{what} {said}, found {found}")
        places = [name for name in ("line", "record") if name in parts]
        if ways == ["dump"]:
            if len(places) != 1:
                raise self.wrong(node, "'dump' goes with 'line' or 'record', one of them")
            place = parts[places[0]]
            number = self._number(place, places[0], "int32")
            if int(number) < 1:
                raise self.wrong(place, f"{places[0]!r} is counted from 1")
            at_line, at_record = (
                int(number) if places == [n] else None for n in ("line", "record")
            )
            return Named(dump=self._text(parts["dump"], "dump"), line=at_line, record=at_record)
        if places:
            raise self.wrong(parts[places[0]], f"{places[0]!r} goes with 'dump' only")
        text = self._text(parts[ways[0]], ways[0])
        if ways == ["sighting"]:
            pattern = dictionary.table("sightings").column("entry_id").pattern or ""
            if not re.search(pattern, text):
                said = "is no entry_id; name a place by 'dump' and 'line'"
                raise self.wrong(parts["sighting"], f"{text!r} {said}")
            return Named(sighting=text)
        return self._paper(parts["paper"], tidy(text, "title"))

    def _paper(self, node: yaml.Node, text: str) -> Named:
        for bare, prefix in ((_BARE_ARXIV, "arxiv:"), (_BARE_DOI, "doi:")):
            if bare.fullmatch(text):
                raise self.wrong(node, f"{text!r} is no title; is it {prefix}{text}?")
        if _ADDRESS.fullmatch(text):
            said = "name the paper by its paper_id, by arxiv:… or doi:…, or by its title"
            raise self.wrong(node, f"{text!r} is an address; {said}")
        named = Named(paper=text)
        column, identifier = named.by
        pattern = dictionary.table("papers").column(column).pattern
        if pattern and not re.search(pattern, identifier):
            raise self.wrong(node, f"{text!r} does not have the form of {_an(column)}: {pattern}")
        return named

    def _reason(self, node: yaml.Node, parts: Mapping[str, yaml.Node], what: str) -> str:
        return tidy(self._text(self._part(node, parts, "reason", what), "reason"), "reason")

    def _mapping(self, node: yaml.Node, known: Sequence[str], what: str) -> dict[str, yaml.Node]:
        """The parts of a mapping by key; each key is known, and there once."""
        if not isinstance(node, yaml.MappingNode):
            raise self.wrong(node, f"{what} is to be a mapping of {', '.join(known)}")
        parts: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "a key that is no text"
            if name not in known:
                raise self.wrong(key, f"{what} has no key {name!r}", name, known)
            if name in parts:
                raise self.wrong(key, f"{name!r} is there twice")
            parts[name] = value
        return parts

    def _part(
        self, node: yaml.Node, parts: Mapping[str, yaml.Node], name: str, what: str
    ) -> yaml.Node:
        if name not in parts:
            raise self.wrong(node, f"{what} needs {name!r}")
        return parts[name]

    def _text(self, node: yaml.Node, name: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or _is_null(node) or not node.value.strip():
            raise self.wrong(node, f"{name!r} is to be a text")
        return str(node.value).strip()

    def _value(self, node: yaml.Node, name: str, column: Column) -> Value:
        """A value of the type that the data dictionary gives to a column; None for null."""
        if _is_null(node):
            return None
        readers: dict[str, Callable[[], Value]] = {
            "string": lambda: self._one_text(node, name, column.name),
            "list<string>": lambda: self._texts(node, name, column.name),
            "date": lambda: self._day(node, name),
            "float64": lambda: self._number(node, name, column.type),
            **dict.fromkeys(_BITS, lambda: self._number(node, name, column.type)),
        }
        return readers[column.type]()

    def _one_text(self, node: yaml.Node, name: str, field: str) -> str:
        return _identifier(field, tidy(self._text(node, name), field))

    def _texts(self, node: yaml.Node, name: str, field: str) -> list[str]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong(node, f"{name!r} of {field} is to be a list of texts")
        return [self._one_text(item, f"an item of {name}", field) for item in node.value]

    def _day(self, node: yaml.Node, name: str) -> str:
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        try:
            return dt.date.fromisoformat(text).isoformat()
        except ValueError:
            raise self.wrong(node, f"{name!r} is to be a day such as 2026-06-04") from None

    def _number(self, node: yaml.Node, name: str, kind: str) -> int | float:
        plain = isinstance(node, yaml.ScalarNode) and not node.style  # no quotes
        if kind == "float64":
            try:
                return float(node.value if plain else "")
            except ValueError:
                raise self.wrong(node, f"{name!r} is to be a number") from None
        if not plain or not _WHOLE.fullmatch(node.value):
            raise self.wrong(node, f"{name!r} is to be a whole number, without quotes")
        number = int(node.value)
        if not -(2 ** (_BITS[kind] - 1)) <= number < 2 ** (_BITS[kind] - 1):
            raise self.wrong(node, f"{name!r} is too large")
        return number

    def _assert_allowed(self, node: yaml.Node, value: Value, column: Column) -> None:
        """That the data dictionary lets a column of papers have a value."""
        if value is None:
            if not column.nullable:
                raise self.wrong(node, f"{column.name} cannot be unknown")
            return
        if column.pattern and isinstance(value, str) and not re.search(column.pattern, value):
            said = f"{value!r} does not have the form of {_an(column.name)}: {column.pattern}"
            raise self.wrong(node, said)
        # ISO dates sort as the days do
        if column.minimum is not None and value < column.minimum:  # type: ignore[operator]
            raise self.wrong(node, f"{column.name} is at least {column.minimum}, not {value}")
        if column.maximum is not None and value > column.maximum:  # type: ignore[operator]
            raise self.wrong(node, f"{column.name} is at most {column.maximum}, not {value}")
        if column.allowed and value not in column.allowed:
            said = f"{column.name} cannot be {value!r}"
            raise self.wrong(node, said, str(value), column.allowed)

    def _assert_told_once(self, made: Iterable[Correction]) -> None:
        """That no field is fixed twice, and no pair told twice; by the names as written."""
        seen: dict[object, Correction] = {}
        for one in made:
            key = (one.field, frozenset(name.key for name in one.names))
            first = seen.setdefault(key, one)
            if first is one:
                continue
            if one.kind == "fix":
                what = f"{one.field} of this paper or sighting is fixed in line {first.line} too"
            elif one.kind == first.kind:
                what = f"this pair is in line {first.line} too"
            else:
                what = f"this pair is {first.kind!r} in line {first.line} and {one.kind!r} here"
            raise self.wrong(one.line, what)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _identifier(field: str, text: str) -> str:
    """An identifier in the form that tables have; any other text as it is."""
    if field == "doi":
        return text.strip().lower()
    if field == "arxiv_id":  # neither its version nor a class of its archive tells papers apart
        without_version = re.sub(r"v[0-9]+$", "", text.strip().lower())
        return re.sub(r"^([a-z-]+)\.[a-z]{2}/", r"\1/", without_version)
    return text


def _an(column: str) -> str:
    return f"an {column}" if column[0] in "aeiou" else f"a {column}"
