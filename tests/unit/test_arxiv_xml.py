from __future__ import annotations

import io
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paperdump.readers.arxiv_atom import ArxivAtom
from paperdump.readers.arxiv_oai import ArxivOai, in_reading_order, split_authors
from paperdump.readers.base import Entry, Facts, Item, Reject
from paperdump.readers.source import Source
from tests.conftest import tried
from tests.tables_of import settings

ATOM, OAI = ArxivAtom(), ArxivOai()
READERS = {"atom": ATOM, "oai": OAI}

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">
  <title>arXiv Query: search_query=all:tides&amp;id_list=&amp;start=0&amp;max_results=2</title>
  <id>http://arxiv.org/api/abcdef</id>
  <updated>2031-04-12T22:09:27Z</updated>
  <link href="http://arxiv.org/api/query?search_query=all:tides" rel="self"/>
{}</feed>
"""
ENTRY = """<entry>
<id>http://arxiv.org/abs/3101.00001v2</id>
<updated>2031-02-03T00:00:00Z</updated>
<published>2031-01-02T00:00:00Z</published>
<title>Tides &amp; Tables:
  a Survey</title>
<summary>  We list tides.
They rise when $a &lt; b$.
</summary>
<author><name>Ada Voss</name><arxiv:affiliation>Tide Lab</arxiv:affiliation></author>
<author><name>Bo Lindqvist</name></author>
<arxiv:comment>12 pages</arxiv:comment>
<arxiv:doi>10.1234/tides.1</arxiv:doi>
<arxiv:journal_ref>J. Tides 3 (2031) 4-5</arxiv:journal_ref>
<link href="http://arxiv.org/abs/3101.00001v2" rel="alternate" type="text/html"/>
<link href="http://arxiv.org/pdf/3101.00001v2" rel="related" title="pdf"/>
<link href="http://dx.doi.org/10.1234/tides.1" rel="related" title="doi"/>
<link href="https://tides.example/code" rel="related"/>
<arxiv:primary_category term="cs.LG"/>
<category term="cs.AI"/>
<category term="cs.LG"/>
</entry>
"""
DC = """<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Tides and Tables</dc:title>
<dc:creator>Voss, Ada</dc:creator>
<dc:creator>The Tide Collaboration</dc:creator>
<dc:subject>Mathematics - Logic</dc:subject>
<dc:description>  We list tides.
They rise.
</dc:description>
<dc:description>Comment: 12 pages</dc:description>
<dc:date>2031-01-02</dc:date>
<dc:date>2031-03-04</dc:date>
<dc:identifier>http://arxiv.org/abs/3101.00001</dc:identifier>
<dc:identifier>J. Tides 3 (2031) 4-5</dc:identifier>
<dc:identifier>doi:10.1234/tides.1</dc:identifier>
</oai_dc:dc>"""
ARXIV = """<arXiv xmlns="http://arxiv.org/OAI/arXiv/">
<id>3101.00001</id><created>2031-01-02</created><updated>2031-02-03</updated>
<authors><author><keyname>Voss</keyname><forenames>Ada</forenames><suffix>Jr</suffix></author>
<author><keyname>Lindqvist</keyname></author></authors>
<title>Tides and Tables</title><categories>cs.LG cs.AI</categories>
<comments>12 pages</comments><journal-ref>J. Tides 3</journal-ref><doi>10.1234/tides.1</doi>
<abstract>We list tides.</abstract></arXiv>"""
RAW = """<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">
<id>3101.00001</id><submitter>Ada Voss</submitter>
<version version="v2"><date>Mon, 3 Feb 2031 10:00:00 GMT</date><size>9kb</size></version>
<version version="v1"><date>Thu, 2 Jan 2031 10:00:00 GMT</date><size>8kb</size></version>
<title>Tides and Tables</title>
<authors>Ada Voss (Tide Lab), Bo Lindqvist Jr. and C. D. Moreau</authors>
<categories>cs.LG cs.AI</categories><abstract>We list tides.</abstract></arXivRaw>"""
HEADER = (
    "<header><identifier>oai:arXiv.org:3101.00001</identifier>"
    "<datestamp>2031-05-06</datestamp><setSpec>cs</setSpec></header>\n"
)
ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
<responseDate>2031-07-08T00:00:00Z</responseDate>
<request verb="ListRecords" metadataPrefix="oai_dc">http://export.arxiv.org/oai2</request>
{}</OAI-PMH>
"""


