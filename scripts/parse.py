"""Parse the dumps of a batch."""

from paperdump import job

with job.logged(snakemake.log[0], "parse"):
    from pathlib import Path

    from paperdump import parse, tables
    from paperdump.inventory import Dump

    parsed = parse.parse_batch(Dump(**dump) for dump in snakemake.params.dumps)
    tables.write_parquet(parsed.entries, "work/entries", Path(snakemake.output.entries))
    tables.write_parquet(parsed.rejects, "rejects", Path(snakemake.output.rejects))
    tables.write_parquet(parsed.dumps, "dumps", Path(snakemake.output.dumps))
