"""A scan reads changed files only, and finds the stretches that are stored."""

import os
from datetime import date, timedelta

import polars as pl
import pytest

from cryptopipe_assets.collect.gaps.datasets import Dataset
from cryptopipe_assets.collect.gaps.scan import scan
from cryptopipe_assets.core.schema import Collected
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.local_store import SCANS
from cryptopipe_tests.reference.minutes_by_hand import MINUTE, at, rows, spans

DAY = 1440


class Ticks(Collected):
    """A minute, and nothing more."""

    symbol: str
    # A contract of the tests needs no units: it is never published.

    class Config:
        name = "ticks"
        unique = ["symbol", "ts"]  # noqa: RUF012


TICKS = Dataset(table=Ticks)


def bars(*stretches: tuple[str, int, int]) -> pl.DataFrame:
    minutes = [(symbol, at(each)) for symbol, a, b in stretches for each in range(a, b)]
    frame = pl.DataFrame(
        minutes, schema={"symbol": pl.String, "ts": pl.Datetime("ms", "UTC")}, orient="row"
    )
    return frame.select(
        "ts",
        available_at=pl.col("ts") + MINUTE,
        ingested_at=pl.lit(at(9999)).dt.cast_time_unit("ms"),
        source=pl.lit("test"),
        symbol="symbol",
    )


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "warehouse")


def store(lake: Lake, day: int, *stretches: tuple[str, int, int]) -> None:
    begin = day * DAY
    own = [(symbol, begin + a, begin + b) for symbol, a, b in stretches]
    lake.replace(Ticks, bars(*own), date(2026, 3, 1) + timedelta(days=day), force=True)


def test_whole_days_broken_days_and_empty_days_are_told_apart(lake):
    store(lake, 0, ("A", 0, DAY), ("B", 0, 100), ("B", 110, 200))
    store(lake, 1)
    store(lake, 2, ("A", 7, 60))
    found = scan(lake, TICKS, venue="any")
    assert found.files_read == 3
    assert [each.day for each in found.days] == [1, 2, 3]
    assert rows(found.stored) == [
        ("A", 0, DAY),
        ("B", 0, 100),
        ("B", 110, 200),
        ("A", 2 * DAY + 7, 2 * DAY + 60),
    ]


def test_only_files_that_changed_are_read_again(lake):
    for day in range(3):
        store(lake, day, ("A", 0, DAY))
    assert scan(lake, TICKS, venue="any").files_read == 3
    assert scan(lake, TICKS, venue="any").files_read == 0
    store(lake, 1, ("A", 0, 700))
    found = scan(lake, TICKS, venue="any")
    assert found.files_read == 1
    assert rows(found.stored)[1] == ("A", DAY, DAY + 700)


def test_a_file_that_is_gone_is_forgotten(lake):
    store(lake, 0, ("A", 0, DAY))
    store(lake, 1, ("A", 0, DAY))
    scan(lake, TICKS, venue="any")
    lake.path("ticks", date(2026, 3, 2)).unlink()
    assert rows(scan(lake, TICKS, venue="any").stored) == [("A", 0, DAY)]


@pytest.mark.parametrize("damage", [b"", b"no parquet"])
def test_a_damaged_or_deleted_scan_is_made_anew(lake, damage):
    store(lake, 0, ("A", 0, 10))
    before = scan(lake, TICKS, venue="any").stretches
    (lake.root / SCANS / "ticks.parquet").write_bytes(damage)
    again = scan(lake, TICKS, venue="any")
    assert again.files_read == 1
    assert again.stretches.equals(before)


def test_the_order_of_rows_in_a_file_does_not_matter(lake):
    store(lake, 0, ("A", 0, 100), ("A", 101, 300), ("B", 5, 50))
    path = lake.path("ticks", date(2026, 3, 1))
    pl.read_parquet(path).reverse().write_parquet(path)
    assert rows(scan(lake, TICKS, venue="any").stored) == [
        ("A", 0, 100),
        ("A", 101, 300),
        ("B", 5, 50),
    ]


def test_a_second_scan_rewrites_nothing(lake):
    store(lake, 0, ("A", 0, 10))
    scan(lake, TICKS, venue="any")
    path = lake.root / SCANS / "ticks.parquet"
    os.utime(path, (1, 1))
    scan(lake, TICKS, venue="any")
    assert path.stat().st_mtime == 1


def test_progress_is_told_by_month(lake):
    for day in (0, 1, 31):
        store(lake, day, ("A", 0, 10))
    told: list[tuple[int, int]] = []
    scan(lake, TICKS, venue="any", told=lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


def test_an_empty_warehouse_has_nothing(lake):
    found = scan(lake, TICKS, venue="any")
    assert (found.days, found.files_read, found.stored.height) == ([], 0, 0)
    assert spans().schema == found.stored.drop("ingested_at").schema
