"""Every endpoint in use, once: how the stand-in counts it, how a fault finds it, how it is asked.

The chaos suite asks each of them through its faults, the live check asks the real vendors, and a
test walks over the stand-in's routes and misses those that are not here. A new endpoint is one
entry.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.open_interest import metrics_of_day, open_interest_history
from cryptopipe_assets.vendors.bybit.client import Bybit
from cryptopipe_assets.vendors.coinalyze.client import Coinalyze
from cryptopipe_assets.vendors.coinbase.client import Coinbase
from cryptopipe_assets.vendors.coingecko.client import CoinGecko
from cryptopipe_assets.vendors.coinmarketcap.client import CoinMarketCap
from cryptopipe_assets.vendors.gate.client import Gate
from cryptopipe_assets.vendors.hyperliquid.client import Hyperliquid
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.parsing.open_interest import Measured
from cryptopipe_assets.vendors.protocols import OffersInstruments, Wanted

BTC = {"BTCUSDT": "BTC-USDT-PERP"}
THREE = {**BTC, "DOGEUSDT": "DOGE-USDT-PERP", "1000PEPEUSDT": "1000PEPE-USDT-PERP"}
IDS = ["bitcoin", "dogecoin", "ethereum"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Extent:
    """When is asked, and about how much.

    Parameters
    ----------
    now
        The vendor's present.
    most
        The longest past that is asked for; null for as much as makes several pages.
    """

    now: datetime
    most: timedelta | None = None

    @property
    def hour(self) -> datetime:
        """The last full hour."""
        return self.now.replace(minute=0, second=0, microsecond=0)

    @property
    def day(self) -> date:
        """A day of which everything is published."""
        return (self.now - 3 * DAY).date()

    @property
    def month(self) -> date:
        """The first day of a month of which everything is published."""
        return (self.now - 70 * DAY).date().replace(day=1)

    def last(self, past: timedelta) -> dict[str, datetime]:
        """From a full hour, so long ago, until now."""
        return {"start": self.hour - self._at_most(past), "end": self.now}

    def last_hours(self, past: timedelta) -> dict[str, datetime]:
        """Full hours that are over."""
        return {"start": self.hour - self._at_most(past), "end": self.hour}

    def last_days(self, past: timedelta) -> dict[str, datetime]:
        """Days that are over."""
        midnight = self.hour.replace(hour=0)
        return {"start": midnight - self._at_most(past), "end": midnight}

    def _at_most(self, past: timedelta) -> timedelta:
        return past if self.most is None else min(past, self.most)


Ask = Callable[[Any, Extent], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint and how it is asked.

    Parameters
    ----------
    name
        What it is called in cases and reports.
    counted
        Vendor and endpoint as the stand-in counts them, see ``sandbox.endpoints``.
    match
        Finds its requests at the stand-in, for a fault.
    ask
        Asks the vendor's open client. Endpoints that one question needs together share it.
    fills_a_table
        Whether a table is filled from it: the live check asks no other.
    """

    name: str
    counted: tuple[str, str]
    match: str
    ask: Ask
    fills_a_table: bool = True

    @property
    def vendor(self) -> str:
        """The vendor as its client is called."""
        return self.counted[0]


async def _binance_time(client: Binance, much: Extent) -> Any:
    return await client.server_time()


def _with_count(found: ListedInstruments) -> Measured:
    return Measured(found.frame, {"passed_over": found.passed_over.height})


async def _binance_instruments(client: Binance, much: Extent) -> Any:
    return _with_count(await client.instruments())


async def _binance_klines(client: Binance, much: Extent) -> Any:
    return await client.klines(BTC, start=much.now - 12 * HOUR, end=much.now)


async def _binance_settlements_of_one(client: Binance, much: Extent) -> Any:
    return await client.settlements(BTC, **much.last(600 * HOUR))


async def _binance_settlements_of_all(client: Binance, much: Extent) -> Any:
    return await client.settlements(THREE, **much.last(30 * HOUR))


async def _binance_open_interest(client: Binance, much: Extent) -> Any:
    return await open_interest_history(client, BTC, **much.last(600 * HOUR), now=much.now)


async def _archive_klines(client: BinanceArchive, much: Extent) -> Any:
    return await client.klines_of_day("BTCUSDT", "BTC-USDT-PERP", much.day)


async def _archive_settlements(client: BinanceArchive, much: Extent) -> Any:
    return await client.settlements_of_month("BTCUSDT", "BTC-USDT-PERP", much.month)


async def _archive_metrics(client: BinanceArchive, much: Extent) -> Any:
    return await metrics_of_day(client, "BTCUSDT", "BTC-USDT-PERP", day=much.day)


def _wanted(much: Extent, past: timedelta) -> Wanted:
    """The days of a past of bitcoin, up to today."""
    window = much.last(past)
    days = (window["end"].date() - window["start"].date()).days
    first = window["start"].date()
    return Wanted(
        coins=frozenset({"BTC"}),
        days=tuple(first + number * DAY for number in range(days + 1)),
        now=much.now,
    )


