from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import dedupe, dictionary, tables
from paperdump.dedupe import clusters, likeness, matching, merging
from paperdump.dedupe.dating import Inference
from tests.conftest import tried
from tests.pages import Listed, bare, page
from tests.tables_of import limits, normalized, release_of

LONG = "A long abstract. It has two sentences, and this one goes on."


def papers(folder: Path, **pages: str) -> list[dict[str, object]]:
    return release_of(folder, **pages)["papers"].sort("title").to_dicts()


def test_entries_with_the_same_normalized_title_are_one_paper(tmp_path: Path) -> None:
    release = release_of(
        tmp_path,
        a=page(Listed("Tidal Nets: A Study"), Listed("Another")),
        b=page(bare("tidal nets — a study")),
    )
    assert release["papers"].height == 2
    assert release["sightings"].height == 3
    [pair] = release["matches"].to_dicts()
    assert (pair["match_rule"], pair["match_decision"]) == ("same_title", "same")
    assert pair["entry_id_kept"] != pair["entry_id_repeat"]


def test_the_same_paper_twice_on_a_page_is_one_paper(tmp_path: Path) -> None:
    [paper] = papers(tmp_path, a=page(Listed("Tides"), Listed("Tides")))
    assert (paper["n_sightings"], paper["n_dumps"]) == (2, 1)


def test_the_best_values_of_the_sightings_survive(tmp_path: Path) -> None:
    [paper] = papers(
        tmp_path,
        a=page(Listed("Tides", "Short. Cut o", "  • 3 authors", "May 2 4")),
        b=page(Listed("Tides", LONG, "  • 3 authors", "May 2, 2024 9")),
        c=page(bare("Tides", LONG)),
        d=page(Listed("Tides", LONG, "tide-lab Tide Lab", "May 2")),
    )
    assert paper["abstract"] == LONG
    assert paper["n_authors"] == 3
    assert paper["organization_slug"] == "tide-lab"
    assert paper["published_on"] == dt.date(2024, 5, 2)
    assert paper["published_on_evidence"] == "stated"
    assert paper["n_comments"] == 9
    assert paper["conflicts"] == ["abstract"]


def test_unknown_values_stay_null(tmp_path: Path) -> None:
    [paper] = papers(tmp_path, a=page(bare("Tides"), bare("Tides")))
    for name in ("n_authors", "published_on", "published_on_evidence", "n_comments", "arxiv_id"):
        assert paper[name] is None
    assert paper["conflicts"] == []


def test_links_of_all_sightings_are_kept_once(tmp_path: Path) -> None:
    [paper] = papers(
        tmp_path,
        a=page(bare("Tides", "Code: https://github.com/a/b. Data too.")),
        b=page(bare("Tides", "Code: https://github.com/a/b and https://x.org/c are here.")),
    )
    assert paper["urls"] == ["https://github.com/a/b", "https://x.org/c"]
    assert paper["code_urls"] == ["https://github.com/a/b"]


def test_the_most_frequent_value_wins_and_disagreement_is_recorded(tmp_path: Path) -> None:
    [paper] = papers(
        tmp_path,
        a=page(Listed("Tides", date="May 1, 2023")),
        b=page(Listed("Tides", date="May 2, 2024")),
        c=page(Listed("TIDES", date="May 2, 2024")),
    )
    assert paper["published_on"] == dt.date(2024, 5, 2)
    assert paper["title"] == "Tides"
    assert paper["conflicts"] == ["title", "published_on"]


def test_slug_and_name_of_an_organisation_come_from_the_same_sightings(tmp_path: Path) -> None:
    lines = ["aa Alpha", "bb Beta", "bb Gamma", "cc Alpha", "bb Beta"]
    pages = {f"p{n}": page(Listed("Tides", byline=line)) for n, line in enumerate(lines)}
    [paper] = papers(tmp_path, **pages)
    assert (paper["organization_slug"], paper["organization_name"]) == ("bb", "Beta")


def test_a_later_dump_moves_no_id(tmp_path: Path) -> None:
    before = release_of(tmp_path / "x", m=page(Listed("Tides"), Listed("Ebb")))
    after = release_of(tmp_path / "x", a=page(Listed("TIDES"), Listed("Flow")))
    assert set(before["papers"]["paper_id"]) < set(after["papers"]["paper_id"])


