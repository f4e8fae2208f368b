"""Binance's terms."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from math import ceil

from pydantic import Field

from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.recurrence import MINUTES_A_DAY
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.vendors.http.limits import RequestLimits
from cryptopipe_assets.vendors.parsing.bounds import MEGABYTE, Bounds
from cryptopipe_assets.vendors.terms import (
    Backfill,
    BackfillCost,
    Offer,
    Poll,
    Rate,
    RequestCost,
    VendorTerms,
    call,
)

BARS_A_PAGE, SETTLEMENTS_A_PAGE, STATISTICS_A_PAGE = 499, 1000, 500
BARS_A_WEIGHT = 99
SETTLEMENTS_AN_HOUR = 150
"""Of all contracts together."""
HOURS_A_DAY = 24
FILE_AND_CHECKSUM = 2
SECONDS_A_FILE = 0.3
"""Of the archive, which states no limit: what a download and its reading take."""
STATISTICS_KEPT = timedelta(days=28)
""""Latest 1 month"; 28 days were served when asked on a 20 March."""


class BinanceLimits(RequestLimits):
    """Binance's limits per address."""

    weight_per_minute: int = Field(default=2400, ge=1)
    funding_calls_per_5_minutes: int = Field(default=500, ge=1)
    statistics_calls_per_5_minutes: int = Field(default=1000, ge=1)


def _rates(limits: BinanceLimits, _plan: str) -> tuple[Rate, ...]:
    return (
        Rate(family="weight", window="minute", units=limits.weight_per_minute),
        Rate(family="funding", window="5 min", units=limits.funding_calls_per_5_minutes),
        Rate(family="futures_data", window="5 min", units=limits.statistics_calls_per_5_minutes),
    )


def _instruments(_poll: Poll) -> Iterator[RequestCost]:
    yield call("weight", "/fapi/v1/time")
    yield call("weight", "/fapi/v1/exchangeInfo")
    yield call("funding", "/fapi/v1/fundingInfo")


def _bars(poll: Poll) -> Iterator[RequestCost]:
    """The minutes since the request before; closing finds them stored, but for the newest.

    It compares stored minutes, and settlements, with a file of the archive: that costs nothing.
    """
    minutes = min(poll.every_minutes, MINUTES_A_DAY)
    pages = 1 if poll.closes else ceil(minutes / BARS_A_PAGE)
    weight = 1 if poll.closes or minutes <= BARS_A_WEIGHT else 2
    calls = pages * len(poll.coins)
    yield call("weight", "/fapi/v1/time", 2)
    yield RequestCost(
        family="weight", endpoint="/fapi/v1/klines", calls=calls, units=calls * weight
    )


