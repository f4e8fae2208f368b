"""Market caps and supplies in the form that both vendors of them give. Pure: no network."""

import logging

import polars as pl

from cryptopipe_assets.vendors.shapes import TIMESTAMP, refuse

logger = logging.getLogger("cryptopipe.vendors")

NAMES_SHOWN = 10

MARKET_CAP_SCHEMA = pl.Schema(
    {
        "ts": TIMESTAMP,
        "available_at": TIMESTAMP,
        "coin_id": pl.String(),
        "coin": pl.String(),
        "name": pl.String(),
        "rank": pl.Int64(),
        "price_usd": pl.Float64(),
        "market_cap_usd": pl.Float64(),
        "circulating_supply": pl.Float64(),
        "total_supply": pl.Float64(),
        "max_supply": pl.Float64(),
        "volume_24h_usd": pl.Float64(),
    }
)
AMOUNTS = [name for name, dtype in MARKET_CAP_SCHEMA.items() if dtype == pl.Float64()]
ZERO_IS_UNKNOWN = [name for name in AMOUNTS if name != "volume_24h_usd"]


def market_caps(rows: pl.DataFrame, *, vendor: str) -> pl.DataFrame:
    """Return ``MARKET_CAP_SCHEMA``, sorted by coin_id and ts.

    A price, cap or supply of 0 is how vendors write "unknown": it becomes null. What has neither
    price nor time is no observation: such rows are left out, counted and named in the log.

    Parameters
    ----------
    rows
        All columns but ``available_at``; the ticker in any case, amounts as sent.

    Raises
    ------
    UnexpectedShape
        If an amount is negative or not finite, or a coin has two values at one instant.
    """
    amounts = pl.col(AMOUNTS)
    refuse(
        rows,
        {
            "an amount is not finite": pl.any_horizontal(~amounts.is_finite()),
            "an amount is negative": pl.any_horizontal(amounts < 0),
            "the coin has two values at one instant": pl.struct("coin_id", "ts").is_duplicated(),
        },
        show=("coin_id", "ts"),
    )
    known = rows.with_columns(
        pl.col("coin").str.to_uppercase(),
        pl.when(pl.col(ZERO_IS_UNKNOWN) != 0).then(pl.col(ZERO_IS_UNKNOWN)).name.keep(),
        available_at=pl.col("ts") + pl.duration(milliseconds=1),
    )
    is_observation = pl.col("price_usd").is_not_null() & pl.col("ts").is_not_null()
    _mention(known.filter(~is_observation)["coin_id"].to_list(), vendor)
    return known.filter(is_observation).match_to_schema(MARKET_CAP_SCHEMA).sort("coin_id", "ts")


def _mention(left_out: list[str], vendor: str) -> None:
    """Say which rows were left out, if any."""
    if left_out:
        named = ", ".join(sorted(set(left_out))[:NAMES_SHOWN])
        logger.warning(
            "%s: %d rows without a price or a time are left out: %s", vendor, len(left_out), named
        )
