from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import needs, progress
from paperdump.cli import main
from paperdump.errors import PaperdumpError
from paperdump.plan import STAGES
from paperdump.progress import Course, Follower, Record, Task, Took, Trace

BATCHES = {"00": 10.0, "01": 30.0, "1": 60.0}
READING = {Task(stage, batch) for stage in ("parse", "normalize") for batch in BATCHES}
AFTER = {Task(s) for s in ("dedupe", "validate", "gate", "summarize", "release")}


def course(**more: Any) -> Course:
    return Course(BATCHES, READING | AFTER, **more)


def test_every_stage_has_a_cost() -> None:
    assert set(needs.COSTS) == set(STAGES)
    assert all(0 < cost.of_entries(1) <= cost.of_entries(2e6) for cost in needs.COSTS.values())


def test_entries_are_estimated_by_the_bytes_of_dumps_until_they_are_read() -> None:
    run = course()
    assert (run.total, run.is_estimate) == (100 * needs.ENTRIES_PER_MB, True)
    run.finish(Task("parse", "00"), 1.0, 2_000)
    assert (run.total, run.is_estimate) == (20_000, True)
    run.finish(Task("parse", "01"), 1.0, 9_000)
    assert run.total == 11_000 + 60 * 275
    run.finish(Task("parse", "1"), 1.0, 100)
    assert (run.total, run.is_estimate) == (11_100, False)


def test_dumps_without_entries_do_not_stop_the_estimate() -> None:
    run = course()
    run.finish(Task("parse", "00"), 1.0, 0)
    assert run.total == 90 * needs.ENTRIES_PER_MB
    nothing = Course({"all": 0.0}, {Task("parse", "all")})
    assert nothing.total == 0
    nothing.finish(Task("parse", "all"), 0.5, 0)
    assert nothing.line(Task("parse", "all"), 0.5) == (
        "parse: 1 of 1 batch, 0 entries, 100 % of bytes"
    )


def test_what_is_left_follows_how_fast_the_run_has_been() -> None:
    run, slow, fast = course(), course(), course()
    for one, factor in ((run, 1), (slow, 4), (fast, 0.25)):
        for batch, megabytes in BATCHES.items():
            entries = int(megabytes * 6_000)
            seconds = factor * needs.COSTS["parse"].of_entries(entries)
            one.finish(Task("parse", batch), seconds, entries)
    assert 2 * run.seconds_left() < slow.seconds_left() < 4 * run.seconds_left()
    assert run.seconds_left() / 4 < fast.seconds_left() < run.seconds_left() / 2


def test_what_was_long_ago_counts_less() -> None:
    batches = {str(n): 10.0 for n in range(60)}
    pending = {Task("parse", batch) for batch in batches} | AFTER
    steady, eased = (Course(batches, set(pending)) for _ in range(2))
    # some three seconds: minutes for the first half
    usual = needs.COSTS["parse"].of_entries(50_000)
    for number, batch in enumerate(batches):
        steady.finish(Task("parse", batch), usual, 50_000)
        # five times as slow in the first half: the machine was busy
        eased.finish(Task("parse", batch), usual * (5 if number < 30 else 1), 50_000)
    assert steady.seconds_left() < eased.seconds_left() < 1.5 * steady.seconds_left()


def test_jobs_of_batches_share_the_slots_and_the_longest_bounds_them() -> None:
    read = dict.fromkeys(BATCHES, 1_000_000)
    each = needs.COSTS["normalize"].of_entries(1_000_000)
    pending = {Task("normalize", batch) for batch in BATCHES}
    assert Course(BATCHES, set(pending), 1, {}, read).seconds_left() == pytest.approx(3 * each)
    assert Course(BATCHES, set(pending), 2, {}, read).seconds_left() == pytest.approx(1.5 * each)
    assert Course(BATCHES, set(pending), 100, {}, read).seconds_left() == pytest.approx(each)


