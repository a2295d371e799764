r"""Reader of ``hf-markdown``: Markdown captures of the Hugging Face paper pages.

Titles are headings, mostly linked to the pages of the papers; ``hf_cards`` says what a page is
made of and what makes an entry certain. Punctuation is escaped as Markdown does (``\_``,
``\[``), and a break within a link is a backslash at the end of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paperdump.readers import hf_cards, listing
from paperdump.readers.base import Item
from paperdump.readers.source import Head, Source

# a title's heading, with its link if it has one, but for the links by number of text captures
_TITLE = re.compile(r"^[ ]{0,3}#{2,4}[ ]+(?!\[.*\]\[[0-9]+\][ ]*$)\S", re.MULTILINE)
_LINKED = re.compile(
    r"^[ ]{0,3}#{2,4}[ ]+\[[^\n]+\]\((?:https?://(?:www\.)?huggingface\.co)?/papers/[0-9]",
    re.MULTILINE,
)
_BY_NUMBER = re.compile(r"\]\[[0-9]+\][ ]*$", re.MULTILINE)


class HfMarkdown:
    """The reader of ``hf-markdown``."""

    name = "hf-markdown"
    recognised_by = (
        "Markdown of a Hugging Face paper page: titles as headings, below the line 'by AK and the "
        "research community' or linked to huggingface.co/papers/…"
    )
    brings = (
        "title",
        "abstract",
        "n_authors",
        "organization_slug",
        "organization_name",
        "date_text",
        "n_comments",
        "n_upvotes",
        "arxiv_text",
        "link_texts",
        "listing_text",
        "captured_text",
        "query",
        "source_url",
        "date_links",
    )

    def sniff(self, head: Head) -> str | None:
        """Whether it has headings that are titles of papers."""
        text = head.text
        if text.lstrip()[:1] in ("<", "{"):
            return None
        linked = _LINKED.search(text)
        if linked:
            line = text.count("\n", 0, linked.start()) + 1
            return f"line {line} is a heading that links to the page of a paper"
        header = listing.header_line(text)
        if header is None or len(_BY_NUMBER.findall(text)) > 2:
            return None
        for heading in _TITLE.finditer(text):
            line = text.count("\n", 0, heading.start()) + 1
            if line > header:
                return f"line {header} is the page's header line, line {line} a heading below it"
        return None

    def read(self, source: Source) -> Iterator[Item]:
        """Read a page whole."""
        return hf_cards.read_text(source.text().text, escaped=True).items()
