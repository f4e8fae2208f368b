"""Leverage, dilution and signals through Dagster, from collected rows of a drawn market."""

import math
import shutil
import statistics
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.quant.strategies.strategy_set import active
from cryptopipe_tests.reference import daily_lake
from cryptopipe_tests.reference.daily_market import DAY

DERIVED = ["leverage_ratios", "dilution_metrics", "signals"]
FIRST, LAST = "2024-07-08", "2024-07-12"
FIVE_DAYS = ["2024-06-29", "2024-06-30", "2024-07-01", "2024-07-02", "2024-07-03"]
"""Of two months, which a run works on one after the other."""


def metadata_of(platform, table: str) -> dict[str, object]:
    event = platform.instance.get_latest_materialization_event(dg.AssetKey(table))
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def failed_checks(result) -> list[str]:
    return [each.check_name for each in result.get_asset_check_evaluations() if not each.passed]


def derived(platform) -> dict[str, bytes]:
    return {name: it for name, it in platform.files().items() if name.split("/")[0] in DERIVED}


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([FIVE_DAYS[:2], FIVE_DAYS[2:]], id="in two runs"),
        pytest.param([[day] for day in FIVE_DAYS], id="one by one", marks=pytest.mark.nightly),
    ],
)
def test_five_days_at_once_and_in_parts_have_the_same_bits(filled, collected, tmp_path, parts):
    assert filled.materialise(DERIVED, FIVE_DAYS[0], FIVE_DAYS[-1]).success
    at_once = derived(filled)
    shutil.copytree(collected, tmp_path / "daily")
    filled.settings = filled.settings.with_environment(warehouse=tmp_path / "daily")
    for part in parts:
        assert filled.materialise(DERIVED, part[0], part[-1]).success
    one_by_one = derived(filled)
    assert len(at_once) == 3 * 5
    assert filled.read("signals", FIVE_DAYS[0], FIVE_DAYS[-1])["strategy"].n_unique() == 3
    assert at_once.keys() == one_by_one.keys()
    assert [path for path in at_once if at_once[path] != one_by_one[path]] == []


def test_every_check_passes_and_every_table_has_rows(filled):
    result = filled.materialise(DERIVED, FIRST, LAST)
    assert result.success
    assert failed_checks(result) == []
    for table in DERIVED:
        assert filled.read(table, FIRST, LAST)["ts"].n_unique() == 5


def test_the_ratio_is_the_sum_over_venues_against_the_newest_cap_known(filled, drawn_market):
    assert filled.materialise(["leverage_ratios"], LAST).success
    day = datetime(2024, 7, 12, tzinfo=UTC)
    by_the_end = day + DAY + timedelta(milliseconds=1)
    rows = filled.read("leverage_ratios", LAST)
    assert rows["ts"].unique().to_list() == [day]
    assert rows["available_at"].unique().to_list() == [by_the_end]
    for row in rows.filter(pl.col("coin") != daily_lake.UNCAPPED).iter_rows(named=True):
        is_coin = pl.col("coin") == row["coin"]
        of_coin = drawn_market.open_interest.filter(is_coin, pl.col("ts") == day)
        caps = drawn_market.market_cap.filter(is_coin, pl.col("available_at") <= by_the_end)
        newest = max(caps.iter_rows(named=True), key=lambda each: each["ts"])
        assert row["open_interest_usd"] == of_coin["open_interest_usd"].item()
        assert row["oi_to_market_cap"] == row["open_interest_usd"] / newest["market_cap_usd"]
        assert (row["market_cap_asof"], row["oi_venues"]) == (newest["ts"], 2)
    assert rows.height >= 20


def test_what_is_no_coin_has_no_leverage_and_what_has_no_cap_no_ratio(filled, drawn_market):
    assert filled.materialise(["leverage_ratios"], FIRST, LAST).success
    rows = filled.read("leverage_ratios", FIRST, LAST)
    assert drawn_market.open_interest.filter(pl.col("coin") == "C002").height > 0
    assert "C002" not in rows["coin"]
    assert rows.filter(pl.col("coin") == "C001").height >= 4
    uncapped = rows.filter(pl.col("coin") == daily_lake.UNCAPPED)
    assert uncapped.height >= 4
    assert uncapped["oi_to_market_cap"].null_count() == uncapped.height
    assert uncapped["oi_volatility_30d"].null_count() == 0
    assert metadata_of(filled, "leverage_ratios")["coins_excluded"] == "C002"


def test_a_close_without_supply_does_not_displace_the_snapshot_of_the_evening(filled):
    paths = [filled.lake.path("market_cap", date(2024, 7, day)) for day in (12, 13)]
    before, closes = (pl.read_parquet(path) for path in paths)
    quarter = timedelta(minutes=15)
    evening = closes.with_columns(pl.col("ts") - quarter, pl.col("available_at") - quarter)
    pl.concat([before, evening]).write_parquet(paths[0])
    closes.with_columns(circulating_supply=pl.lit(None, pl.Float64)).write_parquet(paths[1])
    assert filled.materialise(["dilution_metrics"], LAST).success
    rows = filled.read("dilution_metrics", LAST).filter(pl.col("supply_asof").dt.hour() == 23)
    said = evening.select("coin_id", "circulating_supply", "max_supply")
    assert rows.height >= 20
    assert rows.select(said.columns).join(said, on=said.columns, nulls_equal=True).height == len(
        rows
    )


