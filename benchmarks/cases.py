"""What is measured: per case an input, Polars, its pandas opponents and a goal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from benchmarks import kline_decode
from benchmarks.synthetic import START, write_hours, write_minutes
from cryptopipe_assets.quant.bars.microstructure import hourly_microstructure
from cryptopipe_assets.quant.bars.panel import hourly_panel
from cryptopipe_assets.quant.factors.factor_set import compute_factors
from cryptopipe_assets.quant.factors.final_set import final_factor_set
from cryptopipe_tests.reference import (
    factors_pandas,
    factors_pandas_long,
    microstructure_pandas,
)

HOURS = 8760
END = START + timedelta(hours=HOURS)

Answer = dict[str, float]
"""A few numbers that all sides must agree on."""


@dataclass(frozen=True)
class Case:
    """A computation that several sides do on the same input."""

    title: str
    goal: float
    """How many times faster than the fastest pandas side Polars should be."""
    write_input: Callable[[Path], None]
    sides: dict[str, Callable[[Path], Callable[[], Answer]]]
    """Each loads its input into memory and returns the call that is timed."""


def _microstructure_polars(folder: Path) -> Callable[[], Answer]:
    bars = pl.read_parquet(folder / "bars.parquet").rechunk().lazy()
    funding = pl.read_parquet(folder / "funding.parquet").lazy()

    def run() -> Answer:
        hours = hourly_microstructure(bars, funding).collect(engine="in-memory")
        return _answer_of_hours(hours["realized_vol"].sum(), hours.height, hours["vwap"].sum())

    return run


def _microstructure_pandas(folder: Path) -> Callable[[], Answer]:
    bars = pd.read_parquet(folder / "bars.parquet")
    funding = pd.read_parquet(folder / "funding.parquet")

    def run() -> Answer:
        hours = microstructure_pandas.hourly_microstructure(bars, funding)
        return _answer_of_hours(hours["realized_vol"].sum(), len(hours), hours["vwap"].sum())

    return run


def _answer_of_hours(realized_vol: float, rows: int, vwap: float) -> Answer:
    return {"rows": rows, "realized_vol": realized_vol, "vwap": vwap}


def _factors_polars(folder: Path) -> Callable[[], Answer]:
    hours = pl.read_parquet(folder / "hours.parquet").rechunk().lazy()
    listings = pl.read_parquet(folder / "listings.parquet").lazy()

    def run() -> Answer:
        # Nested, so that nobody but the last step holds on to the panel.
        result = final_factor_set(
            compute_factors(hourly_panel(hours, listings, start=START, end=END))
        )
        regime = result.frame["vol_regime"].sum()
        return {"rows": result.frame.height, "vol_regime": regime, **result.dropped}

    return run


def _factors_pandas(folder: Path, *, is_wide: bool) -> Callable[[], Answer]:
    hours = pd.read_parquet(folder / "hours.parquet")
    listings = pd.read_parquet(folder / "listings.parquet")

    def run() -> Answer:
        if is_wide:
            rows = factors_pandas.factor_panel(hours, listings, start=START, end=END).long()
        else:
            rows = factors_pandas_long.factor_panel(hours, listings, start=START, end=END)
        kept, dropped = factors_pandas.final_set(rows)
        return {"rows": len(kept), "vol_regime": kept["vol_regime"].sum(), **dropped}

    return run


def answers_agree(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two sides computed the same thing, to 1e-9."""
    return left.keys() == right.keys() and all(
        abs(left[name] - right[name]) <= 1e-9 * max(1.0, abs(right[name])) for name in left
    )


CASES = {
    "microstructure": Case(
        title="Hourly microstructure: 50 symbols x 30 days of minutes",
        goal=3.0,
        write_input=partial(write_minutes, symbols=50, days=30),
        sides={"polars": _microstructure_polars, "pandas": _microstructure_pandas},
    ),
    "factors": Case(
        title="Panel, factors and final set: 92 symbols x 8760 hours",
        goal=4.0,
        write_input=partial(write_hours, symbols=92, hours=HOURS),
        sides={
            "polars": _factors_polars,
            "pandas (long)": partial(_factors_pandas, is_wide=False),
            "pandas (wide)": partial(_factors_pandas, is_wide=True),
        },
    ),
    "kline_decode": Case(
        title=f"Kline pages into numbers: {kline_decode.PAGES} pages of {kline_decode.ROWS} bars",
        goal=5.0,
        write_input=kline_decode.write_pages,
        sides={"polars": kline_decode.ours, "json + pandas": kline_decode.json_and_pandas},
    ),
}
