"""Reading an arXiv snapshot: throughput per core and peak memory, beside Polars on the same file.

A snapshot of invented records is generated once (``--lines``, default a million: about 1.3 GB) in
a temporary folder. Each reading runs in a process of its own, on one thread:

* ``polars``: ``polars.scan_ndjson`` selecting the same fields, collected by its streaming engine;
* ``reader``: the reader alone, every entry taken and dropped;
* ``polars to Parquet``: the same as the first, into a file;
* ``parse``: the whole stage, from bytes to Parquet, the SHA-256 of the dump checked.

The whole table is what Polars returns, so its memory grows with the file; a reader's must not.

Run it as ``python tests/benchmarks/arxiv_snapshot.py``. Printed are medians of ``--runs``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_WORDS = (
    "tide moon shore basin wave model field lattice spectrum bound sparse graph measure kernel "
    "flow phase energy limit random matrix learning coupling neural signal estimate".split()
)


def write_snapshot(path: Path, lines: int) -> None:
    """Write invented records of the size that real ones have."""
    chance = random.Random(7)  # noqa: S311
    with path.open("w", encoding="utf-8") as file:
        for number in range(lines):
            words = chance.choices(_WORDS, k=130)
            abstract = "  " + "\n".join(" ".join(words[i : i + 11]) for i in range(0, 130, 11))
            authors = [[chance.choice(_WORDS).title(), "A. B.", ""] for _ in range(4)]
            day = f"{number % 28 + 1} May 2007 10:00:00 GMT"
            record = {
                "id": f"{1501 + number // 99_999:04}.{number % 99_999:05}",
                "submitter": "A. Person",
                "authors": ", ".join(f"{first} {last}" for last, first, _ in authors),
                "title": f"Tides of {number}: " + " ".join(words[:9]),
                "comments": "12 pages, 3 figures",
                "journal-ref": None,
                "doi": f"10.5555/tides.{number}" if number % 3 == 0 else None,
                "report-no": None,
                "categories": "math.CO cs.CG",
                "license": None,
                "abstract": abstract + ".\n",
                "versions": [{"version": "v1", "created": f"Mon, {day}"}],
                "update_date": "2008-11-26",
                "authors_parsed": authors,
            }
            file.write(json.dumps(record) + "\n")


_POLARS = """
import polars as pl
fields = ["id", "title", "abstract", "authors_parsed", "versions", "update_date", "categories",
          "doi", "journal-ref"]
text = pl.String
schema = {"id": text, "title": text, "abstract": text,
          "authors_parsed": pl.List(pl.List(text)),
          "versions": pl.List(pl.Struct({"version": text, "created": text})),
          "update_date": text, "categories": text, "doi": text, "journal-ref": text}
lazy = pl.scan_ndjson(path, schema=schema).select(fields)
"""
_COLLECT = _POLARS + "lazy.collect(engine='streaming')\n"
_SINK = _POLARS + "lazy.sink_parquet(path + '.polars', engine='streaming')\n"
_SOURCE = """
from pathlib import Path
from paperdump import config, inventory, parse
from paperdump.readers.arxiv_jsonl import ArxivJsonl
from paperdump.readers.source import Source
settings = parse.Settings.from_config(config.resolve({})["readers"])
file = Path(path)
source = Source("snapshot", lambda: file.open("rb"), file.stat().st_size, settings.limits)
"""
_READER = _SOURCE + "count = sum(1 for _ in ArxivJsonl().read(source))\n"
_PARSE = (
    _SOURCE
    + """
[dump] = inventory.find_dumps([path], file.parent).dumps
files = parse.Files(*(Path(path + suffix) for suffix in (".entries", ".rejects", ".dumps")))
start = time.perf_counter()
parse.parse_batch([dump], settings, files)
"""
)
_MEASURE = """
import resource, sys, time
path = sys.argv[1]
start = time.perf_counter()
{body}
seconds = time.perf_counter() - start
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(body: str, path: Path) -> tuple[float, float]:
    """Seconds, and peak memory in MiB, of a body of code in a process of its own on one thread."""
    threads = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE.format(body=body), str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **threads},
    )
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def main() -> None:
    """Generate the snapshot, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for lines in (given.lines // 10, given.lines):
            path = Path(folder) / f"snapshot-{lines}.json"
            write_snapshot(path, lines)
            size = path.stat().st_size / 1e6
            print(f"{lines:,} lines, {size:,.0f} MB, medians of {given.runs}, one thread each")
            baseline = None
            for name, body in (
                ("polars", _COLLECT),
                ("reader", _READER),
                ("polars to Parquet", _SINK),
                ("parse", _PARSE),
            ):
                begun = time.perf_counter()
                runs = [measure(body, path) for _ in range(given.runs)]
                rate = size / statistics.median(seconds for seconds, _ in runs)
                memory = statistics.median(memory for _, memory in runs)
                baseline = baseline or rate
                print(
                    f"  {name:18} {rate:7.1f} MB/s  {rate / baseline:5.2f} x polars  "
                    f"peak {memory:6.0f} MiB  ({time.perf_counter() - begun:.0f} s in all)",
                    flush=True,
                )
            for leftover in Path(folder).iterdir():
                leftover.unlink()


if __name__ == "__main__":
    main()
