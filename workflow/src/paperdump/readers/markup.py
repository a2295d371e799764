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
from typing import NamedTuple

import msgspec

SITE = "https://huggingface.co"

_TOKEN = re.compile(r"[\[\]\n\\]")
_OPENING = re.compile(r"[\[\\]")  # what tells something where no bracket is open
# what makes a target: an address, a path of the site, or nothing; $f[x](y)$ has none
_TARGET = re.compile(
    r"\((?P<url>(?:(?:https?:|mailto:|[/#])(?:[^()\s]|\([^()\s]*\)){0,2000})?)"
    r"(?:\s+\"[^\"\n]{0,500}\")?\)"
    r"|\[(?P<ref>[0-9]{1,5})\]"
)
# what most targets are, told sooner
_PLAIN_TARGET = re.compile(r"\(((?:https?:|/)[^()\s]{0,2000})\)")
_BLANK = re.compile(r"[ \t]*\n")
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
_LINKED_HEADING = re.compile(r"[ ]{0,3}#{1,6}[ ]+\[")
_DEFINITION = re.compile(r"^[ \t]*(?:\[([0-9]{1,5})\]:?|([0-9]{1,5})\.)[ \t]+(https?://\S+)[ \t]*$")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})(?:[ ]+|$)")
# one way only to read each run of stars: with two, a long run takes exponential time
_AT_LINE_START = re.compile(r"[ \t]*(?:#{1,6}[ ]+|[-*•][ ]+|[*_])*$")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\s]*\)")
_INNER_LINK = re.compile(r"\[([^\[\]]{0,2000})\]\((https?://[^)\s]{0,2000})\)")
_PLACEHOLDER = re.compile(r"^\s*\[([^\[\]\n]*)\]\s*")
_ADDRESS = re.compile(r"\s*<?(https?://[^\s<>]+)>?\s*")
_NOTHING = re.compile(
    r"^[ \t]*(?:```(?:text|markdown|md)?|<a id=\"[^\"]*\"></a>)[ \t]*$", re.MULTILINE
)
# how converters keep a line break within a link or heading
_BREAK = re.compile(r"\\{1,2}(?:\n|[ ]{2})")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>~|])")
_WRAPPED_HEADING = re.compile(r"\n[ ]{0,3}#{1,6}[ ]+")
_LIST_MARK = re.compile(r"^\s*[-*•]\s+")
_EMPHASIS = "*_~ \t"
_LONGEST_LINK = 50_000
_MOST_OPENED = 64  # brackets that wait for their end; more are no links
_LONGEST_PARAGRAPH = 400  # lines that an address may belong to


class Piece(NamedTuple):
    """A piece of a line: text, and where it leads to.

    Attributes:
        text: The text.
        url: The target of the link that it is; an empty text where the target is not known; None
            where it is no link.
    """

    text: str
    url: str | None = None


