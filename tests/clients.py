"""The libraries that people open a release with, each asked for the same: types and values.

    python -m tests.clients RELEASE_FOLDER    # opens every table with each, and prints a table

``read`` gives a table as the library itself gives it to Python, without help from another one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperdump import dictionary

Columns = dict[str, list[Any]]
Types = dict[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """A library that reads Parquet.

    Attributes:
        package: Its name on the package index, and the module's.
        types: What it calls the types of the data dictionary.
        read: The types and values of a table's columns, by release folder and table name.
        needs: Another program that it does not run without.
    """

    package: str
    types: Mapping[str, str]
    read: Callable[[Path, str], tuple[Types, Columns]]
    needs: str | None = None

    @property
    def version(self) -> str:
        """The version that is installed."""
        return importlib.metadata.version(self.package)

    @property
    def missing(self) -> str | None:
        """Why it cannot be asked; None where it can."""
        if importlib.util.find_spec(self.package) is None:
            return f"{self.package} is not installed: pip install '.[clients]'"
        if self.needs and shutil.which(self.needs) is None:
            return f"{self.package} needs {self.needs}, which is not installed"
        return None


def _arrow_names(string: str = "string") -> dict[str, str]:
    return {
        "string": string,
        "bool": "bool",
        "int16": "int16",
        "int32": "int32",
        "int64": "int64",
        "float64": "double",
        "date": "date32[day]",
        "list<string>": f"list<element: {string}>",
        "list<int64>": "list<element: int64>",
    }


def _with_polars(release: Path, name: str) -> tuple[Types, Columns]:
    import polars as pl  # noqa: PLC0415

    frame = pl.scan_parquet(release / f"{name}.parquet").collect()
    types = {column: str(kind) for column, kind in frame.schema.items()}
    return types, frame.to_dict(as_series=False)


def _with_duckdb(release: Path, name: str) -> tuple[Types, Columns]:
    import duckdb  # noqa: PLC0415

    with duckdb.connect() as database:
        found = database.read_parquet(str(release / f"{name}.parquet"))
        types = {c: str(t) for c, t in zip(found.columns, found.types, strict=True)}
        return types, _by_column(found.columns, found.fetchall())


def _with_pandas(release: Path, name: str) -> tuple[Types, Columns]:
    import pandas as pd  # noqa: PLC0415

    frame = pd.read_parquet(release / f"{name}.parquet", dtype_backend="pyarrow")
    types = {column: str(kind.pyarrow_dtype) for column, kind in frame.dtypes.items()}
    columns = {}
    for column in frame.columns:
        values = [None if value is pd.NA else value for value in frame[column]]
        columns[column] = [v.tolist() if hasattr(v, "tolist") else v for v in values]
    return types, columns


def _with_pyarrow(release: Path, name: str) -> tuple[Types, Columns]:
    import pyarrow.dataset as ds  # noqa: PLC0415

    table = ds.dataset(release / f"{name}.parquet").to_table()
    return {field.name: str(field.type) for field in table.schema}, table.to_pydict()


def _with_datasets(release: Path, name: str) -> tuple[Types, Columns]:
    import datasets  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    datasets.disable_progress_bars()
    # by the name that the dataset card gives the table
    load = functools.partial(
        datasets.load_dataset, str(release), name.replace("/", "-"), split="train"
    )
    if pq.read_metadata(release / f"{name}.parquet").num_rows == 0:
        # the library refuses to load what has no rows ("corresponds to no data"); it streams it
        found = load(streaming=True)
        columns: Columns = {column: [] for column in found.features}
        assert not list(found)
    else:
        with tempfile.TemporaryDirectory() as cache:
            found = load(cache_dir=cache)
            columns = found.to_dict()
    return {column: _kind(feature) for column, feature in found.features.items()}, columns


def _kind(feature: Any) -> str:
    inner = getattr(feature, "feature", None)
    return f"list<{inner.dtype}>" if inner is not None else str(feature.dtype)


def _with_spark(release: Path, name: str) -> tuple[Types, Columns]:
    found = _spark().read.parquet(str(release / f"{name}.parquet"))
    types = {field.name: field.dataType.simpleString() for field in found.schema.fields}
    return types, _by_column(found.columns, [tuple(row) for row in found.collect()])


@functools.cache
def _spark() -> Any:
    from pyspark.sql import SparkSession  # noqa: PLC0415

    return (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )


def _by_column(names: list[str], rows: list[tuple[Any, ...]]) -> Columns:
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


_SQL = {"string": "string", "bool": "boolean", "int16": "smallint", "int32": "int"}
CLIENTS = {
    "Polars": Client(
        "polars",
        {
            "string": "String",
            "bool": "Boolean",
            "int16": "Int16",
            "int32": "Int32",
            "int64": "Int64",
            "float64": "Float64",
            "date": "Date",
            "list<string>": "List(String)",
            "list<int64>": "List(Int64)",
        },
        _with_polars,
    ),
    "DuckDB": Client(
        "duckdb",
        {
            "string": "VARCHAR",
            "bool": "BOOLEAN",
            "int16": "SMALLINT",
            "int32": "INTEGER",
            "int64": "BIGINT",
            "float64": "DOUBLE",
            "date": "DATE",
            "list<string>": "VARCHAR[]",
            "list<int64>": "BIGINT[]",
        },
        _with_duckdb,
    ),
    "pandas": Client("pandas", _arrow_names(), _with_pandas),
    "PyArrow dataset": Client("pyarrow", _arrow_names(), _with_pyarrow),
    "Hugging Face datasets": Client(
        "datasets",
        {
            **{kind: kind for kind in ("string", "bool", "int16", "int32", "int64", "float64")},
            "date": "date32",
            "list<string>": "list<string>",
            "list<int64>": "list<int64>",
        },
        _with_datasets,
    ),
    "Spark": Client(
        "pyspark",
        {
            **_SQL,
            "int64": "bigint",
            "float64": "double",
            "date": "date",
            "list<string>": "array<string>",
            "list<int64>": "array<bigint>",
        },
        _with_spark,
        needs="java",
    ),
}


def expected_types(client: Client, name: str) -> Types:
    """What a client should call the types of a table's columns."""
    return {column.name: client.types[column.type] for column in dictionary.table(name).columns}


