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
import calendar
import hashlib
import io
import zipfile
from datetime import date, timedelta
from typing import ClassVar

import polars as pl

from cryptopipe_assets.core.errors import NotPublished
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.vendors.binance.parse_klines import (
    bars_of,
    read_klines,
    without_repetitions,
)
from cryptopipe_assets.vendors.binance.parse_settlements import read_archive, settlements_of
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

ROOT = "/data/futures/um"


class BinanceArchive(VendorClient):
    """The archive's files we use, one method each; all are checked against their checksum."""

    vendor: ClassVar[str] = "binance-archive"

    async def klines_of_month(self, vendor_symbol: str, symbol: str, month: date) -> pl.DataFrame:
        """Return the 1-minute bars of the calendar month that ``month`` is in.

        ``BAR_SCHEMA``, sorted by ts, the same rows as ``Binance.klines`` gives.

        Raises
        ------
        NotPublished
            If the archive has no such file (yet).
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        name = f"{vendor_symbol}-1m-{month:%Y-%m}.zip"
        path = f"{ROOT}/monthly/klines/{vendor_symbol}/1m/{name}"
        csv = await self.csv(path, family="monthly/klines")
        first = month.replace(day=1)
        return await asyncio.to_thread(
            self._bars, csv, path, symbol, start=first, end=next_month(first)
        )

    async def klines_of_day(self, vendor_symbol: str, symbol: str, day: date) -> pl.DataFrame:
        """Return the 1-minute bars of one day; all else as ``klines_of_month``."""
        name = f"{vendor_symbol}-1m-{day:%Y-%m-%d}.zip"
        path = f"{ROOT}/daily/klines/{vendor_symbol}/1m/{name}"
        csv = await self.csv(path, family="daily/klines")
        return await asyncio.to_thread(
            self._bars, csv, path, symbol, start=day, end=day + timedelta(days=1)
        )

    async def settlements_of_month(
        self, vendor_symbol: str, symbol: str, month: date
    ) -> pl.DataFrame:
        """Return the funding settlements of the calendar month that ``month`` is in.

        ``SETTLEMENT_SCHEMA``, sorted by ts, as ``Binance.settlements`` gives but with the
        interval that Binance declares for each.

        Raises
        ------
        NotPublished
            If the archive has no such file (yet).
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        name = f"{vendor_symbol}-fundingRate-{month:%Y-%m}.zip"
        path = f"{ROOT}/monthly/fundingRate/{vendor_symbol}/{name}"
        csv = await self.csv(path, family="monthly/fundingRate")
        first = month.replace(day=1)
        start, end = midnight(first), midnight(next_month(first))
        try:
            stamped = read_archive(csv, vendor_symbol)
            return settlements_of(stamped, {vendor_symbol: symbol}, start=start, end=end)
        except UnexpectedShape as exc:
            raise self.changed(path, exc) from exc

    def _bars(self, csv: bytes, path: str, symbol: str, *, start: date, end: date) -> pl.DataFrame:
        """Make a file's lines into bars; lines that repeat another one exactly are dropped."""
        try:
            klines = without_repetitions(read_klines(csv))
            if klines.is_empty():
                raise UnexpectedShape("expected bars, the file has none")
            return bars_of(klines, symbol, start=midnight(start), end=midnight(end))
        except UnexpectedShape as exc:
            raise self.changed(path, exc) from exc

    async def csv(self, path: str, *, family: str) -> bytes:
        """Return the CSV in a zip whose checksum is right, which is asked for twice at most."""
        fault = ""
        for _ in range(2):
            archive = await self.get_bytes(path, family=family)
            expected = await self._checksum(path)
            came = await asyncio.to_thread(lambda body: hashlib.sha256(body).hexdigest(), archive)
            if came == expected:
                return await asyncio.to_thread(self._unzipped, archive, path)
            fault = f"expected sha256 {expected}, came {came} ({len(archive)} bytes), twice"
        raise self.changed(path, fault)

    async def _checksum(self, path: str) -> str:
        """Return what the file beside the zip says that its sha256 is."""
        try:
            line = await self.get_bytes(f"{path}.CHECKSUM", family="checksum")
        except NotPublished as exc:
            raise self.changed(path, f"there is no {path}.CHECKSUM to verify it with") from exc
        words = line.split()
        of_this_file = len(words) == 2 and path.encode().endswith(words[1].lstrip(b"*"))
        if not of_this_file or len(words[0]) != 64:
            raise self.changed(
                f"{path}.CHECKSUM",
                f"expected a sha256 and the file's name, got {self.redact(line)}",
            )
        return words[0].decode().lower()

    def _unzipped(self, archive: bytes, path: str) -> bytes:
        """Return the one file in the zip."""
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as opened:
                names = opened.namelist()
                if len(names) != 1 or not names[0].endswith(".csv"):
                    raise self.changed(path, f"expected one .csv in the zip, got {names}")
                return opened.read(names[0])
        except zipfile.BadZipFile as exc:
            raise self.changed(path, f"right checksum, but no zip: {exc}") from exc


def next_month(first: date) -> date:
    """Return the first day of the month after the one that begins with ``first``."""
    return first + timedelta(days=calendar.monthrange(first.year, first.month)[1])
