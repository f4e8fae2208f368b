"""Versions of registry entries."""

from datetime import UTC, datetime, timedelta

import polars as pl

from cryptopipe_assets.core.versions import as_known_at, latest, new_versions

KEY = ("venue", "symbol")
MONDAY = datetime(2026, 2, 2, tzinfo=UTC)
SCHEMA = {
    "ts": pl.Datetime("ms", "UTC"),
    "available_at": pl.Datetime("ms", "UTC"),
    "ingested_at": pl.Datetime("ms", "UTC"),
    "source": pl.String,
    "venue": pl.String,
    "symbol": pl.String,
    "status": pl.String,
    "delisted_at": pl.Datetime("ms", "UTC"),
}


def seen(**status: str) -> pl.DataFrame:
    rows = [("binance", symbol, text, None) for symbol, text in status.items()]
    facts = {name: SCHEMA[name] for name in ("venue", "symbol", "status", "delisted_at")}
    return pl.DataFrame(rows, schema=facts, orient="row")


def append(stored: pl.DataFrame, listing: pl.DataFrame, now: datetime) -> pl.DataFrame:
    return pl.concat([stored, new_versions(stored, listing, KEY, source="binance", now=now)])


def test_only_what_changed_gets_a_new_version():
    stored = append(pl.DataFrame(schema=SCHEMA), seen(BTC="TRADING", LUNA="TRADING"), MONDAY)
    tuesday = MONDAY + timedelta(days=1)
    fresh = new_versions(
        stored, seen(BTC="TRADING", LUNA="SETTLING"), KEY, source="binance", now=tuesday
    )
    assert fresh.select("symbol", "status", "ts").rows() == [("LUNA", "SETTLING", tuesday)]


def test_an_entry_that_vanishes_ends_when_it_was_last_seen_and_not_when_it_was_missed():
    stored = append(pl.DataFrame(schema=SCHEMA), seen(BTC="TRADING", LUNA="TRADING"), MONDAY)
    tuesday = MONDAY + timedelta(days=1)
    stored = append(stored, seen(BTC="TRADING"), tuesday)
    gone = latest(stored, KEY).filter(symbol="LUNA")
    assert gone.select("status", "delisted_at").row(0) == ("VANISHED", MONDAY)
    assert gone["ts"].to_list() == [tuesday]
    wednesday = tuesday + timedelta(days=1)
    again = new_versions(stored, seen(BTC="TRADING"), KEY, source="binance", now=wednesday)
    assert again.is_empty()


def test_what_was_known_at_an_instant_is_the_version_of_then():
    stored = append(pl.DataFrame(schema=SCHEMA), seen(LUNA="TRADING"), MONDAY)
    stored = append(stored, seen(LUNA="SETTLING"), MONDAY + timedelta(days=1))
    then = as_known_at(stored, KEY, MONDAY + timedelta(hours=5))
    assert then["status"].to_list() == ["TRADING"]
    assert as_known_at(stored, KEY, MONDAY - timedelta(hours=5)).is_empty()


def test_an_end_that_was_announced_before_the_entry_was_last_seen_stays():
    sunday = MONDAY - timedelta(days=1)
    ended = seen(BTC="TRADING", LUNA="SETTLING").with_columns(
        delisted_at=pl.when(symbol="LUNA").then(pl.lit(sunday).dt.cast_time_unit("ms"))
    )
    stored = append(pl.DataFrame(schema=SCHEMA), ended, MONDAY)
    stored = append(stored, seen(BTC="TRADING"), MONDAY + timedelta(days=1))
    gone = latest(stored, KEY).filter(symbol="LUNA")
    assert gone.select("status", "delisted_at").row(0) == ("VANISHED", sunday)
