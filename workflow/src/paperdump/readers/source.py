"""A dump's content as readers see it: unpacked, within limits, damage noted instead of raised.

A stream that is damaged, or that grows beyond what a config key allows, ends early; what was
wrong stands in ``Source.problems`` afterwards. So a reader needs to know nothing of compression:
it reads what there is, and the dump gets a reject that says what is missing.
"""

from __future__ import annotations

import bz2
import contextlib
import functools
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, cast

import pyarrow as pa

from paperdump.readers import decoding
from paperdump.readers.decoding import Decoded

HEAD_BYTES = 1 << 18
_BLOCK = 1 << 20

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
# what the decompressors raise
_ARROW: type[Exception] = pa.ArrowException
_DAMAGE = (EOFError, OSError, MemoryError, zlib.error, lzma.LZMAError, _ARROW)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a dump is read before it is refused; config section ``readers.limits``.

    Attributes:
        max_page_mb: Largest page or document that is read whole, in megabytes.
        max_record_mb: Largest line or record of a format that is read record by record.
        max_unpacked_mb: Most that a compressed dump, or a container in all, may unpack to.
        max_ratio: How many times its size a compressed dump may unpack to, beyond 16 MiB.
        max_members: Most members of a container.
        max_nesting: How deep containers may stand in containers.
    """

    max_page_mb: float
    max_record_mb: float
    max_unpacked_mb: float
    max_ratio: float
    max_members: int
    max_nesting: int

    def excess(self, out: int, packed: int, left_out: str) -> str | None:
        """What to say of something packed that unpacks to too much; None if it does not.

        Args:
            out: How many bytes it has unpacked to so far.
            packed: How many it has itself.
            left_out: What was not read because of it, in words.
        """
        if out > self.unpacked_bytes:
            beyond, name = f"{self.max_unpacked_mb:g} MB", "max_unpacked_mb"
        # every short run of equal bytes has a great ratio; from here on it says something
        elif out > 16 << 20 and out > self.max_ratio * packed:
            beyond = f"{self.max_ratio:g} times its {packed:,} bytes, as a decompression bomb does"
            name = "max_ratio"
        else:
            return None
        return (
            f"It unpacks to more than {beyond}; {left_out} not read. Raise readers.limits.{name} "
            "if it is what it should be."
        )

    @property
    def page_bytes(self) -> int:
        """``max_page_mb`` in bytes."""
        return int(self.max_page_mb * 1_000_000)

    @property
    def record_bytes(self) -> int:
        """``max_record_mb`` in bytes."""
        return int(self.max_record_mb * 1_000_000)

    @property
    def unpacked_bytes(self) -> int:
        """``max_unpacked_mb`` in bytes."""
        return int(self.max_unpacked_mb * 1_000_000)


class Refused(Exception):  # noqa: N818 (what it says, not that it is an error)
    """A dump, or all that is left of it, cannot be read; the reason becomes its reject."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Problem:
    """What ended a stream early: a reason code of rejects, and the same in words."""

    reason: str
    message: str


@dataclass(frozen=True)
class Head:
    """The beginning of a dump, by which its format is recognised.

    Attributes:
        data: Its first bytes, unpacked.
        whole: Whether they are all there are.
    """

    data: bytes
    whole: bool

    @functools.cached_property
    def decoded(self) -> Decoded | None:
        """The bytes as text, or None where they are not text."""
        return decoding.decode(self.data, complete=self.whole)

    @property
    def text(self) -> str:
        """The bytes as text, empty where they are not text."""
        return self.decoded.text if self.decoded else ""

    @functools.cached_property
    def start(self) -> str:
        """The text without white space at its beginning."""
        return self.text.lstrip()


