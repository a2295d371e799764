"""Captures of the page that keep links or headings: Markdown, HTML, text with addresses."""

from __future__ import annotations

import html
import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.readers import hf_html, listing
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


PAGE = "https://huggingface.co/papers/2605.00001"
BOTH = [(paper.title, paper.abstract) for paper in PAPERS]


def test_a_link_may_span_lines_and_hold_brackets() -> None:
    [line] = [line for line in lines_of(f"[a [1] b\nc [0, 1) d]({PAGE})") if not line.blank]
    assert (line.pieces, line.first, line.last) == (
        [Piece("a [1] b\nc [0, 1) d", PAGE)],
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


def test_hidden_parts_are_no_text_but_what_follows_them_is() -> None:
    text = as_visible_html(PAPERS).replace(
        "They rise.", "<b hidden>They <i>fall</i>.</b>They rise."
    )
    assert read(text) == BOTH


def test_names_of_attributes_may_be_in_capitals() -> None:
    text = as_visible_html(PAPERS).replace("They rise.", "<b Hidden>They fall.</b>They rise.")
    assert read(text) == BOTH
    _, entries, _ = read_bytes(as_html(PAPERS).replace("data-props", "DATA-Props").encode())
    _, same, _ = read_bytes(as_html(PAPERS).encode())
    assert entries == same != []


def test_text_after_a_link_is_none_of_it() -> None:
    text = "<p>a\n <a href='/x'>b <i>c</i>  d</a> e<br><img alt=' f '>g</p>\n<h2>h</h2>"
    assert [
        (line.first, line.pieces, line.alts, line.level)
        for line in hf_html._lines(hf_html._parsed(hf_html._for_a_tree(text))[0])
    ] == [
        (1, [Piece("a ", None), Piece("b c d", f"{S}/x"), Piece(" e", None)], [], 0),
        (2, [Piece("g", None)], ["f"], 0),
        (3, [Piece("h", None)], [], 2),
    ]


@given(st.text(st.characters(codec=None, categories=None)))
def test_what_no_tree_can_hold_becomes_a_space(text: str) -> None:
    kept = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", " ", text)
    assert hf_html._for_a_tree(text) == kept.encode()


@given(
    st.lists(
        st.sampled_from(
            [
                *("by ", "AK", " and the research community", "<b>", "</b>", "\n", " ", "<p"),
                *(">", "x", "<p>" + "tides " * 300, "x" * 200),
            ]
        ),
        max_size=20,
    ).map("".join)
)
def test_the_beginning_of_a_page_tells_of_its_header_what_all_of_it_does(text: str) -> None:
    told = listing.header_line(hf_html._without_tags(text)) is not None
    assert hf_html._has_header(text) == told


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


S = "https://huggingface.co"
TOP = f"# Daily Papers\n\n## by [AK]({S}/akhaliq) and the research community\n\nOct 2\n\n"
PLAIN = "Daily Papers\n\nbyAK and the research community\n\nJun 10\n\n"


def card(number: int, title: str, abstract: str | None, by: str | None = None) -> str:
    """A card of Markdown."""
    page = f"{S}/papers/2605.{number:05}"
    parts = [f"[3]({S}/login?next=x)", f"### [{title}]({page})"]
    if abstract is not None:
        parts.append(f"[{abstract}]({page})")
    return "\n\n".join([*parts, by or f"[- 3 authors]({page})", "·", "May 29", ""]) + "\n"


def plain(title: str, abstract: str) -> str:
    """An entry of plain text."""
    return f"{title}\n\n{abstract}\n\n  • 3 authors\n·\nMay 2, 2024\n\n"


@pytest.mark.parametrize(
    "abstract",
    [
        "See https://huggingface.co/papers/2401.00001 for more.",
        "We say:\n### Instruction\nand so on. It works.",
        "We study.\n## Method\nIt works.",
        "[Link](https://huggingface.co/papers/2401.00001) is here. Good.",
    ],
)
def test_a_mark_in_an_abstract_does_not_make_a_page_a_marked_one(abstract: str) -> None:
    text = PLAIN + plain("Tides one", "We study. It.") + plain("Tides two", abstract)
    row, entries, rejects = read_bytes(text.encode())
    assert (row["format"], row["listing_text"], rejects) == ("hf-text", "Jun 10", [])
    assert [(e.title, e.abstract) for e in entries][1] == ("Tides two", abstract)


@pytest.mark.parametrize("word", ["GitHub hosts", "Project-level", "arXiv papers and", "Code runs"])
def test_an_abstract_may_begin_like_a_button(word: str) -> None:
    abstract = f"{word} many tides. We study them all."
    assert read(TOP + card(1, "Tides", abstract)) == [("Tides", abstract)]


def test_upvotes_below_a_card_are_its_own() -> None:
    text = TOP
    for number, upvotes in ((1, 117), (2, 8), (3, 5)):
        text += (
            f"### [Tides {number}]({S}/papers/2605.{number:05})\n\nWe list. See.\n\n"
            f"[[Image: terns] Terns]({S}/terns) · Published on May 2, 2026\n\n"
            f"[Upvote\n\n{upvotes}]({S}/login?next=x)\n\n"
        )
    _, entries, rejects = read_bytes(text.encode())
    assert [(e.n_upvotes, e.n_comments, e.organization_slug) for e in entries] == [
        (117, None, "terns"),
        (8, None, "terns"),
        (5, None, "terns"),
    ]
    assert rejects == []


def test_upvotes_beside_their_button_are_no_comments() -> None:
    text = (
        TOP + card(1, "Tides", "We study. It.") + f"[Upvote]({S}/login)\n\n[117]({S}/login?n=x)\n"
    )
    _, [entry], _ = read_bytes(text.encode())
    assert (entry.n_comments, entry.n_upvotes) == (None, 3)


def test_a_card_without_metadata_takes_nothing_of_the_next() -> None:
    first = f"### [Tides]({S}/papers/2605.00009)\n\n[We study. It.]({S}/papers/2605.00009)\n\n"
    text = TOP + first + card(2, "Moons", "We wane. And wax.")
    _, entries, rejects = read_bytes(text.encode())
    assert [(e.abstract, e.n_upvotes) for e in entries] == [
        ("We study. It.", None),
        ("We wane. And wax.", 3),
    ]
    assert rejects == []


def test_a_second_page_of_marked_text_is_a_reject() -> None:
    text = as_markdown(PAPERS)
    _, entries, rejects = read_bytes((text + "\n" + text).encode())
    assert len(entries) == 2
    assert [reject.reason for reject in rejects] == ["second_page"]


def test_plain_upvotes_before_an_entry_without_abstract() -> None:
    text = PLAIN + (
        "3\n\nTides of the north\n\n  • 3 authors\n·\nMay 2\n\n"
        "5\n\nTides of the south\n\nWe study. It rises.\n\n  • 3 authors\n·\nMay 2\n\n"
    )
    _, entries, _ = read_bytes(text.encode())
    assert [(e.title, e.n_upvotes) for e in entries] == [
        ("Tides of the north", 3),
        ("Tides of the south", 5),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "Intervals (0,1] are half open. So.",
        "See [here](https://a.b/c). More text.",
        "We use $f[x](y)$. It works.",
        "As shown [12][13]. It works.",
        "[Context] We study. It works.",
    ],
)
def test_brackets_in_an_abstract_stay(words: str) -> None:
    expected = words.replace("[here](https://a.b/c)", "here")
    assert read(TOP + card(1, "Tides", words)) == [("Tides", expected)]