def record(metadata: str = DC, header: str = HEADER) -> str:
    return f"<record>\n{header}<metadata>\n{metadata}\n</metadata>\n</record>\n"


def answer(*records: str) -> str:
    return ANSWER.format(f"<ListRecords>\n{''.join(records)}</ListRecords>\n")


def source_of(data: str | bytes, **limits: Any) -> Source:
    raw = data if isinstance(data, bytes) else data.encode()
    told = settings(limits=limits) if limits else settings()
    return Source("a dump", lambda: io.BytesIO(raw), len(raw), told.limits)


def read(reader: ArxivAtom | ArxivOai, data: str | bytes, **limits: Any) -> list[Item]:
    return list(reader.read(source_of(data, **limits)))


def entries(reader: ArxivAtom | ArxivOai, data: str | bytes) -> list[Entry]:
    return [item for item in read(reader, data) if isinstance(item, Entry)]


def rejects(reader: ArxivAtom | ArxivOai, data: str | bytes, **limits: Any) -> list[Reject]:
    return [item for item in read(reader, data, **limits) if isinstance(item, Reject)]


def facts(reader: ArxivAtom | ArxivOai, data: str | bytes) -> Facts:
    said = Facts()
    for item in read(reader, data):
        if isinstance(item, Facts):
            said = said.and_then(item)
    return said


def only(reader: ArxivAtom | ArxivOai, data: str | bytes) -> Entry:
    [entry] = entries(reader, data)
    assert not rejects(reader, data)
    return entry


def line_of(text: str, what: str, nth: int = 1) -> int:
    """The line of the nth occurrence of something."""
    at = -1
    for _ in range(nth):
        at = text.index(what, at + 1)
    return text.count("\n", 0, at) + 1


# --- an entry


def test_an_atom_entry_has_all_its_parts() -> None:
    entry = only(ATOM, FEED.format(ENTRY))
    assert entry.title == "Tides & Tables:\n  a Survey"
    assert entry.abstract == "We list tides.\nThey rise when $a < b$."
    assert (entry.authors, entry.n_authors) == (["Ada Voss", "Bo Lindqvist"], 2)
    assert (entry.date_text, entry.updated_text) == ("2031-01-02T00:00:00Z", "2031-02-03T00:00:00Z")
    assert entry.arxiv_text == "http://arxiv.org/abs/3101.00001v2"
    assert entry.doi_text == "10.1234/tides.1"
    assert entry.journal_ref == "J. Tides 3 (2031) 4-5"
    assert entry.n_comments is None


def test_the_primary_category_comes_first_and_each_once() -> None:
    assert only(ATOM, FEED.format(ENTRY)).categories == ["cs.LG", "cs.AI"]


def test_the_papers_own_pages_are_no_links() -> None:
    assert only(ATOM, FEED.format(ENTRY)).link_texts == ["https://tides.example/code"]


def test_a_doi_may_stand_in_a_link_only() -> None:
    text = FEED.format(ENTRY.replace("<arxiv:doi>10.1234/tides.1</arxiv:doi>\n", ""))
    assert only(ATOM, text).doi_text == "http://dx.doi.org/10.1234/tides.1"
    assert only(ATOM, text).link_texts == ["https://tides.example/code"]


def test_another_doi_than_the_stated_one_stays_a_link() -> None:
    text = FEED.format(ENTRY.replace("dx.doi.org/10.1234/tides.1", "dx.doi.org/10.1234/ebb.2"))
    assert only(ATOM, text).doi_text == "10.1234/tides.1"
    assert "http://dx.doi.org/10.1234/ebb.2" in (only(ATOM, text).link_texts or [])


