"""The parse stage: the dumps of a batch → entries as on the page, rejects, and a row per dump."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from paperdump import tables
from paperdump.errors import PaperdumpError
from paperdump.inventory import Dump
from paperdump.readers import READERS, reader_for
from paperdump.readers.decoding import decode
from paperdump.readers.page import Entry, Page, Reject, excerpt_of


@dataclass(frozen=True, slots=True)
class DumpContent:
    """What was read from a dump.

    Attributes:
        format: The format's name, or None where no reader recognised it.
        encoding: The text encoding, or None where it is not text.
        notes: What a reader of the dump should know.
        n_lines: Number of lines, or None where it is not text.
        page: Entries, rejects and header facts.
    """

    format: str | None = None
    encoding: str | None = None
    notes: list[str] = field(default_factory=list)
    n_lines: int | None = None
    page: Page = field(default_factory=Page)


def read_content(data: bytes) -> DumpContent:
    """Read the bytes of a dump; whatever they are, the answer has entries or a reject."""
    decoded = decode(data)
    if decoded is None:
        seen = data[:16].hex(" ")
        message = (
            f"It is not text: it begins with the bytes {seen}. Only text dumps can be read; "
            "if it holds a listing, save that as text."
        )
        return DumpContent(page=Page(rejects=[Reject("binary", message)]))
    text = decoded.text
    n_lines = text.count("\n") + (not text.endswith("\n") and text != "")
    if not text.strip():
        what = "has no bytes" if not data else "holds nothing but white space"
        message = f"The file {what}; the capture failed. Capture the page again."
        page = Page(rejects=[Reject("empty", message)])
        return DumpContent(n_lines=n_lines, page=page)
    reader = reader_for(text)
    if reader is None:
        return DumpContent(
            None, decoded.encoding, decoded.notes, n_lines, Page(rejects=[_unknown(text, n_lines)])
        )
    page = reader.read(text)
    if not page.entries and not page.rejects:
        page.rejects.append(
            Reject(
                "no_entries",
                f"It is a page of the format {reader.name} whose header ends in line "
                f"{page.header_lines}, with no entries after it; the listing was empty, or the "
                "capture was cut off.",
                1,
                n_lines,
                excerpt_of(text.strip()),
            )
        )
    return DumpContent(reader.name, decoded.encoding, decoded.notes + page.notes, n_lines, page)


def _unknown(text: str, n_lines: int) -> Reject:
    """The reject of a text that no reader recognises, with what it looks like."""
    if re.match(r"\s*(<!doctype html|<html)", text, re.IGNORECASE):
        title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
        looks = f"an HTML page{f' titled {title[1].strip()!r}' if title else ''}"
    elif text.lstrip()[:1] in ("{", "["):
        looks = "JSON"
    elif text.lstrip().startswith("<?xml"):
        looks = "XML"
    else:
        looks = "a text"
    known = "; ".join(f"{reader.name}, {reader.recognised_by}" for reader in READERS)
    return Reject(
        "unknown_format",
        f"No reader recognises it. It looks like {looks}. What is recognised: {known}.",
        1,
        n_lines,
        excerpt_of(text.strip()),
    )


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tables of a batch."""

    entries: pl.DataFrame
    rejects: pl.DataFrame
    dumps: pl.DataFrame


def parse_batch(dumps: Iterable[Dump]) -> Parsed:
    """Read the dumps of a batch.

    Raises:
        PaperdumpError: A dump is not what it was when the run began.
    """
    entries: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for dump in dumps:
        content = _content_of(dump)
        entries += [
            _entry_row(dump.dump_id, position, entry)
            for position, entry in enumerate(content.page.entries, 1)
        ]
        rejects += [
            {
                "reject_id": f"{dump.dump_id}-r{number:04d}",
                "dump_id": dump.dump_id,
                **asdict(reject),
            }
            for number, reject in enumerate(content.page.rejects, 1)
        ]
        rows.append(_dump_row(dump, content))
    return Parsed(
        tables.frame_of("work/entries", entries),
        tables.frame_of("rejects", rejects),
        tables.frame_of("dumps", rows),
    )


def _content_of(dump: Dump) -> DumpContent:
    if dump.problem:
        reject = Reject(dump.problem, dump.problem_message or "")
        return DumpContent(page=Page(rejects=[reject]))
    try:
        data = Path(dump.location).read_bytes()
    except OSError as error:
        raise PaperdumpError(
            f"The dump {dump.path} could be read when the run began and cannot now: "
            f"{error.strerror}. Run snakemake again."
        ) from error
    if hashlib.sha256(data).hexdigest() != dump.sha256:
        raise PaperdumpError(
            f"The dump {dump.path} changed while the workflow was running. Run snakemake again."
        )
    try:
        return read_content(data)
    except Exception as error:
        traceback.print_exc()
        message = (
            f"The reader failed on it, which is a defect of paperdump: {type(error).__name__}: "
            f"{error}. The traceback is in the log of parse."
        )
        return DumpContent(page=Page(rejects=[Reject("reader_failed", message)]))


def _entry_row(dump_id: str, position: int, entry: Entry) -> dict[str, Any]:
    return {
        "entry_id": f"{dump_id}-{position:05d}",
        "dump_id": dump_id,
        "position": position,
        **asdict(entry),
    }


def _dump_row(dump: Dump, content: DumpContent) -> dict[str, Any]:
    return {
        "dump_id": dump.dump_id,
        "path": dump.path,
        "bytes": dump.size,
        "sha256": dump.sha256,
        "format": content.format,
        "encoding": content.encoding,
        "listing_text": content.page.listing_text,
        "n_lines": content.n_lines,
        "n_entries": len(content.page.entries),
        "n_rejects": len(content.page.rejects),
        "notes": content.notes,
    }
