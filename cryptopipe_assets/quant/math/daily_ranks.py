"""Percentile ranks over the coins of each day."""

import numpy as np

from cryptopipe_assets.quant.math.daily_grid import Matrix


def percentile_ranks(by_day: Matrix) -> Matrix:
    """Average rank of ties over the number of known values of the day, in (0, 1].

    Days x coins. The largest value has 1 unless it is tied; NaN where the value is unknown.
    """
    unknown = np.isnan(by_day)
    # Sorting takes several times longer where there is a NaN; infinity comes last as well.
    values = np.where(unknown, np.inf, by_day)
    order = np.argsort(values, axis=1)
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, _places(np.take_along_axis(values, order, axis=1)), axis=1)
    known = unknown.shape[1] - np.count_nonzero(unknown, axis=1, keepdims=True)
    return np.where(unknown, np.nan, ranks / np.maximum(known, 1))


def _places(values: Matrix) -> Matrix:
    """Rank of each of the ascending values of a day, 1 for the smallest; ties share the mean.

    Infinity stands for an unknown value, whose place does not matter.
    """
    places = np.tile(np.arange(1.0, values.shape[1] + 1), (values.shape[0], 1))
    is_new = np.ones(values.shape, dtype=np.bool_)
    is_new[:, 1:] = (values[:, 1:] != values[:, :-1]) | (values[:, 1:] == np.inf)
    tied = np.flatnonzero(~is_new.all(axis=1))
    first = np.maximum.accumulate(np.where(is_new[tied], places[tied], 0.0), axis=1)
    is_last = np.roll(is_new[tied], -1, axis=1)
    upward = np.where(is_last, places[tied], np.inf)[:, ::-1]
    last = np.minimum.accumulate(upward, axis=1)[:, ::-1]
    places[tied] = (first + last) / 2
    return places
