"""What people correct (``corrections``), applied at its place in the stage.

Fixes of what a sighting is compared by (title, abstract, authors, identifiers) act before entries
are clustered, those of its date before years are resolved, those of its other values before papers
are merged; so what follows from a value follows from the fix. A sighting's title and abstract stay
as they are on the page: their fixes act on the cleaned texts, of which papers are made. Pairs act
on the clusters, fixes of papers last of all.

A correction that names nothing, or more than one thing, or finds another value than it expects, or
changes nothing, is stale: it is not applied, and says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from paperdump import corrections, tables
from paperdump.corrections import Correction, Named, Value
from paperdump.dedupe import clusters, identity, likeness, matching
from paperdump.dedupe.clusters import Clustered
from paperdump.dedupe.dating import Dated
from paperdump.dedupe.limits import Limits
from paperdump.dedupe.merging import SOURCES
from paperdump.dedupe.pairing import Blocks
from paperdump.errors import PaperdumpError
from paperdump.normalize import signatures, text

_NAMED_BY = ("title", "arxiv_id", "doi")  # papers
_COMPARED_BY = (*_NAMED_BY, "abstract", "authors", "n_authors", "journal_ref")
_DATE = "published_on"
_SHOWN = ("date_text", "shown_year", "shown_month", "shown_day")  # what a date is read from
_LONGEST = 80  # characters of a value in a message
_MOST_NAMED = 5
_WORDS = {
    "paper_id": "paper_id",
    "arxiv_id": "arXiv identifier",
    "doi": "DOI",
    "title_key": "title",
}
_WANTED = {"slot": pl.UInt32, "by": pl.String, "key": pl.String}


@dataclass
class _Case:
    """A correction, and what became of it."""

    correction: Correction
    sides: list[list[int]]  # per name the rows of the entries found, in page order
    paper_id: str | None = None  # of a fix of a paper
    old: Value = None
    stale: str | None = None  # why it is not applied

    @property
    def is_fix(self) -> bool:
        return self.correction.kind == "fix"

    @property
    def of_sighting(self) -> bool:
        return self.is_fix and self.correction.names[0].is_sighting


@dataclass
class _Edits:
    """New values of some rows of a frame: column → row → value."""

    values: dict[str, dict[int, Any]] = field(default_factory=dict)

    def set(self, row: int, changes: Mapping[str, Any]) -> None:
        for column, value in changes.items():
            self.values.setdefault(column, {})[row] = value

    def applied(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the new values."""
        return frame.with_columns(
            _with_values(frame[column], values) for column, values in self.values.items()
        )


