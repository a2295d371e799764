"""parse: the dumps of a batch → entries as on the page, rejects with a reason, a row per dump.

In: raw dumps. Out: work/parse/<batch>/.
"""


rule parse:
    """In: the dumps of a batch. Out: their entries, rejects, and a row for each dump."""
    input:
        dumps=dumps_of,
    output:
        entries=f"{WORK}/parse/{{batch}}/entries.parquet",
        rejects=f"{WORK}/parse/{{batch}}/rejects.parquet",
        dumps=f"{WORK}/parse/{{batch}}/dumps.parquet",
    log:
        f"{LOGS}/parse/{{batch}}.log",
    benchmark:
        f"{BENCHMARKS}/parse/{{batch}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb(300, 8),
    params:
        dumps=batch_dumps,
        fingerprint=fingerprint_of("parse"),
    script:
        "../../scripts/parse.py"
