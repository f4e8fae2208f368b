"""What a backfill will request from each vendor, and how long that takes at our share. Pure.

An estimate: what is stored already is not asked for again, and is not known here; nor is on how
many contracts a venue has positions of a coin. What a vendor takes is in its terms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.vendors.calls_left import CallsLeft
from cryptopipe_assets.vendors.catalog import Vendors, asked_for, sources_of
from cryptopipe_assets.vendors.terms import Backfill, BackfillCost, Followed


@dataclass(frozen=True, kw_only=True)
class TableCost(BackfillCost):
    """What one table requests from one vendor; ``vendor`` names the part that is asked too."""

    table: str
    vendor: str


def estimate(
    tables: Sequence[str],
    contracts: Sequence[Followed],
    days: Sequence[date],
    *,
    limits: Vendors,
    plans: Mapping[str, str] | None = None,
    sources: Mapping[str, str | None] | None = None,
    now: datetime,
) -> list[TableCost]:
    """Calls and time for each table and vendor; tables that ask nobody have no line.

    Parameters
    ----------
    plans
        Vendor to the plan of its key, of those that have plans.
    sources
        Table to the source that is asked for it, of those that have a choice; where none is
        named, the one that needs no key.
    """
    lines = []
    for table in tables:
        source = (sources or {}).get(table) or next(reversed(sources_of(table)), None)
        for offered in asked_for(table, source):
            vendor = offered.vendor.name
            wanted = Backfill(
                contracts=contracts,
                days=days,
                now=now,
                limits=limits.of(vendor),
                plan=(plans or {}).get(vendor, ""),
            )
            lines += [
                TableCost(
                    **vars(cost),
                    table=table,
                    vendor=" ".join(part for part in (vendor, cost.of) if part),
                )
                for cost in offered.offer.backfilled(wanted)
            ]
    return [each for each in lines if each.calls]


def refuse_if_it_cannot_fit(lines: Sequence[TableCost], left: Sequence[CallsLeft]) -> None:
    """Check the plan against what is left of the vendors' days and months, before it starts.

    Raises
    ------
    RequestError
        Naming the vendor, what is planned, what is left, when there is more, and what to do.
    """
    for each in left:
        allowance = each.allowance
        planned = sum(line.counted for line in lines if line.vendor == allowance.vendor)
        if allowance.is_rolling or planned <= each.left:
            continue
        fits = f"wait until {each.renewed_at:%Y-%m-%d}, or " if planned <= allowance.planned else ""
        raise RequestError(
            f"this backfill plans {planned:,} {allowance.family} of {allowance.vendor}, which has "
            f"{each.left:,} left of {allowance.planned:,} a {allowance.window}: {fits}request "
            "fewer days, coins (--symbols) or tables (--tables)"
        )