def _funding(poll: Poll) -> Iterator[RequestCost]:
    """The days and the one before them, of all contracts at once or one by one: what is less."""
    hours = (poll.days + 1) * HOURS_A_DAY
    of_all = 2 + hours * SETTLEMENTS_AN_HOUR // SETTLEMENTS_A_PAGE
    of_each = len(poll.coins) * (2 + hours // SETTLEMENTS_A_PAGE)
    yield call("weight", "/fapi/v1/time")
    yield call("funding", "/fapi/v1/fundingRate", min(of_all, of_each))


def _open_interest(poll: Poll) -> Iterator[RequestCost]:
    yield call("weight", "/fapi/v1/time")
    # A closing compares a day of one contract with the archive's file of it, which costs nothing.
    compared = 1 if poll.closes else 0
    yield call("futures_data", "/futures/data/openInterestHist", poll.contracts + compared)


def _past_bars(wanted: Backfill) -> Iterator[BackfillCost]:
    from cryptopipe_assets.vendors.binance.transports import plan  # it brings an HTTP client along

    files = pages = 0
    for chunk in months(list(wanted.days)):
        for each in wanted.contracts:
            if not (own := each.days_in(chunk)):
                continue
            end = min(midnight(own[-1]) + DAY, wanted.now)
            parts = plan(midnight(own[0]), end, now=wanted.now)
            files += FILE_AND_CHECKSUM * (len(parts.months) + len(parts.days))
            pages += ceil(len(parts.rest) * MINUTES_A_DAY / BARS_A_PAGE)
    yield _files("files and checksums", files, wanted)
    per_second = wanted.limits.planned(wanted.limits.weight_per_minute) / 2 / 60
    yield _pages(f"pages of {BARS_A_PAGE} bars", pages, per_second)


def _past_funding(wanted: Backfill) -> Iterator[BackfillCost]:
    from cryptopipe_assets.vendors.binance.transports import plan, spans_of

    files = pages = 0
    for chunk in months(list(wanted.days)):
        start = midnight(chunk[0]) - DAY  # the day before tells the first interval
        end = min(midnight(chunk[-1]) + DAY, wanted.now)
        parts = plan(start, end, now=wanted.now)
        spans = spans_of([*parts.days, *parts.rest], start=start, end=end)  # months only, by file
        asked = sum(
            ceil((until - since) / timedelta(hours=SETTLEMENTS_A_PAGE)) + 1  # and an empty page
            for since, until in spans
        )
        listed = sum(1 for each in wanted.contracts if each.days_in(chunk))
        files += listed * FILE_AND_CHECKSUM * len(parts.months)
        pages += listed * asked
    yield _files("monthly files and checksums", files, wanted)
    per_second = wanted.limits.planned(wanted.limits.funding_calls_per_5_minutes) / 300
    yield _pages(f"pages of {SETTLEMENTS_A_PAGE} settlements", pages, per_second)


def _past_open_interest(wanted: Backfill) -> Iterator[BackfillCost]:
    kept_from = (wanted.now - STATISTICS_KEPT).date()
    files = pages = 0
    for chunk in months(list(wanted.days)):
        for each in wanted.contracts:
            own = each.days_in(chunk)
            recent = [day for day in own if day >= kept_from]
            files += FILE_AND_CHECKSUM * (len(own) - len(recent))
            pages += ceil(len(recent) * HOURS_A_DAY / STATISTICS_A_PAGE)
    yield _files("daily files and checksums", files, wanted)
    per_second = wanted.limits.planned(wanted.limits.statistics_calls_per_5_minutes) / 300
    yield _pages(f"pages of {STATISTICS_A_PAGE} points", pages, per_second)


def _files(what: str, files: int, wanted: Backfill) -> BackfillCost:
    """What a table takes from the archive."""
    seconds = files * SECONDS_A_FILE / wanted.limits.concurrency
    return BackfillCost(what=what, calls=files, seconds=seconds, of="archive")


def _pages(what: str, pages: int, per_second: float) -> BackfillCost:
    return BackfillCost(what=what, calls=pages, seconds=pages / per_second)


def _offer(
    table: str,
    endpoint: str,
    polled: Callable[[Poll], Iterator[RequestCost]],
    backfilled: Callable[[Backfill], Iterator[BackfillCost]],
) -> Offer:
    """What is kept for good."""
    return Offer(table=table, endpoint=endpoint, keeps=None, polled=polled, backfilled=backfilled)


_DAILY = Bounds(wire_bytes=16 * MEGABYTE, unpacked_bytes=64 * MEGABYTE, rows=3_000)
"""A day has 1,440 minutes; an old file repeats some of them."""
_MONTHLY = Bounds(wire_bytes=64 * MEGABYTE, unpacked_bytes=256 * MEGABYTE, rows=90_000)
"""A month has 44,640 minutes."""

TERMS = VendorTerms(
    name="binance",
    title="Binance USD-M",
    client="client:Binance",
    archive_client="archive:BinanceArchive",
    venue="venue:BinanceVenue",
    address="https://fapi.binance.com",
    archive="https://data.binance.vision",
    docs="https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info",
    terms_of_use="https://www.binance.com/en/terms",
    bounds={
        "/fapi/v1/time": Bounds(wire_bytes=MEGABYTE, unpacked_bytes=MEGABYTE, members=100),
        "/fapi/v1/klines": Bounds(rows=3_000, members=40_000),
        "/fapi/v1/fundingRate": Bounds(rows=2_000, members=20_000),
        "/futures/data/openInterestHist": Bounds(rows=1_000, members=10_000),
        "daily/klines": _DAILY,
        "daily/metrics": _DAILY,
        "monthly/klines": _MONTHLY,
        "monthly/fundingRate": _MONTHLY,
        "checksum": Bounds(wire_bytes=MEGABYTE, unpacked_bytes=MEGABYTE, rows=100),
    },
    limits=BinanceLimits,
    rates=_rates,
    contracts_a_coin=2,
    offers=(
        Offer(
            table="instruments",
            endpoint="exchangeInfo",
            keeps=None,
            derived={
                "symbol": "coin, quote and kind of the contract",
                "coin": "the base without its multiplier",
                "tier": "of cryptopipe.toml",
            },
            polled=_instruments,
        ),
        _offer("ohlcv_1m", "klines", _bars, _past_bars),
        Offer(
            table="funding_rate",
            endpoint="fundingRate",
            keeps=None,
            derived={"interval_hours": "the distance to the settlement before, else as declared"},
            polled=_funding,
            backfilled=_past_funding,
        ),
        Offer(
            table="open_interest",
            source="exchanges",
            endpoint="openInterestHist",
            keeps=STATISTICS_KEPT,
            afterwards="the archive's metrics files",
            null=("open_interest_contracts",),
            polled=_open_interest,
            backfilled=_past_open_interest,
        ),
    ),
)
