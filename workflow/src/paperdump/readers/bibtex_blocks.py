"""BibTeX, split into its blocks: lines → ``@kind{…}`` as they stand in the dump."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Block:
    """A block ``@kind{…}`` as it stands in the dump.

    Attributes:
        kind: The word after the ``@``, in lower case.
        first_line: Its first line.
        offset: Where it begins, in bytes.
        last_line: Its last line.
        opener: ``{`` or ``(``; None as long as only its word has been read.
        pieces: Its text, line by line; only the first ones where it is too large.
        size: Its length in bytes.
        problem: What is wrong with it: a reason code and the same in words.
    """

    kind: str
    first_line: int
    offset: int
    last_line: int
    opener: bytes | None
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    problem: tuple[str, str] | None = None
    _depth: int = 0
    _quoted: bool = False

    @property
    def text(self) -> str:
        """Its text."""
        return b"\n".join(self.pieces).decode("utf-8", "replace")

    def add(self, piece: bytes, limit: int) -> None:
        """Take a piece of a line; beyond the limit, only its length."""
        self.size += len(piece) + 1
        if self.size <= limit:
            self.pieces.append(piece)
        elif self.problem is None:
            self.pieces = [(self.pieces or [piece])[0][:400]]
            self.problem = (
                "over_limit",
                f"the entry is larger than the {limit / 1_000_000:g} MB that are read as one "
                "record and was left out; raise readers.limits.max_record_mb if it is what it "
                "should be.",
            )

    def end_in(self, line: bytes, position: int) -> int:
        """The position after its end in a line, read on from a position; -1 if it goes on."""
        if self.opener == b"{" and position == 0 and b"\\" not in line:
            # most lines close fewer braces than are open: no need to look at them one by one
            closing = line.count(b"}")
            if closing <= max(0, self._depth):
                self._depth += line.count(b"{") - closing
                return -1
        for found in _BRACES.finditer(line, position):
            mark = found[0]
            if mark == b"{":
                self._depth += 1
            elif mark == b"}":
                if self._depth == 0 and self.opener == b"{":
                    return found.end()
                self._depth = max(0, self._depth - 1)
            elif self.opener == b"(" and self._depth == 0:
                if mark == b'"':
                    self._quoted = not self._quoted
                elif mark == b")" and not self._quoted:
                    return found.end()
        return -1


# as the library does, a brace after a backslash is not counted
_BRACES = re.compile(rb"""\\.|[{}")]""")
_START = re.compile(rb"(?<![\w.\\])@[ \t]*(\w+)[ \t]*(?:([{(])|$)")
_START_OF_LINE = re.compile(rb"\s*@[ \t]*(\w+)[ \t]*[{(]")
_WHITE = re.compile(rb"\s*")


def blocks_of(lines: Iterable[tuple[int, int, bytes, bool]], limit: int) -> Iterator[Block]:
    """The blocks of a dump in their order, those that do not close included."""
    block: Block | None = None
    last_line = 0
    for number, offset, line, cut in lines:
        if block is not None and _START_OF_LINE.match(line):
            # a block that has not closed where the next one begins is broken; reading resumes here
            if block.opener:
                yield _unclosed(block, last_line, f"before line {number} begins the next one")
            block = None
        if block is not None and block.opener is None:
            block = _opened(block, line)
        position = 0
        while True:
            if block is None:
                start = _START.search(line, position)
                if start is None or (position == 0 and line.lstrip()[:1] == b"%"):
                    break
                begin, position = start.span()
                kind = start[1].decode("ascii", "replace").lower()
                block = Block(kind, number, offset + begin, number, start[2])
            else:
                begin = position
            if block.opener is None:
                block.add(line[begin:], limit)
                break
            end = block.end_in(line, position)
            block.add(line[begin : end if end >= 0 else None], limit)
            if end < 0:
                break
            block.last_line = number
            yield block
            block, position = None, end
        if cut and block is None:
            yield _lost(line, number, offset, limit)
        last_line = number
    if block is not None and block.opener:
        yield _unclosed(block, last_line, "before the dump ends")


def _lost(line: bytes, number: int, offset: int, limit: int) -> Block:
    """What stands for the end of a line that was cut off."""
    problem = (
        f"the line is longer than the {limit / 1_000_000:g} MB that are read of one; what follows "
        "in it was not read. Raise readers.limits.max_record_mb."
    )
    block = Block("", number, offset, number, None, problem=("over_limit", problem))
    block.pieces = [line[:400]]
    return block


def _opened(block: Block, line: bytes) -> Block | None:
    """A block whose word stood alone on its line, with the brace of the next; None without one."""
    found = _WHITE.match(line)
    begin = found.end() if found else 0
    if begin == len(line):
        return block
    if line[begin : begin + 1] not in (b"{", b"("):
        return None
    block.opener = line[begin : begin + 1]
    block._depth = -1 if block.opener == b"{" else 0
    return block


def _unclosed(block: Block, last_line: int, where: str) -> Block:
    block.last_line = max(last_line, block.first_line)
    if block.problem is None:
        sign = "}" if block.opener == b"{" else ")"
        block.problem = (
            "broken_record",
            f"the entry does not end {where}: a brace is not closed, or its last {sign} is "
            "missing. Correct it by hand.",
        )
    return block
