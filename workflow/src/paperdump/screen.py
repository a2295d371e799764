"""How commands write to a terminal or a file: what is safe there, tables, JSON.

What dumps, or names of files, hold is not to be trusted: nothing of it reaches a terminal that
could command it.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

LONGEST = 500  # characters of one text; more than a line has
_WIDTH = 100  # where the output is no terminal

# What a terminal might obey, or show as something else than it is, beyond what JSON escapes: DEL
# and C1 controls, marks that turn the direction of writing, line and paragraph separators.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
# they join letters of some scripts, and the parts of emoji
_JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    r"""A text in which a character that cannot be seen is an escape such as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def visible_lines(text: str) -> str:
    """The same line by line, so that line breaks stay."""
    return "\n".join(map(visible, text.split("\n")))


def one_line(text: str, most: int = LONGEST) -> str:
    """A text on one line, white space collapsed, cut where no screen has that many characters."""
    line = visible(" ".join(text[: 4 * most].split()))
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


def place_in_words(
    first_line: int | None,
    last_line: int | None,
    record: int | None,
    byte_offset: int | None,
    record_path: str | None,
) -> str:
    """Where in its dump something stands, in words; empty where it has no place."""
    if first_line is not None:
        if last_line is None or last_line == first_line:
            return f"line {first_line}"
        return f"lines {first_line}-{last_line}"
    if record is not None:
        return f"record {record}"
    if byte_offset is not None:
        return f"byte {byte_offset}"
    return one_line(record_path or "")


def as_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON that is valid UTF-8 and harmless on a terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which becomes U+FFFD as in the dataset
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def colours() -> Any:
    """The colours that rich may use: none at all where NO_COLOR asks for none."""
    return None if os.environ.get("NO_COLOR") else "auto"


@dataclass(frozen=True)
class Screen:
    """What text is written for.

    Attributes:
        width: How many characters a line has.
        is_terminal: Whether it understands colours.
    """

    width: int = _WIDTH
    is_terminal: bool = False

    @classmethod
    def of(cls, stream: IO[str]) -> Screen:
        """The terminal that a stream goes to, or a page of fixed width."""
        if not stream.isatty():
            return cls()
        return cls(max(20, shutil.get_terminal_size().columns), True)

    def text(self, *parts: RenderableType) -> str:
        """The parts as text, one below the other."""
        from rich.console import Console  # noqa: PLC0415

        page = io.StringIO()
        console = Console(
            file=page,
            width=self.width,
            force_terminal=self.is_terminal,
            color_system=colours(),
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )
        for part in parts:
            console.print(part)
        # the columns of a table are filled up with spaces
        return re.sub(r"[ ]+$", "", page.getvalue(), flags=re.MULTILINE)


def counted(count: int, noun: str) -> str:
    """A number of things in words: ``1 entry``, ``2 entries``."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def styled(text: str, style: str = "") -> Text:
    """A text in a style of rich, in which nothing is hidden and nothing is markup."""
    from rich.text import Text  # noqa: PLC0415

    return Text(visible(text), style, overflow="fold")


def pairs(rows: Iterable[tuple[Text, Text]]) -> Table:
    """Names and what they name, side by side."""
    from rich.table import Table  # noqa: PLC0415

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def inset(part: RenderableType) -> RenderableType:
    """A part, two characters to the right."""
    from rich.padding import Padding  # noqa: PLC0415

    return Padding(part, (0, 0, 0, 2))
