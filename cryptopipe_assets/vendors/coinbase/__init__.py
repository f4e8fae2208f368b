"""Coinbase: daily spot prices in US dollars.

Docs      https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproductcandles
Auth      none
Budget    ``public``: 10 a second and address
History   daily candles since a product was listed; days without a trade have none
Symbols   ``BTC-USD``
Numbers   JSON numbers; a candle is [open time in seconds, low, high, open, close, volume in base],
          the newest first, 300 at most; ``start`` and ``end`` are inclusive
Terms     https://www.coinbase.com/legal/market_data; no redistribution
"""
