"""Identifiers of papers, as addresses and fields write them, brought to one form."""

from __future__ import annotations

import polars as pl

# New arXiv identifiers have four digits after the point until 1412, five from 1501 on
# (arXiv, "Understanding the arXiv identifier"); old ones name their archive, and perhaps a class
# of it, which does not tell papers apart.
_MONTH = r"(?:0[1-9]|1[0-2])"
_ARXIV = (
    rf"((?:0[7-9]|1[0-4]){_MONTH}\.[0-9]{{4}}|(?:1[5-9]|[2-9][0-9]){_MONTH}\.[0-9]{{5}}"
    r"|[a-z]+(?:-[a-z]+)*(?:\.[a-z]{2})?/[0-9]{7})"
)
# before it nothing, or what leads to it; after it a version, and nothing that goes on
_FOUND = rf"(?:^|[^a-z0-9.]|arxiv\.){_ARXIV}(?:v[0-9]+)?(?:\.pdf)?(?:$|[^a-z0-9.]|\.(?:$|\s))"
_DOI = r"(?:^|doi\.org/|doi:\s*|/doi/(?:abs/|full/|pdf/)?|[\s(<;,])(10\.[0-9]{4,9}/[^\s\"<>;?#]+)"
_TRAILING = ".,;:'’"


def arxiv_id(text: pl.Expr) -> pl.Expr:
    """The arXiv identifier in a field, an address or an arXiv DOI, without its version.

    Null where none is: ``2503.0210`` is none, since identifiers of that year have five digits
    after the point.
    """
    # an old identifier must not begin within the address: "abs/hep-th/9901001"
    tidy = (
        text.str.strip_chars()
        .str.to_lowercase()
        .str.replace(r"^.*?\b(?:abs|pdf|papers|html)/", "")
        .str.replace(r"^(?:oai:)?arxiv(?:\.org)?:\s*", "")
        .str.replace(r"^.*10\.48550/arxiv\.", "")
    )
    return tidy.str.extract(_FOUND, 1).str.replace(r"^([a-z-]+)\.[a-z]{2}/", "$1/")


def doi(text: pl.Expr) -> pl.Expr:
    """The DOI in a field or an address, in lower case, which it does not depend on.

    Punctuation at its end, and brackets that it did not open, are no part of it; nor is the
    version of an arXiv DOI.
    """
    plain = text.str.strip_chars().str.to_lowercase()
    for escape, character in (("%2f", "/"), ("%28", "("), ("%29", ")"), ("%3a", ":")):
        plain = plain.str.replace_all(escape, character, literal=True)
    found = plain.str.extract(_DOI, 1)
    # "(see 10.1000/b(c).)" has two brackets and a stop at its end
    found = found.str.strip_chars_end(_TRAILING + "]}")
    for _ in range(2):
        unopened = found.str.count_matches(r"\)") > found.str.count_matches(r"\(")
        shorter = found.str.strip_suffix(")").str.strip_chars_end(_TRAILING)
        found = pl.when(unopened).then(shorter).otherwise(found)
    found = found.str.replace(r"^(10\.48550/arxiv\..*[0-9])v[0-9]+$", "$1")
    return pl.when(found.str.contains(r"^10\.[0-9]{4,9}/.")).then(found)
