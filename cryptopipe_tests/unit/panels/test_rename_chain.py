"""A renamed coin is one series where the reader says so, and only there."""

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import cryptopipe_assets as cp
from cryptopipe_assets.core.coin_names import CoinName, CoinNames, coin_names
from cryptopipe_assets.panels.rename_chain import RenameChain
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.tables.features.leverage_ratios import LeverageRatios
from cryptopipe_tests.reference import daily_lake
from cryptopipe_tests.reference.daily_market import START, daily_market

SINCE = START.date() + timedelta(days=2)
CHAIN = RenameChain(coin_names())


def called(rows: pl.DataFrame, coin: str) -> pl.DataFrame:
    """The rows of C000 under another name."""
    names = [each for each in ("coin", "symbol", "vendor_symbol") if each in rows.columns]
    return rows.with_columns(pl.col(names).str.replace("C000", coin))


@pytest.fixture(scope="module")
def renamed(tmp_path_factory) -> cp.WarehouseReader:
    """C000 was renamed between its days: MATIC, then POL. C001 is as it was."""
    home = tmp_path_factory.mktemp("renamed")
    lake = Lake(home / "warehouse")
    market = daily_market(coins=3, days=5, holes=0.0)
    daily_lake.fill(lake, market, collected_at=START + timedelta(days=5, hours=12))
    for name in ("instruments", "ohlcv_1m", "open_interest"):
        contract = contracts()[name]
        for day in lake.days(name) if contract.has_days() else [None]:
            rows = pl.read_parquet(lake.path(name, day))
            was = [called(rows, "MATIC")] if day is None or day < SINCE else []
            now = [called(rows, "POL")] if day is None or day >= SINCE else []
            both = pl.concat([*was, *now]).unique(contract.key())
            both.sort(contract.key()).write_parquet(lake.path(name, day))
    (home / "cryptopipe.toml").write_text(
        "[tiers.all]\nevery_minutes = 60\ncoins = ['POL']\n"
        f"[coins.MATIC]\ncoin = 'POL'\nkind = 'rename'\nsince = {SINCE}\n"
    )
    return cp.open_warehouse(home / "warehouse")


def of_coin(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the renamed coin, under whatever name."""
    return rows.filter(pl.col("symbol").str.contains("MATIC|POL"))


def test_off_rows_have_the_names_of_their_time(renamed):
    assert set(of_coin(renamed.read("open_interest"))["coin"]) == {"MATIC", "POL"}
    assert set(renamed.read("open_interest", coins="POL")["coin"]) == {"POL"}


@pytest.mark.parametrize("asked", ["POL", "MATIC"])
def test_on_both_names_are_one_series_under_the_newest(renamed, asked):
    whole = of_coin(renamed.read("open_interest"))
    chained = renamed.read("open_interest", coins=asked, chain_renames=True)
    assert set(chained["coin"]) == {"POL"}
    assert set(chained["symbol"].str.split("-").list.first()) == {"POL"}
    figures = pl.exclude("coin", "symbol")
    assert_frame_equal(chained.select(figures), whole.select(figures), check_row_order=False)


def test_bars_are_found_by_coin_and_by_symbol_and_keep_their_prices(renamed):
    whole = of_coin(renamed.read("ohlcv_1m"))
    by_coin = renamed.read("ohlcv_1m", coins="POL", chain_renames=True)
    by_symbol = renamed.read("ohlcv_1m", symbols="POL-USDT-PERP", chain_renames=True)
    assert_frame_equal(by_coin, by_symbol)
    assert by_coin["close"].to_list() == whole["close"].to_list()
    assert set(by_coin["symbol"]) == {"POL-USDT-PERP"}


def test_a_lazy_frame_chains_too_and_knows_the_new_name(renamed):
    rows = renamed.read("open_interest", chain_renames=True, as_="lazy")
    assert rows.filter(coin="MATIC").collect().is_empty()
    few = rows.filter(coin="POL").select("coin", "ts").collect()
    assert few.height == of_coin(renamed.read("open_interest")).height


def test_other_coins_and_the_order_of_rows_are_as_they_are(renamed):
    assert_frame_equal(
        renamed.read("open_interest", coins="C001", chain_renames=True),
        renamed.read("open_interest", coins="C001"),
    )
    rows = renamed.read("open_interest", chain_renames=True)
    key = contracts()["open_interest"].key()
    assert rows.equals(rows.sort(pl.col("ts").dt.date(), *key))


def leverage(*rows: tuple[str, str, float]) -> pl.LazyFrame:
    return pl.LazyFrame(
        [(datetime.fromisoformat(f"{ts}T00:00+00:00"), *more) for ts, *more in rows],
        schema={"ts": pl.Datetime("ms", "UTC"), "coin": pl.String, "oi": pl.Float64},
        orient="row",
    )


def test_where_both_names_have_a_row_the_one_of_the_day_stays():
    both = leverage(
        ("2024-09-03", "MATIC", 1.0),
        ("2024-09-03", "POL", 2.0),
        ("2024-09-05", "MATIC", 3.0),
        ("2024-09-05", "POL", 4.0),
    )
    found = CHAIN.chained(both, LeverageRatios).collect()
    assert found.select("coin", "oi").rows() == [("POL", 1.0), ("POL", 4.0)]


def test_a_ticker_that_another_coin_has_now_is_followed_until_then():
    rows = leverage(("2021-01-01", "LUNA", 1.0), ("2023-01-01", "LUNA", 2.0))
    assert CHAIN.chained(rows, LeverageRatios).collect()["coin"].to_list() == ["LUNC", "LUNA"]
    assert CHAIN.all_of("coin", "LUNC") == {"LUNC", "LUNA"}
    assert CHAIN.all_of("coin", "LUNA") == {"LUNA"}


def test_mergers_redenominations_and_aliases_are_not_chained():
    rows = leverage(
        *(("2024-01-01", name, 1.0) for name in ("AGIX", "BEAMX", "BTT", "MC", "OCEAN"))
    )
    found = CHAIN.chained(rows, LeverageRatios).collect()
    assert found["coin"].to_list() == ["AGIX", "BEAMX", "BTT", "MC", "OCEAN"]


def test_a_coin_that_was_renamed_twice_has_its_newest_name():
    lines = tuple(
        CoinName(name=old, coin=new, kind="rename", since=date(2024, month, 1), source="a test")
        for old, new, month in (("A1", "B1", 1), ("B1", "C1", 3))
    )
    chain = RenameChain(CoinNames(lines))
    rows = leverage(("2023-12-01", "A1", 1.0), ("2024-02-01", "B1", 2.0), ("2024-04-01", "C1", 3.0))
    assert chain.chained(rows, LeverageRatios).collect()["coin"].to_list() == ["C1"] * 3
    assert chain.all_of("symbol", "1000B1-USDT-PERP") == {
        f"1000{each}-USDT-PERP" for each in ("A1", "B1", "C1")
    }


def test_a_warehouse_without_a_project_knows_the_names_of_the_package(renamed, tmp_path: Path):
    (tmp_path / "lake").mkdir()
    for part in (renamed.path / "open_interest", renamed.path / "instruments"):
        (tmp_path / "lake" / part.name).symlink_to(part)
    alone = cp.open_warehouse(tmp_path / "lake")
    assert set(alone.read("open_interest", coins="POL", chain_renames=True)["coin"]) == {"POL"}
