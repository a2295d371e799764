"""Containers: a zip or tar archive is a dump of dumps, each of its members one of its own.

Members are never written under their own names: what has to be kept while it is read lies in a
nameless temporary file. A member that asks for a place outside (``../x``, ``/x``), or that is a
link, a device or encrypted, is left out with a reason; so is what goes beyond the limits.
"""

from __future__ import annotations

import functools
import hashlib
import io
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from paperdump.inventory import dump_id_of, printable
from paperdump.readers.base import Reject
from paperdump.readers.source import Head, Limits, Source

_BLOCK = 1 << 20
_IN_MEMORY = 32 << 20
_RATIO_COUNTS_FROM = 16 << 20
SEPARATOR = "!/"


@dataclass(frozen=True)
class Member:
    """A dump within a container, or the dump itself where it is no container.

    Attributes:
        dump_id: Its identifier.
        path: Its path, that of the container first: ``pages.zip!/a/b.txt``.
        size: Its bytes, unpacked out of the container.
        sha256: The SHA-256 of these bytes.
        source: Its content.
        container_id: The dump_id of the container, or None.
        rejects: What is known to be wrong with it before it is read.
    """

    dump_id: str
    path: str
    size: int
    sha256: str
    source: Source
    container_id: str | None = None
    rejects: tuple[Reject, ...] = ()


@dataclass
class Container:
    """What is to be said of a container, after its members.

    Attributes:
        member: The container itself.
        kind: ``zip`` or ``tar``.
        n_members: Number of members that were read.
        rejects: Members left out, and what is wrong with the container itself.
        notes: What a reader of the dump should know.
    """

    member: Member
    kind: str
    n_members: int = 0
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _OverLimitError(Exception):
    """The container goes beyond a limit; nothing more of it is read."""


def kind_of(head: Head) -> str | None:
    """Which kind of container begins with these bytes, if one does."""
    if head.data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip"
    if head.data[257:262] == b"ustar":
        return "tar"
    return None


def members(member: Member, scratch: Path | None, depth: int = 0) -> Iterator[Member | Container]:
    """The dumps in a dump: itself, or where it is a container its members, then the container.

    A member's source can be read only until the next one is asked for.

    Args:
        member: The dump.
        scratch: The folder for temporary files; None is the system's.
        depth: In how many containers it stands.
    """
    kind = kind_of(member.source.head)
    if kind is None:
        yield member
        return
    container = Container(member, kind)
    if depth >= member.source.limits.max_nesting:
        message = (
            f"It is a {kind} archive within {depth} others; deeper ones are not opened. Unpack it, "
            "or raise readers.limits.max_nesting."
        )
        container.rejects.append(Reject("over_limit", message))
        yield container
        return
    walk = _Walk(container, scratch)
    try:
        for part in walk.zip() if kind == "zip" else walk.tar():
            container.n_members += 1
            yield from members(part, scratch, depth + 1)
    except _OverLimitError as error:
        container.rejects.append(Reject("over_limit", str(error)))
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, ValueError) as error:
        how = f"{type(error).__name__}: {error}"
        message = f"The {kind} archive is damaged: {how}. What could be read of it was read."
        container.rejects.append(Reject("damaged", message))
    problems = member.source.problems
    container.rejects += [Reject(problem.reason, problem.message) for problem in problems]
    if walk.hidden:
        container.notes.append(f"{walk.hidden} hidden member(s) were passed over.")
    if not container.n_members and not container.rejects:
        message = f"The {kind} archive holds no files" + (
            " but hidden ones." if walk.hidden else "."
        )
        container.rejects.append(Reject("empty", message))
    yield container


