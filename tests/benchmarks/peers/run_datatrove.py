"""datatrove: its MinHash pipeline (signatures, buckets, clusters) under the local executor.

As its example does it, but for the executor; the last stage, which writes the documents that
remain, is left out, as the clusters are what is asked for. There are as many tasks as cores, and a
task reads files of its own, so the corpus is given to it cut into as many files.

It has no threshold: records with one band in common are duplicates. Pairs of words and 25 bands of
5 (a threshold near 0.5) have the best F1 on 10,000 generated records, 0.976; with 32 bands of 4 it
is 0.958, with the default, 14 bands of 8 and 5 words, 0.947.
"""

from __future__ import annotations

import os
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from common import arguments, read_texts, write_clusters
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupSignature,
)
from datatrove.pipeline.readers import ParquetReader
from datatrove.utils.hashing import HashConfig


def main() -> None:
    """Find the duplicates of a corpus."""
    given = arguments(__doc__, ngram=2, bands=25, rows=5)
    cores = len(os.sched_getaffinity(0))
    records, texts = read_texts(given.input)
    clusters = np.arange(len(records)) + len(records)  # its own are numbered from 0: no clash
    with tempfile.TemporaryDirectory(dir=given.output.parent) as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        bounds = np.linspace(0, len(records), cores + 1).astype(int).tolist()
        for task, (start, stop) in enumerate(pairwise(bounds)):
            rows = {"id": pa.array(range(start, stop)).cast(pa.string())}
            rows["text"] = texts.slice(start, stop - start)
            pq.write_table(pa.table(rows), folder / "corpus" / f"{task:05}.parquet")
        del texts
        config = MinhashConfig(
            n_grams=given.ngram,
            num_buckets=given.bands,
            hashes_per_bucket=given.rows,
            hash_config=HashConfig(precision=64),
        )
        signatures, buckets, found = (str(folder / step) for step in ("sig", "dups", "clusters"))
        signing = LocalPipelineExecutor(
            [
                ParquetReader(str(folder / "corpus"), read_metadata=False),
                MinhashDedupSignature(signatures, config=config),
            ],
            tasks=cores,
            logging_dir=str(folder / "logs" / "1"),
        )
        matching = LocalPipelineExecutor(
            [MinhashDedupBuckets(signatures, buckets, config=config)],
            tasks=given.bands,
            workers=cores,
            logging_dir=str(folder / "logs" / "2"),
            depends=signing,
        )
        LocalPipelineExecutor(
            [MinhashDedupCluster(buckets, found, config=config, save_cluster_id=True)],
            tasks=1,
            logging_dir=str(folder / "logs" / "3"),
            depends=matching,
        ).run()
        for task, start in enumerate(bounds[:-1]):
            file = Path(found) / f"{task:06}.clusters"
            if file.exists():  # else nothing of this part has a duplicate
                rows, numbers = np.fromfile(file, np.dtype("<u4")).reshape(-1, 2).T
                clusters[start + rows.astype(np.int64)] = numbers
    write_clusters(given.output, records, clusters)


if __name__ == "__main__":
    main()
