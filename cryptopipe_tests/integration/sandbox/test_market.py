"""The simulated source: one market per seed, reachable anywhere, plausible everywhere."""

from datetime import UTC, datetime
from itertools import islice, pairwise

import numpy as np
import pytest

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = stamp_of(datetime(2026, 11, 20, 12, 34, 30, tzinfo=UTC))
NEW_YEAR = stamp_of(datetime(2024, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource()


def klines(source, symbol, start, end, interval="1m", now=NOW):
    return source.klines_from(symbol, interval, start=start, end=end, limit=10_000, now=now)


def table(lines) -> np.ndarray:
    return np.array([[float(cell) for cell in line.split(",")] for line in lines])


def test_the_same_seed_gives_the_same_bars_and_another_seed_others(source):
    again, other = SimulatedSource(), SimulatedSource(seed=8)
    day = klines(source, "SOLUSDT", NEW_YEAR, NEW_YEAR + DAY_MS)
    assert klines(again, "SOLUSDT", NEW_YEAR, NEW_YEAR + DAY_MS) == day
    assert not set(klines(other, "SOLUSDT", NEW_YEAR, NEW_YEAR + DAY_MS)) & set(day)


def test_a_minute_asked_alone_is_the_minute_of_the_range(source):
    two_days = klines(source, "ETHUSDT", NEW_YEAR, NEW_YEAR + 2 * DAY_MS)
    assert len(two_days) == 2880
    for place in (2879, 0, 1439, 1440, 777):
        opened = NEW_YEAR + place * MINUTE_MS
        fresh = SimulatedSource()
        assert klines(fresh, "ETHUSDT", opened, opened + 1) == [two_days[place]]


def test_what_is_past_does_not_depend_on_the_present(source):
    then = NEW_YEAR + 12 * HOUR_MS
    early = klines(source, "BTCUSDT", NEW_YEAR, then, now=then)
    assert len(early) == 720
    assert klines(source, "BTCUSDT", NEW_YEAR, then, now=NOW) == early
    assert klines(source, "BTCUSDT", NEW_YEAR, then, "1h", now=then) == klines(
        source, "BTCUSDT", NEW_YEAR, then, "1h", now=NOW
    )


@pytest.mark.parametrize("symbol", [each.symbol for each in SimulatedSource().instruments(NOW)])
def test_every_bar_obeys_the_arithmetic_of_trading(source, symbol):
    listed = source.instrument(symbol, NOW).listed
    bars = table(klines(source, symbol, listed, listed + 3 * DAY_MS))
    opened, o, h, low, c, v, closed, quote, trades, taker, taker_quote, _ = bars.T
    assert (opened == listed + np.arange(len(bars)) * MINUTE_MS).all()
    assert (closed == opened + 59_999).all()
    assert (h >= np.maximum(o, c)).all()
    assert (low <= np.minimum(o, c)).all()
    assert (low > 0).all()
    slack = 1e-9 * quote + 1e-9
    assert (quote <= v * h + slack).all()
    assert (quote >= v * low - slack).all()
    assert (taker <= v).all()
    assert (taker_quote <= quote).all()
    assert ((trades == 0) == (v == 0)).all()
    tick = 10.0 ** -source.instrument(symbol, NOW).price_decimals
    assert (np.abs(o[1:] - c[:-1]) < 1.5 * tick).all()
    quiet = v == 0
    assert (h[quiet] == low[quiet]).all()


def test_small_contracts_have_minutes_without_a_trade_and_bitcoin_has_none(source):
    volume = {
        symbol: table(klines(source, symbol, NOW - 3 * DAY_MS, NOW - MINUTE_MS))[:, 5]
        for symbol in ("BTCUSDT", "TONUSDT")
    }
    assert (volume["BTCUSDT"] > 0).all()
    assert 5 < (volume["TONUSDT"] == 0).sum() < 200


def test_an_hour_is_exactly_the_sum_of_its_minutes(source):
    minutes = table(klines(source, "ADAUSDT", NEW_YEAR, NEW_YEAR + HOUR_MS))
    [hour] = table(klines(source, "ADAUSDT", NEW_YEAR, NEW_YEAR + HOUR_MS, "1h"))
    assert hour[1] == minutes[0, 1]
    assert hour[2] == minutes[:, 2].max()
    assert hour[3] == minutes[:, 3].min()
    assert hour[4] == minutes[-1, 4]
    assert hour[6] == NEW_YEAR + HOUR_MS - 1
    assert hour[8] == minutes[:, 8].sum()
    for column in (5, 7, 9, 10):
        assert hour[column] == pytest.approx(minutes[:, column].sum(), rel=1e-12)


def test_coins_move_together_and_the_stablecoin_stands_still(source):
    daily = {
        symbol: table(klines(source, symbol, NOW - 150 * DAY_MS, NOW, "1d"))[:, 4]
        for symbol in ("BTCUSDT", "ETHUSDT", "USDCUSDT")
    }
    returns = {symbol: np.diff(np.log(close)) for symbol, close in daily.items()}
    assert np.corrcoef(returns["BTCUSDT"], returns["ETHUSDT"])[0, 1] > 0.6
    assert 0.01 < returns["BTCUSDT"].std() < 0.08
    assert np.abs(daily["USDCUSDT"] - 1).max() < 0.005


def test_the_forming_bar_grows_into_its_closed_version(source):
    opened = NOW - NOW % MINUTE_MS
    seen = [
        table(klines(source, "BTCUSDT", opened, opened + 1, now=opened + second * 1000))[0]
        for second in (0, 15, 30, 45, 59)
    ]
    [closed] = table(klines(source, "BTCUSDT", opened, opened + 1, now=opened + MINUTE_MS))
    growing = [*seen, closed]
    for before, after in pairwise(growing):
        assert before[1] == after[1]
        assert before[2] <= after[2]
        assert before[3] >= after[3]
        assert before[5] < after[5]
        assert before[9] <= after[9]
        assert before[6] == opened + 59_999


@pytest.mark.parametrize(
    ("symbol", "listed"), [("BTCUSDT", "2019-09-08T17:57"), ("TONUSDT", "2026-09-01T12:30")]
)
def test_the_first_bar_opens_at_the_listing_minute(source, symbol, listed):
    instant = stamp_of(datetime.fromisoformat(f"{listed}+00:00"))
    [first] = source.klines_from(symbol, "1m", start=0, end=NOW, limit=1, now=NOW)
    assert first.startswith(f"{instant},")
    [hour] = source.klines_from(symbol, "1h", start=0, end=NOW, limit=1, now=NOW)
    assert hour.startswith(f"{instant - instant % HOUR_MS},")
    assert source.instrument(symbol, instant - 1) is None


def test_nothing_opens_after_the_delisting(source):
    newest = source.klines_until("LUNAUSDT", "1m", end=NOW, limit=3, now=NOW)
    last = stamp_of(datetime(2022, 5, 13, 0, 8, tzinfo=UTC))
    opens = [int(line.split(",")[0]) for line in newest]
    assert opens == [last - 2 * MINUTE_MS, last - MINUTE_MS, last]
    settled = next(source.settlements_until("LUNAUSDT", end=NOW, now=NOW))
    assert settled.time // HOUR_MS * HOUR_MS == stamp_of(datetime(2022, 5, 13, tzinfo=UTC))
    assert "LUNAUSDT" not in source.funding_hours(NOW)


def test_doge_settles_every_four_hours_from_march_2025(source):
    switch = stamp_of(datetime(2025, 3, 1, tzinfo=UTC))
    around = {"start": switch - 16 * HOUR_MS, "end": switch + 9 * HOUR_MS}
    settled = list(source.settlements_from("DOGEUSDT", **around, now=NOW))
    hours = [round((each.time - switch) / HOUR_MS) for each in settled]
    assert hours == [-16, -8, 0, 4, 8]
    assert [each.interval_hours for each in settled] == [8, 8, 8, 4, 4]
    assert source.funding_hours(switch - 1)["DOGEUSDT"] == 8
    assert source.funding_hours(switch)["DOGEUSDT"] == 4


def test_funding_is_stamped_up_to_17_ms_late_and_pays_about_the_usual_rate(source):
    settled = list(
        source.settlements_from("BTCUSDT", start=NEW_YEAR, end=NEW_YEAR + 300 * DAY_MS, now=NOW)
    )
    late = np.array([each.time % HOUR_MS for each in settled])
    rates = np.array([float(each.rate) for each in settled])
    assert late.min() == 0
    assert 10 < late.max() <= 17
    assert 0.5e-4 < rates.mean() < 2e-4
    assert np.abs(rates).max() <= 3e-3
    assert (rates < 0).any()
    hourly = islice(source.settlements_until("HYPEUSDT", end=NOW, now=NOW), 500)
    assert np.mean([float(each.rate) for each in hourly]) < 0.5e-4


def test_the_mark_price_of_a_settlement_is_the_price_of_its_minute(source):
    [settled] = source.settlements_from(
        "ETHUSDT", start=NEW_YEAR + 8 * HOUR_MS, end=NEW_YEAR + 9 * HOUR_MS, now=NOW
    )
    [before] = klines(source, "ETHUSDT", NEW_YEAR + 8 * HOUR_MS - MINUTE_MS, NEW_YEAR + 8 * HOUR_MS)
    assert float(settled.mark) == pytest.approx(float(before.split(",")[4]), abs=0.006)
