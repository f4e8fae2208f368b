"""Bybit's answers made into a listing and readings. Pure: no network.

Bybit counts both sides of each position in ``openInterest``; ``singleOpenInterest``, one side, came
in June 2026. The size is in units of the base for a linear contract and in dollars for an inverse
one; the value is the other way round.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from cryptopipe_assets.core.contract_life import TRADING
from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.vendors.parsing.fields import (
    Count,
    Figure,
    OptionalStamp,
    TextFigure,
    TextStamp,
    Wire,
)
from cryptopipe_assets.vendors.parsing.listing import (
    PRE_MARKET,
    Details,
    Listing,
    Names,
    Perpetual,
    Underlying,
    instant_of,
    perpetual_of,
    read_listing,
    step_of,
    whole_hours,
)
from cryptopipe_assets.vendors.parsing.one_by_one import judged, text
from cryptopipe_assets.vendors.parsing.open_interest import (
    Measured,
    Reading,
    at_the_hours_end,
    measured_now,
    readings_frame,
    require_same_unit,
)
from cryptopipe_assets.vendors.parsing.perpetuals import Contract, MarginType
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped

VENUE = "bybit"
CONTRACT_TYPES: dict[MarginType, str] = {
    "linear": "LinearPerpetual",
    "inverse": "InversePerpetual",
}
MARGIN_TYPES = {kind: margin_type for margin_type, kind in CONTRACT_TYPES.items()}
NOT_COINS: dict[str, Underlying] = {
    "stock": "EQUITY",
    "xstocks": "EQUITY",
    "mstocks": "EQUITY",
    "etf": "EQUITY",
    "index": "INDEX",
    "commodity": "COMMODITY",
    "metal": "COMMODITY",
    "forex": "FOREX",
}
"""Bybit's ``symbolType`` of contracts that are of no coin; other words are regions of coins."""
STATES = {"Trading": TRADING, "PreLaunch": PRE_MARKET}
ENDED = ("SETTLING", "DELIVERING", "CLOSED")


class _Listed(Wire):
    symbol: str
    contract_type: str
    base_coin: str
    quote_coin: str
    symbol_type: str | None = None
    status: str = "Trading"
    is_pre_listing: bool | None = None


class _PriceFilter(Wire):
    tick_size: str | None = None


class _LotSizeFilter(Wire):
    qty_step: str | None = None


class _Detailed(Wire):
    contract_type: str
    settle_coin: str
    launch_time: OptionalStamp = None
    delivery_time: OptionalStamp = None
    funding_interval: Count | None = None
    price_filter: _PriceFilter = _PriceFilter()
    lot_size_filter: _LotSizeFilter = _LotSizeFilter()


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
_DETAILED = TypeAdapter(_Detailed)
_POINTS = TypeAdapter(list[_Point])
_TICKER = TypeAdapter(_Ticker)
MARK_BARS = TypeAdapter(list[tuple[TextStamp, TextFigure, TextFigure, TextFigure, TextFigure]])

MarkBars = Sequence[tuple[int, float, float, float, float]]


def read_contracts(rows: Any) -> Listing:
    """Read the lists of linear and inverse contracts, each row by itself.

    Raises
    ------
    UnexpectedShape
        If nothing is listed, or most of it is not understood.
    """

    def perpetual(each: _Listed, row: Any) -> Perpetual:
        state = PRE_MARKET if each.is_pre_listing else STATES.get(each.status)
        return perpetual_of(
            each.symbol,
            each.base_coin,
            each.quote_coin,
            margin_type=MARGIN_TYPES[each.contract_type],
            of=NOT_COINS.get((each.symbol_type or "").lower(), ""),
            status=state or each.status.upper(),
            row=row,
        )

    return read_listing(
        rows,
        _LISTED,
        perpetual,
        names=lambda row: Names(row.get("symbol"), row.get("baseCoin"), row.get("quoteCoin")),
        other=_of_another_kind,
        without_market=(PRE_MARKET, *ENDED),
    )


def _of_another_kind(row: dict[str, Any]) -> str:
    """Say why a row is no perpetual's; empty if it is one's."""
    kind = row.get("contractType")
    if not isinstance(kind, str) or kind in MARGIN_TYPES:
        return ""
    return f"its contractType is {kind!r}, no perpetual ({row.get('status', '')})"


def details_of(row: Any) -> Details:
    """Return what the registry has of a perpetual beside its names.

    Raises
    ------
    UnexpectedShape
        If a value cannot be true.
    """
    said = shaped(_DETAILED, row)
    is_linear = MARGIN_TYPES[said.contract_type] == "linear"
    return Details(
        margin_asset=said.settle_coin,
        listed_at=instant_of(said.launch_time),
        delisted_at=instant_of(said.delivery_time),
        funding_interval_hours=whole_hours(said.funding_interval),
        price_tick=step_of(said.price_filter.tick_size),
        quantity_step=step_of(said.lot_size_filter.qty_step) if is_linear else None,
    )


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
