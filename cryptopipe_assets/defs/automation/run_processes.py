"""Whether the process of a run still lives: it holds a lock as long as it does.

A process id says less: another process may have it by now, and in a container it is the first one
that the next container gives. The kernel lets go of the lock however the process ends.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor
from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from dagster import DagsterEvent
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan

FOLDER = ".running"
SETTLED_SECONDS = 5.0
"""A file that is younger may belong to a process that is about to lock it."""

_until_the_process_ends: list[FileLock] = []


@contextmanager
def running(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the lock of a run while the block lasts, which notes the run's end."""
    if instance.is_ephemeral:
        yield
        return
    lock = _lock(instance, run_id)
    try:
        with lock:
            yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)


def is_alive(instance: dg.DagsterInstance, run_id: str) -> bool | None:
    """Whether a process holds the lock of a run; null if none ever took it."""
    lock = _lock(instance, run_id)
    try:
        age = time.time() - Path(lock.lock_file).stat().st_mtime
    except FileNotFoundError:
        return None
    return abs(age) < SETTLED_SECONDS or not _is_free(lock)


def forget(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete the file of a run that has ended, unless its process is still about."""
    lock = _lock(instance, run_id)
    if _is_free(lock):
        Path(lock.lock_file).unlink(missing_ok=True)


def noted(instance: dg.DagsterInstance) -> list[str]:
    """The runs that have a file."""
    return sorted(path.stem for path in _folder(instance).glob("*.lock"))


class _Marked(InProcessExecutor):
    """Steps in the run's own process, which first takes the lock of the run."""

    def execute(
        self, plan_context: "PlanOrchestrationContext", execution_plan: "ExecutionPlan"
    ) -> "Iterator[DagsterEvent]":
        """Run the steps. The lock is not let go of: the run's end is noted after them."""
        if not plan_context.instance.is_ephemeral:
            lock = _lock(plan_context.instance, plan_context.run_id)
            lock.acquire()
            _until_the_process_ends.append(lock)
        yield from super().execute(plan_context, execution_plan)


@dg.executor(name="in_process")
def marked_executor(_: dg.InitExecutorContext) -> InProcessExecutor:
    """Dagster's executor of steps in one process, and a lock that says that it lives."""
    return _Marked(retries=RetryMode.ENABLED)


def _is_free(lock: FileLock) -> bool:
    try:
        with lock.acquire(timeout=0):
            return True
    except Timeout:
        return False


def _lock(instance: dg.DagsterInstance, run_id: str) -> FileLock:
    folder = _folder(instance)
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{run_id}.lock")


def _folder(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / FOLDER
