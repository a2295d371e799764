from __future__ import annotations

import dataclasses
import datetime as dt
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.readers.base import Entry, Facts, Item, Reject
from paperdump.readers.bibtex import Bibtex
from paperdump.readers.references import GarbledError, iso_date
from paperdump.readers.source import HEAD_BYTES, Head, Source
from tests.places import assert_within, damaged
from tests.tables_of import settings

READER = Bibtex()
LIMITS = settings().limits

VALID = r"""% kept by hand
@string{jot = "Journal of " # {Tides}}
@comment{by whom: nobody}
@preamble{"\newcommand{\noop}[1]{}"}

@article{doe2024,
  author = {Doe, Jane and {Tide Lab} and Roe, Jr, Max},
  title = {A {GPU} Study of {\"O}resund and $h(t_{i})$},
  journal = jot, volume = 12, number = {3}, pages = {4--5},
  year = 2024, month = may # {~28},
  doi = {10.1000/tides\_2024},
  url = {https://tide.example/doe},
  keywords = {tides, sounds},
  abstract = "We rise by 50% and
    fall {\textendash} twice."
}

@misc(roe2023, title = {Waves (Small)}, author = {Max Roe and others}, year = 2023,
  eprint = {2301.00001}, archivePrefix = {arXiv}, primaryClass = {cs.CE})
"""


def source(data: bytes | str, **limits: Any) -> Source:
    content = data.encode() if isinstance(data, str) else data
    allowed = dataclasses.replace(LIMITS, **limits)
    return Source("dump.bib", lambda: io.BytesIO(content), len(content), allowed)


def items(data: bytes | str, **limits: Any) -> list[Item]:
    return list(READER.read(source(data, **limits)))


def entries(data: bytes | str, **limits: Any) -> list[Entry]:
    return [item for item in items(data, **limits) if isinstance(item, Entry)]


def rejects(data: bytes | str, **limits: Any) -> list[Reject]:
    return [item for item in items(data, **limits) if isinstance(item, Reject)]


def entry(fields: str) -> Entry:
    """The entry with a title and these fields, of which nothing is rejected."""
    text = f"@article{{k,\n title = {{A Title}},\n {fields}\n}}\n"
    [read] = entries(text)
    assert rejects(text) == []
    return read


def left_out(fields: str) -> tuple[Entry, list[str]]:
    """The entry with a title and these fields, and why some of them are rejected."""
    text = f"@article{{k,\n title = {{A Title}},\n {fields}\n}}\n"
    [read] = entries(text)
    assert {reject.reason for reject in rejects(text)} <= {"bad_field"}
    return read, [reject.message for reject in rejects(text)]


def title(value: str) -> str:
    [read] = entries(f"@misc{{k, title = {value}}}")
    return read.title


def sniff(text: str) -> str | None:
    return READER.sniff(Head(text.encode(), whole=True))


# --- recognising ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "@article{k, title = {A}}",
        "@InProceedings{k,\n  title = {A}}",
        "@MISC(k, title = {A})",
        "\n\n  @online { k ,\n title = {A}}",
        "@article{\n k,\n title = {A}}",
        "@article{,\n title = {A}}",
        "@article{title = {A}}",
        '@string{jot = "Journal"}',
        '@preamble{"x"}',
        "@comment{jabref-meta: x}",
        "Exported by hand\n\n@phdthesis{k, title = {A}}",
    ],
)
def test_recognises_entries_at_the_beginning_of_a_line(text: str) -> None:
    assert sniff(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A Title\n\nAn abstract.",
        "write to jane@article{x}",
        '{"bibtex": "\n@article{k, title = {A}}"}',
        "<html><pre>\n@article{k, title = {A}}</pre>",
        "# Code\n\n```bibtex\n@article{k, title = {A}}\n```",
        "\\begin{filecontents}{x.bib}\n@article{k, title = {A}}\n",
        "@media{k, title = {A}}",
        "@dataclass(frozen=True)",
        "@article is a word",
    ],
)
def test_does_not_recognise_other_texts(text: str) -> None:
    assert sniff(text) is None


def test_says_which_line_shows_the_format() -> None:
    assert "line 3 " in (sniff("By hand\n\n@article{k, title = {A}}") or "")


