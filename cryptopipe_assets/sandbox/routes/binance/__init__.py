"""Binance's REST endpoints, limits and public archive."""
