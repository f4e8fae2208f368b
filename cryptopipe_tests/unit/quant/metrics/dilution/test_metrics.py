"""Dilution by hand, against pandas, against its own future, and day by day."""

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.metrics.dilution.metrics import DILUTION_COLUMNS, dilution_metrics
from cryptopipe_tests.reference.daily_market import DAY, START, daily_market
from cryptopipe_tests.reference.dilution_pandas import dilution_pandas
from cryptopipe_tests.reference.point_in_time import assert_not_silently_empty

MS = timedelta(milliseconds=1)
UTC_MS = pl.Datetime("ms", "UTC")
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
SCHEMA = {
    "ts": UTC_MS,
    "available_at": UTC_MS,
    "coin_id": pl.String,
    "coin": pl.String,
    "name": pl.String,
    "rank": pl.Int64,
    "price_usd": pl.Float64,
    "market_cap_usd": pl.Float64,
    "circulating_supply": pl.Float64,
    "total_supply": pl.Float64,
    "max_supply": pl.Float64,
}


def snapshot(
    at: datetime,
    circulating: float | None,
    *,
    total: float | None = None,
    maximum: float | None = None,
    known: datetime | None = None,
) -> pl.DataFrame:
    supplies = (circulating, total, maximum)
    row = (at, known or at + MS, "cmc:1", "AAA", "Aaa", 1, 2.0, None, *supplies)
    return pl.DataFrame([row], schema=SCHEMA, orient="row")


def last(*snapshots: pl.DataFrame, **options: object) -> dict[str, object]:
    return dilution_metrics(pl.concat(snapshots), **options).row(-1, named=True)


def test_what_circulates_is_compared_with_the_maximum():
    row = last(snapshot(FIRST, 40.0, total=80.0, maximum=100.0))
    assert (row["circulating_share"], row["potential_dilution"]) == (0.4, 1.5)
    assert (row["locked_tokens"], row["max_supply_effective"]) == (60.0, 100.0)
    assert (row["cap_kind"], row["cap_pit"], row["risk"]) == ("max", True, "high")


def test_without_a_maximum_the_total_supply_is_the_cap_and_marked():
    row = last(snapshot(FIRST, 40.0, total=50.0))
    assert (row["circulating_share"], row["cap_kind"], row["risk"]) == (0.8, "total", "medium")


def test_without_any_cap_nothing_is_said_of_dilution():
    row = last(snapshot(FIRST, 40.0))
    assert {row[name] for name in ("circulating_share", "cap_kind", "cap_pit", "risk")} == {None}


def test_a_supply_of_zero_is_unknown():
    row = last(snapshot(FIRST, 0.0, maximum=100.0))
    assert (row["circulating_supply"], row["circulating_share"]) == (None, None)
    assert last(snapshot(FIRST, 50.0, total=60.0, maximum=0.0))["cap_kind"] == "total"


def test_burnt_coins_circulate_beyond_a_cap_that_is_not_updated():
    row = last(snapshot(FIRST, 110.0, maximum=100.0))
    assert (row["circulating_share"], row["locked_tokens"], row["risk"]) == (1.1, -10.0, "low")


def test_todays_cap_on_an_old_snapshot_is_marked_as_such():
    caps = pl.DataFrame({"coin_id": ["cmc:1"], "total_supply": [90.0], "max_supply": [100.0]})
    row = last(snapshot(FIRST, 40.0), latest_caps=caps)
    assert (row["circulating_share"], row["cap_kind"], row["cap_pit"]) == (0.4, "max", False)
    own = last(snapshot(FIRST, 40.0, total=50.0), latest_caps=caps)
    assert (own["circulating_share"], own["cap_kind"], own["cap_pit"]) == (0.8, "total", True)


def test_velocity_is_the_change_of_the_share_over_the_years_between_two_snapshots():
    later = FIRST + 365 * DAY
    row = last(snapshot(FIRST, 40.0, maximum=100.0), snapshot(later, 46.0, maximum=100.0))
    years = 365 / 365.25
    assert row["dilution_velocity_share_per_year"] == pytest.approx(0.06 / years)
    assert row["dilution_velocity_tokens_per_year"] == pytest.approx(6.0 / years)
    assert row["supply_inflation_ann"] == pytest.approx(math.log(46 / 40) / years)
    assert (row["velocity_days"], row["category"]) == (365.0, "medium")


def test_each_share_is_of_the_cap_of_its_own_time():
    burnt = snapshot(FIRST + 365 * DAY, 40.0, maximum=80.0)
    row = last(snapshot(FIRST, 40.0, maximum=100.0), burnt)
    assert row["dilution_velocity_share_per_year"] == pytest.approx(0.1 / (365 / 365.25))
    assert row["dilution_velocity_tokens_per_year"] == 0.0


