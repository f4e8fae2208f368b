"""Folders of recordings with a hostile file: it is read, or an error names it; nothing else."""

import gzip
import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_tests.fuzz.inputs import fuzzed, outcome, source
from cryptopipe_tests.fuzz.mutations import hostile_bytes, hostile_json, hostile_lines
from cryptopipe_tests.places import PAYLOADS

pytestmark = pytest.mark.slow

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = date(2026, 3, 1)
MARCH = stamp_of(DAY)
SECOND = MARCH // 1000
MINUTES = [
    f"{t},1.5,1.5,1.5,1.5,10,{t + 59_999},15,3,4,6,0" for t in range(MARCH, MARCH + 300_000, 60_000)
]
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore"
)
HOURS = [f"{t},1,2,1,2,9,{t + 3_599_999},15,3,4,6,0" for t in (MARCH, MARCH + 3_600_000)]
SUPPLIES = "rank,symbol,name,price,market_cap,circulating_supply,total_supply,max_supply"
LISTED = [
    "Rank,Name,Symbol,Market Cap,Price,Circulating Supply,Volume (24h),% 1h,% 24h,% 7d,"
    "snapshot_date",
    "1,Bitcoin,BTC,900,90,10,2,0,0,0,20260301",
    "2,Aaa,AAA,50,5,10,1.5,0.1,0.2,0.3,20260301",
]
DAILY = {
    "generated_at": "2026-03-05T01:02:03Z",
    "coins": [
        {
            "symbol": "BTC",
            "rank": 1,
            "name": "Bitcoin",
            "price_usd": 90.0,
            "spot_volume_24h_usd": 2.0,
            "percent_change_7d": 0.1,
            "market_cap_usd": 900.0,
        }
    ],
}
CHART = {
    name: [[MARCH, 1.0], [MARCH + 86_400_000, 2.0]]
    for name in ("prices", "market_caps", "total_volumes")
}
FILES: dict[str, bytes] = {
    "binance/um-klines-1m/ABCUSDT-1m-2026-03.csv": "\n".join([HEADER, *MINUTES]).encode(),
    "binance/um-klines-1h/ABCUSDT.csv.gz": "\n".join(HOURS).encode(),
    "binance/funding/ABCUSDT.csv": (
        f"timestamp,symbol,funding_rate\n{MARCH},ABCUSDT,0.0001\n{MARCH + 28_800_000},ABCUSDT,1e-4"
    ).encode(),
    "binance/open-interest-4h/ABCUSDT.csv": (
        "timestamp,symbol,sum_open_interest,sum_open_interest_value\n"
        f"{MARCH},ABCUSDT,1,10\n{MARCH + 14_400_000},ABCUSDT,2,20"
    ).encode(),
    "binance/open-interest-1h/ABDUSDT.json": json.dumps(
        [
            {
                "symbol": "ABDUSDT",
                "sumOpenInterest": "1.5",
                "sumOpenInterestValue": "15",
                "timestamp": MARCH + 3_600_000 * hour,
            }
            for hour in (1, 2)
        ]
    ).encode(),
    "binance/metrics/ABDUSDT-metrics-2026-03-01.csv.gz": (
        b"create_time,symbol,sum_open_interest,sum_open_interest_value\n"
        b"2026-03-01 00:00:00,ABDUSDT,1,10\n2026-03-01 00:55:00,ABDUSDT,2,20\n"
    ),
    "coinalyze/open_interest_daily_3.csv.gz": (
        "coin_symbol,symbol,date,timestamp,oi_open,oi_high,oi_low,oi_close\n"
        f"BTC,BTCUSD_PERP.A,x,{SECOND},5,6.5,4,6\nX,XUSDT_PERP.A,x,{SECOND},1,1,1,1"
    ).encode(),
    "coinalyze/funding_rate_daily_2.csv": (
        "symbol,timestamp,funding_rate,funding_rate_pct,fr_open,fr_high,fr_low\n"
        f"GT_USDT.Y,{SECOND},0.01,1.0,0.02,0.03,-0.01"
    ).encode(),
    "coinmarketcap/monthly_snapshots_x.csv": "\n".join(LISTED).encode(),
    "coinmarketcap/listings_latest_response_x.json": (
        PAYLOADS / "coinmarketcap" / "listings_latest.json"
    ).read_bytes(),
    "coinmarketcap/daily/x.json": json.dumps(DAILY).encode(),
    "supply/dilution_x.csv": (
        f"{SUPPLIES},volume_24h,timestamp\n1,BTC,Bitcoin,90,900,10,20,21,2,2026-03-04T00:00:00"
    ).encode(),
    "coingecko/coins_markets_response_x.json": (
        PAYLOADS / "coingecko" / "coins_markets.json"
    ).read_bytes(),
    "coingecko/market_chart/bitcoin.json.gz": json.dumps(CHART).encode(),
    "coingecko/ohlc_daily/bitcoin.json": json.dumps([[MARCH, 1, 2, 1, 2]]).encode(),
    "coinbase_ohlcv_daily_x.csv": (
        b"date,symbol,open,high,low,close,volume\n2026-03-01,A/USD,1,1,1,1,1"
    ),
}
INPUTS = 120


