"""The thresholds of matching, as the config's section ``dedupe`` sets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on likeness counts.

    The values are chosen with ``tests/benchmarks/thresholds.py``, which prints precision and recall
    over each; its docstring says why these.

    Attributes:
        abstract_same: Share of the smaller abstract's shingles that the other one has, from which
            on two abstracts are one text, edited.
        abstract_like: The share from which on they support equal titles; below, they speak against.
        title_like: Score from which on titles that differ in words are alike.
        min_title_words: Content words that two titles must share to be the same paper's without
            an abstract.
        min_abstract_words: Words that an abstract must have to say anything.
    """

    abstract_same: float
    abstract_like: float
    title_like: float
    min_title_words: int
    min_abstract_words: int

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> Limits:
        """The thresholds of the config's section ``dedupe``."""
        return cls(**{one.name: section[one.name] for one in fields(cls)})