def test_every_merge_rule_has_its_columns() -> None:
    rules = {c.merge for c in dictionary.table("papers").columns if c.merge}
    assert rules == set(dictionary.MERGE_RULES)


def test_a_merge_rule_that_does_not_exist_is_an_error() -> None:
    frame = pl.DataFrame({"paper_id": ["p"], "title": ["x"]})
    with pytest.raises(ValueError, match="no merge rule"):
        merging._merge_column(frame, "title", "loudest", ())


title_lists = st.lists(
    st.sampled_from(["Tides", "tides!", "Ebb", "Flow", "FLOW", "Surge"]), min_size=1, max_size=12
)


@tried(15)
@given(title_lists, st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_nothing(titles: list[str], random: object) -> None:
    rows = [
        {
            "entry_id": f"d{n % 3}-{n:05d}",
            "dump_id": f"d{n % 3}",
            "position": n + 1,
            "title": title,
            "abstract": f"Abstract {n % 4}",
            "n_comments": n,
            "urls": [f"https://x.org/{n % 2}"],
        }
        for n, title in enumerate(titles)
    ]
    dump_rows = [{"dump_id": f"d{n}", "path": f"{9 - n}.txt", "notes": []} for n in range(3)]
    shuffled, shuffled_dumps = rows[:], dump_rows[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(shuffled_dumps)  # type: ignore[attr-defined]
    inference = Inference(enabled=True, min_dates=1, min_in_year=1)
    one = dedupe.dedupe(normalized(rows), tables.frame_of("dumps", dump_rows), inference, limits())
    two = dedupe.dedupe(
        normalized(shuffled), tables.frame_of("dumps", shuffled_dumps), inference, limits()
    )
    for name in ("papers", "sightings", "dumps", "matches", "contradictions"):
        assert one.tables()[name].equals(two.tables()[name]), name
    assert one.papers["n_sightings"].sum() == len(rows)
    same = one.matches.filter(pl.col("match_decision") == "same")
    assert same.height >= len(rows) - one.papers.height


def test_each_table_is_ready_once_and_whole() -> None:
    told: dict[str, pl.DataFrame] = {}

    def ready(name: str, frame: pl.DataFrame) -> None:
        assert name not in told
        told[name] = tables.conform(dedupe.finished(frame, name), name)

    rows = [{"title": f"Tides {n // 2} of the northern seas", "abstract": LONG} for n in range(4)]
    dumps = tables.frame_of("dumps", [{"dump_id": "d0", "path": "a.csv", "notes": []}])
    inference = Inference(enabled=True, min_dates=1, min_in_year=1)
    done = dedupe.dedupe(normalized(rows), dumps, inference, limits(), ready=ready).tables()
    assert sorted(told) == sorted(done)
    assert all(told[name].equals(done[name]) for name in done)


def same(*keys: tuple[str | None, str | None, str]) -> list[list[int]]:
    """Which of entries with an arXiv id, a DOI and a title are found to be the same paper."""
    rows = [
        {"arxiv_id": arxiv_id, "doi": doi, "title": f"{title} of the northern seas"}
        for arxiv_id, doi, title in keys
    ]
    keyed = likeness.with_keys(normalized(rows), limits())
    entries = clusters.of_same_paper(keyed, matching.links(keyed, limits())).entries
    groups: dict[int, list[int]] = {}
    for row, cluster in enumerate(entries["cluster"]):
        groups.setdefault(cluster, []).append(row)
    return list(groups.values())


def test_entries_of_one_arxiv_id_are_one_paper_whatever_their_titles() -> None:
    assert same(("2401.00001", None, "tides"), ("2401.00001", None, "tides revisited")) == [[0, 1]]


def test_no_title_parts_what_one_identifier_joins() -> None:
    titles = ("Tides of Long Rivers", "Tides of Long Rivers, Part II", "On Ebbs of Rivers")
    rows = [{"arxiv_id": "2401.00001", "title": title} for title in titles]
    keyed = likeness.with_keys(normalized(rows), limits())
    entries = clusters.of_same_paper(keyed, matching.links(keyed, limits())).entries
    assert entries["cluster"].n_unique() == 1


def test_entries_of_one_doi_are_one_paper() -> None:
    assert same((None, "10.5555/a", "tides"), (None, "10.5555/a", "on tides")) == [[0, 1]]


def test_an_entry_without_identifier_goes_with_its_title() -> None:
    assert same(("2401.00001", None, "tides"), (None, None, "tides"), (None, None, "moons")) == [
        [0, 1],
        [2],
    ]


def test_two_arxiv_ids_never_meet_in_one_paper() -> None:
    assert same(("2401.00001", None, "tides"), ("2401.00002", None, "tides")) == [[0], [1]]
    assert same(
        ("2401.00001", None, "a"), (None, "10.5555/x", "a"), ("2401.00002", "10.5555/x", "b")
    ) == [[0], [1, 2]]


keys = st.tuples(
    st.sampled_from([None, "2401.00001", "2401.00002", "2401.00003"]),
    st.sampled_from([None, "10.5555/a", "10.5555/b"]),
    st.sampled_from(["tides", "moons", "waves"]),
)


@given(st.lists(keys, max_size=12))
def test_papers_are_whole_and_hold_one_arxiv_id_at_most(
    entries: list[tuple[str | None, str | None, str]],
) -> None:
    groups = same(*entries)
    assert sorted(row for group in groups for row in group) == list(range(len(entries)))
    for group in groups:
        assert len({entries[row][0] for row in group} - {None}) <= 1
    of_id: dict[str, int] = {}
    for number, group in enumerate(groups):
        for row in group:
            identifier = entries[row][0]
            if identifier:
                assert of_id.setdefault(identifier, number) == number


def merged(*rows: dict[str, object]) -> pl.DataFrame:
    """The papers of entries of one dump."""
    dumps = tables.frame_of("dumps", [{"dump_id": "d0", "path": "a.csv", "notes": []}])
    inference = Inference(enabled=True, min_dates=1, min_in_year=1)
    return dedupe.dedupe(normalized(list(rows)), dumps, inference, limits()).papers


PREPRINT, PUBLISHED = "10.1101/2024.01.02.573", "10.5555/tides.7"


def test_a_preprint_and_its_publication_are_one_paper_with_both_dois() -> None:
    rows = [{"title": "Tides of Long Rivers", "doi": doi} for doi in (PREPRINT, PUBLISHED)]
    [paper] = merged(*rows).to_dicts()
    assert paper["doi"] == PUBLISHED
    assert paper["dois"] == [PREPRINT, PUBLISHED]
    assert paper["conflicts"] == []


def test_two_dois_of_publishers_are_two_papers() -> None:
    rows = [{"title": "Tides of Long Rivers", "doi": f"10.5555/{n}"} for n in (1, 2)]
    assert merged(*rows).height == 2


def test_dois_of_publishers_keep_apart_also_what_is_on_arxiv() -> None:
    title = "Tides of Long Rivers"
    on_arxiv = {"title": title, "doi": "10.5555/1", "arxiv_id": "2401.00001"}
    assert merged(on_arxiv, {"title": title, "doi": "10.5555/2"}).height == 2
    # nor does an entry without any join the two
    assert merged(on_arxiv, {"title": title}, {"title": title, "doi": "10.5555/2"}).height == 2


def test_one_arxiv_id_joins_what_has_two_dois() -> None:
    rows = [
        {"title": "Tides of Long Rivers", "doi": f"10.5555/{n}", "arxiv_id": "2401.00001"}
        for n in (1, 2)
    ]
    [paper] = merged(*rows).to_dicts()
    assert paper["dois"] == ["10.5555/1", "10.5555/2"]
    assert paper["conflicts"] == ["doi"]


def test_papers_of_a_title_that_names_none_have_ids_of_their_own_that_no_dump_moves() -> None:
    one = {"title": "Editorial", "authors": ["A. Tide"], "date_text": "2001"}
    other = {"title": "Editorial", "authors": ["B. Ebb"], "date_text": "2002"}
    alone = set(merged(one)["paper_id"])
    both = set(merged(other, one)["paper_id"])
    assert len(both) == 2
    assert alone < both


def test_a_title_that_two_papers_have_gives_its_id_to_the_first() -> None:
    rows = [{"title": "Tides of Long Rivers", "doi": None, "authors": [name]} for name in "XY"]
    far = [
        {**row, "abstract": f"{word} " + " ".join(f"{word}{n}" for n in range(40))}
        for row, word in zip(rows, ("ebb", "flow"), strict=True)
    ]
    alone = set(merged(far[0])["paper_id"])
    assert alone < set(merged(*far)["paper_id"])
