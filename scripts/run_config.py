"""Write the complete settings of the run."""

from paperdump import job

with job.logged(snakemake.log[0], "run_config"):
    from pathlib import Path

    import yaml

    text = yaml.safe_dump(snakemake.params.config, sort_keys=False, allow_unicode=True)
    Path(snakemake.output[0]).write_text(text, "utf-8")
