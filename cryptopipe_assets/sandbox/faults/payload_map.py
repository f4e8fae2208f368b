"""Where the parts of each answer are: its rows, and in a row the stamp, the symbol, a number.

A fault that is about any vendor ("a number is null") finds by this what to break.
"""

from dataclasses import dataclass
from typing import Any, Literal

Step = str | int
Path = tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class PayloadMap:
    """The parts of one endpoint's answer.

    Parameters
    ----------
    rows
        From the answer to its list of rows (or object of rows); empty if the answer is that list.
        Null where the answer is one object, which then is the only row.
    stamp, symbol, number, word
        From a row to its time, to the name of what it is about, to a number that a reader needs,
        and to a word of a fixed list. Null where rows have none.
    clock
        What the stamp counts: milliseconds, seconds, or an ISO instant.
    named
        From the answer to the list whose members are about one symbol each, where that is not
        ``rows``.
    """

    rows: Path | None = ()
    stamp: Path | None = None
    symbol: Path | None = None
    number: Path
    word: Path | None = None
    clock: Literal["ms", "s", "iso"] = "ms"
    named: Path | None = None


_ARRAY = PayloadMap(stamp=(0,), number=(4,))
_SERIES = PayloadMap(
    rows=(0, "history"), stamp=("t",), symbol=("symbol",), number=("c",), clock="s", named=()
)
_USD = ("quote", "USD")
_COIN = PayloadMap(
    rows=("data",),
    stamp=(*_USD, "last_updated"),
    symbol=("id",),
    number=(*_USD, "price"),
    clock="iso",
)
ANATOMIES = {
    ("binance", "time"): PayloadMap(rows=None, stamp=("serverTime",), number=("serverTime",)),
    ("binance", "exchangeInfo"): PayloadMap(
        rows=("symbols",),
        stamp=("onboardDate",),
        symbol=("symbol",),
        number=("filters", 0, "tickSize"),
        word=("status",),
    ),
    ("binance", "fundingInfo"): PayloadMap(symbol=("symbol",), number=("fundingIntervalHours",)),
    ("binance", "klines"): _ARRAY,
    ("binance", "fundingRate"): PayloadMap(
        stamp=("fundingTime",), symbol=("symbol",), number=("fundingRate",)
    ),
    ("binance", "openInterestHist"): PayloadMap(
        stamp=("timestamp",), symbol=("symbol",), number=("sumOpenInterestValue",)
    ),
    ("binance-archive", "klines"): PayloadMap(stamp=("open_time",), number=("close",)),
    ("binance-archive", "fundingRate"): PayloadMap(
        stamp=("calc_time",), number=("last_funding_rate",)
    ),
    ("binance-archive", "metrics"): PayloadMap(
        stamp=("create_time",), symbol=("symbol",), number=("sum_open_interest_value",), clock="iso"
    ),
    ("bybit", "market/instruments-info"): PayloadMap(
        rows=("result", "list"), symbol=("symbol",), number=("baseCoin",), word=("contractType",)
    ),
    ("bybit", "market/tickers"): PayloadMap(
        rows=("result", "list"), symbol=("symbol",), number=("openInterest",)
    ),
    ("bybit", "market/open-interest"): PayloadMap(
        rows=("result", "list"), stamp=("timestamp",), number=("openInterest",)
    ),
    ("bybit", "market/mark-price-kline"): PayloadMap(
        rows=("result", "list"), stamp=(0,), number=(4,)
    ),
    ("okx", "public/instruments"): PayloadMap(
        rows=("data",), symbol=("instId",), number=("ctVal",), word=("ctType",)
    ),
    ("okx", "public/open-interest"): PayloadMap(
        rows=("data",), stamp=("ts",), symbol=("instId",), number=("oiUsd",)
    ),
    ("gate", "futures/usdt/contracts"): PayloadMap(
        symbol=("name",), number=("quanto_multiplier",), word=("type",)
    ),
    ("gate", "futures/usdt/tickers"): PayloadMap(symbol=("contract",), number=("mark_price",)),
    ("gate", "futures/usdt/funding_rate"): PayloadMap(stamp=("t",), number=("r",), clock="s"),
    ("hyperliquid", "info"): PayloadMap(rows=(1,), number=("openInterest",)),
    ("coinalyze", "future-markets"): PayloadMap(
        symbol=("symbol",), number=("base_asset",), word=("margined",)
    ),
    ("coinalyze", "open-interest"): PayloadMap(
        stamp=("update",), symbol=("symbol",), number=("value",)
    ),
    ("coinalyze", "open-interest-history"): _SERIES,
    ("coinalyze", "funding-rate-history"): _SERIES,
    ("coinalyze", "liquidation-history"): PayloadMap(
        rows=(0, "history"), stamp=("t",), symbol=("symbol",), number=("l",), clock="s", named=()
    ),
    ("coinmarketcap", "cryptocurrency/listings/latest"): _COIN,
    ("coinmarketcap", "cryptocurrency/listings/historical"): _COIN,
    ("coinmarketcap", "cryptocurrency/quotes/latest"): _COIN,
    ("coinbase", "products"): PayloadMap(symbol=("id",), number=("base_currency",)),
    ("coinbase", "products/candles"): PayloadMap(stamp=(0,), number=(4,), clock="s"),
    ("coingecko", "ping"): PayloadMap(rows=None, number=("gecko_says",)),
    ("coingecko", "coins/markets"): PayloadMap(
        stamp=("last_updated",), symbol=("id",), number=("current_price",), clock="iso"
    ),
    ("coingecko", "coins/market_chart"): PayloadMap(rows=("prices",), stamp=(0,), number=(1,)),
    ("coingecko", "coins/ohlc"): _ARRAY,
}
"""By vendor and endpoint, as ``endpoint_of`` names them."""


def follow(value: Any, path: Path) -> Any:
    """Return what lies at the end of the path."""
    for step in path:
        value = value[step]
    return value


def put(value: Any, path: Path, new: Any) -> None:
    """Replace what lies at the end of a path of at least one step."""
    follow(value, path[:-1])[path[-1]] = new


def rows_of(answer: Any, path: Path | None) -> list[Any]:
    """Return the rows as a list; changes inside a row are changes of the answer."""
    if path is None:
        return [answer]
    rows = follow(answer, path)
    return list(rows.values()) if isinstance(rows, dict) else list(rows)


def with_rows(answer: Any, path: Path | None, rows: list[Any]) -> Any:
    """Return the answer with these rows in place of its own."""
    if path is None:
        return rows[0] if rows else {}
    held = follow(answer, path)
    new = dict(zip(held, rows, strict=False)) if isinstance(held, dict) else rows
    if not path:
        return new
    put(answer, path, new)
    return answer
