"""Titles and abstracts as people read them."""

from __future__ import annotations

import html
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paperdump.normalize import mojibake, tex, text, wraps
from tests.tables_of import parse_folder


def title(raw: str | None) -> str | None:
    return cleaned(raw, text.clean_title)


def abstract(raw: str | None) -> str | None:
    return cleaned(raw, text.clean_abstract)


def cleaned(raw: str | None, clean: object) -> str | None:
    frame = pl.DataFrame({"x": [raw]}, schema={"x": pl.String})
    found: str | None = frame.select(clean(pl.col("x"))).item()  # type: ignore[operator]
    return found


# Text whose bytes were read in another encoding: made here, so that no editor mends it.
def misread(original: str, encoding: str = "windows-1252") -> str:
    return original.encode().decode(encoding)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Tides\u00a0and\u2009Basins\u3000of Sand", "Tides and Basins of Sand"),
        ("Ti\u200bdes\u2060 and\ufeff Ba\u00adsins", "Tides and Basins"),
        ("Cafe\u0301s", "Cafés"),
        ("Cafe\x00\u0301s", "Cafés"),
        ("Cafe\u200b\u0301s", "Cafés"),
        ("Tide\u200ds and \u200eBasins", "Tides and Basins"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("A \U0001f469\u200d\U0001f52c at Sea", "A \U0001f469\u200d\U0001f52c at Sea"),
        ("Tides \x85 Basins", "Tides … Basins"),
        ("\u200b \x00", None),
        ("", None),
        (None, None),
    ],
)
def test_a_title_is_one_line_of_visible_text(raw: str | None, clean: str | None) -> None:
    assert title(raw) == clean


def test_an_abstract_keeps_its_paragraphs_and_loses_its_wraps() -> None:
    raw = "  One\nline.\r\n \t\r\nTwo\x0clines,\u2028 here.\n\n\n\nThree. \n"
    assert abstract(raw) == "One line.\n\nTwo lines, here.\n\nThree."


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("the general-\nization", "the generalization"),
        ("the measure-\n  ments", "the measurements"),
        ("a symmetry, and sym-\nmetry", "a symmetry, and symmetry"),
        ("Sym-\nmetry as in symmetry", "Symmetry as in symmetry"),
        ("soft\u00ad\nware", "software"),
        ("state-of-the-\nart", "state-of-the-art"),
        ("low-\nrank", "low-rank"),
        ("low-rank, lowrank, low-\nrank", "low-rank, lowrank, low-rank"),
        ("Bose-\nEinstein", "Bose-Einstein"),
        ("10-\n20 tides", "10-20 tides"),
        ("sym-\nmetry", "sym-metry"),
        ("short-\nand long-term", "short- and long-term"),
        ("informal-\nto-formal", "informal-to-formal"),
        ("K-\ne+ tides", "K- e+ tides"),
        ("K-\npi+ tides", "K- pi+ tides"),
        ("a baseline --\nTides", "a baseline – Tides"),
        ("tides -\nthe sea", "tides - the sea"),
        ("tide-\n\nbasin", "tide-\n\nbasin"),
    ],
)
def test_a_hyphen_at_a_line_end_goes_only_where_the_wrap_put_it(raw: str, clean: str) -> None:
    assert abstract(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("R&amp;D of tides", "R&D of tides"),
        ("R&amp;amp;D", "R&D"),
        ("&#39;Tides&#x27; &lt; 5&nbsp;m", "'Tides' < 5 m"),
        ("caf&eacute;", "café"),
        ("AT&T; &unknown; &;", "AT&T; &unknown; &;"),
        ("Q&A", "Q&A"),
        ("&#36;\\alpha&#36;", "α"),
    ],
)
def test_entities_become_what_they_stand_for(raw: str, clean: str) -> None:
    assert title(raw) == clean


@pytest.mark.parametrize(
    "original",
    ["Gröbner tides", "It’s “quoted” – and…", "naïve façade", "α-tides ≤ β", "日本 tides"],
)
@pytest.mark.parametrize("times", [1, 2])
def test_mojibake_is_undone(original: str, times: int) -> None:
    raw = original
    for _ in range(times):
        raw = raw.encode().decode("latin-1")
    assert title(raw) == original


