"""An ephemeral Dagster instance, for runs whose history is not kept.

An in-process run hands its events back in its result. An instance that lives no longer than the
command would store them once more, and so for every table and day twice: six years of replay then
spend most of their time in SQLite. Checks ask for what the run before them reported of its table:
that one event of each table is kept.
"""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg
from dagster._core.instance.types import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage


class DiscardingEventLog(InMemoryEventLogStorage):
    """Takes events and keeps none but the last materialisation of each table."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[dg.AssetKey, dg.EventLogEntry] = {}

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Keep it if it is a materialisation, in the place of the one before."""
        told = event.asset_materialization
        if told is not None:
            self._last[told.asset_key] = event

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Keep the last materialisations among them."""
        for each in events:
            self.store_event(each)

    def get_latest_materialization_events(
        self, asset_keys: Iterable[dg.AssetKey]
    ) -> Mapping[dg.AssetKey, dg.EventLogEntry | None]:
        """Return the last materialisation of each table; null if it was not filled."""
        return {key: self._last.get(key) for key in asset_keys}


def ephemeral_instance() -> dg.DagsterInstance:
    """As ``DagsterInstance.ephemeral()``, without a memory of events."""
    return dg.DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=TemporaryLocalArtifactStorage(),  # type: ignore[no-untyped-call]
        run_storage=InMemoryRunStorage(),
        event_storage=DiscardingEventLog(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=SyncInMemoryRunLauncher(),
    )
