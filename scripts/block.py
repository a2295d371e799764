"""Find the pairs of titles and abstracts of one shard."""

from paperdump import job

with job.logged(snakemake.log[0], "block", snakemake.resources.mem_mb):
    from pathlib import Path

    from paperdump import block, tables

    found = block.shard(
        [Path(p) for p in snakemake.input.normalized],
        snakemake.params.min_abstract_words,
        int(snakemake.wildcards.shard),
        snakemake.params.shards,
    )
    tables.write_parquet(found, "work/blocks", Path(snakemake.output.pairs))
