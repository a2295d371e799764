"""Signatures: what texts that differ in form alone share, and what their parts have of them."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.normalize import signatures, words
from tests.conftest import tried

WORDS = "tide wave model network of the learning deep graph ocean sea moon study for data".split()
# words of texts that are long enough for a sample
MANY_WORDS = st.lists(st.sampled_from(WORDS), max_size=80)
SEPARATORS = st.sampled_from([" ", "  ", "\n", "\t ", ", ", ". ", "; ", " - ", "-", "\u00a0", " “"])


# characters beyond ASCII that texts in Latin letters have, in all their blocks
USUAL = (
    st.characters(min_codepoint=0x80, max_codepoint=0x3FF)
    | st.characters(min_codepoint=0x1E00, max_codepoint=0x25FF)
    | st.characters(min_codepoint=0x1D400, max_codepoint=0x1D7FF)
    | st.sampled_from("ﬁﬂﬀＴ１½²™ßıİ’")
)
USUAL_TEXTS = st.text(st.sampled_from("abCD19  -.(") | USUAL, max_size=30)


def abstract(*texts: str | None) -> pl.DataFrame:
    column = pl.Series("clean_abstract", texts, dtype=pl.String)
    return pl.DataFrame(signatures.abstract_signatures(column))


def sketches(*texts: str | None, every: bool = False) -> list[list[int]]:
    if every:
        return signatures.every_shingle(pl.Series(texts, dtype=pl.String)).to_list()
    return abstract(*texts)["abstract_sketch"].to_list()


def title_words(*titles: str) -> list[str]:
    frame = pl.DataFrame({"title": titles})
    return signatures.title_words(frame["title"]).to_list()


def title_sketches(*titles: str) -> list[list[int]]:
    return signatures.title_sketches(pl.Series(titles, dtype=pl.String)).to_list()


def distinct_words(n: int) -> list[str]:
    """Invented words, all different."""
    return [f"word{number}" for number in range(n)]


# abstracts


@given(MANY_WORDS, st.data())
def test_a_part_of_an_abstract_has_a_part_of_its_sketch(of: list[str], data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(of)))
    end = data.draw(st.integers(begin, len(of)))
    whole, part = " ".join(of), " ".join(of[begin:end])
    for every in (False, True):
        [in_whole, in_part] = sketches(whole, part, every=every)
        assert set(in_part or []) <= set(in_whole or [])


@given(MANY_WORDS)
def test_shingles_are_as_many_as_runs_of_three_words_differ(of: list[str]) -> None:
    runs = {tuple(of[n : n + 3]) for n in range(len(of) - 2)}
    [found] = sketches(" ".join(of), every=True)
    assert len(found) == len(runs)


@given(MANY_WORDS, st.data())
def test_case_punctuation_and_white_space_leave_the_signatures_as_they_are(
    of: list[str], data: st.DataObject
) -> None:
    written = "".join(
        data.draw(st.sampled_from([word, word.upper(), word.capitalize()])) + data.draw(SEPARATORS)
        for word in of
    )
    plain, edited = abstract(" ".join(of), written).rows()
    assert plain == edited


@given(st.lists(MANY_WORDS, max_size=8), st.randoms(use_true_random=False))
def test_an_abstract_s_signatures_do_not_depend_on_the_others(
    texts: list[list[str]], shuffle: random.Random
) -> None:
    joined = [" ".join(of) for of in texts]
    alone = [abstract(text).row(0) for text in joined]
    assert abstract(*joined).rows() == alone
    order = shuffle.sample(range(len(texts)), len(texts))
    assert abstract(*(joined[n] for n in order)).rows() == [alone[n] for n in order]


@given(st.lists(st.none() | MANY_WORDS.map(" ".join), max_size=8), st.integers(1, 60))
def test_signatures_of_abstracts_read_in_pieces_are_the_same(
    texts: list[str | None], piece: int
) -> None:
    whole = abstract(*texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_PIECE", piece)
        assert abstract(*texts).equals(whole)


@given(MANY_WORDS, MANY_WORDS)
def test_a_shingle_is_in_every_sample_or_in_none(one: list[str], other: list[str]) -> None:
    texts = " ".join(one), " ".join(other)
    [of_one, of_other] = [set(sketch or []) for sketch in sketches(*texts)]
    [all_one, all_other] = [set(found) for found in sketches(*texts, every=True)]
    # what both have is sampled in both, or in neither
    assert of_one <= all_one
    assert of_other <= all_other
    assert of_one & all_other == of_other & all_one


def test_a_sample_is_about_one_shingle_in_eight() -> None:
    [sample] = sketches(" ".join(distinct_words(20_002)))
    assert 20_000 / 8 * 0.9 < len(sample) < 20_000 / 8 * 1.1


def test_a_sketch_is_sorted_and_holds_each_shingle_once() -> None:
    of = distinct_words(400)
    for every in (False, True):
        [once, twice] = sketches(" ".join(of), " ".join([*of, *of]), every=every)
        assert once == sorted(set(once))
        assert twice == sorted(set(twice))
        assert set(once) <= set(twice)
        assert all(0 <= value < 1 << signatures.BITS for value in twice)


def test_abstracts_of_the_same_words_in_another_order_are_not_the_same() -> None:
    of = distinct_words(40)
    forms = [" ".join(of), " ".join(of[::-1]), " ".join([*of[20:], *of[:20]]), " ".join(of[1:])]
    assert abstract(*forms)["abstract_digest"].n_unique() == len(forms)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tides", "waves"),
        ("tides tides", "tides"),
        ("one two", "two one"),
        ("a b", "a b c"),
        # the same runs of three words
        ("a b x a b y a b", "a b y a b x a b"),
    ],
)
def test_abstracts_of_other_words_or_another_order_have_other_digests(one: str, other: str) -> None:
    assert abstract(one, other)["abstract_digest"].n_unique() == 2


def test_a_text_of_fewer_words_than_a_shingle_has_none() -> None:
    assert sketches("one two", every=True) == [[]]
    [row] = abstract("one two").to_dicts()
    assert (row["abstract_length"], row["abstract_sketch"]) == (2, [])
    assert row["abstract_digest"] is not None


@pytest.mark.parametrize("text", [None, "", " ", " … – ", "\n"])
def test_what_has_no_words_has_no_signatures(text: str | None) -> None:
    assert abstract(text, "tides").row(0) == (None, None, None)


def test_of_no_abstracts_there_are_no_signatures() -> None:
    found = abstract()
    assert found.height == 0
    assert found.schema["abstract_sketch"] == pl.List(pl.Int64)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a naïve résumé of Gödel", "a naive resume of godel"),
        ("an efﬁcient ﬂow", "an efficient flow"),
        ("Straße und Øre", "strasse und ore"),
        ("the “tides” — and… waves", "the tides and waves"),
        ("ＴＩＤＥＳ of １２", "tides of 12"),
        ("α‑tides", "alpha tides"),
    ],
)
def test_an_abstract_in_other_characters_has_the_same_signatures(one: str, other: str) -> None:
    first, second = abstract(one, other).rows()
    assert first == second


def test_shingles_do_not_go_from_one_text_to_the_next() -> None:
    alone = [sketches(text, every=True)[0] for text in ("a b c d", "", "e f", "g h i")]
    assert sketches("a b c d", "", "e f", "g h i", every=True) == alone
    assert [len(found) for found in alone] == [2, 0, 0, 1]


@given(st.lists(USUAL_TEXTS, min_size=1, max_size=10))
@tried(100)
def test_another_script_beside_it_leaves_a_text_s_words_as_they_are(texts: list[str]) -> None:
    # what is usual in Latin letters is looked up, all else is worked out: with the same result
    alone = title_words(*(f"w {text}" for text in texts))
    assert title_words(*(f"w {text} 漢" for text in texts)) == [f"{found} 漢" for found in alone]
    plain = sketches(*texts, every=True)
    more = sketches(*(f"{text} 漢 字 語" for text in texts), every=True)
    assert all(set(one) <= set(other) for one, other in zip(plain, more, strict=True))


# titles


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Tidal Forecasting", "tidal forecasting"),
        ("  Tidal -- Forecasting!  ", "tidal forecasting"),
        ("On-line tides", "on line tides"),
        ("Poincaré's Méthode", "poincares methode"),
        ("Poincaré’s Méthode", "poincares methode"),
        ("Tides & Waves", "tides and waves"),
        ("Efﬁcient ﬂow", "efficient flow"),
        ("β-decay of Øre", "beta decay of ore"),
        ("C++ and C# for A*", "c++ and c# for a*"),
        ("+tides *waves*", "tides waves*"),
        ("H<sub>2</sub>O in <i>vivo</i>", "h2o in vivo"),
        (r"\emph{Tides} of {W}aves", "tides of waves"),
        ("Tides~of~waves", "tides of waves"),
        ("ＴＩＤＥＳ１", "tides1"),
        ("Tides\nof\twaves", "tides of waves"),
        ("潮汐模型", "潮 汐 模 型"),
        # a sign that makes another letter is no accent
        ("ガス", "ガ ス"),
        ("カス", "カ ス"),
        ("ｶﾞｽ", "ガ ス"),
        ("लहर की", "लहर की"),
        ("ขึ้น", "ขึ้ น"),
        ("물결 모형", "물결 모형"),
        # an accent is left out, and vowels that need not be written
        ("Ёлки й", "елки и"),
        ("مُدّ", "مد"),
        ("Прогноз ПРИЛИВОВ", "прогноз приливов"),
        # what a citation leaves before a title
        ("(1997) Tides of waves", "tides of waves"),
        ("Doe, J. (1997). Tides of waves", "tides of waves"),
        ("J. (1997) Tides of waves", "tides of waves"),
        ("Tides of 1997", "tides of 1997"),
        # and after it
        ("'Tides of long waves,' Proceedings of Tides-94,", "tides of long waves"),
        ("Tides of waves. Tidal letters 5 197-227. Printed", "tides of waves"),
        ("'Tides of long waves': a study", "tides of long waves a study"),
        ("Tides of waves. Volume 3", "tides of waves volume 3"),
        ("1984: tides", "1984 tides"),
    ],
)
def test_the_words_of_a_title(title: str, found: str) -> None:
    assert title_words(title) == [found]


@given(st.text(max_size=30))
def test_the_words_of_a_title_are_single_and_there_is_always_one(title: str) -> None:
    [found] = title_words(title)
    if found != title:
        assert found == found.strip()
        assert "  " not in found
        assert found
        assert found == found.lower()


@given(USUAL_TEXTS | st.text(max_size=20))
def test_what_parts_words_becomes_one_space(text: str) -> None:
    texts = pl.Series([text])
    expected = texts.str.replace_all(f"{signatures._PARTS_WORDS}+", " ")
    assert texts.str.replace_all(signatures._BETWEEN_WORDS, " ").equals(expected)


@pytest.mark.parametrize("title", ["???", "…", "—", ""])
def test_a_title_without_words_is_its_own(title: str) -> None:
    assert title_words(title) == [title]


def test_a_formula_is_no_tag() -> None:
    assert title_words("Tides where a < b and c > d") == ["tides where a b and c d"]


@given(st.lists(st.sampled_from(["tidal", "waves", "oceans", "moon"]), min_size=1, max_size=9))
def test_function_words_are_no_part_of_a_title_s_sketch(of: list[str]) -> None:
    plain, more = title_sketches(" ".join(of), "on the " + " of a ".join(of))
    assert plain == more
    assert len(plain) == len(of)


def test_a_title_s_sketch_is_in_the_order_of_its_words() -> None:
    one, other, [tides], [waves] = title_sketches("tides waves", "waves tides", "tides", "waves")
    assert one == [tides, waves]
    assert other == [waves, tides]


def test_endings_are_no_part_of_a_title_s_sketch() -> None:
    forms = title_sketches("forecast", "forecasts", "forecasting", "forecaster")
    assert all(form == forms[0] for form in forms)
    assert title_sketches("foresight") != title_sketches("forecast")


def test_a_title_of_function_words_alone_has_them_all() -> None:
    [found] = title_sketches("what is it for")
    assert len(found) == 4


def test_entries_keep_their_columns_and_get_their_signatures() -> None:
    entries = pl.DataFrame(
        {
            "entry_id": ["a", "b"],
            "clean_title": ["Tides", "Of the Waves"],
            "clean_abstract": ["One two three.", None],
        }
    )
    found = signatures.with_signatures(entries)
    assert found.select(entries.columns).equals(entries)
    assert found["title_words"].to_list() == ["tides", "of the waves"]
    assert found["title_sketch"].list.len().to_list() == [1, 1]
    assert found["abstract_length"].to_list() == [3, None]
    assert found["abstract_digest"].is_null().to_list() == [False, True]
    assert found["abstract_sketch"].is_null().to_list() == [False, True]
