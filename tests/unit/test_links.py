from __future__ import annotations

from urllib.parse import urlsplit

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paperdump import config, tables
from paperdump.normalize import links, normalize

HOSTS = config.resolve({})["normalize"]["code_hosts"]


def urls(value: str | None, hosts: list[str] = HOSTS) -> list[str] | None:
    frame = pl.DataFrame({"x": [value]}, schema={"x": pl.String})
    found = frame.select(links.find_urls(pl.col("x"), hosts)).item()
    return None if found is None else found.to_list()


def canonical(value: str) -> str | None:
    frame = pl.DataFrame({"x": [value]}, schema={"x": pl.String})
    found: str | None = frame.select(links.canonical(pl.col("x"), HOSTS)).item()
    return found


def carried(text: str | None, beside: list[str] | None) -> list[str] | None:
    frame = pl.DataFrame(
        {"x": [text], "y": [beside]}, schema={"x": pl.String, "y": pl.List(pl.String)}
    )
    found = frame.select(links.all_urls(pl.col("x"), pl.col("y"), HOSTS)).item()
    return None if found is None else found.to_list()


SCRAPS = st.sampled_from(
    (
        "tide |https://|http|https:|www.|github.com/a/b|github.com/|github.|com/a|a.github.io/p"
        "|x.org/p|youtu.be/p|git@github.com:a/b|\\url{|\\href{|}|{| |\n|\n\n|\r\n |,|.|-|/|:|<"
        "|>|](|)|&|?q=|_|\\-|\\/|&amp;|{-}|\\_|\\allowbreak |10.1000/|\u212a|ſ|é|e.g."
    ).split("|")
)
PROSE = st.lists(SCRAPS, max_size=7).map("".join)


