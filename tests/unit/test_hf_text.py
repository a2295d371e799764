from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.readers import plain_pairs
from paperdump.readers.base import Page
from paperdump.readers.hf_text import HfText, read_plain, read_text
from paperdump.readers.source import Head
from tests.pages import HEADER, Listed, bare, page

PROSE = "We show that tides rise. They also fall."


def read(text: str) -> Page:
    return read_text(text)


def sniffed(text: str) -> str | None:
    return HfText().sniff(Head(text.encode(), whole=True))


def titles(text: str) -> list[str]:
    return [entry.title for entry in read(text).entries]


def test_recognises_the_header_line() -> None:
    assert sniffed(page(Listed("A Title")))


def test_recognises_a_page_without_the_line_daily_papers() -> None:
    assert sniffed("new\n\nSubscribe\n\nbyAK and the research community\n\nMar 11\n")


@pytest.mark.parametrize("text", ["", "Daily Papers\n\nA Title\n", "<html>research community"])
def test_does_not_recognise_other_texts(text: str) -> None:
    assert not sniffed(text)


def test_reads_the_day_of_the_listing() -> None:
    assert read(page(Listed("A Title"), day="Jun 10")).facts.listing_text == "Jun 10"


def test_skips_the_menu_between_header_and_day() -> None:
    text = HEADER + "Daily\n\nWeekly\n\nMonthly\n\nTrending Papers\n\nOct 2\n\n"
    result = read(text + Listed("A Title").text())
    assert (result.facts.listing_text, [e.title for e in result.entries]) == ("Oct 2", ["A Title"])


def test_a_header_without_a_day_has_none() -> None:
    result = read(page(Listed("A Title"), day=None))
    assert result.facts.listing_text is None
    assert [e.title for e in result.entries] == ["A Title"]


def test_reads_every_part_of_an_entry_and_its_lines() -> None:
    [entry] = read(page(Listed("A Title", PROSE, "  • 12 authors", "May 2, 2024 7"))).entries
    assert entry.title == "A Title"
    assert entry.abstract == PROSE
    assert entry.n_authors == 12
    assert entry.date_text == "May 2, 2024"
    assert entry.n_comments == 7
    assert (entry.first_line, entry.last_line) == (13, 19)


def test_a_date_without_a_comment_count_has_no_count() -> None:
    [entry] = read(page(Listed("A Title", date="May 28"))).entries
    assert (entry.date_text, entry.n_comments) == ("May 28", None)


def test_a_date_without_year_keeps_its_comment_count_apart() -> None:
    [entry] = read(page(Listed("A Title", date="May 28 20"))).entries
    assert (entry.date_text, entry.n_comments) == ("May 28", 20)


def test_reads_an_organisation_in_place_of_the_authors() -> None:
    [entry] = read(page(Listed("A Title", byline="tide-lab Tide Lab e.V."))).entries
    assert entry.organization_text == "tide-lab Tide Lab e.V."
    assert entry.n_authors is None


def test_keeps_title_and_abstract_exactly_as_on_the_page() -> None:
    title, abstract = "A  Title\twith\u00a0spaces ", " An abstract,  indented. It ends in spaces.  "
    [entry] = read(page(Listed(title, abstract))).entries
    assert (entry.title, entry.abstract) == (title, abstract)


def test_entries_without_metadata_are_pairs_of_paragraphs() -> None:
    text = page(bare("First Title"), bare("Second Title"), bare("Third Title"))
    assert titles(text) == ["First Title", "Second Title", "Third Title"]


def test_an_entry_that_lost_its_metadata_stands_between_others() -> None:
    text = page(Listed("First Title"), bare("Second Title"), Listed("Third Title"))
    first, second, third = read(text).entries
    assert [first.title, second.title, third.title] == [
        "First Title",
        "Second Title",
        "Third Title",
    ]
    assert (first.n_authors, second.n_authors, third.n_authors) == (3, None, 3)


def test_several_entries_in_a_row_may_have_lost_their_metadata() -> None:
    text = page(bare("First Title"), bare("Second Title"), bare("Third Title"), Listed("Fourth"))
    assert [e.n_authors for e in read(text).entries] == [None, None, None, 3]


@pytest.mark.parametrize("paragraphs", [2, 3, 4, 7])
def test_an_abstract_may_have_several_paragraphs(paragraphs: int) -> None:
    abstract = "\n\n".join(f"Paragraph {n} says this. It says more." for n in range(paragraphs))
    text = page(Listed("First Title"), Listed("Second Title", abstract), Listed("Third Title"))
    assert [e.abstract for e in read(text).entries][1] == abstract
    assert titles(text) == ["First Title", "Second Title", "Third Title"]


