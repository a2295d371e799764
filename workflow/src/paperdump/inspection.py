"""What ``paperdump inspect`` and ``paperdump formats`` show: readings as JSON, or as text.

A dump may be larger than memory and is not to be trusted. So entries are looked at as they are
read, and only those to be shown are kept, as the few words that are shown of them.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self

import msgspec

from paperdump import dictionary
from paperdump.inventory import Dump, printable
from paperdump.parse import Reading, Settings, read_dump
from paperdump.readers import READERS, reader_of
from paperdump.readers.base import Entry, Reject
from paperdump.readers.containers import kind_of
from paperdump.readers.source import Source
from paperdump.screen import (
    LONGEST,
    Screen,
    as_json,
    colours,
    counted,
    inset,
    one_line,
    pairs,
    place_in_words,
    styled,
    visible_lines,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress
    from rich.table import Table

CONTAINERS = {
    "zip": "a zip archive, by its first bytes; each of its members is a dump of its own",
    "tar": "a tar archive, by 'ustar' in its first header, compressed or not; likewise",
}
_PLACE = ("first_line", "last_line", "record", "byte_offset", "record_path")
FIELDS = tuple(name for name in Entry.__struct_fields__ if name not in _PLACE)

_NARROW = 80
_SHA256_SHOWN = 12
_REJECTS_SHOWN = 100
_PATIENCE = 0.5  # seconds after which a read is long
_IN_MEMORY = 1 << 20


class _Escaping(io.StringIO):
    """Passes text on with what cannot be seen escaped: tracebacks may quote a dump."""

    def __init__(self, to: IO[str]) -> None:
        super().__init__()
        self._to = to

    def write(self, text: str) -> int:
        self._to.write(visible_lines(text))
        return len(text)


class Ticker:
    """Shows how far a long read is, on a terminal; nothing where there is none."""

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream
        self._name = ""
        self._total: int | None = None
        self._seen = 0
        self._since = 0.0
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def begin(self, name: str, total: int | None) -> None:
        """A dump is about to be read, of so many bytes; None where they are not known."""
        self.clear()
        self._name, self._total = one_line(name, 40), total
        self._seen, self._since = 0, time.monotonic()

    def tell(self, n_bytes: int) -> None:
        """So many bytes more were read."""
        self._seen += n_bytes
        if self._stream is None:
            return
        if self._progress is None:
            if time.monotonic() - self._since < _PATIENCE:
                return
            self._progress = _progress(self._stream)
            self._progress.add_task(self._name, total=self._total, amount="")
            self._progress.start()
        # its first bytes are read twice
        seen = self._seen if self._total is None else min(self._seen, self._total)
        for task in self._progress.task_ids:
            self._progress.update(task, completed=seen, amount=_amount(seen, self._total))

    def clear(self) -> None:
        """Take the display away, so that something else can be written."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _progress(stream: IO[str]) -> Progress:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[amount]}", markup=False),
        console=Console(file=stream, color_system=colours(), highlight=False),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _amount(seen: int, total: int | None) -> str:
    if total is None:
        return f"{seen / 1e6:,.1f} MB unpacked"
    return f"{seen / 1e6:,.1f} of {total / 1e6:,.1f} MB"


def _opened(dump: Dump) -> IO[bytes]:
    return Path(dump.location).open("rb")


def _total(dump: Dump, settings: Settings) -> int | None:
    """How many bytes will be read of a dump; None where it has to be unpacked to know."""
    if dump.problem:
        return None
    try:
        source = Source(dump.path, lambda: _opened(dump), dump.size or 0, settings.limits)
        return None if source.compression or kind_of(source.head) else dump.size
    except OSError:
        return None


@dataclass
class Look:
    """A reading, and the file that it is of.

    Attributes:
        reading: The reading, whose items have not been taken.
        file: The file as it was named by the user.
        is_twin: Whether dumps of several files have its path.
    """

    reading: Reading
    file: str
    is_twin: bool


@dataclass(frozen=True)
class Inspection:
    """What is to be inspected.

    Attributes:
        dumps: The dumps.
        settings: What the readers are told.
        specs: How the user named them.
        format: The format to read them in, whatever they look like.
        ticker: Told how far the reading is.
    """

    dumps: Sequence[Dump]
    settings: Settings
    specs: Sequence[str]
    format: str | None = None
    ticker: Ticker = field(default_factory=lambda: Ticker(None))

    def looks(self) -> Iterator[Look]:
        """The readings; the items of one must be taken before the next is asked for."""
        paths = Counter(dump.path for dump in self.dumps)
        for dump in self.dumps:
            self.ticker.begin(dump.path, _total(dump, self.settings))
            file = as_named(dump.location, self.specs)
            for reading in read_dump(dump, self.settings, self.ticker.tell):
                if self.format:
                    reading.stated = replace(reading.stated, format=self.format)
                yield Look(reading, file, paths[dump.path] > 1)

    def facts(self, look: Look, tally: Tally) -> dict[str, Any]:
        """All that is known of a dump that was read: its row of ``dumps``, and some more."""
        reading = look.reading
        row = reading.row(tally.n_entries, tally.n_rejects)
        if self.format and row["format_reason"]:
            row["format_reason"] = "--format states it"
        return {
            **row,
            "file": look.file,
            "header_lines": reading.facts.header_lines,
            "completeness": tally.completeness(),
        }