@pytest.mark.parametrize("title", ["Tides in (0, 1]", "[Re] Tides of T", "f[x] and Tides"])
def test_brackets_in_a_title_stay(title: str) -> None:
    assert read(TOP + card(1, title, "We study. It.")) == [(title, "We study. It.")]


def test_an_address_within_an_abstract_stays_there() -> None:
    text = TOP + "### Tides\n\nSamples are available at\nhttps://tides.test\n- 5 authors\n"
    _, [entry], _ = read_bytes(text.encode())
    assert entry.abstract == "Samples are available at\nhttps://tides.test"
    assert entry.n_authors == 5


def test_closing_words_of_a_tool_are_no_organisation() -> None:
    text = TOP + card(1, "Tides", "We study. It.") + "Some closing words by the tool.\n"
    _, [entry], rejects = read_bytes(text.encode())
    assert (entry.organization_name, entry.n_authors) == (None, 3)
    assert [reject.excerpt for reject in rejects] == ["Some closing words by the tool."]


def test_a_list_in_an_abstract_is_no_metadata() -> None:
    text = (
        f"{TOP}### [Tides]({S}/papers/2605.00001)\n\nWe offer:\n• fast tides\n• slow tides\n\n"
        f"That is it.\n\n[[Image: terns] Terns]({S}/terns) · May 2, 2026\n"
    )
    _, [entry], rejects = read_bytes(text.encode())
    assert entry.abstract == "We offer:\n• fast tides\n• slow tides\n\nThat is it."
    assert (entry.organization_name, rejects) == ("Terns", [])


def test_an_organisation_may_be_a_picture_alone() -> None:
    text = TOP + card(1, "Tides", "We study. It.", f"[![terns](https://a.test/x.png)]({S}/terns)")
    _, [entry], _ = read_bytes(text.encode())
    assert (entry.abstract, entry.organization_slug) == ("We study. It.", "terns")


def test_a_long_row_of_marks_is_read() -> None:
    text = TOP + "### T of T\n\nWe study. It.\n\n" + "-\n\n" * 3000 + "- 3 authors\n"
    _, [entry], _ = read_bytes(text.encode())
    assert (entry.abstract, entry.n_authors) == ("We study. It.", 3)


