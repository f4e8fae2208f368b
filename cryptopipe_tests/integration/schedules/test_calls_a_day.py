"""What a day of market data costs, by the stand-in's own count over a simulated day."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.cli.calls import CEILING, ORIGINAL, MeasuredDay, measure, show
from cryptopipe_assets.config.settings import load_settings

DAY = date(2026, 3, 10)


@pytest.fixture(scope="module")
def measured() -> MeasuredDay:
    """The day of the original's ten coins."""
    return measure(load_settings(), DAY)


pytestmark = pytest.mark.nightly


def test_a_day_of_ten_coins_every_quarter_of_an_hour_is_one_call_each_time(measured):
    assert dict(measured.calls) == {("coingecko", "coins/markets"): 96}
    assert measured.calls.total() <= CEILING == 105
    assert ORIGINAL == 393


def test_the_exact_close_of_a_day_costs_a_call_a_coin_once(measured):
    assert dict(measured.closing) == {("coingecko", "coins/market_chart"): 10}


def test_every_coin_is_told_every_quarter_of_an_hour(measured):
    first = datetime(2026, 3, 10, 0, 1, tzinfo=UTC)
    quarters = [first + n * timedelta(minutes=15) for n in range(96)]
    assert sorted(measured.rows["coin"].unique()) == [
        *("AGIX", "BTC", "ETH", "FET", "OCEAN", "RENDER", "SOL", "TAO", "USDT", "XRP")
    ]
    for _, rows in measured.rows.group_by("coin"):
        assert rows["ts"].sort().to_list() == quarters
        assert rows.select(pl.col("price_usd", "circulating_supply").null_count()).row(0) == (0, 0)


def test_the_count_is_printed_per_vendor_beside_the_originals(measured, capsys):
    show(measured, DAY)
    said = capsys.readouterr().out
    [line] = [line for line in said.splitlines() if "coingecko" in line]
    assert line.split() == ["coingecko", "coins/markets", "96"]
    assert "96 calls brought 960 rows: each of 10 coins 96 times." in said
    assert "393" in said
