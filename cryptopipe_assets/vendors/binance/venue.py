"""Binance as a venue: what its API and its archive have together."""

from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date, datetime
from typing import ClassVar, Self

import polars as pl

from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.collect import collect_settlements
from cryptopipe_assets.vendors.binance.collect_open_interest import collect_open_interest
from cryptopipe_assets.vendors.binance.overlap import (
    COMPARISONS,
    OPEN_INTEREST,
    is_due,
    overlap_of,
)
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.parsing.open_interest import Measured
from cryptopipe_assets.vendors.protocols import FiledDays, Told, Wanted


class BinanceVenue:
    """An async context manager that owns a session with each of the two."""

    vendor: ClassVar[str] = Binance.vendor

    def __init__(self, client: Binance, archive: BinanceArchive) -> None:
        self._client, self._archive = client, archive
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for each in self.parts:
            await self._stack.enter_async_context(each)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    @property
    def parts(self) -> tuple[Binance, BinanceArchive]:
        """The clients of its API and of its archive."""
        return self._client, self._archive

    async def server_time(self) -> datetime:
        """As of ``Binance``."""
        return await self._client.server_time()

    async def instruments(self) -> ListedInstruments:
        """As of ``Binance``."""
        return await self._client.instruments()

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Return the open interest of the wanted contracts, older than a month from the archive.

        When a past day that both ways tell is wanted, the two are compared.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        found = await collect_open_interest(
            self._client, self._archive, wanted.contracts, **_window(wanted)
        )
        if not wanted.contracts or not is_due(wanted.days, now=wanted.now):
            return found
        by_rest = OPEN_INTEREST.rest(self._client, wanted.now)
        try:
            overlap = await overlap_of(
                OPEN_INTEREST, self._archive, by_rest, wanted.contracts, now=wanted.now
            )
        except VendorError:  # nothing to compare with: who collects from there says why
            return found
        said = [overlap.said] if overlap.said else []
        return replace(found, disagreements=tuple(dict.fromkeys([*found.disagreements, *said])))

    async def funding_settlements(self, wanted: Wanted) -> pl.DataFrame:
        """Return the settlements of the wanted contracts.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        found = await collect_settlements(
            self._client, self._archive, wanted.contracts, **_window(wanted)
        )
        return found.frame

    def days_to_compare(
        self, table: str, days: Collection[date], *, now: datetime
    ) -> FiledDays | None:
        """The newest file that the archive should have of the table's rows."""
        return COMPARISONS[table].days(now) if is_due(days, now=now) else None

    async def disagreement(
        self, table: str, stored: Told, symbols: Mapping[str, str], *, now: datetime
    ) -> str | None:
        """What the archive's newest file says otherwise than the stored rows. Costs no call."""
        try:
            found = await overlap_of(
                COMPARISONS[table],
                self._archive,
                stored,
                symbols,
                now=now,
                told_by="the stored rows",
            )
        except VendorError:  # nothing to compare with: who collects from there says why
            return None
        return found.said


def _window(wanted: Wanted) -> dict[str, datetime]:
    return {"start": wanted.start, "end": wanted.end, "now": wanted.now}
