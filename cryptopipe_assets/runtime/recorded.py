"""What follows from a folder of recordings: coins to follow, sources, and how far back."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr

from cryptopipe_assets.collect.horizon import Horizon
from cryptopipe_assets.config.source_choice import SourceChoice
from cryptopipe_assets.core.coin_names import CoinNames, coin_names
from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.sandbox.recorded.daily import DailyRecordings, RecordedRows
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.vendors.keys import Keys

STANDIN_KEYS = Keys(
    coinalyze=SecretStr("recorded"),
    coinmarketcap=SecretStr("recorded"),
    coingecko=SecretStr("recorded-pro"),
    plans={"coingecko": "pro"},
)
"""The stand-in takes any key; these vendors need one, or one of a paid plan for their past."""


@lru_cache(maxsize=1)
def recordings(folder: Path) -> RecordedSource:
    """The recordings of a folder, read once."""
    return RecordedSource(folder)


def recorded_by_source(source: RecordedSource) -> dict[str, dict[str, bool]]:
    """Table to its sources, each with whether anything of it was recorded."""
    daily = source.daily()
    return {
        "open_interest": {
            "coinalyze": bool(daily.open_interest),
            "exchanges": bool(daily.points),
        },
        "market_cap": {
            "coinmarketcap": bool(daily.listings or daily.captures),
            "coingecko": bool(daily.chart_ids or daily.markets),
        },
    }


def recorded_sources(source: RecordedSource, preferred: SourceChoice) -> SourceChoice:
    """The first source of ``[sources]`` that was recorded, for each table with a choice."""
    chosen = {}
    for table, recorded in recorded_by_source(source).items():
        ordered = preferred.of(table) or tuple(recorded)
        found = [name for name in ordered if recorded.get(name)]
        chosen[table] = (found[0] if found else next(iter(recorded)),)
    return SourceChoice(**chosen)


def not_replayed(source: RecordedSource, preferred: SourceChoice) -> list[str]:
    """Recordings that another source of their table goes before, each in a sentence."""
    chosen = recorded_sources(source, preferred)
    said = []
    for table, recorded in recorded_by_source(source).items():
        (first,) = chosen.of(table) or ("",)
        said += [
            f"what was recorded of {name}: {table} is replayed from {first}, the first of "
            f"sources.{table} that was recorded; put {name} before it in cryptopipe.toml to take it"
            for name, is_there in recorded.items()
            if is_there and name != first
        ]
    return said


def rows_of_chosen(
    source: RecordedSource, preferred: SourceChoice, first: date, last: date
) -> list[RecordedRows]:
    """Count what is replayed of the days, by series: open interest of the chosen source only."""
    own = recorded_sources(source, preferred).of("open_interest") == ("exchanges",)
    return [
        each
        for each in source.rows(first, last)
        if each.table != "open_interest" or (each.source == "coinalyze") != own
    ]


def lists_taken(source: RecordedSource, preferred: SourceChoice) -> tuple[datetime, ...]:
    """Instants at which the chosen source's list of coins was taken, ascending."""
    daily = source.daily()
    of_gecko = recorded_sources(source, preferred).of("market_cap") == ("coingecko",)
    return daily.markets if of_gecko else daily.captures


def recorded_universe(
    source: RecordedSource, preferred: SourceChoice, names: CoinNames | None = None
) -> Universe:
    """Follow what was recorded, table by table.

    Tiers hold the coins of Binance's contracts. What other vendors recorded is followed beyond
    them: daily open interest and funding, and prices; without prices, all that was listed.
    """
    sources = recorded_sources(source, preferred)
    now = int(source.clock().timestamp() * 1000)
    coin = {each.symbol: split_multiplier(each.base)[0] for each in source.instruments(now)}
    coverage, daily = source.coverage(), source.daily()
    recorded = {
        table: frozenset(coin[symbol] for symbol in coverage.get(table, {}))
        for table in ("ohlcv_1m", "funding_rate")
    }
    measured = daily.points if sources.of("open_interest") == ("exchanges",) else {}
    interest = frozenset(coin[symbol] for symbol in measured)
    priced = frozenset(product.partition("-")[0] for product in daily.prices)
    if sources.of("market_cap") == ("coingecko",):
        valued = priced | frozenset(daily.chart_ids)
    else:
        valued = priced or frozenset(daily.tickers)
    return Universe(
        venue="binance",
        quote=None,
        tiers={"recorded": tuple(sorted(frozenset().union(*recorded.values(), interest)))},
        only=recorded | {"open_interest": interest, "market_cap": frozenset()},
        beyond={
            "open_interest": frozenset() if interest else _coins(daily, list(daily.open_interest)),
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
        charted=daily.chart_ids,
        coinbase_prices=bool(daily.prices),
        coinalyze_funding=bool(daily.funding),
    )


def _coins(daily: DailyRecordings, symbols: list[str]) -> frozenset[str]:
    """Coins of Coinalyze's symbols, by its own list of markets."""
    bases = {daily.bases[symbol].upper() for symbol in symbols}
    return frozenset(split_multiplier(base)[0] for base in bases)
