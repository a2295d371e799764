"""Invented papers, rendered as the pages and answers that list them: one listing, many captures."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from tests.pages import HEADER

SITE = "https://huggingface.co"
TODAY = date(2026, 6, 10)  # the day of the listing


@dataclass(frozen=True)
class Paper:
    """A paper as the site lists it: with authors, or an organisation in their place."""

    arxiv_id: str
    title: str
    abstract: str
    authors: tuple[str, ...] = ("Ada Marsh", "Jo Tern")
    organization: tuple[str, str] | None = None
    published: date = date(2026, 5, 29)
    comments: int | None = None
    upvotes: int | None = None

    @property
    def shown_date(self) -> str:
        """The date as the page shows it: without its year in the page's own."""
        day = f"{self.published:%b} {self.published.day}"
        return day if self.published.year == TODAY.year else f"{day}, {self.published.year}"

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"{SITE}/papers/{self.arxiv_id}"

    @property
    def login(self) -> str:
        """Where its upvotes lead a stranger."""
        return f"{SITE}/login?next={quote(f'/papers/{self.arxiv_id}', safe='')}"

    @property
    def shown_upvotes(self) -> str:
        """Its upvotes as shown."""
        return "-" if self.upvotes is None else str(self.upvotes)

    @property
    def shown_authors(self) -> str:
        """The number of its authors in words."""
        return f"{len(self.authors)} author" + ("s" if len(self.authors) > 1 else "")


Papers = Sequence[Paper]


def as_text(papers: Papers) -> str:
    """The plain text that most captures hold."""
    parts = [HEADER.rstrip("\n"), "Jun 10"]
    for p in papers:
        by = " ".join(p.organization) if p.organization else f"  • {p.shown_authors}"
        count = "" if p.comments is None else f" {p.comments}"
        parts += [p.title, p.abstract, f"{by}\n·\n{p.shown_date}{count}"]
    return "\n\n".join(parts) + "\n"


def as_text_with_upvotes(papers: Papers) -> str:
    """Plain text that keeps the number of upvotes before each title."""
    parts = [HEADER.rstrip("\n"), "Daily\n\nWeekly\n\nMonthly", "Jun 10"]
    for p in papers:
        by = " ".join(p.organization) if p.organization else f"  • {p.shown_authors}"
        count = "" if p.comments is None else f" {p.comments}"
        parts += [p.shown_upvotes, p.title, p.abstract, f"{by}\n·\n{p.shown_date}{count}"]
    return "\n\n".join(parts) + "\n"


def as_text_with_addresses(papers: Papers) -> str:
    """Text in which each link's address stands on the line after it."""
    parts = [
        '---\ntitle: "Daily Papers - Hugging Face"\n'
        f"url: {SITE}/papers?q=Tidal%20Nets\ntype: web_page\n---",
        "# Daily Papers - Hugging Face\nDaily Papers - Hugging Face",
        f"Models\n\n{SITE}/models\n\nSign Up\n\n{SITE}/join\n\nnew",
        "Get trending papers in your email inbox once a day!",
        f"Subscribe\n\n{SITE}/login?next=%2Fpapers\n\nDaily Papers",
        f"by \n\nAK\n\n{SITE}/akhaliq\n\n and the research community",
        "Tidal Nets\n\nDaily\n\nWeekly\n\nMonthly ",
        f"{SITE}/papers/trending\n\n \n\n{SITE}/papers/date/2026-06-09\n\nJun 10",
    ]
    for p in papers:
        parts += [f" [-] {p.shown_upvotes}", p.login, p.title, p.page, p.abstract, p.page]
        if p.organization:
            parts += [" ", p.page, f" {p.organization[1]}", f"{SITE}/{p.organization[0]}"]
        else:
            parts.append(f"[\n\n{p.shown_authors}]({p.page})")
        parts += ["·", p.shown_date + (" " if p.comments is not None else "")]
        if p.comments is not None:
            parts += [str(p.comments), f"{p.page}#community"]
    parts += ["Previous", f"{SITE}/papers/date/2026-06-09", "System theme", "Company"]
    parts += ["TOS", f"{SITE}/terms-of-service", "Website", "Models", f"{SITE}/models"]
    return "\n\n".join(parts) + "\n"


