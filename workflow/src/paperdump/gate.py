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
            f"Validation stopped the release: {message}\n"
            f"  Nothing was published; {results_folder / 'latest'} is what it was.\n"
            f"  All results: {results_folder / 'validation' / 'results.json'}, for reading: "
            f"{results_folder / 'validation' / 'data_docs' / 'index.html'}"
        )
