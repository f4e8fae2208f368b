"""Coinalyze's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar, Literal

import polars as pl

from cryptopipe_assets.vendors.coinalyze.batching import WIDTHS, Asking, History, Interval
from cryptopipe_assets.vendors.coinalyze.parse_markets import ListedMarkets, read_markets
from cryptopipe_assets.vendors.coinalyze.parse_rows import (
    funding_rows,
    liquidation_rows,
    open_interest_rows,
    read_open_interest_now,
)
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA

MARKETS = "/future-markets"
OPEN_INTEREST = "/open-interest"
OPEN_INTEREST_HISTORY = "/open-interest-history"
FUNDING_HISTORY = "/funding-rate-history"
LIQUIDATION_HISTORY = "/liquidation-history"


class Coinalyze(Asking):
    """The endpoints we use, one method each.

    All but the first are asked about rows of ``markets()``. A symbol that Coinalyze leaves out of
    its answer is an error, unless it is in ``allow_missing`` or its market has no data.
    """

    key_header: ClassVar[str | None] = "api_key"

    async def markets(self) -> pl.DataFrame:
        """Return the futures that Coinalyze knows now, sorted by vendor_symbol.

        Returns
        -------
        DataFrame of vendor_symbol, venue, symbol (null for what expires or has no name of its
        own), coin, quote, margin_type, is_perpetual, oi_denomination, venue_symbol, has_data.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        return (await self.listing()).frame

    async def listing(self) -> ListedMarkets:
        """As ``markets``, and what Coinalyze lists besides.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        payload = await self.get_json(MARKETS, {}, family="symbols")
        with self.promised(MARKETS):
            return read_markets(payload, blank=self.redact.blank)

    async def open_interest(
        self,
        markets: pl.DataFrame,
        *,
        start: datetime,
        end: datetime,
        interval: Interval = "1hour",
        allow_missing: Collection[str] = (),
    ) -> pl.DataFrame:
        """Return open interest at the close of the bars that opened in ``[start, end)``.

        Costs one unit a symbol, and a second one where the market is denominated in its base.

        Parameters
        ----------
        markets
            Rows of ``markets()``.
        interval
            ``1hour``, or ``daily``: then ``ts`` is the day's last hour.
        allow_missing
            Vendor symbols that may be without an answer.

        Returns
        -------
        DataFrame of ``OPEN_INTEREST_SCHEMA``, sorted by venue, symbol and ts.
        open_interest_contracts is null; open_interest_base is null where the market is
        denominated in its quote.

        Raises
        ------
        VendorUnavailable
            Also if a symbol is missing from the answer; it is named.
        VendorRejected, PayloadChanged, RequestError
        """

        def params(unit: Literal["usd", "native"]) -> History:
            return History(
                path=OPEN_INTEREST_HISTORY,
                fields=("c",),
                start=start,
                end=end,
                interval=interval,
                allow_missing=allow_missing,
                unit=unit,
            )

        in_base = markets.filter(pl.col("oi_denomination") == "base")
        usd, base = await all_or_nothing(
            [self.bars(markets, params("usd")), self.bars(in_base, params("native"))]
        )
        with self.promised(OPEN_INTEREST_HISTORY):
            return open_interest_rows(usd, base, markets, width=WIDTHS[interval])

    async def open_interest_now(
        self, markets: pl.DataFrame, allow_missing: Collection[str] = ()
    ) -> pl.DataFrame:
        """Return the current open interest in USD, as ``OPEN_INTEREST_SCHEMA``.

        ``ts`` is the hour of Coinalyze's reading and ``available_at`` its instant + 1 ms.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged, RequestError
        """
        with self.promised(OPEN_INTEREST):
            frames = await self.ask(
                OPEN_INTEREST,
                markets,
                {"convert_to_usd": "true"},
                allow_missing=allow_missing,
                read=lambda payload: read_open_interest_now(payload, markets, now=self.clock()),
            )
        return pl.concat([OPEN_INTEREST_SCHEMA.to_frame(), *frames]).sort("venue", "symbol", "ts")

    async def funding_rates(
        self,
        markets: pl.DataFrame,
        *,
        start: datetime,
        end: datetime,
        interval: Interval = "daily",
        allow_missing: Collection[str] = (),
    ) -> pl.DataFrame:
        """Return the funding rate in the bars that opened in ``[start, end)``.

        Returns
        -------
        DataFrame of ``FUNDING_BAR_SCHEMA``, sorted by venue, symbol and ts (the bar's open).
        funding_rate is the bar's last rate: a fraction per the contract's own interval, as the
        venue states it and not brought to 8 hours.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged, RequestError
        """
        params = History(
            path=FUNDING_HISTORY,
            fields=("h", "l", "c"),
            start=start,
            end=end,
            interval=interval,
            allow_missing=allow_missing,
        )
        bars = await self.bars(markets, params)
        with self.promised(FUNDING_HISTORY):
            return funding_rows(bars, markets, width=params.width)

    async def liquidations(
        self,
        markets: pl.DataFrame,
        *,
        start: datetime,
        end: datetime,
        interval: Interval = "1hour",
        allow_missing: Collection[str] = (),
    ) -> pl.DataFrame:
        """Return what was liquidated in the bars that opened in ``[start, end)``, in USD.

        Returns
        -------
        DataFrame of ``LIQUIDATION_SCHEMA``, sorted by venue, symbol and ts (the bar's open). A
        bar without a row had no liquidation that Coinalyze knows of.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged, RequestError
        """
        params = History(
            path=LIQUIDATION_HISTORY,
            fields=("l", "s"),
            start=start,
            end=end,
            interval=interval,
            allow_missing=allow_missing,
            unit="usd",
        )
        bars = await self.bars(markets, params)
        with self.promised(LIQUIDATION_HISTORY):
            return liquidation_rows(bars, markets, width=params.width)
