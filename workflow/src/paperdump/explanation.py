"""What ``paperdump explain`` knows of a paper: where each value came from, as plain data.

Everything is read from a release. Which sighting gave a value is asked of the code that merges
them (``dedupe.merging.lineage``); where that gives another value than the one published, as after
a correction or in a release of an earlier version, the sightings with the published value are named
instead, if there are any.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from paperdump import corrections, date_evidence, dictionary, tables
from paperdump.date_evidence import Pages, Row, Step, place_of
from paperdump.dedupe import merging
from paperdump.lookup import Found, Release
from paperdump.normalize import text

# columns of papers that are cleaned from what the page has
_CLEANED = {"title": "clean_title", "abstract": "clean_abstract"}
_LONGEST_COMPARED = 20_000  # characters of a text of which it is said what cleaning changed
_RULES = {
    "same_arxiv_id": "both carry the same arXiv identifier",
    "same_doi": "both carry the same DOI",
    "same_title": "their titles have the same letters and digits",
    "respelled_title": "their titles differ in spelling, order or function words only",
    "extended_title": "one title goes on where the other ends, or has another subtitle",
    "reworded_title": "their titles differ in some words",
    "same_abstract": "their abstract is one text, under unlike titles",
    "different_arxiv_ids": "each carries an arXiv identifier of its own",
    "different_dois": "each carries a DOI of its own",
    "one_about_other": "one is a reply, a comment, an erratum or the like",
    "different_numbers": "part, volume, year, version or model differ in their titles",
    "opposite_words": "their titles say opposite things",
    "generic_title": "such a title names no paper, and nothing else joins them",
    "different_authors": "their authors differ",
    "different_years": "they were published at different times",
    "different_abstracts": "their abstracts differ",
    "different_names": "a name differs in their titles",
    "different_titles": "their titles differ",
    "listed_beside": "a dump lists both titles, one beside the other",
    "ambiguous_title": "the shorter title may be that of several papers",
    "weakest_link": "alike, but joining them would join what is kept apart",
    "correction": "a correction says so",
}
_LIKENESS = {
    "title_score": "likeness of the titles",
    "abstract_score": "of the abstracts",
    "author_score": "of the authors",
}
_ANSWERS = {"same": "the same paper", "different": "different papers", "doubtful": "doubtful"}


@dataclass(frozen=True)
class Sighting:
    """An entry of a dump that is the paper.

    Attributes:
        number: Its number here, counted from 1.
        path: The path of its dump.
        place: Where it stands there, in words.
        values: Its row of ``sightings``.
        dump: The row of ``dumps``.
        title: Its title, cleaned.
        abstract: Its abstract, cleaned.
    """

    number: int
    path: str
    place: str
    values: Row
    dump: Row
    title: str | None
    abstract: str | None

    def value(self, field: str) -> Any:
        """What it gives for a column of papers."""
        return getattr(self, field) if field in _CLEANED else self.values.get(field)


@dataclass(frozen=True)
class Origin:
    """A sighting that gave a value, or a part of one.

    Attributes:
        sighting: Its number.
        entry_id: Its entry_id.
        path: The path of its dump.
        place: Where it stands there, in words.
        cleaned: What cleaning changed in the text on the page: what was there, what is now; None
            where nothing was.
        corrected: The correction that gave the sighting this value, in words; None where none did.
        parts: Of a value united from several, those that come from here.
    """

    sighting: int
    entry_id: str
    path: str
    place: str
    cleaned: tuple[tuple[str, str], ...] | None = None
    corrected: str | None = None
    parts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Value:
    """A value of the paper.

    Attributes:
        field: The column.
        value: The value; None where it is unknown.
        rule: The merge rule of the data dictionary; None where no rule chooses.
        because: Why this value, in words.
        origins: The sightings that gave it.
        corrected: Whether a correction gave it.
    """

    field: str
    value: Any
    rule: str | None
    because: str
    origins: tuple[Origin, ...] = ()
    corrected: bool = False


@dataclass(frozen=True)
class Disagreement:
    """A column on which sightings state different values.

    Attributes:
        field: The column.
        said: Each value, the one that survived first, with the numbers of the sightings that
            state it.
        from_character: Of texts, the first character, counted from 1, that is not the same in all.
    """

    field: str
    said: tuple[tuple[Any, tuple[int, ...]], ...]
    from_character: int | None = None


@dataclass(frozen=True)
class Merge:
    """A pair of entries that was compared closely.

    Attributes:
        kept: The first entry, in words.
        repeat: The one that was compared with it, in words.
        decision: What was decided, in words.
        because: The rule that decided, in words.
        row: The row of ``matches``.
    """

    kept: str
    repeat: str
    decision: str
    because: str
    row: Row


@dataclass(frozen=True)
class Dated:
    """What the date of a sighting rests on.

    Attributes:
        sighting: Its number.
        step: The chain of evidence.
    """

    sighting: int
    step: Step


@dataclass(frozen=True)
class Explanation:
    """All that is known of a paper.

    Attributes:
        release: The folder of the release.
        version: Its version.
        found: How the paper was found.
        paper: Its row of ``papers``.
        former_ids: The ids that earlier releases gave to it.
        values: Its values.
        sightings: Its sightings, in page order.
        disagreements: Where these differ.
        dates: What their dates rest on.
        merges: The pairs of entries that were compared.
        corrections: Rows of ``corrections`` that name it, or change it.
        contradictions: Rows of ``contradictions`` about the days of its pages, with their path.
        changes: Rows of ``changes``: what differs from the release before.
    """

    release: str
    version: str | None
    found: str
    paper: Row
    former_ids: tuple[str, ...]
    values: tuple[Value, ...]
    sightings: tuple[Sighting, ...]
    disagreements: tuple[Disagreement, ...]
    dates: tuple[Dated, ...]
    merges: tuple[Merge, ...]
    corrections: tuple[Row, ...]
    contradictions: tuple[Row, ...]
    changes: tuple[Row, ...]


def explain(release: Release, found: Found) -> Explanation:
    """Explain a paper.

    Args:
        release: The release.
        found: The paper, which has been found there.

    Raises:
        PaperdumpError: The release cannot be read.
    """
    paper_id = found.paper_id or ""
    [paper] = release.where("papers", paper_id=[paper_id]).to_dicts()
    rows = release.where("sightings", paper_id=[paper_id])
    own = rows["entry_id"].to_list()
    told = release.where(
        "corrections",
        paper_id=[paper_id],
        other_paper_id=[paper_id],
        entry_id=own,
        other_entry_id=own,
    ).to_dicts()
    fixes = _Fixes(told)
    pages = Pages.of(release, rows.to_dicts())
    entries = _entries(rows, pages, fixes)
    sightings = tuple(_sightings(entries, pages))
    dumps = sorted({s.values["dump_id"] for s in sightings})
    contradictions = release.where(
        "contradictions", dump_id=dumps, entry_id=own, witness_id=own
    ).to_dicts()
    led = release.where("redirects", ("old_paper_id", "new_paper_id"), new_paper_id=[paper_id])
    moved = led.filter(pl.col("old_paper_id") != paper_id) if led.height else led
    return Explanation(
        release=str(release.folder),
        version=release.version,
        found=found.how,
        paper=paper,
        former_ids=tuple(moved["old_paper_id"].to_list()) if moved.height else (),
        values=tuple(_values(paper, entries, sightings, fixes)),
        sightings=sightings,
        disagreements=tuple(_disagreements(paper, sightings)),
        dates=tuple(Dated(s.number, date_evidence.of_sighting(pages, s.values)) for s in sightings),
        merges=tuple(_merges(release, sightings)),
        corrections=tuple(told),
        contradictions=tuple({"path": pages.path(row["dump_id"]), **row} for row in contradictions),
        changes=tuple(release.where("changes", paper_id=[paper_id]).to_dicts()),
    )


class _Fixes:
    """The fixes that were applied, by what they are of."""

    def __init__(self, told: Iterable[Row]) -> None:
        applied = [row for row in told if row["status"] == "applied" and row.get("field")]
        self.of_paper = {row["field"]: row for row in applied if row["entry_id"] is None}
        self.of_sighting = {
            (row["entry_id"], row["field"]): row for row in applied if row["entry_id"] is not None
        }


def _entries(rows: pl.DataFrame, pages: Pages, fixes: _Fixes) -> pl.DataFrame:
    """The sightings of a paper in page order, with the texts that papers are made of."""
    paths = pl.DataFrame(
        {"dump_id": list(pages.dumps), "path": [pages.path(i) for i in pages.dumps]},
        schema={"dump_id": pl.String, "path": pl.String},
    )
    entries = tables.conform(rows, "sightings").with_columns(
        clean_title=pl.coalesce(text.clean_title(pl.col("title")), "title"),
        clean_abstract=text.clean_abstract(pl.col("abstract")),
    )
    # of texts, sightings have what is on the page also where it was corrected
    for (entry_id, field), fix in fixes.of_sighting.items():
        if field in _CLEANED:
            value = pl.lit(_read(fix["new_value"]), pl.String)
            source = _CLEANED[field]
            entries = entries.with_columns(
                pl.when(entry_id=entry_id).then(value).otherwise(source).alias(source)
            )
    return merging.in_page_order(entries, paths)


def _sightings(entries: pl.DataFrame, pages: Pages) -> Iterator[Sighting]:
    for number, row in enumerate(entries.to_dicts(), 1):
        title, abstract = row.pop("clean_title"), row.pop("clean_abstract")
        dump_id = row["dump_id"]
        dump = pages.dumps.get(dump_id, {})
        yield Sighting(number, pages.path(dump_id), place_of(row), row, dump, title, abstract)


def _values(
    paper: Row, entries: pl.DataFrame, sightings: tuple[Sighting, ...], fixes: _Fixes
) -> Iterator[Value]:
    """The values of a paper in the order of its columns, those of unknown columns last."""
    given: dict[str, list[str]] = {}
    for field, entry_id in _lineage(entries):
        given.setdefault(field, []).append(entry_id)
    columns = {column.name: column for column in dictionary.table("papers").columns}
    for field in [*(c for c in columns if c in paper), *(c for c in paper if c not in columns)]:
        value = paper[field]
        rule = columns[field].merge if field in columns else None
        fix = fixes.of_paper.get(field)
        if fix is not None and fix["new_value"] == corrections.as_json(value):
            yield Value(field, value, rule, _by_correction(fix), (), corrected=True)
        elif field == "published_on_evidence" and "published_on" in fixes.of_paper:
            yield Value(field, value, rule, "that of the correction of published_on")
        elif value is None or rule is None:
            yield Value(field, value, rule, *_counted(field, value, sightings))
        elif rule == "union":
            yield _united(field, value, sightings, fixes)
        else:
            named = [s for s in sightings if s.values["entry_id"] in given.get(field, ())]
            if not any(s.value(field) == value for s in named):
                named = [s for s in sightings if s.value(field) == value]
            if named:
                because = _by_rule(field, value, rule, sightings)
            elif field in _CLEANED:
                named = _likest(field, value, sightings)
                because = "cleaned by another version of paperdump than this one"
            else:
                because = "none of its sightings states it"
            origins = tuple(_origin(s, field, fixes, value) for s in named[:1])
            yield Value(field, value, rule, because, origins)


def _likest(field: str, value: str, sightings: tuple[Sighting, ...]) -> list[Sighting]:
    """The sighting whose text on the page has most words in common with a value."""
    words = set(value.split())
    texts = [(s, set((s.values[field] or "").split())) for s in sightings]
    likest = max(texts, key=lambda pair: len(words & pair[1]) - len(words ^ pair[1]))
    return [likest[0]]


def _lineage(entries: pl.DataFrame) -> list[tuple[str, str]]:
    """Which entries gave the values of a paper's fields, by the code that merges them."""
    try:
        lineage = merging.lineage(entries)
    except pl.exceptions.PolarsError:  # values of another version, such as another evidence
        return []
    return lineage.select("field", "entry_id").rows()


