"""No published feature sees the future, needs more past than it declares, or is silently empty."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.quant.bars.funding import settlement_intervals
from cryptopipe_assets.quant.bars.microstructure import (
    BARS_LOOKBACK,
    FUNDING_LOOKBACK,
    MICROSTRUCTURE_COLUMNS,
    hourly_microstructure,
)
from cryptopipe_assets.quant.bars.panel import hourly_panel
from cryptopipe_assets.quant.factors.factor import Factor, factor
from cryptopipe_assets.quant.factors.factor_set import FACTOR_SET, compute_factors
from cryptopipe_assets.quant.factors.final_set import final_factor_set
from cryptopipe_assets.quant.factors.operators import ts_delay
from cryptopipe_tests.reference.market import END, START, Market, small_market
from cryptopipe_tests.reference.point_in_time import (
    HOUR,
    Inputs,
    assert_blind_to_the_future,
    assert_identical,
    assert_lookback_is_enough,
    assert_not_silently_empty,
)

pytestmark = pytest.mark.slow

KEY = {"ts", "available_at", "venue", "symbol"}
FEATURES = [name for name in MICROSTRUCTURE_COLUMNS if name not in KEY]
FACTORS = [each.name for each in FACTOR_SET]
LOOKBACK = timedelta(hours=168)

# A settlement at this hour; inside a hole; two hours after a gap; after a jump; a quiet time.
CUTS = [
    START + timedelta(days=10, hours=8),
    START + timedelta(days=12, hours=4),
    START + timedelta(days=12, hours=9),
    START + timedelta(days=16, hours=1),
    START + timedelta(days=18, hours=19),
]
# A switch to a shorter and to a longer interval, at even and at odd hours; after a lost settlement,
# a first one, the last one before the end, and while a late one is on its way.
FUNDING_CUTS = [
    START + timedelta(hours=hours)
    for hours in (122, 123, 153, 159, 161, 241, 245, 249, 257, 265, 293, 304, 307, 345, 364, 388)
]
at_every_cut = pytest.mark.parametrize("cut", CUTS, ids=lambda cut: f"{cut:%dT%H}")


@pytest.fixture(scope="module")
def market() -> Market:
    return small_market()


@pytest.fixture(scope="module")
def hours(market) -> pl.DataFrame:
    return hourly_microstructure(market.bars.lazy(), market.funding.lazy()).collect()


@pytest.fixture(scope="module")
def panel(market, hours) -> pl.DataFrame:
    return hourly_panel(hours.lazy(), market.listings.lazy(), start=START, end=END).collect()


@pytest.fixture(scope="module")
def factors(panel) -> pl.DataFrame:
    return compute_factors(panel.lazy()).collect()


def microstructure_of(inputs: Inputs) -> pl.DataFrame:
    return hourly_microstructure(inputs["bars"].lazy(), inputs["funding"].lazy()).collect()


def of_panel(*factors: Factor):
    """Compute on a panel that may begin anywhere: positions count from its first row."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        position = pl.col("position") - pl.col("position").min().over("venue", "symbol")
        return compute_factors(inputs["panel"].lazy().with_columns(position), factors).collect()

    return compute


def with_what_it_reads(wanted: Factor) -> list[Factor]:
    """Return the factor and those it builds on."""
    known = {each.name: each for each in FACTOR_SET}
    found = {wanted.name: wanted}
    for each in wanted.inputs:
        if each in known:
            found |= {one.name: one for one in with_what_it_reads(known[each])}
    return list(found.values())


every_factor = pytest.mark.parametrize("each", FACTOR_SET, ids=lambda each: each.name)


@at_every_cut
def test_no_hourly_feature_sees_the_future(market, cut):
    inputs = {"bars": market.bars, "funding": market.funding}
    assert_blind_to_the_future(microstructure_of, inputs, cut=cut, columns=FEATURES)


@at_every_cut
def test_the_declared_lookback_of_hourly_features_is_enough(market, cut):
    assert_lookback_is_enough(
        microstructure_of,
        {"bars": market.bars, "funding": market.funding},
        hour=cut,
        lookback={"bars": BARS_LOOKBACK, "funding": FUNDING_LOOKBACK},
        columns=FEATURES,
    )


@at_every_cut
def test_no_factor_sees_the_future(panel, cut):
    assert_blind_to_the_future(of_panel(*FACTOR_SET), {"panel": panel}, cut=cut, columns=FACTORS)


@every_factor
@pytest.mark.parametrize("cut", CUTS[2:4], ids=lambda cut: f"{cut:%dT%H}")
def test_the_declared_lookback_of_a_factor_is_enough(panel, each, cut):
    assert each.lookback <= LOOKBACK
    assert_lookback_is_enough(
        of_panel(*with_what_it_reads(each)),
        {"panel": panel},
        hour=cut,
        lookback={"panel": each.lookback},
        columns=[each.name],
    )


@pytest.mark.parametrize("column", FEATURES)
def test_no_hourly_feature_is_silently_empty(hours, column):
    assert_not_silently_empty(hours, column)


@pytest.mark.parametrize("column", FEATURES + FACTORS)
def test_no_published_column_is_silently_empty(factors, column):
    assert_not_silently_empty(final_factor_set(factors.lazy()).frame, column)


