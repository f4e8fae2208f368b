"""The small daily market of ``daily_market`` as collected tables in a warehouse."""

from datetime import datetime, timedelta

import polars as pl

from cryptopipe_assets.core.schema import Collected
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests.reference.daily_market import START, DailyMarket

VENUE_SHARES = {"binance": 0.75, "bybit": 0.25}
"""Quarters, so that the parts add up to the drawn open interest to the last bit."""

MULTIPLIER = 1000
MULTIPLIED = "C003"
"""A coin whose contract is of 1,000 coins."""

UNCAPPED = "C005"
"""A coin whose market cap nobody publishes."""


def fill(lake: Lake, market: DailyMarket, *, collected_at: datetime) -> None:
    """Write the market's rows that were available by ``collected_at``, as collected then."""
    tables = {
        "open_interest": open_interest(market),
        "market_cap": market_cap(market),
        "funding_rate": funding_rate(market),
        "ohlcv_1m": last_minutes(market),
    }
    by_then = pl.col("available_at") <= pl.lit(collected_at)
    trace = {
        "ingested_at": pl.lit(collected_at).dt.cast_time_unit("ms"),
        "source": pl.lit("simulated"),
    }
    for name, rows in tables.items():
        contract = contracts()[name]
        known = contract.conform(rows.filter(by_then).with_columns(**trace))
        for (day,), part in known.group_by(pl.col("ts").dt.date(), maintain_order=True):
            path = lake.path(name, day)
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_parquet(path)
    versions = instruments(market).with_columns(**trace)
    assert issubclass(contracts()["instruments"], Collected)
    lake.upsert(contracts()["instruments"], contracts()["instruments"].conform(versions))


def open_interest(market: DailyMarket) -> pl.DataFrame:
    """Hour 23 of each day on two venues."""
    venues = pl.DataFrame(
        list(VENUE_SHARES.items()), schema={"venue": pl.String, "share": pl.Float64}, orient="row"
    )
    usd = pl.col("open_interest_usd") * pl.col("share")
    return market.open_interest.join(venues, how="cross").select(
        pl.col("ts") + timedelta(hours=23),
        "available_at",
        "venue",
        "coin",
        symbol=_symbol(),
        margin_type=pl.lit("linear"),
        open_interest_contracts=pl.lit(None, pl.Float64),
        open_interest_base=pl.lit(None, pl.Float64),
        open_interest_usd=usd,
    )


def market_cap(market: DailyMarket) -> pl.DataFrame:
    """Its snapshots; C002 is stable, and C001 has a small bridged twin of the same ticker."""
    kind = pl.when(pl.col("coin") == "C002").then(pl.lit("stable")).otherwise(pl.lit("coin"))
    coins = market.market_cap.filter(pl.col("coin") != UNCAPPED).with_columns(kind=kind)
    twin = coins.filter(pl.col("coin") == "C001").with_columns(
        pl.lit("cmc:9001").alias("coin_id"),
        pl.lit("bridged").alias("kind"),
        pl.col("market_cap_usd") / 1000,
        pl.col("circulating_supply") / 1000,
    )
    return pl.concat([coins, twin])


def funding_rate(market: DailyMarket) -> pl.DataFrame:
    """One settlement of eight hours a day."""
    return market.funding.select(
        ts="funding_asof",
        available_at=pl.col("funding_asof") + timedelta(milliseconds=1),
        venue=pl.lit("binance"),
        symbol=_symbol(),
        funding_rate="funding_8h",
        interval_hours=pl.lit(8, pl.Int64),
    )


def last_minutes(market: DailyMarket) -> pl.DataFrame:
    """The last two minutes of each day; the close that counts is of the later one."""
    multiplier = pl.when(pl.col("coin") == MULTIPLIED).then(MULTIPLIER).otherwise(1)
    day = market.prices.with_columns(quoted=pl.col("close_usd") * multiplier)
    minutes = [
        day.with_columns(
            ts=pl.col("ts") + timedelta(days=1, minutes=-left), price=pl.col("quoted") * factor
        )
        for left, factor in ((2, 1.01), (1, 1.0))
    ]
    return pl.concat(minutes).select(
        "ts",
        pl.lit("binance").alias("venue"),
        _symbol().alias("symbol"),
        *(pl.col("price").alias(name) for name in ("open", "high", "low", "close")),
        *(pl.lit(1.0).alias(name) for name in ("volume_base", "volume_quote")),
        *(pl.lit(0.5).alias(name) for name in ("taker_buy_base", "taker_buy_quote")),
        available_at=pl.col("ts") + timedelta(minutes=1, milliseconds=1),
        trades=pl.lit(1, pl.Int64),
    )


def instruments(market: DailyMarket) -> pl.DataFrame:
    """One contract a coin."""
    start = pl.lit(START).dt.cast_time_unit("ms")
    multiplier = pl.when(pl.col("coin") == MULTIPLIED).then(MULTIPLIER).otherwise(1)
    return (
        market.prices.select("coin")
        .unique()
        .sort("coin")
        .select(
            "coin",
            ts=start,
            available_at=start,
            venue=pl.lit("binance"),
            symbol=_symbol(),
            vendor_symbol=pl.col("coin") + "USDT",
            quote=pl.lit("USDT"),
            margin_asset=pl.lit("USDT"),
            contract_multiplier=multiplier.cast(pl.Int64),
            contract_type=pl.lit("PERPETUAL"),
            status=pl.lit("TRADING"),
            listed_at=start,
            delisted_at=pl.lit(None, pl.Datetime("ms", "UTC")),
            funding_interval_hours=pl.lit(8, pl.Int64),
            price_tick=pl.lit(0.01),
            quantity_step=pl.lit(0.01),
            tier=pl.lit("all"),
        )
    )


def _symbol() -> pl.Expr:
    is_multiplied = pl.col("coin") == MULTIPLIED
    prefix = pl.when(is_multiplied).then(pl.lit(str(MULTIPLIER))).otherwise(pl.lit(""))
    return pl.concat_str(prefix, "coin", pl.lit("-USDT-PERP"))
