"""Coinalyze's list of futures, made into a map from its symbols to ours. Pure: no network.

``SOMIUSDT_PERP.A`` is no contract of coin USDT: only what the list says of a symbol counts, not
what its letters look like.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NotRequired

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.core.symbology import perpetual, split_multiplier
from cryptopipe_assets.core.unreadable import UNREADABLE
from cryptopipe_assets.vendors.parsing.instruments import Passed, require_most
from cryptopipe_assets.vendors.parsing.listing import (
    Names,
    pair_of,
    symbol_of,
    why_no_perpetual,
)
from cryptopipe_assets.vendors.parsing.one_by_one import Failure
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped, unreadable

logger = logging.getLogger("cryptopipe.vendors")

HYPERLIQUID = "H"
VENUES = {
    "A": "binance",
    "6": "bybit",
    "3": "okx",
    HYPERLIQUID: "hyperliquid",
    "Y": "gate",
    "0": "bitmex",
    "2": "deribit",
    "4": "huobi",
    "8": "dydx",
    "K": "kraken",
    "C": "coinbase",
}
MARGINS = {"STABLE": "linear", "COIN": "inverse"}
DENOMINATIONS = {"BASE_ASSET": "base", "QUOTE_ASSET": "quote"}

MARKET_SCHEMA = pl.Schema(
    {
        "vendor_symbol": pl.String(),
        "venue": pl.String(),
        "symbol": pl.String(),
        "coin": pl.String(),
        "quote": pl.String(),
        "margin_type": pl.String(),
        "is_perpetual": pl.Boolean(),
        "oi_denomination": pl.String(),
        "venue_symbol": pl.String(),
        "has_data": pl.Boolean(),
    }
)


class _Market(TypedDict):
    symbol: str
    exchange: str
    symbol_on_exchange: str
    base_asset: str
    quote_asset: str
    is_perpetual: bool
    margined: str
    oi_lq_vol_denominated_in: str | None
    has_ohlcv_data: NotRequired[bool | None]


_ROWS = TypeAdapter(list[Any])
_MARKET = TypeAdapter(_Market)


@dataclass(frozen=True)
class ListedMarkets:
    """The futures that Coinalyze lists.

    Attributes
    ----------
    frame
        ``MARKET_SCHEMA``, sorted by vendor_symbol.
    passed_over
        What is no perpetual with a name of ours, with the reason, sorted by vendor_symbol.
    """

    frame: pl.DataFrame
    passed_over: list[Passed]

    @property
    def failed(self) -> dict[str, Failure]:
        """Coinalyze's symbol of what is not understood, to what is wrong with it."""
        coins = {name: symbol.partition("-")[0] for name, symbol, *_ in self.passed_over if symbol}
        return {
            name: Failure(split_multiplier(coins[name])[0] if name in coins else None, why)
            for name, _, why, is_understood in self.passed_over
            if name and not is_understood
        }

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many are passed over, as understood or not."""
        kinds = ("passed_over" if each[3] else "failed" for each in self.passed_over)
        return dict(sorted(Counter(kinds).items()))


def read_markets(payload: Any, *, blank: Callable[[str], str] = str) -> ListedMarkets:
    """Read the futures of the venues that have a name here, each row by itself.

    Parameters
    ----------
    blank
        Takes our key out of what is told of a row: a response could echo it.

    Returns
    -------
    ``symbol`` is null for what expires, for markets of builders, for what has no ticker of letters
    and digits, and where two contracts would have one name; ``margin_type`` (``linear``,
    ``inverse``) and ``oi_denomination`` (``base``, ``quote``) are null where Coinalyze uses a word
    that is new. ``has_data`` is false where it says that it has no series of the market.

    Raises
    ------
    UnexpectedShape
        If it is no list, an empty one, or most of it is not understood.
    """
    sent: list[Any] = shaped(_ROWS, payload)
    if not sent:
        raise UnexpectedShape("expected thousands of futures, got an empty list")
    said: dict[str, list[_Market]] = {}
    passed: list[Passed] = []
    for place, row in enumerate(sent):
        try:
            market = shaped(_MARKET, row)
        except UnexpectedShape as exc:
            passed.append((*_names(row), f"row {place}: {exc}", False))
        except UNREADABLE as exc:
            passed.append((*_names(row), f"row {place}: {unreadable(exc)}", False))
        else:
            if market not in (same := said.setdefault(market["symbol"], [])):
                same.append(market)
    rows: list[dict[str, Any]] = []
    for name, (market, *others) in said.items():
        if others:
            why = f"listed twice, in different words: {name}"
            passed.append((*_names(market), why, False))
        elif market["exchange"] not in VENUES:
            why = f"it is of exchange {market['exchange']!r}, which has no name here"
            passed.append((name, None, why, True))
        else:
            row, why = _row(market)
            rows.append(row)
            passed += [(name, None, why, True)] if why else []
    passed = [
        (name and blank(name), symbol and blank(symbol), blank(why), is_understood)
        for name, symbol, why, is_understood in passed
    ]
    require_most(len(rows), passed)
    named = _one_name_each(pl.DataFrame(rows, schema=MARKET_SCHEMA, orient="row"))
    passed += [(name, None, "it shares its name with another one", True) for name in named.shared]
    frame = named.frame.sort("vendor_symbol")
    return ListedMarkets(frame, sorted(passed, key=lambda each: each[0] or ""))


def _names(row: Any) -> tuple[str | None, str | None]:
    """Coinalyze's name of a market and the canonical one, as far as a row tells them."""
    said = row if isinstance(row, dict) else {}
    told = (said.get(key) for key in ("symbol", "base_asset", "quote_asset"))
    names = Names(*(each if isinstance(each, str) and each else None for each in told))
    return names.vendor_symbol, symbol_of(names, small_k=said.get("exchange") == HYPERLIQUID)


