from __future__ import annotations

import fcntl
import json
from pathlib import Path

import polars as pl
import pytest

from paperdump.cli import main
from paperdump.errors import PaperdumpError
from paperdump.pruning import prune
from paperdump.releases import Releases, Version
from paperdump.verification import verify
from tests.pages import Listed, page
from tests.published import content, copied, publish
from tests.tables_of import release_of

pytestmark = pytest.mark.xdist_group("pruning")


def published(tmp_path: Path, *titles: str) -> Path:
    """Publish a release of a page with these titles, in a results folder."""
    made = release_of(tmp_path / "-".join(titles), a=page(*(Listed(title) for title in titles)))
    return publish(tmp_path, made)


@pytest.fixture(scope="module")
def four_made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("four")
    return [published(folder, title) for title in ("Tides", "Ebb", "Flow", "Moon")]


@pytest.fixture
def four(four_made: list[Path], tmp_path: Path) -> list[Path]:
    """The folders of four releases, published one after the other."""
    last = copied(four_made[-1], tmp_path)
    return [last.with_name(folder.name) for folder in four_made]


def test_the_oldest_go_and_the_others_are_what_they_were(tmp_path: Path, four: list[Path]) -> None:
    kept = [content(folder) for folder in four[2:]]
    removed = prune(tmp_path / "results", keep=2)
    assert [name for name, _ in removed] == [folder.name for folder in four[:2]]
    assert all(freed > 0 for _, freed in removed)
    assert [folder.is_dir() for folder in four] == [False, False, True, True]
    assert [content(folder) for folder in four[2:]] == kept
    assert all(verify(Version.open(folder)).problems == [] for folder in four[2:])


def test_the_index_names_those_that_are_there(tmp_path: Path, four: list[Path]) -> None:
    prune(tmp_path / "results", keep=2)
    index = json.loads((tmp_path / "results/releases/index.json").read_text())
    assert [entry["version"] for entry in index["versions"]] == [f.name for f in four[2:]]
    assert len(index["history"]) == 4
    fifth = Version.open(published(tmp_path, "Neap"))
    assert (fifth.number, fifth.parent) == (5, four[3].name)


def test_the_one_that_latest_points_at_never_goes(tmp_path: Path, four: list[Path]) -> None:
    (tmp_path / "results/latest").unlink()
    (tmp_path / "results/latest").symlink_to(Path("releases") / four[0].name)
    assert [name for name, _ in prune(tmp_path / "results", keep=1)] == [f.name for f in four[1:]]
    assert [folder.is_dir() for folder in four] == [True, False, False, False]


def test_one_that_came_back_is_as_new_as_its_return(tmp_path: Path, four: list[Path]) -> None:
    published(tmp_path, "Tides")
    prune(tmp_path / "results", keep=2)
    assert [folder.is_dir() for folder in four] == [True, False, False, True]


def test_a_trial_removes_nothing(tmp_path: Path, four: list[Path]) -> None:
    before = content(tmp_path / "results")
    assert len(prune(tmp_path / "results", keep=1, is_trial=True)) == 3
    assert content(tmp_path / "results") == before
    assert all(folder.is_dir() for folder in four)


def test_ids_of_releases_that_went_are_still_led_on(tmp_path: Path, four: list[Path]) -> None:
    """Also those that none knows which stays, since an older one came back."""
    ever = {i for folder in four for i in pl.read_parquet(folder / "papers.parquet")["paper_id"]}
    published(tmp_path, "Tides")
    prune(tmp_path / "results", keep=1)
    assert [v.name for v in map(Version.open, [four[0]])] == Releases(
        tmp_path / "results"
    ).versions()
    last = published(tmp_path, "Neap", "Flow")
    led = pl.read_parquet(last / "redirects.parquet")
    assert set(led["old_paper_id"]) == ever | set(
        pl.read_parquet(last / "papers.parquet")["paper_id"]
    )
    assert led.filter(pl.col("redirect_reason") == "dump_gone").height == 3


def test_a_prune_that_was_cut_off_is_ended_by_the_next_run(
    tmp_path: Path, four: list[Path]
) -> None:
    aside = four[0].rename(four[0].with_name(f".{four[0].name}.tmp"))
    published(tmp_path, "Neap")
    assert not aside.exists()
    index = json.loads((tmp_path / "results/releases/index.json").read_text())
    assert four[0].name not in [entry["version"] for entry in index["versions"]]


def test_no_release_goes_during_a_run(tmp_path: Path, four: list[Path]) -> None:
    with (tmp_path / "results/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PaperdumpError, match="Another run"):
            prune(tmp_path / "results", keep=1)
    assert all(folder.is_dir() for folder in four)


def test_the_command_says_what_it_removed(
    tmp_path: Path, four: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    results = ["--results", str(tmp_path / "results")]
    assert main(["prune", "--keep", "3", "--dry-run", *results]) == 0
    assert f"{four[0].name}: would be removed" in capsys.readouterr().out
    assert main(["prune", "--keep", "3", *results]) == 0
    said = capsys.readouterr().out
    assert f"{four[0].name}: removed" in said
    assert "3 releases kept." in said
    assert main(["prune", "--keep", "3", *results]) == 0
    assert "Nothing to remove" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--keep", "0"], ["--keep", "-1"], ["--keep", "x"], []])
def test_how_many_stay_is_for_the_user_to_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["prune", *arguments, "--results", str(tmp_path)]) == 2
    assert "--keep" in capsys.readouterr().err


def test_without_releases_there_is_nothing_to_prune(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prune", "--keep", "1", "--results", str(tmp_path)]) == 2
    assert "there are no releases" in capsys.readouterr().err
