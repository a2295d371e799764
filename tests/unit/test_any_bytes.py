"""Every reader, whatever the bytes: entries or rejects, no exception, spans inside the file."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from paperdump.readers import READERS, recognise
from paperdump.readers.base import Entry, Facts, Reader, Reject
from paperdump.readers.source import Refused, Source
from tests.conftest import tried
from tests.renderings import RENDERINGS, Paper
from tests.tables_of import settings as reader_settings

LIMITS = reader_settings(limits={"max_page_mb": 1, "max_record_mb": 1}).limits
PAPERS = [
    Paper("2605.00001", "Tides of the Shore", "We study tides [1]. They rise.", comments=3),
    Paper("2605.00002", "Moons of the Sea", "Moons matter.", organization=("sea", "Sea Lab")),
]
# a whole document of each format, to be damaged
DOCUMENTS = {
    **{name: render(PAPERS) for name, (_, render, _) in RENDERINGS.items()},
    "arxiv-jsonl": '{"id": "0704.0001", "title": "T", "abstract": "A", "versions": [], '
    '"update_date": "2020-01-01", "authors_parsed": [["Marsh", "Ada", ""]]}\n',
    "arxiv-atom": '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:arxiv="http://arxiv.org/schemas/atom"><entry><id>http://arxiv.org/abs/2401.00001v1</id>'
    "<title>T &amp; U</title><summary>S.</summary><author><name>Ada</name></author></entry></feed>",
    "arxiv-oai": '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record>'
    "<header><identifier>oai:arXiv.org:2401.00001</identifier></header><metadata><arXiv "
    'xmlns="http://arxiv.org/OAI/arXiv/"><id>2401.00001</id><title>T</title><abstract>A</abstract>'
    "</arXiv></metadata></record></ListRecords></OAI-PMH>",
    "bibtex": "@article{k, title = {The {GPU} of {\\'E}tude}, author = {Marsh, Ada and Tern, Jo}, "
    "year = 2024, month = may, doi = {10.5555/x}}\n",
    "ris": "TY  - JOUR\nTI  - Tides\nAU  - Marsh, Ada\nPY  - 2024/05/28/\nAB  - A.\nER  - \n",
    "nbib": "PMID- 123\nTI  - Tides of\n      the Shore\nFAU - Marsh, Ada\nDP  - 2024 May 28\n\n",
    "csv": 'title,abstract,authors,year\n"Tides, a study","A ""b""\nc","Ada Marsh; Jo Tern",2024\n',
    "tsv": "Title\tSummary\tDOI\nTides\tA.\t10.5555/x\n",
}


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A document with pieces cut out, doubled, swapped or overwritten."""
    data = draw(st.sampled_from(sorted(DOCUMENTS.values()))).encode()
    for _ in range(draw(st.integers(0, 4))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(len(data), begin + 60)))
        patch = draw(
            st.sampled_from(
                [b"", data[begin:end] * 2, b"\n\n", b"[", b"](", b"\0", b"{", b'"', b"<"]
            )
            | st.binary(max_size=8)
        )
        data = data[:begin] + patch + data[end:]
    return data


def assert_promises(reader: Reader, data: bytes) -> None:
    source = Source("a", lambda: io.BufferedReader(io.BytesIO(data)), len(data), LIMITS)
    recognise(source.head)
    # a carriage return ends a line too, and other encodings hide line ends from a count of bytes
    most = len(data) + 1
    try:
        for item in reader.read(source):
            assert isinstance(item, Entry | Reject | Facts)
            if isinstance(item, Facts):
                continue
            if isinstance(item, Entry):
                assert item.title.strip()
            else:
                assert item.reason
                assert len(item.message) > 10
            if item.first_line is not None and item.last_line is not None:
                assert 1 <= item.first_line <= item.last_line <= most
            assert item.byte_offset is None or 0 <= item.byte_offset <= len(data)
    except Refused as error:
        assert len(error.message) > 10  # noqa: PT017 (that it may be raised is part of the promise)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(reader: Reader, data: bytes) -> None:
    assert_promises(reader, data)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@tried(60, suppress_health_check=[HealthCheck.too_slow])
@given(data=damaged())
def test_damaged_documents_are_read_or_refused(reader: Reader, data: bytes) -> None:
    assert_promises(reader, data)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_is_recognised_and_read_whole(name: str) -> None:
    data = DOCUMENTS[name].encode()
    source = Source("a", lambda: io.BufferedReader(io.BytesIO(data)), len(data), LIMITS)
    reader, why = recognise(source.head)
    assert reader is not None
    assert why
    items = list(reader.read(source))
    assert any(isinstance(item, Entry) for item in items)
    assert not any(isinstance(item, Reject) for item in items)
