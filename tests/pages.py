"""Pages as the text captures have them, written from invented entries."""

from __future__ import annotations

from dataclasses import dataclass

HEADER = (
    "new\n\nGet trending papers in your email inbox!\n\nSubscribe\n\nDaily Papers\n\n"
    "byAK and the research community\n\n"
)


@dataclass(frozen=True)
class Listed:
    """An entry to be written; None leaves its part out."""

    title: str
    abstract: str | None = "We study tides. They rise and fall."
    byline: str | None = "  • 3 authors"
    date: str | None = "May 2, 2024"

    def text(self) -> str:
        parts = [self.title]
        if self.abstract is not None:
            parts.append(self.abstract)
        metadata = [line for line in (self.byline, "·" if self.date else None, self.date) if line]
        if metadata:
            parts.append("\n".join(metadata))
        return "\n\n".join(parts)


def bare(title: str, abstract: str | None = "We study tides. They rise and fall.") -> Listed:
    """An entry that lost its metadata."""
    return Listed(title, abstract, None, None)


def page(*entries: Listed, day: str | None = "Jun 10", header: str = HEADER) -> str:
    """A page that lists the entries, without a newline at its end, as captures are."""
    parts = [header.rstrip("\n")] + ([day] if day else []) + [entry.text() for entry in entries]
    return "\n\n".join(parts)
