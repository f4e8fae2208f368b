"""A day on which CoinGecko stood in for CoinMarketCap: two ids a coin, and every coin once."""

import shutil
from datetime import date, datetime, time, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.runtime.resources import warehouse
from cryptopipe_tests.conftest import platform_of, settings_in

MS = timedelta(milliseconds=1)

CLOSED, OPEN, NEXT = "2024-07-09", "2024-07-10", "2024-07-11"
"""CoinGecko told the evening of the first two; CoinMarketCap closed the first, and was back for
the close of the third."""

DERIVED = ["leverage_ratios", "dilution_metrics", "signals"]
HIGHER = 1.5
"""CoinGecko's caps of the evening over CoinMarketCap's of the midnight before: the day's peak."""


@pytest.fixture(scope="module")
def filled(collected, tmp_path_factory):
    """The platform with collected tables, once for all: what is derived here is only read."""
    settings = settings_in(tmp_path_factory.mktemp("two_vendors"))
    shutil.copytree(collected, settings.warehouse)
    with platform_of(settings) as platform:
        yield platform


@pytest.fixture(scope="module")
def alone(filled):
    """Derived tables of market caps that one vendor told alone, by table."""
    assert filled.materialise(DERIVED, CLOSED, NEXT).success
    return {table: filled.read(table, CLOSED, NEXT) for table in DERIVED}


@pytest.fixture(scope="module")
def mixed(filled, alone):
    """The same where CoinGecko stood in."""
    for day in (CLOSED, OPEN):
        path = filled.lake.path("market_cap", date.fromisoformat(day))
        rows = pl.read_parquet(path, hive_partitioning=False)
        pl.concat([rows, _evening_of(rows, day)]).sort("coin_id", "ts").write_parquet(path)
    path = filled.lake.path("market_cap", date.fromisoformat(NEXT))
    rows = pl.read_parquet(path, hive_partitioning=False)
    assert rows["ts"].dt.time().unique().to_list() == [time()], "closes of the day before"
    rows.clear().write_parquet(path)
    assert filled.materialise(DERIVED, CLOSED, NEXT).success
    return {table: filled.read(table, CLOSED, NEXT) for table in DERIVED}


def _evening_of(rows: pl.DataFrame, day: str) -> pl.DataFrame:
    """What CoinGecko told at 18:00, under ids of its own."""
    evening = datetime.fromisoformat(f"{day}T18:00:00+00:00")
    stamps = {"ts": evening, "available_at": evening + MS, "ingested_at": evening + 1000 * MS}
    return rows.with_columns(
        *(pl.lit(at).cast(rows.schema["ts"]).alias(name) for name, at in stamps.items()),
        coin_id=pl.lit("coingecko:") + pl.col("coin_id").str.replace(":", "-"),
        source=pl.lit("coingecko"),
        price_usd=pl.col("price_usd") * HIGHER,
        market_cap_usd=pl.col("market_cap_usd") * HIGHER,
    )


def of(rows: pl.DataFrame, day: str) -> pl.DataFrame:
    return rows.filter(pl.col("ts").dt.date().cast(pl.String) == day)


def test_every_coin_has_one_leverage_that_day_by_the_vendor_that_spoke_last(alone, mixed):
    before, after = (of(each["leverage_ratios"], OPEN) for each in (alone, mixed))
    assert after["coin"].to_list() == before["coin"].to_list()
    known = after.filter(pl.col("market_cap_usd").is_not_null())
    assert known.height == before["market_cap_usd"].count() > 10
    assert known["coin_id"].str.starts_with("coingecko:").all()
    assert known["market_cap_asof"].dt.hour().unique().to_list() == [18]


@pytest.mark.parametrize("day", [CLOSED, NEXT])
def test_a_day_that_the_first_vendor_closed_is_as_if_nobody_had_stood_in(alone, mixed, day):
    columns = ["coin", "coin_id", "market_cap_usd", "market_cap_asof", "oi_to_market_cap"]
    before, after = (of(each["leverage_ratios"], day) for each in (alone, mixed))
    # A coin of which CoinMarketCap had no close that day is rightly told by the other one.
    closed = before.filter(pl.col("market_cap_asof") == pl.col("ts").dt.offset_by("1d"))
    assert closed.height > 10
    told = after.filter(pl.col("coin").is_in(closed["coin"].to_list()))
    assert_frame_equal(told.select(columns), closed.select(columns), check_exact=True)
    shown = ["strategy", "coin", "score", "leg"]
    of_dilution = pl.col("strategy").str.contains("dilution")
    before, after = (of(each["signals"], day).filter(of_dilution) for each in (alone, mixed))
    assert before.height > 5
    assert_frame_equal(after.select(shown), before.select(shown), check_exact=True)


def test_strategies_hold_each_coin_once_and_none_loses_its_velocity(alone, mixed):
    before, after = (of(each["signals"], OPEN) for each in (alone, mixed))
    assert after.select("strategy", "coin").is_duplicated().sum() == 0
    for strategy in ("dilution", "leverage_inverted"):
        held = [each.filter(strategy=strategy)["coin"].to_list() for each in (before, after)]
        assert held[0] == held[1]
        assert len(held[0]) > 5


def test_dilution_has_a_row_for_each_vendors_id_and_the_views_show_a_coin_once(filled, mixed):
    rows = of(mixed["dilution_metrics"], CLOSED)
    assert rows["coin_id"].is_unique().all()
    is_first = pl.col("coin_id").str.starts_with("cmc:")
    of_first, of_second = (rows.filter(each)["coin"].to_list() for each in (is_first, ~is_first))
    assert len(set(of_first) & set(of_second)) > 10
    once = of_first + [coin for coin in of_second if coin not in of_first]
    for later in (OPEN, NEXT):  # the top fifty are of the newest day
        filled.lake.path("dilution_metrics", date.fromisoformat(later)).unlink()
    with warehouse(filled.settings).connect() as db:
        where = f"date = '{CLOSED}'"
        seen = db.sql(f"SELECT Symbol FROM crypto_dilution_historical WHERE {where}").pl()
        top = db.sql("SELECT symbol, market_cap_dominance FROM crypto_dilution_top50").pl()
    assert sorted(seen["Symbol"]) == sorted(once)
    assert sorted(top["symbol"]) == sorted(of_second)  # it told of more coins
    assert top["market_cap_dominance"].sum() == pytest.approx(100)