def test_an_abstract_whose_title_lost_its_link_is_no_title() -> None:
    lost = card(2, "Moons", "We wane. And wax.").replace(
        f"### [Moons]({S}/papers/2605.00002)", "Moons"
    )
    _, entries, rejects = read_bytes((TOP + card(1, "Tides", "We study. It.") + lost).encode())
    assert [entry.title for entry in entries] == ["Tides"]
    assert rejects


def test_a_title_in_bold_is_a_title() -> None:
    text = TOP + card(1, "Tides", "We study. It.").replace("### [Tides]", "### **[Tides]").replace(
        "00001)\n\n[We", "00001)**\n\n[We"
    )
    assert read(text) == [("Tides", "We study. It.")]


def test_an_advert_with_a_heading_is_no_entry() -> None:
    advert = "### Join our newsletter\n\nGet the best papers. Sign up today!\n\n"
    text = TOP + card(1, "Tides", "We study. It.") + advert + card(2, "Moons", "We wane. And wax.")
    _, entries, rejects = read_bytes(text.encode())
    assert [(e.title, e.n_upvotes) for e in entries] == [("Tides", 3), ("Moons", 3)]
    assert [reject.reason for reject in rejects] == ["title_only"]


def test_a_capture_cut_within_a_link_keeps_no_bracket() -> None:
    text = as_text_with_references(PAPERS)
    cut = text[: text.index("They pull")] + "\n\n[Content truncated]\n```\n"
    _, entries, _ = read_bytes(cut.encode())
    assert [entry.abstract for entry in entries] == [PAPERS[0].abstract, "Moons matter."]


def test_an_unlinked_title_right_above_its_abstract_is_a_title() -> None:
    text = TOP + "### Tides of the Shore\nWe study tides. They rise.\n- 3 authors\n"
    assert read(text) == [("Tides of the Shore", "We study tides. They rise.")]


@pytest.mark.parametrize(
    "metadata", ["• 3 authors\n· May 2, 2024 6", "• 3 authors · May 2, 2024 6"]
)
def test_plain_metadata_may_stand_on_fewer_lines(metadata: str) -> None:
    entry = f"Tides of the Shore\n\nWe study. It.\n\n{metadata}\n\n"
    _, entries, rejects = read_bytes((PLAIN + entry + plain("Moons", "We wane. Wax.")).encode())
    assert [(e.title, e.n_authors, e.date_text, e.n_comments) for e in entries] == [
        ("Tides of the Shore", 3, "May 2, 2024", 6),
        ("Moons", 3, "May 2, 2024", None),
    ]
    assert rejects == []


def test_the_days_of_a_week_are_no_title() -> None:
    text = PLAIN.replace("Jun 10", "Jun 8 - Jun 14") + plain("Tides", "We study. It.")
    row, entries, _ = read_bytes(text.encode())
    assert (row["listing_text"], [e.title for e in entries]) == ("Jun 8 - Jun 14", ["Tides"])


@pytest.mark.parametrize(
    "piece",
    [
        "http://a\n",
        "![x](y)\n",
        "[\n\n",
        "[",
        "](u) ",
        "a\n",
        "ab\n\n",
        "### a\n",
        "-\n\n",
        "<div>",
    ],
)
def test_long_pages_of_odd_pieces_take_no_time(piece: str) -> None:
    text = TOP + card(1, "Tides", "We study. It.") + piece * (100_000 // len(piece))
    began = time.process_time()
    _, entries, _ = read_bytes(text.encode())
    assert entries[0].title == "Tides"
    # a second, most of it; minutes where time grows with the square of the length
    assert time.process_time() - began < 20


def test_text_after_the_name_of_a_submitter_is_a_reject() -> None:
    text = as_markdown(PAPERS).replace(
        f"[-]({PAPERS[1].login})",
        f"Submitted by\n\nterns\n\nA call for papers of the shore.\n\n[-]({PAPERS[1].login})",
    )
    _, entries, rejects = read_bytes(text.encode())
    assert [(entry.title, entry.abstract) for entry in entries] == BOTH
    [reject] = rejects
    assert (reject.reason, reject.excerpt) == ("stray_text", "A call for papers of the shore.")
    assert text.split("\n")[reject.first_line - 1] == "A call for papers of the shore."


def test_what_follows_a_heading_that_is_no_entry_is_not_lost() -> None:
    text = as_markdown(PAPERS[:1]).replace(
        "[Previous]", "### News of the Coast\n\nSubmitted by\n\nterns\n\nMore words\n\n[Previous]"
    )
    _, entries, rejects = read_bytes(text.encode())
    assert [entry.title for entry in entries] == [PAPERS[0].title]
    assert [(each.reason, each.excerpt) for each in rejects] == [
        ("title_only", "News of the Coast"),
        ("stray_text", "More words"),
    ]


def test_a_long_run_of_marks_before_a_link_takes_no_time() -> None:
    text = as_markdown(PAPERS).replace("[Previous]", f"{'*' * 80}x [a]({PAGE}) [Previous]")
    assert read(text) == BOTH
