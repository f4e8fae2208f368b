"""The final factor set: the rows a user can rely on, and why the others were dropped."""

from dataclasses import dataclass

import polars as pl

from cryptopipe_assets.factors.factor_set import FACTOR_SET
from cryptopipe_assets.factors.microstructure import MICROSTRUCTURE_COLUMNS

MIN_COVERAGE = 0.5
"""Share of the listed instruments that must have a valid bar for an hour to count."""

REQUIRED_COLUMNS = (
    *("open", "high", "low", "close", "volume_base", "volume_quote"),
    *("vwap", "vwap_dev", "realized_vol", "volume_cv"),
    *("relative_volume", "relative_volume_usd", "turnover_ratio"),
    *("true_range", "atr_24h", "price_efficiency"),
    *("returns_1h", "returns_24h", "returns_168h", "vol_regime"),
)
"""Columns without which a row is dropped. Funding is optional: a contract may have none."""


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
    reasons = _reasons()
    is_dropped = pl.any_horizontal(reasons.values())
    judged = panel.with_columns(is_dropped=is_dropped).collect(engine="in-memory")
    kept, lost = judged.filter(~pl.col("is_dropped")), judged.filter("is_dropped")
    first = pl.coalesce(pl.when(applies).then(pl.lit(why)) for why, applies in reasons.items())
    per_reason = lost.group_by(first.alias("why")).len()
    counts: dict[str, int] = dict(per_reason.iter_rows())
    return FactorSet(
        frame=kept.select(*MICROSTRUCTURE_COLUMNS, *(each.name for each in FACTOR_SET)),
        dropped={why: counts[why] for why in reasons if why in counts},
    )


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
