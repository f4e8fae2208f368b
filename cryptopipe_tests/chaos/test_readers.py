"""Eight readers by eight doors while a day is replaced sixteen times a second.

``CHAOS_SECONDS=600`` is the long version of it, `make chaos-full`.
"""

import fcntl
import json
import os
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.catalog.catalog import rebuild
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.parquet import writer
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests.chaos.busy_reader import HEIGHTS, TABLE, doors
from cryptopipe_tests.places import ROOT

SECONDS = float(os.environ.get("CHAOS_SECONDS", "6"))
PER_SECOND = 16
DAYS = [datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=n) for n in range(6)]


def version(number: int, day: datetime) -> pl.DataFrame:
    """A day in which every row tells the number of its version."""
    contract = contracts()[TABLE]
    rows = pl.int_range(HEIGHTS[number % 4], eager=True)
    values = {
        "ts": day + (rows // 20) * timedelta(minutes=1),
        "symbol": pl.Series([f"S{n:02}" for n in range(20)]).gather(rows % 20),
        "trades": pl.repeat(number, rows.len(), eager=True),
    }
    filled: dict[type[pl.DataType], object] = {
        pl.String: "x",
        pl.Float64: number + 1.0,
        pl.Int64: 1,
        pl.Boolean: True,
        pl.Datetime: day,
    }
    return pl.DataFrame(
        {
            name: values.get(name, pl.repeat(filled[type(of)], rows.len(), eager=True))
            for name, of in contract.polars_schema().items()
        },
        schema=contract.polars_schema(),
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "warehouse")
    for day in DAYS:
        write_atomically(made.path(TABLE, day.date()), writer(version(0, day), TABLE, day.date()))
    rebuild(made, list(contracts().values()))
    return made


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(fcntl, "F_SETLEASE"),
    reason="leases are of Linux: elsewhere a DuckDB client may fail",
)
@pytest.mark.timeout(SECONDS + 300)
def test_no_reading_fails_and_none_is_a_mixture_of_two_versions(lake):
    versions = [
        (lake.path(TABLE, day.date()), writer(version(number, day), TABLE, day.date()))
        for day in DAYS
        for number in range(4)
    ]
    with ExitStack() as stack:
        readers = {
            door: stack.enter_context(
                subprocess.Popen(
                    [
                        *(sys.executable, "-m", "cryptopipe_tests.chaos.busy_reader"),
                        *(door, str(lake.root), str(SECONDS)),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                )
            )
            for door in doors(lake)
        }
        for each in readers.values():
            stack.callback(each.kill)
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in readers.values():
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        started, replaced = time.time(), 0
        while time.time() < started + SECONDS:
            write_atomically(*random.choice(versions))
            replaced += 1
            time.sleep(max(0, started + replaced / PER_SECOND - time.time()))
        seen = {door: json.loads(each.communicate()[0]) for door, each in readers.items()}
    silent = {door: each["failures"][:1] for door, each in seen.items() if not each["readings"]}
    assert silent == {}
    assert {door: each["failures"] for door, each in seen.items() if each["failures"]} == {}
    assert [each["mixtures"] for each in seen.values()] == [0] * len(readers)
    total = sum(each["readings"] for each in seen.values())
    print(f"{total:,} readings, {replaced:,} replaced")
