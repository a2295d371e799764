"""Identifiers of papers."""

from __future__ import annotations

import hashlib

import numpy as np
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
    cluster = entries["cluster"].to_numpy()
    # sorted by cluster, of which the first entry is the one that comes first
    firsts = entries.select("is_generic", *_SEEDS)[np.unique(cluster, return_index=True)[1]]
    found = pl.coalesce("arxiv:" + pl.col("arxiv_id"), "doi:" + pl.col("doi"))
    title = "title:" + pl.col("title_key")
    named = firsts.select(found=found, title=pl.when(~pl.col("is_generic")).then(title))
    seeds = named.select(seed=pl.coalesce("found", "title")).to_series()
    seeds = _with_more(seeds, seeds.is_null(), firsts)
    seeds = _with_more(seeds, (_numbers(seeds) > 1) & named["found"].is_null(), firsts)
    number = pl.lit(_numbers(seeds))
    seed = pl.lit(seeds)
    numbered = pl.when(number == 1).then(seed).otherwise(pl.format("{} #{}", seed, number))
    ids = pl.Series(map(_paper_id, pl.select(numbered).to_series().to_list()), dtype=pl.String)
    return entries.with_columns(paper_id=ids.gather(cluster))


def _numbers(seeds: pl.Series) -> pl.Series:
    """Of equal seeds the first one is 1, the next one 2, and so on."""
    again = seeds.is_duplicated().arg_true()
    numbers = pl.repeat(1, len(seeds), dtype=pl.UInt32, eager=True)
    if not len(again):
        return numbers
    some = pl.DataFrame({"seed": seeds.gather(again)})
    counted = some.select(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("seed")).to_series()
    return numbers.scatter(again, counted)


def _with_more(seeds: pl.Series, where: pl.Series, firsts: pl.DataFrame) -> pl.Series:
    """The seeds, some of which are all that entries say: few, for that is much text."""
    places = where.arg_true()
    if not len(places):
        return seeds
    more = firsts[places].select(
        pl.concat_str(
            "title:" + pl.col("title_key"),
            pl.col("clean_abstract").fill_null(""),
            pl.col("authors").list.join(";").fill_null(""),
            pl.col("date_text").fill_null(""),
            separator="\n",
        )
    )
    return seeds.scatter(places, more.to_series())


def _paper_id(seed: str) -> str:
    return "p" + hashlib.sha256(seed.encode()).hexdigest()[:16]
