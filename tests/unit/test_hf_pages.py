"""Captures of the page that keep links or headings: Markdown, HTML, text with addresses."""

from __future__ import annotations

import html
import json

import pytest

from paperdump.readers import listing
from paperdump.readers.markup import Piece, lines_of
from tests.renderings import (
    Paper,
    as_html,
    as_json,
    as_markdown,
    as_text_with_addresses,
    as_text_with_references,
    as_visible_html,
    record_of,
)
from tests.tables_of import read_bytes

PAPERS = [
    Paper("2605.00001", "Tides of the Shore", "We study tides. They rise.", comments=3, upvotes=9),
    Paper("2605.00002", "Moons of the Sea", "Moons matter. They pull.", ("Jo Tern",)),
]


def read(text: str) -> list[tuple[str, str | None]]:
    _, entries, _ = read_bytes(text.encode())
    return [(entry.title, entry.abstract) for entry in entries]


BOTH = [(paper.title, paper.abstract) for paper in PAPERS]


def test_a_link_may_span_lines_and_hold_brackets() -> None:
    [line] = [
        line for line in lines_of("[a [1] b\nc [0, 1) d](https://a.test/x)") if not line.blank
    ]
    assert (line.pieces, line.first, line.last) == (
        [Piece("a [1] b\nc [0, 1) d", "https://a.test/x")],
        1,
        2,
    )


def test_a_reference_finds_its_target_wherever_it_is_listed() -> None:
    text = "### [Tides][2]\n\n[x][9]\n\n[1]: https://a.test/1\n[2]: https://a.test/2\n"
    lines = [line for line in lines_of(text) if not line.blank]
    assert [(line.text, line.url, line.level) for line in lines] == [
        ("Tides", "https://a.test/2", 3),
        ("x", "", 0),
    ]


def test_an_address_on_its_own_line_belongs_to_the_text_before_it() -> None:
    lines = lines_of("A title\nin two lines\n\nhttps://a.test/x\n\nMore\n")
    assert [(line.text, line.url) for line in lines if not line.blank] == [
        ("A title\nin two lines", "https://a.test/x"),
        ("More", None),
    ]


def test_a_bracket_in_place_of_a_picture_is_no_text() -> None:
    [line] = lines_of("[[slug] The Name](https://huggingface.co/slug)")
    assert (line.text, line.alts) == ("The Name", ["slug"])


def test_escapes_of_markdown_are_undone_and_tex_is_kept() -> None:
    [line] = lines_of(r"a\_b \[x\] 5\% \textbf{c} \\alpha", escaped=True)
    assert line.text == r"a_b [x] 5\% \textbf{c} \alpha"


def test_a_link_that_is_never_closed_costs_no_other_entry() -> None:
    text = as_markdown(PAPERS).replace(
        "They rise.](https://huggingface.co/papers/2605.00001)", "They"
    )
    assert read(text)[1] == BOTH[1]


def test_a_heading_that_was_wrapped_is_one_title() -> None:
    text = as_text_with_references(PAPERS).replace("Tides of the", "Tides of\n### the")
    assert [" ".join(title.split()) for title, _ in read(text)] == [p.title for p in PAPERS]


def test_headings_without_links_are_titles_where_an_abstract_follows() -> None:
    text = (
        "**URL:** https://a.test\n\n## Trending Papers\n\n## by AK and the research community\n\n"
        "### Tides of the Shore:\n  A Study\n\nWe study tides.\nThey rise.\n- 8 authors\n"
        "[LINK: GitHub 11.3k](https://github.com/terns/tides)\n\n"
        "### Moons of the Sea\n\nMoons matter. They pull.\n"
        "[LINK: GitHub 476](https://github.com/terns/moons)\n"
    )
    row, entries, rejects = read_bytes(text.encode())
    assert (row["format"], rejects) == ("hf-markdown", [])
    first, second = entries
    assert (first.title, first.abstract) == (
        "Tides of the Shore:\nA Study",
        "We study tides.\nThey rise.",
    )
    assert (first.n_authors, first.link_texts) == (8, ["https://github.com/terns/tides"])
    assert (second.n_authors, second.abstract) == (None, "Moons matter. They pull.")


def test_a_heading_of_a_menu_is_no_title() -> None:
    text = as_markdown(PAPERS) + "\n### Imprint\n\n### Newsletter\n\nSign here\n"
    _, entries, rejects = read_bytes(text.encode())
    assert [entry.title for entry in entries] == [paper.title for paper in PAPERS]
    assert {reject.reason for reject in rejects} == {"title_only"}


