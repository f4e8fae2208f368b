"""CoinMarketCap: market caps and supplies of ranked coins.

Docs      https://pro.coinmarketcap.com/api/documentation
Auth      header ``X-CMC_PRO_API_KEY``; the Basic plan is free
Budget    ``calls``: 30 a minute on Basic; and credits, 10,000 to 15,000 a month on Basic: a call
          costs one per 200 coins listed, per 100 coins quoted or listed of a past day
History   listings of past days by plan (a month at least); a day is labelled by its start, the
          values are of its end
Symbols   numbers, ``1`` for Bitcoin: tickers repeat and change
Numbers   JSON numbers; times ISO 8601 UTC; 0 or null where a supply is unknown
Terms     https://coinmarketcap.com/api/terms/: no redistribution on the free plan
"""
