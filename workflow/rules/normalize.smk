"""normalize: entry → typed, cleaned entry; it knows one entry, not the others.

In: work/parse/<batch>/. Out: work/normalize/<batch>.parquet.
"""


rule normalize:
    """In: the entries of a batch. Out: the same, typed and cleaned."""
    input:
        entries=f"{WORK}/parse/{{batch}}/entries.parquet",
    output:
        normalized=f"{WORK}/normalize/{{batch}}.parquet",
    log:
        f"{LOGS}/normalize/{{batch}}.log",
    benchmark:
        f"{BENCHMARKS}/normalize/{{batch}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb(300, 20),
    params:
        code_hosts=PLAN.config["normalize"]["code_hosts"],
        fingerprint=fingerprint_of("normalize"),
    script:
        "../../scripts/normalize.py"
