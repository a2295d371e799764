"""A release reads the same everywhere: rows, types, and a checksum of each column."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from paperdump import dictionary, tables
from tests.clients import CLIENTS, checksums, expected_types
from tests.conftest import EXAMPLES
from tests.tables_of import release_of_folder, release_of_folders
from tests.unit.test_release import publish

pytestmark = pytest.mark.xdist_group("clients")  # Spark takes its time to start
PUBLISHED = [name for name, table in dictionary.tables().items() if table.published]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("clients"), release_of_folder(EXAMPLES))


@pytest.mark.parametrize("label", CLIENTS)
def test_a_client_reads_rows_types_and_values_as_they_were_written(
    release: Path, label: str
) -> None:
    client = CLIENTS[label]
    if client.missing:
        pytest.skip(client.missing)
    for name in PUBLISHED:
        types, columns = client.read(release, name)
        assert types == expected_types(client, name), name
        written = tables.read_parquet(release / f"{name}.parquet", name)
        assert {len(values) for values in columns.values()} == {written.height}, name
        assert checksums(columns) == checksums(written.to_dict(as_series=False)), name


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    folders = [shared / "dumps" / name for name in ("hf-text", "hf-json", "arxiv-atom")]
    return publish(tmp_path_factory.mktemp("real"), release_of_folders(folders))


@pytest.mark.parametrize("label", CLIENTS)
def test_a_client_reads_real_papers_too(real: Path, label: str) -> None:
    client = CLIENTS[label]
    if client.missing:
        pytest.skip(client.missing)
    for name in ("papers", "sightings", "dumps"):
        types, columns = client.read(real, name)
        assert types == expected_types(client, name), name
        written = tables.read_parquet(real / f"{name}.parquet", name)
        assert checksums(columns) == checksums(written.to_dict(as_series=False)), name


def test_the_examples_have_what_readers_get_wrong(release: Path) -> None:
    papers = tables.read_parquet(release / "papers.parquet", "papers")
    assert 0 < papers["published_on"].null_count() < papers.height
    assert 0 < papers["n_comments"].null_count() < papers.height
    urls = papers["urls"].to_list()
    assert None in urls
    assert [] in urls
    assert any(urls)


def test_a_checksum_tells_kinds_apart() -> None:
    values = [None, "", 0, 0.0, False, [], [None], float("nan"), "None", "[]"]
    days = [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1), "2024-01-01"]
    sums = {checksums({"a": [value]})["a"] for value in [*values, *days]}
    assert len(sums) == len(values) + len(days)
