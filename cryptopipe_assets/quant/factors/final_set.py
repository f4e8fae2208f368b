"""The final factor set: the rows a user can rely on, and why the others were dropped."""

from dataclasses import dataclass

import polars as pl

from cryptopipe_assets.quant.bars.microstructure import MICROSTRUCTURE_COLUMNS
from cryptopipe_assets.quant.factors.factor_set import FACTOR_SET

MIN_COVERAGE = 0.5
"""Share of the listed instruments that must have a valid bar for an hour to count."""

AT_ONCE = 8
"""Columns that are filtered together."""

REQUIRED_COLUMNS = (
    *("open", "high", "low", "close", "volume_base"),
    *("vwap", "vwap_dev", "realized_vol", "volume_cv"),
    *("relative_volume", "turnover_ratio"),
    *("true_range", "atr_24h", "price_efficiency"),
    *("returns_1h", "returns_24h", "returns_168h", "vol_regime"),
)
"""Columns without which a row is dropped. Funding is optional: a contract may have none; so is the
value traded, which many vendors of bars do not tell."""

PUBLISHED_COLUMNS = (*MICROSTRUCTURE_COLUMNS, *(each.name for each in FACTOR_SET))


@dataclass(frozen=True)
class FactorSet:
    """What is published, and how many rows were dropped for which reason."""

    frame: pl.DataFrame
    """Microstructure columns and factors, sorted by venue, symbol, ts."""
    dropped: dict[str, int]
    """Rows per reason, in the order in which the reasons are tried; without those of no row."""


def final_factor_set(panel: pl.LazyFrame) -> FactorSet:
    """Drop the rows of a panel with factors that lack something, and count them by reason.

    The first reason that applies counts: ``no_bar``, ``filled``, ``too_few_minutes``,
    ``low_coverage``, then ``missing_<column>`` in the order of ``REQUIRED_COLUMNS``.

    Parameters
    ----------
    panel
        Result of ``compute_factors``, without the rows that served as look-back only.
    """
    judged = panel.collect(engine="in-memory")
    del panel
    is_kept, dropped = _judge(judged)
    columns = judged.select(PUBLISHED_COLUMNS).get_columns()
    del judged
    # A few at a time: on every core, and a group's memory serves for the next one.
    kept: list[pl.Series] = []
    while columns:
        group, columns = columns[:AT_ONCE], columns[AT_ONCE:]
        kept += pl.DataFrame(group).filter(is_kept).get_columns()
        del group
    return FactorSet(frame=pl.DataFrame(kept), dropped=dropped)


def _judge(panel: pl.DataFrame) -> tuple[pl.Series, dict[str, int]]:
    """Return which rows are kept, and how many are not for which reason.

    Reason by reason over all rows: flags are bits, so that is cheaper than copying the lost rows.
    """
    is_kept = pl.repeat(True, panel.height, eager=True)
    dropped: dict[str, int] = {}
    for applies in panel.select(**_reasons()):
        dropped[applies.name] = int((is_kept & applies).sum())
        is_kept &= ~applies
    return is_kept, {why: count for why, count in dropped.items() if count}


def _reasons() -> dict[str, pl.Expr]:
    """Return each reason with the rows it applies to; never null."""
    has_bar = pl.col("n_minutes").is_not_null()
    return {
        "no_bar": ~has_bar & ~pl.col("is_filled"),
        "filled": ~has_bar,
        "too_few_minutes": ~pl.col("is_valid_bar"),
        "low_coverage": (pl.col("cs_coverage_frac") < MIN_COVERAGE).fill_null(True),
        **{f"missing_{name}": pl.col(name).is_null() for name in REQUIRED_COLUMNS},
    }
