"""Coinalyze: aggregated futures data of all large venues.

Docs      https://api.coinalyze.net/v1/doc/
Auth      header ``api_key``; free
Budget    ``symbols``: 40 a minute and key; each symbol of a request costs one, 20 at most
History   hourly: the last 1500 to 2000 bars, older ones are deleted daily; daily: all
Symbols   ``BTCUSDT_PERP.A``, the letter after the dot being the venue; only the list of markets
          says what a symbol is
Numbers   JSON numbers; a bar's stamp is its open in seconds, a reading's is in milliseconds;
          ``to`` is inclusive; funding is in percent, per the contract's own interval
Terms     https://coinalyze.net/terms-of-use/; whoever shows the numbers names Coinalyze
"""
