"""The same graph on recorded vendor files."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from cryptopipe_assets.cli.console import frame_table, literal, out
from cryptopipe_assets.cli.contents import contents
from cryptopipe_assets.cli.options import Warehouse, day, names, settings_for
from cryptopipe_assets.cli.progress import materialise
from cryptopipe_assets.cli.replayed_rows import report_rows
from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.compat import Compat
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.time import midnight, utcnow
from cryptopipe_assets.operations.request import require_range, with_ancestors
from cryptopipe_assets.runtime.recorded import (
    lists_taken,
    not_replayed,
    recordings,
    rows_of_chosen,
)
from cryptopipe_assets.runtime.resources import vendor_clients
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock, unlimited
from cryptopipe_assets.sandbox.recorded.daily import Spans
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import registries

if TYPE_CHECKING:
    from cryptopipe_assets.runtime.table_run import TableRun

AS_THE_ORIGINALS = Compat(forward_filled_caps=True, latest_caps=True)

NEEDS = {
    "ohlcv_1m": "bars",
    "funding_rate": "funding",
    "open_interest": "open interest",
    "market_cap": "market caps or daily prices",
    "microstructure_1h": "bars",
    "factors_1h": "bars",
    "leverage_ratios": "open interest",
    "dilution_metrics": "market caps or daily prices",
    "data_gaps": "bars",
    "signals": "market caps or daily prices",
}
"""Recordings without which a table cannot be made. Funding is optional for the features.

