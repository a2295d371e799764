"""Great Expectations at work: the expectations of a table are run over it, in bounded memory.

An expectation that looks at one row at a time is run on one partition of the table after another,
and its counts are added up; one that needs all rows is run once, on the columns that it needs.
What Great Expectations gets are pandas frames whose columns are backed by Arrow, no Python objects.
Of a table of many rows it is not asked what can be counted in columns, with the same answer, at a
tenth of its cost (``counted``).
The rows that fail are looked for only where an expectation fails.

The library takes seconds to import, so it is imported by the functions that need it.
"""

from __future__ import annotations

import functools
import gc
import importlib.abc
import importlib.util
import logging
import os
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NamedTuple

import polars as pl

from paperdump import counted
from paperdump.arrow import ROW_GROUP_SIZE
from paperdump.expectations import Expectation, columns_of, nearest
from paperdump.stored import Stored

# Row-wise by their class, but they compare rows with each other.
_ACROSS_ROWS = frozenset(
    {
        "expect_column_values_to_be_unique",
        "expect_compound_columns_to_be_unique",
        "expect_column_values_to_be_increasing",
        "expect_column_values_to_be_decreasing",
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_not_be_outliers",
    }
)
# each partition costs some milliseconds an expectation, and as much memory as its rows take
PARTITION_ROWS = 2 * ROW_GROUP_SIZE
# Rows of a table from which on what can be counted is: of fewer, the library takes no time.
COUNTED_FROM = 20_000
_RANGE = "expect_column_values_to_be_between"
_COUNTS = ("element_count", "missing_count", "unexpected_count")


class Suite(NamedTuple):
    """Rows to be checked.

    Attributes:
        rows: The rows.
        named_by: The columns that name a failing row.
        expectations: What is expected of them.
        stored: Their file, where they are all of one.
    """

    rows: pl.LazyFrame
    named_by: tuple[str, ...]
    expectations: list[Expectation]
    stored: Stored | None = None


@dataclass(slots=True)
class Outcome:
    """What an expectation found.

    Attributes:
        expectation: The expectation.
        success: Whether it holds.
        rows: How many rows it was checked on.
        result: Its result as Great Expectations has it, summed up over partitions.
        error: Why it could not be checked, or None.
        failing: The rows that fail, where it does not hold: the columns that name them, and those
            that it is of.
        seconds: How long it took.
    """

    expectation: Expectation
    success: bool = False
    rows: int = 0
    result: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    failing: pl.DataFrame | None = None
    seconds: float = 0.0


# What the library imports and hardly ever uses, a third of the time that its import takes: for
# charts, and for one expectation on distributions.
_SELDOM_USED = frozenset({"altair", "scipy.stats"})


