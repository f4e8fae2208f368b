"""One small question to each real endpoint, through the clients that the tables use."""

from collections.abc import Awaitable, Callable, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.vendors.binance.open_interest import metrics_of_day, open_interest_history

BTC = {"BTCUSDT": "BTC-USDT-PERP"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COIN = "BTCUSDT_PERP.A"

Ask = Callable[[VendorClients, datetime], Awaitable[Any]]


@dataclass(frozen=True)
class Question:
    """An endpoint, how it is asked, and the vendor whose key it needs."""

    name: str
    ask: Ask
    key: Literal["coinalyze", "coinmarketcap"] | None = None


def amount(answer: Any) -> int:
    """How many things an answer has; one that cannot be counted is one."""
    frame = getattr(answer, "frame", answer)
    if isinstance(frame, pl.DataFrame):
        return frame.height
    return len(frame) if isinstance(frame, Sized) else 1


def _hours(now: datetime) -> dict[str, datetime]:
    whole = now.replace(minute=0, second=0, microsecond=0)
    return {"start": whole - 3 * HOUR, "end": whole}


def _of(client: str, work: Callable[[Any, datetime], Awaitable[Any]]) -> Ask:
    async def ask(vendors: VendorClients, now: datetime) -> Any:
        async with getattr(vendors, client)() as opened:
            return await work(opened, now)

    return ask


def _coinalyze(work: Callable[[Any, pl.DataFrame, datetime], Awaitable[Any]]) -> Ask:
    async def both(client: Any, now: datetime) -> Any:
        markets = (await client.markets()).filter(vendor_symbol=COIN)
        return await work(client, markets, now)

    return _of("coinalyze", both)


def _day(now: datetime) -> Any:
    return (now - 4 * DAY).date()


def _month(now: datetime) -> Any:
    return (now - 70 * DAY).date()


async def _bybit_history(client: Any, now: datetime) -> Any:
    listed = await client.contracts()
    return await client.open_interest({"BTCUSDT": listed["BTCUSDT"]}, **_hours(now))


async def _of_listed(client: Any, now: datetime) -> Any:
    return await client.open_interest_now(await client.contracts())


async def _coinbase_days(client: Any, now: datetime) -> Any:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return await client.daily_closes({"BTC": "BTC-USD"}, start=today - 3 * DAY, end=today)


QUESTIONS = (
    Question("binance time", _of("binance", lambda client, now: client.server_time())),
    Question(
        "binance exchangeInfo, fundingInfo",
        _of("binance", lambda client, now: client.instruments()),
    ),
    Question(
        "binance klines", _of("binance", lambda client, now: client.klines(BTC, **_hours(now)))
    ),
    Question(
        "binance fundingRate",
        _of("binance", lambda client, now: client.settlements(BTC, start=now - DAY, end=now)),
    ),
    Question(
        "binance openInterestHist",
        _of(
            "binance",
            lambda client, now: open_interest_history(client, BTC, **_hours(now), now=now),
        ),
    ),
    Question(
        "binance-archive klines",
        _of(
            "binance_archive",
            lambda client, now: client.klines_of_day("BTCUSDT", "BTC-USDT-PERP", _day(now)),
        ),
    ),
    Question(
        "binance-archive fundingRate",
        _of(
            "binance_archive",
            lambda client, now: client.settlements_of_month(
                "BTCUSDT", "BTC-USDT-PERP", _month(now)
            ),
        ),
    ),
    Question(
        "binance-archive metrics",
        _of(
            "binance_archive",
            lambda client, now: metrics_of_day(client, "BTCUSDT", "BTC-USDT-PERP", day=_day(now)),
        ),
    ),
    Question("bybit instruments-info", _of("bybit", lambda client, now: client.contracts())),
    Question("bybit tickers", _of("bybit", _of_listed)),
    Question("bybit open-interest, mark-price-kline", _of("bybit", _bybit_history)),
    Question("okx instruments", _of("okx", lambda client, now: client.contracts())),
    Question("okx open-interest", _of("okx", _of_listed)),
    Question(
        "hyperliquid metaAndAssetCtxs",
        _of("hyperliquid", lambda client, now: client.open_interest_now()),
    ),
    Question("coinbase products", _of("coinbase", lambda client, now: client.dollar_products())),
    Question("coinbase candles", _of("coinbase", _coinbase_days)),
    Question("coingecko coins/markets", _of("coingecko", lambda client, now: client.markets())),
    Question(
        "coingecko market_chart",
        _of("coingecko", lambda client, now: client.market_chart("bitcoin", 100, coin="BTC")),
    ),
    Question(
        "coinalyze future-markets",
        _of("coinalyze", lambda client, now: client.markets()),
        key="coinalyze",
    ),
    Question(
        "coinalyze open-interest",
        _coinalyze(lambda client, markets, now: client.open_interest_now(markets)),
        key="coinalyze",
    ),
    Question(
        "coinalyze open-interest-history",
        _coinalyze(lambda client, markets, now: client.open_interest(markets, **_hours(now))),
        key="coinalyze",
    ),
    Question(
        "coinalyze funding-rate-history",
        _coinalyze(
            lambda client, markets, now: client.funding_rates(markets, start=now - 3 * DAY, end=now)
        ),
        key="coinalyze",
    ),
    Question(
        "coinmarketcap listings/latest",
        _of("coinmarketcap", lambda client, now: client.listings_latest(10)),
        key="coinmarketcap",
    ),
    Question(
        "coinmarketcap listings/historical",
        _of("coinmarketcap", lambda client, now: client.listings_historical(_day(now), 10)),
        key="coinmarketcap",
    ),
)
