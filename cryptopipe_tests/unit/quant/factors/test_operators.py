"""Operators on the hourly grid: windows that stay inside the instrument and keep their bits."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_series_equal

from cryptopipe_assets.quant.factors.operators import (
    cs_count,
    cs_mean,
    cs_median,
    hours_since,
    ratio,
    ts_count,
    ts_delay,
    ts_mean,
    ts_sum,
    ts_zscore,
)

X = pl.col("x")
START = datetime(2026, 2, 1, tzinfo=UTC)


def grid(*instruments: list[float | None]) -> pl.DataFrame:
    """One instrument after the other, hour by hour."""
    return pl.concat(
        pl.DataFrame(
            {
                "position": range(len(values)),
                "ts": [START + timedelta(hours=each) for each in range(len(values))],
                "x": values,
            },
            schema_overrides={"x": pl.Float64},
        )
        for values in instruments
    )


def values(panel: pl.DataFrame, expr: pl.Expr) -> list[float | None]:
    return panel.select(expr.alias("y"))["y"].to_list()


def noise(hours: int, instruments: int = 3) -> pl.DataFrame:
    rng = np.random.default_rng(11)
    return grid(*(rng.lognormal(3, 2, hours).tolist() for _ in range(instruments)))


def test_a_delay_does_not_reach_into_the_instrument_before():
    assert values(grid([1, 2, 3], [4, 5]), ts_delay(X, 1)) == [None, 1, 2, None, 4]


def test_a_window_is_full_or_null():
    assert values(grid([1, 2, None, 4, 5, 6], [7, 8]), ts_sum(X, 2)) == [
        *[None, 3, None, None, 9, 11],
        *[None, 15],
    ]
    assert values(grid([1, 2, 3]), ts_mean(X, 2)) == [None, 1.5, 2.5]


@pytest.mark.parametrize("periods", [1, 2, 3, 5, 8, 24, 31, 168])
def test_sums_agree_with_numpy(periods):
    panel = noise(400)
    sums = values(panel.head(400), ts_sum(X, periods))
    windows = np.lib.stride_tricks.sliding_window_view(panel["x"].head(400).to_numpy(), periods)
    expected = windows.sum(axis=1)
    assert sums[: periods - 1] == [None] * (periods - 1)
    np.testing.assert_allclose(sums[periods - 1 :], expected, rtol=1e-13)


@pytest.mark.parametrize("expr", [ts_sum(X, 168), ts_mean(X, 168), ts_zscore(X, 168, min_known=24)])
def test_a_window_has_the_same_bits_wherever_the_panel_starts(expr):
    panel = noise(1000)
    for start in (1, 37, 500, 832):
        first, warm = (START + timedelta(hours=each) for each in (start, start + 167))
        late = panel.filter(pl.col("ts") >= first).with_columns(pl.col("position") - start)
        whole = panel.with_columns(y=expr).filter(pl.col("ts") >= warm)
        assert_series_equal(
            late.with_columns(y=expr).filter(pl.col("ts") >= warm)["y"],
            whole["y"],
            check_exact=True,
        )


def test_a_zscore_uses_what_is_known_and_wants_enough_of_it():
    panel = grid([1, None, 2, 3, None], [100, 200])
    # Of 1, 2: mean 1.5, deviation 0.7071; of 1, 2, 3: mean 2, deviation 1.
    expected = [None, None, pytest.approx(0.5 / 0.5**0.5), pytest.approx(1.0), None]
    scores = values(panel, ts_zscore(X, 4, min_known=2))
    assert scores[:5] == expected
    assert scores[5:] == [None, pytest.approx(0.5**0.5)]


def test_a_zscore_of_equal_values_is_zero():
    assert values(grid([5, 5, 5]), ts_zscore(X, 3, min_known=3)) == [None, None, 0.0]


def test_a_zscore_agrees_with_pandas():
    panel = noise(400, instruments=1)
    window = panel["x"].to_pandas().rolling(168, min_periods=24)
    expected = (panel["x"].to_pandas() - window.mean()) / window.std()
    scores = panel.select(ts_zscore(X, 168, min_known=24)).to_series().to_numpy()
    np.testing.assert_allclose(scores, expected.to_numpy(), rtol=1e-9)


def test_a_count_takes_unknown_for_false_and_stays_inside():
    panel = grid([1, None, 1, 1, 1], [1, 1])
    assert values(panel, ts_count(X > 0, 3)) == [1, 1, 2, 2, 3, 1, 2]


def test_hours_since_an_event_start_anew_with_each_instrument():
    panel = grid([0, 1, 0, 0], [0, 0, 1])
    assert values(panel, hours_since(X == 1)) == [None, 0, 1, 2, None, None, 0]


def test_cross_sections_leave_out_what_is_unknown():
    panel = grid([1, None], [3, 4], [8, None])
    assert values(panel, cs_mean(X)) == [4, 4, 4, 4, 4, 4]
    assert values(panel, cs_median(X)) == [3, 4, 3, 4, 3, 4]
    assert values(panel, cs_count(X.is_not_null())) == [3, 1, 3, 1, 3, 1]


def test_a_mean_has_the_same_bits_whether_an_instrument_is_unknown_or_absent():
    panel = noise(300, instruments=9)
    is_second = (pl.int_range(pl.len()) // 300) == 1
    unknown = panel.with_columns(x=pl.when(~is_second).then("x"), m=None)
    means = unknown.with_columns(m=cs_mean(X)).filter(~is_second)["m"]
    absent = panel.filter(~is_second).with_columns(m=cs_mean(X))["m"]
    assert_series_equal(means, absent, check_exact=True)


def test_a_ratio_to_nothing_is_null():
    panel = grid([0, 2, None])
    assert values(panel, ratio(pl.lit(1.0), X)) == [None, 0.5, None]
