"""The invented corpus of the benchmarks: its shares, its truth, its edits."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks import corpus_edits
from tests.benchmarks.corpus import LOOKALIKE_KINDS, NEAR_KINDS, folded, generate, title_keys
from tests.benchmarks.corpus_edits import (
    ABSTRACT_EDITS,
    TELLING,
    TITLE_EDITS,
    Dice,
    Editor,
    Text,
    edited,
    is_name,
    sentences,
    tells,
)
from tests.benchmarks.corpus_words import (
    Type,
    Vocabulary,
    plural_of,
    title_case,
    vocabulary,
    with_articles,
    zipf_table,
)
from tests.conftest import tried

RECORDS = 10_000


@cache
def corpus() -> pl.DataFrame:
    return generate(RECORDS)


@cache
def made() -> pl.DataFrame:
    """Records beside the ones they were made from."""
    return corpus().join(corpus(), left_on="of", right_on="record", suffix="_of")


def _of_kind(start: str) -> pl.DataFrame:
    return made().filter(pl.col("kind").str.starts_with(start))


# ---------------------------------------------------------------------------------------------
# Rows


def _digest(rows: pl.DataFrame) -> str:
    return hashlib.sha256(json.dumps(rows.rows(), default=str).encode()).hexdigest()


def test_the_same_seed_gives_the_same_rows() -> None:
    assert generate(2000, seed=7).equals(generate(2000, seed=7))
    assert not generate(2000, seed=7).equals(generate(2000, seed=8))


def test_the_rows_of_a_seed_are_the_same_on_every_machine() -> None:
    """Whoever changes the generator writes the new digest: figures measured before are others'."""
    assert (
        _digest(generate(1000, seed=1))
        == "0915eff8e061873db25e9d141f737211395c9da52da7a5c23de7a81a7a83587f"
    )


def test_records_are_numbered_in_the_order_of_the_rows() -> None:
    assert corpus()["record"].to_list() == list(range(RECORDS))


def test_the_columns_have_the_types_agreed_on() -> None:
    assert corpus().schema == {
        "record": pl.Int64,
        "title": pl.String,
        "abstract": pl.String,
        "authors": pl.List(pl.String),
        "published_on": pl.Date,
        "paper": pl.Int64,
        "kind": pl.String,
        "of": pl.Int64,
    }


def test_the_shares_are_those_of_the_issue() -> None:
    group = pl.col("kind").str.extract(r"^(\w+)")
    shares = dict(corpus().group_by(group).agg(pl.len() / RECORDS).iter_rows())

    assert shares == pytest.approx(
        {"original": 0.72, "repeat": 0.20, "near": 0.05, "lookalike": 0.03}
    )


def test_every_kind_of_edit_and_of_lookalike_is_there_equally_often() -> None:
    counts = dict(corpus()["kind"].value_counts().iter_rows())

    assert {counts[f"near: {kind}"] for kind in NEAR_KINDS} <= {20, 21}
    assert {counts[f"lookalike: {kind}"] for kind in LOOKALIKE_KINDS} == {30}


def test_repeats_do_not_stand_beside_what_they_repeat() -> None:
    beside = (_of_kind("repeat")["record"] - _of_kind("repeat")["of"]).abs()

    assert beside.median() > RECORDS / 10


def test_a_thousand_records_are_the_fewest() -> None:
    assert generate(1000).height == 1000
    with pytest.raises(ValueError, match="1,000 records at least"):
        generate(999)


# ---------------------------------------------------------------------------------------------
# Truth


def test_repeats_and_near_duplicates_are_of_the_paper_they_were_made_from() -> None:
    same = made().filter(~pl.col("kind").str.starts_with("lookalike"))

    assert (same["paper"] == same["paper_of"]).all()
    assert (same["record"] != same["of"]).all()


def test_a_lookalike_is_a_paper_of_its_own() -> None:
    looks = _of_kind("lookalike")

    assert (looks["paper"] != looks["paper_of"]).all()
    assert looks["paper"].n_unique() == looks.height


