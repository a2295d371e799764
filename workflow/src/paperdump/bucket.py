"""Dumps and releases in a bucket: what ``s3://`` addresses name, and which release is the latest.

It speaks through the client of Snakemake's S3 storage plugin, so that address, region and
credentials are set in one place; boto3, which that client belongs to, is not imported here.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from paperdump.errors import PaperdumpError
from paperdump.remembered import Content, Memory, State

SCHEME = "s3://"
POINTER = "latest.json"  # below the address that releases are uploaded to
_AT_ONCE = 16  # requests
Client = Any  # of boto3, whose clients have no types of their own
GetClient = Callable[[], Client]


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a bucket.

    Attributes:
        location: Its address, ``s3://bucket/key``.
        path: Its key below the address that it was found by.
        state: What tells whether it was written to: size, time, and ETag.
        etag: Its ETag.
    """

    location: str
    path: str
    state: State
    etag: str


def is_address(text: str) -> bool:
    """Whether a text is the address of something in a bucket."""
    return text.startswith(SCHEME)


def split(address: str) -> tuple[str, str]:
    """The bucket of an address, and the key or prefix within it.

    Raises:
        PaperdumpError: It names no bucket.
    """
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise PaperdumpError(f"{address!r} names no bucket; give s3://bucket/folder.")
    return bucket, key


def find(address: str, client: Client) -> list[Object]:
    """The objects that an address names: one object, or all below a prefix, as of a folder.

    Raises:
        PaperdumpError: The bucket cannot be listed.
    """
    bucket, key = split(address)
    folder = key.rstrip("/")
    found = []
    with _told(address):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
        for page in pages:
            for entry in page.get("Contents", ()):
                path = _below(entry["Key"], folder)
                if path is not None and not entry["Key"].endswith("/"):
                    found.append(_object(bucket, path, entry))
    return found


def _below(key: str, folder: str) -> str | None:
    """A key below a folder; that of the folder itself is a single object; None for others."""
    if key == folder:
        return posixpath.basename(key)
    if not folder:
        return key
    return key.removeprefix(f"{folder}/") if key.startswith(f"{folder}/") else None


def _object(bucket: str, path: str, entry: dict[str, Any]) -> Object:
    # a memory of files keeps whole numbers
    etag = int(hashlib.sha256(entry["ETag"].encode()).hexdigest()[:15], 16)
    state = (entry["Size"], int(entry["LastModified"].timestamp() * 1e9), etag, 0)
    return Object(f"{SCHEME}{bucket}/{entry['Key']}", path, state, entry["ETag"])


def is_fetchable(location: str) -> bool:
    """Whether Snakemake can name and fetch an object: a key as of a file, without braces."""
    _, key = split(location)
    return key.isprintable() and not set(key) & set("{}") and posixpath.normpath(key) == key


def contents(
    objects: list[Object], client: Client, memory: Memory, packed: Callable[[bytes], bool]
) -> dict[str, Content]:
    """What objects hold: each is read once, and remembered as long as it is as it was.

    Args:
        objects: The objects.
        client: The client of the bucket.
        memory: What is remembered; it is asked, and told.
        packed: Tells from the first bytes whether they may be an archive's.

    Returns:
        Location → its content.

    Raises:
        PaperdumpError: An object cannot be read.
    """
    known = {one.location: memory.recall_state(one.location, one.state) for one in objects}
    unknown = [one for one in objects if known[one.location] is None]

    def read(one: Object) -> Content:
        digest, size, head = hashlib.sha256(), 0, b""
        bucket, key = split(one.location)
        with _told(one.location):
            # the bytes that were listed, or none
            body = client.get_object(Bucket=bucket, Key=key, IfMatch=one.etag)["Body"]
            for block in body.iter_chunks(1 << 20):
                head = head or block
                digest.update(block)
                size += len(block)
        return Content(size, digest.hexdigest(), packed(head))

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for one, content in zip(unknown, pool.map(read, unknown), strict=True):
            known[one.location] = content
            memory.keep_state(one.location, one.state, content)
    return {location: content for location, content in known.items() if content is not None}


def latest(address: str, client: Client) -> str | None:
    """The version that the pointer below an address names.

    Returns:
        The version; None where there is no pointer, an empty text where it cannot be understood.

    Raises:
        PaperdumpError: The bucket cannot be read.
    """
    bucket, folder = split(address.rstrip("/"))
    key = posixpath.join(folder, POINTER)
    with _told(address):
        listed = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", ())
        if not any(entry["Key"] == key for entry in listed):
            return None
        text = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        return str(json.loads(text)["version"])
    except (ValueError, KeyError, TypeError):
        return ""


@contextmanager
def _told(address: str) -> Iterator[None]:
    """What a bucket does not allow, or a network does not deliver, in words."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("botocore", "boto3", "urllib3")):
            raise
        where = os.environ.get("SNAKEMAKE_STORAGE_S3_ENDPOINT_URL", "")
        raise PaperdumpError(
            f"{address} cannot be read{f' at {where}' if where else ''}: {error} "
            "Address and credentials are options of Snakemake's S3 storage plugin, such as "
            "--storage-s3-endpoint-url; see profiles/s3/config.yaml."
        ) from None
