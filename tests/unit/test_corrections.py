from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from paperdump import corrections, dictionary, laws, plan, report, tables
from paperdump.corrections import Correction, Named
from paperdump.dedupe import clusters, likeness, merging
from paperdump.errors import PaperdumpError
from tests.conftest import EXAMPLES, ROOT
from tests.pages import Listed, bare, page
from tests.tables_of import limits, normalized, release_of_folder, release_of_folders

FIX = {"paper": "Tides", "field": "n_authors", "value": 4, "expects": 3, "reason": "Counted."}
Row = dict[str, Any]


def read(folder: Path, text: str) -> list[Correction]:
    (folder / "corrections.yaml").write_text(text, "utf-8")
    return corrections.read_corrections(folder / "corrections.yaml")


def problem(folder: Path, text: str) -> str:
    with pytest.raises(PaperdumpError) as caught:
        read(folder, text)
    return str(caught.value).removeprefix(f"{folder / 'corrections.yaml'}, ")


def fix(**changed: Any) -> str:
    """The text of a file with one fix; a part that is "…" is left out."""
    parts = {k: v for k, v in (FIX | changed).items() if v != "…"}
    return yaml.safe_dump({"fixes": [parts]}, sort_keys=False, allow_unicode=True)


# the file


def test_the_bundled_file_corrects_nothing() -> None:
    assert corrections.read_corrections(ROOT / "config" / "corrections.yaml") == []


def test_the_bundled_examples_can_be_read(tmp_path: Path) -> None:
    text = (ROOT / "config" / "corrections.yaml").read_text("utf-8")
    examples = text[text.index("# fixes:") : text.index("\nfixes: []")]
    read_back = read(tmp_path, "\n".join(line[2:] for line in examples.splitlines()))
    assert [one.kind for one in read_back] == ["fix", "fix", "same", "different"]


def test_the_corrections_of_the_readme_apply_to_the_examples(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [text] = re.findall(r"```yaml\n(fixes:\n.*?)```", readme, re.DOTALL)
    told = release_of_folder(EXAMPLES, read(tmp_path, text))["corrections"]
    assert told["status"].to_list() == ["applied", "applied"]


def test_the_corrections_of_the_manual_can_be_read(tmp_path: Path) -> None:
    manual = (ROOT / "config" / "README.md").read_text("utf-8")
    [text] = re.findall(r"```yaml\n(fixes:.*?)```", manual, re.DOTALL)
    assert [one.kind for one in read(tmp_path, text)] == ["fix", "same", "different"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "fixes:\n", "{}", "null"])
def test_a_file_without_items_corrects_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == []


def test_corrections_are_numbered_by_their_lines(tmp_path: Path) -> None:
    text = (
        "# why not\n"
        "same:\n"
        "  - pair:\n"
        "      - paper: 'arXiv:2405.01234v2'\n"
        "      - {dump: a.txt, line: 3}\n"
        "    reason: As the authors say.\n"
        "fixes:\n"
        "  - paper: doi:10.5555/ABC\n"
        "    field: title\n"
        "    value: 1984\n"
        "    expects: null\n"
        "    reason: It is\n"
        "      a number.\n"
        "  - sighting: d0123456789abcdef-00001\n"
        "    field: published_on\n"
        "    value: null\n"
        "    expects: 2024-05-02\n"
        "    reason: Nobody knows.\n"
    )
    same, title, day = read(tmp_path, text)
    assert (same.number, same.line, same.kind) == (1, 3, "same")
    assert same.names[0].by == ("arxiv_id", "2405.01234")
    assert same.names[1] == Named(dump="a.txt", line=3)
    assert (title.number, title.line, title.kind) == (2, 8, "fix")
    assert title.names[0].by == ("doi", "10.5555/abc")
    assert (title.value, title.expected, title.reason) == ("1984", None, "It is a number.")
    assert (day.line, day.value, day.expected) == (14, None, "2024-05-02")
    assert str(day.names[0]) == "sighting: d0123456789abcdef-00001"


def test_corrections_survive_as_plain_data(tmp_path: Path) -> None:
    text = fix(field="urls", value=["https://x.org/a"], expects=None)
    text += "same: [{pair: [{paper: A}, {dump: b, record: 2}], reason: so}]\n"
    given = read(tmp_path, text)
    assert len(given) == 2
    assert corrections.from_data(json.loads(json.dumps(corrections.as_data(given)))) == given


def test_every_field_of_a_paper_is_one_of_its_sightings() -> None:
    fields = corrections.fields()
    assert set(fields) <= set(dictionary.table("sightings").column_names)
    sources = {merging.SOURCES.get(field, field) for field in fields}
    assert sources <= set(dictionary.table("work/normalized").column_names)


