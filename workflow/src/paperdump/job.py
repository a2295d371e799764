"""A job's surroundings: its log, and what its failure tells a person."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paperdump.errors import PaperdumpError


@contextmanager
def logged(log: str | Path, stage: str) -> Iterator[None]:
    """Run a job with all its output in its log.

    What the job, or a library in it, prints goes to the log, and so does the traceback where it
    fails. The terminal then gets one message: an error's own words where they are meant for a
    person, else what happened and where the log is.

    Args:
        log: The log file; it is written anew.
        stage: Name of the stage, for the message.

    Raises:
        SystemExit: The block raised.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    terminal = os.dup(2)
    with Path(log).open("w", encoding="utf-8") as file:
        # the descriptors themselves, so that libraries not written in Python go there too
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException as error:
            traceback.print_exc(file=file)
            file.flush()
            os.write(terminal, _told(error, stage, log).encode("utf-8", "backslashreplace"))
            raise SystemExit(1) from error
        finally:
            os.close(terminal)


def _told(error: BaseException, stage: str, log: str | Path) -> str:
    if isinstance(error, PaperdumpError):
        return f"\n{stage}: {error}\n\n"
    return f"\n{stage} failed: {type(error).__name__}: {error}\n  The whole story: {log}\n\n"
