from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import dictionary, parse
from paperdump.errors import PaperdumpError
from paperdump.inventory import Dump, find_dumps
from paperdump.readers import hf_text
from paperdump.readers.base import Entry, Page
from paperdump.readers.source import HEAD_BYTES
from tests.conftest import EXAMPLES
from tests.pages import HEADER, Listed, bare, page
from tests.tables_of import parse_folder, read_bytes, settings

REASONS = dictionary.table("rejects").column("reason").allowed


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (b"", "empty", "no bytes"),
        (b" \n\n ", "empty", "white space"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "binary", "89 50 4e 47"),
        (b"<!DOCTYPE html><title>502 Bad Gateway</title>", "unknown_format", "502 Bad Gateway"),
        (b'{"a": 1}', "unknown_format", "JSON"),
        (b"Dear all, no papers today.", "unknown_format", "hf-text"),
        (HEADER.encode() + b"Jun 10\n", "no_entries", "line 11"),
    ],
)
def test_a_dump_without_entries_says_why(data: bytes, reason: str, said: str) -> None:
    _, _, [reject] = read_bytes(data)
    assert reject.reason == reason
    assert said in reject.message


def test_a_page_in_latin_1_is_read_and_noted() -> None:
    text = page(Listed("Naïve Größe", byline="tide-lab Tide Lab"))
    row, entries, _ = read_bytes(text.encode("latin-1"))
    assert [entry.title for entry in entries] == ["Naïve Größe"]
    assert row["encoding"] == "cp1252"
    assert row["notes"]


@pytest.mark.parametrize(("end", "lines"), [("", 19), ("\n", 19), ("\n\n", 20)])
def test_lines_are_counted_as_editors_do(end: str, lines: int) -> None:
    row, _, _ = read_bytes((page(Listed("A Title")) + end).encode())
    assert row["n_lines"] == lines


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=400).map(HEADER.encode().__add__)))
def test_whatever_the_bytes_there_are_entries_or_rejects(data: bytes) -> None:
    row, entries, rejects = read_bytes(data)
    assert entries or rejects
    assert {reject.reason for reject in rejects} <= set(REASONS) - {"reader_failed"}
    for part in (*entries, *rejects):
        if part.first_line is not None and part.last_line is not None:
            assert 1 <= part.first_line <= part.last_line <= (row["n_lines"] or len(data) + 1)


def test_a_batch_has_a_row_for_every_dump_entry_and_reject(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(page(Listed("A Title"), bare("Cut of", None)))
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "broken.txt").symlink_to("nowhere")
    parsed = parse_folder(tmp_path)
    assert parsed["dumps"].select("path", "n_entries", "n_rejects").rows() == [
        ("broken.txt", 0, 1),
        ("empty.txt", 0, 1),
        ("good.txt", 1, 1),
    ]
    assert parsed["work/entries"]["title"].to_list() == ["A Title"]
    assert parsed["rejects"]["reason"].to_list() == ["unreadable", "empty", "truncated_entry"]


@pytest.mark.parametrize(
    ("at_once", "as_objects"), [(20_000, 1), (20_000, 3), (20_000, 7), (4, 3), (3, 3), (2, 9)]
)
def test_how_many_entries_are_kept_at_once_makes_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, as_objects: int
) -> None:
    entries = [Listed(f"Tides, Part {n}", date="May 2" if n % 2 else None) for n in range(7)]
    (tmp_path / "a.txt").write_text(page(*entries, bare("Cut of", None)))
    (tmp_path / "b.txt").write_text("")
    whole = parse_folder(tmp_path)
    monkeypatch.setattr(parse, "_ENTRIES_AT_ONCE", at_once)
    monkeypatch.setattr(parse, "_ENTRIES_AS_OBJECTS", as_objects)
    again = parse_folder(tmp_path)
    assert whole["work/entries"].height == 7
    for name, table in whole.items():
        assert again[name].equals(table), name


def test_a_text_of_nothing_but_white_space_is_unknown(tmp_path: Path) -> None:
    record = {"paper": {"id": "2605.00001", "title": "A Title"}, "numComments": 1, "upvotes": 2}
    record["publishedAt"] = "\u3000\x1c "
    (tmp_path / "a.json").write_text(json.dumps([record]))
    assert parse_folder(tmp_path)["work/entries"]["date_text"].to_list() == [None]


@pytest.mark.parametrize("more", ["", " " * HEAD_BYTES])
def test_a_dump_that_changed_since_the_run_began_stops_the_job(tmp_path: Path, more: str) -> None:
    (tmp_path / "a.txt").write_text(page(Listed("A Title")) + more)
    dumps = find_dumps([str(tmp_path)], tmp_path).dumps
    (tmp_path / "a.txt").write_text(page(Listed("Another Title")) + more)
    with pytest.raises(PaperdumpError, match=r"a\.txt changed"):
        list(parse.read_dump(dumps[0], settings()))


def test_a_small_dump_is_read_as_it_was_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(page(Listed("A Title")))
    [dump] = find_dumps([str(tmp_path)], tmp_path).dumps
    [title] = [
        item.title
        for reading in parse.read_dump(dump, settings())
        if (tmp_path / "a.txt").write_text(page(Listed("Another Title")))
        for item in reading.items()
        if isinstance(item, Entry)
    ]
    assert title == "A Title"


def test_a_dump_that_vanished_since_the_run_began_stops_the_job(tmp_path: Path) -> None:
    gone = Dump("d" + "0" * 16, "a.txt", str(tmp_path / "a.txt"), 1, "0" * 64)
    with pytest.raises(PaperdumpError, match=r"a\.txt could be read"):
        list(parse.read_dump(gone, settings()))


def test_a_defect_of_the_reader_costs_one_dump_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(page(Listed(f"Title of {name}")))
    healthy = hf_text.read_plain

    def failing(text: str, header: int) -> Page:
        if "a.txt" in text:
            raise ZeroDivisionError("a defect")
        return healthy(text, header)

    monkeypatch.setattr(hf_text, "read_plain", failing)
    parsed = parse_folder(tmp_path)
    assert parsed["work/entries"]["title"].to_list() == ["Title of b.txt"]
    [reject] = parsed["rejects"].to_dicts()
    assert reject["reason"] == "reader_failed"
    assert "ZeroDivisionError: a defect" in reject["message"]


def test_every_line_of_the_examples_is_accounted_for() -> None:
    for dump in find_dumps([str(EXAMPLES)], EXAMPLES).dumps:
        text = Path(dump.location).read_text("utf-8")
        read = hf_text.read_text(text)
        assert read.rejects == []
        covered = set(range(1, (read.facts.header_lines or 0) + 1))
        for entry in read.entries:
            covered |= set(range(entry.first_line or 0, (entry.last_line or 0) + 1))
        assert {n for n, line in enumerate(text.split("\n"), 1) if line.strip()} <= covered
