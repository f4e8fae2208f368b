"""What was asked of each vendor so far, beside what the schedules will ask."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.budget.fit import Forecast, shortage
from cryptopipe_assets.operations.budget.remaining import left_for
from cryptopipe_assets.operations.schedule.rounds import LISTINGS, MARKET_DATA, POSITIONS
from cryptopipe_assets.vendors.allowances import Allowance
from cryptopipe_assets.vendors.http.call_ledger import read_spending

Key = tuple[str, str, str]
TABLES = (*MARKET_DATA, *POSITIONS, *LISTINGS)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What was asked so far.

    Attributes
    ----------
    of_limits
        (vendor, family, window) to units in the window.
    today
        (vendor, table, endpoint) to calls of today (UTC).
    """

    of_limits: Mapping[Key, int]
    today: Mapping[Key, int]

    def of_limit(self, allowance: Allowance) -> int:
        """Units that count against a limit now."""
        return self.of_limits.get((allowance.vendor, allowance.family, allowance.window), 0)


def spent_so_far(settings: Settings, *, now: datetime) -> Spent:
    """What the ledger and the budgets say."""
    left = left_for(settings, TABLES, now=now)
    rows = read_spending(settings.state_folder, since=now.date())
    per_endpoint = rows.group_by("vendor", "table", "endpoint").agg(pl.col("calls").sum())
    return Spent(
        of_limits={
            (each.allowance.vendor, each.allowance.family, each.allowance.window): each.used
            for each in left
        },
        today={
            (vendor, table, endpoint): calls
            for vendor, table, endpoint, calls in per_endpoint.iter_rows()
        },
    )


def calls_of(found: Sequence[Forecast], spent: Spent) -> list[tuple[Key, int, int]]:
    """Calls made today and forecast a day, of every endpoint that has either."""
    planned: Counter[Key] = Counter()
    # A vendor with limits of several windows is in the list once for each of them.
    for demand in {demand for each in found for demand in each.demands}:
        planned[demand.vendor, demand.table, demand.cost.endpoint] += demand.calls
    keys = sorted({key for key, calls in planned.items() if calls} | set(spent.today))
    return [(key, spent.today.get(key, 0), planned[key]) for key in keys]


def as_plain(found: Sequence[Forecast], spent: Spent) -> dict[str, object]:
    """The forecast in types that JSON knows."""
    return {
        "fits": all(each.fits for each in found),
        "limits": [
            {
                "vendor": each.allowance.vendor,
                "family": each.allowance.family,
                "window": each.allowance.window,
                "limit": each.allowance.limit,
                "planned": each.allowance.planned,
                "used": spent.of_limit(each.allowance),
                "peak": each.peak,
                "per_day": each.per_day,
                "per_month": each.per_month,
                "at_most_per_day": each.at_most,
                "fits": each.fits,
                "shortage": None if each.fits else shortage(each),
                "asked": [
                    {
                        "round": demand.round.name,
                        "tier": demand.round.tier,
                        "table": demand.table,
                        "endpoint": demand.cost.endpoint,
                        "calls_per_day": demand.calls,
                        "units_per_day": demand.units,
                    }
                    for demand in each.demands
                ],
            }
            for each in found
        ],
        "calls": [
            {
                "vendor": vendor,
                "table": table,
                "endpoint": endpoint,
                "made_today": made,
                "forecast_per_day": planned,
            }
            for (vendor, table, endpoint), made, planned in calls_of(found, spent)
        ],
    }
