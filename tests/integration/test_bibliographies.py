"""Public bibliographies with gold pairs, through the real workflow with its default settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import dedupe_corpora
from tests.benchmarks.dedupe_corpora import Corpus

pytestmark = pytest.mark.xdist_group("bibliographies")

# name, least precision, least F1
LEAST = {"dblp-acm": (0.99, 0.985), "cora": (0.93, 0.86)}


@pytest.mark.parametrize("corpus", dedupe_corpora.CORPORA, ids=lambda corpus: corpus.name)
def test_a_bibliography_is_deduplicated_as_well_as_promised(corpus: Corpus, tmp_path: Path) -> None:
    benchmarks = dedupe_corpora.default_folder()
    if not corpus.is_in(benchmarks):
        pytest.skip(f"the corpus is not here: no {benchmarks / corpus.name}")
    dumps = dedupe_corpora.copied(corpus, benchmarks, tmp_path)
    tables = dedupe_corpora.workflow(dumps, tmp_path, cores=1)
    score = corpus.score(dedupe_corpora.clusters_of(tables), benchmarks)
    precision, f1 = LEAST[corpus.name]
    assert score.precision >= precision
    assert score.f1 >= f1
