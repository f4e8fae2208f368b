"""CoinGecko's terms, and its three plans."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Literal, get_args

from pydantic import Field, SecretStr

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

Plan = Literal["none", "demo", "pro"]

COINS_A_PAGE = 250


@dataclass(frozen=True, kw_only=True)
class PlanTerms:
    """What a plan is.

    Attributes
    ----------
    address
        Where it is served.
    calls_per_minute
        The vendor's limit; for keyless calls, which share one that is unstated, what we dare.
    calls_per_month
        The vendor's limit, failed calls included; null where there is none.
    """

    address: str
    calls_per_minute: int
    calls_per_month: int | None


FREE_HOST = "https://api.coingecko.com/api/v3"
PAID_HOST = "https://pro-api.coingecko.com/api/v3"
PLANS: dict[Plan, PlanTerms] = {
    "none": PlanTerms(address=FREE_HOST, calls_per_minute=10, calls_per_month=None),
    "demo": PlanTerms(address=FREE_HOST, calls_per_minute=100, calls_per_month=10_000),
    "pro": PlanTerms(address=PAID_HOST, calls_per_minute=500, calls_per_month=500_000),
}


def assumed_plan(key: SecretStr | None, stated: str | None) -> Plan:
    """The plan of a key; of one whose plan is not stated, the smaller one."""
    if key is None or not key.get_secret_value():
        return "none"
    return next((plan for plan in PLANS if plan == stated), "demo")


def _terms_of(plan: str) -> PlanTerms:
    """Terms of a plan; without a key where none is named."""
    return next((terms for name, terms in PLANS.items() if name == plan), PLANS["none"])


class CoinGeckoLimits(RequestLimits):
    """The limits follow from the plan that answers; that of a month may be stated."""

    calls_per_month: int | None = Field(default=None, ge=1)


def _rates(limits: CoinGeckoLimits, plan: str) -> tuple[Rate, ...]:
    """Plans do not share what they allow."""
    terms = _terms_of(plan)
    family = f"calls-{plan}"
    rates = [Rate(family=family, window="minute", units=terms.calls_per_minute, counts="calls")]
    if terms.calls_per_month is not None:
        units = limits.calls_per_month or terms.calls_per_month
        rates.append(Rate(family=family, window="month", units=units, counts="calls"))
    return tuple(rates)


def _polled(poll: Poll) -> Iterator[RequestCost]:
    """The present of all coins; closing adds the past, a chart a coin."""
    charts = len(poll.coins) if poll.closes else 0
    yield call("calls", "/coins/markets", ceil(len(poll.coins) / COINS_A_PAGE))
    yield call("calls", "/coins/{id}/market_chart", charts)


def _backfilled(wanted: Backfill) -> Iterator[BackfillCost]:
    coins = len({each.coin for each in wanted.contracts})
    lists = ceil(coins / COINS_A_PAGE)  # by ticker, to learn the vendor's ids
    calls = (coins + lists) * len(months(list(wanted.days)))
    allowed = _terms_of(wanted.plan).calls_per_minute
    yield BackfillCost(
        what="lists of coins, and a chart a coin and month",
        calls=calls,
        seconds=calls * 60 / wanted.limits.planned(allowed),
        counted=calls,
    )


TERMS = VendorTerms(
    name="coingecko",
    title="CoinGecko",
    client="client:CoinGecko",
    address=FREE_HOST,
    docs="https://docs.coingecko.com/",
    terms_of_use="https://www.coingecko.com/en/api_terms",
    key=Key(
        variable="COINGECKO_API_KEY",
        is_required=False,
        plan_variable="COINGECKO_PLAN",
        plans=get_args(Plan),
        plan_of=assumed_plan,
    ),
    limits=CoinGeckoLimits,
    rates=_rates,
    offers=(
        Offer(
            table="market_cap",
            source="coingecko",
            endpoint="market_chart",
            keeps=timedelta(days=365),
            plans=("none", "demo"),
            afterwards="a paid plan",
            derived={"kind": "a list of coins that stand for another one"},
            polled=_polled,
            backfilled=_backfilled,
        ),
    ),
)
