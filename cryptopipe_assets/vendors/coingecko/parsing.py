"""CoinGecko's answers, made into rows. Pure: no network."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.core.time import DAY, DAY_MS
from cryptopipe_assets.vendors.parsing.fields import Count, Instant, Number
from cryptopipe_assets.vendors.parsing.market_cap import (
    MARKET_CAP_SCHEMA,
    market_caps,
    newest_stamp,
)
from cryptopipe_assets.vendors.parsing.staleness import require_no_future, require_recent
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, refuse, shaped

VENDOR = "coingecko"
DAILY_ABOVE_DAYS = 90  # a chart of more days has one point a day, at 00:00 UTC

_HALF_HOUR, _FOUR_HOURS, _FOUR_DAYS = timedelta(minutes=30), timedelta(hours=4), timedelta(days=4)
CANDLE_WIDTHS = {  # days that ohlc can be asked for, to what it answers with
    1: _HALF_HOUR,
    **dict.fromkeys((7, 14, 30), _FOUR_HOURS),
    **dict.fromkeys((90, 180, 365), _FOUR_DAYS),
}

OHLC_SCHEMA = pl.Schema(
    {
        "ts": TIMESTAMP,
        "available_at": TIMESTAMP,
        "coin_id": pl.String(),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
    }
)
_RAW_SCHEMA = pl.Schema(
    {name: dtype for name, dtype in MARKET_CAP_SCHEMA.items() if name != "available_at"}
)


class _Coin(TypedDict):
    id: str
    symbol: str
    name: str
    current_price: Number | None
    market_cap: Number | None
    market_cap_rank: Count | None
    total_volume: Number | None
    circulating_supply: Number | None
    total_supply: Number | None
    max_supply: Number | None
    last_updated: Instant | None


class _Chart(TypedDict):
    prices: list[tuple[Count, Number | None]]
    market_caps: list[tuple[Count, Number | None]]
    total_volumes: list[tuple[Count, Number | None]]


_COINS = TypeAdapter(list[_Coin])
_CHART = TypeAdapter(_Chart)
_CANDLES = TypeAdapter(list[tuple[Count, Number, Number, Number, Number]])


def coin_id(slug: str) -> str:
    """Name a coin by the vendor's id."""
    return f"coingecko:{slug}"


def read_coins(payload: Any, *, now: datetime) -> pl.DataFrame:
    """Return a page of ``coins/markets`` as ``MARKET_CAP_SCHEMA``, sorted by coin_id.

    ``ts`` is when the vendor last updated the coin; ``volume_24h_usd`` is of the 24 hours before.

    Raises
    ------
    UnexpectedShape
        If a field is missing or of another kind, a coin occurs twice or was updated in the future.
    VendorUnavailable
        If no coin was updated in the last hour.
    """
    sent = [_row(each) for each in shaped(_COINS, payload)]
    rows = pl.DataFrame(sent, schema=_RAW_SCHEMA, orient="row")
    if not rows.is_empty():
        require_recent(newest_stamp(rows), now=now, vendor=VENDOR, what="the coins as they are now")
    twice = pl.col("coin_id").is_duplicated()
    refuse(rows, {"the coin is listed twice": twice}, show=("coin_id", "ts"))
    return market_caps(rows, vendor=VENDOR)


def slugs_of(payload: Any) -> list[str]:
    """Return the ids on a page of ``coins/markets``, in its order.

    Raises
    ------
    UnexpectedShape
    """
    return [each["id"] for each in shaped(_COINS, payload)]


def read_chart(
    payload: Any, slug: str, *, coin: str, name: str | None, is_daily: bool, now: datetime
) -> pl.DataFrame:
    """Return a ``market_chart`` as ``MARKET_CAP_SCHEMA``, sorted by ts; supplies are null.

    The last point of a daily chart is of now, not of 00:00, and is left out.

    Raises
    ------
    UnexpectedShape
        If a series is missing, an instant occurs twice or lies in the future, or a daily chart has
        other points.
    """
    chart = shaped(_CHART, payload)
    points = (
        _points(chart["prices"], "price_usd")
        .join(_points(chart["market_caps"], "market_cap_usd"), on="stamp", how="left")
        .join(_points(chart["total_volumes"], "volume_24h_usd"), on="stamp", how="left")
        .sort("stamp")
    )
    if points.is_empty():
        raise UnexpectedShape("expected points up to now, got none")
    require_no_future(points["stamp"][-1], now=now)
    supply = pl.col("market_cap_usd") / pl.col("price_usd")
    moved = (supply / supply.shift(1)).log10().abs()
    refuse(
        points,
        {"price and cap are in other units than just before": moved.is_finite() & (moved > 5)},
        show=("stamp",),
    )
    if is_daily:
        points = _at_midnight(points)
    nothing = pl.lit(None, dtype=pl.Float64)
    rows = points.select(
        "price_usd",
        "market_cap_usd",
        "volume_24h_usd",
        ts=pl.col("stamp").cast(TIMESTAMP),
        coin_id=pl.lit(coin_id(slug)),
        coin=pl.lit(coin),
        name=pl.lit(name, dtype=pl.String),
        rank=pl.lit(None, dtype=pl.Int64),
        circulating_supply=nothing,
        total_supply=nothing,
        max_supply=nothing,
    )
    return market_caps(rows, vendor=VENDOR)


