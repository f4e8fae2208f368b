"""Whether the calls that the timetable will make fit into what vendors allow."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.recurrence import MINUTES_A_DAY, is_regular
from cryptopipe_assets.operations.budget.forecast import Contracts, Demand, forecast
from cryptopipe_assets.operations.schedule.rounds import Round
from cryptopipe_assets.operations.status.expiry import source_of
from cryptopipe_assets.storage.contract_counts import contract_counts
from cryptopipe_assets.vendors.allowances import Allowance, allowances
from cryptopipe_assets.vendors.catalog import tables_with_a_choice
from cryptopipe_assets.vendors.http.limits import SECONDS

DAYS_A_MONTH = 31
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """One allowance, and what the timetable needs of it.

    Attributes
    ----------
    allowance
        Vendor, family, window, the vendor's limit and our share of it.
    demands
        What needs it, the most of a day first; empty if nothing does.
    peak
        Most units that are needed within one window. Above our share of a short window, the
        later ones wait: that is no failure.
    """

    allowance: Allowance
    demands: tuple[Demand, ...]
    peak: int

    @property
    def per_day(self) -> int:
        """Units of a day."""
        return sum(each.units for each in self.demands)

    @property
    def per_month(self) -> int:
        """Units of the longest month."""
        return DAYS_A_MONTH * self.per_day

    @property
    def at_most(self) -> int:
        """Units of a day for which there is room: waiting all day long, in a short window."""
        if self.allowance.window == "month":
            return self.allowance.planned // DAYS_A_MONTH
        return int(self.allowance.planned * SECONDS_A_DAY / SECONDS[self.allowance.window])

    @property
    def fits(self) -> bool:
        """Whether a day's calls can be made in a day, and a month's in a month."""
        return self.per_day <= self.at_most


def forecasts(settings: Settings, contracts: Contracts) -> list[Forecast]:
    """What each allowance is asked for, in the order of ``allowances``; those in use only."""
    sources = {table: source_of(settings, table) for table in tables_with_a_choice()}
    demands = forecast(settings.config, sources, contracts)
    every = allowances(settings.config.vendors, settings.all_keys.plans())
    found = (_forecast(each, demands) for each in every)
    return [each for each in found if each.demands]


def stored_contracts(settings: Settings) -> Contracts:
    """Contracts as the warehouse has them; of coins that it does not have, what is usual."""
    return Contracts(known=contract_counts(settings.warehouse))


def refused(settings: Settings) -> dict[tuple[Round, str], str]:
    """What the timetable may not start; nothing on a stand-in, whose limits are ours alone.

    Raises
    ------
    CorruptFile
        If the tables that list contracts cannot be read.
    """
    if settings.environment.vendors != "live":
        return {}
    return without_room(settings, stored_contracts(settings))


def without_room(settings: Settings, contracts: Contracts) -> dict[tuple[Round, str], str]:
    """What does not fit the vendors' limits: (round, table) to the sentence that says why.

    Of those that share an allowance, the largest go first, until the others fit.
    """
    return {
        (demand.round, demand.table): shortage(each)
        for each in forecasts(settings, contracts)
        for demand in _too_much(each)
    }


def _too_much(found: Forecast) -> Iterator[Demand]:
    """Yield the largest demands of an allowance, until what is left of them fits."""
    cost = found.per_day
    for demand in found.demands:
        if cost <= found.at_most:
            return
        cost -= demand.units
        yield demand


def shortage(found: Forecast) -> str:
    """Say of a plan that does not fit by how much, why, and what to change."""
    allowance, most = found.allowance, found.demands[0]
    return (
        f"cryptopipe.toml plans {found.per_day:,} {allowance.family} of {allowance.vendor} a day, "
        f"and {found.at_most:,} fit ({allowance.planned:,} a {allowance.window}, our share of "
        f"{allowance.limit:,}). Most of it, {most.units:,}, is {most.table} by {_named(most)}. "
        f"What to do: {_advice(found)}; see `cryptopipe budget`"
    )


def _forecast(allowance: Allowance, demands: Sequence[Demand]) -> Forecast:
    own = [each for each in demands if _pays(allowance, each)]
    ordered = tuple(sorted(own, key=lambda each: -each.units))
    return Forecast(allowance=allowance, demands=ordered, peak=_peak(allowance, ordered))


def _pays(allowance: Allowance, demand: Demand) -> bool:
    """Whether the demand is held against the allowance."""
    family = allowance.counts or allowance.family
    return (allowance.vendor, family) == (demand.vendor, demand.cost.family)


def _peak(allowance: Allowance, demands: Sequence[Demand]) -> int:
    """Most units within one window, if every round sends all its requests in its own minute."""
    if not allowance.is_rolling:
        days = 1 if allowance.window == "day" else DAYS_A_MONTH
        return days * sum(each.units for each in demands)
    minutes: Counter[int] = Counter()
    for each in demands:
        when = each.round.recurrence
        for minute in range(when.offset_minutes, MINUTES_A_DAY, when.every_minutes):
            minutes[minute] += each.cost.units
    width = ceil(SECONDS[allowance.window] / 60)
    return max(
        (sum(minutes[(start + n) % MINUTES_A_DAY] for n in range(width)) for start in minutes),
        default=0,
    )


def _named(demand: Demand) -> str:
    """A round as cryptopipe.toml names it."""
    when = f"every {demand.round.recurrence.every_minutes} min"
    whose = f"tiers.{demand.round.tier}" if demand.round.tier else demand.round.name
    return f"{whose} ({when})"


def _advice(found: Forecast) -> str:
    """Name the key to change, and a value that fits where one does."""
    most, limit = found.demands[0], "raise the limit in cryptopipe.toml if your plan has more"
    others = found.per_day - most.units
    tier = most.round.tier
    slower = next(
        (
            minutes
            for minutes in range(most.round.recurrence.every_minutes + 1, MINUTES_A_DAY + 1)
            if is_regular(minutes)
            and others + most.cost.units * (MINUTES_A_DAY // minutes) <= found.at_most
        ),
        None,
    )
    if most.round.days_before:
        return f"follow fewer coins, or {limit}"
    key = f"tiers.{tier}.every_minutes" if tier else "schedules.listings_every_minutes"
    rarer = f"set {key} to {slower} or more" if slower else "collect less often"
    fewer = f"fewer coins in tiers.{tier}" if tier else "another source first in [sources]"
    return f"{rarer}, {fewer}, or {limit}"
