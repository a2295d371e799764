"""Plain-text pages: how the paragraphs between metadata blocks are divided into entries.

Between two metadata blocks there may be several entries, of which only the last has metadata, or
one entry whose abstract has several paragraphs. Both readings are weighed by how much each
paragraph reads like a title or like prose (how long it is counts only beside its neighbours, or
above 300 characters), and the cheapest division is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from paperdump.readers.base import Entry, Reject, excerpt_of
from paperdump.readers.plain_metadata import Metadata, number_shown
from paperdump.readers.records import MOST_COUNTED

# How paragraphs are divided into entries: the cheapest division wins. The figures are chosen so
# that a page of pairs is read as pairs unless a paragraph plainly is no title.
_COST_MORE_ABSTRACT = 1.5  # an abstract's second and later paragraphs, metadata at its end
_COST_MORE_ABSTRACT_OPEN = 6.0  # the same where no metadata bounds it
_COST_NO_ABSTRACT = 4.0  # metadata at its end
_COST_NO_ABSTRACT_OPEN = 5.0
_CERTAIN = 4.0  # a paragraph dearer than this as a title is no title by itself
_CERTAIN_PAIR = 8.0  # nor, from here on, in a pair with an abstract
_PLAIN_WORDS = 2.0  # what words without any sentence cost as an abstract, if not in title case
_MOST_PARAGRAPHS = 200

_SENTENCE_END = re.compile(r"[.!?][)\]\"'”’]*\s+[A-Z(\"“$\\]|[。！？]")
_ENDED = re.compile(r"[.!。！][)\]\"'”’]*$")
_ENDS_AS_PROSE = re.compile(r"[.;:,][)\]\"'”’]*$")
_URL = re.compile(r"https?://|www\.")
_WORD = re.compile(r"[^\W\d_]{4,}")
_ITEM = re.compile(r"(?:[0-9]+[.)]|[-*•–]) |(?:Project|Code|Demo|Data|Website|Page)\b[^.]{0,20}: ?")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_HEADINGS = frozenset(
    {"abstract", "background", "conclusion", "conclusions", "introduction", "keywords", "method"}
    | {"methods", "objective", "objectives", "purpose", "result", "results", "summary"}
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Consecutive lines of text; first and last are counted from 1."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Upvotes:
    """The line of upvotes before a title.

    Attributes:
        line: Its number, counted from 1.
        shown: The number as shown, or None for a dash.
    """

    line: int
    shown: str | None


class Division:
    """The entries of a page while they are told apart.

    Attributes:
        entries: The entries so far, in page order.
        rejects: What was left out so far.
        notes: What a reader of the dump should know.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.entries: list[Entry] = []
        self.rejects: list[Reject] = []
        self.notes: list[str] = []

    def divide(
        self,
        paragraphs: list[Paragraph],
        metadata: Metadata | None,
        upvotes: Upvotes | None = None,
        *,
        at_end: bool = False,
    ) -> None:
        """Divide paragraphs into entries.

        Args:
            paragraphs: The paragraphs before a boundary: metadata, upvotes, the page's end.
            metadata: The metadata that close the last of the entries, if they do.
            upvotes: The upvotes before the first of the paragraphs, if there are any.
            at_end: Whether the boundary is the page's end.
        """
        if metadata:
            self.notes += metadata.notes
        if not paragraphs:
            if metadata:
                self.rejects.append(_orphan(self._lines, metadata))
            elif upvotes:
                self.rejects.append(_lost_title(upvotes))
            return
        # upvotes on one side and a boundary on the other hold one entry
        closed = metadata is not None or (upvotes is not None and not at_end)
        cuts = [0, 2] if metadata and len(paragraphs) == 2 else _cuts(paragraphs, closed=closed)
        for begin, end in pairwise(cuts):
            closing = metadata if end == len(paragraphs) else None
            title, *abstract = paragraphs[begin:end]
            mine = upvotes if begin == 0 else None
            first = begin == 0
            if closing is None and not (mine and abstract) and _doubtful(title, abstract, first):
                last = at_end and end == len(paragraphs)
                self.rejects.append(_uncertain(self._lines, title, (abstract or [title])[-1], last))
                continue
            self.entries.append(self._entry(title, abstract, closing, mine))

    def _entry(
        self,
        title: Paragraph,
        abstract: list[Paragraph],
        closing: Metadata | None,
        upvotes: Upvotes | None,
    ) -> Entry:
        text = None
        if abstract:
            text = "\n".join(self._lines[abstract[0].first - 1 : abstract[-1].last])
        end = closing or Metadata(title.first, (abstract or [title])[-1].last)
        n_upvotes = None
        if upvotes and upvotes.shown is not None:
            n_upvotes, notes = number_shown(upvotes.shown, upvotes.line - 1, MOST_COUNTED)
            self.notes += notes
        return Entry(
            title=title.text,
            abstract=text,
            first_line=title.first,
            last_line=end.last,
            n_authors=end.n_authors,
            organization_text=end.organization_text,
            date_text=end.date_text,
            n_comments=end.n_comments,
            n_upvotes=n_upvotes,
        )


