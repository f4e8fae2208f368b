"""What assets are given for a profile: where to write, which vendors to use, what to follow."""

from collections.abc import Callable, Collection
from datetime import datetime

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.horizon import Horizon
from cryptopipe_assets.collect.raw_archive.config_snapshot import Context
from cryptopipe_assets.collect.raw_archive.recorder import Recorder
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.config.tiers import TIERED, Tier
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.quant.strategies.strategy_set import active
from cryptopipe_assets.runtime import recorded as recorded_profile
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.on_demand import OnDemandSandbox
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.records import Records


def resources(settings: Settings) -> dict[str, object]:
    """What assets are given: where to write, which vendors to use, what to follow."""
    return {
        "warehouse": warehouse(settings),
        "vendors": vendor_clients(settings),
        "universe": universe(settings),
        "strategies": active(settings.config.strategies.active),
        "compat": settings.config.compat,
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
            recorded_profile.recordings(settings.environment.realdata),
            config.sources,
            config.coin_names,
        )
    return Universe(
        venue=config.universe.venue,
        quote=config.universe.quote,
        tiers={name: tier.coins for name, tier in config.tiers.items()},
        only=_of_tables(config.tiers.values()),
        names=config.coin_names,
    )


def _of_tables(tiers: Collection[Tier]) -> dict[str, frozenset[str]]:
    """Coins that each table follows: of the tiers that name it; signals those with bars."""
    named = {
        table: frozenset(coin for tier in tiers if table in tier.tables for coin in tier.coins)
        for table in TIERED
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
        raw_archive=recorders(settings),
        sources=settings.config.sources,
        keys=settings.keys,
        horizon=Horizon(
            first_day=settings.config.history.start,
            exchange_funding=collect.exchange_funding,
            coinbase_prices=collect.coinbase_prices,
            coinalyze_funding=collect.coinalyze_funding,
        ),
    )


def recorded_clients(settings: Settings) -> VendorClients:
    """Clients that request from a stand-in what was recorded."""
    recorded = recorded_profile.recordings(settings.environment.realdata)
    return VendorClients(
        limits=settings.config.vendors,
        missing_instrument="warn",
        standin=standin(settings),
        state_folder=None,
        records=Records(folder=settings.state_folder),
        sources=recorded_profile.recorded_sources(recorded, settings.config.sources),
        keys=recorded_profile.STANDIN_KEYS,
        horizon=recorded_profile.recorded_horizon(
            recorded, first_day=settings.config.history.start
        ),
    )


def recorders(settings: Settings) -> Callable[[Journal, Callable[[], datetime]], Recorder] | None:
    """Recorders for the raw archive, where collect.archive_raw of cryptopipe.toml is set."""
    if not settings.config.collect.archive_raw:
        return None
    found, archive = settings.keys, Archive(settings.warehouse)
    context = Context(
        profile=settings.environment.vendors,
        config=settings.config,
        keys=tuple(sorted(found.present())),
        coingecko_plan=found.stated_plan("coingecko"),
    ).model_dump_json()
    return lambda journal, wall: Recorder(archive, journal, context=context, wall=wall)


def standin(settings: Settings) -> OnDemandSandbox:
    """The stand-in of a profile that does not use the real vendors."""
    environment = settings.environment
    if environment.vendors == "recorded":
        return OnDemandSandbox(
            environment.sandbox_url, "recorded", lambda: RecordedSource(environment.realdata)
        )
    return OnDemandSandbox(settings.sandbox_url, "simulated", lambda: simulated(settings))


def simulated(settings: Settings) -> Source:
    """The simulated market of this seed."""
    return SimulatedSource(settings.config.sandbox.seed)
