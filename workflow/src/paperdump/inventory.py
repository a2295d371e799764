"""Finding the dumps: the files that ``dumps`` names, what they hold, which batch each is in.

Only names, sizes and SHA-256 are looked at here. The workflow asks for them each time it starts,
so that the content of a dump, not its time stamp, decides what is built again.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from paperdump import bucket
from paperdump.errors import PaperdumpError
from paperdump.remembered import Content, Memory
from paperdump.sheet import Rule, Stated, stated_of


@dataclass(frozen=True, slots=True)
class Dump:
    """A file to be read.

    Attributes:
        dump_id: Identifier made of path and content.
        path: Path relative to the folder it was found in, as published.
        location: Where it lies now, from the working directory if below it, or its address in a
            bucket; never published.
        size: Bytes, or None where it cannot be read.
        sha256: SHA-256 of its bytes, or None where it cannot be read.
        problem: Reason code of a reject where it cannot be read, else None.
        problem_message: The same in words.
        stated: What the sheet of dumps states of it.
        packed: Whether it may be an archive, by its first bytes.
    """

    dump_id: str
    path: str
    location: str
    size: int | None
    sha256: str | None
    problem: str | None = None
    problem_message: str | None = None
    stated: Stated = field(default_factory=Stated)
    packed: bool = False

    @property
    def unpacked_mb(self) -> float:
        """About how many megabytes it holds: of an archive only its own size is known."""
        return (self.size or 0) / 1e6 * (_PACKED_RATIO if self.packed else 1)

    def as_data(self) -> dict[str, Any]:
        """The dump as plain data; ``dump_from`` takes it."""
        data = {name: getattr(self, name) for name in self.__slots__}
        return {**data, "stated": self.stated.as_data()}


def dump_from(facts: dict[str, Any]) -> Dump:
    """A dump from its plain data."""
    return Dump(**{**facts, "stated": Stated(**facts["stated"])})


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search: the dumps, by path, and how many hidden names were passed over."""

    dumps: tuple[Dump, ...]
    hidden: int


def find_dumps(
    specs: list[str],
    base: Path,
    exclude: Path | None = None,
    rules: Sequence[Rule] = (),
    memory: Memory | None = None,
    client: bucket.GetClient | None = None,
) -> Found:
    """Find and hash all dumps that the specs name.

    Args:
        specs: Files, folders (searched recursively) or glob patterns (``**`` crosses folders);
            addresses of objects, or of what is folders in a bucket.
        base: The folder that relative specs start from.
        exclude: A folder not to be searched: the results.
        rules: What the sheet of dumps states.
        memory: What is remembered of files; it is asked, and told.
        client: Gives the client of the buckets that addresses name.

    A name that starts with a dot is passed over in a search, and counted; name it, or a pattern
    that starts with a dot, to have it read. A file that several specs name is read once. Links
    are followed.

    Raises:
        PaperdumpError: A spec matches nothing, or a bucket cannot be read.
    """
    search = _Search(exclude)
    in_buckets: list[bucket.Object] = []
    for spec in specs:
        if bucket.is_address(spec):
            in_buckets += _objects(spec, client, search)
            continue
        before = len(search.files)
        seen_before = search.repeated
        search.add_spec(spec, base)
        if len(search.files) == before and search.repeated == seen_before:
            raise PaperdumpError(_nothing_found(spec, base, search.hidden))
    remembered = memory or Memory()
    stored = _stored_facts(in_buckets, client, remembered)
    known = {
        location: stored[location] if location in stored else _recalled(location, remembered)
        for location in search.files
    }
    unknown = [location for location, facts in known.items() if facts is None]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        # some at a time: to hand over a small file takes as long as to read it
        some = [unknown[n : n + _AT_ONCE] for n in range(0, len(unknown), _AT_ONCE)]
        read = pool.map(lambda part: [_read_facts(one, remembered) for one in part], some)
        known.update(zip(unknown, chain.from_iterable(read), strict=True))
    facts = [found for found in known.values() if found is not None]
    return Found(tuple(_with_ids(search.files, facts, rules)), search.hidden)