def test_mojibake_with_a_lost_no_break_space_is_undone() -> None:
    assert misread("à la", "latin-1") == "Ã\u00a0 la"
    assert title(misread("à la", "latin-1")) == "à la"
    assert title(misread("à la", "latin-1").replace("\u00a0", " ")) == "à la"


def test_mojibake_beside_right_text_is_undone() -> None:
    assert title(f"{misread('Gröbner')} and “right” α") == "Gröbner and “right” α"


@pytest.mark.parametrize(
    "meant",
    [
        "areas of 10 Å² and 5 Å³",
        "a pore of 3 Å±0.5",
        "images of 512×²",
        "roots √± of it",
        "“Smart” ‘quotes’, it’s «fine»…",
        "São Paulo, Århus, Œuvres, Ærø",
        "ﬁne ｆｕｌｌ ｗｉｄｔｈ",
        "5 µm ± 3 °C · 7²",
        "α≤β≥γ, x→∞, ∑∏√",
    ],
)
def test_what_only_looks_like_mojibake_stays(meant: str) -> None:
    assert title(meant) == meant


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("``Tides'' and `basins'", "“Tides” and ‘basins’"),
        ("``I'll drift...'', don't `drift.'", "“I'll drift...”, don't ‘drift.’"),
        ("2--3 tides, Moon--Sun basins", "2–3 tides, Moon–Sun basins"),
        ("tides---all of them---rise", "tides—all of them—rise"),
        ("tides -- all -- rise", "tides – all – rise"),
        ("37.6\\%--68.0\\%", "37.6%–68.0%"),
        ("at~https://x.org/~a/b--c, Fig.~3, et~al.~say", None),
        ("in \\emph{Tides}~and~Basins~\\cite{a}", "in Tides and Basins \\cite{a}"),
    ],
)
def test_quotes_dashes_and_ties_of_tex_are_typographic(raw: str, clean: str | None) -> None:
    assert title(raw) == (clean or "at https://x.org/~a/b--c, Fig. 3, et al. say")


@pytest.mark.parametrize(
    "meant",
    [
        "D --> K, a <-- b, i-- and --option, <!-- no -->, ----",
        "`code`, ``code``, 5' and 6'', don't, the dogs' `x",
        "~500 km, X~N(0,1), y~x, reaches~90 of 100, ~/tides",
        "_a_ and a_b, x^2, {it tides}, #1, 50%, R&D, a@5",
    ],
)
def test_what_only_looks_like_tex_stays(meant: str) -> None:
    assert title(meant) == meant


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (
            r"Gr\"obner, R\'ev\'esz, Omn\`es, \~nandu, \^{\i}le",
            "Gröbner, Révész, Omnès, ñandu, île",
        ),
        (r"Djokovi\'{c}, {\'e}t{\'e}, na{\"\i}ve", "Djoković, été, naïve"),
        (r"Erd\H os, \v{S}imek, Fran\c{c}ois, \AA rhus", "Erdős, Šimek, François, Århus"),
        (
            r"Bj\o rn, Stra\ss e, {\O}rsted, \L ukasz, C{\oe}ur",
            "Bjørn, Straße, Ørsted, Łukasz, Cœur",
        ),
        (r"It\'s, don\'t, tides\' end", "It's, don't, tides' end"),
        (r"he said \"tides\" to all", 'he said "tides" to all'),
        (r"\c=5, \d x, \b, \'{xy}", r"\c=5, \d x, \b, \'{xy}"),
    ],
)
def test_accents_of_tex_are_letters_where_there_are_such(raw: str, clean: str) -> None:
    assert title(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (r"45\% of A \& B, a\_b, \#1", "45% of A & B, a_b, #1"),
        (r"e.g.\ the tide. \\ More\\ tides", "e.g. the tide. More tides"),
        (r"\textbf{Tides \emph{rise}}, \textsc{All} {\em of them}", "Tides rise, All of them"),
        (r"\textcolor{red}{Tides} \underline{rise}", "Tides rise"),
        (r"\emph{in $\frac{a}{b}$ tides}", r"in $\frac{a}{b}$ tides"),
        (r"\alpha-tides \rightarrow \beta, 0.7\pm 0.1, \ldots", "α-tides → β, 0.7±0.1, …"),
        (r"\pi\pi tides, \alpha{}beta", "ππ tides, αbeta"),
        (r"made with \LaTeX", "made with LaTeX"),
    ],
)
def test_escapes_fonts_and_symbols_of_tex_become_text(raw: str, clean: str) -> None:
    assert title(raw) == clean


