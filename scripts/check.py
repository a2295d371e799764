"""Look at one share of what validation looks at."""

from paperdump import job

with job.logged(snakemake.log[0], "check", snakemake.resources.mem_mb) as work:
    from pathlib import Path

    from paperdump import check, tables, validate

    seen = check.shard(
        validate.scanned({name: Path(snakemake.input[name]) for name in validate.VALIDATED}),
        snakemake.params.settings,
        Path(snakemake.params.results),
        snakemake.params.before,
        int(snakemake.wildcards.shard),
        snakemake.params.shards,
    )
    check.write(seen, Path(snakemake.output.seen))
    work.entries = tables.row_count(Path(snakemake.input.sightings))
