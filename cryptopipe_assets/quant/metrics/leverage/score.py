"""The leverage score: how far up a coin stands among the coins of its day."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from cryptopipe_assets.quant.math.daily_grid import Matrix

SCORE_WEIGHTS: Final = {"oi_to_market_cap": 0.6, "avg_funding_7d": 0.2, "oi_growth_30d": 0.2}
"""What counts and how much. Funding counts by its size, whoever pays it."""

_BLOCK_DAYS = 32
"""Days worked on at a time: they stay in the processor's cache."""


def leverage_score(terms: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Score (0 to 100) of every coin and day, and over how many terms, ``score_terms``.

    The weighted mean of percentile ranks (average rank of ties over the number of coins that have
    the term on that day) over the terms that a coin has: their weights are renormalised. The
    score is NaN and ``score_terms`` 0 without any.

    Parameters
    ----------
    terms
        The terms of ``SCORE_WEIGHTS``; coins x days.
    """
    shape = terms["oi_to_market_cap"].shape
    score, count = np.empty(shape), np.empty(shape)
    for first in range(0, shape[1], _BLOCK_DAYS):
        days = slice(first, first + _BLOCK_DAYS)
        block = {name: np.ascontiguousarray(terms[name][:, days].T) for name in SCORE_WEIGHTS}
        by_day, terms_by_day = _score_of_days(block)
        score[:, days], count[:, days] = by_day.T, terms_by_day.T
    return {"leverage_score": score, "score_terms": count}


def _score_of_days(terms: Mapping[str, Matrix]) -> tuple[Matrix, Matrix]:
    """Score and number of terms, days x coins."""
    shape = terms["oi_to_market_cap"].shape
    weighted, weights, count = (np.zeros(shape) for _ in range(3))
    for name, weight in SCORE_WEIGHTS.items():
        size = np.abs(terms[name]) if name == "avg_funding_7d" else terms[name]
        rank = percentile_ranks(size)
        known = ~np.isnan(rank)
        weighted += np.where(known, rank, 0.0) * weight
        weights += known * weight
        count += known
    weights[weights == 0] = np.nan
    return 100 * (weighted / weights), count


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
