"""RapidFuzz with token blocking: what one writes with a library of string scores.

Candidates are records whose titles share two of their four rarest words (a word that no other
title has is none: it may be a slip), or the whole title; a block of more than ``block`` records
is dropped, for it says little and costs its square. ``process.cpdist``, on all cores, scores the
titles of the candidates by ``token_set_ratio``, which does not mind a missing subtitle, and the
abstracts of those that pass in the same way. Where an abstract is missing, the titles must have
the same words (``token_sort_ratio``), and be of five words at least: two editorials are two. The
rest is connected components.

The scores asked for are within 0.001 of the best F1 on 10,000 generated records, of 60 to 95 for
titles, 70 to 85 for abstracts, 95 to 100 for titles alone.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from common import Integers, arguments, components, write_clusters
from rapidfuzz import fuzz, process

_RAREST = 4


def plain(text: pl.Expr) -> pl.Expr:
    """A text in lower case, its words apart by one space."""
    return text.str.to_lowercase().str.replace_all(r"\W+", " ").str.strip_chars(" ")


def candidates(titles: pl.Series, block: int) -> pl.DataFrame:
    """The pairs of rows, ``left`` < ``right``, that share a block."""
    row = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    records = titles.to_frame("title").select(row, "title")
    words = (
        records.select("row", word=pl.col("title").str.split(" ").list.unique())
        .explode("word", empty_as_null=False)
        .with_columns(titles=pl.len().over("word"))
        .filter(pl.col("titles") > 1)
        .sort("row", "titles", "word")
        .filter(pl.int_range(pl.len()).over("row") < _RAREST)
        .select("row", "word")
    )
    two = words.join(words, on="row").filter(pl.col("word") < pl.col("word_right"))
    keys = pl.concat(
        [
            two.select("row", key=pl.concat_str("word", "word_right", separator=" ").hash(1)),
            records.select("row", key=pl.col("title").hash(2)),
        ]
    )
    keys = keys.filter(pl.len().over("key").is_between(2, block))
    pairs = keys.join(keys, on="key").filter(pl.col("row") < pl.col("row_right"))
    return pairs.select(left="row", right="row_right").unique(maintain_order=True)


def scores(texts: pl.Series, pairs: pl.DataFrame, scorer: object, batch: int = 100_000) -> Integers:
    """The score of each pair of rows, from 0 to 100."""
    found = [np.empty(0, np.uint8)]
    for part in pairs.iter_slices(batch):
        left, right = (texts.gather(part[side]).to_list() for side in ("left", "right"))
        found.append(process.cpdist(left, right, scorer=scorer, dtype=np.uint8, workers=-1))
    return np.concatenate(found)


def main() -> None:
    """Find the duplicates of a corpus."""
    given = arguments(__doc__, title=75, abstract=80, alone=100, words=5, block=50)
    corpus = pl.read_parquet(given.input, columns=["record", "title", "abstract"]).select(
        "record", plain(pl.col("title")), plain(pl.col("abstract").fill_null(""))
    )
    pairs = candidates(corpus["title"], given.block)
    pairs = pairs.filter(scores(corpus["title"], pairs, fuzz.token_set_ratio) >= given.title)
    empty = corpus["abstract"] == ""
    unknown = empty.gather(pairs["left"]) | empty.gather(pairs["right"])
    long = (corpus["title"].str.count_matches(" ") + 1 >= given.words).gather(pairs["left"])
    alone, both = pairs.filter(unknown & long), pairs.filter(~unknown)
    alone = alone.filter(scores(corpus["title"], alone, fuzz.token_sort_ratio) >= given.alone)
    both = both.filter(scores(corpus["abstract"], both, fuzz.token_set_ratio) >= given.abstract)
    pairs = pl.concat([alone, both])
    found = components(corpus.height, pairs["left"].to_numpy(), pairs["right"].to_numpy())
    write_clusters(given.output, corpus["record"].to_numpy(), found)


if __name__ == "__main__":
    main()