def test_recognising_many_blank_lines_takes_no_time() -> None:
    assert sniff("\n" * (HEAD_BYTES - 100) + "@article{k, title = {A}}")
    assert not sniff("@article{" + "\n" * (HEAD_BYTES - 100))


# --- entries and their places --------------------------------------------------------------------


def test_reads_every_part_of_an_entry() -> None:
    first = entries(VALID)[0]
    assert first == Entry(
        title="A GPU Study of Öresund and $h(t_{i})$",
        abstract="We rise by 50% and\n    fall – twice.",
        first_line=6,
        last_line=16,
        record=1,
        byte_offset=VALID.index("@article"),
        authors=["Jane Doe", "Tide Lab", "Max Roe Jr"],
        n_authors=3,
        date_text="2024-05-28",
        doi_text="10.1000/tides_2024",
        link_texts=["https://tide.example/doe"],
        categories=["tides", "sounds"],
        journal_ref="Journal of Tides 12(3), 4–5, 2024",
    )


def test_reads_an_entry_in_parentheses() -> None:
    second = entries(VALID)[1]
    assert (second.title, second.first_line, second.last_line) == ("Waves (Small)", 18, 19)
    assert (second.arxiv_text, second.categories) == ("2301.00001", ["cs.CE"])


def test_a_parenthesis_within_braces_or_quotes_does_not_end_an_entry() -> None:
    [read] = entries('@misc(k, title = {A )}, journal = "B )", year = 2024)')
    assert (read.title, read.journal_ref) == ("A )", "B ), 2024")


def test_comments_preambles_and_free_text_are_ignored() -> None:
    assert rejects(VALID) == []
    assert len(entries(VALID)) == 2


def test_an_entry_that_is_commented_out_is_ignored() -> None:
    assert items("% @misc{k, title = {A}}\n") == [Facts(n_lines=1)]


def test_an_address_of_mail_in_free_text_begins_no_entry() -> None:
    assert items("Ask jane@lab (the tide lab.\n") == [Facts(n_lines=1)]


def test_several_entries_on_one_line_have_their_offsets() -> None:
    text = "@misc{a, title={Ä}} @misc{b, title={B}}@misc{c,\ntitle={C}} x @misc{d, title={D}}"
    read = entries(text)
    assert [one.title for one in read] == ["Ä", "B", "C", "D"]
    assert [(one.first_line, one.last_line) for one in read] == [(1, 1), (1, 1), (1, 2), (2, 2)]
    data = text.encode()
    offsets = [data.index(b"@misc{" + key) for key in (b"a", b"b", b"c", b"d")]
    assert [one.byte_offset for one in read] == offsets


def test_the_brace_may_stand_on_the_next_line() -> None:
    [read] = entries("@misc\n\n  {k,\n title = {A}\n}\n")
    assert (read.title, read.first_line, read.last_line) == ("A", 1, 5)


