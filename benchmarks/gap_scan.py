"""How long the missing minutes among 240 million take to find: ``python -m benchmarks.gap_scan``.

Measured are the first scan of all files, a second one when nothing has changed, one when a day has
changed, and a whole survey with causes. Prices are constant, so that the files fit anywhere: a scan
does not read them.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.progress import track

from cryptopipe_assets.collect.gaps.datasets import BARS
from cryptopipe_assets.collect.gaps.ledger import GAPS
from cryptopipe_assets.collect.gaps.scan import scan
from cryptopipe_assets.collect.gaps.survey import survey
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.parquet import ROW_GROUP
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

SYMBOLS, DAYS = 100, 1667
FIRST = date(2022, 1, 1)
MINUTES_A_DAY = 1440
HOLE = timedelta(minutes=7)
DAYS_BETWEEN_HOLES = 10


def main() -> None:
    """Write the files, measure, print."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        for number in track(range(DAYS), "writing", console=console):
            _write(lake, number)
        minutes = SYMBOLS * DAYS * MINUTES_A_DAY
        console.print(f"{minutes / 1e6:.0f} million minutes in {DAYS} files")
        _timed(console, "first scan", lambda: _scanned(lake))
        _timed(
            console,
            "second scan, nothing changed",
            lambda: _scanned(lake),
        )
        _write(lake, DAYS - 1)
        _timed(
            console,
            "third scan, one day changed",
            lambda: _scanned(lake),
        )
        _timed(console, "survey with causes, gaps found", lambda: _gaps(lake))


def _timed(console: Console, what: str, run: Callable[[], int]) -> None:
    begin = time.perf_counter()
    found = run()
    console.print(f"{what:<34} {time.perf_counter() - begin:7.2f} s   {found}")


def _scanned(lake: Lake) -> int:
    return scan(lake, BARS, venue="binance").files_read


def _write(lake: Lake, number: int) -> None:
    """One day of all symbols; every tenth one has a hole in one of them."""
    start = midnight(FIRST + timedelta(days=number))
    clock = pl.datetime_range(
        start, start + timedelta(days=1), "1m", closed="left", time_unit="ms", eager=True
    )
    symbols = pl.DataFrame({"symbol": [f"C{each:03}-USDT-PERP" for each in range(SYMBOLS)]})
    rows = symbols.join(clock.alias("ts").to_frame(), how="cross").with_columns(
        available_at=pl.col("ts") + pl.duration(milliseconds=60_001),
        ingested_at=pl.lit(start + timedelta(days=2)).dt.cast_time_unit("ms"),
        source=pl.lit("binance"),
        venue=pl.lit("binance"),
        trades=pl.lit(1),
    )
    absent = [name for name in Ohlcv1m.columns() if name not in rows.columns]
    whole = rows.with_columns(pl.lit(1.0).alias(name) for name in absent)
    if number % DAYS_BETWEEN_HOLES == 0:
        hole = pl.col("ts").is_between(start, start + HOLE, closed="left")
        whole = whole.filter(~(hole & (pl.col("symbol") == "C007-USDT-PERP")))
    path = lake.path("ohlcv_1m", start.date())
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.select(Ohlcv1m.columns()).write_parquet(path, row_group_size=ROW_GROUP)


def _gaps(lake: Lake) -> int:
    start = midnight(FIRST)
    names = [f"C{each:03}-USDT-PERP" for each in range(SYMBOLS)]
    listings = pl.DataFrame({"symbol": names}).with_columns(
        tier=pl.lit("all"),
        listed_at=pl.lit(start),
        delisted_at=pl.lit(None, pl.Datetime("ms", "UTC")),
        followed_at=pl.lit(start),
    )
    never = pl.DataFrame(schema={"day": pl.Date, "at": pl.Datetime("ms", "UTC"), "tier": pl.String})
    now: datetime = start + timedelta(days=DAYS + 30)
    found = survey(
        lake,
        BARS,
        venue="binance",
        listings=listings,
        ledger=GAPS.to_frame(),
        runs=lambda days: never,
        now=now,
    )
    return found.gaps.height


if __name__ == "__main__":
    main()
