"""Derived views of the catalog against pandas, over tables of a drawn market."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.core.coin_kinds import with_kind
from cryptopipe_assets.core.schema import Collected
from cryptopipe_assets.quant.metrics.dilution.metrics import dilution_metrics
from cryptopipe_assets.quant.metrics.leverage.ratios import leverage_ratios
from cryptopipe_assets.quant.metrics.open_interest import coin_totals, daily_close, single_contract
from cryptopipe_assets.storage.catalog.catalog import connect, rebuild
from cryptopipe_assets.storage.catalog.view_set import VIEWS
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests.reference.daily_market import daily_market

CONTRACTS = contracts()
MONDAY = 0
KEY = ["coin", "ts"]
COIN = "C001"
TRACE = {
    "ingested_at": pl.lit(datetime(2027, 1, 1, tzinfo=UTC)).dt.cast_time_unit("ms"),
    "source": pl.lit("simulated"),
}
CONTRACT_NAMES = [
    ("binance", "BTC-USDT-PERP"),
    ("binance", "BTC-USD-PERP"),
    ("bybit", "BTC-USDT-PERP"),
    ("kraken", "BTC-USD-PERP"),
]


def put(lake: Lake, name: str, rows: pl.DataFrame) -> None:
    """Write rows into the files of their days."""
    contract = CONTRACTS[name]
    traced = rows.with_columns(**TRACE) if issubclass(contract, Collected) else rows
    for (day,), part in contract.conform(traced).group_by(pl.col("ts").dt.date()):
        lake.replace(contract, part, day)


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    market = daily_market(coins=6, days=100)
    ticker = {"coin_id": pl.col("coin_id"), "name": pl.lit("Coin ") + pl.col("coin")}
    caps = with_kind(market.market_cap).with_columns(**ticker)
    caps = caps.with_columns(rank=pl.col("coin").rank("dense").cast(pl.Int64))
    start = market.open_interest["ts"].min()
    return {
        "leverage_ratios": leverage_ratios(market.open_interest, market.market_cap, market.funding),
        "dilution_metrics": dilution_metrics(caps),
        "market_cap": caps.select(
            [name for name in CONTRACTS["market_cap"].columns() if name not in TRACE]
        ),
        "open_interest": hourly_interest(start, hours=24 * 12),
    }


def hourly_interest(start: datetime, *, hours: int) -> pl.DataFrame:
    """Contracts of a coin with holes of all lengths, one for longer than a day."""
    rng = np.random.default_rng(7)
    stamps = [start + timedelta(hours=h) for h in range(hours)]
    frames = []
    for number, (venue, symbol) in enumerate(CONTRACT_NAMES):
        silent = rng.random(hours) < 0.25
        if number == 1:
            silent[30:70] = True
        rows = pl.DataFrame(
            {"ts": stamps, "open_interest_usd": rng.uniform(1e6, 9e6, hours)}
        ).filter(~pl.Series(silent))
        frames.append(rows.with_columns(venue=pl.lit(venue), symbol=pl.lit(symbol)))
    return pl.concat(frames).with_columns(
        pl.col("ts").cast(pl.Datetime("ms", "UTC")),
        available_at=(pl.col("ts").dt.offset_by("1h").dt.offset_by("1ms")).cast(
            pl.Datetime("ms", "UTC")
        ),
        coin=pl.lit(COIN),
        margin_type=pl.lit("linear"),
        open_interest_contracts=pl.lit(None, pl.Float64),
        open_interest_base=pl.lit(None, pl.Float64),
    )


@pytest.fixture(scope="module")
def lake(tables, tmp_path_factory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("views") / "warehouse")
    for name, rows in tables.items():
        put(lake, name, rows)
    rebuild(lake, list(CONTRACTS.values()))
    return lake


@pytest.fixture(scope="module", params=["UTC", "America/New_York"])
def db(lake, request) -> Iterator[duckdb.DuckDBPyConnection]:
    """A reader; one sits elsewhere, and its calendar must not matter."""
    with connect(lake) as connection:
        connection.execute(f"SET TimeZone = '{request.param}'")
        yield connection


@pytest.fixture(scope="module")
def known(tables) -> pd.DataFrame:
    frame = tables["leverage_ratios"].to_pandas()
    frame["date"] = frame["ts"].dt.tz_localize(None).dt.normalize()
    return frame.dropna(subset="oi_to_market_cap")


def same(found: pl.DataFrame, expected: pd.DataFrame) -> None:
    """Compare numbers, names and days; rows in the order of both."""
    assert found.columns == list(expected.columns)
    for name in found.columns:
        theirs = expected[name]
        if found[name].dtype.is_numeric():
            ours = found[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            np.testing.assert_allclose(
                ours, theirs.to_numpy(float), rtol=1e-9, atol=1e-12, err_msg=name
            )
        elif found[name].dtype == pl.Date:
            assert found[name].to_list() == [each.date() for each in theirs], name
        else:
            assert found[name].to_list() == theirs.to_list(), name


def test_the_market_by_day(db, known):
    days = known.groupby("date")
    oi, cap = days["open_interest_usd"].sum(), days["market_cap_usd"].sum()
    ratio = oi / cap
    expected = pd.DataFrame(
        {
            "coins": days.size(),
            "total_open_interest_usd": oi,
            "total_market_cap_usd": cap,
            "mean_oi_to_market_cap": days["oi_to_market_cap"].mean(),
            "aggregate_oi_to_market_cap": ratio,
            "aggregate_ma30": ratio.rolling("30D").mean(),
            "aggregate_ma90": ratio.rolling("90D").mean(),
        }
    ).reset_index()
    found = db.sql("FROM leverage_market_daily ORDER BY date").pl()
    same(found.drop("available_at"), expected)
    assert found["date"].is_unique().all()


def test_mondays_are_usable_from_tuesday(db, known):
    found = db.sql("FROM leverage_weekly ORDER BY date, coin").pl()
    mondays = known[known["date"].dt.day_of_week == MONDAY]
    assert set(found["date"]) >= {each.date() for each in mondays["date"]}
    assert set(found["date"].dt.weekday()) == {1}
    since = found["available_at"].dt.epoch("ms") - found["ts"].dt.epoch("ms")
    assert since.unique().to_list() == [86_400_001]


def test_coins_on_average(db, known):
    ratio = known.groupby("coin")["oi_to_market_cap"]
    expected = pd.DataFrame(
        {
            "days": ratio.size(),
            "first_day": known.groupby("coin")["date"].min(),
            "last_day": known.groupby("coin")["date"].max(),
            "oi_to_market_cap_mean": ratio.mean(),
            "oi_to_market_cap_median": ratio.median(),
            "oi_to_market_cap_std": ratio.std(),
            "oi_to_market_cap_max": ratio.max(),
            "open_interest_mean_usd": known.groupby("coin")["open_interest_usd"].mean(),
        }
    ).reset_index()
    same(db.sql("FROM leverage_coin_averages ORDER BY coin").pl(), expected)


def test_totals_and_single_contracts_in_sql_are_those_of_the_factors(db, tables):
    """The pure functions, checked by hand elsewhere, are the other route here."""
    interest = tables["open_interest"]
    for view, computed in (
        ("open_interest_totals", coin_totals(interest)),
        ("open_interest_single_contract", single_contract(interest)),
    ):
        found = db.sql(f"FROM {view} ORDER BY coin, ts").pl()
        found = found.with_columns(
            pl.col("ts", "available_at").dt.convert_time_zone("UTC").dt.cast_time_unit("ms")
        )
        assert_frame_equal(found, computed.select(found.columns), rel_tol=1e-12, check_dtypes=False)
    totals = db.sql("SELECT min(oi_coverage), max(oi_contracts) FROM open_interest_totals")
    lowest, most = totals.fetchall()[0]
    assert lowest < 1
    assert most == len(CONTRACT_NAMES)


def test_the_single_contract_of_a_day_is_its_last_value_at_the_days_end(db, tables):
    closes = daily_close(single_contract(tables["open_interest"]))
    expected = (
        tables["leverage_ratios"]
        .join(closes.select("coin", "ts", "venue", "symbol", single="open_interest_usd"), on=KEY)
        .select(
            *("coin", "available_at", "venue", "symbol"),
            single_open_interest_usd="single",
            open_interest_usd="open_interest_usd",
            single_oi_to_market_cap=pl.col("single") / pl.col("market_cap_usd"),
        )
        .sort("available_at")
    )
    found = db.sql("FROM leverage_single_contract ORDER BY date").pl()
    found = found.select(expected.columns).with_columns(
        pl.col("available_at").dt.convert_time_zone("UTC").dt.cast_time_unit("ms")
    )
    assert expected.height > 2
    assert_frame_equal(found, expected, rel_tol=1e-12)


def test_the_fifty_most_leveraged_under_the_names_of_the_original(db, known, tables):
    newest = known[known["date"] == known["date"].max()]
    newest = newest.sort_values(["oi_to_market_cap", "coin"], ascending=[False, True])
    names = tables["market_cap"].to_pandas().groupby("coin_id")[["name", "rank"]].last()
    named = newest.join(names, on="coin_id")
    expected = pd.DataFrame(
        {
            "rank": named["rank"],
            "coin_name": named["name"],
            "coin_symbol": named["coin"],
            "oi_to_mcap_ratio": 100 * named["oi_to_market_cap"],
            "leverage_score": named["leverage_score"],
            "latest_oi": named["open_interest_usd"],
            "market_cap": named["market_cap_usd"],
            "volume_24h": named["volume_24h_usd"],
            "avg_funding_7d": 100 * named["avg_funding_7d"],
            "avg_funding_30d": 100 * named["avg_funding_30d"],
            "oi_growth_30d": 100 * named["oi_growth_30d"],
            "oi_volatility_30d": 100 * named["oi_volatility_30d"],
            "oi_to_volume_ratio": 100 * named["oi_to_volume"],
            "funding_volatility_30d": 100 * named["funding_volatility_30d"],
            "positive_funding_pct": 100 * named["positive_funding_share_30d"],
        }
    )
    same(db.sql("FROM leverage_ratios_top50").pl(), expected)


def test_the_weekly_file_of_the_original(db, known, tables):
    mondays = known[known["date"].dt.day_of_week == MONDAY].sort_values(["date", "coin"])
    names = tables["market_cap"].to_pandas().groupby("coin_id")["name"].last()
    expected = pd.DataFrame(
        {
            "date": mondays["date"],
            "coin_symbol": mondays["coin"],
            "coin_name": mondays["coin_id"].map(names),
            "oi_close": mondays["open_interest_usd"],
            "market_cap": mondays["market_cap_usd"],
            "oi_to_mcap_ratio": 100 * mondays["oi_to_market_cap"],
            "oi_to_mcap_ma30": 100 * mondays["oi_to_market_cap_ma30"],
            "funding_rate_pct": mondays["funding_8h_bp"],
        }
    )
    found = db.sql("FROM historical_leverage_weekly ORDER BY date, coin_symbol").pl()
    same(found.drop("available_at"), expected)


def test_the_supply_files_of_the_original(db, tables):
    metrics = tables["dilution_metrics"].to_pandas()
    metrics["date"] = metrics["ts"].dt.tz_localize(None).dt.normalize()
    is_max = metrics["cap_kind"] == "max"
    expected = pd.DataFrame(
        {
            "date": metrics["date"],
            "Symbol": metrics["coin"],
            "circulating_pct": (100 * metrics["circulating_share"]).where(is_max),
            "potential_dilution_pct": (100 * metrics["potential_dilution"]).where(is_max),
            "locked_tokens": metrics["locked_tokens"].where(is_max),
        }
    ).sort_values(["date", "Symbol"])
    columns = ", ".join(f'"{name}"' for name in expected.columns)
    query = f"SELECT {columns} FROM crypto_dilution_historical ORDER BY 1, 2"
    same(db.sql(query).pl(), expected)
    newest = metrics[metrics["date"] == metrics["date"].max()].sort_values("rank")
    top = db.sql("FROM crypto_dilution_top50").pl()
    assert top["symbol"].to_list() == newest["coin"].to_list()
    assert top["market_cap_dominance"].sum() == pytest.approx(100)
    shares = (100 * newest["circulating_share"]).to_list()
    ours = top["circulating_pct"].fill_null(float("nan")).to_list()
    assert ours == pytest.approx(shares, nan_ok=True)
    assert len(top.columns) == 15


def test_every_column_of_a_view_has_its_sentence(db):
    for view in VIEWS:
        query = (
            f"SELECT column_name, comment FROM duckdb_columns() WHERE table_name = '{view.name}'"
        )
        comments = dict(db.sql(query).fetchall())
        assert list(comments) == db.sql(f"FROM {view.name} LIMIT 0").columns
        comments.pop("date", None)  # of a table's own folder in leverage_weekly
        assert all(comments.values()), (view.name, comments)
        about = f"SELECT comment FROM duckdb_views() WHERE view_name = '{view.name}'"
        assert db.sql(about).fetchall() == [(view.comment,)]