def test_an_abstract_may_have_several_lines() -> None:
    abstract = "The first line\nand the second.\nThe third."
    [entry] = read(page(Listed("A Title", abstract))).entries
    assert entry.abstract == abstract


def test_an_abstract_may_be_shorter_than_its_title() -> None:
    long_title = "A Title of Many Words That Goes On and On about the Behaviour of the Tides"
    text = page(bare(long_title, "It works."), Listed(long_title + " Again", "It still works."))
    assert [e.abstract for e in read(text).entries] == ["It works.", "It still works."]


def test_titles_may_be_questions_with_an_answer() -> None:
    text = page(bare("Does It Work? Evidence from Tides"), bare("Why Not?"), Listed("It Does!"))
    assert titles(text) == ["Does It Work? Evidence from Tides", "Why Not?", "It Does!"]


def test_an_entry_with_metadata_may_lack_its_abstract() -> None:
    text = page(Listed("First Title"), Listed("Second Title", None), Listed("Third Title"))
    assert [(e.title, e.abstract is None) for e in read(text).entries] == [
        ("First Title", False),
        ("Second Title", True),
        ("Third Title", False),
    ]


def test_authors_survive_where_the_capture_ends_before_the_date() -> None:
    [entry] = read(page(Listed("A Title", date=None))).entries
    assert (entry.n_authors, entry.date_text) == (3, None)


def test_a_separator_without_a_date_is_text() -> None:
    result = read(page(Listed("A Title", "An abstract with\n·\nin it. It goes on.")))
    assert [e.title for e in result.entries] == ["A Title"]
    assert "·" in (result.entries[0].abstract or "")


def test_a_title_cut_off_at_the_end_is_a_reject_with_its_line() -> None:
    result = read(page(Listed("First Title"), bare("The Second Ti", None)))
    assert [e.title for e in result.entries] == ["First Title"]
    [reject] = result.rejects
    assert (reject.reason, reject.first_line, reject.last_line) == ("truncated_entry", 21, 21)
    assert reject.excerpt == "The Second Ti"


def test_a_lone_title_between_entries_is_a_reject() -> None:
    text = page(Listed("First Title"), bare("Log In", None), bare("Second Title"), Listed("Third"))
    result = read(text)
    assert [e.title for e in result.entries] == ["First Title", "Second Title", "Third"]
    assert [(r.reason, r.excerpt) for r in result.rejects] == [("title_only", "Log In")]


def test_prose_without_a_title_is_a_reject() -> None:
    result = read(page(Listed("First Title")) + "\n\nThis is a footer. It has sentences. It ends.")
    assert [e.title for e in result.entries] == ["First Title"]
    assert [r.reason for r in result.rejects] == ["stray_text"]


def test_metadata_without_an_entry_is_a_reject() -> None:
    result = read(page() + "\n\n  • 3 authors\n·\nMay 2\n\n" + Listed("A Title").text())
    assert [e.title for e in result.entries] == ["A Title"]
    assert [(r.reason, r.first_line) for r in result.rejects] == [("metadata_without_entry", 13)]


def test_a_second_page_in_the_dump_is_a_reject() -> None:
    first, second = page(Listed("First Title")), page(Listed("Second Title"))
    result = read(first + "\n\n" + second)
    assert [e.title for e in result.entries] == ["First Title"]
    [reject] = result.rejects
    assert (reject.reason, reject.first_line) == ("second_page", 21)
    assert reject.last_line == 39


def test_a_page_without_entries_yields_nothing() -> None:
    result = read(page())
    assert (result.entries, result.rejects) == ([], [])


@pytest.mark.parametrize(
    ("line", "date", "comments", "noted"),
    [
        ("Oct 10, 2023 1,234", "Oct 10, 2023", 1234, False),
        ("Oct 10, 2023 1.2k", "Oct 10, 2023", None, True),
        ("Oct 10, 2023  7", "Oct 10, 2023", 7, False),
        ("Oct\u00a010, 2023", "Oct\u00a010, 2023", None, False),
        ("October 10, 2023 7", "October 10, 2023", 7, False),
        ("Sept 10", "Sept 10", None, False),
        ("Oct 10, 2023\n5", "Oct 10, 2023", 5, False),
        ("Oct 10, 2023 9999999999", "Oct 10, 2023", None, True),
        ("yesterday", "yesterday", None, True),
    ],
)
def test_unusual_date_lines_stay_with_their_entry(
    line: str, date: str, comments: int | None, noted: bool
) -> None:
    result = read(page(Listed("First Title", date=line), Listed("Second Title")))
    assert [e.title for e in result.entries] == ["First Title", "Second Title"]
    assert (result.entries[0].date_text, result.entries[0].n_comments) == (date, comments)
    assert bool(result.facts.notes) == noted
    assert result.rejects == []


