"""What is in the warehouse and how old it is."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy
from rich.table import Table as RichTable

from cryptopipe_assets.commands.console import frame_table, out, plain_table, size
from cryptopipe_assets.contracts import Registry, Table
from cryptopipe_assets.dagster_home import export_dagster_home
from cryptopipe_assets.definitions import contracts, defs, in_order
from cryptopipe_assets.settings import Settings
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.origin import origin_of

COLOURS = {"fresh": "green", "late": "yellow", "empty": "yellow", "stale": "red", "missing": "red"}
EXIT_CODES = {"fresh": 0, "late": 0, "empty": 0, "stale": 2, "missing": 3}


@dataclass(frozen=True, kw_only=True)
class TableStatus:
    """One line of the status.

    Attributes
    ----------
    age_seconds
        Since the newest row became available; for a registry, since it was last looked at.
    freshness
        ``fresh``, ``late`` (three quarters of the allowance are gone), ``stale``, ``missing``, or
        ``empty``: materialised, but nothing qualified; its metadata counts the reasons.
    allowed_seconds
        Age at which the table is stale.
    """

    table: str
    layer: str
    rows: int
    files: int
    bytes: int
    first_ts: str | None
    last_ts: str | None
    age_seconds: float | None
    allowed_seconds: float
    freshness: str


def status(settings: Settings, *, as_json: bool) -> int:
    """Print the status of every table.

    Returns
    -------
    Exit code: 0 if all are fresh or merely late, 2 if one is stale, 3 if one is missing.
    """
    lines = table_statuses(settings, now=datetime.now(UTC))
    if as_json:
        origin = origin_of(settings.warehouse)
        content = {"origin": origin, "tables": [asdict(line) for line in lines]}
        out.print_json(json.dumps(content))
    else:
        _print(settings, lines)
    return max(EXIT_CODES[line.freshness] for line in lines)


def contents(settings: Settings) -> RichTable:
    """A table of what is in the warehouse, without a judgement on its age."""
    rows = [
        {
            "table": line.table,
            "rows": line.rows,
            "files": line.files,
            "size": size(line.bytes),
            "first": _instant(line.first_ts),
            "last": _instant(line.last_ts),
        }
        for line in table_statuses(settings, now=datetime.now(UTC))
    ]
    return frame_table(pl.DataFrame(rows), title="The warehouse")


def table_statuses(settings: Settings, *, now: datetime) -> list[TableStatus]:
    """Status of every table, in the order of the layers."""
    lake = Lake(settings.warehouse)
    windows = _windows()
    return [
        _one(lake, contract, windows[name], now=now, looked_at=_looked_at(settings, contract))
        for name in in_order(defs)
        for contract in (contracts()[name],)
    ]


def _windows() -> dict[str, timedelta]:
    return {
        spec.key.to_user_string(): spec.freshness_policy.fail_window.to_timedelta()
        for spec in defs.resolve_all_asset_specs()
        if isinstance(spec.freshness_policy, TimeWindowFreshnessPolicy)
    }


def _looked_at(settings: Settings, contract: type[Table]) -> datetime | None:
    """When Dagster last filled a registry: its newest row may rightly be months old."""
    if not issubclass(contract, Registry) or not settings.dagster_home.is_dir():
        return None
    export_dagster_home(settings)
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(contract.table_name()))
    return datetime.fromtimestamp(event.timestamp, UTC) if event else None


def _one(
    lake: Lake,
    contract: type[Table],
    allowed: timedelta,
    *,
    now: datetime,
    looked_at: datetime | None,
) -> TableStatus:
    name = contract.table_name()
    registry = issubclass(contract, Registry)
    days = [None] if registry and lake.has(name) else lake.days(name)
    paths = [lake.path(name, day) for day in days]
    rows = pl.scan_parquet(paths, hive_partitioning=False).select(pl.len()) if paths else None
    first = _edge(lake, contract, paths, newest=False)
    last = _edge(lake, contract, paths, newest=True)
    known = looked_at if registry and looked_at else (last[1] if last else None)
    age = (now - known).total_seconds() if known else None
    return TableStatus(
        table=name,
        layer=contract.__module__.split(".")[-2],
        rows=int(rows.collect().item()) if rows is not None else 0,
        files=len(paths),
        bytes=sum(path.stat().st_size for path in paths),
        first_ts=first[0].isoformat() if first else None,
        last_ts=last[0].isoformat() if last else None,
        age_seconds=age,
        allowed_seconds=allowed.total_seconds(),
        freshness=_freshness(age, allowed, has_files=bool(paths)),
    )


def _edge(
    lake: Lake, contract: type[Table], paths: list[Path], *, newest: bool
) -> tuple[datetime, datetime] | None:
    """``ts`` and ``available_at`` at one end of the table; files without rows are passed over."""
    for path in reversed(paths) if newest else paths:
        ends = pl.col("ts", "available_at")
        frame = pl.scan_parquet(path, hive_partitioning=False).select(
            ends.max() if newest else ends.min()
        )
        ts, available_at = frame.collect().row(0)
        if ts is not None:
            return ts, available_at
    return None


def _freshness(age: float | None, allowed: timedelta, *, has_files: bool) -> str:
    if age is None:
        return "empty" if has_files else "missing"
    if age >= allowed.total_seconds():
        return "stale"
    return "late" if age >= 0.75 * allowed.total_seconds() else "fresh"


def _print(settings: Settings, lines: list[TableStatus]) -> None:
    origin = origin_of(settings.warehouse) or "nothing yet"
    out.print(f"[bold]{settings.warehouse}[/]  holds: {origin}\n")
    table = plain_table()
    for name in ("table", "layer"):
        table.add_column(name)
    for name in ("rows", "files", "size", "first ts", "last ts", "age", "fresh within"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state")
    for line in lines:
        table.add_row(
            line.table,
            line.layer,
            f"{line.rows:,}",
            f"{line.files:,}",
            size(line.bytes),
            _instant(line.first_ts),
            _instant(line.last_ts),
            _age(line.age_seconds),
            _age(line.allowed_seconds),
            f"[{COLOURS[line.freshness]}]{line.freshness}[/]",
        )
    out.print(table)
    if all(line.freshness == "missing" for line in lines):
        out.print("\nThe warehouse is empty. Fill it: [bold]cryptopipe demo[/]")


def _instant(text: str | None) -> str:
    return "·" if text is None else text[:16].replace("T", " ")


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "·"
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} d"
