"""The same graph on recorded vendor files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl

from cryptopipe_assets.commands.console import frame_table, out
from cryptopipe_assets.commands.contents import contents
from cryptopipe_assets.commands.run import TableRun
from cryptopipe_assets.definitions import defs, in_order, registries
from cryptopipe_assets.errors import RequestError
from cryptopipe_assets.partitions import require_range
from cryptopipe_assets.sandbox.recorded import RecordedSource
from cryptopipe_assets.settings import PROJECT, Settings

Spans = dict[str, tuple[datetime, datetime]]

NEEDS = {
    "instruments": (),
    "ohlcv_1m": ("ohlcv_1m",),
    "funding_rate": ("funding_rate",),
    "open_interest": ("open_interest of every venue and hour",),
    "market_cap": ("market_cap of every day",),
    "microstructure_1h": ("ohlcv_1m",),
    "factors_1h": ("ohlcv_1m",),
    "leverage_ratios": ("open_interest of every venue and hour",),
    "dilution_metrics": ("market_cap of every day",),
    "data_gaps": ("ohlcv_1m",),
    "signals": ("open_interest of every venue and hour", "market_cap of every day"),
}
"""Recordings without which a table cannot be made. Funding is optional for the features.

Positions and market caps were recorded of some venues, by day and by month: not what the
collectors of these tables ask for, so they are skipped.
"""


@dataclass(frozen=True)
class Skipped:
    """A table that is not replayed, and why."""

    table: str
    reason: str


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
    require_range(first, last, today=datetime.now(UTC).date())
    wanted = _known(tables)
    coverage = RecordedSource(data).coverage()
    skipped = list(_skipped(wanted, coverage, first, last))
    for each in skipped:
        out.print(f"[yellow]skipped[/] {each.table}: {each.reason}")
    if skipped and strict:
        raise RequestError(f"--strict: {skipped[0].table} was skipped: {skipped[0].reason}")
    chosen = [name for name in wanted if name not in {each.table for each in skipped}]
    if all(name in registries() for name in chosen):
        raise RequestError(
            f"nothing to replay from {first} to {last}: nothing of it was recorded in {data}"
        )
    own = settings.with_environment(vendors="recorded", realdata=data)
    _report(coverage)
    run = TableRun(own, keep=own.warehouse == PROJECT / "warehouse")
    out.print(f"\nReplaying {first} to {last} into {own.warehouse}")
    outcome = run.materialise(chosen, first, last)
    out.print(f"\n{outcome.seconds:.1f} s; {outcome.checks} checks")
    for table, check in outcome.warnings:
        out.print(f"  [yellow]warning[/] {table}: {check}")
    out.print()
    out.print(contents(own))
    where = "" if own.warehouse == PROJECT / "warehouse" else f" --warehouse {own.warehouse}"
    out.print(f'\nQuery it: cryptopipe sql{where} "FROM factors_1h LIMIT 5"', soft_wrap=True)


def _known(tables: Sequence[str] | None) -> list[str]:
    """The tables asked for and all that they are made from, in the order of work."""
    every = in_order(defs)
    for name in tables or []:
        if name not in every:
            raise RequestError(f"unknown table {name!r}; known are {', '.join(every)}")
    if tables is None:
        return every
    graph = defs.resolve_asset_graph()
    needed = {dg.AssetKey(name) for name in tables}
    for key in list(needed):
        needed |= graph.get_ancestor_asset_keys(key)
    return [name for name in every if dg.AssetKey(name) in needed]


def _skipped(
    tables: Iterable[str], coverage: dict[str, Spans], first: date, last: date
) -> Iterable[Skipped]:
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    for table in tables:
        for need in NEEDS.get(table, ()):
            spans = coverage.get(need, {})
            if not spans:
                yield Skipped(table, f"no recordings of {need}")
            elif not any(begin < end and until >= start for begin, until in spans.values()):
                begin, until = min(a for a, _ in spans.values()), max(b for _, b in spans.values())
                yield Skipped(
                    table, f"{need} was recorded from {begin:%Y-%m-%d} to {until:%Y-%m-%d} only"
                )


def _report(coverage: dict[str, Spans]) -> None:
    """Say what was recorded before working on it."""
    rows = [
        {
            "recordings of": table,
            "symbols": len(spans),
            "from": f"{min(a for a, _ in spans.values()):%Y-%m-%d}",
            "to": f"{max(b for _, b in spans.values()):%Y-%m-%d}",
        }
        for table, spans in sorted(coverage.items())
        if spans
    ]
    out.print(frame_table(pl.DataFrame(rows)))
