# paperdump: raw dumps of paper listings in, one clean and validated Parquet dataset out.
#
# Configuration, includes, the default target; the stages are in workflow/rules/.


from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/parse.smk"
include: "workflow/rules/normalize.smk"
include: "workflow/rules/dedupe.smk"
include: "workflow/rules/validate.smk"
include: "workflow/rules/summarize.smk"
include: "workflow/rules/release.smk"


if PLAN.upload:

    include: "workflow/rules/upload.smk"


rule all:
    """In: the marker of a published release, or of an upload. Out: nothing of its own."""
    default_target: True
    input:
        PUBLISHED,
        UPLOADED if PLAN.upload else [],


onstart:
    PLAN.begin()
    if workflow.local_exec:
        told = needs.shortage(PLAN.needs_mb, memory.limits(), workflow.cores)
        if told:
            print(told)
    if PLAN.hidden:
        print(
            f"{PLAN.hidden} hidden names were passed over in the search for dumps."
        )
    for rule in PLAN.idle_rules:
        print(
            f"Line {rule.line} of the sheet of dumps matches none: {rule.pattern}"
        )
    follow()


onsuccess:
    settle()
    print(progress.table(progress.read(PLAN.results)))
    # last, since it may tell of what is to be done
    print(run_summary(PLAN.results, Path(PUBLISHED), Path(made_by("validate"))))


onerror:
    settle()
