"""dedupe: entries that are the same paper are found and merged; the only stage that compares.

In: work/normalize/*, work/parse/*. Out: work/dedupe/<fingerprint>/. Where there is much, the search
for pairs to compare is spread over shards before: work/block/<fingerprint>/.
"""


rule block:
    """In: the entries of all batches. Out: the pairs of titles and abstracts of one shard."""
    input:
        normalized=of_every_batch("normalize"),
    output:
        pairs=f"{made_by('block')}/{{shard}}-of-{PLAN.shards}.parquet",
    log:
        f"{LOGS}/block/{PLAN.fingerprint('block')}/{{shard}}.log",
    benchmark:
        f"{BENCHMARKS}/block/{PLAN.fingerprint('block')}/{{shard}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("block"),
    params:
        shards=PLAN.shards,
        min_abstract_words=PLAN.config["dedupe"]["min_abstract_words"],
    script:
        "../../scripts/block.py"


rule dedupe:
    """In: the entries, rejects and dumps of all batches. Out: papers, and all that leads to them."""
    input:
        normalized=of_every_batch("normalize"),
        rejects=of_every_batch("parse", "rejects.parquet"),
        dumps=of_every_batch("parse", "dumps.parquet"),
        blocks=blocks_of_shards(),
    output:
        papers=f"{made_by('dedupe')}/papers.parquet",
        sightings=f"{made_by('dedupe')}/sightings.parquet",
        dumps=f"{made_by('dedupe')}/dumps.parquet",
        rejects=f"{made_by('dedupe')}/rejects.parquet",
        matches=f"{made_by('dedupe')}/matches.parquet",
        contradictions=f"{made_by('dedupe')}/contradictions.parquet",
        corrections=f"{made_by('dedupe')}/corrections.parquet",
        review=f"{made_by('dedupe')}/review.parquet",
        review_csv=f"{made_by('dedupe')}/review.csv",
    log:
        f"{LOGS}/dedupe.log",
    benchmark:
        f"{BENCHMARKS}/dedupe.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("dedupe"),
    params:
        dates=PLAN.config["dates"],
        limits=PLAN.config["dedupe"],
        corrections=PLAN.corrections_data,
    script:
        "../../scripts/dedupe.py"
