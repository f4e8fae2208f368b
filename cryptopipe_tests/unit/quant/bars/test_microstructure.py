"""Hourly microstructure: numbers by hand, gaps, silence, row order, and the pandas reference."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.bars.microstructure import (
    MICROSTRUCTURE_COLUMNS,
    hourly_microstructure,
)
from cryptopipe_tests.reference import microstructure_pandas
from cryptopipe_tests.reference.market import small_market

TEN = datetime(2025, 1, 1, 10, tzinfo=UTC)
UTC_MS = pl.Datetime("ms", "UTC")
NO_FUNDING = pl.LazyFrame(
    schema={
        "ts": UTC_MS,
        "available_at": UTC_MS,
        "venue": pl.String,
        "symbol": pl.String,
        "funding_rate": pl.Float64,
        "interval_hours": pl.Int64,
    }
)


def minutes(
    *rows: tuple[int, float, float, float, float, float], symbol: str = "A"
) -> pl.DataFrame:
    """Bars from (minutes after ten, open, high, low, close, volume); quote at the close."""
    after, opened, high, low, close, volume = zip(*rows, strict=True)
    return pl.DataFrame(
        {
            "ts": pl.Series([TEN + timedelta(minutes=m) for m in after], dtype=UTC_MS),
            "venue": ["binance"] * len(rows),
            "symbol": [symbol] * len(rows),
            "open": [float(x) for x in opened],
            "high": [float(x) for x in high],
            "low": [float(x) for x in low],
            "close": [float(x) for x in close],
            "volume_base": [float(x) for x in volume],
            "volume_quote": [float(v * c) for v, c in zip(volume, close, strict=True)],
            "trades": [2] * len(rows),
            "taker_buy_base": [v / 4 for v in volume],
        }
    )


def hours_of(*bars: pl.DataFrame) -> pl.DataFrame:
    return hourly_microstructure(pl.concat(bars).lazy(), NO_FUNDING).collect()


def flat(
    after: int, price: float, volume: float = 1.0
) -> tuple[int, float, float, float, float, float]:
    return (after, price, price, price, price, volume)


@pytest.fixture
def three_minutes() -> dict[str, object]:
    """Ten to eleven with three minutes, closes 100, 110, 99, after a close of 100 at 9:59."""
    hour = hours_of(
        minutes(
            flat(-1, 100.0),
            (0, 100, 102, 99, 100, 1),
            (1, 100, 111, 100, 110, 2),
            (2, 110, 110, 95, 99, 3),
        )
    )
    return hour.row(1, named=True)


def test_the_bar_is_first_max_min_last_and_sums(three_minutes):
    bar = ["open", "high", "low", "close", "volume_base", "volume_quote", "trades", "n_minutes"]
    assert [three_minutes[name] for name in bar] == [100, 111, 95, 99, 6, 100 + 220 + 297, 6, 3]


def test_a_bar_is_named_by_its_open_and_known_a_millisecond_after_its_end(three_minutes):
    assert three_minutes["ts"] == TEN
    assert three_minutes["available_at"] == TEN + timedelta(hours=1, milliseconds=1)


def test_vwap_weighs_typical_prices_and_the_exact_one_divides_quote_by_base(three_minutes):
    # (102+99+100)/3 = 100.33, (111+100+110)/3 = 107, (110+95+99)/3 = 101.33
    vwap = (301 / 3 * 1 + 107 * 2 + 304 / 3 * 3) / 6
    assert three_minutes["vwap"] == pytest.approx(vwap, rel=1e-14)
    assert three_minutes["vwap_exact"] == pytest.approx(617 / 6, rel=1e-14)
    assert three_minutes["vwap_dev"] == pytest.approx((99 - vwap) / vwap, rel=1e-12)


def test_realized_volatility_starts_from_the_close_before_the_hour(three_minutes):
    # Returns 0, +10 %, -10 %: deviation with n - 1 is exactly 10 %.
    assert three_minutes["realized_vol"] == pytest.approx(0.1 * math.sqrt(60), rel=1e-12)
    squares = math.log(1.1) ** 2 + math.log(0.9) ** 2
    assert three_minutes["rv_sum"] == pytest.approx(math.sqrt(squares), rel=1e-12)


def test_volume_spread_and_taker_share(three_minutes):
    assert three_minutes["volume_cv"] == pytest.approx(1 / 2)  # deviation 1 of mean 2
    assert three_minutes["taker_buy_ratio"] == pytest.approx(1 / 4)


def test_range_volatilities_follow_parkinson_and_garman_klass(three_minutes):
    log_range, log_body = math.log(111 / 95), math.log(99 / 100)
    assert three_minutes["parkinson"] == pytest.approx(log_range / math.sqrt(4 * math.log(2)))
    garman_klass = math.sqrt(0.5 * log_range**2 - (2 * math.log(2) - 1) * log_body**2)
    assert three_minutes["garman_klass"] == pytest.approx(garman_klass)


def test_an_incoherent_bar_has_no_garman_klass_instead_of_a_nan():
    hour = hours_of(minutes((0, 100, 101, 100, 150, 1)))
    assert hour["garman_klass"].to_list() == [None]


def test_there_is_no_return_over_a_missing_minute():
    hour = hours_of(minutes(flat(0, 100), flat(1, 110), flat(3, 200), flat(4, 198)))
    # 110/100 and 198/200 only: returns +10 % and -1 %, mean 4.5 %, deviation sqrt(2 * 0.055^2).
    assert hour["realized_vol"].item() == pytest.approx(math.sqrt(2 * 0.055**2 * 60), rel=1e-12)
    assert hour["n_minutes"].item() == 4


def test_there_is_no_return_over_a_gap_at_the_edge_of_the_hour():
    after_gap = hours_of(minutes(flat(-2, 50), flat(0, 100), flat(1, 100), flat(2, 100)))
    assert after_gap["realized_vol"].to_list() == [None, 0.0]


def test_an_instrument_does_not_continue_another_one():
    hours = hours_of(minutes(flat(-1, 50)), minutes(flat(0, 100), flat(1, 100), symbol="B"))
    assert hours.filter(symbol="B")["rv_sum"].to_list() == [0.0]
    assert hours.filter(symbol="B")["realized_vol"].to_list() == [None]


def test_a_single_minute_has_no_volatility():
    hour = hours_of(minutes(flat(0, 100))).row(0, named=True)
    assert {hour["realized_vol"], hour["rv_sum"], hour["volume_cv"]} == {None}


def test_silence_has_no_average_price_and_no_taker_share_but_an_even_volume():
    silent = hours_of(minutes(flat(0, 100, 0), flat(1, 100, 0))).row(0, named=True)
    nothing = ["vwap", "vwap_exact", "vwap_dev", "taker_buy_ratio"]
    assert [silent[name] for name in nothing] == [None] * 4
    assert silent["volume_cv"] == 0.0


def test_no_bars_give_no_hours_but_all_columns():
    none = hourly_microstructure(minutes(flat(0, 1)).clear().lazy(), NO_FUNDING).collect()
    assert none.columns == list(MICROSTRUCTURE_COLUMNS)
    assert none.is_empty()


@pytest.mark.slow
@pytest.mark.parametrize("order", ["by time", "by day and symbol", "shuffled"])
def test_the_order_of_the_rows_changes_nothing(order):
    market = small_market()
    bars = market.bars
    ordered = {
        "by time": bars.sort("ts", "symbol"),
        "by day and symbol": bars.sort(pl.col("ts").dt.date(), "symbol", "ts"),
        "shuffled": bars.sample(fraction=1, shuffle=True, seed=5),
    }
    assert_frame_equal(
        hourly_microstructure(ordered[order].lazy(), market.funding.lazy()).collect(),
        hourly_microstructure(bars.lazy(), market.funding.lazy()).collect(),
        check_exact=True,
    )


def test_pieces_that_end_inside_an_hour_change_nothing():
    market = small_market()
    rows = range(0, market.bars.height, 977)
    pieces = pl.concat([market.bars[row : row + 977] for row in rows], rechunk=False)
    assert pieces.n_chunks() > 100
    assert_frame_equal(
        hourly_microstructure(pieces.lazy(), market.funding.lazy()).collect(),
        hourly_microstructure(market.bars.lazy(), market.funding.lazy()).collect(),
        check_exact=True,
    )


def test_every_column_equals_pandas():
    market = small_market()
    ours = hourly_microstructure(market.bars.lazy(), market.funding.lazy()).collect()
    theirs = microstructure_pandas.hourly_microstructure(
        market.bars.to_pandas(), market.funding.to_pandas()
    )
    assert ours.select("venue", "symbol").rows() == list(
        zip(theirs["venue"], theirs["symbol"], strict=True)
    )
    for name in set(MICROSTRUCTURE_COLUMNS) - {"venue", "symbol"}:
        left = ours[name].to_physical().cast(pl.Float64).to_numpy()
        right = theirs[name]
        if name in {"ts", "available_at"}:
            right = right.astype("int64")
        # vwap_dev is a difference of nearly equal prices: 1e-12 of the price, not of itself.
        np.testing.assert_allclose(
            left,
            right.to_numpy(dtype=float, na_value=np.nan),
            rtol=1e-12,
            atol=1e-14 if name == "vwap_dev" else 0,
            err_msg=name,
        )
