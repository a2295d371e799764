from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import config, dedupe, dictionary, explanation, explanation_text, lookup, tables
from paperdump.cli import main
from paperdump.corrections import read_corrections
from paperdump.date_evidence import Step
from paperdump.dedupe import merging
from paperdump.dedupe.dating import Inference
from paperdump.dedupe.limits import Limits
from paperdump.errors import PaperdumpError
from paperdump.explanation import Explanation, Value
from paperdump.normalize import normalize, text
from paperdump.screen import Screen
from tests.pages import Listed, bare, page
from tests.tables_of import parse_folder

pytestmark = pytest.mark.xdist_group("explanation")

LONG = "A long abstract. It has two sentences, and this one goes on."
Tables = dict[str, pl.DataFrame]


def made(folder: Path, fixes: str = "", **pages: str) -> Tables:
    """The tables that pages, each written to a file of its name, and corrections lead to."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages.items():
        (folder / f"{name}.txt").write_text(content, "utf-8")
    parsed = parse_folder(folder)
    defaults = config.resolve({})
    corrections = folder.parent / "corrections.yaml"
    corrections.write_text(fixes, "utf-8")
    done = dedupe.dedupe(
        normalize(parsed["work/entries"], defaults["normalize"]["code_hosts"]),
        parsed["dumps"],
        Inference.from_config(defaults["dates"]),
        Limits.from_config(defaults["dedupe"]),
        read_corrections(corrections),
    )
    return {
        **done.tables(),
        "changes": tables.frame_of("changes", []),
        "redirects": tables.frame_of("redirects", []),
    }


def published(folder: Path, frames: Mapping[str, pl.DataFrame]) -> Path:
    """A folder of a release with some tables, whatever their columns are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    (folder / "manifest.json").write_text(
        json.dumps(
            {
                "version": "2026-06-10-0badcafe",
                "config": {"dates": {"min_dates": 9, "min_in_year": 2}},
            }
        )
    )
    return folder


def release(tmp_path: Path, fixes: str = "", **pages: str) -> lookup.Release:
    folder = published(tmp_path / "release", made(tmp_path / "dumps", fixes, **pages))
    return lookup.Release.open(folder)


def explained(tmp_path: Path, asked: str, fixes: str = "", **pages: str) -> Explanation:
    there = release(tmp_path, fixes, **pages)
    found = lookup.find_paper(there, asked)
    assert found.paper_id, found
    return explanation.explain(there, found)


def value(known: Explanation, field: str) -> Value:
    [one] = [v for v in known.values if v.field == field]
    return one


def origin(known: Explanation, field: str) -> tuple[str, str]:
    """Where the only sighting that gave a value stands."""
    [one] = value(known, field).origins
    return one.path, one.place


def told(step: Step) -> str:
    """A chain of evidence on lines, each step further to the right than what rests on it."""
    below = [re.sub("^", "  ", told(because), flags=re.MULTILINE) for because in step.because]
    return "\n".join([step.text, *below])


def chain(known: Explanation, number: int = 1) -> str:
    [one] = [date.step for date in known.dates if date.sighting == number]
    return told(one)


def shown(known: Explanation, width: int = 80, n: int | None = 12) -> str:
    return explanation_text.explanation_text(known, Screen(width), n)


# values


def test_a_value_names_the_dump_and_the_lines_that_it_is_from(tmp_path: Path) -> None:
    known = explained(
        tmp_path,
        "Tides",
        a=page(Listed("Ebb"), Listed("Tides", "Short.", "  • 3 authors")),
        b=page(Listed("Tides", LONG, "  • 4 authors")),
    )
    lines = (tmp_path / "dumps" / "b.txt").read_text().split("\n")
    begins = lines.index("Tides") + 1
    assert origin(known, "abstract") == ("b.txt", f"lines {begins}-{len(lines)}")
    assert origin(known, "title")[0] == "a.txt"
    assert origin(known, "n_authors")[0] == "b.txt"
    assert value(known, "n_authors").rule == "largest"
    assert value(known, "title").because == "both sightings agree"
    assert dictionary.MERGE_RULES["fullest"] in value(known, "abstract").because


