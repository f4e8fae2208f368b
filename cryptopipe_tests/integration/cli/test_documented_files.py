"""Every example of the guide to one's own files is a file that the replay and the landing take."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from cryptopipe_assets.cli.replay import recorded_world, replay
from cryptopipe_assets.collect.landing import import_file, landing
from cryptopipe_assets.runtime.resources import warehouse
from cryptopipe_assets.runtime.table_run import TableRun
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.market_cap import MarketCap
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_tests.places import ROOT

GUIDE = ROOT / "docs" / "guides" / "own-files.md"
DAY = date(2025, 10, 1)
FILES = (  # of the guide's examples, in their order; and the name that the landing folder takes
    ("binance/um-klines-1m/FILUSDT-1m-2025-10.csv", "FILUSDT-1m-2025-10.csv"),
    ("binance/futures/BTC_USDT_USDT-1m-futures.json", "BTC_USDT_USDT-1m-futures.json"),
    (
        "binance/futures/BTC_USDT_USDT-8h-funding_rate.json",
        "BTC_USDT_USDT-8h-funding_rate.json",
    ),
    ("binance/funding/FILUSDT.csv", "FILUSDT-fundingRate.csv"),
    ("binance/funding/DOTUSDT-fundingRate-2025-10.csv", "DOTUSDT-fundingRate-2025-10.csv"),
    ("binance/funding/LINKUSDT.json", "LINKUSDT-fundingRate.json"),
    ("binance/open-interest-1h/FILUSDT.json", "FILUSDT-openInterestHist.json"),
    ("binance/open-interest-5m/DOTUSDT.csv", "DOTUSDT-openInterestHist.csv"),
    ("binance/metrics/LINKUSDT-metrics-2025-10-01.csv", "LINKUSDT-metrics-2025-10-01.csv"),
    ("coinalyze/open_interest_daily_1.csv", ""),
    ("coinalyze/funding_rate_daily_1.csv", ""),
    ("supply/dilution_1.csv", ""),
    ("coinmarketcap/monthly_snapshots_1.csv", ""),
    ("coinmarketcap/listings_latest_response_1.json", ""),
    ("coinmarketcap/daily/2025-10-01.json", ""),
    ("coinbase_ohlcv_daily_1.csv", ""),
    ("coingecko/coins_markets_1.json", ""),
    ("coingecko/market_chart/filecoin.json", ""),
)
CONTRACTS = ("BTC-USDT-PERP", "FIL-USDT-PERP", "DOT-USDT-PERP", "LINK-USDT-PERP")
pytestmark = pytest.mark.slow


def examples() -> dict[str, tuple[str, str]]:
    """File of a folder of recordings -> name in the landing folder, and text."""
    found = re.findall(r"^```(?:text|json)\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.M)
    assert len(found) == len(FILES), "an example is not tried: name its file above"
    return {
        name: (landed, text.replace("FILUSDT", "LINKUSDT") if "LINK" in name else text)
        for (name, landed), text in zip(FILES, found, strict=True)
    }


def written(folder: Path, *kinds: str) -> Path:
    """A folder of the examples whose path begins so."""
    for name, (_, text) in examples().items():
        if name.startswith(kinds):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return folder


def interest(rows: pl.DataFrame) -> dict[str, list[tuple[datetime, float, float]]]:
    columns = ("ts", "open_interest_base", "open_interest_usd")
    return {
        symbol: list(rows.filter(symbol=symbol).select(columns).iter_rows())
        for symbol in sorted(set(rows["symbol"]))
    }


FIRST_HOUR = (datetime(2025, 10, 1, tzinfo=UTC), 1000.0, 1500.0)
THREE = {symbol: [FIRST_HOUR] for symbol in ("DOT-USDT-PERP", "FIL-USDT-PERP", "LINK-USDT-PERP")}


def test_every_example_of_the_guide_is_taken(settings, tmp_path, capsys):
    data = written(tmp_path / "data", "")
    assert RecordedSource(data).passed_over() == ()
    tables = ["ohlcv_1m", "funding_rate", "open_interest", "market_cap"]
    replay(settings, data=data, first=DAY, last=DAY, tables=tables, strict=True)
    lake = Lake(settings.warehouse)
    assert set(lake.read(Ohlcv1m, DAY)["symbol"]) == {"FIL-USDT-PERP", "BTC-USDT-PERP"}
    settled = lake.read(FundingRate, DAY).filter(source="binance")
    assert set(settled["symbol"]) == set(CONTRACTS)
    assert set(settled["funding_rate"]) == {0.0001}
    assert set(lake.read(OpenInterest, DAY)["source"]) == {"coinalyze"}
    caps = lake.read(MarketCap, DAY).filter(source="coinmarketcap", coin="BTC").sort("ts")
    assert caps.select("ts", "circulating_supply").rows() == [
        (datetime(2025, 10, 1, 9, 59, tzinfo=UTC), 20e6),  # of the body
        (datetime(2025, 10, 1, 12, tzinfo=UTC), None),  # of the list without supplies
    ]
    out = " ".join(capsys.readouterr().out.split())
    # One settlement alone says nothing of its interval, and Coinalyze does not either.
    assert "1 rates of 1 contracts are left out, as their interval is not known" in out
    assert ": binance BTC-USDT-PERP" in out
    assert "what was recorded of exchanges: open_interest is replayed from coinalyze" in out
    assert "what was recorded of coingecko: market_cap is replayed from coinmarketcap" in out


def test_open_interest_and_caps_of_the_vendors_next_in_line_are_taken_where_they_are_alone(
    settings, tmp_path, capsys
):
    data = written(tmp_path / "data", "binance/open-interest", "binance/metrics", "coingecko")
    tables = ["open_interest", "market_cap"]
    replay(settings, data=data, first=DAY, last=DAY, tables=tables, strict=False)
    lake = Lake(settings.warehouse)
    stored = lake.read(OpenInterest, DAY)
    assert set(stored["source"]) == {"binance"}
    assert interest(stored) == THREE
    caps = lake.read(MarketCap, DAY).sort("ts")
    known = caps.select("source", "coin", "coin_id", "price_usd", "circulating_supply").rows()
    assert known == [
        ("coingecko", "FIL", "coingecko:filecoin", 1.5, None),  # of the chart, 00:00
        ("coingecko", "FIL", "coingecko:filecoin", 1.5, 600_000_000.0),  # of the list, 12:00
    ]
    out = " ".join(capsys.readouterr().out.split())
    assert "open_interest binance 3 3" in out


def test_the_landing_folder_takes_every_example_of_a_contract(settings, tmp_path):
    data = written(tmp_path / "data", "binance/")
    own = settings.with_environment(vendors="recorded", realdata=data)
    with recorded_world(own) as (_, vendors):
        TableRun(own, keep=False, vendors=vendors).materialise(["instruments"], DAY, DAY)
    opened, folder = warehouse(own), landing(warehouse(own))
    landed = {name: text for name, text in examples().values() if name}
    for name, text in landed.items():
        (folder / name).write_text(text)
        done = import_file(opened, name, at=datetime(2026, 6, 1, tzinfo=UTC))
        assert done is not None
        assert (done.reason, done.rows, done.added) == ("", 1, 1), name
    assert {path.name for path in (folder / "done").iterdir()} == set(landed)
    lake = Lake(settings.warehouse)
    bars = lake.read(Ohlcv1m, DAY).sort("symbol")
    assert bars["symbol"].to_list() == ["BTC-USDT-PERP", "FIL-USDT-PERP"]
    assert bars["taker_buy_base"].to_list() == [None, 4.0]
    settled = lake.read(FundingRate, DAY)
    assert dict(settled.select("symbol", "funding_rate").iter_rows()) == dict.fromkeys(
        CONTRACTS, 0.0001
    )
    assert interest(lake.read(OpenInterest, DAY)) == THREE
