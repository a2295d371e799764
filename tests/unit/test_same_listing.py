"""One listing, however it was captured: the same papers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from paperdump.normalize import dates, identifiers
from paperdump.readers.base import Entry
from tests.conftest import tried
from tests.renderings import RENDERINGS, Paper, as_markdown, as_text
from tests.tables_of import read_bytes, release_of_folder

words = st.sampled_from(
    "tide moon shore wave-field gull Δt k-th (2) [1] [0, $x_i$ a_b 3.5% R&D <b> \\alpha *star* "
    "naïve “quoted” it's sea/land #7 e.g. i.e. 10:30 see".split()
)
titles = st.lists(
    st.sampled_from("Tides Moons of Shores in Waves: Gulls R&D 3D".split()), min_size=2
)
sentences = st.lists(words, min_size=4, max_size=12).map(lambda w: "We " + " ".join(w) + " rise.")
abstracts = st.lists(sentences, min_size=1, max_size=4).map(" ".join)
wrapped = st.lists(sentences, min_size=1, max_size=4).map("\n".join)
days = st.dates(date(2019, 1, 1), date(2026, 6, 9))
counts = st.none() | st.integers(0, 999)


@st.composite
def listings(draw: st.DrawFn) -> list[Paper]:
    """A listing of a few papers, no two of the same title or identifier."""
    papers = []
    for number in range(draw(st.integers(1, 4))):
        organization = draw(st.none() | st.just(("tide-lab", "Tide Lab of the North")))
        papers.append(
            Paper(
                arxiv_id=f"2605.{number:05}",
                title=" ".join(draw(titles)) + f" {'ABCD'[number]}",
                abstract=draw(abstracts | wrapped),
                authors=tuple(
                    draw(st.lists(st.sampled_from(["Ada Marsh", "Jo Tern"]), min_size=1))
                ),
                organization=organization,
                published=draw(days),
                comments=draw(counts),
                upvotes=draw(counts),
            )
        )
    return papers


def one_line(text: str | None) -> str | None:
    return " ".join(text.split()) if text else None


def seen(entry: Entry, keep: frozenset[str]) -> dict[str, Any]:
    """What an entry says, in one form for all captures; only what the capture keeps."""
    frame = pl.DataFrame(
        {"date": [entry.date_text], "id": [entry.arxiv_text]},
        schema={"date": pl.String, "id": pl.String},
    ).select(identifiers.arxiv_id(pl.col("id")), day=dates.stated_date(pl.col("date")))
    by: object = entry.n_authors
    if entry.organization_text:
        by = entry.organization_text
    elif entry.organization_slug:
        by = f"{entry.organization_slug} {entry.organization_name}"
    said = {
        "title": one_line(entry.title),
        "abstract": one_line(entry.abstract),
        "by": by,
        "date": frame["day"][0],
        "comments": entry.n_comments,
        "upvotes": entry.n_upvotes,
        "arxiv_id": frame["id"][0],
    }
    return {name: value for name, value in said.items() if name in keep}


def listed(paper: Paper, keep: frozenset[str], *, years: bool) -> dict[str, Any]:
    """What a capture should say of a paper."""
    # text and Markdown leave out the year of the page's own, which then is not stated
    day = paper.published if years or paper.published.year != 2026 else None
    said = {
        "title": one_line(paper.title),
        "abstract": one_line(paper.abstract),
        "by": " ".join(paper.organization) if paper.organization else len(paper.authors),
        "date": day,
        "comments": paper.comments,
        "upvotes": paper.upvotes,
        "arxiv_id": paper.arxiv_id,
    }
    return {name: value for name, value in said.items() if name in keep}


@pytest.mark.parametrize("rendering", RENDERINGS)
@tried(30, suppress_health_check=[HealthCheck.too_slow])
@given(papers=listings())
def test_a_rendered_listing_is_read_back(rendering: str, papers: list[Paper]) -> None:
    name, render, keep = RENDERINGS[rendering]
    row, entries, rejects = read_bytes(render(papers).encode())
    assert row["format"] == name
    assert rejects == []
    years = name in ("hf-json", "hf-html") and rendering != "html-visible"
    years = years or rendering == "markdown-trending"
    assert [seen(entry, keep) for entry in entries] == [
        listed(paper, keep, years=years) for paper in papers
    ]


@tried(3, suppress_health_check=[HealthCheck.too_slow])
@given(papers=listings())
def test_all_captures_of_a_listing_are_the_same_papers(
    tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]
) -> None:
    folder = tmp_path_factory.mktemp("listing")
    for name, (_, render, _) in RENDERINGS.items():
        (folder / name).write_text(render(papers), "utf-8")
    release = release_of_folder(folder)
    assert release["sightings"].height == len(RENDERINGS) * len(papers)
    assert release["rejects"].height == 0
    assert sorted(release["papers"]["arxiv_id"]) == [paper.arxiv_id for paper in papers]
    assert set(release["papers"]["n_sightings"]) == {len(RENDERINGS)}
    assert set(release["papers"]["published_on"]) == {paper.published for paper in papers}


def test_the_capture_says_when_it_was_made_and_what_was_sought(tmp_path: Path) -> None:
    papers = [Paper("2605.00001", "Tides of the Shore", "We study tides. They rise.")]
    (tmp_path / "a.md").write_text(as_markdown(papers), "utf-8")
    (tmp_path / "b.txt").write_text(as_text(papers), "utf-8")
    [marked, plain] = release_of_folder(tmp_path)["dumps"].to_dicts()
    assert (marked["snapshot_on"], marked["query"]) == (date(2026, 6, 10), "Tidal Nets")
    assert (marked["snapshot_earliest_evidence"], marked["date_links"]) == (
        "captured",
        ["2026-06-09"],
    )
    assert (plain["query"], plain["listing_text"]) == (None, "Jun 10")
    # the page shares its paper, whose date the other capture gives a year
    assert (plain["snapshot_on"], plain["year_evidence"]) == (date(2026, 6, 10), "confirmed")
