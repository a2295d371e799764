from __future__ import annotations

import polars as pl
import pytest

from paperdump.normalize import identifiers


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
