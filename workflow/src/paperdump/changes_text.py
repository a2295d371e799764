"""What differs between two releases, in words: ``CHANGES.md`` and ``paperdump diff``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from paperdump.changes import Side
from paperdump.screen import counted, one_line

_PAPERS_LISTED = 15
_VALUES_LISTED = 6
_ALIKE = 3  # papers with the same difference that are listed one by one
_ROWS_LISTED = 5
_LONGEST = 70  # characters of a value
_TITLE = 110
# what follows from that a paper was seen again; counted, not listed one by one
_SEEN_AGAIN = (
    "n_sightings", "n_dumps", "first_seen_on", "last_seen_on", "n_comments", "n_upvotes",
    "updated_on",
)  # fmt: skip
_WHY = {
    "new_evidence": "new evidence",
    "lost_evidence": "evidence that is gone",
    "correction": "a correction",
    "new_rule": "a new rule",
    None: "several possible reasons",
}
# within a word an underscore is none of Markdown's marks
_MARKDOWN = re.compile(r"([\\`*\[\]<>|]|(?<!\w)_|_(?!\w))")


@dataclass(frozen=True)
class _Words:
    """How texts of others are written: for Markdown escaped, else as they are."""

    is_markdown: bool

    def title(self, text: str | None) -> str:
        """A title, cut where it is long."""
        short = one_line(text or "(no title)", _TITLE)
        return f"*{self.escaped(short)}*" if self.is_markdown else f"“{short}”"

    def code(self, text: object) -> str:
        """A name or a value, as it is."""
        short = one_line(str(text))
        if not self.is_markdown:
            return short
        fence = "``" if "`" in short else "`"
        return f"{fence}{short}{fence}"

    def escaped(self, text: str) -> str:
        """A text in which nothing is markup."""
        return _MARKDOWN.sub(r"\\\1", text) if self.is_markdown else text


def text_of(changes: pl.DataFrame, old: Side | None, new: Side, *, is_markdown: bool = True) -> str:
    """The differences as a page of Markdown, or as plain text in the same form.

    Args:
        changes: The table ``changes`` of the two.
        old: The earlier release; None where there is none.
        new: The later one.
        is_markdown: Whether it is to be read as Markdown.
    """
    words = _Words(is_markdown)
    version = new.manifest["version"]
    if old is None:
        lines = [
            f"# Release {version}",
            "",
            "The first release: there is none before it to compare with.",
            "",
        ]
        return "\n".join([*lines, *_counts(None, new)]) + "\n"
    head = [
        f"# What changed in {version}",
        "",
        f"Compared with {old.manifest['version']}.",
        "",
        *_counts(old, new),
    ]
    sections = [
        _in_short(changes),
        _dumps(changes, words),
        *_papers(changes, old, new, words),
        _values(changes, words),
        _summaries(changes, old, new, words),
        _schema(changes, words),
        _code(changes, words),
    ]
    return "\n".join(head + [line for s in sections if s for line in ("", *s)]) + "\n"


def _counts(old: Side | None, new: Side) -> list[str]:
    """The rows of the main tables, before and now, as a table."""
    names = {"dumps": "dumps", "sightings": "entries", "papers": "papers", "rejects": "rejects"}
    now = new.manifest.get("tables", {})
    then = old.manifest.get("tables", {}) if old else {}
    rows = []
    for table, noun in names.items():
        if table not in now:
            continue
        cells = [noun]
        if old:
            before = then.get(table, {}).get("rows")
            cells.append("–" if before is None else f"{before:,}")
        cells.append(f"{now[table]['rows']:,}")
        if old:
            before = then.get(table, {}).get("rows")
            cells.append("" if before is None else _signed(now[table]["rows"] - before))
        rows.append(cells)
    heads = ["", "before", "now", "change"] if old else ["", "rows"]
    return _table(heads, rows)


def _table(heads: list[str], rows: list[list[str]], align: str = "lrrr") -> list[str]:
    """A table that is one in Markdown, and reads well as it is; ``r`` is aligned to the right."""
    widths = [max(3, *(len(r[i]) for r in [heads, *rows])) for i in range(len(heads))]

    sides = align[: len(heads)]

    def line(cells: list[str]) -> str:
        padded = zip(cells, widths, sides, strict=True)
        return " | ".join(c.rjust(w) if side == "r" else c.ljust(w) for c, w, side in padded)

    rule = [
        f"{'-' * (w - 1)}:" if side == "r" else "-" * w
        for w, side in zip(widths, sides, strict=True)
    ]
    return [f"| {line(cells)} |" for cells in (heads, rule, *rows)]


def _signed(number: float) -> str:
    if number == 0:
        return "0"
    text = f"{abs(number):,}" if isinstance(number, int) else f"{abs(number):.3g}"
    return f"{'+' if number > 0 else '−'}{text}"


def _in_short(changes: pl.DataFrame) -> list[str]:
    """The whole in a few lines."""
    papers = changes.filter(pl.col("about") == "paper")
    lines = []
    dumps = _told(changes.filter(pl.col("about") == "dump"), ("added", "removed", "moved"), "dump")
    if dumps:
        lines.append(f"* Dumps: {dumps}.")
    flows = _told(papers, ("added", "removed", "merged", "split", "moved", "regrouped"), "paper")
    if flows:
        lines.append(f"* Papers: {flows}.")
    values = papers.filter(pl.col("change") == "changed")
    if values.height:
        n_papers = values["paper_id"].n_unique()
        seen = values.filter(pl.col("field").is_in(_SEEN_AGAIN).all().over("paper_id"))
        n_seen = seen["paper_id"].n_unique()
        if n_seen == n_papers:
            lines.append(f"* {counted(n_papers, 'paper')} seen again, without another difference.")
        else:
            only = f"; {n_seen:,} more were only seen again" if n_seen else ""
            lines.append(f"* Values of {counted(n_papers - n_seen, 'paper')} changed{only}.")
    others = _apart(changes)
    if others:
        lines.append(f"* Apart from the data, {_listed(others)} changed.")
    if not lines:
        lines.append("* Nothing that a person would miss: the data are the same.")
    return lines


def _apart(changes: pl.DataFrame) -> list[str]:
    """What changed beside the data, in words."""
    about = set(changes["about"])
    settings = set(changes.filter(pl.col("about") == "settings")["field"])
    words = {
        "the schema": "schema" in about,
        "the settings": bool(settings - {"sheet", "corrections"}),
        "the sheet of dumps": "sheet" in settings,
        "the corrections": "corrections" in settings,
        "the code or its packages": "code" in about,
    }
    return [word for word, changed in words.items() if changed]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


_HAPPENED = {
    "added": "new",
    "removed": "gone",
    "merged": "merged into others",
    "split": "split from others",
    "moved": "under another name",
    "regrouped": "with entries that were another's",
}


def _told(rows: pl.DataFrame, kinds: Iterable[str], noun: str) -> str:
    """How many things came, went and so on, in words."""
    counts = {kind: rows.filter(pl.col("change") == kind).height for kind in kinds}
    words = [f"{n:,} {_HAPPENED[kind]}" for kind, n in counts.items() if n]
    if noun == "paper":
        words = [w.replace("another name", "another id") for w in words]
    else:
        words = [w.replace("another name", "another path") for w in words]
    return ", ".join(words)


def _dumps(changes: pl.DataFrame, words: _Words) -> list[str]:
    rows = changes.filter(pl.col("about") == "dump")
    if rows.is_empty():
        return []
    lines = ["## Dumps", ""]
    for kind, word in (("added", "new"), ("removed", "gone")):
        found = rows.filter(pl.col("change") == kind).sort("label", "row_key")
        lines += _first(
            (
                f"* {word}: {words.code(row['label'])}"
                + (f", {row['detail']}" if row["detail"] else "")
                for row in found.head(_PAPERS_LISTED).iter_rows(named=True)
            ),
            found.height,
            _PAPERS_LISTED,
        )
    # by which entry a day is known is for the table
    other = rows.filter(
        pl.col("change").is_in(["changed", "moved"]) & ~pl.col("field").str.ends_with("_id")
    ).sort("label", "field")
    by_dump = other.group_by("label", maintain_order=True).agg("field", "old_value", "new_value")
    lines += _first(
        (
            f"* {words.code(label)}: "
            + "; ".join(
                _step(words, *step) for step in list(zip(*steps, strict=True))[:_VALUES_LISTED]
            )
            for label, *steps in by_dump.head(_PAPERS_LISTED).iter_rows()
        ),
        by_dump.height,
        _PAPERS_LISTED,
    )
    return lines


def _first(lines: Iterable[str], total: int, shown: int) -> list[str]:
    """The lines, and how many more there are."""
    more = [f"* … and {total - shown:,} more, in `changes.parquet`"] if total > shown else []
    return [*lines, *more]


def _step(words: _Words, field: str, old: str | None, new: str | None) -> str:
    """A field's value before and now."""
    before, after = _shown(old, new)
    return f"{words.escaped(field)} {words.code(before)} → {words.code(after)}"


