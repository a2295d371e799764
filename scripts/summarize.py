"""Summarize the tables and name their version."""

from paperdump import job

with job.logged(snakemake.log[0], "summarize", snakemake.resources.mem_mb) as work:
    from pathlib import Path

    from paperdump import dictionary, summarize, tables, versions

    content = dictionary.CONTENT
    release = {n: tables.read_parquet(Path(snakemake.input[n]), n) for n in content}
    summaries = summarize.summarize(release)
    version, hashes = versions.identify(release, summaries)
    folder = Path(snakemake.output.summaries)
    for name, summary in summaries.items():
        versioned = summarize.with_version(summary, version)
        tables.write_parquet(versioned, f"summaries/{name}", folder / f"{name}.parquet")
        tables.write_csv(versioned, f"summaries/{name}", folder / f"{name}.csv")
    work.entries = release["sightings"].height
    tables.write_json(Path(snakemake.output.version), {"version": version, "tables": hashes})
