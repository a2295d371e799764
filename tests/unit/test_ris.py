from __future__ import annotations

import dataclasses
import datetime as dt
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.readers.base import Entry, Facts, Item, Reject
from paperdump.readers.ris import Ris
from paperdump.readers.source import HEAD_BYTES, Head, Source
from tests.places import assert_within, damaged
from tests.tables_of import settings

READER = Ris()
LIMITS = settings().limits

VALID = """Provider: A Publisher
Content: text/plain; charset="UTF-8"


TY  - JOUR
TI  - A Study of Tides
AU  - Doe, Jane
AU  - Roe, Max, Jr.
AB  - We rise
and fall.

We rise again.
PY  - 2024///
DA  - 2024/05/28/
JO  - Journal of Tides
VL  - 12
IS  - 3
SP  - 4
EP  - 5
DO  - 10.1000/tides
UR  - https://tide.example/a;https://tide.example/b
KW  - tides
KW  - sounds
M1  - arXiv:2401.00001
ER  -\x20

TY  - CONF
T1  - Waves
A1  - Poe, Ann
ER  -\x20
"""

PUBMED = """
PMID- 123
OWN - NLM
TI  - A study of tides that goes on
      in the next line.
FAU - Doe, Jane
AU  - Doe J
FAU - Roe, Max Jr
AU  - Roe M Jr
CN  - Tide Lab, North
AB  - We rise
      and fall.
DP  - 2024 May
DEP - 20240528
LID - S0000-0000(24)00001-1 [pii]
LID - 10.1000/tides [doi]
AID - arXiv:2401.00001v1 [pii]
JT  - Journal of tides
TA  - J Tides
VI  - 12
IP  - 3
PG  - 4-5
OT  - sounds
MH  - *Tides/methods
SO  - J Tides. 2024 May;12(3):4-5.

PMID- 124
TI  - Waves.
"""


def source(data: bytes | str, **limits: Any) -> Source:
    content = data.encode() if isinstance(data, str) else data
    allowed = dataclasses.replace(LIMITS, **limits)
    return Source("dump.ris", lambda: io.BytesIO(content), len(content), allowed)


def items(data: bytes | str, **limits: Any) -> list[Item]:
    return list(READER.read(source(data, **limits)))


def entries(data: bytes | str, **limits: Any) -> list[Entry]:
    return [item for item in items(data, **limits) if isinstance(item, Entry)]


def rejects(data: bytes | str, **limits: Any) -> list[Reject]:
    return [item for item in items(data, **limits) if isinstance(item, Reject)]


def record(*lines: str, title: str = "TI  - A Title") -> str:
    return "\n".join(["TY  - JOUR", title, *lines, "ER  - ", ""])


def entry(*lines: str) -> Entry:
    """The entry with a title and these lines, of which nothing is rejected."""
    [read] = entries(record(*lines))
    assert rejects(record(*lines)) == []
    return read


def left_out(*lines: str) -> tuple[Entry, list[str]]:
    """The entry with a title and these lines, and why some of them are rejected."""
    [read] = entries(record(*lines))
    found = rejects(record(*lines))
    assert {reject.reason for reject in found} <= {"bad_field"}
    return read, [reject.message for reject in found]


def sniff(text: str) -> str | None:
    return READER.sniff(Head(text.encode(), whole=True))


# --- recognising ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        VALID,
        PUBMED,
        "TY  - JOUR\n",
        "\n\nTY - CPAPER\r\nTI - A\r\n",
        "PMID- 1\n",
        "\ufeffTY  - GEN",
    ],
)
def test_recognises_the_first_record(text: str) -> None:
    assert sniff(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A Title\n\nAn abstract.",
        '{"a": "\nTY  - JOUR\n"}',
        "<pre>\nTY  - JOUR\n</pre>",
        "A line\n" * 20 + "TY  - JOUR\n",
        "A line\nPMID- 1\n",
        "PMID- none\n",
        "TY  - a type of its own\n",
    ],
)
def test_does_not_recognise_other_texts(text: str) -> None:
    assert sniff(text) is None


def test_says_which_line_shows_the_format() -> None:
    assert "line 5 " in (sniff(VALID) or "")
    assert "line 2 " in (sniff(PUBMED) or "")


def test_recognising_many_blank_lines_takes_no_time() -> None:
    assert sniff("\n" * (HEAD_BYTES - 100) + "TY  - JOUR")


# --- records of RIS ------------------------------------------------------------------------------


