"""Inputs of leverage_ratios, a few rows at a time, for numbers that fit in one's head."""

from datetime import UTC, datetime, timedelta

import polars as pl

START = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)
UTC_MS = pl.Datetime("ms", "UTC")
INTEREST = {
    "ts": UTC_MS,
    "available_at": UTC_MS,
    "coin": pl.String,
    "open_interest_usd": pl.Float64,
    "is_excluded": pl.Boolean,
    "oi_venues": pl.Int64,
    "oi_contracts": pl.Int64,
    "oi_coverage": pl.Float64,
    "oi_asof": UTC_MS,
}
CAP = {
    "ts": UTC_MS,
    "available_at": UTC_MS,
    "coin_id": pl.String,
    "coin": pl.String,
    "market_cap_usd": pl.Float64,
    "volume_24h_usd": pl.Float64,
}
FUNDING = {
    "ts": UTC_MS,
    "available_at": UTC_MS,
    "coin": pl.String,
    "funding_8h": pl.Float64,
    "funding_asof": UTC_MS,
}


def interest(
    values: list[float | None], coin: str = "AAA", *, excluded: bool = False
) -> pl.DataFrame:
    """Make daily closes from ``START`` on; None is a missing day."""
    rows = [
        (START + n * DAY, START + (n + 1) * DAY + MS, coin, value, excluded, 2, 3, 0.9, None)
        for n, value in enumerate(values)
        if value is not None
    ]
    return pl.DataFrame(rows, schema=INTEREST, orient="row")


def cap(
    usd: float,
    *,
    at: datetime,
    known: datetime | None = None,
    coin: str = "AAA",
    coin_id: str = "cmc:1",
) -> pl.DataFrame:
    """Make a snapshot of one coin, known a millisecond later unless told otherwise."""
    row = (at, known or at + MS, coin_id, coin, usd, usd / 10)
    return pl.DataFrame([row], schema=CAP, orient="row")


def funding(rates: list[float | None], coin: str = "AAA") -> pl.DataFrame:
    """Make daily funding from ``START`` on; None is a missing day."""
    rows = [
        (START + n * DAY, START + (n + 1) * DAY + MS, coin, rate, START + n * DAY + 16 * DAY / 24)
        for n, rate in enumerate(rates)
        if rate is not None
    ]
    return pl.DataFrame(rows, schema=FUNDING, orient="row")


NO_CAP = pl.DataFrame(schema=CAP)
NO_FUNDING = pl.DataFrame(schema=FUNDING)