def test_a_word_with_an_at_sign_that_no_brace_follows_is_free_text() -> None:
    assert [one.title for one in entries("ask @lab\nfor @misc{k, title = {A}}")] == ["A"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(end: str) -> None:
    text = VALID.replace("\n", end)
    assert [(one.first_line, one.last_line) for one in entries(text)] == [(6, 16), (18, 19)]
    assert items(text)[-1] == Facts(n_lines=19)
    assert entries(text)[1].byte_offset == text.index("@misc")


def test_a_dump_that_is_not_utf_8_has_no_offsets() -> None:
    [read] = entries("@misc{k, title = {Größe}}".encode("utf-16"))
    assert (read.title, read.byte_offset) == ("Größe", None)


def test_a_key_may_be_missing() -> None:
    assert [one.title for one in entries("@misc{title = {A}} @misc{, title = {B}}")] == ["A", "B"]


def test_of_two_fields_of_one_name_the_first_counts() -> None:
    assert [one.title for one in entries("@misc{k, title={A}, Title={B}, title={C}}")] == ["A"]


def test_a_comment_between_fields_is_ignored() -> None:
    [read] = entries("@misc{k,\n% as it stood\n title = {A},\n% abstract = {B},\n year = 2024}")
    assert (read.title, read.abstract, read.date_text) == ("A", None, "2024")


def test_a_line_of_an_abstract_may_hold_an_at_sign() -> None:
    assert entry("abstract = {We met\n@ the sea, x@y {z}}").abstract == "We met\n@ the sea, x@y z"


def test_bytes_that_are_no_text_are_rejected() -> None:
    assert [reject.reason for reject in rejects(bytes(range(256)) * 8)] == ["binary"]


def test_an_empty_dump_has_no_lines() -> None:
    assert items("") == [Facts(n_lines=0)]


# --- what is broken ------------------------------------------------------------------------------


def test_reading_resumes_at_the_entry_after_a_broken_one() -> None:
    text = "@misc{a, title = {A}}\n@misc{b, title = {B,\n year = 3}\n\n@misc{c, title = {C}}\n"
    assert [(one.title, one.record) for one in entries(text)] == [("A", 1), ("C", 3)]
    [reject] = rejects(text)
    assert (reject.reason, reject.first_line, reject.last_line) == ("broken_record", 2, 4)
    assert "before line 5" in reject.message
    assert (reject.excerpt or "").startswith("@misc{b, title = {B,")


def test_an_entry_that_the_end_of_the_dump_cuts_is_broken() -> None:
    [reject] = rejects("@misc{a, title = {A}}\n@misc{b, title = {B\n")
    assert (reject.reason, reject.first_line, reject.last_line) == ("broken_record", 2, 2)
    assert "before the dump ends" in reject.message


def test_a_missing_comma_breaks_an_entry() -> None:
    [reject] = rejects("@misc{a, title = {A} year = {2024}}")
    assert reject.reason == "broken_record"
    assert "instead of a comma" in reject.message


@pytest.mark.parametrize("value", ['"A', "A B", "{A} # ", "#", "{A} {B}", "= {A}"])
def test_a_value_that_is_none_breaks_no_other_entry(value: str) -> None:
    text = f"@misc{{a, title = {value}}}\n@misc{{b, title = {{B}}}}\n"
    assert [one.title for one in entries(text)][-1:] == ["B"]


def test_a_brace_after_a_backslash_counts_where_it_closes_the_entry() -> None:
    read = entries("@misc{a, title = {A}, file = {C:\\dir\\}}\n@misc{b, title = {B}}")
    assert [one.title for one in read] == ["A", "B"]


def test_a_brace_after_two_backslashes_closes() -> None:
    assert title(r"{A \\}") == r"A \\"


def test_an_entry_beyond_the_limit_is_left_out() -> None:
    text = f"@misc{{a, title = {{{'A' * 3000}}}}}\n@misc{{b, title = {{B}}}}\n"
    assert [one.title for one in entries(text, max_record_mb=0.002)] == ["B"]
    [reject] = rejects(text, max_record_mb=0.002)
    assert (reject.reason, reject.first_line) == ("over_limit", 1)


def test_an_entry_of_many_lines_beyond_the_limit_is_left_out() -> None:
    text = "@misc{a,\n title = {\n" + "A line\n" * 1000 + "}}\n@misc{b, title = {B}}\n"
    assert [one.title for one in entries(text, max_record_mb=0.002)] == ["B"]
    assert [reject.reason for reject in rejects(text, max_record_mb=0.002)] == ["over_limit"]


def test_the_end_of_a_line_beyond_the_limit_is_told() -> None:
    text = "@misc{a, title={A}} " * 200
    found = rejects(text, max_record_mb=0.002)
    assert found[-1].reason == "over_limit"


def test_an_entry_without_a_title_is_rejected() -> None:
    found = rejects("@misc{a, year = 2024}\n@misc{b}\n@misc{c, title = {}}\n@misc{d, title = { }}")
    assert [reject.reason for reject in found] == ["no_title"] * 4


# --- @string -------------------------------------------------------------------------------------


def test_a_string_counts_for_all_later_entries() -> None:
    text = '@string(jot = "Journal")\n@misc{a, title={A}, journal=JOT}\n@misc{b, title=jot}\n'
    read = entries(text)
    assert (read[0].journal_ref, read[1].title) == ("Journal", "Journal")


def test_a_later_string_of_the_same_name_replaces_it() -> None:
    text = "@string{x = {A}}\n@misc{a, title=x}\n@string{x = x # {B}}\n@misc{b, title=x}\n"
    assert [one.title for one in entries(text)] == ["A", "AB"]


def test_a_value_that_names_no_string_is_left_out() -> None:
    read, why = left_out("journal = jot")
    assert read.journal_ref is None
    assert ["@string jot" in message for message in why] == [True]


def test_strings_that_grow_without_bound_are_rejected() -> None:
    text = "@string{a = {aaaaaaaaaa}}\n" + "@string{a = a # a}\n" * 60 + "@misc{k, title = {T}}"
    assert {reject.reason for reject in rejects(text, max_record_mb=0.01)} == {"over_limit"}
    assert [one.title for one in entries(text, max_record_mb=0.01)] == ["T"]


def test_an_entry_that_names_a_long_string_often_is_rejected() -> None:
    text = f"@string{{a = {{{'a' * 900}}}}}\n@misc{{k, title = {' # '.join('a' * 100)}}}\n"
    assert [reject.reason for reject in rejects(text, max_record_mb=0.002)] == ["over_limit"]


# --- TeX -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{{Double}}", "Double"),
        ("{The {{Nested} One}}", "The Nested One"),
        ('"The {GPU}"', "The GPU"),
        ('"A {"}quoted{"} word"', 'A "quoted" word'),
        (r"{G{\"o}del}", "Gödel"),
        (r"{G\"odel}", "Gödel"),
        (r"{{\v{S}}imek \c{c} {\o}re \ss{} {\'{\i}}}", "Šimek ç øre ß í"),
        (r"{R\&D at 50\% of \#1}", "R&D at 50% of #1"),
        (r"{A {\textendash} B}", "A – B"),
        (r"{\emph{A {B}} and {C}}", r"\emph{A B} and C"),
        (r"{\frac{1}{2} {C}}", r"\frac{1}{2} C"),
        (r"{H$_{2}$O and $\frac{a}{b} {c}$ {D}}", r"H$_{2}$O and $\frac{a}{b} {c}$ D"),
        (r"{H_{2}O}", "H_{2}O"),
        (r"{{\em A} title}", r"{\em A} title"),
        (r"{It costs \$5, not 5%, and {C}}", r"It costs \$5, not 5%, and C"),
        (r"{A \{set\}}", r"A \{set\}"),
        (r"{\textunknown{} {B}}", r"\textunknown{} B"),
        ("{A~B -- C}", "A~B -- C"),
    ],
)
def test_markup_that_protects_goes_and_tex_stays(written: str, meant: str) -> None:
    assert title(written) == meant


