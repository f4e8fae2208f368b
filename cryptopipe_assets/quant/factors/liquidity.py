"""Volume against the instrument's own past and against the other instruments."""

from datetime import timedelta

import polars as pl

from cryptopipe_assets.quant.factors.factor import factor
from cryptopipe_assets.quant.factors.operators import cs_mean, ratio, ts_mean

_VOLUME_BASE = pl.when("is_valid_bar").then("volume_base")
_VOLUME_QUOTE = pl.when("is_valid_bar").then("volume_quote")


@factor(unit="fraction", lookback=timedelta(hours=23))
def turnover_ratio() -> pl.Expr:
    """Base volume over its mean of the last 24 hours.

    Null unless all 24 hours have a valid bar; a filled hour is missing, not zero.
    """
    return ratio(_VOLUME_BASE, ts_mean(_VOLUME_BASE, 24))


@factor(unit="fraction")
def relative_volume() -> pl.Expr:
    """Base volume over its mean over all instruments of the hour.

    Kept for compatibility: base units of different coins do not compare. Prefer
    ``relative_volume_usd``.
    """
    return ratio(_VOLUME_BASE, cs_mean(_VOLUME_BASE))


@factor(unit="fraction")
def relative_volume_usd() -> pl.Expr:
    """Quote volume over its mean over all instruments of the hour."""
    return ratio(_VOLUME_QUOTE, cs_mean(_VOLUME_QUOTE))
