"""Three checks that every published column must pass, whatever it means.

A *computation* turns named input frames into one frame with ts, venue, symbol. The checks compare
bits: a column that moves in its last digit when the future changes has seen the future.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

KEY = ["ts", "venue", "symbol"]
HOUR = timedelta(hours=1)

Inputs = Mapping[str, pl.DataFrame]
Computation = Callable[[Inputs], pl.DataFrame]


def scrambled_after(cut: datetime, inputs: Inputs, *, seed: int = 0) -> dict[str, pl.DataFrame]:
    """Replace every number and flag of the rows with ``ts >= cut`` by another one."""
    rng = np.random.default_rng(seed)
    return {name: _scramble(frame, cut, rng) for name, frame in inputs.items()}


def _scramble(frame: pl.DataFrame, cut: datetime, rng: np.random.Generator) -> pl.DataFrame:
    is_future = pl.col("ts") >= pl.lit(cut)
    noise = {}
    for name, dtype in frame.schema.items():
        if dtype.is_float():
            noise[name] = pl.Series(rng.uniform(1.0, 1e6, frame.height))
        elif dtype.is_integer() and name != "position":
            noise[name] = pl.Series(rng.integers(1, 9, frame.height)).cast(dtype)
        elif dtype == pl.Boolean:
            noise[name] = pl.Series(rng.integers(0, 2, frame.height)).cast(pl.Boolean)
    return frame.with_columns(
        pl.when(is_future).then(values).otherwise(name).alias(name)
        for name, values in noise.items()
    )


def truncated_at(cut: datetime, inputs: Inputs) -> dict[str, pl.DataFrame]:
    """Drop the rows with ``ts >= cut``."""
    return {name: frame.filter(pl.col("ts") < pl.lit(cut)) for name, frame in inputs.items()}


def published_by(cut: datetime, inputs: Inputs) -> dict[str, pl.DataFrame]:
    """Drop the rows that were not known when the bar was that ends at ``cut``."""
    bar_known = cut + timedelta(milliseconds=1)
    return {
        name: frame.filter(pl.col("available_at") <= pl.lit(bar_known))
        for name, frame in inputs.items()
    }


def known_by(cut: datetime, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the rows of hours that have ended by ``cut``."""
    return frame.filter(pl.col("ts") + HOUR <= pl.lit(cut)).select(*KEY, *columns).sort(KEY)


def assert_blind_to_the_future(
    compute: Computation, inputs: Inputs, *, cut: datetime, columns: list[str]
) -> None:
    """Cutting off what is later or came later, or making it other, leaves the past as it was."""
    past = known_by(cut, compute(inputs), *columns)
    assert past.height > 0
    changes = (truncated_at, scrambled_after, published_by)
    for changed in (change(cut, inputs) for change in changes):
        assert_identical(known_by(cut, compute(changed), *columns), past)


def assert_lookback_is_enough(
    compute: Computation,
    inputs: Inputs,
    *,
    hour: datetime,
    lookback: Mapping[str, timedelta],
    columns: list[str],
) -> None:
    """The row of ``hour`` comes out the same from the declared look-back alone."""
    recent = {
        name: frame.filter(pl.col("ts") >= pl.lit(hour - lookback[name]))
        for name, frame in inputs.items()
    }
    at_hour = pl.col("ts") == pl.lit(hour)
    whole = compute(inputs).filter(at_hour).select(*KEY, *columns).sort(KEY)
    assert whole.height > 0
    assert_identical(compute(recent).filter(at_hour).select(*KEY, *columns).sort(KEY), whole)


def assert_not_silently_empty(frame: pl.DataFrame, column: str) -> None:
    """The column has at least one finite value, and no NaN anywhere."""
    values = frame[column].drop_nulls()
    assert len(values) > 0, f"{column} is null in every row"
    if values.dtype.is_float():
        assert values.is_finite().all(), f"{column} has NaN or infinity"


def assert_identical(left: pl.DataFrame, right: pl.DataFrame) -> None:
    """Same rows, dtypes and bits."""
    assert_frame_equal(left, right, check_exact=True)
