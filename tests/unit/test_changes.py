from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import changes, dictionary, tables
from paperdump.redirects import Earlier, redirects

NO_PAPERS = pl.DataFrame(schema={"paper_id": pl.String})


class Tables:
    """A release in memory."""

    piece_rows = 2

    def __init__(self, frames: Mapping[str, pl.DataFrame], **manifest: Any) -> None:
        self.frames = dict(frames)
        self.manifest: Mapping[str, Any] = {
            "code_digests": {"dedupe": "1"}, "config": {}, "packages": {}, **manifest,
        }  # fmt: skip

    def names(self) -> list[str]:
        return sorted(self.frames)

    def schema(self, name: str) -> dict[str, str]:
        return {n: str(t) for n, t in self.frames[name].schema.items()}

    def key(self, name: str) -> list[str]:
        return list(dictionary.table(name).key)

    def read(self, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        frame = self.frames.get(name, pl.DataFrame())
        return frame.select(c for c in columns or frame.columns if c in frame.columns)

    def pieces(self, name: str, columns: Sequence[str], first: int = 0) -> Iterator[pl.DataFrame]:
        yield from self.read(name, columns).slice(first).iter_slices(self.piece_rows)

    def begins_as(self, other: Tables, name: str) -> Mapping[str, int]:
        one, two = (side.frames.get(name, pl.DataFrame()) for side in (self, other))
        n = min(one.height, two.height)
        return {
            c: next(iter(one[c].head(n).ne_missing(two[c].head(n)).arg_true()), n)
            for c in one.columns
            if c in two.columns and one.schema[c] == two.schema[c]
        }


def release(
    papers: Mapping[str, Sequence[str]], *, values: Mapping[str, Any] | None = None, **more: Any
) -> Tables:
    """A release of papers, each given by its entries, such as ``a1``: the first of dump ``a``.

    Args:
        papers: The entries of each paper.
        values: Rows of papers: what they have beside their ids.
        more: Tables, or what the manifest has.
    """
    rows = [{"paper_id": p, "title": p, **(values or {}).get(p, {})} for p in papers]
    entries = [
        {
            "entry_id": entry, "paper_id": p, "dump_id": entry[0], "position": int(entry[1:]),
            "first_line": int(entry[1:]), "title": entry,
        }
        for p, own in papers.items() for entry in own
    ]  # fmt: skip
    dumps = sorted({entry["dump_id"] for entry in entries})
    frames = {
        "papers": tables.frame_of("papers", rows),
        "sightings": tables.frame_of("sightings", entries),
        "dumps": tables.frame_of(
            "dumps", [{"dump_id": d, "path": f"{d}.txt", "sha256": f"of {d}"} for d in dumps]
        ),
        **{n: tables.frame_of(n, more.pop(n, [])) for n in ("matches", "corrections")},
    }
    return Tables(frames, **more)


def told(old: Tables, new: Tables, about: str, *columns: str) -> list[tuple[Any, ...]]:
    found = changes.between(old, new).filter(pl.col("about") == about)
    return found.select(columns).rows()


def flows(old: Tables, new: Tables) -> list[tuple[Any, ...]]:
    """What became of papers: the change, the ids before and now, why."""
    found = changes.between(old, new).filter(
        (pl.col("about") == "paper") & (pl.col("change") != "changed")
    )
    return found.select("change", "paper_id", "old_value", "new_value", "why").rows()


def test_the_same_release_has_no_changes() -> None:
    one = release({"p1": ["a1"], "p2": ["a2", "b1"]})
    assert changes.between(one, one).is_empty()


def test_a_paper_of_a_new_dump_is_added_by_new_evidence() -> None:
    found = flows(release({"p1": ["a1"]}), release({"p1": ["a1"], "p2": ["b1"]}))
    assert found == [("added", "p2", None, None, "new_evidence")]


def test_a_paper_of_a_dump_that_is_gone_is_removed_by_lost_evidence() -> None:
    found = flows(release({"p1": ["a1"], "p2": ["b1"]}), release({"p1": ["a1"]}))
    assert found == [("removed", "p2", None, None, "lost_evidence")]


def test_a_paper_that_the_code_no_longer_makes_is_removed_by_a_new_rule() -> None:
    new = release({"p1": ["a1"]}, code_digests={"dedupe": "2"})
    assert flows(release({"p1": ["a1"], "p2": ["a2"]}), new) == [
        ("removed", "p2", None, None, "new_rule")
    ]


def test_papers_that_a_new_dump_joins_are_merged() -> None:
    old = release({"p1": ["a1"], "p2": ["a2"]})
    new = release({"p1": ["a1", "a2", "b1"]})
    assert flows(old, new) == [("merged", "p1", '"p2"', '"p1"', "new_evidence")]


def test_a_merge_names_the_rule_that_joined() -> None:
    pair = {"entry_id_kept": "a1", "entry_id_repeat": "a2", "match_rule": "same_doi"}
    new = release(
        {"p1": ["a1", "a2"]},
        matches=[{**pair, "match_decision": "same"}],
        code_digests={"dedupe": "2"},
    )
    old = release({"p1": ["a1"], "p2": ["a2"]})
    found = changes.between(old, new).filter(pl.col("change") == "merged")
    assert found.select("why", "detail").rows() == [("new_rule", "by same_doi")]


def test_a_paper_that_is_two_now_is_split() -> None:
    old, new = release({"p1": ["a1", "a2"]}), release({"p1": ["a1"], "p2": ["a2"]})
    assert flows(old, new) == [("split", "p2", '"p1"', '"p2"', None)]


def test_a_paper_under_another_id_is_moved_and_its_values_are_compared() -> None:
    old = release({"p1": ["a1"]}, values={"p1": {"title": "Ebb"}})
    new = release({"p2": ["a1"]}, values={"p2": {"title": "Flow"}})
    assert flows(old, new) == [("moved", "p2", '"p1"', '"p2"', None)]
    assert ("p2", "title", '"Ebb"', '"Flow"') in told(
        old, new, "paper", "paper_id", "field", "old_value", "new_value"
    )


def test_an_entry_that_went_to_another_paper_is_told_where_both_stay() -> None:
    old = release({"p1": ["a1", "a2"], "p2": ["a3"]})
    new = release({"p1": ["a1"], "p2": ["a2", "a3"]})
    assert flows(old, new) == [("regrouped", "p2", '"p1"', '"p2"', None)]


def test_entries_are_known_by_their_place_where_rules_number_them_anew() -> None:
    old = release({"p1": ["a1"], "p2": ["a2"]})
    new = release({"p1": ["a1"], "p2": ["a2"]}, code_digests={"dedupe": "2"})
    shifted = pl.col("position") + 1
    new.frames["sightings"] = new.frames["sightings"].with_columns(
        position=shifted, entry_id=pl.format("a{}", shifted)
    )
    assert flows(old, new) == []


def test_a_dump_at_another_path_is_moved_and_its_papers_stay() -> None:
    old, new = release({"p1": ["a1"]}), release({"p1": ["b1"]})
    new.frames["dumps"] = new.frames["dumps"].with_columns(sha256=pl.lit("of a"))
    assert flows(old, new) == []
    assert told(old, new, "dump", "change", "field", "old_value", "new_value") == [
        ("moved", "path", '"a.txt"', '"b.txt"')
    ]


def test_dumps_that_came_say_what_they_brought() -> None:
    old, new = release({"p1": ["a1"]}), release({"p1": ["a1", "b1"], "p2": ["b2"]})
    assert told(old, new, "dump", "change", "label", "detail") == [
        ("added", "b.txt", "entries: 2, new papers: 1, known papers: 1")
    ]


def value_change(old: Tables, new: Tables) -> list[tuple[Any, ...]]:
    found = changes.between(old, new).filter(pl.col("change") == "changed")
    return found.filter(pl.col("about") == "paper").select("paper_id", "field", "why").rows()


def three() -> tuple[dict[str, Any], dict[str, Any]]:
    return {"p1": {"n_authors": 3}}, {"p1": {"n_authors": 4}}


def test_a_value_from_a_new_entry_is_new_evidence() -> None:
    before, after = three()
    old = release({"p1": ["a1"]}, values=before)
    new = release({"p1": ["a1", "b1"]}, values=after)
    assert value_change(old, new) == [("p1", "n_authors", "new_evidence")]


def test_a_value_that_only_the_code_explains_is_a_new_rule() -> None:
    before, after = three()
    old = release({"p1": ["a1"]}, values=before)
    new = release({"p1": ["a1"]}, values=after, code_digests={"dedupe": "2"})
    assert value_change(old, new) == [("p1", "n_authors", "new_rule")]


def test_a_value_of_a_rule_in_the_settings_is_a_new_rule_too() -> None:
    before, after = three()
    old = release({"p1": ["a1"]}, values=before, config={"dates": {"infer_years": True}})
    new = release({"p1": ["a1"]}, values=after, config={"dates": {"infer_years": False}})
    assert value_change(old, new) == [("p1", "n_authors", "new_rule")]
    assert told(old, new, "settings", "field", "old_value", "new_value") == [
        ("dates.infer_years", "true", "false")
    ]


def test_code_of_stages_that_decide_nothing_is_no_rule() -> None:
    before, after = three()
    old = release({"p1": ["a1"]}, values=before)
    new = release({"p1": ["a1", "b1"]}, values=after, code_digests={"dedupe": "1", "validate": "2"})
    assert value_change(old, new) == [("p1", "n_authors", "new_evidence")]


FIX = {"kind": "fix", "names": "p1", "field": "n_authors", "new_value": "4", "paper_id": "p1"}


@pytest.mark.parametrize("reverse", [False, True])
def test_a_correction_that_came_or_went_is_why(reverse: bool) -> None:
    before, after = three()
    old = release({"p1": ["a1"]}, values=before)
    new = release({"p1": ["a1", "b1"]}, values=after, corrections=[{**FIX, "status": "applied"}])
    if reverse:
        old, new = new, old
    assert value_change(old, new) == [("p1", "n_authors", "correction")]


def test_a_correction_that_is_stale_explains_nothing() -> None:
    before, after = three()
    old = release({"p1": ["a1"]}, values=before)
    new = release({"p1": ["a1", "b1"]}, values=after, corrections=[{**FIX, "status": "stale"}])
    assert value_change(old, new) == [("p1", "n_authors", "new_evidence")]


def test_a_pair_told_to_be_the_same_is_why_papers_are_merged() -> None:
    pair = {"kind": "same", "names": "p1, p2", "paper_id": "p1", "other_paper_id": "p1"}
    old = release({"p1": ["a1"], "p2": ["a2"]})
    new = release({"p1": ["a1", "a2"]}, corrections=[{**pair, "status": "applied"}])
    assert flows(old, new) == [("merged", "p1", '"p2"', '"p1"', "correction")]


def test_where_rules_and_evidence_changed_a_day_has_no_certain_reason() -> None:
    before = {"p1": {"n_authors": 3, "published_on_evidence": "inferred"}}
    after = {"p1": {"n_authors": 4, "published_on_evidence": "confirmed"}}
    old = release({"p1": ["a1"]}, values=before)
    new = release({"p1": ["a1"], "p2": ["b1"]}, values=after, code_digests={"dedupe": "2"})
    assert value_change(old, new) == [
        ("p1", "n_authors", "new_rule"),
        ("p1", "published_on_evidence", None),
    ]


def test_columns_that_came_went_or_have_another_type_are_told_apart_from_the_data() -> None:
    old, new = release({"p1": ["a1"]}), release({"p1": ["a1"]})
    old.frames["papers"] = (
        old.frames["papers"].drop("doi").with_columns(pl.col("n_sightings").cast(pl.Int64))
    ).with_columns(pages=pl.lit(3))
    del old.frames["matches"]
    assert told(old, new, "schema", "change", "table_name", "field", "old_value", "new_value") == [
        ("added", "matches", None, None, None),
        ("added", "papers", "doi", None, '"String"'),
        ("changed", "papers", "n_sightings", '"Int64"', '"Int32"'),
        ("removed", "papers", "pages", '"Int32"', None),
    ]
    assert told(old, new, "paper", "field") == []


def test_a_retyped_column_is_compared_by_value() -> None:
    values = {"p1": {"n_authors": 3}, "p2": {"n_authors": 4}}
    old = release({"p1": ["a1"], "p2": ["a2"]}, values=values)
    new = release({"p1": ["a1"], "p2": ["a2"]}, values={**values, "p2": {"n_authors": 5}})
    old.frames["papers"] = old.frames["papers"].with_columns(pl.col("n_authors").cast(pl.Int64))
    assert told(old, new, "paper", "paper_id", "field", "old_value", "new_value") == [
        ("p2", "n_authors", "4", "5")
    ]


VALUES = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["a", "ab", "", None]),
        "authors": st.sampled_from([["x"], ["x", "y"], [], [None], None]),
        "n_authors": st.sampled_from([1, 2, None]),
    }
)
PAPERS = st.lists(st.tuples(st.sampled_from("pqrstuvw"), VALUES), unique_by=lambda pair: pair[0])