def as_named(location: str, specs: Iterable[str]) -> str:
    """Where a file lies, in the words of the user who named it or a folder that it is in."""
    place = os.path.abspath(location)  # noqa: PTH100 - links stay as they were named
    for spec in specs:
        named = Path(spec)
        while not os.path.lexists(named.expanduser()):
            named = named.parent  # the part of a pattern before its wildcards
        above = os.path.abspath(named.expanduser())  # noqa: PTH100
        if place == above:
            return printable(str(named))
        if place.startswith(above.rstrip(os.sep) + os.sep):
            return printable(str(named / place[len(above) :].lstrip(os.sep)))
    return printable(location)


@dataclass
class Tally:
    """What was counted of a dump.

    Attributes:
        n_entries: The number of entries.
        n_rejects: The number of rejects.
        n_with: The number of entries that have a field, by its name.
    """

    n_entries: int = 0
    n_rejects: int = 0
    n_with: Counter[str] = field(default_factory=Counter)

    def add(self, item: Entry | Reject) -> None:
        """Count an entry or reject."""
        if isinstance(item, Reject):
            self.n_rejects += 1
            return
        self.n_entries += 1
        for name in FIELDS:
            # an empty text or list says nothing; zero comments do
            if getattr(item, name) not in (None, "", []):
                self.n_with[name] += 1

    def completeness(self) -> dict[str, float]:
        """The share of entries that have a field, by its name; empty without entries."""
        if not self.n_entries:
            return {}
        return {name: _share(self.n_with[name], self.n_entries) for name in FIELDS}


def _share(part: int, of: int) -> float:
    """A share to four places, rounded down: 1 is all, and 0 is none."""
    return max(part * 10_000 // of, min(part, 1)) / 10_000


def write_json(inspection: Inspection, out: IO[str]) -> int:
    """Write the dumps as one JSON document, each entry as soon as it is read.

    Returns:
        The number of rejects.
    """
    n_rejects = 0
    start = "["
    with redirect_stderr(_Escaping(sys.stderr)):
        for look in inspection.looks():
            out.write(start + "\n")
            start = ","
            n_rejects += _write_dump(inspection, look, out)
    out.write("\n]\n")
    return n_rejects


def _write_dump(inspection: Inspection, look: Look, out: IO[str]) -> int:
    """Write a dump: what identifies it, its entries, its rejects, what is known at its end."""
    member = look.reading.member
    first = {"path": member.path, "dump_id": member.dump_id, "file": look.file}
    out.write(as_json(first)[:-1] + ', "entries": [')
    tally = Tally()
    # rejects may come between entries, and may be many
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="\n") as kept:
        for item in look.reading.items():
            tally.add(item)
            if isinstance(item, Entry):
                place = {"position": tally.n_entries}
                comma = "," if tally.n_entries > 1 else ""
                out.write(f"{comma}\n  {as_json(place | msgspec.structs.asdict(item))}")
            else:
                comma = "," if tally.n_rejects > 1 else ""
                kept.write(f"{comma}\n  {as_json(msgspec.structs.asdict(item))}")
        out.write('\n], "rejects": [' if tally.n_entries else '], "rejects": [')
        kept.seek(0)
        shutil.copyfileobj(kept, out)
    rest = {k: v for k, v in inspection.facts(look, tally).items() if k not in first}
    out.write(("\n], " if tally.n_rejects else "], ") + as_json(rest)[1:])
    return tally.n_rejects


class Line(NamedTuple):
    """An entry as it is listed."""

    position: str
    place: str
    title: str
    date: str
    authors: str
    comments: str
    upvotes: str


@dataclass
class Shown:
    """A dump as it is shown.

    Attributes:
        facts: What is known of it, as ``Inspection.facts`` has it.
        lines: The entries to be listed.
        rejects: The rejects to be listed.
        is_twin: Whether dumps of several files have its path.
    """

    facts: dict[str, Any]
    lines: list[Line]
    rejects: list[Reject]
    is_twin: bool = False


