"""CoinMarketCap's terms."""

from collections.abc import Iterator
from math import ceil

from pydantic import Field

from cryptopipe_assets.vendors.http.limits import RequestLimits
from cryptopipe_assets.vendors.terms import (
    NOW_ONLY,
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

LARGEST = 300
"""Coins of a listing: two credits."""
COINS_A_CREDIT, PAST_COINS_A_CREDIT = 200, 100
LISTINGS = "/v1/cryptocurrency/listings"


class CoinMarketCapLimits(RequestLimits):
    """CoinMarketCap's limits per key, by plan; these are the free one's."""

    calls_per_minute: int = Field(default=30, ge=1)
    credits_per_day: int | None = Field(default=None, ge=1)
    credits_per_month: int = Field(default=10_000, ge=1)


def _rates(limits: CoinMarketCapLimits, _plan: str) -> tuple[Rate, ...]:
    rates = [Rate(family="calls", window="minute", units=limits.calls_per_minute)]
    if limits.credits_per_day is not None:
        rates.append(Rate(family="credits", window="day", units=limits.credits_per_day))
    rates.append(Rate(family="credits", window="month", units=limits.credits_per_month))
    return tuple(rates)


def _polled(poll: Poll) -> Iterator[RequestCost]:
    """The present of all coins; closing adds the past, a listing a day."""
    spent = ceil(LARGEST / COINS_A_CREDIT)
    spent += poll.days_before * ceil(LARGEST / PAST_COINS_A_CREDIT)
    yield call("calls", f"{LISTINGS}/latest")
    yield call("calls", f"{LISTINGS}/historical", poll.days_before)
    yield RequestCost(family="credits", endpoint=f"{LISTINGS}/latest", calls=0, units=spent)


def _backfilled(wanted: Backfill) -> Iterator[BackfillCost]:
    """A listing of each day, of which past ones cost a credit per 100 coins."""
    days = len(wanted.days)
    past = sum(1 for day in wanted.days if day < wanted.now.date())
    per_minute = wanted.limits.planned(wanted.limits.calls_per_minute)
    yield BackfillCost(
        what=f"listings of {LARGEST} coins",
        calls=days,
        seconds=days * 60 / per_minute,
        counted=past * ceil(LARGEST / PAST_COINS_A_CREDIT)
        + (days - past) * ceil(LARGEST / COINS_A_CREDIT),
    )


TERMS = VendorTerms(
    name="coinmarketcap",
    title="CoinMarketCap",
    client="client:CoinMarketCap",
    address="https://pro-api.coinmarketcap.com",
    docs="https://coinmarketcap.com/api/documentation/v1/",
    terms_of_use="https://coinmarketcap.com/api/terms/",
    key=Key(variable="CMC_API_KEY", is_required=True),
    limits=CoinMarketCapLimits,
    rates=_rates,
    offers=(
        Offer(
            table="market_cap",
            source="coinmarketcap",
            endpoint="listings/latest",
            keeps=NOW_ONLY,
            afterwards="a paid plan",
            derived={"kind": "a list of coins that stand for another one"},
            polled=_polled,
            backfilled=_backfilled,
        ),
    ),
)
