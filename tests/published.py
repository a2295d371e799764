"""Releases for tests: published from small tables as the workflow does it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from paperdump import release, summarize, tables, versions
from paperdump.releases import SUMS, file_hash, read_sums, sums_text

CHECKS = {"expectations": 1, "passed": 1, "failed_critical": 0, "failed_warning": 0, "tables": {}}


def prepared(
    folder: Path, made: Mapping[str, pl.DataFrame], **manifest: Any
) -> tuple[dict[str, Any], dict[str, Path]]:
    """What the release stage is given for tables: the manifest, and files in a folder by name.

    Args:
        folder: Where the files are written.
        made: The tables.
        manifest: What the manifest says instead of what it would.
    """
    folder.mkdir(parents=True, exist_ok=True)
    summaries = summarize.summarize(made)
    facts = {n: versions.facts_of_frame(frame, n) for n, frame in made.items()} | {
        f"summaries/{n}": versions.facts_of_frame(s, f"summaries/{n}") for n, s in summaries.items()
    }
    version = versions.identify(facts, versions.newest_day(made["dumps"], made["papers"]))
    every = dict(made) | {
        f"summaries/{n}": summarize.with_version(s, version) for n, s in summaries.items()
    }
    files = {}
    for name, frame in every.items():
        files[name] = folder / "tables" / f"{name}.parquet"
        tables.write_parquet(frame, name, files[name])
        if name.startswith("summaries/"):
            tables.write_csv(frame, name, files[name].with_suffix(".csv"))
    tables.write_json(folder / "validation" / "results.json", CHECKS)
    failures = "validation/failures"
    tables.write_parquet(tables.frame_of(failures, []), failures, folder / f"{failures}.parquet")
    docs = folder / "validation" / "data_docs"
    docs.mkdir(exist_ok=True)
    (docs / "index.html").write_text("<p>made at noon</p>", "utf-8")
    document = release.manifest(
        {"version": version, "tables": facts},
        files["dumps"],
        config={"dumps": "/somewhere", "results": "/elsewhere", "parse": {"max_mb": 1}},
        code_digests={"parse": "0" * 16},
        code_digest="0" * 16,
        packages={"polars": "1"},
        validation=CHECKS,
    )
    named = release.files_to_publish(files, folder / "validation")
    return {**document, **manifest}, named


def publish(
    folder: Path,
    made: Mapping[str, pl.DataFrame],
    results: Path | None = None,
    **manifest: Any,
) -> Path:
    """Publish tables as the workflow does; its working files are in a folder."""
    document, files = prepared(folder, made, **manifest)
    return release.publish(results or folder / "results", document, files)


def copied(release: Path, folder: Path) -> Path:
    """Copy the results folder of a release, with all that is shared in it, to be changed.

    Args:
        release: The release's folder.
        folder: Where to have the folder ``results``.

    Returns:
        The release's folder in the copy.
    """
    results = release.parents[1]
    folder.mkdir(parents=True, exist_ok=True)
    # files that are one stay one: pruning and publishing depend on it
    subprocess.run(["cp", "--archive", results, folder / "results"], check=True)
    return folder / "results" / release.relative_to(results)


def hashed_formerly(release: Path) -> None:
    """Make a release what it was when hashes of content were made by definition 1.

    These are not made: they are others than those of now, which is what matters.

    Args:
        release: The release's folder; it keeps its name.
    """
    path = release / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["hash_definition"]
    for name, facts in (manifest["tables"] | manifest["told"]).items():
        facts["content_sha256"] = hashlib.sha256(name.encode()).hexdigest()
        facts["column_sha256"] = dict.fromkeys(facts["column_sha256"], "0" * 64)
    sums = read_sums(release / SUMS)
    for file in (path, release / SUMS):
        file.chmod(0o644)
    tables.write_json(path, manifest)
    sums[path.name] = file_hash(path)
    (release / SUMS).write_text(sums_text(sums), "utf-8")


def content(folder: Path) -> dict[str, bytes]:
    """The bytes of all files below a folder, by their paths."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
