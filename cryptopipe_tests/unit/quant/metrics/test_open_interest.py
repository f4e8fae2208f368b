"""Open interest of a coin: over all its contracts or of one, by the hour and by the day."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.metrics.open_interest import coin_totals, daily_close, single_contract

DAY_START = datetime(2025, 1, 1, tzinfo=UTC)
HOUR, MS = timedelta(hours=1), timedelta(milliseconds=1)
UTC_MS = pl.Datetime("ms", "UTC")
SCHEMA = {
    "ts": UTC_MS,
    "available_at": UTC_MS,
    "venue": pl.String,
    "symbol": pl.String,
    "coin": pl.String,
    "open_interest_usd": pl.Float64,
}
Row = tuple[int, str, str, float | None]


def hourly(*rows: Row, coin: str = "BTC") -> pl.DataFrame:
    """Make rows of open_interest from (hour, venue, symbol, USD), measured at the hour's end."""
    return pl.DataFrame(
        [
            (DAY_START + h * HOUR, DAY_START + (h + 1) * HOUR + MS, venue, symbol, coin, usd)
            for h, venue, symbol, usd in rows
        ],
        schema=SCHEMA,
        orient="row",
    )


LINEAR = ("binance", "BTC-USDT-PERP")
INVERSE = ("binance", "BTC-USD-PERP")
BYBIT = ("bybit", "BTC-USDT-PERP")
KRAKEN = ("kraken", "BTC-USD-PERP")


def test_a_total_sums_contracts_and_venues():
    total = coin_totals(hourly((0, *LINEAR, 5.0), (0, *INVERSE, 2.0), (0, *BYBIT, 3.0))).row(
        0, named=True
    )
    assert total["open_interest_usd"] == 10.0
    assert (total["oi_venues"], total["oi_contracts"], total["oi_coverage"]) == (2, 3, 1.0)


def test_a_total_is_available_when_its_last_part_is():
    rows = hourly((0, *LINEAR, 5.0), (0, *BYBIT, 3.0)).with_columns(
        available_at=pl.col("available_at") + pl.duration(minutes=pl.int_range(pl.len()) * 7)
    )
    assert coin_totals(rows)["available_at"].to_list() == [DAY_START + HOUR + MS + 7 * HOUR / 60]


def test_the_coverage_weighs_the_silent_contracts_by_their_last_value():
    rows = hourly((0, *LINEAR, 5.0), (0, *BYBIT, 3.0), (1, *LINEAR, 6.0), (2, *LINEAR, 9.0))
    totals = coin_totals(rows)
    assert totals["oi_coverage"].to_list() == [1.0, 6 / 9, 9 / 12]
    assert totals["oi_contracts"].to_list() == [2, 1, 1]


def test_a_contract_that_reports_again_is_no_longer_silent():
    rows = hourly((0, *LINEAR, 5.0), (0, *BYBIT, 3.0), (1, *LINEAR, 5.0), (2, *LINEAR, 5.0))
    again = pl.concat([rows, hourly((2, *BYBIT, 4.0))])
    assert coin_totals(again)["oi_coverage"].to_list() == [1.0, 5 / 8, 1.0]


def test_a_contract_is_forgotten_a_day_after_its_last_value():
    rows = hourly((0, *BYBIT, 3.0), *((h, *LINEAR, 5.0) for h in range(26)))
    coverage = coin_totals(rows)["oi_coverage"].to_list()
    assert coverage == [1.0] + [5 / 8] * 23 + [1.0] * 2


def test_a_value_that_is_null_counts_as_no_value():
    totals = coin_totals(
        hourly((0, *LINEAR, 5.0), (0, *BYBIT, 3.0), (1, *LINEAR, 5.0), (1, *BYBIT, None))
    )
    assert totals["oi_coverage"].to_list() == [1.0, 5 / 8]


def test_no_open_interest_at_all_covers_nothing():
    assert coin_totals(hourly((0, *LINEAR, 0.0)))["oi_coverage"].to_list() == [None]


contracts = st.dictionaries(
    st.tuples(st.integers(0, 40), st.sampled_from([LINEAR, INVERSE, BYBIT, KRAKEN])),
    st.floats(1.0, 1e9),
    min_size=1,
)


@settings(max_examples=30)
@given(contracts)
def test_totals_add_up_and_coverage_is_a_share(values):
    rows = hourly(*((h, *contract, usd) for (h, contract), usd in values.items()))
    totals = coin_totals(rows)
    assert totals["open_interest_usd"].sum() == pytest.approx(sum(values.values()))
    assert totals["oi_contracts"].sum() == len(values)
    assert totals["oi_coverage"].is_between(0.0, 1.0).all()