def _by_rule(field: str, value: Any, rule: str, sightings: tuple[Sighting, ...]) -> str:
    """Why a value survived, in words, with how many sightings state it."""
    stating = [s.value(field) for s in sightings if s.value(field) is not None]
    if len(sightings) == 1:
        return "its only sighting"
    if len(stating) == 1:
        return "the only sighting that states it"
    agreeing = stating.count(value)
    if agreeing < len(stating):
        return f"{dictionary.MERGE_RULES[rule]} (on {agreeing} of {len(stating)})"
    all_of_them = "both" if agreeing == 2 else f"all {agreeing}"
    state_it = "" if len(stating) == len(sightings) else " that state it"
    best = ", this one with the best evidence" if rule == "most_certain" else ""
    return f"{all_of_them} sightings{state_it} agree{best}"


def _by_correction(fix: Row) -> str:
    old = "nothing" if fix["old_value"] is None else f"`{plain(fix['old_value'])}`"
    return f"the correction of line {fix['line']}, in place of {old}: {fix['reason']}"


def _united(field: str, value: list[str], sightings: tuple[Sighting, ...], fixes: _Fixes) -> Value:
    """A value that unites those of all sightings: each part comes from the first that has it."""
    left = list(value)
    origins = []
    for sighting in sightings:
        parts = tuple(part for part in sighting.value(field) or () if part in left)
        left = [part for part in left if part not in parts]
        if parts:
            origins.append(_origin(sighting, field, fixes, parts=tuple(dict.fromkeys(parts))))
    if not value:
        because = "its sightings hold none"
    elif left:
        because = f"{dictionary.MERGE_RULES['union']}; no sighting has {', '.join(left)}"
    elif len(sightings) == 1:
        because = "its only sighting"
    else:
        because = dictionary.MERGE_RULES["union"]
    return Value(field, value, "union", because, tuple(origins))