def test_what_runs_side_by_side_takes_as_long_as_the_longer_one() -> None:
    read = dict.fromkeys(BATCHES, 1_000_000)
    both = [needs.COSTS[stage].of_entries(3e6) for stage in ("validate", "summarize")]
    pending = {Task("validate"), Task("summarize")}
    assert Course(BATCHES, pending, 2, {}, read).seconds_left() == pytest.approx(max(both))
    assert Course(BATCHES, pending, 1, {}, read).seconds_left() == pytest.approx(sum(both))


def test_shards_share_the_entries() -> None:
    read = dict.fromkeys(BATCHES, 1_000_000)
    shards = {Task("block", str(n)) for n in range(4)}
    run = Course(BATCHES, shards | {Task("dedupe")}, 2, {"block": 4}, read)
    assert run.cost(Task("block", "0")) == needs.COSTS["block"].of_entries(750_000)
    run.finish(Task("block", "2"), 20.0)
    assert run.line(Task("block", "2"), 20.0).startswith(
        "block: 1 of 4 shards, 3,000,000 entries in 20.0 s, about "
    )


def test_shares_of_validation_leave_the_rest_of_it_little_to_do() -> None:
    read = dict.fromkeys(BATCHES, 1_000_000)
    shares = {Task("check", str(n)) for n in range(3)}
    spread = {"block": 1, "check": 3}
    run = Course(BATCHES, shares | {Task("validate"), Task("summarize")}, 4, spread, read)
    alone = Course(BATCHES, {Task("validate")}, 4, {}, read)
    assert run.cost(Task("validate")) == needs.COSTS["validate"].base
    # summarize runs beside, and is what takes long
    assert run.seconds_left() == pytest.approx(needs.COSTS["summarize"].of_entries(3e6))
    run.pending.discard(Task("summarize"))
    assert run.seconds_left() < alone.seconds_left()


def test_jobs_at_work_have_less_to_do() -> None:
    run = Course(BATCHES, {Task("dedupe")}, 1, {}, dict.fromkeys(BATCHES, 1_000_000))
    whole = run.seconds_left()
    assert run.seconds_left({Task("dedupe"): whole / 3}) == pytest.approx(whole * 2 / 3)
    assert run.seconds_left({Task("dedupe"): 1e9}) == 0


@given(
    st.lists(st.integers(0, 10**12).map(lambda size: size / 1e6), min_size=1, max_size=6),
    st.lists(st.tuples(st.floats(0, 1e5), st.integers(0, 10**9)), max_size=6),
    st.integers(1, 64),
)
def test_a_run_never_has_less_than_nothing_left(
    sizes: list[float], done: list[tuple[float, int]], slots: int
) -> None:
    batches = {str(n): size for n, size in enumerate(sizes)}
    pending = {Task("parse", batch) for batch in batches} | AFTER
    run = Course(batches, pending, slots)
    for batch, (seconds, entries) in zip(batches, done, strict=False):
        run.finish(Task("parse", batch), seconds, entries)
        assert 0 <= run.seconds_left() < float("inf")
        assert run.line(Task("parse", batch), seconds).endswith(" left")


def test_a_line_says_batches_entries_bytes_and_what_is_left() -> None:
    run = course(slots=2)
    run.finish(Task("parse", "01"), 8.0, 30_000)
    told = run.line(Task("parse", "01"), 8.0)
    assert told.startswith("parse: 1 of 3 batches, 30,000 entries, 30 % of bytes, about ")
    assert told.endswith(" left")


def test_what_an_earlier_run_did_counts_as_done() -> None:
    # a restart: only the last batch is to be read, all are to be cleaned
    read = {"00": 1_000, "01": 3_000}
    run = Course(BATCHES, {Task("parse", "1"), *AFTER}, 2, {}, read)
    assert run.ahead().startswith("1 of 3 batches to be read, about 10,000 entries, about ")
    run.finish(Task("parse", "1"), 3.0, 8_000)
    assert run.line(Task("parse", "1"), 3.0).startswith(
        "parse: 3 of 3 batches, 12,000 entries, 100 % of bytes, about "
    )
    assert run.ahead().startswith("12,000 entries, about ")