def test_reads_every_part_of_a_record() -> None:
    assert entries(VALID)[0] == Entry(
        title="A Study of Tides",
        abstract="We rise\nand fall.\n\nWe rise again.",
        first_line=5,
        last_line=25,
        record=1,
        byte_offset=VALID.index("TY"),
        authors=["Jane Doe", "Max Roe Jr."],
        n_authors=2,
        date_text="2024-05-28",
        arxiv_text="2401.00001",
        doi_text="10.1000/tides",
        link_texts=["https://tide.example/a", "https://tide.example/b"],
        categories=["tides", "sounds"],
        journal_ref="Journal of Tides 12(3), 4–5, 2024",
    )


def test_reads_the_record_after_it() -> None:
    second = entries(VALID)[1]
    assert (second.title, second.authors, second.record) == ("Waves", ["Ann Poe"], 2)
    assert (second.first_line, second.last_line) == (27, 30)
    assert second.byte_offset == VALID.rindex("TY")


def test_the_header_of_a_publisher_is_no_stray_text() -> None:
    assert rejects(VALID) == []
    assert items(VALID)[-1] == Facts(n_lines=30)


def test_text_between_records_is_told() -> None:
    text = record() + "\nOne line\nand another\n\n" + record()
    [reject] = rejects(text)
    assert (reject.reason, reject.first_line, reject.last_line) == ("stray_text", 5, 6)
    assert len(entries(text)) == 2


@pytest.mark.parametrize("tag", ["TI", "T1", "CT", "BT"])
def test_finds_the_title(tag: str) -> None:
    assert [one.title for one in entries(record(title=f"{tag}  - A Title"))] == ["A Title"]


def test_a_record_without_a_title_is_rejected() -> None:
    text = record(title="TI  - ") + record(title="AU  - Doe, Jane")
    assert [(reject.reason, reject.record) for reject in rejects(text)] == [
        ("no_title", 1),
        ("no_title", 2),
    ]


def test_an_abstract_goes_before_a_note() -> None:
    assert entry("N2  - A note", "AB  - An abstract").abstract == "An abstract"
    assert entry("N2  - An abstract").abstract == "An abstract"


def test_a_line_without_a_tag_continues_the_field_before() -> None:
    read = entry("AU  - Doe,", "  Jane", "AB  - One", "AI - based methods")
    assert (read.authors, read.abstract) == (["Jane Doe"], "One\nAI - based methods")


def test_tags_with_a_single_space_are_read_where_the_record_begins_so() -> None:
    [read] = entries("TY - JOUR\nTI - A Title\nAU - Doe, Jane\nER -\n")
    assert (read.title, read.authors) == ("A Title", ["Jane Doe"])


def test_an_indented_record_is_read() -> None:
    [read] = entries("  TY  - JOUR\n  TI  - A Title\n  AB  - One\n  two\n  ER  -\n")
    assert (read.title, read.abstract) == ("A Title", "One\ntwo")


def test_a_longer_tag_ends_the_field_before() -> None:
    assert entry("DO  - 10.1000/a", "PMID  - 123").doi_text == "10.1000/a"


def test_a_record_ends_where_the_next_begins() -> None:
    text = "TY  - JOUR\nTI  - A\nTY  - JOUR\nTI  - B\nER  - \n"
    assert [(one.title, one.last_line) for one in entries(text)] == [("A", 2), ("B", 5)]
    assert rejects(text) == []


def test_a_record_that_the_end_of_the_dump_cuts_is_given_and_told() -> None:
    text = record() + "TY  - JOUR\nTI  - B\nAB  - The beg"
    assert [one.title for one in entries(text)] == ["A Title", "B"]
    [reject] = rejects(text)
    assert (reject.reason, reject.first_line, reject.last_line) == ("truncated_entry", 4, 6)


def test_a_cut_record_without_a_title_is_told_once() -> None:
    assert [reject.reason for reject in rejects("TY  - JOUR\nAU  - Doe")] == ["truncated_entry"]


