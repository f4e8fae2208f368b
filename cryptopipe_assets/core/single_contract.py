"""Which one contract of a coin source 0 followed, where we follow all: the first by these orders.

Not our choice and no list of our vendors: two of the venues are known through Coinalyze only, and
a venue that is added later does not belong here, since that source never had it.
"""

VENUE_PREFERENCE = ("binance", "bybit", "okx", "bitmex", "deribit")
QUOTE_PREFERENCE = ("USD", "USDT", "USDC")