def _counted(
    field: str, value: Any, sightings: tuple[Sighting, ...]
) -> tuple[str, tuple[Origin, ...]]:
    """Why a value that no rule chooses is as it is, and the sightings that it is of."""
    first = sightings[:1]
    match field:
        case "paper_id":
            names = {"arxiv_id": "arXiv identifier", "doi": "DOI"}
            seed = next((n for f, n in names.items() if first and first[0].value(f)), None)
            origins = tuple(_origin(s) for s in first)
            return f"made of the {seed or 'normalized title'} of the first sighting", origins
        case "first_seen_on" | "last_seen_on" if value is not None:
            which = "earliest" if field == "first_seen_on" else "latest"
            on = [s for s in sightings if s.dump.get("snapshot_on") == value]
            because = f"the {which} day of capture that is known of its pages"
            return because, tuple(_origin(s) for s in on[:1])
        case "first_seen_on" | "last_seen_on":
            return "of none of its pages the day of capture is known", ()
        case "published_on_evidence" if value is not None:
            return "that of the sighting which gave published_on", ()
        case "n_sightings":
            return "the entries that are this paper, counted", ()
        case "n_dumps":
            return "their dumps, counted", ()
        case "conflicts" if value:
            return "the columns on which its sightings state different values", ()
        case "conflicts":
            return "its sightings state no different values", ()
        case _ if value is None:
            return "no sighting states it", ()
        case _:
            return "", ()


