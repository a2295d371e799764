"""The parse stage: the dumps of a batch → entries as on the page, rejects, and a row per dump.

Dumps are read piece by piece and written piece by piece: memory follows the limits of the
readers, not the size of a dump or of the batch.
"""

from __future__ import annotations

import hashlib
import io
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa

from paperdump import arrow
from paperdump.errors import PaperdumpError
from paperdump.inventory import Dump
from paperdump.readers import READERS, reader_of, recognise
from paperdump.readers.base import Entry, Facts, Item, Reader, Reject, excerpt_of
from paperdump.readers.containers import Container, Member, members
from paperdump.readers.source import HEAD_BYTES, Limits, Refused, Source, not_text
from paperdump.sheet import Rule, Stated, stated_of

_ENTRIES_AT_ONCE = 8_192  # who reads them takes a multiple of it at once
_TEXT_AT_ONCE = 32_000_000  # characters
_ENTRIES_AS_OBJECTS = 1_000  # more are kept as columns, so that their memory is used again
_ENTRIES_COUNTED = 1_000  # of a large dump, between two looks at how far it is


@dataclass(frozen=True)
class Settings:
    """What the readers are told.

    Attributes:
        limits: How much of a dump is read.
        columns: For tables, field → name of the column that holds it.
        rules: What the sheet of dumps states of members of containers.
        scratch: The folder for temporary files; None is the system's.
    """

    limits: Limits
    columns: dict[str, str] = field(default_factory=dict)
    rules: Sequence[Rule] = ()
    scratch: Path | None = None

    @classmethod
    def from_config(
        cls, readers: dict[str, Any], rules: Sequence[Rule] = (), scratch: Path | None = None
    ) -> Settings:
        """The settings that the section ``readers`` of the config gives."""
        columns = {field: name for field, name in readers["columns"].items() if name}
        return cls(Limits(**readers["limits"]), columns, rules, scratch)


@dataclass
class Reading:
    """A dump while it is read; whole when its items have been taken.

    Attributes:
        member: The dump.
        stated: What the sheet of dumps states of it.
        format: Name of its format, or None where no reader recognised it.
        why: Why it is read in that format, in words.
        facts: What it says of itself.
        container: What is to be said of it where it is a container.
    """

    member: Member
    stated: Stated = field(default_factory=Stated)
    format: str | None = None
    why: str | None = None
    facts: Facts = field(default_factory=Facts)
    container: Container | None = None

    def items(self) -> Iterator[Entry | Reject]:
        """Its entries and rejects; whatever is in it, there is at least one, or it is a container.

        Nothing is raised for what is in the dump.
        """
        seen = 0
        if self.container:
            self.format = self.container.kind
            self.facts = Facts(notes=tuple(self.container.notes))
            yield from self.container.rejects
            return
        try:
            # one that could not be opened has its reject already
            for item in self._read() if self.member.sha256 else ():
                if isinstance(item, Facts):
                    self.facts = self.facts.and_then(item)
                elif isinstance(item, Entry) and not item.title.strip():
                    seen += 1
                    yield _without_title(item)
                else:
                    seen += 1
                    yield item
        except Refused as error:
            seen += 1
            yield Reject(error.reason, error.message)
        except Exception as error:
            traceback.print_exc()
            seen += 1
            yield Reject(
                "reader_failed",
                f"The reader failed on it, which is a defect of paperdump: {type(error).__name__}: "
                f"{error}. The traceback is in the log of parse.",
            )
        rejects = [*self.member.rejects]
        rejects += [Reject(p.reason, p.message) for p in _once(self.member.source.problems)]
        yield from rejects
        if not seen and not rejects:
            yield self._nothing()

    def _read(self) -> Iterator[Item]:
        """What its reader gives, or one reject that says why there is none."""
        if self.stated.skipped_by is not None:
            pattern = self.stated.skipped_by
            yield Reject("skipped", f"It was skipped, as the sheet of dumps says of {pattern!r}.")
            return
        source = self.member.source
        head = source.head
        if head.whole and not head.data.strip(b" \t\r\n\f\v\xef\xbb\xbf"):
            what = "holds nothing but white space" if head.data else "has no bytes"
            # one that is damaged has its own reject, which says more
            with source.stream() as stream:
                stream.read(1)
            if not source.problems and not self.member.rejects:
                message = f"The file {what}; the capture failed. Capture the page again."
                yield Reject("empty", message)
            return
        if self.stated.format:
            reader: Reader | None = reader_of(self.stated.format)
            self.why = f"the sheet of dumps states it of {self.stated.format_by!r}"
        else:
            reader, self.why = recognise(head)
        if reader is None:
            yield _unknown(source)
            return
        self.format = reader.name
        yield from reader.read(source)

    def _nothing(self) -> Reject:
        header = self.facts.header_lines
        where = f" whose header ends in line {header}" if header is not None else ""
        n_lines = self.facts.n_lines
        return Reject(
            "no_entries",
            f"It is a page of the format {self.format}{where}, with no entries after it; the "
            "listing was empty, or the capture was cut off.",
            1 if n_lines else None,
            n_lines or None,
            excerpt_of(self.member.source.head.text.strip()) or None,
        )

    def row(self, n_entries: int, n_rejects: int) -> dict[str, Any]:
        """Its row of the table ``dumps``."""
        member, facts, stated = self.member, self.facts, self.stated
        # an archive, or a file that could not be opened, is no text
        decoded = None if self.container or not member.sha256 else member.source.decoded
        return {
            "dump_id": member.dump_id,
            "path": member.path,
            "bytes": member.size if member.sha256 else None,
            "sha256": member.sha256 or None,
            "container_id": member.container_id,
            "compression": member.source.compression if member.sha256 else None,
            "format": self.format,
            "format_reason": self.why,
            "source": stated.source,
            "encoding": decoded.encoding if decoded and decoded.text.strip() else None,
            "source_url": facts.source_url,
            "query": facts.query,
            "captured_text": facts.captured_text,
            "listing_text": facts.listing_text,
            "date_links": list(facts.date_links) if facts.date_links else None,
            "sheet_snapshot_on": stated.snapshot_on,
            "n_lines": facts.n_lines,
            "n_members": self.container.n_members if self.container else None,
            "n_entries": n_entries,
            "n_rejects": n_rejects,
            "notes": [*(decoded.notes if decoded else ()), *facts.notes],
        }


