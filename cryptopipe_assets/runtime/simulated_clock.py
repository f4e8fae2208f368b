"""The simulated market at another time than now: a clock that is set, and a world that obeys it.

The simulated market is a pure function of seed and time, so it can be entered at any instant. One
clock is given to both sides of the wire: to the stand-in, which shows nothing later, and to the
vendors' clients, which take it for the present. What is collected then is stored as it would have
been at that instant: same ``available_at``, same ``ingested_at``, origin ``simulated``.

A day of runs every quarter of an hour, and what it cost::

    clock = SimulatedClock(datetime(2026, 3, 10, tzinfo=UTC))
    with simulated_world(settings, clock) as world:
        run = TableRun(settings, keep=False, vendors=world.vendors)
        for tick in clock.ticks(timedelta(minutes=15), until=datetime(2026, 3, 11, tzinfo=UTC)):
            run.materialise(["market_cap"], tick.date(), tick.date())
        print(world.standin.calls)  # by (vendor, endpoint)

In a test, the fixture ``platform`` is such a world; ``platform.now = ...`` sets its clock.

Days later than today have no partition in Dagster. Request limits are of real time, in which a
simulated day passes in seconds: they do not hold in such a world, so it says how many calls
are made, not how fast they may come.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.runtime.resources import vendor_clients
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.vendors.catalog import Vendors

NO_LIMIT = 1_000_000_000


class SimulatedClock:
    """A present that stands still until it is set. Call it for the instant, aware and in UTC."""

    def __init__(self, instant: datetime) -> None:
        self.set(instant)

    def __call__(self) -> datetime:
        """Return the present of the simulated world."""
        return self._instant

    def set(self, instant: datetime) -> None:
        """Make ``instant`` the present, earlier or later than before.

        Raises
        ------
        RequestError
            If it has no time zone.
        """
        if instant.tzinfo is None:
            raise RequestError(f"a simulated instant needs a time zone, {instant} has none")
        self._instant = instant.astimezone(UTC)

    def ticks(self, every: timedelta, *, until: datetime) -> Iterator[datetime]:
        """Set the clock forward step by step and yield each instant, the present one first.

        Afterwards, the clock stands at the first instant that is not before ``until``.
        """
        while self() < until:
            yield self()
            self.set(self() + every)


@dataclass(frozen=True)
class World:
    """Both sides of the wire at one simulated time."""

    clock: SimulatedClock
    standin: Sandbox
    vendors: VendorClients


@contextmanager
def simulated_world(settings: Settings, clock: SimulatedClock) -> Iterator[World]:
    """A stand-in of the configured seed and clients of it, both at the time of ``clock``.

    It is our own, on a free port, whether or not another stand-in is running.
    """
    source = SimulatedSource(settings.config.sandbox.seed, clock=clock)
    with Sandbox(source, enforce_limits=False) as standin:
        vendors = replace(
            vendor_clients(settings.with_environment(vendors="sandbox")),
            standin=lambda: standin.url,
            limits=unlimited(settings.config.vendors),
            standin_share=float(NO_LIMIT),
            clock=clock,
        )
        yield World(clock, standin, vendors)


def unlimited(limits: Vendors) -> Vendors:
    """The same sections without a limit on requests per time."""
    kept = ("concurrency", "attempts")
    sections = {
        name: section.model_copy(
            update={
                field: NO_LIMIT
                for field, value in section
                if isinstance(value, int) and field not in kept
            }
        )
        for name, section in limits
    }
    return limits.model_copy(update=sections)
