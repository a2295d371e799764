from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.readers.decoding import decode

TEXT = "byAK and the research community\n\nNaïve Größe\n\n  • 3 authors\n·\nMay 2\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32"), "utf-32-le"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_encodings_are_recognised(data: bytes, encoding: str) -> None:
    decoded = decode(data)
    assert decoded is not None
    assert (decoded.text, decoded.encoding) == (TEXT, encoding)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe zählt: naïve Modelle", "cp1252"),
        ("We study Poincaré maps of the Gödel façade — “quotes”.", "cp1252"),
        ("Мы изучаем приливы и отливы моря. Они растут и падают.", "cp1251"),
        ("潮の満ち引きを研究する。これは要約です。", "shift_jis"),
        ("我们研究潮汐的变化规律，并提出了一种新的方法。", "gb18030"),
    ],
)
def test_text_in_an_older_encoding_is_read(text: str, encoding: str) -> None:
    decoded = decode((f"A page in English.\n{text}\n" * 3).encode(encoding))
    assert decoded is not None
    assert decoded.text.splitlines()[1] == text
    assert decoded.notes


def test_an_eight_bit_encoding_is_noted() -> None:
    decoded = decode(TEXT.encode("cp1252"))
    assert decoded is not None
    assert "Windows-1252" in decoded.notes[0]


def test_a_damaged_byte_does_not_change_the_encoding_of_the_rest() -> None:
    decoded = decode(TEXT.encode().replace(b"May", b"M\xffay"))
    assert decoded is not None
    assert (decoded.encoding, decoded.text) == ("utf-8", TEXT.replace("May", "M\ufffday"))
    assert "line 7" in decoded.notes[0]


def test_a_capture_cut_within_a_character_is_still_utf_8() -> None:
    decoded = decode("a plain text ·".encode()[:-1])
    assert decoded is not None
    assert decoded.encoding == "utf-8"


def test_line_ends_of_all_systems_are_lines() -> None:
    decoded = decode(b"a\r\nb\rc\n")
    assert decoded is not None
    assert decoded.text == "a\nb\nc\n"


def test_nul_characters_are_kept_and_noted() -> None:
    decoded = decode(b"x" * 200 + b"\nab\0c")
    assert decoded is not None
    assert decoded.text.endswith("ab\0c")
    assert decoded.notes == ["It holds 1 NUL character(s), the first in line 2."]


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"\0" * 64])
def test_binary_data_is_no_text(data: bytes) -> None:
    assert decode(data) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_not(data: bytes) -> None:
    decoded = decode(data)
    assert decoded is None or "\r" not in decoded.text


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\ufeff\x7f", min_codepoint=32)))
def test_utf_8_text_is_read_as_it_is(text: str) -> None:
    decoded = decode(text.encode())
    assert decoded is not None
    assert (decoded.text, decoded.encoding, decoded.notes) == (text, "utf-8", [])
