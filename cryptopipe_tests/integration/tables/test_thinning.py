"""What is derived from thinned market caps has the bits that it had before."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.config.settings import RetentionChoice
from cryptopipe_assets.operations.thinning import thin
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_tests.conftest import QUIET

DERIVED = ["leverage_ratios", "dilution_metrics", "signals"]
FIRST, LAST = "2024-07-08", "2024-07-12"
SINCE = datetime(2024, 5, 20, tzinfo=UTC)


def stored(lake) -> pl.DataFrame:
    """All market caps."""
    days = lake.days("market_cap")
    return lake.scan(MarketCap, days[0], days[-1]).collect()


def add_snapshots(lake) -> int:
    """Two more snapshots before each stored one of the last weeks; how many they are."""
    added = 0
    was = stored(lake).filter(pl.col("ts") >= SINCE)
    for hours, factor in ((2, 0.9), (3, 1.1)):
        earlier = was.with_columns(
            pl.col("ts", "available_at", "ingested_at") - timedelta(hours=hours),
            pl.col("market_cap_usd", "circulating_supply") * factor,
        )
        for (day,), part in earlier.group_by(pl.col("ts").dt.date(), maintain_order=True):
            added += lake.upsert(MarketCap, MarketCap.conform(part), day).added
    return added


def test_nothing_is_forgotten_unless_cryptopipe_toml_says_so(filled):
    names = {each.name for each in build(filled.settings).get_repository_def().schedule_defs}
    assert "thin_snapshots" not in names


def test_a_schedule_forgets_old_snapshots_every_day_where_it_does(filled):
    add_snapshots(filled.lake)
    before = stored(filled.lake).height
    asked = {"before": datetime.now(UTC).date() - timedelta(days=30), "look_only": True}
    too_many = sum(each.before - each.after for each in thin(filled.lake, MarketCap, **asked))
    assert too_many > 1000
    settings = filled.settings.with_config(retention=RetentionChoice(market_cap_snapshot_days=30))
    definitions = build(settings, vendors=filled.vendors)
    schedule = definitions.get_repository_def().get_schedule_def("thin_snapshots")
    assert schedule.default_status.value == "RUNNING"
    ran = definitions.resolve_job_def(schedule.job_name).execute_in_process(
        instance=filled.instance, run_config=QUIET
    )
    assert ran.success
    assert stored(filled.lake).height == before - too_many


def derived(platform):
    return {name: it for name, it in platform.files().items() if name.split("/")[0] in DERIVED}


@pytest.mark.nightly
def test_leverage_dilution_and_signals_do_not_notice(filled):
    assert add_snapshots(filled.lake) > 1000
    assert filled.materialise(DERIVED, FIRST, LAST).success
    before = derived(filled)
    last = filled.lake.days("market_cap")[-1] + timedelta(days=1)
    gone = sum(
        t.before - t.after for t in thin(filled.lake, MarketCap, before=last, look_only=False)
    )
    assert gone > 1000
    for name in before:
        (filled.settings.warehouse / name).unlink()
    assert filled.materialise(DERIVED, FIRST, LAST).success
    assert derived(filled) == before
