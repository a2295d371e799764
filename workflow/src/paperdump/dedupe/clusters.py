"""Which entries are the same paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

# The keys that make entries the same paper, strongest first, and the rule's name in ``matches``.
_KEYS = (("arxiv_id", "same_arxiv_id"), ("doi", "same_doi"), ("title_key", "same_title"))
_CORRECTED = "correction"
_MATCHES = {
    "entry_id_kept": pl.String,
    "entry_id_repeat": pl.String,
    "match_rule": pl.String,
    "title_score": pl.Float64,
    "match_decision": pl.String,
}

Rows = Sequence[int]  # places of entries in page order, counted from 0


def of_same_paper(entries: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Find the entries that are the same paper.

    Entries that share an arXiv identifier, a DOI or a normalized title are the same, but never
    so that two different arXiv identifiers meet in one paper: of the links that would, the ones
    by the stronger key, then those that come first on the pages, are kept.

    Args:
        entries: Normalized entries in page order.

    Returns:
        The entries with ``cluster``, a number that the entries of a paper share, counted from 0
        in the order of their first entries; and the pairs of entries that were found the same.
    """
    union = _Union(entries["arxiv_id"].to_list())
    _join_by_keys(union, entries)
    roots = pl.Series("root", [union.find(row) for row in range(entries.height)], pl.Int64)
    return _numbered(entries, roots), _matches(entries, union.pairs, "same")


class Apart(Exception):  # noqa: N818 (no error of the program: people said two things)
    """What people say contradicts itself: these are the same, and are not.

    Attributes:
        different: The pair that is different.
        same: The pairs that make it the same.
    """

    def __init__(self, different: int, same: list[int]) -> None:
        super().__init__(different, same)
        self.different = different
        self.same = same


@dataclass(frozen=True, slots=True)
class Told:
    """What people say of entries: pairs by their number, each two sets of rows.

    Attributes:
        same: Pairs that are one paper; all rows of both sides are.
        different: Pairs that are not: no row of one side is the paper of one of the other.
    """

    same: Mapping[int, tuple[Rows, Rows]]
    different: Mapping[int, tuple[Rows, Rows]]

    @property
    def rows(self) -> list[int]:
        """All rows that something is said of, in order."""
        pairs = (*self.same.values(), *self.different.values())
        return sorted({row for sides in pairs for side in sides for row in side})


class Rejoined(NamedTuple):
    """What people make of clusters.

    Attributes:
        entries: The entries with their ``cluster``.
        matches: The pairs of entries found the same, and those that were told to be different.
        needed: The numbers of the pairs without which it would be otherwise.
    """

    entries: pl.DataFrame
    matches: pl.DataFrame
    needed: frozenset[int]


