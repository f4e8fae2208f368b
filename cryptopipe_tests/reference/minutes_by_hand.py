"""Spans of minutes and, as another route to every answer, plain sets of them."""

from datetime import UTC, datetime, timedelta

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import SPANS

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute: int) -> datetime:
    """An instant by its minutes since the first of March."""
    return START + minute * MINUTE


def spans(*rows: tuple[str, int, int]) -> pl.DataFrame:
    """Intervals from (symbol, first minute, minute after the last)."""
    return pl.DataFrame(
        [(symbol, at(start), at(end)) for symbol, start, end in rows], schema=SPANS, orient="row"
    )


def minutes(frame: pl.DataFrame) -> set[tuple[str, int]]:
    """Every minute that the intervals cover, one by one."""
    return {
        (symbol, minute)
        for symbol, start, end in frame.select(SPANS.names()).iter_rows()
        for minute in range((start - START) // MINUTE, (end - START) // MINUTE)
    }


def rows(frame: pl.DataFrame, *columns: str) -> list[tuple]:
    """Intervals as (symbol, first minute, minute after the last, and the columns)."""
    return [
        (symbol, (start - START) // MINUTE, (end - START) // MINUTE, *more)
        for symbol, start, end, *more in frame.select(*SPANS.names(), *columns).iter_rows()
    ]
