"""A user's folder is a mix: every format, packed in every way, in one run."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import ROOT, snakemake
from tests.renderings import RENDERINGS, Paper

PAPERS = [
    Paper("2605.00001", "Tides of the Shore", "We study tides. They rise.", comments=3, upvotes=9),
    Paper("2605.00002", "Moons of the Sea", "Moons matter. They pull.", ("Jo Tern",)),
    Paper(
        "2605.00003", "Waves of the Deep", "Waves. Many of them.", organization=("sea", "Sea Lab")
    ),
]


def packed_in_every_way(folder: Path, names: list[str]) -> None:
    """Beside each file of a folder: it gzipped, in a zip, in a tar."""
    for name in names:
        data = (folder / name).read_bytes()
        (folder / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(Path(name).name, data)
        with tarfile.open(folder / f"{name}.tar", "w") as tar:
            info = tarfile.TarInfo(Path(name).name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def run_on(folder: Path, results: Path, *, to_release: bool = True) -> dict[str, pl.DataFrame]:
    """The tables that a folder of dumps leads to: of the release, or as dedupe leaves them."""
    run = snakemake(
        folder.parent,
        *([] if to_release else ["--until", "dedupe"]),
        "--directory",
        str(folder.parent),
        "--config",
        f"dumps={folder}",
        f"results={results}",
        snakefile=ROOT / "Snakefile",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    names = ("papers", "sightings", "dumps", "rejects", "matches")
    [made] = [results / "latest"] if to_release else (results / "work" / "dedupe").iterdir()
    return {name: pl.read_parquet(made / f"{name}.parquet") for name in names}


def recognised(release: dict[str, pl.DataFrame]) -> set[str]:
    """The rules by which repeats were recognised; every one of them says by which."""
    same = release["matches"].filter(pl.col("match_decision") == "same")
    said = {*same["entry_id_kept"], *same["entry_id_repeat"]}
    several = release["sightings"].filter(pl.len().over("paper_id") > 1)
    assert said == set(several["entry_id"])
    return set(same["match_rule"])


def test_every_format_packed_in_every_way_is_the_same_papers(tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    for name, (_, render, _) in RENDERINGS.items():
        (folder / name).write_text(render(PAPERS), "utf-8")
    packed_in_every_way(folder, list(RENDERINGS))
    release = run_on(folder, tmp_path / "results")
    count = len(RENDERINGS) * 4
    assert release["sightings"].height == count * len(PAPERS)
    assert release["rejects"].height == 0
    assert release["papers"].sort("arxiv_id").select("arxiv_id", "title", "n_sightings").rows() == [
        (paper.arxiv_id, paper.title, count) for paper in PAPERS
    ]
    assert recognised(release) == {"same_arxiv_id", "same_title"}
    dumps = release["dumps"]
    assert dumps.filter(pl.col("n_members").is_null()).height == count
    assert dumps.filter(pl.col("n_members") == 1)["format"].value_counts().sort(
        "format"
    ).rows() == [
        ("tar", len(RENDERINGS)),
        ("zip", len(RENDERINGS)),
    ]
    manifest = json.loads((tmp_path / "results" / "latest" / "manifest.json").read_text("utf-8"))
    assert len(manifest["inputs"]) == dumps.height


# file → entries, counted by eye
SAMPLES = {
    "hf-text/000_13ad6818afced49d.txt": 91,
    "hf-text/001_eaf0a1b246e94eca.txt": 53,
    "hf-text/002_4af7ffa78019fe06.txt": 66,
    "hf-text/003_43056920de02ad22.txt": 37,
    "hf-captures/markdown_2026-10-02.md": 3,
    "hf-captures/text-with-reference-links_2026-06-29.md": 3,
    "hf-json/2024-05-27.json": 13,
    "hf-json/2024-06-21.json": 21,
    "hf-json/2024-12-11.json": 26,
    "hf-json/2025-01-10.json": 9,
    "hf-json/2025-10-13.json": 33,
    "hf-json/2026-05-29.json": 45,
    "hf-json/2026-08-21.json": 17,
    "arxiv-jsonl/kaggle-excerpt.jsonl": 60,
    "arxiv-atom/query-testing.xml": 10,
    "arxiv-oai/arxiv_1711_04702.xml": 1,
    "arxiv-oai/arxiv_multi_20230125.xml": 3,
}


@pytest.mark.xdist_group("real")
def test_all_real_samples_packed_in_every_way(shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    for name in SAMPLES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((shared / "dumps" / name).read_bytes())
    alone = run_on(folder, tmp_path / "alone")
    found = alone["dumps"].select("path", "n_entries").rows()
    assert dict(found) == SAMPLES
    # the one reject is the upvotes at the end of the text capture, whose entry was cut off
    assert alone["rejects"]["reason"].to_list() == ["truncated_entry"]
    packed_in_every_way(folder, list(SAMPLES))
    mixed = run_on(folder, tmp_path / "mixed", to_release=False)
    assert mixed["sightings"].height == 4 * sum(SAMPLES.values())
    assert mixed["rejects"].height == 4
    names = ["paper_id", "title", "arxiv_id", "doi"]
    assert mixed["papers"].select(names).equals(alone["papers"].select(names))
    assert recognised(mixed) <= {"same_arxiv_id", "same_doi", "same_title"}
