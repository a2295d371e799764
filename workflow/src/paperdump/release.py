"""The release stage: an immutable folder per version, and ``latest`` that points at one.

The version follows from the content alone. What a release says of others (changes, redirects, the
history of its summaries, its parent) follows from the content and from what was published before,
in that order: the same sequence of contents gives the same files.
"""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from paperdump import (
    __version__,
    arrow,
    changes,
    changes_text,
    describe,
    dictionary,
    tables,
    versions,
)
from paperdump.errors import PaperdumpError
from paperdump.history import stacked
from paperdump.redirects import Earlier, led_by, redirects
from paperdump.releases import (
    DATA_DOCS,
    SUMS,
    Releases,
    Version,
    file_hash,
    files_of,
    read_sums,
    sums_text,
)
from paperdump.report import is_whole

# Where a dump or the results lie is no part of what a release is.
_PLACES = ("dumps", "results", "upload")
_STALE = re.compile(r"\.(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|undated)-[0-9a-f]{8}(?:\.damaged)?\.tmp")
_READ_ONLY = 0o444


def manifest(
    identity: Mapping[str, Any],
    dumps: Path,
    config: Mapping[str, Any],
    code_digests: Mapping[str, str],
    code_digest: str,
    packages: Mapping[str, str],
    validation: Mapping[str, Any],
) -> dict[str, Any]:
    """What a release was made from and what is in it; nothing in it depends on folders or time.

    Args:
        identity: The version, and by name what ``versions.facts_of_file`` says of each table,
            summaries included.
        dumps: The Parquet file of the table ``dumps``.
        config: The settings of the run.
        code_digests: Digest of the code of each stage by its name.
        code_digest: Digest of the code of all stages.
        packages: Versions of the packages that the results depend on.
        validation: The document of the validation.
    """
    inputs = tables.read_parquet(dumps, "dumps")
    counts = ("expectations", "passed", "failed_critical", "failed_warning")
    return {
        "version": identity["version"],
        "paperdump": __version__,
        "inputs": inputs.select("dump_id", "path", "bytes", "sha256", "n_members").to_dicts(),
        "config": {k: v for k, v in config.items() if k not in _PLACES},
        "code_digest": code_digest,
        "code_digests": dict(code_digests),
        "packages": dict(packages),
        "hash_definition": tables.HASH_DEFINITION,
        "tables": dict(identity["tables"]),
        "validation": {name: validation[name] for name in counts},
    }


def files_to_publish(files: Mapping[str, Path], validation_folder: Path) -> dict[str, Path]:
    """The files of a release that stages before made, by their names in it.

    Args:
        files: The Parquet file of each table by name; a CSV beside it is published too.
        validation_folder: Results of the validation and Data Docs.
    """
    found = {
        f"{name}{suffix}": file.with_suffix(suffix)
        for name, file in files.items()
        for suffix in (".parquet", ".csv")
        if file.with_suffix(suffix).is_file()
    }
    return found | {f"validation/{n}": validation_folder / n for n in files_of(validation_folder)}


def publish(
    results: Path,
    document: Mapping[str, Any],
    files: Mapping[str, Path],
    sums: Mapping[str, str] | None = None,
) -> Path:
    """Publish a release: write it beside the others, then point ``latest`` at it.

    The folder is written under a temporary name, flushed to disk and renamed, so a release is
    whole or not there. A version that is there already is left as it is, with what it says of the
    release before it; one that is damaged is written anew, as it was.

    Args:
        results: The results folder.
        document: The manifest, as far as it does not depend on other releases.
        files: The files by their names in the release.
        sums: The SHA-256 that files had when they were made, by their names: such a file is not
            copied where the disk has hard links, and is never published if it changed since.

    Returns:
        The release's folder.

    Raises:
        PaperdumpError: ``latest`` is something that this workflow did not make; or a file is not
            as it was made.
    """
    releases, latest = Releases(results), results / "latest"
    if latest.exists() and not latest.is_symlink():
        raise PaperdumpError(
            f"{latest} is not a link to a release; move it away, so that it can become one."
        )
    version = str(document["version"])
    folder = releases.folder / version
    if not is_whole(folder):
        earlier, parent = releases.before(version)
        number = releases.number_of(version)
        with _written_whole(folder) as temporary, ThreadPoolExecutor(2) as beside:
            _put(temporary, files, sums or {})
            known = beside.submit(_as_made, temporary, files, sums or {})
            told = {
                **document,
                "number": number,
                "parent": parent.name if parent else None,
            }
            try:
                all_known = _tell(Version(temporary, told), earlier, parent, known, beside)
            except Exception:
                known.result()  # a file that is not as it was made would be why
                raise
            _seal(temporary, earlier, all_known)
    elif releases.latest == version:
        return folder
    releases.write_index(Version.open(folder))
    tables.point(latest, Path("releases") / version)
    return folder


