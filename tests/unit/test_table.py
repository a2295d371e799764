from __future__ import annotations

import bz2
import csv
import datetime as dt
import io
import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from paperdump import dictionary
from paperdump.readers import table_columns
from paperdump.readers.base import Entry, Facts, Item, Reject
from paperdump.readers.source import Head, Limits, Refused, Source
from paperdump.readers.table import Table, _may_have_cells
from paperdump.readers.table_cells import (
    addresses_of,
    count_of,
    date_of,
    is_arxiv,
    joined_date,
    names_of,
    topics_of,
)
from paperdump.readers.table_columns import plan_of
from paperdump.readers.table_csv import dialect_of
from tests.conftest import tried
from tests.tables_of import settings

LIMITS = settings().limits
REASONS = set(dictionary.table("rejects").column("reason").allowed)


def source_of(data: bytes, limits: Limits = LIMITS, **columns: str) -> Source:
    return Source("a table", lambda: io.BytesIO(data), len(data), limits, columns=columns)


def read(data: bytes | str, limits: Limits = LIMITS, **columns: str) -> list[Item]:
    data = data.encode() if isinstance(data, str) else data
    return list(Table().read(source_of(data, limits, **columns)))


def entries(data: bytes | str, limits: Limits = LIMITS, **columns: str) -> list[Entry]:
    return [item for item in read(data, limits, **columns) if isinstance(item, Entry)]


def rejects(data: bytes | str, limits: Limits = LIMITS, **columns: str) -> list[Reject]:
    return [item for item in read(data, limits, **columns) if isinstance(item, Reject)]


def titles(data: bytes | str, limits: Limits = LIMITS, **columns: str) -> list[str]:
    return [entry.title for entry in entries(data, limits, **columns)]


def reasons(data: bytes | str, limits: Limits = LIMITS, **columns: str) -> list[str]:
    return [reject.reason for reject in rejects(data, limits, **columns)]


def refused(data: bytes | str, **columns: str) -> Refused:
    with pytest.raises(Refused) as caught:
        read(data, **columns)
    return caught.value


def sniff(data: bytes | str) -> str | None:
    return Table().sniff(source_of(data.encode() if isinstance(data, str) else data).head)


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


def small(record_bytes: int) -> Limits:
    return Limits(64, record_bytes / 1e6, 1000, 200, 100, 3)


# ---------------------------------------------------------------------------------- round trips

PAPERS: list[dict[str, Any]] = [
    {
        "title": 'Tides, "Moons" and Models',
        "abstract": "We weigh, at length,\nthe pull of two moons.\n\nIt is small; it is there.",
        "authors": ["Ada Ninefold", "José Müller"],
        "published": "2024-05-28",
        "arxiv_id": "2405.01230",
        "categories": ["cs.CL", "cs.LG"],
        "url": "https://tides.example/a?b=1",
        "upvotes": 12,
    },
    {
        "title": "Größe ohne Maß",
        "abstract": None,
        "authors": ["Bo Quill"],
        "published": "2023-01",
        "arxiv_id": None,
        "categories": None,
        "url": None,
        "upvotes": 0,
    },
    {
        "title": "A\tTab | a pipe; and an end",
        "abstract": "Short.",
        "authors": None,
        "published": None,
        "arxiv_id": "hep-th/9901001",
        "categories": ["math.CO"],
        "url": "https://tides.example/c",
        "upvotes": None,
    },
]


