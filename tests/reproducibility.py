"""Whether two runs from nothing end in the same bytes, whatever is different around them.

    python -m tests.reproducibility [--dumps FOLDER] [--python PYTHON …] [--only WORD …]

Each run has its own copy of the project and of the dumps, its own folder, and starts from nothing.
They differ in the Python that runs them (each needs the locked versions installed; the project's
own code is that of this tree), the locale, the time zone, the order in which folders list their
files, the hash seed, the number of cores. Printed is a table of hashes: of all files of the
release but Data Docs, which name the time of their making.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import EXAMPLES, copy_project

# Data Docs name the time of their making
_LEFT_OUT = "validation/data_docs/"
# The entries of folders in another order: on most file systems that is the order of making, or of
# hashes, which no test can choose. Python loads this module at its start.
_DISORDER = """\
import os

_listdir, _scandir = os.listdir, os.scandir


class _Turned:
    def __init__(self, entries):
        with entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass


os.listdir = lambda *path: sorted(_listdir(*path), reverse=True)
os.scandir = lambda *path: _Turned(_scandir(*path))
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around a run.

    Attributes:
        label: What is different, in words.
        python: The interpreter.
        environment: Variables that are set.
        cores: How many jobs run at a time.
        settings: Settings of the workflow that results do not depend on.
        is_turned: Whether folders list their files in the opposite order.
    """

    label: str
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)
    cores: int = 1
    settings: Sequence[str] = ()
    is_turned: bool = False


def matrix(pythons: Sequence[str], locales: Path) -> list[Surroundings]:
    """The runs that are compared: the first is as usual, each other one differs in one thing.

    Args:
        pythons: Other interpreters, which have the locked versions.
        locales: Where ``make_locale`` put a locale.
    """
    usual = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}

    def other(label: str, **variables: str) -> Surroundings:
        return Surroundings(label, environment={**usual, **variables})

    # POSIX offsets, so that no time zone needs to be installed
    return [
        Surroundings("as usual", environment=usual),
        other("again, in another folder"),
        other("locale POSIX, ASCII", LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
        other("locale tr_TR", **turkish(locales)),
        other("time zone 14 hours ahead", TZ="AHEAD-14"),
        other("time zone 11 hours behind", TZ="BEHIND+11"),
        other("hash seed 12345", PYTHONHASHSEED="12345"),
        other("a random hash seed", PYTHONHASHSEED="random"),
        other("one thread in Polars and Arrow", POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1"),
        other("seven threads in Polars", POLARS_MAX_THREADS="7"),
        Surroundings("four jobs at a time", environment=usual, cores=4),
        Surroundings(
            "eight batches, three shards",
            environment=usual,
            settings=("parse={min_batches: 8}", "dedupe={shards: 3}"),
        ),
        Surroundings("folders in the opposite order", environment=usual, is_turned=True),
        *(Surroundings(_version(p), python=p, environment=usual) for p in pythons),
    ]


def turkish(locales: Path) -> dict[str, str]:
    """The variables of a locale with a decimal comma, and letters that change case otherwise."""
    return {"LOCPATH": str(locales), "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}


def make_locale(folder: Path) -> bool:
    """Make that locale, since few machines have it installed; whether it could be made."""
    if shutil.which("localedef") is None:
        return False
    command = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / "tr_TR.UTF-8")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _version(python: str) -> str:
    code = "import platform; print('Python', platform.python_version())"
    return subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def run(around: Surroundings, dumps: Path, folder: Path) -> Path:
    """Run the workflow from nothing.

    Args:
        around: What is around it.
        dumps: The dumps; they are copied.
        folder: The folder to work in, which must not be there.

    Returns:
        The release's folder.

    Raises:
        RuntimeError: It failed.
    """
    project = copy_project(folder / "project")
    # other folders make other names of files; what is in a release must not depend on it
    shutil.copytree(dumps, folder / "dumps")
    paths = [str(project / "workflow" / "src")]
    if around.is_turned:
        (folder / "start").mkdir()
        (folder / "start" / "sitecustomize.py").write_text(_DISORDER)
        paths.insert(0, str(folder / "start"))
    command = [around.python, "-m", "snakemake", "--cores", str(around.cores), "--config"]
    command += [f"dumps={folder / 'dumps'}", f"results={folder / 'results'}", *around.settings]
    environment = {**os.environ, **around.environment, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{around.label}: {done.stderr}")
    return (folder / "results" / "latest").resolve()


def hashes(release: Path) -> dict[str, str]:
    """The SHA-256 of each file of a release but Data Docs, by name."""
    files = {p.relative_to(release).as_posix(): p for p in release.rglob("*") if p.is_file()}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(files.items())
        if not name.startswith(_LEFT_OUT)
    }


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The files that two releases do not have in common, byte for byte."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def digest(of_files: Mapping[str, str]) -> str:
    """A digest of all files together."""
    text = "".join(f"{value}  {name}\n" for name, value in of_files.items())
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> None:
    """Run the whole matrix, and print a table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--dumps", type=Path, default=EXAMPLES)
    parser.add_argument("--python", nargs="*", default=[], help="other interpreters")
    parser.add_argument("--only", nargs="*", help="runs whose label has one of these in it")
    options = parser.parse_args()
    print("| run | version | files | papers.parquet | manifest.json | all files | differing |")
    print("| --- | --- | --: | --- | --- | --- | --- |", flush=True)
    first: dict[str, str] = {}
    failed = False
    with tempfile.TemporaryDirectory() as name:
        make_locale(Path(name))
        runs = matrix(options.python, Path(name))
        for number, around in enumerate(runs):
            if number and options.only and not any(w in around.label for w in options.only):
                continue
            folder = Path(name) / f"run{number}"
            release = run(around, options.dumps, folder)
            found = hashes(release)
            first = first or found
            other = differing(first, found)
            failed |= bool(other)
            print(
                f"| {around.label} | {release.name} | {len(found)} "
                f"| {found['papers.parquet'][:12]} | {found['manifest.json'][:12]} "
                f"| {digest(found)[:12]} | {', '.join(other) or 'none'} |",
                flush=True,
            )
            shutil.rmtree(folder)
    sys.exit(failed)


if __name__ == "__main__":
    main()
