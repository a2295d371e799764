"""Dumps from a bucket and releases to one, on a real S3 server on loopback."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EXAMPLES, copy_project, executed, snakemake
from tests.pages import Listed, page

# looked for, not imported: it takes as long as many tests
pytestmark = [
    pytest.mark.xdist_group("bucket"),
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("moto", "snakemake_storage_plugin_s3"))),
        reason="the extra `s3`, and moto[server], are not installed",
    ),
]
NOTHING = "Nothing to be done"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of S3."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 (not installed everywhere)

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(scope="module")
def client(server: str) -> Any:
    import boto3  # noqa: PLC0415 (not installed everywhere)

    client = boto3.client("s3", endpoint_url=server, region_name="us-east-1")
    client.create_bucket(Bucket="captures")
    for path in EXAMPLES.rglob("*.txt"):
        key = f"pages/{path.relative_to(EXAMPLES).as_posix()}"
        client.put_object(Bucket="captures", Key=key, Body=path.read_bytes())
    client.put_object(Bucket="captures", Key="pages/.hidden", Body=b"not read")
    client.put_object(Bucket="captures", Key="pagesandmore.txt", Body=b"not read")
    return client


def run_with(project: Path, server: str, *config: str) -> subprocess.CompletedProcess[str]:
    return snakemake(
        project, "--profile", "profiles/s3", "--storage-s3-endpoint-url", server,
        "--config", *config,
    )  # fmt: skip


def local_release(project: Path) -> dict[str, bytes]:
    """The files of the release that ``latest`` points at, by name."""
    latest = project / "results" / "latest"
    files = (path for path in latest.rglob("*") if path.is_file())
    return {path.relative_to(latest).as_posix(): path.read_bytes() for path in files}


def stored_release(client: Any, bucket: str) -> dict[str, bytes]:
    """The files of the release that the bucket's pointer names, by name."""
    told = client.get_object(Bucket=bucket, Key="papers/latest.json")["Body"].read()
    prefix = f"papers/{json.loads(told)['path']}"
    listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    return {
        entry["Key"].removeprefix(prefix): client.get_object(Bucket=bucket, Key=entry["Key"])[
            "Body"
        ].read()
        for entry in listed
    }


def without_docs(files: dict[str, bytes]) -> dict[str, bytes]:
    """Files but Data Docs, which name their day."""
    return {name: data for name, data in files.items() if "data_docs" not in name}


def test_a_run_from_bucket_to_bucket_has_the_bytes_of_a_local_one(
    tmp_path: Path, server: str, client: Any
) -> None:
    local = copy_project(tmp_path / "local")
    assert snakemake(local).returncode == 0
    project = copy_project(tmp_path / "project")
    settings = ("dumps=s3://captures/pages", "upload=s3://releases/papers")
    client.create_bucket(Bucket="releases")
    run = run_with(project, server, *settings)
    assert run.returncode == 0, run.stderr
    assert without_docs(local_release(project)) == without_docs(local_release(local))
    assert stored_release(client, "releases") == local_release(project)
    assert "1 hidden names were passed over" in run.stdout

    # nothing to do; and nothing of the dumps is left here
    again = run_with(project, server, *settings)
    assert NOTHING in again.stderr, again.stderr
    assert not [*project.glob(".snakemake/storage/**/*.txt")]

    # a new dump touches its batch, and its release stands beside the one before
    before = json.loads(
        client.get_object(Bucket="releases", Key="papers/latest.json")["Body"].read()
    )
    body = page(Listed("A New Paper")).encode()
    client.put_object(Bucket="captures", Key="pages/new.txt", Body=body)
    newer = run_with(project, server, *settings)
    assert newer.returncode == 0, newer.stderr
    assert executed(newer)["parse"] == 1
    assert stored_release(client, "releases") == local_release(project)
    kept = client.list_objects_v2(Bucket="releases", Prefix=f"papers/{before['path']}")
    assert kept["KeyCount"] == len(local_release(local))

    # back to the dumps of before: the pointer goes back, and nothing is uploaded again
    client.delete_object(Bucket="captures", Key="pages/new.txt")
    back = run_with(project, server, *settings)
    assert back.returncode == 0, back.stderr
    assert (
        json.loads(client.get_object(Bucket="releases", Key="papers/latest.json")["Body"].read())
        == before
    )
    assert "upload" not in executed(back)


def test_a_bucket_that_is_not_there_is_told(tmp_path: Path, server: str, client: Any) -> None:
    del client
    project = copy_project(tmp_path / "project")
    run = run_with(project, server, "dumps=s3://nowhere/pages")
    assert run.returncode != 0
    assert "s3://nowhere/pages cannot be read" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_address_without_objects_is_told(tmp_path: Path, server: str, client: Any) -> None:
    del client
    project = copy_project(tmp_path / "project")
    run = run_with(project, server, "dumps=s3://captures/none")
    assert run.returncode != 0
    assert "matches nothing: no object has this key" in run.stderr


def test_the_library_needs_no_client_where_no_bucket_is_named() -> None:
    code = "import sys, paperdump.plan; print('boto3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
