"""Data Docs in a real browser: all links lead somewhere, and nothing is asked of the network."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from paperdump import config, validate
from tests.conftest import EXAMPLES, ROOT
from tests.tables_of import release_of_folder

pytestmark = pytest.mark.xdist_group("expectations")  # takes seconds to import


@pytest.fixture(scope="module")
def browser() -> list[str]:
    """The command that browses a site."""
    try:
        found = importlib.util.find_spec("PySide6.QtWebEngineCore")
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip("no browser is here: PySide6 with QtWebEngine is not installed")
    return [sys.executable, str(ROOT / "tests" / "browse.py")]


def browsed(browser: list[str], index: Path) -> dict[str, Any]:
    run = subprocess.run(
        [*browser, str(index)], capture_output=True, text=True, check=False, timeout=600
    )
    if run.returncode and not run.stdout:
        pytest.skip(f"the browser does not start here: {run.stderr.strip().splitlines()[-1:]}")
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return told


def test_a_browser_finds_every_page_and_no_error_and_asks_for_nothing_else(
    browser: list[str], tmp_path: Path
) -> None:
    release = release_of_folder(EXAMPLES)
    papers = release["papers"]
    # of all that can be shown: what passes, what fails, what cannot be checked, hostile texts
    release["papers"] = papers.with_columns(
        title=pl.when(pl.int_range(pl.len()) > 2)
        .then("title")
        .otherwise(pl.lit("<script src='https://example.org/x.js'></script><img src=x onerror=1>")),
        n_comments=pl.lit("many"),
    )
    given = {"completeness": {"papers": {"abstract": 1.0}}}
    given |= {
        "expectations": [
            {
                "table": "papers",
                "type": "expect_column_value_lengths_to_be_between",
                "arguments": {"column": "title", "max_value": 5},
            }
        ]
    }
    settings = config.resolve({"validate": given})["validate"]
    document = validate.validate(release, settings, tmp_path)
    assert document["failed_critical"] > 2
    index = tmp_path / "data_docs" / "index.html"
    told = browsed(browser, index)
    assert sorted(told.pop("pages")) == sorted(
        path.relative_to(index.parent).as_posix() for path in index.parent.rglob("*.html")
    )
    assert told == {"broken": [], "missing": [], "outside": [], "console": [], "requests": []}


def test_the_browser_sees_what_is_wrong_with_a_site(browser: list[str], tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        "<html><body><a href='gone.html'>1</a><a href='b.html#there'>2</a>"
        "<a href='https://example.org/'>3</a><img src='https://example.org/a.png'>"
        "<script>nothing.there()</script></body></html>"
    )
    (tmp_path / "b.html").write_text("<html><body><p id='here'></p></body></html>")
    told = browsed(browser, tmp_path / "index.html")
    assert told["pages"] == ["index.html", "b.html"]
    assert [Path(name).name for name in told["broken"]] == ["gone.html"]
    assert [name.rpartition("#")[2] for name in told["missing"]] == ["there"]
    assert told["outside"] == ["https://example.org/"]
    assert "https://example.org/a.png" in told["requests"]
    assert any("nothing is not defined" in line for line in told["console"])
