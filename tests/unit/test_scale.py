"""The benchmark at scale: what it reads of a run, how it leaves things, what it prints."""

from __future__ import annotations

import dataclasses
import os
import sys
import xml.etree.ElementTree as ET

import pytest

from tests.benchmarks import scale
from tests.benchmarks.scale import BenchmarkError, Measured, Stage

_LOG = """\
Job stats:
job          count
---------  -------
total            4

[Sat Nov 21 22:00:24 2026]
localrule parse:
    input: a.txt, b.txt
    wildcards: batch=0, key=88c2
    resources: tmpdir=/tmp
[Sat Nov 21 22:00:24 2026]
rule dedupe:
    input: one.parquet
    log: a rule parse: of a log
    resources: tmpdir=/tmp
[Sat Nov 21 22:00:28 2026]
Finished jobid: 6 (Rule: parse)
checkpoint list_release:
    output: listed.json
localrule all:
    input: c.json
"""
_TSV = "s\th:m:s\tmax_rss\tcpu_time\n{}\t0:00:02\t{}\t{}\n"


def _measured(step: str, seconds: float, turn: int = 0, **others: object) -> Measured:
    return dataclasses.replace(Measured(step, 1000, 20, turn, seconds), **others)


def test_jobs_are_told_with_their_wildcards_and_without_the_target():
    found = scale.jobs_of(_LOG)
    assert found == ["parse (batch=0, key=88c2)", "dedupe", "list_release"]


def test_a_run_with_nothing_to_do_has_no_jobs():
    assert scale.jobs_of("Building DAG of jobs...\nNothing to be done.\n") == []


def test_jobs_are_counted_by_rule():
    jobs = ["parse (batch=0)", "normalize (batch=0)", "parse (batch=1)"]
    assert scale.by_rule(jobs) == {"parse": 2, "normalize": 1}


def test_stages_are_summed_over_their_jobs_the_longest_first(tmp_path):
    (tmp_path / "parse").mkdir()
    (tmp_path / "block" / "0f").mkdir(parents=True)
    (tmp_path / "parse" / "0.tsv").write_text(_TSV.format(2.5, 200, 2))
    (tmp_path / "parse" / "1.tsv").write_text(_TSV.format(1.5, 300, 1))
    (tmp_path / "block" / "0f" / "0.tsv").write_text(_TSV.format(1, 50, "NA"))
    (tmp_path / "dedupe.tsv").write_text(_TSV.format(9, "-", 8))
    assert scale.stages_of(tmp_path) == [
        Stage("dedupe", 1, 9, 8, 0),
        Stage("parse", 2, 4, 3, 300),
        Stage("block", 1, 1, 0, 50),
    ]


def test_benchmark_files_of_earlier_runs_do_not_count(tmp_path):
    for name in ("old", "new"):
        (tmp_path / f"{name}.tsv").write_text(_TSV.format(1, 1, 1))
    os.utime(tmp_path / "old.tsv", (1000, 1000))
    assert [stage.name for stage in scale.stages_of(tmp_path, since=2000)] == ["new"]


def test_the_slope_of_growth_in_proportion_is_one_and_of_quadratic_growth_two():
    assert scale.slope((10, 1000), (3, 300)) == pytest.approx(1)
    assert scale.slope((10, 1000), (1, 10_000)) == pytest.approx(2)


@pytest.mark.parametrize(("sizes", "values"), [((10, 10), (1, 2)), ((10, 20), (0, 2))])
def test_there_is_no_slope_without_two_points(sizes, values):
    assert scale.slope(sizes, values) is None


def test_steps_are_told_by_medians_and_their_share_of_the_cold_run():
    runs = [_measured("cold", 200, jobs=("parse (batch=0)", "dedupe"))]
    runs += [_measured("noop", seconds, turn) for turn, seconds in enumerate([9, 2, 4])]
    _, cold, noop = scale.steps_table(runs).splitlines()
    assert cold.split() == ["cold", "1", "200.00", "100.0%", "2"]
    assert noop.split() == ["noop", "3", "4.00", "2.00-9.00", "2.0%"]