def as_csv(papers: Sequence[dict[str, Any]], delimiter: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(papers[0])
    for paper in papers:
        cells = [
            ("; " if name == "authors" else " ").join(value) if isinstance(value, list) else value
            for name, value in paper.items()
        ]
        writer.writerow(cells)
    return out.getvalue()


def as_json_lines(papers: Sequence[dict[str, Any]], ascii_only: bool = False) -> str:
    return "".join(json.dumps(paper, ensure_ascii=ascii_only) + "\n" for paper in papers)


def as_parquet(papers: Sequence[dict[str, Any]]) -> bytes:
    return parquet({name: [paper[name] for paper in papers] for name in papers[0]})


def values(entry: Entry) -> dict[str, Any]:
    places = ("first_line", "last_line", "record", "byte_offset", "record_path")
    return {name: v for name, v in msgspec.structs.asdict(entry).items() if name not in places}


EXPECTED = [
    values(
        Entry(
            title=paper["title"],
            abstract=paper["abstract"],
            authors=paper["authors"],
            n_authors=len(paper["authors"]) if paper["authors"] else None,
            date_text=paper["published"],
            arxiv_text=paper["arxiv_id"],
            categories=paper["categories"],
            link_texts=[paper["url"]] if paper["url"] else None,
            n_upvotes=paper["upvotes"],
        )
    )
    for paper in PAPERS
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize(
    "text",
    [
        as_csv(PAPERS),
        as_csv(PAPERS, end="\r\n"),
        as_csv(PAPERS, "\t"),
        as_csv(PAPERS, ";"),
        as_csv(PAPERS, "|"),
        as_json_lines(PAPERS),
        json.dumps(PAPERS, ensure_ascii=False, indent=1),
    ],
    ids=["csv", "csv-crlf", "tsv", "semicolon", "pipe", "json-lines", "json-array"],
)
def test_the_same_entries_come_back_from_every_text_form(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert sniff(data)
    assert [values(entry) for entry in entries(data)] == EXPECTED
    assert rejects(data) == []


def test_the_same_entries_come_back_from_parquet() -> None:
    assert [values(entry) for entry in entries(as_parquet(PAPERS))] == EXPECTED


CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufeff&", exclude_categories=["Cs", "Cc"])
    | st.just("\n"),
    max_size=12,
)
ROW = st.tuples(CELL.filter(str.strip), CELL, CELL)


@given(st.lists(ROW, min_size=1, max_size=6), st.sampled_from(",\t;|"))
def test_whatever_the_cells_hold_csv_gives_them_back(
    rows: list[tuple[str, str, str]], delimiter: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("title", "abstract", "note"), *rows])
    found = entries(out.getvalue())
    assert [(e.title, e.abstract) for e in found] == [
        (title, abstract if abstract.strip() else None) for title, abstract, _ in rows
    ]
    number = 2
    for entry, row in zip(found, rows, strict=True):
        n_breaks = sum(cell.count("\n") for cell in row)
        assert (entry.first_line, entry.last_line) == (number, number + n_breaks)
        number += n_breaks + 1


# ---------------------------------------------------------------------------------- recognition


def test_a_csv_says_by_which_columns_it_is_recognised() -> None:
    said = sniff("id,Paper Title,Abstract,Year\n1,A,B,2020\n")
    assert said == "its header line has the columns Paper Title, Abstract, Year"


def test_json_lines_are_recognised_by_the_keys_of_the_first_record() -> None:
    assert "title, doi" in (sniff('{"title": "A", "doi": "10.1/x"}\n{"title": "B"}\n') or "")


def test_a_json_array_is_recognised_by_the_keys_of_its_first_object() -> None:
    assert "title, year" in (sniff('[\n  {"title": "A", "year": 2020}\n]') or "")


def test_json_lines_are_recognised_though_the_first_line_goes_beyond_the_head() -> None:
    line = json.dumps({"title": "A", "year": 2020, "full_text": "x" * 400_000})
    assert sniff(line + "\n")


def test_parquet_is_recognised_by_its_magic() -> None:
    assert "PAR1" in (sniff(as_parquet(PAPERS)) or "")


@pytest.mark.parametrize(
    "text",
    [
        "Dear all, the title, the abstract, and the year follow.\n",
        "Title, Abstract\nThis is prose.\nIt goes on for a while.\nAnd on.\n",
        "title\nA\nB\n",
        "title,price\nA,3\n",
        "name,description\ntool,does things\n",
        "id,title\n1,A\n",
        "title,description\nA,B\n",
        "<html><body>title,abstract</body></html>",
        "<?xml version='1.0'?><title>a,b</title>",
        '{"title": "A"}\n',
        '{"data": [{"title": "A", "year": 2020}]}',
        '["title", "abstract"]',
        "[1, 2",
        "{broken",
        "| Title | Authors | Year |\n|---|---|---|\n| A | B C | 2020 |\n",
        "\n\n",
    ],
)
def test_what_is_no_table_of_papers_is_not_recognised(text: str) -> None:
    assert sniff(text) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (  # a library's export
            "Key,Item Type,Publication Year,Author,Title,Publication Title,DOI,Url,Abstract Note,"
            "Date,Date Added,Manual Tags",
            {
                "title": ("Title",),
                "abstract": ("Abstract Note",),
                "date": ("Date",),
                "year": ("Publication Year",),
                "journal_ref": ("Publication Title",),
                "categories": ("Manual Tags",),
            },
        ),
        (  # a citation index
            "Authors,Author full names,Author(s) ID,Title,Year,Source title,Cited by,DOI,Link,"
            "Affiliations,Abstract,Author Keywords",
            {
                "authors": ("Author full names", "Authors"),
                "journal_ref": ("Source title",),
                "links": ("Link",),
                "organization": ("Affiliations",),
                "categories": ("Author Keywords",),
            },
        ),
        ("PT,AU,AF,TI,SO,DE,AB,DI,PY", {"title": ("TI",), "authors": ("AF", "AU")}),
        (
            "PMID,Title,Authors,Citation,Journal/Book,Publication Year,Create Date,DOI",
            {"journal_ref": ("Journal/Book",), "late_date": ("Create Date",)},
        ),
        ("titles,summaries,terms", {"title": ("titles",), "abstract": ("summaries",)}),
        ("paper_title,repo_url,paper_arxiv_id", {"arxiv_id": ("paper_arxiv_id",)}),
        ("name,abstract,year", {"title": ("name",)}),
        ("title,description,year", {"abstract": ("description",)}),
        ("Publication Title,Abstract", {"title": ("Publication Title",)}),
    ],
)
def test_columns_are_known_by_the_names_that_exports_use(
    header: str, expected: dict[str, tuple[str, ...]]
) -> None:
    plan = plan_of(header.split(","), {})
    assert {field: plan.columns.get(field) for field in expected} == expected
    assert plan.is_sure