@pytest.mark.parametrize("name", corrections.fields())
def test_every_field_takes_values_of_its_type(tmp_path: Path, name: str) -> None:
    column = dictionary.table("papers").column(name)
    value: object = {
        "arxiv_id": "2405.01234",
        "doi": "10.5555/a",
        "organization_slug": "tide-lab",
    }.get(name, {"string": "a", "int32": 7, "date": "2024-05-02"}.get(column.type, ["a", "b"]))
    [one] = read(tmp_path, fix(field=name, value=value, expects=None))
    assert one.value == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fixs: []", "line 1: the file has no key 'fixs'. Did you mean 'fixes'?"),
        ("- paper: a", "line 1: the file is to be a mapping of fixes, same, different"),
        ("fixes: {paper: a}", "line 1: 'fixes' is to be a list"),
        ("fixes:\n  - nothing", "line 2: a fix is to be a mapping of paper, sighting"),
        ("fixes:\n  - {paper: a\n\nx", "this is no YAML: while parsing a flow mapping"),
        ("fixes: []\nfixes: []", "line 2: 'fixes' is there twice"),
        ("\n" + fix(feld="n_authors"), "line 8: a fix has no key 'feld'. Did you mean 'field'?"),
        (fix(field="n_autors"), "line 3: 'n_autors' cannot be corrected. Did you mean 'n_authors'"),
        (fix(field="n_dumps"), "line 3: 'n_dumps' cannot be corrected"),
        (fix(reason="…"), "line 2: a fix needs 'reason'"),
        (fix(reason=""), "line 6: 'reason' is to be a text"),
        (fix(expects="…"), "line 2: a fix needs 'expects'"),
        (fix(value="…"), "line 2: a fix needs 'value'"),
        (fix(field="…"), "line 2: a fix needs 'field'"),
        (fix(value=3), "line 4: the value is the one that is expected"),
        (fix(value="4"), "line 4: 'value' is to be a whole number, without quotes"),
        (fix(value=[4]), "line 5: 'value' is to be a whole number"),
        (fix(value=0), "line 4: n_authors is at least 1, not 0"),
        (fix(value=20001), "line 4: n_authors is at most 20000, not 20001"),
        (fix(field="n_comments", value=2**31), "line 4: 'value' is too large"),
        (fix(expects="three"), "line 5: 'expects' is to be a whole number"),
        (fix(field="published_on", value="May 2"), "line 4: 'value' is to be a day such as"),
        (fix(field="published_on", value="1066-10-14", expects=None), "line 4: published_on is at"),
        (fix(field="title", value=None), "line 4: title cannot be unknown"),
        (fix(field="arxiv_id", value="24", expects=None), "line 4: '24' does not have the form of"),
        (fix(field="organization_slug", value="a b", expects=None), "does not have the form"),
        (fix(field="urls", value="https://x.org", expects=None), "line 4: 'value' of urls is to"),
        (fix(field="urls", value=[""], expects=None), "'an item of value' is to be a text"),
        (fix(paper="…"), "line 2: a fix names its paper or sighting by one of"),
        (fix(sighting="d0123456789abcdef-00001"), "found 'paper' and 'sighting'"),
        (fix(line=3), "line 7: 'line' goes with 'dump' only"),
        (fix(paper="…", dump="a.txt"), "'dump' goes with 'line' or 'record'"),
        (fix(paper="…", dump="a.txt", line=0), "line 7: 'line' is counted from 1"),
        (fix(paper="…", sighting="d1"), "line 6: 'd1' is no entry_id"),
        (fix(paper="2405.01234"), "line 2: '2405.01234' is no title; is it arxiv:2405.01234?"),
        (fix(paper="10.5555/a.b"), "line 2: '10.5555/a.b' is no title; is it doi:10.5555/a.b?"),
        (fix(paper="https://arxiv.org/abs/2405.01234"), "is an address; name the paper by"),
        (fix(paper="arxiv:two"), "line 2: 'arxiv:two' does not have the form of an arxiv_id"),
        (fix(paper=None), "line 2: 'paper' is to be a text"),
        ("same: [{pair: [{paper: a}], reason: b}]", "line 1: 'pair' is to be a list of two"),
        ("same: [{pair: [{paper: a}, {paper: A}], reason: b}]", "both sides of the pair are"),
        ("same: [{pair: [{paper: a}, {papr: b}], reason: b}]", "has no key 'papr'. Did you mean"),
        ("different: [{pair: [{paper: a}, {paper: b}]}]", "a pair of 'different' needs 'reason'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in problem(tmp_path, text)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PaperdumpError, match="cannot be read"):
        corrections.read_corrections(tmp_path / "none.yaml")


PAIR = "  - {pair: [{paper: A}, {paper: B}], reason: r}\n"
TURNED = "  - {pair: [{paper: b}, {paper: A}], reason: s}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"same:\n{PAIR}{TURNED}", "line 3: this pair is in line 2 too"),
        (f"same:\n{PAIR}different:\n{TURNED}", "line 4: this pair is 'same' in line 2 and"),
        (
            fix() + fix(paper="TIDES", value=5).removeprefix("fixes:\n"),
            "line 7: n_authors of this paper or sighting is fixed in line 2 too",
        ),
    ],
)
def test_what_is_told_twice_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    assert said in problem(tmp_path, text)


# the plan


def make_plan(folder: Path, **settings: Any) -> plan.Plan:
    (folder / "dumps").mkdir(exist_ok=True)
    (folder / "dumps" / "a.txt").write_text(page(Listed("Tides")), "utf-8")
    if not (folder / "scripts").exists():
        (folder / "scripts").symlink_to(ROOT / "scripts")
    given = {"dumps": "dumps", "sheet": None, "corrections": "corrections.yaml"}
    return plan.make_plan(given | settings, {}, folder)