def test_every_column_of_papers_is_told_also_one_that_is_unknown(tmp_path: Path) -> None:
    known = explained(tmp_path, "Tides", a=page(bare("Tides")))
    assert [v.field for v in known.values] == dictionary.table("papers").column_names
    assert value(known, "doi").because == "no sighting states it"
    assert value(known, "paper_id").because.startswith("made of the normalized title")


def test_the_rule_of_most_sightings_is_told_with_their_number(tmp_path: Path) -> None:
    pages = {"a": "one One", "b": "two Two", "c": "two Two"}
    known = explained(
        tmp_path, "Tides", **{name: page(Listed("Tides", byline=b)) for name, b in pages.items()}
    )
    slug = value(known, "organization_slug")
    assert slug.value == "two"
    assert slug.because.endswith("(on 2 of 3)")
    assert origin(known, "organization_slug")[0] == "b.txt"


def test_each_part_of_a_united_value_names_the_first_that_has_it(tmp_path: Path) -> None:
    known = explained(
        tmp_path,
        "Tides",
        a=page(Listed("Tides", "See https://one.org/x.")),
        b=page(Listed("Tides", "See https://one.org/x and https://two.org/y.")),
    )
    parts = {o.path: o.parts for o in value(known, "urls").origins}
    assert parts == {"a.txt": ("https://one.org/x",), "b.txt": ("https://two.org/y",)}


def test_what_cleaning_changed_is_told(tmp_path: Path) -> None:
    known = explained(
        tmp_path, "Tides", a=page(Listed("Tides", r"We rise by 5\% and fall \textbf{twice}."))
    )
    [one] = value(known, "abstract").origins
    assert value(known, "abstract").value == "We rise by 5% and fall twice."
    assert one.cleaned == ((r"5\%", "5%"), (r"\textbf{twice}.", "twice."))
    assert r"cleaned: `5\%` → `5%`, `\textbf{twice}.` → `twice.`" in shown(known, 200)


def test_a_text_that_another_version_cleaned_names_the_page_all_the_same(tmp_path: Path) -> None:
    frames = made(tmp_path / "dumps", a=page(Listed("Tides", LONG)))
    papers = frames["papers"].with_columns(abstract=pl.lit(LONG.replace("goes on", "GOES ON")))
    there = lookup.Release.open(published(tmp_path / "r", {**frames, "papers": papers}))
    known = explanation.explain(there, lookup.find_paper(there, "Tides"))
    assert "another version" in value(known, "abstract").because
    assert origin(known, "abstract")[0] == "a.txt"
    assert value(known, "abstract").origins[0].cleaned == (("goes on.", "GOES ON."),)


def merged(rows: list[dict[str, Any]]) -> Tables:
    """The tables of one paper whose sightings are given, each on a dump of its own."""
    paper_id = "p" + "1" * 16
    dumps = tables.frame_of(
        "dumps",
        [{"dump_id": f"d{n:016x}", "path": f"{n}.txt", "notes": []} for n in range(len(rows))],
    )
    sightings = tables.frame_of(
        "sightings",
        [
            {
                "entry_id": f"d{n:016x}-00001",
                "dump_id": f"d{n:016x}",
                "paper_id": paper_id,
                "position": 1,
                "first_line": 10 + n,
                **row,
            }
            for n, row in enumerate(rows)
        ],
    )
    entries = sightings.with_columns(
        clean_title=text.clean_title(pl.col("title")),
        clean_abstract=text.clean_abstract(pl.col("abstract")),
    )
    papers = tables.conform(merging.merge(entries, dumps), "papers")
    return {"papers": papers, "sightings": sightings, "dumps": dumps}


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


