"""Columns of leverage_ratios: type, sentence, unit and bounds of each."""

from types import MappingProxyType
from typing import Any, Final

from cryptopipe_assets.core.schema import Timestamp, column

LEVERAGE_COLUMNS: Final = MappingProxyType[str, tuple[Any, Any]](
    {
        "coin": (str, column("Coin, e.g. PEPE.", unit="id")),
        "coin_id": (
            str,
            column("Vendor's id of the coin, of the market cap.", unit="id", nullable=True),
        ),
        "open_interest_usd": (float, column("Open positions at the hour's end.", unit="USD", ge=0)),
        "oi_venues": (int, column("Venues in the sum.", unit="count", ge=1)),
        "oi_contracts": (int, column("Contracts in the sum.", unit="count", ge=1)),
        "oi_coverage": (
            float,
            column(
                "Share of the coin's open interest that reported in the last hour.",
                unit="fraction",
                ge=0,
                le=1,
                nullable=True,
            ),
        ),
        "market_cap_usd": (
            float,
            column("Price times circulating supply.", unit="USD", ge=0, nullable=True),
        ),
        "volume_24h_usd": (
            float,
            column("Value traded on spot markets in 24 hours.", unit="USD", ge=0, nullable=True),
        ),
        "avg_open_interest_7d_usd": (
            float,
            column("Mean open interest of the last 7 days.", unit="USD", ge=0, nullable=True),
        ),
        "oi_to_market_cap": (
            float,
            column("Open interest over market cap.", unit="fraction", ge=0, nullable=True),
        ),
        "oi_to_market_cap_ma30": (
            float,
            column("Mean of that ratio over 30 days.", unit="fraction", ge=0, nullable=True),
        ),
        "oi_to_market_cap_std30": (
            float,
            column(
                "Sample deviation of that ratio over 30 days.", unit="fraction", ge=0, nullable=True
            ),
        ),
        "oi_to_volume": (
            float,
            column(
                "Mean open interest of 7 days over the volume of 24 hours.",
                unit="ratio",
                ge=0,
                nullable=True,
            ),
        ),
        "oi_growth_7d": (
            float,
            column(
                "Change of the open interest over 7 days.", unit="fraction", ge=-1, nullable=True
            ),
        ),
        "oi_growth_30d": (
            float,
            column(
                "Change of the open interest over 30 days.", unit="fraction", ge=-1, nullable=True
            ),
        ),
        "oi_growth_90d": (
            float,
            column(
                "Change of the open interest over 90 days.", unit="fraction", ge=-1, nullable=True
            ),
        ),
        "oi_volatility_30d": (
            float,
            column(
                "Sample deviation of its daily changes over 30 days.",
                unit="fraction",
                ge=0,
                nullable=True,
            ),
        ),
        "oi_trend_30d": (
            float,
            column(
                "Least-squares slope of its logarithm over 30 days.",
                unit="log per day",
                nullable=True,
            ),
        ),
        "oi_trend_tstat": (
            float,
            column("That slope over its standard error.", unit="ratio", nullable=True),
        ),
        "oi_trend_label": (
            str,
            column(
                "Whether the slope is over two standard errors: rising, falling or flat.",
                unit="label",
                isin=["rising", "falling", "flat"],
                nullable=True,
            ),
        ),
        "oi_days_30d": (int, column("Days known of those 30.", unit="count", ge=0, le=30)),
        "funding_8h_bp": (
            float,
            column(
                "Funding of the day, mean of the coin's contracts.",
                unit="basis points per 8 h",
                nullable=True,
            ),
        ),
        "avg_funding_7d": (
            float,
            column("Mean funding of 7 days.", unit="fraction per 8 h", nullable=True),
        ),
        "avg_funding_30d": (
            float,
            column("Mean funding of 30 days.", unit="fraction per 8 h", nullable=True),
        ),
        "funding_volatility_30d": (
            float,
            column(
                "Sample deviation of the daily funding over 30 days.",
                unit="fraction per 8 h",
                ge=0,
                nullable=True,
            ),
        ),
        "positive_funding_share_30d": (
            float,
            column(
                "Share of 30 days on which longs paid.", unit="fraction", ge=0, le=1, nullable=True
            ),
        ),
        "cost_long_30d_ann": (
            float,
            column(
                "What a long paid over 30 days, scaled to a year; a short paid the negative.",
                unit="fraction per year",
                nullable=True,
            ),
        ),
        "funding_days_30d": (
            int,
            column("Days of those 30 whose funding is known.", unit="count", ge=0, le=30),
        ),
        "leverage_score": (
            float,
            column(
                "Percentile among the day's coins: 60 % ratio, 20 % size of funding, 20 % growth.",
                unit="points of 100",
                ge=0,
                le=100,
                nullable=True,
            ),
        ),
        "score_terms": (int, column("Terms that the score rests on.", unit="count", ge=0, le=3)),
        "oi_asof": (
            Timestamp,
            column(
                "Instant of the open interest; null where it was not used.",
                unit="UTC",
                nullable=True,
            ),
        ),
        "market_cap_asof": (
            Timestamp,
            column(
                "Instant of the market cap; null where it was not used.", unit="UTC", nullable=True
            ),
        ),
        "funding_asof": (
            Timestamp,
            column(
                "Last settlement of the day's funding; null without one.", unit="UTC", nullable=True
            ),
        ),
    }
)
