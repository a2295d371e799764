"""Names of organisations and authors."""

from __future__ import annotations

import polars as pl

from paperdump.normalize import text


def organization_slug(line: pl.Expr) -> pl.Expr:
    """The slug, which holds no space: the first word of an organisation line."""
    return line.str.extract(r"^\s*(\S+)", 1)


def organization_name(line: pl.Expr) -> pl.Expr:
    """The name: what follows the slug; null where nothing does."""
    return line.str.extract(r"^\s*\S+\s+(\S.*?)\s*$", 1)


def clean_list(names: pl.Expr) -> pl.Expr:
    """A list of names: white space and Unicode normalized, empty ones left out.

    Null where nothing is left.
    """
    cleaned = names.list.eval(text.clean_line(pl.element())).list.drop_nulls()
    return pl.when(cleaned.list.len() > 0).then(cleaned)


def count(names: pl.Expr) -> pl.Expr:
    """The number of names; null where there is no list."""
    return names.list.len().cast(pl.Int32)
