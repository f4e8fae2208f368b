"""Dilution from recorded data: 150 coins of one day exactly, and the history against pandas."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.metrics.dilution.metrics import dilution_metrics
from cryptopipe_assets.quant.metrics.leverage.ratios import LEVERAGE_COLUMNS, leverage_ratios
from cryptopipe_assets.quant.strategies.dilution import Dilution
from cryptopipe_assets.quant.strategies.panel import daily_panel
from cryptopipe_tests.reference.daily_market import daily_market
from cryptopipe_tests.reference.dilution_pandas import dilution_pandas

pytestmark = pytest.mark.realdata

SUPPLY = "supply/dilution_150coins_2025-11.csv"
SNAPSHOTS = "coinmarketcap/monthly_snapshots_2020-01_2025-10.csv.gz"
PRICES = "coinbase_ohlcv_daily_136bases.csv.gz"
MS = timedelta(milliseconds=1)


@pytest.fixture(scope="module")
def original(realdata: Path) -> pl.DataFrame:
    return pl.read_csv(realdata / SUPPLY)


@pytest.fixture(scope="module")
def latest_caps(original) -> pl.DataFrame:
    return original.select("total_supply", "max_supply", coin_id="symbol")


@pytest.fixture(scope="module")
def snapshots(realdata: Path) -> pl.DataFrame:
    """Monthly snapshots: the label D is the close of D. One of the two coins BNX goes by its name.

    The file knows no caps and no vendor ids: tickers stand for them.
    """
    end = pl.col("snapshot_date").cast(pl.String).str.to_datetime(
        "%Y%m%d", time_unit="ms", time_zone="UTC"
    ) + pl.duration(days=1)
    is_old = pl.col("Name") == "BinaryX (old)"
    return pl.read_csv(realdata / SNAPSHOTS).select(
        ts=end,
        available_at=end + pl.duration(milliseconds=1),
        coin_id=pl.when(is_old).then("Name").otherwise("Symbol"),
        coin="Symbol",
        name="Name",
        rank="Rank",
        price_usd="Price",
        market_cap_usd="Market Cap",
        circulating_supply="Circulating Supply",
        total_supply=pl.lit(None, pl.Float64),
        max_supply=pl.lit(None, pl.Float64),
    )


@pytest.fixture(scope="module")
def history(snapshots, latest_caps) -> pl.DataFrame:
    return dilution_metrics(snapshots, latest_caps=latest_caps)


def test_the_original_file_is_reproduced_to_the_last_bit_from_its_own_inputs(original):
    at = datetime(2025, 11, 3, tzinfo=UTC)
    rows = dilution_metrics(
        original.select(
            "name",
            "rank",
            "circulating_supply",
            "total_supply",
            "max_supply",
            ts=pl.lit(at, pl.Datetime("ms", "UTC")),
            available_at=pl.lit(at + MS, pl.Datetime("ms", "UTC")),
            coin_id="symbol",
            coin="symbol",
            price_usd="price",
            market_cap_usd="market_cap",
        )
    ).sort("rank")
    assert rows.height == original.height
    assert rows["coin"].to_list() == original["symbol"].to_list()
    assert (rows["circulating_share"] * 100).to_list() == original["circulating_pct"].to_list()
    assert (rows["potential_dilution"] * 100).to_list() == (
        original["potential_dilution_pct"].to_list()
    )
    assert rows["locked_tokens"].to_list() == original["locked_tokens"].to_list()
    without = original["max_supply"].is_null()
    assert (rows["cap_kind"] == "total").to_list() == without.to_list()
    assert rows["cap_pit"].all()


def test_the_history_agrees_with_pandas_from_the_same_files(realdata, history, snapshots):
    frame = pd.read_csv(realdata / SNAPSHOTS)
    end = pd.to_datetime(frame["snapshot_date"].astype(str), utc=True) + pd.Timedelta(days=1)
    old = frame["Name"] == "BinaryX (old)"
    expected = dilution_pandas(
        pd.DataFrame(
            {
                "ts": end,
                "available_at": end + pd.Timedelta(milliseconds=1),
                "coin_id": frame["Symbol"].where(~old, frame["Name"]),
                "circulating_supply": frame["Circulating Supply"],
                "total_supply": float("nan"),
                "max_supply": float("nan"),
            }
        ),
        latest_caps=pd.read_csv(realdata / SUPPLY).rename(columns={"symbol": "coin_id"})[
            ["coin_id", "total_supply", "max_supply"]
        ],
    )
    numbers = [
        name
        for name, dtype in history.schema.items()
        if dtype.is_float() and name in expected.columns
    ]
    assert len(numbers) >= 9
    assert history.height == snapshots.height
    assert expected["coin_id"].to_list() == history["coin_id"].to_list()
    theirs = pl.DataFrame({name: expected[name].to_numpy(float) for name in numbers})
    assert_frame_equal(history.select(numbers), theirs.fill_nan(None), rel_tol=1e-9)


def test_caps_of_today_on_old_snapshots_are_all_marked(history):
    """The original mapped them silently: coins that burn circulate beyond a later cap."""
    capped = history.drop_nulls("cap_kind")
    assert not capped["cap_pit"].any()
    beyond = capped.filter(pl.col("circulating_share") > 1.005, pl.col("cap_kind") == "max")
    assert beyond.height > 0


def test_the_book_ranks_whom_it_can_trade(realdata, history):
    day = pl.col("date").str.to_datetime("%Y-%m-%d", time_unit="ms", time_zone="UTC")
    prices = pl.read_csv(realdata / PRICES).select(
        ts=day,
        available_at=day + pl.duration(days=1, milliseconds=1),
        coin="base",
        close_usd="close",
        is_excluded=pl.col("base").is_in(["USDT", "DAI", "WBTC"]),
    )
    firsts = history["ts"].unique().to_list()
    panel = daily_panel(prices, no_leverage(), history)
    on_firsts = panel.filter(pl.col("ts").is_in(firsts))
    assert Dilution().signals(on_firsts).frame.height == 0
    book = Dilution(point_in_time_only=False).signals(on_firsts)
    sides = book.frame.drop_nulls("leg").group_by("ts", "leg").agg(pl.len(), pl.col("weight").sum())
    assert sides.height > 0
    assert sides["len"].is_between(2, 10).all()
    assert sides["weight"].abs().is_close(0.5).all()
    for ts in sides["ts"].unique():
        assert_selection(ts, book.frame, on_firsts)


def no_leverage() -> pl.DataFrame:
    market = daily_market(coins=1, days=1)
    empty = leverage_ratios(market.open_interest.clear(), market.market_cap, market.funding)
    assert tuple(empty.columns) == LEVERAGE_COLUMNS
    return empty


def assert_selection(ts: datetime, book: pl.DataFrame, panel: pl.DataFrame) -> None:
    """Pick the legs of one day in plain pandas and compare."""
    day = panel.filter(pl.col("ts") == ts).to_pandas()
    day = day[(day["rank"] <= 150) & (day["cap_kind"] == "max") & ~day["is_excluded"]]
    day = day.dropna(
        subset=["dilution_velocity_share_per_year", "close_usd", "volatility_90d"]
    ).sort_values(["dilution_velocity_share_per_year", "coin"])
    n = min(10, len(day) // 2)
    legs = book.filter(pl.col("ts") == ts)
    for side, coins in (("long", day["coin"][:n]), ("short", day["coin"][-n:])):
        assert set(legs.filter(pl.col("leg") == side)["coin"]) == set(coins)
