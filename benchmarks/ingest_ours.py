"""The collectors' own way to the same bars, in a child process: prints one line of JSON.

Usage: ``python -m benchmarks.ingest_ours WAY ADDRESS START_MS END_MS SYMBOL...``, where WAY is
``rest`` (the klines endpoint alone) or ``collected`` (files of the archive, REST for the rest).
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime

import polars as pl

from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.collect import collect_bars

NOW = datetime(2026, 10, 20, tzinfo=UTC)  # where the stand-in's clock stands


def main() -> None:
    """Measure one way."""
    way, address, start, end, *symbols = sys.argv[1:]
    window = {
        name: datetime.fromtimestamp(int(ms) / 1000, UTC)
        for name, ms in (("start", start), ("end", end))
    }
    named = {each: f"{each.removesuffix('USDT')}-USDT-PERP" for each in symbols}
    seconds, bars = asyncio.run(_ask(way, address, named, window))
    answer = {
        "rows": bars.height,
        "close": bars["close"].sum(),
        "volume": bars["volume_base"].sum(),
    }
    print(json.dumps({"seconds": seconds, "version": pl.__version__, "answer": answer}))


async def _ask(
    way: str, address: str, named: dict[str, str], window: dict[str, datetime]
) -> tuple[float, pl.DataFrame]:
    async with (
        Binance(base_url=f"{address}/binance", clock=lambda: NOW) as binance,
        BinanceArchive(base_url=f"{address}/binance-archive") as archive,
    ):
        for _ in range(2):  # once to warm up, once on the clock
            begin = time.perf_counter()
            if way == "rest":
                bars = await binance.klines(named, **window)
            else:
                bars = (await collect_bars(binance, archive, named, **window, now=NOW)).frame
            seconds = time.perf_counter() - begin
        return seconds, bars


if __name__ == "__main__":
    main()
