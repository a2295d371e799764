"""What a result was made from: digests of code, of definitions and of inputs.

Snakemake does not see edits to the modules that a script imports. A rule's params therefore
hold a digest of every module its stage uses, imports of imports included.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from paperdump import dictionary

PACKAGE = __package__ or "paperdump"
SOURCE = Path(__file__).parent


def digest_of(value: object) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of a value's JSON form.

    Raises:
        TypeError: The value has no JSON form.
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _file_of(module: str) -> Path | None:
    """The source file of a module of this package, or None where there is no such module."""
    base = SOURCE.joinpath(*module.split(".")[1:])
    candidates = (base / "__init__.py", base.with_name(f"{base.name}.py"))
    return next((file for file in candidates if file.is_file()), None)


@functools.cache
def _imports_of(file: Path) -> set[str]:
    """The modules of this package that a source file imports, at any depth of its blocks."""
    found: set[str] = set()
    for node in _statements(ast.parse(_source(file), file)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    mine = {name for name in found if name.split(".")[0] == PACKAGE}
    # importing a.b.c runs a/__init__ and a.b/__init__ first
    parents = {name.rsplit(".", n)[0] for name in mine for n in range(1, name.count(".") + 1)}
    return {name for name in mine | parents if _file_of(name)}


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """The statements of a module, at any depth of its blocks: no expression holds one."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        for name in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):  # the body of a lambda is none
                pending += inner


@functools.cache
def modules_used(module: str) -> tuple[str, ...]:
    """The modules of this package that a module uses, itself included, sorted by name.

    Raises:
        FileNotFoundError: There is no such module.
    """
    seen: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        file = _file_of(name)
        if file is None:
            raise FileNotFoundError(f"no module {name}")
        pending.extend(_imports_of(file))
    return tuple(sorted(seen))


@functools.cache
def _source(file: Path) -> str:
    return file.read_text("utf-8").replace("\r\n", "\n")


def code_digest(modules: Iterable[str], scripts: Iterable[Path] = ()) -> str:
    """A digest of the source of modules, of all they import from this package, and of scripts.

    Version numbers in the package's ``__init__`` count as code: a new version reruns all.

    Raises:
        FileNotFoundError: A module or script does not exist.
    """
    used = sorted({name for module in modules for name in modules_used(module)})
    files = {name: _file_of(name) for name in used}
    texts = {name: _source(file) for name, file in files.items() if file}
    texts.update({script.name: _source(script) for script in scripts})
    return digest_of(texts)


def table_digest(names: Iterable[str]) -> str:
    """A digest of the definitions of tables in the data dictionary."""
    return digest_of(dictionary.as_document(sorted(names)))


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """The installed versions of packages, by name.

    Raises:
        importlib.metadata.PackageNotFoundError: One is not installed.
    """
    return {name: metadata.version(name) for name in sorted(names)}