def test_the_day_of_a_daily_feed_is_that_of_the_listing() -> None:
    daily = """<entry><id>oai:arXiv.org:3101.00001v3</id><title>Tides</title>
<summary>arXiv:3101.00001v3 Announce Type: replace
Abstract: We list tides.</summary><published>2031-05-06T00:00:00-04:00</published>
<arxiv:announce_type>replace</arxiv:announce_type>
<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Ada Voss, Bo Lindqvist</dc:creator></entry>
"""
    entry = only(ATOM, FEED.format(daily))
    assert (entry.date_text, entry.listed_text) == (None, "2031-05-06T00:00:00-04:00")
    assert entry.abstract == "We list tides."
    assert entry.authors == ["Ada Voss", "Bo Lindqvist"]


def test_a_record_of_dublin_core_has_all_its_parts() -> None:
    entry = only(OAI, answer(record()))
    assert entry.title == "Tides and Tables"
    assert entry.abstract == "We list tides.\nThey rise."
    assert (entry.authors, entry.n_authors) == (["Ada Voss", "The Tide Collaboration"], 2)
    assert (entry.date_text, entry.updated_text) == ("2031-01-02", "2031-05-06")
    assert entry.arxiv_text == "oai:arXiv.org:3101.00001"
    assert entry.doi_text == "doi:10.1234/tides.1"
    assert entry.categories == ["Mathematics - Logic"]
    assert entry.journal_ref == "J. Tides 3 (2031) 4-5"
    assert entry.link_texts is None


def test_a_comment_alone_is_no_abstract() -> None:
    start, end = DC.index("<dc:description>  We"), DC.index("<dc:description>Comment")
    assert only(OAI, answer(record(DC[:start] + DC[end:]))).abstract is None


def test_a_record_of_the_format_arxiv_has_all_its_parts() -> None:
    entry = only(OAI, answer(record(ARXIV)))
    assert (entry.title, entry.abstract) == ("Tides and Tables", "We list tides.")
    assert entry.authors == ["Ada Voss Jr", "Lindqvist"]
    assert (entry.date_text, entry.updated_text) == ("2031-01-02", "2031-02-03")
    assert (entry.doi_text, entry.journal_ref) == ("10.1234/tides.1", "J. Tides 3")
    assert entry.categories == ["cs.LG", "cs.AI"]


def test_a_day_of_creation_after_the_month_of_the_identifier_is_left_out_and_noted() -> None:
    text = answer(record(ARXIV.replace("2031-01-02", "2031-03-04")))
    assert only(OAI, text).date_text is None
    assert "1 record(s) state as created" in facts(OAI, text).notes[0]


@pytest.mark.parametrize("day", ["2031-02-01", "2030-11-30", "0001-01-01", "soon"])
def test_a_day_of_creation_near_the_month_of_the_identifier_or_before_it_stays(day: str) -> None:
    assert only(OAI, answer(record(ARXIV.replace("2031-01-02", day)))).date_text == day


def test_a_raw_record_has_the_date_of_its_first_version() -> None:
    entry = only(OAI, answer(record(RAW)))
    assert (entry.date_text, entry.updated_text) == ("Thu, 2 Jan 2031 10:00:00 GMT", "2031-05-06")
    assert entry.authors == ["Ada Voss", "Bo Lindqvist Jr.", "C. D. Moreau"]


def test_a_raw_record_without_its_first_version_has_no_date() -> None:
    assert only(OAI, answer(record(RAW.replace('"v1"', '"v3"')))).date_text is None


def test_authors_whose_parentheses_do_not_match_are_left_out_and_said() -> None:
    text = answer(record(RAW.replace("(Tide Lab)", "(Tide Lab")))
    [entry], [reject] = entries(OAI, text), rejects(OAI, text)
    assert (entry.authors, entry.n_authors) == (None, None)
    assert (reject.reason, reject.record) == ("bad_field", 1)


