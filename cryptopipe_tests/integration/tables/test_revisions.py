"""A table of the platform whose rows are revised: the newest is read, the older ones as of then."""

from datetime import date, timedelta

import polars as pl
from polars.testing import assert_frame_equal

from cryptopipe_assets.storage.as_of import as_of
from cryptopipe_assets.storage.catalog.catalog import connect
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.tables.features.dilution_metrics import DilutionMetrics

TODAY = "2026-03-10"


def test_a_reading_later_in_the_hour_replaces_the_first_which_stays_readable_as_of_then(platform):
    tables = ["instruments", "open_interest"]
    assert platform.materialise(tables, TODAY).success
    earlier, before = platform.now + timedelta(seconds=1), platform.read("open_interest", TODAY)
    platform.now += timedelta(minutes=15)
    assert platform.materialise(tables, TODAY).success

    table = platform.read("open_interest", TODAY)
    assert table.select("symbol", "ts", "venue").is_unique().all()
    key = ["symbol", "ts", "venue"]
    revised = table.join(before, on=key, suffix="_before").filter(
        pl.col("available_at") > pl.col("available_at_before")
    )
    assert set(revised["venue"]) == {"okx", "hyperliquid", "gate"}

    then = as_of(platform.lake, OpenInterest, earlier).collect()
    assert_frame_equal(then, before)
    now = as_of(platform.lake, OpenInterest, platform.now + timedelta(seconds=1)).collect()
    assert_frame_equal(now, table)

    with connect(platform.lake) as connection:
        query = f"FROM open_interest_as_of(TIMESTAMPTZ '{earlier}') ORDER BY symbol, ts, venue"
        in_sql = connection.sql(query).pl().drop("date")
    assert_frame_equal(in_sql.cast(dict(before.schema)), before)
    versions = platform.lake.read_revisions(OpenInterest, date.fromisoformat(TODAY))
    assert versions.height == revised.height


def test_a_derived_day_says_what_it_said_before_a_supply_was_corrected(platform):
    day, tables = "2026-03-09", ["instruments", "market_cap", "dilution_metrics"]
    assert platform.materialise(tables[:2], day, TODAY).success
    assert platform.materialise(tables[2:], day).success
    published, before = platform.now, platform.read("dilution_metrics", day)
    assert before.height > 1
    assert before["derived_at"].unique().to_list() == [published.replace(microsecond=0)]

    coin = before["coin_id"][0]
    for stored in (day, TODAY):
        rows = platform.read("market_cap", stored).filter(coin_id=coin)
        platform.lake.upsert(
            MarketCap,
            rows.with_columns(
                pl.col("circulating_supply", "market_cap_usd") / 2,
                ingested_at=pl.lit(platform.now + timedelta(hours=1)).dt.cast_time_unit("ms"),
            ),
            date.fromisoformat(stored),
        )
    platform.now += timedelta(hours=2)
    assert platform.materialise(tables[2:], day).success
    after = platform.read("dilution_metrics", day)
    changed = after.filter(coin_id=coin)
    assert changed["derived_at"].to_list() == [platform.now]
    assert changed["circulating_supply"][0] == before["circulating_supply"][0] / 2
    others = pl.col("coin_id") != coin
    assert_frame_equal(after.filter(others), before.filter(others))

    just_before = platform.now - timedelta(milliseconds=1)
    assert_frame_equal(as_of(platform.lake, DilutionMetrics, just_before).collect(), before)
    assert_frame_equal(as_of(platform.lake, DilutionMetrics, platform.now).collect(), after)
    with connect(platform.lake) as connection:
        query = f"FROM dilution_metrics_as_of(TIMESTAMPTZ '{just_before}') ORDER BY coin_id, ts"
        in_sql = connection.sql(query).pl().drop("date")
    assert_frame_equal(in_sql.select(before.columns).cast(dict(before.schema)), before)
