"""Sums and spreads of an hour: exact where they can be, and nobody else's business."""

from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.bars.hour_totals import hour_totals

TEN = datetime(2025, 1, 1, 10, tzinfo=UTC)


def minutes(close: list[float], volume: list[float] | None = None) -> pl.DataFrame:
    """Adjacent minutes from ten o'clock."""
    count = len(close)
    flat = dict.fromkeys(("volume_quote", "taker_buy_base"), [1.0] * count)
    return pl.DataFrame(
        {
            "ts": [TEN] * count,
            "high": close,
            "low": close,
            "close": close,
            "volume_base": volume or [1.0] * count,
            "trades": [1] * count,
            **flat,
        },
        schema_overrides={"ts": pl.Datetime("ms", "UTC")},
    ).with_columns(pl.col("ts") + pl.duration(minutes=pl.int_range(pl.len())))


def one_hour(**columns: list[float]) -> dict[str, float]:
    return hour_totals(minutes(**columns), np.array([0])).row(0, named=True)


def squared_deviations(values: list[float]) -> Fraction:
    """Without any rounding."""
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    return sum((value - mean) ** 2 for value in exact)


def test_equal_volumes_do_not_deviate_at_all():
    # 60 * 0.1 is not 6 in binary; a mean of 0.1 and a deviation of 0 must come out all the same.
    assert one_hour(close=[1.0] * 60, volume=[0.1] * 60)["volume_std"] == 0.0


def test_equal_returns_do_not_deviate_at_all():
    hour = one_hour(close=[2.0**n for n in range(60)])
    assert (hour["return_mean"], hour["return_sq"]) == (1.0, 0.0)


def test_small_differences_of_large_returns_are_not_lost():
    closes = [1.0]
    for n in range(40):
        closes.append(closes[-1] * (1024 + n % 3 * 2.0**-20))
    returns = [after / before - 1 for before, after in pairwise(closes)]
    hour = one_hour(close=closes)
    assert hour["return_mean"] == pytest.approx(sum(returns) / 40, rel=1e-15)
    assert hour["return_sq"] == pytest.approx(float(squared_deviations(returns)), rel=1e-6)


@pytest.mark.parametrize(
    "volume",
    [
        [1e9 + n * 1e-3 for n in range(60)],
        [1e9, *(1.0 + n * 1e-3 for n in range(59))],
        [*(1.0 + n * 1e-3 for n in range(59)), 1e9],
    ],
    ids=["small differences of large volumes", "an outlier first", "an outlier last"],
)
def test_the_spread_keeps_its_digits(volume):
    variance = one_hour(close=[1.0] * 60, volume=volume)["volume_std"] ** 2
    assert variance == pytest.approx(float(squared_deviations(volume) / 59), rel=1e-12)


def test_a_steady_rise_leaves_the_spread_of_its_returns():
    close = [100.0 * 1.5**n * (1 + 1e-6 * (n % 3)) for n in range(60)]
    returns = [after / before - 1 for before, after in pairwise(close)]
    # Returns near 0.5 are rounded to 1e-16; their deviations are near 1e-6.
    assert one_hour(close=close)["return_sq"] == pytest.approx(
        float(squared_deviations(returns)), rel=1e-9
    )


@pytest.mark.slow
def test_no_hour_learns_of_its_neighbours():
    """More hours than are worked on at a time: each has the bits it has alone."""
    rng = np.random.default_rng(7)
    lengths = rng.integers(1, 8, 1500)
    begins = np.cumsum(lengths) - lengths
    values = np.exp(rng.normal(0, 1, lengths.sum())).tolist()
    together = minutes(values, values[::-1])
    alone = [
        hour_totals(together[begin : begin + length], np.array([0]))
        for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True)
    ]
    assert_frame_equal(hour_totals(together, begins), pl.concat(alone), check_exact=True)
