"""Parse the dumps of a batch."""

from paperdump import job

with job.logged(snakemake.log[0], "parse", snakemake.resources.mem_mb) as work:
    from pathlib import Path

    from paperdump.lean import without_numpy

    without_numpy()

    from paperdump import parse
    from paperdump.inventory import dump_from
    from paperdump.sheet import Rule

    outputs = snakemake.output
    files = parse.Files(Path(outputs.entries), Path(outputs.rejects), Path(outputs.dumps))
    settings = parse.Settings.from_config(
        snakemake.params.readers,
        [Rule(**rule) for rule in snakemake.params.rules],
        scratch=files.entries.parent,
    )
    parse.parse_batch(map(dump_from, snakemake.params.dumps), settings, files, work.count)
