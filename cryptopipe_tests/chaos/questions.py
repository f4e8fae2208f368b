"""One question per endpoint in use, small, and asked through the vendors' real clients."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import SecretStr

from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.open_interest import metrics_of_day, open_interest_history
from cryptopipe_assets.vendors.bybit.client import Bybit
from cryptopipe_assets.vendors.coinalyze.client import Coinalyze
from cryptopipe_assets.vendors.coinbase.client import Coinbase
from cryptopipe_assets.vendors.coingecko.client import CoinGecko
from cryptopipe_assets.vendors.coinmarketcap.client import CoinMarketCap
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.hyperliquid.client import Hyperliquid
from cryptopipe_assets.vendors.okx.client import Okx
from cryptopipe_assets.vendors.parsing.perpetuals import Contract

NOW = datetime(2026, 3, 10, 9, 30, 20, tzinfo=UTC)
CANARY = "CG-canary-4f1d9a07"  # begins as CoinGecko's keys do
HOUR = timedelta(hours=1)
DAY_LONG = timedelta(days=1)
BTC = {"BTCUSDT": "BTC-USDT-PERP"}
THREE = {**BTC, "DOGEUSDT": "DOGE-USDT-PERP", "1000PEPEUSDT": "1000PEPE-USDT-PERP"}
IDS = ["bitcoin", "dogecoin", "ethereum"]


@dataclass
class Asking:
    """How the questions are asked: where, and how stubbornly.

    ``calls`` are the requests sent, filled when a question is over. ``state_folder`` is where
    samples of rejected answers go and ``shared_folder`` where circuits and bans are; null for
    nowhere.
    """

    address: str
    attempts: int = 3
    timeout_seconds: float = 0.4
    calls: dict[str, int] = field(default_factory=dict)
    state_folder: Path | None = None
    shared_folder: Path | None = None
    clock: Callable[[], datetime] = lambda: NOW

    def options(self, path: str) -> dict[str, Any]:
        return {
            "base_url": f"{self.address}/{path}",
            "attempts": self.attempts,
            "timeout_seconds": self.timeout_seconds,
            "backoff_seconds": 0.005,
            "clock": self.clock,
            "state_folder": self.shared_folder,
            "records": Records(folder=self.state_folder),
        }

    async def of(self, client: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """Ask one client, and note how often it asked."""
        try:
            async with client:
                return await work(client)
        finally:
            self.calls = dict(client.calls)


Ask = Callable[[Asking], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint and how it is asked. ``match`` finds its requests, for a fault."""

    name: str
    match: str
    ask: Ask

    @property
    def vendor(self) -> str:
        return self.name.partition(" ")[0]


def answer_of(said: Any) -> dict[str, pl.DataFrame]:
    """Return what a client answered as frames, whatever its form."""
    if isinstance(said, dict):
        rows = [
            vars(each) if isinstance(each, Contract) else {"name": name, "said": each}
            for name, each in said.items()
        ]
        return {"rows": pl.DataFrame(rows)}
    if isinstance(said, pl.DataFrame):
        return {"rows": said}
    if isinstance(said, str | datetime):
        return {"rows": pl.DataFrame({"said": [said]})}
    left_out = sorted((name, count) for name, count in said.left_out.items() if count)
    return {
        "rows": said.frame,
        "left_out": pl.DataFrame(left_out, schema=["why", "rows"], orient="row"),
    }


def _binance(work: Callable[[Binance], Awaitable[Any]]) -> Ask:
    return lambda asking: asking.of(Binance(**asking.options("binance")), work)


def _archive(work: Callable[[BinanceArchive], Awaitable[Any]]) -> Ask:
    return lambda asking: asking.of(BinanceArchive(**asking.options("binance-archive")), work)


def _coinalyze(work: Callable[[Coinalyze, pl.DataFrame], Awaitable[Any]]) -> Ask:
    async def both(client: Coinalyze) -> Any:
        listed = await client.markets()
        markets = listed.filter(
            pl.col("symbol").is_in(list(THREE.values())), pl.col("venue").is_in(["binance", "okx"])
        )
        return await work(client, markets)

    return lambda asking: asking.of(
        Coinalyze(**asking.options("coinalyze/v1"), api_key=SecretStr(CANARY)), both
    )


