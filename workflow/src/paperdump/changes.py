"""What differs between two releases, as a table: code, settings, schema, dumps, papers, summaries.

The releases may have been made by different versions of the workflow: tables, columns and their
types may differ, and only what both have is compared row by row.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from paperdump import tables

# the sections of the settings, and the stages, that decide what becomes of the dumps' content
_RULES_SECTIONS = ("dates", "dedupe", "normalize", "readers")
_RULES_STAGES = ("parse", "normalize", "block", "dedupe")
# what the config of a manifest holds beside settings: statements on dumps, and on papers
_STATEMENTS = ("sheet", "corrections")
# values that may follow from what other dumps say
_DAYS = ("published_on", "published_on_evidence", "first_seen_on", "last_seen_on")
# columns that name what a row is, and so do not differ between rows of the same thing
_IDS = ("paper_id", "dump_id", "entry_id", "container_id")
_MOST_OF_SUMMARY = 20_000  # differences of a summary that are told one by one
_PLACE = ("first_line", "record", "record_path")
_NEAR = 16_384  # rows that a row may have come or gone from its place, to be met on the way
_STEPS = 4  # readings of a table, but for the first one, of which each leaves out more rows
_FEW = 50_000  # rows that went farther, of which all values at once are held


class Side(Protocol):
    """A release, as it is compared."""

    manifest: Mapping[str, Any]

    def names(self) -> list[str]:
        """The names of its tables."""

    def schema(self, name: str) -> dict[str, str]:
        """The types of a table's columns by name; empty where it has no such table."""

    def key(self, name: str) -> list[str]:
        """The columns that tell the rows of a table apart."""

    def read(self, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """A table, or those of some columns that it has."""

    def pieces(self, name: str, columns: Sequence[str], first: int = 0) -> Iterator[pl.DataFrame]:
        """The same of these columns from a row on, so many rows at a time as are to be held."""

    def begins_as(self, other: Any, name: str) -> Mapping[str, int]:
        """With how many rows columns of a table surely begin as those of another release do."""


@dataclass(frozen=True)
class Paths:
    """What of one release is what of a later one.

    Attributes:
        dumps: Dumps that both have: ``old_dump_id``, ``dump_id``.
        entries: As ``_entries`` gives them.
        ids: As ``_ids_of_papers`` gives them.
        papers: As ``links`` gives them.
        flows: As ``_flows`` gives them.
    """

    dumps: pl.DataFrame
    entries: pl.DataFrame
    ids: pl.DataFrame
    papers: pl.DataFrame
    flows: pl.DataFrame

    @classmethod
    def between(cls, old: Side, new: Side) -> Paths:
        """Those from one release to another."""
        ids = _ids_of_papers(old, new)
        dumps = _dumps_in_both(old, new)
        entries = _entries(old, new, dumps)
        papers = links(entries, ids)
        return cls(dumps, entries, ids, papers, _flows(papers, ids))

    @property
    def came(self) -> pl.Series:
        """Ids of papers that no paper of the earlier release has become."""
        fresh = self.ids.filter(pl.col("at_old").is_null())["paper_id"]
        return fresh.filter(~fresh.is_in(self._of_others("new_id")))

    @property
    def went(self) -> pl.Series:
        """Ids of papers that have become no paper of the later release."""
        lost = self.ids.filter(pl.col("at_new").is_null())["paper_id"]
        return lost.filter(~lost.is_in(self._of_others("old_id")))

    def _of_others(self, which: str) -> pl.Series:
        """Ids of papers with a path, but for those of both releases."""
        there = self.papers.filter(pl.col("old_id") != pl.col("new_id"))[which]
        return there.implode()


def between(old: Side, new: Side, paths: Paths | None = None) -> pl.DataFrame:
    """All differences between two releases.

    Args:
        old: The earlier one.
        new: The later one.
        paths: What of the one is what of the other, where that is known already.

    Returns:
        A table ``changes``.
    """
    paths = paths or Paths.between(old, new)
    reasons = _Reasons.of(old, new, paths.dumps)
    parts = [
        _frame(code_changed(old.manifest, new.manifest)),
        _frame(settings_changed(old.manifest, new.manifest)),
        _frame(schema_changed(old, new)),
        _dumps_changed(old, new, reasons),
        _papers_changed(old, new, reasons, paths),
        *(summary_changed(name, old, new) for name in new.names() if name in old.names()),
    ]
    return tables.conform(pl.concat(parts, how="diagonal_relaxed"), "changes")


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return tables.frame_of("changes", rows)


# --- code, settings, schema ---------------------------------------------------------------------


def code_changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows on the versions of the workflow and its packages, and on stages whose code differs."""
    before = {"paperdump": old.get("paperdump"), **_prefixed("package", old.get("packages", {}))}
    after = {"paperdump": new.get("paperdump"), **_prefixed("package", new.get("packages", {}))}
    if "code_digests" in old and "code_digests" in new:
        before |= _prefixed("stage", old["code_digests"])
        after |= _prefixed("stage", new["code_digests"])
    else:
        before["code_digest"], after["code_digest"] = old.get("code_digest"), new.get("code_digest")
    return _mappings_changed("code", before, after)


def settings_changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows on settings, by their path, such as ``dates.infer_years``.

    Of the sheet of dumps, and of the corrections, one says how many came and went.
    """
    before, after = (
        _flat({k: v for k, v in side.get("config", {}).items() if k not in _STATEMENTS})
        for side in (old, new)
    )
    rows = _mappings_changed("settings", before, after)
    for name in _STATEMENTS:
        said, says = _statements(old, name), _statements(new, name)
        came, went = len(says - said), len(said - says)
        if came or went:
            detail = ", ".join(f"{n} {word}" for n, word in ((came, "new"), (went, "gone")) if n)
            rows.append({"about": "settings", "change": "changed", "field": name, "detail": detail})
    return rows


def _statements(manifest: Mapping[str, Any], name: str) -> set[str]:
    """What the sheet, or the corrections, say, on whatever lines they say it."""
    said = manifest.get("config", {}).get(name) or []
    return {_json({k: v for k, v in one.items() if k != "line"}) for one in said}


def _prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix} {name}": value for name, value in values.items()}


