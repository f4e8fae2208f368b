"""Days made once more from raw evidence: the same bits, without asking anybody."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.cli.rebuild import rebuild
from cryptopipe_assets.collect.raw_archive.store import Archive
from cryptopipe_assets.config.settings import Collect, Settings, load_settings
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.core.errors import (
    ArchiveIncomplete,
    CorruptFile,
    RequestError,
    ShrinkRefused,
)
from cryptopipe_assets.defs.partitions import range_tags
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.rebuild import rebuilt
from cryptopipe_assets.runtime.resources import recorders
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests.conftest import NOW, QUIET, Platform

DAY = date(2026, 3, 10)
TABLES = ("ohlcv_1m", "funding_rate", "open_interest", "market_cap")
ROUNDS = [
    # when, first day, last day, and whose coins
    ("2026-03-10T22:15:20", "2026-03-10", "2026-03-10", {"cryptopipe/tier": "fast"}),
    ("2026-03-11T00:02:20", "2026-03-10", "2026-03-11", {"cryptopipe/tier": "fast"}),
    ("2026-03-11T01:00:20", "2026-03-09", "2026-03-11", {}),
    ("2026-03-12T01:00:20", "2026-03-10", "2026-03-12", {}),
]
CANARY = "canary-of-the-evidence-0123456789"


TIERS = {
    "fast": Tier(every_minutes=15, coins=("BTC",)),
    "slow": Tier(every_minutes=60, coins=("DOGE",)),
}


def keeping(settings: Settings) -> Settings:
    """Settings of two coins that keep evidence."""
    return settings.with_config(collect=Collect(archive_raw=True), tiers=TIERS)


def collect(platform: Platform, vendors, rounds=ROUNDS, tables=TABLES) -> None:
    """Let the rounds take place."""
    for when, first, last, tags in rounds:
        platform.now = datetime.fromisoformat(when).replace(tzinfo=UTC)
        job = build(platform.settings, vendors=vendors).resolve_implicit_global_asset_job_def()
        job.execute_in_process(
            instance=platform.instance,
            asset_selection=[dg.AssetKey(name) for name in ("instruments", *tables)],
            tags={**range_tags(date.fromisoformat(first), date.fromisoformat(last)), **tags},
            run_config=QUIET,
        )


def ticking(clock: SimulatedClock) -> Callable[[], datetime]:
    """A clock that goes on by 7 ms whenever somebody looks: no two instants are the same."""
    looks = count()
    return lambda: clock() + timedelta(milliseconds=7 * (next(looks) % 500))


@pytest.fixture(scope="module")
def two_days(tmp_path_factory) -> Settings:
    """All collected tables, in rounds of two tiers and two closings. The stand-in is gone again."""
    home = tmp_path_factory.mktemp("evidence")
    settings = keeping(load_settings().with_environment(vendors="sandbox", warehouse=home))
    clock = SimulatedClock(NOW)
    with (
        Sandbox(SimulatedSource(clock=clock)) as sandbox,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        platform = Platform(settings, sandbox, instance, clock)
        vendors = replace(platform.vendors, raw_archive=recorders(settings), clock=ticking(clock))
        collect(platform, vendors)
    return settings


@pytest.fixture
def collected(two_days, tmp_path) -> Settings:
    """A copy of it that a test may harm."""
    shutil.copytree(two_days.warehouse, tmp_path / "warehouse", copy_function=shutil.copy2)
    return two_days.with_environment(warehouse=tmp_path / "warehouse")


def part(settings: Settings, table: str, day: date = DAY) -> Path:
    return Lake(settings.warehouse).path(table, day)


def test_every_table_comes_out_bit_by_bit_without_asking_anybody(collected):
    for table in TABLES:
        found = rebuilt(collected, contracts()[table], DAY)
        assert found.rows > 0, table
        assert found.manifests == len(ROUNDS), table
        assert found.is_identical, table


def test_a_day_that_was_lost_is_written_again_with_its_superseded_rows(collected, capsys):
    path = part(collected, "market_cap")
    before, revisions = path.read_bytes(), part(collected, "market_cap_revisions")
    superseded = revisions.read_bytes() if revisions.is_file() else None
    path.unlink()
    revisions.unlink(missing_ok=True)
    asked = {"table": "market_cap", "day": DAY}
    assert rebuild(collected, **asked, write=False) == 1
    assert "there is no stored file" in " ".join(capsys.readouterr().out.split())
    assert not path.exists()
    assert rebuild(collected, **asked, write=True) == 0
    assert path.read_bytes() == before
    assert (revisions.read_bytes() if revisions.is_file() else None) == superseded
    assert rebuild(collected, **asked, write=False) == 0


def test_a_file_that_says_something_else_is_told_apart_and_never_loses_rows(collected, capsys):
    path = part(collected, "ohlcv_1m")
    rows = pl.read_parquet(path, hive_partitioning=False)
    changed = pl.when(pl.row_index() == 7).then(pl.col("close") * 1.0001).otherwise("close")
    rows[10:].with_columns(changed.alias("close")).write_parquet(path)
    assert rebuild(collected, table="ohlcv_1m", day=DAY, write=False) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "0 keys are missing, 10 are new, 1 have other values" in said
    more = rows.with_columns(symbol=pl.lit("ZZZ-USDT-PERP"))
    pl.concat([rows, more]).write_parquet(path)
    with pytest.raises(ShrinkRefused, match="kept it"):
        rebuild(collected, table="ohlcv_1m", day=DAY, write=True)


def test_an_answer_that_was_damaged_or_removed_is_named(collected):
    archive = Archive(collected.warehouse)
    (manifest, *_) = archive.of_day("funding_rate", DAY)
    body = next(each.body for each in manifest.responses if "fundingRate" in each.request)
    path = archive.folder / "blobs" / body[:2] / f"{body}.zst"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(CorruptFile, match=f"{body}.zst: wrong checksum"):
        rebuilt(collected, contracts()["funding_rate"], DAY)
    path.unlink()
    with pytest.raises(ArchiveIncomplete, match=r"is missing from the raw archive: .*raw_days"):
        rebuilt(collected, contracts()["funding_rate"], DAY)


def test_a_day_that_began_before_evidence_was_kept_is_not_made_up(platform):
    platform.settings = keeping(platform.settings)
    recording = replace(platform.vendors, raw_archive=recorders(platform.settings))
    collect(platform, platform.vendors, ROUNDS[:1], ["ohlcv_1m"])
    assert not (platform.settings.warehouse / ".raw").exists()
    with pytest.raises(ArchiveIncomplete, match="no run that wrote it"):
        rebuilt(platform.settings, contracts()["ohlcv_1m"], DAY)
    collect(platform, recording, ROUNDS[1:2], ["ohlcv_1m"])
    with pytest.raises(ArchiveIncomplete, match="the raw archive was off then"):
        rebuilt(platform.settings, contracts()["ohlcv_1m"], DAY)


@pytest.mark.parametrize("table", ["instruments", "factors_1h", "ohlcv"])
def test_what_vendors_do_not_fill_by_day_cannot_be_rebuilt(settings, table):
    with pytest.raises(RequestError, match=f"no collected table {table} with days; there are fund"):
        rebuild(settings, table=table, day=DAY, write=False)


def test_evidence_is_forgotten_when_it_is_old_and_what_others_name_stays(collected):
    archive = Archive(collected.warehouse)
    before = len(list(archive.manifests()))
    later = datetime.now(UTC) + timedelta(days=2)
    assert archive.forget(now=later, keep=later - datetime(2026, 3, 11, tzinfo=UTC)) > 0
    left = list(archive.manifests())
    assert 0 < len(left) < before
    assert min(each.at for each in left).date() == date(2026, 3, 11)
    for name in {name for each in left for name in each.blobs}:
        archive.blobs.get(name)
    held = {path.stem for path in (archive.folder / "blobs").glob("*/*.zst")}
    assert held == {name for each in left for name in each.blobs}


class TestFailures:
    """A source that fails is told again as it was."""

    @pytest.fixture
    def faults(self) -> FaultPlan:
        return FaultPlan([Fault(match="/v1/cryptocurrency/", kind="status", value=503)])

    def test_the_next_source_answers_again_and_no_key_is_kept(self, platform):
        platform.settings = keeping(platform.settings).with_environment(
            vendors="live", cmc_api_key=SecretStr(CANARY)
        )
        vendors = replace(
            platform.vendors,
            keys=platform.settings.keys,
            raw_archive=recorders(platform.settings),
        )
        collect(platform, vendors, ROUNDS[:1], ["market_cap"])
        assert set(platform.read("market_cap", "2026-03-10")["source"]) == {"coingecko"}
        assert rebuilt(platform.settings, contracts()["market_cap"], DAY).is_identical
        files = [path for path in platform.settings.warehouse.rglob("*") if path.is_file()]
        assert any(".raw" in path.parts for path in files)
        assert not any(CANARY.encode() in path.read_bytes() for path in files)
        archive = Archive(platform.settings.warehouse)
        for manifest in archive.manifests():
            for name in manifest.blobs:
                assert CANARY.encode() not in archive.blobs.get(name)


class TestKeys:
    """A key decides who is asked, and is nowhere in what is kept."""

    def test_a_day_asked_with_a_key_of_coingecko_is_rebuilt_without_it(self, platform):
        key = SecretStr(f"CG-{CANARY}")  # begins as CoinGecko's keys do, and only then is used
        platform.settings = keeping(platform.settings).with_environment(
            vendors="live", coingecko_api_key=key
        )
        vendors = replace(
            platform.vendors,
            keys=platform.settings.keys,
            raw_archive=recorders(platform.settings),
        )
        collect(platform, vendors, ROUNDS[:1], ["market_cap"])
        assert rebuilt(platform.settings, contracts()["market_cap"], DAY).is_identical
        archive = Archive(platform.settings.warehouse)
        (manifest,) = archive.manifests("market_cap")
        assert any("calls-none" not in each.request for each in manifest.responses)  # it was used
