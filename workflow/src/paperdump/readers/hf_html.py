"""Reader of ``hf-html``: saved HTML of the Hugging Face paper pages.

The pages of a day, a week, a month, of a search and of what is trending carry their records as
JSON in an attribute, ``data-props``, of the element with ``data-target="DailyPapers"``. That is
read, as ``hf-json`` is. Where it is missing (some tools that save pages drop it) or broken, the
visible text is read instead, as lines with links (``hf_cards``).

What makes an entry certain: a record with a title in that JSON; in visible text what ``hf_cards``
says. Scripts and styles are no text, and nothing of a page is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from paperdump.readers import hf_cards, hf_record, listing
from paperdump.readers.base import Facts, Item, Reject
from paperdump.readers.jsontext import NotJson, loads
from paperdump.readers.markup import SITE, Line, Piece
from paperdump.readers.records import Place
from paperdump.readers.source import Head, Refused, Source

_TARGET = re.compile(r"""data-target\s*=\s*["']?DailyPapers\b""")
_HOLDS_PROPS = 'descendant-or-self::*[@data-target="DailyPapers"][@data-props]'
_LISTS = ("dailyPapers", "searchResults", "papers")
_SITE = re.compile(r"https?://(?:www\.)?huggingface\.co/papers\b")
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "button",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_BLOCK, _HEADING, _LINK, _PICTURE, _SILENT = 1, 2, 4, 8, 16
# what there is to be done at an element, by its tag; at any other nothing
_KINDS = {
    **dict.fromkeys(_BLOCKS, _BLOCK),
    **dict.fromkeys(["h1", "h2", "h3", "h4", "h5", "h6"], _BLOCK | _HEADING),
    "a": _LINK,
    "img": _PICTURE,
    **dict.fromkeys(
        ["script", "style", "template", "noscript", "head", "svg", "iframe", "object", "math"],
        _SILENT,
    ),
}


class HfHtml:
    """The reader of ``hf-html``."""

    name = "hf-html"
    recognised_by = (
        'saved HTML of a Hugging Face paper page: an element with data-target="DailyPapers", or '
        "the visible line 'by AK and the research community'"
    )
    brings = (*hf_record.BRINGS, *listing.PAGE_FACTS)

    def sniff(self, head: Head) -> str | None:
        """Whether it is HTML of a page of the site."""
        if not head.start.startswith("<"):
            return None
        found = _TARGET.search(head.text) if "data-target" in head.text else None
        if found:
            line = head.text.count("\n", 0, found.start()) + 1
            return f'line {line} has an element with data-target="DailyPapers"'
        if not re.search(r"<(?:html|body|main|div|article|section)\b", head.text[:65536], re.I):
            return None
        if _has_header(head.text):
            return "it is HTML with the page's header line, 'by AK and the research community'"
        if _SITE.search(head.text) and re.search(r"<title>[^<]*\bPapers\b", head.text):
            return "it is HTML whose title and links are those of the paper pages"
        return None

    def read(self, source: Source) -> Iterator[Item]:
        """Read a page whole.

        Raises:
            Refused: The HTML cannot be read at all.
        """
        text = source.text().text
        data = _for_a_tree(text)
        root, lost = _parsed(data)
        url = _address(root)
        names = data.lower()  # shows soonest which attributes no element has, in either case
        props, problem = _props(root) if b"data-props" in names else (None, None)
        notes = (problem,) if problem else ()
        if lost:
            yield lost
        if props is not None:
            path, records = _records(props)
            yield _facts(props, url, text, notes)
            for number, record in enumerate(records, 1):
                place = Place(record=number, record_path=f"{path}[{number - 1}]")
                yield from hf_record.read_record(record, place)
            if records:
                return
        lines = _lines(root, hides=b"hidden" in names)
        begin = _header(lines)
        days = tuple(listing.date_links(text))
        n_lines = text.count("\n") + (not text.endswith("\n"))
        facts = Facts(source_url=url, n_lines=n_lines, date_links=days or None, notes=notes)
        page = hf_cards.read_cards(lines, facts, begin)
        if props is None:
            yield page.facts
            yield from page.entries
            yield from page.rejects
        else:
            # an empty list in the JSON: what is visible decides whether that is so
            yield from page.entries


