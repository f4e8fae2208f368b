"""Binance: USD-M perpetual contracts by REST, and the public archive of files.

Docs      https://developers.binance.com/docs/derivatives/usds-margined-futures
Auth      none for market data
Budgets   ``weight`` (2,400 a minute and address) and ``funding`` (500 calls in 5 minutes)
History   klines and settlements from listing
Symbols   ``BTCUSDT``, ``1000PEPEUSDT``
Numbers   strings; times are milliseconds UTC; ``endTime`` is inclusive
Terms     https://www.binance.com/en/terms; not offered in every country (HTTP 451)
"""
