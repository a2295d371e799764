from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paperdump import tables
from paperdump.normalize import identifiers, normalize


def found(text: str | None, kind: str) -> str | None:
    frame = pl.DataFrame({"t": [text]}, schema={"t": pl.String})
    read = identifiers.arxiv_id if kind == "arxiv" else identifiers.doi
    value: str | None = frame.select(read(pl.col("t"))).item()
    return value


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("2503.02101", "2503.02101"),
        ("2503.02101v3", "2503.02101"),
        ("arXiv:0704.0001v2", "0704.0001"),
        ("ARXIV: 0704.0001", "0704.0001"),
        ("arXiv:2503.02101 [cs.CL]", "2503.02101"),
        ("http://arxiv.org/abs/2202.12139v1", "2202.12139"),
        ("https://arxiv.org/pdf/2202.12139v1.pdf", "2202.12139"),
        ("https://huggingface.co/papers/2606.00683#community", "2606.00683"),
        ("hep-th/9901001", "hep-th/9901001"),
        ("https://arxiv.org/abs/math.GT/0309136v2", "math/0309136"),
        ("oai:arXiv.org:1711.04702", "1711.04702"),
        (" 2503.02101 ", "2503.02101"),
        ("https://arxiv.org/abs/2405.12345.", "2405.12345"),
        ("https://arxiv.org/abs/2405.12345)", "2405.12345"),
        ("https://arxiv.org/abs/2405.12345/", "2405.12345"),
        ("https://arxiv.org/pdf/2405.12345.PDF", "2405.12345"),
        ("arXiv.2405.12345", "2405.12345"),
        ("HEP-TH/9901001", "hep-th/9901001"),
        ("10.48550/arXiv.2405.12345v2", "2405.12345"),
    ],
)
def test_an_arxiv_identifier_is_found_without_its_version(text: str, identifier: str) -> None:
    assert found(text, "arxiv") == identifier


@pytest.mark.parametrize(
    "text", ["2503.0210", "0704.00012", "2513.02101", "10.1000/2503", "tides", "", None]
)
def test_what_cannot_be_an_arxiv_identifier_is_none(text: str | None) -> None:
    assert found(text, "arxiv") is None


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("10.1103/PhysRevD.76.013009", "10.1103/physrevd.76.013009"),
        ("https://doi.org/10.1103/PhysRevD.76.013009.", "10.1103/physrevd.76.013009"),
        ("doi: 10.5555/tides", "10.5555/tides"),
        ("https://doi.org/10.5555%2Ftides", "10.5555/tides"),
        ("10.1000/xyz(abc)", "10.1000/xyz(abc)"),
        ("(10.1000/abc)", "10.1000/abc"),
        ("see 10.1000/b(c).)", "10.1000/b(c)"),
        ("https://doi.org/10.1000/b?nosfx=y#sec1", "10.1000/b"),
        ("10.1000/b%28c%29", "10.1000/b(c)"),
        ("https://dl.acm.org/doi/10.1000/b", "10.1000/b"),
        ("10.48550/arXiv.2405.12345v2", "10.48550/arxiv.2405.12345"),
    ],
)
def test_a_doi_is_found_in_lower_case(text: str, identifier: str) -> None:
    assert found(text, "doi") == identifier


@pytest.mark.parametrize("text", ["10.1/x", "tides", "http://doi.org/", "10.1234/).", "", None])
def test_what_cannot_be_a_doi_is_none(text: str | None) -> None:
    assert found(text, "doi") is None