_AFTER_HEADER = 1_000  # characters, within which its line ends


def _has_header(text: str) -> bool:
    """Whether the page's header line is in the visible text, of which its beginning may say it."""
    at = text.find(listing.HEADER)
    end = text.find(">", at + _AFTER_HEADER) + 1 if at >= 0 else 0
    # no tag goes on beyond the end of one; what stands after a line break changes no line before it
    begin = _without_tags(text[:end])
    found = listing.header_line(begin)
    if found is not None and begin.count("\n") >= found:
        return True
    return listing.header_line(_without_tags(text)) is not None


def _without_tags(text: str) -> str:
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]{0,5000}>", "", text))


def _parsed(data: bytes) -> tuple[Any, Reject | None]:
    """The tree of an HTML page, and a reject where the parser gave up before its end.

    Args:
        data: The page, as ``_for_a_tree`` gives it.

    Raises:
        Refused: There is none in it.
    """
    from lxml import etree  # noqa: PLC0415

    # the text is decoded already, whatever encoding the page states
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise Refused("damaged", f"The HTML cannot be read: {error}.") from None
    if root is None:
        raise Refused("damaged", "The HTML cannot be read: Document is empty.")
    for problem in parser.error_log:
        if problem.type_name == "ERR_RESOURCE_LIMIT":
            message = (
                f"Line {problem.line}: the HTML is nested too deeply to be read on from there "
                f"({problem.message}); save the page anew, or its text."
            )
            n_lines = data.count(b"\n") + 1
            first = min(max(1, problem.line), n_lines)
            return root, Reject("damaged", message, first, n_lines)
    return root, None


# characters that no XML tree can hold; the parser would stop at a NUL
_NOT_IN_TREES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))


def _for_a_tree(text: str) -> bytes:
    """A text as UTF-8, a space in the place of each character that no tree can hold."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return _NOT_IN_TREES.sub(" ", text).encode()
    # the bytes show soonest that there is none
    rare = b"\xef\xbf" in data and (b"\xef\xbf\xbe" in data or b"\xef\xbf\xbf" in data)
    if not rare and len(data.translate(None, _CONTROLS)) == len(data):
        return data
    return _NOT_IN_TREES.sub(" ", text).encode()


def _props(root: Any) -> tuple[dict[str, Any] | None, str | None]:
    """The object in ``data-props``, and what is wrong with it where it cannot be read."""
    problem = None
    for element in root.xpath(_HOLDS_PROPS):
        try:
            props = loads(element.get("data-props"))
        except NotJson as error:
            problem = f"The JSON in data-props is broken ({error}); the visible text was read."
            continue
        if isinstance(props, dict) and any(isinstance(props.get(key), list) for key in _LISTS):
            return props, None
        problem = "The JSON in data-props has no list of records; the visible text was read."
    return None, problem


def _records(props: dict[str, Any]) -> tuple[str, list[Any]]:
    """The path and the records; of several lists the one that is not empty."""
    lists = [key for key in _LISTS if isinstance(props.get(key), list)]
    key = next((key for key in lists if props[key]), lists[0])
    return f"$.{key}", props[key]


def _facts(props: dict[str, Any], url: str | None, text: str, notes: tuple[str, ...]) -> Facts:
    """What the page's JSON says of the page."""
    query = props.get("query")
    sought = query.get("q") if isinstance(query, dict) else query
    day = props.get("dateString")
    days = tuple(listing.date_links(text))
    return Facts(
        captured_text=day if isinstance(day, str) and day else None,
        query=sought if isinstance(sought, str) and sought.strip() else hf_cards.query_of(url),
        source_url=url,
        date_links=days or None,
        n_lines=text.count("\n") + (not text.endswith("\n")),
        notes=notes,
    )


