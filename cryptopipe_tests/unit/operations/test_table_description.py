"""A table described from its contract, its files and the service levels."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from cryptopipe_assets.operations.table_description import columns, describe
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.features.microstructure_1h import Microstructure1h
from cryptopipe_tests.reference.bars import bars
from cryptopipe_tests.reference.quotes import DAY, Means, Quotes, quotes

NOW = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)


def test_an_empty_table_has_its_columns_and_no_days(tmp_path):
    found = describe(Lake(tmp_path), Ohlcv1m, settings=None, now=NOW)
    assert (found.table, found.layer) == ("ohlcv_1m", "collected")
    assert (found.files, found.bytes, found.sources) == (0, 0, ())
    assert (found.first_day, found.last_day, found.newest) == (None, None, None)
    assert (found.state, found.why) == (None, "")
    assert found.answers_as_of
    text = str(found)
    assert "0 files, 0 bytes, no row\n" in text
    assert "given by" not in text
    assert "made from instruments" in text
    assert "read it as of an instant: yes" in text


def test_days_sources_and_the_newest_row_are_those_of_the_files(tmp_path):
    lake = Lake(tmp_path)
    days = [NOW - timedelta(days=2), NOW - timedelta(days=1)]
    for at in days:
        lake.upsert(Ohlcv1m, bars(at), at.date())
    found = describe(lake, Ohlcv1m, settings=None, now=NOW)
    assert (found.first_day, found.last_day) == (date(2026, 3, 8), date(2026, 3, 9))
    assert (found.files, found.sources) == (2, ("binance",))
    assert found.bytes == sum(each.stat().st_size for each in (tmp_path / "ohlcv_1m").rglob("*.p*"))
    assert found.newest == days[1]
    assert found.available_at == days[1] + timedelta(minutes=1)
    assert "given by binance" in str(found)
    assert f"2 files, {found.bytes:,} bytes, 2026-03-08 to 2026-03-09, newest row" in str(found)


def test_a_derived_table_says_what_it_is_made_from_and_nobody_gives_it(tmp_path):
    found = describe(Lake(tmp_path), Microstructure1h, settings=None, now=NOW)
    assert "ohlcv_1m" in found.made_from
    assert found.sources == ()
    assert f"made from {', '.join(found.made_from)}" in str(found)


def test_a_derived_table_with_files_has_no_source_either(tmp_path):
    lake = Lake(tmp_path)
    lake.replace(Means, quotes(3).select("ts", "available_at", "symbol", mean="price"), DAY.date())
    found = describe(lake, Means, settings=None, now=NOW)
    assert (found.files, found.sources) == (1, ())


def test_a_table_of_ones_own_has_no_service_level_and_is_described_all_the_same(tmp_path):
    lake = Lake(tmp_path)
    lake.upsert(Quotes, quotes(3), DAY.date())
    found = describe(lake, Quotes, settings=None, now=NOW)
    assert (found.table, found.made_from, found.files) == ("quotes", (), 1)


def test_a_project_tells_how_fresh_the_table_is(settings):
    found = describe(Lake(settings.warehouse), Ohlcv1m, settings=settings, now=NOW)
    assert found.state in ("missing", "empty", "stale")
    assert found.state in str(found)


def test_a_column_has_its_type_unit_nulls_and_meaning():
    found = columns(Ohlcv1m)
    assert found["column"].to_list() == list(Ohlcv1m.columns())
    row = found.filter(pl.col("column") == "taker_buy_base").row(0, named=True)
    assert (row["type"], row["unit"], row["nullable"]) == ("float64", "base", True)
    assert found.filter(pl.col("column") == "ts")["type"].item() == "datetime[ms, UTC]"
    assert not found.filter(pl.col("column") == "close")["nullable"].item()
