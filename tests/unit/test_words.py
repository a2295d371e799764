"""Words as hashes: those of a plain tokenizer, whatever the pieces that texts are read in."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.normalize import words

# a run of ASCII letters and digits and of all beyond ASCII is a word
PLAIN_WORD = re.compile(r"[A-Za-z0-9\u0080-\U0010ffff]+")
TEXTS = st.lists(
    st.none() | st.text(st.sampled_from("aAbZ09 .,-_\n\0éßж漢🙂") | st.characters(codec="utf-8")),
    max_size=12,
)
# of letters whose lower case has no other length in bytes
LONG_WORDS = st.text("abyzABYZ019éж漢", min_size=1, max_size=40)


def series(texts: list[str | None]) -> pl.Series:
    return pl.Series("text", texts, dtype=pl.String)


def folded(word: str) -> str:
    """A word as its hash sees it: letters of ASCII in lower case."""
    return re.sub("[A-Z]", lambda letter: letter[0].lower(), word)


def tokens(text: str | None) -> list[str]:
    return [folded(word) for word in PLAIN_WORD.findall(text or "")]


def of_texts(found: words.Words) -> list[list[int]]:
    """The hashes of each text."""
    begins, ends = found.bounds[:-1], found.bounds[1:]
    return [found.hashes[b:e].tolist() for b, e in zip(begins, ends, strict=True)]


def hashes(*texts: str) -> list[list[int]]:
    return of_texts(words.words(series(list(texts))))


def beginnings(text: str, longest: int) -> list[int]:
    return words.words_and_beginnings(series([text]), longest)[1].tolist()


@given(TEXTS)
def test_the_words_are_those_of_a_plain_tokenizer(texts: list[str | None]) -> None:
    found = of_texts(words.words(series(texts)))
    plain = [tokens(text) for text in texts]
    assert [len(of_one) for of_one in found] == [len(of_one) for of_one in plain]
    pairs = {
        (word, value)
        for names, values in zip(plain, found, strict=True)
        for word, value in zip(names, values, strict=True)
    }
    # a hash per word, and a word per hash
    assert len({word for word, _ in pairs}) == len({value for _, value in pairs}) == len(pairs)


@given(LONG_WORDS, LONG_WORDS)
def test_hashes_are_equal_exactly_where_words_are(one: str, other: str) -> None:
    [[first], [second]] = hashes(one, other)
    assert (first == second) == (folded(one) == folded(other))


def test_letters_of_ascii_are_the_same_in_upper_case_and_others_are_not() -> None:
    assert hashes("TIDES and Waves19") == hashes("tides AND wAVES19")
    assert hashes("É") != hashes("é")


@given(LONG_WORDS, st.integers(1, 8))
def test_of_a_word_s_beginning_only_its_first_bytes_count(word: str, longest: int) -> None:
    ascii_word = re.sub("[^a-zA-Z0-9]", "x", word)
    [[of_cut]] = hashes(ascii_word[:longest])
    assert beginnings(ascii_word, longest) == beginnings(ascii_word[:longest], 8) == [of_cut]


@given(TEXTS, st.integers(1, 8))
def test_beginnings_are_beside_the_words_of_all_texts(
    texts: list[str | None], longest: int
) -> None:
    found, begins = words.words_and_beginnings(series(texts), longest)
    assert of_texts(found) == of_texts(words.words(series(texts)))
    assert len(begins) == len(found.hashes)


@pytest.mark.parametrize(
    "lengths", [(7, 8), (8, 9), (15, 16), (16, 17), (8, 16), (24, 25)], ids=str
)
def test_words_that_go_on_beyond_what_is_read_at_once_differ(lengths: tuple[int, int]) -> None:
    one, other = ("a" * length for length in lengths)
    assert hashes(one) != hashes(other)


def test_parts_of_a_long_word_in_another_order_are_another_word() -> None:
    first, second, third = "abcdefgh", "ijklmnop", "qrstuvwx"
    forms = {first + second + third, second + first + third, first + third + second}
    assert len({hashes(form)[0][0] for form in forms}) == 3


def test_a_text_s_end_ends_a_word() -> None:
    assert hashes("ab", "cd") == [hashes("ab")[0], hashes("cd")[0]]
    assert hashes("ab", "cd") != hashes("abcd", "")


def test_the_zero_byte_stands_between_words() -> None:
    assert hashes("ab\0cd") == hashes("ab cd")


@given(TEXTS, st.integers(1, 40))
def test_read_in_pieces_or_whole_words_are_the_same(texts: list[str | None], piece: int) -> None:
    whole = words.words(series(texts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_PIECE", piece)
        in_pieces = words.words(series(texts))
    np.testing.assert_array_equal(whole.hashes, in_pieces.hashes)
    np.testing.assert_array_equal(whole.bounds, in_pieces.bounds)


def test_pieces_come_in_the_texts_order_when_threads_work_on_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "_PIECE", 4)
    texts = series([f"w{number}" for number in range(400)])
    pieces = list(words.in_pieces(texts, lambda part: part.hashes))
    assert len(pieces) > 100
    whole = np.concatenate([words.words(texts[n : n + 1]).hashes for n in range(400)])
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@given(TEXTS, st.data())
def test_a_part_of_a_column_has_the_words_of_its_texts(
    texts: list[str | None], data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(texts)))
    length = data.draw(st.integers(0, len(texts) - begin))
    part = of_texts(words.words(series(texts).slice(begin, length)))
    assert part == of_texts(words.words(series(texts)))[begin : begin + length]


@given(TEXTS, TEXTS)
def test_a_column_in_chunks_has_the_words_of_all(
    texts: list[str | None], more: list[str | None]
) -> None:
    chunked = series(texts).append(series(more))
    assert of_texts(words.words(chunked)) == of_texts(words.words(series(texts + more)))


def respelled(of: pl.Series) -> pl.Series:
    """Some words as others: é as e, a dash and Chinese letters apart, a smile as none."""
    apart = of.str.replace_all("—|🙂", " ").str.replace_all("(漢|字)", " $1 ")
    return apart.str.replace_all("é", "e")


@given(
    st.lists(st.none() | st.text(st.sampled_from("ab Z9.—🙂漢字éж"), max_size=20), max_size=12),
    st.integers(1, 60),
)
def test_words_beyond_ascii_are_those_that_they_are_respelled_to(
    texts: list[str | None], piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_PIECE", piece)
        parts = list(words.in_pieces(series(texts), of_texts, respelled))
    found = [of_one for part in parts for of_one in part]
    assert found == of_texts(words.words(respelled(series(texts))))


@given(st.lists(st.none() | st.text(st.sampled_from("ab é"), max_size=20), max_size=12))
def test_equal_texts_have_equal_hashes_and_others_others(texts: list[str | None]) -> None:
    hashes = words.text_hashes(series(texts)).to_list()
    assert [one is None for one in hashes] == [one is None for one in texts]
    assert len(set(hashes)) == len(set(texts))
    assert len(set(zip(hashes, texts, strict=True))) == len(set(texts))


def test_a_word_of_many_pieces_is_asked_for_its_spelling_once() -> None:
    asked: list[str] = []

    def noted(of: pl.Series) -> pl.Series:
        asked.extend(of)
        return of

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_PIECE", 8)
        patch.setattr(words, "_RESPELLED", 200)
        texts = series(["tide é", "wave É ж", "É tide é", "plain"] * 50)
        list(words.in_pieces(texts, len, noted))
    assert sorted(asked) == ["É", "é", "ж"]


@pytest.mark.parametrize("texts", [[], [None], ["", None, " - "]], ids=str)
def test_what_has_no_words_has_none(texts: list[str | None]) -> None:
    found = words.words(series(texts))
    assert found.hashes.tolist() == []
    assert found.counts.tolist() == [0] * len(texts)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=20))
def test_runs_are_the_places_of_each_one_after_the_other(pairs: list[tuple[int, int]]) -> None:
    begins, lengths = np.array(pairs, np.int64).reshape(-1, 2).T
    plain = [place for begin, length in pairs for place in range(begin, begin + length)]
    assert words.runs(begins, lengths).tolist() == plain


@given(st.sets(st.integers(0, 2**64 - 1), max_size=50))
def test_mixing_takes_no_two_hashes_for_one(values: set[int]) -> None:
    given_ones = np.array(sorted(values), np.uint64)
    mixed = words.mixed(given_ones)
    assert len(set(mixed.tolist())) == len(values)
    # what was given stays as it was
    assert given_ones.tolist() == sorted(values)


@given(st.integers(0, 2**64 - 1), st.integers(0, 63))
def test_a_bit_of_a_hash_changes_high_bits_and_low_ones(value: int, bit: int) -> None:
    one, other = words.mixed(np.array([value, value ^ (1 << bit)], np.uint64)).tolist()
    changed = one ^ other
    # of 32 random bits, three or fewer change once in a million times; none at all never should
    assert changed >> 32 != 0
    assert changed & 0xFFFFFFFF != 0


def test_hashes_are_the_same_on_every_machine() -> None:
    # signatures are stored: with other hashes, old ones and new ones would not meet
    assert hashes("tides", "a", "internationalization") == [
        [6630931390310636717],
        [13334578617073896475],
        [6261196289676312074],
    ]
