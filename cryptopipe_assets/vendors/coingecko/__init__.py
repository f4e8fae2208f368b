"""CoinGecko: market caps and supplies, with and without a key."""
