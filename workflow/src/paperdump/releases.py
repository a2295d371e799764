"""The releases of a results folder: which there are, in which order, and one of them to be read."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow.parquet as pq

from paperdump import dictionary, tables
from paperdump.errors import PaperdumpError
from paperdump.report import is_whole

SUMS = "SHA256SUMS"
# Data Docs name the time at which they were made: their sums stand beside them, so that those of
# the release are the same wherever and whenever it is made
DATA_DOCS = "validation/data_docs"
VERSION = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|undated)-[0-9a-f]{8}")
# where the redirects of releases that were removed are kept, as far as no other release has them
RETIRED = "retired.parquet"
_COUNTED = ("dumps", "sightings", "papers", "rejects")
_INDEX = "index.json"
_READ_AT_ONCE = 1 << 20  # bytes


class Version:
    """A release in a folder, of this version of the workflow or an earlier one.

    Attributes:
        folder: Its folder.
        manifest: Its manifest.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def open(cls, folder: Path) -> Version:
        """The release in a folder.

        Raises:
            PaperdumpError: There is none, or its manifest cannot be read.
        """
        try:
            manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise PaperdumpError(f"{folder} is no release: its manifest.json: {error}.") from None
        if not isinstance(manifest, dict) or "version" not in manifest:
            raise PaperdumpError(f"{folder} is no release: its manifest.json names no version.")
        return cls(folder, manifest)

    @property
    def name(self) -> str:
        """Its version."""
        return str(self.manifest["version"])

    @property
    def parent(self) -> str | None:
        """The version of the release before; None for the first."""
        parent = self.manifest.get("parent")
        return None if parent is None else str(parent)

    @property
    def number(self) -> int:
        """Its number in the order of publication; 0 where its manifest does not say."""
        return int(self.manifest.get("number") or 0)

    @property
    def hash_definition(self) -> Any:
        """By which definition its content is hashed; 1 where its manifest says none."""
        return self.manifest.get("hash_definition", 1)

    @property
    def rows(self) -> dict[str, int]:
        """The rows of its main tables."""
        counts = self.manifest.get("tables", {})
        return {name: counts[name]["rows"] for name in _COUNTED if name in counts}

    def names(self) -> list[str]:
        """The names of its tables of data: not those that tell of other releases."""
        told = {"changes", "redirects"}
        found = sorted(
            path.relative_to(self.folder).with_suffix("").as_posix()
            for pattern in ("*.parquet", f"{dictionary.SUMMARIES}*.parquet")
            for path in self.folder.glob(pattern)
        )
        return [name for name in found if name not in told]

    def has(self, name: str) -> bool:
        """Whether it has a table."""
        return self._file(name).is_file()

    def schema(self, name: str) -> dict[str, str]:
        """The types of a table's columns by name, as its file has them."""
        if not self.has(name):
            return {}
        return {f.name: tables.type_name(f.type) for f in self._arrow_schema(name)}

    def key(self, name: str) -> list[str]:
        """The columns that tell the rows of a table apart, as its file says."""
        if not self.has(name):
            return []
        known = (self._arrow_schema(name).metadata or {}).get(b"key")
        return [str(column) for column in json.loads(known)] if known else []

    def read(self, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """A table, or those of some columns that it has; no rows where there is no such table."""
        if not self.has(name):
            return pl.DataFrame()
        if columns is not None:
            columns = [column for column in columns if column in self.schema(name)]
        try:
            return pl.read_parquet(self._file(name), columns=columns, glob=False)
        except (pl.exceptions.PolarsError, OSError) as error:
            what = str(error).partition("\n")[0]
            raise PaperdumpError(f"{self._file(name)} cannot be read: {what}.") from None

    def pieces(self, name: str, columns: Sequence[str], first: int = 0) -> Iterator[pl.DataFrame]:
        """The same of these columns from a row on, a row group of its file at a time.

        Raises:
            PaperdumpError: It cannot be read.
        """
        try:
            with pq.ParquetFile(self._file(name)) as file:
                begin = 0
                for group in range(file.num_row_groups):
                    n_rows = file.metadata.row_group(group).num_rows
                    if begin + n_rows > first:
                        rows = file.read_row_group(group, list(columns), use_threads=False)
                        yield pl.DataFrame(pl.from_arrow(rows)).slice(max(0, first - begin))
                    begin += n_rows
        except (OSError, ValueError) as error:  # Arrow's own errors are ValueErrors
            raise PaperdumpError(f"{self._file(name)} cannot be read: {error}.") from None

    def begins_as(self, other: Version, name: str) -> dict[str, int]:
        """With how many rows the columns of a table begin as those of another release do.

        Told by their bytes as they are stored, so that the values need not be read: there may be
        more.

        Raises:
            PaperdumpError: A table cannot be read.
        """
        if not (self.has(name) and other.has(name)):
            return {}
        try:
            return _stored_alike(self._file(name), other._file(name))
        except (OSError, ValueError) as error:  # Arrow's own errors are ValueErrors
            raise PaperdumpError(f"{self._file(name)} cannot be compared: {error}.") from None

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    @functools.cache  # noqa: B019 (a release is read within one call)
    def _arrow_schema(self, name: str) -> Any:
        try:
            return pq.read_schema(self._file(name))
        except (OSError, ValueError) as error:  # Arrow's own errors are ValueErrors
            raise PaperdumpError(f"{self._file(name)} cannot be read: {error}.") from None


def _stored_alike(one: Path, other: Path) -> dict[str, int]:
    """With how many rows the columns of two files begin that have the same bytes in both.

    Returns:
        Rows by column, of columns of one type that stand at the same place in both.
    """
    rows: Counter[str] = Counter()
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in (one, other)]
        stored = [stack.enter_context(pq.ParquetFile(file)) for file in files]
        schemas = [table.schema_arrow for table in stored]
        leaves: dict[str, list[int]] = {}
        if schemas[0].equals(schemas[1]) and stored[0].schema.equals(stored[1].schema):
            for place, column in enumerate(stored[0].schema):
                leaves.setdefault(column.path.partition(".")[0], []).append(place)
        for name, places in leaves.items():
            for group in range(min(table.num_row_groups for table in stored)):
                groups = [table.metadata.row_group(group) for table in stored]
                if groups[0].num_rows != groups[1].num_rows or not all(
                    _same_bytes(files, [g.column(place) for g in groups]) for place in places
                ):
                    break
                rows[name] += groups[0].num_rows
    return dict(rows)


