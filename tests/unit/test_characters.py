"""Texts that cleaning cannot change are told without cleaning them."""

from __future__ import annotations

import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.normalize import characters, mojibake, text, words

SCRAPS = st.sampled_from(
    (
        "tide|a| |  |\n|\t|é|e\u0301|ü|“|”|—|…|’|α|中|각|ᄀ|ᅡ|ᆨ|क|\u093c|ن|\u064e|\u200d|\u200b"
        "|\u00ad|\u00a0|\u2028|Ã|Ã©|Â |â€™|×²|Å²|ﬁ|ｅ|\u212a|\ufeff|\x07|\x1c|\x85|\x9f"
        "|\U0001f30a|\U0001d44e|&amp;|&#92;|$x^2$|\\\"o|``|''|--|-\n|~"
    ).split("|")
)
TEXTS = st.lists(SCRAPS, max_size=12).map("".join)


def odd(*texts: str | None) -> list[int]:
    return characters.odd(pl.Series(texts, dtype=pl.String)).to_list()


def cleaned(texts: pl.Series, clean: object) -> pl.Series:
    return texts.to_frame("x").select(clean(pl.col("x"))).to_series()  # type: ignore[operator]


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "tides",
        "a\tb\nc",
        "naïve Gödel",
        "“so” – it’s",
        "α ≤ β …",
        "潮汐",
        "조석",
        "🌊",
        "São 5°",
    ],
)
def test_what_people_write_is_not_odd(plain: str) -> None:
    assert odd(plain) == []


@pytest.mark.parametrize(
    "strange",
    (
        "a\u00a0b|a\u200bb|so\u00adlar|e\u0301|\x07|\u212a|\u2028|Â b|cafÃ©|…—|\u1100\u1161"
        "|\ufffd\ufffd|👨\u200d👩|\x7f|\U00050000"
    ).split("|"),
)
def test_what_cleaning_may_change_is_odd(strange: str) -> None:
    assert odd("tides", strange, None, f"of the {strange} shore") == [1, 3]


def test_texts_are_told_apart_in_columns_of_many_megabytes() -> None:
    long = "tides " * 100_000
    assert odd("\x07", long, None, f"{long}\u200b", "é", long, "\u200b") == [0, 3, 6]


def test_a_part_of_a_column_is_as_it_is_by_itself() -> None:
    column = pl.Series(["\x07", "é", None, "\u200b", "tides", "\u00a0"])
    assert characters.odd(column.slice(1, 4)).to_list() == [2]


def test_no_character_that_is_not_odd_is_changed_by_cleaning() -> None:
    codes = [n for n in range(0x20, sys.maxunicode + 1) if not 0xD800 <= n < 0xE000]
    texts = pl.Series([f"a{chr(n)}b" for n in codes])
    plain = pl.Series(sorted(set(texts) - set(texts.gather(characters.odd(texts)))))
    assert len(plain) > 100_000
    assert cleaned(plain, text.clean_line).equals(plain)
    assert not plain.str.contains(mojibake.SUSPECT).any()


def test_no_character_that_composes_with_the_one_before_is_left_out() -> None:
    seconds = set()
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(chr(int(parts[1], 16)))
    assert "\u0301" in seconds
    assert len(odd(*sorted(seconds))) == len(seconds)


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Zs"]))))
def test_a_text_that_is_not_odd_is_clean_but_for_the_white_space_of_ascii(
    raws: list[str | None],
) -> None:
    texts = pl.Series(raws, dtype=pl.String).str.replace_all(r"[\t-\r]", "")
    plain = texts.gather([n for n in range(len(texts)) if n not in odd(*texts)])
    assert cleaned(plain, text.clean_line).fill_null("").equals(plain.fill_null(""))
    assert not plain.str.contains(mojibake.SUSPECT).any()


def everywhere(texts: pl.Series) -> pl.Series:
    return pl.arange(len(texts), eager=True).cast(pl.get_index_type())


@given(st.lists(st.none() | TEXTS, max_size=8))
def test_cleaning_is_the_same_if_all_texts_are_taken_for_odd(raws: list[str | None]) -> None:
    texts = pl.Series(raws, dtype=pl.String)
    for clean in (text.clean_title, text.clean_abstract):
        fast = cleaned(texts, clean)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(characters, "odd", everywhere)
            patch.setattr(text, "_unspaced", everywhere)
            assert cleaned(texts, clean).equals(fast)


def test_a_text_of_which_cleaning_leaves_nothing_has_no_words() -> None:
    empty = cleaned(pl.Series(["tides", "&#32; &#32; &#32; &#32;", None]), text.clean_abstract)
    assert empty.to_list() == ["tides", None, None]
    assert words.words(empty).counts.tolist() == [1, 0, 0]
