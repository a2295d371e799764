"""Which columns of a table hold which field: by the names that tables of papers use, or as told.

Names are compared in lower case, by their letters and digits alone, so that ``Paper Title``,
``paper_title`` and ``paperTitle`` are one. Where several columns stand for a field, the one whose
name comes first below is asked first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

import msgspec

_OWN_ADDRESS = (
    "url pdfurl urlpdf urlabs absurl paperurl paperurlabs paperurlpdf articleurl link pdflink "
    "linkpdf linkabs paperlink articlelink pdf urls links pdfurls itemurl sourceurl externalurl "
    "openaccesspdf openaccesspdfurl"
)
# field → names; date and year are one field of an entry, and so are year, month and day
_NAMES = {
    "title": "title papertitle articletitle documenttitle itemtitle primarytitle maintitle "
    "titleofpaper reltitle titles titletext ti publicationtitle",
    "abstract": "abstract paperabstract articleabstract abstractnote abstracttext abstracts "
    "relabs ab summary summaries",
    "authors": "authorsparsed authorfullnames authorfullname af authors author authorlist "
    "authorslist authornames authorname authorsnames paperauthors relauthors creators creator au",
    # not "date added", "date modified", "access date": those of a library that holds the paper
    "date": "published publishedat publishedon publishedonline publisheddate datepublished "
    "publicationdate publicationdatetime dateofpublication publishdate publishtime pubdate "
    "datepub firstpublished firstpublicationdate onlinedate reldate submitted submittedat "
    "submitteddate submissiondate datesubmitted dateposted posteddate issued issuedate "
    "releasedate date versions created creationdate datecreated",
    "year": "year publicationyear pubyear yearpublished publishedyear yearofpublication "
    "paperyear py",
    "month": "month publicationmonth pubmonth",
    "day": "day publicationday pubday",
    "late_date": "createdate createddate createdat",
    "updated": "updated updatedat updatedate updateddate dateupdated lastupdated lastupdate "
    "lastmodified lastmodifieddate modified",
    "listed": "listed listedat listedon listingdate datelisted announced announcedate "
    "submittedondailyat",
    "arxiv_id": "arxivid arxiv paperarxivid arxivnumber arxividentifier externalidsarxiv eprint "
    "eprintid archiveid arxivurl arxivlink",
    "doi": "doi paperdoi articledoi itemdoi reldoi externalidsdoi digitalobjectidentifier dois "
    "doiurl doilink di",
    "links": f"{_OWN_ADDRESS} code codeurl codelink codeurls coderepo coderepository repo repourl "
    "repository repositoryurl repolink github githuburl githublink githubrepo githubrepository "
    "project projectpage projecturl projectlink homepage homepageurl website webpage "
    "officialcodeurl demo demourl huggingface huggingfaceurl fulltexturl fulltextlink s2url "
    "sourceurls openaccessurl",
    "categories": "categories category arxivcategories primarycategory keywords keyword "
    "authorkeywords keywordsplus tags tag manualtags subjects subject subjectarea subjectareas "
    "fieldsofstudy s2fieldsofstudy fieldofstudy terms topics topic tasks meshterms de",
    "journal_ref": "journalref journalreference journal journalname journaltitle venue venuename "
    "publicationvenue conference conferencename booktitle proceedings proceeding sourcetitle "
    "publicationtitle publicationname containertitle publishedin journalbook so",
    "organization": "organization organizations organisation organisations organizationname "
    "affiliation affiliations authoraffiliations authorsaffiliations institution institutions "
    "institute university",
    "n_authors": "nauthors numauthors numberofauthors authorcount authorscount",
    "n_comments": "ncomments numcomments numberofcomments commentcount commentscount",
    "n_upvotes": "nupvotes upvotes numupvotes numberofupvotes upvotecount likes likecount "
    "votes votecount",
}
# names that say too little: taken only where the value itself shows what it is
_BY_VALUE = {
    "arxiv_id": f"id paperid articleid entryid identifier {_OWN_ADDRESS}",
    "doi": _OWN_ADDRESS,
}
_WEAK_TITLE, _WEAK_ABSTRACT = "name", "description"

_RANKS = {field: {n: r for r, n in enumerate(names.split())} for field, names in _NAMES.items()}
_VALUE_RANKS = {f: {n: r for r, n in enumerate(names.split())} for f, names in _BY_VALUE.items()}
# of these only the best column is read: a paper without a title has not that of its journal
_BEST_ALONE = ("title", "abstract", "n_authors", "n_comments", "n_upvotes")
# with a title, one of these makes a table one of papers
_TELLING = [
    "abstract",
    "authors",
    "date",
    "year",
    "late_date",
    "updated",
    "arxiv_id",
    "doi",
    "links",
    "categories",
    "journal_ref",
]
_PARTS_OF_DATE = ("date", "year", "month", "day", "late_date")
_MOST_NAMED = 30


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Which columns are read for which field.

    Attributes:
        columns: Field → columns, the one to be asked first first.
        by_value: Field → columns that are asked last, whose values must show that they are it.
        unread: The columns that are not read.
        missing: Field → column that the config names and the table does not have.
        is_sure: Whether the names are those of a table of papers.
    """

    columns: dict[str, tuple[str, ...]]
    by_value: dict[str, tuple[str, ...]]
    unread: tuple[str, ...]
    missing: dict[str, str]
    is_sure: bool

    @property
    def has_title(self) -> bool:
        """Whether there is a column with titles."""
        return "title" in self.columns

    @property
    def used(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        both = (*self.columns.values(), *self.by_value.values())
        return tuple(dict.fromkeys(label for labels in both for label in labels))


def simplified(name: str) -> str:
    """A column's name by its letters and digits alone, in lower case."""
    return re.sub(r"[\W_]+", "", name).lower()


def labels_of(names: Sequence[str]) -> list[str]:
    """The columns' names, each once: one without a name, or with that of another, is numbered."""
    labels: list[str] = []
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        label = name.strip().strip("\ufeff").strip()
        if not label or label in seen:
            label = f"{label} (column {number})".strip()
        seen.add(label)
        labels.append(label)
    return labels


def plan_of(labels: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    """Match the columns of a table.

    Args:
        labels: The columns' names, each once.
        mapping: Field → column, as the config says; such a field is not looked for by its names.
    """
    mapped: dict[str, tuple[str, ...]] = {}
    missing: dict[str, str] = {}
    for field, column in mapping.items():
        found = _named(column, labels)
        if found is None:
            missing[field] = column
        else:
            mapped[field] = (found,)
    settled = set(mapping) | (set(_PARTS_OF_DATE) if "date" in mapping else set())
    free = [(label, simplified(label)) for label in labels if (label,) not in mapped.values()]
    columns = dict(mapped)
    # a publication title is a paper's title only where there is no better one
    for field in _NAMES:
        if field not in settled:
            taken = columns.get("title", ()) if field != "title" else ()
            found_ones = _ranked(free, _RANKS[field], taken)
            if found_ones:
                columns[field] = found_ones[:1] if field in _BEST_ALONE else found_ones
    weak_title = weak_abstract = False
    if "title" not in columns and "title" not in settled and "abstract" in columns:
        weak_title = _add(columns, "title", _WEAK_TITLE, free)
    if "abstract" not in columns and "abstract" not in settled and "title" in columns:
        weak_abstract = _add(columns, "abstract", _WEAK_ABSTRACT, free)
    by_value = {
        field: found_ones
        for field, ranks in _VALUE_RANKS.items()
        if field not in settled and (found_ones := _ranked(free, ranks, columns.get("title", ())))
    }
    telling = [field for field in _TELLING if field in columns]
    if weak_abstract:
        telling.remove("abstract")
    plan = Plan(
        columns=columns,
        by_value=by_value,
        unread=(),
        missing=missing,
        is_sure="title" in columns and len(telling) > weak_title,
    )
    used = set(plan.used)
    return msgspec.structs.replace(plan, unread=tuple(n for n in labels if n not in used))


def _ranked(
    free: Sequence[tuple[str, str]], ranks: Mapping[str, int], taken: Sequence[str]
) -> tuple[str, ...]:
    """The columns with a known name, in the order of the names."""
    found = [(ranks[name], label) for label, name in free if name in ranks and label not in taken]
    return tuple(label for _, label in sorted(found, key=lambda pair: pair[0]))


def _add(
    columns: dict[str, tuple[str, ...]], field: str, name: str, free: Sequence[tuple[str, str]]
) -> bool:
    """Let a name stand for a field for want of a better one; answer whether it is there."""
    found = _ranked(free, {name: 0}, ())[:1]
    if found:
        columns[field] = found
    return bool(found)


def _named(column: str, labels: Sequence[str]) -> str | None:
    """The column that the config means."""
    if column in labels:
        return column
    wanted = simplified(column)
    return next((label for label in labels if wanted and simplified(label) == wanted), None)


def listed(names: Sequence[str]) -> str:
    """Names as a list in words, not too long."""
    shown = [name if len(name) <= 60 else name[:59] + "…" for name in names[:_MOST_NAMED]]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ", ".join(shown) + more


def note_of(plan: Plan) -> str:
    """Which column became which field, in words."""
    words = {"year": "date", "month": "date", "day": "date", "late_date": "date"}
    read: dict[str, list[str]] = {}
    for field, labels in plan.columns.items():
        read.setdefault(words.get(field, field), []).extend(labels)
    said = "; ".join(
        [f"{field} from {listed(labels)}" for field, labels in read.items()]
        + [
            f"{field} from {listed(labels)} where a value shows that it is one"
            for field, labels in plan.by_value.items()
        ]
    )
    return f"Columns read: {said}; not read: {listed(plan.unread) or 'none'}."


def missing_words(field: str, column: str, labels: Sequence[str]) -> str:
    """What to say of a column that the config names and the table does not have."""
    near = difflib.get_close_matches(column, labels[:1000], 1, 0.5)
    hint = f"the nearest name is {near[0]!r}" if near else f"there are: {listed(labels)}"
    return (
        f"readers.columns says that {field} is in the column {column!r}, which the table does not "
        f"have; {hint}. The field was left out."
    )


def no_title_words(plan: Plan, labels: Sequence[str]) -> str:
    """What to say of a table without a column for the title."""
    there = f"there are: {listed(labels) or 'none'}"
    if "title" in plan.missing:
        near = difflib.get_close_matches(plan.missing["title"], labels[:1000], 1, 0.5)
        return (
            f"readers.columns says that the title is in the column {plan.missing['title']!r}, "
            f"which the table does not have; {there}."
            + (f" The nearest name is {near[0]!r}." if near else "")
        )
    return (
        f"No column of it is known as the title of a paper; {there}. Say in readers.columns which "
        "one it is."
    )


def sniffed_words(labels: Sequence[str]) -> str | None:
    """The columns that make it a table of papers, in words, or None where it is none."""
    plan = plan_of(labels, {})
    if not plan.is_sure:
        return None
    known = {label for labels in plan.columns.values() for label in labels}
    return listed([label for label in labels if label in known])
