"""What a day of market data costs in calls, counted by the stand-in over a simulated day.

The universe is that of the original pipeline, so that the figure can be held against its own: two
coins every 15 minutes and eight every hour, a call for each, and nine macro series a day. Here one
call tells all ten coins, so all ten are told every 15 minutes.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import polars as pl
import typer

from cryptopipe_assets.cli.console import frame_table, out
from cryptopipe_assets.cli.options import settings_for
from cryptopipe_assets.collect.contract_lives import admitted
from cryptopipe_assets.collect.market_cap_coingecko import from_coingecko
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.core.coin_kinds import with_kind
from cryptopipe_assets.core.schema import stamped
from cryptopipe_assets.core.time import DAY, midnight, utcnow
from cryptopipe_assets.runtime.resources import universe
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock, World, simulated_world
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.market_cap import MarketCap

TIERS = {
    "high_frequency": Tier(every_minutes=15, tables=("market_cap",), coins=("BTC", "ETH")),
    "hourly": Tier(
        every_minutes=60,
        tables=("market_cap",),
        coins=("USDT", "SOL", "XRP", "TAO", "FET", "AGIX", "RENDER", "OCEAN"),
    ),
}
EVERY = timedelta(minutes=15)
FIRST = timedelta(minutes=1)
"""After midnight: no schedule meets the very instant of a day's close."""

LISTING = ("coingecko", "coins/markets")
CEILING = 105
ORIGINAL = 2 * 96 + 8 * 24 + 9
"""Calls a day of the original pipeline; the nine are of macro series, which are not market data."""


@dataclass(frozen=True)
class MeasuredDay:
    """A simulated day of market data.

    Attributes
    ----------
    calls
        Requests that the stand-in answered, by (vendor, endpoint).
    rows
        What was stored of the followed coins: columns of ``market_cap``.
    closing
        Further requests for the prices of the day's very end.
    """

    calls: Counter[tuple[str, str]]
    rows: pl.DataFrame
    closing: Counter[tuple[str, str]]


def command(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day to simulate, YYYY-MM-DD. Default: yesterday."),
    ] = None,
) -> None:
    """Count the API calls that a simulated day of market data costs, per vendor."""
    calls(settings_for(None), (day or utcnow() - DAY).date())


def calls(settings: Settings, day: date) -> None:
    """Measure a day and print its calls per vendor, beside the original's count."""
    show(measure(settings, day), day)


def show(measured: MeasuredDay, day: date) -> None:
    """Print a measured day."""
    spent = pl.DataFrame(
        [(vendor, endpoint, count) for (vendor, endpoint), count in measured.calls.items()],
        schema={"vendor": pl.String, "endpoint": pl.String, "calls": pl.Int64},
        orient="row",
    ).sort("vendor", "endpoint")
    coins = measured.rows["coin"].n_unique()
    out.print(frame_table(spent, title=f"Calls of {day}"))
    total, rows = measured.calls.total(), measured.rows.height
    out.print(f"{total} calls brought {rows} rows: each of {coins} coins {rows // coins} times.")
    out.print(
        f"Where no minute bars tell a day's last price, its exact close takes a call a coin more, "
        f"once: {measured.closing.total()}."
    )
    out.print(
        f"At most {CEILING} are allowed. The original's ceiling is {ORIGINAL}, 9 of them macro."
    )


def measure(settings: Settings, day: date) -> MeasuredDay:
    """Collect the day's market data every 15 minutes, as the asset ``market_cap`` does."""
    own = settings.with_config(tiers=TIERS)
    coins = universe(own).coins(MarketCap.table_name())
    clock = SimulatedClock(midnight(day) + FIRST)
    tomorrow = day + DAY
    with TemporaryDirectory() as folder, simulated_world(own, clock) as world:
        lake = Lake(Path(folder))
        for _ in clock.ticks(EVERY, until=midnight(tomorrow)):
            _collect(world, lake, coins, [day])
        rows = lake.read(MarketCap, day).filter(pl.col("coin").is_in(coins))
        spent = world.standin.calls.copy()
        _collect(world, lake, coins, [tomorrow])
        tick = world.standin.calls.copy()
        clock.set(midnight(tomorrow) + timedelta(minutes=5))
        _collect(world, lake, coins, [day, tomorrow])
        closing = world.standin.calls - tick - Counter({LISTING: 1})
        return MeasuredDay(spent, _meant(rows), closing)


def _collect(world: World, lake: Lake, coins: list[str], days: list[date]) -> None:
    stored = lake.scan(MarketCap, days[0], days[-1]).collect()
    gathered = asyncio.run(from_coingecko(world.vendors, coins, days, stored=stored))
    rows = stamped(with_kind(gathered.rows), MarketCap, source=gathered.source, at=gathered.at)
    checked = admitted(lake, MarketCap, MarketCap.conform(rows)).rows
    for day in days:
        lake.upsert(MarketCap, checked.filter(pl.col("ts").dt.date() == day), day)


def _meant(rows: pl.DataFrame) -> pl.DataFrame:
    """Of coins that share a ticker, the one that is asked for on every tick."""
    largest = rows.sort("market_cap_usd").unique("coin", keep="last")
    return rows.join(largest, on="coin_id", how="semi")
