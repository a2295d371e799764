"""Archives and compression around dumps, and what they are used for by those who mean harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import tried
from tests.pages import Listed, page
from tests.tables_of import parse_folder, read_bytes, release_of_folders

PAGE = page(Listed("A Title of Tides"), Listed("Another Title")).encode()
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def tarred(mode: str = "w", **members: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def parsed(folder: Path, data: bytes, **limits: float) -> dict[str, list[dict[str, object]]]:
    """The rows of the tables that a dump of these bytes leads to."""
    (folder / "dumps").mkdir(exist_ok=True)
    (folder / "dumps" / "a").write_bytes(data)
    tables = parse_folder(folder / "dumps", limits=limits)
    return {name: table.to_dicts() for name, table in tables.items()}


@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_compressed_dump_is_read(kind: str) -> None:
    row, entries, rejects = read_bytes(COMPRESSED[kind](PAGE))
    assert (row["compression"], row["format"], len(entries), rejects) == (kind, "hf-text", 2, [])


@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_truncated_dump_yields_what_is_there_and_says_what_is_not(kind: str) -> None:
    long = page(*[Listed(f"Title {n}", f"We study tide {n}. " * 99) for n in range(999)]).encode()
    packed = COMPRESSED[kind](long)
    _, entries, rejects = read_bytes(packed[: len(packed) * 3 // 4])
    assert len(entries) < 999
    damage = [reject for reject in rejects if reject.reason == "damaged"]
    assert len(damage) == 1
    assert f"{kind} data is damaged or cut off" in damage[0].message


@pytest.mark.parametrize(
    "pack", [zipped, tarred, lambda **m: tarred("w:gz", **m), lambda **m: tarred("w:xz", **m)]
)
def test_each_member_of_an_archive_is_a_dump(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    data = pack(**{"a/b.txt": PAGE, "c.txt.gz": gzip.compress(PAGE), "e.txt": b""})
    tables = parsed(tmp_path, data)
    archive = tables["dumps"].pop()
    assert (archive["path"], archive["n_members"], archive["n_entries"]) == ("a", 3, 0)
    assert [(row["path"], row["n_entries"], row["n_rejects"]) for row in tables["dumps"]] == [
        ("a!/a/b.txt", 2, 0),
        ("a!/c.txt.gz", 2, 0),
        ("a!/e.txt", 0, 1),
    ]
    assert {row["container_id"] for row in tables["dumps"]} == {archive["dump_id"]}
    assert tables["dumps"][0]["bytes"] == len(PAGE)


def test_archives_in_archives_are_opened_up_to_a_depth(tmp_path: Path) -> None:
    data = zipped(**{"x.txt": PAGE})
    for depth in range(4):
        data = zipped(**{f"{depth}.zip": data})
    tables = parsed(tmp_path, data)
    assert tables["work/entries"] == []
    [reject] = tables["rejects"]
    assert (reject["reason"], "max_nesting" in str(reject["message"])) == ("over_limit", True)
    assert len(parsed(tmp_path, data, max_nesting=5)["work/entries"]) == 2


def test_members_that_lead_outside_are_left_out_and_nothing_is_written(tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in ("../up.txt", "/abs.txt", "a/../../b.txt", "good.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(PAGE)
            archive.addfile(info, io.BytesIO(PAGE))
        for kind, name in ((tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "hard")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("pipe")
        info.type = tarfile.FIFOTYPE
        archive.addfile(info)
    before = set(tmp_path.rglob("*"))
    tables = parsed(tmp_path, file.getvalue())
    assert set(tmp_path.rglob("*")) - before == {tmp_path / "dumps", tmp_path / "dumps" / "a"}
    assert len(tables["work/entries"]) == 2
    assert [row["reason"] for row in tables["rejects"]] == ["unsafe_member"] * 6
    assert "'../up.txt'" in str(tables["rejects"][0]["message"])


def test_unsafe_members_of_a_zip_are_left_out(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../up.txt", PAGE)
        archive.writestr("C:\\windows.txt", PAGE)
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good.txt", PAGE)
    tables = parsed(tmp_path, file.getvalue())
    assert len(tables["work/entries"]) == 2
    assert [row["reason"] for row in tables["rejects"]] == ["unsafe_member"] * 3


def test_an_encrypted_member_is_left_out(tmp_path: Path) -> None:
    data = bytearray(zipped(**{"secret.txt": PAGE}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    [reject] = parsed(tmp_path, bytes(data))["rejects"]
    assert "encrypted" in str(reject["message"])


def test_hidden_members_are_passed_over_and_noted(tmp_path: Path) -> None:
    data = zipped(**{"a.txt": PAGE, "__MACOSX/a.txt": b"x", ".DS_Store": b"x"})
    archive = parsed(tmp_path, data)["dumps"][-1]
    assert (archive["n_members"], archive["notes"]) == (
        1,
        ["2 hidden member(s) were passed over."],
    )


@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_decompression_bomb_is_a_reject(kind: str) -> None:
    bomb = COMPRESSED[kind](PAGE + b"\n" * 120_000_000)
    _, _, rejects = read_bytes(bomb, limits={"max_page_mb": 1000})
    reasons = {reject.reason for reject in rejects}
    assert "over_limit" in reasons
    assert any("max_ratio" in reject.message for reject in rejects)


def test_a_zip_bomb_is_a_reject_and_its_first_members_are_read(tmp_path: Path) -> None:
    members = {f"{n:02}.txt": b"\0" * 20_000_000 for n in range(12)}
    tables = parsed(tmp_path, zipped(**{"00 page.txt": PAGE, **members}))
    assert len(tables["work/entries"]) == 2
    assert tables["rejects"][-1]["reason"] == "over_limit"
    assert "bomb" in str(tables["rejects"][-1]["message"])


def test_too_many_members_are_a_reject(tmp_path: Path) -> None:
    data = zipped(**{f"{n}.txt": PAGE for n in range(5)})
    tables = parsed(tmp_path, data, max_members=3)
    assert len(tables["work/entries"]) == 6
    assert [row["reason"] for row in tables["rejects"]] == ["over_limit"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_truncated_archive_is_a_reject(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    data = pack(**{"a.txt": PAGE, "b.txt": PAGE * 50})
    tables = parsed(tmp_path, data[: len(data) * 2 // 3])
    assert "damaged" in {row["reason"] for row in tables["rejects"]}


def test_an_archive_without_files_says_so(tmp_path: Path) -> None:
    [reject] = parsed(tmp_path, zipped())["rejects"]
    assert (reject["reason"], reject["message"]) == ("empty", "The zip archive holds no files.")


def test_equal_members_are_dumps_of_their_own(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", PAGE)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", PAGE)
    tables = parsed(tmp_path, file.getvalue())
    assert len({row["dump_id"] for row in tables["dumps"]}) == 3
    assert len({row["entry_id"] for row in tables["work/entries"]}) == 4


def test_equal_archives_in_different_folders_are_told_apart(tmp_path: Path) -> None:
    data = zipped(**{"a.txt": PAGE})
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.zip").write_bytes(data)
    release = release_of_folders([tmp_path / "one", tmp_path / "two"])
    assert release["dumps"]["dump_id"].n_unique() == 4
    assert release["sightings"]["entry_id"].n_unique() == 4


def test_limits_hold_for_archives_in_archives_together(tmp_path: Path) -> None:
    inner = zipped(**{"a.txt": b"\n" * 10_000_000})
    outer = zipped(**{f"{n}.zip": inner for n in range(12)})
    tables = parsed(tmp_path, outer, max_ratio=10_000, max_unpacked_mb=50)
    assert "over_limit" in {row["reason"] for row in tables["rejects"]}
    assert sum(int(str(row["bytes"])) for row in tables["dumps"] if row["container_id"]) < 60e6


def test_a_tar_member_of_a_size_beyond_belief_ends_the_archive(tmp_path: Path) -> None:
    data = bytearray(tarred(**{".hidden": b"x", "a.txt": PAGE}))
    data[124:136] = b"\x80" + (1 << 60).to_bytes(11, "big")
    checksum = sum(data[:148]) + 8 * 32 + sum(data[156:512])
    data[148:156] = b"%06o\0 " % checksum
    tables = parsed(tmp_path, bytes(data))
    assert {row["reason"] for row in tables["rejects"]} <= {"over_limit", "damaged"}
    assert tables["rejects"]


def test_a_member_of_an_unknown_method_costs_no_other(tmp_path: Path) -> None:
    data = bytearray(zipped(**{"a.txt": PAGE, "b.txt": PAGE}))
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(mark) + offset] = 93
    tables = parsed(tmp_path, bytes(data))
    assert len(tables["work/entries"]) == 2
    assert [row["reason"] for row in tables["rejects"]] == ["damaged"]


def test_a_page_is_read_as_far_as_a_truncated_archive_has_it(tmp_path: Path) -> None:
    data = tarred(**{"a.txt": PAGE + b"\n" * 200_000})
    tables = parsed(tmp_path, data[:100_000])
    assert len(tables["work/entries"]) == 2
    assert "damaged" in {row["reason"] for row in tables["rejects"]}


@tried(20)
@given(st.data())
def test_a_damaged_archive_never_stops_the_reading(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from([zipped(a=PAGE, b=PAGE), tarred(a=PAGE, b=PAGE)]))
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, min(len(bad), 900) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        tables = parsed(Path(folder), bytes(bad))
    assert tables["dumps"]
