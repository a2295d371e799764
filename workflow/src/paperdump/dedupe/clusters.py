"""Which entries are the same paper: connected components of what was matched, under the vetoes.

A chain of good links never joins two entries that a veto keeps apart. Where it would, links are
taken again one by one, the strongest first, and one that brings a veto's sides together is left
out: so each chain is cut at its weakest link. That is Kruskal's spanning forest under constraints;
it is done in the few components only that hold a veto. Years of publication are weighed, for one
of many copies often has a wrong one: they keep sets apart unless links outnumber them by far.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from paperdump.dedupe import titles
from paperdump.dedupe.decisions import DIFFERENT, SAME, VETOES, WEIGHED

_CORRECTED = "correction"
_CUT = "weakest_link"
# Of which no paper has two: what each column of these says in the rows that ``matching`` makes.
EXCLUSIVE = ("arxiv_id", "published_doi", "preprint_doi")
# Rules whose links are those of a key: what is linked with one entry is so with each other.
_IDENTITY = ("same_arxiv_id", "same_doi")
_KEY_RULES = (*_IDENTITY, "same_title")
# links between two sets per pair of them that years keep apart, from which on they are joined
_OUTWEIGHED = 3
_SUPPORT = 0.5  # weight of common neighbours in the order of links
_MOST_TITLES = 60  # different titles of a component that are all compared with each other

Rows = Sequence[int]  # places of entries in page order, counted from 0
Numbers = npt.NDArray[np.int64]


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

    same: Mapping[int, tuple[Rows, Rows]] = field(default_factory=dict)
    different: Mapping[int, tuple[Rows, Rows]] = field(default_factory=dict)

    @property
    def rows(self) -> list[int]:
        """All rows that something is said of, in order."""
        pairs = (*self.same.values(), *self.different.values())
        return sorted({row for sides in pairs for side in sides for row in side})


class Clustered(NamedTuple):
    """Entries in clusters.

    Attributes:
        entries: The entries with ``cluster``, a number that the entries of a paper share, counted
            from 0 in the order of their first entries.
        matches: The pairs that were compared, or told, with what became of them.
        needed: The numbers of the told pairs without which it would be otherwise.
    """

    entries: pl.DataFrame
    matches: pl.DataFrame
    needed: frozenset[int] = frozenset()


def of_same_paper(
    entries: pl.DataFrame, links: pl.DataFrame, told: Told | None = None
) -> Clustered:
    """Cluster entries.

    What people tell to be the same is joined first, whatever else is known; the identifiers that
    meet so count as one. Then the links join, under the vetoes and what is told to be different.

    Args:
        entries: Entries in page order, with the columns of ``EXCLUSIVE``.
        links: The pairs that were compared, as ``matching.links`` gives them.
        told: What people say.

    Raises:
        Apart: What is told to be different is told to be the same.
    """
    told = told or Told()
    groups = {n: [*sides[0], *sides[1]] for n, sides in told.same.items()}
    joins = links.filter(pl.col("match_decision") == SAME)
    joins = joins.select("one", "other", "strength", "match_rule")
    # what the links join anyway need not be said, unless something else that is said parts it
    spare = set(groups)
    alone = _parted(entries, joins, links, Told(different=told.different))
    while True:
        spare &= {n for n in groups if len(set(alone.roots[groups[n]])) == 1}
        said = {n: group for n, group in groups.items() if n not in spare}
        done = alone if not said else _parted(entries, joins, links, told, said)
        lost = {n for n in spare if len(set(done.roots[groups[n]])) > 1}
        if not lost:
            break
        spare -= lost
        alone = done
    cluster = _numbered(done.roots)
    matches = _outcome(links, cluster)
    pairs = [(row, group[0]) for group in said.values() for row in group[1:]]
    parted = [sides for n, sides in told.different.items() if n in done.vetoed]
    apart = [(min(one), min(other)) for one, other in parted]
    matches = pl.concat([matches, _told_of(pairs, SAME, links), _told_of(apart, DIFFERENT, links)])
    matches = matches.unique(["one", "other"], keep="last").sort("one", "other")
    ids = entries["entry_id"]
    return Clustered(
        entries.with_columns(cluster=pl.Series(cluster)),
        matches.select(
            entry_id_kept=ids.gather(matches["one"]),
            entry_id_repeat=ids.gather(matches["other"]),
            **{name: name for name in matches.columns if name not in ("one", "other", "strength")},
        ),
        frozenset(said) | frozenset(done.vetoed),
    )


def components(n: int, one: Numbers, other: Numbers) -> Numbers:
    """The smallest number that each of ``n`` is linked with, by any chain of links.

    Labels are hooked on the smaller one and pointers doubled until nothing changes, so that a
    chain takes a logarithm of its length (Shiloach and Vishkin, Journal of Algorithms 3, 1982).
    """
    root = np.arange(n)
    while True:
        a, b = root[one], root[other]
        differ = a != b
        if not differ.any():
            return root
        one, other, a, b = one[differ], other[differ], a[differ], b[differ]
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while True:
            further = root[root]
            if np.array_equal(further, root):
                break
            root = further


class _Done(NamedTuple):
    """Roots of rows, and the told pairs that kept something from being joined."""

    roots: Numbers
    vetoed: set[int]


def _parted(
    entries: pl.DataFrame,
    joins: pl.DataFrame,
    links: pl.DataFrame,
    told: Told,
    said: Mapping[int, Rows] | None = None,
) -> _Done:
    """As ``_without``; what was linked only by way of what people part, is linked on its own.

    A told pair that parts nothing changes nothing.
    """
    first = _without(entries, joins, links, told, said)
    if not first.vetoed:
        return first
    apart = Told(different={n: told.different[n] for n in first.vetoed})
    more = pl.concat([joins, _spare_links(links, apart.rows)])
    second = _without(entries, more, links, told, said)
    return _Done(second.roots, first.vetoed | second.vetoed)


def _without(
    entries: pl.DataFrame,
    joins: pl.DataFrame,
    links: pl.DataFrame,
    told: Told,
    said: Mapping[int, Rows] | None = None,
) -> _Done:
    """The roots of rows, by links and by what is said to be the same, under all vetoes."""
    said = said or {}
    one, other = (joins[side].to_numpy().astype(np.int64) for side in ("one", "other"))
    by_said = [(group[0], row) for group in said.values() for row in group[1:]]
    more = np.array(by_said, dtype=np.int64).reshape(-1, 2)
    roots = components(
        entries.height, np.concatenate([one, more[:, 0]]), np.concatenate([other, more[:, 1]])
    )
    vetoes = _title_vetoes(entries, roots) + _pair_vetoes(links, roots)
    of_years = _inside(links, roots, pl.col("match_rule") == WEIGHED)
    years = [([one], [other]) for one, other in of_years]
    open_roots = _contested(entries, [*vetoes, *years], roots) | {
        int(roots[row]) for row in told.rows
    }
    if not open_roots:
        return _Done(roots, set())
    contested = np.isin(roots, np.array(sorted(open_roots)))
    rows = np.flatnonzero(contested)
    exclusive = {name: entries[name].gather(rows).to_list() for name in EXCLUSIVE}
    here = {int(row): place for place, row in enumerate(rows)}
    groups = [[here[row] for row in group] for group in said.values()]
    sides = {
        n: ([here[row] for row in first], [here[row] for row in second])
        for n, (first, second) in told.different.items()
    }
    # what one arXiv identifier joins may have several DOIs
    on_arxiv: dict[str, list[int]] = {}
    for place, arxiv_id in enumerate(exclusive["arxiv_id"]):
        if arxiv_id is not None:
            on_arxiv.setdefault(arxiv_id, []).append(place)
    as_one = {
        name: _as_one(values, groups if name == "arxiv_id" else [*groups, *on_arxiv.values()])
        for name, values in exclusive.items()
    }
    union = _Union(list(as_one.values()), sides)
    for group in groups:
        union.join_told(group)
    for number, (first, second) in told.different.items():
        met = {union.find(here[row]) for row in first} & {union.find(here[row]) for row in second}
        if met:
            by = [n for n, group in said.items() if union.find(here[group[0]]) in met]
            raise Apart(number, by)
    mine = joins.filter(pl.Series(contested[one]))
    certain = pl.col("match_rule").is_in(_IDENTITY)
    for row, linked in _strongest_first(mine.filter(certain)):
        union.join(here[row], here[linked])
    # what one identifier joins, no title parts
    for number, pair in enumerate(vetoes):
        union.veto(-1 - number, *([here[row] for row in side] for side in pair))
    others = [(here[row], here[linked]) for row, linked in _strongest_first(mine.filter(~certain))]
    union.weigh(others, [(here[row], here[beside]) for row, beside in of_years])
    for row, linked in others:
        union.join(row, linked)
    final = roots.copy()
    final[rows] = rows[[union.find(place) for place in range(len(rows))]]
    return _Done(final, {number for number in union.vetoed if number >= 0})


def _strongest_first(links: pl.DataFrame) -> list[tuple[int, int]]:
    """Links by their strength; of equal rules those first whose ends have the same neighbours.

    An entry that leaves something open is linked with entries of several papers; it belongs with
    those that are linked with most of what it is linked with itself.
    """
    neighbours: dict[int, set[int]] = {}
    for one, other in links.select("one", "other").iter_rows():
        neighbours.setdefault(one, {one}).add(other)
        neighbours.setdefault(other, {other}).add(one)
    ranked = []
    for one, other, strength in links.select("one", "other", "strength").iter_rows():
        first, second = neighbours[one], neighbours[other]
        support = len(first & second) / (len(first) * len(second)) ** 0.5  # Salton's cosine
        ranked.append((-strength - _SUPPORT * support, one, other))
    return [(one, other) for _, one, other in sorted(ranked)]


def _spare_links(links: pl.DataFrame, told: Rows) -> pl.DataFrame:
    """Links between entries of one key that are linked only by way of an entry that is parted.

    Those of a key are linked with the first of them, or in a chain; should that one be parted
    from them, they are one paper all the same.
    """
    some = pl.DataFrame({"told": told}, schema={"told": links.schema["one"]})
    same = links.filter(pl.col("match_decision") == SAME, pl.col("match_rule").is_in(_KEY_RULES))
    ends = pl.concat(
        [
            same.select("strength", "match_rule", told="one", beside="other"),
            same.select("strength", "match_rule", told="other", beside="one"),
        ]
    ).join(some, on="told", how="semi")
    untold = ends.join(some, left_on="beside", right_on="told", how="anti")
    spokes = []
    # each neighbour with the first one, and with the first one that nothing is said of
    for beside in (ends, untold):
        anchors = beside.group_by("told", "match_rule").agg(anchor=pl.col("beside").min())
        both = ends.join(anchors, on=["told", "match_rule"])
        spokes.append(both.filter(pl.col("beside") != pl.col("anchor")))
    return (
        pl.concat(spokes)
        .select(
            one=pl.min_horizontal("beside", "anchor"),
            other=pl.max_horizontal("beside", "anchor"),
            strength="strength",
            match_rule="match_rule",
        )
        .sort("one", "other", "strength", descending=[False, False, True])
        .unique(["one", "other"], keep="first", maintain_order=True)
    )


def _pair_vetoes(links: pl.DataFrame, roots: Numbers) -> list[tuple[Rows, Rows]]:
    """The compared pairs that a veto keeps apart, and that are linked by some chain."""
    vetoed = pl.col("match_rule").is_in(VETOES)
    return [([first], [second]) for first, second in _inside(links, roots, vetoed)]


def _inside(links: pl.DataFrame, roots: Numbers, which: pl.Expr) -> list[tuple[int, int]]:
    """The pairs that some rules keep apart, and that are linked by some chain."""
    decided = pl.col("match_decision") == DIFFERENT
    apart = links.filter(which & decided).select("one", "other")
    one, other = apart["one"].to_numpy(), apart["other"].to_numpy()
    inside = apart.filter(pl.Series(roots[one] == roots[other], dtype=pl.Boolean))
    return inside.rows()


def _title_vetoes(entries: pl.DataFrame, roots: Numbers) -> list[tuple[Rows, Rows]]:
    """Sets of rows that are linked by some chain, and whose titles set them apart.

    Looked at are components of three titles or more; of two, the link itself is what was compared.
    """
    every = (
        entries.select("title_fold", "clean_title")
        .with_row_index("row")
        .with_columns(root=pl.Series(roots))
    )
    linked = every.filter(pl.len().over("root") > 1)
    distinct = (
        linked.group_by("root", "title_fold", maintain_order=True)
        .agg(pl.col("clean_title").first(), rows=pl.col("row"))
        .filter(pl.len().over("root") > 2)
        .filter(pl.int_range(pl.len()).over("root") < _MOST_TITLES)
        .with_row_index("title")
    )
    if distinct.is_empty():
        return []
    some = distinct.select("title", "root", "clean_title")
    pairs = some.join(some, on="root", suffix="_other").filter(
        pl.col("title") < pl.col("title_other")
    )
    compared = titles.compare(pairs["clean_title"], pairs["clean_title_other"])
    apart = pairs.filter(compared["title_veto"].is_not_null()).sort("title", "title_other")
    rows = distinct["rows"]
    return [
        (rows[one].to_list(), rows[other].to_list())
        for one, other in apart.select("title", "title_other").iter_rows()
    ]


def _contested(
    entries: pl.DataFrame, vetoes: Sequence[tuple[Rows, Rows]], roots: Numbers
) -> set[int]:
    """The components that hold a veto, or two values of what a paper has one of."""
    root = pl.Series("root", roots)
    values = entries.select(EXCLUSIVE).with_columns(root)
    several = (
        values.group_by("root")
        .agg(pl.col(EXCLUSIVE).drop_nulls().n_unique())
        .filter(pl.any_horizontal(pl.col(EXCLUSIVE) > 1))
    )
    return {*several["root"].to_list(), *(int(roots[one[0]]) for one, _ in vetoes)}


def _numbered(roots: Numbers) -> npt.NDArray[np.uint32]:
    """The roots counted from 0 in the order of their first rows."""
    return np.unique(roots, return_inverse=True)[1].astype(np.uint32)


def _outcome(links: pl.DataFrame, cluster: npt.NDArray[np.uint32]) -> pl.DataFrame:
    """The compared pairs; one found the same, but cut, is different."""
    one, other = (cluster[links[side].to_numpy()] for side in ("one", "other"))
    cut = pl.Series(one != other) & (links["match_decision"] == SAME)
    return links.with_columns(
        match_rule=pl.when(cut).then(pl.lit(_CUT)).otherwise("match_rule"),
        match_decision=pl.when(cut).then(pl.lit(DIFFERENT)).otherwise("match_decision"),
    )


def _told_of(pairs: Iterable[tuple[int, int]], decision: str, like: pl.DataFrame) -> pl.DataFrame:
    """Pairs that people told of, as rows like those of links."""
    rows = [
        {
            "one": min(pair),
            "other": max(pair),
            "match_rule": _CORRECTED,
            "match_decision": decision,
        }
        for pair in pairs
    ]
    return pl.DataFrame(rows, schema=like.schema)


def _as_one(values: list[str | None], groups: Iterable[Rows]) -> list[str | None]:
    """Values, those that meet in a group as one."""
    stands_for: dict[str, str] = {}
    for rows in groups:
        mine = {stands_for.get(i, i) for row in rows if (i := values[row]) is not None}
        if len(mine) > 1:
            first = min(mine)
            known = {*stands_for, *mine}
            stands_for |= {i: first for i in known if stands_for.get(i, i) in mine}
    return [None if i is None else stands_for.get(i, i) for i in values]


class _Union:
    """Disjoint sets of rows (Tarjan, JACM 22(2), 1975), in none of which two sides of a veto meet.

    Nor do two values of what a paper has one of.

    Args:
        exclusive: Of each such thing the values of the rows.
        vetoes: Pairs of sets of rows by their number.
    """

    def __init__(
        self,
        exclusive: Sequence[list[str | None]],
        vetoes: Mapping[int, tuple[Rows, Rows]],
    ) -> None:
        self._values = list(zip(*exclusive, strict=True))
        self._parent = list(range(len(self._values)))
        self._sides: dict[int, set[tuple[int, bool]]] = {}  # root → (veto, whether its second)
        self._weights: dict[int, dict[int, list[int]]] = {}  # root → root → links, years' vetoes
        self.vetoed: set[int] = set()  # the vetoes that kept something from being joined
        for number, sides in vetoes.items():
            self.veto(number, *sides)

    def find(self, row: int) -> int:
        """The first row of the set that a row is in."""
        root = row
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[row] != root:
            self._parent[row], row = root, self._parent[row]
        return root

    def veto(self, number: int, one: Rows, other: Rows) -> None:
        """Keep the sets of some rows apart from those of others, unless they are one already."""
        sides = [{self.find(row) for row in rows} for rows in (one, other)]
        if sides[0] & sides[1]:
            return
        for second, roots in enumerate(sides):
            for root in roots:
                self._sides.setdefault(root, set()).add((number, bool(second)))

    def weigh(self, links: Iterable[tuple[int, int]], apart: Iterable[tuple[int, int]]) -> None:
        """Keep sets apart between which too many pairs are of other years.

        A year is often wrong, or that of another printing: so the links between two sets are
        weighed against the pairs of them that years keep apart.

        Args:
            links: Pairs of rows that may be joined.
            apart: Pairs of rows that their years keep apart.
        """
        for kind, pairs in enumerate((links, apart)):
            for one, other in pairs:
                first, second = self.find(one), self.find(other)
                if first == second:
                    continue
                for mine, theirs in ((first, second), (second, first)):
                    self._weights.setdefault(mine, {}).setdefault(theirs, [0, 0])[kind] += 1

    def join_told(self, rows: Rows) -> None:
        """Join rows that are told to be the same."""
        for row in rows:
            self._join(self.find(rows[0]), self.find(row))

    def join(self, one: int, other: int) -> None:
        """Join the sets of two rows, if nothing keeps them apart."""
        first, second = self.find(one), self.find(other)
        if first == second:
            return
        pairs = zip(self._values[first], self._values[second], strict=True)
        if any(a is not None and b is not None and a != b for a, b in pairs):
            return
        linked, apart = self._weights.get(first, {}).get(second, (0, 0))
        if apart and linked < _OUTWEIGHED * apart:
            return
        if not self._is_vetoed(first, second):
            self._join(first, second)

    def _is_vetoed(self, one: int, other: int) -> bool:
        """Whether a veto keeps two sets apart; those that do are noted."""
        mine: Collection[tuple[int, bool]] = self._sides.get(one, ())
        theirs: Collection[tuple[int, bool]] = self._sides.get(other, ()) if mine else ()
        if not theirs:
            return False
        against = {number for number, second in mine if (number, not second) in theirs}
        self.vetoed |= against
        return bool(against)

    def _join(self, one: int, other: int) -> None:
        if one == other:
            return
        root, below = min(one, other), max(one, other)
        self._parent[below] = root
        pairs = zip(self._values[root], self._values[below], strict=True)
        self._values[root] = tuple(a if a is not None else b for a, b in pairs)
        for beside, (linked, apart) in self._weights.pop(below, {}).items():
            del self._weights[beside][below]
            if beside != root:
                for mine, theirs in ((root, beside), (beside, root)):
                    sums = self._weights.setdefault(mine, {}).setdefault(theirs, [0, 0])
                    sums[0] += linked
                    sums[1] += apart
        if below in self._sides:
            self._sides.setdefault(root, set()).update(self._sides[below])
