"""The command line ``paperdump``: looking into dumps and releases without running the workflow.

Only what parses the arguments is imported at the top, so that ``--help`` and ``--version`` answer
at once. To add a command, write a function that adds its parser and sets ``run``, and add it to
``_COMMANDS``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from paperdump import __version__
from paperdump.errors import PaperdumpError

if TYPE_CHECKING:
    from paperdump.parse import Settings
    from paperdump.releases import Releases

ALL_READ = 0
SOME_REJECTED = 1
SOME_DIFFERS = 1
WRONG_USE = 2
INTERRUPTED = 130  # as shells have it for a program that SIGINT ended
PIPE_BROKEN = 141  # the same for SIGPIPE

_SHOWN = 20
_SIGHTINGS_SHOWN = 12
_NAMED = "a version, the beginning of one or its last eight digits, `latest`, or a folder"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The arguments; None takes those of the process.

    Returns:
        The exit code: 0 all is well, 1 something was rejected or differs, 2 wrong use.
    """
    try:
        code = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return PIPE_BROKEN
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as end:  # argparse has said what there was to say
        return int(end.code or 0)
    _make_writable(errors="strict" if getattr(arguments, "json", False) else "backslashreplace")
    try:
        return int(arguments.run(arguments))
    except PaperdumpError as error:
        from paperdump.screen import visible_lines  # noqa: PLC0415

        what = visible_lines(str(error).removeprefix("dumps: "))
        print(f"paperdump {arguments.command}: {what}", file=sys.stderr)
        return WRONG_USE


