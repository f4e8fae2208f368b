"""Faults in the content of an answer: rows that repeat, contradict, go missing or change kind.

Each bends rows as the endpoint's anatomy lays them out. The row that suffers is the middle one.
"""

from collections.abc import Callable
from typing import Any, Literal

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.sandbox.faults.payload_map import Path, PayloadMap, follow, put
from cryptopipe_assets.sandbox.faults.values import (
    Clock,
    another,
    in_coarser_unit,
    in_microseconds,
    later,
    milliseconds_of,
    negative,
    no_number,
    retyped,
    scaled,
)

RowKind = Literal[
    "duplicate_row",
    "contradicting_row",
    "reversed_rows",
    "shuffled_rows",
    "forming_row",
    "null_number",
    "nan_number",
    "negative_number",
    "infinite_number",
    "huge_number",
    "retyped_number",
    "renamed_field",
    "missing_field",
    "extra_field",
    "unknown_word",
    "microseconds",
    "seconds",
    "null_stamp",
    "off_grid",
    "wrong_symbol",
    "null_row",
    "still_rows",
    "tradeless_row",
]
Rows = list[Any]

NEW_WORD = "SOMETHING_NEW"
UNIT_FACTOR = 1e6
OFF_MS = 421_000
KLINE_FIELDS, KLINE_CLOSES = 12, 6
KLINE_PRICES, KLINE_CLOSE, KLINE_TRADES = (1, 2, 3, 4), 4, 8
KLINE_AMOUNTS = (5, 7, KLINE_TRADES, 9, 10)
STILL_ROWS = 20


def bend(kind: RowKind, rows: Rows, payload_map: PayloadMap) -> Rows:
    """Return the rows with one fault; rows that the fault cannot be in are left as they are."""
    return _BENDERS[kind](rows, payload_map) if rows else rows


