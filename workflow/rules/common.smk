"""What all rules share: the plan of the run, the folders, the inputs of batches.

In: the configuration. Out: the names in capitals, used by the rules.
"""

from pathlib import Path

from snakemake.exceptions import WorkflowError

from paperdump import dictionary
from paperdump import plan
from paperdump.errors import PaperdumpError
from paperdump.report import run_summary

try:
    PLAN = plan.make_plan(
        config, workflow.config_settings.overwrite_config, Path(workflow.basedir)
    )
except PaperdumpError as error:
    raise WorkflowError(str(error)) from None

OUT = str(PLAN.results)
WORK = f"{OUT}/work"
LOGS = f"{OUT}/logs"
BENCHMARKS = f"{OUT}/benchmarks"
PUBLISHED = f"{WORK}/{PLAN.marker()}"
# Used with --software-deployment-method conda only.
ENVIRONMENT = "../envs/paperdump.yaml"


wildcard_constraints:
    batch="[01]+|all",
    key="[0-9a-f]{16}",
    shard="[0-9]+",


def made_by(stage):
    """Where a stage puts its results: its name and its fingerprint are in the path."""
    return f"{WORK}/{PLAN.place(stage)}"


def of_every_batch(stage, file=None):
    """What a stage makes of each batch, or a file in the folder of each."""
    places = [f"{WORK}/{PLAN.place(stage, batch)}" for batch in PLAN.batches]
    return [f"{place}/{file}" for place in places] if file else places


def content_files():
    """The tables that make a release what it is, by name, as they are validated and published."""
    folder = made_by(PLAN.content_stage)
    return {name: f"{folder}/{name}.parquet" for name in dictionary.CONTENT}


def quarantine_files():
    """Why papers are in quarantine; nothing where there is none."""
    if PLAN.content_stage != "quarantine":
        return {}
    return {"quarantined": f"{made_by('quarantine')}/failures.parquet"}


def blocks_of_shards():
    """What the shards of blocking make; nothing where dedupe does it alone."""
    if PLAN.shards == 1:
        return []
    folder = made_by("block")
    return [
        f"{folder}/{shard}-of-{PLAN.shards}.parquet" for shard in range(PLAN.shards)
    ]


def entries_of(wildcards):
    """The entries that a batch is normalized from."""
    return f"{WORK}/{PLAN.place('parse', wildcards.batch)}/entries.parquet"


def dumps_of(wildcards):
    """The dumps of a batch that Snakemake can name: existing files without braces or line breaks.

    The others are read all the same: params name every dump, with its SHA-256.
    """
    return [
        dump.location
        for dump in PLAN.batches[wildcards.batch]
        if dump.sha256
        and dump.location.isprintable()
        and not set(dump.location) & set("{}")
    ]


def batch_dumps(wildcards):
    """All dumps of a batch, as plain data for the script."""
    return [dump.as_data() for dump in PLAN.batches[wildcards.batch]]


def mem_mb(base, per_input_mb):
    """A resources function: megabytes of memory from the size of the inputs."""
    return lambda wildcards, input: base + int(per_input_mb * input.size_mb)