def test_a_change_of_corrections_reruns_from_dedupe_on_and_nothing_before(tmp_path: Path) -> None:
    (tmp_path / "corrections.yaml").write_text(fix(), "utf-8")
    one = make_plan(tmp_path)
    (tmp_path / "corrections.yaml").write_text(fix(value=5), "utf-8")
    two = make_plan(tmp_path)
    for batch in one.batches:
        assert one.place("normalize", batch) == two.place("normalize", batch)
    for stage in ("dedupe", "validate", "gate", "summarize", "release"):
        assert one.place(stage) != two.place(stage)


def test_comments_after_the_last_item_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "corrections.yaml").write_text(fix(), "utf-8")
    one = make_plan(tmp_path)
    (tmp_path / "corrections.yaml").write_text(fix() + "\n# no more\n", "utf-8")
    assert make_plan(tmp_path).places() == one.places()


def test_strict_reruns_the_gate_and_what_follows_only(tmp_path: Path) -> None:
    one, two = (make_plan(tmp_path, corrections=None, strict=told) for told in (False, True))
    for stage in ("dedupe", "validate", "summarize"):
        assert one.place(stage) == two.place(stage)
    assert one.place("gate") != two.place("gate")


def test_the_manifest_names_the_corrections_and_not_their_place(tmp_path: Path) -> None:
    (tmp_path / "corrections.yaml").write_text(fix(), "utf-8")
    [one] = make_plan(tmp_path).published_config["corrections"]
    assert (one["line"], one["names"], one["value"]) == (2, [{"paper": "Tides"}], 4)


@pytest.mark.parametrize("none", [None, "null"])
def test_there_may_be_no_file_of_corrections(tmp_path: Path, none: str | None) -> None:
    assert make_plan(tmp_path, corrections=none).corrections == ()


# fixes


def corrected(
    folder: Path, text: str, pages: dict[str, str], texts: tuple[str, ...] = ()
) -> dict[str, pl.DataFrame]:
    """The release that pages and a file of corrections lead to; all laws hold in it."""
    dumps = folder / "dumps"
    dumps.mkdir(exist_ok=True)
    for name, content in pages.items():
        (dumps / f"{name}.txt").write_text(content, "utf-8")
    for number, content in enumerate(texts):
        (dumps / f"t{number}.jsonl").write_text(content, "utf-8")
    release = release_of_folder(dumps, read(folder, text))
    for kind in laws.checks(release).values():
        assert kind.laws.filter(pl.col("expected") != pl.col("found")).is_empty()
    return release


def only(release: dict[str, pl.DataFrame], table: str = "corrections") -> Row:
    [row] = release[table].to_dicts()
    return row


TIDES = {"a": page(Listed("Tides")), "b": page(bare("Ebb"))}


def paper(release: dict[str, pl.DataFrame], title: str) -> Row:
    [row] = release["papers"].filter(pl.col("title") == title).to_dicts()
    return row


def test_a_fix_of_a_paper_gives_it_the_value_and_is_told(tmp_path: Path) -> None:
    release = corrected(tmp_path, fix(), TIDES)
    assert paper(release, "Tides")["n_authors"] == 4
    assert only(release) == {
        "correction": 1,
        "line": 2,
        "kind": "fix",
        "names": "paper: Tides",
        "paper_id": paper(release, "Tides")["paper_id"],
        "entry_id": None,
        "other_paper_id": None,
        "other_entry_id": None,
        "field": "n_authors",
        "expected_value": "3",
        "old_value": "3",
        "new_value": "4",
        "reason": "Counted.",
        "status": "applied",
        "message": "The n_authors is 4, in place of 3.",
    }
    # what the page says stays
    assert release["sightings"]["n_authors"].to_list() == [3, None]


def test_without_corrections_their_table_is_empty(tmp_path: Path) -> None:
    table = corrected(tmp_path, "", TIDES)["corrections"]
    assert table.height == 0
    assert table.columns == dictionary.table("corrections").column_names


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"expects": 2}, "It expects the n_authors 2, and finds 3."),
        ({"expects": None}, "It expects the n_authors unknown, and finds 3."),
        ({"value": 3, "expects": 2}, "The n_authors is so without it: 3."),
        ({"paper": "Moons"}, "No paper has the title Moons."),
        ({"paper": "arxiv:2401.00001"}, "No paper has the arXiv identifier 2401.00001."),
        ({"paper": "p0123456789abcdef"}, "No paper has the paper_id p0123456789abcdef."),
        ({"paper": "…", "dump": "c.txt", "line": 3}, "There is no dump c.txt."),
        ({"paper": "…", "dump": "a.txt", "line": 1}, "The dump a.txt has no entry at line 1."),
        ({"paper": "…", "dump": "a.txt", "record": 1}, "The dump a.txt has no entry at record 1."),
        (
            {"paper": "…", "sighting": "d0123456789abcdef-00001"},
            "There is no entry d0123456789abcdef-00001.",
        ),
    ],
)
def test_a_fix_that_does_not_fit_is_stale_and_not_applied(
    tmp_path: Path, changed: Row, message: str
) -> None:
    release = corrected(tmp_path, fix(**changed), TIDES)
    assert paper(release, "Tides")["n_authors"] == 3
    told = only(release)
    assert (told["status"], told["message"]) == ("stale", message)


