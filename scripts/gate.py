"""Let the tables pass if nothing critical failed and, under `strict`, no correction is stale."""

from paperdump import job

with job.logged(snakemake.log[0], "gate", snakemake.resources.mem_mb):
    import json
    from pathlib import Path

    from paperdump import gate, report

    document = json.loads(Path(snakemake.input.results).read_text("utf-8"))
    results = Path(snakemake.params.results)
    gate.check(document, results)
    if snakemake.params.strict:
        gate.check_corrections(report.stale_message(Path(snakemake.input.corrections)), results)
    Path(snakemake.output.passed).write_text('{"passed": true}\n', "utf-8")
