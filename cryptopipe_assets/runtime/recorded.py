"""What follows from a folder of recordings: coins to follow, sources, and how far back."""

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr

from cryptopipe_assets.collect.horizon import Horizon
from cryptopipe_assets.config.settings import SourceChoice
from cryptopipe_assets.core.coin_names import CoinNames, coin_names
from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.sandbox.recorded.daily import DailyRecordings
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.vendors.keys import Keys

RECORDED_SOURCES = SourceChoice(open_interest=("coinalyze",), market_cap=("coinmarketcap",))
"""The vendors whose daily history can be recorded; the other ones give the present only."""

STANDIN_KEYS = Keys(coinalyze=SecretStr("recorded"), coinmarketcap=SecretStr("recorded"))
"""The stand-in takes any key; these vendors need one."""


@lru_cache(maxsize=1)
def recordings(folder: Path) -> RecordedSource:
    """The recordings of a folder, read once."""
    return RecordedSource(folder)


def recorded_universe(source: RecordedSource, names: CoinNames | None = None) -> Universe:
    """Follow what was recorded, table by table.

    Tiers hold the coins of Binance's contracts. What other vendors recorded is followed beyond
    them: daily open interest and funding, and prices; without prices, all that was listed.
    """
    now = int(source.clock().timestamp() * 1000)
    coin = {each.symbol: split_multiplier(each.base)[0] for each in source.instruments(now)}
    coverage, daily = source.coverage(), source.daily()
    recorded = {
        table: frozenset(coin[symbol] for symbol in coverage.get(table, {}))
        for table in ("ohlcv_1m", "funding_rate")
    }
    priced = frozenset(product.partition("-")[0] for product in daily.prices)
    valued = priced or frozenset(daily.tickers)
    return Universe(
        venue="binance",
        quote=None,
        tiers={"recorded": tuple(sorted(frozenset().union(*recorded.values())))},
        only=recorded | {"open_interest": frozenset(), "market_cap": frozenset()},
        beyond={
            "open_interest": _coins(daily, list(daily.open_interest)),
            "funding_rate": _coins(daily, list(daily.funding)),
            "market_cap": valued,
            "signals": valued,
        },
        names=names or coin_names(),
    )


def recorded_horizon(source: RecordedSource, *, first_day: date) -> Horizon:
    """Request the days that were recorded, and days instead of hours."""
    daily = source.daily()
    return Horizon(
        first_day=first_day,
        venues=("binance",),
        coinalyze_hours=timedelta(0),
        listing_days=frozenset(daily.listings),
        coinbase_prices=bool(daily.prices),
        coinalyze_funding=bool(daily.funding),
    )


def _coins(daily: DailyRecordings, symbols: list[str]) -> frozenset[str]:
    """Coins of Coinalyze's symbols, by its own list of markets."""
    bases = {daily.bases[symbol].upper() for symbol in symbols}
    return frozenset(split_multiplier(base)[0] for base in bases)
