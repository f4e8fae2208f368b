"""Coinalyze's series as they come: bars on their grid, stamped in seconds. Pure: no network."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, refuse, shaped

MILLISECONDS_FROM = 10**11  # as seconds this would be the year 5138


class _Series(TypedDict):
    symbol: str
    history: list[dict[str, Any]]


class _Named(TypedDict):
    symbol: str


_NAMED = TypeAdapter(list[_Named])
_SERIES = TypeAdapter(list[_Series])


def symbols_of(payload: Any) -> list[str]:
    """Return the symbols that an answer is about.

    Raises
    ------
    UnexpectedShape
    """
    return [each["symbol"] for each in shaped(_NAMED, payload)]


def read_series(payload: Any, fields: Sequence[str], *, width: timedelta) -> pl.DataFrame:
    """Return the bars of a history answer: vendor_symbol, t (seconds, the bar's open), ``fields``.

    Raises
    ------
    UnexpectedShape
        If a field is missing or not a finite number, or a bar is off its grid or occurs twice.
    """
    series = shaped(_SERIES, payload)
    names = ["t", *fields]
    try:
        rows = [
            (each["symbol"], *(_number(bar[name]) for name in names))
            for each in series
            for bar in each["history"]
        ]
        schema = {"vendor_symbol": pl.String, **dict.fromkeys(names, pl.Float64)}
        bars = pl.DataFrame(rows, schema=schema, orient="row")
    except KeyError as exc:
        raise UnexpectedShape(f"expected bars of {names}, one has no {exc}") from exc
    except (TypeError, pl.exceptions.PolarsError):
        raise UnexpectedShape(f"expected bars of the numbers {names}, one is no number") from None
    numbers = pl.col(fields)
    seconds = width // timedelta(seconds=1)
    refuse(
        bars,
        {
            "the bar has no stamp": pl.col("t").is_null(),
            "a number is missing": pl.any_horizontal(numbers.is_null()),
            "a number is not finite": pl.any_horizontal(~numbers.is_finite()),
            "the stamp is in milliseconds, not seconds": pl.col("t") >= MILLISECONDS_FROM,
            f"the bar does not begin at a whole {width}": pl.col("t") % seconds != 0,
            "the bar occurs twice": pl.struct("vendor_symbol", "t").is_duplicated(),
        },
        show=("vendor_symbol", "t"),
    )
    return bars.with_columns(pl.col("t").cast(pl.Int64))


def _number(said: Any) -> Any:
    """Return a bare number or a blank; a text is not promised, whatever it reads."""
    if said is not None and type(said) not in (int, float):
        raise TypeError
    return said


def closed_bars(
    bars: pl.DataFrame, *, width: timedelta, start: datetime, end: datetime, now: datetime
) -> pl.DataFrame:
    """Add ``opened_at`` and keep the bars that opened in ``[start, end)`` and are over."""
    opened_at = (pl.col("t") * 1000).cast(TIMESTAMP)
    return bars.with_columns(opened_at=opened_at).filter(
        pl.col("opened_at").is_between(start, end, closed="left"),
        pl.col("opened_at") + width <= now,
    )