class Corrector:
    """Applies corrections to the frames of the stage, and keeps what became of each.

    Args:
        given: The corrections.
        entries: Normalized entries in page order; in each later step they are in that order too.
        dumps: The table ``dumps``.
        limits: The thresholds of matching.
    """

    def __init__(
        self,
        given: Sequence[Correction],
        entries: pl.DataFrame,
        dumps: pl.DataFrame,
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._cases = [_Case(one, [[] for _ in one.names]) for one in given]
        self._as_read = entries
        self._keys_fixed = False
        # the ids that papers have as long as no pair is told
        self._unpaired_ids: pl.Series | None = None
        self._find_sightings(entries, dumps)

    def fix_keys(self, entries: pl.DataFrame) -> pl.DataFrame:
        """Fix the values of sightings that they are compared by."""
        fixed = self._fix_sightings(entries, _COMPARED_BY)
        self._keys_fixed = fixed is not entries
        if not self._keys_fixed:
            return entries
        every = fixed.with_row_index("row")
        changed = sorted(
            {case.sides[0][0] for case in self._cases if case.of_sighting and case.sides[0]}
        )
        some = pl.col("row").is_in(changed)
        signed = signatures.with_signatures(every.filter(some))
        return pl.concat([every.filter(~some), signed]).sort("row").drop("row")

    def cluster(
        self, entries: pl.DataFrame, blocks: Blocks | None = None
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Find the entries that are the same paper, as matching and people say.

        Args:
            entries: Entries in page order, their keys fixed.
            blocks: What blocking found of the entries as they were read.

        Returns:
            The entries with ``cluster`` and ``is_generic`` (whether the title names no paper), and
            the compared pairs.

        Raises:
            PaperdumpError: What is told contradicts itself.
        """
        keyed = likeness.with_keys(entries, self._limits)
        links = matching.links(keyed, self._limits, None if self._keys_fixed else blocks)
        done = clusters.of_same_paper(keyed, links)
        pairs = [case for case in self._cases if not case.is_fix]
        if pairs:
            done = self._told_clusters(done, keyed, links, pairs)
        return done.entries.select(*entries.columns, "is_generic", "cluster"), done.matches

    def _told_clusters(
        self,
        done: Clustered,
        keyed: pl.DataFrame,
        links: pl.DataFrame,
        pairs: Sequence[_Case],
    ) -> Clustered:
        """The clusters with what is told to be the same joined, to be different parted."""
        entries = done.entries
        if any(n.by[0] == "paper_id" for c in self._cases for n in c.correction.names if n.paper):
            self._unpaired_ids = identity.with_paper_ids(entries)["paper_id"]
        self._find_sides(pairs, entries)
        told = clusters.Told(same=_told(pairs, "same"), different=_told(pairs, "different"))
        if not told.rows:
            return done
        try:
            done = clusters.of_same_paper(keyed, links, told)
        except clusters.Apart as apart:
            lines = {case.correction.number: case.correction.line for case in pairs}
            same = " and ".join(f"line {lines[number]}" for number in sorted(apart.same))
            raise PaperdumpError(
                f"The corrections contradict each other: line {lines[apart.different]} says that "
                f"two are different, {same} that they are the same. Take one of them out."
            ) from None
        for case in pairs:
            if not case.stale and case.correction.number not in done.needed:
                are = "one paper" if case.correction.kind == "same" else "different papers"
                case.stale = f"They are {are} without it."
        return done

    def dated(self, entries: pl.DataFrame, resolve: Callable[[pl.DataFrame], Dated]) -> Dated:
        """Resolve the dates of entries, with those that people fix as evidence.

        Args:
            entries: Entries with ``cluster``.
            resolve: Resolves the dates of such entries.
        """
        dated = resolve(entries)
        edits = _Edits()
        for case in self._expecting(dated.entries, (_DATE,)):
            [[row]] = case.sides
            unread = dict.fromkeys((n for n in _SHOWN if n in entries.columns), None)
            day = case.correction.value
            edits.set(row, {**unread, _DATE: day, "published_on_evidence": _evidence(day)})
        if not edits.values:
            return dated
        dated = resolve(edits.applied(entries))
        as_shown = (name for name in _SHOWN if name in dated.entries.columns)
        return dated._replace(
            entries=dated.entries.with_columns(entries[name] for name in as_shown)
        )

    def fix_values(self, entries: pl.DataFrame) -> pl.DataFrame:
        """Fix the values of sightings that are merged, but for those fixed before."""
        before = (*_COMPARED_BY, _DATE)
        return self._fix_sightings(entries, [n for n in corrections.fields() if n not in before])

    def fix_papers(self, papers: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
        """Fix the values of papers; first those that papers are named by.

        Args:
            papers: The merged papers.
            entries: Entries with ``paper_id``.

        Raises:
            PaperdumpError: A field of a paper is fixed twice.
        """
        cases = [case for case in self._cases if case.is_fix and not case.of_sighting]
        for first in (True, False):
            now = [c for c in cases if (c.correction.field in _NAMED_BY) == first]
            if now:
                self._find_papers(now, papers, entries)
                papers = self._fix_papers(now, papers)
        return papers

    def table(self, entries: pl.DataFrame) -> pl.DataFrame:
        """The table ``corrections``.

        Args:
            entries: Entries with ``paper_id``.
        """
        paper_of, entry_of = entries["paper_id"], entries["entry_id"]
        rows = []
        for case in self._cases:
            one = case.correction
            papers = [set(paper_of[side].to_list()) for side in case.sides] + [set()]
            found = [
                entry_of[side[0]] if name.is_sighting and len(side) == 1 else None
                for name, side in zip(one.names, case.sides, strict=True)
            ] + [None]
            paper_ids = [next(iter(ids)) if len(ids) == 1 else None for ids in papers]
            rows.append(
                {
                    "correction": one.number,
                    "line": one.line,
                    "kind": one.kind,
                    "names": " and ".join(str(name) for name in one.names),
                    "paper_id": case.paper_id or paper_ids[0],
                    "entry_id": found[0],
                    "other_paper_id": paper_ids[1],
                    "other_entry_id": found[1],
                    "field": one.field,
                    "expected_value": corrections.as_json(one.expected),
                    "old_value": corrections.as_json(case.old),
                    "new_value": corrections.as_json(one.value),
                    "reason": one.reason,
                    "status": "stale" if case.stale else "applied",
                    "message": case.stale or _done(case),
                }
            )
        return tables.frame_of("corrections", rows)

    # sightings

    def _find_sightings(self, entries: pl.DataFrame, dumps: pl.DataFrame) -> None:
        """Find the entries of all sightings that are named; one that is not one is stale."""
        named = [
            (case, side, name)
            for case in self._cases
            for side, name in enumerate(case.correction.names)
            if name.is_sighting
        ]
        if not named:
            return
        places = pl.DataFrame(
            [(slot, n.sighting, n.dump, n.line, n.record) for slot, (_, _, n) in enumerate(named)],
            schema={
                "slot": pl.UInt32,
                "entry_id": pl.String,
                "path": pl.String,
                "line": pl.Int64,
                "number": pl.Int64,
            },
            orient="row",
        )
        rows = entries.select(
            "entry_id", "dump_id", "first_line", "last_line", "record"
        ).with_row_index("row")
        paths = dumps.select("path", "dump_id").join(places, on="path", how="semi")
        at_place = (
            places.join(paths, on="path")
            .lazy()
            .join(rows.join(paths, on="dump_id", how="semi").lazy(), on="dump_id")
            .filter(
                pl.col("line").is_between("first_line", "last_line")
                | (pl.col("number") == pl.col("record"))
            )
            .select("slot", "row")
            .collect()
        )
        by_id = places.join(rows, on="entry_id").select("slot", "row")
        hits = _grouped(pl.concat([by_id, at_place]).sort("slot", "row"))
        known = set(paths["path"])
        for slot, (case, side, name) in enumerate(named):
            case.sides[side] = found = hits.get(slot, [])
            if len(found) != 1 and not case.stale:
                case.stale = _told_of_sighting(name, entries["entry_id"][found].to_list(), known)

    def _expecting(self, entries: pl.DataFrame, fields: Iterable[str]) -> list[_Case]:
        """The fixes of fields of sightings that find what they expect; the others become stale."""
        wanted = set(fields)
        cases = [
            case
            for case in self._cases
            if case.of_sighting and case.correction.field in wanted and not case.stale
        ]
        _assert_fixed_once(
            (case, entries["entry_id"][case.sides[0][0]], "sighting") for case in cases
        )
        for case in cases:
            [[row]] = case.sides
            name = case.correction.field or ""
            source = SOURCES.get(name, name)
            # a person sees the text of the page, or the clean one; both are what they expect
            seen = [_plain(v) for v in entries.select(source, page=name).row(row)]
            _compare(case, seen[0], seen)
        return [case for case in cases if not case.stale]

    def _fix_sightings(self, entries: pl.DataFrame, fields: Iterable[str]) -> pl.DataFrame:
        return _fixed(entries, [(c, c.sides[0][0]) for c in self._expecting(entries, fields)])

    # papers

    def _find_sides(self, pairs: Sequence[_Case], entries: pl.DataFrame) -> None:
        """Find the entries that the sides of pairs mean; a side that is not one is stale."""
        sides = [
            (case, side, name)
            for case in pairs
            for side, name in enumerate(case.correction.names)
            if not name.is_sighting
        ]
        rows = pl.int_range(entries.height, dtype=pl.UInt32, eager=True)
        current = entries.select("arxiv_id", "doi", "title_key", hit=rows)
        if self._unpaired_ids is not None:
            current = current.with_columns(paper_id=self._unpaired_ids)
        hits = _resolve(
            [name for _, _, name in sides],
            [lambda: current, *self._names_as_read(rows)],
        )
        cluster = entries["cluster"]
        for slot, (case, side, name) in enumerate(sides):
            case.sides[side] = found = hits.get(slot, [])
            n_papers = cluster[found].n_unique()
            if n_papers != 1 and not case.stale:
                firsts = [
                    entries["entry_id"][rows[0]]
                    for rows in _grouped(
                        pl.DataFrame({"slot": cluster[found], "row": found})
                    ).values()
                ]
                case.stale = _told_of_paper(name, firsts, "papers, of the entries")
        for case in pairs:
            if case.correction.kind == "different" and not case.stale:
                _part_sides(case)

    def _find_papers(
        self, cases: Sequence[_Case], papers: pl.DataFrame, entries: pl.DataFrame
    ) -> None:
        """Find the papers that fixes name; a name that is not one makes its fix stale."""
        published = papers.select(
            "paper_id", "arxiv_id", "doi", title_key=text.title_key(pl.col("title")), hit="paper_id"
        )
        seen = entries.select("arxiv_id", "doi", "title_key", hit="paper_id")
        if self._unpaired_ids is not None:
            seen = seen.with_columns(paper_id=self._unpaired_ids)
        hits = _resolve(
            [case.correction.names[0] for case in cases],
            [lambda: published, lambda: seen, *self._names_as_read(entries["paper_id"])],
        )
        for slot, case in enumerate(cases):
            found = hits.get(slot, [])
            if len(found) == 1:
                case.paper_id = found[0]
            else:
                case.stale = _told_of_paper(case.correction.names[0], found, "papers:")

    def _names_as_read(self, hit: pl.Series) -> list[Callable[[], pl.DataFrame]]:
        """The names that entries have before any fix, and the titles that stand on the page."""

        def before_fixes() -> pl.DataFrame:
            keyed = likeness.with_keys(self._as_read, self._limits)
            clustered = clusters.of_same_paper(keyed, matching.links(keyed, self._limits)).entries
            return identity.with_paper_ids(clustered).with_columns(hit=hit)

        def on_the_page() -> pl.DataFrame:
            return self._as_read.select(title_key=text.title_key(pl.col("title")), hit=hit)

        return [before_fixes, on_the_page] if self._keys_fixed else [on_the_page]

    def _fix_papers(self, cases: Sequence[_Case], papers: pl.DataFrame) -> pl.DataFrame:
        found = [(case, case.paper_id) for case in cases if case.paper_id]
        _assert_fixed_once((case, paper_id, "paper") for case, paper_id in found)
        row_of = _rows_of(papers, [paper_id for _, paper_id in found])
        rows = [(case, row_of[paper_id]) for case, paper_id in found]
        for case, row in rows:
            value = _plain(papers.select(case.correction.field or "").row(row)[0])
            _compare(case, value, [value])
        return _fixed(papers, [(case, row) for case, row in rows if not case.stale])


def _told(pairs: Iterable[_Case], kind: str) -> dict[int, tuple[list[int], list[int]]]:
    """The pairs of a kind that name two things, by their number."""
    return {
        case.correction.number: (case.sides[0], case.sides[1])
        for case in pairs
        if case.correction.kind == kind and not case.stale
    }


def _part_sides(case: _Case) -> None:
    """Take a sighting out of the other side of a pair, where that is the paper it is seen as."""
    one, other = (set(side) for side in case.sides)
    first, second = case.correction.names
    if not one & other:
        return
    if first.is_sighting and not second.is_sighting:
        other -= one
    elif second.is_sighting and not first.is_sighting:
        one -= other
    if not one or not other or one & other:
        case.stale = "Both sides name the same entries; name the entries that are different."
        return
    case.sides = [sorted(one), sorted(other)]


def _compare(case: _Case, old: Value, seen: Sequence[Value]) -> None:
    """Note the value found; the fix is stale if it is not the expected one, or is the new one."""
    one = case.correction
    case.old = old
    known = [_tidy(value, one.field or "") for value in seen]
    if known[0] == one.value:
        case.stale = f"The {one.field} is so without it: {_short(one.value)}."
    elif one.expected not in known:
        case.stale = f"It expects the {one.field} {_short(one.expected)}, and finds {_short(old)}."


def _done(case: _Case) -> str:
    """What an applied correction did, in words."""
    one = case.correction
    if one.kind == "same":
        return "They are one paper."
    if one.kind == "different":
        return "They are different papers."
    return f"The {one.field} is {_short(one.value)}, in place of {_short(case.old)}."


def _short(value: Value) -> str:
    shown = corrections.as_json(value)
    if shown is None:
        return "unknown"
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _tidy(value: Value, name: str) -> Value:
    """A value as ``corrections`` reads values, to be compared with one."""
    if isinstance(value, str):
        return corrections.tidy(value, name)
    if isinstance(value, list):
        return [corrections.tidy(item, name) for item in value]
    return value


def _plain(value: object) -> Value:
    """A value of a frame as plain data."""
    return value.isoformat() if isinstance(value, dt.date) else value  # type: ignore[return-value]


def _evidence(day: Value) -> str | None:
    return None if day is None else "corrected"


def _title_key(title: str) -> str:
    return str(pl.select(text.title_key(pl.lit(title))).item())


def _fixed(frame: pl.DataFrame, cases: Sequence[tuple[_Case, int]]) -> pl.DataFrame:
    """Entries or papers with their fixes, each of a row, and what follows from these.

    Raises:
        PaperdumpError: A fix gives a link to code that is none of the links that another gives.
    """
    urls = {row: case.correction for case, row in cases if case.correction.field == "urls"}
    for case, row in cases:
        one, every = case.correction, urls.get(row)
        if one.field == "code_urls" and every and not _among(one.value, every.value):
            raise PaperdumpError(
                f"The corrections in line {every.line} and line {one.line} contradict each other: "
                "all code_urls are to be among the urls."
            )
    for name in corrections.fields():
        edits = _Edits()
        for case, row in cases:
            if case.correction.field == name:
                edits.set(row, _changes(case, frame, row))
        if edits.values:
            frame = edits.applied(frame)
    return frame


def _among(some: Value, every: Value) -> bool:
    """Whether all items of a list are among those of another; null is an empty one."""
    return {*(some or ())} <= {*(every or ())}  # type: ignore[misc]


def _changes(case: _Case, frame: pl.DataFrame, row: int) -> dict[str, Any]:
    """The values of a row that a fix makes otherwise, by column."""
    name, value = case.correction.field or "", case.correction.value
    if case.of_sighting:
        changes: dict[str, Any] = {SOURCES.get(name, name): value}
        if name == "title":
            changes["title_key"] = _title_key(str(value))
    else:
        [disputed] = frame.select("conflicts").row(row)
        changes = {name: value, "conflicts": [one for one in disputed if one != name]}
        if name == _DATE:
            changes["published_on_evidence"] = _evidence(value)
    if name in ("urls", "code_urls") and isinstance(value, list | None):
        # links to code are among all links
        every, code = frame.select("urls", "code_urls").row(row)
        if name == "code_urls":
            missing = [url for url in value or [] if url not in (every or [])]
            changes |= {"urls": [*(every or []), *missing]} if missing else {}
        elif code is not None:
            changes["code_urls"] = None if value is None else [url for url in code if url in value]
    return changes


def _told_of_sighting(name: Named, found: Sequence[str], paths: set[str]) -> str:
    """Why a name of a sighting is not one."""
    if found:
        return f"{name} names {len(found)} entries: {_some(found)}. Name one by its entry_id."
    if name.sighting:
        return f"There is no entry {name.sighting}."
    if name.dump not in paths:
        return f"There is no dump {name.dump}."
    place = f"line {name.line}" if name.line else f"record {name.record}"
    return f"The dump {name.dump} has no entry at {place}."


def _told_of_paper(name: Named, found: Sequence[str], what: str) -> str:
    """Why a name of a paper is not one."""
    if found:
        return f"{name} names {len(found)} {what} {_some(found)}. Name one by its id."
    return f"No paper has the {_WORDS[_column_of(name)]} {name.by[1]}."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _column_of(name: Named) -> str:
    """The column that a paper is named by."""
    return "title_key" if name.by[0] == "title" else name.by[0]


def _resolve(
    names: Sequence[Named], levels: Iterable[Callable[[], pl.DataFrame]]
) -> dict[int, list[Any]]:
    """What names of papers mean: the hits of the first level that has any.

    Args:
        names: The names.
        levels: Frames with ``hit`` and some of the columns that papers are named by; made only
            where a name is not found before.

    Returns:
        Place of a name → its hits, each once, in order of appearance.
    """
    keys = [
        _title_key(name.by[1]) if _column_of(name) == "title_key" else name.by[1] for name in names
    ]
    wanted = pl.DataFrame(
        [(slot, _column_of(n), key) for slot, (n, key) in enumerate(zip(names, keys, strict=True))],
        schema=_WANTED,
        orient="row",
    )
    hits: dict[int, list[Any]] = {}
    for make in levels:
        if wanted.is_empty():
            break
        level = make()
        found = [
            wanted.filter(pl.col("by") == by)
            .join(
                level.select("hit", key=by),
                on="key",
                maintain_order="left_right",
            )
            .select("slot", row="hit")
            for by in _WORDS
            if by in level.columns
        ]
        here = pl.concat(found).unique(maintain_order=True)
        hits |= _grouped(here)
        wanted = wanted.join(here, on="slot", how="anti")
    return hits


def _grouped(pairs: pl.DataFrame) -> dict[int, list[Any]]:
    """Pairs of ``slot`` and ``row`` as a mapping: slot → rows."""
    grouped = pairs.group_by("slot", maintain_order=True).agg("row")
    return dict(grouped.iter_rows())


def _rows_of(papers: pl.DataFrame, ids: Sequence[str]) -> dict[str, int]:
    """The rows of some papers."""
    named = papers.select("paper_id").with_row_index("row").filter(pl.col("paper_id").is_in(ids))
    return {paper_id: row for row, paper_id in named.iter_rows()}


def _assert_fixed_once(fixed: Iterable[tuple[_Case, str | None, str]]) -> None:
    """That no field of a paper or sighting is fixed twice, by whatever names.

    Raises:
        PaperdumpError: One is.
    """
    seen: dict[tuple[str | None, str | None], Correction] = {}
    for case, target, what in fixed:
        one = case.correction
        first = seen.setdefault((target, one.field), one)
        if first is not one:
            raise PaperdumpError(
                f"The corrections in line {first.line} and line {one.line} are both of the "
                f"{one.field} of the {what} {target}. Take one of them out."
            )


def _with_values(column: pl.Series, values: Mapping[int, Any]) -> pl.Series:
    """A column with new values in some rows."""
    is_date = column.dtype == pl.Date
    typed = [dt.date.fromisoformat(v) if is_date and v else v for v in values.values()]
    new = pl.DataFrame(
        {"row": list(values), "new": pl.Series(typed, dtype=column.dtype), "is_new": True},
        schema_overrides={"row": pl.UInt32},
    )
    both = column.alias("old").to_frame().with_row_index("row")
    joined = both.join(new, on="row", how="left", maintain_order="left")
    chosen = pl.when("is_new").then("new").otherwise("old")
    return joined.select(chosen.alias(column.name)).to_series()
