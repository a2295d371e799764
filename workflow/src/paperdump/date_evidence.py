"""What the date of a sighting rests on, step by step, in words.

``dumps`` has the bounds of each page's day with their evidence: an entry of the page, and perhaps a
witness, an entry of another dump, whose own date may rest on the bounds of its own page. From one
to the next this makes a tree of steps. A bound may have become tighter after another followed from
it, so a chain of the final bounds might come back to where it began: what was told is not told
again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from paperdump.lookup import Release
from paperdump.normalize import dates
from paperdump.screen import place_in_words

Row = Mapping[str, Any]

_MOST_ROUNDS = 100  # dumps from one to the next; chains of real pages have a few
_MOST_LINKS = 4
_SIDES = {"earliest": "not before", "latest": "not after"}
_EVIDENCE_COLUMNS = tuple(
    f"snapshot_{side}_{what}_id" for side in _SIDES for what in ("entry", "witness")
)
_PLACE = ("first_line", "last_line", "record", "byte_offset", "record_path")
_ENTRY_COLUMNS = (
    *("entry_id", "dump_id", "title", "date_text", "published_on", "published_on_evidence"),
    *("arxiv_id", "listed_on", "updated_on", "position", *_PLACE),
)


@dataclass(frozen=True)
class Step:
    """A step of a chain of evidence.

    Attributes:
        text: What is known, in words.
        because: The steps that it rests on.
    """

    text: str
    because: tuple[Step, ...] = ()


def place_of(entry: Row) -> str:
    """Where an entry stands in its dump, in words."""
    return place_in_words(*(entry.get(name) for name in _PLACE)) or f"entry {entry['position']}"


class Written(NamedTuple):
    """The latest year that a page writes out, on how many entries, and how many are dated."""

    year: int
    n_in_year: int
    n_dates: int


@dataclass
class Pages:
    """The dumps and entries that a paper's dates rest on.

    Attributes:
        dumps: Rows of ``dumps``.
        entries: Rows of ``sightings`` without their texts.
        written: What the year of dumps is inferred from, where it is.
        asked: How much of that the run asked for: of how many dates, and of how many in the latest
            year; None where the release does not say.
    """

    dumps: dict[str, Row] = field(default_factory=dict)
    entries: dict[str, Row] = field(default_factory=dict)
    written: dict[str, Written] = field(default_factory=dict)
    asked: tuple[int, int] | None = None

    @classmethod
    def of(cls, release: Release, sightings: Iterable[Row]) -> Pages:
        """All that the dates of some sightings rest on."""
        pages = cls(entries={row["entry_id"]: row for row in sightings})
        for _ in range(_MOST_ROUNDS):
            wanted = {row["dump_id"] for row in pages.entries.values()} - set(pages.dumps)
            if not wanted:
                break
            found = release.where("dumps", dump_id=sorted(wanted)).to_dicts()
            pages.dumps |= {i: {} for i in wanted} | {row["dump_id"]: row for row in found}
            named = {i for row in found for name in _EVIDENCE_COLUMNS if (i := row.get(name))}
            witnesses = sorted(named - set(pages.entries))
            if witnesses:
                rows = release.where("sightings", _ENTRY_COLUMNS, entry_id=witnesses)
                pages.entries |= {row["entry_id"]: row for row in rows.to_dicts()}
        pages._count_written(release)
        return pages

    def _count_written(self, release: Release) -> None:
        """Count the entries with the latest year written out, where a year is inferred."""
        inferred = [i for i, dump in self.dumps.items() if dump.get("year_evidence") == "inferred"]
        rows = release.where("sightings", ("dump_id", "date_text"), dump_id=inferred)
        if rows.is_empty():
            return
        text, year = pl.col("date_text"), pl.col("year")
        counted = (
            rows.with_columns(month=dates.shown_month(text), year=dates.shown_year(text))
            .group_by("dump_id")
            .agg(year.max(), n_in_year=(year == year.max()).sum(), n_dates=pl.col("month").count())
            .filter(year.is_not_null())
        )
        self.written = {dump_id: Written(*counts) for dump_id, *counts in counted.iter_rows()}
        self.asked = _asked(release)

    def path(self, dump_id: str) -> str:
        """The path of a dump, or its id where the release has no row of it."""
        return str(self.dumps.get(dump_id, {}).get("path") or dump_id)


def _asked(release: Release) -> tuple[int, int] | None:
    try:
        manifest = json.loads((release.folder / "manifest.json").read_text("utf-8"))
        section = manifest["config"]["dates"]
        return int(section["min_dates"]), int(section["min_in_year"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def of_sighting(pages: Pages, sighting: Row) -> Step:
    """What the date of a sighting rests on, or why it is not known."""
    text, day = sighting.get("date_text"), sighting.get("published_on")
    where = f"{pages.path(sighting['dump_id'])}, {place_of(sighting)}"
    if text is None and day is None:
        return Step(f"no date is shown on {where} → unknown", (_Chain(pages, sighting).page(None),))
    if _is_told(sighting):
        shown_as = f"`{text}`" if text else "no date"
        return Step(f"{shown_as} on {where} → {day}, as a correction says")
    shown = dates.read_date(text)
    if day is not None and sighting.get("published_on_evidence") in (None, "stated"):
        return Step(f"`{text}` → {day}, stated: day, month and year are written there")
    head = f"`{text}` on {where} → "
    if shown.month is None or shown.day is None:
        return Step(f"{head}unknown: this is no date with a day that there is")
    if day is not None:
        evidence = sighting["published_on_evidence"]
        page = _Chain(pages, sighting).page(day.year)
        return Step(f"{head}{day}, {evidence}", (page,))
    return _unknown(pages, sighting, head, shown)


def _unknown(pages: Pages, sighting: Row, head: str, shown: dates.WrittenDate) -> Step:
    """Why a date that leaves out its year is not known."""
    dump = pages.dumps.get(sighting["dump_id"], {})
    page_day = dates.read_date(dump.get("listing_text"))
    if page_day.month and page_day.day and shown.month and shown.day:
        on, own = (
            dt.date(2000, month, day)
            for month, day in ((shown.month, shown.day), (page_day.month, page_day.day))
        )
        if (on - own).days > 1:
            return Step(
                f"{head}unknown: it comes after the page's own day, `{dump['listing_text']}`, "
                "though a page leaves out only its own year"
            )
    because = (_Chain(pages, sighting).page(None),)
    if shown.year is None and dump.get("year_evidence"):
        return Step(f"{head}unknown: the page's year has no such day", because)
    return Step(
        f"{head}unknown: the year that is left out is the page's own, which is not known", because
    )


class _Chain:
    """Tells what the days of pages rest on, each bound once.

    Args:
        pages: What is known of them.
        sighting: The entry whose date is asked for; the chain begins at its page.
    """

    def __init__(self, pages: Pages, sighting: Row) -> None:
        self._pages = pages
        self._sighting = sighting
        self._told: set[tuple[str, str]] = set()

    def page(self, year: int | None) -> Step:
        """When the sighting's page was captured, and why.

        Args:
            year: The page's year, if it is known.
        """
        dump_id = self._sighting["dump_id"]
        dump, path = self._pages.dumps.get(dump_id, {}), self._pages.path(dump_id)
        bounds = self._bounds(dump_id)
        own_day = dump.get("listing_text")
        of = f", whose day is `{own_day}`," if own_day else ""
        captured = Step(f"{path}{of} was captured {_span(dump)}", bounds)
        if dump.get("year_evidence") == "inferred" and year is not None:
            certain = captured if bounds else Step("nothing bounds its day for certain")
            why = Step(self._inferred(dump_id, year))
            return Step(f"the year of {path}, {year}, is inferred", (why, certain))
        return captured if bounds else Step(f"nothing says when {path} was captured")

    def _inferred(self, dump_id: str, year: int) -> str:
        written, asked = self._pages.written.get(dump_id), self._pages.asked
        min_dates, min_in_year = asked or (1, 1)
        if (
            written is None
            or written.year + 1 != year
            or written.n_dates < min_dates
            or written.n_in_year < min_in_year
        ):
            return "a paper on it is on a page whose year is inferred, and dated alike"
        least = f"; {min_dates} and {min_in_year} are enough" if asked else ""
        return (
            f"the latest year that the page writes out is {written.year}, the year before, on "
            f"{written.n_in_year} of its {written.n_dates} dates{least}"
        )

    def _bounds(self, dump_id: str) -> tuple[Step, ...]:
        """What both bounds of a page's day rest on; told once where that is the same."""
        dump = self._pages.dumps.get(dump_id, {})
        earliest, latest = (_on(dump, side) for side in _SIDES)
        if earliest.day is not None and earliest == latest:
            self._told |= {(dump_id, side) for side in _SIDES}
            rests_on = [step for side in _SIDES for step in self._rests_on(earliest, side)]
            return (Step(self._sentence(earliest, dump), tuple(rests_on)),)
        return tuple(step for side in _SIDES if (step := self._bound(dump_id, side)) is not None)

    def _bound(self, dump_id: str, side: str) -> Step | None:
        dump = self._pages.dumps.get(dump_id, {})
        bound = _on(dump, side)
        if bound.day is None:
            return None
        head = f"{_SIDES[side]} {bound.day}"
        if (dump_id, side) in self._told:
            return Step(f"{head}, as told above")
        self._told.add((dump_id, side))
        return Step(f"{head}: {self._sentence(bound, dump)}", self._rests_on(bound, side))

    def _rests_on(self, bound: _Bound, side: str) -> tuple[Step, ...]:
        """The step to the page of a witness whose own date, or listing, rests on that page."""
        witness = self._pages.entries.get(bound.witness_id or "")
        if witness is None or bound.kind in ("arxiv_id", "stated_years"):
            return ()
        if bound.kind == "listed_elsewhere":
            if witness.get("listed_on") is not None:
                return ()
        elif _is_stated(witness) or _is_told(witness):
            return ()
        step = self._bound(witness["dump_id"], side)
        if step is None:
            return ()
        path = self._pages.path(witness["dump_id"])
        return (Step(f"{path} was captured {step.text}", step.because),)

    def _sentence(self, bound: _Bound, dump: Row) -> str:
        """A piece of evidence in words."""
        kind = bound.kind
        entry = self._pages.entries.get(bound.entry_id or "")
        witness = self._pages.entries.get(bound.witness_id or "")
        mine = f"its entry on {self._named(entry)}" if entry else "one of its entries"
        if bound.entry_id == self._sighting["entry_id"]:
            mine = "this very paper"
        theirs = self._named(witness, with_path=True) if witness else ""
        match kind:
            case "sheet":
                return "the sheet of dumps states the day of its capture"
            case "captured":
                return f"the dump states when it was captured, `{dump.get('captured_text')}`"
            case "date_links":
                links = list(dump.get("date_links") or ())
                more = " …" if len(links) > _MOST_LINKS else ""
                return (
                    f"the page links to the listings of {', '.join(links[:_MOST_LINKS])}{more}, "
                    "the days beside its own"
                )
            case "stated":
                return f"the page says its day in full, `{dump.get('listing_text')}`"
            case "stated_years":
                return (
                    f"{mine} has its year written out, and the years that a page writes out lie "
                    "before its own"
                )
            case "dated_elsewhere" if witness:
                how = "dated in full there" if _is_stated(witness) else "dated there"
                if _is_told(witness):
                    how = f"dated {witness['published_on']} by a correction"
                return f"{mine} is also on {theirs}, {how}"
            case "dated_elsewhere" | "published_by" if entry and _is_stated(entry):
                return f"{mine} is dated in full"
            case "published_by" if witness:
                return f"{mine} was published by then, as {theirs} says"
            case "published_by" if entry:
                return f"the record of {mine} is of {_recorded(entry)}"
            case "listed_elsewhere" if witness and witness.get("listed_on"):
                return f"{mine} was listed on {witness['listed_on']}, as {theirs} says"
            case "listed_elsewhere" if witness:
                return f"{mine} is also on {theirs}, so it was published by then"
            case "arxiv_id":
                carrier = witness or entry or {}
                says = f", as {theirs} says" if witness else ""
                return (
                    f"{mine} has the arXiv identifier {carrier.get('arxiv_id')}{says}, which names "
                    "its month"
                )
            case _:
                return f"the evidence is {kind}" + (f", {mine}" if entry else "")

    def _named(self, entry: Row | None, *, with_path: bool = False) -> str:
        """An entry in words: its place, and its date as written."""
        if entry is None:
            return "an entry"
        path = f"{self._pages.path(entry['dump_id'])}, " if with_path else ""
        written = f" (`{entry['date_text']}`)" if entry.get("date_text") else ""
        return f"{path}{place_of(entry)}{written}"


