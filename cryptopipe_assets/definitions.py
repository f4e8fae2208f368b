"""The code location: every asset, check and resource of cryptopipe, as Dagster loads it."""

import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any, get_args

import dagster as dg

from cryptopipe_assets import defs as tables_package
from cryptopipe_assets import recorded_profile
from cryptopipe_assets.contracts import Table
from cryptopipe_assets.defs import automation
from cryptopipe_assets.defs.landing_sensor import import_landing, landed_files
from cryptopipe_assets.defs.notify_sensors import notify_sensors
from cryptopipe_assets.defs.reach import Reach
from cryptopipe_assets.defs.symbols_sensor import symbols_sensor
from cryptopipe_assets.defs.upkeep import upkeep
from cryptopipe_assets.defs.vendor_clients import Keys, VendorClients
from cryptopipe_assets.evidence.archive import Archive
from cryptopipe_assets.evidence.context import Context
from cryptopipe_assets.evidence.recorder import Recorder
from cryptopipe_assets.partitions import SYMBOLS
from cryptopipe_assets.sandbox.on_demand import OnDemandSandbox
from cryptopipe_assets.sandbox.recorded import RecordedSource
from cryptopipe_assets.sandbox.simulated import SimulatedSource
from cryptopipe_assets.sandbox.source import Source
from cryptopipe_assets.settings import Settings, load_settings
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.strategies.strategy_set import active
from cryptopipe_assets.tiers import Tier, TieredTable
from cryptopipe_assets.universe import Universe
from cryptopipe_assets.vendors.journal import Journal
from cryptopipe_assets.vendors.records import Records

LAYERS = ("collected", "features", "signals", "quality", "history")


def build(settings: Settings, **replaced: object) -> dg.Definitions:
    """Assemble the code location for these settings.

    Parameters
    ----------
    replaced
        Resources to use instead of those that follow from the settings: ``warehouse``,
        ``vendors``, ``universe``.
    """
    modules = list(table_modules())
    return dg.Definitions(
        assets=_with_links_to_their_files(dg.load_assets_from_modules(modules)),
        asset_checks=dg.load_asset_checks_from_modules(modules),
        jobs=[*automation.jobs(), import_landing],
        schedules=[*automation.schedules(settings), *upkeep(settings)],
        sensors=[
            derivation(settings),
            symbols_sensor(is_live=settings.origin == "live"),
            landed_files,
            *notify_sensors(settings),
        ],
        resources={**resources(settings), **replaced},
        # A step then costs 30 ms and not 2 s; what is parallel is inside the assets.
        executor=dg.in_process_executor,
    )


