"""Coverage-guided fuzzing of the readers with atheris (``pip install atheris``).

Any bytes in: entries and rejects out, no exception but ``Refused``, every span inside the file,
every entry with a title. Run it as

    python tests/fuzz/fuzz_readers.py text CORPUS -max_total_time=600
    python tests/fuzz/fuzz_readers.py json CORPUS -max_total_time=600

where CORPUS is a folder to keep inputs in; it is seeded with the renderings of the tests. The first
word is the group of readers. libFuzzer prints its statistics; a finding is written to crash-….
"""

from __future__ import annotations

import io
import sys
from datetime import date
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["paperdump"]):
    from paperdump.readers import READERS, recognise
    from paperdump.readers.base import Entry, Facts, Reader, Reject
    from paperdump.readers.source import Limits, Refused, Source

from tests.renderings import RENDERINGS, Paper

GROUPS = {
    "text": ("hf-text", "hf-markdown", "hf-html"),
    "json": ("hf-json", "arxiv-jsonl", "table"),
    "xml": ("arxiv-atom", "arxiv-oai"),
    "bibliography": ("bibtex", "ris"),
}
_LIMITS = Limits(1, 1, 10, 200, 100, 2)
_PAPERS = [
    Paper("2605.00683", "Tidal Nets: A Study", "We study tides [1]. They rise.", comments=6),
    Paper("2502.20581", "The Noisy Path", "Waves. Many.", organization=("tide-lab", "Tide Lab")),
    Paper("2609.00319", "Why Moons?", "Moons matter.", published=date(2024, 1, 2), upvotes=0),
]


def check(reader: Reader, data: bytes) -> None:
    """Read bytes in a format; raises where a promise is broken."""
    source = Source("fuzz", lambda: io.BufferedReader(io.BytesIO(data)), len(data), _LIMITS)
    recognise(source.head)
    most = len(data) + 1
    try:
        for item in reader.read(source):
            if isinstance(item, Facts):
                continue
            assert isinstance(item, Entry | Reject)
            if isinstance(item, Entry):
                assert item.title.strip()
            first, last = item.first_line, item.last_line
            assert first is None or last is None or 1 <= first <= last <= most
            assert item.byte_offset is None or 0 <= item.byte_offset <= len(data)
    except Refused as error:
        if not (error.reason and error.message):
            raise AssertionError from error


def main() -> None:
    """Seed the corpus and hand over to libFuzzer."""
    group, corpus = sys.argv[1], Path(sys.argv[2])
    readers = [reader for reader in READERS if reader.name in GROUPS[group]]
    corpus.mkdir(parents=True, exist_ok=True)
    for name, (form, render, _) in RENDERINGS.items():
        number = [reader.name for reader in readers].index(form) if form in GROUPS[group] else -1
        if number >= 0:
            (corpus / f"seed-{name}").write_bytes(bytes([number]) + render(_PAPERS).encode())

    def one(data: bytes) -> None:
        if data:
            check(readers[data[0] % len(readers)], data[1:])

    atheris.Setup([sys.argv[0], str(corpus), *sys.argv[3:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
