"""The shapes of Binance's USD-M responses: numbers as strings exactly where Binance has strings."""

from collections.abc import Iterable, Mapping, Sequence

from cryptopipe_assets.sandbox.contents.source import (
    PERPETUAL_DELIVERY,
    Instrument,
    Mark,
    Settlement,
)
from cryptopipe_assets.sandbox.routes.binance.limits import WEIGHT_PER_MINUTE

_KLINE = '[%s,"%s","%s","%s","%s","%s",%s,"%s",%s,"%s","%s","%s"]'


def klines(lines: Iterable[str]) -> str:
    """Return the JSON array of arrays; times and the trade count are bare numbers."""
    return "[" + ",".join(_KLINE % tuple(line.split(",")) for line in lines) + "]"


def funding_rates(settlements: Iterable[Settlement]) -> list[dict[str, object]]:
    """Return one object per settlement."""
    return [
        {
            "symbol": each.symbol,
            "fundingTime": each.time,
            "fundingRate": each.rate,
            "markPrice": each.mark,
            "rateType": "Regular",
        }
        for each in settlements
    ]


def funding_info(hours: Mapping[str, int]) -> list[dict[str, object]]:
    """Return the contracts that do not settle every 8 hours, and one of another cap than usual."""
    return [
        {
            "symbol": symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": interval,
            "disclaimer": False,
        }
        for place, (symbol, interval) in enumerate(hours.items())
        if interval != 8 or place == 0
    ]


def premium(mark: Mark, now: int) -> dict[str, object]:
    """Return mark and index price of a contract."""
    return {
        "symbol": mark.symbol,
        "markPrice": mark.mark,
        "indexPrice": mark.index,
        "estimatedSettlePrice": mark.index,
        "lastFundingRate": mark.last_rate,
        "interestRate": "0.00010000",
        "nextFundingTime": mark.next_funding,
        "time": now,
    }


def exchange_info(instruments: Sequence[Instrument], now: int) -> dict[str, object]:
    """Return the trading rules of everything listed."""
    return {
        "timezone": "UTC",
        "serverTime": now,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": WEIGHT_PER_MINUTE,
            }
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "0"}
            for asset in sorted({each.quote for each in instruments})
        ],
        "symbols": [_symbol(each, now) for each in instruments],
    }


def _symbol(instrument: Instrument, now: int) -> dict[str, object]:
    ended = instrument.delisted if (instrument.delisted or now + 1) <= now else None
    tick, step = _unit(instrument.price_decimals), _unit(instrument.quantity_decimals)
    return {
        "symbol": instrument.symbol,
        "pair": instrument.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY if ended is None else ended,
        "onboardDate": instrument.listed,
        "status": "TRADING" if ended is None else "SETTLING",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": instrument.price_decimals,
        "quantityPrecision": instrument.quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "10000000",
                "tickSize": tick,
            },
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "1000000000", "stepSize": step},
        ],
    }


def _unit(decimals: int) -> str:
    """Return the smallest step of that many decimals, e.g. 0.001."""
    return f"{10.0**-decimals:.{decimals}f}"