@settings(max_examples=30)
@given(contracts, st.integers(0, 40))
def test_no_total_sees_a_later_hour(values, cut):
    rows = hourly(*((h, *contract, usd) for (h, contract), usd in values.items()))
    past = pl.col("ts") < DAY_START + cut * HOUR
    for compute in (coin_totals, single_contract):
        assert_frame_equal(compute(rows.filter(past)), compute(rows).filter(past), check_exact=True)


def test_a_day_of_totals_needs_23_hours_before_and_gives_the_same_bits():
    rows = hourly(
        *((h, *LINEAR, 1 / (h + 1)) for h in range(72) if h % 5),
        *((h, *BYBIT, 1 / (h + 7)) for h in range(72) if h % 7),
        *((h, *INVERSE, 1 / (h + 3)) for h in range(30)),
    ).sample(fraction=1.0, shuffle=True, seed=1)
    day = pl.col("ts") >= DAY_START + 48 * HOUR
    recent = rows.filter(pl.col("ts") >= DAY_START + 25 * HOUR)
    whole = coin_totals(rows).filter(day)
    assert whole["oi_coverage"].min() < 1.0
    assert_frame_equal(coin_totals(recent).filter(day), whole, check_exact=True)


def test_the_original_follows_the_coin_margined_contract_of_the_first_venue():
    rows = hourly((0, *BYBIT, 3.0), (0, *LINEAR, 5.0), (0, *INVERSE, 2.0), (0, *KRAKEN, 9.0))
    assert single_contract(rows).select("venue", "symbol", "open_interest_usd").rows() == [
        (*INVERSE, 2.0)
    ]


def test_the_followed_contract_is_not_replaced_while_it_is_silent_for_a_day():
    rows = hourly((0, *LINEAR, 5.0), *((h, *BYBIT, 3.0) for h in range(26)))
    chosen = single_contract(rows)
    assert chosen["venue"].to_list() == ["binance", "bybit", "bybit"]
    assert chosen["ts"].to_list() == [DAY_START + h * HOUR for h in (0, 24, 25)]


def test_venues_outside_the_preference_are_never_followed():
    assert single_contract(hourly((0, *KRAKEN, 9.0))).height == 0


def test_the_close_of_a_day_is_its_last_hour():
    closes = daily_close(
        coin_totals(hourly((22, *LINEAR, 4.0), (23, *LINEAR, 5.0), (24, *LINEAR, 6.0)))
    )
    close = closes.row(0, named=True)
    assert closes.height == 1
    assert close["open_interest_usd"] == 5.0
    assert close["ts"] == DAY_START
    assert close["oi_asof"] == DAY_START + 24 * HOUR
    assert close["available_at"] == DAY_START + 24 * HOUR + MS


def test_a_day_whose_last_measurement_is_over_two_hours_old_has_no_close():
    assert daily_close(coin_totals(hourly((21, *LINEAR, 4.0)))).height == 1
    assert daily_close(coin_totals(hourly((20, *LINEAR, 4.0)))).height == 0


def test_a_last_hour_that_was_published_after_the_day_is_not_its_close():
    rows = hourly((22, *LINEAR, 4.0), (23, *LINEAR, 5.0)).with_columns(
        available_at=pl.when(pl.col("ts") == DAY_START + 23 * HOUR)
        .then(pl.col("available_at") + pl.duration(minutes=5))
        .otherwise("available_at")
    )
    assert daily_close(coin_totals(rows))["open_interest_usd"].to_list() == [4.0]


@pytest.mark.parametrize("compute", [coin_totals, single_contract])
def test_no_rows_give_no_rows_with_the_same_columns(compute):
    rows = hourly((23, *LINEAR, 4.0))
    empty, full = (daily_close(compute(each)) for each in (rows.clear(), rows))
    assert (empty.height, empty.schema) == (0, full.schema)


def test_closes_of_many_coins_are_in_the_order_of_coins_and_days():
    rows = [
        hourly((h, *LINEAR, 1.0), coin=f"C{n:03}") for n in range(400) for h in (22, 23, 46, 47)
    ]
    closes = daily_close(coin_totals(pl.concat(rows)))
    assert closes.height == 800
    assert closes.select("coin", "ts").rows() == sorted(closes.select("coin", "ts").rows())