def mentions(text: str | None, own: str | None = None, kind: str = "arxiv") -> list[str]:
    frame = pl.DataFrame({"t": [text], "o": [own]}, schema={"t": pl.String, "o": pl.String})
    read = identifiers.mentioned_arxiv_ids if kind == "arxiv" else identifiers.mentioned_dois
    return list(frame.select(read(pl.col("t"), pl.col("o"))).item())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("This paper extends arXiv:1706.03762v2.", ["1706.03762"]),
        ("supplement to the paper arXiv:q-bio/0701050, with", ["q-bio/0701050"]),
        ("(arXiv: 1706.03762; arXiv 0704.0001)", ["1706.03762", "0704.0001"]),
        ("arXiv preprint arXiv:1706.03762,", ["1706.03762"]),
        ("arXiv:1706.03762, 1810.04805v1", ["1706.03762", "1810.04805"]),
        ("arXiv:1706.03762 and 1810.04805", ["1706.03762", "1810.04805"]),
        ("in hep-th/9901001 and math.GT/0309136", ["hep-th/9901001", "math/0309136"]),
        ("hep-th/9901001 hep-th/9901002", ["hep-th/9901001", "hep-th/9901002"]),
        (r"\url{https://arxiv.org/abs/1706.03762}", ["1706.03762"]),
        ("https://huggingface.co/papers/1706.03762 twice 1706.03762", ["1706.03762"]),
        ("https://doi.org/10.48550/arXiv.1706.03762", ["1706.03762"]),
        ("at 1706.03762, and/or issue/9901001, arXiv:1706.037621, arXiv", []),
        (None, []),
    ],
)
def test_arxiv_identifiers_that_a_text_names(text: str | None, named: list[str]) -> None:
    assert mentions(text) == named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a comment on 10.1000/XYZ, too", ["10.1000/xyz"]),
        ("(doi:10.1000/a(b)c). DOI 10.1000/1.", ["10.1000/a(b)c", "10.1000/1"]),
        (r"\url{https://doi.org/10.1007/978-0\_12}", ["10.1007/978-0_12"]),
        ("10.1000/aaa 10.1000/bbb", ["10.1000/aaa", "10.1000/bbb"]),
        ("https://doi.org/10.1000%2Fx", ["10.1000/x"]),
        ("10.1103/\nPhysRev.1", ["10.1103/physrev.1"]),
        ("a ratio of 10.1234/20 at 110.1234/abcd", []),
        ("10.48550/arXiv.1706.03762", []),
        (None, []),
    ],
)
def test_dois_that_a_text_names(text: str | None, named: list[str]) -> None:
    assert mentions(text, kind="doi") == named


SCRAPS = st.sampled_from(
    (
        "tide |arXiv:|arxiv.org/abs/|1706.03762|1810.04805v2|hep-th/|hep-th/9901001|10.1000/"
        "|10.48550/|huggingface.co/papers/|https://|www.|hf.|hf|co/papers/| |\n|\n\n|\r\n |,|.|-|/"
        "|ar|xiv|{|}|<|>|](|)|&|\\-|\\allowbreak |\\/|&amp;|{-}|\\_|é|\u0307|İ|and |9901001"
    ).split("|")
)
FIELDS = st.none() | st.lists(SCRAPS, max_size=6).map("".join)


@given(FIELDS, FIELDS, FIELDS)
@example("tides", "of basins", "https://huggingface.co/papers/1706.03762")
@example("arXiv:", None, "1706.03762")
@example(None, "see ar\\-xiv:1706.03762", "hf.co/papers/1810.04805")
@example("{https://huggingface.\nco/papers/1706.03762}", None, "arXiv:1810.04805")
def test_fields_that_tell_nothing_make_no_difference_to_what_is_named(
    first: str | None, second: str | None, beside: str | None
) -> None:
    frame = pl.DataFrame([(first, second, beside)], dict.fromkeys("abc", pl.String), orient="row")
    fields, own = [pl.col("a"), pl.col("b")], pl.lit(None, pl.String)

    def whole(before: list[pl.Expr]) -> pl.Expr:
        return pl.concat_str(*before, "c", separator="\n\n", ignore_nulls=True)

    for telling, named in (
        (identifiers.telling_of_arxiv, identifiers.mentioned_arxiv_ids),
        (identifiers.telling_of_dois, identifiers.mentioned_dois),
    ):
        found = frame.select(named(whole(telling(fields)), own))
        assert found.equals(frame.select(named(whole(fields), own)))


