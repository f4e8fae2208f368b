"""How old a table may be, and what is said of one that is older."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.operations.status.freshness import exit_code, freshness
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS, closure, pull_of

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TIERS = {
    "quick": Tier(every_minutes=15, coins=("BTC",)),
    "slow": Tier(every_minutes=60, coins=("SOL", "XRP")),
}
QUICK, SLOW = {"quick": TIERS["quick"]}, {"slow": TIERS["slow"]}


@pytest.fixture
def settings(tmp_path):
    return (
        load_settings()
        .with_environment(
            vendors="sandbox", warehouse=tmp_path / "warehouse", dagster_home=tmp_path / "home"
        )
        .with_config(tiers=TIERS)
    )


def store(settings, table, rows, day=TODAY):
    """Write rows of (coin, minutes before noon at which the newest became available)."""
    level = SERVICE_LEVELS[table]
    frame = pl.DataFrame(
        {
            "coin": [coin for coin, _ in rows],
            "symbol": [f"{coin}-USDT-PERP" for coin, _ in rows],
            "available_at": [NOON - minutes * MINUTE for _, minutes in rows],
        },
        schema={
            "coin": pl.String,
            "symbol": pl.String,
            "available_at": pl.Datetime("ms", "UTC"),
        },
    ).with_columns(ts=pl.col("available_at") - level.step)
    folder = settings.warehouse / table / (f"date={day}" if level.has_days else "")
    folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(folder / "part-0.parquet")


def store_instruments(settings):
    store(settings, "instruments", [("BTC", 0), ("SOL", 0), ("XRP", 0)])


def lines(settings, table):
    (found,) = [each for each in freshness(settings, now=NOON) if each.table == table]
    return {each.tier: each for each in found.tiers}


def states(settings, table):
    return {tier: each.state for tier, each in lines(settings, table).items()}


def test_the_allowance_of_bars_follows_from_the_tier_that_asks_for_them():
    bars = SERVICE_LEVELS["ohlcv_1m"]
    # A bar of a minute, asked every 15: 16 minutes and five of slack; stale one pull later.
    assert bars.late_after(pull_of("ohlcv_1m", QUICK)) == 21 * MINUTE
    assert bars.stale_after(pull_of("ohlcv_1m", QUICK)) == 36 * MINUTE
    assert bars.stale_after(pull_of("ohlcv_1m", SLOW)) == 126 * MINUTE
    assert pull_of("ohlcv_1m", TIERS) == 15 * MINUTE


def test_hourly_rows_are_not_asked_more_than_hourly_however_quick_the_tier():
    assert pull_of("open_interest", QUICK) == HOUR


def test_a_table_of_days_may_miss_a_day_before_it_is_stale():
    leverage = SERVICE_LEVELS["leverage_ratios"]
    pull = pull_of("leverage_ratios", TIERS)
    assert leverage.stale_after(pull) - leverage.late_after(pull) == DAY


def test_what_a_table_needs_comes_before_it():
    assert closure({"dilution_metrics"}) == ["market_cap", "dilution_metrics"]
    assert closure(set(SERVICE_LEVELS)) == list(SERVICE_LEVELS)


def test_each_tier_is_judged_by_its_own_coins_and_its_own_interval(settings):
    store_instruments(settings)
    store(settings, "ohlcv_1m", [("BTC", 40), ("SOL", 40), ("XRP", 40)])
    assert states(settings, "ohlcv_1m") == {"quick": "stale", "slow": "fresh"}
    store(settings, "ohlcv_1m", [("BTC", 25), ("SOL", 130), ("XRP", 130)])
    assert states(settings, "ohlcv_1m") == {"quick": "late", "slow": "stale"}


def test_a_tier_that_does_not_follow_a_table_is_not_judged_by_it(settings):
    only_bars = Tier(every_minutes=60, tables=("ohlcv_1m",), coins=("SOL",))
    fewer = settings.with_config(tiers={**QUICK, "bars": only_bars})
    assert set(states(fewer, "ohlcv_1m")) == set(states(fewer, "factors_1h")) == {"quick", "bars"}
    assert set(states(fewer, "open_interest")) == {"quick"}
    none = settings.with_config(tiers={"bars": only_bars})
    assert "open_interest" not in {each.table for each in freshness(none, now=NOON)}


def test_a_coin_that_lags_makes_its_tier_late_and_is_named(settings):
    store_instruments(settings)
    store(settings, "ohlcv_1m", [("BTC", 1), ("SOL", 1), ("XRP", 300)])
    slow = lines(settings, "ohlcv_1m")["slow"]
    assert (slow.state, slow.behind) == ("late", ("XRP",))
    assert "XRP" in slow.why


def test_a_tier_whose_coins_were_never_collected_is_missing(settings):
    store_instruments(settings)
    store(settings, "ohlcv_1m", [("BTC", 1)])
    slow = lines(settings, "ohlcv_1m")["slow"]
    assert (slow.state, slow.why) == ("missing", "no rows of SOL, XRP")


def test_a_coin_without_a_row_in_the_file_of_today_is_looked_for_in_the_one_before(settings):
    store_instruments(settings)
    store(settings, "funding_rate", [("BTC", 30)])
    store(settings, "funding_rate", [("SOL", 200), ("XRP", 200)], day=TODAY - DAY)
    assert states(settings, "funding_rate") == {"quick": "fresh", "slow": "fresh"}


def test_a_backfill_of_an_old_day_does_not_make_a_table_fresh(settings):
    store(settings, "leverage_ratios", [("BTC", 5 * 1440)], day=TODAY - 5 * DAY)
    assert states(settings, "leverage_ratios") == {None: "stale"}


def test_an_old_version_in_a_registry_is_no_sign_of_age(settings):
    store(settings, "instruments", [("BTC", 90 * 1440)])
    found = lines(settings, "instruments")[None]
    # Nothing is known of a run, so the file's own age counts: it was written just now.
    assert found.age < HOUR
    assert found.state == "fresh"


def test_no_file_is_missing_and_files_without_rows_are_empty(settings):
    store(settings, "signals", [])
    assert states(settings, "signals") == {None: "empty"}
    assert states(settings, "dilution_metrics") == {None: "missing"}


def test_a_table_that_waits_for_its_inputs_says_for_which(settings):
    found = lines(settings, "dilution_metrics")[None]
    assert found.why == "waits for market_cap"
    assert lines(settings, "instruments")[None].why == "never filled: cryptopipe refresh"


def test_a_table_that_no_strategy_needs_names_the_command_that_fills_it(settings):
    store_instruments(settings)
    for name in ("ohlcv_1m", "funding_rate"):
        store(settings, name, [("BTC", 1), ("SOL", 1), ("XRP", 1)])
    found = lines(settings, "microstructure_1h")["quick"]
    assert found.why == "never filled: cryptopipe refresh --all"


def test_a_file_that_cannot_be_read_is_named(settings):
    store(settings, "leverage_ratios", [("BTC", 60)])
    path = settings.warehouse / "leverage_ratios" / "date=2026-03-10" / "part-0.parquet"
    path.write_bytes(path.read_bytes()[:50])
    found = lines(settings, "leverage_ratios")[None]
    assert found.state == "stale"
    assert str(path) in found.why


@pytest.mark.parametrize(
    ("minutes", "code"), [(60, 0), (27 * 60, 0), (51 * 60, 2)], ids=["fresh", "late", "stale"]
)
def test_the_exit_code_is_that_of_the_worst_table(settings, minutes, code):
    store(settings, "leverage_ratios", [("BTC", minutes)])
    found = [each for each in freshness(settings, now=NOON) if each.table == "leverage_ratios"]
    assert exit_code(found) == code
    assert exit_code(freshness(settings, now=NOON)) == 3  # the others are missing