@given(PAPERS, PAPERS, st.integers(0, 3), st.integers(0, 3), st.integers(1, 4))
def test_the_values_that_differ_are_those_of_the_rows_of_a_paper_wherever_they_stand(
    before: list[Any], after: list[Any], near: int, few: int, piece: int
) -> None:
    """Whatever is near, few, or held at a time: as if row by row."""
    old, new = (
        Tables({"papers": tables.frame_of("papers", [{"paper_id": p, **v} for p, v in rows])})
        for rows in (before, after)
    )
    then, now = dict(before), dict(after)
    expected = {
        (p, p, column, *(to_json(side[p][column]) for side in (then, now)))
        for p in then.keys() & now.keys()
        for column in then[p]
        if then[p][column] != now[p][column]
    }
    pairs = ids(*sorted(then.keys() & now.keys())).select(old_id="paper_id", new_id="paper_id")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "_NEAR", near)
        patch.setattr(changes, "_FEW", few)
        patch.setattr(Tables, "piece_rows", piece)
        found = changes.values_changed(old, new, "papers", "paper_id", pairs).rows()
    assert len(found) == len(set(found))
    assert set(found) == expected


def to_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))


ENTRIES = st.dictionaries(
    st.sampled_from(["a1", "a2", "a3", "b1", "b2", "c1"]), st.sampled_from("pqrs")
)


