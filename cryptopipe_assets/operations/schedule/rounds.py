"""When what is collected, and for which coins: the rounds of a day, as cryptopipe.toml has them.

Pure: nothing here knows Dagster or a clock. ``defs/automation.py`` runs the rounds; forecasts of
API calls and the status's next attempt read them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cryptopipe_assets.config.settings import Config
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.core.recurrence import MINUTES_A_DAY, MINUTES_AN_HOUR, Recurrence
from cryptopipe_assets.tables.service_levels import asked_with

MARKET_DATA = asked_with("market_data")
"""Asked at each instant of a tier."""

POSITIONS = asked_with("positions")
"""Asked half an hour later; hourly where the tier is faster, as their rows are hourly."""

LISTINGS = asked_with("listings")
"""One answer tells all coins, so these are asked once for all tiers."""

REGISTRY = "instruments"
"""What every other collected table needs to have been collected once."""

CLOSING = asked_with("closing")
"""Looked at when a day is closed: what is missing is asked for once more, by other ways too."""

AFTER_MARKET_DATA = 30
"""Minutes from a tier's market data to its positions."""

CLOSED_DAYS = 2
"""Days before today that closing requests: yesterday, and once more the day before, whose last
values some vendors publish a day late."""

CLOSED_AGAIN = (1, 3, 7)
"""Hours after a closing at which what failed of it is tried again: outages take a while."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """Tables that are collected together at the instants of a recurrence.

    Attributes
    ----------
    name
        ``market_data``, ``positions``, ``listings``, ``close`` or ``close_listings``.
    tier
        Whose coins are requested; None is everybody's.
    recurrence
        When.
    tables
        What.
    days_before
        Days before the instant's own that are requested in any case.
    catches_up
        Whether days that were missed are requested, too; not where only the present is given.
    """

    name: str
    tier: str | None
    recurrence: Recurrence
    tables: tuple[str, ...]
    days_before: int = 0
    catches_up: bool = True

    def is_due(self, at: datetime, *, asked: datetime | None) -> bool:
        """Whether an instant has come since the round that was ``asked`` last (None: never)."""
        return asked is None or self.recurrence.last(at) > asked

    def days(self, at: datetime, *, done: datetime | None, most: timedelta) -> tuple[date, date]:
        """First and last day to request at ``at``.

        Parameters
        ----------
        done
            Instant of the last round that succeeded; from its day on there may be something
            missing. None, where nobody remembers: then from the day before on.
        most
            How far back a round goes on its own; history beyond is a backfill's.
        """
        today = at.date()
        if not self.catches_up:
            return today, today
        missed = done.date() if done else today - timedelta(days=1)
        always = today - timedelta(days=self.days_before)
        return max(min(missed, always), today - most), today


def rounds(config: Config) -> tuple[Round, ...]:
    """Every round: of each tier, of the listings, and the closing of a day."""
    tiers = (each for name, tier in config.tiers.items() for each in rounds_of(name, tier))
    return (*tiers, listings(config), *closing(config))


def listings(config: Config) -> Round:
    """The round that collects what one response has of all coins."""
    return Round(
        name="listings",
        tier=None,
        recurrence=config.schedules.listings,
        tables=LISTINGS,
        catches_up=False,
    )


def rounds_of(name: str, tier: Tier) -> Iterator[Round]:
    """Rounds of one tier; none for a group of tables of which it follows nothing."""
    recurrence = tier.recurrence
    every = max(MINUTES_AN_HOUR, recurrence.every_minutes)
    later = (recurrence.offset_minutes + AFTER_MARKET_DATA) % every
    hourly = Recurrence(every_minutes=every, offset_minutes=later)
    groups = {"market_data": (recurrence, MARKET_DATA), "positions": (hourly, POSITIONS)}
    for group, (when, candidates) in groups.items():
        tables = tuple(table for table in candidates if table in tier.tables)
        if tables:
            yield Round(name=group, tier=name, recurrence=when, tables=tables)


def closing(config: Config) -> tuple[Round, ...]:
    """The rounds that close yesterday, of all coins.

    Market caps have their own: without a key the vendor allows ten requests a minute, and nobody
    else should wait for that.
    """
    at = config.schedules.close_at
    daily = Recurrence(
        every_minutes=MINUTES_A_DAY, offset_minutes=at.hour * MINUTES_AN_HOUR + at.minute
    )
    parts = {
        "close": (REGISTRY, *MARKET_DATA, *POSITIONS, *CLOSING),
        "close_listings": tuple(name for name in LISTINGS if name != REGISTRY),
    }
    return tuple(
        Round(name=name, tier=None, recurrence=daily, tables=tables, days_before=CLOSED_DAYS)
        for name, tables in parts.items()
    )


def closing_again(config: Config) -> tuple[Recurrence, ...]:
    """When a closing that failed is tried again."""
    first = closing(config)[0].recurrence.offset_minutes
    return tuple(
        Recurrence(
            every_minutes=MINUTES_A_DAY,
            offset_minutes=(first + hours * MINUTES_AN_HOUR) % MINUTES_A_DAY,
        )
        for hours in CLOSED_AGAIN
    )


def closes_at(config: Config, minute: datetime) -> bool:
    """Whether a day is closed in this minute; the other rounds then have nothing to add."""
    return any(each.recurrence.falls_on(minute) for each in closing(config))


def hours_end(config: Config) -> Recurrence:
    """Minute of each hour in which every tier has requested the bars of the hour before.

    A minute after the last of them begins, so that its run is there to be waited for. Tiers slower
    than an hour are not waited for: their hours are derived in the first such minute after them.
    """
    first = [
        tier.offset_minutes
        for tier in config.tiers.values()
        if tier.every_minutes <= MINUTES_AN_HOUR and MARKET_DATA[0] in tier.tables
    ]
    return Recurrence(
        every_minutes=MINUTES_AN_HOUR, offset_minutes=(max(first, default=0) + 1) % MINUTES_AN_HOUR
    )