def test_a_name_of_several_papers_is_stale(tmp_path: Path) -> None:
    lines = "".join(
        json.dumps({"title": "Tides", "arxiv_id": f"2401.0000{n}"}) + "\n" for n in (1, 2)
    )
    text = fix(field="n_comments", expects=None)
    told = only(corrected(tmp_path, text, {}, (lines,)))
    assert told["status"] == "stale"
    assert told["message"].startswith("paper: Tides names 2 papers: p")
    found = corrected(tmp_path, text.replace("Tides", "arxiv:2401.00002"), {}, (lines,))
    assert only(found)["status"] == "applied"
    assert found["papers"].sort("arxiv_id")["n_comments"].to_list() == [None, 4]


def test_a_paper_is_found_by_its_new_name_and_by_its_old_one(tmp_path: Path) -> None:
    new = fix(field="title", value="High Tides", expects="Tides")
    for name in ("Tides", "High Tides"):
        second = fix(paper=name).removeprefix("fixes:\n")
        release = corrected(tmp_path, new + second, TIDES)
        assert release["corrections"]["status"].to_list() == ["applied", "applied"]
        assert paper(release, "High Tides")["n_authors"] == 4


def test_two_fixes_of_one_field_by_different_names_are_an_error(tmp_path: Path) -> None:
    paper_id = paper(corrected(tmp_path, "", TIDES), "Tides")["paper_id"]
    with pytest.raises(PaperdumpError, match="line 2 and line 7 are both of the n_authors"):
        corrected(tmp_path, fix() + fix(paper=paper_id, value=5).removeprefix("fixes:\n"), TIDES)


def test_a_fixed_date_rests_on_the_correction(tmp_path: Path) -> None:
    day = fix(field="published_on", value="2024-05-03", expects="2024-05-02")
    row = paper(corrected(tmp_path, day, TIDES), "Tides")
    assert row["published_on"] == dt.date(2024, 5, 3)
    assert row["published_on_evidence"] == "corrected"
    none = fix(field="published_on", value=None, expects="2024-05-02")
    row = paper(corrected(tmp_path, none, TIDES), "Tides")
    assert (row["published_on"], row["published_on_evidence"]) == (None, None)


def test_a_fixed_value_is_no_conflict_any_more(tmp_path: Path) -> None:
    pages = {"a": page(Listed("Tides")), "b": page(Listed("TIDES", byline="  • 5 authors"))}
    assert only(corrected(tmp_path, "", pages), "papers")["conflicts"] == ["title", "n_authors"]
    row = only(corrected(tmp_path, fix(expects=5), pages), "papers")
    assert (row["n_authors"], row["conflicts"]) == (4, ["title"])


def test_links_to_code_stay_among_all_links(tmp_path: Path) -> None:
    both = ["https://github.com/a/b", "https://x.org/c"]
    pages = {"a": page(Listed("Tides", f"See {both[0]} and {both[1]} for more."))}
    fewer = fix(field="urls", value=both[1:], expects=both)
    row = only(corrected(tmp_path, fewer, pages), "papers")
    assert (row["urls"], row["code_urls"]) == (both[1:], [])
    more = fix(field="code_urls", value=["https://x.org/d"], expects=both[:1])
    row = only(corrected(tmp_path, more, pages), "papers")
    assert row["urls"] == [*both, "https://x.org/d"]
    assert row["code_urls"] == ["https://x.org/d"]
    with pytest.raises(PaperdumpError, match="all code_urls are to be among the urls"):
        corrected(tmp_path, fewer + more.removeprefix("fixes:\n"), pages)


def at(dump: str, line: int, **changed: Any) -> str:
    return fix(paper="…", dump=dump, line=line, **changed)


def line_of(text: str, part: str) -> int:
    [number] = [n for n, line in enumerate(text.split("\n"), 1) if line == part]
    return number


def test_a_fix_of_a_sighting_is_followed_by_its_paper(tmp_path: Path) -> None:
    pages = {"a": page(Listed("Ebb"), Listed("Tides")), "b": page(bare("Tides"))}
    release = corrected(tmp_path, at("a.txt", line_of(pages["a"], "Tides")), pages)
    told = only(release)
    assert told["status"] == "applied"
    assert told["paper_id"] == paper(release, "Tides")["paper_id"]
    sightings = release["sightings"].filter(pl.col("title") == "Tides")
    seen = dict(sightings.select("entry_id", "n_authors").rows())
    assert seen.pop(told["entry_id"]) == 4
    assert list(seen.values()) == [None]
    assert paper(release, "Tides")["n_authors"] == 4
    assert paper(release, "Ebb")["n_authors"] == 3


