from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from paperdump import dictionary, tables, versions
from paperdump.cli import main
from paperdump.releases import Version, file_hash, read_sums, sums_text
from paperdump.verification import verify
from tests.pages import Listed, page
from tests.published import copied, hashed_formerly, publish
from tests.tables_of import release_of

pytestmark = pytest.mark.xdist_group("verification")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("published")
    made = release_of(place / "dumps", a=page(Listed("Tides"), Listed("Ebb", date="May 9")))
    return publish(place, made)


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    """A release, to be damaged."""
    return copied(published, tmp_path)


def problems(folder: Path) -> dict[str, str]:
    return dict(verify(Version.open(folder)).problems)


def rewritten(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def edited(folder: Path, name: str, column: str, value: str) -> None:
    """Give the first row of a table another value, in a file that is whole Parquet."""
    frame = pl.read_parquet(folder / f"{name}.parquet")
    first = pl.int_range(pl.len()) == 0
    changed = frame.with_columns(pl.when(first).then(pl.lit(value)).otherwise(column).alias(column))
    tables.write_parquet(changed, name, folder / f"{name}.parquet")


def test_what_was_published_is_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify(Version.open(folder))
    assert (found.problems, found.notes) == ([], [])
    assert main(["verify", "--results", str(folder.parents[1])]) == 0
    said = capsys.readouterr().out
    assert f"{folder.name} is what was published." in said
    assert "conservation sums" in said


def test_a_byte_that_was_flipped_is_named_by_its_file(folder: Path) -> None:
    path = folder / "summaries" / "overview.csv"
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    rewritten(path, bytes(data))
    assert problems(folder) == {
        "summaries/overview.csv": "its bytes are not those that were published"
    }


def test_a_byte_that_was_flipped_in_a_table_is_named_by_its_file_and_column(folder: Path) -> None:
    path = folder / "papers.parquet"
    data = bytearray(path.read_bytes())
    data[200] ^= 255
    rewritten(path, bytes(data))
    found = problems(folder)
    assert found["papers.parquet"] == "its bytes are not those that were published"
    assert "papers" in found


def test_a_file_that_was_deleted_is_named(folder: Path) -> None:
    (folder / "matches.parquet").unlink()
    found = problems(folder)
    assert found["matches.parquet"] == "is gone"
    assert found["matches"] == "the table is gone"


def test_a_row_that_was_edited_is_named_by_table_column_and_key(folder: Path) -> None:
    key = pl.read_parquet(folder / "papers.parquet")["paper_id"][0]
    edited(folder, "papers", "title", "Moons")
    found = problems(folder)
    assert found["papers"] == (
        f"its values are not those of the manifest in title; row 1: paper_id={key}"
    )
    assert found["version"].startswith("the content of the tables gives 2025-06-10-")


def test_a_row_that_was_edited_is_named_also_where_the_sums_were_mended(folder: Path) -> None:
    edited(folder, "papers", "title", "Moons")
    sums = read_sums(folder / "SHA256SUMS")
    sums["papers.parquet"] = file_hash(folder / "papers.parquet")
    rewritten(folder / "SHA256SUMS", sums_text(sums).encode())
    assert set(problems(folder)) == {"papers", "version"}


def test_the_version_gives_away_also_a_manifest_that_was_mended(folder: Path) -> None:
    edited(folder, "papers", "title", "Moons")
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    new = versions.facts_of_file(folder / "papers.parquet", "papers")
    manifest["tables"]["papers"]["content_sha256"] = new["content_sha256"]
    rewritten(path, tables.json_bytes(manifest))
    sums = read_sums(folder / "SHA256SUMS")
    for name in ("papers.parquet", "manifest.json"):
        sums[name] = file_hash(folder / name)
    rewritten(folder / "SHA256SUMS", sums_text(sums).encode())
    assert set(problems(folder)) == {"version"}


def test_in_a_large_table_the_block_of_an_edited_row_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "summaries/completeness"
    path = folder / f"{name}.parquet"
    frame = pl.read_parquet(path).with_row_index("at")
    monkeypatch.setattr(tables, "_MOST_BLOCKS", -(-frame.height // 10))
    assert tables.block_rows(frame.height) == 10
    manifest = Version.open(folder).manifest
    manifest["tables"][name] = versions.facts_of_file(path, name)
    changed = frame.with_columns(filled=pl.when(pl.col("at") == 23).then(7).otherwise("filled"))
    tables.write_parquet(changed, name, path)
    found = dict(verify(Version(folder, manifest)).problems)
    assert "in filled; in rows 21 to 30, the first of them scope=" in found[name]


def test_a_row_that_was_lost_breaks_the_sums(folder: Path) -> None:
    frame = pl.read_parquet(folder / "sightings.parquet")
    tables.write_parquet(frame.head(1), "sightings", folder / "sightings.parquet")
    found = problems(folder)
    assert found["conservation, entries read = sightings"] == "1 found where 2 should be"
    assert found["sightings"].endswith("it has 1 rows instead of 2")


def test_a_file_that_was_added_is_named(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    assert problems(folder) == {"notes.txt": "was not published with the release"}


def test_data_docs_are_looked_at_too(folder: Path) -> None:
    rewritten(folder / "validation/data_docs/index.html", b"<p>all is well</p>")
    assert set(problems(folder)) == {"validation/data_docs/index.html"}


@pytest.mark.parametrize("name", ["SHA256SUMS", "validation/data_docs/SHA256SUMS"])
def test_a_list_of_sums_that_is_gone_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert name in problems(folder)


def test_a_folder_under_another_name_is_named(folder: Path) -> None:
    other = folder.rename(folder.with_name("2025-06-10-00000000"))
    assert set(problems(other)) == {"manifest.json"}


def test_a_release_with_other_columns_is_verified_by_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier version of the workflow published stays what it is."""
    known = dictionary.tables()
    later = dict(known)
    column = dictionary.Column("pages", "int32", "Number of pages.")
    later["matches"] = replace(known["matches"], columns=(*known["matches"].columns, column))
    monkeypatch.setattr(dictionary, "tables", lambda: later)
    assert problems(folder) == {}


def test_a_release_with_hashes_by_a_former_definition_is_said_to_be_one_and_is_not_damaged(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hashed_formerly(folder)
    assert main(["verify", "latest", "--results", str(folder.parents[1])]) == 0
    said = capsys.readouterr().out
    assert f"{folder.name} is what was published, as far as it was looked at." in said
    assert (
        "not looked at: the tables value for value, and the version: its hashes of content are by "
        "definition 1, those of this workflow by definition 2"
    ) in said
    found = verify(Version.open(folder))
    n_tables = len(Version.open(folder).manifest["tables"] | Version.open(folder).manifest["told"])
    assert f"the number of rows of {n_tables} tables" in found.passed
    assert not any("value for value" in text for text in found.passed)


def test_of_a_former_definition_files_rows_and_sums_are_looked_at_all_the_same(
    folder: Path,
) -> None:
    hashed_formerly(folder)
    (folder / "matches.parquet").unlink()
    edited(folder, "papers", "title", "Moons")
    frame = pl.read_parquet(folder / "sightings.parquet")
    tables.write_parquet(frame.head(1), "sightings", folder / "sightings.parquet")
    rewritten(folder / "dumps.parquet", b"PAR1")
    found = problems(folder)
    changed = "its bytes are not those that were published"
    assert found["papers.parquet"] == changed
    assert found["matches"] == "the table is gone"
    assert found["sightings"] == "it has 1 rows instead of 2"
    assert found["dumps"].startswith("the table cannot be read: ")


def test_of_a_former_definition_the_folder_has_to_have_its_name(folder: Path) -> None:
    hashed_formerly(folder)
    other = folder.rename(folder.with_name("2025-06-10-00000000"))
    assert set(problems(other)) == {"manifest.json"}


def test_the_command_says_what_differs_and_ends_with_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "matches.parquet").unlink()
    results = str(folder.parents[1])
    assert main(["verify", "latest", "--results", results]) == 1
    assert "matches.parquet: is gone" in capsys.readouterr().out
    assert main(["verify", "latest", "--results", results, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert {"what": "matches.parquet", "how": "is gone"} in document["problems"]
    assert not document["is_whole"]


@pytest.mark.parametrize("asked", ["2025-06-11", "latest"])
def test_a_release_that_is_not_there_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    assert main(["verify", asked, "--results", str(tmp_path)]) == 2
    assert "there is no release" in capsys.readouterr().err
