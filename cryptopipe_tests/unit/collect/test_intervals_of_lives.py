"""The interval of a settlement is that of its contract's life, and never of another one's.

The contract was listed at hour 0, settled every 8 hours and was closed at hour 20. It was opened
again at hour 23, and settles every 4 hours.
"""

from datetime import UTC, datetime, timedelta

import polars as pl

from cryptopipe_assets.collect.funding import with_intervals

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
UTC_MS = pl.Datetime("ms", "UTC")


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def settlements(*hours: int) -> pl.DataFrame:
    rows = [(at(n), at(n + 0.001), "binance", "X-USDT-PERP", 1e-4, None) for n in hours]
    schema = {
        "ts": UTC_MS,
        "available_at": UTC_MS,
        "venue": pl.String,
        "symbol": pl.String,
        "funding_rate": pl.Float64,
        "declared_interval_hours": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def registry(first: int | None, second: int | None, *, seen_again_at: float) -> pl.DataFrame:
    """Versions whose declared intervals are those of the first and of the second life."""
    rows = [
        (at(-9), "TRADING", at(0), None, first),
        (at(18), "SETTLING", at(0), at(20), first),
        (at(seen_again_at), "TRADING", at(23), None, second),
    ]
    schema = {
        "ts": UTC_MS,
        "status": pl.String,
        "listed_at": UTC_MS,
        "delisted_at": UTC_MS,
        "funding_interval_hours": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        venue=pl.lit("binance"), symbol=pl.lit("X-USDT-PERP"), available_at="ts"
    )


def intervals(hours: tuple[int, ...], versions: pl.DataFrame) -> dict[int, int | None]:
    found = with_intervals(settlements(*hours), versions)
    assert found["symbol"].unique().to_list() == ["X-USDT-PERP"]
    return dict(zip(hours, found["interval_hours"], strict=True))


HOURS = (8, 16, 24, 28, 32, 36)


def test_what_was_declared_of_the_first_life_says_nothing_of_the_second():
    late = registry(8, 4, seen_again_at=30)
    assert intervals(HOURS, late) == {8: 8, 16: 8, 24: None, 28: 4, 32: 4, 36: 4}
    announced = registry(8, 4, seen_again_at=19)
    assert intervals(HOURS, announced) == {8: 8, 16: 8, 24: 4, 28: 4, 32: 4, 36: 4}


def test_the_step_from_one_life_into_the_next_is_no_interval():
    silent = registry(None, None, seen_again_at=30)
    assert intervals(HOURS, silent) == {8: None, 16: 8, 24: None, 28: 4, 32: 4, 36: 4}


def test_a_contract_with_one_life_and_one_that_nobody_listed_are_as_before():
    one = registry(8, 8, seen_again_at=30).head(1)
    assert intervals(HOURS, one) == {8: 8, 16: 8, 24: 8, 28: 4, 32: 4, 36: 4}
    assert intervals(HOURS, one.clear()) == {8: None, 16: 8, 24: 8, 28: 4, 32: 4, 36: 4}
