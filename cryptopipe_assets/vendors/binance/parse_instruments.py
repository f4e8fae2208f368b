"""Binance's list of contracts, made into instruments. Pure: no network."""

from collections.abc import Collection
from typing import Any, Literal, NotRequired

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.core.symbology import perpetual, split_multiplier
from cryptopipe_assets.vendors.parsing.fields import Count
from cryptopipe_assets.vendors.parsing.instruments import INSTRUMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, refuse, shaped

PERPETUALS = ("PERPETUAL", "TRADIFI_PERPETUAL")
NO_END_MS = 4_102_444_800_000  # year 2100; Binance writes 4133404800000 for "not delisted"
USUAL_INTERVAL_HOURS = 8
INTERVALS_HOURS = (1, 2, 4, 6, 8, 12, 24)
FIRST_LISTING_MS = 1_500_000_000_000  # July 2017: Binance opened


class _Filter(TypedDict):
    filterType: str
    tickSize: NotRequired[str | None]
    stepSize: NotRequired[str | None]


class _Contract(TypedDict):
    symbol: str
    baseAsset: str
    quoteAsset: str
    marginAsset: str
    contractType: str
    status: str
    onboardDate: Count
    deliveryDate: Count
    filters: list[_Filter]


class _Exchange(TypedDict):
    symbols: list[_Contract]


class _Interval(TypedDict):
    symbol: str
    fundingIntervalHours: Count


_EXCHANGE = TypeAdapter(_Exchange)
_INTERVALS = TypeAdapter(list[_Interval])


def read_instruments(exchange: Any, funding: Any) -> pl.DataFrame:
    """Return the perpetuals of ``exchangeInfo`` with the intervals of ``fundingInfo``.

    Unknown fields, contract types and states are let be.

    Raises
    ------
    UnexpectedShape
        If a field is missing or cannot be true, two contracts would have one name, or the two
        answers are not of the same contracts.
    """
    listed = shaped(_EXCHANGE, exchange)["symbols"]
    hours = _hours(shaped(_INTERVALS, funding), {each["symbol"] for each in listed})
    rows = [
        _instrument(each, hours.get(each["symbol"], USUAL_INTERVAL_HOURS))
        for each in listed
        if each["contractType"] in PERPETUALS
    ]
    if not rows:
        raise UnexpectedShape("expected the perpetuals that are listed, got none")
    found = pl.DataFrame(rows, schema=_RAW_SCHEMA)
    if not (twins := found.filter(pl.col("symbol").is_duplicated())).is_empty():
        raise UnexpectedShape(
            f"two contracts of one name: {twins['vendor_symbol'].to_list()} are all "
            f"{twins['symbol'][0]}"
        )
    steps = pl.col("price_tick", "quantity_step").cast(pl.Float64, strict=False)
    delivery = pl.col("delisted_at")
    refuse(
        found.with_columns(steps),
        {
            "it was listed at an impossible time": ~pl.col("listed_at").is_between(
                FIRST_LISTING_MS, NO_END_MS
            ),
            "a tick or step is not positive": pl.any_horizontal(
                ~(pl.col("price_tick", "quantity_step").fill_null(1.0) > 0),
                ~pl.col("price_tick", "quantity_step").fill_null(1.0).is_finite(),
            ),
        },
        show=("vendor_symbol", "listed_at", "price_tick", "quantity_step"),
    )
    return (
        found.with_columns(
            pl.when(delivery < NO_END_MS).then(delivery).cast(TIMESTAMP),
            pl.col("listed_at").cast(TIMESTAMP),
            steps,
        )
        .match_to_schema(INSTRUMENT_SCHEMA)
        .sort("symbol")
    )


def _hours(intervals: list[_Interval], listed: Collection[str]) -> dict[str, int]:
    """Return hours between settlements by symbol, where Binance states them."""
    hours: dict[str, int] = {}
    for each in intervals:
        said = each["fundingIntervalHours"]
        if hours.setdefault(each["symbol"], said) != said:
            raise UnexpectedShape(f"fundingInfo: two intervals of {each['symbol']}")
    odd = {name: each for name, each in hours.items() if each not in INTERVALS_HOURS}
    if odd:
        raise UnexpectedShape(f"expected intervals of {INTERVALS_HOURS} hours, got {odd}")
    if not hours.keys() & set(listed):
        raise UnexpectedShape("fundingInfo: expected contracts of exchangeInfo, got none of them")
    return hours


_AS_SENT = {
    "listed_at": pl.Int64(),
    "delisted_at": pl.Int64(),
    "price_tick": pl.String(),
    "quantity_step": pl.String(),
}
_RAW_SCHEMA = pl.Schema({**INSTRUMENT_SCHEMA, **_AS_SENT})


def _instrument(contract: _Contract, interval_hours: int) -> dict[str, Any]:
    """Name the fields of one contract, values still as sent."""
    coin, multiplier = split_multiplier(contract["baseAsset"])
    return {
        "venue": "binance",
        "symbol": perpetual(contract["baseAsset"], contract["quoteAsset"]),
        "vendor_symbol": contract["symbol"],
        "coin": coin,
        "quote": contract["quoteAsset"],
        "margin_asset": contract["marginAsset"],
        "contract_multiplier": multiplier,
        "contract_type": contract["contractType"],
        "status": contract["status"],
        "listed_at": contract["onboardDate"],
        "delisted_at": contract["deliveryDate"],
        "funding_interval_hours": interval_hours,
        "price_tick": _filtered(contract, "PRICE_FILTER", "tickSize"),
        "quantity_step": _filtered(contract, "LOT_SIZE", "stepSize"),
    }


def _filtered(contract: _Contract, kind: str, field: Literal["tickSize", "stepSize"]) -> str | None:
    """Return a filter's number, null where there is no such filter."""
    for each in contract["filters"]:
        if each["filterType"] == kind:
            if (said := each.get(field)) is None:
                raise UnexpectedShape(f"{contract['symbol']}: expected {field} in its {kind}")
            return said
    return None
