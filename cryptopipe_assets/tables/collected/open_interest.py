"""Open interest of perpetual contracts."""

from cryptopipe_assets.core.schema import Collected, column


class OpenInterest(Collected):
    """Open interest of one perpetual contract at one venue at the end of an hour.

    ``ts`` opens the hour. Where a vendor gives only the present, the value is the last one seen in
    the hour. One side of each position is counted, at every venue.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    coin: str = column("Coin behind the contract, without a multiplier, e.g. PEPE.", unit="id")
    margin_type: str = column(
        "linear is margined in the quote currency, inverse in the coin.",
        unit="label",
        isin=["linear", "inverse"],
    )
    open_interest_contracts: float = column(
        "Contracts open; null where the venue counts none.", unit="contracts", ge=0, nullable=True
    )
    open_interest_base: float = column(
        "Quantity open, in the contract's base unit; null where it is not given.",
        unit="base",
        ge=0,
        nullable=True,
    )
    open_interest_usd: float = column(
        "Value open; a dollar stablecoin counts as a dollar.", unit="USD", ge=0
    )

    class Config:
        """A contract may have one name at several venues, so the venue is in the key."""

        name = "open_interest"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012
