"""dedupe: entries that are the same paper are found and merged; the only stage that compares.

In: work/normalize/*, work/parse/*. Out: work/dedupe/.
"""


rule dedupe:
    """In: the entries, rejects and dumps of all batches. Out: papers, and all that leads to them."""
    input:
        normalized=expand(f"{WORK}/normalize/{{batch}}.parquet", batch=BATCHES),
        rejects=expand(f"{WORK}/parse/{{batch}}/rejects.parquet", batch=BATCHES),
        dumps=expand(f"{WORK}/parse/{{batch}}/dumps.parquet", batch=BATCHES),
    output:
        papers=f"{WORK}/dedupe/papers.parquet",
        sightings=f"{WORK}/dedupe/sightings.parquet",
        dumps=f"{WORK}/dedupe/dumps.parquet",
        rejects=f"{WORK}/dedupe/rejects.parquet",
        matches=f"{WORK}/dedupe/matches.parquet",
    log:
        f"{LOGS}/dedupe.log",
    benchmark:
        f"{BENCHMARKS}/dedupe.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb(400, 20),
    params:
        fingerprint=fingerprint_of("dedupe"),
    script:
        "../../scripts/dedupe.py"
