"""Hourly bars and listings for tests that compute by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from cryptopipe_assets.quant.bars.microstructure import MICROSTRUCTURE_COLUMNS

_START = datetime(2025, 1, 1, tzinfo=UTC)
_UTC_MS = pl.Datetime("ms", "UTC")
_INTEGERS = {"trades", "n_minutes", "funding_interval_hours"}
_USUAL = {"trades": 10, "n_minutes": 60, "realized_vol": 0.01, "volume_cv": 1.0, "vwap_dev": 0.0}
_USUAL |= {"rv_sum": 0.01, "parkinson": 0.01, "garman_klass": 0.01, "taker_buy_ratio": 0.5}


def hour(number: int) -> datetime:
    """Open of an hour, counted from the start of 2025."""
    return _START + timedelta(hours=number)


def bars(
    closes: dict[int, float],
    *,
    symbol: str = "A",
    volumes: dict[int, float] | None = None,
    **values: Any,
) -> pl.DataFrame:
    """Rows of ``hourly_microstructure``: flat bars at ``closes``, volume 1 unless given.

    Further keywords set a column in all rows.
    """
    volume = dict.fromkeys(closes, 1.0) | (volumes or {})
    rows = [
        {
            "ts": hour(number),
            "available_at": hour(number + 1) + timedelta(milliseconds=1),
            "venue": "binance",
            "symbol": symbol,
            **dict.fromkeys(("open", "high", "low", "close", "vwap", "vwap_exact"), close),
            "volume_base": volume[number],
            "volume_quote": volume[number] * close,
            "taker_buy_base": volume[number] / 2,
            **_USUAL,
            **values,
        }
        for number, close in closes.items()
    ]
    return pl.DataFrame(rows, schema={name: _dtype(name) for name in MICROSTRUCTURE_COLUMNS})


def _dtype(name: str) -> pl.DataType | type[pl.DataType]:
    if name in {"ts", "available_at"}:
        return _UTC_MS
    if name in {"venue", "symbol"}:
        return pl.String
    if name == "arb_pressure":
        return pl.Boolean
    return pl.Int64 if name in _INTEGERS else pl.Float64


def listings(**validity: tuple[datetime, datetime | None]) -> pl.DataFrame:
    """Listings from symbol=(listed_at, delisted_at)."""
    return pl.DataFrame(
        {
            "venue": ["binance"] * len(validity),
            "symbol": list(validity),
            "listed_at": [listed for listed, _ in validity.values()],
            "delisted_at": [delisted for _, delisted in validity.values()],
        },
        schema_overrides={"listed_at": _UTC_MS, "delisted_at": _UTC_MS},
    )