def of_entries(entries: Mapping[str, str]) -> Tables:
    papers: dict[str, list[str]] = {}
    for entry, paper in sorted(entries.items()):
        papers.setdefault(paper, []).append(entry)
    made = release(papers)
    made.frames["sightings"] = made.frames["sightings"].sort("dump_id", "position")
    return made


@given(ENTRIES, ENTRIES, st.sets(st.sampled_from(["a1", "a2", "b1", "c1"])))
def test_entries_that_their_order_shows_to_be_the_same_are_those_that_a_join_finds(
    before: dict[str, str], after: dict[str, str], elsewhere: set[str]
) -> None:
    old, new = of_entries(before), of_entries(after)
    new.frames["sightings"] = (
        new.frames["sightings"]
        .with_columns(
            first_line=pl.when(pl.col("entry_id").is_in(elsewhere)).then(9).otherwise("first_line")
        )
        .cast(old.frames["sightings"].schema)
    )  # type: ignore[arg-type]
    found = changes.Paths.between(old, new)
    with pytest.MonkeyPatch.context() as patch:
        none = pl.DataFrame(
            schema=dict.fromkeys(
                ("old_entry_id", "old_paper_id", "entry_id", "paper_id"), pl.String
            )
        )
        patch.setattr(changes, "_alike", lambda one, other: (none, one, other))
        joined = changes.Paths.between(old, new)
    for name in ("entries", "papers", "flows"):
        one, other = getattr(found, name), getattr(joined, name)
        assert one.sort(one.columns).equals(other.select(one.columns).sort(one.columns))


