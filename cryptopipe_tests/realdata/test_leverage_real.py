"""Leverage from recorded data, end to end, against pandas from the same files.

Open interest and funding of Coinalyze, prices of Coinbase, supply of CoinMarketCap.
"""

from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.metrics.leverage.history import coin_averages, daily_aggregate, weekly
from cryptopipe_assets.quant.metrics.leverage.inputs import daily_funding, daily_market_cap
from cryptopipe_assets.quant.metrics.leverage.ratios import leverage_ratios
from cryptopipe_assets.quant.metrics.open_interest import daily_close, single_contract
from cryptopipe_assets.quant.strategies.leverage_inverted import LeverageInverted
from cryptopipe_tests.reference.leverage_pandas import leverage_pandas

pytestmark = pytest.mark.realdata

STABLE = ["USDT", "USDC", "DAI", "USDD", "TUSD", "BUSD"]
OPEN_INTEREST = "coinalyze/open_interest_daily_10symbols.csv.gz"
FUNDING = "coinalyze/funding_rate_daily_94symbols.csv.gz"
SNAPSHOTS = "coinmarketcap/monthly_snapshots_2020-01_2025-10.csv.gz"
PRICES = "coinbase_ohlcv_daily_136bases.csv.gz"

UTC_MS = pl.Datetime("ms", "UTC")
KNOWN_AFTER = pl.duration(days=1, milliseconds=1)


