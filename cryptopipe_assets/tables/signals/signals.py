"""Signals of every strategy, daily."""

from cryptopipe_assets.core.schema import Derived, Timestamp, column


class Signals(Derived):
    """What one strategy says of one coin for one UTC day, and how much of it to hold.

    A coin that is ranked but not held has neither leg nor weight. A strategy that lacks the names
    for a book has no rows; the reason is counted in the run. Usable one millisecond after the day.
    """

    # pandera has a method of this name, for drawing examples; we draw none.
    strategy: str = column(  # type: ignore[assignment]
        "The strategy's one name, e.g. leverage_inverted.", unit="id"
    )
    coin: str = column("Coin, e.g. PEPE.", unit="id")
    score: float = column("View on the coin, positive for long.", unit="score", ge=-1, le=1)
    weight: float = column(
        "Signed share of the strategy's notional; null if not held.",
        unit="fraction",
        ge=-1,
        le=1,
        nullable=True,
    )
    leg: str = column(
        "Side on which it is held: long or short.",
        unit="label",
        isin=["long", "short"],
        nullable=True,
    )
    confidence: float = column(
        "Size of the score times how completely its inputs were observed.",
        unit="fraction",
        ge=0,
        le=1,
        nullable=True,
    )
    oi_asof: Timestamp = column(
        "Instant of the open interest; null where it was not used.", unit="UTC", nullable=True
    )
    market_cap_asof: Timestamp = column(
        "Instant of the market cap; null where it was not used.", unit="UTC", nullable=True
    )
    price_asof: Timestamp = column(
        "End of the day of the price; null where it was not used.", unit="UTC", nullable=True
    )

    class Config:
        """One strategy after the other."""

        name = "signals"
        unique = ["strategy", "coin", "ts"]  # noqa: RUF012
