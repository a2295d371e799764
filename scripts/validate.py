"""Validate the tables."""

from paperdump import job

with job.logged(snakemake.log[0], "validate", snakemake.resources.mem_mb):
    from pathlib import Path

    import polars as pl

    from paperdump import tables, validate

    document = validate.validate(
        {name: pl.read_parquet(snakemake.input[name]) for name in validate.VALIDATED},
        snakemake.params.thresholds,
        snakemake.params.max_rows_named,
        Path(snakemake.output.data_docs),
    )
    results = Path(snakemake.output.results)
    tables.write_json(results, document)
    link = Path(snakemake.params.link)
    tables.point(link, results.parent.relative_to(link.parent))
