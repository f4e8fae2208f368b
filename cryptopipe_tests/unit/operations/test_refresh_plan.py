"""What a refresh decides to do, from how fresh the tables are."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.operations.refresh_plan import holes, needed, plan
from cryptopipe_assets.operations.status.freshness import TableFreshness, TierFreshness
from cryptopipe_assets.operations.status.run_history import LastRun
from cryptopipe_assets.quant.strategies.strategy_set import STRATEGIES, active
from cryptopipe_assets.storage.inventory import Files
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS

TODAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EVERYTHING = needed(active([each.id for each in STRATEGIES]).needs)


def found(**states):
    """Tables in these states, the newest row of each today; ``x=(state, days)`` has it earlier."""
    tables = []
    for name in EVERYTHING:
        said = states.get(name, "fresh")
        state, days = said if isinstance(said, tuple) else (said, 0)
        newest = None if state in {"missing", "empty"} else NOW - days * DAY
        tier = TierFreshness(
            table=name,
            tier=None,
            state=state,
            newest_ts=newest,
            age=days * DAY,
            late_after=DAY,
            stale_after=2 * DAY,
        )
        files = Files(table=name, days=[], paths=[] if state == "missing" else [Path()], bytes=1)
        tables.append(
            TableFreshness(
                table=name,
                level=SERVICE_LEVELS[name],
                files=files,
                last_run=LastRun(),
                tiers=[tier],
            )
        )
    return tables


def due(tables, *, force=False, skip=()):
    steps = plan(tables, EVERYTHING, today=TODAY, force=force, skip=skip)
    return {step.table: step for step in steps if step.is_due}


def test_the_order_is_open_interest_market_cap_leverage_dilution_signals():
    agreed = ["open_interest", "market_cap", "leverage_ratios", "dilution_metrics", "signals"]
    assert [name for name in EVERYTHING if name in agreed] == agreed


@pytest.mark.parametrize(
    ("strategy", "left_out"),
    [
        ("dilution", {"open_interest", "funding_rate", "leverage_ratios"}),
        ("ema_crossover", {"open_interest", "leverage_ratios", "dilution_metrics"}),
        ("leverage_inverted", {"dilution_metrics"}),
    ],
)
def test_only_what_the_active_strategies_need_is_refreshed(strategy, left_out):
    tables = needed(active([strategy]).needs)
    assert left_out.isdisjoint(tables)
    assert {"microstructure_1h", "factors_1h"}.isdisjoint(tables)
    assert tables[-1] == "signals"


def test_the_settings_know_every_strategy():
    assert set(load_settings().config.strategies.active) == {each.id for each in STRATEGIES}


def test_nothing_is_due_when_everything_is_fresh_unless_it_is_forced():
    assert due(found()) == {}
    assert list(due(found(), force=True)) == EVERYTHING


def test_what_is_made_from_a_refreshed_table_is_refreshed_too():
    assert list(due(found(market_cap="stale"))) == [
        "market_cap",
        "leverage_ratios",
        "dilution_metrics",
        "signals",
    ]


def test_a_table_in_which_nothing_qualified_waits_for_its_inputs():
    assert due(found(signals="empty")) == {}
    assert due(found(signals="empty", dilution_metrics="late"))["signals"].reason == (
        "dilution_metrics refreshed"
    )


def test_open_interest_that_is_left_out_does_not_hold_back_what_is_made_from_it():
    steps = due(found(open_interest="stale", market_cap="stale"), skip=["open_interest"])
    assert "open_interest" not in steps
    assert "leverage_ratios" in steps


def test_the_days_begin_where_the_stored_ones_end():
    steps = due(found(funding_rate=("stale", 4)))
    assert (steps["funding_rate"].first, steps["funding_rate"].last) == (date(2026, 3, 6), TODAY)


def test_what_is_derived_is_made_anew_for_all_days_that_came_into_its_inputs():
    steps = due(found(market_cap=("stale", 4)))
    assert steps["leverage_ratios"].first == steps["market_cap"].first == date(2026, 3, 6)
    assert steps["signals"].first == date(2026, 3, 6)


def test_a_table_without_rows_gets_ten_days():
    assert due(found(market_cap="missing"))["market_cap"].first == date(2026, 3, 1)


def test_a_longer_hole_than_a_month_is_left_to_a_backfill():
    tables = found(ohlcv_1m=("stale", 90))
    steps = plan(tables, EVERYTHING, today=TODAY, force=False)
    assert due(tables)["ohlcv_1m"].first == date(2026, 2, 8)
    assert holes(steps, tables) == ["ohlcv_1m"]
