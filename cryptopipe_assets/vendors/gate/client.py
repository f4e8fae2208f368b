"""Gate's API v4, perpetual contracts settled in USDT."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import polars as pl

from cryptopipe_assets.core.time import HOUR
from cryptopipe_assets.vendors.gate.parsing import (
    details_of,
    read_contracts,
    read_settlements,
    read_tickers,
)
from cryptopipe_assets.vendors.gate.terms import TERMS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.parsing.listing import Listing
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.parsing.perpetuals import Contract
from cryptopipe_assets.vendors.protocols import Wanted

CONTRACTS = "/futures/usdt/contracts"
TICKERS = "/futures/usdt/tickers"
FUNDING = "/futures/usdt/funding_rate"
MOST_SETTLEMENTS = 1000
A_MINUTE = timedelta(minutes=1)
"""A settlement could be stamped a little before or after its hour."""


class Gate(VendorClient):
    """The REST endpoints we use, one method each."""

    vendor: ClassVar[str] = "gate"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    async def instruments(self) -> ListedInstruments:
        """Return the perpetual contracts that Gate lists now, and what it lists besides.

        ``listed_at`` is null where Gate does not say it, as of contracts before 2021.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        listing = await self._listing()
        with self.promised(CONTRACTS):
            return listing.instruments(self.vendor, details_of)

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Return the open interest of the running hour, if the present is wanted.

        Left out and counted: contracts that do not trade, and those of which a figure is blank.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        if not wanted.has_present:
            return Measured(OPEN_INTEREST_SCHEMA.to_frame())
        listing = await self._listing()
        payload = await self.get_json(TICKERS, {}, family="public")
        with self.promised(TICKERS):
            return read_tickers(payload, listing.contracts, now=self.clock(), listing=listing)

    async def funding_settlements(self, wanted: Wanted) -> pl.DataFrame:
        """Return the settlements of the coins' contracts with ``start <= ts < end``.

        Returns
        -------
        DataFrame of ``SETTLEMENT_SCHEMA``, sorted by symbol and ts.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        trading = (await self._listing()).contracts
        theirs = [each for each in trading.values() if each.coin in wanted.coins]
        frames = await all_or_nothing(
            self._settlements(each, start=wanted.start, end=wanted.end) for each in theirs
        )
        return pl.concat([SETTLEMENT_SCHEMA.to_frame(), *frames]).sort("symbol", "ts")

    async def _listing(self) -> Listing:
        payload = await self.get_json(CONTRACTS, {}, family="public")
        with self.promised(CONTRACTS):
            return read_contracts(payload)

    async def _settlements(
        self, contract: Contract, *, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """Return the settlements of one contract, paging backward until the window is covered.

        How many rows came says nothing: a page may be shorter than what was asked for.
        """
        frames = [SETTLEMENT_SCHEMA.to_frame()]
        where = f"{FUNDING} {contract.vendor_symbol}"
        last = end - timedelta(milliseconds=1)
        while start <= last:
            window: dict[str, int] = {
                "from": int((start - A_MINUTE).timestamp()),
                "to": int((last + A_MINUTE).timestamp()),
                "limit": MOST_SETTLEMENTS,
            }
            query: dict[str, str | int] = {"contract": contract.vendor_symbol, **window}
            payload = await self.get_json(FUNDING, query, family="public")
            with self.promised(where):
                page = read_settlements(payload, contract, first=window["from"], last=window["to"])
            if page.is_empty():
                break
            oldest = page["ts"].min()
            assert isinstance(oldest, datetime)
            if oldest > last + A_MINUTE:
                raise self.changed(where, "a page leads to itself")
            frames.append(page.filter(pl.col("ts").is_between(start, end, closed="left")))
            last = oldest - HOUR
        return pl.concat(frames).unique(["symbol", "ts"], keep="first", maintain_order=True)
