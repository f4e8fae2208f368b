"""Bringing what the active strategies rest on up to date, within a given time."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Annotated

import typer
from rich.text import Text

from cryptopipe_assets.cli.console import NOTHING, err, literal, out, plain_table, printable
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.cli.status_tables import COLOURS as STATE_COLOURS
from cryptopipe_assets.cli.status_tables import span
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.refresh_plan import (
    OPEN_INTEREST,
    Step,
    StepOutcome,
    holes,
    needed,
    plan,
)
from cryptopipe_assets.operations.status.freshness import TableFreshness, exit_code, freshness
from cryptopipe_assets.quant.strategies.strategy_set import active
from cryptopipe_assets.runtime.refresh_steps import work

COLOURS = {
    "refreshed": "green",
    "unchanged": "dim",
    "skipped": "yellow",
    "unfinished": "yellow",
    "failed": "red",
}
GOOD = {"refreshed", "unchanged"}
GRACE_SECONDS = 2.0
"""For a process that is told to end. Twice as much is kept back of the timeout."""


def command(
    check_only: Annotated[
        bool,
        typer.Option("--check-only", help="Change nothing; exit 0 fresh, 2 stale, 3 missing."),
    ] = False,
    skip_oi: Annotated[
        bool, typer.Option("--skip-oi", help="Leave open interest as it is stored.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Refresh what is fresh, too.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Every table, not only what the strategies need.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=10, help="Seconds after which it returns, whatever is unfinished.")
    ] = 300,
    warehouse: Warehouse = None,
) -> None:
    """Bring up to date what the active strategies need. Exit code 0 only if all succeeded."""
    settings = settings_for(warehouse)
    if check_only:
        raise typer.Exit(check(settings, every=every))
    done = refresh(settings, skip_oi=skip_oi, force=force, timeout=timeout, every=every)
    raise typer.Exit(done)


def check(settings: Settings, *, every: bool = False) -> int:
    """Print how old each needed table is, or each of all; changes nothing.

    Returns
    -------
    Exit code: 0 fresh (or merely late), 2 stale, 3 missing.
    """
    found = _tables(settings, every=every)
    table = plain_table()
    for name in ("table", "tier"):
        table.add_column(name)
    for name in ("age", "stale after"):
        table.add_column(name, justify="right")
    table.add_column("state")
    table.add_column("why", overflow="fold")
    for each in found:
        for i, tier in enumerate(each.tiers):
            table.add_row(
                each.table if i == 0 else "",
                literal(tier.tier or NOTHING),
                span(tier.age),
                span(tier.stale_after),
                f"[{STATE_COLOURS[tier.state]}]{tier.state}[/]",
                literal(tier.why),
            )
    out.print(table)
    return exit_code(found)


def refresh(
    settings: Settings, *, skip_oi: bool, force: bool, timeout: float, every: bool = False
) -> int:
    """Refresh what is not fresh, in the order of dependency, and print a line for each table.

    Parameters
    ----------
    every
        Every table, not only those that the active strategies need.

    Returns
    -------
    Exit code: 0 if every step succeeded or had nothing to do; 1 otherwise.
    """
    until = time.monotonic() + timeout
    found = _tables(settings, every=every)
    skip = (OPEN_INTEREST,) if skip_oi else ()
    tables = [each.table for each in found]
    steps = plan(found, tables, today=datetime.now(UTC).date(), force=force, skip=skip)
    out.print(f"Strategies: {', '.join(settings.config.strategies.active)}")
    outcomes = _run(settings, steps, until=until) if any(s.is_due for s in steps) else {}
    summary = [outcomes.get(step.table, _not_begun(step)) for step in steps]
    _print_summary(steps, summary)
    _print_advice(summary, holes(steps, found), timeout)
    return 0 if all(each.state in GOOD for each in summary) else 1


def _tables(settings: Settings, *, every: bool) -> list[TableFreshness]:
    """How fresh the tables are that the active strategies rest on, each after its inputs."""
    wanted = needed(active(settings.config.strategies.active).needs)
    found = freshness(settings, now=datetime.now(UTC))
    return [each for each in found if every or each.table in wanted]


def _run(settings: Settings, steps: Sequence[Step], *, until: float) -> dict[str, StepOutcome]:
    """Let a process of its own do the steps; when time is up it is ended.

    Every file is replaced whole or not at all, so ending it loses nothing that was stored.
    """
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    worker = context.Process(target=work, args=(settings, steps, send), daemon=True)
    outcomes: dict[str, StepOutcome] = {}
    with err.status("starting") as spinner:
        worker.start()
        send.close()
        for outcome in _received(receive, until - 2 * GRACE_SECONDS):
            outcomes[outcome.table] = outcome
            if outcome.state == "started":
                spinner.update(f"{outcome.table}: {outcome.says}")
            elif outcome.state != "unchanged":
                err.print(f"{outcome.table:<18} [{COLOURS[outcome.state]}]{outcome.state}[/]")
    _end(worker)
    return {name: _final(each, until) for name, each in outcomes.items()}


def _received(receive: Connection, until: float) -> Iterator[StepOutcome]:
    """Outcomes as they come, until the worker ends or time is up."""
    while (left := until - time.monotonic()) > 0 and receive.poll(left):
        try:
            yield receive.recv()
        except EOFError:
            return


def _end(worker: BaseProcess) -> None:
    """Interrupt the worker, so that Dagster notes it; one that does not listen is killed."""
    worker.join(GRACE_SECONDS / 4)
    if worker.is_alive():
        worker.terminate()
        worker.join(GRACE_SECONDS)
    if worker.is_alive():
        worker.kill()
        worker.join()


def _final(outcome: StepOutcome, until: float) -> StepOutcome:
    """What a step came to that said nothing after its beginning."""
    if outcome.state != "started":
        return outcome
    if time.monotonic() >= until - 2 * GRACE_SECONDS:
        return replace(outcome, state="unfinished", says=f"{outcome.says}; still at it")
    return replace(outcome, state="failed", says="the process ended without a word; see above")


def _not_begun(step: Step) -> StepOutcome:
    if step.is_due:
        return StepOutcome(table=step.table, state="unfinished", says="not begun")
    return StepOutcome(table=step.table, state="unchanged", says=step.reason)


def _print_summary(steps: Sequence[Step], summary: Sequence[StepOutcome]) -> None:
    table = plain_table()
    for name in ("step", "days", "result"):
        table.add_column(name, no_wrap=True)
    for name in ("rows added", "took"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for step, each in zip(steps, summary, strict=True):
        ran = each.state in {"refreshed", "failed"}
        table.add_row(
            each.table,
            f"{step.first} to {step.last}" if step.first else "",
            f"[{COLOURS[each.state]}]{each.state}[/]",
            f"{each.rows_added:,}" if each.state == "refreshed" else "",
            f"{each.seconds:.1f} s" if ran else "",
            Text(printable(each.says)),
        )
    out.print(table)


def _print_advice(
    summary: Sequence[StepOutcome], incomplete: Sequence[str], timeout: float
) -> None:
    unfinished = [each.table for each in summary if each.state == "unfinished"]
    if unfinished:
        out.print(
            f"Time was up after {timeout:g} s; unfinished: {', '.join(unfinished)}. What was "
            f"stored before is as it was. Run again, or give it longer: "
            f"cryptopipe refresh --timeout {2 * timeout:g}"
        )
    if any(each.state == "failed" for each in summary):
        out.print("What was stored before is as it was; see `cryptopipe doctor` and run again")
    if incomplete:
        out.print(
            f"Older days are missing of {', '.join(incomplete)}: cryptopipe backfill --tables "
            f"{','.join(incomplete)} --start DAY --end DAY"
        )
