"""Factors and flags: numbers by hand, the final set, and the pandas reference."""

import math

import numpy as np
import polars as pl
import pytest

from cryptopipe_assets.quant.bars.microstructure import hourly_microstructure
from cryptopipe_assets.quant.bars.panel import hourly_panel
from cryptopipe_assets.quant.factors.factor import factor
from cryptopipe_assets.quant.factors.factor_set import FACTOR_SET, compute_factors, stages
from cryptopipe_assets.quant.factors.final_set import FactorSet, final_factor_set
from cryptopipe_tests.reference import factors_pandas, factors_pandas_long
from cryptopipe_tests.reference.hand_made import bars, hour, listings
from cryptopipe_tests.reference.market import END, START, small_market

pytestmark = pytest.mark.slow

WEEK = 168


def factors_of(*micro: pl.DataFrame, listed: pl.DataFrame | None = None) -> pl.DataFrame:
    """Compute all factors on bars of instruments that are listed from hour 0 on."""
    hours = pl.concat(micro)
    symbols = hours["symbol"].unique().sort()
    everyone = listings(**{symbol: (hour(0), None) for symbol in symbols})
    last = hours["ts"].max()
    panel = hourly_panel(
        hours.lazy(),
        (everyone if listed is None else listed).lazy(),
        start=hour(0),
        end=hour(round((last - hour(0)).total_seconds() / 3600) + 1),
    )
    return compute_factors(panel).collect()


def at(frame: pl.DataFrame, number: int, symbol: str = "A") -> dict[str, object]:
    return frame.row(
        by_predicate=(pl.col("ts") == hour(number)) & (pl.col("symbol") == symbol), named=True
    )


def test_returns_compare_with_the_close_so_many_hours_ago():
    closes = dict.fromkeys(range(WEEK + 1), 100.0) | {WEEK: 120.0, WEEK - 1: 96.0}
    closes |= {WEEK - 24: 150.0, 0: 60.0}
    row = at(factors_of(bars(closes)), WEEK)
    assert row["returns_1h"] == pytest.approx(0.25)
    assert row["returns_24h"] == pytest.approx(-0.2)
    assert row["returns_168h"] == pytest.approx(1.0)


def test_returns_are_by_time_and_never_from_a_filled_price():
    frame = factors_of(bars({0: 100.0, 2: 110.0, 3: 121.0}))
    assert frame["returns_1h"].to_list() == [None, None, None, pytest.approx(0.1)]


def test_true_range_reaches_back_to_the_close_before():
    first = bars({0: 100.0})
    gap_up = bars({1: 110.0}).with_columns(high=pl.lit(112.0), low=pl.lit(108.0))
    inside = bars({2: 109.0}).with_columns(high=pl.lit(115.0), low=pl.lit(105.0))
    gap_down = bars({3: 90.0}).with_columns(high=pl.lit(95.0), low=pl.lit(89.0))
    frame = factors_of(first, gap_up, inside, gap_down)
    # 112 - 100; 115 - 105; 109 - 89. The first bar has no close before it.
    assert frame["true_range"].to_list() == [None, 12.0, 10.0, 20.0]


def test_the_average_true_range_is_a_plain_mean_of_24_and_bridges_a_filled_hour():
    # 24 true ranges: hour 5 is missing, so its filled bar has range 0 and hour 6 jumps by 2.
    closes = {number: 100.0 + number for number in range(25) if number != 5}
    frame = factors_of(bars(closes))
    assert frame["atr_24h"].to_list()[:24] == [None] * 24
    assert at(frame, 24)["atr_24h"] == pytest.approx((22 * 1 + 0 + 2) / 24)
    assert at(frame, 24)["price_efficiency"] == pytest.approx(0.01 / (1.0 / 124.0))


def test_a_price_that_never_moves_has_no_efficiency():
    assert at(factors_of(bars(dict.fromkeys(range(30), 5.0))), 29)["price_efficiency"] is None


def test_turnover_compares_with_the_mean_of_24_hours_and_wants_all_of_them():
    volumes = {23: 25.0, 24: 2.0}
    frame = factors_of(bars({n: 1.0 for n in range(50) if n != 25}, volumes=volumes))
    assert at(frame, 22)["turnover_ratio"] is None
    assert at(frame, 23)["turnover_ratio"] == pytest.approx(25 / (48 / 24))
    # A filled hour is missing, not zero: no ratio for the next 24 hours.
    assert [at(frame, n)["turnover_ratio"] for n in (25, 26, 48)] == [None] * 3
    assert at(frame, 49)["turnover_ratio"] == pytest.approx(1.0)