def test_a_past_without_supply_is_measured_by_cap_over_price(filled):
    path = filled.lake.path("market_cap", date(2024, 7, 13))
    rows = pl.read_parquet(path)
    rows.with_columns(
        coin_id=pl.col("coin_id").str.replace("cmc:", "coingecko:"),
        **{name: pl.lit(None, pl.Float64) for name in ("circulating_supply", "max_supply")},
    ).write_parquet(path)
    assert filled.materialise(["dilution_metrics"], LAST).success
    found = filled.read("dilution_metrics", LAST).filter(coin_id="coingecko:0").row(0, named=True)
    drawn = rows.filter(coin_id="cmc:0").row(0, named=True)
    assert found["circulating_supply"] == pytest.approx(drawn["circulating_supply"], rel=1e-12)
    assert found["max_supply"] is None


def test_usdt_without_a_market_cap_is_excluded_all_the_same(filled):
    path = filled.lake.path("open_interest", date(2024, 7, 12))
    rows = pl.read_parquet(path)
    usdt = rows.filter(pl.col("coin") == "C000").with_columns(
        coin=pl.lit("USDT"), symbol=pl.lit("USDT-USD-PERP")
    )
    pl.concat([rows, usdt]).write_parquet(path)
    assert filled.materialise(["leverage_ratios"], LAST).success
    assert "USDT" not in filled.read("leverage_ratios", LAST)["coin"]
    assert metadata_of(filled, "leverage_ratios")["coins_excluded"] == "C002, USDT"


def test_a_day_that_is_not_over_has_no_row(filled):
    result = filled.materialise(DERIVED, LAST, "2024-07-13")
    assert result.success
    for table in DERIVED:
        assert filled.read(table, LAST).height > 0
        assert filled.read(table, "2024-07-13").is_empty()
    assert failed_checks(result) == []


def test_velocity_compares_with_the_first_snapshot_of_the_year(filled, drawn_market):
    assert filled.materialise(["dilution_metrics"], LAST).success
    row = (
        filled.read("dilution_metrics", LAST)
        .filter(pl.col("coin_id") == "cmc:0")
        .row(0, named=True)
    )
    snapshots = drawn_market.market_cap.filter(
        pl.col("coin_id") == "cmc:0", pl.col("available_at") <= row["available_at"]
    ).sort("ts")
    first, last = snapshots.row(0, named=True), snapshots.row(-1, named=True)
    years = (last["ts"] - first["ts"]) / timedelta(days=365.25)
    change = (last["circulating_supply"] - first["circulating_supply"]) / last["max_supply"]
    assert row["supply_asof"] == last["ts"]
    assert row["dilution_velocity_share_per_year"] == pytest.approx(change / years, rel=1e-9)
    assert (row["cap_kind"], row["cap_pit"]) == ("max", True)


def test_the_book_is_long_the_lowest_ratios_and_weighs_by_inverse_volatility(filled, drawn_market):
    assert filled.materialise(DERIVED, LAST).success
    day = datetime(2024, 7, 12, tzinfo=UTC)
    ratios = filled.read("leverage_ratios", LAST).drop_nulls("oi_to_market_cap")
    by_ratio = ratios.sort("oi_to_market_cap")["coin"].to_list()
    book = filled.read("signals", LAST).filter(pl.col("strategy") == "leverage_inverted")
    longs = book.filter(pl.col("leg") == "long")
    assert sorted(longs["coin"]) == sorted(by_ratio[:10])
    assert sorted(book.filter(pl.col("leg") == "short")["coin"]) == sorted(by_ratio[-10:])
    held, drawn = dict(longs.select("coin", "weight").iter_rows()), {}
    for coin in held:
        bars = drawn_market.prices.filter(pl.col("coin") == coin)
        told = drawn_market.market_cap.filter(
            pl.col("coin") == coin, pl.col("available_at") - pl.col("ts") < DAY
        )
        close = {ts - DAY: price for ts, price in told.select("ts", "price_usd").iter_rows()}
        close |= dict(bars.select("ts", "close_usd").iter_rows())
        dates = [day - n * DAY for n in range(30)]
        returns = [close[t] / close[t - DAY] - 1 for t in dates if t in close and t - DAY in close]
        drawn[coin] = 1 / statistics.stdev(returns)
    assert math.fsum(held.values()) == pytest.approx(0.5, rel=1e-12)
    expected = {coin: 0.5 * each / math.fsum(drawn.values()) for coin, each in drawn.items()}
    assert held == pytest.approx(expected, rel=1e-9)


def test_a_contract_of_a_thousand_coins_is_priced_per_coin(filled, drawn_market):
    from cryptopipe_assets.panels.daily_prices import daily_closes

    closes = daily_closes(filled.lake, date(2024, 7, 1), date(2024, 7, 12))
    drawn = drawn_market.prices.filter(
        pl.col("ts").is_between(datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 7, 12, tzinfo=UTC))
    ).sort("coin", "ts")
    assert daily_lake.MULTIPLIED in closes["coin"]
    assert_frame_equal(closes.select(drawn.columns[:4]), drawn.select(drawn.columns[:4]))


def test_the_crossover_decays_by_the_day_and_is_blind_to_the_days_after(filled):
    assert filled.materialise(DERIVED, FIRST, LAST).success
    rows = filled.read("signals", FIRST, LAST).filter(pl.col("strategy") == "ema_crossover")
    last_two = rows.filter(pl.col("coin") == "C000").sort("ts").tail(2)["score"].to_list()
    assert rows["ts"].n_unique() == 5
    assert 0 < abs(last_two[1]) <= 1
    crossed = abs(last_two[1]) == 1
    assert crossed or last_two[1] == pytest.approx(last_two[0] * 0.97, abs=0.001)


def test_only_active_strategies_have_signals(filled):
    assert filled.materialise(DERIVED, LAST, strategies=active(["ema_crossover"])).success
    assert filled.read("signals", LAST)["strategy"].unique().to_list() == ["ema_crossover"]
    assert "held/dilution" not in metadata_of(filled, "signals")
