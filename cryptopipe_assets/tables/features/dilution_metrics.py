"""Dilution of each coin: what may still come into circulation, and how fast it does."""

from cryptopipe_assets.core.schema import Derived, Timestamp, column


class DilutionMetrics(Derived):
    """One coin and UTC day that brought a snapshot of its supply, against the cap it came with.

    All coins of market_cap, stable and wrapped ones too. A coin without maximum supply is
    measured by its total supply (``cap_kind``). Velocities compare with the first snapshot of the
    last twelve months. Usable one millisecond after the day.
    """

    coin_id: str = column("Vendor's id of the coin, e.g. cmc:1.", unit="id")
    coin: str = column("Ticker, e.g. BTC.", unit="id")
    name: str = column("Name of the coin, e.g. Bitcoin.", unit="label")
    rank: int = column("Rank by market cap, 1 the largest.", unit="count", ge=1, nullable=True)
    price_usd: float = column("Price of one coin.", unit="USD", ge=0, nullable=True)
    market_cap_usd: float = column(
        "Price times circulating supply.", unit="USD", ge=0, nullable=True
    )
    circulating_supply: float = column(
        "Coins in circulation; cap over price where it is not given.",
        unit="coins",
        gt=0,
        nullable=True,
    )
    total_supply: float = column(
        "Coins that exist, locked ones too.", unit="coins", gt=0, nullable=True
    )
    max_supply: float = column(
        "Coins that can ever exist; null without a cap.", unit="coins", gt=0, nullable=True
    )
    max_supply_effective: float = column(
        "The cap measured by: maximum supply, else total supply.",
        unit="coins",
        gt=0,
        nullable=True,
    )
    cap_kind: str = column(
        "Which of the two it is: max or total.", unit="label", isin=["max", "total"], nullable=True
    )
    cap_pit: bool = column(
        "Whether the cap was known in the snapshot itself.", unit="flag", nullable=True
    )
    circulating_share: float = column(
        "Circulating supply over the cap.", unit="fraction", gt=0, nullable=True
    )
    potential_dilution: float = column(
        "What is still to come over what circulates.", unit="fraction", ge=-1, nullable=True
    )
    locked_tokens: float = column("Cap less circulating supply.", unit="coins", nullable=True)
    dilution_velocity_share_per_year: float = column(
        "Change of the circulating share per year.", unit="fraction per year", nullable=True
    )
    velocity_days: float = column(
        "Days between the snapshots compared for that.", unit="days", ge=0, nullable=True
    )
    dilution_velocity_tokens_per_year: float = column(
        "Change of the circulating supply per year.", unit="coins per year", nullable=True
    )
    supply_inflation_ann: float = column(
        "Log growth of the circulating supply per year; needs no cap.",
        unit="log per year",
        nullable=True,
    )
    supply_days: float = column(
        "Days between the snapshots compared for those two.", unit="days", ge=0, nullable=True
    )
    category: str = column(
        "The velocity in words: deflationary, low to 5 %, medium to 10 %, high a year.",
        unit="label",
        isin=["deflationary", "low", "medium", "high"],
        nullable=True,
    )
    risk: str = column(
        "The share in words: high below 50 %, low above 90 %, else medium.",
        unit="label",
        isin=["low", "medium", "high"],
        nullable=True,
    )
    supply_asof: Timestamp = column("Instant of the snapshot.", unit="UTC")

    class Config:
        """By the vendor's id: tickers are not unique."""

        name = "dilution_metrics"
        unique = ["coin_id", "ts"]  # noqa: RUF012