def _coinmarketcap(work: Callable[[CoinMarketCap], Awaitable[Any]]) -> Ask:
    return lambda asking: asking.of(
        CoinMarketCap(**asking.options("coinmarketcap"), api_key=SecretStr(CANARY)), work
    )


def _coingecko(work: Callable[[CoinGecko], Awaitable[Any]]) -> Ask:
    def ask(asking: Asking) -> Awaitable[Any]:
        options = asking.options("")
        del options["base_url"]
        free = f"{asking.address}/coingecko/api/v3"
        client = CoinGecko(
            **options,
            api_key=SecretStr(CANARY),
            plan="demo",
            addresses={"none": free, "demo": free},
        )
        return asking.of(client, work)

    return ask


def _bybit(work: Callable[[Bybit], Awaitable[Any]]) -> Ask:
    return lambda asking: asking.of(Bybit(**asking.options("bybit")), work)


def _coinbase(work: Callable[[Coinbase], Awaitable[Any]]) -> Ask:
    return lambda asking: asking.of(Coinbase(**asking.options("coinbase")), work)


async def _coinbase_days(client: Coinbase) -> Any:
    today = NOW.replace(hour=0, minute=0, second=0)
    return await client.daily_closes({"BTC": "BTC-USD"}, start=today - 320 * DAY_LONG, end=today)


async def _bybit_now(client: Bybit) -> Any:
    return await client.open_interest_now(await client.contracts())


async def _bybit_history(client: Bybit) -> Any:
    contracts = await client.contracts()
    asked = {name: each for name, each in contracts.items() if name == "BTCUSDT"}
    start = NOW.replace(minute=0, second=0) - 230 * HOUR
    return await client.open_interest(asked, start=start, end=NOW.replace(minute=0, second=0))


async def _okx_now(client: Okx) -> Any:
    return await client.open_interest_now(await client.contracts())


LAST_MINUTES = {"start": NOW - timedelta(hours=12), "end": NOW}
LAST_HOURS = {"start": NOW.replace(minute=0, second=0) - 30 * HOUR, "end": NOW}
LAST_WEEKS = {"start": NOW.replace(minute=0, second=0) - 600 * HOUR, "end": NOW}
DAY = date(2026, 3, 7)
MONTH = date(2026, 2, 1)

