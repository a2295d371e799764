"""What a run consists of: its dumps in batches, and what each stage's results depend on.

The Snakefile asks for the plan each time it is read, so nothing here writes, and nothing here
imports what only jobs need.

A stage's fingerprint covers its sections of the settings, the code it uses, the definitions of
the tables it writes, the versions of the packages it computes with, and the fingerprints of what
it reads. It stands in the path of the stage's results: equal fingerprint, equal results. So what
changed is what is missing, whatever the time stamps say and wherever Snakemake is started.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import yaml

from paperdump import (
    bucket,
    corrections,
    dictionary,
    expectations,
    inventory,
    locking,
    needs,
    provenance,
    report,
    sheet,
)
from paperdump import config as settings
from paperdump.corrections import Correction
from paperdump.inventory import Dump
from paperdump.memory import OF_BATCHES
from paperdump.remembered import Memory
from paperdump.sheet import Rule

_RELEASE_TABLES = dictionary.CONTENT
_SUMMARY_TABLES = tuple(f"summaries/{name}" for name in dictionary.summary_names())
_FAILURES = ("validation/failures",)
_TOLD_TABLES = (
    "changes", "redirects", *(f"{dictionary.HISTORY}{name}" for name in dictionary.summary_names()),
)  # fmt: skip
_FRAMES = ("polars", "pyarrow")
_CHECKING = (*_FRAMES, "great-expectations", "pandas")
_SIGNING = ("numpy",)
_COMPARING = ("numpy", "rapidfuzz")
_CLEANING = ("ftfy", "pylatexenc")
_READING = ("bibtexparser", "chardet", "lxml", "msgspec", "rispy")


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage's results depend on, beside what it reads.

    Its script is ``scripts/<name>.py``, its module ``paperdump.<name>``.

    Attributes:
        tables: The tables that it writes, as the data dictionary names them.
        packages: The packages that it computes with.
        sections: The sections of the settings that it reads.
    """

    tables: tuple[str, ...] = ()
    packages: tuple[str, ...] = _FRAMES
    sections: tuple[str, ...] = ()


STAGES = {
    "parse": Stage(
        ("work/entries", "rejects", "dumps"), ("pyarrow", *_READING), sections=("readers",)
    ),
    "normalize": Stage(
        ("work/normalized",), (*_FRAMES, *_SIGNING, *_CLEANING), sections=("normalize",)
    ),
    "block": Stage(("work/blocks",), (*_FRAMES, *_COMPARING), sections=("dedupe",)),
    "dedupe": Stage(_RELEASE_TABLES, (*_FRAMES, *_COMPARING), sections=("dates", "dedupe")),
    "quarantine": Stage((*_RELEASE_TABLES, *_FAILURES), _CHECKING, sections=("validate",)),
    "check": Stage((*_RELEASE_TABLES, *_FAILURES), _CHECKING, sections=("validate",)),
    "validate": Stage((*_RELEASE_TABLES, *_FAILURES), _CHECKING, sections=("validate",)),
    "gate": Stage(("corrections",), sections=("strict",)),
    "summarize": Stage((*_RELEASE_TABLES, *_SUMMARY_TABLES)),
    "release": Stage(
        (*_RELEASE_TABLES, *_SUMMARY_TABLES, *_TOLD_TABLES),
        sections=("dates", "dedupe", "normalize", "parse", "readers", "strict", "validate"),
    ),
}


_HELD: list[IO[str]] = []
# Bytes of dumps, to a shard of blocking: some three million entries, which dedupe blocks in the
# time that it takes a job to read them.
_SHARD_BYTES = 5_000_000_000
_MOST_SHARDS = 16
# Of dumps, to a share of validation: what a job more takes to start, three seconds, is then little.
_CHECK_BYTES = 3_000_000_000
_MOST_CHECKS = 5  # more than this are no faster than the largest table by itself
_SHARED_OUT = ("dedupe", "validate")  # sections that say over how many jobs a stage is spread
_MEMORY = Path("work", "remembered.json")  # of the results folder: what is known of dumps' files


