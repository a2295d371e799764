"""The validate stage: Great Expectations over every table, from the dictionary and the config.

Suites are made, never written by hand: what a column may hold stands in the data dictionary, how
complete it must be, and what people expect beyond, in the config. What holds between columns and
tables is checked by suites of its own (``laws``), and so is what is measured: completeness by
format and dump, and what was lost since the release before (``measures``). Each of these is a part
that can be looked at by itself; where there is much, jobs share them (``check``). The result is a
plain document (``results.json``), a table of the rows that fail (``failures.parquet``), and Data
Docs, a static site.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from paperdump import config, data_docs, dictionary, engine, expectations, laws, measures, tables
from paperdump.engine import Outcome, Suite
from paperdump.expectations import Expectation
from paperdump.stored import Rows, Stored

VALIDATED = dictionary.VALIDATED
FAILURES = "validation/failures"
Release = Mapping[str, Rows]
MEASURES = "measures"
PARTS = (*VALIDATED, *laws.KINDS, MEASURES)  # what can be looked at by itself
_REACHES = "expect_column_pair_values_a_to_be_greater_than_b"
# of suites of what is measured, the columns that name a row
_MEASURED = {
    "completeness": ("scope", "format", "path", "dump_id", "field", "filled", "total"),
    "comparison": ("measure", "table", "field", "before"),
}


@dataclass(frozen=True, slots=True)
class Before:
    """The release before.

    Attributes:
        version: Its version.
        counts: What its tables have, as ``measures.counts_of`` counts it.
    """

    version: str
    counts: Mapping[str, measures.Counts]

    @classmethod
    def read(cls, results: Path, version: str | None) -> Before | None:
        """The release of that version; None where there is none, or it is not there any more."""
        if version is None:
            return None
        folder = results / "releases" / version
        files = {name: folder / f"{name}.parquet" for name in measures.COMPARED}
        if not all(file.is_file() for file in files.values()):
            return None
        return cls(version, {n: measures.counts_of_file(n, file) for n, file in files.items()})


@dataclass(slots=True)
class Seen:
    """What was found in some of the parts, to be gathered.

    Attributes:
        checked: Kind → its laws, checked; what is expected of these is still to be run.
        outcomes: Suite → what each of its expectations found.
        compared_with: The version of the release before, where there is one.
    """

    checked: dict[str, laws.Check] = field(default_factory=dict)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    compared_with: str | None = None

    def add(self, other: Seen) -> None:
        """Take in what was found in other parts."""
        self.checked |= other.checked
        self.outcomes |= other.outcomes
        self.compared_with = self.compared_with or other.compared_with


@dataclass(frozen=True, slots=True)
class Findings:
    """What validation found.

    Attributes:
        document: The results, the same for the same tables.
        failures: A table ``validation/failures``.
        outcomes: Suite → what each of its expectations found, with its seconds.
    """

    document: dict[str, Any]
    failures: pl.DataFrame
    outcomes: dict[str, list[Outcome]]


def scanned(files: Mapping[str, Path]) -> dict[str, Stored]:
    """The tables of files, to be read piece by piece."""
    return {name: Stored(file) for name, file in files.items()}


def suites_for(
    release: Release, settings: Mapping[str, Any], checked: Mapping[str, laws.Check] | None = None
) -> dict[str, Suite]:
    """The suites of a release that need nothing but its tables: one per table and kind of law.

    Args:
        release: The tables of ``VALIDATED`` by name.
        settings: The section ``validate`` of the settings.
        checked: The laws, where they are checked already.
    """
    suites = {name: _table_suite(name, release[name], settings) for name in VALIDATED}
    found = checked or laws.checks(release)
    return suites | {name: _law_suite(check) for name, check in found.items()}


def _table_suite(name: str, given: Rows, settings: Mapping[str, Any]) -> Suite:
    """What is expected of a table by itself."""
    table = dictionary.table(name)
    rows = given.lazy()
    thresholds = config.thresholds(dict(settings))
    schema = rows.collect_schema()
    return Suite(
        _empty_lists_as_null(rows, table),
        tuple(column for column in laws.naming(name) if column in schema),
        [
            *expectations.expectations_for(table, thresholds.get(name, {})),
            *expectations.of_people(settings["expectations"], name),
        ],
        given if isinstance(given, Stored) else None,
    )


def _law_suite(check: laws.Check) -> Suite:
    """That laws of a kind hold."""
    equal = Expectation(
        "expect_column_pair_values_to_be_equal",
        "critical",
        {"column_A": "expected", "column_B": "found"},
        check.meaning,
    )
    return Suite(check.laws.lazy(), check.named_by, [equal])


def measured_suites(
    release: Release, settings: Mapping[str, Any], before: Before | None
) -> dict[str, Suite]:
    """The suites of what is measured: completeness by format and dump, and what was lost."""
    complete = measures.completeness_by(release, settings["completeness_by"])
    found = {
        "completeness": Suite(
            complete.lazy(),
            _MEASURED["completeness"],
            [
                _reaching("share", severity, "The entries of each format and dump have the field.")
                for severity in ("critical", "warning")
            ],
        )
    }
    if before is not None:
        accepted = settings["compare"]["accept"] == before.version
        meaning = f"Nothing is lost of what release {before.version} had, but for a small share."
        found["comparison"] = Suite(
            measures.compared(release, before.counts, settings["compare"]).lazy(),
            _MEASURED["comparison"],
            [
                _reaching(
                    "now",
                    severity,
                    meaning,
                    # what is accepted is still told
                    severity_told="warning" if accepted else severity,
                )
                for severity in ("critical", "warning")
            ],
        )
    return found


def _reaching(
    column: str, severity: str, meaning: str, severity_told: str | None = None
) -> Expectation:
    """That a measure reaches the bound of a severity, where there is one."""
    arguments = {
        "column_A": column,
        "column_B": measures.BOUNDS[severity],
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }
    return Expectation(_REACHES, severity_told or severity, arguments, meaning)


def _empty_lists_as_null(rows: pl.LazyFrame, table: dictionary.Table) -> pl.LazyFrame:
    """The rows in which an empty list, where a list may be missing, is no value."""
    schema = rows.collect_schema()
    lists = [c.name for c in table.columns if c.nullable and c.type.startswith("list")]
    present = [name for name in lists if isinstance(schema.get(name), pl.List)]
    return rows.with_columns(
        pl.when(pl.col(name).list.len() > 0).then(pl.col(name)) for name in present
    )


def find(
    release: Release,
    settings: Mapping[str, Any],
    before: Before | None = None,
    partition_rows: int = engine.PARTITION_ROWS,
) -> Findings:
    """Check the tables of a release.

    Args:
        release: The tables of ``VALIDATED`` by name.
        settings: The section ``validate`` of the settings.
        before: The release before, which must not have had much more.
        partition_rows: How many rows to look at at once.

    Raises:
        PaperdumpError: An expectation of the config does not exist, or its arguments are wrong.
        RuntimeError: An expectation was not run.
    """
    expectations.check(settings["expectations"])
    seen = Seen()
    for part in PARTS:
        seen.add(look(part, release, settings, before, partition_rows))
    return gather(seen, settings)


def look(
    part: str,
    release: Release,
    settings: Mapping[str, Any],
    before: Before | None = None,
    partition_rows: int = engine.PARTITION_ROWS,
) -> Seen:
    """Look at one part of a release.

    Args:
        part: One of the ``PARTS``.
        release: The tables of ``VALIDATED`` by name.
        settings: The section ``validate`` of the settings.
        before: The release before, which what is measured is compared with.
        partition_rows: How many rows to look at at once.

    Raises:
        RuntimeError: An expectation was not run.
    """
    if part in laws.KINDS:
        return Seen(checked={part: laws.check(part, release)})
    if part == MEASURES:
        suites = measured_suites(release, settings, before)
    else:
        suites = {part: _table_suite(part, release[part], settings)}
    outcomes = {name: engine.run(suite, partition_rows) for name, suite in suites.items()}
    compared_with = before.version if before and "comparison" in outcomes else None
    return Seen(outcomes=outcomes, compared_with=compared_with)


def gather(seen: Seen, settings: Mapping[str, Any]) -> Findings:
    """Put together what was found in all parts; it is the same however these were shared out.

    Args:
        seen: What was found.
        settings: The section ``validate`` of the settings.

    Raises:
        RuntimeError: An expectation was not run.
    """
    checked = {kind: seen.checked[kind] for kind in laws.KINDS}
    of_laws = {kind: engine.run(_law_suite(check)) for kind, check in checked.items()}
    ran = {**seen.outcomes, **of_laws}
    outcomes = {name: ran[name] for name in (*VALIDATED, *laws.KINDS, *_MEASURED) if name in ran}
    results: dict[str, dict[str, Any]] = {
        name: {
            "rows": max(one.rows for one in found),
            "results": [_result(one, settings["max_rows_named"]) for one in found],
        }
        for name, found in outcomes.items()
    }
    counted = [result for table in results.values() for result in table["results"]]
    document = {
        "compared_with": seen.compared_with,
        "expectations": len(counted),
        "passed": sum(result["success"] for result in counted),
        "failed_critical": _failed(counted, "critical"),
        "failed_warning": _failed(counted, "warning"),
        "tables": results,
    }
    return Findings(document, _failures(outcomes, checked), outcomes)


def validate(
    release: Release,
    settings: Mapping[str, Any],
    folder: Path,
    before: Before | None = None,
    quarantined: pl.DataFrame | None = None,
    seen: Seen | None = None,
) -> dict[str, Any]:
    """Check the tables of a release, and write what is found.

    Args:
        release: The tables of ``VALIDATED`` by name.
        settings: The section ``validate`` of the settings.
        folder: Where to write ``results.json``, ``failures.parquet`` and ``data_docs``.
        before: The release before.
        quarantined: The failures for which papers are in quarantine.
        seen: What was found in all parts, where they were looked at already; the release before
            is then of no more use.

    Returns:
        The document of the results, which is the same for the same tables.

    Raises:
        PaperdumpError: An expectation of the config does not exist, or its arguments are wrong.
        RuntimeError: An expectation was not run.
    """
    found = find(release, settings, before) if seen is None else gather(seen, settings)
    failures = found.failures
    papers = 0
    if quarantined is not None:
        failures = pl.concat([quarantined, failures])
        papers = int(release["rejects"].lazy().select(_papers_held()).collect().item())
    document = {**found.document, "quarantined_papers": papers}
    tables.write_parquet(failures, FAILURES, folder / "failures.parquet")
    data_docs.write(folder / "data_docs", document, found.outcomes)
    tables.write_json(folder / "results.json", document)
    return document


def _papers_held() -> pl.Expr:
    return pl.col("paper_id").drop_nulls().n_unique()


def _failed(results: Sequence[Mapping[str, Any]], severity: str) -> int:
    return sum(not r["success"] and r["severity"] == severity for r in results)


def _result(outcome: Outcome, max_rows_named: int) -> dict[str, Any]:
    """What an expectation found, without what changes from run to run."""
    expectation, result = outcome.expectation, outcome.result
    first = [] if outcome.failing is None else outcome.failing.head(max_rows_named).to_dicts()
    return {
        "expectation": expectation.type,
        "column": expectation.arguments.get("column"),
        "arguments": expectation.arguments,
        "severity": expectation.severity,
        "meaning": expectation.meaning,
        "success": outcome.success,
        "rows": outcome.rows,
        "unexpected_rows": result.get("unexpected_count", 0 if outcome.success else None),
        "observed": result.get("observed_value"),
        "first_rows": [_as_text(row) for row in first],
        "error": outcome.error,
    }


def _as_text(row: Mapping[str, Any]) -> dict[str, str | None]:
    """What names a failing row, and the failing value, as text."""
    return {k: None if v is None else str(v) for k, v in row.items()}


def _failures(
    outcomes: Mapping[str, Sequence[Outcome]],
    checked: Mapping[str, laws.Check],
) -> pl.DataFrame:
    """The rows that fail, with their keys: a table ``validation/failures``."""
    found = []
    for name, ran in outcomes.items():
        for outcome in ran:
            if outcome.failing is None:
                continue
            expectation = outcome.expectation
            if name not in checked:
                key = _MEASURED.get(name)
                found.append(failed_rows(name, outcome.failing, expectation, key=key))
                continue
            check = checked[name]
            for row in outcome.failing.to_dicts():
                words = ", ".join(str(row[c]) for c in check.named_by)
                rows = check.broken.get(row.get("law", ""))
                if rows is None:  # sums that differ have no rows
                    law = pl.DataFrame([row]).select(pl.all().cast(pl.String))
                    found.append(failed_rows(name, law, expectation, words, check.named_by))
                else:
                    [table] = check.laws.filter(pl.col("law") == row["law"])["table"]
                    found.append(failed_rows(table, rows, expectation, words))
    if not found:
        return tables.frame_of(FAILURES, [])
    return tables.conform(pl.concat(found), FAILURES).unique(
        dictionary.table(FAILURES).key, keep="first", maintain_order=True
    )


def failed_rows(
    table: str,
    rows: pl.DataFrame,
    expectation: Expectation,
    words: str | None = None,
    key: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Rows that fail an expectation, as a table ``validation/failures``.

    Args:
        table: The table or suite that they are of.
        rows: The columns that name them, and those that the expectation is of.
        expectation: The expectation.
        words: What was expected, where that is not the expectation's own meaning.
        key: The columns that tell them apart, where that is not the table's key.
    """
    label = None
    if key is None:
        label = dictionary.table(table).label
        key = [name for name in dictionary.table(table).key if name in rows.columns]
    field = expectation.arguments.get("column")
    stopped = expectation.severity == "critical"
    nothing = pl.lit(None, pl.String)

    def column(name: str | None) -> pl.Expr:
        return pl.col(name).cast(pl.String) if name and name in rows.columns else nothing

    value = nothing
    if field in rows.columns:
        is_list = isinstance(rows.schema[field], pl.List)
        texts = pl.col(field).cast(pl.List(pl.String)) if is_list else None
        value = column(field) if texts is None else texts.list.join("; ")
    known = rows.select(
        table=pl.lit(table),
        expectation=pl.lit(expectation.type),
        # of what is measured, the row names the field
        field=pl.lit(field) if field else column("field"),
        expected=pl.lit(words or expectation.meaning),
        severity=pl.lit(expectation.severity),
        row_key=pl.struct(key).struct.json_encode() if key else pl.lit("{}"),
        row_label=column(label),
        failing_value=value,
        paper_id=column("paper_id"),
        entry_id=column("entry_id"),
        dump_id=column("dump_id"),
        outcome=pl.lit("stopped" if stopped else "reported"),
    )
    return tables.conform(known, FAILURES)
