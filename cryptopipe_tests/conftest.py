"""Fixtures that every suite may use.

What is heavy is imported where it is used: the process of pytest-xdist that only hands out tests
reads this file too, and everything waits for it.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cryptopipe_tests.places import ROOT

if TYPE_CHECKING:
    import dagster as dg
    import polars as pl

    from cryptopipe_assets.collect.clients import VendorClients
    from cryptopipe_assets.config.settings import Settings
    from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
    from cryptopipe_assets.sandbox.faults.plan import FaultPlan
    from cryptopipe_assets.sandbox.server import Sandbox
    from cryptopipe_assets.storage.lake import Lake

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
ONLY_WHEN_ASKED_FOR = ("live", "nightly")
NOW = datetime(2026, 3, 10, 9, 30, 20, tzinfo=UTC)
"""The present of the stand-in where a test needs it to stand still: a Tuesday morning."""


def pytest_configure(config: pytest.Config) -> None:
    """Load every asset before warnings are errors, in the processes that run tests."""
    only_hands_out = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if only_hands_out:
        return
    import hypothesis

    import cryptopipe_assets.definitions  # noqa: F401

    _read_migrations_once()

    # The same examples in every run: a law that fails, fails for everyone.
    hypothesis.settings.register_profile(
        "cryptopipe", derandomize=True, database=None, deadline=None
    )
    hypothesis.settings.load_profile("cryptopipe")


def _read_migrations_once() -> None:
    """Dagster reads its scripts of migration for each instance, 0.08 s; they are the same ones."""
    from alembic.script import ScriptDirectory

    read, known = ScriptDirectory.from_config, dict[str | None, ScriptDirectory]()

    def once(config: Any) -> ScriptDirectory:
        folder = config.get_main_option("script_location")
        if folder not in known:
            known[folder] = read(config)
        return known[folder]

    ScriptDirectory.from_config = once  # type: ignore[method-assign]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what was imported out of the collections of garbage: it is a million objects."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the end of the process collect it: a library says so where it cannot."""
    gc.unfreeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of these markers unless somebody asks for one of them."""
    for marker in ONLY_WHEN_ASKED_FOR:
        asked = (config.option.markexpr or "").replace(f"not {marker}", "")
        left_out = {each for each in items if each.get_closest_marker(marker)}
        if left_out and marker not in asked:
            config.hook.pytest_deselected(items=list(left_out))
            items[:] = [each for each in items if each not in left_out]


@pytest.fixture(autouse=True)
def no_instance_of_another_test() -> Iterator[None]:
    """A context of Dagster's that is not closed leaves its instance to whatever comes next."""
    from dagster._core.storage.defs_state.base import _current_storage

    yield
    _current_storage.set(None)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of recorded vendor data, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("CRYPTOPIPE_REALDATA", ROOT.parent / "shared" / "data"))
    if not (folder / "binance").is_dir():
        pytest.skip(f"no recorded vendor data at {folder}; set CRYPTOPIPE_REALDATA to its folder")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of three coins that write below the test's own folder."""
    return settings_in(tmp_path)


def settings_in(folder: Path) -> Settings:
    """Settings of three coins that write below the folder."""
    from cryptopipe_assets.config.settings import load_settings
    from cryptopipe_assets.config.tiers import Tier

    return (
        load_settings()
        .with_environment(
            vendors="sandbox",
            warehouse=folder / "warehouse",
            dagster_home=folder / "dagster_home",
        )
        .with_config(tiers={"all": Tier(every_minutes=60, coins=("BTC", "DOGE", "PEPE"))})
    )


@dataclass
class Platform:
    """The whole graph over one warehouse and one stand-in, for tests that materialise."""

    settings: Settings
    sandbox: Sandbox
    instance: dg.DagsterInstance
    clock: SimulatedClock

    @property
    def now(self) -> datetime:
        """The present at the stand-in; it stands still until a test moves it."""
        return self.clock()

    @now.setter
    def now(self, instant: datetime) -> None:
        self.clock.set(instant)

    @property
    def lake(self) -> Lake:
        from cryptopipe_assets.storage.lake import Lake

        return Lake(self.settings.warehouse)

    @property
    def vendors(self) -> VendorClients:
        from cryptopipe_assets.collect.clients import VendorClients

        limits = self.settings.config.vendors
        hasty = {"attempts": 2, "timeout_seconds": 5.0}
        return VendorClients(
            limits=limits.model_copy(
                update={name: each.model_copy(update=hasty) for name, each in limits}
            ),
            missing_instrument="fail",
            standin=lambda: self.sandbox.url,
            state_folder=None,
            clock=self.clock,
        )

    def materialise(
        self,
        tables: Sequence[str],
        first: str,
        last: str | None = None,
        *,
        run_config: Mapping[str, Any] | None = None,
        **replaced: Any,
    ) -> dg.ExecuteInProcessResult:
        """Run the tables over the days through Dagster; a failure is in the result."""
        import dagster as dg

        from cryptopipe_assets.defs.partitions import range_tags
        from cryptopipe_assets.runtime.assembly import build

        definitions = build(self.settings, **{"vendors": self.vendors, **replaced})
        days = date.fromisoformat(first), date.fromisoformat(last or first)
        return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(name) for name in tables],
            tags=range_tags(*days),
            run_config={**QUIET, **(run_config or {})},
            raise_on_error=False,
        )

    def read(self, table: str, first: str, last: str | None = None) -> pl.DataFrame:
        """Rows of the days."""
        from cryptopipe_assets.tables.catalog import contracts

        days = date.fromisoformat(first), date.fromisoformat(last or first)
        return self.lake.scan(contracts()[table], *days).collect()

    def files(self) -> dict[str, bytes]:
        """Every table's files by their path in the warehouse; what scans remember is no table."""
        root = self.settings.warehouse
        found = {str(path.relative_to(root)): path for path in root.rglob("*.parquet")}
        return {n: path.read_bytes() for n, path in found.items() if not n.startswith(".scans/")}


@pytest.fixture
def faults() -> FaultPlan:
    """What goes wrong at the stand-in; none unless a test replaces it."""
    from cryptopipe_assets.sandbox.faults.plan import FaultPlan

    return FaultPlan()


@pytest.fixture
def platform(settings: Settings, faults: FaultPlan) -> Iterator[Platform]:
    """A graph whose stand-in says that it is always the same Tuesday morning."""
    with platform_of(settings, faults) as platform:
        yield platform


@contextmanager
def platform_of(settings: Settings, faults: FaultPlan | None = None) -> Iterator[Platform]:
    """A graph for these settings beside a stand-in of its own."""
    import dagster as dg

    from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
    from cryptopipe_assets.sandbox.faults.plan import FaultPlan
    from cryptopipe_assets.sandbox.server import Sandbox
    from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

    clock = SimulatedClock(NOW)
    source = SimulatedSource(settings.config.sandbox.seed, clock=clock)
    with (
        Sandbox(source, faults=faults or FaultPlan()) as sandbox,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield Platform(settings, sandbox, instance, clock)
