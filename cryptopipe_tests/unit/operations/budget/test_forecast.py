"""The forecast of calls, against counts made by hand, and plans that are refused."""

from datetime import time

import pytest
from pydantic import SecretStr

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.config.tiers import Schedules, Tier
from cryptopipe_assets.operations.budget.fit import forecasts, without_room
from cryptopipe_assets.operations.budget.forecast import Contracts, forecast

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
        if each.cost.endpoint == "/fapi/v1/klines"
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
        if each.round.tier == "slow" and each.cost.endpoint == "/fapi/v1/klines"
    )
    assert (bars.calls, bars.units) == (6, 12)


def test_market_caps_of_all_tiers_are_one_call_an_hour_and_a_chart_a_coin_at_the_close():
    found = of(LIVE.with_config(tiers={"quarterly": QUARTERLY}), "coingecko", "calls-none")
    assert found.per_day == 24 + 1 + 2
    assert found.per_month == 31 * 27


@pytest.mark.parametrize(
    ("key", "stated", "assumed"),
    [("k" * 20, None, "demo"), ("k" * 20, "pro", "pro"), (None, "pro", "none"), ("", None, "none")],
)
def test_a_coingecko_key_is_of_the_demo_plan_unless_stated_and_no_key_of_none(key, stated, assumed):
    settings = LIVE.with_environment(
        coingecko_api_key=key if key is None else SecretStr(key), coingecko_plan=stated
    )
    found = {each.allowance.family for each in forecasts(settings, NOTHING_KNOWN)}
    assert {each for each in found if each.startswith("calls-")} == {f"calls-{assumed}"}


def test_coinmarketcap_costs_two_credits_an_hour_and_three_for_each_day_that_is_closed():
    found = of(LIVE.with_environment(cmc_api_key=SecretStr("k" * 20)), "coinmarketcap", "credits")
    assert found.per_day == 24 * 2 + 2 + 2 * 3
    assert found.fits


def test_an_allowance_of_a_day_holds_the_calls_of_one_day_and_that_of_a_month_of_31():
    vendors = LIVE.config.vendors
    own = vendors.coinmarketcap.model_copy(update={"credits_per_day": 100})
    settings = LIVE.with_environment(cmc_api_key=SecretStr("k" * 20)).with_config(
        vendors=vendors.model_copy(update={"coinmarketcap": own})
    )
    found = {
        each.allowance.window: (each.peak, each.at_most, each.fits)
        for each in forecasts(settings, NOTHING_KNOWN)
        if each.allowance.vendor == "coinmarketcap" and not each.allowance.is_rolling
    }
    # 56 credits a day; our share is 80 of a day's 100, and 8,000 of a month's 10,000.
    assert found == {"day": (56, 80, True), "month": (31 * 56, 8_000 // 31, True)}


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


def left_out(settings, contracts=NOTHING_KNOWN):
    """(tier or round, table) to the reason."""
    found = without_room(settings, contracts)
    return {(each.tier or each.name, table): why for (each, table), why in found.items()}


def test_the_configuration_that_is_shipped_fits():
    for settings in (LIVE, WITH_COINALYZE):
        assert all(each.fits for each in forecasts(settings, NOTHING_KNOWN))
        assert left_out(settings) == {}


def test_open_interest_of_five_hundred_coins_is_refused_with_the_limit_and_the_key_to_change():
    settings = WITH_COINALYZE.with_config(tiers={"fast": Tier(every_minutes=1, coins=MANY)})
    # Their bars and funding fit, and so does the day's close once nobody asks for them each hour.
    ((what, said),) = left_out(settings).items()
    assert what == ("fast", "open_interest")
    # 500 coins of 15 contracts and the list of markets, each hour and once more at the close.
    assert "187,525 symbols of coinalyze a day, and 46,080 fit (32 a minute" in said
    assert "tiers.fast" in said
    assert "kkk" not in said


def test_thousands_of_coins_every_minute_are_too_much_for_binance_and_the_rest_is_kept():
    coins = tuple(f"C{n}" for n in range(3000))
    settings = LIVE.with_config(
        tiers={
            "fast": Tier(every_minutes=1, coins=coins, tables=("ohlcv_1m", "funding_rate")),
            "slow": Tier(every_minutes=60, coins=("BTC",)),
        }
    )
    ((what, said),) = left_out(settings).items()
    assert what == ("fast", "ohlcv_1m")
    assert "weight of binance" in said
    assert "set tiers.fast.every_minutes to 2 " in said


def test_credits_of_a_month_that_would_run_out_name_the_schedule():
    settings = LIVE.with_environment(cmc_api_key=SecretStr("k" * 20)).with_config(
        schedules=Schedules(listings_every_minutes=1, listings_offset_minutes=0)
    )
    ((what, said),) = left_out(settings).items()
    assert what == ("listings", "market_cap")
    assert "credits of coinmarketcap" in said
    assert "set schedules.listings_every_minutes to 12 " in said
