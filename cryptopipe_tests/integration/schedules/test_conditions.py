"""A new market cap on the real definitions: which run the daemon asks for, and what it changes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import dagster as dg
import polars as pl
from dagster._core.definitions.automation_tick_evaluation_context import build_run_requests

from cryptopipe_assets.runtime.assembly import build
from cryptopipe_tests.integration.conftest import NOON

COLLECTED = ["open_interest", "market_cap", "funding_rate", "ohlcv_1m"]
DERIVED = ["leverage_ratios", "dilution_metrics", "signals"]
BEFORE, YESTERDAY, TODAY = "2024-07-11", "2024-07-12", "2024-07-13"
COIN = "C008"


def runs_asked_for(platform, at: datetime, cursor=None) -> tuple[Sequence[dg.RunRequest], object]:
    """Run requests for the three tables, of one evaluation."""
    definitions = build(platform.settings)
    result = dg.evaluate_automation_conditions(
        definitions,
        platform.instance,
        asset_selection=dg.AssetSelection.all(),
        evaluation_time=at,
        cursor=cursor,
    )
    subsets = [each.true_subset for each in result.results]
    graph = definitions.resolve_asset_graph()
    asked = build_run_requests(subsets, graph, run_tags=None, emit_backfills=False)
    return [run for run in asked if selected(run) & set(DERIVED)], result.cursor


def selected(run: dg.RunRequest) -> set[str]:
    return {key.to_user_string() for key in run.asset_selection or ()}


def values(platform) -> dict[str, float]:
    """What the three tables say of the coin on the ended day."""

    def of(table: str, column: str, **where: str) -> float:
        return platform.read(table, YESTERDAY).filter(coin=COIN, **where)[column].item()

    return {
        "leverage_ratios": of("leverage_ratios", "oi_to_market_cap"),
        "dilution_metrics": of("dilution_metrics", "market_cap_usd"),
        "signals": of("signals", "score", strategy="leverage_inverted"),
    }


def test_it_goes_through_leverage_dilution_and_signals_in_one_run(filled):
    for table in [*COLLECTED, *DERIVED]:
        for day in (YESTERDAY, TODAY):
            event = dg.AssetMaterialization(table, partition=day)
            filled.instance.report_runless_asset_event(event)
    assert filled.materialise(DERIVED, YESTERDAY, TODAY).success
    before = values(filled)
    _, cursor = runs_asked_for(filled, NOON)

    path = filled.lake.path("market_cap", NOON.date())
    dearer = pl.when(pl.col("coin") == COIN).then(64.0).otherwise(1.0)
    rows = pl.read_parquet(path)
    rows.with_columns(pl.col("market_cap_usd") * dearer).write_parquet(path)
    # Closing asks for yesterday and today together; the last close of yesterday is today's first.
    for day in (YESTERDAY, TODAY):
        event = dg.AssetMaterialization("market_cap", partition=day)
        filled.instance.report_runless_asset_event(event)

    asked, _ = runs_asked_for(filled, NOON + timedelta(minutes=5), cursor)
    assert [run.partition_key for run in asked] == [BEFORE, YESTERDAY, TODAY]
    for run in asked:
        assert selected(run) == set(DERIVED)
    job = build(filled.settings).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        instance=filled.instance,
        asset_selection=list(asked[1].asset_selection),
        tags=dict(asked[1].tags),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    assert result.success
    after = values(filled)
    assert after["leverage_ratios"] == before["leverage_ratios"] / 64
    assert after["dilution_metrics"] == before["dilution_metrics"] * 64
    assert after["signals"] > before["signals"], "less leverage, so more of a long"
