"""The code base keeps its own rules: one table, one file, one name, every column explained."""

import ast
import inspect
import subprocess
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from cryptopipe_assets.config.settings import History
from cryptopipe_assets.core.schema import Stamped, Table
from cryptopipe_assets.definitions import defs
from cryptopipe_assets.defs.partitions import DAYS, SYMBOLS, days_since
from cryptopipe_assets.runtime.assembly import build, in_order, is_per_symbol, table_modules
from cryptopipe_assets.storage.catalog.catalog import rebuild
from cryptopipe_assets.storage.catalog.view_set import VIEWS
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts

MODULES = list(table_modules())
CONTRACTS = contracts()
SPECS = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}

every_table = pytest.mark.parametrize("name", sorted(CONTRACTS))


def test_file_asset_contract_and_view_have_one_name(tmp_path):
    files = {module.__name__.rsplit(".", 1)[1] for module in MODULES}
    rebuild(Lake(tmp_path / "warehouse"), list(CONTRACTS.values()))
    import duckdb

    with duckdb.connect(str(tmp_path / "warehouse" / "cryptopipe.duckdb")) as connection:
        names = connection.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    derived = {view.name for view in VIEWS}
    assert not derived & files
    versions = {f"{name}_revisions" for name, each in CONTRACTS.items() if each.keeps_versions()}
    assert files == set(CONTRACTS) == set(SPECS) == {name for (name,) in names} - versions - derived


@every_table
def test_the_folder_of_a_table_is_its_layer_and_group(name):
    layer = CONTRACTS[name].__module__.split(".")[-2]
    assert SPECS[name].group_name == layer == SPECS[name].metadata["layer"]


@every_table
def test_every_column_has_a_unit_and_a_sentence(name):
    contract = CONTRACTS[name]
    assert all(contract.units().values())
    for column, sentence in contract.descriptions().items():
        assert len(sentence) > 5, column
        assert sentence.endswith("."), f"{column}: {sentence}"


def test_a_column_name_means_one_type_and_one_unit_everywhere():
    meanings = defaultdict(set)
    for contract in CONTRACTS.values():
        units = contract.units()
        for column, dtype in contract.polars_schema().items():
            meanings[column].add((str(dtype), units[column]))
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


@every_table
def test_every_row_says_when_it_became_usable(name):
    assert issubclass(CONTRACTS[name], Stamped)
    assert {"ts", "available_at"} <= set(CONTRACTS[name].columns())


@every_table
def test_the_ui_shows_the_columns_with_units_and_a_freshness_policy(name):
    spec = SPECS[name]
    schema = spec.metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == CONTRACTS[name].columns()
    assert all("[" in column.description for column in schema.columns)
    assert (spec.freshness_policy is None) is is_per_symbol(spec)
    assert spec.description


@every_table
def test_every_table_has_a_gate_and_a_quality_check(name):
    checks = {
        key.name
        for check in defs.resolve_asset_graph().asset_check_keys
        for key in (check,)
        if key.asset_key == dg.AssetKey(name)
    }
    assert "contract" in checks
    assert len(checks) > 1


def test_all_partitioned_tables_share_one_definition_of_days_or_the_one_of_symbols():
    partitioned = {name: spec.partitions_def for name, spec in SPECS.items() if spec.partitions_def}
    assert {name: each for name, each in partitioned.items() if each != DAYS} == {
        "symbol_history": SYMBOLS
    }


def test_the_graph_is_as_it_was_agreed():
    lines = [
        f"{name} <- {', '.join(sorted(dep.asset_key.to_user_string() for dep in SPECS[name].deps))}"
        for name in sorted(SPECS)
    ]
    agreed = (Path(__file__).parent / "graph.txt").read_text().splitlines()
    assert lines == agreed


def test_tables_come_after_what_they_are_made_from():
    order = in_order(defs)
    for name in order:
        for dep in SPECS[name].deps:
            assert order.index(dep.asset_key.to_user_string()) < order.index(name)


@pytest.mark.parametrize("module", MODULES, ids=lambda each: each.__name__.rsplit(".", 1)[1])
def test_a_table_has_its_contract_in_tables_and_its_asset_then_its_checks_in_defs(module):
    layer, name = module.__name__.rsplit(".", 2)[1:]
    assert CONTRACTS[name].__module__ == f"cryptopipe_assets.tables.{layer}.{name}"
    kinds = []
    for node in ast.parse(inspect.getsource(module)).body:
        marks = {ast.unparse(each).split("(")[0] for each in getattr(node, "decorator_list", [])}
        if "dg.asset" in marks:
            kinds.append("asset")
        elif "dg.asset_check" in marks:
            kinds.append("check")
        assert not (
            isinstance(node, ast.ClassDef) and issubclass(getattr(module, node.name), Table)
        )
    assert kinds[0] == "asset"
    assert set(kinds[1:]) == {"check"}


@pytest.mark.slow
def test_tables_are_imported_and_built_for_settings_that_no_file_holds(settings):
    script = (
        "from cryptopipe_assets.config import settings;"
        "settings.load_settings = lambda: 1 / 0;"
        "import cryptopipe_assets.runtime.assembly as assembly;"
        "list(assembly.table_modules())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    later = settings.with_config(history=History(start=date(2024, 5, 1)))
    for spec in build(later).resolve_all_asset_specs():
        if spec.partitions_def not in (None, SYMBOLS):
            assert spec.partitions_def == days_since(date(2024, 5, 1))


def test_definitions_can_be_loaded():
    dg.Definitions.validate_loadable(defs)
