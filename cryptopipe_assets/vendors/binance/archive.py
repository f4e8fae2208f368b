"""Binance's bulk archive of USD-M futures.

Docs      https://github.com/binance/binance-public-data
Auth      none
Budgets   none documented
History   from listing; a day's file appears the next day, a month's on the first Monday after
Symbols   ``BTCUSDT``, ``1000PEPEUSDT``
Files     a zip of one CSV, with a header line from about June 2022 on, and its sha256 beside it
Terms     https://www.binance.com/en/terms
"""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import date
from typing import ClassVar

import polars as pl

from cryptopipe_assets.core.errors import NotPublished
from cryptopipe_assets.vendors.binance.archive_file import (
    ArchiveFile,
    checksum_in,
    csv_of,
    rows_of,
)
from cryptopipe_assets.vendors.binance.terms import TERMS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.parsing.bounds import Bounds, bounds_of


class BinanceArchive(VendorClient):
    """The archive's files we use, one method each; all are checked against their checksum."""

    vendor: ClassVar[str] = "binance-archive"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    async def klines_of_month(self, vendor_symbol: str, symbol: str, month: date) -> pl.DataFrame:
        """Return the 1-minute bars of the calendar month that ``month`` is in.

        ``BAR_SCHEMA``, sorted by ts, the same rows as ``Binance.klines`` gives.

        Raises
        ------
        NotPublished
            If the archive has no such file (yet).
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        return await self._rows(ArchiveFile.of_month("1m", vendor_symbol, month), symbol)

    async def klines_of_day(self, vendor_symbol: str, symbol: str, day: date) -> pl.DataFrame:
        """Return the 1-minute bars of one day; all else as ``klines_of_month``."""
        return await self._rows(ArchiveFile.of_day("1m", vendor_symbol, day), symbol)

    async def settlements_of_month(
        self, vendor_symbol: str, symbol: str, month: date
    ) -> pl.DataFrame:
        """Return the funding settlements of the calendar month that ``month`` is in.

        ``SETTLEMENT_SCHEMA``, sorted by ts, as ``Binance.settlements`` gives but with the
        interval that Binance declares for each. All else as ``klines_of_month``.
        """
        return await self._rows(ArchiveFile.of_month("fundingRate", vendor_symbol, month), symbol)

    async def _rows(self, file: ArchiveFile, symbol: str) -> pl.DataFrame:
        csv = await self.csv(file)

        def read() -> pl.DataFrame:
            with self.promised(file.path):
                return rows_of(file, csv, symbol)

        return await asyncio.to_thread(read)

    async def csv(self, file: ArchiveFile) -> bytes:
        """Return the CSV in a zip whose checksum is right, which is asked for twice at most.

        Raises
        ------
        NotPublished
            If the archive has no such file (yet).
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        fault = ""
        for _ in range(2):
            archive = await self.get_bytes(file.path, family=file.family)
            expected = await self._checksum(file)
            came = await asyncio.to_thread(lambda body: hashlib.sha256(body).hexdigest(), archive)
            if came == expected:
                return await asyncio.to_thread(self._unzipped, archive, file)
            fault = f"expected sha256 {expected}, came {came} ({len(archive)} bytes), twice"
        raise self.changed(file.path, fault)

    async def _checksum(self, file: ArchiveFile) -> str:
        """Return what the file beside the zip says that its sha256 is."""
        beside = f"{file.path}.CHECKSUM"
        try:
            line = await self.get_bytes(beside, family="checksum")
        except NotPublished as exc:
            raise self.changed(file.path, f"there is no {beside} to verify it with") from exc
        with self.promised(beside):
            return checksum_in(line.decode("utf-8", "replace"), file.name)

    def _unzipped(self, archive: bytes, file: ArchiveFile) -> bytes:
        """Return the one file in the zip."""
        with self.promised(file.path):
            return csv_of(archive, bounds_of(self.bounds, file.family, is_file=True))
