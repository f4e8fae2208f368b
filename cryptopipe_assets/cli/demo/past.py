"""What somebody who runs the demo would have collected had they started a year ago.

A vendor tells the price of a past day but not the supply: that is known to those who wrote it down.
So the simulated clock is set to evenings of the past year and the snapshot of each is taken then.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from rich.progress import track

from cryptopipe_assets.cli.console import out
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock, simulated_world
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.market_cap import MarketCap

if TYPE_CHECKING:
    from cryptopipe_assets.runtime.table_run import Outcome

EVENING = time(23, 45)
MONTHS_AGO = (0, 1, 3, 6, 9, 11)
"""A book reads the newest supply, 45 days old at most, and the change since the year's first."""


def evenings(today: date) -> list[date]:
    """The first day of some months of the past year, and yesterday; ascending."""
    month = today.year * 12 + today.month - 1
    firsts = {date((month - ago) // 12, (month - ago) % 12 + 1, 1) for ago in MONTHS_AGO}
    return sorted({day for day in firsts if day < today} | {today - timedelta(days=1)})


def take_snapshots(settings: Settings, days: Sequence[date]) -> "list[Outcome]":
    """Collect ``market_cap`` as it was on the evening of each day that has no supply yet."""
    from cryptopipe_assets.runtime.table_run import TableRun

    lake = Lake(settings.warehouse)
    wanting = [day for day in days if lake.read(MarketCap, day)["circulating_supply"].count() == 0]
    if not wanting:
        out.print("  all of them are there")
        return []
    clock = SimulatedClock(_evening(wanting[0]))
    with simulated_world(settings, clock) as world:
        run = TableRun(settings, keep=True, vendors=world.vendors)
        outcomes = []
        for day in track(wanting, "  market_cap        ", console=out):
            clock.set(_evening(day))
            outcomes.append(run.materialise([MarketCap.table_name()], day, day))
    return outcomes


def _evening(day: date) -> datetime:
    return datetime.combine(day, EVENING, midnight(day).tzinfo)
