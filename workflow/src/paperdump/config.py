"""The settings of a run: checked against the schema, completed with its defaults."""

from __future__ import annotations

import copy
import datetime as dt
import difflib
import functools
import math
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema import Draft202012Validator, ValidationError

from paperdump import dictionary
from paperdump.errors import PaperdumpError
from paperdump.expectations import columns_of

Config = dict[str, Any]


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON schema of the configuration, read once; it is not to be changed."""
    text = (dictionary.schemas_folder() / "config.schema.yaml").read_text("utf-8")
    return cast("dict[str, Any]", yaml.safe_load(text))


def resolve(given: Config) -> Config:
    """Check a configuration and complete it with the defaults of the schema.

    Mappings are merged key by key, so that giving one threshold keeps the others.

    Raises:
        PaperdumpError: Keys are unknown or values ill-typed; the message has a line for each,
            with the key, what was expected, and the nearest valid name.
    """
    rules = schema()
    problems = _not_finite(given) + [
        line
        for error in sorted(Draft202012Validator(rules).iter_errors(given), key=_place)
        for line in _explain(error)
    ]
    if not problems:
        problems = _unknown_fields(given)
    if problems:
        raise PaperdumpError("The configuration is not valid:\n  " + "\n  ".join(problems))
    return cast("Config", _with_defaults(given, rules))


def from_command_line(given: Config, on_command_line: Config) -> Config:
    """The settings, with those that --config gave as their YAML types.

    Snakemake reads ``--config "parse={max_mb: 8}"`` as a mapping of texts, and ``strict=true`` as
    a text; a text inside a section, and one that is to be true or false, is read again, as the YAML
    that it was.
    """
    switches = {k for k, part in schema()["properties"].items() if part.get("type") == "boolean"}
    typed = {
        key: _typed(value) if isinstance(value, dict) or key in switches else value
        for key, value in on_command_line.items()
    }
    return cast("Config", _merge(given, typed))


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return yaml.safe_load(value) if isinstance(value, str) else value


def _place(error: ValidationError) -> str:
    return ".".join(str(part) for part in error.absolute_path)


def _explain(error: ValidationError) -> list[str]:
    """One line per thing that is wrong: the key, what was expected, what was found."""
    place = _place(error)
    rules = cast("dict[str, Any]", error.schema)
    if error.validator == "additionalProperties":
        known = list(rules.get("properties", {}))
        return [
            f"{_join(place, key)}: unknown key{_nearest(key, known)}"
            for key in cast("dict[str, Any]", error.instance)
            if key not in known
        ]
    inner = [e for e in error.context or [] if e.validator == "additionalProperties"]
    if inner:
        return [line for e in inner for line in _explain(e)]
    if error.validator == "required":
        given = cast("dict[str, Any]", error.instance)
        missing = [key for key in rules["required"] if key not in given]
        # the library has an error for each that is missing
        if not str(error.message).startswith(f"'{missing[0]}'"):
            return []
        return [f"{_join(place, key)}: is missing" for key in missing]
    expected = _expectation(rules)
    line = f"{place or 'configuration'}: expected {expected}, found {error.instance!r}"
    if place in ("dumps", "results") and isinstance(error.instance, int | float):
        line += f"; a name of digits needs quotes of its own: --config {place}='\"2025\"'"
    return [line]


def _join(place: str, key: object) -> str:
    return f"{place}.{key}" if place else str(key)


def _nearest(key: object, known: list[str]) -> str:
    """The valid name that is most like a wrong one, and all of them where none is."""
    close = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; valid here: {', '.join(sorted(known))}" if known else ""


def _expectation(rules: dict[str, Any]) -> str:
    """What a part of the schema accepts, in words."""
    if "anyOf" in rules:
        return " or ".join(_expectation(option) for option in rules["anyOf"])
    if "enum" in rules:
        return " or ".join(repr(option) for option in rules["enum"])
    names = {
        "object": "a mapping",
        "array": "a list" if not rules.get("minItems") else "a non-empty list",
        "string": "a text" if not rules.get("minLength") else "a non-empty text",
        "integer": "a whole number",
        "number": "a number",
        "null": "null",
    }
    words = names.get(str(rules.get("type")), "another value")
    if rules.get("type") == "array" and "items" in rules:
        words += f" in which each is {_expectation(rules['items'])}"
        if rules.get("uniqueItems"):
            words += ", none twice"
    if rules.get("type") == "object" and rules.get("properties"):
        words += f" of {', '.join(rules['properties'])}"
    if "pattern" in rules:
        words += f" matching {rules['pattern']}"
    bounds = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
    }
    limits = [f"{says} {rules[key]}" for key, says in bounds.items() if key in rules]
    return words + (" " + " and ".join(limits) if limits else "")


def _not_finite(value: Any, place: str = "") -> list[str]:
    """Numbers that are none: YAML's .nan and .inf, which slip through bounds."""
    if isinstance(value, dict):
        return [line for k, v in value.items() for line in _not_finite(v, _join(place, k))]
    if isinstance(value, float) and not math.isfinite(value):
        return [f"{place}: expected a finite number, found {value}"]
    return []