def _make_writable(errors: str) -> None:
    """Let the output take every character: JSON is UTF-8, a text what the terminal can show."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding = "utf-8" if errors == "strict" else None
        sys.stdout.reconfigure(encoding=encoding, errors=errors)


def _discard_output() -> None:
    """Give what is still in the buffer nowhere to fail when the process ends."""
    with contextlib.suppress(OSError):  # it is no file, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="paperdump",
        description="Look into dumps of paper listings and into releases, and take care of these. "
        "The workflow itself is run by `snakemake`.",
    )
    parser.add_argument("--version", action="version", version=f"paperdump {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in _COMMANDS:
        add(commands)
    return parser


def _add_inspect(commands: Any) -> None:
    parser = commands.add_parser(
        "inspect",
        help="show what is read from dumps: facts, entries, rejects",
        description=(
            "Show what the readers make of dumps, as the workflow would, without running it."
        ),
        epilog=(
            "Exit codes: 0 all was read; 1 something was rejected; 2 wrong use, or a file does not "
            "exist."
        ),
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=_spec,
        help="a file, a folder (searched recursively, hidden names passed over), or a glob "
        "pattern; of an archive each member is shown",
    )
    parser.add_argument(
        "--entries",
        metavar="N",
        type=_how_many,
        default=_SHOWN,
        help="how many entries of each dump to list, or `all` (default: %(default)s); with --json "
        "all are written",
    )
    parser.add_argument(
        "--format",
        metavar="NAME",
        help="read the dumps in this format, whatever they look like (`paperdump formats` names "
        "them)",
    )
    parser.add_argument(
        "--sheet", metavar="FILE", help="a sheet of dumps, such as config/dumps.tsv (default: none)"
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a config.yaml whose section `readers` is used (default: the workflow's defaults)",
    )
    parser.add_argument(
        "--json", action="store_true", help="write one JSON document, with all that was read"
    )
    parser.set_defaults(run=_inspect)


def _add_explain(commands: Any) -> None:
    parser = commands.add_parser(
        "explain",
        help="show where the values of a paper came from",
        description=(
            "Show for one paper of a release where each value came from, its sightings side by "
            "side, where they disagree, what its dates rest on, why its entries are one paper, and "
            "what corrections did."
        ),
        epilog="Exit codes: 0 it was found; 2 wrong use, or not one paper was found.",
    )
    parser.add_argument(
        "paper",
        metavar="PAPER",
        nargs="+",
        help="a paper_id, also of an earlier release; an arXiv identifier, a DOI, an entry_id; or "
        "a title, or a part of one",
    )
    parser.add_argument(
        "--release",
        metavar="FOLDER",
        default="results/latest",
        help="the folder of the release, or a results folder, of which the latest is taken "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--sightings",
        metavar="N",
        type=_how_many,
        default=_SIGHTINGS_SHOWN,
        help="how many sightings to list, or `all` (default: %(default)s); with --json all are "
        "written",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document")
    parser.set_defaults(run=_explain)


def _add_formats(commands: Any) -> None:
    parser = commands.add_parser(
        "formats",
        help="list the formats that are read",
        description="List the formats, in the order in which they are asked whether a dump is "
        "theirs, then archives and compressions.",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document")
    parser.set_defaults(run=_formats)


def _add_diff(commands: Any) -> None:
    parser = commands.add_parser(
        "diff",
        help="show what differs between two releases",
        description=(
            "Show what differs between two releases: dumps, papers and their values with the "
            "reasons, summaries; and, apart from the data, schema, settings and code. The releases "
            "may have been made by different versions of the workflow."
        ),
        epilog="Exit codes: 0 they were compared; 2 wrong use, or there is no such release.",
    )
    parser.add_argument("old", metavar="OLD", help=f"the earlier release: {_NAMED}")
    parser.add_argument("new", metavar="NEW", help="the later one")
    _add_results(parser)
    parser.add_argument("--markdown", action="store_true", help="write it as CHANGES.md has it")
    parser.add_argument("--json", action="store_true", help="write all rows as one JSON document")
    parser.set_defaults(run=_diff)


def _add_verify(commands: Any) -> None:
    parser = commands.add_parser(
        "verify",
        help="check that a release is what was published",
        description=(
            "Look at every byte and every value of a release: files against SHA256SUMS, tables "
            "against the manifest, what went in against what came out, the version against the "
            "content; and name what differs. Of a release whose hashes are by another definition, "
            "tables are looked at by the sums of their files and their numbers of rows."
        ),
        epilog=(
            "Exit codes: 0 it is what was published; 1 something differs; 2 wrong use, or there is "
            "no such release."
        ),
    )
    parser.add_argument(
        "version",
        metavar="VERSION",
        nargs="?",
        default="latest",
        help=f"{_NAMED} (default: %(default)s)",
    )
    _add_results(parser)
    parser.add_argument("--json", action="store_true", help="write one JSON document")
    parser.set_defaults(run=_verify)


def _add_prune(commands: Any) -> None:
    parser = commands.add_parser(
        "prune",
        help="remove the oldest releases",
        description=(
            "Remove the oldest releases, never the one that `latest` points at, and say which. "
            "Paper ids that they alone knew are still led on by the next release."
        ),
        epilog="Exit codes: 0 done; 2 wrong use, or there is no release.",
    )
    parser.add_argument(
        "--keep",
        metavar="N",
        type=_at_least_one,
        required=True,
        help="how many releases stay; there is no default, so that none goes unasked",
    )
    _add_results(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="only say which ones would be removed"
    )
    parser.set_defaults(run=_prune)


def _add_benchmarks(commands: Any) -> None:
    parser = commands.add_parser(
        "benchmarks",
        help="show what the stages of the last run took",
        description=(
            "Show what the last run took that had something to do: for each stage how many jobs "
            "ran, their seconds, added up, the most memory that one of them held, and entries a "
            "second; `not run` where the run did not need it. At last the whole run, by the clock."
        ),
        epilog="Exit codes: 0 it is shown; 2 wrong use, or there is no record of a run.",
    )
    parser.add_argument(
        "results",
        metavar="RESULTS",
        nargs="?",
        default="results",
        help="the results folder (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document")
    parser.set_defaults(run=_benchmarks)


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--results",
        metavar="FOLDER",
        default="results",
        help="the results folder that holds the releases (default: %(default)s)",
    )


_COMMANDS = (
    _add_inspect, _add_explain, _add_formats, _add_diff, _add_verify, _add_prune, _add_benchmarks,
)  # fmt: skip


def _spec(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("an empty name; give a file, a folder or a pattern")
    return text


def _how_many(text: str) -> int | None:
    """A number of entries; None for all."""
    if text == "all":
        return None
    # isdecimal alone lets digits of other scripts pass, which int understands, too
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number nor `all`")
    return int(text)


def _at_least_one(text: str) -> int:
    """A number of releases."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _inspect(arguments: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from paperdump import inspection, screen  # noqa: PLC0415
    from paperdump.inventory import find_dumps  # noqa: PLC0415

    settings = _settings(arguments.config, arguments.sheet)
    _assert_format(arguments.format)
    found = find_dumps(arguments.files, Path(), rules=settings.rules)
    # where both go to one terminal, a JSON document that is written as it is read leaves no place
    show_progress = sys.stderr.isatty() and not (arguments.json and sys.stdout.isatty())
    with inspection.Ticker(sys.stderr if show_progress else None) as ticker:
        asked = inspection.Inspection(
            found.dumps, settings, arguments.files, arguments.format, ticker
        )
        if arguments.json:
            n_rejects = inspection.write_json(asked, sys.stdout)
        else:
            n_rejects = inspection.write_text(
                asked, sys.stdout, screen.Screen.of(sys.stdout), arguments.entries, found.hidden
            )
    return SOME_REJECTED if n_rejects else ALL_READ


