"""Summarize the tables and name their version."""

from paperdump import job

with job.logged(snakemake.log[0], "summarize", snakemake.resources.mem_mb) as work:
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from paperdump import dictionary, summarize, tables, versions
    from paperdump.releases import file_hash
    from paperdump.stored import Stored

    files = {name: Path(snakemake.input[name]) for name in dictionary.CONTENT}
    made = {
        f"{name}{suffix}": file.with_suffix(suffix)
        for name, file in files.items()
        for suffix in (".parquet", ".csv")
        if file.with_suffix(suffix).is_file()
    }
    # hashes are made beside the summaries, of one table at a time
    with ThreadPoolExecutor(1) as beside:
        hashed = {n: beside.submit(versions.facts_of_file, file, n) for n, file in files.items()}
        summed = {n: beside.submit(file_hash, file) for n, file in made.items()}
        release = {name: Stored(file) for name, file in files.items()}
        summaries = {f"summaries/{n}": s for n, s in summarize.summarize(release).items()}
        facts = {name: future.result() for name, future in hashed.items()}
        sums = {name: future.result() for name, future in summed.items()}
    folder = Path(snakemake.output.summaries)

    def written(name: str) -> dict[str, str]:
        """Write a summary, with the version; the sums of its files."""
        versioned = summarize.with_version(summaries[name], version)
        file = folder.parent / f"{name}.parquet"
        tables.write_parquet(versioned, name, file)
        tables.write_csv(versioned, name, file.with_suffix(".csv"))
        return {f"{name}{s}": file_hash(file.with_suffix(s)) for s in (".parquet", ".csv")}

    with ThreadPoolExecutor(2) as threads:
        largest_first = sorted(summaries, key=lambda name: -summaries[name].estimated_size())
        found = threads.map(lambda n: versions.facts_of_frame(summaries[n], n), largest_first)
        facts |= dict(zip(largest_first, found, strict=True))
        published = release["papers"].lazy().select("published_on").collect()
        day = versions.newest_day(release["dumps"].lazy().collect(), published)
        version = versions.identify(facts, day)
        for of_summary in threads.map(written, largest_first):
            sums |= of_summary
    document = {"version": version, "tables": facts, "sums": sums}
    tables.write_json(Path(snakemake.output.version), document)
    work.entries = tables.row_count(files["sightings"])
