"""The rooms of the house: each says its rule, vendors are strangers, and nobody else names them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptopipe_assets.vendors.catalog import NAMES, VENDORS
from cryptopipe_tests.places import ROOT

PACKAGE = ROOT / "cryptopipe_assets"
SHARED = {"http", "parsing", "_template"}
"""Folders of ``vendors`` that are no vendor."""

EXCLUSION = re.compile(r"\b(no|not|nothing|never|none|only|invents)\b", re.IGNORECASE)
CARD = ("Docs", "Auth", "History", "Symbols", "Numbers", "Terms")
MOST_ROOMS = 16

NAME_A_VENDOR = {
    "cli/calls.py",
    "collect/clients.py",
    "collect/funding.py",
    "collect/gaps/hourly_check.py",
    "collect/gaps/refetch.py",
    "collect/gaps/repair.py",
    "collect/gaps/table_survey.py",
    "collect/horizon.py",
    "collect/landing.py",
    "collect/market_cap.py",
    "collect/market_cap_coingecko.py",
    "collect/open_interest.py",
    "collect/raw_archive/config_snapshot.py",
    "collect/symbol_history.py",
    "config/settings.py",
    "core/coin_kinds.py",
    "core/single_contract.py",
    "defs/collected/funding_rate.py",
    "defs/collected/instruments.py",
    "defs/collected/market_cap.py",
    "defs/collected/ohlcv_1m.py",
    "defs/collected/open_interest.py",
    "defs/history/symbol_history.py",
    "defs/quality/data_gaps.py",
    "operations/doctor.py",
    "panels/daily_inputs.py",
    "runtime/recorded.py",
    "runtime/resources.py",
    "tables/collected/market_cap.py",
}
"""Files outside of the vendors' folders, the catalog and the stand-in that name a vendor. A file
that no longer does is taken out; none comes in."""


def rooms() -> list[Path]:
    return sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)


def test_where_the_tables_lie_is_known_to_storage_alone():
    """An object store has no paths: who needs one could not read a warehouse there."""
    asked = re.compile(r"\blake\.(path|root)\b|\bLake\([^()]*\)\.(path|root)\b")
    strangers = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] != "storage" and asked.search(path.read_text())
    ]
    assert strangers == []


def test_the_house_has_few_rooms_at_the_top_and_nothing_lies_loose():
    top = [path for path in rooms() if path.parent == PACKAGE]
    assert len(top) <= MOST_ROOMS
    loose = {path.name for path in PACKAGE.glob("*.py")}
    assert loose == {"__init__.py", "api.py", "definitions.py"}


@pytest.mark.parametrize("room", rooms(), ids=lambda each: str(each.relative_to(PACKAGE)))
def test_every_room_says_its_rule_and_what_does_not_belong_in_it(room):
    rule = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    assert rule
    is_a_vendors = room.parent == PACKAGE / "vendors" and room.name not in SHARED
    assert is_a_vendors or EXCLUSION.search(rule), rule


@pytest.mark.parametrize("vendor", NAMES)
def test_every_vendors_folder_opens_with_its_card(vendor):
    card = ast.get_docstring(ast.parse((PACKAGE / "vendors" / vendor / "__init__.py").read_text()))
    assert card
    missing = [word for word in CARD if not re.search(rf"^{word}\s", card, flags=re.MULTILINE)]
    assert missing == []


def test_every_folder_of_vendors_is_in_the_catalog():
    folders = {path.name for path in rooms() if path.parent == PACKAGE / "vendors"}
    assert folders - SHARED == set(NAMES) == set(VENDORS)


@pytest.mark.parametrize("vendor", NAMES)
def test_vendors_are_strangers_to_each_other(vendor):
    others = [name for name in NAMES if name != vendor]
    for path in (PACKAGE / "vendors" / vendor).rglob("*.py"):
        known = {
            other
            for module in imported(path)
            for other in others
            if module.startswith(f"cryptopipe_assets.vendors.{other}")
        }
        assert known == set(), path.name


def test_what_vendors_share_knows_none_of_them():
    for folder in ("http", "parsing"):
        for path in (PACKAGE / "vendors" / folder).rglob("*.py"):
            shared = [
                module
                for module in imported(path)
                if any(module.startswith(f"cryptopipe_assets.vendors.{name}") for name in NAMES)
            ]
            assert shared == [], path.name


@pytest.mark.slow
def test_a_vendor_is_named_in_its_folder_the_catalog_and_the_stand_in_alone():
    naming = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(PACKAGE / "vendors")
        and not path.is_relative_to(PACKAGE / "sandbox")
        and any(names_a_vendor(word) for word in words(path))
    }
    assert naming - NAME_A_VENDOR == set(), "ask the vendors' terms or protocols instead"
    assert NAME_A_VENDOR - naming == set(), "these name no vendor any more: take them out"


def imported(path: Path) -> Iterator[str]:
    """Modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def words(path: Path) -> Iterator[str]:
    """Names and texts of a file's code; docstrings and comments may explain."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explained = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in explained:
                yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def names_a_vendor(word: str) -> bool:
    # "gate" is also what stands before a write
    names = "|".join(name for name in NAMES if name != "gate")
    return re.search(rf"(?<![a-z])({names})(?![a-z])", word) is not None
