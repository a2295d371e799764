"""Take the papers out that fail a critical expectation."""

from paperdump import job

with job.logged(snakemake.log[0], "quarantine", snakemake.resources.mem_mb) as work:
    import shutil
    from pathlib import Path

    from paperdump import dictionary, quarantine, tables, validate

    files = {name: Path(snakemake.input[name]) for name in dictionary.CONTENT}
    left = quarantine.quarantine(validate.scanned(files), snakemake.params.settings)
    for name, file in files.items():
        if name in left.tables:
            tables.write_parquet(left.tables[name], name, Path(snakemake.output[name]))
        else:
            shutil.copyfile(file, snakemake.output[name])
    shutil.copyfile(files["review"].with_suffix(".csv"), snakemake.output.review_csv)
    work.entries = tables.row_count(files["sightings"])
    tables.write_parquet(left.failures, validate.FAILURES, Path(snakemake.output.failures))
