"""Which entries are the same paper."""

from __future__ import annotations

import polars as pl

# The keys that make entries the same paper, strongest first, and the rule's name in ``matches``.
_KEYS = (("arxiv_id", "same_arxiv_id"), ("doi", "same_doi"), ("title_key", "same_title"))


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
    ids = entries["entry_id"].to_list()
    roots = pl.Series("root", [union.find(row) for row in range(entries.height)], pl.Int64)
    numbers = roots.to_frame().select(pl.col("root").unique(maintain_order=True))
    cluster = roots.to_frame().join(
        numbers.with_row_index("cluster"), on="root", how="left", maintain_order="left"
    )["cluster"]
    title = entries["title_key"].to_list()
    matches = [
        {
            "entry_id_kept": ids[kept],
            "entry_id_repeat": ids[repeat],
            "match_rule": rule,
            "title_score": 1.0 if title[kept] == title[repeat] else None,
            "match_decision": "same",
        }
        for kept, repeat, rule in union.pairs
    ]
    schema = {
        "entry_id_kept": pl.String,
        "entry_id_repeat": pl.String,
        "match_rule": pl.String,
        "title_score": pl.Float64,
        "match_decision": pl.String,
    }
    return entries.with_columns(cluster=cluster), pl.DataFrame(matches, schema=schema)


class _Union:
    """Disjoint sets of rows (Tarjan, JACM 22(2), 1975), in none of which two identifiers meet."""

    def __init__(self, identifiers: list[str | None]) -> None:
        self._parent = list(range(len(identifiers)))
        self._identifier = identifiers
        self.pairs: list[tuple[int, int, str]] = []

    def find(self, row: int) -> int:
        """The first row of the set that a row is in."""
        root = row
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[row] != root:
            self._parent[row], row = root, self._parent[row]
        return root

    def join_all(self, rows: list[int], rule: str) -> None:
        """Join rows, given in page order, where no two different identifiers meet."""
        kept: dict[str | None, int] = {}  # identifier → the first row of the rows that carries it
        for row in rows:
            root = self.find(row)
            mine = self._identifier[root]
            # one without an identifier goes with the first there is
            partner = kept.get(mine) if mine is not None else next(iter(kept.values()), None)
            if partner is None and mine is not None:
                partner = kept.pop(None, None)
            if partner is not None and self.find(partner) != root:
                self._join(partner, row, rule)
            now = self._identifier[self.find(row)]
            kept.setdefault(now, partner if partner is not None else row)

    def _join(self, first: int, second: int, rule: str) -> None:
        one, other = self.find(first), self.find(second)
        root, below = min(one, other), max(one, other)
        known = self._identifier[root]
        self._parent[below] = root
        self._identifier[root] = known if known is not None else self._identifier[below]
        self.pairs.append((min(first, second), max(first, second), rule))