def _origin(
    sighting: Sighting,
    field: str | None = None,
    fixes: _Fixes | None = None,
    value: Any = None,
    parts: tuple[str, ...] | None = None,
) -> Origin:
    entry_id = sighting.values["entry_id"]
    fix = fixes.of_sighting.get((entry_id, field)) if fixes is not None else None
    cleaned = None
    if field in _CLEANED and fix is None:
        on_page = sighting.values.get(field)
        if on_page is not None and value is not None and on_page != value:
            cleaned = tuple(changed_parts(on_page, value))
    return Origin(
        sighting=sighting.number,
        entry_id=entry_id,
        path=sighting.path,
        place=sighting.place,
        cleaned=cleaned,
        corrected=_by_correction(fix) if fix is not None else None,
        parts=parts,
    )


def changed_parts(before: str, after: str) -> list[tuple[str, str]]:
    """Which words of a text were changed, each as it was and as it is; white space aside.

    Words are compared by the longest runs that both texts have (Ratcliff and Metzener, *Pattern
    Matching: the Gestalt Approach*, Dr. Dobb's Journal, 1988).
    """
    old, new = before.split(), after.split()
    if max(len(before), len(after)) > _LONGEST_COMPARED:
        return []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        (" ".join(old[i:j]), " ".join(new[k:m]))
        for tag, i, j, k, m in matcher.get_opcodes()
        if tag != "equal"
    ]