def test_only_originals_are_made_from_nothing() -> None:
    assert (corpus()["of"].is_null() == (corpus()["kind"] == "original")).all()


def test_every_paper_has_one_record_that_begins_it() -> None:
    begins = corpus().filter(pl.col("kind").str.contains("^(original|lookalike)"))

    assert sorted(begins["paper"]) == sorted(corpus()["paper"].unique())


def test_two_papers_share_a_title_only_where_it_is_generic() -> None:
    papers = corpus().with_columns(fold=pl.col("title").map_elements(folded, pl.String))
    shared = papers.group_by("fold").agg(pl.col("paper").n_unique(), "kind")
    shared = shared.filter(pl.col("paper") > 1)

    assert shared.height > 5
    assert shared["kind"].list.contains("lookalike: generic").all()


def test_titles_of_originals_differ_in_more_than_order_endings_and_small_words() -> None:
    resembled = _of_kind("lookalike")["of"]
    originals = corpus().filter(
        (pl.col("kind") == "original") & ~pl.col("record").is_in(resembled.implode())
    )

    assert title_keys(originals["title"]).is_unique().all()


def test_a_repeat_has_the_very_title_and_abstract() -> None:
    repeats = _of_kind("repeat")

    assert (repeats["title"] == repeats["title_of"]).all()
    assert repeats["abstract"].eq_missing(repeats["abstract_of"]).all()


def test_a_near_duplicate_differs_in_title_or_abstract() -> None:
    near = _of_kind("near")
    same = (near["title"] == near["title_of"]) & near["abstract"].eq_missing(near["abstract_of"])

    assert not same.any()


def test_no_repeat_or_near_duplicate_rests_on_a_generic_title_alone() -> None:
    generic = _of_kind("lookalike: generic")["title"].unique()
    again = made().filter(
        ~pl.col("kind").str.starts_with("lookalike"), pl.col("title_of").is_in(generic.implode())
    )

    assert again["abstract"].null_count() == 0
    assert set(again["kind"]) <= {"repeat"}


def test_near_duplicates_are_also_made_from_near_duplicates() -> None:
    assert _of_kind("near")["kind_of"].str.starts_with("near").mean() == pytest.approx(
        0.1, abs=0.05
    )


def test_lookalikes_are_repeated_and_edited_too() -> None:
    of_looks = made().filter(pl.col("kind_of").str.starts_with("lookalike"))

    assert set(of_looks["kind"].str.extract(r"^(\w+)")) == {"repeat", "near"}


def test_some_papers_are_repeated_again_and_again() -> None:
    assert corpus().group_by("paper").len()["len"].max() >= 5


def test_authors_and_dates_of_the_same_paper_agree_as_far_as_they_are_known() -> None:
    same = made().filter(~pl.col("kind").str.starts_with("lookalike"))
    both = same.drop_nulls(["authors", "authors_of"])
    dated = same.drop_nulls(["published_on", "published_on_of"])
    family = pl.element().str.extract(r"(\S+)$")

    assert (both["authors"].list.eval(family) == both["authors_of"].list.eval(family)).all()
    assert both["authors"].list.join("").str.contains(r"^\w\. ").any()
    assert (dated["published_on"] - dated["published_on_of"]).abs().max().days <= 10


def test_authors_are_missing_of_half_and_dates_of_a_third() -> None:
    assert corpus()["authors"].is_null().mean() == pytest.approx(0.5, abs=0.04)
    assert corpus()["published_on"].is_null().mean() == pytest.approx(1 / 3, abs=0.04)


# ---------------------------------------------------------------------------------------------
# Texts


def test_abstracts_are_as_long_as_abstracts_are() -> None:
    length = corpus().filter(kind="original")["abstract"].drop_nulls().str.len_chars()

    assert length.mean() == pytest.approx(1300, abs=80)
    assert length.min() > 400
    assert length.max() < 2700
    # lognormal: the mean is above the median
    assert length.mean() > length.median() + 30


