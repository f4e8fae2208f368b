"""What it costs to know that a file is what was written: reads with and without the checksum.

``python -m benchmarks.checksums`` prints medians of both, taken in turns, and their ratio.
"""

import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from cryptopipe_assets.storage.checksum import is_sound
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.parquet import rows_in
from cryptopipe_assets.tables.catalog import contracts

SYMBOLS, ROUNDS = 100, 40
DAY = datetime(2026, 2, 1, tzinfo=UTC)


def day_of_bars() -> pl.DataFrame:
    """A day of minute bars whose prices and volumes are as hard to compress as real ones."""
    chance, contract = np.random.default_rng(1), contracts()["ohlcv_1m"]
    n = SYMBOLS * 1440
    columns: dict[str, pl.Series] = {}
    for name, dtype in contract.polars_schema().items():
        if name == "symbol":
            names = [f"C{number:03}-USDT-PERP" for number in range(SYMBOLS)]
            columns[name] = pl.Series(names).gather(pl.int_range(n, eager=True) // 1440)
        elif name == "ts":
            minutes = pl.int_range(n, eager=True) % 1440
            columns[name] = pl.select(pl.lit(DAY) + minutes * timedelta(minutes=1)).to_series()
        elif dtype == pl.Float64:
            columns[name] = pl.Series(np.round(chance.lognormal(3, 1, n), 4))
        elif dtype == pl.Int64:
            columns[name] = pl.Series(chance.integers(0, 5000, n))
        elif isinstance(dtype, pl.Datetime):
            columns[name] = pl.repeat(DAY + timedelta(days=1), n, eager=True)
        else:
            columns[name] = pl.repeat("x", n, eager=True)
    return pl.DataFrame(columns).cast(dict(contract.polars_schema()))


def main() -> None:
    """Print what a read costs without and with the checksum."""
    contract = contracts()["ohlcv_1m"]
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        lake.replace(contract, day_of_bars(), DAY.date())
        path = lake.path("ohlcv_1m", DAY.date())
        seconds: dict[str, list[float]] = {"without": [], "with": [], "checksum": []}
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            rows_in([path.read_bytes()], contract).collect()
            without = time.perf_counter()
            lake.read(contract, DAY.date())
            checked = time.perf_counter()
            content = path.read_bytes()
            again = time.perf_counter()
            assert is_sound(content)
            seconds["without"].append(without - begin)
            seconds["with"].append(checked - without)
            seconds["checksum"].append(time.perf_counter() - again)
        size = path.stat().st_size
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    print(f"a day of {SYMBOLS} symbols, {size / 1e6:.1f} MB, {ROUNDS} rounds, medians")
    for name, each in medians.items():
        print(f"{name:>10} {each * 1e3:8.2f} ms")
    print(f"the checksum takes {medians['checksum'] / medians['without']:.1%} of a read")


if __name__ == "__main__":
    main()
