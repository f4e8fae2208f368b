"""Leverage, dilution and books have the same bits whatever the number of threads."""

import os
import subprocess
import sys

import pytest

from cryptopipe_tests.places import ROOT

PROGRAM = """
import hashlib
import io
from cryptopipe_assets.quant.metrics.dilution.metrics import dilution_metrics
from cryptopipe_assets.quant.metrics.leverage.ratios import leverage_ratios
from cryptopipe_assets.quant.metrics.leverage.history import coin_averages, daily_aggregate
from cryptopipe_assets.quant.strategies.panel import daily_panel
from cryptopipe_assets.quant.strategies.strategy_set import STRATEGIES
from cryptopipe_tests.reference.daily_market import daily_market

market = daily_market(coins=60, days=500)
leverage = leverage_ratios(market.open_interest, market.market_cap, market.funding)
dilution = dilution_metrics(market.market_cap)
panel = daily_panel(market.prices, leverage, dilution)
books = [strategy.signals(panel).frame for strategy in STRATEGIES]
history = [daily_aggregate(leverage), coin_averages(leverage)]
for frame in [leverage, *history, dilution, panel, *books]:
    content = io.BytesIO()
    frame.write_ipc(content)
    print(frame.height, hashlib.sha256(content.getvalue()).hexdigest())
"""


def bits_with(threads: int) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "POLARS_MAX_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split("\n")[:-1]


@pytest.mark.slow
def test_one_thread_or_many_give_the_same_bits():
    alone = bits_with(1)
    assert len(alone) == 8
    assert all(not line.startswith("0 ") for line in alone)
    assert bits_with(2) == bits_with(7) == alone