async def _instruments(client: OffersInstruments, much: Extent) -> Any:
    return (await client.instruments()).frame


async def _gate_now(client: Gate, much: Extent) -> Any:
    return await client.hourly_open_interest(_wanted(much, HOUR))


async def _gate_settlements(client: Gate, much: Extent) -> Any:
    return await client.funding_settlements(_wanted(much, 600 * HOUR))


async def _open_interest_now(client: Any, much: Extent) -> Any:
    return await client.open_interest_now(await client.contracts())


async def _bybit_history(client: Bybit, much: Extent) -> Any:
    listed = await client.contracts()
    chosen = {name: each for name, each in listed.items() if name == "BTCUSDT"}
    return await client.open_interest(chosen, **much.last_hours(230 * HOUR))


async def _hyperliquid_now(client: Hyperliquid, much: Extent) -> Any:
    return await client.open_interest_now()


async def _coinalyze_markets(client: Coinalyze, much: Extent) -> Any:
    return await client.markets()


def _of_markets(work: Callable[[Coinalyze, pl.DataFrame, Extent], Awaitable[Any]]) -> Ask:
    """Ask about three contracts of two venues, which the list of markets names first."""

    async def ask(client: Coinalyze, much: Extent) -> Any:
        markets = (await client.markets()).filter(
            pl.col("symbol").is_in(list(THREE.values())), pl.col("venue").is_in(["binance", "okx"])
        )
        return await work(client, markets, much)

    return ask


async def _listings_latest(client: CoinMarketCap, much: Extent) -> Any:
    return await client.listings_latest(20)


async def _listings_historical(client: CoinMarketCap, much: Extent) -> Any:
    return await client.listings_historical(much.day, 20)


async def _quotes_latest(client: CoinMarketCap, much: Extent) -> Any:
    return await client.quotes_latest([1, 74, 1027])


async def _coinbase_products(client: Coinbase, much: Extent) -> Any:
    return await client.dollar_products()


async def _coinbase_days(client: Coinbase, much: Extent) -> Any:
    return await client.daily_closes({"BTC": "BTC-USD"}, **much.last_days(320 * DAY))


async def _coingecko_ping(client: CoinGecko, much: Extent) -> Any:
    return await client.ping()


async def _coingecko_markets(client: CoinGecko, much: Extent) -> Any:
    return await client.markets(IDS)


async def _coingecko_chart(client: CoinGecko, much: Extent) -> Any:
    return await client.market_chart("bitcoin", 100, coin="BTC")


async def _coingecko_ohlc(client: CoinGecko, much: Extent) -> Any:
    return await client.ohlc("bitcoin", 7)


