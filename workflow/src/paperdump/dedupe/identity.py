"""Identifiers of papers."""

from __future__ import annotations

import hashlib

import polars as pl


def with_paper_ids(entries: pl.DataFrame) -> pl.DataFrame:
    """Add ``paper_id``, made from the first entry of each cluster, in the order given.

    An identifier that the entry carries (arXiv, then DOI) is its seed, else its normalized
    title; so the id is a function of content alone, and later dumps do not move it. A title that
    names no paper, or that an earlier cluster has as its seed, is so with what else the entry
    says; and where all of that is the same, clusters are numbered in the order given.
    """
    title = "title:" + pl.col("title_key")
    more = pl.concat_str(
        title,
        pl.col("clean_abstract").fill_null(""),
        pl.col("authors").list.join(";").fill_null(""),
        pl.col("date_text").fill_null(""),
        separator="\n",
    )
    found = pl.coalesce("arxiv:" + pl.col("arxiv_id"), "doi:" + pl.col("doi"))
    firsts = entries.unique("cluster", keep="first", maintain_order=True)
    seeds = firsts.select(
        "cluster",
        seed=pl.coalesce(found, pl.when("is_generic").then(more).otherwise(title)),
        more=pl.coalesce(found, more),
    )
    number = pl.int_range(1, pl.len() + 1).over("seed")
    seeds = seeds.with_columns(seed=pl.when(number == 1).then("seed").otherwise("more"))
    numbered = pl.format("{} #{}", "seed", number)
    seeds = seeds.with_columns(seed=pl.when(number == 1).then("seed").otherwise(numbered))
    ids = seeds.with_columns(
        paper_id=pl.Series([_paper_id(text) for text in seeds["seed"]], dtype=pl.String)
    )
    return entries.join(
        ids.select("cluster", "paper_id"), on="cluster", how="left", maintain_order="left"
    )


def _paper_id(seed: str) -> str:
    return "p" + hashlib.sha256(seed.encode()).hexdigest()[:16]
