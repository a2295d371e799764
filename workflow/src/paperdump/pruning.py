"""Old releases taken away, when a person asks for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from paperdump import changes, locking
from paperdump.arrow import flush
from paperdump.errors import PaperdumpError
from paperdump.redirects import Earlier, led_by, redirects
from paperdump.releases import RETIRED, Releases, Version


def oldest(releases: Releases, keep: int) -> list[str]:
    """The versions beyond the newest ones, the oldest first; never the one of ``latest``.

    A version is as old as the last time that it became the latest.

    Args:
        releases: The releases.
        keep: How many are to be kept.
    """
    index = releases.index()
    steps = {step["version"]: place for place, step in enumerate(index["history"])}
    names = sorted(
        releases.versions(),
        key=lambda name: (steps.get(name, -1), releases.number_of(name)),
    )
    may_go = [name for name in names if name != releases.latest]
    return may_go[: max(0, len(names) - keep)]


def prune(results: Path, keep: int, *, is_trial: bool = False) -> list[tuple[str, int]]:
    """Remove the oldest releases.

    What a release that goes knew of paper ids, and no other release knows, is kept in
    ``releases/retired.parquet``, so that the next release still leads these ids on.

    Args:
        results: The results folder.
        keep: How many releases stay, at least 1.
        is_trial: Whether nothing is to be removed, only named.

    Returns:
        The versions that went, and the bytes that this frees: those that no other release shares.

    Raises:
        PaperdumpError: There is no release, or ``latest`` points at none, or a run is going on.
    """
    if keep < 1:
        raise PaperdumpError("at least one release stays; give --keep 1 or more.")
    releases = Releases(results)
    if not releases.versions():
        raise PaperdumpError(f"there are no releases in {releases.folder}.")
    if releases.latest is None:
        raise PaperdumpError(
            f"{results / 'latest'} points at no release, so none is removed; run `snakemake` first."
        )
    if is_trial:
        return [(name, _freed(releases.folder / name)) for name in oldest(releases, keep)]
    with locking.take(results):
        going = oldest(releases, keep)
        _retire(releases, going)
        removed = []
        for name in going:
            folder = releases.folder / name
            freed = _freed(folder)
            # of a name that the next run takes away, too, should this one be cut off here
            aside = folder.with_name(f".{name}.tmp")
            folder.rename(aside)
            flush(releases.folder)
            releases.store_index(releases.index())
            shutil.rmtree(aside)
            removed.append((name, freed))
    return removed


def _freed(folder: Path) -> int:
    """The bytes of a release that no other one shares."""
    stats = (path.stat() for path in folder.rglob("*") if path.is_file())
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)


def _retire(releases: Releases, going: list[str]) -> None:
    """Keep where the ids lead that only releases that go know of."""
    staying = [Version.open(releases.folder / n) for n in releases.versions() if n not in going]
    latest = next(version for version in staying if version.name == releases.latest)
    retired = releases.retired()
    known = pl.concat([_ids(version) for version in staying]).unique()
    papers = latest.read("papers", ["paper_id"])
    kept = [retired.filter(~pl.col("version").is_in(going))]
    for name in reversed(going):
        version = Version.open(releases.folder / name)
        if _ids(version, retired).join(known, on="old_paper_id", how="anti").is_empty():
            continue
        led = led_by(version, retired)
        earlier = Earlier(
            changes.paper_links(version, latest), version.read("papers", ["paper_id"]), led
        )
        own = redirects([earlier], papers).join(known, on="old_paper_id", how="anti")
        kept.append(own.with_columns(version=pl.lit(latest.name)))
        known = pl.concat([known, own.select("old_paper_id")]).unique()
    every = pl.concat(kept, how="diagonal").unique().sort("old_paper_id", "new_paper_id")
    if every.height or retired.height:
        path = releases.folder / RETIRED
        temporary = path.with_name(f".{RETIRED}.tmp")
        every.write_parquet(temporary)
        flush(temporary)
        temporary.replace(path)


def _ids(version: Version, retired: pl.DataFrame | None = None) -> pl.DataFrame:
    """The ids that a release knows: of its papers, and those that it redirects."""
    own = version.read("papers", ["paper_id"]).select(old_paper_id="paper_id")
    led = version.read("redirects", ["old_paper_id"])
    parts = [own, led if led.width else own.clear()]
    if retired is not None:
        parts.append(retired.filter(pl.col("version") == version.name).select("old_paper_id"))
    return pl.concat(parts).unique()