def as_text_with_references(papers: Papers) -> str:
    """Text with links by number, their addresses listed at the end."""
    targets: list[str] = []

    def link(text: str, target: str) -> str:
        targets.append(target)
        return f"[{text}][{len(targets)}]"

    parts = [
        f"# Web source\n\n- URL: {SITE}/papers?q=Tidal+Nets\n"
        "- Captured (UTC): 2026-06-10T16:31:22.135+00:00\n\n```text",
        f"{link(' Models ', SITE + '/models')}\n* {link(' Docs ', SITE + '/docs')}\nnew\n",
        f"# Daily Papers\n\n## by{link('AK', SITE + '/akhaliq')} and the research community",
        "* Daily\n* Weekly\n* Monthly\n\nJun 10",
    ]
    for p in papers:
        parts.append(link(f"\n{p.shown_upvotes}\n", p.login))
        parts.append("\n### " + link(p.title, p.page) + "\n")
        parts.append(link(f"\n\n{p.abstract}\n\n", p.page))
        if p.organization:
            slug, name = p.organization
            parts.append(link(f"[{slug}] {name}", f"{SITE}/{slug}"))
        else:
            parts.append(link(f"\n* {p.shown_authors}\n", p.page))
        count = "" if p.comments is None else " " + link(f" {p.comments}", p.page + "#community")
        parts.append(f"·\n{p.shown_date}{count}")
    listed = "\n".join(f"[{number}]: {target}" for number, target in enumerate(targets, 1))
    return "\n".join(parts) + f"\n```\n\n{listed}\n"


def _escaped(text: str) -> str:
    for character in "\\`*_[]":
        text = text.replace(character, "\\" + character)
    return text


def as_markdown(papers: Papers) -> str:
    """Markdown with inline links, as crawlers make it."""
    parts = [
        f"---\nurl: {SITE}/papers?q=Tidal%20Nets\nretrieved: 2026-06-10\n---\nnew",
        f"[Subscribe]({SITE}/login?next=%2Fpapers)",
        "# Daily Papers",
        f"## by [![]({SITE}/front/assets/papers-by.png)AK]({SITE}/akhaliq) and the research "
        "community",
        "- Daily\n- Weekly\n- Monthly",
        f"[Trending Papers]({SITE}/papers/trending)",
        "Jun 10",
    ]
    for p in papers:
        title = _escaped(p.title).replace("\n", "\\  ")
        abstract = _escaped(p.abstract).replace("\n", "\\\\\n")
        parts += [
            f"[{p.shown_upvotes}]({p.login})",
            f"### [{title}]({p.page})",
            f"[{abstract}]({p.page})",
        ]
        if p.organization:
            slug, name = p.organization
            parts.append(f"[![{slug}](https://cdn.test/{slug}.png){name}]({SITE}/{slug})")
        else:
            parts.append(f"[- ![](https://cdn.test/a.svg)\\\\\n- {p.shown_authors}]({p.page})")
        count = "" if p.comments is None else f"[{p.comments}]({p.page}#community)"
        parts += ["·", p.shown_date + count]
    parts += [f"[Previous]({SITE}/papers/date/2026-06-09)"]
    return "\n\n".join(parts) + "\n"


def as_trending_markdown(papers: Papers) -> str:
    """Markdown of the trending page, whose cards carry buttons."""
    parts = [
        f"- Source URL: {SITE}/papers/trending",
        "# Trending Papers",
        f"## by[[Image: none] AK]({SITE}/akhaliq) and the research community",
        "-\n\n-\n\n-\n\n\nTrending Papers",
    ]
    for p in papers:
        parts += [
            "Submitted by\n\n[Image: none]\n\nterns",
            f"### [{p.title}]({p.page})",
            p.abstract,
        ]
        date_shown = f"· Published on {p.published:%b} {p.published.day}, {p.published.year}"
        if p.organization:
            slug, name = p.organization
            parts.append(f"[[Image: {slug}] {name}]({SITE}/{slug}) {date_shown}")
        else:
            parts.append(f"-\n\n-\n\n- [Image: none]\n\n- {p.shown_authors}\n\n{date_shown}")
        parts += [
            f"[Upvote\n\n{p.shown_upvotes}]({p.login})",
            f"[GitHub 131](https://github.com/terns/{p.arxiv_id}) "
            f"[arXiv Page](https://arxiv.org/abs/{p.arxiv_id})",
            f"[[Image: none]]({p.page})",
        ]
    return "\n\n\n".join(parts) + "\n"


def record_of(p: Paper) -> dict[str, Any]:
    """The record of a paper in the site's JSON."""
    paper: dict[str, Any] = {
        "id": p.arxiv_id,
        "authors": [{"_id": "0", "name": name, "hidden": False} for name in p.authors],
        "publishedAt": f"{p.published}T17:59:29.000Z",
        "title": p.title,
        "summary": p.abstract,
    }
    if p.upvotes is not None:
        paper["upvotes"] = p.upvotes
    if p.organization:
        slug, name = p.organization
        paper["organization"] = {"_id": "0", "name": slug, "fullname": name}
    record: dict[str, Any] = {"paper": paper, "publishedAt": paper["publishedAt"], "title": p.title}
    if p.comments is not None:
        record["numComments"] = p.comments
    return record | {"submittedBy": {"name": "terns", "isPro": False}}


