"""validate: Great Expectations over every table; a failed critical expectation stops here, and
under `strict` a stale correction.

In: work/dedupe/*. Out: work/validate/<fingerprint>/, to which the link validation points, and
work/gate/<fingerprint>.json.
"""


rule validate:
    """In: the tables. Out: what each expectation found, as a document and as a site."""
    input:
        papers=rules.dedupe.output.papers,
        sightings=rules.dedupe.output.sightings,
        dumps=rules.dedupe.output.dumps,
        rejects=rules.dedupe.output.rejects,
        corrections=rules.dedupe.output.corrections,
    output:
        results=f"{made_by('validate')}/results.json",
        data_docs=directory(f"{made_by('validate')}/data_docs"),
    log:
        f"{LOGS}/validate.log",
    benchmark:
        f"{BENCHMARKS}/validate.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("validate"),
    params:
        thresholds=settings.thresholds(PLAN.config["validate"]),
        max_rows_named=PLAN.config["validate"]["max_rows_named"],
        link=f"{OUT}/validation",
    script:
        "../../scripts/validate.py"


rule gate:
    """In: the results of validation, corrections. Out: a mark that all may pass, or no mark."""
    input:
        results=rules.validate.output.results,
        corrections=rules.dedupe.output.corrections,
    output:
        passed=f"{made_by('gate')}.json",
    log:
        f"{LOGS}/gate.log",
    benchmark:
        f"{BENCHMARKS}/gate.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("gate", but=["results"]),
    params:
        strict=PLAN.config["strict"],
        results=lambda wildcards, input: str(Path(input.results).parents[3]),
    script:
        "../../scripts/gate.py"