def test_a_record_beyond_the_limit_is_left_out() -> None:
    text = record("AB  - " + "a" * 3000) + record(*["AB  - a line"] * 400) + record()
    assert [one.record for one in entries(text, max_record_mb=0.002)] == [3]
    found = rejects(text, max_record_mb=0.002)
    assert [reject.reason for reject in found] == ["over_limit", "over_limit"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(end: str) -> None:
    text = VALID.replace("\n", end)
    assert [(one.first_line, one.last_line) for one in entries(text)] == [(5, 25), (27, 30)]
    assert entries(text)[1].byte_offset == text.rindex("TY")


def test_a_dump_that_is_not_utf_8_has_no_offsets() -> None:
    [read] = entries(record("AU  - Größe, Anna").encode("utf-16"))
    assert (read.authors, read.byte_offset) == (["Anna Größe"], None)


def test_bytes_that_are_no_text_are_rejected() -> None:
    assert [reject.reason for reject in rejects(bytes(range(256)) * 8)] == ["binary"]


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["AU  - Doe, Jane", "AU  - Max Roe"], ["Jane Doe", "Max Roe"]),
        (["A1  - Doe, Jane"], ["Jane Doe"]),
        (["AU  - Doe, Jane; Roe, Max"], ["Jane Doe", "Max Roe"]),
        (["AU  - Doe, Jane,"], ["Jane Doe"]),
        (["AU  - Tide Lab"], ["Tide Lab"]),
        (["AU  - Tides, Inc."], ["Tides, Inc."]),
        (["AU  - Roe, Max, III"], ["Max Roe III"]),
    ],
)
def test_authors_are_in_order_and_begin_with_the_given_name(
    lines: list[str], names: list[str]
) -> None:
    read = entry(*lines)
    assert (read.authors, read.n_authors) == (names, len(names))


def test_authors_that_are_not_all_named_are_not_counted() -> None:
    read = entry("AU  - Doe, Jane", "AU  - et al.")
    assert (read.authors, read.n_authors) == (["Jane Doe"], None)


@pytest.mark.parametrize(
    ("lines", "date"),
    [
        (["PY  - 2024"], "2024"),
        (["PY  - 2024///"], "2024"),
        (["Y1  - 2024/05//"], "2024-05"),
        (["Y1  - 2024/05/28/"], "2024-05-28"),
        (["PY  - 2024/05/28/Spring"], "2024-05-28"),
        (["DA  - 2024-05-28"], "2024-05-28"),
        (["PY  - 2024", "DA  - 2024/05/28"], "2024-05-28"),
        (["PY  - 2024", "DA  - 2023/12/01"], "2024"),
        (["PY  - 2024", "DA  - May 28"], "2024-05-28"),
        (["PY  - 2024", "DA  - May"], "2024-05"),
        (["PY  - in press", "ET  - 2024/05/28"], "2024-05-28"),
        (["PY  - 2024", "ET  - 2023/12/01"], "2024"),
        (["ET  - 2nd"], None),
        (["PY  - n.d."], None),
        (["PY  - ////"], None),
    ],
)
def test_a_date_is_given_as_far_as_the_record_gives_it(lines: list[str], date: str | None) -> None:
    assert entry(*lines).date_text == date


def test_a_garbled_date_is_left_out_and_told() -> None:
    read, why = left_out("PY  - 20245")
    assert (read.date_text, len(why)) == (None, 1)


@pytest.mark.parametrize(
    "line",
    [
        "ID  - arXiv:2401.00001",
        "C1  - arXiv:2401.00001 [cs]",
        "AN  - arXiv:2401.00001",
        "U1  - arXiv:2401.00001",
        "UR  - https://arxiv.org/abs/2401.00001",
        "JO  - arXiv preprint arXiv:2401.00001",
        "DO  - 10.48550/arXiv.2401.00001",
    ],
)
def test_finds_the_arxiv_identifier(line: str) -> None:
    assert entry(line).arxiv_text == "2401.00001"


def test_a_number_that_is_not_marked_is_no_arxiv_identifier() -> None:
    assert entry("AN  - 2401.00001").arxiv_text is None


@pytest.mark.parametrize(
    ("line", "doi"),
    [
        ("DO  - 10.1000/a", "10.1000/a"),
        ("DO  - doi:10.1000/a", "doi:10.1000/a"),
        ("UR  - https://doi.org/10.1000/a", "https://doi.org/10.1000/a"),
        ("DO  - n/a", None),
    ],
)
def test_finds_the_doi(line: str, doi: str | None) -> None:
    assert entry(line).doi_text == doi


def test_a_doi_that_is_none_is_left_out() -> None:
    read, why = left_out("DO  - see the page")
    assert (read.doi_text, len(why)) == (None, 1)


def test_links_are_addresses_and_no_files() -> None:
    read = entry("UR  - https://a.example/x", "L1  - internal-pdf://x.pdf", "L2  - www.a.example/y")
    assert read.link_texts == ["https://a.example/x", "www.a.example/y"]


