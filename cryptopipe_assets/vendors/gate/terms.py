"""Gate's terms."""

from collections.abc import Iterator

from pydantic import Field

from cryptopipe_assets.vendors.http.limits import RequestLimits
from cryptopipe_assets.vendors.terms import (
    NOW_ONLY,
    Offer,
    Poll,
    Rate,
    RequestCost,
    VendorTerms,
    call,
)


class GateLimits(RequestLimits):
    """Gate's limit per address and endpoint."""

    calls_per_10_seconds: int = Field(default=200, ge=1)


def _rates(limits: GateLimits, _plan: str) -> tuple[Rate, ...]:
    return (Rate(family="public", window="10 s", units=limits.calls_per_10_seconds),)


def _instruments(_poll: Poll) -> Iterator[RequestCost]:
    yield call("public", "/futures/usdt/contracts")


def _open_interest(_poll: Poll) -> Iterator[RequestCost]:
    yield call("public", "/futures/usdt/contracts")
    yield call("public", "/futures/usdt/tickers")


TERMS = VendorTerms(
    name="gate",
    title="Gate",
    client="client:Gate",
    address="https://api.gateio.ws/api/v4",
    standin_path="gate/api/v4",
    docs="https://www.gate.com/docs/developers/apiv4/",
    terms_of_use="https://www.gate.com/legal/user-agreement",
    limits=GateLimits,
    rates=_rates,
    contracts_a_coin=1,
    offers=(
        Offer(
            table="instruments",
            endpoint="contracts",
            keeps=None,
            derived={
                "symbol": "coin, quote and kind of the contract",
                "coin": "the base without its multiplier",
                "quantity_step": "one contract, in units of the base",
            },
            null=("delisted_at", "tier"),
            polled=_instruments,
        ),
        Offer(
            table="open_interest",
            source="exchanges",
            endpoint="tickers",
            keeps=NOW_ONLY,
            derived={
                "open_interest_base": "contracts times their size",
                "open_interest_usd": "units of the base at the mark price",
            },
            polled=_open_interest,
        ),
        Offer(
            table="funding_rate",
            switch="collect.exchange_funding",
            endpoint="funding_rate",
            keeps=None,
            derived={"interval_hours": "as the list declared it then, else the step before"},
        ),
    ),
)
