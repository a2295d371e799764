"""Small tables for tests: a release made from pages."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from paperdump import config, dedupe, parse, tables
from paperdump.corrections import Correction
from paperdump.dedupe.dating import Inference
from paperdump.dedupe.limits import Limits
from paperdump.inventory import find_dumps
from paperdump.normalize import normalize, signatures, text
from paperdump.readers.base import Entry, Reject
from paperdump.sheet import Rule


def release_of(folder: Path, **pages: str) -> dict[str, pl.DataFrame]:
    """The tables that pages, each written to a file of its name, lead to."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages.items():
        (folder / f"{name}.txt").write_text(content, "utf-8")
    return release_of_folder(folder)


def release_of_folder(
    folder: Path, corrections: Sequence[Correction] = ()
) -> dict[str, pl.DataFrame]:
    """The tables that the dumps of a folder lead to."""
    return release_of_folders([folder], corrections)


def release_of_folders(
    folders: Sequence[Path], corrections: Sequence[Correction] = ()
) -> dict[str, pl.DataFrame]:
    """The tables that the dumps of several folders lead to."""
    parsed = parse_folders(folders)
    hosts = config.resolve({})["normalize"]["code_hosts"]
    inference = Inference.from_config(config.resolve({})["dates"])
    entries = normalize(parsed["work/entries"], hosts)
    done = dedupe.dedupe(entries, parsed["dumps"], inference, limits(), corrections)
    return {**done.tables(), "rejects": parsed["rejects"]}


@functools.cache
def limits() -> Limits:
    """The thresholds of matching as they are by default."""
    return Limits.from_config(config.resolve({})["dedupe"])


def normalized(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Entries as normalize leaves them, from what matters of each; they are all of one dump.

    A row has at least a ``title``.
    """
    made = [
        {
            "entry_id": f"d{n:016x}-00001",
            "dump_id": "d0",
            "position": n + 1,
            "clean_title": row["title"],
            "clean_abstract": row.get("abstract"),
            **row,
        }
        for n, row in enumerate(rows)
    ]
    frame = tables.frame_of("work/normalized", made)
    keyed = frame.with_columns(title_key=text.title_key(pl.col("clean_title")))
    return signatures.with_signatures(keyed)


def settings(**readers: Any) -> parse.Settings:
    """The settings of the readers, those of the config but for what is given."""
    return parse.Settings.from_config(config.resolve({"readers": readers})["readers"])


def parse_folder(
    folder: Path, rules: Sequence[Rule] = (), **readers: Any
) -> dict[str, pl.DataFrame]:
    """The tables of the parse stage for the dumps of a folder."""
    return parse_folders([folder], rules, **readers)


def parse_folders(
    folders: Sequence[Path], rules: Sequence[Rule] = (), **readers: Any
) -> dict[str, pl.DataFrame]:
    """The tables of the parse stage for the dumps of several folders."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        files = parse.Files(base / "entries", base / "rejects", base / "dumps")
        told = parse.Settings.from_config(
            config.resolve({"readers": readers})["readers"], rules, scratch=base
        )
        dumps = find_dumps([str(folder) for folder in folders], base, rules=rules).dumps
        parse.parse_batch(dumps, told, files)
        return {
            "work/entries": tables.read_parquet(files.entries, "work/entries"),
            "rejects": tables.read_parquet(files.rejects, "rejects"),
            "dumps": tables.read_parquet(files.dumps, "dumps"),
        }


def read_bytes(
    data: bytes, name: str = "a", **readers: Any
) -> tuple[dict[str, Any], list[Entry], list[Reject]]:
    """The row of ``dumps``, the entries and the rejects of a dump that holds these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(data)
        [dump] = find_dumps([folder], Path(folder)).dumps
        [reading] = parse.read_dump(dump, settings(**readers))
        items = list(reading.items())
        entries = [item for item in items if isinstance(item, Entry)]
        rejects = [item for item in items if isinstance(item, Reject)]
        return reading.row(len(entries), len(rejects)), entries, rejects
