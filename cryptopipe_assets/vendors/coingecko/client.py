"""CoinGecko's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

import polars as pl

from cryptopipe_assets.core.errors import RequestError, VendorUnavailable
from cryptopipe_assets.vendors.coingecko.parsing import (
    CANDLE_WIDTHS,
    DAILY_ABOVE_DAYS,
    read_candles,
    read_chart,
    read_coins,
    slugs_of,
)
from cryptopipe_assets.vendors.coingecko.plan_fallback import PING, Fallback
from cryptopipe_assets.vendors.coingecko.terms import COINS_A_PAGE, Plan
from cryptopipe_assets.vendors.http.rejection import Rejection
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA

MARKETS = "/coins/markets"
CHART = "/coins/{id}/market_chart"
OHLC = "/coins/{id}/ohlc"


class CoinGecko(Fallback):
    """The endpoints we use, one method each. Coins are named by the vendor's ids."""

    vendor: ClassVar[str] = "coingecko"

    async def ping(self) -> Plan:
        """Return the plan that answers; it costs one call.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        payload = await self.ask(PING, {})
        if not isinstance(payload, dict) or "gecko_says" not in payload:
            raise self._rejection.of(PING, f"expected gecko_says, got {type(payload).__name__}")
        return self.plan

    async def markets(
        self,
        ids: Sequence[str] | None = None,
        *,
        pages: int = 1,
        allow_missing: Collection[str] = (),
    ) -> pl.DataFrame:
        """Return coins as they are now: those with ``ids``, or the largest by market cap.

        Parameters
        ----------
        ids
            Vendor ids, such as ``bitcoin``; 250 cost one call.
        pages
            Without ids: how many times 250 coins.
        allow_missing
            Ids that the vendor may have dropped.

        Returns
        -------
        DataFrame of ``MARKET_CAP_SCHEMA``, sorted by coin_id (``coingecko:bitcoin``). ``ts`` is
        when the vendor last updated the coin.

        Raises
        ------
        VendorUnavailable
            Also if an id is missing from the answer; it is named.
        VendorRejected, PayloadChanged, RequestError
        """
        if ids is None:
            return await self._largest(pages)
        wanted, frames = sorted(set(ids)), [MARKET_CAP_SCHEMA.to_frame()]
        for first in range(0, len(wanted), COINS_A_PAGE):
            batch = wanted[first : first + COINS_A_PAGE]
            payload = await self._page({"ids": ",".join(batch), "page": 1})
            if missing := sorted(set(batch) - set(self._slugs(payload)) - set(allow_missing)):
                raise VendorUnavailable(
                    self.vendor,
                    f"{MARKETS}: expected {len(batch)} coins, got none with the ids {missing}. "
                    "Nothing was written; check the ids, deactivated ones disappear",
                )
            frames.append(self._coins(payload))
        return pl.concat(frames).sort("coin_id", "ts")

    async def market_chart(
        self, coin_id: str, days: int, *, coin: str, name: str | None = None
    ) -> pl.DataFrame:
        """Return a coin's past: a point a day at 00:00 UTC above 90 days, else one an hour.

        One day has a point every five minutes. The points are instantaneous values, and the
        volume of each is that of the 24 hours before.

        Parameters
        ----------
        coin_id
            Vendor id, such as ``bitcoin``.
        days
            How far back; more than 365 needs a paid plan.
        coin, name
            Ticker and name for the rows: the answer has neither.

        Returns
        -------
        DataFrame of ``MARKET_CAP_SCHEMA``, sorted by ts. rank and supplies are null.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged, RequestError
        """
        payload = await self._past(CHART, coin_id, days)
        is_daily = days > DAILY_ABOVE_DAYS
        with self._rejection.promised(f"{CHART} {coin_id}"):
            return read_chart(
                payload, coin_id, coin=coin, name=name, is_daily=is_daily, now=self.clock()
            )

    async def ohlc(self, coin_id: str, days: int) -> pl.DataFrame:
        """Return closed candles.

        Parameters
        ----------
        days
            1 for candles of 30 minutes; 7, 14 or 30 for 4 hours; 90, 180 or 365 for 4 days.

        Returns
        -------
        DataFrame of ``OHLC_SCHEMA``, sorted by ts (the candle's open).

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged, RequestError
        """
        width = CANDLE_WIDTHS.get(days)
        if width is None:
            raise RequestError(
                f"coingecko: candles are given for {sorted(CANDLE_WIDTHS)} days, not for {days}"
            )
        payload = await self._past(OHLC, coin_id, days)
        with self._rejection.promised(f"{OHLC} {coin_id}"):
            return read_candles(payload, coin_id, width=width, now=self.clock())

    async def _largest(self, pages: int) -> pl.DataFrame:
        """Page forward until there are enough or the vendor has no more."""
        if pages < 1:
            raise RequestError(f"coingecko: expected at least one page, got {pages}")
        frames: list[pl.DataFrame] = []
        before = 0
        for number in range(1, pages + 1):
            payload = await self._page({"order": "market_cap_desc", "page": number})
            came = len(self._slugs(payload))
            if came and number > 1 and before < COINS_A_PAGE:
                raise self._rejection.of(
                    MARKETS, f"expected {COINS_A_PAGE} coins on page {number - 1}, got {before}"
                )
            frames.append(self._coins(payload))
            if not (before := came):
                break
        if frames[0].is_empty():
            raise self._rejection.of(MARKETS, "expected coins, got an empty list")
        return (
            pl.concat(frames)
            .sort("coin_id", "ts")
            # Whose rank changes between two calls may be on both pages.
            .unique("coin_id", keep="last", maintain_order=True)
        )

    async def _page(self, params: dict[str, str | int]) -> Any:
        """Return a page of coins, as sent."""
        return await self.ask(MARKETS, {"vs_currency": "usd", "per_page": COINS_A_PAGE, **params})

    async def _past(self, path: str, coin_id: str, days: int) -> Any:
        """Return a coin's history, as sent."""
        if days < 1:
            raise RequestError(f"coingecko: expected at least one day, got {days}")
        where = path.replace("{id}", quote(coin_id, safe=""))
        return await self.ask(where, {"vs_currency": "usd", "days": days}, label=path)

    def _coins(self, payload: Any) -> pl.DataFrame:
        with self._rejection.promised(MARKETS):
            return read_coins(payload, now=self.clock())

    def _slugs(self, payload: Any) -> list[str]:
        with self._rejection.promised(MARKETS):
            return slugs_of(payload)

    @property
    def _rejection(self) -> Rejection:
        """How responses that are not what the vendor promised are rejected."""
        return Rejection(
            vendor=self.vendor, records=self.records, redact=self.redact, clock=self.clock
        )
