"""What validation measures before it judges: completeness by format and dump, and what was lost.

Each measure is a row with what was found and the bounds that it must reach; validation expects it
to reach them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from paperdump import dictionary
from paperdump.stored import Rows, Stored

Release = Mapping[str, Rows]
# what a measure must reach, by the severity of not reaching it
BOUNDS = {"warning": "warn_below", "critical": "stop_below"}
_BOUND_TYPES = dict.fromkeys(BOUNDS.values(), pl.Float64)
# the tables that are compared with those of the release before
COMPARED = ("papers", "sightings", "dumps")


def completeness_by(release: Release, settings: Mapping[str, Any]) -> pl.DataFrame:
    """How complete the entries of each format and of each dump are.

    A capture that lost its metadata shows here, where the average over all dumps hides it.

    Args:
        release: The tables.
        settings: The section ``validate.completeness_by``: scope → field → bounds. Those of
            ``dump_beside_format`` are a share of what the other dumps of the format reach.

    Returns:
        A row per field and format or dump that has at least ``min_entries`` entries: ``scope``,
        ``format``, ``path``, ``dump_id``, ``field``, ``filled``, ``total``, ``share`` and the
        bounds.
    """
    fields = sorted({field for scope in _scopes(settings).values() for field in scope})
    table = dictionary.table("sightings")
    dumps = release["dumps"].lazy().select("dump_id", "path", "format")
    by_dump = (
        release["sightings"]
        .lazy()
        .select("dump_id", *(has_value(table.column(name), name).alias(name) for name in fields))
        .group_by("dump_id")
        .agg(pl.len().cast(pl.Int64).alias("total"), pl.col(fields).sum().cast(pl.Int64))
        .join(dumps, on="dump_id", how="inner")
        .sort("path", "dump_id")
        .collect(engine="streaming")
    )
    by_format = by_dump.group_by("format", maintain_order=True).agg(pl.col("total", *fields).sum())
    others = by_dump.with_columns(
        (pl.col(name).sum().over("format") - pl.col(name)).alias(f"others_{name}")
        for name in ("total", *fields)
    )
    measured = []
    for scope, rows in (
        ("format", by_format),
        ("dump", by_dump),
        ("dump_beside_format", others),
    ):
        for field, bounds in _scopes(settings)[scope].items():
            reach = pl.lit(1.0)
            if scope == "dump_beside_format":
                enough = pl.col("others_total") >= settings["min_entries"]
                reach = pl.when(enough).then(pl.col(f"others_{field}") / pl.col("others_total"))
            measured.append(
                rows.filter(pl.col("total") >= settings["min_entries"]).select(
                    pl.lit(scope).alias("scope"),
                    "format",
                    (pl.col("path") if "path" in rows.columns else pl.lit(None, pl.String)).alias(
                        "path"
                    ),
                    (
                        pl.col("dump_id") if "path" in rows.columns else pl.lit(None, pl.String)
                    ).alias("dump_id"),
                    pl.lit(field).alias("field"),
                    pl.col(field).alias("filled"),
                    "total",
                    (pl.col(field) / pl.col("total")).round(4).alias("share"),
                    *(
                        (reach * pl.lit(bounds.get(severity), pl.Float64)).round(4).alias(name)
                        for severity, name in BOUNDS.items()
                    ),
                )
            )
    schema = {
        **dict.fromkeys(("scope", "format", "path", "dump_id", "field"), pl.String),
        **dict.fromkeys(("filled", "total"), pl.Int64),
        "share": pl.Float64,
        **_BOUND_TYPES,
    }
    return pl.concat([pl.DataFrame(schema=schema), *measured])


def _scopes(settings: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """Scope → field → severity → bound; a number alone is a warning, null is none."""
    return {
        scope: {
            field: bound if isinstance(bound, dict) else {"warning": float(bound)}
            for field, bound in settings[scope].items()
            if bound is not None
        }
        for scope in ("format", "dump", "dump_beside_format")
    }


def has_value(column: dictionary.Column, name: str) -> pl.Expr:
    """Whether a column has a value; an empty list is none."""
    if column.type.startswith("list"):
        return (pl.col(name).list.len() > 0).fill_null(False)
    return pl.col(name).is_not_null()


Counts = dict[str, int]
_ROWS = ""  # the rows themselves, beside the names of fields


def counts_of(name: str, rows: Rows) -> Counts:
    """How many rows a table has, and how many of them each of its fields.

    Of what is compared: nullable fields; of dumps none, since what these are like does not say
    that something was lost.
    """
    if isinstance(rows, Stored):
        return _counts_of_stored(name, rows)
    fields = _fields(name, rows.lazy().collect_schema())
    counts = rows.lazy().select(
        pl.len().alias(_ROWS), *(has_value(field, field.name).sum() for field in fields)
    )
    return {name: int(value) for name, value in counts.collect().row(0, named=True).items()}


def counts_of_file(name: str, path: Path) -> Counts:
    """The same of a Parquet file, of which only lists are read: the others are counted in it."""
    return _counts_of_stored(name, Stored(path))


def _counts_of_stored(name: str, rows: Stored) -> Counts:
    schema = rows.lazy().collect_schema()
    counts = counts_of(name, rows.lazy().select(_lists(schema)))
    counts[_ROWS] = rows.height
    fields = [field.name for field in _fields(name, schema)]
    for field in fields:
        if field not in counts:
            missing = rows.missing(field)
            if missing is None:
                return counts_of(name, rows.lazy())
            counts[field] = rows.height - missing
    return {field: counts[field] for field in (_ROWS, *fields)}  # in the dictionary's order


def _lists(schema: Mapping[str, pl.DataType]) -> list[str]:
    return [name for name, kind in schema.items() if isinstance(kind, pl.List)]


def _fields(name: str, schema: Mapping[str, pl.DataType]) -> list[dictionary.Column]:
    if name == "dumps":
        return []
    return [c for c in dictionary.table(name).columns if c.nullable and c.name in schema]


def compared(
    release: Release, before: Mapping[str, Counts], settings: Mapping[str, Any]
) -> pl.DataFrame:
    """What there was in the release before, and what there is now.

    Papers in quarantine, and their entries, count as there: rejects tells of them.

    Args:
        release: The tables.
        before: What those of the release before have, as ``counts_of`` counts it; fields that
            only one of them has are not compared.
        settings: The section ``validate.compare``.

    Returns:
        A row per measure (``rows`` of a table, ``values``: rows that have a field, ``share`` of
        rows that have it): ``measure``, ``table``, ``field``, ``before``, ``now`` and the bounds.
    """
    measured = [
        row
        for name in COMPARED
        if name in before
        for row in _compared_table(name, release, before, settings)
    ]
    schema = {
        **dict.fromkeys(("measure", "table", "field"), pl.String),
        **dict.fromkeys(("before", "now"), pl.Float64),
        **_BOUND_TYPES,
    }
    return pl.DataFrame(measured, schema=schema, orient="row")


def _compared_table(
    name: str, release: Release, before: Mapping[str, Counts], settings: Mapping[str, Any]
) -> list[tuple[str | float | None, ...]]:
    now, then = counts_of(name, release[name]), before[name]
    fields = [field for field in now if field != _ROWS and field in then]
    held = _quarantined(name, release)
    rows = (then[_ROWS], now[_ROWS] + held)
    found: list[tuple[str | float | None, ...]] = [
        ("rows", name, None, *rows, *_bounds("rows", then[_ROWS], settings))
    ]
    for field in fields:
        bounds = _bounds("values", then[field], settings)
        found.append(("values", name, field, then[field], now[field] + held, *bounds))
    for field in fields:
        if then[_ROWS] and now[_ROWS]:
            was, is_now = (round(of[field] / of[_ROWS], 4) for of in (then, now))
            found.append(("share", name, field, was, is_now, *_bounds("share", was, settings)))
    return found


def _bounds(measure: str, before: float, settings: Mapping[str, Any]) -> list[float | None]:
    """From where on a loss is told, and from where on it stops the release."""
    found: list[float | None] = []
    for severity in BOUNDS:
        most = settings[measure][severity]
        bound = None if most is None else round(before * (1 - most), 4)
        if bound is not None and severity == "critical" and measure != "share":
            # of a few rows a large share is soon lost
            bound = min(bound, max(before - settings["min_loss"] + 1, 0))
        found.append(bound)
    return found


def _quarantined(name: str, release: Release) -> int:
    """How many rows of a table are in quarantine."""
    key = {"papers": "paper_id", "sightings": "entry_id"}.get(name)
    if key is None:
        return 0
    ids = release["rejects"].lazy().select(pl.col(key).drop_nulls().n_unique())
    return int(ids.collect().item())
