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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from paperdump.errors import PaperdumpError
from paperdump.inventory import dump_id_of, printable
from paperdump.readers.base import Reject
from paperdump.readers.source import Head, Limits, Source

_BLOCK = 1 << 20
_PIECE = 1 << 14  # a member that is cut off is lost from its last piece on
_IN_MEMORY = 32 << 20
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


@dataclass
class _Budget:
    """What an archive, and the archives in it, may still unpack to.

    Attributes:
        limits: What is allowed.
        packed: Size in bytes of the outermost archive.
        out: Bytes unpacked so far.
        members: Members seen so far.
    """

    limits: Limits
    packed: int
    out: int = 0
    members: int = 0

    def count_member(self) -> None:
        """Count a member.

        Raises:
            _OverLimitError: There are too many.
        """
        self.members += 1
        if self.members > self.limits.max_members:
            raise _OverLimitError(
                f"It has more than {self.limits.max_members:,} members; the others were not read. "
                "Raise readers.limits.max_members if it is what it should be."
            )

    def count(self, added: int) -> None:
        """Count unpacked bytes.

        Raises:
            _OverLimitError: There are too many.
        """
        self.out += max(0, added)
        excess = self.limits.excess(self.out, self.packed, "the members from there on were")
        if excess:
            raise _OverLimitError(excess)


class _OverLimitError(Exception):
    """The container goes beyond a limit; nothing more of it is read."""


def kind_of(head: Head) -> str | None:
    """Which kind of container begins with these bytes, if one does."""
    if head.data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip"
    if head.data[257:262] == b"ustar":
        return "tar"
    return None


def members(
    member: Member,
    scratch: Path | None,
    opens: Callable[[str], bool] = bool,
    depth: int = 0,
    budget: _Budget | None = None,
) -> Iterator[Member | Container]:
    """The dumps in a dump: itself, or where it is a container its members, then the container.

    A member's source can be read only until the next one is asked for.

    Args:
        member: The dump.
        scratch: The folder for temporary files; None is the system's.
        opens: Whether the archive of a path is to be opened.
        depth: In how many containers it stands.
        budget: What the containers around it have left of the limits.

    Raises:
        PaperdumpError: A temporary file cannot be written.
    """
    limits = member.source.limits
    kind = kind_of(member.source.head) if opens(member.path) else None
    if kind is None:
        yield member
        return
    container = Container(member, kind)
    if depth >= limits.max_nesting:
        message = (
            f"It is a {kind} archive within {depth} others; deeper ones are not opened. Unpack it, "
            "or raise readers.limits.max_nesting."
        )
        container.rejects.append(Reject("over_limit", message))
        yield container
        return
    budget = budget or _Budget(limits, max(1, member.source.size))
    walk = _Walk(container, scratch, budget)
    parts = walk.zip() if kind == "zip" else walk.tar()
    while True:
        # only what the archive does is caught here, not what is done with its members
        try:
            part = next(parts)
        except StopIteration:
            break
        except PaperdumpError:
            raise
        except _OverLimitError as error:
            container.rejects.append(Reject("over_limit", str(error)))
            break
        except Exception as error:
            how = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            message = f"The {kind} archive is damaged: {how}. What could be read of it was read."
            container.rejects.append(Reject("damaged", message))
            break
        container.n_members += 1
        yield from members(part, scratch, opens, depth + 1, budget)
    problems = dict.fromkeys(member.source.problems)
    container.rejects += [Reject(problem.reason, problem.message) for problem in problems]
    if walk.hidden:
        container.notes.append(f"{walk.hidden} hidden member(s) were passed over.")
    if not container.n_members and not container.rejects:
        message = f"The {kind} archive holds no files"
        message += " but hidden ones." if walk.hidden else "."
        container.rejects.append(Reject("empty", message))
    yield container


