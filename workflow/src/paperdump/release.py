"""The release stage: an immutable folder per version, and ``latest`` that points at one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from paperdump import __version__, arrow, changes, dictionary, tables
from paperdump.errors import PaperdumpError
from paperdump.report import is_whole

# Where a dump or the results lie is no part of what a release is.
_PLACES = ("dumps", "results", "upload")
_STALE = re.compile(r"\.(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|undated)-[0-9a-f]{8}\.tmp")


def manifest(
    identity: Mapping[str, Any],
    files: Mapping[str, Path],
    config: Mapping[str, Any],
    code_digest: str,
    packages: Mapping[str, str],
    validation: Mapping[str, Any],
) -> dict[str, Any]:
    """What a release was made from and what is in it; nothing in it depends on folders or time.

    Args:
        identity: The version, and the content hash per table.
        files: The Parquet file of each table by name, summaries included.
        config: The settings of the run.
        code_digest: Digest of the code of all stages.
        packages: Versions of the packages that the results depend on.
        validation: The document of the validation.
    """
    inputs = tables.read_parquet(files["dumps"], "dumps")
    counts = ("expectations", "passed", "failed_critical", "failed_warning")
    return {
        "version": identity["version"],
        "paperdump": __version__,
        "inputs": inputs.select("dump_id", "path", "bytes", "sha256", "n_members").to_dicts(),
        "config": {k: v for k, v in config.items() if k not in _PLACES},
        "code_digest": code_digest,
        "packages": dict(packages),
        "tables": {
            name: {
                "rows": tables.row_count(file),
                "content_sha256": identity["tables"][name],
            }
            for name, file in files.items()
        },
        "validation": {name: validation[name] for name in counts},
    }


def publish(
    results: Path,
    document: Mapping[str, Any],
    files: Mapping[str, Path],
    validation_folder: Path,
) -> Path:
    """Publish a release: write it beside the others, then point ``latest`` at it.

    The folder is written under a temporary name, flushed to disk and renamed, so a release is
    whole or not there. A version that is there already is left as it is.

    Args:
        results: The results folder.
        document: The manifest.
        files: The Parquet file of each table by name; a CSV beside it is published too.
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
    if not is_whole(folder):
        with _written_whole(folder) as temporary:
            for name, file in files.items():
                target = temporary / name
                target.parent.mkdir(parents=True, exist_ok=True)
                for suffix in (".parquet", ".csv"):
                    if file.with_suffix(suffix).is_file():
                        shutil.copyfile(file.with_suffix(suffix), f"{target}{suffix}")
            for name, frame in _since(latest, files).items():
                tables.write_parquet(frame, name, temporary / f"{name}.parquet")
            shutil.copytree(validation_folder, temporary / "validation")
            published = [n for n, t in dictionary.tables().items() if t.published]
            tables.write_json(temporary / "dictionary.json", dictionary.as_document(published))
            tables.write_json(temporary / "manifest.json", {**document, "files": _sizes(temporary)})
    tables.point(latest, Path("releases") / folder.name)
    return folder


def _since(latest: Path, files: Mapping[str, Path]) -> dict[str, pl.DataFrame]:
    """What changed since the release that ``latest`` points at."""
    if not is_whole(latest):
        return {name: tables.frame_of(name, []) for name in ("changes", "redirects")}

    def old(name: str) -> pl.DataFrame:
        return pl.read_parquet(latest / f"{name}.parquet")

    papers = tables.read_parquet(files["papers"], "papers")
    sightings = tables.read_parquet(files["sightings"], "sightings")
    return {
        "changes": changes.papers_changed(old("papers"), papers),
        "redirects": changes.redirects(old("sightings"), old("redirects"), sightings),
    }


@contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    """A temporary folder that takes a folder's name, flushed to disk, if the block succeeds."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stale in folder.parent.iterdir():
        if _STALE.fullmatch(stale.name):  # of a run that was killed
            shutil.rmtree(stale)
    temporary = folder.parent / f".{folder.name}.tmp"
    temporary.mkdir()
    try:
        yield temporary
        for path in sorted(temporary.rglob("*")):
            arrow.flush(path)
        arrow.flush(temporary)
        if folder.exists():  # damaged: what takes its place has the same content
            shutil.rmtree(folder)
        temporary.rename(folder)
        arrow.flush(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sizes(folder: Path) -> dict[str, int]:
    """The bytes of each file of a release, by path; Data Docs, which name their day, left out."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    return {name: size for name, size in names.items() if "data_docs/" not in name}


# batch, fingerprint, number of a marker, suffix: what this workflow names its work, and no other
_MADE_HERE = re.compile(r"(?:(?:[01]+|all)-)?[0-9a-f]{16}(?:-[0-9]+)?(?:\.[a-z]+)?")


def prune_work(results: Path, keep: Sequence[str]) -> None:
    """Remove what earlier plans left of their work, with its logs and benchmarks.

    Args:
        results: The results folder.
        keep: The places, below the folder ``work``, of the plan that was carried out.
    """
    kept = {tuple(Path(place).with_suffix("").parts) for place in keep}
    stages = {stage for stage, _ in kept}
    for folder in ("work", "logs", "benchmarks"):
        for path in (p for stage in stages for p in (results / folder / stage).glob("*")):
            fingerprint = re.sub(r"^(.*[0-9a-f]{16}).*", r"\1", path.name)
            if _MADE_HERE.fullmatch(path.name) and (path.parent.name, fingerprint) not in kept:
                is_folder = path.is_dir() and not path.is_symlink()
                shutil.rmtree(path) if is_folder else path.unlink()
