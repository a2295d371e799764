"""What describes a release: each text passes the validator of those who defined its format."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from paperdump import describe, dictionary, tables
from paperdump.dictionary import Table
from tests.conftest import EXAMPLES
from tests.tables_of import release_of_folder
from tests.unit.test_release import publish

pytestmark = pytest.mark.xdist_group("describe")

DOCUMENTS = {"datapackage.json", "croissant.json", "README.md", "LICENSE.md"}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("described"), release_of_folder(EXAMPLES))


def files_of(release: Path) -> dict[str, Path]:
    return {p.relative_to(release).as_posix(): p for p in release.rglob("*") if p.is_file()}


def published_tables() -> list[Table]:
    return [table for table in dictionary.tables().values() if table.published]


def header_of(release: Path) -> dict[str, Any]:
    text = (release / "README.md").read_text("utf-8")
    header: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return header


def test_a_release_is_described(release: Path) -> None:
    assert set(files_of(release)) >= DOCUMENTS


def test_the_same_release_has_the_same_texts(release: Path) -> None:
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    files = files_of(release)
    made = describe.documents(manifest, files)
    assert set(made) == DOCUMENTS
    for name, text in made.items():
        assert text == (release / name).read_text("utf-8"), name
    turned = dict(reversed(files.items()))
    assert describe.documents(manifest, turned) == made
    assert str(release) not in "".join(made.values())


def test_frictionless_finds_no_fault_and_reads_every_file(release: Path) -> None:
    frictionless = pytest.importorskip(
        "frictionless", reason="frictionless is not installed: pip install '.[test]'"
    )
    document = release / "datapackage.json"
    assert frictionless.Package.validate_descriptor(str(document)).flatten(["message"]) == []
    report = frictionless.Package(str(document)).validate()
    assert report.flatten(["name", "message"]) == []
    described = {task.place for task in report.tasks}
    assert described == {n for n in files_of(release) if n.endswith((".parquet", ".csv"))}


def test_frictionless_finds_a_byte_that_was_changed(release: Path, tmp_path: Path) -> None:
    frictionless = pytest.importorskip(
        "frictionless", reason="frictionless is not installed: pip install '.[test]'"
    )
    for name, path in files_of(release).items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    data = bytearray((tmp_path / "papers.parquet").read_bytes())
    data[100] ^= 1
    (tmp_path / "papers.parquet").write_bytes(data)
    report = frictionless.Package(str(tmp_path / "datapackage.json")).validate()
    wrong = [(t.place, [e.type for e in t.errors]) for t in report.tasks if not t.valid]
    assert wrong == [("papers.parquet", ["hash-count"])]


def test_mlcroissant_finds_no_fault_and_reads_every_table(release: Path) -> None:
    mlcroissant = pytest.importorskip(
        "mlcroissant", reason="mlcroissant is not installed: pip install '.[test]'"
    )
    dataset = mlcroissant.Dataset(jsonld=str(release / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    # a version is a day and a hash of the content, and semantic versions say less
    assert [w for w in issues.warnings if "MAJOR.MINOR.PATCH" not in str(w)] == []
    published = {table.name for table in published_tables()}
    assert {record_set.id for record_set in dataset.metadata.record_sets} == published
    for name in published:
        rows = sum(1 for _ in dataset.records(record_set=name))
        assert rows == tables.row_count(release / f"{name}.parquet"), name
    expected = pl.read_parquet(release / "papers.parquet")
    for row, paper in zip(dataset.records("papers"), expected.to_dicts(), strict=True):
        assert row["papers/title"].decode() == paper["title"]
        day = row["papers/published_on"]
        assert (None if day is None else day.date()) == paper["published_on"]


def test_the_hub_reads_the_header_of_the_card(release: Path) -> None:
    hub = pytest.importorskip(
        "huggingface_hub", reason="huggingface_hub is not installed: pip install '.[test]'"
    )
    card = hub.DatasetCard.load(release / "README.md")
    assert card.data.license == "other"
    assert card.data.size_categories == ["n<1K"]
    assert card.data.pretty_name
    by_name = {config["config_name"]: config["data_files"] for config in card.data.configs}
    assert set(by_name.values()) == {n for n in files_of(release) if n.endswith(".parquet")}
    assert by_name["papers"] == "papers.parquet"
    # the Hub refuses a name of a configuration with these
    assert not [name for name in by_name if re.search(r'[<>:/\\|?*"]', name)]


def test_the_card_tells_rows_columns_completeness_and_rights(release: Path) -> None:
    text = (release / "README.md").read_text("utf-8")
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    assert manifest["version"] in text
    assert "| `papers.parquet` | 19 | is a distinct paper" in text
    assert "| `published_on` | 15 | 78.9% |" in text
    assert "| hf-text | 5 | 29 |" in text
    assert "| unknown | 4 | 21.1% |" in text
    for table in published_tables():
        section = text.split(f"\n### {table.name}\n")[1].split("\n#")[0]
        assert all(f"\n| `{column}` |" in section for column in table.column_names)
    assert "| `urls` | `list<string>` | yes |" in text
    assert "| `n_authors` | `int32`, authors | yes |" in text
    rights = (release / "LICENSE.md").read_text("utf-8")
    assert "belong to their authors" in rights
    assert "Hugging Face" in rights
    assert "arXiv's metadata" not in rights  # no dump of the examples is from there
    assert header_of(release)["license_link"] == "LICENSE.md"


def test_every_row_of_a_table_of_the_card_has_as_many_cells_as_its_head(release: Path) -> None:
    for block in (release / "README.md").read_text("utf-8").split("\n\n"):
        if block.startswith("|"):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(cells) == 1, block


def test_hashes_and_sizes_are_those_of_the_files(release: Path) -> None:
    package = json.loads((release / "datapackage.json").read_text("utf-8"))
    croissant = json.loads((release / "croissant.json").read_text("utf-8"))
    of_croissant = {file["contentUrl"]: file["sha256"] for file in croissant["distribution"]}
    for resource in package["resources"]:
        data = (release / resource["path"]).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        assert (resource["bytes"], resource["hash"]) == (len(data), f"sha256:{digest}")
        assert of_croissant.get(resource["path"], digest) == digest


def test_a_schema_says_what_the_dictionary_says(release: Path) -> None:
    package = json.loads((release / "datapackage.json").read_text("utf-8"))
    schemas = {resource["name"]: resource["schema"] for resource in package["resources"]}
    fields = {field["name"]: field for field in schemas["papers"]["fields"]}
    assert fields["paper_id"]["constraints"]["unique"]
    assert fields["published_on"]["type"] == "date"
    assert fields["authors"]["type"] == "array"
    assert fields["published_on_evidence"]["constraints"]["enum"][0] == "corrected"
    assert schemas["papers"]["primaryKey"] == ["paper_id"]
    assert {
        "fields": ["paper_id"],
        "reference": {"resource": "papers", "fields": ["paper_id"]},
    } in (schemas["sightings"]["foreignKeys"])
    assert "foreignKeys" not in schemas["redirects"]  # they name what is gone


def test_a_release_without_a_day_or_summaries_is_described_too(tmp_path: Path) -> None:
    tables.write_parquet(tables.frame_of("papers", []), "papers", tmp_path / "papers.parquet")
    files = {"papers.parquet": tmp_path / "papers.parquet", "notes.txt": tmp_path / "none"}
    made = describe.documents({"version": "undated-0badcafe"}, files)
    assert "datePublished" not in json.loads(made["croissant.json"])
    assert [r["name"] for r in json.loads(made["datapackage.json"])["resources"]] == ["papers"]
    assert "| `papers.parquet` | 0 |" in made["README.md"]
