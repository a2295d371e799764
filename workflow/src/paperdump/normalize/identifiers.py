"""Identifiers of papers, as addresses, fields and texts write them, brought to one form.

A paper's own identifier decides which entries are the same paper, so it is taken only from where
it can mean no other: the fields for it, which the readers fill from what is the entry's own, and
the address of its page in the listing. An abstract, a title or a link beside it names other papers
more often than its own ("extends arXiv:…", "a comment on …"); what stands there is a mention.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from paperdump.normalize import links

# New arXiv identifiers have four digits after the point until 1412, five from 1501 on
# (arXiv, "Understanding the arXiv identifier"); old ones, until 0703, name their archive, and
# perhaps a class of it, which does not tell papers apart.
_MONTH = r"(?:0[1-9]|1[0-2])"
_ARCHIVE = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas"
    "|cond-mat|cs|dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin"
    "|nucl-ex|nucl-th|patt-sol|physics|plasm-ph|q-alg|q-bio|quant-ph|solv-int|stat|supr-con"
)
_NEW = rf"(?:0[7-9]|1[0-4]){_MONTH}\.[0-9]{{4}}|(?:1[5-9]|[2-9][0-9]){_MONTH}\.[0-9]{{5}}"
_OLD = rf"(?:{_ARCHIVE})(?:\.[a-z]{{2,5}}(?:-[a-z]{{2,4}})?)?/(?:9[1-9]|0[0-7]){_MONTH}[0-9]{{3}}"
_ARXIV = rf"(?:{_NEW}|{_OLD})"
_VERSION = r"(?:v[0-9]{1,3})?"
# before it nothing, or what leads to it; after it a version, and nothing that goes on
_FOUND = (
    rf"(?:^|[^a-z0-9.-]|arxiv\.)({_ARXIV}){_VERSION}(?:\.pdf)?(?:$|[^a-z0-9.]|\.(?:$|[^a-z0-9]))"
)
# In running text an identifier is certain where the word arXiv or a page of papers leads to it;
# an old one also alone.
_PAGES = (
    r"arxiv\.org/(?:abs|pdf|html|ps|format|e-print|src)/\s*|arxiv\.org:"
    r"|\b(?:huggingface|hf)\.co/papers/\s*|\balphaxiv\.org/(?:abs|overview|pdf)/\s*"
)
_WORD = (
    r"\barxiv[\s:~.\]]*(?:(?:preprint|pre-print|e-?print|id|identifier|no|number|paper)s?[\s:~.]+)?"
    r"(?:arxiv[\s:~.]*)?"
)
_AND = r"(?:\s*[,;&]\s*|\s+)(?:and\s+|&\s*)?(?:arxiv:\s*)?"
_MENTIONED = (
    rf"(?:{_PAGES}|{_WORD}){_ARXIV}{_VERSION}(?:{_AND}{_ARXIV}{_VERSION})*"
    rf"(?:\.pdf)?(?:$|[^a-z0-9])"
    rf"|(?:^|[^a-z0-9./-]){_OLD}{_VERSION}(?:$|[^a-z0-9])"
)
# each match of these ends so
_MENTIONED_END = rf"{_ARXIV}{_VERSION}(?:\.pdf)?(?:$|[^a-z0-9])"
_MAY_MENTION = r"(?i)arxiv|(?:huggingface|hf)\.co/papers|[a-z]/[0-9]{7}"
_MAY_MENTION_EACH = (
    "(?i)arxiv",
    r"(?i)\.co/papers",
    r"(?i)[a-z]/[0-9]{7}",
)  # or more, found faster
_MAY_MENTION_DOI = r"10\.[0-9]{4,9}(?:/|%2[Ff])"
_HUB_PAGE = r"(?i)^(?:https?://)?(?:www\.)?(?:huggingface|hf)\.co/papers/"

_DOI_LEAD = r"doi\.org/\s*|\bdoi[:\s]\s*|/doi/(?:abs/|full/|pdf/|epdf/|pdfdirect/)?"
_SERIAL = r"10\.[0-9]{4,9}/\(sici\)[^\s\"]+"  # an older form, in which < > ; are usual
_DOI = rf"(?:^|{_DOI_LEAD}|[\s(<;,])({_SERIAL}|10\.[0-9]{{4,9}}/[^\s\"<>;?#]+)"
_IN_TEXT = (
    r"[^\s\x00-\x1f\"<>;?#{}\[\]\\|`$“”‘’«»\u{3001}-\u{3003}\u{3008}-\u{3020}\u{ff01}-\u{ff65}]"
)
# alone it could be a number: 10.1234/20
_DOIS = (
    rf"(?:{_DOI_LEAD})10\.[0-9]{{4,9}}/{_IN_TEXT}+"
    rf"|(?:^|[^\w./])10\.[0-9]{{4,9}}/(?:{_IN_TEXT}{{4,}}|{_IN_TEXT}*[a-z]{_IN_TEXT}*)"
)
# a text to its first bracket that it did not open
_OPENED = r"^(?:[^()]|\((?:[^()]|\([^()]*\)?)*\)?)*"
_NONE = pl.Series([[]], dtype=pl.List(pl.String))
_ARXIV_DOI = "10.48550/arxiv."
_TRAILING = ".,;:'’*"
# Prefixes of servers of preprints and of other archives that register DOIs (Crossref, DataCite).
_PREPRINT_DOI = (
    r"^10\.(?:48550|1101|64898|2139|5281|6084|17605|20944|21203|31219|31234|31235|31223|26434|36227"
    r"|22541|35542|32942|22215|12688|7287|2196/preprints|5194/egusphere)(?:[/.-]|$)"
)


def arxiv_id(text: pl.Expr) -> pl.Expr:
    """The arXiv identifier in a field, an address or an arXiv DOI, without its version.

    Null where none is: ``2503.0210`` is none, since identifiers of that year have five digits
    after the point.
    """
    return _without_class(text.str.strip_chars().str.to_lowercase().str.extract(_FOUND, 1))


def doi(text: pl.Expr) -> pl.Expr:
    """The DOI in a field or an address, in lower case, which it does not depend on.

    Punctuation at its end, and brackets that it did not open, are no part of it; nor is the
    version of an arXiv DOI. Of several, the first.
    """
    return _tidy_doi(_unescaped(text).str.strip_chars().str.extract(_DOI, 1))


def is_preprint_doi(doi: pl.Expr) -> pl.Expr:
    """Whether a DOI was given by a server of preprints; the published paper has another one."""
    return doi.str.contains(_PREPRINT_DOI)


def own_arxiv_id(arxiv_text: pl.Expr, doi_text: pl.Expr, link_texts: pl.Expr) -> pl.Expr:
    """The arXiv identifier of the paper itself, where it is certain.

    From the field, else from an arXiv DOI in the field of the DOI, else from the links to pages
    of papers on Hugging Face, where they name one paper. Links to arXiv are no evidence: the
    reader has put the entry's own into the field, and others stand in its abstract.
    """
    doi = pl.when(doi_text.str.to_lowercase().str.contains(_ARXIV_DOI, literal=True)).then(doi_text)
    link = pl.element().str.strip_chars()
    pages = link_texts.list.eval(arxiv_id(link.filter(link.str.contains(_HUB_PAGE))))
    pages = pages.list.drop_nulls().list.unique(maintain_order=True)
    page = pl.when(pages.list.len() == 1).then(pages.list.first())
    return pl.coalesce(arxiv_id(arxiv_text), arxiv_id(doi), page)


def mentioned_arxiv_ids(text: pl.Expr, own: pl.Expr) -> pl.Expr:
    """The arXiv identifiers in a text, each once, in order of appearance, without its own.

    Found are those that the word arXiv or the address of a paper's page leads to, lists of them,
    and old ones with their archive (``hep-th/9901001``).
    """
    return _mentioned(text, own, _MAY_MENTION, _arxiv_ids_in)


def telling_of_arxiv(fields: Sequence[pl.Expr]) -> list[pl.Expr]:
    """Fields that stand before a text; null where ``mentioned_arxiv_ids`` is the same without them.

    Args:
        fields: The first ones of those that are searched, with a blank line after each.
    """
    return _telling(fields, _MAY_MENTION_EACH)


def telling_of_dois(fields: Sequence[pl.Expr]) -> list[pl.Expr]:
    """The same for ``mentioned_dois``."""
    return _telling(fields, [_MAY_MENTION_DOI])


def _telling(fields: Sequence[pl.Expr], marks: Sequence[str]) -> list[pl.Expr]:
    """Fields; null where none may be unwrapped, and none holds one of some marks."""
    looks = [
        look for field in fields for look in (links.may_change(field), links.any_mark(field, marks))
    ]
    return [pl.when(pl.any_horizontal(looks)).then(field) for field in fields]


def _arxiv_ids_in(text: pl.Expr) -> pl.Expr:
    plain = links.unwrapped(text).str.to_lowercase()
    # what follows an identifier is part of the match: a second one of the kind needs its own
    plain = plain.str.replace_all(r"[ \t]", "  ")
    # a quick look first: what is no identifier is often part of an address
    plain = pl.when(plain.str.contains(_MENTIONED_END)).then(plain).otherwise(pl.lit(""))
    found = plain.str.extract_all(_MENTIONED).list.join("\n").str.extract_all(_ARXIV)
    return found.list.eval(_without_class(pl.element()))


def mentioned_dois(text: pl.Expr, own: pl.Expr) -> pl.Expr:
    """The DOIs in a text, each once, in order of appearance, without its own.

    Not those that arXiv makes of its identifiers, which are ``mentioned_arxiv_ids``.
    """
    return _mentioned(text, own, _MAY_MENTION_DOI, _dois_in)


def _dois_in(text: pl.Expr) -> pl.Expr:
    plain = _unescaped(links.unwrapped(text)).str.replace_all(r"[ \t]", "  ")
    found = pl.element().str.extract(r"(10\.[0-9]{4,9}/.*)$", 1)
    each = plain.str.extract_all(_DOIS).list.eval(_tidy_doi(found)).list.drop_nulls()
    return each.list.eval(pl.element().filter(~pl.element().str.starts_with(_ARXIV_DOI)))


def _mentioned(
    text: pl.Expr, own: pl.Expr, mark: str, read: Callable[[pl.Expr], pl.Expr]
) -> pl.Expr:
    """What is read in texts, without repeats and without what is their own; an empty list if none.

    Args:
        text: The texts.
        own: What is their own.
        mark: What a text that is read contains: most do not.
        read: Gives a list of what a text mentions.
    """

    def mentioned(columns: Sequence[pl.Series]) -> pl.Series:
        texts, owns = columns
        if len(owns) < len(texts):  # the same for all
            owns = owns.new_from_index(0, len(texts))
        places = texts.str.contains(mark).arg_true()
        some = pl.select(text=texts.gather(places), own=owns.gather(places))
        found = some.select(found=_others(read(pl.col("text")), pl.col("own"))).to_series()
        # the place of each text's list among those found, and after them the empty one
        at = pl.repeat(len(found), len(texts), dtype=pl.get_index_type(), eager=True)
        at.scatter(places, pl.int_range(len(found), eager=True).cast(at.dtype))
        return pl.concat([found, _NONE]).gather(at)

    return pl.map_batches([text, own], mentioned, return_dtype=_NONE.dtype)


def _others(found: pl.Expr, own: pl.Expr) -> pl.Expr:
    """A list without repeats and without one value, its order kept."""
    # the own one goes first, so that it is what comes first of it
    with_own = pl.concat_list(own, found).list.unique(maintain_order=True)
    others = pl.when(own.is_not_null()).then(with_own.list.slice(1)).otherwise(with_own)
    return others.list.drop_nulls()


def _without_class(identifier: pl.Expr) -> pl.Expr:
    """``math.gt/0309136`` → ``math/0309136``."""
    return identifier.str.replace(r"^([a-z-]+)\.[a-z-]+/", "$1/")


def _unescaped(text: pl.Expr) -> pl.Expr:
    """A text in lower case, in which a DOI's usual percent-escapes are undone."""
    plain = text.str.to_lowercase()
    for escape, character in (("%2f", "/"), ("%28", "("), ("%29", ")"), ("%3a", ":")):
        plain = plain.str.replace_all(escape, character, literal=True)
    return plain


def _tidy_doi(found: pl.Expr) -> pl.Expr:
    """A DOI without what the text around it put at its end; null where nothing is left."""
    # "(see 10.1000/b(c).)" has two brackets and a stop at its end
    found = (
        found.str.extract(f"({_OPENED})", 1)
        .str.strip_chars_end(_TRAILING)
        .str.strip_suffix("]")
        .str.strip_suffix("}")
        .str.strip_chars_end(_TRAILING)
    )
    found = found.str.replace(r"^(10\.48550/arxiv\..*[0-9])v[0-9]+$", "$1")
    return pl.when(found.str.contains(r"^10\.[0-9]{4,9}/.")).then(found)