@given(st.none() | PROSE, st.none() | st.lists(PROSE, max_size=2), st.sampled_from([HOSTS, []]))
@example("tides", ["https://x.org/p"], HOSTS)
@example("git\\-hub.com/a/b", ["https://x.org/p"], HOSTS)
@example("as <", ["https://x.\norg/p>"], HOSTS)
@example("tides", None, HOSTS)
def test_a_text_that_holds_no_address_makes_no_difference_to_its_links(
    text: str | None, beside: list[str] | None, hosts: list[str]
) -> None:
    frame = pl.DataFrame(
        {"x": [text], "y": [beside]}, schema={"x": pl.String, "y": pl.List(pl.String)}
    )
    found = frame.select(links.all_urls(pl.col("x"), pl.col("y"), hosts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "_may_hold_addresses", lambda *_: pl.lit(True))
        assert frame.select(links.all_urls(pl.col("x"), pl.col("y"), hosts)).equals(found)


@given(st.none() | PROSE | st.text())
@example("https://x.\norg/p")
@example("e\u0301")
def test_a_text_without_marks_of_wrapping_is_the_same_unwrapped(text: str | None) -> None:
    frame = pl.DataFrame({"x": [text]}, schema={"x": pl.String})
    found = frame.select(links.unwrapped(pl.col("x")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "_MAY_UNWRAP", "")
        assert frame.select(links.unwrapped(pl.col("x"))).equals(found)


ADDRESS_PARTS = st.sampled_from(
    "http|https|HTTPS|://|www.|github.com|x.org|x.y2.io|X|/|a|B-c|_|~|-|.|.git|.We|.pdf|.Pdf|2|:80"
    "|?q=1|?utm_x=1|#s|(|)|é".split("|")
)


@given(
    st.lists(ADDRESS_PARTS, max_size=9).map("".join)
    | st.lists(ADDRESS_PARTS, max_size=6).map(lambda parts: "https://x.org/" + "".join(parts))
    | st.lists(ADDRESS_PARTS, max_size=6).map(lambda parts: "http://github.com/" + "".join(parts))
)
@example("https://github.com/a/b.git")
@example("https://www.github.com/a/b")
@example("https://x.org/p.We")
@example("https://x.org/a//b")
def test_a_plain_address_is_in_its_one_form(address: str) -> None:
    urls = pl.Series([address, None])
    found = links._canonical(urls, HOSTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "_PLAIN", "[^\\s\\S]")  # which nothing is
        assert links._canonical(urls, HOSTS).equals(found, null_equal=True)


def test_most_addresses_are_told_to_be_plain() -> None:
    plain = pl.Series(["https://x.org/a_b/c-d.pdf", "http://a.b.org/p/1706.03762"])
    others = pl.Series(["https://x.org", "https://X.org/p", "https://x.org/p.", "x.org/p", None])
    assert links._is_plain(plain).all()
    assert not links._is_plain(others).any()


@pytest.mark.parametrize(
    ("abstract", "found"),
    [
        ("Code: https://github.com/a/b.", ["https://github.com/a/b"]),
        ("(see https://x.org/p)", ["https://x.org/p"]),
        ("(see https://x.org/p_(q)).", ["https://x.org/p_(q)"]),
        ("(https://x.org/a_(b))", ["https://x.org/a_(b)"]),
        ("(https://x.org/a).We", ["https://x.org/a"]),
        ("at https://github.com/a/b(see below)", ["https://github.com/a/b"]),
        ("at https://x.org/p, and", ["https://x.org/p"]),
        ("is “https://x.org/p”.", ["https://x.org/p"]),
        ("in https://x.org/p's data", ["https://x.org/p"]),
        ("on https://x.org/p.We show", ["https://x.org/p"]),
        ("on https://x.org/p—ours", ["https://x.org/p"]),
        ("见https://x.org/p。然后", ["https://x.org/p"]),
        ("（https://x.org/p），", ["https://x.org/p"]),
        ("代码见github.com/a/b是", ["https://github.com/a/b"]),
        ("https://zh.wiki.test/wiki/潮汐", ["https://zh.wiki.test/wiki/潮汐"]),
        ("https://x.org/a\u200b", ["https://x.org/a"]),
        ("is https://x.org/v1.2/a-b~c/?q=1&r=%20#s.", ["https://x.org/v1.2/a-b~c/?q=1&r=%20#s"]),
        ("No address here.", []),
        ("", []),
        (None, None),
    ],
)
def test_an_address_ends_where_the_sentence_goes_on(
    abstract: str | None, found: list[str] | None
) -> None:
    assert urls(abstract) == found


@pytest.mark.parametrize(
    ("abstract", "found"),
    [
        (r"\url{https://x.org/p}", ["https://x.org/p"]),
        (r"alignment.\url{https://x.org/p/ }", ["https://x.org/p/"]),
        (r"\url{x.org/p} and \href{mailto:a@x.org}{us}", ["https://x.org/p"]),
        (r"\href{https://x.org/p}{our page}", ["https://x.org/p"]),
        (r"\footnote{Code is at https://x.org/p.}", ["https://x.org/p"]),
        ("at~https://x.org/p", ["https://x.org/p"]),
        (r"at https://x.org/p\\ and", ["https://x.org/p"]),
        (r"https://x.org/a\_b\%20c", ["https://x.org/a_b%20c"]),
        (r"https://x.org/a\textunderscore b", ["https://x.org/a_b"]),
        (r"https://x.org/$\sim$terns/", ["https://x.org/~terns/"]),
        (r"https://x.org/\textasciitilde{}terns/", ["https://x.org/~terns/"]),
        (r"https://x.org/\~{}terns/", ["https://x.org/~terns/"]),
        (r"https://x.org/a{-}b/\allowbreak c", ["https://x.org/a-b/c"]),
        (
            "at $https://github.com/a/b$ and https://x.org/c$^1$",
            ["https://github.com/a/b", "https://x.org/c"],
        ),
        ("[our page](https://x.org/a_(b)),", ["https://x.org/a_(b)"]),
        ("[https://x.org/a](https://x.org/a)", ["https://x.org/a"]),
        ("<https://x.org/a>, *https://y.org/c*", ["https://x.org/a", "https://y.org/c"]),
        ("**www.x.org/b**, _github.com/a/b_", ["https://www.x.org/b", "https://github.com/a/b"]),
        ('<a href="https://x.org/a?b=1&amp;c=2">', ["https://x.org/a?b=1&c=2"]),
        ("&quot;https://x.org/a&quot;", ["https://x.org/a"]),
        (r"https:\/\/x.org\/a", ["https://x.org/a"]),
    ],
)
def test_markup_around_an_address_is_no_part_of_it(abstract: str, found: list[str]) -> None:
    assert urls(abstract) == found


@pytest.mark.parametrize(
    "abstract",
    [
        r"https://github.com/a/b{\small\texttt{https://github.com/a/b}} to",
        r"\texttt{https://github.com/a/b}{https://github.com/a/b}",
        "https://github.com/a/b}{https://github.com/a/b}.",
        "https://github.com/a/bhttps://github.com/a/b",
        "https://github.com/a/b/https://github.com/a/b/",
        "https://github.com/a/b and HTTP://GitHub.com/a/b/",
        "http://github.com/a/b, https://github.com/A/B.git",
        "github.com/a/b; https://www.github.com/a/b",
    ],
)
def test_copies_of_an_address_count_once(abstract: str) -> None:
    assert urls(abstract) == ["https://github.com/a/b"]


def test_of_addresses_that_differ_in_a_slash_the_first_survives_and_https_if_it_is_there() -> None:
    assert urls("http://x.org/a/ https://x.org/a https://x.org/A") == [
        "https://x.org/a/",
        "https://x.org/A",
    ]
    assert urls("http://x.org/a http://x.org/a/") == ["http://x.org/a"]


def test_an_address_within_another_is_no_copy() -> None:
    archived = "https://archive.test/web/2020/https://x.org/a"
    assert urls(f"{archived} https://x.org/?u=https://y.org/") == [
        archived,
        "https://x.org/?u=https://y.org/",
    ]


@pytest.mark.parametrize(
    ("abstract", "found"),
    [
        ("code at github.com/a/b, data too", ["https://github.com/a/b"]),
        ("(GitLab.com/a/b)", ["https://gitlab.com/a/b"]),
        ("https:// github.com/a/b", ["https://github.com/a/b"]),
        ("at https:/github.com/a/b or http//x.org/c", ["https://github.com/a/b", "http://x.org/c"]),
        ("git@github.com:a/b.git", ["https://github.com/a/b"]),
        ("ssh://git@github.com/a/b or", ["https://github.com/a/b"]),
        ("git://gitee.com/c/d", ["https://gitee.com/c/d"]),
        ("git+https://github.com/a/b.git", ["https://github.com/a/b"]),
        ("at www.x.org/a, and", ["https://www.x.org/a"]),
        ("at terns.github.io/tides.", ["https://terns.github.io/tides"]),
        ("doi.org/10.1000/x", ["https://doi.org/10.1000/x"]),
    ],
)
def test_an_address_without_a_scheme_is_found_where_it_is_certain(
    abstract: str, found: list[str]
) -> None:
    assert urls(abstract) == found


@pytest.mark.parametrize(
    "abstract",
    [
        "notgithub.com/a is no code host",
        "blog.github.com/post and my-gitlab.com/a, me@github.com/b",
        "https:// nothing, github.com alone, github.com/. github.com/)",
        "e.g.www and www.a and www. or www",
        "node.js/express, a.k.a. and/or socket.io/x",
        "https://localhost/a http://a http://e.g http://a.k.a. https://x..org/",
        "https://x.org1/a https://x.org:99999/a http://[::1]/",
        "xhttp://, https://.x.org",
    ],
)
def test_what_only_looks_like_an_address_is_none(abstract: str) -> None:
    assert urls(abstract) == []


@pytest.mark.parametrize(
    ("written", "one_form"),
    [
        ("HTTPS://X.Org/A?B=c&d=e#F", "https://x.org/A?B=c&d=e#F"),
        ("https://x.org", "https://x.org/"),
        ("https://x.org?q=1", "https://x.org/?q=1"),
        ("http://x.org:80/a", "http://x.org/a"),
        ("https://x.org:443/a", "https://x.org/a"),
        ("https://x.org:/a", "https://x.org/a"),
        ("http://x.org:443/a", "http://x.org:443/a"),
        ("https://x.org:8080/a", "https://x.org:8080/a"),
        ("https://x.org./a", "https://x.org/a"),
        ("https://me:secret@x.org/@me", "https://x.org/@me"),
        ("https://Bücher.TEST/ü", "https://bücher.test/ü"),
        ("https://例え.テスト/a", "https://例え.テスト/a"),
        ("https://xn--bcher-kva.test/", "https://xn--bcher-kva.test/"),
        ("http://192.0.2.1/a", "http://192.0.2.1/a"),
        ("https://x.org/a%2fb%7Ec", "https://x.org/a%2fb%7Ec"),
        ("https://x.org/a#", "https://x.org/a"),
        ("https://x.org/#/a?utm_source=b", "https://x.org/#/a?utm_source=b"),
        ("https://x.org/a?utm_source=b&UTM_Medium=c#d", "https://x.org/a#d"),
        ("https://x.org/a?q=1&fbclid=x&gclid=y&r=2", "https://x.org/a?q=1&r=2"),
        ("https://x.org/a?b&&c=&utm_id=1", "https://x.org/a?b&&c="),
        ("https://x.org/a?ref=b&id=utm_x&source=c", "https://x.org/a?ref=b&id=utm_x&source=c"),
        ("https://x.org/a?utm=b&mygclid=c", "https://x.org/a?utm=b&mygclid=c"),
        ("https://www.x.org/", "https://www.x.org/"),
        ("https://www.GitHub.com/A/b.git/", "https://github.com/A/b"),
        ("https://github.com//a/b", "https://github.com/a/b"),
        ("https://github.com/a/b/tree/main?tab=c#d", "https://github.com/a/b/tree/main?tab=c#d"),
        ("ftp:///", None),
    ],
)
def test_an_address_has_one_form(written: str, one_form: str | None) -> None:
    assert canonical(written) == one_form


@pytest.mark.parametrize(
    ("abstract", "found"),
    [
        ("at https://\ngithub.com/a/b.", ["https://github.com/a/b"]),
        ("at https://github.\ncom/a/b.", ["https://github.com/a/b"]),
        ("at https://github.com/\n  a/b-c.", ["https://github.com/a/b-c"]),
        ("at https://github.com/a/\nb-c.", ["https://github.com/a/b-c"]),
        ("at https://github.com/a/b-\r\nc.", ["https://github.com/a/b-c"]),
        ("at https://x.org/a?b=1&\nc=2", ["https://x.org/a?b=1&c=2"]),
        ("\\url{https://x.org/\nabc}", ["https://x.org/abc"]),
        ("<https://x.org/a\nbc>", ["https://x.org/abc"]),
        ("[a](https://x.org/a\nbc)", ["https://x.org/abc"]),
        # here it may well end with the line
        ("at https://x.org/a\nand more", ["https://x.org/a"]),
        ("at https://x.org/a/\nState-of-the-art", ["https://x.org/a/"]),
        ("at https://github.com/a/b\nOur method", ["https://github.com/a/b"]),
        ("at https://github.com/a/\nWe show", ["https://github.com/a"]),
        ("at https://x.org/a.\nOur/their method", ["https://x.org/a"]),
        ("_https://x.org/a_\nour", ["https://x.org/a"]),
        ("at https://x.org/a-\n\nour", ["https://x.org/a-"]),
    ],
)
def test_an_address_is_joined_over_a_line_end_where_that_is_certain(
    abstract: str, found: list[str]
) -> None:
    assert urls(abstract) == found


def test_links_carried_by_an_entry_follow_those_of_its_abstract() -> None:
    beside = ["https://github.com/terns/tides.git", "https://a.test/x/"]
    assert carried("See https://a.test/x.", beside) == [
        "https://a.test/x",
        "https://github.com/terns/tides",
    ]
    assert carried(None, ["http://b.test"]) == ["http://b.test/"]
    assert carried("None.", None) == []
    assert carried(None, None) is None


def test_a_link_beside_needs_no_scheme() -> None:
    beside = ["github.com/a/b", " x.org/page ", "y.test:8080", "n/a", "", "a b.c/d"]
    assert carried(None, [*beside, "node.js/express"]) == [
        "https://github.com/a/b",
        "https://x.org/page",
        "https://y.test:8080/",
    ]


def test_an_abstract_that_ends_in_a_broken_address_takes_nothing_from_a_link() -> None:
    assert carried("at https://x.org/a-", ["y.org/b"]) == ["https://x.org/a-", "https://y.org/b"]


def test_code_urls_are_those_at_a_place_on_a_code_host() -> None:
    listed = [
        "https://x.org/github.com/a",
        "https://github.com/a/b",
        "https://gitee.com/c",
        "https://github.com/",
        "https://github.com/?a",
        "https://github.com.x.org/a",
        "https://pages.github.com/a",
        "https://github.com:8443/a",
    ]
    frame = pl.DataFrame({"x": [listed, [], None]}, schema={"x": pl.List(pl.String)})
    found = frame.select(links.code_urls(pl.col("x"), HOSTS)).to_series().to_list()
    assert found == [
        ["https://github.com/a/b", "https://gitee.com/c", "https://github.com:8443/a"],
        [],
        None,
    ]


def test_code_hosts_are_those_of_the_config() -> None:
    assert urls("code.x.org/a, github.com/b", ["code.x.org"]) == ["https://code.x.org/a"]
    assert urls("github.com/b https://github.com/a.git", []) == ["https://github.com/a.git"]


def test_addresses_are_looked_for_in_the_abstract_as_it_stands_on_the_page() -> None:
    entry = {
        "entry_id": "d0-00001",
        "dump_id": "d0",
        "position": 1,
        "title": "T",
        "abstract": "Code is at \\texttt{https://github.com/a/b-\nc}{https://github.com/a/b-c}.",
        "link_texts": ["http://x.org/page?utm_source=terns"],
    }
    [row] = normalize(tables.frame_of("work/entries", [entry]), HOSTS).to_dicts()
    assert row["urls"] == ["https://github.com/a/b-c", "http://x.org/page"]
    assert row["code_urls"] == ["https://github.com/a/b-c"]


# --- laws ----------------------------------------------------------------------------------------

pieces = st.one_of(
    st.sampled_from(
        "https:// http:// HTTPS:/ www. github.com/ gitlab.com/ x.org x.org/ doi.org/10.1000/"
        " utm_a=b .git \\url{ \\_ {-} $\\sim$ &amp; ://x 's .We git@github.com: :80 :443 @"
        " xn--a- .ac .test é İ ǅ \u212b \u037e \u1fef \u0345 ﬁ ℀ 潮 。 ）".split(" ")
    ),
    st.sampled_from([*"/?#&=().,;:!'\"*_~<>[]{}|\\^`$-+ \n\t0aZ%\u200b\x00", "\r\n", "\n\n"]),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
texts = st.lists(pieces, max_size=14).map("".join)
hosts = st.sampled_from(["github.com", "x.org", "www.terns.test", "a-b.github.io", "bücher.test"])
segments = st.text("abcXYZ019_-%", min_size=1, max_size=8).filter(
    lambda text: text[-1].isalnum() and text[0].isalnum()
)
addresses = st.builds(
    lambda scheme, host, parts, query: f"{scheme}://{host}/" + "/".join(parts) + query,
    st.sampled_from(["http", "https"]),
    hosts,
    st.lists(segments, min_size=1, max_size=3),
    st.sampled_from(["", "?q=1", "?q=a&r=b", "#top", "_(c)"]),
)


@given(texts)
@example("https://x.org/?utm_a=(b&x=c)")
@example("https://github.com/a.git.git/.")
@example("github.com/https://github.com/.git")
@example("https://x.org/a's'")
def test_making_an_address_canonical_is_idempotent(text: str) -> None:
    for url in urls(text) or []:
        assert canonical(url) == url
        assert urls(url) == [url]


@given(texts)
def test_each_address_found_can_be_parsed(text: str) -> None:
    for url in urls(text) or []:
        parts = urlsplit(url)
        assert parts.scheme in ("http", "https")
        assert "." in (parts.hostname or "")
        assert parts.hostname == parts.hostname.lower()  # type: ignore[union-attr]
        assert parts.username is None
        assert parts.port is None or 0 <= parts.port <= 65535
        assert parts.path.startswith("/")


@given(
    addresses,
    st.sampled_from(
        "(@) [@] <@> “@” ‘@’ \"@\" '@' `@` «@» 「@」 （@） @. @, @; @? @! @: @) (@). (@.) @… **@**"
        " [a](@) \\url{@} \\texttt{@}{@} $@$ 见@。 at~@ @\n @\n@ <@>;<@> {@}. @’s".split(" ")
    ),
)
def test_what_stands_around_an_address_does_not_change_what_is_found(url: str, around: str) -> None:
    assert len(urls(url) or []) == 1
    assert urls(f"see {around.replace('@', url)} too") == urls(url)


@given(st.lists(addresses, max_size=5))
def test_all_addresses_are_found_in_their_order(written: list[str]) -> None:
    found = urls(" and ".join(written)) or []
    places = [url.split("://")[1].rstrip("/").lower() for url in found]
    expected = dict.fromkeys(str(canonical(url)).split("://")[1].rstrip("/") for url in written)
    assert places == list(dict.fromkeys(place.lower() for place in expected))
