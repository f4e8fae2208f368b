"""The whole platform on recorded data: ``cryptopipe replay``, then compared with other routes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests import command_line
from cryptopipe_tests.reference import microstructure_pandas

CLI = Path(sys.executable).with_name("cryptopipe")
pytestmark = [pytest.mark.realdata, pytest.mark.slow]


def replay(data: Path, warehouse: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"}
    return command_line.run(
        *("replay", "--data", data, "--warehouse", warehouse, *arguments), env=environment
    )


def months(realdata: Path) -> dict[str, list[str]]:
    """Recorded months of 1-minute bars: month to vendor symbols."""
    found: dict[str, list[str]] = {}
    for path in sorted((realdata / "binance" / "um-klines-1m").glob("*-1m-*.csv.gz")):
        symbol, _, month = path.name.removesuffix(".csv.gz").partition("-1m-")
        found.setdefault(month, []).append(symbol)
    return found


@pytest.fixture(scope="module")
def month(realdata) -> str:
    return sorted(months(realdata))[0]


def last_day(month: str) -> str:
    return str(pl.Series([f"{month}-01"]).str.to_date().dt.month_end()[0])


@pytest.fixture(scope="module")
def warehouse(realdata, month, tmp_path_factory) -> Lake:
    """The first recorded month, replayed through the command line."""
    folder = tmp_path_factory.mktemp("replay") / "warehouse"
    done = replay(realdata, folder, "--start", f"{month}-01", "--end", last_day(month))
    assert done.returncode == 0, done.stderr
    return Lake(folder)


def table(lake: Lake, name: str) -> pl.DataFrame:
    days = lake.days(name)
    return lake.scan(contracts()[name], days[0], days[-1]).collect()


def test_every_table_is_filled(warehouse):
    for name in ("ohlcv_1m", "funding_rate", "microstructure_1h", "factors_1h"):
        assert table(warehouse, name).height > 0, name


def test_the_bars_are_the_recorded_ones_to_the_last_digit(warehouse, realdata, month):
    stored = table(warehouse, "ohlcv_1m").drop("ingested_at", "source", "available_at", "venue")
    for vendor_symbol in months(realdata)[month]:
        path = realdata / "binance" / "um-klines-1m" / f"{vendor_symbol}-1m-{month}.csv.gz"
        recorded = pl.read_csv(path).sort("open_time")
        symbol = f"{vendor_symbol.removesuffix('USDT')}-USDT-PERP"
        mine = stored.filter(pl.col("symbol") == symbol).sort("ts")
        assert mine.height == recorded.height
        assert mine["ts"].dt.epoch("ms").to_list() == recorded["open_time"].to_list()
        for ours, theirs in {
            "open": "open",
            "close": "close",
            "volume_base": "volume",
            "volume_quote": "quote_volume",
            "trades": "count",
            "taker_buy_base": "taker_buy_volume",
        }.items():
            assert mine[ours].to_list() == recorded[theirs].to_list(), (symbol, ours)


def test_hours_of_the_table_equal_the_independent_hourly_capture(warehouse, realdata, month):
    hours = table(warehouse, "microstructure_1h")
    compared = 0
    for vendor_symbol in months(realdata)[month]:
        path = realdata / "binance" / "um-klines-1h" / f"{vendor_symbol}.csv.gz"
        if not path.is_file():
            continue
        capture = pl.read_csv(path).with_columns(
            ts=pl.from_epoch("timestamp", time_unit="ms").cast(pl.Datetime("ms", "UTC"))
        )
        symbol = f"{vendor_symbol.removesuffix('USDT')}-USDT-PERP"
        both = hours.filter(symbol=symbol).join(capture, on="ts", suffix="_captured")
        assert both.height == hours.filter(symbol=symbol).height
        compared += both.height
        for name in ("open", "high", "low", "close", "trades"):
            assert (both[name] == both[f"{name}_captured"]).all(), (symbol, name)
        for ours, theirs in {"volume_base": "volume", "volume_quote": "quote_volume"}.items():
            off = ((both[ours] - both[theirs]) / both[theirs]).abs().max()
            assert off < 1e-12, (symbol, ours, off)
    assert compared > 0


def test_microstructure_of_the_table_equals_pandas(warehouse):
    bars, funding = table(warehouse, "ohlcv_1m"), table(warehouse, "funding_rate")
    stored = table(warehouse, "microstructure_1h").sort("symbol", "ts")
    expected = pl.from_pandas(
        microstructure_pandas.hourly_microstructure(bars.to_pandas(), funding.to_pandas())
    ).sort("symbol", "ts")
    assert stored.height == expected.height
    for name in stored.columns:
        if name not in expected.columns or not stored[name].dtype.is_float():
            continue
        # vwap_dev is a difference of nearly equal prices: its error is measured against the price.
        scale = expected[name].abs().clip(1.0 if name == "vwap_dev" else 1e-12)
        off = ((stored[name] - expected[name]) / scale).abs().max()
        assert (stored[name].is_null() == expected[name].is_null()).all(), name
        assert off is None or off < 1e-12, (name, off)


@pytest.mark.nightly
def test_a_second_replay_changes_no_byte(warehouse, realdata, month):
    before = {path: path.read_bytes() for path in warehouse.root.rglob("*.parquet")}
    done = replay(realdata, warehouse.root, "--start", f"{month}-01", "--end", last_day(month))
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in warehouse.root.rglob("*.parquet")} == before


def test_other_symbols_another_month_and_a_listing_in_the_middle_work_as_well(realdata, tmp_path):
    """A folder of the same layout, made from the recording by shifting and cutting it."""
    source = sorted((realdata / "binance" / "um-klines-1m").glob("*-1m-*.csv.gz"))[0]
    frame = pl.read_csv(source)
    shift = 365 * 86_400_000
    moved = frame.with_columns(pl.col("open_time", "close_time") - shift)
    folder = tmp_path / "data" / "binance" / "um-klines-1m"
    folder.mkdir(parents=True)
    month = str(pl.from_epoch(moved["open_time"][:1], time_unit="ms")[0])[:7]
    _write(moved, folder / f"QUXUSDT-1m-{month}.csv.gz", header=True)
    _write(moved.slice(5 * 1440 + 77), folder / f"1000ZEDUSDT-1m-{month}.csv.gz", header=False)
    first, last = f"{month}-01", f"{month}-12"
    done = replay(tmp_path / "data", tmp_path / "w", "--start", first, "--end", last)
    assert done.returncode == 0, done.stderr
    assert "skipped funding_rate: no recordings of funding\n" in done.stdout
    lake = Lake(tmp_path / "w")
    counts = dict(table(lake, "ohlcv_1m").group_by("symbol").len().iter_rows())
    assert counts == {"QUX-USDT-PERP": 12 * 1440, "1000ZED-USDT-PERP": 7 * 1440 - 77}
    factors = table(lake, "factors_1h")
    assert factors["symbol"].unique().to_list() == ["QUX-USDT-PERP"]
    assert factors["funding_rate"].null_count() == factors.height


def _write(frame: pl.DataFrame, path: Path, *, header: bool) -> None:
    import gzip

    path.write_bytes(gzip.compress(frame.write_csv(include_header=header).encode()))


def test_strict_makes_a_missing_recording_an_error(realdata, month, tmp_path):
    copy = tmp_path / "data" / "binance" / "um-klines-1m"
    copy.mkdir(parents=True)
    shutil.copy(sorted((realdata / "binance" / "um-klines-1m").iterdir())[0], copy)
    done = replay(
        tmp_path / "data",
        tmp_path / "w",
        *("--start", f"{month}-01", "--end", f"{month}-02", "--strict"),
    )
    assert done.returncode == 1
    assert "was skipped: no recordings of" in done.stderr


def test_a_range_without_recordings_is_refused_with_what_there_is(realdata, tmp_path):
    done = replay(realdata, tmp_path / "w", "--start", "2026-05-01", "--end", "2026-05-02")
    assert done.returncode == 1
    assert "bars: recorded from" in done.stdout
    assert "nothing of it was recorded" in done.stderr
