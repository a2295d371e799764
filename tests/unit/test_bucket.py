from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paperdump import bucket, inventory
from paperdump.errors import PaperdumpError
from paperdump.remembered import Memory


class Store:
    """What is asked of a client, of one bucket that is held in memory; it counts what is read."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects
        self.read: list[str] = []

    def list_objects_v2(self, Prefix: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        day = dt.datetime(2026, 6, 4, tzinfo=dt.UTC)
        return {
            "Contents": [
                {
                    "Key": key,
                    "Size": len(data),
                    "LastModified": day,
                    "ETag": hashlib.md5(data).hexdigest(),  # noqa: S324 (as S3 does)
                }
                for key, data in self.objects.items()
                if key.startswith(Prefix)
            ]
        }

    def get_paginator(self, _: str) -> Store:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        yield self.list_objects_v2(**asked)

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.read.append(Key)
        return {"Body": Body(self.objects[Key])}


class Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while block := self.read(size):
            yield block


def paths(store: Store, *specs: str) -> list[str]:
    found = inventory.find_dumps(list(specs), Path(), client=lambda: store)
    return [dump.path for dump in found.dumps]


def test_an_address_names_what_is_below_it_as_a_folder() -> None:
    store = Store(**{"a/x.txt": b"1", "a/b/y.txt": b"2", "ab.txt": b"3", "a/": b"", "z": b"4"})
    assert paths(store, "s3://pages/a") == paths(store, "s3://pages/a/") == ["b/y.txt", "x.txt"]
    assert len(paths(store, "s3://pages")) == 4


def test_an_address_names_an_object() -> None:
    store = Store(**{"a/x.txt": b"1", "a/x.txt.old": b"2"})
    assert paths(store, "s3://pages/a/x.txt") == ["x.txt"]


def test_dumps_in_a_bucket_have_the_ids_of_equal_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/y.txt").write_bytes(b"2")
    there = inventory.find_dumps(["s3://p/a"], Path(), client=lambda: Store(**{"a/b/y.txt": b"2"}))
    here = inventory.find_dumps([str(tmp_path)], Path())
    assert [(d.dump_id, d.path, d.sha256, d.size) for d in there.dumps] == [
        (d.dump_id, d.path, d.sha256, d.size) for d in here.dumps
    ]


def test_hidden_names_are_passed_over_and_counted() -> None:
    store = Store(**{"a/.x": b"1", "a/.b/y": b"2", "a/z": b"3"})
    found = inventory.find_dumps(["s3://pages/a"], Path(), client=lambda: store)
    assert ([dump.path for dump in found.dumps], found.hidden) == (["z"], 2)


def test_what_several_addresses_name_is_one_dump() -> None:
    store = Store(**{"a/b/y.txt": b"2"})
    assert paths(store, "s3://pages/a/b", "s3://pages/a") == ["b/y.txt"]


def test_an_object_is_read_again_only_where_it_changed() -> None:
    store = Store(**{"a/x": b"1", "a/y": b"2"})
    memory = Memory()
    inventory.find_dumps(["s3://p/a"], Path(), memory=memory, client=lambda: store)
    assert sorted(store.read) == ["a/x", "a/y"]
    store.objects["a/y"] = b"3"  # as long, and in the same second
    found = inventory.find_dumps(["s3://p/a"], Path(), memory=again(memory), client=lambda: store)
    assert store.read[2:] == ["a/y"]
    assert found.dumps[1].sha256 == hashlib.sha256(b"3").hexdigest()


def again(memory: Memory) -> Memory:
    """A memory as the next run has it."""
    return Memory(memory._seen)


@pytest.mark.parametrize("key", ["a/{x}.txt", "a//x.txt", "a/../x.txt", "a/x\n.txt"])
def test_an_object_that_no_file_can_be_is_told_and_not_read(key: str) -> None:
    store = Store(**{key: b"1"})
    (dump,) = inventory.find_dumps(["s3://p/a"], Path(), client=lambda: store).dumps
    assert (dump.problem, dump.sha256, store.read) == ("unreadable", None, [])


def test_an_address_without_objects_is_an_error() -> None:
    with pytest.raises(PaperdumpError, match="matches nothing: no object has this key"):
        paths(Store(), "s3://pages/a")


def test_an_address_without_a_bucket_is_an_error() -> None:
    with pytest.raises(PaperdumpError, match="names no bucket"):
        paths(Store(), "s3:///a")


def test_the_latest_is_what_the_pointer_names() -> None:
    pointer = json.dumps({"version": "v"}).encode()
    assert bucket.latest("s3://p/papers/", Store(**{"papers/latest.json": pointer})) == "v"
    assert bucket.latest("s3://p", Store(**{"latest.json": pointer})) == "v"
    assert bucket.latest("s3://p/papers", Store(**{"papers/latest.json.bak": pointer})) is None
    assert bucket.latest("s3://p/papers", Store(**{"papers/latest.json": b"[]"})) == ""