def drop_symbol(rows: Rows, symbol: Path | None, name: str | None) -> Rows:
    """Leave out the rows of a symbol, or the middle row."""
    if name is None:
        return rows[: len(rows) // 2] + rows[len(rows) // 2 + 1 :]
    path = symbol or ("symbol",)
    return [row for row in rows if not (isinstance(row, dict) and _safe(row, path) == name)]


def _safe(row: Any, path: Path) -> Any:
    try:
        return follow(row, path)
    except (KeyError, IndexError, TypeError):
        return None


def _copy(row: Any) -> Any:
    """Copy a row, so that a change of one of its numbers is no change of the first."""
    if isinstance(row, dict):
        return {name: _copy(value) for name, value in row.items()}
    return [_copy(each) for each in row] if isinstance(row, list) else row


def _duplicate(rows: Rows, payload_map: PayloadMap) -> Rows:
    middle = len(rows) // 2
    return [*rows[: middle + 1], _copy(rows[middle]), *rows[middle + 1 :]]


def _contradicting(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Add a second version of a row, whose number is another one."""
    middle = len(rows) // 2
    twin = _copy(rows[middle])
    if twin is not None:
        _change(twin, payload_map.number, another)
    return [*rows[: middle + 1], twin, *rows[middle + 1 :]]


def _shuffled(rows: Rows, payload_map: PayloadMap) -> Rows:
    return rows[1::2] + rows[0::2]


def _forming(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Add a row of the future: the newest one again, so much later as rows lie apart."""
    path, clock = payload_map.stamp, payload_map.clock
    if path is None or len(rows) < 2:
        return rows
    by_time = sorted(rows, key=lambda row: milliseconds_of(follow(row, path), clock))
    newest, before = (milliseconds_of(follow(row, path), clock) for row in by_time[:-3:-1])
    extra = _copy(by_time[-1])
    for each in _stamps(extra, path):
        _change(extra, each, lambda said: later(said, newest - before or HOUR_MS, clock))
    return [extra, *rows] if rows[0] is by_time[-1] else [*rows, extra]


def _of_number(change: Callable[[Any], Any]) -> Callable[[Rows, PayloadMap], Rows]:
    """Make a fault of the middle row's number."""

    def bender(rows: Rows, payload_map: PayloadMap) -> Rows:
        _change(rows[len(rows) // 2], payload_map.number, change)
        return rows

    return bender


def _of_stamps(change: Callable[[Any, Clock], Any]) -> Callable[[Rows, PayloadMap], Rows]:
    """Make a fault of every stamp."""

    def bender(rows: Rows, payload_map: PayloadMap) -> Rows:
        for row in rows:
            for path in _stamps(row, payload_map.stamp):
                _change(row, path, lambda said: change(said, payload_map.clock))
        return rows

    return bender


def _stamps(row: Any, stamp: Path | None) -> list[Path]:
    """Return the paths of a row's stamps: a kline also says when it closes."""
    if stamp is None:
        return []
    closes: Path = (KLINE_CLOSES,) if isinstance(row, list) else ("close_time",)
    is_kline = "close_time" in row if isinstance(row, dict) else len(row) == KLINE_FIELDS
    return [stamp, closes] if is_kline else [stamp]


def _renamed(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Give the number's field another name in every row; an array loses its place."""
    for row in rows:
        holder, last = _safe(row, payload_map.number[:-1]), payload_map.number[-1]
        if isinstance(holder, dict) and last in holder:
            holder[f"{last}V2"] = holder.pop(last)
        elif isinstance(holder, list):
            holder.append(holder.pop(int(last)))
    return rows


def _without_field(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Take the number out of one row."""
    holder = _safe(rows[len(rows) // 2], payload_map.number[:-1])
    if holder is not None:
        del holder[payload_map.number[-1]]
    return rows


def _with_more(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Add a field that nobody promised to every row, where a row has named fields."""
    for row in rows:
        if isinstance(row, dict):
            row["addedByTheVendor"] = {"since": 2027, "values": [1, None, "x"]}
    return rows


def _with_new_word(rows: Rows, payload_map: PayloadMap) -> Rows:
    if payload_map.word is not None:
        put(rows[len(rows) // 2], payload_map.word, NEW_WORD)
    return rows


def _with_null_stamp(rows: Rows, payload_map: PayloadMap) -> Rows:
    if payload_map.stamp is not None:
        put(rows[len(rows) // 2], payload_map.stamp, None)
    return rows


def _off_grid(rows: Rows, payload_map: PayloadMap) -> Rows:
    if payload_map.stamp is not None:
        row = rows[len(rows) // 2]
        _change(row, payload_map.stamp, lambda said: later(said, OFF_MS, payload_map.clock))
    return rows


def _of_another(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Say that every row is about something else than what was asked."""
    if payload_map.symbol is not None:
        for row in rows:
            said = _safe(row, payload_map.symbol)
            if said is not None:
                put(row, payload_map.symbol, 987_654 if isinstance(said, int) else f"X{said}")
    return rows


def _with_null_row(rows: Rows, payload_map: PayloadMap) -> Rows:
    return [*rows[: len(rows) // 2], None, *rows[len(rows) // 2 + 1 :]]


def _still(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Let the market stand still from the middle on: flat klines without a trade."""
    middle = len(rows) // 2
    for row in rows[middle : middle + STILL_ROWS]:
        for place in KLINE_PRICES:
            put(row, _field_of(row, place), follow(rows[middle - 1], _field_of(row, KLINE_CLOSE)))
        for place in KLINE_AMOUNTS:
            _change(row, _field_of(row, place), lambda said: "0" if isinstance(said, str) else 0)
    return rows


def _tradeless(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Say that nothing was traded in the middle kline, whose volume stays."""
    row = rows[len(rows) // 2]
    _change(row, _field_of(row, KLINE_TRADES), lambda said: "0" if isinstance(said, str) else 0)
    return rows


def _field_of(row: Any, place: int) -> Path:
    """A field of a kline, which is an array or has names in the same order."""
    return (list(row)[place],) if isinstance(row, dict) else (place,)


def _change(row: Any, path: Path, change: Callable[[Any], Any]) -> None:
    if _safe(row, path) is not None:
        put(row, path, change(follow(row, path)))


_BENDERS: dict[RowKind, Callable[[Rows, PayloadMap], Rows]] = {
    "duplicate_row": _duplicate,
    "contradicting_row": _contradicting,
    "reversed_rows": lambda rows, _: rows[::-1],
    "shuffled_rows": _shuffled,
    "forming_row": _forming,
    "null_number": _of_number(lambda said: None),
    "nan_number": _of_number(lambda said: no_number(said, "NaN")),
    "infinite_number": _of_number(lambda said: no_number(said, "Infinity")),
    "negative_number": _of_number(negative),
    "huge_number": _of_number(lambda said: scaled(said, UNIT_FACTOR)),
    "retyped_number": _of_number(retyped),
    "renamed_field": _renamed,
    "missing_field": _without_field,
    "extra_field": _with_more,
    "unknown_word": _with_new_word,
    "microseconds": _of_stamps(in_microseconds),
    "seconds": _of_stamps(in_coarser_unit),
    "null_stamp": _with_null_stamp,
    "off_grid": _off_grid,
    "wrong_symbol": _of_another,
    "null_row": _with_null_row,
    "still_rows": _still,
    "tradeless_row": _tradeless,
}