class _Walk:
    """The way through the members of a container, counted against the limits."""

    def __init__(self, container: Container, scratch: Path | None, budget: _Budget) -> None:
        self._container = container
        self._of = container.member
        self._folder = str(scratch) if scratch else None
        self._budget = budget
        self._twins: dict[tuple[str, str], int] = {}
        self.hidden = 0

    def zip(self) -> Iterator[Member]:
        """The members of a zip archive, in its own order."""
        with self._seekable() as raw:
            self._assert_few(raw)
            with zipfile.ZipFile(raw) as archive:
                for info in archive.infolist():
                    self._budget.count_member()
                    # a name may be empty, which the library's own test does not expect
                    if info.filename.endswith("/") or not self._wanted(info.filename):
                        continue
                    mode = info.external_attr >> 16
                    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                        self._leave_out(info.filename, "it is a link or device, not a file")
                    elif info.flag_bits & 1:
                        self._leave_out(info.filename, "it is encrypted")
                    else:
                        yield from self._member(
                            info.filename, functools.partial(archive.open, info)
                        )

    def _assert_few(self, raw: IO[bytes]) -> None:
        """That a zip archive's directory, which is read whole, is not too long.

        Raises:
            _OverLimitError: It is.
        """
        size = raw.seek(0, io.SEEK_END)
        raw.seek(max(0, size - (1 << 16) - 22))
        tail = raw.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) < at + 22:
            return
        count = int.from_bytes(tail[at + 10 : at + 12], "little")
        length = int.from_bytes(tail[at + 12 : at + 16], "little")
        if length == 0xFFFFFFFF:
            length = size  # zip64, which says it elsewhere
        if count == 0xFFFF:
            count = length // 300
        if length > _LONGEST_DIRECTORY and count > self._budget.limits.max_members:
            self._budget.members = count
            self._budget.count_member()

    def tar(self) -> Iterator[Member]:
        """The members of a tar archive, in its own order."""
        with (
            self._of.source.stream() as stream,
            tarfile.open(
                fileobj=stream, mode="r|", errorlevel=0, tarinfo=_BoundedTarInfo
            ) as archive,
        ):
            for info in archive:
                # it keeps all headers that it has seen
                archive.members.clear()  # type: ignore[attr-defined]
                self._budget.count_member()
                if info.size < 0:
                    raise tarfile.ReadError(f"the member {printable(info.name)!r} has no size")
                read = info.isfile() and self._wanted(info.name)
                if not info.isfile() and not info.isdir() and self._wanted(info.name):
                    self._leave_out(info.name, "it is a link or device, not a file")
                content = archive.extractfile(info) if read else None
                if content is not None:
                    yield from self._member(info.name, functools.partial(_itself, content))
                else:
                    # passed over, but read by the library all the same
                    self._budget.count(info.size)

    def _wanted(self, name: str) -> bool:
        """Whether a member is to be read, by its name."""
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
                    while block := content.read(_PIECE):
                        digest.update(block)
                        _write(file, block)
                        size += len(block)
                        self._budget.count(len(block))
            except (_OverLimitError, PaperdumpError):
                raise
            except Exception as error:
                message = (
                    f"It is damaged in its archive after {size:,} bytes ({type(error).__name__}: "
                    f"{error}); what could be read was read."
                )
                problem = Reject("damaged", message)
            path = f"{self._of.path}{SEPARATOR}{printable(name).removeprefix('./')}"
            sha256 = digest.hexdigest()
            twin = self._twins[path, sha256] = self._twins.get((path, sha256), -1) + 1
            yield Member(
                # the archive's own id tells equal archives in different folders apart
                dump_id_of(f"{self._of.dump_id}\0{path}", sha256, twin),
                path,
                size,
                sha256,
                Source(
                    path,
                    lambda: io.BufferedReader(_Kept(file), _BLOCK),
                    size,
                    self._budget.limits,
                    columns=self._of.source.columns,
                    progress=self._of.source.progress,
                ),
                self._of.dump_id,
                (problem,) if problem else (),
            )

    def _seekable(self) -> IO[bytes]:
        """The archive's bytes, to be read in any order."""
        source = self._of.source
        if source.compression is None:
            return source.opened()
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=self._folder)  # noqa: SIM115
        with source.stream() as stream:
            while block := stream.read(_BLOCK):
                _write(file, block)
        file.seek(0)
        return file


def _write(file: IO[bytes], block: bytes) -> None:
    """Write to a temporary file.

    Raises:
        PaperdumpError: That fails, which says nothing of the archive.
    """
    try:
        file.write(block)
    except OSError as error:
        raise PaperdumpError(
            f"A temporary file beside the results cannot be written: {error.strerror}. Make room "
            "and run snakemake again."
        ) from error


class _BoundedTarInfo(tarfile.TarInfo):
    """A header of a tar archive, refused where it would be read whole and is too long."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _HEADERS and self.size > _LONGEST_HEADER:
            raise _OverLimitError(
                f"One of its headers is {self.size:,} bytes long; nothing from there on was read."
            )
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return found


_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_LONGEST_HEADER = 1 << 20
_LONGEST_DIRECTORY = 8 << 20


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
