"""How ``paperdump explain`` looks on a terminal, or in a file."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from paperdump.date_evidence import Step
from paperdump.explanation import (
    Disagreement,
    Explanation,
    Origin,
    Sighting,
    Value,
    plain,
)
from paperdump.lookup import Found
from paperdump.screen import Screen, counted, inset, one_line, pairs, styled

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

_LONGEST_VALUE = 3_000  # characters; longer than most abstracts
_LONGEST_EXCERPT = 160
_BEFORE_DIFFERENCE = 40
_LABEL = 17  # characters of the names beside sightings, with what is around them
_NARROWEST = 15  # of a sighting beside others
_MOST_NOTES = 3
_MOST_CHANGES = 8
_LONGEST_CHANGE = 60
_DEEPEST = 10  # steps that are set off from the one above


def explanation_text(explanation: Explanation, screen: Screen, n_sightings: int | None) -> str:
    """An explanation as text.

    Args:
        explanation: The explanation.
        screen: What it is written for.
        n_sightings: How many sightings are listed; None lists all.
    """
    shown = explanation.sightings[:n_sightings]
    parts: list[RenderableType] = [*_head(explanation), *_values(explanation)]
    parts += _side_by_side(explanation, shown, screen.width)
    parts += _disagreements(explanation)
    parts += _dates(explanation, shown)
    parts += _merges(explanation, n_sightings)
    parts += _corrections(explanation)
    parts += _contradictions(explanation)
    parts += _changes(explanation)
    return screen.text(*parts)


def not_found_text(found: Found, screen: Screen) -> str:
    """Why no one paper was found, and of which papers one may be meant."""
    if not found.candidates:
        return screen.text(styled(f"paperdump explain: {found.how}."))
    rows = [
        (
            styled(str(row["paper_id"]), "cyan"),
            styled(one_line(str(row["title"]))).append(f"  {_aside(row)}", "dim"),
        )
        for row in found.candidates
    ]
    left = found.n_candidates - len(found.candidates)
    more = [styled(f"… and {counted(left, 'more paper')}; say more of the title", "dim")]
    return screen.text(
        styled(f"paperdump explain: {found.how}; give the id of one of these:"),
        inset(pairs(rows)),
        *(inset(part) for part in more if left),
    )


def _aside(row: Mapping[str, Any]) -> str:
    day = f"{row['published_on']}, " if row["published_on"] else ""
    return f"{day}{counted(row['n_sightings'] or 0, 'sighting')}"


def _section(name: str, *parts: RenderableType) -> list[RenderableType]:
    return ["", styled(name, "bold"), *(inset(part) for part in parts)]


def _head(explanation: Explanation) -> Iterator[RenderableType]:
    yield styled(one_line(str(explanation.paper.get("title"))), "bold cyan")
    version = f"{explanation.version}, " if explanation.version else ""
    rows = [
        ("paper", f"{explanation.paper['paper_id']}, found {explanation.found}"),
        ("release", f"{version}in {explanation.release}"),
    ]
    if explanation.former_ids:
        rows.append(("former ids", ", ".join(explanation.former_ids)))
    yield inset(pairs((styled(name, "dim"), styled(one_line(text))) for name, text in rows))


def _values(explanation: Explanation) -> list[RenderableType]:
    """Each value, and below it where it is from; those that are not there together."""
    rows: list[tuple[Text, Text]] = []
    absent: dict[tuple[str, str], list[str]] = {}
    conflicts = explanation.paper.get("conflicts") or ()
    for value in explanation.values:
        if value.value in (None, []) and not value.corrected:
            what = "unknown" if value.value is None else "none"
            absent.setdefault((what, value.because), []).append(value.field)
            continue
        cell = styled("").append_text(styled(_shown(value.value)))
        for line, style in _reasons(value):
            cell.append("\n").append_text(styled(line, style))
        name = styled(value.field, "yellow" if value.field in conflicts else "green")
        rows.append((name, cell))
    for (what, because), fields in absent.items():
        rows.append((styled(what, "dim"), styled(f"{', '.join(fields)}: {because}", "dim")))
    return _section("Values", pairs(rows))


def _shown(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, list | tuple):
        return one_line(", ".join(str(part) for part in value), _LONGEST_VALUE) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return one_line(str(value), _LONGEST_VALUE)


def _reasons(value: Value) -> Iterator[tuple[str, str]]:
    """Where a value is from, as lines and their styles."""
    because = one_line(value.because)
    if value.corrected:
        yield because, "magenta"
        return
    if len(value.origins) == 1:
        [origin] = value.origins
        yield f"{_where(origin)}: {because}", "dim"
        yield from _cleaned(origin)
        return
    if because:
        yield because, "dim"
    for origin in value.origins:
        yield f"{_where(origin)}: {one_line(', '.join(origin.parts or ()))}", "dim"


def _where(origin: Origin) -> str:
    return f"[{origin.sighting}] {one_line(origin.path)}, {origin.place}"


def _cleaned(origin: Origin) -> Iterator[tuple[str, str]]:
    """What cleaning changed in a text."""
    if origin.corrected is not None:
        yield one_line(origin.corrected), "magenta"
    if origin.cleaned is None:
        return
    times = Counter(origin.cleaned)
    if not times:
        yield "cleaned: white space, or more than can be told", "dim"
        return
    words = [
        f"{_quoted_text(old)} → {_quoted_text(new)}" + (f" ({n} times)" if n > 1 else "")
        for (old, new), n in list(times.items())[:_MOST_CHANGES]
    ]
    left = len(times) - len(words)
    more = f", and {counted(left, 'more change')}" if left else ""
    yield f"cleaned: {', '.join(words)}{more}", "dim"


def _quoted_text(text: str) -> str:
    return f"`{one_line(text, _LONGEST_CHANGE)}`" if text else "nothing"


_Cell = Callable[[Sighting], Any]
_ROWS: tuple[tuple[str, tuple[str, ...], _Cell], ...] = (
    # name, columns on which they disagree where they do, what is shown
    ("dump", (), lambda s: s.path),
    ("place", (), lambda s: s.place),
    ("position", (), lambda s: s.values["position"]),
    ("source", (), lambda s: s.dump.get("source")),
    ("page's day", (), lambda s: s.dump.get("listing_text")),
    ("captured", (), lambda s: _captured(s.dump)),
    ("title", ("title",), lambda s: s.values["title"]),
    ("abstract", ("abstract",), lambda s: _size(s.values["abstract"])),
    ("date_text", (), lambda s: s.values["date_text"]),
    ("published_on", ("published_on",), lambda s: s.values["published_on"]),
    ("evidence", (), lambda s: s.values["published_on_evidence"]),
    ("n_authors", ("n_authors",), lambda s: s.values["n_authors"]),
    ("authors", ("authors",), lambda s: _first_of(s.values["authors"])),
    (
        "organization",
        ("organization_slug", "organization_name"),
        lambda s: _both(s.values["organization_slug"], s.values["organization_name"]),
    ),
    ("n_comments", (), lambda s: s.values["n_comments"]),
    ("n_upvotes", (), lambda s: s.values["n_upvotes"]),
    ("arxiv_id", ("arxiv_id",), lambda s: s.values["arxiv_id"]),
    ("doi", ("doi",), lambda s: s.values["doi"]),
    ("urls", (), lambda s: len(s.values["urls"] or ()) or None),
    ("categories", (), lambda s: _first_of(s.values["categories"])),
    ("journal_ref", ("journal_ref",), lambda s: s.values["journal_ref"]),
    ("listed_on", (), lambda s: s.values["listed_on"]),
    ("updated_on", (), lambda s: s.values["updated_on"]),
)


def _captured(dump: Mapping[str, Any]) -> str | None:
    """When a page was captured, as far as it is known."""
    day = dump.get("snapshot_on")
    lo, hi = dump.get("snapshot_earliest"), dump.get("snapshot_latest")
    if day is not None:
        inferred = " (inferred)" if dump.get("year_evidence") == "inferred" else ""
        return f"{day}{inferred}"
    if lo is None and hi is None:
        return None
    return f"{lo or '…'} to {hi or '…'}"


def _size(text: str | None) -> str | None:
    return None if text is None else counted(len(text), "character")


def _first_of(names: list[str] | None) -> str | None:
    if not names:
        return None
    return names[0] if len(names) == 1 else f"{names[0]} … ({len(names)})"


def _both(slug: str | None, name: str | None) -> str | None:
    return None if slug is None and name is None else f"{slug or '–'}: {name or '–'}"


def _side_by_side(
    explanation: Explanation, shown: tuple[Sighting, ...], width: int
) -> list[RenderableType]:
    """The sightings in columns, as many beside each other as there is room for."""
    conflicts = set(explanation.paper.get("conflicts") or ())
    most = max(1, (width - _LABEL) // _NARROWEST)
    n_tables = math.ceil(len(shown) / most) or 1
    size = math.ceil(len(shown) / n_tables)
    parts: list[RenderableType] = []
    for start in range(0, len(shown), max(1, size)):
        parts += ([""] if parts else []) + [_beside(shown[start : start + size], conflicts)]
    left = len(explanation.sightings) - len(shown)
    if left:
        more = f"… and {counted(left, 'more sighting')} (--sightings all lists them)"
        parts.append(styled(more, "dim"))
    for path, notes in {s.path: s.dump.get("notes") or () for s in shown}.items():
        for note in notes[:_MOST_NOTES]:
            parts.append(styled(f"{one_line(path)}: {one_line(note)}", "dim"))
    return _section(f"Sightings ({len(explanation.sightings):,})", *parts)


def _beside(sightings: tuple[Sighting, ...], conflicts: set[str]) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for sighting in sightings:
        table.add_column(f"[{sighting.number}]", overflow="fold", ratio=1)
    table.expand = len(sightings) > 1
    for name, fields, cell in _ROWS:
        cells = [cell(sighting) for sighting in sightings]
        if all(value is None for value in cells):
            continue
        if name == "title" and len(set(cells)) == 1:  # it is the head of the page
            continue
        differ = bool(conflicts.intersection(fields))
        label = styled(f"{name} ≠" if differ else name, "yellow" if differ else "dim")
        table.add_row(label, *(styled("" if v is None else _shown(v)) for v in cells))
    return table


def _disagreements(explanation: Explanation) -> list[RenderableType]:
    if not explanation.disagreements:
        return []
    rows: list[tuple[Text, Text]] = []
    for disagreement in explanation.disagreements:
        name = disagreement.field
        for value, numbers in disagreement.said:
            said = styled(f"{_marks(numbers)}: ", "dim")
            said.append_text(styled(_excerpt(value, disagreement), "default"))
            rows.append((styled(name, "yellow"), said))
            name = ""
    return _section("Where they disagree", pairs(rows))


def _excerpt(value: Any, disagreement: Disagreement) -> str:
    """A value, or of a long text the part from where it differs from the others."""
    at = disagreement.from_character
    if not isinstance(value, str) or len(value) <= _LONGEST_EXCERPT or at is None:
        return _shown(value)
    begin = max(0, at - 1 - _BEFORE_DIFFERENCE)
    part = one_line(value[begin:], _LONGEST_EXCERPT)
    if at > len(value):
        return f"…{part} – it ends there, after {counted(len(value), 'character')}"
    return f"…{part} (from character {begin + 1:,} of {len(value):,})" if begin else part


def _dates(explanation: Explanation, shown: tuple[Sighting, ...]) -> list[RenderableType]:
    """The chain of evidence of each date; told once of sightings that have the same."""
    told: dict[Step, list[int]] = {}
    dated = {sighting.number: sighting.values["date_text"] is not None for sighting in shown}
    for date in explanation.dates:
        if date.sighting in dated:
            told.setdefault(date.step, []).append(date.sighting)
    parts = [
        part
        for step, whose in told.items()
        for part in _steps(step, f"{_marks(whose)} ", "because " if dated[whose[0]] else "- ")
    ]
    return _section("What its dates rest on", *parts)


def _marks(numbers: Iterable[int]) -> str:
    return ", ".join(f"[{number}]" for number in numbers)


def _steps(step: Step, lead: str, below: str, depth: int = 0) -> Iterator[RenderableType]:
    """A step, and below it those that it rests on.

    Args:
        step: The step.
        lead: What stands before it.
        below: What stands before those that it rests on.
        depth: How many it is below.
    """
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    line = Table.grid()
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(styled(lead, "dim"), styled(one_line(step.text), "" if depth else "green"))
    yield Padding(line, (0, 0, 0, 2 * min(depth, _DEEPEST)))
    for because in step.because:
        yield from _steps(because, below, "- ", depth + 1)


def _merges(explanation: Explanation, most: int | None) -> list[RenderableType]:
    """Why entries are one paper, or are not; those of which the same is to be said together."""
    told: dict[tuple[str, str, str], list[str]] = {}
    for merge in explanation.merges[:most]:
        alike = (merge.kept, merge.decision, merge.because)
        told.setdefault(alike, []).append(merge.repeat)
    parts: list[RenderableType] = [
        styled(one_line(f"{kept} and {', '.join(repeats)}: {decision}")).append(
            f"; {because}", "dim"
        )
        for (kept, decision, because), repeats in told.items()
    ]
    if not parts:
        return []
    left = len(explanation.merges[most:]) if most is not None else 0
    if left:
        parts.append(styled(f"… and {counted(left, 'more pair')} (--sightings all)", "dim"))
    return _section("Why they are one paper", *parts)


def _corrections(explanation: Explanation) -> list[RenderableType]:
    if not explanation.corrections:
        return []
    return _section("Corrections", *(_correction(row) for row in explanation.corrections))


def _correction(row: Mapping[str, Any]) -> Text:
    """A correction in words: where it stands, what it does, what became of it, and why."""
    status = str(row["status"])
    what = f"line {row['line']}, {row['kind']}: {row['names']}"
    if row["field"]:
        old = row["old_value"] if status == "applied" else row["expected_value"]
        what += f": {row['field']} {_quoted(old)} → {_quoted(row['new_value'])}"
    text = styled(one_line(what)).append(f" ({status}).", "" if status == "applied" else "red")
    return text.append_text(styled(f" {one_line(row['message'])} Why: {one_line(row['reason'])}"))


def _quoted(value: Any) -> str:
    return "nothing" if value is None else f"`{one_line(plain(value))}`"


def _contradictions(explanation: Explanation) -> list[RenderableType]:
    if not explanation.contradictions:
        return []
    rows = (
        (styled(one_line(str(row["path"])), "red"), styled(one_line(str(row.get("message")))))
        for row in explanation.contradictions
    )
    return _section("Contradictions about the days of its pages", *_listed(rows))


def _listed(rows: Iterable[tuple[Text, Text]]) -> Iterator[RenderableType]:
    for name, text in rows:
        yield styled("").append_text(name).append(": ").append_text(text)


def _changes(explanation: Explanation) -> list[RenderableType]:
    """What differs from the release before."""
    parts: list[RenderableType] = []
    for row in explanation.changes:
        if row.get("field") is None:
            parts.append(styled(f"the paper was {row.get('change')}"))
            continue
        old, new = (_quoted(row.get(name)) for name in ("old_value", "new_value"))
        what = row["field"] if row.get("change") == "changed" else row.get("change")
        parts.append(styled(f"{what}: {one_line(old)} → {one_line(new)}"))
    return _section("Since the release before", *parts) if parts else []
