"""upload: a release → a bucket, where `upload` names one.

In: results/releases/<version>/. Out: <upload>/releases/<version>/, an object per file, and then
<upload>/latest.json, which names the version. Which files there are is known only when the release
is: its version is made of its content.
"""

UPLOADED = f"{WORK}/{PLAN.upload_marker}"
POINTER = f"{PLAN.upload}/{bucket.POINTER}"
LISTED = f"{WORK}/upload/{PLAN.fingerprint('release')}.json"


localrules:
    list_release,
    upload,
    point,


checkpoint list_release:
    """In: the marker of a published release. Out: its version and the names of its files."""
    input:
        published=PUBLISHED,
    output:
        listed=LISTED,
    log:
        f"{LOGS}/list_release.log",
    conda:
        ENVIRONMENT
    params:
        releases=f"{OUT}/releases",
    script:
        "../../scripts/list_release.py"


rule upload:
    """In: a file of a release. Out: the same as an object, which is never written again."""
    input:
        f"{OUT}/releases/{{version}}/{{file}}",
    output:
        storage.s3(f"{PLAN.upload}/releases/{{version}}/{{file}}"),
    log:
        f"{LOGS}/upload/{{version}}/{{file}}.log",
    wildcard_constraints:
        version=r"(?:\d{4}-\d{2}-\d{2}|undated)-[0-9a-f]{8}",
        file=r".+",
    conda:
        ENVIRONMENT
    shell:
        "cp -- {input:q} {output:q} 2> {log:q}"


def uploaded_files(wildcards):
    """The objects of the release that was published."""
    with checkpoints.list_release.get().output.listed.open() as file:
        release = json.load(file)
    folder = f"{PLAN.upload}/releases/{release['version']}"
    # that they are there is all that counts: they are not fetched
    return [storage.s3(f"{folder}/{name}", retrieve=False) for name in release["files"]]


rule point:
    """In: the objects of a release. Out: the pointer that names it, and a marker of that."""
    input:
        listed=LISTED,
        objects=uploaded_files,
        # Snakemake keeps a copy of what it updates: where it is there, it has to be fetched
        before=before_update(storage.s3(POINTER)) if PLAN.uploaded is not None else [],
    output:
        # replaced in one step, and never away: a reader finds the old one or the new one
        pointer=update(storage.s3(POINTER)),
        uploaded=UPLOADED,
    log:
        f"{LOGS}/point.log",
    conda:
        ENVIRONMENT
    script:
        "../../scripts/point.py"
