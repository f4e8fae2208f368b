"""An ephemeral Dagster instance, for runs whose history is not kept.

An in-process run hands its events back in its result. An instance that lives no longer than the
command would store them once more, and so for every table and day twice: six years of replay then
spend most of their time in SQLite.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster._core.instance.types import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage


class DiscardingEventLog(InMemoryEventLogStorage):
    """Takes events and keeps none."""

    def store_event(self, event: Any) -> None:
        """Let it pass."""

    def store_event_batch(self, events: Sequence[Any]) -> None:
        """Let them pass."""


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
