from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paperdump import plan, provenance
from tests.conftest import ROOT

DIGESTS = """
import json, pathlib, sys
from paperdump import plan
made = plan.make_plan({}, {}, pathlib.Path(sys.argv[1]))
batch = next(iter(made.batches))
of_batch = ("parse", "normalize")
print(json.dumps({s: made.fingerprint(s, batch if s in of_batch else None) for s in plan.STAGES}))
"""


def fingerprints(project: Path) -> dict[str, str]:
    """The fingerprints of all stages, as a project's own library computes them."""
    output = subprocess.run(
        [sys.executable, "-c", DIGESTS, str(project)],
        env={"PYTHONPATH": str(project / "workflow" / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, str] = json.loads(output)
    return found


@pytest.fixture(scope="module")
def original() -> dict[str, str]:
    return fingerprints(ROOT)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("config", "scripts", "workflow", "tests/data"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    return tmp_path


def test_a_module_uses_what_it_imports_and_what_that_imports() -> None:
    used = provenance.modules_used("paperdump.parse")
    assert {"paperdump", "paperdump.parse", "paperdump.readers.hf_text", "paperdump.arrow"} <= set(
        used
    )
    assert not {m for m in used if m.startswith(("paperdump.dedupe", "paperdump.normalize"))}


def test_the_stages_up_to_summaries_do_not_use_the_summaries() -> None:
    for stage in ("parse", "normalize", "dedupe", "validate", "gate"):
        assert "paperdump.summarize" not in provenance.modules_used(f"paperdump.{stage}")


def test_every_stage_has_its_module_and_script() -> None:
    for stage in plan.STAGES:
        assert f"paperdump.{stage}" in provenance.modules_used(f"paperdump.{stage}")
        assert (ROOT / "scripts" / f"{stage}.py").is_file()


def test_a_module_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="no module"):
        provenance.modules_used("paperdump.nothing")


ALL = set(plan.STAGES)


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("workflow/src/paperdump/summarize.py", "# nothing", "", {"summarize", "release"}),
        ("workflow/src/paperdump/readers/hf_text.py", "# nothing", "", ALL),
        ("workflow/src/paperdump/normalize/links.py", "# nothing", "", ALL - {"parse"}),
        (
            "workflow/src/paperdump/dedupe/years.py",
            "# nothing",
            "",
            ALL - {"parse", "normalize"},
        ),
        (
            "workflow/src/paperdump/data_docs.py",
            "# nothing",
            "",
            {"quarantine", "check", "validate", "gate", "release"},
        ),
        ("scripts/validate.py", "# nothing", "", {"validate", "gate", "release"}),
        (
            "workflow/schemas/dictionary.yaml",
            "What is counted, in words.",
            "What is counted.",
            {"summarize", "release"},
        ),
        (
            "workflow/schemas/config.schema.yaml",
            "n_authors: {warning: 0.5}",
            "n_authors: {warning: 0.4}",
            {"quarantine", "check", "validate", "gate", "release"},
        ),
        ("tests/data/examples/no-metadata.txt", "Quiet Gradients", "Quiet Gradient", ALL),
    ],
)
def test_an_edit_changes_its_stage_and_those_after_it(
    project: Path,
    original: dict[str, str],
    file: str,
    old: str,
    new: str,
    changed: set[str],
) -> None:
    text = (project / file).read_text("utf-8")
    edited = text.replace(old, new) if old != "# nothing" else text + "\n\n# an edit\n"
    assert edited != text
    (project / file).write_text(edited, "utf-8")
    if file.startswith("tests/data"):
        # whichever batch it is in, what is global follows
        changed = changed - {"parse", "normalize"}
        original = {s: d for s, d in original.items() if s in changed}
    after = {s: d for s, d in fingerprints(project).items() if s in original}
    assert {stage for stage in original if original[stage] != after[stage]} == changed


def test_a_copy_of_the_project_has_the_same_fingerprints(
    project: Path, original: dict[str, str]
) -> None:
    assert fingerprints(project) == original