@pytest.mark.parametrize(
    "unknown",
    [
        r"\cite{tides} and \footnote{More tides}",
        r"\DisTide{} and \kms, \la r^2\ra",
        r"\3) Tides, \d+ and \S+",
        r"x\\alpha and C:\\tides",
        r"\emph{not closed",
        r"\textsuperscript{th}",
        "\\",
        "$",
    ],
)
def test_unknown_macros_stay_as_they_are(unknown: str) -> None:
    assert title(unknown) == unknown


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (r"code.\url{https://x.org/a } here", "code. https://x.org/a here"),
        (r"at https://x.org/a\_b{\small\texttt{https://x.org/a\_b}} to", "at https://x.org/a_b to"),
        (r"https://x.org/{https://x.org/}.", "https://x.org/."),
        (r"\href{https://x.org/a}{our page}", "our page (https://x.org/a)"),
        (r"(\href{https://x.org/a}{https://x.org/a})", "(https://x.org/a)"),
        (r"https://x.org/a{tides}", "https://x.org/a{tides}"),
        (r"https://x.org/~a--b\%20c\_d", "https://x.org/~a--b%20c_d"),
    ],
)
def test_addresses_stand_once_and_whole(raw: str, clean: str) -> None:
    assert abstract(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (r"$\alpha$, $k$-tides, $10\%$, $n$th, $x$$y$", "α, k-tides, 10%, nth, xy"),
        (r"$O(n \log n)$, $2\log n$", "O(n log n), 2 log n"),
        (r"$p\geq5$, $p \geq 5$, $p\ge 5$, $x \to\infty$", "p≥5, p ≥ 5, p≥5, x → ∞"),
        (r"$x^2$, $x^{2}$, $x^{10}$, $s_0$, $s_{ij}$", "x^2, x^2, x^{10}, s_0, s_{ij}"),
        (r"10$^{-5}$, few$\times 10^{3}$, $\sim$10, $>$90\%", "10^{-5}, few×10^3, ∼10, >90%"),
        (r"$V_{\rm rot} = 28.9 \pm 1.0$ km", "V_{rot} = 28.9 ± 1.0 km"),
        (r"$\mathrm{SL}_2(\mathbb{Z})$, $\text{if } x$", "SL_2(ℤ), if x"),
        (r"$\left( a, b \right]$, $\{0,1\}$", "( a, b ], {0,1}"),
        (r"$90^\circ$, $90^{\circ}$C, $f\circ g$, $x'$", "90°, 90°C, f∘g, x'"),
        (r"$\sigma $-tides, $1\,000$, $\sqrt{5}$", "σ-tides, 1 000, √5"),
        (r"$$z^2$$ and \(\beta\) and \[x_1\]", "z^2 and β and x_1"),
        ("$\\alpha\n\\ge 0$", "α ≥ 0"),
        (r"$Z\to\mu^+\mu^-$, $e^-$, H$_2$O, $^{13}$C", "Z→μ^+μ^-, e^-, H_2O, ^{13}C"),
        (r"$\|x\|_2$, $|\psi\rangle$, $\log_2 n$", "‖x‖_2, |ψ⟩, log_2 n"),
        (r"$x$ -- $y$, $x_1,\ldots,x_n$", "x – y, x_1,…,x_n"),
    ],
)
def test_mathematics_that_plain_characters_can_tell_is_told(raw: str, clean: str) -> None:
    assert title(raw) == clean


@pytest.mark.parametrize(
    "untold",
    [
        r"$\mathcal{O}(n^2)$",
        r"$\frac{1}{2}$ and $\hat{x}$, $\bar\nu_e$",
        r"$\mathbf{x}$, $\mathbb{E}$, $\sqrt{a+b}$",
        r"$\ca\subseteq s_0$ and $\tides$",
        r"$x^12$, $x_{a_b}$, $\left\langle x$",
        r"$\begin{matrix} 1 \end{matrix}$",
        r"$a--b$, $ x $, $x",
        r"\(a\) and \[1\]",
        r"$`$",
    ],
)
def test_other_mathematics_stays_as_it_is_written(untold: str) -> None:
    assert title(untold) == untold


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("from $5 to $10", None),
        ("$5-$10, ($5/$7), $3M–$4M", None),
        ("US$5 and A$10", None),
        ("$5, or 10$ more", None),
        ("$HOME/$USER", None),
        ("$5 and $x$ is", "$5 and x is"),
        (r"\$5 to \$10 per tide", "$5 to $10 per tide"),
        (r"\$5, or 10\$ more", None),
        (r"\$x\$", None),
    ],
)
def test_dollars_that_are_money_stay(raw: str, clean: str | None) -> None:
    assert title(raw) == (raw if clean is None else clean)