def test_any_line_of_an_entry_names_it_and_so_does_its_id(tmp_path: Path) -> None:
    first = line_of(TIDES["a"], "Tides")
    entry_id = only(corrected(tmp_path, at("a.txt", first), TIDES))["entry_id"]
    later = only(corrected(tmp_path, at("a.txt", first + 2), TIDES))
    by_id = only(corrected(tmp_path, fix(paper="…", sighting=entry_id), TIDES))
    assert (later["entry_id"], later["status"]) == (entry_id, "applied")
    assert (by_id["entry_id"], by_id["status"]) == (entry_id, "applied")


def test_a_record_names_its_entry(tmp_path: Path) -> None:
    records = "".join(
        json.dumps({"title": title, "abstract": "We study it."}) + "\n"
        for title in ("Tides", "Ebb")
    )
    text = fix(paper="…", dump="t0.jsonl", record=2, field="n_comments", expects=None)
    release = corrected(tmp_path, text, {}, (records,))
    assert paper(release, "Ebb")["n_comments"] == 4


def test_a_place_in_dumps_of_one_path_is_stale(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.txt").write_text(page(Listed(name)), "utf-8")
    text = at("page.txt", line_of(page(Listed("a")), "a"))
    folders = [tmp_path / "a", tmp_path / "b"]
    told = only(release_of_folders(folders, read(tmp_path, text)))
    assert told["status"] == "stale"
    assert "names 2 entries: d" in told["message"]


def test_a_fixed_title_of_a_sighting_joins_it_and_leaves_the_page_alone(tmp_path: Path) -> None:
    pages = {"a": page(Listed("Tides")), "b": page(Listed("Tidse", byline="  • 5 authors"))}
    text = at("b.txt", line_of(pages["b"], "Tidse"), field="title", value="Tides", expects="Tidse")
    release = corrected(tmp_path, text, pages)
    row = only(release, "papers")
    assert (row["title"], row["n_sightings"], row["conflicts"]) == ("Tides", 2, ["n_authors"])
    assert sorted(release["sightings"]["title"]) == ["Tides", "Tidse"]
    # and by its old name the paper is still found
    again = text + fix(paper="Tidse", expects=5).removeprefix("fixes:\n")
    release = corrected(tmp_path, again, pages)
    assert release["corrections"]["status"].to_list() == ["applied", "applied"]
    assert only(release, "papers")["n_authors"] == 4


def test_a_fixed_abstract_of_a_sighting_feeds_the_paper_only(tmp_path: Path) -> None:
    pages = {"a": page(Listed("Tides", "We study tides. They rise and fal"))}
    text = at(
        "a.txt",
        line_of(pages["a"], "Tides"),
        field="abstract",
        value="We study tides. They rise\nand fall.\n\nAnd more.",
        expects="We study tides.\nThey rise and fal",
    )
    release = corrected(tmp_path, text, pages)
    assert only(release, "papers")["abstract"] == "We study tides. They rise and fall.\n\nAnd more."
    assert only(release, "sightings")["abstract"] == "We study tides. They rise and fal"
    assert json.loads(only(release)["old_value"]) == "We study tides. They rise and fal"


def test_a_fixed_arxiv_id_of_a_sighting_moves_it_to_its_paper(tmp_path: Path) -> None:
    rows = [("Tides", "2401.00001"), ("Ebb", "2401.00001"), ("Flood", "2401.00002")]
    lines = "".join(json.dumps({"title": t, "arxiv_id": i}) + "\n" for t, i in rows)
    text = fix(
        paper="…",
        dump="t0.jsonl",
        record=2,
        field="arxiv_id",
        value="2401.00002",
        expects="2401.00001",
    )
    assert corrected(tmp_path, "", {}, (lines,))["papers"]["n_sightings"].max() == 2
    release = corrected(tmp_path, text, {}, (lines,))
    counts = dict(release["papers"].select("arxiv_id", "n_sightings").rows())
    assert counts == {"2401.00001": 1, "2401.00002": 2}


def test_a_fixed_date_of_a_sighting_is_evidence_for_its_page(tmp_path: Path) -> None:
    # one page is known to be of 2025 if its paper is; the fix says that it is
    pages = {
        "a": page(Listed("Tides", date="May 30"), Listed("Ebb", date="Jun 1"), day="Jun 10"),
        "b": page(Listed("Tides", date="May 30, 2024"), day="Jan 3"),
    }
    before = corrected(tmp_path, "", pages)
    assert paper(before, "Ebb")["published_on"] == dt.date(2024, 6, 1)
    text = at(
        "b.txt",
        line_of(pages["b"], "Tides"),
        field="published_on",
        value="2025-05-30",
        expects="2024-05-30",
    )
    after = corrected(tmp_path, text, pages)
    assert paper(after, "Ebb")["published_on"] == dt.date(2025, 6, 1)
    row = paper(after, "Tides")
    assert row["published_on"] == dt.date(2025, 5, 30)
    assert row["published_on_evidence"] == "corrected"
    told = only(after)
    assert (told["old_value"], told["new_value"]) == ('"2024-05-30"', '"2025-05-30"')
    # what is written there stays
    assert set(after["sightings"]["date_text"]) == {"May 30", "Jun 1", "May 30, 2024"}


def test_a_sighting_whose_date_is_taken_away_has_none_and_no_note(tmp_path: Path) -> None:
    text = at(
        "a.txt",
        line_of(TIDES["a"], "Tides"),
        field="published_on",
        value=None,
        expects="2024-05-02",
    )
    release = corrected(tmp_path, text, TIDES)
    assert paper(release, "Tides")["published_on"] is None
    assert release["dumps"]["notes"].to_list() == [[], []]


# pairs


def pair(kind: str, one: Row, other: Row) -> str:
    return yaml.safe_dump({kind: [{"pair": [one, other], "reason": "So it is."}]})


def test_what_is_told_to_be_the_same_is_one_paper(tmp_path: Path) -> None:
    text = pair("same", {"paper": "Tides"}, {"dump": "b.txt", "line": line_of(TIDES["b"], "Ebb")})
    release = corrected(tmp_path, text, TIDES)
    row, told = only(release, "papers"), only(release)
    assert (row["n_sightings"], row["conflicts"]) == (2, ["title"])
    assert (told["status"], told["message"]) == ("applied", "They are one paper.")
    assert told["paper_id"] == told["other_paper_id"] == row["paper_id"]
    assert told["entry_id"] is None
    assert told["other_entry_id"] in release["sightings"]["entry_id"]
    match = only(release, "matches")
    assert (match["match_rule"], match["match_decision"]) == ("correction", "same")


def test_what_is_the_same_or_different_anyway_is_stale(tmp_path: Path) -> None:
    pages = {"a": page(Listed("Tides")), "b": page(bare("Tides")), "c": page(bare("Ebb"))}
    a, b = ({"dump": f"{n}.txt", "line": line_of(pages[n], "Tides")} for n in "ab")
    told = only(corrected(tmp_path, pair("same", a, b), pages))
    assert (told["status"], told["message"]) == ("stale", "They are one paper without it.")
    told = only(corrected(tmp_path, pair("different", a, {"paper": "Ebb"}), pages))
    assert (told["status"], told["message"]) == ("stale", "They are different papers without it.")


def test_what_is_told_to_be_different_is_two_papers_of_two_ids(tmp_path: Path) -> None:
    pages = {name: page(Listed("Tides")) for name in "abc"}
    line = line_of(pages["a"], "Tides")
    text = pair("different", {"paper": "Tides"}, {"dump": "b.txt", "line": line})
    release = corrected(tmp_path, text, pages)
    assert release["papers"]["n_sightings"].sort().to_list() == [1, 2]
    assert release["papers"]["paper_id"].n_unique() == 2
    told = only(release)
    assert told["status"] == "applied"
    assert told["paper_id"] != told["other_paper_id"]
    rules = release["matches"].select("match_rule", "match_decision").rows()
    assert sorted(rules) == [("correction", "different"), ("same_title", "same")]
    # the first paper keeps its id
    before = only(corrected(tmp_path, "", pages), "papers")
    assert told["paper_id"] == before["paper_id"]


def test_a_fix_finds_a_paper_by_the_id_that_a_pair_takes_away(tmp_path: Path) -> None:
    ids = dict(corrected(tmp_path, "", TIDES)["papers"].select("title", "paper_id").rows())
    text = pair("same", {"paper": "Tides"}, {"paper": ids["Ebb"]})
    text += fix(paper=ids["Ebb"])
    release = corrected(tmp_path, text, TIDES)
    assert release["corrections"]["status"].to_list() == ["applied", "applied"]
    row = only(release, "papers")
    assert (row["paper_id"], row["n_authors"]) == (ids["Tides"], 4)


def test_pairs_that_contradict_each_other_are_an_error(tmp_path: Path) -> None:
    titles = ("Tides", "Ebb", "Flood")
    one, two, three = ({"paper": title} for title in titles)
    pages = {title.lower(): page(bare(title)) for title in titles}
    text = pair("same", one, two)
    text += pair("same", two, three).removeprefix("same:\n")
    text += pair("different", one, three)
    with pytest.raises(PaperdumpError, match=r"line 11 says .* different, line 2 and line 6 that"):
        corrected(tmp_path, text, pages)


def test_a_pair_of_a_thing_with_itself_is_stale(tmp_path: Path) -> None:
    paper_id = paper(corrected(tmp_path, "", TIDES), "Tides")["paper_id"]
    text = pair("different", {"paper": "Tides"}, {"paper": paper_id})
    told = only(corrected(tmp_path, text, TIDES))
    assert (told["status"], told["message"][:15]) == ("stale", "Both sides name")


# clusters

Key = tuple[str | None, str | None, str]


def frame_of(keys: list[Key]) -> pl.DataFrame:
    """Entries with an arXiv id, a DOI and a title, in words that no other title has."""
    rows = [
        {
            "entry_id": f"d{n:03d}",
            "arxiv_id": arxiv_id,
            "doi": doi,
            "title": " ".join(3 * title + end for end in ("ona", "ide", "ulf")),
        }
        for n, (arxiv_id, doi, title) in enumerate(keys)
    ]
    return likeness.with_keys(normalized(rows), limits())


def links_of(entries: pl.DataFrame) -> pl.DataFrame:
    """The links that matching finds between entries of the same keys, without a look at texts."""
    found = []
    rows = entries.select("arxiv_id", "doi", "title_key").with_row_index("row")
    keys = (
        ("arxiv_id", "same_arxiv_id", 6.0),
        ("doi", "same_doi", 5.0),
        ("title_key", "same_title", 4.0),
    )
    for key, rule, strength in keys:
        own = rows.drop_nulls(key).select("row", key)
        pairs = own.join(own, on=key, suffix="_other").filter(pl.col("row") < pl.col("row_other"))
        found.append(
            pairs.select(
                one="row",
                other="row_other",
                match_rule=pl.lit(rule),
                match_decision=pl.lit("same"),
                strength=pl.lit(strength),
            )
        )
    links = pl.concat(found).unique(["one", "other"], keep="first", maintain_order=True)
    return links.sort("one", "other")


Pairs = list[tuple[list[int], list[int]]]


def rejoined(keys: list[Key], same: Pairs, different: Pairs) -> clusters.Clustered:
    numbered = list(enumerate([*same, *different]))
    told = clusters.Told(dict(numbered[: len(same)]), dict(numbered[len(same) :]))
    entries = frame_of(keys)
    return clusters.of_same_paper(entries, links_of(entries), told)


def unsaid(keys: list[Key]) -> clusters.Clustered:
    return rejoined(keys, [], [])


def groups(keys: list[Key], same: Pairs = [], different: Pairs = []) -> list[list[int]]:  # noqa: B006
    found: dict[int, list[int]] = {}
    for row, cluster in enumerate(rejoined(keys, same, different).entries["cluster"]):
        found.setdefault(cluster, []).append(row)
    assert list(found) == list(range(len(found)))  # in the order of their first entries
    return list(found.values())


ONE, TWO = "2401.00001", "2401.00002"


def test_two_arxiv_ids_meet_where_people_say_so() -> None:
    keys: list[Key] = [(ONE, None, "a"), (TWO, None, "b"), (TWO, None, "c"), (None, None, "b")]
    assert groups(keys, [([0], [1])]) == [[0, 1, 2, 3]]


def test_what_has_no_arxiv_id_takes_none_along_that_people_did_not_name() -> None:
    # the second goes with the third, as told, and not with the first, as its title has it
    keys: list[Key] = [(ONE, None, "a"), (None, None, "a"), (TWO, None, "b")]
    assert groups(keys, [([1], [2])]) == [[0], [1, 2]]


def test_the_weakest_of_the_links_is_cut() -> None:
    chain: list[Key] = [(None, "10.5555/x", "a"), (None, "10.5555/x", "b"), (None, None, "b")]
    assert groups(chain) == [[0, 1, 2]]
    assert groups(chain, different=[([0], [2])]) == [[0, 1], [2]]
    weak_first: list[Key] = [(None, None, "a"), (None, "10.5555/x", "a"), (None, "10.5555/x", "b")]
    assert groups(weak_first, different=[([0], [2])]) == [[0], [1, 2]]


def test_even_one_arxiv_id_can_be_two_papers() -> None:
    keys: list[Key] = [(ONE, None, "a"), (ONE, None, "b"), (ONE, None, "c")]
    assert groups(keys, different=[([0], [1])]) == [[0, 2], [1]]


def test_a_link_that_was_blocked_is_made_where_what_blocked_it_is_told_apart() -> None:
    keys: list[Key] = [(ONE, "10.5555/x", "a"), (None, "10.5555/x", "b"), (TWO, None, "b")]
    assert groups(keys) == [[0, 1], [2]]
    assert groups(keys, different=[([0], [1])]) == [[0], [1, 2]]


def test_a_pair_that_another_makes_needed_is_no_stale_one() -> None:
    # by title all are one; told that 1 is not 2, the pair of 0 and 1 holds what that would part
    keys: list[Key] = [(None, None, "a"), (None, None, "a"), (None, None, "a")]
    told = rejoined(keys, [([0], [2])], [([0], [1])])
    assert told.entries["cluster"].to_list() == [0, 1, 0]
    assert told.needed == {1}
    told = rejoined(keys, [([1], [2])], [([0], [1])])
    assert told.entries["cluster"].to_list() == [0, 1, 1]
    assert told.needed == {0, 1}


keys = st.tuples(
    st.sampled_from([None, ONE, TWO, "2401.00003"]),
    st.sampled_from([None, "10.5555/a", "10.5555/b"]),
    st.sampled_from(["tides", "moons", "waves"]),
)


@st.composite
def told_pairs(draw: st.DrawFn) -> tuple[list[Key], Pairs, Pairs]:
    entries = draw(st.lists(keys, min_size=2, max_size=10))
    row = st.integers(0, len(entries) - 1)
    pairs = st.lists(
        st.tuples(row, row).filter(lambda p: p[0] != p[1]).map(lambda p: ([p[0]], [p[1]])),
        max_size=3,
    )
    return entries, draw(pairs), draw(pairs)


@given(told_pairs())
def test_what_people_say_holds_or_is_told_to_contradict_itself(
    told: tuple[list[Key], Pairs, Pairs],
) -> None:
    entries, same, different = told
    try:
        found = rejoined(entries, same, different)
    except clusters.Apart as apart:
        # what is named is enough for the contradiction
        named = [same[n] for n in apart.same], [different[apart.different - len(same)]]
        with pytest.raises(clusters.Apart):
            rejoined(entries, *named)
        return
    cluster = found.entries["cluster"]
    assert all(cluster[one[0]] == cluster[other[0]] for one, other in same)
    assert all(cluster[one[0]] != cluster[other[0]] for one, other in different)
    assert found.entries["entry_id"].to_list() == [f"d{n:03d}" for n in range(len(entries))]
    joined = found.matches.filter(pl.col("match_decision") == "same")
    assert joined.height >= len(entries) - cluster.n_unique()


CONTESTED: list[Key] = [
    (None, None, "tides"), (None, None, "tides"), (None, "10.5555/a", "moons"),
    (ONE, None, "moons"), (TWO, "10.5555/a", "moons"), (None, None, "moons"),
]  # fmt: skip


@given(told_pairs())
@example((CONTESTED, [], [([0], [3])]))
@example((CONTESTED, [], [([0], [1]), ([0], [3])]))
def test_pairs_that_are_not_needed_make_no_difference(
    told: tuple[list[Key], Pairs, Pairs],
) -> None:
    entries, same, different = told
    try:
        found = rejoined(entries, same, different)
    except clusters.Apart:
        return
    kept_same = [p for n, p in enumerate(same) if n in found.needed]
    kept = [p for n, p in enumerate(different, len(same)) if n in found.needed]
    if not kept_same and not kept:
        assert found.entries.equals(unsaid(entries).entries)
    else:
        assert rejoined(entries, kept_same, kept).entries.equals(found.entries)


@given(st.lists(keys, min_size=1, max_size=12))
def test_told_nothing_of_weight_the_clusters_are_as_they_were(entries: list[Key]) -> None:
    plain = unsaid(entries)
    found = rejoined(entries, [([0], [0])], [])
    assert found.entries.equals(plain.entries)
    assert found.matches.equals(plain.matches)
    assert not found.needed


def test_the_order_of_dumps_and_of_corrections_changes_no_paper(tmp_path: Path) -> None:
    names = list("abcdef")
    own = {n: f"A Paper of Page {n.upper()}" for n in names}
    pages = {n: page(Listed("Tides" if n < "d" else "Ebb"), bare(own[n])) for n in names}
    line = line_of(pages["a"], "Tides")
    items = [
        {"pair": [{"paper": own["a"]}, {"paper": own["b"]}], "reason": "r"},
        {"pair": [{"paper": own["c"]}, {"paper": own["d"]}], "reason": "r"},
    ]
    apart = [{"pair": [{"paper": "Tides"}, {"dump": "b.txt", "line": line}], "reason": "r"}]
    releases = []
    for turn in (1, -1):
        folder = tmp_path / str(turn)
        folder.mkdir()
        text = yaml.safe_dump({"same": items[::turn], "different": apart})
        releases.append(corrected(folder, text, {n: pages[n] for n in names[::turn]}))
        assert set(releases[-1]["corrections"]["status"]) == {"applied"}
    for name in ("papers", "sightings", "matches"):
        assert releases[0][name].equals(releases[1][name]), name


# the end


def test_laws_see_a_fix_that_does_not_show_and_a_paper_that_is_not_there(tmp_path: Path) -> None:
    release = corrected(tmp_path, fix(), TIDES)

    def broken(**tables: pl.DataFrame) -> list[str]:
        checked = laws.checks({**release, **tables})
        every = [checked[kind].laws for kind in ("conservation", "references")]
        wrong = pl.concat(every).filter(pl.col("expected") != pl.col("found"))
        return wrong["law"].to_list()

    unfixed = release["papers"].with_columns(n_authors=pl.lit(3, pl.Int32))
    assert broken(papers=unfixed) == ["fixes of papers, applied = those to be seen"]
    for column in ("other_paper_id", "other_entry_id"):
        of_none = release["corrections"].with_columns(pl.lit("p0").alias(column))
        owners = "papers" if "paper" in column else "sightings"
        assert broken(corrections=of_none) == [f"corrections whose {column} is not in {owners}"]


def test_stale_corrections_are_told_with_their_lines(tmp_path: Path) -> None:
    release = corrected(tmp_path, fix(expects=2) + fix(paper="Ebb", expects=None)[7:], TIDES)
    file = tmp_path / "corrections.parquet"
    tables.write_parquet(release["corrections"], "corrections", file)
    assert report.stale_message(file) == (
        "1 correction is stale, and was not applied:\n"
        "  line 2: fix of n_authors, paper: Tides: It expects the n_authors 2, and finds 3."
    )
    applied = release["corrections"].filter(pl.col("status") == "applied")
    tables.write_parquet(applied, "corrections", file)
    assert report.stale_message(file) is None


def test_the_evidence_of_merging_is_that_of_the_dictionary() -> None:
    allowed = dictionary.table("papers").column("published_on_evidence").allowed
    assert allowed == merging.EVIDENCE
