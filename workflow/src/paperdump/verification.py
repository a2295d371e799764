"""Whether a release is what was published: every byte, every value, the sums, the version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from paperdump import dictionary, laws, tables, versions
from paperdump.errors import PaperdumpError
from paperdump.releases import DATA_DOCS, SUMS, Version, file_hash, files_of, read_sums
from paperdump.screen import counted


@dataclass
class Verified:
    """What became of looking at a release.

    Attributes:
        version: Its version.
        problems: What is wrong: the file, table or sum, and how.
        passed: What holds, with how many there are of it.
        notes: What could not be looked at, and why.
    """

    version: str
    problems: list[tuple[str, str]] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_document(self) -> dict[str, Any]:
        """The same as plain data."""
        problems = [{"what": what, "how": how} for what, how in self.problems]
        return {**asdict(self), "problems": problems, "is_whole": not self.problems}

    def text(self) -> str:
        """The same in words."""
        if not self.problems:
            far = ", as far as it was looked at" if self.notes else ""
            head = f"{self.version} is what was published{far}."
        else:
            n = counted(len(self.problems), "difference")
            head = f"{self.version} is not what was published: {n}."
        lines = [f"  {what}: {how}" for what, how in self.problems]
        lines += [f"  as published: {text}" for text in self.passed]
        lines += [f"  not looked at: {text}" for text in self.notes]
        return "\n".join([head, *lines]) + "\n"


def verify(version: Version) -> Verified:
    """Look at every byte and every value of a release.

    Files against ``SHA256SUMS``; tables, column by column, against the manifest; what goes in
    against what comes out; the version against the content of the tables. Tables and version are
    left out, with a note, where the manifest has hashes by another definition than this workflow.

    Args:
        version: The release; it may have been made by an earlier version of the workflow.
    """
    found = Verified(version.name)
    _files(version, found)
    definition = version.hash_definition
    if definition == tables.HASH_DEFINITION:
        hashes = _contents(version, found)
        _sums(version, found)
        _identity(version, hashes, found)
    else:
        _presence(version, found)
        found.notes.append(
            "the tables value for value, and the version: its hashes of content are by definition "
            f"{definition}, those of this workflow by definition {tables.HASH_DEFINITION}"
        )
        _sums(version, found)
        _place(version, found)
    return found


def _files(version: Version, found: Verified) -> None:
    """Compare the files with the lists of their sums."""
    if "told" not in version.manifest and not (version.folder / SUMS).exists():
        found.notes.append("the files byte for byte: the workflow that made it wrote no sums yet")
        return
    listed: dict[str, str] = {}
    lists = [""]
    if (version.folder / DATA_DOCS).is_dir() or _had_docs(version):
        lists.append(f"{DATA_DOCS}/")
    for prefix in lists:
        name = f"{prefix}{SUMS}"
        try:
            sums = read_sums(version.folder / name)
        except FileNotFoundError:
            found.problems.append((name, "is gone; the files that it lists cannot be checked"))
            continue
        except (OSError, ValueError) as error:
            found.problems.append((name, f"cannot be read: {error}"))
            continue
        listed |= {f"{prefix}{file}": digest for file, digest in sums.items()}
    whole = 0
    for name, digest in sorted(listed.items()):
        path = version.folder / name
        if not path.is_file():
            found.problems.append((name, "is gone"))
        elif file_hash(path) != digest:
            found.problems.append((name, "its bytes are not those that were published"))
        else:
            whole += 1
    known = {*listed, *(f"{prefix}{SUMS}" for prefix in lists)}
    if listed:
        more = [name for name in files_of(version.folder) if name not in known]
        found.problems += [(name, "was not published with the release") for name in more]
    found.passed.append(f"{counted(whole, 'file')}, byte for byte")


def _had_docs(version: Version) -> bool:
    return "validation/results.json" in version.manifest.get("files", {})


def _contents(version: Version, found: Verified) -> dict[str, str]:
    """Compare the tables with the manifest.

    Returns:
        The content hash of each table that could be read, by name, of those that the version
        follows from.
    """
    hashes: dict[str, str] = {}

    def differs(part: str, name: str, told: Mapping[str, Any]) -> str:
        now = versions.facts_of_file(version.folder / f"{name}.parquet", name)
        is_whole = now["content_sha256"] == told.get("content_sha256")
        how = "" if is_whole else _how(version, name, told, now)
        if part == "tables":
            hashes[name] = now["content_sha256"]
        return how

    whole = _whole_tables(version, found, differs)
    found.passed.append(f"{counted(whole, 'table')}, value for value")
    return hashes


def _presence(version: Version, found: Verified) -> None:
    """Look whether the tables of the manifest are there, with as many rows as it says."""

    def differs(_: str, name: str, told: Mapping[str, Any]) -> str:
        n_rows = tables.row_count(version.folder / f"{name}.parquet")
        return "" if n_rows == told["rows"] else _rows_differ(n_rows, told["rows"])

    whole = _whole_tables(version, found, differs)
    found.passed.append(f"the number of rows of {counted(whole, 'table')}")


def _whole_tables(
    version: Version, found: Verified, differs: Callable[[str, str, Mapping[str, Any]], str]
) -> int:
    """Look at each table of the manifest, and tell of those that are not as it says.

    Args:
        version: The release.
        found: What is told.
        differs: In what a table differs, in words, or nothing; from its part of the manifest, its
            name and what is said of it.

    Returns:
        How many are as it says.
    """
    whole = 0
    for part, name, told in _listed(version):
        if not (version.folder / f"{name}.parquet").is_file():
            found.problems.append((name, "the table is gone"))
            continue
        try:
            how = differs(part, name, told)
        except (OSError, ValueError, NotImplementedError, TypeError, PaperdumpError) as error:
            found.problems.append((name, f"the table cannot be read: {_first_line(error)}"))
            continue
        if how:
            found.problems.append((name, how))
        else:
            whole += 1
    return whole


def _listed(version: Version) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The part of the manifest, the name and the facts of each table in it."""
    for part in ("tables", "told"):
        for name, facts in sorted(version.manifest.get(part, {}).items()):
            yield part, name, facts


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _rows_differ(n_rows: int, told: int) -> str:
    return f"it has {n_rows:,} rows instead of {told:,}"