def test_an_identifier_of_another_archive_is_none_of_arxiv() -> None:
    text = answer(record(DC.replace("arxiv.org/abs", "tides.example"), "<header/>"))
    assert only(OAI, text).arxiv_text is None
    assert only(OAI, text).link_texts == ["http://tides.example/3101.00001"]


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("A. Voss", ["A. Voss"]),
        ("A. Voss, B. Lind and C. Moreau", ["A. Voss", "B. Lind", "C. Moreau"]),
        ("A. Voss, B. Lind, and C. Moreau", ["A. Voss", "B. Lind", "C. Moreau"]),
        ("A. Voss\n  and\n  B. Lind", ["A. Voss", "B. Lind"]),
        ("A. Voss & B. Lind", ["A. Voss", "B. Lind"]),
        ("A. Voss (1), B. Lind (1 and 2) ((1) Lab A, (2) Lab B)", ["A. Voss", "B. Lind"]),
        ("A. Voss, Jr., B. Lind, III", ["A. Voss Jr.", "B. Lind III"]),
        (
            "The Tide Collaboration: A. Voss, B. Lind",
            ["The Tide Collaboration", "A. Voss", "B. Lind"],
        ),
        ("Alexandra Sand, Andy Grand", ["Alexandra Sand", "Andy Grand"]),
        ("", []),
        ("A. Voss (Lab", None),
    ],
)
def test_names_in_one_text_are_told_apart(written: str, names: list[str] | None) -> None:
    assert split_authors(written) == names


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Voss, Ada", "Ada Voss"),
        ("van der Voss, Ada B.", "Ada B. van der Voss"),
        ("Voss, Ada, Jr", "Ada Voss Jr"),
        ("Voss Jr, Ada", "Ada Voss Jr"),
        ("Tide Collaboration", "Tide Collaboration"),
        ("Ebb, Flow, Tide Group", "Ebb, Flow, Tide Group"),
        ("Voss,", "Voss,"),
    ],
)
def test_names_are_put_in_reading_order(written: str, name: str) -> None:
    assert in_reading_order(written) == name


def test_comments_cdata_and_markup_within_a_text_leave_its_text() -> None:
    summary = "<summary>one <!-- </entry> --><b>two</b> <![CDATA[<three> &nbsp;]]></summary>"
    entry = only(ATOM, FEED.format(f"<entry><title>T</title>{summary}</entry>"))
    assert entry.abstract == "one two <three> &nbsp;"


# --- where it stands


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_entry_knows_its_lines_record_and_path(end: str) -> None:
    text = FEED.format(ENTRY + "<!-- <entry>\n -->\n" + ENTRY)
    first, second = entries(ATOM, text.replace("\n", end))
    assert (first.first_line, first.last_line) == (7, line_of(text, "</entry>"))
    assert second.first_line == line_of(text, "<entry>", 3)
    assert second.last_line == line_of(text, "</entry>", 2)
    assert (second.record, second.record_path) == (2, "/feed/entry[2]")


def test_lines_stay_right_in_long_files_and_over_block_boundaries() -> None:
    text = FEED.format(
        "".join(f"<entry\n><title>T{n}</title></entry >" + "\n" * (n % 3) for n in range(99_999))
    )
    found = entries(ATOM, text)
    line, expected = 7, []
    for n in range(99_999):
        expected.append((line, line + 1))
        line += 1 + n % 3
    assert line > 2**17
    assert [(entry.first_line, entry.last_line) for entry in found] == expected


def test_the_number_of_lines_is_told() -> None:
    text = FEED.format(ENTRY)
    assert facts(ATOM, text).n_lines == text.count("\n")


def test_a_record_of_an_answer_has_its_path() -> None:
    paths = [entry.record_path for entry in entries(OAI, answer(record(), record(RAW)))]
    assert paths == ["/OAI-PMH/ListRecords/record[1]", "/OAI-PMH/ListRecords/record[2]"]


# --- the shapes of files


def test_a_bare_record_is_read() -> None:
    entry = only(OAI, record())
    assert (entry.first_line, entry.record_path) == (1, "/record[1]")


def test_bare_records_one_after_another_are_read_with_their_lines() -> None:
    text = record() + "\n" + record(RAW) + record(ARXIV)
    found = entries(OAI, text)
    assert [entry.first_line for entry in found] == [
        line_of(text, "<record>", n) for n in (1, 2, 3)
    ]
    assert [entry.record_path for entry in found] == ["/record[1]", "/record[2]", "/record[3]"]