@pytest.mark.parametrize(
    "variant",
    [
        'Gr\\"obner R&amp;D: $\\alpha$-Tides -- a Study',
        "GrÃ¶bner R\\&D: α-tides – a study",
        'gr{\\"o}bner R&D: \\alpha-Tides---a \\emph{Study}',
        "Gröbner\u00a0R&D: ``$\\alpha$-Tides'' a\nStudy",
    ],
)
def test_titles_that_differ_in_their_markup_only_have_one_key(variant: str) -> None:
    def key(raw: str) -> str:
        frame = pl.DataFrame({"x": [raw]})
        return str(frame.select(text.title_key(text.clean_title(pl.col("x")))).item())

    assert key(variant) == key("Gröbner R&D: α-Tides – a Study")


def test_a_text_made_to_keep_cleaning_busy_stays_and_ends() -> None:
    nested = "\\emph{" * 300 + "x" + "}" * 300
    assert title(nested) == nested
    assert title("\\emph{" * 20_000) == "\\emph{" * 20_000
    entities = "&amp;" + "amp;" * 2_000
    assert title(entities) == entities


def test_rows_stay_in_their_places() -> None:
    raws = [
        "Tides",
        None,
        r"$\alpha$",
        "",
        "GrÃ¶bner",
        "Tides",
        r"\unknown",
        r"$\alpha$",
        "a\u200b",
    ]
    found = pl.DataFrame({"x": raws}).select(text.clean_title(pl.col("x"))).to_series()
    assert found.to_list() == [
        "Tides", None, "α", None, "Gröbner", "Tides", r"\unknown", "α", "a",
    ]  # fmt: skip
    assert (
        pl.Series("x", [], dtype=pl.String)
        .to_frame()
        .select(text.clean_abstract(pl.col("x")))
        .to_series()
        .to_list()
        == []
    )


# Laws.

_MARKUP = st.sampled_from(
    r"""$ $$ \ { } ` ' `` '' -- --- ~ ^ _ & &amp; &lt; &#92; &dollar; \alpha \pm \to \emph{
    {\em \url{ \href{ \footnote{ https://x.org/a \'e \"o \v \c \o \ss \% \$ \_ \& ^{2} _{ij}
    \frac \sqrt \log \mathrm{ \rm \left \( \) \[ \] \, \\ ( ) [ ] = , . : / | é Ã© â€™ Å² √± Ã
    et~al. Fig.~ ization x ab Tides 5 10 % < > - """.split()
)
_ODD = st.sampled_from(
    " |  |\n|\n\n|-\n|\r\n|\t|\x0b|\x0c|\x00|\x01|\x0e|\x85|\x92|\xa0|\xad|\u200b|\u200d|\u0301|"
    "\u037e|\u1fef|\u2028|\ufeff|\ufffd|\u2010\n".split("|")
)
_ANYTHING = st.lists(
    st.one_of(_MARKUP, _ODD, st.text(st.characters(codec="utf-8"), max_size=3)), max_size=16
).map("".join)


@given(_ANYTHING)
@example("&#92;alpha")
@example("-\x00-\x00-")
@example("Ã\n")
@example("e\x00\u0301")
def test_cleaning_is_idempotent(raw: str) -> None:
    for clean in (title, abstract):
        once = clean(raw)
        assert clean(once) == once


