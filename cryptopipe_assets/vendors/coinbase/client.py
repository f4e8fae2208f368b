"""Coinbase's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.vendors.coinbase.terms import TERMS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.fields import Count, Number
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA, market_caps
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, refuse, shaped

PRODUCTS = "/products"
CANDLES = "/products/{}/candles"
CANDLES_A_PAGE = 300
QUOTE = "USD"
DAY_SECONDS = 86_400


class _Product(TypedDict):
    id: str
    base_currency: str
    quote_currency: str


_PRODUCTS = TypeAdapter(list[_Product])
_CANDLES = TypeAdapter(list[tuple[Count, Number, Number, Number, Number, Number]])
_RAW = ("t", "low", "high", "open", "close", "volume")


class Coinbase(VendorClient):
    """The endpoints we use, one method each."""

    vendor: ClassVar[str] = "coinbase"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    async def dollar_products(self) -> dict[str, str]:
        """Return the products that are priced in US dollars: base currency to product, sorted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        answer = await self.get_json(PRODUCTS, {}, family="public")
        with self.promised(PRODUCTS):
            return read_products(answer)

    async def daily_closes(
        self, products: dict[str, str], *, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """Return the closes of the days that opened in ``[start, end)`` and are over.

        Parameters
        ----------
        products
            Coin to product.
        start, end
            Midnights, UTC.

        Returns
        -------
        DataFrame of ``MARKET_CAP_SCHEMA``, sorted by coin_id (``coinbase:BTC-USD``) and ts, which
        is the day's end. Only the price and the day's volume (this exchange's, in USD at the
        close) are known. A day without a trade has no row.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        over = min(end, self.clock().replace(hour=0, minute=0, second=0, microsecond=0))
        pages = await all_or_nothing(
            self._page(coin, product, first=first, last=min(first + _PAGE, over) - DAY)
            for coin, product in sorted(products.items())
            for first in _firsts(start, over)
        )
        return pl.concat([MARKET_CAP_SCHEMA.to_frame(), *pages]).sort("coin_id", "ts")

    async def _page(
        self, coin: str, product: str, *, first: datetime, last: datetime
    ) -> pl.DataFrame:
        path = CANDLES.format(product)
        window: dict[str, str | int] = {
            "start": first.isoformat(),
            "end": last.isoformat(),
            "granularity": DAY_SECONDS,
        }
        answer = await self.get_json(path, window, family="public", label=CANDLES)
        with self.promised(path):
            return read_candles(answer, coin=coin, product=product, first=first, last=last)


_PAGE = CANDLES_A_PAGE * DAY


def _firsts(start: datetime, end: datetime) -> Sequence[datetime]:
    """First day of each page."""
    return [start + page * _PAGE for page in range(-(-max(end - start, 0 * DAY) // _PAGE))]


def read_products(answer: Any) -> dict[str, str]:
    """Return base currency to product, of what is priced in US dollars; sorted.

    Raises
    ------
    UnexpectedShape
        If a field is missing, there is none, or a coin or a product has two of the other.
    """
    pairs = {
        (each["base_currency"].upper(), each["id"])
        for each in shaped(_PRODUCTS, answer)
        if each["quote_currency"] == QUOTE
    }
    found = dict(sorted(pairs))
    if not pairs or len(found) < len(pairs) or len(set(found.values())) < len(pairs):
        raise UnexpectedShape(
            f"expected one product in {QUOTE} of each coin, got {len(pairs)} of {len(found)} coins"
        )
    return found


def read_candles(
    payload: Any, *, coin: str, product: str, first: datetime, last: datetime
) -> pl.DataFrame:
    """Return ``MARKET_CAP_SCHEMA`` from one page of daily candles.

    Raises
    ------
    UnexpectedShape
        If a candle is not a day, lies outside of ``first`` to ``last``, or occurs twice.
    """
    candles = pl.DataFrame(shaped(_CANDLES, payload), schema=_RAW_SCHEMA, orient="row")
    opened = (pl.col("t") * 1000).cast(TIMESTAMP)
    refuse(
        candles,
        {
            "the candle is not a UTC day": pl.col("t") % DAY_SECONDS != 0,
            "the candle is not of the days asked for": ~opened.is_between(first, last),
            "the close is outside of low and high": ~pl.col("close").is_between("low", "high"),
        },
        show=("t", "close"),
    )
    nothing = pl.lit(None, dtype=pl.Float64)
    rows = candles.select(
        ts=opened + pl.duration(days=1),
        coin_id=pl.lit(f"coinbase:{product}"),
        coin=pl.lit(coin),
        name=pl.lit(product),
        rank=pl.lit(None, dtype=pl.Int64),
        price_usd="close",
        market_cap_usd=nothing,
        circulating_supply=nothing,
        total_supply=nothing,
        max_supply=nothing,
        volume_24h_usd=pl.col("close") * pl.col("volume"),
    )
    return market_caps(rows, vendor=Coinbase.vendor)


_RAW_SCHEMA = {name: pl.Int64() if name == "t" else pl.Float64() for name in _RAW}
