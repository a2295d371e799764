"""Reader of ``hf-text``: plain-text captures of the Hugging Face paper pages.

A page is a header, then entries::

    …                                        a capture's own header, site menus, "Daily Papers"
    byAK and the research community          the header line that tells the format
                                             (blank lines stand between all of these)
    Jun 10                                   the listing's day

    101                                      upvotes, or "-", "[-] 74", where the capture kept them

    Title

    Abstract

      • 5 authors                            or an organisation: "slug Name of it"
    ·
    May 28, 2024 2                           date, without its year in the current one; comments

Captures that keep links, or mark titles as headings, are read by ``hf_cards``; the others here.
A capture may lack the metadata of some entries or of all. What makes an entry certain:

* with metadata: the block ``byline / · / date`` (or what is left of it) closes an entry, so the
  text before it ends in that entry's abstract;
* with upvotes: their line stands before a title;
* without: title and abstract follow each other as two paragraphs. Such an entry must have a title
  that is no prose and an abstract that is; what has not, such as the words of a menu, is a
  reject, never an entry (``plain_division`` says how paragraphs are told apart).
"""

from __future__ import annotations

from collections.abc import Iterator

from paperdump.readers import hf_cards, listing
from paperdump.readers.base import Facts, Item, Page, Reject
from paperdump.readers.plain_division import Division, Paragraph, Upvotes
from paperdump.readers.plain_metadata import metadata_at
from paperdump.readers.plain_pairs import PADDING, read_pairs
from paperdump.readers.source import Head, Source

_LINKS_WITHIN = 4000  # characters at both ends, where links to other days stand


class HfText:
    """The reader of ``hf-text``."""

    name = "hf-text"
    recognised_by = (
        "a plain-text capture of a Hugging Face paper page, by its line 'by AK and the research "
        "community'"
    )
    brings = (*listing.BRINGS, "organization_text")

    def sniff(self, head: Head) -> str | None:
        """Whether the text has the header line of the page."""
        line = listing.header_line(head.text)
        if line is None or head.start.startswith("<"):
            return None
        return f"line {line} is the page's header line, 'by AK and the research community'"

    def read(self, source: Source) -> Iterator[Item]:
        """Read a page whole.

        Raises:
            Refused: It is too large, or not text.
        """
        return read_text(source.text().text).items()


def read_text(text: str) -> Page:
    """Read a page of text, marked or plain."""
    header = listing.header_line(text) or 0
    if listing.first_mark(text, header):
        return hf_cards.read_text(text, escaped=False)
    return read_plain(text, header)


def read_plain(text: str, header: int | None = None, *, quick: bool = True) -> Page:
    """Read a page of plain text; one without a header line has no header.

    Args:
        text: The page.
        header: The number of its header line, 0 for none; None to look for it.
        quick: Whether the quick way may be taken where it can; it makes no other difference.
    """
    lines = text.split("\n")
    if header is None:
        header = listing.header_line(text) or 0
    before = "\n".join(lines[: max(header - 1, 0)])
    capture = listing.capture_facts(before) if ":" in before else _NO_FACTS
    listing_text, body = _listing(lines, header)
    days = listing.date_links(text[:_LINKS_WITHIN])
    days += [day for day in listing.date_links(text[-_LINKS_WITHIN:]) if day not in days]
    division = Division(lines)
    footer = None
    begin, end = body, len(lines)
    if quick:
        lines += PADDING
        begin = read_pairs(lines, body, end, division.entries)
        del lines[end:]
    if begin < end:
        second = _second_page(text, lines, body, header)
        end = _footer(lines, body, second)
        footer = end + 1 if end < second else None
        padded = [*lines[:end], *PADDING]
        while begin < end:
            begin = _read_slowly(lines, begin, end, division, once=quick)
            if begin < end:
                begin = read_pairs(padded, begin, end, division.entries)
        if second < len(lines):
            division.rejects.append(_rest_of_dump(lines, second))
    n_lines = len(lines) - (not lines[-1])
    facts = Facts(
        listing_text=listing_text,
        captured_text=capture.captured_text,
        query=hf_cards.query_of(capture.source_url),
        source_url=capture.source_url,
        date_links=tuple(days) or None,
        n_lines=n_lines,
        header_lines=body,
        footer_line=footer,
        notes=tuple(division.notes),
    )
    return Page(entries=division.entries, rejects=division.rejects, facts=facts)


