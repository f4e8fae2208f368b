"""One contract's bars and settlements from its listing on, put into the day files."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.contract_lives import admitted
from cryptopipe_assets.collect.followed import every_listing
from cryptopipe_assets.collect.funding import settlements_of
from cryptopipe_assets.collect.gaps.told import keep_told, keeper
from cryptopipe_assets.collect.windows import expected_minutes, outstanding, stored_minutes
from cryptopipe_assets.core.calendar import days_between, months
from cryptopipe_assets.core.errors import RateLimited, RequestError, VendorError
from cryptopipe_assets.core.schema import Collected, stamped
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.vendors.binance.collect import collect_bars
from cryptopipe_assets.vendors.binance.parse_metrics import VENUE
from cryptopipe_assets.vendors.http.gather import as_one_of_many

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class _Month:
    """New rows of a month, what asking cost, and what failed in it.

    Attributes
    ----------
    is_begun
        Whether bars of it were stored before.
    """

    bars: pl.DataFrame
    settlements: pl.DataFrame
    spent: Counter[str]
    failures: list[VendorError]
    is_begun: bool


@dataclass(frozen=True)
class SymbolPast:
    """Fetches what is not stored of one contract.

    Parameters
    ----------
    symbol
        Canonical instrument, which the registry must know.
    log
        Logs every month.
    """

    warehouse: Warehouse
    vendors: VendorClients
    symbol: str
    log: logging.Logger

    @cached_property
    def contract(self) -> pl.DataFrame:
        """The newest version of what the registry knows of the contract: one row.

        Raises
        ------
        RequestError
            If it knows no such contract.
        """
        known = latest(self.warehouse.lake.read(Instruments), INSTRUMENT)
        found = known.filter(venue=VENUE, symbol=self.symbol)
        if found.is_empty():
            raise RequestError(
                f"symbol_history: the registry of instruments has no {self.symbol} among "
                f"{known.height} contracts; materialise `instruments` first, or correct the "
                f'symbol: `cryptopipe sql "FROM instruments"` lists them'
            )
        return found

    @cached_property
    def lives(self) -> pl.DataFrame:
        """Every life of the contract: symbol, listed_at and delisted_at."""
        return every_listing(self.warehouse.lake.read(Instruments), self.contract)

    def days(self, *, now: datetime) -> list[date]:
        """Days since the contract was first listed, from the first day of the tables on."""
        listed = self.lives["listed_at"].min()
        assert isinstance(listed, datetime)
        delisted = self.contract["delisted_at"].item()
        first = max(listed.date(), self.vendors.horizon.first_day)
        last = min(now, delisted - MILLISECOND) if delisted else now
        return days_between(first, last.date())

    async def fetch(self) -> Counter[str]:
        """Fetch month by month, the next one while the last one is written.

        Days that fail are named and left out, those after them are fetched: running again asks for
        them, and for nothing that came.

        Returns
        -------
        Calls, downloads and rows.

        Raises
        ------
        RateLimited, ContractError, StorageError
            Months before stay; running again goes on from there.
        VendorUnavailable, VendorRejected, PayloadChanged
            If something failed and of no month there is a bar, or REST does not tell its time.
        """
        spent: Counter[str] = Counter()
        failures: list[VendorError] = []
        has_bars = False
        async with self.vendors.binance() as binance:
            now = await binance.server_time()
        chunks = months(self.days(now=now))
        coming = asyncio.create_task(self._month(chunks[0], now=now)) if chunks else None
        for number, days in enumerate(chunks):
            assert coming is not None
            month = await coming
            has_bars = has_bars or month.is_begun or not month.bars.is_empty()
            failures += month.failures
            is_last = number + 1 == len(chunks)
            coming = (
                None if is_last else asyncio.create_task(self._month(chunks[number + 1], now=now))
            )
            try:
                stored = await asyncio.to_thread(self._store, Ohlcv1m, month.bars)
                stored += await asyncio.to_thread(self._store, FundingRate, month.settlements)
            except BaseException:
                if coming is not None:
                    coming.cancel()
                raise
            spent += month.spent + stored
            self.log.info(
                "%s %s: %s bars and %s settlements new (month %s of %s)",
                *(self.symbol, f"{days[0]:%Y-%m}", month.bars.height, month.settlements.height),
                *(number + 1, len(chunks)),
            )
        if failures and not has_bars:
            raise failures[0] from failures[0].__cause__
        spent["requests_failed"] = len(failures)
        return spent

    async def _month(self, days: list[date], *, now: datetime) -> _Month:
        """Bars and settlements of a month that are not stored."""
        lake = self.warehouse.lake
        own = pl.col("symbol") == self.symbol
        stored = stored_minutes(lake.scan(Ohlcv1m, days[0], days[-1]).filter(own))
        expected = expected_minutes(self.lives, days, now=now)
        names = dict(self.contract.select("vendor_symbol", "symbol").iter_rows())
        frames, spent = [Ohlcv1m.empty_frame()], Counter[str]()
        failures: list[VendorError] = []
        async with self.vendors.binance() as binance, self.vendors.binance_archive() as archive:
            for window in outstanding(expected, stored):
                got = await collect_bars(
                    binance, archive, names, start=window.start, end=window.end, now=now
                )
                frames.append(stamped(got.frame, Ohlcv1m, source=binance.vendor, at=now))
                keep_told(lake, Ohlcv1m.table_name(), got.told, now)
                spent.update(got.counts)
                for failure in got.failures.values():
                    failures.append(failure)
                    self._tell(f"bars of {window.start} to {window.end}", failure)
            spent["api_calls"] = sum(binance.calls.values())
            spent["archive_downloads"] = sum(archive.calls.values())
        settlements, cost = FundingRate.empty_frame(), Counter[str]()
        settled = lake.scan(FundingRate, days[0], days[-1]).filter(own)
        settled_days = settled.select(pl.col("ts").dt.date()).unique().collect().height
        if settled_days < expected.height:
            try:
                settlements, cost = await settlements_of(
                    self.vendors,
                    names,
                    days,
                    versions=lake.read(Instruments),
                    keep=keeper(lake, FundingRate.table_name()),
                )
            except RateLimited:
                raise
            except VendorError as failure:
                failures.append(failure)
                self._tell(f"settlements of {days[0]} to {days[-1]}", failure)
        is_begun = not stored.is_empty()
        return _Month(pl.concat(frames), settlements, spent + cost, failures, is_begun)

    def _tell(self, what: str, failure: VendorError) -> None:
        self.vendors.records.journal.note(
            "fallback",
            f"symbol_history: {self.symbol} lacks {what}, the rest goes on: "
            f"{as_one_of_many(failure)}",
        )

    def _store(self, contract: type[Collected], rows: pl.DataFrame) -> Counter[str]:
        """Put the rows into the files of their days."""
        added = 0
        found = admitted(self.warehouse.lake, contract, contract.conform(rows))
        if found.refused_rows:
            self.log.warning("%s: %s", contract.table_name(), found.why)
        for (day,), part in found.rows.group_by(pl.col("ts").dt.date(), maintain_order=True):
            assert isinstance(day, date)
            added += self.warehouse.lake.upsert(contract, part, day).added
        outside = {"rows_outside_of_life": found.refused_rows} if found.refused_rows else {}
        return Counter({f"{contract.table_name()}_rows_added": added, **outside})