def test_titles_have_three_to_sixteen_words() -> None:
    ordinary = corpus().filter(
        pl.col("kind") == "original",
        ~pl.col("record").is_in(_of_kind("lookalike")["of"].implode()),
    )
    words = ordinary["title"].str.split(" ").list.len()

    assert words.min() >= 3
    assert words.max() <= 16
    assert 5 <= words.median() <= 8


def test_function_words_are_as_frequent_as_in_english() -> None:
    words = (
        corpus()
        .filter(kind="original")
        .select(pl.col("abstract").str.to_lowercase().str.extract_all(r"\pL+").explode())
        .to_series()
        .drop_nulls()
    )
    share = {word: (words == word).sum() / len(words) for word in ("the", "of", "and")}

    assert 0.04 < share["the"] < 0.09
    assert 0.02 < share["of"] < 0.05
    assert 0.01 < share["and"] < 0.04


def test_unrelated_papers_share_three_word_shingles() -> None:
    some = corpus().filter(kind="original").drop_nulls("abstract").head(3000)
    word = pl.col("abstract").str.to_lowercase().str.extract_all(r"[\pL\pN]+")
    words = some.select("record", word=word).explode("word")
    shingle = pl.concat_str("word", pl.col("word").shift(-1), pl.col("word").shift(-2))
    shingles = words.select("record", shingle=shingle.over("record")).drop_nulls().unique()
    elsewhere = shingles.group_by("shingle").len("papers")
    share = (shingles.join(elsewhere, on="shingle")["papers"] > 1).mean()

    assert 0.15 < share < 0.5


def test_titles_and_abstracts_are_cleanly_spaced() -> None:
    originals = corpus().filter(kind="original")
    for text in (originals["title"], originals["abstract"].drop_nulls()):
        assert not text.str.contains(r"^\s|\s$|\s\s|\s[,.]|\.\.").any()


# ---------------------------------------------------------------------------------------------
# Kinds


def test_edits_of_the_abstract_leave_the_title() -> None:
    kinds = [f"near: {kind}" for kind in ABSTRACT_EDITS if kind != "hard wraps"]
    near = made().filter(pl.col("kind").is_in(kinds))

    assert (near["title"] == near["title_of"]).all()


def test_edits_of_the_title_change_it() -> None:
    near = made().filter(pl.col("kind").is_in([f"near: {kind}" for kind in TITLE_EDITS]))

    assert (near["title"] != near["title_of"]).all()


def test_edits_of_the_title_keep_most_abstracts() -> None:
    near = made().filter(pl.col("kind").is_in([f"near: {kind}" for kind in TITLE_EDITS]))
    near = near.drop_nulls("abstract_of")

    assert near["abstract"].is_null().mean() == pytest.approx(0.15, abs=0.05)
    assert (near["abstract"] == near["abstract_of"]).mean() > 0.35


def test_hard_wraps_change_nothing_but_spaces() -> None:
    for row in _of_kind("near: hard wraps").iter_rows(named=True):
        for column in ("title", "abstract"):
            assert (row[column] or "").split() == (row[f"{column}_of"] or "").split()


def test_an_edited_abstract_keeps_seven_words_in_ten() -> None:
    for row in _of_kind("near: abstract edited").iter_rows(named=True):
        here, there = Counter(row["abstract"].split()), Counter(row["abstract_of"].split())
        kept = (here & there).total() / max(here.total(), there.total())
        assert 0.65 < kept < 1


def test_a_reordered_abstract_has_the_same_sentences() -> None:
    for row in _of_kind("near: abstract reordered").iter_rows(named=True):
        assert sorted(sentences(row["abstract"])) == sorted(sentences(row["abstract_of"]))
        assert row["abstract"] != row["abstract_of"]


@pytest.mark.parametrize(("kind", "more"), [("sentence more", 1), ("sentence less", -1)])
def test_one_sentence_comes_or_goes(kind: str, more: int) -> None:
    for row in _of_kind(f"near: {kind}").iter_rows(named=True):
        assert len(sentences(row["abstract"])) - len(sentences(row["abstract_of"])) == more