def _objects(spec: str, client: bucket.GetClient | None, search: _Search) -> list[bucket.Object]:
    """The objects that an address names, told to the search, too; hidden ones passed over.

    Raises:
        PaperdumpError: There are none, or the bucket cannot be read.
    """
    found = bucket.find(spec, _client_of(client))
    named = [one for one in found if not any(map(_is_hidden, one.path.split("/")))]
    search.hidden += len(found) - len(named)
    if not named:
        raise PaperdumpError(
            f"dumps: {spec!r} matches nothing: no object has this key, or one below it. Give the "
            "address of an object, or of a folder; a pattern is of files only."
        )
    new = [one for one in named if one.location not in search.files]
    for one in named:
        search.add_object(one.location, one.path)
    return new


def _is_hidden(name: str) -> bool:
    # "." and ".." are names in a bucket, and hide nothing
    return name.startswith(".") and name not in (".", "..")


def _client_of(client: bucket.GetClient | None) -> bucket.Client:
    if client is None:
        raise PaperdumpError("dumps: addresses of buckets need Snakemake's S3 storage plugin.")
    return client()


def _stored_facts(
    objects: list[bucket.Object], client: bucket.GetClient | None, memory: Memory
) -> dict[str, _Facts]:
    """The facts of objects in buckets; what Snakemake cannot fetch cannot be read."""
    if not objects:
        return {}
    named = [one for one in objects if bucket.is_fetchable(one.location)]
    read = bucket.contents(named, _client_of(client), memory, _is_packed)
    why = "It cannot be read: its key is none that a file could have, or has braces in it."
    facts: dict[str, _Facts] = {
        one.location: (None, None, "unreadable", why, False) for one in objects
    }
    return facts | {
        location: (content.size, content.sha256, None, None, content.packed)
        for location, content in read.items()
    }


def _nothing_found(spec: str, base: Path, hidden: int) -> str:
    """What to say when a spec matches no file."""
    place = base / Path(spec).expanduser()
    if place.is_dir():
        what = f"the folder {place} holds no files"
        if hidden:
            what += f" but {hidden} hidden ones, which are passed over"
    elif glob.has_magic(spec):
        what = f"no file matches the pattern {place}"
    else:
        what = f"there is no file or folder {place}"
    return (
        f"dumps: {spec!r} matches nothing: {what}. "
        "Give a file, a folder (searched recursively), a glob pattern such as 'pages/*.txt', "
        "or a list of these."
    )


# the folders that a run writes to
_RESULTS = ("releases", "work", "logs", "benchmarks", "latest", "validation")