@dataclass
class Source:
    """The content of a dump.

    Attributes:
        name: What to call it in messages.
        opened: Opens the bytes as stored, from their beginning.
        size: Number of bytes as stored.
        limits: What may be read.
        compression: How they are compressed, or None.
        problems: What ended a stream of it early.
        columns: For tables, field → name of the column that holds it, as the config says.
        progress: Told how many bytes were read since it was told last.
    """

    name: str
    opened: Callable[[], IO[bytes]]
    size: int
    limits: Limits
    compression: str | None = None
    problems: list[Problem] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    progress: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        with self.opened() as raw:
            # no larger than it has to be: fresh memory takes longer than a small file
            self._first = raw.read(min(HEAD_BYTES, self.size + 1) if self.size else HEAD_BYTES)
            if len(self._first) > self.size:
                self._first += raw.read(HEAD_BYTES - len(self._first))
        start = self._first[:8]
        self.compression = next((name for magic, name in _MAGIC if start.startswith(magic)), None)

    @functools.cached_property
    def decoded(self) -> Decoded | None:
        """It as text, as far as it was decoded; None where it is not text."""
        return self.head.decoded

    @functools.cached_property
    def head(self) -> Head:
        """The first bytes."""
        if self.compression is None:
            return Head(self._first, len(self._first) < HEAD_BYTES)
        with self.stream() as stream:
            data = stream.read(HEAD_BYTES)
            whole = len(data) < HEAD_BYTES
        # what ends the stream early is told by the one that reads it to its end
        self.problems.clear()
        return Head(data, whole)

    def stream(self) -> io.BufferedReader:
        """The content as bytes, unpacked; it ends where it is damaged or beyond the limits."""
        raw = self.opened()
        unpacked = _unpacked(raw, self.compression)
        guarded = _Guarded(self, raw, unpacked)
        return io.BufferedReader(guarded, _BLOCK)

    def seekable(self) -> IO[bytes]:
        """The bytes as stored, to be read in any order.

        Raises:
            Refused: They are compressed.
        """
        if self.compression:
            raise Refused(
                "compressed",
                f"A file of this kind cannot be read out of {self.compression}; unpack it.",
            )
        return self.opened()

    def whole(self) -> bytes:
        """All bytes.

        Raises:
            Refused: There are more than ``max_page_mb`` allows.
        """
        limit = self.limits.page_bytes
        if self.compression is None and self.head.whole:
            data = self.head.data
            if self.progress:
                self.progress(len(data))
        else:
            with self.stream() as stream:
                data = stream.read(limit + 1)
        if len(data) > limit:
            raise Refused(
                "over_limit",
                f"It is larger than the {self.limits.max_page_mb:g} MB that are read as one page; "
                "split it, or raise readers.limits.max_page_mb.",
            )
        return data

    def text(self) -> Decoded:
        """All of it as text.

        Raises:
            Refused: It is too large, or not text.
        """
        data = self.whole()
        decoded = self.head.decoded if data is self.head.data else decoding.decode(data)
        if decoded is None:
            raise Refused("binary", not_text(self.head.data))
        self.decoded = decoded
        return decoded

    @property
    def encoding(self) -> str:
        """The text encoding, as its head shows it."""
        decoded = self.head.decoded
        return decoded.encoding if decoded else "utf-8"

    @property
    def is_utf8(self) -> bool:
        """Whether ``utf8_stream`` gives the bytes as they are, so that offsets in it are true."""
        decoded = self.head.decoded
        return decoded is not None and decoded.codec == "utf-8"

    def utf8_stream(self) -> io.BufferedReader:
        """The content as UTF-8 bytes without a byte order mark, whatever its encoding is."""
        stream = self.stream()
        decoded = self.head.decoded
        if decoded is None or self.is_utf8:
            return stream
        text = io.TextIOWrapper(stream, decoded.codec, "replace", newline="")
        return io.BufferedReader(_Encoded(text), _BLOCK)

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """The lines as UTF-8 bytes without their ends: number from 1, offset in bytes, line.

        Memory is bounded: of a line beyond ``max_record_mb`` only the first bytes are given, one
        more than the limit, so that its length tells.
        """
        limit = self.limits.record_bytes
        number, offset = 0, 0
        rest: list[bytes] = []
        kept = skipped = 0
        with self.utf8_stream() as stream:
            while block := stream.read(_BLOCK):
                pieces = block.split(b"\n")
                if len(pieces) > 1:
                    rest.append(pieces[0][: limit + 1 - kept])
                    number += 1
                    yield number, offset, b"".join(rest)
                    offset += kept + skipped + len(pieces[0]) + 1
                    for line in pieces[1:-1]:
                        number += 1
                        yield number, offset, line if len(line) <= limit else line[: limit + 1]
                        offset += len(line) + 1
                    rest, kept, skipped = [], 0, 0
                last = pieces[-1][: limit + 1 - kept]
                rest.append(last)
                kept += len(last)
                skipped += len(pieces[-1]) - len(last)
        if kept:
            yield number + 1, offset, b"".join(rest)