@functools.cache
def library() -> Any:
    """Great Expectations, imported with usage statistics off: nothing touches the network."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # a third of a million objects are made and none is garbage: the collector's passes over them
    # cost half a second of four
    gc.disable()
    with _loaded_at_use(_SELDOM_USED):
        import great_expectations as gx  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return gx


@contextmanager
def _loaded_at_use(names: Collection[str]) -> Iterator[None]:
    """In this context modules of these names are imported, and run when they are first used."""

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(
            self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            if fullname not in names:
                return None
            spec = PathFinder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = importlib.util.LazyLoader(spec.loader)
            return spec

    finder = Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def configured(expectation: Expectation, number: int) -> Any:
    """An expectation as Great Expectations has it."""
    return (
        library()
        .expectations.registry.get_expectation_impl(expectation.type)(
            **expectation.arguments,
            severity=expectation.severity,
            notes=expectation.meaning,
            meta={"number": number},
        )
        .configuration
    )


def run(suite: Suite, partition_rows: int = PARTITION_ROWS) -> list[Outcome]:
    """Run all expectations of a suite.

    Args:
        suite: The suite.
        partition_rows: How many rows to look at at once.

    Returns:
        An outcome per expectation, in their order.

    Raises:
        RuntimeError: An expectation was not run.
    """
    schema = suite.rows.collect_schema()
    height = _height(suite)
    jobs = [
        _Job(one, configured(one, number), list(schema), height)
        for number, one in enumerate(suite.expectations)
    ]
    asked = _not_counted(suite, jobs, height, partition_rows)
    by_row = [job for job in asked if job.by_row]
    if by_row:
        for _, piece in _pieces(suite.rows, _union(by_row, schema), height, partition_rows):
            frame = _arrow_backed(piece)
            for job in by_row:
                job.add(job.seen(piece, frame), "BASIC")
    for job in asked:
        if not job.by_row:
            job.add(_arrow_backed(_whole(suite.rows, job, height)), "BASIC")
        job.finish()
    _find_failing(suite, [job for job in jobs if job.fails_by_row], height, partition_rows)
    return [job.outcome for job in jobs]


def _height(suite: Suite) -> int:
    if suite.stored is not None:
        return suite.stored.height
    return int(suite.rows.select(pl.len()).collect().item())


def _not_counted(
    suite: Suite, jobs: Sequence[_Job], height: int, partition_rows: int
) -> list[_Job]:
    """Count what can be counted of a large table; the jobs that are left to the library."""
    if height < COUNTED_FROM:
        return list(jobs)
    began = time.perf_counter()
    found = counted.counts(suite.rows, suite.expectations, height, suite.stored)
    seconds = (time.perf_counter() - began) / max(len(found), 1)
    for number, count in found.items():
        jobs[number].take(count, in_pieces=height > partition_rows, seconds=seconds)
    return [job for number, job in enumerate(jobs) if number not in found]


class _Job:
    """An expectation on its way through the partitions of a table."""

    def __init__(
        self, expectation: Expectation, configuration: Any, names: Sequence[str], height: int
    ) -> None:
        self.outcome = Outcome(expectation, rows=height)
        self.configuration = configuration
        implementation = type(configuration.to_domain_obj())
        kinds = {kind.__name__ for kind in implementation.__mro__}
        self.by_map = any(name.endswith("MapExpectation") for name in kinds)
        self.by_row = self.by_map and expectation.type not in _ACROSS_ROWS
        wanted = columns_of(expectation.arguments)
        # a condition may name any column, and what is not of columns may be of all
        everything = "row_condition" in expectation.arguments or not wanted
        self.columns = [name for name in names if everything or name in wanted]
        self._parts: list[dict[str, Any]] = []
        self._successes: list[bool] = []

    @property
    def fails_by_row(self) -> bool:
        """Whether there are failing rows to be named."""
        return (
            self.by_map
            and not self.outcome.success
            and self.outcome.error is None
            and bool(self.outcome.result.get("unexpected_count"))
        )

    def seen(self, piece: pl.DataFrame, frame: Any) -> Any:
        """What the expectation sees of a piece of the table: its columns, backed by Arrow.

        Ranges of whole numbers get these in NumPy's types, which the library compares at once;
        others it compares one by one, as Python objects.
        """
        if self.outcome.expectation.type == _RANGE and len(self.columns) == 1:
            values = _in_numpy(piece[self.columns[0]])
            if values is not None:
                import pandas as pd  # noqa: PLC0415

                return pd.DataFrame({self.columns[0]: values})
        return frame[self.columns]

    def add(self, frame: Any, detail: str) -> dict[str, Any]:
        """Run the expectation on a frame, and keep what it counts; the rest is given back."""
        began = time.perf_counter()
        validation = _validated(frame, self.configuration, detail)
        self.outcome.seconds += time.perf_counter() - began
        crashed = validation.exception_info
        if "raised_exception" not in crashed:  # a mapping of metric → exception
            crashed = next(iter(crashed.values()), {})
        if crashed.get("raised_exception"):
            self.outcome.error = self.outcome.error or str(crashed.get("exception_message"))
        result: dict[str, Any] = dict(validation.result or {})
        if detail == "BASIC":
            self._parts.append(result)
            self._successes.append(bool(validation.success))
        return result

    def take(self, count: counted.Count, in_pieces: bool, seconds: float) -> None:
        """Keep what was counted, as the library tells it of a table in one or several pieces."""
        outcome, height = self.outcome, self.outcome.rows
        missing, wrong = count
        looked_at = height - missing
        outcome.seconds = seconds
        mostly = float(outcome.expectation.arguments.get("mostly", 1.0))
        outcome.success = looked_at == 0 or (looked_at - wrong) / looked_at >= mostly
        result: dict[str, Any] = {"element_count": height}
        if self.by_row and in_pieces:
            result |= {
                "missing_count": missing,
                "unexpected_count": wrong,
                "unexpected_percent": 100 * wrong / looked_at if looked_at else None,
                "partial_unexpected_list": [],
            }
        else:
            share = wrong / looked_at * 100 if looked_at else None
            result |= {
                "unexpected_count": wrong,
                "unexpected_percent": share,
                "partial_unexpected_list": [],
            }
            if outcome.expectation.type != counted.NOT_NULL:
                result |= {
                    "missing_count": missing,
                    "missing_percent": missing / height * 100 if height else None,
                    "unexpected_percent_total": wrong / height * 100 if height else None,
                    "unexpected_percent_nonmissing": share,
                }
        outcome.result = result

    def finish(self) -> None:
        """Add up what was found in the partitions."""
        outcome = self.outcome
        if outcome.error is not None:
            return
        if len(self._parts) == 1:
            [outcome.result], [outcome.success] = self._parts, self._successes
            return
        total = {name: sum(part.get(name, 0) for part in self._parts) for name in _COUNTS}
        looked_at = total["element_count"] - total["missing_count"]
        wrong = total["unexpected_count"]
        mostly = float(outcome.expectation.arguments.get("mostly", 1.0))
        outcome.success = looked_at == 0 or (looked_at - wrong) / looked_at >= mostly
        outcome.result = {
            **total,
            "unexpected_percent": 100 * wrong / looked_at if looked_at else None,
            "partial_unexpected_list": [],
        }


def _validated(frame: Any, configuration: Any, detail: str) -> Any:
    """The result of one expectation on one frame.

    Raises:
        RuntimeError: It was not run.
    """
    library()
    from great_expectations.execution_engine.pandas_execution_engine import (  # noqa: PLC0415
        PandasExecutionEngine,
    )
    from great_expectations.validator.validator import Validator  # noqa: PLC0415

    validator = Validator(PandasExecutionEngine(batch_data_dict={"rows": frame}))
    validator.metrics_calculator.show_progress_bars = False
    results = validator.graph_validate(
        configurations=[configuration],
        runtime_configuration={
            "result_format": {
                "result_format": detail,
                "partial_unexpected_count": 0,
                "include_unexpected_rows": False,
            }
        },
    )
    if len(results) != 1:
        raise RuntimeError(f"1 expectation was to run, {len(results)} did: {configuration}")
    return results[0]


def _find_failing(suite: Suite, jobs: Sequence[_Job], height: int, partition_rows: int) -> None:
    """Look for the rows that fail, once more through the partitions."""
    by_row = [job for job in jobs if job.by_row]
    found: dict[int, list[pl.DataFrame]] = {id(job): [] for job in jobs}
    schema = suite.rows.collect_schema()
    names = {*_union(by_row, schema), *suite.named_by}
    wanted = [name for name in schema if name in names]
    if by_row:
        for _, piece in _pieces(suite.rows, wanted, height, partition_rows):
            frame = _arrow_backed(piece)
            for job in by_row:
                indexes = job.add(job.seen(piece, frame), "COMPLETE").get("unexpected_index_list")
                found[id(job)].append(_named(suite, job, piece)[indexes or []])
    for job in jobs:
        if not job.by_row:
            names = {*job.columns, *suite.named_by}
            frame = suite.rows.select(name for name in schema if name in names).collect()
            indexes = job.add(_arrow_backed(frame.select(job.columns)), "COMPLETE").get(
                "unexpected_index_list"
            )
            found[id(job)].append(_named(suite, job, frame)[indexes or []])
        job.outcome.failing = pl.concat(found[id(job)])


def _named(suite: Suite, job: _Job, frame: pl.DataFrame) -> pl.DataFrame:
    """Of a frame the columns that name a row, and those that an expectation is of."""
    of = columns_of(job.outcome.expectation.arguments)
    return frame.select(list(dict.fromkeys([*suite.named_by, *(c for c in of if c in frame)])))


def _union(jobs: Sequence[_Job], schema: Mapping[str, Any]) -> list[str]:
    names = {name for job in jobs for name in job.columns}
    return [name for name in schema if name in names]


def _pieces(
    rows: pl.LazyFrame, columns: list[str], height: int, partition_rows: int
) -> Iterator[tuple[int, pl.DataFrame]]:
    """The rows piece by piece, with where each begins; one without rows where there are none."""
    for offset in range(0, max(height, 1), partition_rows):
        yield offset, rows.select(columns).slice(offset, partition_rows).collect()


def _whole(rows: pl.LazyFrame, job: _Job, height: int) -> pl.DataFrame:
    """What an expectation that is not of single rows needs to see of a table."""
    kind = job.outcome.expectation.type
    if kind.startswith("expect_table_column"):
        return rows.select(job.columns).clear().collect()
    if kind.startswith("expect_table_row_count"):
        return pl.DataFrame({"row": pl.repeat(True, height, eager=True)})
    return rows.select(job.columns).collect()


def _in_numpy(values: pl.Series) -> Any:
    """Whole numbers in NumPy's types; None for others."""
    if values.dtype.is_integer():
        exact = values.null_count() == 0  # a missing one is NaN
        return values.cast(pl.Int64 if exact else pl.Float64).to_numpy()
    return None


