"""A published release read a little at a time, and a paper found in it by what people know of it.

Parquet files are scanned with filters, so that of a large release only what is asked for is held.
A release made by an earlier version may lack tables and columns: what is not there has no rows,
and is missing from the rows that there are.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from paperdump import dictionary
from paperdump.errors import PaperdumpError
from paperdump.normalize import identifiers, text

_T = TypeVar("_T")

_LISTED = 20  # papers of which one may be meant
_NEAREST = 5
_MOST_GRAMS = 24  # parts of a title that titles are compared by
_CLOSE_ENOUGH = 0.85  # likeness from which on the only such title is the one that is meant
_COMPARED = 100  # titles that are compared closely


@dataclass(frozen=True)
class Release:
    """A release.

    Attributes:
        folder: Its folder.
        version: Its version; None where its manifest does not say.
    """

    folder: Path
    version: str | None = None

    @classmethod
    def open(cls, folder: Path) -> Release:
        """The release in a folder, or the latest one of a results folder.

        Raises:
            PaperdumpError: There is none.
        """
        for place in (folder, folder / "latest"):
            if all((place / f"{name}.parquet").is_file() for name in ("papers", "sightings")):
                return cls(place, _version(place))
        raise PaperdumpError(
            f"there is no release in {folder}; `snakemake` makes one, and --release names its "
            "folder."
        )

    def scan(self, name: str) -> pl.LazyFrame | None:
        """A table, to be filtered; None where the release has none of that name.

        Raises:
            PaperdumpError: The file cannot be read.
        """
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            return None
        frame = pl.scan_parquet(path, glob=False)
        self._try(name, frame.collect_schema)
        return frame

    def where(
        self, name: str, columns: Sequence[str] | None = None, **among: Iterable[str]
    ) -> pl.DataFrame:
        """The rows of a table in which one of some columns has one of some values.

        Args:
            name: The table.
            columns: The columns that are wanted, of those that it has; None for all.
            among: The values by column; a column that the table lacks has none of them.

        Returns:
            The rows, with the columns of the release; no rows and no columns where it has no
            such table.
        """
        frame = self.scan(name)
        if frame is None:
            return pl.DataFrame()
        has = frame.collect_schema().names()
        found = [pl.col(c).is_in(list(values)) for c, values in among.items() if c in has]
        rows = frame.filter(pl.any_horizontal(found) if found else pl.lit(value=False))
        if columns is not None:
            rows = rows.select(c for c in columns if c in has)
        return self.collect(name, rows)

    def collect(self, name: str, frame: pl.LazyFrame) -> pl.DataFrame:
        """What a scan of a table gives.

        Raises:
            PaperdumpError: The file cannot be read.
        """
        return self._try(name, frame.collect)

    def _try(self, name: str, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except (pl.exceptions.PolarsError, OSError) as error:
            what = str(error).partition("\n")[0]
            raise PaperdumpError(
                f"{self.folder / name}.parquet cannot be read: {what}. Remove the folder of the "
                "release and run `snakemake`, which makes it anew."
            ) from None


def _version(folder: Path) -> str | None:
    try:
        version = json.loads((folder / "manifest.json").read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(version)


@dataclass(frozen=True)
class Found:
    """What was found for what was asked.

    Attributes:
        paper_id: The paper; None where none, or more than one, fits.
        how: What it was found by, or why it was not, in words.
        candidates: Where it was not: papers of which one may be meant, the likeliest first, with
            ``paper_id``, ``title``, ``published_on`` and ``n_sightings``.
        n_candidates: How many of them there are.
    """

    paper_id: str | None
    how: str
    candidates: tuple[Mapping[str, Any], ...] = ()
    n_candidates: int = 0


def find_paper(release: Release, asked: str) -> Found:
    """Find the paper that a person asks for.

    Args:
        release: Where to look.
        asked: A paper_id, also of an earlier release; the entry_id of one of its sightings; an
            arXiv identifier or a DOI, also as an address; its title, a part of it, or nearly so.

    Raises:
        PaperdumpError: Nothing is asked, or the release cannot be read.
    """
    asked = " ".join(asked.split())
    if not asked:
        raise PaperdumpError(
            "an empty name; give a paper_id, an arXiv identifier, a DOI or a title."
        )
    for find in (_by_paper_id, _by_entry_id, _by_identifier):
        found = find(release, asked)
        if found is not None:
            return found
    return _by_title(release, asked)


def _by_paper_id(release: Release, asked: str) -> Found | None:
    paper_id = asked.lower()
    if not re.match(_pattern("paper_id"), paper_id):
        return None
    if release.where("papers", paper_id=[paper_id]).height:
        return Found(paper_id, "by its paper_id")
    moved = release.where("redirects", old_paper_id=[paper_id])
    if moved.is_empty():
        return Found(None, f"no paper of this release has the id {paper_id}")
    now = moved.select(paper_id="new_paper_id").drop_nulls()
    if now.is_empty():
        return Found(
            None,
            f"{paper_id} is an id of an earlier release; none of its entries is left in this one",
        )
    return _one_of(
        release,
        now,
        f"by {paper_id}, an id of an earlier release, whose entries are this paper now",
        f"{paper_id} is an id of an earlier release, whose entries are several papers now",
    )


def _by_entry_id(release: Release, asked: str) -> Found | None:
    entry_id = asked.lower()
    if not re.match(_pattern("entry_id"), entry_id):
        return None
    ids = release.where("sightings", entry_id=[entry_id])
    if ids.is_empty():
        return Found(None, f"no entry of this release has the id {entry_id}")
    return Found(ids["paper_id"][0], f"by its entry {entry_id}")


def _by_identifier(release: Release, asked: str) -> Found | None:
    """By an arXiv identifier or DOI; None where it is neither, or no paper has it."""
    if " " in re.sub(r"(?i)^(?:arxiv|doi): ", "", asked):  # a title may hold an identifier
        return None
    read = pl.select(
        arxiv_id=identifiers.arxiv_id(pl.lit(asked)), doi=identifiers.doi(pl.lit(asked))
    ).row(0, named=True)
    for name, what in (("arxiv_id", "arXiv identifier"), ("doi", "DOI")):
        value = read[name]
        if value is None:
            continue
        # a sighting's may not be the one that survived
        for table, whose in (("papers", "by its"), ("sightings", "by a sighting's")):
            rows = release.where(table, **{name: [value]})
            if rows.height:
                several = f"several papers have the {what} {value}"
                return _one_of(release, rows, f"{whose} {what} {value}", several)
    return None


def _by_title(release: Release, asked: str) -> Found:
    key = pl.select(text.title_key(pl.lit(asked))).item()
    within = {}
    for table, whose in (("papers", "its title"), ("sightings", "the title of a sighting")):
        # of sightings, one that did not survive, or as it stands on the page, before it is cleaned
        within[table] = (
            _titles_like(release, table, key)
            .filter(pl.col("key").str.contains(key, literal=True))
            .sort(pl.col("key").str.len_chars(), "key", "paper_id")
        )
        exact = within[table].filter(pl.col("key") == key)
        if exact.height:
            return _one_of(
                release, exact, f"by {whose}", f"several papers have the title {asked!r}"
            )
    for table, whose in (("papers", "its title"), ("sightings", "the title of a sighting")):
        if within[table].height:
            return _one_of(
                release,
                within[table],
                f"by {whose}, the only one that holds {asked!r}",
                f"several titles hold {asked!r}",
            )
    return _nearly(release, asked, key)


def _titles_like(release: Release, table: str, key: str) -> pl.DataFrame:
    """The titles that a normalized title may be in: ``paper_id``, ``title`` and their ``key``.

    To normalize all titles takes a second per million; so those are left out first that lack its
    longest word, unless they have letters beyond ASCII, of which a normal form may be others.
    """
    frame = release.scan(table)
    if frame is None:
        return pl.DataFrame(schema=dict.fromkeys(("paper_id", "title", "key"), pl.String))
    title = pl.col("title")
    word = max(re.findall(r"[a-z0-9]+", key), key=len, default="")
    may = title.str.to_lowercase().str.contains(word, literal=True) | title.str.contains(
        r"[^\x00-\x7f]"
    )
    found = release.collect(table, frame.select("paper_id", "title").filter(may))
    return found.with_columns(key=text.title_key(title))


def _nearly(release: Release, asked: str, key: str) -> Found:
    """By a title that is nearly the one asked for.

    Those that have a third of its parts of three letters are ranked by the longest runs that both
    have (Ratcliff and Metzener, *Pattern Matching: the Gestalt Approach*, Dr. Dobb's Journal,
    1988).
    """
    grams = sorted({word[i : i + 3] for word in key.split() for i in range(max(1, len(word) - 2))})
    grams = grams[:: -(-len(grams) // _MOST_GRAMS)]
    papers = release.scan("papers")
    near: list[tuple[str, str]] = []
    if papers is not None:
        hits = pl.sum_horizontal(
            pl.col("lower").str.contains(gram, literal=True).cast(pl.Int16) for gram in grams
        )
        lower = papers.select("paper_id", lower=pl.col("title").str.to_lowercase())
        near = release.collect(
            "papers",
            lower.with_columns(hits=hits)
            .filter(pl.col("hits") * 3 >= len(grams))
            .sort(
                "hits", pl.col("lower").str.len_chars(), "paper_id", descending=[True, False, False]
            )
            .head(_COMPARED)
            .select("paper_id", text.title_key(pl.col("lower"))),
        ).rows()
    scores = {
        paper_id: difflib.SequenceMatcher(None, key, other, autojunk=False).ratio()
        for paper_id, other in near
    }
    ranked = sorted(scores, key=lambda paper_id: -scores[paper_id])[:_NEAREST]
    close = [paper_id for paper_id in ranked if scores[paper_id] >= _CLOSE_ENOUGH]
    if len(close) == 1:
        return Found(close[0], f"by its title, the nearest to {asked!r}, which none has")
    why = f"no paper has the title {asked!r}, or one that holds it"
    return Found(None, why, _candidates(release, ranked), len(ranked))


def _one_of(release: Release, rows: pl.DataFrame, how: str, several: str) -> Found:
    """The paper that rows are of, if they are of one; else those of which it may be one."""
    ids = rows["paper_id"].unique(maintain_order=True).to_list()
    if len(ids) == 1:
        return Found(ids[0], how)
    return Found(None, several, _candidates(release, ids[:_LISTED]), len(ids))


def _candidates(release: Release, ids: list[str]) -> tuple[Mapping[str, Any], ...]:
    """What papers are told apart by, in the order of the ids."""
    names = ("paper_id", "title", "published_on", "n_sightings")
    rows = {row["paper_id"]: row for row in release.where("papers", paper_id=ids).to_dicts()}
    return tuple({name: rows[i].get(name) for name in names} for i in ids if i in rows)


def _pattern(column: str) -> str:
    """What an identifier looks like, by the data dictionary."""
    return dictionary.table("sightings").column(column).pattern or "$^"
