"""What is stored of one contract, and what it lacks."""

from datetime import UTC, datetime, timedelta

import polars as pl

from cryptopipe_assets.collect.gaps.coverage import coverage
from cryptopipe_assets.collect.gaps.table_survey import GapSurvey
from cryptopipe_assets.core.universe import Universe
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_tests.reference.bars import SYMBOL, bars

LISTED = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOLE = LISTED + timedelta(hours=3)
RUNS = pl.DataFrame(schema={"day": pl.Date, "at": pl.Datetime("ms", "UTC"), "tier": pl.String})


def contract() -> pl.DataFrame:
    facts = {
        "ts": LISTED,
        "available_at": LISTED,
        "ingested_at": LISTED,
        "source": "binance",
        "venue": "binance",
        "symbol": SYMBOL,
        "vendor_symbol": "BTCUSDT",
        "coin": "BTC",
        "quote": "USDT",
        "margin_asset": "USDT",
        "contract_multiplier": 1,
        "contract_type": "PERPETUAL",
        "status": "TRADING",
        "listed_at": LISTED,
        "delisted_at": None,
        "funding_interval_hours": 8,
        "price_tick": 0.1,
        "quantity_step": 0.001,
        "tier": "all",
    }
    named = {name: facts.get(name) for name in Instruments.columns()}
    return Instruments.conform(pl.DataFrame([named], schema=Instruments.polars_schema()))


def test_it_tells_the_first_and_the_last_bar_and_the_minutes_between_that_are_missing(tmp_path):
    lake = Lake(tmp_path / "warehouse")
    lake.replace(Instruments, contract(), at=NOW)
    opens = [LISTED + timedelta(minutes=n) for n in range(12 * 60)]
    stored = [each for each in opens if not HOLE <= each < HOLE + timedelta(minutes=7)]
    lake.upsert(Ohlcv1m, bars(*stored), LISTED.date())
    survey = GapSurvey(
        lambda _: RUNS,
        Warehouse(lake=lake, contracts=(), origin="simulated"),
        Universe(venue="binance", quote="USDT", tiers={"all": ("BTC",)}),
    )
    found = coverage(survey, contract(), now=NOW)
    assert found.first_bar == LISTED
    assert found.last_bar == LISTED + timedelta(hours=12) - timedelta(minutes=1)
    assert (found.minutes_stored, found.minutes_missing) == (12 * 60 - 7, 7)
    assert found.missing_causes == "unknown 7"
    assert found.settlements_stored == 0
