"""The release stage: an immutable folder per version, and ``latest`` that points at one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from paperdump import __version__, changes, dictionary, tables
from paperdump.errors import PaperdumpError

# Where a dump or the results lie is no part of what a release is.
_PLACES = ("dumps", "results")


def manifest(
    version: str,
    hashes: Mapping[str, str],
    release: Mapping[str, pl.DataFrame],
    config: Mapping[str, Any],
    code_digest: str,
    packages: Mapping[str, str],
    validation: Mapping[str, Any],
) -> dict[str, Any]:
    """What a release was made from and what is in it; nothing in it depends on folders or time.

    Args:
        version: The version.
        hashes: Content hash per table.
        release: The tables of the release by name, summaries included.
        config: The settings of the run.
        code_digest: Digest of the code of all stages.
        packages: Versions of the packages that the results depend on.
        validation: The document of the validation.
    """
    inputs = release["dumps"].select("dump_id", "path", "bytes", "sha256")
    return {
        "version": version,
        "paperdump": __version__,
        "inputs": inputs.to_dicts(),
        "config": {k: v for k, v in config.items() if k not in _PLACES},
        "code_digest": code_digest,
        "packages": dict(packages),
        "tables": {
            name: {"rows": frame.height, "content_sha256": hashes[name]}
            for name, frame in sorted(release.items())
        },
        "validation": {
            k: validation[k] for k in ("expectations", "passed", "failed_critical", "failed_warning")
        },
    }


def publish(
    results: Path,
    document: Mapping[str, Any],
    release: Mapping[str, pl.DataFrame],
    validation_folder: Path,
) -> Path:
    """Publish a release: write it beside the others, then point ``latest`` at it.

    The folder is written under a temporary name, flushed to disk and renamed, so a release is
    whole or not there. A version that is there already is left as it is.

    Args:
        results: The results folder.
        document: The manifest.
        release: The tables by name, summaries included.
        validation_folder: Results of the validation and Data Docs.

    Returns:
        The release's folder.

    Raises:
        PaperdumpError: ``latest`` is something that this workflow did not make.
    """
    releases, latest = results / "releases", results / "latest"
    if latest.exists() and not latest.is_symlink():
        raise PaperdumpError(
            f"{latest} is not a link to a release; move it away, so that it can become one."
        )
    folder = releases / str(document["version"])
    if not (folder / "manifest.json").is_file():
        with _written_whole(folder) as temporary:
            for name, frame in {**release, **_since(latest, release)}.items():
                tables.write_parquet(frame, name, temporary / f"{name}.parquet")
                if name.startswith("summaries/"):
                    tables.write_csv(frame, name, temporary / f"{name}.csv")
            shutil.copytree(validation_folder, temporary / "validation")
            published = [n for n, t in dictionary.tables().items() if t.published]
            tables.write_json(temporary / "dictionary.json", dictionary.as_document(published))
            tables.write_json(temporary / "manifest.json", document)
    _point(latest, Path("releases") / folder.name)
    return folder


def _since(latest: Path, release: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """What changed since the release that ``latest`` points at."""
    if not (latest / "manifest.json").is_file():
        return {"changes": changes.no_changes(), "redirects": changes.no_redirects()}
    old = {n: pl.read_parquet(latest / f"{n}.parquet") for n in ("papers", "sightings", "redirects")}
    return {
        "changes": changes.papers_changed(old["papers"], release["papers"]),
        "redirects": changes.redirects(old["sightings"], old["redirects"], release["sightings"]),
    }


@contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    """A temporary folder that takes a folder's name, flushed to disk, if the block succeeds."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stale in folder.parent.glob(".*.tmp"):
        shutil.rmtree(stale, ignore_errors=True)
    temporary = folder.parent / f".{folder.name}.tmp"
    temporary.mkdir()
    try:
        yield temporary
        for path in sorted(temporary.rglob("*")):
            _flush(path)
        _flush(temporary)
        if folder.exists():  # without a manifest: not written by this function
            raise PaperdumpError(f"{folder} is there and is no release; move it away.")
        temporary.rename(folder)
        _flush(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _point(link: Path, target: Path) -> None:
    """Make a link point at a target, in one step."""
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)
    _flush(link.parent)