def _address(root: Any) -> str | None:
    """The address that a page states for itself."""
    for element in root.iter("link", "meta"):
        if element.tag == "link" and (element.get("rel") or "").lower() == "canonical":
            return element.get("href") or None
        if element.get("property") == "og:url":
            return element.get("content") or None
    return None


def _header(lines: list[Line]) -> int:
    """The number of the line of *by AK and the research community*; 0 where there is none."""
    for i, line in enumerate(lines):
        if line.text.strip().endswith("and the research community"):
            before = " ".join(each.text for each in lines[max(0, i - 6) : i + 1])
            if re.search(r"\bby\s*AK\b", before):
                return line.last
    return 0


def _lines(root: Any, *, hides: bool = True) -> list[Line]:
    """The visible text of a page as lines with links.

    Lines are those that a browser would show; their numbers are those of the file where the
    parser knows them, and never run backwards.

    Args:
        root: The tree of the page.
        hides: Whether an element of it may be marked as hidden.
    """
    from lxml import etree  # noqa: PLC0415

    lines: list[Line] = []
    line: Line | None = None  # the last of them
    pieces: list[Piece] = []  # its pieces, while it is open
    number = 1
    url: str | None = None
    around: list[str | None] = []  # where the links lead to in which the open one stands
    walk = etree.iterwalk(root, events=("start", "end"))
    kind_of = _KINDS.get
    for event, element in walk:
        kind = kind_of(element.tag, 0)
        if event == "start":
            here = element.sourceline
            if here and here > number:
                number = here
            if kind:
                if kind & _BLOCK and (line is None or pieces or line.alts):
                    line = _begun(lines, number)
                    pieces = line.pieces
                if kind & _LINK:
                    around.append(url)
                    url = _target(element)
                elif kind & _HEADING and line:
                    line.level = int(element.tag[1])
                elif kind & _PICTURE and (alt := (element.get("alt") or "").strip()):
                    if line is None:
                        line = _begun(lines, number)
                        pieces = line.pieces
                    line.alts.append(alt)
            if kind & _SILENT or (hides and element.get("hidden") is not None):
                walk.skip_subtree()
                continue
            text = element.text
        else:
            if kind:
                if kind & _BLOCK and (line is None or pieces or line.alts):
                    line = _begun(lines, number)
                    pieces = line.pieces
                elif kind & _LINK:
                    url = around.pop()
            text = element.tail
        # white space begins no line
        if text and (pieces or not text.isspace()):
            if line is None:
                line = _begun(lines, number)
                pieces = line.pieces
            _add(line, text, url, number)
    if line and not pieces and not line.alts:
        lines.pop()
    for each in lines:
        each.finish()
    return lines


def _begun(lines: list[Line], number: int) -> Line:
    """A line that begins, added to the others."""
    line = Line(number, number)
    lines.append(line)
    return line


def _add(line: Line, text: str, url: str | None, number: int) -> None:
    """Add text to a line, runs of white space in it as one space."""
    if not text.isprintable() or "  " in text:
        begins, ends = text[0].isspace(), text[-1].isspace()
        text = " ".join(text.split())
        text = f"{' ' * begins}{text}{' ' * ends}" if text else " "
    pieces = line.pieces
    if not pieces:
        line.first = number
        pieces.append(Piece(text, url))
    elif pieces[-1].url == url:
        pieces[-1] = Piece(pieces[-1].text + text, url)
    else:
        pieces.append(Piece(text, url))
    line.last = number


def _target(element: Any) -> str | None:
    href: str = (element.get("href") or "").strip()
    if not href:
        return None
    return SITE + href if href[0] == "/" and href[1:2] != "/" else href
