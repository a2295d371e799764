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
_LOOKED_AT = 1 << 12


@dataclass(frozen=True, slots=True)
class Decoded:
    r"""A dump's text.

    Attributes:
        text: The text, without a byte order mark, its lines ended by ``\n``.
        encoding: Name of the encoding.
        notes: What a reader of the dump should know, in words.
        marked: Whether it began with a byte order mark.
    """

    text: str
    encoding: str
    notes: list[str] = field(default_factory=list)
    marked: bool = False

    @property
    def codec(self) -> str:
        """The codec that decodes it from its very beginning, without giving the mark."""
        if not self.marked:
            return self.encoding
        return "utf-8-sig" if self.encoding == "utf-8" else self.encoding[: len("utf-16")]


def decode(data: bytes, *, complete: bool = True) -> Decoded | None:
    """Decode a dump, or answer None where it is not text.

    A byte order mark decides; else UTF-16 shows by its NUL bytes; else it is UTF-8 if all of it
    is, or if more of its non-ASCII characters are UTF-8 than are not (a damaged or cut capture);
    else a detector tells the encoding from the lines that are not ASCII, and that is noted. What
    cannot be decoded becomes U+FFFD and is noted.

    Args:
        data: The bytes.
        complete: Whether they are all of the dump; the beginning of one may end in mid-character.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decode_as(data[len(mark) :], encoding, marked=True, complete=complete)
    begin = data[:_LOOKED_AT]
    if b"\0" in begin:
        wide = _utf16_without_mark(data if complete else data[: len(data) // 2 * 2])
        if wide:
            return _decode_as(data, wide, complete=complete)
    # what is no text shows early; a capture may hold some control characters later on
    if len(begin) - len(begin.translate(None, _CONTROLS)) > _MAX_CONTROL_SHARE * len(begin):
        return None
    if not complete:
        data = _without_cut_character(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        damaged = text.count("\ufffd")
        if len(re.findall(r"[^\x00-\x7f\ufffd]", text)) >= damaged or _cut_at_end(data):
            return _decode_as(data, "utf-8")
        encoding = _detected(data)
        decoded = _decode_as(data, encoding)
        name = _NAMES.get(encoding, encoding)
        decoded.notes.insert(0, f"It is not Unicode and was read as {name}, by its letters.")
        return decoded
    # the bytes show sooner than the text that nothing is to be mended in it
    if b"\r" not in data and b"\0" not in data:
        return Decoded(text, "utf-8")
    return _finish(text, "utf-8", [])


_NAMES = {"cp1252": "Windows-1252 (Latin-1)"}
_MOST_FOR_DETECTION = 1 << 16
# Latin code pages share most letters; a few accented names tell them apart badly, and pages are in
# English, whose foreign names are mostly Western: the others need better evidence
_LATIN = frozenset({"cp1250", "cp1252", "cp1254", "cp1257", "cp1258"})
_LEAST_CONFIDENCE = 0.02
_LEAST_CONFIDENCE_LATIN = 0.2


def _detected(data: bytes) -> str:
    """The encoding of text that is not Unicode, by the lines that tell something of it."""
    import chardet  # noqa: PLC0415 (hardly a dump needs it)

    telling = [line for line in data.splitlines() if not line.isascii()]
    found = chardet.detect(
        b"\n".join(telling)[:_MOST_FOR_DETECTION],
        encoding_era=chardet.EncodingEra.MODERN_WEB,
    )
    if found["encoding"] is None or found["confidence"] < _LEAST_CONFIDENCE:
        return "cp1252"
    try:
        name = codecs.lookup(found["encoding"]).name
        data.decode(name)
    except (LookupError, UnicodeError):
        return "cp1252"
    if name.startswith("utf"):
        return "cp1252"  # Unicode of that kind would have shown before
    if name in _LATIN and found["confidence"] < _LEAST_CONFIDENCE_LATIN:
        return "cp1252"
    return name


def _decode_as(
    data: bytes, encoding: str, *, marked: bool = False, complete: bool = True
) -> Decoded:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        return _finish(decoder.decode(data, final=complete), encoding, [], marked)
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        found = text.count("\ufffd")
        line = text.count("\n", 0, text.find("\ufffd")) + 1
        note = (
            f"{found} piece(s) of it are not {encoding} ({error.reason}) and became U+FFFD, "
            f"the first in line {line}."
        )
        return _finish(text, encoding, [note], marked)


def _without_cut_character(data: bytes) -> bytes:
    """The bytes without a UTF-8 character that their end cuts off."""
    for length in range(1, 4):
        lead = data[-length : len(data) - length + 1]
        if lead >= b"\xc0":
            needed = 2 if lead < b"\xe0" else 3 if lead < b"\xf0" else 4
            return data[:-length] if needed > length else data
        if lead < b"\x80":
            break
    return data


def _finish(text: str, encoding: str, notes: list[str], marked: bool = False) -> Decoded:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        nuls = text.count("\0")
        line = text.count("\n", 0, text.index("\0")) + 1
        notes.append(f"It holds {nuls} NUL character(s), the first in line {line}.")
    return Decoded(text, encoding, notes, marked)


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
