"""What differs between two releases, as a table: code, settings, schema, dumps, papers, summaries.

The releases may have been made by different versions of the workflow: tables, columns and their
types may differ, and only what both have is compared row by row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class Paths:
    """What of one release is what of a later one.

    Attributes:
        dumps: Dumps that both have: ``old_dump_id``, ``dump_id``.
        entries: As ``_entries`` gives them.
        papers: As ``links`` gives them.
        flows: As ``_flows`` gives them.
    """

    dumps: pl.DataFrame
    entries: pl.DataFrame
    papers: pl.DataFrame
    flows: pl.DataFrame

    @classmethod
    def between(cls, old: Side, new: Side) -> Paths:
        """Those from one release to another."""
        before, after = (_present(side, "papers", ("paper_id",)) for side in (old, new))
        dumps = _dumps_in_both(old, new)
        entries = _entries(old, new, dumps)
        papers = links(entries, before, after)
        return cls(dumps, entries, papers, _flows(papers, before, after))


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
    brought = _brought(old, new)
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


def _brought(old: Side, new: Side) -> pl.DataFrame:
    """What each dump of the new release brought, in words: ``dump_id``, ``detail``."""
    sightings = new.read("sightings", ["dump_id", "paper_id"])
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
    before, after = (_present(side, "papers", ("paper_id", "title")) for side in (old, new))
    entries, paths, flows = same.entries, same.papers, same.flows
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
        after.join(paths, left_on="paper_id", right_on="new_id", how="anti").select(
            new_id="paper_id", old_id=pl.lit(None, pl.String), change=pl.lit("added")
        )
    )
    went = told(
        before.join(paths, left_on="paper_id", right_on="old_id", how="anti").select(
            old_id="paper_id", new_id=pl.lit(None, pl.String), change=pl.lit("removed")
        )
    )
    values = _values_of_papers(old, new, paths, flows, grouped, reasons, told)
    every = pl.concat([came, went, grouped, values], how="diagonal_relaxed")
    is_flow = pl.col("change").is_in(["merged", "split", "moved", "regrouped"])
    titles = pl.concat([after, before.join(after, on="paper_id", how="anti")])
    return (
        every.with_columns(
            paper_id=pl.coalesce("new_id", "old_id"),
            field=pl.when(is_flow).then(pl.lit("paper_id")).otherwise("field"),
            old_value=pl.when(is_flow).then(pl.format('"{}"', "old_id")).otherwise("old_value"),
            new_value=pl.when(is_flow).then(pl.format('"{}"', "new_id")).otherwise("new_value"),
        )
        .join(titles, on="paper_id", how="left")
        .select(
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
    )


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
    left = [frame.drop_nulls("same") for frame in (before, after)]
    has_place = pl.any_horizontal(pl.col(c).is_not_null() for c in _PLACE)
    pairs = []
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
    same = pl.concat(pairs)
    only_old = before.join(same, left_on="entry_id", right_on="old_entry_id", how="anti").select(
        old_entry_id="entry_id", old_paper_id="paper_id", dump_is_gone=pl.col("same").is_null()
    )
    only_new = after.join(same, on="entry_id", how="anti").select(
        "entry_id", "paper_id", dump_is_new=pl.col("same").is_null()
    )
    every = pl.concat([same, only_old, only_new], how="diagonal")
    return every.with_columns(pl.col("dump_is_new", "dump_is_gone").fill_null(value=False))


def links(entries: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Which papers of one release are which of the other: those that share an entry, or the id.

    Args:
        entries: ``old_paper_id`` and ``paper_id`` of each entry, null where there is none.
        before: ``paper_id`` of the papers of the one release.
        after: The same of the other.

    Returns:
        ``old_id`` and ``new_id``, each pair once.
    """
    shared = entries.drop_nulls(["old_paper_id", "paper_id"]).select(
        old_id="old_paper_id", new_id="paper_id"
    )
    same = before.join(after, on="paper_id").select(old_id="paper_id", new_id="paper_id")
    return pl.concat([shared, same]).unique().sort("old_id", "new_id")