# --- authors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Jane Doe and Roe, Max", ["Jane Doe", "Max Roe"]),
        ("Roe, Jr, Max", ["Max Roe Jr"]),
        ("van der Roe, Max", ["Max van der Roe"]),
        ("{Tide and Wave Lab} and Doe, Jane", ["Tide and Wave Lab", "Jane Doe"]),
        ("{Tides, Inc.}", ["Tides, Inc."]),
        ("{{Doe}, Jane and {Roe}, Max}", ["{Doe}, Jane and {Roe}, Max"]),
        ("{Doe}, {Jane} and {Roe}, Max~M.", ["Jane Doe", "Max M. Roe"]),
        (r"Do{\'e}, Jan{\'e}", ["Jané Doé"]),
        ("Jane Doe\n  AND\n  Max Roe", ["Jane Doe", "Max Roe"]),
        ("Doe, Jane; Roe, Max", ["Jane Doe", "Max Roe"]),
        ("Jane Doe, Max Roe, Ann Poe", ["Jane Doe", "Max Roe", "Ann Poe"]),
        ("family=Roe, given=Max, prefix=van", ["Max van Roe"]),
    ],
)
def test_authors_are_in_order_and_begin_with_the_given_name(written: str, names: list[str]) -> None:
    read = entry(f"author = {{{written}}}")
    if written.startswith("{{"):
        names = ["Doe, Jane and Roe, Max"]  # braces around all of them make them one
    assert (read.authors, read.n_authors) == (names, len(names))


@pytest.mark.parametrize("end", [" and others", " and et al.", " et al."])
def test_authors_that_are_not_all_named_are_not_counted(end: str) -> None:
    read = entry(f"author = {{Doe, Jane and Max Roe{end}}}")
    assert (read.authors, read.n_authors) == (["Jane Doe", "Max Roe"], None)


def test_a_name_with_too_many_commas_is_left_out() -> None:
    read, why = left_out("author = {Doe, Jane, Roe, Max}")
    assert (read.authors, read.n_authors, len(why)) == (None, None, 1)


