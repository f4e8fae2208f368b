"""How many calls the timetable will make: per round, table, vendor and endpoint. Pure.

Counted as if each round finds the one before it done. Where the exact number depends on what
comes back, it is the larger one, so a forecast is rarely below what is spent; a backfill, a
repair, retries, and the optional ``coinbase_prices`` and ``coinalyze_funding`` come on top.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptopipe_assets.config.settings import Config
from cryptopipe_assets.operations.schedule.rounds import REGISTRY, Round, rounds
from cryptopipe_assets.vendors.catalog import VENDORS, asked_for
from cryptopipe_assets.vendors.terms import Poll, RequestCost


@dataclass(frozen=True, kw_only=True)
class Contracts:
    """How many contracts of a coin are requested from a vendor, where it is known.

    Attributes
    ----------
    known
        (vendor, coin) to a count.
    """

    known: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def of(self, vendor: str, coins: tuple[str, ...]) -> int:
        """Contracts of all these coins at one vendor."""
        usual = VENDORS[vendor].contracts_a_coin
        return sum(self.known.get((vendor, coin), usual) for coin in coins)


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a round requests for one table at each of its instants, ``a_day`` times a day."""

    round: Round
    table: str
    vendor: str
    cost: RequestCost
    a_day: int

    @property
    def calls(self) -> int:
        """Calls of a day."""
        return self.cost.calls * self.a_day

    @property
    def units(self) -> int:
        """Units of a day."""
        return self.cost.units * self.a_day


def forecast(
    config: Config, sources: Mapping[str, str | None], contracts: Contracts
) -> list[Demand]:
    """What all rounds of a day request, in the timetable's order.

    Parameters
    ----------
    sources
        Table to the source that is asked for it, of those that have a choice.
    """
    return [
        Demand(
            round=each,
            table=table,
            vendor=offered.vendor.name,
            cost=cost,
            a_day=each.recurrence.per_day,
        )
        for each in rounds(config)
        for table in each.tables
        if (coins := followed(config, each, table))
        for offered in asked_for(table, sources.get(table))
        for cost in offered.offer.polled(_poll(each, coins, contracts, offered.vendor.name))
        if cost.units
    ]


def _poll(round_: Round, coins: tuple[str, ...], contracts: Contracts, vendor: str) -> Poll:
    return Poll(
        every_minutes=round_.recurrence.every_minutes,
        days_before=round_.days_before,
        coins=coins,
        contracts=contracts.of(vendor, coins),
    )


def followed(config: Config, round_: Round, table: str) -> tuple[str, ...]:
    """Coins that a round requests for one of its tables."""
    tiers = [config.tiers[round_.tier]] if round_.tier else list(config.tiers.values())
    return tuple(
        coin for tier in tiers if table == REGISTRY or table in tier.tables for coin in tier.coins
    )
