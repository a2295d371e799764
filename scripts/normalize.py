"""Normalize the entries of a batch."""

from paperdump import job

with job.logged(snakemake.log[0], "normalize", snakemake.resources.mem_mb) as work:
    from pathlib import Path

    from paperdump import arrow, normalize, tables

    table = "work/normalized"
    with arrow.pieces(table, Path(snakemake.output.normalized)) as writer:
        for entries in tables.iter_parquet(Path(snakemake.input.entries), "work/entries"):
            piece = normalize.normalize(entries, snakemake.params.code_hosts)
            writer.write(tables.to_arrow(piece, table))
            work.count(entries.height)
