"""Modules that the library of expectations seldom uses are run at their first use."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import polars as pl
import pytest

from paperdump import engine
from paperdump.expectations import Expectation


def test_a_module_is_run_at_its_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seldom_used_here.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nanswer = 42\n", "utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    ran = tmp_path / "ran"
    finders = list(sys.meta_path)
    with engine._loaded_at_use({"seldom_used_here"}):
        module = importlib.import_module("seldom_used_here")
    assert not ran.exists()
    assert sys.meta_path == finders
    assert module.answer == 42
    assert ran.exists()


def test_modules_that_are_seldom_used_are_there_and_their_expectations_run() -> None:
    with engine._loaded_at_use(engine._SELDOM_USED):
        for name in engine._SELDOM_USED:
            importlib.import_module(name)
    differ = {"values": ["a", "b"], "weights": [0.1, 0.9]}
    arguments = {"column": "kind", "partition_object": differ, "threshold": 0.1}
    asked = Expectation(
        "expect_column_kl_divergence_to_be_less_than", "warning", arguments, "Kinds are as usual."
    )
    rows = pl.LazyFrame({"kind": ["a", "a", "b"]})
    [outcome] = engine.run(engine.Suite(rows, (), [asked]))
    assert outcome.error is None
    assert not outcome.success
    assert outcome.result["observed_value"] == pytest.approx(0.9339, abs=1e-3)
