"""Supplies, prices and ranks of the simulated market-cap lists."""

from collections import Counter
from datetime import UTC, date, datetime

import numpy as np
import pytest

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS
from cryptopipe_assets.sandbox.contents.noise import grain, wander
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.simulated.market import Market
from cryptopipe_assets.sandbox.simulated.market_caps import MarketCaps
from cryptopipe_assets.sandbox.simulated.supply import Supply, every_months

NOW = stamp_of(datetime(2026, 11, 20, 12, 34, tzinfo=UTC))


@pytest.fixture(scope="module")
def caps() -> MarketCaps:
    return MarketCaps(Market(7))


def at(*days: date) -> np.ndarray:
    return np.array([stamp_of(day) for day in days])


def asset(caps, gecko_id):
    return caps.by_gecko_id[gecko_id]


def test_knots_cliffs_vesting_and_burns_add_up():
    supply = Supply(
        knots=((date(2020, 1, 1), 100.0), (date(2020, 1, 11), 110.0)),
        cliffs=((date(2020, 1, 6), 40.0),),
        vesting=((date(2020, 1, 1), date(2020, 1, 21), 20.0),),
        burns=((date(2020, 1, 8), 7.0),),
        created=500.0,
        cap=600.0,
        cap_falls=True,
    )
    days = at(date(2019, 12, 1), date(2020, 1, 5), date(2020, 1, 6), date(2020, 1, 8))
    assert supply.circulating(days).tolist() == [100.0, 108.0, 150.0, 147.0]
    assert supply.total(days).tolist() == [500.0, 500.0, 500.0, 493.0]
    assert supply.maximum(days).tolist() == [600.0, 600.0, 600.0, 593.0]
    assert Supply(knots=((date(2020, 1, 1), 5.0),)).maximum(days) is None


def test_a_cliff_falls_on_the_instant_of_its_midnight():
    supply = Supply(knots=((date(2020, 1, 1), 1.0),), cliffs=((date(2020, 1, 2), 1.0),))
    midnight = stamp_of(date(2020, 1, 2))
    assert supply.circulating(np.array([midnight - 1, midnight])).tolist() == [1.0, 2.0]


def test_every_months_repeats_amounts_in_turn_across_the_new_year():
    found = every_months(date(2023, 9, 15), months=3, times=3, amounts=(5, 7))
    assert found == ((date(2023, 9, 15), 5.0), (date(2023, 12, 15), 7.0), (date(2024, 3, 15), 5.0))


def test_schedules_are_of_many_kinds(caps):
    year = at(date(2025, 11, 1), date(2026, 11, 1))
    circulating = {
        name: asset(caps, name).supply.circulating(year) for name in ("binancecoin", "hyperliquid")
    }
    assert np.diff(circulating["binancecoin"]) < 0  # burns
    assert np.diff(circulating["hyperliquid"]) > 0.25 * circulating["hyperliquid"][0]  # unlocks
    cap = asset(caps, "binancecoin").supply.maximum(at(date(2021, 1, 1), date(2026, 1, 1)))
    assert cap[1] < asset(caps, "binancecoin").supply.circulating(at(date(2021, 1, 1)))[0] + 1e7
    assert cap[1] < cap[0]
    assert asset(caps, "ethereum").supply.maximum(year) is None
    assert asset(caps, "dogecoin").supply.maximum(year) is None
    ripple = asset(caps, "ripple").supply.circulating(at(date(2026, 2, 28), date(2026, 3, 1)))
    assert np.diff(ripple)[0] > 2e8  # the first of the month


def test_nothing_ever_circulates_beyond_total_or_cap(caps):
    days = np.arange(stamp_of(date(2019, 9, 8)), stamp_of(date(2040, 1, 1)), 30 * DAY_MS)
    for each in caps.assets:
        circulating, total = each.supply.circulating(days), each.supply.total(days)
        assert (circulating > 0).all()
        assert (circulating <= total).all()
        cap = each.supply.maximum(days)
        if cap is not None:
            assert (total <= cap * (1 + 1e-9)).all(), each.name


