"""Hourly bars with the microstructure of their minutes."""

from cryptopipe_assets.core.schema import Derived, column


class Microstructure1h(Derived):
    """One hour of a perpetual contract, named by its open, and what its minutes say about it.

    Usable one millisecond after the hour's end. Volatilities are per hour, not annualised. What
    cannot be computed is null, never zero: an hour without a trade has no vwap.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    open: float = column("First price.", unit="quote per base", gt=0)
    high: float = column("Highest price.", unit="quote per base", gt=0)
    low: float = column("Lowest price.", unit="quote per base", gt=0)
    close: float = column("Last price.", unit="quote per base", gt=0)
    volume_base: float = column("Quantity traded.", unit="base", ge=0)
    volume_quote: float = column(
        "Value traded; null where the vendor of the bars does not tell it.",
        unit="quote",
        ge=0,
        nullable=True,
    )
    trades: int = column(
        "Number of trades; null where the vendor of the bars does not tell it.",
        unit="count",
        ge=0,
        nullable=True,
    )
    taker_buy_base: float = column(
        "Quantity bought by takers; null where the vendor of the bars does not tell it.",
        unit="base",
        ge=0,
        nullable=True,
    )
    vwap: float = column(
        "Volume-weighted mean of the minutes' typical prices (H+L+C)/3.",
        unit="quote per base",
        gt=0,
        nullable=True,
    )
    vwap_exact: float = column(
        "Value traded over quantity traded: the true volume-weighted average price; null where the "
        "vendor of the bars does not tell the value.",
        unit="quote per base",
        gt=0,
        nullable=True,
    )
    vwap_dev: float = column("(close - vwap) / vwap.", unit="fraction", nullable=True)
    realized_vol: float = column(
        "Sample standard deviation of the 1-minute simple returns times sqrt(60).",
        unit="fraction per sqrt(hour)",
        ge=0,
        nullable=True,
    )
    rv_sum: float = column(
        "Square root of the sum of squared 1-minute log returns (Andersen & Bollerslev 1998).",
        unit="fraction per sqrt(hour)",
        ge=0,
        nullable=True,
    )
    volume_cv: float = column(
        "Coefficient of variation of the minutes' volumes; 0 for an hour without volume.",
        unit="ratio",
        ge=0,
        nullable=True,
    )
    parkinson: float = column(
        "Range volatility of the hourly bar (Parkinson 1980).",
        unit="fraction per sqrt(hour)",
        ge=0,
        nullable=True,
    )
    garman_klass: float = column(
        "Range volatility of the hourly bar (Garman & Klass 1980).",
        unit="fraction per sqrt(hour)",
        ge=0,
        nullable=True,
    )
    taker_buy_ratio: float = column(
        "Share of the quantity that takers bought.", unit="fraction", ge=0, le=1, nullable=True
    )
    n_minutes: int = column("Minutes present in the hour.", unit="count", ge=1, le=60)
    funding_rate: float = column(
        "Last funding rate known at the hour's end, at most one interval and an hour old.",
        unit="fraction per interval",
        nullable=True,
    )
    funding_interval_hours: int = column(
        "Interval of that rate.", unit="hours", ge=1, nullable=True
    )
    funding_rate_8h: float = column(
        "That rate scaled to eight hours.", unit="fraction per 8 h", nullable=True
    )
    funding_age_h: float = column(
        "Hours from that settlement to the hour's end.", unit="hours", ge=0, nullable=True
    )
    funding_annualized: float = column(
        "That rate over 8,760 hours, by the contract's real interval.",
        unit="fraction per year",
        nullable=True,
    )
    funding_delta: float = column(
        "Change of the funding rate against the hour before.",
        unit="fraction per interval",
        nullable=True,
    )
    arb_pressure: bool = column(
        "Whether annualised funding exceeds 30 % either way.", unit="flag", nullable=True
    )

    class Config:
        """Sorted as the bars are."""

        name = "microstructure_1h"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012