def month(**papers: int) -> pl.DataFrame:
    rows = [{"version": "v", "host": host, "papers": n} for host, n in papers.items()]
    return tables.frame_of("summaries/code_links", rows)


def test_what_moved_in_a_summary_is_told_row_by_row() -> None:
    one, other = Tables({"summaries/code_links": month(a=1, b=2)}), month(b=3, c=4)
    found = changes.summary_changed(
        "summaries/code_links", one, Tables({"summaries/code_links": other})
    )
    assert found.select("change", "row_key", "field", "old_value", "new_value").rows() == [
        ("added", '{"host":"c"}', None, None, None),
        ("removed", '{"host":"a"}', None, None, None),
        ("changed", '{"host":"b"}', "papers", "2", "3"),
    ]


def test_a_summary_in_which_nearly_all_differs_is_told_in_a_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "_MOST_OF_SUMMARY", 2)
    one, other = Tables({"summaries/code_links": month(a=1, b=2)}), month(b=3, c=4)
    found = changes.summary_changed(
        "summaries/code_links", one, Tables({"summaries/code_links": other})
    )
    assert found.select("about", "change", "row_key", "field", "old_value", "new_value").rows() == [
        ("summary", "changed", "{}", "rows", "2", "2")
    ]


def ids(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"paper_id": list(names)}, schema={"paper_id": pl.String})


