"""Recorded minutes, folded into hours, are the hours that the exchange itself reported."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cryptopipe_assets.quant.bars.funding import settlement_intervals
from cryptopipe_assets.quant.bars.microstructure import (
    MICROSTRUCTURE_COLUMNS,
    hourly_microstructure,
)
from cryptopipe_tests.reference import microstructure_pandas
from cryptopipe_tests.reference.point_in_time import assert_not_silently_empty

pytestmark = pytest.mark.realdata

UTC_MS = pl.Datetime("ms", "UTC")
FROM_ARCHIVE = {
    "volume": "volume_base",
    "quote_volume": "volume_quote",
    "count": "trades",
    "taker_buy_volume": "taker_buy_base",
}

NOTHING_DECLARED = pl.LazyFrame(
    schema={
        "venue": pl.String,
        "symbol": pl.String,
        "available_at": UTC_MS,
        "funding_interval_hours": pl.Int64,
    }
)


@pytest.fixture(scope="module")
def minute_files(realdata: Path) -> list[Path]:
    files = sorted((realdata / "binance" / "um-klines-1m").glob("*-1m-*.csv.gz"))
    if not files:
        pytest.skip(f"no 1-minute archives under {realdata}")
    return files


@pytest.fixture(scope="module")
def bars(minute_files) -> pl.DataFrame:
    return pl.concat(_minutes(path) for path in minute_files)


@pytest.fixture(scope="module")
def funding(realdata, bars) -> pl.DataFrame:
    recorded = [_settlements(path) for path in sorted((realdata / "binance/funding").glob("*.csv"))]
    return settlement_intervals(pl.concat(recorded).lazy(), NOTHING_DECLARED).collect()


@pytest.fixture(scope="module")
def hours(bars, funding) -> pl.DataFrame:
    return hourly_microstructure(bars.lazy(), funding.lazy()).collect()


def _minutes(path: Path) -> pl.DataFrame:
    return (
        pl.read_csv(path)
        .rename(FROM_ARCHIVE)
        .select(
            pl.col("open_time").cast(UTC_MS).alias("ts"),
            pl.lit("binance").alias("venue"),
            pl.lit(path.name.split("-")[0]).alias("symbol"),
            pl.col("open", "high", "low", "close", "volume_base", "volume_quote").cast(pl.Float64),
            pl.col("trades").cast(pl.Int64),
            pl.col("taker_buy_base").cast(pl.Float64),
        )
    )


def _settlements(path: Path) -> pl.DataFrame:
    stamp = pl.col("timestamp").cast(UTC_MS)
    return pl.read_csv(path).select(
        stamp.dt.round("1h").alias("ts"),
        stamp.dt.offset_by("1ms").alias("available_at"),
        pl.lit("binance").alias("venue"),
        "symbol",
        pl.col("funding_rate").cast(pl.Float64),
        pl.lit(None, dtype=pl.Int64).alias("declared_interval_hours"),
    )


def _reported_hours(path: Path) -> pl.DataFrame:
    """Return the exchange's own hours, without the last, forming one."""
    return (
        pl.read_csv(path)
        .head(-1)
        .select(
            pl.col("timestamp").cast(UTC_MS).alias("ts"),
            pl.lit(path.name.split(".")[0]).alias("symbol"),
            pl.col("open", "high", "low", "close", "volume", "quote_volume").cast(pl.Float64),
            pl.col("trades").cast(pl.Int64),
        )
    )


def test_folded_minutes_are_the_hours_the_exchange_reports(realdata, hours):
    files = sorted((realdata / "binance" / "um-klines-1h").glob("*.csv.gz"))
    recorded_both_ways = {path.name.split(".")[0] for path in files} & set(hours["symbol"])
    if not recorded_both_ways:
        pytest.skip("no symbol is recorded both in minutes and in hours")
    reported = pl.concat(_reported_hours(path) for path in files)
    whole = hours.filter(pl.col("n_minutes") == 60, pl.col("symbol").is_in(recorded_both_ways))
    both = whole.join(reported, on=["symbol", "ts"], suffix="_reported")
    assert both["symbol"].n_unique() == len(recorded_both_ways)
    assert both.height == whole.filter(_is_captured(reported)).height > 0
    for exact in ("open", "high", "low", "close", "trades"):
        assert both.filter(pl.col(exact) != pl.col(f"{exact}_reported")).is_empty(), exact
    for ours, theirs in (("volume_base", "volume"), ("volume_quote", "quote_volume")):
        np.testing.assert_allclose(both[ours].to_numpy(), both[theirs].to_numpy(), rtol=1e-12)


def _is_captured(reported: pl.DataFrame) -> pl.Expr:
    """Whether an hour lies in the span of its symbol's hourly file."""
    spans = reported.group_by("symbol").agg(first=pl.col("ts").min(), last=pl.col("ts").max())
    return pl.any_horizontal(
        (pl.col("symbol") == symbol) & pl.col("ts").is_between(first, last)
        for symbol, first, last in spans.iter_rows()
    )


def test_every_column_equals_pandas_on_recorded_minutes(bars, funding, hours):
    theirs = microstructure_pandas.hourly_microstructure(bars.to_pandas(), funding.to_pandas())
    assert hours["symbol"].to_list() == theirs["symbol"].to_list()
    for name in MICROSTRUCTURE_COLUMNS[4:]:
        left = hours[name].cast(pl.Float64).to_numpy()
        right = theirs[name].to_numpy(dtype=float, na_value=np.nan)
        # vwap_dev is a difference of nearly equal prices: 1e-12 of the price, not of itself.
        atol = 1e-14 if name == "vwap_dev" else 0
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=atol, err_msg=name)


@pytest.mark.parametrize("column", MICROSTRUCTURE_COLUMNS)
def test_no_column_is_empty_or_has_nan_on_recorded_minutes(bars, funding, hours, column):
    from_funding = column == "arb_pressure" or column.startswith("funding")
    if from_funding and not set(bars["symbol"]) & set(funding["symbol"]):
        pytest.skip("no funding is recorded for the symbols with minutes")
    assert_not_silently_empty(hours, column)


def test_a_silent_minute_does_not_make_a_nan(bars, hours):
    silent = bars.filter(pl.col("volume_base") == 0)
    touched = hours.join(
        silent.select("symbol", pl.col("ts").dt.truncate("1h")).unique(), on=["symbol", "ts"]
    )
    assert touched.height == silent.select("symbol", pl.col("ts").dt.truncate("1h")).n_unique()
    assert touched.select(pl.col(pl.Float64).is_nan().any()).row(0) == (False,) * len(
        touched.select(pl.col(pl.Float64)).columns
    )
