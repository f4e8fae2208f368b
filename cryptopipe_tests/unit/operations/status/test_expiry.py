"""What vendors delete, and whether the next pull comes before."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.operations.budget.remaining import left_for, vendors_of
from cryptopipe_assets.operations.status.expiry import expiries, source_of
from cryptopipe_assets.operations.status.freshness import TableFreshness, TierFreshness
from cryptopipe_assets.operations.status.run_history import LastRun
from cryptopipe_assets.runtime.resources import vendor_clients
from cryptopipe_assets.storage.inventory import Files
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS
from cryptopipe_assets.vendors.coinalyze.terms import HOURS_KEPT

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_table(name, *newest):
    tiers = [
        TierFreshness(
            table=name, tier=str(i), state="fresh", newest_ts=ts, age=HOUR, late_after=HOUR,
            stale_after=HOUR,
        )
        for i, ts in enumerate(newest)
    ]  # fmt: skip
    return TableFreshness(
        table=name,
        level=SERVICE_LEVELS[name],
        files=Files(table=name, days=[], paths=[], bytes=0),
        last_run=LastRun(),
        tiers=tiers,
    )


def of(vendor, table, *, next_pull, **environment):
    settings = load_settings().with_environment(**{"vendors": "sandbox", **environment})
    found = expiries(
        settings, [table], next_pulls={table.table: next_pull} if next_pull else {}, now=NOON
    )
    (one,) = [each for each in found if each.offered.vendor.name == vendor]
    return one


def test_an_hour_is_gone_when_the_vendor_has_kept_it_for_its_month():
    found = of("binance", a_table("open_interest", NOON), next_pull=NOON + HOUR)
    # The next hour opens at 13:00, and 28 days later Binance drops it.
    assert found.deleted_from == datetime(2026, 4, 7, 13, tzinfo=UTC)
    assert found.in_time


def test_the_tier_that_lags_most_decides():
    lagging = a_table("open_interest", NOON, NOON - 30 * DAY)
    found = of("binance", lagging, next_pull=NOON + HOUR)
    assert found.secured_until == NOON - 30 * DAY
    assert not found.in_time


def test_a_vendor_that_tells_the_present_only_must_be_asked_within_the_next_hour():
    stored = a_table("open_interest", NOON - HOUR)
    # 11:00 is stored; the hour of 12:00 is told until 13:00.
    assert of("okx", stored, next_pull=NOON + HOUR / 2).deleted_from == NOON + HOUR
    assert of("okx", stored, next_pull=NOON + HOUR / 2).in_time
    assert not of("okx", stored, next_pull=NOON + HOUR).in_time


def test_without_a_schedule_nothing_is_in_time():
    assert not of("binance", a_table("open_interest", NOON), next_pull=None).in_time


def test_with_a_key_the_other_vendors_term_counts():
    stored = a_table("open_interest", NOON)
    found = of(
        "coinalyze",
        stored,
        next_pull=NOON + HOUR,
        vendors="live",
        coinalyze_api_key=SecretStr("mine"),
    )
    assert found.deleted_from == NOON + HOUR + timedelta(hours=1500)
    assert found.offered.offer.keeps == HOURS_KEPT


@pytest.mark.parametrize(("plan", "vendors"), [(None, ["coingecko"]), ("pro", [])])
def test_a_paid_plan_keeps_everything(plan, vendors):
    settings = load_settings().with_environment(vendors="sandbox", coingecko_plan=plan)
    found = expiries(settings, [a_table("market_cap", NOON)], next_pulls={}, now=NOON)
    assert [each.offered.vendor.name for each in found] == vendors


def test_a_table_without_a_choice_has_no_source():
    assert source_of(load_settings(), "ohlcv_1m") is None


def test_what_is_left_of_a_vendors_calls_is_told_of_the_vendors_that_are_asked(tmp_path):
    live = load_settings().with_environment(vendors="live", warehouse=tmp_path)
    assert left_for(live, ["open_interest"], now=NOON) == []  # nobody was ever asked
    demo = live.with_environment(coingecko_api_key=SecretStr("mine"))  # taken for a demo key
    clients = vendor_clients(demo)
    with clients.records.ledger() as ledger:
        ledger.spend(
            NOON.date(),
            "coingecko",
            account=clients.accounts()["coingecko"],
            family="calls-demo",
            endpoint="/x",
        )
    left = {each.allowance.window: each for each in left_for(demo, ["market_cap"], now=NOON)}
    assert {each.allowance.vendor for each in left.values()} == {"coingecko"}
    assert left["month"].used == 1
    sandbox = demo.with_environment(vendors="sandbox")
    assert left_for(sandbox, ["market_cap"], now=NOON) == []


def test_the_vendors_of_a_table_follow_from_its_source():
    keyless = load_settings()
    exchanges = ["binance", "bybit", "okx", "hyperliquid", "gate"]
    assert vendors_of(keyless, "open_interest") == exchanges
    keyed = keyless.with_environment(vendors="live", coinalyze_api_key=SecretStr("mine"))
    assert vendors_of(keyed, "open_interest") == ["coinalyze"]
    assert vendors_of(keyless, "signals") == []