def led(old: Tables, new: Tables, earlier: Sequence[tuple[str, str | None, str]] = ()) -> list[Any]:
    known = pl.DataFrame(
        earlier, schema=dict.fromkeys(tables.polars_schema("redirects"), pl.String), orient="row"
    )
    step = Earlier(changes.paper_links(old, new), old.read("papers", ["paper_id"]), known)
    return redirects([step], new.read("papers", ["paper_id"])).rows()


def test_an_id_that_stays_leads_to_itself() -> None:
    assert led(release({"p1": ["a1"]}), release({"p1": ["a1"], "p2": ["b1"]})) == [
        ("p1", "p1", "current"),
        ("p2", "p2", "current"),
    ]


def test_an_id_that_moved_leads_to_where_its_entries_are() -> None:
    found = led(release({"p1": ["a1", "a2"]}), release({"p2": ["a1", "a2"]}))
    assert found == [("p1", "p2", "moved"), ("p2", "p2", "current")]


def test_an_id_that_was_merged_leads_to_the_whole() -> None:
    found = led(release({"p1": ["a1"], "p2": ["a2"]}), release({"p1": ["a1", "a2"]}))
    assert found == [("p1", "p1", "current"), ("p2", "p1", "merged")]


def test_an_id_whose_paper_was_split_leads_to_all() -> None:
    found = led(release({"p1": ["a1", "a2"]}), release({"p2": ["a1"], "p3": ["a2"]}))
    assert found[:2] == [("p1", "p2", "split"), ("p1", "p3", "split")]


def test_an_id_without_entries_is_gone() -> None:
    found = led(release({"p1": ["a1"]}), release({"p2": ["b1"]}))
    assert found == [("p1", None, "dump_gone"), ("p2", "p2", "current")]


def test_an_id_whose_dump_is_read_otherwise_says_so() -> None:
    found = led(release({"p1": ["a1"], "p2": ["a2"]}), release({"p2": ["a2"]}))
    assert found == [("p1", None, "entry_gone"), ("p2", "p2", "current")]


def test_earlier_redirects_are_followed_on() -> None:
    earlier = [("p0", "p1", "merged"), ("p8", None, "dump_gone"), ("p9", "p5", "moved")]
    old, new = release({"p1": ["a1"], "p5": ["a5"]}), release({"p2": ["a1"], "p5": ["a5"]})
    assert led(old, new, earlier) == [
        ("p0", "p2", "merged"),
        ("p1", "p2", "moved"),
        ("p2", "p2", "current"),
        ("p5", "p5", "current"),
        ("p8", None, "dump_gone"),
        ("p9", "p5", "moved"),
    ]


def test_an_id_that_came_back_leads_to_itself() -> None:
    old, new = release({"p2": ["a1"]}), release({"p1": ["a1"]})
    found = led(old, new, [("p1", "p2", "moved")])
    assert found == [("p1", "p1", "current"), ("p2", "p1", "moved")]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a1", "a2", "a3", "b1", "b2", "c1"]), st.sampled_from("pqrs")
        ),
        min_size=2,
        max_size=4,
    )
)
def test_every_id_ever_leads_to_current_ones_or_nowhere(steps: list[dict[str, str]]) -> None:
    """Over a random history of entries and their papers."""
    ever: set[str] = set()
    known = tables.frame_of("redirects", [])
    before: Tables | None = None
    for entries in steps:
        papers: dict[str, list[str]] = {}
        for entry, paper in entries.items():
            papers.setdefault(paper, []).append(entry)
        now = release(papers)
        earlier = []
        if before:
            links = changes.paper_links(before, now)
            earlier = [Earlier(links, before.read("papers", ["paper_id"]), known)]
        known = redirects(earlier, now.read("papers", ["paper_id"]))
        ever |= set(papers)
        assert set(known["old_paper_id"]) == ever
        assert set(known["new_paper_id"].drop_nulls()) == set(papers)
        for paper in papers:
            rows = known.filter(pl.col("old_paper_id") == paper).rows()
            assert rows == [(paper, paper, "current")]
        before = now


