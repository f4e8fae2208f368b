"""Binance's list of contracts, made into instruments. Pure: no network."""

import math
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.core.symbology import perpetual, split_multiplier
from cryptopipe_assets.core.time import EPOCH
from cryptopipe_assets.vendors.parsing.fields import Count
from cryptopipe_assets.vendors.parsing.instruments import (
    NO_END_MS,
    ListedInstruments,
    Passed,
    listed_instruments,
)
from cryptopipe_assets.vendors.parsing.listing import pair_of, why_no_perpetual
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped

PERPETUALS = ("PERPETUAL", "TRADIFI_PERPETUAL")
NOT_COINS = frozenset({"INDEX", "COMMODITY", "EQUITY", "KR_EQUITY", "FOREX"})
"""Underlyings of contracts that are of no coin, though some have the contractType PERPETUAL."""
USUAL_INTERVAL_HOURS = 8
INTERVALS_HOURS = (1, 2, 4, 6, 8, 12, 24)
FIRST_LISTING_MS = 1_500_000_000_000  # July 2017: Binance opened


class _Filter(TypedDict):
    filterType: str
    tickSize: NotRequired[str | None]
    stepSize: NotRequired[str | None]


class _Contract(TypedDict):
    symbol: str
    baseAsset: str
    quoteAsset: str
    marginAsset: str
    contractType: str
    status: str
    onboardDate: Count
    deliveryDate: Count
    filters: list[_Filter]
    underlyingType: NotRequired[str | None]


class _Exchange(TypedDict):
    symbols: list[Any]


class _Interval(TypedDict):
    symbol: str
    fundingIntervalHours: Count


_EXCHANGE = TypeAdapter(_Exchange)
_CONTRACT = TypeAdapter(_Contract)
_INTERVALS = TypeAdapter(list[_Interval])


def read_instruments(exchange: Any, funding: Any) -> ListedInstruments:
    """Return the perpetuals of ``exchangeInfo`` with the intervals of ``fundingInfo``.

    Each contract is judged by itself: one that cannot be understood is passed over with the
    reason. Unknown fields and states are let be.

    Raises
    ------
    UnexpectedShape
        If the answers are no lists of contracts, are not of the same contracts, or most of the
        perpetuals are not understood.
    """
    sent = shaped(_EXCHANGE, exchange)["symbols"]
    names = {row["symbol"] for row in sent if isinstance(row, dict) and "symbol" in row}
    hours = _hours(shaped(_INTERVALS, funding), names)
    rows: list[dict[str, object]] = []
    passed: list[Passed] = []
    for row in sent:
        if (other := _of_another_kind(row)) is not None:
            passed.append(other)
            continue
        try:
            rows.append(_instrument(shaped(_CONTRACT, row), hours))
        except UnexpectedShape as exc:
            passed.append((*_names(row), str(exc), False))
    return listed_instruments(rows, passed)


def _of_another_kind(row: Any) -> Passed | None:
    """Say why a row is no perpetual's that can be followed; null if it may be one."""
    said = row if isinstance(row, dict) else {}
    vendor_symbol, kind = said.get("symbol"), said.get("contractType")
    if isinstance(vendor_symbol, str) and (why := why_no_perpetual(vendor_symbol)):
        return vendor_symbol, None, why, True
    if isinstance(kind, str) and kind not in PERPETUALS:
        state = said.get("status", "")
        return (*_names(row), f"its contractType is {kind!r}, no perpetual ({state})", True)
    return None


def _names(row: Any) -> tuple[str | None, str | None]:
    """The venue's and the canonical name of a row, null where it does not say."""
    said = row if isinstance(row, dict) else {}
    theirs, base, quote = (said.get(key) for key in ("symbol", "baseAsset", "quoteAsset"))
    is_named = isinstance(base, str) and isinstance(quote, str)
    return (
        theirs if isinstance(theirs, str) else None,
        perpetual(str(base), str(quote)) if is_named else None,
    )


def _hours(intervals: list[_Interval], listed: Collection[str]) -> dict[str, set[int]]:
    """Return hours between settlements by symbol, where Binance states them."""
    hours: dict[str, set[int]] = {}
    for each in intervals:
        hours.setdefault(each["symbol"], set()).add(each["fundingIntervalHours"])
    if not hours.keys() & set(listed):
        raise UnexpectedShape("fundingInfo: expected contracts of exchangeInfo, got none of them")
    return hours


def _interval(said: set[int]) -> int:
    if len(said) > 1:
        raise UnexpectedShape(f"fundingInfo: two intervals, {sorted(said)} hours")
    (hours,) = said
    if hours not in INTERVALS_HOURS:
        raise UnexpectedShape(
            f"fundingInfo: expected an interval of {INTERVALS_HOURS} hours, got {hours}"
        )
    return hours


def _instant(said: int) -> datetime:
    """An instant of Binance's life."""
    if not FIRST_LISTING_MS <= said < NO_END_MS:
        raise UnexpectedShape(f"it was listed or ends at an impossible time: {said}")
    return EPOCH + timedelta(milliseconds=said)


def _instrument(contract: _Contract, hours: Mapping[str, set[int]]) -> dict[str, object]:
    """Return one contract as the table has it.

    Raises
    ------
    UnexpectedShape
        If a value cannot be true.
    """
    base, quote = pair_of(contract["baseAsset"], contract["quoteAsset"])
    coin, multiplier = split_multiplier(base)
    delivery = contract["deliveryDate"]
    return {
        "venue": "binance",
        "symbol": perpetual(base, quote),
        "vendor_symbol": contract["symbol"],
        "coin": coin,
        "quote": quote,
        "margin_asset": contract["marginAsset"],
        "contract_multiplier": multiplier,
        "contract_type": _kind(contract),
        "status": contract["status"],
        "listed_at": _instant(contract["onboardDate"]),
        "delisted_at": None if delivery >= NO_END_MS else _instant(delivery),
        "funding_interval_hours": _interval(hours.get(contract["symbol"], {USUAL_INTERVAL_HOURS})),
        "price_tick": _filtered(contract, "PRICE_FILTER", "tickSize"),
        "quantity_step": _filtered(contract, "LOT_SIZE", "stepSize"),
    }


def _kind(contract: _Contract) -> str:
    """Binance's kind of contract; of an index (BTCDOM) and the like, what it is of.

    Binance calls them PERPETUAL as it does a coin's.
    """
    kind, underlying = contract["contractType"], contract.get("underlyingType")
    is_of_no_coin = kind == "PERPETUAL" and underlying in NOT_COINS
    return f"{underlying}_PERPETUAL" if is_of_no_coin else kind


def _filtered(
    contract: _Contract, kind: str, field: Literal["tickSize", "stepSize"]
) -> float | None:
    """Return a filter's number, null where there is no such filter."""
    for each in contract["filters"]:
        if each["filterType"] == kind:
            said = each.get(field)
            try:
                step = float(said or "")
            except ValueError:
                raise UnexpectedShape(f"expected {field} in its {kind}, got {said!r}") from None
            if not 0 < step < math.inf:
                raise UnexpectedShape(f"a tick or step is not positive: {field} {said}")
            return step
    return None
