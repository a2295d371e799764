"""What dedupe would send over the network on many nodes: a simulation from what is measured.

    python tests/benchmarks/shuffle.py [--records 10000 100000 1000000] [--corpus FILE ...]
        [--sizes 10 100 1000] [--nodes 2 16 128] [--doc docs/scale.md]

Of generated corpora (``corpus.py``), or of files of the same columns, it measures what blocking
works with: how many keys a title and an abstract have, how many texts share a key, the pairs that
follow, and those of them that are compared closely. All is of the code that the workflow runs.

Then it tells what that is at other sizes (``--sizes``, in million entries), if every key is sent to
the shard that its hash names, and every pair's texts meet where they are compared:

* keys: as many for an entry as in the largest corpus. A record is the key and the number of its
  text, 16 bytes; all but one in so many as there are nodes have to leave the node they are made on;
* shards: so many that a shard's records have a gigabyte; a job holds about three times as much;
* skew: how much more than the mean the largest shard has, by a simulation: keys go to shards by
  chance. A key that up to 1,000 texts share is a paper's, and as large at any size; one that more
  share is of the language, and as many times larger as there are more entries. ``capped``: the same
  where a node sends no more than 1,000 records of a key, beyond which it pairs nothing;
* pairs: as many for an entry as the corpora have, grown as from the last but one to the last, but
  no more than the method can make (3.5 for a key); those that chance adds, since a key has only 40
  bits, and, while key and text share 64 of them, fewer; 20 bytes each;
* texts: of each pair that is compared closely one entry goes to where the other one is; what
  comparing reads of an entry has so many bytes as in the largest corpus. Pairs grow likewise.

``check`` is what the same rule says of the largest corpus from those before it, beside what is
measured there. The words of these corpora are the same at each size, so that titles resemble each
other more and more: real ones have new words, and fewer pairs. ``--doc`` writes both tables into a
document.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import corpus as generator
from tests.benchmarks import dedupe_stage, scale

from paperdump.dedupe import candidates, likeness, pairing
from paperdump.normalize.signatures import BITS

Ints = npt.NDArray[np.int64]

KEY_BYTES, PAIR_BYTES = 16, 20  # of a record that is sent
SHARD_BYTES = 1_000_000_000
LINK_BYTES = 1_250_000_000  # a second, to and from a node: 10 Gbit/s
_COMPARED = ("title_words", "clean_abstract", "authors", "abstract_sketch")


class Keyed(NamedTuple):
    """What blocking has of one kind of texts.

    Attributes:
        texts: How many different texts.
        keys: How many keys all of them have, those of a text counted once.
        sharing: At each place m how many different keys exactly m texts share.
        pairs: How many pairs these lead to, each as often as keys lead to it.
        distinct: How many different pairs.
    """

    texts: int
    keys: int
    sharing: Ints
    pairs: int
    distinct: int


class Corpus(NamedTuple):
    """What is measured of a corpus.

    Attributes:
        entries: How many.
        titles: Of their titles.
        abstracts: Of their abstracts.
        compared: How many pairs are compared closely.
        text_bytes: What comparing reads of an entry.
    """

    entries: int
    titles: Keyed
    abstracts: Keyed
    compared: int
    text_bytes: float

    @property
    def keys(self) -> float:
        """Keys of an entry."""
        return (self.titles.keys + self.abstracts.keys) / self.entries

    @property
    def pairs(self) -> float:
        """Pairs of an entry, as often as keys lead to them."""
        return (self.titles.pairs + self.abstracts.pairs) / self.entries


class Shuffle(NamedTuple):
    """What goes over the network at a size.

    Attributes:
        entries: How many.
        nodes: How many nodes.
        shards: How many shards.
        records: Records of keys.
        skew: The largest shard's records beside the mean.
        capped: The same where a node sends no more than a key's first ones.
        pairs: Pairs that shards make.
        by_chance: Those of them that only chance makes.
        compared: Pairs that are compared closely.
        key_bytes: Bytes of keys that leave their node.
        pair_bytes: Bytes of pairs that do.
        text_bytes: Bytes of texts that do.
    """

    entries: int
    nodes: int
    shards: int
    records: float
    skew: float
    capped: float
    pairs: float
    by_chance: float
    compared: float
    key_bytes: float
    pair_bytes: float
    text_bytes: float

    @property
    def of_node(self) -> float:
        """Bytes that a node sends, and as many receives."""
        return (self.key_bytes + self.pair_bytes + self.text_bytes) / self.nodes


def sharing(keys: candidates.Keys) -> Ints:
    """At each place m how many different keys exactly m texts share."""
    order = np.lexsort((keys.owners, keys.hashes))
    hashes, owners = keys.hashes[order], keys.owners[order]
    other_key = np.ones(len(hashes), bool)
    other_key[1:] = hashes[1:] != hashes[:-1]
    new = other_key.copy()
    new[1:] |= owners[1:] != owners[:-1]
    lengths = np.bincount(np.cumsum(other_key)[new] - 1) if len(hashes) else np.empty(0, np.int64)
    return np.bincount(lengths).astype(np.int64)


def pairs_of(shared: Ints) -> int:
    """How many pairs the keys lead to, by how many texts share each."""
    m = np.arange(len(shared))
    few = m <= candidates.ALL_PAIRED
    pairs = np.where(few, m * (m - 1) // 2, 2 * m - 3)
    pairs[m > candidates.MOST_PAIRED] = 0
    return int((pairs * shared).sum())


def most_pairs() -> float:
    """The most pairs that a record of a key can lead to, however many texts share it."""
    return (candidates.ALL_PAIRED - 1) / 2


def keyed(texts: pairing.Texts, pieces: Iterable[candidates.Keys]) -> Keyed:
    """What blocking has of texts, by their keys."""
    keys = candidates.Keys.of(pieces)
    keys = keys._replace(owners=texts.owners[keys.owners])
    shared = sharing(keys)
    distinct = len(candidates.paired([keys], texts.n).one)
    n_keys = int((np.arange(len(shared)) * shared).sum())
    return Keyed(texts.n, n_keys, shared, pairs_of(shared), distinct)


def measured(file: Path) -> Corpus:
    """Measure a corpus."""
    limits = dedupe_stage.default_limits()
    entries = dedupe_stage.read(file, dedupe_stage.Steps(), clean=False)
    text_bytes = entries.select(pl.col(_COMPARED)).estimated_size() / entries.height
    entries = likeness.with_keys(dedupe_stage.as_one_dump(entries), limits)
    entries = entries.drop("clean_abstract")
    titles, abstracts = pairing.texts_of(entries, limits.min_abstract_words)
    blocks = pairing.block(titles, abstracts)
    forms = pairing.forms_of(entries)
    return Corpus(
        entries.height,
        keyed(titles, candidates.title_keys(titles.sketches)),
        keyed(abstracts, candidates.abstract_keys(abstracts.sketches)),
        pairing.pairs_of_forms(forms, titles, abstracts, blocks).height,
        text_bytes,
    )


def grown(sizes: Sequence[int], values: Sequence[float], size: float, most: float) -> float:
    """A figure of an entry at another size: it grows as between the last two sizes measured.

    Args:
        sizes: The sizes measured, in order.
        values: The figure at each.
        size: The other size.
        most: What it cannot be beyond.
    """
    if len(sizes) < 2:
        return values[-1]
    steep = scale.slope((sizes[-2], sizes[-1]), (values[-2], values[-1])) or 0.0
    return min(most, values[-1] * (size / sizes[-1]) ** max(0.0, steep))


def chance_pairs(keys: float, texts: float, packed: bool) -> float:
    """Pairs of keys that are equal by chance.

    Args:
        keys: How many different keys there are.
        texts: How many texts.
        packed: Whether key and number of the text have 64 bits together.
    """
    bits = float(BITS)
    if packed:
        bits = min(bits, 64 - math.ceil(math.log2(max(2.0, texts))))
    return keys**2 / 2 / 2**bits


def skew(
    shared: Sequence[Ints], times: float, shards: int, most: float = math.inf, seed: int = 0
) -> float:
    """How many times the mean the largest shard has, where keys go to shards by chance.

    Args:
        shared: For each kind of key how many texts share it, as ``sharing`` has it.
        times: How many times as many entries there are.
        shards: How many shards.
        most: The most records of a key that are sent.
        seed: Of the chance.
    """
    chance = np.random.default_rng(seed)
    loads = np.zeros(shards)
    for kind in shared:
        m = np.arange(len(kind))
        light = m <= candidates.MOST_PAIRED
        # of many small keys a shard's sum is nearly normal
        mean = (m * kind)[light].sum() * times / shards
        spread = math.sqrt((m * m * kind)[light].sum() * times / shards)
        loads += chance.normal(mean, spread, shards)
        heavy = np.repeat(m[~light], kind[~light]) * times
        np.add.at(loads, chance.integers(0, shards, len(heavy)), np.minimum(heavy, most))
    return float(loads.max() / loads.mean())


def simulated(corpora: Sequence[Corpus], entries: int, nodes: int) -> Shuffle:
    """What goes over the network at a size.

    Args:
        corpora: What is measured, the smallest corpus first.
        entries: The size.
        nodes: On how many nodes.
    """
    last, sizes = corpora[-1], [corpus.entries for corpus in corpora]
    times = entries / last.entries
    records = last.keys * entries
    shards = max(nodes, math.ceil(records * KEY_BYTES / SHARD_BYTES))
    kinds = last.titles, last.abstracts
    by_chance = sum(
        chance_pairs(kind.sharing.sum() * times, kind.texts * times, packed=True) for kind in kinds
    )
    most = most_pairs() * last.keys
    pairs = grown(sizes, [corpus.pairs for corpus in corpora], entries, most) * entries
    compared = [corpus.compared / corpus.entries for corpus in corpora]
    compared_pairs = grown(sizes, compared, entries, most) * entries
    leave = (nodes - 1) / nodes
    shared = [kind.sharing for kind in kinds]
    return Shuffle(
        entries,
        nodes,
        shards,
        records,
        skew(shared, times, shards),
        skew(shared, times, shards, candidates.MOST_PAIRED * nodes),
        pairs + by_chance,
        by_chance,
        compared_pairs,
        records * KEY_BYTES * leave,
        (pairs + by_chance) * PAIR_BYTES * leave,
        compared_pairs * last.text_bytes * leave,
    )


def _table(rows: Sequence[Sequence[str]], markdown: bool) -> str:
    return scale.markdown(rows) if markdown else scale.aligned(rows)


def measured_table(corpora: Sequence[Corpus], markdown: bool = False) -> str:
    """What is measured of corpora, for an entry each."""
    rows = [["", *(f"{corpus.entries:,}" for corpus in corpora)]]

    def row(name: str, cells: Sequence[str]) -> None:
        rows.append([name, *cells])

    for kind in ("titles", "abstracts"):
        of = [(corpus.entries, getattr(corpus, kind)) for corpus in corpora]
        row(f"different {kind}", [f"{each.texts / n:.3f}" for n, each in of])
        row(f"keys of {kind}", [f"{each.keys / n:.1f}" for n, each in of])
        shared = [each.sharing for _, each in of]
        row("  shared by more than one", [f"{s[2:].sum() / s.sum():.2%}" for s in shared])
        row("  by more than 1,000 (keys)", [f"{s[1001:].sum():,}" for s in shared])
        row("  the most that share one", [f"{len(s) - 1:,}" for s in shared])
        row("  pairs by keys", [f"{each.pairs / n:.2f}" for n, each in of])
        row("  different pairs", [f"{each.distinct / n:.2f}" for n, each in of])
    row("compared closely", [f"{corpus.compared / corpus.entries:.2f}" for corpus in corpora])
    row("bytes that comparing reads", [f"{corpus.text_bytes:,.0f}" for corpus in corpora])
    return _table(rows, markdown)


def simulated_table(shuffles: Sequence[Shuffle], markdown: bool = False) -> str:
    """What goes over the network at each size."""
    rows = [["", *(f"{one.entries / 1e6:,.0f} million" for one in shuffles)]]

    def row(name: str, cells: Sequence[str]) -> None:
        rows.append([name, *cells])

    def gigabytes(n_bytes: float) -> str:
        return f"{n_bytes / 1e9:,.1f}"

    row("nodes", [f"{one.nodes:,}" for one in shuffles])
    row("shards of keys", [f"{one.shards:,}" for one in shuffles])
    row("records of keys, billion", [f"{one.records / 1e9:,.1f}" for one in shuffles])
    row("written by all, GB", [gigabytes(one.records * KEY_BYTES) for one in shuffles])
    row("  to a shard", [gigabytes(one.records * KEY_BYTES / one.shards) for one in shuffles])
    row("  largest shard / mean", [f"{one.skew:.2f}" for one in shuffles])
    row("  the same, capped", [f"{one.capped:.2f}" for one in shuffles])
    row("keys sent, GB", [gigabytes(one.key_bytes) for one in shuffles])
    row("pairs of an entry", [f"{one.pairs / one.entries:.1f}" for one in shuffles])
    row("  by chance", [f"{one.by_chance / one.entries:.2f}" for one in shuffles])
    row("pairs sent, GB", [gigabytes(one.pair_bytes) for one in shuffles])
    row("compared closely, of an entry", [f"{one.compared / one.entries:.2f}" for one in shuffles])
    row("texts sent, GB", [gigabytes(one.text_bytes) for one in shuffles])
    row("a node sends, GB", [gigabytes(one.of_node) for one in shuffles])
    row("  seconds at 10 Gbit/s", [f"{one.of_node / LINK_BYTES:,.0f}" for one in shuffles])
    return _table(rows, markdown)


def check(corpora: Sequence[Corpus]) -> str:
    """What the rule of growth says of the largest corpus by the others, beside what it is."""
    *before, last = corpora
    sizes = [corpus.entries for corpus in before]
    figures = {
        "pairs by keys": [corpus.pairs for corpus in corpora],
        "compared closely": [corpus.compared / corpus.entries for corpus in corpora],
    }
    return "\n".join(
        f"check: {name} of an entry at {last.entries:,}: "
        f"{grown(sizes, values[:-1], last.entries, math.inf):.2f} told, {values[-1]:.2f} measured"
        for name, values in figures.items()
    )


def main() -> None:
    """Measure, simulate, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    size.add_argument("--corpus", type=Path, nargs="+", help="generated corpora to take instead")
    parser.add_argument("--sizes", type=float, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--nodes", type=int, nargs="+", default=[2, 16, 128])
    parser.add_argument("--doc", type=Path, help="the document with tables to be filled")
    given = parser.parse_args()
    if len(given.sizes) != len(given.nodes):
        parser.error("as many --nodes as --sizes")
    with tempfile.TemporaryDirectory() as name:
        files = list(given.corpus or [])
        for records in given.records if not files else []:
            files.append(Path(name) / f"corpus_{records}.parquet")
            generator.generate(records).write_parquet(files[-1])
        corpora = sorted((measured(file) for file in files), key=lambda corpus: corpus.entries)
    print(f"measured, for an entry\n\n{measured_table(corpora)}\n")
    if len(corpora) > 2:
        print(f"{check(corpora)}\n")
    shuffles = [
        simulated(corpora, int(million * 1e6), nodes)
        for million, nodes in zip(given.sizes, given.nodes, strict=True)
    ]
    print(f"simulated\n\n{simulated_table(shuffles)}")
    if given.doc:
        tables = {
            "keys": measured_table(corpora, markdown=True),
            "shuffle": simulated_table(shuffles, markdown=True),
        }
        given.doc.write_text(scale.filled(given.doc.read_text("utf-8"), tables), "utf-8")


if __name__ == "__main__":
    main()