ROWS = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["Tides", "tides", r"Tides \& Ebb"]),
        "abstract": some("Short.", LONG, r"By 5\% -- twice."),
        "authors": some(["A. Tide"], ["A. Tide", "B. Ebb"]),
        "n_authors": some(1, 2, 3),
        "organization_slug": some("kelp", "tide-lab"),
        "organization_name": some("Kelp Lab"),
        "published_on": st.just(dt.date(2024, 5, 2)),
        "published_on_evidence": st.sampled_from(merging.EVIDENCE),
        "n_comments": some(0, 7),
        "arxiv_id": some("2405.00001", "2405.00002"),
        "urls": some([], ["https://one.org/x"], ["https://two.org/y", "https://one.org/x"]),
    }
)


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_a_sighting_that_is_named_states_the_value(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        there = lookup.Release.open(published(Path(name), merged(rows)))
        known = explanation.explain(there, lookup.Found("p" + "1" * 16, ""))
    by_number = {s.number: s for s in known.sightings}
    for one in known.values:
        if one.rule is None or one.value in (None, []):
            continue
        assert one.origins, one
        if one.rule == "union":
            assert [p for o in one.origins for p in o.parts or ()] == one.value
        else:
            assert all(by_number[o.sighting].value(one.field) == one.value for o in one.origins)
    assert max(map(len, shown(known).splitlines())) <= 80


# disagreements


def test_who_says_what_is_told_where_sightings_disagree(tmp_path: Path) -> None:
    known = explained(
        tmp_path,
        "Tides",
        a=page(Listed("Tides", byline="  • 3 authors")),
        b=page(Listed("Tides", byline="  • 4 authors")),
        c=page(Listed("Tides", byline="  • 3 authors")),
    )
    [one] = known.disagreements
    assert (one.field, one.said) == ("n_authors", ((4, (2,)), (3, (1, 3))))
    assert re.search(r"n_authors  \[2\]: 4\n +\[1\], \[3\]: 3\n", shown(known))


def test_long_texts_are_shown_from_where_they_differ(tmp_path: Path) -> None:
    begin = "The same words again and again. " * 20
    known = explained(
        tmp_path,
        "Tides",
        a=page(Listed("Tides", begin + "Then this.")),
        b=page(Listed("Tides", begin + "Then that one.")),
    )
    [one] = known.disagreements
    assert one.from_character == len(begin) + len("Then th") + 1
    text = shown(known, 200)
    assert "again and again. Then this." in text.partition("Where they disagree")[2]
    assert text.partition("Where they disagree")[2].count("The same words") <= 2


# finding


@pytest.fixture(scope="module")
def identified(tmp_path_factory: pytest.TempPathFactory) -> lookup.Release:
    """A release of two papers, of which one has identifiers."""
    folder = tmp_path_factory.mktemp("identified")
    frames = made(folder / "dumps", a=page(Listed("Tides"), Listed("Ebb and Flow")))
    is_tides = pl.col("title") == "Tides"
    for name in ("papers", "sightings"):
        frames[name] = frames[name].with_columns(
            arxiv_id=pl.when(is_tides).then(pl.lit("2405.00001")),
            doi=pl.when(is_tides).then(pl.lit("10.1000/tides")),
        )
    return lookup.Release.open(published(folder / "release", frames))


@pytest.mark.parametrize(
    "asked",
    [
        "2405.00001",
        "arXiv:2405.00001v2",
        "https://arxiv.org/abs/2405.00001",
        "10.1000/TIDES",
        "https://doi.org/10.1000/tides",
        "tides",
        "  Tides ",
        "TIDES!",
    ],
)
def test_a_paper_is_found_by_identifier_address_or_title(
    identified: lookup.Release, asked: str
) -> None:
    paper_id = lookup.find_paper(identified, asked).paper_id
    assert paper_id
    assert identified.where("papers", paper_id=[paper_id])["title"].to_list() == ["Tides"]


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        ("ebb and", "the only one that holds"),
        ("and flow", "the only one that holds"),
        ("Ebb and Flwo", "the nearest to"),
    ],
)
def test_a_part_of_a_title_or_nearly_one_will_do(
    identified: lookup.Release, asked: str, how: str
) -> None:
    found = lookup.find_paper(identified, asked)
    assert found.paper_id
    assert how in found.how


