"""XML read record by record, safely: no entity is ever expanded, nothing outside is ever opened.

The bytes are decoded here, and split at the tags of the records, before lxml sees them. That gives

- safety: a document type declaration is dealt with here and never reaches the parser, so there is
  nothing that could declare an entity;
- true line numbers in files of any size (libxml2's own are exact up to line 65,535 only);
- files that are several documents, or bare records, one after another: all of it is put into one
  root element of our own.

What makes a record certain: an element of its name that is closed, with everything before it
well-formed.
"""

from __future__ import annotations

import codecs
import functools
import html
import io
import re
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from html.entities import html5
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from paperdump.readers.base import Facts, Reject, excerpt_of
from paperdump.readers.decoding import Decoded
from paperdump.readers.records import Place
from paperdump.readers.source import Head, Source

if TYPE_CHECKING:
    from lxml.etree import _Element

_BLOCK = 1 << 17
_ROOT = "paperdump-root"
# prefixes whose declaration is lost where a record was cut out of its document
_PREFIXES = {
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "arxiv": "http://arxiv.org/schemas/atom",
    "opensearch": "http://a9.com/-/spec/opensearch/1.1/",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_CUT_OFF, _TOO_LARGE = 77, 114  # libxml2's numbers of errors
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DOCTYPE = re.compile(r"""<!DOCTYPE(?:[^\[<>"']|"[^"]*"|'[^']*')*([\[<>])""")
_DECLARATION = re.compile(r"<\?xml\s[^<>]*?\?>")
_MOST_OF_DECLARATION = 4096
# longest beginning of a token that may stand at the end of a block
_MOST_OF_TOKEN = 100
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
# encodings, besides Unicode's, that a document may state; in all of them ASCII is ASCII
_STATED = re.compile(rb"""<\?xml\s[^<>]*?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_MAY_BE_STATED = ("iso8859", "cp125", "koi8", "gb", "big5", "euc", "shift", "mac")
_BLANK = " \t\n\ufeff"


class Record(NamedTuple):
    """A record; its element is good until the next item is asked for.

    Attributes:
        element: The element.
        place: Where it stands.
    """

    element: _Element
    place: Place


class Loose(NamedTuple):
    """An element beside the records, such as the title of a feed; good as long as a record's."""

    element: _Element


Children: TypeAlias = "dict[str, list[_Element]]"  # elements within another, by their names
Piece: TypeAlias = Record | Loose | Reject | Facts


def local(tag: object) -> str:
    """The name of an element without its namespace; empty for comments and the like."""
    return _local(tag) if isinstance(tag, str) else ""


@functools.lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1].rsplit(":", 1)[-1]


def children(element: _Element) -> Children:
    """The elements within an element, by their names without namespace, each list in order."""
    found: Children = {}
    for child in element:
        if name := local(child.tag):
            found.setdefault(name, []).append(child)
    return found


def text(element: _Element | None) -> str | None:
    """All text within an element, without white space around it; None where there is none."""
    if element is None:
        return None
    whole = (element.text or "") if not len(element) else "".join(map(str, element.itertext()))
    return whole.strip() or None


def first(found: Children, name: str) -> str | None:
    """The text of the first element of a name that has any."""
    return next((value for one in found.get(name, ()) if (value := text(one))), None)


def texts(found: Children, name: str) -> list[str]:
    """The texts of all elements of a name."""
    return [value for one in found.get(name, ()) if (value := text(one))]


class Root(NamedTuple):
    """The first tag of a document.

    Attributes:
        name: Its name, without prefix.
        namespace: Its namespace, empty where it has none.
        tag: The tag as written.
    """

    name: str
    namespace: str
    tag: str


_SKIPPED = re.compile(
    r"""(?:\s+|<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[<>]*(?:\[.*?\]\s*)?>)+""", re.DOTALL
)
_FIRST_TAG = re.compile(r"""<(?:([\w.-]+):)?([\w.-]+)(?=[\s/>])(?:[^<>"']|"[^"<]*"|'[^'<]*')*>?""")


def root_of(head: Head) -> Root | None:
    """The root element of what may be XML, behind comments and declarations; None if it is not."""
    if not head.start.startswith("<"):
        return None
    skipped = _SKIPPED.match(head.start)
    tag = _FIRST_TAG.match(head.start, skipped.end() if skipped else 0)
    if not tag:
        return None
    attribute = rf"xmlns:{re.escape(tag[1])}" if tag[1] else "xmlns"
    namespace = re.search(rf"""\s{attribute}\s*=\s*["']([^"']*)["']""", tag[0])
    return Root(tag[2], namespace[1] if namespace else "", tag[0])


def read_xml(source: Source, record: str, containers: frozenset[str]) -> Iterator[Piece]:
    """The records of a dump in order, what stands beside them, and what is wrong with it.

    Nothing is raised for what is in the dump: where it is damaged, unsafe or beyond a limit, it
    ends with a reject that says so.

    Args:
        source: The dump.
        record: Name of the elements that are records, without namespace.
        containers: Names of the elements that records may stand in.
    """
    return _Reading(source, record, containers).pieces()


class _Stop(Exception):  # noqa: N818
    """Nothing more can be read, for the reason of a reject."""

    def __init__(self, reject: Reject) -> None:
        super().__init__(reject.message)
        self.reject = reject


@dataclass
class _Reading:
    """A dump while it is read."""

    source: Source
    name: str
    containers: frozenset[str]
    line: int = 1  # of what is fed next
    last: str = "\n"  # last character fed
    pending: int = 0  # characters since a record began or ended
    depth: int = 0  # of records within records
    number: int = 0  # of the record begun last
    opened_at: int = 1  # its first line
    opening: str = ""  # its beginning, until it ends
    within: str = ""  # what ends the comment, CDATA section or instruction that we are in
    root: Any = None
    parent: Any = None  # of the last record
    in_parent: int = 0
    top: Any = None  # outermost element of the last record
    tops: Counter[str] = field(default_factory=Counter)
    stray: bool = False
    strange: list[str] = field(default_factory=list)  # entities that are not XML's
    damaged_characters: int = 0
    damaged_line: int = 0

    def __post_init__(self) -> None:
        from lxml import etree  # noqa: PLC0415

        self.etree = etree
        self.parser: Any = etree.XMLPullParser(
            events=("start", "end"),
            tag=("{*}" + self.name, _ROOT),
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        self.token = re.compile(
            r"<(?:!--|!\[CDATA\[|!DOCTYPE|\?|/?(?:[\w.-]{1,40}:)?"
            + re.escape(self.name)
            + r"(?=[\s/>]))|&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z][\w.-]{0,40};"
        )

    def pieces(self) -> Iterator[Piece]:
        codec = _codec(self.source.head)
        noted = self._state_encoding(codec)
        try:
            declared = "".join(f' xmlns:{p}="{uri}"' for p, uri in _PREFIXES.items())
            yield from self._feed(f"<{_ROOT}{declared}>", ours=True)
            yield from self._cut(self._blocks(codec))
            yield from self._close()
        except _Stop as stop:
            if self.root is not None:
                yield from self._rest(self.root, complete=False)
            yield stop.reject
            yield Facts(notes=self._notes(noted))
        else:
            yield Facts(n_lines=self.line - (self.last == "\n"), notes=self._notes(noted))

    # --- from bytes to pieces of text that end where a record ends

    def _blocks(self, codec: str) -> Iterator[str]:
        """The text, its lines ended by line feeds, without what XML cannot hold; "" is its end."""
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(codec)("replace"), translate=True
        )
        utf8 = codec.startswith("utf-8")
        line, tail = 1, b""
        with self.source.stream() as stream:
            while True:
                block = stream.read(_BLOCK)
                decoded: str = decoder.decode(block, final=not block)
                count = decoded.count("\ufffd")
                if count and utf8:  # some may stand there
                    count -= (tail + block).count("\ufffd".encode())
                if _NOT_XML.search(decoded):
                    decoded, more = _NOT_XML.subn("\ufffd", decoded)
                    count += more
                if count > 0:
                    where = line + decoded.count("\n", 0, decoded.find("\ufffd"))
                    self.damaged_line = self.damaged_line or where
                    self.damaged_characters += count
                line += decoded.count("\n")
                tail = block[-2:]
                if decoded:
                    yield decoded
                if not block:
                    yield ""
                    return

    def _cut(self, blocks: Iterator[str]) -> Iterator[Piece]:
        """Feed the parser, cut at the tags of records and around what it must not see."""
        rest = ""
        for block in blocks:
            rest = yield from self._block(rest + block, final=not block)

    def _block(self, data: str, *, final: bool) -> Generator[Piece, None, str]:
        """Feed a block; what must wait for the next one is given back."""
        fed = at = 0
        while True:
            if self.within:
                end = data.find(self.within, at)
                if end < 0:
                    hold = max(at, len(data) - len(self.within) + 1)
                    break
                at, self.within = end + len(self.within), ""
            found = self.token.search(data, at)
            if not found:
                hold = _held_from(data, at)
                break
            yield from self._feed(data[fed : found.start()])
            fed, at = found.span()
            after = self._token(found[0], data, fed, at, final)
            if after is None:
                fed = hold = found.start()
                break
            fed, instead = after
            at = max(at, fed)
            yield from self._feed(instead)
        hold = len(data) if final else max(hold, fed)
        yield from self._feed(data[fed:hold])
        return data[hold:]

    def _token(
        self, token: str, data: str, start: int, end: int, final: bool
    ) -> tuple[int, str] | None:
        """What to feed for a token, and where what is to be fed then begins.

        None where the data must go on before that can be said.
        """
        if token.startswith("&"):
            return end, self._character(token)
        if token.startswith("</"):
            close = data.find(">", end)
            if close < 0 and not final and len(data) - end < _MOST_OF_TOKEN:
                return None
            # after white space alone it is the end tag that the record ends with
            whole = close >= 0 and not data[end:close].strip()
            return (close + 1, data[start : close + 1]) if whole else (start, "")
        if token in ("<!DOCTYPE", "<?") and not self.depth:
            # within a record the one is an error, which the parser tells, the other harmless
            skipped = self._declaration(token, data, start, final)
            if skipped is None:
                return None
            if skipped:
                return skipped, "\n" * data.count("\n", start, skipped)
        if token in _ENDS:
            self.within = _ENDS[token]
        elif token != "<!DOCTYPE" and not self.depth:  # noqa: S105
            self.opened_at, self.pending = self.line, 0
            self.opening = data[start : start + 400]
        return start, ""

    def _declaration(self, token: str, data: str, start: int, final: bool) -> int | None:
        """Where a declaration that the parser must not see ends; 0 if it may, None if unknown yet.

        Raises:
            _Stop: It declares entities, or could.
        """
        pattern = _DECLARATION if token == "<?" else _DOCTYPE  # noqa: S105
        found = pattern.match(data, start)
        if not found and not final and len(data) - start < _MOST_OF_DECLARATION:
            return None
        if token == "<?":  # noqa: S105
            return found.end() if found else 0
        if found and found[1] == ">":
            return found.end()
        message = (
            f"Line {self.line}: a document type declaration that defines entities, or could. "
            "Such XML can harm who reads it, and no listing needs it: nothing of it is read. "
            "Remove the declaration if the file can be trusted."
        )
        shown = excerpt_of(data[start : start + _MOST_OF_DECLARATION])
        raise _Stop(Reject("unsafe_xml", message, self.line, self.line, shown))

    def _character(self, reference: str) -> str:
        """What to feed for a reference to an entity that XML does not know: HTML's, or itself."""
        if len(self.strange) < 10 and reference not in self.strange:
            self.strange.append(reference)
        # no line end comes in, so that the lines that the parser tells stay true
        return html.escape(html5.get(reference[1:], reference)).replace("\n", " ")

    # --- from text to records

    def _feed(self, data: str, *, ours: bool = False) -> Iterator[Piece]:
        """Feed the parser; what it finished by that."""
        if not data:
            return
        self.pending += len(data)
        self._assert_within_limit()
        failure = None
        try:
            self.parser.feed(data.encode("utf-8", "replace"))
        except self.etree.LxmlError as error:
            failure = error
        if not ours:
            self.line += data.count("\n")
            self.last = data[-1]
        for event, element in self.parser.read_events():
            yield from self._event(event, element)
        if failure is not None:
            raise _Stop(self._damage(failure))

    def _assert_within_limit(self) -> None:
        """Make sure that neither a record nor what stands between two grows without end.

        Raises:
            _Stop: It does.
        """
        limits = self.source.limits
        if self.pending <= limits.record_bytes:
            return
        what = "a record" if self.opening else "what stands between two records"
        message = (
            f"Line {self.opened_at if self.opening else self.line}: {what} is larger than the "
            f"{limits.max_record_mb:g} MB that are read of one; it and what follows it were not "
            "read. Raise readers.limits.max_record_mb if it is what it should be."
        )
        raise _Stop(self._reject("over_limit", message))

    def _event(self, event: str, element: _Element) -> Iterator[Piece]:
        if element.tag == _ROOT:
            if self.root is None:
                self.root = element
            return
        if event == "start":
            self.depth += 1
            if self.depth == 1:
                self.number += 1
        else:
            self.depth -= 1
            if self.depth == 0:
                self.pending, self.opening = 0, ""
                yield from self._finished(element)

    def _finished(self, element: _Element) -> Iterator[Piece]:
        """What stands before a record, and the record; what stands before it is removed."""
        above: list[_Element] = list(element.iterancestors())
        if above[-1:] != [self.root]:
            raise _Stop(self._lost())
        for node in (*reversed(above[:-1]), element):
            parent = node.getparent()
            for sibling in list(node.itersiblings(preceding=True))[::-1]:
                yield from self._beside(sibling)
                if parent is not None:
                    parent.remove(sibling)
        if above[0] is not self.parent:
            self.parent, self.in_parent = above[0], 0
        self.in_parent += 1
        if len(above) > 1 and above[-2] is not self.top:
            self.top = above[-2]
            self.tops[local(self.top.tag)] += 1
        names = [local(node.tag) for node in reversed(above[:-1])]
        if names and self.tops[names[0]] > 1:
            names[0] += f"[{self.tops[names[0]]}]"
        names.append(f"{self.name}[{self.in_parent}]")
        empty = not len(element) and not element.text
        place = Place(
            first_line=self.opened_at,
            last_line=self.opened_at if empty else self.line,
            record=self.number,
            record_path="/" + "/".join(names),
        )
        yield Record(element, place)

    def _beside(self, element: _Element, *, complete: bool = True) -> Iterator[Piece]:
        """An element beside the records, or those within one that may hold records."""
        yield from self._text_beside(element.tail)
        name = local(element.tag)
        if name == self.name or not name:
            return
        if element.getparent() is self.root and element is not self.top:
            self.tops[name] += 1
        if name in self.containers:
            yield from self._rest(element, complete=complete)
        elif complete:
            yield Loose(element)

    def _rest(self, element: _Element, *, complete: bool) -> Iterator[Piece]:
        """What stands in an element beside the records; the last of it may not be complete."""
        yield from self._text_beside(element.text)
        inner = list(element)
        for child in inner:
            yield from self._beside(child, complete=complete or child is not inner[-1])

    def _text_beside(self, found: str | None) -> Iterator[Piece]:
        """A reject for text that stands where only elements should."""
        if found and (shown := found.strip(_BLANK)):
            self.stray = True
            yield Reject("stray_text", "Text beside the records of XML.", excerpt=excerpt_of(shown))

    # --- the end

    def _close(self) -> Iterator[Piece]:
        """What stands after the last record.

        Raises:
            _Stop: The document is not whole.
        """
        try:
            self.parser.close()
        except self.etree.LxmlError as error:
            if damage := self._damage_at_end(error):
                raise _Stop(damage) from error
        else:  # our root was closed by something
            raise _Stop(self._lost())
        yield from self._rest(self.root, complete=True)
        known = self.containers & self.tops.keys()
        if not self.number and not known and not self.stray:
            names = ", ".join(f"<{name}>" for name in self.tops)
            what = f"its root element is {names}" if names else "it holds no element"
            known_as = " or ".join(f"<{name}>" for name in (*sorted(self.containers), self.name))
            message = f"It is XML without records: {what}, not {known_as}."
            yield Reject("no_entries", message)

    def _damage_at_end(self, error: Exception) -> Reject | None:
        """The reject for what the parser found wrong only at the end; None if nothing is."""
        for entry in self.parser.feed_error_log:
            if entry.level < self.etree.ErrorLevels.FATAL:
                # a prefix without declaration and the like: the elements are there all the same
                continue
            if entry.type == _CUT_OFF and f"in tag {_ROOT} " in entry.message:
                return None
            return self._reject_of(entry.message, entry.line, entry.type)
        return self._damage(error)

    def _damage(self, error: Any) -> Reject:
        """The reject for an error of the parser."""
        return self._reject_of(
            getattr(error, "msg", None) or str(error),
            getattr(error, "lineno", None),
            getattr(error, "code", None),
        )

    def _reject_of(self, message: str, line: int | None, code: int | None) -> Reject:
        said = re.sub(r",? ?line \d+, column \d+.*$|\s+$", "", message.strip())
        said = re.sub(r"[:,]? ?(try|use) XML_PARSE_HUGE( option)?", "", said)
        line = min(max(line or self.line, 1), self.line)
        if code == _TOO_LARGE:
            rest = "it is beyond what is read of XML, and what follows it was not read"
            return self._reject("over_limit", f"Line {line}: {rest} ({said}).", line)
        rest = "What follows could not be read. Fetch the file again."
        return self._reject(
            "damaged", f"The XML is damaged or cut off in line {line} ({said}). {rest}", line
        )

    def _lost(self) -> Reject:
        """The reject where the parser silently began anew."""
        return self._reject(
            "damaged",
            f"The XML is damaged before line {self.line}: its elements are not closed in the order "
            "in which they were opened. What follows could not be read. Fetch the file again.",
        )

    def _reject(self, reason: str, message: str, line: int | None = None) -> Reject:
        """A reject of the record that is not finished, else of a line."""
        last = line or self.line
        if self.opening:
            start = min(self.opened_at, last)
            number = self.number + (not self.depth)
            return Reject(reason, message, start, last, excerpt_of(self.opening.strip()), number)
        return Reject(reason, message, last, last)

    def _state_encoding(self, codec: str) -> bool:
        """Let the source know the encoding; whether damage to it was noted where it was found."""
        seen = self.source.head.decoded
        if seen is None:
            return False
        if codec != seen.codec:
            self.source.decoded = Decoded(seen.text, codecs.lookup(codec).name)
            return False
        return self.source.head.whole and bool(seen.notes)

    def _notes(self, noted: bool) -> tuple[str, ...]:
        """What a reader of the dump should know."""
        notes = []
        if self.damaged_characters and not noted:
            notes.append(
                f"{self.damaged_characters} character(s) of it cannot be decoded, or cannot stand "
                f"in XML, and became U+FFFD, the first in line {self.damaged_line}."
            )
        if self.strange:
            shown = ", ".join(self.strange)
            notes.append(
                f"It refers to entities that XML does not know ({shown}); those of HTML were read "
                "as its characters, others kept as they are."
            )
        return tuple(notes)


def _codec(head: Head) -> str:
    """The codec of XML: by its byte order mark, else as it states, else as its bytes look."""
    decoded = head.decoded
    if decoded and (decoded.marked or decoded.encoding.startswith(("utf-16", "utf-32"))):
        return decoded.codec
    stated = _STATED.match(head.data.lstrip()[:1000])
    if stated:
        try:
            name = codecs.lookup(stated[1].decode("ascii")).name
        except LookupError:
            name = ""
        if name.startswith(_MAY_BE_STATED):
            return name
    return decoded.codec if decoded else "utf-8"


def _held_from(data: str, at: int) -> int:
    """From where on a block must wait for the next: a tag or reference may have begun there."""
    near = max(at, len(data) - _MOST_OF_TOKEN)
    begun = [place for mark in "<&" if (place := data.rfind(mark, near)) >= 0]
    return min(begun, default=len(data))
