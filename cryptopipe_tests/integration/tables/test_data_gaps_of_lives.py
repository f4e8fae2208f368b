"""A contract that was closed and opened again under its name has two lives, and a hole between."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.quality.data_gaps import DataGaps
from cryptopipe_tests.conftest import Platform

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 5)
DOGE = "DOGE-USDT-PERP"


def instant(hour: int, minute: int = 0) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=UTC)


CLOSED, REOPENED = instant(6), instant(10)


def version(platform: Platform, minutes: int, **changes: object) -> None:
    """A later version of what the venue says of doge's contract."""
    stored = latest(platform.lake.read(Instruments), INSTRUMENT).filter(
        venue="binance", symbol=DOGE
    )
    stamp = pl.lit(platform.now + timedelta(minutes=minutes)).dt.cast_time_unit("ms")
    row = stored.with_columns(
        **dict.fromkeys(("ts", "available_at", "ingested_at"), stamp),
        **{name: pl.lit(value).cast(stored.schema[name]) for name, value in changes.items()},
    )
    platform.lake.upsert(Instruments, Instruments.conform(row))


def without(platform: Platform, *holes: tuple[datetime, datetime]) -> None:
    """Take doge's bars out of the stored day."""
    rows = platform.lake.read(Ohlcv1m, DAY)
    inside = pl.any_horizontal(pl.col("ts").is_between(*hole, closed="left") for hole in holes) & (
        pl.col("symbol") == DOGE
    )
    rows.filter(~inside).write_parquet(platform.lake.path("ohlcv_1m", DAY))


def look(platform: Platform) -> tuple[list[tuple], dict[str, bool]]:
    """Doge's gaps of bars, and the checks' verdicts."""
    config = {"ops": {"data_gaps": {"config": {"repair": False}}}}
    result = platform.materialise(["data_gaps"], str(DAY), run_config=config)
    assert result.success
    gaps = platform.lake.read(DataGaps).filter(dataset="ohlcv_1m", symbol=DOGE)
    checks = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    return gaps.select("ts", "end_ts", "cause", "status").rows(), checks


@pytest.fixture
def reopened(platform) -> Platform:
    """A day of bars; the venue says afterwards that it closed at six and opened again at ten."""
    assert platform.materialise(["instruments", "ohlcv_1m"], str(DAY)).success
    version(platform, 1, status="SETTLING", delisted_at=CLOSED)
    version(platform, 2, status="TRADING", listed_at=REOPENED, delisted_at=None)
    return platform


def test_the_hole_between_is_explained_and_one_in_the_first_life_is_missed(reopened):
    without(reopened, (CLOSED, REOPENED), (instant(3), instant(3, 10)))
    gaps, checks = look(reopened)
    assert gaps == [
        (instant(3), instant(3, 10), "unknown", "open"),
        (CLOSED, REOPENED, "delisted", "explained"),
    ]
    assert checks["lives_agree_with_the_bars"]


def test_bars_between_the_lives_are_named_by_a_check(reopened):
    gaps, checks = look(reopened)
    assert gaps == []
    assert not checks["lives_agree_with_the_bars"]


def test_a_halt_that_the_venue_told_is_explained(platform):
    assert platform.materialise(["instruments", "ohlcv_1m"], str(DAY)).success
    registry = platform.lake.path("instruments")
    rows = pl.read_parquet(registry)
    early = pl.lit(instant(0)).dt.cast_time_unit("ms")
    rows.with_columns(ts=early).write_parquet(registry)
    before = platform.now
    for status, at in (("BREAK", instant(6)), ("TRADING", instant(7))):
        version(platform, round((at - before) / timedelta(minutes=1)), status=status)
    without(platform, (instant(6), instant(7)))
    gaps, checks = look(platform)
    assert gaps == [(instant(6), instant(7), "halted", "explained")]
    assert checks["lives_agree_with_the_bars"]


def test_bars_of_both_lives_are_collected_and_none_of_the_time_between(reopened):
    reopened.lake.path("ohlcv_1m", DAY).unlink()
    assert reopened.materialise(["ohlcv_1m"], str(DAY)).success
    found = reopened.lake.read(Ohlcv1m, DAY).filter(symbol=DOGE)["ts"]
    assert found.len() == (6 + 14) * 60
    assert found.is_between(CLOSED, REOPENED, closed="left").sum() == 0
