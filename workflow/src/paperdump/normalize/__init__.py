"""The normalize stage: an entry → typed, cleaned values. It knows one entry, not the others."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from paperdump import dictionary, tables
from paperdump.normalize import dates, identifiers, links, names, signatures, text


def normalize(entries: pl.DataFrame, code_hosts: Sequence[str]) -> pl.DataFrame:
    """Type and clean entries.

    Args:
        entries: A table ``work/entries``.
        code_hosts: Host names whose addresses are links to code.

    Returns:
        A table ``work/normalized`` with a row per entry.
    """
    title, abstract, date = pl.col("title"), pl.col("abstract"), pl.col("date_text")
    links_beside, organization = pl.col("link_texts"), names.clean(pl.col("organization_text"))
    # whatever may name another paper, each field apart from the next
    prose = (title, abstract)
    beside = (links_beside.list.join("\n\n"), pl.col("doi_text"), pl.col("journal_ref"))
    # not eagerly: expressions that several columns share are computed once
    typed = (
        entries.lazy()
        .with_columns(
            # a title of control characters alone stays as it is: no entry is lost here
            clean_title=pl.coalesce(text.clean_title(title), title),
            clean_abstract=text.clean_abstract(abstract),
            authors=names.clean_list(pl.col("authors")),
            organization_slug=pl.coalesce(
                names.clean(pl.col("organization_slug")), names.organization_slug(organization)
            ),
            organization_name=pl.coalesce(
                names.clean(pl.col("organization_name")), names.organization_name(organization)
            ),
            shown_month=dates.shown_month(date),
            shown_day=dates.shown_day(date),
            shown_year=dates.shown_year(date),
            published_on=dates.stated_date(date),
            listed_on=dates.stated_date(pl.col("listed_text")),
            updated_on=dates.stated_date(pl.col("updated_text")),
            arxiv_id=identifiers.own_arxiv_id(
                pl.col("arxiv_text"), pl.col("doi_text"), links_beside
            ),
            doi=identifiers.doi(pl.col("doi_text")),
            categories=names.clean_list(pl.col("categories")),
            journal_ref=text.clean_line(pl.col("journal_ref")),
        )
        .with_columns(
            n_authors=pl.coalesce("n_authors", names.count(pl.col("authors"))),
            title_key=text.title_key(pl.col("clean_title")),
            published_on_evidence=pl.when(pl.col("published_on").is_not_null()).then(
                pl.lit("stated")
            ),
            # as it stands on the page: TeX and line ends show where an address begins and ends
            urls=links.all_urls(
                pl.when(abstract.str.contains(r"\S")).then(abstract), links_beside, code_hosts
            ),
            mentioned_arxiv_ids=identifiers.mentioned_arxiv_ids(
                _apart(*identifiers.telling_of_arxiv(prose), *beside), pl.col("arxiv_id")
            ),
            mentioned_dois=identifiers.mentioned_dois(_apart(*prose, *beside), pl.col("doi")),
        )
    )
    clean = pl.col("clean_abstract")
    typed = typed.with_columns(
        code_urls=links.code_urls(pl.col("urls"), code_hosts),
        # few differ: the same text twice would be half of all that is written, and read again
        listed_abstract=pl.when(abstract.ne_missing(clean)).then(abstract),
    )
    signed = signatures.with_signatures(typed.collect(engine="in-memory"))
    return tables.conform(_plausible(signed), "work/normalized")


def _apart(*fields: pl.Expr) -> pl.Expr:
    """Fields as one text, in which what is read does not go on from one to the next."""
    return pl.concat_str(fields, separator="\n\n", ignore_nulls=True)


def _plausible(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries without values that the data dictionary rules out.

    One odd value of a dump must not keep all others from being published.
    """
    checked = []
    for column in dictionary.table("work/normalized").columns:
        value = pl.col(column.name)
        valid = pl.lit(True)
        if not column.nullable or column.name not in entries.columns:
            continue
        if column.pattern and column.type == "string":
            valid = valid & value.str.contains(column.pattern)
        if column.minimum is not None:
            valid = valid & (value >= _bound(column.minimum))
        if column.maximum is not None:
            valid = valid & (value <= _bound(column.maximum))
        checked.append(pl.when(valid).then(value).alias(column.name))
    return entries.with_columns(checked)


def _bound(bound: float | str) -> pl.Expr:
    """A bound of the dictionary: a number, or a day."""
    return pl.lit(bound).str.to_date() if isinstance(bound, str) else pl.lit(bound)
