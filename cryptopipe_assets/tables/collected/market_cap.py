"""Prices, market caps and supplies of coins."""

from cryptopipe_assets.core.coin_kinds import KINDS
from cryptopipe_assets.core.schema import Collected, column


class MarketCap(Collected):
    """What a coin was worth in the market at an instant, and how much of it there was.

    Day labels are reconciled: the close of a day is the row of the next 00:00, whoever gave it.
    Today's file gathers snapshots; a vendor's correction of one is a revision of its row.
    """

    coin_id: str = column("The vendor's own id of the coin, e.g. coingecko:bitcoin.", unit="id")
    coin: str = column("Ticker in upper case; several coins may share one.", unit="id")
    name: str = column("The vendor's name of the coin.", unit="label")
    kind: str = column(
        "coin, or for what stands for another one: stable, wrapped, staked, bridged.",
        unit="label",
        isin=list(KINDS),
    )
    rank: int = column(
        "Rank by market cap; null where it is not given.", unit="count", ge=1, nullable=True
    )
    price_usd: float = column("Price of a coin.", unit="USD", gt=0)
    market_cap_usd: float = column(
        "Value of all coins in circulation; null where unknown.", unit="USD", ge=0, nullable=True
    )
    circulating_supply: float = column(
        "Coins in circulation; null where unknown or not given.", unit="coins", ge=0, nullable=True
    )
    total_supply: float = column(
        "Coins that exist; null where unknown or not given.", unit="coins", ge=0, nullable=True
    )
    max_supply: float = column(
        "Coins that can ever exist; null without a cap, or where it is not given.",
        unit="coins",
        ge=0,
        nullable=True,
    )
    volume_24h_usd: float = column(
        "Value traded in the 24 hours before, on the spot markets that the vendor counts.",
        unit="USD",
        ge=0,
        nullable=True,
    )

    class Config:
        """``ts`` is the instant that the vendor says the values are of."""

        name = "market_cap"
        unique = ["coin_id", "ts"]  # noqa: RUF012
