"""OKX: contracts and open interest of perpetual swaps.

Docs      https://www.okx.com/docs-v5/en/#public-data-rest-api-get-open-interest
Auth      none for market data
Budget    ``public``, 20 calls in 2 seconds and address, for each of the two endpoints
History   none here: only what was asked in time exists
Symbols   ``BTC-USDT-SWAP``, ``BTC-USD-SWAP`` (inverse), ``BTC-USD_UM-SWAP`` (linear in dollars)
Names     ``instFamily`` is the pair; ``instCategory`` says what is no coin (3 stocks, 4
          commodities, 5 currencies, 6 bonds), ``ruleType`` what is of before a coin's market, and
          ``state`` what is not open yet, with blanks; the interval of funding is not told
Numbers   strings; ``oi`` and ``lotSz`` count contracts of ``ctVal`` each, ``oiCcy`` coins; one side
Failures  ``code`` other than 0, also with status 200
Terms     https://www.okx.com/help/terms-of-service; not offered in every country
"""