def _shown(old: str | None, new: str | None) -> tuple[str, str]:
    """Two values, and of long ones the part around where they first differ."""
    texts = [_plain(old), _plain(new)]
    if max(map(len, texts)) <= _LONGEST:
        return texts[0], texts[1]
    same = next(
        (i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts))
    )
    start = max(0, same - _LONGEST // 3)
    return _cut(texts[0], start), _cut(texts[1], start)


def _cut(text: str, start: int) -> str:
    piece = text[start : start + _LONGEST]
    before = "…" if start and piece else ""
    after = "…" if start + _LONGEST < len(text) else ""
    return f"{before}{piece}{after}" or "… (ends)"


def _plain(value: str | None) -> str:
    """A value of JSON as people write it: texts without quotation marks."""
    if value is None:
        return "null"
    try:
        found = json.loads(value)
    except ValueError:
        return value
    if isinstance(found, str):
        return found or '""'
    if isinstance(found, float):
        return f"{found:.4g}"
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        return ", ".join(found) if found else "[]"
    return value


def _papers(changes: pl.DataFrame, old: Side, new: Side, words: _Words) -> list[list[str]]:
    """A section each for papers that came, went, were merged, split or moved."""
    rows = changes.filter(pl.col("about") == "paper")
    # a paper that came, went, or goes on as another; the id of before stands in quotes
    named = rows.filter(pl.col("change") != "changed")
    ids = pl.concat([named["paper_id"], named["old_value"].str.strip_chars('"')]).unique()
    days = _by_id(new, "published_on", ids)
    days_before = _by_id(old, "published_on", ids)
    titles_before = _by_id(old, "title", ids)

    def came(row: Mapping[str, Any]) -> str:
        return f"* {_dated(words, row, days)}"

    def went(row: Mapping[str, Any]) -> str:
        return f"* {_dated(words, row, days_before)}{_because(row)}"

    def grouped(said: str) -> Callable[[Mapping[str, Any]], str]:
        def line(row: Mapping[str, Any]) -> str:
            before = _plain(row["old_value"])
            was = titles_before.get(before)
            of = f"{words.title(was)} ({words.code(before)})"
            now = f"{words.title(row['label'])} ({words.code(row['paper_id'])})"
            return f"* {said.format(before=of, now=now)}{_because(row)}"

        return line

    kinds: tuple[tuple[str, str, Callable[[Mapping[str, Any]], str]], ...] = (
        ("added", "New papers", came),
        ("removed", "Papers that are gone", went),
        ("merged", "Papers merged", grouped("{before} is part of {now} now")),
        ("split", "Papers split", grouped("{now} was part of {before}")),
        ("moved", "Papers under another id", grouped("{before} is {now} now")),
        ("regrouped", "Entries that went to another paper", grouped("from {before} to {now}")),
    )
    sections = []
    for kind, head, line in kinds:
        found = rows.filter(pl.col("change") == kind)
        if found.is_empty():
            continue
        shown = found.sort("label", "paper_id", "old_value").head(_PAPERS_LISTED)
        told = [line(row) for row in shown.iter_rows(named=True)]
        sections.append(
            [f"## {head} ({found.height:,})", "", *_first(told, found.height, _PAPERS_LISTED)]
        )
    return sections


def _dated(words: _Words, row: Mapping[str, Any], days: Mapping[str, Any]) -> str:
    """A paper's title, day of publication and id."""
    day = days.get(row["paper_id"])
    when = f", {day}" if day else ""
    return f"{words.title(row['label'])}{when} ({words.code(row['paper_id'])})"


def _because(row: Mapping[str, Any]) -> str:
    """Why something happened, after a colon; nothing where it is not known."""
    said = [_WHY[row["why"]]] if row["why"] else []
    if row["detail"]:
        said.append(row["detail"].replace("_", " "))
    return f": {', '.join(said)}" if said else ""


def _by_id(side: Side, column: str, ids: pl.Series) -> dict[str, Any]:
    """A column of some papers, by their ids."""
    if column not in side.schema("papers"):
        return {}
    papers = side.read("papers", ["paper_id", column]).select("paper_id", column)
    return dict(papers.filter(pl.col("paper_id").is_in(ids.implode())).iter_rows())


def _values(changes: pl.DataFrame, words: _Words) -> list[str]:
    """Values of papers that changed: how many by field and why, then papers, the richest first."""
    rows = changes.filter((pl.col("about") == "paper") & (pl.col("change") == "changed"))
    if rows.is_empty():
        return []
    by_field = rows.group_by("field").agg(pl.len(), pl.col("why").unique())
    table = [
        [words.escaped(field), f"{n:,}", ", ".join(sorted(_WHY[why] for why in whys))]
        for field, n, whys in by_field.sort("len", "field", descending=[True, False]).iter_rows()
    ]
    lines = ["## Values of papers", "", *_table(["field", "papers", "by"], table, "lrl")]
    # a date says more than what it rests on
    rank = pl.when(pl.col("field") == "published_on_evidence").then(1).otherwise(10)
    shown = rows.filter(~pl.col("field").is_in(_SEEN_AGAIN)).with_columns(rank=rank)
    papers = (
        shown.sort("field")
        .group_by("paper_id", "label")
        .agg("field", "old_value", "new_value", "why", pl.col("rank").sum())
        .sort("rank", "label", "paper_id", descending=[True, False, False])
    )
    alike: dict[str, list[str]] = {}
    for row in papers.iter_rows(named=True):
        name = f"{words.title(row['label'])} ({words.code(row['paper_id'])})"
        alike.setdefault(_steps(words, row), []).append(name)
    told = []
    for steps, names in alike.items():
        if len(names) <= _ALIKE:
            told += [f"* {name}: {steps}" for name in names]
        else:
            first = ", ".join(names[:_ALIKE])
            told.append(f"* {counted(len(names), 'paper')}: {steps}, such as {first}")
    if told:
        lines.append("")
    return lines + _first(told[:_PAPERS_LISTED], len(told), _PAPERS_LISTED)


def _steps(words: _Words, row: Mapping[str, Any]) -> str:
    """What differs in a paper, and why."""
    steps = [
        _step(words, *step)
        for step in zip(row["field"], row["old_value"], row["new_value"], strict=True)
    ]
    return f"{'; '.join(steps)}, by {_listed(sorted({_WHY[why] for why in row['why']}))}"


def _arrow(words: _Words, old: str | None, new: str | None) -> str:
    before, after = _shown(old, new)
    return f"{words.code(before)} → {words.code(after)}"


def _summaries(changes: pl.DataFrame, old: Side, new: Side, words: _Words) -> list[str]:
    rows = changes.filter(pl.col("about") == "summary")
    if rows.is_empty():
        return []
    paths: dict[str, str] = {}
    for side in (old, new):
        paths |= dict(side.read("dumps", ["dump_id", "path"]).select("dump_id", "path").iter_rows())
    lines = ["## Summaries"]
    for name in rows["table_name"].unique().sort():
        found = rows.filter(pl.col("table_name") == name)
        counts = [
            f"{counted(keys, 'row')} {word}"
            for kind, word in (("changed", "changed"), ("added", "new"), ("removed", "gone"))
            for keys in [found.filter(pl.col("change") == kind)["row_key"].n_unique()]
            if keys
        ]
        lines += ["", f"### {words.escaped(name.removeprefix('summaries/'))}: {', '.join(counts)}"]
        moved = found.filter(pl.col("change") == "changed").to_dicts()
        # where there are shares, how far these moved says most
        has_share = any(row["field"] == "share" for row in moved)
        far = {row["row_key"]: 0.0 for row in moved}
        for row in moved:
            if not has_share or row["field"] == "share":
                far[row["row_key"]] = max(far[row["row_key"]], _distance(row))
        moved.sort(key=lambda row: (-far[row["row_key"]], row["row_key"], row["field"]))
        by_row: dict[str, list[str]] = {}
        for row in moved:
            told = by_row.setdefault(row["row_key"], [])
            column = "" if row["field"] == "value" else f"{words.escaped(row['field'])} "
            told.append(f"{column}{_moved(words, row)}")
        if by_row:
            lines.append("")
        lines += _first(
            (
                f"* {words.code(_row_name(key, paths))}: {', '.join(steps)}"
                for key, steps in list(by_row.items())[:_ROWS_LISTED]
            ),
            len(by_row),
            _ROWS_LISTED,
        )
    return lines


def _moved(words: _Words, row: Mapping[str, Any]) -> str:
    """A value of a summary before and now; of a count what it differs by."""
    numbers = [_number(row[c]) for c in ("old_value", "new_value")]
    if None in numbers:
        return _arrow(words, row["old_value"], row["new_value"])
    before, after = (_plain(row[c]) for c in ("old_value", "new_value"))
    if all(isinstance(n, int) for n in numbers):
        before, after = (f"{n:,}" for n in numbers)
        return f"{before} → {after} ({_signed(numbers[1] - numbers[0])})"  # type: ignore[operator]
    return f"{before} → {after}"


def _number(value: str | None) -> float | None:
    try:
        found = json.loads(value) if value is not None else None
    except ValueError:
        return None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _distance(row: Mapping[str, Any]) -> float:
    """How far a value moved; of what is no number, not at all."""
    numbers = [_number(row[c]) for c in ("old_value", "new_value")]
    return abs((numbers[1] or 0) - (numbers[0] or 0))


def _row_name(key: str, paths: Mapping[str, str]) -> str:
    """What a row of a summary is called: its key, with the paths of dumps for their ids."""
    if key == "{}":
        return "more than is told row by row"
    values = [
        str(v).removesuffix("-01") if column == "month" else paths.get(str(v), str(v))
        for column, v in json.loads(key).items()
        if v is not None
    ]
    return " · ".join(values) or "unknown"


def _schema(changes: pl.DataFrame, words: _Words) -> list[str]:
    rows = changes.filter(pl.col("about") == "schema")
    if rows.is_empty():
        return []
    lines = ["## Schema", ""]
    for row in rows.sort("table_name", "field", nulls_last=False).iter_rows(named=True):
        name = words.code(
            f"{row['table_name']}.{row['field']}" if row["field"] else row["table_name"]
        )
        what = "column" if row["field"] else "table"
        kind = _plain(row["new_value"] or row["old_value"])
        of = f" ({words.escaped(kind)})" if row["field"] else ""
        if row["change"] == "changed":
            types = _arrow(words, row["old_value"], row["new_value"])
            lines.append(f"* {what} {name} has another type: {types}")
        else:
            lines.append(f"* {what} {name}{of} is {'new' if row['change'] == 'added' else 'gone'}")
    return lines


def _code(changes: pl.DataFrame, words: _Words) -> list[str]:
    rows = changes.filter(pl.col("about").is_in(["code", "settings"]))
    if rows.is_empty():
        return []
    lines = ["## Code and settings", ""]
    stages = []
    for row in rows.iter_rows(named=True):
        field = row["field"]
        if field.startswith("stage "):
            stages.append(field.removeprefix("stage "))
        elif field == "code_digest":
            lines.append("* the code of the workflow changed")
        elif row["detail"]:
            lines.append(f"* {words.escaped(field)}: {row['detail']}")
        else:
            lines.append(
                f"* {words.escaped(field)}: {_arrow(words, row['old_value'], row['new_value'])}"
            )
    if stages:
        lines.append(f"* the code of {_listed(stages)} changed")
    return lines
