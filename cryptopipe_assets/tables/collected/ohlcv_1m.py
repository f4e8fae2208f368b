"""1-minute bars of perpetual contracts."""

from cryptopipe_assets.core.schema import Collected, column


class Ohlcv1m(Collected):
    """One minute of trading in a perpetual contract, named by its open.

    The bar is usable one millisecond after its end. A forming bar is never stored. A minute
    without a trade is a flat bar with zero volume.
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
    taker_buy_quote: float = column(
        "Value bought by takers; null where the vendor of the bars does not tell it.",
        unit="quote",
        ge=0,
        nullable=True,
    )

    class Config:
        """Sorted by instrument first: a reader of one symbol skips the others' row groups."""

        name = "ohlcv_1m"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012
