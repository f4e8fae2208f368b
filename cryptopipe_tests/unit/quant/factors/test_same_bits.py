"""Same input, same bytes: on one thread or several, and whichever engine Polars chooses."""

import hashlib
import os
import subprocess
import sys

import polars as pl
import pytest

from cryptopipe_assets.quant.bars.microstructure import hourly_microstructure
from cryptopipe_assets.quant.bars.panel import hourly_panel
from cryptopipe_assets.quant.factors.factor_set import compute_factors
from cryptopipe_tests.reference.market import END, START, small_market

pytestmark = pytest.mark.slow

PRINT_DIGEST = (
    "from cryptopipe_tests.unit.quant.factors.test_same_bits import digest; print(digest())"
)


def digest(engine: str = "auto") -> str:
    """Hash of all bytes of the hourly features and factors of the small market."""
    market = small_market()
    hours = hourly_microstructure(market.bars.lazy(), market.funding.lazy())
    panel = hourly_panel(hours, market.listings.lazy(), start=START, end=END)
    factors: pl.DataFrame = compute_factors(panel).collect(engine=engine)
    columns = [column.to_arrow().to_string() for column in factors.select(pl.col(pl.String))]
    floats = factors.select(pl.exclude(pl.String).to_physical().cast(pl.Float64).fill_null(-1.5))
    return hashlib.sha256(repr(columns).encode() + floats.to_numpy().tobytes()).hexdigest()


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_the_engine_changes_no_bit(engine):
    assert {digest(engine) for _ in range(3)} == {digest()}


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_the_number_of_threads_changes_no_bit(threads, pytestconfig):
    child = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST],
        env=os.environ | {"POLARS_MAX_THREADS": threads},
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.strip() == digest()