def _same_bytes(files: Sequence[BinaryIO], chunks: Sequence[pq.ColumnChunkMetaData]) -> bool:
    """Whether a part of a column is stored as the same bytes in two files."""
    one, other = (
        (c.compression, c.encodings, c.num_values, c.total_compressed_size) for c in chunks
    )
    if one != other:
        return False
    for file, chunk in zip(files, chunks, strict=True):
        starts = (chunk.dictionary_page_offset, chunk.data_page_offset)
        file.seek(min(start for start in starts if start))
    left = chunks[0].total_compressed_size
    while left:
        parts = [file.read(min(left, _READ_AT_ONCE)) for file in files]
        if parts[0] != parts[1] or not parts[0]:
            return False
        left -= len(parts[0])
    return True


@dataclass(frozen=True)
class Releases:
    """The releases of a results folder.

    Attributes:
        results: The results folder.
    """

    results: Path

    @property
    def folder(self) -> Path:
        """The folder that holds a folder for each."""
        return self.results / "releases"

    @property
    def latest(self) -> str | None:
        """The version that ``latest`` points at; None where it points at none."""
        target = (self.results / "latest").resolve()
        return target.name if target.parent == self.folder.resolve() and target.is_dir() else None

    def index(self) -> dict[str, Any]:
        """What ``index.json`` says; of releases that it lacks, what their manifests say.

        ``versions`` has an entry per version in the order of first publication, ``history`` the
        versions that ``latest`` has pointed at, ``published`` how many were published ever.
        """
        try:
            found = json.loads((self.folder / _INDEX).read_text("utf-8"))
            known = [dict(entry) for entry in found["versions"] if entry["version"]]
            history = [dict(step) for step in found["history"]]
            published = int(found["published"])
        except (OSError, ValueError, KeyError, TypeError):
            known, history, published = [], [], 0
        listed = {entry["version"] for entry in known}
        there = [v for v in self._there(but=listed) if v.name not in listed]
        for version in sorted(there, key=lambda v: (v.number, v.name)):
            known.append(entry_of(version, published + 1))
            published = max(published, known[-1]["number"])
        return {"published": published, "versions": known, "history": history}

    def _there(self, but: Collection[str] = ()) -> list[Version]:
        """The releases whose folders are there, by name; folders of other things are left out.

        Args:
            but: Folders that are not to be opened.
        """
        found = []
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else []:
            if VERSION.fullmatch(path.name) and path.name not in but and path.is_dir():
                try:
                    found.append(Version.open(path))
                except PaperdumpError:
                    continue
        return found

    def versions(self) -> list[str]:
        """The versions whose folders are there, in the order of first publication."""
        names = [entry["version"] for entry in self.index()["versions"]]
        return [name for name in names if (self.folder / name).is_dir()]

    def before(self, version: str) -> tuple[list[Version], Version | None]:
        """The releases before a version, whole ones, and the one that it follows.

        A version that was published before keeps the releases that it had before it, and its
        parent.
        """
        known = self.index()["versions"]
        names = [entry["version"] for entry in known]
        own = next((entry for entry in known if entry["version"] == version), None)
        earlier = names[: names.index(version)] if own else names
        whole = [Version.open(self.folder / n) for n in earlier if is_whole(self.folder / n)]
        if own:
            wanted = own["parents"][0] if own["parents"] else None
            return whole, next((v for v in whole if v.name == wanted), None)
        parent = next((v for v in whole if v.name == self.latest), None)
        return whole, parent or (whole[-1] if whole else None)

    def number_of(self, version: str) -> int:
        """The number of a version in the order of publication, that of a new one is the next."""
        index = self.index()
        numbers = (e["number"] for e in index["versions"] if e["version"] == version)
        return int(next(numbers, index["published"] + 1))

    def write_index(self, version: Version) -> None:
        """Write ``index.json`` anew, with a version that is about to become the latest.

        Nothing else of a release depends on the time; here stands the day of publication.
        """
        today = dt.datetime.now(dt.UTC).date().isoformat()
        index = self.index()
        if not index["history"] or index["history"][-1]["version"] != version.name:
            index["history"].append({"version": version.name, "latest_since": today})
        since = {step["version"]: step["latest_since"] for step in reversed(index["history"])}
        for entry in index["versions"]:
            if entry["published_on"] is None:
                entry["published_on"] = since.get(entry["version"])
        self.store_index(index)

    def store_index(self, index: Mapping[str, Any]) -> None:
        """Write ``index.json``: the versions whose folders are there, and the history."""
        there = [e for e in index["versions"] if (self.folder / e["version"]).is_dir()]
        for stale in self.folder.glob(f".{_INDEX}.*.tmp"):  # of a process that was killed
            stale.unlink()
        tables.write_json(self.folder / _INDEX, {**index, "versions": there})

    def find(self, asked: str) -> Version:
        """A release by its version, the beginning of one, ``latest``, or its folder.

        Raises:
            PaperdumpError: There is none, or the beginning is that of several.
        """
        if asked == "latest" and self.latest:
            return Version.open(self.folder / self.latest)
        names = [v.name for v in self._there()]
        if asked in names:
            return Version.open(self.folder / asked)
        place = Path(asked).expanduser()
        if (place / "manifest.json").is_file():
            return Version.open(place)
        begun = [n for n in names if asked and n.startswith(asked)]
        begun = begun or [n for n in names if asked and n.endswith(f"-{asked}")]
        if len(begun) == 1:
            return Version.open(self.folder / begun[0])
        listed = ", ".join(begun or self.versions()) or "none"
        if begun:
            raise PaperdumpError(f"several versions begin with {asked!r}: {listed}.")
        raise PaperdumpError(
            f"there is no release {asked!r} in {self.folder}. There are: {listed}. --results names "
            "another results folder."
        )

    def retired(self) -> pl.DataFrame:
        """Redirects of releases that were removed, each with the version that it leads into."""
        path = self.folder / RETIRED
        if path.is_file():
            return pl.read_parquet(path, glob=False)
        schema = dict.fromkeys(
            ("version", "old_paper_id", "new_paper_id", "redirect_reason"), pl.String
        )
        return pl.DataFrame(schema=schema)


def entry_of(version: Version, number: int) -> dict[str, Any]:
    """What ``index.json`` says of a version.

    Its day is that of its newest capture, as its name has it.

    Args:
        version: The release.
        number: Its number, where its manifest does not say.
    """
    day = version.name.rpartition("-")[0]
    return {
        "version": version.name,
        "number": version.number or number,
        "day": None if day == "undated" else day,
        "published_on": None,
        "rows": version.rows,
        "parents": [version.parent] if version.parent else [],
    }


def file_hash(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(folder: Path) -> list[str]:
    """The files below a folder, by their paths, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def read_sums(path: Path) -> dict[str, str]:
    """The sums of a file ``SHA256SUMS``, by the names of the files.

    Raises:
        OSError: It cannot be read.
        ValueError: A line of it is no sum.
    """
    sums = {}
    for line in path.read_text("utf-8").splitlines():
        found = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if not found:
            raise ValueError(f"no line of sums: {line[:80]!r}")
        sums[found[2]] = found[1]
    return sums


def sums_text(sums: Mapping[str, str]) -> str:
    """Sums as ``sha256sum`` writes and reads them."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
