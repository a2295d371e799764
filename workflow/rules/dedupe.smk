"""dedupe: entries that are the same paper are found and merged; the only stage that compares.

In: work/normalize/*, work/parse/*. Out: work/dedupe/<fingerprint>/.
"""


rule dedupe:
    """In: the entries, rejects and dumps of all batches. Out: papers, and all that leads to them."""
    input:
        normalized=of_every_batch("normalize"),
        rejects=of_every_batch("parse", "rejects.parquet"),
        dumps=of_every_batch("parse", "dumps.parquet"),
    output:
        papers=f"{made_by('dedupe')}/papers.parquet",
        sightings=f"{made_by('dedupe')}/sightings.parquet",
        dumps=f"{made_by('dedupe')}/dumps.parquet",
        rejects=f"{made_by('dedupe')}/rejects.parquet",
        matches=f"{made_by('dedupe')}/matches.parquet",
        contradictions=f"{made_by('dedupe')}/contradictions.parquet",
        corrections=f"{made_by('dedupe')}/corrections.parquet",
    log:
        f"{LOGS}/dedupe.log",
    benchmark:
        f"{BENCHMARKS}/dedupe.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb(400, 20),
    params:
        dates=PLAN.config["dates"],
        corrections=PLAN.corrections_data,
    script:
        "../../scripts/dedupe.py"