def test_the_last_job_leaves_nothing_to_tell_of() -> None:
    run = Course({"all": 1.0}, {Task("release")}, 1, {}, {"all": 29})
    run.finish(Task("release"), 1.2)
    assert run.line(Task("release"), 1.2) == "release: 29 entries in 1.2 s"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "about 5 s"),
        (12.4, "about 10 s"),
        (54, "about 55 s"),
        (58, "about 1 min"),
        (150, "about 2 min"),
        (3580, "about 1 h 0 min"),
        (5400, "about 1 h 30 min"),
        (400_000, "about 111 h 7 min"),
    ],
)
def test_durations_are_told_no_finer_than_they_are_known(seconds: float, words: str) -> None:
    assert progress.duration(seconds) == words


HEAD = "s\th:m:s\tmax_rss\tcpu_time\n"


def test_seconds_are_from_the_benchmark_and_memory_is_from_the_log(tmp_path: Path) -> None:
    benchmark, log = tmp_path / "b.tsv", tmp_path / "b.log"
    benchmark.write_text(HEAD + "2.50\t0:00:02\t100.00\t1.0\n")
    assert progress.took(Trace(Task("parse"), benchmark, log)) == Took(2.5, 105)
    log.write_text("a library's words\nparse: done, 29 entries in 2.1 s; at most 1,234 MB\n")
    assert progress.took(Trace(Task("parse"), benchmark, log)) == Took(2.5, 1234)


@pytest.mark.parametrize("text", ["", HEAD, HEAD + "NA\t-\tNA\tnan\n", "\0"])
def test_what_a_benchmark_does_not_say_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.tsv").write_text(text)
    trace = Trace(Task("gate"), tmp_path / "b.tsv", tmp_path / "no.log")
    assert progress.took(trace) == Took(None, None)
    assert progress.took(Trace(Task("gate"))) == Took(None, None)


def ended(stage: str, **more: Any) -> dict[str, Any]:
    return {"stage": stage, "seconds": 2.0, "peak_mb": 100, "entries": 50, "ended": 110.0, **more}


def test_the_table_adds_up_the_jobs_of_a_stage() -> None:
    record = Record(
        100.0,
        ["parse", "block", "dedupe", "gate"],
        [
            ended("parse", part="0", entries=4_000),
            ended("parse", part="1", entries=2_000, peak_mb=300, seconds=1.0),
            ended("block", part="0", entries=6_000),
            ended("block", part="1", entries=6_000, ended=140.0),
            ended("gate", seconds=None, peak_mb=None, entries=None),
        ],
    )
    assert progress.table(record).splitlines() == [
        "stage        jobs    seconds   peak MB   entries/s",
        "parse           2        3.0       300       2,000",
        "block           2        4.0       100       1,500",
        "dedupe      not run",
        "gate            1          -         -           -",
        "the run         5       40.0       300         150",
    ]


def test_a_table_of_nothing_is_told_too() -> None:
    assert progress.table(Record(100.0, ["parse"], [])).splitlines()[1:] == [
        "parse       not run",
        "the run     not run",
    ]


@pytest.fixture
def plan(tmp_path: Path) -> Any:
    """What a follower needs of a plan of two batches, of which the first one is read."""

    def place(stage: str, batch: str) -> str:
        return f"{stage}/{batch}" + (".parquet" if stage == "normalize" else "")

    parsed = tmp_path / "work/parse/0"
    parsed.mkdir(parents=True)
    pl.DataFrame({"title": ["a"] * 10}).write_parquet(parsed / "entries.parquet")
    return SimpleNamespace(
        results=tmp_path,
        batches={"0": [SimpleNamespace(unpacked_mb=1.0)], "1": [SimpleNamespace(unpacked_mb=3.0)]},
        spread={"block": 1, "check": 1},
        stages=["parse", "normalize", "dedupe"],
        place=place,
    )


def event(name: str, **facts: Any) -> logging.LogRecord:
    record = logging.makeLogRecord({"msg": "of snakemake", **facts})
    record.event = SimpleNamespace(name=name)
    return record