def _disagreements(paper: Row, sightings: tuple[Sighting, ...]) -> Iterator[Disagreement]:
    """The columns on which sightings differ, as ``conflicts`` of the paper names them."""
    for field in paper.get("conflicts") or ():
        said: dict[str, tuple[Any, list[int]]] = {}
        for sighting in sightings:
            value = sighting.value(field)
            if value is not None:
                said.setdefault(str(corrections.as_json(value)), (value, []))[1].append(
                    sighting.number
                )
        survived = corrections.as_json(paper.get(field))
        ordered = sorted(said.items(), key=lambda item: item[0] != survived)
        texts = [value for value, _ in said.values() if isinstance(value, str)]
        differ = _first_difference(texts) if len(texts) == len(said) > 1 else None
        yield Disagreement(field, tuple((v, tuple(ns)) for _, (v, ns) in ordered), differ)


def _first_difference(texts: list[str]) -> int:
    """The first character, counted from 1, that is not the same in all texts."""
    shortest, longest = min(texts), max(texts)  # all others lie between the two
    same = 0
    for one, other in zip(shortest, longest, strict=False):
        if one != other:
            break
        same += 1
    return same + 1


def _merges(release: Release, sightings: tuple[Sighting, ...]) -> Iterator[Merge]:
    """The pairs with an entry of the paper, those that are the same paper first."""
    own = {s.values["entry_id"]: f"[{s.number}]" for s in sightings}
    rows = release.where("matches", entry_id_kept=own, entry_id_repeat=own).to_dicts()
    named = {row[side] for row in rows for side in ("entry_id_kept", "entry_id_repeat")}
    columns = ("entry_id", "paper_id", "title")
    others = {
        row["entry_id"]: f"“{' '.join(row['title'].split())}” ({row['paper_id']})"
        for row in release.where("sightings", columns, entry_id=named - set(own)).to_dicts()
    }
    words = {entry_id: entry_id for entry_id in named} | others | own
    place = {entry_id: number for number, entry_id in enumerate(own)}
    for row in sorted(
        rows,
        key=lambda row: (
            row.get("match_decision") != "same",
            place.get(row["entry_id_kept"], len(place)),
            place.get(row["entry_id_repeat"], len(place)),
        ),
    ):
        rule, decision = str(row.get("match_rule")), str(row.get("match_decision"))
        scores = {words: row.get(name) for name, words in _LIKENESS.items()}
        said = [f"{words} {score:.2f}" for words, score in scores.items() if score is not None]
        like = f"; {', '.join(said)}" if said else ""
        yield Merge(
            kept=words[row["entry_id_kept"]],
            repeat=words[row["entry_id_repeat"]],
            decision=_ANSWERS.get(decision, decision),
            because=_RULES.get(rule, rule.replace("_", " ")) + like,
            row=row,
        )


def _read(value: str | None) -> Any:
    """A value that a table has as JSON."""
    return None if value is None else json.loads(value)


def plain(value: str | None) -> str:
    """A value that a table has as JSON, as a person writes it."""
    read = _read(value)
    if isinstance(read, list):
        return ", ".join(str(part) for part in read)
    return "nothing" if read is None else str(read)


def as_document(explanation: Explanation | Found) -> dict[str, Any]:
    """An explanation as data of which JSON can be made; days are ISO dates."""
    import msgspec  # noqa: PLC0415

    document: dict[str, Any] = msgspec.to_builtins(explanation)
    return document
