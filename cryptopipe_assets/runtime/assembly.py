"""The code location: every asset, check and resource of cryptopipe, as Dagster loads it."""

import importlib
import pkgutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any

import dagster as dg

from cryptopipe_assets import defs as tables_package
from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.defs.automation import schedules as automation
from cryptopipe_assets.defs.automation.landing_sensor import import_landing, landed_files
from cryptopipe_assets.defs.automation.notification_sensors import notify_sensors
from cryptopipe_assets.defs.automation.run_cleanup import clean_up_schedule
from cryptopipe_assets.defs.automation.run_processes import marked_executor
from cryptopipe_assets.defs.automation.symbols_sensor import symbols_sensor
from cryptopipe_assets.defs.automation.thinning_schedule import thin_snapshots_schedule
from cryptopipe_assets.defs.partitions import SYMBOLS
from cryptopipe_assets.defs.publishing.with_settings import with_settings
from cryptopipe_assets.runtime.resources import resources
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.catalog import LAYERS


def build(settings: Settings, **replaced: object) -> dg.Definitions:
    """Assemble the code location for these settings.

    Parameters
    ----------
    replaced
        Resources to use instead of those that follow from the settings: ``warehouse``,
        ``vendors``, ``universe``.
    """
    assets, checks = _declared()
    return dg.Definitions(
        assets=dg.map_asset_specs(with_settings(settings), assets),
        asset_checks=checks,
        jobs=[*automation.jobs(), import_landing],
        schedules=[
            *automation.schedules(settings),
            clean_up_schedule(settings),
            *thin_snapshots_schedule(settings),
        ],
        sensors=[
            derivation(settings),
            symbols_sensor(is_live=settings.is_live),
            landed_files,
            *notify_sensors(settings),
        ],
        resources=_with_one_clock({**resources(settings), **replaced}),
        # A step then costs 30 ms and not 2 s; what is parallel is inside the assets.
        executor=marked_executor,
    )


def _with_one_clock(given: dict[str, object]) -> dict[str, object]:
    """Let the warehouse publish by the clock that the vendors are asked by."""
    warehouse, vendors = given["warehouse"], given["vendors"]
    if isinstance(warehouse, Warehouse) and isinstance(vendors, VendorClients):
        return {**given, "warehouse": replace(warehouse, clock=vendors.clock)}
    return given


@cache
def _declared() -> tuple[Sequence[Any], Sequence[dg.AssetChecksDefinition]]:
    """Assets and checks as their files declare them, whatever the settings are."""
    modules = list(table_modules())
    assets = _with_links_to_their_files(dg.load_assets_from_modules(modules))
    return assets, dg.load_asset_checks_from_modules(modules)


def _with_links_to_their_files(assets: Sequence[Any]) -> Sequence[Any]:
    """Let the UI open the file that a table is declared in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # the version is pinned
        return dg.with_source_code_references(assets)


def derivation(settings: Settings) -> dg.AutomationConditionSensorDefinition:
    """Derive today's features as soon as what they stand on has changed."""
    live = settings.environment.vendors == "live"
    return dg.AutomationConditionSensorDefinition(
        "derive_features",
        target="*",
        default_status=(dg.DefaultSensorStatus.RUNNING if live else dg.DefaultSensorStatus.STOPPED),
        description="Materialises derived tables of today when their inputs were updated.",
    )


def table_modules() -> Iterator[ModuleType]:
    """Every file of the layers; each holds one table."""
    for layer in LAYERS:
        package = importlib.import_module(f"{tables_package.__name__}.{layer}")
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


def in_order(definitions: dg.Definitions) -> list[str]:
    """Names of the tables that a run over days fills, each after those it is made from."""
    per_symbol = {spec.key for spec in definitions.resolve_all_asset_specs() if is_per_symbol(spec)}
    keys = definitions.resolve_asset_graph().toposorted_asset_keys
    return [key.to_user_string() for key in keys if key not in per_symbol]


def is_per_symbol(spec: dg.AssetSpec) -> bool:
    """Whether a run of the table is about one symbol, and so apart from runs over days."""
    return spec.partitions_def == SYMBOLS