def _unknown_fields(given: Config) -> list[str]:
    """Tables and fields that the settings of validation name and the data dictionary lacks."""
    known = {name: dictionary.table(name).column_names for name in dictionary.VALIDATED}
    problems: list[str] = []
    section = given.get("validate") or {}
    for scope, fields in section.get("completeness_by", {}).items():
        problems.extend(
            f"validate.completeness_by.{scope}.{field}: unknown field of sightings"
            f"{_nearest(field, known['sightings'])}"
            for field in (fields if isinstance(fields, dict) else {})
            if field not in known["sightings"]
        )
    for number, one in enumerate(section.get("expectations", [])):
        place = f"validate.expectations.{number}"
        if one["table"] not in known:
            table = one["table"]
            problems.append(f"{place}.table: unknown table {table!r}{_nearest(table, list(known))}")
            continue
        problems.extend(
            f"{place}: table {one['table']} has no column {column!r}"
            f"{_nearest(column, known[one['table']])}"
            for column in columns_of(one.get("arguments", {}))
            if column not in known[one["table"]]
        )
    for table, fields in section.get("completeness", {}).items():
        place = f"validate.completeness.{table}"
        if table not in known:
            problems.append(f"{place}: unknown table{_nearest(table, list(known))}")
            continue
        problems.extend(
            f"{place}.{field}: unknown field{_nearest(field, known[table])}"
            for field in fields
            if field not in known[table]
        )
    return problems


def _with_defaults(given: Any, rules: dict[str, Any]) -> Any:
    """A value completed with the defaults that a part of the schema states."""
    if rules.get("type") == "integer":
        return int(given)  # 2.0 is a whole number to JSON schema
    if rules.get("type") == "array":
        return _with_texts_for_days(given)
    if rules.get("type") != "object":
        return copy.deepcopy(given)
    default = rules.get("default", {})
    result = _merge(default, given)
    for key, part in rules.get("properties", {}).items():
        if key in result:
            result[key] = _with_defaults(result[key], part)
        elif "default" in part:
            result[key] = _with_defaults(copy.deepcopy(part["default"]), part)
    return result


def _with_texts_for_days(value: Any) -> Any:
    """A value in which a day, which YAML reads from 2025-01-31, is the text that it was."""
    if isinstance(value, dict):
        return {key: _with_texts_for_days(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_texts_for_days(inner) for inner in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _merge(default: Any, given: Any) -> Any:
    """A mapping over another, key by key at every depth; any other value replaces."""
    if not isinstance(default, dict) or not isinstance(given, dict):
        return copy.deepcopy(given)
    result = copy.deepcopy(default)
    for key, value in given.items():
        result[key] = _merge(result[key], value) if key in result else copy.deepcopy(value)
    return result


def dump_specs(config: Config) -> list[str]:
    """The ``dumps`` setting as a list."""
    dumps = config["dumps"]
    return [dumps] if isinstance(dumps, str) else list(dumps)


def thresholds(validate: Config) -> dict[str, dict[str, dict[str, float]]]:
    """The completeness thresholds of the ``validate`` section: table → field → severity → share."""
    result: dict[str, dict[str, dict[str, float]]] = {}
    for table, fields in validate["completeness"].items():
        for field, bound in fields.items():
            if isinstance(bound, dict):
                result.setdefault(table, {})[field] = dict(bound)
            elif bound is not None:
                result.setdefault(table, {})[field] = {"critical": float(bound)}
    return result


def results_folder(config: Config) -> Path:
    """The folder that results are written to.

    Raises:
        PaperdumpError: Its path has braces, which Snakemake reads as wildcards.
    """
    path: str = config["results"]
    if "{" in path or "}" in path:
        raise PaperdumpError(f"results: {path!r} has braces in it; give a folder without them.")
    return Path(path).expanduser()
