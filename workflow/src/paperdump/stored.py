"""A table in a Parquet file, and what the file says of its columns without their being read."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq

_WHOLE_NUMBERS = ("INT32", "INT64")  # as Parquet stores whole numbers and days


class Stored:
    """A table in a Parquet file.

    The statistics of its row groups are those that its writer counted of the same values. What
    they do not tell of is None here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def lazy(self) -> pl.LazyFrame:
        """The rows, to be read piece by piece."""
        return pl.scan_parquet(self.path, glob=False)

    @property
    def height(self) -> int:
        """How many rows it has."""
        return int(self._footer.num_rows)

    def missing(self, column: str) -> int | None:
        """How many rows have no value in a column that is no list."""
        found = self._statistics(column)
        return None if found is None else sum(one.null_count for one in found.values())

    def bounds(self, column: str) -> tuple[Any, Any] | None:
        """The least and the largest value of a column of whole numbers or days that has values."""
        valued = self._valued(column)
        if not valued or not all(
            one.has_min_max and one.physical_type in _WHOLE_NUMBERS for one in valued.values()
        ):
            return None
        return min(one.min for one in valued.values()), max(one.max for one in valued.values())

    def has_empty(self, column: str) -> bool | None:
        """Whether a text of a column is empty; row groups that do not tell are read.

        They do not where a text is too long for the statistics.
        """
        valued = self._valued(column)
        if valued is None:
            return None
        # a bound that is cut short is no longer than its text
        if any(one.has_min_max and one.min_raw in (b"", "") for one in valued.values()):
            return True
        unsaid = [group for group, one in valued.items() if not one.has_min_max]
        return bool(unsaid) and self._read_has_empty(unsaid, column)

    def _read_has_empty(self, groups: list[int], column: str) -> bool:
        """Whether a text of a column is empty in some row groups, one read after the other."""
        with pq.ParquetFile(self.path) as file:
            return any(
                pc.any(pc.equal(file.read_row_group(group, columns=[column])[column], "")).as_py()
                for group in groups
            )

    @functools.cached_property
    def _footer(self) -> Any:
        return pq.read_metadata(self.path)

    @functools.cached_property
    def _columns(self) -> dict[str, int]:
        """Columns that are no lists → their place in row groups."""
        schema = self._footer.schema
        return {schema.column(n).path: n for n in range(self._footer.num_columns)}

    @functools.cached_property
    def _heights(self) -> dict[int, int]:
        """Row groups that have rows → how many."""
        groups = range(self._footer.num_row_groups)
        heights = {group: self._footer.row_group(group).num_rows for group in groups}
        return {group: rows for group, rows in heights.items() if rows}

    def _statistics(self, column: str) -> dict[int, Any] | None:
        """What each row group says of a column, where all of them count what is missing."""
        place = self._columns.get(column)
        if place is None:
            return None
        found = {g: self._footer.row_group(g).column(place).statistics for g in self._heights}
        said = all(one is not None and one.has_null_count for one in found.values())
        return found if said else None

    def _valued(self, column: str) -> dict[int, Any] | None:
        """The same of the row groups that have a value there."""
        found = self._statistics(column)
        if found is None:
            return None
        return {g: one for g, one in found.items() if one.null_count < self._heights[g]}


Rows = pl.LazyFrame | pl.DataFrame | Stored
