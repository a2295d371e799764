"""What must hold between the columns and tables of a release, each law as a row to be checked.

A law's row has what is ``expected`` and what was ``found``; validation expects them to be equal.
The tables are lazy: a law reads the columns that it is about, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from paperdump import changes, dictionary, tables
from paperdump.dictionary import Table
from paperdump.stored import Rows, Stored

Release = Mapping[str, Rows]
Lazy = dict[str, pl.LazyFrame]


class Law(NamedTuple):
    """A law on the tables of a release: two numbers that are equal, or rows that must not be.

    Attributes:
        law: What it counts, in words.
        expected: A frame of one number; None where that is 0.
        found: A frame of one number, or, where no other is expected, the rows that break the law.
        table: The table that these rows are of.
    """

    law: str
    expected: pl.LazyFrame | None
    found: pl.LazyFrame
    table: str | None = None


class Check(NamedTuple):
    """Laws of one kind, checked.

    Attributes:
        laws: A row for each: ``law``, ``table``, ``expected``, ``found``.
        named_by: The columns that name a law.
        meaning: What the kind demands, in words.
        broken: Law → the keys of the rows that break it.
    """

    laws: pl.DataFrame
    named_by: tuple[str, ...]
    meaning: str
    broken: dict[str, pl.DataFrame]


KINDS = ("columns", "conservation", "references", "consistency")


def check(kind: str, release: Release) -> Check:
    """The laws of one of the ``KINDS``, checked on the tables of a release.

    They are checked on less than the rows first, since it costs a quarter: on hashes of keys, in
    what files tell of their texts. Only where one does not hold there the rows themselves are read.
    """
    lazy = {name: rows.lazy() for name, rows in release.items()}
    if kind == "columns":
        named_by = ("table", "column")
        meaning = "The column has the type of the data dictionary."
        return Check(column_types(lazy), named_by, meaning, {})
    if kind == "consistency":
        meaning = "Columns do not contradict each other."
        if _is_consistent(release):
            held = [(law.law, law.table, 0, 0) for law in consistency(lazy)]
            return Check(_law_rows(held), ("law",), meaning, {})
        return _checked(consistency, lazy, meaning)
    kinds: dict[str, tuple[Callable[[Lazy], list[Law]], str]] = {
        "conservation": (
            lambda seen: conservation(seen, lazy),
            "Nothing is lost on the way, and nothing is made up.",
        ),
        "references": (references, "What a row refers to is there."),
    }
    laws, meaning = kinds[kind]
    seen = _checked(lambda _: laws(_hashed(lazy)), lazy, meaning)
    if seen.laws["expected"].equals(seen.laws["found"]):
        return seen
    return _checked(laws, lazy, meaning)


def checks(release: Release) -> dict[str, Check]:
    """The laws of all kinds, checked on the tables of a release."""
    return {kind: check(kind, release) for kind in KINDS}


def _checked(kind: Callable[[Lazy], list[Law]], release: Lazy, meaning: str) -> Check:
    """Laws of a kind, checked; one that cannot be, since columns are missing, is broken."""
    broken: dict[str, pl.DataFrame] = {}
    rows: list[tuple[str, str | None, int, int]] = []
    try:
        laws = kind(release)
        found = pl.collect_all([part for law in laws for part in _parts(law)], engine="streaming")
    except pl.exceptions.PolarsError:
        laws, found = _one_by_one(kind, release, rows)
    results = iter(found)
    for law in laws:
        expected = 0 if law.expected is None else int(next(results).item() or 0)
        outcome = next(results)
        if law.expected is None:
            rows.append((law.law, law.table, 0, outcome.height))
            if outcome.height:
                broken[law.law] = outcome
        else:
            rows.append((law.law, law.table, expected, int(outcome.item() or 0)))
    return Check(_law_rows(rows), ("law",), meaning, broken)


def _law_rows(rows: list[tuple[str, str | None, int, int]]) -> pl.DataFrame:
    """Laws as rows to be checked."""
    schema = {"law": pl.String, "table": pl.String, "expected": pl.Int64, "found": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _parts(law: Law) -> list[pl.LazyFrame]:
    return [law.found] if law.expected is None else [law.expected, law.found]


def _one_by_one(
    kind: Callable[[Lazy], list[Law]],
    release: Lazy,
    rows: list[tuple[str, str | None, int, int]],
) -> tuple[list[Law], list[pl.DataFrame]]:
    """The laws that can be checked, and their numbers; the others go to the rows as broken."""
    checked: list[Law] = []
    found: list[pl.DataFrame] = []
    try:
        laws = kind(release)
    except pl.exceptions.PolarsError as error:
        rows.append((f"could not be checked: {str(error).splitlines()[0]}", None, 0, 1))
        return checked, found
    for law in laws:
        try:
            found += pl.collect_all(_parts(law))
            checked.append(law)
        except pl.exceptions.PolarsError as error:
            said = str(error).splitlines()[0]
            rows.append((f"{law.law}: could not be checked: {said}", law.table, 0, 1))
    return checked, found


def column_types(release: Lazy) -> pl.DataFrame:
    """The type of every column beside the data dictionary's, a column a row."""
    names = {polars: name for name, polars in tables.POLARS_TYPES.items()}
    rows = []
    for table, frame in release.items():
        schema = frame.collect_schema()
        for column in dictionary.table(table).columns:
            found = schema.get(column.name)
            is_known = found is not None and found in names
            said = names[found] if is_known and found is not None else str(found or "missing")
            rows.append((table, column.name, column.type, said))
    columns = dict.fromkeys(("table", "column", "expected", "found"), pl.String)
    return pl.DataFrame(rows, schema=columns, orient="row")


