"""The forecast of calls, against counts made by hand, and plans that are refused."""

from datetime import time

import pytest
from pydantic import SecretStr

from cryptopipe_assets.call_forecast import Contracts, forecast
from cryptopipe_assets.call_plan import forecasts, refuse_if_it_cannot_fit
from cryptopipe_assets.errors import ConfigError
from cryptopipe_assets.settings import load_settings
from cryptopipe_assets.tiers import Schedules, Tier
from cryptopipe_assets.timetable import listings, rounds_of

QUARTERLY = Tier(every_minutes=15, coins=("BTC", "ETH"))
LIVE = load_settings().with_environment(vendors="live", coinalyze_api_key=None, cmc_api_key=None)
WITH_COINALYZE = LIVE.with_environment(coinalyze_api_key=SecretStr("k" * 20))
MANY = tuple(f"C{n}" for n in range(500))
NOTHING_KNOWN = Contracts()


def of(settings, vendor, family):
    (found,) = (
        each
        for each in forecasts(settings, NOTHING_KNOWN)
        if (each.allowance.vendor, each.allowance.family) == (vendor, family)
    )
    return found


def test_two_coins_every_quarter_of_an_hour_are_two_calls_of_bars_each_time():
    config = LIVE.with_config(tiers={"quarterly": QUARTERLY}).config
    klines = [
        each
        for each in forecast(config, {}, NOTHING_KNOWN)
        if each.asked.endpoint == "/fapi/v1/klines"
    ]
    assert [(each.round.name, each.calls, each.units) for each in klines] == [
        ("market_data", 192, 192),
        ("close", 2, 2),
    ]


def test_bars_of_four_hours_are_one_page_of_weight_two():
    config = LIVE.with_config(tiers={"slow": Tier(every_minutes=240, coins=("BTC",))}).config
    (bars,) = (
        each
        for each in forecast(config, {}, NOTHING_KNOWN)
        if each.round.tier == "slow" and each.asked.endpoint == "/fapi/v1/klines"
    )
    assert (bars.calls, bars.units) == (6, 12)


def test_market_caps_of_all_tiers_are_one_call_an_hour_and_a_chart_a_coin_at_the_close():
    found = of(LIVE.with_config(tiers={"quarterly": QUARTERLY}), "coingecko", "calls-none")
    assert found.per_day == 24 + 1 + 2
    assert found.per_month == 31 * 27


def test_coinmarketcap_costs_two_credits_an_hour_and_three_for_each_day_that_is_closed():
    found = of(LIVE.with_environment(cmc_api_key=SecretStr("k" * 20)), "coinmarketcap", "credits")
    assert found.per_day == 24 * 2 + 2 + 2 * 3
    assert found.fits


def test_coinalyze_is_counted_by_symbols_as_many_as_are_stored():
    settings = WITH_COINALYZE.with_config(tiers={"quarterly": QUARTERLY})
    known = Contracts(known={("coinalyze", "BTC"): 40, ("coinalyze", "ETH"): 30})
    (found,) = (each for each in forecasts(settings, known) if each.allowance.vendor == "coinalyze")
    assert found.per_day == 25 * (1 + 70)
    assert found.peak == 71


def test_the_peak_of_a_window_is_what_falls_into_it():
    tiers = {
        "early": Tier(every_minutes=60, coins=("BTC",), tables=("ohlcv_1m",)),
        "later": Tier(every_minutes=60, offset_minutes=5, coins=MANY, tables=("ohlcv_1m",)),
    }
    schedules = Schedules(close_at=time(1, 30))
    found = of(LIVE.with_config(tiers=tiers, schedules=schedules), "binance", "weight")
    # What closes the day asks for the newest bars of all: 501, the clock's, and the listing's two.
    assert found.peak == 501 + 2 + 2


def test_the_configuration_that_is_shipped_fits():
    for settings in (LIVE, WITH_COINALYZE):
        assert all(each.fits for each in forecasts(settings, NOTHING_KNOWN))
        refuse_if_it_cannot_fit(settings, NOTHING_KNOWN)


def test_five_hundred_coins_every_minute_are_refused_with_the_limit_and_the_key_to_change():
    settings = WITH_COINALYZE.with_config(tiers={"fast": Tier(every_minutes=1, coins=MANY)})
    with pytest.raises(ConfigError) as refused:
        refuse_if_it_cannot_fit(settings, NOTHING_KNOWN)
    said = str(refused.value)
    # 500 coins of 15 contracts and the list of markets, each hour and once more at the close.
    assert "187,525 symbols of coinalyze a day, and 46,080 fit (32 a minute" in said
    assert "tiers.fast" in said
    assert "kkk" not in said


def test_thousands_of_coins_every_minute_are_too_much_for_binance():
    coins = tuple(f"C{n}" for n in range(3000))
    settings = LIVE.with_config(tiers={"fast": Tier(every_minutes=1, coins=coins)})
    with pytest.raises(ConfigError, match=r"weight of binance .*set tiers.fast.every_minutes to 2"):
        refuse_if_it_cannot_fit(settings, NOTHING_KNOWN)


def test_what_does_not_fit_stops_only_the_rounds_that_ask_for_it():
    tier = Tier(every_minutes=1, coins=MANY)
    settings = WITH_COINALYZE.with_config(tiers={"fast": tier})
    market_data, positions = rounds_of("fast", tier)
    refuse_if_it_cannot_fit(settings, NOTHING_KNOWN, due=[market_data, listings(settings.config)])
    with pytest.raises(ConfigError):
        refuse_if_it_cannot_fit(settings, NOTHING_KNOWN, due=[positions])


def test_credits_of_a_month_that_would_run_out_name_the_schedule():
    settings = LIVE.with_environment(cmc_api_key=SecretStr("k" * 20)).with_config(
        schedules=Schedules(listings_every_minutes=1, listings_offset_minutes=0)
    )
    with pytest.raises(
        ConfigError, match=r"credits of coinmarketcap .*set schedules.listings_every_minutes to 12 "
    ):
        refuse_if_it_cannot_fit(settings, NOTHING_KNOWN)