ENDPOINTS = (
    Endpoint(
        name="binance time",
        counted=("binance", "time"),
        match="/binance/fapi/v1/time",
        ask=_binance_time,
    ),
    Endpoint(
        name="binance exchangeInfo",
        counted=("binance", "exchangeInfo"),
        match="exchangeInfo",
        ask=_binance_instruments,
    ),
    Endpoint(
        name="binance fundingInfo",
        counted=("binance", "fundingInfo"),
        match="fundingInfo",
        ask=_binance_instruments,
    ),
    Endpoint(
        name="binance klines",
        counted=("binance", "klines"),
        match="/binance/fapi/v1/klines",
        ask=_binance_klines,
    ),
    Endpoint(
        name="binance fundingRate of one",
        counted=("binance", "fundingRate"),
        match="fundingRate",
        ask=_binance_settlements_of_one,
    ),
    Endpoint(
        name="binance fundingRate of all",
        counted=("binance", "fundingRate"),
        match="fundingRate",
        ask=_binance_settlements_of_all,
        fills_a_table=False,  # the live check asks it once, of one
    ),
    Endpoint(
        name="binance openInterestHist",
        counted=("binance", "openInterestHist"),
        match="openInterestHist",
        ask=_binance_open_interest,
    ),
    Endpoint(
        name="archive klines of a day",
        counted=("binance-archive", "klines"),
        match=r"daily/klines/.*zip",
        ask=_archive_klines,
    ),
    Endpoint(
        name="archive fundingRate of a month",
        counted=("binance-archive", "fundingRate"),
        match=r"monthly/fundingRate/.*zip",
        ask=_archive_settlements,
    ),
    Endpoint(
        name="archive metrics of a day",
        counted=("binance-archive", "metrics"),
        match=r"daily/metrics/.*zip",
        ask=_archive_metrics,
    ),
    Endpoint(
        name="bybit instruments-info",
        counted=("bybit", "market/instruments-info"),
        match="instruments-info",
        ask=_instruments,
    ),
    Endpoint(
        name="bybit tickers",
        counted=("bybit", "market/tickers"),
        match="market/tickers",
        ask=_open_interest_now,
    ),
    Endpoint(
        name="bybit open-interest",
        counted=("bybit", "market/open-interest"),
        match="market/open-interest",
        ask=_bybit_history,
    ),
    Endpoint(
        name="bybit mark-price-kline",
        counted=("bybit", "market/mark-price-kline"),
        match="mark-price-kline",
        ask=_bybit_history,
    ),
    Endpoint(
        name="okx instruments",
        counted=("okx", "public/instruments"),
        match="okx/api/v5/public/instruments",
        ask=_instruments,
    ),
    Endpoint(
        name="okx open-interest",
        counted=("okx", "public/open-interest"),
        match="okx/api/v5/public/open-interest",
        ask=_open_interest_now,
    ),
    Endpoint(
        name="hyperliquid info",
        counted=("hyperliquid", "info"),
        match="hyperliquid/info",
        ask=_hyperliquid_now,
    ),
    Endpoint(
        name="hyperliquid info, contracts",
        counted=("hyperliquid", "info"),
        match="hyperliquid/info",
        ask=_instruments,
        fills_a_table=False,  # the live check asks it once, for both tables
    ),
    Endpoint(
        name="gate contracts",
        counted=("gate", "futures/usdt/contracts"),
        match="gate/api/v4/futures/usdt/contracts",
        ask=_instruments,
    ),
    Endpoint(
        name="gate tickers",
        counted=("gate", "futures/usdt/tickers"),
        match="gate/api/v4/futures/usdt/tickers",
        ask=_gate_now,
    ),
    Endpoint(
        name="gate funding_rate",
        counted=("gate", "futures/usdt/funding_rate"),
        match="gate/api/v4/futures/usdt/funding_rate",
        ask=_gate_settlements,
    ),
    Endpoint(
        name="coinalyze future-markets",
        counted=("coinalyze", "future-markets"),
        match="future-markets",
        ask=_coinalyze_markets,
    ),
    Endpoint(
        name="coinalyze open-interest",
        counted=("coinalyze", "open-interest"),
        match=r"coinalyze/v1/open-interest(\?|$)",
        ask=_of_markets(lambda client, markets, much: client.open_interest_now(markets)),
    ),
    Endpoint(
        name="coinalyze open-interest-history",
        counted=("coinalyze", "open-interest-history"),
        match="open-interest-history",
        ask=_of_markets(
            lambda client, markets, much: client.open_interest(markets, **much.last(30 * HOUR))
        ),
    ),
    Endpoint(
        name="coinalyze funding-rate-history",
        counted=("coinalyze", "funding-rate-history"),
        match="funding-rate-history",
        ask=_of_markets(
            lambda client, markets, much: client.funding_rates(
                markets, **much.last(30 * HOUR), interval="1hour"
            )
        ),
    ),
    Endpoint(
        name="coinalyze liquidation-history",
        counted=("coinalyze", "liquidation-history"),
        match="liquidation-history",
        ask=_of_markets(
            lambda client, markets, much: client.liquidations(markets, **much.last(30 * HOUR))
        ),
        fills_a_table=False,
    ),
    Endpoint(
        name="coinmarketcap listings/latest",
        counted=("coinmarketcap", "cryptocurrency/listings/latest"),
        match="listings/latest",
        ask=_listings_latest,
    ),
    Endpoint(
        name="coinmarketcap listings/historical",
        counted=("coinmarketcap", "cryptocurrency/listings/historical"),
        match="listings/historical",
        ask=_listings_historical,
    ),
    Endpoint(
        name="coinmarketcap quotes/latest",
        counted=("coinmarketcap", "cryptocurrency/quotes/latest"),
        match="quotes/latest",
        ask=_quotes_latest,
        fills_a_table=False,
    ),
    Endpoint(
        name="coinbase products",
        counted=("coinbase", "products"),
        match="coinbase/products$",
        ask=_coinbase_products,
    ),
    Endpoint(
        name="coinbase candles",
        counted=("coinbase", "products/candles"),
        match="BTC-USD/candles",
        ask=_coinbase_days,
    ),
    Endpoint(
        name="coingecko ping",
        counted=("coingecko", "ping"),
        match="coingecko/api/v3/ping",
        ask=_coingecko_ping,
        fills_a_table=False,
    ),
    Endpoint(
        name="coingecko coins/markets",
        counted=("coingecko", "coins/markets"),
        match="coins/markets",
        ask=_coingecko_markets,
    ),
    Endpoint(
        name="coingecko market_chart",
        counted=("coingecko", "coins/market_chart"),
        match="market_chart",
        ask=_coingecko_chart,
    ),
    Endpoint(
        name="coingecko ohlc",
        counted=("coingecko", "coins/ohlc"),
        match="bitcoin/ohlc",
        ask=_coingecko_ohlc,
        fills_a_table=False,
    ),
)

NOT_ASKED = {
    ("binance", "ping"): "for people who try the stand-in by hand",
    ("binance", "premiumIndex"): "no table holds a mark price yet",
    ("binance", "openInterest"): "the history's last bar is the same",
    ("okx", "market/tickers"): "no table holds a price of OKX yet",
    ("coinalyze", "funding-rate"): "settlements are collected, not forecasts",
}
"""What the stand-in serves and no client of ours asks, with the reason."""
