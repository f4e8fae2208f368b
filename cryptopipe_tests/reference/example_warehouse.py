"""A small warehouse of the simulated market at a fixed instant: what examples and samples show.

``make docs-samples`` writes ``docs/samples`` and the outputs of the notebooks anew. A test compares
them with what the same warehouse says in CI, so they cannot be stale.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import polars as pl

from cryptopipe_assets.cli.demo.past import evenings
from cryptopipe_assets.config.settings import Settings, load_settings
from cryptopipe_assets.core.time import milliseconds
from cryptopipe_assets.defs.partitions import SYMBOLS
from cryptopipe_assets.runtime.assembly import build, in_order
from cryptopipe_assets.runtime.simulated_clock import SimulatedClock
from cryptopipe_assets.sandbox.faults.holes import Hole, HoledSource
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_tests.conftest import Platform
from cryptopipe_tests.places import ROOT
from cryptopipe_tests.reference import notebooks

SAMPLES = ROOT / "docs" / "samples"
NOTEBOOKS = ROOT / "examples" / "notebooks"
NOW = datetime(2025, 6, 12, 9, 30, 20, tzinfo=UTC)
"""HYPE is two weeks old then: short enough for its whole past."""

TODAY = NOW.date()
DAYS = 3
WARM_UP = timedelta(days=8)
PRICES = timedelta(days=80)
YOUNG = "HYPE-USDT-PERP"
HOLE = Hole(
    "SOLUSDT",
    milliseconds(datetime(2025, 6, 10, 14, 5, tzinfo=UTC)),
    milliseconds(datetime(2025, 6, 10, 14, 17, tzinfo=UTC)),
)
"""Twelve minutes that the exchange lost everywhere, so that there is a gap to show."""

ROWS = 3
SIGNIFICANT = 6
"""Digits that a sample shows; the last ones of a float may differ between machines."""

FOLLOWED = pl.col("symbol").is_in(["BTC-USDT-PERP", "1000PEPE-USDT-PERP", "SOL-USDT-PERP"])
COINS = pl.col("coin").is_in(["BTC", "HYPE", "SOL"])
SHOWN: dict[str, pl.Expr] = {
    "instruments": pl.col("coin").is_in(["BTC", "PEPE", "HYPE"]),
    "ohlcv_1m": FOLLOWED,
    "funding_rate": FOLLOWED,
    "microstructure_1h": FOLLOWED,
    "factors_1h": FOLLOWED,
    "market_cap": COINS & pl.col("circulating_supply").is_not_null(),
    "dilution_metrics": COINS & pl.col("potential_dilution").is_not_null(),
    "open_interest": (pl.col("coin") == "BTC") & (pl.col("margin_type") == "linear"),
    "leverage_ratios": COINS,
    "signals": pl.col("weight").is_not_null(),
}
"""Rows worth showing, where not any will do."""

ENTITIES = {"open_interest": "venue", "signals": "strategy", "data_gaps": "cause"}
"""Column of which a sample has three values, where it is neither ``symbol`` nor ``coin``."""


@contextmanager
def example_platform(settings: Settings) -> Iterator[Platform]:
    """The graph on a stand-in at `NOW`, with all coins of ``cryptopipe.toml``."""
    clock = SimulatedClock(NOW)
    source = HoledSource(
        SimulatedSource(settings.config.sandbox.seed, clock=clock), rest=[HOLE], archive=[HOLE]
    )
    with (
        Sandbox(source, enforce_limits=False) as sandbox,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield Platform(settings, sandbox, instance, clock)


def fill(platform: Platform) -> None:
    """Fill every table."""
    for day in evenings(TODAY):
        platform.now = datetime(day.year, day.month, day.day, 23, 45, tzinfo=UTC)
        _run(platform, ["market_cap"], day, day)
    platform.now = NOW
    first, warm = TODAY - timedelta(days=DAYS - 1), TODAY - timedelta(days=DAYS - 1) - WARM_UP
    tables = in_order(build(platform.settings))
    _run(platform, ["instruments"], TODAY, TODAY)
    _run(platform, ["market_cap"], warm - PRICES, TODAY)
    others = [name for name in tables if name != "market_cap"]
    _run(platform, [n for n in others if n != "factors_1h"], warm, first - timedelta(days=1))
    _run(platform, others, first, TODAY)
    platform.instance.add_dynamic_partitions(str(SYMBOLS.name), [YOUNG])
    definitions = build(platform.settings, vendors=platform.vendors)
    definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=platform.instance,
        asset_selection=[dg.AssetKey("symbol_history")],
        partition_key=YOUNG,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def _run(platform: Platform, tables: Sequence[str], first: date, last: date) -> None:
    result = platform.materialise(tables, first.isoformat(), last.isoformat())
    failed = [event.message for event in result.all_events if event.is_failure]
    assert result.success, failed


def sample(lake: Lake, name: str) -> pl.DataFrame:
    """Some rows of a table as text, the newest of those worth showing; null is an empty cell."""
    contract = contracts()[name]
    if contract.has_days():
        rows = lake.scan(contract, TODAY - timedelta(days=2), TODAY).collect()
    else:
        rows = lake.read(contract)
    usual = "symbol" if "symbol" in contract.columns() else "coin"
    entity = ENTITIES.get(name, usual)
    shown = rows.filter(SHOWN.get(name, pl.lit(value=True)))
    newest = shown.filter(pl.col("ts") == pl.col("ts").max().over(entity)).sort(contract.key())
    chosen = newest.unique(entity, keep="first", maintain_order=True).head(ROWS)
    return chosen.select(_as_text(column, dtype) for column, dtype in chosen.schema.items())


def _as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(column)
    if isinstance(dtype, pl.Datetime):
        return value.dt.strftime("%Y-%m-%d %H:%M:%S%.3f").str.replace(r"\.000$", "")
    if dtype.is_float():
        return value.round_sig_figs(SIGNIFICANT).map_elements(_plain, return_dtype=pl.String)
    return value.cast(pl.String)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:.{SIGNIFICANT}g}"


def write_samples(lake: Lake) -> None:
    """Write ``docs/samples``, a file a table."""
    for name in contracts():
        sample(lake, name).write_csv(SAMPLES / f"{name}.csv")


def main() -> None:
    """Fill the warehouse and write what is shown of it."""
    with TemporaryDirectory() as folder:
        settings = load_settings().with_environment(
            vendors="sandbox", warehouse=Path(folder) / "warehouse", dagster_home=Path(folder)
        )
        with example_platform(settings) as platform:
            fill(platform)
            write_samples(platform.lake)
        os.environ["CRYPTOPIPE_WAREHOUSE"] = str(settings.warehouse)  # as a user names theirs
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            notebooks.write_outputs(path)


if __name__ == "__main__":
    main()
