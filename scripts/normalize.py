"""Normalize the entries of a batch."""

import os

from paperdump import job

with job.logged(snakemake.log[0], "normalize", snakemake.resources.mem_mb) as work:
    # NumPy's threads for linear algebra, of which there is none here, wait for work on full power
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    import gc
    from pathlib import Path

    from paperdump import arrow, normalize, tables

    table = "work/normalized"
    with arrow.pieces(table, Path(snakemake.output.normalized)) as writer:
        for entries in tables.iter_parquet(Path(snakemake.input.entries), "work/entries"):
            piece = normalize.normalize(entries, snakemake.params.code_hosts)
            writer.write(tables.to_arrow(piece, table))
            work.count(entries.height)
    # the process ends: to look among all objects for cycles once more takes longer than to leave
    gc.freeze()
