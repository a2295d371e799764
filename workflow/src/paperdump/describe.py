"""What describes a release for machines and people: data package, Croissant, dataset card.

* ``datapackage.json``: a Frictionless Data Package (specs.frictionlessdata.io), a resource per
  file with its schema, size and hash;
* ``croissant.json``: the same for MLCommons Croissant 1.0 (docs.mlcommons.org/croissant);
* ``README.md``: a dataset card as the Hugging Face Hub reads it, with a configuration per table;
* ``LICENSE.md``: what is known of the rights in the data.

All of it follows from the files of the release, its manifest and the data dictionary: the same
release has the same texts, byte for byte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from paperdump import dictionary, tables
from paperdump.dictionary import Column, Table

_TITLE = "Papers of saved listings"
_NAME = "paperdump"
_SUMMARY = (
    "Papers, with titles, abstracts, authors and days of publication, as saved pages and feeds "
    "list them; each value with the place that it was read from."
)
_KEYWORDS = ["papers", "bibliography", "abstracts", "metadata", "provenance"]
_PARQUET, _CSV = ".parquet", ".csv"
_LICENSE_FILE = "LICENSE.md"
_LICENSE_NAME = "other"
_LICENSE_TITLE = "Rights of several owners: see LICENSE.md"

_FRICTIONLESS_TYPES = {
    "string": "string",
    "bool": "boolean",
    "int16": "integer",
    "int32": "integer",
    "int64": "integer",
    "float64": "number",
    "date": "date",
}
_CROISSANT_TYPES = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "int16": "cr:Int16",
    "int32": "cr:Int32",
    "int64": "cr:Int64",
    "float64": "cr:Float64",
    "date": "sc:Date",
}
# an identifier, and the table whose key it is
_HOMES = {"paper_id": "papers", "dump_id": "dumps", "entry_id": "sightings"}
# tables that name what is in no release any more
_OF_THE_PAST = ("changes", "redirects", "summaries/history/")
# from https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html, appendix 1
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
# what a format tells of where its dumps come from
_RIGHTS = {
    "arxiv": (
        "arXiv's metadata (titles, abstracts, authors, identifiers) may be used under CC0 1.0, as "
        "arXiv's terms for its API and its bulk data say. The papers themselves have licences of "
        "their own."
    ),
    "hf": (
        "The Hugging Face paper pages repeat titles, abstracts and authors mostly as arXiv has "
        "them. Organisations, comments and upvotes are the site's; its terms of service hold."
    ),
    "": "For other dumps, what their publishers say holds.",
}


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a release that holds a table.

    Attributes:
        name: Its name in the release, e.g. ``summaries/overview.parquet``.
        table: The table's definition.
        rows: How many rows it has.
        bytes: Its size.
        sha256: The SHA-256 of its bytes.
    """

    name: str
    table: Table
    rows: int
    bytes: int
    sha256: str