def test_no_name_stands_twice_for_a_field() -> None:
    for names in table_columns._NAMES.values():
        assert len(set(names.split())) == len(names.split())


# ------------------------------------------------------------------------------------- mapping


def test_a_mapping_in_the_config_names_the_columns() -> None:
    data = "kop,inhoud,wanneer\nA Tide,Rises.,2020\n"
    [entry] = entries(data, title="kop", abstract="inhoud", date="wanneer")
    assert (entry.title, entry.abstract, entry.date_text) == ("A Tide", "Rises.", "2020")


def test_a_mapping_comes_before_the_common_names() -> None:
    [entry] = entries("title,title_en,year\nGetij,Tide,2020\n", title="title_en")
    assert entry.title == "Tide"


def test_a_mapped_column_that_is_not_there_is_told_and_not_replaced() -> None:
    data = "title,publisched,year\nA,2020-01-01,2021\nB,,\n"
    [reject] = rejects(data, date="published")
    assert reject.reason == "bad_field"
    assert "'published'" in reject.message
    assert "'publisched'" in reject.message
    assert [entry.date_text for entry in entries(data, date="published")] == [None, None]


def test_a_mapped_column_that_is_not_there_is_told_once_in_json_lines() -> None:
    assert reasons('{"title": "A", "year": 1}\n' * 3, doi="handle") == ["bad_field"]


@pytest.mark.parametrize(
    "data",
    [
        "head,abstract\nA,B\n",
        '{"head": "A", "abstract": "B"}\n',
        '[{"head": "A", "abstract": "B"}]',
        parquet({"head": ["A"], "abstract": ["B"]}),
    ],
)
def test_a_table_without_a_known_title_names_the_columns_that_there_are(data: bytes | str) -> None:
    error = refused(data)
    assert error.reason == "unknown_format"
    assert "head, abstract" in error.message
    assert "readers.columns" in error.message


def test_a_mapped_title_that_is_not_there_refuses_the_table() -> None:
    error = refused("title,abstract\nA,B\n", title="titel")
    assert error.reason == "unknown_format"
    assert "'titel'" in error.message
    assert "title, abstract" in error.message


def test_a_note_says_which_column_became_which_field() -> None:
    [note] = [
        n for f in read("Title,Year,Colour\nA,2020,red\n") if isinstance(f, Facts) for n in f.notes
    ]
    assert note == "Columns read: title from Title; date from Year; not read: Colour."


# ------------------------------------------------------------------------------------------ CSV


def test_a_quoted_cell_may_span_lines() -> None:
    first, second = entries('title,abstract\nA,"one\ntwo\n\nthree"\nB,four\n')
    assert first.abstract == "one\ntwo\n\nthree"
    assert (first.first_line, first.last_line) == (2, 5)
    assert (second.first_line, second.record, second.byte_offset) == (6, 2, 34)


def test_lines_of_a_file_with_carriage_returns_alone_are_lines() -> None:
    data = "title,year\rA,2020\rB,2021\r"
    assert titles(data) == ["A", "B"]
    assert [e.first_line for e in entries(data)] == [2, 3]


def test_the_number_of_lines_and_of_header_lines_are_facts() -> None:
    facts = Facts()
    for item in read("\ntitle,year\nA,2020\n\n"):
        if isinstance(item, Facts):
            facts = facts.and_then(item)
    assert (facts.n_lines, facts.header_lines) == (4, 2)


def test_a_row_without_a_title_is_told() -> None:
    [reject] = rejects("title,year\n,2020\n")
    assert (reject.reason, reject.first_line, reject.excerpt) == ("no_title", 2, ",2020")


def test_empty_rows_are_passed_over() -> None:
    assert reasons("title,year\n\n,\n  ,  \nA,2020\n") == []


def test_a_header_that_comes_again_is_passed_over() -> None:
    assert titles("title,year\nA,2020\ntitle,year\nB,2021\n") == ["A", "B"]


def test_a_row_with_too_many_cells_is_broken() -> None:
    data = "title,year\nA, B,2020\nC,2021\n"
    [reject] = rejects(data)
    assert (reject.reason, reject.first_line, reject.excerpt) == ("broken_record", 2, "A, B,2020")
    assert titles(data) == ["C"]


def test_empty_cells_beyond_the_last_column_do_not_count() -> None:
    assert titles("title,year\nA,2020,,\n") == ["A"]


def test_a_row_with_too_few_cells_is_read_and_told() -> None:
    data = "title,abstract,year,venue\nA,B,2020\nC,D,2021,X\n"
    assert titles(data) == ["A", "C"]
    assert reasons(data) == ["bad_field"]


