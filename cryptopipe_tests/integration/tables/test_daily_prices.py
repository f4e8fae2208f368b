"""Prices for strategies: bars where there are any, else what the market-cap vendors said."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.core.coin_names import CoinName, CoinNames, Kind
from cryptopipe_assets.panels.daily_prices import daily_prices
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_tests.reference.daily_market import DAY

FIRST, LAST = date(2024, 7, 1), date(2024, 7, 11)
OPEN = datetime(2024, 7, 5, tzinfo=UTC)


def without_bars(platform, coin: str) -> None:
    """Take a coin out of every file of bars."""
    for path in (platform.settings.warehouse / "ohlcv_1m").rglob("*.parquet"):
        rows = pl.read_parquet(path)
        rows.filter(~pl.col("symbol").str.contains(f"{coin}-")).write_parquet(path)


def change(platform, table: str, day: date, change) -> None:
    path = platform.lake.path(table, day)
    change(pl.read_parquet(path)).write_parquet(path)


def price(platform, coin: str) -> dict[datetime, float]:
    rows = daily_prices(platform.lake, FIRST, LAST).filter(coin=coin)
    return dict(rows.select("ts", "close_usd").iter_rows())


@pytest.fixture
def vendors_only(filled):
    """C000 has no bars, C001 has; all have market caps."""
    without_bars(filled, "C000")
    return filled


def test_a_coin_without_bars_has_the_prices_of_the_next_midnights(vendors_only, drawn_market):
    known = drawn_market.market_cap.filter(
        pl.col("coin") == "C000", pl.col("available_at") - pl.col("ts") < DAY
    )
    drawn = {ts - DAY: close for ts, close in known.select("ts", "price_usd").iter_rows()}
    found = price(vendors_only, "C000")
    assert len(found) >= 5
    assert found == {ts: close for ts, close in drawn.items() if FIRST <= ts.date() <= LAST}
    assert max(found) == datetime(2024, 7, 11, tzinfo=UTC), "today's midnight closes yesterday"


def test_bars_go_before_the_vendor(vendors_only, drawn_market):
    bars = drawn_market.prices.filter(coin="C001", ts=OPEN)
    change(
        vendors_only,
        "market_cap",
        (OPEN + DAY).date(),
        lambda rows: rows.with_columns(pl.col("price_usd") * 2),
    )
    assert price(vendors_only, "C001")[OPEN] == bars["close_usd"].item()


def test_a_price_that_was_not_known_when_the_day_was_over_does_not_count(vendors_only):
    def late(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(pl.col("available_at") + pl.duration(milliseconds=1))

    assert OPEN in price(vendors_only, "C000")
    change(vendors_only, "market_cap", (OPEN + DAY).date(), late)
    assert OPEN not in price(vendors_only, "C000")


def test_a_snapshot_of_another_instant_is_no_close(vendors_only):
    def a_minute_on(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(pl.col("ts", "available_at") + pl.duration(minutes=1))

    change(vendors_only, "market_cap", (OPEN + DAY).date(), a_minute_on)
    assert OPEN not in price(vendors_only, "C000")


def test_of_coins_with_one_ticker_the_largest_is_meant(filled):
    without_bars(filled, "C001")
    day = (OPEN + DAY).date()
    change(
        filled,
        "market_cap",
        day,
        lambda rows: rows.with_columns(
            pl.when(pl.col("kind") == "bridged")
            .then(1e-9)
            .otherwise("price_usd")
            .alias("price_usd")
        ),
    )
    assert price(filled, "C001")[OPEN] > 1e-6


def test_a_coin_has_prices_while_a_contract_of_it_is_listed(vendors_only):
    def ends(rows: pl.DataFrame) -> pl.DataFrame:
        over = pl.lit(OPEN + timedelta(hours=12)).dt.cast_time_unit("ms")
        return rows.with_columns(
            delisted_at=pl.when(pl.col("coin") == "C000").then(over).otherwise("delisted_at")
        )

    path = vendors_only.lake.path(Instruments.table_name())
    ends(pl.read_parquet(path)).write_parquet(path)
    assert max(price(vendors_only, "C000")) == OPEN - DAY


def test_a_coin_has_prices_in_every_life_of_its_contract_and_none_between(vendors_only):
    path = vendors_only.lake.path(Instruments.table_name())
    rows = pl.read_parquet(path)
    before, mine = set(price(vendors_only, "C000")), pl.col("coin") == "C000"
    closed, again = OPEN + timedelta(hours=12), OPEN + 3 * DAY

    def said(later: timedelta, **facts: datetime | None) -> pl.DataFrame:
        stamps = pl.col("ts", "available_at", "ingested_at") + later
        values = {name: pl.lit(each).cast(rows.schema[name]) for name, each in facts.items()}
        return rows.filter(mine).with_columns(stamps).with_columns(**values)

    versions = [
        said(timedelta(minutes=1), delisted_at=closed),
        said(timedelta(minutes=2), listed_at=again, delisted_at=None),
    ]
    pl.concat([rows, *versions]).write_parquet(path)
    between = {OPEN, OPEN + DAY, OPEN + 2 * DAY}
    assert between & before
    assert set(price(vendors_only, "C000")) == before - between


def test_on_the_first_day_of_another_coin_under_a_name_there_is_no_price(filled):
    def line(coin: str, kind: Kind, **since: date) -> CoinName:
        return CoinName(name="C001", coin=coin, kind=kind, source="a test", **since)

    day = OPEN.date()
    names = CoinNames(
        (line("OLD", "rename", since=day, until=day), line("C001", "coin", since=day))
    )
    before = price(filled, "C001")
    found = daily_prices(filled.lake, FIRST, LAST, names=names).filter(coin="C001")
    assert {OPEN - DAY, OPEN} <= set(before)
    assert dict(found.select("ts", "close_usd").iter_rows()) == {
        ts: close for ts, close in before.items() if ts != OPEN
    }
