"""What every part of the platform needs is defined in one place."""

import ast

import pytest

from cryptopipe_tests.places import ROOT

PACKAGE = ROOT / "cryptopipe_assets"
WORDS_OF_TIME = {
    *("MINUTE", "HOUR", "DAY", "ONE_DAY", "EPOCH", "utcnow", "midnight", "milliseconds"),
    *("MINUTE_MS", "HOUR_MS", "DAY_MS"),
}


def defined(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (
                    part.id
                    for target in targets
                    for part in ast.walk(target)
                    if isinstance(part, ast.Name)
                )


@pytest.mark.slow
def test_spans_and_instants_of_time_are_defined_in_core():
    again = {
        str(path.relative_to(PACKAGE)): sorted(names)
        for path in PACKAGE.rglob("*.py")
        if (names := {name.lstrip("_") for name in defined(path)} & WORDS_OF_TIME)
    }
    assert again.pop("core/time.py") == sorted(WORDS_OF_TIME - {"ONE_DAY"})
    assert again == {}
