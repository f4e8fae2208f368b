"""Binance's endpoints that we use; what is known of the vendor is the card of this folder."""

import itertools
import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import polars as pl

from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.core.time import EPOCH, MINUTE_MS
from cryptopipe_assets.vendors.binance.clock import read_time
from cryptopipe_assets.vendors.binance.funding_pages import (
    MOST_ROWS,
    is_cheaper_for_all,
    pages_of_all,
    pages_of_one,
)
from cryptopipe_assets.vendors.binance.kline_pages import newest_open, page_as_csv
from cryptopipe_assets.vendors.binance.parse_instruments import read_instruments
from cryptopipe_assets.vendors.binance.parse_klines import (
    BAR_SCHEMA,
    bars_of,
    read_klines,
    require_different,
    without_repetitions,
)
from cryptopipe_assets.vendors.binance.parse_settlements import (
    STAMPED_SCHEMA,
    read_page,
    settlements_of,
)
from cryptopipe_assets.vendors.binance.terms import TERMS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.gather import all_or_nothing, each_apart
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, refuse

TIME = "/fapi/v1/time"
EXCHANGE_INFO = "/fapi/v1/exchangeInfo"
FUNDING_INFO = "/fapi/v1/fundingInfo"
KLINES = "/fapi/v1/klines"
FUNDING = "/fapi/v1/fundingRate"

# Weight 1 buys up to 99 rows, 2 up to 499, 5 up to 1000, 10 up to 1500: 499 a call is cheapest.
MOST_KLINES = 499
EARLY_MS = 60_000  # a stamp could be a little before its hour


def kline_weight(limit: int) -> int:
    """Weight of a klines request by its ``limit``."""
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