def _without_title(entry: Entry) -> Reject:
    """The reject of an entry whose title is nothing but white space."""
    return Reject(
        "no_title",
        "An entry without a title.",
        entry.first_line,
        entry.last_line,
        excerpt_of(entry.abstract) if entry.abstract else None,
        entry.record,
        entry.byte_offset,
        entry.record_path,
    )


def _once(problems: list[Any]) -> list[Any]:
    """The problems, each once: a source that is read twice tells them twice."""
    return list(dict.fromkeys(problems))


def _unknown(source: Source) -> Reject:
    """The reject of a dump that no reader recognises, with what it looks like."""
    if source.head.decoded is None:
        return Reject("binary", not_text(source.head.data))
    start = source.head.start
    if re.match(r"<!doctype html|<html", start, re.IGNORECASE):
        title = re.search(r"<title[^>]*>([^<]{0,200})", start, re.IGNORECASE)
        looks = f"an HTML page{f' titled {title[1].strip()!r}' if title else ''}"
    elif start[:1] in ("{", "["):
        looks = "JSON"
    elif start.startswith("<"):
        looks = "XML or HTML"
    else:
        looks = "a text"
    known = ", ".join(reader.name for reader in READERS)
    text = source.head.text
    n_lines = text.count("\n") + (not text.endswith("\n")) if source.head.whole else None
    return Reject(
        "unknown_format",
        f"No reader recognises it. It looks like {looks}. What is recognised: {known} (`paperdump "
        "formats` says how). If it is one of these, state its format in the sheet of dumps.",
        1 if n_lines else None,
        n_lines,
        excerpt_of(start.strip()) or None,
    )


def read_dump(
    dump: Dump, settings: Settings, progress: Callable[[int], None] | None = None
) -> Iterator[Reading]:
    """The readings of a dump: one, or where it is a container those of its members, then its own.

    A reading must be taken before the next one is asked for.

    Args:
        dump: The dump.
        settings: What the readers are told.
        progress: Told how many bytes were read since it was told last.

    Raises:
        PaperdumpError: It is not what it was when the run began.
    """
    if dump.problem:
        nothing = Source(dump.path, lambda: io.BytesIO(b""), 0, settings.limits)
        reject = Reject(dump.problem, dump.problem_message or "")
        member = Member(dump.dump_id, dump.path, 0, "", nothing, rejects=(reject,))
        yield Reading(member, stated=dump.stated)
        return
    source = Source(
        dump.path,
        _unchanged(dump),
        dump.size or 0,
        settings.limits,
        columns=settings.columns,
        progress=progress,
    )
    itself = Member(dump.dump_id, dump.path, dump.size or 0, dump.sha256 or "", source)
    if dump.stated.skipped_by is not None:
        yield Reading(itself, stated=dump.stated)
        return

    def stated(path: str) -> Stated:
        return dump.stated if path == dump.path else stated_of(settings.rules, path)

    def opens(path: str) -> bool:
        return stated(path).skipped_by is None

    for part in members(itself, settings.scratch, opens):
        if isinstance(part, Container):
            yield Reading(part.member, stated=stated(part.member.path), container=part)
        else:
            yield Reading(part, stated=stated(part.path))


