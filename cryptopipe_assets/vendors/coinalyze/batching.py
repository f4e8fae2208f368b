"""Asking Coinalyze for many symbols: batches, windows, and symbols that go missing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

import polars as pl

from cryptopipe_assets.core.errors import RequestError, VendorUnavailable
from cryptopipe_assets.vendors.coinalyze.parse_bars import closed_bars, read_series, symbols_of
from cryptopipe_assets.vendors.coinalyze.terms import TERMS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.bounds import Bounds

Interval = Literal["1hour", "daily"]
WIDTHS = {"1hour": timedelta(hours=1), "daily": timedelta(days=1)}
SECOND = timedelta(seconds=1)
SYMBOLS_A_REQUEST = 20


@dataclass(frozen=True, kw_only=True)
class History:
    """A question for the bars that opened in ``[start, end)``.

    Attributes
    ----------
    path, fields
        Endpoint, and what is read of each bar besides its stamp.
    allow_missing
        Vendor symbols that may be without an answer.
    unit
        ``usd`` or ``native`` where the endpoint can convert, else null.
    """

    path: str
    fields: tuple[str, ...]
    start: datetime
    end: datetime
    interval: Interval
    allow_missing: Collection[str]
    unit: Literal["usd", "native"] | None = None

    @property
    def width(self) -> timedelta:
        """Length of a bar."""
        return WIDTHS[self.interval]

    def params(self) -> dict[str, str | int]:
        """Return the window in Coinalyze's seconds, of which ``to`` is inclusive."""
        convert = {} if self.unit is None else {"convert_to_usd": str(self.unit == "usd").lower()}
        first, last = round(self.start.timestamp()), round(self.end.timestamp()) - 1
        return {"interval": self.interval, "from": first, "to": last, **convert}


class Asking(VendorClient):
    """A session that can ask for more symbols than fit into one request."""

    vendor: ClassVar[str] = "coinalyze"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    async def bars(self, markets: pl.DataFrame, query: History) -> pl.DataFrame:
        """Return the bars that are over: vendor_symbol, t, the fields, opened_at.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged, RequestError
        """
        now, width = self.clock(), query.width
        may_be_closed = query.start < query.end and query.start + width <= now
        wanted = markets if may_be_closed else markets.clear()
        with self.promised(f"{query.path}"):
            frames = await self.ask(
                query.path,
                wanted,
                query.params(),
                allow_missing=query.allow_missing,
                read=lambda page: read_series(page, query.fields, width=width),
            )
        none = read_series([], query.fields, width=width)
        return closed_bars(
            pl.concat([none, *frames]), width=width, start=query.start, end=query.end, now=now
        )

    async def ask(
        self,
        path: str,
        markets: pl.DataFrame,
        params: Mapping[str, str | int],
        *,
        allow_missing: Collection[str],
        read: Callable[[Any], pl.DataFrame],
    ) -> list[pl.DataFrame]:
        """Return the answers for all markets as read, 20 symbols a request.

        Raises
        ------
        VendorUnavailable
            Also if a symbol is in no answer although it is neither in ``allow_missing`` nor a
            market without data.
        RequestError
            If a market has no name of ours, or is given twice.
        UnexpectedShape
            Of ``read``.
        VendorRejected, PayloadChanged
        """
        _require_names(markets)
        symbols = markets["vendor_symbol"].sort().to_list()
        batches = [
            symbols[first : first + SYMBOLS_A_REQUEST]
            for first in range(0, len(symbols), SYMBOLS_A_REQUEST)
        ]
        may_miss = {*allow_missing, *markets.filter(~pl.col("has_data"))["vendor_symbol"]}

        async def payload_of(batch: Sequence[str]) -> pl.DataFrame:
            query = {"symbols": ",".join(batch), **params}
            payload = await self.get_json(path, query, family="symbols", cost=len(batch))
            self._compare(path, batch, payload, may_miss=may_miss)
            return read(payload)

        return await all_or_nothing(payload_of(each) for each in batches)

    def _compare(
        self, path: str, asked: Sequence[str], payload: Any, *, may_miss: Collection[str]
    ) -> None:
        """Check that an answer is about what was asked, no more and no less."""
        with self.promised(path):
            came = symbols_of(payload)
        if stray := sorted(set(came) - set(asked)):
            raise self.changed(path, f"expected the requested symbols, got also {stray}")
        if len(came) > len(set(came)):
            raise self.changed(path, f"a symbol occurs twice in the response, of {came}")
        if missing := sorted(set(asked) - set(came) - set(may_miss)):
            raise VendorUnavailable(
                self.vendor,
                f"{path}: no series for {len(missing)} of {len(asked)} symbols: "
                f"{', '.join(missing)}. They may be new, delisted, or the window older than what "
                "is kept. Nothing was written; run again later, or list them in allow_missing",
            )


def _require_names(markets: pl.DataFrame) -> None:
    """Check that rows will be told apart: every market has a name, and occurs once."""
    nameless = markets.filter(pl.col("symbol").is_null())["vendor_symbol"].sort().to_list()
    twice = markets.filter(pl.col("vendor_symbol").is_duplicated())["vendor_symbol"].unique().sort()
    if nameless or len(twice):
        raise RequestError(
            f"coinalyze: expected markets with a name, each once; without a name {nameless}, "
            f"twice {twice.to_list()}. Leave these out of the request"
        )
