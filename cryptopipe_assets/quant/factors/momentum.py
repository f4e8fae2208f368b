"""Returns over fixed spans of time."""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.quant.factors.factor import factor
from cryptopipe_assets.quant.factors.operators import ratio, ts_delay

_CLOSE = pl.when("is_valid_bar").then("close")
"""Close of a valid bar: a filled price is not a price at which one could have traded."""


def _returns(hours: int) -> pl.Expr:
    return ratio(_CLOSE, ts_delay(_CLOSE, hours)) - 1


@factor(unit="fraction", lookback=timedelta(hours=1))
def returns_1h() -> pl.Expr:
    """Return over the last hour, ``close / close[-1h] - 1``.

    Null where either bar is missing, filled or too short.
    """
    return _returns(1)


@factor(unit="fraction", lookback=timedelta(hours=24))
def returns_24h() -> pl.Expr:
    """Return over the last 24 hours, ``close / close[-24h] - 1``.

    Null where either bar is missing, filled or too short.
    """
    return _returns(24)


@factor(unit="fraction", lookback=timedelta(hours=168))
def returns_168h() -> pl.Expr:
    """Return over the last 168 hours, ``close / close[-168h] - 1``.

    Null where either bar is missing, filled or too short.
    """
    return _returns(168)
