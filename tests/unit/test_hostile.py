"""Dumps that mean harm, or are broken past reading: a reject with a reason, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.pages import HEADER, Listed, page
from tests.renderings import Paper, as_html, as_json, as_visible_html
from tests.tables_of import read_bytes

PAPER = Paper("2605.00001", "Tides of the Shore", "We study tides. They rise.")


@pytest.mark.parametrize("opening", ["[", '{"paper":', '[{"paper": {"title": "A", "summary": ['])
def test_json_nested_without_end_is_a_reject(opening: str) -> None:
    data = '{"paper": 1, "publishedAt": ' + opening * 100_000
    row, entries, [reject] = read_bytes(data.encode())
    assert (row["format"], entries) == ("hf-json", [])
    assert "nested too deeply" in reject.message or "no JSON" in reject.message


def test_a_python_literal_nested_without_end_is_a_reject() -> None:
    literal = "{'paper': " + "[" * 100_000 + "]" * 100_000 + "}"
    data = json.dumps(
        {"status": 1, "data": ["{'paper': {'title': 'T'}, 'publishedAt': 1}", literal]}
    )
    _, entries, rejects = read_bytes(data.encode())
    assert [entry.title for entry in entries] == ["T"]
    assert "broken_record" in {reject.reason for reject in rejects}


@pytest.mark.parametrize(
    "name", ["__import__('os').system('true')", "open('x', 'w')", "().__class__"]
)
def test_a_literal_that_calls_something_is_not_executed(name: str) -> None:
    data = json.dumps({"data": [f"{{'paper': {{'title': {name}}}, 'publishedAt': 'x'}}"]})
    _, entries, rejects = read_bytes(data.encode())
    assert entries == []
    assert [reject.reason for reject in rejects] == ["broken_record"]


def test_a_script_in_a_title_is_text() -> None:
    script = "<script>alert(1)</script> Tides"
    _, [entry], rejects = read_bytes(
        as_html([Paper("2605.00001", script, "Rise. And fall.")]).encode()
    )
    assert (entry.title, rejects) == (script, [])


def test_an_html_page_whose_title_is_a_script_is_a_reject() -> None:
    data = b"<html><head><title><script>alert('x')</script></title></head><body>no</body></html>"
    _, entries, [reject] = read_bytes(data)
    assert (entries, reject.reason) == ([], "unknown_format")


@pytest.mark.parametrize(
    "begin", [b"x", HEADER.encode(), b'{"paper": {"title": "', b'[{"paper": "']
)
def test_a_line_without_end_is_refused_as_too_large(begin: bytes) -> None:
    _, _, rejects = read_bytes(begin + b"y" * 3_000_000, limits={"max_page_mb": 2})
    assert {reject.reason for reject in rejects} <= {"over_limit", "unknown_format"}


def test_a_long_line_among_json_lines_is_left_out() -> None:
    good = json.dumps(
        {
            "id": "0704.0001",
            "title": "T",
            "abstract": "A",
            "versions": [],
            "update_date": "2020-01-01",
        }
    )
    long = good.replace('"A"', '"' + "y" * 3_000_000 + '"')
    data = "\n".join([good, long, good])
    row, entries, rejects = read_bytes(data.encode(), limits={"max_record_mb": 1})
    assert row["format"] == "arxiv-jsonl"
    assert [entry.first_line for entry in entries] == [1, 3]
    assert [entry.byte_offset for entry in entries] == [0, len(good) + len(long) + 2]
    assert [(reject.reason, reject.first_line) for reject in rejects] == [("over_limit", 2)]


def test_half_a_surrogate_in_json_becomes_a_replacement_character(tmp_path: Path) -> None:
    from tests.tables_of import parse_folder  # noqa: PLC0415

    text = as_json([PAPER]).replace("Tides of", "Tides \\ud800 of")
    (tmp_path / "a.json").write_text(text)
    assert parse_folder(tmp_path)["work/entries"]["title"].to_list() == [
        "Tides \ufffd of the Shore"
    ]


_LONG_LINE = """
import io, re, sys
sys.path.insert(0, sys.argv[1])
from tests.tables_of import settings
from paperdump.readers import recognise
from paperdump.readers.source import Refused, Source
from pathlib import Path
path = Path(sys.argv[2])
source = Source("x", lambda: path.open("rb"), path.stat().st_size, settings().limits)
reader, _ = recognise(source.head)
try:
    print(reader.name, [type(item).__name__ for item in reader.read(source)])
