"""Hyperliquid's terms."""

from collections.abc import Iterator

from pydantic import Field

from cryptopipe_assets.vendors.http.limits import RequestLimits
from cryptopipe_assets.vendors.terms import NOW_ONLY, Offer, Poll, Rate, RequestCost, VendorTerms

WEIGHT = 20
"""Of ``metaAndAssetCtxs``."""


class HyperliquidLimits(RequestLimits):
    """Hyperliquid's limit per address."""

    weight_per_minute: int = Field(default=1200, ge=1)


def _rates(limits: HyperliquidLimits, _plan: str) -> tuple[Rate, ...]:
    return (Rate(family="weight", window="minute", units=limits.weight_per_minute),)


def _instruments(_poll: Poll) -> Iterator[RequestCost]:
    yield RequestCost(family="weight", endpoint="/info metaAndAssetCtxs", calls=1, units=WEIGHT)


def _polled(_poll: Poll) -> Iterator[RequestCost]:
    yield RequestCost(family="weight", endpoint="/info metaAndAssetCtxs", calls=1, units=WEIGHT)


TERMS = VendorTerms(
    name="hyperliquid",
    title="Hyperliquid",
    client="client:Hyperliquid",
    address="https://api.hyperliquid.xyz",
    docs="https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api",
    terms_of_use="https://app.hyperliquid.xyz/terms",
    limits=HyperliquidLimits,
    rates=_rates,
    offers=(
        Offer(
            table="instruments",
            endpoint="metaAndAssetCtxs",
            keeps=None,
            derived={
                "symbol": "coin and kind of the contract; all are priced and margined in USDC",
                "coin": "the name without its k, which is a thousand",
                "funding_interval_hours": "1: every contract settles every hour",
                "price_tick": "6 less szDecimals decimals; prices also have five digits at most",
                "quantity_step": "szDecimals decimals",
            },
            null=("listed_at", "delisted_at", "tier"),
            polled=_instruments,
        ),
        Offer(
            table="open_interest",
            source="exchanges",
            endpoint="metaAndAssetCtxs",
            keeps=NOW_ONLY,
            derived={"open_interest_usd": "units of the base at the mark price"},
            null=("open_interest_contracts",),
            polled=_polled,
        ),
    ),
)
