"""The real dumps: against their checked truth, twice over, and with bad ones among them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import ROOT, snakemake
from tests.pages import HEADER, Listed, bare, page

pytestmark = pytest.mark.xdist_group("real")


def run_on(
    dumps: Path, folder: Path, cores: int, *arguments: str
) -> subprocess.CompletedProcess[str]:
    folder.mkdir(parents=True, exist_ok=True)
    run = snakemake(
        folder,
        *arguments,
        "--config",
        f"dumps={dumps}",
        "results=results",
        snakefile=ROOT / "Snakefile",
        cores=cores,
    )
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="module")
def latest(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "two cores"
    run_on(shared / "dumps" / "hf-text", folder, cores=2)
    return folder / "results" / "latest"


def listed(latest: Path) -> list[dict[str, object]]:
    """The sightings of a release, by the name of their dump and position."""
    sightings = pl.read_parquet(latest / "sightings.parquet")
    dumps = pl.read_parquet(latest / "dumps.parquet").select("dump_id", "path")
    return sightings.join(dumps, on="dump_id").sort("path", "position").to_dicts()


def differences(shared: Path, found: list[dict[str, object]]) -> list[str]:
    """Where sightings differ from the truth."""
    truth = [
        json.loads(line)
        for line in (shared / "dumps" / "hf-text.gold.jsonl").read_text("utf-8").splitlines()
    ]
    told = []
    if len(truth) != len(found):
        told.append(f"{len(truth)} entries in truth, {len(found)} found")
    same = (
        "position", "title", "n_authors", "organization_slug", "organization_name", "date_text",
        "n_comments",
    )  # fmt: skip
    for expected, row in zip(truth, found, strict=False):
        pairs = {name: (expected[name], row[name]) for name in same}
        pairs["dump"] = (expected["dump"], row["path"])
        pairs["line"] = (expected["line"], row["first_line"])
        abstract = str(row["abstract"]).encode()
        pairs["abstract"] = (expected["abstract_sha256"], hashlib.sha256(abstract).hexdigest())
        day = row["published_on"]
        pairs["published_on"] = (expected["published_on"], None if day is None else str(day))
        evidence = expected["published_on_evidence"]
        of_page = row["published_on_evidence"] in ("confirmed", "inferred")
        pairs["evidence"] = (
            evidence,
            "year of the page" if of_page else row["published_on_evidence"],
        )
        told += [
            f"{expected['dump']}:{expected['line']} {name}: {a!r} != {b!r}"
            for name, (a, b) in pairs.items()
            if a != b
        ]
    return told


def test_the_four_text_dumps_are_read_as_the_checked_truth_says(shared: Path, latest: Path) -> None:
    assert differences(shared, listed(latest)) == []


def test_the_counts_of_the_four_text_dumps(latest: Path) -> None:
    rows = {
        name: pl.read_parquet(latest / f"{name}.parquet")
        for name in ("papers", "sightings", "dumps", "rejects")
    }
    assert {name: table.height for name, table in rows.items()} == {
        "papers": 231, "sightings": 247, "dumps": 4, "rejects": 0,
    }  # fmt: skip
    papers = rows["papers"]
    assert papers["n_authors"].count() == 141
    assert papers["organization_slug"].count() == 3
    assert papers["published_on"].count() == 144
    assert papers["abstract"].count() == 231


def test_the_years_of_the_four_text_dumps(latest: Path) -> None:
    dumps = pl.read_parquet(latest / "dumps.parquet").with_columns(pl.col("path").str.head(3))
    days = dumps.select("path", "snapshot_on", "year_evidence", "snapshot_earliest").sort("path")
    assert days.rows() == [
        ("000", None, None, dt.date(2025, 3, 11)),
        ("001", dt.date(2025, 12, 12), "confirmed", dt.date(2025, 12, 12)),
        ("002", dt.date(2026, 6, 10), "inferred", dt.date(2026, 6, 10)),
        ("003", dt.date(2025, 12, 5), "inferred", dt.date(2025, 12, 5)),
    ]
    assert pl.read_parquet(latest / "contradictions.parquet").is_empty()
    titles = pl.read_parquet(latest / "sightings.parquet").select("entry_id", "title")
    witness = dumps.filter(pl.col("path") == "001").join(
        titles, left_on="snapshot_latest_witness_id", right_on="entry_id"
    )
    assert witness["title"].to_list() == ["Debate Helps Weak-to-Strong Generalization"]


def test_another_folder_and_number_of_cores_give_the_same_bytes(
    shared: Path, latest: Path, tmp_path: Path
) -> None:
    """To the end of dedupe: that of a whole release is in test_reproducibility."""
    dumps = shutil.copytree(shared / "dumps" / "hf-text", tmp_path / "copied dumps")
    run_on(dumps, tmp_path / "one core", 1, "--until", "dedupe")

    def files(results: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(results)): path.read_bytes()
            for stage in ("parse", "normalize", "dedupe")
            for path in sorted((results / "work" / stage).rglob("*"))
            if path.is_file()
        }

    # names tell what they are made from
    one, two = files(tmp_path / "one core" / "results"), files(latest.parent)
    assert len(one) > 12
    assert [name for name in one.keys() | two.keys() if one.get(name) != two.get(name)] == []


def test_bad_dumps_are_explained_and_disturb_nothing(shared: Path, tmp_path: Path) -> None:
    dumps = shutil.copytree(shared / "dumps" / "hf-text", tmp_path / "dumps")
    good = page(Listed("An Invented Paper about Names"))
    names = [
        "with space.txt", "q'uo\"te.txt", "new\nline.txt", "-dash.txt", "$(touch HACKED).txt",
        "`touch HACKED`.txt", ";touch HACKED;.txt", "ünï 北京.txt", "{brace}.txt", "*.txt",
    ]  # fmt: skip
    for name in names:
        (dumps / name).write_text(good, "utf-8")
    raw = os.fsdecode(os.fsencode(dumps) + b"/raw\xff.txt")
    Path(raw).write_text(good, "utf-8")
    rejected = {
        "empty.txt": ("empty", b""),
        "picture.txt": ("binary", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4),
        "error.txt": ("unknown_format", b"<!DOCTYPE html><title>502 Bad Gateway</title>\n"),
        "header.txt": ("no_entries", HEADER.encode() + b"Jun 10\n"),
        "cut.txt": (
            "truncated_entry",
            page(Listed("An Invented Paper"), bare("The Next Inven", None)).encode(),
        ),
    }
    for name, (_, data) in rejected.items():
        (dumps / name).write_bytes(data)
    (dumps / "broken.txt").symlink_to("nowhere")
    latin = page(Listed("Größe zählt: naïve Modelle", byline="tide-lab Tide Lab"))
    (dumps / "latin-1.txt").write_bytes(latin.encode("latin-1"))
    (dumps / "nul.txt").write_text(page(Listed("A Title with\0 a NUL")), "utf-8")

    run = run_on(dumps, tmp_path / "run", cores=2)
    assert "Traceback" not in run.stderr
    latest = tmp_path / "run" / "results" / "latest"
    found = listed(latest)
    real = {path.name for path in (shared / "dumps" / "hf-text").iterdir()}
    assert differences(shared, [row for row in found if row["path"] in real]) == []

    table = pl.read_parquet(latest / "dumps.parquet")
    rejects = pl.read_parquet(latest / "rejects.parquet").join(table, on="dump_id")
    reasons = dict(rejects.select("path", "reason").iter_rows())
    assert reasons == {name: reason for name, (reason, _) in rejected.items()} | {
        "broken.txt": "unreadable"
    }
    assert all(len(message) > 20 for message in rejects["message"])
    entries = dict(table.select("path", "n_entries").iter_rows())
    assert {entries[name] for name in [*names, "raw\\xff.txt", "latin-1.txt", "nul.txt"]} == {1}
    notes = dict(table.select("path", "notes").iter_rows())
    assert "Windows-1252" in notes["latin-1.txt"][0]
    assert "NUL" in notes["nul.txt"][0]
    assert not list(tmp_path.rglob("HACKED"))
    assert not (ROOT / "HACKED").exists()