except Refused as error:
    print(error.reason)
# not what getrusage says, which counts the parent's memory too
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_a_line_of_a_hundred_megabytes_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    start = b'{"id": "0704.0001", "title": "T", "versions": [], "update_date": "", "abstract": "'
    path.write_bytes(start + b"y" * 100_000_000)
    done = subprocess.run(
        [sys.executable, "-c", _LONG_LINE, str(ROOT), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    what, memory = done.stdout.splitlines()
    assert what == "arxiv-jsonl ['Reject', 'Facts']"
    assert int(memory) < 500


def test_pages_of_other_sites_are_no_papers() -> None:
    menu = "\n\n".join(["Home", "Products", "About us", "We sell tides. They are good.", "Imprint"])
    _, entries, [reject] = read_bytes(menu.encode())
    assert (entries, reject.reason) == ([], "unknown_format")


def test_a_page_whose_layout_changed_yields_rejects_not_menus() -> None:
    text = HEADER + "Jun 10\n\nSort by\n\nNewest\n\nFilter\n\nTopics\n\nMore\n\nLoad next\n"
    _, entries, rejects = read_bytes(text.encode())
    assert entries == []
    assert {reject.first_line for reject in rejects} >= {13}


def test_one_bad_value_costs_no_record() -> None:
    records = json.loads(as_json([PAPER]))
    records[0]["paper"]["upvotes"] = "many"
    records[0]["numComments"] = float("nan")
    records[0]["paper"]["authors"] = "Ada Marsh"
    records[0]["paper"]["id"] = 2503.0210
    text = json.dumps(records).replace("2503.021", "2503.0210")
    _, [entry], rejects = read_bytes(text.encode())
    assert (entry.n_upvotes, entry.n_comments, entry.authors) == (None, None, None)
    assert entry.arxiv_text == "2503.0210"
    assert [reject.reason for reject in rejects] == ["bad_field"] * 3
    assert rejects[0].record_path == "$[0]"


def test_a_key_that_stands_twice_is_unknown() -> None:
    text = as_json([PAPER]).replace('"summary"', '"summary": "Another. One.", "summary"', 1)
    _, [entry], [reject] = read_bytes(text.encode())
    assert (entry.title, entry.abstract) == (PAPER.title, None)
    assert (reject.reason, "summary" in reject.message) == ("bad_field", True)


def test_a_huge_integer_is_unknown() -> None:
    text = as_json([PAPER]).replace('"submittedBy"', f'"numComments": {"9" * 5000}, "submittedBy"')
    _, [entry], [reject] = read_bytes(text.encode())
    assert (entry.n_comments, reject.reason) == (None, "bad_field")


def test_a_missing_number_of_comments_is_unknown_not_zero() -> None:
    _, [entry], _ = read_bytes(as_json([PAPER]).encode())
    assert entry.n_comments is None


def test_the_answer_of_a_server_that_failed_is_a_reject() -> None:
    data = b'{"error": "Too many requests", "paper": null, "publishedAt": null, "upvotes": 1}'
    _, entries, [reject] = read_bytes(data)
    assert (entries, reject.reason) == ([], "error_answer")
    assert "Too many requests" in reject.message


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_cut_answer_keeps_its_whole_records(wrapped: bool) -> None:
    text = as_json([PAPER, PAPER, PAPER])
    text = f'{{"status": 1, "data": {text}}}' if wrapped else text
    _, entries, [reject] = read_bytes(text[: text.rindex('"summary"')].encode())
    assert len(entries) == 2
    assert (reject.reason, "2 records before it were read" in reject.message) == ("damaged", True)


def test_pages_nested_without_end_say_what_is_lost() -> None:
    text = as_visible_html([PAPER]).replace("</section>", "<div>" * 5000 + "</section>")
    _, entries, rejects = read_bytes(text.encode())
    assert [entry.title for entry in entries] == [PAPER.title]
    assert [reject.reason for reject in rejects] == ["damaged"]


def test_a_damaged_page_keeps_what_is_whole() -> None:
    text = page(Listed("First Title"), Listed("Second Title"))
    _, entries, rejects = read_bytes(text[: text.index("Second") + 9].encode())
    assert [entry.title for entry in entries] == ["First Title"]
    assert [reject.reason for reject in rejects] == ["truncated_entry"]
