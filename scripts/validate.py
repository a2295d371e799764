"""Validate the tables."""

from paperdump import job

with job.logged(snakemake.log[0], "validate", snakemake.resources.mem_mb) as work:
    from pathlib import Path

    from paperdump import check, tables, validate

    results = Path(snakemake.output.results)
    link = Path(snakemake.params.link)
    held = snakemake.input.get("quarantined")
    seen = check.gathered([Path(p) for p in snakemake.input.seen])
    compared = None if seen else validate.Before.read(link.parent, snakemake.params.before)
    validate.validate(
        validate.scanned({name: Path(snakemake.input[name]) for name in validate.VALIDATED}),
        snakemake.params.settings,
        results.parent,
        compared,
        tables.read_parquet(Path(held), validate.FAILURES) if held else None,
        seen,
    )
    work.entries = tables.row_count(Path(snakemake.input.sightings))
    tables.point(link, results.parent.relative_to(link.parent))