def _row(market: _Market) -> tuple[dict[str, Any], str]:
    """Name the facts of one market, and say why it has no name; empty if it has one."""
    venue, theirs = VENUES[market["exchange"]], market["symbol_on_exchange"]
    why = ""
    if not market["is_perpetual"]:
        why = why_no_perpetual(theirs) or "it is a future that ends on a date"
    else:
        why = why_no_perpetual(theirs) or why_no_perpetual(market["base_asset"])
    base, quote = market["base_asset"].upper(), market["quote_asset"].upper()
    try:
        base, quote = pair_of(
            market["base_asset"],
            # Hyperliquid's contracts are in USDC, which Coinalyze writes USD.
            "USDC" if venue == "hyperliquid" and quote == "USD" else market["quote_asset"],
            small_k=venue == "hyperliquid",
        )
    except UnexpectedShape as exc:
        why = why or f"{exc}"
    has_data = market.get("has_ohlcv_data")
    return {
        "vendor_symbol": market["symbol"],
        "venue": venue,
        "symbol": None if why else perpetual(base, quote),
        "coin": split_multiplier(base)[0],
        "quote": quote,
        "margin_type": MARGINS.get(market["margined"]),
        "is_perpetual": market["is_perpetual"],
        "oi_denomination": DENOMINATIONS.get(market["oi_lq_vol_denominated_in"] or ""),
        "venue_symbol": theirs,
        "has_data": True if has_data is None else has_data,
    }, why


@dataclass(frozen=True)
class _Named:
    """Markets with the names that they have, and which of them share one and have none."""

    frame: pl.DataFrame
    shared: frozenset[str]


def _one_name_each(rows: pl.DataFrame) -> _Named:
    """Tell apart the contracts of one venue, base and quote.

    Kraken has BTC against USD twice, coin-margined and linear. Where that is so the linear one is
    named as OKX names its own, USD_UM ("USD-margined"). Names that are not unique even then are
    no names: they become null.
    """
    margin, name = pl.col("margin_type"), pl.col("symbol")
    has_inverse_twin = (margin == "inverse").any().over("venue", "symbol") & name.is_not_null()
    named = rows.with_columns(
        pl.when(has_inverse_twin & (margin == "linear"))
        .then(name.str.replace(r"-PERP$", "_UM-PERP"))
        .otherwise(name)
    )
    is_shared = name.is_not_null() & pl.struct("venue", "symbol").is_duplicated()
    shared = named.filter(is_shared)["vendor_symbol"].sort()
    if len(shared):
        logger.warning(
            "coinalyze: %d futures share a name with another and have none: %s",
            len(shared),
            ", ".join(shared[:10]),
        )
    return _Named(named.with_columns(pl.when(~is_shared).then(name)), frozenset(shared))
