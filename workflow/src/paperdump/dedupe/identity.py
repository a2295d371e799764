"""Identifiers of papers."""

from __future__ import annotations

import hashlib

import polars as pl


def with_paper_ids(entries: pl.DataFrame) -> pl.DataFrame:
    """Add ``paper_id``, made from the first entry of each cluster, in the order given.

    An identifier that the entry carries (arXiv, then DOI) is its seed, else its normalized
    title; so the id is a function of content alone, and later dumps do not move it. Clusters of
    the same seed, which a correction tells to be different, are numbered in the order given.
    """
    seed = pl.coalesce(
        "arxiv:" + pl.col("arxiv_id"), "doi:" + pl.col("doi"), "title:" + pl.col("title_key")
    )
    seeds = entries.select("cluster", seed=seed).unique(
        "cluster", keep="first", maintain_order=True
    )
    number = pl.int_range(1, pl.len() + 1).over("seed")
    numbered = pl.when(number == 1).then("seed").otherwise(pl.format("{} #{}", "seed", number))
    seeds = seeds.with_columns(seed=numbered)
    ids = seeds.with_columns(
        paper_id=pl.Series([_paper_id(text) for text in seeds["seed"]], dtype=pl.String)
    )
    return entries.join(
        ids.select("cluster", "paper_id"), on="cluster", how="left", maintain_order="left"
    )


def _paper_id(seed: str) -> str:
    return "p" + hashlib.sha256(seed.encode()).hexdigest()[:16]
