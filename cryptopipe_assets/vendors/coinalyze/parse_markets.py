"""Coinalyze's list of futures, made into a map from its symbols to ours. Pure: no network.

``SOMIUSDT_PERP.A`` is no contract of coin USDT: only what the list says of a symbol counts, not
what its letters look like.
"""

import logging
from typing import Any, NotRequired

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.core.symbology import perpetual, split_multiplier
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped

logger = logging.getLogger("cryptopipe.vendors")

VENUES = {
    "A": "binance",
    "6": "bybit",
    "3": "okx",
    "H": "hyperliquid",
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


_PROMISE = TypeAdapter(list[_Market])


def read_markets(payload: Any) -> pl.DataFrame:
    """Return the futures of the venues that have a name here, sorted by vendor_symbol.

    Returns
    -------
    DataFrame of ``MARKET_SCHEMA``. ``symbol`` is null for what expires and where two contracts
    would have one name; ``margin_type`` (``linear``, ``inverse``) and ``oi_denomination``
    (``base``, ``quote``) are null where Coinalyze uses a word that is new. ``has_data`` is false
    where it says that it has no series of the market.

    Raises
    ------
    UnexpectedShape
        If a field is missing or a symbol is listed twice.
    """
    markets = shaped(_PROMISE, payload)
    if not markets:
        raise UnexpectedShape("expected thousands of futures, got an empty list")
    ours = [_row(each) for each in markets if each["exchange"] in VENUES]
    if len(ours) < len(markets):
        logger.info("coinalyze: %d futures of venues without a name", len(markets) - len(ours))
    rows = pl.DataFrame(ours, schema=MARKET_SCHEMA, orient="row")
    if not (twice := rows.filter(pl.col("vendor_symbol").is_duplicated())).is_empty():
        raise UnexpectedShape(f"listed twice: {sorted(set(twice['vendor_symbol']))}")
    return _one_name_each(rows).sort("vendor_symbol")


def _row(market: _Market) -> dict[str, Any]:
    """Name the facts of one market."""
    venue = VENUES[market["exchange"]]
    base, quote = _base(venue, market["base_asset"]), _quote(venue, market["quote_asset"])
    is_nameable = market["is_perpetual"] and "-" not in base + quote
    has_data = market.get("has_ohlcv_data")
    return {
        "vendor_symbol": market["symbol"],
        "venue": venue,
        "symbol": perpetual(base, quote) if is_nameable else None,
        "coin": split_multiplier(base)[0],
        "quote": quote,
        "margin_type": MARGINS.get(market["margined"]),
        "is_perpetual": market["is_perpetual"],
        "oi_denomination": DENOMINATIONS.get(market["oi_lq_vol_denominated_in"] or ""),
        "venue_symbol": market["symbol_on_exchange"],
        "has_data": True if has_data is None else has_data,
    }


def _base(venue: str, asset: str) -> str:
    """Return the unit that the contract's price is for; Hyperliquid's kPEPE is 1000PEPE."""
    if venue == "hyperliquid" and asset[:1] == "k" and asset[1:2].isupper():
        return f"1000{asset[1:]}"
    return asset.upper()


def _quote(venue: str, asset: str) -> str:
    """Return the quote; Hyperliquid's contracts are in USDC, which Coinalyze writes USD."""
    return "USDC" if venue == "hyperliquid" and asset == "USD" else asset.upper()


def _one_name_each(rows: pl.DataFrame) -> pl.DataFrame:
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
    if not (shared := named.filter(is_shared)).is_empty():
        logger.warning(
            "coinalyze: %d futures share a name with another and have none: %s",
            shared.height,
            ", ".join(shared["vendor_symbol"].sort()[:10]),
        )
    return named.with_columns(pl.when(~is_shared).then(name))
