"""validate: Great Expectations over every table; a failed critical expectation stops here, and
under `strict` a stale correction. Under `on_failure: quarantine` papers that fail one are taken out
before, with a reason, and what is left is validated. Where there is much, jobs share what is to be
looked at before validate puts it together: work/check/<fingerprint>/.

In: work/dedupe/*. Out: work/quarantine/<fingerprint>/ where it runs; work/validate/<fingerprint>/,
to which the link validation points, and work/gate/<fingerprint>.json.
"""


rule quarantine:
    """In: the tables. Out: the same without papers that fail, which are rejects; why they do."""
    input:
        **{name: f"{made_by('dedupe')}/{name}.parquet" for name in dictionary.CONTENT},
    output:
        **{
            name: f"{made_by('quarantine')}/{name}.parquet"
            for name in dictionary.CONTENT
        },
        review_csv=f"{made_by('quarantine')}/review.csv",
        failures=f"{made_by('quarantine')}/failures.parquet",
    log:
        f"{LOGS}/quarantine.log",
    benchmark:
        f"{BENCHMARKS}/quarantine.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("quarantine"),
    params:
        settings=PLAN.config["validate"],
    script:
        "../../scripts/quarantine.py"


rule check:
    """In: the tables. Out: what was found in one share of what validation looks at."""
    input:
        **content_files(),
    output:
        seen=f"{made_by('check')}/{{shard}}-of-{PLAN.checks}.pickle",
    log:
        f"{LOGS}/check/{PLAN.fingerprint('check')}/{{shard}}.log",
    benchmark:
        f"{BENCHMARKS}/check/{PLAN.fingerprint('check')}/{{shard}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("check"),
    params:
        settings=PLAN.config["validate"],
        before=PLAN.comparison["before"],
        results=lambda wildcards, output: str(Path(output.seen).parents[3]),
        shards=PLAN.checks,
    script:
        "../../scripts/check.py"


rule validate:
    """In: the tables. Out: what each expectation found, as a document, a table and a site."""
    input:
        **content_files(),
        **quarantine_files(),
        seen=checks_of_shards(),
    output:
        results=f"{made_by('validate')}/results.json",
        failures=f"{made_by('validate')}/failures.parquet",
        data_docs=directory(f"{made_by('validate')}/data_docs"),
    log:
        f"{LOGS}/validate.log",
    benchmark:
        f"{BENCHMARKS}/validate.tsv"
    conda:
        ENVIRONMENT
    resources:
        # what others have looked at is not read again
        mem_mb=mem_mb("validate", but=content_files() if PLAN.checks > 1 else ()),
    params:
        settings=PLAN.config["validate"],
        before=PLAN.comparison["before"],
        link=f"{OUT}/validation",
    script:
        "../../scripts/validate.py"


rule gate:
    """In: the results of validation, corrections. Out: a mark that all may pass, or no mark."""
    input:
        results=rules.validate.output.results,
        corrections=content_files()["corrections"],
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
