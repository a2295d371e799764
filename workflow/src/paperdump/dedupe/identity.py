"""Identifiers of papers."""

from __future__ import annotations

import hashlib

import polars as pl

# What identifiers are made of.
_SEEDS = ("arxiv_id", "doi", "title_key", "clean_abstract", "authors", "date_text")


def with_paper_ids(entries: pl.DataFrame) -> pl.DataFrame:
    """Add ``paper_id``, made from the first entry of each cluster, in the order given.

    An identifier that the entry carries (arXiv, then DOI) is its seed, else its normalized
    title; so the id is a function of content alone, and later dumps do not move it. A title that
    names no paper, or that an earlier cluster has as its seed, is so with what else the entry
    says; and where all of that is the same, clusters are numbered in the order given.
    """
    title = "title:" + pl.col("title_key")
    found = pl.coalesce("arxiv:" + pl.col("arxiv_id"), "doi:" + pl.col("doi"))
    firsts = entries.select("cluster", "is_generic", *_SEEDS).unique(
        "cluster", keep="first", maintain_order=True
    )
    seeds = firsts.select(
        "cluster", seed=pl.coalesce(found, pl.when(~pl.col("is_generic")).then(title))
    )
    seeds = _with_more(seeds, seeds["seed"].is_null(), firsts)
    number = pl.int_range(1, pl.len() + 1).over("seed")
    is_taken = seeds.select(number > 1).to_series() & firsts.select(found.is_null()).to_series()
    seeds = _with_more(seeds, is_taken, firsts)
    numbered = pl.format("{} #{}", "seed", number)
    seeds = seeds.with_columns(seed=pl.when(number == 1).then("seed").otherwise(numbered))
    ids = seeds.with_columns(
        paper_id=pl.Series([_paper_id(text) for text in seeds["seed"]], dtype=pl.String)
    )
    return entries.join(
        ids.select("cluster", "paper_id"), on="cluster", how="left", maintain_order="left"
    )


def _with_more(seeds: pl.DataFrame, where: pl.Series, firsts: pl.DataFrame) -> pl.DataFrame:
    """The seeds, some of which are all that entries say: few, for that is much text."""
    places = where.arg_true()
    more = firsts[places].select(
        pl.concat_str(
            "title:" + pl.col("title_key"),
            pl.col("clean_abstract").fill_null(""),
            pl.col("authors").list.join(";").fill_null(""),
            pl.col("date_text").fill_null(""),
            separator="\n",
        )
    )
    return seeds.with_columns(seed=seeds["seed"].scatter(places, more.to_series()))


def _paper_id(seed: str) -> str:
    return "p" + hashlib.sha256(seed.encode()).hexdigest()[:16]
