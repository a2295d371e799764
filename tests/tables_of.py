"""Small tables for tests: a release made from pages."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paperdump import config, dedupe, parse
from paperdump.inventory import find_dumps
from paperdump.normalize import normalize


def release_of(folder: Path, **pages: str) -> dict[str, pl.DataFrame]:
    """The tables that pages, each written to a file of its name, lead to."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return release_of_folder(folder)


def release_of_folder(folder: Path) -> dict[str, pl.DataFrame]:
    """The tables that the dumps of a folder lead to."""
    parsed = parse.parse_batch(find_dumps([str(folder)], folder).dumps)
    hosts = config.resolve({})["normalize"]["code_hosts"]
    done = dedupe.dedupe(normalize(parsed.entries, hosts), parsed.dumps)
    return {
        "papers": done.papers,
        "sightings": done.sightings,
        "dumps": done.dumps,
        "rejects": parsed.rejects,
        "matches": done.matches,
    }
