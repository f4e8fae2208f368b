"""Hyperliquid: perpetual contracts and their open interest, all in one response.

Docs      https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint
Auth      none
Budget    ``weight``, 1,200 a minute and address; ``metaAndAssetCtxs`` costs 20
History   none for open interest: only what was asked in time exists
Symbols   the base alone, ``BTC``; ``kPEPE`` is 1000 PEPE; all are margined in USDC; ``xyz:NVDA``
          is a market of the builder ``xyz``, in a list of its own, and is not collected
Numbers   strings; open interest is in units of the base, one side; the answer has no time
Steps     sizes have ``szDecimals`` decimals; prices 6 less that, and five digits at most, so that
          the step of a high price is larger than the smallest one, which the table has
Funding   settles every hour, of every contract
Terms     https://app.hyperliquid.xyz/terms; not offered in every country
"""