@dataclass(frozen=True, eq=False)
class Plan:
    """A run's settings, dumps and batches.

    Attributes:
        config: The complete settings.
        results: The folder to write to.
        dumps: All dumps.
        hidden: How many hidden names the search passed over.
        batches: Batch name → its dumps.
        scripts: The folder of the scripts.
        rules: The lines of the sheet of dumps.
        corrections: What people correct.
        memory: What is remembered of the dumps' files.
        client: Gives the client of buckets.
    """

    config: settings.Config
    results: Path
    dumps: tuple[Dump, ...]
    hidden: int
    batches: dict[str, list[Dump]]
    scripts: Path
    rules: tuple[Rule, ...] = ()
    corrections: tuple[Correction, ...] = ()
    memory: Memory = field(default_factory=Memory)
    client: bucket.GetClient | None = None

    @functools.cached_property
    def published_config(self) -> settings.Config:
        """The settings as a release's manifest has them: what files hold, not their places.

        Nor into how many batches and over how many jobs the work was spread.
        """
        rules = [asdict(rule) for rule in self.rules]
        read = {"sheet": rules, "corrections": self.corrections_data}
        kept = {name: value for name, value in self.config.items() if name != "parse"}
        return {**kept, **read, **{name: self._settings(name) for name in _SHARED_OUT}}

    @functools.cached_property
    def corrections_data(self) -> list[dict[str, Any]]:
        """The corrections as plain data, with the lines that they stand on."""
        return corrections.as_data(self.corrections)

    @functools.cached_property
    def member_rules(self) -> list[dict[str, Any]]:
        """The lines of the sheet that may name members of archives, as plain data."""
        return [asdict(rule) for rule in self.rules if _may_name_member(rule.pattern)]

    @property
    def shards(self) -> int:
        """Over how many jobs the search for pairs to compare is spread; 1 is none but dedupe."""
        given = self.config["dedupe"]["shards"]
        if given is not None:
            return int(given)
        return min(_MOST_SHARDS, 1 + self._size // _SHARD_BYTES)

    @property
    def checks(self) -> int:
        """Over how many jobs what validation looks at is spread; 1 is none but validate."""
        given = self.config["validate"]["shards"]
        return min(_MOST_CHECKS, 1 + self._size // _CHECK_BYTES) if given is None else int(given)

    @property
    def _size(self) -> int:
        return sum(dump.size or 0 for dump in self.dumps)

    @property
    def needs_mb(self) -> dict[str, int]:
        """Stage → about how many megabytes of memory its largest job will need."""
        whole = sum(dump.unpacked_mb for dump in self.dumps)
        sizes = dict.fromkeys(OF_BATCHES, max(map(self.batch_mb, self.batches)))
        if self.checks > 1:
            sizes["validate"] = 0  # it reads what the shares found
        return {
            stage: needs.NEEDS[stage].of_dumps(sizes.get(stage, whole)) for stage in self.stages
        }

    def batch_mb(self, name: str) -> float:
        """The megabytes of a batch by which its jobs need memory."""
        return needs.of_batch(dump.unpacked_mb for dump in self.batches[name])

    @property
    def spread(self) -> dict[str, int]:
        """Stage that is not of batches, but of shards → how many there are; 1 is no such stage."""
        return {"block": self.shards, "check": self.checks}

    @property
    def stages(self) -> list[str]:
        """The stages that there are under these settings, in their order."""
        unused = {stage for stage, n in self.spread.items() if n == 1}
        if self.content_stage != "quarantine":
            unused.add("quarantine")
        return [stage for stage in STAGES if stage not in unused]

    @property
    def idle_rules(self) -> list[Rule]:
        """The lines of the sheet that match no dump; members of archives are not known yet."""
        if any(dump.packed for dump in self.dumps):
            return []
        return [rule for rule in self.rules if not any(rule.matches(d.path) for d in self.dumps)]

    @functools.cached_property
    def code_digest(self) -> str:
        """A digest of the code of all stages."""
        return provenance.digest_of(self.code_digests)

    @functools.cached_property
    def code_digests(self) -> dict[str, str]:
        """A digest of the code of each stage by its name."""
        return {name: self._code(name) for name in STAGES}

    @functools.cached_property
    def packages(self) -> dict[str, str]:
        """The versions of the packages that results depend on, by name."""
        names = {name for stage in STAGES.values() for name in stage.packages}
        return provenance.package_versions(names)

    @functools.cache  # noqa: B019 (a plan lives as long as its process)
    def _code(self, stage: str) -> str:
        return provenance.code_digest(
            [f"{provenance.PACKAGE}.{stage}", f"{provenance.PACKAGE}.job"],
            [self.scripts / f"{stage}.py"],
        )

    @functools.cache  # noqa: B019 (a plan lives as long as its process)
    def fingerprint(self, stage: str, batch: str | None = None) -> str:
        """A digest of all that a stage's results depend on.

        Args:
            stage: The stage's name.
            batch: For parse and normalize, the batch.
        """
        return self._digest(stage, self._reads(stage, batch))

    def _digest(self, stage: str, reads: list[Any]) -> str:
        facts = STAGES[stage]
        return provenance.digest_of(
            {
                "code": self._code(stage),
                "tables": provenance.table_digest(facts.tables),
                "packages": provenance.package_versions(facts.packages),
                "settings": {name: self._settings(name) for name in facts.sections},
                "reads": reads,
            }
        )

    @functools.cached_property
    def content_stage(self) -> str:
        """The stage whose tables are published: dedupe, or what takes failing papers out."""
        held = self.config["validate"]["on_failure"] == "quarantine"
        return "quarantine" if held else "dedupe"

    @functools.cached_property
    def comparison(self) -> dict[str, str | None]:
        """What validation compares with, and a digest of all else that it depends on.

        It compares with the release that ``latest`` points at. But where that is what this very
        validation let through, it stays with what it compared with then, as the marker of the
        release says: so a run with nothing to do has nothing to do, and nothing is compared with
        itself but where it comes by another way (other settings, other code), which changes
        nothing.

        The release before is known by its version, which is the hash of its content.
        """
        latest = report.latest_version(self.results)
        validated = self._digest("validate", [self.fingerprint(self.content_stage)])
        before = latest
        for marker in report.markers(self.results / "work" / "release"):
            published = latest in (None, marker.get("version"))  # None: lost, to be restored
            if published and marker.get("validated") == validated:
                before = marker.get("before")
        return {"before": before, "validated": validated}

    def _settings(self, section: str) -> Any:
        """A section of the settings, without those that results do not depend on."""
        settings = self.config[section]
        if section not in _SHARED_OUT:
            return settings
        return {name: value for name, value in settings.items() if name != "shards"}

    def place(self, stage: str, batch: str | None = None) -> str:
        """Where a stage's results are, below the folder ``work``: a folder, or a file's stem."""
        key = self.fingerprint(stage, batch)
        suffix = ".parquet" if stage == "normalize" else ""
        return f"{stage}/{f'{batch}-{key}' if batch else key}{suffix}"

    def places(self) -> list[str]:
        """All places of this plan below the folder ``work``; the others are of earlier ones."""
        of_batches = [
            self.place(s, batch) for s in ("parse", "normalize") for batch in self.batches
        ]
        return of_batches + [self.place(s) for s in STAGES if s not in ("parse", "normalize")]

    def marker(self) -> str:
        """The file, below ``work``, that says that this plan's release was published.

        One that is there, but whose release is not the one that ``latest`` points at, is of the
        past: the next free name then makes the release run again.
        """
        base = self.place("release")
        for number in itertools.count(1):
            name = f"{base}.json" if number == 1 else f"{base}-{number}.json"
            if report.is_published(self.results, self.results / "work" / name):
                return name
        raise AssertionError

    @property
    def upload(self) -> str | None:
        """The address that releases are uploaded to, if any."""
        address = self.config["upload"]
        return None if address in (None, "null") else str(address).rstrip("/")

    @functools.cached_property
    def uploaded(self) -> str | None:
        """The version that the pointer in the bucket names; None where there is no pointer.

        Raises:
            PaperdumpError: The bucket cannot be read.
        """
        return bucket.latest(self.upload, self.client()) if self.upload and self.client else None

    @functools.cached_property
    def upload_marker(self) -> str:
        """The file, below ``work``, that says that this plan's release was uploaded.

        As with ``marker``, one that is there, but whose release is not what the bucket's pointer
        names, is of the past.

        Raises:
            PaperdumpError: The bucket cannot be read.
            ValueError: Releases are not uploaded.
        """
        if self.upload is None:
            raise ValueError("no upload")
        key = provenance.digest_of({"to": self.upload, "release": self.fingerprint("release")})
        for number in itertools.count(1):
            name = f"upload/{key}-{number}.json"
            file = self.results / "work" / name
            if not file.is_file():
                return name
            if report.version_of(file) == self.uploaded:
                return name
        raise AssertionError

    def begin(self) -> None:
        """Take the results folder for this process, and write the complete settings there.

        Raises:
            PaperdumpError: Another run has taken it; or an expectation of the settings is none.
        """
        self.results.mkdir(parents=True, exist_ok=True)
        _HELD.append(locking.take(self.results))  # until the process ends, however it ends
        text = yaml.safe_dump(self.config, sort_keys=False, allow_unicode=True)
        (self.results / "run_config.yaml").write_text(text, "utf-8")
        if self.memory.is_news:
            self.memory.write(self.results / _MEMORY)
        # here, once, and not where the settings are read: it takes the library of validation
        expectations.check(self.config["validate"]["expectations"])

    def _reads(self, stage: str, batch: str | None) -> list[Any]:
        """The fingerprints of what a stage reads."""
        match stage:
            case "parse":
                dumps = self.batches[batch or ""]
                files = [[d.path, d.sha256, d.problem_message, d.stated.as_data()] for d in dumps]
                # where in the sheet a line stands makes no difference
                rules = [{**rule, "line": 0} for rule in self.member_rules]
                return [files, rules if any(d.packed for d in dumps) else []]
            case "normalize":
                return [self.fingerprint("parse", batch)]
            case "block":
                return [self.fingerprint("normalize", name) for name in self.batches]
            case "dedupe":
                of_batches = [self.fingerprint("normalize", name) for name in self.batches]
                # their lines count: the table that tells what became of them names these
                return [*of_batches, self.corrections_data]
            case "quarantine":
                return [self.fingerprint("dedupe")]
            case "check" | "validate":
                return [self.fingerprint(self.content_stage), self.comparison["before"]]
            case "summarize":
                return [self.fingerprint(self.content_stage)]
            case "gate":
                return [self.fingerprint("validate")]
            case "release":
                return [self.fingerprint("gate"), self.fingerprint("summarize")]
            case _:
                raise ValueError(f"no stage {stage!r}")


def make_plan(
    given: settings.Config,
    on_command_line: settings.Config,
    workflow_folder: Path,
    client: bucket.GetClient | None = None,
) -> Plan:
    """Check the settings, find the dumps, distribute them.

    Args:
        given: The merged settings as Snakemake holds them.
        on_command_line: Those of them that --config and --configfile gave: a relative path in
            them starts from the working directory, any other from the folder of the Snakefile.
        workflow_folder: The folder of the Snakefile.
        client: Gives the client of buckets; asked only where a setting names one.

    Raises:
        PaperdumpError: A setting is wrong, or no dump is found.
    """
    config = settings.resolve(settings.from_command_line(given, on_command_line))
    base = Path.cwd() if "dumps" in on_command_line else workflow_folder
    results = settings.results_folder(config)

    def place_of(key: str) -> Path | None:
        """The file that a setting names, if it names one."""
        near = Path.cwd() if key in on_command_line else workflow_folder
        # "null" is what --config sheet=null gives
        named = None if config[key] in ("null", "") else config[key]
        return None if named is None else near / Path(named).expanduser()

    rules = _sheet_rules(place_of("sheet"))
    corrected = place_of("corrections")
    told = corrections.read_corrections(corrected) if corrected else []
    memory = Memory.read(results / _MEMORY)
    found = inventory.find_dumps(
        settings.dump_specs(config),
        base,
        exclude=results,
        rules=rules,
        memory=memory,
        client=client,
    )
    parse = config["parse"]
    batches = inventory.batches(
        found.dumps,
        minimum=parse["min_batches"],
        max_dumps=parse["max_dumps"],
        max_bytes=int(parse["max_mb"] * 1_000_000),
    )
    scripts = workflow_folder / "scripts"
    return Plan(
        config,
        results,
        found.dumps,
        found.hidden,
        batches,
        scripts,
        tuple(rules),
        tuple(told),
        memory,
        client,
    )


def _sheet_rules(place: Path | None) -> list[Rule]:
    """The lines of the sheet of dumps; none where there is no sheet.

    Raises:
        PaperdumpError: It cannot be read, or a line of it is wrong.
    """
    if place is None:
        return []
    rules = sheet.read_sheet(place)
    if any(rule.format for rule in rules):
        # only here: the readers bring the libraries that jobs need, which take time to import
        from paperdump import readers  # noqa: PLC0415

        sheet.read_sheet(place, readers.names())
    return rules


def _may_name_member(pattern: str) -> bool:
    """Whether a pattern can match the path of a member of an archive."""
    return "!" in pattern or "*" in pattern or "?" in pattern or "[" in pattern
