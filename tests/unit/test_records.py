"""Values of records, JSON as it is found, and the snapshot's lines."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump.readers import arxiv_jsonl, jsontext
from paperdump.readers.arxiv_jsonl import ArxivJsonl
from paperdump.readers.base import Entry, Reject
from paperdump.readers.records import Fields, Place
from paperdump.readers.source import Source
from tests.tables_of import settings

PLACE = Place(record=1, record_path="$[0]")


def fields(**record: object) -> Fields:
    return Fields(record, PLACE)


@pytest.mark.parametrize(
    ("value", "count"), [(3, 3), ("3", 3), (3.0, 3), (0, 0), (None, None), ("", None), (" ", None)]
)
def test_a_count_is_a_whole_number_however_it_is_spelled(value: object, count: int | None) -> None:
    read = fields(n=value)
    assert (read.count("n"), read.problems) == (count, [])


@pytest.mark.parametrize("value", [True, "many", 2.5, -1, 10**9, [3], {"a": 1}])
def test_what_is_no_count_is_left_out_with_a_reject(value: object) -> None:
    read = fields(n=value)
    assert read.count("n") is None
    [problem] = read.problems
    assert (problem.reason, problem.record_path) == ("bad_field", "$[0]")
    assert "the field n was left out" in problem.message


def test_an_identifier_keeps_the_spelling_of_a_number() -> None:
    record = jsontext.loads('{"id": 2503.0210, "other": 12}')
    read = Fields(record, PLACE)
    assert (read.identifier("id"), read.identifier("other")) == ("2503.0210", "12")


def test_a_list_of_names_may_be_of_texts_or_of_objects() -> None:
    read = fields(authors=["Ada Marsh", {"name": "Jo Tern"}, {"name": None}, 3])
    assert read.texts("authors") == ["Ada Marsh", "Jo Tern"]
    assert [problem.excerpt for problem in read.problems] == ["3"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1234567890123456789012}', "18 digits"),
    ],
)
def test_a_doubtful_value_says_why(text: str, why: str) -> None:
    value = jsontext.loads(text)["a"]
    assert isinstance(value, jsontext.Doubtful)
    assert why in value.why


def test_a_key_twice_with_the_same_value_is_that_value() -> None:
    assert jsontext.loads('{"a": [1], "a": [1]}') == {"a": [1]}


@pytest.mark.parametrize("text", ["{", "", "[1,]", "nul", "[" * 100_000, '"a', b"\xff"])
def test_what_is_no_json_says_so(text: str | bytes) -> None:
    with pytest.raises(jsontext.NotJson):
        jsontext.loads(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values)
def test_json_and_python_literals_are_read_back(value: Any) -> None:
    assert jsontext.loads(json.dumps(value)) == value
    assert jsontext.python_literal(repr(value)) == value


def snapshot(*lines: str | dict[str, Any]) -> list[Entry | Reject]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    data = text.encode()
    source = Source("a", lambda: io.BufferedReader(io.BytesIO(data)), len(data), settings().limits)
    return [item for item in ArxivJsonl().read(source) if isinstance(item, Entry | Reject)]


RECORD: dict[str, Any] = {
    "id": "0704.0001",
    "title": "Tides of\n  the Shore",
    "abstract": "  We study tides.\n",
    "comments": "12 pages",
    "categories": "math.CO cs.CG",
    "doi": "10.5555/tides",
    "journal-ref": "J. Tides 3",
    "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
    "update_date": "2008-11-26",
    "authors_parsed": [["Marsh", "Ada", ""], ["Tern", "J. O.", "Jr."], ["The Gulls", "", ""]],
}


def test_a_line_of_the_snapshot_is_an_entry() -> None:
    [entry] = snapshot(RECORD)
    assert isinstance(entry, Entry)
    assert entry.title == RECORD["title"]
    assert entry.abstract == RECORD["abstract"]
    assert entry.authors == ["Ada Marsh", "J. O. Tern Jr.", "The Gulls"]
    assert entry.date_text == "Mon, 2 Apr 2007 19:18:42 GMT"
    assert (entry.arxiv_text, entry.doi_text) == ("0704.0001", "10.5555/tides")
    assert entry.categories == ["math.CO", "cs.CG"]
    assert entry.n_comments is None
    assert (entry.first_line, entry.record, entry.byte_offset) == (1, 1, 0)


def test_a_broken_line_costs_no_other() -> None:
    first, broken, second = snapshot(RECORD, '{"id": "0704.00', RECORD)
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert isinstance(broken, Reject)
    assert (broken.reason, broken.first_line) == ("broken_record", 2)
    assert second.first_line == 3


def test_a_wrong_value_costs_no_record() -> None:
    entry, problem = snapshot(RECORD | {"doi": 5, "title": "Tides"})
    assert isinstance(entry, Entry)
    assert isinstance(problem, Reject)
    assert (entry.doi_text, entry.title) == (None, "Tides")
    assert (problem.reason, problem.excerpt) == ("bad_field", "5")


def test_a_key_twice_in_a_line_is_seen() -> None:
    line = json.dumps(RECORD).replace('"doi"', '"abstract": "Another.", "doi"')
    entry, problem = snapshot(line)
    assert isinstance(entry, Entry)
    assert isinstance(problem, Reject)
    assert (entry.abstract, problem.reason) == (None, "bad_field")


values = (
    st.none() | st.text(max_size=4) | st.integers(0, 9) | st.just(["x"]) | st.just([["A", "B"]])
)


@given(st.dictionaries(st.sampled_from(sorted(RECORD)), values))
def test_the_quick_way_reads_a_line_as_the_careful_one_does(changed: dict[str, Any]) -> None:
    record = RECORD | changed
    line = json.dumps(record).encode()
    place = Place(first_line=1, last_line=1, record=1, byte_offset=0)
    careful = [i for i in arxiv_jsonl._careful(line, place) if isinstance(i, Entry | Reject)]
    assert snapshot(record) == careful