def write_text(
    inspection: Inspection, out: IO[str], screen: Screen, n_lines: int | None, hidden: int = 0
) -> int:
    """Write the dumps as text, each when it has been read.

    Args:
        inspection: What is to be inspected.
        out: Where to.
        screen: What it is written for.
        n_lines: How many entries of each dump are listed; None lists all.
        hidden: How many hidden names the search passed over.

    Returns:
        The number of rejects.
    """
    n_dumps = n_entries = n_rejects = 0
    with redirect_stderr(_Escaping(sys.stderr)):
        for look in inspection.looks():
            shown = _taken(inspection, look, n_lines)
            inspection.ticker.clear()
            out.write(dump_text(shown, screen) + "\n")
            out.flush()
            n_dumps += 1
            n_entries += shown.facts["n_entries"]
            n_rejects += shown.facts["n_rejects"]
    total = (
        f"{counted(n_dumps, 'dump')}: {counted(n_entries, 'entry')}, {counted(n_rejects, 'reject')}"
    )
    if hidden:
        total += f"; {counted(hidden, 'hidden name')} passed over in the search"
    if n_dumps > 1 or hidden:
        out.write(screen.text(styled(f"{total}.", "bold")))
    return n_rejects


def _taken(inspection: Inspection, look: Look, n_lines: int | None) -> Shown:
    """A dump that has been read; of its entries only those to be listed are kept."""
    tally = Tally()
    lines: list[Line] = []
    rejects: list[Reject] = []
    for item in look.reading.items():
        tally.add(item)
        if isinstance(item, Entry):
            if n_lines is None or len(lines) < n_lines:
                lines.append(line_of(tally.n_entries, item))
        elif len(rejects) < _REJECTS_SHOWN:
            rejects.append(item)
    return Shown(inspection.facts(look, tally), lines, rejects, look.is_twin)


def line_of(position: int, entry: Entry) -> Line:
    """An entry as it is listed."""
    n_authors = entry.n_authors
    if n_authors is None and entry.authors:
        n_authors = len(entry.authors)
    organization = (
        entry.organization_name or entry.organization_text or entry.organization_slug or ""
    )
    return Line(
        f"{position:,}",
        place_of(entry),
        one_line(entry.title),
        one_line(entry.date_text or ""),
        one_line(organization) if n_authors is None else f"{n_authors:,}",
        "" if entry.n_comments is None else f"{entry.n_comments:,}",
        "" if entry.n_upvotes is None else f"{entry.n_upvotes:,}",
    )


def place_of(item: Entry | Reject) -> str:
    """Where an entry or reject stands in its dump, in words; empty where it has no place."""
    return place_in_words(*(getattr(item, name) for name in _PLACE))


def dump_text(shown: Shown, screen: Screen) -> str:
    """A dump as text: its facts, then entries, then rejects."""
    facts = shown.facts
    rows = [
        (styled(name, "dim"), styled(text, "yellow" if name == "note" else ""))
        for name, text in _fact_rows(shown)
    ]
    parts: list[RenderableType] = [styled(facts["path"], "bold cyan"), inset(pairs(rows))]
    if shown.lines:
        parts += ["", inset(_entries(shown.lines, screen.width))]
        left = facts["n_entries"] - len(shown.lines)
        if left:
            more = f"… and {counted(left, 'more entry')} (--entries all lists them)"
            parts.append(inset(styled(more, "dim")))
    if shown.rejects:
        parts += ["", *(inset(part) for part in _rejects(shown))]
    return screen.text(*parts)


def _fact_rows(shown: Shown) -> Iterator[tuple[str, str]]:
    """What is known of a dump, as names and texts; what is not known is left out."""
    facts = shown.facts
    if shown.is_twin:
        yield "file", facts["file"]
    if facts["sha256"]:
        packed = facts["compression"] or "not compressed"
        size = counted(facts["bytes"], "byte")
        yield "size", f"{size}, {packed}, SHA-256 {facts['sha256'][:_SHA256_SHOWN]}…"
    why = f": {facts['format_reason']}" if facts["format_reason"] else ""
    yield "format", one_line(f"{facts['format'] or 'none'}{why}")
    for name, key in (
        ("encoding", "encoding"),
        ("label", "source"),
        ("address", "source_url"),
        ("query", "query"),
        ("captured", "captured_text"),
        ("listing day", "listing_text"),
    ):
        if facts[key] is not None:
            yield name, one_line(str(facts[key]))
    if facts["date_links"]:
        yield "linked days", one_line(", ".join(facts["date_links"]))
    if facts["sheet_snapshot_on"]:
        yield "captured", f"{facts['sheet_snapshot_on']}, as the sheet of dumps says"
    if facts["n_lines"] is not None:
        header = facts["header_lines"]
        lines = f"{facts['n_lines']:,}"
        yield "lines", f"{lines}, {header:,} of them the header" if header else lines
    for note in facts["notes"]:
        yield "note", one_line(note)
    if facts["n_members"] is not None:
        yield "members", f"{facts['n_members']:,}, each shown as a dump above"
        yield "found", counted(facts["n_rejects"], "reject")
        return
    yield (
        "found",
        f"{counted(facts['n_entries'], 'entry')}, {counted(facts['n_rejects'], 'reject')}",
    )
    if facts["n_entries"]:
        yield "share with", completeness_line(facts["completeness"], facts["format"])