def _put(folder: Path, files: Mapping[str, Path], known: Collection[str]) -> None:
    """Put files into a folder, those whose sums are known as hard links where the disk has them."""
    for name, file in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name not in known:
            shutil.copyfile(file, folder / name)
            continue
        try:
            os.link(file, folder / name)
        except OSError:  # another file system, or none that has hard links
            shutil.copyfile(file, folder / name)


def _as_made(
    folder: Path, files: Mapping[str, Path], expected: Mapping[str, str]
) -> dict[str, str]:
    """The sums of the files that were put into a folder, of those that have one to be expected.

    Raises:
        PaperdumpError: A file has another sum than it had.
    """
    sums = {name: file_hash(folder / name) for name in files if name in expected}
    for name, digest in sums.items():
        if digest != expected[name]:
            raise PaperdumpError(
                f"{files[name]} is not as it was made: its bytes differ, and it is not published. "
                "Remove it and run again; it is made anew."
            )
    return sums


def _tell(
    new: Version,
    earlier: Sequence[Version],
    parent: Version | None,
    known: Future[dict[str, str]],
    beside: ThreadPoolExecutor,
) -> dict[str, str]:
    """Write into a release's folder what it says of itself and of those before it.

    Args:
        new: The release.
        earlier: Those before it.
        parent: The one that it follows.
        known: What makes the SHA-256 of files in its folder, as far as they are to be known.
        beside: What writes the history of the summaries meanwhile.

    Returns:
        These, and those of more files.
    """
    folder = new.folder
    near = ([parent] if parent else []) + [v for v in reversed(earlier) if v is not parent]
    written = {
        f"{dictionary.HISTORY}{name}": beside.submit(_write_history, name, new, near)
        for name in sorted(dictionary.summary_names(), key=partial(_bytes_of_summary, folder))
    }
    told: dict[str, pl.DataFrame] = {"changes": tables.frame_of("changes", [])}
    paths = changes.Paths.between(parent, new) if parent else None
    if parent:
        told["changes"] = changes.between(parent, new, paths)
    retired = Releases(folder.parents[1]).retired()
    led = _of_earlier(near, new, retired, {parent: paths} if parent else {})
    told["redirects"] = redirects(led, new.read("papers", ["paper_id"]))
    facts = {name: _write_told(folder, name, frame) for name, frame in told.items()}
    facts |= {name: made.result() for name, made in written.items()}
    (folder / "CHANGES.md").write_text(changes_text.text_of(told["changes"], parent, new), "utf-8")
    published = [n for n, t in dictionary.tables().items() if t.published]
    tables.write_json(folder / "dictionary.json", dictionary.as_document(published))
    there = {name: folder / name for name in files_of(folder)}
    expected = known.result()
    sums = {name: expected.get(name) or file_hash(file) for name, file in there.items()}
    for name, text in describe.documents(new.manifest, there, sums).items():
        (folder / name).write_text(text, "utf-8")
    document = {
        **new.manifest,
        "told": facts,
        "files": _sizes(folder),
    }
    tables.write_json(folder / "manifest.json", document)
    return sums


def _bytes_of_summary(folder: Path, name: str) -> int:
    """The size of a summary, negative: the largest is to be the first."""
    file = folder / f"{dictionary.SUMMARIES}{name}.parquet"
    return -file.stat().st_size if file.exists() else 0


def _write_history(name: str, new: Version, near: Sequence[Version]) -> dict[str, Any]:
    """Write the history of a summary; what the manifest says of it."""
    return _write_told(new.folder, f"{dictionary.HISTORY}{name}", stacked(name, new, near))


