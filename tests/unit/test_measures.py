"""What is measured of tables in files is what is measured of their rows."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from paperdump import config, measures, tables
from paperdump.stored import Stored
from tests.pages import Listed, page
from tests.tables_of import release_of

SETTINGS = config.resolve({})["validate"]
Release = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release with long abstracts, some of which are missing, and links."""
    shown = [Listed(f"Tides in Channel {n}", f"Channel {n} has tides. " * 40) for n in range(20)]
    linked = Listed("Ebb https://github.com/a/b", "See https://github.com/a/b." * 30)
    made = release_of(
        tmp_path_factory.mktemp("release"), a=page(*shown, day="Jun 10"), b=page(*shown[:5], linked)
    )
    missing = pl.when(pl.int_range(pl.len()) % 3 > 0).then("abstract")
    return {**made, "sightings": made["sightings"].with_columns(missing)}


def stored(release: Release, folder: Path) -> dict[str, Stored]:
    for name, rows in release.items():
        tables.write_parquet(rows, name, folder / f"{name}.parquet")
    return {name: Stored(folder / f"{name}.parquet") for name in release}


@pytest.mark.parametrize("name", measures.COMPARED)
def test_a_file_counts_as_its_rows_do_and_in_their_order(
    release: Release, tmp_path: Path, name: str
) -> None:
    counts = measures.counts_of(name, release[name])
    files = stored(release, tmp_path)
    assert list(measures.counts_of(name, files[name]).items()) == list(counts.items())
    assert measures.counts_of_file(name, files[name].path) == counts
    bare = tmp_path / "bare.parquet"
    pq.write_table(pq.read_table(files[name].path), bare, write_statistics=False)
    assert list(measures.counts_of_file(name, bare).items()) == list(counts.items())


def test_entries_of_a_file_are_as_complete_as_their_rows(release: Release, tmp_path: Path) -> None:
    settings = {
        **SETTINGS["completeness_by"],
        "dump": {"abstract": 0.9, "date_text": 0.5, "urls": 0.1},
    }
    files = stored(release, tmp_path)
    of_rows = measures.completeness_by(release, settings)
    assert measures.completeness_by(files, settings).equals(of_rows)
    assert set(of_rows["field"]) == {"abstract", "date_text", "urls"}
