from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from paperdump import changes, release, report, tables, versions
from paperdump.errors import PaperdumpError
from paperdump.releases import Version, file_hash, read_sums
from paperdump.verification import verify
from tests.pages import Listed, page
from tests.published import content, copied, hashed_formerly, prepared, publish
from tests.tables_of import release_of

pytestmark = pytest.mark.xdist_group("release")

PAGE = page(Listed("Tides"), Listed("Ebb", date="May 9"))


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    return release_of(tmp_path_factory.mktemp("made"), a=PAGE)


@pytest.fixture
def made(made_once: dict[str, pl.DataFrame], tmp_path: Path) -> dict[str, pl.DataFrame]:
    """The tables of a page, which is in a folder to which a test may add others."""
    (tmp_path / "dumps").mkdir()
    (tmp_path / "dumps" / "a.txt").write_text(PAGE, "utf-8")
    return dict(made_once)


@pytest.fixture(scope="module")
def first_published(
    made_once: dict[str, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return publish(tmp_path_factory.mktemp("first"), made_once)


@pytest.fixture
def first(first_published: Path, made: dict[str, pl.DataFrame], tmp_path: Path) -> Path:
    """The folder of a release of these tables, to which others may be added."""
    assert made
    return copied(first_published, tmp_path)


def test_a_release_holds_every_table_and_latest_points_at_it(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    folder = publish(tmp_path, made)
    assert folder.parent == tmp_path / "results" / "releases"
    assert (tmp_path / "results" / "latest").resolve() == folder
    names = set(content(folder))
    for name in ("papers", "sightings", "dumps", "rejects", "matches", "changes", "redirects"):
        assert f"{name}.parquet" in names
    assert {"summaries/overview.parquet", "summaries/overview.csv"} <= names
    assert {"manifest.json", "dictionary.json", "validation/results.json"} <= names
    assert {"CHANGES.md", "SHA256SUMS", "summaries/history/overview.parquet"} <= names


def test_the_manifest_names_no_place(tmp_path: Path, made: dict[str, pl.DataFrame]) -> None:
    text = (publish(tmp_path, made) / "manifest.json").read_text()
    assert str(tmp_path) not in text
    assert "/somewhere" not in text
    manifest = json.loads(text)
    assert [row["path"] for row in manifest["inputs"]] == ["a.txt"]
    assert manifest["tables"]["papers"]["rows"] == 2
    assert manifest["config"] == {"parse": {"max_mb": 1}}


def test_publishing_the_same_again_changes_nothing(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    def state() -> dict[str, tuple[int, int]]:
        paths = (tmp_path / "results").rglob("*")
        return {str(p): (p.lstat().st_ino, p.lstat().st_mtime_ns) for p in paths}

    publish(tmp_path, made)
    before = state()
    publish(tmp_path, made)
    assert state() == before


def test_two_places_get_the_same_bytes(tmp_path: Path, made: dict[str, pl.DataFrame]) -> None:
    one, two = publish(tmp_path / "one", made), publish(tmp_path / "two", made)
    assert one.name == two.name
    assert content(one) == content(two)


def test_other_content_is_another_version_beside_the_first(tmp_path: Path, first: Path) -> None:
    kept = content(first)
    more = release_of(tmp_path / "dumps", b=page(Listed("Flow"), Listed("Tides", date="May 3")))
    second = publish(tmp_path, more)
    assert first != second
    assert content(first) == kept
    assert (tmp_path / "results" / "latest").resolve() == second
    told = pl.read_parquet(second / "changes.parquet").filter(pl.col("about") == "paper")
    assert told.filter(pl.col("change") == "added").height == 1
    changed = told.filter(pl.col("change") == "changed")
    assert set(changed["field"]) == {"n_sightings", "n_dumps"}
    assert set(changed["new_value"]) == {"2"}


def test_what_differs_from_a_release_with_hashes_of_a_former_definition_is_found_in_the_rows(
    tmp_path: Path, first: Path
) -> None:
    more = release_of(tmp_path / "dumps", b=page(Listed("Flow"), Listed("Tides", date="May 3")))
    other = copied(first, tmp_path / "other")
    hashed_formerly(other)
    old, new = (Version.open(folder) for folder in (other, first))
    assert changes.between(old, new).is_empty()
    one, two = (publish(place, more) for place in (tmp_path, tmp_path / "other"))
    assert Version.open(two).parent == other.name
    for name in ("changes.parquet", "redirects.parquet", "CHANGES.md"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_the_manifest_says_by_what_definition_content_is_hashed(first_published: Path) -> None:
    assert Version.open(first_published).manifest["hash_definition"] == tables.HASH_DEFINITION
    assert Version.open(first_published).hash_definition == tables.HASH_DEFINITION


def test_latest_goes_back_when_the_content_does_and_the_files_stay(
    tmp_path: Path, made: dict[str, pl.DataFrame], first: Path
) -> None:
    kept = content(first)
    second = publish(tmp_path, release_of(tmp_path / "dumps", b=page(Listed("Flow"))))
    assert publish(tmp_path, made) == first
    assert (tmp_path / "results" / "latest").resolve() == first
    assert content(first) == kept
    index = json.loads((first.parent / "index.json").read_text())
    names = [first.name, second.name]
    assert [entry["version"] for entry in index["versions"]] == names
    assert [entry["parents"] for entry in index["versions"]] == [[], [first.name]]
    assert [step["version"] for step in index["history"]] == [*names, first.name]


def test_a_release_after_one_that_came_back_knows_of_all_before(
    tmp_path: Path, made: dict[str, pl.DataFrame], first: Path
) -> None:
    flow = release_of(tmp_path / "dumps", b=page(Listed("Flow")))
    second = publish(tmp_path, flow)
    publish(tmp_path, made)
    (tmp_path / "dumps" / "b.txt").unlink()
    third = publish(tmp_path, release_of(tmp_path / "dumps", c=page(Listed("Moon"))))
    manifest = json.loads((third / "manifest.json").read_text())
    assert (manifest["number"], manifest["parent"]) == (3, first.name)
    led = pl.read_parquet(third / "redirects.parquet")
    ever = {
        i for f in (first, second, third) for i in pl.read_parquet(f / "papers.parquet")["paper_id"]
    }
    assert set(led["old_paper_id"]) == ever
    assert led.filter(pl.col("redirect_reason") == "dump_gone").height == 1
    history = pl.read_parquet(third / "summaries/history/overview.parquet")
    papers = history.filter(pl.col("metric") == "papers")
    assert papers.select("release_number", "version", "value").rows() == [
        (1, first.name, 2),
        (2, second.name, 3),
        (3, third.name, 3),
    ]


def test_the_version_does_not_depend_on_what_was_published_before(
    tmp_path: Path, first: Path
) -> None:
    more = release_of(tmp_path / "dumps", b=page(Listed("Flow")))
    after = publish(tmp_path, more)
    assert after.parent == first.parent
    alone = publish(tmp_path / "alone", more)
    assert after.name == alone.name
    differing = {n for n, data in content(after).items() if content(alone).get(n) != data}
    history = {n for n in content(after) if n.startswith("summaries/history/")}
    told = {"changes.parquet", "redirects.parquet", "CHANGES.md", "manifest.json", "SHA256SUMS"}
    # these tell rows and hashes of all files
    described = {"README.md", "croissant.json", "datapackage.json"}
    assert differing <= told | described | history
    assert {"changes.parquet", "CHANGES.md"} <= differing


def test_the_same_sequence_gives_the_same_bytes(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    more = release_of(tmp_path / "dumps", b=page(Listed("Flow")))
    ends = []
    for place in ("one", "two"):
        publish(tmp_path / place, made)
        ends.append(content(publish(tmp_path / place, more)))
    assert ends[0] == ends[1]


def test_every_file_of_a_release_is_read_only_and_has_its_sum(first_published: Path) -> None:
    folder = first_published
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o444}
    sums = read_sums(folder / "SHA256SUMS")
    docs = read_sums(folder / "validation/data_docs/SHA256SUMS")
    named = {*sums, *(f"validation/data_docs/{name}" for name in docs)}
    lists = {"SHA256SUMS", "validation/data_docs/SHA256SUMS"}
    assert named | lists == set(content(folder))
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_data_docs_of_another_time_leave_the_sums_as_they_are(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    one = publish(tmp_path / "one", made)
    document, files = prepared(tmp_path / "two", made)
    files["validation/data_docs/index.html"].write_text("<p>made at midnight</p>", "utf-8")
    two = release.publish(tmp_path / "two" / "results", document, files)
    assert (one / "SHA256SUMS").read_bytes() == (two / "SHA256SUMS").read_bytes()


def test_files_that_did_not_change_share_their_bytes(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    first = publish(tmp_path, made)
    second = publish(tmp_path, release_of(tmp_path / "dumps", b=page(Listed("Flow"))))
    for name in ("dictionary.json", "rejects.parquet"):
        assert (first / name).stat().st_ino == (second / name).stat().st_ino
    assert (first / "papers.parquet").stat().st_ino != (second / "papers.parquet").stat().st_ino
    # files whose sums are not known are never shared with the work: a release would change with it
    assert (first / "papers.parquet").stat().st_nlink == 1


def with_sums(
    folder: Path, made: dict[str, pl.DataFrame]
) -> tuple[dict[str, Any], dict[str, Path], dict[str, str]]:
    document, files = prepared(folder, made)
    return document, files, {"papers.parquet": file_hash(files["papers.parquet"])}


def test_a_file_whose_sum_is_known_is_published_without_a_copy(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    document, files, sums = with_sums(tmp_path, made)
    folder = release.publish(tmp_path / "results", document, files, sums)
    assert (folder / "papers.parquet").samefile(files["papers.parquet"])
    assert not (folder / "sightings.parquet").samefile(files["sightings.parquet"])
    assert content(folder) == content(publish(tmp_path / "copied", made))
    # the stages put a new file in place of one, and leave the release as it is
    tables.write_parquet(made["papers"].head(1), "papers", files["papers.parquet"])
    assert verify(Version.open(folder)).problems == []


def test_a_file_that_changed_since_it_was_made_is_not_published(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    document, files, sums = with_sums(tmp_path, made)
    files["papers.parquet"].write_bytes(files["papers.parquet"].read_bytes() + b"\0")
    with pytest.raises(PaperdumpError, match=r"papers\.parquet is not as it was made"):
        release.publish(tmp_path / "results", document, files, sums)
    assert not (tmp_path / "results" / "latest").exists()


def test_where_there_are_no_hard_links_files_are_copied(
    tmp_path: Path, made: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    first = publish(tmp_path, made)
    second = publish(tmp_path, release_of(tmp_path / "dumps", b=page(Listed("Flow"))))
    assert (first / "dictionary.json").read_bytes() == (second / "dictionary.json").read_bytes()
    assert (second / "dictionary.json").stat().st_nlink == 1
    assert verify(Version.open(second)).problems == []


def test_what_was_damaged_since_is_not_shared(tmp_path: Path, first: Path) -> None:
    path = first / "dictionary.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"meaning", b"Meaning"))
    second = publish(tmp_path, release_of(tmp_path / "dumps", b=page(Listed("Flow"))))
    assert b"Meaning" not in (second / "dictionary.json").read_bytes()


def test_a_release_that_fails_on_the_way_leaves_latest_alone(
    tmp_path: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(first.parent)
    more = release_of(tmp_path / "dumps", b=page(Listed("Flow")))

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(release, "_share", full_disk)
    with pytest.raises(OSError, match="No space"):
        publish(tmp_path, more)
    assert (tmp_path / "results" / "latest").resolve() == first
    assert content(first.parent) == before
    assert not [path for path in first.parent.iterdir() if path.name.startswith(".")]


@pytest.fixture(scope="module")
def come_back(made_once: dict[str, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release that has one before it and one after it, and came back."""
    folder = tmp_path_factory.mktemp("back")
    publish(folder, release_of(folder / "before", a=page(Listed("Tides"))))
    publish(folder, made_once)
    publish(folder, release_of(folder / "after", a=page(Listed("Moon"))))
    return publish(folder, made_once)


@pytest.mark.parametrize("name", ["papers.parquet", "manifest.json", "summaries/overview.csv"])
def test_a_damaged_release_is_made_whole_again(
    tmp_path: Path, come_back: Path, made: dict[str, pl.DataFrame], name: str
) -> None:
    folder = copied(come_back, tmp_path)
    whole = content(folder)
    (folder / name).unlink()
    assert not report.is_whole(folder)
    assert publish(tmp_path, made) == folder
    assert report.is_whole(folder)
    assert content(folder) == whole


def test_a_folder_of_the_users_own_among_the_releases_stays(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    releases = tmp_path / "results" / "releases"
    for name in (".mine.tmp", ".2025-06-10-0badcafe.tmp"):
        (releases / name).mkdir(parents=True)
    publish(tmp_path, made)
    assert (releases / ".mine.tmp").is_dir()
    assert not (releases / ".2025-06-10-0badcafe.tmp").exists()


def test_a_marker_that_cannot_be_read_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "marker").write_text("")
    assert not report.is_published(tmp_path, tmp_path / "marker")


def test_only_work_of_earlier_plans_is_removed(tmp_path: Path) -> None:
    old, new = "0" * 16, "1" * 16
    kept = [
        f"work/parse/0-{new}/a",
        f"work/normalize/0-{new}.parquet",
        f"work/release/{new}-2.json",
    ]
    kept += [f"logs/parse/0-{new}.log", "logs/dedupe.log", "work/parse/mine.txt", f"work/x/{old}"]
    gone = [f"work/parse/0-{old}/a", f"work/normalize/all-{old}.parquet", f"work/dedupe/{old}/a"]
    gone += [f"work/release/{old}.json", f"benchmarks/parse/01-{old}.tsv"]
    for name in kept + gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    places = [f"parse/0-{new}", f"normalize/0-{new}.parquet", f"release/{new}", f"dedupe/{new}"]
    release.prune_work(tmp_path, places)
    assert [name for name in kept if not (tmp_path / name).exists()] == []
    assert [name for name in gone if (tmp_path / name).exists()] == []


def test_a_folder_named_latest_is_not_replaced(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    (tmp_path / "results" / "latest").mkdir(parents=True)
    with pytest.raises(PaperdumpError, match="not a link to a release"):
        publish(tmp_path, made)


def test_the_version_has_the_newest_certain_day_of_a_capture(first_published: Path) -> None:
    # the page is of a "Jun 10" after 2024
    assert first_published.name.startswith("2025-06-10-")


def test_without_a_day_of_capture_the_version_has_the_newest_publication_day(
    tmp_path: Path,
) -> None:
    made = release_of(tmp_path / "d", a=page(Listed("Tides", date="May 2, 2024"), day=None))
    assert versions.newest_day(made["dumps"], made["papers"]) == dt.date(2024, 5, 2)
    undated = release_of(tmp_path / "e", a=page(Listed("Tides", date="May 2"), day=None))
    assert versions.newest_day(undated["dumps"], undated["papers"]) is None
    assert versions.version_of({}, None).startswith("undated-")


def test_whether_what_was_published_is_still_there(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    results, marker = tmp_path / "results", tmp_path / "results" / "published.json"
    assert report.is_published(results, marker)
    folder = publish(tmp_path, made)
    tables.write_json(marker, {"version": folder.name})
    assert report.is_published(results, marker)
    (results / "latest").unlink()
    assert not report.is_published(results, marker)