def _unpacked(raw: IO[bytes], compression: str | None) -> IO[bytes]:
    match compression:
        case "gzip":
            return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
        case "bzip2":
            return cast(IO[bytes], bz2.BZ2File(raw))
        case "xz":
            return cast(IO[bytes], io.BufferedReader(_Xz(raw), _BLOCK))
        case "zstd":
            return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"))
        case _:
            return raw


_XZ_MEMORY = 256 << 20  # xz -9 needs 65 MiB


class _Xz(io.RawIOBase):
    """A stream of xz data, unpacked in bounded memory."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._new()

    def _new(self) -> None:
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while True:
            packed = b""
            if self._decompressor.eof:
                # another stream may follow, after padding
                packed = self._decompressor.unused_data.lstrip(b"\0")
                packed = packed or self._raw.read(_BLOCK).lstrip(b"\0")
                if not packed:
                    return 0
                self._new()
            elif self._decompressor.needs_input:
                packed = self._raw.read(_BLOCK)
                if not packed:
                    raise EOFError("the data ends before its end-of-stream marker")
            data = self._decompressor.decompress(packed, len(view))
            if data:
                view[: len(data)] = data
                return len(data)


class _Guarded(io.RawIOBase):
    """A stream that ends, and tells the source why, where it is damaged or grows beyond limits."""

    def __init__(self, source: Source, raw: IO[bytes], unpacked: IO[bytes]) -> None:
        self._source = source
        self._raw = raw
        self._unpacked = unpacked
        self._out = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        if self._ended or not view:
            return 0
        try:
            # one piece at a time: what was read before the damage is not lost with it
            data = self._unpacked.read1(len(view))  # type: ignore[attr-defined]
        except _DAMAGE as error:
            return self._end("damaged", self._what_is_damaged(error))
        view[: len(data)] = data
        self._out += len(data)
        if self._source.progress:
            self._source.progress(len(data))
        if self._source.compression and self._grew_too_large():
            return 0
        return len(data)

    def _grew_too_large(self) -> bool:
        packed = max(1, self._source.size)
        excess = self._source.limits.excess(self._out, packed, "what is beyond was")
        if excess:
            self._end("over_limit", excess)
        return self._ended

    def _what_is_damaged(self, error: Exception) -> str:
        how = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if self._source.compression:
            return (
                f"Its {self._source.compression} data is damaged or cut off after {self._out:,} "
                f"unpacked bytes ({how}); what follows could not be read. Fetch the file again."
            )
        return f"It could not be read beyond its first {self._out:,} bytes ({how})."

    def _end(self, reason: str, message: str) -> int:
        self._ended = True
        self._source.problems.append(Problem(reason, message))
        return 0

    def close(self) -> None:
        if not self.closed:
            super().close()
            with contextlib.suppress(*_DAMAGE):  # what was wrong has been told where it was read
                self._unpacked.close()
            self._raw.close()


class _Encoded(io.RawIOBase):
    """A text stream as UTF-8 bytes."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        if not self._rest:
            # a surrogate can come out of a damaged file; it has no UTF-8 form
            self._rest = self._text.read(_BLOCK).encode("utf-8", "replace")
        data, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._text.close()


def not_text(data: bytes) -> str:
    """What to say of bytes that are not text."""
    return (
        f"It is not text: it begins with the bytes {data[:16].hex(' ')}. If it holds a listing, "
        "save that as text, Markdown, HTML or JSON."
    )
