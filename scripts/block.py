"""Find the pairs of titles and abstracts of one shard."""

from paperdump import job

with job.logged(snakemake.log[0], "block", snakemake.resources.mem_mb) as work:
    from pathlib import Path

    from paperdump import block, tables

    files = [Path(p) for p in snakemake.input.normalized]
    work.entries = sum(tables.row_count(file) for file in files)
    found = block.shard(
        files,
        snakemake.params.min_abstract_words,
        int(snakemake.wildcards.shard),
        snakemake.params.shards,
    )
    tables.write_parquet(found, "work/blocks", Path(snakemake.output.pairs))
