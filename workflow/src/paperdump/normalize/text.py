"""Text as people read it: Unicode and white space normalized; and keys to compare it by."""

from __future__ import annotations

import polars as pl

_CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f\u{feff}]"


def clean_line(text: pl.Expr) -> pl.Expr:
    """A text on one line: Unicode NFC, no control characters, white space as single spaces.

    Null where nothing is left.
    """
    cleaned = (
        text.str.normalize("NFC")
        .str.replace_all(_CONTROLS, "")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ")
    )
    return _null_if_empty(cleaned)


def clean_paragraphs(text: pl.Expr) -> pl.Expr:
    """A text of paragraphs: as ``clean_line`` within each, a blank line between them.

    Null where nothing is left.
    """
    cleaned = (
        text.str.normalize("NFC")
        .str.replace_all(_CONTROLS, "")
        # a form feed cannot be in the text any more: it is the mark of a paragraph's end here
        .str.replace_all("\f", " ")
        .str.replace_all(r"\n[^\S\n]*(?:\n[^\S\n]*)+", "\f")
        .str.replace_all(r"[\s--\f]+", " ")
        .str.replace_all(r" *\f *", "\n\n")
        .str.strip_chars(" \n")
    )
    return _null_if_empty(cleaned)


def title_key(title: pl.Expr) -> pl.Expr:
    """The normalized title: equal for titles that differ in case, punctuation, spaces only.

    Compatibility forms are unified (NFKC), letters lowered, and runs of punctuation, spaces and
    controls become one space. Symbols stay, and so do the marks that tell things apart: *C*, *C++*
    and *C#*; *A* and A-star; *R&D*; *50%*; *Recall@5*; spaces around these do not count. A title of
    punctuation alone is its own key.
    """
    key = (
        title.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"[[\p{P}\p{Z}\p{C}]--[#*%@&]]+", " ")
        .str.replace_all(r" ?([#*%@&]) ?", "$1")
        .str.strip_chars(" ")
    )
    return pl.when(key == "").then(title).otherwise(key)


def _null_if_empty(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)
