"""What blocks requests to a vendor now: a ban, a used-up quota, an open circuit; and which tables.

Read from the state folder, which every process that sends requests shares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.budget.remaining import left_for, vendors_of
from cryptopipe_assets.operations.status.freshness import TableFreshness

if TYPE_CHECKING:
    from cryptopipe_assets.vendors.calls_left import CallsLeft
    from cryptopipe_assets.vendors.http.ban import ActiveBan


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """What blocks requests to a vendor.

    Attributes
    ----------
    kind
        ``circuit``, ``ban`` or ``quota``.
    tables
        The only ones that request what is closed; empty if all that use the vendor are blocked.
    until
        When requests may be sent again, UTC; null if a probe is due.
    """

    vendor: str
    kind: str
    why: str
    until: datetime | None
    tables: frozenset[str] = frozenset()

    def concerns(self, table: str, vendors: Sequence[str]) -> bool:
        """Whether a table that is collected from ``vendors`` is blocked."""
        asks = any(self.vendor == each or self.vendor.startswith(f"{each}-") for each in vendors)
        return table in self.tables if self.tables else asks


def blockers(settings: Settings, calls: "Sequence[CallsLeft]", *, now: datetime) -> list[Blocker]:
    """Return what blocks requests to vendors at ``now``: bans, quotas, then circuits.

    Raises
    ------
    StorageError
        If the ledger of calls cannot be read.
    """
    folder = settings.state_folder
    if not folder.is_dir():
        return []
    from cryptopipe_assets.vendors.http.ban import read_bans

    banned = [
        Blocker(
            vendor=vendor,
            kind="ban",
            why=_refusal(vendor, ban),
            until=ban.until,
        )
        for vendor, ban in read_bans(folder, now=now).items()
    ]
    return [*banned, *_used_up(calls), *_open_circuits(folder, now)]


def _refusal(vendor: str, ban: "ActiveBan") -> str:
    account = "this key" if ban.is_of_key else "this address"
    if ban.why in ("banned", "rate limited"):
        return f"{vendor} has {ban.why} {account} until {_instant(ban.until)}"
    return f"{vendor}: {ban.why}, next request from {_instant(ban.until)}"


def _used_up(calls: "Sequence[CallsLeft]") -> list[Blocker]:
    return [
        Blocker(
            vendor=each.allowance.vendor,
            kind="quota",
            why=f"{each.allowance.vendor}: {_periodic(each.allowance.window)} quota used up "
            f"({each.allowance.planned:,} {each.allowance.family}), renews "
            f"{_instant(each.renewed_at)}",
            until=each.renewed_at,
        )
        for each in calls
        if each.left == 0 and each.renewed_at is not None
    ]


def _periodic(window: str) -> str:
    return "daily" if window == "day" else "monthly"


def _open_circuits(folder: Path, now: datetime) -> list[Blocker]:
    from cryptopipe_assets.vendors.http.circuit import read_circuits

    found: list[Blocker] = []
    asking: Mapping[tuple[str, str], frozenset[str]] | None = None
    for each in read_circuits(folder):
        state = each.state(now.timestamp())
        if state == "CLOSED":
            continue
        asking = _asking(folder) if asking is None else asking
        vendor, _, rest = each.name.partition(" ")
        endpoint = rest.partition(" ")[2]
        circuit = (
            f"circuit open until {_instant(each.reopens_at)}"
            if state == "OPEN"
            else "circuit half-open, the next request probes"
        )
        found.append(
            Blocker(
                vendor=vendor,
                kind="circuit",
                why=f"{vendor} {endpoint}: {circuit} ({each.outages} outages in a row, last: "
                f"{each.why})",
                until=each.reopens_at if state == "OPEN" else None,
                tables=asking.get((vendor, endpoint), frozenset()),
            )
        )
    return found


def _asking(folder: Path) -> dict[tuple[str, str], frozenset[str]]:
    """Tables that used each vendor's endpoint, by the call ledger."""
    from cryptopipe_assets.vendors.http.call_ledger import read_spending

    spent = read_spending(folder).filter(pl.col("table") != "")
    tables: dict[tuple[str, str], frozenset[str]] = {}
    for vendor, endpoint, table in spent.select("vendor", "endpoint", "table").unique().rows():
        tables[vendor, endpoint] = tables.get((vendor, endpoint), frozenset()) | {table}
    return tables


def explained(
    settings: Settings, tables: Sequence[TableFreshness], found: Sequence[Blocker]
) -> list[TableFreshness]:
    """Name the blocker at every table that is not fresh and waits for that vendor."""
    return [_explained(each, vendors_of(settings, each.table), found) for each in tables]


def _explained(
    table: TableFreshness, vendors: Sequence[str], found: Sequence[Blocker]
) -> TableFreshness:
    reasons = [each.why for each in found if each.concerns(table.table, vendors)]
    if not reasons:
        return table
    why = "; ".join(reasons)
    return replace(
        table,
        tiers=[tier if tier.state == "fresh" else replace(tier, why=why) for tier in table.tiers],
    )


def with_vendors_reasons(
    settings: Settings, tables: Sequence[TableFreshness], *, now: datetime
) -> list[TableFreshness]:
    """``explained`` by the blockers of ``now``."""
    calls = left_for(settings, [each.table for each in tables], now=now)
    return explained(settings, tables, blockers(settings, calls, now=now))


def _instant(at: datetime | None) -> str:
    return f"{at:%d %b %H:%M} UTC" if at else "a time unknown"
