"""The gate between validation and release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paperdump.errors import PaperdumpError
from paperdump.report import failure_message


def check(document: Mapping[str, Any], results_folder: Path) -> None:
    """Let a validated release pass.

    Raises:
        PaperdumpError: A critical expectation failed; nothing may be published.
    """
    message = failure_message(document, "critical")
    if message:
        raise PaperdumpError(
            f"Validation stopped the release: {message}\n{_way_out(document)}"
            f"  Nothing was published; {results_folder / 'latest'} is what it was.\n"
            f"  All failing rows: {results_folder / 'validation' / 'failures.parquet'}; "
            "for reading: "
            f"{results_folder / 'validation' / 'data_docs' / 'index.html'}"
        )


def _way_out(document: Mapping[str, Any]) -> str:
    """What to do where less is there than in the release before."""
    lost = document["tables"].get("comparison", {"results": []})["results"]
    if not any(not one["success"] and one["severity"] == "critical" for one in lost):
        return ""
    version = document["compared_with"]
    return (
        "  If that is meant, accept what is lost against that release: "
        f"--config 'validate={{compare: {{accept: {version}}}}}'\n"
    )


def check_corrections(stale: str | None, results_folder: Path) -> None:
    """Let a release pass whose corrections all apply.

    Args:
        stale: What ``report.stale_message`` says of its corrections.
        results_folder: The results folder.

    Raises:
        PaperdumpError: A correction is stale; nothing may be published.
    """
    if stale:
        raise PaperdumpError(
            f"`strict` stopped the release: {stale}\n"
            f"  Nothing was published; {results_folder / 'latest'} is what it was.\n"
            "  Mend these corrections or take them out, or run with strict=false."
        )
