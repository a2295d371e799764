"""Deduplicate the entries of all batches."""

from paperdump import job

with job.logged(snakemake.log[0], "dedupe", snakemake.resources.mem_mb) as work:
    from pathlib import Path

    from paperdump import block, corrections, dedupe, tables
    from paperdump.dedupe.dating import Inference
    from paperdump.dedupe.limits import Limits

    made = [*dedupe.TABLES, "rejects"]
    with tables.writing({n: Path(snakemake.output[n]) for n in made}, dedupe.finished) as ready:
        done = dedupe.dedupe(
            tables.read_all([Path(p) for p in snakemake.input.normalized], "work/normalized"),
            tables.read_all([Path(p) for p in snakemake.input.dumps], "dumps"),
            Inference.from_config(snakemake.params.dates),
            Limits.from_config(snakemake.params.limits),
            corrections.from_data(snakemake.params.corrections),
            block.gathered([Path(p) for p in snakemake.input.blocks]),
            ready,
        )
        rejects = tables.read_all([Path(p) for p in snakemake.input.rejects], "rejects")
        ready("rejects", rejects)
        tables.write_csv(done.review, "review", Path(snakemake.output.review_csv))
    work.entries = done.sightings.height
