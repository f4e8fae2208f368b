"""What a strategy is, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import polars as pl

UTC_MS = pl.Datetime("ms", "UTC")

SIGNAL_SCHEMA = pl.Schema(
    {
        "ts": UTC_MS,
        "available_at": UTC_MS,
        "strategy": pl.String(),
        "coin": pl.String(),
        "score": pl.Float64(),
        "weight": pl.Float64(),
        "leg": pl.String(),
        "confidence": pl.Float64(),
        "oi_asof": UTC_MS,
        "market_cap_asof": UTC_MS,
        "price_asof": UTC_MS,
    }
)
"""Columns of a book, in order.

``score`` is the view on the coin in [-1, 1], positive for long. ``weight`` is the signed share of
the strategy's notional; null, like ``leg`` ("long" or "short"), for a coin that is ranked but not
held. ``confidence`` is in [0, 1]: the size of the score times how completely its inputs were
observed, as each strategy states. The stamps say of when the inputs are that were used; null for
inputs that were not.
"""


@dataclass(frozen=True, eq=False)
class Book:
    """The signals of some days, and what was refused."""

    frame: pl.DataFrame
    """Columns of ``SIGNAL_SCHEMA``, sorted by ts, coin; a row per ranked coin and day."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Reason to count: ``days_...`` are days without a book, ``coins_...`` rows of the panel left
    out of the ranking. Sorted; only reasons that occurred."""


class Strategy(Protocol):
    """A rule from a daily panel (``strategies.panel``) to signals.

    A signal of a day reads the panel's rows of that day and of ``lookback`` before it.
    """

    @property
    def id(self) -> str:
        """The one name, in lower case, by which tables, settings and reports know it."""

    @property
    def research(self) -> bool:
        """Whether it is computed and shown, but kept out of aggregated signals by default."""

    @property
    def rebalance_days(self) -> int:
        """Days between two adjustments of the positions; the signals themselves are daily."""

    @property
    def lookback(self) -> timedelta | None:
        """How much of the panel before a day its signals read; None is all of it."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Tables from which the columns come that it reads; what they are made from is implied."""

    def signals(self, panel: pl.DataFrame) -> Book:
        """Return the signals of every day of the panel."""


def kept_for_reasons(
    panel: pl.DataFrame, conditions: Mapping[str, pl.Expr]
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows that meet every condition, and how many failed each one first.

    Parameters
    ----------
    conditions
        Reason for refusal to the condition whose absence it names, in the order of testing. Null
        is not met.
    """
    refused = {}
    for reason, is_met in conditions.items():
        met = panel.filter(is_met.fill_null(value=False))
        refused[reason] = panel.height - met.height
        panel = met
    return panel, refused


def book(strategy: str, rows: pl.DataFrame, refused: Mapping[str, int]) -> Book:
    """Name the strategy in its rows and bring them into the shape of a book."""
    shaped = rows.with_columns(strategy=pl.lit(strategy)).select(
        pl.col(name).cast(dtype) for name, dtype in SIGNAL_SCHEMA.items()
    )
    counted = {reason: refused[reason] for reason in sorted(refused) if refused[reason]}
    return Book(shaped.sort("ts", "coin"), counted)


def days_with_enough(
    rows: pl.DataFrame, names: int, *, of: pl.DataFrame
) -> tuple[pl.DataFrame, int]:
    """Rows of the days that have at least ``names`` of them, and how many days ``of`` have not."""
    enough = rows.filter(pl.len().over("ts") >= names)
    return enough, of["ts"].n_unique() - enough["ts"].n_unique()