def test_volatility_regime_compares_with_the_week():
    calm = bars(dict.fromkeys(range(WEEK - 1), 1.0), realized_vol=0.01)
    wild = bars({WEEK - 1: 1.0}, realized_vol=0.85)
    frame = factors_of(calm, wild)
    assert at(frame, WEEK - 2)["vol_regime"] is None
    assert at(frame, WEEK - 1)["vol_regime"] == pytest.approx(0.85 / ((167 * 0.01 + 0.85) / 168))


def test_relative_volume_compares_with_the_known_instruments_of_the_hour():
    frame = factors_of(
        bars({0: 10.0}, symbol="A", volumes={0: 6.0}),
        bars({0: 1.0}, symbol="B", volumes={0: 30.0}),
        bars({0: 1.0}, symbol="SHORT", volumes={0: 999.0}, n_minutes=49),
    )
    assert at(frame, 0)["relative_volume"] == pytest.approx(6 / 18)
    assert at(frame, 0)["relative_volume_usd"] == pytest.approx(60 / 45)
    assert at(frame, 0, "SHORT")["relative_volume"] is None


def test_funding_pressure_is_the_distance_to_the_median():
    rates = {"A": 0.05, "B": 0.01, "C": 0.02}
    frame = factors_of(
        *(bars({0: 1.0}, symbol=each, funding_rate=rate) for each, rate in rates.items()),
        bars({0: 1.0}, symbol="NONE"),
    )
    pressure = [at(frame, 0, symbol)["funding_pressure"] for symbol in ("A", "B", "C", "NONE")]
    assert pressure == [pytest.approx(0.03), pytest.approx(-0.01), 0.0, None]


def test_coverage_counts_the_listed_and_not_the_ever_seen():
    listed = listings(A=(hour(0), None), B=(hour(0), hour(1)), C=(hour(1), None), D=(hour(0), None))
    frame = factors_of(bars({0: 1.0, 1: 1.0}), bars({1: 1.0}, symbol="C"), listed=listed)
    assert (at(frame, 0)["cs_universe_size"], at(frame, 1)["cs_universe_size"]) == (3, 3)
    assert at(frame, 0)["cs_coverage_frac"] == pytest.approx(1 / 3)
    assert at(frame, 1)["cs_coverage_frac"] == pytest.approx(2 / 3)


def test_a_gap_stops_trading_on_its_first_bar_and_the_two_hours_after():
    frame = factors_of(bars({n: 1.0 for n in range(40) if n not in (30, 31)}))
    gaps = [at(frame, n)["gap_seconds"] for n in (0, 29, 30, 32, 33)]
    assert gaps == [None, 3600, None, 3 * 3600, 3600]
    flags = ["under_maintenance", "cooldown_no_trade", "trade_allowed", "is_valid_for_training"]
    assert [[at(frame, n)[flag] for flag in flags] for n in (29, 32, 33, 34, 35)] == [
        [False, False, True, True],
        [True, False, False, False],
        [False, True, False, False],
        [False, True, False, False],
        [False, False, True, True],
    ]


def test_the_first_bar_is_not_traded_and_24_make_an_instrument_mature():
    frame = factors_of(bars(dict.fromkeys(range(30), 1.0)))
    assert (at(frame, 0)["trade_allowed"], at(frame, 1)["trade_allowed"]) == (False, True)
    assert (at(frame, 22)["is_mature"], at(frame, 23)["is_mature"]) == (False, True)


@pytest.mark.parametrize(("log_return", "is_spike"), [(0.51, True), (-0.51, True), (0.49, False)])
def test_a_spike_is_a_log_return_beyond_one_half(log_return, is_spike):
    frame = factors_of(bars({0: 100.0, 1: 100.0 * math.exp(log_return)}))
    assert frame["is_spike"].to_list() == [None, is_spike]


def test_a_volume_spike_stands_out_by_five_deviations():
    # n - 1 values of 1 and one outlier have z = (n - 1) / sqrt(n): 4.9 for 26, 5.1 for 28.
    for hours, is_spike in ((26, False), (28, True)):
        frame = factors_of(bars(dict.fromkeys(range(hours), 1.0), volumes={hours - 1: 50.0}))
        assert frame["is_volume_spike"].to_list()[22:24] == [None, False]
        assert at(frame, hours - 1)["is_volume_spike"] is is_spike


