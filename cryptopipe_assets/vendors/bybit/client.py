"""Bybit's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
import polars as pl
from pydantic import TypeAdapter

from cryptopipe_assets.core.errors import PayloadChanged, VendorError, VendorRejected
from cryptopipe_assets.core.time import HOUR_MS, milliseconds
from cryptopipe_assets.vendors.bybit.parsing import (
    CONTRACT_TYPES,
    MARK_BARS,
    MarkBars,
    details_of,
    read_contracts,
    read_history,
    read_tickers,
)
from cryptopipe_assets.vendors.bybit.terms import TERMS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.envelope import Envelope
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.http.responses import Banned
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.fields import Count, Wire
from cryptopipe_assets.vendors.parsing.instruments import ListedInstruments
from cryptopipe_assets.vendors.parsing.listing import Listing
from cryptopipe_assets.vendors.parsing.one_by_one import Failure
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured, together
from cryptopipe_assets.vendors.parsing.perpetuals import Contract, MarginType
from cryptopipe_assets.vendors.parsing.staleness import require_recent
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped
from cryptopipe_assets.vendors.protocols import Wanted

INSTRUMENTS = "/v5/market/instruments-info"
TICKERS = "/v5/market/tickers"
OPEN_INTEREST = "/v5/market/open-interest"
MARK_PRICES = "/v5/market/mark-price-kline"
MOST_INSTRUMENTS = 1000
MOST_POINTS = 200
SILENCE = timedelta(minutes=10)
REACH = timedelta(days=200)
"""How far back is asked: two pages of history and two of mark prices per eight days."""
ENVELOPE = Envelope(
    code="retCode",
    message="retMsg",
    too_often=frozenset({"10006"}),
    broken=frozenset({"10000", "10016"}),
)

Params = dict[str, str | int]


class _List(Wire):
    category: str | None = None
    list: list[Any]
    next_page_cursor: str | None = None


class _Response(Wire):
    result: _List
    time: Count


_RESPONSE = TypeAdapter(_Response)


class Bybit(VendorClient):
    """The REST endpoints we use, one method each."""

    vendor: ClassVar[str] = "bybit"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    def screen(self, response: httpx.Response) -> None:
        """Read the code that Bybit sends with status 200; "too frequent" is a ban, not a key."""
        if response.status_code == 403 and b"too frequent" in response.content.lower():
            raise Banned(self.clock() + SILENCE)
        ENVELOPE.open(response, vendor=self.vendor, redact=self.redact)

    async def contracts(self) -> dict[str, Contract]:
        """Return the perpetuals of coins that trade now, by Bybit's own name.

        Expiring futures, contracts of stocks, metals and currencies, those before their launch,
        and kinds that we do not know, are left out.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        return (await self._listing()).contracts

    async def instruments(self) -> ListedInstruments:
        """Return the perpetual contracts that Bybit lists now, and what it lists besides.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        listing = await self._listing()
        with self.promised(INSTRUMENTS):
            return listing.instruments(self.vendor, details_of)

    async def _listing(self) -> Listing:
        """What is listed, each row judged by itself."""
        pages = await all_or_nothing(
            self._pages(INSTRUMENTS, {"category": each, "limit": MOST_INSTRUMENTS})
            for each in CONTRACT_TYPES
        )
        with self.promised(INSTRUMENTS):
            return read_contracts([row for rows in pages for row in rows])

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Return the open interest of the coins' contracts, at most 200 days back.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        since = wanted.since(REACH)
        if since >= wanted.end:
            return Measured(OPEN_INTEREST_SCHEMA.to_frame())
        listing = await self._listing()
        theirs = {n: each for n, each in listing.contracts.items() if each.coin in wanted.coins}
        found = await self.open_interest(theirs, start=since, end=wanted.end)
        counts = Counter(found.left_out)
        listing.count_into(counts)
        return Measured(
            found.frame,
            dict(+counts),
            {**listing.failed, **found.failed},
            passed_over=listing.not_collected,
        )

    async def open_interest_now(self, contracts: Mapping[str, Contract]) -> Measured:
        """Return one side's open interest of ``contracts``, as of the time of the answers.

        Left out and counted: tickers not in ``contracts``, and contracts of which Bybit says
        nothing or a blank.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        margins = {each.margin_type for each in contracts.values()}
        return together(
            await all_or_nothing(self._tickers(each, contracts) for each in sorted(margins))
        )

    async def open_interest(
        self, contracts: Mapping[str, Contract], *, start: datetime, end: datetime
    ) -> Measured:
        """Return one side's hourly open interest with ``start <= ts < end``.

        A contract that Bybit refuses, or of which it tells what cannot be true, fails by itself and
        is named. Bybit keeps sizes only. They are valued at the mark price with which the hour
        closed; points without one are left out and counted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        first, last = milliseconds(start), milliseconds(end) - 1
        asked = [each for each in contracts.values() if first <= last]
        responses = await all_or_nothing(
            self._history_or_error(each, first=first, last=last) for each in asked
        )
        errors = [each for each in responses if isinstance(each, VendorError)]
        if errors and len(errors) == len(asked):
            raise errors[0]
        found = together(each for each in responses if isinstance(each, Measured))
        failed = {
            contract.vendor_symbol: Failure(contract.coin, str(error))
            for contract, error in zip(asked, responses, strict=True)
            if isinstance(error, VendorError)
        }
        left_out = Counter(found.left_out) + Counter(failed=len(failed))
        window = pl.col("ts").is_between(start, end, closed="left")
        return Measured(found.frame.filter(window), dict(left_out), failed)

    async def _tickers(
        self, margin_type: MarginType, contracts: Mapping[str, Contract]
    ) -> Measured:
        of_it = {name: each for name, each in contracts.items() if each.margin_type == margin_type}
        payload = await self._request(TICKERS, {"category": margin_type})
        with self.promised(f"{TICKERS} {margin_type}"):
            require_recent(payload.time, now=self.clock(), vendor=self.vendor, what=TICKERS)
            return read_tickers(payload.result.list, of_it, stamp=payload.time)

    async def _history_or_error(
        self, contract: Contract, *, first: int, last: int
    ) -> Measured | VendorError:
        try:
            return await self._history(contract, first=first, last=last)
        except (VendorRejected, PayloadChanged) as exc:
            return exc

    async def _history(self, contract: Contract, *, first: int, last: int) -> Measured:
        """Return the points of the hours that open from ``first`` to ``last`` (ms)."""
        named: Params = {"category": contract.margin_type, "symbol": contract.vendor_symbol}
        window: Params = {"startTime": first + HOUR_MS, "endTime": last + HOUR_MS}
        points = await self._pages(
            OPEN_INTEREST, {**named, "intervalTime": "1h", **window, "limit": MOST_POINTS}
        )
        with self.promised(f"{OPEN_INTEREST} {contract.vendor_symbol}"):
            marks = await self._marks(named, first=first, last=last) if points else []
            ends = range(-(-first // HOUR_MS) * HOUR_MS + HOUR_MS, last + HOUR_MS + 1, HOUR_MS)
            return read_history(points, marks, contract, ends=ends)

    async def _marks(self, named: Params, *, first: int, last: int) -> MarkBars:
        """Return the hourly bars of the mark price that open in the window, paging backward."""
        bars: list[tuple[int, float, float, float, float]] = []
        while first <= last:
            window: Params = {"start": first, "end": last, "limit": MOST_POINTS}
            payload = await self._request(MARK_PRICES, {**named, "interval": "60", **window})
            page = shaped(MARK_BARS, payload.result.list)
            if not page:
                break
            oldest, newest = (edge(opened for opened, *_ in page) for edge in (min, max))
            if oldest < first or newest > last:
                raise UnexpectedShape(
                    f"{MARK_PRICES}: asked {first} to {last}, got {oldest} to {newest}"
                )
            bars += page
            last = oldest - 1
        return bars

    async def _pages(self, path: str, params: Params) -> list[Any]:
        """Return the rows of all pages, each of which names the next by its cursor."""
        rows: list[Any] = []
        seen = {""}
        asked = params
        while True:
            result = (await self._request(path, asked)).result
            rows += result.list
            cursor = result.next_page_cursor or ""
            if not cursor or not result.list:
                return rows
            if cursor in seen:
                raise self.changed(path, f"the cursor {cursor!r} leads to itself")
            seen.add(cursor)
            asked = {**params, "cursor": cursor}

    async def _request(self, path: str, params: Params) -> _Response:
        with self.promised(path):
            payload = shaped(_RESPONSE, await self.get_json(path, params, family="requests"))
            if payload.result.category not in (None, params["category"]):
                raise UnexpectedShape(
                    f"asked for {params['category']}, got {payload.result.category}"
                )
        return payload
