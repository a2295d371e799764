"""What is expected of a table: from the data dictionary, from the config, from people.

Nothing here imports Great Expectations but ``check``, which takes seconds for it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paperdump.dictionary import Column, Table
from paperdump.errors import PaperdumpError

# Arguments of an expectation that stand elsewhere in its settings, or belong to the library.
_NOT_FOR_PEOPLE = frozenset(
    {
        "batch_id",
        "catch_exceptions",
        "description",
        "id",
        "library_metadata",
        "meta",
        "notes",
        "rendered_content",
        "result_format",
        "severity",
        "windows",
    }
)
# Expectations that no frame can be checked with: they ask a database.
_OF_DATABASES = frozenset(
    {
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
        "unexpected_rows_expectation",
    }
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expectation, before Great Expectations sees it.

    Attributes:
        type: Its type as Great Expectations names it, e.g. ``expect_column_values_to_not_be_null``.
        severity: ``critical`` stops the release, ``warning`` is reported.
        arguments: Its arguments as Great Expectations names them.
        meaning: What it demands, in words.
    """

    type: str
    severity: str
    arguments: dict[str, Any]
    meaning: str


def expectations_for(
    table: Table, thresholds: Mapping[str, Mapping[str, float]]
) -> list[Expectation]:
    """All expectations of a table that the data dictionary and the thresholds lead to.

    Args:
        table: Its definition.
        thresholds: Field → severity → smallest share of rows that have a value.
    """
    found = [
        Expectation(
            "expect_table_columns_to_match_ordered_list",
            "critical",
            {"column_list": table.column_names},
            "The table has the columns of the data dictionary, in order.",
        )
    ]
    if table.name in ("papers", "sightings", "dumps"):
        found.append(
            Expectation(
                "expect_table_row_count_to_be_between",
                "critical",
                {"min_value": 1},
                "There is something to publish.",
            )
        )
    if len(table.key) > 1:
        found.append(
            Expectation(
                "expect_compound_columns_to_be_unique",
                "critical",
                {"column_list": list(table.key)},
                "No two rows have the same key.",
            )
        )
    for column in table.columns:
        found += _column_expectations(column)
        for severity, share in thresholds.get(column.name, {}).items():
            found.append(
                Expectation(
                    "expect_column_values_to_not_be_null",
                    severity,
                    {"column": column.name, "mostly": share},
                    f"At least {share:.0%} of the rows have a value.",
                )
            )
    return found


def _column_expectations(column: Column) -> list[Expectation]:
    """What the data dictionary says of a column's values."""

    def expect(expectation: str, meaning: str, **arguments: object) -> Expectation:
        return Expectation(expectation, "critical", {"column": column.name, **arguments}, meaning)

    found = []
    if not column.nullable:
        found.append(expect("expect_column_values_to_not_be_null", "Every row has a value."))
    if column.unique:
        found.append(expect("expect_column_values_to_be_unique", "No value stands in two rows."))
    if column.minimum is not None or column.maximum is not None:
        found.append(
            expect(
                "expect_column_values_to_be_between",
                "Values are plausible.",
                min_value=column.minimum,
                max_value=column.maximum,
            )
        )
    if column.pattern:
        found.append(
            expect(
                "expect_column_values_to_match_regex",
                "Values have the form that they are documented to have.",
                regex=column.pattern,
            )
        )
    if column.allowed:
        found.append(
            expect(
                "expect_column_values_to_be_in_set",
                "Values are among the documented ones.",
                value_set=list(column.allowed),
            )
        )
    return found


def of_people(given: Sequence[Mapping[str, Any]], table: str) -> list[Expectation]:
    """The expectations that people add to a table, as the config has them."""
    return [
        Expectation(
            one["type"],
            one.get("severity", "critical"),
            dict(one.get("arguments", {})),
            one.get("meaning") or "Expected in the config, validate.expectations.",
        )
        for one in given
        if one["table"] == table
    ]


def columns_of(arguments: Mapping[str, Any]) -> list[str]:
    """The columns that the arguments of an expectation name."""
    named = [arguments[key] for key in ("column", "column_A", "column_B") if arguments.get(key)]
    return [*named, *(arguments.get("column_list") or [])]


def check(given: Sequence[Mapping[str, Any]]) -> None:
    """Check the types and arguments of the expectations that people add.

    Raises:
        PaperdumpError: A type does not exist, or cannot be checked on tables; an argument does not
            exist, is missing or has the wrong form. The message has a line for each.
    """
    if not given:
        return
    from paperdump import engine  # noqa: PLC0415 (it imports Great Expectations)

    problems = [
        f"validate.expectations, number {number} ({one['type']}): {problem}"
        for number, one in enumerate(given, 1)
        for problem in engine.problems_of(
            one["type"], one.get("arguments", {}), _NOT_FOR_PEOPLE, _OF_DATABASES
        )
    ]
    if problems:
        raise PaperdumpError("The configuration is not valid:\n  " + "\n  ".join(problems))


def nearest(name: str, known: Sequence[str]) -> str:
    """The valid name that is most like a wrong one, or all of them where none is."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; valid here: {', '.join(sorted(known))}" if known else ""
