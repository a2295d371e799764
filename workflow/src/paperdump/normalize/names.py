"""Names of organisations and authors, as written: only white space and Unicode are normalized."""

from __future__ import annotations

import polars as pl

_UNUSUAL = r"[^\x20-\x7e]"  # what may not be in NFC, a control or another space
_CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f\u{200b}\u{2060}\u{feff}]"


def clean(name: pl.Expr) -> pl.Expr:
    """A name on one line, in Unicode NFC, without control characters; else as written.

    Null where it has no letter and no digit.
    """
    return name.map_batches(_cleaned, return_dtype=pl.String, is_elementwise=True)


def _cleaned(names: pl.Series) -> pl.Series:
    """``clean`` over a column, of which only the names that may need it are changed."""
    edge = names.str.starts_with(" ") | names.str.ends_with(" ")
    places = (edge | names.str.contains(_UNUSUAL) | names.str.contains("  ")).arg_true()
    name = pl.lit(names.gather(places))
    changed = (
        name.str.normalize("NFC")
        .str.replace_all(_CONTROLS, "")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ")
    )
    if len(places):
        names = names.clone().scatter(places, pl.select(changed).to_series())
    known = names.str.contains(r"[\p{L}\p{N}]")
    return pl.select(pl.when(known).then(pl.lit(names))).to_series()


def clean_list(names: pl.Expr) -> pl.Expr:
    """A list of names, each cleaned, in their order; those of which nothing is left are left out.

    Null where no name is left.
    """
    cleaned = names.list.eval(clean(pl.element()).drop_nulls())
    return pl.when(cleaned.list.len() > 0).then(cleaned)


def count(names: pl.Expr) -> pl.Expr:
    """The number of names; null where there is no list."""
    return names.list.len().cast(pl.Int32)


def organization_slug(line: pl.Expr) -> pl.Expr:
    """The slug, which holds no space: the first word of an organisation line."""
    return line.str.extract(r"^\s*(\S+)", 1)


def organization_name(line: pl.Expr) -> pl.Expr:
    """The name: what follows the slug; null where nothing does."""
    return line.str.extract(r"^\s*\S+\s+(\S.*?)\s*$", 1)
