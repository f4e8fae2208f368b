"""The loop that ccxt's documentation shows, as a child process in an environment of its own.

Usage: ``python ingest_ccxt.py ADDRESS START_MS END_MS SYMBOL...``; prints one line of JSON. It
imports nothing of cryptopipe: ccxt's pins are not ours.
"""

import json
import sys
import time

import ccxt

ROWS_A_CALL = 1500


def main() -> None:
    """Fetch every symbol's minutes, one page after another."""
    address, start, end, *symbols = sys.argv[1:]
    exchange = ccxt.binanceusdm({"enableRateLimit": False})
    for name in ("fapiPublic", "fapiPublicV2", "fapiPublicV3"):
        exchange.urls["api"][name] = f"{address}/binance/fapi/v1"
    exchange.has["fetchCurrencies"] = False
    exchange.options["fetchMarkets"] = {"types": ["linear"]}
    exchange.load_markets()
    for each in symbols:  # once to warm up, once on the clock
        minutes_of(exchange, each, int(start), int(end))
    begin = time.perf_counter()
    rows = {each: minutes_of(exchange, each, int(start), int(end)) for each in symbols}
    seconds = time.perf_counter() - begin
    every = [row for each in rows.values() for row in each]
    answer = {
        "rows": len(every),
        "close": sum(row[4] for row in every),
        "volume": sum(row[5] for row in every),
    }
    print(json.dumps({"seconds": seconds, "version": ccxt.__version__, "answer": answer}))


def minutes_of(exchange: ccxt.Exchange, symbol: str, start: int, end: int) -> list[list[float]]:
    """Page forward from the last bar, as everybody does."""
    market = exchange.markets_by_id[symbol][0]["symbol"]
    rows: list[list[float]] = []
    since = start
    while since < end:
        page = exchange.fetch_ohlcv(market, "1m", since, ROWS_A_CALL)
        page = [row for row in page if row[0] < end]
        if not page:
            break
        rows += page
        since = page[-1][0] + 60_000
    return rows


if __name__ == "__main__":
    main()
