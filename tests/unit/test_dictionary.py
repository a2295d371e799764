from __future__ import annotations

import re

import pytest

from paperdump import dictionary

TEXT = """
columns:
  a: {type: string, description: An a.}
  b: {type: int32, description: A b., unit: bees}
tables:
  t:
    description: A row is a t.
    key: [a]
    order: []
    columns:
      a: {nullable: false}
      b: {description: Another b.}
"""


def test_a_table_takes_its_columns_from_the_catalogue() -> None:
    table = dictionary.read_dictionary(TEXT)["t"]
    assert table.column("a").nullable is False
    assert table.column("b").description == "Another b."
    assert table.column("b").unit == "bees"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("b: {description: Another b.}", "c: {}", "column c is not defined"),
        ("type: int32", "type: number", "no type 'number'"),
        ("nullable: false", "merge: loudest", "no merge rule 'loudest'"),
    ],
)
def test_a_mistake_in_the_dictionary_is_an_error(old: str, new: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        dictionary.read_dictionary(TEXT.replace(old, new))


@pytest.mark.parametrize("name", sorted(dictionary.tables()))
def test_every_table_is_defined_whole(name: str) -> None:
    table = dictionary.table(name)
    columns = set(table.column_names)
    assert set(table.key) <= columns
    assert set(table.order) <= columns
    assert table.label is None or table.label in columns
    assert re.match("A row ", table.description)
    assert all(column.description.endswith(".") for column in table.columns)


def test_the_columns_of_papers_are_those_of_the_design() -> None:
    designed = [
        "paper_id", "title", "abstract", "authors", "n_authors", "organization_slug",
        "organization_name", "published_on", "published_on_evidence", "n_comments", "n_upvotes",
        "arxiv_id", "doi", "urls", "code_urls", "categories", "first_seen_on", "last_seen_on",
        "n_sightings", "n_dumps", "conflicts",
    ]  # fmt: skip
    added = ["journal_ref", "updated_on", "mentioned_arxiv_ids", "mentioned_dois", "dois"]
    names = dictionary.table("papers").column_names
    assert [name for name in names if name not in added] == designed


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="no column colour"):
        dictionary.table("papers").column("colour")
