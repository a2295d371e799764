"""What all rules share: the plan of the run, the folders, the inputs of batches.

In: the configuration. Out: the names in capitals, used by the rules.
"""

import json
import os
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.enums import Quietness

from paperdump import bucket, dictionary, memory, needs, plan, progress
from paperdump.errors import PaperdumpError
from paperdump.report import run_summary


def s3_client():
    """The client of buckets: that of Snakemake's S3 storage plugin, with its settings."""
    provider = workflow.storage_registry.register_storage("s3")
    # the jobs of a cluster read the Snakefile, too, and know these from their environment only
    for name in ("endpoint_url", "region"):
        if value := getattr(provider.settings, name):
            os.environ.setdefault(f"SNAKEMAKE_STORAGE_S3_{name.upper()}", value)
    return provider.s3c.meta.client


try:
    PLAN = plan.make_plan(
        config,
        workflow.config_settings.overwrite_config,
        Path(workflow.basedir),
        s3_client,
    )
    PLAN.uploaded
except PaperdumpError as error:
    raise WorkflowError(str(error)) from None

OUT = str(PLAN.results)
WORK = f"{OUT}/work"
LOGS = f"{OUT}/logs"
BENCHMARKS = f"{OUT}/benchmarks"
PUBLISHED = f"{WORK}/{PLAN.marker()}"
# Dumps, of a run, beyond which those on this file system are no inputs to Snakemake.
MOST_NAMED = 2000
FOLLOWERS = []  # what follows this run, once it has begun
# Used with --software-deployment-method conda only.
ENVIRONMENT = "../envs/paperdump.yaml"


wildcard_constraints:
    batch="[01]+|all",
    key="[0-9a-f]{16}",
    shard="[0-9]+",


def made_by(stage):
    """Where a stage puts its results: its name and its fingerprint are in the path."""
    return f"{WORK}/{PLAN.place(stage)}"


def follow():
    """Have the run tell how far it is: when it begins, and whenever a job of a stage has ended."""
    traces = {
        job.jobid: progress.Trace(
            progress.Task(
                job.rule.name,
                getattr(job.wildcards, "batch", getattr(job.wildcards, "shard", "")),
            ),
            job.benchmark and Path(job.benchmark),
            Path(job.log[0]) if job.log else None,
        )
        for job in workflow.dag.needrun_jobs()
        if job.rule.name in plan.STAGES
    }
    slots = workflow.cores if workflow.local_exec else workflow.nodes

    def tell(line):
        logger.info(line, extra={"quietness": Quietness.PROGRESS})

    FOLLOWERS.append(progress.Follower(PLAN, traces, slots, tell))
    logger.addHandler(FOLLOWERS[-1])


def settle():
    """See to it that the record of the run has all its jobs that ended well."""
    for follower in FOLLOWERS:
        follower.settle({job.jobid for job in workflow.dag.needrun_jobs()})


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


def checks_of_shards():
    """What the shares of validation found; nothing where validate looks at all itself."""
    if PLAN.checks == 1:
        return []
    folder = made_by("check")
    return [f"{folder}/{shard}-of-{PLAN.checks}.pickle" for shard in range(PLAN.checks)]


def entries_of(wildcards):
    """The entries that a batch is normalized from."""
    return f"{WORK}/{PLAN.place('parse', wildcards.batch)}/entries.parquet"


def input_of(dump):
    """A dump as Snakemake names it: one in a bucket is fetched before the job, if it can be."""
    at = dump.location
    is_stored = bucket.is_address(at) and bucket.is_fetchable(at)
    return storage.s3(at) if is_stored else at


def dumps_of(wildcards):
    """The dumps of a batch that Snakemake can name: existing files without braces or line breaks.

    The others are read all the same: params name every dump, with its SHA-256. Of very many only
    those of buckets are named, which are to be fetched: before each job that it starts, Snakemake
    looks at every input of all jobs that could start.
    """
    return [
        input_of(dump)
        for dump in PLAN.batches[wildcards.batch]
        if dump.sha256
        and (len(PLAN.dumps) <= MOST_NAMED or bucket.is_address(dump.location))
        and dump.location.isprintable()
        and not set(dump.location) & set("{}")
    ]


def batch_dumps(wildcards):
    """All dumps of a batch, as plain data for the script; those of buckets where they are put."""
    return [
        {**dump.as_data(), "location": str(input_of(dump))}
        for dump in PLAN.batches[wildcards.batch]
    ]


def around_mb():
    """Megabytes that Snakemake itself takes in a job: none here, and two processes on a cluster.

    Such a process takes 200 MB, and 5 kB for each dump that the plan has.
    """
    return 0 if workflow.local_exec else 2 * (200 + len(PLAN.dumps) // 200)


def mem_mb(stage, but=()):
    """A resources function: megabytes of memory from the size of the inputs, times the attempt.

    Args:
        stage: The stage, whose need is known.
        but: Names of inputs that do not count. What a job of the same group makes is to be among
            them: it is not there when the group asks for its memory.
    """

    def needed(wildcards, input, attempt):
        files = set(input) - {input[name] for name in but}
        size = sum(Path(file).stat().st_size for file in files) / 1e6
        return attempt * (around_mb() + needs.NEEDS[stage].of_inputs(size))

    return needed


def mem_mb_of_batch(stage):
    """The same from the sizes of a batch's dumps, which are known before any job runs."""

    def needed(wildcards, attempt):
        size = PLAN.batch_mb(wildcards.batch)
        return attempt * (around_mb() + needs.NEEDS[stage].of_dumps(size))

    return needed
