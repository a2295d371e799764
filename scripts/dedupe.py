"""Deduplicate the entries of all batches."""

from paperdump import job

with job.logged(snakemake.log[0], "dedupe", snakemake.resources.mem_mb):
    from pathlib import Path

    from paperdump import block, corrections, dedupe, tables
    from paperdump.dedupe.dating import Inference
    from paperdump.dedupe.limits import Limits

    done = dedupe.dedupe(
        tables.read_all([Path(p) for p in snakemake.input.normalized], "work/normalized"),
        tables.read_all([Path(p) for p in snakemake.input.dumps], "dumps"),
        Inference.from_config(snakemake.params.dates),
        Limits.from_config(snakemake.params.limits),
        corrections.from_data(snakemake.params.corrections),
        block.gathered([Path(p) for p in snakemake.input.blocks]),
    )
    rejects = tables.read_all([Path(p) for p in snakemake.input.rejects], "rejects")
    tables.write_parquet(done.papers, "papers", Path(snakemake.output.papers))
    tables.write_parquet(done.sightings, "sightings", Path(snakemake.output.sightings))
    tables.write_parquet(done.dumps, "dumps", Path(snakemake.output.dumps))
    tables.write_parquet(rejects, "rejects", Path(snakemake.output.rejects))
    tables.write_parquet(done.matches, "matches", Path(snakemake.output.matches))
    contradictions = Path(snakemake.output.contradictions)
    tables.write_parquet(done.contradictions, "contradictions", contradictions)
    tables.write_parquet(done.corrections, "corrections", Path(snakemake.output.corrections))
    tables.write_parquet(done.review, "review", Path(snakemake.output.review))
    tables.write_csv(done.review, "review", Path(snakemake.output.review_csv))