def test_whole_answers_one_after_another_are_read() -> None:
    text = answer(record()) + "\ufeff" + answer(record(RAW), record(ARXIV))
    found = entries(OAI, text)
    assert not rejects(OAI, text)
    assert found[2].record_path == "/OAI-PMH[2]/ListRecords/record[2]"
    assert found[2].first_line == line_of(text, "<record>", 3)


def test_a_record_cut_out_without_its_declarations_is_read() -> None:
    start = DC.index("\n<dc:title")
    assert only(OAI, record("<oai_dc:dc>" + DC[start:])).authors == [
        "Ada Voss",
        "The Tide Collaboration",
    ]


def test_other_prefixes_without_declaration_do_no_harm() -> None:
    text = answer(*[record("<x:y xmlns:a='b'/><x:z/>" + DC)] * 200)
    assert len(entries(OAI, text)) == 200
    assert not rejects(OAI, text)


@pytest.mark.parametrize(
    "codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "cp1252"]
)
def test_encodings_are_read_as_marked_stated_or_seen(codec: str) -> None:
    stated = f'encoding="{codec}"' if codec == "iso-8859-1" else ""
    text = FEED.format(ENTRY.replace("Ada Voss", "Åda Größe")).replace('encoding="UTF-8"', stated)
    assert ATOM.sniff(source_of(text.encode(codec)).head)
    assert only(ATOM, text.encode(codec)).authors == ["Åda Größe", "Bo Lindqvist"]


def test_the_stated_encoding_counts_where_the_first_bytes_tell_nothing() -> None:
    text = FEED.format(ENTRY * 900 + ENTRY.replace("Ada", "Åda")).replace("UTF-8", "ISO-8859-1")
    source = source_of(text.encode("latin-1"))
    found = [item for item in ATOM.read(source) if isinstance(item, Entry)]
    assert found[-1].authors == ["Åda Voss", "Bo Lindqvist"]
    assert source.decoded is not None
    assert source.decoded.encoding == "iso8859-1"


def test_damaged_characters_cost_no_entry_and_are_noted() -> None:
    data = FEED.format(ENTRY * 900).encode() + b"<!-- \xff\x0b -->"
    assert len(entries(ATOM, data)) == 900
    assert "2 character(s)" in facts(ATOM, data).notes[0]
    assert f"line {FEED.format(ENTRY * 900).count(chr(10)) + 1}" in facts(ATOM, data).notes[0]


def test_entities_of_html_are_read_as_its_characters_and_noted() -> None:
    text = FEED.format(ENTRY.replace("Ada", "&Aring;da &tide;"))
    assert (only(ATOM, text).authors or [])[0] == "Åda &tide; Voss"
    assert "&Aring;, &tide;" in facts(ATOM, text).notes[0]


# --- what the file says of itself


def test_a_feed_says_its_query_address_and_time() -> None:
    said = facts(ATOM, FEED.format(ENTRY))
    assert said.query == "all:tides"
    assert said.source_url == "http://arxiv.org/api/query?search_query=all:tides"
    assert said.captured_text == "2031-04-12T22:09:27Z"


def test_a_feed_without_entries_gives_facts_only() -> None:
    assert all(isinstance(item, Facts) for item in read(ATOM, FEED.format("")))
    assert facts(ATOM, FEED.format("")).query == "all:tides"


def test_an_answer_says_its_address_and_time() -> None:
    said = facts(OAI, answer(record()))
    assert said.source_url == "http://export.arxiv.org/oai2"
    assert said.captured_text == "2031-07-08T00:00:00Z"


def test_a_list_that_goes_on_is_noted() -> None:
    goes_on = '<resumptionToken cursor="0" completeListSize="9">abc|1</resumptionToken>'
    assert "of 9 records" in facts(OAI, answer(record(), goes_on)).notes[0]
    assert facts(OAI, answer(record(), "<resumptionToken/>")).notes == ()


# --- what is not an entry


