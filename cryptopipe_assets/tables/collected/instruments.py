"""Perpetual contracts and what is known of them, every version kept."""

from cryptopipe_assets.core.schema import Registry, Timestamp, column

INSTRUMENT = ("venue", "symbol")


class Instruments(Registry):
    """One version of what is known of a perpetual contract.

    A change at the venue (status, interval, delisting) or of our tier appends a row with the
    instant at which we saw it; nothing is overwritten. A contract that the venue no longer lists
    ends with the status VANISHED; it was last seen at ``delisted_at`` and missed at ``ts``, unless
    its end was announced.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. 1000PEPE-USDT-PERP.", unit="id")
    vendor_symbol: str = column("The venue's own spelling, e.g. 1000PEPEUSDT.", unit="id")
    coin: str = column("Coin behind the contract, without a multiplier, e.g. PEPE.", unit="id")
    quote: str = column("Currency in which the contract is priced.", unit="id")
    margin_asset: str = column("Currency in which margin and profit are paid.", unit="id")
    contract_multiplier: int = column("Coins in one base unit of the contract.", unit="count", ge=1)
    contract_type: str = column(
        "PERPETUAL if of a coin, else what it is of, e.g. EQUITY_PERPETUAL.", unit="label"
    )
    status: str = column(
        "TRADING, else the venue's own word in capitals; VANISHED if delisted.", unit="label"
    )
    listed_at: Timestamp = column(
        "When trading began; null where the venue does not say.", unit="UTC", nullable=True
    )
    delisted_at: Timestamp = column(
        "When trading ends or ended, or a VANISHED one was last seen; null: no end is known.",
        unit="UTC",
        nullable=True,
    )
    funding_interval_hours: int = column(
        "Hours between settlements now; null where the venue's list does not say.",
        unit="hours",
        nullable=True,
        ge=1,
    )
    price_tick: float = column(
        "Smallest step of the price; null where the venue does not say.",
        unit="quote",
        nullable=True,
        gt=0,
    )
    quantity_step: float = column(
        "Smallest step of the quantity; null where the venue does not say, or counts dollars, as "
        "of inverse contracts.",
        unit="base",
        nullable=True,
        gt=0,
    )
    tier: str = column(
        "Tier in which we follow the coin; null if we do not.", unit="label", nullable=True
    )

    class Config:
        """A version is named by its contract and when it was seen."""

        name = "instruments"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012
