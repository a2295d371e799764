"""Name the files of the release that was published."""

from paperdump import job

with job.logged(snakemake.log[0], "list_release"):
    import json
    from pathlib import Path

    from paperdump import tables

    version = json.loads(Path(snakemake.input.published).read_text("utf-8"))["version"]
    folder = Path(snakemake.params.releases) / version
    files = sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())
    tables.write_json(Path(snakemake.output.listed), {"version": version, "files": files})
