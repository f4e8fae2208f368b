"""A source with holes in its minutes and settlements: some in REST, some in the archive."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from cryptopipe_assets.core.time import MINUTE_MS
from cryptopipe_assets.sandbox.contents.contents import Contents
from cryptopipe_assets.sandbox.contents.source import Instrument, Mark, Settlement, Source
from cryptopipe_assets.sandbox.contents.times import Clock


@dataclass(frozen=True)
class Hole:
    """Minutes that are hidden.

    Parameters
    ----------
    symbol
        The exchange's name of the contract.
    start, end
        First hidden minute, and the first that is shown again; milliseconds.
    """

    symbol: str
    start: int
    end: int


class HoledSource:
    """Another source with minutes missing; bars of other widths are whole, as the exchange's are.

    Parameters
    ----------
    source
        The truth.
    rest, archive
        Minutes that its REST answers and its archive's files lack.
    unsettled_rest, unsettled_archive
        Symbols and times (ms) of settlements that they lack.
    """

    def __init__(
        self,
        source: Source,
        *,
        rest: Sequence[Hole] = (),
        archive: Sequence[Hole] = (),
        unsettled_rest: Collection[tuple[str, int]] = (),
        unsettled_archive: Collection[tuple[str, int]] = (),
    ) -> None:
        self._source = source
        self.rest, self.archive = tuple(rest), tuple(archive)
        self.unsettled_rest = frozenset(unsettled_rest)
        self.unsettled_archive = frozenset(unsettled_archive)

    @property
    def name(self) -> str:
        """Name of the truth."""
        return self._source.name

    @property
    def clock(self) -> Clock:
        """The time of the served world."""
        return self._source.clock

    @property
    def intervals(self) -> frozenset[str]:
        """Bar widths on offer."""
        return self._source.intervals

    @property
    def contents(self) -> Contents:
        """What the other vendors tell."""
        return self._source.contents

    def instruments(self, now: int) -> list[Instrument]:
        """Every contract listed by ``now``."""
        return self._source.instruments(now)

    def instrument(self, symbol: str, now: int) -> Instrument | None:
        """One contract."""
        return self._source.instrument(symbol, now)

    def klines_from(
        self, symbol: str, interval: str, *, start: int, end: int, limit: int, now: int
    ) -> Sequence[str]:
        """First ``limit`` bars that are shown and open in ``[start, end)``."""
        shown = self._shown(self.rest, symbol, interval)
        hidden = sum((hole.end - hole.start) // MINUTE_MS for hole in self.rest)
        found = self._source.klines_from(
            symbol, interval, start=start, end=end, limit=limit + hidden, now=now
        )
        return [line for line in found if shown(line)][:limit]

    def klines_until(
        self, symbol: str, interval: str, *, end: int, limit: int, now: int
    ) -> Sequence[str]:
        """Newest ``limit`` bars that are shown and open before ``end``."""
        shown = self._shown(self.rest, symbol, interval)
        hidden = sum((hole.end - hole.start) // MINUTE_MS for hole in self.rest)
        found = self._source.klines_until(symbol, interval, end=end, limit=limit + hidden, now=now)
        return [line for line in found if shown(line)][-limit:]

    def archived_klines(
        self, symbol: str, interval: str, *, start: int, end: int, now: int
    ) -> Sequence[str]:
        """Shown bars of a published file."""
        shown = self._shown(self.archive, symbol, interval)
        found = self._source.archived_klines(symbol, interval, start=start, end=end, now=now)
        return [line for line in found if shown(line)]

    def settlements_from(
        self, symbol: str, *, start: int, end: int, now: int
    ) -> Iterator[Settlement]:
        """Settlements that are shown."""
        found = self._source.settlements_from(symbol, start=start, end=end, now=now)
        return (each for each in found if (symbol, each.time) not in self.unsettled_rest)

    def settlements_until(self, symbol: str, *, end: int, now: int) -> Iterator[Settlement]:
        """Settlements that are shown, newest first."""
        found = self._source.settlements_until(symbol, end=end, now=now)
        return (each for each in found if (symbol, each.time) not in self.unsettled_rest)

    def funding_hours(self, now: int) -> dict[str, int]:
        """Hours between settlements."""
        return self._source.funding_hours(now)

    def archived_settlements(
        self, symbol: str, *, start: int, end: int, now: int
    ) -> list[Settlement]:
        """Shown settlements of a published month."""
        found = self._source.archived_settlements(symbol, start=start, end=end, now=now)
        return [each for each in found if (symbol, each.time) not in self.unsettled_archive]

    def mark(self, symbol: str, now: int) -> Mark | None:
        """Prices of this moment."""
        return self._source.mark(symbol, now)

    def open_interest(self, symbol: str, now: int) -> str | None:
        """Open contracts of this moment."""
        return self._source.open_interest(symbol, now)

    @staticmethod
    def _shown(holes: Sequence[Hole], symbol: str, interval: str) -> Callable[[str], bool]:
        own = [hole for hole in holes if hole.symbol == symbol and interval == "1m"]

        def shown(line: str) -> bool:
            opened = int(line.partition(",")[0])
            return not any(hole.start <= opened < hole.end for hole in own)

        return shown