def documents(
    manifest: Mapping[str, Any], files: Mapping[str, Path], sums: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The texts that describe a release.

    Args:
        manifest: The release's manifest; of it ``version`` and ``validation`` are read.
        files: The files of the release by their names in it (``papers.parquet``,
            ``summaries/overview.csv``, …); those that hold no table of the dictionary are passed
            over.
        sums: The SHA-256 of files, by their names, where they are known already.

    Returns:
        The text of each file, by its name in the release.
    """
    found = _table_files(files, sums or {})
    formats = _formats(files)
    return {
        "datapackage.json": tables.json_bytes(datapackage(manifest, found)).decode(),
        "croissant.json": tables.json_bytes(croissant(manifest, found)).decode(),
        "README.md": _card(manifest, found, files, formats),
        _LICENSE_FILE: _license(formats),
    }


def _table_files(files: Mapping[str, Path], sums: Mapping[str, str]) -> list[_File]:
    """The files that hold tables, in the order of the dictionary, Parquet before CSV."""
    places = {name: place for place, name in enumerate(dictionary.tables())}
    found = []
    for name, path in files.items():
        suffix = path.suffix if name.endswith((_PARQUET, _CSV)) else ""
        table = name.removesuffix(suffix)
        parquet = files.get(table + _PARQUET)
        if suffix and table in places and parquet is not None:
            found.append(
                _File(
                    name,
                    dictionary.table(table),
                    tables.row_count(parquet),
                    path.stat().st_size,
                    sums.get(name) or _sum_of(path),
                )
            )
    return sorted(found, key=lambda file: (places[file.table.name], file.name.endswith(_CSV)))


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def datapackage(manifest: Mapping[str, Any], files: Sequence[_File]) -> dict[str, Any]:
    """The Frictionless Data Package of a release."""
    present = {file.table.name for file in files}
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": _NAME,
        "title": _TITLE,
        "description": _SUMMARY,
        "version": str(manifest["version"]),
        "keywords": _KEYWORDS,
        "licenses": [{"name": _LICENSE_NAME, "title": _LICENSE_TITLE, "path": _LICENSE_FILE}],
        "resources": [_resource(file, present) for file in files],
    }


def _resource(file: _File, present: set[str]) -> dict[str, Any]:
    """A file as a resource with its table schema."""
    table, is_csv = file.table, file.name.endswith(_CSV)
    common = {
        "name": table.name + (_CSV if is_csv else ""),
        "path": file.name,
        "description": table.description,
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "schema": _schema(table, present, is_csv),
    }
    if is_csv:
        told = {"format": "csv", "mediatype": "text/csv", "encoding": "utf-8"}
        return {**common, **told, "type": "table", "rows": file.rows}
    return {
        **common,
        # no "table": that is for texts; a validator that reads Parquet as one takes null for NaN
        "type": "file",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "rowCount": file.rows,
    }


def _schema(table: Table, present: set[str], is_csv: bool) -> dict[str, Any]:
    """The Table Schema of a table."""
    schema: dict[str, Any] = {"fields": [_field(column, is_csv) for column in table.columns]}
    if table.key and not any(table.column(name).nullable for name in table.key):
        schema["primaryKey"] = list(table.key)
    if not is_csv and not table.name.startswith(_OF_THE_PAST):
        keys = [
            {"fields": [name], "reference": {"resource": home, "fields": [name]}}
            for name, home in _HOMES.items()
            if name in table.column_names and home in present and home != table.name
        ]
        if keys:
            schema["foreignKeys"] = keys
    return schema


def _field(column: Column, is_csv: bool) -> dict[str, Any]:
    """A column as a field of a Table Schema; in CSV a list is one text."""
    is_list = column.type.startswith("list")
    field: dict[str, Any] = {
        "name": column.name,
        "type": ("string" if is_csv else "array") if is_list else _FRICTIONLESS_TYPES[column.type],
        "description": column.description,
    }
    if column.unit:
        field["unit"] = column.unit
    constraints: dict[str, Any] = {} if column.nullable else {"required": True}
    if column.unique:
        constraints["unique"] = True
    if not is_list:
        stated = {"minimum": column.minimum, "maximum": column.maximum, "pattern": column.pattern}
        constraints |= {name: value for name, value in stated.items() if value is not None}
        if column.allowed:
            constraints["enum"] = list(column.allowed)
    return {**field, "constraints": constraints} if constraints else field


def croissant(manifest: Mapping[str, Any], files: Sequence[_File]) -> dict[str, Any]:
    """The MLCommons Croissant description of a release: its Parquet files, a record set each."""
    version = str(manifest["version"])
    parquet = [file for file in files if file.name.endswith(_PARQUET)]
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": _NAME,
        "description": f"{_SUMMARY} Version {version}.",
        "version": version,
        "license": _LICENSE_TITLE,
        "url": "README.md",
        "keywords": _KEYWORDS,
        "citeAs": _citation(version),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": file.name,
                "name": file.name,
                "description": file.table.description,
                "contentUrl": file.name,
                "contentSize": f"{file.bytes} B",
                "encodingFormat": "application/x-parquet",
                "sha256": file.sha256,
            }
            for file in parquet
        ],
        "recordSet": [_record_set(file) for file in parquet],
    }
    day = _day(version)
    return {**described, "datePublished": day} if day else described


def _record_set(file: _File) -> dict[str, Any]:
    """A table as a Croissant record set."""
    table = file.table
    record_set: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table.name}/{column.name}",
                "name": column.name,
                "description": column.description,
                "dataType": _CROISSANT_TYPES[_item_type(column)],
                **({"repeated": True} if column.type.startswith("list") else {}),
                "source": {
                    "fileObject": {"@id": file.name},
                    "extract": {"column": column.name},
                },
            }
            for column in table.columns
        ],
    }
    keys = [{"@id": f"{table.name}/{name}"} for name in table.key]
    if keys:
        record_set["key"] = keys[0] if len(keys) == 1 else keys
    return record_set


def _card(
    manifest: Mapping[str, Any],
    files: Sequence[_File],
    paths: Mapping[str, Path],
    formats: Sequence[tuple[str, int, int]],
) -> str:
    """The dataset card: a header for the Hub, and what a person wants to know first."""
    version = str(manifest["version"])
    parquet = {f.table.name: f for f in files if f.name.endswith(_PARQUET)}
    parts = [
        _header(parquet),
        f"# {_TITLE}",
        f"{_SUMMARY} Made by `paperdump`; this is version `{version}`.",
        _validated(manifest),
        "## Load it",
        _LOADING,
        "## What is in it",
        _table(
            ["file", "rows", "a row"],
            [
                [f"`{f.name}`", f"{f.rows:,}", f.table.description.removeprefix("A row ")]
                for f in parquet.values()
            ],
            "-:-",
        ),
        "Unknown is null, never zero, an empty text or a guess. `manifest.json` names the inputs "
        "with their SHA-256, `dictionary.json` has all that is said of columns here for programs.",
        "## Where it comes from",
        _table(["format of the dumps", "dumps", "entries"], formats, "-::"),
        "## How complete it is",
        _completeness(paths),
        _evidence(paths),
        "## Columns",
        *(_columns(file.table) for file in parquet.values()),
        "## Rights",
        _rights(formats),
        "## Cite it",
        f"```bibtex\n{_citation(version)}\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_LOADING = """\
```python
import polars as pl

papers = pl.read_parquet("papers.parquet")
```

```python
from datasets import load_dataset

papers = load_dataset("PATH OF THIS FOLDER", "papers", split="train")
```

Papers are sorted by the day of publication, and identifiers have Bloom filters: a reader that
filters by them reads a part of the file."""


def _header(parquet: Mapping[str, _File]) -> str:
    """The YAML header of the card."""
    rows = parquet["papers"].rows if "papers" in parquet else 0
    size = next((name for limit, name in _SIZES if rows < limit), "n>100M")
    configs = [
        {
            "config_name": name.replace("/", "-"),
            **({"default": True} if name == "papers" else {}),
            "data_files": file.name,
        }
        for name, file in parquet.items()
    ]
    header = {
        "pretty_name": _TITLE,
        "license": _LICENSE_NAME,
        "license_name": "rights-of-several-owners",
        "license_link": _LICENSE_FILE,
        "size_categories": [size],
        "tags": _KEYWORDS,
        "configs": configs,
    }
    return f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}---"


def _validated(manifest: Mapping[str, Any]) -> str:
    """What validation found, in a sentence."""
    checks = manifest.get("validation", {})
    if "expectations" not in checks:
        return ""
    return (
        f"Of {checks['expectations']:,} expectations {checks['passed']:,} are met, "
        f"{checks.get('failed_warning', 0):,} failed with a warning; `validation/results.json` "
        "names them, `validation/data_docs/index.html` is for reading."
    )


def _completeness(paths: Mapping[str, Path]) -> str:
    """How many papers have each field, as a table."""
    path = paths.get("summaries/completeness.parquet")
    if path is None:
        return ""
    overall = pl.read_parquet(path).filter(pl.col("scope") == "overall")
    rows = [
        [f"`{field}`", f"{filled:,}", _percent(share)]
        for field, filled, share in overall.select("field", "filled", "share").iter_rows()
    ]
    return _table(["field", "papers that have it", "share"], rows, "-::")


def _evidence(paths: Mapping[str, Path]) -> str:
    """What the days of publication rest on, as a table."""
    path = paths.get("summaries/date_evidence.parquet")
    if path is None:
        return ""
    overall = pl.read_parquet(path).filter(pl.col("scope") == "overall")
    columns = ["published_on_evidence", "rows", "share"]
    rows = [
        [evidence or "unknown", f"{n:,}", _percent(share)]
        for evidence, n, share in overall.select(columns).iter_rows()
    ]
    told = _table(["day of publication", "papers", "share"], rows, "-::")
    words = dictionary.table("papers").column("published_on_evidence").description
    return f"{told}\n\n{words}"


def _columns(table: Table) -> str:
    """The columns of a table, as a table."""
    rows = [
        [
            f"`{column.name}`",
            f"`{column.type}`" + (f", {column.unit}" if column.unit else ""),
            "yes" if column.nullable else "no",
            column.description,
        ]
        for column in table.columns
    ]
    key = ", ".join(f"`{name}`" for name in table.key)
    told = _table(["column", "type", "may be null", "meaning"], rows)
    return f"### {table.name}\n\n{table.description} Its key: {key}.\n\n{told}"


def _formats(files: Mapping[str, Path]) -> list[tuple[str, int, int]]:
    """The formats of the dumps, with how many dumps and entries are of each."""
    path = files.get("dumps.parquet")
    if path is None:
        return []
    counted = (
        pl.read_parquet(path, columns=["format", "n_entries"])
        .group_by(pl.col("format").fill_null("not recognised"))
        .agg(pl.len(), pl.col("n_entries").sum())
        .sort("format")
    )
    return counted.rows()


def _rights(formats: Sequence[tuple[str, int, int]]) -> str:
    """What is known of the rights in the data."""
    families = {name.split("-")[0] for name, _, entries in formats if entries}
    known = [text for family, text in _RIGHTS.items() if family in families]
    if families - set(_RIGHTS):
        known.append(_RIGHTS[""])
    notes = [
        "Titles and abstracts belong to their authors; nothing here grants rights in them. Names "
        "of authors are personal data where the law says so.",
        *known,
        "`dumps.parquet` says where each dump comes from (`source`, `source_url`), and "
        "`sightings.parquet` which dump each value was read from.",
    ]
    return "\n\n".join(notes)


def _license(formats: Sequence[tuple[str, int, int]]) -> str:
    """The notes on rights as a file of their own."""
    return f"# Rights in the data\n\n{_rights(formats)}\n"


def _citation(version: str) -> str:
    """How to cite a release, as BibTeX."""
    year = f"  year = {{{version[:4]}}},\n" if _day(version) else ""
    return (
        f"@misc{{paperdump-{version},\n  title = {{{_TITLE}}},\n{year}"
        f"  version = {{{version}}},\n  note = {{Made by paperdump}}\n}}"
    )


def _day(version: str) -> str | None:
    """The day in a version, if it has one."""
    found = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", version)
    return found[0] if found else None


def _item_type(column: Column) -> str:
    """The type of a column, or of the items of its lists."""
    return column.type.removeprefix("list<").removesuffix(">")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], align: str = "") -> str:
    """A table in Markdown.

    Args:
        head: The names of its columns.
        rows: Its rows.
        align: For each column ":" where it is set to the right.
    """
    marks = ["--:" if side == ":" else "---" for side in align.ljust(len(head), "-")]
    lines = [head, marks, *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    """A value in a cell of a table: on one line, its marks not read as Markdown's."""
    text = f"{value:,}" if isinstance(value, int) else str(value)
    text = " ".join(text.split())
    if text.startswith("`") or set(text) <= {"-", ":"}:
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([|\\*_\[\]])", r"\\\1", text)
