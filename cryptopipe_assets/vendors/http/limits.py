"""What vendors allow and the share of it that we plan to use, as cryptopipe.toml states it.

Also the sections' common base. Limits are per address or key; a share of 0.8 leaves room for a
person who uses the same vendor by hand.
"""

from pydantic import Field

from cryptopipe_assets.core.section import Section


class RequestLimits(Section):
    """What every vendor's section has."""

    share: float = Field(default=0.8, gt=0, le=1)
    concurrency: int = Field(default=8, ge=1, le=64)
    timeout_seconds: float = Field(default=30.0, gt=0)
    attempts: int = Field(default=4, ge=1, le=10)

    def planned(self, limit: int) -> int:
        """Our share of a limit, at least one unit."""
        return max(1, int(limit * self.share))


class BinanceLimits(RequestLimits):
    """Binance's limits per address."""

    weight_per_minute: int = Field(default=2400, ge=1)
    funding_calls_per_5_minutes: int = Field(default=500, ge=1)
    statistics_calls_per_5_minutes: int = Field(default=1000, ge=1)


class BybitLimits(RequestLimits):
    """Bybit's limit per address; above it the address is banned for ten minutes."""

    calls_per_5_seconds: int = Field(default=600, ge=1)


class OkxLimits(RequestLimits):
    """OKX's limit per address and endpoint."""

    calls_per_2_seconds: int = Field(default=20, ge=1)


class HyperliquidLimits(RequestLimits):
    """Hyperliquid's limit per address."""

    weight_per_minute: int = Field(default=1200, ge=1)


class CoinalyzeLimits(RequestLimits):
    """Coinalyze's limit per key; every symbol of a request counts."""

    symbols_per_minute: int = Field(default=40, ge=1)


class CoinMarketCapLimits(RequestLimits):
    """CoinMarketCap's limits per key, by plan; these are the free one's."""

    calls_per_minute: int = Field(default=30, ge=1)
    credits_per_day: int | None = Field(default=None, ge=1)
    credits_per_month: int = Field(default=10_000, ge=1)


class CoinGeckoLimits(RequestLimits):
    """The limits follow from the plan of the key; that of a month may be stated."""

    calls_per_month: int | None = Field(default=None, ge=1)


class CoinbaseLimits(RequestLimits):
    """Coinbase's limit per address."""

    calls_per_second: int = Field(default=10, ge=1)


class Vendors(Section):
    """Limits, one section a vendor."""

    binance: BinanceLimits = BinanceLimits()
    bybit: BybitLimits = BybitLimits()
    okx: OkxLimits = OkxLimits()
    hyperliquid: HyperliquidLimits = HyperliquidLimits()
    coinalyze: CoinalyzeLimits = CoinalyzeLimits()
    coinmarketcap: CoinMarketCapLimits = CoinMarketCapLimits()
    coingecko: CoinGeckoLimits = CoinGeckoLimits()
    coinbase: CoinbaseLimits = CoinbaseLimits()
