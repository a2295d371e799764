"""Near-duplicates and lookalikes, with the real snakemake: what merges, what people settle."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import copy_project, executed, snakemake
from tests.pages import Listed, page
from tests.reproducibility import differing, hashes

pytestmark = pytest.mark.xdist_group("review")

# long enough to say something, and no two alike
ABSTRACTS = [
    "Salt marshes trap sediment while the tide is high. We follow the grains of three estuaries "
    "for two years and find that storms, not springs, decide how fast a marsh can grow upwards.",
    "Kelp bends with every wave and gives back part of its energy. A small model of a single blade "
    "explains why forests calm the water behind them, and when they are torn away by winter swell.",
    "Ice on a harbour basin breaks along lines that ships leave. We map such lines from the air, "
    "and predict with a lattice of springs where the next crack opens after a cold week in March.",
]
EDITED = ABSTRACTS[0].replace("three estuaries", "four river mouths").replace("grains", "particles")
PAGES = {
    "a": page(
        Listed("Sediment Transport over Salt Marshes", ABSTRACTS[0]),
        Listed("Wave Damping by Kelp Forests, Part I", ABSTRACTS[1]),
        Listed("Cracks in Harbour Ice from the Air", ABSTRACTS[2]),
    ),
    "b": page(
        Listed("Sediment transport over salt-marshes: two years of data", EDITED),
        Listed("Wave Damping by Kelp Forests, Part II", ABSTRACTS[1]),
        Listed("Mapping Where Ships Part the Frozen Basin", ABSTRACTS[2]),
    ),
}
SETTLED = """\
same:
  {same}
different:
  {different}
"""


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with dumps of its own, in which snakemake has run once."""
    project = copy_project(tmp_path_factory.mktemp("first") / "project")
    shutil.rmtree(project / "tests/data/examples")
    for name, text in PAGES.items():
        add(project, name, text)
    run = snakemake(project)
    assert run.returncode == 0, run.stderr
    return project


@pytest.fixture
def project(first_run: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(first_run, tmp_path / "project", symlinks=True)


def add(project: Path, name: str, text: str) -> None:
    dumps = project / "tests/data/examples"
    dumps.mkdir(exist_ok=True)
    (dumps / f"{name}.txt").write_text(text, "utf-8")


def table(project: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(project / "results" / "latest" / f"{name}.parquet")


def papers_of(project: Path) -> list[set[str]]:
    """The titles that each paper is listed under, of papers with more than one sighting."""
    grouped = table(project, "sightings").group_by("paper_id").agg("title")
    return sorted((set(t) for t in grouped["title"].to_list() if len(t) > 1), key=min)


def test_edited_repeats_merge_and_lookalikes_do_not(first_run: Path) -> None:
    assert papers_of(first_run) == [
        {
            "Sediment Transport over Salt Marshes",
            "Sediment transport over salt-marshes: two years of data",
        }
    ]
    rules = {
        (row["match_rule"], row["match_decision"]) for row in table(first_run, "matches").to_dicts()
    }
    assert ("extended_title", "same") in rules
    assert ("different_numbers", "different") in rules


def test_a_doubtful_pair_stands_in_the_review_with_both_texts(first_run: Path) -> None:
    with (first_run / "results/latest/review.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["rank"] == "1"
    assert row["match_rule"] == "same_abstract"
    assert row["title"] == "Cracks in Harbour Ice from the Air"
    assert row["other_title"] == "Mapping Where Ships Part the Frozen Basin"
    assert row["abstract"] == row["other_abstract"] == ABSTRACTS[2]
    assert row["paper_id"] != row["other_paper_id"]


def test_what_people_settle_holds_also_after_new_dumps(project: Path) -> None:
    [doubt] = table(project, "review").to_dicts()
    merged = table(project, "sightings").filter(pl.col("title").str.starts_with("Sediment"))
    same = doubt["settled_by"].replace('""', '"One paper, renamed"')
    first, second = merged["entry_id"].to_list()
    apart = f"- {{pair: [{{sighting: {first}}}, {{sighting: {second}}}], reason: Two campaigns}}"
    corrections = SETTLED.format(same=same, different=apart)
    (project / "config/corrections.yaml").write_text(corrections, "utf-8")
    renamed = {"Cracks in Harbour Ice from the Air", "Mapping Where Ships Part the Frozen Basin"}
    again = page(Listed("Cracks in harbour ice from the air", ABSTRACTS[2]))
    for new_dump, repeats in ((None, set()), ("c", {"Cracks in harbour ice from the air"})):
        if new_dump:
            add(project, new_dump, again)
        run = snakemake(project)
        assert run.returncode == 0, run.stderr
        assert papers_of(project) == [renamed | repeats]
        assert table(project, "corrections")["status"].to_list() == ["applied", "applied"]
        assert table(project, "review").is_empty()


def test_shards_and_cores_change_no_byte(first_run: Path, tmp_path: Path) -> None:
    """To the end of dedupe: that of a whole release is in test_reproducibility."""
    project = copy_project(tmp_path / "project")
    shutil.rmtree(project / "tests/data/examples")
    for name, text in PAGES.items():
        add(project, name, text)
    run = snakemake(project, "--until", "dedupe", "--config", "dedupe={shards: 4}", cores=1)
    assert run.returncode == 0, run.stderr
    assert executed(run)["block"] == 4
    [one], [other] = (
        [hashes(made) for made in place.joinpath("results", "work", "dedupe").iterdir()]
        for place in (first_run, project)
    )
    assert {"papers.parquet", "matches.parquet", "review.csv"} <= set(one)
    assert differing(one, other) == []
