"""A small collected table for the tests of storage."""

from datetime import UTC, datetime, timedelta

import polars as pl

from cryptopipe_assets.core.schema import Collected, Stamped, column

DAY = datetime(2026, 2, 1, tzinfo=UTC)


class Quotes(Collected):
    """A price of an instrument at a minute."""

    symbol: str = column("Instrument.", unit="id")
    price: float = column("Price, it's in quote.", unit="quote per base", gt=0)

    class Config:
        name = "quotes"
        unique = ["symbol", "ts"]  # noqa: RUF012


class Means(Stamped):
    """A mean of prices."""

    symbol: str = column("Instrument.", unit="id")
    mean: float = column("Mean.", unit="quote per base", nullable=True)

    class Config:
        name = "means"
        unique = ["symbol", "ts"]  # noqa: RUF012


def quotes(minutes: int, *, price: float = 1.0, came: int = 0, symbol: str = "A") -> pl.DataFrame:
    """The first minutes of the day, ingested ``came`` seconds after it."""
    stamps = [DAY + timedelta(minutes=each) for each in range(minutes)]
    return Quotes.conform(
        pl.DataFrame(
            {
                "ts": stamps,
                "available_at": stamps,
                "ingested_at": [DAY + timedelta(days=1, seconds=came)] * minutes,
                "source": ["test"] * minutes,
                "symbol": [symbol] * minutes,
                "price": [price] * minutes,
            },
            schema=Quotes.polars_schema(),
        )
    )
