"""CoinGecko: market caps and supplies, with and without a key.

Docs      https://docs.coingecko.com
Auth      none, or a header: ``x-cg-demo-api-key`` (free), ``x-cg-pro-api-key`` on its own host
Budget    calls a minute by plan; 10,000 a month on demo; failed calls count too
History   365 days without a paid plan
Symbols   ids, ``bitcoin``: tickers repeat
Numbers   JSON numbers; stamps in milliseconds; volume is always of the last 24 hours; a cap of 0
          is unknown; a chart's daily point is the close of the day before, a candle's stamp is
          its close
Terms     https://www.coingecko.com/en/api_terms; whoever shows the numbers names CoinGecko
"""
