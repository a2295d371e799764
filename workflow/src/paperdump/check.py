"""The check stage: what validation looks at, shared out over jobs.

It runs where there is so much that one job should not do it alone; elsewhere validate looks at all
itself, with the same result. A table is looked at by one job, and so is a kind of laws: what a
share has to do does not depend on the others.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paperdump import tables, validate
from paperdump.validate import Seen

# Seconds that the parts took of 1,000,000 entries of which none fails; those that are not named
# take next to nothing.
_SECONDS = {
    "conservation": 0.47,
    validate.MEASURES: 0.46,
    "consistency": 0.45,
    "references": 0.3,
    "sightings": 0.26,
    "papers": 0.14,
    "matches": 0.08,
}
_NEXT_TO_NOTHING = 0.02


def shares(shards: int) -> list[list[str]]:
    """The parts of ``validate.PARTS`` in about equal shares, one for each job.

    The longest one left goes to the share that has least to do (Graham, SIAM J. Appl. Math. 17(2),
    1969).
    """
    found: list[list[str]] = [[] for _ in range(shards)]
    loads = [0.0] * shards
    for part in sorted(validate.PARTS, key=lambda part: -_SECONDS.get(part, _NEXT_TO_NOTHING)):
        least = loads.index(min(loads))
        found[least].append(part)
        loads[least] += _SECONDS.get(part, _NEXT_TO_NOTHING)
    return found


def shard(
    release: validate.Release,
    settings: Mapping[str, Any],
    results: Path,
    before: str | None,
    number: int,
    shards: int,
) -> Seen:
    """What is found in one share.

    Args:
        release: The tables of ``VALIDATED`` by name.
        settings: The section ``validate`` of the settings.
        results: The results folder, for the release before.
        before: Its version.
        number: Which share it is, from 0.
        shards: How many there are.

    Raises:
        RuntimeError: An expectation was not run.
    """
    seen = Seen()
    for part in shares(shards)[number]:
        compared = validate.Before.read(results, before) if part == validate.MEASURES else None
        seen.add(validate.look(part, release, settings, compared))
    return seen


def write(seen: Seen, file: Path) -> None:
    """Write what was found, for ``gathered``."""
    tables.write_bytes(file, pickle.dumps(seen))


def gathered(files: Sequence[Path]) -> Seen | None:
    """What the jobs of a run found, together; None where there are none.

    The files are those that jobs of the same run wrote: what is pickled is as it was, to the types
    of what the library of expectations gave.
    """
    if not files:
        return None
    seen = Seen()
    for file in files:
        seen.add(pickle.loads(file.read_bytes()))  # noqa: S301 (as said)
    return seen
