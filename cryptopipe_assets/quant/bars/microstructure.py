"""Hourly microstructure: what a contract's minutes say about an hour.

Formulas: DEFINITIONS C2. Volatility is per hour and not annualised. Missing input gives null,
never a neutral value: an hour without volume has no vwap and no taker ratio.

References
----------
Andersen & Bollerslev (1998), Answering the skeptics (``rv_sum``). Parkinson (1980), The extreme
value method for estimating the variance of the rate of return. Garman & Klass (1980), On the
estimation of security price volatilities. Chan, Golub & LeVeque (1983), Algorithms for computing
the sample variance (adding one observation to a variance).
"""

import math
from datetime import timedelta

import polars as pl

from cryptopipe_assets.quant.bars.funding import with_funding
from cryptopipe_assets.quant.bars.minutes import fold_minutes

BARS_LOOKBACK = timedelta(hours=1)
"""How far before the first wanted hour the bars must begin: its first return and funding delta."""

FUNDING_LOOKBACK = timedelta(hours=25)
"""How far before the first wanted hour settlements must begin: the row before, whose end is the
wanted hour's open, may read a rate of a 24 h interval for one hour longer."""

MICROSTRUCTURE_COLUMNS = (
    *("ts", "available_at", "venue", "symbol", "open", "high", "low", "close"),
    *("volume_base", "volume_quote", "trades", "taker_buy_base", "vwap", "vwap_exact", "vwap_dev"),
    *("realized_vol", "rv_sum", "volume_cv", "parkinson", "garman_klass", "taker_buy_ratio"),
    *("n_minutes", "funding_rate", "funding_interval_hours", "funding_rate_8h", "funding_age_h"),
    *("funding_annualized", "funding_delta", "arb_pressure"),
)

_RANGE_COLUMNS = ("parkinson", "garman_klass")
_VOLATILITY_COLUMNS = ("realized_vol", "rv_sum", "volume_cv", *_RANGE_COLUMNS)
_RATIO_COLUMNS = ("vwap", "vwap_exact", "vwap_dev", "taker_buy_ratio")


def hourly_microstructure(bars: pl.LazyFrame, funding: pl.LazyFrame) -> pl.LazyFrame:
    """Fold one-minute bars into hours and attach the funding known at each hour's end.

    Every hour that has at least one minute gives a row, also an unfinished one: which hours are
    complete and wanted is for the caller to filter. Bars should begin ``BARS_LOOKBACK``, funding
    ``FUNDING_LOOKBACK``, before the first wanted hour. The bars are read and folded by the call
    itself, the rest when the result is collected.

    Parameters
    ----------
    bars
        Rows of ``ohlcv_1m``, unique per (venue, symbol, ts), in any order.
    funding
        ts (settlement), available_at, venue, symbol, funding_rate, interval_hours.

    Returns
    -------
    LazyFrame of ``MICROSTRUCTURE_COLUMNS``, sorted by venue, symbol, ts. ``available_at`` is the
    end of the hour plus one millisecond. Never NaN: null where inputs are missing.
    """
    return (
        fold_minutes(bars)
        .lazy()
        .with_columns(edge_return=_edge_close_ratio() - 1, edge_log=_edge_close_ratio().log())
        .with_columns(*_prices(), *_volatilities(), *_ranges())
        .with_columns(vwap_dev=(pl.col("close") - pl.col("vwap")) / pl.col("vwap"))
        .with_columns(_finite(*_VOLATILITY_COLUMNS, *_RATIO_COLUMNS))
        .pipe(with_funding, funding)
        .with_columns(available_at=pl.col("ts") + pl.duration(hours=1, milliseconds=1))
        .select(MICROSTRUCTURE_COLUMNS)
    )


def _edge_close_ratio() -> pl.Expr:
    """First close of the hour over the last one of the hour before, if one minute lies between."""
    is_adjacent = pl.all_horizontal(
        pl.col("venue") == pl.col("venue").shift(1),
        pl.col("symbol") == pl.col("symbol").shift(1),
        pl.col("first_minute") - pl.col("last_minute").shift(1) == pl.duration(minutes=1),
    )
    return pl.when(is_adjacent).then(pl.col("first_close") / pl.col("close").shift(1))


def _prices() -> list[pl.Expr]:
    """Return average prices and the takers' share; null for an hour without volume."""
    volume = pl.when(pl.col("volume_base") > 0).then("volume_base")
    return [
        (pl.col("typical_quote") / volume).alias("vwap"),
        (pl.col("volume_quote") / volume).alias("vwap_exact"),
        (pl.col("taker_buy_base") / volume).alias("taker_buy_ratio"),
    ]


def _volatilities() -> list[pl.Expr]:
    """Return the spread of the hour's returns (with the one over its edge) and of its volumes."""
    edge, inner = pl.col("edge_return"), pl.col("n_returns")
    count = inner + edge.is_not_null()
    added = ((edge - pl.col("return_mean")) ** 2 * inner / (inner + 1)).fill_null(0.0)
    log_squares = pl.col("log_return_sq") + (pl.col("edge_log") ** 2).fill_null(0.0)
    mean_volume = pl.col("volume_base") / pl.col("n_minutes")
    variance = pl.when(count >= 2).then((pl.col("return_sq") + added) / (count - 1))
    return [
        (variance.sqrt() * math.sqrt(60)).alias("realized_vol"),
        pl.when(count >= 1).then(log_squares.sqrt()).alias("rv_sum"),
        pl.when(mean_volume == 0)
        .then(0.0)
        .otherwise(pl.col("volume_std") / mean_volume)
        .alias("volume_cv"),
    ]


def _ranges() -> list[pl.Expr]:
    """Return range-based volatilities of the hourly bar.

    Garman and Klass's radicand is negative only where open or close lie outside low and high;
    such a bar has no result and gets null.
    """
    log_range_sq = (pl.col("high") / pl.col("low")).log() ** 2
    log_body_sq = (pl.col("close") / pl.col("open")).log() ** 2
    radicand = 0.5 * log_range_sq - (2 * math.log(2) - 1) * log_body_sq
    return [
        (log_range_sq * (1 / (4 * math.log(2)))).sqrt().alias("parkinson"),
        pl.when(radicand >= 0).then(radicand.sqrt()).alias("garman_klass"),
    ]


def _finite(*names: str) -> list[pl.Expr]:
    """Turn what arithmetic cannot express (NaN, infinity) into null."""
    return [pl.when(pl.col(name).is_finite()).then(name) for name in names]
