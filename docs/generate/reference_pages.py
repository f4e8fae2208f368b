"""Pieces of the reference: the Python API, configuration, tests, examples, units."""

import inspect
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import facts
from facts import ROOT
from text import code, first_sentence, prose, table

import cryptopipe_assets
from cryptopipe_assets.core import errors as core_errors
from cryptopipe_assets.operations.table_description import TableDescription
from cryptopipe_assets.tables.quality.data_gaps import CAUSES


def python_api() -> str:
    """Return what the package shows of itself, for mkdocstrings to write from its docstrings.

    Functions first, then the classes that they answer with, and what those answer with.
    """
    shown = [getattr(cryptopipe_assets, name) for name in cryptopipe_assets.__all__]
    shown.append(TableDescription)
    return _documented(sorted(shown, key=inspect.isclass))


def errors() -> str:
    """Return the tree of the errors, and each for mkdocstrings to write from its docstring."""
    tree = re.search(r"::\n\n((?:    .*\n|\n)+)", core_errors.__doc__ or "")
    drawn = f"```text\n{inspect.cleandoc(tree[1])}\n```\n\n" if tree else ""
    found = vars(core_errors).values()
    return drawn + _documented(
        [
            each
            for each in found
            if inspect.isclass(each) and each.__module__ == core_errors.__name__
        ]
    )


def _documented(objects: Sequence[Any]) -> str:
    return "\n\n".join(f"::: {each.__module__}.{each.__qualname__}" for each in objects)


def toml() -> str:
    """Return cryptopipe.toml as it is delivered; its comments explain it."""
    return _file("cryptopipe.toml", "toml")


def env() -> str:
    """Return .env.example; its comments explain it."""
    return _file(".env.example", "sh")


def _file(name: str, language: str) -> str:
    text = (ROOT / name).read_text(encoding="utf-8").rstrip()
    return f'```{language} title="{name}"\n{text}\n```'


def make() -> str:
    """Return the targets of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z-]+):.*?## (.+)$", text, flags=re.MULTILINE)
    return table(("command", "what it does"), ((code(f"make {n}"), what) for n, what in found))


def tests() -> str:
    """Return the folders of tests with what each is for, as their first file or conftest says."""
    folders = sorted(
        each
        for each in (ROOT / "cryptopipe_tests").iterdir()
        if each.is_dir() and any(each.rglob("test_*.py"))
    )
    rows = [(code(each.name), len(list(each.rglob("test_*.py")))) for each in folders]
    return table(("folder of `cryptopipe_tests`", "files"), rows)


def units() -> str:
    """Return every unit that a column has, with how many columns and an example."""
    found: dict[str, list[str]] = {}
    for name, each in facts.tables().items():
        for column, unit in each.contract.units().items():
            found.setdefault(unit, []).append(f"{name}.{column}")
    rows = [(unit, len(names), code(names[0])) for unit, names in sorted(found.items())]
    return table(("unit", "columns", "for example"), rows)


def causes() -> str:
    """Return the causes of a gap with their evidence, in the order in which they are tried."""
    return table(("cause", "its evidence"), ((code(n), text) for n, text in CAUSES.items()))


def version() -> str:
    """Return the version of cryptopipe that the site is of."""
    return version_of("cryptopipe")


def sql_examples() -> str:
    """Return the SQL of `examples/sql`, each with its question."""
    return "\n\n".join(_example(path, "sql", "-- ") for path in _examples("sql"))


def python_examples() -> str:
    """Return the scripts of `examples/python`, each with its question."""
    return "\n\n".join(_example(path, "python", "# ") for path in _examples("python"))


def _examples(kind: str) -> Iterator[Path]:
    suffix = {"sql": "*.sql", "python": "*.py"}[kind]
    yield from sorted((ROOT / "examples" / kind).glob(suffix))


def _example(path: Path, language: str, comment: str) -> str:
    """A heading that asks, and the file as it is."""
    text = path.read_text(encoding="utf-8").strip()
    if language == "python":
        question = first_sentence(text.split('"""')[1])
    else:
        question = prose(text.splitlines()[0].removeprefix(comment))
    where = path.relative_to(ROOT)
    return f'### {question}\n\n```{language} title="{where}"\n{text}\n```'
