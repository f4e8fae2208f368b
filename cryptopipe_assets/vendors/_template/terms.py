"""The vendor's terms: everything that other rooms need to know of it."""

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


class TemplateLimits(RequestLimits):
    """The vendor's limit per address: its section of cryptopipe.toml."""

    calls_per_minute: int = Field(default=60, ge=1)


def _rates(limits: TemplateLimits, _plan: str) -> tuple[Rate, ...]:
    return (Rate(family="public", window="minute", units=limits.calls_per_minute),)


def _open_interest(_poll: Poll) -> Iterator[RequestCost]:
    yield call("public", "/open-interest")


TERMS = VendorTerms(
    name="_template",
    title="Template",
    client="client:Template",
    address="https://api.template.example",
    docs="https://docs.template.example",
    terms_of_use="https://template.example/terms",
    limits=TemplateLimits,
    rates=_rates,
    offers=(
        Offer(
            table="open_interest",
            source="exchanges",
            endpoint="open-interest",
            keeps=NOW_ONLY,
            derived={"open_interest_usd": "units of the base at the mark price"},
            null=("open_interest_contracts",),
            polled=_open_interest,
        ),
    ),
)