def test_a_paper_is_found_by_an_entry_and_by_a_title_that_did_not_survive(tmp_path: Path) -> None:
    fix = """
same:
  - pair: [{paper: Tides}, {paper: On Tides}]
    reason: The title was changed.
"""
    there = release(tmp_path, fix, a=page(Listed("Tides")), b=page(Listed("On Tides")))
    sightings = pl.read_parquet(there.folder / "sightings.parquet")
    [paper_id] = sightings["paper_id"].unique()
    for entry_id in sightings["entry_id"]:
        assert lookup.find_paper(there, entry_id).paper_id == paper_id
    found = lookup.find_paper(there, "on tides")
    assert (found.paper_id, found.how) == (paper_id, "by the title of a sighting")
    assert lookup.find_paper(there, "on tid").paper_id == paper_id


def test_several_that_fit_are_listed_the_nearest_first(tmp_path: Path) -> None:
    there = release(
        tmp_path, a=page(Listed("On Tides at Night"), Listed("On Tides"), Listed("Ebb"))
    )
    found = lookup.find_paper(there, "tides")
    assert found.paper_id is None
    assert [row["title"] for row in found.candidates] == ["On Tides", "On Tides at Night"]


def test_papers_of_the_same_title_are_listed(tmp_path: Path) -> None:
    frames = made(tmp_path / "dumps", a=page(Listed("Tides"), Listed("Ebb")))
    same = frames["papers"].with_columns(title=pl.lit("Tides"))
    there = lookup.Release.open(published(tmp_path / "r", {**frames, "papers": same}))
    found = lookup.find_paper(there, "Tides")
    assert (found.paper_id, found.n_candidates) == (None, 2)


def test_what_is_not_there_is_said_with_the_nearest(identified: lookup.Release) -> None:
    found = lookup.find_paper(identified, "Ebb and Flow in Estuaries")
    assert found.paper_id is None
    assert found.how.startswith("no paper has the title")
    assert [row["title"] for row in found.candidates] == ["Ebb and Flow"]
    nothing = lookup.find_paper(identified, "zzz")
    assert (nothing.paper_id, nothing.candidates) == (None, ())
    assert "no paper" in lookup.find_paper(identified, "p" + "0" * 16).how
    assert "no entry" in lookup.find_paper(identified, f"d{'0' * 16}-00001").how


def test_of_several_titles_that_are_nearly_the_one_none_is_taken(tmp_path: Path) -> None:
    there = release(tmp_path, a=page(Listed("Tides of the Moon 1"), Listed("Tides of the Moon 2")))
    found = lookup.find_paper(there, "Tides of the Moon 3")
    assert (found.paper_id, found.n_candidates) == (None, 2)


def test_all_letters_of_a_title_count_not_only_ascii(tmp_path: Path) -> None:
    there = release(tmp_path, a=page(Listed("ﬁne Ｔides 潮汐"), Listed("Ebb")))
    for asked in ("fine tides 潮汐", "潮汐", "Tides 潮汐", "FINE"):
        assert lookup.find_paper(there, asked).paper_id, asked


def moved(tmp_path: Path, *rows: tuple[str, int | None]) -> lookup.Release:
    """A release with redirects: the old id, and the number of the paper that it leads to."""
    frames = made(tmp_path / "dumps", a=page(Listed("Tides"), Listed("Ebb")))
    ids = frames["papers"].sort("title")["paper_id"].to_list()
    frames["redirects"] = tables.frame_of(
        "redirects",
        [
            {
                "old_paper_id": old,
                "new_paper_id": None if to is None else ids[to],
                "redirect_reason": "dump_gone" if to is None else "moved",
            }
            for old, to in rows
        ],
    )
    return lookup.Release.open(published(tmp_path / "release", frames))


def test_an_id_of_an_earlier_release_is_followed_and_said(tmp_path: Path) -> None:
    old = "p" + "a" * 16
    there = moved(tmp_path, (old, 0))
    found = lookup.find_paper(there, old)
    known = explanation.explain(there, found)
    assert known.paper["title"] == "Ebb"
    assert f"by {old}, an id of an earlier release" in known.found
    assert known.former_ids == (old,)


def test_an_id_whose_paper_was_divided_lists_the_parts(tmp_path: Path) -> None:
    old = "p" + "a" * 16
    found = lookup.find_paper(moved(tmp_path, (old, 0), (old, 1)), old)
    assert (found.paper_id, found.n_candidates) == (None, 2)
    assert "several papers now" in found.how