def _unchanged(dump: Dump) -> Callable[[], IO[bytes]]:
    """What opens a dump that is what it was; of a small one the bytes that were looked at.

    Raises:
        PaperdumpError: It is not, or cannot be read.
    """
    path = Path(dump.location)
    data = None
    try:
        with path.open("rb") as file:
            if (dump.size or 0) <= HEAD_BYTES:
                data = file.read((dump.size or 0) + 1)
                sha256 = hashlib.sha256(data).hexdigest()
            else:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PaperdumpError(
            f"The dump {dump.path} could be read when the run began and cannot now: "
            f"{error.strerror}. Run snakemake again."
        ) from error
    if sha256 != dump.sha256:
        raise PaperdumpError(
            f"The dump {dump.path} changed while the workflow was running. Run snakemake again."
        )
    return lambda: path.open("rb") if data is None else io.BytesIO(data)


@dataclass(frozen=True)
class Files:
    """Where the tables of a batch are written to."""

    entries: Path
    rejects: Path
    dumps: Path


def parse_batch(
    dumps: Iterable[Dump],
    settings: Settings,
    files: Files,
    count: Callable[[int], None] | None = None,
) -> None:
    """Read the dumps of a batch and write its tables.

    Args:
        dumps: The dumps.
        settings: What the readers are told.
        files: Where to write to.
        count: Told how many more entries were read, a dump or a piece of one at a time.

    Raises:
        PaperdumpError: A dump is not what it was when the run began.
    """
    with ExitStack() as stack:
        entries = _Pieces(stack, "work/entries", files.entries, Entry)
        rejects = _Pieces(stack, "rejects", files.rejects, Reject)
        rows: list[dict[str, Any]] = []
        for dump in dumps:
            for reading in read_dump(dump, settings):
                dump_id = reading.member.dump_id
                position = number = counted = 0
                for item in reading.items():
                    if isinstance(item, Entry):
                        position += 1
                        if count and position - counted >= _ENTRIES_COUNTED:
                            count(position - counted)
                            counted = position
                        entries.add(f"{dump_id}-{position:05d}", dump_id, position, item)
                    else:
                        number += 1
                        rejects.add(f"{dump_id}-r{number:04d}", dump_id, number, item)
                if count:
                    count(position - counted)
                rows.append(reading.row(position, number))
        entries.flush()
        rejects.flush()
        schema = arrow.arrow_schema("dumps")
        columns = [_array([row.get(f.name) for row in rows], f.type) for f in schema]
        with arrow.pieces("dumps", files.dumps) as writer:
            writer.write(pa.Table.from_arrays(columns, schema=schema))


class _Pieces:
    """Rows of a table, written in pieces of bounded size."""

    def __init__(
        self, stack: ExitStack, name: str, path: Path, kind: type[Entry] | type[Reject]
    ) -> None:
        self._writer = stack.enter_context(arrow.pieces(name, path))
        self._fields = kind.__struct_fields__
        self._key = "entry_id" if kind is Entry else "reject_id"
        self._parts: list[pa.Table] = []
        self._rows = 0  # these have
        self._size = 0
        self._begin()

    def _begin(self) -> None:
        self._ids: list[str] = []
        self._owners: list[str] = []
        self._numbers: list[int] = []
        self._items: list[Entry | Reject] = []

    def add(self, row_id: str, dump_id: str, number: int, item: Entry | Reject) -> None:
        self._ids.append(row_id)
        self._owners.append(dump_id)
        self._numbers.append(number)
        self._items.append(item)
        if isinstance(item, Entry):
            self._size += len(item.title) + len(item.abstract or "") + 30 * len(item.authors or ())
        waiting = len(self._items)
        if self._rows + waiting >= _ENTRIES_AT_ONCE or self._size >= _TEXT_AT_ONCE:
            self.flush()
        elif waiting >= _ENTRIES_AS_OBJECTS:
            self._keep()

    def _keep(self) -> None:
        """Make columns of the items."""
        schema = self._writer.schema
        by_field = zip(*map(msgspec.structs.astuple, self._items), strict=True)
        known: dict[str, Sequence[Any]] = {
            **dict(zip(self._fields, by_field, strict=False)),  # without items there is none
            self._key: self._ids,
            "dump_id": self._owners,
            "position": self._numbers,
        }
        unknown = (None,) * len(self._ids)  # what only a later stage fills
        columns = [_array(known.get(column.name, unknown), column.type) for column in schema]
        self._parts.append(pa.Table.from_arrays(columns, schema=schema))
        self._rows += len(self._items)
        self._begin()

    def flush(self) -> None:
        self._keep()
        self._writer.write(pa.concat_tables(self._parts))
        self._parts = []
        self._rows = self._size = 0


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """The values as an Arrow array; what has no UTF-8 form in a text becomes U+FFFD."""
    if values.count(None) == len(values):
        return pa.nulls(len(values), kind)
    if pa.types.is_date32(kind):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_string(kind):
        # unknown is null, never an empty text
        values = [value if value and not value.isspace() else None for value in values]
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([_encodable(value) for value in values], kind)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return value
