"""Identifiers of papers, as addresses and fields write them, brought to one form."""

from __future__ import annotations

import polars as pl

# New arXiv identifiers have four digits after the point until 1412, five from 1501 on
# (arXiv, "Understanding the arXiv identifier"); old ones name their archive.
_ARXIV_NEW = (
    r"(?:0[7-9]|1[0-4])(?:0[1-9]|1[0-2])\.[0-9]{4}|(?:1[5-9]|[2-9][0-9])(?:0[1-9]|1[0-2])\.[0-9]{5}"
)
_ARXIV_OLD = r"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2})?/[0-9]{7}"
_ARXIV = rf"(?:^|[/:\s])({_ARXIV_NEW}|{_ARXIV_OLD})(?:v[0-9]+)?(?:\.pdf)?(?:$|[\s?#\]\[])"
_DOI = r"(?i)(?:^|doi\.org/|doi:\s*|\s)(10\.[0-9]{4,9}/\S+)"


def arxiv_id(text: pl.Expr) -> pl.Expr:
    """The arXiv identifier in a field or an address, without its version; null where none is.

    ``2503.0210`` is none: identifiers of that year have five digits after the point.
    """
    # an old identifier must not begin within the address: "abs/hep-th/9901001"
    tidy = text.str.strip_chars().str.replace(r"(?i)^.*?\b(?:abs|pdf|papers|html)/", "")
    return tidy.str.replace(r"(?i)^(?:oai:)?arxiv(?:\.org)?:\s*", "").str.extract(_ARXIV, 1)


def doi(text: pl.Expr) -> pl.Expr:
    """The DOI in a field or an address, in lower case, which it does not depend on."""
    found = text.str.strip_chars().str.replace_all("(?i)%2f", "/").str.extract(_DOI, 1)
    return found.str.strip_chars_end(".,;)]}\"'>").str.to_lowercase()