def read_all(folder: Path) -> None:
    """Read what a replay and the routes of the stand-in read."""
    recorded = RecordedSource(folder, clock=lambda: NOW)
    now = stamp_of(NOW)
    recorded.coverage()
    recorded.daily()
    recorded.passed_over()
    recorded.instruments(now)
    recorded.rows(DAY, date(2026, 3, 31))
    recorded.funding_hours(now)
    recorded.klines_until("ABCUSDT", "1h", end=now, limit=5, now=now)
    recorded.archived_settlements("ABCUSDT", start=MARCH, end=now, now=now)
    contents = recorded.contents
    for symbol in ("ABCUSDT", "ABDUSDT"):
        contents.binance.archived_metrics(symbol, start=MARCH, end=MARCH + 86_400_000)
        contents.binance.points_from(symbol, "1h", start=0, end=now, limit=9, now=now)
    for gecko in (contents.coingecko,):
        gecko.markets(now)
        gecko.chart("bitcoin", start=0, width=86_400_000, now=now)
        gecko.candles("bitcoin", start=0, width=86_400_000, now=now)


def _written(folder: Path, name: str, content: bytes, *, packed: bool = True) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    is_packed = packed and path.suffix == ".gz"
    path.write_bytes(gzip.compress(content, 1) if is_packed else content)


def test_the_folder_that_is_made_hostile_can_be_read(tmp_path):
    for name, content in FILES.items():
        _written(tmp_path, name, content)
    read_all(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_recording_is_read_or_named(name, tmp_path):
    content = FILES[name]

    @fuzzed(INPUTS)
    def fed(seed: int, steps: int) -> None:
        rng = source(seed)
        if ".json" in name:
            hostile = hostile_json(rng, json.loads(content), steps=steps)
        else:
            hostile = hostile_lines(rng, content, steps=steps)
        if rng.random() < 0.1:
            hostile = hostile_bytes(rng, hostile)
        _written(tmp_path, name, hostile, packed=rng.random() > 0.1)
        said = outcome(lambda: read_all(tmp_path), hostile)
        if isinstance(said, Exception):
            assert isinstance(said, RequestError), repr(said)
            assert Path(name).name in str(said), f"names no file: {said}"

    fed()


def _bomb(path: Path) -> None:
    nothing = bytes(64 << 20)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(nothing, 1))
        return
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", nothing)
    path.write_bytes(packed.getvalue())


@pytest.mark.parametrize("ending", ["csv.gz", "zip"])
def test_a_recording_that_unpacks_to_more_than_it_may_is_named(tmp_path, ending, monkeypatch):
    monkeypatch.setattr("cryptopipe_assets.core.own_files.file_text.LARGEST_BYTES", 1 << 20)
    path = tmp_path / "binance" / "um-klines-1m" / f"ABCUSDT-1m-2026-03.{ending}"
    path.parent.mkdir(parents=True)
    _bomb(path)
    with pytest.raises(UnreadableRecording, match=r"ABCUSDT.*at most 1 MB unpacked"):
        RecordedSource(tmp_path).coverage()


def test_a_recording_that_states_billions_of_rows_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("cryptopipe_assets.core.own_files.file_text.MOST_ROWS", 100_000)
    path = tmp_path / "binance" / "um-klines-1m" / "ABCUSDT-1m-2026-03.parquet"
    path.parent.mkdir(parents=True)
    many: Any = pl.select(open_time=pl.repeat(MARCH, 200_000))
    many.write_parquet(path)
    with pytest.raises(UnreadableRecording, match=r"at most 100,000 rows, got 200,000"):
        RecordedSource(tmp_path).coverage()
