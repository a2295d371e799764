"""Bytes to text: which encoding a dump is in, and what could not be decoded."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

_BOMS = (
    # the longer marks first: UTF-32's little-endian one begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r\x1b")) + b"\x7f"
_MAX_CONTROL_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Decoded:
    r"""A dump's text.

    Attributes:
        text: The text, without a byte order mark, its lines ended by ``\n``.
        encoding: Name of the encoding.
        notes: What a reader of the dump should know, in words.
    """

    text: str
    encoding: str
    notes: list[str] = field(default_factory=list)


def decode(data: bytes) -> Decoded | None:
    """Decode a dump, or answer None where it is not text.

    A byte order mark decides; else UTF-16 shows by its NUL bytes; else it is UTF-8 if all of it
    is, or if more of its non-ASCII characters are UTF-8 than are not (a damaged or cut capture);
    else it is taken for Windows-1252, which has Latin-1's letters, and that is noted: the pages
    are in English, whose few accented letters give a detector too little to tell code pages
    apart. What cannot be decoded becomes U+FFFD and is noted.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decode_as(data[len(mark) :], encoding)
    wide = _utf16_without_mark(data)
    if wide:
        return _decode_as(data, wide)
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > _MAX_CONTROL_SHARE * len(data):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        damaged = text.count("\ufffd")
        if len(re.findall(r"[^\x00-\x7f\ufffd]", text)) >= damaged or _cut_at_end(data):
            return _decode_as(data, "utf-8")
        decoded = _decode_as(data, "cp1252")
        decoded.notes.insert(0, "It is not Unicode and was read as Windows-1252 (Latin-1).")
        return decoded
    return _finish(text, "utf-8", [])


def _decode_as(data: bytes, encoding: str) -> Decoded:
    try:
        return _finish(data.decode(encoding), encoding, [])
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        found = text.count("\ufffd")
        line = text.count("\n", 0, text.find("\ufffd")) + 1
        note = (
            f"{found} piece(s) of it are not {encoding} ({error.reason}) and became U+FFFD, "
            f"the first in line {line}."
        )
        return _finish(text, encoding, [note])


def _finish(text: str, encoding: str, notes: list[str]) -> Decoded:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    nuls = text.count("\0")
    if nuls:
        line = text.count("\n", 0, text.index("\0")) + 1
        notes.append(f"It holds {nuls} NUL character(s), the first in line {line}.")
    return Decoded(text, encoding, notes)


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16's byte order where every other byte of mostly Latin text is NUL, else None."""
    head = data[:4096]
    half = len(head) // 2
    if half == 0 or len(data) % 2:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _cut_at_end(data: bytes) -> bool:
    """Whether the only flaw is a UTF-8 character cut off by the end of the data."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True