def test_rows_are_dropped_for_the_first_reason_that_applies_and_counted():
    whole = bars({n: 100.0 + n % 7 for n in range(200)}, symbol="WHOLE")
    torn = bars({n: 100.0 + n % 7 for n in range(190)}, symbol="TORN")
    brief = bars({199: 5.0}, symbol="BRIEF", n_minutes=30)
    both = listings(**{name: (hour(0), None) for name in ("WHOLE", "TORN")})
    listed = pl.concat([both, listings(BRIEF=(hour(199), None))])
    result = final_factor_set(factors_of(whole, torn, brief, listed=listed).lazy())
    assert isinstance(result, FactorSet)
    # The week of warm-up goes; TORN is filled for 3 hours and then gone for 7. In its last hour
    # one of three listed instruments has a valid bar: too few.
    assert result.dropped == {
        "no_bar": 7,
        "filled": 3,
        "too_few_minutes": 1,
        "low_coverage": 1,
        "missing_turnover_ratio": 2 * 23,
        "missing_atr_24h": 2 * 1,
        "missing_returns_168h": 2 * 144,
    }
    kept = result.frame.group_by("symbol").len().sort("symbol").rows()
    assert kept == [("TORN", 190 - 168), ("WHOLE", 199 - 168)]
    assert result.frame.height + sum(result.dropped.values()) == 200 + 200 + 1


def test_an_instrument_without_funding_is_kept():
    frame = final_factor_set(factors_of(bars({n: 1.0 + n % 5 for n in range(170)})).lazy()).frame
    assert frame["funding_pressure"].to_list() == [None, None]
    assert not {"position", "is_valid_bar", "is_filled"} & set(frame.columns)


def test_every_factor_has_a_sentence_a_unit_and_a_lookback_of_a_week_at_most():
    for each in FACTOR_SET:
        assert each.description.endswith("."), each.name
        assert each.unit in {"fraction", "quote", "count", "seconds", "flag"}
        assert each.lookback.total_seconds() <= WEEK * 3600
    assert len({each.name for each in FACTOR_SET}) == len(FACTOR_SET)


def test_a_factor_is_computed_after_those_it_reads():
    order = [each.name for stage in stages(tuple(reversed(FACTOR_SET))) for each in stage]
    for before, after in [("true_range", "atr_24h"), ("atr_24h", "price_efficiency")]:
        assert order.index(before) < order.index(after)


def test_factors_that_read_each_other_in_a_circle_are_refused():
    @factor(unit="count")
    def hen() -> pl.Expr:
        return pl.col("egg") + 1

    @factor(unit="count")
    def egg() -> pl.Expr:
        return pl.col("hen") + 1

    with pytest.raises(ValueError, match="circle"):
        stages((hen, egg))


@pytest.mark.parametrize("reference", ["wide", "long"])
def test_all_factors_and_drop_counts_equal_pandas(reference):
    market = small_market()
    hours = hourly_microstructure(market.bars.lazy(), market.funding.lazy()).collect()
    panel = hourly_panel(hours.lazy(), market.listings.lazy(), start=START, end=END)
    ours = compute_factors(panel).collect()
    frames = hours.to_pandas(), market.listings.to_pandas()
    if reference == "wide":
        theirs = factors_pandas.factor_panel(*frames, start=START, end=END).long()
    else:
        theirs = factors_pandas_long.factor_panel(*frames, start=START, end=END)
    assert ours["symbol"].to_list() == theirs["symbol"].to_list()
    names = [name for name in theirs if name not in {"ts", "venue", "symbol"}]
    assert {each.name for each in FACTOR_SET} <= set(names)
    for name in names:
        np.testing.assert_allclose(
            ours[name].cast(pl.Float64).to_numpy(),
            theirs[name].to_numpy(dtype=float, na_value=np.nan),
            rtol=1e-12,
            atol=1e-18 if name == "funding_pressure" else 0,
            err_msg=name,
        )
    kept, dropped = factors_pandas.final_set(theirs)
    result = final_factor_set(ours.lazy())
    assert result.dropped == dropped
    assert result.frame.height == len(kept)
