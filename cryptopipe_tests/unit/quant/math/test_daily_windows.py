"""Trailing windows of days against the same figures from numpy, window by window."""

import numpy as np
import pytest

from cryptopipe_assets.quant.math.daily_windows import (
    as_of_delay,
    daily_change,
    delayed,
    trailing_count,
    trailing_mean,
    trailing_moments,
    trailing_trend,
)

NAN = np.nan
VALUES = np.array([[1.0, 2.0, NAN, 4.0, 8.0, 7.0, NAN, 3.0, 5.0, 6.0]])
FIRST_DAY = 20_522  # 2026-03-10


def windows(days: int) -> list[np.ndarray]:
    """Known values of each window, oldest first."""
    ends = range(VALUES.shape[1])
    each = (VALUES[0, max(0, end - days + 1) : end + 1] for end in ends)
    return [window[~np.isnan(window)] for window in each]


def by_window(days: int, least: int, figure) -> list[float]:
    return [figure(each) if len(each) >= least else NAN for each in windows(days)]


@pytest.mark.parametrize("days", [1, 2, 3, 5, 7])
def test_count_mean_and_deviation_are_those_of_the_known_values(days):
    np.testing.assert_array_equal(trailing_count(VALUES, days)[0], [len(w) for w in windows(days)])
    mean = trailing_mean(VALUES, days, min_known=2)[0]
    np.testing.assert_allclose(mean, by_window(days, 2, np.mean))
    moments = trailing_moments(VALUES, days, min_known=1)
    np.testing.assert_allclose(moments.mean[0], by_window(days, 1, np.mean))
    np.testing.assert_allclose(moments.std[0], by_window(days, 2, lambda w: np.std(w, ddof=1)))
    few = trailing_moments(VALUES, days, min_known=3)
    np.testing.assert_allclose(few.mean[0], by_window(days, 3, np.mean))


def test_equal_values_deviate_by_exactly_nothing():
    assert trailing_moments(np.full((1, 6), 0.1), 4, min_known=2).std[0, -1] == 0.0


@pytest.mark.parametrize("days", [3, 5, 6])
@pytest.mark.parametrize("first_day", [FIRST_DAY, FIRST_DAY + 1])
def test_a_trend_is_the_line_that_numpy_fits_through_the_known_days(days, first_day):
    found = trailing_trend(VALUES, days, first_day=first_day, min_known=3)
    for end in range(VALUES.shape[1]):
        x = np.arange(max(0, end - days + 1), end + 1)
        x = x[~np.isnan(VALUES[0, x])]
        if len(x) < 3:
            assert np.isnan(found.slope[0, end])
            continue
        (slope, _), residual = np.polyfit(x, VALUES[0, x], 1), 0.0
        y = VALUES[0, x]
        residual = np.sum((y - np.polyval(np.polyfit(x, y, 1), x)) ** 2)
        error = np.sqrt(residual / (len(x) - 2) / np.sum((x - x.mean()) ** 2))
        assert found.slope[0, end] == pytest.approx(slope)
        assert found.standard_error[0, end] == pytest.approx(error, abs=1e-9)
        assert found.count[0, end] == len(x)


def test_a_value_of_days_before_is_that_of_the_day_or_the_newest_of_a_few_before_it():
    np.testing.assert_array_equal(delayed(VALUES, 2)[0, :5], [NAN, NAN, 1, 2, NAN])
    assert np.isnan(delayed(VALUES, 10)).all()
    np.testing.assert_array_equal(as_of_delay(VALUES, 2, max_age=1)[0, :5], [NAN, NAN, 1, 2, 2])
    assert as_of_delay(VALUES, 2, max_age=0)[0, 8] != as_of_delay(VALUES, 2, max_age=1)[0, 8]


def test_a_change_is_against_the_day_before_and_unknown_after_zero():
    change = daily_change(np.array([[2.0, 3.0, 0.0, 5.0, NAN, 4.0]]))[0]
    np.testing.assert_array_equal(change, [NAN, 0.5, -1.0, NAN, NAN, NAN])
