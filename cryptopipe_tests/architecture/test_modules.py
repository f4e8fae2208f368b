"""Modules are worth opening: one of a few lines is used by several, or is one of a kind."""

import re

from cryptopipe_tests.places import ROOT

SHORT_LINES = 40
STILL_ALONE = 9
"""Short modules with one user that the rule of 250 lines left behind. This number only falls."""

OF_A_KIND = re.compile(
    r"cryptopipe_assets\.(definitions|api|cli\..*|tables\..*|quant\.(factors|strategies|alerts)\..*"
    r"|vendors\.\w+\.terms)"
)
"""An entry point, a command, a table, a family of factors, a strategy, an alert, a vendor."""


def modules() -> dict[str, str]:
    """Name to source of every module, a package under its own name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): (
            path.read_text(encoding="utf-8")
        )
        for path in (ROOT / "cryptopipe_assets").rglob("*.py")
    }


def users(name: str, sources: dict[str, str]) -> list[str]:
    """Modules with an import of the module, in whatever form."""
    package, _, last = name.rpartition(".")
    form = re.compile(
        rf"^\s*(?:from {re.escape(name)} import|import {re.escape(name)}\b"
        rf"|from {re.escape(package)} import (?:\([^)]*|.*)\b{last}\b)",
        flags=re.MULTILINE,
    )
    return [other for other, source in sources.items() if other != name and form.search(source)]


def test_a_short_module_is_used_by_two_others_or_is_one_of_a_kind():
    sources = modules()
    packages = {name.rpartition(".")[0] for name in sources}
    alone = [
        name
        for name, source in sources.items()
        if source.count("\n") < SHORT_LINES
        and name not in packages
        and not OF_A_KIND.fullmatch(name)
        and len(users(name, sources)) < 2
    ]
    assert len(alone) <= STILL_ALONE, sorted(alone)
