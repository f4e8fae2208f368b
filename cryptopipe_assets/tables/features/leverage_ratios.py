"""Leverage of each coin and day: open interest against market cap, and what it costs."""

from cryptopipe_assets.core.schema import Derived, extended
from cryptopipe_assets.tables.leverage_columns import LEVERAGE_COLUMNS

LeverageRatios = extended(
    Derived,
    name="leverage_ratios",
    module=__name__,
    doc="""One coin and UTC day: its open interest on all venues against its market cap.

    Stable, wrapped, staked and bridged coins have no row. A market cap counts for three days;
    without one the ratios are null and the rest stands. Usable one millisecond after the day.
    """,
    columns=LEVERAGE_COLUMNS,
    key=("coin", "ts"),
)
