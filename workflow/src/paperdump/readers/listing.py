"""What the listing page looks like, whatever the capture made of it: its words and its header."""

from __future__ import annotations

import re

from paperdump.readers.base import Facts, Reject, excerpt_of

# what a page says of itself: fields of ``Facts``
PAGE_FACTS = ("listing_text", "captured_text", "query", "source_url", "date_links")
# what a capture of the page's text can bring
BRINGS = (
    "title",
    "abstract",
    "n_authors",
    "organization_slug",
    "organization_name",
    "date_text",
    "n_comments",
    "n_upvotes",
    "arxiv_text",
    "link_texts",
    *PAGE_FACTS,
)
MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
SHOWN_DATE = rf"{MONTH}\s+[0-9]{{1,2}}(?:,\s*[0-9]{{4}})?"
SHOWN_NUMBER = r"[0-9][0-9.,]*[kKmM]?"  # a number as the site shows it, perhaps rounded
_LISTING_DAY = re.compile(rf"{SHOWN_DATE}(?:\s*[-–]\s*{SHOWN_DATE})?")
UPVOTES = re.compile(rf"\s*(?:\[-\]\s*)?(?:Upvote\s+)?(-|{SHOWN_NUMBER})\s*")
TWO_SENTENCES = re.compile(r"[.!?][)\]\"'”’]*\s+[A-Z]")
SEPARATORS = "·•∙⋅‧・"
AUTHORS_AT_END = re.compile(r"(?:[-*•\s]*)([0-9][0-9,]*)\s+authors?")
HEADER_MENU = frozenset(
    {"Daily", "Weekly", "Monthly", "Trending Papers", "- Daily", "- Weekly", "- Monthly"}
    | {"* Daily", "* Weekly", "* Monthly"}
)
BEFORE_HEADER = (
    "new",
    "Get trending papers in your email inbox!",
    "Get trending papers in your email inbox once a day!",
    "Subscribe",
    "Daily Papers",
    "Trending Papers",
)
# words of the page around the entries; none of them is a title
FOOTER = frozenset(
    {"Previous", "Next", "Previous Next", "System theme", "Company", "TOS", "© Hugging Face"}
    | {"Trending Papers ranked by GitHub stars activity", "[Content truncated]"}
)
FURNITURE = FOOTER | frozenset(
    {"Privacy", "About", "Careers", "Website", "Models", "Datasets", "Spaces", "Pricing", "Docs"}
    | {"Hugging Face", "Buckets", "Enterprise", "Log In", "Sign Up", "Community", "Solutions"}
    | {"Collections", "Blog", "Posts", "Learn", "Discord", "Forum", "GitHub", "Tasks", "Upvote"}
    | {"HuggingChat", "Languages", "Organizations", "Submitted by", "Upgrade", "Jobs"}
    | {"Buckets new", "Storage Buckets", "Team & Enterprise", "Hugging Face PRO", "Logo"}
    | {"Enterprise Support", "Inference Providers", "Inference Endpoints", "Brand assets"}
    | {*HEADER_MENU, *BEFORE_HEADER, "by", "AK", "and the research community"}
)
_COPYRIGHT = re.compile(r"(?:©|\(c\))\s*(?:20[0-9]{2}\s+)?Hugging ?Face\.?", re.IGNORECASE)
HEADER = "and the research community"  # words that only this page has, at the end of a line
_BY = re.compile(r"(?:^|[\s#])by\b|(?:^|[\s#])by(?=AK)|^by\s*[\[(]", re.MULTILINE)
_CAPTURE_LINE = re.compile(
    r"^[ \t]*(?:[-*>][ \t]+)?(?:\*\*)?"
    r"(?P<key>(?:source[ _])?url|retrieved|captured|accessed|fetched|crawled|scraped|saved|date)"
    r"(?:[ _](?:at|on|date|time))?(?:[ ]\([A-Za-z]+\))?[ ]?(?:\*\*)?:(?:\*\*)?[ \t]*"
    r"[\"'`<]?(?P<value>[^\n\"'`>]+)",
    re.IGNORECASE | re.MULTILINE,
)
_DATE_LINK = re.compile(r"/papers/date/([0-9]{4}-[0-9]{2}-[0-9]{2})")


def header_line(text: str, begin: int = 0) -> int | None:
    """The number of the page's header line, *by AK and the research community*, from 1.

    Captures break it (``by``, ``AK``, ``and the research community``), link the name, or make a
    heading of it.

    Args:
        text: The text.
        begin: Where to begin to look for it.
    """
    at = text.find(HEADER, begin)
    while at >= 0:
        end = at + len(HEADER)
        rest = text[end : end + 40].split("\n", 1)[0]
        if not rest.strip():
            before = text[max(begin, at - 400) : at]
            by = list(_BY.finditer(before))
            if by and "AK" in before[by[-1].start() :]:
                return text.count("\n", 0, at) + 1
        at = text.find(HEADER, end)
    return None


