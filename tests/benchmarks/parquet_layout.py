"""How much of a published file readers read who want a month or one identifier.

    python tests/benchmarks/parquet_layout.py [--papers 1000000] [--corpus FILE]

The papers are those of ``corpus.py`` (or invented on the spot, with abstracts of random letters),
written as a release has them, and in the layout of before (row groups of 131,072 rows, no Bloom
filters). Bytes are those that the process asks the system for (``/proc/self/io``, so on Linux
only); Polars, which maps local files into memory, is given the file by a server on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import http.server
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from paperdump import tables

Read = Callable[[str], int]


def invented(n: int, corpus: Path | None) -> pl.DataFrame:
    """So many papers, with identifiers in no order."""
    if corpus:
        texts = pl.read_parquet(corpus, columns=["title", "abstract", "published_on"]).head(n)
    else:
        letters = np.random.default_rng(0).integers(97, 123, (n, 900), dtype=np.uint8)
        number = pl.int_range(n)
        texts = pl.DataFrame({"abstract": [bytes(row).decode() for row in letters]}).with_columns(
            title=pl.format("Paper {}", number),
            published_on=dt.date(2005, 1, 1) + pl.duration(days=number * 7919 % 7300),
        )
    ids = ["p" + hashlib.sha256(b"%d" % i).hexdigest()[:16] for i in range(texts.height)]
    return texts.with_columns(
        paper_id=pl.Series(ids),
        n_sightings=pl.lit(1, pl.Int32),
        n_dumps=pl.lit(1, pl.Int32),
        conflicts=pl.lit([], pl.List(pl.String)),
    )


def bytes_read() -> int:
    """How many bytes this process has asked the system for."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


class _Serving(http.server.BaseHTTPRequestHandler):
    """Answers requests for ranges of files, and counts the bytes."""

    protocol_version = "HTTP/1.1"
    served = 0

    def do_HEAD(self) -> None:
        self._answer(False)

    def do_GET(self) -> None:
        self._answer(True)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, with_body: bool) -> None:
        path = Path(self.path)
        size = path.stat().st_size
        first, last = 0, size - 1
        asked = self.headers.get("Range")
        if asked:
            start, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = (int(start), int(end or last)) if start else (size - int(end), last)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Accept-Ranges", "bytes")
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if with_body:
            with path.open("rb") as file:
                file.seek(first)
                self.wfile.write(file.read(last - first + 1))
            type(self).served += last - first + 1


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The address of a server of this machine's files."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Serving) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def readers(column: str, low: Any, high: Any) -> dict[str, Read]:
    """For each library, how it reads the rows of which a column is in a range."""

    def with_duckdb(path: str) -> int:
        with duckdb.connect() as database:
            query = f"select * from read_parquet(?) where {column} between ? and ?"  # noqa: S608
            if low == high:  # only an equality asks the Bloom filters
                query = f"select * from read_parquet(?) where {column} = ?"  # noqa: S608
            values = [path, low] if low == high else [path, low, high]
            return len(database.execute(query, values).fetchall())

    def with_pyarrow(path: str) -> int:
        field = ds.field(column)
        wanted = field == low if low == high else (field >= low) & (field <= high)
        return int(ds.dataset(path).to_table(filter=wanted).num_rows)

    def with_polars(path: str) -> int:
        field = pl.col(column)
        wanted = field == low if low == high else field.is_between(low, high)
        return int(pl.scan_parquet(path).filter(wanted).collect().height)

    def with_polars_not_null(path: str) -> int:
        # row groups without any value, as those of undated papers, are read else
        field = pl.col(column)
        wanted = field.is_not_null() & field.is_between(pl.lit(low), pl.lit(high))
        return int(pl.scan_parquet(path).filter(wanted).collect().height)

    return {
        "DuckDB": with_duckdb,
        "PyArrow dataset": with_pyarrow,
        "Polars": with_polars,
        "Polars, is_not_null": with_polars_not_null,
    }


def main() -> None:
    """Write both layouts, read with each library, and print a table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--papers", type=int, default=1_000_000)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    frame = tables.conform(invented(options.papers, options.corpus), "papers")
    days = frame["published_on"].drop_nulls()
    middle = days[days.len() // 2]
    month = (middle.replace(day=1), (middle.replace(day=1) + dt.timedelta(days=31)).replace(day=1))
    one = frame["paper_id"][frame.height // 2]
    asked = {
        "a month": ("published_on", month[0], month[1] - dt.timedelta(days=1)),
        "a paper_id": ("paper_id", one, one),
    }
    with tempfile.TemporaryDirectory() as name, server() as address:
        before, now = Path(name) / "before.parquet", Path(name) / "now.parquet"
        made = tables.to_arrow(frame, "papers")
        pq.write_table(
            made, before, compression="zstd", row_group_size=131_072, write_page_index=True
        )
        tables.write_parquet(frame, "papers", now)
        print("| layout | MB | row groups | filter | library | rows | MB read | share | ms |")
        print("| --- | --: | --: | --- | --- | --: | --: | --: | --: |")
        for layout, path in (("before", before), ("now", now)):
            size, groups = path.stat().st_size, pq.read_metadata(path).num_row_groups
            for label, condition in asked.items():
                for library, read in readers(*condition).items():
                    place = f"{address}{path}" if library.startswith("Polars") else str(path)
                    _Serving.served, counted, start = 0, bytes_read(), time.monotonic()
                    rows = read(place)
                    taken = time.monotonic() - start
                    n = _Serving.served if library.startswith("Polars") else bytes_read() - counted
                    print(
                        f"| {layout} | {size / 1e6:.0f} | {groups} | {label} | {library} | {rows:,}"
                        f" | {n / 1e6:.1f} | {n / size:.1%} | {taken * 1e3:.0f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
