"""Publish the release."""

from paperdump import job

with job.logged(snakemake.log[0], "release", snakemake.resources.mem_mb) as work:
    import json
    from pathlib import Path

    from paperdump import dictionary, release, tables

    files = {name: Path(snakemake.input[name]) for name in dictionary.CONTENT} | {
        f"summaries/{name}": Path(snakemake.input.summaries) / f"{name}.parquet"
        for name in dictionary.summary_names()
    }
    identity = json.loads(Path(snakemake.input.version).read_text("utf-8"))
    document = release.manifest(
        identity,
        files["dumps"],
        config=snakemake.params.config,
        code_digests=snakemake.params.code_digests,
        code_digest=snakemake.params.code_digest,
        packages=snakemake.params.packages,
        validation=json.loads(Path(snakemake.input.results).read_text("utf-8")),
    )
    validation = Path(snakemake.input.results).parent
    results = Path(snakemake.params.results)
    named = release.files_to_publish(files, validation)
    release.publish(results, document, named, identity["sums"])
    # what validation compared with: paperdump.plan says what for
    marker = {"version": document["version"], **snakemake.params.comparison}
    tables.write_json(Path(snakemake.output.published), marker)
    # not left to validate, whose results may be those of an earlier run
    tables.point(results / "validation", validation.relative_to(results))
    work.entries = tables.row_count(files["sightings"])
    release.prune_work(results, snakemake.params.keep)
