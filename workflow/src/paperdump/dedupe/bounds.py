"""Bounds as single numbers, so that the tightest of many is a plain maximum or minimum.

A number holds a day, the place of its evidence among the kinds (the strongest first), and the
place of the entry that carries it. Of equally tight bounds the one by the strongest evidence is
thereby taken, of these the first on the pages: the same one whatever the order of the rows.
"""

from __future__ import annotations

import polars as pl

_ENTRIES = 1 << 32
_STRENGTHS = 8


def lower(day: pl.Expr, strength: int | pl.Expr, at: pl.Expr) -> pl.Expr:
    """A lower bound as a number, of which the greatest is the tightest.

    Args:
        day: The day.
        strength: The place of the evidence, 0 the strongest, below 8.
        at: The place of the entry.
    """
    number = day.to_physical().cast(pl.Int64) * _STRENGTHS + (_STRENGTHS - 1 - strength)
    return number * _ENTRIES + (_ENTRIES - 1 - at)


def upper(day: pl.Expr, strength: int | pl.Expr, at: pl.Expr) -> pl.Expr:
    """An upper bound as a number, of which the least is the tightest."""
    number = day.to_physical().cast(pl.Int64) * _STRENGTHS + strength
    return number * _ENTRIES + at


def day_of(number: pl.Expr) -> pl.Expr:
    """The day of a bound."""
    return (number // (_ENTRIES * _STRENGTHS)).cast(pl.Int32).cast(pl.Date)


def lower_strength(number: pl.Expr) -> pl.Expr:
    """The place of the evidence of a lower bound."""
    return _STRENGTHS - 1 - number // _ENTRIES % _STRENGTHS


def upper_strength(number: pl.Expr) -> pl.Expr:
    """The place of the evidence of an upper bound."""
    return number // _ENTRIES % _STRENGTHS


def lower_at(number: pl.Expr) -> pl.Expr:
    """The place of the entry of a lower bound."""
    return _ENTRIES - 1 - number % _ENTRIES


def upper_at(number: pl.Expr) -> pl.Expr:
    """The place of the entry of an upper bound."""
    return number % _ENTRIES
