"""Where each vendor documents the endpoints that we use."""

from collections.abc import Mapping

DOCS: Mapping[str, str] = {
    "binance": "https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info",
    "bybit": "https://bybit-exchange.github.io/docs/v5/market/tickers",
    "okx": "https://www.okx.com/docs-v5/en/",
    "hyperliquid": "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api",
    "coinalyze": "https://api.coinalyze.net/v1/doc/",
    "coinmarketcap": "https://coinmarketcap.com/api/documentation/v1/",
    "coingecko": "https://docs.coingecko.com/",
}
