"""The leverage score: how far up a coin stands among the coins of its day."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from cryptopipe_assets.quant.math.daily_grid import Matrix
from cryptopipe_assets.quant.math.daily_ranks import percentile_ranks

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