def as_json(papers: Papers) -> str:
    """An answer of the API: a list of records."""
    return json.dumps([record_of(p) for p in papers], indent=2, ensure_ascii=False)


def as_flat_json(papers: Papers) -> str:
    """Records without a paper in them."""
    flat = [{**record_of(p)["paper"], "numComments": p.comments} for p in papers]
    return json.dumps({"data": flat}, ensure_ascii=False)


def as_json_of_literals(papers: Papers) -> str:
    """An archive whose records are texts with Python literals in them."""
    records = [str(record_of(p)) for p in papers]
    return json.dumps({"status": "success", "date": "2026-06-10", "data": records}, indent=4)


def as_json_lines(papers: Papers) -> str:
    """Records as JSON lines."""
    return "".join(json.dumps(record_of(p), ensure_ascii=False) + "\n" for p in papers)


def as_html(papers: Papers) -> str:
    """The page of a day, its records in an attribute."""
    props = {"dateString": "2026-06-10", "dailyPapers": [record_of(p) for p in papers]}
    escaped = html.escape(json.dumps(props, ensure_ascii=False))
    return (
        '<!doctype html>\n<html class=""><head><meta charset="utf-8"><title>Daily Papers - '
        "Hugging Face</title></head>\n<body><main>"
        f'<div class="SVELTE_HYDRATER contents" data-target="DailyPapers" data-props="{escaped}">'
        "</div></main></body></html>\n"
    )


def as_visible_html(papers: Papers) -> str:
    """The same page without the attribute: what a reader sees."""
    cards = []
    for p in papers:
        if p.organization:
            slug, name = p.organization
            by = f'<a href="/{slug}"><img alt="{slug}" src="x.png"> {html.escape(name)}</a>'
        else:
            by = f'<ul><li><img src="a.svg"></li><li>{p.shown_authors}</li></ul>'
        count = ""
        if p.comments is not None:
            count = f'<a href="/papers/{p.arxiv_id}#community"> {p.comments}</a>'
        cards.append(
            f'<article>\n<a href="/login?next={quote("/papers/" + p.arxiv_id, safe="")}">'
            f"<div>{p.shown_upvotes}</div></a>\n<div>"
            f'<h3><a href="/papers/{p.arxiv_id}">{html.escape(p.title)}</a></h3>\n'
            f'<a href="/papers/{p.arxiv_id}"><p>{html.escape(p.abstract)}</p></a>\n'
            f"<div>{by}<div>·</div><div><time>{p.shown_date}</time>{count}</div></div>"
            "</div>\n</article>\n"
        )
    return (
        "<!doctype html>\n<html><head><title>Daily Papers - Hugging Face</title>\n"
        f'<link rel="canonical" href="{SITE}/papers?q=Tidal+Nets">'
        "<script>var menu = '<h3>no title</h3>';</script></head>\n<body><header><nav>"
        '<a href="/models">Models</a><a href="/docs">Docs</a></nav></header>\n<main><h1>Daily '
        'Papers</h1>\n<h2>by <a href="/akhaliq"><img alt="" src="ak.png">AK</a> and the research '
        "community</h2>\n<div><button>Daily</button><button>Weekly</button></div>\n"
        "<div>Jun 10</div>\n<section>" + "".join(cards) + "</section></main>\n"
        '<footer><a href="/papers/date/2026-06-09">Previous</a><div>System theme</div>'
        "</footer></body></html>\n"
    )


# What a capture keeps of a paper: the fields that can be compared.
_TEXT = frozenset({"title", "abstract", "by", "date", "comments"})
_LINKS = _TEXT | {"arxiv_id", "upvotes"}
RENDERINGS: dict[str, tuple[str, Callable[[Papers], str], frozenset[str]]] = {
    "text": ("hf-text", as_text, _TEXT),
    "text-upvotes": ("hf-text", as_text_with_upvotes, _TEXT | {"upvotes"}),
    "text-addresses": ("hf-text", as_text_with_addresses, _LINKS),
    "text-references": ("hf-text", as_text_with_references, _LINKS),
    "markdown": ("hf-markdown", as_markdown, _LINKS),
    "markdown-trending": ("hf-markdown", as_trending_markdown, _LINKS - {"comments"}),
    "html": ("hf-html", as_html, _LINKS),
    "html-visible": ("hf-html", as_visible_html, _LINKS),
    "json": ("hf-json", as_json, _LINKS),
    "json-flat": ("hf-json", as_flat_json, _LINKS),
    "json-literals": ("hf-json", as_json_of_literals, _LINKS),
    "json-lines": ("hf-json", as_json_lines, _LINKS),
}
