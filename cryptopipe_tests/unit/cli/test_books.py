"""The books as a person reads them."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl
import pytest
from rich.console import Console

from cryptopipe_assets.cli.books import books
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.storage.catalog.catalog import rebuild
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.signals.signals import Signals

DAY = datetime(2026, 3, 9, tzinfo=UTC)


def shown(settings: Settings, refused: Mapping[str, object]) -> str:
    console = Console(width=160, file=io.StringIO())
    with console.capture() as printed:
        console.print(books(settings, refused))
    return printed.get()


def hold(settings: Settings, weights: Mapping[str, float], strategy: str) -> None:
    rows = pl.DataFrame(
        {
            "strategy": strategy,
            "coin": list(weights),
            "weight": list(weights.values()),
            "score": list(weights.values()),
        }
    ).with_columns(
        ts=pl.lit(DAY),
        available_at=pl.lit(DAY),
        leg=pl.when(pl.col("weight") > 0).then(pl.lit("long")).otherwise(pl.lit("short")),
        confidence=pl.lit(1.0),
        **{f"{each}_asof": pl.lit(None) for each in ("oi", "market_cap", "price")},
    )
    Lake(settings.warehouse).replace(Signals, Signals.conform(rows), DAY.date())


@pytest.fixture
def catalogued(settings):
    def build() -> Settings:
        rebuild(Lake(settings.warehouse), [Signals])
        return settings

    return build


def test_names_come_by_size_and_the_twelfth_is_counted(settings, catalogued):
    weights = {f"C{n:02}": 0.01 * (n + 1) for n in range(12)}
    hold(settings, weights, "ema_crossover")
    lines = shown(catalogued(), {}).splitlines()
    [line] = [line for line in lines if "C11" in line]
    assert line.split()[:4] == ["ema_crossover", "long", "C11", "12.0"]
    assert line.rstrip().endswith("C02\N{NO-BREAK SPACE}3.0  and 2 more")
    assert "Current books on what was known at the end of 2026-03-09" in lines[0]


def test_a_strategy_without_a_book_says_why(settings, catalogued):
    hold(settings, {"BTC": 0.5, "ETH": -0.5}, "dilution")
    refused = {
        "refused/leverage_inverted/days_with_too_few_coins": 1,
        "refused/leverage_inverted/coins_without_ratio": 7,
        "refused/dilution/coins_excluded": 3,
        "rows": 2,
    }
    text = shown(catalogued(), refused)
    assert "no book: coins without ratio 7, days with too few coins 1" in text
    assert "dilution (research)" in text
    assert "3 coins excluded" not in text
