"""What a backfill will request from each vendor, and how long that takes at our share. Pure.

An estimate: what is stored already is not requested again, and is not known here; nor is on how
many contracts a venue has positions of a coin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from cryptopipe_assets.core.calendar import midnight, months
from cryptopipe_assets.vendors.binance.transports import plan, spans_of
from cryptopipe_assets.vendors.coingecko.client import COINS_A_PAGE
from cryptopipe_assets.vendors.coingecko.plans import TERMS, Plan
from cryptopipe_assets.vendors.http.limits import Vendors

FILE_AND_CHECKSUM = 2
LARGEST, COINS_A_CREDIT, COINS_A_PAST_CREDIT = 300, 200, 100
"""Coins of a listing of CoinMarketCap; and those that a credit buys, of now and of a past day."""
BARS_A_PAGE, SETTLEMENTS_A_PAGE, STATISTICS_A_PAGE = 499, 1000, 500
POINTS_A_BYBIT_PAGE = 200
BYBIT_CONTRACTS_A_COIN = 2
"""Linear and inverse, which most followed coins have."""
BYBIT_SERIES = 2
"""Open interest, and the mark prices that give its value."""
BYBIT_LISTS = 2
"""Lists of contracts that a run requests: linear and inverse."""
MINUTES_A_DAY, HOURS_A_DAY = 1440, 24
STATISTICS_KEPT = timedelta(days=28)
"""How far back Binance gives open interest by REST; before that the archive's daily files do."""
SECONDS_A_FILE = 0.3
"""Of the archive, which states no limit: what a download and its reading take."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A contract to fetch: its coin, and its life as far as it is known."""

    symbol: str
    coin: str
    listed: date
    delisted: date | None = None

    def days_in(self, days: Sequence[date]) -> list[date]:
        """Days of the chunk on which it was listed."""
        end = self.delisted or date.max
        return [day for day in days if self.listed <= day <= end]


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one table requests from one vendor.

    Attributes
    ----------
    calls
        Requests, archive files and their checksums included.
    seconds
        At our share of the vendor's limit.
    counted
        Units that count against the vendor's days and months; 0 where it has no such limit.
    """

    table: str
    vendor: str
    what: str
    calls: int
    seconds: float
    counted: int = 0


def estimate(
    tables: Sequence[str],
    contracts: Sequence[Followed],
    days: Sequence[date],
    *,
    limits: Vendors,
    coingecko_plan: Plan = "none",
    market_cap_of: str = "coingecko",
    now: datetime,
) -> list[Line]:
    """Calls and time for each table and vendor; tables that send no requests have no line."""
    made = {
        "ohlcv_1m": lambda: _bars(contracts, days, limits, now),
        "funding_rate": lambda: _funding(contracts, days, limits, now),
        "open_interest": lambda: _open_interest(contracts, days, limits, now),
        "market_cap": lambda: (
            _listings(days, limits, now)
            if market_cap_of == "coinmarketcap"
            else _market_cap(contracts, days, coingecko_plan, limits)
        ),
    }
    lines = [line for table in tables if table in made for line in made[table]()]
    return [each for each in lines if each.calls]


def _bars(
    contracts: Sequence[Followed], days: Sequence[date], limits: Vendors, now: datetime
) -> list[Line]:
    files = pages = 0
    for chunk in months(list(days)):
        for each in contracts:
            if not (own := each.days_in(chunk)):
                continue
            end = min(midnight(own[-1]) + timedelta(days=1), now)
            parts = plan(midnight(own[0]), end, now=now)
            files += FILE_AND_CHECKSUM * (len(parts.months) + len(parts.days))
            pages += ceil(len(parts.rest) * MINUTES_A_DAY / BARS_A_PAGE)
    per_second = limits.binance.planned(limits.binance.weight_per_minute) / 2 / 60
    return [
        _files("ohlcv_1m", "files and checksums", files, limits),
        Line(
            table="ohlcv_1m",
            vendor="binance",
            what=f"pages of {BARS_A_PAGE} bars",
            calls=pages,
            seconds=pages / per_second,
        ),
    ]


def _funding(
    contracts: Sequence[Followed], days: Sequence[date], limits: Vendors, now: datetime
) -> list[Line]:
    files = pages = 0
    for chunk in months(list(days)):
        start = midnight(chunk[0]) - timedelta(days=1)  # the day before gives the first interval
        end = min(midnight(chunk[-1]) + timedelta(days=1), now)
        parts = plan(start, end, now=now)
        spans = spans_of([*parts.days, *parts.rest], start=start, end=end)  # months only, by file
        asked = sum(
            ceil((until - since) / timedelta(hours=SETTLEMENTS_A_PAGE)) + 1  # and an empty page
            for since, until in spans
        )
        listed = sum(1 for each in contracts if each.days_in(chunk))
        files += listed * FILE_AND_CHECKSUM * len(parts.months)
        pages += listed * asked
    per_second = limits.binance.planned(limits.binance.funding_calls_per_5_minutes) / 300
    return [
        _files("funding_rate", "monthly files and checksums", files, limits),
        Line(
            table="funding_rate",
            vendor="binance",
            what=f"pages of {SETTLEMENTS_A_PAGE} settlements",
            calls=pages,
            seconds=pages / per_second,
        ),
    ]


def _open_interest(
    contracts: Sequence[Followed], days: Sequence[date], limits: Vendors, now: datetime
) -> list[Line]:
    kept_from = (now - STATISTICS_KEPT).date()
    files = pages = bybit = 0
    for chunk in months(list(days)):
        for each in contracts:
            own = each.days_in(chunk)
            recent = [day for day in own if day >= kept_from]
            files += FILE_AND_CHECKSUM * (len(own) - len(recent))
            pages += ceil(len(recent) * HOURS_A_DAY / STATISTICS_A_PAGE)
            points = ceil(len(own) * HOURS_A_DAY / POINTS_A_BYBIT_PAGE)
            bybit += BYBIT_CONTRACTS_A_COIN * BYBIT_SERIES * points
        bybit += BYBIT_LISTS * any(each.days_in(chunk) for each in contracts)
    binance, other = limits.binance, limits.bybit
    per_second = binance.planned(binance.statistics_calls_per_5_minutes) / 300
    return [
        _files("open_interest", "daily files and checksums", files, limits),
        Line(
            table="open_interest",
            vendor="binance",
            what=f"pages of {STATISTICS_A_PAGE} points",
            calls=pages,
            seconds=pages / per_second,
        ),
        Line(
            table="open_interest",
            vendor="bybit",
            what=f"lists, pages of {POINTS_A_BYBIT_PAGE} points and of marks",
            calls=bybit,
            seconds=bybit / (other.planned(other.calls_per_5_seconds) / 5),
        ),
    ]


def _market_cap(
    contracts: Sequence[Followed], days: Sequence[date], coingecko_plan: Plan, limits: Vendors
) -> list[Line]:
    coins = len({each.coin for each in contracts})
    lists = ceil(coins / COINS_A_PAGE)  # by ticker, to learn the vendor's ids
    calls = (coins + lists) * len(months(list(days)))
    allowed = TERMS[coingecko_plan].calls_per_minute
    return [
        Line(
            table="market_cap",
            vendor="coingecko",
            what="lists of coins, and a chart a coin and month",
            calls=calls,
            seconds=calls * 60 / limits.coingecko.planned(allowed),
            counted=calls,
        )
    ]


def _listings(days: Sequence[date], limits: Vendors, now: datetime) -> list[Line]:
    """CoinMarketCap's listing of each day, of which past ones cost a credit per 100 coins."""
    past = sum(1 for day in days if day < now.date())
    today = len(days) - past
    per_minute = limits.coinmarketcap.planned(limits.coinmarketcap.calls_per_minute)
    return [
        Line(
            table="market_cap",
            vendor="coinmarketcap",
            what=f"listings of {LARGEST} coins",
            calls=len(days),
            seconds=len(days) * 60 / per_minute,
            counted=past * ceil(LARGEST / COINS_A_PAST_CREDIT)
            + today * ceil(LARGEST / COINS_A_CREDIT),
        )
    ]


def _files(table: str, what: str, files: int, limits: Vendors) -> Line:
    """What a table takes from the archive."""
    return Line(
        table=table,
        vendor="binance archive",
        what=what,
        calls=files,
        seconds=files * SECONDS_A_FILE / limits.binance.concurrency,
    )
