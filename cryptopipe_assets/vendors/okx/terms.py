"""OKX's terms."""

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


class OkxLimits(RequestLimits):
    """OKX's limit per address and endpoint."""

    calls_per_2_seconds: int = Field(default=20, ge=1)


def _rates(limits: OkxLimits, _plan: str) -> tuple[Rate, ...]:
    return (Rate(family="public", window="2 s", units=limits.calls_per_2_seconds),)


def _instruments(_poll: Poll) -> Iterator[RequestCost]:
    yield call("public", "/api/v5/public/instruments")


def _polled(_poll: Poll) -> Iterator[RequestCost]:
    yield call("public", "/api/v5/public/instruments")
    yield call("public", "/api/v5/public/open-interest")


TERMS = VendorTerms(
    name="okx",
    title="OKX",
    client="client:Okx",
    address="https://www.okx.com",
    docs="https://www.okx.com/docs-v5/en/",
    terms_of_use="https://www.okx.com/help/terms-of-service",
    limits=OkxLimits,
    rates=_rates,
    offers=(
        Offer(
            table="instruments",
            endpoint="instruments",
            keeps=None,
            derived={
                "symbol": "family and kind of the contract",
                "coin": "the base without its multiplier",
                "contract_type": "what instCategory says that it is of",
                "quantity_step": "contracts times their size",
            },
            null=("funding_interval_hours", "tier"),
            polled=_instruments,
        ),
        Offer(
            table="open_interest",
            source="exchanges",
            endpoint="open-interest",
            keeps=NOW_ONLY,
            polled=_polled,
        ),
    ),
)