class _Walk:
    """The way through the members of a container, counted against the limits."""

    def __init__(self, container: Container, scratch: Path | None) -> None:
        self._container = container
        self._of = container.member
        self._limits: Limits = container.member.source.limits
        self._folder = str(scratch) if scratch else None
        self._out = 0
        self._seen = 0
        self._twins: dict[tuple[str, str], int] = {}
        self.hidden = 0

    def zip(self) -> Iterator[Member]:
        """The members of a zip archive, in its own order."""
        with self._seekable() as raw, zipfile.ZipFile(raw) as archive:
            for info in archive.infolist():
                if info.is_dir() or not self._wanted(info.filename):
                    continue
                mode = info.external_attr >> 16
                if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    self._leave_out(info.filename, "it is a link or device, not a file")
                elif info.flag_bits & 1:
                    self._leave_out(info.filename, "it is encrypted")
                else:
                    yield from self._member(info.filename, functools.partial(archive.open, info))

    def tar(self) -> Iterator[Member]:
        """The members of a tar archive, in its own order."""
        with (
            self._of.source.stream() as stream,
            tarfile.open(fileobj=stream, mode="r|", errorlevel=0) as archive,
        ):
            for info in archive:
                if info.isdir() or not self._wanted(info.name):
                    continue
                if not info.isfile():
                    self._leave_out(info.name, "it is a link or device, not a file")
                    continue
                content = archive.extractfile(info)
                if content is not None:
                    yield from self._member(info.name, functools.partial(_itself, content))
                # it keeps all headers it has seen
                archive.members.clear()  # type: ignore[attr-defined]

    def _wanted(self, name: str) -> bool:
        """Whether a member is to be read, by its name; counts it against the limit."""
        self._seen += 1
        if self._seen > self._limits.max_members:
            raise _OverLimitError(
                f"It has more than {self._limits.max_members:,} members; the others were not read. "
                "Raise readers.limits.max_members if it is what it should be."
            )
        parts = name.replace("\\", "/").split("/")
        if any(part == ".." for part in parts) or name.startswith(("/", "\\")) or name[1:2] == ":":
            self._leave_out(name, "its name leads out of the folder that it would be unpacked to")
            return False
        if any(part.startswith(".") and part != "." for part in parts) or parts[0] == "__MACOSX":
            self.hidden += 1
            return False
        return True

    def _leave_out(self, name: str, why: str) -> None:
        shown = printable(name)
        message = f"The member {shown!r} was not read: {why}."
        self._container.rejects.append(Reject("unsafe_member", message))

    def _member(self, name: str, opened: Callable[[], IO[bytes]]) -> Iterator[Member]:
        """One member, in a temporary file while it is used."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=self._folder) as file:
            problem = None
            digest = hashlib.sha256()
            size = 0
            try:
                with opened() as content:
                    while block := content.read(_BLOCK):
                        digest.update(block)
                        file.write(block)
                        size += len(block)
                        self._count(len(block))
            except (
                zipfile.BadZipFile,
                zlib.error,
                EOFError,
                RuntimeError,
                NotImplementedError,
            ) as e:
                message = (
                    f"It is damaged in its archive after {size:,} bytes ({type(e).__name__}: {e}); "
                    "what could be read was read."
                )
                problem = Reject("damaged", message)
            path = f"{self._of.path}{SEPARATOR}{printable(name).removeprefix('./')}"
            sha256 = digest.hexdigest()
            twin = self._twins[path, sha256] = self._twins.get((path, sha256), -1) + 1
            yield Member(
                dump_id_of(path, sha256, twin),
                path,
                size,
                sha256,
                Source(
                    path,
                    lambda: io.BufferedReader(_Kept(file), _BLOCK),
                    size,
                    self._limits,
                    columns=self._of.source.columns,
                    progress=self._of.source.progress,
                ),
                self._of.dump_id,
                (problem,) if problem else (),
            )

    def _count(self, added: int) -> None:
        self._out += added
        limits, packed = self._limits, max(1, self._of.source.size)
        if self._out > limits.unpacked_bytes:
            raise _OverLimitError(
                f"It unpacks to more than {limits.max_unpacked_mb:g} MB; the members from there on "
                "were not read. Raise readers.limits.max_unpacked_mb if it is what it should be."
            )
        if self._out > _RATIO_COUNTS_FROM and self._out > limits.max_ratio * packed:
            raise _OverLimitError(
                f"It unpacks to more than {limits.max_ratio:g} times its {packed:,} bytes, as a "
                "decompression bomb does; the members from there on were not read. Raise "
                "readers.limits.max_ratio if it is what it should be."
            )

    def _seekable(self) -> IO[bytes]:
        """The archive's bytes, to be read in any order."""
        source = self._of.source
        if source.compression is None:
            return source.opened()
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=self._folder)  # noqa: SIM115
        with source.stream() as stream:
            while block := stream.read(_BLOCK):
                file.write(block)
        file.seek(0)
        return file


def _itself(content: IO[bytes]) -> IO[bytes]:
    return content


class _Kept(io.RawIOBase):
    """A view of a temporary file from its beginning, whose closing leaves the file open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        self._file.seek(self._at)
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._file.seek(self._at)
        self._at = self._file.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at
