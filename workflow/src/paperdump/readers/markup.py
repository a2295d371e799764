r"""Lines of a capture with their links: Markdown, and the other ways that text keeps a link.

Known are inline links (``[text](url)``), reference links (``[text][32]``, their targets listed
somewhere as ``[32]: url`` or ``32. url``), images (``![alt](url)``, or a bracket that stands in
place of one: ``[[alt] text](url)``), and addresses on a line of their own, which belong to the
text before them. A link may hold line breaks and blank lines: captures wrap whole abstracts in
one. This is no Markdown parser, which would take a capture's abstracts apart; it finds links and
headings and leaves all other text as it is.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

SITE = "https://huggingface.co"

_TOKEN = re.compile(r"\[|\]|\n|\\")
_TARGET = re.compile(
    r"\((?P<url>(?:[^()\s]|\([^()\s]*\)){0,2000})(?:\s+\"[^\"\n]{0,500}\")?\)"
    r"|\[(?P<ref>[0-9]{1,5})\]"
)
_BLANK = re.compile(r"[ \t]*\n")
_LINKED_HEADING = re.compile(r"[ ]{0,3}#{1,6}[ ]+\[")
_DEFINITION = re.compile(r"^[ \t]*(?:\[([0-9]{1,5})\]:?|([0-9]{1,5})\.)[ \t]+(https?://\S+)[ \t]*$")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})(?:[ ]+|$)")
_AT_LINE_START = re.compile(r"[ \t]*(?:#{1,6}[ ]+|[-*•][ ]+)*$")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\s]*\)")
_PLACEHOLDER = re.compile(r"^\s*\[([^\[\]\n]*)\]\s*")
_ADDRESS = re.compile(r"\s*<?(https?://[^\s<>]+)>?\s*")
_NOTHING = re.compile(r"^[ \t]*(?:```\w*|<a id=\"[^\"]*\"></a>)[ \t]*$", re.MULTILINE)
# how converters keep a line break within a link or heading
_BREAK = re.compile(r"\\{1,2}(?:\n|[ ]{2})")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>~|])")
_LONGEST_LINK = 50_000


class Piece(NamedTuple):
    """A piece of a line: text, and where it leads to.

    Attributes:
        text: The text.
        url: The target of the link that it is; an empty text where the target is not known; None
            where it is no link.
    """

    text: str
    url: str | None = None


@dataclass(slots=True)
class Line:
    """A line, or the lines that a link spans.

    Attributes:
        first: Number of its first line, counted from 1.
        last: Number of its last line.
        pieces: Its text, cut at the links.
        level: Level of the heading that it is, 0 where it is none.
        alts: The alternative texts of its images.
        attached: The address that stood on the line after it.
    """

    first: int
    last: int
    pieces: list[Piece] = field(default_factory=list)
    level: int = 0
    alts: list[str] = field(default_factory=list)
    attached: str | None = None

    @property
    def text(self) -> str:
        """Its text without links."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def blank(self) -> bool:
        """Whether there is no text in it."""
        return not any(piece.text.strip() for piece in self.pieces)

    @property
    def url(self) -> str | None:
        """Where all of it leads to, if it is one link or has an address after it."""
        if self.attached is not None:
            return self.attached
        parts = [piece for piece in self.pieces if piece.text.strip()]
        if len(parts) == 1:
            return parts[0].url
        if not parts:
            return next((piece.url for piece in self.pieces if piece.url is not None), None)
        return None


class _Span(NamedTuple):
    """A link or image: from its bracket to its end, and the text between the brackets."""

    begin: int
    text_begin: int
    text_end: int
    end: int
    url: str
    image: bool


def lines_of(text: str, *, escaped: bool = False) -> list[Line]:
    """The lines of a text, with links and headings told apart from the words.

    Args:
        text: The text.
        escaped: Whether punctuation is escaped by backslashes, as Markdown does.
    """
    text = _NOTHING.sub(lambda found: " " * len(found[0]), text)
    targets, text = _definitions(text)
    starts = [0, *itertools.accumulate(len(line) + 1 for line in text.split("\n"))]
    lines: list[Line] = []
    at = 0
    for span in [*_links(text, targets), _Span(len(text), 0, 0, len(text), "", False)]:
        _add_text(lines, text[at : span.begin], bisect_right(starts, at))
        if span.begin < len(text):
            _add_link(lines, text, span, starts, escaped=escaped)
        at = span.end
    for line in lines:
        _read_heading(line)
        _drop_placeholders(line)
        if escaped:
            line.pieces = [
                Piece(_ESCAPED.sub(r"\1", p.text), p.url) if p.url is None else p
                for p in line.pieces
            ]
    return _attach_addresses(lines)


def _definitions(text: str) -> tuple[dict[str, str], str]:
    """The targets of reference links by number, and the text without the lines that list them."""
    if "http" not in text:
        return {}, text
    targets: dict[str, str] = {}
    kept = []
    for line in text.split("\n"):
        found = _DEFINITION.match(line) if "http" in line else None
        if found:
            targets.setdefault(found[1] or found[2], found[3])
        kept.append("" if found else line)
    return targets, "\n".join(kept)


