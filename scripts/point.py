"""Point at the release that was uploaded."""

from paperdump import job

with job.logged(snakemake.log[0], "point"):
    import json
    from pathlib import Path

    from paperdump import tables

    version = json.loads(Path(snakemake.input.listed).read_text("utf-8"))["version"]
    pointer = {"version": version, "path": f"releases/{version}/"}
    tables.write_json(Path(snakemake.output.pointer), pointer)
    tables.write_json(Path(snakemake.output.uploaded), pointer)