def _arrow_backed(frame: pl.DataFrame) -> Any:
    """The frame for pandas, its columns backed by Arrow: no copy to Python objects."""
    import pandas as pd  # noqa: PLC0415

    return frame.to_arrow().to_pandas(types_mapper=pd.ArrowDtype)


def problems_of(
    kind: str,
    arguments: Mapping[str, Any],
    not_for_people: Collection[str],
    of_databases: Collection[str],
) -> list[str]:
    """What is wrong with an expectation of a type with these arguments, a line for each thing."""
    registry = library().expectations.registry
    known = set(registry.list_registered_expectation_implementations()) - set(of_databases)
    if kind not in known:
        return [f"no such expectation{nearest(kind, sorted(known))}"]
    implementation = registry.get_expectation_impl(kind)
    valid = [name for name in implementation.__fields__ if name not in not_for_people]
    unknown = [
        f"no argument {name!r}{nearest(name, valid)}" for name in arguments if name not in valid
    ]
    if unknown:
        return unknown
    try:
        implementation(**arguments)
    except ValueError as error:  # pydantic's, which has a line per argument
        said: list[dict[str, Any]] = (
            error.errors() if hasattr(error, "errors") else [{"loc": (), "msg": str(error)}]
        )
        return [
            ": ".join([*(str(p) for p in one["loc"] if p != "__root__"), str(one["msg"])])
            for one in said
        ]
    return []
