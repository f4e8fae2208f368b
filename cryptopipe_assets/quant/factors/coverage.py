"""How many instruments an hour's cross-section rests on."""

import polars as pl

from cryptopipe_assets.quant.factors.factor import factor
from cryptopipe_assets.quant.factors.operators import cs_count


@factor(unit="count")
def cs_universe_size() -> pl.Expr:
    """Number of instruments listed in the hour, whether or not they have a bar."""
    return cs_count(pl.col("ts").is_not_null())


@factor(unit="fraction")
def cs_coverage_frac() -> pl.Expr:
    """Share of the instruments listed in the hour that have a valid bar."""
    return cs_count(pl.col("is_valid_bar")) / pl.col("cs_universe_size")