@pytest.mark.parametrize("byline", ["  • 0 authors", "  • 99999999999 authors"])
def test_a_number_of_authors_beyond_belief_is_unknown_and_noted(byline: str) -> None:
    result = read(page(Listed("A Title", byline=byline)))
    assert [e.n_authors for e in result.entries] == [None]
    assert result.facts.notes[0].startswith("Line 17")


def test_an_organisation_may_lack_its_date() -> None:
    text = page(Listed("First Title", PROSE, "tide-lab Tide Lab\n·", None), Listed("Second Title"))
    first, second = read(text).entries
    assert (first.abstract, first.organization_text) == (PROSE, "tide-lab Tide Lab")
    assert second.title == "Second Title"


def test_an_organisation_may_stand_apart_from_the_separator() -> None:
    text = page(Listed("First Title", PROSE, "tide-lab Tide Lab\n", "May 2"), Listed("Second"))
    first, second = read(text).entries
    assert (first.abstract, first.organization_text) == (PROSE, "tide-lab Tide Lab")
    assert (first.date_text, second.title) == ("May 2", "Second")


@pytest.mark.parametrize(
    "cut",
    [
        "Is Attention All You Need?",
        "Deep Adversarial Clipping:",
        "Faster, Better,",
        "Deeper: Act. On",
    ],
)
@pytest.mark.parametrize("before", [bare("First Title", PROSE), Listed("First Title", PROSE)])
def test_a_title_cut_off_is_never_part_of_the_abstract_before(before: Listed, cut: str) -> None:
    result = read(page(before, bare(cut, None)))
    assert [(e.title, e.abstract) for e in result.entries] == [("First Title", PROSE)]
    assert [reject.excerpt for reject in result.rejects] == [cut]


@pytest.mark.parametrize(
    ("cut", "authors"), [("  • 5 authors\n·", 5), ("  • 5 auth", 5), ("  • 5", None), ("  •", None)]
)
def test_a_dump_cut_within_the_metadata_keeps_the_entry(cut: str, authors: int | None) -> None:
    result = read(page(Listed("First Title", PROSE, cut, None)))
    assert [(e.title, e.abstract, e.n_authors) for e in result.entries] == [
        ("First Title", PROSE, authors)
    ]
    assert result.rejects == []


def test_a_list_in_an_abstract_is_no_titles() -> None:
    abstract = "We release three things:\n\nA Set of Images\n\nA Benchmark\n\nA Model of Tides"
    text = page(Listed("First Title"), Listed("Second Title", abstract))
    assert [(e.title, e.abstract) for e in read(text).entries][1] == ("Second Title", abstract)


@pytest.mark.parametrize(
    "footer", [["Previous", "Next"], ["Company", "TOS", "Privacy", "About", "Jobs", "Models"]]
)
def test_the_words_of_a_footer_are_no_papers(footer: list[str]) -> None:
    text = page(Listed("First Title", PROSE)) + "\n\n" + "\n\n".join(footer)
    result = read(text)
    assert [e.title for e in result.entries] == ["First Title"]
    assert result.facts.footer_line == 21


def test_unknown_words_at_the_end_are_a_reject() -> None:
    result = read(page(Listed("First Title", PROSE)) + "\n\nImprint\n\nPrevious\n\nNext\n")
    assert [e.title for e in result.entries] == ["First Title"]
    assert [(r.first_line, r.excerpt) for r in result.rejects] == [(21, "Imprint")]
    assert result.facts.footer_line == 23


@pytest.mark.parametrize("line", ["3 authors", "May 5"])
def test_a_line_within_an_abstract_is_no_metadata(line: str) -> None:
    abstract = f"We worked with\n{line}\nand it is good. It goes on."
    [entry] = read(page(Listed("A Title", abstract))).entries
    assert entry.abstract == abstract