def completeness_line(shares: dict[str, float], format_name: str | None) -> str:
    """The share of entries with each field, and the fields of the format that none has."""
    known = {reader.name for reader in READERS}
    brings = reader_of(format_name).brings if format_name in known and format_name else ()
    have = [f"{name} {_percent(share)}" for name, share in shares.items() if share]
    none = [name for name, share in shares.items() if not share and name in brings]
    return ", ".join(have) + (f"; none: {', '.join(none)}" if none else "")


def _percent(share: float) -> str:
    """A share in percent, rounded down: 100% is all."""
    return f"{int(share * 100 + 1e-9)}%" if share >= 0.01 else "<1%"


def _entries(lines: list[Line], width: int) -> Table:
    """The entries, one per line; what is too wide for the screen is cut, the title first."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    narrow = width < _NARROW
    kind, lines = _without_kind(lines)
    headers = Line(
        "#",
        kind,
        "title",
        "date",
        "authors",
        "com." if narrow else "comments",
        "up" if narrow else "upvotes",
    )
    widest = Line("", "", "", "12" if narrow else "17", "8" if narrow else "20", "", "")
    table = Table(box=None, pad_edge=False, padding=(0, 2 - narrow, 0, 0), header_style="dim")
    # a column that says nothing only takes from the titles
    used = [i for i in range(len(headers)) if any(line[i] for line in lines)]
    for i in used:
        table.add_column(
            headers[i],
            justify="right" if Line._fields[i] in ("position", "comments", "upvotes") else "left",
            no_wrap=Line._fields[i] != "title",  # so that it is the one that gives way
            overflow="ellipsis",
            max_width=int(widest[i]) if widest[i] else None,
        )
    for line in lines:
        table.add_row(*(Text(line[i], no_wrap=True, overflow="ellipsis") for i in used))
    return table


def _without_kind(lines: list[Line]) -> tuple[str, list[Line]]:
    """What the places of entries are, if they are all the same, and lines that do not repeat it."""
    kinds = {line.place.partition(" ")[0].replace("lines", "line") for line in lines}
    if len(kinds) > 1 or not kinds <= {"line", "record", "byte"}:
        return "place", lines
    [kind] = kinds
    bare = [line._replace(place=line.place.partition(" ")[2]) for line in lines]
    return "lines" if kind == "line" else kind, bare


def _rejects(shown: Shown) -> Iterator[RenderableType]:
    """The rejects, each with its place and reason, then what is wrong, then its beginning."""
    for reject in shown.rejects:
        path = f" ({one_line(reject.record_path)})" if reject.record_path else ""
        place = place_of(reject)
        where = f", {place}{path}" if place else path
        yield styled("").append_text(styled(f"rejected: {reject.reason}", "red")).append(where)
        yield inset(styled(one_line(reject.message, 4 * LONGEST)))
        if reject.excerpt:
            yield inset(styled(f"> {one_line(reject.excerpt)}", "dim"))
    left = shown.facts["n_rejects"] - len(shown.rejects)
    if left:
        yield styled(f"… and {counted(left, 'more reject')} (--json has them)", "dim")


def known_formats() -> dict[str, Any]:
    """The formats in the order in which they are asked, the containers, the compressions."""
    return {
        "formats": [
            {
                "name": reader.name,
                "recognised_by": reader.recognised_by,
                "brings": list(reader.brings),
            }
            for reader in READERS
        ],
        "containers": [{"name": n, "recognised_by": how} for n, how in CONTAINERS.items()],
        "compressions": list(dictionary.table("dumps").column("compression").allowed or ()),
    }


def formats_text(known: dict[str, Any], screen: Screen) -> str:
    """The same as text."""
    parts: list[RenderableType] = [
        styled("Formats, in the order in which they are asked whether a dump is theirs", "bold")
    ]
    rows = []
    for known_format in known["formats"]:
        rows.append((styled(known_format["name"], "cyan"), styled(known_format["recognised_by"])))
        rows.append((styled(""), styled(f"brings {', '.join(known_format['brings'])}", "dim")))
    parts += [inset(pairs(rows)), "", styled("Containers", "bold")]
    parts.append(
        inset(
            pairs(
                (styled(container["name"], "cyan"), styled(container["recognised_by"]))
                for container in known["containers"]
            )
        )
    )
    compressions = ", ".join(known["compressions"])
    parts += ["", styled("Compressions, recognised by their first bytes", "bold")]
    parts.append(inset(styled(compressions)))
    return screen.text(*parts)
