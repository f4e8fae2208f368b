"""Every example of the guide to one's own files is a file that the replay takes."""

import re
from datetime import date

import pytest

from cryptopipe_assets.cli.replay import replay
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_tests.places import ROOT

GUIDE = ROOT / "docs" / "guides" / "own-files.md"
DAY = date(2025, 10, 1)
FILES = (  # of the guide's examples, in their order
    "binance/um-klines-1m/FILUSDT-1m-2025-10.csv",
    "binance/futures/BTC_USDT_USDT-1m-futures.json",
    "binance/futures/BTC_USDT_USDT-8h-funding_rate.json",
    "binance/funding/FILUSDT.csv",
    "binance/funding/DOTUSDT-fundingRate-2025-10.csv",
    "binance/funding/LINKUSDT.json",
    "binance/open-interest-5m/FILUSDT.csv",
    "coinalyze/open_interest_daily_1.csv",
    "coinalyze/funding_rate_daily_1.csv",
    "supply/dilution_1.csv",
    "coinmarketcap/monthly_snapshots_1.csv",
    "coinbase_ohlcv_daily_1.csv",
)


@pytest.mark.slow
def test_every_example_of_the_guide_is_taken(settings, tmp_path):
    examples = re.findall(r"^```(?:text|json)\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.M)
    assert len(examples) == len(FILES), "an example is not tried: name its file above"
    for name, text in zip(FILES, examples, strict=True):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("FILUSDT", "LINKUSDT") if "LINK" in name else text)
    assert RecordedSource(tmp_path / "data").passed_over() == ()
    tables = ["ohlcv_1m", "funding_rate", "open_interest", "market_cap"]
    replay(settings, data=tmp_path / "data", first=DAY, last=DAY, tables=tables, strict=True)
    lake = Lake(settings.warehouse)
    assert set(lake.read(Ohlcv1m, DAY)["symbol"]) == {"FIL-USDT-PERP", "BTC-USDT-PERP"}
    settled = lake.read(FundingRate, DAY).filter(source="binance")
    assert set(settled["symbol"]) == {f"{coin}-USDT-PERP" for coin in ("BTC", "FIL", "DOT", "LINK")}
    assert set(settled["funding_rate"]) == {0.0001}
