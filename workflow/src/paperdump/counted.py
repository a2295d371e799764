"""Expectations that many rows plainly meet, counted in columns without Great Expectations.

Its own answer to an expectation costs tens of nanoseconds to a microsecond a row, in Python objects
at times; that every value has a form, is in a range or stands once is seen in whole columns, or in
the statistics of a file, at a tenth of it. Only what is met is told here, and how many values are
missing: where a value fails, or a question may be meant otherwise than it is asked here,
Great Expectations is asked. What is told is what it counts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from paperdump.expectations import Expectation, columns_of
from paperdump.stored import Stored

NOT_NULL = "expect_column_values_to_not_be_null"
_UNIQUE = "expect_column_values_to_be_unique"
_TOGETHER_UNIQUE = "expect_compound_columns_to_be_unique"
_RANGE = "expect_column_values_to_be_between"
_FORM = "expect_column_values_to_match_regex"
_SET = "expect_column_values_to_be_in_set"
_MOSTLY = "mostly"  # what is met by all is met by most
# the arguments that are understood; with others an expectation may mean something else
_ARGUMENTS = {
    NOT_NULL: {"column", _MOSTLY},
    _UNIQUE: {"column", _MOSTLY},
    _TOGETHER_UNIQUE: {"column_list"},
    _RANGE: {"column", _MOSTLY, "min_value", "max_value"},
    _FORM: {"column", _MOSTLY, "regex"},
    _SET: {"column", _MOSTLY, "value_set"},
}

# Patterns that mean the same in Polars as in Python and RE2, one of which is asked: literal
# letters, digits and marks, classes of them, groups, alternatives, plain repetition. ``$`` means
# less in Polars than in Python, where it may stand before a last line break.
_CLASS = r"\[(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9])+-?\]"
_ATOM = rf"(?:[A-Za-z0-9/_-]|\\S|\\[./-]|{_CLASS}|\(\?:|[)|^$])"
_PLAIN = re.compile(rf"(?:{_ATOM}(?:[*+?]|\{{[0-9]{{1,3}}(?:,[0-9]{{0,3}})?\}})?)*")
# what is no white space to any of the three
_NO_SPACE = r"[^\s\x00-\x1f]"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Count(NamedTuple):
    """What was counted of an expectation.

    Attributes:
        missing: Rows without a value, where these are passed over.
        unexpected: Rows that fail.
    """

    missing: int
    unexpected: int


def counts(
    rows: pl.LazyFrame,
    expectations: Sequence[Expectation],
    height: int,
    stored: Stored | None = None,
) -> dict[int, Count]:
    """What each expectation counts of rows, by its number; none of those that are to be asked.

    Args:
        rows: The rows.
        expectations: What is expected of them.
        height: How many rows there are.
        stored: Their file, where they are all of one.
    """
    schema = rows.collect_schema()
    asked = {
        number: columns
        for number, one in enumerate(expectations)
        if (columns := _columns(one, schema)) is not None
    }
    missing, within = _from_file(expectations, asked, stored)
    questions = {
        f"met {number}": _met(expectations[number], schema)
        for number, columns in asked.items()
        if number not in within
        and expectations[number].type != NOT_NULL
        and not all(missing.get(name) == height for name in columns)
    }
    open_columns = {name for columns in asked.values() for name in columns if name not in missing}
    questions |= {f"missing {name}": pl.col(name).null_count() for name in sorted(open_columns)}
    seen = _answers(rows, questions)
    if seen is None:
        return {}
    missing |= {name: int(seen[f"missing {name}"]) for name in open_columns}
    found = {}
    for number, columns in asked.items():
        if not within.get(number, seen.get(f"met {number}", True)):
            continue
        absent = sum(missing[name] for name in columns)
        if expectations[number].type == NOT_NULL:
            found[number] = Count(0, absent)
        elif len(columns) == 1 or absent == 0:
            found[number] = Count(absent, 0)
    return found


def _answers(rows: pl.LazyFrame, questions: Mapping[str, pl.Expr]) -> dict[str, Any] | None:
    """The answers to questions, or None where they cannot be asked."""
    if not questions:
        return {}
    asked = rows.select(question.alias(name) for name, question in questions.items())
    try:
        return asked.collect(engine="streaming").row(0, named=True)
    except pl.exceptions.PolarsError:
        return None


def _from_file(
    expectations: Sequence[Expectation],
    asked: Mapping[int, Sequence[str]],
    stored: Stored | None,
) -> tuple[dict[str, int], dict[int, bool]]:
    """What a file tells: how many values of columns are missing, and which ranges hold them."""
    missing: dict[str, int] = {}
    within: dict[int, bool] = {}
    if stored is None:
        return missing, within
    for name in {name for columns in asked.values() for name in columns}:
        count = stored.missing(name)
        if count is not None:
            missing[name] = count
    for number, columns in asked.items():
        one = expectations[number]
        bounds = stored.bounds(columns[0]) if one.type == _RANGE else None
        if bounds is not None:
            least, most = _range(one)
            within[number] = (least is None or least <= bounds[0]) and (
                most is None or bounds[1] <= most
            )
    return missing, within


def _columns(one: Expectation, schema: Mapping[str, pl.DataType]) -> list[str] | None:
    """The columns of an expectation that can be counted here; None of another."""
    columns = columns_of(one.arguments)
    known = set(one.arguments) <= _ARGUMENTS.get(one.type, set())
    if not columns or not known or not all(name in schema for name in columns):
        return None
    return columns if _is_plain(one, [schema[name] for name in columns]) else None


def _is_plain(one: Expectation, types: Sequence[pl.DataType]) -> bool:
    """Whether an expectation of columns of these types means what it is taken for here."""
    mostly = one.arguments.get(_MOSTLY, 1.0)
    if not isinstance(mostly, int | float):
        return False
    [kind, *_] = types
    match one.type:
        case "expect_column_values_to_not_be_null":
            return not kind.is_float()  # what is no number may be taken for a missing value
        case "expect_column_values_to_be_unique" | "expect_compound_columns_to_be_unique":
            if one.type == _TOGETHER_UNIQUE and len(types) == 1:
                return False
            return all(kind == pl.String or kind.is_integer() for kind in types)
        case "expect_column_values_to_match_regex":
            regex = one.arguments["regex"]
            return kind == pl.String and isinstance(regex, str) and _is_pattern(regex)
        case "expect_column_values_to_be_in_set":
            values = one.arguments["value_set"]
            is_list = isinstance(values, list)
            return kind == pl.String and is_list and all(isinstance(v, str) for v in values)
        case _:
            return _is_range(one, kind)


def _is_pattern(regex: str) -> bool:
    if _PLAIN.fullmatch(regex) is None:
        return False
    try:
        re.compile(regex)
    except re.error:
        return False
    return True


def _is_range(one: Expectation, kind: pl.DataType) -> bool:
    """Whether the bounds of a range can be compared with values of a type."""
    given = [one.arguments.get("min_value"), one.arguments.get("max_value")]
    bounds = [bound for bound in given if bound is not None]
    if kind == pl.Date:
        valid = all(isinstance(bound, str) and _DAY.fullmatch(bound) for bound in bounds)
    elif kind.is_integer():
        valid = all(type(bound) is int for bound in bounds)
    else:
        valid = kind.is_float() and all(type(bound) in (int, float) for bound in bounds)
    return bool(bounds) and valid and (len(bounds) == 1 or bounds[0] <= bounds[1])


def _range(one: Expectation) -> tuple[Any, Any]:
    """The bounds of a range, days as such."""
    least, most = (
        dt.date.fromisoformat(bound) if isinstance(bound, str) else bound
        for bound in (one.arguments.get("min_value"), one.arguments.get("max_value"))
    )
    return least, most


def _met(one: Expectation, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Whether all values of a column meet an expectation; values that are missing do."""
    arguments = one.arguments
    columns = columns_of(arguments)
    values = pl.col(columns[0])
    match one.type:
        case "expect_column_values_to_be_unique":
            # values with as many hashes as there are values are as many
            return values.drop_nulls().hash().n_unique() == values.count()
        case "expect_compound_columns_to_be_unique":
            return pl.struct(columns).hash().n_unique() == pl.len()
        case "expect_column_values_to_match_regex":
            return values.str.contains(arguments["regex"].replace(r"\S", _NO_SPACE)).all()
        case "expect_column_values_to_be_in_set":
            return values.is_in(arguments["value_set"]).all()
        case _:
            least, most = _range(one)
            is_met = pl.lit(True)
            if schema[columns[0]].is_float():
                is_met = values.is_not_nan()
            if least is not None:
                is_met &= values >= least
            if most is not None:
                is_met &= values <= most
            return is_met.all()
