"""The results folder is written to by one process at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from paperdump.errors import PaperdumpError


def take(results: Path) -> IO[str]:
    """Take a results folder; it is held until what is returned is closed, or the process ends.

    Snakemake locks its working directory; two of these may share a results folder.

    Raises:
        PaperdumpError: Another process has taken it.
    """
    lock = (results / ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise PaperdumpError(
            f"Another run is writing to {results}; wait for it, or give this one another "
            "results folder."
        ) from None
    except OSError:
        pass  # a file system without locks
    return lock
