"""Binance's REST endpoints, limits and public archive. No market: see `contents`."""
