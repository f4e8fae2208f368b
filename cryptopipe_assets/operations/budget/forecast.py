"""How many calls the timetable will make: per round, table, vendor and endpoint. Pure.

Counted as if each round finds the one before it done. Where the exact number depends on what
comes back, it is the larger one, so a forecast is rarely below what is spent; a backfill, a
repair, retries, and the optional ``coinbase_prices`` and ``coinalyze_funding`` come on top.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil

from cryptopipe_assets.config.settings import Config
from cryptopipe_assets.core.recurrence import DAY
from cryptopipe_assets.operations.schedule.rounds import CLOSED_DAYS, REGISTRY, Round, rounds

CONTRACTS_A_COIN = {"binance": 2, "bybit": 2, "coinalyze": 15}
"""Taken for granted of a coin of which nothing is stored yet."""

BARS_A_PAGE, BARS_A_WEIGHT = 499, 99
SETTLEMENTS_A_PAGE, SETTLEMENTS_AN_HOUR = 1000, 150
CATEGORIES = 2
COINS_A_REQUEST = 250
COINMARKETCAP_COINS = 300
COINS_A_CREDIT, PAST_COINS_A_CREDIT = 200, 100
HYPERLIQUID_WEIGHT = 20


@dataclass(frozen=True, kw_only=True)
class Contracts:
    """How many contracts of a coin a vendor is asked for, where it is known.

    Attributes
    ----------
    known
        (vendor, coin) to a count.
    """

    known: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def of(self, vendor: str, coins: tuple[str, ...]) -> int:
        """Contracts of all these coins at one vendor."""
        usual = CONTRACTS_A_COIN[vendor]
        return sum(self.known.get((vendor, coin), usual) for coin in coins)


@dataclass(frozen=True, kw_only=True)
class RequestCost:
    """What a table asks of one endpoint each time: ``units`` is what the limit counts."""

    vendor: str
    family: str
    endpoint: str
    calls: int
    units: int


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a round asks for one table at each of its instants, ``a_day`` times a day."""

    round: Round
    table: str
    cost: RequestCost
    a_day: int

    @property
    def calls(self) -> int:
        """Calls of a day."""
        return self.cost.calls * self.a_day

    @property
    def units(self) -> int:
        """Units of a day."""
        return self.cost.units * self.a_day


@dataclass(frozen=True, kw_only=True)
class TableRequest:
    """What decides the number of calls for a table at an instant of a round."""

    round: Round
    coins: tuple[str, ...]
    contracts: Contracts

    @property
    def days(self) -> int:
        """Days that are asked for."""
        return self.round.days_before + 1


def forecast(
    config: Config, sources: Mapping[str, str | None], contracts: Contracts
) -> list[Demand]:
    """What all rounds of a day ask, in the timetable's order.

    Parameters
    ----------
    sources
        Table to the source that is asked for it, for ``open_interest`` and ``market_cap``.
    """
    return [
        Demand(round=each, table=table, cost=cost, a_day=each.recurrence.per_day)
        for each in rounds(config)
        for table in each.tables
        if table in COSTS and (coins := followed(config, each, table))
        for cost in COSTS[table](
            TableRequest(round=each, coins=coins, contracts=contracts), sources.get(table)
        )
        if cost.units
    ]


def followed(config: Config, round_: Round, table: str) -> tuple[str, ...]:
    """Coins that a round asks for one of its tables."""
    tiers = [config.tiers[round_.tier]] if round_.tier else list(config.tiers.values())
    return tuple(
        coin for tier in tiers if table == REGISTRY or table in tier.tables for coin in tier.coins
    )


def _one(vendor: str, family: str, endpoint: str, calls: int) -> RequestCost:
    """Calls that cost a unit each."""
    return RequestCost(vendor=vendor, family=family, endpoint=endpoint, calls=calls, units=calls)


def _instruments(_question: TableRequest, _source: str | None) -> Iterator[RequestCost]:
    yield _one("binance", "weight", "/fapi/v1/time", 1)
    yield _one("binance", "weight", "/fapi/v1/exchangeInfo", 1)
    yield _one("binance", "funding", "/fapi/v1/fundingInfo", 1)


