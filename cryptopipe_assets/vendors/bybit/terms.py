"""Bybit's terms."""

from collections.abc import Iterator
from math import ceil

from pydantic import Field

from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.vendors.http.limits import RequestLimits
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

CONTRACTS_A_COIN = 2
"""Linear and inverse, which most followed coins have."""

POINTS_A_PAGE = 200
SERIES = 2
"""Open interest, and the mark prices that tell its value."""
CATEGORIES = 2
"""Lists of contracts that a run asks for: linear and inverse."""
HOURS_A_DAY = 24


class BybitLimits(RequestLimits):
    """Bybit's limit per address; above it the address is banned for ten minutes."""

    calls_per_5_seconds: int = Field(default=600, ge=1)


def _rates(limits: BybitLimits, _plan: str) -> tuple[Rate, ...]:
    return (Rate(family="requests", window="5 s", units=limits.calls_per_5_seconds),)


def _instruments(_poll: Poll) -> Iterator[RequestCost]:
    yield call("requests", "/v5/market/instruments-info", CATEGORIES)


def _polled(poll: Poll) -> Iterator[RequestCost]:
    yield call("requests", "/v5/market/instruments-info", CATEGORIES)
    yield call("requests", "/v5/market/open-interest", poll.contracts)
    yield call("requests", "/v5/market/mark-price-kline", poll.contracts)


def _backfilled(wanted: Backfill) -> Iterator[BackfillCost]:
    calls = 0
    for chunk in months(list(wanted.days)):
        for each in wanted.contracts:
            points = ceil(len(each.days_in(chunk)) * HOURS_A_DAY / POINTS_A_PAGE)
            calls += CONTRACTS_A_COIN * SERIES * points
        calls += CATEGORIES * any(each.days_in(chunk) for each in wanted.contracts)
    per_second = wanted.limits.planned(wanted.limits.calls_per_5_seconds) / 5
    yield BackfillCost(
        what=f"lists, pages of {POINTS_A_PAGE} points and of marks",
        calls=calls,
        seconds=calls / per_second,
    )


TERMS = VendorTerms(
    name="bybit",
    title="Bybit",
    client="client:Bybit",
    address="https://api.bybit.com",
    docs="https://bybit-exchange.github.io/docs/v5/market/tickers",
    terms_of_use="https://www.bybit.com/en/terms-service",
    limits=BybitLimits,
    rates=_rates,
    contracts_a_coin=CONTRACTS_A_COIN,
    offers=(
        Offer(
            table="instruments",
            endpoint="instruments-info",
            keeps=None,
            derived={
                "symbol": "coin, quote and kind of the contract",
                "coin": "the base without its multiplier",
                "contract_type": "what symbolType says that it is of",
                "funding_interval_hours": "its minutes",
            },
            null=("tier",),
            polled=_instruments,
        ),
        Offer(
            table="open_interest",
            source="exchanges",
            endpoint="open-interest",
            keeps=None,
            derived={
                "open_interest_usd": "size at the mark price with which the hour closed",
            },
            polled=_polled,
            backfilled=_backfilled,
        ),
    ),
)
