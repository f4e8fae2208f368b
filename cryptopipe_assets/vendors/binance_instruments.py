"""Binance's list of contracts, made into instruments. Pure: no network."""

from typing import Any

import polars as pl

from cryptopipe_assets.symbology import perpetual, split_multiplier
from cryptopipe_assets.vendors.binance_klines import TIMESTAMP, UnexpectedRows

PERPETUALS = ("PERPETUAL", "TRADIFI_PERPETUAL")
NO_END_MS = 4_102_444_800_000  # year 2100; Binance writes 4133404800000 for "not delisted"
USUAL_INTERVAL_HOURS = 8

INSTRUMENT_SCHEMA = pl.Schema(
    {
        "venue": pl.String(),
        "symbol": pl.String(),
        "vendor_symbol": pl.String(),
        "coin": pl.String(),
        "quote": pl.String(),
        "margin_asset": pl.String(),
        "contract_multiplier": pl.Int64(),
        "contract_type": pl.String(),
        "status": pl.String(),
        "listed_at": TIMESTAMP,
        "delisted_at": TIMESTAMP,
        "funding_interval_hours": pl.Int64(),
        "price_tick": pl.Float64(),
        "quantity_step": pl.Float64(),
    }
)


def read_instruments(exchange: Any, funding: Any) -> pl.DataFrame:
    """Return the perpetuals of ``exchangeInfo`` with the intervals of ``fundingInfo``.

    Unknown fields, contract types and states are let be.

    Raises
    ------
    UnexpectedRows
        If a field is missing, or two contracts would have one name.
    """
    try:
        hours = {each["symbol"]: each["fundingIntervalHours"] for each in funding}
        rows = [
            _instrument(each, hours.get(each["symbol"], USUAL_INTERVAL_HOURS))
            for each in exchange["symbols"]
            if each.get("contractType") in PERPETUALS
        ]
        found = pl.DataFrame(rows, schema=_RAW_SCHEMA, strict=True)
    except (TypeError, KeyError, AttributeError, pl.exceptions.PolarsError) as exc:
        raise UnexpectedRows(
            f"expected exchangeInfo and fundingInfo as documented: {type(exc).__name__} {exc}"
        ) from exc
    if not (twins := found.filter(pl.col("symbol").is_duplicated())).is_empty():
        raise UnexpectedRows(
            f"two contracts of one name: {twins['vendor_symbol'].to_list()} are all "
            f"{twins['symbol'][0]}"
        )
    delivery = pl.col("delisted_at")
    return (
        found.with_columns(
            pl.when(delivery < NO_END_MS).then(delivery).cast(TIMESTAMP),
            pl.col("listed_at").cast(TIMESTAMP),
            pl.col("price_tick", "quantity_step").cast(pl.Float64),
        )
        .match_to_schema(INSTRUMENT_SCHEMA)
        .sort("symbol")
    )


_AS_SENT = {
    "listed_at": pl.Int64(),
    "delisted_at": pl.Int64(),
    "price_tick": pl.String(),
    "quantity_step": pl.String(),
}
_RAW_SCHEMA = pl.Schema({**INSTRUMENT_SCHEMA, **_AS_SENT})


def _instrument(contract: dict[str, Any], interval_hours: int) -> dict[str, Any]:
    """Name the fields of one contract, values still as sent."""
    coin, multiplier = split_multiplier(contract["baseAsset"])
    filters = {each["filterType"]: each for each in contract["filters"]}
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
        "price_tick": filters.get("PRICE_FILTER", {}).get("tickSize"),
        "quantity_step": filters.get("LOT_SIZE", {}).get("stepSize"),
    }