A table that several vendors could fill is replayed from the first of ``[sources]`` that was
recorded.
"""


@dataclass(frozen=True)
class Skipped:
    """A table that is not replayed, and why."""

    table: str
    reason: str


def command(
    data: Annotated[Path, typer.Option(help="Folder of recorded vendor files (see docs/guides).")],
    start: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option(help="Last day, included.")],
    tables: Annotated[
        str | None, typer.Option(help="Comma-separated tables; with what they are made from.")
    ] = None,
    warehouse: Warehouse = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="A table without recordings is an error.")
    ] = False,
    compat: Annotated[
        bool,
        typer.Option("--compat", help="As the originals computed it (docs/guides/compat.md)."),
    ] = False,
) -> None:
    """Fill the tables from recorded vendor files."""
    settings = settings_for(warehouse)
    if compat:
        settings = settings.with_config(compat=AS_THE_ORIGINALS)
    replay(
        settings,
        data=data.expanduser().resolve(),
        first=day(start, "--start"),
        last=day(end, "--end"),
        tables=names(tables),
        strict=strict,
    )


def replay(
    settings: Settings,
    *,
    data: Path,
    first: date,
    last: date,
    tables: Sequence[str] | None,
    strict: bool,
) -> None:
    """Fill the tables whose recordings exist, from ``first`` to ``last``.

    Raises
    ------
    RequestError
        If the range or a table name is wrong, nothing was recorded for it, or something would be
        skipped although ``strict``.
    """
    from cryptopipe_assets.runtime.table_run import TableRun

    require_range(first, last, start=settings.config.history.start, today=datetime.now(UTC).date())
    wanted = with_ancestors(tables)
    source = recordings(data)
    coverage = recorded_kinds(source)
    for told in [*source.passed_over(), *not_replayed(source, settings.config.sources)]:
        out.print(f"[yellow]passed over:[/] {literal(told)}", soft_wrap=True)
    skipped = list(_skipped(wanted, coverage, first, last))
    if not source.instruments(int(source.clock().timestamp() * 1000)):
        reason = "no contract of an exchange's own was recorded"
        told = {each.table for each in skipped}
        skipped += [
            Skipped(name, reason) for name in wanted if name in registries() and name not in told
        ]
    for each in skipped:
        out.print(f"[yellow]skipped[/] {each.table}: {literal(each.reason)}")
    if skipped and strict:
        raise RequestError(f"--strict: {skipped[0].table} was skipped: {skipped[0].reason}")
    chosen = [name for name in wanted if name not in {each.table for each in skipped}]
    if all(name in registries() for name in chosen):
        raise RequestError(
            f"nothing to replay from {first} to {last}: nothing of it was recorded in {data}"
        )
    # Every file of the range is read once before anything is stored: a damaged one is told of by
    # its name, line and column, and not by a vendor's error of the stand-in that serves it.
    recorded_rows = rows_of_chosen(source, settings.config.sources, first, last)
    own = settings.with_environment(vendors="recorded", realdata=data)
    _report(coverage)
    out.print(f"\nReplaying {first} to {last} into {literal(own.warehouse)}")
    with recorded_world(own) as (clock, vendors):
        run = TableRun(own, keep=own.has_own_warehouse, vendors=vendors)
        if "market_cap" in chosen:
            lists = lists_taken(source, settings.config.sources)
            _captures(run, clock, [at for at in lists if first <= at.date() <= last])
        outcome = materialise(run, chosen, first, last)
    out.print(f"\n{outcome.seconds:.1f} s; {outcome.checks} checks")
    for table, check in outcome.warnings:
        out.print(f"  [yellow]warning[/] {table}: {literal(check)}", soft_wrap=True)
    report_rows(Lake(own.warehouse), recorded_rows, chosen, first=first, last=last)
    out.print()
    out.print(contents(own))
    where = "" if own.has_own_warehouse else f" --warehouse {literal(own.warehouse)}"
    shown = next(name for name in ("factors_1h", "leverage_ratios", chosen[-1]) if name in chosen)
    out.print(f'\nQuery it: cryptopipe sql{where} "FROM {shown} LIMIT 5"', soft_wrap=True)


def _skipped(
    tables: Iterable[str], coverage: dict[str, Spans], first: date, last: date
) -> Iterable[Skipped]:
    start, end = midnight(first), midnight(last) + timedelta(days=1)
    for table in tables:
        if (need := NEEDS.get(table)) is None:
            continue
        spans = coverage.get(need, {}).values()
        if not spans:
            yield Skipped(table, f"no recordings of {need}")
        elif not any(begin < end and until >= start for begin, until in spans):
            begin, until = min(a for a, _ in spans), max(b for _, b in spans)
            yield Skipped(table, f"{need}: recorded from {begin:%Y-%m-%d} to {until:%Y-%m-%d} only")


def recorded_kinds(source: RecordedSource) -> dict[str, Spans]:
    """What was recorded that a collector asks for: kind to name to first and last instant."""
    coverage, daily = source.coverage(), source.daily()
    lists = [midnight(day) + timedelta(days=1) for day in daily.listings]
    lists += [*daily.captures, *daily.markets]
    kinds = {
        "bars": coverage.get("ohlcv_1m", {}),
        "funding": {**coverage.get("funding_rate", {}), **daily.funding},
        "open interest": {**daily.open_interest, **daily.points},
        "market caps or daily prices": {
            **{f"list of {at}": (at, at) for at in lists},
            **daily.prices,
            **daily.charts,
        },
    }
    return {kind: spans for kind, spans in kinds.items() if spans}


@contextmanager
def recorded_world(settings: Settings) -> Iterator[tuple[SimulatedClock, VendorClients]]:
    """A clock that can be set, and clients of a stand-in that shows what was recorded by then.

    A recording is not held to its vendors' request limits.
    """
    clock = SimulatedClock(utcnow())
    source = recordings(settings.environment.realdata).at(clock)
    with Sandbox(source, enforce_limits=False) as standin:
        vendors = replace(
            vendor_clients(settings),
            standin=lambda: standin.url,
            limits=unlimited(settings.config.vendors),
            clock=clock,
        )
        yield clock, vendors


def _captures(run: "TableRun", clock: SimulatedClock, instants: Sequence[datetime]) -> None:
    """Collect lists of the present as they were taken, each at its own time."""
    present = clock()
    for at in instants:
        clock.set(at + timedelta(milliseconds=1))
        run.materialise(["market_cap"], at.date(), at.date())
    clock.set(present)


def _report(coverage: dict[str, Spans]) -> None:
    """Say what was recorded before working on it."""
    rows = [
        {
            "recordings of": table,
            "series": len(spans),
            "from": f"{min(a for a, _ in spans.values()):%Y-%m-%d}",
            "to": f"{max(b for _, b in spans.values()):%Y-%m-%d}",
        }
        for table, spans in sorted(coverage.items())
        if spans
    ]
    out.print(frame_table(pl.DataFrame(rows)))
