from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from paperdump import changes, release, report, summarize, tables, versions
from paperdump.errors import PaperdumpError
from tests.pages import Listed, page
from tests.tables_of import release_of

CHECKS = {"expectations": 1, "passed": 1, "failed_critical": 0, "failed_warning": 0, "tables": {}}


def publish(folder: Path, made: dict[str, pl.DataFrame], results: Path | None = None) -> Path:
    """Publish tables as the workflow does; its working files are in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    summaries = summarize.summarize(made)
    version, hashes = versions.identify(made, summaries)
    every = made | {
        f"summaries/{n}": summarize.with_version(s, version) for n, s in summaries.items()
    }
    files = {}
    for name, frame in every.items():
        files[name] = folder / "tables" / f"{name}.parquet"
        tables.write_parquet(frame, name, files[name])
        if name.startswith("summaries/"):
            tables.write_csv(frame, name, files[name].with_suffix(".csv"))
    tables.write_json(folder / "validation" / "results.json", CHECKS)
    document = release.manifest(
        {"version": version, "tables": hashes},
        files,
        config={"dumps": "/somewhere", "results": "/elsewhere", "parse": {"max_mb": 1}},
        code_digest="0" * 16,
        packages={"polars": "1"},
        validation=CHECKS,
    )
    return release.publish(results or folder / "results", document, files, folder / "validation")


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def made(tmp_path: Path) -> dict[str, pl.DataFrame]:
    return release_of(tmp_path / "dumps", a=page(Listed("Tides"), Listed("Ebb", date="May 9")))


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
    before = content(publish(tmp_path, made).parent)
    assert content(publish(tmp_path, made).parent) == before


def test_two_places_get_the_same_bytes(tmp_path: Path, made: dict[str, pl.DataFrame]) -> None:
    one, two = publish(tmp_path / "one", made), publish(tmp_path / "two", made)
    assert one.name == two.name
    assert content(one) == content(two)


def test_other_content_is_another_version_beside_the_first(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    first = publish(tmp_path, made)
    kept = content(first)
    more = release_of(tmp_path / "dumps", b=page(Listed("Flow"), Listed("Tides", date="May 3")))
    second = publish(tmp_path, more)
    assert first != second
    assert content(first) == kept
    assert (tmp_path / "results" / "latest").resolve() == second
    told = pl.read_parquet(second / "changes.parquet")
    assert told.filter(pl.col("change") == "added").height == 1
    changed = told.filter(pl.col("change") == "changed")
    assert set(changed["field"]) == {"n_sightings", "n_dumps"}
    assert set(changed["new_value"]) == {"2"}


def test_latest_goes_back_when_the_content_does(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    first = publish(tmp_path, made)
    publish(tmp_path, release_of(tmp_path / "dumps", b=page(Listed("Flow"))))
    publish(tmp_path, made)
    assert (tmp_path / "results" / "latest").resolve() == first


def test_a_release_that_fails_on_the_way_leaves_latest_alone(
    tmp_path: Path, made: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(tmp_path, made)
    more = release_of(tmp_path / "dumps", b=page(Listed("Flow")))

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(tables, "write_json", full_disk)
    with pytest.raises(OSError, match="No space"):
        publish(tmp_path, more)
    assert (tmp_path / "results" / "latest").resolve() == first
    assert [path.name for path in first.parent.iterdir()] == [first.name]


@pytest.mark.parametrize("name", ["papers.parquet", "manifest.json", "summaries/overview.csv"])
def test_a_damaged_release_is_made_whole_again(
    tmp_path: Path, made: dict[str, pl.DataFrame], name: str
) -> None:
    folder = publish(tmp_path, made)
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


def test_the_version_has_the_newest_certain_day_of_a_capture(
    tmp_path: Path, made: dict[str, pl.DataFrame]
) -> None:
    # the page is of a "Jun 10" after 2024
    assert publish(tmp_path, made).name.startswith("2025-06-10-")


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


def papers(**titles: str) -> pl.DataFrame:
    rows = [{"paper_id": key, "title": title, "urls": []} for key, title in titles.items()]
    return tables.frame_of("papers", rows)


def test_papers_added_removed_and_changed_are_told() -> None:
    old, new = papers(p1="Tides", p2="Ebb"), papers(p2="Ebb!", p3="Flow")
    assert changes.papers_changed(old, new).rows() == [
        ("p1", "removed", None, None, None),
        ("p2", "changed", "title", '"Ebb"', '"Ebb!"'),
        ("p3", "added", None, None, None),
    ]


def test_changes_work_across_schemas() -> None:
    old = papers(p1="Tides").drop("urls")
    assert changes.papers_changed(old, papers(p1="Tides")).is_empty()


def sightings(**papers: str) -> pl.DataFrame:
    return tables.frame_of(
        "sightings", [{"entry_id": entry, "paper_id": paper} for entry, paper in papers.items()]
    )


def redirected(
    old: pl.DataFrame, new: pl.DataFrame, earlier: list[dict[str, object]] | None = None
) -> list[tuple[object, ...]]:
    return changes.redirects(old, tables.frame_of("redirects", earlier or []), new).rows()


def test_an_id_that_stays_has_no_redirect() -> None:
    assert redirected(sightings(e1="p1"), sightings(e1="p1", e2="p2")) == []


def test_an_id_that_moved_leads_to_where_its_entries_are() -> None:
    assert redirected(sightings(e1="p1", e2="p1"), sightings(e1="p2")) == [("p1", "p2", "moved")]


def test_an_id_whose_paper_was_split_leads_to_both() -> None:
    found = redirected(sightings(e1="p1", e2="p1"), sightings(e1="p2", e2="p3"))
    assert found == [("p1", "p2", "moved"), ("p1", "p3", "moved")]


def test_an_id_without_entries_is_gone() -> None:
    assert redirected(sightings(e1="p1"), sightings(e2="p2")) == [("p1", None, "gone")]


def test_earlier_redirects_are_followed_on() -> None:
    earlier: list[dict[str, object]] = [
        {"old_paper_id": "p0", "new_paper_id": "p1", "redirect_reason": "moved"},
        {"old_paper_id": "p8", "new_paper_id": None, "redirect_reason": "gone"},
        {"old_paper_id": "p9", "new_paper_id": "p5", "redirect_reason": "moved"},
    ]
    found = redirected(sightings(e1="p1", e5="p5"), sightings(e1="p2", e5="p5"), earlier)
    assert found == [
        ("p0", "p2", "moved"),
        ("p1", "p2", "moved"),
        ("p8", None, "gone"),
        ("p9", "p5", "moved"),
    ]


def test_an_id_that_came_back_has_no_redirect() -> None:
    earlier: list[dict[str, object]] = [
        {"old_paper_id": "p1", "new_paper_id": "p2", "redirect_reason": "moved"}
    ]
    assert redirected(sightings(e1="p2"), sightings(e1="p1"), earlier) == [("p2", "p1", "moved")]