@pytest.mark.parametrize(
    "error",
    [
        "<id>http://arxiv.org/api/errors#x</id><title>Sorry</title><summary>bad id</summary>",
        "<id>x</id><title>Error</title><summary>bad id</summary>",
    ],
)
def test_an_error_of_the_api_is_no_entry(error: str) -> None:
    text = FEED.format(f"<entry>{error}</entry>")
    [reject] = rejects(ATOM, text)
    assert reject.reason == "error_answer"
    assert "bad id" in reject.message
    assert not entries(ATOM, text)


def test_a_paper_may_be_titled_error() -> None:
    text = "<entry><id>http://arxiv.org/abs/3101.00001</id><title>Error</title></entry>"
    assert only(ATOM, FEED.format(text)).title == "Error"


def test_an_error_of_the_server_is_told() -> None:
    [reject] = rejects(OAI, ANSWER.format('<error code="noRecordsMatch">nothing new</error>'))
    assert reject.reason == "error_answer"
    assert "noRecordsMatch: nothing new" in reject.message


def test_a_deleted_record_is_told() -> None:
    header = HEADER.replace("<header", "<header status='deleted'")
    [reject] = rejects(OAI, answer(f"<record>{header}</record>"))
    assert reject.reason == "broken_record"
    assert "deleted at its source on 2031-05-06" in reject.message


def test_metadata_of_another_format_are_named() -> None:
    [reject] = rejects(OAI, answer(record('<mods xmlns="http://tides.example/mods"/>')))
    assert reject.reason == "broken_record"
    assert "{http://tides.example/mods}mods" in reject.message


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (ATOM, FEED.format("<entry><summary>We list tides.</summary></entry>")),
        (OAI, answer(record(DC.replace("Tides and Tables", " ")))),
    ],
)
def test_a_record_without_title_is_told_with_its_place(reader: Any, text: str) -> None:
    [reject] = rejects(reader, text)
    assert (reject.reason, reject.record) == ("no_title", 1)
    assert reject.excerpt


def test_other_xml_is_told_by_its_root() -> None:
    [reject] = rejects(ATOM, "<!DOCTYPE html>\n<html><p>Tides</p></html>")
    assert reject.reason == "no_entries"
    assert "<html>" in reject.message


def test_text_beside_the_xml_is_told() -> None:
    text = "HTTP/1.1 200 OK\n\n" + FEED.format(ENTRY)
    assert [r.reason for r in rejects(ATOM, text)] == ["stray_text"]
    assert len(entries(ATOM, text)) == 1


# --- damage and danger


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("<entry><title>T</titel></entry>", "title"),
        ("<entry><title>A & B</title></entry>", "line"),
        ("<entry><title>T</title>", "entry"),
        ("<entry><title>T", "title"),
        ("<entry", "line"),
        ("<entry a='1' a='2'/>", "a redefined"),
        ("<entry><title>&#x1f;</title></entry>", "31"),
        ("</feed></paperdump-root>", "line"),
    ],
)
def test_entries_before_damage_are_kept_and_its_line_is_told(broken: str, said: str) -> None:
    text = FEED.format(ENTRY + broken)
    line = text.count("\n", 0, text.rindex(broken)) + 1
    [reject] = rejects(ATOM, text)
    assert len(entries(ATOM, text)) == 1
    assert reject.reason == "damaged"
    assert said in reject.message
    assert f"line {reject.last_line}" in reject.message
    assert reject.first_line in (line, line + 1)
    assert line <= (reject.last_line or 0) <= text.count("\n")


def test_a_file_cut_off_keeps_what_was_whole() -> None:
    text = FEED.format(ENTRY * 3)
    cut = text[: text.rindex("<author>")]
    [reject] = rejects(ATOM, cut)
    assert len(entries(ATOM, cut)) == 2
    assert (reject.reason, reject.record) == ("damaged", 3)
    assert reject.first_line == line_of(text, "<entry>", 3)
    assert (reject.excerpt or "").startswith("<entry>")


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 9}">' for n in range(9))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE feed [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE feed SYSTEM "http://localhost:9/x.dtd" [<!ENTITY % y "z"> %y;]>',
        '<!DOCTYPE feed [<!ATTLIST feed a CDATA "1">]>',
        "<!DOCTYPE feed [",
        "<!DOCTYPE feed 'unclosed",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_xml_that_could_declare_entities_is_not_read(doctype: str, codec: str) -> None:
    text = FEED.format(ENTRY.replace("Ada", "&l9;&x;")).replace("?>\n", f"?>\n{doctype}\n", 1)
    items = [item for item in read(ATOM, text.encode(codec)) if not isinstance(item, Facts)]
    assert [getattr(item, "reason", "") for item in items] == ["unsafe_xml"]
    assert ATOM.sniff(source_of(text).head) or "un" in doctype or doctype.endswith("[")


