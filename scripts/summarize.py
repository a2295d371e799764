"""Summarize the tables and name their version."""

from paperdump import job

with job.logged(snakemake.log[0], "summarize", snakemake.resources.mem_mb) as work:
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from paperdump import dictionary, summarize, tables, versions
    from paperdump.releases import file_hash

    files = {name: Path(snakemake.input[name]) for name in dictionary.CONTENT}
    # hashes are made beside the summaries, of one table at a time: each column is whole in memory
    with ThreadPoolExecutor(1) as beside:
        hashed = {n: beside.submit(versions.facts_of_file, file, n) for n, file in files.items()}
        release = {name: tables.scan_parquet(file, name) for name, file in files.items()}
        summaries = summarize.summarize(release)
        facts = {name: future.result() for name, future in hashed.items()}
    for name, summary in summaries.items():
        facts[f"summaries/{name}"] = versions.facts_of_frame(summary, f"summaries/{name}")
    published = release["papers"].select("published_on").collect()
    day = versions.newest_day(release["dumps"].collect(), published)
    version = versions.identify(facts, day)
    folder = Path(snakemake.output.summaries)
    for name, summary in summaries.items():
        versioned = summarize.with_version(summary, version)
        files[f"summaries/{name}"] = folder / f"{name}.parquet"
        tables.write_parquet(versioned, f"summaries/{name}", folder / f"{name}.parquet")
        tables.write_csv(versioned, f"summaries/{name}", folder / f"{name}.csv")
    sums = {
        f"{name}{suffix}": file_hash(file.with_suffix(suffix))
        for name, file in files.items()
        for suffix in (".parquet", ".csv")
        if file.with_suffix(suffix).is_file()
    }
    document = {"version": version, "tables": facts, "sums": sums}
    tables.write_json(Path(snakemake.output.version), document)
    work.entries = tables.row_count(files["sightings"])