def test_the_window_is_twelve_calendar_months_with_both_ends():
    monthly = [datetime(2023 + (1 + m) // 12, (1 + m) % 12 + 1, 1, tzinfo=UTC) for m in range(14)]
    assert monthly[1] == datetime(2023, 3, 1, tzinfo=UTC)
    assert monthly[-1] == datetime(2024, 3, 1, tzinfo=UTC)
    labels = [snapshot(at + DAY, 100.0 + n) for n, at in enumerate(monthly)]
    row = last(*labels)
    assert row["supply_days"] == 366.0
    assert row["dilution_velocity_tokens_per_year"] == pytest.approx(12.0 / (366 / 365.25))


def test_shares_of_another_kind_of_cap_are_not_compared():
    row = last(snapshot(FIRST, 40.0, total=50.0), snapshot(FIRST + 365 * DAY, 46.0, maximum=100.0))
    assert row["dilution_velocity_share_per_year"] is None
    assert row["dilution_velocity_tokens_per_year"] is not None


def test_snapshots_of_less_than_four_weeks_make_no_year():
    assert last(snapshot(FIRST, 40.0), snapshot(FIRST + 27 * DAY, 41.0))["supply_days"] is None
    assert last(snapshot(FIRST, 40.0), snapshot(FIRST + 28 * DAY, 41.0))["supply_days"] == 28.0


@pytest.mark.parametrize(
    ("first", "later", "category"),
    [
        (60.0, 50.0, "deflationary"),
        (50.0, 50.0, "deflationary"),
        (1e-18, 5.0, "low"),
        (1e-18, 10.0, "medium"),
        (1e-18, 10.001, "high"),
    ],
)
def test_the_category_follows_the_velocity_and_bounds_belong_below(first, later, category):
    a_year_on = snapshot(FIRST + 1461 * DAY / 4, later, maximum=100.0)
    row = last(snapshot(FIRST, first, maximum=100.0), a_year_on, lookback_months=13)
    assert row["velocity_days"] == 365.25
    assert row["category"] == category


def test_the_last_snapshot_of_a_day_counts_and_midnight_belongs_to_the_day_before():
    day = [snapshot(FIRST + timedelta(hours=h), 40.0 + h) for h in (6, 18, 24)]
    table = dilution_metrics(pl.concat([snapshot(FIRST + timedelta(hours=30), 90.0), *day]))
    assert table["circulating_supply"].to_list() == [64.0, 90.0]
    assert table["ts"].to_list() == [FIRST, FIRST + DAY]
    assert table["available_at"].to_list() == [FIRST + DAY + MS, FIRST + 2 * DAY + MS]
    assert table["supply_asof"][0] == FIRST + DAY


def test_an_old_snapshot_that_comes_late_changes_nothing():
    late = snapshot(FIRST, 10.0, known=FIRST + 5 * DAY)
    table = dilution_metrics(pl.concat([snapshot(FIRST + DAY, 40.0), late]))
    assert table["circulating_supply"].to_list() == [40.0]


def test_a_revision_makes_a_row_on_the_day_on_which_it_became_known():
    revised = snapshot(FIRST, 44.0, known=FIRST + 5 * DAY)
    table = dilution_metrics(pl.concat([snapshot(FIRST, 40.0), revised]))
    assert table["circulating_supply"].to_list() == [40.0, 44.0]
    assert table["supply_asof"].to_list() == [FIRST, FIRST]


def test_no_snapshots_give_an_empty_table_with_all_columns():
    full = dilution_metrics(snapshot(FIRST, 40.0))
    empty = dilution_metrics(snapshot(FIRST, 40.0).clear())
    assert tuple(empty.columns) == DILUTION_COLUMNS
    assert (empty.height, empty.schema) == (0, full.schema)


@pytest.fixture(scope="module")
def snapshots() -> pl.DataFrame:
    return daily_market(coins=10, days=420, holes=0.5).market_cap


@pytest.fixture(scope="module")
def table(snapshots) -> pl.DataFrame:
    return dilution_metrics(snapshots)


def test_every_number_agrees_with_an_independent_computation(snapshots, table):
    expected = dilution_pandas(snapshots.to_pandas())
    numbers = [name for name in table.columns if table[name].dtype.is_float()]
    numbers.remove("supply_days")
    theirs = pl.DataFrame({name: expected[name].to_numpy(float) for name in numbers})
    assert expected["coin_id"].to_list() == table["coin_id"].to_list()
    assert_frame_equal(table.select(numbers), theirs.fill_nan(None), rel_tol=1e-12)
    categories = expected["category"].astype(object).where(expected["category"].notna(), None)
    assert table["category"].to_list() == categories.to_list()


@pytest.mark.parametrize("column", [name for name in DILUTION_COLUMNS if name != "ts"])
def test_no_column_is_silently_empty(table, column):
    assert_not_silently_empty(table, column)


@pytest.mark.parametrize("days", [40, 200, 390])
def test_no_row_sees_the_future(snapshots, table, days):
    cut = START + days * DAY
    known = snapshots.filter(pl.col("available_at") <= pl.lit(cut) + pl.duration(milliseconds=1))
    past = table.filter(pl.col("ts") < cut)
    assert_frame_equal(dilution_metrics(known), past, check_exact=True)


def test_a_day_from_a_year_of_snapshots_gives_the_same_bits_in_any_order(snapshots, table):
    day = START + 400 * DAY
    year = snapshots.filter(pl.col("available_at") > pl.lit(day - 366 * DAY))
    shuffled = year.sample(fraction=1.0, shuffle=True, seed=2)
    assert_frame_equal(
        dilution_metrics(shuffled, start=day, end=day + DAY),
        table.filter(pl.col("ts") == day),
        check_exact=True,
    )