class _Search:
    """The files found so far: location → path relative to the folder it was found in."""

    def __init__(self, exclude: Path | None) -> None:
        self.files: dict[str, str] = {}
        self.hidden = 0
        self.repeated = 0
        self._working_directory = os.path.join(os.getcwd(), "")
        self._exclude = os.path.realpath(exclude) if exclude else None
        self._realpaths: dict[str, str] = {}
        self._results: dict[tuple[str, str], bool] = {}

    def add_spec(self, spec: str, base: Path) -> None:
        place = os.path.join(base, os.path.expanduser(spec))
        if os.path.isdir(place):
            self._add_folder(place, place, ())
        elif os.path.lexists(place):
            self._add_file(place, os.path.dirname(place))
        else:
            self._add_pattern(os.path.expanduser(spec), base)

    def _add_pattern(self, pattern: str, base: Path) -> None:
        fixed, wild = _split_pattern(pattern)
        root = os.path.join(base, fixed)
        hidden = any(part.startswith(".") for part in wild.split(os.sep))
        # the root is no part of the pattern: it may hold wildcard characters of its own
        found = glob.iglob(wild, root_dir=root, recursive=True, include_hidden=hidden)
        for match in sorted(found):
            path = os.path.join(root, match)
            if not os.path.isdir(path):
                self._add_file(path, root)
            elif os.path.basename(wild) != "**":  # which yields what is in the folders, too
                self._add_folder(path, root, ())

    def _add_folder(self, folder: str, root: str, above: tuple[str, ...]) -> None:
        identity = os.path.realpath(folder)
        if identity in above or self._is_result(folder, root):
            return  # a link back to a folder we are in would never end
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            self._add_file(folder, root)  # its row will say why it cannot be read
            return
        for entry in entries:
            if entry.name.startswith("."):
                self.hidden += 1
            elif _is_folder(entry):
                self._add_folder(entry.path, root, (*above, identity))
            else:
                self._add_file(entry.path, root)

    def _add_file(self, location: str, root: str) -> None:
        location = os.path.abspath(location)
        if self._is_result(os.path.dirname(location), root):
            return
        # a project that is moved as a whole has the same locations as before
        inside = location.startswith(self._working_directory)
        near = location.removeprefix(self._working_directory) if inside else location
        self.add_object(near, self._below(location, root))

    def _below(self, location: str, root: str) -> str:
        """The path of a file from a folder."""
        folder = os.path.join(os.path.abspath(root), "")
        if location.startswith(folder):
            return location.removeprefix(folder)
        return os.path.relpath(location, root)

    def add_object(self, location: str, path: str) -> None:
        """Take something that was found, with its path below what it was found by."""
        if location in self.files:
            self.repeated += 1
            # of two folders that it was found in the outer one counts, whatever their order
            path = max(path, self.files[location], key=lambda p: (p.count(os.sep), p))
        self.files[location] = path

    def _is_result(self, folder: str, root: str) -> bool:
        """Whether a folder is one of results: in the results folder, if the search is not too.

        Where dumps lie within the results folder, what this workflow writes there is left out.
        """
        if self._exclude is None:
            return False
        if (folder, root) not in self._results:
            real, real_root = self._real(folder), self._real(root)
            own = (os.path.join(self._exclude, name) for name in _RESULTS)
            within_results = _is_in(real, self._exclude) and not _is_in(real_root, self._exclude)
            is_own = any(_is_in(real, name) for name in own)
            self._results[folder, root] = within_results or is_own
        return self._results[folder, root]

    def _real(self, folder: str) -> str:
        if folder not in self._realpaths:
            self._realpaths[folder] = os.path.realpath(folder)
        return self._realpaths[folder]


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; a link that leads nowhere is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _split_pattern(pattern: str) -> tuple[str, str]:
    """A glob pattern's leading parts without wildcards, and the rest."""
    parts = pattern.split(os.sep)
    wild = next(i for i, part in enumerate(parts) if glob.has_magic(part) or i == len(parts) - 1)
    fixed = os.sep.join(parts[:wild])
    return fixed or (os.sep if pattern.startswith(os.sep) else ""), os.sep.join(parts[wild:])


_Facts = tuple[int | None, str | None, str | None, str | None, bool]
_AT_ONCE = 50  # files that a thread reads, one after the other
_PACKED_RATIO = 5  # how many times its size an archive of pages unpacks to, about
# what a zip archive begins with, and what may be around a tar archive
_PACKED = (b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")


def _is_packed(head: bytes) -> bool:
    """Whether the first bytes are those of an archive, or of something compressed."""
    return head.startswith(_PACKED) or head[257:262] == b"ustar"


def _recalled(location: str, memory: Memory) -> _Facts | None:
    """What is remembered of a file, as ``_read_facts`` gives it."""
    try:
        known = memory.recall(location, os.stat(location))
    except OSError:
        return None
    return None if known is None else (known.size, known.sha256, None, None, known.packed)


def _read_facts(location: str, memory: Memory) -> _Facts:
    """Size, SHA-256, where it cannot be read reason code and message, whether it is packed."""
    try:
        status = os.stat(location)
        mode = status.st_mode
        if not stat.S_ISREG(mode):
            if stat.S_ISDIR(mode):
                os.listdir(location)
            return None, None, "not_a_file", _not_a_file(mode), False
        digest = hashlib.sha256()
        size = 0
        packed = False
        with open(location, "rb") as handle:
            while block := handle.read(1 << 20):
                if size == 0:
                    packed = _is_packed(block)
                digest.update(block)
                size += len(block)
    except OSError as error:
        what = error.strerror or type(error).__name__
        if os.path.islink(location) and not os.path.exists(location):
            # not where it leads: that may be a place outside, different on every machine
            what = "a symbolic link to a file that is not there"
        return None, None, "unreadable", f"It cannot be read: {what}.", False
    memory.keep(location, status, Content(size, digest.hexdigest(), packed))
    return size, digest.hexdigest(), None, None, packed


def _not_a_file(mode: int) -> str:
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFBLK: "a block device",
        stat.S_IFCHR: "a character device",
    }
    kind = kinds.get(stat.S_IFMT(mode), "no regular file")
    return f"It is {kind}, not a file; save its content to a file to have it read."