def test_an_id_without_entries_left_is_said_to_be_gone(tmp_path: Path) -> None:
    old = "p" + "a" * 16
    found = lookup.find_paper(moved(tmp_path, (old, None)), old)
    assert found.paper_id is None
    assert "none of its entries is left" in found.how


# dates


def test_a_date_in_full_is_stated(tmp_path: Path) -> None:
    known = explained(tmp_path, "Tides", a=page(Listed("Tides", date="May 2, 2024")))
    assert chain(known) == (
        "`May 2, 2024` → 2024-05-02, stated: day, month and year are written there"
    )


def test_a_year_confirmed_by_another_page_names_both_entries(tmp_path: Path) -> None:
    known = explained(
        tmp_path,
        "Tides",
        a=page(Listed("Tides", date="May 2"), day="Jun 10"),
        b=page(Listed("Ebb"), Listed("Tides", date="May 2, 2024"), day="Jun 12"),
    )
    where = {s.path: s.place for s in known.sightings}
    assert chain(known).splitlines() == [
        f"`May 2` on a.txt, {where['a.txt']} → 2024-05-02, confirmed",
        "  a.txt, whose day is `Jun 10`, was captured on 2024-06-10",
        "    this very paper is also on "
        f"b.txt, {where['b.txt']} (`May 2, 2024`), dated in full there",
    ]


def test_a_witness_that_is_no_paper_of_this_name_is_followed_to_its_own_page(
    tmp_path: Path,
) -> None:
    # Tides stands on a alone; Ebb links a to b, and Flow links b to c, which states its year
    known = explained(
        tmp_path,
        "Tides",
        a=page(Listed("Tides", date="May 2"), Listed("Ebb", date="Apr 3"), day="Jun 10"),
        b=page(Listed("Ebb", date="Apr 3"), Listed("Flow", date="Mar 4"), day="Jun 11"),
        c=page(Listed("Flow", date="Mar 4, 2023"), day="Jun 12"),
    )
    text = chain(known)
    assert "→ 2023-05-02, confirmed" in text
    places = [text.index(name) for name in ("a.txt", "b.txt", "c.txt")]
    assert places == sorted(places)
    assert "(`Mar 4, 2023`), dated in full there" in text.splitlines()[-1]
    assert text.splitlines()[-1].startswith("      ")


def test_an_inferred_year_tells_on_how_many_entries_it_rests(tmp_path: Path) -> None:
    old = [Listed(f"Old {number}", date="Sep 1, 2024") for number in range(20)]
    known = explained(tmp_path, "Tides", a=page(Listed("Tides", date="May 2"), *old))
    assert "→ 2025-05-02, inferred" in chain(known)
    assert (
        "the latest year that the page writes out is 2024, the year before, on 20 of its 21 dates; "
        "9 and 2 are enough"
    ) in chain(known)
    assert "was captured on 2025-06-10 or later" in chain(known)


def test_a_year_that_follows_from_an_inferred_one_says_so(tmp_path: Path) -> None:
    old = [Listed(f"Old {number}", date="Sep 1, 2024") for number in range(20)]
    known = explained(
        tmp_path,
        "Tides",
        a=page(Listed("Tides", date="May 2"), Listed("Ebb", date="May 1"), day="Jun 9"),
        b=page(Listed("Ebb", date="May 1"), *old),
    )
    assert "→ 2025-05-02, inferred" in chain(known)
    assert "a paper on it is on a page whose year is inferred" in chain(known)


def test_why_a_date_is_not_known_is_told(tmp_path: Path) -> None:
    known = explained(
        tmp_path,
        "Tides",
        a=page(Listed("Tides", date="May 2"), Listed("Ebb", date="Sep 1, 2024")),
    )
    assert "→ unknown: the year that is left out is the page's own" in chain(known)
    assert "was captured on 2025-06-10 or later" in chain(known)
    assert "lines" in chain(known).splitlines()[-1]


def test_a_date_after_the_day_of_its_page_is_told(tmp_path: Path) -> None:
    known = explained(tmp_path, "Tides", a=page(Listed("Tides", date="Dec 24"), day="Jun 10"))
    assert "→ unknown: it comes after the page's own day, `Jun 10`" in chain(known)


