"""What the runners of the peers share: the corpus in, the clusters out, and nothing of a peer.

Every runner is a script: ``python run_PEER.py INPUT OUTPUT``. It reads the columns ``record``,
``title`` and ``abstract`` (Splink ``authors`` and ``published_on`` too) of a Parquet file, and
writes a Parquet file of ``record`` and ``cluster``, both integers. Parameters have defaults, which
the runner defends in its docstring; they can be changed to try others.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Integers = npt.NDArray[np.int64]

_WORD = re.compile(r"\w+")


def arguments(description: str | None, **defaults: float | str) -> argparse.Namespace:
    """The command line of a runner: two files, and an option for each of its parameters."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    for name, default in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    return parser.parse_args()


def read_texts(path: Path) -> tuple[Integers, pa.LargeStringArray]:
    """The records' numbers, and of each the title and the abstract as one text."""
    corpus = pq.read_table(path, columns=["record", "title", "abstract"])
    titles, abstracts = (pc.cast(corpus[name], pa.large_string()) for name in ("title", "abstract"))
    texts = pc.binary_join_element_wise(
        titles, abstracts, pa.scalar("\n", pa.large_string()), null_handling="skip"
    )
    return corpus["record"].to_numpy(), texts.combine_chunks()


def batches(texts: pa.LargeStringArray, size: int = 10_000) -> Iterator[tuple[int, list[str]]]:
    """The texts as Python strings, so many at a time, each time with the row of the first."""
    for start in range(0, len(texts), size):
        yield start, texts.slice(start, size).to_pylist()


def shingles(text: str, size: int) -> list[str]:
    """The runs of ``size`` words of a text, in lower case; a shorter text is one run."""
    words = _WORD.findall(text.lower())
    if len(words) <= size:
        return [" ".join(words)]
    return list(map(" ".join, zip(*(words[at:] for at in range(size)), strict=False)))


def pairs_of_lists(rows: Sequence[Iterable[int]]) -> tuple[Integers, Integers]:
    """The pairs of each row's number with those that were found for it, once, none with itself."""
    found = [list(row) for row in rows]
    left = np.repeat(np.arange(len(found)), [len(row) for row in found])
    right = np.fromiter(chain.from_iterable(found), np.int64, count=len(left))
    keep = left < right  # what finds is found: the other half says the same
    return left[keep], right[keep]


def components(count: int, left: npt.ArrayLike, right: npt.ArrayLike) -> Integers:
    """The number of the connected component of each of ``count`` rows, given the pairs of rows."""
    sources, targets = np.asarray(left, np.int64), np.asarray(right, np.int64)
    ones = np.ones(len(sources), np.int8)
    graph = coo_array((ones, (sources, targets)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def write_clusters(path: Path, records: npt.ArrayLike, clusters: npt.ArrayLike) -> None:
    """Write the answer of a peer."""
    columns = {"record": np.asarray(records, np.int64), "cluster": np.asarray(clusters, np.int64)}
    pq.write_table(pa.table(columns), path)
