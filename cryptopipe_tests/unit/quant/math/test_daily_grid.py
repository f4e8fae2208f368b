"""A daily frame as a matrix of coins and days, and back."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.quant.math.daily_grid import DayGrid, as_columns, between

FIRST = datetime(2026, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
NAN = np.nan


def frame(*rows: tuple[str, int, float | None]) -> pl.DataFrame:
    """Coin, days after the first one, value."""
    return pl.DataFrame(
        [(FIRST + n * DAY, coin, value) for coin, n, value in rows],
        schema={"ts": pl.Datetime("ms", "UTC"), "coin": pl.String, "value": pl.Float64},
        orient="row",
    )


OWN = frame(("ETH", 2, 5.0), ("BTC", 0, 1.0), ("BTC", 2, None), ("ETH", 0, 4.0))


def test_lines_are_coins_and_columns_days_whatever_the_order_of_the_rows():
    grid = DayGrid.over(OWN)
    np.testing.assert_array_equal(grid.matrix("value"), [[1, NAN, NAN], [4, NAN, 5]])
    assert (grid.days, grid.first_day) == (3, 20_522)  # `date -u -d 2026-03-10 +%s` / 86,400
    np.testing.assert_array_equal(grid.at_rows(grid.matrix("value")), [1, NAN, 4, 5])


def test_of_another_frame_only_coins_and_days_of_the_grid_are_laid_out():
    other = frame(
        ("BTC", -1, 9.0), ("BTC", 0, 1.5), ("BTC", 2, 2.5), ("BTC", 3, 9.0), ("SOL", 1, 9.0),
        ("ETH", -3, 9.0),
    )  # fmt: skip
    [matrix] = DayGrid.over(OWN).matrices_of(other, ["value"])
    np.testing.assert_array_equal(matrix, [[1.5, NAN, 2.5], [NAN, NAN, NAN]])


def test_two_rows_of_a_coin_and_day_are_refused_by_name():
    twice = frame(("BTC", 0, 1.0), ("BTC", 0, 2.0))
    with pytest.raises(RequestError, match="several for BTC on 2026-03-10"):
        DayGrid.over(twice)
    with pytest.raises(RequestError, match="several for BTC on 2026-03-10"):
        DayGrid.over(OWN).matrices_of(twice, ["value"])


def test_what_is_computed_by_blocks_of_coins_is_what_is_computed_at_once():
    many = frame(*((f"C{coin:03}", day, float(coin * day)) for coin in range(40) for day in (0, 5)))
    grid = DayGrid.over(many)
    found = grid.by_coins(lambda values: {"twice": values * 2}, grid.matrix("value"))
    np.testing.assert_array_equal(found["twice"], many["value"].to_numpy() * 2)


def test_no_rows_are_a_grid_without_lines():
    assert DayGrid.over(frame()).matrix("value").size == 0


def test_unknown_values_of_a_column_are_null():
    [column] = as_columns({"x": np.array([1.0, NAN])})
    assert column.to_list() == [1.0, None]


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [(None, None, [0, 1, 2]), (1, None, [0, 1, 2]), (2, None, [1, 2]), (None, 2, [0, 1])],
)
def test_a_range_begins_a_day_of_lookback_earlier_and_excludes_its_end(start, end, days):
    rows = frame(*(("BTC", n, 1.0) for n in range(3)))
    edges = (None if edge is None else FIRST + edge * DAY for edge in (start, end))
    found = between(rows, *edges, lookback=DAY)
    assert found["ts"].to_list() == [FIRST + n * DAY for n in days]
