"""A coin that joins the universe gets its partition and its past."""

import dagster as dg
import polars as pl
import pytest

from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.defs.partitions import SYMBOLS
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.resources import universe
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_tests.conftest import QUIET

FOLLOWED = ["1000PEPE-USDT-PERP", "BTC-USDT-PERP", "DOGE-USDT-PERP"]


@pytest.fixture
def listed(platform, tmp_path):
    """The platform with its registry, and an instance on disk as a daemon has."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as platform.instance:
        assert platform.materialise(["instruments"], "2026-03-09").success
        yield platform


def tick(platform, *, cursor: str | None = None) -> dg.SensorResult:
    """One evaluation of the sensor of the real definitions; its requests are carried out."""
    definitions = build(platform.settings, vendors=platform.vendors)
    sensor = definitions.get_repository_def().get_sensor_def("new_symbols")
    with dg.build_sensor_context(
        instance=platform.instance,
        instance_ref=platform.instance.get_ref() if platform.instance.is_persistent else None,
        cursor=cursor,
        definitions=definitions,
        resources={name: definitions.resources[name] for name in ("warehouse", "universe")},
    ) as context:
        result = sensor.evaluate_tick(context)
    for request in result.dynamic_partitions_requests or []:
        platform.instance.add_dynamic_partitions(str(SYMBOLS.name), request.partition_keys)
    return result


def asked(result) -> list[str]:
    return [request.partition_key for request in result.run_requests or []]


def test_every_contract_of_the_universe_gets_a_partition_and_one_run(listed):
    first = tick(listed)
    assert asked(first) == FOLLOWED
    assert sorted(listed.instance.get_dynamic_partitions("symbols")) == FOLLOWED
    assert {request.tags["dagster/priority"] for request in first.run_requests} == {"-10"}
    assert len({request.run_key for request in first.run_requests}) == 3
    again = tick(listed, cursor=first.cursor)
    assert asked(again) == []
    assert not again.dynamic_partitions_requests


def test_a_coin_that_joins_is_the_only_one_that_is_asked_for(listed):
    before = tick(listed)
    listed.settings = listed.settings.with_config(
        tiers={"all": Tier(every_minutes=60, coins=("BTC", "DOGE", "PEPE", "LINK"))}
    )
    assert asked(tick(listed, cursor=before.cursor)) == ["LINK-USDT-PERP"]


def test_a_contract_that_is_listed_anew_is_fetched_again_under_another_run_key(listed):
    before = tick(listed)
    path = listed.lake.path("instruments")
    rows = pl.read_parquet(path)
    relisted = rows.filter(symbol="DOGE-USDT-PERP").with_columns(
        pl.col("ts", "available_at", "ingested_at").dt.offset_by("1h"),
        listed_at=pl.col("listed_at").dt.offset_by("365d"),
    )
    listed.lake.upsert(Instruments, relisted)
    after = tick(listed, cursor=before.cursor)
    assert asked(after) == ["DOGE-USDT-PERP"]
    assert after.run_requests[0].run_key not in {each.run_key for each in before.run_requests}


def test_an_empty_registry_says_what_to_do(platform):
    skipped = tick(platform)
    assert not skipped.run_requests
    assert "materialise instruments" in skipped.skip_message


def test_what_the_sensor_asks_for_can_be_run(listed):
    listed.settings = listed.settings.with_config(
        tiers={"all": Tier(every_minutes=60, coins=("HYPE",))}
    )
    request = tick(listed).run_requests[0]
    definitions = build(listed.settings, vendors=listed.vendors)
    assert universe(listed.settings).tiers == {"all": ("HYPE",)}
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=listed.instance,
        asset_selection=[dg.AssetKey("symbol_history")],
        partition_key=request.partition_key,
        run_config=QUIET,
    )
    assert result.success
    key = dg.AssetKey("symbol_history")
    assert listed.instance.get_materialized_partitions(key) == {"HYPE-USDT-PERP"}


def test_it_runs_from_the_start_only_where_real_vendors_are_asked(settings):
    live = (
        build(settings.with_environment(vendors="live"))
        .get_repository_def()
        .get_sensor_def("new_symbols")
    )
    assert live.default_status is dg.DefaultSensorStatus.RUNNING
    own = build(settings).get_repository_def().get_sensor_def("new_symbols")
    assert own.default_status is dg.DefaultSensorStatus.STOPPED