# --- dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "date"),
    [
        ("date = {2024-05-28}", "2024-05-28"),
        ("date = {2020/2021}, year = 1999", "2020"),
        ("date = {2020-03/2020-05}", "2020-03"),
        ("date = {2024}, month = 5", "2024-05"),
        ("date = {n.d.}, year = {2024}", "2024"),
        ("year = 2024", "2024"),
        ("year = {2024}, month = {5}", "2024-05"),
        ("year = {2024}, month = may", "2024-05"),
        ("year = {2024}, month = {{May}}", "2024-05"),
        ("year = {2024}, month = September", "2024-09"),
        ("year = 2024, month = may # {~28}", "2024-05-28"),
        ('year = 2024, month = "28~" # may', "2024-05-28"),
        ("year = 2024, month = {28 may}", "2024-05-28"),
        ("year = 2024, month = {May 28}", "2024-05-28"),
        ("year = 2024, month = {May/June}", "2024-05"),
        ("year = 2024, month = {5--7 June}", "2024-06-05"),
        ("year = 2024, month = may, day = 28", "2024-05-28"),
        ("year = 2024, month = {Spring}", "2024"),
        ("year = {c2024a}", "2024"),
        ("year = {May 2024}", "2024-05"),
        ("year = {n.d.}", None),
        ("year = {in press}", None),
        ("year = {forthcoming}, month = may", None),
        ("month = may", None),
    ],
)
def test_a_date_is_given_as_far_as_the_entry_gives_it(fields: str, date: str | None) -> None:
    assert entry(fields).date_text == date


@pytest.mark.parametrize(
    ("fields", "date"),
    [
        ("year = {20245}", None),
        ("year = {99}", None),
        ("date = {2024-02-31}, year = 2024", "2024"),
        ("year = 2024, month = 13", "2024"),
        ("year = 2024, month = {Feb 30}", "2024"),
    ],
)
def test_a_garbled_date_is_left_out_and_told(fields: str, date: str | None) -> None:
    read, why = left_out(fields)
    assert (read.date_text, len(why)) == (date, 1)


@given(st.text(max_size=40))
def test_whatever_the_text_a_date_is_iso_or_none(text: str) -> None:
    try:
        date = iso_date(text)
    except GarbledError:
        return
    assert date is None or len(date) in (4, 7, 10)


# --- identifiers, links, journal -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "identifier"),
    [
        ("eprint = {2401.00001}, archivePrefix = {arXiv}", "2401.00001"),
        ("eprint = {2401.00001v2}, eprinttype = {ARXIV}", "2401.00001v2"),
        ("eprint = {hep-th/9901001}", "hep-th/9901001"),
        ("eprint = {2401.00001}", "2401.00001"),
        ("eprint = {2401.00001}, archivePrefix = {other}", None),
        ("eprint = {12345678}", None),
        ("journal = {arXiv preprint arXiv:2401.00001}", "2401.00001"),
        ("journal = {CoRR}, volume = {abs/2401.00001}", "2401.00001"),
        ("url = {http://arxiv.org/abs/2401.00001v3}", "2401.00001v3"),
        ("doi = {10.48550/arXiv.2401.00001}", "2401.00001"),
        ("journal = {Journal of 2401.00001}", None),
    ],
)
def test_finds_the_arxiv_identifier(fields: str, identifier: str | None) -> None:
    assert entry(fields).arxiv_text == identifier


def test_an_eprint_of_arxiv_that_is_none_is_left_out() -> None:
    read, why = left_out("eprint = {soon}, archivePrefix = {arXiv}")
    assert (read.arxiv_text, len(why)) == (None, 1)


@pytest.mark.parametrize(
    ("fields", "doi"),
    [
        ("doi = {10.1000/a\\_b}", "10.1000/a_b"),
        ("doi = {10.1000/a{\\_}b}", "10.1000/a_b"),
        ("doi = {https://doi.org/10.1000/a}", "https://doi.org/10.1000/a"),
        ("url = {https://doi.org/10.1000/a}", "https://doi.org/10.1000/a"),
        ("doi = {n/a}", None),
    ],
)
def test_finds_the_doi(fields: str, doi: str | None) -> None:
    assert entry(fields).doi_text == doi


def test_a_doi_that_is_none_is_left_out() -> None:
    read, why = left_out("doi = {see the page}")
    assert (read.doi_text, len(why)) == (None, 1)


