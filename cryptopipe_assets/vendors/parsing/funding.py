"""Settlements of funding as every venue's client returns them."""

import polars as pl

from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP

SETTLEMENT_SCHEMA = pl.Schema(
    {
        "ts": TIMESTAMP,
        "available_at": TIMESTAMP,
        "venue": pl.String(),
        "symbol": pl.String(),
        "funding_rate": pl.Float64(),
        "declared_interval_hours": pl.Int64(),
    }
)
"""``ts`` is the settlement's whole hour. Rates are fractions per the contract's own interval, which
is null where the venue declares none."""