def test_a_declaration_hidden_by_an_encoding_is_not_obeyed() -> None:
    feed = FEED.format(ENTRY.replace("Ada", "&x;")).partition("?>")[2]
    hidden = f'<!DOCTYPE feed [<!ENTITY x "laugh">]>{feed}'.encode("utf-7")
    items = read(ATOM, b'<?xml version="1.0" encoding="utf-7"?>' + hidden)
    assert "laugh" not in str([item for item in items if isinstance(item, Entry)])


def test_a_declaration_without_definitions_does_no_harm() -> None:
    text = FEED.format(ENTRY).replace(
        "?>\n", '?>\n<!DOCTYPE feed PUBLIC "-//x//[y]"\n "http://localhost:9/x.dtd">\n', 1
    )
    assert only(ATOM, text).first_line == 9


def test_a_declaration_in_a_comment_is_none() -> None:
    assert only(ATOM, "<!-- <!DOCTYPE feed [ -->" + FEED.format(ENTRY)).record == 1


def test_deep_nesting_is_told() -> None:
    text = FEED.format("<entry><summary>" + "<b>" * 100_000)
    [reject] = rejects(ATOM, text)
    assert reject.reason == "over_limit"
    assert "depth" in reject.message


@pytest.mark.parametrize(
    "text",
    [
        "<entry><title>T</title><summary>" + "tide " * 1000,
        "<x/>" * 2000,
        "<!--" + "tide " * 2000,
        f"<entry><title a='{'tide' * 2000}'/>",
    ],
)
def test_a_record_beyond_the_limit_is_told(text: str) -> None:
    [reject] = rejects(ATOM, FEED.format(ENTRY + text), max_record_mb=0.002)
    assert reject.reason == "over_limit"
    assert "readers.limits.max_record_mb" in reject.message


def test_memory_does_not_grow_with_the_file() -> None:
    def peak(n: int) -> int:
        source = source_of(FEED.format(ENTRY * n))
        tracemalloc.start()
        try:
            assert sum(isinstance(item, Entry) for item in ATOM.read(source)) == n
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(8_000) < 1.5 * peak(2_000)


# --- recognition


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FEED.format(ENTRY), "of Atom, with arXiv's namespace"),
        (
            FEED.format(ENTRY).replace(' xmlns:arxiv="http://arxiv.org/schemas/atom"', ""),
            "identifier",
        ),
        ("\n<!-- a\n<note> --><?a b?>" + FEED.format(ENTRY).partition("?>")[2], "feed"),
        (FEED.format(ENTRY).replace("<feed xmlns=", "<a:feed xmlns:a="), "feed"),
    ],
)
def test_feeds_of_arxiv_are_recognised(text: str, said: str) -> None:
    assert said in (ATOM.sniff(source_of(text).head) or "")
    assert OAI.sniff(source_of(text).head) is None


@pytest.mark.parametrize(
    "text", [answer(record()), record(), record(ARXIV), f"<ListRecords>{record()}</ListRecords>"]
)
def test_answers_and_records_of_oai_are_recognised(text: str) -> None:
    assert "its root element is" in (OAI.sniff(source_of(text).head) or "")
    assert ATOM.sniff(source_of(text).head) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Daily Papers\n",
        "<html><body>arxiv.org</body></html>",
        '<rss version="2.0"><channel/></rss>',
        "<record><title>Tides</title></record>",
        '<feed xmlns="http://www.w3.org/2005/Atom"><id>http://tides.example</id>'
        "<content>see http://arxiv.org/abs/3101.00001</content></feed>",
        "<feed>arxiv.org/abs/</feed>",
        "<!-- a comment",
    ],
)
def test_other_texts_are_not_recognised(text: str) -> None:
    assert ATOM.sniff(source_of(text).head) is None
    assert OAI.sniff(source_of(text).head) is None