def test_a_dump_cut_within_an_abstract_says_so() -> None:
    result = read(page(bare("First Title"), bare("Second Title", "We study tides and their")))
    assert [e.title for e in result.entries] == ["First Title"]
    assert [(r.reason, r.first_line) for r in result.rejects] == [("truncated_entry", 17)]


@pytest.mark.parametrize("title", ["Decision 10", "Marathon 26, 2024", "Mayhem 5", "Junction 2"])
def test_words_that_begin_like_months_are_no_dates(title: str) -> None:
    text = page(Listed("First"), Listed(title), bare("A Third", PROSE), Listed("Fourth"), day=None)
    assert titles(text) == ["First", title, "A Third", "Fourth"]


def test_a_date_may_be_a_title() -> None:
    assert titles(page(Listed("First Title"), Listed("May 5"), Listed("Third"))) == [
        "First Title",
        "May 5",
        "Third",
    ]


LONG = (
    "Harbour authorities plan dredging on forecasts that degrade within two days. We train a small "
    "model on gauge readings and show that attending over lunar phase keeps the error low. All of "
    "it is released for others to build on, together with the readings of four invented harbours."
)


@pytest.mark.parametrize(
    "title",
    [
        "GPT-4.",
        "2. Generation of Benchmarks",
        "Prof. X vs. Dr. Y. And St. Z: A Study",
        "What? Where? When!",
        "Tides at www.example.org",
        "We release:",
        "tides in lower case, and with commas,",
    ],
)
@pytest.mark.parametrize("end", ["", " Our code and data:"])
def test_a_short_paragraph_between_long_ones_is_a_title_whatever_its_form(
    title: str, end: str
) -> None:
    for entries in (
        [bare("First Title", LONG + end), Listed(title, LONG)],
        [bare("First Title", LONG + end), bare(title, LONG), Listed("Third Title", LONG)],
        [bare("First Title", LONG), bare(title, LONG), bare("Third Title", LONG)],
    ):
        result = read(page(*entries))
        assert [(e.title, e.abstract) for e in result.entries] == [
            (e.title, e.abstract) for e in entries
        ]


@pytest.mark.parametrize(
    "middle", ["We also study this case.", "It works. It works well.", "We ran it at sea, once."]
)
def test_a_sentence_between_long_paragraphs_is_part_of_the_abstract(middle: str) -> None:
    abstract = f"{LONG}\n\n{middle}\n\n{LONG}"
    entries = [Listed("First Title"), Listed("Second Title", abstract), Listed("Third Title")]
    assert [(e.title, e.abstract) for e in read(page(*entries)).entries] == [
        (e.title, e.abstract) for e in entries
    ]


@pytest.mark.parametrize("heading", ["Results", "Methods:", "$$ x = y $$"])
def test_a_heading_within_an_abstract_is_no_title(heading: str) -> None:
    entry = Listed("First Title", f"{LONG}\n\n{heading}\n\n{LONG}")
    assert [(e.title, e.abstract) for e in read(page(entry)).entries] == [
        (entry.title, entry.abstract)
    ]


@pytest.mark.parametrize(
    "abstract", ["We repair charts!", "潮汐随月亮涨落。", "It works (really!)"]
)
def test_an_abstract_without_metadata_may_end_in_other_marks(abstract: str) -> None:
    assert [e.abstract for e in read(page(bare("First"), bare("Second", abstract))).entries] == [
        "We study tides. They rise and fall.",
        abstract,
    ]


def test_an_organisation_may_end_in_a_full_stop() -> None:
    text = page(Listed("First Title", PROSE, "acme Acme Inc.\n", "May 2"), Listed("Second"))
    first, second = read(text).entries
    assert (first.abstract, first.organization_text) == (PROSE, "acme Acme Inc.")
    assert second.title == "Second"


@pytest.mark.parametrize("title", ["May 4, 2024", "100 authors"])
def test_a_title_that_looks_like_metadata_takes_no_title_from_others(title: str) -> None:
    entries = [bare("First Title", LONG), Listed(title, LONG), Listed("Third Title", LONG)]
    result = read(page(*entries))
    assert (result.entries[0].title, result.entries[0].date_text) == ("First Title", None)
    assert all(e.title in {"First Title", title, "Third Title"} for e in result.entries)


def test_a_last_line_after_a_bullet_is_kept() -> None:
    result = read(page(bare("First Title", PROSE)) + "\n\n• We also")
    kept = [e.abstract or "" for e in result.entries] + [r.excerpt or "" for r in result.rejects]
    assert any("We also" in text for text in kept)


words = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyzäß0123456789-+$\\{}%", min_size=4, max_size=9),
    min_size=1,
    max_size=12,
)
title_texts = words.map(lambda ws: " ".join(w.capitalize() for w in ["Tide", *ws]))
sentences = words.map(lambda ws: "We find that " + " ".join(ws) + " here.")
paragraph_texts = st.lists(sentences, min_size=2, max_size=4).map(" ".join)
bylines = st.one_of(
    st.integers(1, 3000).map(lambda n: f"  • {n} authors"),
    st.sampled_from(["tide-lab Tide Lab", "Tides Tides", "salt SALT (北)"]),
)
date_texts = st.sampled_from(["May 2", "Feb 29, 2024", "Dec 31, 2019 4", "Jan 1 12"])
with_metadata = st.builds(
    Listed,
    title_texts,
    st.lists(paragraph_texts, min_size=1, max_size=3).map("\n\n".join),
    bylines,
    date_texts,
)
without_metadata = st.builds(bare, title_texts, paragraph_texts)


@given(st.lists(st.one_of(with_metadata, without_metadata), max_size=8))
def test_what_is_written_is_read_back(entries: list[Listed]) -> None:
    result = read(page(*entries))
    assert result.rejects == []
    assert [(e.title, e.abstract) for e in result.entries] == [
        (e.title, e.abstract) for e in entries
    ]
    for found, written in zip(result.entries, entries, strict=True):
        is_count = bool(written.byline and written.byline.endswith(" authors"))
        assert (found.n_authors is not None) == is_count
        assert (found.date_text is None) == (written.date is None)


plain_words = st.lists(st.text("abcdefgh", min_size=4, max_size=9), max_size=8)
any_titles = st.tuples(
    plain_words.map(lambda ws: " ".join(["Tides", *ws]).title()),
    st.sampled_from(["", ".", "?", "!", ":", ". Again.", "? An Answer"]),
).map("".join)
long_entries = st.tuples(any_titles, st.booleans()).map(
    lambda drawn: (Listed if drawn[1] else bare)(drawn[0], LONG)
)


@given(st.lists(long_entries, max_size=8))
def test_pages_of_titles_and_long_abstracts_are_read_whatever_is_lost(
    entries: list[Listed],
) -> None:
    result = read(page(*entries))
    assert [(e.title, e.abstract) for e in result.entries] == [
        (e.title, e.abstract) for e in entries
    ]


lines = st.sampled_from(
    [
        "",
        "  ",
        "·",
        "  • 3 authors",
        "May 2, 2024 3",
        "Jun 10",
        "tide-lab Tide Lab",
        "A Title of Tides",
        "We study tides. They rise.",
        "Daily Papers",
        "byAK and the research community",
        "Subscribe",
        "\x00\x0c odd",
    ]
)


@given(st.lists(lines, max_size=40))
def test_every_line_is_in_the_header_an_entry_or_a_reject(body: list[str]) -> None:
    text = HEADER + "\n".join(body)
    result = read(text)
    spans = [(1, result.facts.header_lines or 0)]
    n_lines = len(text.split("\n"))
    parts = [*result.entries, *result.rejects]
    spans += sorted((part.first_line or 0, part.last_line or 0) for part in parts)
    if result.facts.footer_line:
        spans.append((result.facts.footer_line, n_lines))
    spans.sort()
    for (_, last), (first, _) in pairwise(spans):
        assert last < first
    covered = {line for first, last in spans for line in range(first, last + 1)}
    written = {n for n, line in enumerate(text.split("\n"), 1) if line.strip()}
    assert written <= covered
    assert max(covered) <= n_lines


@given(st.lists(lines, max_size=40))
def test_the_quick_way_reads_what_the_slow_one_reads(body: list[str]) -> None:
    text = HEADER + "\n".join(body)
    assert read_plain(text) == read_plain(text, quick=False)


pairs = st.sampled_from(
    [
        Listed("Tides of the Northern Shore", PROSE),
        Listed("Moons and their Many Tides", PROSE, "tide-lab Tide Lab"),
        bare("Counting Waves by Gulls", PROSE),
        bare("Is the Sea Deep? A Study", "Long. " * 60),
        Listed("Two Lines\nof a Title", PROSE),
        bare("all in lower case words", PROSE),
        Listed("A Title of No Abstract", None),
        bare("Words of the Two authors", "We ask many authors"),
        Listed("Counted Waves", PROSE, "  • 1,234 authors", "May 2 7"),
        Listed("Counted Waves", PROSE, "  • 3 authors", None),
        Listed("Waves of a Day", PROSE, None),
        Listed("Waves of a Short Paragraph", "Gulls and Terns", None),
    ]
)