def test_a_cut_abstract_is_a_beginning() -> None:
    for row in _of_kind("near: abstract cut").iter_rows(named=True):
        begun = re.sub(r"(\.\.\.|…| \[\.\.\.\])$", "", row["abstract"])
        assert row["abstract_of"].startswith(begun)
        assert len(begun) < len(row["abstract_of"])


def test_a_cut_title_keeps_four_words() -> None:
    assert _of_kind("near: cut title")["title"].str.split(" ").list.len().min() >= 4


def test_a_missing_subtitle_leaves_what_stood_before_the_colon() -> None:
    near = _of_kind("near: missing subtitle")

    assert near.height
    for title, whole in near.select("title", "title_of").iter_rows():
        assert whole.startswith(title + ": ")


def test_a_changed_subtitle_keeps_the_main_title_and_the_abstract_to_tell_it_by() -> None:
    near = _of_kind("near: changed subtitle")

    assert near["abstract"].str.len_chars().min() > 100
    for title, whole in near.select("title", "title_of").iter_rows():
        assert title.split(": ")[0] == whole.split(": ")[0]


def test_what_lost_much_of_its_title_does_not_lose_its_abstract_next() -> None:
    lossy = ("near: changed subtitle", "near: missing subtitle", "near: cut title")
    again = made().filter(
        pl.col("kind").str.starts_with("near"),
        pl.col("kind_of").is_in(lossy),
        pl.col("abstract_of").is_not_null(),
    )

    assert again.filter(pl.col("abstract").fill_null("") == "").is_empty()


@pytest.mark.parametrize(
    "kind",
    ["typo", "OCR slip", "word dropped", "word added", "word swapped", "plural", "abbreviation"],
)
def test_edits_of_words_leave_numbers_and_what_tells_papers_apart(kind: str) -> None:
    def telling(title: str) -> list[str]:
        words = (word.strip("().,:“”\"'?!") for word in title.split(" "))
        return sorted(word for word in words if word.lower() in TELLING)

    def numbers(title: str) -> set[str]:
        return {word for word in title.split(" ") if re.search(r"\d", word)}

    for title, whole in _of_kind(f"near: {kind}").select("title", "title_of").iter_rows():
        assert telling(title) == telling(whole)
        assert numbers(whole) <= numbers(title)


def test_a_family_differs_in_nothing_but_its_number() -> None:
    number = r"\b(?:[IV]+|One|Two|Three|Four|First|Second|Third|Fourth|\d+(?:st|nd|rd|th)?)\b"
    for kind in ("volume", "year"):
        for title, other in _of_kind(f"lookalike: {kind}").select("title", "title_of").iter_rows():
            assert title != other
            assert re.sub(number, "#", title) == re.sub(number, "#", other)


def test_a_lookalike_by_a_letter_differs_in_one_and_has_an_abstract() -> None:
    looks = _of_kind("lookalike: letter")

    assert looks["abstract"].null_count() == looks["abstract_of"].null_count() == 0
    for title, other in looks.select("title", "title_of").iter_rows():
        assert len(title) == len(other)
        assert sum(a != b for a, b in zip(title, other, strict=True)) == 1


def test_lookalikes_with_the_same_generic_title_share_nothing_else() -> None:
    looks = _of_kind("lookalike: generic")
    both = looks.drop_nulls(["abstract", "abstract_of"])

    assert (looks["title"] == looks["title_of"]).all()
    assert (both["abstract"] != both["abstract_of"]).all()


def _shared(row: dict[str, str]) -> float:
    """Which share of the shorter abstract the other one has, too, sentence by sentence."""
    here = set(sentences(row["abstract"]))
    same = sum(len(sentence) for sentence in sentences(row["abstract_of"]) if sentence in here)
    return same / min(len(row["abstract"]), len(row["abstract_of"]))


