"""Gate: perpetual contracts settled in USDT.

Docs      https://www.gate.com/docs/developers/apiv4/
Auth      none for market data
Budget    ``public``: 200 requests in 10 seconds, address and endpoint; above it 429
History   settlements of funding; open interest of the present (its statistics carry a stamp of
          which no document says which end of the interval it is, so they are not used)
Symbols   ``BTC_USDT``; contracts settled in BTC are another API and are not collected
Names     ``contract_type`` says what is no coin (stocks, metals, indices, forex, commodities)
Numbers   prices and rates are texts, sizes are whole contracts of ``quanto_multiplier`` base units
          each; times are in seconds; ``total_size`` counts one side
Terms     https://www.gate.com/legal/user-agreement; not offered in every country
"""