class Line(msgspec.Struct):
    """A line, or the lines that a link spans.

    Attributes:
        first: Number of its first line, counted from 1.
        last: Number of its last line.
        pieces: Its text, cut at the links.
        level: Level of the heading that it is, 0 where it is none.
        alts: The alternative texts of its images.
        inner: The targets of links within its links.
        attached: The address that stood on the line after it.
        text: Its text without links; like the next two set by ``finish``.
        blank: Whether there is no text in it.
        url: Where all of it leads to, if it is one link or has an address after it.
    """

    first: int
    last: int
    pieces: list[Piece] = []
    level: int = 0
    alts: list[str] = []
    inner: list[str] = []
    attached: str | None = None
    text: str = ""
    blank: bool = True
    url: str | None = None

    def finish(self) -> None:
        """Derive what follows from the pieces."""
        if len(self.pieces) == 1:
            self.text, url = self.pieces[0]
            self.blank = not self.text.strip()
            self.url = url if self.attached is None else self.attached
            return
        self.text = "".join([piece.text for piece in self.pieces])
        self.blank = not self.text.strip()
        parts = [piece for piece in self.pieces if piece.text.strip(_EMPHASIS)]
        if self.attached is not None:
            self.url = self.attached
        elif len(parts) == 1:
            self.url = parts[0].url
        elif not parts:
            self.url = next((piece.url for piece in self.pieces if piece.url is not None), None)


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

    Empty lines are mostly left out; the numbers of the others tell where they were.

    Args:
        text: The text.
        escaped: Whether punctuation is escaped by backslashes, as Markdown does.
    """
    if "```" in text or "<a id=" in text:
        text = _NOTHING.sub(lambda found: " " * len(found[0]), text)
    targets, text = _definitions(text)
    spans, unclosed = _links(text, targets)
    if unclosed is not None:
        # the capture was cut off within a link: its bracket is no part of the text
        text = f"{text[:unclosed]} {text[unclosed + 1 :]}"
    starts = [0, *itertools.accumulate(len(line) + 1 for line in text.split("\n"))]
    lines: list[Line] = []
    at = 0
    for span in [*spans, _Span(len(text), 0, 0, len(text), "", False)]:
        _add_text(lines, text[at : span.begin], bisect_right(starts, at))
        if span.begin < len(text):
            _add_link(lines, text, span, starts, escaped=escaped)
        at = span.end
    for line in lines:
        if not line.pieces:
            continue
        _read_heading(line)
        _drop_placeholders(line)
        if escaped and any("\\" in piece.text for piece in line.pieces):
            line.pieces = [
                Piece(_ESCAPED.sub(r"\1", p.text), p.url) if p.url is None else p
                for p in line.pieces
            ]
        line.finish()
    return _attach_addresses(lines)


def _definitions(text: str) -> tuple[dict[str, str], str]:
    """The targets of reference links by number, and the text without the lines that list them."""
    if "http" not in text or "][" not in text:
        return {}, text
    targets: dict[str, str] = {}
    lines = text.split("\n")
    run: list[tuple[int, str, str]] = []  # definitions on lines that follow each other
    for i, line in enumerate([*lines, ""]):
        found = _DEFINITION.match(line) if "http" in line else None
        if found:
            run.append((i, found[1] or found[2], found[3]))
        elif run:
            # a numbered list of addresses is a part of the text where none of them is referred to
            if any(f"][{number}]" in text for _, number, _ in run):
                for place, number, address in run:
                    targets.setdefault(number, address)
                    lines[place] = ""
            run = []
    return targets, "\n".join(lines)


class _Bracket(NamedTuple):
    """A bracket that waits for its end."""

    begin: int
    text_begin: int
    image: bool
    at_line_start: bool


def _links(text: str, targets: dict[str, str]) -> tuple[list[_Span], int | None]:
    """The links and images that stand in no other link, in order.

    Also where a bracket stands that began a line after the last of them and was never closed.
    """
    spans: list[_Span] = []
    opened: list[_Bracket] = []
    past = 0  # the end of what was read already: a bracket, an escaped one, a link's target
    line_begin = looked = 0  # where a line begins, and up to where that was looked for
    while token := (_TOKEN if opened else _OPENING).search(text, past):
        at = token.start()
        past = at + 1
        character = text[at]
        if character == "\\":
            if text[at + 1 : at + 2] in ("[", "]", "\\"):
                past = at + 2
        elif character == "[":
            image = at > 0 and text[at - 1] == "!"
            line_begin = text.rfind("\n", looked, at) + 1 or line_begin
            looked = at
            begins = bool(_AT_LINE_START.match(text, line_begin, at))
            opened.append(_Bracket(at - image, at + 1, image, begins))
            if len(opened) > _MOST_OPENED:
                del opened[: _MOST_OPENED // 2]
        elif character == "\n":
            if _BLANK.match(text, at + 1):
                opened = [bracket for bracket in opened if bracket.at_line_start]
            elif _LINKED_HEADING.match(text, at + 1):
                opened.clear()  # a link that was never closed ends before the next heading
        elif opened:
            span = _closed(text, at, opened, targets)
            if span is not None:
                past = span.end
                while spans and spans[-1].begin >= span.begin:
                    spans.pop()
                spans.append(span)
    last = spans[-1].end if spans else 0
    waiting = [
        bracket.begin for bracket in opened if bracket.at_line_start and bracket.begin >= last
    ]
    return spans, waiting[0] if waiting else None


def _closed(text: str, at: int, opened: list[_Bracket], targets: dict[str, str]) -> _Span | None:
    """The link that a closing bracket ends, if it ends one; takes what it closes off the opened."""
    url: str | None = None
    target = _PLAIN_TARGET.match(text, at + 1)
    if target:
        url = _absolute(target[1])
    elif (target := _TARGET.match(text, at + 1)) and target["url"] is not None:
        url = _absolute(target["url"])
    elif target and target["ref"] in targets:
        url = targets[target["ref"]]
    elif target and _LINE_END.match(text, target.end()):
        cited = text[opened[-1].text_begin : at]
        # two citations at the end of a line are no link; a count has a space before it
        url = None if cited.isdecimal() else ""
    if target is None or url is None:
        inner = text[opened[-1].text_begin : at]
        # an interval such as (0, 1] closes no bracket
        if inner.count("(") <= inner.count(")"):
            opened.pop()
        return None
    which = len(opened) - 1
    if not opened[which].image and (url == "" or url.startswith(SITE)):
        # links do not nest: of the site's own the bracket at a line's beginning is the opening one
        which = next((i for i, b in enumerate(opened) if b.at_line_start and not b.image), which)
    bracket = opened[which]
    del opened[which:]
    if target.end() - bracket.begin > _LONGEST_LINK:
        return None
    return _Span(bracket.begin, bracket.text_begin, at, target.end(), url, bracket.image)


def _absolute(url: str) -> str:
    return SITE + url if url.startswith("/") and not url.startswith("//") else url


def _add_text(lines: list[Line], text: str, number: int) -> None:
    """Add text that is no link; it goes on with the last line.

    Of empty lines only the last is added, with which what follows goes on.
    """
    parts = text.split("\n")
    if lines:
        if parts[0]:
            lines[-1].pieces.append(Piece(parts[0]))
        del parts[0]
        number += 1
    for at, part in enumerate(parts, number):
        if part:
            lines.append(Line(at, at, [Piece(part)]))
    if parts and not parts[-1]:
        last = number + len(parts) - 1
        lines.append(Line(last, last))


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
    if "[" in inner:
        line.alts += _IMAGE.findall(inner)
        inner = _IMAGE.sub("", inner)
        line.inner += [url for _, url in _INNER_LINK.findall(inner)]
        inner = _INNER_LINK.sub(r"\1", inner)
        placeholder = _PLACEHOLDER.match(inner)
        # titles may begin with a bracket; what stands for a picture is followed by a name, or alone
        if placeholder and ("/papers/" not in span.url or placeholder.end() == len(inner)):
            line.alts.append(placeholder[1])
            inner = inner[placeholder.end() :]
    if escaped and "\\" in inner:
        inner = _ESCAPED.sub(r"\1", _BREAK.sub("\n", inner))
    if "\n" in inner:
        # a heading that was wrapped has its marks on every line
        inner = _WRAPPED_HEADING.sub("\n", inner)
    line.pieces.append(Piece(inner, span.url))


def _read_heading(line: Line) -> None:
    """Take the marks of a heading off a line."""
    if line.pieces and line.pieces[0].url is None and "#" in line.pieces[0].text:
        found = _HEADING.match(line.pieces[0].text)
        if found:
            line.level = len(found[1])
            line.pieces[0] = Piece(line.pieces[0].text[found.end() :])


def _drop_placeholders(line: Line) -> None:
    """Take a bracket that is all of a line, and stands for an image, off it."""
    if len(line.pieces) == 1 and line.pieces[0].url is None and "[" in line.pieces[0].text:
        text = _LIST_MARK.sub("", line.pieces[0].text)
        found = _PLACEHOLDER.match(text)
        if found and found.end() == len(text) and found[1].strip():
            line.alts.append(found[1])
            line.pieces = []


def _attach_addresses(lines: list[Line]) -> list[Line]:
    """The lines, those that are nothing but an address attached to the text before them.

    A blank line stands between the two: an address right below a line is a part of its text.
    """
    kept: list[Line] = []
    last = -1  # index of the last line that is not blank
    for line in lines:
        found = _ADDRESS.fullmatch(line.text) if "http" in line.text else None
        alone = found and not any(piece.url for piece in line.pieces)
        set_off = last < 0 or kept[last].last + 1 < line.first
        if not (found and alone and set_off):
            kept.append(line)
            if not line.blank:
                last = len(kept) - 1
            continue
        if last >= 0 and kept[last].url is None:
            # the address is that of the whole paragraph
            begin = last
            while begin > max(0, last - _LONGEST_PARAGRAPH) and _goes_on(
                kept[begin - 1], kept[begin]
            ):
                begin -= 1
            whole = _joined(kept[begin : last + 1])
            whole.attached = found[1]
            whole.last = max(whole.last, line.first)
            whole.finish()
            kept[begin : last + 1] = [whole]
            last = begin
        nothing = Line(line.first, line.last, [Piece("", found[1])])
        nothing.finish()
        kept.append(nothing)
    return kept


def _joined(lines: list[Line]) -> Line:
    """The lines of a paragraph as one."""
    pieces = list(lines[0].pieces)
    for line in lines[1:]:
        pieces += [Piece("\n"), *line.pieces]
    return Line(
        lines[0].first,
        lines[-1].last,
        pieces,
        lines[0].level,
        [alt for line in lines for alt in line.alts],
        [url for line in lines for url in line.inner],
    )


def _goes_on(before: Line, line: Line) -> bool:
    """Whether a line is of the same paragraph as the one before it."""
    words = not before.blank and before.url is None and not before.level and not line.level
    return words and before.last + 1 == line.first
