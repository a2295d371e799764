"""What readers of records promise of the places of what they give."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from paperdump.readers.base import Entry, Facts, Item, Reject


def assert_within(items: Sequence[Item], data: bytes) -> None:
    """Entries and rejects with lines within the dump, then the facts with their number.

    Args:
        items: What a reader gave.
        data: The dump.
    """
    *found, facts = items
    if isinstance(facts, Reject):  # not text
        return
    assert isinstance(facts, Facts)
    assert facts.n_lines is not None
    for one in found:
        assert isinstance(one, Entry | Reject)
        assert one.first_line is not None
        assert one.last_line is not None
        assert 1 <= one.first_line <= one.last_line <= facts.n_lines
        if one.byte_offset is not None:
            assert 0 <= one.byte_offset < len(data)


def damaged(text: str, fragments: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A dump with a few of its pieces replaced by fragments."""
    whole = text.encode()
    patches = st.tuples(
        st.integers(0, len(whole)), st.integers(0, 12), st.sampled_from(list(fragments))
    )

    def patched(made: list[tuple[int, int, bytes]]) -> bytes:
        content = bytearray(whole)
        for start, length, fragment in made:
            content[start : start + length] = fragment
        return bytes(content)

    return st.lists(patches, min_size=1, max_size=6).map(patched)
