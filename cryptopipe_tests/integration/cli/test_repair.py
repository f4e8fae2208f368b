"""``cryptopipe repair`` says what is missing, gets it, and says what to do next."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.cli.repair import repair
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.runtime.table_run import TableRun
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

DAY = date(2026, 3, 9)


@pytest.fixture
def filled(settings):
    """A warehouse of a day that is whole."""
    TableRun(settings, keep=False).materialise(["instruments", "ohlcv_1m"], DAY, DAY)
    return settings


def punch(settings, first: int, last: int) -> None:
    """Take rows out of the day's file."""
    path = settings.warehouse / "ohlcv_1m" / f"date={DAY}" / "part-0.parquet"
    whole = pl.read_parquet(path, hive_partitioning=False)
    whole.filter(~pl.int_range(pl.len()).is_between(first, last)).write_parquet(path)


def test_an_empty_warehouse_says_what_to_materialise_first(settings):
    with pytest.raises(RequestError, match="materialise `instruments` first"):
        repair(settings, look_only=False, again=False)


def test_a_whole_table_is_a_success(filled, capsys):
    assert repair(filled, look_only=False, again=False) == 0
    assert "not one minute is missing" in capsys.readouterr().out


def test_looking_counts_and_asking_fills_and_names_the_days_to_derive_anew(filled, capsys):
    punch(filled, 100, 250)
    assert repair(filled, look_only=True, again=False) == 2
    looked = capsys.readouterr().out
    assert "2026-03-09 01:40:00" in looked
    assert "151" in looked
    assert repair(filled, look_only=False, again=False) == 0
    told = capsys.readouterr().out
    assert "repaired 151 minutes from 2026-03-09 to 2026-03-09" in told
    assert "--select 'ohlcv_1m+' --partition-range 2026-03-09...2026-03-09" in told


QUARTER = (pl.datetime(2026, 3, 9, 7, 30), pl.datetime(2026, 3, 9, 7, 45))


def still(settings) -> pl.DataFrame:
    """Make a quarter of an hour of bitcoin flat, as the archive has some; returns the truth."""
    path = settings.warehouse / "ohlcv_1m" / f"date={DAY}" / "part-0.parquet"
    truth = pl.read_parquet(path, hive_partitioning=False)
    inside = (pl.col("symbol") == "BTC-USDT-PERP") & pl.col("ts").dt.replace_time_zone(
        None
    ).is_between(*QUARTER, closed="left")
    amounts = ("volume_base", "volume_quote", "taker_buy_base", "taker_buy_quote", "trades")
    flat = dict.fromkeys(("open", "high", "low"), "close") | {
        name: pl.lit(0).cast(truth.schema[name]) for name in amounts
    }
    truth.with_columns(
        pl.when(inside).then(value if isinstance(value, pl.Expr) else pl.col(value)).otherwise(name)
        .alias(name)
        for name, value in flat.items()
    ).write_parquet(path)  # fmt: skip
    return truth.drop("ingested_at")


def test_minutes_that_are_stored_without_a_trade_are_shown_and_requested_again(filled, capsys):
    truth = still(filled)
    assert repair(filled, look_only=True, again=False) == 0
    looked = capsys.readouterr().out
    assert "Stored without a trade, unusually long; to be requested again" in looked
    assert "2026-03-09 07:30:00" in looked
    assert repair(filled, look_only=False, again=False) == 0
    assert "settled 1 stretches without a trade of ohlcv_1m" in capsys.readouterr().out
    stored = Lake(filled.warehouse).read(Ohlcv1m, DAY).drop("ingested_at")
    assert_frame_equal(stored, truth, check_exact=True)
