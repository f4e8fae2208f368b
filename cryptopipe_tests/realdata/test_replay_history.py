"""The daily history through the tables: recorded files replayed over HTTP, compared with pandas.

Open interest and funding of Coinalyze, lists of CoinMarketCap, prices of Coinbase, supplies.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.cli.replay import replay
from cryptopipe_assets.config.settings import Settings, load_settings
from cryptopipe_assets.runtime.resources import warehouse
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests.reference.leverage_pandas import leverage_pandas

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

STABLE = ["USDT", "USDC", "DAI", "USDD", "TUSD", "BUSD"]
DAYS = 200
"""How many of the newest recorded days are replayed: windows of 90 days fill, the test is quick."""

MS = pd.Timedelta(milliseconds=1)
DAY = pd.Timedelta(days=1)


def recorded(folder: Path, pattern: str) -> pd.DataFrame:
    return pd.concat([pd.read_csv(path) for path in sorted(folder.glob(pattern))])


@pytest.fixture(scope="module")
def span(realdata: Path) -> tuple[date, date]:
    """The newest recorded days of open interest, and on to the table of supplies."""
    interest = recorded(realdata, "coinalyze/open_interest_daily_*.csv*")
    supplies = recorded(realdata, "supply/dilution_*.csv*")
    last = pd.to_datetime(interest["date"]).max()
    end = max(last, pd.to_datetime(supplies["timestamp"]).max())
    return (last - DAYS * DAY).date(), end.date()


@pytest.fixture(scope="module")
def settings(realdata, tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("history") / "warehouse"
    return load_settings().with_environment(vendors="recorded", realdata=realdata, warehouse=folder)


@pytest.fixture(scope="module")
def lake(settings, realdata, span) -> Lake:
    replay(settings, data=realdata, first=span[0], last=span[1], tables=None, strict=False)
    return Lake(settings.warehouse)


def table(lake: Lake, name: str) -> pl.DataFrame:
    days = lake.days(name)
    return lake.scan(contracts()[name], days[0], days[-1]).collect()


@pytest.fixture(scope="module")
def leverage(lake) -> pl.DataFrame:
    return table(lake, "leverage_ratios").sort("coin", "ts")


def test_every_table_of_the_history_has_rows(lake):
    for name in (
        *("open_interest", "market_cap", "funding_rate", "leverage_ratios"),
        *("dilution_metrics", "signals"),
    ):
        assert table(lake, name).height > 0, name


def test_the_leverage_table_agrees_with_pandas_from_the_files(leverage, realdata, span):
    expected = leverage_pandas(_interest(realdata, span), _caps(realdata, span), _rates(realdata))
    assert leverage["coin"].to_list() == expected["coin"].to_list()
    assert leverage["ts"].to_list() == expected["ts"].tolist()
    numbers = [
        name
        for name, dtype in leverage.schema.items()
        if dtype.is_numeric() and name in expected.columns and name != "leverage_score"
    ]
    assert len(numbers) > 20
    ours = leverage.select(pl.col(numbers).cast(pl.Float64))
    theirs = pl.DataFrame({name: expected[name].to_numpy(float) for name in numbers})
    assert_frame_equal(ours, theirs.fill_nan(None), rel_tol=1e-6, abs_tol=1e-11)
    assert leverage["oi_to_market_cap"].count() > 0
    assert leverage["cost_long_30d_ann"].count() > 0


def _interest(folder: Path, span: tuple[date, date]) -> pd.DataFrame:
    """Closes of each contract's own coin: the base of its symbol, not the file's column."""
    rows = recorded(folder, "coinalyze/open_interest_daily_*.csv*")
    ts = pd.to_datetime(rows["date"], utc=True)
    coin = rows["symbol"].str.extract(r"^(?:1000)?([A-Z0-9]+?)(?:USDT|USDC|USD)(?:_PERP)?\.")[0]
    frame = pd.DataFrame(
        {
            "ts": ts,
            "available_at": ts + DAY + MS,
            "coin": coin,
            "open_interest_usd": rows["oi_close"],
            "is_excluded": coin.isin(STABLE),
        }
    )
    return frame[ts >= pd.Timestamp(span[0], tz="UTC")]


def _caps(folder: Path, span: tuple[date, date]) -> pd.DataFrame:
    """The listed caps, and on days between lists the price times the supply listed last."""
    begin = pd.Timestamp(span[0], tz="UTC")
    lists = recorded(folder, "coinmarketcap/monthly_snapshots_*.csv*")
    lists["ts"] = pd.to_datetime(lists["snapshot_date"].astype(str), utc=True) + DAY
    lists = lists[(lists["ts"] >= begin) & (lists["Price"] > 0)]
    lists = lists.sort_values(["ts", "Market Cap"]).drop_duplicates(["ts", "Symbol"], keep="last")
    prices = recorded(folder, "coinbase_ohlcv_daily*.csv*")
    prices["ts"] = pd.to_datetime(prices["date"], utc=True) + DAY
    prices = prices[prices["ts"] >= begin].sort_values("ts")
    implied = pd.merge_asof(
        prices,
        lists[["ts", "Symbol", "Circulating Supply"]].rename(columns={"ts": "listed"}),
        left_on="ts",
        right_on="listed",
        left_by="base",
        right_by="Symbol",
        tolerance=45 * DAY,
    ).dropna(subset="Circulating Supply")
    implied = implied[implied["ts"] != implied["listed"]]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "ts": implied["ts"],
                    "coin": implied["base"],
                    "market_cap_usd": implied["close"] * implied["Circulating Supply"],
                    "volume_24h_usd": implied["close"] * implied["volume"],
                }
            ),
            pd.DataFrame(
                {
                    "ts": lists["ts"],
                    "coin": lists["Symbol"],
                    "market_cap_usd": lists["Market Cap"],
                    "volume_24h_usd": lists["Volume (24h)"],
                }
            ),
        ]
    ).assign(available_at=lambda caps: caps["ts"] + MS)


def _rates(folder: Path) -> pd.DataFrame:
    """Coin-margined contracts of Binance settle every eight hours; of others it is not known."""
    rows = recorded(folder, "coinalyze/funding_rate_daily_*.csv*")
    found = rows["symbol"].str.extract(r"^([A-Z0-9]+)USD_PERP\.A$")[0]
    known = rows[found.notna()]
    return pd.DataFrame(
        {
            "ts": pd.to_datetime(known["date"], utc=True),
            "coin": found[found.notna()],
            "funding_8h": known["funding_rate"] / 100,
        }
    )


def test_the_rows_of_coin_usdt_do_not_reach_the_leverage_table(lake, leverage, realdata):
    """The file calls the contract SOMIUSDT_PERP.A a contract of coin USDT; it is one of SOMI."""
    rows = recorded(realdata, "coinalyze/open_interest_daily_*.csv*")
    mislabelled = rows[rows["coin_symbol"] == "USDT"]
    assert len(mislabelled) > 0
    assert set(leverage["coin"]).isdisjoint(STABLE)
    stored = table(lake, "open_interest")
    assert "USDT" not in stored["coin"]
    assert set(mislabelled["symbol"].str.removesuffix("USDT_PERP.A")) <= set(stored["coin"])
    assert "USDC" in stored["coin"]


def test_a_daily_value_belongs_to_its_last_hour_and_is_known_when_the_day_is_over(lake):
    stored = table(lake, "open_interest")
    assert stored["ts"].dt.hour().unique().to_list() == [23]
    late = stored["available_at"] - stored["ts"]
    assert late.unique().to_list() == [timedelta(hours=1, milliseconds=1)]


def test_the_150_supplies_are_reproduced_to_the_last_bit_through_the_tables(lake, realdata):
    [path] = realdata.glob("supply/dilution_*.csv*")
    original = pl.read_csv(path, try_parse_dates=True)
    day = original["timestamp"].max().date()
    rows = table(lake, "dilution_metrics").filter(pl.col("ts").dt.date() == day).sort("rank")
    assert rows.height == original.height
    assert rows["coin"].to_list() == original["symbol"].str.to_uppercase().to_list()
    assert (rows["circulating_share"] * 100).to_list() == original["circulating_pct"].to_list()
    assert (rows["potential_dilution"] * 100).to_list() == (
        original["potential_dilution_pct"].to_list()
    )
    assert rows["locked_tokens"].to_list() == original["locked_tokens"].to_list()
    assert rows["cap_pit"].all()


def test_the_growth_of_supply_agrees_with_pandas_from_the_lists(lake, realdata, span):
    """First list of the span against each later one, a year apart at most."""
    lists = recorded(realdata, "coinmarketcap/monthly_snapshots_*.csv*")
    lists["ts"] = pd.to_datetime(lists["snapshot_date"].astype(str), utc=True)
    begin = pd.Timestamp(span[0], tz="UTC")
    lists = lists[(lists["ts"] + DAY >= begin) & (lists["Price"] > 0)]
    lists = lists[~lists.duplicated(["ts", "Symbol"], keep=False)].sort_values("ts")
    first = lists.groupby("Symbol").transform("first")
    days = (lists["ts"] - first["ts"]).dt.days
    per_year = (lists["Circulating Supply"] - first["Circulating Supply"]) / days * 365.25
    expected = pl.DataFrame(
        {
            "coin": lists["Symbol"].to_list(),
            "ts": pl.Series(lists["ts"].to_list()).cast(pl.Datetime("ms", "UTC")),
            "expected": per_year.where(days >= 28).to_list(),
        }
    ).with_columns(pl.col("expected").fill_nan(None))
    stored = table(lake, "dilution_metrics").filter(
        pl.col("ts").dt.day() == 1, pl.len().over("coin", "ts") == 1
    )
    both = stored.join(expected, on=["coin", "ts"])
    assert both.height > 0.95 * expected.height
    assert both["expected"].count() > 100
    assert_frame_equal(
        both.select(per_year="dilution_velocity_tokens_per_year"),
        both.select(per_year="expected"),
        rel_tol=1e-9,
        abs_tol=1e-6,
    )


def test_signals_of_a_crossing_follow_the_recorded_prices(lake, realdata):
    """The sign of the newest view against moving averages of pandas over the same prices."""
    signals = table(lake, "signals").filter(strategy="ema_crossover")
    newest = signals.filter(pl.col("ts") == pl.col("ts").max())
    prices = recorded(realdata, "coinbase_ohlcv_daily*.csv*")
    prices["ts"] = pd.to_datetime(prices["date"], utc=True)
    begin = pd.Timestamp(lake.days("market_cap")[0], tz="UTC") - DAY
    wide = prices[prices["ts"] >= begin].pivot(index="ts", columns="base", values="close")
    assert newest.height > 0
    for coin, ts, score in newest.select("coin", "ts", "score").iter_rows():
        series = wide[coin].loc[:ts].dropna()
        fast = series.ewm(span=13, adjust=False).mean().iloc[-1]
        slow = series.ewm(span=21, adjust=False).mean().iloc[-1]
        assert score == 0 or (score > 0) == (fast > slow), coin


def test_what_was_known_on_a_day_can_be_read_in_sql(lake, settings):
    days = lake.days("market_cap")
    noon = datetime.combine(days[len(days) // 2], datetime.min.time(), UTC) + timedelta(hours=12)
    with warehouse(settings).connect() as db:
        query = f"SELECT max(available_at), count(*) FROM market_cap_as_of(TIMESTAMPTZ '{noon}')"
        newest, count = db.sql(query).fetchall()[0]
    assert count > 0
    assert newest <= noon


@pytest.mark.nightly
def test_a_second_replay_changes_no_byte(lake, settings, realdata, span):
    before = {path: path.read_bytes() for path in lake.root.rglob("*.parquet")}
    last = span[1]
    replay(
        settings,
        data=realdata,
        first=last - timedelta(days=40),
        last=last,
        tables=["leverage_ratios", "dilution_metrics"],
        strict=False,
    )
    assert {path: path.read_bytes() for path in lake.root.rglob("*.parquet")} == before