def _rows(name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Of rows of a table their key and what people know them by."""
    table = dictionary.table(name)
    return rows.select(_naming(table))


def _naming(table: Table) -> list[str]:
    """The columns that name a row of a table: its key, its label, whose row it is."""
    owners = [c for c in ("paper_id", "entry_id", "dump_id") if c in table.column_names]
    return list(dict.fromkeys([*table.key, *([table.label] if table.label else []), *owners]))


def naming(name: str) -> list[str]:
    """The columns that name a row of a table: its key, its label, whose row it is."""
    return _naming(dictionary.table(name))


def _count(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.select(pl.len().cast(pl.Int64))


def _sum(rows: pl.LazyFrame, column: str) -> pl.LazyFrame:
    return rows.select(pl.col(column).cast(pl.Int64).sum())


def conservation(release: Lazy, whole: Lazy | None = None) -> list[Law]:
    """The conservation law: what goes in beside what comes out.

    Every entry that a reader saw is in exactly one paper, through sightings, or in rejects; every
    reject is in rejects; every dump is in dumps, also one that yielded nothing.

    Args:
        release: The tables, or keys and counts of them.
        whole: The tables with all columns, where these are not.
    """
    papers, sightings = release["papers"], release["sightings"]
    dumps, rejects = release["dumps"], release["rejects"]

    def miscounted(table: str, rows: pl.LazyFrame, count: str, value: pl.Expr) -> pl.LazyFrame:
        """Owners whose count is not what their rows make it."""
        [key] = dictionary.table(table).key
        found = rows.group_by(key).agg(found=value.cast(pl.Int64))
        both = release[table].join(found, on=key, how="left")
        return _rows(table, both.filter(pl.col(count) != pl.col("found").fill_null(0)))

    yields = (pl.col("n_entries") > 0) | (pl.col("n_rejects") > 0)
    nothing = ~yields & pl.col("n_members").is_null()  # an archive yields members
    counted = (
        ("papers", sightings, "n_sightings", pl.len()),
        ("papers", sightings, "n_dumps", pl.col("dump_id").n_unique()),
        ("dumps", sightings, "n_entries", pl.len()),
        ("dumps", rejects, "n_rejects", pl.len()),
    )
    seen = sightings.select(pl.col("paper_id").unique())
    twice = rejects.join(sightings, on="entry_id", how="semi")
    return [
        Law("entries read = sightings", _sum(dumps, "n_entries"), _count(sightings)),
        Law("rejects counted = rejects", _sum(dumps, "n_rejects"), _count(rejects)),
        Law(
            "sightings counted by papers = sightings",
            _sum(papers, "n_sightings"),
            _count(sightings),
        ),
        Law(
            "papers without a sighting",
            None,
            _rows("papers", papers.join(seen, on="paper_id", how="anti")),
            "papers",
        ),
        Law("sightings that are rejects too", None, _rows("rejects", twice), "rejects"),
        *(
            Law(f"{t} whose {count} is not theirs", None, miscounted(t, rows, count, value), t)
            for t, rows, count, value in counted
        ),
        Law(
            "dumps with neither entry nor reject",
            None,
            _rows("dumps", dumps.filter(nothing)),
            "dumps",
        ),
        Law(
            "members counted by archives = dumps in archives",
            _sum(dumps, "n_members"),
            dumps.select(pl.col("container_id").count().cast(pl.Int64)),
        ),
        Law("fixes of papers, applied = those to be seen", *_fixes_seen(whole or release)),
    ]


def _fixes_seen(release: Lazy) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """How many fixes of papers are applied, and how many of these show in the papers.

    Those of papers in quarantine are left out.
    """
    fixes = (
        release["corrections"]
        .filter(
            (pl.col("kind") == "fix")
            & (pl.col("status") == "applied")
            & pl.col("entry_id").is_null()
        )
        .join(release["rejects"], on="paper_id", how="anti")
        .collect()
    )
    papers, fields = release["papers"], fixes["field"].unique().sort().to_list()
    if {"paper_id", *fields} <= set(papers.collect_schema()):
        papers = papers.select(list(dict.fromkeys(["paper_id", *fields])))
    fixed = papers.join(fixes.lazy(), on="paper_id", how="semi").collect()
    values = changes.long_form(fixed, fields, "value")
    shown = fixes.join(values, on=["paper_id", "field"]).filter(
        pl.col("value").eq_missing(pl.col("new_value"))
    )
    return _count(fixes.lazy()), _count(shown.lazy())


def references(release: Lazy) -> list[Law]:
    """That what a column refers to, by the data dictionary, is there.

    An entry or paper in quarantine is there too, in rejects; but no sighting may have such a paper.
    """
    laws = []
    for name in release:
        for column in dictionary.table(name).columns:
            target = column.references
            if target is None:
                continue
            [key] = dictionary.table(target).key
            there = release[target].select(pl.col(key).alias(column.name))
            if target in ("papers", "sightings") and (name, target) != ("sightings", "papers"):
                gone = release["rejects"].select(pl.col(key).alias(column.name)).drop_nulls()
                there = pl.concat([there, gone])
            stray = release[name].drop_nulls(column.name).join(there, on=column.name, how="anti")
            laws.append(
                Law(
                    f"{name} whose {column.name} is not in {target}",
                    None,
                    _rows(name, stray),
                    name,
                )
            )
    return laws


def consistency(release: Lazy) -> list[Law]:
    """What columns must not say of each other, and what no text may be; 0 rows each."""
    laws = [
        Law(
            f"{rule.table} {rule.words}",
            None,
            _rows(rule.table, release[rule.table].filter(rule.breaks)),
            rule.table,
        )
        for rule in _rules()
    ]
    return laws + [
        Law(
            f"{name} with a text that is empty",
            None,
            _rows(name, rows.filter(_has_empty(rows.collect_schema()))),
            name,
        )
        for name, rows in release.items()
    ]


class _Rule(NamedTuple):
    """What rows of a table must not be.

    Attributes:
        table: The table.
        words: What such a row is, in words.
        breaks: Whether a row is such.
        may_break: Whether it may be, where that costs less; None where it does not.
    """

    table: str
    words: str
    breaks: pl.Expr
    may_break: pl.Expr | None = None


def _rules() -> list[_Rule]:
    """What columns must not say of each other."""
    dated = pl.col("published_on").is_not_null() != pl.col("published_on_evidence").is_not_null()
    stray_code = pl.col("code_urls").list.set_difference("urls").list.len() > 0
    reverse = pl.col("first_line") > pl.col("last_line")
    return [
        _Rule("papers", "with a date but no evidence, or the reverse", dated),
        _Rule("sightings", "with a date but no evidence, or the reverse", dated),
        _Rule("papers", "with a code link that is none of their links", stray_code),
        _Rule(
            "papers",
            "seen last before they were seen first",
            pl.col("first_seen_on") > pl.col("last_seen_on"),
        ),
        _Rule(
            "dumps",
            "captured at the latest before the earliest",
            pl.col("snapshot_earliest") > pl.col("snapshot_latest"),
        ),
        _Rule(
            "sightings",
            "that share a place with another",
            pl.struct("dump_id", "position").is_duplicated(),
            ~_is_past_the_row_before("dump_id", "position"),
        ),
        _Rule("sightings", "that end before they begin", reverse),
        _Rule("rejects", "that end before they begin", reverse),
    ]


def _is_past_the_row_before(text: str, number: str) -> pl.Expr:
    """Whether a row stands after the one before it in the order of a text and a number."""
    before = pl.col(text).shift(fill_value="")
    later = pl.col(number) > pl.col(number).shift(fill_value=0)
    past = (pl.col(text) > before) | ((pl.col(text) == before) & later)
    return past.fill_null(False)


def _is_consistent(release: Release) -> bool:
    """Whether all rows obey the laws of consistency, seen in one look at each table.

    Columns that no law but that of empty texts is about are not read where the file tells that none
    is empty. False also where that cannot be told so.
    """
    try:
        return all(_is_table_consistent(name, rows) for name, rows in release.items())
    except pl.exceptions.PolarsError:
        return False


def _is_table_consistent(name: str, rows: Rows) -> bool:
    schema = rows.lazy().collect_schema()
    if not set(naming(name)) <= set(schema):
        return False  # laws cannot be checked on rows without a name
    texts = {n: kind for n, kind in schema.items() if kind in (pl.String, pl.List(pl.String))}
    if isinstance(rows, Stored):
        empty = {column: rows.has_empty(column) for column in texts}
        if True in empty.values():
            return False
        texts = {column: kind for column, kind in texts.items() if empty[column] is None}
    broken = [
        rule.breaks if rule.may_break is None else rule.may_break
        for rule in _rules()
        if rule.table == name
    ]
    if texts:
        broken.append(_has_empty(texts))
    if not broken:
        return True
    seen = rows.lazy().select(pl.any_horizontal(broken).any())
    return not seen.collect(engine="streaming").item()


def _has_empty(schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Whether a row has an empty text, or a list with an empty or missing one."""
    texts = [pl.col(n) == "" for n, t in schema.items() if t == pl.String]
    lists = [
        pl.col(n).list.eval(pl.element().is_null() | (pl.element() == "")).list.any()
        for n, t in schema.items()
        if t == pl.List(pl.String)
    ]
    return pl.any_horizontal(*texts, *lists)


# what conservation adds up, beside keys
_COUNTS = ("n_sightings", "n_dumps", "n_entries", "n_rejects", "n_members")


def _hashed(release: Lazy) -> Lazy:
    """Keys and counts of tables, and of keys that are texts their hashes of 64 bits.

    Laws that compare keys find as much broken in these as in the keys themselves, at half the cost,
    but for a stray key whose hash is another's by chance: of a million keys, one in 10^13 is.
    """
    found = {}
    for name, rows in release.items():
        table, schema = dictionary.table(name), rows.collect_schema()
        named = [*_naming(table), *(c.name for c in table.columns if c.references), *_COUNTS]
        wanted = [column for column in dict.fromkeys(named) if column in schema]
        keys = [
            _hash(column) if schema[column] == pl.String else pl.col(column)
            for column in wanted
            if column != table.label
        ]
        label = pl.lit(None, pl.String).alias(table.label or "")
        labels = [label] if table.label in wanted else []
        found[name] = rows.select(keys).collect(engine="streaming").lazy().with_columns(labels)
    return found


def _hash(column: str) -> pl.Expr:
    """The hash of a text; a text that is missing has none."""
    return pl.when(pl.col(column).is_not_null()).then(pl.col(column).hash())


def numbers(laws: Sequence[Law]) -> list[tuple[str, int, int]]:
    """What each law expects and what was found, for a person to look at."""
    checked = _checked(lambda _: list(laws), {}, "").laws
    return [(law, expected, found) for law, _, expected, found in checked.iter_rows()]
