"""Hyperliquid: open interest of perpetual contracts, all in one response.

Docs      https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint
Auth      none
Budget    ``weight``, 1,200 a minute and address; ``metaAndAssetCtxs`` costs 20
History   none for open interest: only what was asked in time exists
Symbols   the base alone, ``BTC``; ``kPEPE`` is 1000 PEPE; all are margined in USDC
Numbers   strings; open interest is in units of the base, one side; the answer has no time
Terms     https://app.hyperliquid.xyz/terms; not offered in every country
"""