def printable(path: str) -> str:
    r"""A path as valid Unicode: bytes that are not UTF-8 are written as ``\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _published(path: str) -> str:
    return printable(path).replace(os.sep, "/")


def dump_id_of(path: str, sha256: str, twin: int = 0) -> str:
    """The identifier of a dump.

    Args:
        path: Its path as published.
        sha256: The SHA-256 of its bytes, or an empty text where they cannot be read.
        twin: How many dumps of equal path and content come before it.
    """
    seed = f"{path}\0{sha256}" + (f"\0{twin}" if twin else "")
    return "d" + hashlib.sha256(seed.encode()).hexdigest()[:16]


def _with_ids(
    files: dict[str, str],
    facts: list[_Facts],
    rules: Sequence[Rule],
) -> list[Dump]:
    """Dumps sorted by path and content, each with an id of its own.

    Dumps of equal path and content, found in several folders, are told apart by a running
    number; which of them gets which makes no difference, since they are equal.
    """
    rows = sorted(
        (_published(path), sha256 or "", location, size, problem, message, packed)
        for (location, path), (size, sha256, problem, message, packed) in zip(
            files.items(), facts, strict=True
        )
    )
    dumps = []
    twins: dict[tuple[str, str], int] = {}
    for path, sha256, location, size, problem, message, packed in rows:
        twin = twins[path, sha256] = twins.get((path, sha256), -1) + 1
        dump_id = dump_id_of(path, sha256, twin)
        stated = stated_of(rules, path)
        known = sha256 or None
        dumps.append(Dump(dump_id, path, location, size, known, problem, message, stated, packed))
    return dumps


def batches(
    dumps: tuple[Dump, ...], minimum: int, max_dumps: int, max_bytes: int
) -> dict[str, list[Dump]]:
    """Distribute dumps over batches so that a new dump touches the batch it falls into only.

    The SHA-256 of a dump's path, read bit by bit, leads down a binary tree. Its leaves are the
    batches, named by the bits that lead to them; a leaf that holds more than ``max_dumps`` dumps
    or ``max_bytes`` bytes, or that is fewer than log2(``minimum``) bits deep, is split in two
    (extendible hashing: Fagin et al., ACM TODS 4(3), 1979). A new dump changes its own leaf, or
    splits it. The results do not depend on the batches.

    Returns:
        Batch name → its dumps, both sorted; batches without dumps are left out.
    """
    depth = max(0, (minimum - 1).bit_length())
    hashed = [(_bits(dump.path), dump) for dump in dumps]
    result: dict[str, list[Dump]] = {}
    pending = [("", hashed)]
    while pending:
        name, members = pending.pop()
        size = sum(dump.size or 0 for _, dump in members)
        full = len(members) > max_dumps or (size > max_bytes and len(members) > 1)
        if len(name) < depth or (full and len(name) < _BITS):
            for bit in "01":
                half = [(bits, dump) for bits, dump in members if bits[len(name)] == bit]
                if half:
                    pending.append((name + bit, half))
        else:
            result[name or "all"] = [dump for _, dump in members]
    return dict(sorted(result.items()))


_BITS = 32


def _bits(path: str) -> str:
    head = hashlib.sha256(path.encode()).digest()[: _BITS // 8]
    return format(int.from_bytes(head, "big"), f"0{_BITS}b")