class _Bound(NamedTuple):
    """A bound of a page's day, its kind of evidence, and the entries that this names."""

    day: dt.date | None
    kind: str | None
    entry_id: str | None
    witness_id: str | None


def _on(dump: Row, side: str) -> _Bound:
    parts = ("", "_evidence", "_entry_id", "_witness_id")
    return _Bound(*(dump.get(f"snapshot_{side}{part}") for part in parts))


def _span(dump: Row) -> str:
    """Between which days a page was captured, in words."""
    lo, hi = dump.get("snapshot_earliest"), dump.get("snapshot_latest")
    if lo is not None and lo == hi:
        return f"on {lo}"
    if lo is not None and hi is not None:
        return f"between {lo} and {hi}"
    return f"on {lo} or later" if hi is None else f"on {hi} or before"


def _is_stated(entry: Row) -> bool:
    """Whether an entry is dated in full; earlier versions, which knew no more, do not say it."""
    evidence = entry.get("published_on_evidence")
    return entry.get("published_on") is not None and evidence in (None, "stated")


def _is_told(entry: Row) -> bool:
    """Whether a correction gave the date of an entry."""
    return entry.get("published_on_evidence") == "corrected"


def _recorded(entry: Row) -> Any:
    return max(day for day in (entry.get("listed_on"), entry.get("updated_on"), dt.date.min) if day)
