from __future__ import annotations

import os
import socket
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperdump import remembered
from paperdump.errors import PaperdumpError
from paperdump.inventory import Dump, batches, dump_from, find_dumps
from paperdump.remembered import Memory


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def paths(specs: list[str], base: Path, exclude: Path | None = None) -> list[str]:
    return [dump.path for dump in find_dumps(specs, base, exclude).dumps]


def test_a_folder_is_searched_recursively(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "b/c.txt", "b/d/e.md")
    assert paths(["."], tmp_path) == ["a.txt", "b/c.txt", "b/d/e.md"]


def test_a_file_is_relative_to_its_folder(tmp_path: Path) -> None:
    write(tmp_path, "b/c.txt")
    assert paths(["b/c.txt"], tmp_path) == ["c.txt"]


def test_a_pattern_is_relative_to_its_part_without_wildcards(tmp_path: Path) -> None:
    write(tmp_path, "in/a/x.txt", "in/b/x.txt", "in/b/y.md")
    assert paths(["in/*/x.txt"], tmp_path) == ["a/x.txt", "b/x.txt"]
    assert paths(["in/**/*.txt"], tmp_path) == ["a/x.txt", "b/x.txt"]


def test_a_pattern_that_matches_folders_searches_them(tmp_path: Path) -> None:
    write(tmp_path, "in/a1/x.txt", "in/a2/deep/y.txt", "in/b/z.txt")
    assert paths(["in/a*"], tmp_path) == ["a1/x.txt", "a2/deep/y.txt"]


def test_a_name_with_wildcard_characters_is_itself_first(tmp_path: Path) -> None:
    write(tmp_path, "a[1].txt", "a1.txt")
    assert paths(["a[1].txt"], tmp_path) == ["a[1].txt"]


def test_a_file_that_several_specs_name_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt", "in/b.txt")
    assert paths(["in", "in/a.txt", "in/*.txt"], tmp_path) == ["a.txt", "b.txt"]


def test_the_order_of_specs_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "one/a.txt", "two/a.txt", "two/b.txt")
    there, back = find_dumps(["one", "two"], tmp_path), find_dumps(["two", "one"], tmp_path)
    assert there.dumps == back.dumps


@pytest.mark.parametrize("spec", ["nothing", "no/*.txt", "empty"])
def test_a_spec_that_matches_nothing_is_an_error(tmp_path: Path, spec: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PaperdumpError, match="matches nothing"):
        find_dumps([spec], tmp_path)


def test_a_pattern_may_end_in_folders_at_any_depth(tmp_path: Path) -> None:
    write(tmp_path, "in/x/arch/a.txt", "in/arch/b.txt", "in/c.txt")
    assert paths(["in/**/arch"], tmp_path) == ["arch/b.txt", "x/arch/a.txt"]
    assert paths(["in/**/"], tmp_path) == ["arch/b.txt", "x/arch/a.txt"]


def test_the_base_may_hold_wildcard_characters(tmp_path: Path) -> None:
    write(tmp_path / "w[1]", "in/a.txt")
    assert paths(["in/*.txt"], tmp_path / "w[1]") == ["a.txt"]


def test_a_folder_found_twice_counts_from_the_outer_one(tmp_path: Path) -> None:
    write(tmp_path, "p/a.txt", "p/arch/b.txt")
    for specs in (["p", "p/arch"], ["p/arch", "p"]):
        assert paths(specs, tmp_path) == ["a.txt", "arch/b.txt"]


def test_a_step_up_in_a_pattern_shows_no_hidden_names(tmp_path: Path) -> None:
    write(tmp_path, "p/a.txt", "p/.git/config", "here/x")
    assert paths(["../p/**"], tmp_path / "here") == ["a.txt"]
    assert paths(["../p/.git/*"], tmp_path / "here") == ["config"]


def test_a_pattern_does_not_find_the_results(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "results/b.txt")
    assert paths(["**"], tmp_path, exclude=tmp_path / "results") == ["a.txt"]


def test_dumps_within_the_results_are_found_where_they_are_named(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt")
    assert paths(["in"], tmp_path, exclude=tmp_path) == ["a.txt"]


def test_what_a_run_wrote_is_no_dump_even_where_dumps_lie_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "in/b.txt", "releases/v/papers.csv", "work/x", "logs/y")
    (tmp_path / "latest").symlink_to("releases/v")
    for spec in (".", "**"):
        assert paths([spec], tmp_path, exclude=tmp_path) == ["a.txt", "in/b.txt"]


def test_hidden_names_are_passed_over_and_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", ".hidden", ".git/config")
    found = find_dumps(["."], tmp_path)
    assert ([dump.path for dump in found.dumps], found.hidden) == (["a.txt"], 2)


def test_a_hidden_file_is_read_where_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, ".hidden")
    assert paths([".hidden"], tmp_path) == [".hidden"]


def test_the_results_are_not_searched(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "results/latest/papers.csv")
    assert paths(["."], tmp_path, exclude=tmp_path / "results") == ["a.txt"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt", "elsewhere/b.txt")
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "there").symlink_to(tmp_path / "elsewhere")
    assert paths(["in"], tmp_path) == ["a.txt", "there/b.txt"]


def test_what_cannot_be_read_is_found_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "self").symlink_to("self")
    os.mkfifo(tmp_path / "pipe")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    listening.close()
    found = {dump.path: dump for dump in find_dumps(["."], tmp_path).dumps}
    assert {path: dump.problem for path, dump in found.items()} == {
        "broken": "unreadable",
        "self": "unreadable",
        "pipe": "not_a_file",
        "socket": "not_a_file",
    }
    assert "symbolic link" in (found["broken"].problem_message or "")
    assert "nowhere" not in (found["broken"].problem_message or "")
    assert "named pipe" in (found["pipe"].problem_message or "")