def test_half_an_abstract_is_shared_under_another_title() -> None:
    shares = [_shared(row) for row in _of_kind("lookalike: half abstract").iter_rows(named=True)]

    assert min(shares) > 0.25
    assert 0.4 < sorted(shares)[len(shares) // 2] < 0.55
    assert max(shares) < 0.65


def test_other_lookalikes_share_less_than_half_of_their_abstract() -> None:
    looks = _of_kind("lookalike").filter(pl.col("kind") != "lookalike: half abstract")
    both = looks.drop_nulls(["abstract", "abstract_of"])
    shares = [_shared(row) for row in both.iter_rows(named=True)]

    assert max(shares) < 0.5
    assert 0.1 < sum(share > 0 for share in shares) / len(shares) < 0.6


# ---------------------------------------------------------------------------------------------
# Single edits


@cache
def _words() -> Vocabulary:
    return vocabulary(np.random.default_rng(0), stems=700)


def _editor(seed: int) -> Editor:
    return Editor(Dice(np.random.default_rng(seed)), _words(), ["Another sentence stands here."])


def _results(kind: str, title: str, abstract: str | None = "One. Two three. Four.") -> set[str]:
    """The titles that an edit makes, over many draws."""
    text = Text(title, abstract, "KaroNet")
    all_ = (edited(_editor(seed), kind, text) for seed in range(80))
    return {one.title for one in all_ if one}


@pytest.mark.parametrize(
    ("kind", "title", "among"),
    [
        ("spelling", "Modeling of Colors", {"Modelling of Colours"}),
        ("spelling", "modelling of fibres", {"modeling of fibers"}),
        ("plural", "Graphs for Policies", {"Graph for Policies", "Graphs for Policy"}),
        (
            "abbreviation",
            "On Graph Neural Networks",
            {"On GNNs", "On Graph Neural Networks (GNNs)"},
        ),
        ("hyphenation", "Large-Scale Tests", {"Largescale Tests", "Large Scale Tests"}),
        ("missing subtitle", "KaroNet: Tests of Models", {"KaroNet"}),
        ("TeX", "KaroNet: k-Means", {"{KaroNet}: k-Means", "KaroNet: $k$-Means"}),
        ("HTML", "Waves and Tides", {"Waves &amp; Tides", "<p>Waves and Tides</p>"}),
        ("case", "Waves of Time", {"WAVES OF TIME", "waves of time"}),
        ("punctuation", "Waves: A Test", {"Waves - A Test", "Waves A Test", "Waves: A Test."}),
        ("Unicode variant", "Field-Flow Éclat", {"Field‐Flow Éclat", "Field-Flow Eclat"}),
        ("word dropped", "Tests of the Waves Here", {"Tests of Waves Here"}),
        ("cut title", "Tests of the Long Waves Here", {"Tests of the Long…"}),
    ],
)
def test_an_edit_makes_what_it_is_named_for(kind: str, title: str, among: set[str]) -> None:
    assert among <= _results(kind, title)


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("spelling", "Tests of Waves"),
        ("plural", "Quickly and Well"),
        ("missing subtitle", "Tests of Waves"),
        ("changed subtitle", "Tests of Waves"),
        ("missing subtitle", "Waves: Part II"),
        ("cut title", "Tests of Waves"),
        ("typo", "GPT-4 vs. KaroNet 2"),
        ("word dropped", "Tests of Waves"),
    ],
)
def test_an_edit_that_does_not_apply_makes_nothing(kind: str, title: str) -> None:
    assert _results(kind, title) == set()


def test_a_subtitle_does_not_go_where_a_name_alone_would_be_left() -> None:
    assert _results("missing subtitle", "KaroNet: Tests of Models", None) == set()


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("KaroNet", True),
        ("KaroNet:", True),
        ("GPT-4", True),
        ("II", True),
        ("2019", True),
        ("BERT", True),
        ("&", True),
        ("Waves", False),
        ("Self-Made", False),
        ("a", False),
    ],
)
def test_names_and_numbers_are_known(word: str, told: bool) -> None:
    assert is_name(word, "KaroNet") == told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("(Part", True),
        ("waves without wind", True),
        ("Non-Convex", True),
        ("in 2019", True),
        ("Self-Made Waves", False),
    ],
)
def test_words_that_tell_papers_apart_are_known(words: str, told: bool) -> None:
    assert tells(words) == told