def _write_told(folder: Path, name: str, told: pl.DataFrame) -> dict[str, Any]:
    """Write a table that tells of releases; what the manifest says of it."""
    tables.write_parquet(told, name, folder / f"{name}.parquet")
    return versions.facts_of_frame(told, name, blocks=False)


def _of_earlier(
    near: Sequence[Version],
    new: Version,
    retired: pl.DataFrame,
    paths: Mapping[Version, changes.Paths | None],
) -> Iterator[Earlier]:
    """The earlier releases that know ids which none of those before them in the order knows.

    Args:
        near: The earlier releases.
        new: The release.
        retired: The redirects that removed releases leave.
        paths: What of an earlier release is what of this one, as far as that is known already.
    """
    known = pl.DataFrame(schema={"paper_id": pl.String})
    for version in near:
        led = led_by(version, retired)
        papers = version.read("papers", ["paper_id"])
        ids = pl.concat([papers, led.select(paper_id="old_paper_id")]).unique()
        if ids.join(known, on="paper_id", how="anti").height:
            yield Earlier(changes.paper_links(version, new, paths.get(version)), papers, led)
            known = pl.concat([known, ids]).unique()


def _seal(folder: Path, earlier: Sequence[Version], known: Mapping[str, str]) -> None:
    """Write the sums of all files, share those that earlier releases have, make all read-only.

    Sums that are ``known`` are not made again.

    Data Docs say when they were made: their sums are in a list of their own beside them, so that
    the list of all else is the same for the same release.
    """
    docs = [name for name in files_of(folder) if name.startswith(f"{DATA_DOCS}/")]
    if docs:
        names = {name.removeprefix(f"{DATA_DOCS}/"): folder / name for name in docs}
        text = sums_text({name: file_hash(path) for name, path in names.items()})
        (folder / DATA_DOCS / SUMS).write_text(text, "utf-8")
    others = [name for name in files_of(folder) if not name.startswith(f"{DATA_DOCS}/")]
    sums = {name: known.get(name) or file_hash(folder / name) for name in others}
    _share(folder, sums, earlier)
    (folder / SUMS).write_text(sums_text(sums), "utf-8")
    for name in files_of(folder):
        (folder / name).chmod(_READ_ONLY)


def _share(folder: Path, sums: Mapping[str, str], earlier: Sequence[Version]) -> None:
    """Put hard links in place of files that earlier releases have, where the disk allows it."""
    there: dict[str, Path] = {}
    for version in earlier:
        try:
            known = read_sums(version.folder / SUMS)
        except (OSError, ValueError):  # of an earlier version of the workflow, or damaged
            continue
        there |= {digest: version.folder / name for name, digest in known.items()}
    for name, digest in sums.items():
        source, own = there.get(digest), folder / name
        # the sum is that of when it was published: what was damaged since is not to spread
        if source is None or not source.is_file() or not filecmp.cmp(source, own, shallow=False):
            continue
        link = own.with_name(f".{own.name}.tmp")
        try:
            os.link(source, link)
        except OSError:  # another file system, or none that has hard links: the copy stays
            return
        link.replace(own)


@contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    """A temporary folder that takes a folder's name, flushed to disk, if the block succeeds."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stale in folder.parent.iterdir():
        if _STALE.fullmatch(stale.name):  # of a run that was killed
            shutil.rmtree(stale)
    temporary = folder.parent / f".{folder.name}.tmp"
    damaged = folder.parent / f".{folder.name}.damaged.tmp"
    temporary.mkdir()
    try:
        yield temporary
        for path in sorted(temporary.rglob("*")):
            arrow.flush(path)
        arrow.flush(temporary)
        if folder.exists():  # damaged: what takes its place has the same content
            folder.rename(damaged)
        temporary.rename(folder)
        arrow.flush(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(damaged, ignore_errors=True)


def _sizes(folder: Path) -> dict[str, int]:
    """The bytes of each file of a release, by path; Data Docs, which name their day, left out."""
    names = (name for name in files_of(folder) if not name.startswith(f"{DATA_DOCS}/"))
    return {name: (folder / name).stat().st_size for name in names}


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