def test_a_follower_tells_and_records_what_the_finished_jobs_left(plan: Any) -> None:
    told: list[str] = []
    benchmark = plan.results / "1.tsv"
    traces = {7: Trace(Task("parse", "1"), benchmark), 8: Trace(Task("normalize", "1"))}
    follower = Follower(plan, traces, 2, told.append)
    assert told.pop().startswith("1 of 2 batches to be read, about 40 entries, about ")
    follower.handle(event("JOB_STARTED", jobs=[7]))
    follower.handle(event("PROGRESS", done=0, total=3))
    follower.handle(logging.makeLogRecord({"msg": "words"}))
    assert told == []
    (plan.results / "work/parse/1").mkdir()
    pl.DataFrame({"title": ["a"] * 20}).write_parquet(plan.results / "work/parse/1/entries.parquet")
    benchmark.write_text(HEAD + "2.50\t0:00:02\t100.00\t1.0\n")
    follower.handle(event("JOB_FINISHED", job_id=7))
    assert [line.rsplit(", ", 1)[0] for line in told] == [
        "parse: 2 of 2 batches, 30 entries, 100 % of bytes"
    ]
    follower.handle(event("JOB_FINISHED", job_id=99))  # none of a stage
    record = progress.read(plan.results)
    [one] = record.jobs
    assert (one["stage"], one["part"], one["entries"], one["seconds"]) == ("parse", "1", 20, 2.5)
    assert one["ended"] >= record.began
    assert record.stages == plan.stages


def test_jobs_whose_end_was_not_logged_are_recorded_at_the_end(plan: Any) -> None:
    traces = {n: Trace(Task(stage, "0")) for n, stage in enumerate(("parse", "normalize"))}
    traces[2] = Trace(Task("dedupe"))
    follower = Follower(plan, traces, 1, lambda _: None)
    follower.handle(event("JOB_FINISHED", job_id=0))
    follower.settle({2})
    assert [one["stage"] for one in progress.read(plan.results).jobs] == ["parse", "normalize"]


def test_a_run_begins_its_record_anew(plan: Any) -> None:
    traces = {7: Trace(Task("normalize", "0"))}
    first = Follower(plan, traces, 1, lambda _: None)
    first.handle(event("JOB_FINISHED", job_id=7))
    assert len(progress.read(plan.results).jobs) == 1
    Follower(plan, traces, 1, lambda _: None)
    assert progress.read(plan.results).jobs == []


def test_a_follower_that_fails_does_not_stop_the_run(
    plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    traces = {7: Trace(Task("parse", "1")), 8: Trace(Task("normalize", "1"))}
    follower = Follower(plan, traces, 1, lambda _: None)
    record, aside = plan.results / progress.RECORD, plan.results / "aside"
    record.rename(aside)
    record.mkdir()
    follower.handle(event("JOB_FINISHED", job_id=7))
    record.rmdir()
    aside.rename(record)
    follower.handle(event("JOB_FINISHED", job_id=8))
    assert [one["stage"] for one in progress.read(plan.results).jobs] == ["normalize"]


def test_a_line_of_a_record_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / progress.RECORD
    file.parent.mkdir()
    lines = [{"began": 100, "stages": ["parse"]}, ended("parse"), ended("parse")]
    file.write_text("\n".join(map(json.dumps, lines))[:-5])
    assert len(progress.read(tmp_path).jobs) == 1
    file.write_text("")
    with pytest.raises(PaperdumpError, match="cannot be read"):
        progress.read(tmp_path)


def test_the_table_is_there_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmarks", str(tmp_path)]) == 2
    assert "has no record of a run" in capsys.readouterr().err
    file = tmp_path / progress.RECORD
    file.parent.mkdir()
    file.write_text(
        "\n".join(map(json.dumps, [{"began": 100, "stages": ["parse"]}, ended("parse")]))
    )
    assert main(["benchmarks", str(tmp_path)]) == 0
    assert capsys.readouterr().out == progress.table(progress.read(tmp_path)) + "\n"
    assert main(["benchmarks", str(tmp_path), "--json"]) == 0
    parse, run = json.loads(capsys.readouterr().out)
    assert (parse["stage"], parse["jobs"], parse["entries_per_second"]) == ("parse", 1, 25.0)
    assert (run["stage"], run["seconds"]) == (None, 10.0)
