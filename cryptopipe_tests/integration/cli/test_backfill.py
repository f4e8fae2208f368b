"""History month by month, from the stand-in: restricted, resumed, and no dearer than estimated."""

import shutil
from datetime import UTC, date, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.cli.backfill import _followed, backfill, contracts_of
from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.operations.backfill.estimate import estimate
from cryptopipe_assets.runtime.table_run import TableRun
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.vendors.catalog import Vendors
from cryptopipe_assets.vendors.http.call_ledger import read_spending
from cryptopipe_assets.vendors.terms import Followed

FIRST, LAST = date(2026, 9, 25), date(2026, 10, 4)
TABLES = ["ohlcv_1m", "funding_rate"]
FEATURES = {"first": date(2026, 9, 1), "last": date(2026, 9, 10), "tables": ["factors_1h"]}
"""They begin a week after the bars."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return load_settings().with_environment(warehouse=tmp_path_factory.mktemp("backfill") / "w")


def fill(settings, *symbols: str, first: date = FIRST, last: date = LAST, tables=TABLES) -> None:
    backfill(settings, tables=tables, symbols=symbols or None, first=first, last=last, yes=True)


def bars(settings) -> pl.DataFrame:
    pattern = settings.warehouse / "ohlcv_1m" / "date=*" / "part-0.parquet"
    return pl.read_parquet(pattern, hive_partitioning=False)


def files(settings) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in settings.warehouse.rglob("date=*/*.parquet")}


@pytest.mark.slow
def test_it_fills_goes_on_and_leaves_what_it_was_not_asked_for(settings, capsys):
    fill(settings, "BTC", last=date(2026, 9, 30))
    assert dict(bars(settings).group_by("symbol").len().iter_rows()) == {"BTC-USDT-PERP": 6 * 1440}
    spent = read_spending(settings.state_folder).filter(table="ohlcv_1m")
    lake = Lake(settings.warehouse)
    followed = _followed(TableRun(settings, keep=False).universe, lake, ["BTC"])
    lines = estimate(
        ["ohlcv_1m"],
        contracts_of(followed, lake.read(Instruments)),
        [date(2026, 9, day) for day in range(25, 31)],
        limits=settings.config.vendors,
        now=datetime.now(UTC),
    )
    archive = spent.filter(pl.col("vendor").str.contains("archive"))
    assert archive["calls"].sum() == sum(each.calls for each in lines) == 12

    capsys.readouterr()
    fill(settings, "BTC")
    told = capsys.readouterr().out
    assert "1 of 2 months were done before" in told
    assert "October 2026 (1 of 1)" in told
    before = bars(settings)
    assert before.height == 10 * 1440

    fill(settings, "DOGE")
    after = bars(settings)
    assert after.filter(symbol="BTC-USDT-PERP").equals(before)
    assert after.filter(symbol="DOGE-USDT-PERP").height == 10 * 1440

    stored = files(settings)
    fill(settings, "DOGE")
    assert "nothing is left to do" in capsys.readouterr().out
    (settings.state_folder / "backfills.json").unlink()
    fill(settings, "DOGE")
    assert files(settings) == stored


@pytest.fixture(scope="module")
def narrowed(tmp_path_factory):
    """Features of every coin; the files before and after one coin was asked for again."""
    folder = tmp_path_factory.mktemp("narrowed") / "w"
    own = load_settings().with_environment(warehouse=folder)
    fill(own, **FEATURES)
    before = files(own)
    fill(own, "BTC", **FEATURES)
    return own, before, files(own)


@pytest.mark.slow
def test_features_of_the_others_stay_as_they_are(narrowed):
    own, before, after = narrowed
    features = pl.read_parquet(own.warehouse / "factors_1h" / "date=*" / "part-0.parquet")
    assert {"BTC-USDT-PERP", "DOGE-USDT-PERP"} < set(features["symbol"])
    assert after == before


@pytest.mark.slow
def test_a_month_whose_files_were_deleted_is_filled_again(narrowed, capsys):
    own, before, _ = narrowed
    fill(own, **FEATURES)
    assert "nothing is left to do" in capsys.readouterr().out
    shutil.rmtree(own.warehouse / "factors_1h")
    fill(own, **FEATURES)
    again = files(own)
    assert again.keys() == before.keys()
    for path, content in again.items():
        if "factors_1h" not in path:
            assert content == before[path]
        else:  # the same rows, published anew
            now, then = (
                pl.read_parquet(each).drop("derived_at") for each in (content, before[path])
            )
            assert_frame_equal(now, then, check_exact=True)


@pytest.mark.slow
def test_settlements_cost_what_was_estimated(tmp_path):
    own = load_settings().with_environment(warehouse=tmp_path / "w")
    first, last = date(2026, 9, 1), date(2026, 9, 30)
    fill(own, "BTC", "DOGE", first=first, last=last, tables=["funding_rate"])
    spent = read_spending(own.state_folder).filter(table="funding_rate")
    asked = spent.filter(pl.col("endpoint") != "/fapi/v1/time")
    two = [
        Followed(symbol=f"{coin}-USDT-PERP", coin=coin, listed=date(2020, 1, 1))
        for coin in ("BTC", "DOGE")
    ]
    september = [date(2026, 9, day) for day in range(1, 31)]
    lines = estimate(["funding_rate"], two, september, limits=Vendors(), now=datetime.now(UTC))
    assert asked["calls"].sum() == sum(each.calls for each in lines) == 8


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tables": ["bars"]}, "unknown table 'bars'; known are"),
        ({"first": date(2019, 1, 1)}, "before the first partition, 2020-01-01"),
        ({"first": LAST, "last": FIRST}, "ends .* before it starts"),
    ],
)
def test_a_wrong_question_is_refused_before_anybody_is_asked(settings, changes, told):
    with pytest.raises(RequestError, match=told):
        fill(settings, **changes)


@pytest.mark.parametrize(
    ("symbol", "told"),
    [
        ("NOPE", "NOPE is no contract of the registry and no followed coin"),
        ("ETH-USDC-PERP", "ETH-USDC-PERP is no"),
    ],
)
def test_an_unknown_symbol_is_named(settings, symbol, told):
    with pytest.raises(RequestError, match=told):
        fill(settings, symbol)


@pytest.mark.slow
def test_tables_that_do_not_follow_a_coin_are_left_out_and_named(tmp_path, capsys):
    own = load_settings().with_environment(warehouse=tmp_path / "w")
    day = date(2026, 10, 1)
    fill(own, "LTC", first=day, last=day, tables=None)  # its tier has no minute bars
    told = " ".join(capsys.readouterr().out.split())
    assert "ohlcv_1m, microstructure_1h, factors_1h: left out, no tier of LTC has it" in told
    stored = {path.parent.parent.name for path in own.warehouse.rglob("date=*/*.parquet")}
    assert {"funding_rate", "open_interest", "market_cap", "leverage_ratios"} <= stored
    assert not {"ohlcv_1m", "factors_1h"} & stored
    with pytest.raises(RequestError, match=r"of LTC: no tier of cryptopipe\.toml follows that"):
        fill(own, "LTC", first=day, last=day, tables=["ohlcv_1m"])
