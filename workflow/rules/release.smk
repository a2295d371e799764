"""release: everything validated and summarized → releases/<version>/, then latest points at it.

In: work/{dedupe,summarize,validate,gate}/*. Out: releases/<version>/, latest, and a marker; the
first two outlive a run that fails, so they are no outputs that Snakemake may remove.
"""


rule release:
    """In: tables, summaries, results of validation. Out: a marker that names what was published."""
    input:
        **content_files(),
        summaries=rules.summarize.output.summaries,
        version=rules.summarize.output.version,
        results=rules.validate.output.results,
        data_docs=rules.validate.output.data_docs,
        passed=rules.gate.output.passed,
    output:
        published=PUBLISHED,
    log:
        f"{LOGS}/release.log",
    benchmark:
        f"{BENCHMARKS}/release.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("release", but=["passed"]),
    params:
        results=lambda wildcards, output: str(Path(output.published).parents[2]),
        config=PLAN.published_config,
        code_digest=PLAN.code_digest,
        code_digests=PLAN.code_digests,
        packages=PLAN.packages,
        comparison=PLAN.comparison,
        keep=PLAN.places(),
    script:
        "../../scripts/release.py"