def test_text_between_cards_is_a_reject_with_its_lines() -> None:
    text = as_markdown(PAPERS).replace("Moons of the Sea", "Moons of the Sea", 1)
    text = text.replace(
        "[-](https://huggingface.co/login?next=%2Fpapers%2F2605.00002)", "An advert."
    )
    _, entries, rejects = read_bytes(text.encode())
    assert [entry.title for entry in entries] == [paper.title for paper in PAPERS]
    assert [(reject.reason, reject.excerpt) for reject in rejects] == [("stray_text", "An advert.")]


def test_a_capture_that_ends_after_upvotes_says_what_is_missing() -> None:
    text = as_text_with_references(PAPERS)
    cut = text[: text.index("### [Moons")]
    _, entries, rejects = read_bytes(cut.encode())
    assert len(entries) == 1
    assert [reject.reason for reject in rejects] == ["truncated_entry"]


def test_a_footer_is_no_entry_and_no_reject() -> None:
    _, entries, rejects = read_bytes(as_text_with_addresses(PAPERS).encode())
    assert (len(entries), rejects) == (2, [])


@pytest.mark.parametrize(
    "header",
    [
        "byAK and the research community",
        "by AK and the research community",
        "## by[AK][30] and the research community",
        "## by [![](https://a.test/x.png)AK](https://huggingface.co/ak) and the research community",
        "by \n\nAK\n\nhttps://huggingface.co/akhaliq\n\n and the research community",
    ],
)
def test_the_header_line_is_found_in_all_its_forms(header: str) -> None:
    text = f"Models\n\n{header}\n\nDaily\n"
    assert listing.header_line(text) == 2 + len(header.split("\n"))


@pytest.mark.parametrize(
    "text", ["AK and the research community", "by AK and the research community of Hull", "by us"]
)
def test_other_lines_are_no_header(text: str) -> None:
    assert listing.header_line(f"Onwards,\n{text}\n") is None


def test_html_of_a_search_states_what_was_sought() -> None:
    props = {"query": {"q": "tidal nets"}, "searchResults": [record_of(p) for p in PAPERS]}
    escaped = html.escape(json.dumps(props))
    row, entries, _ = read_bytes(
        f'<html><div data-target="DailyPapers" data-props="{escaped}"></div></html>'.encode()
    )
    assert (row["query"], len(entries)) == ("tidal nets", 2)
    assert entries[0].record_path == "$.searchResults[0]"


def test_html_of_a_day_states_the_day() -> None:
    row, _, _ = read_bytes(as_html(PAPERS).encode())
    assert row["captured_text"] == "2026-06-10"


def test_broken_json_in_a_page_is_noted_and_the_visible_text_read() -> None:
    broken = '<div data-target="DailyPapers" data-props="{&quot;dailyPapers&quot;: [">'
    text = as_visible_html(PAPERS).replace("<main>", f"{broken}<main>", 1)
    row, entries, rejects = read_bytes(text.encode())
    assert ([(e.title, e.abstract) for e in entries], rejects) == (BOTH, [])
    assert "broken" in row["notes"][0]


def test_an_empty_day_of_html_has_no_entries() -> None:
    row, entries, [reject] = read_bytes(as_html([]).encode())
    assert (row["format"], entries, reject.reason) == ("hf-html", [], "no_entries")


def test_scripts_and_styles_are_no_text() -> None:
    text = as_visible_html(PAPERS).replace("<section>", "<section><style>h3 {}</style>", 1)
    assert read(text) == BOTH


def test_html_in_another_encoding_is_read() -> None:
    text = as_visible_html([Paper("2605.00001", "Tides of Málaga", "Ebb. Flow.")])
    _, [entry], _ = read_bytes(
        text.replace("<head>", '<head><meta charset="latin-1">').encode("cp1252")
    )
    assert entry.title == "Tides of Málaga"


def test_records_of_html_and_json_are_read_alike() -> None:
    _, in_page, _ = read_bytes(as_html(PAPERS).encode())
    _, in_answer, _ = read_bytes(as_json(PAPERS).encode())
    without = [[getattr(e, f) for f in e.__struct_fields__ if f != "record_path"] for e in in_page]
    assert without == [
        [getattr(e, f) for f in e.__struct_fields__ if f != "record_path"] for e in in_answer
    ]