def _doubtful(title: Paragraph, abstract: list[Paragraph], first: bool) -> bool:
    """Whether paragraphs that no metadata closes are no entry with certainty.

    Args:
        title: The first of them.
        abstract: The others.
        first: Whether a boundary stands before them, so that the first is no part of an abstract.
    """
    if not abstract or cost_as_title(title.text) >= _CERTAIN_PAIR:
        return True
    # a sentence after an abstract goes on with it more likely than it is a title
    if not first and _is_sentence(title.text):
        return True
    # a last sentence may be cut off; words without any sentence are no abstract
    return any(cost_as_abstract(paragraph.text) > 1 for paragraph in abstract)


def _cuts(paragraphs: list[Paragraph], *, closed: bool) -> list[int]:
    """Indices at which the cheapest division into entries cuts, 0 and the number included.

    Dynamic programming over the end of the last entry; of equally cheap divisions the one with
    the shortest last entry is taken.
    """
    count = len(paragraphs)
    titles, abstracts = _costs(paragraphs, closed=closed)
    best = [0.0] + [float("inf")] * count
    begins = [0] * (count + 1)
    for end in range(1, count + 1):
        open_end = not closed or end < count
        more = _COST_MORE_ABSTRACT_OPEN if open_end else _COST_MORE_ABSTRACT
        none = _COST_NO_ABSTRACT_OPEN if open_end else _COST_NO_ABSTRACT
        prose = 0.0
        for begin in range(end - 1, max(-1, end - 1 - _MOST_PARAGRAPHS), -1):
            size = end - begin - 1
            shape = none if size == 0 else more * (size - 1)
            cost = best[begin] + titles[begin] + prose + shape
            if cost < best[end]:
                best[end], begins[end] = cost, begin
            prose += abstracts[begin]
    cuts = [count]
    while cuts[-1] > 0:
        cuts.append(begins[cuts[-1]])
    return cuts[::-1]


def _costs(paragraphs: list[Paragraph], *, closed: bool) -> tuple[list[float], list[float]]:
    """What speaks against each paragraph as a title, and as an abstract or a part of one.

    Two things show only beside the neighbours. A short paragraph between two long ones is a
    title, whatever it ends in, unless it is plain sentences. Short ones after a colon that reach
    up to the metadata are the items of a list.

    Args:
        paragraphs: The paragraphs between two metadata blocks.
        closed: Whether a metadata block follows them.
    """
    texts = [paragraph.text.strip() for paragraph in paragraphs]
    titles, abstracts = [cost_as_title(t) for t in texts], [cost_as_abstract(t) for t in texts]
    if closed:
        begin = len(texts)
        while begin > 1 and abstracts[begin - 1] > 0:
            begin -= 1
        colons = (i for i in range(max(begin - 1, 1), len(texts)) if texts[i].endswith(":"))
        for i in range(next(colons, len(texts)), len(texts)):
            titles[i], abstracts[i] = titles[i] + 4.0, 0.0
    for i in range(1, len(texts) - 1):
        shorter = min(len(texts[i - 1]), len(texts[i + 1]))
        between = shorter > 200 and len(texts[i]) <= min(150, shorter / 2)
        if between and _is_name(texts[i]) and not _is_sentence(texts[i]):
            titles[i] = min(titles[i], 1.0)
            abstracts[i] += 3.0
    return titles, abstracts


