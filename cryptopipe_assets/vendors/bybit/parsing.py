"""Bybit's answers made into contracts and readings. Pure: no network.

Bybit counts both sides of each position in ``openInterest``; ``singleOpenInterest``, one side, came
in June 2026. The size is in units of the base for a linear contract and in dollars for an inverse
one; the value is the other way round.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.vendors.parsing.fields import Figure, TextFigure, TextStamp, Wire
from cryptopipe_assets.vendors.parsing.one_by_one import Judged, judged, text
from cryptopipe_assets.vendors.parsing.open_interest import (
    Measured,
    Reading,
    at_the_hours_end,
    measured_now,
    readings_frame,
    require_same_unit,
)
from cryptopipe_assets.vendors.parsing.perpetuals import Contract, MarginType, contract_of
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped

VENUE = "bybit"
CONTRACT_TYPES: dict[MarginType, str] = {
    "linear": "LinearPerpetual",
    "inverse": "InversePerpetual",
}
NOT_COINS = frozenset({"stock", "etf", "commodity", "forex", "xstocks", "mstocks"})
ODD_BASES = {"SHIB1000": "1000SHIB"}  # the one multiplier that Bybit writes behind the coin


class _Listed(Wire):
    symbol: str
    contract_type: str
    base_coin: str
    quote_coin: str
    symbol_type: str | None = None


class _Point(Wire):
    timestamp: TextStamp
    open_interest: Figure
    single_open_interest: Figure = None


class _Ticker(Wire):
    symbol: str
    mark_price: Figure
    open_interest: Figure
    open_interest_value: Figure
    single_open_interest: Figure = None
    single_open_interest_value: Figure = None


_LISTED = TypeAdapter(_Listed)
_POINTS = TypeAdapter(list[_Point])
_TICKER = TypeAdapter(_Ticker)
MARK_BARS = TypeAdapter(list[tuple[TextStamp, TextFigure, TextFigure, TextFigure, TextFigure]])

MarkBars = Sequence[tuple[int, float, float, float, float]]


def read_contracts(rows: Any, margin_type: MarginType) -> Judged[Contract]:
    """Return the perpetuals of coins; expiring futures and kinds we do not know are left out.

    Each is judged by itself: one whose row is wrong is left out and named.

    Raises
    ------
    UnexpectedShape
    """

    def contract(each: _Listed) -> Contract | None:
        if each.contract_type != CONTRACT_TYPES[margin_type] or each.symbol_type in NOT_COINS:
            return None
        return contract_of(
            each.symbol,
            ODD_BASES.get(each.base_coin, each.base_coin),
            quote=each.quote_coin,
            margin_type=margin_type,
        )

    return judged(_LISTED, rows, contract, named=_named)


def _named(row: dict[str, Any]) -> tuple[str | None, str | None]:
    base = text(row, "baseCoin")
    return text(row, "symbol"), split_multiplier(ODD_BASES.get(base, base))[0] if base else None


def one_side(single: float | None, both: float | None) -> float | None:
    """Return one side's figure, or half of what both sides sum to; null if both are blank."""
    return single if single is not None else None if both is None else both / 2


def read_tickers(rows: Any, contracts: Mapping[str, Contract], *, stamp: int) -> Measured:
    """Return the open interest of ``contracts`` from their tickers of ``stamp`` (ms).

    Each contract is judged by itself: one with a wrong row, or whose size and value contradict
    each other, is left out and named.

    Raises
    ------
    UnexpectedShape
        If no contract has a ticker, or most are wrong.
    """
    left_out: Counter[str] = Counter()

    def reading(each: _Ticker) -> Reading | None:
        contract = contracts.get(each.symbol)
        size = one_side(each.single_open_interest, each.open_interest)
        value = one_side(each.single_open_interest_value, each.open_interest_value)
        if contract is None or size is None or value is None:
            left_out["not_a_listed_perpetual" if contract is None else "blank"] += 1
            return None
        found = _reading(contract, size, value, stamp=stamp)
        worth = None if each.mark_price is None else found.base * each.mark_price
        require_same_unit(worth, found.usd, of=each.symbol, what="base at mark price and value")
        return found

    def named(row: dict[str, Any]) -> tuple[str | None, str | None]:
        contract = contracts.get(name) if (name := text(row, "symbol")) else None
        return (name, contract.coin) if contract else (None, None)

    found = judged(_TICKER, rows, reading, named=named)
    missing = len(contracts) - len(found.sound) - left_out["blank"] - len(found.failed)
    left_out["without_a_reading"] += missing
    return measured_now(found, venue=VENUE, left_out=left_out)


def read_history(points: Any, marks: MarkBars, contract: Contract, *, ends: range) -> Measured:
    """Return hourly open interest, valued at the mark price with which its hour closed.

    Parameters
    ----------
    ends
        Stamps (ms) that were asked for; those without a point are counted as ``hours_missing``.

    Raises
    ------
    UnexpectedShape
        If a field is missing, a stamp was not asked for, an hour has two values, or there are
        points but no mark price for any.
    """
    close_at = _closes(marks)
    is_linear = contract.margin_type == "linear"
    readings: list[Reading] = []
    left_out: Counter[str] = Counter()
    sent = shaped(_POINTS, points)
    left_out["hours_missing"] = len(ends) - len({each.timestamp for each in sent})
    for each in sent:
        if each.timestamp not in ends:
            raise UnexpectedShape(
                f"expected whole hours of {ends[0]} to {ends[-1]}, got {each.timestamp}"
            )
        size = one_side(each.single_open_interest, each.open_interest)
        price = close_at.get(each.timestamp)
        if size is None:
            left_out["blank"] += 1
        elif not price:
            left_out["without_a_mark_price"] += 1
        else:
            value = size * price if is_linear else size / price
            readings.append(_reading(contract, size, value, stamp=each.timestamp))
    if not readings and left_out["without_a_mark_price"]:
        raise UnexpectedShape(f"no mark price for any of {len(points)} points")
    return Measured(at_the_hours_end(readings_frame(readings), venue=VENUE), dict(+left_out))


def _closes(marks: MarkBars) -> dict[int, float]:
    """Return the mark price at the end of each bar, by that instant (ms)."""
    closes: dict[int, float] = {}
    for opened, first, high, low, last in marks:
        if opened % HOUR_MS:
            raise UnexpectedShape(f"expected bars of whole hours, got {opened}")
        if not 0 < low <= min(first, last) <= max(first, last) <= high:
            raise UnexpectedShape(f"the bar of {opened} contradicts itself: {(first, high, low)}")
        if closes.setdefault(opened + HOUR_MS, last) != last:
            raise UnexpectedShape(f"the bar of {opened} has two versions")
    return closes


def _reading(contract: Contract, size: float, value: float, *, stamp: int) -> Reading:
    """Tell the base from the dollars; an inverse contract is one dollar."""
    if contract.margin_type == "linear":
        return Reading(stamp=stamp, contract=contract, contracts=None, base=size, usd=value)
    return Reading(stamp=stamp, contract=contract, contracts=size, base=value, usd=size)