class Binance(VendorClient):
    """The REST endpoints we use, one method each."""

    vendor: ClassVar[str] = "binance"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    async def server_time(self) -> datetime:
        """Return Binance's clock, UTC.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged (also if ours shows another time)
        """
        payload = await self.get_json(TIME, {}, family="weight")
        with self.promised(TIME):
            return read_time(payload, now=self.clock())

    async def instruments(self) -> ListedInstruments:
        """Return the perpetual contracts that Binance lists now, and what it lists besides.

        Returns
        -------
        ListedInstruments with a frame, sorted by symbol, of venue, symbol, vendor_symbol, coin,
        quote, margin_asset, contract_multiplier, contract_type, status, listed_at, delisted_at
        (null while no end is set), funding_interval_hours (8 unless Binance says otherwise),
        price_tick and
        quantity_step (null where Binance gives no such filter).

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        exchange, funding = await all_or_nothing(
            [
                self.get_json(EXCHANGE_INFO, {}, family="weight"),
                self.get_json(FUNDING_INFO, {}, family="funding"),
            ]
        )
        with self.promised(f"{EXCHANGE_INFO}, {FUNDING_INFO}"):
            return read_instruments(exchange, funding)

    async def klines(
        self, symbols: Mapping[str, str], *, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """Return the closed 1-minute bars with ``start <= ts < end``.

        Parameters
        ----------
        symbols
            Vendor symbol to canonical symbol.

        Returns
        -------
        DataFrame of ``BAR_SCHEMA``, sorted by symbol and ts. Minutes for which Binance has no
        bar are absent; a failure is never an empty frame.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        if not symbols or start >= end:
            return BAR_SCHEMA.to_frame()
        return await self.klines_of_spans((*names, start, end) for names in symbols.items())

    async def klines_of_spans(
        self, spans: Iterable[tuple[str, str, datetime, datetime]]
    ) -> pl.DataFrame:
        """Return the closed 1-minute bars of several windows; all else as ``klines``.

        Parameters
        ----------
        spans
            Vendor symbol, canonical symbol, start and end of each; those of a symbol are disjoint.
        """
        frame, failures = await self.klines_apart(spans)
        for failure in failures.values():
            raise failure from failure.__cause__
        return frame

    async def klines_apart(
        self, spans: Iterable[tuple[str, str, datetime, datetime]]
    ) -> tuple[pl.DataFrame, dict[str, VendorError]]:
        """Return the bars of the windows that did not fail, and by canonical symbol what failed.

        All else as ``klines_of_spans``. Bars of one symbol that are another's fail the response
        as a whole: nobody knows whose they are.

        Raises
        ------
        RateLimited, PayloadChanged
        VendorUnavailable
            If the vendor does not even tell its time.
        """
        now = (await self.server_time()).replace(second=0, microsecond=0)
        asked = list(spans)
        came = await each_apart(
            self._klines_of(vendor_symbol, symbol, start=start, end=min(end, now))
            for vendor_symbol, symbol, start, end in asked
        )
        frames = [each for each in came if isinstance(each, pl.DataFrame)]
        failures: dict[str, VendorError] = {}
        for (_, symbol, *_), each in zip(asked, came, strict=True):
            if isinstance(each, VendorError):
                failures.setdefault(symbol, each)
        with self.promised(KLINES):
            require_different(frames)
        return pl.concat([BAR_SCHEMA.to_frame(), *frames]).sort("symbol", "ts"), failures

    async def _klines_of(
        self, vendor_symbol: str, symbol: str, *, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """Page forward until the window is covered or Binance has no more."""
        pages: list[bytes] = []
        cursor, last = -(-_ms(start) // MINUTE_MS) * MINUTE_MS, _ms(end) - 1
        with self.promised(f"{KLINES} {vendor_symbol}"):
            while cursor <= last:
                page = await self._kline_page(vendor_symbol, first=cursor, last=last)
                if not page:
                    break
                pages.append(page)
                if (newest := newest_open(page)) < cursor:
                    raise UnexpectedShape(f"asked from {cursor} on, the newest is {newest}")
                cursor = newest + MINUTE_MS
            klines = without_repetitions(read_klines(b"\n".join(pages)))
            return bars_of(klines, symbol, start=start, end=end)

    async def _kline_page(self, vendor_symbol: str, *, first: int, last: int) -> bytes:
        """Return the lines with ``first <= open_time <= last``, fewer if Binance likes."""
        limit = min(MOST_KLINES, math.ceil((last + 1 - first) / MINUTE_MS))
        params: dict[str, str | int] = {
            "symbol": vendor_symbol,
            "interval": "1m",
            "startTime": first,
            "endTime": last,
            "limit": limit,
        }
        body = await self.get_text(KLINES, params, family="weight", cost=kline_weight(limit))
        try:
            return page_as_csv(body)
        except UnexpectedShape as exc:
            raise UnexpectedShape(f"{exc}: {self.redact(body)}") from exc

    async def settlements(
        self, symbols: Mapping[str, str], *, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """Return the funding settlements with ``start <= ts < end``.

        Asks for all symbols at once where that takes fewer requests than one symbol at a time.

        Parameters
        ----------
        symbols
            Vendor symbol to canonical symbol.

        Returns
        -------
        DataFrame of ``SETTLEMENT_SCHEMA``, sorted by symbol and ts: the rate is a fraction per
        the contract's own interval, and declared_interval_hours is null, as REST does not say.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        if not symbols or start >= end:
            return SETTLEMENT_SCHEMA.to_frame()
        first, last = _ms(start) - EARLY_MS, _ms(end) - 1
        with self.promised(FUNDING):
            if is_cheaper_for_all(len(symbols), start=start, end=end):
                pages = await pages_of_all(self._settlement_page, symbols, first=first, last=last)
            else:
                each_ones = await all_or_nothing(
                    pages_of_one(self._settlement_page, each, first=first, last=last)
                    for each in symbols
                )
                pages = list(itertools.chain.from_iterable(each_ones))
            stamped = pl.concat([STAMPED_SCHEMA.to_frame(), *pages])
            return settlements_of(stamped, symbols, start=start, end=end)

    async def _settlement_page(
        self, vendor_symbol: str | None, *, first: int, last: int
    ) -> pl.DataFrame:
        """Return one page of rows with ``first <= stamp <= last``, of one symbol or of all."""
        params: dict[str, str | int] = {
            **({} if vendor_symbol is None else {"symbol": vendor_symbol}),
            "startTime": first,
            "endTime": last,
            "limit": MOST_ROWS,
        }
        page = read_page(await self.get_json(FUNDING, params, family="funding"))
        others = set(page["vendor_symbol"]) - {vendor_symbol}
        if vendor_symbol is not None and others:
            raise UnexpectedShape(f"asked for {vendor_symbol}, got {sorted(others)}")
        refuse(
            page,
            {f"the row is not of {first} to {last}": ~pl.col("stamp").is_between(first, last)},
            show=("vendor_symbol", "stamp"),
        )
        return page


def _ms(moment: datetime) -> int:
    """Milliseconds since 1970, exactly."""
    return (moment - EPOCH) // timedelta(milliseconds=1)
