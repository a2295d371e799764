"""What a job need not load."""

from __future__ import annotations

import gc
import sys
from importlib.machinery import ModuleSpec

_BETWEEN_COLLECTIONS = 100_000  # new objects


def collect_seldom() -> None:
    """Have Python look for cycles of objects seldom in this process.

    Imports and readers make many small objects and hardly a cycle: to look among them again and
    again takes a tenth of their time.
    """
    gc.set_threshold(_BETWEEN_COLLECTIONS)


def without_pandas() -> None:
    """Have PyArrow do without pandas in this process.

    PyArrow imports pandas, where it is installed, the first time that it makes an array of a list,
    to ask whether the list is of pandas; that takes longer than most of what a job needs. Whoever
    imports pandas later on still can; PyArrow alone goes on as if it were not installed.
    """
    if "pandas" in sys.modules:
        return
    finder = _Without("pandas")
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow as pa  # noqa: PLC0415

        pa.array([None])  # now it asks, once and for all
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
