r"""Reader of ``hf-markdown``: Markdown captures of the Hugging Face paper pages.

Titles are headings, mostly linked to the pages of the papers; ``hf_cards`` says what a page is
made of and what makes an entry certain. Punctuation is escaped as Markdown does (``\_``,
``\[``), and a break within a link is a backslash at the end of a line.
"""

from __future__ import annotations

from collections.abc import Iterator

from paperdump.readers import hf_cards, listing
from paperdump.readers.base import Item
from paperdump.readers.source import Head, Source


class HfMarkdown:
    """The reader of ``hf-markdown``."""

    name = "hf-markdown"
    recognised_by = (
        "Markdown of a Hugging Face paper page: titles as headings, below the line 'by AK and the "
        "research community' or linked to huggingface.co/papers/…"
    )
    brings = listing.BRINGS

    def sniff(self, head: Head) -> str | None:
        """Whether it has headings that are titles of papers."""
        if head.start[:1] in ("<", "{"):
            return None
        mark = listing.first_mark(head.text)
        if mark is None or mark[0] not in ("heading", "linked heading"):
            return None
        which = "links to the page of a paper" if mark[0] == "linked heading" else "is a title"
        return f"line {mark[1]} is a heading that {which}"

    def read(self, source: Source) -> Iterator[Item]:
        """Read a page whole."""
        return hf_cards.read_text(source.text().text, escaped=True).items()
