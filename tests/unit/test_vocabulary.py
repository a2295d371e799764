from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import vocabulary
from paperdump.vocabulary import Vocabulary

_WRITTEN = st.text(
    st.sampled_from("ab3Σσé\u0301ß.-'+,\u2019\u2011\u00a0\n ") | st.characters(codec="utf-8"),
    max_size=40,
) | st.sampled_from(
    [
        "http://ebb.org/a b",
        "www. ebb",
        "(www.ebb.org) flow",
        "ΟΔΟΣ ΟΔΟΣ",
        "C++'s",
        "ebb  flow",
        "ebb \n flow",
        "(ebb/flow), sand",
        "ebb+sand",
        "flow\nsand",
        "electroencephalographically, counter-intuitively",
        "\0 a\0 a",
    ]
)


def tokens(text: str) -> list[str | None]:
    return vocabulary.tokens_of(pl.Series([text]))["token"].to_list()


def written(words: Vocabulary, found: vocabulary.Words) -> set[tuple[int, str]]:
    """The terms that were found, each with the number of its text."""
    numbers, texts = vocabulary.parts(found.words)
    terms = words.written(np.concatenate([numbers, found.pairs]))
    return set(zip([*texts.tolist(), *found.texts.tolist()], terms, strict=True))


def closed(texts: list[str]) -> pl.Series:
    return pl.Series([f"{text} . " for text in texts], dtype=pl.String)


@given(st.lists(_WRITTEN, max_size=4).map(" ".join))
def test_a_text_cut_at_its_spaces_has_the_tokens_of_the_whole_text(text: str) -> None:
    pieces = pl.Series(text.split(" ")).fill_null("") + " "
    assert vocabulary.tokens_of(pieces)["token"].to_list() == tokens(text)


@given(st.lists(st.lists(_WRITTEN, max_size=4).map(" ".join), max_size=6), st.integers(1, 50))
def test_words_and_pairs_read_are_those_of_the_tokens_of_each_text(
    texts: list[str], block: int
) -> None:
    expected = {(n, word) for n, text in enumerate(texts) for word in tokens(text) if word}
    expected |= {
        (n, f"{one} {two}")
        for n, text in enumerate(texts)
        for one, two in pairwise(tokens(text))
        if one and two
    }
    words = Vocabulary()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "_BLOCK", block)
        for _ in range(2):  # the second time all is known
            (found,) = words.read(closed(texts), np.array([0, len(texts)]))
            assert written(words, found) == expected


def test_each_part_has_the_words_of_its_own_texts() -> None:
    words = Vocabulary()
    parts = words.read(closed(["ebb", "flow", "sand ebb"]), np.array([0, 0, 2, 3]))
    assert [written(words, part) for part in parts] == [
        set(),
        {(0, "ebb"), (1, "flow")},
        {(0, "sand"), (0, "ebb"), (0, "sand ebb")},
    ]


def test_pieces_of_text_that_were_forgotten_are_read_again() -> None:
    words = Vocabulary()
    expected = {"ebb", "flow-mark", "sand", "tide", "ebb flow-mark"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "_MOST_PIECES", 1)
        for _ in range(3):
            (found,) = words.read(closed(["ebb flow-mark, sand a/b/tide"]), np.array([0, 1]))
            assert written(words, found) == {(0, term) for term in expected}


def test_threads_that_read_at_a_time_read_what_one_alone_does() -> None:
    texts = [f"Ebb{n % 97} flow{n % 89}, (sand{n % 83}) tide/wave{n % 79}" for n in range(4000)]
    words, found = Vocabulary(), [set[tuple[int, str]]() for _ in range(4)]

    def read(number: int) -> None:
        for start in range(0, len(texts), 100):
            some = texts[start : start + 100]
            (read,) = words.read(closed(some), np.array([0, len(some)]))
            found[number] |= {(start + text, term) for text, term in written(words, read)}

    threads = [threading.Thread(target=read, args=(number,)) for number in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[1:] == found[:-1]
    assert sum(place == 0 for place, _ in found[0]) == len(
        {"ebb0", "flow0", "sand0", "tide", "wave0", "ebb0 flow0"}
    )


@given(st.lists(st.binary(max_size=60).map(lambda piece: piece.replace(b" ", b"_")), max_size=20))
def test_pieces_have_the_same_key_just_where_they_are_the_same(pieces: list[bytes]) -> None:
    content = np.frombuffer(b"".join(piece + b" " for piece in pieces), np.uint8)
    block = vocabulary._block(content, np.array([0, len(content)]))
    assert block.edges.tolist() == [0, len(pieces)]
    keys = block.keys.tolist()
    assert len(set(zip(keys, pieces, strict=True))) == len(set(keys)) == len(set(pieces))


@pytest.mark.parametrize("length", [1, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 100])
def test_pieces_that_differ_in_one_byte_have_different_keys(length: int) -> None:
    pieces = [b"a" * n + b"b" + b"a" * (length - 1 - n) for n in range(length)]
    pieces += [b"a" * n for n in range(length + 1)]
    content = np.frombuffer(b"".join(piece + b" " for piece in pieces), np.uint8)
    keys = vocabulary._block(content, np.array([0, len(content)])).keys
    assert len(set(keys.tolist())) == len(pieces)


_KEYS = (
    st.integers(1, 20)
    | st.integers(1, 2**64 - 1)
    | st.integers(1, 2**20 - 1).map(lambda n: n << 44)
)


@given(st.lists(st.sets(_KEYS, max_size=3000), max_size=4), st.sets(_KEYS))
def test_a_table_finds_what_was_put_into_it_and_nothing_else(
    sets: list[set[int]], others: set[int]
) -> None:
    table, known = vocabulary._Table(), dict[int, int]()
    for some in sets:
        new = sorted(some - set(known))
        numbers = range(len(known), len(known) + len(new))
        table.insert(np.array(new, np.uint64), np.array(numbers, np.int64))
        known |= dict(zip(new, numbers, strict=True))
    assert len(table) == len(known)
    asked = [*known, *others]
    numbers_found, missed = table.look_up(np.array(asked, np.uint64))
    unknown = set(missed.tolist())
    assert {asked[place] for place in unknown} == others - set(known)
    found = {
        key: n
        for place, (key, n) in enumerate(zip(asked, numbers_found.tolist(), strict=True))
        if place not in unknown
    }
    assert found == known


def test_a_table_with_many_keys_for_one_slot_finds_each() -> None:
    table = vocabulary._Table()
    inverse = pow(int(vocabulary._ODD[0]), -1, 2**64)
    keys = np.array([n * inverse % 2**64 for n in range(1, 3001)], np.uint64)
    table.insert(keys, np.arange(len(keys)))
    found, missed = table.look_up(keys)
    assert (found.tolist(), missed.tolist()) == (list(range(len(keys))), [])


def test_distinct_keys_come_in_order_of_how_often_they_come() -> None:
    keys = np.array([7, 5, 7, 9, 9, 7], np.uint64)
    some, places = vocabulary._distinct(keys)
    assert keys[some].tolist() == [7, 9, 5]
    assert keys[some][places].tolist() == keys.tolist()
