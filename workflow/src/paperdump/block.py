"""The block stage: which titles, and which abstracts, are compared, a shard at a time.

It runs where there is so much that one job should not do it alone; elsewhere dedupe blocks itself,
with the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from paperdump import tables
from paperdump.dedupe import pairing
from paperdump.dedupe.candidates import Shared
from paperdump.dedupe.pairing import Blocks

_READ = ("title_words", "title_sketch", "abstract_length", "abstract_digest", "abstract_sketch")


def shard(files: Sequence[Path], min_abstract_words: int, number: int, shards: int) -> pl.DataFrame:
    """The pairs of one shard of the space of hashes.

    Args:
        files: The tables ``work/normalized`` of all batches.
        min_abstract_words: Words below which an abstract is none.
        number: Which shard it is, from 0.
        shards: How many there are.

    Returns:
        A table ``work/blocks``.
    """
    entries = pl.concat([pl.read_parquet(file, columns=list(_READ)) for file in files])
    texts = pairing.texts_of(entries, min_abstract_words)
    del entries
    return as_table(pairing.block(*texts, number, shards))


def as_table(blocks: Blocks) -> pl.DataFrame:
    """Blocks as a table ``work/blocks``."""
    parts = [
        pl.DataFrame(
            {"one": shared.one, "other": shared.other, "keys": shared.keys},
            schema=dict.fromkeys(("one", "other", "keys"), pl.Int64),
        ).with_columns(compared=pl.lit(kind))
        for kind, shared in (("title", blocks.titles), ("abstract", blocks.abstracts))
    ]
    return tables.conform(pl.concat(parts), "work/blocks")


def gathered(files: Sequence[Path]) -> Blocks | None:
    """What the shards of a run found, together; None where there are none."""
    if not files:
        return None
    return pairing.gathered([_of_table(tables.read_parquet(file, "work/blocks")) for file in files])


def _of_table(table: pl.DataFrame) -> Blocks:
    def shared(kind: str) -> Shared:
        rows = table.filter(pl.col("compared") == kind)
        return Shared(
            *(rows[name].to_numpy().astype(np.int64) for name in ("one", "other", "keys"))
        )

    return Blocks(shared("title"), shared("abstract"))