def _is_sentence(text: str) -> bool:
    """Whether a text of some words ends as a sentence does, and is not in title case."""
    return len(text.split()) >= 4 and bool(_ENDED.search(text)) and not _in_title_case(text)


def _in_title_case(text: str) -> bool:
    """Whether most of a text's longer words begin with a capital."""
    words = _WORD.findall(text)
    return sum(1 for word in words if word[0].isupper()) >= 0.6 * len(words)


def _is_name(text: str) -> bool:
    """Whether a text has words, and is not the heading of an abstract's part."""
    return bool(_LETTERS.search(text)) and text.rstrip(":.").lower() not in _HEADINGS


def cost_as_title(text: str) -> float:
    """How much speaks against a paragraph being a title."""
    stripped = text.strip()
    cost = 4.0 if _ENDS_AS_PROSE.search(stripped) else 0.0
    cost += 2.0 * min(3, len(_SENTENCE_END.findall(stripped)))
    if stripped.endswith(("?", "!")) or re.search(r"[?!]\s+[A-Z]", stripped):
        cost = max(0.0, cost - 2.0)  # a question and its answer make a title too
    if _URL.search(stripped):
        cost += 3.0
    if _ITEM.match(stripped):
        cost += 4.0
    if not _is_name(stripped):
        cost += 8.0
    if stripped[:1].islower():
        cost += 1.0
    if len(stripped) > 300:
        cost += 3.0
    return cost


def cost_as_abstract(text: str) -> float:
    """How much speaks against a paragraph being an abstract, or a part of one."""
    stripped = text.strip()
    prose = _SENTENCE_END.search(stripped) or _URL.search(stripped) or _ITEM.match(stripped)
    if len(stripped) > 300 or _ENDED.search(stripped):
        return 0.0
    if prose and not stripped.endswith("?"):
        return 1.0
    return _PLAIN_WORDS + (1.0 if _in_title_case(stripped) else 0.0)


def _orphan(lines: list[str], metadata: Metadata) -> Reject:
    return Reject(
        "metadata_without_entry",
        f"Lines {metadata.first} to {metadata.last} are the metadata of an entry whose title is "
        "missing; capture the page again, or restore the title.",
        metadata.first,
        metadata.last,
        excerpt_of("\n".join(lines[metadata.first - 1 : metadata.last])),
    )


def _lost_title(upvotes: Upvotes) -> Reject:
    return Reject(
        "truncated_entry",
        f"Line {upvotes.line}: the upvotes of an entry that does not follow; the capture was cut "
        "off here. Capture the page again to have this entry.",
        upvotes.line,
        upvotes.line,
        upvotes.shown or "-",
    )


def _uncertain(lines: list[str], first: Paragraph, last: Paragraph, at_end: bool) -> Reject:
    """A reject for text that cannot be told to be an entry."""
    text = "\n".join(lines[first.first - 1 : last.last])
    where = (
        f"Line {first.first}" if first.first == last.last else f"Lines {first.first}–{last.last}"
    )
    cut = at_end and (last is first or cost_as_abstract(last.text) <= _PLAIN_WORDS)
    if cost_as_title(first.text) > _CERTAIN or (last is not first and not cut):
        reason = "stray_text"
        message = f"{where}: text that belongs to no entry with certainty."
    elif at_end:
        reason = "truncated_entry"
        message = (
            f"{where}: the dump ends within an entry, before its metadata; the capture was cut "
            "off here. Capture the page again to have this entry."
        )
    else:
        reason = "title_only"
        message = (
            f"{where}: a title, or a line of a menu, with neither abstract nor metadata; nothing "
            "makes it certain that it is an entry."
        )
    return Reject(reason, message, first.first, last.last, excerpt_of(text))