@tried(30)
@given(
    st.sampled_from(NEAR_KINDS),
    st.lists(st.sampled_from("Waves of a KaroNet: II Large-scale models, für 2D (x) ?".split())),
    st.sampled_from([None, "", "One.", "We show a thing. It holds. So be it."]),
    st.integers(0, 1 << 30),
)
def test_edits_take_any_title(kind: str, words: list[str], abstract: str | None, seed: int) -> None:
    text = Text(" ".join(words) or "x", abstract, "KaroNet")
    made_of_it = edited(_editor(seed), kind, text)

    assert made_of_it is None or made_of_it != text


def test_drawing_some_gives_that_many_different_numbers() -> None:
    dice = Dice(np.random.default_rng(0))

    assert all(len(set(dice.some(9, k))) == min(k, 9) for k in range(12))


def test_a_mistyped_word_keeps_its_first_letter_and_most_others() -> None:
    dice = Dice(np.random.default_rng(0))
    for _ in range(200):
        slip = corpus_edits.mistyped(dice, "boundary")
        assert slip[0] == "b"
        assert 7 <= len(slip) <= 9


# ---------------------------------------------------------------------------------------------
# Words


@given(st.lists(st.text(max_size=6), min_size=1, max_size=8), st.data())
def test_text_is_set_as_its_tokens_are_written(words: list[str], data: st.DataObject) -> None:
    token = st.integers(0, len(words) - 1)
    rows = data.draw(st.lists(st.lists(token, min_size=1, max_size=5), min_size=1, max_size=6))
    tokens = np.array([one for row in rows for one in row])

    text = Type.of(words, len(words)).spell(tokens, np.array([len(row) for row in rows]))

    assert text.to_list() == ["".join(words[one] for one in row) for row in rows]


def test_more_words_follow_those_that_are_there() -> None:
    type_, first = Type.of(["a", "bc"], 2).with_words(pl.Series(["déf", "", "g"]))

    assert first == 2
    assert type_.spell(np.array([1, 2, 3, 4, 0]), np.array([5])).to_list() == ["bcdéfga"]


def test_ranks_are_as_frequent_as_zipf_and_mandelbrot_have_them() -> None:
    counts = np.bincount(zipf_table(100, 1 << 16), minlength=100)

    assert counts[0] / counts[9] == pytest.approx((9 + 2.7) / 2.7, rel=0.02)
    assert counts.min() > 0
    assert (np.diff(counts) <= 1).all()


def test_words_behind_more_frequent_ones_differ_less() -> None:
    counts = np.bincount(zipf_table(100, 1 << 16, behind=40), minlength=100)

    assert counts[0] / counts[9] == pytest.approx((49 + 2.7) / 42.7, rel=0.02)


@pytest.mark.parametrize(
    ("noun", "plural"),
    [("wave", "waves"), ("theory", "theories"), ("analysis", "analyses"), ("class", "classes")],
)
def test_plurals_are_those_of_english(noun: str, plural: str) -> None:
    assert plural_of(noun) == plural


@pytest.mark.parametrize(
    ("text", "made_of_it"),
    [
        ("a test of self-made waves", "a Test of Self-Made Waves"),
        ("tests: a survey", "Tests: A Survey"),
        ("on k-means", "on k-Means"),
    ],
)
def test_titles_are_capitalized_but_for_their_small_words(text: str, made_of_it: str) -> None:
    assert title_case(text) == made_of_it


def test_articles_are_as_the_next_word_asks_for() -> None:
    assert with_articles("A open test of an wave") == "An open test of a wave"
