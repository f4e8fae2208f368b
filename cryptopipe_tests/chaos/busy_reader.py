"""One reader that reads days again and again while another process replaces them.

Run as a process: ``python -m cryptopipe_tests.chaos.busy_reader DOOR WAREHOUSE SECONDS``. It says
that it is ready, begins when it is sent a line, and prints what it saw as JSON: readings, failures
with their texts, and mixtures of two versions.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

import cryptopipe_assets as cp
from cryptopipe_assets.storage.as_of import as_of
from cryptopipe_assets.storage.catalog.attempts import attempted
from cryptopipe_assets.storage.catalog.catalog import CATALOG, connect
from cryptopipe_assets.storage.catalog.confined import confined
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts

TABLE = "ohlcv_1m"
HEIGHTS = (18_000, 28_800, 12_000, 24_000)
"""Rows of a version; its number is in the column trades."""

Days = list[tuple[int, int, int]]
"""Of each day read: its rows, and the smallest and the largest version among them."""

SQL = f"SELECT count(*), min(trades), max(trades) FROM {TABLE} GROUP BY date"
OF_DAY = (pl.len(), pl.min("trades").alias("first"), pl.max("trades").alias("last"))


def doors(lake: Lake) -> dict[str, Callable[[], Days]]:
    """Every way to read a table."""
    contract, days = contracts()[TABLE], lake.days(TABLE)
    warehouse = cp.open_warehouse(lake.root)
    held = warehouse.read(TABLE, as_="lazy")
    client = duckdb.connect(
        str(lake.root / CATALOG),
        read_only=True,
        config={"file_search_path": str(lake.root.parent)},
    )

    def by_day(rows: pl.LazyFrame) -> Days:
        found = rows.group_by(pl.col("ts").dt.date()).agg(OF_DAY).drop("ts").collect()
        return found.rows()

    def catalog() -> Days:
        with connect(lake) as connection:
            return attempted(lambda: connection.sql(SQL).fetchall())

    def command() -> Days:
        with confined(lake, SQL) as connection:
            return attempted(lambda: connection.sql(SQL).fetchall())

    return {
        "read": lambda: lake.read(contract, random.choice(days)).select(OF_DAY).rows(),
        "scan": lambda: by_day(lake.scan(contract, days[0], days[-1])),
        "as_of": lambda: by_day(as_of(lake, contract, datetime(2030, 1, 1, tzinfo=UTC))),
        "lazy": lambda: by_day(held),
        "sql": lambda: warehouse.sql(SQL).rows(),
        "catalog": catalog,
        "command": command,
        "client": lambda: client.sql(SQL).fetchall(),
    }


def main(door: str, root: Path, seconds: float) -> None:
    """Read for so long, and tell what was seen."""
    read = doors(Lake(root))[door]
    readings, mixtures, failures = 0, 0, list[str]()
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.time() + seconds
    while time.time() < until:
        try:
            days = read()
        except Exception as exc:
            failures.append(f"{type(exc).__name__}: {exc}"[:300])
            continue
        whole = all(first == last and rows == HEIGHTS[first % 4] for rows, first, last in days)
        readings, mixtures = readings + 1, mixtures + (not whole)
    print(json.dumps({"readings": readings, "mixtures": mixtures, "failures": failures}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
