"""What a job need not load."""

from __future__ import annotations

import gc
import subprocess
import sys

import pyarrow as pa

from paperdump.lean import collect_seldom, without_pandas

ARRAYS = """
import sys
from paperdump.lean import without_pandas

without_pandas()
import pyarrow as pa

assert pa.array(["tide", None]).to_pylist() == ["tide", None]
assert "pandas" not in sys.modules
import pandas
"""


def test_pyarrow_does_without_pandas_and_others_still_have_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ARRAYS], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


COLUMNS = """
import datetime
import io
import sys
from paperdump.lean import without_numpy

without_numpy()
import pyarrow as pa
import pyarrow.parquet as pq

rows = {"day": [datetime.date(2024, 5, 28), None], "names": [["tide"], None], "n": [1, 2]}
table, file = pa.table(rows), io.BytesIO()
pq.write_table(table, file)
assert pq.ParquetFile(file).read().to_pylist() == table.to_pylist()
assert "numpy" not in sys.modules and "pandas" not in sys.modules
import numpy
"""


def test_pyarrow_does_without_numpy_and_others_still_have_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLUMNS], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_where_pandas_is_loaded_nothing_changes() -> None:
    import pandas as pd  # noqa: PLC0415

    finders = list(sys.meta_path)
    without_pandas()
    assert sys.meta_path == finders
    assert pa.array(pd.Series(["tide"])).to_pylist() == ["tide"]


def test_cycles_are_looked_for_seldom_and_still_are() -> None:
    before = gc.get_threshold()
    try:
        collect_seldom()
        assert gc.isenabled()
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.set_threshold(*before)
