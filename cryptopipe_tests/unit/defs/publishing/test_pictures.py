"""The charts that a run shows: there is one where there is something to show, and it is small."""

import base64
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.defs.publishing.charts import bars
from cryptopipe_assets.defs.publishing.pictures import pictures

pytestmark = pytest.mark.slow  # matplotlib takes a second to import

START = datetime(2026, 3, 10, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"


def picture(markdown: str) -> bytes:
    """The PNG in a Markdown image."""
    head, _, encoded = markdown.partition("(data:image/png;base64,")
    assert head.startswith("![")
    return base64.b64decode(encoded.removesuffix(")"), validate=True)


@pytest.fixture
def minutes():
    symbols = pl.DataFrame({"symbol": ["BTC-USDT-PERP", "SOL-USDT-PERP"], "close": [9e4, 200.0]})
    stamps = pl.DataFrame({"ts": [START + timedelta(minutes=i) for i in range(150)]})
    return symbols.join(stamps, how="cross").with_columns(volume_quote=pl.lit(1.0))


def test_bars_show_their_coverage_and_the_course_of_the_day(minutes):
    drawn = pictures("ohlcv_1m", minutes, {})
    assert set(drawn) == {"chart/coverage", "chart/closes"}
    for markdown in drawn.values():
        assert picture(markdown).startswith(PNG)
        assert len(markdown) < 15_000  # kept in Dagster's history with every run


def test_a_hole_changes_the_picture_of_the_coverage(minutes):
    holed = minutes.filter(~((pl.col("symbol") == "SOL-USDT-PERP") & (pl.col("ts").dt.hour() == 1)))
    whole, broken = (pictures("ohlcv_1m", each, {})["chart/coverage"] for each in (minutes, holed))
    assert whole != broken


def test_the_same_rows_give_the_same_picture(minutes):
    assert pictures("ohlcv_1m", minutes, {}) == pictures("ohlcv_1m", minutes, {})


def test_rows_that_were_dropped_are_drawn_by_reason(minutes):
    counted = {"dropped/warming_up": 12, "dropped/never": 0, "rows_dropped": 12}
    assert "chart/rows_dropped" in pictures("factors_1h", minutes, counted)
    assert "chart/rows_dropped" not in pictures("factors_1h", minutes, {"dropped/never": 0})


def test_the_ranking_of_leverage_leaves_out_coins_without_a_ratio():
    day = pl.DataFrame(
        {"ts": [START] * 3, "coin": ["A", "B", "C"], "oi_to_market_cap": [0.1, None, 0.3]}
    )
    ranked = bars(
        ["C", "A"],
        [30.0, 10.0],
        title="Highest open interest against market cap on 2026-03-10",
        unit="percent of the market cap",
    )
    assert pictures("leverage_ratios", day, {}) == {"chart/leverage_ranking": ranked}


def test_a_table_that_no_schedule_fills_needs_no_picture(minutes):
    assert pictures("symbol_history", minutes, {}) == {}


@pytest.mark.parametrize("table", ["ohlcv_1m", "signals", "market_cap"])
def test_a_table_without_rows_has_no_picture(table):
    assert pictures(table, pl.DataFrame(schema={"ts": pl.Datetime("ms", "UTC")}), {}) == {}