ENDPOINTS = (
    Endpoint(
        name="binance time",
        match="/binance/fapi/v1/time",
        ask=_binance(lambda client: client.server_time()),
    ),
    Endpoint(
        name="binance exchangeInfo",
        match="exchangeInfo",
        ask=_binance(lambda client: client.instruments()),
    ),
    Endpoint(
        name="binance fundingInfo",
        match="fundingInfo",
        ask=_binance(lambda client: client.instruments()),
    ),
    Endpoint(
        name="binance klines",
        match="/binance/fapi/v1/klines",
        ask=_binance(lambda client: client.klines(BTC, **LAST_MINUTES)),
    ),
    Endpoint(
        name="binance fundingRate of one",
        match="fundingRate",
        ask=_binance(lambda client: client.settlements(BTC, **LAST_WEEKS)),
    ),
    Endpoint(
        name="binance fundingRate of all",
        match="fundingRate",
        ask=_binance(lambda client: client.settlements(THREE, **LAST_HOURS)),
    ),
    Endpoint(
        name="binance openInterestHist",
        match="openInterestHist",
        ask=_binance(lambda client: open_interest_history(client, BTC, **LAST_WEEKS, now=NOW)),
    ),
    Endpoint(
        name="archive klines of a day",
        match=r"daily/klines/.*zip",
        ask=_archive(lambda client: client.klines_of_day("BTCUSDT", "BTC-USDT-PERP", DAY)),
    ),
    Endpoint(
        name="archive fundingRate of a month",
        match=r"monthly/fundingRate/.*zip",
        ask=_archive(lambda client: client.settlements_of_month("BTCUSDT", "BTC-USDT-PERP", MONTH)),
    ),
    Endpoint(
        name="archive metrics of a day",
        match=r"daily/metrics/.*zip",
        ask=_archive(lambda client: metrics_of_day(client, "BTCUSDT", "BTC-USDT-PERP", day=DAY)),
    ),
    Endpoint(
        name="bybit instruments-info",
        match="instruments-info",
        ask=_bybit(lambda client: client.contracts()),
    ),
    Endpoint(name="bybit tickers", match="market/tickers", ask=_bybit(_bybit_now)),
    Endpoint(name="bybit open-interest", match="market/open-interest", ask=_bybit(_bybit_history)),
    Endpoint(name="bybit mark-price-kline", match="mark-price-kline", ask=_bybit(_bybit_history)),
    Endpoint(
        name="okx instruments",
        match="okx/api/v5/public/instruments",
        ask=lambda asking: asking.of(Okx(**asking.options("okx")), lambda okx: okx.contracts()),
    ),
    Endpoint(
        name="okx open-interest",
        match="okx/api/v5/public/open-interest",
        ask=lambda asking: asking.of(Okx(**asking.options("okx")), _okx_now),
    ),
    Endpoint(
        name="hyperliquid info",
        match="hyperliquid/info",
        ask=lambda asking: asking.of(
            Hyperliquid(**asking.options("hyperliquid")), lambda client: client.open_interest_now()
        ),
    ),
    Endpoint(
        name="coinalyze future-markets",
        match="future-markets",
        ask=_coinalyze(lambda client, markets: client.markets()),
    ),
    Endpoint(
        name="coinalyze open-interest",
        match=r"coinalyze/v1/open-interest(\?|$)",
        ask=_coinalyze(lambda client, markets: client.open_interest_now(markets)),
    ),
    Endpoint(
        name="coinalyze open-interest-history",
        match="open-interest-history",
        ask=_coinalyze(lambda client, markets: client.open_interest(markets, **LAST_HOURS)),
    ),
    Endpoint(
        name="coinalyze funding-rate-history",
        match="funding-rate-history",
        ask=_coinalyze(
            lambda client, markets: client.funding_rates(markets, **LAST_HOURS, interval="1hour")
        ),
    ),
    Endpoint(
        name="coinalyze liquidation-history",
        match="liquidation-history",
        ask=_coinalyze(lambda client, markets: client.liquidations(markets, **LAST_HOURS)),
    ),
    Endpoint(
        name="coinmarketcap listings/latest",
        match="listings/latest",
        ask=_coinmarketcap(lambda client: client.listings_latest(20)),
    ),
    Endpoint(
        name="coinmarketcap listings/historical",
        match="listings/historical",
        ask=_coinmarketcap(lambda client: client.listings_historical(DAY, 20)),
    ),
    Endpoint(
        name="coinmarketcap quotes/latest",
        match="quotes/latest",
        ask=_coinmarketcap(lambda client: client.quotes_latest([1, 74, 1027])),
    ),
    Endpoint(
        name="coinbase products",
        match="coinbase/products$",
        ask=_coinbase(lambda client: client.dollar_products()),
    ),
    Endpoint(name="coinbase candles", match="BTC-USD/candles", ask=_coinbase(_coinbase_days)),
    Endpoint(
        name="coingecko ping",
        match="coingecko/api/v3/ping",
        ask=_coingecko(lambda client: client.ping()),
    ),
    Endpoint(
        name="coingecko coins/markets",
        match="coins/markets",
        ask=_coingecko(lambda client: client.markets(IDS)),
    ),
    Endpoint(
        name="coingecko market_chart",
        match="market_chart",
        ask=_coingecko(lambda client: client.market_chart("bitcoin", 100, coin="BTC")),
    ),
    Endpoint(
        name="coingecko ohlc",
        match="bitcoin/ohlc",
        ask=_coingecko(lambda client: client.ohlc("bitcoin", 7)),
    ),
)
"""Every endpoint that a table is filled from, and those of CoinGecko and Coinalyze beside them."""