# --- laws

VALID = [
    FEED.format(ENTRY * 2).encode(),
    (answer(record(), record(RAW)) + answer(record(ARXIV))).encode(),
    (record() + record(ARXIV)).encode(),
    FEED.format(ENTRY).encode("utf-16"),
]
SCRAPS = [
    *(
        b"<entry>",
        b"</entry>",
        b"<record>",
        b"</feed>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?",
    ),
    *(b"<?xml version='1.0'?>", b"<!DOCTYPE a>", b"<!DOCTYPE a [", b"&x;", b"&eacute;", b"&#0;"),
    *(b"\xff", b"\0", b"\r", b"\n", b"<", b">", b"&", b'"', b"<a:b", b" xmlns=''", b"\xef\xbb\xbf"),
    *(b"<paperdump-root>", b"</paperdump-root>", b"<record/>", b"<feed>", b"status='deleted'"),
]
CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(SCRAPS) | st.binary(max_size=4)),
    min_size=1,
    max_size=6,
)


def mutated(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, dropped, put in changes:
        at = int(where * len(data))
        data = data[:at] + put + data[at + dropped :]
    return data


def assert_lawful(reader: ArxivAtom | ArxivOai, data: bytes) -> None:
    source = source_of(data)
    reader.sniff(source.head)
    text = source.head.text.replace("\r\n", "\n").replace("\r", "\n")
    lines = max(1, text.count("\n") + 1, data.count(b"\n") + data.count(b"\r") + 1)
    for item in reader.read(source):
        assert isinstance(item, Entry | Reject | Facts)
        if isinstance(item, Facts):
            continue
        if isinstance(item, Entry):
            assert item.title.strip()
        if item.first_line is not None:
            assert 1 <= item.first_line <= (item.last_line or 0) <= lines


@pytest.mark.parametrize("name", READERS)
@given(data=st.binary(max_size=300) | st.lists(st.sampled_from(SCRAPS), max_size=30).map(b"".join))
@example(data=b"")
@example(data=b"<a>&x;</a><entry><title>t</title></entry>")
def test_no_bytes_raise(name: str, data: bytes) -> None:
    assert_lawful(READERS[name], data)


@pytest.mark.parametrize("name", READERS)
@given(data=st.builds(mutated, st.sampled_from(VALID), CHANGES))
@tried(100)
def test_no_damage_to_a_document_raises(name: str, data: bytes) -> None:
    assert_lawful(READERS[name], data)


@given(cut=st.integers(0, len(VALID[0])))
def test_a_file_cut_anywhere_says_so_or_is_whole(cut: int) -> None:
    found = [item for item in read(ATOM, VALID[0][:cut]) if not isinstance(item, Facts)]
    whole = VALID[0][:cut].count(b"</entry>")
    assert sum(isinstance(item, Entry) for item in found) == whole
    assert isinstance(found[-1], Reject) or VALID[0][cut:].strip() == b""


# --- real dumps


@pytest.mark.parametrize(
    ("folder", "reader", "counts"), [("arxiv-atom", ATOM, [10]), ("arxiv-oai", OAI, [1, 3])]
)
def test_real_dumps_are_read_whole(
    shared: Path, folder: str, reader: Any, counts: list[int]
) -> None:
    files = sorted((shared / "dumps" / folder).iterdir())
    assert [len(entries(reader, file.read_bytes())) for file in files] == counts
    for file in files:
        assert reader.sniff(source_of(file.read_bytes()).head)
        assert not rejects(reader, file.read_bytes())
        for entry in entries(reader, file.read_bytes()):
            assert entry.title
            assert entry.abstract
            assert entry.authors
            assert entry.date_text
            assert "arxiv" in (entry.arxiv_text or "").lower()


def test_the_library_is_loaded_only_where_xml_is_read() -> None:
    modules = "paperdump.readers.arxiv_oai, paperdump.readers.arxiv_atom"
    code = f"import sys, {modules}; sys.exit('lxml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
