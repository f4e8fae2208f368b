"""Modules are worth opening: one of a few lines is used by several, or is one of a kind."""

import ast
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


def imported(source: str) -> set[str]:
    """Every name that a module imports, and what it may be a part of."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found


def test_a_short_module_is_used_by_two_others_or_is_one_of_a_kind():
    sources = modules()
    uses = {name: imported(source) for name, source in sources.items()}
    packages = {name.rpartition(".")[0] for name in sources}
    alone = [
        name
        for name, source in sources.items()
        if source.count("\n") < SHORT_LINES
        and name not in packages
        and not OF_A_KIND.fullmatch(name)
        and sum(name in each for other, each in uses.items() if other != name) < 2
    ]
    assert len(alone) <= STILL_ALONE, sorted(alone)