def test_a_page_without_any_evidence_says_so(tmp_path: Path) -> None:
    known = explained(tmp_path, "Tides", a=page(Listed("Tides", date="May 2")))
    assert chain(known).endswith("  nothing says when a.txt was captured")


def test_a_sighting_without_a_date_tells_of_its_page(tmp_path: Path) -> None:
    known = explained(tmp_path, "Tides", a=page(bare("Tides"), Listed("Ebb", date="Sep 1, 2024")))
    assert chain(known).startswith("no date is shown on a.txt, lines")


@pytest.fixture(scope="module")
def undated(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made(tmp_path_factory.mktemp("undated") / "in", a=page(Listed("Tides", date="May 2")))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("sheet", "the sheet of dumps states the day"),
        ("captured", "the dump states when it was captured, `2025-06-10T01:02:03Z`"),
        ("date_links", "links to the listings of 2025-06-09, 2025-06-11"),
        ("stated", "says its day in full, `Jun 10`"),
        ("stated_years", "this very paper has its year written out"),
        ("arxiv_id", "has the arXiv identifier None"),
        ("of_the_future", "the evidence is of_the_future"),
    ],
)
def test_each_kind_of_evidence_is_told_in_words(
    tmp_path: Path, undated: Tables, kind: str, said: str
) -> None:
    dumps = undated["dumps"].with_columns(
        snapshot_earliest=dt.date(2025, 6, 10),
        snapshot_earliest_evidence=pl.lit(kind),
        snapshot_earliest_entry_id=pl.lit(undated["sightings"]["entry_id"][0]),
        captured_text=pl.lit("2025-06-10T01:02:03Z"),
        date_links=pl.lit(["2025-06-09", "2025-06-11"]),
    )
    there = lookup.Release.open(published(tmp_path, {**undated, "dumps": dumps}))
    assert said in chain(explanation.explain(there, lookup.find_paper(there, "Tides")))


def test_evidence_that_comes_back_to_where_it_began_ends(tmp_path: Path) -> None:
    frames = made(
        tmp_path / "dumps",
        a=page(Listed("Tides", date="May 2")),
        b=page(Listed("Tides", date="May 2")),
    )
    one, other = frames["sightings"].join(frames["dumps"], on="dump_id").sort("path")["entry_id"]
    mine = pl.col("path") == "a.txt"
    frames["dumps"] = frames["dumps"].with_columns(
        snapshot_earliest=dt.date(2025, 6, 10),
        snapshot_earliest_evidence=pl.lit("dated_elsewhere"),
        snapshot_earliest_entry_id=pl.when(mine).then(pl.lit(one)).otherwise(pl.lit(other)),
        snapshot_earliest_witness_id=pl.when(mine).then(pl.lit(other)).otherwise(pl.lit(one)),
    )
    there = lookup.Release.open(published(tmp_path / "r", frames))
    text = chain(explanation.explain(there, lookup.find_paper(there, "Tides")))
    assert text.splitlines()[-1].endswith("not before 2025-06-10, as told above")
    assert len(text.splitlines()) == 5


def test_contradictions_about_its_pages_are_told(tmp_path: Path) -> None:
    known = explained(
        tmp_path,
        "Ebb",
        a=page(Listed("Tides", date="May 2"), Listed("Flow", date="Apr 1"), Listed("Ebb")),
        b=page(Listed("Tides", date="May 2, 2023")),
        c=page(Listed("Flow", date="Apr 1, 2021")),
    )
    assert {row["path"] for row in known.contradictions} == {"a.txt"}
    assert "Contradictions about the days of its pages" in shown(known)


# merges and corrections


def test_why_entries_are_one_paper_is_told(tmp_path: Path) -> None:
    known = explained(tmp_path, "Tides", a=page(Listed("Tides")), b=page(Listed("tides")))
    [merge] = known.merges
    assert (merge.kept, merge.repeat, merge.decision) == ("[1]", "[2]", "the same paper")
    assert "same letters and digits" in merge.because


