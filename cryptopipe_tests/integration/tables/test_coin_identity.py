"""One coin under two names is joined as one, and two coins under one name are not."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from cryptopipe_assets.panels.daily_prices import daily_prices
from cryptopipe_tests.reference.daily_market import DAY

FIRST, LAST = "2024-07-08", "2024-07-12"
pytestmark = pytest.mark.slow

C000 = pl.col("coin") == "C000"
BINANCE = pl.col("venue") == "binance"


def rewrite(platform, table: str, change) -> None:
    """Change every file of a table."""
    for path in (platform.settings.warehouse / table).rglob("*.parquet"):
        rows = pl.read_parquet(path)
        change(rows).write_parquet(path)


def called(name: str, when: pl.Expr):
    """Give rows another name, in every column that has one."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        names = [each for each in ("coin", "symbol", "vendor_symbol") if each in rows.columns]
        renamed = pl.col(names).str.replace("C000", name)
        return rows.with_columns(pl.when(when).then(renamed).otherwise(pl.col(names)).name.keep())

    return change


def leverage(platform) -> pl.DataFrame:
    assert platform.materialise(["leverage_ratios"], FIRST, LAST).success
    return platform.read("leverage_ratios", FIRST, LAST).sort("coin", "ts")


@pytest.fixture
def plain(filled) -> pl.DataFrame:
    """Leverage of C000 while everybody calls it so."""
    return leverage(filled).filter(C000)


def same(found: pl.DataFrame, plain: pl.DataFrame) -> bool:
    """Whether two coins have the same figures; ranks and scores depend on everybody else."""
    figures = ["ts", "open_interest_usd", "oi_venues", "market_cap_usd", "oi_to_market_cap"]
    return found.height > 0 and found.select(figures).equals(plain.select(figures))


def test_the_cap_of_a_contract_of_another_name_is_found(filled, plain):
    rewrite(filled, "open_interest", called("BEAMX", C000))
    rewrite(filled, "market_cap", called("BEAM", C000))
    assert same(leverage(filled).filter(coin="BEAMX"), plain)


def test_contracts_of_one_coin_under_two_names_are_summed_as_one(filled, plain):
    rewrite(filled, "open_interest", called("BEAMX", C000 & BINANCE))
    rewrite(filled, "open_interest", called("BEAM", C000))
    rewrite(filled, "market_cap", called("BEAM", C000))
    rows = leverage(filled)
    assert "BEAMX" not in rows["coin"]
    assert same(rows.filter(coin="BEAM"), plain)


def test_a_coin_that_the_vendor_renamed_first_keeps_its_ratio(filled, plain):
    rewrite(filled, "open_interest", called("MATIC", C000))
    rewrite(filled, "market_cap", called("POL", C000))
    assert same(leverage(filled).filter(coin="MATIC"), plain)


def test_a_namesake_is_told_apart_by_its_id_however_large(filled, plain):
    """The confidential BEAM of another vendor's list is no cap of the contract BEAMX."""

    def with_namesake(rows: pl.DataFrame) -> pl.DataFrame:
        named = called("BEAM", C000)(rows)
        other = named.filter(coin="BEAM").with_columns(
            coin_id=pl.lit("coinmarketcap:3702"), market_cap_usd=pl.col("market_cap_usd") * 9
        )
        return pl.concat([named, other])

    rewrite(filled, "open_interest", called("BEAMX", C000))
    rewrite(filled, "market_cap", with_namesake)
    assert same(leverage(filled).filter(coin="BEAMX"), plain)


def test_prices_of_a_cap_vendor_have_the_name_of_the_contract(filled):
    before = prices(filled).filter(C000)
    rewrite(filled, "ohlcv_1m", lambda rows: rows.filter(~pl.col("symbol").str.contains("C000")))
    by_vendor = prices(filled).filter(C000)
    rewrite(filled, "instruments", called("MATIC", C000))
    rewrite(filled, "market_cap", called("POL", C000))
    found = prices(filled).filter(pl.col("coin").is_in(["MATIC", "POL"]))
    assert before.height >= by_vendor.height > 0
    assert set(found["coin"]) == {"MATIC"}
    assert found.drop("coin").equals(by_vendor.drop("coin"))


def test_signals_find_the_leverage_of_the_other_name(filled):
    def ranked() -> set[str]:
        assert filled.materialise(["dilution_metrics", "signals"], LAST).success
        rows = filled.read("signals", LAST).filter(strategy="leverage_inverted")
        return set(rows["coin"])

    leverage(filled)
    plain = ranked()
    rewrite(filled, "leverage_ratios", called("POL", C000))
    rewrite(filled, "instruments", called("MATIC", C000))
    rewrite(filled, "ohlcv_1m", called("MATIC", pl.col("symbol").str.contains("C000")))
    assert "C000" in plain
    assert ranked() == plain - {"C000"} | {"MATIC"}


def prices(platform) -> pl.DataFrame:
    first, last = date.fromisoformat(FIRST), date.fromisoformat(LAST)
    return daily_prices(platform.lake, first, last).filter(
        pl.col("ts") < datetime(last.year, last.month, last.day, tzinfo=UTC) + DAY
    )