@pytest.mark.parametrize(
    "name", ["a b", "q'\"", "new\nline", "-dash", "$(touch x)", "ü北", "{a}", "*", "back\\slash"]
)
def test_names_of_all_kinds_are_found(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    assert paths(["."], tmp_path) == [name]


def test_a_name_that_is_not_utf_8_is_written_out(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.txt")).write_text("x")
    [dump] = find_dumps(["."], tmp_path).dumps
    assert dump.path == "a\\xff.txt"
    assert Path(dump.location).read_text() == "x"


def test_ids_depend_on_path_and_content_only(tmp_path: Path) -> None:
    write(tmp_path, "one/a.txt", "two/a.txt")
    (tmp_path / "two" / "a.txt").write_text((tmp_path / "one" / "a.txt").read_text())
    [here] = find_dumps(["one"], tmp_path).dumps
    [there] = find_dumps(["two"], tmp_path).dumps
    assert here.dump_id == there.dump_id
    (tmp_path / "two" / "a.txt").write_text("changed")
    [changed] = find_dumps(["two"], tmp_path).dumps
    assert changed.dump_id != here.dump_id


def test_equal_dumps_of_equal_path_have_ids_of_their_own(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("same")
    found = find_dumps(["one", "two"], tmp_path).dumps
    assert len({dump.dump_id for dump in found}) == 2


def searched(folder: Path, memory: Memory) -> list[str | None]:
    return [dump.sha256 for dump in find_dumps(["in"], folder, memory=memory).dumps]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what was just written count as written long ago."""
    monkeypatch.setattr(remembered, "_SETTLED", -(10**12))


@pytest.mark.usefixtures("settled")
def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt", "in/b.txt")
    memory, file = Memory(), tmp_path / "memory.json"
    [first, second] = searched(tmp_path, memory)
    memory.write(file)
    # whoever reads the file finds another one
    file.write_text(file.read_text().replace(first or "", "0" * 64))
    again = Memory.read(file)
    assert searched(tmp_path, again) == ["0" * 64, second]
    assert not again.is_news


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("keeps_time", [False, True])
def test_a_file_that_was_written_to_is_read_again(tmp_path: Path, keeps_time: bool) -> None:
    write(tmp_path, "in/a.txt", "in/b.txt")
    changed = tmp_path / "in" / "a.txt"
    memory, file = Memory(), tmp_path / "memory.json"
    [first, second] = searched(tmp_path, memory)
    memory.write(file)
    status = changed.stat()
    # of the same size
    changed.write_text("x" * status.st_size)
    if keeps_time:
        os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    [now, still] = searched(tmp_path, Memory.read(file))
    assert now != first
    assert still == second


def test_what_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt")
    memory = Memory()
    searched(tmp_path, memory)
    assert not memory.is_news


@pytest.mark.usefixtures("settled")
def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt", "in/b.txt")
    memory, file = Memory(), tmp_path / "memory.json"
    searched(tmp_path, memory)
    memory.write(file)
    (tmp_path / "in" / "b.txt").unlink()
    again = Memory.read(file)
    searched(tmp_path, again)
    assert again.is_news
    again.write(file)
    assert "b.txt" not in file.read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": 1}', '{"a": [1, 2]}'])
def test_a_damaged_memory_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path, "in/a.txt")
    (tmp_path / "memory.json").write_text(text)
    [found] = searched(tmp_path, Memory.read(tmp_path / "memory.json"))
    assert found == sha256((tmp_path / "in" / "a.txt").read_bytes()).hexdigest()


def test_a_dump_as_plain_data_is_the_same_dump(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt")
    [dump] = find_dumps(["in"], tmp_path).dumps
    assert dump_from(dump.as_data()) == dump


def some_dumps(names: list[str]) -> tuple[Dump, ...]:
    return tuple(Dump(f"d{name}", name, f"/{name}", 100, name) for name in names)


names = st.lists(st.text("abcdef", min_size=1, max_size=6), min_size=1, max_size=40, unique=True)


@given(names, st.integers(1, 8), st.integers(1, 10))
def test_every_dump_is_in_one_batch(paths: list[str], minimum: int, most: int) -> None:
    found = batches(some_dumps(paths), minimum, most, 10**9)
    assert sorted(d.path for members in found.values() for d in members) == sorted(paths)
    assert all(0 < len(members) <= most for members in found.values())


@given(names, st.text("ghij", min_size=1, max_size=6), st.integers(2, 10))
def test_a_new_dump_touches_the_batch_it_falls_into_only(
    paths: list[str], new: str, most: int
) -> None:
    before = batches(some_dumps(paths), 2, most, 10**9)
    after = batches(some_dumps([*paths, new]), 2, most, 10**9)
    touched = [name for name, members in before.items() if after.get(name) != members]
    assert len(touched) <= 1
    [home] = [name for name, members in after.items() if new in {d.path for d in members}]
    assert not touched or home.startswith(touched[0])


def test_a_batch_of_many_bytes_is_split() -> None:
    dumps = tuple(Dump(f"d{n}", f"{n}", f"/{n}", 60, f"{n}") for n in range(16))
    found = batches(dumps, 1, 1000, 100)
    assert all(len(members) == 1 for members in found.values())