def rejoin(entries: pl.DataFrame, matches: pl.DataFrame, told: Told) -> Rejoined:
    """Cluster the entries anew that people say something of, and those linked with them.

    What is told to be the same is joined first, whatever the keys say; the arXiv identifiers that
    meet so count as one. Then the keys join, strongest first, as ``of_same_paper`` says, but never
    what is told to be different; so of the links that would join it, the weakest is cut.

    Args:
        entries: Entries in page order with ``cluster``, as ``of_same_paper`` gives them.
        matches: The pairs that it found.
        told: What people say.

    Raises:
        Apart: What is told to be different is told to be the same.
    """
    rows = _linked(entries, told.rows)
    part = entries[rows]
    here = {row: place for place, row in enumerate(rows)}
    same = {n: [here[row] for side in sides for row in side] for n, sides in told.same.items()}
    different = {
        n: ([here[row] for row in one], [here[row] for row in other])
        for n, (one, other) in told.different.items()
    }
    cluster = part["cluster"].to_list()
    # what the keys join anyway need not be said, unless something else that is said parts it
    spare = {n for n, group in same.items() if len({cluster[row] for row in group}) == 1}
    while True:
        said = {n: group for n, group in same.items() if n not in spare}
        union = _Union(_as_one(part["arxiv_id"].to_list(), said.values()), different)
        _join_told(union, said, different)
        _join_by_keys(union, part)
        lost = {n for n in spare if len({union.find(row) for row in same[n]}) > 1}
        if not lost:
            break
        spare -= lost
    first_of = entries.with_row_index("row").group_by("cluster").agg(root=pl.col("row").min())
    roots = entries.select("cluster").join(
        first_of, on="cluster", how="left", maintain_order="left"
    )["root"]
    roots = roots.cast(pl.Int64).scatter(
        rows, [rows[union.find(place)] for place in range(len(rows))]
    )
    kept = matches.join(part.select(entry_id_repeat="entry_id"), on="entry_id_repeat", how="anti")
    parted = [(min(one), min(other)) for n, (one, other) in different.items() if n in union.vetoed]
    apart = sorted({(min(pair), max(pair), _CORRECTED) for pair in parted})
    return Rejoined(
        _numbered(entries.drop("cluster"), roots),
        pl.concat([kept, _matches(part, union.pairs, "same"), _matches(part, apart, "different")]),
        frozenset(said) | frozenset(union.vetoed),
    )


def _join_by_keys(union: _Union, entries: pl.DataFrame) -> None:
    """Join the entries that share a key, by the strongest key first."""
    for key, rule in _KEYS:
        repeated = (
            entries.with_row_index("row")
            .filter(pl.col(key).is_not_null())
            .group_by(key, maintain_order=True)
            .agg("row")
            .filter(pl.col("row").list.len() > 1)
        )
        for rows in repeated["row"]:
            union.join_all(rows.to_list(), rule)


def _join_told(
    union: _Union, same: Mapping[int, Rows], different: Mapping[int, tuple[Rows, Rows]]
) -> None:
    """Join what is told to be the same.

    Raises:
        Apart: That joins what is told to be different.
    """
    for rows in same.values():
        union.join_told(rows)
    for number, (one, other) in different.items():
        met = {union.find(row) for row in one} & {union.find(row) for row in other}
        if met:
            by = [n for n, rows in same.items() if union.find(rows[0]) in met]
            raise Apart(number, by)


def _as_one(identifiers: list[str | None], groups: Iterable[Rows]) -> list[str | None]:
    """The identifiers, those that meet in a group as one."""
    stands_for: dict[str, str] = {}
    for rows in groups:
        mine = {stands_for.get(i, i) for row in rows if (i := identifiers[row]) is not None}
        if len(mine) > 1:
            first = min(mine)
            known = {*stands_for, *mine}
            stands_for |= {i: first for i in known if stands_for.get(i, i) in mine}
    return [None if i is None else stands_for.get(i, i) for i in identifiers]


def _linked(entries: pl.DataFrame, rows: Rows) -> list[int]:
    """The rows that a chain of shared keys leads to from some rows, these included, in order."""
    keys = [key for key, _ in _KEYS]
    every = entries.select(*keys).with_row_index("row")
    reached = pl.DataFrame({"row": rows}, schema={"row": every.schema["row"]})
    while True:
        here = every.join(reached, on="row", how="semi")
        ways = [every.join(here.select(key), on=key, how="semi").select("row") for key in keys]
        further = pl.concat([reached, *ways]).unique()
        if further.height == reached.height:
            return sorted(reached["row"].to_list())
        reached = further


def _numbered(entries: pl.DataFrame, roots: pl.Series) -> pl.DataFrame:
    """The entries with ``cluster``, counted from 0 in the order of the clusters' first entries."""
    root = roots.alias("root").to_frame()
    numbers = root.select(pl.col("root").unique(maintain_order=True)).with_row_index("cluster")
    cluster = root.join(numbers, on="root", how="left", maintain_order="left")["cluster"]
    return entries.with_columns(cluster=cluster)