def test_a_pair_with_an_entry_of_another_paper_names_it(tmp_path: Path) -> None:
    frames = made(tmp_path / "dumps", a=page(Listed("Tides"), Listed("Ebb")))
    one, other = frames["sightings"].sort("position")["entry_id"]
    frames["matches"] = tables.frame_of(
        "matches",
        [
            {
                "entry_id_kept": one,
                "entry_id_repeat": other,
                "match_rule": "same_title",
                "title_score": 0.5,
                "match_decision": "different",
            }
        ],
    )
    there = lookup.Release.open(published(tmp_path / "r", frames))
    known = explanation.explain(there, lookup.find_paper(there, "Tides"))
    [merge] = known.merges
    assert merge.decision == "different papers"
    assert merge.repeat.startswith("“Ebb” (p")


FIX_OF_PAPER = """
fixes:
  - paper: Tides
    field: n_authors
    value: 7
    expects: 3
    reason: The page leaves out four.
"""


def test_a_value_that_a_correction_gave_says_so(tmp_path: Path) -> None:
    known = explained(tmp_path, "Tides", FIX_OF_PAPER, a=page(Listed("Tides")))
    fixed = value(known, "n_authors")
    assert (fixed.value, fixed.corrected, fixed.origins) == (7, True, ())
    assert fixed.because == "the correction of line 3, in place of `3`: The page leaves out four."
    [row] = known.corrections
    assert row["status"] == "applied"
    assert "n_authors `3` → `7` (applied)." in shown(known, 200)


def test_a_stale_correction_is_told(tmp_path: Path) -> None:
    known = explained(
        tmp_path, "Tides", FIX_OF_PAPER, a=page(Listed("Tides", byline="  • 5 authors"))
    )
    assert value(known, "n_authors").value == 5
    assert "(stale)" in shown(known, 200)


FIX_OF_TEXT = """
fixes:
  - dump: a.txt
    line: {line}
    field: abstract
    value: We study tides, and nothing else.
    expects: We study kelp.
    reason: The page shows the abstract of another paper.
"""


def test_a_text_corrected_in_a_sighting_names_the_sighting_and_the_correction(
    tmp_path: Path,
) -> None:
    text = page(Listed("Tides", "We study kelp."))
    line = text.split("\n").index("Tides") + 1
    known = explained(tmp_path, "Tides", FIX_OF_TEXT.format(line=line), a=text)
    assert value(known, "abstract").value == "We study tides, and nothing else."
    [one] = value(known, "abstract").origins
    assert one.path == "a.txt"
    assert one.cleaned is None
    assert one.corrected
    assert "another paper" in one.corrected


def test_a_date_that_a_correction_gave_says_so(tmp_path: Path) -> None:
    text = page(Listed("Tides", date="May 2"))
    line = text.split("\n").index("Tides") + 1
    fix = f"""
fixes:
  - {{dump: a.txt, line: {line}, field: published_on, value: 2023-05-02, expects: null,
     reason: The paper itself says so.}}
"""
    known = explained(tmp_path, "Tides", fix, a=text)
    assert chain(known).endswith("→ 2023-05-02, as a correction says")


# old releases


def test_a_release_without_the_newer_tables_and_columns_says_less(tmp_path: Path) -> None:
    frames = made(
        tmp_path / "dumps",
        a=page(Listed("Tides", date="May 2")),
        b=page(Listed("Tides", date="May 2, 2024")),
    )
    newer = [
        name
        for name in frames["dumps"].columns
        if name.endswith(("_evidence", "_entry_id", "_witness_id"))
    ]
    old = {
        "papers": frames["papers"].drop("published_on_evidence", "mentioned_dois", "conflicts"),
        "sightings": frames["sightings"].drop("published_on_evidence", "record_path"),
        "dumps": frames["dumps"].drop(newer, "notes", "source"),
    }
    there = lookup.Release.open(published(tmp_path / "old", old))
    known = explanation.explain(there, lookup.find_paper(there, "Tides"))
    assert "b.txt" in shown(known)
    assert value(known, "published_on").origins
    assert lookup.find_paper(there, "p" + "0" * 16).paper_id is None
    (there.folder / "dumps.parquet").unlink()
    bare_known = explanation.explain(there, lookup.find_paper(there, "Tides"))
    assert shown(bare_known)


