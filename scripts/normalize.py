"""Normalize the entries of a batch."""

from paperdump import job

with job.logged(snakemake.log[0], "normalize"):
    from pathlib import Path

    from paperdump import normalize, tables

    entries = tables.read_parquet(Path(snakemake.input.entries), "work/entries")
    normalized = normalize.normalize(entries, snakemake.params.code_hosts)
    tables.write_parquet(normalized, "work/normalized", Path(snakemake.output.normalized))
