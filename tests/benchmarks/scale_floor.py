"""The floor of a run: its dumps' bytes read once, and its release's tables written with Polars.

    python tests/benchmarks/scale_floor.py DUMPS RELEASE FOLDER

It prints a line of JSON: ``read`` and ``write`` (wall seconds), ``read_bytes``, ``written_bytes``.
``scale.py`` says what counts; it runs this as a process of its own.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import polars as pl

ROW_GROUP_SIZE = 16_384  # as published tables have it


def read(files: list[Path]) -> tuple[float, int]:
    """Read files one after the other, keeping nothing: the seconds, and the bytes."""
    began = time.perf_counter()
    n_bytes = sum(len(file.read_bytes()) for file in files)
    return time.perf_counter() - began, n_bytes


def write(tables: list[Path], folder: Path) -> tuple[float, int]:
    """Write what Parquet files hold once more: the seconds, and the bytes.

    That their content is read first does not count, and the system writes to disk when it likes.
    Each new file is removed again.
    """
    seconds, n_bytes = 0.0, 0
    for table in tables:
        frame = pl.read_parquet(table)
        file = folder / "table.parquet"
        began = time.perf_counter()
        frame.write_parquet(file, compression="zstd", row_group_size=ROW_GROUP_SIZE)
        seconds += time.perf_counter() - began
        n_bytes += file.stat().st_size
        file.unlink()
    return seconds, n_bytes


def main() -> None:
    """Read, write, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dumps", type=Path)
    parser.add_argument("release", type=Path)
    parser.add_argument("folder", type=Path, help="where to write to")
    given = parser.parse_args()
    dumps = sorted(file for file in given.dumps.rglob("*") if file.is_file())
    tables = sorted(given.release.rglob("*.parquet"))
    reading, read_bytes = read(dumps)
    writing, written_bytes = write(tables, given.folder)
    measured = {
        "read": reading,
        "write": writing,
        "read_bytes": read_bytes,
        "written_bytes": written_bytes,
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
