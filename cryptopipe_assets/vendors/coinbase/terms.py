"""Coinbase's terms."""

from pydantic import Field

from cryptopipe_assets.vendors.http.limits import RequestLimits
from cryptopipe_assets.vendors.terms import Offer, Rate, VendorTerms


class CoinbaseLimits(RequestLimits):
    """Coinbase's limit per address."""

    calls_per_second: int = Field(default=10, ge=1)


def _rates(limits: CoinbaseLimits, _plan: str) -> tuple[Rate, ...]:
    return (Rate(family="public", window="second", units=limits.calls_per_second),)


TERMS = VendorTerms(
    name="coinbase",
    title="Coinbase",
    client="client:Coinbase",
    address="https://api.exchange.coinbase.com",
    docs="https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproductcandles",
    terms_of_use="https://www.coinbase.com/legal/market_data",
    limits=CoinbaseLimits,
    rates=_rates,
    offers=(
        Offer(
            table="market_cap",
            source="coinbase",
            switch="collect.coinbase_prices",
            endpoint="candles",
            keeps=None,
            null=(
                "market_cap_usd",
                "circulating_supply",
                "total_supply",
                "max_supply",
                "rank",
                "volume_24h_usd",
            ),
        ),
    ),
)
