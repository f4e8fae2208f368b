"""Minute bars of one contract at instants that a test chooses."""

from datetime import datetime

import polars as pl

from cryptopipe_assets.core.time import MINUTE
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

SYMBOL = "BTC-USDT-PERP"


def bars(*opens: datetime, ingested: datetime | None = None) -> pl.DataFrame:
    """Bars that open then; each is collected when it closes, unless it is said when."""
    numbers = dict.fromkeys(("open", "high", "low", "close"), 1.0)
    amounts = {"volume_base": 2.0, "volume_quote": 2.0, "taker_buy_base": 1.0}
    return Ohlcv1m.conform(
        pl.DataFrame(
            [
                {
                    "ts": at,
                    "available_at": at + MINUTE,
                    "venue": "binance",
                    "symbol": SYMBOL,
                    **numbers,
                    **amounts,
                    "trades": 1,
                    "taker_buy_quote": 1.0,
                    "ingested_at": ingested or at + MINUTE,
                    "source": "binance",
                }
                for at in opens
            ]
        )
        .with_columns(pl.col("ts", "available_at", "ingested_at").dt.cast_time_unit("ms"))
        .select(Ohlcv1m.columns())
    )
