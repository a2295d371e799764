"""Releases one after the other, with the real snakemake: what each says of the one before."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from paperdump.releases import Version
from paperdump.verification import verify
from tests.conftest import copy_project, executed, snakemake
from tests.pages import Listed, bare, page
from tests.published import content, prepared, publish
from tests.tables_of import release_of

pytestmark = pytest.mark.xdist_group("versions")

A = page(Listed("Tides in Narrow Channels"), bare("Ebb and Flow of the Marsh"), day="Jun 10")
B = page(Listed("Moonlight on Mud", date="May 9, 2024"), Listed("Foreshore Sounds"), day="Jun 11")
C = page(Listed("Ebb and Flow of the Marsh"), Listed("A Neap Model"), day="Jun 12")
D = page(Listed("Spring Tides", date="Jan 3, 2025 4"), Listed("A Neap Model"), day="Jun 13")
FIX = """\
fixes:
  - paper: A Neap Model
    field: n_authors
    value: 4
    expects: 3
    reason: The page leaves out the last one.
"""
SAME = """\
same:
  - pair: [{paper: Spring Tides}, {paper: Foreshore Sounds}]
    reason: One was renamed.
"""


@pytest.fixture(scope="module")
def sequence(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A project in which releases were published one after the other, and their folders.

    Two dumps; two more; a corrected value, a told pair and a dump taken out.
    """
    project = copy_project(tmp_path_factory.mktemp("versions") / "project")
    dumps = project / "tests/data/examples"
    shutil.rmtree(dumps)
    dumps.mkdir()
    corrections = project / "config/corrections.yaml"
    folders = []
    steps: tuple[dict[str, str], ...] = ({"a": A, "b": B}, {"c": C, "d": D}, {})
    for step in steps:
        for name, text in step.items():
            (dumps / f"{name}.txt").write_text(text, "utf-8")
        if not step:
            corrections.write_text(FIX + SAME, "utf-8")
            (dumps / "a.txt").unlink()
        run = snakemake(project)
        assert run.returncode == 0, run.stderr
        folders.append((project / "results" / "latest").resolve())
    return project, folders


def ids(folder: Path) -> dict[str, str]:
    """The ids of a release's papers by title."""
    papers = pl.read_parquet(folder / "papers.parquet")
    return dict(papers.select("title", "paper_id").iter_rows())


def led(folder: Path) -> dict[str, tuple[str | None, str]]:
    rows = pl.read_parquet(folder / "redirects.parquet").rows()
    return {old: (new, reason) for old, new, reason in rows}


def test_each_step_is_a_version_of_its_own(sequence: tuple[Path, list[Path]]) -> None:
    folders = sequence[1]
    assert len({folder.name for folder in folders}) == 3
    index = json.loads((folders[0].parent / "index.json").read_text())
    assert [entry["version"] for entry in index["versions"]] == [f.name for f in folders]
    parents = [[], *([folder.name] for folder in folders[:-1])]
    assert [entry["parents"] for entry in index["versions"]] == parents
    assert [entry["rows"]["papers"] for entry in index["versions"]] == [4, 6, 4]
    assert index["versions"][-1]["day"] == folders[-1].name[:10]


def test_adding_dumps_moves_no_id(sequence: tuple[Path, list[Path]]) -> None:
    earlier, later, _ = sequence[1]
    assert ids(earlier).items() <= ids(later).items()


def test_each_says_what_changed_and_why(sequence: tuple[Path, list[Path]]) -> None:
    folders = sequence[1]
    said = [(folder / "CHANGES.md").read_text("utf-8") for folder in folders]
    assert "The first release" in said[0]
    assert "* new: `c.txt`, entries: 2, new papers: 1, known papers: 1" in said[1]
    assert "n_authors `null` → `3`" in said[1]
    assert "by new evidence" in said[1]
    assert "*Spring Tides*, 2025-01-03" in said[1]
    assert "n_authors `3` → `4`, by a correction" in said[2]
    assert "* corrections: 2 new" in said[2]
    assert "* gone: `a.txt`" in said[2]
    [merged] = [line for line in said[2].splitlines() if "is part of" in line]
    assert merged.endswith("now: a correction, by correction")
    [gone] = [line for line in said[2].splitlines() if "Narrow Channels" in line]
    assert gone.endswith(": evidence that is gone")
    for text, before in zip(said[1:], folders[:-1], strict=True):
        assert f"Compared with {before.name}." in text
        assert "## Schema" not in text


