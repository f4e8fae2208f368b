"""Coinalyze's terms."""

from collections.abc import Iterator
from datetime import timedelta
from math import ceil

from pydantic import Field

from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.vendors.http.limits import RequestLimits
from cryptopipe_assets.vendors.terms import (
    Backfill,
    BackfillCost,
    Key,
    Offer,
    Poll,
    Rate,
    RequestCost,
    VendorTerms,
    call,
)

SYMBOLS_A_REQUEST = 20
CONTRACTS_A_COIN = 15

HOURS_KEPT = timedelta(hours=1500)
"""The least that is kept of hourly bars: 1500 to 2000 an interval, the older deleted daily."""


class CoinalyzeLimits(RequestLimits):
    """Coinalyze's limit per key; every symbol of a request counts."""

    symbols_per_minute: int = Field(default=40, ge=1)


def _rates(limits: CoinalyzeLimits, _plan: str) -> tuple[Rate, ...]:
    return (Rate(family="symbols", window="minute", units=limits.symbols_per_minute),)


def _polled(poll: Poll) -> Iterator[RequestCost]:
    yield call("symbols", "/future-markets")
    yield RequestCost(
        family="symbols",
        endpoint="/open-interest-history",
        calls=ceil(poll.contracts / SYMBOLS_A_REQUEST),
        units=poll.contracts,
    )


def _backfilled(wanted: Backfill) -> Iterator[BackfillCost]:
    """The list of markets, and every contract of the coins, month by month."""
    coins = len({each.coin for each in wanted.contracts})
    chunks = len(months(list(wanted.days)))
    symbols = coins * CONTRACTS_A_COIN * chunks
    per_minute = wanted.limits.planned(wanted.limits.symbols_per_minute)
    yield BackfillCost(
        what=f"lists of markets, and {SYMBOLS_A_REQUEST} contracts a request and month",
        calls=chunks + ceil(symbols / SYMBOLS_A_REQUEST),
        seconds=(chunks + symbols) * 60 / per_minute,
    )


TERMS = VendorTerms(
    name="coinalyze",
    title="Coinalyze",
    client="client:Coinalyze",
    address="https://api.coinalyze.net/v1",
    standin_path="coinalyze/v1",
    docs="https://api.coinalyze.net/v1/doc/",
    terms_of_use="https://coinalyze.net/terms-of-use/",
    key=Key(variable="COINALYZE_API_KEY", is_required=True),
    limits=CoinalyzeLimits,
    rates=_rates,
    contracts_a_coin=CONTRACTS_A_COIN,
    offers=(
        Offer(
            table="open_interest",
            source="coinalyze",
            endpoint="open-interest-history",
            keeps=HOURS_KEPT,
            afterwards="the same vendor's daily values",
            null=("open_interest_contracts",),
            polled=_polled,
            backfilled=_backfilled,
        ),
        Offer(
            table="funding_rate",
            switch="collect.coinalyze_funding",
            source="coinalyze",
            endpoint="funding-rate-history",
            keeps=None,
            derived={"ts": "the end of the day less the venue's interval"},
        ),
    ),
)