def _flows(paths: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What became of papers whose entries are another paper now."""
    stays = pl.col("old_id").is_in(after["paper_id"].implode())
    was = pl.col("new_id").is_in(before["paper_id"].implode())
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


def _rules_of_flows(new: Side, entries: pl.DataFrame) -> pl.DataFrame:
    """The rules that joined or part the entries of papers that were merged or split.

    Returns:
        ``old_id``, ``new_id``, ``detail``.
    """
    columns = ("entry_id_kept", "entry_id_repeat", "match_rule", "match_decision")
    whose = entries.select("entry_id", "old_paper_id", "paper_id").drop_nulls("entry_id")
    pairs = _present(new, "matches", columns)
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
    paths: pl.DataFrame,
    flows: pl.DataFrame,
    grouped: pl.DataFrame,
    reasons: _Reasons,
    told: Any,
) -> pl.DataFrame:
    """Values that differ, of papers that have their id still, or moved to another."""
    moved = flows.filter(pl.col("change") == "moved").select("old_id", "new_id")
    stayed = paths.filter(pl.col("old_id") == pl.col("new_id"))
    values = values_changed(old, new, "papers", "paper_id", pl.concat([stayed, moved]))
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
    """The values of rows that differ, column by column, so that one is held at a time.

    Args:
        old: The earlier release.
        new: The later one.
        name: The table.
        key: The column that names a row of it.
        pairs: Rows that are the same: ``old_id`` and ``new_id``.

    Returns:
        ``old_id``, ``new_id``, ``field``, ``old_value``, ``new_value``.
    """
    columns = [c for c in new.schema(name) if c in old.schema(name) and c not in _IDS]
    places = [
        side.read(name, [key])
        .with_row_index("place")
        .rename({key: column, "place": f"at_{column}"})
        for side, column in ((old, "old_id"), (new, "new_id"))
    ]
    both = pairs.join(places[0], on="old_id").join(places[1], on="new_id")
    ids = both.select("old_id", "new_id")
    found = []
    for column in columns:
        before = old.read(name, [column])[column].gather(both["at_old_id"])
        after = new.read(name, [column])[column].gather(both["at_new_id"])
        if before.dtype != after.dtype:
            before, after = as_json(before), as_json(after)
        frame = ids.with_columns(before.alias("old_value"), after.alias("new_value"))
        differing = frame.filter(pl.col("old_value").ne_missing(pl.col("new_value")))
        if differing.height:
            found.append(
                _in_words(
                    differing, column, encode=old.schema(name)[column] == new.schema(name)[column]
                )
            )
    empty = pl.DataFrame(
        schema=dict.fromkeys(("old_id", "new_id", "field", "old_value", "new_value"), pl.String)
    )
    return pl.concat([empty, *found], how="diagonal")


def _in_words(differing: pl.DataFrame, column: str, *, encode: bool) -> pl.DataFrame:
    """The differing values of a column as JSON, beside its name."""
    values = [
        as_json(differing[c]).alias(c) if encode else differing[c]
        for c in ("old_value", "new_value")
    ]
    return differing.with_columns(*values, field=pl.lit(column))


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
    before = _present(old, "papers", ("paper_id",))
    told = paths.papers.join(paths.flows, on=["old_id", "new_id"], how="left")
    left_over = paths.entries.join(
        paths.papers, left_on="old_paper_id", right_on="old_id", how="anti"
    )
    dumps_went = left_over.group_by(old_id="old_paper_id").agg(pl.col("dump_is_gone").all())
    gone = (
        before.select(old_id="paper_id")
        .join(paths.papers, on="old_id", how="anti")
        .join(dumps_went, on="old_id", how="left")
        .select(
            "old_id",
            change=pl.when("dump_is_gone")
            .then(pl.lit("dump_gone"))
            .otherwise(pl.lit("entry_gone")),
        )
    )
    return pl.concat([told, gone], how="diagonal")


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
    before, after = (
        frame.with_columns(again=pl.int_range(pl.len()).over(key)) for frame in (before, after)
    )
    on = [*key, "again"]
    values = [c for c in after.columns if c not in on and c in before.columns]
    row = {
        "about": pl.lit("summary"),
        "table_name": pl.lit(name),
        "row_key": pl.struct(key).struct.json_encode(),
    }
    parts = [
        one.join(two, on=on, how="anti", nulls_equal=True).select(**row, change=pl.lit(change))
        for one, two, change in ((after, before, "added"), (before, after, "removed"))
    ]
    both = after.join(before, on=on, nulls_equal=True, suffix=" before")
    for column in values:
        some = _maybe_differing(both, column, f"{column} before")
        now, then = (as_json(some[c]) for c in (column, f"{column} before"))
        differing = some.with_columns(now.alias(column), then.alias(f"{column} before")).filter(
            pl.col(column).ne_missing(pl.col(f"{column} before"))
        )
        parts.append(
            differing.select(
                **row,
                change=pl.lit("changed"),
                field=pl.lit(column),
                old_value=f"{column} before",
                new_value=column,
            )
        )
    found = pl.concat(parts, how="diagonal_relaxed")
    if found.height <= _MOST_OF_SUMMARY:
        return found
    told = {
        "about": "summary",
        "change": "changed",
        "table_name": name,
        "row_key": "{}",
        "field": "rows",
        "old_value": str(lengths[0]),
        "new_value": str(lengths[1]),
    }
    return pl.DataFrame([told])


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
    # zeros of different signs are equal as numbers, and not in words
    one_bits, other_bits = (
        frame.select(pl.all(), *(_sign(c) for c, t in frame.schema.items() if t.is_float()))
        for frame in (one, other)
    )
    least = min(one.height, other.height)
    begin = _equal_rows(one_bits.head(least), other_bits.head(least))
    left = least - begin
    ends = (frame.tail(left).reverse() for frame in (one_bits, other_bits))
    end = _equal_rows(*ends) if left else 0
    return (
        one.slice(begin, one.height - begin - end),
        other.slice(begin, other.height - begin - end),
    )


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


def _maybe_differing(rows: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    """The rows in which two columns may not be the same in words: that is slow to tell."""
    if rows.schema[one] != rows.schema[other]:
        return rows
    differing = pl.col(one).ne_missing(pl.col(other))
    if rows.schema[one].is_float():
        # zeros of different signs are equal as numbers, and no number is none in words
        differing |= (pl.col(one) == 0) | pl.col(one).is_nan() | pl.col(one).is_infinite()
    return rows.filter(differing)
