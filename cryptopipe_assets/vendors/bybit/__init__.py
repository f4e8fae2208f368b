"""Bybit: contracts and open interest of linear and inverse perpetuals.

Docs      https://bybit-exchange.github.io/docs/v5/market/tickers (and open-interest, instrument)
Auth      none for market data
Budget    ``requests``, 600 in 5 seconds and address; above it 403, and a ban of ten minutes
History   open interest from a contract's launch, sizes only; 200 points a page, newest first
Symbols   ``BTCUSDT``, ``BTCPERP`` (USDC), ``BTCUSD`` (inverse), ``1000PEPEUSDT``, ``SHIB1000USDT``
Names     ``symbolType`` says what is no coin (stock, commodity, forex); other words are regions of
          coins. ``PreLaunch`` contracts have no mark price
Numbers   strings; times are milliseconds UTC, ``endTime`` is inclusive; ``fundingInterval`` is a
          number of minutes
Failures  ``retCode`` other than 0, with status 200
Terms     https://www.bybit.com/en/terms-service; not offered in every country
"""