@given(st.lists(pairs, max_size=12))
def test_the_quick_way_reads_pages_as_the_slow_one_does(entries: list[Listed]) -> None:
    text = page(*entries)
    assert read_plain(text) == read_plain(text, quick=False)


def test_a_sentence_after_an_abstract_is_no_title_where_the_capture_was_cut_off() -> None:
    abstract = (
        "Salt layers are hard to measure from a boat. We measure them from the shore.\n\n"
        "On a hundred invented rivers that halves the error of the strongest baseline.\n\n"
        "We release the pictures, and the code that draws the foam lines; the weights are at"
    )
    read_page = read_text(page(Listed("Tides"), bare("Salt Nets", abstract)))
    assert [entry.title for entry in read_page.entries] == ["Tides", "Salt Nets"]
    [reject] = read_page.rejects
    assert reject.reason == "truncated_entry"
    assert str(reject.excerpt).startswith("On a hundred invented rivers")


tails = st.sampled_from(
    [
        "",
        "·\nMay 2, 2024",
        "\n·\nMay 2, 2024",
        "·\nMay 2, 2024 7",
        "·\nMay 2, 2024\n7",
        "·\n\nMay 2, 2024",
        "·\nno day",
        "· May 2, 2024",
        "·",
        "∙",
        "  • 3 authors",
        "  • 0 authors",
        "  • 3 auth",
        "3 authors",
        "  • 3 authors\n·",
        "  • 3 authors\n·\nMay 2, 2024",
        "  • 3 authors\n\n·\nMay 2, 2024",
        "  • 3 authors\n  \n·\nMay 2, 2024",
        "tide-lab Tide Lab\n·\nMay 2, 2024",
        "tide-lab Tide Lab\n\n·\nMay 2, 2024",
        "Previous\nNext",
        "101",
    ]
)
parts = st.tuples(
    st.sampled_from(["Tides of the Northern Shore", "Counted Waves", "no title.", "∙", "May 2"]),
    st.sampled_from([PROSE, "Long. " * 60, "Gulls and Terns", "May 2, 2024", "·", "Next"]),
    tails,
).map("\n\n".join)


@given(st.lists(parts, max_size=8))
def test_the_quick_way_takes_metadata_for_what_the_slow_one_does(entries: list[str]) -> None:
    text = "\n\n".join([HEADER.rstrip("\n"), *entries])
    assert read_plain(text) == read_plain(text, quick=False)


bylines = st.sampled_from(
    [
        *("  • 3 authors", "• 1 author", "  • 0 authors", "3 authors", "• 12345 authors", "·", " "),
        *("tide-lab Tide Lab", "tide · lab", "x", "∙", "the authors", "•", "tide " * 41, "• 3 "),
    ]
) | st.from_regex(r"\s?•?\s?[0-9]{0,5} ?authors?\s?", fullmatch=True)
dates = st.sampled_from(
    ["May 2, 2024", "May 2, 2024 7", "May 2", "May 2 7", "June 2, 2024", "May 2,2024", "no day", ""]
) | st.from_regex(r"(?:May|Sep) [0-9]{1,3}, [0-9]{4}(?: [0-9.k]{1,8})?", fullmatch=True)


@given(bylines, dates, st.integers(1, 3))
def test_metadata_told_at_first_sight_is_what_the_careful_look_tells(
    byline: str, date: str, size: int
) -> None:
    begin = "·" if size == 2 else byline
    known = plain_pairs._plain_metadata(begin, date, size)
    assert known in (None, plain_pairs._metadata(begin, date if size > 1 else "", size))


def test_most_metadata_are_told_at_first_sight() -> None:
    told = plain_pairs._plain_metadata
    assert told("  • 3 authors", "May 2, 2024 7", 3) == (3, None, "May 2, 2024", 7)
    assert told("tide-lab Tide Lab", "May 2, 2024", 3) == (
        None,
        "tide-lab Tide Lab",
        "May 2, 2024",
        None,
    )
    assert told("·", "May 2, 2024", 2) == (None, None, "May 2, 2024", None)
    assert told("• 1 author", "", 1) == (1, None, None, None)