def _matches(
    entries: pl.DataFrame, pairs: Iterable[tuple[int, int, str]], decision: str
) -> pl.DataFrame:
    """Pairs of rows as rows of ``matches``."""
    ids, titles = entries["entry_id"].to_list(), entries["title_key"].to_list()
    rows = [
        (ids[kept], ids[repeat], rule, 1.0 if titles[kept] == titles[repeat] else None, decision)
        for kept, repeat, rule in pairs
    ]
    return pl.DataFrame(rows, schema=_MATCHES, orient="row")


class _Union:
    """Disjoint sets of rows (Tarjan, JACM 22(2), 1975), in none of which two identifiers meet.

    Nor do the two sides of a pair that is told to be different.
    """

    def __init__(
        self,
        identifiers: list[str | None],
        different: Mapping[int, tuple[Rows, Rows]] | None = None,
    ) -> None:
        self._parent = list(range(len(identifiers)))
        self._identifier = identifiers
        self._sides: dict[int, set[tuple[int, bool]]] = {}  # root → (pair, whether its second)
        for number, (one, other) in (different or {}).items():
            for second, rows in enumerate((one, other)):
                for row in rows:
                    self._sides.setdefault(row, set()).add((number, bool(second)))
        self.pairs: list[tuple[int, int, str]] = []
        self.vetoed: set[int] = set()  # the pairs that kept something from being joined

    def find(self, row: int) -> int:
        """The first row of the set that a row is in."""
        root = row
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[row] != root:
            self._parent[row], row = root, self._parent[row]
        return root

    def join_told(self, rows: Rows) -> None:
        """Join rows that are told to be the same."""
        for row in rows:
            if self.find(row) != self.find(rows[0]):
                self._join(rows[0], row, _CORRECTED)

    def join_all(self, rows: list[int], rule: str) -> None:
        """Join rows, given in page order, where no two different identifiers meet."""
        # identifier → the rows that others are joined with: the first that carries it, and the
        # first ones that may not be joined with those before
        kept: dict[str | None, list[int]] = {}
        for row in rows:
            root = self.find(row)
            mine = self._identifier[root]
            if mine is None:
                # one without an identifier goes with the first there is
                partner = self._first_allowed(root, (p for group in kept.values() for p in group))
            else:
                partner = self._first_allowed(root, kept.get(mine, ()))
                if partner is None:
                    partner = self._first_allowed(root, kept.get(None, ()))
                    if partner is not None:
                        kept[None].remove(partner)
                        if not kept[None]:
                            del kept[None]
            if partner is not None and self.find(partner) != root:
                self._join(partner, row, rule)
            first = partner if partner is not None else row
            now = kept.setdefault(self._identifier[self.find(row)], [])
            if first not in now:
                now.append(first)

    def _first_allowed(self, root: int, partners: Iterable[int]) -> int | None:
        """The first of some rows that a set may be joined with."""
        if not self._sides:
            return next(iter(partners), None)
        return next((p for p in partners if not self._is_vetoed(root, self.find(p))), None)

    def _is_vetoed(self, one: int, other: int) -> bool:
        """Whether two sets are told to be different; the pairs that say so are noted."""
        mine: Collection[tuple[int, bool]] = self._sides.get(one, ())
        theirs: Collection[tuple[int, bool]] = self._sides.get(other, ()) if mine else ()
        if not theirs:
            return False
        against = {number for number, second in mine if (number, not second) in theirs}
        self.vetoed |= against
        return bool(against)

    def _join(self, first: int, second: int, rule: str) -> None:
        one, other = self.find(first), self.find(second)
        root, below = min(one, other), max(one, other)
        known = self._identifier[root]
        self._parent[below] = root
        self._identifier[root] = known if known is not None else self._identifier[below]
        if below in self._sides:
            self._sides.setdefault(root, set()).update(self._sides[below])
        self.pairs.append((min(first, second), max(first, second), rule))