def _bars(request: TableRequest, _source: str | None) -> Iterator[RequestCost]:
    """The minutes since the round before; closing finds them stored, but for today's newest."""
    minutes = min(request.round.recurrence.every_minutes, DAY)
    closes = request.round.days_before > 0
    pages = 1 if closes else ceil(minutes / BARS_A_PAGE)
    weight = 1 if closes or minutes <= BARS_A_WEIGHT else 2
    calls = pages * len(request.coins)
    yield _one("binance", "weight", "/fapi/v1/time", 2)
    yield RequestCost(
        vendor="binance",
        family="weight",
        endpoint="/fapi/v1/klines",
        calls=calls,
        units=calls * weight,
    )


def _funding(request: TableRequest, _source: str | None) -> Iterator[RequestCost]:
    """The days and the one before them, of all contracts at once or one by one: what is less."""
    hours = (request.days + 1) * 24
    of_all = 2 + hours * SETTLEMENTS_AN_HOUR // SETTLEMENTS_A_PAGE
    of_each = len(request.coins) * (2 + hours // SETTLEMENTS_A_PAGE)
    yield _one("binance", "weight", "/fapi/v1/time", 1)
    yield _one("binance", "funding", "/fapi/v1/fundingRate", min(of_all, of_each))


def _open_interest(request: TableRequest, source: str | None) -> Iterator[RequestCost]:
    if source == "coinalyze":
        symbols = request.contracts.of("coinalyze", request.coins)
        yield _one("coinalyze", "symbols", "/future-markets", 1)
        yield RequestCost(
            vendor="coinalyze",
            family="symbols",
            endpoint="/open-interest-history",
            calls=ceil(symbols / 20),
            units=symbols,
        )
        return
    here = request.contracts.of("binance", request.coins)
    there = request.contracts.of("bybit", request.coins)
    yield _one("binance", "weight", "/fapi/v1/time", 1)
    yield _one("binance", "futures_data", "/futures/data/openInterestHist", here)
    yield _one("bybit", "requests", "/v5/market/instruments-info", CATEGORIES)
    yield _one("bybit", "requests", "/v5/market/open-interest", there)
    yield _one("bybit", "requests", "/v5/market/mark-price-kline", there)
    yield _one("okx", "public", "/api/v5/public/instruments", 1)
    yield _one("okx", "public", "/api/v5/public/open-interest", 1)
    yield RequestCost(
        vendor="hyperliquid",
        family="weight",
        endpoint="/info metaAndAssetCtxs",
        calls=1,
        units=HYPERLIQUID_WEIGHT,
    )


def _market_cap(request: TableRequest, source: str | None) -> Iterator[RequestCost]:
    """The present of all coins; closing adds the past: a chart a coin, or a listing a day."""
    closes = request.round.days_before > 0
    if source == "coinmarketcap":
        past = CLOSED_DAYS if closes else 0
        spent = ceil(COINMARKETCAP_COINS / COINS_A_CREDIT)
        spent += past * ceil(COINMARKETCAP_COINS / PAST_COINS_A_CREDIT)
        listing = "/v1/cryptocurrency/listings"
        yield _one("coinmarketcap", "calls", f"{listing}/latest", 1)
        yield _one("coinmarketcap", "calls", f"{listing}/historical", past)
        yield RequestCost(
            vendor="coinmarketcap",
            family="credits",
            endpoint=f"{listing}/latest",
            calls=0,
            units=spent,
        )
    elif source == "coingecko":
        pages = ceil(len(request.coins) / COINS_A_REQUEST)
        yield _one("coingecko", "calls", "/coins/markets", pages)
        yield _one(
            "coingecko", "calls", "/coins/{id}/market_chart", len(request.coins) if closes else 0
        )


COSTS: Mapping[str, Callable[[TableRequest, str | None], Iterator[RequestCost]]] = {
    "instruments": _instruments,
    "ohlcv_1m": _bars,
    "funding_rate": _funding,
    "open_interest": _open_interest,
    "market_cap": _market_cap,
}
