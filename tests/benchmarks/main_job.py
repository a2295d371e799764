"""How long the main job takes: a cold run, a run with nothing to do, and where the time goes.

    python tests/benchmarks/main_job.py [--dumps FOLDER] [--repeat 5] [--cores 2]

Each figure is a median over the repetitions, which take turns, so that a busy moment hits all
alike. The baselines are measured in the same turns: what it costs to start Snakemake, and to
import Great Expectations, without which no run can be.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def seconds(command: list[str], folder: Path) -> float:
    """The wall time of a command that must succeed."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=os.environ)
    return time.perf_counter() - began


def stages(results: Path) -> dict[str, float]:
    """Seconds per rule as the run's own benchmark files tell, summed over its jobs."""
    found: dict[str, float] = defaultdict(float)
    folder = results / "benchmarks"
    for file in folder.rglob("*.tsv"):
        rule = file.relative_to(folder).parts[0].removesuffix(".tsv")
        found[rule] += float(file.read_text().splitlines()[1].split("\t")[0])
    return dict(found)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--dumps", type=Path, default=ROOT / "tests" / "data" / "examples")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    run = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    run += ["--cores", str(options.cores), "--config", f"dumps={options.dumps.resolve()}"]
    measured: dict[str, list[float]] = defaultdict(list)
    per_stage: dict[str, list[float]] = defaultdict(list)
    for _ in range(options.repeat):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            measured["start Snakemake"].append(
                seconds([sys.executable, "-m", "snakemake", "--version"], folder)
            )
            measured["import Great Expectations"].append(
                seconds([sys.executable, "-c", "import great_expectations"], folder)
            )
            measured["cold run"].append(seconds(run, folder))
            measured["nothing to do"].append(seconds(run, folder))
            for rule, took in stages(folder / "results").items():
                per_stage[rule].append(took)
    medians = {name: statistics.median(values) for name, values in measured.items()}
    floor = medians["start Snakemake"] + medians["import Great Expectations"]
    start = medians["start Snakemake"]
    print(f"medians of {options.repeat}, {options.cores} cores, dumps of {options.dumps.name}")
    for name, median in medians.items():
        baseline, what = (start, "start") if name == "nothing to do" else (floor, "both imports")
        values = measured[name]
        print(
            f"  {name:<28}{median:7.2f} s   ({min(values):.2f} to {max(values):.2f})"
            f"   {median / baseline:5.2f} x {what}"
        )
    print("where the cold run's time goes (seconds of jobs, which overlap)")
    for rule, values in sorted(per_stage.items(), key=lambda item: -statistics.median(item[1])):
        print(f"  {rule:<28}{statistics.median(values):7.2f} s")


if __name__ == "__main__":
    main()
