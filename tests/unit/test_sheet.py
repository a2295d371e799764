from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from paperdump.errors import PaperdumpError
from paperdump.sheet import Rule, Stated, read_sheet, stated_of
from tests.pages import Listed, page
from tests.tables_of import parse_folder

HEADER = "path\tformat\tsnapshot_on\tsource\tskip\n"


def sheet(folder: Path, text: str) -> list[Rule]:
    (folder / "sheet.tsv").write_text(text, "utf-8")
    return read_sheet(folder / "sheet.tsv", ["hf-text", "table"])


def test_a_line_states_what_its_columns_say(tmp_path: Path) -> None:
    [rule] = sheet(tmp_path, f"# a comment\n\n{HEADER}a/*.txt\thf-text\t2026-06-04\tmail\t\n")
    assert rule == Rule(4, "a/*.txt", "hf-text", "2026-06-04", "mail", skip=False)


def test_columns_may_be_left_out_and_stand_in_any_order(tmp_path: Path) -> None:
    [rule] = sheet(tmp_path, "skip\tpath\nyes\tb.txt\n")
    assert (rule.pattern, rule.skip, rule.format) == ("b.txt", True, None)


def test_the_last_line_that_states_a_thing_counts() -> None:
    rules = [Rule(2, "*", "table", "2026-01-01"), Rule(3, "a/*", None, "2026-02-02", "mail")]
    assert stated_of(rules, "a/b.txt") == Stated("table", "2026-02-02", "mail", None, "*")
    assert stated_of(rules, "c.txt") == Stated("table", "2026-01-01", None, None, "*")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path\tformt\n", "line 1: there is no column 'formt'. Did you mean 'format'?"),
        ("path format\n", "line 1: there is no column 'path format'"),
        ("format\n", "column 'path' is missing"),
        (HEADER + "a\thf-txt\n", "line 2: there is no format 'hf-txt'. Did you mean 'hf-text'?"),
        (HEADER + "a\t\t2026-13-01\n", "line 2: '2026-13-01' is no day"),
        (HEADER + "a\t\t\t\tmaybe\n", "line 2: 'maybe' in column 'skip'"),
        (HEADER + "a\t\t\t\t\tyes\n", "more cells than the header has columns: 'yes'"),
        (HEADER + "\thf-text\n", "line 2: the pattern in column 'path' is empty"),
    ],
)
def test_what_cannot_be_understood_is_an_error_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(PaperdumpError, match=r"sheet\.tsv") as caught:
        sheet(tmp_path, text)
    assert said in str(caught.value)


def test_a_sheet_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PaperdumpError, match="cannot be read"):
        read_sheet(tmp_path / "no.tsv")


def test_a_skipped_dump_is_a_reject_that_names_the_pattern(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(page(Listed("A Title")))
    tables = parse_folder(tmp_path, [Rule(7, "a.*", skip=True)])
    [reject] = tables["rejects"].to_dicts()
    assert (reject["reason"], "'a.*'" in reject["message"]) == ("skipped", True)
    assert tables["work/entries"].height == 0


def test_a_stated_format_overrides_the_sniff(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("Heading;Body\nTides;Rise.\n")
    rules = [Rule(3, "a", format="table")]
    columns = {"title": "Heading", "abstract": "Body"}
    assert parse_folder(tmp_path)["work/entries"].height == 0
    tables = parse_folder(tmp_path, rules, columns=columns)
    assert tables["work/entries"]["title"].to_list() == ["Tides"]
    assert tables["dumps"]["format_reason"][0] == "the sheet of dumps states it of 'a'"


def test_a_pattern_may_name_members_of_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("a.txt", page(Listed("A Title")))
        archive.writestr("b.txt", page(Listed("Another")))
    rules = [Rule(2, "p.zip!/a.txt", skip=True), Rule(3, "*.txt", source="mail")]
    tables = parse_folder(tmp_path, rules)
    assert tables["work/entries"]["title"].to_list() == ["Another"]
    assert tables["dumps"]["source"].to_list() == ["mail", "mail", None]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("page [1].txt", "page [1].txt", True),
        ("page [1].txt", "page 1.txt", False),
        ("*.txt", "a/b.txt", True),
        ("a?.txt", "a1.txt", True),
        ("a.txt", "b/a.txt", False),
        ('"a".txt', '"a".txt', True),
    ],
)
def test_a_pattern_means_itself_but_for_stars_and_question_marks(
    pattern: str, path: str, fits: bool
) -> None:
    assert Rule(1, pattern).matches(path) == fits


def test_an_archive_within_an_archive_may_be_skipped(tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.txt", page(Listed("A Title")))
    (tmp_path / "dumps").mkdir()
    with zipfile.ZipFile(tmp_path / "dumps" / "p.zip", "w") as archive:
        archive.write(inner, "inner.zip")
    rules = [Rule(2, "p.zip!/inner.zip", skip=True), Rule(3, "*", source="mail")]
    tables = parse_folder(tmp_path / "dumps", rules)
    assert tables["work/entries"].height == 0
    assert tables["rejects"]["reason"].to_list() == ["skipped"]
    assert tables["dumps"]["source"].to_list() == ["mail", "mail"]
