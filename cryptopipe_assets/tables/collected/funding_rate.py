"""Funding settlements of perpetual contracts."""

from cryptopipe_assets.core.schema import Collected, column


class FundingRate(Collected):
    """One settlement of funding: longs pay shorts where the rate is positive.

    Stored per its own interval, which differs between contracts and changes over time; compare
    rates only after scaling by ``interval_hours``.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    funding_rate: float = column(
        "Share of the position's value that was paid.", unit="fraction per interval", ge=-1, le=1
    )
    interval_hours: int = column(
        "Hours that this settlement pays for: as the venue declared them when it was published, "
        "else the hours since the settlement before; null where neither says.",
        unit="hours",
        ge=1,
        le=24,
        nullable=True,
    )

    class Config:
        """``ts`` is the settlement's whole hour; the venue stamps some milliseconds later."""

        name = "funding_rate"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012
