"""``cryptopipe repair`` says what is missing, gets it, and says what to do next."""

from datetime import date

import polars as pl
import pytest

from cryptopipe_assets.cli.repair import repair
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.runtime.table_run import TableRun

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
