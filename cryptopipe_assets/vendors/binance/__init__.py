"""Binance: USD-M perpetual contracts by REST, and the public archive of files."""
