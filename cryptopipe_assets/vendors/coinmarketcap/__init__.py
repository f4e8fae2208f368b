"""CoinMarketCap: market caps and supplies of ranked coins."""