def test_a_row_broken_in_two_does_not_become_two_entries() -> None:
    data = "id,title,abstract,year\n1,A,begins\nends,2020\n2,B,C,2021\n"
    assert titles(data) == ["A", "B"]
    assert reasons(data) == ["bad_field", "broken_record"]


def test_a_quote_that_is_never_closed_costs_its_own_row() -> None:
    data = 'title,abstract,year\nA,"open,2020\nB,C,2021\nD,"E",2022\nF,"G",2023\n'
    assert titles(data) == ["A", "B", "D", "F"]
    assert entries(data)[0].abstract == '"open'


def test_a_quote_never_closed_with_a_delimiter_after_it_is_a_broken_row() -> None:
    data = 'title,abstract,year\nA,"open, and on,2020\nB,C,2021\nD,"E",2022\n'
    assert titles(data) == ["B", "D"]
    assert reasons(data) == ["broken_record"]


def test_a_quote_that_swallows_the_file_is_over_the_limit_and_costs_one_row() -> None:
    good = "".join(f"Title {n},some text,2020\n" for n in range(1000))
    data = 'title,abstract,year\nA,"open, and on,2020\n' + good
    limits = small(2000)
    assert reasons(data, limits) == ["over_limit"]
    assert len(titles(data, limits)) == 1000
    [reject] = rejects(data, limits)
    assert (reject.first_line, reject.last_line) == (2, 2)


def test_a_line_beyond_the_limit_costs_one_row() -> None:
    data = f"title,abstract\nA,{'x' * 5000}\nB,short\n"
    assert reasons(data, small(2000)) == ["over_limit"]
    assert titles(data, small(2000)) == ["B"]


def test_a_file_whose_quotes_never_match_is_given_up() -> None:
    data = "title,abstract\n" + 'b"c,"d\n' * 3000
    with pytest.raises(Refused, match="quotes do not match") as caught:
        read(data, small(1000))
    assert caught.value.reason == "over_limit"


def test_a_file_that_ends_within_a_quoted_cell_says_so() -> None:
    data = 'title,abstract\nA,B\nC,"cut of'
    assert titles(data) == ["A"]
    assert reasons(data) == ["truncated_entry"]


def test_quotes_within_a_quoted_cell_that_were_not_doubled_stay() -> None:
    [entry] = entries('title,abstract,year\n"The "Blue" Tide","It is "blue".",2020\n')
    assert (entry.title, entry.abstract) == ('The "Blue" Tide', 'It is "blue".')


def test_a_quote_in_a_tsv_that_has_none_stays() -> None:
    assert titles('title\tyear\n"Blue" Tides\t2020\n"Open\t2021\nB\t2022\nC\t2023\n') == [
        '"Blue" Tides',
        '"Open',
        "B",
        "C",
    ]


def test_a_cell_longer_than_the_csv_module_allows_is_read() -> None:
    before = csv.field_size_limit()
    [entry] = entries(f'title,abstract\nA,"{"long, " * 50_000}"\n')
    assert len(entry.abstract or "") == 300_000
    assert csv.field_size_limit() == before


def test_a_space_after_the_delimiter_is_not_part_of_the_cell() -> None:
    [entry] = entries('title, abstract, year\nA, "B, C", 2020\n')
    assert (entry.abstract, entry.date_text) == ("B, C", "2020")


def test_a_line_that_states_the_delimiter_is_obeyed() -> None:
    assert titles("sep=;\ntitle;year\nA, B;2020\n") == ["A, B"]


def test_nul_characters_do_no_harm() -> None:
    assert titles(b"title,year\nA\0B,2020\n" + b"C,2021\n" * 50)[0] == "A\0B"


def test_a_line_in_another_encoding_far_from_the_head_is_read_and_noted() -> None:
    rows = b"".join(b"Title %d,2020\n" % n for n in range(30_000))
    data = b"title,year\n" + rows + "Größe,2021\n".encode("latin-1")
    assert titles(data)[-1] == "Größe"
    notes = [note for item in read(data) if isinstance(item, Facts) for note in item.notes]
    assert "line 30002" in notes[-1]


def test_character_references_are_undone() -> None:
    [entry] = entries("title,authors\nR&amp;D &#38; More,J&#252;rgen Quill; Bo Roe\n")
    assert entry.title == "R&D & More"
    assert entry.authors == ["Jürgen Quill", "Bo Roe"]


def test_bytes_that_are_no_text_are_refused() -> None:
    assert refused(b"\x89PNG\r\n\x1a\n" + bytes(300)).reason == "binary"


def test_a_compressed_csv_is_read() -> None:
    assert titles(bz2.compress(b"title,year\nA,2020\n")) == ["A"]


# ----------------------------------------------------------------------------------------- JSON


def test_a_broken_line_of_json_lines_costs_one_record() -> None:
    data = '{"title": "A", "year": 2020}\n{"title": "B", \n{"title": "C", "year": 2021}\n'
    assert titles(data) == ["A", "C"]
    [reject] = rejects(data)
    assert (reject.reason, reject.first_line, reject.byte_offset) == ("broken_record", 2, 29)


