"""What all rules share: the plan of the run, the folders, the inputs of batches.

In: the configuration. Out: the names in capitals, used by the rules.
"""

from dataclasses import asdict
from pathlib import Path

from snakemake.exceptions import WorkflowError

from paperdump import config as settings
from paperdump import plan
from paperdump.errors import PaperdumpError
from paperdump.report import is_published, run_summary

try:
    PLAN = plan.make_plan(
        config, workflow.config_settings.overwrite_config, Path(workflow.basedir)
    )
except PaperdumpError as error:
    raise WorkflowError(str(error)) from None

RESULTS = PLAN.results
OUT = str(RESULTS)
WORK = f"{OUT}/work"
LOGS = f"{OUT}/logs"
BENCHMARKS = f"{OUT}/benchmarks"
PUBLISHED = f"{OUT}/published.json"
RUN_CONFIG = f"{OUT}/run_config.yaml"
BATCHES = list(PLAN.batches)
# Used with --software-deployment-method conda only.
ENVIRONMENT = "../envs/paperdump.yaml"


wildcard_constraints:
    batch="[01]+|all",


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
    return [asdict(dump) for dump in PLAN.batches[wildcards.batch]]


def fingerprint_of(stage):
    """A params function: the fingerprint of a stage, for the batch of the job if it has one."""
    return lambda wildcards: PLAN.fingerprint(
        stage, dict(wildcards.items()).get("batch")
    )


def mem_mb(base, per_input_mb):
    """A resources function: megabytes of memory from the size of the inputs."""
    return lambda wildcards, input: base + int(per_input_mb * input.size_mb)
