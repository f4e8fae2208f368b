"""CoinMarketCap's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, ClassVar

import httpx
import polars as pl

from cryptopipe_assets.core.errors import RequestError, VendorUnavailable
from cryptopipe_assets.vendors.coinmarketcap.parsing import (
    RAW_SCHEMA,
    closing,
    latest,
    missing_ids,
    read_listing,
    read_quotes,
)
from cryptopipe_assets.vendors.coinmarketcap.status import act_on, read_status
from cryptopipe_assets.vendors.coinmarketcap.terms import TERMS
from cryptopipe_assets.vendors.http.client import Params, VendorClient
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA

LATEST = "/v1/cryptocurrency/listings/latest"
HISTORICAL = "/v1/cryptocurrency/listings/historical"
QUOTES = "/v2/cryptocurrency/quotes/latest"
COINS_A_PAGE = 5000
COINS_A_QUOTE = 100  # what one credit buys


class CoinMarketCap(VendorClient):
    """The endpoints we use, one method each."""

    vendor: ClassVar[str] = "coinmarketcap"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds
    key_header: ClassVar[str | None] = "X-CMC_PRO_API_KEY"

    @cached_property
    def credits(self) -> Counter[str]:
        """Credits spent per endpoint, by the vendor's own count."""
        return Counter()

    def screen(self, response: httpx.Response) -> None:
        """Count the credits and act on the code in the body; HTTP 200 may carry a failure."""
        check_result = read_status(response)
        if check_result is None:
            return
        root = httpx.URL(self.base_url).path.rstrip("/")
        endpoint = response.url.path.removeprefix(root)
        self.credits[endpoint] += check_result.credits
        self.spend("credits", endpoint, calls=0, units=check_result.credits)
        act_on(check_result, response, said=self.redact(check_result.message), now=self.clock())

    async def listings_latest(self, limit: int) -> pl.DataFrame:
        """Return the ``limit`` largest coins as they are now.

        Returns
        -------
        DataFrame of ``MARKET_CAP_SCHEMA``, sorted by coin_id (``cmc:1``). ``ts`` is when the
        vendor last updated the coin. Fewer rows mean that the vendor lists no more, or that some
        have no price, which the log names.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged, RequestError
        """
        raw = await self._listing(LATEST, limit, {})
        with self.promised(LATEST):
            return latest(raw, now=self.clock())

    async def listings_historical(self, day: date, limit: int) -> pl.DataFrame:
        """Return the ``limit`` largest coins as they were at the end of ``day``.

        Returns
        -------
        DataFrame of ``MARKET_CAP_SCHEMA``, sorted by coin_id. ``ts`` is 00:00 UTC of the day
        after: the vendor's label names the day whose close the values are.

        Raises
        ------
        RequestError
            If the day is not over.
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        midnight = datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)
        if midnight > self.clock():
            raise RequestError(f"coinmarketcap: {day} is not over; request an earlier day")
        raw = await self._listing(HISTORICAL, limit, {"date": day.isoformat()})
        with self.promised(HISTORICAL):
            return closing(raw, midnight=midnight)

    async def quotes_latest(self, ids: Sequence[int]) -> pl.DataFrame:
        """Return the coins with the vendor's numbers ``ids`` as they are now.

        Returns
        -------
        DataFrame as of ``listings_latest``.

        Raises
        ------
        VendorUnavailable
            Also if a coin is missing from the answer; it is named.
        VendorRejected, PayloadChanged
        """
        pages = [MARKET_CAP_SCHEMA.to_frame()]
        wanted = sorted(set(ids))
        for first in range(0, len(wanted), COINS_A_QUOTE):
            pages.append(await self._quotes(wanted[first : first + COINS_A_QUOTE]))
        return pl.concat(pages).sort("coin_id", "ts")

    async def _quotes(self, ids: Sequence[int]) -> pl.DataFrame:
        """Return up to 100 coins."""
        query: dict[str, str | int] = {"id": ",".join(map(str, ids)), "convert": "USD"}
        payload = await self.get_json(QUOTES, query, family="calls")
        with self.promised(QUOTES):
            raw = read_quotes(payload)
            if missing := missing_ids(raw, ids):
                raise VendorUnavailable(
                    self.vendor,
                    f"{QUOTES}: expected {len(ids)} coins, got none with the ids {missing}. "
                    "Nothing was written; check the ids, the vendor may have dropped them",
                )
            return latest(raw, now=self.clock())

    async def _listing(self, path: str, limit: int, params: Params) -> pl.DataFrame:
        """Page forward until there are ``limit`` coins or the vendor has no new ones."""
        if limit < 1:
            raise RequestError(f"coinmarketcap: expected a limit of at least 1 coin, got {limit}")
        raw = RAW_SCHEMA.to_frame()
        while raw.height < limit:
            page = {"start": raw.height + 1, "limit": min(limit - raw.height, COINS_A_PAGE)}
            payload = await self.get_json(
                path, {**page, "convert": "USD", **params}, family="calls"
            )
            with self.promised(path):
                fresh = read_listing(payload).join(raw, on="coin_id", how="anti")
            if fresh.is_empty():
                _require_end(payload, raw.height, limit)
                break
            raw = raw.vstack(fresh)
        if raw.is_empty():
            raise self.changed(path, f"expected {limit} coins, got an empty list")
        return raw


def _require_end(payload: Any, height: int, limit: int) -> None:
    """Check that a page without new coins is an empty one.

    Raises
    ------
    VendorUnavailable
        If it has coins that were listed before: then an earlier page lacked one of its own.
    """
    if repeated := len(payload["data"]):
        raise VendorUnavailable(
            CoinMarketCap.vendor,
            f"expected {limit} coins, got {height}, and then {repeated} of them again: a page was "
            "without a coin of its own. Nothing was written; run again later",
        )