def test_a_broken_first_line_of_json_lines_costs_one_record() -> None:
    assert titles('{"title": "A"\n{"title": "B"}\n') == ["B"]


def test_a_line_of_json_lines_beyond_the_limit_costs_one_record() -> None:
    data = '{"title": "A"}\n{"title": "' + "x" * 5000 + '"}\n{"title": "C"}\n'
    assert titles(data, small(2000)) == ["A", "C"]
    assert reasons(data, small(2000)) == ["over_limit"]


def test_a_line_that_is_no_object_is_broken() -> None:
    assert reasons('{"title": "A"}\n["B"]\n3\n') == ["broken_record", "broken_record"]


def test_records_need_not_have_the_same_keys() -> None:
    first, second = entries(
        '{"title": "A", "year": 2020}\n{"paper_title": "B", "date": "2021-02"}\n'
    )
    assert (first.title, first.date_text) == ("A", "2020")
    assert (second.title, second.date_text) == ("B", "2021-02")


def test_authors_may_be_objects() -> None:
    record = {
        "title": "A",
        "authors": [
            {"name": "Ada Ninefold", "id": 1},
            {"first": "Bo", "middle": ["Q."], "last": "Roe", "suffix": ""},
            {"author": {"display_name": "Cy Dell"}},
        ],
    }
    [entry] = entries(json.dumps(record))
    assert entry.authors == ["Ada Ninefold", "Bo Q. Roe", "Cy Dell"]


def test_identifiers_within_an_object_are_found() -> None:
    record = {"title": "A", "externalIds": {"ArXiv": "2405.01230", "DOI": "10.5555/x.1"}}
    [entry] = entries(json.dumps(record))
    assert (entry.arxiv_text, entry.doi_text) == ("2405.01230", "10.5555/x.1")


def test_an_identifier_spelled_as_a_number_keeps_its_spelling() -> None:
    [entry] = entries('{"title": "A", "arxiv_id": 2503.02100}')
    assert entry.arxiv_text == "2503.02100"


def test_nan_is_null_without_a_word() -> None:
    data = '{"title": "A", "abstract": NaN, "year": NaN, "upvotes": NaN}\n'
    [entry] = entries(data)
    assert (entry.abstract, entry.date_text, entry.n_upvotes) == (None, None, None)
    assert rejects(data) == []


def test_a_value_of_the_wrong_type_is_left_out_and_told() -> None:
    data = '{"title": "A", "abstract": true, "upvotes": "many"}\n'
    assert titles(data) == ["A"]
    assert reasons(data) == ["bad_field", "bad_field"]


def test_a_record_of_an_array_has_its_path() -> None:
    _, second = entries('[{"title": "A"}, {"title": "B"}]')
    assert (second.record, second.record_path) == (2, "$[1]")


def test_an_item_of_an_array_that_is_no_object_is_broken() -> None:
    [reject] = rejects('[{"title": "A"}, "B"]')
    assert (reject.reason, reject.record_path, reject.excerpt) == ("broken_record", "$[1]", "B")


@pytest.mark.parametrize("data", ['[{"title": "A"}, {"ti', '{"title": \n "A"\n', "{\n" * 2000])
def test_json_that_is_cut_off_is_damaged(data: str) -> None:
    assert refused(data).reason == "damaged"


def test_values_nested_too_deeply_cost_one_record() -> None:
    deep = "[" * 900 + "]" * 900
    data = f'{{"title": "A"}}\n{{"title": "B", "authors": {deep}, "abstract": {deep}}}\n'
    assert titles(data)[0] == "A"
    assert set(reasons(data)) <= {"bad_field", "broken_record"}


# -------------------------------------------------------------------------------------- Parquet


def test_parquet_dates_and_times_are_iso_texts() -> None:
    day = dt.datetime(2024, 5, 28, 17, 59, tzinfo=dt.UTC)
    data = parquet(
        {
            "title": ["A"],
            "published": pa.array([day], pa.timestamp("ns", "Europe/Nowhere")),
            "updated": [day.date()],
        }
    )
    [entry] = entries(data)
    assert (entry.date_text or "").startswith("2024-05-28 17:59")
    assert entry.updated_text == "2024-05-28"


def test_a_parquet_time_that_no_calendar_has_costs_nothing_else() -> None:
    data = parquet({"title": ["A"], "published": pa.array([2**61], pa.timestamp("ms"))})
    assert titles(data) == ["A"]


def test_a_parquet_column_of_identifiers_as_numbers_is_told_once() -> None:
    data = parquet({"title": ["A", "B"], "arxiv_id": [2503.021, 2503.0211]})
    [reject] = rejects(data)
    assert reject.reason == "bad_field"
    assert "'arxiv_id'" in reject.message
    assert [entry.arxiv_text for entry in entries(data)] == [None, None]


