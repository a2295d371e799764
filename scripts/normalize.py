"""Normalize the entries of a batch."""

from paperdump import job

with job.logged(snakemake.log[0], "normalize", snakemake.resources.mem_mb) as work:
    import gc
    from pathlib import Path

    # to look for garbage in what is imported, over and over, takes a tenth of a batch's time
    gc.disable()
    from paperdump import arrow, normalize, tables

    gc.freeze()
    gc.enable()

    table = "work/normalized"
    with arrow.pieces(table, Path(snakemake.output.normalized)) as writer:
        for entries in tables.iter_parquet(Path(snakemake.input.entries), "work/entries"):
            piece = normalize.normalize(entries, snakemake.params.code_hosts)
            writer.write(tables.to_arrow(piece, table))
            work.count(entries.height)