def test_ids_are_unique_and_two_tickers_are_shared(caps):
    for ids in ("cmc_id", "gecko_id", "name"):
        assert max(Counter(getattr(each, ids) for each in caps.assets).values()) == 1
    tickers = Counter(each.symbol.upper() for each in caps.assets)
    assert {ticker for ticker, count in tickers.items() if count > 1} == {"PEPE", "TON"}


def test_a_ranking_is_by_market_cap_and_ends_with_the_unvouched(caps):
    standings = caps.ranking(NOW)
    ranked = [each for each in standings if each.rank is not None]
    assert len(standings) > 250
    assert [each.rank for each in ranked] == list(range(1, len(ranked) + 1))
    assert standings[: len(ranked)] == tuple(ranked)
    caps_in_order = [each.market_cap for each in ranked]
    assert caps_in_order == sorted(caps_in_order, reverse=True)
    assert all(each.market_cap == each.price * each.circulating for each in standings)
    unvouched = standings[len(ranked) :]
    assert unvouched
    assert {(each.circulating, each.market_cap) for each in unvouched} == {(0.0, 0.0)}
    assert [each.asset.symbol for each in standings[:2]] == ["BTC", "ETH"]


@pytest.mark.parametrize("year", [2020, 2022, 2024, 2040])
def test_any_year_has_a_long_list_of_its_own(caps, year):
    instant = stamp_of(date(year, 5, 17))
    standings = MarketCaps(Market(7)).ranking(instant)  # asked first, as if nothing else was
    assert len(standings) > 200
    assert standings == caps.ranking(instant)
    assert all(np.isfinite([each.price, each.volume_24h]).all() for each in standings)
    listed = {each.asset.gecko_id for each in standings}
    assert ("hyperliquid" in listed) == (year > 2024)
    assert ("terra-luna" in listed) == (year < 2022 or instant < stamp_of(date(2022, 5, 28)))


def test_a_coin_that_is_dropped_leaves_the_list_and_another_joins(caps):
    before, after = (
        {each.asset.gecko_id for each in caps.ranking(stamp_of(day))}
        for day in (date(2022, 5, 27), date(2022, 5, 28))
    )
    assert before - after >= {"terra-luna"}
    assert "pepe" not in before


def test_prices_are_those_of_the_contracts_and_twins_stay_close(caps):
    days = at(date(2024, 6, 1), date(2025, 6, 1))
    bitcoin = asset(caps, "bitcoin")
    hours = [Market(7).price(bitcoin.priced.coin, int(each) // HOUR_MS) for each in days]
    assert caps.prices(bitcoin, days) == pytest.approx(hours, abs=0.05)
    pepe = asset(caps, "pepe")  # whose contract is of a thousand
    thousand = Market(7).price(pepe.priced.coin, int(days[0]) // HOUR_MS)
    assert 1000 * caps.prices(pepe, days)[0] == pytest.approx(thousand, abs=5e-8)
    for twin, whole in (("wrapped-bitcoin", "bitcoin"), ("staked-ether", "ethereum")):
        ratio = caps.prices(asset(caps, twin), days) / caps.prices(asset(caps, whole), days)
        assert np.abs(ratio - 1).max() < 1e-3
    assert np.abs(caps.prices(asset(caps, "tether"), days) - 1).max() < 1e-3


def test_grains_are_even_and_independent_of_who_else_is_asked():
    draws = grain(7, "test", np.arange(20_000))
    assert np.abs(draws).max() < 1
    assert abs(draws.mean()) < 0.02
    assert draws.std() == pytest.approx(1 / np.sqrt(3), rel=0.02)
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.03
    assert grain(7, "test", np.array([777]))[0] == draws[777]
    assert grain(8, "test", np.array([777]))[0] != draws[777]


def test_a_wandering_curve_is_smooth_and_about_one_wide():
    curve = wander(7, "test", np.arange(0, 4000 * DAY_MS, DAY_MS // 4), (4.0, 16.0, 64.0))
    assert abs(curve.mean()) < 0.2
    assert 0.7 < curve.std() < 1.3
    assert np.abs(np.diff(curve)).max() < 0.3