@pytest.mark.parametrize("column", [[None, math.nan], [1.0, 2.0]])
def test_a_parquet_column_that_numbers_rows_or_is_empty_is_no_loss(column: list[Any]) -> None:
    assert reasons(parquet({"title": ["A", "B"], "id": pa.array(column, pa.float64())})) == []


def test_parquet_objects_and_lists_are_read() -> None:
    data = parquet(
        {
            "title": ["A"],
            "authors": [[{"name": "Ada Ninefold"}]],
            "externalIds": [{"DOI": "10.5555/x"}],
            "tags": [["tides", "moons"]],
        }
    )
    [entry] = entries(data)
    assert (entry.authors, entry.doi_text, entry.categories) == (
        ["Ada Ninefold"],
        "10.5555/x",
        ["tides", "moons"],
    )


def test_parquet_text_that_is_not_utf8_is_read_all_the_same() -> None:
    raw = pa.array([b"A", "Größe".encode("latin-1")], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    assert titles(parquet({"title": text, "year": [1, 2]})) == ["A", "Gr\ufffd\ufffde"]


@pytest.mark.parametrize("cut", [4, 100, -9, -1])
def test_parquet_that_is_cut_off_is_damaged(cut: int) -> None:
    assert refused(as_parquet(PAPERS)[:cut]).reason == "damaged"


def test_compressed_parquet_is_refused() -> None:
    assert refused(bz2.compress(as_parquet(PAPERS))).reason == "compressed"


def test_a_parquet_row_is_known_by_its_number() -> None:
    assert [entry.record for entry in entries(as_parquet(PAPERS))] == [1, 2, 3]


# --------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Ada Ninefold", ["Ada Ninefold"]),
        ("Ninefold, Ada", ["Ada Ninefold"]),
        ("Ada Ninefold; Bo Roe", ["Ada Ninefold", "Bo Roe"]),
        ("Ninefold, Ada; Roe, Bo", ["Ada Ninefold", "Bo Roe"]),
        ("Ninefold, Ada (57190000001); Roe, Bo (57190000002)", ["Ada Ninefold", "Bo Roe"]),
        ("Ada Ninefold|Bo Roe", ["Ada Ninefold", "Bo Roe"]),
        ("Ada Ninefold and Bo Roe", ["Ada Ninefold", "Bo Roe"]),
        ("Ninefold, Ada and Roe, Bo", ["Ada Ninefold", "Bo Roe"]),
        ("Ada Ninefold, Bo Roe & Cy Dell", ["Ada Ninefold", "Bo Roe", "Cy Dell"]),
        ("Ada Ninefold, Bo Roe, and Cy Dell", ["Ada Ninefold", "Bo Roe", "Cy Dell"]),
        ("Ninefold A, Roe BQ, Dell C.", ["Ninefold A", "Roe BQ", "Dell C."]),
        ("Ninefold, A., Roe, B.Q., Dell, C.", ["A. Ninefold", "B.Q. Roe", "C. Dell"]),
        ("Ninefold, A., B. Roe and C. Dell", ["A. Ninefold", "B. Roe", "C. Dell"]),
        ("Ada Ninefold, Plato, Bo Roe", ["Ada Ninefold", "Plato", "Bo Roe"]),
        ("Bo Roe, Jr., Ada Ninefold", ["Bo Roe, Jr.", "Ada Ninefold"]),
        ("['Ada Ninefold', \"Bo O'Roe\"]", ["Ada Ninefold", "Bo O'Roe"]),
        ('["Ada Ninefold", "Bo Roe"]', ["Ada Ninefold", "Bo Roe"]),
        ("['Ada Ninefold' 'Bo Roe']", ["Ada Ninefold", "Bo Roe"]),
        ("[{'name': 'Ada Ninefold'}]", ["Ada Ninefold"]),
        ("[x.Author('Ada Ninefold'), x.Author('Bo Roe')]", ["Ada Ninefold", "Bo Roe"]),
        ("[['Ninefold', 'Ada', ''], ['Roe', 'Bo', 'Jr']]", ["Ada Ninefold", "Bo Roe Jr"]),
        ("[Ada Ninefold, Bo Roe]", ["Ada Ninefold", "Bo Roe"]),
        ("李雷, 韩梅梅", ["李雷", "韩梅梅"]),
    ],
)
def test_a_cell_of_authors_is_divided_into_names(cell: str, names: list[str]) -> None:
    found = names_of(cell)
    assert found is not None
    assert found.names == names
    assert found.complete


@pytest.mark.parametrize("cell", ["Roe, Dell, Quill", "Roe, Bo, Dell, Cy"])
def test_authors_that_can_be_divided_in_two_ways_stay_in_one_piece(cell: str) -> None:
    [entry] = entries(f'title,authors\nA,"{cell}"\n')
    assert (entry.authors, entry.n_authors) == ([cell], None)


