r"""Web addresses in running text, brought to one form.

An address is looked for in the text as it stands on the page: there its line ends, TeX and markup
still show where it begins and ends. What comes out has the form

    ``scheme://host[:port]/path[?query][#fragment]``

with scheme and host in lower case and an empty path as ``/`` (RFC 3986, 6.2.2 and 6.2.3), without
user names and passwords, the scheme's own port, tracking parameters, and punctuation that belongs
to the sentence. Percent-escapes stay as they are: which of them are equal is the server's to say.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import polars as pl

_NONE = pl.Series([[]], dtype=pl.List(pl.String))
# What ends an address: spaces of any width, controls, quotes, what TeX and Markdown put around it,
# CJK punctuation.
_INSIDE = (
    r"[^\s\x00-\x1f\x7f\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{feff}"
    r"<>{}\[\]\\\"^`|$“”„‘’«»‹›—…·\u{3001}-\u{3003}\u{3008}-\u{3020}\u{ff01}\u{ff08}\u{ff09}"
    r"\u{ff0c}\u{ff0e}\u{ff1a}\u{ff1b}\u{ff1f}\u{ff3b}\u{ff3d}\u{ff5b}-\u{ff65}]"
)
# Hosts beside the code hosts whose addresses are certain without a scheme, if a path follows.
_OTHER_HOSTS = (
    r"(?:[a-z0-9-]+\.)+(?:github|gitlab)\.io|huggingface\.co|hf\.co|(?:dx\.)?doi\.org|arxiv\.org"
    r"|zenodo\.org|openreview\.net|osf\.io|sites\.google\.com|youtu\.be"
)
_OTHER_ENDS = {r"\.io", r"\.co", r"\.org", r"\.net", r"\.com", r"\.be"}  # of these
_SCHEME = r"https?(?::/{1,3}|//)"  # "https:/x.org" and "https//x.org" are slips of the pen
_LABEL = r"[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}_-]*"
_TOP = r"(?:\p{L}[\p{L}\p{M}]+|xn--[a-z0-9-]+)"
_HOST = rf"(?:(?:{_LABEL}\.)+{_TOP}|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}})"
_PARTS = (
    rf"(?i)^(?<scheme>https?)(?::/{{1,3}}|//)(?:[^/?#]*@)?(?<host>{_HOST})\.?"
    r"(?::(?<port>[0-9]*))?(?<rest>.*)$"
)
# Two addresses without a space between them.
_TWO_ADDRESSES = r"(?i)^(https?:.+?)(https?://.+)$"
# A text to its first bracket that is not opened, or not closed.
_BALANCED = r"^(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"
# At an address's end: punctuation, a possessive, the first word of a sentence that no space parts.
_TRAILING = r"['’]s|\.(?:We|Our|The|This|These)|[.,;:!?'*_~#&–]"
_END = rf"(?:{_TRAILING})+$"
# An address in which this many rounds still find something was not written for people.
_ROUNDS = 10
# What ``unwrapped`` changes, so that more may be found after it; all else that it changes is within
# what these begin.
_WRAPPED = (r"[\\{&<]|\]\(", "(?i)http")
# Without any of these ``unwrapped`` leaves a text as it is: all that it looks for holds one.
_MAY_UNWRAP = r"[\n\\{&[^\x00-\x7f]]"
# An address in its one form on any host, as most are: nothing to lower, to cut off or to put right.
_PLAIN_PART = r"[A-Za-z0-9_~-]+(?:\.[a-z0-9][A-Za-z0-9_~-]*)*"
_PLAIN = rf"^https?://(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{{2,}}(?:/{_PLAIN_PART})*/{_PLAIN_PART}$"
_NOT_PLAIN = r"^https?://www\.|\.git$|[^A-Za-z0-9]$"
# Parameters that only say how a reader came to the page.
_TRACKING = (
    r"utm_[^=&]*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid"
    r"|mc_cid|mc_eid|mkt_tok|_hsenc|_hsmi|__hstc|__hssc|__hsfp|hsctatracking|vero_id|oly_enc_id"
    r"|oly_anon_id|_openstat|ref_src|ref_url"
)
_HAS_TRACKING = rf"(?i)[?&](?:{_TRACKING})(?:[=&#]|$)"
_EAST_ASIAN = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}].*$"
_LINE_END = r"[ \t]*\r?\n[ \t]*"
_FILE_ENDINGS = "js|ts|json|html|htm|pdf|txt|php|xml|yaml|yml|png|jpg|css|bib|tex|csv|exe"


def find_urls(text: pl.Expr, code_hosts: Sequence[str]) -> pl.Expr:
    r"""The web addresses in a text, each once, in order of appearance.

    Found are ``http`` and ``https`` addresses, those that begin with ``www.``, those on a code
    host, or on another host that is known, without a scheme, and the arguments of TeX's
    ``\url`` and ``\href``; what has no scheme gets ``https://``. Not part of an address:
    punctuation at its end, a bracket without its partner, TeX and Markdown around it, a second
    copy of it. An address that a line end breaks is joined where that is certain.

    Args:
        text: The text as it stands on the page.
        code_hosts: Host names whose addresses are links to code. On them, ``www.``, a final
            ``/`` and ``.git`` are dropped.

    Returns:
        A list; null where the text is null.
    """
    return text.map_batches(
        functools.partial(_found_in, code_hosts=code_hosts),
        return_dtype=pl.List(pl.String),
        is_elementwise=True,
    )


def _found_in(text: pl.Series, code_hosts: Sequence[str]) -> pl.Series:
    """``find_urls`` over a column, of which only the texts that may hold an address are searched.

    Step by step over a frame: as one expression, each step would repeat all those before it.
    """
    code = _any_of(code_hosts)
    known = f"{code}|{_OTHER_HOSTS}" if code else _OTHER_HOSTS
    candidate = rf"(?i)https?[:/]|www\.|\\url|\\href|(?:{known})[/:]"
    # a host is bare where no longer name, address or scheme goes on before it
    bare = rf"(?:^|[^a-z0-9.@/-])(?:www\.{_INSIDE}+|(?:{known})/[\p{{L}}\p{{N}}_~@%-]{_INSIDE}*)"
    frame = text.rename("text").to_frame().with_row_index("row")
    addresses = (
        frame.filter(pl.col("text").str.contains(candidate))
        .with_columns(_readable(pl.col("text"), code))
        .select(
            "row", url=pl.col("text").str.extract_all(rf"(?i)(?-u:\b){_SCHEME}{_INSIDE}+|{bare}")
        )
        .explode("url")
        .with_columns(canonical(pl.col("url"), code_hosts))
        .drop_nulls("url")
    )
    found = _each_once(addresses, code_hosts).group_by("row", maintain_order=True).agg(found="url")
    # the place of each text's list among those found, and after them the empty one
    at = pl.repeat(len(found), len(text), dtype=pl.get_index_type(), eager=True)
    at.scatter(found["row"], pl.int_range(len(found), eager=True).cast(at.dtype))
    at.scatter(text.is_null().arg_true(), None)
    return pl.concat([found["found"], _NONE]).gather(at).alias(text.name)


def all_urls(text: pl.Expr, links: pl.Expr, code_hosts: Sequence[str]) -> pl.Expr:
    """The web addresses in a text and those carried beside it, each once, the text's first.

    A link is an address as a whole: it needs no scheme. Null where there is neither text, which
    white space alone is not, nor link.
    """
    link = pl.element().str.strip_chars()
    bare = link.str.contains(rf"(?i)^(?:[a-z0-9-]+\.)+[a-z]{{2,}}(?::[0-9]+)?(?:[/?#]{_INSIDE}*)?$")
    file = link.str.contains(rf"(?i)^[^/]*\.(?:{_FILE_ENDINGS})(?:[/?#]|$)")
    whole = links.list.eval(pl.when(bare & ~file).then("https://" + link).otherwise(link))
    telling = pl.when(_may_hold_addresses(text, code_hosts)).then(text)
    # a blank line between them: no address goes on beyond one
    both = pl.concat_str(telling, whole.list.join("\n\n"), separator="\n\n", ignore_nulls=True)
    known = text.str.contains(r"\S") | links.is_not_null()
    return find_urls(pl.when(known).then(both.fill_null("")), code_hosts)


def may_change(text: pl.Expr) -> pl.Expr:
    """Whether ``unwrapped`` may make of a text what holds an address or identifier more.

    Where it may not, and the text holds none, nothing that follows after a blank line is read
    otherwise for that text before it.
    """
    return any_mark(text, _WRAPPED)


def any_mark(text: pl.Expr, marks: Sequence[str]) -> pl.Expr:
    """Whether a text contains one of some patterns.

    Each is searched for by itself: one that begins with a literal or with few characters is found
    at the speed of memory, and several in one are not.
    """
    return pl.any_horizontal(text.str.contains(mark) for mark in marks)


def _may_hold_addresses(text: pl.Expr, code_hosts: Sequence[str]) -> pl.Expr:
    """Whether ``find_urls`` may find something in a text, told by few cheap looks."""
    # of a host's name its end is enough, with the point before it
    ends = {re.escape("".join(host.rpartition(".")[1:])) for host in code_hosts} | _OTHER_ENDS
    hosts = rf"(?i)(?:{'|'.join(sorted(ends))})[/:]"
    return may_change(text) | any_mark(text, (r"(?i)www\.", hosts))


def canonical(url: pl.Expr, code_hosts: Sequence[str]) -> pl.Expr:
    """An address in its one form, as the module says; null where it is none.

    It is none where its host has no dot, or its port is no port. The result does not change when
    it is made canonical again.
    """
    return url.map_batches(
        functools.partial(_canonical, code_hosts=code_hosts),
        return_dtype=pl.String,
        is_elementwise=True,
    )


def _canonical(urls: pl.Series, code_hosts: Sequence[str]) -> pl.Series:
    """``canonical`` over a column: what one step leaves may be for another to undo."""
    done = urls.clone()  # scatter works in place
    pending = (~_is_plain(urls)).arg_true()
    for _ in range(_ROUNDS + 1):
        if not len(pending):
            break
        before = done.gather(pending)
        after = _in_form(before, code_hosts)
        done = done.scatter(pending, after)
        pending = pending.filter(after.ne_missing(before) & ~_is_plain(after))
    return done


def _is_plain(urls: pl.Series) -> pl.Series:
    """Whether addresses are certain to be in their one form, told at once; not, if null."""
    return (urls.str.contains(_PLAIN) & ~urls.str.contains(_NOT_PLAIN)).fill_null(False)


def _in_form(urls: pl.Series, code_hosts: Sequence[str]) -> pl.Series:
    """Addresses, each step towards their one form made once."""
    url, host, rest = pl.col("url"), pl.col("host"), pl.col("rest")
    scheme, port = pl.col("scheme"), pl.col("port")
    has_scheme = url.str.contains(rf"(?i)^{_SCHEME}")
    twice = pl.col("first").str.strip_chars_end("/") == pl.col("second").str.strip_chars_end("/")
    own_port = (
        (port == "")
        | ((scheme == "http") & (port == "80"))
        | ((scheme == "https") & (port == "443"))
    )
    frame = (
        urls.rename("url")
        .to_frame()
        .with_columns(url.str.replace(r"^[^A-Za-z0-9]+", ""))
        .with_columns(pl.when(has_scheme).then(url).otherwise("https://" + url))
        .with_columns(
            first=url.str.extract(_TWO_ADDRESSES, 1), second=url.str.extract(_TWO_ADDRESSES, 2)
        )
        .with_columns(pl.when(twice).then("first").otherwise(url).alias("url"))
        .with_columns(_untrailed(url))
        .select(parts=url.str.extract_groups(_PARTS))
        .unnest("parts")
        .with_columns(
            scheme.str.to_lowercase(),
            host.str.to_lowercase().str.normalize("NFC"),
            port.fill_null("").str.strip_chars_start("0"),
            # "https://x.org1/a" has no such host; in "https://x.org,or" it ends before the comma
            goes_on=rest.str.contains(r"^\.?[\p{L}\p{M}\p{N}_@-]"),
        )
        .with_columns(
            pl.when(own_port).then(pl.lit("")).otherwise(":" + port).alias("port"),
            pl.when(rest.str.contains("^[/?#]")).then(rest).otherwise(pl.lit("")).alias("rest"),
            port_number=port.str.head(6).cast(pl.Int32, strict=False).fill_null(0),
        )
        .with_columns(_untracked(rest).alias("rest"))
        .with_columns(_untrailed(rest))
    )
    if code := _any_of(code_hosts):
        # names there are ASCII: what follows is the sentence
        place = (
            rest.str.replace(_EAST_ASIAN, "")
            .str.replace(rf"(?:{_TRAILING}|\.git|/)+$", "")
            .str.replace("^/+", "/")
        )
        frame = (
            frame.with_columns(at_code=host.str.contains(rf"^(?:www\.)?(?:{code})$"))
            .with_columns(pl.when("at_code").then(place).otherwise(rest).alias("rest"))
            .with_columns(
                pl.when("at_code").then(host.str.strip_prefix("www.")).otherwise(host).alias("host")
            )
        )
    path = pl.when(rest.str.starts_with("/")).then(rest).otherwise("/" + rest)
    valid = host.is_not_null() & ~pl.col("goes_on") & (pl.col("port_number") <= 65535)
    whole = pl.concat_str(scheme, pl.lit("://"), host, port, path)
    return frame.select(pl.when(valid).then(whole)).to_series()


def _untrailed(address: pl.Expr) -> pl.Expr:
    """An address, or its end, without what the sentence around it put there."""
    return address.str.extract(f"({_BALANCED})", 1).str.replace(_END, "")


def _each_once(addresses: pl.DataFrame, code_hosts: Sequence[str]) -> pl.DataFrame:
    """Canonical addresses (``row``, ``url``), in each row without those that lead to one place.

    They do if they differ in ``http`` or ``https``, a final ``/`` and, on a code host, the case
    of letters only. The first survives, as ``https`` where one of them is.
    """
    url, place = pl.col("url"), pl.col("place")
    on_code_host = host_of(url).is_in(list(code_hosts))
    return (
        addresses.with_columns(place=url.str.replace("^https?://", "").str.strip_chars_end("/"))
        .with_columns(pl.when(on_code_host).then(place.str.to_lowercase()).otherwise(place))
        .with_columns(secure=url.str.starts_with("https:").any().over("row", "place"))
        .unique(["row", "place"], keep="first", maintain_order=True)
        .select(
            "row",
            pl.when("secure").then(url.str.replace("^http:", "https:")).otherwise(url).alias("url"),
        )
    )


def host_of(url: pl.Expr) -> pl.Expr:
    """The host name of an address, in lower case, without ``www.``."""
    return url.str.to_lowercase().str.extract(r"^https?://(?:[^/?#]*@)?(?:www\.)?([^/:?#]+)", 1)


def code_urls(urls: pl.Expr, code_hosts: Sequence[str]) -> pl.Expr:
    """Those of a list of addresses that lead to a place on a code host, not to the host alone."""
    url = pl.element()
    place = host_of(url).is_in(list(code_hosts)) & url.str.contains(r"^[^:]+://[^/]+/[^/?#]")
    return urls.list.eval(url.filter(place))


def unwrapped(text: pl.Expr) -> pl.Expr:
    r"""A text in which addresses and identifiers stand plain, for finding them only.

    Undone are line ends within an address where that is certain, and escapes of TeX (``\_``,
    ``\textasciitilde``, ``{-}``, …), of JSON (``\/``) and of HTML (``&amp;``).

    A line end is certainly within an address that could not end there: before its host is
    complete, after a hyphen, ``_``, ``=`` or ``&``, or where the bracket around it is still
    open. After a slash it is where the owner's name on a host of code would stand alone.
    """
    return text.map_batches(_unwrapped, return_dtype=pl.String, is_elementwise=True)


def _unwrapped(texts: pl.Series) -> pl.Series:
    """``unwrapped`` over a column, of which only the texts that may change are worked on."""
    places = texts.str.contains(_MAY_UNWRAP).arg_true()
    if not len(places):
        return texts
    changed = pl.select(_each_unwrapped(pl.lit(texts.gather(places)))).to_series()
    return texts.clone().scatter(places, changed)


def _each_unwrapped(text: pl.Expr) -> pl.Expr:
    """``unwrapped`` of any text."""
    text = text.str.normalize("NFC")
    for begin, end in ((r"\{", r"\}"), ("<", ">"), (r"\]\(", r"\)")):
        inside = rf"[^\s{end}]"
        broken = rf"(?i)({begin}\s*https?://{inside}*){_LINE_END}({inside}*{end})"
        text = text.str.replace_all(broken, "$1$2")
    host = rf"(?i)(?-u:\b)(https?://(?:www\.)?[a-z0-9-]*\.?){_LINE_END}([a-z0-9-]+[./][a-z0-9])"
    path = rf"(?i)((?:^|[^_*])https?://[^\s_]\S*[a-z0-9][-_=&]){_LINE_END}([a-z0-9])"
    doi = rf"(10\.[0-9]{{4,9}}/){_LINE_END}"
    text = text.str.replace_all(host, "$1$2").str.replace_all(path, "$1$2")
    text = text.str.replace_all(doi, "$1")
    return (
        text.str.replace_all(r"\\/", "/")
        .str.replace_all(r"\\(?:allowbreak|linebreak|-)(?:\{\})?[ \t]?", "")
        .str.replace_all(r"\$\\sim\$|\\(?:textasciitilde|texttildelow|string~)(?:\{\}|[ \t])?", "~")
        .str.replace_all(r"\\textunderscore(?:\{\}|[ \t])?", "_")
        .str.replace_all(r"\\([_%#&~])(?:\{\})?", "$1")
        .str.replace_all(r"\{([_~-])\}", "$1")
        .str.replace_all("&amp;", "&", literal=True)
        .str.replace_all(r"&(?:lt|gt|quot|nbsp|#39|#x27|#34);", " ")
    )


def _readable(text: pl.Expr, code: str) -> pl.Expr:
    """A text in which each address stands apart and has a scheme where TeX marks it as one."""
    text = unwrapped(text).str.replace_all(
        r"(?i)\\(?:url|href|nolinkurl)\s*\{\s*((?:[a-z0-9-]+\.)+[a-z]{2,}[/:?#}])", " https://$1"
    )
    if code:
        # a repository's address is not complete with its owner
        host = rf"(?i)((?:{code})/){_LINE_END}([a-z0-9_.-]+/[a-z0-9_.-])"
        owner = rf"(?i)((?:{code})/[a-z0-9_.-]+/){_LINE_END}([a-z0-9.]+[-_][a-z0-9])"
        text = text.str.replace_all(host, "$1$2").str.replace_all(owner, "$1$2")
        text = text.str.replace_all(
            rf"(?i)(?-u:\b)(?:(?:git|ssh|git\+ssh)://(?:git@)?|git@)({code})[:/]", " https://$1/"
        )
    # two copies without a space; within an address another one follows a slash or a sign of query
    return text.str.replace_all(r"(?i)([^\s/=?&:])(https?://)", "$1 $2")


def _untracked(rest: pl.Expr) -> pl.Expr:
    """Path, query and fragment without the query's tracking parameters."""
    path, query = (
        rest.str.extract(r"^([^?#]*)", 1),
        rest.str.extract(r"^[^?#]*\?([^#]*)", 1).fill_null(""),
    )
    fragment = rest.str.extract("(#.*)$", 1).fill_null("")
    # each parameter between ampersands of its own
    kept = (
        ("&" + query.str.replace_all("&", "&&", literal=True) + "&")
        .str.replace_all(rf"(?i)&(?:{_TRACKING})(?:=[^&]*)?&", "")
        .str.replace_all("&&", "&", literal=True)
        .str.strip_chars("&")
    )
    kept = pl.when(kept == "").then(pl.lit("")).otherwise("?" + kept)
    return pl.when(rest.str.contains(_HAS_TRACKING)).then(path + kept + fragment).otherwise(rest)


def _any_of(code_hosts: Sequence[str]) -> str:
    """An alternative of host names, as a regular expression; longer ones first."""
    return "|".join(re.escape(host) for host in sorted(code_hosts, key=len, reverse=True))