def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    there = release(tmp_path, a=page(Listed("Tides")))
    (there.folder / "papers.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(PaperdumpError, match=r"papers\.parquet cannot be read"):
        lookup.find_paper(there, "Tides")


def test_a_manifest_that_cannot_be_read_costs_the_version_only(tmp_path: Path) -> None:
    there = release(tmp_path, a=page(Listed("Tides")))
    (there.folder / "manifest.json").write_text("[]")
    again = lookup.Release.open(there.folder)
    assert again.version is None
    assert shown(explanation.explain(again, lookup.find_paper(again, "Tides")))


# the command


@pytest.fixture
def in_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A results folder, in the working directory, with a release as its latest."""
    monkeypatch.chdir(tmp_path)
    nasty = "Tides [bold]of\x1b[31m Evil\u202e[/]"
    frames = made(
        tmp_path / "dumps", a=page(Listed("Tides"), Listed("On Tides")), b=page(Listed("Ebb"))
    )
    for name in ("papers", "sightings"):
        title = pl.when(pl.col("title") == "Ebb").then(pl.lit(nasty)).otherwise("title")
        frames[name] = frames[name].with_columns(title=title)
    return published(tmp_path / "results" / "latest", frames)


def test_the_latest_release_is_explained(
    in_release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "On", "Tides"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("On Tides\n")
    assert "2026-06-10-0badcafe, in results/latest" in text
    for section in ("Values", "Sightings (1)", "What its dates rest on"):
        assert f"\n{section}\n" in text
    assert main(["explain", "On Tides", "--release", str(in_release.parent)]) == 0


def test_json_holds_all_of_it(in_release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert in_release.is_dir()
    assert main(["explain", "On Tides", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["paper"]["published_on"] == "2024-05-02"
    assert known["sightings"][0]["values"]["date_text"] == "May 2, 2024"
    assert known["dates"][0]["step"]["text"].startswith("`May 2, 2024` →")
    assert {v["field"] for v in known["values"]} == set(known["paper"])


def test_not_one_paper_ends_with_2(in_release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert in_release.is_dir()
    assert main(["explain", "tide"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("paperdump explain: several titles hold 'tide'; give the id")
    assert len(re.findall(r"^  p[0-9a-f]{16}  ", captured.err, re.MULTILINE)) == 3
    assert main(["explain", "zzz", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["paper_id"] is None
    assert main(["explain", " "]) == 2
    assert main(["explain", "Tides", "--release", "nowhere"]) == 2
    assert "there is no release in nowhere" in capsys.readouterr().err


def test_a_title_cannot_command_the_terminal(
    in_release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_release.is_dir()
    for arguments in (["of evil"], ["evil", "--json"], ["Tides of", "--sightings", "all"]):
        main(["explain", *arguments])
        captured = capsys.readouterr()
        assert "\x1b" not in captured.out + captured.err
        assert "\u202e" not in captured.out + captured.err
        assert "[bold]" in captured.out + captured.err


def test_output_goes_to_a_broken_pipe_or_a_poor_one(in_release: Path) -> None:
    command = [sys.executable, "-m", "paperdump.cli", "explain", "On Tides"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    poor = subprocess.run(
        command, capture_output=True, env=environment, cwd=in_release.parents[1], check=False
    )
    assert poor.returncode == 0
    assert rb"\u2192" in poor.stdout
    reading, writing = os.pipe()
    os.close(reading)
    broken = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, cwd=in_release.parents[1], check=False
    )
    os.close(writing)
    assert (broken.returncode, broken.stderr) == (141, b"")


def test_many_sightings_are_listed_as_far_as_is_asked(tmp_path: Path) -> None:
    pages = {f"p{number:02}": page(Listed("Tides")) for number in range(9)}
    known = explained(tmp_path, "Tides", **pages)
    text = shown(known, 80, 4)
    assert "… and 5 more sightings (--sightings all lists them)" in text
    assert "[9]" not in text.partition("Sightings (9)")[2].partition("Why they")[0]
    assert "[9]" in shown(known, 80, None)