def _links(text: str, targets: dict[str, str]) -> list[_Span]:
    """The links and images that stand in no other link, in order."""
    spans: list[_Span] = []
    opened: list[tuple[int, int, bool, bool]] = []  # begin, text begin, image, begins a line
    past = 0  # what was read already: an escaped bracket, a link's target
    for token in _TOKEN.finditer(text):
        at = token.start()
        if at < past:
            continue
        match text[at]:
            case "\\":
                past = at + 2 if text[at + 1 : at + 2] in ("[", "]", "\\") else at
            case "[":
                image = at > 0 and text[at - 1] == "!"
                line_begin = text.rfind("\n", 0, at) + 1
                begins = bool(_AT_LINE_START.match(text, line_begin, at))
                opened.append((at - image, at + 1, image, begins))
            case "\n":
                if not opened:
                    continue
                if _BLANK.match(text, at + 1):
                    opened = [bracket for bracket in opened if bracket[3]]
                elif _LINKED_HEADING.match(text, at + 1):
                    opened.clear()  # a link that was never closed ends before the next heading
            case _ if opened:
                target = _TARGET.match(text, at + 1)
                if target is None:
                    opened.pop()
                    continue
                past = target.end()
                which = len(opened) - 1
                if not opened[which][2]:
                    # links do not nest: a bracket at the beginning of a line opened this one
                    which = next((i for i, b in enumerate(opened) if b[3] and not b[2]), which)
                begin, text_begin, image, _ = opened[which]
                del opened[which:]
                if past - begin > _LONGEST_LINK:
                    continue
                url = target["url"]
                if url is None:
                    url = targets.get(target["ref"], "")
                while spans and spans[-1].begin >= begin:
                    spans.pop()
                spans.append(_Span(begin, text_begin, at, past, _absolute(url), image))
    return spans


def _absolute(url: str) -> str:
    return SITE + url if url.startswith("/") and not url.startswith("//") else url


def _add_text(lines: list[Line], text: str, number: int) -> None:
    """Add text that is no link; it goes on with the last line."""
    for i, part in enumerate(text.split("\n")):
        if i == 0 and lines:
            if part:
                lines[-1].pieces.append(Piece(part))
        else:
            lines.append(Line(number + i, number + i, [Piece(part)] if part else []))


def _add_link(
    lines: list[Line], text: str, span: _Span, starts: list[int], *, escaped: bool
) -> None:
    """Add a link or image to the line that it begins in."""
    if not lines:
        lines.append(Line(1, 1))
    line = lines[-1]
    inner = text[span.text_begin : span.text_end]
    line.last = bisect_right(starts, span.end - 1)
    if span.image:
        line.alts.append(inner)
        return
    line.alts += _IMAGE.findall(inner)
    inner = _IMAGE.sub("", inner)
    placeholder = _PLACEHOLDER.match(inner)
    if placeholder:
        line.alts.append(placeholder[1])
        inner = inner[placeholder.end() :]
    if escaped:
        inner = _ESCAPED.sub(r"\1", _BREAK.sub("\n", inner))
    # a heading that was wrapped has its marks on every line
    inner = re.sub(r"\n[ ]{0,3}#{1,6}[ ]+", "\n", inner)
    line.pieces.append(Piece(inner, span.url))


def _read_heading(line: Line) -> None:
    """Take the marks of a heading off a line."""
    if line.pieces and line.pieces[0].url is None:
        found = _HEADING.match(line.pieces[0].text)
        if found:
            line.level = len(found[1])
            line.pieces[0] = Piece(line.pieces[0].text[found.end() :])


def _drop_placeholders(line: Line) -> None:
    """Take a bracket that is all of a line, and stands for an image, off it."""
    if len(line.pieces) == 1 and line.pieces[0].url is None:
        text = line.pieces[0].text
        found = _PLACEHOLDER.match(re.sub(r"^\s*[-*•]\s+", "", text))
        if found and found.end() == len(re.sub(r"^\s*[-*•]\s+", "", text)) and found[1].strip():
            line.alts.append(found[1])
            line.pieces = []


def _attach_addresses(lines: list[Line]) -> list[Line]:
    """The lines, those that are nothing but an address attached to the text before them."""
    kept: list[Line] = []
    for line in lines:
        found = _ADDRESS.fullmatch(line.text) if "http" in line.text else None
        if not found or any(piece.url for piece in line.pieces):
            kept.append(line)
            continue
        at = next((i for i in range(len(kept) - 1, -1, -1) if not kept[i].blank), None)
        if at is not None and kept[at].url is None:
            # the address is that of the whole paragraph
            while at > 0 and _goes_on(kept[at - 1], kept[at]):
                before, below = kept[at - 1], kept.pop(at)
                before.pieces = [*before.pieces, Piece("\n"), *below.pieces]
                before.last, before.alts = below.last, [*before.alts, *below.alts]
                at -= 1
            kept[at].attached = found[1]
            kept[at].last = max(kept[at].last, line.first)
        kept.append(Line(line.first, line.last, [Piece("", found[1])]))
    return kept


def _goes_on(before: Line, line: Line) -> bool:
    """Whether a line is of the same paragraph as the one before it."""
    words = not before.blank and before.url is None and not before.level and not line.level
    return words and before.last + 1 == line.first
