"""Names of organisations."""

from __future__ import annotations

import polars as pl


def organization_slug(text: pl.Expr) -> pl.Expr:
    """The slug, which holds no space: the first word of an organisation line."""
    return text.str.extract(r"^\s*(\S+)", 1)


def organization_name(text: pl.Expr) -> pl.Expr:
    """The name: what follows the slug; null where nothing does."""
    return text.str.extract(r"^\s*\S+\s+(\S.*?)\s*$", 1)
