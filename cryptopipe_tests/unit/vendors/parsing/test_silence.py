"""How long a contract may stand still, and which minutes contradict themselves."""

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.vendors.parsing.silence import (
    CONTRADICTORY,
    silent_stretches,
    unusual_length,
)

START = datetime(2026, 2, 3, tzinfo=UTC)


def minutes(traded: list[bool], *, symbol: str = "BTC-USDT-PERP") -> pl.DataFrame:
    """A bar a minute, with a trade or without."""
    stamps = [START + timedelta(minutes=n) for n in range(len(traded))]
    return pl.DataFrame(
        {
            "symbol": [symbol] * len(traded),
            "ts": pl.Series(stamps, dtype=pl.Datetime("ms", "UTC")),
            "volume_base": [2.0 if each else 0.0 for each in traded],
            "trades": [3 if each else 0 for each in traded],
        }
    )


def stretches(bars: pl.DataFrame) -> list[tuple[datetime, int]]:
    return silent_stretches(bars).select("ts", "minutes").rows()


def test_a_quarter_of_an_hour_is_unusual_for_a_contract_that_trades_in_every_minute():
    traded = [not 90 <= n < 105 for n in range(1440)]
    assert stretches(minutes(traded)) == [(START + timedelta(minutes=90), 15)]


def test_four_minutes_are_never_questioned_and_five_are():
    assert stretches(minutes([not 90 <= n < 94 for n in range(1440)])) == []
    assert stretches(minutes([not 90 <= n < 95 for n in range(1440)])) != []


def test_two_stretches_of_one_day_are_both_found():
    traded = [not (90 <= n < 105 or 700 <= n < 720) for n in range(1440)]
    assert [length for _, length in stretches(minutes(traded))] == [15, 20]


def test_minutes_that_are_missing_do_not_join_the_silence_around_them():
    bars = minutes([not 90 <= n < 98 for n in range(1440)])
    assert stretches(bars.filter(pl.col("ts") != START + timedelta(minutes=94))) == []


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.98])
def test_a_contract_that_is_often_silent_is_not_questioned_for_it(share):
    drawn = random.Random(7)
    weeks = [minutes([drawn.random() > share for _ in range(7 * 1440)]) for _ in range(20)]
    assert [each for week in weeks for each in stretches(week)] == []


def test_what_is_usual_is_each_contracts_own():
    drawn = random.Random(7)
    seldom = minutes([drawn.random() > 0.6 for _ in range(1440)], symbol="A-USDT-PERP")
    often = minutes([not 90 <= n < 100 for n in range(1440)], symbol="B-USDT-PERP")
    found = silent_stretches(pl.concat([often, seldom]))
    assert found["symbol"].to_list() == ["B-USDT-PERP"]


def test_the_length_is_where_chance_ends():
    # Half of 1,000 minutes are silent: 2 ** -29 * 1,000 is above one in a million, 2 ** -30 below.
    assert unusual_length(1000 + 7, 500 + 7, 8) == 30
    assert 1000 * 0.5**29 > 1e-6 > 1000 * 0.5**30


def test_nothing_is_silent_in_no_bars():
    assert silent_stretches(minutes([])).rows() == []


@pytest.mark.parametrize(
    ("volume", "trades", "high", "is_odd"),
    [
        (2.0, 3, 1.5, False),
        (2.0, 3, 1.6, False),
        (0.0, 0, 1.5, False),
        (2.0, 0, 1.5, True),
        (0.0, 3, 1.5, True),
        (0.0, 0, 1.6, True),
    ],
)
def test_volume_trades_and_a_moving_price_go_together(volume, trades, high, is_odd):
    row = pl.DataFrame({"volume_base": volume, "trades": trades, "high": high, "low": 1.5})
    assert row.select(CONTRADICTORY).item() is is_odd