def read_candles(payload: Any, slug: str, *, width: timedelta, now: datetime) -> pl.DataFrame:
    """Return candles as ``OHLC_SCHEMA``, sorted by ts.

    CoinGecko stamps a candle with its close: ``ts`` is that less the width, ``available_at`` that
    and 1 ms. The newest candle is left out while it is forming. Repetitions are dropped.

    Raises
    ------
    UnexpectedShape
        If a candle is off its grid or contradicts itself or another one.
    """
    sent = shaped(_CANDLES, payload)
    if not sent:
        raise UnexpectedShape("expected candles up to now, got none")
    require_no_future(max(stamp for stamp, *_ in sent), now=now + width)
    candles = pl.DataFrame(
        sent,
        schema={"stamp": pl.Int64, **dict.fromkeys(("open", "high", "low", "close"), pl.Float64)},
        orient="row",
    ).unique()
    grid = min(width, DAY) // timedelta(milliseconds=1)
    closed_at, prices = pl.col("stamp").cast(TIMESTAMP), pl.col("open", "high", "low", "close")
    is_forming = (pl.col("stamp") % grid != 0) & (pl.col("stamp") == pl.col("stamp").max())
    closed = candles.filter(closed_at <= now, ~is_forming).sort("stamp")
    refuse(
        closed,
        {
            f"the candle does not close at a whole {min(width, DAY)}": pl.col("stamp") % grid != 0,
            "the candle has two versions": pl.col("stamp").is_duplicated(),
            "a price is not positive": pl.any_horizontal(~prices.is_finite() | (prices <= 0)),
            "high is not the highest price": pl.col("high") < pl.max_horizontal(prices),
            "low is not the lowest price": pl.col("low") > pl.min_horizontal(prices),
        },
        show=("stamp",),
    )
    return closed.with_columns(
        ts=closed_at - width,
        available_at=closed_at + pl.duration(milliseconds=1),
        coin_id=pl.lit(coin_id(slug)),
    ).select(OHLC_SCHEMA.names())


def _row(coin: _Coin) -> dict[str, Any]:
    return {
        "ts": coin["last_updated"],
        "coin_id": coin_id(coin["id"]),
        "coin": coin["symbol"],
        "name": coin["name"],
        "rank": coin["market_cap_rank"],
        "price_usd": coin["current_price"],
        "market_cap_usd": coin["market_cap"],
        "circulating_supply": coin["circulating_supply"],
        "total_supply": coin["total_supply"],
        "max_supply": coin["max_supply"],
        "volume_24h_usd": coin["total_volume"],
    }


def _points(series: list[tuple[int, float | None]], name: str) -> pl.DataFrame:
    """Return one series by stamp; a stamp occurs once."""
    points = pl.DataFrame(series, schema={"stamp": pl.Int64, name: pl.Float64}, orient="row")
    refuse(points, {"the instant occurs twice": pl.col("stamp").is_duplicated()}, show=("stamp",))
    return points


def _at_midnight(points: pl.DataFrame) -> pl.DataFrame:
    """Drop the last point if it is of now; the others are of 00:00 UTC."""
    is_midnight, is_last = pl.col("stamp") % DAY_MS == 0, pl.col("stamp") == pl.col("stamp").max()
    daily = points.filter(is_midnight | ~is_last)
    if not (odd := daily.filter(~is_midnight)).is_empty():
        raise UnexpectedShape(
            f"expected points at 00:00 UTC, {odd.height} of {points.height} are not: "
            f"{odd['stamp'][0]}"
        )
    return daily