_WORDS = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=9),
    st.from_regex(r"[a-z]{1,4}[éèüöäñçøåßğłő][a-z]{1,4}", fullmatch=True),
    st.text("αβγδεζηθικλμνξοπρστυφχψω", min_size=1, max_size=7),
    st.text("абвгдежзийклмнопрстуфхцчшщьыэюя", min_size=1, max_size=7),
    st.text("潮汐模型海洋研究的学习方法", min_size=1, max_size=6),
    st.from_regex(r"[0-9]{1,4}(?:[.,][0-9]{1,3})?%?", fullmatch=True),
    st.from_regex(r"[a-z]{1,5}(?:-[a-z]{1,5}){1,2}|[a-z]{1,5}[’'](?:s|t|re)", fullmatch=True),
    st.sampled_from(["C++", "C#", "A*", "R&D", "pass@1", "+5", "x > 3", "x^2", "f_1", "[3]"]),
)  # fmt: skip
_SEPARATORS = st.sampled_from([" ", " ", " ", ", ", ". ", ": ", "; ", " – ", "—", " - ", "? ", "/"])
_QUOTED = st.sampled_from(["{}", "{}", "{}", "({})", "“{}”", '"{}"', "‘{}’", "«{}»", "{}…", "{}!"])


@st.composite
def plain_texts(draw: st.DrawFn) -> str:
    """Words with ordinary punctuation, single spaces, in NFC: nothing to clean."""
    pieces = [draw(_QUOTED).format(draw(_WORDS))]
    for _ in range(draw(st.integers(0, 12))):
        pieces += [draw(_SEPARATORS), draw(_QUOTED).format(draw(_WORDS))]
    plain = "".join(pieces)
    assert unicodedata.is_normalized("NFC", plain)
    return plain


@given(plain_texts())
def test_a_text_with_nothing_to_clean_is_not_changed(plain: str) -> None:
    assert title(plain) == plain
    assert abstract(plain) == plain


@given(plain_texts(), plain_texts())
def test_paragraphs_with_nothing_to_clean_are_not_changed(one: str, two: str) -> None:
    assert abstract(f"{one}\n\n{two}") == f"{one}\n\n{two}"


@given(plain_texts())
def test_a_text_escaped_for_html_is_what_it_was(plain: str) -> None:
    assert title(html.escape(plain)) == plain


@given(plain_texts(), st.integers(1, 60))
def test_a_text_wrapped_at_spaces_is_what_it_was(plain: str, width: int) -> None:
    lines, line = [], ""
    for word in plain.split(" "):
        # a wrap after a hyphen is not one at a space, for who reads it
        if line and len(line) + len(word) >= width and not line.endswith("-"):
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    assert abstract("\n  ".join([*lines, line])) == plain


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=60))
def test_what_python_is_not_shown_has_nothing_for_it(raw: str) -> None:
    shown = pl.Series([raw])
    if not any(shown.str.contains(mark).item() for mark in tex.MARKS):
        assert tex.plain(raw).replace("\0", "").replace("\1", "") == raw.replace("\0", "").replace(
            "\1", ""
        )
    if not shown.str.contains(mojibake.SUSPECT).item():
        assert mojibake.undo(raw) == raw
    if not shown.str.contains(wraps.HYPHEN_AT_LINE_END).item():
        assert wraps.unwrap(raw) == raw


# What no text has that needs cleaning, told apart from how it is cleaned.
def has_nothing_to_clean(raw: str) -> bool:
    if not all(" " <= sign <= "~" for sign in raw) or raw != raw.strip() or "  " in raw:
        return False
    return not any(mark in raw for mark in ("\\", "$", "&", "`", "~", "--", "://"))


@pytest.fixture(scope="module")
def real_texts(shared: Path) -> pl.DataFrame:
    entries = parse_folder(shared / "dumps")["work/entries"]
    return entries.select("title", "abstract")


def test_cleaning_the_real_texts_is_idempotent(real_texts: pl.DataFrame) -> None:
    for name, clean in (("title", text.clean_title), ("abstract", text.clean_abstract)):
        once = real_texts.select(clean(pl.col(name))).to_series()
        again = once.to_frame().select(clean(pl.col(name))).to_series()
        assert once.len() > 400
        assert again.equals(once)
        assert once.null_count() == real_texts[name].null_count()


def test_real_texts_with_nothing_to_clean_are_not_changed(real_texts: pl.DataFrame) -> None:
    for name, clean in (("title", text.clean_title), ("abstract", text.clean_abstract)):
        texts = real_texts[name].drop_nulls()
        plain = texts.filter([has_nothing_to_clean(raw) for raw in texts])
        assert plain.len() > 150
        assert plain.to_frame().select(clean(pl.col(name))).to_series().equals(plain)
