"""Publish the release."""

from paperdump import job

with job.logged(snakemake.log[0], "release"):
    import json
    from pathlib import Path

    from paperdump import dictionary, release, tables, versions

    names = {n: Path(snakemake.input[n]) for n in versions.CONTENT} | {
        f"summaries/{n}": Path(snakemake.input.summaries) / f"{n}.parquet"
        for n in dictionary.summary_names()
    }
    frames = {name: tables.read_parquet(path, name) for name, path in names.items()}
    identity = json.loads(Path(snakemake.input.version).read_text("utf-8"))
    document = release.manifest(
        identity["version"],
        identity["tables"],
        frames,
        config=snakemake.params.config,
        code_digest=snakemake.params.code_digest,
        packages=snakemake.params.packages,
        validation=json.loads(Path(snakemake.input.results).read_text("utf-8")),
    )
    validation = Path(snakemake.input.results).parent
    release.publish(Path(snakemake.params.results), document, frames, validation)
    tables.write_json(Path(snakemake.output.published), {"version": identity["version"]})