@pytest.mark.parametrize(
    ("lines", "reference"),
    [
        (["JF  - Journal of Tides", "JA  - J Tides"], "Journal of Tides"),
        (["T2  - Proc. Tides", "SP  - 4-5"], "Proc. Tides, 4–5"),
        (["JO  - Tides", "SP  - 4", "EP  - 4", "PY  - 2024"], "Tides, 4, 2024"),
        (["JO  - arXiv preprint arXiv:2401.00001", "PY  - 2024"], None),
        (["VL  - 1"], None),
    ],
)
def test_says_where_it_was_published(lines: list[str], reference: str | None) -> None:
    assert entry(*lines).journal_ref == reference


# --- records of PubMed ---------------------------------------------------------------------------


def test_reads_every_part_of_a_record_of_pubmed() -> None:
    assert entries(PUBMED)[0] == Entry(
        title="A study of tides that goes on\nin the next line.",
        abstract="We rise\nand fall.",
        first_line=2,
        last_line=25,
        record=1,
        byte_offset=1,
        authors=["Jane Doe", "Max Roe Jr", "Tide Lab, North"],
        n_authors=3,
        date_text="2024-05-28",
        arxiv_text="2401.00001v1",
        doi_text="10.1000/tides",
        categories=["sounds", "Tides/methods"],
        journal_ref="Journal of tides 12(3), 4–5, 2024",
    )


def test_the_last_record_of_pubmed_needs_no_end() -> None:
    assert [(one.title, one.first_line) for one in entries(PUBMED)][1] == ("Waves.", 27)
    assert rejects(PUBMED) == []


def test_records_of_pubmed_need_no_blank_line_between_them() -> None:
    text = "PMID- 1\nTI  - A\nPMID- 2\nTI  - B\n"
    assert [(one.title, one.last_line) for one in entries(text)] == [("A", 2), ("B", 4)]


def test_text_after_a_record_of_pubmed_is_told() -> None:
    [reject] = rejects("PMID- 1\nTI  - A\n\nend of the list\n")
    assert (reject.reason, reject.first_line) == ("stray_text", 4)


def test_a_date_of_pubmed_that_contradicts_the_issue_is_not_taken() -> None:
    [read] = entries("PMID- 1\nTI  - A\nDP  - 2024 May-Jun\nDEP - 20231201\n")
    assert read.date_text == "2024-05"


def test_records_of_both_forms_may_follow_each_other() -> None:
    text = "PMID- 1\nTI  - A\n\n" + record() + "PMID- 2\nTI  - B\n"
    assert [one.title for one in entries(text)] == ["A", "A Title", "B"]


# --- laws ----------------------------------------------------------------------------------------

FRAGMENTS = [b"TY  - JOUR\n", b"ER  - \n", b"TI  - A\n", b"PMID- 1\n", b"AU  - ", b"PY  - ", b"\n"]
FRAGMENTS += [
    b"\r",
    b" ",
    b"- ",
    b"  -",
    b"2024",
    b"/",
    b";",
    b",",
    b"\xff",
    b"\0",
    b"UR  - http://",
]
FRAGMENTS += [b"AB", b"LID - 10.1/x [doi]\n", b"DP  - 2024 May\n", b"      "]


def assert_places(data: bytes) -> None:
    assert_within(items(data, max_record_mb=0.001), data)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_there_are_only_items(data: bytes) -> None:
    assert_places(data)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join))
def test_whatever_the_syntax_there_are_only_items(data: bytes) -> None:
    assert_places(b"TY  - JOUR\n" + data)


@given(damaged(VALID, FRAGMENTS) | damaged(PUBMED, FRAGMENTS))
def test_a_valid_dump_that_is_damaged_gives_only_items(data: bytes) -> None:
    assert_places(data)


WORDS = st.lists(
    st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäöüßÅŁ"), min_size=1, max_size=9).map(
        str.capitalize
    ),
    min_size=2,
    max_size=6,
).filter(lambda words: not {"Others", "Ltd", "Inc", "Jr", "Sr"} & set(words))


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
    ),
    st.booleans(),
)
def test_what_is_written_is_read_back(records: list[Any], pubmed: bool) -> None:
    text = "".join(
        (
            f"PMID- 1\nTI  - {' '.join(words)}\n"
            + "".join(f"FAU - {' '.join(last)}, {first}\n" for first, *last in people)
            + f"DP  - {day}\nLID - 10.1000/{number} [doi]\n\n"
        )
        if pubmed
        else (
            f"TY  - JOUR\nTI  - {' '.join(words)}\n"
            + "".join(f"AU  - {' '.join(last)}, {first}\n" for first, *last in people)
            + f"PY  - {day:%Y/%m/%d}/\nDO  - 10.1000/{number}\nER  - \n\n"
        )
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
