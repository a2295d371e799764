"""The validate stage: Great Expectations over every table, from the dictionary and the config.

Suites are made, never written by hand: what a column may hold stands in the data dictionary, how
complete it must be in the config. What holds between columns and tables is checked by suites of
its own (``laws``). The result is a plain document (``results.json``) and Data Docs, a static site.

Great Expectations takes seconds to import, so it is imported by the functions that need it, and
only the job of this stage calls those.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from paperdump import data_docs, dictionary, laws
from paperdump.dictionary import Column, Table

VALIDATED = dictionary.VALIDATED
Thresholds = Mapping[str, Mapping[str, Mapping[str, float]]]


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
    """All expectations of a table.

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


def _empty_lists_as_null(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The frame in which an empty list, where a list may be missing, is no value."""
    lists = [c.name for c in table.columns if c.nullable and c.type.startswith("list")]
    present = [name for name in lists if isinstance(frame.schema.get(name), pl.List)]
    return frame.with_columns(
        pl.when(pl.col(name).list.len() > 0).then(pl.col(name)) for name in present
    )


def _expected_equals_found(meaning: str) -> list[Expectation]:
    arguments = {"column_A": "expected", "column_B": "found"}
    return [Expectation("expect_column_pair_values_to_be_equal", "critical", arguments, meaning)]


class Suite(NamedTuple):
    """A table to be checked.

    Attributes:
        frame: Its rows.
        named_by: The columns that name a failing row.
        expectations: What is expected of it.
    """

    frame: pl.DataFrame
    named_by: tuple[str, ...]
    expectations: list[Expectation]


def suites_for(release: Mapping[str, pl.DataFrame], thresholds: Thresholds) -> dict[str, Suite]:
    """The suites of a release: one per table, and one per kind of law."""
    suites = {}
    for name in VALIDATED:
        table = dictionary.table(name)
        named_by = (*table.key, table.label) if table.label else table.key
        suites[name] = Suite(
            _empty_lists_as_null(release[name], table),
            tuple(column for column in named_by if column in release[name].columns),
            expectations_for(table, thresholds.get(name, {})),
        )
    for name, (found, named_by, meaning) in laws.checks(release).items():
        suites[name] = Suite(found, named_by, _expected_equals_found(meaning))
    return suites


def validate(
    release: Mapping[str, pl.DataFrame],
    thresholds: Thresholds,
    max_rows_named: int,
    docs_folder: Path,
) -> dict[str, Any]:
    """Check the tables of a release.

    Args:
        release: The tables of ``VALIDATED`` by name.
        thresholds: Completeness: table → field → severity → smallest share.
        max_rows_named: How many failing rows to name per expectation.
        docs_folder: Where to write Data Docs.

    Returns:
        A document that is the same for the same tables: counts, and each expectation's result.

    Raises:
        RuntimeError: An expectation was not run.
    """
    document = _summed_up(_run(suites_for(release, thresholds), max_rows_named, docs_folder))
    data_docs.make_offline(docs_folder, document)
    return document


def _summed_up(results: dict[str, Any]) -> dict[str, Any]:
    counted = [result for table in results.values() for result in table["results"]]
    return {
        "expectations": len(counted),
        "passed": sum(result["success"] for result in counted),
        "failed_critical": _failed(counted, "critical"),
        "failed_warning": _failed(counted, "warning"),
        "tables": results,
    }


def _failed(results: list[dict[str, Any]], severity: str) -> int:
    return sum(not r["success"] and r["severity"] == severity for r in results)


def _run(suites: Mapping[str, Suite], max_rows_named: int, docs_folder: Path) -> dict[str, Any]:
    """Run the suites in Great Expectations; results by table, in the order of the expectations."""
    gx = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.delete_data_docs_site("local_site")
    context.add_data_docs_site("paperdump", data_docs.site_config(docs_folder))
    source = context.data_sources.add_pandas("release")
    results: dict[str, Any] = {}
    for name, suite in suites.items():
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all rows")
        definition = gx.ValidationDefinition(
            name=name,
            data=batch,
            suite=context.suites.add(_gx_suite(gx, name, suite.expectations)),
        )
        outcome = context.validation_definitions.add(definition).run(
            batch_parameters={"dataframe": _arrow_backed(suite.frame)},
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": list(suite.named_by),
                "partial_unexpected_count": max_rows_named,
            },
            run_id=gx.RunIdentifier(run_name="release"),
        )
        results[name] = {
            "rows": suite.frame.height,
            "results": _collect(
                outcome.to_json_dict()["results"], suite.expectations, max_rows_named
            ),
        }
    context.build_data_docs(["paperdump"])
    return results


def _great_expectations() -> Any:
    """The library, imported with usage statistics off: nothing touches the network."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # a third of a million objects are made and none is garbage: the collector's passes over them
    # cost half a second of four
    gc.disable()
    import great_expectations as gx  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return gx


def _gx_suite(gx: Any, name: str, expectations: list[Expectation]) -> Any:
    """A suite of Great Expectations; each expectation carries its number, to be found again."""
    configurations = [
        gx.expectations.registry.get_expectation_impl(e.type)(
            **e.arguments,
            severity=e.severity,
            notes=e.meaning,
            meta={"number": number},
        )
        for number, e in enumerate(expectations)
    ]
    return gx.ExpectationSuite(name=name, expectations=configurations)


def _arrow_backed(frame: pl.DataFrame) -> Any:
    """The frame for pandas, its columns backed by Arrow: no copy to Python objects."""
    import pandas as pd  # noqa: PLC0415

    return frame.to_arrow().to_pandas(types_mapper=pd.ArrowDtype)


def _collect(
    outcomes: list[dict[str, Any]], expectations: list[Expectation], max_rows_named: int
) -> list[dict[str, Any]]:
    """What each expectation found, without what changes from run to run.

    Raises:
        RuntimeError: An expectation was not run, or run twice.
    """
    by_number = sorted(outcomes, key=lambda o: int(o["expectation_config"]["meta"]["number"]))
    numbers = [outcome["expectation_config"]["meta"]["number"] for outcome in by_number]
    if numbers != list(range(len(expectations))):
        raise RuntimeError(f"{len(expectations)} expectations were to run, {numbers} did")
    collected = []
    for expectation, outcome in zip(expectations, by_number, strict=True):
        result = outcome["result"]
        crashed = outcome["exception_info"]
        if "raised_exception" not in crashed:  # a mapping of metric → exception
            crashed = next(iter(crashed.values()), {})
        success = bool(outcome["success"])
        rows = result.get("unexpected_index_list") or []
        collected.append(
            {
                "expectation": expectation.type,
                "column": expectation.arguments.get("column"),
                "arguments": expectation.arguments,
                "severity": expectation.severity,
                "meaning": expectation.meaning,
                "success": success,
                "unexpected_rows": result.get("unexpected_count", 0 if success else None),
                "observed": result.get("observed_value"),
                "first_rows": [_as_text(row) for row in rows[:max_rows_named]],
                "error": crashed.get("exception_message"),
            }
        )
    return collected


def _as_text(row: Mapping[str, Any]) -> dict[str, str | None]:
    """The key of a failing row and the failing value, as text."""
    return {k: None if v is None else str(v) for k, v in row.items()}