def test_ratios_are_of_medians_to_what_was_measured_too():
    runs = [_measured("cold", 90), _measured("noop", 6), _measured("bare", 4)]
    runs += [_measured("floor", seconds, turn) for turn, seconds in enumerate([1, 9, 30])]
    runs.append(_measured("peer text-dedup", 180))
    assert scale.ratios(runs) == [
        "cold / floor: 10.00",
        "cold / peer text-dedup: 0.50",
        "noop / bare: 1.50",
    ]


def test_growth_is_told_with_slopes_from_the_second_size_on():
    small = _measured("cold", 10, cpu=5, process_mib=100, together_mib=200)
    large = dataclasses.replace(small, entries=10_000, seconds=100.0, process_mib=1000.0)
    _, first, second = scale.growth_table([small, large]).splitlines()
    assert first.split() == ["1,000", "20", "10.0", "5.0", "100", "200", "100"]
    assert second.split()[2:4] == ["100.0", "1.00"]
    assert second.split()[6:8] == ["1,000", "1.00"]


def test_the_plot_is_svg_with_a_point_for_each_size_in_each_panel():
    sizes = [(10_000, 12.0), (100_000, 45.0), (1_000_000, 300.0)]
    runs = [
        dataclasses.replace(_measured("cold", s, process_mib=40 * s), entries=n) for n, s in sizes
    ]
    root = ET.fromstring(scale.plot(runs))  # noqa: S314 (our own)
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 6
    across = [float(circle.get("cx", "")) for circle in circles[:3]]
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.2)  # log axes
    heights = [float(circle.get("cy", "")) for circle in circles[:3]]
    assert heights == sorted(heights, reverse=True)


def test_a_measurement_is_read_back_from_its_line(tmp_path):
    one = _measured("cold", 9, jobs=("dedupe",), stages=(Stage("dedupe", 1, 9, 8, 7),))
    file = tmp_path / "out.jsonl"
    file.write_text(f"{scale.as_line(one, 'a')}\n{scale.as_line(one, 'b')}\n")
    assert scale.measured_before(file, "a") == [one]
    assert scale.measured_before(tmp_path / "none", "a") == []


def test_what_is_measured_again_replaces_all_of_that_step_before():
    before = [_measured("cold", 9), *(_measured("noop", 5, turn) for turn in range(3))]
    now = [_measured("noop", 2, 0), _measured("noop", 3, 1)]
    found = scale.together(before, now)
    assert [(one.step, one.seconds) for one in found] == [("cold", 9), ("noop", 2), ("noop", 3)]


def test_an_added_file_is_removed_even_if_the_run_fails(tmp_path):
    file = tmp_path / "new.txt"

    def fails() -> None:
        with scale.added(file, "text"):
            assert file.read_text() == "text"
            raise BenchmarkError("broken")

    with pytest.raises(BenchmarkError, match="broken"):
        fails()
    assert not file.exists()


def test_a_foreign_file_of_the_new_dumps_name_is_left_alone(tmp_path):
    file = tmp_path / "new.txt"
    file.write_text("mine")
    with pytest.raises(BenchmarkError, match="in the way"), scale.added(file, "text"):
        pass
    assert file.read_text() == "mine"


def test_a_branch_shares_tables_and_nothing_that_is_written_into(tmp_path):
    results, copy = tmp_path / "results", tmp_path / "copy"
    (results / "work").mkdir(parents=True)
    for name in ("run_config.yaml", "work/a.parquet", "work/log.tsv"):
        (results / name).write_text(name)
    (results / "latest").symlink_to("work")
    scale.branch(results, copy)
    assert (copy / "work" / "a.parquet").samefile(results / "work" / "a.parquet")
    assert not (copy / "work" / "log.tsv").samefile(results / "work" / "log.tsv")
    assert (copy / "latest").readlink() == (results / "latest").readlink()