def day_of(column: str, pattern: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.to_datetime(pattern, time_unit="ms", time_zone="UTC")


@pytest.fixture(scope="module")
def closes(realdata: Path) -> pl.DataFrame:
    """Daily closes of the recorded contracts, stables and all, named as the file names them."""
    bars = pl.read_csv(realdata / OPEN_INTEREST)
    last_hour = day_of("date", "%Y-%m-%d") + pl.duration(hours=23)
    quote = pl.when(pl.col("symbol").str.contains("USDT_")).then(pl.lit("USDT"))
    rows = bars.select(
        ts=last_hour,
        available_at=last_hour + pl.duration(hours=1, milliseconds=1),
        venue=pl.lit("binance"),
        symbol=pl.format("{}-{}-PERP", "coin_symbol", quote.otherwise(pl.lit("USD"))),
        coin="coin_symbol",
        open_interest_usd="oi_close",
    )
    return daily_close(single_contract(rows)).with_columns(is_excluded=pl.col("coin").is_in(STABLE))


@pytest.fixture(scope="module")
def market_cap(realdata: Path) -> pl.DataFrame:
    """Price of the day times the supply of the month; tickers stand for ids, as the files do."""
    prices = pl.read_csv(realdata / PRICES).select(
        ts=day_of("date", "%Y-%m-%d"),
        available_at=day_of("date", "%Y-%m-%d") + KNOWN_AFTER,
        coin="base",
        close_usd="close",
        volume_24h_usd=pl.col("close") * pl.col("volume"),
    )
    label = day_of("snapshot_date", "%Y%m%d")
    supply = pl.read_csv(realdata / SNAPSHOTS).select(
        ts=label + pl.duration(days=1),
        available_at=label + KNOWN_AFTER,
        coin_id=pl.col("Symbol") + ":" + pl.col("Name"),
        coin="Symbol",
        market_cap_usd="Market Cap",
        circulating_supply="Circulating Supply",
    )
    return daily_market_cap(prices, supply)


@pytest.fixture(scope="module")
def funding(realdata: Path) -> pl.DataFrame:
    """Funding of each day, a sample per day: percent per 8 hours in the file."""
    at = day_of("date", "%Y-%m-%d") + pl.duration(hours=23)
    return daily_funding(
        pl.read_csv(realdata / FUNDING).select(
            ts=at,
            available_at=at + pl.duration(hours=1, milliseconds=1),
            venue=pl.lit("binance"),
            symbol="symbol",
            coin="coin_symbol",
            funding_rate=pl.col("funding_rate") / 100,
            interval_hours=pl.lit(8, pl.Int64),
        )
    )


@pytest.fixture(scope="module")
def leverage(closes, market_cap, funding) -> pl.DataFrame:
    return leverage_ratios(closes, market_cap, funding)


@pytest.fixture(scope="module")
def expected(realdata: Path) -> pd.DataFrame:
    """The same history from the files in pandas alone."""
    interest = pd.read_csv(realdata / OPEN_INTEREST)
    interest = pd.DataFrame(
        {
            "ts": pd.to_datetime(interest["date"], utc=True),
            "coin": interest["coin_symbol"],
            "open_interest_usd": interest["oi_close"],
            "is_excluded": interest["coin_symbol"].isin(STABLE),
        }
    )
    rates = pd.read_csv(realdata / FUNDING)
    rates = pd.DataFrame(
        {
            "ts": pd.to_datetime(rates["date"], utc=True),
            "coin": rates["coin_symbol"],
            "funding_8h": rates["funding_rate"] / 100,
        }
    )
    stamped = interest.assign(available_at=interest["ts"] + pd.Timedelta(days=1, milliseconds=1))
    return leverage_pandas(stamped, _market_cap_in_pandas(realdata), rates)


def _market_cap_in_pandas(folder: Path) -> pd.DataFrame:
    prices = pd.read_csv(folder / PRICES)
    prices["ts"] = pd.to_datetime(prices["date"], utc=True)
    supply = pd.read_csv(folder / SNAPSHOTS)
    supply["label"] = pd.to_datetime(supply["snapshot_date"].astype(str), utc=True)
    supply = supply[supply["Circulating Supply"] > 0].sort_values(["label", "Market Cap"])
    supply = supply.drop_duplicates(["label", "Symbol"], keep="last")
    caps = pd.merge_asof(
        prices.sort_values("ts"),
        supply[["label", "Symbol", "Circulating Supply"]],
        left_on="ts",
        right_on="label",
        left_by="base",
        right_by="Symbol",
        tolerance=pd.Timedelta(days=45),
    )
    day_end = caps["ts"] + pd.Timedelta(days=1)
    return pd.DataFrame(
        {
            "ts": day_end,
            "available_at": day_end + pd.Timedelta(milliseconds=1),
            "coin": caps["base"],
            "market_cap_usd": caps["close"] * caps["Circulating Supply"],
            "volume_24h_usd": caps["close"] * caps["volume"],
        }
    ).dropna(subset="market_cap_usd")


def test_the_history_agrees_with_pandas_from_the_same_files(leverage, expected):
    numbers = [
        name
        for name, dtype in leverage.schema.items()
        if dtype.is_numeric() and name in expected.columns
    ]
    assert len(numbers) > 20
    assert expected["coin"].to_list() == leverage["coin"].to_list()
    assert expected["ts"].tolist() == leverage["ts"].to_list()
    theirs = pl.DataFrame({name: expected[name].to_numpy(float) for name in numbers})
    # Rounding breaks ties of funding averages, differently on each road: a rank of a fifth.
    ours = leverage.select(pl.col(numbers).cast(pl.Float64))
    exact = [name for name in numbers if name != "leverage_score"]
    assert_frame_equal(
        ours.select(exact), theirs.select(exact).fill_nan(None), rel_tol=1e-6, abs_tol=1e-11
    )
    assert (ours["leverage_score"] - theirs["leverage_score"]).abs().max() <= 20 / 5


def test_the_rows_of_coin_usdt_do_not_reach_the_leverage_table(closes, leverage):
    assert "USDT" in closes["coin"]
    assert set(leverage["coin"]).isdisjoint(STABLE)


def test_ratios_and_rates_have_the_size_of_real_ones(leverage):
    ratio = leverage["oi_to_market_cap"].drop_nulls()
    assert ratio.len() > 0
    assert ratio.is_between(1e-5, 0.2).all()
    assert leverage["cost_long_30d_ann"].drop_nulls().abs().max() < 2.0


def test_too_few_coins_make_no_book_of_twenty_but_one_of_four(leverage):
    unknown = {"volatility_30d": pl.lit(None, pl.Float64), "price_asof": pl.lit(None, UTC_MS)}
    panel = leverage.with_columns(is_excluded=pl.lit(value=False), **unknown)
    refused = LeverageInverted().signals(panel)
    assert refused.frame.height == 0
    assert refused.refused["days_with_too_few_coins"] == leverage["ts"].n_unique()
    held = LeverageInverted(n=2).signals(panel).frame.drop_nulls("leg")
    assert held.height > 0
    per_leg = held.group_by("ts", "leg").agg(pl.col("weight").sum().abs())
    assert per_leg["weight"].is_close(0.5).all()


def test_the_weekly_and_daily_histories_cover_the_same_years(leverage):
    mondays = weekly(leverage)
    market = daily_aggregate(leverage)
    assert set(mondays["ts"].dt.weekday()) == {1}
    assert market["ts"].n_unique() == market.height
    assert coin_averages(leverage)["coin"].is_sorted()