def test_redirects_lead_every_id_ever(sequence: tuple[Path, list[Path]]) -> None:
    folders = sequence[1]
    ever: set[str] = set()
    for folder in folders:
        ever |= set(ids(folder).values())
        assert set(led(folder)) == ever
    before, last = ids(folders[1]), led(folders[2])
    merged = [before["Spring Tides"], before["Foreshore Sounds"]]
    assert len({last[i][0] for i in merged}) == 1
    assert sorted(last[i][1] for i in merged) == ["current", "merged"]
    assert last[before["Tides in Narrow Channels"]] == (None, "dump_gone")
    assert last[before["A Neap Model"]] == (before["A Neap Model"], "current")


def test_history_stacks_the_summaries_of_all(sequence: tuple[Path, list[Path]]) -> None:
    folders = sequence[1]
    overview = pl.read_parquet(folders[-1] / "summaries/history/overview.parquet")
    papers = overview.filter(pl.col("metric") == "papers")
    assert papers["version"].to_list() == [folder.name for folder in folders]
    assert papers["release_number"].to_list() == [1, 2, 3]
    assert papers["value"].to_list() == [4, 6, 4]


def test_all_are_what_was_published(sequence: tuple[Path, list[Path]]) -> None:
    for folder in sequence[1]:
        assert verify(Version.open(folder)).problems == []


def test_what_was_published_before_is_pointed_at_again(
    sequence: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    project = shutil.copytree(sequence[0], tmp_path / "project", symlinks=True)
    before = content(project / "results/releases" / sequence[1][1].name)
    (project / "config/corrections.yaml").write_text("fixes: []\n")
    (project / "tests/data/examples/a.txt").write_text(A, "utf-8")
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    assert executed(run)["release"] == 1
    latest = (project / "results/latest").resolve()
    assert latest.name == sequence[1][1].name
    assert content(latest) == before


PUBLISH = """
import json, os, signal, sys
from pathlib import Path
from paperdump import release

at, results, given = int(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.stdin.read())
WRITES = ("os.rename", "os.link", "os.chmod", "os.symlink", "os.mkdir", "os.rmdir", "os.remove")
count = 0

def watch(event, arguments):
    global count
    written = event == "open" and isinstance(arguments[1], str) and "w" in arguments[1]
    if event in WRITES or written:
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

sys.addaudithook(watch)
files = {name: Path(path) for name, path in given["files"].items()}
release.publish(results, given["document"], files)
print(count)
"""


def test_a_kill_while_publishing_leaves_latest_whole_and_a_rerun_ends_the_same(
    tmp_path: Path,
) -> None:
    made = release_of(tmp_path / "dumps", a=A, b=B)
    first = publish(tmp_path / "whole", made)
    more = release_of(tmp_path / "dumps", c=C)
    document, files = prepared(tmp_path / "more", more)
    given = json.dumps({"document": document, "files": {n: str(p) for n, p in files.items()}})

    def published(results: Path, at: int) -> subprocess.CompletedProcess[str]:
        """Publish in a process of its own, which is killed before it writes once more."""
        return subprocess.run(
            [sys.executable, "-c", PUBLISH, str(at), str(results)],
            input=given, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def copied(name: str) -> Path:
        return shutil.copytree(first.parents[1], tmp_path / name, symlinks=True)

    whole = copied("undisturbed")
    writes = int(published(whole, -1).stdout)
    second = (whole / "latest").resolve()
    expected = content(second)
    assert second.name == document["version"]
    # while the files are written; before the folder has its name; before the index; before latest
    last = [writes // 2, writes - 8, writes - 5, writes - 1]
    for at in last:
        results = copied(f"killed at {at}")
        assert published(results, at).returncode == -signal.SIGKILL
        latest = (results / "latest").resolve()
        assert latest.name == first.name
        assert verify(Version.open(latest)).problems == []
        assert published(results, -1).returncode == 0
        assert (results / "latest").resolve().name == second.name
        assert content(results / "releases" / second.name) == expected
        names = [{p.name for p in (r / "releases").iterdir()} for r in (results, whole)]
        assert names[0] == names[1]