_NO_FACTS = Facts()


def _listing(lines: list[str], header: int) -> tuple[str | None, int]:
    """The day of the listing, and the index of the line where the entries begin.

    Args:
        lines: All lines.
        header: The number of the header line, 0 where there is none.
    """
    after = header
    for i in range(header, len(lines)):
        line = lines[i].strip()
        if line in listing.HEADER_MENU:
            after = i + 1
        elif line:
            day = listing.listing_day(line)
            if day:
                return day, i + 1
            break
    return None, after


def _second_page(text: str, lines: list[str], start: int, header: int) -> int:
    """Index of the line where another page's header begins, or the number of lines."""
    found = listing.second_header(text, header, sum(map(len, lines[:start])) + start)
    if found is None:
        return len(lines)
    begin = found - 1
    while begin > start and lines[begin - 1].strip() in ("", "by", "AK", *listing.BEFORE_HEADER):
        begin -= 1
    while not lines[begin].strip():
        begin += 1
    return begin


def _footer(lines: list[str], start: int, end: int) -> int:
    """Index of the line where the page's footer begins, or ``end``.

    A footer is a run of words of the page, up to its end, with at least one that no menu above
    the entries has.
    """
    begin = end
    marked = False
    for i in range(end - 1, start - 1, -1):
        line = lines[i].strip()
        if not line:
            continue
        if not listing.is_menu(line) and not line.startswith("http"):
            break
        begin = i
        marked = marked or line in listing.FOOTER
    return begin if marked else end


def _read_slowly(lines: list[str], start: int, end: int, division: Division, *, once: bool) -> int:
    """Read the body paragraph by paragraph, and weigh what is not certain.

    Args:
        lines: All lines.
        start: Index of the first line, right after the header or a metadata block.
        end: Index after the body's last line.
        division: Where the entries go.
        once: Whether to stop after the first metadata block.

    Returns:
        The index to go on from.
    """
    pending: list[Paragraph] = []
    upvotes: Upvotes | None = None
    first = i = start
    while i <= end:
        line = lines[i] if i < end else ""
        metadata = metadata_at(lines, i, end, first == i, len(pending)) if line else None
        if metadata or not line.strip():
            if first < i:
                paragraph = Paragraph(first + 1, i, "\n".join(lines[first:i]))
                shown = _upvotes(paragraph, pending, upvotes)
                if shown:
                    if pending or upvotes:
                        division.divide(pending, None, upvotes)
                    pending, upvotes = [], shown
                else:
                    pending.append(paragraph)
            if metadata:
                division.divide(pending, metadata, upvotes)
                pending, upvotes = [], None
                i = metadata.last - 1
            first = i + 1
            if metadata and once:
                return i + 1
        i += 1
    division.divide(pending, None, upvotes, at_end=True)
    return end


def _upvotes(
    paragraph: Paragraph, pending: list[Paragraph], before: Upvotes | None
) -> Upvotes | None:
    """The upvotes that a paragraph is, if it is the line of upvotes before a title."""
    found = listing.UPVOTES.fullmatch(paragraph.text) if len(paragraph.text) < 20 else None
    # a number that stands right after metadata, or after the header, can be no title; within an
    # abstract it is upvotes where the entry before it had some
    if not found or (pending and before is None):
        return None
    return Upvotes(paragraph.first, None if found[1] == "-" else found[1])


def _rest_of_dump(lines: list[str], start: int) -> Reject:
    last = len(lines)
    while not lines[last - 1].strip():
        last -= 1
    return listing.second_page(start + 1, last, "\n".join(lines[start:last]))