def _with_links_to_their_files(assets: Sequence[Any]) -> Sequence[Any]:
    """Let the UI open the file that a table is declared in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # the version is pinned
        return dg.with_source_code_references(assets)


def resources(settings: Settings) -> dict[str, object]:
    """What assets are given: where to write, whom to ask, what to follow."""
    return {
        "warehouse": warehouse(settings),
        "vendors": vendor_clients(settings),
        "universe": universe(settings),
        "strategies": active(settings.config.strategies.active),
    }


def warehouse(settings: Settings, lake: Lake | None = None) -> Warehouse:
    """The warehouse of these settings, with every table in its catalog."""
    return Warehouse(
        lake=lake or Lake(settings.warehouse),
        contracts=tuple(contracts().values()),
        origin=settings.origin,
    )


def universe(settings: Settings) -> Universe:
    """Tiers as cryptopipe.toml has them; every recorded instrument when replaying recordings."""
    config = settings.config
    if settings.environment.vendors == "recorded":
        return recorded_profile.recorded_universe(
            recorded_profile.recordings(settings.environment.realdata)
        )
    return Universe(
        venue=config.universe.venue,
        quote=config.universe.quote,
        tiers={name: tier.coins for name, tier in config.tiers.items()},
        only=_of_tables(config.tiers.values()),
    )


def _of_tables(tiers: Collection[Tier]) -> dict[str, frozenset[str]]:
    """Coins that each table follows: of the tiers that name it; signals those with bars."""
    named = {
        table: frozenset(coin for tier in tiers if table in tier.tables for coin in tier.coins)
        for table in get_args(TieredTable)
    }
    return named | {"signals": named["ohlcv_1m"]}


def vendor_clients(settings: Settings) -> VendorClients:
    """Clients of the profile: the real vendors, or a stand-in that starts when first needed."""
    collect, live = settings.config.collect, settings.environment.vendors == "live"
    if settings.environment.vendors == "recorded":
        return recorded_clients(settings)
    state = settings.state_folder
    return VendorClients(
        limits=settings.config.vendors,
        missing_instrument=collect.missing_instrument,
        standin=None if live else standin(settings),
        state_folder=state if live else None,  # a stand-in has nobody to share its limits with
        records=Records(folder=state),
        evidence=recorders(settings),
        sources=settings.config.sources,
        keys=keys(settings),
        reach=Reach(
            coinbase_prices=collect.coinbase_prices, coinalyze_funding=collect.coinalyze_funding
        ),
    )


def recorded_clients(settings: Settings) -> VendorClients:
    """Clients that ask a stand-in for what was recorded."""
    return VendorClients(
        limits=settings.config.vendors,
        missing_instrument="warn",
        standin=standin(settings),
        state_folder=None,
        records=Records(folder=settings.state_folder),
        sources=recorded_profile.RECORDED_SOURCES,
        keys=recorded_profile.STANDIN_KEYS,
        reach=recorded_profile.recorded_reach(
            recorded_profile.recordings(settings.environment.realdata)
        ),
    )


def recorders(settings: Settings) -> Callable[[Journal, Callable[[], datetime]], Recorder] | None:
    """Who keeps what the vendors answer, where cryptopipe.toml wants it kept."""
    if not settings.config.collect.archive_raw:
        return None
    found, archive = keys(settings), Archive(settings.warehouse)
    context = Context(
        profile=settings.environment.vendors,
        config=settings.config,
        keys=tuple(sorted(found.present())),
        coingecko_plan=found.coingecko_plan,
    ).model_dump_json()
    return lambda journal, wall: Recorder(archive, journal, context=context, wall=wall)


def keys(settings: Settings) -> Keys:
    """The environment's keys for the real vendors; a stand-in is told none.

    It would also hold us to the limits of a key: forty contracts a minute at Coinalyze.
    """
    environment = settings.environment
    if environment.vendors != "live":
        return Keys()
    return Keys(
        coinalyze=environment.coinalyze_api_key,
        coinmarketcap=environment.cmc_api_key,
        coingecko=environment.coingecko_api_key,
        coingecko_plan=environment.coingecko_plan,
    )


def standin(settings: Settings) -> OnDemandSandbox:
    """The stand-in of a profile that does not ask the real vendors."""
    environment = settings.environment
    if environment.vendors == "recorded":
        return OnDemandSandbox(
            environment.sandbox_url, "recorded", lambda: RecordedSource(environment.realdata)
        )
    return OnDemandSandbox(settings.sandbox_url, "simulated", lambda: simulated(settings))


def simulated(settings: Settings) -> Source:
    """The simulated market of this seed."""
    return SimulatedSource(settings.config.sandbox.seed)


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


def registries() -> frozenset[str]:
    """Names of the tables that have no days."""
    return frozenset(name for name, each in contracts().items() if not each.has_days())


def contracts() -> Mapping[str, type[Table]]:
    """Contract of every table by name, in the order of the layers."""
    return {
        contract.table_name(): contract
        for module in table_modules()
        for _, contract in inspect.getmembers(module, inspect.isclass)
        if issubclass(contract, Table) and contract.__module__ == module.__name__
    }


defs = build(load_settings())
