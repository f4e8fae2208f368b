"""What is still to be collected: the windows of 1-minute bars that the warehouse lacks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.core.time import midnight


@dataclass(frozen=True)
class Window:
    """A request to a vendor: these instruments, ``start <= ts < end``."""

    symbols: tuple[str, ...]
    start: datetime
    end: datetime


def expected_minutes(
    listings: pl.DataFrame, days: Sequence[date], *, now: datetime
) -> pl.DataFrame:
    """Minutes that each instrument should have on each day, by its listing and the clock.

    Parameters
    ----------
    listings
        symbol, listed_at, delisted_at (null: unknown, and still listed).
    now
        The vendor's clock; the forming minute is not expected.

    Returns
    -------
    DataFrame of symbol, day, start, end (half-open, whole minutes) and expected; days on which an
    instrument was not listed are left out. Sorted by symbol and day.
    """
    opens = pl.DataFrame({"start": [midnight(day) for day in days]}).with_columns(
        pl.col("start").cast(pl.Datetime("ms", "UTC"))
    )
    clock = pl.lit(now).dt.cast_time_unit("ms").dt.truncate("1m")
    return (
        listings.select("symbol", "listed_at", "delisted_at")
        .join(opens, how="cross")
        .with_columns(
            day=pl.col("start").dt.date(),
            end=pl.min_horizontal(
                pl.col("start").dt.offset_by("1d"),
                pl.col("delisted_at").dt.offset_by("59999ms").dt.truncate("1m"),
                clock,
            ),
        )
        .with_columns(start=pl.max_horizontal("start", pl.col("listed_at").dt.truncate("1m")))
        .filter(pl.col("start") < pl.col("end"))
        .with_columns(expected=(pl.col("end") - pl.col("start")).dt.total_minutes())
        .select("symbol", "day", "start", "end", "expected")
        .sort("symbol", "day")
    )


def stored_minutes(bars: pl.LazyFrame) -> pl.DataFrame:
    """Minutes that are stored: symbol, day, minutes, last (newest ``ts``)."""
    return (
        bars.group_by("symbol", day=pl.col("ts").dt.date())
        .agg(minutes=pl.len().cast(pl.Int64), last=pl.max("ts"))
        .collect()
        .sort("symbol", "day")
    )


def outstanding(expected: pl.DataFrame, stored: pl.DataFrame) -> list[Window]:
    """Windows that must be requested, few and wide: sorted by start, then symbols.

    A day that is complete is left out. A day without holes so far is continued after its newest
    bar. A day with a hole is requested as a whole.
    """
    contiguous = pl.col("last") == pl.col("start") + pl.duration(minutes=pl.col("minutes") - 1)
    lacking = (
        expected.join(stored, on=["symbol", "day"], how="left", maintain_order="left")
        .filter(pl.col("minutes").fill_null(0) < pl.col("expected"))
        .with_columns(
            start=pl.when(contiguous)
            .then(pl.col("last").dt.offset_by("1m"))
            .otherwise(pl.col("start"))
        )
        .sort("symbol", "start")
    )
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for symbol, start, end in lacking.select("symbol", "start", "end").iter_rows():
        own = spans.setdefault(symbol, [])
        if own and own[-1][1] == start:
            own[-1] = (own[-1][0], end)
        else:
            own.append((start, end))
    return _together(spans)


def _together(spans: dict[str, list[tuple[datetime, datetime]]]) -> list[Window]:
    """Instruments that lack the same window are requested together."""
    shared: dict[tuple[datetime, datetime], list[str]] = {}
    for symbol, own in spans.items():
        for span in own:
            shared.setdefault(span, []).append(symbol)
    windows = [Window(tuple(sorted(names)), *span) for span, names in shared.items()]
    return sorted(windows, key=lambda each: (each.start, each.end, each.symbols))


def without_bars(expected: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Whole listed days of which not one bar is stored: symbol, day; sorted."""
    return (
        expected.filter(pl.col("expected") == 1440)
        .join(stored, on=["symbol", "day"], how="anti", maintain_order="left")
        .select("symbol", "day")
        .sort("symbol", "day")
    )