@pytest.mark.parametrize("cell", ["Ada Ninefold et al.", "Ada Ninefold and others"])
def test_authors_that_are_not_all_named_are_not_counted(cell: str) -> None:
    [entry] = entries(f"title,authors\nA,{cell}\n")
    assert (entry.authors, entry.n_authors) == (["Ada Ninefold"], None)


def test_a_stated_number_of_authors_comes_before_their_count() -> None:
    [entry] = entries("title,authors,num_authors\nA,Ada Ninefold,7\n")
    assert entry.n_authors == 7


@pytest.mark.parametrize(
    ("cell", "topics"),
    [
        ("cs.CL cs.LG hep-th", ["cs.CL", "cs.LG", "hep-th"]),
        ("machine learning", ["machine learning"]),
        ("tides; moons, dark; tides", ["tides", "moons, dark"]),
        ("tides, moons", ["tides", "moons"]),
        ("tides|moons", ["tides", "moons"]),
        ("['cs.CL', 'cs.LG']", ["cs.CL", "cs.LG"]),
        ("['cs.CL' 'cs.LG']", ["cs.CL", "cs.LG"]),
        ([{"category": "Tides", "source": "x"}], ["Tides"]),
        (3, []),
    ],
)
def test_a_cell_of_categories_is_divided(cell: object, topics: list[str]) -> None:
    assert topics_of(cell) == topics


@pytest.mark.parametrize(
    ("cell", "addresses"),
    [
        (
            "https://a.example/x; https://b.example/y",
            ["https://a.example/x", "https://b.example/y"],
        ),
        ("https://a.example/x,y?z=1;2", ["https://a.example/x,y?z=1;2"]),
        ("['https://a.example/x', 'github.com/b/c']", ["https://a.example/x", "github.com/b/c"]),
        ({"url": "https://a.example/x", "status": "GREEN"}, ["https://a.example/x"]),
        ("yes", []),
        ("/pdf/1.pdf", []),
        (None, []),
    ],
)
def test_only_web_addresses_of_a_cell_are_links(cell: object, addresses: list[str]) -> None:
    assert addresses_of(cell) == addresses


def test_several_columns_may_be_links() -> None:
    [entry] = entries("title,url,code\nA,https://a.example/x,https://b.example/y\n")
    assert entry.link_texts == ["https://a.example/x", "https://b.example/y"]


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("2024-05-28", "2024-05-28"),
        ("May 28, 2024", "May 28, 2024"),
        ("20240528", "2024-05-28"),
        ("2024.0", "2024"),
        ("(1995).", "1995"),
        (2024, "2024"),
        (1716919169000, "2024-05-28T17:59:29+00:00"),
        ("1716919169", "2024-05-28T17:59:29+00:00"),
        (
            [{"version": "v1", "created": "Tue, 28 May 2024 17:59:29 GMT"}],
            "Tue, 28 May 2024 17:59:29 GMT",
        ),
        ("NaT", None),
        (["v1"], None),
        (True, None),
    ],
)
def test_dates_that_are_not_in_words_are_brought_to_one(value: object, date: str | None) -> None:
    assert date_of(value) == date


@pytest.mark.parametrize(
    ("parts", "date"),
    [
        (("2024", "5", None), "2024-05"),
        (("2024", "July", "3"), "2024-07-03"),
        (("2024", "june,", "x"), "2024-06"),
        (("2024", "Spring", "1"), "2024"),
        (("2024", None, "1"), "2024"),
        (("n.d.", "5", "1"), "n.d."),
    ],
)
def test_year_month_and_day_are_put_together(
    parts: tuple[str, str | None, str | None], date: str
) -> None:
    assert joined_date(*parts) == date


def test_a_date_without_a_year_yields_to_the_year() -> None:
    first, second = entries(
        "title,Publication Date,Publication Year\nA,MAR 15,2021\nB,2020-03-15,2021\n"
    )
    assert (first.date_text, second.date_text) == ("2021", "2020-03-15")


def test_an_id_is_an_arxiv_identifier_only_if_it_looks_like_one() -> None:
    first, second, third = entries(
        "id,title,year\n2405.01230v2,A,1\n17,B,2\nhttp://arxiv.org/abs/2405.01231,C,3\n"
    )
    assert first.arxiv_text == "2405.01230v2"
    assert second.arxiv_text is None
    assert third.arxiv_text == "http://arxiv.org/abs/2405.01231"


def test_a_link_to_arxiv_or_a_doi_says_which_paper_it_is() -> None:
    [entry] = entries(
        "title,pdf_url,url\nA,https://arxiv.org/pdf/2405.01230,https://doi.org/10.5555/x\n"
    )
    assert entry.arxiv_text == "https://arxiv.org/pdf/2405.01230"
    assert entry.doi_text == "https://doi.org/10.5555/x"


def test_a_link_to_code_says_nothing_of_the_identifier() -> None:
    [entry] = entries("title,code_url\nA,https://arxiv.org/abs/2405.01230\n")
    assert entry.arxiv_text is None


