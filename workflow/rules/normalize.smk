"""normalize: entry → typed, cleaned entry; it knows one entry, not the others.

In: work/parse/*. Out: work/normalize/<batch>-<fingerprint>.parquet.
"""


rule normalize:
    """In: the entries of a batch. Out: the same, typed and cleaned."""
    input:
        entries=entries_of,
    output:
        normalized=f"{WORK}/normalize/{{batch}}-{{key}}.parquet",
    log:
        f"{LOGS}/normalize/{{batch}}-{{key}}.log",
    benchmark:
        f"{BENCHMARKS}/normalize/{{batch}}-{{key}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb_of_batch("normalize"),
    params:
        code_hosts=PLAN.config["normalize"]["code_hosts"],
    script:
        "../../scripts/normalize.py"
