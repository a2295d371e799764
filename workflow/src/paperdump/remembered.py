"""What is remembered of files from run to run: their SHA-256, as long as they are as they were.

A file counts as unchanged where its size, its number on the disk and both of its times (of its
content and of its entry) are those that it had when it was read. The disk's own number does not
count: each node of a cluster that mounts it gives it another. One that was written to within
the last moments before it was read is not remembered: the clock of the file system may be too
coarse to show that it was written to again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_SETTLED = 2_000_000_000  # nanoseconds: the coarsest clock of a file system in use ticks so


class Content(NamedTuple):
    """What was read of a file.

    Attributes:
        size: Its bytes.
        sha256: Their SHA-256.
        packed: Whether it may be an archive, by its first bytes.
    """

    size: int
    sha256: str
    packed: bool


State = tuple[int, int, int, int]


def state_of(status: os.stat_result) -> State:
    """What tells whether a file was written to: size, times, and where it lies."""
    return (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
    )


class Memory:
    """The contents of files that were read before, by location.

    Args:
        known: What a run before remembered.
    """

    def __init__(self, known: Mapping[str, tuple[State, Content]] | None = None) -> None:
        self._known = dict(known or {})
        self._seen: dict[str, tuple[State, Content]] = {}

    @classmethod
    def read(cls, file: Path) -> Memory:
        """What a file holds that ``write`` wrote; nothing where it is not there, or damaged."""
        try:
            document = json.loads(file.read_text("utf-8"))
            return cls(
                {
                    location: ((size, mtime, ctime, inode), Content(size, sha256, packed))
                    for location, (size, mtime, ctime, inode, sha256, packed) in document.items()
                }
            )
        except (OSError, ValueError, TypeError, AttributeError):
            return cls()

    def recall(self, location: str, status: os.stat_result) -> Content | None:
        """What was read of a file, if it is as it was."""
        return self.recall_state(location, state_of(status))

    def recall_state(self, location: str, state: State) -> Content | None:
        """What was read of something, if its state is the one that it had."""
        found = self._known.get(location)
        if found is None or found[0] != state:
            return None
        self._seen[location] = found
        return found[1]

    def keep(self, location: str, status: os.stat_result, content: Content) -> None:
        """Remember what was read of a file.

        Args:
            location: Where it lies.
            status: What the system said of it before it was read.
            content: What was read.
        """
        newest = max(status.st_mtime_ns, status.st_ctime_ns)
        if content.size == status.st_size and newest < time.time_ns() - _SETTLED:
            self.keep_state(location, state_of(status), content)

    def keep_state(self, location: str, state: State, content: Content) -> None:
        """Remember what was read of something whose state tells for certain what it holds."""
        self._seen[location] = (state, content)

    @property
    def is_news(self) -> bool:
        """Whether there is something to be written that was not read."""
        return self._seen != self._known

    def write(self, file: Path) -> None:
        """Write what is known of the files that were asked for."""
        document = {
            location: [*state, content.sha256, content.packed]
            for location, (state, content) in self._seen.items()
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(document), "utf-8")
        temporary.replace(file)