def listing_day(line: str) -> str | None:
    """The day of a listing, if a line is one: a date without a count, or two with a dash."""
    return line if _LISTING_DAY.fullmatch(line) else None


def second_header(text: str, header: int, offset: int) -> int | None:
    """The number of the line where the header of a second page stands, from 1, if one does.

    Args:
        text: The dump.
        header: The number of its header line, 0 for none.
        offset: Where the line after the header line begins, or a later one.
    """
    first = text.find(HEADER)
    if not header or first < 0 or text.find(HEADER, first + 1) < 0:
        return None
    return header_line(text, offset)


def second_page(first: int, last: int, text: str) -> Reject:
    """The reject for another page in a dump.

    Args:
        first: Its first line, from 1.
        last: Its last line that is not blank.
        text: Its text.
    """
    return Reject(
        "second_page",
        f"Another page begins in line {first}; save each page to a dump of its own to have its "
        "entries read.",
        first,
        last,
        excerpt_of(text),
    )


def is_menu(text: str) -> bool:
    """Whether a text is nothing but words of the page around the entries."""
    words = " ".join(text.split())
    return words in FURNITURE or bool(_COPYRIGHT.fullmatch(words))


def exact_number(text: str, most: int) -> int | None:
    """A number as shown; None where it is rounded, or beyond belief."""
    digits = text.strip().replace(",", "")
    if digits.isascii() and digits.isdecimal() and len(digits) <= 8 and int(digits) <= most:
        return int(digits)
    return None


def capture_facts(header: str) -> Facts:
    """What the header that a capturing tool wrote states: address and time of the capture.

    Args:
        header: The text before the page's header line.
    """
    url = time = None
    for found in _CAPTURE_LINE.finditer(header):
        key, value = found["key"].lower(), found["value"].strip()
        if key.endswith("url"):
            url = url or (value if value.startswith("http") else None)
        elif re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            time = time or value
    return Facts(source_url=url, captured_text=time)


_LINKED_HEADING = re.compile(
    r"[ ]{0,3}#{2,4}[ ]+(?:\*\*|__)?\[[^\n]*\]\((?:https?://(?:www\.)?huggingface\.co)?/papers/[0-9]"
)
_HEADING = re.compile(r"[ ]{0,3}#{2,4}[ ]+\S")
_BY_NUMBER = re.compile(r"[ ]{0,3}#{2,4}[ ]+\[.*\]\[[0-9]+\][ ]*$|[ ]{0,3}#{2,4}[ ]+\[[^\]]*$")
_PAPER_LINE = re.compile(
    r"\s*(?:\[.*\]\()?<?(?:https?://(?:www\.)?huggingface\.co)?/papers/"
    r"(?:[0-9]{4}\.[0-9]{4,5}|[a-z-]+/[0-9]{7})\S*\s*$"
)
_LINES_BEFORE_MARK = 16
_LONGEST_BEFORE_MARK = 250
_MARK_WITHIN = _LINES_BEFORE_MARK * (_LONGEST_BEFORE_MARK + 1) + 1000


def first_mark(text: str, header: int | None = None) -> tuple[str, int] | None:
    """The mark at a page's first entry, and its line from 1; None where the page is plain.

    The mark is ``heading``, ``linked heading``, ``heading by number`` (of a link) or ``link``. It
    must stand among the first lines after the header line, before any prose or metadata: what
    stands in an abstract marks no entry.

    Args:
        text: The page.
        header: The number of its header line, 0 for none; None to look for it.
    """
    if header is None:
        header = header_line(text) or 0
    at = 0
    for _ in range(header):
        at = text.find("\n", at) + 1
    # the quick look spares most pages the slow one
    begin = text[at : at + _MARK_WITHIN]
    if "#" not in begin and "/papers/" not in begin:
        return None
    number, seen = header, 0
    while at < len(text) and seen < _LINES_BEFORE_MARK:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        number, at = number + 1, end + 1
        words = line.strip()
        if not words:
            continue
        seen += 1
        if _LINKED_HEADING.match(line):
            return "linked heading", number
        if _BY_NUMBER.match(line):
            return "heading by number", number
        if header and _HEADING.match(line) and not is_menu(words.lstrip("# ")):
            return "heading", number
        if header and _PAPER_LINE.match(line):
            return "link", number
        if (
            words[0] in "·•"
            or len(words) > _LONGEST_BEFORE_MARK
            or (header and TWO_SENTENCES.search(words))
        ):
            return None
    return None


def date_links(text: str) -> list[str]:
    """The days of the listings that a page links to, each once."""
    return list(dict.fromkeys(_DATE_LINK.findall(text))) if "/papers/date/" in text else []
