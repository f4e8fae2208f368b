"""Funding against the other instruments."""

import polars as pl

from cryptopipe_assets.quant.factors.factor import factor
from cryptopipe_assets.quant.factors.operators import cs_median


@factor(unit="fraction")
def funding_pressure() -> pl.Expr:
    """Funding rate less its median over all instruments of the hour.

    Rates per their own interval, as the venue states them; null where no usable rate is known.
    """
    return pl.col("funding_rate") - cs_median(pl.col("funding_rate"))