def test_csv_identifiers_stay_as_they_are_written() -> None:
    first, second = entries('title,arxiv_id\nA,2503.02100\nB,"=""2503.02110"""\n')
    assert (first.arxiv_text, second.arxiv_text) == ("2503.02100", "2503.02110")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("2405.01230", True), ("math.CO/0501001", True), ("arXiv:2405.01230", True), ("3.14", False)],
)
def test_arxiv_identifiers_are_known_by_their_form(text: str, is_one: bool) -> None:
    assert is_arxiv(text) is is_one


@pytest.mark.parametrize("null", ["", "NA", "N/A", "nan", "null", "None", "-", " "])
def test_cells_that_say_nothing_are_null(null: str) -> None:
    [entry] = entries(f"title,authors,year,doi,tags,venue,likes\nA{f',{null}' * 6}\n")
    said = {k: v for k, v in values(entry).items() if v is not None}
    assert said == {"title": "A"}
    assert reasons(f"title,likes\nA,{null}\n") == []


def test_a_paper_may_be_called_none() -> None:
    assert titles("title,year\nNone,2020\n") == ["None"]


@pytest.mark.parametrize(("cell", "count"), [("1,234", "1234"), ("12.0", "12"), (3, 3), ("x", "x")])
def test_counts_lose_what_sets_off_thousands(cell: object, count: object) -> None:
    assert count_of(cell) == count


def test_a_count_that_is_none_is_told() -> None:
    [reject] = rejects("title,likes\nA,many\n")
    assert (reject.reason, reject.first_line) == ("bad_field", 2)


def test_the_journal_is_the_first_of_its_columns_that_says_something() -> None:
    first, second = entries("title,journal,booktitle\nA,J. Tides,\nB,,Proc. Moons\n")
    assert (first.journal_ref, second.journal_ref) == ("J. Tides", "Proc. Moons")


def test_an_organization_is_a_name() -> None:
    [entry] = entries("title,Affiliations\nA,Tide Lab\n")
    assert entry.organization_name == "Tide Lab"


# -------------------------------------------------------------------------------- whatever comes


def assert_sound(data: bytes, limits: Limits = LIMITS) -> None:
    """Whatever the bytes, nothing is raised but Refused, and all has a place in the file."""
    source = source_of(data, limits)
    Table().sniff(source.head)
    n_lines = None
    found: list[Entry | Reject] = []
    try:
        for item in Table().read(source):
            if isinstance(item, Facts):
                n_lines = n_lines if item.n_lines is None else item.n_lines
            else:
                found.append(item)
    except Refused as error:
        found = [Reject(error.reason, error.message)]
    for item in found:
        if isinstance(item, Reject):
            assert item.reason in REASONS
        else:
            assert item.title.strip()
        if item.first_line is not None:
            assert 1 <= item.first_line <= (item.last_line or 0) <= (n_lines or 0)


STARTS = [
    b"",
    b"title,abstract\n",
    b"title\tyear\n",
    b"[",
    b"{",
    b'{"title":',
    b'[{"title":',
    b"PAR1",
]
MANY = tried(100, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(start: bytes, data: bytes) -> None:
    assert_sound(start + data)


@MANY
@given(
    st.text(st.sampled_from('ab",;|\t\n\r \0é[]{}:'), max_size=200), st.sampled_from([30, 10**6])
)
def test_any_arrangement_of_quotes_and_delimiters_is_read_or_refused(text: str, limit: int) -> None:
    assert_sound(b"title,abstract,year\n" + text.encode(), small(limit))


VALID = [
    as_csv(PAPERS).encode(),
    as_csv(PAPERS, "\t").encode("utf-16"),
    as_json_lines(PAPERS).encode(),
    json.dumps(PAPERS).encode(),
    as_parquet(PAPERS),
]


@MANY
@given(st.sampled_from(VALID), st.data())
def test_files_with_bytes_changed_are_read_or_refused(valid: bytes, data: st.DataObject) -> None:
    changed = bytearray(valid)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(changed)))
        end = data.draw(st.integers(start, min(len(changed), start + 20)))
        changed[start:end] = data.draw(st.binary(max_size=10))
    assert_sound(bytes(changed))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = sorted({name for names in table_columns._NAMES.values() for name in names.split()})


@MANY
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8), max_size=4))
def test_any_values_in_json_are_read_or_refused(records: list[dict[str, Any]]) -> None:
    records = [{"title": "A", **record} for record in records]
    assert_sound(json.dumps(records).encode())
    assert_sound("".join(json.dumps(record) + "\n" for record in records).encode())


@given(
    st.lists(
        st.sampled_from(["Tides", ",", ";", "|", "\t", '"', "\n", "\r", " ", "sep=", "\ufeff"]),
        max_size=12,
    ).map("".join)
)
def test_where_a_first_line_cannot_have_cells_no_dialect_finds_any(text: str) -> None:
    if not _may_have_cells(Head(text.encode(), whole=True)):
        _, header = dialect_of(text)
        assert len(header) <= 1
