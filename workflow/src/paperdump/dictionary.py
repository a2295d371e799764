"""The data dictionary: which tables and columns there are, and what they mean.

It is read from ``schemas/dictionary.yaml``; everything that needs to know a column (Arrow
schemas, column metadata, expectations, merge rules, published documentation) asks here.
"""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

TYPES = (
    "string",
    "bool",
    "int16",
    "int32",
    "int64",
    "float64",
    "date",
    "list<string>",
    "list<int64>",
)
# the tables that make a release what it is, and its version; what it says of the release before
# does not
CONTENT = (
    "papers",
    "sightings",
    "dumps",
    "rejects",
    "matches",
    "contradictions",
    "corrections",
    "review",
)
SUMMARIES = "summaries/"
# where each summary is stacked over all releases, and the column that numbers these
HISTORY = "summaries/history/"
NUMBER = "release_number"
# the tables that validation checks, and whose completeness the config may ask for
VALIDATED = CONTENT
# how a paper's value is chosen among its sightings', and in words what survives
MERGE_RULES = {
    "fullest": "the longest of its sightings",
    "largest": "the largest of its sightings",
    "largest_so_far": "the largest of its sightings, since it grows with time",
    "most_frequent": "the value on most of its sightings",
    "most_certain": "the value on most of those sightings whose evidence is the best",
    "published_first": "that of the published paper, on most of its sightings, else of a preprint",
    "union": "all values of all its sightings, in order of appearance",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name.
        type: One of ``TYPES``.
        description: What its values mean.
        unit: What a number counts, or None.
        nullable: Whether a value may be missing (null: unknown).
        unique: Whether no value may stand in two rows.
        minimum: Smallest value allowed, a number or an ISO date.
        maximum: Largest value allowed.
        pattern: Regular expression that a text must match.
        allowed: The texts allowed, or empty for any.
        merge: For a column of papers, the rule that chooses among the sightings' values.
        references: The table that a value is a key of, or None.
    """

    name: str
    type: str
    description: str
    unit: str | None = None
    nullable: bool = True
    unique: bool = False
    minimum: float | str | None = None
    maximum: float | str | None = None
    pattern: str | None = None
    allowed: tuple[str, ...] = ()
    merge: str | None = None
    references: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: Its name; a summary's starts with ``summaries/``.
        description: What a row is.
        key: Names of the columns that tell rows apart.
        order: Names of the columns that its rows are sorted by, nulls last; empty where the
            code that makes the table orders it.
        columns: Its columns, in order.
        label: The column that people know a row by, e.g. a title, if there is one.
        published: Whether it is part of a release.
    """

    name: str
    description: str
    key: tuple[str, ...]
    order: tuple[str, ...]
    columns: tuple[Column, ...]
    label: str | None = None
    published: bool = True

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: The table has none of that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")


def schemas_folder() -> Path:
    """The folder of the schemas: inside an installed package, else beside the source tree."""
    inside = Path(__file__).parent / "schemas"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "schemas"


def read_dictionary(text: str) -> dict[str, Table]:
    """The tables that a dictionary's YAML text defines, by name.

    Raises:
        ValueError: A column is not defined, or twice, or has a type or merge rule that does not
            exist, or references a table that does not.
    """
    document = _document(text)
    catalogue: dict[str, dict[str, Any]] = document["columns"]
    tables = {}
    for table_name, entry in document["tables"].items():
        columns = []
        for name, override in entry["columns"].items():
            if name not in catalogue:
                raise ValueError(f"table {table_name}: column {name} is not defined")
            facts = {**catalogue[name], **override}
            facts["allowed"] = tuple(facts.get("allowed", ()))
            column = Column(name=name, **facts)
            if column.type not in TYPES:
                raise ValueError(f"column {name}: no type {column.type!r}")
            if column.merge is not None and column.merge not in MERGE_RULES:
                raise ValueError(f"column {name}: no merge rule {column.merge!r}")
            if column.references is not None and column.references not in document["tables"]:
                raise ValueError(f"column {name}: no table {column.references!r}")
            columns.append(column)
        tables[table_name] = Table(
            name=table_name,
            description=entry["description"],
            key=tuple(entry["key"]),
            order=tuple(entry["order"]),
            columns=tuple(columns),
            label=entry.get("label"),
            published=entry.get("published", True),
        )
    if NUMBER in catalogue:
        number = Column(name=NUMBER, **{**catalogue[NUMBER], "nullable": False})
        stacked = [_history_of(t, number) for n, t in tables.items() if n.startswith(SUMMARIES)]
        tables.update({table.name: table for table in stacked})
    return tables


def _document(text: str) -> dict[str, Any]:
    """The mapping that a YAML document is.

    Raises:
        ValueError: A key of it is defined twice.
    """
    # ten times faster where it is there
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        _assert_defined_once(node)
        document: dict[str, Any] = loader.construct_document(node)
        return document
    finally:
        loader.dispose()


def _assert_defined_once(node: yaml.Node | None) -> None:
    """That no mapping of a YAML document has a key twice, of which the last would win silently.

    Raises:
        ValueError: One has.
    """
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise ValueError(f"line {key.start_mark.line + 1}: {key.value} is defined twice")
            seen.add(key.value)
            _assert_defined_once(value)


@functools.cache
def tables() -> dict[str, Table]:
    """All tables of the data dictionary, by name."""
    return read_dictionary((schemas_folder() / "dictionary.yaml").read_text("utf-8"))


def _history_of(summary: Table, number: Column) -> Table:
    """The table that stacks a summary over releases.

    Args:
        summary: The summary.
        number: The column that numbers the releases.
    """
    return Table(
        name=summary.name.replace(SUMMARIES, HISTORY, 1),
        description=f"{summary.description} Those of all releases up to this one.",
        key=(number.name, *summary.key),
        order=(),  # of the releases, then as the summary has it
        columns=(number, *(replace(c, nullable=True, unique=False) for c in summary.columns)),
        published=summary.published,
    )


def table(name: str) -> Table:
    """The table of that name.

    Raises:
        KeyError: There is none.
    """
    return tables()[name]


def is_table(name: str) -> bool:
    """Whether there is a table of that name."""
    return name in tables()


def summary_names() -> list[str]:
    """The names of the summary tables, without their folder."""
    return [
        name.removeprefix(SUMMARIES)
        for name in tables()
        if name.startswith(SUMMARIES) and not name.startswith(HISTORY)
    ]


def as_document(names: list[str]) -> dict[str, Any]:
    """The definitions of some tables as plain data, for JSON and for digests."""
    return {name: asdict(table(name)) for name in names}
