"""Kill the real workflow at random moments of its last stages, and see what it leaves.

Each time a results folder with a first release gets another dump, and snakemake, with all that it
started, is killed by SIGKILL: at a random moment after deduplication, or, every other time, after
the gate, while the release is written. Then ``latest`` must
be a whole release, the first or the second, and a rerun must end in the same version as a run that
nothing disturbed, with the same files. Run it by hand:

    python tests/fuzz/kill_release.py --kills 20 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.conftest import ROOT
from tests.pages import Listed, page

from paperdump.releases import Releases, Version
from paperdump.verification import verify

# what a stage leaves when it has ended
MADE = {"dedupe": "dedupe/*/papers.parquet", "gate": "gate/*.json"}


def command(folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2",
        "--nolock", "--config", f"dumps={folder / 'dumps'}", f"results={folder / 'results'}",
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """With the library of this tree, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "workflow" / "src")}


def run(folder: Path) -> None:
    done = subprocess.run(
        command(folder), cwd=folder, capture_output=True, text=True, check=False, env=environment()
    )
    if done.returncode:
        raise SystemExit(done.stderr)


def state(folder: Path) -> dict[str, bytes]:
    """The files of the latest release but Data Docs, which name their time."""
    latest = folder / "results" / "latest"
    return {
        p.relative_to(latest).as_posix(): p.read_bytes()
        for p in latest.rglob("*")
        if p.is_file() and "data_docs" not in p.parts
    }


def killed(folder: Path, stage: str, after: float) -> str:
    """Start a run and kill it, so long after a stage has ended; what it was at, in words."""
    process = subprocess.Popen(
        command(folder), cwd=folder, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    work = folder / "results" / "work"
    before = set(work.glob(MADE[stage]))
    while process.poll() is None and set(work.glob(MADE[stage])) <= before:
        time.sleep(0.01)
    time.sleep(after)
    ended = process.poll() is not None
    with contextlib.suppress(ProcessLookupError):  # it has ended just now
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = [s for s in ("summarize", "validate", "gate", "release") if _made(work / s)]
    if any(p.name.endswith(".tmp") for p in (folder / "results" / "releases").iterdir()):
        done.append("part of a release")
    return f"{'the run had ended' if ended else 'killed'}, done: {', '.join(done) or 'none'}"


def _made(folder: Path) -> bool:
    """Whether a stage left what it makes, beside what the first run left."""
    return folder.is_dir() and sum(not p.name.startswith(".") for p in folder.iterdir()) > 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance = random.Random(given.seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        (base / "first" / "dumps").mkdir(parents=True)
        tides = page(*(Listed(f"Tides of Sea {n}") for n in range(50)))
        (base / "first" / "dumps" / "a.txt").write_text(tides, "utf-8")
        run(base / "first")

        def another(place: str) -> Path:
            """A copy with one more dump; Snakemake's own notes name its folders, and stay away."""
            folder = base / place
            ignore = shutil.ignore_patterns(".snakemake")
            shutil.copytree(base / "first", folder, symlinks=True, ignore=ignore)
            moons = page(
                *(Listed(f"Moons of Sea {n}") for n in range(50)), Listed("Tides of Sea 3")
            )
            (folder / "dumps" / "b.txt").write_text(moons, "utf-8")
            return folder

        whole = another("whole")
        run(whole)
        ended = time.time()
        work = whole / "results" / "work"
        longest = {
            stage: ended - max(path.stat().st_mtime for path in work.glob(made))
            for stage, made in MADE.items()
        }
        first = Releases(base / "first" / "results").latest
        second = Releases(whole / "results").latest
        expected = state(whole)
        failures = 0
        for number in range(1, given.kills + 1):
            stage = ("dedupe", "gate")[number % 2]
            after = chance.uniform(0, longest[stage])
            folder = another(f"killed {number}")
            said = killed(folder, stage, after)
            releases = Releases(folder / "results")
            left = releases.latest
            problems = verify(Version.open(releases.folder / left)).problems if left else [("", "")]
            run(folder)
            same = releases.latest == second and state(folder) == expected
            good = left in (first, second) and not problems and same
            failures += not good
            which = {first: "the first", second: "the second"}.get(left, f"broken: {left}")
            print(
                f"{number:2} {after:5.2f} s after {stage}: {said}; latest was {which}, "
                f"{problems or 'whole'}; rerun: "
                f"{'the same version and bytes' if same else 'OTHER'}",
                flush=True,
            )
            shutil.rmtree(folder)
    print(f"{given.kills - failures} of {given.kills} as promised")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
