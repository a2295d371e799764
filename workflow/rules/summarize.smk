"""summarize: aggregations of the tables, and the version that their content gives.

In: work/dedupe/*. Out: work/summarize/<fingerprint>/. It runs beside validation, which takes longer; what it
made of tables that do not pass the gate is never published.
"""


rule summarize:
    """In: the tables. Out: a table per summary, the version and the content hashes."""
    input:
        **content_files(),
    output:
        summaries=report(
            directory(f"{made_by('summarize')}/summaries"),
            patterns=["{table}.csv"],
            caption="../report/summaries.rst",
            category="Summaries",
            labels={"table": "{table}"},
        ),
        version=f"{made_by('summarize')}/version.json",
    log:
        f"{LOGS}/summarize.log",
    benchmark:
        f"{BENCHMARKS}/summarize.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=mem_mb("summarize"),
    script:
        "../../scripts/summarize.py"
