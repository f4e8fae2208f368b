"""What a venue's ways (files and REST) say of a day that they do not give whole."""

import polars as pl

TOLD = pl.Schema(
    {"symbol": pl.String(), "day": pl.Date(), "transport": pl.String(), "said": pl.String()}
)
"""What a way said of a symbol's day; said is null where it responded without all of the rows."""
