"""The normalize stage: an entry → typed, cleaned values. It knows one entry, not the others."""

from __future__ import annotations

import functools
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
    field = functools.partial(_field, entries)
    title, abstract, doi_text = pl.col("title"), pl.col("abstract"), field("doi_text")
    links_beside, organization = pl.col("link_texts"), names.clean(field("organization_text"))
    # whatever may name another paper, each field apart from the next
    prose = (title, abstract)
    beside = (links_beside.list.join("\n\n"), doi_text, pl.col("journal_ref"))
    # not eagerly: expressions that several columns share are computed once
    typed = (
        entries.with_columns(_dates(entries["date_text"]))
        .lazy()
        .with_columns(
            # a title of control characters alone stays as it is: no entry is lost here
            clean_title=pl.coalesce(text.clean_title(title), title),
            clean_abstract=text.clean_abstract(abstract),
            authors=names.clean_list(field("authors")),
            organization_slug=pl.coalesce(
                names.clean(field("organization_slug")), names.organization_slug(organization)
            ),
            organization_name=pl.coalesce(
                names.clean(field("organization_name")), names.organization_name(organization)
            ),
            listed_on=dates.stated_date(field("listed_text")),
            updated_on=dates.stated_date(field("updated_text")),
            arxiv_id=identifiers.own_arxiv_id(field("arxiv_text"), doi_text, links_beside),
            doi=identifiers.doi(doi_text),
            categories=names.clean_list(field("categories")),
            journal_ref=text.clean_line(field("journal_ref")),
        )
        .with_columns(
            n_authors=pl.coalesce("n_authors", names.count(pl.col("authors"))),
            title_key=text.title_key(pl.col("clean_title")),
            published_on_evidence=pl.when(pl.col("published_on").is_not_null()).then(
                pl.lit("stated")
            ),
            # as it stands on the page: TeX and line ends show where an address begins and ends
            urls=links.all_urls(abstract, links_beside, code_hosts),
            mentioned_arxiv_ids=identifiers.mentioned_arxiv_ids(
                _apart(*identifiers.telling_of_arxiv(prose), *beside), pl.col("arxiv_id")
            ),
            mentioned_dois=identifiers.mentioned_dois(
                _apart(*identifiers.telling_of_dois(prose), *beside), pl.col("doi")
            ),
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


def _field(entries: pl.DataFrame, name: str) -> pl.Expr:
    """A field of entries; one null in place of all where none has it, as most formats lack some."""
    values = entries[name]
    is_missing = len(values) > 0 and values.null_count() == len(values)
    return pl.lit(None, values.dtype) if is_missing else pl.col(name)


def _dates(written: pl.Series) -> list[pl.Series]:
    """What date texts state, each distinct one read once: few days have all entries of a batch."""
    text = pl.col(written.name)
    read = (
        written.unique()
        .to_frame()
        .lazy()
        .with_columns(
            shown_month=dates.shown_month(text),
            shown_day=dates.shown_day(text),
            shown_year=dates.shown_year(text),
            published_on=dates.stated_date(text),
        )
        .collect(engine="in-memory")
    )
    of_each = written.to_frame().join(
        read, on=written.name, how="left", nulls_equal=True, maintain_order="left"
    )
    return of_each.drop(written.name).get_columns()


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
