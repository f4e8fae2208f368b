"""A contract that joins the universe, or becomes another one, gets its past fetched."""

import json

import dagster as dg
import polars as pl

from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.defs.partitions import SYMBOLS
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

INTERVAL_SECONDS = 60
BEHIND_THE_TICKS = {"dagster/priority": "-10"}
"""A history may wait for hours; the newest bars may not wait for it."""

IDENTITY = ("vendor_symbol", "contract_multiplier", "listed_at")
"""What makes a contract of the same name another one: a new listing, unit or spelling."""


def symbols_sensor(*, is_live: bool) -> dg.SensorDefinition:
    """The sensor; running from the start with real vendors.

    Parameters
    ----------
    is_live
        Whether requests go to real vendors. With the stand-in somebody switches it on in the UI.
    """

    @dg.sensor(
        name="new_symbols",
        target=dg.AssetSelection.assets("symbol_history"),
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=(
            dg.DefaultSensorStatus.RUNNING if is_live else dg.DefaultSensorStatus.STOPPED
        ),
        description=(
            "Adds a partition for every contract of the universe that has none, and fetches its "
            "past; again when the venue lists it anew or in another unit."
        ),
    )
    def new_symbols(
        context: dg.SensorEvaluationContext,
        warehouse: dg.ResourceParam[Warehouse],
        universe: dg.ResourceParam[Universe],
    ) -> dg.SensorResult | dg.SkipReason:
        found = identities(warehouse, universe)
        if not found:
            return dg.SkipReason(
                "no followed contract in the registry yet: materialise instruments"
            )
        known: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        fetched = set(context.instance.get_dynamic_partitions(str(SYMBOLS.name)))
        # A partition without a cursor was added by `cryptopipe history`, which fetched it.
        asked = {
            symbol: identity
            for symbol, identity in found.items()
            if symbol not in fetched or known.get(symbol, identity) != identity
        }
        added = sorted(set(asked) - fetched)
        return dg.SensorResult(
            dynamic_partitions_requests=[SYMBOLS.build_add_request(added)] if added else [],
            run_requests=[
                dg.RunRequest(
                    partition_key=symbol, run_key=f"{symbol} {identity}", tags=BEHIND_THE_TICKS
                )
                for symbol, identity in sorted(asked.items())
            ],
            cursor=json.dumps({**known, **found}, sort_keys=True),
        )

    return new_symbols


def identities(warehouse: Warehouse, universe: Universe) -> dict[str, str]:
    """Followed contracts, and what would show another contract of the same name."""
    known = latest(warehouse.lake.read(Instruments), INSTRUMENT)
    followed = universe.followed(universe.with_tiers(known.drop("tier")), Ohlcv1m.table_name())
    told = followed.select("symbol", identity=pl.concat_str(IDENTITY, separator=" "))
    return dict(told.iter_rows())
