"""Summarize the tables and name their version."""

from paperdump import job

with job.logged(snakemake.log[0], "summarize"):
    from pathlib import Path

    from paperdump import summarize, tables, versions

    release = {n: tables.read_parquet(Path(snakemake.input[n]), n) for n in versions.CONTENT}
    summaries = summarize.summarize(release)
    version, hashes = versions.identify(release, summaries)
    for name, summary in summaries.items():
        tables.write_parquet(
            summarize.with_version(summary, version),
            f"summaries/{name}",
            Path(snakemake.output.summaries) / f"{name}.parquet",
        )
    tables.write_json(Path(snakemake.output.version), {"version": version, "tables": hashes})
