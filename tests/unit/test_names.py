from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.normalize import names


def cleaned(written: list[str | None] | None) -> list[str] | None:
    frame = pl.DataFrame({"x": [written]}, schema={"x": pl.List(pl.String)})
    found = frame.select(names.clean_list(pl.col("x"))).item()
    return None if found is None else found.to_list()


def apply(expression: pl.Expr, value: str | None) -> object:
    return pl.DataFrame({"x": [value]}, schema={"x": pl.String}).select(expression).item()


@pytest.mark.parametrize(
    "name",
    [
        "Tern, A. B.",
        "O'Tern-Gull",
        "ter Meulen",
        r"M\"uller",
        "TERN $^1$",
        "潮 汐",
        "Tern (X)",
        "4",
    ],
)
def test_a_name_stays_as_written(name: str) -> None:
    assert cleaned([name]) == [name]


def test_white_space_and_unicode_of_names_are_normalized() -> None:
    assert cleaned(["  Ann\u00a0 Tern\n", "Rene\u0301 Gull", "\ufeffB\0ee"]) == [
        "Ann Tern",
        "René Gull",
        "Bee",
    ]


def test_names_keep_their_order_and_repeats_and_empty_ones_are_left_out() -> None:
    assert cleaned(["B", "", "A", None, " ", ".", "\u200b", "B"]) == ["B", "A", "B"]


@pytest.mark.parametrize("written", [[], ["", " "], [None], None])
def test_a_list_without_a_name_is_unknown(written: list[str | None] | None) -> None:
    assert cleaned(written) is None


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=5))
def test_cleaning_names_is_idempotent_and_gives_nfc_on_one_line(written: list[str]) -> None:
    once = cleaned(written)
    assert cleaned(once) == once  # type: ignore[arg-type]
    for name in once or []:
        assert unicodedata.is_normalized("NFC", name)
        assert name == " ".join(name.split(" ")).strip()
        assert "\n" not in name


@pytest.mark.parametrize(
    ("line", "slug", "name"),
    [
        ("tide-lab Tide Lab", "tide-lab", "Tide Lab"),
        ("Tides Tides", "Tides", "Tides"),
        ("tides", "tides", None),
        (None, None, None),
    ],
)
def test_an_organisation_is_slug_and_name(
    line: str | None, slug: str | None, name: str | None
) -> None:
    assert apply(names.organization_slug(pl.col("x")), line) == slug
    assert apply(names.organization_name(pl.col("x")), line) == name


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=20), max_size=5))
def test_cleaning_is_the_same_if_all_names_are_looked_at(written: list[str | None]) -> None:
    found = cleaned(written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "_UNUSUAL", "")
        assert cleaned(written) == found
