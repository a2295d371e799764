"""What a person is told at the end of a run; and whether what a run left is still there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paperdump import dictionary

_MOST_TOLD = 5  # rows of a law or measure that fails


def run_summary(results: Path, marker: Path, validation: Path) -> str:
    """A few lines on the release that a run published, and on its validation.

    A release whose content is as before is not written anew, so the run's own results of
    validation, which may follow other thresholds, are told.

    Args:
        results: The results folder.
        marker: The file that names what the run published; not there if it published nothing.
        validation: The folder of the run's results of validation.
    """
    if not marker.is_file():
        return "paperdump: this run published nothing."
    latest = results / "latest"
    manifest = json.loads((latest / "manifest.json").read_text("utf-8"))
    checks = json.loads((validation / "results.json").read_text("utf-8"))
    rows = {name: table["rows"] for name, table in manifest["tables"].items()}
    failed = checks["failed_critical"] + checks["failed_warning"]
    archives = sum(dump.get("n_members") is not None for dump in manifest["inputs"])
    around = f" and {archives:,} archives of such" if archives else ""
    lines = [
        ("dumps", f"{rows['dumps'] - archives:,}{around}"),
        ("entries", f"{rows['sightings']:,}"),
        ("papers", f"{rows['papers']:,}"),
        ("duplicates", f"{rows['sightings'] - rows['papers']:,} entries of papers seen before"),
        ("rejects", f"{rows['rejects']:,}" + (" (see rejects.parquet)" if rows["rejects"] else "")),
        ("expectations", f"{checks['passed']} passed, {failed} failed"),
        ("version", manifest["version"]),
        ("where", str(latest)),
    ]
    text = "\n".join(["paperdump", *(f"  {name:<13} {value}" for name, value in lines)])
    told = (
        failure_message(checks, "warning"),
        stale_message(latest / "corrections.parquet"),
        contradiction_message(latest / "contradictions.parquet"),
    )
    return "\n".join([text, *(message for message in told if message)])


def stale_message(corrections: Path) -> str | None:
    """What a person is told about stale corrections: a line for each; None where there is none.

    Args:
        corrections: The file of a table ``corrections``.
    """
    import polars as pl  # noqa: PLC0415 (the plan of a run needs this module, and no frames)

    columns = ["line", "kind", "field", "names", "message"]
    stale = pl.read_parquet(corrections).filter(pl.col("status") == "stale").select(columns)
    if stale.is_empty():
        return None
    lines = [
        f"  line {line}: {kind}{f' of {field}' if field else ''}, {names}: {message}"
        for line, kind, field, names, message in stale.iter_rows()
    ]
    one = len(lines) == 1
    are = "correction is stale, and was" if one else "corrections are stale, and were"
    return "\n".join([f"{len(lines)} {are} not applied:", *lines])


def contradiction_message(contradictions: Path) -> str | None:
    """What a person is told about dates that contradict each other; None where none do.

    Args:
        contradictions: The file of a table ``contradictions``.
    """
    import polars as pl  # noqa: PLC0415 (as above)

    n_dumps = pl.read_parquet(contradictions)["dump_id"].n_unique()
    if not n_dumps:
        return None
    of_dumps = "1 dump" if n_dumps == 1 else f"{n_dumps:,} dumps"
    return (
        f"What is known of the day of {of_dumps} contradicts itself; contradictions.parquet says "
        "by which entries."
    )


def failure_message(document: Mapping[str, Any], severity: str) -> str | None:
    """What a person is told about failed expectations of a severity; None where all passed.

    A line for each: table, column, expectation, how many rows, and the first of them.

    Args:
        document: The results of the validation.
        severity: ``critical`` or ``warning``.
    """
    lines = []
    for table, outcome in document["tables"].items():
        for result in outcome["results"]:
            if result["success"] or result["severity"] != severity:
                continue
            place = f"{table}.{result['column']}" if result["column"] else table
            arguments = {k: v for k, v in result["arguments"].items() if k != "column"}
            shown = ", ".join(f"{k}={v}" for k, v in arguments.items() if v is not None)
            what = f"{result['expectation']}({shown})"
            if not dictionary.is_table(table):  # laws and measures, whose columns are made for them
                what = str(result["meaning"]).rstrip(".")
            lines.append(f"  {place}: {what}: {_found(result, outcome)}")
            for row in result["first_rows"][: 1 if dictionary.is_table(table) else _MOST_TOLD]:
                first = "the first of them: " * dictionary.is_table(table)
                lines.append(f"    {first}{row_in_words(table, row)}")
    if not lines:
        return None
    count = sum(not line.startswith("    ") for line in lines)
    return "\n".join([f"{count} {severity} expectation(s) failed:", *lines])


def row_in_words(suite: str, row: Mapping[str, Any]) -> str:
    """A row that fails, in words.

    Args:
        suite: The table, law or measure that it is of.
        row: What names it and the values that fail, as the results of validation have them.
    """
    if suite in _MEASURES:
        return _MEASURES[suite](row)
    return ", ".join(f"{name}={value}" for name, value in row.items())


def _share_in_words(row: Mapping[str, Any]) -> str:
    """Of a dump or format the field that it lacks."""
    name = row["path"] or row["format"]
    scope = "dump" if row["path"] else "format"
    return f"{scope} {name}: {row['field']} {row['filled']} of {row['total']}"


def _loss_in_words(row: Mapping[str, Any]) -> str:
    """What was there in the release before, and what is there now."""
    of = row["table"] + (f".{row['field']}" if row["field"] else "")
    before, now = (f"{float(row[name]):,.10g}" for name in ("before", "now"))
    return f"{row['measure']} of {of}: {before} before, {now} now"


_MEASURES = {"completeness": _share_in_words, "comparison": _loss_in_words}


def _found(result: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    if result["error"]:
        return f"it could not be checked: {result['error']}"
    if result["unexpected_rows"] is None:
        return f"observed {result['observed']}"
    return f"{result['unexpected_rows']} of {outcome['rows']} rows fail"


def latest_version(results: Path) -> str | None:
    """The version that ``latest`` points at; None where there is none, or not a whole one."""
    latest = results / "latest"
    return latest.resolve().name if is_whole(latest) else None


def markers(folder: Path) -> list[dict[str, Any]]:
    """What the markers of a folder say, in the order of their names; broken ones are left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            marker = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(marker, dict):
            found.append(marker)
    return found


def is_published(results: Path, marker: Path) -> bool:
    """Whether ``latest`` is the release that a marker names, whole; or the marker is not there."""
    if not marker.is_file():
        return True
    version = version_of(marker)
    latest = results / "latest"
    return latest.resolve().name == version and is_whole(latest)


def version_of(marker: Path) -> str | None:
    """The version that a marker names; None where it cannot be read."""
    try:
        return str(json.loads(marker.read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return None


def is_whole(release: Path) -> bool:
    """Whether a release's folder has every file that its manifest lists, in its size.

    A quick look; ``verification`` looks at every byte.
    """
    try:
        manifest = json.loads((release / "manifest.json").read_text("utf-8"))
        sizes = manifest["files"].items()
        return all((release / f).stat().st_size == size for f, size in sizes)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False
