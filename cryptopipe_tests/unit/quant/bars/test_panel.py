"""The hourly panel: who is on it, and what stands in for a missing bar, and for how long."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.quant.bars.panel import bars_outside_validity, hourly_panel
from cryptopipe_tests.reference.hand_made import bars, hour, listings

PRICES = ["open", "high", "low", "close", "vwap", "vwap_exact"]


def panel_of(*frames: pl.DataFrame, listed: pl.DataFrame, start: int = 0, end: int) -> pl.DataFrame:
    micro = pl.concat(frames).lazy()
    return hourly_panel(micro, listed.lazy(), start=hour(start), end=hour(end)).collect()


def test_the_grid_has_every_hour_of_the_listing_and_no_other():
    panel = panel_of(
        bars(dict.fromkeys(range(10), 100.0)),
        listed=listings(A=(hour(2) + timedelta(minutes=40), hour(6) + timedelta(minutes=1))),
        end=10,
    )
    assert panel["ts"].to_list() == [hour(h) for h in (2, 3, 4, 5, 6)]
    assert panel["position"].to_list() == [0, 1, 2, 3, 4]
    assert panel["close"].null_count() == 0


def test_a_delisting_on_the_hour_ends_before_that_hour():
    panel = panel_of(bars({0: 1.0}), listed=listings(A=(hour(0), hour(2))), end=5)
    assert panel["ts"].to_list() == [hour(0), hour(1)]


def test_a_relisted_instrument_starts_anew():
    listed = pl.concat([listings(A=(hour(0), hour(2))), listings(A=(hour(4), None))])
    panel = panel_of(bars(dict.fromkeys(range(6), 1.0)), listed=listed, end=6)
    assert panel["ts"].to_list() == [hour(h) for h in (0, 1, 4, 5)]
    assert panel["position"].to_list() == [0, 1, 0, 1]


def test_positions_count_from_the_start_of_the_panel_and_rows_are_sorted():
    both = listings(B=(hour(-9), None), A=(hour(3), None))
    panel = panel_of(bars({3: 1.0}), bars({3: 2.0}, symbol="B"), listed=both, start=2, end=5)
    assert panel.select("symbol", "position").rows() == [("A", 0), ("A", 1)] + [
        ("B", position) for position in range(3)
    ]
    assert panel["close"].to_list()[:3] == [1.0, 1.0, None]


def test_bars_that_no_listing_covers_can_be_counted():
    micro = pl.concat([bars({0: 1.0, 1: 1.0, 4: 1.0}), bars({1: 1.0}, symbol="STRANGER")])
    outside = bars_outside_validity(micro.lazy(), listings(A=(hour(1), hour(4))).lazy()).collect()
    assert set(outside.select("symbol", "ts").rows()) == {
        ("A", hour(0)),
        ("A", hour(4)),
        ("STRANGER", hour(1)),
    }


def test_the_last_prices_stand_in_for_three_hours_and_no_longer():
    panel = panel_of(
        bars({0: 100.0}, vwap=99.5, vwap_exact=99.25), listed=listings(A=(hour(0), None)), end=6
    )
    assert panel["is_filled"].to_list() == [False, True, True, True, False, False]
    filled = panel.filter("is_filled").select(PRICES)
    assert set(filled.rows()) == {(100.0, 100.0, 100.0, 100.0, 99.5, 99.25)}
    assert panel["close"].to_list()[4:] == [None, None]


def test_a_filled_hour_has_no_volume_and_no_volatility():
    filled = panel_of(bars({0: 1.0}), listed=listings(A=(hour(0), None)), end=2).row(1, named=True)
    assert (filled["volume_base"], filled["volume_quote"]) == (0.0, 0.0)
    features = ["realized_vol", "rv_sum", "volume_cv", "parkinson", "vwap_dev", "taker_buy_ratio"]
    assert {filled[name] for name in [*features, "trades", "n_minutes", "funding_delta"]} == {None}


def test_nothing_is_filled_backward_nor_from_another_instrument():
    both = listings(A=(hour(0), None), B=(hour(0), None))
    panel = panel_of(bars({2: 1.0}), bars({2: 5.0}, symbol="B"), listed=both, end=3)
    assert panel["close"].to_list() == [None, None, 1.0, None, None, 5.0]


def test_nothing_is_filled_after_a_delisting():
    panel = panel_of(bars({0: 1.0}), listed=listings(A=(hour(0), hour(2))), end=9)
    assert panel["is_filled"].to_list() == [False, True]


def test_funding_stands_in_for_its_interval_and_one_hour_more():
    known = {"funding_rate": 0.01, "funding_interval_hours": 4, "funding_age_h": 3.0}
    panel = panel_of(bars({0: 1.0}, **known), listed=listings(A=(hour(0), None)), end=5)
    assert panel["funding_rate"].to_list() == [0.01, 0.01, 0.01, None, None]
    assert panel["funding_age_h"].to_list() == [3.0, 4.0, 5.0, None, None]


@pytest.mark.parametrize(("minutes", "is_valid"), [(49, False), (50, True)])
def test_a_bar_of_too_few_minutes_keeps_its_prices_but_no_feature(minutes, is_valid):
    panel = panel_of(bars({0: 100.0}, n_minutes=minutes), listed=listings(A=(hour(0), None)), end=1)
    row = panel.row(0, named=True)
    assert (row["close"], row["n_minutes"], row["is_valid_bar"]) == (100.0, minutes, is_valid)
    features = ["realized_vol", "vwap_dev", "volume_base", "volume_cv", "trades"]
    assert [row[name] is not None for name in features] == [is_valid] * 5


def test_every_row_is_known_a_millisecond_after_its_hour():
    panel = panel_of(bars({0: 1.0}), listed=listings(A=(hour(0), None)), end=3)
    known_after = (panel["available_at"] - panel["ts"]).unique().to_list()
    assert known_after == [timedelta(hours=1, milliseconds=1)]


@pytest.mark.parametrize(
    "start",
    [
        datetime(2025, 1, 1, 0, 30, tzinfo=UTC),
        datetime(2025, 1, 1),  # noqa: DTZ001
        datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_panel_starts_at_a_full_hour_in_utc(start):
    with pytest.raises(RequestError, match="start to be a full hour in UTC"):
        hourly_panel(
            bars({0: 1.0}).lazy(), listings(A=(hour(0), None)).lazy(), start=start, end=hour(9)
        )