@given(
    st.lists(st.sampled_from([0.0, -0.0, 1.0, None, float("nan")]), max_size=6),
    st.lists(st.sampled_from([0.0, -0.0, 1.0, None, float("nan")]), max_size=6),
)
def test_only_rows_at_either_end_that_are_alike_are_passed_over(
    before: list[float | None], after: list[float | None]
) -> None:
    whole = [pl.DataFrame({"x": x}, schema={"x": pl.Float64}) for x in (before, after)]
    words = [changes.as_json(frame["x"]).to_list() for frame in whole]
    left = [changes.as_json(frame["x"]).to_list() for frame in changes._unequal_part(*whole)]
    passed = len(words[0]) - len(left[0])
    # the same rows, in words, stand before and behind what is left of either
    ends = [(words[0][:n], words[0][len(words[0]) - passed + n :]) for n in range(passed + 1)]
    assert any(all([*begin, *left[n], *end] == words[n] for n in (0, 1)) for begin, end in ends)


SUMMARY = st.lists(
    st.tuples(
        st.sampled_from(["m", "n", "o"]),
        st.sampled_from("tuv"),
        st.sampled_from([0.0, -0.0, 1.0, None, float("nan")]),
    ),
    max_size=12,
)


@given(SUMMARY, SUMMARY, st.booleans())
def test_runs_of_rows_that_are_alike_make_no_difference_to_what_is_told(
    before: list[Any], after: list[Any], in_order: bool
) -> None:
    name = "summaries/date_evidence"
    columns = ("dump_id", "published_on_evidence", "share")

    def side(rows: list[Any]) -> Tables:
        ordered = sorted(rows, key=lambda row: row[:2]) if in_order else rows
        made = [{"scope": "dump", **dict(zip(columns, row, strict=True))} for row in ordered]
        return Tables({name: tables.frame_of(name, made)})

    old, new = side(before), side([*after, *before[:6]])
    found = changes.summary_changed(name, old, new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "_unequal_runs", lambda one, other, _: (one, other))
        expected = changes.summary_changed(name, old, new)
    assert tables.conform(found, "changes").equals(tables.conform(expected, "changes"))


def test_runs_that_changed_places_are_told() -> None:
    name = "summaries/date_evidence"
    rows = [
        {"scope": "dump", "dump_id": d, "published_on_evidence": "stated", "rows": n}
        for d, n in (("d", 1), ("d", 1), ("e", 2), ("e", 2), ("d", 3), ("d", 3))
    ]
    one, other = (
        Tables({name: tables.frame_of(name, made)})
        for made in (rows, [*rows[4:], *rows[2:4], *rows[:2]])
    )
    found = changes.summary_changed(name, one, other)
    assert found.select("old_value", "new_value").rows() == [
        ("1", "3"), ("1", "3"), ("3", "1"), ("3", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_what_surely_differs_is_no_more_than_what_does(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "summaries/date_evidence"
    shares = ([0.0, None, 1.0, float("inf"), 2.0], [-0.0, 1.0, None, float("nan"), 2.0])
    one, other = (
        Tables({name: tables.frame_of(name, [
            {"scope": "dump", "dump_id": f"d{n}", "share": share} for n, share in enumerate(side)
        ])})
        for side in shares
    )  # fmt: skip
    every = changes.summary_changed(name, one, other).height
    monkeypatch.setattr(changes, "_MOST_OF_SUMMARY", most)
    assert changes.summary_changed(name, one, other).height == (every if every <= most else 1)
