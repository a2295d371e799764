"""Splink: probabilistic linkage (Fellegi and Sunter) in DuckDB, clustered by Splink itself.

As its tutorial on 50,000 persons does it: blocking rules, comparisons, the chance that two records
match from rules that admit few errors, u from random pairs, m by expectation maximisation in two
sessions with other blocking, and clusters at a probability of 0.95, where F1 is best on 100,000
generated records: 0.971, against 0.923 at 0.5 and 0.961 at 0.99. u is from a million pairs, its
default.

Two records are compared when they share the start of the title, or that of the abstract, or its
end, letters and digits only. Titles are compared by the similarity of Jaro and Winkler; abstracts
by the share of their words that both have, of one word in eight, chosen by its hash (all words took
50 of 60 s at 10,000 records); authors by how many are the same; dates by the days between them.
"""

from __future__ import annotations

import duckdb
import pyarrow.parquet as pq
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from common import arguments, write_clusters
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

# Plain forms of the texts. An abstract that is missing or empty is null: nothing is known of it.
_PREPARED = """
    with plain as (
        select record as unique_id, authors, published_on,
            trim(regexp_replace(lower(strip_accents(title)), '[^a-z0-9]+', ' ', 'g')) as title,
            nullif(trim(regexp_replace(lower(strip_accents(abstract)), '[^a-z0-9]+', ' ', 'g')), '')
                as abstract
        from corpus
    )
    select unique_id, title, authors, published_on,
        list_filter(list_distinct(string_split(abstract, ' ')), lambda word: hash(word) % 8 = 0)
            as abstract_words,
        replace(title, ' ', '')[:30] as title_start,
        replace(abstract, ' ', '')[:50] as abstract_start,
        replace(abstract, ' ', '')[-50:] as abstract_end
    from plain
"""


def shared_words(share: float) -> cll.CustomLevel:
    """The level of two abstracts that have this share of their words in common."""
    common = "len(list_intersect(abstract_words_l, abstract_words_r))"
    longer = "greatest(len(abstract_words_l), len(abstract_words_r))"
    return cll.CustomLevel(f"{common} >= {share} * {longer}", f"{share:.0%} of the words shared")


def main() -> None:
    """Find the duplicates of a corpus."""
    given = arguments(__doc__, threshold=0.95, max_pairs=1e6)
    connection = duckdb.connect()
    corpus = pq.read_table(
        given.input, columns=["record", "title", "abstract", "authors", "published_on"]
    )
    prepared = connection.from_arrow(corpus).query("corpus", _PREPARED).to_arrow_table()
    del corpus
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on("title_start"),
            block_on("abstract_start"),
            block_on("abstract_end"),
        ],
        comparisons=[
            cl.JaroWinklerAtThresholds("title", [0.95, 0.88]),
            cl.CustomComparison(
                [
                    cll.NullLevel("abstract_words"),
                    shared_words(0.9),
                    shared_words(0.7),
                    shared_words(0.4),
                    cll.ElseLevel(),
                ],
                output_column_name="abstract_words",
            ),
            cl.ArrayIntersectAtSizes("authors", [3, 1]),
            cl.AbsoluteDateDifferenceAtThresholds(
                "published_on", input_is_string=False, metrics=["day", "year"], thresholds=[7, 1]
            ),
        ],
        retain_matching_columns=False,
    )
    backend = DuckDBAPI(connection)
    linker = Linker(backend.register(prepared), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("title", "abstract_start")], recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=given.max_pairs, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("title"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("abstract_start"))
    pairs = linker.inference.predict(threshold_match_probability=given.threshold)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=given.threshold
    )
    found = clusters.as_duckdbpyrelation().select("unique_id, cluster_id").fetchnumpy()
    write_clusters(given.output, found["unique_id"], found["cluster_id"])


if __name__ == "__main__":
    main()