def test_only_results_are_removed(tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    with pytest.raises(BenchmarkError, match="not removed"):
        scale.remove_results(foreign)
    assert (foreign / "thesis.txt").is_file()
    (foreign / "run_config.yaml").write_text("")
    scale.remove_results(foreign)
    assert not foreign.exists()


def test_the_new_dump_is_of_as_many_entries_and_always_the_same():
    text = scale.new_dump(5)
    assert text == scale.new_dump(5)
    assert text.count("author") > 0


def test_a_command_is_measured_with_all_that_it_started(tmp_path):
    started = "import time; held = bytearray(b'x') * (200 * 2**20); time.sleep(1.5)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {started!r}])"
    usage = scale.measure(
        [sys.executable, "-c", f"held = bytearray(b'x') * (100 * 2**20); {code}"],
        tmp_path,
        tmp_path / "log",
    )
    assert usage.seconds > 1.5
    assert usage.cpu > 0
    assert 200 < usage.process_mib < 300 < usage.together_mib < 500


def test_a_command_that_fails_is_told_of_with_what_it_printed(tmp_path):
    with pytest.raises(BenchmarkError, match="no such dump"):
        scale.measure(
            [sys.executable, "-c", "raise SystemExit('no such dump')"], tmp_path, tmp_path / "log"
        )


def test_a_size_of_growth_may_name_its_dumps(tmp_path):
    assert scale.sized("10000") == (10_000, None)
    assert scale.sized(f"10000={tmp_path}") == (10_000, tmp_path)


def test_without_steps_growth_alone_is_measured():
    assert scale.parsed(["--growth", "1000"]).steps == []
    assert "cold" in scale.parsed([]).steps
    assert scale.parsed(["--growth", "1000", "--steps", "cold"]).steps == ["cold"]
    assert scale.parsed(["--steps"]).steps == []


_COLD = _measured(
    "cold",
    300,
    stages=(Stage("parse", 4, 8, 7, 100), Stage("dedupe", 1, 60, 50, 6000)),
    facts={"dumps": 2_000_000, "work/parse": 500_000, "work/dedupe": 900_000, "release": 1_000_000},
)


def test_costs_are_told_for_a_million_entries_and_memory_as_it_was():
    lines = scale.cost_table(_COLD).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[2][:5] == ["parse", "4", "8000.0", "7000.0", "105"]
    assert cells[3][6] == "900"
    assert cells[-1][0] == "the run"
    assert cells[-1][6] == "2,400"


def test_larger_sizes_take_in_proportion():
    rows = [line.strip("|").split("|") for line in scale.plan_table(_COLD).splitlines()]
    table = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    assert table["dumps, GB"] == ["20", "200", "2,000"]
    assert table["work, GB"] == ["14", "140", "1,400"]
    assert table["dedupe, CPU hours"] == ["138.9", "1,388.9", "13,888.9"]
    memory = [float(cell.replace(",", "")) for cell in table["dedupe, GB of memory"]]
    assert memory[0] < memory[1] < memory[2]


def test_tables_are_put_where_they_are_marked_and_nothing_else_changes():
    document = "a\n<!-- table: cost -->\nold\n<!-- end -->\nb\n"
    new = scale.filled(document, {"cost": "| \\1 |"})
    assert new == "a\n<!-- table: cost -->\n| \\1 |\n<!-- end -->\nb\n"
    assert scale.filled(new, {"cost": "old"}) == document
    with pytest.raises(BenchmarkError, match="0 places"):
        scale.filled(document, {"plan": ""})


def test_the_document_has_a_place_for_every_table():
    document = (scale.ROOT / "docs" / "scale.md").read_text("utf-8")
    tables = dict.fromkeys(("cost", "plan", "keys", "shuffle"), "x")
    assert scale.filled(document, tables) != document
