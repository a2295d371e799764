"""What a job need not load."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec

_BETWEEN_COLLECTIONS = 100_000  # new objects


def collect_seldom() -> None:
    """Have Python look for cycles of objects seldom in this process.

    Imports and readers make many small objects and hardly a cycle: to look among them again and
    again takes a tenth of their time.
    """
    gc.set_threshold(_BETWEEN_COLLECTIONS)


def without_algebra() -> None:
    """Have NumPy, once it is imported, start no threads for linear algebra, which no job does.

    They wait for work at full power.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def leave() -> None:
    """Have Python not look among all objects for cycles once more before this process ends."""
    gc.freeze()


def without_pandas() -> None:
    """Have PyArrow do without pandas in this process.

    PyArrow imports pandas, where it is installed, the first time that it makes an array of a list,
    to ask whether the list is of pandas; that takes longer than most of what a job needs. Whoever
    imports pandas later on still can; PyArrow alone goes on as if it were not installed.
    """
    if "pandas" not in sys.modules:
        # of dateutil it asks too, to tell one of its types
        with _without("pandas"), _without("dateutil"):
            import pyarrow as pa  # noqa: PLC0415

            pa.array([None])  # now it asks, once and for all


def without_numpy() -> None:
    """Have PyArrow do without NumPy, and without pandas, in this process.

    PyArrow imports NumPy, where it is installed, when it is imported itself, which takes longer
    than all the rest of it, and starts threads besides. A job that makes columns of Python's
    values needs none of it. Whoever imports NumPy later on still can. Where PyArrow was imported
    already, it keeps NumPy.
    """
    if "numpy" not in sys.modules:
        with _without("numpy"):
            import pyarrow  # noqa: F401, PLC0415
    without_pandas()


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Have a module be as if it were not installed, in the block."""
    finder = _Without(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Without:
    """A finder of modules by which one of them is not installed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name == self._name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None