@given(FIELDS)
@example("arXiv:1706.037625 and 1810.04805v2.pdf")
def test_a_quick_look_for_identifiers_misses_none(text: str | None) -> None:
    frame = pl.DataFrame({"a": [text]}, schema={"a": pl.String})
    named = identifiers.mentioned_arxiv_ids(pl.col("a"), pl.lit(None, pl.String))
    found = frame.select(named)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identifiers, "_MENTIONED_END", "")  # which all texts have
        assert frame.select(named).equals(found)


def test_fields_without_a_mark_of_arxiv_are_not_searched() -> None:
    frame = pl.DataFrame({"a": ["tides", "tides"], "b": ["of basins", "like those of arXiv"]})
    told = frame.select(identifiers.telling_of_arxiv([pl.col("a"), pl.col("b")]))
    assert told.rows() == [(None, None), ("tides", "like those of arXiv")]


def test_what_a_text_names_is_without_the_paper_itself() -> None:
    assert mentions("arXiv:1706.03762, 1810.04805", "1810.04805") == ["1706.03762"]
    assert mentions("10.1000/aaa, 10.1000/bbb", "10.1000/aaa", "doi") == ["10.1000/bbb"]


def test_an_old_identifier_needs_an_archive_that_exists() -> None:
    assert found("https://x.org/files/1234567", "arxiv") is None
    assert found("tides/9901001", "arxiv") is None
    assert found("hep-th/9913001", "arxiv") is None


def test_a_serial_doi_keeps_its_signs() -> None:
    written = "10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-2"
    assert found(written, "doi") == written.lower()


def of_entry(**fields: object) -> dict[str, object]:
    entry = {"entry_id": "d0-00001", "dump_id": "d0", "position": 1, "title": "T", **fields}
    [row] = normalize(tables.frame_of("work/entries", [entry]), ["github.com"]).to_dicts()
    return {
        name: row[name] for name in ("arxiv_id", "doi", "mentioned_arxiv_ids", "mentioned_dois")
    }


def test_an_identifier_in_title_abstract_or_links_is_a_mention_and_not_the_papers_own() -> None:
    assert of_entry(
        title="A comment on arXiv:1706.03762",
        abstract="This extends 10.1000/xyz.",
        link_texts=["https://arxiv.org/abs/1810.04805", "https://doi.org/10.1000/aaa"],
    ) == {
        "arxiv_id": None,
        "doi": None,
        "mentioned_arxiv_ids": ["1706.03762", "1810.04805"],
        "mentioned_dois": ["10.1000/xyz", "10.1000/aaa"],
    }


def test_a_field_makes_an_identifier_the_papers_own() -> None:
    assert of_entry(
        arxiv_text="arXiv:2405.12345v2",
        doi_text="10.1000/AAA 10.1000/bbb",
        abstract="arXiv:2405.12345 replaces arXiv:1706.03762; see 10.1000/aaa.",
    ) == {
        "arxiv_id": "2405.12345",
        "doi": "10.1000/aaa",
        "mentioned_arxiv_ids": ["1706.03762"],
        "mentioned_dois": ["10.1000/bbb"],
    }


def test_the_own_page_of_an_entry_names_it_where_it_is_one() -> None:
    one, other = (f"https://huggingface.co/papers/2405.1234{n}" for n in (5, 6))
    assert of_entry(link_texts=[one, f"{one}#community"])["arxiv_id"] == "2405.12345"
    assert of_entry(link_texts=[one, other])["arxiv_id"] is None
    assert (
        of_entry(doi_text="10.48550/arXiv.2405.12347", link_texts=[one])["arxiv_id"] == "2405.12347"
    )
