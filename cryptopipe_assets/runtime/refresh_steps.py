"""The steps of a refresh, run in a process of their own so that they can be ended in time.

The process that starts it imports this file too, and has no time to wait for Dagster.
"""

import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import CryptopipeError
from cryptopipe_assets.operations.refresh_plan import Step, StepOutcome
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS

if TYPE_CHECKING:
    from cryptopipe_assets.runtime.table_run import TableRun


def work(settings: Settings, steps: Sequence[Step], to: Connection) -> None:
    """Run the steps in order and send an outcome at the start and at the end of each.

    A table whose input failed is not run: it would be made from what is old. An input that is
    left out on purpose does not hold it back.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Dagster then notes the end
    with suppress(KeyboardInterrupt):
        _steps(settings, steps, to)
    to.close()


def _steps(settings: Settings, steps: Sequence[Step], to: Connection) -> None:
    from cryptopipe_assets.runtime.table_run import TableRun

    run = TableRun(settings, keep=True)
    broken: set[str] = set()
    for step in steps:
        inputs = [each for each in SERVICE_LEVELS[step.table].inputs if each in broken]
        if inputs:
            broken.add(step.table)
            to.send(StepOutcome(table=step.table, state="skipped", says=f"{inputs[0]} failed"))
            continue
        if step.first is None:
            to.send(StepOutcome(table=step.table, state="unchanged", says=step.reason))
            continue
        to.send(StepOutcome(table=step.table, state="started", says=step.reason))
        outcome = _refreshed(run, step)
        if outcome.state == "failed":
            broken.add(step.table)
        to.send(outcome)


def _refreshed(run: "TableRun", step: Step) -> StepOutcome:
    from dagster import DagsterExecutionInterruptedError, Failure

    from cryptopipe_assets.runtime.table_run import refusal

    started = time.monotonic()
    assert step.first is not None
    try:
        done = run.materialise([step.table], step.first, step.last)
    except DagsterExecutionInterruptedError as exc:
        raise KeyboardInterrupt from exc
    except (CryptopipeError, Failure) as exc:
        seconds = time.monotonic() - started
        says = " ".join((refusal(exc) or str(exc)).split())
        return StepOutcome(table=step.table, state="failed", says=says, seconds=seconds)
    warned = ", ".join(check for _, check in done.warnings)
    return StepOutcome(
        table=step.table,
        state="refreshed",
        says=f"{step.reason}; check to look at: {warned}" if warned else step.reason,
        rows_added=done.rows_added,
        seconds=time.monotonic() - started,
    )
