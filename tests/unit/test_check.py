"""Validation in shares: the same as in one piece, whatever their number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from paperdump import check, config, laws, measures, plan, validate
from tests.conftest import EXAMPLES, ROOT
from tests.tables_of import release_of_folder

Release = dict[str, pl.DataFrame]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SETTINGS: dict[str, Any] = config.resolve(
    {
        "validate": {
            "completeness": {"papers": {"arxiv_id": {"warning": 0.9}}},
            "expectations": [
                {
                    "table": "sightings",
                    "type": "expect_column_mean_to_be_between",
                    "arguments": {"column": "position", "min_value": 1000},
                    "severity": "warning",
                }
            ],
        }
    }
)["validate"]


@pytest.fixture(scope="module")
def faulty() -> Release:
    """A release in which something of every kind fails."""
    release = release_of_folder(EXAMPLES)
    papers, sightings = release["papers"], release["sightings"]
    return {
        **release,
        "papers": pl.concat([papers, papers.head(2)]).with_columns(
            n_sightings=pl.col("n_sightings") + 1,
            published_on_evidence=pl.lit(None, pl.String),
        ),
        "sightings": sightings.with_columns(
            title=pl.when(pl.col("position") == 1).then(None).otherwise("title"),
            paper_id=pl.when(pl.col("position") == 2).then(pl.lit("p0")).otherwise("paper_id"),
            position=pl.col("position").cast(pl.Int64),  # another type than the dictionary's
        ),
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, faulty: Release) -> Path:
    """A results folder with a release before, which had more."""
    folder = tmp_path_factory.mktemp("results")
    before = folder / "releases" / "2026-01-01-00000000"
    before.mkdir(parents=True)
    for name in measures.COMPARED:
        pl.concat([faulty[name]] * 2).write_parquet(before / f"{name}.parquet")
    return folder


def pages(folder: Path) -> dict[str, str]:
    """What validation wrote that is no measure of time, but for the library's random names."""
    return {
        file.relative_to(folder).as_posix(): UUID.sub("", file.read_bytes().decode("latin-1"))
        for file in folder.rglob("*")
        if file.is_file() and file.name not in ("seconds.json", "index.html")
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, faulty: Release, results: Path) -> Any:
    folder = tmp_path_factory.mktemp("whole")
    before = validate.Before.read(results, "2026-01-01-00000000")
    document = validate.validate(faulty, SETTINGS, folder, before)
    failed = {
        name
        for name, suite in document["tables"].items()
        if not all(result["success"] for result in suite["results"])
    }
    assert {"papers", "sightings", *laws.KINDS, "comparison"} <= failed
    return pages(folder)


@pytest.mark.parametrize("shards", [1, 2, 3, 5, 20])
def test_shares_give_what_one_job_gives_byte_for_byte(
    whole: Any, faulty: Release, results: Path, tmp_path: Path, shards: int
) -> None:
    files = [tmp_path / f"{number}.pickle" for number in range(shards)]
    for number, file in enumerate(files):
        seen = check.shard(faulty, SETTINGS, results, "2026-01-01-00000000", number, shards)
        check.write(seen, file)
    gathered = check.gathered(files[::-1])
    validate.validate(faulty, SETTINGS, tmp_path / "docs", seen=gathered)
    assert pages(tmp_path / "docs") == whole


def test_where_nothing_is_shared_out_nothing_is_gathered() -> None:
    assert check.gathered([]) is None


@pytest.mark.parametrize("shards", [1, 2, 3, 4, 5, 30])
def test_each_part_is_in_one_share(shards: int) -> None:
    shares = check.shares(shards)
    assert len(shares) == shards
    assert sorted(part for share in shares for part in share) == sorted(validate.PARTS)


def test_the_longest_parts_have_shares_of_their_own_where_there_are_five() -> None:
    for part in ("conservation", validate.MEASURES, "consistency"):
        assert [part] in check.shares(5)


def plan_of(folder: Path, megabytes: int, **given: Any) -> plan.Plan:
    """The plan of a dump of so many megabytes, with these settings of validation."""
    (folder / "dumps").mkdir()
    with (folder / "dumps" / "a.txt").open("wb") as file:
        file.write(b"A Title\n")
    (folder / "scripts").symlink_to(ROOT / "scripts")
    found = plan.make_plan(
        {"dumps": "dumps", "sheet": None, "corrections": None, "validate": given}, {}, folder
    )
    object.__setattr__(found.dumps[0], "size", megabytes * 1_000_000)
    return found


@pytest.mark.parametrize(("megabytes", "checks"), [(0, 1), (2999, 1), (3000, 2), (10**6, 5)])
def test_only_much_is_shared_out(tmp_path: Path, megabytes: int, checks: int) -> None:
    found = plan_of(tmp_path, megabytes)
    assert found.checks == checks
    assert ("check" in found.stages) == (checks > 1)
    needed = found.needs_mb
    assert set(needed) == set(found.stages)
    if checks > 1:
        assert needed["validate"] < needed["check"]


def test_the_number_of_shares_is_no_part_of_what_is_made(tmp_path: Path) -> None:
    plans = []
    for shards in (1, 4):
        (tmp_path / str(shards)).mkdir()
        plans.append(plan_of(tmp_path / str(shards), 1, shards=shards))
    one, four = plans
    assert (one.checks, four.checks) == (1, 4)
    for stage in ("check", "validate", "release"):
        assert one.fingerprint(stage) == four.fingerprint(stage)
    assert one.published_config == four.published_config
