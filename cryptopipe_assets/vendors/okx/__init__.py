"""OKX: open interest of perpetual swaps.

Docs      https://www.okx.com/docs-v5/en/#public-data-rest-api-get-open-interest
Auth      none for market data
Budget    ``public``, 20 calls in 2 seconds and address, for each of the two endpoints
History   none here: only what was asked in time exists
Symbols   ``BTC-USDT-SWAP``, ``BTC-USD-SWAP`` (inverse), ``BTC-USD_UM-SWAP`` (linear in dollars)
Numbers   strings; ``oi`` counts contracts of ``ctVal`` each, ``oiCcy`` coins; one side
Failures  ``code`` other than 0, also with status 200
Terms     https://www.okx.com/help/terms-of-service; not offered in every country
"""
