"""The contracts of a venue as every venue's client lists them."""

import polars as pl

from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP

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
"""Columns of the table ``instruments`` that a venue tells."""
