from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from paperdump import changes, changes_text
from paperdump.cli import main
from paperdump.releases import Version
from tests.pages import Listed, bare, page
from tests.published import copied, publish
from tests.tables_of import release_of

pytestmark = pytest.mark.xdist_group("changes_text")

FIRST = page(Listed("Tides"), bare("Ebb and *Flow*"))
SECOND = page(Listed("Ebb and *Flow*"), Listed("Moon|Light", byline="kelp-labs Kelp Labs"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A release, and one with another dump."""
    folder = tmp_path_factory.mktemp("two")
    first = publish(folder, release_of(folder / "dumps", a=FIRST))
    return first, publish(folder, release_of(folder / "dumps", b=SECOND))


def text(folder: Path) -> str:
    return (folder / "CHANGES.md").read_text("utf-8")


def test_the_first_release_says_that_it_is_the_first(two: tuple[Path, Path]) -> None:
    said = text(two[0])
    assert said.startswith(f"# Release {two[0].name}\n\nThe first release")
    assert "| papers  |    2 |" in said


def test_a_later_one_says_what_came_and_what_moved(two: tuple[Path, Path]) -> None:
    said = text(two[1])
    assert f"Compared with {two[0].name}." in said
    assert "| papers  |      2 |   3 |     +1 |" in said
    assert "* Dumps: 1 new." in said
    assert "* new: `b.txt`, entries: 2, new papers: 1, known papers: 1" in said
    assert "## New papers (1)" in said
    assert "n_authors `null` → `3`" in said
    assert "by new evidence" in said
    assert "### papers_by_month" in said
    assert "## Schema" not in said
    assert "## Code" not in said


def test_titles_are_no_markup(two: tuple[Path, Path]) -> None:
    assert r"*Moon\|Light*, 2024-05-02" in text(two[1])
    assert r"*Ebb and \*Flow\**" in text(two[1])


def test_diff_prints_the_same_for_any_two(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    results = ["--results", str(two[0].parents[1])]
    names = [folder.name for folder in two]
    assert main(["diff", *names, "--markdown", *results]) == 0
    assert capsys.readouterr().out == text(two[1])
    # by the last digits of a version; the other way round; as people read it
    assert main(["diff", "latest", names[0][-8:], *results]) == 0
    said = capsys.readouterr().out
    assert f"Compared with {names[1]}." in said
    assert "* Papers: 1 gone." in said
    assert "“Moon|Light”" in said
    assert "evidence that is gone" in said


def test_diff_of_a_release_with_itself_says_so(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "latest", "latest", "--results", str(two[0].parents[1])]) == 0
    assert "the data are the same" in capsys.readouterr().out


def test_diff_as_json_has_every_row(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    names = [folder.name for folder in two]
    assert main(["diff", *names, "--json", "--results", str(two[0].parents[1])]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["old"], document["new"]) == tuple(names)
    rows = pl.read_parquet(two[1] / "changes.parquet").to_dicts()
    assert document["changes"] == rows


def test_diff_works_across_schemas(
    two: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = copied(two[0], tmp_path)
    path = old / "papers.parquet"
    frame = pl.read_parquet(path).drop("doi").with_columns(pl.col("n_authors").cast(pl.Int64))
    path.chmod(0o644)
    frame.with_columns(pages=pl.lit(3)).write_parquet(path)
    (old / "review.parquet").unlink()
    (old / "summaries" / "code_links.parquet").unlink()
    results = str(old.parents[1])
    assert main(["diff", old.name, two[1].name, "--results", results]) == 0
    said = capsys.readouterr().out
    assert "* column papers.doi (string) is new" in said
    assert "* column papers.pages (int32) is gone" in said
    assert "* column papers.n_authors has another type: int64 → int32" in said
    assert "* table review is new" in said
    assert "* table summaries/code_links is new" in said
    assert "## New papers (1)" in said
    assert "n_authors null → 3" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [("2025", "several versions begin with"), ("nothing", "there is no release"), ("", "there is")],
)
def test_a_release_that_is_not_certain_is_wrong_use(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str], asked: str, said: str
) -> None:
    assert main(["diff", asked, "latest", "--results", str(two[0].parents[1])]) == 2
    assert said in capsys.readouterr().err


def test_code_and_settings_stand_apart_from_the_data(two: tuple[Path, Path]) -> None:
    new = Version.open(two[1])
    other = {**new.manifest, "paperdump": "9.0", "code_digests": {"parse": "1"},
             "config": {"parse": {"max_mb": 2}, "corrections": [{"kind": "fix"}]}}  # fmt: skip
    changed = Version(new.folder, other)
    said = changes_text.text_of(changes.between(new, changed), new, changed)
    apart = "the settings, the corrections and the code or its packages changed."
    assert f"* Apart from the data, {apart}" in said
    assert "* parse.max_mb: `1` → `2`" in said
    assert "* corrections: 1 new" in said
    assert "* the code of parse changed" in said
    assert "## Papers" not in said


def test_of_long_values_the_part_that_differs_is_shown() -> None:
    old, new = "tide " * 40 + "ebb" + " sea" * 40, "tide " * 40 + "flow" + " sea" * 40
    before, after = changes_text._shown(json.dumps(old), json.dumps(new))
    assert "ebb" in before
    assert "flow" in after
    assert max(len(before), len(after)) < 80
