"""A table of the platform whose rows are revised: the newest is read, the older ones as of then."""

from datetime import date, timedelta

import polars as pl
from polars.testing import assert_frame_equal

from cryptopipe_assets.storage.as_of import as_of
from cryptopipe_assets.storage.catalog.catalog import connect
from cryptopipe_assets.tables.collected.open_interest import OpenInterest

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
