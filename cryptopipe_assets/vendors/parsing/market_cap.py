"""Market caps and supplies in the form that both vendors of them give. Pure: no network."""

import logging

import polars as pl

from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, refuse

logger = logging.getLogger("cryptopipe.vendors")

NAMES_SHOWN = 10
ANOTHER_UNIT = 10  # a cap that differs from price times supply by this factor is of something else

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
    price nor time is no observation, and what has a cap of another size than price times supply is
    a wrong one: such rows are left out, counted and named in the log.

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
    worth = pl.col("price_usd") * pl.col("circulating_supply") / pl.col("market_cap_usd")
    is_consistent = worth.is_between(1 / ANOTHER_UNIT, ANOTHER_UNIT).fill_null(value=True)
    usable = is_observation & is_consistent
    _mention(known.filter(~usable)["coin_id"].to_list(), vendor)
    return known.filter(usable).match_to_schema(MARKET_CAP_SCHEMA).sort("coin_id", "ts")


def newest_stamp(rows: pl.DataFrame) -> int:
    """Return the newest ``ts`` in milliseconds.

    Raises
    ------
    UnexpectedShape
        If no row has one.
    """
    newest = rows["ts"].dt.epoch("ms").max()
    if not isinstance(newest, int):
        raise UnexpectedShape("expected coins that were updated at some time, got none")
    return newest


def _mention(left_out: list[str], vendor: str) -> None:
    """Say which rows were left out, if any."""
    if left_out:
        named = ", ".join(sorted(set(left_out))[:NAMES_SHOWN])
        logger.warning(
            "%s: %d rows are left out, without price or time or with a cap that is no product of "
            "price and supply: %s",
            vendor,
            len(left_out),
            named,
        )
