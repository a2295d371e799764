from __future__ import annotations

import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from paperdump import __version__, dictionary, inspection, screen
from paperdump.cli import main
from paperdump.parse import Reading
from paperdump.readers import names
from paperdump.readers.base import Entry
from paperdump.readers.containers import kind_of
from paperdump.readers.source import Head
from tests.pages import Listed, bare, page

GOOD = page(
    Listed("Tidal Turns", date="May 2, 2024 7"), Listed("Ebb", byline="kelp-labs Kelp Labs")
)
DAMAGED = page(Listed("Tidal Turns"), bare("Cut of", None))
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a working directory of its own, and colours are as by default."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def write(name: str, content: str | bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def record(title: str, **more: Any) -> dict[str, Any]:
    """A record of the site's API."""
    paper = {"id": "2405.00001", "title": title, "publishedAt": "2024-05-02T00:00:00.000Z"}
    return {"paper": {**paper, "upvotes": 3, "authors": [{"name": "A. Tide"}], **more}}


def records(*titles: str) -> str:
    return json.dumps([record(title) for title in titles])


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What `paperdump inspect` writes to its output."""
    assert main(["inspect", *arguments]) == code
    return capsys.readouterr().out


def document(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    return json.loads(shown(capsys, *arguments, "--json", code=code))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What it says of wrong use; nothing of it is output."""
    assert main([*arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def started(*arguments: str, **more: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "paperdump.cli", *arguments], **more)


def on_terminal(code: str, columns: int, environment: dict[str, str] | None = None) -> str:
    """What Python code shows on a terminal of so many columns, of output and errors."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), **(environment or {})},
    )
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:  # as a terminal ends on Linux
        pass
    os.close(ours)
    process.wait(timeout=60)
    return b"".join(pieces).decode()


def call(*arguments: str) -> str:
    """Code that runs the command."""
    return f"from paperdump.cli import main; main({list(arguments)!r})"


def test_a_good_page_is_shown_with_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, write("in/good.txt", GOOD))
    assert text.startswith("good.txt\n")
    for said in (
        "hf-text: line ",
        "bytes, not compressed, SHA-256 ",
        "utf-8",
        "listing day  Jun 10",
        "2 entries, 0 rejects",
    ):
        assert said in text


def test_an_entry_is_a_line_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, write("good.txt", GOOD))
    assert re.search(r"^ +# +lines +title +date +authors +comments$", text, re.MULTILINE)
    assert re.search(r"^ +1 +\d+-\d+ +Tidal Turns +May 2, 2024 +3 +7$", text, re.MULTILINE)
    assert re.search(r"^ +2 +\d+-\d+ +Ebb +May 2, 2024 +kelp-labs Kelp L", text, re.MULTILINE)


def test_a_record_is_placed_by_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, write("api.json", records("Ebb", "Flow")))
    assert re.search(r"^ +# +record +title +date +authors +upvotes$", text, re.MULTILINE)
    assert re.search(r"^ +2 +2 +Flow +2024-05-02T00:00… +1 +3$", text, re.MULTILINE)


def test_the_share_of_entries_with_a_field_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, write("good.txt", page(Listed("Ebb"), Listed("Flow", abstract=None))))
    assert "title 100%, abstract 50%" in text
    assert re.search(r"none:[^;]*n_comments", text)


def test_a_damaged_page_ends_with_1_and_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys, write("cut.txt", DAMAGED), code=1)
    assert "1 entry, 1 reject" in text
    assert re.search(r"rejected: truncated_entry, line \d+\n", text)
    assert "> Cut of" in text


def test_a_file_that_is_no_dump_says_what_it_looks_like(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys, write("error.txt", "Dear all, no papers today."), code=1)
    assert "rejected: unknown_format" in text
    assert re.search(r"format +none$", text, re.MULTILINE)


def test_each_member_of_an_archive_is_shown_then_the_archive(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with zipfile.ZipFile("pages.zip", "w") as archive:
        archive.writestr("a/good.txt", GOOD)
        archive.writestr("cut.txt", DAMAGED)
    text = shown(capsys, "pages.zip", code=1)
    heads = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert heads == [
        "pages.zip!/a/good.txt",
        "pages.zip!/cut.txt",
        "pages.zip",
        "3 dumps: 3 entries, 1 reject.",
    ]
    assert re.search(r"format +zip$", text, re.MULTILINE)


def test_a_folder_is_searched_as_the_workflow_does(capsys: pytest.CaptureFixture[str]) -> None:
    write("in/b/two.txt", GOOD)
    write("in/one.txt", GOOD)
    write("in/.hidden.txt", GOOD)
    text = shown(capsys, "in")
    assert [line for line in text.splitlines() if line.endswith(".txt")] == [
        "b/two.txt",
        "one.txt",
    ]
    assert "1 hidden name passed over" in text


def test_files_of_one_name_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    write("may/page.txt", GOOD)
    write("june/page.txt", DAMAGED)
    text = shown(capsys, "may/page.txt", "june", code=1)
    files = re.findall(r"file +(\S+)$", text, re.MULTILINE)
    assert sorted(files) == ["june/page.txt", "may/page.txt"]


@pytest.mark.parametrize(("given", "n"), [("0", 0), ("2", 2), ("all", 30), (None, 20)])
def test_as_many_entries_are_listed_as_asked_for(
    capsys: pytest.CaptureFixture[str], given: str | None, n: int
) -> None:
    name = write("api.json", records(*(f"Tide {i}" for i in range(30))))
    text = shown(capsys, name, *(["--entries", given] if given else []))
    assert len(re.findall(r"Tide \d+", text)) == n
    assert ("more entries (--entries all" in text) == (n in (2, 20))


def test_a_format_that_is_stated_is_asked_instead_of_the_sniff(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = write("plain.json", json.dumps([{"title": "Ebb"}]))
    assert document(capsys, name, code=1)[0]["format"] is None
    [dump] = document(capsys, name, "--format", "hf-json")
    assert (dump["format"], dump["format_reason"]) == ("hf-json", "--format states it")
    assert [entry["title"] for entry in dump["entries"]] == ["Ebb"]


def test_a_format_that_is_stated_counts_for_members_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with zipfile.ZipFile("pages.zip", "w") as archive:
        archive.writestr("plain.json", json.dumps([{"title": "Ebb"}]))
    member, container = document(capsys, "pages.zip", "--format", "hf-json")
    assert member["format"] == "hf-json"
    assert container["format"] == "zip"


def test_the_sheet_of_dumps_is_heeded(capsys: pytest.CaptureFixture[str]) -> None:
    write("dumps.tsv", "path\tsnapshot_on\tsource\tskip\n*\t2024-06-10\tmine\t\nold*\t\t\tyes\n")
    text = shown(capsys, write("good.txt", GOOD), "--sheet", "dumps.tsv")
    assert "2024-06-10, as the sheet of dumps says" in text
    assert "mine" in text
    assert "rejected: skipped" in shown(
        capsys, write("old.txt", GOOD), "--sheet", "dumps.tsv", code=1
    )


def test_the_readers_of_a_config_are_told_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    write("config.yaml", "readers: {limits: {max_page_mb: 0.0001}}")
    text = shown(capsys, write("good.txt", GOOD), "--config", "config.yaml", code=1)
    assert "rejected: over_limit" in text


def test_json_has_all_that_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    [dump] = document(capsys, write("in/cut.txt", DAMAGED), "--entries", "0", code=1)
    assert (dump["path"], dump["file"]) == ("cut.txt", "in/cut.txt")
    assert set(dictionary.table("dumps").column_names) & {"bytes", "sha256", "notes"} <= set(dump)
    [entry] = dump["entries"]
    assert entry.keys() == {"position", *Entry.__struct_fields__}
    [reject] = dump["rejects"]
    assert (reject["reason"], reject["excerpt"]) == ("truncated_entry", "Cut of")
    assert (dump["n_entries"], dump["n_rejects"]) == (1, 1)
    assert dump["completeness"]["title"] == 1


def test_no_path_is_told_beyond_what_was_given(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("in/a/good.txt", GOOD)
    write("in/b/cut.txt", DAMAGED)
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    text = shown(capsys, "../in/*/*.txt", "--json", code=1)
    assert str(tmp_path) not in text
    files = [dump["file"] for dump in json.loads(text)]
    assert files == ["../in/a/good.txt", "../in/b/cut.txt"]


def test_json_is_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    write("in/good.txt", GOOD)
    write("in/cut.txt", DAMAGED)
    write("in/empty.txt", "")
    first = shown(capsys, "in", "--json", code=1)
    assert [dump["path"] for dump in json.loads(first)] == ["cut.txt", "empty.txt", "good.txt"]
    assert shown(capsys, "in", "--json", code=1) == first


def test_json_keeps_letters_and_mends_half_ones(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, write("api.json", records("Größe 潮 \ud800")), "--json")
    assert "Größe 潮 \ufffd" in text


def test_json_is_harmless_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    title = "a\x1b[31mb\x9b31mc\u202ed\x7f"
    text = shown(capsys, write("api.json", records(title)), "--json")
    assert not re.search("[\x1b\x7f-\x9f\u202e]", text)
    assert json.loads(text)[0]["entries"][0]["title"] == title


def test_the_entries_are_written_while_they_are_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def items(_: Reading) -> Any:
        yield Entry(title="Ebb")
        assert "Ebb" in capsys.readouterr().out
        yield Entry(title="Flow")

    monkeypatch.setattr(Reading, "items", items)
    shown(capsys, write("good.txt", GOOD), "--json")


def test_an_escape_sequence_in_a_title_is_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys, write("api.json", records("a\x1b[31mb\x07\u202ec")))
    assert r"a\x1b[31mb\x07\u202ec" in text
    assert not re.search("[\x1b\x07\u202e]", text)


def test_an_escape_sequence_in_an_excerpt_is_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys, write("a.txt", f"Dear all,\x1b]0;x\x07{' no papers' * 9}"), code=1)
    assert r"> Dear all,\x1b]0;x\x07 no papers" in text
    assert "\x1b" not in text


def test_an_escape_sequence_in_a_file_name_is_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "a\\x1b[31m.txt\n" in shown(capsys, write("a\x1b[31m.txt", GOOD))
    assert r"\x1b[31m" in refused(capsys, "inspect", "b\x1b[31m.txt")


def test_a_traceback_that_quotes_a_dump_is_harmless(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(_: Reading) -> Any:
        raise ZeroDivisionError("\x1b[31m")

    monkeypatch.setattr(Reading, "_read", failing)
    assert main(["inspect", write("good.txt", GOOD)]) == 1
    captured = capsys.readouterr()
    assert r"ZeroDivisionError: \x1b[31m" in captured.err
    assert "\x1b" not in captured.err + captured.out


def test_markup_in_a_title_is_not_interpreted(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, write("api.json", records("[bold]Ebb[/bold] :smile: [/]")))
    assert "[bold]Ebb[/bold] :smile: [/]" in text


def test_a_title_of_several_lines_is_shown_on_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert " Ebb and flow " in shown(capsys, write("api.json", records("Ebb\n  and\tflow")))


def test_a_long_title_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, write("api.json", records("tide " * 10_000)))
    assert "tide…" in text or "tide …" in text
    assert max(map(len, text.splitlines())) <= 100


def test_joined_letters_stay_joined() -> None:
    assert screen.visible("می\u200cخواهم") == "می\u200cخواهم"


def test_what_is_no_terminal_gets_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in shown(capsys, write("good.txt", GOOD))


def test_colours_that_are_forced_do_not_get_into_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in shown(capsys, write("good.txt", GOOD))


def test_a_narrow_terminal_gets_short_lines_in_colour() -> None:
    write("api.json", records("潮汐 " * 50, "Ebb"))
    text = on_terminal(call("inspect", "api.json"), 60)
    assert "\x1b[" in text
    lines = ANSI.sub("", text).splitlines()
    assert max(map(len, lines)) <= 60
    assert any(line.split()[:3] == ["2", "2", "Ebb"] for line in lines)


def test_no_color_is_heeded() -> None:
    write("good.txt", GOOD)
    assert "\x1b" not in on_terminal(call("inspect", "good.txt"), 80, {"NO_COLOR": "1"})


def test_output_that_cannot_have_all_letters_gets_escapes() -> None:
    write("api.json", records("Größe"))
    process = started(
        "inspect",
        "api.json",
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert rb"Gr\xf6\xdfe" in process.communicate(timeout=60)[0]
    assert process.returncode == 0


def test_a_long_read_shows_progress_on_a_terminal() -> None:
    write("good.txt", GOOD)
    write("good.txt.gz", gzip.compress(GOOD.encode()))
    impatient = "from paperdump import inspection; inspection._PATIENCE = 0; "
    text = on_terminal(impatient + call("inspect", "good.txt", "good.txt.gz"), 100)
    assert "of 0.0 MB" in text
    assert "MB unpacked" in text
    json_on_terminal = on_terminal(impatient + call("inspect", "good.txt", "--json"), 100)
    assert json.loads(json_on_terminal)


def test_progress_is_silent_where_errors_go_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inspection, "_PATIENCE", 0)
    assert main(["inspect", write("good.txt", GOOD)]) == 0
    assert capsys.readouterr().err == ""


def test_a_broken_pipe_ends_silently() -> None:
    write("api.json", records(*("tide " * 20 for _ in range(3_000))))
    with started(
        "inspect", "api.json", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"[\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_ctrl_c_ends_with_130_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert threading.current_thread() is threading.main_thread()

    def interrupted(_: Reading) -> Any:
        signal.raise_signal(signal.SIGINT)
        yield

    monkeypatch.setattr(Reading, "items", interrupted)
    assert main(["inspect", write("good.txt", GOOD)]) == 130
    assert capsys.readouterr().err == ""


def test_a_file_that_does_not_exist_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "inspect", "nowhere.txt")
    assert said.startswith("paperdump inspect: 'nowhere.txt' matches nothing: there is no file")


def test_the_exit_code_of_the_process_is_that_of_the_command() -> None:
    process = started("inspect", "nowhere.txt", stderr=subprocess.PIPE)
    assert b"nowhere.txt" in process.communicate(timeout=60)[1]
    assert process.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "COMMAND"),
        (("inspect",), "FILE"),
        (("inspect", ""), "an empty name"),
        (("inspect", "good.txt", "--entries", "-1"), "neither a whole number nor `all`"),
        (("inspect", "good.txt", "--format", "hf-txt"), "Did you mean 'hf-text'?"),
        (("inspect", "good.txt", "--sheet", "none.tsv"), "none.tsv cannot be read"),
        (("inspect", "good.txt", "--config", "none.yaml"), "none.yaml cannot be read"),
        (("inspect", "good.txt", "--config", "broken.yaml"), "broken.yaml cannot be read"),
        (("inspect", "good.txt", "--config", "good.txt"), "is not a mapping of settings"),
        (("inspect", "good.txt", "--config", "unknown.yaml"), "did you mean 'readers'?"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    write("good.txt", "a text")
    write("broken.yaml", "readers: {")
    write("unknown.yaml", "reader: {}")
    assert said in refused(capsys, *arguments)


def test_the_formats_are_listed_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats"]) == 0
    text = capsys.readouterr().out
    places = [re.search(rf"^  {name} ", text, re.MULTILINE) for name in names()]
    assert all(places)
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts)
    assert "brings title, abstract" in text
    assert "gzip, bzip2, xz, zstd" in text


def test_the_formats_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert [known_format["name"] for known_format in known["formats"]] == names()
    assert {"name", "recognised_by", "brings"} == known["formats"][0].keys()


def test_the_containers_that_are_listed_are_those_that_are_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("a", "a")
    tar = bytearray(512)
    tar[257:262] = b"ustar"
    heads = [Head(tmp_path.joinpath("a.zip").read_bytes(), True), Head(bytes(tar), True)]
    assert [kind_of(head) for head in heads] == list(inspection.CONTAINERS)


def test_the_version_is_told_without_importing_what_reads() -> None:
    code = (
        "import sys; from paperdump.cli import main; code = main(['--version']); "
        "assert not {'rich', 'pyarrow', 'yaml'} & sys.modules.keys(); sys.exit(code)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == f"paperdump {__version__}\n"