def checksums(columns: Columns) -> dict[str, str]:
    """A checksum for each column: of its values in order, with their kinds."""
    return {name: _checksum(values) for name, values in columns.items()}


def _checksum(values: list[Any]) -> str:
    digest = hashlib.sha256()
    for value in values:
        digest.update(json.dumps(_plain(value), ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """A value such that values of other kinds differ: a day is no time, null is no NaN."""
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return {"float": value.hex()}
        case dt.datetime():
            return {"time": value.isoformat()}
        case dt.date():
            return {"day": value.isoformat()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return {type(value).__name__: repr(value)}


def main() -> None:
    """Open every table of a release with each client, and print what was found."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("release", type=Path)
    release = parser.parse_args().release.resolve()
    names = [name for name, table in dictionary.tables().items() if table.published]
    sums: dict[str, str] = {}
    print("| client | version | tables | columns | rows | types | values (SHA-256) | seconds |")
    print("| --- | --- | --: | --: | --: | --- | --- | --: |")
    for label, client in CLIENTS.items():
        if client.missing:
            print(f"| {label} | | | | | {client.missing} | | |")
            continue
        start, n_columns, n_rows, wrong = time.monotonic(), 0, 0, []
        digest = hashlib.sha256()
        for name in names:
            types, columns = client.read(release, name)
            wrong += [name] if types != expected_types(client, name) else []
            n_columns += len(columns)
            n_rows += len(next(iter(columns.values())))
            digest.update(json.dumps([name, checksums(columns)]).encode())
        sums[label] = digest.hexdigest()
        told = "as in the dictionary" if not wrong else f"others in {', '.join(wrong)}"
        seconds = time.monotonic() - start
        print(
            f"| {label} | {client.version} | {len(names)} | {n_columns} | {n_rows:,} | {told} "
            f"| {sums[label][:16]} | {seconds:.1f} |"
        )
    if len(set(sums.values())) > 1:
        sys.exit("The values differ.")


if __name__ == "__main__":
    main()