@at_every_cut
def test_no_published_row_depends_on_the_future_of_its_inputs(market, cut):
    def published(inputs: Inputs) -> pl.DataFrame:
        return _factors_between(START, END, microstructure_of(inputs), market)

    inputs = {"bars": market.bars, "funding": market.funding}
    assert_blind_to_the_future(published, inputs, cut=cut, columns=FEATURES + FACTORS)


@pytest.mark.parametrize("cut", FUNDING_CUTS, ids=lambda cut: f"{cut:%dT%H}")
def test_no_interval_of_funding_comes_from_a_later_settlement(market, cut):
    def intervals(inputs: Inputs) -> pl.DataFrame:
        return settlement_intervals(inputs["settled"].lazy(), inputs["declared"].lazy()).collect()

    def published(inputs: Inputs) -> pl.DataFrame:
        funding = intervals(inputs)
        hours = hourly_microstructure(inputs["bars"].lazy(), funding.lazy()).collect()
        return _factors_between(START, END, hours, market)

    inputs = {"bars": market.bars, "settled": market.settled, "declared": market.declared}
    known = {name: inputs[name] for name in ("settled", "declared")}
    said = pl.col("available_at") < pl.lit(cut)
    stored = intervals(known).filter(said).select("ts", "symbol", "interval_hours")
    then = intervals({name: frame.filter(said) for name, frame in known.items()})
    assert_identical(then.select(stored.columns), stored)
    assert_blind_to_the_future(published, inputs, cut=cut, columns=FEATURES + FACTORS)


def test_a_day_at_a_time_gives_the_same_bits_as_the_whole_history(market, hours, factors):
    # The first day, the days of the listing, the hole, the jump and the delisting, and the last.
    for number in (0, 6, 12, 13, 15, 16, 19):
        day = START + timedelta(days=number)
        whole = factors.filter(pl.col("ts").is_between(day, day + timedelta(hours=23)))
        assert_identical(_factors_of_day(day, market), whole.drop("position"))


def _factors_of_day(day: datetime, market: Market) -> pl.DataFrame:
    """Do what a daily run does: read a week and a bit, keep the day."""
    since = day - LOOKBACK
    bars = market.bars.filter(
        pl.col("ts").is_between(
            pl.lit(since - BARS_LOOKBACK), pl.lit(day + 24 * HOUR), closed="left"
        )
    )
    funding = market.funding.filter(pl.col("ts") >= pl.lit(since - FUNDING_LOOKBACK))
    hours = hourly_microstructure(bars.lazy(), funding.lazy()).filter(pl.col("ts") >= since)
    day_end = day + timedelta(days=1)
    panel = hourly_panel(hours, market.listings.lazy(), start=since, end=day_end)
    return compute_factors(panel).filter(pl.col("ts") >= day).drop("position").collect()


def _factors_between(
    start: datetime, end: datetime, hours: pl.DataFrame, market: Market
) -> pl.DataFrame:
    panel = hourly_panel(hours.lazy(), market.listings.lazy(), start=start, end=end)
    return compute_factors(panel).collect()


# The checks above are only worth their green if they turn red. Faults put in on purpose:


@factor(unit="fraction")
def tomorrow() -> pl.Expr:
    return pl.col("close").shift(-24) / pl.col("close") - 1


@factor(unit="fraction")
def full_sample_zscore() -> pl.Expr:
    close = pl.col("close")
    return (close - close.mean().over("symbol")) / close.std().over("symbol")


@factor(unit="base")
def full_sample_clip() -> pl.Expr:
    volume = pl.col("volume_base")
    return pl.min_horizontal(volume, volume.quantile(0.99).over("symbol"))


@factor(unit="quote")
def backward_fill() -> pl.Expr:
    return pl.col("close").backward_fill()


@factor(unit="fraction", lookback=timedelta(hours=23))
def one_hour_short() -> pl.Expr:
    return pl.col("close") / ts_delay(pl.col("close"), 24) - 1


@factor(unit="base", lookback=timedelta(hours=24))
def rolling_from_the_frame() -> pl.Expr:
    return pl.col("volume_base").fill_null(0.0).rolling_sum(24)


@factor(unit="fraction", lookback=timedelta(hours=1))
def nested_window() -> pl.Expr:
    return pl.col("close").shift(1).over("symbol", order_by="ts").mean().over("ts")


@pytest.mark.parametrize(
    "fault", [tomorrow, full_sample_zscore, full_sample_clip, backward_fill], ids=lambda f: f.name
)
def test_the_future_check_catches(panel, fault):
    # The hole of BBB on day 12 is filled backward with the price after it.
    cut = START + timedelta(days=12, hours=6)
    with pytest.raises(AssertionError):
        assert_blind_to_the_future(of_panel(fault), {"panel": panel}, cut=cut, columns=[fault.name])


@pytest.mark.parametrize(
    "fault", [one_hour_short, rolling_from_the_frame], ids=lambda fault: fault.name
)
def test_the_lookback_check_catches(panel, fault):
    with pytest.raises(AssertionError):
        assert_lookback_is_enough(
            of_panel(fault),
            {"panel": panel},
            hour=CUTS[-1],
            lookback={"panel": fault.lookback},
            columns=[fault.name],
        )


def test_the_emptiness_check_catches_a_window_inside_a_window(panel):
    computed = of_panel(nested_window)({"panel": panel})
    with pytest.raises(AssertionError, match="null in every row"):
        assert_not_silently_empty(computed, nested_window.name)
