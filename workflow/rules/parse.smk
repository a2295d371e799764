"""parse: the dumps of a batch → entries as on the page, rejects with a reason, a row per dump.

In: raw dumps. Out: work/parse/<batch>-<fingerprint>/.
"""


rule parse:
    """In: the dumps of a batch. Out: their entries, rejects, and a row for each dump."""
    input:
        dumps=dumps_of,
    output:
        entries=f"{WORK}/parse/{{batch}}-{{key}}/entries.parquet",
        rejects=f"{WORK}/parse/{{batch}}-{{key}}/rejects.parquet",
        dumps=f"{WORK}/parse/{{batch}}-{{key}}/dumps.parquet",
    log:
        f"{LOGS}/parse/{{batch}}-{{key}}.log",
    benchmark:
        f"{BENCHMARKS}/parse/{{batch}}-{{key}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb_of_batch("parse"),
    params:
        dumps=batch_dumps,
        readers=PLAN.config["readers"],
        rules=PLAN.member_rules,
    script:
        "../../scripts/parse.py"