def _how(version: Version, name: str, told: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """In what a table differs from the manifest, in words: columns, rows.

    Args:
        version: The release.
        name: The table.
        told: What the manifest says of it.
        now: What ``versions.facts_of_file`` does.
    """
    columns = list(_columns(told.get("column_sha256", {}), now["column_sha256"]))
    where = f" in {', '.join(columns)}" if columns else ""
    said = f"its values are not those of the manifest{where}"
    n_rows = now["rows"]
    if n_rows != told["rows"]:
        return f"{said}; {_rows_differ(n_rows, told['rows'])}"
    blocks = told.get("block_sha256")
    if not blocks:
        return said
    size = int(blocks["rows"])
    pairs = zip(now["block_sha256"]["sha256"], blocks["sha256"], strict=True)
    differing = [number for number, (one, other) in enumerate(pairs) if one != other]
    if not differing:
        return said
    first = differing[0] * size
    key = version.key(name)
    row = version.read(name, key).row(first, named=True)
    named = ", ".join(f"{column}={value}" for column, value in row.items())
    if size == 1:
        more = f" and {len(differing) - 1:,} more" if len(differing) > 1 else ""
        return f"{said}; row {first + 1:,}{more}: {named}"
    more = f", and {counted(len(differing) - 1, 'more block')}" if len(differing) > 1 else ""
    last = min(first + size, n_rows)
    return f"{said}; in rows {first + 1:,} to {last:,}{more}, the first of them {named}"


def _columns(told: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """The columns whose content is not that of the manifest."""
    for column in [*told, *(c for c in now if c not in told)]:
        if told and now.get(column) != told.get(column):
            yield column


def _sums(version: Version, found: Verified) -> None:
    """Check that nothing was lost on the way, and nothing made up."""
    release: dict[str, pl.LazyFrame] = {}
    for name in dictionary.CONTENT:
        try:
            rows = pl.scan_parquet(version.folder / f"{name}.parquet", glob=False)
            rows.collect_schema()
        except (pl.exceptions.PolarsError, OSError):
            continue  # told already
        release[name] = rows
    try:
        checked = laws.numbers([*laws.conservation(release), *laws.references(release)])
    except (pl.exceptions.PolarsError, KeyError) as error:
        what = f"for want of tables or columns: {_first_line(error)}"
        found.notes.append(f"the conservation sums, {what}")
        return
    failing = [(law, told, real) for law, told, real in checked if told != real]
    found.problems += [
        (f"conservation, {law}", f"{real:,} found where {told:,} should be")
        for law, told, real in failing
    ]
    found.passed.append(f"{counted(len(checked) - len(failing), 'conservation sum')}")


def _place(version: Version, found: Verified) -> None:
    """Compare the version with the name of the folder."""
    name = version.folder.resolve().name
    if name != version.name:
        found.problems.append(("manifest.json", f"names {version.name}, its folder {name}"))


def _identity(version: Version, hashes: Mapping[str, str], found: Verified) -> None:
    """Compare the version with its folder's name, and with the one that the content gives."""
    _place(version, found)
    try:
        dumps = pl.read_parquet(version.folder / "dumps.parquet", glob=False)
        papers = pl.read_parquet(version.folder / "papers.parquet", glob=False)
        day = versions.newest_day(dumps, papers)
    except (pl.exceptions.PolarsError, OSError) as error:
        found.notes.append(f"the version, for want of tables: {_first_line(error)}")
        return
    given = versions.version_of(hashes, day)
    if given != version.name:
        found.problems.append(("version", f"the content of the tables gives {given}"))
    else:
        found.passed.append("the version, which follows from the content of the tables")