def _settings(config: str | None, sheet: str | None) -> Settings:
    """What the readers are told: by a config and a sheet, or the defaults."""
    from pathlib import Path  # noqa: PLC0415

    from paperdump import config as settings  # noqa: PLC0415
    from paperdump.parse import Settings  # noqa: PLC0415
    from paperdump.readers import names  # noqa: PLC0415
    from paperdump.sheet import read_sheet  # noqa: PLC0415

    given = _config_file(Path(config).expanduser()) if config else {}
    rules = read_sheet(Path(sheet).expanduser(), names()) if sheet else ()
    return Settings.from_config(settings.resolve(given)["readers"], rules)


def _config_file(path: Any) -> dict[str, Any]:
    """The settings of a YAML file.

    Raises:
        PaperdumpError: It cannot be read, or is no mapping.
    """
    import yaml  # noqa: PLC0415

    try:
        given = yaml.safe_load(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise PaperdumpError(f"The config {path} cannot be read: {what}.") from None
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise PaperdumpError(
            f"The config {path} is not a mapping of settings; config/config.yaml shows one."
        )
    return given


def _assert_format(name: str | None) -> None:
    """Refuse a format that there is not.

    Raises:
        PaperdumpError: With the names that there are.
    """
    import difflib  # noqa: PLC0415

    from paperdump.readers import names  # noqa: PLC0415

    known = names()
    if name is not None and name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise PaperdumpError(f"there is no format {name!r}.{hint} There are: {', '.join(known)}.")


def _explain(arguments: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from paperdump import explanation, explanation_text, lookup  # noqa: PLC0415
    from paperdump.screen import Screen, as_json  # noqa: PLC0415

    release = lookup.Release.open(Path(arguments.release).expanduser())
    found = lookup.find_paper(release, " ".join(arguments.paper))
    if found.paper_id is None:
        if arguments.json:
            sys.stdout.write(as_json(explanation.as_document(found), indent=2) + "\n")
        else:
            sys.stderr.write(explanation_text.not_found_text(found, Screen.of(sys.stderr)))
        return WRONG_USE
    explained = explanation.explain(release, found)
    if arguments.json:
        sys.stdout.write(as_json(explanation.as_document(explained), indent=2) + "\n")
    else:
        screen = Screen.of(sys.stdout)
        sys.stdout.write(explanation_text.explanation_text(explained, screen, arguments.sightings))
    return ALL_READ


def _formats(arguments: argparse.Namespace) -> int:
    from paperdump import inspection, screen  # noqa: PLC0415

    known = inspection.known_formats()
    if arguments.json:
        sys.stdout.write(screen.as_json(known, indent=2) + "\n")
    else:
        sys.stdout.write(inspection.formats_text(known, screen.Screen.of(sys.stdout)))
    return ALL_READ


def _diff(arguments: argparse.Namespace) -> int:
    from paperdump import changes, changes_text, screen  # noqa: PLC0415

    releases = _releases(arguments)
    old, new = releases.find(arguments.old), releases.find(arguments.new)
    found = changes.between(old, new)
    if arguments.json:
        document = {"old": old.name, "new": new.name, "changes": found.to_dicts()}
        sys.stdout.write(screen.as_json(document, indent=2) + "\n")
    else:
        text = changes_text.text_of(found, old, new, is_markdown=arguments.markdown)
        sys.stdout.write(screen.visible_lines(text))
    return ALL_READ


def _verify(arguments: argparse.Namespace) -> int:
    from paperdump import screen, verification  # noqa: PLC0415

    found = verification.verify(_releases(arguments).find(arguments.version))
    if arguments.json:
        sys.stdout.write(screen.as_json(found.as_document(), indent=2) + "\n")
    else:
        sys.stdout.write(screen.visible_lines(found.text()))
    return SOME_DIFFERS if found.problems else ALL_READ


def _prune(arguments: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from paperdump import pruning, screen  # noqa: PLC0415

    results = Path(arguments.results).expanduser()
    removed = pruning.prune(results, arguments.keep, is_trial=arguments.dry_run)
    for version, freed in removed:
        said = "would be removed" if arguments.dry_run else "removed"
        print(f"{version}: {said}, {freed / 1e6:,.1f} MB of its own")
    kept = screen.counted(len(_releases(arguments).versions()), "release")
    if not removed:
        print(f"Nothing to remove: there is no more than {kept}.")
    elif not arguments.dry_run:
        print(f"{kept} kept.")
    return ALL_READ


def _benchmarks(arguments: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from paperdump import progress, screen  # noqa: PLC0415

    record = progress.read(Path(arguments.results).expanduser())
    if arguments.json:
        document = [row.as_data() for row in progress.rows(record)]
        sys.stdout.write(screen.as_json(document, indent=2) + "\n")
    else:
        sys.stdout.write(progress.table(record) + "\n")
    return ALL_READ


def _releases(arguments: argparse.Namespace) -> Releases:
    from pathlib import Path  # noqa: PLC0415

    from paperdump.releases import Releases  # noqa: PLC0415

    return Releases(Path(arguments.results).expanduser())


if __name__ == "__main__":
    sys.exit(main())
