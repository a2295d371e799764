"""Web addresses in running text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

# What ends an address: spaces of any width, quotes, what TeX puts around it, CJK punctuation.
_INSIDE = r"[^\s\u{200b}-\u{200d}\u{2060}<>{}\[\]\\\"^`|$，。；：）（、」』]"
_TRAILING = ".,;:!?'*_…’”"


def find_urls(text: pl.Expr, code_hosts: Sequence[str]) -> pl.Expr:
    """The web addresses in a text, each once, in order of appearance.

    Found are ``http`` and ``https`` addresses, those that begin with ``www.``, and those on a
    code host without a scheme; the latter two get ``https://``. Not part of an address:
    punctuation at its end, a closing bracket that it did not open, TeX around it. TeX escapes of
    ``_ % # & ~`` are undone. On a code host a final ``/`` and ``.git`` are dropped. Null where
    the text is null.
    """
    hosts = "|".join(re.escape(host) for host in code_hosts)
    # a host is bare where no longer name, address or scheme goes on before it
    bare = rf"|(?:^|[^\w.@/-])(?:{hosts})/{_INSIDE}+" if hosts else ""
    found = (
        text.str.replace_all(r"\\([_%#&~])(?:\{\})?", "$1")
        .str.extract_all(rf"(?i)\bhttps?://{_INSIDE}+|\bwww\.{_INSIDE}+\.{_INSIDE}+{bare}")
        .list.eval(_tidy(pl.element(), hosts))
    )
    return found.list.unique(maintain_order=True).list.drop_nulls()


def all_urls(text: pl.Expr, links: pl.Expr, code_hosts: Sequence[str]) -> pl.Expr:
    """The web addresses in a text and those carried beside it, each once, the text's first.

    Null where there is neither text nor link.
    """
    both = pl.concat_str(text, links.list.join("\n"), separator="\n", ignore_nulls=True)
    return pl.when(text.is_not_null() | links.is_not_null()).then(find_urls(both, code_hosts))


def _tidy(url: pl.Expr, hosts: str) -> pl.Expr:
    """An address without what does not belong to it; null where nothing but a scheme is left."""
    url = url.str.replace(r"^\W+", "").str.strip_chars_end(_TRAILING)
    for _ in range(2):  # "(see https://a.org/b_(c))." has two brackets and a stop at its end
        unopened = (url.str.count_matches(r"\)") > url.str.count_matches(r"\(")) & (
            url.str.ends_with(")")
        )
        url = pl.when(unopened).then(url.str.head(-1)).otherwise(url)
        url = url.str.strip_chars_end(_TRAILING)
    url = pl.when(url.str.contains("(?i)^https?://")).then(url).otherwise("https://" + url)
    if hosts:
        on_code_host = url.str.contains(rf"(?i)^https?://(?:www\.)?(?:{hosts})/")
        short = url.str.strip_chars_end("/").str.strip_suffix(".git").str.strip_chars_end("/")
        url = pl.when(on_code_host).then(short).otherwise(url)
    return pl.when(url.str.contains(r"^[^:]+://[^/\s]+\.[^/\s]+")).then(url)


def host_of(url: pl.Expr) -> pl.Expr:
    """The host name of an address, in lower case, without ``www.``."""
    return url.str.to_lowercase().str.extract(r"^https?://(?:www\.)?([^/:?#]+)", 1)


def code_urls(urls: pl.Expr, code_hosts: Sequence[str]) -> pl.Expr:
    """Those of a list of addresses that lead to a place on a code host, not to the host alone."""
    url = pl.element()
    place = host_of(url).is_in(list(code_hosts)) & url.str.contains(r"^[^:]+://[^/]+/[^/?#]")
    return urls.list.eval(url.filter(place))