@pytest.mark.parametrize(
    ("fields", "links"),
    [
        (r"url = {https://a.example/b\_c\%20d}", ["https://a.example/b_c%20d"]),
        (r"howpublished = {\url{https://a.example/~b}}", ["https://a.example/~b"]),
        (r"note = {Code: \url{https://a.example/b}.}", ["https://a.example/b"]),
        (r"note = {At (https://a.example/b).}", ["https://a.example/b"]),
        ("url = {www.a.example/b}", ["www.a.example/b"]),
        ("url = {https://a.example}, note = {https://a.example}", ["https://a.example"]),
        ("url = {none}, note = {To appear}", None),
    ],
)
def test_finds_links(fields: str, links: list[str] | None) -> None:
    assert entry(fields).link_texts == links


@pytest.mark.parametrize(
    ("fields", "categories"),
    [
        ("keywords = {tides, {waves, small}, }", ["tides", "waves, small"]),
        ("keywords = {tides; waves, small}", ["tides", "waves, small"]),
        ("primaryClass = {cs.CE}, keywords = {tides}", ["cs.CE", "tides"]),
        ("keywords = {}", None),
    ],
)
def test_finds_categories(fields: str, categories: list[str] | None) -> None:
    assert entry(fields).categories == categories


@pytest.mark.parametrize(
    ("fields", "reference"),
    [
        ("journal = {Journal of Tides}", "Journal of Tides"),
        ("journaltitle = {Tides}, volume = 1, date = {2024-05}", "Tides 1, 2024"),
        ("booktitle = {Proc. of {TIDE}}, pages = {4 -- 5}", "Proc. of TIDE, 4–5"),
        ("journal = {Tides}, number = 2, year = 2024", "Tides (2), 2024"),
        ("journal = {arXiv preprint arXiv:2401.00001}, year = 2024", None),
        ("journal = {CoRR}, volume = {abs/2401.00001}", None),
        ("volume = 1, year = 2024", None),
    ],
)
def test_says_where_it_was_published(fields: str, reference: str | None) -> None:
    assert entry(fields).journal_ref == reference


# --- laws ----------------------------------------------------------------------------------------

FRAGMENTS = [b"@", b"misc", b"@misc{", b"@string{", b"@comment(", b"{", b"}", b'"', b",", b"="]
FRAGMENTS += [b"#", b"\\", b"$", b"\n", b"\r", b" ", b"title", b"year", b"author", b"and", b"%"]
FRAGMENTS += [b"\xff", b"\0", b"(", b")", b"2024", b"~", b"jan", b"doi", b"note"]


def assert_places(data: bytes) -> None:
    assert_within(items(data, max_record_mb=0.001), data)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_there_are_only_items(data: bytes) -> None:
    assert_places(data)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map(b"".join))
def test_whatever_the_syntax_there_are_only_items(data: bytes) -> None:
    assert_places(b"@misc{k, title = {A}}\n" + data)


@given(damaged(VALID, FRAGMENTS))
def test_a_valid_dump_that_is_damaged_gives_only_items(data: bytes) -> None:
    assert_places(data)


WORDS = st.lists(
    st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäöüßÅŁ"), min_size=1, max_size=9).map(
        str.capitalize
    ),
    min_size=2,
    max_size=6,
).filter(lambda words: not {"And", "Others"} & set(words))


@given(
    st.lists(
        st.tuples(
            WORDS,
            st.lists(WORDS, min_size=1, max_size=4),
            st.dates(dt.date(1500, 1, 1), dt.date(2099, 12, 31)),
            st.integers(1, 10**9),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_is_read_back(records: list[Any]) -> None:
    text = "".join(
        f"@article{{k{number},\n  title = {{{' '.join(words)}}},\n  author = {{"
        + " and ".join(f"{' '.join(last)}, {first}" for first, *last in people)
        + f"}},\n  date = {{{day}}},\n  doi = {{10.1000/{number}}},\n}}\n\n"
        for words, people, day, number in records
    )
    assert rejects(text) == []
    assert [
        (one.title, one.authors, one.n_authors, one.date_text, one.doi_text)
        for one in entries(text)
    ] == [
        (" ".join(words), [" ".join(p) for p in people], len(people), f"{day}", f"10.1000/{n}")
        for words, people, day, n in records
    ]