def _flat(settings: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{path}{name}.")
        else:
            flat[f"{path}{name}"] = value
    return flat


def _mappings_changed(
    about: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[dict[str, Any]]:
    return [
        {
            "about": about,
            "change": "changed" if n in old and n in new else "added" if n in new else "removed",
            "field": n,
            "old_value": _json(old[n]) if n in old else None,
            "new_value": _json(new[n]) if n in new else None,
        }
        for n in sorted(old.keys() | new.keys())
        if n not in old or n not in new or old[n] != new[n]
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def schema_changed(old: Side, new: Side) -> list[dict[str, Any]]:
    """Rows on tables and columns that came, went, or have another type."""
    rows = []
    before, after = old.names(), new.names()
    for name in sorted({*before, *after}):
        row = {"about": "schema", "table_name": name}
        if name not in before or name not in after:
            rows.append({**row, "change": "added" if name in after else "removed"})
            continue
        types = old.schema(name), new.schema(name)
        rows += [{**found, **row} for found in _mappings_changed("schema", types[0], types[1])]
    return rows


# --- reasons ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reasons:
    """What differs between two releases that values may differ for.

    Attributes:
        dumps: Dumps that both have: ``old_dump_id``, ``dump_id``.
        added: Whether dumps or statements on dumps came.
        gone: Whether dumps or statements on dumps went.
        rules: Whether code, settings or packages of the stages that decide differ.
        fixed: ``paper_id`` and ``field`` of fixes that came or went.
        regrouped: ``paper_id`` of pairs told to be the same or not, which came or went.
    """

    dumps: pl.DataFrame
    added: bool
    gone: bool
    rules: bool
    fixed: pl.DataFrame
    regrouped: pl.DataFrame

    @classmethod
    def of(cls, old: Side, new: Side, dumps: pl.DataFrame) -> _Reasons:
        """What differs between these two, whose common dumps are known."""
        stated = [_statements(side.manifest, "sheet") for side in (old, new)]
        corrected = _corrections_changed(old, new)
        is_fix = pl.col("kind") == "fix"
        return cls(
            dumps,
            added=dumps.height < _rows(new, "dumps") or bool(stated[1] - stated[0]),
            gone=dumps.height < _rows(old, "dumps") or bool(stated[0] - stated[1]),
            rules=_rules(old.manifest) != _rules(new.manifest),
            fixed=corrected.filter(is_fix).select("paper_id", "field").unique(),
            regrouped=corrected.filter(~is_fix).select("paper_id").unique(),
        )

    @property
    def evidence(self) -> bool:
        """Whether what the dumps say differs."""
        return self.added or self.gone

    @property
    def general(self) -> str | None:
        """Why something differs that nothing of its own tells; None where several may be why."""
        if self.rules:
            return None if self.evidence else "new_rule"
        if self.evidence:
            return "new_evidence" if self.added else "lost_evidence"
        return "correction" if self.fixed.height or self.regrouped.height else None


def _present(side: Side, name: str, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of a table; those that it lacks are null."""
    frame = side.read(name, columns)
    types = tables.polars_schema(name)
    missing = [pl.lit(None, types[c]).alias(c) for c in columns if c not in frame.columns]
    return frame.with_columns(missing).select(columns)


def _rows(side: Side, name: str) -> int:
    return side.read(name, side.key(name)).height


def _dumps_in_both(one: Side, other: Side) -> pl.DataFrame:
    """The dumps that are in both, by id, else by bytes: ``old_dump_id`` and ``dump_id``."""
    old, new = (_present(side, "dumps", ("dump_id", "sha256", "path")) for side in (one, other))
    same = old.join(new, on="dump_id").select("dump_id", old_dump_id="dump_id")
    left = old.join(same, left_on="dump_id", right_on="old_dump_id", how="anti")
    free = new.join(same, on="dump_id", how="anti")
    moved = (
        left.drop_nulls("sha256").sort("path").unique("sha256", keep="first", maintain_order=True)
    ).join(
        free.drop_nulls("sha256").sort("path").unique("sha256", keep="first", maintain_order=True),
        on="sha256",
    )
    return pl.concat(
        [same, moved.select(old_dump_id="dump_id", dump_id="dump_id_right")], how="diagonal"
    )


def _rules(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What of a manifest says how content is made of dumps."""
    config, digests = manifest.get("config", {}), manifest.get("code_digests")
    code = {s: digests.get(s) for s in _RULES_STAGES} if digests else manifest.get("code_digest")
    settings = {name: config.get(name) for name in _RULES_SECTIONS}
    return {"code": code, "settings": settings, "packages": manifest.get("packages")}


def _corrections_changed(old: Side, new: Side) -> pl.DataFrame:
    """A row for each paper that a correction means which came into effect, or no longer is."""
    columns = (
        "kind", "names", "field", "new_value", "paper_id", "other_paper_id", "status",
    )  # fmt: skip
    key = ["kind", "names", "field", "new_value"]
    before, after = (
        _present(side, "corrections", columns).filter(pl.col("status") == "applied")
        for side in (old, new)
    )
    differing = pl.concat(
        [
            after.join(before, on=key, how="anti", nulls_equal=True),
            before.join(after, on=key, how="anti", nulls_equal=True),
        ]
    )
    one = differing.select("kind", "field", "paper_id")
    other = differing.select("kind", "field", paper_id="other_paper_id")
    return pl.concat([one, other]).drop_nulls("paper_id")


# --- dumps --------------------------------------------------------------------------------------


def _dumps_changed(old: Side, new: Side, reasons: _Reasons) -> pl.DataFrame:
    """Dumps that came, went, moved, and facts on them that differ."""
    before = _present(old, "dumps", ("dump_id", "path"))
    after = _present(new, "dumps", ("dump_id", "path"))
    ids = after.join(reasons.dumps, on="dump_id", how="anti")["dump_id"]
    brought = _brought(old, new, ids)
    row: dict[str, Any] = {
        "about": pl.lit("dump"), "table_name": pl.lit("dumps"), "row_key": "dump_id",
    }  # fmt: skip
    came = (
        after.join(reasons.dumps, on="dump_id", how="anti")
        .join(brought, on="dump_id", how="left")
        .select(
            **row, change=pl.lit("added"), label="path", why=pl.lit("new_evidence"), detail="detail"
        )
    )
    went = before.join(reasons.dumps, left_on="dump_id", right_on="old_dump_id", how="anti").select(
        **row, change=pl.lit("removed"), label="path", why=pl.lit("lost_evidence")
    )
    pairs = reasons.dumps.select(old_id="old_dump_id", new_id="dump_id")
    facts = values_changed(old, new, "dumps", "dump_id", pairs)
    differing = facts.join(after, left_on="new_id", right_on="dump_id").select(
        about=pl.lit("dump"),
        table_name=pl.lit("dumps"),
        row_key="new_id",
        change=pl.when(pl.col("field") == "path")
        .then(pl.lit("moved"))
        .otherwise(pl.lit("changed")),
        label="path",
        field="field",
        old_value="old_value",
        new_value="new_value",
        why=pl.when(pl.col("field") != "path").then(pl.lit(reasons.general, pl.String)),
    )
    return pl.concat([came, went, differing], how="diagonal_relaxed")


def _brought(old: Side, new: Side, dumps: pl.Series) -> pl.DataFrame:
    """What some dumps of the new release brought, in words: ``dump_id``, ``detail``."""
    sightings = new.read("sightings", ["dump_id", "paper_id"]).filter(
        pl.col("dump_id").is_in(dumps.implode())
    )
    known = old.read("papers", ["paper_id"]).with_columns(known=pl.lit(value=True))
    papers = sightings.unique().join(known, on="paper_id", how="left")
    entries = sightings.group_by("dump_id").agg(entries=pl.len())
    counts = papers.group_by("dump_id").agg(
        fresh=pl.col("known").is_null().sum(), seen=pl.col("known").is_not_null().sum()
    )
    return entries.join(counts, on="dump_id").select(
        "dump_id",
        detail=pl.format(
            "entries: {}, new papers: {}, known papers: {}", "entries", "fresh", "seen"
        ),
    )


# --- papers -------------------------------------------------------------------------------------


def _papers_changed(old: Side, new: Side, reasons: _Reasons, same: Paths) -> pl.DataFrame:
    """Papers that came, went, were merged, split or moved, and values of papers that differ."""
    entries, flows = same.entries, same.flows
    gained = (
        entries.filter(pl.col("dump_is_new")).select("paper_id").drop_nulls().unique()
    ).with_columns(gained=pl.lit(value=True))
    lost = (
        entries.filter(pl.col("dump_is_gone")).select("old_paper_id").drop_nulls().unique()
    ).with_columns(lost=pl.lit(value=True))

    def told(rows: pl.DataFrame) -> pl.DataFrame:
        """The rows, with ``why``."""
        marked = (
            rows.join(gained, left_on="new_id", right_on="paper_id", how="left")
            .join(lost, left_on="old_id", right_on="old_paper_id", how="left")
            .with_columns(
                regrouped=pl.any_horizontal(
                    pl.col(c).is_in(reasons.regrouped["paper_id"].to_list())
                    for c in ("old_id", "new_id")
                )
            )
        )
        return marked.with_columns(why=_why(reasons, marked.columns))

    grouped = told(flows).join(_rules_of_flows(new, entries), on=["old_id", "new_id"], how="left")
    came = told(
        same.came.to_frame("new_id").with_columns(
            old_id=pl.lit(None, pl.String), change=pl.lit("added")
        )
    )
    went = told(
        same.went.to_frame("old_id").with_columns(
            new_id=pl.lit(None, pl.String), change=pl.lit("removed")
        )
    )
    values = _values_of_papers(old, new, same, grouped, reasons, told)
    every = pl.concat([came, went, grouped, values], how="diagonal_relaxed")
    is_flow = pl.col("change").is_in(["merged", "split", "moved", "regrouped"])
    every = every.with_columns(
        paper_id=pl.coalesce("new_id", "old_id"),
        field=pl.when(is_flow).then(pl.lit("paper_id")).otherwise("field"),
        old_value=pl.when(is_flow).then(pl.format('"{}"', "old_id")).otherwise("old_value"),
        new_value=pl.when(is_flow).then(pl.format('"{}"', "new_id")).otherwise("new_value"),
    )
    titles = _titles(old, new, every["paper_id"].unique())
    return every.join(titles, on="paper_id", how="left").select(
        "change",
        "paper_id",
        "field",
        "old_value",
        "new_value",
        "why",
        "detail",
        about=pl.lit("paper"),
        table_name=pl.lit("papers"),
        row_key="paper_id",
        label="title",
    )


def _titles(old: Side, new: Side, ids: pl.Series) -> pl.DataFrame:
    """``paper_id`` and ``title`` of some papers, as the later release that has them says it."""
    found = []
    for side in (new, old):
        papers = _present(side, "papers", ("paper_id", "title"))
        found.append(papers.filter(pl.col("paper_id").is_in(ids.implode())))
        ids = ids.filter(~ids.is_in(found[-1]["paper_id"].implode()))
        if ids.is_empty():
            break
    return pl.concat(found)


def _why(reasons: _Reasons, columns: Sequence[str]) -> pl.Expr:
    """Why something of a paper differs, the surest reason first."""
    fixed = pl.col("fixed") if "fixed" in columns else pl.lit(value=False)
    general = pl.lit(reasons.general, pl.String)
    if reasons.rules and reasons.evidence and "field" in columns:
        # its entries are the same, so only a rule can be why, but for what other dumps decide
        general = pl.when(~pl.col("field").is_in(_DAYS)).then(pl.lit("new_rule"))
    return (
        pl.when(fixed.fill_null(value=False) | pl.col("regrouped").fill_null(value=False))
        .then(pl.lit("correction"))
        .when(pl.col("gained"))
        .then(pl.lit("new_evidence"))
        .when(pl.col("lost"))
        .then(pl.lit("lost_evidence"))
        .otherwise(general)
    )


def _entries(old: Side, new: Side, dumps: pl.DataFrame) -> pl.DataFrame:
    """The entries of both releases, those that are the same in one row.

    An entry is the same where it stands at the same place of the same dump; its number may be
    another one where the dump is read by other rules.

    Returns:
        ``old_entry_id``, ``old_paper_id``, ``entry_id``, ``paper_id``, null where only the other
        release has it, and ``dump_is_new``, ``dump_is_gone``.
    """
    columns = ("entry_id", "paper_id", "dump_id", "position", *_PLACE)
    before = _present(old, "sightings", columns).join(
        dumps.rename({"dump_id": "same"}), left_on="dump_id", right_on="old_dump_id", how="left"
    )
    after = _present(new, "sightings", columns).with_columns(
        same=pl.when(pl.col("dump_id").is_in(dumps["dump_id"].implode())).then("dump_id")
    )
    in_both = pl.col("same").is_not_null()
    alone = before.filter(~in_both), after.filter(~in_both)
    alike, *left = _alike(before.filter(in_both), after.filter(in_both))
    pairs = [alike]
    has_place = _has_place()
    for key, which in (
        (["same", "entry_id", *_PLACE], has_place),  # nearly all, and the cheapest to find
        (["same", *_PLACE], has_place),
        (["same", "title"], pl.lit(value=True)),
        (["same", "position"], ~has_place),
    ):
        if "title" in key and left[0].height and left[1].height:
            left = [
                frame.join(_present(side, "sightings", ("entry_id", "title")), on="entry_id")
                for frame, side in zip(left, (old, new), strict=True)
            ]
        if "title" in key and "title" not in left[0].columns:
            continue
        one, two = (frame.filter(which) for frame in left)
        if "entry_id" not in key:
            one, two = (frame.unique(key, keep="none") for frame in (one, two))
        found = one.with_columns(old_entry_id="entry_id").join(
            two.with_columns(new_entry_id="entry_id"), on=key, nulls_equal=True
        )
        found = found.select(
            "old_entry_id",
            old_paper_id="paper_id",
            entry_id="new_entry_id",
            paper_id="paper_id_right",
        )
        pairs.append(found)
        left = [
            left[0].join(found, left_on="entry_id", right_on="old_entry_id", how="anti"),
            left[1].join(found, on="entry_id", how="anti"),
        ]
    only_old, only_new = (pl.concat([left[i].select(alone[i].columns), alone[i]]) for i in range(2))
    every = pl.concat(
        [
            *pairs,
            only_old.select(
                old_entry_id="entry_id",
                old_paper_id="paper_id",
                dump_is_gone=pl.col("same").is_null(),
            ),
            only_new.select("entry_id", "paper_id", dump_is_new=pl.col("same").is_null()),
        ],
        how="diagonal",
    )
    return every.with_columns(pl.col("dump_is_new", "dump_is_gone").fill_null(value=False))


def _has_place() -> pl.Expr:
    """Whether a row says where in its dump it stands."""
    return pl.any_horizontal(pl.col(c).is_not_null() for c in _PLACE)


def _alike(
    before: pl.DataFrame, after: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Entries that are alike where the same dumps have as many, found by their order alone.

    Args:
        before: The entries of dumps that are in both releases, the dump in ``same``.
        after: The same of the later release.

    Returns:
        The pairs, as ``_entries`` gives them, and the other rows of the two tables. What a join
        by dump, id and place would find is found for nearly all rows; the rest is left to it.
    """
    counts = [frame.group_by("same").len() for frame in (before, after)]
    steady = counts[0].join(counts[1], on=["same", "len"])["same"].implode()
    is_steady = pl.col("same").is_in(steady)
    one, two = before.filter(is_steady), after.filter(is_steady)
    equal = (one["same"] == two["same"]) & (one["entry_id"] == two["entry_id"])
    for column in _PLACE:
        equal &= one[column].eq_missing(two[column])
    equal &= one.select(_has_place()).to_series()
    pairs = pl.DataFrame(
        {
            "old_entry_id": one["entry_id"],
            "old_paper_id": one["paper_id"],
            "entry_id": two["entry_id"],
            "paper_id": two["paper_id"],
        }
    ).filter(equal)
    rest = [
        pl.concat([some.filter(~equal), every.filter(~is_steady)])
        for some, every in ((one, before), (two, after))
    ]
    return pairs, rest[0], rest[1]


def _ids_of_papers(old: Side, new: Side) -> pl.DataFrame:
    """The papers of both releases.

    Returns:
        ``paper_id``, and its row in each table, ``at_old`` and ``at_new``; null where it is not
        there.
    """
    before, after = (
        _present(side, "papers", ("paper_id",)).with_row_index(place)
        for side, place in ((old, "at_old"), (new, "at_new"))
    )
    return before.join(after, on="paper_id", how="full", coalesce=True)


def links(entries: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Which papers of one release are which of the other: those that share an entry, or the id.

    Args:
        entries: ``old_paper_id`` and ``paper_id`` of each entry, null where there is none.
        ids: As ``_ids_of_papers`` gives them.

    Returns:
        ``old_id`` and ``new_id``, each pair once.
    """
    shared = entries.drop_nulls(["old_paper_id", "paper_id"]).select(
        old_id="old_paper_id", new_id="paper_id"
    )
    differs = pl.col("old_id") != pl.col("new_id")
    in_both = ids.drop_nulls().select(old_id="paper_id", new_id="paper_id")
    # none where every entry has its paper
    more = shared.filter(~differs).join(in_both, on="old_id", how="anti")
    others = pl.concat([shared.filter(differs), more])
    return pl.concat([in_both, others.unique(maintain_order=True)])


def _flows(paths: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """What became of papers whose entries are another paper now."""
    stays = pl.col("old_id").is_in(_with(ids, "at_new"))
    was = pl.col("new_id").is_in(_with(ids, "at_old"))
    other = paths.filter(pl.col("old_id") != pl.col("new_id"))
    # most papers are what they were, and go nowhere
    touched = pl.any_horizontal(pl.col(c).is_in(other[c].implode()) for c in ("old_id", "new_id"))
    return (
        paths.filter(touched)
        .with_columns(
            n_new=pl.len().over("old_id"), n_old=pl.len().over("new_id"), stays=stays, was=was
        )
        .filter(pl.col("old_id") != pl.col("new_id"))
        .select(
            "old_id",
            "new_id",
            change=pl.when(pl.col("stays") & pl.col("was"))
            .then(pl.lit("regrouped"))
            .when(pl.col("was"))
            .then(pl.lit("merged"))
            .when(pl.col("stays"))
            .then(pl.lit("split"))
            .when((pl.col("n_new") == 1) & (pl.col("n_old") == 1))
            .then(pl.lit("moved"))
            .when(pl.col("n_old") > 1)
            .then(pl.lit("merged"))
            .otherwise(pl.lit("split")),
        )
    )


def _with(ids: pl.DataFrame, place: str) -> pl.Series:
    """The papers that have a place in a table."""
    return ids.filter(pl.col(place).is_not_null())["paper_id"].implode()


def _rules_of_flows(new: Side, entries: pl.DataFrame) -> pl.DataFrame:
    """The rules that joined or part the entries of papers that were merged or split.

    Returns:
        ``old_id``, ``new_id``, ``detail``.
    """
    columns = ("entry_id_kept", "entry_id_repeat", "match_rule", "match_decision")
    whose = entries.select("entry_id", "old_paper_id", "paper_id").drop_nulls("entry_id")
    # a flow is of entries that are another paper's now; most pairs have none
    moved = whose.filter(pl.col("old_paper_id") != pl.col("paper_id"))["entry_id"].implode()
    sides = ("entry_id_kept", "entry_id_repeat")
    pairs = _present(new, "matches", columns).filter(
        pl.any_horizontal(pl.col(side).is_in(moved) for side in sides)
    )
    ids = pl.concat([pairs[side] for side in sides]).unique()
    whose = whose.filter(pl.col("entry_id").is_in(ids.implode()))
    for side in ("kept", "repeat"):
        pairs = pairs.join(
            whose.rename({"old_paper_id": f"old_{side}", "paper_id": f"new_{side}"}),
            left_on=f"entry_id_{side}",
            right_on="entry_id",
        )
    joined = (pl.col("match_decision") == "same") & pl.col("old_kept").ne_missing("old_repeat")
    parted = (pl.col("match_decision") != "same") & pl.col("old_kept").eq("old_repeat")
    same_now = pl.col("new_kept") == pl.col("new_repeat")
    telling = pairs.filter((joined & same_now) | (parted & ~same_now))
    by_flow = pl.concat(
        [
            telling.select("match_rule", old_id=f"old_{side}", new_id=f"new_{side}")
            for side in ("kept", "repeat")
        ]
    )
    return (
        by_flow.drop_nulls()
        .group_by("old_id", "new_id")
        .agg(detail=pl.lit("by ") + pl.col("match_rule").unique().sort().str.join(", "))
    )


def _values_of_papers(
    old: Side,
    new: Side,
    same: Paths,
    grouped: pl.DataFrame,
    reasons: _Reasons,
    told: Any,
) -> pl.DataFrame:
    """Values that differ, of papers that have their id still, or moved to another."""
    stayed = same.ids.drop_nulls().select("at_old", "at_new", old_id="paper_id", new_id="paper_id")
    moved = same.flows.filter(pl.col("change") == "moved").select("old_id", "new_id")
    places = (same.ids.filter(pl.col("paper_id").is_in(moved[c].implode())) for c in moved.columns)
    moved = _placed(moved, *places)
    values = _differing(old, new, "papers", pl.concat([stayed, moved.select(stayed.columns)]))
    fixed = reasons.fixed.with_columns(fixed=pl.lit(value=True))
    with_evidence = fixed.filter(pl.col("field") == "published_on").with_columns(
        field=pl.lit("published_on_evidence")
    )
    marked = values.join(
        pl.concat([fixed, with_evidence]).unique(),
        left_on=["new_id", "field"],
        right_on=["paper_id", "field"],
        how="left",
    )
    explained: pl.DataFrame = told(marked.with_columns(change=pl.lit("changed")))
    # a paper whose entries went elsewhere, or came from there, differs for the same reason
    part = grouped.filter(pl.col("change") != "moved")
    of_group = (
        pl.concat([part.select("why", new_id=c) for c in ("old_id", "new_id")])
        .sort("new_id", "why", nulls_last=True)  # of several always the same one
        .unique("new_id", keep="first", maintain_order=True)
        .rename({"why": "why_grouped"})
    )
    return explained.join(of_group, on="new_id", how="left").with_columns(
        why=pl.when(pl.col("why_grouped").is_not_null() & pl.col("fixed").is_null())
        .then("why_grouped")
        .otherwise("why")
    )


def values_changed(old: Side, new: Side, name: str, key: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """The values of rows that differ.

    Args:
        old: The earlier release.
        new: The later one.
        name: The table.
        key: The column that names a row of it.
        pairs: Rows that are the same: ``old_id`` and ``new_id``.

    Returns:
        ``old_id``, ``new_id``, ``field``, ``old_value``, ``new_value``.
    """
    places = (
        side.read(name, [key]).rename({key: "paper_id"}).with_row_index(at)
        for side, at in ((old, "at_old"), (new, "at_new"))
    )
    return _differing(old, new, name, _placed(pairs, *places))


def _placed(pairs: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Pairs of ``old_id`` and ``new_id`` with the rows of both, ``at_old`` and ``at_new``.

    Args:
        pairs: The pairs; one that has no row on a side is left out.
        before: ``paper_id``, an id, and ``at_old``.
        after: ``paper_id``, an id, and ``at_new``.
    """
    return pairs.join(before.select("at_old", old_id="paper_id").drop_nulls(), on="old_id").join(
        after.select("at_new", new_id="paper_id").drop_nulls(), on="new_id"
    )


def _differing(old: Side, new: Side, name: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """The values of rows that differ, found piece by piece, so that few rows are held at a time.

    Rows stand in much the same order in both. Those that are far from where they were are held
    until all is read; where they are many, a column is read at a time.

    Args:
        old: The earlier release.
        new: The later one.
        name: The table.
        pairs: Rows that are the same: ``old_id``, ``new_id``, and their places, ``at_old`` and
            ``at_new``.

    Returns:
        As ``values_changed``.
    """
    columns = [c for c in new.schema(name) if c in old.schema(name) and c not in _IDS]
    moved_by = pl.col("at_old").rank("ordinal").cast(pl.Int64) - pl.int_range(1, pl.len() + 1)
    pairs = pairs.sort("at_new").with_columns(is_near=moved_by.abs() <= _NEAR)
    is_few = pairs.height - pairs["is_near"].sum() <= _FEW
    found: dict[str, list[pl.DataFrame]] = {column: [] for column in columns}
    for n_alike, together in _by_beginning(new.begins_as(old, name), columns, pairs.height).items():
        left = pairs.filter((pl.col("at_old") != pl.col("at_new")) | (pl.col("at_new") >= n_alike))
        for some in [together] if is_few else [[c] for c in together]:
            for ids, before, after in _side_by_side(old, new, name, some, left):
                for column in some:
                    encode = old.schema(name)[column] == new.schema(name)[column]
                    found[column] += _unequal(ids, before[column], after[column], encode=encode)
    empty = pl.DataFrame(
        schema=dict.fromkeys(("old_id", "new_id", "field", "old_value", "new_value"), pl.String)
    )
    return pl.concat([empty, *(part for parts in found.values() for part in parts)], how="diagonal")


def _by_beginning(
    alike: Mapping[str, int], columns: Sequence[str], n_rows: int
) -> dict[int, list[str]]:
    """The columns by how many rows they begin with alike, in few steps: each is a reading."""
    step = max(1, n_rows // _STEPS)
    found: dict[int, list[str]] = {}
    for column in columns:
        found.setdefault(alike.get(column, 0) // step * step, []).append(column)
    return found


def _side_by_side(
    old: Side, new: Side, name: str, columns: Sequence[str], pairs: pl.DataFrame
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    """Rows of two tables that are the same, beside each other: their pairs, the one, the other.

    Args:
        old: The earlier release.
        new: The later one.
        name: The table.
        columns: The columns of it.
        pairs: As ``_differing`` has them, sorted by ``at_new``, with ``is_near``.
    """
    if pairs.is_empty():
        return
    start = min(int(pairs[place].min()) for place in ("at_old", "at_new"))  # type: ignore[arg-type]
    pairs = pairs.with_columns(pl.col("at_old", "at_new").cast(pl.Int64) - start)
    far = pairs.filter(~pl.col("is_near")).drop("is_near")
    near = pairs.filter("is_near").drop("is_near")
    # of a row and those after it the first one's place: what is before it is not needed again
    from_here = near["at_old"].cum_min(reverse=True)
    with ThreadPoolExecutor(2) as threads:  # the next piece of each is read beside
        window = _Window(_ahead(old.pieces(name, columns, start), threads), far["at_old"])
        moved = []
        begin = first = 0
        for piece in _ahead(new.pieces(name, columns, start), threads):
            end = begin + piece.height
            last = int(near["at_new"].search_sorted(end, "left"))
            there = near.slice(first, last - first)
            if there.height:
                lowest = int(from_here[first])
                before = window.rows(there["at_old"], lowest)
                yield there, before, _gather(piece, there["at_new"] - begin)
            moved.append(_kept(piece, _within(far["at_new"], begin, end)))
            begin, first = end, last
        if far.height:
            by_old = far["at_old"].arg_sort()
            yield far[by_old], window.rest(), pl.concat(moved)[by_old]


class _Window:
    """The rows of a table that is read piece by piece, of which the last ones are held.

    Rows that are asked for at the end are held from when they are met.
    """

    def __init__(self, pieces: Iterator[pl.DataFrame], at_end: pl.Series) -> None:
        """Begin to read.

        Args:
            pieces: The table.
            at_end: The places of the rows that are asked for at the end.
        """
        self._pieces = pieces
        self._held: deque[pl.DataFrame] = deque()
        self._begin = self._end = 0
        self._at_end = at_end.sort()
        self._kept: list[pl.DataFrame] = []

    def rows(self, places: pl.Series, lowest: int) -> pl.DataFrame:
        """Some rows by their places.

        Args:
            places: The places, none of them below one that was the lowest before.
            lowest: The lowest place that is asked for now or later.
        """
        highest = int(places.max())  # type: ignore[arg-type]
        while self._end <= highest and self._read():
            pass
        while self._held and self._begin + self._held[0].height <= lowest:
            self._begin += self._held.popleft().height
        return _gather(pl.concat(self._held), places - self._begin)

    def rest(self) -> pl.DataFrame:
        """The rows that were asked for at the end, in the order of the table."""
        self._held.clear()
        while self._read():
            self._held.clear()
        return pl.concat(self._kept)

    def _read(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        end = self._end + piece.height
        self._kept.append(_kept(piece, _within(self._at_end, self._end, end)))
        self._held.append(piece)
        self._end = end
        return True


def _within(places: pl.Series, begin: int, end: int) -> pl.Series:
    """The places, which are sorted, from one on and before another, counted from the first."""
    first, last = (int(places.search_sorted(place, "left")) for place in (begin, end))
    return places.slice(first, last - first) - begin


def _gather(rows: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """Some rows by their places; those that follow each other are not copied."""
    if places.len() and (places.cast(pl.Int64).diff().drop_nulls() == 1).all():
        return rows.slice(int(places[0]), places.len())
    return rows[places]


def _kept(rows: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """Some rows by their places, copied, so that they do not keep the others in memory."""
    copied = _gather(rows, places).to_arrow(compat_level=pl.CompatLevel.oldest())
    return pl.DataFrame(pl.from_arrow(copied))


def _ahead(pieces: Iterator[pl.DataFrame], threads: ThreadPoolExecutor) -> Iterator[pl.DataFrame]:
    """The same pieces, of which the next one is read while one is worked on."""
    coming = threads.submit(next, pieces, None)
    while (piece := coming.result()) is not None:
        coming = threads.submit(next, pieces, None)
        yield piece


def _unequal(
    ids: pl.DataFrame, before: pl.Series, after: pl.Series, *, encode: bool
) -> list[pl.DataFrame]:
    """The pairs whose values of a column differ, with these as JSON; none where none do."""
    column = after.name
    if before.dtype != after.dtype:
        before, after = as_json(before), as_json(after)
    if _are_equal(before, after):
        return []
    differs = before.ne_missing(after)
    values = (values.filter(differs) for values in (before, after))
    one, other = (as_json(v) if encode else v for v in values)
    return [
        ids.filter(differs).select(
            "old_id", "new_id", field=pl.lit(column), old_value=one, new_value=other
        )
    ]


def _are_equal(one: pl.Series, other: pl.Series) -> bool:
    """Whether values of one type are the same; lists, which are slow to compare, by their items."""
    if isinstance(one.dtype, pl.List):
        lengths = one.list.len().eq_missing(other.list.len())
        return bool(lengths.all()) and _are_equal(one.explode(), other.explode())
    return bool(one.eq_missing(other).all())


def as_json(values: pl.Series) -> pl.Series:
    """The values as JSON texts; null stays null."""
    return values.to_frame("value").select(_json_of("value"))["value"]


def _json_of(name: str) -> pl.Expr:
    return (
        pl.when(pl.col(name).is_not_null())
        .then(pl.struct(value=pl.col(name)).struct.json_encode())
        .str.strip_prefix('{"value":')
        .str.head(-1)
        .alias(name)
    )


def long_form(papers: pl.DataFrame, names: list[str], value: str) -> pl.DataFrame:
    """A row per paper and column: ``paper_id``, ``field``, and the value as JSON text.

    Args:
        papers: A table ``papers``.
        names: The columns.
        value: Name of the column of values.
    """
    return papers.select("paper_id", *(_json_of(name) for name in names)).unpivot(
        index="paper_id", variable_name="field", value_name=value
    )


def paper_links(old: Side, new: Side, paths: Paths | None = None) -> pl.DataFrame:
    """Which papers of one release are which of a later one.

    Args:
        old: The one.
        new: The later one.
        paths: What of the one is what of the other, where that is known already.

    Returns:
        ``old_id``, ``new_id``, and ``change``: what became of it, null where the id is the same.
        Where no entry is left ``new_id`` is null, and ``change`` says whether the dumps went
        (``dump_gone``) or are there and no longer hold such an entry (``entry_gone``).
    """
    paths = paths or Paths.between(old, new)
    stays = pl.col("old_id") == pl.col("new_id")
    others = paths.papers.filter(~stays).join(paths.flows, on=["old_id", "new_id"], how="left")
    went = paths.went
    left_over = paths.entries.filter(pl.col("old_paper_id").is_in(went.implode()))
    dumps_went = left_over.group_by(old_id="old_paper_id").agg(pl.col("dump_is_gone").all())
    gone = (
        went.to_frame("old_id")
        .join(dumps_went, on="old_id", how="left")
        .select(
            "old_id",
            change=pl.when("dump_is_gone")
            .then(pl.lit("dump_gone"))
            .otherwise(pl.lit("entry_gone")),
        )
    )
    return pl.concat([paths.papers.filter(stays), others, gone], how="diagonal")


# --- summaries ----------------------------------------------------------------------------------


def summary_changed(name: str, old: Side, new: Side) -> pl.DataFrame:
    """The rows of a summary that came or went, and the values that differ.

    Of a summary in which too much differs to be told row by row, only how many rows it has.

    Args:
        name: The summary's table; another table has no differences here.
        old: The earlier release.
        new: The later one.
    """
    if not name.startswith("summaries/"):
        return _frame([])
    if _content(old, name) == _content(new, name) is not None:
        return _frame([])
    before, after = old.read(name), new.read(name)
    key = [c for c in new.key(name) if c in before.columns and c in after.columns]
    key = [c for c in key if before.schema[c] == after.schema[c]]
    if not key:
        return _frame([])
    # a row whose key is not its own is told apart by its place among those that share it
    lengths = before.height, after.height
    before, after = _unequal_part(*(f.drop("version", strict=False) for f in (before, after)))
    before, after = _unequal_runs(before, after, key)
    on = [*key, "again"]
    values = [c for c in after.columns if c not in on and c in before.columns]
    told = {
        "about": "summary",
        "change": "changed",
        "table_name": name,
        "row_key": "{}",
        "field": "rows",
        "old_value": str(lengths[0]),
        "new_value": str(lengths[1]),
    }
    row = {
        "about": pl.lit("summary"),
        "table_name": pl.lit(name),
        "row_key": pl.struct(key).struct.json_encode(),
    }
    places = pl.int_range(pl.len(), dtype=pl.Int64)
    before, after = (
        frame.with_columns(again=pl.int_range(pl.len()).over(key)) for frame in (before, after)
    )
    there = (
        after.select(*on, at_new=places)
        .join(before.select(*on, at_old=places), on=on, how="full", nulls_equal=True)
        .select("at_old", "at_new")
    )
    came = there.filter(pl.col("at_old").is_null())["at_new"].sort()
    went = there.filter(pl.col("at_new").is_null())["at_old"].sort()
    same = there.drop_nulls().sort("at_new")
    now, then = after[same["at_new"]], before[same["at_old"]]
    unequal = {column: _maybe_differing(now[column], then[column]) for column in values}
    surely = sum(_surely_differing(now[c], then[c], unequal[c]) for c in values)
    if came.len() + went.len() + surely > _MOST_OF_SUMMARY:
        return pl.DataFrame([told])
    parts = [
        frame[places].select(**row, change=pl.lit(change))
        for frame, places, change in ((after, came, "added"), (before, went, "removed"))
    ]
    for column in values:
        some = now.filter(unequal[column])
        differing = some.with_columns(
            as_json(some[column]).alias("new value"),
            as_json(then[column].filter(unequal[column])).alias("old value"),
        ).filter(pl.col("new value").ne_missing(pl.col("old value")))
        parts.append(
            differing.select(
                **row,
                change=pl.lit("changed"),
                field=pl.lit(column),
                old_value="old value",
                new_value="new value",
            )
        )
    found = pl.concat(parts, how="diagonal_relaxed")
    return found if found.height <= _MOST_OF_SUMMARY else pl.DataFrame([told])


def _content(side: Side, name: str) -> str | None:
    """The hash of a table's content, where the manifest says it."""
    found: str | None = side.manifest.get("tables", {}).get(name, {}).get("content_sha256")
    return found


def _unequal_part(one: pl.DataFrame, other: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two tables without the rows that they begin with alike, and those that they end with.

    The places that rows of a key have among each other stay in step.
    """
    if one.schema != other.schema or one.is_empty() or other.is_empty():
        return one, other
    one_bits, other_bits = _with_signs(one), _with_signs(other)
    least = min(one.height, other.height)
    begin = _equal_rows(one_bits.head(least), other_bits.head(least))
    left = least - begin
    ends = (frame.tail(left).reverse() for frame in (one_bits, other_bits))
    end = _equal_rows(*ends) if left else 0
    return (
        one.slice(begin, one.height - begin - end),
        other.slice(begin, other.height - begin - end),
    )


def _unequal_runs(
    one: pl.DataFrame, other: pl.DataFrame, key: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two tables without the runs of rows, such as those of a month, that are alike in both.

    A run is left out where no other rows share the part of the key that its rows share: the
    places that rows of a key have among each other stay in step.

    Args:
        one: A table.
        other: Another one of the same columns.
        key: The columns that tell their rows apart.
    """
    if len(key) < 2 or one.schema != other.schema or one.is_empty() or other.is_empty():
        return one, other
    for shared in (list(key[:-1]), *([column] for column in key)):
        runs, other_runs = (_runs(frame, shared) for frame in (one, other))
        if runs is not None and other_runs is not None:
            break
    else:
        return one, other
    both = runs.join(other_runs, on=[*shared, "len"], nulls_equal=True).with_row_index("run")
    rows = both.select(
        pl.int_ranges("start", pl.col("start") + pl.col("len")),
        pl.int_ranges("start_right", pl.col("start_right") + pl.col("len")),
        "run",
    ).explode("start", "start_right")
    some, others = _with_signs(one[rows["start"]]), _with_signs(other[rows["start_right"]])
    unequal = pl.Series([False]).new_from_index(0, rows.height)
    for column in some.columns:
        unequal |= some[column].ne_missing(others[column])
    alike = rows.filter(~pl.col("run").is_in(rows["run"].filter(unequal).unique().implode()))
    return _but(one, alike["start"]), _but(other, alike["start_right"])


def _runs(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame | None:
    """Where the runs of rows of the same values of some columns begin, and how long they are.

    Returns:
        The columns, ``start``, ``len``; None where values stand in several runs, or where runs
        are short.
    """
    begins = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift()) for c in columns)
    places = rows.select(begins | (pl.int_range(pl.len()) == 0)).to_series().arg_true()
    if 2 * places.len() > rows.height:
        return None
    starts = places.cast(pl.Int64).alias("start")
    found = rows.select(columns)[places].with_columns(
        starts, (starts.shift(-1, fill_value=rows.height) - starts).alias("len")
    )
    return None if found.select(columns).is_duplicated().any() else found


def _but(rows: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """The rows but for those at some places."""
    stays = pl.Series([True]).new_from_index(0, rows.height).scatter(places, values=False)
    return rows.filter(stays)


def _with_signs(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, beside each number of them whether it has a minus sign.

    Zeros of different signs are equal as numbers, and not in words.
    """
    signs = (_sign(c) for c, t in rows.schema.items() if t.is_float())
    return rows.with_columns(*signs)


def _sign(column: str) -> pl.Expr:
    """Whether a number has a minus sign, also where it is 0."""
    return (1 / pl.col(column) < 0).alias(f"sign of {column}")


def _equal_rows(one: pl.DataFrame, other: pl.DataFrame) -> int:
    """How many rows two tables begin with alike."""
    unequal = [one[c].ne_missing(other[c]) for c in one.columns]
    first = pl.select(pl.any_horizontal(unequal).arg_max()).item() if one.height else None
    if first is None:
        return one.height
    differs = any(bool(column[first]) for column in unequal)
    return int(first) if differs else one.height


def _maybe_differing(one: pl.Series, other: pl.Series) -> pl.Series:
    """Where two columns may not be the same in words: that is slow to tell."""
    if one.dtype != other.dtype:
        return pl.Series([True]).new_from_index(0, one.len())
    differing = one.ne_missing(other)
    if one.dtype.is_float():
        # zeros of different signs are equal as numbers, and no number is none in words
        differing |= (one == 0) | one.is_nan() | one.is_infinite()
    return differing


def _surely_differing(one: pl.Series, other: pl.Series, maybe: pl.Series) -> int:
    """In how many rows two columns surely are not the same in words, of those where they may be."""
    if one.dtype != other.dtype or one.dtype.is_nested():
        return 0
    if one.dtype.is_float():
        maybe &= one.is_finite() & other.is_finite() & (one != other)
    return int(maybe.sum())
