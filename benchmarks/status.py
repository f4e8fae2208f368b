"""How long ``cryptopipe status`` takes over years of files: ``python -m benchmarks.status``.

Builds a warehouse of 500 symbols in every table, six years of a file a day: the newest day is
written whole, the others are hard links to it. The profile is live, which also looks at the calls
that are left; no vendor is asked. What is timed is the command as a person starts
it, the interpreter included.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from cryptopipe_assets.config.settings import STATE
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS

GOAL_SECONDS = 1.5
SYMBOLS = 500
DAYS = 2190
CLI = Path(sys.executable).with_name("cryptopipe")


def main() -> None:
    """Time the command and say whether the goal is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.status", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    with tempfile.TemporaryDirectory() as folder:
        environment = write_warehouse(Path(folder))
        _run(environment)  # warms the page cache and Python's compiled files
        before = _children_cpu_seconds()
        seconds = sorted(_run(environment) for _ in range(repetitions))
        cpu = (_children_cpu_seconds() - before) / repetitions
    median = statistics.median(seconds)
    verdict = "met" if median < GOAL_SECONDS else "NOT met"
    print(
        f"status over {len(SERVICE_LEVELS)} tables x {DAYS} days x {SYMBOLS} symbols: median "
        f"{median:.2f} s ({seconds[0]:.2f}..{seconds[-1]:.2f}), goal {GOAL_SECONDS} s: {verdict}; "
        f"{cpu:.2f} s of CPU each; "
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    )


def write_warehouse(folder: Path) -> dict[str, str]:
    """Fill a warehouse and a configuration below ``folder``; returns the command's environment."""
    coins = [f"C{i:03d}" for i in range(SYMBOLS)]
    quoted = ", ".join(f'"{coin}"' for coin in coins)
    config = folder / "cryptopipe.toml"
    config.write_text(f"[tiers.hourly]\nevery_minutes = 60\ncoins = [{quoted}]\n")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    today = now.date()
    for name, level in SERVICE_LEVELS.items():
        root = folder / "warehouse" / name
        rows = _rows(name, coins, now)
        if not level.has_days:
            root.mkdir(parents=True)
            rows.write_parquet(root / "part-0.parquet")
            continue
        newest = _write(root, today, rows)
        for back in range(1, DAYS):
            target = root / f"date={today - timedelta(days=back)}"
            target.mkdir()
            os.link(newest, target / "part-0.parquet")
    (folder / "warehouse" / STATE).mkdir()
    return {
        **os.environ,
        "CRYPTOPIPE_CONFIG": str(config),
        "CRYPTOPIPE_WAREHOUSE": str(folder / "warehouse"),
        "DAGSTER_HOME": str(folder / "dagster_home"),
        "CRYPTOPIPE_VENDORS": "live",
    }


def _rows(name: str, coins: list[str], now: datetime) -> pl.DataFrame:
    """Rows of a day, as many as the table has; columns that the status does not read are null."""
    schema = contracts()[name].polars_schema()
    step = SERVICE_LEVELS[name].step
    instants = pl.DataFrame({"ts": [now - i * step for i in range(1, timedelta(1) // step + 1)]})
    names = pl.DataFrame({"coin": coins}).with_columns(symbol=pl.col("coin") + "-USDT-PERP")
    rows = names.join(instants, how="cross").with_columns(
        available_at=pl.col("ts") + step + timedelta(milliseconds=1)
    )
    return rows.select(
        (pl.col(column) if column in rows.columns else pl.lit(None)).cast(dtype).alias(column)
        for column, dtype in schema.items()
    ).sort(contracts()[name].key())


def _write(root: Path, day: date, rows: pl.DataFrame) -> Path:
    path = root / f"date={day}" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    rows.write_parquet(path, compression="zstd", row_group_size=14_400)
    return path


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(environment: dict[str, str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        [CLI, "status", "--json"], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode not in {0, 2}:
        raise SystemExit(f"the status failed with {done.returncode}: {done.stderr}")
    return seconds


if __name__ == "__main__":
    main()
