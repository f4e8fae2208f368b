"""The dilution table: ``python -m benchmarks.dilution``."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.daily_tables import Answer, DailyTable, main, read, sums
from cryptopipe_assets.quant.metrics.dilution.metrics import dilution_metrics
from cryptopipe_tests.reference.dilution_pandas import dilution_pandas

COMPARED = (
    *("circulating_share", "potential_dilution", "locked_tokens"),
    *("dilution_velocity_share_per_year", "velocity_days"),
    *("dilution_velocity_tokens_per_year", "supply_inflation_ann"),
)


def _polars(folder: Path) -> Callable[[], Answer]:
    snapshots = read(folder, "market_cap")
    return lambda: sums(dilution_metrics(snapshots), COMPARED)


def _pandas(folder: Path) -> Callable[[], Answer]:
    snapshots = read(folder, "market_cap").to_pandas()
    return lambda: sums(dilution_pandas(snapshots), COMPARED)


if __name__ == "__main__":
    main(DailyTable("Dilution metrics", "benchmarks.dilution", 1.0, _polars, _pandas))
